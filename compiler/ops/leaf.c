/* leaf.c: input, variable, const, iota, rows, uniform: values that come from no other node.
 * Invariant: an input's name and a variable have one node a graph. */
#include <assert.h>
#include <string.h>
#include "ops.h"
#include "../../runtime/nn_random.h"

static bool shape_asked(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)graph, (void)args, (void)arg_count;
	assert(!at->data || !shape_rows(shape));
	return true;
}

static bool shape_variable(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)args, (void)arg_count;
	*shape = shape_for(&at->variable->shape, graph->batch);
	return true;
}

/* --- values */

/* The batch axis stands first, so the live rows of a full tensor are its beginning. */
static void copy_given(const Tensor *given, Tensor *result)
{
	assert(given && shape_count(&given->shape) >= shape_count(&result->shape));
	memcpy(result->data, given->data, (size_t)shape_count(&result->shape) * sizeof *result->data);
}

static void evaluate_input(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)args;
	const Tensor *given = feed->input ? feed->input(feed->user, node->at.name) : NULL;
	if (given) copy_given(given, result);
	else if (!strcmp(node->at.name, "step")) result->data[0] = (double)feed->step;
	else if (!strcmp(node->at.name, "epoch")) result->data[0] = feed->epoch;
	else assert(!"an input without a value");
}

static void evaluate_variable(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)args;
	copy_given(feed->variable(feed->user, node->at.variable), result);
}

static void evaluate_const(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)args, (void)feed;
	int64_t count = shape_count(&result->shape);
	for (int64_t i = 0; i < count; i++) result->data[i] = node->at.data ? node->at.data[i] : node->at.value;
}

static void evaluate_iota(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)args, (void)feed;
	for (int64_t i = 0; i < result->shape.dim[0].size; i++) result->data[i] = (double)i;
}

static void evaluate_rows(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)args;
	result->data[0] = (double)feed->rows;
}

static void evaluate_uniform(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)args;
	bool by_row = node->shape.rank > 0 && node->shape.dim[0].rows > 0;
	int64_t rows = by_row ? result->shape.dim[0].size : 1, width = shape_count(&result->shape) / rows;
	for (int64_t r = 0; r < rows; r++)
		for (int64_t i = 0; i < width; i++)
			result->data[r * width + i] = nn_uniform_at(
				feed->seed, feed->step, (uint32_t)node->at.stream, (uint64_t)r, (uint64_t)i);
}

const Op op_input = {.name = "input", .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_input};
const Op op_variable = {.name = "variable", .kind = OP_LEAF, .shape = shape_variable, .evaluate = evaluate_variable};
const Op op_const = {.name = "const", .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_const};
const Op op_iota = {.name = "iota", .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_iota};
const Op op_rows = {.name = "rows", .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_rows};
const Op op_uniform = {.name = "uniform", .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_uniform};

/* --- constructors */

static uint64_t leaf_hash(const Op *op, const Attributes *at)
{
	if (op == &op_input) return hash_bytes(at->name, strlen(at->name), 1);
	return hash_bytes(&at->variable, sizeof at->variable, 2);
}

/* The place in the table of the leaf with these attributes: it, or where it would stand. */
static Node **leaf_place(Node **leaves, int capacity, const Op *op, const Attributes *at)
{
	int i = (int)(leaf_hash(op, at) & (uint64_t)(capacity - 1));
	for (; leaves[i]; i = (i + 1) & (capacity - 1)) {
		const Attributes *other = &leaves[i]->at;
		if (leaves[i]->op == op &&
			(op == &op_input ? !strcmp(at->name, other->name) : at->variable == other->variable))
			break;
	}
	return &leaves[i];
}

static void grow_leaves(Graph *graph)
{
	int capacity = graph->leaf_capacity ? graph->leaf_capacity * 2 : 64;
	Node **leaves = arena_alloc(graph->context->arena, (size_t)capacity * sizeof *leaves);
	for (int i = 0; i < graph->leaf_capacity; i++) {
		Node *leaf = graph->leaves[i];
		if (leaf) *leaf_place(leaves, capacity, leaf->op, &leaf->at) = leaf;
	}
	graph->leaves = leaves;
	graph->leaf_capacity = capacity;
}

static Node *named_leaf(Graph *graph, const Op *op, const Attributes *at, Shape shape)
{
	if (2 * graph->leaf_count >= graph->leaf_capacity) grow_leaves(graph);
	Node **place = leaf_place(graph->leaves, graph->leaf_capacity, op, at);
	if (!*place) {
		*place = make_node(graph, op, NULL, 0, at, shape);
		graph->leaf_count += *place != NULL;
	}
	return *place;
}

Node *make_input(Graph *graph, const char *name, Shape shape, bool integer)
{
	Attributes at = {.name = name};
	if (graph->body) return graph_own(graph, make_input(graph->body->outer, name, shape, integer));
	Node *node = named_leaf(graph, &op_input, &at, shape);
	if (node) node->integer = integer;
	return node;
}

Node *make_variable(Graph *graph, Variable *variable)
{
	Attributes at = {.variable = variable};
	if (graph->body) return graph_own(graph, make_variable(graph->body->outer, variable));
	return named_leaf(graph, &op_variable, &at, shape_for(&variable->shape, graph->batch));
}

Node *make_full(Graph *graph, Shape shape, double value)
{
	Attributes at = {.value = value};
	return make_node(graph, &op_const, NULL, 0, &at, shape);
}

