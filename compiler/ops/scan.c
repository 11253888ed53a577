/* scan.c: recurrence. In: what the states start from, sequences and fixed values; out: the last states, and values of the body
 * at every step. `scan` is one node with a body (graph.h), `result` takes one tensor of it; carried, item and fixed are the
 * leaves of a body. grad_scan.c has the gradient, which needs the reverse mode.
 * Invariant: a stacked value has time as its first axis, in the order of the items, also where steps run from the last. */
#include <assert.h>
#include <string.h>
#include "ops.h"

static const char *text_of(Graph *graph, const Shape *shape) { return shape_text(graph->context->arena, shape); }

static Shape with_time(const Shape *shape, int64_t steps)
{
	Shape longer = {.rank = shape->rank + 1};
	assert(longer.rank <= MAX_RANK);
	longer.dim[0] = (Dim){steps, 0};
	memcpy(longer.dim + 1, shape->dim, (size_t)shape->rank * sizeof *shape->dim);
	return longer;
}

static Shape without_time(const Shape *shape)
{
	Shape step = {.rank = shape->rank - 1};
	memcpy(step.dim, shape->dim + 1, (size_t)step.rank * sizeof *step.dim);
	return step;
}

Node *scan_start(const Node *scan, int carried) { return scan->args[carried]; }
Node *scan_sequence(const Node *scan, int item) { return scan->args[scan->at.body->carried_count + item]; }
Node *scan_captured(const Node *scan, int fixed)
{
	const Body *body = scan->at.body;
	return scan->args[body->carried_count + body->item_count + fixed];
}

Node *scan_outside(const Node *scan, const Node *leaf, bool *same)
{
	const Body *body = scan->at.body;
	*same = leaf->op == &op_fixed;
	for (int i = 0; leaf->op == &op_item && i < body->item_count; i++)
		if (body->items[i] == leaf) return scan_sequence(scan, i);
	for (int i = 0; *same && i < body->fixed_count; i++)
		if (body->fixed[i] == leaf) return scan_captured(scan, i);
	return NULL;
}

Node **body_roots(Arena *arena, const Body *body, int *count)
{
	Node **roots = arena_alloc(arena, (size_t)(body->carried_count + body->stacked_count + 1) * sizeof *roots);
	*count = 0;
	for (int k = 0; k < body->carried_count; k++) roots[(*count)++] = body->next[k];
	for (int i = 0; i < body->stacked_count; i++)
		if (body->stacked[i]) roots[(*count)++] = body->stacked[i];
	return roots;
}

/* --- shapes */

static bool shape_scan(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	const Body *body = at->body;
	*shape = (Shape){0};
	if (arg_count != body->carried_count + body->item_count + body->fixed_count) return false;
	for (int k = 0; k < body->carried_count; k++) {
		if (!shape_equal(&args[k]->shape, &body->carried[k]->shape)) return false;
		if (shape_equal(&body->next[k]->shape, &body->carried[k]->shape)) continue;
		diag_error(graph->context, graph->place, "a state keeps its shape from step to step",
			"a state starts as %s, and its next value is %s", text_of(graph, &body->carried[k]->shape),
			text_of(graph, &body->next[k]->shape));
		return false;
	}
	for (int j = 0; j < body->item_count; j++) {
		Shape whole = with_time(&body->items[j]->shape, body->steps);
		if (!shape_equal(&whole, &args[body->carried_count + j]->shape)) return false;
	}
	for (int f = 0; f < body->fixed_count; f++)
		if (!shape_equal(&body->fixed[f]->shape, &args[body->carried_count + body->item_count + f]->shape)) return false;
	return true;
}

static bool shape_result(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)graph, (void)arg_count;
	if (args[0]->op != &op_scan) return false;
	const Body *body = args[0]->at.body;
	if (at->which >= (at->result == RESULT_STACK ? body->stacked_count : body->carried_count)) return false;
	const Node *value = at->result == RESULT_STACK ? body->stacked[at->which] : body->carried[at->which];
	if (!value || value->shape.rank >= MAX_RANK) return false;
	*shape = at->result == RESULT_LAST ? value->shape : with_time(&value->shape, body->steps + (at->result == RESULT_HISTORY));
	return true;
}

