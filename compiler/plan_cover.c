/* plan_cover.c: in: a program's graph; out: steps (which nodes are computed together) and which values are stored.
 * Elementwise nodes follow the contraction, reduction or fold they read, or are computed where they are read, or share a loop.
 * Invariant: no step needs, through other steps, a value that it computes itself. */
#include <stdlib.h>
#include <string.h>
#include "plan.h"

typedef struct Cover {
	Plan *plan;
	Arena *arena;
	int *user_start, *users; /* by node id: the nodes of the order that read it */
	bool *root, *must_store, *lazy;
} Cover;

static bool elementwise(const Node *node) { return node->op->kind == OP_ELEMENTWISE; }
static double count_of(const Node *node) { return (double)shape_count(&node->shape); }
static bool identity(const Node *view) { return view->op == &op_stop || view->op == &op_reshape; }

static void find_users(Cover *cover)
{
	const Plan *plan = cover->plan;
	int nodes = plan->program->graph->count, total = 0;
	cover->user_start = arena_alloc(cover->arena, sizeof(int)*(size_t)(nodes + 2));
	for (int i = 0; i < plan->count; i++)
		for (int k = 0; k < plan->order[i]->arg_count; k++) cover->user_start[plan->order[i]->args[k]->id + 2]++, total++;
	for (int i = 2; i < nodes + 2; i++) cover->user_start[i] += cover->user_start[i - 1];
	cover->users = arena_alloc(cover->arena, sizeof(int)*(size_t)(total + 1));
	for (int i = 0; i < plan->count; i++)
		for (int k = 0; k < plan->order[i]->arg_count; k++)
			cover->users[cover->user_start[plan->order[i]->args[k]->id + 1]++] = i;
}

static int user_count(const Cover *cover, const Node *node)
{
	int start = cover->user_start[node->id], end = cover->user_start[node->id + 1], distinct = 0;
	for (int i = start; i < end; i++) distinct += i == start || cover->users[i] != cover->users[i - 1];
	return distinct;
}

/* A fold of a contraction that nothing else reads is one step: the unfolded gradient is never stored. */
static Node *swallowed(const Cover *cover, const Node *fold)
{
	Node *arg = fold->args[0];
	bool only = fold->op == &op_fold && arg->op == &op_contract && user_count(cover, arg) == 1 && !cover->root[arg->id];
	return only ? arg : NULL;
}

/* Contractions read memory through affine views: what stands below the views has to be stored. */
static void store_operands(Cover *cover, const Node *contract)
{
	for (int i = 0; i < 2; i++) {
		Node *node = contract->args[i];
		while (is_view(node) && node->op != &op_pad && node->op != &op_gather) node = node->args[0];
		if (node->op->kind != OP_LEAF || node->op == &op_rows || node->op == &op_iota || (node->op == &op_const && !node->at.data))
			cover->must_store[node->id] = true;
	}
}

/* A scan reads items and fixed values from memory, a step of them at a time; what it starts from is copied. */
static void store_arguments(Cover *cover, const Node *scan)
{
	const Body *body = scan->at.body;
	for (int i = body->carried_count; i < scan->arg_count; i++) {
		int64_t first;
		const Node *node = same_memory(scan->args[i], &first);
		if (node->op != &op_input && node->op != &op_variable) cover->must_store[node->id] = true;
	}
}

/* --- what is computed where it is read --- */

static void weigh(const Cover *cover, const Node *node, double *cost, int *inputs, double places)
{
	if (cover->must_store[node->id] || node->op == &op_input || node->op == &op_variable || (!elementwise(node) && !is_view(node))) {
		if (node->op->kind != OP_LEAF || node->op == &op_input || node->op == &op_variable || node->at.data)
			*inputs += count_of(node)*2 > places && places > 1;
		return;
	}
	if (elementwise(node)) *cost += node->op->cost;
	for (int i = 0; i < node->arg_count && *cost < 100; i++) weigh(cover, node->args[i], cost, inputs, places);
}

