/* agree.c: in: a compiled model (the symbol bench_model); out: a safetensors file of its initial weights, a random batch x
 * and y, and `losses`, those of six training steps on it, for agree.py to repeat in PyTorch.
 * Invariant: labels are whole numbers below the model's number of classes, and so is an x of tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"
#include "nn.h"
#include "safetensors.h"

enum { STEPS = 6, ARRAYS = 64, X = 0, Y = 1, LOSSES = 2, FIRST = 3 };
extern const nn_model bench_model;

static const nn_field *field_of(const nn_field *fields, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		const char *dot = strrchr(fields[i].name, '.');
		if (!strcmp(dot ? dot + 1 : fields[i].name, name)) return &fields[i];
	}
	fprintf(stderr, "agree: the training program has no field '%s'\n", name);
	exit(1);
}

static int is_tokens(const nn_model *model, const nn_program *program)
{
	int number = nn_data_field_find(model, program->inputs[0].name);
	return number >= 0 && model->data.fields[number].integer;
}

/* The first field of the data is x, the second its label. */
static void random_batch(const nn_program *program, int tokens, int64_t classes, float *const batch[2])
{
	uint32_t seed = 1;
	for (int which = 0; which < 2; which++) {
		for (size_t i = 0; i < program->inputs[which].count*(size_t)program->batch; i++) {
			seed = seed*1664525u + 1013904223u;
			double uniform = (seed >> 8)/16777216.0;
			batch[which][i] = which || tokens ? (float)(int64_t)(uniform*(double)classes) : (float)uniform;
		}
	}
}

static nn_array array_of(const char *name, int rank, const int64_t *shape, const void *numbers)
{
	nn_array array = {.name = name, .number_size = 4, .rank = rank, .numbers = numbers};
	memcpy(array.shape, shape, sizeof *shape*(size_t)rank);
	return array;
}

/* Weights are copied: training moves them. */
static int weights_of(const nn_model *model, const float *state, nn_array arrays[])
{
	int count = 0;
	for (int i = 0; i < model->tensor_count && FIRST + count < ARRAYS; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		float *copy = tensor->role == NN_WEIGHT ? malloc(sizeof *copy*tensor->count) : NULL;
		if (!copy) continue;
		memcpy(copy, state + tensor->offset, sizeof *copy*tensor->count);
		arrays[FIRST + count++] = array_of(tensor->name, tensor->rank, tensor->shape, copy);
	}
	return FIRST + count;
}

static int train(const nn_program *program, float *state, char *work, float *const batch[2], float losses[STEPS])
{
	const nn_field *loss = field_of(program->outputs, program->output_count, "loss");
	for (int step = 0; step < STEPS; step++) {
		for (int i = 0; i < 2; i++)
			memcpy(work + program->inputs[i].offset, batch[i], sizeof(float)*program->inputs[i].count*(size_t)program->batch);
		nn_call call = {.rows = program->batch, .threads = 2, .seed = 1, .step = (uint64_t)step};
		if (program->run(state, work, &call)) return 1;
		memcpy(&losses[step], work + loss->offset, sizeof *losses);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const nn_model *model = &bench_model;
	const nn_program *program = nn_program_find(model, "train"), *initialize = nn_program_find(model, "initialize");
	const nn_layer *last = &model->layers[model->layer_count - 1];
	if (argc != 3 || !program || !initialize || program->input_count != 2 || model->number_size != 4) {
		fprintf(stderr, "usage: %s FILE.safetensors CLASSES (last layer: %s)\n", argv[0], last->name);
		return 2;
	}
	size_t state_bytes = (model->state_count*4/NN_ALIGN + 2)*NN_ALIGN;
	float *state = aligned_alloc(NN_ALIGN, state_bytes), losses[STEPS], *batch[2];
	char *work = aligned_alloc(NN_ALIGN, (model->work_bytes/NN_ALIGN + 1)*NN_ALIGN), error[NN_ERROR];
	for (int i = 0; i < 2; i++) batch[i] = malloc(sizeof(float)*program->inputs[i].count*(size_t)program->batch);
	if (!state || !work || !batch[0] || !batch[1]) return 3;
	memset(state, 0, state_bytes);
	initialize->run(state, work, &(nn_call){.rows = 1, .threads = 1, .seed = 1});
	random_batch(program, is_tokens(model, program), atoi(argv[2]), batch);
	nn_array arrays[ARRAYS];
	const int64_t x_shape[] = {program->batch, (int64_t)program->inputs[0].count}, y_shape[] = {program->batch, (int64_t)program->inputs[1].count}, steps[] = {STEPS};
	arrays[X] = array_of("x", 2, x_shape, batch[0]);
	arrays[Y] = array_of("y", 2, y_shape, batch[1]);
	arrays[LOSSES] = array_of("losses", 1, steps, losses);
	int count = weights_of(model, state, arrays);
	nn_file file;
	if (train(program, state, work, batch, losses)) {
		fprintf(stderr, "agree: a loss is not finite\n");
		return 1;
	}
	if (nn_file_create(&file, argv[1], error) || nn_safetensors_write(&file, arrays, count, NULL, error) || nn_file_commit(&file, error)) {
		fprintf(stderr, "agree: %s\n", error);
		return 1;
	}
	return 0;
}
