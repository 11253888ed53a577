/* train.h: the command `train`. */
#ifndef NN_TRAIN_H
#define NN_TRAIN_H
#include "nn.h"

typedef struct nn_train_options {
	const char *train, *validation, *test; /* NULL: what the spec says */
	const char *init;                      /* a checkpoint to begin with */
	const char *out;                       /* the run folder; NULL: runs/NAME */
	int epochs, steps_per_epoch;           /* 0: what the spec says */
	int no_shuffle, resume, quiet, threads;
	int has_seed;
	uint64_t seed;
} nn_train_options;

/* Trains, writes the run folder. Returns the exit code: 0, 1, or 130 after SIGINT or SIGTERM. */
int nn_train(const nn_model *model, const nn_train_options *options);

#endif
