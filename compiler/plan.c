/* plan.c: in: a program; out: its plan. The order of steps keeps to what they read; a step that writes a variable in place comes
 * after all that read the old value, and no state is written before the loss was seen to be finite.
 * Invariant: the order depends on the graph only, so the same spec gives the same C. */
#include <assert.h>
#include <string.h>
#include "pass.h"
#include "plan.h"

typedef struct Edges { /* before[s]: the steps that must come before s */
	int **before, *count, *capacity;
} Edges;

static void edge(const Plan *plan, Edges *edges, int from, int to)
{
	if (from == to || from < 0) return;
	for (int i = 0; i < edges->count[to]; i++)
		if (edges->before[to][i] == from) return;
	edges->before[to] = arena_grow(plan->context->arena, edges->before[to], edges->count[to], &edges->capacity[to], sizeof(int));
	edges->before[to][edges->count[to]++] = from;
}

typedef struct Walk {
	const Plan *plan;
	const Step *step;
	Edges *edges;
	const int *writer; /* by variable index: the step that writes it in place, or -1 */
} Walk;

static void follow(Walk *walk, const Node *node)
{
	if (!marks_meet(walk->plan->marks, node)) return;
	int of = walk->plan->step_of[node->id];
	if (of >= 0 && of != walk->step->index) {
		edge(walk->plan, walk->edges, of, walk->step->index);
		return;
	}
	if (node->op == &op_variable) {
		int writer = walk->writer[node->at.variable->index];
		if (writer >= 0) edge(walk->plan, walk->edges, walk->step->index, writer);
	}
	for (int i = 0; i < node->arg_count; i++) follow(walk, node->args[i]);
}

static int variable_count(const Program *program)
{
	int count = 0;
	for (int i = 0; i < program->graph->count; i++) {
		const Node *node = program->graph->nodes[i];
		if (node->op == &op_variable && node->at.variable->index >= count) count = node->at.variable->index + 1;
	}
	for (int i = 0; i < program->assignment_count; i++)
		if (program->assignments[i].variable->index >= count) count = program->assignments[i].variable->index + 1;
	return count;
}

static int *writers(const Plan *plan)
{
	int count = variable_count(plan->program);
	int *writer = arena_alloc(plan->context->arena, sizeof(int)*(size_t)(count + 1));
	for (int i = 0; i < count; i++) writer[i] = -1;
	for (int i = 0; i < plan->program->assignment_count; i++) {
		const Assignment *a = &plan->program->assignments[i];
		writer[a->variable->index] = plan->step_of[a->node->id];
	}
	return writer;
}

static Edges find_edges(const Plan *plan)
{
	Arena *arena = plan->context->arena;
	size_t steps = (size_t)plan->step_count + 1;
	Edges edges = {arena_alloc(arena, sizeof(int *)*steps), arena_alloc(arena, sizeof(int)*steps), arena_alloc(arena, sizeof(int)*steps)};
	Walk walk = {.plan = plan, .edges = &edges, .writer = writers(plan)};
	for (int s = 0; s < plan->step_count; s++) {
		marks_clear(plan->marks);
		walk.step = plan->steps[s];
		for (int i = 0; i < plan->steps[s]->count; i++) follow(&walk, plan->steps[s]->nodes[i]);
	}
	for (int i = 0; plan->checked && i < plan->program->assignment_count; i++)
		edge(plan, &edges, plan->step_of[plan->checked->id], plan->step_of[plan->program->assignments[i].node->id]);
	return edges;
}

/* Anything but a value at the very place that is written must have been read before: views and anchors read elsewhere. */
static bool reads_elsewhere(const Plan *plan, const Step *step, const Node *node, const Variable *variable, bool same)
{
	if (node->op == &op_variable) return node->at.variable == variable && !same;
	if (plan->step_of[node->id] >= 0 && plan->step_of[node->id] != step->index) return false;
	bool keeps = same && same_places(&node->shape, &step->space)
		&& (node->op->kind == OP_ELEMENTWISE || node->op == &op_reshape || node->op == &op_stop);
	for (int i = 0; i < node->arg_count; i++)
		if (reads_elsewhere(plan, step, node->args[i], variable, keeps && same_places(&node->args[i]->shape, &step->space))) return true;
	return false;
}