static bool shape_asked(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)graph, (void)args, (void)arg_count, (void)at, (void)shape;
	return true;
}

/* --- values */

static Tensor room(Arena *arena, const Shape *full, const Feed *feed)
{
	Tensor tensor = {.shape = shape_live(full, feed->rows)};
	tensor.data = arena_alloc(arena, (size_t)(shape_count(&tensor.shape) + 1) * sizeof *tensor.data);
	return tensor;
}

/* the place of one step in a tensor over time */
static Tensor step_of(const Tensor *whole, int64_t time)
{
	Tensor step = {.shape = without_time(&whole->shape)};
	step.data = whole->data + time * shape_count(&step.shape);
	return step;
}

static void copy_values(Tensor *to, const Tensor *from)
{
	memcpy(to->data, from->data, (size_t)shape_count(&from->shape) * sizeof *from->data);
}

static void make_room(Arena *arena, const Body *body, const Feed *feed, Tensor *result)
{
	result->last = arena_alloc(arena, (size_t)(body->carried_count + 1) * sizeof *result->last);
	result->history = arena_alloc(arena, (size_t)(body->carried_count + 1) * sizeof *result->history);
	result->stacked = arena_alloc(arena, (size_t)(body->stacked_count + 1) * sizeof *result->stacked);
	for (int k = 0; k < body->carried_count; k++) {
		Shape history = with_time(&body->carried[k]->shape, body->steps + 1);
		result->last[k] = room(arena, &body->carried[k]->shape, feed);
		result->history[k] = room(arena, &history, feed);
	}
	for (int i = 0; i < body->stacked_count; i++) {
		if (!body->stacked[i]) continue;
		Shape stack = with_time(&body->stacked[i]->shape, body->steps);
		result->stacked[i] = room(arena, &stack, feed);
	}
}

static Tensor copied(Arena *arena, const Tensor *from)
{
	Tensor copy = {.shape = from->shape};
	copy.data = arena_alloc(arena, (size_t)(shape_count(&from->shape) + 1) * sizeof *copy.data);
	copy_values(&copy, from);
	return copy;
}

/* The leaves at one time; states are copies of what `last` holds, which is written next. */
static Node **give_leaves(Arena *arena, const Node *scan, const Tensor *args, int64_t time, const Tensor *last, Tensor *given)
{
	const Body *body = scan->at.body;
	Node **leaves = arena_alloc(arena, (size_t)(scan->arg_count + 1) * sizeof *leaves);
	int n = 0;
	for (int k = 0; k < body->carried_count; k++, n++) leaves[n] = body->carried[k], given[n] = copied(arena, &last[k]);
	for (int j = 0; j < body->item_count; j++, n++) leaves[n] = body->items[j], given[n] = step_of(&args[n], time);
	for (int f = 0; f < body->fixed_count; f++, n++) leaves[n] = body->fixed[f], given[n] = args[n];
	return leaves;
}

static void keep_states(const Body *body, int64_t place, const Tensor *result)
{
	for (int k = 0; k < body->carried_count; k++) {
		Tensor slot = step_of(&result->history[k], place);
		copy_values(&slot, &result->last[k]);
	}
}

static void evaluate_step(const Node *scan, const Tensor *args, int64_t time, Tensor *result, const Feed *feed)
{
	const Body *body = scan->at.body;
	Arena *scratch = arena_new();
	int count, n = 0;
	Node **roots = body_roots(scratch, body, &count);
	Tensor *values = arena_alloc(scratch, (size_t)(count + 1) * sizeof *values);
	Tensor *given = arena_alloc(scratch, (size_t)(scan->arg_count + 1) * sizeof *given);
	Node **leaves = give_leaves(scratch, scan, args, time, result->last, given);
	ops_evaluate_given(scratch, roots, count, feed, leaves, given, scan->arg_count, values);
	for (; n < body->carried_count; n++) copy_values(&result->last[n], &values[n]);
	for (int i = 0; i < body->stacked_count; i++) {
		if (!body->stacked[i]) continue;
		Tensor slot = step_of(&result->stacked[i], time);
		copy_values(&slot, &values[n++]);
	}
	arena_free(scratch);
}

