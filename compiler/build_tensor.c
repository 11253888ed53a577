/* build_tensor.c: built-in functions that reduce and move tensors, draw, and differentiate. Input: an
 * Invocation. Output: a value over new nodes. Invariant: whether shapes fit is decided by the primitives' own rules;
 * here arguments of the language become theirs. */
#include <string.h>
#include "builder.h"

enum { PIECES_LIMIT = 100000 };

static Place at(const Invocation *call) { return call->site.place; }

static Graph *graph_of(const Builder *builder) { return builder->stage->program->graph; }

/* --- reductions ------------------------------------------------------------------------------------- */

static bool axes_argument(Builder *builder, const Invocation *call, Value value, int rank, unsigned *axes)
{
	*axes = value_is_none(value) ? (1u << rank) - 1 : 0;
	if (value_is_none(value)) return true;
	List list = value.kind == VALUE_LIST ? value.as.list : (List){&value, 1};
	for (int i = 0; i < list.count; i++) {
		int axis;
		if (!build_axis_argument(builder, call, list.items[i], rank, &axis)) return false;
		*axes |= 1u << axis;
	}
	return true;
}

static Node *squeeze(Builder *builder, Node *y, unsigned axes)
{
	Shape shape = {0};
	for (int i = 0; y && i < y->shape.rank; i++)
		if (!(axes >> i & 1)) shape.dim[shape.rank++] = y->shape.dim[i];
	return y ? make_reshape(graph_of(builder), y, shape) : NULL;
}

static Value reduce_tensor(Builder *builder, const Invocation *call, const Op *op)
{
	unsigned axes;
	Node *x = build_node_argument(builder, call, 0);
	if (!x || !axes_argument(builder, call, call->args[1], x->shape.rank, &axes)) return value_poison();
	if (!axes) return value_tensor(x);
	if (op == &op_argmax && (axes & (axes - 1)))
		return build_error(builder, at(call), NULL, "argmax goes over one axis");
	Node *y = op == &op_sum ? make_reduce(graph_of(builder), op, x, axes) : x;
	for (int i = 0; op != &op_sum && i < x->shape.rank; i++) /* maxima go over one axis at a time */
		if (axes >> i & 1) y = make_reduce(graph_of(builder), op, y, 1u << i);
	return value_tensor(value_is_true(call->args[2]) ? y : squeeze(builder, y, axes));
}

static Value run_sum(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind != VALUE_LIST) return reduce_tensor(builder, call, &op_sum);
	List list = call->args[0].as.list;
	Value total = list.count ? list.items[0] : value_integer(0);
	for (int i = 1; i < list.count; i++) total = build_binary(builder, "+", total, list.items[i], at(call));
	return total;
}

static Value run_amax(Builder *builder, const Invocation *call) { return reduce_tensor(builder, call, &op_amax); }

static Value run_argmax(Builder *builder, const Invocation *call) { return reduce_tensor(builder, call, &op_argmax); }

/* --- movement ----------------------------------------------------------------------------------------- */

static const char *dims_text(Builder *builder, Value dims)
{
	const char *text = "[";
	for (int i = 0; i < dims.as.list.count; i++) {
		Value d = dims.as.list.items[i];
		const char *one = "batch";
		if (value_is_static_number(d)) one = arena_format(builder->arena, "%.12g", value_to_number(d));
		text = arena_format(builder->arena, "%s%s%s", text, i ? ", " : "", one);
	}
	return arena_format(builder->arena, "%s]", text);
}

