/* scan_images.c: in: a folder of class folders of images, or folders of images and masks; out: their numbers, sizes, channels,
 * what can't be read, and the section for them.
 * Invariant: every image is decoded, as a trainer would. */
#include <stdlib.h>
#include <string.h>
#include "../../runtime/data_mask.h"
#include "scan_internal.h"

enum { SAID_AT_MOST = 10, PNG_COLOR_TYPE = 25, PNG_ALPHA = 4, LARGEST = 256 };

typedef struct Facts {
	int64_t count, unreadable, grey, grey_content, alpha, deep; /* grey_content: colours that are all equal */
	double *heights, *widths; /* (count) */
	int64_t height_capacity, width_capacity;
	int64_t values[256]; /* of masks: pixels of each value of 8 bits */
	int64_t other_values, files_of[257]; /* masks: pixels of larger values; files whose largest value is this */
} Facts;

static int equal_channels(const nn_image *image)
{
	size_t count = (size_t)image->height * (size_t)image->width, size = (size_t)image->bits / 8, step = size * (size_t)image->channels;
	const uint8_t *pixel = image->pixels;
	for (size_t i = 0; i < count; i++, pixel += step)
		if (memcmp(pixel, pixel + size, size) != 0 || memcmp(pixel, pixel + 2 * size, size) != 0) return 0;
	return 1;
}

static void add_size(Facts *facts, const nn_image *image)
{
	if (nn_reserve(&facts->heights, facts->count, &facts->height_capacity, sizeof *facts->heights) ||
	    nn_reserve(&facts->widths, facts->count, &facts->width_capacity, sizeof *facts->widths))
		return;
	facts->heights[facts->count] = image->height;
	facts->widths[facts->count++] = image->width;
}

static void say_unreadable(nn_text *out, Facts *facts, const char *path, const char *why)
{
	if (facts->unreadable++ < SAID_AT_MOST) nn_text_add(out, "# can't be read: %s: %s\n", path, why);
}

static void look_at(nn_text *out, Facts *facts, const char *path)
{
	char why[NN_WHY];
	uint8_t *bytes;
	size_t size;
	nn_image image = {0};
	if (nn_slurp(path, 0, &bytes, &size, why)) {
		say_unreadable(out, facts, path, why);
		return;
	}
	if (nn_image_decode(bytes, size, 3, 0, 0, &image, why))
		say_unreadable(out, facts, path, why);
	else {
		facts->grey += image.channels < 3;
		facts->grey_content += image.channels < 3 || equal_channels(&image);
		facts->deep += image.bits == 16;
		facts->alpha += bytes[0] == 0x89 && size > PNG_COLOR_TYPE && (bytes[PNG_COLOR_TYPE] & PNG_ALPHA);
		add_size(facts, &image);
		free(image.pixels);
	}
	free(bytes);
}

static void look_at_mask(nn_text *out, Facts *facts, const char *path)
{
	char why[NN_WHY];
	uint8_t *bytes;
	size_t size;
	nn_image mask;
	int largest = 0;
	if (nn_slurp(path, 0, &bytes, &size, why)) {
		say_unreadable(out, facts, path, why);
		return;
	}
	int failed = nn_mask_decode(bytes, size, &mask, why);
	free(bytes);
	if (failed) {
		say_unreadable(out, facts, path, why);
		return;
	}
	for (size_t i = 0; i < (size_t)mask.height * (size_t)mask.width; i++) {
		int value = mask.bits == 8 ? ((const uint8_t *)mask.pixels)[i] : ((const uint16_t *)mask.pixels)[i];
		if (value < 256) facts->values[value]++;
		else facts->other_values++;
		if (value > largest) largest = value > 256 ? 256 : value;
	}
	facts->files_of[largest]++;
	add_size(facts, &mask);
	free(mask.pixels);
}

static void free_facts(Facts *facts)
{
	free(facts->heights);
	free(facts->widths);
}

