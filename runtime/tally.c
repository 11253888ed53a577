/* Input: the outputs of programs, batch by batch. Output: the means and metrics of all of them.
 * Invariant: sums and kept rows are all the state there is, so that an epoch can be put aside in a checkpoint and
 * continued. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metric_list.h"
#include "tally.h"

/* Sums: rows, then for each logged output its own and the weight it was taken with, as programs need not run equally often; then for
 * each part these, three for each class, and the confusion matrix. */
enum { ROWS, LOGGED };
enum { PLACES, RIGHT, NUMBERS, ELEMENTS_RIGHT, ABSOLUTE, SQUARED, SCALED, PERCENT, ENTROPY, ENTROPIES, FIXED };
enum { CLASS_RIGHT, CLASS_PREDICTED, CLASS_PRESENT, PER_CLASS };
enum { MOST_CROSSED = 256 }; /* classes of a confusion matrix of steps */
static const double least_probability = 1e-38;

/* The kind of a metric by its name, -1: there is none. */
static int metric_kind(const char *name) {
	static const struct {
		const char *name;
		int kind;
	} metrics[] = {
#define X(name, kind, direction) {name, NN_##kind},
	        NN_METRICS(X)
#undef X
	};
	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
		if (!strcmp(name, metrics[i].name)) return metrics[i].kind;
	return -1;
}

int nn_argmax(const double *numbers, int count) {
	int best = 0;
	for (int i = 1; i < count; i++)
		if (numbers[i] > numbers[best]) best = i;
	return best;
}

void nn_probabilities(const nn_output *output, const double *y, int count, double *probabilities) {
	int softmax = output->task == NN_MULTICLASS;
	double top = y[nn_argmax(y, count)], sum = 0;
	for (int i = 0; i < count; i++) {
		if (!output->logits)
			probabilities[i] = y[i];
		else
			probabilities[i] = softmax ? exp(y[i] - top) : 1 / (1 + exp(-y[i]));
		sum += probabilities[i];
	}
	for (int i = 0; output->logits && softmax && i < count; i++) probabilities[i] /= sum;
}

static int by_log_name(const void *a, const void *b) {
	return strcmp(((const nn_log *)a)->name, ((const nn_log *)b)->name);
}

static nn_log *add_log(nn_tally *tally) {
	nn_log *log = &tally->logs[tally->log_count];
	if (tally->log_count < NN_LOGS)
		tally->log_count++;
	else
		log--;
	*log = (nn_log){.metric = -1, .weigh = -1};
	return log;
}

/* The scalars of a program: "loss", "kl" of "term kl"; and under "train.D" "D_loss". */
static void add_program_logs(nn_tally *tally, const nn_program *program) {
	const char *dot = strchr(program->name, '.');
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *output = &program->outputs[i];
		const char *name = output->name + (strncmp(output->name, "term ", 5) ? 0 : 5);
		if (output->per_row || output->count != 1 || strchr(name, ' ')) continue;
		nn_log *log = add_log(tally);
		snprintf(log->name, sizeof log->name, "%.30s%s%.30s", dot ? dot + 1 : "", dot ? "_" : "", name);
		log->program = program, log->output = output, log->slot = LOGGED + 2 * (tally->log_count - 1);
		log->last = !strcmp(output->name, "learning_rate");
	}
}

static int add_metric_logs(nn_tally *tally, int index) {
	nn_part *part = &tally->parts[index];
	const nn_output *output = part->output;
	for (int i = 0; i < output->metric_count; i++) {
		int kind = metric_kind(output->metrics[i]), several = tally->model->output_count > 1;
		if (kind < 0) {
			nn_error("the metric '%s' is unknown to the runtime", output->metrics[i]);
			return 1;
		}
		if (!part->label) continue;
		nn_log *log = add_log(tally);
		snprintf(log->name, sizeof log->name, "%.30s%s%.30s", several ? output->name : "", several ? "_" : "",
		         output->metrics[i]);
		log->metric = kind, log->part = index;
		if (kind == NN_AUC || kind == NN_R2) part->keep = 1;
		if (kind == NN_PERPLEXITY) part->entropy = 1;
	}
	return 0;
}

