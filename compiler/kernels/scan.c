/* scan.c: in: a scan, whose body has a plan of its own; out: C that puts the states at their start, and calls the functions of
 * the body's steps for every time: all of them in straight line below a budget of calls, several a round above it.
 * Invariant: the number of threads is the business of the functions that are called. */
#include "nest.h"

enum { CALLS_STRAIGHT = 64, CALLS_ROUND = 16 };

static double cost(const Plan *plan, const Step *step)
{
	(void)plan;
	if (!step->anchor || step->anchor->op != &op_scan) return -1;
	double sum = 0;
	for (int s = 0; s < step->body->step_count; s++) sum += step->body->steps[s]->cost + 2;
	return sum*(double)step->anchor->at.body->steps;
}

static size_t scratch(const Plan *plan, const Step *step)
{
	(void)plan;
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

/* to[..] = value, over a shape */
static void copy(CWriter *out, const Plan *plan, const Step *step, const char *to, Node *value, const char *from)
{
	Scope *scope = scope_new(out, plan, step);
	Index at[MAX_RANK];
	Nest nest = nest_over(scope, &value->shape, ~0u, at);
	Index flat = index_flat(&value->shape, at);
	const char *place = index_text(scope, &flat);
	nest_open(out, scope, &nest, nest.count ? NEST_SIMD : 0);
	const char *text = from ? arena_format(out->arena, "%s[%s]", from, place) : scope_value(scope, value, at);
	cw(out, "%s[%s] = %s;", to, place, text);
	nest_close(out, &nest);
}

static void start(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	int64_t first = body->reverse ? body->steps - 1 : 0;
	node_pointers(out, plan, step, step->anchor->args, body->carried_count);
	for (int k = 0; k < body->carried_count; k++) {
		Location at = at_time(step->body, step->body->location[body->carried[k]->id], first);
		cw(out, "{");
		cw(out, "real *const now = %s; /* %s */", location_text(out->arena, at, true), shape_text(out->arena, &body->carried[k]->shape));
		copy(out, plan, step, "now", scan_start(step->anchor, k), NULL);
		cw(out, "}");
	}
}

static void finish(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	int64_t last = body->reverse ? 0 : body->steps - 1;
	for (int i = 0; i < step->store_count; i++) {
		Node *result = step->stores[i];
		if (result->at.result != RESULT_LAST) continue;
		Location at = at_time(step->body, step->body->location[body->next[result->at.which]->id], last);
		cw(out, "{");
		cw(out, "const real *const now = %s;", location_text(out->arena, at, false));
		cw(out, "real *const last = %s; /* %s */", location_text(out->arena, plan->location[result->id], true), shape_text(out->arena, &result->shape));
		copy(out, plan, step, "last", result, "now");
		cw(out, "}");
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

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	const Body *body = step->anchor->at.body;
	long long steps = body->steps, round = scan_round(step), rounds = steps/round, rest = steps%round;
	long long first = body->reverse ? steps - 1 : 0, by = body->reverse ? -1 : 1;
	start(out, plan, step);
	loop(out, step, first, rounds, round);
	if (rest) loop(out, step, first + by*rounds*round, 1, rest);
	finish(out, plan, step);
}

const Kernel kernel_scan = {.name = "scan", .about = "recurrence: the functions of its body, time after time", .cost = cost,
	.scratch = scratch, .emit = emit, .sealed = true};
