/* Input: pictures of a segmentation, or that a network made. Output: PNGs, and the part of the page that shows image, mask and
 * prediction, or the sheets.
 * Invariant: the page needs no other file: pictures are part of it. */
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "report.h"

int nn_png_write(nn_text *text, const uint8_t *pixels, int height, int width, int channels) {
	png_image image = {.version = PNG_IMAGE_VERSION,
	                   .width = (png_uint_32)width,
	                   .height = (png_uint_32)height,
	                   .format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
	png_alloc_size_t size = 0;
	if (!png_image_write_to_memory(&image, NULL, &size, 0, pixels, 0, NULL)) return 1;
	char *bytes = malloc(size);
	int failed = !bytes || !png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL);
	if (!failed) nn_text_bytes(text, bytes, size);
	free(bytes);
	return failed || text->failed;
}

static void add_base64(nn_text *text, const uint8_t *bytes, size_t size) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < size; i += 3) {
		unsigned left = (unsigned)(size - i), group = (unsigned)bytes[i] << 16;
		if (left > 1) group |= (unsigned)bytes[i + 1] << 8;
		if (left > 2) group |= bytes[i + 2];
		char four[4] = {digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
		                left > 2 ? digits[group & 63] : '='};
		nn_text_bytes(text, four, 4);
	}
}

static void add_png(nn_text *text, const char *what, int percent, const uint8_t *bytes, size_t size) {
	nn_text_add(text, "<img alt=\"%s\" style=\"width:%d%%;image-rendering:pixelated\" src=\"data:image/png;base64,", what, percent);
	add_base64(text, bytes, size);
	nn_text_add(text, "\"/>\n");
}

static void add_picture(nn_text *text, const char *what, const uint8_t *pixels, int height, int width) {
	nn_text png = {0};
	if (nn_png_write(&png, pixels, height, width, 3))
		text->failed = 1;
	else
		add_png(text, what, 32, (const uint8_t *)png.data, png.length);
	nn_text_free(&png);
}

/* Black, then colours that are told apart by most eyes (Okabe and Ito); of two classes white. */
static void class_color(int class, int class_count, uint8_t color[3]) {
	static const uint8_t colors[8][3] = {{0, 0, 0},     {230, 159, 0}, {86, 180, 233}, {0, 158, 115},
	                                     {240, 228, 66}, {0, 114, 178}, {213, 94, 0},   {204, 121, 167}};
	memcpy(color, colors[class == 0 ? 0 : 1 + (class - 1) % 7], 3);
	if (class_count == 2 && class == 1) memset(color, 255, 3);
}

static void add_mask(nn_text *text, const char *what, const uint8_t *classes, const nn_picture *picture, int class_count) {
	size_t places = (size_t)picture->height * (size_t)picture->width;
	uint8_t *pixels = malloc(places * 3);
	if (!pixels) {
		text->failed = 1;
		return;
	}
	for (size_t i = 0; i < places; i++) class_color(classes[i], class_count, pixels + 3 * i);
	add_picture(text, what, pixels, picture->height, picture->width);
	free(pixels);
}

void nn_segmentation_html(nn_text *text, const nn_segmentation *segmentation, char *const *names) {
	nn_text_add(text, "<h2>Masks</h2>\n<div class=\"card scroll\"><table><tr><th>class</th><th class=\"n\">Dice</th><th "
	                  "class=\"n\">IoU</th><th class=\"n\">pixels</th></tr>\n");
	for (int c = 0; c < segmentation->class_count; c++) {
		const nn_overlap *overlap = &segmentation->overlaps[c];
		uint8_t color[3];
		class_color(c, segmentation->class_count, color);
		nn_text_add(text, "<tr><td><i style=\"display:inline-block;width:.8em;height:.8em;border:1px solid "
		                  "var(--line);background:rgb(%d,%d,%d)\"></i> ", color[0], color[1], color[2]);
		nn_text_html(text, names[c]);
		nn_text_add(text, "</td><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td><td class=\"n\">", nn_overlap_metric(overlap, NN_DICE),
		            nn_overlap_metric(overlap, NN_IOU));
		nn_text_thousands(text, (int64_t)overlap->present);
		nn_text_add(text, "</td></tr>\n");
	}
	nn_text_add(text, "</table></div>\n");
	if (!segmentation->picture_count) return;
	nn_text_add(text, "<p class=\"soft\">Image, mask and prediction of the first samples.</p>\n<div class=\"grid\">\n");
	for (int i = 0; i < segmentation->picture_count; i++) {
		const nn_picture *picture = &segmentation->pictures[i];
		nn_text_add(text, "<div class=\"card\"><p>");
		nn_text_html(text, picture->name);
		nn_text_add(text, ": Dice %.3f</p>\n", picture->dice);
		add_picture(text, "image", picture->image, picture->height, picture->width);
		add_mask(text, "mask", picture->truth, picture, segmentation->class_count);
		add_mask(text, "prediction", picture->predicted, picture, segmentation->class_count);
		nn_text_add(text, "</div>\n");
	}
	nn_text_add(text, "</div>\n");
}

void nn_sheets_html(nn_text *text, const nn_sheet *sheets, int count) {
	if (!count) return;
	nn_text_add(text, "<h2>Pictures</h2>\n<p class=\"soft\">What the network makes of the same noise after some of the epochs; all are in the "
	                  "folder sheets.</p>\n<div class=\"grid\">\n");
	for (int i = 0; i < count; i++) {
		nn_text_add(text, "<div class=\"card\"><h3>Epoch %d</h3>\n", sheets[i].epoch);
		add_png(text, "pictures", 100, sheets[i].png, sheets[i].size);
		nn_text_add(text, "</div>\n");
	}
	nn_text_add(text, "</div>\n");
}
