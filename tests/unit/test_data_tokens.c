/* test_data_tokens.c: tests/reference/tokens.txt, what Keras's TextVectorization made of lines of text, against our tokens,
 * vocabulary and table; and decoding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_support.h"
#include "data_text.h"

enum { LINES = 32, TABLE = 4096 * NN_VOCABULARY_COLUMNS };

typedef struct Case {
	Tokenizer tokenizer;
	int size, length;
	char *lines[LINES];
	int count;
	Words words;
	int64_t counts[4096], order[4096], kept;
} Case;

static char *from_hex(const char *hex, size_t digits)
{
	char *text = calloc(digits / 2 + 1, 1);
	for (size_t i = 0; *hex != '-' && i + 1 < digits; i += 2) {
		char two[3] = {hex[i], hex[i + 1], 0};
		text[i / 2] = (char)strtol(two, NULL, 16);
	}
	return text;
}

static void begin_case(Case *item, const char *line)
{
	static const char *const standards[] = {"None", "lower", "strip_punctuation", "lower_and_strip_punctuation"};
	char split[40], standard[40];
	*item = (Case){0};
	assert_int_equal(sscanf(line, "%39s %39s %d %d", split, standard, &item->size, &item->length), 4);
	item->tokenizer.kind = strcmp(split, "character") == 0 ? NN_CHARACTERS : NN_WORDS;
	for (int i = 0; i < 4; i++)
		if (strcmp(standards[i], standard) == 0) item->tokenizer.standardize = (nn_standardize)i;
}

static void learn(Case *item)
{
	for (int i = 0; i < item->count; i++) {
		const char *at = item->lines[i], *end = at + strlen(at);
		Token token;
		while (nn_next_token(&item->tokenizer, &at, end, &token)) {
			int64_t place = nn_words_add(&item->words, &item->tokenizer, &token);
			assert_true(place >= 0);
			item->counts[place]++;
		}
	}
	item->kept = nn_words_commonest(&item->words, item->counts, item->size - NN_FIRST_TOKEN, item->order);
}

static void check_vocabulary(const Case *item, char *line)
{
	int64_t i = 0;
	for (char *word = strtok(line, " \n"); word != NULL; word = strtok(NULL, " \n"), i++) {
		char *expected = from_hex(word, strlen(word));
		assert_true(i < item->kept);
		assert_string_equal(item->words.text + item->words.at[item->order[i]], expected);
		free(expected);
	}
	assert_int_equal(i, item->kept);
}

/* One line through the table in the state, beside Keras's ids. */
static void check_ids(const Case *item, const nn_model *model, const void *state, const nn_tensor *table, int row, char *line)
{
	const char *at = item->lines[row], *end = at + strlen(at);
	Token token;
	for (char *id = strtok(line, " \n"); id != NULL; id = strtok(NULL, " \n")) {
		int64_t found = nn_next_token(&item->tokenizer, &at, end, &token) ? nn_vocabulary_find(model, state, table, token.hash) : 0;
		assert_int_equal(found, atoi(id));
	}
}

static void ids_are_keras_s(void **context)
{
	(void)context;
	static char line[1 << 16];
	static double state[TABLE];
	FILE *file = fopen("tests/reference/tokens.txt", "r");
	Case item = {0};
	nn_tensor table = {.rank = 2};
	int row = 0, cases = 0;
	assert_non_null(file);
	while (fgets(line, sizeof line, file)) {
		nn_model model = {.number_size = cases % 2 ? 4 : 8};
		if (strncmp(line, "case: ", 6) == 0) {
			begin_case(&item, line + 6);
			row = 0;
		} else if (strncmp(line, "text: ", 6) == 0) {
			assert_true(item.count < LINES);
			item.lines[item.count++] = from_hex(line + 6, strcspn(line + 6, "\n"));
		} else if (strncmp(line, "vocabulary: ", 12) == 0) {
			learn(&item);
			check_vocabulary(&item, line + 12);
			table.shape[0] = nn_vocabulary_rows(item.size);
			memset(state, 0, sizeof state);
			for (int64_t i = 0; i < item.kept; i++)
				assert_int_equal(nn_vocabulary_put(&model, state, &table, item.words.hashes[item.order[i]], NN_FIRST_TOKEN + i), 0);
		} else if (strncmp(line, "ids: ", 5) == 0)
			check_ids(&item, &model, state, &table, row++, line + 5);
		else {
			for (int i = 0; i < item.count; i++) free(item.lines[i]);
			nn_words_free(&item.words);
			cases++;
		}
	}
	fclose(file);
	assert_int_equal(cases, 24);
}

