/* evaluate.h: what a network is worth on a set: every sample once, in order, never shuffled. */
#ifndef NN_EVALUATE_H
#define NN_EVALUATE_H
#include "data.h"
#include "metrics.h"
#include "segmentation.h"
#include "tally.h"

typedef struct nn_term {
	char name[NN_LOG_NAME];
	double value;
} nn_term;

/* Of a model with one output; of several, only what is common, and in parts an evaluation of each. */
typedef struct nn_evaluation {
	const nn_model *model;
	const nn_output *output; /* what it measures; NULL: see parts */
	struct nn_evaluation *parts;
	int part_count;
	const char *split;  /* "test" */
	const char *source; /* where it came from */
	int64_t samples;
	double loss; /* NAN: there is none of all */
	nn_term terms[NN_LOGS]; /* what the spec logs beside it */
	int term_count;
	int class_count; /* 0: not a classification */
	char **classes;  /* names, of its own */
	nn_classification scores;
	double accuracy, roc_auc, log_loss, perplexity, sensitivity, specificity; /* NAN: undefined */
	int steps; /* scores are of steps, of which a sample has many */
	double *false_rates, *true_rates; /* the ROC curve of two classes, roc_count corners */
	int64_t roc_count;
	nn_segmentation segmentation; /* class_count 0: none */
	int regression;
	double mae, mse, r2, smape, mase; /* of windows of a series in the units of the data */
	int season; /* of windows: rows of a season; 0: they are none */
	double naive_mae, seasonal_naive_mae; /* of repeating the last value, and that of a season before; NAN: there is none */
	double naive_own, seasonal_naive_own; /* mae, of the numbers that those are of */
} nn_evaluation;

/* Runs a program over an epoch of a loader, into a cleared tally. 0, 1 after an error, or NN_EXIT_INTERRUPTED. */
int nn_evaluate_pass(const nn_model *model, const nn_memory *memory, const nn_program *program, nn_loader *loader,
                     nn_tally *tally, const nn_call *call);
/* Opens a loader for the set, runs "evaluate" over it, computes everything. names: of classes, by the fields of their labels; those
 * without are numbers. 0, 1 after an error (said), or NN_EXIT_INTERRUPTED; only after 0 is there something to free. */
int nn_evaluate_set(nn_evaluation *evaluation, const nn_model *model, const nn_memory *memory, const nn_dataset *set,
                    const nn_names *names, int name_count, const nn_call *call);
/* metrics.json: an object */
void nn_evaluation_json(nn_text *text, const nn_evaluation *evaluation);
/* What `evaluate` prints. */
void nn_evaluation_text(nn_text *text, const nn_evaluation *evaluation);
void nn_evaluation_free(nn_evaluation *evaluation);

typedef struct nn_evaluate_options {
	const char *weights, *test, *json;
	int threads;
} nn_evaluate_options;

/* The command. Returns the exit code. */
int nn_evaluate(const nn_model *model, const nn_evaluate_options *options);

#endif
