/* test_data_text.c: sources of text: every way to give them, ids, padding, vocabularies, labels, and what is said of what is
 * wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "checkpoint.h"
#include "data_support.h"
#include "data_text_source.h"

#define ROOT TMP "/text"
enum { LENGTH = 4, TABLE_ROWS = 64 };

static double table_state[TABLE_ROWS * NN_VOCABULARY_COLUMNS];

/* Words of two classes, samples of four tokens, ids for `size`. */
static void text_model(FakeModel *fake, nn_task task, int size)
{
	const int64_t shape[1] = {LENGTH};
	fake_model(fake, "text", task, 1, 1, shape);
	fake->source.encoding = "utf-8";
	fake->source.standardize = NN_LOWER_AND_STRIP;
	fake->source.sequence_length = LENGTH;
	fake->source.vocabulary_size = size;
	fake->source.header = 1;
	fake->fields[FAKE_INPUT].name = "data.tokens";
	fake->fields[FAKE_INPUT].integer = 1;
	fake->inputs[0].name = "data.tokens";
	fake->tensors[0] = (nn_tensor){.name = "data/vocabulary", .role = NN_FITTED, .rank = 2, .shape = {TABLE_ROWS, NN_VOCABULARY_COLUMNS},
				       .count = TABLE_ROWS * NN_VOCABULARY_COLUMNS};
	fake->model.tensors = fake->tensors;
	fake->model.tensor_count = 1;
}

static nn_data_request train_only(const char *path)
{
	return (nn_data_request){.need = NN_NEED_TRAIN, .train = path};
}

/* Opens, fits, and compares the ids of all samples. */
static void check_ids(FakeModel *fake, const char *path, const double (*ids)[LENGTH], const double *labels, int count)
{
	nn_datasets sets;
	nn_loader *loader;
	nn_data_request request = train_only(path);
	open_sets(&fake->model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, table_state), 0);
	assert_int_equal(nn_dataset_count(sets.train), count);
	const nn_batch *batch = whole_set(sets.train, table_state, &loader);
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < LENGTH; k++) assert_true(((const double *)batch->fields[FAKE_INPUT])[i * LENGTH + k] == ids[i][k]);
		if (labels) assert_true(((const double *)batch->fields[FAKE_LABEL])[i] == labels[i]);
	}
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void make_files(void)
{
	fresh_folder("text");
	write_text(ROOT "/bad.txt", "A bad, bad film.\r\n\r\nThe bad a\n");
	write_text(ROOT "/good.txt", "a good film; a very good one");
}

/* bad 3, a 4: a first; film 2, good 2: the later in the alphabet first; one, the, very 1 */
enum { A = 2, BAD, GOOD, FILM, VERY, THE, ONE };

static void lines_of_class_files(void **state)
{
	(void)state;
	FakeModel fake;
	const char *const classes[] = {"bad", "good"};
	const double ids[3][LENGTH] = {{A, BAD, BAD, FILM}, {THE, BAD, A, 0}, {A, GOOD, FILM, A}}, labels[3] = {0, 0, 1};
	make_files();
	text_model(&fake, NN_BINARY, 20);
	fake.fields[FAKE_LABEL].classes = (nn_texts){classes, 2};
	check_ids(&fake, ROOT "/bad.txt," ROOT "/good.txt", ids, labels, 3);
	check_ids(&fake, ROOT "/bad.txt\n" ROOT "/good.txt", ids, labels, 3);
	fake.fields[FAKE_LABEL].classes.count = 0;
	check_ids(&fake, ROOT, ids, labels, 3); /* a file for each class */
	fake.source.padding = fake.source.truncating = NN_PRE;
	const double before[3][LENGTH] = {{A, BAD, BAD, FILM}, {0, THE, BAD, A}, {A, VERY, GOOD, ONE}};
	check_ids(&fake, ROOT, before, labels, 3);
}

