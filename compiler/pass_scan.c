/* pass_scan.c: scans without what nobody needs. Requires: nothing. Keeps: values to the bit.
 *   a state, item, fixed value or stacked value that no result depends on       -> gone, with the argument outside
 *   a leaf whose argument is one number, a state that never leaves its number    -> the number
 *   an item of a sequence that is the same at every step                         -> a fixed value
 *   an item of a sequence of a table's rows                                      -> the row, read in the step; its number is the item */
#include <assert.h>
#include <string.h>
#include "pass.h"

typedef struct Use { /* what is needed of a scan, and where it stands when the rest is gone */
	bool *last, *stacked, *item, *fixed;
	bool *carried;
	int *last_at, *stacked_at;
} Use;

typedef struct Scans {
	Graph *graph;
	Arena *scratch;
	Use **use; /* by id */
	Node **new; /* by id */
} Scans;

static bool prune(Graph *graph, Node **roots, int count);

static Use *use_of(Scans *scans, const Node *scan)
{
	const Body *body = scan->at.body;
	size_t carried = (size_t)body->carried_count + 1, stacked = (size_t)body->stacked_count + 1;
	Use *use = arena_alloc(scans->scratch, sizeof *use);
	*use = (Use){.last = arena_alloc(scans->scratch, carried), .carried = arena_alloc(scans->scratch, carried),
		.stacked = arena_alloc(scans->scratch, stacked), .item = arena_alloc(scans->scratch, (size_t)body->item_count + 1),
		.fixed = arena_alloc(scans->scratch, (size_t)body->fixed_count + 1),
		.last_at = arena_alloc(scans->scratch, carried * sizeof(int)),
		.stacked_at = arena_alloc(scans->scratch, stacked * sizeof(int))};
	return use;
}

static void find_uses(Scans *scans, Node **order, int count)
{
	for (int i = 0; i < count; i++) {
		const Node *node = order[i];
		if (node->op == &op_scan) scans->use[node->id] = use_of(scans, node);
		if (node->op != &op_result) continue;
		Use *use = scans->use[node->args[0]->id];
		if (node->at.result == RESULT_STACK) use->stacked[node->at.which] = true;
		else use->last[node->at.which] = use->carried[node->at.which] = true;
	}
}

/* --- numbers and values that are the same at every step, in the place of leaves */

typedef struct Swap {
	Node **leaf, **value;
	int count;
} Swap;

static Node *swap_leaf(Graph *graph, Node *node, void *user)
{
	(void)graph;
	const Swap *swap = user;
	if (node->op != &op_carried && node->op != &op_item && node->op != &op_fixed) return NULL;
	for (int i = 0; i < swap->count; i++)
		if (swap->leaf[i] == node) return swap->value[i];
	return NULL;
}

static void add_swap(Swap *swap, Node *leaf, Node *value)
{
	swap->leaf[swap->count] = leaf;
	swap->value[swap->count++] = value;
}

/* What a sequence is at every step, if that is always the same; NULL: it is not. */
static Node *same_at_every_step(Graph *graph, const Node *sequence)
{
	if (sequence->op != &op_broadcast) return NULL;
	Node *x = sequence->args[0];
	Shape step = {.rank = sequence->shape.rank - 1};
	memcpy(step.dim, sequence->shape.dim + 1, (size_t)step.rank * sizeof *step.dim);
	if (x->shape.rank == sequence->shape.rank) {
		if (x->shape.dim[0].size != 1) return NULL;
		Shape thin = {.rank = x->shape.rank - 1};
		memcpy(thin.dim, x->shape.dim + 1, (size_t)thin.rank * sizeof *thin.dim);
		x = make_reshape(graph, x, thin);
	}
	return make_broadcast(graph, x, step);
}

static Node *fixed_leaf(Graph *graph, Body *body, const Node *outside, Node ***args, int *count)
{
	Node *leaf = graph_node(body->graph, &op_fixed, NULL, 0, outside->shape, NULL);
	leaf->integer = outside->integer;
	body->fixed = arena_grow(graph->context->arena, body->fixed, body->fixed_count, &body->fixed_capacity, sizeof *body->fixed);
	body->fixed[body->fixed_count++] = leaf;
	Node **more = arena_alloc(graph->context->arena, (size_t)(*count + 1) * sizeof *more);
	memcpy(more, *args, (size_t)*count * sizeof *more);
	more[(*count)++] = (Node *)outside;
	*args = more;
	return leaf;
}

/* A sequence [steps, ..] of rows of a table, seen through transposes: order[k] is the axis of the gather that is its axis k;
 * NULL: it is none, or time is no axis of the numbers. */
