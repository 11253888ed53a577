/* test_util.c: arenas, nearest words, Keras's names, files, hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "util.h"

static void test_arena(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 16384, 16385, 70000, 3, 1 << 20, 5};
	unsigned char *blocks[sizeof sizes / sizeof *sizes];
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		blocks[i] = arena_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(blocks[i][k], 0);
		memset(blocks[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(blocks[i][k], i + 1);
	assert_string_equal(arena_copy(arena, "abcdef", 3), "abc");
	assert_string_equal(arena_format(arena, "%s-%05d", "x", 42), "x-00042");
	arena_free(arena);
}

static void test_grow(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	int *items = NULL, capacity = 0;
	for (int i = 0; i < 1000; i++) {
		items = arena_grow(arena, items, i, &capacity, sizeof *items);
		assert_true(capacity > i);
		items[i] = i * i;
	}
	for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i * i);
	arena_free(arena);
}

static void test_distance(void **state)
{
	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_int_equal(text_distance("RELU", "relu"), 0);
	assert_int_equal(text_distance("smae", "same"), 1);
	assert_int_equal(text_distance("ab", "ba"), 1);
	assert_int_equal(text_distance("abcdef", "bacdfe"), 2);
	char long_word[1000];
	memset(long_word, 'a', sizeof long_word - 1);
	long_word[sizeof long_word - 1] = 0;
	assert_true(text_distance(long_word, "a") > 900);
}

static void test_nearest(void **state)
{
	(void)state;
	const char *const names[] = {"valid", "same", "activation", "units", "x", NULL};
	assert_string_equal(text_nearest("smae", names, 6), "same");
	assert_string_equal(text_nearest("activaton", names, 6), "activation");
	assert_string_equal(text_nearest("Units", names, 6), "units");
	assert_null(text_nearest("y", names, 6));
	assert_null(text_nearest("something", names, 6));
	assert_null(text_nearest("", names, 6));
}

static void test_snake(void **state)
{
	(void)state;
	const char *const pairs[][2] = {{"MaxPooling2D", "max_pooling2d"}, {"Dense", "dense"}, {"LSTM", "lstm"},
		{"LSTMCell", "lstm_cell"}, {"BatchNormalization", "batch_normalization"},
		{"Conv2DTranspose", "conv2d_transpose"}, {"my_Block", "my_block"}, {"GRU", "gru"},
		{"GlobalAveragePooling2D", "global_average_pooling2d"}, {"XAbCd", "x_ab_cd"}, {"", ""}};
	Arena *arena = arena_new();
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_string_equal(text_snake(arena, pairs[i][0]), pairs[i][1]);
	arena_free(arena);
}

static void test_file(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	size_t size = 0;
	mkdir("build", 0777);
	FILE *file = fopen("build/test_util.tmp", "wb");
	assert_non_null(file);
	for (int i = 0; i < 200000; i++) putc(i % 251, file);
	fclose(file);
	const unsigned char *text = (const unsigned char *)file_read(arena, "build/test_util.tmp", &size);
	assert_non_null(text);
	assert_int_equal(size, 200000);
	for (int i = 0; i < 200000; i++) assert_int_equal(text[i], i % 251);
	assert_int_equal(text[size], 0);
	remove("build/test_util.tmp");
	assert_null(file_read(arena, "build/no such file", &size));
	assert_int_equal(errno, ENOENT);
	assert_null(file_read(arena, "build", &size));
	assert_int_equal(errno, EISDIR);
	arena_free(arena);
}

static void test_hash(void **state)
{
	(void)state;
	assert_true(hash_bytes("", 0, 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(hash_bytes("a", 1, 0) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(hash_bytes("foobar", 6, 0) == UINT64_C(0x85944171f73967e8));
	assert_true(hash_bytes("a", 1, 1) != hash_bytes("a", 1, 0));
}

static void test_text_map(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	TextMap map = {0};
	assert_false(text_map_has(&map, "a"));
	for (int i = 0; i < 1000; i++) *text_map(arena, &map, arena_format(arena, "name_%d", i)) = i + 1;
	for (int i = 0; i < 1000; i++) assert_int_equal(*text_map(arena, &map, arena_format(arena, "name_%d", i)), i + 1);
	assert_int_equal(map.count, 1000);
	assert_true(text_map_has(&map, "name_7") && !text_map_has(&map, "name_1000"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_map),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_snake),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
