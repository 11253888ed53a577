/* pass_fold.c: constants, neutral elements, moves that move nothing. Requires: gradients are made (stop vanishes). Keeps: values,
 * to the last bit but for infinities and NAN (0·x is 0) and the sign of 0 (x + 0 is x). Every rule is exact: none of them changes a rounding. */
#include "pass.h"

static bool same_shape(const Node *a, const Node *b) { return shape_equal(&a->shape, &b->shape); }
static Node *spread(Graph *graph, Node *x, const Node *like) { return make_broadcast(graph, x, like->shape); }

/* one number, whatever the batch */
static bool is_single(const Node *node) { return shape_count(&node->shape) == 1 && !shape_rows(&node->shape); }

/* --- elementwise */

static Node *fold_numbers(Graph *graph, Node *node)
{
	double v[3] = {0, 0, 0};
	for (int i = 0; i < node->arg_count; i++) {
		if (!is_number(node->args[i])) return NULL;
		v[i] = node->args[i]->at.value;
	}
	return make_full(graph, node->shape, node->op->value(v[0], v[1], v[2]));
}

static Node *fold_sum(Graph *graph, Node *node, Node *a, Node *b)
{
	bool add = node->op == &op_add;
	if (is_value(b, 0)) return spread(graph, a, node);
	if (is_value(a, 0)) return spread(graph, add ? b : make_unary(graph, &op_neg, b), node);
	if (b->op == &op_neg) return make_binary(graph, add ? &op_sub : &op_add, a, b->args[0]);
	if (add && a->op == &op_neg) return make_binary(graph, &op_sub, b, a->args[0]);
	/* 1 - (b == 0) of a truth value is itself */
	if (!add && is_value(a, 1) && b->op == &op_equal && is_value(b->args[1], 0)) {
		const Op *truth = b->args[0]->op;
		if (truth == &op_less || truth == &op_equal) return spread(graph, b->args[0], node);
	}
	return NULL;
}

static Node *fold_product(Graph *graph, Node *node, Node *a, Node *b)
{
	if (is_value(b, 1)) return spread(graph, a, node);
	if (is_value(a, 1)) return spread(graph, b, node);
	if (is_value(a, 0) || is_value(b, 0)) return make_full(graph, node->shape, 0);
	if (is_value(b, -1)) return spread(graph, make_unary(graph, &op_neg, a), node);
	if (is_value(a, -1)) return spread(graph, make_unary(graph, &op_neg, b), node);
	return NULL;
}

static Node *fold_quotient(Graph *graph, Node *node, Node *a, Node *b)
{
	if (is_value(b, 1)) return spread(graph, a, node);
	if (is_value(b, -1)) return spread(graph, make_unary(graph, &op_neg, a), node);
	if (is_value(a, 0)) return make_full(graph, node->shape, 0);
	return NULL;
}

static Node *fold_neutral(Graph *graph, Node *node)
{
	Node *a = node->args[0], *b = node->arg_count > 1 ? node->args[1] : NULL;
	if (node->op == &op_add || node->op == &op_sub) return fold_sum(graph, node, a, b);
	if (node->op == &op_mul) return fold_product(graph, node, a, b);
	if (node->op == &op_div) return fold_quotient(graph, node, a, b);
	if (node->op == &op_neg && a->op == &op_neg) return a->args[0];
	if (node->op == &op_neg && a->op == &op_sub) return make_binary(graph, &op_sub, a->args[1], a->args[0]);
	if (node->op == &op_pow && is_value(b, 1)) return spread(graph, a, node);
	if (node->op == &op_pow && is_value(b, 2)) return spread(graph, make_binary(graph, &op_mul, a, a), node);
	if (node->op == &op_select && is_number(a)) return spread(graph, a->at.value != 0 ? b : node->args[2], node);
	if (node->op == &op_select && b == node->args[2]) return spread(graph, b, node);
	return NULL;
}

/* op over args, which are smaller than the node's: if the shape is still the node's. */
static Node *if_same_shape(Graph *graph, Node *node, Node **args)
{
	Shape together;
	if (!shape_together(graph, args, node->arg_count, &together) || !shape_equal(&together, &node->shape))
		return NULL;
	return make_elementwise(graph, node->op, args);
}

