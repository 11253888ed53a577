/* Input: a model with weights, a set. Output: losses and metrics over all of the set, as text and JSON.
 * Invariant: metrics are computed from the outputs of all samples at once, never from batches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "evaluate.h"
#include "file.h"
#include "interrupt.h"

static const uint64_t batch_seeds = 0x9e3779b97f4a7c15u;

int nn_evaluate_pass(const nn_model *model, const nn_memory *memory, const nn_program *program, nn_loader *loader,
                     nn_tally *tally, const nn_call *call) {
	const nn_batch *batch;
	nn_call step = *call;
	nn_tally_clear(tally);
	while ((batch = nn_loader_next(loader)) != NULL) {
		if (nn_interrupted()) return NN_EXIT_INTERRUPTED;
		if (batch->begins) nn_model_reset(model, memory, call->threads);
		nn_program_feed(model, program, memory->work, batch);
		step.rows = batch->rows;
		program->run(memory->state, memory->work, &step);
		step.seed += batch_seeds; /* what a batch draws is its own */
		if (nn_tally_add(tally, program, memory->work, batch)) return 1;
	}
	if (nn_loader_failed(loader)) return 1;
	return nn_interrupted() ? NN_EXIT_INTERRUPTED : 0;
}

static int name_classes(nn_evaluation *evaluation, const char *const *classes, int class_count, int count) {
	evaluation->classes = calloc((size_t)count + 1, sizeof *evaluation->classes);
	for (int i = 0; evaluation->classes && i < count; i++) {
		char number[16];
		snprintf(number, sizeof number, "%d", i);
		evaluation->classes[i] = strdup(i < class_count ? classes[i] : number);
		if (!evaluation->classes[i]) return 1;
		evaluation->class_count = i + 1;
	}
	return !evaluation->classes;
}

/* truth and predicted (samples), probabilities (samples, classes) from the kept rows; 1 after an error */
static int read_classes(const nn_part *part, int classes, int *truth, int *predicted, double *probabilities) {
	size_t count = (size_t)part->units, width = nn_tally_width(part);
	for (int64_t i = 0; i < part->kept_rows; i++) {
		const double *y = part->kept + (size_t)i * width, *label = y + count;
		double *p = probabilities + i * classes;
		if (count == 1)
			nn_probabilities(part->output, y, 1, p + 1), p[0] = 1 - p[1], predicted[i] = p[1] > 0.5;
		else
			nn_probabilities(part->output, y, classes, p), predicted[i] = nn_argmax(y, classes);
		double number = part->label_units == 1 ? label[0] : nn_argmax(label, classes);
		if (!(number >= 0 && number < classes) || number != floor(number))
			return nn_error("the label %g is no class from 0 to %d", number, classes - 1), 1;
		truth[i] = (int)number;
	}
	return 0;
}

/* Recall of the second class and of the first; of more classes the means of each against the rest. */
static void sensitivity_and_specificity(nn_evaluation *evaluation) {
	const nn_classification *scores = &evaluation->scores;
	int classes = scores->class_count;
	evaluation->sensitivity = classes == 2 ? scores->classes[1].recall : scores->macro.recall;
	evaluation->specificity = 0;
	for (int c = classes == 2 ? 1 : 0; c < classes; c++) {
		int64_t predicted = 0, present = scores->classes[c].support, right = scores->confusion[c * classes + c];
		for (int r = 0; r < classes; r++) predicted += scores->confusion[r * classes + c];
		int64_t others = scores->samples - present;
		double value = others ? (double)(others - (predicted - right)) / (double)others : 0;
		evaluation->specificity += classes == 2 ? value : value / classes;
	}
}

static int two_class_curve(nn_evaluation *evaluation, const int *truth, const double *probabilities, int64_t samples) {
	double *scores = malloc(sizeof *scores * (size_t)(samples + 1));
	uint8_t *positive = malloc((size_t)samples + 1);
	evaluation->false_rates = malloc(sizeof(double) * (size_t)(samples + 1));
	evaluation->true_rates = malloc(sizeof(double) * (size_t)(samples + 1));
	int failed = !scores || !positive || !evaluation->false_rates || !evaluation->true_rates;
	for (int64_t i = 0; !failed && i < samples; i++)
		scores[i] = probabilities[2 * i + 1], positive[i] = truth[i] == 1;
	if (!failed) {
		evaluation->roc_auc = nn_roc_auc(scores, positive, samples);
		evaluation->roc_count =
		        nn_roc_curve(scores, positive, samples, evaluation->false_rates, evaluation->true_rates);
	}
	free(scores);
	free(positive);
	return failed;
}