static void too_many_words_are_unknown(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	const double ids[3][LENGTH] = {{A, BAD, BAD, 1}, {1, BAD, A, 0}, {A, GOOD, 1, A}};
	make_files();
	text_model(&fake, NN_BINARY, 5);
	check_ids(&fake, ROOT, ids, NULL, 3);
	nn_data_request request = train_only(ROOT);
	open_sets(&fake.model, &request, &sets);
	int kept = begin_listening(), count;
	assert_int_equal(nn_data_fit(sets.train, table_state), 0);
	assert_says(end_listening(kept), "note: " ROOT ": of 7 different words in the training data the commonest 3 have an id; 35.7 % of the text is unknown");
	nn_names *vocabularies = nn_data_vocabularies(sets.train, table_state, &count);
	const char *const expected[5] = {"", "", "a", "bad", "good"};
	assert_int_equal(count, 1);
	assert_string_equal(vocabularies->key, "");
	assert_int_equal(vocabularies->count, 5);
	for (int i = 0; i < 5; i++) assert_string_equal(vocabularies->items[i], expected[i]);
	nn_checkpoint_free_names(vocabularies, count);
	nn_data_close(&sets);
}

static void folders_of_files(void **state)
{
	(void)state;
	FakeModel fake;
	const double labels[3] = {0, 0, 1};
	fresh_folder("text");
	make_directory(ROOT "/no");
	make_directory(ROOT "/yes");
	write_text(ROOT "/no/1", "x\n\nx");
	write_text(ROOT "/no/2", "x y");
	write_text(ROOT "/yes/1", "y");
	text_model(&fake, NN_BINARY, 20);
	check_ids(&fake, ROOT, (const double[][LENGTH]){{2, 2, 0, 0}, {2, 3, 0, 0}, {3, 0, 0, 0}}, labels, 3);
}

static void columns_of_tables(void **state)
{
	(void)state;
	FakeModel fake;
	fresh_folder("text");
	write_text(ROOT "/a.csv", "y,smiles\n1,CCO\n0,\"c,c\"\n,N\n");
	text_model(&fake, NN_BINARY, 20);
	fake.source.tokens = NN_CHARACTERS;
	fake.source.standardize = NN_STANDARDIZE_NONE;
	fake.source.column = "smiles";
	fake.source.label = (nn_texts){(const char *const[]){"y"}, 1};
	check_ids(&fake, ROOT "/a.csv", (const double[][LENGTH]){{3, 3, 4, 0}, {2, 5, 2, 0}}, (const double[]){1, 0}, 2);
	write_text(ROOT "/a.csv", "y,smiles\n1.5,CCO\n-2,CC\n");
	text_model(&fake, NN_REGRESSION, 20);
	fake.source.tokens = NN_CHARACTERS;
	fake.source.standardize = NN_STANDARDIZE_NONE;
	fake.source.column = "1";
	fake.source.label = (nn_texts){(const char *const[]){"0"}, 1};
	check_ids(&fake, ROOT "/a.csv", (const double[][LENGTH]){{2, 2, 3, 0}, {2, 2, 0, 0}}, (const double[]){1.5, -2}, 2);
	nn_data_request request = train_only(ROOT "/a.csv");
	fake.source.column = "smile";
	assert_refused(&fake.model, &request, "has no column \"smile\" (column); its columns are y, smiles");
	fake.source.column = "smiles";
	write_text(ROOT "/a.csv", "y,smiles\n1.5,CCO\nlow,CC\n");
	assert_refused(&fake.model, &request, ROOT "/a.csv:3: the label \"low\" is no number");
	write_text(ROOT "/a.csv", "y,smiles\n1.5,CCO,\n2,CC\n");
	assert_refused(&fake.model, &request, ROOT "/a.csv:2: 3 values, but 2 in the rows before");
	text_model(&fake, NN_BINARY, 20);
	fake.source.column = "smiles";
	fake.source.label = (nn_texts){(const char *const[]){"y"}, 1};
	fake.fields[FAKE_LABEL].classes = (nn_texts){(const char *const[]){"0", "1"}, 2};
	write_text(ROOT "/a.csv", "y,smiles\n1,CCO\n2,CC\n");
	assert_refused(&fake.model, &request, ROOT "/a.csv:3: its label \"2\" is none of the classes 0, 1");
	write_bytes(ROOT "/a.csv", "y,smiles\n1.5,CC\xe9\n", 17);
	assert_refused(&fake.model, &request, ROOT "/a.csv:2: byte 0xe9 at offset 15 is not utf-8");
}