/* Operands are broadcast anyway. */
static Node *drop_broadcasts(Graph *graph, Node *node)
{
	Node *args[3];
	bool found = false;
	for (int i = 0; i < node->arg_count; i++) {
		bool drop = node->args[i]->op == &op_broadcast;
		args[i] = drop ? node->args[i]->args[0] : node->args[i];
		found |= drop;
	}
	if (!found) return NULL;
	Node *all = if_same_shape(graph, node, args);
	for (int i = 0; !all && i < node->arg_count; i++) { /* without one of them, if not without all */
		Node *one[3] = {node->args[0], node->arg_count > 1 ? node->args[1] : NULL,
			node->arg_count > 2 ? node->args[2] : NULL};
		one[i] = args[i];
		if (one[i] != node->args[i]) all = if_same_shape(graph, node, one);
	}
	return all;
}

/* The scalar that x spreads or wraps, or NULL. */
static Node *scalar_of(Graph *graph, Node *x)
{
	if (!x->shape.rank) return NULL;
	if (x->op == &op_const && is_number(x)) return make_const(graph, x->at.value);
	if ((x->op != &op_broadcast && x->op != &op_reshape) || !is_single(x->args[0])) return NULL;
	return make_reshape(graph, x->args[0], (Shape){0});
}

/* Arithmetic on a spread scalar is done on the scalar. */
static Node *work_on_scalars(Graph *graph, Node *node)
{
	Node *args[3];
	bool all = true, found = false;
	for (int i = 0; i < node->arg_count; i++) {
		Node *scalar = scalar_of(graph, node->args[i]);
		args[i] = scalar ? scalar : node->args[i];
		found |= scalar != NULL;
		all = all && !args[i]->shape.rank;
	}
	if (!found) return NULL;
	if (all) return spread(graph, make_elementwise(graph, node->op, args), node);
	return if_same_shape(graph, node, args);
}

static Node *fold_elementwise(Graph *graph, Node *node)
{
	Node *better = fold_numbers(graph, node);
	if (!better) better = fold_neutral(graph, node);
	if (!better) better = drop_broadcasts(graph, node);
	if (!better) better = work_on_scalars(graph, node);
	return better;
}

/* --- moves */

static Node *fold_reshape(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (same_shape(x, node)) return x;
	if (x->op == &op_reshape) return make_reshape(graph, x->args[0], node->shape);
	if (is_number(x)) return make_full(graph, node->shape, x->at.value);
	if (x->op == &op_broadcast && is_single(x->args[0]))
		return spread(graph, make_reshape(graph, x->args[0], (Shape){0}), node);
	return NULL;
}

/* Do the axes of more than one place keep their order? Then a transpose is a reshape. */
static bool keeps_places(const Node *node)
{
	int last = -1;
	for (int i = 0; i < node->shape.rank; i++) {
		if (node->shape.dim[i].size == 1 && !node->shape.dim[i].rows) continue;
		if (node->at.order[i] < last) return false;
		last = node->at.order[i];
	}
	return true;
}

static Node *fold_transpose(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (is_number(x)) return make_full(graph, node->shape, x->at.value);
	if (keeps_places(node)) return make_reshape(graph, x, node->shape);
	if (x->op != &op_transpose) return NULL;
	int order[MAX_RANK];
	for (int i = 0; i < node->shape.rank; i++) order[i] = x->at.order[node->at.order[i]];
	return make_transpose(graph, x->args[0], order);
}

static Node *fold_broadcast(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (same_shape(x, node)) return x;
	if (is_number(x)) return make_full(graph, node->shape, x->at.value);
	if (x->op == &op_broadcast) return spread(graph, x->args[0], node);
	if (x->op == &op_reshape && x->shape.rank && is_single(x->args[0]))
		return spread(graph, make_reshape(graph, x->args[0], (Shape){0}), node);
	return NULL;
}

/* A slice that lies within one argument of a concat is a slice of that. */
static Node *slice_of_concat(Graph *graph, Node *node, Node *x)
{
	int axis = node->at.axis;
	Dim size = node->shape.dim[axis];
	int64_t start = 0;
	for (int i = 0; i < x->arg_count; i++) {
		int64_t end = start + x->args[i]->shape.dim[axis].size;
		if (node->at.start >= start && node->at.start + size.size <= end)
			return make_slice(graph, x->args[i], axis, node->at.start - start, size);
		start = end;
	}
	return NULL;
}

