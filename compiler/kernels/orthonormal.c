/* orthonormal.c: Gram and Schmidt, twice each, on the rows or columns of a matrix, whichever are fewer: see ops/orthonormal.c.
 * For initialisers: it runs once, in one thread, summing in double. */
#include "nest.h"

static double cost(const Plan *plan, const Step *step)
{
	(void)plan;
	if (!step->anchor || step->anchor->op != &op_orthonormal || step->count > 1) return -1;
	const Shape *shape = &step->anchor->shape;
	double m = (double)shape->dim[0].size, n = (double)shape->dim[1].size;
	return 10 + 4*m*n*(m < n ? m : n);
}

static void copy_of_argument(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK];
	Nest nest = nest_over(scope, &node->shape, ~0u, at);
	nest_open(out, scope, &nest, NEST_SIMD);
	const char *value = scope_value(scope, node->args[0], at);
	cw(out, "%s = %s;", scope_element(scope, node, at), value);
	nest_close(out, &nest);
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	const Node *node = step->anchor;
	long long m = node->shape.dim[0].size, n = node->shape.dim[1].size;
	long long vectors = m < n ? m : n, length = m < n ? n : m, next = m < n ? n : 1, along = m < n ? 1 : n;
	step_pointers(out, plan, step);
	copy_of_argument(out, plan, step);
	cw(out, "for (ptrdiff_t v = 0; v < %lld; v++) {", vectors);
	cw(out, "real *const own = %s + v*%lld;", pointer_name(plan, node), next);
	cw(out, "for (ptrdiff_t u = 0; u < 2*v; u++) {");
	cw(out, "const real *const other = %s + u%%v*%lld;", pointer_name(plan, node), next);
	cw(out, "double share = 0;");
	cw(out, "for (ptrdiff_t i = 0; i < %lld; i++) share += (double)own[i*%lld]*(double)other[i*%lld];", length, along, along);
	cw(out, "for (ptrdiff_t i = 0; i < %lld; i++) own[i*%lld] -= (real)(share*(double)other[i*%lld]);", length, along, along);
	cw(out, "}");
	cw(out, "double norm = 0;");
	cw(out, "for (ptrdiff_t i = 0; i < %lld; i++) norm += (double)own[i*%lld]*(double)own[i*%lld];", length, along, along);
	cw(out, "norm = sqrt(norm);");
	cw(out, "for (ptrdiff_t i = 0; i < %lld; i++) own[i*%lld] = (real)((double)own[i*%lld]/norm);", length, along, along);
	cw(out, "}");
}

const Kernel kernel_orthonormal = {.name = "orthonormal", .about = "Gram and Schmidt, for initialisers", .cost = cost, .emit = emit, .sealed = true};