static int last_axis(const nn_field *field) { return field->rank ? (int)field->shape[field->rank - 1] : 1; }

/* Whether scores need all outputs at once: of one class or number a sample; not of one for each pixel or token. */
static int keeps_rows(const nn_output *output, const nn_field *y) {
	if (output->task == NN_OTHER || output->task == NN_SEGMENTATION) return 0;
	return output->task == NN_REGRESSION || y->rank <= 1 || y->count == (size_t)last_axis(y);
}

/* Of steps that are classes a report is made of counts alone. */
static int is_crossed(const nn_part *part) {
	nn_task task = part->output->task;
	return part->label && part->places > 1 && (task == NN_BINARY || task == NN_MULTICLASS) && nn_tally_classes(part) <= MOST_CROSSED &&
	       part->model->data.fields[part->output->label].classed;
}

/* The label that y is compared with, and its places. */
static void find_label(nn_part *part, const nn_program *scored) {
	part->label = nn_input_find(scored, part->model->data.fields[part->output->label].name);
	if (!part->label) return;
	part->label_units = part->label->count == part->y->count ? part->units : 1;
	if (part->label->count != part->places * (size_t)part->label_units) part->label = NULL; /* not comparable: only losses */
}

/* The outputs of the model that one of the programs has. */
static void find_parts(nn_tally *tally, const nn_program *const *programs, int program_count, int keep) {
	const nn_model *model = tally->model;
	for (int i = 0; i < model->output_count; i++) {
		const nn_output *output = &model->outputs[i];
		const nn_field *y = NULL;
		for (int p = 0; p < program_count && !tally->scored; p++)
			if (nn_output_find(programs[p], output->name)) tally->scored = programs[p];
		if (tally->scored) y = nn_output_find(tally->scored, output->name);
		if (!y) continue;
		nn_part *part = &tally->parts[tally->part_count++];
		*part = (nn_part){.model = model, .output = output, .y = y, .units = last_axis(y)};
		part->places = y->count / (size_t)part->units;
		char mask[NN_LOG_NAME];
		snprintf(mask, sizeof mask, "%s%.40s", NN_MASK, output->name);
		part->mask = nn_output_find(tally->scored, mask);
		part->keep = keep && keeps_rows(output, y);
		snprintf(part->kept_name, sizeof part->kept_name, model->output_count > 1 ? "epoch/kept/%.40s" : "epoch/kept", output->name);
		if (output->label >= 0) find_label(part, tally->scored);
		part->crossed = keep && is_crossed(part);
		part->entropy = keep && part->label && part->places > 1 && output->task == NN_MULTICLASS;
	}
}

/* The loss of an output of which not all places count is the mean over those that do, over batches as well. */
static void weigh_losses(nn_tally *tally) {
	for (int p = 0; p < tally->part_count; p++) {
		char name[NN_LOG_NAME];
		snprintf(name, sizeof name, "%.40s_loss", tally->parts[p].output->name);
		for (int i = 0; i < tally->log_count && tally->parts[p].mask; i++)
			if (!strcmp(tally->logs[i].name, tally->part_count > 1 ? name : "loss")) tally->logs[i].weigh = p;
	}
}

size_t nn_tally_width(const nn_part *part) { return (size_t)part->units + (part->label ? (size_t)part->label_units : 0); }

