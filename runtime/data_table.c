/* data_table.c: in: a csv file and what the spec says of its columns; out: a Source of rows of numbers, NAN where a value is
 * missing, and of labels (names of classes or numbers).
 * Invariant: every text that is no number is named with its line, never read as 0. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "data_csv.h"
#include "message.h"

enum { COLUMN_NONE = -1 };

typedef struct Table {
	int label; /* the field, -1: no labels */
	double *values; /* (count, features) */
	int64_t *lines; /* (count) */
	int features;
} Table;

/* What each column is for. */
typedef struct Columns {
	int64_t label, group; /* COLUMN_NONE: there is none */
	int *features; /* (feature_count) columns */
	int feature_count;
} Columns;

int nn_is_missing(const nn_data_source *spec, const char *text)
{
	if (*text == 0 || strcasecmp(text, "nan") == 0) return 1;
	for (int i = 0; i < spec->missing.count; i++)
		if (strcmp(spec->missing.items[i], text) == 0) return 1;
	return 0;
}

/* A decimal number and nothing else. 0 or 1. */
int nn_parse_number(const char *text, double *value)
{
	char *end;
	while (isspace((unsigned char)*text)) text++;
	const char *digits = text + (*text == '-' || *text == '+');
	if (!isdigit((unsigned char)*digits) && *digits != '.') return 1;
	if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return 1;
	*value = strtod(text, &end);
	while (isspace((unsigned char)*end)) end++;
	return *end != 0 || end == text || !isfinite(*value);
}

/* A column by its name, or by its number from 0, negative from the end. COLUMN_NONE: there is no such. */
int64_t nn_find_column(const Cells *cells, const char *name)
{
	char *end;
	for (int64_t i = 0; i < cells->columns && cells->header != NULL; i++)
		if (strcmp(cells->header[i], name) == 0) return i;
	long long number = strtoll(name, &end, 10);
	if (*name == 0 || *end != 0) return COLUMN_NONE;
	if (number < 0) number += cells->columns;
	return number >= 0 && number < cells->columns ? number : COLUMN_NONE;
}

void nn_say_no_column(const char *path, const Cells *cells, const char *what, const char *name)
{
	char text[NN_WHY];
	if (cells->header != NULL)
		nn_error("%s: has no column \"%s\" (%s); its columns are %s", path, name, what,
			 nn_classes_text(cells->header, (int)cells->columns, text, sizeof text));
	else
		nn_error("%s: has no column \"%s\" (%s); it has %lld, numbered from 0, and no header", path, name, what,
			 (long long)cells->columns);
}

static int is_ignored(const nn_data_source *spec, const Cells *cells, int64_t column)
{
	for (int i = 0; i < spec->ignore.count; i++)
		if (nn_find_column(cells, spec->ignore.items[i]) == column) return 1;
	return 0;
}

/* Numbers that the model takes as data.features; 0: it does not. */
static int64_t feature_count(const nn_model *model, const Place *place)
{
	int field = nn_field_of_part(model, place->source, 0);
	return field < 0 ? 0 : (int64_t)model->data.fields[field].count;
}

/* Inputs for predict may come with or without their label. */
static int find_label(const nn_model *model, const Place *place, const Cells *cells, Columns *columns)
{
	const nn_data_source *spec = &model->data.sources[place->source];
	columns->label = COLUMN_NONE;
	if (spec->label == NULL) return 0;
	if (!place->labels && cells->columns == feature_count(model, place)) return 0;
	columns->label = nn_find_column(cells, spec->label);
	if (columns->label != COLUMN_NONE || (!place->labels && cells->header != NULL)) return 0;
	nn_say_no_column(place->paths[0], cells, "label", spec->label);
	return 1;
}

static int find_columns(const nn_model *model, const Place *place, const Cells *cells, Columns *columns)
{
	const nn_data_source *spec = &model->data.sources[place->source];
	const char *path = place->paths[0], *grouped = model->data.split_group;
	int64_t group = grouped != NULL ? nn_find_column(cells, grouped) : COLUMN_NONE;
	columns->group = place->labels ? group : COLUMN_NONE;
	if (grouped != NULL && place->labels && group == COLUMN_NONE) {
		nn_say_no_column(path, cells, "group", grouped);
		return 1;
	}
	for (int i = 0; i < spec->ignore.count && place->labels; i++)
		if (nn_find_column(cells, spec->ignore.items[i]) == COLUMN_NONE) {
			nn_say_no_column(path, cells, "ignore", spec->ignore.items[i]);
			return 1;
		}
	if (find_label(model, place, cells, columns)) return 1;
	int64_t wanted = feature_count(model, place);
	int all = !place->labels && cells->columns == wanted;
	columns->features = malloc(sizeof *columns->features * (size_t)cells->columns);
	if (columns->features == NULL) return 1;
	for (int64_t i = 0; i < cells->columns; i++)
		if (all || (i != columns->label && i != group && !is_ignored(spec, cells, i)))
			columns->features[columns->feature_count++] = (int)i;
	if (columns->feature_count == wanted) return 0;
	char shape[80];
	const nn_data_field *field = &model->data.fields[nn_field_of_part(model, place->source, 0)];
	nn_error("%s: %d columns are features, but the model's input is %s; see label: and ignore:", path,
		 columns->feature_count, nn_shape_text(field->rank, field->shape, shape, sizeof shape));
	return 1;
}

