/* scan.c: in: a scan, whose body has a plan of its own; out: C that puts the states at their start, and calls the functions of
 * the body's steps for every time: all of them in straight line below a budget of calls, several a round above it. Where the plan
 * of the body has shares, a thread takes a share of the rows through all times, and no other waits for it.
 * Invariant: shares depend on the spec alone; without them the number of threads is the business of the functions that are called. */
#include <string.h>
#include "nest.h"

enum { CALLS_STRAIGHT = 64, CALLS_ROUND = 16 };

static double cost(const Plan *plan, const Step *step)
{
	(void)plan;
	if (!step->anchor || step->anchor->op != &op_scan) return -1;
	return scan_cost(step);
}

double scan_cost(const Step *step)
{
	double sum = 0;
	for (int s = 0; s < step->body->step_count; s++) sum += step->body->steps[s]->cost + 2;
	return sum*(double)step->anchor->at.body->steps;
}

/* Does this scan share its rows out, and not one around it? */
static bool shares_out(const Plan *plan, const Step *step) { return step->body->shares && !plan->shares; }

static size_t scratch(const Plan *plan, const Step *step)
{
	if (shares_out(plan, step)) return (size_t)step->body->shares*step->body->share_bytes;
	return step->turns_bytes + step->body->work_bytes;
}

/* A place of a body at one time. */
static Location at_time(const Plan *inside, Location at, int64_t time)
{
	struct Stride *stride = &at.stride[inside->depth - 1];
	int64_t times = stride->turn == TURN_TIME ? time : (time & 1) == (stride->turn == TURN_EVEN);
	at.offset += stride->bytes*(size_t)times;
	stride->bytes = 0;
	return at;
}

/* The same place, seen from the whole batch. */
static void in_batch(Scope *scope, const Plan *plan, const Step *step, const Shape *shape, const Index *at, Index *whole)
{
	memcpy(whole, at, sizeof *at*(size_t)shape->rank);
	if (!shares_out(plan, step)) return;
	int64_t rows = share_rows(step->body);
	int first = scope_var(scope, "first_row", step->body->program->graph->batch - rows + 1);
	for (int k = 0; k < shape->rank; k++)
		if (shape->dim[k].rows) whole[k] = index_add(at[k], index_var(first, shape->dim[k].rows), 1);
}

/* A state from where it starts to its first place, or from its last place to what the scan gives. */
static void copy(CWriter *out, const Plan *plan, const Step *step, Node *value, Location now, Node *last)
{
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK], whole[MAX_RANK];
	Shape shape = value->shape, live = shape;
	for (int k = 0; k < shape.rank; k++) live.dim[k] = live_dim(step->body, shape.dim[k]);
	cw(out, "{");
	cw(out, "%sreal *const now = %s; /* %s */", last ? "const " : "", location_text(out->arena, now, !last), shape_text(out->arena, &shape));
	if (last) cw(out, "real *const last = %s;", location_text(out->arena, plan->location[last->id], true));
	Nest nest = nest_over(scope, &live, ~0u, at);
	in_batch(scope, plan, step, &shape, at, whole);
	Index here = index_flat(&shape, at), there = index_flat(&shape, whole);
	nest_open(out, scope, &nest, nest.count ? NEST_SIMD : 0);
	if (last) cw(out, "last[%s] = now[%s];", index_text(scope, &there), index_text(scope, &here));
	else cw(out, "now[%s] = %s;", index_text(scope, &here), scope_value(scope, value, whole));
	nest_close(out, &nest);
	cw(out, "}");
}

static void start(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	int64_t first = body->reverse ? body->steps - 1 : 0;
	for (int k = 0; k < body->carried_count; k++) {
		Location at = at_time(step->body, step->body->location[body->carried[k]->id], first);
		copy(out, plan, step, scan_start(step->anchor, k), at, NULL);
	}
}

static void finish(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	int64_t time = body->reverse ? 0 : body->steps - 1;
	for (int i = 0; i < step->store_count; i++) {
		Node *result = step->stores[i];
		if (result->at.result != RESULT_LAST) continue;
		Location at = at_time(step->body, step->body->location[body->next[result->at.which]->id], time);
		copy(out, plan, step, result, at, result);
	}
}

