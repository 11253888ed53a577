/* preprocess.c: in: pixels or a row of a table from a program that embeds a model; out: the model's input, by the same
 * arithmetic that training used.
 * Invariant: nothing is allocated. */
#include "data_internal.h"

void nn_preprocess_image(const nn_model *model, const uint8_t *pixels, int height, int width, int channels, float *x)
{
	const nn_data *data = &model->data;
	nn_image image = {height, width, channels, 8, (void *)(uintptr_t)pixels};
	nn_canvas canvas = {data->height, data->width, data->channels, data->interpolation, NN_PIXEL_FLOAT,
			    data->rescale == 0 ? 1 : data->rescale, x};
	nn_image_resize(&image, &canvas);
}

void nn_preprocess_row(const nn_model *model, const void *state, const double *row, float *x)
{
	nn_row_write(model, state, row, nn_input_count(model), 4, x);
}
