/* test_data_sequence.c: files with one sequence a row: rows however they are written, lengths, padding, normalisation, splits, rows
 * to be predicted, and what is said of what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_support.h"
#include "data_sequence.h"

#define ROOT TMP "/sequence"
#define FILE_A ROOT "/a.txt"
enum { STEPS = 3, LENGTH_FIELD = 2, FIELDS };

typedef struct SequenceModel {
	FakeModel fake;
	nn_data_field fields[FIELDS];
	nn_field inputs[FIELDS]; /* the label last: predict does not read it */
	nn_program programs[2];
} SequenceModel;

static const char *const first[] = {"first"}, *const last[] = {"last"};

/* Sequences of three steps, a class, a length. */
static void sequence_model(SequenceModel *m, nn_task task, int variables)
{
	const int64_t shape[2] = {STEPS, variables};
	FakeModel *fake = &m->fake;
	fake_model(fake, "sequence", task, 1, 2, shape);
	fake->source.sequence_length = STEPS;
	fake->source.variables = variables;
	fake->source.truncating = NN_NEITHER;
	fake->source.label = (nn_texts){first, 1};
	memset(m->inputs, 0, sizeof m->inputs);
	memcpy(m->fields, fake->fields, sizeof fake->fields);
	m->fields[LENGTH_FIELD] = (nn_data_field){.name = "data.length", .part = NN_SEQUENCE_LENGTH, .count = 1, .integer = 1};
	m->inputs[0] = fake->inputs[FAKE_INPUT];
	m->inputs[1].name = "data.length";
	m->inputs[2] = fake->inputs[FAKE_LABEL];
	m->programs[0] = fake->programs[1];
	m->programs[0].inputs = m->inputs;
	m->programs[0].input_count = FIELDS - 1;
	m->programs[1] = m->programs[0];
	m->programs[1].name = "train";
	m->programs[1].input_count = FIELDS;
	fake->model.programs = m->programs;
	fake->model.program_count = 2;
	fake->model.data.fields = m->fields;
	fake->model.data.field_count = FIELDS;
}

static void fitted_model(SequenceModel *m, nn_normalize normalize, int variables)
{
	static const char *const names[2] = {"data/offset", "data/scale"};
	sequence_model(m, NN_BINARY, variables);
	m->fake.source.normalize = normalize;
	if (normalize == NN_NORMALIZE_ROW) return;
	m->fields[FAKE_INPUT].fitted = "data";
	for (int i = 0; i < 2; i++)
		m->fake.tensors[i] = (nn_tensor){.name = names[i], .role = NN_FITTED, .rank = 1, .shape = {variables}, .offset = (size_t)i * 16,
						 .count = (size_t)variables};
	m->fake.model.tensors = m->fake.tensors;
	m->fake.model.tensor_count = 2;
}

static nn_data_request train_only(const char *path) { return (nn_data_request){.need = NN_NEED_TRAIN, .train = path}; }

static void near(double value, double wanted)
{
	if (!(value - wanted < 1e-12 && wanted - value < 1e-12)) fail_msg("%.17g, not %.17g", value, wanted);
}

/* Opens, fits, and compares: x (count, STEPS*variables), lengths and labels (count), NULL: not looked at. */
static void check(SequenceModel *m, const double *x, const double *lengths, const double *labels, int count)
{
	nn_datasets sets;
	nn_loader *loader;
	nn_data_request request = train_only(FILE_A);
	int numbers = STEPS * m->fake.source.variables;
	open_sets(&m->fake.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, m->fake.state), 0);
	assert_int_equal(nn_dataset_count(sets.train), count);
	const nn_batch *batch = whole_set(sets.train, m->fake.state, &loader);
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < numbers; k++) near(((const double *)batch->fields[FAKE_INPUT])[i * numbers + k], x[i * numbers + k]);
		if (lengths) near(((const double *)batch->fields[LENGTH_FIELD])[i], lengths[i]);
		if (labels) near(((const double *)batch->fields[FAKE_LABEL])[i], labels[i]);
	}
	nn_loader_close(loader);
	nn_data_close(&sets);
}

