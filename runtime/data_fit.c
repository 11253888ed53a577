/* data_fit.c: in: the training values of a column; out: numbers of the tensors impute, offset and scale in the state; and the
 * arithmetic that uses them.
 * Invariant: what is fitted depends on the training rows only, in their order. A missing value becomes impute; then
 * x = (value - offset)/scale. Follows scikit-learn's SimpleImputer, then StandardScaler (population variance) or
 * MinMaxScaler: statistics are those of the filled column. A constant column has scale 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "model.h"

typedef struct Statistics {
	double impute, offset, scale;
} Statistics;

Fitted nn_fitted_find(const nn_model *model, int field)
{
	const char *prefix = model->data.fields[field].fitted;
	char name[512];
	Fitted fitted = {0};
	if (prefix == NULL) return fitted;
	snprintf(name, sizeof name, "%s/impute", prefix);
	fitted.impute = nn_tensor_find(model, name);
	snprintf(name, sizeof name, "%s/offset", prefix);
	fitted.offset = nn_tensor_find(model, name);
	snprintf(name, sizeof name, "%s/scale", prefix);
	fitted.scale = nn_tensor_find(model, name);
	return fitted;
}

static double get(const nn_model *model, const void *state, const nn_tensor *tensor, int64_t i)
{
	return nn_number(model, state, tensor->offset + (size_t)i);
}

static void put(const nn_model *model, void *state, const nn_tensor *tensor, int64_t i, double value)
{
	if (tensor != NULL) nn_number_set(model, state, tensor->offset + (size_t)i, value);
}

double nn_fitted_apply(const nn_model *model, const void *state, const Fitted *fitted, int64_t i, double value)
{
	if (state == NULL) return value;
	if (isnan(value) && fitted->impute != NULL) value = get(model, state, fitted->impute, i);
	if (fitted->offset != NULL) value -= get(model, state, fitted->offset, i);
	if (fitted->scale != NULL) value /= get(model, state, fitted->scale, i);
	return value;
}

double nn_fitted_undo(const nn_model *model, const void *state, const Fitted *fitted, int64_t i, double value)
{
	if (fitted->scale != NULL) value *= get(model, state, fitted->scale, i);
	if (fitted->offset != NULL) value += get(model, state, fitted->offset, i);
	return value;
}

static void put_all(const nn_model *model, void *state, const Fitted *fitted, int64_t i, const Statistics *s)
{
	put(model, state, fitted->impute, i, s->impute);
	put(model, state, fitted->offset, i, s->offset);
	put(model, state, fitted->scale, i, s->scale);
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

int nn_fit_number(const nn_model *model, void *state, const Fitted *fitted, int64_t i, const nn_data_source *spec, double *column,
		  int64_t count, double *room)
{
	Statistics s;
	int64_t present = 0;
	for (int64_t k = 0; k < count; k++)
		if (!isnan(column[k])) room[present++] = column[k];
	if (present == 0) return 1;
	s.impute = spec->impute == NN_IMPUTE_MEDIAN ? median(room, present) : mean(room, present);
	for (int64_t k = 0; k < count; k++)
		if (isnan(column[k])) column[k] = s.impute;
	fit_scale(spec->normalize, column, count, &s);
	put_all(model, state, fitted, i, &s);
	return 0;
}

int nn_fit_category(const nn_model *model, void *state, const Fitted *fitted, int64_t i, const double *column, int64_t count,
		    int categories, int one_hot)
{
	int64_t *counts = calloc((size_t)categories + 1, sizeof *counts);
	int best = 0;
	if (counts == NULL) return 1;
	for (int64_t k = 0; k < count; k++)
		if (!isnan(column[k])) counts[(int)column[k]]++;
	for (int c = 1; c < categories; c++)
		if (counts[c] > counts[best]) best = c;
	int failed = counts[best] == 0;
	free(counts);
	for (int c = 0; c < (one_hot ? categories : 1); c++) {
		Statistics s = {one_hot ? c == best : best, 0, 1};
		put_all(model, state, fitted, i + c, &s);
	}
	return failed;
}

int nn_data_fit(const nn_dataset *train, void *state)
{
	return train->source->fit == NULL ? 0 : train->source->fit(train, state);
}

nn_names *nn_data_vocabularies(const nn_dataset *train, const void *state, int *count)
{
	*count = 0;
	return train->source->vocabularies ? train->source->vocabularies(train->source, state, count) : NULL;
}
