/* making.h: pictures that a network makes of noise: its programs `noise` and `generate`. */
#ifndef NN_MAKING_H
#define NN_MAKING_H
#include "model.h"
#include "text.h"

enum { NN_NOISES = 8 }; /* that a picture is made of: fields of the program `noise` */

typedef struct nn_making {
	const nn_model *model;
	const nn_memory *memory;
	const nn_program *noise, *generate;
	const nn_field *image, *class; /* class NULL: it takes none */
	const nn_field *drawn[NN_NOISES], *taken[NN_NOISES]; /* of noise; the same of generate */
	int noise_count, batch, height, width, channels;
	uint64_t seed;
	int threads;
	int64_t step; /* whose noise is in `draws`; -1: none */
	double *draws[NN_NOISES], *rows[NN_NOISES]; /* batch rows each */
} nn_making;

/* What a picture is made of: the noise of number `from`, on its way to that of `to`. */
typedef struct nn_made {
	int64_t from, to;
	double share; /* 0: from */
	int class;
} nn_made;

int nn_can_make(const nn_model *model);
/* memory: where the state is. 0, or 1 (said); close in any case. What number n is depends on state, seed, class and n alone. */
int nn_making_open(nn_making *making, const nn_model *model, const nn_memory *memory, uint64_t seed, int threads);
void nn_making_close(nn_making *making);
/* How many classes there are to choose from, as `known` or else the spec has them; 0: none. names: NULL: they are called by their numbers */
int nn_making_classes(const nn_making *making, const nn_names *known, int known_count, const char *const **names);
/* At most `batch` pictures, one after the other: (height, width, channels) bytes each. 1: some number is not finite, and is black. */
int nn_make(nn_making *making, const nn_made *pictures, int count, uint8_t *pixels);

/* Pictures side by side, with lines of grey between them. 0, or 1: memory ran out. */
int nn_sheet_png(nn_text *png, const nn_making *making, const uint8_t *pixels, int count, int columns);

#endif
