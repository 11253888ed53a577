/* test_data_folder.c: folders of images: which files count, in which order, of which class; splits and overlaps; every message
 * about a folder that is not as it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_support.h"

#define ROOT TMP "/folder"

static const int64_t shape[3] = {2, 2, 1};

static void folder_model(FakeModel *fake)
{
	fake_model(fake, "image_folder", NN_BINARY, 1, 3, shape);
}

static nn_data_request train_only(void)
{
	return (nn_data_request){.need = NN_NEED_TRAIN, .train = ROOT "/train"};
}

/* A fresh ROOT/train with the classes a and b, two images each. */
static void make_classes(void)
{
	fresh_folder("folder");
	make_directory(ROOT "/train");
	make_directory(ROOT "/train/b");
	make_directory(ROOT "/train/a");
	write_grey(ROOT "/train/b/1.png", 2, 2, 10);
	write_grey(ROOT "/train/b/0.png", 2, 2, 20);
	write_grey(ROOT "/train/a/y.png", 2, 2, 30);
	write_grey(ROOT "/train/a/x.png", 2, 2, 40);
}

static void assert_names(const nn_dataset *set, const char *const *names, int count)
{
	char name[300];
	assert_int_equal(nn_dataset_count(set), count);
	for (int i = 0; i < count; i++) assert_string_equal(nn_dataset_name(set, i, name, sizeof name), names[i]);
}

static void lists_classes_and_files_by_name(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	make_classes();
	make_directory(ROOT "/train/a/deeper");
	write_grey(ROOT "/train/a/deeper/0", 2, 2, 50); /* an image by its content */
	write_grey(ROOT "/train/a/.hidden.png", 2, 2, 60);
	write_text(ROOT "/train/a/notes.txt", "no image");
	write_text(ROOT "/train/readme", "neither");
	folder_model(&fake);
	nn_data_request request = train_only();
	const char *said = open_sets(&fake.model, &request, &sets);
	assert_string_equal(said, "note: " ROOT "/train/a/notes.txt: not an image, ignored\n");
	assert_names(sets.train, (const char *const[]){ROOT "/train/a/x.png", ROOT "/train/a/y.png", ROOT "/train/a/deeper/0",
						       ROOT "/train/b/0.png", ROOT "/train/b/1.png"}, 5);
	assert_int_equal(sets.class_count, 2);
	assert_string_equal(sets.classes[0], "a");
	const nn_batch *batch = whole_set(sets.train, NULL, &loader);
	const double values[5] = {40, 30, 50, 20, 10}, labels[5] = {0, 0, 0, 1, 1};
	for (int i = 0; i < 5; i++) {
		assert_true(((const double *)batch->fields[FAKE_INPUT])[4 * i] == values[i]);
		assert_true(((const double *)batch->fields[FAKE_LABEL])[i] == labels[i]);
	}
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void takes_classes_from_the_spec(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	const char *const classes[] = {"b", "a"};
	make_classes();
	make_directory(ROOT "/train/c");
	folder_model(&fake);
	fake.fields[FAKE_LABEL].classes.items = classes;
	fake.fields[FAKE_LABEL].classes.count = 2;
	nn_data_request request = train_only();
	assert_string_equal(open_sets(&fake.model, &request, &sets),
			    "warning: " ROOT "/train/c: ignored, because it is none of the classes b, a\n");
	assert_true(nn_dataset_label(sets.train, 0) == 0);
	assert_string_equal(sets.classes[0], "b");
	nn_data_close(&sets);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	FakeModel fake;
	const char *const classes[] = {"a", "b", "z"};
	nn_data_request request = train_only();
	folder_model(&fake);
	fresh_folder("folder");
	assert_refused(&fake.model, &request, ROOT "/train: No such file");
	write_text(ROOT "/train", "a file");
	assert_refused(&fake.model, &request, ROOT "/train: is not a folder");
	fresh_folder("folder");
	make_directory(ROOT "/train");
	assert_refused(&fake.model, &request, ROOT "/train: has no folders in it; image_folder wants one folder of images for each class");
	make_directory(ROOT "/train/a");
	assert_refused(&fake.model, &request, ROOT "/train/a: no images in it");
	write_grey(ROOT "/train/a/1.png", 2, 2, 1);
	assert_refused(&fake.model, &request, ROOT "/train: 1 classes (a), but the model tells 2 apart");
	make_classes();
	fake.fields[FAKE_LABEL].classes.items = classes;
	fake.fields[FAKE_LABEL].classes.count = 3;
	assert_refused(&fake.model, &request, ROOT "/train: has no folder z, although z is a class");
	make_classes();
	fake.fields[FAKE_LABEL].classes.count = 0;
	assert_int_equal(symlink("..", ROOT "/train/a/loop"), 0);
	assert_refused(&fake.model, &request, ROOT "/train/a/loop/a: a symbolic link that leads back to " ROOT "/train/a");
	make_classes();
	assert_int_equal(symlink("self", ROOT "/train/a/self"), 0); /* leads nowhere, and is not called like an image */
	nn_datasets sets;
	assert_says(open_sets(&fake.model, &request, &sets), "self: not an image");
	assert_int_equal(nn_dataset_count(sets.train), 4);
	nn_data_close(&sets);
}

static void lets_other_splits_lack_a_class(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	make_classes();
	make_directory(ROOT "/test");
	make_directory(ROOT "/test/b");
	write_grey(ROOT "/test/b/7.png", 2, 2, 1);
	folder_model(&fake);
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = ROOT "/train", .test = ROOT "/test"};
	assert_string_equal(open_sets(&fake.model, &request, &sets), "warning: " ROOT "/test: has no folder a, although a is a class\n");
	assert_true(nn_dataset_label(sets.test, 0) == 1);
	nn_data_close(&sets);
}