static Node *fold_slice(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	int axis = node->at.axis;
	Dim size = node->shape.dim[axis];
	if (same_shape(x, node)) return x;
	if (is_number(x)) return make_full(graph, node->shape, x->at.value);
	if (x->op == &op_slice && x->at.axis == axis)
		return make_slice(graph, x->args[0], axis, x->at.start + node->at.start, size);
	if (x->op == &op_concat && x->at.axis == axis) return slice_of_concat(graph, node, x);
	if (x->op == &op_pad && x->at.axis == axis) {
		int64_t start = node->at.start - x->at.low;
		if (start >= 0 && start + size.size <= x->args[0]->shape.dim[axis].size)
			return make_slice(graph, x->args[0], axis, start, size);
	}
	return NULL;
}

static Node *fold_pad(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (same_shape(x, node)) return x;
	if (is_value(x, node->at.value)) return make_full(graph, node->shape, node->at.value);
	if (x->op != &op_pad || x->at.axis != node->at.axis || x->at.value != node->at.value) return NULL;
	return make_pad(
		graph, x->args[0], node->at.axis, x->at.low + node->at.low, x->at.high + node->at.high, node->at.value);
}

static Node *fold_flip(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (is_number(x) || node->shape.dim[node->at.axis].size == 1) return x;
	if (x->op == &op_flip && x->at.axis == node->at.axis) return x->args[0];
	bool spread = x->op == &op_broadcast && node->at.axis < node->shape.rank - x->args[0]->shape.rank;
	(void)graph;
	return spread ? x : NULL;
}

/* All the slices of one tensor, put back in their order, are that tensor; equal numbers are one number. */
static Node *fold_concat(Graph *graph, Node *node)
{
	Node *first = node->args[0], *whole = first->op == &op_slice ? first->args[0] : NULL;
	int axis = node->at.axis;
	int64_t at = 0;
	bool number = is_number(first);
	if (node->arg_count == 1) return first;
	for (int i = 0; i < node->arg_count; i++) {
		Node *x = node->args[i];
		if (x->op != &op_slice || x->args[0] != whole || x->at.axis != axis || x->at.start != at) whole = NULL;
		number = number && is_value(x, first->at.value);
		at += x->shape.dim[axis].size;
	}
	if (whole && same_shape(whole, node)) return whole;
	return number ? make_full(graph, node->shape, first->at.value) : NULL;
}

static Node *fold_window(Graph *graph, Node *node)
{
	const Window *w = &node->at.window;
	Node *x = node->args[0];
	bool single = true;
	if (is_value(x, 0) && (node->op == &op_fold || w->fill == 0)) return make_full(graph, node->shape, 0);
	for (int i = 0; i < w->rank; i++)
		single = single && w->size[i] == 1 && w->stride[i] == 1 && !w->low[i] && !w->high[i];
	return single ? make_reshape(graph, x, node->shape) : NULL;
}

/* --- the others */

static Node *fold_reduce(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	if (same_shape(x, node)) return node->op == &op_argmax ? make_full(graph, node->shape, 0) : x;
	if (is_value(x, 0) || (is_number(x) && node->op == &op_argmax)) return make_full(graph, node->shape, 0);
	if (is_number(x) && node->op == &op_amax) return make_full(graph, node->shape, x->at.value);
	return NULL;
}

static Node *fold_zero(Graph *graph, Node *node, const Node *factor)
{
	return is_value(factor, 0) ? make_full(graph, node->shape, 0) : NULL;
}

static Node *fold_node(Graph *graph, Node *node, void *user)
{
	static const struct { const Op *op; Node *(*fold)(Graph *graph, Node *node); } folds[] = {
		{&op_reshape, fold_reshape}, {&op_transpose, fold_transpose}, {&op_broadcast, fold_broadcast},
		{&op_slice, fold_slice}, {&op_flip, fold_flip},
		{&op_pad, fold_pad}, {&op_concat, fold_concat}, {&op_unfold, fold_window}, {&op_fold, fold_window},
		{&op_sum, fold_reduce}, {&op_amax, fold_reduce}, {&op_argmax, fold_reduce}};
	(void)user;
	if (node->op->kind == OP_ELEMENTWISE) return fold_elementwise(graph, node);
	if (node->op == &op_stop) return node->args[0];
	if (node->op == &op_gather) return fold_zero(graph, node, node->args[0]);
	if (node->op == &op_scatter) return fold_zero(graph, node, node->args[1]);
	if (node->op == &op_contract)
		return fold_zero(graph, node, is_value(node->args[0], 0) ? node->args[0] : node->args[1]);
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++)
		if (node->op == folds[i].op) return folds[i].fold(graph, node);
	return NULL;
}

bool pass_fold(Context *context, Program *program)
{
	(void)context;
	return pass_rewrite(program, fold_node, NULL);
}