/* How often each value of node is read by one user, reached through views; more than 1: it is worth keeping. */
static bool read_once(const Cover *cover, const Node *node, const Node *user)
{
	double places = count_of(node);
	if (elementwise(user)) return count_of(user) <= places;
	if (user->op->kind == OP_REDUCE) return count_of(user->args[0]) <= places;
	if (user->op == &op_fold || user->op == &op_concat) return swallowed(cover, user) == NULL;
	if (!is_view(user) || cover->root[user->id] || cover->must_store[user->id]) return is_view(user) && count_of(user) <= places;
	if (count_of(user) > places) return false;
	const Plan *plan = cover->plan;
	for (int i = cover->user_start[user->id]; i < cover->user_start[user->id + 1]; i++)
		if (!read_once(cover, node, plan->order[cover->users[i]])) return false;
	return true;
}

static bool later_phase(const Cover *cover, const Node *node)
{
	for (int i = cover->user_start[node->id]; i < cover->user_start[node->id + 1]; i++)
		if ((cover->plan->order[cover->users[i]]->phase == PHASE_FORWARD) == (node->phase == PHASE_FORWARD)) return false;
	return true;
}

static bool computed_where_read(const Cover *cover, const Node *node)
{
	if (cover->root[node->id] || cover->must_store[node->id]) return false;
	double cost = 0;
	int inputs = 0;
	weigh(cover, node, &cost, &inputs, count_of(node));
	bool cheap = cost <= 4 && inputs <= 1;
	if (cost <= 2 && !inputs) return true; /* a few constants */
	for (int i = cover->user_start[node->id]; i < cover->user_start[node->id + 1]; i++)
		if (!read_once(cover, node, cover->plan->order[cover->users[i]])) return false;
	return cheap || (user_count(cover, node) == 1 && !later_phase(cover, node));
}

/* --- steps --- */

static Step *new_step(Cover *cover, Node *first)
{
	Plan *plan = cover->plan;
	Step *step = arena_alloc(cover->arena, sizeof *step);
	step->space = first->shape;
	step->index = plan->step_count;
	plan->steps = arena_grow(cover->arena, plan->steps, plan->step_count, &plan->step_capacity, sizeof *plan->steps);
	plan->steps[plan->step_count++] = step;
	return step;
}

static void add(Cover *cover, Step *step, Node *node)
{
	step->nodes = arena_grow(cover->arena, step->nodes, step->count, &step->capacity, sizeof *step->nodes);
	step->nodes[step->count++] = node;
	cover->plan->step_of[node->id] = step->index;
}

/* Does node, or anything it needs, belong to step? Whatever another step computes comes with all that step needs. */
static bool needs(Cover *cover, const Node *node, const Step *step, int oldest)
{
	const Plan *plan = cover->plan;
	if (node->id < oldest || !marks_meet(plan->marks, node)) return false;
	int of = plan->step_of[node->id];
	if (of == step->index) return true;
	if (of >= 0) {
		for (int i = 0; i < plan->steps[of]->count; i++)
			for (int k = 0; k < plan->steps[of]->nodes[i]->arg_count; k++)
				if (needs(cover, plan->steps[of]->nodes[i]->args[k], step, oldest)) return true;
		return false;
	}
	for (int i = 0; i < node->arg_count; i++)
		if (needs(cover, node->args[i], step, oldest)) return true;
	return false;
}

/* node is read at the same place as what reads it: it may belong to the step itself, else it must not need the step */
static bool blocked(Cover *cover, const Node *node, const Step *step, int oldest)
{
	const Plan *plan = cover->plan;
	if (plan->step_of[node->id] == step->index) return !same_places(&node->shape, &step->space);
	bool inside = plan->step_of[node->id] < 0 && same_places(&node->shape, &step->space) && (elementwise(node) || identity(node));
	if (!inside) return needs(cover, node, step, oldest);
	for (int i = 0; i < node->arg_count; i++)
		if (blocked(cover, node->args[i], step, oldest)) return true;
	return false;
}

