/* Input: a model, and the same spec compiled in double precision with its gradients. Output: a table of what was
 * checked, PASS or FAIL. Invariant: everything runs on random inputs that both precisions hold exactly; no data is
 * opened. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "model.h"

enum { STEPS = 3, THREAD_COUNTS = 3, ELEMENTS = 4, GRADIENT_ROWS = 4 };
static const double forward_limit = 1e-4, slot_limit = 5e-3, weight_limit = 1e-2, gradient_limit = 1e-4,
                    noise_share = 1e-5;

typedef struct Selftest {
	const nn_model *model, *reference;
	nn_memory memory, other, exact; /* model, model again, reference */
	int threads, checks, failures;
} Selftest;

static void check(Selftest *test, const char *what, const char *name, double value, double limit) {
	int ok = value <= limit; /* not if NAN */
	printf("%-4s  %-28s %-32s %10.3g   (at most %.0e)\n", ok ? "ok" : "BAD", what, name, value, limit);
	test->checks++, test->failures += !ok;
}

/* ||a - b|| / ||b||, over count numbers of two models' precisions */
static double distance(const nn_model *a_model, const void *a, const nn_model *b_model, const void *b, size_t count) {
	double difference = 0, norm = 0;
	for (size_t i = 0; i < count; i++) {
		double x = nn_number(a_model, a, i), y = nn_number(b_model, b, i);
		difference += (x - y) * (x - y), norm += y * y;
	}
	return difference == 0 ? 0 : sqrt(difference) / (sqrt(norm) + 1e-12);
}

static const char *place(const nn_model *model, const nn_memory *memory, const nn_tensor *tensor) {
	return (const char *)memory->state + tensor->offset * (size_t)model->number_size;
}

/* So many training steps from the start, each on other inputs. */
static void train(const nn_model *model, const nn_memory *memory, int steps, int threads) {
	nn_model_initialize(model, memory, model->seed, threads);
	for (int step = 0; step < steps; step++)
		for (int i = 0; i < model->program_count; i++) {
			const nn_program *program = &model->programs[i];
			if (!nn_program_trains(program)) continue;
			int rows = step == steps - 1 && program->batch > 1 ? program->batch - 1 : program->batch;
			nn_call call = {.rows = rows, .threads = threads, .seed = model->seed, .step = (uint64_t)step};
			nn_random_inputs(model, program, memory->work, (uint64_t)step + 1);
			program->run(memory->state, memory->work, &call);
		}
}

static void check_threads(Selftest *test) {
	char name[32];
	train(test->model, &test->memory, STEPS, 1);
	for (int threads = 2; threads <= THREAD_COUNTS; threads++) {
		train(test->model, &test->other, STEPS, threads);
		snprintf(name, sizeof name, "%d against 1", threads);
		check(test, "threads: other bits", name,
		      memcmp(test->memory.state, test->other.state, test->memory.state_bytes) != 0, 0);
	}
}

/* Fills the rows of the inputs that are not alive. */
static void fill_dead_rows(const nn_model *model, const nn_program *program, void *work, int rows, double value) {
	for (int i = 0; i < program->input_count; i++) {
		const nn_field *field = &program->inputs[i];
		size_t live = (size_t)rows * field->count, all = (size_t)program->batch * field->count;
		for (size_t k = live; field->per_row && k < all; k++)
			nn_number_set(model, (char *)work + field->offset, k, value);
	}
}

static void run_rows(const nn_model *model, const nn_program *program, const nn_memory *memory, int rows, int threads,
                     double dead) {
	nn_call call = {.rows = rows, .threads = threads, .seed = model->seed};
	nn_model_reset(model, memory, threads);
	nn_random_inputs(model, program, memory->work, 5);
	fill_dead_rows(model, program, memory->work, rows, dead);
	program->run(memory->state, memory->work, &call);
}

/* The first rows of an output, in both work areas. */
static void check_rows(Selftest *test, const nn_program *evaluate, const char *output, int rows) {
	const nn_model *model = test->model;
	const nn_field *y = nn_output_find(evaluate, output);
	char name[64];
	if (!y) return;
	snprintf(name, sizeof name, "evaluate, %d of %d", rows, evaluate->batch);
	check(test, "short batch", name,
	      distance(model, (char *)test->other.work + y->offset, model, (char *)test->memory.work + y->offset,
	               (size_t)rows * y->count),
	      forward_limit);
}