static int score_classes(nn_evaluation *evaluation, const nn_part *part) {
	int classes = evaluation->class_count, failed;
	size_t samples = (size_t)part->kept_rows;
	int *truth = malloc(sizeof *truth * (samples + 1)), *predicted = malloc(sizeof *predicted * (samples + 1));
	double *probabilities = malloc(sizeof *probabilities * (samples + 1) * (size_t)classes);
	failed = !truth || !predicted || !probabilities;
	if (failed) nn_error("out of memory");
	failed = failed || read_classes(part, classes, truth, predicted, probabilities);
	failed = failed || nn_classify(&evaluation->scores, truth, predicted, part->kept_rows, classes);
	if (!failed) {
		evaluation->accuracy = evaluation->scores.micro.precision;
		evaluation->log_loss = nn_log_loss(probabilities, truth, part->kept_rows, classes);
		sensitivity_and_specificity(evaluation);
		if (classes == 2)
			failed = two_class_curve(evaluation, truth, probabilities, part->kept_rows);
		else
			evaluation->roc_auc = nn_roc_auc_ovr(probabilities, truth, part->kept_rows, classes);
	}
	free(truth), free(predicted), free(probabilities);
	return failed;
}

/* truth and predictions (samples, classes), each its own yes or no */
static int score_labels(nn_evaluation *evaluation, const nn_part *part) {
	int classes = evaluation->class_count;
	int64_t samples = part->kept_rows;
	size_t numbers = (size_t)samples * (size_t)classes, right = 0;
	uint8_t *truth = malloc(numbers + 1), *predicted = malloc(numbers + 1);
	double threshold = part->output->logits ? 0 : 0.5;
	int failed = !truth || !predicted;
	for (size_t i = 0; !failed && i < numbers; i++) {
		const double *row = part->kept + i / (size_t)classes * 2 * (size_t)classes;
		predicted[i] = row[i % (size_t)classes] > threshold,
		truth[i] = row[(size_t)classes + i % (size_t)classes] > 0.5;
	}
	for (int64_t i = 0; !failed && i < samples; i++)
		right += !memcmp(truth + i * classes, predicted + i * classes, (size_t)classes);
	failed = failed || nn_classify_multilabel(&evaluation->scores, truth, predicted, samples, classes);
	evaluation->accuracy = (double)right / (double)samples;
	free(truth), free(predicted);
	return failed;
}

static void score_numbers(nn_evaluation *evaluation, const nn_part *part) {
	size_t count = (size_t)part->units, samples = (size_t)part->kept_rows;
	double *y = malloc(sizeof *y * (samples * count + 1)), *label = malloc(sizeof *label * (samples * count + 1));
	for (size_t i = 0; y && label && i < samples; i++) {
		memcpy(y + i * count, part->kept + i * 2 * count, sizeof *y * count);
		memcpy(label + i * count, part->kept + (i * 2 + 1) * count, sizeof *y * count);
	}
	if (y && label) {
		evaluation->regression = 1;
		evaluation->mae = nn_mean_absolute_error(label, y, (int64_t)samples, (int64_t)count);
		evaluation->mse = nn_mean_squared_error(label, y, (int64_t)samples, (int64_t)count);
		evaluation->smape = nn_tally_number(part, NN_SMAPE);
		evaluation->mase = nn_tally_number(part, NN_MASE);
		evaluation->r2 = nn_r2(label, y, (int64_t)samples, (int64_t)count);
	}
	free(y), free(label);
}

static int score_masks(nn_evaluation *evaluation, const nn_part *part, const char *const *names, int name_count) {
	nn_segmentation *segmentation = &evaluation->segmentation;
	if (nn_segmentation_score(segmentation, part)) return 1;
	if (name_classes(evaluation, names, name_count, segmentation->class_count)) return nn_error("out of memory"), 1;
	evaluation->accuracy = nn_tally_accuracy(part);
	return 0;
}

