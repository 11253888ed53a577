/* test_data_join.c: images and a table joined by a key: which samples there are, in which order, what is said of the others,
 * and that a set can be split, fitted and loaded as any other. An image is grey of the value that its name says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include "data_support.h"

#define JOIN TMP "/join"

enum { IMAGE, FEATURES, LABEL, FIELDS };

typedef struct Joined {
	nn_model model;
	nn_data_source sources[2];
	nn_data_field fields[FIELDS];
	nn_program programs[2];
	nn_field inputs[FIELDS];
	nn_tensor tensors[3];
	double state[3 * 8];
	nn_output output;
} Joined;

static const char *const label_name[] = {"ill"};

static void joined_model(Joined *joined)
{
	static const char *const names[3] = {"data/lab/impute", "data/lab/offset", "data/lab/scale"};
	memset(joined, 0, sizeof *joined);
	joined->fields[IMAGE] = (nn_data_field){.name = "data.xray.image", .rank = 3, .shape = {2, 2, 1}, .count = 4};
	joined->fields[FEATURES] =
		(nn_data_field){.name = "data.lab.features", .source = 1, .rank = 1, .shape = {1}, .count = 1, .fitted = "data/lab"};
	joined->fields[LABEL] = (nn_data_field){.name = "data.lab.label", .source = 1, .part = 1, .count = 1, .label = 1, .classed = 1,
						.class_count = 2};
	for (int f = 0; f < FIELDS; f++) joined->inputs[f].name = joined->fields[f].name;
	for (int t = 0; t < 3; t++)
		joined->tensors[t] =
			(nn_tensor){.name = names[t], .role = NN_FITTED, .rank = 1, .shape = {1}, .offset = (size_t)t * 8, .count = 1};
	joined->sources[0] = (nn_data_source){.name = "xray", .type = "image_folder", .height = 2, .width = 2, .channels = 1, .rescale = 1,
					      .max_unreadable = 0.5};
	joined->sources[1] = (nn_data_source){.name = "lab", .type = "csv", .header = 1, .key = "file", .label = {label_name, 1},
					      .impute = NN_IMPUTE_MEDIAN, .normalize = NN_NORMALIZE_STANDARD};
	joined->output = (nn_output){.name = "y", .task = NN_BINARY, .label = LABEL};
	joined->programs[0] = (nn_program){.name = "evaluate", .batch = 1, .inputs = joined->inputs, .input_count = FIELDS};
	joined->programs[1] = (nn_program){.name = "predict", .batch = 1, .inputs = joined->inputs, .input_count = LABEL};
	joined->model = (nn_model){.name = "joined", .number_size = 8, .outputs = &joined->output, .output_count = 1, .programs = joined->programs, .program_count = 2,
		.tensors = joined->tensors, .tensor_count = 3,
		.data = {.sources = joined->sources, .source_count = 2, .fields = joined->fields, .field_count = FIELDS}};
}

/* build/tests/tmp/join/FOLDER with images first .. last - 1 called pN.png */
static void make_images(const char *folder, int first, int last)
{
	char path[300];
	snprintf(path, sizeof path, JOIN "/%s", folder);
	make_directory(path);
	for (int i = first; i < last; i++) {
		snprintf(path, sizeof path, JOIN "/%s/p%d.png", folder, i);
		write_grey(path, 2, 2, 10 * i);
	}
}

static const nn_data_request train_only = {.need = NN_NEED_TRAIN, .train = JOIN "/train," JOIN "/lab.csv"};

