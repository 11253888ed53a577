/* data_transform.c: in: a column of a series and what is to be done to it; out: the changed numbers, and from these the series.
 * Invariant: undoing what was done gives the series back, but for rounding; what is undone uses no value of the series behind
 * its beginning, only what was undone before. */
#include "data_transform.h"
#include <math.h>
#include <string.h>

static double change(nn_change kind, double value)
{
	switch (kind) {
	case NN_LOG: return value > 0 ? log(value) : NAN;
	case NN_LOG1P: return value > -1 ? log1p(value) : NAN;
	case NN_SQRT: return value >= 0 ? sqrt(value) : NAN;
	case NN_DIFFERENCE: break;
	}
	return value;
}

static double change_back(nn_change kind, double value)
{
	switch (kind) {
	case NN_LOG: return exp(value);
	case NN_LOG1P: return expm1(value);
	case NN_SQRT: return value > 0 ? value * value : 0; /* a root is not negative: the nearest is 0 */
	case NN_DIFFERENCE: break;
	}
	return value;
}

Changes nn_changes_count(const nn_transform *items, int count)
{
	Changes changes = {items, count, 0};
	for (int i = 0; i < count; i++) changes.lags += items[i].lag;
	return changes;
}

Changes nn_changes_named(const nn_data_source *spec, const char *column)
{
	int first = 0, count = 0;
	while (first < spec->transform_count && strcmp(spec->transforms[first].column, column) != 0) first++;
	while (first + count < spec->transform_count && strcmp(spec->transforms[first + count].column, column) == 0) count++;
	return nn_changes_count(spec->transforms + first, count);
}

double nn_change_at(const Changes *changes, int stage, const double *column, int64_t stride, int64_t row)
{
	if (row < 0) return NAN;
	if (stage == 0) return column[row * stride];
	const nn_transform *last = &changes->items[stage - 1];
	double value = nn_change_at(changes, stage - 1, column, stride, row);
	if (last->change != NN_DIFFERENCE) return change(last->change, value);
	return value - nn_change_at(changes, stage - 1, column, stride, row - last->lag);
}

int nn_change_fails(const Changes *changes, const double *column, int64_t stride, int64_t row, double *value)
{
	for (int i = 0; i < changes->count; i++) {
		*value = nn_change_at(changes, i, column, stride, row);
		if (changes->items[i].change != NN_DIFFERENCE && !isnan(*value) && isnan(change(changes->items[i].change, *value))) return i;
	}
	return -1;
}

void nn_change_undo(const Changes *changes, double *column, int64_t stride, int64_t steps)
{
	for (int64_t row = changes->lags; row < changes->lags + steps; row++) {
		double value = column[row * stride];
		for (int i = changes->count - 1; i >= 0; i--) {
			const nn_transform *item = &changes->items[i];
			if (item->change != NN_DIFFERENCE) value = change_back(item->change, value);
			else value += nn_change_at(changes, i, column, stride, row - item->lag);
		}
		column[row * stride] = value;
	}
}
