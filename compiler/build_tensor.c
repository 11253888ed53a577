/* build_tensor.c: built-in functions that reduce, move, contract and window tensors, draw, and differentiate. Input: an
 * Invocation. Output: a value over new nodes. Invariant: whether shapes fit is decided by the primitives' own rules;
 * here arguments of the language become theirs. */
#include <string.h>
#include "builder.h"

enum { PIECES_LIMIT = 100000 };

static Place at(const Invocation *call) { return call->site.place; }

static Graph *graph_of(const Builder *builder) { return builder->stage->program->graph; }

/* An argument as a node: numbers become constants. */
static Node *node_argument(Builder *builder, const Invocation *call, int i)
{
	return build_node(builder, call->args[i], at(call));
}

static bool whole_argument(
	Builder *builder, const Invocation *call, Value value, const char *what, int64_t least, int64_t *number)
{
	*number = value_is_whole(value) ? value_to_integer(value) : 0;
	if (value_is_whole(value) && *number >= least && *number <= VALUE_SIZE_LIMIT) return true;
	if (!value_is_poison(value))
		build_error(builder, at(call), NULL, "%s: %s is a whole number from %lld, not %s", call->builtin->name, what,
			(long long)least, value_kind(builder->arena, value));
	return false;
}

static bool axis_argument(Builder *builder, const Invocation *call, Value value, int rank, int *axis)
{
	int64_t i;
	if (!whole_argument(builder, call, value, "an axis", -rank, &i)) return false;
	if (i >= rank) {
		build_error(
			builder, at(call), NULL, "%s: axis %lld of a tensor with %d axes", call->builtin->name, (long long)i, rank);
		return false;
	}
	*axis = (int)(i < 0 ? i + rank : i);
	return true;
}

/* --- reductions ------------------------------------------------------------------------------------- */

