/* image_resize.c: in: an image of 8 or 16 bits and 1 to 4 channels; out: numbers of another size and number of channels.
 * The arithmetic follows Pillow 11 (Geometry.c, ImagingScaleAffine) and OpenCV 4 (resize.cpp) in every rounding.
 * Invariant: every output is one function of the input's pixels, so no memory is needed between them. */
#include <float.h>
#include <math.h>
#include "image.h"

enum { COEFFICIENT_ONE = 1 << 11 }; /* OpenCV's INTER_RESIZE_COEF_BITS */

/* Two neighbours along an axis and the weight of the second. */
typedef struct Pair {
	int first, second;
	float weight;
} Pair;

/* Places [from, to) along an axis that lie wholly in an output pixel, with parts of those before and after. */
typedef struct Span {
	int from, to;
	float before, inside, after; /* weights; 0: that pixel has no part */
} Span;

static unsigned value_at(const nn_image *image, int y, int x, int place)
{
	size_t i = ((size_t)y * (size_t)image->width + (size_t)x) * (size_t)image->channels + (size_t)place;
	return image->bits == 8 ? ((const uint8_t *)image->pixels)[i] : ((const uint16_t *)image->pixels)[i];
}

/* One channel of a pixel as the canvas wants it: grey by Pillow's L, alpha the largest value if there is none. */
static unsigned fetch(const nn_image *image, int y, int x, int channel, int channels)
{
	int colors = image->channels >= 3;
	if (channels == image->channels) return value_at(image, y, x, channel);
	if (channels == 1) {
		if (!colors) return value_at(image, y, x, 0);
		return (value_at(image, y, x, 0) * 19595u + value_at(image, y, x, 1) * 38470u +
			value_at(image, y, x, 2) * 7471u + 0x8000u) >> 16;
	}
	if (channel < 3) return value_at(image, y, x, colors ? channel : 0);
	if (image->channels % 2 == 0) return value_at(image, y, x, image->channels - 1);
	return image->bits == 8 ? 255 : 65535;
}

static void store(const nn_canvas *canvas, int bits, size_t place, unsigned value)
{
	switch (canvas->type) {
	case NN_PIXEL_U8: ((uint8_t *)canvas->numbers)[place] = (uint8_t)(bits == 8 ? value : (value + 128) / 257); break;
	case NN_PIXEL_U16: ((uint16_t *)canvas->numbers)[place] = (uint16_t)(bits == 8 ? value * 257 : value); break;
	case NN_PIXEL_FLOAT:
		((float *)canvas->numbers)[place] = (bits == 8 ? (float)value : (float)value / 257.0f) * (float)canvas->rescale;
		break;
	case NN_PIXEL_DOUBLE:
		((double *)canvas->numbers)[place] = (bits == 8 ? value : value / 257.0) * canvas->rescale;
		break;
	}
}

static unsigned rounded(float value, int bits)
{
	float limit = bits == 8 ? 255.0f : 65535.0f;
	float nearest = rintf(value); /* half to even, as cvRound */
	return nearest < 0 ? 0 : nearest > limit ? (unsigned)limit : (unsigned)nearest;
}

static void resize_nearest(const nn_image *image, const nn_canvas *canvas)
{
	double step_y = (double)image->height / canvas->height, step_x = (double)image->width / canvas->width;
	size_t place = 0;
	double from_y = step_y * 0.5;
	for (int y = 0; y < canvas->height; y++, from_y += step_y) {
		double from_x = step_x * 0.5;
		int source_y = from_y < image->height ? (int)from_y : image->height - 1;
		for (int x = 0; x < canvas->width; x++, from_x += step_x) {
			int source_x = from_x < image->width ? (int)from_x : image->width - 1;
			for (int c = 0; c < canvas->channels; c++)
				store(canvas, image->bits, place++, fetch(image, source_y, source_x, c, canvas->channels));
		}
	}
}

/* Where output place `at` of an axis lies between two inputs. Along x OpenCV drops the weight at the borders, along y it
 * keeps the weight and repeats the border; area: its variant for enlarging with INTER_AREA. */
