/* test_data_columns.c: columns of a table as fields, categories, labels of several columns. Numbers are worked out by hand:
 * mean and population deviation of the training rows, the commonest category where one is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "data_support.h"

#define COLUMNS TMP "/columns"

enum { FEATURES, LABEL, WARD, AGE, FIELDS };

/* Inputs features [count], ward (a category, by number or one-hot) and age, and a label. */
typedef struct Wide {
	nn_model model;
	nn_data_source source;
	nn_data_field fields[FIELDS];
	nn_category categories[2];
	nn_program programs[2];
	nn_field inputs[FIELDS], read[FIELDS]; /* of evaluate, of predict */
	nn_tensor tensors[9];
	double state[9 * 8];
	nn_output output;
} Wide;

static const char *const label_name[] = {"y"}, *const three[] = {"y", "z", "w"}, *const ignored[] = {"id"};

static void wide_model(Wide *wide, int features, int wards)
{
	static const char *const names[9] = {"data/impute", "data/offset", "data/scale", "data/ward/impute", "data/ward/offset",
					     "data/ward/scale", "data/age/impute", "data/age/offset", "data/age/scale"};
	memset(wide, 0, sizeof *wide);
	wide->fields[FEATURES] = (nn_data_field){.name = "data.features", .fitted = "data"};
	wide->fields[LABEL] = (nn_data_field){.name = "data.label", .part = 1, .label = 1, .count = 1};
	wide->fields[WARD] = (nn_data_field){.name = "data.ward", .part = 2, .column = "ward", .fitted = "data/ward"};
	wide->fields[AGE] = (nn_data_field){.name = "data.age", .part = 2, .column = "age", .fitted = "data/age", .count = 1};
	fake_shape(&wide->fields[FEATURES], 1, (const int64_t[]){features});
	fake_shape(&wide->fields[WARD], 1, (const int64_t[]){wards});
	for (int f = 0; f < FIELDS; f++) wide->inputs[f].name = wide->fields[f].name;
	for (int f = 0, at = 0; f < FIELDS; f++)
		if (f != LABEL) wide->read[at++] = wide->inputs[f];
	for (int t = 0; t < 9; t++) {
		size_t count = t < 3 ? (size_t)features : t < 6 ? (size_t)wards : 1;
		wide->tensors[t] = (nn_tensor){.name = names[t], .role = NN_FITTED, .rank = 1, .offset = (size_t)t * 8, .count = count};
	}
	wide->categories[0] = (nn_category){.column = "ward"};
	wide->categories[1] = (nn_category){.column = "sex"};
	wide->source = (nn_data_source){.type = "csv", .header = 1, .label = {label_name, 1}, .ignore = {ignored, 1},
		.impute = NN_IMPUTE_MEDIAN, .normalize = NN_NORMALIZE_STANDARD, .categories = wide->categories, .category_count = 2};
	wide->output = (nn_output){.name = "y", .task = NN_REGRESSION, .label = LABEL};
	wide->programs[0] = (nn_program){.name = "evaluate", .batch = 1, .inputs = wide->inputs, .input_count = FIELDS};
	wide->programs[1] = (nn_program){.name = "predict", .batch = 1, .inputs = wide->read, .input_count = FIELDS - 1};
	wide->model = (nn_model){.name = "wide", .number_size = 8, .outputs = &wide->output, .output_count = 1, .programs = wide->programs, .program_count = 2,
		.tensors = wide->tensors, .tensor_count = 9,
		.data = {.sources = &wide->source, .source_count = 1, .fields = wide->fields, .field_count = FIELDS}};
}

static const char table[] = "id,ward,sex,age,dose,y\n"
			    "p1,B,f,20,1,0.5\n"
			    "p2,A,m,,3,1.5\n"
			    "p3,B,,40,5,2.5\n"
			    "p4,,m,60,,3.5\n";

static void assert_row(const nn_batch *batch, int field, int row, int count, const double *expected)
{
	const double *got = (const double *)batch->fields[field] + row * count;
	for (int i = 0; i < count; i++)
		if (fabs(got[i] - expected[i]) > 1e-12) fail_msg("field %d, row %d, number %d is %.17g, not %.17g", field, row, i, got[i], expected[i]);
}