static void say_no_number(const char *path, const Cells *cells, int64_t row, int64_t column, const char *text)
{
	char name[80];
	if (cells->header != NULL)
		snprintf(name, sizeof name, "column \"%s\"", cells->header[column]);
	else
		snprintf(name, sizeof name, "column %lld", (long long)column);
	nn_error("%s:%lld: \"%s\" in %s is no number%s", path, (long long)cells->lines[row], text, name,
		 row == 0 && cells->header == NULL ? "; if the first row names the columns, say header: true"
						   : "; if it means a missing value, name it under missing:");
}

/* The features of one row. Returns the number of missing values, -1 after an error. */
static int read_features(const nn_data_source *spec, const char *path, const Cells *cells, int64_t row, const Columns *columns,
			 double *values)
{
	int missing = 0;
	for (int i = 0; i < columns->feature_count; i++) {
		const char *text = nn_cell(cells, row, columns->features[i]);
		values[i] = NAN;
		if (nn_is_missing(spec, text))
			missing++;
		else if (nn_parse_number(text, &values[i])) {
			say_no_number(path, cells, row, columns->features[i], text);
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

/* Keeps row as the source's next sample. 0, or 1 after an error. */
static int take_label(Source *source, const char *path, const Cells *cells, int64_t row, const Columns *columns)
{
	int64_t sample = source->count;
	const int field = ((const Table *)source->own)->label;
	if (source->groups != NULL && copy_cell(&source->groups[sample], cells, row, columns->group)) return 1;
	if (field < 0) return 0;
	Label *label = &source->labels[field];
	if (label->texts != NULL) return copy_cell(&label->texts[sample], cells, row, columns->label);
	const char *text = nn_cell(cells, row, columns->label);
	if (!nn_parse_number(text, &label->values[sample])) return 0;
	say_no_number(path, cells, row, columns->label, text);
	return 1;
}

typedef struct Dropped {
	int64_t unlabelled, incomplete, first_unlabelled, first_incomplete; /* rows, and the lines of the first */
} Dropped;

static int read_rows(Source *source, const char *path, const Cells *cells, const Columns *columns, Dropped *dropped)
{
	const nn_data_source *spec = source->spec;
	Table *table = source->own;
	for (int64_t row = 0; row < cells->rows; row++) {
		double *values = table->values + source->count * table->features;
		int missing = read_features(spec, path, cells, row, columns, values);
		if (missing < 0) return 1;
		if (table->label >= 0 && nn_is_missing(spec, nn_cell(cells, row, columns->label))) {
			if (dropped->unlabelled++ == 0) dropped->first_unlabelled = cells->lines[row];
			continue;
		}
		if (missing > 0 && spec->impute == NN_IMPUTE_DROP) {
			if (dropped->incomplete++ == 0) dropped->first_incomplete = cells->lines[row];
			continue;
		}
		int failed = take_label(source, path, cells, row, columns);
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

static int read_row(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	const Table *table = source->own;
	(void)field, (void)why;
	nn_row_write(source->model, state, table->values + sample * table->features, table->features,
		     source->model->number_size, x);
	return 0;
}

static void name_row(const Source *source, int64_t sample, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s:%lld", source->where, (long long)((const Table *)source->own)->lines[sample]);
}

static void close_table(Source *source)
{
	Table *table = source->own;
	free(table->values);
	free(table->lines);
	free(table);
}

/* Everything a source needs for at most cells->rows samples. 0 or 1. */
static int allocate(Source *source, const char *path, const Cells *cells, const Columns *columns)
{
	size_t rows = (size_t)cells->rows;
	Table *table = source->own;
	table->features = columns->feature_count;
	table->values = malloc(rows * (size_t)columns->feature_count * sizeof *table->values);
	table->lines = malloc(rows * sizeof *table->lines);
	source->count = cells->rows;
	if (nn_source_prepare(source, path) || table->values == NULL || table->lines == NULL) return 1;
	int classed = table->label >= 0 && source->model->data.fields[table->label].classed;
	if (table->label >= 0 && nn_source_add_label(source, table->label, 1, classed)) return 1;
	if (columns->group != COLUMN_NONE && (source->groups = calloc(rows, sizeof *source->groups)) == NULL) return 1;
	source->values = table->values;
	source->feature_count = columns->feature_count;
	if (cells->header == NULL) return nn_source_add_file(source, path);
	source->feature_names = calloc((size_t)columns->feature_count, sizeof *source->feature_names);
	for (int i = 0; i < columns->feature_count && source->feature_names != NULL; i++) {
		const char *name = cells->header[columns->features[i]];
		source->feature_names[i] = nn_copy_text(name, strlen(name));
	}
	return nn_source_add_file(source, path);
}

static int fill(Source *source, const Place *place, const Cells *cells)
{
	const char *path = place->paths[0];
	Columns columns = {0};
	Dropped dropped = {0};
	int failed = find_columns(source->model, place, cells, &columns);
	if (!failed) {
		if (place->labels && columns.label != COLUMN_NONE)
			((Table *)source->own)->label = nn_field_of_part(source->model, place->source, 1);
		failed = allocate(source, path, cells, &columns);
		source->count = 0;
	}
	if (!failed) failed = read_rows(source, path, cells, &columns, &dropped);
	if (!failed) say_dropped(path, &dropped);
	free(columns.features);
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
	table->label = -1;
	*source = (Source){.model = model, .spec = spec, .own = table, .read = read_row, .name = name_row, .close = close_table};
	int failed = fill(source, place, &cells);
	nn_cells_free(&cells);
	if (!failed) return source;
	nn_source_close(source);
	return NULL;
}
