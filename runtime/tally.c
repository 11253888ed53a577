/* Input: the outputs of programs, batch by batch. Output: the means and metrics of all of them.
 * Invariant: sums and kept rows are all the state there is, so that an epoch can be put aside in a checkpoint and
 * continued. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "metric_list.h"
#include "tally.h"

/* Sums: these, then one for each logged output, then three for each class. */
enum { ROWS, PLACES, RIGHT, NUMBERS, ELEMENTS_RIGHT, ABSOLUTE, SQUARED, FIXED };
enum { CLASS_RIGHT, CLASS_PREDICTED, CLASS_PRESENT, PER_CLASS };

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

void nn_probabilities(const nn_model *model, const double *y, int count, double *probabilities) {
	int softmax = model->task == NN_MULTICLASS;
	double top = y[nn_argmax(y, count)], sum = 0;
	for (int i = 0; i < count; i++) {
		if (!model->logits)
			probabilities[i] = y[i];
		else
			probabilities[i] = softmax ? exp(y[i] - top) : 1 / (1 + exp(-y[i]));
		sum += probabilities[i];
	}
	for (int i = 0; model->logits && softmax && i < count; i++) probabilities[i] /= sum;
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
	*log = (nn_log){.metric = -1};
	return log;
}

/* The scalars of a program: "loss", and under "train.D" "D_loss". */
static void add_program_logs(nn_tally *tally, const nn_program *program) {
	const char *dot = strchr(program->name, '.');
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *output = &program->outputs[i];
		if (!strcmp(output->name, "y") && !tally->y) tally->y = output, tally->scored = program;
		if (output->per_row || output->count != 1 || strchr(output->name, ' ')) continue;
		nn_log *log = add_log(tally);
		snprintf(log->name, sizeof log->name, "%.30s%s%.30s", dot ? dot + 1 : "", dot ? "_" : "", output->name);
		log->program = program, log->output = output, log->slot = FIXED + tally->log_count - 1;
		log->last = !strcmp(output->name, "learning_rate");
	}
}

static int add_metric_logs(nn_tally *tally) {
	const nn_training *training = &tally->model->training;
	for (int i = 0; i < training->metric_count; i++) {
		int kind = metric_kind(training->metrics[i]);
		if (kind < 0) {
			nn_error("the metric '%s' is unknown to the runtime", training->metrics[i]);
			return 1;
		}
		if (!tally->y || !tally->label) continue;
		nn_log *log = add_log(tally);
		snprintf(log->name, sizeof log->name, "%s", training->metrics[i]);
		log->metric = kind;
		if (kind == NN_AUC || kind == NN_R2) tally->keep = 1;
	}
	return 0;
}

static int last_axis(const nn_field *field) { return field->rank ? (int)field->shape[field->rank - 1] : 1; }

static void find_shapes(nn_tally *tally) {
	const nn_data *data = &tally->model->data;
	for (int f = 0; f < data->field_count && tally->scored && !tally->label; f++) {
		tally->label = data->fields[f].label ? nn_input_find(tally->scored, data->fields[f].name) : NULL;
		tally->label_field = f;
	}
	if (!tally->y) return;
	tally->units = last_axis(tally->y);
	if (!tally->label) return;
	size_t places = tally->y->count / (size_t)tally->units;
	tally->label_units = tally->label->count == tally->y->count ? tally->units : 1;
	if (tally->label->count != places * (size_t)tally->label_units)
		tally->label = NULL; /* not comparable: only losses */
}

static int reserve_rows(nn_tally *tally, int64_t rows) {
	if (rows <= tally->kept_capacity) return 0;
	int64_t capacity = tally->kept_capacity * 2 > rows ? tally->kept_capacity * 2 : rows;
	size_t width = tally->y->count + (tally->label ? tally->label->count : 0);
	double *kept = (size_t)capacity < SIZE_MAX / sizeof *kept / width
	                       ? realloc(tally->kept, sizeof *kept * width * (size_t)capacity)
	                       : NULL;
	if (!kept) return nn_error("out of memory for the outputs of %lld samples", (long long)rows), 1;
	tally->kept = kept, tally->kept_capacity = capacity;
	return 0;
}

