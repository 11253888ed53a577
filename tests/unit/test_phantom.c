/* test_phantom.c: the drawn radiographs: the same seed draws the same bytes, another seed others, and no simple number tells
 * the classes apart. The program is included as it stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#define main phantom_main
#include "../../specs/data/phantom.c"
#undef main
#include "data_support.h"

#define ROOT TMP "/phantom"
enum { SIZE = 32, COUNT = 120 };

static int run(const char *folder, const char *seed)
{
	char *arguments[] = {"phantom", (char *)(uintptr_t)folder, "--count", "120", "--size", "32", "--seed", (char *)(uintptr_t)seed, NULL};
	return phantom_main(8, arguments);
}

/* Pixels of one image; 0..255. */
static void read_film(const char *folder, const char *split, int ill, int number, uint8_t film[SIZE * SIZE])
{
	char path[300];
	png_image image = {.version = PNG_IMAGE_VERSION};
	snprintf(path, sizeof path, "%s/%s/%s/%04d.png", folder, split, ill ? "PNEUMONIA" : "NORMAL", number);
	if (!png_image_begin_read_from_file(&image, path)) fail_msg("%s: %s", path, image.message);
	assert_true(image.width == SIZE && image.height == SIZE && image.format == PNG_FORMAT_GRAY);
	assert_true(png_image_finish_read(&image, NULL, film, 0, NULL));
}

static void repeats_by_seed(void **state)
{
	(void)state;
	uint8_t a[SIZE * SIZE], b[SIZE * SIZE];
	assert_int_equal(run(ROOT "/a", "5"), 0);
	assert_int_equal(run(ROOT "/b", "5"), 0);
	assert_int_equal(run(ROOT "/c", "6"), 0);
	for (int i = 0; i < COUNT / 2; i++) {
		read_film(ROOT "/a", "train", 1, i, a);
		read_film(ROOT "/b", "train", 1, i, b);
		assert_memory_equal(a, b, sizeof a);
		read_film(ROOT "/c", "train", 1, i, b);
		assert_memory_not_equal(a, b, sizeof a);
	}
	read_film(ROOT "/a", "train", 0, 3, a);
	read_film(ROOT "/a", "test", 0, 3, b);
	assert_memory_not_equal(a, b, sizeof a);
	read_film(ROOT "/a", "val", 1, COUNT / 12 - 1, a); /* the last of them */
	read_film(ROOT "/a", "test", 1, COUNT / 6 - 1, a);
}

/* The area under the ROC curve of the mean brightness is far from 1. */
static void is_not_told_by_brightness(void **state)
{
	(void)state;
	double mean[2][COUNT / 2], pairs = 0;
	uint8_t film[SIZE * SIZE];
	for (int c = 0; c < 2; c++)
		for (int i = 0; i < COUNT / 2; i++) {
			read_film(ROOT "/a", "train", c, i, film);
			mean[c][i] = 0;
			for (int k = 0; k < SIZE * SIZE; k++) mean[c][i] += film[k];
		}
	for (int i = 0; i < COUNT / 2; i++)
		for (int j = 0; j < COUNT / 2; j++) pairs += mean[1][i] > mean[0][j];
	pairs /= COUNT / 2 * (COUNT / 2);
	if (pairs > 0.8 || pairs < 0.2) fail_msg("area under the curve %g", pairs);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	char *none[] = {"phantom", NULL}, *number[] = {"phantom", "x", "--size", "1e3", NULL}, *missing[] = {"phantom", "x", "--seed", NULL};
	char *nowhere[] = {"phantom", ROOT "/none/none", NULL};
	int kept = begin_listening();
	assert_int_equal(phantom_main(1, none), 2);
	assert_int_equal(phantom_main(4, number), 2);
	assert_int_equal(phantom_main(3, missing), 2);
	assert_int_equal(phantom_main(2, nowhere), 1);
	assert_says(end_listening(kept), ROOT "/none/none: No such file or directory\n");
}

static int prepare(void **state)
{
	(void)state;
	fresh_folder("phantom");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(repeats_by_seed), cmocka_unit_test(is_not_told_by_brightness),
					   cmocka_unit_test(says_what_is_wrong)};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
