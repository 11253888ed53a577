/* data_series.c: in: the rows of a table; out: series: the rows of a group in their order, their times checked, their columns
 * transformed.
 * Invariant: time rises in every series; what is in changed depends on rows before it and on nothing else. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_windows.h"
#include "message.h"

static int compare_rows(const void *a, const void *b)
{
	const SeriesRow *x = a, *y = b;
	int order = x->group ? strcmp(x->group, y->group) : 0;
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

void nn_series_order(const Cells *cells, int64_t group, SeriesRow *rows)
{
	for (int64_t i = 0; i < cells->rows; i++)
		rows[i] = (SeriesRow){group == COLUMN_NONE ? NULL : nn_cell(cells, i, group), i};
	qsort(rows, (size_t)cells->rows, sizeof *rows, compare_rows);
}

const char *nn_series_name(const Series *series, char *buffer, size_t size)
{
	buffer[0] = 0;
	if (series->name != NULL) snprintf(buffer, size, "group \"%.80s\": ", series->name);
	return buffer;
}

static int allocate(Windows *windows)
{
	size_t rows = (size_t)windows->rows, numbers = rows * (size_t)windows->columns + 1;
	windows->raw = malloc(sizeof *windows->raw * numbers);
	windows->changed = malloc(sizeof *windows->changed * numbers);
	windows->lines = malloc(sizeof *windows->lines * rows);
	windows->series = calloc(rows, sizeof *windows->series);
	windows->changes = calloc((size_t)windows->columns + 1, sizeof *windows->changes);
	if (windows->spec->time != NULL) {
		windows->texts = calloc(rows, sizeof *windows->texts);
		windows->times = calloc(rows, sizeof *windows->times);
		if (windows->texts == NULL || windows->times == NULL) return 1;
	}
	return windows->raw == NULL || windows->changed == NULL || windows->lines == NULL || windows->series == NULL || windows->changes == NULL;
}

static int take_time(Windows *windows, const char *path, const char *text, int64_t row)
{
	if ((windows->texts[row] = nn_copy_text(text, strlen(text))) == NULL) return 1;
	if (nn_time_parse(text, &windows->times[row])) {
		nn_error("%s:%lld: \"%s\" in column \"%s\" is no time: a number, 1949-01, 1949-01-31 or 1949-01-31T10:00", path,
			 (long long)windows->lines[row], text, windows->spec->time);
		return 1;
	}
	return 0;
}

/* Rows of the file, sorted by group. */
static int take_rows(Windows *windows, const char *path, const Cells *cells, const SeriesRow *rows)
{
	const Table *table = windows->table->own;
	for (int64_t r = 0; r < windows->rows; r++) {
		memcpy(windows->raw + r * windows->columns, table->values + rows[r].at * table->column_count,
		       sizeof *windows->raw * (size_t)windows->columns);
		windows->lines[r] = table->lines[rows[r].at];
		if (windows->texts != NULL && take_time(windows, path, nn_cell(cells, rows[r].at, table->time_at), r)) return 1;
		if (r == 0 || (rows[r].group != NULL && strcmp(rows[r].group, rows[r - 1].group) != 0)) {
			Series *next = &windows->series[windows->series_count++];
			*next = (Series){.first = r};
			if (rows[r].group != NULL && (next->name = nn_copy_text(rows[r].group, strlen(rows[r].group))) == NULL) return 1;
		}
		windows->series[windows->series_count - 1].count++;
	}
	return 0;
}

static int check_order(const Windows *windows, const char *path, const Series *series)
{
	char name[120];
	nn_series_name(series, name, sizeof name);
	for (int64_t r = series->first + 1; r < series->first + series->count; r++) {
		const Time *before = &windows->times[r - 1], *time = &windows->times[r];
		long long line = (long long)windows->lines[r];
		if (time->form != windows->times[0].form || time->zone != windows->times[0].zone)
			nn_error("%s:%lld: %sthe time \"%s\" is written otherwise than \"%s\"", path, line, name, windows->texts[r], windows->texts[0]);
		else if (time->at == before->at)
			nn_error("%s:%lld: %sthe time \"%s\" is there twice, in line %lld too%s", path, line, name, windows->texts[r],
				 (long long)windows->lines[r - 1], windows->spec->group ? "" : "; rows of several series need group: COLUMN");
		else if (time->at < before->at)
			nn_error("%s:%lld: %sthe time \"%s\" is before \"%s\" of line %lld; rows must be sorted by time%s", path, line, name, windows->texts[r],
				 windows->texts[r - 1], (long long)windows->lines[r - 1], windows->spec->group ? "" : ", and those of several series need group: COLUMN");
		else continue;
		return 1;
	}
	return 0;
}