/* Groups are a column of a table, or in the names of files. */
static void groups_stay_together(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	char name[100];
	fresh_folder("text");
	write_text(ROOT "/a.csv", "y,t,who\n1,a,p\n0,b,q\n1,c,p\n0,d,r\n1,e,q\n0,f,s\n");
	text_model(&fake, NN_BINARY, 20);
	fake.source.column = "t";
	fake.source.label = (nn_texts){(const char *const[]){"y"}, 1};
	fake.model.data.split_group = "who";
	fake.model.data.split_folds = 4;
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = ROOT "/a.csv"};
	fake.model.data.split_test = 0.25;
	int64_t tested = 0;
	for (int f = 0; f < 4; f++) {
		fake.model.data.split_fold = f;
		open_sets(&fake.model, &request, &sets);
		int64_t lines = 0; /* of p: 2 and 4, of q: 3 and 6 */
		for (int64_t i = 0; i < nn_dataset_count(sets.test); i++)
			lines |= 1 << atoi(nn_dataset_name(sets.test, i, name, sizeof name) + sizeof ROOT "/a.csv:" - 1);
		assert_true((lines >> 2 & 1) == (lines >> 4 & 1) && (lines >> 3 & 1) == (lines >> 6 & 1));
		tested += nn_dataset_count(sets.test);
		nn_data_close(&sets);
	}
	assert_int_equal(tested, 6);
	fake.model.data.split_group = "whom";
	assert_refused(&fake.model, &request, "has no column \"whom\" (group)");
	make_files();
	fake.source.column = NULL;
	request.train = ROOT;
	assert_refused(&fake.model, &request, "split group: is a column of a table or a part of the names of files; lines of text have neither");
}

/* "abcdefg" in windows of four: the next token is the label. */
static void windows_of_one_text(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	char name[100];
	const int64_t shape[1] = {LENGTH};
	fresh_folder("text");
	write_text(ROOT "/a.txt", "abcdefgabc");
	text_model(&fake, NN_MULTICLASS, 20);
	fake.source.tokens = NN_CHARACTERS;
	fake.source.stride = 2;
	fake.fields[FAKE_LABEL].part = NN_TEXT_NEXT;
	fake.fields[FAKE_LABEL].classed = 0;
	fake_shape(&fake.fields[FAKE_LABEL], 1, shape);
	nn_data_request request = train_only(ROOT "/a.txt");
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, table_state), 0);
	assert_int_equal(nn_dataset_count(sets.train), 3);
	assert_string_equal(nn_dataset_name(sets.train, 1, name, sizeof name), ROOT "/a.txt[2]");
	const nn_batch *batch = whole_set(sets.train, table_state, &loader);
	/* b and a are there twice, the last c belongs to no window */
	const double text[10] = {3, 2, 8, 7, 6, 5, 4, 3, 2, 8};
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < LENGTH; k++) {
			assert_true(((const double *)batch->fields[FAKE_INPUT])[i * LENGTH + k] == text[2 * i + k]);
			assert_true(((const double *)batch->fields[FAKE_LABEL])[i * LENGTH + k] == text[2 * i + k + 1]);
		}
	nn_loader_close(loader);
	nn_data_close(&sets);
	write_text(ROOT "/a.txt", "abcd");
	assert_refused(&fake.model, &request, ROOT "/a.txt: 4 tokens are too few for a window of 4 and the one after it");
}

/* Lines and rows that are sequences of their own: from their end's token, to it; none holds a part of another. */
enum { PARTS = 5 };

/* A model that goes on with texts of their own: the rows of a table, or lines. */
static void ended_model(FakeModel *fake, int table)
{
	static const int64_t shape[1] = {LENGTH};
	text_model(fake, NN_MULTICLASS, 20);
	fake->source.tokens = NN_CHARACTERS;
	fake->source.standardize = NN_STANDARDIZE_NONE;
	fake->source.ended = 1;
	fake->source.lines = !table;
	fake->source.column = table ? "smiles" : NULL;
	fake->fields[FAKE_LABEL].part = NN_TEXT_NEXT;
	fake->fields[FAKE_LABEL].classed = 0;
	fake_shape(&fake->fields[FAKE_LABEL], 1, shape);
}

static void write_ended(void)
{
	fresh_folder("text");
	write_text(ROOT "/a.txt", "bb\nbcda\n\na\ncbb");
	write_text(ROOT "/a.csv", "y,smiles\n1,bb\n0,bcda\n0,a\n1,cbb\n");
}