Node *make_const(Graph *graph, double value)
{
	return make_full(graph, (Shape){0}, value);
}

Node *make_data(Graph *graph, Shape shape, const double *data)
{
	size_t size = (size_t)shape_count(&shape) * sizeof *data;
	double *copy = arena_alloc(graph->context->arena, size);
	memcpy(copy, data, size);
	Attributes at = {.data = copy};
	return make_node(graph, &op_const, NULL, 0, &at, shape);
}

static Node *iota_along(Graph *graph, Dim dim)
{
	return make_node(graph, &op_iota, NULL, 0, NULL, (Shape){.rank = 1, .dim = {dim}});
}

Node *make_iota(Graph *graph, int64_t n)
{
	return iota_along(graph, (Dim){n, 0});
}

Node *make_places(Graph *graph, const Shape *shape, int axis)
{
	Shape beside = {.rank = shape->rank};
	for (int i = 0; i < shape->rank; i++) beside.dim[i] = i == axis ? shape->dim[i] : (Dim){1, 0};
	return make_reshape(graph, iota_along(graph, shape->dim[axis]), beside);
}

Node *make_rows(Graph *graph)
{
	return make_node(graph, &op_rows, NULL, 0, NULL, (Shape){0});
}

/* The draws of all steps of a body: rows first, so that a draw depends on its row, not on how many there are. */
static Node *draw_steps(Body *body, Shape shape, int stream)
{
	bool by_row = shape.rank && shape.dim[0].rows;
	Shape all = {.rank = shape.rank + 1};
	int order[MAX_RANK];
	if (all.rank > MAX_RANK) return make_uniform(body->outer, all, stream); /* which reports it */
	for (int i = 0; i < all.rank; i++) {
		order[i] = by_row && i < 2 ? 1 - i : i;
		all.dim[order[i]] = i ? shape.dim[i - 1] : (Dim){body->steps, 0};
	}
	body->outer->place = body->graph->place;
	Node *draws = make_uniform(body->outer, all, stream);
	return scan_item(body, by_row ? make_transpose(body->outer, draws, order) : draws);
}

Node *make_uniform(Graph *graph, Shape shape, int stream)
{
	Attributes at = {.stream = stream};
	if (graph->body) return draw_steps(graph->body, shape, stream);
	return make_node(graph, &op_uniform, NULL, 0, &at, shape);
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }
static Node *case_input(Graph *graph) { return in(graph, "a", "N 3"); }
static Node *case_const(Graph *graph) { return make_full(graph, op_case_shape(graph, "3 5"), 0.25); }
static Node *case_full_batch(Graph *graph) { return make_full(graph, op_case_shape(graph, "N 3"), -2); }
static Node *case_data(Graph *graph)
{
	return make_data(graph, op_case_shape(graph, "2 3"), (double[]){1, -2, 3, 0.5, 1e-3, 7});
}
static Node *case_data_used(Graph *graph) { return make_binary(graph, &op_mul, case_data(graph), in(graph, "a", "3")); }
static Node *case_iota(Graph *graph) { return make_iota(graph, 17); }
static Node *case_iota_used(Graph *graph)
{
	return make_binary(graph, &op_mul, make_iota(graph, 5), in(graph, "a", "N 5"));
}
static Node *case_iota_batch(Graph *graph)
{
	Node *a = in(graph, "a", "N 3");
	return make_binary(graph, &op_mul, make_places(graph, &a->shape, 0), a);
}
static Node *case_rows(Graph *graph) { return make_rows(graph); }
static Node *case_mean(Graph *graph)
{
	Node *count = make_binary(graph, &op_mul, make_rows(graph), make_const(graph, 3));
	return make_binary(graph, &op_div, make_reduce(graph, &op_sum, in(graph, "a", "N 3"), 3), count);
}
static Node *case_uniform(Graph *graph) { return make_uniform(graph, op_case_shape(graph, "N 3 5"), 2); }
static Node *case_uniform_plain(Graph *graph) { return make_uniform(graph, op_case_shape(graph, "3 7"), 0); }
static Node *case_dropout(Graph *graph)
{
	Node *a = in(graph, "a", "N 17"), *half = make_const(graph, 0.5);
	Node *keep = make_binary(graph, &op_less, make_uniform(graph, a->shape, 1), half);
	return make_binary(graph, &op_div, make_binary(graph, &op_mul, a, keep), half);
}
static Node *case_two_draws(Graph *graph)
{
	Shape shape = op_case_shape(graph, "9");
	return make_binary(graph, &op_sub, make_uniform(graph, shape, 4), make_uniform(graph, shape, 5));
}

static const OpCase cases[] = {
	{"input", case_input}, {"const", case_const}, {"const over the batch", case_full_batch}, {"data", case_data},
	{"data times input", case_data_used}, {"iota", case_iota}, {"iota times input", case_iota_used},
	{"iota along the batch", case_iota_batch}, {"rows", case_rows}, {"mean over the batch", case_mean},
	{"uniform", case_uniform},
	{"uniform without batch", case_uniform_plain}, {"dropout", case_dropout}, {"two draws", case_two_draws},
};

static const Op *const ops[] = {&op_input, &op_variable, &op_const, &op_iota, &op_rows, &op_uniform};
const OpFamily op_family_leaf = {"leaf", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
