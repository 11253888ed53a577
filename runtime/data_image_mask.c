/* data_image_mask.c: in: a folder of images and one of masks, files of the same name belonging together; out: a Source that
 * gives the image and, for each pixel, its class.
 * Invariant: an image and its mask have one size in their files; the mask is resized by nearest, so that it holds classes only. */
#include <stdlib.h>
#include <string.h>
#include "data_mask.h"
#include "message.h"
#include "model.h"

enum { HEAD_BYTES = 1 << 16, MASK_PART = 1 };

typedef struct Masks {
	Source *images; /* what it gives for the part that is the image is ours too */
	FileList list; /* of masks */
	int64_t *partner; /* (count) the mask of each image */
	MaskValues values;
	int *numbers; /* what values.values points to */
	int keep;
	_Atomic(uint8_t *) *kept; /* (count) classes, resized; NULL: not decoded yet */
} Masks;

/* A mask to class numbers (height, width). */
static int decode_mask(const Masks *masks, int64_t sample, int height, int width, uint8_t *classes, char why[NN_WHY])
{
	char cause[NN_WHY];
	const char *path = masks->list.items[masks->partner[sample]].path;
	uint8_t *bytes;
	size_t size;
	nn_image mask;
	int failed = nn_slurp(path, 0, &bytes, &size, cause);
	if (!failed) {
		failed = nn_mask_decode(bytes, size, &mask, cause);
		free(bytes);
		if (!failed) {
			failed = nn_mask_classes(&mask, &masks->values, height, width, classes, cause) ? 2 : 0;
			free(mask.pixels);
		}
	}
	if (failed) snprintf(why, NN_WHY, "%.120s: %.130s", path, cause);
	return failed;
}

/* class numbers, or a number for each class */
static void write_mask(const Source *source, const nn_data_field *field, const uint8_t *classes, size_t places, void *x)
{
	size_t units = field->count / places;
	for (size_t i = 0; i < places; i++)
		for (size_t k = 0; k < units; k++)
			nn_number_set(source->model, x, i * units + k, units > 1 ? classes[i] == k : classes[i]);
}

static int read_mask(Source *source, int64_t sample, const nn_data_field *field, void *x, char why[NN_WHY])
{
	Masks *masks = source->own;
	int height = (int)field->shape[0], width = (int)field->shape[1];
	size_t places = (size_t)height * (size_t)width;
	uint8_t *none = NULL, *classes = masks->keep ? atomic_load(&masks->kept[sample]) : NULL;
	if (classes != NULL) {
		write_mask(source, field, classes, places, x);
		return 0;
	}
	if ((classes = malloc(places)) == NULL) {
		snprintf(why, NN_WHY, "out of memory");
		return 1;
	}
	int failed = decode_mask(masks, sample, height, width, classes, why);
	if (!failed) write_mask(source, field, classes, places, x);
	if (failed || !masks->keep || !atomic_compare_exchange_strong(&masks->kept[sample], &none, classes)) free(classes);
	return failed;
}

static int read_sample(Source *source, int64_t sample, int number, const void *state, void *x, char why[NN_WHY])
{
	const Masks *masks = source->own;
	const nn_data_field *field = &source->model->data.fields[number];
	if (field->part == MASK_PART) return read_mask(source, sample, field, x, why);
	return masks->images->read(masks->images, sample, number, state, x, why);
}

static void name_sample(const Source *source, int64_t sample, char *buffer, size_t size)
{
	const Source *images = ((const Masks *)source->own)->images;
	images->name(images, sample, buffer, size);
}

/* Half of the bytes for images, if the other half is enough for their masks. */
static void keep_samples(Source *source, size_t bytes)
{
	Masks *masks = source->own;
	size_t each = (size_t)source->spec->height * (size_t)source->spec->width;
	masks->images->keep(masks->images, bytes / 2);
	if (masks->kept != NULL || source->count == 0 || each > bytes / 2 / (size_t)source->count) return;
	masks->kept = calloc((size_t)source->count, sizeof *masks->kept);
	masks->keep = masks->kept != NULL;
}

