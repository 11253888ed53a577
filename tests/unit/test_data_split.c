/* test_data_split.c: folds beside tests/reference/folds.txt (scikit-learn's sizes), and splits by a hash of names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_split.h"
#include "data_support.h"

enum { MOST = 400 };

static void name_sample(const Source *source, int64_t sample, char *buffer, size_t size)
{
	(void)source;
	snprintf(buffer, size, "folder/%06lld.png", (long long)sample);
}

static Source source_of(FakeModel *fake, int64_t count)
{
	const int64_t shape[1] = {2};
	fake_model(fake, "csv", NN_MULTICLASS, 3, 1, shape);
	return (Source){.model = &fake->model, .spec = &fake->source, .where = (char *)"here", .count = count, .name = name_sample};
}

/* Sizes of each class in each fold are scikit-learn's; every sample is in the test set of one fold. */
static void folds_have_scikit_s_sizes(void **state)
{
	(void)state;
	FakeModel fake;
	FILE *file = fopen("tests/reference/folds.txt", "r");
	static double labels[MOST];
	static int part[MOST];
	int folds, classes, count, cases = 0;
	assert_non_null(file);
	while (fscanf(file, "%d %d %d", &folds, &classes, &count) == 3) {
		int tested[MOST] = {0};
		for (int i = 0; i < count; i++) assert_int_equal(fscanf(file, "%lf", &labels[i]), 1);
		Source source = source_of(&fake, count);
		fake.model.data.split_stratify = 1;
		fake.model.data.split_folds = folds;
		fake.model.data.split_seed = (uint64_t)cases;
		for (int f = 0; f < folds; f++) {
			int sizes[16] = {0};
			fake.model.data.split_fold = f;
			assert_int_equal(nn_split_deal(&source, classes ? labels : NULL, classes, 0.1, 1.0 / folds, part), 0);
			for (int i = 0; i < count; i++) {
				tested[i] += part[i] == 2;
				sizes[classes ? (int)labels[i] : 0] += part[i] == 2;
			}
			for (int c = 0; c == 0 || c < classes; c++) {
				int expected;
				assert_int_equal(fscanf(file, "%d", &expected), 1);
				assert_int_equal(sizes[c], expected);
			}
		}
		for (int i = 0; i < count; i++) assert_int_equal(tested[i], 1);
		cases++;
	}
	fclose(file);
	assert_int_equal(cases, 20);
}

static void folds_keep_groups_whole(void **state)
{
	(void)state;
	FakeModel fake;
	enum { COUNT = 60 };
	char names[COUNT][8], *groups[COUNT];
	double labels[COUNT];
	int part[COUNT], tested[COUNT / 3] = {0};
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof names[i], "g%d", i / 3);
		groups[i] = names[i];
		labels[i] = i / 3 % 2;
	}
	Source source = source_of(&fake, COUNT);
	source.groups = groups;
	fake.model.data.split_folds = 5;
	fake.model.data.split_stratify = 1;
	for (int f = 0; f < 5; f++) {
		int of_class[2] = {0, 0};
		fake.model.data.split_fold = f;
		assert_int_equal(nn_split_deal(&source, labels, 2, 0, 0.2, part), 0);
		for (int i = 0; i < COUNT; i++) {
			assert_int_equal(part[i], part[i / 3 * 3]);
			of_class[(int)labels[i]] += part[i] == 2;
			tested[i / 3] += part[i] == 2 && i % 3 == 0;
		}
		assert_int_equal(of_class[0], 6);
		assert_int_equal(of_class[1], 6);
	}
	for (int i = 0; i < COUNT / 3; i++) assert_int_equal(tested[i], 1);
}

/* As Python's zlib.crc32(b"000000")/2**32 and so on say. */
static void names_decide(void **state)
{
	(void)state;
	FakeModel fake;
	int part[MOST], more[MOST], counts[3] = {0};
	Source source = source_of(&fake, MOST - 100);
	FileId files[MOST];
	source.files = files;
	source.file_count = source.count;
	fake.model.data.split_by_name = 1;
	assert_int_equal(nn_split_deal(&source, NULL, 0, 0.1, 0.2, part), 0);
	const int expected[12] = {1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 2, 0};
	for (int i = 0; i < 12; i++) assert_int_equal(part[i], expected[i]);
	source.count = source.file_count = MOST;
	fake.model.data.split_seed = 5;
	assert_int_equal(nn_split_deal(&source, NULL, 0, 0.1, 0.2, more), 0);
	for (int i = 0; i < MOST; i++) counts[more[i]]++;
	for (int i = 0; i < MOST - 100; i++) assert_int_equal(part[i], more[i]);
	assert_in_range(counts[1], 25, 55);
	assert_in_range(counts[2], 60, 100);
	fresh_folder("split");
	source.file_count = 1;
	int kept = begin_listening();
	assert_int_equal(nn_split_deal(&source, NULL, 0, 0.1, 0.2, part), 1);
	assert_says(end_listening(kept), "error: here: method: hash goes by the names of files or groups, and here are neither; name a group:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(folds_have_scikit_s_sizes), cmocka_unit_test(folds_keep_groups_whole),
					   cmocka_unit_test(names_decide)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