static bool axes_argument(Builder *builder, const Invocation *call, Value value, int rank, unsigned *axes)
{
	*axes = value_is_none(value) ? (1u << rank) - 1 : 0;
	if (value_is_none(value)) return true;
	List list = value.kind == VALUE_LIST ? value.as.list : (List){&value, 1};
	for (int i = 0; i < list.count; i++) {
		int axis;
		if (!axis_argument(builder, call, list.items[i], rank, &axis)) return false;
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
	Node *x = node_argument(builder, call, 0);
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
	Node *x = node_argument(builder, call, 0);
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
	Node *x = node_argument(builder, call, 0);
	int order[MAX_RANK];
	unsigned seen = 0;
	if (!x) return value_poison();
	int rank = x->shape.rank;
	if (call->args[1].kind != VALUE_LIST || call->args[1].as.list.count != rank)
		return build_error(builder, at(call), "transpose(x, [0, 2, 1])",
			"the order names each of the %d axes of %s once", rank, shape_text(builder->arena, &x->shape));
	for (int i = 0; i < rank; i++) {
		if (!axis_argument(builder, call, call->args[1].as.list.items[i], rank, &order[i])) return value_poison();
		if (seen >> order[i] & 1)
			return build_error(builder, at(call), NULL, "the order names axis %d twice", order[i]);
		seen |= 1u << order[i];
	}
	return value_tensor(make_transpose(graph_of(builder), x, order));
}

static Value run_broadcast(Builder *builder, const Invocation *call)
{
	Shape shape;
	Node *x = node_argument(builder, call, 0);
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
	if (!nodes || !axis_argument(builder, call, which, nodes[0]->shape.rank, &axis)) return value_poison();
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
	if (!axis_argument(builder, call, which, nodes[0]->shape.rank + 1, &axis)) return value_poison();
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
	Node *x = node_argument(builder, call, 0);
	Value which = call->args[1].kind == VALUE_ABSENT ? value_integer(0) : call->args[1];
	if (!x || !axis_argument(builder, call, which, x->shape.rank, &axis)) return value_poison();
	return pieces(builder, call, x, axis, x->shape.dim[axis].size, true);
}

static Value run_split(Builder *builder, const Invocation *call)
{
	int axis;
	int64_t count;
	Node *x = node_argument(builder, call, 0);
	Value which = call->args[2].kind == VALUE_ABSENT ? value_integer(-1) : call->args[2];
	if (!x || !whole_argument(builder, call, call->args[1], "the number of pieces", 1, &count)) return value_poison();
	if (!axis_argument(builder, call, which, x->shape.rank, &axis)) return value_poison();
	return pieces(builder, call, x, axis, count, false);
}

static Value run_pad(Builder *builder, const Invocation *call)
{
	int axis;
	int64_t low, high;
	Node *x = node_argument(builder, call, 0);
	if (!x || !axis_argument(builder, call, call->args[1], x->shape.rank, &axis)) return value_poison();
	if (!whole_argument(builder, call, call->args[2], "what stands before", 0, &low)) return value_poison();
	if (!whole_argument(builder, call, call->args[3], "what stands behind", 0, &high)) return value_poison();
	return value_tensor(low || high ? make_pad(graph_of(builder), x, axis, low, high, 0) : x);
}

static Value run_gather(Builder *builder, const Invocation *call)
{
	Node *table = node_argument(builder, call, 0), *index = node_argument(builder, call, 1);
	return value_tensor(make_gather(graph_of(builder), table, index));
}

static Value run_iota(Builder *builder, const Invocation *call)
{
	int64_t n;
	return whole_argument(builder, call, call->args[0], "the count", 1, &n) ?
		value_tensor(make_iota(graph_of(builder), n)) :
		value_poison();
}

static Value run_full(Builder *builder, const Invocation *call)
{
	Shape shape;
	if (!build_shape(builder, call->args[0], at(call), &shape)) return value_poison();
	if (value_is_static_number(call->args[1]))
		return value_tensor(make_full(graph_of(builder), shape, value_to_number(call->args[1])));
	return value_tensor(make_broadcast(graph_of(builder), node_argument(builder, call, 1), shape));
}

/* --- contraction and windows ------------------------------------------------------------------------- */

/* "nqd,nkd->nqk" -> its three lists of axes; false after a report */
static bool parse_axes(Builder *builder, const Invocation *call, char parts[3][MAX_RANK + 1])
{
	static const char *const ends[] = {",", "->", ""};
	const char *text = call->args[0].kind == VALUE_WORD ? call->args[0].as.word : "";
	for (int p = 0; p < 3; p++) {
		int count = 0;
		for (; *text == ' ' || (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'); text++) {
			if (*text == ' ') continue;
			bool twice = memchr(parts[p], *text, (size_t)count) != NULL;
			if (count == MAX_RANK || twice) {
				build_error(builder, at(call), NULL, twice ? "einsum: the axis '%c' stands twice in one operand" :
					"einsum: too many axes before '%c'", *text);
				return false;
			}
			parts[p][count++] = *text;
		}
		parts[p][count] = 0;
		size_t length = strlen(ends[p]);
		bool fits = p < 2 ? !strncmp(text, ends[p], length) : !*text;
		if (!fits) {
			build_error(builder, at(call), "einsum('nqd,nkd->nqk', a, b)",
				"einsum names the axes of two operands and of the result");
			return false;
		}
		text += length;
	}
	return true;
}

static Value run_einsum(Builder *builder, const Invocation *call)
{
	char parts[3][MAX_RANK + 1];
	Node *a = node_argument(builder, call, 1), *b = node_argument(builder, call, 2);
	if (!a || !b || !parse_axes(builder, call, parts)) return value_poison();
	return value_tensor(make_contract(graph_of(builder), parts[0], parts[1], parts[2], a, b));
}

/* [.., k] x [k, m], or batches of matrices when the ranks are equal */
static Value run_matmul(Builder *builder, const Invocation *call)
{
	Node *a = node_argument(builder, call, 0), *b = node_argument(builder, call, 1);
	if (!a || !b) return value_poison();
	int rank = a->shape.rank, lead = rank - 1;
	if (rank < 1 || rank > MAX_RANK || b->shape.rank < 2 || (b->shape.rank != 2 && b->shape.rank != rank))
		return build_error(builder, at(call), "[.., k] x [k, m], or equal ranks", "matmul can't multiply %s and %s",
			shape_text(builder->arena, &a->shape), shape_text(builder->arena, &b->shape));
	char left[MAX_RANK + 2] = {0}, right[MAX_RANK + 2] = {0}, out[MAX_RANK + 2] = {0};
	for (int i = 0; i < lead; i++) left[i] = out[i] = (char)('a' + i);
	left[lead] = 'y';
	out[lead] = 'z';
	int shared = b->shape.rank == 2 ? 0 : lead - 1;
	for (int i = 0; i < shared; i++) right[i] = (char)('a' + i);
	right[shared] = 'y';
	right[shared + 1] = 'z';
	return value_tensor(make_contract(graph_of(builder), left, right, out, a, b));
}

static bool window_numbers(Builder *builder, const Invocation *call, int argument, const char *what, int64_t least,
	int count, int64_t *numbers)
{
	Value list = call->args[argument];
	if (list.kind != VALUE_LIST || list.as.list.count != count) {
		build_error(builder, at(call), NULL, "%s: %s is a list of %d, one for each axis of the window, not %s",
			call->builtin->name, what, count, value_kind(builder->arena, list));
		return false;
	}
	for (int i = 0; i < count; i++)
		if (!whole_argument(builder, call, list.as.list.items[i], what, least, &numbers[i])) return false;
	return true;
}

/* arguments from `first` on: size, stride, dilation, low, high */
static bool window_argument(Builder *builder, const Invocation *call, const Node *x, int first, Window *window)
{
	int count = call->args[first].kind == VALUE_LIST ? call->args[first].as.list.count : 0;
	*window = (Window){.rank = count};
	if (count < 1 || count > MAX_WINDOW) {
		build_error(builder, at(call), NULL, "%s: a window has 1 to %d axes", call->builtin->name, MAX_WINDOW);
		return false;
	}
	if (!axis_argument(builder, call, call->args[1], x->shape.rank, &window->axis)) return false;
	if (window->axis + count > x->shape.rank) {
		build_error(builder, at(call), NULL, "%s: a window of %d axes does not fit %s", call->builtin->name, count,
			shape_text(builder->arena, &x->shape));
		return false;
	}
	return window_numbers(builder, call, first, "the size", 1, count, window->size) &&
		window_numbers(builder, call, first + 1, "the stride", 1, count, window->stride) &&
		window_numbers(builder, call, first + 2, "the dilation", 1, count, window->dilation) &&
		window_numbers(builder, call, first + 3, "the padding", 0, count, window->low) &&
		window_numbers(builder, call, first + 4, "the padding", 0, count, window->high);
}

static Value run_unfold(Builder *builder, const Invocation *call)
{
	Window window;
	Node *x = node_argument(builder, call, 0);
	if (!x || !window_argument(builder, call, x, 2, &window)) return value_poison();
	if (!value_is_none(call->args[7]) && !value_is_static_number(call->args[7]))
		return build_error(builder, at(call), NULL, "unfold: fill is a number");
	window.fill = value_is_none(call->args[7]) ? 0 : value_to_number(call->args[7]);
	return value_tensor(make_unfold(graph_of(builder), x, &window));
}

static Value run_fold(Builder *builder, const Invocation *call)
{
	Window window;
	int64_t sizes[MAX_WINDOW];
	Node *y = node_argument(builder, call, 0);
	if (!y || !window_argument(builder, call, y, 3, &window) ||
		!window_numbers(builder, call, 2, "the sizes", 1, window.rank, sizes))
		return value_poison();
	if (window.axis + 2*window.rank > y->shape.rank)
		return build_error(builder, at(call), NULL, "fold: a window of %d axes does not fit %s", window.rank,
			shape_text(builder->arena, &y->shape));
	return value_tensor(make_fold(graph_of(builder), y, sizes, &window));
}

/* --- draws, facts, gradients -------------------------------------------------------------------------- */

/* The number of a draw within its program. In `initialize` it is made of the variable's path, so that another layer
 * does not change it; a seed of its own makes other numbers. */
static int draw_stream(Builder *builder, Value seed)
{
	Stage *stage = builder->stage;
	uint64_t draw = (uint64_t)(stage->draw_path ? stage->draws++ : graph_of(builder)->streams++), key = draw;
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
	return value_tensor(make_orthonormal(graph_of(builder), node_argument(builder, call, 0)));
}

static Value run_stop(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind != VALUE_TENSOR) return call->args[0];
	Node *x = call->args[0].as.tensor, *y = make_stop(graph_of(builder), x);
	return value_tensor(build_carry(builder, y, &x, 1));
}

static Value run_grad(Builder *builder, const Invocation *call)
{
	Node *y = node_argument(builder, call, 0), *g = NULL;
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
	(void)builder;
	const char *name = value_name(call->args[1]);
	if (call->args[0].kind != VALUE_TENSOR || !name) return value_none();
	for (const Origin *origin = call->args[0].as.tensor->origin; origin; origin = origin->next)
		if (origin->function == name) return value_tensor(origin->argument); /* the same text: of the same definition */
	return value_none();
}

static Value run_mask_of(Builder *builder, const Invocation *call)
{
	(void)builder;
	bool masked = call->args[0].kind == VALUE_TENSOR && call->args[0].as.tensor->mask;
	return masked ? value_tensor(call->args[0].as.tensor->mask) : value_none();
}

/* The same tensor with a mask: a node of its own, since the mask must not reach other users of x. */
static Value run_masked(Builder *builder, const Invocation *call)
{
	Node *x = node_argument(builder, call, 0), *mask = node_argument(builder, call, 1);
	if (!x || !mask) return value_poison();
	Node *y = graph_node(graph_of(builder), &op_reshape, &x, 1, x->shape, NULL);
	y->integer = x->integer;
	y->mask = mask;
	return value_tensor(y);
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
	{"pad", "x axis low high", 4, run_pad, NULL},
	{"gather", "table index", 2, run_gather, NULL},
	{"iota", "n", 1, run_iota, NULL},
	{"full", "dims value", 2, run_full, NULL},
	{"einsum", "axes a b", 3, run_einsum, NULL},
	{"matmul", "a b", 2, run_matmul, NULL},
	{"unfold", "x axis size stride dilation low high fill", 7, run_unfold, NULL},
	{"fold", "y axis sizes size stride dilation low high", 8, run_fold, NULL},
	{"uniform", "dims seed", 1, run_uniform, NULL},
	{"orthonormal", "x", 1, run_orthonormal, NULL},
	{"stop", "x", 1, run_stop, NULL},
	{"grad", "y x", 2, run_grad, NULL},
	{"peel", "x f", 2, run_peel, NULL},
	{"mask_of", "x", 1, run_mask_of, NULL},
	{"masked", "x mask", 2, run_masked, NULL},
	{NULL, NULL, 0, NULL, NULL},
};
