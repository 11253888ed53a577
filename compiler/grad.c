/* grad.c: reverse mode. Input: y and the nodes to differentiate by. Output: their gradients as nodes of the same graph.
 * Invariant: gradients are made for nodes on a path from wanted to y only, and from primitives only, so they have gradients. */
#include <stdlib.h>
#include "grad.h"

/* A share of a node's gradient; a piece is the gradient of a slice: it covers start .. along axis. */
typedef struct Share Share;
struct Share {
	Node *g;
	bool piece;
	Node *result; /* of a scan, whose gradient this is */
	int axis;
	int64_t start;
	Share *next;
};

typedef struct Shares {
	Share *first, **last;
} Shares;

typedef struct Reverse {
	Graph *graph;
	Arena *scratch;
	bool *reached; /* by id: depends on something wanted */
	Shares *shares; /* by id: what its readers gave */
	Node **done; /* by id: the whole gradient */
} Reverse;

static void find_reached(Reverse *reverse, Node **order, int count, Node **wanted, int wanted_count, int limit)
{
	for (int i = 0; i < wanted_count; i++)
		if (wanted[i] && wanted[i]->id <= limit) reverse->reached[wanted[i]->id] = true;
	for (int i = 0; i < count; i++) {
		if (!order[i]->op->gradient && order[i]->op->kind != OP_SCAN) continue;
		for (int k = 0; k < order[i]->arg_count; k++)
			if (reverse->reached[order[i]->args[k]->id]) reverse->reached[order[i]->id] = true;
	}
}

static void give(Reverse *reverse, const Node *to, Share share)
{
	Shares *shares = &reverse->shares[to->id];
	Share *kept = arena_alloc(reverse->scratch, sizeof *kept);
	*kept = share;
	if (!shares->last) shares->last = &shares->first;
	*shares->last = kept;
	shares->last = &kept->next;
}

/* --- pieces: the gradients of slices */

static int by_axis_and_start(const void *left, const void *right)
{
	const Share *a = left, *b = right;
	if (a->axis != b->axis) return a->axis < b->axis ? -1 : 1;
	if (a->start != b->start) return a->start < b->start ? -1 : 1;
	return (a->g->id > b->g->id) - (a->g->id < b->g->id);
}

static int64_t piece_end(const Share *piece) { return piece->start + piece->g->shape.dim[piece->axis].size; }

/* Zeros like node, but n places along axis. */
static Node *gap(Graph *graph, const Node *node, int axis, int64_t n)
{
	Shape shape = node->shape;
	Dim *d = &shape.dim[axis];
	*d = (Dim){n, d->rows ? n / (d->size / d->rows) : 0};
	return make_full(graph, shape, 0);
}

/* Disjoint pieces, in order, and zeros between them -> the gradient of node. */
static Node *join_pieces(Reverse *reverse, const Node *node, const Share *pieces, int count)
{
	Graph *graph = reverse->graph;
	int axis = pieces[0].axis, n = 0;
	int64_t at = 0, size = node->shape.dim[axis].size;
	if (count == 1) return make_pad(graph, pieces[0].g, axis, pieces[0].start, size - piece_end(&pieces[0]), 0);
	Node **xs = arena_alloc(reverse->scratch, (size_t)(2 * count + 1) * sizeof *xs);
	for (int i = 0; i < count; i++) {
		if (pieces[i].start > at) xs[n++] = gap(graph, node, axis, pieces[i].start - at);
		xs[n++] = pieces[i].g;
		at = piece_end(&pieces[i]);
	}
	if (size > at) xs[n++] = gap(graph, node, axis, size - at);
	return make_concat(graph, xs, n, axis);
}

/* Takes the pieces of one axis that follow one another without overlap to the front of `taken`; returns how many. The others
 * stay, in order. */
static int take_disjoint(Share *pieces, int *count, Share *taken)
{
	int n = 0, left = 0, axis = pieces[0].axis;
	for (int i = 0; i < *count; i++) {
		bool fits = pieces[i].axis == axis && (n == 0 || piece_end(&taken[n - 1]) <= pieces[i].start);
		if (fits) taken[n++] = pieces[i];
		else pieces[left++] = pieces[i];
	}
	*count = left;
	return n;
}

static Node *add_to(Graph *graph, Node *sum, Node *g)
{
	return sum ? make_binary(graph, &op_add, sum, g) : g;
}

/* The sum of all shares: whole ones first, then pieces, joined where they do not overlap. */
static Node *collect(Reverse *reverse, const Node *node)
{
	Node *sum = NULL;
	int count = 0, n = 0;
	for (Share *s = reverse->shares[node->id].first; s; s = s->next) {
		if (!s->piece) sum = add_to(reverse->graph, sum, s->g);
		count += s->piece;
	}
	if (!count) return sum;
	Share *pieces = arena_alloc(reverse->scratch, (size_t)count * sizeof *pieces);
	Share *taken = arena_alloc(reverse->scratch, (size_t)count * sizeof *taken);
	for (Share *s = reverse->shares[node->id].first; s; s = s->next)
		if (s->piece) pieces[n++] = *s;
	qsort(pieces, (size_t)count, sizeof *pieces, by_axis_and_start);
	while (count) {
		int together = take_disjoint(pieces, &count, taken);
		sum = add_to(reverse->graph, sum, join_pieces(reverse, node, taken, together));
	}
	return sum;
}