static Node *rows_of(Node *sequence, int *order)
{
	Node *node = sequence;
	for (int k = 0; k < sequence->shape.rank; k++) order[k] = k;
	for (; node->op == &op_transpose; node = node->args[0])
		for (int k = 0; k < sequence->shape.rank; k++) order[k] = node->at.order[order[k]];
	return node->op == &op_gather && order[0] < node->args[1]->shape.rank ? node : NULL;
}

/* The row of this step, by an item in the place of item j: the sequence of numbers with time in front. */
static Node *row_of_step(Graph *graph, Body *body, int j, const Node *gather, const int *order, Node ***args, int *count)
{
	Node *numbers = gather->args[1];
	int time = order[0], to[MAX_RANK] = {time}, back[MAX_RANK];
	for (int k = 0, n = 1; k < numbers->shape.rank; k++)
		if (k != time) to[n++] = k;
	Node *sequence = make_transpose(graph, numbers, to), *table = fixed_leaf(graph, body, gather->args[0], args, count);
	Shape step = {.rank = sequence->shape.rank - 1};
	memcpy(step.dim, sequence->shape.dim + 1, (size_t)step.rank * sizeof *step.dim);
	Node *number = graph_node(body->graph, &op_item, NULL, 0, step, NULL);
	number->integer = numbers->integer;
	body->items[j] = number;
	(*args)[body->carried_count + j] = sequence;
	for (int k = 1; k < gather->shape.rank; k++) back[k - 1] = order[k] - (order[k] > time);
	return make_transpose(body->graph, make_gather(body->graph, table, number), back);
}

static bool stays(const Body *body, int k, const Node *start)
{
	const Node *next = body->next[k];
	return is_number(start) && (next == body->carried[k] || (is_number(next) && next->at.value == start->at.value));
}

static void find_swaps(Graph *graph, Body *body, Node ***args, int *count, Swap *swap)
{
	int carried = body->carried_count, items = body->item_count, all = *count;
	graph_restamp(body->graph, graph);
	for (int i = 0; i < all; i++) {
		Node *arg = (*args)[i], *leaf = i < carried ? body->carried[i] : i < carried + items ? body->items[i - carried] :
			body->fixed[i - carried - items];
		bool number = is_number(arg) && (i >= carried || stays(body, i, arg));
		bool item = !number && i >= carried && i < carried + items;
		int order[MAX_RANK];
		Node *same = item ? same_at_every_step(graph, arg) : NULL, *gather = item ? rows_of(arg, order) : NULL;
		if (number) add_swap(swap, leaf, make_full(body->graph, leaf->shape, arg->at.value));
		else if (same) add_swap(swap, leaf, fixed_leaf(graph, body, same, args, count));
		else if (gather) add_swap(swap, leaf, row_of_step(graph, body, i - carried, gather, order, args, count));
	}
}

/* --- what is needed */

static bool in_order(Node **order, int count, const Node *node)
{
	for (int low = 0, high = count; low < high;) {
		int middle = (low + high) / 2;
		if (order[middle] == node) return true;
		if (order[middle]->id < node->id) low = middle + 1;
		else high = middle;
	}
	return false;
}

/* A state is needed that a needed value reads; its next value may read others. */
static void find_needed(Scans *scans, const Body *body, Use *use, int fixed_count)
{
	Node **roots = arena_alloc(scans->scratch, (size_t)(body->carried_count + body->stacked_count + 1) * sizeof *roots), **order;
	int n = 0, count;
	use->fixed = arena_alloc(scans->scratch, (size_t)fixed_count + 1);
	for (bool more = true; more;) {
		n = 0;
		for (int k = 0; k < body->carried_count; k++)
			if (use->carried[k]) roots[n++] = body->next[k];
		for (int i = 0; i < body->stacked_count; i++)
			if (use->stacked[i]) roots[n++] = body->stacked[i];
		order = graph_order(scans->scratch, roots, n, &count);
		more = false;
		for (int k = 0; k < body->carried_count; k++) {
			bool found = !use->carried[k] && in_order(order, count, body->carried[k]);
			use->carried[k] |= found;
			more |= found;
		}
	}
	for (int j = 0; j < body->item_count; j++) use->item[j] = in_order(order, count, body->items[j]);
	for (int f = 0; f < body->fixed_count; f++) use->fixed[f] = in_order(order, count, body->fixed[f]);
}

static int keep(Node **list, const bool *needed, int count, Node **args, Node **kept_args, int *kept)
{
	int n = 0;
	for (int i = 0; i < count; i++) {
		if (!needed[i]) continue;
		list[n++] = list[i];
		kept_args[(*kept)++] = args[i];
	}
	return n;
}