static Pair pair_at(int at, int size, double scale, int area, int along_x)
{
	float f;
	int first;
	if (area) {
		first = (int)floor(at * scale);
		f = (float)((at + 1) - (first + 1) * (1.0 / scale));
		f = f <= 0 ? 0.0f : f - floorf(f);
	} else {
		f = (float)((at + 0.5) * scale - 0.5);
		first = (int)floorf(f);
		f -= (float)first;
	}
	int second = first + 1;
	if (along_x && first < 0) first = 0, second = 1, f = 0;
	if (along_x && first >= size - 1) first = second = size - 1, f = 0;
	if (first < 0) first = 0;
	if (second < 0) second = 0;
	if (first > size - 1) first = size - 1;
	if (second > size - 1) second = size - 1;
	return (Pair){first, second, f};
}

static int coefficient(float weight)
{
	return (int)rintf(weight * COEFFICIENT_ONE);
}

static unsigned blend_bytes(const nn_image *image, Pair py, Pair px, int c, int channels)
{
	int a0 = coefficient(1.0f - px.weight), a1 = coefficient(px.weight);
	int b0 = coefficient(1.0f - py.weight), b1 = coefficient(py.weight);
	int upper = (int)fetch(image, py.first, px.first, c, channels) * a0 +
		    (int)fetch(image, py.first, px.second, c, channels) * a1;
	int lower = (int)fetch(image, py.second, px.first, c, channels) * a0 +
		    (int)fetch(image, py.second, px.second, c, channels) * a1;
	return (unsigned)((((b0 * (upper >> 4)) >> 16) + ((b1 * (lower >> 4)) >> 16) + 2) >> 2);
}

static unsigned blend_wide(const nn_image *image, Pair py, Pair px, int c, int channels)
{
	float a0 = 1.0f - px.weight, a1 = px.weight, b0 = 1.0f - py.weight, b1 = py.weight;
	float upper = (float)fetch(image, py.first, px.first, c, channels) * a0 +
		      (float)fetch(image, py.first, px.second, c, channels) * a1;
	float lower = (float)fetch(image, py.second, px.first, c, channels) * a0 +
		      (float)fetch(image, py.second, px.second, c, channels) * a1;
	return rounded(upper * b0 + lower * b1, 16);
}

static void resize_bilinear(const nn_image *image, const nn_canvas *canvas, int area)
{
	double scale_y = 1.0 / ((double)canvas->height / image->height), scale_x = 1.0 / ((double)canvas->width / image->width);
	size_t place = 0;
	for (int y = 0; y < canvas->height; y++) {
		Pair py = pair_at(y, image->height, scale_y, area, 0);
		for (int x = 0; x < canvas->width; x++) {
			Pair px = pair_at(x, image->width, scale_x, area, 1);
			for (int c = 0; c < canvas->channels; c++) {
				unsigned value = image->bits == 8 ? blend_bytes(image, py, px, c, canvas->channels)
								  : blend_wide(image, py, px, c, canvas->channels);
				store(canvas, image->bits, place++, value);
			}
		}
	}
}

/* The mean of whole blocks of block_y x block_x pixels. */
static void resize_blocks(const nn_image *image, const nn_canvas *canvas, int block_y, int block_x)
{
	float share = 1.0f / (float)(block_y * block_x);
	int halves = block_y == 2 && block_x == 2;
	size_t place = 0;
	for (int y = 0; y < canvas->height; y++)
		for (int x = 0; x < canvas->width; x++)
			for (int c = 0; c < canvas->channels; c++) {
				uint64_t sum = 0;
				for (int i = 0; i < block_y; i++)
					for (int j = 0; j < block_x; j++)
						sum += fetch(image, y * block_y + i, x * block_x + j, c, canvas->channels);
				unsigned value = halves ? (unsigned)((sum + 2) >> 2) : rounded((float)sum * share, image->bits);
				store(canvas, image->bits, place++, value);
			}
}

