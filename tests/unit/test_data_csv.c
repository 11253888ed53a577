/* test_data_csv.c: tables: cells, columns, labels, what is fitted, splits, and every message about a broken file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "data_support.h"

#define CSV TMP "/csv"

static const int64_t two[1] = {2}, nine[1] = {9};
static const char *const question[] = {"?"}, *const last[] = {"-1"};

static void table_model(FakeModel *fake, nn_task task, const int64_t *features)
{
	fake_model(fake, "csv", task, task == NN_MULTICLASS ? 3 : 1, 1, features);
	fake->source.header = 1;
	fake->source.label = (nn_texts){last, 1};
	fake->source.missing.items = question;
	fake->source.missing.count = 1;
}

static nn_data_request train_only(const char *path)
{
	return (nn_data_request){.need = NN_NEED_TRAIN, .train = path};
}

/* The inputs of all rows, as numbers: (rows, features). */
static void assert_inputs(const nn_dataset *set, const void *state, const double *expected)
{
	nn_loader *loader;
	const nn_batch *batch = whole_set(set, state, &loader);
	int64_t count = nn_dataset_count(set) * 2;
	assert_int_equal(batch->rows, nn_dataset_count(set));
	for (int64_t i = 0; i < count; i++)
		if (fabs(((const double *)batch->fields[FAKE_INPUT])[i] - expected[i]) > 1e-12)
			fail_msg("number %d is %.17g, not %.17g", (int)i, ((const double *)batch->fields[FAKE_INPUT])[i], expected[i]);
	nn_loader_close(loader);
}

static void reads_quotes_blanks_and_names(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	char name[200];
	const char *const ignored[] = {"note"};
	table_model(&fake, NN_BINARY, two);
	fake.source.label = (nn_texts){(const char *const[]){"kind"}, 1};
	fake.source.ignore.items = ignored;
	fake.source.ignore.count = 1;
	nn_data_request request = train_only(write_text(CSV "/a.csv",
		"\xef\xbb\xbfkind,\"first, one\",note,second\r\n"
		"yes, 1.5 ,\"two\nlines, one \"\"quoted\"\"\",-2e1\r\n"
		"\n"
		"no,.25,,+3\n"));
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), 2);
	assert_inputs(sets.train, NULL, (const double[]){1.5, -20, 0.25, 3});
	assert_int_equal(sets.class_count, 2);
	assert_string_equal(sets.classes[0], "no");
	assert_string_equal(sets.classes[1], "yes");
	assert_true(nn_dataset_label(sets.train, 0) == 1 && nn_dataset_label(sets.train, 1) == 0);
	assert_string_equal(nn_dataset_name(sets.train, 0, name, sizeof name), CSV "/a.csv:2");
	assert_string_equal(nn_dataset_name(sets.train, 1, name, sizeof name), CSV "/a.csv:5");
	nn_data_close(&sets);
}

static void sorts_classes_that_are_numbers(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int64_t counts[3];
	table_model(&fake, NN_MULTICLASS, two);
	nn_data_request request = train_only(write_text(CSV "/a.csv", "a,b,c\n1,2,10\n1,2,9\n1,2,-1\n1,2,9\n"));
	open_sets(&fake.model, &request, &sets);
	assert_string_equal(sets.classes[0], "-1");
	assert_string_equal(sets.classes[1], "9");
	assert_string_equal(sets.classes[2], "10");
	nn_dataset_class_counts(sets.train, counts);
	assert_true(counts[0] == 1 && counts[1] == 2 && counts[2] == 1);
	nn_data_close(&sets);
	char *items[] = {"10", "-1.0", "9"}, key[] = "label"; /* the checkpoint's order wins; numbers are compared as such */
	const nn_names known = {key, items, 3};
	request.known = &known;
	request.known_count = 1;
	open_sets(&fake.model, &request, &sets);
	assert_true(nn_dataset_label(sets.train, 0) == 0 && nn_dataset_label(sets.train, 2) == 1);
	nn_data_close(&sets);
}

