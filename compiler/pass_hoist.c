/* pass_hoist.c: what needs no step by step is computed for all steps at once. Requires: nothing. Keeps: values; a product over
 * all steps sums in the same order as one a step.
 *   a value of items and fixed values that holds a product (the input side of a cell)  -> an item, computed outside; what only adds
 *                                                                                         to it or cuts it up stays
 *   a value of fixed values alone                                                      -> a fixed value
 *   a matrix of which each step sums the last axis                                     -> it is transposed once
 *   a stacked value that no state needs and that holds a product, or a sum over rows   -> a product of stacks, or a sum of them
 *   a stack of windows (a convolution's gradient reads them)                           -> windows of a stack
 * Invariant: each op has its rule for one more axis, the first, which is time. */
#include <string.h>
#include "pass.h"

/* --- one more axis ------------------------------------------------------------------------------------- */

typedef struct Wide { /* an op over values that hold all steps (timed), or are the same at each */
	Graph *graph;
	int64_t steps;
	const Node *node;
	Node **x;
	const bool *timed;
} Wide;

static Shape longer(const Wide *wide, const Shape *shape)
{
	Shape all = {.rank = shape->rank + 1};
	if (all.rank > MAX_RANK) return (Shape){.rank = -1};
	all.dim[0] = (Dim){wide->steps, 0};
	memcpy(all.dim + 1, shape->dim, (size_t)shape->rank * sizeof *shape->dim);
	return all;
}

/* a timed value [steps, a..] -> [steps, 1.., a..], so that it meets values of this rank */
static Node *beside(const Wide *wide, int i, int rank)
{
	Node *x = wide->x[i];
	int missing = wide->timed[i] ? rank + 1 - x->shape.rank : 0;
	if (missing <= 0) return x;
	Shape shape = {.rank = rank + 1};
	shape.dim[0] = x->shape.dim[0];
	for (int k = 1; k <= rank; k++) shape.dim[k] = k <= missing ? (Dim){1, 0} : x->shape.dim[k - missing];
	return make_reshape(wide->graph, x, shape);
}

static Node *wide_elementwise(const Wide *wide)
{
	Node *args[3];
	for (int i = 0; i < wide->node->arg_count; i++) args[i] = beside(wide, i, wide->node->shape.rank);
	return make_elementwise(wide->graph, wide->node->op, args);
}

static Node *wide_contract(const Wide *wide)
{
	const Attributes *at = &wide->node->at;
	char time = 'a', names[3][MAX_RANK + 2] = {{0}};
	const char *old[3] = {at->a, at->b, at->o};
	while (strchr(at->a, time) || strchr(at->b, time)) time++;
	for (int i = 0; i < 3; i++) {
		bool timed = i == 2 || wide->timed[i];
		if (time > 'z' || strlen(old[i]) + timed > MAX_RANK) return NULL;
		if (timed) names[i][0] = time;
		strcat(names[i], old[i]);
	}
	return make_contract(wide->graph, names[0], names[1], names[2], wide->x[0], wide->x[1]);
}

static Node *wide_concat(const Wide *wide)
{
	Arena *arena = wide->graph->context->arena;
	Node **xs = arena_alloc(arena, (size_t)(wide->node->arg_count + 1) * sizeof *xs);
	for (int i = 0; i < wide->node->arg_count; i++) {
		Shape all = longer(wide, &wide->node->args[i]->shape);
		xs[i] = wide->timed[i] ? wide->x[i] : make_broadcast(wide->graph, wide->x[i], all);
	}
	return make_concat(wide->graph, xs, wide->node->arg_count, wide->node->at.axis + 1);
}

static Node *wide_transpose(const Wide *wide)
{
	int order[MAX_RANK] = {0};
	for (int i = 0; i < wide->node->shape.rank; i++) order[i + 1] = wide->node->at.order[i] + 1;
	return make_transpose(wide->graph, wide->x[0], order);
}

static Node *wide_window(const Wide *wide)
{
	Window window = wide->node->at.window;
	window.axis++;
	if (wide->node->op == &op_unfold) return make_unfold(wide->graph, wide->x[0], &window);
	int64_t sizes[MAX_WINDOW];
	for (int i = 0; i < window.rank; i++) sizes[i] = wide->node->shape.dim[wide->node->at.window.axis + i].size;
	return make_fold(wide->graph, wide->x[0], sizes, &window);
}

