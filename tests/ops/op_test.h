/* op_test.h: what the op tests share: values for the inputs of a case, evaluation, comparison. */
#ifndef OP_TEST_H
#define OP_TEST_H
#include "grad.h"
#include "pass.h"

enum { TEST_BATCH = 4 };

/* Inputs and variables by name or path; made with op_case_fill when first asked for. */
typedef struct Inputs {
	Arena *arena;
	const Graph *graph;
	const char *names[64];
	Tensor tensors[64];
	int count;
	int64_t rows;
} Inputs;

Tensor *inputs_find(Inputs *inputs, const Node *input);
/* Fills every input of the graph; the feed reads them. */
Feed inputs_feed(Inputs *inputs, Arena *arena, Graph *graph, int64_t rows);
/* One number: the value of a scalar node. */
double evaluate_scalar(Inputs *inputs, const Feed *feed, Node *node);
/* sum(x * weights), weights being an input "weights.." of x's shape that depends on tag: a scalar that sees every place. */
Node *weighted_sum(Graph *graph, Node *x, const char *tag);
/* the largest |a - b| / max(1, |a|, |b|); NAN meets NAN, equal infinities are equal */
double largest_difference(const Tensor *a, const Tensor *b);

#endif
