/* pass_constants.c: what depends on no input, variable, draw or row count is computed while compiling, if its result is small:
 * pool counts, causal masks, position tables. Requires: nothing. Keeps: values (in double, by the oracle). Index maps of an iota
 * stay, since kernels read them as a loop's own counter. */
#include "pass.h"

enum { LARGEST_RESULT = 65536, LARGEST_STEP = 1 << 24 };

typedef struct Constants {
	Arena *scratch;
	const Graph *graph; /* not the bodies of its scans */
	bool *constant; /* by id */
	bool *kept; /* by id: stays in the program as it is */
	int limit; /* ids below were there before */
} Constants;

static bool is_counter(const Node *node)
{
	while (node->op == &op_reshape || node->op == &op_broadcast) node = node->args[0];
	return node->op == &op_iota;
}

static bool is_leaf(const Node *node) { return node->op->kind == OP_LEAF || is_counter(node); }

static bool find_constant(const Constants *constants, const Node *node)
{
	if (shape_rows(&node->shape) || shape_count(&node->shape) > LARGEST_STEP) return false;
	if (node->op->kind == OP_SCAN) return false;
	if (node->op->kind == OP_LEAF) return node->op == &op_const || node->op == &op_iota;
	for (int i = 0; i < node->arg_count; i++)
		if (!constants->constant[node->args[i]->id]) return false;
	return true;
}

/* To be computed: constant, small, and not a leaf already. */
static bool is_computed(const Constants *constants, const Node *node)
{
	return constants->constant[node->id] && !is_leaf(node) && shape_count(&node->shape) <= LARGEST_RESULT;
}

/* The same for a node made again because an argument of it was computed. */
static bool is_computed_again(const Constants *constants, const Node *node)
{
	for (int i = 0; i < node->arg_count; i++) {
		const Node *arg = node->args[i];
		if (arg->id < constants->limit ? !constants->constant[arg->id] : arg->op != &op_const) return false;
	}
	return !is_leaf(node) && !shape_rows(&node->shape) && shape_count(&node->shape) <= LARGEST_RESULT;
}

static Node *made_constant(Graph *graph, const Node *node, const Tensor *value)
{
	int64_t count = shape_count(&node->shape);
	for (int64_t i = 1; i < count; i++)
		if (value->data[i] != value->data[0]) return make_data(graph, node->shape, value->data);
	return make_full(graph, node->shape, value->data[0]);
}

static Node *compute(Graph *graph, Node *node, void *user)
{
	Constants *constants = user;
	if (graph != constants->graph || node->op == &op_scan) return NULL;
	bool old = node->id < constants->limit;
	if (old ? !is_computed(constants, node) || !constants->kept[node->id] : !is_computed_again(constants, node))
		return NULL;
	Arena *scratch = arena_new();
	Feed feed = {.rows = 1};
	Tensor value;
	ops_evaluate(scratch, &node, 1, &feed, &value);
	Node *made = made_constant(graph, node, &value);
	arena_free(scratch);
	return made;
}

/* Marks what the program reads once the computed nodes are leaves: newest first. */
static void mark_kept(Constants *constants, Node **roots, int root_count, Node **order, int count)
{
	for (int i = 0; i < root_count; i++)
		if (roots[i]) constants->kept[roots[i]->id] = true;
	for (int i = count - 1; i >= 0; i--) {
		if (!constants->kept[order[i]->id] || is_computed(constants, order[i])) continue;
		for (int k = 0; k < order[i]->arg_count; k++) constants->kept[order[i]->args[k]->id] = true;
	}
}

bool pass_constants(Context *context, Program *program)
{
	(void)context;
	Constants constants = {.scratch = arena_new(), .graph = program->graph, .limit = program->graph->count};
	int root_count, count;
	Node **roots = pass_roots(constants.scratch, program, &root_count);
	Node **order = graph_order(constants.scratch, roots, root_count, &count);
	constants.constant = arena_alloc(constants.scratch, (size_t)constants.limit + 1);
	constants.kept = arena_alloc(constants.scratch, (size_t)constants.limit + 1);
	for (int i = 0; i < count; i++) constants.constant[order[i]->id] = find_constant(&constants, order[i]);
	mark_kept(&constants, roots, root_count, order, count);
	bool changed = pass_rewrite(program, compute, &constants);
	arena_free(constants.scratch);
	return changed;
}