/* The same rows however they are written. */
static void rows_of_any_form(void **state)
{
	(void)state;
	SequenceModel m;
	const char *const forms[] = {
		"-1 1 2 3\n1 4 5\n-1 6\n",
		"-1,1,2,3\r\n1,4,5\r\n-1,6",
		"-1\t1\t2\t3\n\n1\t4\t5\t\n-1\t6\n\n\n",
		"  -1.0000000e+00   1.0000000e+00   2.0e0 3 \r\n   1.0000000e+00   +4.   50e-1\n \t\r\n-1.  .6e1",
		"-1, 1, 2 ,3\n1 ,4 , 5\n-1,\t6\n",
		"\xef\xbb\xbf\"-1\",\"1\",2,3\n1,4,5\n-1,6\n",
	};
	const double x[9] = {1, 2, 3, 4, 5, 0, 6, 0, 0}, lengths[3] = {3, 2, 1}, labels[3] = {0, 1, 0};
	sequence_model(&m, NN_BINARY, 1);
	fresh_folder("sequence");
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		write_text(FILE_A, forms[i]);
		check(&m, x, lengths, labels, 3);
	}
}

static void labels_at_either_end_or_none(void **state)
{
	(void)state;
	SequenceModel m;
	const double x[6] = {1, 2, 3, 4, 5, 0};
	fresh_folder("sequence");
	write_text(FILE_A, "1 2 3 sick\n4 5 \"all well\"\n");
	sequence_model(&m, NN_BINARY, 1);
	m.fake.source.label = (nn_texts){last, 1};
	check(&m, x, NULL, (const double[]){1, 0}, 2); /* by the alphabet */
	write_text(FILE_A, "0.5 1 2 3\n-7e2 4 5\n");
	sequence_model(&m, NN_REGRESSION, 1);
	check(&m, x, NULL, (const double[]){0.5, -700}, 2);
	write_text(FILE_A, "1 2 3\n4 5\n");
	sequence_model(&m, NN_OTHER, 1);
	m.fake.source.label.count = 0;
	m.fake.model.data.field_count = 1;
	m.programs[0].input_count = m.programs[1].input_count = 1;
	check(&m, x, NULL, NULL, 2);
	write_text(FILE_A, "2 1 2 3\n10 4 5\n2.0 7\n");
	sequence_model(&m, NN_BINARY, 1);
	check(&m, (const double[]){1, 2, 3, 4, 5, 0, 7, 0, 0}, NULL, (const double[]){0, 1, 0}, 3); /* by value: 2, 10 */
}

static void padded_and_cut(void **state)
{
	(void)state;
	SequenceModel m;
	fresh_folder("sequence");
	write_text(FILE_A, "0 1 2 3 4 5\n1 6\n");
	sequence_model(&m, NN_BINARY, 1);
	m.fake.source.truncating = NN_POST;
	check(&m, (const double[]){1, 2, 3, 6, 0, 0}, (const double[]){3, 1}, NULL, 2);
	m.fake.source.padding = NN_PRE;
	m.fake.source.truncating = NN_PRE;
	check(&m, (const double[]){3, 4, 5, 0, 0, 6}, (const double[]){3, 1}, NULL, 2);
	write_text(FILE_A, "0 1 10 2 20 3 30 4 40\n1 6 60\n");
	sequence_model(&m, NN_BINARY, 2);
	m.fake.source.truncating = NN_PRE;
	check(&m, (const double[]){2, 20, 3, 30, 4, 40, 6, 60, 0, 0, 0, 0}, (const double[]){3, 1}, NULL, 2);
}

/* What fills rows up behind their end is none of them. */
static void fillers(void **state)
{
	(void)state;
	SequenceModel m;
	static const char *const nan[] = {"NaN"};
	const double x[6] = {1, 2, 3, 4, 0, 0}, lengths[2] = {3, 1};
	fresh_folder("sequence");
	write_text(FILE_A, "0\t1\t2\t3\n1\t4\tNaN\tnan\n");
	sequence_model(&m, NN_BINARY, 1);
	m.fake.source.missing = (nn_texts){nan, 1};
	check(&m, x, lengths, NULL, 2);
	write_text(FILE_A, "1\t2\t3\t0\n4\tNaN\tnan\t1\n");
	m.fake.source.label = (nn_texts){last, 1};
	check(&m, x, lengths, NULL, 2);
	nn_data_request request = train_only(FILE_A);
	write_text(FILE_A, "1\t2\t3\t0\n4\tNaN\t5\t1\n");
	assert_refused(&m.fake.model, &request, FILE_A ":2: a value is missing within the row, before value 3");
}