static void texts_of_their_own(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	/* b 5 times, the end 4 times as a beginning, c and a twice, d once */
	static const double ids[PARTS][LENGTH] = {{3, 2, 2, 0}, {3, 2, 4, 6}, {5, 0, 0, 0}, {3, 5, 0, 0}, {3, 4, 2, 2}},
			    next[PARTS][LENGTH] = {{2, 2, 3, 0}, {2, 4, 6, 5}, {3, 0, 0, 0}, {5, 3, 0, 0}, {4, 2, 2, 3}};
	static const char *const names[PARTS] = {":1", ":2", ":2", ":4", ":5"};
	write_ended();
	for (int table = 0; table < 2; table++) {
		char name[100];
		ended_model(&fake, table);
		nn_data_request request = train_only(table ? ROOT "/a.csv" : ROOT "/a.txt");
		open_sets(&fake.model, &request, &sets);
		assert_int_equal(nn_data_fit(sets.train, table_state), 0);
		assert_int_equal(nn_dataset_count(sets.train), PARTS);
		const nn_batch *batch = whole_set(sets.train, table_state, &loader);
		for (int i = 0; i < PARTS; i++)
			for (int k = 0; k < LENGTH; k++) {
				assert_true(((const double *)batch->fields[FAKE_INPUT])[i * LENGTH + k] == ids[i][k]);
				assert_true(((const double *)batch->fields[FAKE_LABEL])[i * LENGTH + k] == next[i][k]);
			}
		for (int i = 0; i < PARTS && !table; i++) {
			nn_dataset_name(sets.train, i, name, sizeof name);
			assert_string_equal(name + strlen(ROOT "/a.txt"), names[i]);
		}
		nn_loader_close(loader);
		nn_data_close(&sets);
	}
}

static void parts_of_a_text_stay_together(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	write_ended();
	ended_model(&fake, 1);
	fake.model.data.split_validation = 0.25;
	nn_data_request split = {.need = NN_NEED_TRAIN | NN_NEED_VALIDATION, .train = ROOT "/a.csv"};
	for (uint64_t seed = 0; seed < 20; seed++) {
		char name[100];
		int parts = 0;
		fake.model.data.split_seed = seed;
		open_sets(&fake.model, &split, &sets);
		assert_int_equal(nn_dataset_count(sets.train) + nn_dataset_count(sets.validation), PARTS);
		for (int i = 0; i < nn_dataset_count(sets.train); i++) parts += !strcmp(nn_dataset_name(sets.train, i, name, sizeof name), ROOT "/a.csv:3");
		assert_true(parts == 0 || parts == 2);
		nn_data_close(&sets);
	}
	fake.model.data.split_group = "who";
	assert_refused(&fake.model, &split, ROOT "/a.csv: has no column \"who\" (group)");
}

static void vocabularies_hold_the_end(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	write_ended();
	ended_model(&fake, 1);
	const char *const listed[] = {"a", "b", "c", "d"};
	fake.source.vocabulary = (nn_texts){listed, 4};
	nn_data_request request = train_only(ROOT "/a.csv");
	open_sets(&fake.model, &request, &sets);
	int kept = begin_listening();
	assert_int_equal(nn_data_fit(sets.train, table_state), 1);
	assert_says(end_listening(kept), ROOT "/a.csv: the vocabulary does not hold \"\\n\", by which each text ends");
	nn_data_close(&sets);
}

/* Ids stand for the tokens of the vocabulary, or for all bytes; the others for none. */
static void texts_of_ids(void **state)
{
	(void)state;
	const nn_names words = {.items = (char *[]){"", "", "a", "cat"}, .count = 4};
	const char *text = NULL;
	char byte;
	assert_int_equal(nn_token_text(&words, 3, &byte, &text), 3);
	assert_string_equal(text, "cat");
	for (int id = 0; id < 300; id++) {
		if (id < 2 || id > 3) assert_int_equal(nn_token_text(&words, id, &byte, &text), 0);
		assert_int_equal(nn_token_text(NULL, id, &byte, &text), id >= 2 && id < 258);
		if (id >= 2 && id < 258) assert_int_equal((unsigned char)*text, id - 2);
	}
}

