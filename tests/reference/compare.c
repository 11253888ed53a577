/* compare.c: in: a compiled model (the symbol reference_model) and CASE.safetensors, written by keras/make_keras.py; out: a
 * line for every tensor that differs and "N passed, N failed"; exit code 1 when one failed.
 * Invariant: what a program may not read is NaN: the work area before it runs, and the rows beyond the live ones.
 *
 * Errors are ||a - b||/||b|| per tensor; of a tensor that is all but zero (a bias before batch normalisation has no gradient)
 * ||a - b|| over the largest norm of its kind. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reference.h"

enum { STEPS = 20 };
extern const nn_model reference_model;

void check(Reference *reference, int good, const char *format, ...)
{
	va_list arguments;
	reference->passed += good != 0;
	reference->failed += !good;
	if (good) return;
	va_start(arguments, format);
	printf("  %s %s: ", reference->model->name, reference->model->number_size == 8 ? "f64" : "f32");
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
}

static void *checked(void *memory)
{
	if (memory) return memory;
	fprintf(stderr, "compare: out of memory\n");
	exit(3);
}

Expected expected_read(const Reference *reference, const char *prefix, const char *name)
{
	char path[512], error[NN_ERROR];
	snprintf(path, sizeof path, "%s%s", prefix, name);
	const nn_entry *entry = nn_safetensors_find(&reference->file, path);
	if (!entry) return (Expected){NULL, 0};
	Expected expected = {checked(malloc(sizeof(double)*(entry->count + 1))), entry->count};
	if (nn_safetensors_read(&reference->file, entry, expected.numbers, sizeof(double), error)) {
		fprintf(stderr, "compare: %s\n", error);
		exit(3);
	}
	return expected;
}

static double number_get(const Reference *reference, const void *numbers, size_t index)
{
	return reference->model->number_size == 8 ? ((const double *)numbers)[index] : (double)((const float *)numbers)[index];
}

static void number_set(const Reference *reference, void *numbers, size_t index, double value)
{
	if (reference->model->number_size == 8) ((double *)numbers)[index] = value;
	else ((float *)numbers)[index] = (float)value;
}

double *numbers_read(const Reference *reference, const void *numbers, size_t first, size_t count)
{
	double *read = checked(malloc(sizeof *read*(count + 1)));
	for (size_t i = 0; i < count; i++) read[i] = number_get(reference, numbers, first + i);
	return read;
}

/* --- comparing */

static double norm(const double *a, const double *b, size_t count) /* ||a - b||; b may be NULL */
{
	double sum = 0;
	for (size_t i = 0; i < count; i++) sum += (a[i] - (b ? b[i] : 0))*(a[i] - (b ? b[i] : 0));
	return sqrt(sum);
}

/* largest: the largest norm of this kind of tensors, 0: there is but one of its kind */
void compare(Reference *reference, const char *what, const double *actual, size_t count, Expected expected, double tolerance, double largest)
{
	if (count != expected.count) {
		check(reference, 0, "%s has %zu numbers, not %zu", what, count, expected.count);
		return;
	}
	double size = norm(expected.numbers, NULL, count), distance = norm(actual, expected.numbers, count);
	double scale = size > 1e-10*largest ? size : largest;
	double error = scale > 0 ? distance/scale : distance;
	check(reference, error <= tolerance, "%s: error %.2g, allowed %.0g (norm %.3g)", what, error, tolerance, size);
}

double largest_norm(const Reference *reference, const char *prefix)
{
	double largest = 0;
	for (int i = 0; i < reference->file.count; i++) {
		if (strncmp(reference->file.entries[i].name, prefix, strlen(prefix))) continue;
		Expected expected = expected_read(reference, "", reference->file.entries[i].name);
		double size = norm(expected.numbers, NULL, expected.count);
		if (size > largest) largest = size;
		free(expected.numbers);
	}
	return largest;
}

/* --- running */

/* x (rows, ..), y (rows, ..): a program of batch 1 gets the first row */
static int feed(Reference *reference, const nn_program *program, const nn_field *field)
{
	const char *dot = strrchr(field->name, '.');
	Expected given = expected_read(reference, reference->given, dot ? dot + 1 : field->name);
	size_t total = field->count*(size_t)(field->per_row ? program->batch : 1), live = (size_t)reference->rows;
	if (!given.numbers || given.count % field->count || given.count < total) {
		check(reference, 0, "%s wants an input '%s' of %zu numbers a row", program->name, field->name, field->count);
		free(given.numbers);
		return 1;
	}
	if ((size_t)program->batch < live) live = (size_t)program->batch;
	char *place = (char *)reference->work + field->offset;
	for (size_t i = 0; i < total; i++) number_set(reference, place, i, i < live*field->count || !field->per_row ? given.numbers[i] : NAN);
	free(given.numbers);
	return 0;
}