static void print_sizes(nn_text *out, Facts *facts)
{
	int64_t n = facts->count;
	if (n == 0) return;
	nn_text_add(out, "# %lld images: height %g to %g (median %g), width %g to %g (median %g)\n", (long long)n,
		    scan_quantile(facts->heights, n, 0), scan_quantile(facts->heights, n, 1), scan_quantile(facts->heights, n, 0.5),
		    scan_quantile(facts->widths, n, 0), scan_quantile(facts->widths, n, 1), scan_quantile(facts->widths, n, 0.5));
	nn_text_add(out, "# %lld grey, %lld in colour", (long long)facts->grey, (long long)(n - facts->grey));
	if (facts->grey_content > facts->grey)
		nn_text_add(out, " (%lld of these have grey content only)", (long long)(facts->grey_content - facts->grey));
	if (facts->alpha) nn_text_add(out, ", %lld with alpha", (long long)facts->alpha);
	if (facts->deep) nn_text_add(out, ", %lld of 16 bits", (long long)facts->deep);
	nn_text_add(out, "\n");
	if (facts->unreadable) nn_text_add(out, "# %lld can't be read\n", (long long)facts->unreadable);
}

/* The size of all if they have one and it is small, else a multiple of 32 near the median. */
static void target_size(const Facts *facts, int *height, int *width)
{
	int64_t n = facts->count; /* sorted by print_sizes */
	*height = n ? (int)facts->heights[n / 2] : LARGEST;
	*width = n ? (int)facts->widths[n / 2] : LARGEST;
	if (n && facts->heights[0] == facts->heights[n - 1] && facts->widths[0] == facts->widths[n - 1] && *height <= LARGEST && *width <= LARGEST)
		return;
	int side = *height < *width ? *height : *width;
	side = side > LARGEST ? LARGEST : side < 32 ? 32 : side / 32 * 32;
	*height = *width = side;
}

/* Everything of `source:` that follows from the images. */
static void print_source(nn_text *out, Facts *facts, const char *type)
{
	int height, width;
	target_size(facts, &height, &width);
	const char *color = facts->grey_content == facts->count ? "grayscale" : "rgb";
	nn_text_add(out, "data:\n  source: {type: %s, target_size: [%d, %d], color_mode: %s, rescale: 1/255, interpolation: area", type, height,
		    width, color);
}

/* One split: samples of each class. */
static int look_at_classes(nn_text *out, Facts *facts, const char *folder, char ***classes, int *class_count)
{
	char **names;
	int count, failed = nn_subfolders(folder, &names, &count);
	if (failed) return 1;
	for (int c = 0; c < count && !failed; c++) {
		FileList list = {0};
		char *path = nn_join(folder, names[c]);
		failed = path == NULL || nn_walk(path, &list);
		for (int64_t i = 0; i < list.count && !failed; i++) look_at(out, facts, list.items[i].path);
		if (!failed) nn_text_add(out, "# %s: %lld images", path, (long long)list.count);
		if (!failed && list.ignored) nn_text_add(out, ", %lld other files", (long long)list.ignored);
		nn_text_add(out, "\n");
		nn_file_list_free(&list);
		free(path);
	}
	if (!failed && *classes == NULL) {
		*classes = names;
		*class_count = count;
		return 0;
	}
	for (int c = 0; c < count; c++) free(names[c]);
	free(names);
	return failed;
}

int scan_image_classes(const char *path)
{
	Facts facts = {0};
	nn_text out = {0};
	char *folders[3], **classes = NULL;
	int class_count = 0, failed = 0;
	for (int s = 0; s < 3; s++) folders[s] = scan_split_folder(path, s);
	int divided = folders[0] != NULL;
	for (int s = 0; s < 3 && !failed && divided; s++)
		if (folders[s] != NULL) failed = look_at_classes(&out, &facts, folders[s], &classes, &class_count);
	if (!divided) failed = look_at_classes(&out, &facts, path, &classes, &class_count);
	if (!failed && class_count < 2) {
		nn_error("%s: %s; a folder of images wants one folder for each class", path, class_count ? "one folder only" : "no folders in it");
		failed = 1;
	}
	if (!failed) {
		print_sizes(&out, &facts);
		print_source(&out, &facts, "image_folder");
		nn_text_add(&out, ", class_mode: %s, classes: ", class_count == 2 ? "binary" : "sparse");
		scan_words(&out, classes, class_count);
		nn_text_add(&out, "}\n");
		for (int s = 0; s < 3; s++) {
			if (s > 0 && folders[s] == NULL) continue;
			nn_text_add(&out, "  %s: {directory: ", scan_split_keys[s]);
			scan_word(&out, divided ? folders[s] : path);
			nn_text_add(&out, "}\n");
			if (!divided) break;
		}
		if (!divided) nn_text_add(&out, "  split: {validation: 0.15, test: 0.15}\n");
		else if (!folders[1] || !folders[2])
			nn_text_add(&out, "  split: {%s%s%s}\n", folders[1] ? "" : "validation: 0.15", folders[1] || folders[2] ? "" : ", ", folders[2] ? "" : "test: 0.15");
		failed = scan_print(&out);
	}
	for (int c = 0; c < class_count; c++) free(classes[c]);
	for (int s = 0; s < 3; s++) free(folders[s]);
	free(classes);
	nn_text_free(&out);
	free_facts(&facts);
	return failed;
}

