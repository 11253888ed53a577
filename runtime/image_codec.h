/* image_codec.h: the two decoders behind nn_image_decode; both give pixels of image->channels channels, chosen by the caller
 * before, of 8 or 16 bits. 0, or 1 with what is wrong. */
#ifndef NN_IMAGE_CODEC_H
#define NN_IMAGE_CODEC_H
#include "image.h"

int nn_png_decode(const uint8_t *bytes, size_t size, nn_image *image, char error[NN_IMAGE_ERROR]);
int nn_jpeg_decode(const uint8_t *bytes, size_t size, int height, int width, nn_image *image, char error[NN_IMAGE_ERROR]);
int nn_jpeg_size(const uint8_t *bytes, size_t size, int *height, int *width);

#endif
