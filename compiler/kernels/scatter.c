/* scatter.c: rows added into a table at given places: the gradient of a gather. In the order of the indexes, so that sums repeat;
 * a thread adds its columns of all rows. A number outside the table is left out. */
#include "nest.h"

static double cost(const Plan *plan, const Step *step)
{
	if (!step->anchor || step->anchor->op != &op_scatter || step->count > 1) return -1;
	return 10 + step_loads(plan, step)*0.3;
}

/* Columns of a block that one thread adds; 0: all are added by one. */
static int64_t block_columns(const Plan *plan, const Step *step)
{
	const Shape *shape = &step->anchor->shape;
	int64_t columns = shape->rank > 1 ? shape->dim[shape->rank - 1].size : 0;
	if (!worth_threads(plan, step->cost) || plan->target->full) return 0;
	for (int64_t block = 64; block >= 16; block /= 2)
		if (columns%block == 0 && columns > block) return block;
	return 0;
}

/* places of a shape, those of its last axis in this block */
static Nest nest_in_block(Scope *scope, Shape shape, unsigned axes, int64_t columns, Index *at)
{
	int last = shape.rank - 1;
	if (!columns) return nest_over(scope, &shape, axes, at);
	int block = scope_var(scope, "block", shape.dim[last].size/columns);
	shape.dim[last].size = columns;
	Nest nest = nest_over(scope, &shape, axes, at);
	at[last] = index_add(at[last], index_var(block, 1), columns);
	return nest;
}

static void add_rows(CWriter *out, const Plan *plan, const Step *step, int64_t columns)
{
	Node *node = step->anchor, *index = node->args[0], *values = node->args[1];
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK], place[MAX_RANK];
	unsigned outer = (1u << index->shape.rank) - 1;
	Nest rows = nest_over(scope, &values->shape, outer, at);
	nest_open(out, scope, &rows, 0);
	cw(out, "const ptrdiff_t row = nn_index(%s, %lld);", scope_value(scope, index, at), (long long)node->shape.dim[0].size);
	cw(out, "if (row >= 0) {");
	place[0] = index_var(scope_var(scope, "row", node->shape.dim[0].size), 1);
	Nest width = nest_in_block(scope, values->shape, ~outer, columns, at);
	for (int k = 1; k < node->shape.rank; k++) place[k] = at[index->shape.rank + k - 1];
	nest_open(out, scope, &width, NEST_SIMD);
	const char *value = scope_value(scope, values, at);
	cw(out, "%s += %s;", scope_element(scope, node, place), value);
	nest_close(out, &width);
	cw(out, "}");
	nest_close(out, &rows);
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	int64_t columns = block_columns(plan, step);
	step_pointers(out, plan, step);
	Scope *scope = scope_new(out, plan, step);
	Index place[MAX_RANK];
	if (columns) {
		cw(out, "PRAGMA(omp parallel for schedule(static))");
		nest_for(out, "block", "0", arena_format(out->arena, "%lld", (long long)(node->shape.dim[node->shape.rank - 1].size/columns)));
	}
	Nest zero = nest_in_block(scope, node->shape, ~0u, columns, place);
	nest_open(out, scope, &zero, NEST_SIMD);
	cw(out, "%s = 0;", scope_element(scope, node, place));
	nest_close(out, &zero);
	add_rows(out, plan, step, columns);
	if (columns) cw(out, "}");
}

const Kernel kernel_scatter = {.name = "scatter", .about = "rows added into a table", .cost = cost, .emit = emit, .sealed = true};
