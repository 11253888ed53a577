/* reference.h: a compiled model beside the numbers that Keras has for it. */
#ifndef REFERENCE_H
#define REFERENCE_H
#include "nn.h"
#include "safetensors.h"

/* One case. Numbers of the file are read as double, those of the model are in its own precision. */
typedef struct Reference {
	const nn_model *model;
	nn_safetensors file;
	void *state, *start, *work; /* start: the state before the first step */
	int rows; /* live rows of a batch */
	const char *given; /* what stands before x and y in the file: "", or "batch1/" */
	int passed, failed;
	double tolerance, tolerance_after20;
} Reference;

/* A tensor of the case's file. numbers: NULL when the file has none of that name. */
typedef struct Expected {
	double *numbers;
	size_t count;
} Expected;

/* prefix may be "". Freed by the caller: free(expected.numbers). */
Expected expected_read(const Reference *reference, const char *prefix, const char *name);
/* Numbers of the model's precision as double; freed by the caller. */
double *numbers_read(const Reference *reference, const void *numbers, size_t first, size_t count);

/* Feeds x and y, runs the program on a work area full of NaN with the case's live rows; the other rows are NaN. 0 or 1. */
int program_run(Reference *reference, const nn_program *program, uint64_t step, int threads);
/* Numbers of an output, its live rows; *count 0 and NULL when the program has no such output. Freed by the caller. */
double *output_read(const Reference *reference, const nn_program *program, const char *name, size_t *count);

/* Counts a check; a failing one prints a line. */
void check(Reference *reference, int good, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ||actual - expected|| over the norm of expected, or over the largest of its kind where that is next to 0. */
void compare(Reference *reference, const char *what, const double *actual, size_t count, Expected expected, double tolerance, double largest);
double largest_norm(const Reference *reference, const char *prefix); /* of the file's tensors of names that begin so */
/* Compares an output with the file's tensor, where there is one. */
void check_output(Reference *reference, const nn_program *program, const char *output, const char *prefix, const char *name, double largest);
void check_weights(Reference *reference, const char *prefix); /* the state after training with the file's tensors */
void rewind_state(Reference *reference); /* to the file's weights, before the first step */

/* carried.c: states that are carried from batch to batch */
void check_carried(Reference *reference);

/* turns.c: steps of several networks in turn */
void check_turns(Reference *reference);

/* draws.c: what is compared by its distribution */
void check_initial(Reference *reference);
void check_dropout(Reference *reference);
void check_drawn(Reference *reference);

#endif