/* The op over all steps; NULL: it has no such rule. */
static Node *widened(const Wide *wide)
{
	const Node *node = wide->node;
	const Attributes *at = &node->at;
	Graph *graph = wide->graph;
	Shape all = longer(wide, &node->shape);
	if (all.rank < 0) return NULL;
	if (node->op->kind == OP_ELEMENTWISE) return wide_elementwise(wide);
	if (node->op == &op_contract) return wide_contract(wide);
	if (node->op == &op_concat) return wide_concat(wide);
	if (node->op->kind == OP_REDUCE) return make_reduce(graph, node->op, wide->x[0], at->axes << 1);
	if (node->op == &op_reshape) return make_reshape(graph, wide->x[0], all);
	if (node->op == &op_transpose) return wide_transpose(wide);
	if (node->op == &op_broadcast) return make_broadcast(graph, beside(wide, 0, node->shape.rank), all);
	if (node->op == &op_slice) return make_slice(graph, wide->x[0], at->axis + 1, at->start, node->shape.dim[at->axis]);
	if (node->op == &op_flip) return make_flip(graph, wide->x[0], at->axis + 1);
	if (node->op == &op_pad) return make_pad(graph, wide->x[0], at->axis + 1, at->low, at->high, at->value);
	if (node->op == &op_stop) return make_stop(graph, wide->x[0]);
	if (node->op == &op_unfold || node->op == &op_fold) return wide_window(wide);
	if (node->op == &op_gather && !wide->timed[0]) return make_gather(graph, wide->x[0], wide->x[1]);
	return NULL;
}

/* --- what a body's values depend on --------------------------------------------------------------------- */

typedef struct Hoist {
	Graph *graph; /* around the scan */
	Node *scan;
	const Body *body;
	Arena *scratch;
	Node **order; /* of the body */
	int count;
	bool *stepped; /* by id: it depends on a state */
	bool *timed; /* it depends on an item, or on a state */
	bool *needed; /* a state depends on it */
	bool *heavy; /* worth computing outside: it holds a product, or is the same at every step */
	Node **value; /* by id: over all steps, or the same at each; made when it is needed */
} Hoist;

static void find_order(Hoist *hoist)
{
	int count;
	Node **roots = body_roots(hoist->scratch, hoist->body, &count);
	size_t nodes = (size_t)hoist->body->graph->count + 1;
	hoist->order = graph_order(hoist->scratch, roots, count, &hoist->count);
	hoist->stepped = arena_alloc(hoist->scratch, nodes);
	hoist->timed = arena_alloc(hoist->scratch, nodes);
	hoist->needed = arena_alloc(hoist->scratch, nodes);
	hoist->heavy = arena_alloc(hoist->scratch, nodes);
	hoist->value = arena_alloc(hoist->scratch, nodes * sizeof(Node *));
	for (int k = 0; k < hoist->body->carried_count; k++) hoist->needed[hoist->body->next[k]->id] = true;
	for (int i = hoist->count - 1; i >= 0; i--)
		for (int k = 0; hoist->needed[hoist->order[i]->id] && k < hoist->order[i]->arg_count; k++)
			hoist->needed[hoist->order[i]->args[k]->id] = true;
}

static bool is_leaf(const Node *node) { return node->op->kind == OP_LEAF; }

/* inputs: for values without a state; else for values that no state needs, and then whatever else is read is stacked */
static void find_heavy(Hoist *hoist, bool inputs)
{
	for (int i = 0; i < hoist->count; i++) {
		const Node *node = hoist->order[i];
		bool stepped = node->op == &op_carried, timed = stepped || node->op == &op_item, heavy = false;
		for (int k = 0; k < node->arg_count; k++) {
			const Node *arg = node->args[k];
			stepped |= hoist->stepped[arg->id];
			timed |= hoist->timed[arg->id];
			heavy |= hoist->heavy[arg->id];
		}
		bool constant = !timed && !is_leaf(node) && node->op->kind != OP_MOVE && shape_count(&node->shape) > 1;
		hoist->stepped[node->id] = stepped;
		hoist->timed[node->id] = timed;
		bool free = inputs ? !stepped : !hoist->needed[node->id];
		bool sum = node->op == &op_sum && shape_rows(&node->args[0]->shape) && !shape_rows(&node->shape);
		hoist->heavy[node->id] = free && node->op->kind != OP_SCAN && (heavy || node->op == &op_contract || (inputs ? constant : sum));
	}
}

