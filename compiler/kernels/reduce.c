/* reduce.c: sums, maxima and their places, over any axes, of anything elementwise; also contractions that no tile fits. The values
 * are computed where they are read; elementwise nodes of the result follow in the same loop.
 *   few places to reduce (a pool's window)   written out, one expression after the other
 *   the last axis is kept                    a row of accumulators, vectors along the row
 *   the last axis is reduced                 one accumulator, vectors along the reduction
 *   much to reduce into little               fixed chunks, combined in their order: the same bits at any number of threads;
 *                                            what is reduced is run through once, for all results of a place together */
#include <string.h>
#include "nest.h"

enum { CHUNKS = 16, WRITTEN_OUT = 16, ROW = 1024, LITTLE = 4096, MUCH = 1024 };

typedef struct Reduction {
	const Plan *plan;
	const Step *step;
	Node *node; /* the anchor */
	Shape domain; /* kept axes, then (contract) or among them (others) the reduced ones */
	unsigned reduced;
	int last; /* the innermost kept axis when rows of accumulators run along it, else -1 */
	bool written_out, chunked;
	int64_t results;
	double values; /* places of the domain */
} Reduction;

static bool is_contract(const Node *node) { return node->op == &op_contract; }

static Shape domain_of(const Node *node, unsigned *reduced)
{
	if (!is_contract(node)) {
		*reduced = node->at.axes;
		return node->args[0]->shape;
	}
	return contract_domain(node, reduced);
}

static int64_t reduced_count(const Reduction *r)
{
	int64_t count = 1;
	for (int k = 0; k < r->domain.rank; k++)
		if (r->reduced >> k & 1) count *= r->domain.dim[k].size;
	return count;
}

static int innermost(const Shape *shape)
{
	int k = shape->rank - 1;
	while (k >= 0 && shape->dim[k].size == 1) k--;
	return k;
}

static Reduction reduction(const Plan *plan, const Step *step)
{
	Reduction r = {.plan = plan, .step = step, .node = step->anchor};
	r.domain = domain_of(r.node, &r.reduced);
	r.values = (double)shape_count(&r.domain);
	int inner = is_contract(r.node) ? innermost(&r.node->shape) : innermost(&r.domain);
	bool kept = inner >= 0 && !(r.reduced >> inner & 1) && !r.domain.dim[inner].rows;
	bool rows = false, kept_rows = false;
	for (int k = 0; k < r.domain.rank; k++) *(r.reduced >> k & 1 ? &rows : &kept_rows) |= r.domain.dim[k].rows > 0;
	r.written_out = reduced_count(&r) <= WRITTEN_OUT && !rows;
	r.last = kept && r.domain.dim[inner].size <= ROW ? inner : -1;
	double results = r.values/(double)reduced_count(&r), rest = r.last >= 0 ? results/(double)r.domain.dim[r.last].size : results;
	bool little = rest == 1 || (r.last >= 0 && results <= LITTLE && reduced_count(&r) >= MUCH && !kept_rows);
	r.results = (int64_t)results;
	r.chunked = !r.written_out && little && worth_threads(plan, r.values) && !step->twin && r.node->op != &op_argmax;
	return r;
}

static double cost(const Plan *plan, const Step *step)
{
	const Node *node = step->anchor;
	if (!node || (node->op->kind != OP_REDUCE && !is_contract(node))) return -1;
	Reduction r = reduction(plan, step);
	return 10 + r.values*(is_contract(node) ? 0.5 : 0.2) + step_loads(plan, step)*0.08;
}

static size_t scratch(const Plan *plan, const Step *step)
{
	Reduction r = reduction(plan, step);
	if (!r.chunked) return 0;
	return CHUNKS*(size_t)r.results*(size_t)plan->target->number_size;
}

static bool adds(const Node *node) { return node->op == &op_sum || is_contract(node); }
static const char *start_value(const Node *node) { return adds(node) ? "0" : "-INFINITY"; }
/* the accumulator, and a row of them */
static const char *total(const Reduction *r) { return adds(r->node) ? "sum" : "largest"; }
static const char *totals(const Reduction *r) { return adds(r->node) ? "sums" : "largest"; }
static const char *element(CWriter *out, const Reduction *r) { return arena_format(out->arena, "%s[c]", totals(r)); }

/* the value to reduce at a place of the domain */
static const char *operand(Scope *scope, const Reduction *r, const Index *at)
{
	return is_contract(r->node) ? contract_value(scope, r->node, at) : scope_value(scope, r->node->args[0], at);
}

/* the place along the reduced axis, for argmax */
static const char *position(const Scope *scope, const Reduction *r, const Index *at)
{
	for (int k = 0; k < r->domain.rank; k++)
		if (r->reduced >> k & 1) return index_text(scope, &at[k]);
	return "0";
}

