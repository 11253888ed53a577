/* pass_algebra.c: factors leave sums, sums that must be nothing or one vanish, scalars gather at one side of a product.
 * Requires: pass_fold ran. Keeps: values but for the last bits, so it is always applied. With it batch and layer normalisation get
 * back their textbook gradients (two sums), and softmax with cross-entropy its p − onehot. */
#include <string.h>
#include "pass.h"

static Node *sum(Graph *graph, Node *x, unsigned axes) { return make_reduce(graph, &op_sum, x, axes); }
static bool same_shape(const Node *a, const Node *b) { return shape_equal(&a->shape, &b->shape); }
static bool larger(const Node *a, const Node *b) { return shape_count(&a->shape) > shape_count(&b->shape); }

/* Does x, broadcast to `rank` axes, keep one value along each of axes? */
static bool flat_along(const Node *x, unsigned axes, int rank)
{
	for (int i = 0; i < rank; i++) {
		int own = i - rank + x->shape.rank;
		if (!(axes >> i & 1) || own < 0) continue;
		if (x->shape.dim[own].size != 1 || x->shape.dim[own].rows) return false;
	}
	return true;
}

/* How many places there are along axes; *by_rows: so many for each live row of the batch. */
static double places_along(const Shape *shape, unsigned axes, bool *by_rows)
{
	double n = 1;
	*by_rows = false;
	for (int i = 0; i < shape->rank; i++) {
		if (!(axes >> i & 1)) continue;
		*by_rows |= shape->dim[i].rows > 0;
		n *= (double)(shape->dim[i].rows ? shape->dim[i].rows : shape->dim[i].size);
	}
	return n;
}

/* Is this node the number of places (of live rows) along axes? */
static bool counts(const Node *node, const Shape *shape, unsigned axes)
{
	bool by_rows;
	double n = places_along(shape, axes, &by_rows);
	if (!by_rows) return is_value(node, n);
	if (node->op == &op_rows) return n == 1;
	if (node->op != &op_mul) return false;
	const Node *a = node->args[0], *b = node->args[1];
	return (a->op == &op_rows && is_value(b, n)) || (b->op == &op_rows && is_value(a, n));
}

/* x - mean(x), the mean over axes? */
static bool is_deviation(const Node *x, unsigned axes)
{
	if (x->op != &op_sub) return false;
	const Node *mean = x->args[1];
	if (mean->op != &op_div || mean->args[0]->op != &op_sum) return false;
	const Node *total = mean->args[0];
	return total->args[0] == x->args[0] && total->at.axes == axes && same_shape(x, x->args[0]) &&
		counts(mean->args[1], &x->shape, axes);
}

/* The axis along which x, broadcast to `rank` axes, counts 0, 1, ..; -1: it does not. */
static int counter_axis(const Node *x, int rank)
{
	int axis = -1, extra = rank - x->shape.rank;
	for (int i = 0; i < x->shape.rank; i++) {
		if (x->shape.dim[i].size == 1 && !x->shape.dim[i].rows) continue;
		if (axis >= 0) return -1;
		axis = i + extra;
	}
	while (x->op == &op_reshape) x = x->args[0];
	return x->op == &op_iota ? axis : -1;
}

/* equal(0 1 .. n-1, index), which is 1 at one place along the axis: labels are checked against the classes where data is read. */
static bool is_onehot(const Node *x, unsigned axes)
{
	if (x->op != &op_equal) return false;
	for (int i = 0; i < 2; i++) {
		const Node *counter = x->args[i], *index = x->args[1 - i];
		int axis = counter_axis(counter, x->shape.rank);
		if (axis >= 0 && axes == 1u << axis && index->integer && flat_along(index, axes, x->shape.rank))
			return true;
	}
	return false;
}

/* sum(p q) with q flat along the axes is q sum(p) */
static Node *factor_leaves(Graph *graph, const Node *x, unsigned axes)
{
	for (int i = 0; i < (x->op == &op_mul ? 2 : 1); i++) {
		Node *p = x->args[i], *q = x->args[1 - i];
		if (same_shape(p, x) && flat_along(q, axes, x->shape.rank))
			return make_binary(graph, x->op, sum(graph, p, axes), q);
	}
	return NULL;
}

/* the same number at every place: as often as there are places */
static Node *sum_number(Graph *graph, Node *node, const Node *x)
{
	bool by_rows;
	double n = places_along(&x->shape, node->at.axes, &by_rows);
	Node *total = make_const(graph, n * x->at.value);
	if (by_rows) total = make_binary(graph, &op_mul, make_rows(graph), total);
	return make_broadcast(graph, total, node->shape);
}