/* What scikit-learn gives: SimpleImputer, then StandardScaler or MinMaxScaler. */
static void fits_to_training_rows_only(void **state)
{
	(void)state;
	static const struct {
		nn_missing impute;
		nn_normalize normalize;
		double impute_a, offset_a, scale_a;
	} cases[] = {{NN_IMPUTE_MEAN, NN_NORMALIZE_NONE, 4, 0, 1},
		     {NN_IMPUTE_MEDIAN, NN_NORMALIZE_NONE, 2.5, 0, 1},
		     {NN_IMPUTE_MEAN, NN_NORMALIZE_STANDARD, 4, 4, 3.1622776601683795},
		     {NN_IMPUTE_MEDIAN, NN_NORMALIZE_STANDARD, 2.5, 3.7, 3.2186953878862163},
		     {NN_IMPUTE_MEDIAN, NN_NORMALIZE_MINMAX, 2.5, 1, 9}};
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST};
	request.train = write_text(CSV "/train.csv", "a,b,y\n1,7,0\n2,7,1\n?,7,0\n3,7,1\n10,7,0\n");
	request.test = write_text(CSV "/test.csv", "a,b,y\n100,8,0\n,,1\n");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		FakeModel fake;
		nn_datasets sets;
		table_model(&fake, NN_BINARY, two);
		fake.source.impute = cases[i].impute;
		fake.source.normalize = cases[i].normalize;
		open_sets(&fake.model, &request, &sets);
		assert_int_equal(nn_data_fit(sets.train, fake.state), 0);
		double a = cases[i].offset_a, s = cases[i].scale_a, constant = cases[i].normalize == NN_NORMALIZE_NONE ? 0 : 7;
		assert_true(fabs(fake.state[0] - cases[i].impute_a) < 1e-12);
		assert_true(fabs(fake.state[16] - a) < 1e-12);
		assert_true(fabs(fake.state[32] - s) < 1e-12);
		assert_true(fake.state[33] == 1); /* b is constant */
		assert_inputs(sets.test, fake.state,
			      (const double[]){(100 - a) / s, 8 - constant, (cases[i].impute_a - a) / s, 7 - constant});
		float x[2];
		nn_preprocess_row(&fake.model, 0, fake.state, (const double[]){NAN, 8}, x);
		assert_true(x[0] == (float)((cases[i].impute_a - a) / s) && x[1] == (float)(8 - constant));
		nn_data_close(&sets);
	}
}

static void drops_incomplete_rows(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	table_model(&fake, NN_BINARY, two);
	fake.source.impute = NN_IMPUTE_DROP;
	nn_data_request request = train_only(write_text(CSV "/a.csv", "a,b,y\n1,2,0\n?,2,1\n3,,0\n4,5,1\n6,7,\n"));
	const char *said = open_sets(&fake.model, &request, &sets);
	assert_says(said, "note: " CSV "/a.csv:3: 2 rows with missing values are left out");
	assert_says(said, "warning: " CSV "/a.csv:6: 1 rows without a label are left out");
	assert_int_equal(nn_dataset_count(sets.train), 2);
	assert_inputs(sets.train, NULL, (const double[]){1, 2, 4, 5});
	nn_data_close(&sets);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"a,b,y\n1,2,0\n1,2\n", "a.csv:3: 2 values, but 3 in the rows before"},
		{"a,b,y\n1,2,0\n1,2,0,0\n", "a.csv:3: 4 values, but 3 in the rows before"},
		{"a,b,y\n1,2,0\n1,hello,0\n", "a.csv:3: \"hello\" in column \"b\" is no number; a missing value is named under missing:"},
		{"a,b,y\n1,0x10,0\n", "\"0x10\""},
		{"a,b,y\n1,1e999,0\n", "\"1e999\""},
		{"a,b,y\n1,inf,0\n", "\"inf\""},
		{"a,b,y\n1,\"2,0\n1,2,0\n", "a.csv:2: a quote that is opened here is never closed"},
		{"a,b,y\n1,\"2\"3,0\n", "a.csv:2: a quote in the middle"},
		{"", "no rows in it"},
		{"a,b,y\n", "no rows in it"},
		{"a,y\n1,0\n", "1 columns are features, but the model's input is [2]"},
		{"a,b,y\n1,2,0\n1,2,0\n", "1 classes (0), but the model tells 2 apart"},
		{"a,b,y\n1,2,0\n1,2,1\n1,2,z\n", "3 classes (0, 1, z), but the model tells 2 apart"},
		{"a,b,y\n?,2,?\n", "no row is complete"},
	};
	FakeModel fake;
	table_model(&fake, NN_BINARY, two);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		nn_data_request request = train_only(write_text(CSV "/a.csv", cases[i].text));
		if (strstr(cases[i].says, "no row is complete")) {
			nn_datasets sets;
			int kept = begin_listening();
			assert_int_equal(nn_data_open(&fake.model, &request, &sets), 1);
			assert_says(end_listening(kept), cases[i].says);
		} else
			assert_refused(&fake.model, &request, cases[i].says);
	}
	nn_data_request binary = train_only(write_bytes(CSV "/a.csv", "a,b\n1\0,2\n", 9));
	assert_refused(&fake.model, &binary, "zero bytes");
	nn_data_request none = train_only(CSV "/none.csv"), folder = train_only(CSV), no_path = {.need = NN_NEED_TEST};
	assert_refused(&fake.model, &none, "none.csv: No such file");
	assert_refused(&fake.model, &folder, "is a folder, not a file");
	assert_refused(&fake.model, &no_path, "no test data; name it with --test");
}