int program_run(Reference *reference, const nn_program *program, uint64_t step, int threads)
{
	memset(reference->work, 0xff, reference->model->work_bytes);
	for (int i = 0; i < program->input_count; i++)
		if (feed(reference, program, &program->inputs[i])) return 1;
	nn_call call = {.rows = reference->rows < program->batch ? reference->rows : program->batch, .threads = threads, .seed = 1, .step = step};
	int result = program->run(reference->state, reference->work, &call);
	check(reference, result == NN_OK, "%s gives %d at step %d", program->name, result, (int)step);
	return result != NN_OK;
}

double *output_read(const Reference *reference, const nn_program *program, const char *name, size_t *count)
{
	*count = 0;
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *field = &program->outputs[i];
		if (strcmp(field->name, name)) continue;
		size_t rows = (size_t)(reference->rows < program->batch ? reference->rows : program->batch);
		*count = field->count*(field->per_row ? rows : 1);
		return numbers_read(reference, (char *)reference->work + field->offset, 0, *count);
	}
	return NULL;
}

void check_output(Reference *reference, const nn_program *program, const char *output, const char *prefix, const char *name, double largest)
{
	Expected expected = expected_read(reference, prefix, name);
	if (!expected.numbers) return;
	size_t count;
	double *actual = output_read(reference, program, output, &count);
	char what[600];
	snprintf(what, sizeof what, "%s: %s", program->name, output);
	if (actual) compare(reference, what, actual, count, expected, reference->tolerance, largest);
	else check(reference, 0, "%s has no output '%s'", program->name, output);
	free(actual);
	free(expected.numbers);
}

/* What the model predicts, the loss, and of several outputs their losses. */
static void check_outputs(Reference *reference, const nn_program *program, const char *prefix)
{
	char name[80];
	check_output(reference, program, "loss", prefix, "loss", 0);
	for (int i = 0; i < reference->model->output_count; i++) {
		const char *output = reference->model->outputs[i].name;
		check_output(reference, program, output, prefix, output, 0);
		snprintf(name, sizeof name, "%.60s_loss", output);
		check_output(reference, program, name, prefix, name, 0);
	}
}

/* The program predict: of one row, the first. */
static void check_first(Reference *reference, const nn_program *predict, const char *output)
{
	size_t count;
	char what[100];
	double *actual = output_read(reference, predict, output, &count);
	Expected expected = expected_read(reference, "expected/", output);
	if (actual && expected.count >= count) expected.count = count;
	snprintf(what, sizeof what, "predict: %.60s", output);
	if (actual) compare(reference, what, actual, count, expected, reference->tolerance, 0);
	free(actual);
	free(expected.numbers);
}

/* --- the programs */

static const nn_program *program_of(Reference *reference, const char *name)
{
	const nn_program *program = nn_program_find(reference->model, name);
	check(reference, program != NULL, "the model has no program '%s'", name);
	return program;
}

/* Weights and statistics by name: the file and the model have the same. */
static void set_weights(Reference *reference)
{
	const nn_model *model = reference->model;
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		if (tensor->role != NN_WEIGHT && tensor->role != NN_STATE) continue;
		Expected given = expected_read(reference, "", tensor->name);
		check(reference, given.count == tensor->count, "weight '%s' has %zu numbers; Keras: %zu", tensor->name, tensor->count, given.count);
		for (size_t k = 0; k < given.count && k < tensor->count; k++) number_set(reference, reference->state, tensor->offset + k, given.numbers[k]);
		free(given.numbers);
	}
	for (int i = 0; i < reference->file.count; i++) {
		const char *name = reference->file.entries[i].name;
		if (!strchr(name, '/') || !strncmp(name, "expected/", 9) || !strncmp(name, "after20/", 8) || !strncmp(name, "carried/", 8) || !strncmp(name, "turn", 4) || !strncmp(name, "batch", 5)) continue;
		check(reference, nn_tensor_find(model, name) != NULL, "the model has no weight '%s'", name);
	}
	memcpy(reference->start, reference->state, model->state_count*(size_t)model->number_size);
}

static int state_moved(const Reference *reference)
{
	return memcmp(reference->start, reference->state, reference->model->state_count*(size_t)reference->model->number_size);
}

void rewind_state(Reference *reference)
{
	memcpy(reference->state, reference->start, reference->model->state_count*(size_t)reference->model->number_size);
}

static void check_inference(Reference *reference)
{
	const nn_program *evaluate = program_of(reference, "evaluate"), *predict = program_of(reference, "predict");
	if (evaluate && !program_run(reference, evaluate, 0, 1)) {
		check_outputs(reference, evaluate, "expected/");
		check(reference, !state_moved(reference), "evaluate changes the state");
	}
	rewind_state(reference);
	if (!predict || program_run(reference, predict, 0, 1)) return;
	for (int i = 0; i < reference->model->output_count; i++) check_first(reference, predict, reference->model->outputs[i].name);
}

