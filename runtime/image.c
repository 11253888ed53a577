/* image.c: in: the bytes of a file; out: pixels, by the decoder that its first bytes name.
 * Invariant: what is neither PNG nor JPEG is refused by name where the name is known. */
#include <stdio.h>
#include <string.h>
#include "image_codec.h"

static const uint8_t png_magic[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static int is_png(const uint8_t *bytes, size_t size)
{
	return size >= 8 && memcmp(bytes, png_magic, 8) == 0;
}

static int is_jpeg(const uint8_t *bytes, size_t size)
{
	return size >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

static const char *guess_format(const uint8_t *bytes, size_t size)
{
	static const struct {
		size_t at, length;
		const char *magic, *name;
	} known[] = {{0, 4, "GIF8", "a GIF"}, {0, 2, "BM", "a BMP"}, {0, 4, "II*\0", "a TIFF"}, {0, 4, "MM\0*", "a TIFF"},
		     {8, 4, "WEBP", "a WebP"}, {128, 4, "DICM", "a DICOM file"}, {4, 4, "ftyp", "a HEIC or AVIF"},
		     {0, 4, "\x89PNG", "a damaged PNG"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (size >= known[i].at + known[i].length && memcmp(bytes + known[i].at, known[i].magic, known[i].length) == 0)
			return known[i].name;
	return NULL;
}

int nn_image_known(const uint8_t *bytes, size_t size)
{
	return is_png(bytes, size) || is_jpeg(bytes, size);
}

int nn_image_decode(const uint8_t *bytes, size_t size, int channels, int height, int width, nn_image *image,
		    char error[NN_IMAGE_ERROR])
{
	*image = (nn_image){.channels = channels};
	if (is_png(bytes, size)) return nn_png_decode(bytes, size, image, error);
	if (is_jpeg(bytes, size)) return nn_jpeg_decode(bytes, size, height, width, image, error);
	const char *format = guess_format(bytes, size);
	if (size == 0)
		snprintf(error, NN_IMAGE_ERROR, "the file is empty");
	else if (format != NULL)
		snprintf(error, NN_IMAGE_ERROR, "%s; only PNG and JPEG are read", format);
	else
		snprintf(error, NN_IMAGE_ERROR, "neither a PNG nor a JPEG");
	return 1;
}

int nn_image_size(const uint8_t *bytes, size_t size, int *height, int *width)
{
	if (is_jpeg(bytes, size)) return nn_jpeg_size(bytes, size, height, width);
	if (!is_png(bytes, size) || size < 24) return 1;
	*width = (int)((unsigned)bytes[16] << 24 | (unsigned)bytes[17] << 16 | (unsigned)bytes[18] << 8 | bytes[19]);
	*height = (int)((unsigned)bytes[20] << 24 | (unsigned)bytes[21] << 16 | (unsigned)bytes[22] << 8 | bytes[23]);
	return *width <= 0 || *height <= 0;
}
