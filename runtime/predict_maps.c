/* Input: maps over an image, of any size. Output: a sheet of pictures, the maps laid over the image in a colour.
 * Invariant: a map is shown by its places, as large as the image: where it is 0 the image is as it was. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "file.h"
#include "font.h"
#include "image.h"
#include "model.h"
#include "predict_maps.h"
#include "predict_masks.h"
#include "segmentation.h"

enum { PANEL = 256, GAP = 8, LINE = 24, LETTER = 2 }; /* pixels: of a panel at least; between; of a title; of a point of a letter */

typedef struct Sheet {
	int height, width, panel_height, panel_width, columns;
	uint8_t *pixels; /* (height, width, 3) */
} Sheet;

const nn_data_field *nn_image_of(const nn_model *model, const nn_program *program) {
	for (int i = 0; i < program->input_count; i++) {
		int number = nn_data_field_find(model, program->inputs[i].name);
		const nn_data_field *field = number < 0 ? NULL : &model->data.fields[number];
		if (field && field->rank == 3 && field->source >= 0 && model->data.sources[field->source].height > 0) return field;
	}
	return NULL;
}

int nn_is_map(const nn_output *output, const nn_field *y, const nn_data_field *image) {
	if (!image || output->label >= 0 || (y->rank != 2 && y->rank != 3)) return 0;
	int64_t height = y->shape[y->rank - 2], width = y->shape[y->rank - 1], larger = image->shape[0] > image->shape[1] ? image->shape[0] : image->shape[1];
	int64_t skew = height * image->shape[1] - width * image->shape[0];
	return height > 1 && width > 1 && skew < larger && skew > -larger;
}

static uint8_t *panel_at(const Sheet *sheet, int number) {
	int row = number / sheet->columns, column = number % sheet->columns;
	size_t top = (size_t)(GAP + row * (sheet->panel_height + LINE + GAP)), left = (size_t)(GAP + column * (sheet->panel_width + GAP));
	return sheet->pixels + (top * (size_t)sheet->width + left) * 3;
}

/* (height, width, channels) bytes to the size of a panel */
static void enlarge(const Sheet *sheet, const uint8_t *from, int height, int width, int channels, uint8_t *to) {
	nn_image image = {height, width, channels, 8, (void *)(uintptr_t)from};
	nn_image_resize(&image, &(nn_canvas){sheet->panel_height, sheet->panel_width, channels, NN_BILINEAR, NN_PIXEL_U8, 1, to});
}

/* The image, and where the map (0..255, NULL: none) is strong orange in its place. */
static void draw_panel(const Sheet *sheet, int number, const uint8_t *image, const uint8_t *map) {
	static const double color[3] = {255, 120, 0};
	uint8_t *to = panel_at(sheet, number);
	for (int i = 0; i < sheet->panel_height * sheet->panel_width; i++) {
		int row = i / sheet->panel_width, column = i % sheet->panel_width;
		double share = map ? 0.75 * map[i] / 255 : 0;
		for (int c = 0; c < 3; c++)
			to[((size_t)row * (size_t)sheet->width + (size_t)column) * 3 + (size_t)c] =
			        (uint8_t)(image[i * 3 + c] * (1 - share) + color[c] * share + 0.5);
	}
}

static void draw_title(const Sheet *sheet, int number, const char *title) {
	uint8_t *to = panel_at(sheet, number) + ((size_t)sheet->panel_height + 5) * (size_t)sheet->width * 3;
	nn_font_write(to, (size_t)sheet->width * 3, sheet->panel_width, LETTER, title);
}

/* A map's numbers as shares of its largest: (places) -> 0..255 */
static void map_levels(const nn_map_sheet *sheet, int number, uint8_t *levels) {
	size_t places = (size_t)(sheet->y->shape[sheet->y->rank - 2] * sheet->y->shape[sheet->y->rank - 1]), from = (size_t)number * places;
	double top = 0;
	for (size_t i = 0; i < places; i++) top = fmax(top, nn_number(sheet->model, sheet->maps, from + i));
	for (size_t i = 0; i < places; i++)
		levels[i] = (uint8_t)(top > 0 ? 255 * fmax(nn_number(sheet->model, sheet->maps, from + i), 0) / top + 0.5 : 0);
}

static int map_count(const nn_map_sheet *sheet) {
	if (sheet->titles) return sheet->title_count;
	return sheet->y->rank == 3 ? (int)sheet->y->shape[0] : 1;
}

static Sheet lay_out(const nn_map_sheet *given) {
	Sheet sheet = {0};
	int height = (int)given->image->shape[0], width = (int)given->image->shape[1], panels = 1 + map_count(given), rows;
	int larger = height > width ? height : width, times = larger < PANEL ? (PANEL + larger - 1) / larger : 1;
	sheet.panel_height = height * times, sheet.panel_width = width * times;
	while (sheet.columns * sheet.columns < panels) sheet.columns++;
	rows = (panels + sheet.columns - 1) / sheet.columns;
	sheet.height = GAP + rows * (sheet.panel_height + LINE + GAP);
	sheet.width = GAP + sheet.columns * (sheet.panel_width + GAP);
	sheet.pixels = calloc((size_t)sheet.height * (size_t)sheet.width, 3);
	return sheet;
}

/* 0, or 1: memory ran out. */
static int draw(const nn_map_sheet *given, const Sheet *sheet) {
	int height = (int)given->image->shape[0], width = (int)given->image->shape[1], rank = given->y->rank;
	int map_height = (int)given->y->shape[rank - 2], map_width = (int)given->y->shape[rank - 1];
	size_t pixels = (size_t)height * (size_t)width, panel = (size_t)sheet->panel_height * (size_t)sheet->panel_width;
	uint8_t *small = malloc(pixels * 3), *image = malloc(panel * 3), *levels = malloc((size_t)map_height * (size_t)map_width), *map = malloc(panel);
	int failed = !small || !image || !levels || !map || !sheet->pixels;
	if (!failed) {
		nn_color_pixels(given->model, given->image, given->pixels, small);
		enlarge(sheet, small, height, width, 3, image);
		draw_panel(sheet, 0, image, NULL);
	}
	for (int i = 0; !failed && i < map_count(given); i++) {
		map_levels(given, i, levels);
		enlarge(sheet, levels, map_height, map_width, 1, map);
		draw_panel(sheet, i + 1, image, map);
		if (given->titles) draw_title(sheet, i + 1, given->titles[i]);
	}
	free(small), free(image), free(levels), free(map);
	return failed;
}

int nn_map_write(const nn_map_sheet *given, const char *input, const char *directory) {
	char error[NN_ERROR], *path = nn_picture_path(directory, input);
	Sheet sheet = lay_out(given);
	nn_text png = {0};
	int failed = !path || draw(given, &sheet) || nn_png_write(&png, sheet.pixels, sheet.height, sheet.width, 3);
	if (failed)
		nn_error("out of memory");
	else if ((failed = nn_file_replace(path, png.data, png.length, error)))
		nn_error("%s", error);
	free(sheet.pixels), free(path);
	nn_text_free(&png);
	return failed;
}
