/* scatter.c: rows added into a table at given places: the gradient of a gather. In the order of the indexes, so that sums repeat.
 * A number outside the table is left out. */
#include "nest.h"

static double cost(const Plan *plan, const Step *step)
{
	if (!step->anchor || step->anchor->op != &op_scatter || step->count > 1) return -1;
	return 10 + step_loads(plan, step)*0.3;
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor, *index = node->args[0], *values = node->args[1];
	step_pointers(out, plan, step);
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK], place[MAX_RANK];
	Nest zero = nest_over(scope, &node->shape, ~0u, place);
	nest_open(out, scope, &zero, NEST_SIMD);
	cw(out, "%s = 0;", scope_element(scope, node, place));
	nest_close(out, &zero);
	scope = scope_new(out, plan, step);
	unsigned outer = (1u << index->shape.rank) - 1;
	Nest rows = nest_over(scope, &values->shape, outer, at);
	nest_open(out, scope, &rows, 0);
	cw(out, "const real number = %s;", scope_value(scope, index, at));
	cw(out, "if (number >= 0 && number < %lld) {", (long long)node->shape.dim[0].size);
	cw(out, "const ptrdiff_t row = (ptrdiff_t)number;");
	place[0] = index_var(scope_var(scope, "row", node->shape.dim[0].size), 1);
	Nest width = nest_over(scope, &values->shape, ~outer, at);
	for (int k = 1; k < node->shape.rank; k++) place[k] = at[index->shape.rank + k - 1];
	nest_open(out, scope, &width, NEST_SIMD);
	const char *value = scope_value(scope, values, at);
	cw(out, "%s += %s;", scope_element(scope, node, place), value);
	nest_close(out, &width);
	cw(out, "}");
	nest_close(out, &rows);
}

const Kernel kernel_scatter = {.name = "scatter", .about = "rows added into a table", .cost = cost, .emit = emit, .sealed = true};