int nn_tally_open(nn_tally *tally, const nn_model *model, const nn_program *const *programs, int program_count,
                  int keep, int64_t rows) {
	*tally = (nn_tally){.model = model, .keep = keep};
	for (int i = 0; i < program_count; i++) add_program_logs(tally, programs[i]);
	find_shapes(tally);
	int outputs = tally->log_count;
	if (add_metric_logs(tally)) return 1;
	if (!tally->y) tally->keep = 0;
	qsort(tally->logs, (size_t)tally->log_count, sizeof *tally->logs, by_log_name);
	tally->sum_count = FIXED + outputs + PER_CLASS * (tally->units > 1 ? tally->units : 2);
	tally->sums = calloc((size_t)tally->sum_count, sizeof *tally->sums);
	if (!tally->sums) return nn_error("out of memory"), 1;
	if (tally->keep && reserve_rows(tally, rows > 0 ? rows : 1)) return nn_tally_close(tally), 1;
	return 0;
}

void nn_tally_clear(nn_tally *tally) {
	memset(tally->sums, 0, sizeof *tally->sums * (size_t)tally->sum_count);
	tally->kept_rows = 0;
}

void nn_tally_close(nn_tally *tally) {
	free(tally->sums);
	free(tally->kept);
	tally->sums = tally->kept = NULL;
}

int64_t nn_tally_rows(const nn_tally *tally) { return (int64_t)tally->sums[ROWS]; }

static double *class_sums(const nn_tally *tally, int class) {
	return tally->sums + tally->sum_count - PER_CLASS * (tally->units > 1 ? tally->units : 2) + PER_CLASS * class;
}

static void count_class(const nn_tally *tally, int truth, int predicted) {
	int classes = tally->units > 1 ? tally->units : 2;
	if (predicted < classes) class_sums(tally, predicted)[CLASS_PREDICTED]++;
	if (truth < 0 || truth >= classes) return;
	class_sums(tally, truth)[CLASS_PRESENT]++;
	if (truth == predicted) class_sums(tally, truth)[CLASS_RIGHT]++;
}

/* One place of a row: y (units), label (label_units). Keras's accuracy by shape: one unit: over 0.5; one label of
 * several units: its number; else the largest of both. */
static void add_place(nn_tally *tally, const double *y, const double *label) {
	int units = tally->units, truth, predicted;
	double threshold = tally->model->logits ? 0 : 0.5;
	if (units == 1)
		predicted = y[0] > threshold, truth = label[0] > 0.5;
	else
		predicted = nn_argmax(y, units),
		truth = tally->label_units == 1 ? (int)label[0] : nn_argmax(label, units);
	tally->sums[PLACES]++;
	tally->sums[RIGHT] += units == 1 && label[0] != 0 && label[0] != 1 ? 0 : truth == predicted;
	count_class(tally, truth, predicted);
	for (int i = 0; tally->label_units == units && i < units; i++) {
		double error = y[i] - label[i];
		tally->sums[NUMBERS]++;
		tally->sums[ELEMENTS_RIGHT] += (y[i] > threshold) == (label[i] > 0.5);
		tally->sums[ABSOLUTE] += fabs(error);
		tally->sums[SQUARED] += error * error;
	}
}

static void add_row(nn_tally *tally, const char *y, const char *label, double *row) {
	const nn_model *model = tally->model;
	size_t count = tally->y->count, label_count = label ? tally->label->count : 0;
	for (size_t i = 0; i < count; i++) row[i] = nn_number(model, y, i);
	for (size_t i = 0; i < label_count; i++) row[count + i] = nn_number(model, label, i);
	for (size_t i = 0; !label && tally->label && i < tally->label->count; i++) row[count + i] = NAN;
	for (size_t i = 0, places = count / (size_t)tally->units; label_count && i < places; i++)
		add_place(tally, row + i * (size_t)tally->units, row + count + i * (size_t)tally->label_units);
}

