/* join.c: a concatenation, a loop for each piece. */
#include "nest.h"

static double cost(const Plan *plan, const Step *step)
{
	if (!step->anchor || step->anchor->op != &op_concat || step->count > 1) return -1;
	return 10 + step_loads(plan, step)*0.1;
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	int axis = node->at.axis;
	int64_t start = 0;
	step_pointers(out, plan, step);
	for (int i = 0; i < node->arg_count; i++) {
		Scope *scope = scope_new(out, plan, step);
		Index at[MAX_RANK], place[MAX_RANK];
		Nest nest = nest_over(scope, &node->args[i]->shape, ~0u, at);
		for (int k = 0; k < node->shape.rank; k++) place[k] = at[k];
		Dim piece = node->args[i]->shape.dim[axis];
		place[axis] = index_add(place[axis], index_places(scope, piece, start), 1);
		start += piece.size;
		nest_open(out, scope, &nest, (worth_threads(plan, step->cost) ? NEST_PARALLEL : 0) | NEST_SIMD);
		const char *value = scope_value(scope, node->args[i], at);
		cw(out, "%s = %s;", scope_element(scope, node, place), value);
		nest_close(out, &nest);
	}
}

const Kernel kernel_join = {.name = "join", .about = "pieces side by side", .cost = cost, .emit = emit, .sealed = true};
