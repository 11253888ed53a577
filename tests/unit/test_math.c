/* test_math.c: the float functions of nn_math.h against libm in double: errors in units in the last place over all floats (every
 * 977th), infinities, not-a-number and denormals; and loops of them as models compile them: vectors give the bits of scalars. */
#include <dlfcn.h>
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "../../runtime/nn_math.h"

static double sigmoid(double x) { return x < 0 ? exp(x)/(1 + exp(x)) : 1/(1 + exp(-x)); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static const struct Function {
	const char *name;
	float (*f)(float);
	double (*reference)(double);
	double ulps; /* at most */
	float minus_infinity, zero, infinity; /* values there; NAN: not-a-number */
} functions[] = {
	{"exp", nn_exp, exp, 2, 0, 1, INFINITY},
	{"log", nn_log, log, 2, NAN, -INFINITY, INFINITY},
	{"tanh", nn_tanh, tanh, 2, -1, 0, 1},
	{"sigmoid", nn_sigmoid, sigmoid, 3, 0, 0.5f, 1},
	{"softplus", nn_softplus, softplus, 3, 0, 0.693147181f, INFINITY},
	{"erf", nn_erf, erf, 3, -1, 0, 1},
	{"sqrt", nn_sqrt, sqrt, 0.5, NAN, 0, INFINITY},
};
enum { FUNCTIONS = sizeof functions/sizeof *functions };

static double ulp(double x)
{
	int exponent;
	frexp(x, &exponent);
	return ldexp(1, (exponent < FLT_MIN_EXP ? FLT_MIN_EXP : exponent) - FLT_MANT_DIG);
}

/* Below the least normal number a result may be 0: its last place does not matter to anybody. */
static double error_of(const struct Function *function, float x, float value)
{
	double got = (double)value, wanted = function->reference((double)x);
	if (isnan(wanted)) return isnan(got) ? 0 : INFINITY;
	if (fabs(wanted) > (double)FLT_MAX) return got == (wanted < 0 ? -INFINITY : INFINITY) || fabs(got) >= 0.9999*(double)FLT_MAX ? 0 : INFINITY;
	if (fabs(wanted) < (double)FLT_MIN) return fabs(got - wanted) <= 1.0001*(double)FLT_MIN ? 0 : INFINITY;
	return fabs(got - wanted)/ulp(wanted);
}

static double error(const struct Function *function, float x) { return error_of(function, x, function->f(x)); }

static float from_bits(uint32_t bits)
{
	float x;
	memcpy(&x, &bits, sizeof x);
	return x;
}

static void test_errors(void **state)
{
	(void)state;
	int wrong = 0;
	for (int i = 0; i < FUNCTIONS; i++) {
		double worst = 0;
		float where = 0;
		for (uint64_t bits = 0; bits <= 0xFFFFFFFFu; bits += 977) {
			float x = from_bits((uint32_t)bits);
			double e = error(&functions[i], x);
			if (e > worst) worst = e, where = x;
		}
		print_message("%-9s %.3f ulps at %.9g\n", functions[i].name, worst, (double)where);
		wrong += !(worst <= functions[i].ulps);
	}
	assert_int_equal(wrong, 0);
}

/* densely where networks work: -20 .. 20 */
static void test_near(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++)
		for (int k = -200000; k <= 200000; k++) {
			float x = (float)k*1e-4f;
			if (!(error(&functions[i], x) <= functions[i].ulps)) fail_msg("%s(%.9g): %g ulps", functions[i].name, (double)x, error(&functions[i], x));
		}
}

static bool same(float got, float wanted) { return isnan(wanted) ? isnan(got) : got == wanted; }

static void test_edges(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		const struct Function *f = &functions[i];
		assert_true(isnan(f->f(NAN)));
		assert_true(same(f->f(INFINITY), f->infinity));
		assert_true(same(f->f(-INFINITY), f->minus_infinity));
		assert_true(same(f->f(0), f->zero));
		assert_true(same(f->f(-0.0f), f->zero));
		for (float x = FLT_TRUE_MIN; x < 1e-30f; x *= 3) assert_true(error(f, x) <= f->ulps && error(f, -x) <= f->ulps);
	}
	assert_true(nn_max(1, 2) == 2 && nn_min(1, 2) == 1 && nn_abs(-3) == 3);
	assert_true(nn_less(1, 2) == 1 && nn_less(2, 2) == 0 && nn_equal(2, 2) == 1 && nn_equal(2, 3) == 0 && nn_equal(NAN, NAN) == 0);
	assert_true(nn_select(0, 1, 2) == 2 && nn_select(-1, 1, 2) == 1);
}