/* Steps, or other places, that are classes: from counts alone. */
static int score_steps(nn_evaluation *evaluation, const nn_part *part, const char *const *names, int name_count) {
	int classes = nn_tally_classes(part), failed = 1;
	int64_t *confusion = calloc((size_t)classes * (size_t)classes, sizeof *confusion);
	for (int i = 0; confusion && i < classes * classes; i++) confusion[i] = nn_tally_confused(part, i / classes, i % classes);
	evaluation->steps = 1;
	if (!name_classes(evaluation, names, name_count, classes)) failed = nn_classify_counted(&evaluation->scores, confusion, classes);
	else free(confusion);
	if (failed) return nn_error("out of memory"), 1;
	sensitivity_and_specificity(evaluation);
	return 0;
}

static double logged(const nn_tally *tally, const char *prefix, const char *name) {
	double values[NN_LOGS];
	char whole[NN_LOG_NAME];
	snprintf(whole, sizeof whole, "%.30s%s%.30s", prefix, *prefix ? "_" : "", name);
	nn_tally_values(tally, values, 1);
	for (int i = 0; i < tally->log_count; i++)
		if (!strcmp(tally->logs[i].name, whole)) return values[i];
	return NAN;
}

/* Terms, and the losses of steps: what is logged beside the loss and the losses of outputs. */
static void take_terms(nn_evaluation *evaluation, const nn_tally *tally) {
	double values[NN_LOGS];
	nn_tally_values(tally, values, 1);
	for (int i = 0; i < tally->log_count; i++) {
		const nn_log *log = &tally->logs[i];
		size_t length = strlen(log->name);
		int own = log->metric >= 0 || !strcmp(log->name, "loss");
		for (int k = 0; k < tally->part_count && tally->model->output_count > 1; k++) {
			const char *output = tally->parts[k].output->name;
			own |= length == strlen(output) + 5 && !strncmp(log->name, output, strlen(output)) &&
			       !strcmp(log->name + length - 5, "_loss");
		}
		if (own) continue;
		nn_term *term = &evaluation->terms[evaluation->term_count++];
		snprintf(term->name, sizeof term->name, "%s", log->name);
		term->value = values[i];
	}
}

/* Everything the task of an output has, from a part that kept its rows. */
static int score(nn_evaluation *evaluation, const nn_part *part, const nn_names *known, int known_count) {
	nn_task task = part->output->task;
	const char *const *names = NULL, *label = part->label ? part->model->data.fields[part->output->label].name : "";
	int name_count = 0;
	for (int i = 0; i < known_count; i++)
		if (!strcmp(known[i].key, label)) names = (const char *const *)known[i].items, name_count = known[i].count;
	if (task == NN_SEGMENTATION && part->label) return score_masks(evaluation, part, names, name_count);
	if (!part->label) return 0;
	if (part->entropy) evaluation->perplexity = nn_tally_perplexity(part);
	int single = part->y->count == (size_t)part->units, classes = part->units == 1 ? 2 : part->units;
	if (single && part->keep && (task == NN_BINARY || task == NN_MULTICLASS || task == NN_MULTILABEL)) {
		if (name_classes(evaluation, names, name_count, classes)) return nn_error("out of memory"), 1;
		if (task != NN_MULTILABEL) return score_classes(evaluation, part);
		return part->label->count == part->y->count ? score_labels(evaluation, part) : 0;
	}
	if (task == NN_BINARY || task == NN_MULTICLASS) evaluation->accuracy = nn_tally_accuracy(part); /* of each place */
	if (part->crossed) return score_steps(evaluation, part, names, name_count);
	if (task == NN_REGRESSION && part->keep && part->label_units == part->units) score_numbers(evaluation, part);
	return 0;
}

static nn_evaluation new_evaluation(const nn_model *model, const nn_dataset *set) {
	return (nn_evaluation){.model = model,
	                       .split = "test",
	                       .source = nn_dataset_source(set),
	                       .loss = NAN,
	                       .accuracy = NAN,
	                       .roc_auc = NAN,
	                       .log_loss = NAN,
	                       .perplexity = NAN,
	                       .sensitivity = NAN,
	                       .specificity = NAN,
	                       .mae = NAN,
	                       .mse = NAN,
	                       .r2 = NAN,
	                       .mase = NAN,
	                       .smape = NAN,
	                       .naive_mae = NAN,
	                       .seasonal_naive_mae = NAN,
	                       .naive_own = NAN,
	                       .seasonal_naive_own = NAN};
}

