/* draw.c: uniform draws. Each number is a function of seed, step, stream, row and element: see runtime/nn_random.h. */
#include "kernel.h"

static double cost(const Plan *plan, const Step *step)
{
	(void)plan;
	if (!step->anchor || step->anchor->op != &op_uniform || step->count > 1) return -1;
	return 10 + 3*(double)shape_count(&step->anchor->shape);
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	const Node *node = step->anchor;
	const Shape *shape = &node->shape;
	step_pointers(out, plan, step);
	bool batch = shape->rank && shape->dim[0].rows;
	long long rows = batch ? shape->dim[0].size : 1, width = (long long)shape_count(shape)/rows;
	const char *y = pointer_name(plan, node);
	if (worth_threads(plan, step->cost)) cw(out, "PRAGMA(omp parallel for schedule(static)%s)", batch ? "" : " collapse(2)");
	cw(out, "for (ptrdiff_t row = 0; row < %s; row++) {", batch ? dim_text(out->arena, shape->dim[0]) : "1");
	cw(out, "for (ptrdiff_t block = 0; block < %lld; block++) {", (width + 3)/4);
	cw(out, "const nn_philox draw = nn_philox_at(call->seed, call->step, %uu, (uint32_t)row, (uint32_t)block);", (unsigned)node->at.stream);
	cw(out, "for (int lane = 0; lane < 4%s; lane++) {", width%4 ? arena_format(out->arena, " && block*4 + lane < %lld", width) : "");
	cw(out, "%s[row*%lld + block*4 + lane] = (real)nn_unit(draw.lane[lane]);", y, width);
	cw(out, "}");
	cw(out, "}");
	cw(out, "}");
}

const Kernel kernel_draw = {.name = "draw", .about = "uniform random numbers, by counter", .cost = cost, .emit = emit, .sealed = true};
