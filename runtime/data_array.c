/* data_array.c: in: numbers of a file in one of its types (idx, npy), and those of its labels; out: a Source over them.
 * Invariant: bytes stay as they are in the file until a sample is read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "message.h"

typedef struct Arrays {
	Elements inputs;
	uint8_t *bytes;
	double rescale;
} Arrays;

int nn_elements_check(Elements *elements, size_t bytes, char why[NN_WHY])
{
	char shape[120];
	uint64_t row = 1;
	nn_shape_text(elements->rank, elements->shape, shape, sizeof shape);
	for (int i = 1; i < elements->rank; i++)
		if (__builtin_mul_overflow(row, (uint64_t)elements->shape[i], &row)) row = UINT64_MAX;
	uint64_t wanted;
	if (elements->rank < 1 || __builtin_mul_overflow(row, (uint64_t)elements->shape[0], &wanted) ||
	    __builtin_mul_overflow(wanted, (uint64_t)elements->size, &wanted) || wanted > INT64_MAX) {
		snprintf(why, NN_WHY, "its shape %s makes no sense", shape);
		return 1;
	}
	elements->row = (int64_t)row;
	if (wanted == 0) {
		snprintf(why, NN_WHY, "holds no samples: its shape is %s", shape);
		return 1;
	}
	if (bytes >= wanted) return 0;
	snprintf(why, NN_WHY, "ends too early: its head says %s, which is %llu bytes, but %zu follow", shape,
		 (unsigned long long)wanted, bytes);
	return 1;
}

double nn_element(const Elements *elements, int64_t place)
{
	uint8_t raw[8];
	int size = elements->size;
	const uint8_t *from = elements->bytes + place * size;
	for (int i = 0; i < size; i++) raw[i] = from[elements->swapped ? size - 1 - i : i];
	union {
		uint8_t u1;
		int8_t i1;
		uint16_t u2;
		int16_t i2;
		uint32_t u4;
		int32_t i4;
		uint64_t u8;
		int64_t i8;
		float f4;
		double f8;
	} value;
	memcpy(&value, raw, (size_t)size);
	if (elements->kind == 'f') return size == 4 ? (double)value.f4 : value.f8;
	int is_signed = elements->kind == 'i';
	switch (size) {
	case 1: return is_signed ? (double)value.i1 : (double)value.u1;
	case 2: return is_signed ? (double)value.i2 : (double)value.u2;
	case 4: return is_signed ? (double)value.i4 : (double)value.u4;
	default: return is_signed ? (double)value.i8 : (double)value.u8;
	}
}

/* Rank without the dimensions of 1 at its end. */
static int trimmed(int rank, const int64_t *shape)
{
	while (rank > 0 && shape[rank - 1] == 1) rank--;
	return rank;
}

/* Whether samples of this shape are what the model takes (dimensions of 1 at the end don't count). Says so if not. */
static int inputs_fit(const Elements *elements, const nn_data_field *field, const char *path)
{
	int rank = trimmed(elements->rank - 1, elements->shape + 1), wanted = trimmed(field->rank, field->shape);
	int same = rank == wanted;
	for (int i = 0; same && i < rank; i++) same = elements->shape[i + 1] == field->shape[i];
	if (same) return 0;
	char found[120], model_shape[120];
	nn_error("%s: a sample is %s, but the model's input is %s", path,
		 nn_shape_text(elements->rank - 1, elements->shape + 1, found, sizeof found),
		 nn_shape_text(field->rank, field->shape, model_shape, sizeof model_shape));
	return 1;
}

/* Numbers that are none end the run: nothing that is trained with them is worth anything. 0, or 2 with why. */
static int check_finite(const Elements *elements, int64_t from, int64_t count, char why[NN_WHY])
{
	char text[120];
	int64_t place[NN_RANK] = {0};
	for (int64_t i = 0; elements->kind == 'f' && i < count; i++) {
		double value = nn_element(elements, from + i);
		if (isfinite(value)) continue;
		for (int axis = elements->rank - 1; axis > 0; i /= elements->shape[axis--]) place[axis - 1] = i % elements->shape[axis];
		snprintf(why, NN_WHY, "what stands at %s is %s, no number", nn_shape_text(elements->rank - 1, place, text, sizeof text),
			 isnan(value) ? "nan" : "inf");
		return 2;
	}
	return 0;
}

static int read_array(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	const Arrays *arrays = source->own;
	const Elements *inputs = &arrays->inputs;
	int64_t count = inputs->row, from = sample * count;
	(void)field, (void)state;
	if (check_finite(inputs, from, count, why)) return 2;
	if (source->model->number_size == 4) {
		float *numbers = x, rescale = (float)arrays->rescale;
		if (inputs->kind == 'u' && inputs->size == 1)
			for (int64_t i = 0; i < count; i++) numbers[i] = (float)inputs->bytes[from + i] * rescale;
		else
			for (int64_t i = 0; i < count; i++) numbers[i] = (float)nn_element(inputs, from + i) * rescale;
	} else {
		double *numbers = x;
		for (int64_t i = 0; i < count; i++) numbers[i] = nn_element(inputs, from + i) * arrays->rescale;
	}
	return 0;
}

static void name_array(const Source *source, int64_t sample, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s[%lld]", source->where, (long long)sample);
}

