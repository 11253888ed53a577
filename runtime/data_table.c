/* data_table.c: in: a csv file and what the spec says of its columns; out: a Source of rows of numbers, NAN where a value is
 * missing, and of labels (names of classes or numbers).
 * Invariant: every text that is no number is named with its line, never read as 0. */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_windows.h"
#include "message.h"
#include "model.h"

/* A decimal number and nothing else, which a float can hold. 0 or 1. */
int nn_parse_number(const char *text, double *value)
{
	char *end;
	while (isspace((unsigned char)*text)) text++;
	const char *digits = text + (*text == '-' || *text == '+');
	if (!isdigit((unsigned char)*digits) && *digits != '.') return 1;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return 1;
	*value = strtod(text, &end);
	while (isspace((unsigned char)*end)) end++;
	return *end != 0 || end == text || !(fabs(*value) <= FLT_MAX);
}

static void say_no_number(const char *path, const Cells *cells, int64_t row, int64_t column, const char *text)
{
	char name[80], *end;
	const char *digits = text + (*text == '-' || *text == '+');
	double value = strtod(text, &end);
	if (cells->header != NULL)
		snprintf(name, sizeof name, "column \"%s\"", cells->header[column]);
	else
		snprintf(name, sizeof name, "column %lld", (long long)column);
	if (isdigit((unsigned char)*digits) && *end == 0 && fabs(value) > FLT_MAX) {
		nn_error("%s:%lld: \"%s\" in %s is too large for a float, which ends at 3.4e38", path, (long long)cells->lines[row], text, name);
		return;
	}
	nn_error("%s:%lld: \"%s\" in %s is no number%s", path, (long long)cells->lines[row], text, name,
		 row == 0 && cells->header == NULL ? "; if the first row names the columns, say header: true"
						   : "; a missing value is named under missing:, a column of texts under categories:");
}

static int read_category(const Column *column, const char *path, int64_t line, const char *text, double *value)
{
	char known[NN_WHY];
	int place = nn_names_find(column->categories, text);
	if (place >= 0) {
		*value = place;
		return 0;
	}
	nn_error("%s:%lld: \"%s\" in %s is none of the categories of the training data, %s", path, (long long)line, text, column->name,
		 nn_classes_text(column->categories->items, column->categories->count, known, sizeof known));
	return 1;
}

/* The numbers of one row. Returns how many are missing, -1 after an error. */
static int read_values(const Source *source, const char *path, const Cells *cells, int64_t row, double *values)
{
	const Table *table = source->own;
	int missing = 0;
	for (int i = 0; i < table->column_count; i++) {
		const Column *column = &table->columns[i];
		const char *text = nn_cell(cells, row, column->at);
		values[i] = NAN;
		if (nn_is_missing(source->spec, text)) {
			missing++;
			if (column->may_miss || source->spec->impute == NN_IMPUTE_DROP) continue;
			nn_error("%s:%lld: %s is missing; it is no feature, so that nothing fills it", path, (long long)cells->lines[row],
				 column->name);
			return -1;
		}
		if (column->categories != NULL) {
			if (read_category(column, path, cells->lines[row], text, &values[i])) return -1;
		} else if (nn_parse_number(text, &values[i])) {
			say_no_number(path, cells, row, column->at, text);
			return -1;
		}
	}
	return missing;
}

static int copy_cell(char **to, const Cells *cells, int64_t row, int64_t column)
{
	const char *text = nn_cell(cells, row, column);
	*to = nn_copy_text(text, strlen(text));
	return *to == NULL;
}

static int take_label(Source *source, const char *path, const Cells *cells, int64_t row, const TableLabel *columns)
{
	Label *label = &source->labels[columns->field];
	int each = columns->width > 1 && nn_label_task(source->model, columns->field) == NN_MULTILABEL;
	if (label->texts != NULL) return copy_cell(&label->texts[source->count], cells, row, columns->at[0]);
	for (int i = 0; i < columns->width; i++) {
		const char *text = nn_cell(cells, row, columns->at[i]);
		double *value = &label->values[source->count * columns->width + i];
		if (nn_parse_number(text, value)) {
			say_no_number(path, cells, row, columns->at[i], text);
			return 1;
		}
		if (!each || *value == 0 || *value == 1) continue;
		nn_error("%s:%lld: the label \"%s\" is %s, but a label of several columns is 0 or 1 in each", path,
			 (long long)cells->lines[row], source->spec->label.items[i], text);
		return 1;
	}
	return 0;
}

