/* test_random.c: Philox4x32-10 against the known answers of its authors (Random123, kat_vectors), and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../runtime/nn_random.h"

/* counter and key as the authors write them -> the arguments of nn_philox_at */
static nn_philox philox(const uint32_t counter[4], const uint32_t key[2])
{
	uint64_t seed = (uint64_t)key[1] << 32 | key[0];
	return nn_philox_at(seed, counter[2], counter[3], counter[1], counter[0]);
}

static void test_known_answers(void **state)
{
	(void)state;
	static const struct {
		uint32_t counter[4], key[2], answer[4];
	} known[] = {
		{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}, {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	};
	for (size_t i = 0; i < sizeof known/sizeof *known; i++) {
		nn_philox got = philox(known[i].counter, known[i].key);
		for (int lane = 0; lane < 4; lane++) assert_int_equal(got.lane[lane], known[i].answer[lane]);
	}
}

/* the high half of a step is not lost: it goes into the key */
static void test_long_steps(void **state)
{
	(void)state;
	nn_philox low = nn_philox_at(7, 3, 1, 2, 5), high = nn_philox_at(7, 3 + ((uint64_t)1 << 32), 1, 2, 5);
	assert_true(low.lane[0] != high.lane[0] && low.lane[1] != high.lane[1]);
}

static void test_uniform(void **state)
{
	(void)state;
	assert_true(nn_unit(0) == 0 && nn_unit(~0u) == 16777215.0/16777216.0);
	double sum = 0, square = 0;
	enum { DRAWS = 100000 };
	for (int i = 0; i < DRAWS; i++) {
		double u = nn_uniform_at(1, 2, 3, 4, (uint64_t)i);
		nn_philox block = nn_philox_at(1, 2, 3, 4, (uint32_t)i/4);
		assert_true(u >= 0 && u < 1 && u == (double)(float)u && u == nn_unit(block.lane[i%4]));
		sum += u;
		square += u*u;
	}
	double mean = sum/DRAWS, variance = square/DRAWS - mean*mean; /* 6 deviations: 0.2887/sqrt(100000), 0.0745/sqrt(100000) */
	assert_true(mean > 0.5 - 0.0055 && mean < 0.5 + 0.0055);
	assert_true(variance > 1/12.0 - 0.0015 && variance < 1/12.0 + 0.0015);
}

/* every coordinate of a draw counts */
static void test_keys(void **state)
{
	(void)state;
	double here = nn_uniform_at(1, 1, 1, 1, 1);
	assert_true(here != nn_uniform_at(2, 1, 1, 1, 1) && here != nn_uniform_at(1 + ((uint64_t)1 << 32), 1, 1, 1, 1));
	assert_true(here != nn_uniform_at(1, 2, 1, 1, 1) && here != nn_uniform_at(1, 1, 2, 1, 1));
	assert_true(here != nn_uniform_at(1, 1, 1, 2, 1) && here != nn_uniform_at(1, 1, 1, 1, 2));
}

static void test_below(void **state)
{
	(void)state;
	assert_int_equal(nn_below(0, 10), 0);
	assert_int_equal(nn_below(~0u, 10), 9);
	assert_int_equal(nn_below(~0u, ~0u), ~0u - 1);
	int seen[7] = {0};
	for (uint32_t i = 0; i < 7000; i++) seen[nn_below(nn_philox_at(5, 0, 0, 0, i).lane[0], 7)]++;
	for (int i = 0; i < 7; i++) assert_true(seen[i] > 820 && seen[i] < 1180); /* 6 deviations of 29 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_answers), cmocka_unit_test(test_long_steps), cmocka_unit_test(test_uniform),
		cmocka_unit_test(test_keys), cmocka_unit_test(test_below)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
