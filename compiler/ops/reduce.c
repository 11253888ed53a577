/* reduce.c: sum over axes, amax and argmax over one; the axes stay, with size 1. Invariant: of equal maxima the first place
 * counts, in argmax and in the gradient of amax (as Keras for max pooling). */
#include <math.h>
#include "ops.h"

static bool shape_reduce(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	const Shape *x = &args[0]->shape;
	if (at->axes >> x->rank) {
		diag_error(graph->context, graph->place, "axes count from 0, or from -1 at the end",
			"%s has no such axis to go over", shape_text(graph->context->arena, x));
		return false;
	}
	*shape = *x;
	for (int i = 0; i < x->rank; i++)
		if (at->axes >> i & 1) shape->dim[i] = (Dim){1, 0};
	return true;
}

static bool shape_reduce_one(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	if (at->axes == 0 || (at->axes & (at->axes - 1))) {
		diag_error(graph->context, graph->place,
			"give one axis, as in amax(x, -1); reshape several into one before",
			"a maximum goes over one axis");
		return false;
	}
	return shape_reduce(graph, args, arg_count, at, shape);
}

/* --- values */

/* Where a place of the argument goes in the result: 0 on the axes gone over. */
static int64_t reduced_place(const Node *node, const Tensor *result, const int64_t *place)
{
	int64_t own[MAX_RANK];
	for (int i = 0; i < result->shape.rank; i++) own[i] = node->at.axes >> i & 1 ? 0 : place[i];
	return place_flat(&result->shape, own);
}

static void evaluate_sum(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, flat = 0;
	do result->data[reduced_place(node, result, place)] += args[0].data[flat++];
	while (place_next(&args[0].shape, place));
}

static void evaluate_amax(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, flat = 0, count = shape_count(&result->shape);
	for (int64_t i = 0; i < count; i++) result->data[i] = -INFINITY;
	do {
		double *best = &result->data[reduced_place(node, result, place)], x = args[0].data[flat++];
		if (x > *best) *best = x;
	} while (place_next(&args[0].shape, place));
}

static void evaluate_argmax(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, flat = 0;
	int axis = __builtin_ctz(node->at.axes);
	do { /* along the axis places come in order, and only a greater one replaces the first */
		int64_t best_place[MAX_RANK];
		double *best = &result->data[reduced_place(node, result, place)];
		for (int i = 0; i < args[0].shape.rank; i++) best_place[i] = place[i];
		best_place[axis] = (int64_t)*best;
		if (args[0].data[flat++] > args[0].data[place_flat(&args[0].shape, best_place)])
			*best = (double)place[axis];
	} while (place_next(&args[0].shape, place));
}

/* --- gradients */

static void gradient_sum(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_broadcast(graph, g, node->args[0]->shape);
}

static void gradient_amax(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	Node *x = node->args[0], *place = make_places(graph, &x->shape, __builtin_ctz(node->at.axes));
	Node *first = make_reduce(graph, &op_argmax, x, node->at.axes);
	gradients[0] = make_binary(graph, &op_mul, make_binary(graph, &op_equal, place, first), g);
}

const Op op_sum = {.name = "sum", .kind = OP_REDUCE, .arity = 1, .shape = shape_reduce,
	.gradient = gradient_sum, .evaluate = evaluate_sum};
const Op op_amax = {.name = "amax", .kind = OP_REDUCE, .arity = 1, .shape = shape_reduce_one,
	.gradient = gradient_amax, .evaluate = evaluate_amax};
const Op op_argmax = {.name = "argmax", .kind = OP_REDUCE, .arity = 1, .shape = shape_reduce_one,
	.evaluate = evaluate_argmax};

Node *make_reduce(Graph *graph, const Op *op, Node *x, unsigned axes)
{
	if (op == &op_sum && !axes) return x;
	Attributes at = {.axes = axes};
	return make_node(graph, op, &x, 1, &at, (Shape){0});
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }
static Node *sum(Graph *graph, Node *x, unsigned axes) { return make_reduce(graph, &op_sum, x, axes); }