static bool may_join(Cover *cover, const Node *node, const Step *step)
{
	if (!same_places(&node->shape, &step->space)) return false;
	const Node *first = step->nodes[0];
	if (node->phase != PHASE_FORWARD && first->phase == PHASE_FORWARD) return false;
	const Node *anchor = step->anchor;
	if (anchor && anchor->op != &op_contract && anchor->op->kind != OP_REDUCE && !(anchor->op == &op_fold && step->inner)
		&& !(anchor->op == &op_fold && !memcmp(anchor->at.window.size, anchor->at.window.stride, sizeof anchor->at.window.size)))
		return false;
	marks_clear(cover->plan->marks);
	for (int i = 0; i < node->arg_count; i++)
		if (blocked(cover, node->args[i], step, first->id)) return false;
	return true;
}

/* The latest step that computes an operand at the same places, or shares one. */
static void candidates(const Cover *cover, const Node *node, const Node *reader, int *best, int except)
{
	const Plan *plan = cover->plan;
	if (!same_places(&node->shape, &reader->shape)) return;
	int of = plan->step_of[node->id];
	if (of >= 0) {
		if (of > *best && of < except) *best = of;
		return;
	}
	if (elementwise(node) || identity(node))
		for (int i = 0; i < node->arg_count; i++) candidates(cover, node->args[i], reader, best, except);
	if (elementwise(node) || identity(node) || reader->phase != PHASE_UPDATE) return;
	for (int i = cover->user_start[node->id]; i < cover->user_start[node->id + 1]; i++) { /* another reader of the same leaf */
		of = plan->step_of[plan->order[cover->users[i]]->id];
		if (of > *best && of < except) *best = of;
	}
}

static void place_elementwise(Cover *cover, Node *node)
{
	Plan *plan = cover->plan;
	for (int except = plan->step_count, best; except > 0; except = best) {
		best = -1;
		for (int i = 0; i < node->arg_count; i++) candidates(cover, node->args[i], node, &best, except);
		if (best < 0) break;
		if (may_join(cover, node, plan->steps[best])) {
			add(cover, plan->steps[best], node);
			return;
		}
	}
	for (int s = plan->step_count - 1; plan->scan && s >= 0; s--) { /* in a body what can share a loop does: it runs at every step */
		if (plan->steps[s]->anchor || !may_join(cover, node, plan->steps[s])) continue;
		add(cover, plan->steps[s], node);
		return;
	}
	add(cover, new_step(cover, node), node);
}

static Step *twin_of(const Cover *cover, const Node *argmax)
{
	const Plan *plan = cover->plan;
	const Node *arg = argmax->args[0];
	for (int i = cover->user_start[arg->id]; i < cover->user_start[arg->id + 1]; i++) {
		const Node *other = plan->order[cover->users[i]];
		int of = plan->step_of[other->id];
		if (other->op == &op_amax && other->at.axes == argmax->at.axes && of >= 0 && !plan->steps[of]->twin) return plan->steps[of];
	}
	return NULL;
}

static void place_anchor(Cover *cover, Node *node)
{
	Step *twin = node->op == &op_argmax ? twin_of(cover, node) : NULL;
	if (twin) {
		twin->twin = node;
		add(cover, twin, node);
		return;
	}
	Step *step = new_step(cover, node);
	step->anchor = node;
	if (node->op == &op_scan) plan_scan(cover->plan, step);
	if (node->op == &op_fold && (step->inner = swallowed(cover, node))) add(cover, step, step->inner);
	add(cover, step, node);
}

static void place(Cover *cover, Node *node)
{
	const Plan *plan = cover->plan;
	bool kept = cover->root[node->id] || cover->must_store[node->id];
	if (node->op == &op_contract && user_count(cover, node) == 1 && !kept) {
		const Node *user = cover->plan->order[cover->users[cover->user_start[node->id]]];
		if (user->op == &op_fold) return; /* the fold takes it along */
	}
	if (node->op == &op_result) {
		add(cover, cover->plan->steps[cover->plan->step_of[node->args[0]->id]], node);
	} else if (elementwise(node)) {
		cover->lazy[node->id] = computed_where_read(cover, node);
		if (!cover->lazy[node->id]) place_elementwise(cover, node);
	} else if (is_view(node) || (node->op->kind == OP_LEAF && node->op != &op_uniform)) {
		if (kept && plan->location[node->id].space == SPACE_NONE) add(cover, new_step(cover, node), node);
	} else place_anchor(cover, node);
}

/* --- what is stored --- */