/* Room for so many rows. 0, or 1 after an error. */
static int reserve_rows(nn_part *part, int64_t rows) {
	if (rows <= part->kept_capacity) return 0;
	int64_t capacity = part->kept_capacity * 2 > rows ? part->kept_capacity * 2 : rows;
	size_t width = nn_tally_width(part);
	double *kept = (size_t)capacity < SIZE_MAX / sizeof *kept / width
	                       ? realloc(part->kept, sizeof *kept * width * (size_t)capacity)
	                       : NULL;
	if (!kept) return nn_error("out of memory for the outputs of %lld samples", (long long)rows), 1;
	part->kept = kept, part->kept_capacity = capacity;
	return 0;
}

static int part_sums(const nn_part *part) {
	int classes = nn_tally_classes(part);
	return FIXED + PER_CLASS * classes + (part->crossed ? classes * classes : 0);
}

/* Room for what a part keeps of so many samples. 0, or 1 after an error. */
static int open_part(nn_part *part, int64_t samples) {
	part->row = malloc(sizeof *part->row * (part->y->count + (part->label ? part->label->count : 0)));
	if (!part->row) return nn_error("out of memory"), 1;
	return part->keep ? reserve_rows(part, (samples > 0 ? samples : 1) * (int64_t)part->places) : 0;
}

int nn_tally_open(nn_tally *tally, const nn_model *model, const nn_program *const *programs, int program_count,
                  int keep, int64_t rows) {
	*tally = (nn_tally){.model = model};
	for (int i = 0; i < program_count; i++) add_program_logs(tally, programs[i]);
	find_parts(tally, programs, program_count, keep);
	weigh_losses(tally);
	tally->sum_count = LOGGED + 2 * tally->log_count;
	for (int i = 0; i < tally->part_count; i++) {
		if (add_metric_logs(tally, i)) return 1;
		tally->sum_count += part_sums(&tally->parts[i]);
	}
	qsort(tally->logs, (size_t)tally->log_count, sizeof *tally->logs, by_log_name);
	tally->sums = calloc((size_t)tally->sum_count, sizeof *tally->sums);
	if (!tally->sums) return nn_error("out of memory"), 1;
	double *sums = tally->sums + tally->sum_count;
	for (int i = tally->part_count - 1; i >= 0; i--) {
		nn_part *part = &tally->parts[i];
		part->sums = sums -= part_sums(part);
		if (open_part(part, rows)) return nn_tally_close(tally), 1;
	}
	return 0;
}

void nn_tally_clear(nn_tally *tally) {
	memset(tally->sums, 0, sizeof *tally->sums * (size_t)tally->sum_count);
	for (int i = 0; i < tally->part_count; i++) tally->parts[i].kept_rows = 0;
}

void nn_tally_close(nn_tally *tally) {
	free(tally->sums);
	for (int i = 0; i < tally->part_count; i++) free(tally->parts[i].kept), free(tally->parts[i].row);
	*tally = (nn_tally){0};
}

int64_t nn_tally_rows(const nn_tally *tally) { return (int64_t)tally->sums[ROWS]; }

int nn_tally_counts(const nn_tally *tally) {
	int counts = 1;
	for (int i = 0; i < tally->log_count && tally->part_count == 1; i++)
		if (tally->logs[i].weigh >= 0 && tally->sums[tally->logs[i].slot + 1] == 0) counts = 0;
	return counts;
}

static double *class_sums(const nn_part *part, int class) { return part->sums + FIXED + PER_CLASS * class; }

static void count_class(const nn_part *part, int truth, int predicted) {
	int classes = nn_tally_classes(part);
	if (predicted < classes) class_sums(part, predicted)[CLASS_PREDICTED]++;
	if (truth < 0 || truth >= classes) return;
	class_sums(part, truth)[CLASS_PRESENT]++;
	if (truth == predicted) class_sums(part, truth)[CLASS_RIGHT]++;
	if (part->crossed) part->sums[FIXED + PER_CLASS * classes + truth * classes + predicted]++;
}

