/* data_image.c: in: a folder of class folders (or a list of images); out: a Source that decodes, resizes and scales one image
 * at a time, and may keep resized pixels so that later epochs don't decode.
 * Invariant: what an image gives does not depend on whether it was kept. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "data_folder.h"
#include "message.h"

enum { PROBES = 16 }; /* images whose size is looked at before training */

/* Pixels of one image, resized. */
typedef struct Kept {
	int bits;
	uint8_t pixels[];
} Kept;

typedef struct Images {
	FileList list;
	nn_canvas canvas;
	int fast;
	int keep;
	_Atomic(Kept *) *kept; /* (count) NULL: not decoded yet */
} Images;

static nn_image view(const nn_canvas *canvas, Kept *kept)
{
	return (nn_image){canvas->height, canvas->width, canvas->channels, kept->bits, kept->pixels};
}

static int decode(const Images *images, const char *path, nn_image *image, char why[NN_WHY])
{
	const nn_canvas *canvas = &images->canvas;
	uint8_t *bytes;
	size_t size;
	if (nn_slurp(path, 0, &bytes, &size, why)) return 1;
	int failed = nn_image_decode(bytes, size, canvas->channels, images->fast ? canvas->height : 0,
				     images->fast ? canvas->width : 0, image, why);
	free(bytes);
	return failed;
}

static Kept *resized(const nn_canvas *canvas, const nn_image *image)
{
	size_t count = (size_t)canvas->height * (size_t)canvas->width * (size_t)canvas->channels;
	Kept *kept = malloc(sizeof *kept + count * (size_t)(image->bits / 8));
	if (kept == NULL) return NULL;
	nn_canvas small = *canvas;
	small.type = image->bits == 8 ? NN_PIXEL_U8 : NN_PIXEL_U16;
	small.numbers = kept->pixels;
	kept->bits = image->bits;
	nn_image_resize(image, &small);
	return kept;
}

/* Two loaders may decode the same image at once: the first keeps its pixels. */
static void keep_pixels(Images *images, int64_t sample, const nn_image *image)
{
	Kept *none = NULL, *kept = resized(&images->canvas, image);
	if (kept != NULL && !atomic_compare_exchange_strong(&images->kept[sample], &none, kept)) free(kept);
}

static int read_image(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	(void)field, (void)state;
	Images *images = source->own;
	nn_canvas canvas = images->canvas;
	canvas.numbers = x;
	Kept *kept = images->keep ? atomic_load(&images->kept[sample]) : NULL;
	if (kept != NULL) {
		nn_image image = view(&canvas, kept);
		nn_image_resize(&image, &canvas);
		return 0;
	}
	nn_image image;
	if (decode(images, images->list.items[sample].path, &image, why)) return 1;
	if (images->keep) keep_pixels(images, sample, &image);
	nn_image_resize(&image, &canvas);
	free(image.pixels);
	return 0;
}

static void keep_images(Source *source, size_t bytes)
{
	Images *images = source->own;
	size_t each = sizeof(Kept) + (size_t)images->canvas.height * (size_t)images->canvas.width * (size_t)images->canvas.channels;
	if (images->kept != NULL || source->count == 0 || each > bytes / (size_t)source->count) return;
	images->kept = calloc((size_t)source->count, sizeof *images->kept);
	images->keep = images->kept != NULL;
}

static void name_image(const Source *source, int64_t sample, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s", ((const Images *)source->own)->list.items[sample].path);
}

static void close_images(Source *source)
{
	Images *images = source->own;
	for (int64_t i = 0; images->kept != NULL && i < source->count; i++) free(images->kept[i]);
	free(images->kept);
	nn_file_list_free(&images->list);
	free(images);
}

static Source *new_source(const nn_model *model, const nn_data_source *spec)
{
	Source *source = calloc(1, sizeof *source);
	Images *images = calloc(1, sizeof *images);
	if (source == NULL || images == NULL) {
		free(source);
		free(images);
		nn_error("out of memory");
		return NULL;
	}
	images->canvas = (nn_canvas){spec->height, spec->width, spec->channels, spec->interpolation,
				     model->number_size == 4 ? NN_PIXEL_FLOAT : NN_PIXEL_DOUBLE,
				     spec->rescale == 0 ? 1 : spec->rescale, NULL};
	images->fast = spec->fast_decode;
	*source = (Source){.model = model, .spec = spec, .slow = 1, .own = images, .read = read_image, .name = name_image,
			   .close = close_images, .keep = keep_images};
	return source;
}

