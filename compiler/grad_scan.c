/* grad_scan.c: the gradient of a scan is a scan in the other direction. In: a scan and the gradients of its results. Out: the
 * gradients of its arguments. Its states are the gradients of the states, its items the gradients of what was stacked, and
 * those values of the forward steps that it reads, which are stacked for it.
 * Invariant: what a fixed value gets is a sum over time outside of the scan: of a product, one product over all steps. */
#include <assert.h>
#include <string.h>
#include "grad.h"

typedef struct Back {
	Graph *graph; /* of the forward scan */
	Node *scan; /* forward */
	Body *body; /* of the backward scan */
	Arena *scratch;
	Node **clone; /* by id in the forward body: the node again in the backward body */
	Node **source; /* by id in the backward body: the forward node it is a clone of, or NULL */
	int source_count;
	Node **made; /* by id in the backward body: what stands for it when forward values are residuals; by made_count */
	int made_count;
	Node *back; /* the backward scan */
} Back;

/* --- the forward step again, to be differentiated; leaves stand for anything until what they are is needed */

static void clone_forward(Back *back, Node **roots, int count)
{
	int n;
	Graph *graph = back->body->graph;
	Node **order = graph_order(back->scratch, roots, count, &n);
	for (int i = 0; i < n; i++) {
		Node *node = order[i], **args = arena_alloc(back->scratch, (size_t)(node->arg_count + 1) * sizeof *args);
		for (int k = 0; k < node->arg_count; k++) args[k] = back->clone[node->args[k]->id];
		back->clone[node->id] = make_like(graph, node, args);
	}
	back->source_count = graph->count;
	back->source = arena_alloc(back->scratch, (size_t)(graph->count + 1) * sizeof *back->source);
	for (int i = 0; i < n; i++) back->source[back->clone[order[i]->id]->id] = order[i];
}

static Node *source_of(const Back *back, const Node *node)
{
	return node->id < back->source_count ? back->source[node->id] : NULL;
}

/* Cheaper to compute again than to keep: index maps, comparisons, signs; scans, whose results are no single value. */
static bool computed_again(const Node *node)
{
	const Op *op = node->op;
	if (op == &op_const || op == &op_iota || op == &op_rows) return true;
	return op->kind == OP_MOVE || op->kind == OP_SCAN || op == &op_less || op == &op_equal || op == &op_neg;
}

/* The leaf of the backward body that holds a forward value. */
static Node *residual(Back *back, Node *forward)
{
	bool same;
	Node *outer = scan_outside(back->scan, forward, &same);
	if (outer && same) return graph_own(back->body->graph, outer);
	return scan_item(back->body, outer ? outer : make_stack(back->graph, back->scan, forward));
}

/* The gradient nodes over residuals instead of over the forward step; roots are replaced. */
static void cut_forward(Back *back, Node **roots, int count)
{
	int n;
	Graph *graph = back->body->graph;
	Node **order = graph_order(back->scratch, roots, count, &n);
	int limit = graph->count;
	bool *needed = arena_alloc(back->scratch, (size_t)limit + 1);
	Node **made = arena_alloc(back->scratch, (size_t)(limit + 1) * sizeof *made);
	for (int i = 0; i < count; i++)
		if (roots[i]) needed[roots[i]->id] = true;
	for (int i = n - 1; i >= 0; i--) {
		Node *forward = source_of(back, order[i]);
		if (!needed[order[i]->id] || (forward && !computed_again(forward))) continue;
		for (int k = 0; k < order[i]->arg_count; k++) needed[order[i]->args[k]->id] = true;
	}
	for (int i = 0; i < n; i++) {
		Node *node = order[i], *forward = source_of(back, node);
		if (!needed[node->id]) continue;
		made[node->id] = node;
		if (forward && !computed_again(forward)) {
			made[node->id] = residual(back, forward);
			continue;
		}
		Node **args = arena_alloc(back->scratch, (size_t)(node->arg_count + 1) * sizeof *args);
		bool changed = false;
		for (int k = 0; k < node->arg_count; k++) changed |= (args[k] = made[node->args[k]->id]) != node->args[k];
		if (changed) made[node->id] = make_like(graph, node, args);
	}
	for (int i = 0; i < count; i++)
		if (roots[i]) roots[i] = made[roots[i]->id];
}

/* --- what is the same at every step: the sum over time of a value of the backward body, as nodes outside */

static Node *summed(Back *back, Node *node);

/* Node at every step; a value that is the same at every step as it is (*same) */
static Node *outside(Back *back, Node *node, bool *same)
{
	Node *outer = scan_outside(back->back, node, same);
	return outer ? outer : make_stack(back->graph, back->back, node);
}

static Node *sum_over_time(Back *back, Node *all)
{
	Shape step = {.rank = all->shape.rank - 1};
	memcpy(step.dim, all->shape.dim + 1, (size_t)step.rank * sizeof *step.dim);
	return make_reshape(back->graph, make_reduce(back->graph, &op_sum, all, 1), step);
}