/* -log of the probability of unit i of several */
static double surprise(const nn_part *part, const double *y, int i) {
	double top = y[nn_argmax(y, part->units)], sum = 0;
	if (!part->output->logits) return -log(fmax(y[i], least_probability));
	for (int k = 0; k < part->units; k++) sum += exp(y[k] - top);
	return log(sum) + top - y[i];
}

/* Of a label that is a class, or of shares of all. */
static void add_entropy(nn_part *part, const double *y, const double *label) {
	if (part->label_units == 1 && !(label[0] >= 0 && label[0] < part->units)) return;
	part->sums[ENTROPIES]++;
	if (part->label_units == 1) part->sums[ENTROPY] += surprise(part, y, (int)label[0]);
	for (int i = 0; part->label_units > 1 && i < part->units; i++)
		if (label[i] != 0) part->sums[ENTROPY] += label[i] * surprise(part, y, i);
}

/* One place of a row: y (units), label (label_units). Keras's accuracy by shape: one unit: over 0.5; one label of
 * several units: its number; else the largest of both. */
static void add_place(nn_part *part, const double *y, const double *label) {
	int units = part->units, truth, predicted;
	double threshold = part->output->logits ? 0 : 0.5;
	if (units == 1)
		predicted = y[0] > threshold, truth = label[0] > 0.5;
	else
		predicted = nn_argmax(y, units),
		truth = part->label_units == 1 ? (int)label[0] : nn_argmax(label, units);
	part->sums[PLACES]++;
	if (part->entropy && units > 1) add_entropy(part, y, label);
	part->sums[RIGHT] += units == 1 && label[0] != 0 && label[0] != 1 ? 0 : truth == predicted;
	count_class(part, truth, predicted);
	for (int i = 0; part->label_units == units && i < units; i++) {
		double error = y[i] - label[i];
		part->sums[NUMBERS]++;
		part->sums[ELEMENTS_RIGHT] += (y[i] > threshold) == (label[i] > 0.5);
		part->sums[ABSOLUTE] += fabs(error);
		part->sums[SQUARED] += error * error;
	}
}

int nn_place_counts(const nn_model *model, const nn_field *mask, const void *work, int row, size_t place, size_t places) {
	if (!mask) return 1;
	size_t at = (mask->per_row ? (size_t)row * mask->count : 0) + place * mask->count / places;
	return nn_number(model, (const char *)work + mask->offset, at) != 0;
}

/* Places that count: all of the rows, or those of the mask. */
static double weight_of(const nn_part *part, const void *work, int rows) {
	double sum = 0;
	for (int i = 0; i < rows; i++)
		for (size_t k = 0; k < part->places; k++) sum += nn_place_counts(part->model, part->mask, work, i, k, part->places);
	return sum;
}

/* The numbers of a place beside what they should be. Those of windows are measured as the values of the series that they mean. */
static void add_errors(nn_part *part, const double *y, const double *label, const nn_batch *batch, size_t place) {
	for (int i = 0; i < part->units; i++) {
		double error = fabs(y[i] - label[i]), both = fabs(y[i]) + fabs(label[i]);
		int number = (int)place * part->units + i;
		part->sums[PERCENT] += both > 0 ? 200 * error / both : 0;
		part->sums[SCALED] += batch->set ? error / nn_dataset_naive_error(batch->set, part->output->label, batch->state, number) : NAN;
	}
}

static int keep_place(nn_part *part, const double *y, const double *label) {
	size_t units = (size_t)part->units, width = nn_tally_width(part);
	if (reserve_rows(part, part->kept_rows + 1)) return 1;
	double *kept = part->kept + (size_t)part->kept_rows++ * width;
	memcpy(kept, y, sizeof *y * units);
	memcpy(kept + units, label, sizeof *label * (width - units));
	return 0;
}

