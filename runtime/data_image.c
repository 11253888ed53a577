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

static int read_image(Source *source, int64_t sample, const void *state, void *x, char why[NN_WHY])
{
	(void)state;
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

static Source *new_source(const nn_model *model)
{
	const nn_data *data = &model->data;
	Source *source = calloc(1, sizeof *source);
	Images *images = calloc(1, sizeof *images);
	if (source == NULL || images == NULL) {
		free(source);
		free(images);
		nn_error("out of memory");
		return NULL;
	}
	images->canvas = (nn_canvas){data->height, data->width, data->channels, data->interpolation,
				     model->number_size == 4 ? NN_PIXEL_FLOAT : NN_PIXEL_DOUBLE,
				     data->rescale == 0 ? 1 : data->rescale, NULL};
	images->fast = data->fast_decode;
	*source = (Source){.model = model, .slow = 1, .own = images, .read = read_image, .name = name_image,
			   .close = close_images, .keep = keep_images};
	return source;
}

/* Nearest takes one pixel of each cell: of large images most pixels are never looked at. */
static void warn_of_shrinking(const Images *images)
{
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
	const char *root = place->paths.directory;
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

static int is_class(const Place *place, const char *name)
{
	for (int i = 0; i < place->class_count; i++)
		if (strcmp(place->classes[i], name) == 0) return 1;
	return 0;
}

static int list_classes(FileList *list, const Place *place, char **folders, int folder_count)
{
	const char *root = place->paths.directory;
	char text[NN_WHY];
	if (folder_count == 0) {
		nn_error("%s: has no folders in it; image_folder wants one folder of images for each class", root);
		return 1;
	}
	const char *const *classes = place->classes ? place->classes : (const char *const *)folders;
	int count = place->classes ? place->class_count : folder_count;
	for (int i = 0; i < folder_count; i++)
		if (place->classes != NULL && !is_class(place, folders[i]))
			nn_warning("%s/%s: ignored, because it is none of the classes %s", root, folders[i],
				   nn_classes_text((char *const *)place->classes, place->class_count, text, sizeof text));
	for (list->class = 0; list->class < count; list->class++)
		if (add_class(list, place, classes[list->class])) return 1;
	return 0;
}

/* Names of the classes and identities of the files, one for each sample. */
static int describe(Source *source, const char *const *classes)
{
	FileList *list = &((Images *)source->own)->list;
	size_t count = (size_t)list->count;
	source->files = malloc(sizeof *source->files * (count ? count : 1));
	source->texts = classes ? calloc(count ? count : 1, sizeof *source->texts) : NULL;
	if (source->files == NULL || (classes && source->texts == NULL)) return 1;
	source->file_count = list->count;
	for (size_t i = 0; i < count; i++) {
		source->files[i] = list->items[i].id;
		if (classes == NULL) continue;
		const char *class = classes[list->items[i].class];
		if ((source->texts[i] = nn_copy_text(class, strlen(class))) == NULL) return 1;
	}
	return 0;
}

Source *nn_open_images(const nn_model *model, const Place *place)
{
	const char *root = place->paths.directory;
	int labels = place->labels && nn_has_classes(model), folder_count = 0;
	char **folders = NULL;
	Source *source = new_source(model);
	if (source == NULL) return NULL;
	Images *images = source->own;
	int failed = nn_subfolders(root, &folders, &folder_count);
	if (!failed) failed = labels ? list_classes(&images->list, place, folders, folder_count) : nn_walk(root, &images->list);
	source->count = images->list.count;
	if (!failed && source->count == 0) {
		nn_error("%s: no images in it", root);
		failed = 1;
	}
	const char *const *classes = place->classes ? place->classes : (const char *const *)folders;
	if (!failed) failed = nn_source_prepare(source, root, labels) || describe(source, labels ? classes : NULL);
	for (int i = 0; i < folder_count; i++) free(folders[i]);
	free(folders);
	if (failed) {
		nn_source_close(source);
		return NULL;
	}
	note_ignored(&images->list);
	warn_of_shrinking(images);
	return source;
}

Source *nn_open_image_list(const nn_model *model, const char *const *paths, int path_count)
{
	Source *source = new_source(model);
	if (source == NULL) return NULL;
	Images *images = source->own;
	int failed = 0;
	for (int i = 0; i < path_count && !failed; i++) {
		struct stat status;
		int is_folder = stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode);
		failed = is_folder ? nn_walk(paths[i], &images->list) : nn_walk_file(paths[i], &images->list);
	}
	source->count = images->list.count;
	if (!failed && source->count == 0) {
		nn_error("%s: no images in it", paths[0]);
		failed = 1;
	}
	if (failed || nn_source_prepare(source, paths[0], 0) || describe(source, NULL)) {
		nn_source_close(source);
		return NULL;
	}
	note_ignored(&images->list);
	return source;
}
