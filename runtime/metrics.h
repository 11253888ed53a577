/* metrics.h: what a set of predictions is worth, as scikit-learn computes and prints it. Exact: over all samples, never
 * over batches. Undefined values are NAN (null in JSON). */
#ifndef NN_METRICS_H
#define NN_METRICS_H
#include <stdint.h>
#include "text.h"

typedef struct nn_class_score {
	double precision, recall, f1;
	int64_t support;
} nn_class_score;

typedef struct nn_classification {
	int class_count;
	int multilabel; /* each sample may have any number of the classes */
	int64_t samples;
	int64_t *confusion; /* (class_count, class_count): rows are true, columns predicted; NULL when multilabel */
	nn_class_score *classes;                          /* class_count */
	nn_class_score micro, macro, weighted, by_sample; /* by_sample: when multilabel; micro is accuracy when not */
	int unpredicted, absent;                          /* classes without a prediction, without a sample */
} nn_classification;

/* truth, predicted: (samples), each 0 .. class_count-1. 0, or 1 when memory ran out. */
int nn_classify(nn_classification *result, const int *truth, const int *predicted, int64_t samples, int class_count);
/* The same of a confusion matrix (class_count, class_count), which is taken over; NULL: memory ran out. */
int nn_classify_counted(nn_classification *result, int64_t *confusion, int class_count);
/* truth, predicted: (samples, class_count), 0 or 1. */
int nn_classify_multilabel(nn_classification *result, const uint8_t *truth, const uint8_t *predicted, int64_t samples,
                           int class_count);
void nn_classification_free(nn_classification *result);

/* classification_report(..., target_names=names, digits=digits), to the character. */
void nn_classification_text(nn_text *text, const nn_classification *result, const char *const *names, int digits);
/* The members of classification_report(..., output_dict=True), without the braces. */
void nn_classification_json(nn_text *text, const nn_classification *result, const char *const *names);
/* What scikit-learn warns of with it, one line each; nothing when all is well. */
void nn_classification_warn(const nn_classification *result, const char *const *names);
/* print(confusion_matrix(...)): as numpy prints an array of integers. */
void nn_confusion_text(nn_text *text, const int64_t *matrix, int class_count);

/* Area under the ROC curve of scores for being positive; ties count half. NAN when a class is empty or a score is NAN.
 */
double nn_roc_auc(const double *scores, const uint8_t *positive, int64_t samples);
/* The curve's corners from (0, 0) to (1, 1): false and true positive rates, in memory of the caller (samples + 1 each).
 * Returns their number, 0 when the curve is undefined. */
int64_t nn_roc_curve(const double *scores, const uint8_t *positive, int64_t samples, double *false_rates,
                     double *true_rates);
/* Mean of one class against the rest, all classes weighing the same (roc_auc_score(multi_class="ovr")). scores
 * (samples, classes) */
double nn_roc_auc_ovr(const double *scores, const int *truth, int64_t samples, int class_count);
/* -mean log of the probability of the true class, clipped to [eps, 1-eps]. probabilities (samples, classes) */
double nn_log_loss(const double *probabilities, const int *truth, int64_t samples, int class_count);

/* (samples, outputs) each. r2: the mean of the outputs' coefficients of determination. */
double nn_mean_absolute_error(const double *truth, const double *predicted, int64_t samples, int64_t outputs);
double nn_mean_squared_error(const double *truth, const double *predicted, int64_t samples, int64_t outputs);
double nn_r2(const double *truth, const double *predicted, int64_t samples, int64_t outputs);

/* Sum in numpy's order (pairwise), so that averages have its last bit. */
double nn_numpy_sum(const double *numbers, int64_t count);

#endif