void scan_evaluate(Arena *arena, const Node *scan, const Tensor *args, Tensor *result, const Feed *feed)
{
	const Body *body = scan->at.body;
	int64_t steps = body->steps;
	make_room(arena, body, feed, result);
	for (int k = 0; k < body->carried_count; k++) copy_values(&result->last[k], &args[k]);
	keep_states(body, body->reverse ? steps : 0, result);
	for (int64_t n = 0; n < steps; n++) {
		evaluate_step(scan, args, body->reverse ? steps - 1 - n : n, result, feed);
		keep_states(body, body->reverse ? steps - 1 - n : n + 1, result);
	}
}

static void evaluate_result(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	const Tensor *from = node->at.result == RESULT_STACK ? args[0].stacked :
		node->at.result == RESULT_LAST ? args[0].last : args[0].history;
	copy_values(result, &from[node->at.which]);
}

static void evaluate_leaf(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)args, (void)result, (void)feed;
	assert(!"a leaf of a body has a value in its scan only");
}

const Op op_scan = {.name = "scan", .kind = OP_SCAN, .arity = -1, .shape = shape_scan};
const Op op_result = {.name = "result", .kind = OP_SCAN, .arity = 1, .shape = shape_result, .evaluate = evaluate_result};
#define LEAF(id) const Op op_##id = {.name = #id, .kind = OP_LEAF, .shape = shape_asked, .evaluate = evaluate_leaf};
LEAF(carried) LEAF(item) LEAF(fixed)
#undef LEAF

/* --- constructors */

Body *scan_open(Graph *outer, int64_t steps, bool reverse)
{
	Body *body = arena_alloc(outer->context->arena, sizeof *body);
	*body = (Body){.graph = graph_new(outer->context, outer->batch), .outer = outer, .steps = steps, .reverse = reverse};
	body->graph->body = body;
	graph_restamp(body->graph, outer);
	return body;
}

static void push(Graph *graph, Node ***list, int count, int *capacity, Node *node)
{
	*list = arena_grow(graph->context->arena, *list, count, capacity, sizeof **list);
	(*list)[count] = node;
}

static Node *leaf(Body *body, const Op *op, const Node *of, Shape shape)
{
	assert(!body->closed);
	Node *node = make_node(body->graph, op, NULL, 0, NULL, shape);
	if (node) node->integer = of->integer;
	return node;
}

Node *scan_carried(Body *body, Node *start)
{
	Node *node = start ? leaf(body, &op_carried, start, start->shape) : NULL;
	if (!node) return NULL;
	push(body->graph, &body->starts, body->carried_count, &body->start_capacity, start);
	push(body->graph, &body->carried, body->carried_count++, &body->carried_capacity, node);
	return node;
}

Node *scan_item(Body *body, Node *sequence)
{
	if (!sequence) return NULL;
	assert(sequence->shape.rank && sequence->shape.dim[0].size == body->steps);
	for (int j = 0; j < body->item_count; j++)
		if (body->sequences[j] == sequence) return body->items[j];
	Node *node = leaf(body, &op_item, sequence, without_time(&sequence->shape));
	if (!node) return NULL;
	push(body->graph, &body->sequences, body->item_count, &body->sequence_capacity, sequence);
	push(body->graph, &body->items, body->item_count++, &body->item_capacity, node);
	return node;
}

static Node *capture(Body *body, Node *outside)
{
	for (int f = 0; f < body->fixed_count; f++)
		if (body->captured[f] == outside) return body->fixed[f];
	Node *node = leaf(body, &op_fixed, outside, outside->shape);
	if (!node) return NULL;
	push(body->graph, &body->captured, body->fixed_count, &body->captured_capacity, outside);
	push(body->graph, &body->fixed, body->fixed_count++, &body->fixed_capacity, node);
	return node;
}

static bool within(const Graph *graph, const Node *node)
{
	for (; graph; graph = graph->body ? graph->body->outer : NULL)
		if (graph_holds(graph, node)) return true;
	return false;
}