/* The dimension that -1 stands for: what is left of the elements of x. */
static Value infer_dim(Builder *builder, const Invocation *call, const Node *x, Value dims, int hole)
{
	Dim known = {1, 0}, total = {1, 0};
	bool fits = true;
	for (int i = 0; i < dims.as.list.count; i++) {
		Value d = dims.as.list.items[i];
		if (i == hole) continue;
		if (d.kind != VALUE_DIM && (!value_is_whole(d) || value_to_integer(d) < 1)) fits = false;
		else
			fits = fits &&
				value_dim_product(known, d.kind == VALUE_DIM ? d.as.dim : (Dim){value_to_integer(d), 0}, &known);
	}
	for (int i = 0; i < x->shape.rank; i++) fits = fits && value_dim_product(total, x->shape.dim[i], &total);
	int64_t all = total.rows ? total.rows : total.size, given = known.rows ? known.rows : known.size;
	fits = fits && (total.rows || !known.rows) && all % given == 0;
	if (!fits)
		return build_error(builder, at(call), NULL, "%s can not become %s", shape_text(builder->arena, &x->shape),
			dims_text(builder, dims));
	if (total.rows && !known.rows) return value_dim((Dim){total.size/given, all/given});
	return value_integer(all/given);
}

static Value run_reshape(Builder *builder, const Invocation *call)
{
	Shape shape;
	Node *x = build_node_argument(builder, call, 0);
	if (!x) return value_poison();
	Value dims = call->args[1];
	int hole = -1;
	for (int i = 0; dims.kind == VALUE_LIST && i < dims.as.list.count; i++) {
		Value d = dims.as.list.items[i];
		if (!value_is_whole(d) || value_to_integer(d) != -1) continue;
		if (hole >= 0) return build_error(builder, at(call), NULL, "one dimension may be -1, not two");
		hole = i;
	}
	if (hole >= 0) {
		Value filled = value_list(builder->arena, dims.as.list.count);
		memcpy(filled.as.list.items, dims.as.list.items, (size_t)dims.as.list.count * sizeof(Value));
		filled.as.list.items[hole] = infer_dim(builder, call, x, dims, hole);
		dims = filled;
	}
	if (!build_shape(builder, dims, at(call), &shape)) return value_poison();
	return value_tensor(shape_equal(&shape, &x->shape) ? x : make_reshape(graph_of(builder), x, shape));
}

static Value run_transpose(Builder *builder, const Invocation *call)
{
	Node *x = build_node_argument(builder, call, 0);
	int order[MAX_RANK];
	unsigned seen = 0;
	if (!x) return value_poison();
	int rank = x->shape.rank;
	if (call->args[1].kind != VALUE_LIST || call->args[1].as.list.count != rank)
		return build_error(builder, at(call), "transpose(x, [0, 2, 1])",
			"the order names each of the %d axes of %s once", rank, shape_text(builder->arena, &x->shape));
	for (int i = 0; i < rank; i++) {
		if (!build_axis_argument(builder, call, call->args[1].as.list.items[i], rank, &order[i])) return value_poison();
		if (seen >> order[i] & 1)
			return build_error(builder, at(call), NULL, "the order names axis %d twice", order[i]);
		seen |= 1u << order[i];
	}
	return value_tensor(make_transpose(graph_of(builder), x, order));
}

static Value run_broadcast(Builder *builder, const Invocation *call)
{
	Shape shape;
	Node *x = build_node_argument(builder, call, 0);
	if (!x || !build_shape(builder, call->args[1], at(call), &shape)) return value_poison();
	return value_tensor(make_broadcast(graph_of(builder), x, shape));
}

/* The nodes of a list argument, all of one rank; NULL after a report. */
static Node **list_nodes(Builder *builder, const Invocation *call, int *count)
{
	Value list = call->args[0];
	if (list.kind != VALUE_LIST || !list.as.list.count) {
		build_error(builder, at(call), NULL, "%s takes a list of tensors, not %s", call->builtin->name,
			value_kind(builder->arena, list));
		return NULL;
	}
	*count = list.as.list.count;
	Node **nodes = arena_alloc(builder->arena, (size_t)*count * sizeof *nodes);
	for (int i = 0; i < *count; i++) {
		nodes[i] = build_node(builder, list.as.list.items[i], at(call));
		if (!nodes[i]) return NULL;
		if (nodes[i]->shape.rank != nodes[0]->shape.rank) {
			build_error(builder, at(call), NULL, "%s takes tensors of one rank, not %s and %s", call->builtin->name,
				shape_text(builder->arena, &nodes[0]->shape), shape_text(builder->arena, &nodes[i]->shape));
			return NULL;
		}
	}
	return nodes;
}