static void accumulate(CWriter *out, const Reduction *r, const char *sum, const char *place, const char *value, const char *at)
{
	if (adds(r->node)) cw(out, "%s += %s;", sum, value);
	else if (!place) cw(out, "%s = nn_max(%s, %s);", sum, value, sum);
	else {
		cw(out, "{");
		cw(out, "const real value = %s;", value);
		cw(out, "%s = value > %s ? %s : %s;", place, sum, strspn(at, "0123456789") == strlen(at) ? at : arena_format(out->arena, "(real)(%s)", at), place);
		cw(out, "%s = value > %s ? value : %s;", sum, sum, sum);
		cw(out, "}");
	}
}

/* the epilogue at a place of the result: the anchor and its twin have these values */
static void finish(Scope *scope, const Reduction *r, const Index *at, const char *sum, const char *place)
{
	Index kept[MAX_RANK];
	for (int k = 0; k < r->node->shape.rank; k++) kept[k] = r->reduced >> k & 1 ? index_constant(0) : at[k];
	scope_give(scope, r->node, &r->node->shape, kept, r->node->op == &op_argmax ? place : sum);
	if (r->step->twin) scope_give(scope, r->step->twin, &r->node->shape, kept, place);
	scope_stores(scope, &r->node->shape, kept);
}

static bool wants_place(const Reduction *r) { return r->step->twin || r->node->op == &op_argmax; }

static void every_place(Scope *scope, const Reduction *r, Index *at, int axis)
{
	while (axis < r->domain.rank && !(r->reduced >> axis & 1)) axis++;
	if (axis == r->domain.rank) {
		Memo *kept = scope->memos;
		const char *value = operand(scope, r, at);
		accumulate(scope->out, r, total(r), wants_place(r) ? "place" : NULL, value, position(scope, r, at));
		scope->memos = kept;
		return;
	}
	for (int64_t i = 0; i < r->domain.dim[axis].size; i++) {
		at[axis] = index_constant(i);
		every_place(scope, r, at, axis + 1);
	}
}

static void emit_written_out(CWriter *out, const Reduction *r)
{
	Scope *scope = scope_new(out, r->plan, r->step);
	Index at[MAX_RANK];
	Nest nest = nest_over(scope, &r->domain, ~r->reduced, at);
	nest_open(out, scope, &nest, (worth_threads(r->plan, r->step->cost) ? NEST_PARALLEL : 0) | NEST_SIMD);
	cw(out, "real %s = %s;", total(r), start_value(r->node));
	if (wants_place(r)) cw(out, "real place = 0;");
	every_place(scope, r, at, 0);
	finish(scope, r, at, total(r), "place");
	nest_close(out, &nest);
}

static void emit_along(CWriter *out, const Reduction *r)
{
	Scope *scope = scope_new(out, r->plan, r->step);
	Index at[MAX_RANK];
	Nest kept = nest_over(scope, &r->domain, ~r->reduced, at);
	nest_open(out, scope, &kept, worth_threads(r->plan, r->step->cost) ? NEST_PARALLEL : 0);
	cw(out, "real %s = %s;", total(r), start_value(r->node));
	if (wants_place(r)) cw(out, "real place = 0;");
	Nest inner = nest_over(scope, &r->domain, r->reduced, at);
	Memo *outside = scope->memos;
	for (int i = 0; i < inner.count; i++) {
		bool vectors = i == inner.count - 1 && !wants_place(r);
		if (vectors) cw(out, "PRAGMA(omp simd reduction(%s : %s))", adds(r->node) ? "+" : "max", total(r));
		nest_for(out, scope->vars[inner.loop[i].var].name, "0", dim_text(out->arena, inner.loop[i].extent));
	}
	const char *value = operand(scope, r, at);
	accumulate(out, r, total(r), wants_place(r) ? "place" : NULL, value, position(scope, r, at));
	for (int i = 0; i < inner.count; i++) cw(out, "}");
	scope->memos = outside;
	finish(scope, r, at, total(r), "place");
	nest_close(out, &kept);
}

/* for the row of accumulators: opens a loop over its places */
static void open_row(CWriter *out, Scope *scope, const Reduction *r, Index *at)
{
	int var = scope_var(scope, "c", r->domain.dim[r->last].size);
	at[r->last] = index_var(var, 1);
	cw(out, "PRAGMA(omp simd)");
	nest_for(out, "c", "0", dim_text(out->arena, r->domain.dim[r->last]));
}