/* Shares of the values, and mask_values: where they are not 0, 1, 2, .. or 0 and 255. Returns the number of classes. */
static int print_values(nn_text *out, const Facts *masks, nn_text *values)
{
	int count = 0, in_order = 1;
	int64_t pixels = masks->other_values;
	for (int v = 0; v < 256; v++) pixels += masks->values[v];
	for (int v = 0; v < 256; v++) {
		if (masks->values[v] == 0) continue;
		if (count < 20) nn_text_add(out, "# mask value %d: %.2f %% of the pixels\n", v, 100 * (double)masks->values[v] / (double)pixels);
		in_order &= v == count;
		nn_text_add(values, count ? ", %d" : "%d", v);
		count++;
	}
	if (masks->other_values) nn_text_add(out, "# mask values above 255: %lld pixels\n", (long long)masks->other_values);
	if (in_order || (count == 2 && masks->values[0] && masks->values[255])) nn_text_free(values);
	return count;
}

int scan_image_masks(const char *path, const char *images, const char *masks)
{
	FileList lists[2] = {{0}, {0}};
	Facts facts[2] = {{0}, {0}};
	nn_text out = {0}, values = {0};
	int failed = nn_walk(images, &lists[0]) || nn_walk(masks, &lists[1]);
	int64_t *partner = failed ? NULL : malloc(sizeof *partner * ((size_t)lists[0].count + 1));
	failed = partner == NULL || nn_pair_files(&lists[0], images, &lists[1], masks, partner);
	for (int64_t i = 0; i < lists[0].count && !failed; i++) {
		int64_t before[2] = {facts[0].count, facts[1].count};
		const char *image = lists[0].items[i].path, *mask = lists[1].items[partner[i]].path;
		look_at(&out, &facts[0], image);
		look_at_mask(&out, &facts[1], mask);
		if (facts[0].count == before[0] || facts[1].count == before[1]) continue;
		if (facts[0].heights[before[0]] != facts[1].heights[before[1]] || facts[0].widths[before[0]] != facts[1].widths[before[1]])
			nn_text_add(&out, "# %s and %s differ in size\n", image, mask);
	}
	if (!failed && lists[0].count == 0) {
		nn_error("%s: no images in it", images);
		failed = 1;
	}
	if (!failed) {
		nn_text_add(&out, "# %s: %lld images with masks\n", path, (long long)lists[0].count);
		int classes = print_values(&out, &facts[1], &values);
		print_sizes(&out, &facts[0]);
		if (facts[1].unreadable) nn_text_add(&out, "# %lld masks can't be read\n", (long long)facts[1].unreadable);
		print_source(&out, &facts[0], "image_mask");
		if (values.length) nn_text_add(&out, ", mask_values: [%s]", values.data);
		nn_text_add(&out, "} # %d classes\n  train: {images: ", classes < 2 ? 2 : classes);
		scan_word(&out, images);
		nn_text_add(&out, ", masks: ");
		scan_word(&out, masks);
		nn_text_add(&out, "}\n  split: {validation: 0.1, test: 0.2, method: hash}\n");
		failed = scan_print(&out);
	}
	free(partner);
	for (int i = 0; i < 2; i++) {
		nn_file_list_free(&lists[i]);
		free_facts(&facts[i]);
	}
	nn_text_free(&out);
	nn_text_free(&values);
	return failed;
}
