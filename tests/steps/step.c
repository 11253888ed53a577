/* step.c: a generated model alone, without the runtime: its programs run on blocks of exactly the bytes that it asks for, with
 * made-up data, full and short batches. Exit code 1 where a result is not finite, or a step does not change the loss.
 * Compiled with the model, -DNN_MODEL=NAME_model, and sanitizers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nn.h"

extern const nn_model NN_MODEL;

/* what generated files call in the runtime */
int nn_load(const nn_model *model, void *numbers, const char *path, char error[256])
{
	(void)model, (void)numbers, (void)path, (void)error;
	return 1;
}
void nn_preprocess_image(const nn_model *model, int field, const uint8_t *pixels, int height, int width, int channels, float *x)
{
	(void)model, (void)field, (void)pixels, (void)height, (void)width, (void)channels, (void)x;
}
void nn_preprocess_row(const nn_model *model, int field, const void *state, const double *row, float *x)
{
	(void)model, (void)field, (void)state, (void)row, (void)x;
}
void nn_preprocess_window(const nn_model *model, int field, const void *state, const double *rows, float *x)
{
	(void)model, (void)field, (void)state, (void)rows, (void)x;
}
void nn_restore_window(const nn_model *model, int field, const void *state, const float *y, double *rows)
{
	(void)model, (void)field, (void)state, (void)y, (void)rows;
}
void nn_preprocess_text(const nn_model *model, int field, const void *state, const char *text, float *x)
{
	(void)model, (void)field, (void)state, (void)text, (void)x;
}
void nn_preprocess_sequence(const nn_model *model, int field, const void *state, const double *values, int steps, float *x)
{
	(void)model, (void)field, (void)state, (void)values, (void)steps, (void)x;
}

static void *block(size_t bytes)
{
	void *memory = NULL;
	if (posix_memalign(&memory, NN_ALIGN, bytes)) exit(3);
	memset(memory, 0xFF, bytes);
	return memory;
}

static void put(char *work, size_t offset, size_t index, double value)
{
	if (NN_MODEL.number_size == 4) ((float *)(work + offset))[index] = (float)value;
	else ((double *)(work + offset))[index] = value;
}

static double get(const char *work, size_t offset, size_t index)
{
	return NN_MODEL.number_size == 4 ? (double)((const float *)(work + offset))[index] : ((const double *)(work + offset))[index];
}

/* labels, classes and tokens */
static int is_whole(const char *name)
{
	for (int i = 0; i < NN_MODEL.data.field_count; i++) {
		const nn_data_field *field = &NN_MODEL.data.fields[i];
		if (!strcmp(field->name, name)) return field->label || field->integer;
	}
	return 0;
}

/* numbers in 0 .. 1, of what is whole 0 or 1 */
static void fill(const nn_program *program, char *work, int rows)
{
	for (int i = 0; i < program->input_count; i++) {
		const nn_field *field = &program->inputs[i];
		size_t count = field->count*(size_t)(field->per_row ? rows : 1);
		for (size_t k = 0; k < count; k++) {
			double u = (double)(k*2654435761u%1000u)/1000;
			put(work, field->offset, k, is_whole(field->name) ? (double)(k%2) : u);
		}
	}
}

/* the loss, or 0 */
static double run(const nn_program *program, void *state, int rows, uint64_t step)
{
	char *work = block(NN_MODEL.work_bytes);
	double loss = 0;
	fill(program, work, rows);
	nn_call call = {.rows = rows, .threads = 2, .seed = 1, .step = step};
	if (program->run(state, work, &call) != NN_OK) fprintf(stderr, "%s: not finite\n", program->name), exit(1);
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *field = &program->outputs[i];
		size_t count = field->count*(size_t)(field->per_row ? rows : 1);
		for (size_t k = 0; k < count; k++)
			if (!isfinite(get(work, field->offset, k))) fprintf(stderr, "%s: %s is not finite\n", program->name, field->name), exit(1);
		if (!strcmp(field->name, "loss")) loss = get(work, field->offset, 0);
	}
	free(work);
	return loss;
}

static const nn_program *find(const char *name)
{
	for (int i = 0; i < NN_MODEL.program_count; i++)
		if (!strcmp(NN_MODEL.programs[i].name, name)) return &NN_MODEL.programs[i];
	return NULL;
}

int main(void)
{
	char *state = block(NN_MODEL.state_count*(size_t)NN_MODEL.number_size);
	const nn_program *train = find("train"), *evaluate = find("evaluate"), *predict = find("predict"), *reset = find("reset"), *generate = find("generate");
	run(find("initialize"), state, 1, 0);
	if (reset) run(reset, state, reset->batch, 0);
	if (predict) run(predict, state, 1, 0);
	for (int step = 0; step < 2 && generate; step++) run(generate, state, 1, 0);
	if (reset) run(reset, state, reset->batch, 0);
	if (!train || !evaluate) return 0;
	double before = run(evaluate, state, evaluate->batch, 0);
	run(train, state, train->batch, 0);
	run(train, state, 1, 1);
	if (reset) run(reset, state, reset->batch, 0);
	double after = run(evaluate, state, evaluate->batch, 0);
	printf("%s: loss %g, after two steps %g\n", NN_MODEL.name, before, after);
	free(state);
	return after == before;
}