#define REDUCE(id, op, name, shape, axes) \
	static Node *case_##id(Graph *graph) { return make_reduce(graph, &op, in(graph, name, shape), axes); }
REDUCE(sum_last, op_sum, "a", "N 17", 2)
REDUCE(sum_batch, op_sum, "a", "N 15", 1)
REDUCE(sum_all, op_sum, "a", "N 3 5", 7)
REDUCE(sum_bias, op_sum, "a", "N 3 5 33", 7)
REDUCE(sum_middle, op_sum, "a", "N 7 3", 2)
REDUCE(sum_outer, op_sum, "a", "N 4 4 3", 9)
REDUCE(sum_plain, op_sum, "a", "15 33", 1)
REDUCE(sum_of_one, op_sum, "a", "N 1 3", 2)
REDUCE(sum_twice_batch, op_sum, "a", "2N 3", 1)
REDUCE(amax_last, op_amax, "a", "N 17", 2)
REDUCE(amax_middle, op_amax, "a", "N 7 3", 2)
REDUCE(amax_batch, op_amax, "a", "N 3", 1)
REDUCE(amax_one, op_amax, "a", "N 1", 2)
REDUCE(amax_plain, op_amax, "a", "33 3", 1)
REDUCE(amax_ties, op_amax, "a_ties", "N 15", 2)
REDUCE(argmax_last, op_argmax, "a", "N 33", 2)
REDUCE(argmax_middle, op_argmax, "a", "N 7 3", 2)
REDUCE(argmax_ties, op_argmax, "a_ties", "N 15", 2)
#undef REDUCE

/* the first of equal maxima gets the gradient: written with the gradient's own nodes, since differences see a kink */
static Node *case_amax_ties_gradient(Graph *graph)
{
	Node *a = in(graph, "a_ties", "N 15"), *first = make_reduce(graph, &op_argmax, a, 2);
	return make_binary(graph, &op_mul, make_binary(graph, &op_equal, make_places(graph, &a->shape, 1), first),
		in(graph, "b", "N 1"));
}

/* rows: softmax, log-softmax, cross-entropy, layer normalisation */
static Node *softmax(Graph *graph, Node *x, unsigned axis)
{
	Node *e = make_unary(graph, &op_exp,
		make_binary(graph, &op_sub, x, make_stop(graph, make_reduce(graph, &op_amax, x, axis))));
	return make_binary(graph, &op_div, e, sum(graph, e, axis));
}
static Node *case_softmax(Graph *graph) { return softmax(graph, in(graph, "a", "N 17"), 2); }
static Node *case_softmax_one(Graph *graph) { return softmax(graph, in(graph, "a", "N 1"), 2); }
static Node *case_softmax_middle(Graph *graph) { return softmax(graph, in(graph, "a", "N 5 3"), 2); }
static Node *case_softmax_plain(Graph *graph) { return softmax(graph, in(graph, "a", "3 33"), 2); }

/* -sum(onehot * log p) with logits x (N, K) and classes (N) */
static Node *cross_entropy(Graph *graph, Node *x, Node *index)
{
	Node *top = make_stop(graph, make_reduce(graph, &op_amax, x, 2)), *low = make_binary(graph, &op_sub, x, top);
	Node *log_sum = make_unary(graph, &op_log, sum(graph, make_unary(graph, &op_exp, low), 2));
	Shape column = index->shape;
	column.dim[column.rank++] = (Dim){1, 0};
	Node *onehot = make_binary(
		graph, &op_equal, make_reshape(graph, index, column), make_iota(graph, x->shape.dim[1].size));
	return make_unary(graph, &op_neg,
		sum(graph, make_binary(graph, &op_mul, onehot, make_binary(graph, &op_sub, low, log_sum)), 2));
}
static Node *case_cross_entropy(Graph *graph)
{
	return cross_entropy(graph, in(graph, "a", "N 10"), in(graph, "b_index10", "N"));
}
static Node *case_cross_entropy_mean(Graph *graph)
{
	Node *each = cross_entropy(graph, in(graph, "a", "N 3"), in(graph, "b_index3", "N"));
	return make_binary(graph, &op_div, sum(graph, each, 3), make_rows(graph));
}

