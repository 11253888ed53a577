/* preprocess.c: in: pixels or a row of a table from a program that embeds a model; out: the model's input, by the same
 * arithmetic that training used.
 * Invariant: nothing is allocated. */
#include "data_internal.h"

void nn_preprocess_image(const nn_model *model, int source, const uint8_t *pixels, int height, int width, int channels, float *x)
{
	const nn_data_source *spec = &model->data.sources[source];
	nn_image image = {height, width, channels, 8, (void *)(uintptr_t)pixels};
	nn_canvas canvas = {spec->height, spec->width, spec->channels, spec->interpolation, NN_PIXEL_FLOAT,
			    spec->rescale == 0 ? 1 : spec->rescale, x};
	nn_image_resize(&image, &canvas);
}

void nn_preprocess_row(const nn_model *model, int source, const void *state, const double *row, float *x)
{
	int field = nn_field_of_part(model, source, 0);
	if (field >= 0) nn_row_write(model, state, row, (int64_t)model->data.fields[field].count, 4, x);
}
