/* plan.h: a program's graph -> steps in an order, a kernel for each, and the place in memory of everything. */
#ifndef PLAN_H
#define PLAN_H
#include "kernels/kernel.h"

/* The whole plan. Variables must have their offsets. NULL after an error (a node that no kernel covers is our bug: aborts). */
Plan *plan_make(Context *context, Program *program, const Target *target);

/* --- its parts, in this order --- */
void plan_lower(Context *context, Program *program); /* paddings of windows that contractions read become nodes of their own;
                                                        every root gets a node of its own */
void plan_cover(Plan *plan); /* which nodes are computed together, which are stored */
void plan_index(Plan *plan, Node **roots, int root_count); /* order of nodes, empty tables by node */
/* plan_scan.c: the plan of a scan's body, but for the places that depend on the plan around, which plan_scan_places gives. */
void plan_scan(Plan *plan, Step *step);
void plan_scan_places(Plan *plan);
/* plan_rows.c: may rows of the batch go through all steps apart from each other? In how many shares, for so much work? */
bool plan_rows_apart(Arena *arena, const Body *body);
int64_t plan_shares(const Plan *plan, double nanoseconds);
int64_t row_numbers(const Shape *shape); /* from one row of the batch to the next; 0: the batch is no axis of it */
bool plan_order(Plan *plan); /* the order of steps; false: writing variables in place leaves no order */
void plan_memory(Plan *plan); /* offsets in the work area */
size_t plan_bytes(const Plan *plan, const Node *node); /* of a stored value; in memory of a share's own: of its rows */
size_t plan_rounded(size_t bytes); /* the room that a buffer of so many bytes has there */

/* First and last step at which a stored value's memory is taken; inputs and outputs are taken throughout. */
typedef struct Lifetime {
	int first, last;
} Lifetime;
/* One piece of the work area: a stored value, or the scratch of a step. */
typedef struct Buffer {
	const Node *node; /* or NULL */
	const Step *step; /* whose scratch, or NULL */
	size_t offset, bytes;
	Lifetime life;
} Buffer; /* of a body: its own, not what lies in the plans around */
/* All pieces of the work area, for the checker and the listings. */
Buffer *plan_buffers(const Plan *plan, int *count);

#endif
