/* data_sequence.c: in: a file with one sequence a row, of different lengths; out: a Source of steps, lengths and labels.
 * Invariant: what stands behind the end of a sequence is 0 after normalisation, and statistics are those of real steps only. */
#include "data_sequence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_csv.h"
#include "message.h"
#include "model.h"

typedef struct Sequences {
	SequenceRows rows;
	Fitted fitted; /* of the field of steps */
} Sequences;

/* What of a sequence the model sees: numbers from, steps; where they stand among all places. */
typedef struct Window {
	const double *values;
	int64_t steps, before;
} Window;

static int64_t variables_of(const nn_data_source *spec) { return spec->variables > 0 ? spec->variables : 1; }

static Window window_of(const nn_data_source *spec, const double *values, int64_t steps)
{
	int64_t length = spec->sequence_length > 0 ? spec->sequence_length : steps, kept = steps < length ? steps : length;
	return (Window){values + (spec->truncating == NN_PRE ? steps - kept : 0) * variables_of(spec), kept,
			spec->padding == NN_PRE ? length - kept : 0};
}

static Window window_of_row(const Source *source, int64_t sample)
{
	const SequenceRows *rows = &((const Sequences *)source->own)->rows;
	const SequenceRow *row = &rows->rows[sample];
	return window_of(source->spec, rows->values + row->from, row->count / variables_of(source->spec));
}

/* Mean and deviation of one variable of one sequence; a constant one has scale 1. */
static void row_scale(const Window *window, int64_t variable, int64_t variables, double *offset, double *scale)
{
	double sum = 0, squares = 0;
	for (int64_t t = 0; t < window->steps; t++) sum += window->values[t * variables + variable];
	*offset = sum / (double)window->steps;
	for (int64_t t = 0; t < window->steps; t++) squares += pow(window->values[t * variables + variable] - *offset, 2);
	*scale = sqrt(squares / (double)window->steps);
	if (*scale <= 1e-12 * fabs(*offset)) *scale = 1;
}

static void write_steps(const nn_model *model, const nn_data_source *spec, const Fitted *fitted, const void *state, const Window *window, void *x)
{
	int64_t variables = variables_of(spec);
	for (int64_t i = 0; i < spec->sequence_length * variables; i++) nn_number_set(model, x, (size_t)i, 0);
	for (int64_t v = 0; v < variables; v++) {
		double offset = 0, scale = 1;
		if (spec->normalize == NN_NORMALIZE_ROW) row_scale(window, v, variables, &offset, &scale);
		for (int64_t t = 0; t < window->steps; t++) {
			double value = (window->values[t * variables + v] - offset) / scale;
			nn_number_set(model, x, (size_t)((window->before + t) * variables + v), nn_fitted_apply(model, state, fitted, v, value));
		}
	}
}

static int read_sequence(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	Window window = window_of_row(source, sample);
	(void)why;
	if (source->model->data.fields[field].part == NN_SEQUENCE_LENGTH) nn_number_set(source->model, x, 0, (double)window.steps);
	else write_steps(source->model, source->spec, &((const Sequences *)source->own)->fitted, state, &window, x);
	return 0;
}

void nn_preprocess_sequence(const nn_model *model, int field, const void *state, const double *values, int steps, float *x)
{
	const nn_data_source *spec = &model->data.sources[model->data.fields[field].source];
	Fitted fitted = nn_fitted_find(model, field);
	Window window = window_of(spec, values, steps);
	write_steps(model, spec, &fitted, state, &window, x);
}

