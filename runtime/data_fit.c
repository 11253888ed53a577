/* data_fit.c: in: the training rows of a table; out: the tensors data/impute, data/offset, data/scale in the state; and the
 * arithmetic that uses them.
 * Invariant: what is fitted depends on the training rows only, in their order. A missing value becomes impute; then
 * x = (value - offset)/scale. Follows scikit-learn's SimpleImputer, then StandardScaler (population variance) or
 * MinMaxScaler: statistics are those of the filled column. A constant column has scale 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "message.h"

typedef struct Statistics {
	double impute, offset, scale;
} Statistics;

static double get(const nn_model *model, const void *state, const nn_tensor *tensor, int64_t i)
{
	size_t place = tensor->offset + (size_t)i;
	return model->number_size == 4 ? ((const float *)state)[place] : ((const double *)state)[place];
}

static void put(const nn_model *model, void *state, const nn_tensor *tensor, int64_t i, double value)
{
	if (tensor == NULL) return;
	size_t place = tensor->offset + (size_t)i;
	if (model->number_size == 4)
		((float *)state)[place] = (float)value;
	else
		((double *)state)[place] = value;
}

void nn_row_write(const nn_model *model, const void *state, const double *row, int64_t count, int number_size, void *x)
{
	const nn_tensor *impute = NULL, *offset = NULL, *scale = NULL;
	if (state != NULL) {
		impute = nn_tensor_find(model, "data/impute");
		offset = nn_tensor_find(model, "data/offset");
		scale = nn_tensor_find(model, "data/scale");
	}
	for (int64_t i = 0; i < count; i++) {
		double value = row[i];
		if (isnan(value) && impute != NULL) value = get(model, state, impute, i);
		if (offset != NULL) value -= get(model, state, offset, i);
		if (scale != NULL) value /= get(model, state, scale, i);
		if (number_size == 4)
			((float *)x)[i] = (float)value;
		else
			((double *)x)[i] = value;
	}
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double mean(const double *values, int64_t count)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) sum += values[i];
	return sum / (double)count;
}

/* values: those that are there; sorted by this. */
static double median(double *values, int64_t count)
{
	qsort(values, (size_t)count, sizeof *values, compare_numbers);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Offset and scale of a column whose missing values are filled. */
static void fit_scale(nn_normalize normalize, const double *column, int64_t count, Statistics *s)
{
	s->offset = 0;
	s->scale = 1;
	if (normalize == NN_NORMALIZE_STANDARD) {
		double sum = 0;
		s->offset = mean(column, count);
		for (int64_t i = 0; i < count; i++) sum += (column[i] - s->offset) * (column[i] - s->offset);
		s->scale = sqrt(sum / (double)count);
		if (s->scale <= 1e-12 * fabs(s->offset)) s->scale = 0; /* only rounding */
	} else if (normalize == NN_NORMALIZE_MINMAX) {
		double low = column[0], high = column[0];
		for (int64_t i = 1; i < count; i++) {
			low = fmin(low, column[i]);
			high = fmax(high, column[i]);
		}
		s->offset = low;
		s->scale = high - low;
	}
	if (s->scale == 0) s->scale = 1;
}

static void name_feature(const Source *source, int feature, char *buffer, size_t size)
{
	if (source->feature_names != NULL && source->feature_names[feature] != NULL)
		snprintf(buffer, size, "column \"%s\"", source->feature_names[feature]);
	else
		snprintf(buffer, size, "feature %d (from 0)", feature);
}

/* One feature over the rows of a set. column, present: room for all rows. 0, or 1 after an error. */
static int fit_feature(const nn_dataset *set, int feature, double *column, double *present, Statistics *s)
{
	const Source *source = set->source;
	int64_t present_count = 0;
	for (int64_t i = 0; i < set->count; i++) {
		column[i] = source->values[set->rows[i] * source->feature_count + feature];
		if (!isnan(column[i])) present[present_count++] = column[i];
	}
	char name[120];
	name_feature(source, feature, name, sizeof name);
	if (present_count == 0) {
		nn_error("%s: %s has no value in the training rows; name it under ignore:", source->where, name);
		return 1;
	}
	s->impute = source->spec->impute == NN_IMPUTE_MEDIAN ? median(present, present_count) : mean(present, present_count);
	for (int64_t i = 0; i < set->count; i++)
		if (isnan(column[i])) column[i] = s->impute;
	fit_scale(source->spec->normalize, column, set->count, s);
	return 0;
}

static int check_tensor(const nn_model *model, const nn_tensor *tensor, int features)
{
	if (tensor == NULL || tensor->count == (size_t)features) return 0;
	nn_error("%s: has %zu numbers for %d features; the model and its runtime don't fit", model->name, tensor->count, features);
	return 1;
}

/* A missing value needs something to be filled with. */
static int check_missing(const nn_dataset *set, const nn_tensor *impute)
{
	const Source *source = set->source;
	int features = source->feature_count;
	for (int64_t i = 0; i < set->count && impute == NULL; i++)
		for (int j = 0; j < features; j++) {
			if (!isnan(source->values[set->rows[i] * features + j])) continue;
			char row[NN_WHY], name[120];
			name_feature(source, j, name, sizeof name);
			nn_error("%s: %s is missing; say impute: median (mean, drop) in the spec",
				 nn_dataset_name(set, i, row, sizeof row), name);
			return 1;
		}
	return 0;
}

int nn_data_fit(const nn_dataset *train, void *state)
{
	const nn_model *model = train->model;
	const nn_tensor *impute = nn_tensor_find(model, "data/impute"), *offset = nn_tensor_find(model, "data/offset"),
			*scale = nn_tensor_find(model, "data/scale");
	if (train->source->fit != NULL) return train->source->fit(train, state);
	if (train->source->values == NULL) return 0;
	int features = train->source->feature_count;
	if (check_tensor(model, impute, features) || check_tensor(model, offset, features) || check_tensor(model, scale, features))
		return 1;
	double *column = malloc(sizeof *column * (size_t)train->count * 2);
	int failed = column == NULL || check_missing(train, impute);
	for (int i = 0; i < features && !failed; i++) {
		Statistics s;
		failed = fit_feature(train, i, column, column + train->count, &s);
		if (failed) break;
		put(model, state, impute, i, s.impute);
		put(model, state, offset, i, s.offset);
		put(model, state, scale, i, s.scale);
	}
	free(column);
	return failed;
}

char **nn_data_vocabulary(const nn_dataset *train, const void *state, int *count)
{
	*count = 0;
	return train->source->vocabulary ? train->source->vocabulary(train->source, state, count) : NULL;
}
