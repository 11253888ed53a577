/* Input: scores or numbers beside the truth. Output: one number a metric.
 * Invariant: equal to scikit-learn's function of the same name; ties in scores are counted exactly, in whole numbers.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include "metrics.h"

double nn_numpy_sum(const double *numbers, int64_t count) {
	if (count < 8) {
		double sum = 0;
		for (int64_t i = 0; i < count; i++) sum += numbers[i];
		return sum;
	}
	if (count > 128) {
		int64_t half = count / 2;
		half -= half % 8;
		return nn_numpy_sum(numbers, half) + nn_numpy_sum(numbers + half, count - half);
	}
	double r[8];
	int64_t i = 8;
	for (int k = 0; k < 8; k++) r[k] = numbers[k];
	for (; i < count - count % 8; i += 8)
		for (int k = 0; k < 8; k++) r[k] += numbers[i + k];
	double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
	for (; i < count; i++) sum += numbers[i];
	return sum;
}

typedef struct Scored {
	double score;
	int positive;
} Scored;

static int by_score(const void *a, const void *b) {
	double p = ((const Scored *)a)->score, q = ((const Scored *)b)->score;
	return p > q ? -1 : p < q; /* the highest first */
}

/* Samples sorted by score, the highest first; NULL when a score is NAN or memory ran out. Freed by the caller. */
static Scored *sort_scores(const double *scores, const uint8_t *positive, int64_t samples, int64_t *positives) {
	Scored *sorted = malloc(sizeof *sorted * (size_t)(samples + 1));
	*positives = 0;
	for (int64_t i = 0; sorted && i < samples; i++) {
		if (isnan(scores[i])) {
			free(sorted);
			return NULL;
		}
		sorted[i] = (Scored){scores[i], positive[i] != 0};
		*positives += positive[i] != 0;
	}
	if (sorted) qsort(sorted, (size_t)samples, sizeof *sorted, by_score);
	return sorted;
}

double nn_roc_auc(const double *scores, const uint8_t *positive, int64_t samples) {
	int64_t positives, above = 0;
	Scored *sorted = sort_scores(scores, positive, samples, &positives);
	double doubled = 0; /* pairs in the right order, twice; a tie counts once */
	if (!sorted) return NAN;
	for (int64_t i = 0, end; i < samples; i = end) {
		int64_t tied_positive = 0;
		for (end = i; end < samples && sorted[end].score == sorted[i].score; end++)
			tied_positive += sorted[end].positive;
		int64_t tied_negative = end - i - tied_positive;
		doubled += (double)tied_negative * (double)(2 * above + tied_positive);
		above += tied_positive;
	}
	free(sorted);
	if (!positives || positives == samples) return NAN;
	return doubled / (2 * (double)positives * (double)(samples - positives));
}

int64_t nn_roc_curve(const double *scores, const uint8_t *positive, int64_t samples, double *false_rates,
                     double *true_rates) {
	int64_t positives, hits = 0, count = 0;
	Scored *sorted = sort_scores(scores, positive, samples, &positives);
	if (!sorted || !positives || positives == samples) {
		free(sorted);
		return 0;
	}
	false_rates[count] = true_rates[count] = 0, count++;
	for (int64_t i = 0, end; i < samples; i = end) {
		for (end = i; end < samples && sorted[end].score == sorted[i].score; end++)
			hits += sorted[end].positive;
		double x = (double)(end - hits) / (double)(samples - positives), y = (double)hits / (double)positives;
		int straight = count > 1 && ((x == false_rates[count - 1] && x == false_rates[count - 2]) ||
		                             (y == true_rates[count - 1] && y == true_rates[count - 2]));
		if (straight) count--;
		false_rates[count] = x, true_rates[count] = y, count++;
	}
	free(sorted);
	return count;
}

double nn_roc_auc_ovr(const double *scores, const int *truth, int64_t samples, int class_count) {
	double *column = malloc(sizeof *column * (size_t)(samples + 1));
	uint8_t *positive = malloc((size_t)samples + 1);
	double sum = column && positive ? 0 : NAN;
	for (int c = 0; c < class_count && !isnan(sum); c++) {
		for (int64_t i = 0; i < samples; i++)
			column[i] = scores[i * class_count + c], positive[i] = truth[i] == c;
		sum += nn_roc_auc(column, positive, samples);
	}
	free(column);
	free(positive);
	return sum / class_count;
}

double nn_log_loss(const double *probabilities, const int *truth, int64_t samples, int class_count) {
	double sum = 0;
	for (int64_t i = 0; i < samples; i++) {
		double p = probabilities[i * class_count + truth[i]];
		sum -= log(p < DBL_EPSILON ? DBL_EPSILON : p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p);
	}
	return samples ? sum / (double)samples : NAN;
}

double nn_mean_absolute_error(const double *truth, const double *predicted, int64_t samples, int64_t outputs) {
	double sum = 0;
	for (int64_t i = 0; i < samples * outputs; i++) sum += fabs(truth[i] - predicted[i]);
	return sum / (double)(samples * outputs);
}

double nn_mean_squared_error(const double *truth, const double *predicted, int64_t samples, int64_t outputs) {
	double sum = 0;
	for (int64_t i = 0; i < samples * outputs; i++) sum += (truth[i] - predicted[i]) * (truth[i] - predicted[i]);
	return sum / (double)(samples * outputs);
}

/* Of output k alone: 1 - residual / total; a constant truth gives 1 when met and 0 when not. */
static double r2_of(const double *truth, const double *predicted, int64_t samples, int64_t outputs, int64_t k) {
	double mean = 0, residual = 0, total = 0;
	for (int64_t i = 0; i < samples; i++) mean += truth[i * outputs + k];
	mean /= (double)samples;
	for (int64_t i = k; i < samples * outputs; i += outputs) {
		residual += (truth[i] - predicted[i]) * (truth[i] - predicted[i]);
		total += (truth[i] - mean) * (truth[i] - mean);
	}
	if (total == 0) return residual == 0;
	return 1 - residual / total;
}

double nn_r2(const double *truth, const double *predicted, int64_t samples, int64_t outputs) {
	double sum = 0;
	if (samples < 2) return NAN;
	for (int64_t k = 0; k < outputs; k++) sum += r2_of(truth, predicted, samples, outputs, k);
	return sum / (double)outputs;
}
