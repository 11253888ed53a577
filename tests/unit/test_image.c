/* test_image.c: decoding and resizing against Pillow and OpenCV (tests/reference/images.txt, made by images.py), damaged
 * files, and the paths that no reference has (interlace, scaled decoding, preprocessing).
 * Invariant: 8-bit results are equal to the bit; 16-bit bilinear ones to one unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image.h"

enum { LINE = 1 << 16 };

typedef struct Case {
	char name[64], method[16];
	int channels, bits, height, width, to_height, to_width;
	uint8_t *first, *second; /* file or pixels; expected pixels */
	size_t first_size, second_size;
} Case;

static uint8_t *parse_hex(const char *text, size_t *size)
{
	*size = strlen(text) / 2;
	uint8_t *bytes = malloc(*size + 1);
	for (size_t i = 0; i < *size; i++) {
		unsigned byte;
		assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
		bytes[i] = (uint8_t)byte;
	}
	return bytes;
}

/* The cases of a kind, each given to check. Returns how many. */
static int each_case(const char *kind, void (*check)(const Case *))
{
	FILE *file = fopen("tests/reference/images.txt", "r");
	char *line = malloc(LINE), *first = malloc(LINE), *second = malloc(LINE), word[16];
	int count = 0;
	assert_non_null(file);
	while (fgets(line, LINE, file)) {
		Case c = {.to_height = 0};
		int at = 0, got;
		if (sscanf(line, "%15s %63s %d %d %d %d %n", word, c.name, &c.channels, &c.bits, &c.height, &c.width, &at) != 6) continue;
		if (strcmp(word, kind) != 0) continue;
		if (strcmp(kind, "resize") == 0)
			got = sscanf(line + at, "%d %d %15s %s %s", &c.to_height, &c.to_width, c.method, first, second) == 5;
		else
			got = sscanf(line + at, "%s %s", first, second) == 2;
		assert_true(got);
		c.first = parse_hex(first, &c.first_size);
		c.second = parse_hex(second, &c.second_size);
		check(&c);
		free(c.first);
		free(c.second);
		count++;
	}
	free(line);
	free(first);
	free(second);
	fclose(file);
	return count;
}

static void check_decode(const Case *c)
{
	nn_image image;
	char error[NN_IMAGE_ERROR] = "";
	if (nn_image_decode(c->first, c->first_size, c->channels, 0, 0, &image, error)) fail_msg("%s: %s", c->name, error);
	assert_int_equal(image.height, c->height);
	assert_int_equal(image.width, c->width);
	assert_int_equal(image.bits, c->bits);
	uint8_t *pixels = malloc(c->second_size);
	nn_canvas canvas = {c->height, c->width, c->channels, NN_NEAREST, c->bits == 8 ? NN_PIXEL_U8 : NN_PIXEL_U16, 1, pixels};
	nn_image_resize(&image, &canvas);
	for (size_t i = 0; i < c->second_size; i++)
		if (pixels[i] != c->second[i])
			fail_msg("%s, %d channels: byte %zu is %d, not %d", c->name, c->channels, i, pixels[i], c->second[i]);
	free(pixels);
	free(image.pixels);
}

static void decodes_as_pillow(void **state)
{
	(void)state;
	assert_int_equal(each_case("decode", check_decode), 30);
}

static void check_resize(const Case *c)
{
	nn_image image = {c->height, c->width, c->channels, c->bits, c->first};
	void *pixels = malloc(c->second_size);
	nn_interpolation method = strcmp(c->method, "nearest") == 0 ? NN_NEAREST : strcmp(c->method, "area") == 0 ? NN_AREA : NN_BILINEAR;
	nn_canvas canvas = {c->to_height, c->to_width, c->channels, method, c->bits == 8 ? NN_PIXEL_U8 : NN_PIXEL_U16, 1, pixels};
	nn_image_resize(&image, &canvas);
	for (size_t i = 0; i < c->second_size / (size_t)(c->bits / 8); i++) {
		int got = c->bits == 8 ? ((uint8_t *)pixels)[i] : ((uint16_t *)pixels)[i];
		int expected = c->bits == 8 ? c->second[i] : c->second[2 * i] | c->second[2 * i + 1] << 8;
		if (abs(got - expected) > (c->bits == 8 ? 0 : 1))
			fail_msg("%s %s, %d channels of %d bits: number %zu is %d, not %d", c->name, c->method, c->channels, c->bits, i,
				 got, expected);
	}
	free(pixels);
}

static void resizes_as_opencv_and_pillow(void **state)
{
	(void)state;
	assert_int_equal(each_case("resize", check_resize), 68);
}

/* Every prefix of a file and every file with one byte changed: an image or a message, never a crash; half a file is none. */
static void check_damage(const Case *c)
{
	uint8_t *bytes = malloc(c->first_size);
	char error[NN_IMAGE_ERROR];
	nn_image image;
	for (size_t size = 0; size < c->first_size; size += 1 + c->first_size / 97) {
		int failed = nn_image_decode(c->first, size, c->channels, 0, 0, &image, error);
		if (size < c->first_size * 3 / 4) assert_true(failed);
		if (failed) assert_true(error[0] != 0);
		if (failed) assert_null(image.pixels);
		free(image.pixels);
	}
	for (size_t at = 0; at < c->first_size; at += 1 + c->first_size / 199) {
		memcpy(bytes, c->first, c->first_size);
		bytes[at] ^= (uint8_t)(1 + at * 37 % 255);
		if (nn_image_decode(bytes, c->first_size, c->channels, 0, 0, &image, error) == 0) free(image.pixels);
	}
	free(bytes);
}

static void survives_damage(void **state)
{
	(void)state;
	each_case("decode", check_damage);
}