static Span span_at(int at, int size, double scale)
{
	double from = at * scale, to = from + scale;
	double cell = scale < size - from ? scale : size - from;
	int first = (int)ceil(from), last = (int)floor(to);
	if (last > size - 1) last = size - 1;
	if (first > last) first = last;
	Span span = {first, last, 0, (float)(1.0 / cell), 0};
	if (first - from > 1e-3) span.before = (float)((first - from) / cell);
	if (to - last > 1e-3) {
		double part = to - last < 1 ? to - last : 1;
		span.after = (float)((part < cell ? part : cell) / cell);
	}
	return span;
}

static float row_mean(const nn_image *image, int y, Span sx, int c, int channels)
{
	float sum = 0;
	if (sx.before > 0) sum += (float)fetch(image, y, sx.from - 1, c, channels) * sx.before;
	if (image->bits == 8 && image->channels == channels) { /* nearly always; most of the time goes here */
		const uint8_t *row = (const uint8_t *)image->pixels + (size_t)y * (size_t)image->width * (size_t)channels + c;
		for (int x = sx.from; x < sx.to; x++) sum += (float)row[(size_t)x * (size_t)channels] * sx.inside;
	} else
		for (int x = sx.from; x < sx.to; x++) sum += (float)fetch(image, y, x, c, channels) * sx.inside;
	if (sx.after > 0) sum += (float)fetch(image, y, sx.to, c, channels) * sx.after;
	return sum;
}

static float area_mean(const nn_image *image, Span sy, Span sx, int c, int channels)
{
	float sum = 0;
	if (sy.before > 0) sum += row_mean(image, sy.from - 1, sx, c, channels) * sy.before;
	for (int y = sy.from; y < sy.to; y++) sum += row_mean(image, y, sx, c, channels) * sy.inside;
	if (sy.after > 0) sum += row_mean(image, sy.to, sx, c, channels) * sy.after;
	return sum;
}

static void resize_area(const nn_image *image, const nn_canvas *canvas)
{
	double scale_y = 1.0 / ((double)canvas->height / image->height), scale_x = 1.0 / ((double)canvas->width / image->width);
	size_t place = 0;
	for (int y = 0; y < canvas->height; y++) {
		Span sy = span_at(y, image->height, scale_y);
		for (int x = 0; x < canvas->width; x++) {
			Span sx = span_at(x, image->width, scale_x);
			for (int c = 0; c < canvas->channels; c++)
				store(canvas, image->bits, place++,
				      rounded(area_mean(image, sy, sx, c, canvas->channels), image->bits));
		}
	}
}

/* Bytes that need no resizing, as numbers: what every epoch but the first does. The same arithmetic as store. */
static void scale_bytes(const uint8_t *pixels, const nn_canvas *canvas)
{
	size_t count = (size_t)canvas->height * (size_t)canvas->width * (size_t)canvas->channels;
	float *numbers = canvas->numbers, rescale = (float)canvas->rescale;
	for (size_t i = 0; i < count; i++) numbers[i] = (float)pixels[i] * rescale;
}

static int whole(double scale)
{
	return fabs(scale - rint(scale)) < DBL_EPSILON;
}

void nn_image_resize(const nn_image *image, const nn_canvas *canvas)
{
	double scale_y = 1.0 / ((double)canvas->height / image->height), scale_x = 1.0 / ((double)canvas->width / image->width);
	int blocks = whole(scale_y) && whole(scale_x) && scale_y >= 1 && scale_x >= 1;
	int halves = blocks && rint(scale_y) == 2 && rint(scale_x) == 2;
	int same = image->height == canvas->height && image->width == canvas->width;
	if (same && image->bits == 8 && image->channels == canvas->channels && canvas->type == NN_PIXEL_FLOAT)
		scale_bytes(image->pixels, canvas);
	else if (canvas->interpolation == NN_NEAREST || same)
		resize_nearest(image, canvas);
	else if (canvas->interpolation == NN_BILINEAR && !halves)
		resize_bilinear(image, canvas, 0);
	else if (scale_y < 1 || scale_x < 1)
		resize_bilinear(image, canvas, 1);
	else if (blocks)
		resize_blocks(image, canvas, (int)rint(scale_y), (int)rint(scale_x));
	else
		resize_area(image, canvas);
}
