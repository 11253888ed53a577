/* Input: tests/reference/distributions.txt, what scipy computes. Output: pass or fail, with the expression that differs; and draws
 * beside what they are drawn from. */
#include <math.h>
#include "build_support.h"

enum { MOST = 64, DRAWN = 20000 };

static Built model_of(const char *expression, int width)
{
	char spec[2000];
	snprintf(spec, sizeof spec, "model:\n  input: [%d]\n  graph:\n    y: %s\n", width, expression);
	Built built = built_from(spec, false);
	if (built.context.errors) fail_msg("%s: %s", expression, built.messages);
	return built;
}

static int numbers_of(char *text, double *numbers)
{
	int count = 0;
	for (char *end; count < MOST; count++, text = end) {
		numbers[count] = strtod(text, &end);
		if (end == text) break;
	}
	return count;
}

/* rows of three numbers, one after the other: predict has a batch of one */
static void check_line(const char *expression, const double *x, const double *wanted, int count)
{
	Built built = model_of(expression, 3);
	const Program *predict = built_program(&built, "predict");
	for (int row = 0; row < 2; row++) {
		const Given given[] = {{"x", x + 3*row}, {NULL, NULL}};
		const double *found = built_evaluate(&built, predict, built_output(predict, "y"), 1, given);
		for (int i = 0; i < count/2; i++) {
			double want = wanted[row*(count/2) + i];
			if (!(found[i] == want || fabs(found[i] - want) < 1e-8*(1 + fabs(want)))) fail_msg("%s: %.12g, scipy %.12g", expression, found[i], want);
		}
	}
	built_free(&built);
}

static void test_densities(void **state)
{
	(void)state;
	char line[2000];
	double x[MOST], wanted[MOST];
	int lines = 0;
	FILE *file = fopen("tests/reference/distributions.txt", "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		char *bar = strstr(line, " | ");
		assert_non_null(bar);
		*bar = 0;
		int count = numbers_of(bar + 3, lines ? wanted : x);
		if (lines++) check_line(line, x, wanted, count);
	}
	fclose(file);
	assert_true(lines > 15);
}

static void moments(const char *expression, double mean, double variance)
{
	Built built = model_of(expression, DRAWN);
	const Program *predict = built_program(&built, "predict");
	const Given given[] = {{NULL, NULL}};
	const double *y = built_evaluate(&built, predict, built_output(predict, "y"), 1, given);
	double sum = 0, squares = 0;
	for (int i = 0; i < DRAWN; i++) sum += y[i]/DRAWN;
	for (int i = 0; i < DRAWN; i++) squares += (y[i] - sum)*(y[i] - sum)/DRAWN;
	if (fabs(sum - mean) > 5.5*sqrt(variance/DRAWN)) fail_msg("%s: mean %g, not %g", expression, sum, mean);
	if (fabs(squares/variance - 1) > 0.1) fail_msg("%s: variance %g, not %g", expression, squares, variance);
	built_free(&built);
}

static void test_draws(void **state)
{
	(void)state;
	moments("normal(shape(x)) + 0*x", 0, 1);
	moments("gumbel(shape(x)) + 0*x", 0.5772156649015329, 1.6449340668482264);
	moments("bernoulli(0.6*x) + 0*x", 0.3, 0.21); /* x is 0.5 */
	/* the logits log 1, log 1, log 2: the last class in half of the draws */
	moments("(categorical(stack([0*x, 0*x, 0*x + 0.6931471805599453], -1)) == 2) + 0*x", 0.5, 0.25);
	moments("gumbel_softmax(stack([0*x, 0*x + 1.0986122886681098], -1), 0.5, hard=true)[:, :, 1] + 0*x", 0.75, 0.1875);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_densities), cmocka_unit_test(test_draws)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
