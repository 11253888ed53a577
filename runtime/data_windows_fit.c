/* data_windows_fit.c: in: windows of the training; out: what is fitted to their rows: scales, what is
 * imputed, the naive error.
 * Invariant: no row counts that training windows neither read nor predict. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_windows.h"
#include "message.h"
#include "model.h"

/* Whether a field that the model reads has a column. */
static int goes_in(const Windows *windows, int column)
{
	for (int f = 0; f < windows->model->data.field_count; f++)
		for (int i = 0; i < windows->parts[f].count && !windows->parts[f].ahead; i++)
			if (windows->parts[f].columns[i] == column) return 1;
	return 0;
}

void nn_windows_say_filled(const Windows *windows, const char *path)
{
	const Table *table = windows->table->own;
	unsigned char *used = calloc((size_t)windows->rows + 1, 1);
	char where[400] = "";
	size_t at = 0;
	for (int64_t i = 0; i < windows->count && used != NULL; i++)
		memset(used + windows->starts[i], 1, (size_t)windows->length);
	for (int c = 0; c < windows->columns && used != NULL; c++) {
		int64_t count = 0;
		if (!goes_in(windows, c)) continue;
		for (int64_t r = 0; r < windows->rows; r++)
			count += used[r] && isnan(windows->changed[r * windows->columns + c]);
		if (count > 0 && at < sizeof where)
			at += (size_t)snprintf(where + at, sizeof where - at, "%s%lld in %s", at ? ", " : "",
				(long long)count, table->columns[c].name);
	}
	if (at > 0)
		nn_note("%s: values that are missing are filled with the %s of the training rows%s: %s%s", path,
			windows->spec->impute == NN_IMPUTE_MEAN ? "mean" : "median",
			windows->spec->category_count > 0 ? " (their commonest category)" : "", where,
			at < sizeof where ? "" : " ..");
	free(used);
}

/* Rows that training windows read or predict: 1. ends: (series) behind the last of them. */
static void mark_rows(const nn_dataset *train, const Windows *windows, unsigned char *used, int64_t *ends)
{
	for (int64_t i = 0; i < train->count; i++) {
		int64_t start = windows->starts[train->rows[i]], rows = windows->length + windows->horizon;
		int64_t *end = &ends[windows->owners[train->rows[i]]];
		memset(used + start, 1, (size_t)rows);
		if (start + rows > *end) *end = start + rows;
	}
}

typedef struct Fit {
	const Source *source;
	const Windows *windows;
	const unsigned char *used; /* (rows) */
	const int64_t *ends; /* (series) */
	double *column, *room; /* (rows) each */
	void *state;
} Fit;

/* One column of a field, from its number `at` on. */
static int fit_column(const Fit *fit, int field, int which, int at)
{
	const Windows *windows = fit->windows;
	const Table *table = windows->table->own;
	const Column *column = &table->columns[which];
	int64_t count = 0;
	for (int64_t r = 0; r < windows->rows; r++)
		if (fit->used[r]) fit->column[count++] = windows->changed[r * windows->columns + which];
	const Fitted *fitted = &table->fitted[field];
	int empty = column->categories != NULL
		? nn_fit_category(windows->model, fit->state, fitted, at, fit->column, count, column->categories->count,
			  nn_windows_one_hot(windows, field, which))
		: nn_fit_number(windows->model, fit->state, fitted, at, windows->spec, fit->column, count, fit->room);
	if (empty)
		nn_error("%s: %s has no value in the training rows; name it under ignore:", fit->source->where,
			column->name);
	return empty;
}

/* The mean error of the seasonal naive forecast over the training rows, by which MASE is scaled: of the
 * rows of all series up to the last that training predicts. NAN, when there are none a season apart; 0
 * becomes NAN, too. */
static double naive_error(const Fit *fit, int which)
{
	const Windows *windows = fit->windows;
	int64_t season = windows->spec->seasonality, count = 0;
	double sum = 0;
	for (int64_t s = 0; s < windows->series_count; s++)
		for (int64_t r = windows->series[s].first + season; r < fit->ends[s]; r++) {
			double error = windows->raw[r * windows->columns + which] -
				windows->raw[(r - season) * windows->columns + which];
			if (isnan(error)) continue;
			sum += fabs(error);
			count++;
		}
	return count > 0 && sum > 0 ? sum / (double)count : NAN;
}

static int fit_fields(const Fit *fit)
{
	const Windows *windows = fit->windows;
	for (int f = 0; f < windows->model->data.field_count; f++) {
		const Part *part = &windows->parts[f];
		if (windows->model->data.fields[f].fitted == NULL) continue;
		for (int i = 0, at = 0; i < part->count; i++) {
			if (fit_column(fit, f, part->columns[i], at)) return 1;
			at += nn_column_width(&((const Table *)windows->table->own)->columns[part->columns[i]]);
			if (part->naive != NULL)
				nn_number_set(windows->model, fit->state, part->naive->offset + (size_t)i,
					naive_error(fit, part->columns[i]));
		}
	}
	return 0;
}

int nn_windows_fit(const nn_dataset *train, void *state)
{
	const Windows *windows = train->source->own;
	size_t rows = (size_t)windows->rows;
	unsigned char *used = calloc(rows, 1);
	int64_t *ends = calloc((size_t)windows->series_count, sizeof *ends);
	double *column = malloc(sizeof *column * 2 * rows);
	int failed = used == NULL || ends == NULL || column == NULL;
	if (failed) nn_error("%s: out of memory", train->source->where);
	if (!failed) {
		const Fit fit = {train->source, windows, used, ends, column, column + rows, state};
		mark_rows(train, windows, used, ends);
		failed = fit_fields(&fit);
	}
	free(used);
	free(ends);
	free(column);
	return failed;
}
