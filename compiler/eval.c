/* eval.c: the oracle. Input: roots and a feed. Output: their values in double, with `rows` live rows of the batch.
 * Invariant: naive on purpose. It shares no index code with emission: its only virtue is being obviously right. */
#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"

Shape shape_live(const Shape *shape, int64_t rows)
{
	Shape live = *shape;
	for (int i = 0; i < live.rank; i++)
		if (live.dim[i].rows) live.dim[i] = (Dim){live.dim[i].rows * rows, 0};
	return live;
}

int64_t place_flat(const Shape *shape, const int64_t *place)
{
	int64_t flat = 0;
	for (int i = 0; i < shape->rank; i++) flat = flat * shape->dim[i].size + place[i];
	return flat;
}

bool place_next(const Shape *shape, int64_t *place)
{
	for (int i = shape->rank - 1; i >= 0; i--) {
		if (++place[i] < shape->dim[i].size) return true;
		place[i] = 0;
	}
	return false;
}

static Tensor evaluate_node(Arena *arena, const Node *node, const Tensor *values, const int *place_of, const Feed *feed)
{
	Tensor *args = arena_alloc(arena, (size_t)(node->arg_count + 1) * sizeof *args);
	for (int i = 0; i < node->arg_count; i++) args[i] = values[place_of[node->args[i]->id]];
	Tensor result = {.shape = shape_live(&node->shape, feed->rows)};
	result.data = arena_alloc(arena, (size_t)shape_count(&result.shape) * sizeof *result.data);
	if (node->op == &op_scan) scan_evaluate(arena, node, args, &result, feed);
	else node->op->evaluate(node, args, &result, feed);
	return result;
}

static const Tensor *find_given(const Node *node, Node *const *leaves, const Tensor *given, int count)
{
	for (int i = 0; i < count; i++)
		if (leaves[i] == node) return &given[i];
	return NULL;
}

void ops_evaluate_given(Arena *arena, Node **roots, int count, const Feed *feed, Node *const *leaves, const Tensor *given,
	int given_count, Tensor *results)
{
	int n;
	Node **order = graph_order(arena, roots, count, &n);
	if (!n) return;
	int *place_of = arena_alloc(arena, (size_t)(order[n - 1]->id + 1) * sizeof *place_of);
	Tensor *values = arena_alloc(arena, (size_t)n * sizeof *values);
	for (int i = 0; i < n; i++) {
		place_of[order[i]->id] = i;
		const Tensor *known = find_given(order[i], leaves, given, given_count);
		values[i] = known ? *known : evaluate_node(arena, order[i], values, place_of, feed);
	}
	for (int i = 0; i < count; i++)
		if (roots[i]) results[i] = values[place_of[roots[i]->id]];
}

void ops_evaluate(Arena *arena, Node **roots, int count, const Feed *feed, Tensor *results)
{
	ops_evaluate_given(arena, roots, count, feed, NULL, NULL, 0, results);
}

Shape op_case_shape(const Graph *graph, const char *text)
{
	Shape shape = {0};
	while (*text) {
		char *end;
		int64_t n = strtol(text, &end, 10);
		if (end == text) n = 1;
		if (*end == 'N') shape.dim[shape.rank++] = (Dim){n * graph->batch, n}, end++;
		else shape.dim[shape.rank++] = (Dim){n, 0};
		text = end + (*end == ' ');
	}
	return shape;
}

Node *op_case_input(Graph *graph, const char *name, const char *shape)
{
	return make_input(graph, name, op_case_shape(graph, shape), strstr(name, "_index") != NULL);
}

/* A number in [0, 1) that depends on the name and the place: the middle bits of a hash. */
static double case_number(const char *name, int64_t place)
{
	uint64_t h = hash_bytes(&place, sizeof place, hash_bytes(name, strlen(name), 0));
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	h ^= h >> 29;
	return (double)(h >> 40) / 16777216.0;
}

void op_case_fill(const Node *input, double *data)
{
	const char *name = input->at.name, *kind = strchr(name, '_');
	int64_t count = shape_count(&input->shape), limit = 0;
	if (kind && !strncmp(kind, "_index", 6))
		limit = strtol(kind + 6, NULL, 10);
	for (int64_t i = 0; i < count; i++) {
		double u = case_number(name, i);
		if (limit) data[i] = (double)(int64_t)(u * (double)limit);
		else if (kind && !strcmp(kind, "_positive")) data[i] = 0.5 + 1.5 * u;
		else if (kind && !strcmp(kind, "_ties")) data[i] = (double)((int)(u * 3) - 1);
		else data[i] = u < 0.5 ? -1.5 + 2.8 * u : 0.1 + 2.8 * (u - 0.5);
	}
}