static void check_gradients(Reference *reference)
{
	const nn_program *program = program_of(reference, "gradients");
	rewind_state(reference);
	if (!program || program_run(reference, program, 0, 1)) return;
	check_outputs(reference, program, "expected/training_");
	double largest = largest_norm(reference, "expected/gradient/");
	for (int i = 0; i < reference->file.count; i++) {
		const char *name = reference->file.entries[i].name, *path = name + strlen("expected/gradient/");
		if (strncmp(name, "expected/gradient/", strlen("expected/gradient/"))) continue;
		char output[512];
		snprintf(output, sizeof output, "gradient %s", path);
		check_output(reference, program, output, "", name, largest);
	}
	check(reference, !state_moved(reference), "gradients changes the state");
}

void check_weights(Reference *reference, const char *prefix)
{
	const nn_model *model = reference->model;
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		Expected expected = expected_read(reference, prefix, tensor->name);
		if (!expected.numbers) continue;
		char what[600];
		snprintf(what, sizeof what, "after training: %s", tensor->name);
		double *actual = numbers_read(reference, reference->state, tensor->offset, tensor->count);
		compare(reference, what, actual, tensor->count, expected, reference->tolerance_after20, 0);
		free(actual);
		free(expected.numbers);
	}
}

/* 20 steps on one batch, at one and at two threads: the same bits. */
static void check_training(Reference *reference)
{
	const nn_model *model = reference->model;
	const nn_program *program = program_of(reference, "train");
	size_t bytes = model->state_count*(size_t)model->number_size;
	rewind_state(reference);
	for (int step = 0; program && step < STEPS; step++) {
		if (program_run(reference, program, (uint64_t)step, 1)) return;
		if (step == 0) check_output(reference, program, "loss", "expected/training_", "loss", 0);
	}
	if (!program) return;
	check_weights(reference, "after20/");
	void *first = checked(malloc(bytes));
	memcpy(first, reference->state, bytes);
	rewind_state(reference);
	for (int step = 0; step < STEPS; step++)
		if (program_run(reference, program, (uint64_t)step, 2)) break;
	check(reference, !memcmp(first, reference->state, bytes), "two threads give other bits than one");
	free(first);
}

static int file_has(const Reference *reference, const char *prefix)
{
	for (int i = 0; i < reference->file.count; i++)
		if (!strncmp(reference->file.entries[i].name, prefix, strlen(prefix))) return 1;
	return 0;
}

static void check_case(Reference *reference)
{
	const nn_program *initialize = program_of(reference, "initialize");
	if (!initialize || program_run(reference, initialize, 0, 1)) return;
	check_initial(reference);
	int carried = file_has(reference, "batch0/x"), turns = file_has(reference, "turn0/");
	if (!carried && !turns && !file_has(reference, "x")) return;
	set_weights(reference);
	if (reference->failed) return;
	if (turns) {
		check_turns(reference);
		return;
	}
	if (carried) {
		check_carried(reference);
		return;
	}
	check_inference(reference);
	if (file_has(reference, "expected/gradient/")) check_gradients(reference);
	if (file_has(reference, "after20/")) check_training(reference);
	rewind_state(reference);
	if (file_has(reference, "expected/dropout")) check_dropout(reference);
	if (file_has(reference, "expected/drawn")) check_drawn(reference);
}

int main(int argc, char **argv)
{
	const nn_model *model = &reference_model;
	int f64 = model->number_size == 8;
	Reference reference = {.model = model, .tolerance = f64 ? 1e-9 : 1e-5, .tolerance_after20 = f64 ? 1e-7 : 1e-3, .given = "", .rows = model->training.batch_size};
	char error[NN_ERROR];
	size_t bytes = (model->state_count*(size_t)model->number_size + NN_ALIGN - 1)/NN_ALIGN*NN_ALIGN;
	if (argc != 2) {
		fprintf(stderr, "usage: %s CASE.safetensors\n", argv[0]);
		return 2;
	}
	if (nn_safetensors_open(&reference.file, argv[1], error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	reference.state = checked(aligned_alloc(NN_ALIGN, bytes + NN_ALIGN));
	reference.start = checked(aligned_alloc(NN_ALIGN, bytes + NN_ALIGN));
	reference.work = checked(aligned_alloc(NN_ALIGN, (model->work_bytes + NN_ALIGN)/NN_ALIGN*NN_ALIGN));
	memset(reference.state, 0, bytes + NN_ALIGN);
	Expected rows = expected_read(&reference, "", "rows");
	if (rows.numbers) reference.rows = (int)rows.numbers[0];
	free(rows.numbers);
	check_case(&reference);
	printf("%-32s %s  %3d passed, %d failed\n", model->name, f64 ? "f64" : "f32", reference.passed, reference.failed);
	nn_safetensors_close(&reference.file);
	free(reference.state);
	free(reference.start);
	free(reference.work);
	return reference.failed != 0;
}