static void says_what_does_not_match_the_spec(void **state)
{
	(void)state;
	FakeModel fake;
	const char *const classes[] = {"0", "1"}, *const ignored[] = {"id"};
	nn_data_request request = train_only(write_text(CSV "/a.csv", "a,b,y\n1,2,0\n1,2,2\n"));
	table_model(&fake, NN_BINARY, two);
	fake.source.label = (nn_texts){(const char *const[]){"z"}, 1};
	assert_refused(&fake.model, &request, "has no column \"z\" (label); its columns are a, b, y");
	fake.source.label = (nn_texts){(const char *const[]){"3"}, 1};
	assert_refused(&fake.model, &request, "has no column \"3\" (label)");
	fake.source.label = (nn_texts){(const char *const[]){"y"}, 1};
	fake.source.ignore.items = ignored;
	fake.source.ignore.count = 1;
	assert_refused(&fake.model, &request, "has no column \"id\" (ignore)");
	fake.source.ignore.count = 0;
	fake.fields[FAKE_LABEL].classes.items = classes;
	fake.fields[FAKE_LABEL].classes.count = 2;
	assert_refused(&fake.model, &request, "a.csv:3: its label \"2\" is none of the classes 0, 1; 'classes' lists labels as they stand in the data, the class 0 first");
	fake.source.header = 0;
	fake.source.label = (nn_texts){(const char *const[]){"-1"}, 1};
	assert_refused(&fake.model, &request, "a.csv:1: \"a\" in column 0 is no number; if the first row names the columns, say header: true");
	table_model(&fake, NN_REGRESSION, two);
	nn_data_request text = train_only(write_text(CSV "/a.csv", "a,b,y\n1,2,0.5\n1,2,tall\n"));
	assert_refused(&fake.model, &text, "a.csv:3: \"tall\" in column \"y\" is no number");
}

static void needs_something_to_fill_with(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	table_model(&fake, NN_BINARY, two);
	nn_data_request request = train_only(write_text(CSV "/a.csv", "a,b,y\n1,?,0\n2,?,1\n"));
	open_sets(&fake.model, &request, &sets);
	int kept = begin_listening();
	assert_int_equal(nn_data_fit(sets.train, fake.state), 1);
	assert_says(end_listening(kept), "column \"b\" has no value in the training rows");
	nn_data_close(&sets);
	fake.model.tensor_count = 0;
	open_sets(&fake.model, &request, &sets);
	kept = begin_listening();
	assert_int_equal(nn_data_fit(sets.train, fake.state), 1);
	assert_says(end_listening(kept), "a.csv:2: column \"b\" is missing; say impute:");
	nn_data_close(&sets);
}

static void reads_numbers_as_targets(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	table_model(&fake, NN_REGRESSION, two);
	fake.source.header = 0;
	fake.source.separator = " ";
	fake.source.label = (nn_texts){(const char *const[]){"0"}, 1};
	nn_data_request request = train_only(write_text(CSV "/a.txt", "  -1.5   1 2 \r\n 2.5e0 3\t4\n"));
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(sets.class_count, 0);
	assert_true(nn_dataset_label(sets.train, 0) == -1.5 && nn_dataset_label(sets.train, 1) == 2.5);
	assert_inputs(sets.train, NULL, (const double[]){1, 2, 3, 4});
	nn_data_close(&sets);
}

static void predicts_with_and_without_label(void **state)
{
	(void)state;
	static const char *const texts[] = {"a,b,y\n1,2,0\n3,4,?\n", "a,b\n1,2\n3,4\n"};
	for (int i = 0; i < 2; i++) {
		FakeModel fake;
		nn_datasets sets;
		table_model(&fake, NN_BINARY, two);
		const char *path = write_text(CSV "/a.csv", texts[i]);
		assert_int_equal(nn_data_open_inputs(&fake.model, &path, 1, NULL, 0, &sets), 0);
		assert_int_equal(nn_dataset_count(sets.test), 2);
		assert_inputs(sets.test, NULL, (const double[]){1, 2, 3, 4});
		nn_data_close(&sets);
	}
}

/* 20 groups of 3 rows; class 1 in a quarter of the groups. */
static const char *write_groups(void)
{
	char text[4096] = "a,b,g,y\n";
	for (int i = 0; i < 60; i++)
		sprintf(text + strlen(text), "%d,0,p%d,%d\n", i, i % 20, i % 20 % 4 == 0);
	return write_text(CSV "/groups.csv", text);
}

