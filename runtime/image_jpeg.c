/* image_jpeg.c: in: the bytes of a JPEG (baseline, progressive; grey, YCbCr, RGB, CMYK, YCCK); out: 8-bit grey or RGB. Grey of
 * a colour JPEG is its Y, taken before the colours are made.
 * Invariant: a file whose data ends too early or is damaged gives no image, although libjpeg would fill the rest with grey. */
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include "image_codec.h"

enum { MAX_PIXELS = 1 << 28, MAX_SCANS = 500 };

typedef struct Reader {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed;
	char *error;
	uint8_t *pixels, *row;
} Reader;

static void fail(Reader *reader, const char *text)
{
	snprintf(reader->error, NN_IMAGE_ERROR, "broken JPEG: %s", text);
	longjmp(reader->failed, 1);
}

static void on_error(j_common_ptr jpeg)
{
	char text[JMSG_LENGTH_MAX];
	jpeg->err->format_message(jpeg, text);
	fail(jpeg->client_data, text);
}

/* Warnings that mean lost pixels. */
static void on_message(j_common_ptr jpeg, int level)
{
	if (level >= 0) return;
	switch (jpeg->err->msg_code) {
	case JWRN_JPEG_EOF:
	case JWRN_HIT_MARKER:
	case JWRN_HUFF_BAD_CODE:
	case JWRN_MUST_RESYNC:
	case JWRN_ARITH_BAD_CODE: on_error(jpeg);
	}
}

/* A small file can ask for thousands of passes over a large image. */
static void on_progress(j_common_ptr jpeg)
{
	if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > MAX_SCANS)
		fail(jpeg->client_data, "too many scans");
}

static void start(Reader *reader, const uint8_t *bytes, size_t size)
{
	reader->jpeg.err = jpeg_std_error(&reader->errors);
	reader->errors.error_exit = on_error;
	reader->errors.emit_message = on_message;
	reader->jpeg.client_data = reader;
	jpeg_create_decompress(&reader->jpeg);
	reader->progress.progress_monitor = on_progress;
	reader->jpeg.progress = &reader->progress;
	jpeg_mem_src(&reader->jpeg, bytes, (unsigned long)size);
	jpeg_read_header(&reader->jpeg, TRUE);
	if ((int64_t)reader->jpeg.image_height * reader->jpeg.image_width > MAX_PIXELS) fail(reader, "more than 2^28 pixels");
}

/* The smallest of 1/8, 1/4, 1/2 at which both sides are still as long as wanted. */
static void choose_scale(struct jpeg_decompress_struct *jpeg, int height, int width)
{
	jpeg->scale_num = jpeg->scale_denom = 8;
	if (height <= 0 || width <= 0) return;
	for (unsigned scale = 1; scale < 8; scale *= 2)
		if (jpeg->image_height * scale >= 8u * (unsigned)height && jpeg->image_width * scale >= 8u * (unsigned)width) {
			jpeg->scale_num = scale;
			return;
		}
}

static int is_four_inks(const struct jpeg_decompress_struct *jpeg)
{
	return jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
}

/* a*b/255, rounded (Pillow's MULDIV255). */
static unsigned scaled(unsigned a, unsigned b)
{
	unsigned t = a * b + 128;
	return ((t >> 8) + t) >> 8;
}

/* CMYK (4 bytes a pixel) to RGB. Inks are taken to be stored inverted, as Adobe does and Pillow and OpenCV assume. */
static void inks_to_colors(const uint8_t *inks, uint8_t *colors, int width)
{
	for (int x = 0; x < width; x++, inks += 4, colors += 3) {
		unsigned light = inks[3];
		for (int c = 0; c < 3; c++) {
			unsigned lost = scaled(255u - inks[c], light);
			colors[c] = (uint8_t)(lost < light ? light - lost : 0);
		}
	}
}

static void read_pixels(Reader *reader, nn_image *image)
{
	struct jpeg_decompress_struct *jpeg = &reader->jpeg;
	int inks = is_four_inks(jpeg);
	jpeg->out_color_space = inks ? JCS_CMYK : image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_start_decompress(jpeg);
	image->height = (int)jpeg->output_height;
	image->width = (int)jpeg->output_width;
	image->channels = inks ? 3 : jpeg->output_components;
	image->bits = 8;
	size_t stride = (size_t)image->width * (size_t)image->channels;
	reader->pixels = malloc(stride * (size_t)image->height);
	reader->row = inks ? malloc((size_t)image->width * 4) : NULL;
	if (reader->pixels == NULL || (inks && reader->row == NULL)) fail(reader, "out of memory");
	while (jpeg->output_scanline < jpeg->output_height) {
		uint8_t *out = reader->pixels + stride * jpeg->output_scanline;
		JSAMPROW row = inks ? reader->row : out;
		jpeg_read_scanlines(jpeg, &row, 1);
		if (inks) inks_to_colors(reader->row, out, image->width);
	} /* what follows the last row is of no interest: some cameras forget the end marker */
}

int nn_jpeg_decode(const uint8_t *bytes, size_t size, int height, int width, nn_image *image, char error[NN_IMAGE_ERROR])
{
	Reader reader = {.error = error};
	Reader *volatile kept = &reader; /* survives longjmp */
	int status = setjmp(reader.failed);
	if (status == 0) {
		start(kept, bytes, size);
		choose_scale(&kept->jpeg, height, width);
		read_pixels(kept, image);
	}
	jpeg_destroy_decompress(&kept->jpeg);
	free(kept->row);
	if (status != 0) {
		free(kept->pixels);
		kept->pixels = NULL;
	}
	image->pixels = kept->pixels;
	return status != 0;
}

int nn_jpeg_size(const uint8_t *bytes, size_t size, int *height, int *width)
{
	char error[NN_IMAGE_ERROR];
	Reader reader = {.error = error};
	Reader *volatile kept = &reader;
	int status = setjmp(reader.failed);
	if (status == 0) {
		start(kept, bytes, size);
		*height = (int)kept->jpeg.image_height;
		*width = (int)kept->jpeg.image_width;
	}
	jpeg_destroy_decompress(&kept->jpeg);
	return status != 0;
}