/* Over the real steps of the training rows; what stands behind an end stays 0. */
static void normalized(void **state)
{
	(void)state;
	SequenceModel m;
	fresh_folder("sequence");
	write_text(FILE_A, "0 1 10 3 10\n1 5 10\n");
	fitted_model(&m, NN_NORMALIZE_MINMAX, 2);
	check(&m, (const double[]){0, 0, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0}, NULL, NULL, 2);
	fitted_model(&m, NN_NORMALIZE_STANDARD, 2);
	double d = 1.632993161855452; /* of 1, 3, 5 */
	check(&m, (const double[]){-2 / d, 0, 0, 0, 0, 0, 2 / d, 0, 0, 0, 0, 0}, NULL, NULL, 2);
	fitted_model(&m, NN_NORMALIZE_ROW, 2);
	check(&m, (const double[]){-1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, NULL, NULL, 2);
	float x[STEPS * 2]; /* in a program that embeds the model */
	fitted_model(&m, NN_NORMALIZE_STANDARD, 2);
	m.fake.model.number_size = 4;
	float *numbers = (void *)m.fake.state;
	numbers[0] = 1, numbers[1] = 2, numbers[16] = 2, numbers[17] = 4;
	nn_preprocess_sequence(&m.fake.model, FAKE_INPUT, m.fake.state, (const double[]){3, 6, 5, 2}, 2, x);
	const float wanted[6] = {1, 1, 2, 0, 0, 0};
	assert_memory_equal(x, wanted, sizeof wanted);
	nn_preprocess_sequence(&m.fake.model, FAKE_INPUT, m.fake.state, (const double[]){3, 6, 5, 2, 1, 2, 1, 2, 9, 9}, 5, x);
	assert_true(x[4] == 0 && x[5] == 0);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	SequenceModel m;
	const struct {
		const char *text, *said;
	} cases[] = {
		{"0 1 2\n1 2 x\n", FILE_A ":2: value 3, \"x\", is no number"},
		{"0 1 2\n\n1 nan\n", FILE_A ":3: value 2, \"nan\", is no number; if it fills rows up behind their end, name it under missing:"},
		{"0 1 inf\n", FILE_A ":1: value 3, \"inf\", is no number"},
		{"0 1 1e39\n", FILE_A ":1: value 3, \"1e39\", is too large for a float"},
		{"0 0x10\n", FILE_A ":1: value 2, \"0x10\""},
		{"0,1,,2\n", FILE_A ":1: value 3 is empty"},
		{"0,1,2,\n", FILE_A ":1: value 4 is empty"},
		{"0\t1\t\t2\n", FILE_A ":1: value 3 is empty"},
		{",1,2\n", FILE_A ":1: the label is empty"},
		{"0 1\n1\n", FILE_A ":2: the row holds no values beside its label"},
		{"0 1 2 3 4\n", FILE_A ":1: a sequence of 4 steps, but sequence_length is 3; truncating: post or pre cuts longer ones"},
		{"", FILE_A ": no rows in it"},
		{" \n\r\n\t\n", FILE_A ": no rows in it"},
	};
	nn_data_request request = train_only(FILE_A);
	sequence_model(&m, NN_BINARY, 1);
	fresh_folder("sequence");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_text(FILE_A, cases[i].text);
		assert_refused(&m.fake.model, &request, cases[i].said);
	}
	write_bytes(FILE_A, "0 1\0 2\n", 7);
	assert_refused(&m.fake.model, &request, FILE_A ": holds zero bytes");
	write_text(FILE_A, "0 1\n1 2\n2 3\n");
	assert_refused(&m.fake.model, &request, "3 classes (0, 1, 2), but the model tells 2 apart");
	static const char *const classes[] = {"-1", "1"};
	m.fields[FAKE_LABEL].classes = (nn_texts){classes, 2};
	write_text(FILE_A, "-1.0 1\n1 2\n3 3\n");
	assert_refused(&m.fake.model, &request, FILE_A ":3: its label \"3\" is none of the classes -1, 1");
	sequence_model(&m, NN_BINARY, 2);
	write_text(FILE_A, "0 1 2\n1 1 2 3\n");
	assert_refused(&m.fake.model, &request, FILE_A ":2: 3 values are no whole number of steps of 2 variables");
	sequence_model(&m, NN_REGRESSION, 1);
	write_text(FILE_A, "0 1\nlow 1 2\n");
	assert_refused(&m.fake.model, &request, FILE_A ":2: the label \"low\" is no number");
}

