/* generate.h: the command `generate`: what a network makes by itself. A kind of thing that is made is a row of the table in
 * generate.c, and a file. */
#ifndef NN_GENERATE_H
#define NN_GENERATE_H
#include "nn.h"
#include "sampling.h"

typedef struct nn_generate_options {
	const char *weights, *output; /* output NULL: standard output */
	int count; /* texts, pictures, or ways from one noise to another; 0: as the kind has it */
	uint64_t seed;
	int threads;
	/* texts */
	const char *prompt, *stop; /* NULL: none; stop: "\\n" is an end of line */
	int length; /* tokens at most, beside the prompt */
	nn_sampling sampling;
	/* pictures */
	const char *class; /* NULL: all in turn */
	int rows, columns; /* of a sheet; 0: a square, about */
	int interpolate; /* pictures of each way; 0: no ways */
} nn_generate_options;

typedef struct nn_generator {
	const char *things; /* "texts" */
	int (*can)(const nn_model *model);
	int (*run)(const nn_model *model, const nn_generate_options *options); /* the exit code */
} nn_generator;

/* What the network makes; NULL: nothing. */
const nn_generator *nn_generator_of(const nn_model *model);

int nn_can_write(const nn_model *model);
/* Writes each text with its prompt before it: a line a text where texts end by a line's end, else with a line between them.
 * What text number i is depends on weights, prompt, sampling, seed and i alone. */
int nn_generate_texts(const nn_model *model, const nn_generate_options *options);
/* Writes a sheet of pictures (output ends with .png), or each into a folder, where there are classes into one of its class's name. What
 * picture number i is depends on weights, class, seed and i alone. */
int nn_generate_pictures(const nn_model *model, const nn_generate_options *options);

#endif