static void close_arrays(Source *source)
{
	Arrays *arrays = source->own;
	free(arrays->bytes);
	free(arrays);
}

/* Says what is wrong with a label, and with one of many where it stands. */
static int refuse_label(const nn_data_field *of, const char *path, int64_t sample, int64_t at, double value, int classes)
{
	if (classes && of->high > 0)
		nn_error("%s: label %g of sample %lld, place %lld, is no class from %lld to %lld%s", path, value, (long long)sample, (long long)at,
			 (long long)of->low, (long long)of->high,
			 value < 0 && of->classed ? "; places without a class are left out by a mask, or by ignore_class in the loss" : "");
	else
		nn_error("%s: label %g of sample %lld is no %s", path, value, (long long)sample, classes ? "class number" : "number");
	return 1;
}

/* Labels as numbers (samples, numbers a sample); class numbers must be whole and not negative, but of those of rows a negative one may
 * be what the loss ignores: its bounds say which are there. */
static int read_labels(Source *source, const char *path, const Elements *labels, int field)
{
	const nn_data_field *of = &source->model->data.fields[field];
	int bounded = of->high > 0 && labels->row > 1 && (size_t)labels->row == of->count;
	int classes = bounded || (of->classed && (labels->row == 1 || of->integer)), steps = classes && labels->row > 1;
	double end = steps && of->class_count > 0 ? of->class_count : 1e6, low = bounded ? (double)of->low : steps ? -1e6 : 0;
	if (bounded && of->class_count == 0) end = (double)of->high + 1;
	if (nn_source_add_label(source, field, (int)labels->row, 0)) return 1;
	for (int64_t i = 0; i < source->count * labels->row; i++) {
		double value = nn_element(labels, i);
		source->labels[field].values[i] = value;
		if (classes ? value >= low && value < end && value == floor(value) : isfinite(value)) continue;
		return refuse_label(of, path, i / labels->row, i % labels->row, value, classes);
	}
	return 0;
}

static int labels_fit(const Elements *inputs, const Elements *labels, const nn_data_field *field, const char *const *paths)
{
	if (labels->shape[0] != inputs->shape[0]) {
		nn_error("%s: holds %lld labels for the %lld samples of %s", paths[1], (long long)labels->shape[0],
			 (long long)inputs->shape[0], paths[0]);
		return 1;
	}
	if (labels->row == (int64_t)field->count || (labels->row == 1 && field->classed)) return 0;
	char found[120], model_shape[120];
	nn_error("%s: a label is %s, but the model's is %s", paths[1],
		 nn_shape_text(labels->rank - 1, labels->shape + 1, found, sizeof found),
		 nn_shape_text(field->rank, field->shape, model_shape, sizeof model_shape));
	return 1;
}

static int open_file(const char *path, ParseElements *parse, Elements *elements, uint8_t **bytes)
{
	size_t size;
	char why[NN_WHY];
	*elements = (Elements){0};
	if (!nn_slurp(path, 0, bytes, &size, why) && !parse(*bytes, size, elements, why)) return 0;
	nn_error("%s: %s", path, why);
	free(*bytes);
	*bytes = NULL;
	return 1;
}

/* A source over what was read; takes the bytes of both files. label: the field, -1: no labels are wanted. */
static Source *over_arrays(const nn_model *model, const Place *place, const Elements found[2], uint8_t *const bytes[2], int label)
{
	const nn_data *data = &model->data;
	const nn_data_source *spec = &data->sources[place->source];
	int input = nn_field_of_part(model, place->source, 0);
	Source *source = calloc(1, sizeof *source);
	Arrays *arrays = calloc(1, sizeof *arrays);
	int failed = source == NULL || arrays == NULL ||
		     (input >= 0 && inputs_fit(&found[0], &data->fields[input], place->paths[0])) ||
		     (label >= 0 && labels_fit(&found[0], &found[1], &data->fields[label], place->paths));
	if (failed) {
		free(source);
		free(arrays);
		free(bytes[0]);
		free(bytes[1]);
		return NULL;
	}
	*arrays = (Arrays){found[0], bytes[0], spec->rescale == 0 ? 1 : spec->rescale};
	*source = (Source){.model = model, .spec = spec, .count = found[0].shape[0], .own = arrays, .read = read_array,
			   .name = name_array, .close = close_arrays};
	failed = nn_source_prepare(source, place->paths[0]) || nn_source_add_file(source, place->paths[0]);
	if (!failed && label >= 0) failed = read_labels(source, place->paths[1], &found[1], label);
	free(bytes[1]);
	if (!failed) return source;
	nn_source_close(source);
	return NULL;
}

Source *nn_open_arrays(const nn_model *model, const Place *place, ParseElements *parse)
{
	Elements found[2];
	uint8_t *bytes[2] = {NULL, NULL};
	int label = place->labels ? nn_field_of_part(model, place->source, 1) : -1;
	if (label >= 0 && (place->path_count < 2 || place->paths[1] == NULL)) {
		nn_error("%s: has no labels, but the model is trained with %s", place->paths[0], model->data.fields[label].name);
		return NULL;
	}
	if (open_file(place->paths[0], parse, &found[0], &bytes[0])) return NULL;
	if (label >= 0 && open_file(place->paths[1], parse, &found[1], &bytes[1])) {
		free(bytes[0]);
		return NULL;
	}
	return over_arrays(model, place, found, bytes, label);
}
