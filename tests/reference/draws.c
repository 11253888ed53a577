/* draws.c: in: a model whose numbers are drawn; out: checks of what they are drawn from, for draws differ from Keras's.
 *   statistics/PATH    mean, variance, lowest and highest of many draws by Keras, and the share of the range by which one
 *                      draw may miss the ends
 *   orthogonal/PATH    gain: the rows or the columns, whichever are fewer, are orthogonal and of that length
 *   initial/PATH       values that are not drawn
 *   expected/dropout   rate: in training every number of y is 0 or 1/(1 - rate) of what it is in inference
 *   expected/drawn     mean and variance of the numbers of y in training
 * Invariant: a right implementation fails about one check in a million. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "reference.h"

/* Five standard errors; the mean's kurtosis is at most a normal's. */
static void check_statistics(Reference *reference, const nn_tensor *tensor, const double *w, Expected expected)
{
	const double *wanted = expected.numbers;
	double n = (double)tensor->count, mean = 0, variance = 0, low = INFINITY, high = -INFINITY;
	for (size_t i = 0; i < tensor->count; i++) {
		mean += w[i]/n;
		low = fmin(low, w[i]);
		high = fmax(high, w[i]);
	}
	for (size_t i = 0; i < tensor->count; i++) variance += (w[i] - mean)*(w[i] - mean)/n;
	double slack = wanted[4]*(wanted[3] - wanted[2]), inside = wanted[4] < 0.1 ? 1e-3*(wanted[3] - wanted[2]) : slack;
	check(reference, fabs(mean - wanted[0]) < 5.5*sqrt(wanted[1]/n), "%s: mean %g; Keras: %g", tensor->name, mean, wanted[0]);
	check(reference, fabs(variance/wanted[1] - 1) < 5.5*sqrt(2/n), "%s: variance %g; Keras: %g", tensor->name, variance, wanted[1]);
	check(reference, fabs(low - wanted[2]) < slack && low > wanted[2] - inside, "%s: lowest %g; Keras: %g", tensor->name, low, wanted[2]);
	check(reference, fabs(high - wanted[3]) < slack && high < wanted[3] + inside, "%s: highest %g; Keras: %g", tensor->name, high, wanted[3]);
}

/* w (rows, columns), rows the product of all axes but the last */
static void check_orthogonal(Reference *reference, const nn_tensor *tensor, const double *w, double gain)
{
	size_t columns = (size_t)tensor->shape[tensor->rank - 1], rows = tensor->count/columns;
	size_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
	size_t step = rows < columns ? columns : 1, stride = rows < columns ? 1 : columns;
	double worst = 0;
	for (size_t a = 0; a < few; a++) {
		for (size_t b = 0; b < few; b++) {
			double dot = 0;
			for (size_t i = 0; i < many; i++) dot += w[a*step + i*stride]*w[b*step + i*stride];
			worst = fmax(worst, fabs(dot/(gain*gain) - (a == b)));
		}
	}
	check(reference, worst < 10*reference->tolerance, "%s: not orthogonal, by %g", tensor->name, worst);
}

static void check_exact(Reference *reference, const nn_tensor *tensor, const double *w, Expected expected)
{
	size_t wrong = expected.count != tensor->count;
	for (size_t i = 0; !wrong && i < tensor->count; i++) wrong += fabs(w[i] - expected.numbers[i]) > 1e-7;
	check(reference, !wrong, "%s: other initial values than Keras's", tensor->name);
}

void check_initial(Reference *reference)
{
	for (int i = 0; i < reference->model->tensor_count; i++) {
		const nn_tensor *tensor = &reference->model->tensors[i];
		double *w = numbers_read(reference, reference->state, tensor->offset, tensor->count);
		Expected statistics = expected_read(reference, "statistics/", tensor->name);
		Expected gain = expected_read(reference, "orthogonal/", tensor->name);
		Expected exact = expected_read(reference, "initial/", tensor->name);
		if (statistics.numbers) check_statistics(reference, tensor, w, statistics);
		if (gain.numbers) check_orthogonal(reference, tensor, w, gain.numbers[0]);
		if (exact.numbers) check_exact(reference, tensor, w, exact);
		free(statistics.numbers);
		free(gain.numbers);
		free(exact.numbers);
		free(w);
	}
	for (int i = 0; i < reference->file.count; i++) {
		const char *name = reference->file.entries[i].name, *path = strchr(name, '/');
		if (strncmp(name, "statistics/", 11) && strncmp(name, "orthogonal/", 11) && strncmp(name, "initial/", 8)) continue;
		check(reference, nn_tensor_find(reference->model, path + 1) != NULL, "the model has no weight '%s'", path + 1);
	}
}

