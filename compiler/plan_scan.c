/* plan_scan.c: the plan of a scan's body. In: a step whose anchor is a scan; out: the steps of one time step, and where they find
 * what lies in the plans around: items and stacked values move with time, states by one place of their history, or between two
 * places where no history is kept. Invariant: whatever a body writes outside of its own memory lies in what its scan stores, or
 * in the scratch of the scan's step. */
#include <assert.h>
#include "plan.h"

static size_t bytes_of(const Plan *plan, const Node *node)
{
	return (size_t)shape_count(&node->shape)*(size_t)plan->target->number_size;
}

/* the result that keeps the history of state k, or the stack number k; NULL: there is none */
static Node *result_of(const Step *step, ResultKind kind, int which)
{
	for (int i = 0; i < step->count; i++) {
		Node *node = step->nodes[i];
		if (node->op == &op_result && node->at.result == kind && node->at.which == which) return node;
	}
	return NULL;
}

/* Results join the step after this, so the graph is asked. */
static bool has_history(const Plan *plan, const Node *scan, int state)
{
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op == &op_result && node->args[0] == scan && node->at.result == RESULT_HISTORY && node->at.which == state) return true;
	}
	return false;
}

static Program *body_program(const Plan *plan, const Node *scan)
{
	Arena *arena = plan->context->arena;
	Program *program = arena_alloc(arena, sizeof *program);
	int count;
	Node **roots = body_roots(arena, scan->at.body, &count);
	*program = (Program){.name = arena_format(arena, "%s_scan%d", c_identifier(arena, plan->program->name), scan->id), .training = plan->program->training,
		.graph = scan->at.body->graph};
	program->outputs = arena_alloc(arena, sizeof *program->outputs*(size_t)(count + 1));
	for (int i = 0; i < count; i++) program->outputs[program->output_count++] = (Output){.name = "", .node = roots[i]};
	return program;
}

static Plan *body_plan(const Plan *plan, Node *scan, int64_t shares)
{
	Plan *inside = arena_alloc(plan->context->arena, sizeof *inside);
	*inside = (Plan){.context = plan->context, .program = body_program(plan, scan), .target = plan->target, .outer = plan, .scan = scan,
		.depth = plan->depth + 1, .shares = shares};
	assert(inside->depth <= MAX_SCANS);
	int count;
	Node **roots = body_roots(plan->context->arena, scan->at.body, &count);
	plan_index(inside, roots, count);
	plan_cover(inside);
	for (int i = 0; i < count; i++) inside->location[roots[i]->id].space = SPACE_OUTER;
	bool ordered = plan_order(inside);
	assert(ordered);
	(void)ordered;
	plan_memory(inside);
	return inside;
}

/* Rows are shared out around the outermost scan that allows it, if that is much work. */
static void share_out(Plan *plan, Step *step)
{
	Node *scan = step->anchor;
	int64_t shares = plan->shares || plan->target->full ? 1 : plan_shares(plan, scan_cost(step));
	if (shares > 1 && plan_rows_apart(plan->context->arena, scan->at.body)) step->body = body_plan(plan, scan, shares);
}

void plan_scan(Plan *plan, Step *step)
{
	const Body *body = step->anchor->at.body;
	step->body = body_plan(plan, step->anchor, plan->shares);
	share_out(plan, step);
	for (int k = 0; k < body->carried_count; k++)
		if (!has_history(plan, step->anchor, k)) step->turns_bytes += 2*plan_rounded(plan_bytes(step->body, body->carried[k]));
	if (step->body->shares) step->body->share_bytes = plan_rounded(step->turns_bytes + step->body->work_bytes);
}

/* --- places --- */

static Location moved(Location at, size_t bytes)
{
	at.offset += bytes;
	return at;
}

/* The place of something outside, as the body sees it through its leaf or root. */
static Location outside(const Plan *inside, Node *node, const Node *seen)
{
	const Plan *outer = inside->outer;
	int64_t first = 0;
	if (outer->location[node->id].space == SPACE_NONE) node = same_memory(node, &first);
	Location at = outer->location[node->id];
	if (at.space == SPACE_WORK) at.space = SPACE_OUTER;
	at.offset += (size_t)first*(at.space == SPACE_STATE ? 1 : (size_t)outer->target->number_size);
	if (inside->shares && !outer->shares) at.row_bytes = (size_t)row_numbers(&seen->shape)*(size_t)outer->target->number_size;
	return at;
}

static Location by_time(const Plan *inside, Location at, size_t bytes, Turn turn)
{
	at.stride[inside->depth - 1] = (struct Stride){bytes, turn};
	return at;
}

/* Before and after a step: places of the history, or two places in turn. */
static void place_state(const Step *step, Plan *inside, const Plan *outer, int k, size_t *turns)
{
	const Body *body = inside->scan->at.body;
	Node *history = result_of(step, RESULT_HISTORY, k);
	size_t bytes = history ? bytes_of(outer, body->carried[k]) : plan_rounded(plan_bytes(inside, body->carried[k]));
	Location *before = &inside->location[body->carried[k]->id], *after = &inside->location[body->next[k]->id];
	if (history) {
		Location at = outside(inside, history, body->carried[k]);
		*before = by_time(inside, moved(at, body->reverse ? bytes : 0), bytes, TURN_TIME);
		*after = by_time(inside, moved(at, body->reverse ? 0 : bytes), bytes, TURN_TIME);
		return;
	}
	Location at = {.space = SPACE_OUTER, .offset = *turns, .share_bytes = inside->share_bytes};
	*turns += 2*bytes;
	*before = by_time(inside, at, bytes, body->reverse ? TURN_ODD : TURN_EVEN);
	*after = by_time(inside, at, bytes, body->reverse ? TURN_EVEN : TURN_ODD);
}

static void place_outer(const Step *step, Plan *inside, const Plan *outer)
{
	const Node *scan = inside->scan;
	const Body *body = scan->at.body;
	size_t turns = step->scratch_offset;
	for (int k = 0; k < body->carried_count; k++) place_state(step, inside, outer, k, &turns);
	for (int j = 0; j < body->item_count; j++) {
		Location at = outside(inside, scan_sequence(scan, j), body->items[j]);
		inside->location[body->items[j]->id] = by_time(inside, at, bytes_of(outer, body->items[j]), TURN_TIME);
	}
	for (int f = 0; f < body->fixed_count; f++)
		inside->location[body->fixed[f]->id] = outside(inside, scan_captured(scan, f), body->fixed[f]);
	for (int i = 0; i < body->stacked_count; i++) {
		Node *stack = body->stacked[i] ? result_of(step, RESULT_STACK, i) : NULL;
		if (stack) inside->location[body->stacked[i]->id] = by_time(inside, outside(inside, stack, body->stacked[i]), bytes_of(outer, body->stacked[i]), TURN_TIME);
	}
}

static void place_own(const Step *step, Plan *inside)
{
	size_t base = step->scratch_offset + step->turns_bytes;
	for (int i = 0; i < inside->count; i++) {
		Location *at = &inside->location[inside->order[i]->id];
		if (at->space != SPACE_WORK) continue;
		at->offset += base;
		at->share_bytes = inside->share_bytes;
	}
	for (int s = 0; s < inside->step_count; s++) inside->steps[s]->scratch_offset += base;
}

void plan_scan_places(Plan *plan)
{
	for (int s = 0; s < plan->step_count; s++) {
		Step *step = plan->steps[s];
		if (!step->body) continue;
		if (plan->shares) step->body->share_bytes = plan->share_bytes;
		place_own(step, step->body);
		place_outer(step, step->body, plan);
		plan_scan_places(step->body);
	}
}