/* Keeps what a row has beside its numbers, as that of the source's next sample. 0, or 1 after an error. */
static int take_labels(Source *source, const char *path, const Cells *cells, int64_t row)
{
	const Table *table = source->own;
	int64_t sample = source->count;
	if (source->groups != NULL && copy_cell(&source->groups[sample], cells, row, table->group_at)) return 1;
	if (source->keys != NULL && copy_cell(&source->keys[sample], cells, row, table->key_at)) return 1;
	for (int i = 0; i < table->label_count; i++)
		if (take_label(source, path, cells, row, &table->labels[i])) return 1;
	return 0;
}

typedef struct Dropped {
	int64_t unlabelled, incomplete, first_unlabelled, first_incomplete; /* rows, and the lines of the first */
} Dropped;

static int lacks_label(const Source *source, const Cells *cells, int64_t row)
{
	const Table *table = source->own;
	for (int i = 0; i < table->label_count; i++)
		for (int k = 0; k < table->labels[i].width; k++)
			if (nn_is_missing(source->spec, nn_cell(cells, row, table->labels[i].at[k]))) return 1;
	return 0;
}

static int read_rows(Source *source, const char *path, const Cells *cells, Dropped *dropped)
{
	Table *table = source->own;
	for (int64_t row = 0; row < cells->rows; row++) {
		int missing = read_values(source, path, cells, row, table->values + source->count * table->column_count);
		if (missing < 0) return 1;
		if (lacks_label(source, cells, row)) {
			if (dropped->unlabelled++ == 0) dropped->first_unlabelled = cells->lines[row];
			continue;
		}
		if (missing > 0 && source->spec->impute == NN_IMPUTE_DROP && source->spec->horizon == 0) { /* windows need all rows */
			if (dropped->incomplete++ == 0) dropped->first_incomplete = cells->lines[row];
			continue;
		}
		int failed = take_labels(source, path, cells, row);
		table->lines[source->count++] = cells->lines[row]; /* counted even so: its texts are freed with the source */
		if (failed) return 1;
	}
	return 0;
}

static void say_dropped(const char *path, const Dropped *dropped)
{
	if (dropped->unlabelled)
		nn_warning("%s:%lld: %lld rows without a label are left out, this is the first", path,
			   (long long)dropped->first_unlabelled, (long long)dropped->unlabelled);
	if (dropped->incomplete)
		nn_note("%s:%lld: %lld rows with missing values are left out (impute: drop), this is the first", path,
			(long long)dropped->first_incomplete, (long long)dropped->incomplete);
}

/* A column's numbers from number i of a field on: its value, or one-hot. Returns how many. */
static int write_column(const Source *source, const Column *column, double value, int one_hot, int field, int64_t i,
			const void *state, void *x)
{
	const Fitted *fitted = &((const Table *)source->own)->fitted[field];
	int width = one_hot ? nn_column_width(column) : 1;
	for (int k = 0; k < width; k++) {
		double number = isnan(value) || !one_hot ? value : value == k;
		nn_number_set(source->model, x, (size_t)(i + k), nn_fitted_apply(source->model, state, fitted, i + k, number));
	}
	return width;
}

static int read_row(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	const Table *table = source->own;
	const double *values = table->values + sample * table->column_count;
	int own = table->own[field];
	(void)why;
	if (own >= 0) {
		write_column(source, &table->columns[own], values[own], source->model->data.fields[field].count > 1, field, 0, state, x);
		return 0;
	}
	for (int i = 0, at = 0; i < table->feature_count; i++) {
		const Column *column = &table->columns[table->features[i]];
		at += write_column(source, column, values[table->features[i]], column->categories != NULL, field, at, state, x);
	}
	return 0;
}

/* One column of a field over the training rows, from number i of the field on. column: room for twice the rows. */
static int fit_column(const Source *source, int number, int one_hot, int field, int64_t i, const int64_t *rows, int64_t count,
		      double *column, void *state)
{
	const Table *table = source->own;
	const Column *which = &table->columns[number];
	const Fitted *fitted = &table->fitted[field];
	for (int64_t k = 0; k < count; k++) {
		column[k] = table->values[rows[k] * table->column_count + number];
		if (!isnan(column[k]) || fitted->impute != NULL) continue;
		nn_error("%s:%lld: %s is missing; say impute: median (mean, drop) in the spec", source->where,
			 (long long)table->lines[rows[k]], which->name);
		return 1;
	}
	int empty = which->categories != NULL
			    ? nn_fit_category(source->model, state, fitted, i, column, count, which->categories->count, one_hot)
			    : nn_fit_number(source->model, state, fitted, i, source->spec, column, count, column + count);
	if (empty) nn_error("%s: %s has no value in the training rows; name it under ignore:", source->where, which->name);
	return empty;
}

