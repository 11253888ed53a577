/* nest.h: loops over the places of a shape, and their text. */
#ifndef NEST_H
#define NEST_H
#include "kernel.h"

enum { MAX_LOOPS = MAX_RANK + 4 };

typedef struct Loop {
	Dim extent;
	int var; /* in the scope; -1: a single place, no loop */
} Loop;

/* The loops over a shape, outermost first; at[axis] receives the index of each axis. Axes of one place have no loop. */
typedef struct Nest {
	Loop loop[MAX_LOOPS];
	int count;
} Nest;

Nest nest_over(Scope *scope, const Shape *shape, unsigned axes, Index *at); /* axes: a bit for each axis to loop over */
/* The shape with as few axes as the values of the step allow: neighbours are joined while indexes stay affine. */
Shape nest_joined(const Plan *plan, const Step *step);
enum { NEST_PARALLEL = 1, NEST_SIMD = 2 };
/* Opens the loops; the outermost over threads, the innermost over vectors, as asked. */
void nest_open(CWriter *out, Scope *scope, const Nest *nest, int how);
void nest_close(CWriter *out, const Nest *nest);
/* All places of a contraction: the axes of its result, then the summed ones (a bit each in *summed); its product at a place. */
Shape contract_domain(const Node *contract, unsigned *summed);
const char *contract_value(Scope *scope, const Node *contract, const Index *at);
/* A single `for` line */
void nest_for(CWriter *out, const char *var, const char *from, const char *to);

#endif