Node *graph_own(Graph *graph, Node *node)
{
	if (!node || graph_holds(graph, node)) return node;
	if (!within(graph, node)) {
		diag_error(graph->context, graph->place, "hand it on as a state, or take it from what scan returns",
			"a value of one step of a recurrence is used outside of it");
		return NULL;
	}
	Node *outside = graph_own(graph->body->outer, node);
	if (outside->op == &op_const && !outside->at.data) return make_full(graph, outside->shape, outside->at.value);
	return capture(graph->body, outside);
}

Node *scan_close(Body *body, Node **next)
{
	Graph *outer = body->outer;
	Arena *arena = outer->context->arena;
	body->next = arena_alloc(arena, (size_t)(body->carried_count + 1) * sizeof *next);
	for (int k = 0; k < body->carried_count; k++) {
		body->next[k] = graph_own(body->graph, next[k]); /* may capture */
		if (!body->next[k]) return NULL;
	}
	int count = body->carried_count + body->item_count + body->fixed_count, n = 0;
	Node **args = arena_alloc(arena, (size_t)(count + 1) * sizeof *args);
	for (int k = 0; k < body->carried_count; k++) args[n++] = body->starts[k];
	for (int j = 0; j < body->item_count; j++) args[n++] = body->sequences[j];
	for (int f = 0; f < body->fixed_count; f++) args[n++] = body->captured[f];
	body->closed = true;
	Attributes at = {.body = body};
	return make_node(outer, &op_scan, args, count, &at, (Shape){0});
}

static Node *result(Graph *graph, Node *scan, ResultKind kind, int which, bool integer)
{
	Attributes at = {.result = kind, .which = which};
	Node *node = make_node(graph, &op_result, &scan, 1, &at, (Shape){0});
	if (node) node->integer = integer;
	return node;
}

Node *make_last(Graph *graph, Node *scan, int carried)
{
	return scan ? result(graph, scan, RESULT_LAST, carried, scan->at.body->carried[carried]->integer) : NULL;
}

Node *make_history(Graph *graph, Node *scan, int carried)
{
	return scan ? result(graph, scan, RESULT_HISTORY, carried, scan->at.body->carried[carried]->integer) : NULL;
}

Node *make_stack(Graph *graph, Node *scan, Node *value)
{
	if (!scan || !value) return NULL;
	Body *body = scan->at.body;
	assert(graph_holds(body->graph, value));
	int which = 0;
	while (which < body->stacked_count && body->stacked[which] != value) which++;
	if (which == body->stacked_count) push(graph, &body->stacked, body->stacked_count++, &body->stacked_capacity, value);
	return result(graph, scan, RESULT_STACK, which, value->integer);
}

static Node **list_copy(Arena *arena, Node **list, int count)
{
	Node **copy = arena_alloc(arena, (size_t)(count + 1) * sizeof *copy);
	if (count) memcpy(copy, list, (size_t)count * sizeof *copy);
	return copy;
}

Body *body_copy(Context *context, const Body *body)
{
	Body *copy = arena_alloc(context->arena, sizeof *copy);
	*copy = *body;
	copy->carried = list_copy(context->arena, body->carried, body->carried_count);
	copy->next = list_copy(context->arena, body->next, body->carried_count);
	copy->items = list_copy(context->arena, body->items, body->item_count);
	copy->fixed = list_copy(context->arena, body->fixed, body->fixed_count);
	copy->stacked = list_copy(context->arena, body->stacked, body->stacked_count);
	copy->carried_capacity = copy->carried_count;
	copy->item_capacity = copy->item_count;
	copy->fixed_capacity = copy->fixed_count;
	copy->stacked_capacity = copy->stacked_count;
	return copy;
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }
static Node *times(Graph *graph, Node *x, Node *w) { return make_contract(graph, "nk", "ko", "no", x, w); }
static Node *plus(Graph *graph, Node *a, Node *b) { return make_binary(graph, &op_add, a, b); }
static Node *by(Graph *graph, Node *a, Node *b) { return make_binary(graph, &op_mul, a, b); }

/* h' = tanh(x w + h u + b); *scan receives the scan */
static Body *tanh_layer(Graph *graph, Node *xs, bool reverse, Node **scan)
{
	Node *start = make_full(graph, op_case_shape(graph, "N 5"), 0);
	Body *body = scan_open(graph, xs->shape.dim[0].size, reverse);
	Node *x = scan_item(body, xs), *h = scan_carried(body, start);
	Node *sum = plus(body->graph, times(body->graph, x, in(graph, "b", "3 5")), times(body->graph, h, in(graph, "c", "5 5")));
	Node *next = make_unary(body->graph, &op_tanh, plus(body->graph, sum, in(graph, "d", "5")));
	*scan = scan_close(body, &next);
	return body;
}

