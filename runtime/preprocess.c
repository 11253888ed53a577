/* preprocess.c: in: pixels, a row of a table or a text from a program that embeds a model; out: the model's input, by the same
 * arithmetic that training used.
 * Invariant: nothing is allocated. */
#include <string.h>
#include "data_text_source.h"
#include "data_transform.h"

void nn_preprocess_image(const nn_model *model, int field, const uint8_t *pixels, int height, int width, int channels, float *x)
{
	const nn_data_source *spec = &model->data.sources[model->data.fields[field].source];
	nn_image image = {height, width, channels, 8, (void *)(uintptr_t)pixels};
	nn_canvas canvas = {spec->height, spec->width, spec->channels, spec->interpolation, NN_PIXEL_FLOAT,
			    spec->rescale == 0 ? 1 : spec->rescale, x};
	nn_image_resize(&image, &canvas);
}

void nn_preprocess_row(const nn_model *model, int field, const void *state, const double *row, float *x)
{
	Fitted fitted = nn_fitted_find(model, field);
	int64_t count = (int64_t)model->data.fields[field].count;
	for (int64_t i = 0; i < count; i++) x[i] = (float)nn_fitted_apply(model, state, &fitted, i, row[i]);
}

/* The transforms of one of the columns that a field of windows is made of; where the spec does not name them there is one. */
static Changes changes_of(const nn_model *model, int field, int64_t number)
{
	const nn_data_field *of = &model->data.fields[field];
	const nn_data_source *spec = &model->data.sources[of->source];
	const nn_texts *names = of->part == 1 || spec->features.count == 0 ? &spec->label : &spec->features;
	if (spec->transform_count == 0) return (Changes){0};
	return nn_changes_named(spec, of->column != NULL ? of->column : names->items[number]);
}

/* What a field of windows holds: rows of numbers, and how many rows before them its transforms read. */
typedef struct Window {
	int64_t steps, numbers, lags;
} Window;

static Window window_of(const nn_model *model, int field)
{
	const nn_data_field *of = &model->data.fields[field];
	const nn_data_source *spec = &model->data.sources[of->source];
	return (Window){of->steps, (int64_t)of->count / of->steps, nn_transform_lags(spec->transforms, spec->transform_count)};
}

void nn_preprocess_window(const nn_model *model, int field, const void *state, const double *rows, float *x)
{
	Fitted fitted = nn_fitted_find(model, field);
	Window window = window_of(model, field);
	for (int64_t i = 0; i < window.numbers; i++) {
		Changes changes = changes_of(model, field, i);
		for (int64_t r = 0; r < window.steps; r++) {
			double value = nn_change_at(&changes, changes.count, rows + i, window.numbers, window.lags + r);
			x[r * window.numbers + i] = (float)nn_fitted_apply(model, state, &fitted, i, value);
		}
	}
}

void nn_restore_window(const nn_model *model, int field, const void *state, const float *y, double *rows)
{
	Fitted fitted = nn_fitted_find(model, field);
	Window window = window_of(model, field);
	for (int64_t i = 0; i < window.numbers; i++) {
		Changes changes = changes_of(model, field, i);
		double *column = rows + (window.lags - changes.lags) * window.numbers + i;
		for (int64_t h = 0; h < window.steps; h++)
			column[(changes.lags + h) * window.numbers] = nn_fitted_undo(model, state, &fitted, i, y[h * window.numbers + i]);
		nn_change_undo(&changes, column, window.numbers, window.steps);
	}
}

void nn_preprocess_text(const nn_model *model, int field, const void *state, const char *text, float *x)
{
	const int source = model->data.fields[field].source;
	const nn_data_source *spec = &model->data.sources[source];
	const nn_tensor *table = nn_vocabulary_table(model, source);
	const Tokenizer tokenizer = {spec->tokens, spec->standardize};
	const char *end = text + strlen(text), *at = text;
	int64_t length = spec->sequence_length, count = 0, skipped = 0;
	Token token;
	while (nn_next_token(&tokenizer, &at, end, &token)) count++;
	if (count > length && spec->truncating == NN_PRE) skipped = count - length;
	int64_t kept = count < length ? count : length, place = spec->padding == NN_PRE ? length - kept : 0;
	for (int64_t i = 0; i < length; i++) x[i] = NN_PADDING;
	at = text;
	for (int64_t i = 0; i < skipped + kept && nn_next_token(&tokenizer, &at, end, &token); i++)
		if (i >= skipped) x[place++] = (float)nn_token_id(model, state, table, &token);
}
