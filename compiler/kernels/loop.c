/* loop.c: elementwise nodes over one shape, and copies of views: one loop nest, as flat as the indexes allow. */
#include "nest.h"

static double cost(const Plan *plan, const Step *step)
{
	if (step->anchor) return -1;
	double flops = 0;
	for (int i = 0; i < step->count; i++) flops += step->nodes[i]->op->cost;
	double places = (double)shape_count(&step->space);
	return 5 + places*flops*0.05 + step_loads(plan, step)*0.08;
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	step_pointers(out, plan, step);
	Shape shape = nest_joined(plan, step);
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK];
	Nest nest = nest_over(scope, &shape, ~0u, at);
	nest_open(out, scope, &nest, (worth_threads(plan, step->cost) ? NEST_PARALLEL : 0) | NEST_SIMD);
	scope_stores(scope, &shape, at);
	nest_close(out, &nest);
}

const Kernel kernel_loop = {.name = "loop", .about = "elementwise, one pass over memory", .cost = cost, .emit = emit};