/* The scan without what is not needed; its results stand where use says. */
static Node *shrunk(Scans *scans, Node *scan, Body *body, Node **args, Use *use)
{
	Node **kept = arena_alloc(scans->scratch, (size_t)(body->carried_count + body->item_count + body->fixed_count + 1) * sizeof *kept);
	int n = 0, carried = body->carried_count, items = body->item_count, stacked = 0;
	for (int k = 0, at = 0; k < carried; k++) {
		use->last_at[k] = at;
		if (use->carried[k]) body->next[at++] = body->next[k];
	}
	body->carried_count = keep(body->carried, use->carried, carried, args, kept, &n);
	body->item_count = keep(body->items, use->item, items, args + carried, kept, &n);
	body->fixed_count = keep(body->fixed, use->fixed, body->fixed_count, args + carried + items, kept, &n);
	for (int i = 0; i < body->stacked_count; i++) {
		use->stacked_at[i] = stacked;
		if (use->stacked[i]) body->stacked[stacked++] = body->stacked[i];
	}
	body->stacked_count = stacked;
	Attributes at = {.body = body};
	Node *made = graph_node(scans->graph, &op_scan, kept, n, scan->shape, &at);
	node_stamp_as(made, scan);
	return made;
}

static bool all_needed(const bool *needed, int count)
{
	for (int i = 0; i < count; i++)
		if (!needed[i]) return false;
	return true;
}

static Node *pruned(Scans *scans, Node *scan, Use *use)
{
	Graph *graph = scans->graph;
	Body *body = body_copy(graph->context, scan->at.body);
	int carried = body->carried_count, count = scan->arg_count, root_count = carried + body->stacked_count;
	Node **args = scan->args, **roots = arena_alloc(scans->scratch, (size_t)(root_count + 1) * sizeof *roots);
	Swap swap = {arena_alloc(scans->scratch, (size_t)(count + 1) * sizeof(Node *)), arena_alloc(scans->scratch, (size_t)(count + 1) * sizeof(Node *)), 0};
	find_swaps(graph, body, &args, &count, &swap);
	for (int i = 0; i < root_count; i++)
		roots[i] = i < carried ? body->next[i] : use->stacked[i - carried] ? body->stacked[i - carried] : NULL;
	bool changed = swap.count && pass_rewrite_roots(body->graph, roots, root_count, swap_leaf, &swap);
	changed |= prune(body->graph, roots, root_count);
	for (int i = 0; i < root_count; i++) *(i < carried ? &body->next[i] : &body->stacked[i - carried]) = roots[i];
	find_needed(scans, body, use, body->fixed_count);
	bool whole = !changed && all_needed(use->carried, carried) && all_needed(use->stacked, body->stacked_count)
		&& all_needed(use->item, body->item_count) && all_needed(use->fixed, body->fixed_count);
	return whole ? NULL : shrunk(scans, scan, body, args, use);
}

static Node *again(Scans *scans, Node *node)
{
	Node **args = arena_alloc(scans->scratch, (size_t)(node->arg_count + 1) * sizeof *args);
	bool changed = false;
	for (int i = 0; i < node->arg_count; i++) changed |= (args[i] = scans->new[node->args[i]->id]) != node->args[i];
	return changed ? make_like(scans->graph, node, args) : node;
}

static Node *renewed(Scans *scans, Node *node)
{
	Node *made = again(scans, node);
	graph_stamp_as(scans->graph, node);
	if (node->op == &op_scan) {
		Node *smaller = pruned(scans, made, scans->use[node->id]);
		if (!smaller) scans->use[node->id] = NULL;
		return smaller ? smaller : made;
	}
	const Use *use = node->op == &op_result ? scans->use[node->args[0]->id] : NULL;
	if (use) made->at.which = (node->at.result == RESULT_STACK ? use->stacked_at : use->last_at)[node->at.which];
	return made;
}

static bool prune(Graph *graph, Node **roots, int root_count)
{
	Graph before = *graph;
	Scans scans = {.graph = graph, .scratch = arena_new()};
	int count;
	bool changed = false, any = false;
	Node **order = graph_order(scans.scratch, roots, root_count, &count);
	for (int i = 0; i < count; i++) any |= order[i]->op == &op_scan;
	if (any) {
		scans.use = arena_alloc(scans.scratch, (size_t)(graph->count + 1) * sizeof *scans.use);
		scans.new = arena_alloc(scans.scratch, (size_t)(graph->count + 1) * sizeof *scans.new);
		find_uses(&scans, order, count);
		for (int i = 0; i < count; i++) {
			scans.new[order[i]->id] = renewed(&scans, order[i]);
			changed |= scans.new[order[i]->id] != order[i];
		}
		for (int i = 0; i < root_count; i++)
			if (roots[i]) roots[i] = scans.new[roots[i]->id];
	}
	graph_restamp(graph, &before);
	arena_free(scans.scratch);
	return changed;
}

bool pass_scan(Context *context, Program *program)
{
	(void)context;
	Arena *scratch = arena_new();
	int count;
	Node **roots = pass_roots(scratch, program, &count);
	bool changed = prune(program->graph, roots, count);
	pass_set_roots(program, roots);
	arena_free(scratch);
	return changed;
}
