/* plan_lower.c: in: a simplified program; out: the same program in the form that kernels cover. Keeps: every value.
 *   window padding under a contraction -> a pad node of its own, so that the window is an affine view of memory
 *   k < x, where max(x, k) is there    -> k < max(x, k): the activation is kept anyway, what went into it is not
 *   a root that is a leaf, a view, or the root of something else -> a copy of its own */
#include "pass.h"
#include "plan.h"

typedef struct Lower {
	Graph *graph;
	Node **order, **made; /* made: by id of the old node */
	int count;
	bool *padded; /* windows whose padding becomes a node */
	Node **maxima; /* by id of x: the first max(x, k) */
} Lower;

static void find_windows(Lower *lower)
{
	for (int i = 0; i < lower->count; i++) {
		Node *node = lower->order[i];
		if (node->op == &op_max && node->args[1]->op == &op_const && !lower->maxima[node->args[0]->id])
			lower->maxima[node->args[0]->id] = node;
		for (int k = 0; node->op == &op_contract && k < 2; k++) {
			Node *view = node->args[k];
			while (view->op->kind == OP_MOVE && view->op != &op_unfold) view = view->args[0];
			if (view->op == &op_unfold) lower->padded[view->id] = true;
		}
	}
}

static Node *window(Lower *lower, const Node *node, Node *x)
{
	Window w = node->at.window;
	for (int i = 0; i < w.rank; i++) {
		if (w.low[i] || w.high[i]) x = make_pad(lower->graph, x, w.axis + i, w.low[i], w.high[i], w.fill);
		w.low[i] = w.high[i] = 0;
	}
	return make_unfold(lower->graph, x, &w);
}

/* less(k, x) reads the kept maximum: only for nodes of the backward pass, which come after it */
static Node *mask(Lower *lower, const Node *node)
{
	const Node *k = node->args[0], *top = lower->maxima[node->args[1]->id];
	bool same = top && top->id < node->id && k->op == &op_const && !k->at.data && !top->args[1]->at.data
		&& k->at.value == top->args[1]->at.value && shape_equal(&top->shape, &node->shape);
	return same ? lower->made[top->id] : NULL;
}

static Node *lowered(Lower *lower, Node *node)
{
	Node **args = arena_alloc(lower->graph->context->arena, sizeof *args*(size_t)(node->arg_count + 1));
	bool changed = false;
	for (int i = 0; i < node->arg_count; i++) changed |= (args[i] = lower->made[node->args[i]->id]) != node->args[i];
	lower->graph->place = node->place;
	lower->graph->layer = node->layer;
	lower->graph->phase = node->phase;
	if (lower->padded[node->id]) return window(lower, node, args[0]);
	Node *top = node->op == &op_less ? mask(lower, node) : NULL;
	if (top) args[1] = top;
	return changed || top ? make_like(lower->graph, node, args) : node;
}

static Node *own_root(Lower *lower, Node *node, bool *taken)
{
	bool plain = node->op->kind == OP_LEAF || node->op->kind == OP_MOVE || taken[node->id];
	lower->graph->place = node->place;
	lower->graph->layer = node->layer;
	lower->graph->phase = node->phase;
	if (plain) return make_stop(lower->graph, node);
	taken[node->id] = true;
	return node;
}

void plan_lower(Context *context, Program *program)
{
	Arena *arena = context->arena;
	int roots;
	Node **root = pass_roots(arena, program, &roots);
	Lower lower = {.graph = program->graph};
	size_t nodes = (size_t)program->graph->count;
	lower.order = graph_order(arena, root, roots, &lower.count);
	lower.made = arena_alloc(arena, sizeof(Node *)*nodes);
	lower.maxima = arena_alloc(arena, sizeof(Node *)*nodes);
	lower.padded = arena_alloc(arena, nodes);
	find_windows(&lower);
	for (int i = 0; i < lower.count; i++) lower.made[lower.order[i]->id] = lowered(&lower, lower.order[i]);
	bool *taken = arena_alloc(arena, (size_t)(program->graph->count + roots + 1));
	for (int i = 0; i < program->output_count; i++) program->outputs[i].node = own_root(&lower, lower.made[root[i]->id], taken);
	for (int i = 0; i < program->assignment_count; i++)
		program->assignments[i].node = own_root(&lower, lower.made[root[program->output_count + i]->id], taken);
}