static void calls(CWriter *out, const Plan *inside, const char *time)
{
	for (int s = 0; s < inside->step_count; s++) {
		const Step *step = inside->steps[s];
		const char *arguments = step->arguments ? step->arguments : "";
		cw(out, "%s(%s%s%s);", step->name ? step->name : "step", arguments, *arguments && step->timed ? ", " : "", step->timed ? time : "");
	}
}

static const char *later(Arena *arena, const char *time, long long by)
{
	return by ? arena_format(arena, "%s %c %lld", time, by < 0 ? '-' : '+', by < 0 ? -by : by) : time;
}

/* How many times a round of the loop holds; all of them: there is no loop. */
int64_t scan_round(const Step *step)
{
	int64_t steps = step->anchor->at.body->steps, each = step->body->step_count > 0 ? step->body->step_count : 1;
	if (steps*each <= CALLS_STRAIGHT) return steps;
	return each >= CALLS_ROUND ? 1 : CALLS_ROUND/each;
}

const char *scan_about(Arena *arena, const Step *step)
{
	long long steps = step->anchor->at.body->steps, round = scan_round(step), shares = step->body->shares;
	const char *how = round == steps ? "in straight line" : arena_format(arena, "%lld a round", round);
	return arena_format(arena, "%lld steps, %s%s", steps, how, shares ? arena_format(arena, ", rows in %lld shares", shares) : "");
}

static void loop(CWriter *out, const Step *step, long long from, long long rounds, long long round)
{
	const Plan *inside = step->body;
	const char *time = time_names[inside->depth - 1];
	bool reverse = step->anchor->at.body->reverse;
	long long by = reverse ? -1 : 1;
	if (rounds > 1 && reverse) cw(out, "for (ptrdiff_t %s = %lld; %s > %lld; %s -= %lld) {", time, from, time, from - rounds*round, time, round);
	else if (rounds > 1) cw(out, "for (ptrdiff_t %s = %lld; %s < %lld; %s += %lld) {", time, from, time, from + rounds*round, time, round);
	for (long long i = 0; i < round; i++)
		calls(out, inside, rounds > 1 ? later(out->arena, time, by*i) : arena_format(out->arena, "%lld", from + by*i));
	if (rounds > 1) cw(out, "}");
}

static void open_shares(CWriter *out, const Plan *inside)
{
	long long batch = (long long)inside->program->graph->batch, shares = (long long)inside->shares, each = batch/shares;
	const char *first = "share*%lld", *end = "(share + 1)*%lld";
	if (batch%shares) first = "%lld*share/%lld", end = "%lld*(share + 1)/%lld";
	cw(out, "const ptrdiff_t live = n;");
	cw(out, "PRAGMA(omp parallel for schedule(static))");
	nest_for(out, "share", "0", arena_format(out->arena, "%lld", shares));
	first = arena_format(out->arena, first, batch%shares ? batch : each, shares);
	end = arena_format(out->arena, end, batch%shares ? batch : each, shares);
	cw(out, "const ptrdiff_t first_row = %s, end = %s, n = (live < end ? live : end) - first_row;", first, end);
	cw(out, "if (n <= 0) continue;");
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	long long steps = body->steps, round = scan_round(step), rounds = steps/round, rest = steps%round;
	long long first = body->reverse ? steps - 1 : 0, by = body->reverse ? -1 : 1;
	node_pointers(out, plan, step, step->anchor->args, body->carried_count);
	if (shares_out(plan, step)) open_shares(out, step->body);
	start(out, plan, step);
	loop(out, step, first, rounds, round);
	if (rest) loop(out, step, first + by*rounds*round, 1, rest);
	finish(out, plan, step);
	if (shares_out(plan, step)) cw(out, "}");
}

const Kernel kernel_scan = {.name = "scan", .about = "recurrence: the functions of its body, time after time", .cost = cost,
	.scratch = scratch, .emit = emit, .sealed = true};