/* Times rise; where steps are unequal that is said, once. */
static int check_times(Windows *windows, const char *path)
{
	int64_t unequal_all = 0, said = -1;
	for (int64_t s = 0; s < windows->series_count; s++) {
		Series *series = &windows->series[s];
		int64_t unequal = 0, first;
		series->step = (TimeStep){.step = 1};
		if (windows->times == NULL || series->count < 2) continue;
		if (check_order(windows, path, series)) return 1;
		series->step = nn_time_step(windows->times + series->first, series->count, &unequal, &first);
		if (unequal > 0 && said < 0) said = series->first + first;
		unequal_all += unequal;
	}
	if (said < 0) return 0;
	nn_warning("%s:%lld: from \"%s\" to \"%s\" is not the usual step of time; %lld steps are not, and windows go by rows", path,
		   (long long)windows->lines[said], windows->texts[said - 1], windows->texts[said], (long long)unequal_all);
	return 0;
}

/* The transforms of a column of the file. */
static Changes changes_of(const nn_data_source *spec, const Cells *cells, int64_t at)
{
	for (int i = 0; i < spec->transform_count; i++)
		if (nn_find_column(cells, spec->transforms[i].column) == at) return nn_changes_named(spec, spec->transforms[i].column);
	return (Changes){NULL, 0, 0};
}

static int check_names(const Windows *windows, const char *path, const Cells *cells)
{
	const nn_data_source *spec = windows->spec;
	const Table *table = windows->table->own;
	for (int i = 0; i < spec->transform_count; i++) {
		int64_t at = nn_find_column(cells, spec->transforms[i].column);
		const Column *column = NULL;
		for (int c = 0; c < windows->columns; c++)
			if (table->columns[c].at == at) column = &table->columns[c];
		if (at == COLUMN_NONE && windows->labelled) nn_say_no_column(path, cells, "transform", spec->transforms[i].column);
		if (column != NULL && column->categories != NULL) nn_error("%s: %s holds texts, which can't be transformed", path, column->name);
		if ((at == COLUMN_NONE && windows->labelled) || (column != NULL && column->categories != NULL)) return 1;
	}
	return 0;
}

static int say_change(const Windows *windows, const char *path, int64_t row, int column, int which, double value)
{
#define MEANING(constant, word, meaning) [constant] = meaning,
	static const char *const names[] = {NN_CHANGES(MEANING)};
#undef MEANING
	const Column *of = &((const Table *)windows->table->own)->columns[column];
	nn_change change = windows->changes[column].items[which].change;
	nn_error("%s:%lld: %s is %g%s, of which there is no %s%s", path, (long long)windows->lines[row], of->name, value,
		 which ? " after the transforms before" : "", names[change], change == NN_LOG ? "; log1p can be taken of 0, sqrt too" : "");
	return 1;
}

static int change_all(Windows *windows, const char *path)
{
	for (int64_t s = 0; s < windows->series_count; s++) {
		const Series *series = &windows->series[s];
		for (int c = 0; c < windows->columns; c++) {
			const Changes *changes = &windows->changes[c];
			const double *raw = windows->raw + series->first * windows->columns + c;
			for (int64_t r = 0; r < series->count; r++) {
				double value;
				int fails = nn_change_fails(changes, raw, windows->columns, r, &value);
				if (fails >= 0) return say_change(windows, path, series->first + r, c, fails, value);
				windows->changed[(series->first + r) * windows->columns + c] =
					nn_change_at(changes, changes->count, raw, windows->columns, r);
			}
		}
	}
	return 0;
}

static int sort_rows(Windows *windows, const char *path, const Cells *cells)
{
	const Table *table = windows->table->own;
	SeriesRow *rows = malloc(sizeof *rows * (size_t)windows->rows);
	if (rows == NULL) return 1;
	nn_series_order(cells, table->series_at, rows);
	int failed = take_rows(windows, path, cells, rows);
	free(rows);
	return failed;
}

int nn_series_read(Windows *windows, const char *path, const Cells *cells)
{
	const Table *table = windows->table->own;
	windows->columns = table->column_count;
	windows->rows = windows->table->count;
	if (allocate(windows)) {
		nn_error("%s: out of memory", path);
		return 1;
	}
	for (int c = 0; c < windows->columns; c++) {
		windows->changes[c] = changes_of(windows->spec, cells, table->columns[c].at);
		if (windows->changes[c].lags > windows->lags) windows->lags = windows->changes[c].lags;
	}
	return check_names(windows, path, cells) || sort_rows(windows, path, cells) || check_times(windows, path) || change_all(windows, path);
}

void nn_series_free(Windows *windows)
{
	for (int64_t r = 0; r < windows->rows && windows->texts != NULL; r++) free(windows->texts[r]);
	for (int64_t s = 0; s < windows->series_count; s++) free(windows->series[s].name);
	free(windows->series);
	free(windows->texts);
	free(windows->times);
	free(windows->lines);
	free(windows->changes);
	free(windows->raw);
	free(windows->changed);
}