static void joins_in_the_order_of_the_first(void **state)
{
	(void)state;
	Joined joined;
	nn_datasets sets;
	nn_loader *loader;
	char name[200];
	fresh_folder("join");
	make_images("train", 1, 5);
	joined_model(&joined);
	write_text(JOIN "/lab.csv", "file,crp,ill\np4,8,yes\np9,100,no\np1,2,no\np3,,yes\np8,100,no\n");
	const char *said = open_sets(&joined.model, &train_only, &sets);
	assert_says(said, "warning: " JOIN "/train: 1 of 4 samples have no partner and are left out; the first is " JOIN "/train/p2.png, of key \"p2\"");
	assert_says(said, "warning: " JOIN "/lab.csv: 2 of 5 samples have no partner and are left out; the first is " JOIN "/lab.csv:3, of key \"p9\"");
	assert_int_equal(nn_dataset_count(sets.train), 3);
	assert_string_equal(nn_dataset_name(sets.train, 1, name, sizeof name), JOIN "/train/p3.png");
	assert_string_equal(nn_dataset_source(sets.train), JOIN "/train, " JOIN "/lab.csv");
	assert_true(nn_dataset_label(sets.train, 0) == 0 && nn_dataset_label(sets.train, 1) == 1 && nn_dataset_label(sets.train, 2) == 1);
	assert_int_equal(nn_data_fit(sets.train, joined.state), 0);
	const nn_batch *batch = whole_set(sets.train, joined.state, &loader);
	const double *image = batch->fields[IMAGE], *crp = batch->fields[FEATURES], *ill = batch->fields[LABEL], deviation = sqrt(6);
	assert_true(image[0] == 10 && image[4] == 30 && image[8] == 40);
	const double expected[3] = {-3 / deviation, 0, 3 / deviation}; /* 2 5 8: the missing one is the median of the joined rows */
	for (int i = 0; i < 3; i++) assert_true(fabs(crp[i] - expected[i]) < 1e-12);
	assert_true(ill[0] == 0 && ill[1] == 1 && ill[2] == 1);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void finds_keys_by_a_pattern(void **state)
{
	(void)state;
	Joined joined;
	nn_datasets sets;
	fresh_folder("join");
	make_directory(JOIN "/train");
	make_images("train/a", 1, 3);
	make_images("train/b", 1, 3);
	joined_model(&joined);
	write_text(JOIN "/lab.csv", "file,crp,ill\na/p1,8,yes\nb/p1,7,no\n");
	assert_refused(&joined.model, &train_only, JOIN "/train/a/p1.png and " JOIN "/train/b/p1.png: both have the key \"p1\" (and 1 more keys");
	joined.sources[0].key = "^(.*)[.]png$";
	assert_says(open_sets(&joined.model, &train_only, &sets), "2 of 4 samples have no partner");
	assert_int_equal(nn_dataset_count(sets.train), 2);
	nn_data_close(&sets);
	joined.sources[0].key = "x(\\d+)";
	assert_refused(&joined.model, &train_only, "/train/a/p1.png: \"a/p1.png\" does not match key: x(\\d+) of the source xray");
	joined.sources[0].key = NULL;
	fresh_folder("join");
	make_images("train", 1, 3);
	write_text(JOIN "/lab.csv", "file,crp,ill\nq1,8,yes\n");
	assert_refused(&joined.model, &train_only, "no key is in all sources: the first of " JOIN "/train is \"p1\", the first of " JOIN "/lab.csv is \"q1\"");
	write_text(JOIN "/lab.csv", "file,crp,ill\np1,8,yes\np2,3,no\np1,8,no\n");
	assert_refused(&joined.model, &train_only, JOIN "/lab.csv:2 and " JOIN "/lab.csv:4: both have the key \"p1\"");
	write_text(JOIN "/lab.csv", "name,crp,ill\np1,8,yes\n");
	assert_refused(&joined.model, &train_only, "/lab.csv: has no column \"file\" (key)");
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = JOIN "/train"};
	assert_refused(&joined.model, &request, "--train " JOIN "/train: wants paths joined by commas: xray.directory,lab.file");
}