/* A leaf outside, or a value that stays in the body: its stack. */
static Node *leaf_value(Hoist *hoist, Node *node)
{
	bool same;
	Node *outer = scan_outside(hoist->scan, node, &same);
	if (outer) return outer;
	bool here = node->op == &op_const || node->op == &op_iota || node->op == &op_rows;
	return here ? make_like(hoist->graph, node, node->args) : make_stack(hoist->graph, hoist->scan, node);
}

/* Is it computed outside, if what is made of it is? What else a product reads is stacked. */
static bool goes(const Hoist *hoist, const Node *node, bool inputs)
{
	if (is_leaf(node)) return false;
	if (inputs) return !hoist->stepped[node->id];
	return hoist->heavy[node->id] || !hoist->timed[node->id] || node->op == &op_unfold;
}

/* By id: what goes outside with a node. */
static bool *found_going(const Hoist *hoist, const Node *wanted, bool inputs)
{
	bool *going = arena_alloc(hoist->scratch, (size_t)hoist->body->graph->count + 1);
	going[wanted->id] = true;
	for (int i = hoist->count - 1; i >= 0; i--) {
		const Node *node = hoist->order[i];
		going[node->id] = going[node->id] && goes(hoist, node, inputs);
		for (int k = 0; going[node->id] && k < node->arg_count; k++) going[node->args[k]->id] = true;
	}
	return going;
}

/* The value of a node at every step, outside; NULL: an op without a rule. */
static Node *value_of(Hoist *hoist, Node *wanted, bool inputs)
{
	const bool *going = found_going(hoist, wanted, inputs);
	for (int i = 0; i < hoist->count; i++) {
		Node *node = hoist->order[i];
		bool timed = hoist->timed[node->id];
		if (!going[node->id] || hoist->value[node->id]) continue;
		Node **x = arena_alloc(hoist->scratch, (size_t)(node->arg_count + 1) * sizeof *x);
		bool *with_time = arena_alloc(hoist->scratch, (size_t)node->arg_count + 1), whole = true;
		for (int k = 0; k < node->arg_count; k++) {
			Node *arg = node->args[k];
			if (!hoist->value[arg->id]) hoist->value[arg->id] = leaf_value(hoist, arg);
			x[k] = hoist->value[arg->id];
			with_time[k] = hoist->timed[arg->id];
			whole &= x[k] != NULL;
		}
		graph_stamp_as(hoist->graph, node);
		Wide wide = {hoist->graph, hoist->body->steps, node, x, with_time};
		hoist->value[node->id] = !whole ? NULL : timed ? widened(&wide) : make_like(hoist->graph, node, x);
		if (!hoist->value[node->id]) return NULL;
	}
	return hoist->value[wanted->id];
}

/* --- the input side -------------------------------------------------------------------------------------- */

typedef struct Swaps {
	const Graph *graph; /* the body's */
	Node **value; /* by id: the leaf that stands for it, or NULL */
	int limit;
} Swaps;

static Node *swap(Graph *graph, Node *node, void *user)
{
	const Swaps *swaps = user;
	return graph == swaps->graph && node->id < swaps->limit ? swaps->value[node->id] : NULL;
}

/* Is it read by what stays in the body, or is it a root? */
static bool at_edge(const Hoist *hoist, const Node *node)
{
	for (int i = 0; i < hoist->count; i++) {
		if (!hoist->stepped[hoist->order[i]->id] && hoist->order[i]->op->kind != OP_SCAN) continue;
		for (int k = 0; k < hoist->order[i]->arg_count; k++)
			if (hoist->order[i]->args[k] == node) return true;
	}
	int count;
	Node **roots = body_roots(hoist->scratch, hoist->body, &count);
	for (int i = 0; i < count; i++)
		if (roots[i] == node) return true;
	return false;
}

/* What a step does as well as a pass over all steps would: a sum with a value that holds no product, a piece. */
static bool light(const Hoist *hoist, const Node *node)
{
	if (!hoist->timed[node->id]) return false;
	if (node->op == &op_slice) return hoist->heavy[node->args[0]->id];
	return node->op == &op_add && hoist->heavy[node->args[0]->id] != hoist->heavy[node->args[1]->id];
}