/* Shares of one text are runs, and windows that reach into the next share are left out. */
static void shares_of_one_text(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	char text[102], name[100];
	fresh_folder("text");
	memset(text, 'x', sizeof text);
	text[101] = 0;
	write_text(ROOT "/a.txt", text);
	text_model(&fake, NN_MULTICLASS, 20);
	fake.source.stride = 1;
	fake.source.tokens = NN_CHARACTERS;
	fake.fields[FAKE_LABEL].part = NN_TEXT_NEXT;
	fake.fields[FAKE_LABEL].classed = 0;
	fake.model.data.split_validation = fake.model.data.split_test = 0.1;
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_VALIDATION | NN_NEED_TEST, .train = ROOT "/a.txt"};
	open_sets(&fake.model, &request, &sets); /* 97 windows: 77 + 10 + 10, of which 3 and 3 are left out */
	assert_int_equal(nn_dataset_count(sets.train), 74);
	assert_int_equal(nn_dataset_count(sets.validation), 7);
	assert_int_equal(nn_dataset_count(sets.test), 10);
	assert_string_equal(nn_dataset_name(sets.train, 73, name, sizeof name), ROOT "/a.txt[73]");
	assert_string_equal(nn_dataset_name(sets.validation, 0, name, sizeof name), ROOT "/a.txt[77]");
	nn_data_close(&sets);
}

static void check_fit(FakeModel *fake, const char *path, int failed, const char *part)
{
	nn_datasets sets;
	nn_data_request request = train_only(path);
	open_sets(&fake->model, &request, &sets);
	int kept = begin_listening();
	assert_int_equal(nn_data_fit(sets.train, table_state), failed);
	const char *said = end_listening(kept);
	assert_says(said, part);
	nn_data_close(&sets);
}

static void listed_vocabularies(void **state)
{
	(void)state;
	FakeModel fake;
	const char *const words[] = {"film", "bad", "zebra"};
	const double ids[3][LENGTH] = {{1, 3, 3, 2}, {1, 3, 1, 0}, {1, 1, 2, 1}};
	make_files();
	fake = (FakeModel){0};
	text_model(&fake, NN_BINARY, 5);
	fake.source.vocabulary = (nn_texts){words, 3};
	check_ids(&fake, ROOT, ids, NULL, 3);
	check_fit(&fake, ROOT, 0, "note: " ROOT ": 1 of the vocabulary's 3 tokens never occur in the training data; \"zebra\" is the first");
	text_model(&fake, NN_BINARY, 5);
	fake.source.vocabulary_file = TMP "/words";
	write_text(TMP "/words", "film\nbad\r\n\\\\\\n");
	check_ids(&fake, ROOT, ids, NULL, 3);
	write_text(TMP "/words", "film\nbad\nfilm\n");
	check_fit(&fake, ROOT, 1, "error: " TMP "/words:3: the token \"film\" stands twice in the vocabulary");
	write_text(TMP "/words", "film\nbad\ngood\nvery\n");
	check_fit(&fake, ROOT, 1, "error: " TMP "/words: 4 tokens, but the spec's size: 5 has room for 3 (0 is padding, 1 unknown); say size: 6");
}

static void characters_must_fit(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	const char *const classes[] = {"n", "y"};
	fresh_folder("text");
	write_text(ROOT "/n", "abc\n");
	write_text(ROOT "/y", "cab\n");
	write_text(TMP "/more_n", "abca\n");
	write_text(TMP "/more_y", "a\xc3\xa9z\xc3\xa9\n");
	text_model(&fake, NN_BINARY, 4);
	fake.source.tokens = NN_CHARACTERS;
	check_fit(&fake, ROOT, 1, "error: " ROOT ": 3 different characters in the training data, but the spec's vocabulary: 4 has room for 2 (0 is padding, "
		"1 unknown); say vocabulary: 5");
	fake.source.vocabulary_size = 5;
	fake.fields[FAKE_LABEL].classes = (nn_texts){classes, 2};
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = ROOT "/n," ROOT "/y", .test = TMP "/more_n," TMP "/more_y"};
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, table_state), 0);
	for (int pass = 0; pass < 2; pass++) { /* said once */
		int kept = begin_listening();
		whole_set(sets.test, table_state, &loader);
		nn_loader_close(loader);
		const char *said = end_listening(kept);
		if (pass) assert_string_equal(said, "");
		else assert_says(said, "warning: " TMP "/more_y:1: the character \"\xc3\xa9\" is not in the vocabulary and is read as unknown (2 different, 3 in all)");
	}
	nn_data_close(&sets);
}

