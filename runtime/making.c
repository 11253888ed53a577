/* Input: a state, a seed, numbers of pictures. Output: their pixels.
 * Invariant: a picture does not depend on those that are made with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "making.h"
#include "message.h"
#include "segmentation.h"

enum { GAP = 2, GREY = 128 };

int nn_can_make(const nn_model *model) {
	const nn_program *noise = nn_program_find(model, "noise"), *generate = nn_program_find(model, "generate");
	return noise && generate && nn_output_find(generate, "image") && noise->output_count <= NN_NOISES;
}

static int find_fields(nn_making *making) {
	const nn_program *generate = making->generate;
	int failed = 0;
	making->noise_count = making->noise->output_count;
	for (int i = 0; i < making->noise_count; i++) {
		making->drawn[i] = &making->noise->outputs[i];
		making->taken[i] = nn_input_find(generate, making->drawn[i]->name);
		size_t numbers = making->drawn[i]->count * (size_t)making->batch;
		making->draws[i] = calloc(numbers, sizeof(double));
		making->rows[i] = calloc(numbers, sizeof(double));
		failed |= !making->draws[i] || !making->rows[i];
	}
	for (int i = 0; i < generate->input_count; i++)
		if (nn_data_field_find(making->model, generate->inputs[i].name) >= 0) making->class = &generate->inputs[i];
	return failed;
}

int nn_making_open(nn_making *making, const nn_model *model, const nn_memory *memory, uint64_t seed, int threads) {
	*making = (nn_making){.model = model, .memory = memory, .seed = seed, .threads = threads, .step = -1};
	making->noise = nn_program_find(model, "noise");
	making->generate = nn_program_find(model, "generate");
	making->image = nn_output_find(making->generate, "image");
	making->batch = making->generate->batch;
	making->height = (int)making->image->shape[0];
	making->width = (int)making->image->shape[1];
	making->channels = (int)making->image->shape[2];
	return find_fields(making) ? nn_error("out of memory"), 1 : 0;
}

void nn_making_close(nn_making *making) {
	for (int i = 0; i < making->noise_count; i++) free(making->draws[i]), free(making->rows[i]);
}

int nn_making_classes(const nn_making *making, const nn_names *known, int known_count, const char *const **names) {
	*names = NULL;
	if (!making->class) return 0;
	const nn_data_field *field = &making->model->data.fields[nn_data_field_find(making->model, making->class->name)];
	for (int i = 0; i < known_count; i++)
		if (!strcmp(known[i].key, field->name) && known[i].count) return *names = (const char *const *)known[i].items, known[i].count;
	return field->classes.count ? (*names = field->classes.items, field->classes.count) : field->class_count;
}

/* The noise of a number: row number % batch of what step number / batch draws. */
static size_t draw(nn_making *making, int64_t number) {
	int64_t step = number / making->batch;
	if (step != making->step) {
		nn_call call = {.rows = making->batch, .threads = making->threads, .seed = making->seed, .step = (uint64_t)step};
		making->noise->run(making->memory->state, making->memory->work, &call);
		for (int i = 0; i < making->noise_count; i++) {
			const char *from = (const char *)making->memory->work + making->drawn[i]->offset;
			for (size_t k = 0; k < making->drawn[i]->count * (size_t)making->batch; k++)
				making->draws[i][k] = nn_number(making->model, from, k);
		}
		making->step = step;
	}
	return (size_t)(number % making->batch);
}

/* From `a`, which becomes what lies between, to b: on the arc, so that the noise keeps the length of a draw; a straight line between
 * noises that point the same way, or apart. */
static void move(double *a, const double *b, size_t count, double share) {
	double aa = 0, bb = 0, ab = 0;
	for (size_t i = 0; i < count; i++) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
	double length = sqrt(aa * bb), angle = length > 0 ? acos(fmax(-1, fmin(1, ab / length))) : 0, sine = sin(angle);
	double left = sine > 1e-6 ? sin((1 - share) * angle) / sine : 1 - share, right = sine > 1e-6 ? sin(share * angle) / sine : share;
	for (size_t i = 0; i < count; i++) a[i] = left * a[i] + right * b[i];
}

static void fill_row(nn_making *making, const nn_made *picture, size_t to) {
	size_t row = draw(making, picture->from);
	for (int i = 0; i < making->noise_count; i++) {
		size_t count = making->drawn[i]->count;
		memcpy(making->rows[i] + to * count, making->draws[i] + row * count, count * sizeof(double));
	}
	if (picture->share <= 0) return;
	row = draw(making, picture->to);
	for (int i = 0; i < making->noise_count; i++) {
		size_t count = making->drawn[i]->count;
		move(making->rows[i] + to * count, making->draws[i] + row * count, count, picture->share);
	}
}

static void feed(const nn_making *making, const nn_made *pictures, int count) {
	char *work = making->memory->work;
	for (int i = 0; i < making->noise_count; i++)
		for (size_t k = 0; making->taken[i] && k < making->taken[i]->count * (size_t)count; k++)
			nn_number_set(making->model, work + making->taken[i]->offset, k, making->rows[i][k]);
	for (int row = 0; row < count && making->class; row++)
		nn_number_set(making->model, work + making->class->offset, (size_t)row, pictures[row].class);
}

int nn_make(nn_making *making, const nn_made *pictures, int count, uint8_t *pixels) {
	nn_call call = {.rows = count, .threads = making->threads, .seed = making->seed};
	const char *image = (const char *)making->memory->work + making->image->offset;
	int failed = 0;
	for (int i = 0; i < count; i++) fill_row(making, &pictures[i], (size_t)i);
	feed(making, pictures, count);
	making->generate->run(making->memory->state, making->memory->work, &call);
	for (size_t i = 0; i < making->image->count * (size_t)count; i++) {
		double value = nn_number(making->model, image, i);
		failed |= !isfinite(value);
		pixels[i] = (uint8_t)(isfinite(value) ? 255 * fmax(0, fmin(1, value)) + 0.5 : 0);
	}
	return failed;
}

int nn_sheet_png(nn_text *png, const nn_making *making, const uint8_t *pixels, int count, int columns) {
	int rows = (count + columns - 1) / columns, channels = making->channels;
	size_t height = (size_t)(rows * (making->height + GAP) - GAP), width = (size_t)(columns * (making->width + GAP) - GAP);
	size_t line = (size_t)(making->width * channels), stride = width * (size_t)channels;
	uint8_t *sheet = malloc(height * stride);
	if (!sheet) return 1;
	memset(sheet, GREY, height * stride);
	for (int i = 0; i < count; i++)
		for (int y = 0; y < making->height; y++) {
			size_t top = (size_t)(i / columns * (making->height + GAP) + y), left = (size_t)(i % columns * (making->width + GAP) * channels);
			memcpy(sheet + top * stride + left, pixels + ((size_t)i * (size_t)making->height + (size_t)y) * line, line);
		}
	int failed = nn_png_write(png, sheet, (int)height, (int)width, channels);
	free(sheet);
	return failed;
}
