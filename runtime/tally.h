/* tally.h: what is summed up over the batches of an epoch or a set: losses, weighted by rows; counts for metrics; and
 * where a metric needs all samples at once, their outputs and labels. */
#ifndef NN_TALLY_H
#define NN_TALLY_H
#include "metrics.h"
#include "model.h"

typedef enum nn_metric_kind {
	NN_ACCURACY,
	NN_BINARY_ACCURACY,
	NN_PRECISION,
	NN_RECALL,
	NN_F1,
	NN_DICE,
	NN_IOU,
	NN_AUC,
	NN_MAE,
	NN_MSE,
	NN_RMSE,
	NN_R2,
	NN_MASE,
	NN_SMAPE,
	NN_PERPLEXITY
} nn_metric_kind;

enum { NN_LOG_NAME = 64 };

typedef struct nn_log { /* one column of the history */
	char name[NN_LOG_NAME];
	int metric; /* nn_metric_kind, -1: the mean of a program's output */
	int part;   /* of a metric: which of the tally's parts */
	int last;   /* not the mean, but what the last batch gave: the learning rate */
	int weigh;  /* the part whose places a batch is weighed by, -1: by its rows */
	const nn_program *program;
	const nn_field *output;
	int slot; /* where its sum is, and behind it that of the weights */
} nn_log;

typedef struct nn_part { /* one output of the model, beside its label */
	const nn_model *model;
	const nn_output *output;
	const nn_field *y, *label;  /* label NULL: there is none that y can be compared with */
	const nn_field *mask;       /* of the places that count; NULL: all do */
	int units, label_units;     /* numbers of the last axis of y, and for each place of the other axes of the label */
	size_t places;              /* of the other axes: pixels, steps */
	double *sums;               /* among the tally's */
	int keep;                   /* outputs and labels are kept */
	int crossed;                /* a confusion matrix is among the sums */
	int entropy;                /* the cross-entropy is */
	double *row;                /* room for a sample: its y, then its label */
	double *kept;               /* (kept_rows, units + label_units): a row for each place that counts */
	int64_t kept_rows, kept_capacity;
	char kept_name[NN_LOG_NAME]; /* in a checkpoint */
} nn_part;

typedef struct nn_tally {
	const nn_model *model;
	const nn_program *scored; /* the program whose outputs the parts are; NULL: it has none */
	nn_part parts[NN_OUTPUTS];
	int part_count;
	nn_log logs[NN_LOGS]; /* sorted by name, as Keras logs them */
	int log_count;
	double *sums; /* sum_count numbers: all there is to know, but for what is kept */
	int sum_count;
} nn_tally;

/* programs: those that run on every batch. keep: what the tasks are measured by, also when no metric asks for it. rows: samples
 * expected (a hint).
 * 0, or 1 after an error (a metric without output or labels, an unknown one). */
int nn_tally_open(nn_tally *tally, const nn_model *model, const nn_program *const *programs, int program_count,
                  int keep, int64_t rows);
void nn_tally_clear(nn_tally *tally);
/* Takes the outputs that a program left in the work area, beside the batch's labels (the work area's own may be gone: a
 * program may reuse the place of its inputs). 0, or 1 after an error (memory). */
int nn_tally_add(nn_tally *tally, const nn_program *program, const void *work, const nn_batch *batch);
int64_t nn_tally_rows(const nn_tally *tally);
int nn_tally_counts(const nn_tally *tally); /* 0: of all rows no place counts, so that the only output has no loss */
/* Places (pixels of masks) of class 0 .. nn_tally_classes - 1 of a part: those that are it and were called it, were called it, are it. */
typedef struct nn_overlap {
	double right, predicted, present;
} nn_overlap;
nn_overlap nn_tally_overlap(const nn_part *part, int class);
int nn_tally_classes(const nn_part *part);
/* Numbers in a row of what a part keeps. */
size_t nn_tally_width(const nn_part *part);
/* Of numbers: a metric of all so far (MAE, MSE, RMSE, MASE, SMAPE). Of windows of a series in the units of the data.
 * MASE: the mean of abs(error)/q, where q is the mean error of the seasonal naive forecast over the training rows, of each column
 * (Hyndman & Koehler 2006, Another look at measures of forecast accuracy, section 3); NAN where there is no such forecast.
 * SMAPE: the mean of 200 abs(y - f)/(abs(y) + abs(f)), in percent, 0 where both are 0 (Makridakis 1993, Accuracy measures:
 * theoretical and practical concerns; as in the M4 competition, with absolute values). */
double nn_tally_number(const nn_part *part, nn_metric_kind kind);
double nn_tally_accuracy(const nn_part *part); /* the share of places (of one sample there may be many) that are right */
double nn_tally_perplexity(const nn_part *part); /* e^(mean cross-entropy of the places, in nats); NAN if it was not summed */
int64_t nn_tally_confused(const nn_part *part, int truth, int predicted); /* how many places; of a part that is crossed */
/* Whether a place of a row of an output counts. mask NULL: all do. */
int nn_place_counts(const nn_model *model, const nn_field *mask, const void *work, int row, size_t place, size_t places);
/* Precision, recall, F1 or Dice (the same), intersection over union of one class; 0 where nothing could be right. */
double nn_overlap_metric(const nn_overlap *overlap, nn_metric_kind kind);
/* The values of logs[0 .. log_count-1] so far. live: 1 for a progress line, where metrics that need all samples are
 * left out (NAN). */
void nn_tally_values(const nn_tally *tally, double *values, int live);
void nn_tally_close(nn_tally *tally);
/* Output i of a row of y as probability: a sigmoid or softmax is applied when the output is logits. (count) ->
 * (count) */
void nn_probabilities(const nn_output *output, const double *y, int count, double *probabilities);
int nn_argmax(const double *numbers, int count);

#endif