/* features: sex (f, m), dose; ward and age are inputs of their own, so that they are no features. */
static void fits_columns_of_their_own(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	wide_model(&wide, 3, 1);
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = write_text(COLUMNS "/train.csv", table)};
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
	const nn_batch *batch = whole_set(sets.train, wide.state, &loader);
	const double dose = sqrt(2), age = sqrt(200); /* 1 3 5 3: of mean 3; 20 40 40 60: of mean 40 */
	assert_row(batch, FEATURES, 0, 3, (const double[]){1, 0, -2 / dose});
	assert_row(batch, FEATURES, 1, 3, (const double[]){0, 1, 0});
	assert_row(batch, FEATURES, 2, 3, (const double[]){0, 1, 2 / dose}); /* the commonest sex is m */
	assert_row(batch, FEATURES, 3, 3, (const double[]){0, 1, 0}); /* the median dose is 3 */
	assert_row(batch, WARD, 0, 4, (const double[]){1, 0, 1, 1}); /* A 0, B 1; the commonest is B */
	assert_row(batch, AGE, 0, 4, (const double[]){-20 / age, 0, 0, 20 / age});
	assert_row(batch, LABEL, 0, 4, (const double[]){0.5, 1.5, 2.5, 3.5});
	nn_loader_close(loader);
	nn_data_close(&sets);
}

/* A category whose input is as wide as it has values is one-hot; without predict reading it, age is a feature, too. */
static void writes_one_hot_categories(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	wide_model(&wide, 4, 2);
	wide.fields[AGE].label = 1; /* the loss reads it */
	wide.source.normalize = NN_NORMALIZE_NONE;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = write_text(COLUMNS "/train.csv", table)};
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
	const nn_batch *batch = whole_set(sets.train, wide.state, &loader);
	assert_row(batch, FEATURES, 0, 4, (const double[]){1, 0, 20, 1});
	assert_row(batch, FEATURES, 3, 4, (const double[]){0, 1, 60, 3});
	assert_row(batch, WARD, 0, 8, (const double[]){0, 1, 1, 0, 0, 1, 0, 1});
	nn_loader_close(loader);
	nn_data_close(&sets);
	wide.fields[WARD].count = 3;
	assert_refused(&wide.model, &request, "column \"ward\" has 2 categories, but the model's input is [3]");
}

/* Columns that the spec names are the features, in its order. */
static void takes_listed_features(void **state)
{
	(void)state;
	static const char *const listed[] = {"dose", "sex"};
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	wide_model(&wide, 3, 1);
	wide.source.features = (nn_texts){listed, 2};
	wide.source.normalize = NN_NORMALIZE_NONE;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = write_text(COLUMNS "/train.csv", table)};
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
	const nn_batch *batch = whole_set(sets.train, wide.state, &loader);
	assert_row(batch, FEATURES, 0, 6, (const double[]){1, 1, 0, 3, 0, 1});
	nn_loader_close(loader);
	nn_data_close(&sets);
	wide.source.features = (nn_texts){three, 1};
	wide.source.label = (nn_texts){ignored, 1};
	wide.source.ignore = (nn_texts){NULL, 0};
	write_text(request.train, "id,ward,sex,age,dose\np1,B,f,20,1\n");
	assert_refused(&wide.model, &request, "has no column \"y\" (features); its columns are id, ward, sex, age, dose");
}