static Value run_concat(Builder *builder, const Invocation *call)
{
	int count, axis;
	Node **nodes = list_nodes(builder, call, &count);
	Value which = call->args[1].kind == VALUE_ABSENT ? value_integer(-1) : call->args[1];
	if (!nodes || !build_axis_argument(builder, call, which, nodes[0]->shape.rank, &axis)) return value_poison();
	return value_tensor(count == 1 ? nodes[0] : make_concat(graph_of(builder), nodes, count, axis));
}

static Value run_stack(Builder *builder, const Invocation *call)
{
	int count, axis;
	Node **nodes = list_nodes(builder, call, &count);
	Value which = call->args[1].kind == VALUE_ABSENT ? value_integer(0) : call->args[1];
	if (!nodes) return value_poison();
	if (nodes[0]->shape.rank >= MAX_RANK)
		return build_error(builder, at(call), NULL, "a tensor of more than %d axes", MAX_RANK);
	if (!build_axis_argument(builder, call, which, nodes[0]->shape.rank + 1, &axis)) return value_poison();
	for (int i = 0; i < count; i++) {
		Shape shape = nodes[i]->shape;
		memmove(&shape.dim[axis + 1], &shape.dim[axis], (size_t)(shape.rank - axis) * sizeof(Dim));
		shape.dim[axis] = (Dim){1, 0};
		shape.rank++;
		nodes[i] = make_reshape(graph_of(builder), nodes[i], shape);
	}
	return value_tensor(make_concat(graph_of(builder), nodes, count, axis));
}

/* count equal pieces along an axis; thin: the axis falls away */
static Value pieces(Builder *builder, const Invocation *call, Node *x, int axis, int64_t count, bool thin)
{
	Dim dim = x->shape.dim[axis];
	if (dim.rows) return build_error(builder, at(call), "a last batch may be short", "the batch axis can't be cut");
	if (dim.size % count)
		return build_error(builder, at(call), NULL, "an axis of %lld does not split into %lld equal parts",
			(long long)dim.size, (long long)count);
	if (count > PIECES_LIMIT || !build_spend(builder, count, at(call)))
		return build_error(
			builder, at(call), NULL, "%lld pieces: at most %d are possible", (long long)count, PIECES_LIMIT);
	Value list = value_list(builder->arena, (int)count);
	for (int64_t i = 0; i < count; i++) {
		Node *piece = make_slice(graph_of(builder), x, axis, i*(dim.size/count), (Dim){dim.size/count, 0});
		list.as.list.items[i] = value_tensor(thin ? squeeze(builder, piece, 1u << axis) : piece);
	}
	return list;
}

static Value run_unstack(Builder *builder, const Invocation *call)
{
	int axis;
	Node *x = build_node_argument(builder, call, 0);
	Value which = call->args[1].kind == VALUE_ABSENT ? value_integer(0) : call->args[1];
	if (!x || !build_axis_argument(builder, call, which, x->shape.rank, &axis)) return value_poison();
	return pieces(builder, call, x, axis, x->shape.dim[axis].size, true);
}

static Value run_split(Builder *builder, const Invocation *call)
{
	int axis;
	int64_t count;
	Node *x = build_node_argument(builder, call, 0);
	Value which = call->args[2].kind == VALUE_ABSENT ? value_integer(-1) : call->args[2];
	if (!x || !build_whole_argument(builder, call, call->args[1], "the number of pieces", 1, &count))
		return value_poison();
	if (!build_axis_argument(builder, call, which, x->shape.rank, &axis)) return value_poison();
	return pieces(builder, call, x, axis, count, false);
}

