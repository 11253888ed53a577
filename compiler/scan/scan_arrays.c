/* scan_arrays.c: in: one or two files of arrays (idx or npy), the second the labels; out: shapes, types, ranges, labels, and the
 * section.
 * Invariant: the heads are read by the runtime's parsers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "scan_internal.h"

enum { MOST_CLASSES = 1000, SHOWN = 20 };

typedef struct Range {
	double low, high;
	int whole, missing;
} Range;

static Range range_of(const Elements *elements)
{
	Range range = {INFINITY, -INFINITY, 1, 0};
	int64_t count = elements->shape[0] * elements->row;
	for (int64_t i = 0; i < count; i++) {
		double value = nn_element(elements, i);
		range.missing += isnan(value);
		range.low = fmin(range.low, value);
		range.high = fmax(range.high, value);
		range.whole &= value == floor(value);
	}
	return range;
}

static int print_file(nn_text *out, const char *path, Elements *elements, uint8_t **bytes, Range *range, int *npy)
{
	char why[NN_WHY], shape[120];
	size_t size;
	*bytes = NULL;
	*elements = (Elements){0};
	int failed = nn_slurp(path, 0, bytes, &size, why);
	*npy = !failed && size > 6 && memcmp(*bytes, "\x93NUMPY", 6) == 0;
	failed = failed || (*npy ? nn_parse_npy : nn_parse_idx)(*bytes, size, elements, why);
	if (failed) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	*range = range_of(elements);
	nn_text_add(out, "# %s: %s of %d bits, %s, from %g to %g", path,
		    elements->kind == 'f' ? "numbers" : elements->kind == 'i' ? "whole numbers" : "whole numbers without sign", elements->size * 8,
		    nn_shape_text(elements->rank, elements->shape, shape, sizeof shape), range->low, range->high);
	if (range->missing) nn_text_add(out, ", %d are not a number", range->missing);
	nn_text_add(out, "\n");
	return 0;
}

/* How many samples each class has, where the labels are few whole numbers. */
static void print_labels(nn_text *out, const Elements *labels, const Range *range)
{
	if (labels->row != 1 || !range->whole || range->low < 0 || range->high >= MOST_CLASSES) return;
	int classes = (int)range->high + 1;
	int64_t *counts = calloc((size_t)classes, sizeof *counts);
	for (int64_t i = 0; i < labels->shape[0] && counts; i++) counts[(int)nn_element(labels, i)]++;
	nn_text_add(out, "# %d classes:", classes);
	for (int c = 0; c < classes && c < SHOWN && counts; c++) nn_text_add(out, "%s %d: %lld", c ? "," : "", c, (long long)counts[c]);
	nn_text_add(out, classes > SHOWN ? ", ..\n" : "\n");
	free(counts);
}

/* What a sample is, and whether its numbers should be scaled. */
static void print_section(nn_text *out, const ScanOptions *options, const Elements *inputs, const Range *range, int npy)
{
	char shape[120];
	int bytes = inputs->kind == 'u' && inputs->size == 1 && range->high > 1;
	nn_text_add(out, "data: # input: %s%s\n  source: {type: %s%s%s}\n  train: {", nn_shape_text(inputs->rank - 1, inputs->shape + 1, shape, sizeof shape),
		    inputs->rank == 3 && !npy ? " or with a last 1" : "", npy ? "npy" : "idx", bytes ? ", rescale: 1/255" : "",
		    options->path_count < 2 ? ", class_mode: none" : "");
	const char *const names[2][2] = {{"images", "labels"}, {"inputs", "targets"}};
	for (int i = 0; i < options->path_count; i++) {
		nn_text_add(out, i ? ", %s: " : "%s: ", names[npy][i]);
		scan_word(out, options->paths[i]);
	}
	nn_text_add(out, "}\n  split: {validation: 0.1, test: 0.2}\n");
}

int scan_arrays(const ScanOptions *options)
{
	nn_text out = {0};
	Elements elements[2] = {{0}, {0}};
	uint8_t *bytes[2] = {NULL, NULL};
	Range ranges[2];
	int npy[2] = {0, 0}, failed = 0;
	memset(ranges, 0, sizeof ranges);
	if (options->path_count > 2) {
		nn_error("%s: two files of arrays at most: the samples and their labels", options->paths[2]);
		return 1;
	}
	for (int i = 0; i < options->path_count && !failed; i++) failed = print_file(&out, options->paths[i], &elements[i], &bytes[i], &ranges[i], &npy[i]);
	if (!failed && options->path_count == 2) {
		if (elements[0].shape[0] != elements[1].shape[0] || npy[0] != npy[1]) {
			nn_error("%s: does not go with %s: %lld samples of %s, and %lld of %s", options->paths[1], options->paths[0],
				 (long long)elements[1].shape[0], npy[1] ? "npy" : "idx", (long long)elements[0].shape[0], npy[0] ? "npy" : "idx");
			failed = 1;
		} else
			print_labels(&out, &elements[1], &ranges[1]);
	}
	if (!failed) {
		print_section(&out, options, &elements[0], &ranges[0], npy[0]);
		failed = scan_print(&out);
	}
	for (int i = 0; i < 2; i++) free(bytes[i]);
	nn_text_free(&out);
	return failed;
}
