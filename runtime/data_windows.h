/* data_windows.h: a table as series, and windows of these as samples: sequence_length rows go in, the next
 * horizon rows are predicted. */
#ifndef NN_DATA_WINDOWS_H
#define NN_DATA_WINDOWS_H
#include "data_table.h"
#include "data_time.h"
#include "data_transform.h"

typedef struct Series {
	char *name; /* of its group; NULL: the only one */
	int64_t first, count; /* rows */
	TimeStep step;
} Series;

/* The columns that a field is made of. */
typedef struct Part {
	const int *columns; /* -1: it is not in the file, where it is not needed to predict */
	int count;
	int own; /* columns, of a field that is one */
	int ahead; /* it is what a window predicts, else what it reads */
	const nn_tensor *naive;
} Part;

typedef struct Windows {
	const nn_model *model;
	const nn_data_source *spec;
	Source *table; /* of the columns and categories; its samples are the rows of the file */
	int columns;
	Changes *changes; /* (columns) */
	int64_t lags; /* the most of them: a series begins to have values behind so many rows */
	int64_t rows;
	double *raw, *changed; /* (rows, columns) series after series: as in the file; transformed. NAN: missing */
	int64_t *lines; /* (rows) of the file */
	char **texts; /* (rows) times as they are in the file; NULL: there are none */
	Time *times; /* (rows) */
	Series *series;
	int64_t series_count;
	Part *parts; /* (fields of the model) */
	int length, horizon;
	int labelled; /* windows have what comes after them */
	int64_t count, *starts, *owners; /* samples: their first rows, their series */
} Windows;

typedef struct SeriesRow {
	const char *group; /* NULL: all rows are one series */
	int64_t at; /* in the file */
} SeriesRow;

/* data_series.c: all rows of a table by the texts of a column (COLUMN_NONE: there is none), those of one
 * text in their order. */
void nn_series_order(const Cells *cells, int64_t group, SeriesRow *rows);
/* The rows of a table in order, checked and transformed. The table becomes the windows' own. 0, or 1 after an
 * error. */
int nn_series_read(Windows *windows, const char *path, const Cells *cells);
void nn_series_free(Windows *windows);
/* "group \"p3\": ", or nothing */
const char *nn_series_name(const Series *series, char *buffer, size_t size);

/* data_windows_fit.c: Source.fit; and a note of what is missing in rows that windows read */
int nn_windows_fit(const nn_dataset *train, void *state);
void nn_windows_say_filled(const Windows *windows, const char *path);

/* Takes a table that was read; NULL after an error, and the table is closed. */
Source *nn_windows_over(Source *table, const Place *place, const Cells *cells);
/* Windows of a set stand stride apart, from the first of each series on. Returns how many rows are left. */
int64_t nn_windows_thin(const Windows *windows, int64_t *rows, int64_t count);
/* By time: every window to the part in which all lie that it predicts, or to none. 0, or 1 after an error. */
int nn_windows_deal(const Source *source, double validation, double test, int *part);
/* The windows of a source; NULL: its samples are none. */
const Windows *nn_windows_of(const Source *source);
/* Why a window is none: the row where a value is missing that it can't do without, of those that it reads
 * and needs to undo its transforms, and with `ahead` of those that it predicts. -1: nothing is missing. */
int64_t nn_windows_missing(const Windows *windows, int64_t start, int ahead);
/* Whether a column of categories is one-hot in a field; else it is a whole number. */
int nn_windows_one_hot(const Windows *windows, int field, int column);
/* A window that begins at a row of changed numbers (rows, columns), as a field's numbers. */
void nn_windows_write(const Windows *windows, const double *changed, int field, const void *state, void *x);
/* What the model gives for a field becomes values of the series. raw: (rows, columns), at the first row
 * that is predicted; windows->lags rows before it are read. numbers: (horizon, columns of the field) */
void nn_windows_restore(const Windows *windows, const double *raw, int field, const void *state, double *numbers);
/* The naive forecast: the value a season before, or of the last season that is known. rows: that lie
 * before raw. */
void nn_windows_naive(const Windows *windows, const double *raw, int64_t rows, int field, int season, double *numbers);

#endif