/* What training has learned goes before the file: the order of columns, of categories. */
static void predicts_by_name(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	char *columns[] = {"sex", "dose"}, *wards[] = {"C", "B"}, *sexes[] = {"m", "f"};
	char keys[3][20] = {"data.features", "data/ward", "data/sex"};
	const nn_names known[] = {{keys[0], columns, 2}, {keys[1], wards, 2}, {keys[2], sexes, 2}};
	const char *const path = write_text(COLUMNS "/new.csv", "dose,age,note,sex,ward\n7,30,hello,m,C\n8,31,,f,B\n");
	wide_model(&wide, 3, 1);
	assert_int_equal(nn_data_open_inputs(&wide.model, &path, 1, known, 3, &sets), 0);
	const nn_batch *batch = whole_set(sets.test, NULL, &loader);
	assert_row(batch, FEATURES, 0, 6, (const double[]){1, 0, 7, 0, 1, 8});
	assert_row(batch, WARD, 0, 2, (const double[]){0, 1});
	assert_null(batch->fields[LABEL]);
	nn_loader_close(loader);
	nn_data_close(&sets);
	static const struct { const char *text, *says; } wrong[] = {
		{"dose,age,sex,ward\n7,30,m,A\n", "new.csv:2: \"A\" in column \"ward\" is none of the categories of the training data, C, B"},
		{"dose,age,sex\n7,30,m\n", "has no column \"ward\" (data.ward); its columns are dose, age, sex"},
		{"age,sex,ward\n30,m,C\n", "has no column \"dose\" (a feature in training); its columns are age, sex, ward"},
		{"dose,age,sex,ward,ward\n7,30,m,C,B\n", "has two columns \"ward\" (data.ward)"},
		{"dose,age,sex,ward\n7,old,m,C\n", "new.csv:2: \"old\" in column \"age\" is no number"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		write_text(COLUMNS "/new.csv", wrong[i].text);
		int kept = begin_listening();
		assert_int_equal(nn_data_open_inputs(&wide.model, &path, 1, known, 3, &sets), 1);
		const char *said = end_listening(kept);
		assert_says(said, wrong[i].says);
		assert_one_error(said);
	}
}

static void reads_labels_of_several_columns(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	wide_model(&wide, 1, 1);
	wide.model.data.field_count = 2;
	wide.output.task = NN_MULTILABEL;
	wide.source.label = (nn_texts){three, 3};
	wide.source.category_count = 0;
	wide.fields[LABEL].classes = wide.source.label;
	fake_shape(&wide.fields[LABEL], 1, (const int64_t[]){3});
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = write_text(COLUMNS "/many.csv", "w,id,x,y,z\n1,a,5,0,1\n0,b,6,1,1\n0,c,7,,1\n")};
	assert_says(open_sets(&wide.model, &request, &sets), "many.csv:4: 1 rows without a label are left out");
	const nn_batch *batch = whole_set(sets.train, NULL, &loader);
	assert_int_equal(batch->rows, 2);
	assert_row(batch, LABEL, 0, 6, (const double[]){0, 1, 1, 1, 1, 0});
	assert_row(batch, FEATURES, 0, 2, (const double[]){5, 6});
	assert_int_equal(sets.class_count, 3);
	assert_string_equal(sets.classes[2], "w");
	int64_t counts[3];
	nn_dataset_class_counts(sets.train, counts);
	assert_true(counts[0] == 1 && counts[1] == 2 && counts[2] == 1);
	nn_loader_close(loader);
	nn_data_close(&sets);
	write_text(COLUMNS "/many.csv", "w,id,x,y,z\n1,a,5,0,1\n0,b,6,2,1\n");
	assert_refused(&wide.model, &request, "many.csv:3: the label \"y\" is 2, but a label of several columns is 0 or 1 in each");
	wide.output.task = NN_REGRESSION; /* numbers to be met */
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(sets.class_count, 0);
	nn_data_close(&sets);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	Wide wide;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = COLUMNS "/wrong.csv"};
	wide_model(&wide, 3, 1);
	write_text(request.train, "id,ward,sex,dose,y\np1,B,f,1,0.5\n");
	assert_refused(&wide.model, &request, "has no column \"age\" (data.age)");
	write_text(request.train, "id,ward,age,dose,y\np1,B,20,1,0.5\n");
	assert_refused(&wide.model, &request, "has no column \"sex\" (categories)");
	write_text(request.train, "id,ward,sex,age,dose,y\np1,B,,20,1,0.5\n");
	assert_refused(&wide.model, &request, "column \"sex\" has no value; name it under ignore:");
	write_text(request.train, "id,ward,sex,age,dose,y\np1,B,f,20,1,0.5\np1,B,g,20,1,0.5\np1,B,m,20,1,0.5\n");
	assert_refused(&wide.model, &request, "2 columns are features of as many numbers, column \"sex\" gives 3, but the model's input is [3]");
	write_text(request.train, "id,ward,sex,age,dose,dose,y\np1,B,f,20,1,2,0.5\n");
	assert_refused(&wide.model, &request, "has two columns \"dose\" (a feature)");
	write_text(request.train, "id,ward,sex,age,dose,y\np1,B,f,20,1,0.5\np1,B,m,20,-1e39,0.5\n");
	assert_refused(&wide.model, &request, "wrong.csv:3: \"-1e39\" in column \"dose\" is too large for a float, which ends at 3.4e38");
	wide.fields[AGE].fitted = NULL; /* as of an ignored column, or a label */
	write_text(request.train, table);
	assert_refused(&wide.model, &request, "wrong.csv:3: column \"age\" is missing; it is no feature, so that nothing fills it");
	wide.source.impute = NN_IMPUTE_DROP;
	nn_datasets sets;
	assert_says(open_sets(&wide.model, &request, &sets), "3 rows with missing values are left out");
	nn_data_close(&sets);
}

static int prepare(void **state)
{
	(void)state;
	fresh_folder("columns");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_columns_of_their_own), cmocka_unit_test(writes_one_hot_categories), cmocka_unit_test(predicts_by_name), cmocka_unit_test(takes_listed_features),
		cmocka_unit_test(reads_labels_of_several_columns), cmocka_unit_test(says_what_is_wrong),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