/* Of windows of a series: forecasts that need no network. */
static void compare_with_naive(nn_evaluation *evaluation, const nn_part *part, const nn_dataset *set) {
	int label = part->output->label, season = nn_dataset_season(set);
	size_t units = (size_t)part->units, rows = (size_t)part->kept_rows;
	int whole = season && (int64_t)rows == nn_dataset_count(set) * (int64_t)part->places; /* no place is masked */
	double *y = whole ? malloc(sizeof *y * (rows * units + 1)) : NULL;
	if (!season) return;
	for (size_t i = 0; y && i < rows; i++) memcpy(y + i * units, part->kept + i * nn_tally_width(part), sizeof *y * units);
	evaluation->season = season;
	evaluation->naive_mae = nn_dataset_naive_mae(set, label, 1, y, &evaluation->naive_own);
	if (season > 1)
		evaluation->seasonal_naive_mae = nn_dataset_naive_mae(set, label, season, y, &evaluation->seasonal_naive_own);
	free(y);
}

/* Of an output without a loss and without a label there is nothing to say. */
static int is_measured(const nn_evaluation *part) {
	return !isnan(part->loss) || part->class_count || part->regression || !isnan(part->accuracy) || !isnan(part->perplexity);
}

/* One output into the evaluation itself, several into its parts. */
static int score_all(nn_evaluation *evaluation, const nn_tally *tally, const nn_dataset *set, const nn_names *names, int name_count) {
	const nn_model *model = tally->model;
	int several = model->output_count > 1, failed = 0;
	evaluation->samples = nn_tally_rows(tally);
	evaluation->loss = logged(tally, "", "loss");
	take_terms(evaluation, tally);
	if (several) evaluation->parts = calloc((size_t)tally->part_count, sizeof *evaluation->parts);
	if (several && !evaluation->parts) return nn_error("out of memory"), 1;
	for (int i = 0; i < tally->part_count && !failed; i++) {
		const nn_part *part = &tally->parts[i];
		nn_evaluation *one = evaluation;
		if (several) {
			one = &evaluation->parts[evaluation->part_count++];
			*one = new_evaluation(model, set);
			one->samples = evaluation->samples;
			one->loss = logged(tally, part->output->name, "loss");
		}
		one->output = part->output;
		failed = score(one, part, names, name_count);
		if (one->regression) compare_with_naive(one, part, set);
		if (several && !is_measured(one)) nn_evaluation_free(one), evaluation->part_count--;
	}
	return failed;
}

int nn_evaluate_set(nn_evaluation *evaluation, const nn_model *model, const nn_memory *memory, const nn_dataset *set,
                    const nn_names *names, int name_count, const nn_call *call) {
	const nn_program *program = nn_program_find(model, "evaluate");
	nn_tally tally;
	*evaluation = new_evaluation(model, set);
	if (!program) return nn_error("%s has no program 'evaluate'", model->name), 1;
	if (nn_tally_open(&tally, model, &program, 1, 1, nn_dataset_count(set))) return 1;
	nn_loader_options options = {.batch_size = program->batch, .threads = call->threads};
	nn_loader *loader = nn_loader_open(set, memory->state, &options);
	int result = loader ? nn_evaluate_pass(model, memory, program, loader, &tally, call) : 1;
	if (!result && !nn_tally_rows(&tally))
		nn_error("%s: there is no sample to evaluate", evaluation->source), result = 1;
	if (!result && !nn_tally_counts(&tally))
		nn_error("%s: no place of it counts, because all are masked", evaluation->source), result = 1;
	if (!result) result = score_all(evaluation, &tally, set, names, name_count);
	if (loader) nn_loader_close(loader);
	nn_tally_close(&tally);
	if (result) nn_evaluation_free(evaluation);
	return result;
}

static void add_member(nn_text *text, const char *name, double value, int last) {
	nn_text_json_string(text, name);
	nn_text_add(text, ": ");
	nn_text_json_number(text, value);
	nn_text_add(text, last ? "\n" : ",\n");
}

