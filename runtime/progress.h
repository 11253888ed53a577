/* progress.h: Keras's progress line on a terminal, a line an epoch otherwise, nothing when quiet. */
#ifndef NN_PROGRESS_H
#define NN_PROGRESS_H
#include <stdint.h>
#include <stdio.h>
#include "text.h"

typedef struct nn_progress {
	FILE *file;
	int quiet, terminal, colour, utf8;
	int epoch, epochs;         /* counted from 1 */
	int64_t steps, first_step; /* of the epoch; the step it began with (not 0 when resumed) */
	int64_t rows;              /* samples seen since it began */
	double begun, drawn,
	        ended; /* seconds of a steady clock; drawn: when the line was last written; ended: of the steps */
} nn_progress;

/* Terminal, colour (NO_COLOR), and encoding are found from file and environment. */
void nn_progress_open(nn_progress *progress, FILE *file, int quiet);
/* Begins an epoch: "Epoch 1/10". */
void nn_progress_epoch(nn_progress *progress, int epoch, int epochs, int64_t first_step, int64_t steps);
/* After `step` steps of the epoch and so many more rows; redraws at most every 50 ms. names (count), values (count):
 * NAN is left out */
void nn_progress_step(nn_progress *progress, int64_t step, int rows, const char (*names)[64], const double *values,
                      int count);
/* Is it time to redraw? (so that the caller need not compute values in vain) */
int nn_progress_due(const nn_progress *progress);
/* The epoch's line for good, with all its logs. */
void nn_progress_done(nn_progress *progress, int64_t step, const char (*names)[64], const double *values, int count);
/* Leaves the line that was drawn, so that a message stands below it. */
void nn_progress_break(nn_progress *progress);
double nn_seconds(void);

/* One line as it is drawn, without colour codes, into a text of at most `width` characters: for tests and other
 * programs. */
typedef struct nn_progress_line {
	int64_t step, steps;
	double seconds, rate; /* since the epoch began; samples a second */
	double step_seconds;
	int final, width, colour, utf8;
} nn_progress_line;
void nn_progress_text(nn_text *text, const nn_progress_line *line, const char (*names)[64], const double *values,
                      int count);

#endif