/* --- from a node to its arguments */

static void pull_back_scan(Reverse *reverse, Node *scan)
{
	int count = 0, n = 0;
	for (Share *s = reverse->shares[scan->id].first; s; s = s->next) count++;
	Node **results = arena_alloc(reverse->scratch, (size_t)(count + 1) * sizeof *results);
	Node **gs = arena_alloc(reverse->scratch, (size_t)(count + 1) * sizeof *gs);
	for (Share *s = reverse->shares[scan->id].first; s; s = s->next, n++) results[n] = s->result, gs[n] = s->g;
	bool *wanted = arena_alloc(reverse->scratch, (size_t)(scan->arg_count + 1) * sizeof *wanted);
	Node **gradients = arena_alloc(reverse->scratch, (size_t)(scan->arg_count + 1) * sizeof *gradients);
	for (int i = 0; i < scan->arg_count; i++) wanted[i] = reverse->reached[scan->args[i]->id];
	grad_scan(reverse->graph, scan, results, gs, count, wanted, gradients);
	for (int i = 0; i < scan->arg_count; i++)
		if (wanted[i] && gradients[i]) give(reverse, scan->args[i], (Share){.g = gradients[i]});
}

static void pull_back(Reverse *reverse, Node *node, Node *g)
{
	if (node->op == &op_result) give(reverse, node->args[0], (Share){.g = g, .result = node});
	if (!node->op->gradient) return;
	if (node->op == &op_slice) {
		if (reverse->reached[node->args[0]->id])
			give(reverse, node->args[0],
				(Share){.g = g, .piece = true, .axis = node->at.axis, .start = node->at.start});
		return;
	}
	Node **gradients = arena_alloc(reverse->scratch, (size_t)(node->arg_count + 1) * sizeof *gradients);
	bool *wanted = arena_alloc(reverse->scratch, (size_t)(node->arg_count + 1) * sizeof *wanted), any = false;
	for (int i = 0; i < node->arg_count; i++) any |= wanted[i] = reverse->reached[node->args[i]->id];
	if (!any) return;
	node->op->gradient(reverse->graph, node, g, wanted, gradients);
	for (int i = 0; i < node->arg_count; i++)
		if (wanted[i] && gradients[i]) give(reverse, node->args[i], (Share){.g = gradients[i]});
}

static void go_back(Reverse *reverse, Node **order, int count)
{
	Graph *graph = reverse->graph;
	for (int i = count - 1; i >= 0; i--) {
		Node *node = order[i];
		if (!reverse->reached[node->id] || !reverse->shares[node->id].first) continue;
		graph->place = node->place;
		graph->layer = node->layer;
		if (node->op == &op_scan) {
			pull_back_scan(reverse, node);
			continue;
		}
		reverse->done[node->id] = collect(reverse, node);
		pull_back(reverse, node, reverse->done[node->id]);
	}
}

void grad_seeded(Graph *graph, Node **ys, Node **seeds, int y_count, Node **wanted, int count, Node **gradients)
{
	int n, limit = 0;
	for (int i = 0; i < count; i++) gradients[i] = NULL;
	for (int i = 0; i < y_count; i++)
		if (ys[i]->id > limit) limit = ys[i]->id;
	Graph before = *graph;
	Reverse reverse = {.graph = graph, .scratch = arena_new()};
	Node **order = graph_order(reverse.scratch, ys, y_count, &n);
	reverse.reached = arena_alloc(reverse.scratch, (size_t)(limit + 1) * sizeof *reverse.reached);
	reverse.shares = arena_alloc(reverse.scratch, (size_t)(limit + 1) * sizeof *reverse.shares);
	reverse.done = arena_alloc(reverse.scratch, (size_t)(limit + 1) * sizeof(Node *));
	find_reached(&reverse, order, n, wanted, count, limit);
	graph->phase = PHASE_GRADIENT;
	for (int i = 0; i < y_count; i++)
		if (reverse.reached[ys[i]->id]) give(&reverse, ys[i], (Share){.g = seeds[i]});
	go_back(&reverse, order, n);
	for (int i = 0; i < count; i++)
		if (wanted[i] && wanted[i]->id <= limit) gradients[i] = reverse.done[wanted[i]->id];
	graph_restamp(graph, &before);
	arena_free(reverse.scratch);
}

void grad_make(Graph *graph, Node *y, Node **wanted, int count, Node **gradients)
{
	for (int i = 0; i < count; i++) gradients[i] = NULL;
	if (!y) return;
	Graph before = *graph;
	graph_stamp_as(graph, y);
	graph->phase = PHASE_GRADIENT;
	Node *seed = make_full(graph, y->shape, 1);
	grad_seeded(graph, &y, &seed, 1, wanted, count, gradients);
	graph_restamp(graph, &before);
}
