/* data_mask.c: in: folders of images and of masks; out: pairs, and the class number of each pixel of a mask.
 * Invariant: every pixel of a mask that is read has a value that the spec names; none is rounded to the nearest. */
#include "data_mask.h"
#include <stdlib.h>
#include <string.h>
#include "image_codec.h"
#include "message.h"

enum { VALUES = 1 << 16, NO_CLASS = -1 };

static unsigned value_at(const nn_image *image, size_t place)
{
	return image->bits == 8 ? ((const uint8_t *)image->pixels)[place] : ((const uint16_t *)image->pixels)[place];
}

/* Three equal channels become one. */
static int drop_colors(nn_image *mask, char why[NN_WHY])
{
	size_t count = (size_t)mask->height * (size_t)mask->width, channels = (size_t)mask->channels;
	for (size_t i = 0; i < count; i++) {
		unsigned first = value_at(mask, i * channels);
		for (size_t c = 1; c < channels; c++)
			if (value_at(mask, i * channels + c) != first) {
				snprintf(why, NN_WHY, "a mask in colours; save it with a palette, or as grey levels");
				return 1;
			}
		if (mask->bits == 8)
			((uint8_t *)mask->pixels)[i] = (uint8_t)first;
		else
			((uint16_t *)mask->pixels)[i] = (uint16_t)first;
	}
	mask->channels = 1;
	return 0;
}

int nn_mask_decode(const uint8_t *bytes, size_t size, nn_image *mask, char why[NN_WHY])
{
	int as_stored = size > 1 && bytes[0] == 0x89; /* of a JPEG its grey levels */
	if (nn_image_decode(bytes, size, as_stored ? NN_CHANNELS_STORED : 1, 0, 0, mask, why)) return 1;
	if (mask->channels == 1 || !drop_colors(mask, why)) return 0;
	free(mask->pixels);
	mask->pixels = NULL;
	return 1;
}

/* (VALUES) the class of every value that a pixel may have */
static void map_values(const MaskValues *values, int bits, int16_t *class_of)
{
	for (int i = 0; i < VALUES; i++) class_of[i] = NO_CLASS;
	for (int c = 0; c < values->class_count; c++) {
		int value = values->values ? values->values[c] : c;
		if (value >= 0 && value < VALUES) class_of[value] = (int16_t)c;
	}
	if (values->values == NULL && values->class_count == 2) class_of[bits == 8 ? 255 : 65535] = 1;
}

static void say_value(const nn_image *mask, const MaskValues *values, size_t place, char why[NN_WHY])
{
	char list[120] = "";
	size_t at = 0;
	for (int c = 0; c < values->class_count && at < sizeof list - 16; c++)
		at += (size_t)snprintf(list + at, sizeof list - at, c ? ", %d" : "%d", values->values ? values->values[c] : c);
	snprintf(why, NN_WHY, "the mask's value %u at row %zu, column %zu is none of the classes' %s%s", value_at(mask, place),
		 place / (size_t)mask->width, place % (size_t)mask->width, list,
		 values->values == NULL && values->class_count == 2 ? " (or 255); see mask_values:" : "; see mask_values:");
}

int nn_mask_classes(nn_image *mask, const MaskValues *values, int height, int width, uint8_t *classes, char why[NN_WHY])
{
	int16_t *class_of = malloc(sizeof *class_of * VALUES);
	size_t count = (size_t)mask->height * (size_t)mask->width, at = 0;
	if (class_of == NULL) {
		snprintf(why, NN_WHY, "out of memory");
		return 1;
	}
	map_values(values, mask->bits, class_of);
	while (at < count && class_of[value_at(mask, at)] != NO_CLASS) at++;
	if (at < count) say_value(mask, values, at, why);
	for (size_t i = 0; at == count && i < count; i++) ((uint8_t *)mask->pixels)[i] = (uint8_t)class_of[value_at(mask, i)];
	free(class_of);
	if (at < count) return 1;
	mask->bits = 8;
	nn_image_resize(mask, &(nn_canvas){height, width, 1, NN_NEAREST, NN_PIXEL_U8, 1, classes});
	return 0;
}

/* A file by its path below a root, without its ending. */
typedef struct Stem {
	const char *text;
	size_t length;
	int64_t item;
} Stem;

static int compare_stems(const void *a, const void *b)
{
	const Stem *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->length < y->length ? x->length : y->length);
	return order ? order : (x->length > y->length) - (x->length < y->length);
}

static Stem stem_of(const FileList *list, const char *root, int64_t item)
{
	const char *path = list->items[item].path, *text = path + strlen(root);
	while (*text == '/') text++;
	const char *name = strrchr(text, '/'), *dot = strrchr(name ? name : text, '.');
	return (Stem){text, dot ? (size_t)(dot - text) : strlen(text), item};
}

/* The files sorted by stem; NULL after an error. */
static Stem *sort_stems(const FileList *list, const char *root)
{
	Stem *stems = malloc(sizeof *stems * ((size_t)list->count + 1));
	if (stems == NULL) {
		nn_error("%s: out of memory", root);
		return NULL;
	}
	for (int64_t i = 0; i < list->count; i++) stems[i] = stem_of(list, root, i);
	qsort(stems, (size_t)list->count, sizeof *stems, compare_stems);
	for (int64_t i = 1; i < list->count; i++)
		if (compare_stems(&stems[i - 1], &stems[i]) == 0) {
			nn_error("%s and %s: differ in their endings only, so that it is not clear which belongs to which mask or image",
				 list->items[stems[i - 1].item].path, list->items[stems[i].item].path);
			free(stems);
			return NULL;
		}
	return stems;
}

/* Says which is the first without a partner, and how many there are. */
static int check_partners(const FileList *list, const Stem *stems, const Stem *others, int64_t other_count, const char *what,
			  const char *other_root)
{
	int64_t missing = 0, first = 0;
	char more[40] = "";
	for (int64_t i = 0; i < list->count; i++)
		if (!bsearch(&stems[i], others, (size_t)other_count, sizeof *others, compare_stems) && missing++ == 0) first = i;
	if (missing == 0) return 0;
	if (missing > 1) snprintf(more, sizeof more, " (and %lld more)", (long long)missing - 1);
	nn_error("%s: %s has no %s of that name%s", list->items[stems[first].item].path, other_root, what, more);
	return 1;
}

int nn_pair_files(const FileList *images, const char *image_root, const FileList *masks, const char *mask_root, int64_t *partner)
{
	Stem *of_images = sort_stems(images, image_root), *of_masks = of_images ? sort_stems(masks, mask_root) : NULL;
	int failed = of_masks == NULL || check_partners(images, of_images, of_masks, masks->count, "mask", mask_root) ||
		     check_partners(masks, of_masks, of_images, images->count, "image", image_root);
	for (int64_t i = 0; i < images->count && !failed; i++) partner[of_images[i].item] = of_masks[i].item; /* both sorted, one to one */
	free(of_images);
	free(of_masks);
	return failed;
}
