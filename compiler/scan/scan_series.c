/* scan_series.c: in: the rows of a table; out: whether they are series: the column of the time and that of the series.
 * Invariant: what is found would be read without an error by runtime/data_series.c. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../../runtime/data_csv.h"
#include "../../runtime/data_time.h"
#include "../../runtime/data_windows.h"
#include "scan_internal.h"

enum { ROWS_OF_A_SERIES = 8 }; /* fewer are no series */

/* A column of dates, or of numbers that is called like a time. */
static int is_time(const Cells *cells, int64_t column, Time *times)
{
	static const char *const names[] = {"time", "t", "date", "year", "month", "day", "hour", "step", "timestamp"};
	int named = 0;
	for (size_t n = 0; n < sizeof names / sizeof *names && cells->header; n++) named |= strcasecmp(cells->header[column], names[n]) == 0;
	for (int64_t i = 0; i < cells->rows; i++) {
		if (nn_time_parse(nn_cell(cells, i, column), &times[i]) || times[i].form != times[0].form || times[i].zone != times[0].zone) return 0;
		if (times[i].form == TIME_NUMBER && !named) return 0;
	}
	return 1;
}

/* Whether time rises in each group of rows; group COLUMN_NONE: all are one. The rows of the shortest, 0: it does not. */
static int64_t shortest(const Cells *cells, const Time *times, int64_t group, SeriesRow *rows)
{
	int64_t least = cells->rows, begin = 0;
	nn_series_order(cells, group, rows);
	for (int64_t i = 1; i <= cells->rows; i++) {
		if (i < cells->rows && (group == COLUMN_NONE || strcmp(rows[i].group, rows[i - 1].group) == 0)) {
			if (times[rows[i].at].at <= times[rows[i - 1].at].at) return 0;
			continue;
		}
		if (i - begin < least) least = i - begin;
		begin = i;
	}
	return least < ROWS_OF_A_SERIES ? 0 : least;
}

int64_t scan_find_series(const Cells *cells, int64_t label, int64_t *time, int64_t *group)
{
	Time *times = malloc(sizeof *times * (size_t)cells->rows);
	SeriesRow *rows = malloc(sizeof *rows * (size_t)cells->rows);
	int64_t found = 0;
	for (*time = 0; *time < cells->columns && !found && times != NULL && rows != NULL; ++*time) {
		if (*time == label || !is_time(cells, *time, times)) continue;
		for (*group = COLUMN_NONE; *group < cells->columns && !found; ++*group)
			if (*group != *time && *group != label) found = shortest(cells, times, *group, rows);
		--*group;
	}
	--*time;
	free(times);
	free(rows);
	return found;
}
