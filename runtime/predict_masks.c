/* Input: predictions that are masks. Output: a PNG for each image, of the image's own size, that can be read as a mask again.
 * Invariant: no two inputs are written to one file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "file.h"
#include "predict_masks.h"
#include "segmentation.h"

char *nn_picture_path(const char *directory, const char *input) {
	char name[1100];
	const char *slash = strrchr(input, '/'), *base = slash ? slash + 1 : input, *dot = strrchr(base, '.');
	snprintf(name, sizeof name, "%.*s.png", dot ? (int)(dot - base) : (int)strlen(base), base);
	return nn_path_join(directory, name);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int nn_pictures_begin(const nn_dataset *set, const char *directory) {
	char error[NN_ERROR], name[1024];
	size_t count = (size_t)nn_dataset_count(set), made = 0;
	if (nn_directory_make(directory, error)) return nn_error("%s", error), 1;
	char **paths = calloc(count + 1, sizeof *paths);
	for (; paths && made < count; made++)
		if (!(paths[made] = nn_picture_path(directory, nn_dataset_name(set, (int64_t)made, name, sizeof name)))) break;
	int failed = !paths || made < count;
	if (failed) nn_error("out of memory");
	if (!failed) qsort(paths, count, sizeof *paths, by_text);
	for (size_t i = 1; i < count && !failed; i++)
		if (!strcmp(paths[i - 1], paths[i]))
			nn_error("%s: two of the inputs would be written to it; predict each folder into one of its own", paths[i]), failed = 1;
	for (size_t i = 0; i < made; i++) free(paths[i]);
	free(paths);
	return failed;
}

/* The size of an image file; that of the mask where it can't be told. */
static void own_size(const char *path, int *height, int *width) {
	char why[NN_WHY];
	uint8_t *bytes;
	size_t size;
	if (nn_slurp(path, 1 << 16, &bytes, &size, why)) return;
	int h, w;
	if (!nn_image_size(bytes, size, &h, &w)) *height = h, *width = w;
	free(bytes);
}

/* Class numbers to the grey levels that the spec reads as these classes. */
static void to_values(const nn_data_source *source, uint8_t *classes, size_t count, int class_count) {
	static const nn_texts none;
	const nn_texts *values = source ? &source->mask_values : &none;
	for (size_t i = 0; i < count; i++) {
		int class = classes[i];
		classes[i] = (uint8_t)(values->count > class ? atoi(values->items[class]) : class_count == 2 ? 255 * class : class);
	}
}

int nn_mask_write(const nn_model *model, const nn_output *output, const nn_field *y, const void *from, const char *input, const char *directory) {
	int small_height = (int)y->shape[0], small_width = (int)y->shape[1], height = small_height, width = small_width;
	int units = (int)y->shape[y->rank - 1];
	char error[NN_ERROR];
	own_size(input, &height, &width);
	size_t places = (size_t)small_height * (size_t)small_width, count = (size_t)height * (size_t)width;
	uint8_t *small = malloc(places), *large = malloc(count);
	char *path = nn_picture_path(directory, input);
	nn_text png = {0};
	int failed = !small || !large || !path;
	if (!failed) {
		nn_segment(model, output, y, from, small);
		int source = output->label < 0 ? -1 : model->data.fields[output->label].source;
		to_values(source < 0 ? NULL : &model->data.sources[source], small, places, units == 1 ? 2 : units);
		nn_image image = {small_height, small_width, 1, 8, small};
		nn_image_resize(&image, &(nn_canvas){height, width, 1, NN_NEAREST, NN_PIXEL_U8, 1, large});
		failed = nn_png_write(&png, large, height, width, 1);
	}
	if (failed)
		nn_error("out of memory");
	else if ((failed = nn_file_replace(path, png.data, png.length, error)))
		nn_error("%s", error);
	free(small), free(large), free(path);
	nn_text_free(&png);
	return failed;
}