/* Rows to be predicted, with labels or without. x: the first number of the first row. */
static void check_inputs(SequenceModel *m, const char *text, double x, double length)
{
	nn_datasets sets;
	nn_loader *loader;
	const char *const paths[] = {write_text(FILE_A, text)};
	char *names[] = {"-1", "1"};
	nn_names known = {"label", names, 2};
	assert_int_equal(nn_data_open_inputs(&m->fake.model, paths, 1, &known, 1, &sets), 0);
	const nn_batch *batch = whole_set(sets.test, m->fake.state, &loader);
	near(((const double *)batch->fields[FAKE_INPUT])[0], x);
	near(((const double *)batch->fields[LENGTH_FIELD])[0], length);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void inputs_to_be_predicted(void **state)
{
	(void)state;
	SequenceModel m;
	fresh_folder("sequence");
	sequence_model(&m, NN_BINARY, 1);
	check_inputs(&m, "1 5 6\n-1.0e0 7\n", 5, 2); /* first fields are classes */
	check_inputs(&m, "1 5\n-1.5 7\n", 1, 2); /* not all are */
	check_inputs(&m, "1 5 6\n-1 7 8\n", 1, 3); /* all rows are full without */
	check_inputs(&m, "1 5 6\n-1 7 8 9\n", 5, 2); /* one would be too long */
	sequence_model(&m, NN_BINARY, 2);
	check_inputs(&m, "1 5 6\n-1 7 8\n", 5, 1);
	check_inputs(&m, "1 5 6 7\n-1 7\n", 1, 2);
	sequence_model(&m, NN_REGRESSION, 1);
	check_inputs(&m, "9 5\n8 6 7\n", 5, 1);
	check_inputs(&m, "9 5 1\n8 6 7\n", 9, 3);
}

/* By the row itself, so that a row stays where it is when others come, and the same rows stay together. */
static void split_by_hash(void **state)
{
	(void)state;
	SequenceModel m;
	nn_datasets sets;
	char text[4096];
	size_t at = 0;
	for (int i = 0; i < 100; i++) at += (size_t)snprintf(text + at, sizeof text - at, "%d %d %d\n", i % 2, i / 2, i);
	for (int i = 0; i < 2; i++) at += (size_t)snprintf(text + at, sizeof text - at, "1 77 78\n");
	fresh_folder("sequence");
	write_text(FILE_A, text);
	sequence_model(&m, NN_BINARY, 1);
	m.fake.model.data.split_by_name = 1;
	m.fake.model.data.split_test = 0.3;
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = FILE_A};
	open_sets(&m.fake.model, &request, &sets);
	int64_t train = nn_dataset_count(sets.train), test = nn_dataset_count(sets.test);
	assert_int_equal(train + test, 102);
	assert_true(test > 15 && test < 50);
	int found = 0;
	for (int64_t i = 0; i < test; i++) {
		char name[100];
		nn_dataset_name(sets.test, i, name, sizeof name);
		found += strcmp(name, FILE_A ":101") == 0 || strcmp(name, FILE_A ":102") == 0;
	}
	assert_true(found == 0 || found == 2);
	nn_data_close(&sets);
}

/* A row of a hundred thousand steps. */
static void long_rows(void **state)
{
	(void)state;
	enum { LONG = 100000 };
	SequenceModel m;
	nn_datasets sets;
	char *text = malloc(LONG * 12 + 16);
	size_t at = (size_t)sprintf(text, "1");
	for (int i = 0; i < LONG; i++) at += (size_t)sprintf(text + at, " %d", i);
	sprintf(text + at, "\n0 5\n");
	fresh_folder("sequence");
	write_text(FILE_A, text);
	free(text);
	sequence_model(&m, NN_BINARY, 1);
	m.fake.source.sequence_length = LONG;
	fake_shape(&m.fields[FAKE_INPUT], 1, (const int64_t[]){LONG});
	nn_data_request request = train_only(FILE_A);
	open_sets(&m.fake.model, &request, &sets);
	nn_loader *loader;
	const nn_batch *batch = whole_set(sets.train, m.fake.state, &loader);
	near(((const double *)batch->fields[FAKE_INPUT])[LONG - 1], LONG - 1);
	near(((const double *)batch->fields[FAKE_INPUT])[LONG], 5);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_any_form), cmocka_unit_test(labels_at_either_end_or_none),
		cmocka_unit_test(padded_and_cut), cmocka_unit_test(fillers), cmocka_unit_test(normalized), cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(inputs_to_be_predicted), cmocka_unit_test(split_by_hash), cmocka_unit_test(long_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