static void add_confusion(nn_text *text, const nn_classification *scores) {
	int classes = scores->class_count;
	nn_text_add(text, "\"confusion_matrix\": [");
	for (int r = 0; r < classes; r++) {
		nn_text_add(text, r ? ", [" : "[");
		for (int c = 0; c < classes; c++)
			nn_text_add(text, c ? ", %lld" : "%lld", (long long)scores->confusion[r * classes + c]);
		nn_text_add(text, "]");
	}
	nn_text_add(text, "],\n");
}

/* Dice and IoU, and those of each class by its name. */
static void add_masks(nn_text *text, const nn_evaluation *evaluation) {
	const nn_segmentation *segmentation = &evaluation->segmentation;
	add_member(text, "dice", segmentation->dice, 0);
	add_member(text, "iou", segmentation->iou, 0);
	add_member(text, "accuracy", evaluation->accuracy, 0);
	nn_text_add(text, "\"classes\": {");
	for (int c = 0; c < segmentation->class_count; c++) {
		const nn_overlap *overlap = &segmentation->overlaps[c];
		nn_text_add(text, c ? ", " : "");
		nn_text_json_string(text, evaluation->classes[c]);
		nn_text_add(text, ": {\"dice\": ");
		nn_text_json_number(text, nn_overlap_metric(overlap, NN_DICE));
		nn_text_add(text, ", \"iou\": ");
		nn_text_json_number(text, nn_overlap_metric(overlap, NN_IOU));
		nn_text_add(text, ", \"pixels\": %.0f}", overlap->present);
	}
	nn_text_add(text, "},\n");
}

/* What an output is worth, as members of an object. */
static void add_scores(nn_text *text, const nn_evaluation *evaluation) {
	if (evaluation->segmentation.class_count)
		add_masks(text, evaluation);
	else if (evaluation->class_count) {
		nn_classification_json(text, &evaluation->scores, (const char *const *)evaluation->classes);
		nn_text_add(text, ",\n");
		if (evaluation->scores.multilabel)
			add_member(text, "accuracy", evaluation->accuracy, 0);
		else
			add_confusion(text, &evaluation->scores);
		if (!evaluation->steps) add_member(text, "roc_auc", evaluation->roc_auc, 0);
		if (!evaluation->steps) add_member(text, "log_loss", evaluation->log_loss, 0);
		add_member(text, "sensitivity", evaluation->sensitivity, 0);
		add_member(text, "specificity", evaluation->specificity, 0);
	}
	if (!isnan(evaluation->perplexity)) add_member(text, "perplexity", evaluation->perplexity, 0);
	if (!evaluation->class_count && !isnan(evaluation->accuracy)) add_member(text, "accuracy", evaluation->accuracy, 0);
	if (evaluation->regression) {
		add_member(text, "mae", evaluation->mae, 0);
		add_member(text, "mse", evaluation->mse, 0);
		add_member(text, "rmse", sqrt(evaluation->mse), 0);
		add_member(text, "r2", evaluation->r2, 0);
	}
	if (evaluation->season) {
		add_member(text, "smape", evaluation->smape, 0);
		add_member(text, "mase", evaluation->mase, 0);
		add_member(text, "naive_mae", evaluation->naive_mae, 0);
		if (evaluation->season > 1) add_member(text, "seasonal_naive_mae", evaluation->seasonal_naive_mae, 0);
	}
}

void nn_evaluation_json(nn_text *text, const nn_evaluation *evaluation) {
	nn_text_add(text, "{\n");
	add_scores(text, evaluation);
	for (int i = 0; i < evaluation->part_count; i++) {
		const nn_evaluation *part = &evaluation->parts[i];
		nn_text_add(text, i ? "},\n" : "\"outputs\": {\n");
		nn_text_json_string(text, part->output->name);
		nn_text_add(text, ": {\n");
		add_scores(text, part);
		add_member(text, "loss", part->loss, 1);
	}
	if (evaluation->part_count) nn_text_add(text, "}\n},\n");
	if (evaluation->term_count) nn_text_add(text, "\"terms\": {\n");
	for (int i = 0; i < evaluation->term_count; i++)
		add_member(text, evaluation->terms[i].name, evaluation->terms[i].value, i == evaluation->term_count - 1);
	if (evaluation->term_count) nn_text_add(text, "},\n");
	nn_text_add(text, "\"split\": ");
	nn_text_json_string(text, evaluation->split);
	nn_text_add(text, ",\n\"samples\": %lld,\n", (long long)evaluation->samples);
	add_member(text, "loss", evaluation->loss, 1);
	nn_text_add(text, "}\n");
}