static void emit_rows(CWriter *out, const Reduction *r)
{
	Scope *scope = scope_new(out, r->plan, r->step);
	Index at[MAX_RANK];
	Nest kept = nest_over(scope, &r->domain, ~(r->reduced | 1u << r->last), at);
	nest_open(out, scope, &kept, worth_threads(r->plan, r->step->cost) ? NEST_PARALLEL : 0);
	long long row = (long long)r->domain.dim[r->last].size;
	cw(out, "real %s[%lld]%s;", totals(r), row, wants_place(r) ? arena_format(out->arena, ", places[%lld]", row) : "");
	open_row(out, scope, r, at);
	cw(out, "%s = %s;", element(out, r), start_value(r->node));
	if (wants_place(r)) cw(out, "places[c] = 0;");
	cw(out, "}");
	Memo *outside = scope->memos;
	Nest inner = nest_over(scope, &r->domain, r->reduced, at);
	for (int i = 0; i < inner.count; i++)
		nest_for(out, scope->vars[inner.loop[i].var].name, "0", dim_text(out->arena, inner.loop[i].extent));
	cw(out, "PRAGMA(omp simd)");
	nest_for(out, "c", "0", dim_text(out->arena, r->domain.dim[r->last]));
	const char *value = operand(scope, r, at);
	accumulate(out, r, element(out, r), wants_place(r) ? "places[c]" : NULL, value, position(scope, r, at));
	for (int i = 0; i <= inner.count; i++) cw(out, "}");
	scope->memos = outside;
	cw(out, "PRAGMA(omp simd)");
	nest_for(out, "c", "0", dim_text(out->arena, r->domain.dim[r->last]));
	finish(scope, r, at, element(out, r), "places[c]");
	cw(out, "}");
	nest_close(out, &kept);
}

/* opens loops over the results, the row innermost; returns the number of the result, row by row */
static const char *open_results(CWriter *out, Scope *scope, const Reduction *r, Nest *rest, Index *at)
{
	Shape results = r->domain;
	Index kept[MAX_RANK];
	unsigned row = r->last >= 0 ? 1u << r->last : 0;
	*rest = nest_over(scope, &r->domain, ~(r->reduced | row), at);
	for (int i = 0; i < rest->count; i++)
		nest_for(out, scope->vars[rest->loop[i].var].name, "0", dim_text(out->arena, rest->loop[i].extent));
	if (row) open_row(out, scope, r, at);
	for (int k = 0; k < results.rank; k++) {
		kept[k] = r->reduced >> k & 1 ? index_constant(0) : at[k];
		if (r->reduced >> k & 1) results.dim[k] = (Dim){1, 0};
	}
	Index flat = index_flat(&results, kept);
	return index_text(scope, &flat);
}

/* The chunk's share of the outermost reduced axis: from first to end. */
static void emit_chunk(CWriter *out, const Reduction *r)
{
	Scope *scope = scope_new(out, r->plan, r->step);
	Index at[MAX_RANK];
	Nest inner = nest_over(scope, &r->domain, r->reduced, at), rest;
	long long size = (long long)r->results;
	cw(out, "PRAGMA(omp parallel for schedule(static))");
	nest_for(out, "chunk", "0", arena_format(out->arena, "%d", CHUNKS));
	const char *live = dim_text(out->arena, inner.loop[0].extent);
	cw(out, "const ptrdiff_t first = %s*chunk/%d, end = %s*(chunk + 1)/%d;", live, CHUNKS, live, CHUNKS);
	cw(out, "real %s[%lld];", totals(r), size);
	cw(out, "for (int c = 0; c < %lld; c++) %s = %s;", size, element(out, r), start_value(r->node));
	for (int i = 0; i < inner.count; i++) {
		const char *name = scope->vars[inner.loop[i].var].name;
		nest_for(out, name, i ? "0" : "first", i ? dim_text(out->arena, inner.loop[i].extent) : "end");
	}
	const char *result = open_results(out, scope, r, &rest, at);
	const char *value = operand(scope, r, at);
	accumulate(out, r, arena_format(out->arena, "%s[%s]", totals(r), result), NULL, value, "0");
	for (int i = 0; i < inner.count + rest.count + (r->last >= 0); i++) cw(out, "}");
	cw(out, "for (int c = 0; c < %lld; c++) part[chunk*%lld + c] = %s;", size, size, element(out, r));
	cw(out, "}");
}

static void emit_chunked(CWriter *out, const Reduction *r)
{
	cw(out, "real *const part = (real *)(%s); /* %d chunks of the result */", scratch_text(r->plan, r->step->scratch_offset), CHUNKS);
	emit_chunk(out, r);
	Scope *scope = scope_new(out, r->plan, r->step);
	Index at[MAX_RANK];
	Nest rest;
	for (int k = 0; k < r->domain.rank; k++) at[k] = index_constant(0);
	cw(out, "{");
	const char *result = open_results(out, scope, r, &rest, at);
	cw(out, "real %s = %s;", total(r), start_value(r->node));
	cw(out, "for (int chunk = 0; chunk < %d; chunk++) {", CHUNKS);
	accumulate(out, r, total(r), NULL, arena_format(out->arena, "part[chunk*%lld + %s]", (long long)r->results, result), "0");
	cw(out, "}");
	finish(scope, r, at, total(r), "0");
	for (int i = 0; i < rest.count + (r->last >= 0); i++) cw(out, "}");
	cw(out, "}");
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	Reduction r = reduction(plan, step);
	step_pointers(out, plan, step);
	if (r.written_out) emit_written_out(out, &r);
	else if (r.chunked) emit_chunked(out, &r);
	else if (r.last >= 0) emit_rows(out, &r);
	else emit_along(out, &r);
}

const Kernel kernel_reduce = {.name = "reduce", .about = "sums and maxima, values computed on the way", .cost = cost,
	.scratch = scratch, .emit = emit};