/* A short batch of evaluation gives the rows of a full one; what lies in dead rows changes no bit of a training step.
 */
static void check_short_batches(Selftest *test) {
	const nn_model *model = test->model;
	const nn_program *evaluate = nn_program_find(model, "evaluate");
	for (int rows = 1; evaluate && rows < evaluate->batch; rows = rows * 3 + 1) {
		run_rows(model, evaluate, &test->memory, evaluate->batch, test->threads, 0);
		run_rows(model, evaluate, &test->other, rows, test->threads, NAN);
		for (int i = 0; i < model->output_count; i++) check_rows(test, evaluate, model->outputs[i].name, rows);
	}
	for (int i = 0; i < model->program_count; i++) {
		const nn_program *program = &model->programs[i];
		if (!nn_program_trains(program) || program->batch < 2) continue;
		nn_model_initialize(model, &test->memory, model->seed, test->threads);
		nn_model_initialize(model, &test->other, model->seed, test->threads);
		run_rows(model, program, &test->memory, program->batch / 2, test->threads, 0);
		run_rows(model, program, &test->other, program->batch / 2, test->threads, NAN);
		check(test, "dead rows: other bits", program->name,
		      memcmp(test->memory.state, test->other.state, test->memory.state_bytes) != 0, 0);
	}
}

/* The reference's state from the model's, by name. */
static void copy_state(Selftest *test) {
	memset(test->exact.state, 0, test->exact.state_bytes);
	for (int i = 0; i < test->reference->tensor_count; i++) {
		const nn_tensor *to = &test->reference->tensors[i], *from = nn_tensor_find(test->model, to->name);
		for (size_t k = 0; from && from->count == to->count && k < to->count; k++)
			nn_number_set(test->reference, test->exact.state, to->offset + k,
			              nn_number(test->model, test->memory.state, from->offset + k));
	}
}

/* The program of the reference that gives out the gradients of one that trains: "gradients.D" of "train.D". NULL: none */
static const nn_program *gradients_of(const Selftest *test, const nn_program *trains) {
	char name[64];
	snprintf(name, sizeof name, "gradients%.40s", trains->name + strlen("train"));
	return test->reference->number_size == 8 ? nn_program_find(test->reference, name) : NULL;
}

/* The gradient of every number of the reference's state, at the start; all 0 if it has no program for that. */
static double *start_gradients(Selftest *test, const nn_program *trains) {
	const nn_model *reference = test->reference;
	const nn_program *program = gradients_of(test, trains);
	double *gradients = calloc(reference->state_count + 1, sizeof *gradients);
	if (!program || !gradients) return gradients;
	copy_state(test);
	run_rows(reference, program, &test->exact, program->batch, test->threads, 0);
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *field = &program->outputs[i];
		const nn_tensor *tensor =
		        !strncmp(field->name, "gradient ", 9) ? nn_tensor_find(reference, field->name + 9) : NULL;
		if (tensor && field->count == tensor->count)
			memcpy(gradients + tensor->offset, (char *)test->exact.work + field->offset,
			       sizeof *gradients * field->count);
	}
	return gradients;
}

/* train/dense/kernel/m -> dense/kernel; a weight itself; NULL: of no weight's shape */
static const nn_tensor *weight_of(const Selftest *test, const nn_tensor *tensor) {
	const char *from = strchr(tensor->name, '/'), *to = strrchr(tensor->name, '/');
	for (int i = 0; tensor->role == NN_SLOT && from < to && i < test->reference->tensor_count; i++) {
		const nn_tensor *weight = &test->reference->tensors[i];
		size_t length = strlen(weight->name);
		if (length == (size_t)(to - from - 1) && !memcmp(weight->name, from + 1, length) && weight->count == tensor->count)
			return weight;
	}
	return tensor->role == NN_WEIGHT ? tensor : NULL;
}

/* Weights or their slots after a step, but for those whose gradient is rounding noise beside the others: a step of Adam is as
 * long for noise as for a gradient (a bias before a batch normalisation has no gradient but noise). */