static void store_read(Cover *cover, Node *node, const Step *step)
{
	Plan *plan = cover->plan;
	if (!marks_meet(plan->marks, node)) return;
	int of = plan->step_of[node->id];
	if (of >= 0 && of != step->index) {
		plan->location[node->id].space = SPACE_WORK;
		return;
	}
	for (int i = 0; i < node->arg_count; i++) store_read(cover, node->args[i], step);
}

static void decide_stores(Cover *cover)
{
	Plan *plan = cover->plan;
	for (int s = 0; s < plan->step_count; s++) {
		marks_clear(plan->marks);
		for (int i = 0; i < plan->steps[s]->count; i++) store_read(cover, plan->steps[s]->nodes[i], plan->steps[s]);
	}
	for (int s = 0; s < plan->step_count; s++) {
		Step *step = plan->steps[s];
		step->stores = arena_alloc(cover->arena, sizeof(Node *)*(size_t)step->count);
		for (int i = 0; i < step->count; i++) {
			Node *node = step->nodes[i];
			if (cover->root[node->id] || cover->must_store[node->id]) plan->location[node->id].space = SPACE_WORK;
			if (plan->location[node->id].space == SPACE_WORK) step->stores[step->store_count++] = node;
		}
	}
}

static void locate_leaves(Cover *cover)
{
	Plan *plan = cover->plan;
	for (int i = 0; i < plan->count; i++) {
		Node *node = plan->order[i];
		Location *at = &plan->location[node->id];
		bool outer = node->op == &op_carried || node->op == &op_item || node->op == &op_fixed;
		if (node->op == &op_variable) *at = (Location){.space = SPACE_STATE, .offset = node->at.variable->offset};
		else if (node->op == &op_input || outer) at->space = outer ? SPACE_OUTER : SPACE_WORK;
		else if (node->op == &op_const && node->at.data) {
			*at = (Location){.space = SPACE_TABLE, .offset = (size_t)plan->table_count};
			plan->tables = arena_grow(cover->arena, plan->tables, plan->table_count, &plan->table_capacity, sizeof *plan->tables);
			plan->tables[plan->table_count++] = node;
		}
	}
}

static void choose_kernel(Plan *plan, Step *step)
{
	step->cost = -1;
	for (int k = 0; kernels[k]; k++) {
		if (plan->target->without && !strcmp(plan->target->without, kernels[k]->name)) continue;
		double cost = kernels[k]->cost(plan, step);
		if (cost < 0 || (step->kernel && cost >= step->cost)) continue;
		step->kernel = kernels[k];
		step->cost = cost;
	}
	if (!step->kernel) {
		fprintf(plan->context->messages, "nnc: internal: no kernel computes node %d (%s)\n", step->nodes[0]->id, step->nodes[0]->op->name);
		abort();
	}
	if (step->kernel->scratch) step->scratch_bytes = step->kernel->scratch(plan, step);
}

void plan_cover(Plan *plan)
{
	Cover cover = {.plan = plan, .arena = plan->context->arena};
	size_t nodes = (size_t)plan->program->graph->count;
	cover.root = arena_alloc(cover.arena, nodes);
	cover.must_store = arena_alloc(cover.arena, nodes);
	cover.lazy = arena_alloc(cover.arena, nodes);
	find_users(&cover);
	for (int i = 0; i < plan->program->output_count; i++) cover.root[plan->program->outputs[i].node->id] = true;
	for (int i = 0; i < plan->program->assignment_count; i++) {
		const Node *next = plan->program->assignments[i].node;
		cover.root[next->id] = true;
		if (plan->copied) cover.must_store[next->args[0]->id] = true;
	}
	for (int i = 0; i < plan->count; i++) {
		if (plan->order[i]->op == &op_contract) store_operands(&cover, plan->order[i]);
		else if (plan->order[i]->op == &op_scan) store_arguments(&cover, plan->order[i]);
	}
	locate_leaves(&cover);
	for (int i = 0; i < plan->count; i++) place(&cover, plan->order[i]);
	decide_stores(&cover);
	for (int s = 0; s < plan->step_count; s++) choose_kernel(plan, plan->steps[s]);
}
