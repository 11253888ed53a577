/* test_data_mask.c: masks of every kind of PNG to class numbers, files to pairs, and what is said of those that don't fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_mask.h"
#include "data_support.h"

#define MASKS TMP "/masks"

/* A PNG of a colour type and depth; rows: packed as libpng wants them. */
static uint8_t *make_png(int color, int depth, int height, int width, const uint8_t *rows, size_t stride, size_t *size)
{
	char *bytes;
	FILE *file = open_memstream(&bytes, size);
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	const png_color palette[4] = {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {9, 9, 9}};
	png_init_io(png, file);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	if (color == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
	png_write_info(png, info);
	for (int y = 0; y < height; y++) png_write_row(png, rows + stride * (size_t)y);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	fclose(file);
	return (uint8_t *)bytes;
}

typedef struct Sample {
	int color, depth, height, width;
	const char *rows;
	size_t stride;
	MaskValues values;
	int to_height, to_width;
	const char *classes; /* one digit a pixel; NULL: refused */
	const char *why;
} Sample;

static void check(const Sample *sample)
{
	size_t size;
	nn_image mask;
	char why[NN_WHY] = "";
	uint8_t classes[64];
	uint8_t *png = make_png(sample->color, sample->depth, sample->height, sample->width, (const uint8_t *)sample->rows,
				sample->stride, &size);
	int failed = nn_mask_decode(png, size, &mask, why);
	if (!failed) {
		failed = nn_mask_classes(&mask, &sample->values, sample->to_height, sample->to_width, classes, why);
		free(mask.pixels);
	}
	free(png);
	if (sample->classes == NULL) {
		assert_int_equal(failed, 1);
		assert_says(why, sample->why);
		return;
	}
	assert_string_equal(why, "");
	for (int i = 0; i < sample->to_height * sample->to_width; i++) assert_int_equal(classes[i], sample->classes[i] - '0');
}

static void values_become_classes(void **state)
{
	(void)state;
	enum { GREY = PNG_COLOR_TYPE_GRAY, COLORS = PNG_COLOR_TYPE_RGB, PALETTE = PNG_COLOR_TYPE_PALETTE, ALPHA = PNG_COLOR_TYPE_RGBA };
	static const int three[] = {0, 128, 255};
	const MaskValues two = {NULL, 2}, four = {NULL, 4}, named = {three, 3};
	const Sample samples[] = {
		{GREY, 8, 2, 2, "\x00\xff\xff\x00", 2, two, 2, 2, "0110", NULL},
		{GREY, 8, 2, 2, "\x00\x01\x01\x00", 2, two, 2, 2, "0110", NULL},
		{GREY, 1, 2, 2, "\x40\x80", 1, two, 2, 2, "0110", NULL},
		{GREY, 16, 1, 2, "\xff\xff\x00\x00", 4, two, 1, 2, "10", NULL},
		{GREY, 16, 1, 2, "\x00\xff\x00\x00", 4, two, 1, 2, NULL, "value 255 at row 0, column 0"},
		{GREY, 8, 2, 2, "\x00\xff\x80\x00", 2, two, 2, 2, NULL, "the mask's value 128 at row 1, column 0 is none of the classes' 0, 1 (or 255)"},
		{GREY, 8, 1, 3, "\xff\x80\x00", 3, named, 1, 3, "210", NULL},
		{GREY, 8, 1, 3, "\x01\x80\x00", 3, named, 1, 3, NULL, "value 1 at row 0, column 0 is none of the classes' 0, 128, 255; see"},
		{PALETTE, 8, 1, 4, "\x00\x01\x02\x03", 4, four, 1, 4, "0123", NULL},
		{PALETTE, 2, 1, 4, "\x1b", 1, four, 1, 4, "0123", NULL},
		{PALETTE, 8, 1, 2, "\x00\x03", 2, (MaskValues){NULL, 3}, 1, 2, NULL, "value 3 at"},
		{COLORS, 8, 1, 2, "\x00\x00\x00\xff\xff\xff", 6, two, 1, 2, "01", NULL},
		{COLORS, 8, 1, 2, "\x00\x00\x00\xff\x00\x00", 6, two, 1, 2, NULL, "a mask in colours"},
		{ALPHA, 8, 1, 2, "\x00\x00\x00\x7f\xff\xff\xff\x7f", 8, two, 1, 2, "01", NULL},
		{GREY, 8, 2, 4, "\x00\x00\xff\xff\xff\xff\x00\x00", 4, two, 4, 2, "01011010", NULL},
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) check(&samples[i]);
}

static void touch(const char *path)
{
	write_bytes(path, "\x89PNG\r\n\x1a\n", 8);
}

/* The partner of the first image, -1: refused, with one line that says part. */
static int64_t pair(const char *part)
{
	FileList images = {0}, masks = {0};
	int64_t partner[8] = {0};
	assert_int_equal(nn_walk(MASKS "/images", &images), 0);
	assert_int_equal(nn_walk(MASKS "/masks/", &masks), 0);
	int kept = begin_listening();
	int failed = nn_pair_files(&images, MASKS "/images", &masks, MASKS "/masks/", partner);
	const char *said = end_listening(kept);
	if (part != NULL) {
		assert_says(said, part);
		assert_one_error(said);
	}
	for (int64_t i = 0; i < images.count && !failed; i++) {
		const char *image = images.items[i].path + strlen(MASKS "/images/"), *mask = masks.items[partner[i]].path + strlen(MASKS "/masks/");
		assert_int_equal(strncmp(image, mask, strcspn(image, ".")), 0);
	}
	nn_file_list_free(&images);
	nn_file_list_free(&masks);
	return failed ? -1 : partner[0];
}

static void files_of_one_name_are_pairs(void **state)
{
	(void)state;
	fresh_folder("masks");
	make_directory(MASKS "/images");
	make_directory(MASKS "/images/sub");
	make_directory(MASKS "/masks");
	make_directory(MASKS "/masks/sub");
	touch(MASKS "/images/a.jpg");
	touch(MASKS "/images/a_b.png");
	touch(MASKS "/images/sub/a.png");
	touch(MASKS "/masks/a.png");
	touch(MASKS "/masks/a_b.PNG");
	touch(MASKS "/masks/sub/a.png");
	assert_int_equal(pair(NULL), 0);
	touch(MASKS "/images/b.png");
	touch(MASKS "/images/c.png");
	assert_int_equal(pair("images/b.png: " MASKS "/masks/ has no mask of that name (and 1 more)"), -1);
	touch(MASKS "/masks/b.png");
	touch(MASKS "/masks/c.png");
	touch(MASKS "/masks/sub/d.png");
	assert_int_equal(pair("masks/sub/d.png: " MASKS "/images has no image of that name"), -1);
	touch(MASKS "/images/sub/d.png");
	touch(MASKS "/masks/b.jpg");
	assert_int_equal(pair("differ in their endings only"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(values_become_classes), cmocka_unit_test(files_of_one_name_are_pairs)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