static int fit_table(const nn_dataset *train, void *state)
{
	const Source *source = train->source;
	const int64_t *rows = train->rows, count = train->count;
	const Table *table = source->own;
	const nn_data *data = &source->model->data;
	int features = nn_field_of_part(source->model, (int)(source->spec - data->sources), 0), failed = 0;
	double *column = malloc(sizeof *column * (size_t)count * 2);
	if (column == NULL) {
		nn_error("%s: out of memory", source->where);
		return 1;
	}
	for (int i = 0, at = 0; i < table->feature_count && !failed; i++) {
		const Column *which = &table->columns[table->features[i]];
		failed = fit_column(source, table->features[i], which->categories != NULL, features, at, rows, count, column, state);
		at += nn_column_width(which);
	}
	for (int f = 0; f < data->field_count && !failed; f++)
		if (table->own[f] >= 0 && data->fields[f].fitted != NULL)
			failed = fit_column(source, table->own[f], data->fields[f].count > 1, f, 0, rows, count, column, state);
	free(column);
	return failed;
}

static void name_row(const Source *source, int64_t sample, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s:%lld", source->where, (long long)((const Table *)source->own)->lines[sample]);
}

static void close_table(Source *source)
{
	Table *table = source->own;
	for (int i = 0; i < table->column_count; i++) free(table->columns[i].name);
	free(table->columns);
	free(table->features);
	free(table->own);
	free(table->fitted);
	for (int i = 0; i < table->label_count; i++) free(table->labels[i].at);
	free(table->labels);
	free(table->targets);
	free(table->values);
	free(table->lines);
	free(table);
}

/* Everything a source needs for at most cells->rows samples. 0 or 1. */
static int allocate(Source *source, const char *path, const Cells *cells)
{
	size_t rows = (size_t)cells->rows;
	Table *table = source->own;
	table->values = malloc(rows * (size_t)(table->column_count + 1) * sizeof *table->values);
	table->lines = malloc(rows * sizeof *table->lines);
	source->count = cells->rows;
	if (nn_source_prepare(source, path) || table->values == NULL || table->lines == NULL) return 1;
	for (int i = 0; i < table->label_count; i++) {
		const TableLabel *label = &table->labels[i];
		int classed = label->width == 1 && source->model->data.fields[label->field].classed;
		if (nn_source_add_label(source, label->field, label->width, classed)) return 1;
		source->labels[label->field].by_value = 1;
	}
	if (table->group_at != COLUMN_NONE && (source->groups = calloc(rows, sizeof *source->groups)) == NULL) return 1;
	if (table->key_at != COLUMN_NONE && (source->keys = calloc(rows, sizeof *source->keys)) == NULL) return 1;
	return nn_source_add_file(source, path);
}

static int fill(Source *source, const Place *place, const Cells *cells)
{
	const char *path = place->paths[0];
	Dropped dropped = {0};
	int failed = nn_table_columns(source->own, source->model, place, cells) ||
		     nn_table_learn(source->own, source->model, place, cells);
	if (!failed) {
		failed = allocate(source, path, cells);
		source->count = 0;
	}
	if (!failed) failed = read_rows(source, path, cells, &dropped);
	if (!failed) say_dropped(path, &dropped);
	if (!failed && source->count == 0) {
		nn_error("%s: no row is complete", path);
		failed = 1;
	}
	return failed;
}

Source *nn_open_table(const nn_model *model, const Place *place)
{
	const nn_data_source *spec = &model->data.sources[place->source];
	Cells cells;
	Source *source = calloc(1, sizeof *source);
	Table *table = calloc(1, sizeof *table);
	char separator = spec->separator != NULL && spec->separator[0] ? spec->separator[0] : ',';
	if (source == NULL || table == NULL || nn_cells_read(place->paths[0], separator, spec->header, &cells)) {
		free(source);
		free(table);
		return NULL;
	}
	*source = (Source){.model = model, .spec = spec, .own = table, .read = read_row, .name = name_row, .close = close_table, .fit = fit_table};
	int failed = fill(source, place, &cells);
	if (!failed && spec->horizon > 0) {
		source = nn_windows_over(source, place, &cells);
	} else if (failed) {
		nn_source_close(source);
		source = NULL;
	}
	nn_cells_free(&cells);
	return source;
}
