/* carried.c: in: a case of keras/stateful.py; out: checks of states that are carried from batch to batch: what three batches give
 * one after the other, and the weights after two epochs of them.
 * Invariant: states begin anew where Keras's are reset, and nowhere else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference.h"

enum { BATCHES = 3, EPOCHS = 2 };

static int run(Reference *reference, const char *name, uint64_t step, int threads)
{
	const nn_program *program = nn_program_find(reference->model, name);
	check(reference, program != NULL, "the model has no program '%s'", name);
	return !program || program_run(reference, program, step, threads);
}

static void check_gradients_of(Reference *reference, const char *prefix)
{
	const nn_program *program = nn_program_find(reference->model, "gradients");
	double largest = largest_norm(reference, prefix);
	for (int i = 0; i < reference->file.count; i++) {
		const char *name = reference->file.entries[i].name;
		char output[512];
		if (strncmp(name, prefix, strlen(prefix))) continue;
		snprintf(output, sizeof output, "gradient %s", name + strlen(prefix));
		check_output(reference, program, output, "", name, largest);
	}
}

/* gradients leaves the states, evaluate moves them on */
static void check_batches(Reference *reference)
{
	for (int k = 0; k < BATCHES; k++) {
		char given[40], expected[40], gradients[40];
		snprintf(given, sizeof given, "batch%d/", k);
		snprintf(expected, sizeof expected, "expected/batch%d/", k);
		snprintf(gradients, sizeof gradients, "expected/batch%d/gradient/", k);
		reference->given = given;
		if (run(reference, "gradients", 0, 1)) return;
		check_gradients_of(reference, gradients);
		if (run(reference, "evaluate", 0, 1)) return;
		const nn_program *evaluate = nn_program_find(reference->model, "evaluate");
		check_output(reference, evaluate, "y", expected, "y", 0);
		check_output(reference, evaluate, "loss", expected, "loss", 0);
	}
}

static int train(Reference *reference, int threads)
{
	for (int step = 0; step < EPOCHS*BATCHES; step++) {
		char given[40];
		if (step % BATCHES == 0 && run(reference, "reset", 0, threads)) return 1;
		snprintf(given, sizeof given, "batch%d/", step % BATCHES);
		reference->given = given;
		if (run(reference, "train", (uint64_t)step, threads)) return 1;
	}
	return 0;
}

/* predict begins anew by itself: what was carried is nothing to it. */
static void check_predict(Reference *reference)
{
	const nn_program *predict = nn_program_find(reference->model, "predict");
	reference->given = "batch0/";
	if (run(reference, "predict", 0, 1)) return;
	size_t count;
	Expected expected = expected_read(reference, "expected/batch0/", "y");
	double *y = output_read(reference, predict, "y", &count);
	if (expected.count > count) expected.count = count;
	compare(reference, "predict: y", y, count, expected, reference->tolerance, 0);
	free(y);
	free(expected.numbers);
}

/* A short batch moves the states of its rows, and of no other. */
static void check_short_batch(Reference *reference)
{
	const nn_model *model = reference->model;
	int rows = reference->rows;
	if (run(reference, "reset", 0, 1) || run(reference, "evaluate", 0, 1)) return;
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		if (tensor->role != NN_CARRIED) continue;
		size_t row = tensor->count/(size_t)rows;
		double *before = numbers_read(reference, reference->state, tensor->offset, tensor->count);
		reference->rows = rows - 1;
		int failed = run(reference, "evaluate", 0, 1);
		reference->rows = rows;
		double *after = numbers_read(reference, reference->state, tensor->offset, tensor->count);
		check(reference, failed || !memcmp(before + tensor->count - row, after + tensor->count - row, row*sizeof *after), "%s: a row beyond a short batch moved", tensor->name);
		check(reference, failed || memcmp(before, after, row*sizeof *after), "%s: a row of a short batch did not move", tensor->name);
		free(before);
		free(after);
	}
}

void check_carried(Reference *reference)
{
	size_t bytes = reference->model->state_count*(size_t)reference->model->number_size;
	if (run(reference, "reset", 0, 1)) return;
	check_batches(reference);
	check_predict(reference);
	check_short_batch(reference);
	rewind_state(reference);
	if (train(reference, 1)) return;
	check_weights(reference, "carried/");
	void *first = malloc(bytes);
	if (first) memcpy(first, reference->state, bytes);
	rewind_state(reference);
	if (!train(reference, 2)) check(reference, first && !memcmp(first, reference->state, bytes), "two threads give other bits than one");
	free(first);
	reference->given = "";
}