bool plan_order(Plan *plan)
{
	Arena *arena = plan->context->arena;
	for (int i = 0; i < plan->program->assignment_count; i++) {
		const Assignment *a = &plan->program->assignments[i];
		const Step *step = plan->steps[plan->step_of[a->node->id]];
		for (int k = 0; k < step->count; k++)
			if (reads_elsewhere(plan, step, step->nodes[k], a->variable, true)) return false;
	}
	Edges edges = find_edges(plan);
	Step **order = arena_alloc(arena, sizeof *order*(size_t)(plan->step_count + 1));
	bool *done = arena_alloc(arena, (size_t)plan->step_count + 1);
	for (int n = 0; n < plan->step_count; n++) {
		int next = -1;
		for (int s = 0; s < plan->step_count && next < 0; s++) {
			bool ready = !done[s];
			for (int k = 0; ready && k < edges.count[s]; k++) ready = done[edges.before[s][k]];
			if (ready) next = s;
		}
		if (next < 0) return false;
		done[next] = true;
		order[n] = plan->steps[next];
	}
	int *moved = arena_alloc(arena, sizeof(int)*(size_t)(plan->step_count + 1));
	for (int n = 0; n < plan->step_count; n++) moved[order[n]->index] = n;
	for (int n = 0; n < plan->step_count; n++) (plan->steps[n] = order[n])->index = n;
	for (int i = 0; i < plan->program->graph->count; i++)
		if (plan->step_of[i] >= 0) plan->step_of[i] = moved[plan->step_of[i]];
	return true;
}

static Node *find_output(const Program *program, const char *name)
{
	for (int i = 0; i < program->output_count; i++)
		if (!strcmp(program->outputs[i].name, name)) return program->outputs[i].node;
	return NULL;
}

void plan_index(Plan *plan, Node **roots, int root_count)
{
	Arena *arena = plan->context->arena;
	size_t nodes = (size_t)plan->program->graph->count;
	plan->order = graph_order(arena, roots, root_count, &plan->count);
	plan->step_of = arena_alloc(arena, sizeof(int)*nodes);
	for (size_t i = 0; i < nodes; i++) plan->step_of[i] = -1;
	plan->location = arena_alloc(arena, sizeof(Location)*nodes);
	plan->marks = arena_alloc(arena, sizeof *plan->marks);
	plan->marks->walk_of = arena_alloc(arena, sizeof(unsigned)*nodes);
}

static Plan *cover(Context *context, Program *program, const Target *target, bool copied)
{
	Plan *plan = arena_alloc(context->arena, sizeof *plan);
	*plan = (Plan){.context = context, .program = program, .target = target, .copied = copied};
	int root_count;
	Node **roots = pass_roots(context->arena, program, &root_count);
	plan_index(plan, roots, root_count);
	plan->in_place = arena_alloc(context->arena, (size_t)program->assignment_count + 1);
	plan->checked = program->training && program->assignment_count ? find_output(program, "loss") : NULL;
	plan_cover(plan);
	return plan;
}

Plan *plan_make(Context *context, Program *program, const Target *target)
{
	plan_lower(context, program);
	Plan *plan = cover(context, program, target, false);
	if (!plan_order(plan)) { /* new values go to memory of their own first, and are copied at the end */
		for (int i = 0; i < program->assignment_count; i++) {
			program->graph->phase = PHASE_UPDATE;
			program->assignments[i].node = make_stop(program->graph, program->assignments[i].node);
		}
		plan = cover(context, program, target, true);
		bool ordered = plan_order(plan);
		assert(ordered && "copies of variables can always come last");
		(void)ordered;
	}
	for (int i = 0; i < program->assignment_count; i++) {
		const Assignment *a = &program->assignments[i];
		plan->in_place[i] = true;
		plan->location[a->node->id] = (Location){.space = SPACE_STATE, .offset = a->variable->offset};
	}
	plan_memory(plan);
	plan_scan_places(plan);
	return plan;
}