/* Nearest takes one pixel of each cell: of large images most pixels are never looked at. */
void nn_images_check(const Source *source)
{
	const Images *images = source->own;
	const nn_canvas *canvas = &images->canvas;
	int64_t count = images->list.count, step = count / PROBES + 1;
	if (canvas->interpolation != NN_NEAREST) return;
	for (int64_t i = 0; i < count; i += step) {
		char why[NN_WHY];
		uint8_t *bytes;
		size_t size;
		int height, width;
		if (nn_slurp(images->list.items[i].path, 1 << 16, &bytes, &size, why)) continue;
		int known = nn_image_size(bytes, size, &height, &width) == 0;
		free(bytes);
		if (!known || (height <= 2 * canvas->height && width <= 2 * canvas->width)) continue;
		nn_warning("%s: interpolation nearest shrinks %d x %d to %d x %d and skips most pixels; area averages them",
			   images->list.items[i].path, height, width, canvas->height, canvas->width);
		return;
	}
}

static void note_ignored(const FileList *list)
{
	if (list->ignored == 1) nn_note("%s: not an image, ignored", list->first_ignored);
	if (list->ignored > 1)
		nn_note("%s and %lld more files: not images, ignored", list->first_ignored, (long long)list->ignored - 1);
}

/* One class folder. Only the training data must have images of every class. */
static int add_class(FileList *list, const Place *place, const char *class)
{
	const char *root = place->paths[0];
	char *folder = nn_join(root, class);
	struct stat status;
	if (folder == NULL) return 1;
	int must = strcmp(place->split, "train") == 0, failed = 0;
	int64_t before = list->count;
	if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
		if (must) nn_error("%s: has no folder %s, although %s is a class", root, class, class);
		if (!must) nn_warning("%s: has no folder %s, although %s is a class", root, class, class);
		failed = must;
	} else if (nn_walk(folder, list))
		failed = 1;
	else if (list->count == before && must) {
		nn_error("%s: no images in it", folder);
		failed = 1;
	} else if (list->count == before)
		nn_warning("%s: no images in it", folder);
	free(folder);
	return failed;
}

static int is_class(const nn_names *classes, const char *name)
{
	for (int i = 0; i < classes->count; i++)
		if (strcmp(classes->items[i], name) == 0) return 1;
	return 0;
}

/* The images of the class folders: of the known classes, or of those that are there, which become *found. */
static int list_classes(FileList *list, const Place *place, const nn_names *known, nn_names *found)
{
	const char *root = place->paths[0];
	char text[NN_WHY];
	if (nn_subfolders(root, &found->items, &found->count)) return 1;
	if (found->count == 0) {
		nn_error("%s: has no folders in it; image_folder wants one folder of images for each class", root);
		return 1;
	}
	const nn_names *classes = known->count ? known : found;
	for (int i = 0; i < found->count; i++)
		if (!is_class(classes, found->items[i]))
			nn_warning("%s/%s: ignored, because it is none of the classes %s", root, found->items[i],
				   nn_classes_text(known->items, known->count, text, sizeof text));
	for (list->class = 0; list->class < classes->count; list->class++)
		if (add_class(list, place, classes->items[list->class])) return 1;
	return 0;
}

/* Files and folders, without classes. */
static int list_paths(FileList *list, const Place *place)
{
	for (int i = 0; i < place->path_count; i++) {
		struct stat status;
		int is_folder = stat(place->paths[i], &status) == 0 && S_ISDIR(status.st_mode);
		if (is_folder ? nn_walk(place->paths[i], list) : nn_walk_file(place->paths[i], list)) return 1;
	}
	return 0;
}

/* Identities of the files and, where there are classes, their names; one for each sample. */
static int describe(Source *source, int label, const nn_names *classes)
{
	FileList *list = &((Images *)source->own)->list;
	source->files = malloc(sizeof *source->files * (size_t)list->count);
	if (source->files == NULL || (label >= 0 && nn_source_add_label(source, label, 1, 1))) return 1;
	source->file_count = list->count;
	for (int64_t i = 0; i < list->count; i++) {
		source->files[i] = list->items[i].id;
		if (label < 0) continue;
		const char *class = classes->items[list->items[i].class];
		if ((source->labels[label].texts[i] = nn_copy_text(class, strlen(class))) == NULL) return 1;
	}
	return 0;
}

static int open_images(Source *source, const Place *place, int label, nn_names *found)
{
	FileList *list = &((Images *)source->own)->list;
	const nn_names *known = label >= 0 ? &place->store->names[label] : found;
	if (label >= 0 ? list_classes(list, place, known, found) : list_paths(list, place)) return 1;
	source->count = list->count;
	if (source->count == 0) {
		nn_error("%s: no images in it", place->paths[0]);
		return 1;
	}
	return nn_source_prepare(source, place->paths[0]) || describe(source, label, known->count ? known : found);
}

Source *nn_open_images(const nn_model *model, const Place *place)
{
	int label = place->labels ? nn_field_of_part(model, place->source, 1) : -1;
	Source *source = new_source(model, &model->data.sources[place->source]);
	nn_names found = {0};
	if (source == NULL) return NULL;
	int failed = open_images(source, place, label, &found);
	for (int i = 0; i < found.count; i++) free(found.items[i]);
	free(found.items);
	if (failed) {
		nn_source_close(source);
		return NULL;
	}
	note_ignored(&((Images *)source->own)->list);
	if (place->labels) nn_images_check(source);
	return source;
}