/* pieces side by side, a product among them: it is summed at once */
static Node *sum_pieces(Graph *graph, const Node *x, unsigned axes)
{
	bool product = false;
	for (int i = 0; i < x->arg_count; i++) product |= x->args[i]->op == &op_contract;
	if (!product || axes >> x->at.axis & 1) return NULL;
	Node **sums = arena_alloc(graph->context->arena, (size_t)x->arg_count * sizeof *sums);
	for (int i = 0; i < x->arg_count; i++) sums[i] = sum(graph, x->args[i], axes);
	return make_concat(graph, sums, x->arg_count, x->at.axis);
}

/* sums of products over an axis that both factors have are products that sum it */
static Node *sum_product(Graph *graph, const Node *node, const Node *x)
{
	char o[MAX_RANK + 1] = {0};
	for (int k = 0, n = 0; k < x->shape.rank; k++) {
		bool summed = node->at.axes >> k & 1;
		if (summed && (!strchr(x->at.a, x->at.o[k]) || !strchr(x->at.b, x->at.o[k]))) return NULL;
		if (!summed) o[n++] = x->at.o[k];
	}
	Node *product = make_contract(graph, x->at.a, x->at.b, o, x->args[0], x->args[1]);
	return make_reshape(graph, product, node->shape);
}

static Node *rewrite_sum(Graph *graph, Node *node)
{
	Node *x = node->args[0];
	unsigned axes = node->at.axes;
	if (x->op == &op_neg) return make_unary(graph, &op_neg, sum(graph, x->args[0], axes));
	if (x->op == &op_mul || x->op == &op_div) return factor_leaves(graph, x, axes);
	if (x->op == &op_contract) return sum_product(graph, node, x);
	if (x->op == &op_concat) return sum_pieces(graph, x, axes);
	if (is_number(x)) return sum_number(graph, node, x);
	if (is_deviation(x, axes)) return make_full(graph, node->shape, 0);
	if (is_onehot(x, axes)) return make_full(graph, node->shape, 1);
	if (x->op == &op_add && x->args[0] == x->args[1])
		return make_binary(graph, &op_mul, sum(graph, x->args[0], axes), make_const(graph, 2));
	return NULL;
}

/* (u v) q with v and q smaller than u: u (v q), and the same for quotients */
static Node *gather_small(Graph *graph, Node *p, Node *q)
{
	if ((p->op != &op_mul && p->op != &op_div) || !larger(p, q)) return NULL;
	for (int i = 0; i < (p->op == &op_mul ? 2 : 1); i++) {
		Node *u = p->args[i], *v = p->args[1 - i];
		if (!larger(u, v)) continue;
		Node *small = p->op == &op_mul ? make_binary(graph, &op_mul, v, q) : make_binary(graph, &op_div, q, v);
		return make_binary(graph, &op_mul, u, small);
	}
	return NULL;
}

/* (u v) w with v smaller than u: (u w) v, so that v can leave a sum */
static Node *small_outwards(Graph *graph, Node *p, Node *q)
{
	if ((p->op != &op_mul && p->op != &op_div) || !same_shape(p, q)) return NULL;
	for (int i = 0; i < (p->op == &op_mul ? 2 : 1); i++) {
		Node *u = p->args[i], *v = p->args[1 - i];
		if (larger(u, v)) return make_binary(graph, p->op, make_binary(graph, &op_mul, u, q), v);
	}
	return NULL;
}

static Node *rewrite_product(Graph *graph, Node *node)
{
	Node *better = NULL;
	for (int i = 0; !better && i < 2; i++) {
		Node *p = node->args[i], *q = node->args[1 - i];
		better = gather_small(graph, p, q);
		if (!better && p->op == &op_neg)
			better = make_unary(graph, &op_neg, make_binary(graph, &op_mul, p->args[0], q));
	}
	for (int i = 0; !better && i < 2; i++) better = small_outwards(graph, node->args[i], node->args[1 - i]);
	return better && same_shape(better, node) ? better : NULL;
}

static Node *rewrite_node(Graph *graph, Node *node, void *user)
{
	(void)user;
	if (node->op == &op_sum) return rewrite_sum(graph, node);
	if (node->op == &op_mul) return rewrite_product(graph, node);
	if (node->op == &op_add && node->args[0] == node->args[1])
		return make_binary(graph, &op_mul, node->args[0], make_const(graph, 2));
	if (node->op == &op_div && node->args[0]->op == &op_neg)
		return make_unary(graph, &op_neg, make_binary(graph, &op_div, node->args[0]->args[0], node->args[1]));
	return NULL;
}

bool pass_algebra(Context *context, Program *program)
{
	(void)context;
	return pass_rewrite(program, rewrite_node, NULL);
}