static double weight_distance(Selftest *test, const nn_tensor *a, const nn_tensor *b, const nn_tensor *weight,
                              const double *gradients) {
	double difference = 0, norm = 0, largest = 0;
	for (size_t i = 0; i < test->reference->state_count; i++) largest = fmax(largest, fabs(gradients[i]));
	for (size_t i = 0; i < b->count; i++) {
		double x = nn_number(test->model, test->memory.state, a->offset + i),
		       y = nn_number(test->reference, test->exact.state, b->offset + i);
		int noise = fabs(gradients[weight->offset + i]) < noise_share * largest;
		if (!noise) difference += (x - y) * (x - y);
		norm += y * y;
	}
	return difference == 0 ? 0 : sqrt(difference) / (sqrt(norm) + 1e-12);
}

/* One program in both precisions from the same state: its outputs. */
static void check_outputs(Selftest *test, const nn_program *program) {
	const nn_program *exact = nn_program_find(test->reference, program->name);
	if (!exact || exact->output_count != program->output_count) return;
	run_rows(test->model, program, &test->memory, program->batch, test->threads, 0);
	run_rows(test->reference, exact, &test->exact, exact->batch, test->threads, 0);
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *a = &program->outputs[i], *b = nn_output_find(exact, a->name);
		char name[96];
		if (!b || a->count != b->count) continue;
		snprintf(name, sizeof name, "%.40s, %.40s", program->name, a->name);
		check(test, "f32 against f64", name,
		      distance(test->model, (char *)test->memory.work + a->offset, test->reference,
		               (char *)test->exact.work + b->offset,
		               a->count * (a->per_row ? (size_t)program->batch : 1)),
		      forward_limit);
	}
}

/* What a training step has left behind in both precisions. */
static void check_step(Selftest *test, const double *gradients) {
	for (int k = 0; k < test->reference->tensor_count; k++) {
		const nn_tensor *b = &test->reference->tensors[k], *a = nn_tensor_find(test->model, b->name);
		if (!a || a->count != b->count || b->role == NN_SCALAR || b->role == NN_FITTED) continue;
		const nn_tensor *weight = weight_of(test, b);
		double found = weight ? weight_distance(test, a, b, weight, gradients)
		                      : distance(test->model, place(test->model, &test->memory, a), test->reference,
		                                 place(test->reference, &test->exact, b), b->count);
		check(test, "f32 against f64 after a step", b->name, found, b->role == NN_SLOT ? slot_limit : weight_limit);
	}
}

static void check_precision(Selftest *test) {
	for (int i = 0; i < test->model->program_count; i++) {
		const nn_program *program = &test->model->programs[i];
		if (!strcmp(program->name, "initialize")) continue;
		nn_model_initialize(test->model, &test->memory, test->model->seed, test->threads);
		double *gradients = nn_program_trains(program) ? start_gradients(test, program) : NULL;
		copy_state(test);
		check_outputs(test, program);
		if (gradients) check_step(test, gradients);
		free(gradients);
	}
}

/* The loss of the reference with one number of the state moved; statistics are put back. */
static double loss_at(Selftest *test, const nn_program *program, const double *kept, size_t index, double value) {
	double *state = test->exact.state, before = state[index];
	nn_call call = {.rows = program->batch < GRADIENT_ROWS ? program->batch : GRADIENT_ROWS,
	                .threads = test->threads,
	                .seed = test->reference->seed};
	state[index] = value;
	nn_random_inputs(test->reference, program, test->exact.work, 9);
	program->run(state, test->exact.work, &call);
	state[index] = before;
	for (int i = 0; kept && i < test->reference->tensor_count; i++) {
		const nn_tensor *tensor = &test->reference->tensors[i];
		if (tensor->role == NN_STATE || tensor->role == NN_CARRIED)
			memcpy(state + tensor->offset, kept + tensor->offset, sizeof *state * tensor->count);
	}
	return nn_output_number(test->reference, program, test->exact.work, "loss");
}

/* The gradient of one number by central differences; of three widths the one that is nearest, as kinks may lie within
 * one. */