static void refuses_a_file_or_group_in_two_splits(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	make_classes();
	make_directory(ROOT "/test");
	make_directory(ROOT "/test/a");
	make_directory(ROOT "/test/b");
	write_grey(ROOT "/test/a/p17_2.png", 2, 2, 1);
	write_grey(ROOT "/test/b/p18_2.png", 2, 2, 1);
	write_grey(ROOT "/train/b/p17_5.png", 2, 2, 1);
	write_grey(ROOT "/train/a/p170_5.png", 2, 2, 1);
	folder_model(&fake);
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST, .train = ROOT "/train", .test = ROOT "/test"};
	open_sets(&fake.model, &request, &sets);
	nn_data_close(&sets);
	fake.model.data.split_group = "^p(\\d+)_";
	assert_refused(&fake.model, &request, ROOT "/train/b/p17_5.png (train) and " ROOT "/test/a/p17_2.png (test): the group \"17\" is in both splits");
	fake.model.data.split_group = "^p(";
	assert_refused(&fake.model, &request, "split group \"^p(\": ");
	fake.model.data.split_group = NULL;
	assert_int_equal(symlink("../../train/a/x.png", ROOT "/test/b/other_name.png"), 0);
	assert_refused(&fake.model, &request, ROOT "/train/a/x.png (train) and " ROOT "/test/b/other_name.png (test): the same file is in both");
}

static void splits_by_group(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int part[10], total = 0;
	fresh_folder("folder");
	make_directory(ROOT "/train");
	make_directory(ROOT "/train/a");
	make_directory(ROOT "/train/b");
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 1 + i % 3; j++) {
			char path[200];
			snprintf(path, sizeof path, ROOT "/train/%s/person%d-%d.png", i % 2 ? "a" : "b", i, j);
			write_grey(path, 2, 2, i);
		}
	folder_model(&fake);
	nn_data *data = &fake.model.data;
	fake.source.paths[0][0] = ROOT "/train";
	data->split_group = "person[0-9]+";
	data->split_test = 0.3;
	data->split_stratify = 1;
	nn_data_request request = {.need = NN_NEED_TRAIN | NN_NEED_TEST};
	open_sets(&fake.model, &request, &sets);
	memset(part, -1, sizeof part);
	for (int s = 0; s < 2; s++) {
		const nn_dataset *set = s ? sets.test : sets.train;
		for (int64_t i = 0; i < nn_dataset_count(set); i++, total++) {
			char name[200];
			int person = strstr(nn_dataset_name(set, i, name, sizeof name), "person")[6] - '0';
			if (part[person] >= 0) assert_int_equal(part[person], s);
			part[person] = s;
		}
	}
	assert_int_equal(total, 19);
	assert_in_range(nn_dataset_count(sets.test), 4, 8);
	nn_data_close(&sets);
}

static void warns_when_nearest_shrinks(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	make_classes();
	folder_model(&fake);
	nn_data_request request = train_only();
	assert_string_equal(open_sets(&fake.model, &request, &sets), "");
	nn_data_close(&sets);
	write_grey(ROOT "/train/a/0.png", 5, 4, 1);
	assert_says(open_sets(&fake.model, &request, &sets),
		    "warning: " ROOT "/train/a/0.png: interpolation nearest shrinks 5 x 4 to 2 x 2 and skips most pixels");
	nn_data_close(&sets);
	fake.source.interpolation = NN_AREA;
	assert_string_equal(open_sets(&fake.model, &request, &sets), "");
	nn_data_close(&sets);
}

static void predicts_files_and_folders(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	const char *const paths[] = {ROOT "/train/b/1.png", ROOT "/train/a"}, *const wrong[] = {ROOT "/none.png"};
	make_classes();
	folder_model(&fake);
	assert_int_equal(nn_data_open_inputs(&fake.model, paths, 2, NULL, 0, &sets), 0);
	assert_names(sets.test, (const char *const[]){ROOT "/train/b/1.png", ROOT "/train/a/x.png", ROOT "/train/a/y.png"}, 3);
	nn_loader *loader;
	const nn_batch *batch = whole_set(sets.test, NULL, &loader);
	assert_null(batch->fields[FAKE_LABEL]);
	assert_int_equal(batch->rows, 3);
	nn_loader_close(loader);
	nn_data_close(&sets);
	int kept = begin_listening();
	assert_int_equal(nn_data_open_inputs(&fake.model, wrong, 1, NULL, 0, &sets), 1);
	assert_says(end_listening(kept), ROOT "/none.png: No such file");
}

static void reads_real_x_rays(void **state)
{
	(void)state;
	if (access("../shared/data/chest_xray/val", R_OK) != 0) {
		printf("SKIP: no ../shared/data/chest_xray\n");
		skip();
	}
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	fake_model(&fake, "image_folder", NN_BINARY, 1, 3, (const int64_t[]){224, 224, 1});
	nn_data_request request = {.need = NN_NEED_VALIDATION | NN_NEED_TEST, .validation = "../shared/data/chest_xray/val",
				   .test = "../shared/data/chest_xray/test"};
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.test), 300);
	const nn_batch *batch = whole_set(sets.validation, NULL, &loader);
	assert_int_equal(batch->rows, 200);
	assert_int_equal(nn_loader_unreadable(loader), 0);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_classes_and_files_by_name), cmocka_unit_test(takes_classes_from_the_spec),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(lets_other_splits_lack_a_class),
		cmocka_unit_test(refuses_a_file_or_group_in_two_splits), cmocka_unit_test(splits_by_group),
		cmocka_unit_test(warns_when_nearest_shrinks), cmocka_unit_test(predicts_files_and_folders),
		cmocka_unit_test(reads_real_x_rays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