/* By id: values that become leaves. */
static const bool *found_edges(const Hoist *hoist)
{
	bool *edge = arena_alloc(hoist->scratch, (size_t)hoist->body->graph->count + 1);
	for (int i = hoist->count - 1; i >= 0; i--) {
		const Node *node = hoist->order[i];
		if (!hoist->heavy[node->id] || !(edge[node->id] || at_edge(hoist, node))) continue;
		edge[node->id] = !light(hoist, node);
		for (int k = 0; k < node->arg_count && !edge[node->id]; k++) edge[node->args[k]->id] = hoist->heavy[node->args[k]->id];
	}
	return edge;
}

static Node *new_leaf(Hoist *hoist, Body *body, const Op *op, const Node *node)
{
	Node ***list = op == &op_item ? &body->items : &body->fixed;
	int *count = op == &op_item ? &body->item_count : &body->fixed_count;
	int *capacity = op == &op_item ? &body->item_capacity : &body->fixed_capacity;
	Node *leaf = graph_node(body->graph, op, NULL, 0, node->shape, NULL);
	leaf->integer = node->integer;
	node_stamp_as(leaf, node);
	*list = arena_grow(hoist->graph->context->arena, *list, *count, capacity, sizeof **list);
	(*list)[(*count)++] = leaf;
	return leaf;
}

/* The scan with more items and fixed values, the outer ones given. */
static Node *rebuilt(Hoist *hoist, Body *body, Node **sequences, Node **captured)
{
	const Body *old = hoist->body;
	int count = body->carried_count + body->item_count + body->fixed_count, n = 0;
	Node **args = arena_alloc(hoist->scratch, (size_t)(count + 1) * sizeof *args);
	for (int i = 0; i < old->carried_count + old->item_count; i++) args[n++] = hoist->scan->args[i];
	for (int j = old->item_count; j < body->item_count; j++) args[n++] = sequences[j - old->item_count];
	for (int f = 0; f < old->fixed_count; f++) args[n++] = scan_captured(hoist->scan, f);
	for (int f = old->fixed_count; f < body->fixed_count; f++) args[n++] = captured[f - old->fixed_count];
	Attributes at = {.body = body};
	Node *made = graph_node(hoist->graph, &op_scan, args, count, hoist->scan->shape, &at);
	node_stamp_as(made, hoist->scan);
	return made;
}

static void swap_all(Hoist *hoist, Body *body, Swaps *swaps)
{
	int carried = body->carried_count, root_count = carried + body->stacked_count;
	Node **roots = arena_alloc(hoist->scratch, (size_t)(root_count + 1) * sizeof *roots);
	for (int i = 0; i < root_count; i++) roots[i] = i < carried ? body->next[i] : body->stacked[i - carried];
	pass_rewrite_roots(body->graph, roots, root_count, swap, swaps);
	for (int i = 0; i < root_count; i++) *(i < carried ? &body->next[i] : &body->stacked[i - carried]) = roots[i];
}

static Node *hoist_inputs(Hoist *hoist)
{
	Body *body = body_copy(hoist->graph->context, hoist->body);
	int limit = body->graph->count;
	Swaps swaps = {body->graph, arena_alloc(hoist->scratch, (size_t)(limit + 1) * sizeof(Node *)), limit};
	Node **sequences = arena_alloc(hoist->scratch, (size_t)(hoist->count + 1) * sizeof *sequences);
	Node **captured = arena_alloc(hoist->scratch, (size_t)(hoist->count + 1) * sizeof *captured);
	const bool *edge = found_edges(hoist);
	bool any = false;
	for (int i = 0; i < hoist->count; i++) {
		Node *node = hoist->order[i];
		if (!edge[node->id]) continue;
		Node *value = value_of(hoist, node, true);
		if (!value) continue;
		const Op *op = hoist->timed[node->id] ? &op_item : &op_fixed;
		if (op == &op_item) sequences[body->item_count - hoist->body->item_count] = value;
		else captured[body->fixed_count - hoist->body->fixed_count] = value;
		swaps.value[node->id] = new_leaf(hoist, body, op, node);
		any = true;
	}
	if (!any) return NULL;
	swap_all(hoist, body, &swaps);
	return rebuilt(hoist, body, sequences, captured);
}

