/* nest.c: in: shapes; out: loop nests in C. Invariant: only an outermost axis counts live rows, so an inner one never does
 * when neighbours are joined. */
#include <string.h>
#include "nest.h"

static const char *loop_name(int depth)
{
	static const char *const names[] = {"i", "j", "k", "l", "p", "q", "u", "v"};
	return depth < 8 ? names[depth] : NULL;
}

static const char *unused_name(const Scope *scope)
{
	for (int depth = 0;; depth++) {
		const char *name = loop_name(depth);
		if (!name) return arena_format(scope->arena, "i%d", scope->var_count);
		bool taken = false;
		for (int i = 0; i < scope->var_count; i++) taken |= !strcmp(scope->vars[i].name, name);
		if (!taken) return name;
	}
}

Nest nest_over(Scope *scope, const Shape *shape, unsigned axes, Index *at)
{
	Nest nest = {.count = 0};
	for (int k = 0; k < shape->rank; k++) {
		if (!(axes >> k & 1)) continue;
		at[k] = index_constant(0);
		if (shape->dim[k].size == 1 && !shape->dim[k].rows) continue;
		int var = scope_var(scope, unused_name(scope), shape->dim[k].size);
		at[k] = index_var(var, 1);
		nest.loop[nest.count++] = (Loop){shape->dim[k], var};
	}
	return nest;
}

static int awkwardness(const Plan *plan, const Step *step, const Shape *shape)
{
	Scope *scope = scope_new(NULL, plan, step);
	Index at[MAX_RANK];
	nest_over(scope, shape, ~0u, at);
	scope_stores(scope, shape, at);
	return scope->awkward;
}

Shape nest_joined(const Plan *plan, const Step *step)
{
	Shape shape = {0};
	for (int k = 0; k < step->space.rank; k++)
		if (step->space.dim[k].size != 1 || step->space.dim[k].rows) shape.dim[shape.rank++] = step->space.dim[k];
	int awkward = awkwardness(plan, step, &shape);
	for (int k = shape.rank - 2; k >= 0; k--) {
		Dim outer = shape.dim[k], inner = shape.dim[k + 1];
		if (inner.rows) continue;
		Shape joined = shape;
		joined.dim[k] = (Dim){outer.size*inner.size, outer.rows*inner.size};
		joined.rank--;
		for (int i = k + 1; i < joined.rank; i++) joined.dim[i] = shape.dim[i + 1];
		if (awkwardness(plan, step, &joined) <= awkward) shape = joined;
	}
	return shape;
}

void nest_for(CWriter *out, const char *var, const char *from, const char *to)
{
	cw(out, "for (ptrdiff_t %s = %s; %s < %s; %s++) {", var, from, var, to, var);
}

void nest_open(CWriter *out, Scope *scope, const Nest *nest, int how)
{
	int collapse = nest->count > 2 && nest->loop[0].extent.size < 64 ? 2 : 1;
	for (int i = 0; i < nest->count; i++) {
		scope->vars[nest->loop[i].var].outside = i < nest->count - 1;
		if (i == nest->count - 1) scope->before = cw_place(out);
		bool parallel = i == 0 && how & NEST_PARALLEL, simd = i == nest->count - 1 && how & NEST_SIMD;
		if (parallel && simd) cw(out, "PRAGMA(omp parallel for simd schedule(static))");
		else if (parallel && collapse > 1) cw(out, "PRAGMA(omp parallel for collapse(2) schedule(static))");
		else if (parallel) cw(out, "PRAGMA(omp parallel for schedule(static))");
		else if (simd) cw(out, "PRAGMA(omp simd)");
		nest_for(out, scope->vars[nest->loop[i].var].name, "0", dim_text(out->arena, nest->loop[i].extent));
	}
	scope->nested = nest->count > 1;
	if (!nest->count) cw(out, "{");
}

void nest_close(CWriter *out, const Nest *nest)
{
	for (int i = 0; i < nest->count || (!nest->count && i < 1); i++) cw(out, "}");
}

Shape contract_domain(const Node *contract, unsigned *summed)
{
	Shape shape = contract->shape;
	*summed = 0;
	for (int i = 0; contract->at.a[i]; i++) {
		if (strchr(contract->at.o, contract->at.a[i])) continue;
		*summed |= 1u << shape.rank;
		shape.dim[shape.rank++] = contract->args[0]->shape.dim[i];
	}
	return shape;
}

const char *contract_value(Scope *scope, const Node *contract, const Index *at)
{
	const char *factor[2];
	for (int side = 0; side < 2; side++) {
		const char *names = side ? contract->at.b : contract->at.a;
		Index place[MAX_RANK];
		for (int i = 0; names[i]; i++) {
			const char *kept = strchr(contract->at.o, names[i]);
			int k = kept ? (int)(kept - contract->at.o) : contract->shape.rank;
			for (int j = 0; !kept && contract->at.a[j] != names[i]; j++) k += !strchr(contract->at.o, contract->at.a[j]);
			place[i] = at[k];
		}
		factor[side] = scope_value(scope, contract->args[side], place);
	}
	return arena_format(scope->arena, "(%s)*(%s)", factor[0], factor[1]);
}
