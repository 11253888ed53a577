/* fold.c: windows summed back into what they came from, the values computed where they are read: the gradient of a pool.
 * Windows that do not overlap (stride = size) write every place once, and elementwise nodes follow at once; others add,
 * an image to a thread, in a fixed order. Also folds of contractions that no tile fits: product by product. */
#include "nest.h"

/* windows side by side, none of them beyond the edge: average pooling of 3 places by 2 with padding=same has one that is */
static bool disjoint(const Node *node)
{
	const Window *w = &node->at.window;
	for (int i = 0; i < w->rank; i++) {
		int axis = w->axis + i;
		int64_t covered = node->args[0]->shape.dim[axis].size*w->size[i];
		if (w->size[i] != w->stride[i] || w->dilation[i] != 1 || w->low[i]) return false;
		if (covered > node->shape.dim[axis].size) return false;
	}
	return true;
}

/* nodes that follow one which adds: it adds in scratch, they run over it afterwards */
static bool followed(const Step *step) { return step->count > (step->inner ? 2 : 1); }

/* All places that are added, and a bit for each axis behind the window's: vectors run along those, unless something is
 * summed at a place. */
static Shape places_added(const Step *step, unsigned *row)
{
	const Window *w = &step->anchor->at.window;
	unsigned summed = 0;
	bool sums = false;
	Shape windows = step->inner ? contract_domain(step->inner, &summed) : step->anchor->args[0]->shape;
	*row = 0;
	for (int k = 0; k < windows.rank; k++) sums |= (summed >> k & 1) && windows.dim[k].size > 1;
	for (int k = w->axis + 2*w->rank; k < windows.rank && !sums; k++) *row |= 1u << k;
	return windows;
}

static double cost(const Plan *plan, const Step *step)
{
	const Node *node = step->anchor;
	unsigned row;
	if (!node || node->op != &op_fold) return -1;
	Shape windows = places_added(step, &row);
	return 10 + (row ? 0.5 : step->inner ? 2 : 1)*(double)shape_count(&windows) + step_loads(plan, step)*0.08;
}

/* where in the folded shape a window's tap lies */
static void folded_place(const Node *node, const Index *at, Index *place)
{
	const Window *w = &node->at.window;
	for (int k = 0; k < node->shape.rank; k++) {
		int i = k - w->axis;
		if (i < 0) place[k] = at[k];
		else if (i >= w->rank) place[k] = at[k + w->rank];
		else {
			place[k] = index_add(index_constant(-w->low[i]), at[k], w->stride[i]);
			place[k] = index_add(place[k], at[k + w->rank], w->dilation[i]);
		}
	}
}

/* the places past the last window: the fold is 0 there */
static void emit_rest(CWriter *out, const Plan *plan, const Step *step)
{
	const Node *node = step->anchor;
	const Window *w = &node->at.window;
	for (int i = 0; i < w->rank; i++) {
		int axis = w->axis + i;
		int64_t covered = node->args[0]->shape.dim[axis].size*w->size[i];
		if (covered >= node->shape.dim[axis].size) continue;
		Shape shape = node->shape;
		shape.dim[axis].size -= covered;
		for (int k = 0; k < i; k++) shape.dim[w->axis + k].size = node->args[0]->shape.dim[w->axis + k].size*w->size[k];
		Scope *scope = scope_new(out, plan, step);
		Index at[MAX_RANK];
		Nest nest = nest_over(scope, &shape, ~0u, at);
		at[axis].constant += covered;
		nest_open(out, scope, &nest, NEST_SIMD);
		scope_give(scope, node, &node->shape, at, "0");
		scope_stores(scope, &node->shape, at);
		nest_close(out, &nest);
	}
}

static void emit_disjoint(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	const Window *w = &node->at.window;
	Shape windows = node->args[0]->shape; /* [.., o1, o2, k1, k2, ..] is run through as [.., o1, k1, o2, k2, ..] */
	Shape shape = windows;
	int where[MAX_RANK];
	for (int k = 0; k < windows.rank; k++) where[k] = k;
	for (int i = 0; i < w->rank; i++) {
		where[w->axis + i] = w->axis + 2*i;
		where[w->axis + w->rank + i] = w->axis + 2*i + 1;
	}
	for (int k = 0; k < windows.rank; k++) shape.dim[where[k]] = windows.dim[k];
	Scope *scope = scope_new(out, plan, step);
	Index run[MAX_RANK], at[MAX_RANK], place[MAX_RANK];
	Nest nest = nest_over(scope, &shape, ~0u, run);
	for (int k = 0; k < windows.rank; k++) at[k] = run[where[k]];
	folded_place(node, at, place);
	nest_open(out, scope, &nest, (worth_threads(plan, step->cost) ? NEST_PARALLEL : 0) | NEST_SIMD);
	scope_give(scope, node, &node->shape, place, scope_value(scope, node->args[0], at));
	scope_stores(scope, &node->shape, place);
	nest_close(out, &nest);
	emit_rest(out, plan, step);
}

