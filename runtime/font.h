/* font.h: small letters in pictures. */
#ifndef NN_FONT_H
#define NN_FONT_H
#include <stddef.h>
#include <stdint.h>

/* Writes a line of UTF-8 in white from the pixel at `to`, three bytes a pixel, `stride` bytes from a line of pixels to the next: letters
 * of 5 x 7 points of size x size pixels, and as many of them as fit into width pixels. What is not ASCII is a box. */
void nn_font_write(uint8_t *to, size_t stride, int width, int size, const char *text);

#endif