static Value run_pad(Builder *builder, const Invocation *call)
{
	int axis;
	int64_t low, high;
	Node *x = build_node_argument(builder, call, 0);
	if (!x || !build_axis_argument(builder, call, call->args[1], x->shape.rank, &axis)) return value_poison();
	if (!build_whole_argument(builder, call, call->args[2], "what stands before", 0, &low)) return value_poison();
	if (!build_whole_argument(builder, call, call->args[3], "what stands behind", 0, &high)) return value_poison();
	return value_tensor(low || high ? make_pad(graph_of(builder), x, axis, low, high, 0) : x);
}

static Value run_flip(Builder *builder, const Invocation *call)
{
	int axis;
	Node *x = build_node_argument(builder, call, 0);
	if (!x || !build_axis_argument(builder, call, call->args[1], x->shape.rank, &axis)) return value_poison();
	return value_tensor(make_flip(graph_of(builder), x, axis));
}

static Value run_gather(Builder *builder, const Invocation *call)
{
	Node *table = build_node_argument(builder, call, 0), *index = build_node_argument(builder, call, 1);
	return value_tensor(make_gather(graph_of(builder), table, index));
}

static Value run_iota(Builder *builder, const Invocation *call)
{
	int64_t n;
	return build_whole_argument(builder, call, call->args[0], "the count", 1, &n) ?
		value_tensor(make_iota(graph_of(builder), n)) :
		value_poison();
}

static Value run_full(Builder *builder, const Invocation *call)
{
	Shape shape;
	if (!build_shape(builder, call->args[0], at(call), &shape)) return value_poison();
	if (value_is_static_number(call->args[1]))
		return value_tensor(make_full(graph_of(builder), shape, value_to_number(call->args[1])));
	return value_tensor(make_broadcast(graph_of(builder), build_node_argument(builder, call, 1), shape));
}

/* --- draws, facts, gradients -------------------------------------------------------------------------- */

/* The number of a draw within its program. In `initialize` it is made of the variable's path, so that another layer
 * does not change it; a seed of its own makes other numbers. */
static int draw_stream(Builder *builder, Value seed)
{
	Stage *stage = builder->stage;
	Graph *program = graph_of(builder);
	while (program->body) program = program->body->outer;
	uint64_t draw = (uint64_t)(stage->draw_path ? stage->draws++ : program->streams++), key = draw;
	if (value_is_static_number(seed)) {
		double number = value_to_number(seed);
		key = hash_bytes(&number, sizeof number, draw + 1);
	} else if (!stage->draw_path) return (int)draw;
	if (stage->draw_path) key = hash_bytes(stage->draw_path, strlen(stage->draw_path), key);
	key ^= key >> 32;
	return (int)((key ^ key >> 31) & 0x7fffffff);
}

static Value run_uniform(Builder *builder, const Invocation *call)
{
	Shape shape;
	if (!build_shape(builder, call->args[0], at(call), &shape)) return value_poison();
	return value_tensor(make_uniform(graph_of(builder), shape, draw_stream(builder, call->args[1])));
}

static Value run_orthonormal(Builder *builder, const Invocation *call)
{
	return value_tensor(make_orthonormal(graph_of(builder), build_node_argument(builder, call, 0)));
}

static Value run_stop(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind != VALUE_TENSOR) return call->args[0];
	Node *x = call->args[0].as.tensor, *y = make_stop(graph_of(builder), x);
	return value_tensor(build_carry(builder, y, &x, 1));
}

static Value run_grad(Builder *builder, const Invocation *call)
{
	Node *y = build_node_argument(builder, call, 0), *g = NULL;
	if (!y) return value_poison();
	if (call->args[1].kind != VALUE_TENSOR)
		return build_error(builder, at(call), NULL, "a gradient is taken with respect to a tensor, not %s",
			value_kind(builder->arena, call->args[1]));
	Node *x = build_node(builder, call->args[1], at(call));
	if (!x) return value_poison();
	grad_make(graph_of(builder), y, &x, 1, &g);
	return value_tensor(g ? g : make_full(graph_of(builder), x->shape, 0));
}

