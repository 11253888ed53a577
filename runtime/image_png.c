/* image_png.c: in: the bytes of a PNG of any colour type and depth; out: its pixels, 8 or 16 bits, alpha kept or dropped.
 * Invariant: a file that libpng complains about gives no image. */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "image_codec.h"

enum { MAX_PIXELS = 1 << 28, MAX_SIDE = 1 << 20 };

typedef struct Reader {
	const uint8_t *bytes;
	size_t size, at;
	jmp_buf failed;
	char *error;
	png_structp png;
	png_infop info;
	png_bytepp rows;
	uint8_t *pixels;
} Reader;

static void on_error(png_structp png, png_const_charp text)
{
	Reader *reader = png_get_error_ptr(png);
	snprintf(reader->error, NN_IMAGE_ERROR, "broken PNG: %s", text);
	longjmp(reader->failed, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
	(void)png, (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t count)
{
	Reader *reader = png_get_io_ptr(png);
	if (count > reader->size - reader->at) png_error(png, "the file ends too early");
	memcpy(out, reader->bytes + reader->at, count);
	reader->at += count;
}

static int is_little_endian(void)
{
	const uint16_t one = 1;
	uint8_t first;
	memcpy(&first, &one, 1);
	return first;
}

/* Asks libpng for grey or RGB without palettes or packed bits, with alpha only if four channels are wanted; or for the
 * numbers as they are stored. */
static void set_transformations(Reader *reader, int channels)
{
	png_structp png = reader->png;
	int color = png_get_color_type(png, reader->info);
	if (channels == NN_CHANNELS_STORED)
		png_set_packing(png);
	else if (color == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(png);
	else if (color == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, reader->info) < 8)
		png_set_expand_gray_1_2_4_to_8(png);
	if (channels == 4 && png_get_valid(png, reader->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
	if (channels != 4) png_set_strip_alpha(png);
	if (png_get_bit_depth(png, reader->info) == 16 && is_little_endian()) png_set_swap(png);
	png_set_interlace_handling(png);
	png_read_update_info(png, reader->info);
}

static void read_pixels(Reader *reader, nn_image *image)
{
	png_structp png = reader->png;
	image->height = (int)png_get_image_height(png, reader->info);
	image->width = (int)png_get_image_width(png, reader->info);
	image->channels = png_get_channels(png, reader->info);
	image->bits = png_get_bit_depth(png, reader->info);
	if ((int64_t)image->height * image->width > MAX_PIXELS) png_error(png, "more than 2^28 pixels");
	size_t stride = png_get_rowbytes(png, reader->info);
	reader->pixels = malloc(stride * (size_t)image->height);
	reader->rows = malloc(sizeof *reader->rows * (size_t)image->height);
	if (reader->pixels == NULL || reader->rows == NULL) png_error(png, "out of memory");
	for (int y = 0; y < image->height; y++) reader->rows[y] = reader->pixels + stride * (size_t)y;
	png_read_image(png, reader->rows);
	png_read_end(png, NULL);
}

int nn_png_decode(const uint8_t *bytes, size_t size, nn_image *image, char error[NN_IMAGE_ERROR])
{
	Reader reader = {.bytes = bytes, .size = size, .error = error};
	Reader *volatile kept = &reader; /* survives longjmp */
	int channels = image->channels;
	int status = setjmp(reader.failed);
	if (status == 0) {
		kept->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, kept, on_error, on_warning);
		kept->info = kept->png ? png_create_info_struct(kept->png) : NULL;
		if (kept->info == NULL) {
			snprintf(error, NN_IMAGE_ERROR, "out of memory");
			status = 1;
		} else {
			png_set_user_limits(kept->png, MAX_SIDE, MAX_SIDE);
			png_set_read_fn(kept->png, kept, read_bytes);
			png_read_info(kept->png, kept->info);
			set_transformations(kept, channels);
			read_pixels(kept, image);
		}
	}
	if (kept->png != NULL) png_destroy_read_struct(&kept->png, &kept->info, NULL);
	free(kept->rows);
	if (status != 0) {
		free(kept->pixels);
		kept->pixels = NULL;
	}
	image->pixels = kept->pixels;
	return status != 0;
}
