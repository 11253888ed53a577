/* grad.h: reverse mode on the graph. */
#ifndef GRAD_H
#define GRAD_H
#include "ops/ops.h"

/* d y / d wanted[i] as nodes of the same graph, made of the same primitives, so that they can be differentiated again. y is a
 * scalar, or its elements are summed. gradients[i] is NULL where y does not depend on wanted[i]. New nodes carry
 * PHASE_GRADIENT, and the place and layer of the node whose gradient they are. */
void grad_make(Graph *graph, Node *y, Node **wanted, int count, Node **gradients);

/* The gradient of Σ seeds[i]·ys[i]: what each y's readers outside give it. */
void grad_seeded(Graph *graph, Node **ys, Node **seeds, int y_count, Node **wanted, int count, Node **gradients);

/* grad_scan.c: gradients[i], that of the scan's argument i where wanted[i], given gs[k], the gradient of its result results[k]. */
void grad_scan(Graph *graph, Node *scan, Node **results, Node **gs, int count, const bool *wanted, Node **gradients);

#endif