static void many_words(void **context)
{
	(void)context;
	Words words = {0};
	char text[16];
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 50000; i++) {
			snprintf(text, sizeof text, "w%d", i);
			assert_int_equal(nn_words_add_text(&words, text), i);
		}
	assert_int_equal(words.count, 50000);
	assert_string_equal(words.text + words.at[49999], "w49999");
	nn_words_free(&words);
}

static void a_full_table_ends(void **context)
{
	(void)context;
	nn_model model = {.number_size = 8};
	nn_tensor table = {.shape = {4}};
	double state[4 * NN_VOCABULARY_COLUMNS] = {0};
	for (int i = 0; i < 4; i++) assert_int_equal(nn_vocabulary_put(&model, state, &table, (uint64_t)i, i + 2), 0);
	assert_int_equal(nn_vocabulary_put(&model, state, &table, 2, 9), 1);
	assert_int_equal(nn_vocabulary_find(&model, state, &table, 2), 4);
	assert_int_equal(nn_vocabulary_find(&model, state, &table, 77), NN_UNKNOWN);
}

/* bytes in an encoding -> UTF-8, or what is said */
static void check_decode(const char *encoding, const char *bytes, size_t size, const char *expected, const char *said)
{
	char *text;
	size_t length;
	int kept = begin_listening();
	int failed = nn_decode("a.txt", encoding, 1, (const uint8_t *)bytes, size, &text, &length);
	const char *heard = end_listening(kept);
	assert_int_equal(failed, said != NULL);
	if (said != NULL) {
		assert_says(heard, said);
		assert_one_error(heard);
		assert_null(text);
		return;
	}
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
	free(text);
}

#define BYTES(text) text, sizeof text - 1

static void decodes(void **context)
{
	(void)context;
	char latin[300], utf8[600] = "";
	check_decode("latin1", BYTES("na\xefve\n"), "na\xc3\xafve\n", NULL);
	check_decode("cp1252", BYTES("\x80 5"), "\xe2\x82\xac 5", NULL);
	check_decode("utf-8", BYTES("\xef\xbb\xbf" "a\xc3\xa9"), "a\xc3\xa9", NULL);
	check_decode("utf-8", BYTES(""), "", NULL);
	check_decode("utf-16", BYTES("\xff\xfe" "a\0\n\0"), "a\n", NULL);
	for (int i = 0; i < 299; i++) {
		latin[i] = (char)0xe9;
		strcat(utf8, "\xc3\xa9");
	}
	check_decode("latin1", latin, 299, utf8, NULL); /* grows */
	check_decode("utf-8", BYTES("one\ntwo\nna\xefve\n"), NULL, "a.txt:3: byte 0xef at offset 10 is not utf-8");
	check_decode("ascii", BYTES("\xc3\xa9"), NULL, "a.txt:1: byte 0xc3 at offset 0 is not ascii");
	check_decode("utf-8", BYTES("a\n\xc3"), NULL, "a.txt:2: ends within a character of utf-8");
	check_decode("klingon", BYTES("a"), NULL, "knows no encoding \"klingon\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(ids_are_keras_s), cmocka_unit_test(many_words),
					   cmocka_unit_test(a_full_table_ends), cmocka_unit_test(decodes)};
	fresh_folder("tokens");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