static double difference_at(Selftest *test, const nn_program *program, const double *kept, size_t index,
                            double gradient) {
	double value = ((double *)test->exact.state)[index], best = NAN;
	for (double width = 1e-5; width > 5e-8; width /= 10) {
		double step = width * fmax(1, fabs(value));
		double above = loss_at(test, program, kept, index, value + step),
		       below = loss_at(test, program, kept, index, value - step);
		double found = (above - below) / (2 * step);
		if (!(fabs(best - gradient) <= fabs(found - gradient))) best = found;
	}
	return best;
}

/* Elements to look at: the one with the largest gradient, the others spread over the tensor. */
static size_t pick(const double *gradient, size_t count, int number) {
	size_t largest = 0;
	for (size_t i = 0; i < count; i++)
		if (fabs(gradient[i]) > fabs(gradient[largest])) largest = i;
	return number == 0 ? largest : (count * (size_t)number / ELEMENTS + largest) % count;
}

static void check_gradient(Selftest *test, const nn_program *program, const double *kept, const nn_tensor *tensor,
                           const nn_field *field) {
	const double *gradient = (const double *)((const char *)test->exact.work + field->offset);
	size_t chosen[ELEMENTS];
	double values[ELEMENTS], difference = 0, norm = 0;
	for (int i = 0; i < ELEMENTS; i++) chosen[i] = pick(gradient, field->count, i), values[i] = gradient[chosen[i]];
	for (int i = 0; i < ELEMENTS; i++) {
		double found = difference_at(test, program, kept, tensor->offset + chosen[i], values[i]);
		difference += (found - values[i]) * (found - values[i]), norm += values[i] * values[i];
	}
	check(test, "gradient by differences", tensor->name, sqrt(difference) / (sqrt(norm) + 1e-6), gradient_limit);
}

/* Biases and slopes begin at 0, where what they alone reach stands on the kink of a relu: there differences say nothing. */
static void leave_kinks(const nn_model *model, double *state) {
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		for (size_t k = 0; tensor->role == NN_WEIGHT && k < tensor->count; k++)
			state[tensor->offset + k] += 1e-3 * (double)(1 + k % 7);
	}
}

static void check_gradients(Selftest *test, const nn_program *program) {
	nn_model_initialize(test->reference, &test->exact, test->reference->seed, test->threads);
	leave_kinks(test->reference, test->exact.state);
	double *kept = malloc(test->exact.state_bytes);
	if (kept) memcpy(kept, test->exact.state, test->exact.state_bytes);
	for (int i = 0; kept && i < program->output_count; i++) {
		const nn_field *field = &program->outputs[i];
		const nn_tensor *tensor =
		        !strncmp(field->name, "gradient ", 9) ? nn_tensor_find(test->reference, field->name + 9) : NULL;
		if (!tensor || field->count != tensor->count || !field->count) continue;
		loss_at(test, program, kept, tensor->offset, ((double *)test->exact.state)[tensor->offset]);
		check_gradient(test, program, kept, tensor, field);
	}
	free(kept);
}

static void check_all_gradients(Selftest *test) {
	for (int i = 0; i < test->model->program_count; i++) {
		const nn_program *trains = &test->model->programs[i];
		const nn_program *program = nn_program_trains(trains) ? gradients_of(test, trains) : NULL;
		if (program) check_gradients(test, program);
	}
}

static int open_memory(Selftest *test) {
	const nn_model *model = test->model, *reference = test->reference;
	return nn_memory_open(&test->memory, model, model->state_count, model->work_bytes) ||
	       nn_memory_open(&test->other, model, model->state_count, model->work_bytes) ||
	       (reference && nn_memory_open(&test->exact, reference, reference->state_count, reference->work_bytes));
}

int nn_selftest(const nn_model *model, const nn_model *reference, int threads) {
	Selftest test = {.model = model, .reference = reference, .threads = threads};
	int failed = open_memory(&test);
	if (!failed) {
		check_threads(&test);
		check_short_batches(&test);
		if (reference)
			check_precision(&test), check_all_gradients(&test);
		else
			nn_note("without a double-precision build, gradients were not checked");
		printf("%s: %d of %d checks passed\n", test.failures ? "FAIL" : "PASS", test.checks - test.failures,
		       test.checks);
		fflush(stdout);
		failed = test.failures > 0;
	}
	nn_memory_close(&test.memory);
	nn_memory_close(&test.other);
	nn_memory_close(&test.exact);
	return failed;
}
