/* generate.h: the command `generate`: texts that a network writes which predicts the next token. */
#ifndef NN_GENERATE_H
#define NN_GENERATE_H
#include "nn.h"
#include "sampling.h"

typedef struct nn_generate_options {
	const char *weights, *output; /* output NULL: standard output */
	const char *prompt, *stop; /* NULL: none; stop: "\\n" is an end of line */
	int length; /* tokens at most, beside the prompt */
	int count; /* texts */
	nn_sampling sampling;
	uint64_t seed;
	int threads;
} nn_generate_options;

/* Writes each text with its prompt before it: a line a text where texts end by a line's end, else with a line between them.
 * What text number i is depends on weights, prompt, sampling, seed and i alone. Returns the exit code. */
int nn_generate(const nn_model *model, const nn_generate_options *options);

#endif