static Node *sequence(Graph *graph, const char *shape)
{
	return make_transpose(graph, in(graph, "a", shape), (int[]){1, 0, 2});
}
static Node *case_tanh(Graph *graph)
{
	Node *scan;
	tanh_layer(graph, sequence(graph, "N 4 3"), false, &scan);
	return make_last(graph, scan, 0);
}
static Node *case_tanh_all(Graph *graph)
{
	Node *scan;
	Body *body = tanh_layer(graph, sequence(graph, "N 4 3"), false, &scan);
	return make_stack(graph, scan, body->next[0]);
}
static Node *case_tanh_back(Graph *graph)
{
	Node *scan;
	Body *body = tanh_layer(graph, sequence(graph, "N 3 3"), true, &scan);
	return plus(graph, make_stack(graph, scan, body->next[0]), make_last(graph, scan, 0));
}
static Node *case_one_step(Graph *graph)
{
	Node *scan;
	tanh_layer(graph, sequence(graph, "N 1 3"), false, &scan);
	return make_last(graph, scan, 0);
}
static Node *case_two_layers(Graph *graph)
{
	Node *scan, *second;
	Body *body = tanh_layer(graph, sequence(graph, "N 3 3"), false, &scan);
	Node *ys = make_slice(graph, make_stack(graph, scan, body->next[0]), 2, 1, (Dim){3, 0});
	tanh_layer(graph, ys, true, &second);
	return make_last(graph, second, 0);
}

/* gates i f g o of one product; c' = f c + i g, h' = o tanh(c') */
static Node *case_lstm(Graph *graph)
{
	Node *xs = sequence(graph, "N 5 3"), *w = in(graph, "b", "3 8"), *u = in(graph, "c", "2 8"), *gate[4];
	Body *body = scan_open(graph, 5, false);
	Graph *g = body->graph;
	Node *h = scan_carried(body, in(graph, "d", "N 2")), *c = scan_carried(body, in(graph, "e", "N 2"));
	Node *z = plus(g, times(g, scan_item(body, xs), w), times(g, h, u));
	for (int i = 0; i < 4; i++)
		gate[i] = make_unary(g, i == 2 ? &op_tanh : &op_sigmoid, make_slice(g, z, 1, 2 * i, (Dim){2, 0}));
	Node *cell = plus(g, by(g, gate[1], c), by(g, gate[0], gate[2]));
	Node *next[2] = {by(g, gate[3], make_unary(g, &op_tanh, cell)), cell};
	Node *scan = scan_close(body, next);
	Node *all = make_stack(graph, scan, next[0]);
	return plus(graph, all, plus(graph, make_last(graph, scan, 0), make_last(graph, scan, 1)));
}

/* a step that is masked keeps its state */
static Node *case_masked(Graph *graph)
{
	Node *xs = sequence(graph, "N 5 4"), *marks = make_transpose(graph, in(graph, "b_index2", "N 5 1"), (int[]){1, 0, 2});
	Body *body = scan_open(graph, 5, true);
	Graph *g = body->graph;
	Node *h = scan_carried(body, make_full(graph, op_case_shape(graph, "N 4"), 0.5));
	Node *next = make_unary(g, &op_tanh, plus(g, scan_item(body, xs), times(g, h, in(graph, "c", "4 4"))));
	next = make_select(g, scan_item(body, marks), next, h);
	Node *scan = scan_close(body, &next);
	return make_stack(graph, scan, next);
}