static void close_masks(Source *source)
{
	Masks *masks = source->own;
	for (int64_t i = 0; masks->kept != NULL && i < masks->images->count; i++) free(masks->kept[i]);
	free(masks->kept);
	free(masks->partner);
	free(masks->numbers);
	nn_file_list_free(&masks->list);
	nn_source_close(masks->images);
	free(masks);
}

/* How many classes the masks have, and the values that are these classes. */
static int read_values(Masks *masks, const nn_data_source *spec, const nn_data_field *field)
{
	int count = field == NULL ? 2 : field->classes.count ? field->classes.count : field->class_count;
	masks->values.class_count = count < 2 ? 2 : count;
	if (spec->mask_values.count == 0) return 0;
	masks->values.class_count = spec->mask_values.count;
	if ((masks->numbers = malloc(sizeof *masks->numbers * (size_t)spec->mask_values.count)) == NULL) return 1;
	for (int i = 0; i < spec->mask_values.count; i++) masks->numbers[i] = atoi(spec->mask_values.items[i]);
	masks->values.values = masks->numbers;
	return 0;
}

/* The head of an image file; a size of 0: it can't be told, and the loader will say why. */
static void find_size(const char *path, int *height, int *width)
{
	char why[NN_WHY];
	uint8_t *bytes;
	size_t size;
	*height = *width = 0;
	if (nn_slurp(path, HEAD_BYTES, &bytes, &size, why)) return;
	if (nn_image_size(bytes, size, height, width)) *height = *width = 0;
	free(bytes);
}

static int check_sizes(const FileList *images, const Masks *masks)
{
	for (int64_t i = 0; i < images->count; i++) {
		const char *image = images->items[i].path, *mask = masks->list.items[masks->partner[i]].path;
		int size[4];
		find_size(image, &size[0], &size[1]);
		find_size(mask, &size[2], &size[3]);
		if (!size[0] || !size[2] || (size[0] == size[2] && size[1] == size[3])) continue;
		nn_error("%s: the mask is %d x %d, but the image %s is %d x %d", mask, size[2], size[3], image, size[0], size[1]);
		return 1;
	}
	return 0;
}

/* The images' files, as they were found. */
static int list_images(const Source *images, FileList *list)
{
	char name[4096];
	for (int64_t i = 0; i < images->count; i++) {
		images->name(images, i, name, sizeof name);
		if (nn_walk_file(name, list)) return 1;
	}
	return 0;
}

static int open_masks(Source *source, const Place *place)
{
	Masks *masks = source->own;
	FileList list = {0};
	const char *root = place->paths[1];
	int failed = list_images(masks->images, &list) || nn_walk(root, &masks->list);
	masks->partner = malloc(sizeof *masks->partner * ((size_t)source->count + 1));
	failed = failed || masks->partner == NULL || nn_pair_files(&list, place->paths[0], &masks->list, root, masks->partner) ||
		 check_sizes(&list, masks) || nn_source_prepare(source, place->paths[0]);
	if (!failed) {
		source->files = malloc(sizeof *source->files * (size_t)source->count);
		failed = source->files == NULL;
	}
	for (int64_t i = 0; i < list.count && !failed; i++) source->files[source->file_count++] = list.items[i].id;
	nn_file_list_free(&list);
	return failed;
}

Source *nn_open_image_mask(const nn_model *model, const Place *place)
{
	Place images = *place;
	images.labels = 0;
	images.path_count = place->labels ? 1 : place->path_count;
	Source *inner = nn_open_images(model, &images);
	if (inner == NULL || !place->labels) return inner;
	Source *source = calloc(1, sizeof *source);
	Masks *masks = calloc(1, sizeof *masks);
	if (source == NULL || masks == NULL) {
		free(source);
		free(masks);
		nn_source_close(inner);
		return NULL;
	}
	int field = nn_field_of_part(model, place->source, MASK_PART);
	masks->images = inner;
	*source = (Source){.model = model, .spec = inner->spec, .count = inner->count, .slow = 1, .own = masks, .read = read_sample,
			   .name = name_sample, .close = close_masks, .keep = keep_samples};
	if (read_values(masks, source->spec, field < 0 ? NULL : &model->data.fields[field]) == 0 && open_masks(source, place) == 0) {
		nn_images_check(inner);
		return source;
	}
	nn_source_close(source);
	return NULL;
}