static Node *summed_contract(Back *back, Node *node)
{
	const Attributes *at = &node->at;
	bool same[2];
	Node *x = outside(back, node->args[0], &same[0]), *y = outside(back, node->args[1], &same[1]);
	char time = 'a', a[MAX_RANK + 2], b[MAX_RANK + 2];
	if (same[0] && same[1]) return NULL;
	if (same[0]) return make_contract(back->graph, at->a, at->b, at->o, x, summed(back, node->args[1]));
	if (same[1]) return make_contract(back->graph, at->a, at->b, at->o, summed(back, node->args[0]), y);
	while (strchr(at->a, time) || strchr(at->b, time)) time++;
	if (time > 'z' || strlen(at->a) == MAX_RANK || strlen(at->b) == MAX_RANK) return NULL;
	a[0] = b[0] = time;
	strcpy(a + 1, at->a);
	strcpy(b + 1, at->b);
	return make_contract(back->graph, a, b, at->o, x, y);
}

/* The sum over time goes through what is linear. */
static Node *summed(Back *back, Node *node)
{
	Graph *graph = back->graph;
	bool same;
	Node *x = node->arg_count ? node->args[0] : NULL, *y = NULL;
	if (node->op == &op_contract && (y = summed_contract(back, node))) return y;
	if (node->op == &op_neg) return make_unary(graph, &op_neg, summed(back, x));
	if (node->op == &op_reshape) return make_reshape(graph, summed(back, x), node->shape);
	if (node->op == &op_transpose) return make_transpose(graph, summed(back, x), node->at.order);
	if (node->op == &op_pad && node->at.value == 0)
		return make_pad(graph, summed(back, x), node->at.axis, node->at.low, node->at.high, 0);
	if (node->op == &op_sum && x->op == &op_contract)
		return make_reduce(graph, &op_sum, summed(back, x), node->at.axes);
	if (node->op == &op_sum) {
		Node *all = outside(back, x, &same);
		if (!same) return make_reshape(graph, make_reduce(graph, &op_sum, all, node->at.axes << 1 | 1), node->shape);
	}
	bool alike = node->op == &op_add && shape_equal(&x->shape, &node->args[1]->shape);
	if (alike) return make_binary(graph, &op_add, summed(back, x), summed(back, node->args[1]));
	y = outside(back, node, &same);
	if (same) return make_binary(graph, &op_mul, y, make_const(graph, (double)back->body->steps));
	return sum_over_time(back, y);
}

/* --- */

static Node *sum_of(Graph *graph, Node *a, Node *b) { return a ? make_binary(graph, &op_add, a, b) : b; }

/* The gradient of the last state k: its results', added; zeros where there are none. */
static Node *last_gradient(Back *back, Node **results, Node **gs, int count, int k)
{
	Node *g = NULL;
	for (int i = 0; i < count; i++)
		if (results[i]->at.result == RESULT_LAST && results[i]->at.which == k) g = sum_of(back->graph, g, gs[i]);
	return g ? g : make_full(back->graph, back->scan->at.body->carried[k]->shape, 0);
}

static void start_back(Back *back, Graph *graph, Node *scan)
{
	const Body *body = scan->at.body;
	*back = (Back){.graph = graph, .scan = scan, .scratch = arena_new()};
	back->body = scan_open(graph, body->steps, !body->reverse);
	back->clone = arena_alloc(back->scratch, (size_t)(body->graph->count + 1) * sizeof *back->clone);
}

void grad_scan(Graph *graph, Node *scan, Node **results, Node **gs, int count, const bool *wanted, Node **gradients)
{
	const Body *body = scan->at.body;
	Back back;
	start_back(&back, graph, scan);
	int carried = body->carried_count, args = scan->arg_count, ys = 0, n;
	Node **roots = body_roots(back.scratch, body, &n);
	clone_forward(&back, roots, n);
	Node **y = arena_alloc(back.scratch, (size_t)(carried + count + 1) * sizeof *y);
	Node **seed = arena_alloc(back.scratch, (size_t)(carried + count + 1) * sizeof *seed);
	Node **leaf = arena_alloc(back.scratch, (size_t)(args + 1) * sizeof *leaf);
	Node **g = arena_alloc(back.scratch, (size_t)(args + 1) * sizeof *g);
	for (int k = 0; k < carried; k++, ys++) {
		y[ys] = back.clone[body->next[k]->id];
		seed[ys] = scan_carried(back.body, last_gradient(&back, results, gs, count, k));
	}
	for (int i = 0; i < count; i++) {
		if (results[i]->at.result != RESULT_STACK) continue;
		y[ys] = back.clone[body->stacked[results[i]->at.which]->id];
		seed[ys++] = scan_item(back.body, gs[i]);
	}
	for (int i = 0; i < args; i++) {
		int j = i - carried, f = j - body->item_count;
		Node *inside = j < 0 ? body->carried[i] : f < 0 ? body->items[j] : body->fixed[f];
		leaf[i] = j < 0 || wanted[i] ? back.clone[inside->id] : NULL;
	}
	grad_seeded(back.body->graph, y, seed, ys, leaf, args, g);
	cut_forward(&back, g, args);
	for (int k = 0; k < carried; k++)
		if (!g[k]) g[k] = make_full(back.body->graph, body->carried[k]->shape, 0);
	back.back = scan_close(back.body, g);
	for (int i = 0; i < args; i++) {
		gradients[i] = NULL;
		if (!wanted[i] || !g[i]) continue;
		if (i < carried) gradients[i] = make_last(graph, back.back, i);
		else if (i < carried + body->item_count) gradients[i] = make_stack(graph, back.back, g[i]);
		else gradients[i] = summed(&back, g[i]);
	}
	arena_free(back.scratch);
}