static void add_value(nn_text *text, const char *name, double value) {
	if (!isnan(value)) nn_text_add(text, " - %s: %.4f", name, value);
}

/* What a forecast gets that needs no network, beside the network's error of the same numbers. */
static void add_naive(nn_text *text, const char *what, double mae, double naive, double own) {
	if (isnan(naive)) return;
	nn_text_add(text, "  %s: mae %.4f", what, naive);
	if (!isnan(own) && naive > 0) nn_text_add(text, ", the network's is %.3f of it", own / naive);
	if (fabs(own - mae) > 1e-9 * mae) nn_text_add(text, " (%.4f, of the numbers that have such a forecast)", own);
	nn_text_add(text, "\n");
}

/* The rest of a line, and what a task has more to say. */
static void add_report(nn_text *text, const nn_evaluation *evaluation) {
	if (evaluation->segmentation.class_count)
		add_value(text, "dice", evaluation->segmentation.dice), add_value(text, "iou", evaluation->segmentation.iou);
	add_value(text, "accuracy", evaluation->accuracy);
	add_value(text, "perplexity", evaluation->perplexity);
	add_value(text, "roc_auc", evaluation->roc_auc);
	add_value(text, "sensitivity", evaluation->sensitivity);
	add_value(text, "specificity", evaluation->specificity);
	add_value(text, "mae", evaluation->mae);
	add_value(text, "mse", evaluation->mse);
	add_value(text, "rmse", sqrt(evaluation->mse));
	add_value(text, "r2", evaluation->r2);
	if (evaluation->season) add_value(text, "mase", evaluation->mase), add_value(text, "smape", evaluation->smape);
	nn_text_add(text, "\n");
	if (evaluation->season) add_naive(text, "repeating the last value", evaluation->mae, evaluation->naive_mae, evaluation->naive_own);
	if (evaluation->season > 1)
		add_naive(text, "repeating the season before", evaluation->mae, evaluation->seasonal_naive_mae,
		          evaluation->seasonal_naive_own);
	const nn_segmentation *segmentation = &evaluation->segmentation;
	for (int c = 0; c < segmentation->class_count && segmentation->class_count > 2; c++)
		nn_text_add(text, "  %s: dice %.4f, iou %.4f\n", evaluation->classes[c],
		            nn_overlap_metric(&segmentation->overlaps[c], NN_DICE), nn_overlap_metric(&segmentation->overlaps[c], NN_IOU));
	if (!evaluation->class_count || segmentation->class_count) return;
	nn_text_add(text, "\n");
	nn_classification_text(text, &evaluation->scores, (const char *const *)evaluation->classes, 2);
	if (!evaluation->scores.confusion) return;
	nn_text_add(text, "\n");
	nn_confusion_text(text, evaluation->scores.confusion, evaluation->scores.class_count);
}

void nn_evaluation_text(nn_text *text, const nn_evaluation *evaluation) {
	nn_text_add(text, "%s: %lld samples", evaluation->split, (long long)evaluation->samples);
	add_value(text, "loss", evaluation->loss);
	for (int i = 0; i < evaluation->term_count; i++) add_value(text, evaluation->terms[i].name, evaluation->terms[i].value);
	add_report(text, evaluation);
	for (int i = 0; i < evaluation->part_count; i++) {
		nn_text_add(text, "\n%s", evaluation->parts[i].output->name);
		add_value(text, "loss", evaluation->parts[i].loss);
		add_report(text, &evaluation->parts[i]);
	}
}

void nn_evaluation_free(nn_evaluation *evaluation) {
	for (int i = 0; i < evaluation->class_count; i++) free(evaluation->classes[i]);
	free(evaluation->classes);
	nn_classification_free(&evaluation->scores);
	nn_segmentation_free(&evaluation->segmentation);
	free(evaluation->false_rates);
	free(evaluation->true_rates);
	for (int i = 0; i < evaluation->part_count; i++) nn_evaluation_free(&evaluation->parts[i]);
	free(evaluation->parts);
	*evaluation = (nn_evaluation){0};
}