/* The places of a row that count. label NULL: the batch has none. 0, or 1 after an error (memory). */
static int add_row(nn_part *part, const void *work, const char *label, const nn_batch *batch, int number) {
	const nn_model *model = part->model;
	size_t count = part->y->count, label_count = part->label ? part->label->count : 0;
	const char *y = (const char *)work + part->y->offset + (size_t)number * count * (size_t)model->number_size;
	double *row = part->row, *truth = row + count;
	for (size_t i = 0; i < count; i++) row[i] = nn_number(model, y, i);
	for (size_t i = 0; i < label_count; i++) truth[i] = label ? nn_number(model, label, i) : NAN;
	int numbers = label && label_count == count && part->output->task == NN_REGRESSION;
	if (numbers && batch->set && nn_dataset_restore(batch->set, batch->samples[number], part->output->label, batch->state, row))
		nn_dataset_truth(batch->set, batch->samples[number], part->output->label, truth);
	for (size_t k = 0; k < part->places; k++) {
		const double *one = row + k * (size_t)part->units, *wanted = truth + k * (size_t)part->label_units;
		if (!nn_place_counts(model, part->mask, work, number, k, part->places)) continue;
		if (label) add_place(part, one, wanted);
		if (numbers) add_errors(part, one, wanted, batch, k);
		if (part->keep && keep_place(part, one, wanted)) return 1;
	}
	return 0;
}

/* The outputs beside the labels: (rows, y) and (rows, label) */
static int add_outputs(nn_part *part, const void *work, const nn_batch *batch) {
	size_t size = (size_t)part->model->number_size;
	const char *labels = part->label ? batch->fields[part->output->label] : NULL;
	for (int i = 0; i < batch->rows; i++) {
		const char *label = labels ? labels + (size_t)i * part->label->count * size : NULL;
		if ((label || part->keep) && add_row(part, work, label, batch, i)) return 1;
	}
	return 0;
}

int nn_tally_add(nn_tally *tally, const nn_program *program, const void *work, const nn_batch *batch) {
	int failed = 0;
	for (int i = 0; i < tally->log_count; i++) {
		const nn_log *log = &tally->logs[i];
		if (log->program != program) continue;
		double value = nn_number(tally->model, (const char *)work + log->output->offset, 0), *sum = &tally->sums[log->slot];
		double weight = log->last ? 1 : log->weigh < 0 ? batch->rows : weight_of(&tally->parts[log->weigh], work, batch->rows);
		sum[0] = weight * value + (log->last ? 0 : sum[0]);
		sum[1] = weight + (log->last ? 0 : sum[1]);
	}
	if (program == tally->scored || (!tally->scored && tally->log_count && program == tally->logs[0].program))
		tally->sums[ROWS] += batch->rows;
	for (int i = 0; program == tally->scored && i < tally->part_count && !failed; i++)
		failed = add_outputs(&tally->parts[i], work, batch);
	return failed;
}

int nn_tally_classes(const nn_part *part) { return part->units > 1 ? part->units : 2; }

double nn_tally_perplexity(const nn_part *part) { return exp(part->sums[ENTROPY] / part->sums[ENTROPIES]); }

int64_t nn_tally_confused(const nn_part *part, int truth, int predicted) {
	int classes = nn_tally_classes(part);
	return (int64_t)part->sums[FIXED + PER_CLASS * classes + truth * classes + predicted];
}

double nn_tally_accuracy(const nn_part *part) { return part->sums[RIGHT] / part->sums[PLACES]; }

nn_overlap nn_tally_overlap(const nn_part *part, int class) {
	const double *s = class_sums(part, class);
	return (nn_overlap){s[CLASS_RIGHT], s[CLASS_PREDICTED], s[CLASS_PRESENT]};
}

double nn_overlap_metric(const nn_overlap *o, nn_metric_kind kind) {
	double above = o->right, below = o->predicted + o->present;
	if (kind == NN_PRECISION) below = o->predicted;
	if (kind == NN_RECALL) below = o->present;
	if (kind == NN_IOU) below -= o->right;
	if (kind == NN_F1 || kind == NN_DICE) above *= 2;
	return below > 0 ? above / below : 0;
}

