/* test_sampling.c: how often each of some shares is chosen, against what is worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "nn_random.h"
#include "sampling.h"

enum { COUNT = 6, DRAWS = 100000 };
static const double shares[COUNT] = {0.05, 0.4, 0, 0.2, 0.25, 0.1};

static void check(nn_sampling sampling, const double *expected)
{
	double logs[COUNT];
	int chosen[COUNT] = {0}, room[COUNT];
	for (int i = 0; i < COUNT; i++) logs[i] = log(shares[i]) + 3; /* any constant */
	for (int i = 0; i < DRAWS; i++) {
		int which = nn_sample(&sampling, logs, COUNT, room, (i + 0.5)/DRAWS); /* every part of [0, 1) alike: no chance in it */
		assert_in_range(which, 0, COUNT - 1);
		chosen[which]++;
	}
	for (int i = 0; i < COUNT; i++)
		if (fabs((double)chosen[i]/DRAWS - expected[i]) > 2.0/DRAWS) fail_msg("number %d: %g, not %g", i, (double)chosen[i]/DRAWS, expected[i]);
}

static void chooses_by_shares(void **state)
{
	(void)state;
	check((nn_sampling){1, 0, 1}, shares);
	check((nn_sampling){1, 99, 1}, shares);
	double sum = 0, squares[COUNT];
	for (int i = 0; i < COUNT; i++) sum += shares[i]*shares[i];
	for (int i = 0; i < COUNT; i++) squares[i] = shares[i]*shares[i]/sum;
	check((nn_sampling){0.5, 0, 1}, squares);
}

static void chooses_among_the_largest(void **state)
{
	(void)state;
	check((nn_sampling){1, 3, 1}, (double[]){0, 0.4/0.85, 0, 0.2/0.85, 0.25/0.85, 0});
	check((nn_sampling){1, 0, 0.5}, (double[]){0, 0.4/0.65, 0, 0, 0.25/0.65, 0}); /* 0.4 is not enough, 0.65 is */
	check((nn_sampling){1, 0, 0.9}, (double[]){0, 0.4/0.95, 0, 0.2/0.95, 0.25/0.95, 0.1/0.95});
	check((nn_sampling){1, 3, 0.7}, (double[]){0, 0.4/0.65, 0, 0, 0.25/0.65, 0}); /* of the three 0.47 and 0.76 */
	double sum = 0.16 + 0.0625;
	check((nn_sampling){0.5, 0, 0.6}, (double[]){0, 0.16/sum, 0, 0, 0.0625/sum, 0}); /* of squares: 0.16, 0.0625 of 0.275 */
	static const nn_sampling greedy[] = {{0, 0, 1}, {0, 3, 0.5}, {1, 1, 1}, {3, 0, 1e-9}};
	for (int i = 0; i < 4; i++) check(greedy[i], (double[]){0, 1, 0, 0, 0, 0});
}

static void keeps_to_what_is_a_number(void **state)
{
	(void)state;
	int room[4];
	const nn_sampling plain = {1, 0, 1}, greedy = {0, 0, 1};
	assert_int_equal(nn_sample(&plain, (double[]){-INFINITY, NAN, 1, INFINITY}, 4, room, 0.9), 2);
	assert_int_equal(nn_sample(&plain, (double[]){-INFINITY, NAN, -INFINITY, NAN}, 4, room, 0.5), -1);
	assert_int_equal(nn_sample(&greedy, (double[]){-5, 2, 2, 1}, 4, room, 0.99), 1); /* the first of equal ones */
	assert_int_equal(nn_sample(&plain, (double[]){-5e300, 0, 0, -1e300}, 4, room, 0.7), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(chooses_by_shares), cmocka_unit_test(chooses_among_the_largest),
		cmocka_unit_test(keeps_to_what_is_a_number)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
