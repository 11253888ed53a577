/* preprocess.c: in: pixels, a row of a table or a text from a program that embeds a model; out: the model's input, by the same
 * arithmetic that training used.
 * Invariant: nothing is allocated. */
#include <string.h>
#include "data_text_source.h"

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