/* Of the second class where y is one number a place, else the mean over classes. */
static double class_metric(const nn_part *part, nn_metric_kind kind) {
	int classes = nn_tally_classes(part), first = part->units == 1 ? 1 : 0;
	double sum = 0;
	for (int c = first; c < classes; c++) {
		nn_overlap overlap = nn_tally_overlap(part, c);
		sum += nn_overlap_metric(&overlap, kind);
	}
	return sum / (classes - first);
}

/* Metrics of all samples at once, from what was kept. */
static double whole_metric(const nn_part *part, nn_metric_kind kind) {
	int64_t rows = part->kept_rows;
	size_t count = (size_t)part->units, labels = (size_t)part->label_units, width = count + labels;
	double *y = malloc(sizeof *y * ((size_t)rows * count + 1)),
	       *label = malloc(sizeof *label * ((size_t)rows * labels + 1)), value = NAN;
	int *truth = malloc(sizeof *truth * ((size_t)rows + 1));
	uint8_t *positive = malloc((size_t)rows + 1);
	int enough = y && label && truth && positive;
	for (int64_t i = 0; enough && i < rows; i++) {
		const double *row = part->kept + (size_t)i * width;
		memcpy(y + (size_t)i * count, row, sizeof *y * count);
		if (kind == NN_AUC) nn_probabilities(part->output, row, (int)count, y + (size_t)i * count);
		memcpy(label + (size_t)i * labels, row + count, sizeof *label * labels);
		truth[i] = labels == 1 ? (int)row[count] : nn_argmax(row + count, (int)labels);
		positive[i] = truth[i] == 1;
	}
	if (enough && kind == NN_R2 && labels == count) value = nn_r2(label, y, rows, (int64_t)count);
	if (enough && kind == NN_AUC && count == 1) value = nn_roc_auc(y, positive, rows);
	if (enough && kind == NN_AUC && count > 1) value = nn_roc_auc_ovr(y, truth, rows, (int)count);
	free(y), free(label), free(truth), free(positive);
	return value;
}

double nn_tally_number(const nn_part *part, nn_metric_kind kind) {
	static const int places[] = {[NN_MAE] = ABSOLUTE, [NN_MSE] = SQUARED, [NN_RMSE] = SQUARED, [NN_MASE] = SCALED, [NN_SMAPE] = PERCENT};
	double mean = part->sums[places[kind]] / part->sums[NUMBERS];
	return kind == NN_RMSE ? sqrt(mean) : mean;
}

static double metric_value(const nn_part *part, nn_metric_kind kind, int live) {
	const double *sums = part->sums;
	switch (kind) {
	case NN_ACCURACY:
		return nn_tally_accuracy(part);
	case NN_BINARY_ACCURACY:
		return sums[ELEMENTS_RIGHT] / sums[NUMBERS];
	case NN_PRECISION:
	case NN_RECALL:
	case NN_F1:
	case NN_DICE:
	case NN_IOU:
		return class_metric(part, kind);
	case NN_MAE:
	case NN_MSE:
	case NN_RMSE:
	case NN_MASE:
	case NN_SMAPE:
		return nn_tally_number(part, kind);
	case NN_PERPLEXITY:
		return nn_tally_perplexity(part);
	case NN_AUC:
	case NN_R2:
		return live ? NAN : whole_metric(part, kind);
	}
	return NAN;
}

void nn_tally_values(const nn_tally *tally, double *values, int live) {
	for (int i = 0; i < tally->log_count; i++) {
		const nn_log *log = &tally->logs[i];
		if (log->metric >= 0)
			values[i] = metric_value(&tally->parts[log->part], (nn_metric_kind)log->metric, live);
		else
			values[i] = tally->sums[log->slot] / tally->sums[log->slot + 1]; /* NAN: the program did not run */
	}
}
