/* graph.c: shapes, nodes and their order. Input: what the constructors of ops/ ask for. Output: nodes in graph->nodes.
 * Invariant: a node never changes after it is made, and its arguments have smaller ids. */
#include <assert.h>
#include <string.h>
#include "graph.h"

enum { MAX_ELEMENTS_LOG2 = 44 };

Graph *graph_new(Context *context, int64_t batch)
{
	Graph *graph = arena_alloc(context->arena, sizeof *graph);
	graph->context = context;
	graph->batch = batch;
	graph->layer = "";
	return graph;
}

bool graph_holds(const Graph *graph, const Node *node)
{
	return node->id < graph->count && graph->nodes[node->id] == node;
}

Shape shape_of(int rank, const int64_t *sizes)
{
	Shape shape = {0};
	shape.rank = rank;
	for (int i = 0; i < rank; i++) shape.dim[i] = (Dim){sizes[i], 0};
	return shape;
}

int64_t shape_count(const Shape *shape)
{
	int64_t count = 1;
	for (int i = 0; i < shape->rank; i++) count *= shape->dim[i].size;
	return count;
}

int64_t shape_rows(const Shape *shape)
{
	for (int i = 0; i < shape->rank; i++)
		if (shape->dim[i].rows) return shape->dim[i].rows;
	return 0;
}

bool shape_equal(const Shape *a, const Shape *b)
{
	if (a->rank != b->rank) return false;
	for (int i = 0; i < a->rank; i++)
		if (a->dim[i].size != b->dim[i].size || a->dim[i].rows != b->dim[i].rows) return false;
	return true;
}

Shape shape_for(const Shape *shape, int64_t batch)
{
	Shape other = *shape;
	for (int i = 0; i < other.rank; i++)
		if (other.dim[i].rows) other.dim[i].size = other.dim[i].rows*batch;
	return other;
}

const char *shape_text(Arena *arena, const Shape *shape)
{
	const char *text = "[";
	for (int i = 0; i < shape->rank; i++) {
		const char *comma = i ? ", " : "";
		Dim d = shape->dim[i];
		if (d.rows == 1) text = arena_format(arena, "%s%sbatch", text, comma);
		else if (d.rows) text = arena_format(arena, "%s%s%lld*batch", text, comma, (long long)d.rows);
		else text = arena_format(arena, "%s%s%lld", text, comma, (long long)d.size);
	}
	return arena_format(arena, "%s]", text);
}

bool shape_check(Graph *graph, const Shape *shape)
{
	Context *context = graph->context;
	if (shape->rank > MAX_RANK) {
		diag_error(context, graph->place, "reshape some axes into one",
			"a tensor of %d axes: at most %d are possible", shape->rank, MAX_RANK);
		return false;
	}
	int64_t count = 1;
	int batches = 0;
	for (int i = 0; i < shape->rank; i++) {
		batches += shape->dim[i].rows > 0;
		if (shape->dim[i].size < 1) {
			diag_error(context, graph->place, "every axis holds at least one value",
				"axis %d of %s is empty", i, shape_text(context->arena, shape));
			return false;
		}
		if (__builtin_mul_overflow(count, shape->dim[i].size, &count) || count >> MAX_ELEMENTS_LOG2) {
			diag_error(context, graph->place, NULL, "a tensor %s is too large",
				shape_text(context->arena, shape));
			return false;
		}
	}
	if (batches > 1) {
		diag_error(context, graph->place,
			"one sample can't be combined with every other: sum over one of the batch axes first",
			"the batch stands twice in %s", shape_text(context->arena, shape));
		return false;
	}
	return true;
}

void graph_stamp_as(Graph *graph, const Node *node)
{
	graph->place = node->place;
	graph->layer = node->layer;
	graph->phase = node->phase;
}

void graph_restamp(Graph *graph, const Graph *as)
{
	graph->place = as->place;
	graph->layer = as->layer;
	graph->phase = as->phase;
}

void node_stamp_as(Node *made, const Node *node)
{
	made->place = node->place;
	made->layer = node->layer;
	made->phase = node->phase;
}

Node *graph_node(Graph *graph, const Op *op, Node **args, int arg_count, Shape shape, const Attributes *at)
{
	Arena *arena = graph->context->arena;
	Node *node = arena_alloc(arena, sizeof *node);
	node->id = graph->count;
	node->op = op;
	node->arg_count = arg_count;
	node->shape = shape;
	node->place = graph->place;
	node->layer = graph->layer;
	node->phase = graph->phase;
	if (at) node->at = *at;
	bool few = arg_count <= (int)(sizeof node->own_args / sizeof *node->own_args);
	node->args = few ? node->own_args : arena_alloc(arena, (size_t)arg_count * sizeof *args);
	if (arg_count) memcpy(node->args, args, (size_t)arg_count * sizeof *args);
	graph->nodes = arena_grow(arena, graph->nodes, graph->count, &graph->capacity, sizeof *graph->nodes);
	graph->nodes[graph->count++] = node;
	return node;
}

/* Arguments have smaller ids, so going down through the ids meets every reader before what it reads. */
Node **graph_order(Arena *arena, Node **roots, int root_count, int *count)
{
	int limit = 0;
	for (int i = 0; i < root_count; i++)
		if (roots[i] && roots[i]->id >= limit) limit = roots[i]->id + 1;
	Node **by_id = arena_alloc(arena, (size_t)(limit + 1) * sizeof *by_id);
	for (int i = 0; i < root_count; i++)
		if (roots[i]) by_id[roots[i]->id] = roots[i];
	for (int id = limit - 1; id >= 0; id--)
		for (int i = 0; by_id[id] && i < by_id[id]->arg_count; i++) {
			Node *arg = by_id[id]->args[i];
			assert(arg->id < id);
			by_id[arg->id] = arg;
		}
	*count = 0;
	for (int id = 0; id < limit; id++)
		if (by_id[id]) by_id[(*count)++] = by_id[id];
	return by_id;
}