static void splits_by_class_and_group(void **state)
{
	(void)state;
	FakeModel fake;
	table_model(&fake, NN_BINARY, two);
	nn_data *data = &fake.model.data;
	data->split_group = "g";
	data->split_validation = 0.2;
	data->split_test = 0.2;
	data->split_stratify = 1;
	fake.source.paths[0][0] = write_groups();
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_VALIDATION | NN_NEED_TEST};
	int first[60], differs = 0;
	for (uint64_t seed = 0; seed < 3; seed++) {
		for (int again = 0; again < 2; again++) {
			nn_datasets sets;
			int part[60], counts[3][2] = {{0}};
			data->split_seed = seed;
			open_sets(&fake.model, &request, &sets);
			const nn_dataset *all[3] = {sets.train, sets.validation, sets.test};
			memset(part, -1, sizeof part);
			for (int s = 0; s < 3; s++)
				for (int64_t i = 0; i < nn_dataset_count(all[s]); i++) {
					char name[200];
					int row = atoi(strrchr(nn_dataset_name(all[s], i, name, sizeof name), ':') + 1) - 2;
					assert_int_equal(part[row], -1);
					part[row] = s;
					counts[s][(int)nn_dataset_label(all[s], i)]++;
				}
			for (int i = 20; i < 60; i++) assert_int_equal(part[i], part[i % 20]);
			assert_int_equal(counts[1][0], 9);
			assert_int_equal(counts[1][1], 3);
			assert_int_equal(counts[2][0], 9);
			assert_int_equal(counts[2][1], 3);
			assert_int_equal(counts[0][0] + counts[0][1], 36);
			if (seed == 0 && again == 0) memcpy(first, part, sizeof first);
			int same = memcmp(first, part, sizeof first) == 0;
			if (seed == 0) assert_true(same);
			differs |= !same;
			nn_data_close(&sets);
		}
	}
	assert_true(differs);
	nn_data_request evaluation = {.need = NN_NEED_TEST}; /* a share of the training data without asking for it */
	nn_datasets sets;
	open_sets(&fake.model, &evaluation, &sets);
	assert_null(sets.train);
	assert_int_equal(nn_dataset_count(sets.test), 12);
	nn_data_close(&sets);
	data->split_test = 0.001;
	assert_refused(&fake.model, &request, "60 samples are too few, or in too few groups, for a test share of 0.001");
}

static void refuses_overlap(void **state)
{
	(void)state;
	FakeModel fake;
	table_model(&fake, NN_BINARY, two);
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = CSV "/groups.csv", .test = CSV "/./groups.csv"};
	fake.model.data.split_group = "g";
	write_groups();
	assert_refused(&fake.model, &request, CSV "/groups.csv (train) and " CSV "/./groups.csv (test): the same file is in both splits");
	request.test = write_text(CSV "/test.csv", "a,b,g,y\n1,2,q1,0\n1,2,p7,1\n");
	assert_refused(&fake.model, &request, CSV "/groups.csv:49 (train) and " CSV "/test.csv:3 (test): the group \"p7\" is in both");
	request.test = write_text(CSV "/test.csv", "a,b,g,y\n1,2,q1,0\n1,2,q7,1\n");
	nn_datasets sets;
	open_sets(&fake.model, &request, &sets);
	nn_data_close(&sets);
}

static void reads_the_wisconsin_table(void **state)
{
	(void)state;
	const char *path = "../shared/data/tabular/breast-cancer-wisconsin.csv";
	if (access(path, R_OK) != 0) {
		printf("SKIP: no %s\n", path);
		skip();
	}
	FakeModel fake;
	nn_datasets sets;
	const char *const classes[] = {"2", "4"};
	int64_t counts[2];
	table_model(&fake, NN_BINARY, nine);
	fake.source.header = 0;
	fake.fields[FAKE_LABEL].classes = (nn_texts){classes, 2};
	fake.source.impute = NN_IMPUTE_MEDIAN;
	fake.source.normalize = NN_NORMALIZE_STANDARD;
	nn_data_request request = train_only(path);
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), 699);
	nn_dataset_class_counts(sets.train, counts);
	assert_true(counts[0] == 458 && counts[1] == 241);
	assert_int_equal(nn_data_fit(sets.train, fake.state), 0);
	assert_true(fake.state[5] == 1); /* the median of the column with 16 question marks */
	nn_data_close(&sets);
}

static int prepare(void **state)
{
	(void)state;
	fresh_folder("csv");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_quotes_blanks_and_names), cmocka_unit_test(sorts_classes_that_are_numbers),
		cmocka_unit_test(fits_to_training_rows_only), cmocka_unit_test(drops_incomplete_rows),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(says_what_does_not_match_the_spec),
		cmocka_unit_test(needs_something_to_fill_with), cmocka_unit_test(reads_numbers_as_targets),
		cmocka_unit_test(predicts_with_and_without_label), cmocka_unit_test(splits_by_class_and_group),
		cmocka_unit_test(refuses_overlap), cmocka_unit_test(reads_the_wisconsin_table),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