static int fit_sequences(const nn_dataset *train, void *state)
{
	const Source *source = train->source;
	const Sequences *sequences = source->own;
	int64_t variables = variables_of(source->spec), most = 0;
	if (sequences->fitted.offset == NULL) return 0;
	for (int64_t i = 0; i < train->count; i++) most += window_of_row(source, train->rows[i]).steps;
	double *column = malloc(sizeof *column * (size_t)most * 2);
	if (column == NULL) return nn_error("%s: out of memory", source->where), 1;
	for (int64_t v = 0; v < variables; v++) {
		int64_t count = 0;
		for (int64_t i = 0; i < train->count; i++) {
			Window window = window_of_row(source, train->rows[i]);
			for (int64_t t = 0; t < window.steps; t++) column[count++] = window.values[t * variables + v];
		}
		nn_fit_number(source->model, state, &sequences->fitted, v, source->spec, column, count, column + count);
	}
	free(column);
	return 0;
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

/* Whole steps, and not more than the model takes. 0, or 1 after an error. */
static int check_row(const Source *source, const char *path, const SequenceRow *row)
{
	const nn_data_source *spec = source->spec;
	int64_t variables = variables_of(spec), steps = row->count / variables;
	if (row->count % variables) {
		nn_error("%s:%lld: %lld values are no whole number of steps of %lld variables", path, (long long)row->line, (long long)row->count,
			 (long long)variables);
		return 1;
	}
	if (spec->truncating != NN_NEITHER || spec->sequence_length == 0 || steps <= spec->sequence_length) return 0;
	nn_error("%s:%lld: a sequence of %lld steps, but sequence_length is %d; truncating: post or pre cuts longer ones", path,
		 (long long)row->line, (long long)steps, spec->sequence_length);
	return 1;
}

char *nn_sequence_class(const char *text)
{
	char name[40];
	double value;
	if (nn_parse_number(text, &value)) return nn_copy_text(text, strlen(text));
	int whole = value == floor(value) && fabs(value) < 1e15;
	snprintf(name, sizeof name, whole ? "%.0f" : "%.9g", value == 0 ? 0 : value);
	return nn_copy_text(name, strlen(name));
}

static int take_labels(Source *source, int field)
{
	const SequenceRows *rows = &((const Sequences *)source->own)->rows;
	int classed = source->model->data.fields[field].classed;
	if (nn_source_add_label(source, field, 1, classed)) return 1;
	Label *label = &source->labels[field];
	label->by_value = 1;
	for (int64_t i = 0; i < source->count; i++) {
		const SequenceRow *row = &rows->rows[i];
		if (classed && (label->texts[i] = nn_sequence_class(row->label)) == NULL) return nn_error("%s: out of memory", source->where), 1;
		if (classed || !nn_parse_number(row->label, &label->values[i])) continue;
		nn_error("%s:%lld: the label \"%.40s\" is no number", source->where, (long long)row->line, row->label);
		return 1;
	}
	return 0;
}

static SequenceLabel label_of(const nn_data_source *spec)
{
	if (spec->label.count == 0) return SEQUENCE_NO_LABEL;
	return strcmp(spec->label.items[0], "first") ? SEQUENCE_LAST : SEQUENCE_FIRST;
}

/* Rows to be predicted come with labels or without. They have none if all of them are full without one, or if what stands in its
 * place is no class in some row. */
static int lack_labels(const SequenceRows *rows, const nn_data_source *spec, const nn_names *classes)
{
	int64_t variables = variables_of(spec), full = spec->sequence_length * variables, without = 0, beyond = 0;
	for (int64_t i = 0; i < rows->count; i++) {
		int64_t count = rows->rows[i].count + 1;
		without += count == full;
		beyond += count > full;
	}
	if (variables > 1) return (rows->rows[0].count + 1) % variables == 0;
	if (without == rows->count) return 1;
	for (int64_t i = 0; i < rows->count && beyond == 0 && classes != NULL; i++) {
		char *name = nn_sequence_class(rows->rows[i].label);
		int known = name != NULL && nn_names_find(classes, name) >= 0;
		free(name);
		if (!known) return 1;
	}
	return 0;
}

static int parse(const Place *place, const nn_data_source *spec, const nn_names *classes, SequenceRows *rows)
{
	uint8_t *bytes;
	size_t size;
	char why[NN_WHY];
	const char *path = place->paths[0];
	SequenceLabel label = label_of(spec);
	if (nn_slurp(path, 0, &bytes, &size, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	int failed = nn_sequence_parse(path, bytes, size, label, &spec->missing, rows);
	if (!failed && !place->labels && label != SEQUENCE_NO_LABEL && lack_labels(rows, spec, classes)) {
		nn_note("%s: read as rows without labels", path);
		nn_sequence_free(rows);
		failed = nn_sequence_parse(path, bytes, size, SEQUENCE_NO_LABEL, &spec->missing, rows);
	}
	free(bytes);
	return failed;
}

/* Of `method: hash` a row is its own name: it stays where it is when others come, and rows that are the same stay together. */
static int name_groups(Source *source)
{
	const SequenceRows *rows = &((const Sequences *)source->own)->rows;
	char name[16];
	source->groups = calloc((size_t)source->count, sizeof *source->groups);
	int failed = source->groups == NULL;
	for (int64_t i = 0; i < source->count && !failed; i++) {
		snprintf(name, sizeof name, "%08x", rows->rows[i].hash);
		failed = (source->groups[i] = nn_copy_text(name, strlen(name))) == NULL;
	}
	if (failed) nn_error("%s: out of memory", source->where);
	return failed;
}

static void name_sequence(const Source *source, int64_t sample, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s:%lld", source->where, (long long)((const Sequences *)source->own)->rows.rows[sample].line);
}

static void close_sequences(Source *source)
{
	Sequences *sequences = source->own;
	nn_sequence_free(&sequences->rows);
	free(sequences);
}

static int fill(Source *source, const Place *place)
{
	Sequences *sequences = source->own;
	int label = nn_field_of_part(source->model, place->source, NN_SEQUENCE_LABEL);
	int values = nn_field_of_part(source->model, place->source, NN_SEQUENCE_VALUES);
	int classed = label >= 0 && source->model->data.fields[label].classed;
	const char *path = place->paths[0];
	if (values >= 0) sequences->fitted = nn_fitted_find(source->model, values);
	if (parse(place, source->spec, classed ? &place->store->names[label] : NULL, &sequences->rows)) return 1;
	source->count = sequences->rows.count;
	for (int64_t i = 0; i < source->count; i++)
		if (check_row(source, path, &sequences->rows.rows[i])) return 1;
	if (nn_source_prepare(source, path) || nn_source_add_file(source, path)) return 1;
	if (place->labels && source->model->data.split_by_name && name_groups(source)) return 1;
	return place->labels && label >= 0 && take_labels(source, label);
}

Source *nn_open_sequences(const nn_model *model, const Place *place)
{
	Source *source = calloc(1, sizeof *source);
	Sequences *sequences = calloc(1, sizeof *sequences);
	if (source == NULL || sequences == NULL) {
		nn_error("%s: out of memory", place->paths[0]);
		free(source);
		free(sequences);
		return NULL;
	}
	*source = (Source){.model = model, .spec = &model->data.sources[place->source], .own = sequences, .read = read_sequence,
			   .name = name_sequence, .close = close_sequences, .fit = fit_sequences};
	if (!fill(source, place)) return source;
	nn_source_close(source);
	return NULL;
}
