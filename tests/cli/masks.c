/* masks.c: in: a folder; out: 40 images of 32 x 32 with a bright square on noise (with alpha), and masks of the squares. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

static void write(const char *folder, const char *kind, int number, const unsigned char *pixels, unsigned format)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = 32, .height = 32, .format = format};
	char path[1000];
	snprintf(path, sizeof path, "%s/%s/%03d.png", folder, kind, number);
	if (!png_image_write_to_file(&image, path, 0, pixels, 0, NULL)) exit(1);
}

int main(int argc, char **argv)
{
	unsigned seed = 7;
	for (int n = 0; argc > 1 && n < 40; n++) {
		static unsigned char image[32 * 32 * 4], mask[32 * 32];
		int y = 4 + n * 5 % 17, x = 4 + n * 7 % 17;
		for (int i = 0; i < 32 * 32; i++) {
			int inside = i / 32 >= y && i / 32 < y + 8 && i % 32 >= x && i % 32 < x + 8;
			for (int c = 0; c < 3; c++) {
				seed = seed * 1103515245 + 12345;
				image[4 * i + c] = (unsigned char)(inside * 120 + (seed >> 16) % 100);
			}
			image[4 * i + 3] = 255;
			mask[i] = inside ? 255 : 0;
		}
		write(argv[1], "images", n, image, PNG_FORMAT_RGBA);
		write(argv[1], "masks", n, mask, PNG_FORMAT_GRAY);
	}
	return 0;
}