/* The model is Points, then Dropout, then the loss mean(y_true*y): the gradient of points/w (K) is the sum over the batch of
 * y_true*kept/(1 - rate)/K/B. shown, y: (B, K), in inference and in training. */
static void check_kept(Reference *reference, const double *shown, const double *y, size_t count, double rate, const double *gradient, size_t width)
{
	Expected labels = expected_read(reference, "", "y");
	double zeros = 0, worst = 0, worst_gradient = 0;
	for (size_t i = 0; i < count; i++) {
		zeros += y[i] == 0;
		if (y[i] != 0) worst = fmax(worst, fabs(y[i] - shown[i]/(1 - rate)));
	}
	for (size_t k = 0; k < width; k++) {
		double sum = 0;
		for (size_t i = k; i < count; i += width) sum += labels.numbers[i]*(y[i] != 0)/(1 - rate)/(double)count;
		worst_gradient = fmax(worst_gradient, fabs(sum - gradient[k])*(double)count);
	}
	double n = (double)count;
	check(reference, fabs(zeros/n - rate) < 5*sqrt(rate*(1 - rate)/n), "dropout drops %g, not %g", zeros/n, rate);
	check(reference, worst < reference->tolerance*10, "dropout: what is kept is off by %g", worst);
	check(reference, worst_gradient < reference->tolerance*10, "dropout: the gradient is off by %g", worst_gradient);
	free(labels.numbers);
}

void check_dropout(Reference *reference)
{
	const nn_program *program = nn_program_find(reference->model, "gradients");
	Expected rate = expected_read(reference, "expected/", "dropout"), shown = expected_read(reference, "expected/", "y");
	double *y[3] = {NULL, NULL, NULL};
	size_t count[3] = {0, 0, 0}, width = 0;
	static const uint64_t steps[3] = {0, 1, 0};
	double *gradient = NULL;
	for (int i = 0; program && i < 3; i++) {
		if (program_run(reference, program, steps[i], 1)) break;
		y[i] = output_read(reference, program, "y", &count[i]);
		free(gradient);
		gradient = output_read(reference, program, "gradient points/w", &width);
	}
	if (y[2] && gradient && width && count[2] == shown.count) {
		check_kept(reference, shown.numbers, y[2], count[2], rate.numbers[0], gradient, width);
		check(reference, !memcmp(y[0], y[2], sizeof(double)*count[2]), "dropout: a step drops other numbers when it is run again");
		check(reference, memcmp(y[0], y[1], sizeof(double)*count[2]), "dropout: two steps drop the same numbers");
	} else {
		check(reference, 0, "dropout could not be checked");
	}
	for (int i = 0; i < 3; i++) free(y[i]);
	free(gradient);
	free(rate.numbers);
	free(shown.numbers);
}

void check_drawn(Reference *reference)
{
	const nn_program *program = nn_program_find(reference->model, "gradients");
	Expected wanted = expected_read(reference, "expected/", "drawn");
	size_t count = 0;
	double *y = program && !program_run(reference, program, 0, 1) ? output_read(reference, program, "y", &count) : NULL;
	double n = (double)count, mean = 0, variance = 0;
	for (size_t i = 0; i < count; i++) mean += y[i]/n;
	for (size_t i = 0; i < count; i++) variance += (y[i] - mean)*(y[i] - mean)/n;
	check(reference, count > 0 && fabs(mean - wanted.numbers[0]) < 5.5*sqrt(wanted.numbers[1]/n), "drawn: mean %g; Keras: %g", mean, wanted.numbers[0]);
	check(reference, count > 0 && fabs(variance/wanted.numbers[1] - 1) < 5.5*sqrt(2/n), "drawn: variance %g; Keras: %g", variance, wanted.numbers[1]);
	free(y);
	free(wanted.numbers);
}