/* The outputs beside the labels: (rows, y) and (rows, label) */
static int add_outputs(nn_tally *tally, const void *work, const nn_batch *batch) {
	int rows = batch->rows;
	size_t size = (size_t)tally->model->number_size,
	       width = tally->y->count + (tally->label ? tally->label->count : 0);
	if (reserve_rows(tally, tally->keep ? tally->kept_rows + rows : 1)) return 1;
	for (int i = 0; i < rows; i++) {
		const char *y = (const char *)work + tally->y->offset + (size_t)i * tally->y->count * size;
		const char *labels = tally->label ? batch->fields[tally->label_field] : NULL;
		const char *label = labels ? labels + (size_t)i * tally->label->count * size : NULL;
		add_row(tally, y, label, tally->kept + (tally->keep ? (size_t)tally->kept_rows++ * width : 0));
	}
	return 0;
}

int nn_tally_add(nn_tally *tally, const nn_program *program, const void *work, const nn_batch *batch) {
	for (int i = 0; i < tally->log_count; i++) {
		const nn_log *log = &tally->logs[i];
		if (log->program != program) continue;
		double value = nn_number(tally->model, (const char *)work + log->output->offset, 0);
		tally->sums[log->slot] = log->last ? value : tally->sums[log->slot] + batch->rows * value;
	}
	if (program == tally->scored || (!tally->scored && tally->log_count && program == tally->logs[0].program))
		tally->sums[ROWS] += batch->rows;
	return program == tally->scored ? add_outputs(tally, work, batch) : 0;
}

int nn_tally_classes(const nn_tally *tally) { return tally->units > 1 ? tally->units : 2; }

double nn_tally_accuracy(const nn_tally *tally) { return tally->sums[RIGHT] / tally->sums[PLACES]; }

nn_overlap nn_tally_overlap(const nn_tally *tally, int class) {
	const double *s = class_sums(tally, class);
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
static double class_metric(const nn_tally *tally, nn_metric_kind kind) {
	int classes = nn_tally_classes(tally), first = tally->units == 1 ? 1 : 0;
	double sum = 0;
	for (int c = first; c < classes; c++) {
		nn_overlap overlap = nn_tally_overlap(tally, c);
		sum += nn_overlap_metric(&overlap, kind);
	}
	return sum / (classes - first);
}

/* Metrics of all samples at once, from what was kept. */
static double whole_metric(const nn_tally *tally, nn_metric_kind kind) {
	int64_t rows = tally->kept_rows;
	size_t count = tally->y->count, labels = tally->label->count, width = count + labels;
	double *y = malloc(sizeof *y * ((size_t)rows * count + 1)),
	       *label = malloc(sizeof *label * ((size_t)rows * labels + 1)), value = NAN;
	int *truth = malloc(sizeof *truth * ((size_t)rows + 1));
	uint8_t *positive = malloc((size_t)rows + 1);
	int enough = y && label && truth && positive;
	for (int64_t i = 0; enough && i < rows; i++) {
		const double *row = tally->kept + (size_t)i * width;
		memcpy(y + (size_t)i * count, row, sizeof *y * count);
		if (kind == NN_AUC) nn_probabilities(tally->model, row, (int)count, y + (size_t)i * count);
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

static double metric_value(const nn_tally *tally, nn_metric_kind kind, int live) {
	const double *sums = tally->sums;
	switch (kind) {
	case NN_ACCURACY:
		return nn_tally_accuracy(tally);
	case NN_BINARY_ACCURACY:
		return sums[ELEMENTS_RIGHT] / sums[NUMBERS];
	case NN_PRECISION:
	case NN_RECALL:
	case NN_F1:
	case NN_DICE:
	case NN_IOU:
		return class_metric(tally, kind);
	case NN_MAE:
		return sums[ABSOLUTE] / sums[NUMBERS];
	case NN_MSE:
		return sums[SQUARED] / sums[NUMBERS];
	case NN_RMSE:
		return sqrt(sums[SQUARED] / sums[NUMBERS]);
	case NN_AUC:
	case NN_R2:
		return live ? NAN : whole_metric(tally, kind);
	}
	return NAN;
}

void nn_tally_values(const nn_tally *tally, double *values, int live) {
	for (int i = 0; i < tally->log_count; i++) {
		const nn_log *log = &tally->logs[i];
		if (log->metric >= 0)
			values[i] = metric_value(tally, (nn_metric_kind)log->metric, live);
		else
			values[i] = tally->sums[log->slot] / (log->last ? 1 : tally->sums[ROWS]);
	}
}