static Node *mean(Graph *graph, Node *x, unsigned axes, Node *count)
{
	return make_binary(graph, &op_div, sum(graph, x, axes), count);
}
static Node *normalised(Graph *graph, Node *x, unsigned axes, Node *count)
{
	Node *deviation = make_binary(graph, &op_sub, x, mean(graph, x, axes, count));
	Node *variance = mean(graph, make_binary(graph, &op_mul, deviation, deviation), axes, count);
	Node *spread = make_unary(graph, &op_sqrt, make_binary(graph, &op_add, variance, make_const(graph, 1e-3)));
	return make_binary(graph, &op_div, deviation, spread);
}
static Node *scaled(Graph *graph, Node *x, const char *channels)
{
	return make_binary(
		graph, &op_add, make_binary(graph, &op_mul, x, in(graph, "b", channels)), in(graph, "c", channels));
}
static Node *case_layer_norm(Graph *graph)
{
	return scaled(graph, normalised(graph, in(graph, "a", "N 17"), 2, make_const(graph, 17)), "17");
}
static Node *case_batch_norm(Graph *graph)
{
	Node *count = make_binary(graph, &op_mul, make_rows(graph), make_const(graph, 9));
	return scaled(graph, normalised(graph, in(graph, "a", "N 3 3 15"), 7, count), "15");
}
static Node *case_batch_mean(Graph *graph)
{
	Node *count = make_binary(graph, &op_mul, make_rows(graph), make_const(graph, 4));
	return make_reshape(graph, mean(graph, in(graph, "a", "N 2 2 33"), 7, count), op_case_shape(graph, "33"));
}
static Node *case_mse(Graph *graph)
{
	Node *d = make_binary(graph, &op_sub, in(graph, "a", "N 3"), in(graph, "b", "N 3"));
	return make_binary(graph, &op_div, sum(graph, make_binary(graph, &op_mul, d, d), 3),
		make_binary(graph, &op_mul, make_rows(graph), make_const(graph, 3)));
}
static Node *case_global_norm(Graph *graph)
{
	Node *a = in(graph, "a", "15 3"), *b = in(graph, "b", "7");
	Node *both = make_binary(graph, &op_add,
		make_reshape(graph, sum(graph, make_binary(graph, &op_mul, a, a), 3), op_case_shape(graph, "1")),
		sum(graph, make_binary(graph, &op_mul, b, b), 1));
	return make_unary(graph, &op_sqrt, both);
}

static const OpCase cases[] = {
	{"sum over the last axis", case_sum_last}, {"sum over the batch", case_sum_batch},
	{"sum over all", case_sum_all},
	{"sum over all but the last axis", case_sum_bias}, {"sum over a middle axis", case_sum_middle},
	{"sum over outer axes", case_sum_outer},
	{"sum without batch", case_sum_plain}, {"sum over one place", case_sum_of_one},
	{"sum over twice the batch", case_sum_twice_batch},
	{"amax over the last axis", case_amax_last}, {"amax over a middle axis", case_amax_middle},
	{"amax over the batch", case_amax_batch},
	{"amax of one", case_amax_one}, {"amax without batch", case_amax_plain}, {"amax with ties", case_amax_ties},
	{"gradient of amax with ties", case_amax_ties_gradient}, {"argmax over the last axis", case_argmax_last},
	{"argmax over a middle axis", case_argmax_middle}, {"argmax with ties", case_argmax_ties},
	{"softmax", case_softmax}, {"softmax of one", case_softmax_one},
	{"softmax over a middle axis", case_softmax_middle},
	{"softmax without batch", case_softmax_plain}, {"softmax cross-entropy", case_cross_entropy},
	{"mean softmax cross-entropy", case_cross_entropy_mean}, {"layer normalisation", case_layer_norm},
	{"batch normalisation", case_batch_norm},
	{"batch mean", case_batch_mean}, {"mean squared error", case_mse}, {"global norm", case_global_norm},
};

static const Op *const ops[] = {&op_sum, &op_amax, &op_argmax};
const OpFamily op_family_reduce = {"reduce", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