static void names_other_formats(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *says;
	} files[] = {{"", 0, "empty"}, {"GIF89a..........", 16, "a GIF"}, {"BM..............", 16, "a BMP"},
		     {"RIFF....WEBPVP8 ", 16, "a WebP"}, {"hello, world....", 16, "neither"}, {"\x89PNG\r\n..........", 16, "damaged PNG"}};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char error[NN_IMAGE_ERROR];
		nn_image image;
		assert_int_equal(nn_image_decode((const uint8_t *)files[i].bytes, files[i].size, 1, 0, 0, &image, error), 1);
		if (strstr(error, files[i].says) == NULL) fail_msg("\"%s\" does not say \"%s\"", error, files[i].says);
	}
}

typedef struct Memory {
	uint8_t bytes[1 << 16];
	size_t size;
} Memory;

static void keep_bytes(png_structp png, png_bytep data, size_t size)
{
	Memory *memory = png_get_io_ptr(png);
	assert_true(memory->size + size <= sizeof memory->bytes);
	memcpy(memory->bytes + memory->size, data, size);
	memory->size += size;
}

/* A grey PNG of any depth, interlaced or not; rows are packed as libpng wants them. */
static void write_png(Memory *memory, int width, int height, int depth, int interlace, uint8_t **rows)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	memory->size = 0;
	png_set_write_fn(png, memory, keep_bytes, NULL);
	png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, PNG_COLOR_TYPE_GRAY, interlace, 0, 0);
	png_set_rows(png, info, rows);
	png_write_png(png, info, PNG_TRANSFORM_IDENTITY, NULL);
	png_destroy_write_struct(&png, &info);
}

static void decodes_interlaced_and_few_bits(void **state)
{
	(void)state;
	static Memory memory;
	uint8_t storage[9][16], *rows[9];
	for (int depth = 1; depth <= 8; depth *= 2)
		for (int interlace = 0; interlace < 2; interlace++) {
			char error[NN_IMAGE_ERROR];
			nn_image image;
			for (int y = 0; y < 9; y++) {
				rows[y] = storage[y];
				for (int i = 0; i < 16; i++) storage[y][i] = (uint8_t)(y * 31 + i * 57 + 3);
			}
			write_png(&memory, 11, 9, depth, interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, rows);
			assert_int_equal(nn_image_decode(memory.bytes, memory.size, 1, 0, 0, &image, error), 0);
			for (int y = 0; y < 9; y++)
				for (int x = 0; x < 11; x++) {
					int bit = x * depth, top = (1 << depth) - 1;
					int value = storage[y][bit / 8] >> (8 - depth - bit % 8) & top;
					assert_int_equal(((uint8_t *)image.pixels)[y * 11 + x], value * 255 / top);
				}
			free(image.pixels);
		}
}

static void check_scaled(const Case *c)
{
	nn_image image;
	char error[NN_IMAGE_ERROR];
	int height, width;
	assert_int_equal(nn_image_size(c->first, c->first_size, &height, &width), 0);
	assert_int_equal(height, c->height);
	assert_int_equal(width, c->width);
	assert_int_equal(nn_image_decode(c->first, c->first_size, 1, 4, 5, &image, error), 0);
	int jpeg = strncmp(c->name, "jpeg", 4) == 0;
	assert_int_equal(image.height, jpeg ? 5 : c->height); /* 9 x 11 halved is still 4 x 5 or more */
	assert_int_equal(image.width, jpeg ? 6 : c->width);
	free(image.pixels);
}

static void decodes_at_reduced_scale(void **state)
{
	(void)state;
	each_case("decode", check_scaled);
}

/* Floats are bytes times rescale; 16 bits are brought to 0..255; two channels give grey, four lose their alpha. */
static void preprocesses(void **state)
{
	(void)state;
	float x[4];
	nn_data_source source = {.height = 1, .width = 2, .channels = 1, .rescale = 1.0 / 255, .interpolation = NN_AREA};
	const nn_data_field field = {.name = "data.image"};
	nn_model model = {.number_size = 4, .data = {.sources = &source, .source_count = 1, .fields = &field, .field_count = 1}};
	const uint8_t grey[2] = {255, 51}, two[4] = {10, 1, 20, 2}, four[8] = {255, 0, 0, 9, 0, 0, 255, 9};
	nn_preprocess_image(&model, 0, grey, 1, 2, 1, x);
	assert_true(fabsf(x[0] - 1) < 1e-6f && fabsf(x[1] - 0.2f) < 1e-6f);
	source.rescale = 1;
	nn_preprocess_image(&model, 0, two, 1, 2, 2, x);
	assert_true(x[0] == 10 && x[1] == 20);
	nn_preprocess_image(&model, 0, four, 1, 2, 4, x);
	assert_true(x[0] == 76 && x[1] == 29); /* 0.299 and 0.114 of 255 */
	source.width = 1;
	nn_preprocess_image(&model, 0, grey, 1, 2, 1, x);
	assert_true(x[0] == 153);
	const uint16_t wide[1] = {65535 / 2};
	nn_image image = {1, 1, 1, 16, (void *)(uintptr_t)wide};
	nn_canvas canvas = {1, 1, 1, NN_NEAREST, NN_PIXEL_FLOAT, 1, x};
	nn_image_resize(&image, &canvas);
	assert_true(fabsf(x[0] - 127.498f) < 1e-3f); /* not 127 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_as_pillow), cmocka_unit_test(resizes_as_opencv_and_pillow),
		cmocka_unit_test(survives_damage), cmocka_unit_test(names_other_formats),
		cmocka_unit_test(decodes_interlaced_and_few_bits), cmocka_unit_test(decodes_at_reduced_scale),
		cmocka_unit_test(preprocesses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
