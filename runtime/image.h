/* image.h: from an image file to pixels of the size and number of channels that a model wants. No file is believed by its
 * ending: PNG and JPEG are told apart by their first bytes. */
#ifndef NN_IMAGE_H
#define NN_IMAGE_H
#include <stddef.h>
#include <stdint.h>
#include "nn.h"

enum { NN_IMAGE_ERROR = 256, NN_CHANNELS_STORED = 0 };

/* Pixels (height, width, channels), interleaved; bits 8: uint8_t, 16: uint16_t in the machine's order. */
typedef struct nn_image {
	int height, width, channels, bits;
	void *pixels;
} nn_image;

/* Where resized pixels go: (height, width, channels) numbers. Bytes and 16-bit values as they are (0..255, 0..65535);
 * NN_PIXEL_FLOAT and _DOUBLE in the range 0..255, times rescale. */
typedef enum nn_pixel { NN_PIXEL_U8, NN_PIXEL_U16, NN_PIXEL_FLOAT, NN_PIXEL_DOUBLE } nn_pixel;
typedef struct nn_canvas {
	int height, width, channels;
	nn_interpolation interpolation;
	nn_pixel type;
	double rescale;
	void *numbers;
} nn_canvas;

/* Decodes the bytes of a PNG or JPEG. channels: 1 (grey), 3 (colour) or 4 (with alpha); of a PNG also NN_CHANNELS_STORED:
 * numbers as they are stored, of a palette or of grey below 8 bits too, without alpha. 16-bit PNGs keep their 16 bits.
 * A JPEG whose half (quarter, eighth) is still at least height x width is decoded at that size; 0, 0: never.
 * 0, or 1 with what is wrong (without the file's name). Free image->pixels with free. */
int nn_image_decode(const uint8_t *bytes, size_t size, int channels, int height, int width, nn_image *image,
		    char error[NN_IMAGE_ERROR]);
/* Only looks at the head of the file for its height and width. 0 or 1. */
int nn_image_size(const uint8_t *bytes, size_t size, int *height, int *width);
/* 1: the bytes begin as PNG or JPEG do. Eight bytes are enough. */
int nn_image_known(const uint8_t *bytes, size_t size);

/* Resizes to the canvas and turns channels into its channels (grey of colours by Pillow's L; alpha is dropped or made 255).
 * nearest: as Pillow's resize; bilinear, area: as OpenCV's INTER_LINEAR and INTER_AREA; of 8-bit images to the bit, of
 * 16-bit images to one unit. Nothing is allocated. */
void nn_image_resize(const nn_image *image, const nn_canvas *canvas);

#endif
