/* data_transform.h: log, differences and the like of a column, there and back. */
#ifndef NN_DATA_TRANSFORM_H
#define NN_DATA_TRANSFORM_H
#include <stdint.h>
#include "nn.h"

/* What is done to one column, in order. */
typedef struct Changes {
	const nn_transform *items;
	int count;
	int64_t lags; /* rows at the beginning of a series that have no value afterwards */
} Changes;

Changes nn_changes_count(const nn_transform *items, int count);
/* Those of a column by the name that the spec has for it. */
Changes nn_changes_named(const nn_data_source *spec, const char *column);
/* The value of a row after the first `stage` of the changes; column: its numbers, stride apart, from row 0 on. NAN: a value that
 * is needed is missing, lies before row 0, or has no logarithm or root. */
double nn_change_at(const Changes *changes, int stage, const double *column, int64_t stride, int64_t row);
/* The change that can't be done to a row whose value is there before it, and that value; -1: all can. */
int nn_change_fails(const Changes *changes, const double *column, int64_t stride, int64_t row, double *value);
/* Back: of a column, stride apart, the first `lags` rows are values of the series, the `steps` behind them are changed and become
 * values of the series. */
void nn_change_undo(const Changes *changes, double *column, int64_t stride, int64_t steps);

#endif