static void guard_place(CWriter *out, const Scope *scope, const Node *node, const Index *place)
{
	const char *test = "";
	for (int k = 0; k < node->shape.rank; k++) {
		const char *text = index_text(scope, &place[k]);
		if (index_min(scope, &place[k]) < 0) test = arena_format(out->arena, "%s%s%s >= 0", test, *test ? " && " : "", text);
		if (index_max(scope, &place[k]) >= node->shape.dim[k].size)
			test = arena_format(out->arena, "%s%s%s < %lld", test, *test ? " && " : "", text, (long long)node->shape.dim[k].size);
	}
	if (*test) cw(out, "if (%s) {", test);
	else cw(out, "{");
}

static size_t scratch(const Plan *plan, const Step *step)
{
	bool adds = step->inner || !disjoint(step->anchor);
	return adds && followed(step) ? (size_t)shape_count(&step->anchor->shape)*(size_t)plan->target->number_size : 0;
}

static void emit_adding(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	unsigned along;
	Shape windows = places_added(step, &along);
	unsigned outer = node->at.window.axis > 0 ? 1 : 0; /* the batch, or nothing */
	const char *sums = followed(step) ? "sums" : pointer_name(plan, node);
	if (followed(step)) cw(out, "real *const sums = (real *)(%s);", scratch_text(plan, step->scratch_offset));
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK], place[MAX_RANK], flat;
	Nest images = nest_over(scope, &windows, outer, at);
	nest_open(out, scope, &images, worth_threads(plan, step->cost) && images.count ? NEST_PARALLEL : 0);
	for (int k = 0; k < node->shape.rank; k++) place[k] = k < node->at.window.axis && k == 0 ? at[0] : index_constant(0);
	Nest zero = nest_over(scope, &node->shape, ~outer, place);
	nest_open(out, scope, &zero, NEST_SIMD);
	flat = index_flat(&node->shape, place);
	cw(out, "%s[%s] = 0;", sums, index_text(scope, &flat));
	nest_close(out, &zero);
	Nest rest = nest_over(scope, &windows, ~(outer | along), at), row = nest_over(scope, &windows, along, at);
	nest_open(out, scope, &rest, 0);
	folded_place(node, at, place);
	guard_place(out, scope, node, place);
	nest_open(out, scope, &row, NEST_SIMD);
	flat = index_flat(&node->shape, place);
	const char *value = step->inner ? contract_value(scope, step->inner, at) : scope_value(scope, node->args[0], at);
	cw(out, "%s[%s] += %s;", sums, index_text(scope, &flat), value);
	nest_close(out, &row);
	cw(out, "}");
	nest_close(out, &rest);
	nest_close(out, &images);
}

static void emit_followers(CWriter *out, const Plan *plan, const Step *step)
{
	Node *node = step->anchor;
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK];
	Nest nest = nest_over(scope, &node->shape, ~0u, at);
	nest_open(out, scope, &nest, (worth_threads(plan, step->cost) ? NEST_PARALLEL : 0) | NEST_SIMD);
	Index flat = index_flat(&node->shape, at);
	scope_give(scope, node, &node->shape, at, arena_format(out->arena, "sums[%s]", index_text(scope, &flat)));
	scope_stores(scope, &node->shape, at);
	nest_close(out, &nest);
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	step_pointers(out, plan, step);
	if (!step->inner && disjoint(step->anchor)) {
		emit_disjoint(out, plan, step);
		return;
	}
	emit_adding(out, plan, step);
	if (followed(step)) emit_followers(out, plan, step);
}

const Kernel kernel_fold = {.name = "fold", .about = "windows summed back, an image to a thread", .cost = cost,
	.scratch = scratch, .emit = emit};