/* --- as models are compiled */

static const char program[] =
	"#include \"nn_math.h\"\n"
	"#define LOOP(f) void vectors_##f(const float *x, float *y, int n) { _Pragma(\"omp simd\") for (int i = 0; i < n; i++) y[i] = nn_##f(x[i]); }\\\n"
	"	float scalar_##f(float x) { return nn_##f(x); }\n"
	"LOOP(exp) LOOP(log) LOOP(tanh) LOOP(sigmoid) LOOP(softplus) LOOP(erf) LOOP(sqrt)\n";

static void *address(void *object, const char *stem, const char *name)
{
	char symbol[40];
	snprintf(symbol, sizeof symbol, "%s_%s", stem, name);
	void *found = dlsym(object, symbol);
	assert_non_null(found);
	return found;
}

static void check_loops(void *object)
{
	enum { COUNT = 1 << 16 };
	float *x = malloc(COUNT*sizeof *x), *y = malloc(COUNT*sizeof *y);
	for (uint32_t i = 0; i < COUNT; i++) x[i] = i < COUNT/2 ? from_bits(i*2*65537u) : ((float)i - 0.75f*COUNT)*0.002f;
	for (int i = 0; i < FUNCTIONS; i++) {
		void (*vectors)(const float *, float *, int);
		float (*scalar)(float);
		void *found[2] = {address(object, "vectors", functions[i].name), address(object, "scalar", functions[i].name)};
		memcpy(&vectors, &found[0], sizeof vectors);
		memcpy(&scalar, &found[1], sizeof scalar);
		vectors(x, y, COUNT - 3);
		for (int k = 0; k < COUNT - 3; k++) {
			float one = scalar(x[k]);
			bool bits = isnan(one) ? isnan(y[k]) : !memcmp(&one, &y[k], sizeof one);
			if (!bits) fail_msg("%s(%.9g) is %.9g in a loop, %.9g alone", functions[i].name, (double)x[k], (double)y[k], (double)one);
			double e = error_of(&functions[i], x[k], one);
			if (!(e <= functions[i].ulps)) fail_msg("%s(%.9g) is %.9g as models are compiled: %g ulps", functions[i].name, (double)x[k], (double)one, e);
		}
	}
	free(x);
	free(y);
}

static void test_loops(void **state)
{
	const char *compiler = *state;
	char command[400];
	mkdir("build", 0777), mkdir("build/tests", 0777);
	FILE *file = fopen("build/tests/math_loops.c", "w");
	assert_non_null(file);
	assert_true(fputs(program, file) >= 0 && !fclose(file));
	snprintf(command, sizeof command, "%s -std=c11 -O3 -march=native -fopenmp -ffp-contract=fast -fno-math-errno -fno-trapping-math -shared -fPIC "
		"-Wno-pass-failed -Wno-unknown-warning-option -Iruntime -o build/tests/math_loops_%s.so build/tests/math_loops.c -lm", compiler, compiler);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "build/tests/math_loops_%s.so", compiler);
	void *object = dlopen(command, RTLD_NOW | RTLD_NODELETE);
	if (!object) fail_msg("%s", dlerror());
	check_loops(object);
}

/* a relu of not-a-number is not-a-number, so that a loss that was spoilt is seen */
static void test_not_a_number(void **state)
{
	(void)state;
	assert_true(isnan(nn_max(NAN, 0)) && isnan(nn_min(NAN, 6)) && isnan(nn_min(nn_max(NAN, 0), 6)));
	assert_true(nn_max(-1, 0) == 0 && nn_max(2, 0) == 2 && nn_min(7, 6) == 6 && nn_min(5, 6) == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors), cmocka_unit_test(test_near), cmocka_unit_test(test_edges), cmocka_unit_test(test_not_a_number),
		{"loops by gcc", test_loops, NULL, NULL, "gcc"}, {"loops by clang", test_loops, NULL, NULL, "clang"}};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