/* One table may serve several splits, as long as no row is in two. */
static void splits_and_checks_overlap(void **state)
{
	(void)state;
	Joined joined;
	nn_datasets sets;
	fresh_folder("join");
	make_images("train", 0, 12);
	make_images("test", 20, 23);
	make_images("copy", 3, 5);
	joined_model(&joined);
	char text[2000] = "crp,file,who,ill\n";
	for (int i = 0; i < 23; i++) sprintf(text + strlen(text), "%d,p%d,w%d,%s\n", i, i, i / 3, i / 3 % 2 ? "yes" : "no");
	write_text(JOIN "/lab.csv", text);
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = train_only.train, .test = JOIN "/test," JOIN "/lab.csv"};
	joined.fields[FEATURES].count = 1;
	joined.model.data.split_group = "who";
	open_sets(&joined.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.test), 3);
	nn_data_close(&sets);
	request.test = JOIN "/copy," JOIN "/lab.csv";
	int kept = begin_listening();
	assert_int_equal(nn_data_open(&joined.model, &request, &sets), 1);
	assert_says(end_listening(kept), "error: " JOIN "/train/p3.png (train) and " JOIN "/copy/p3.png (test): the same row of a table is in both splits (and 1 more)");
	joined.model.data.split_test = 0.25;

	request.test = NULL;
	open_sets(&joined.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.test), 3);
	char name[200], other[200]; /* three images of one patient */
	int first = atoi(strrchr(nn_dataset_name(sets.test, 0, name, sizeof name), '/') + 2);
	int last = atoi(strrchr(nn_dataset_name(sets.test, 2, other, sizeof other), '/') + 2);
	assert_int_equal(first / 3, last / 3);
	nn_data_close(&sets);
	joined.model.data.split_group = "^p(1?).*"; /* no column: of the names of the images */
	joined.fields[FEATURES].count = 1;
	write_text(JOIN "/lab.csv", "crp,file,ill\n1,p1,no\n2,p2,yes\n3,p3,no\n4,p10,yes\n5,p11,no\n6,p4,yes\n");
	open_sets(&joined.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train) + nn_dataset_count(sets.test), 6);
	assert_int_equal(nn_dataset_count(sets.test), 3);
	nn_data_close(&sets);
}

static void predicts_and_names_what_is_broken(void **state)
{
	(void)state;
	Joined joined;
	nn_datasets sets;
	nn_loader *loader;
	fresh_folder("join");
	make_images("new", 1, 4);
	write_text(JOIN "/new/p2.png", "no image");
	joined_model(&joined);
	char *columns[] = {"crp"}, key[] = "data.lab.features";
	const nn_names known = {key, columns, 1};
	const char *one = JOIN "/new," JOIN "/new.csv", *two[] = {JOIN "/new", JOIN "/new.csv"}, *alone = JOIN "/new";
	write_text(JOIN "/new.csv", "note,crp,file\na,1,p1\nb,2,p2\nc,3,p3\n");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nn_data_open_inputs(&joined.model, i ? two : &one, i ? 2 : 1, &known, 1, &sets), 0);
		int kept = begin_listening();
		const nn_batch *batch = whole_set(sets.test, NULL, &loader);
		assert_int_equal(batch->rows, 2);
		assert_null(batch->fields[LABEL]);
		assert_true(((const double *)batch->fields[FEATURES])[1] == 3 && ((const double *)batch->fields[IMAGE])[4] == 30);
		nn_loader_close(loader);
		assert_says(end_listening(kept), "warning: " JOIN "/new/p2.png: ");
		nn_data_close(&sets);
	}
	int kept = begin_listening();
	assert_int_equal(nn_data_open_inputs(&joined.model, &alone, 1, &known, 1, &sets), 1);
	assert_says(end_listening(kept), "the inputs are a path for each of 2 sources, joined by commas: xray,lab");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_in_the_order_of_the_first), cmocka_unit_test(finds_keys_by_a_pattern),
		cmocka_unit_test(splits_and_checks_overlap), cmocka_unit_test(predicts_and_names_what_is_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