/* states that change places, one without batch, a fixed value that meets the sum, and one that only the stack needs */
static Node *case_places(Graph *graph)
{
	Body *body = scan_open(graph, 6, false);
	Graph *g = body->graph;
	Node *x = scan_item(body, in(graph, "a", "6 3")), *f = in(graph, "b", "N 3");
	Node *p = scan_carried(body, in(graph, "c", "3")), *q = scan_carried(body, in(graph, "d", "3"));
	Node *s = scan_carried(body, make_full(graph, op_case_shape(graph, "N 1"), 1));
	Node *sum = make_reduce(g, &op_sum, by(g, f, x), 2), *next[3] = {q, make_unary(g, &op_sin, p), plus(g, s, sum)};
	Node *seen = by(g, make_unary(g, &op_sigmoid, p), plus(g, s, f)), *scan = scan_close(body, next);
	return plus(graph, make_stack(graph, scan, seen), plus(graph, make_last(graph, scan, 0), make_last(graph, scan, 2)));
}

/* a scan within a step of a scan */
static Node *case_nested(Graph *graph)
{
	Body *body = scan_open(graph, 3, false);
	Graph *g = body->graph;
	Node *x = scan_item(body, in(graph, "a", "3 N 2")), *h = scan_carried(body, in(graph, "b", "N 2"));
	Body *inner = scan_open(g, 2, true);
	Node *s = scan_carried(inner, h);
	Node *next = make_unary(inner->graph, &op_tanh, plus(inner->graph, by(inner->graph, s, in(graph, "c", "2")), x));
	Node *last = make_last(g, scan_close(inner, &next), 0);
	return make_last(graph, scan_close(body, &last), 0);
}

static Node *case_draws(Graph *graph)
{
	Body *body = scan_open(graph, 4, false);
	Node *h = scan_carried(body, in(graph, "a", "N 7"));
	Node *keep = make_binary(body->graph, &op_less, make_uniform(body->graph, h->shape, 3), make_const(body->graph, 0.8));
	Node *next = by(body->graph, h, keep), *scan = scan_close(body, &next);
	return make_stack(graph, scan, next);
}

/* wide enough for register tiles, a product of a state's slice, an embedding */
static Node *case_wide(Graph *graph)
{
	Node *table = in(graph, "a", "9 48"), *index = make_transpose(graph, in(graph, "b_index9", "N 6"), (int[]){1, 0});
	Body *body = scan_open(graph, 6, false);
	Graph *g = body->graph;
	Node *h = scan_carried(body, make_full(graph, op_case_shape(graph, "N 24"), 0)), *u = in(graph, "c", "24 48");
	Node *z = plus(g, make_gather(g, table, scan_item(body, index)), times(g, h, make_binary(g, &op_mul, u, make_const(g, 0.2))));
	Node *gate = make_unary(g, &op_sigmoid, make_slice(g, z, 1, 0, (Dim){24, 0}));
	Node *other = make_unary(g, &op_tanh, make_slice(g, z, 1, 24, (Dim){24, 0}));
	Node *next = plus(g, by(g, gate, h), by(g, make_binary(g, &op_sub, make_const(g, 1), gate), other));
	Node *scan = scan_close(body, &next);
	return make_stack(graph, scan, next);
}

/* rows of a table, with the batch behind another axis */
static Node *case_rows(Graph *graph)
{
	Node *gather = make_gather(graph, in(graph, "a", "7 3"), in(graph, "b_index7", "N 4 2"));
	Body *body = scan_open(graph, 4, true);
	Graph *g = body->graph;
	Node *x = scan_item(body, make_transpose(graph, gather, (int[]){1, 3, 0, 2}));
	Node *h = scan_carried(body, make_full(graph, op_case_shape(graph, "3 N 2"), 0.3));
	Node *next = make_unary(g, &op_tanh, plus(g, x, by(g, h, in(graph, "c", "2")))), *scan = scan_close(body, &next);
	return plus(graph, make_stack(graph, scan, next), make_last(graph, scan, 0));
}

static const OpCase cases[] = {
	{"tanh layer", case_tanh}, {"tanh layer, every step", case_tanh_all}, {"tanh layer, backwards", case_tanh_back},
	{"one step", case_one_step}, {"two layers", case_two_layers}, {"lstm", case_lstm}, {"masked", case_masked},
	{"states change places", case_places}, {"scan in a scan", case_nested}, {"draws", case_draws},
	{"wide", case_wide}, {"rows of a table", case_rows},
};

static const Op *const ops[] = {&op_scan, &op_result, &op_carried, &op_item, &op_fixed};
const OpFamily op_family_scan = {"scan", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