/* --- matrices lie as products read them: what is summed first, what is a column last --- */

/* A fixed value, or a slice of one, outside; NULL: it is neither. */
static Node *fixed_outside(const Hoist *hoist, Node *node)
{
	bool same;
	if (node->op == &op_fixed) return scan_outside(hoist->scan, node, &same);
	if (node->op != &op_slice) return NULL;
	Node *whole = fixed_outside(hoist, node->args[0]);
	return whole ? make_slice(hoist->graph, whole, node->at.axis, node->at.start, node->shape.dim[node->at.axis]) : NULL;
}

/* The order of the axes of a fixed operand whose last axis is summed; false: it lies well. */
static bool turned(const Node *contract, int side, int *order, char *letters)
{
	const char *names = side ? contract->at.b : contract->at.a;
	int rank = contract->args[side]->shape.rank, n = 0;
	if (rank < 2 || strchr(contract->at.o, names[rank - 1])) return false;
	for (int kept = 0; kept < 2; kept++)
		for (int k = 0; k < rank; k++)
			if ((strchr(contract->at.o, names[k]) != NULL) == kept) order[n] = k, letters[n++] = names[k];
	return strchr(contract->at.o, letters[rank - 1]) != NULL;
}

/* The product over a leaf that lies otherwise; captured receives its outer value. */
static Node *turned_product(Hoist *hoist, Body *body, Node *contract, int side, Node **captured)
{
	int order[MAX_RANK];
	char letters[MAX_RANK + 1] = {0};
	if (!turned(contract, side, order, letters)) return NULL;
	Node *outside = fixed_outside(hoist, contract->args[side]);
	if (!outside || !(outside = make_transpose(hoist->graph, outside, order))) return NULL;
	captured[body->fixed_count - hoist->body->fixed_count] = outside;
	Node *leaf = new_leaf(hoist, body, &op_fixed, outside);
	Node *args[2] = {contract->args[0], contract->args[1]};
	args[side] = leaf;
	graph_stamp_as(body->graph, contract);
	return make_contract(body->graph, side ? contract->at.a : letters, side ? letters : contract->at.b, contract->at.o, args[0], args[1]);
}

static Node *hoist_transposes(Hoist *hoist)
{
	Body *body = body_copy(hoist->graph->context, hoist->body);
	Swaps swaps = {body->graph, arena_alloc(hoist->scratch, (size_t)(body->graph->count + 1) * sizeof(Node *)), body->graph->count};
	Node **captured = arena_alloc(hoist->scratch, (size_t)(2 * hoist->count + 1) * sizeof *captured);
	bool any = false;
	for (int i = 0; i < hoist->count; i++) {
		Node *node = hoist->order[i];
		for (int side = 0; node->op == &op_contract && side < 2; side++)
			if (!swaps.value[node->id]) any |= (swaps.value[node->id] = turned_product(hoist, body, node, side, captured)) != NULL;
	}
	if (!any) return NULL;
	swap_all(hoist, body, &swaps);
	return rebuilt(hoist, body, NULL, captured);
}

/* --- */

static Node *hoist_stack(Hoist *hoist, const Node *result)
{
	Node *node = hoist->body->stacked[result->at.which];
	if (!hoist->heavy[node->id] && node->op != &op_unfold) return NULL;
	Node *value = value_of(hoist, node, false);
	if (!value || hoist->timed[node->id]) return value;
	return make_broadcast(hoist->graph, value, result->shape);
}

static Node *hoist_node(Graph *graph, Node *node, void *user)
{
	(void)user;
	bool stack = node->op == &op_result && node->at.result == RESULT_STACK;
	if (node->op != &op_scan && !stack) return NULL;
	Node *scan = stack ? node->args[0] : node;
	Hoist hoist = {.graph = graph, .scan = scan, .body = scan->at.body, .scratch = arena_new()};
	Graph before = *graph;
	find_order(&hoist);
	find_heavy(&hoist, !stack);
	Node *better = stack ? hoist_stack(&hoist, node) : hoist_inputs(&hoist);
	if (!better && !stack) better = hoist_transposes(&hoist);
	graph_restamp(graph, &before);
	arena_free(hoist.scratch);
	return better;
}

bool pass_hoist(Context *context, Program *program)
{
	(void)context;
	return pass_rewrite(program, hoist_node, NULL);
}