static void bytes_are_their_own_ids(void **state)
{
	(void)state;
	FakeModel fake;
	fresh_folder("text");
	write_bytes(ROOT "/n", "a\xff\n", 3);
	write_text(ROOT "/y", "b\n");
	text_model(&fake, NN_BINARY, 258);
	fake.source.tokens = NN_BYTES;
	fake.source.standardize = NN_STANDARDIZE_NONE;
	fake.model.tensor_count = 0;
	check_ids(&fake, ROOT, (const double[][LENGTH]){{'a' + 2, 257, 0, 0}, {'b' + 2, 0, 0, 0}}, NULL, 2);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	FakeModel fake;
	const char *const classes[] = {"a", "b"};
	text_model(&fake, NN_BINARY, 20);
	nn_data_request request = train_only(ROOT);
	fresh_folder("text");
	assert_refused(&fake.model, &request, ROOT ": a text source wants one folder of files, or one file of lines, for each class; here is nothing");
	write_text(ROOT "/a", "\n\n");
	write_text(ROOT "/b", "x\n");
	assert_refused(&fake.model, &request, ROOT "/a: no lines of text in it");
	request.train = ROOT "/b";
	assert_refused(&fake.model, &request, ROOT "/b: one file of text has no classes; files: {CLASS: PATH, ..}");
	fake.fields[FAKE_LABEL].classes = (nn_texts){classes, 2};
	request.train = ROOT "/b," ROOT "/b," ROOT "/b";
	assert_refused(&fake.model, &request, "3 files for 2 classes");
	request.train = ROOT "/b," ROOT "/none";
	assert_refused(&fake.model, &request, ROOT "/none: No such file");
	fake.source.encoding = "klingon";
	request.train = ROOT "/b," ROOT "/b";
	assert_refused(&fake.model, &request, "this system knows no encoding \"klingon\"");
}

static void inputs_to_be_predicted(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	char name[100];
	make_files();
	text_model(&fake, NN_BINARY, 20);
	const char *const paths[] = {ROOT "/good.txt", ROOT "/bad.txt"};
	assert_int_equal(nn_data_open_inputs(&fake.model, paths, 2, NULL, 0, &sets), 0);
	assert_int_equal(nn_dataset_count(sets.test), 3);
	assert_string_equal(nn_dataset_name(sets.test, 2, name, sizeof name), ROOT "/bad.txt:3");
	nn_data_close(&sets);
	fake.source.column = "text";
	write_text(ROOT "/a.csv", "text\none\ntwo\n");
	const char *const table[] = {ROOT "/a.csv"};
	assert_int_equal(nn_data_open_inputs(&fake.model, table, 1, NULL, 0, &sets), 0);
	assert_string_equal(nn_dataset_name(sets.test, 1, name, sizeof name), ROOT "/a.csv:3");
	nn_data_close(&sets);
}

/* The same ids as the source's, from a program that embeds the model. */
static void preprocesses(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	static float table[TABLE_ROWS * NN_VOCABULARY_COLUMNS];
	float x[LENGTH];
	make_files();
	text_model(&fake, NN_BINARY, 20);
	fake.model.number_size = 4;
	nn_data_request request = train_only(ROOT);
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, table), 0);
	nn_data_close(&sets);
	nn_preprocess_text(&fake.model, 0, table, " A film: BAD?", x);
	const float expected[LENGTH] = {A, FILM, BAD, 0}, before[LENGTH] = {FILM, BAD, 1, VERY}, padded[LENGTH] = {0, 0, 0, A};
	assert_memory_equal(x, expected, sizeof x);
	fake.source.padding = fake.source.truncating = NN_PRE;
	nn_preprocess_text(&fake.model, 0, table, "a film bad nonsense very", x);
	assert_memory_equal(x, before, sizeof x);
	nn_preprocess_text(&fake.model, 0, table, "a", x);
	assert_memory_equal(x, padded, sizeof x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_class_files), cmocka_unit_test(too_many_words_are_unknown), cmocka_unit_test(folders_of_files),
		cmocka_unit_test(columns_of_tables), cmocka_unit_test(groups_stay_together), cmocka_unit_test(windows_of_one_text),
		cmocka_unit_test(texts_of_ids), cmocka_unit_test(texts_of_their_own),
		cmocka_unit_test(parts_of_a_text_stay_together), cmocka_unit_test(vocabularies_hold_the_end), cmocka_unit_test(shares_of_one_text),
		cmocka_unit_test(listed_vocabularies), cmocka_unit_test(characters_must_fit), cmocka_unit_test(bytes_are_their_own_ids),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(inputs_to_be_predicted), cmocka_unit_test(preprocesses)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
