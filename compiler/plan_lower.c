/* plan_lower.c: in: a simplified program; out: the same program in the form that kernels cover. Keeps: every value.
 *   window padding under a contraction -> a pad node of its own, so that the window is an affine view of memory
 *   k < x, where max(x, k) is there    -> k < max(x, k): the activation is kept anyway, what went into it is not
 *   a root that is a leaf, a view, or the root of something else -> a copy of its own; so in the bodies of scans
 *   the states of a scan before or after each step -> pieces of one history of them */
#include "pass.h"
#include "plan.h"

typedef struct Scanned { /* by scan: states whose history is needed, once the scan is made again */
	bool *kept;
	Node **history;
} Scanned;

typedef struct Lower {
	Graph *graph;
	Arena *arena;
	Node **order, **made; /* made: by id of the old node */
	int count;
	bool *padded; /* windows whose padding becomes a node */
	Node **maxima; /* by id of x: the first max(x, k) */
	Scanned *scanned; /* by id */
} Lower;

static void lower_roots(Graph *graph, Node **roots, int root_count);

/* Of which state node is the value before every step (*after: after it); -1: of none */
static int state_of(const Body *body, const Node *node, bool *after)
{
	for (int k = 0; k < body->carried_count; k++) {
		*after = body->next[k] == node;
		if (*after || body->carried[k] == node) return k;
	}
	return -1;
}

static void find_histories(Lower *lower)
{
	for (int i = 0; i < lower->count; i++) {
		const Node *node = lower->order[i];
		bool after;
		if (node->op == &op_scan) {
			size_t states = (size_t)node->at.body->carried_count + 1;
			lower->scanned[node->id] = (Scanned){arena_alloc(lower->arena, states), arena_alloc(lower->arena, states*sizeof(Node *))};
		}
		if (node->op != &op_result || node->at.result != RESULT_STACK) continue;
		const Body *body = node->args[0]->at.body;
		int state = state_of(body, body->stacked[node->at.which], &after);
		if (state >= 0) lower->scanned[node->args[0]->id].kept[state] = true;
	}
}

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

static bool is_table(const Node *node) { return node->op == &op_const && node->at.data; }

/* The body with roots of its own: next states, then what is stacked and is no state. */
static Body *lowered_body(Lower *lower, const Body *old)
{
	Body *body = body_copy(lower->graph->context, old);
	bool after;
	int carried = body->carried_count, count = carried + body->stacked_count;
	Node **roots = arena_alloc(lower->arena, sizeof *roots*(size_t)(count + 1));
	for (int i = 0; i < count; i++) roots[i] = i < carried ? body->next[i] : body->stacked[i - carried];
	for (int i = carried; i < count; i++)
		if (roots[i] && state_of(old, roots[i], &after) >= 0) roots[i] = NULL;
	lower_roots(body->graph, roots, count);
	for (int i = 0; i < count; i++) *(i < carried ? &body->next[i] : &body->stacked[i - carried]) = roots[i];
	return body;
}

static Node *history(Lower *lower, const Node *old_scan, int state)
{
	Scanned *scanned = &lower->scanned[old_scan->id];
	if (!scanned->kept[state]) return NULL;
	if (!scanned->history[state]) scanned->history[state] = make_history(lower->graph, lower->made[old_scan->id], state);
	return scanned->history[state];
}

static Node *result(Lower *lower, const Node *node, Node *again)
{
	const Node *scan = node->args[0];
	const Body *body = scan->at.body;
	bool after = true, last = node->at.result == RESULT_LAST;
	int state = last ? node->at.which : state_of(body, body->stacked[node->at.which], &after);
	Node *states = state >= 0 ? history(lower, scan, state) : NULL;
	if (!states) return again;
	int64_t first = last ? (body->reverse ? 0 : body->steps) : after != body->reverse;
	Node *piece = make_slice(lower->graph, states, 0, first, (Dim){last ? 1 : body->steps, 0});
	return make_reshape(lower->graph, piece, node->shape);
}

static Node *lowered(Lower *lower, Node *node)
{
	Node **args = arena_alloc(lower->arena, sizeof *args*(size_t)(node->arg_count + 1));
	bool changed = false, scan = node->op == &op_scan;
	graph_stamp_as(lower->graph, node);
	for (int i = 0; i < node->arg_count; i++) {
		args[i] = lower->made[node->args[i]->id];
		if (scan && is_table(args[i])) args[i] = make_stop(lower->graph, args[i]);
		changed |= args[i] != node->args[i];
	}
	if (lower->padded[node->id]) return window(lower, node, args[0]);
	Node *top = node->op == &op_less ? mask(lower, node) : NULL;
	if (top) args[1] = top;
	Node *again = changed || top || scan ? make_like(lower->graph, node, args) : node;
	if (scan) again->at.body = lowered_body(lower, node->at.body);
	return node->op == &op_result ? result(lower, node, again) : again;
}

static Node *own_root(Lower *lower, Node *node, bool *taken)
{
	bool plain = node->op->kind == OP_LEAF || node->op->kind == OP_MOVE || taken[node->id];
	graph_stamp_as(lower->graph, node);
	if (plain) return make_stop(lower->graph, node);
	taken[node->id] = true;
	return node;
}

/* NULL roots stay. */
static void lower_roots(Graph *graph, Node **roots, int root_count)
{
	Arena *arena = graph->context->arena;
	Lower lower = {.graph = graph, .arena = arena};
	Graph before = *graph;
	size_t nodes = (size_t)graph->count;
	lower.order = graph_order(arena, roots, root_count, &lower.count);
	lower.made = arena_alloc(arena, sizeof(Node *)*nodes);
	lower.maxima = arena_alloc(arena, sizeof(Node *)*nodes);
	lower.scanned = arena_alloc(arena, sizeof(Scanned)*nodes);
	lower.padded = arena_alloc(arena, nodes);
	find_windows(&lower);
	find_histories(&lower);
	for (int i = 0; i < lower.count; i++) lower.made[lower.order[i]->id] = lowered(&lower, lower.order[i]);
	bool *taken = arena_alloc(arena, (size_t)(graph->count + root_count + 1));
	for (int i = 0; i < root_count; i++)
		if (roots[i]) roots[i] = own_root(&lower, lower.made[roots[i]->id], taken);
	graph_restamp(graph, &before);
}

void plan_lower(Context *context, Program *program)
{
	int count;
	Node **roots = pass_roots(context->arena, program, &count);
	lower_roots(program->graph, roots, count);
	pass_set_roots(program, roots);
}
