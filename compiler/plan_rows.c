/* plan_rows.c: in: the body of a scan; out: may the rows of the batch be computed apart, each through all steps, and in how many
 * shares is that worth it. It may where every value that the body keeps has a row for each sample, and no node mixes rows.
 * Invariant: shares depend on the spec only, so that the same bits come out at any number of threads. */
#include <string.h>
#include "plan.h"

enum { FEW_ROWS = 8, MOST_SHARES = 16 }; /* below 8 rows the weights are read too often for what is done with them */

static int batch_axis(const Shape *shape)
{
	for (int k = 0; k < shape->rank; k++)
		if (shape->dim[k].rows) return k;
	return -1;
}

static int64_t places_before(const Shape *shape, int axis)
{
	int64_t places = 1;
	for (int k = 0; k < axis; k++) places *= shape->dim[k].size;
	return places;
}

int64_t row_numbers(const Shape *shape)
{
	int axis = batch_axis(shape);
	if (axis < 0) return 0;
	int64_t numbers = shape->dim[axis].rows;
	for (int k = axis + 1; k < shape->rank; k++) numbers *= shape->dim[k].size;
	return numbers;
}

static bool window_keeps(const Window *w, int axis) { return axis < w->axis || axis >= w->axis + w->rank; }

/* Does a move leave the axis where rows lie in its argument to the rows of its result? */
static bool move_keeps(const Node *node, int axis)
{
	const Shape *shape = &node->args[0]->shape;
	int made = batch_axis(&node->shape);
	const Window *w = &node->at.window;
	if (node->op == &op_reshape) return places_before(shape, axis) == places_before(&node->shape, made);
	if (node->op == &op_broadcast) return made - node->shape.rank == axis - shape->rank;
	if (node->op == &op_transpose) return node->at.order[made] == axis;
	if (node->op == &op_unfold) return window_keeps(w, axis) && made == (axis < w->axis ? axis : axis + w->rank);
	return node->op == &op_stop || (node->at.axis != axis && made == axis);
}

static bool fold_keeps(const Window *w, int axis, int made)
{
	return axis < w->axis ? made == axis : axis >= w->axis + 2*w->rank && made == axis - w->rank;
}

/* Is row r of the node made of row r of its argument i? */
static bool keeps_rows(const Node *node, int i)
{
	int axis = batch_axis(&node->args[i]->shape), made = batch_axis(&node->shape);
	if (axis < 0) return true;
	if (made < 0) return false;
	switch (node->op->kind) {
	case OP_ELEMENTWISE: return made - node->shape.rank == axis - node->args[i]->shape.rank;
	case OP_MOVE: return move_keeps(node, axis);
	case OP_JOIN: return node->at.axis != axis && made == axis;
	case OP_REDUCE: return !(node->at.axes >> axis & 1) && made == axis;
	case OP_CONTRACT: return (i ? node->at.b : node->at.a)[axis] == node->at.o[made];
	case OP_FOLD: return fold_keeps(&node->at.window, axis, made);
	case OP_INDEX: return node->op == &op_gather && i == 1 && made == axis;
	default: return false;
	}
}

static bool leaf_keeps(const Node *node)
{
	return node->op != &op_rows && node->op != &op_uniform && (node->op != &op_iota || !shape_rows(&node->shape));
}

bool plan_rows_apart(Arena *arena, const Body *body)
{
	int root_count, count;
	Node **roots = body_roots(arena, body, &root_count);
	for (int i = 0; i < root_count; i++)
		if (!shape_rows(&roots[i]->shape)) return false;
	Node **order = graph_order(arena, roots, root_count, &count);
	for (int n = 0; n < count; n++) {
		const Node *node = order[n];
		if (node->op->kind == OP_LEAF && !leaf_keeps(node)) return false;
		if (node->op == &op_scan && !plan_rows_apart(arena, node->at.body)) return false;
		for (int i = 0; i < node->arg_count && node->op->kind != OP_SCAN; i++)
			if (!keeps_rows(node, i)) return false;
	}
	return true;
}

int64_t plan_shares(const Plan *plan, double nanoseconds)
{
	int64_t batch = plan->program->graph->batch, shares = batch >= FEW_ROWS ? 2 : 1;
	if (plan->target->shares) return plan->target->shares < batch ? plan->target->shares : batch;
	if (!worth_threads(plan, nanoseconds)) return 1;
	while (shares < MOST_SHARES && batch/(2*shares) >= FEW_ROWS) shares *= 2;
	return shares;
}