/* The argument of a function, if x is what it returned; else none. */
static Value run_peel(Builder *builder, const Invocation *call)
{
	Stage *stage = builder->stage;
	const char *name = value_name(call->args[1]);
	if (call->args[0].kind != VALUE_TENSOR || !name) return value_none();
	Node *from = NULL;
	for (const Origin *origin = call->args[0].as.tensor->origin; origin && !from; origin = origin->next)
		if (origin->function == name) from = origin->argument; /* the same text: of the same definition */
	if (call->args[0].as.tensor == stage->judged) {
		stage->peeled = name;
		stage->peel_found = from != NULL;
	}
	return from ? value_tensor(from) : value_none();
}

static Value run_mask_of(Builder *builder, const Invocation *call)
{
	(void)builder;
	bool masked = call->args[0].kind == VALUE_TENSOR && call->args[0].as.tensor->mask;
	return masked ? value_tensor(call->args[0].as.tensor->mask) : value_none();
}

Node *build_masked(Builder *builder, Node *x, Node *mask)
{
	Node *y = graph_node(graph_of(builder), &op_reshape, &x, 1, x->shape, NULL);
	y->integer = x->integer;
	y->origin = x->origin;
	y->mask = mask;
	return y;
}

static Value run_masked(Builder *builder, const Invocation *call)
{
	Node *x = build_node_argument(builder, call, 0), *mask = build_node_argument(builder, call, 1);
	return x && mask ? value_tensor(build_masked(builder, x, mask)) : value_poison();
}

/* An input whose numbers are only these: data that has others ends the run. */
static Value run_bounded(Builder *builder, const Invocation *call)
{
	int64_t low, high;
	Node *x = build_node_argument(builder, call, 0), *leaf = x;
	if (!x || !build_whole_argument(builder, call, call->args[1], "low", INT32_MIN, &low) ||
		!build_whole_argument(builder, call, call->args[2], "high", low + 1, &high)) return value_poison();
	while (leaf->op == &op_reshape) leaf = leaf->args[0];
	if (leaf->op == &op_input) {
		leaf->at.low = low;
		leaf->at.high = high;
	}
	return value_tensor(x);
}

const Builtin tensor_builtins[] = {
	{"sum", "x axis keepdims", 1, run_sum, NULL},
	{"amax", "x axis keepdims", 1, run_amax, NULL},
	{"argmax", "x axis keepdims", 1, run_argmax, NULL},
	{"reshape", "x dims", 2, run_reshape, NULL},
	{"transpose", "x order", 2, run_transpose, NULL},
	{"broadcast", "x dims", 2, run_broadcast, NULL},
	{"concat", "list axis", 1, run_concat, NULL},
	{"stack", "list axis", 1, run_stack, NULL},
	{"unstack", "x axis", 1, run_unstack, NULL},
	{"split", "x n axis", 2, run_split, NULL},
	{"flip", "x axis", 2, run_flip, NULL},
	{"pad", "x axis low high", 4, run_pad, NULL},
	{"gather", "table index", 2, run_gather, NULL},
	{"iota", "n", 1, run_iota, NULL},
	{"full", "dims value", 2, run_full, NULL},
	{"uniform", "dims seed", 1, run_uniform, NULL},
	{"orthonormal", "x", 1, run_orthonormal, NULL},
	{"stop", "x", 1, run_stop, NULL},
	{"grad", "y x", 2, run_grad, NULL},
	{"peel", "x f", 2, run_peel, NULL},
	{"mask_of", "x", 1, run_mask_of, NULL},
	{"masked", "x mask", 2, run_masked, NULL},
	{"bounded", "x low high", 3, run_bounded, NULL},
	{NULL, NULL, 0, NULL, NULL},
};
