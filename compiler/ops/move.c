/* move.c: index maps: reshape, transpose, broadcast, slice, flip, pad, stop, and concat, which joins.
 * Invariant: along the batch axis starts and sizes are whole batches, so they mean live rows in a short last batch. */
#include <string.h>
#include "ops.h"

static const char *text_of(Graph *graph, const Shape *shape) { return shape_text(graph->context->arena, shape); }

/* values that stand before one step along the batch: each of them has its own live rows */
static int64_t before_batch(const Shape *shape)
{
	int64_t count = 1;
	for (int i = 0; i < shape->rank && !shape->dim[i].rows; i++) count *= shape->dim[i].size;
	return count;
}

static bool shape_reshape(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count, (void)at;
	const Shape *x = &args[0]->shape;
	if (!shape_check(graph, shape)) return false;
	if (!shape_rows(x) != !shape_rows(shape)) {
		diag_error(graph->context, graph->place,
			"keep the batch as an axis, or as a factor of one: [dim(x, 0), ...]",
			"the batch can't come or go in a reshape: %s to %s", text_of(graph, x), text_of(graph, shape));
		return false;
	}
	if (shape_rows(x) && before_batch(x) != before_batch(shape)) {
		diag_error(graph->context, graph->place, "transpose the batch to the front before, and back after",
			"axes can't be taken over the batch in a reshape: %s to %s", text_of(graph, x), text_of(graph, shape));
		return false;
	}
	if (shape_count(x) != shape_count(shape)) {
		diag_error(graph->context, graph->place, "the product of the axes must stay; one of them may be -1",
			"%s does not hold as many values as %s", text_of(graph, x), text_of(graph, shape));
		return false;
	}
	return true;
}

static bool shape_transpose(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	const Shape *x = &args[0]->shape;
	unsigned seen = 0;
	shape->rank = x->rank;
	for (int i = 0; i < x->rank; i++) {
		int from = at->order[i];
		if (from < 0 || from >= x->rank || seen >> from & 1) {
			diag_error(graph->context, graph->place, "for a matrix: transpose(x, [1, 0])",
				"the order of a transpose names every axis of %s once", text_of(graph, x));
			return false;
		}
		seen |= 1u << from;
		shape->dim[i] = x->dim[from];
	}
	return true;
}

static bool shape_broadcast(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count, (void)at;
	const Shape *x = &args[0]->shape;
	bool fits = x->rank <= shape->rank;
	for (int i = 0; fits && i < x->rank; i++) {
		Dim from = x->dim[i], to = shape->dim[i + shape->rank - x->rank];
		fits = (from.size == 1 && !from.rows) || (from.size == to.size && from.rows == to.rows);
	}
	if (!fits)
		diag_error(graph->context, graph->place,
			"axes are matched from the last one; only axes of size 1 are spread",
			"%s can't be broadcast to %s", text_of(graph, x), text_of(graph, shape));
	return fits;
}

/* Along the batch axis: n is a whole number of batches; elsewhere anything. */
static bool whole_batches(Graph *graph, Dim axis, int64_t n)
{
	if (!axis.rows || n % (axis.size / axis.rows) == 0) return true;
	diag_error(graph->context, graph->place,
		"samples can't be picked by their number: a short last batch may not have them",
		"a piece of the batch axis that is not whole batches");
	return false;
}

static bool shape_slice(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	const Shape *x = &args[0]->shape;
	Dim from = x->dim[at->axis], size = shape->dim[at->axis];
	if (!whole_batches(graph, from, at->start) || !whole_batches(graph, from, size.size)) return false;
	if (at->start < 0 || size.size < 1 || at->start + size.size > from.size) {
		diag_error(graph->context, graph->place, "places count from 0; the end is not part of the slice",
			"%lld:%lld leaves axis %d of %s", (long long)at->start, (long long)(at->start + size.size),
			at->axis, text_of(graph, x));
		return false;
	}
	*shape = *x;
	shape->dim[at->axis] = (Dim){size.size, from.rows ? size.size / (from.size / from.rows) : 0};
	return true;
}

static bool shape_flip(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	*shape = args[0]->shape;
	if (!shape->dim[at->axis].rows) return true;
	diag_error(graph->context, graph->place, "samples have no order that a network may rely on",
		"the batch axis can't be turned round");
	return false;
}

static bool shape_pad(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	*shape = args[0]->shape;
	Dim *d = &shape->dim[at->axis];
	if (!whole_batches(graph, *d, at->low) || !whole_batches(graph, *d, at->high)) return false;
	if (at->low < 0 || at->high < 0) {
		diag_error(graph->context, graph->place, "to take away use a slice, x[a:b]",
			"pad adds at least nothing: %lld and %lld", (long long)at->low, (long long)at->high);
		return false;
	}
	if (d->rows) d->rows += (at->low + at->high) / (d->size / d->rows);
	d->size += at->low + at->high;
	return true;
}

static bool same_beside(const Shape *a, const Shape *b, int axis)
{
	if (a->rank != b->rank || !a->dim[axis].rows != !b->dim[axis].rows) return false;
	for (int i = 0; i < a->rank; i++)
		if (i != axis && (a->dim[i].size != b->dim[i].size || a->dim[i].rows != b->dim[i].rows)) return false;
	return true;
}

static bool shape_concat(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	*shape = args[0]->shape;
	for (int i = 1; i < arg_count; i++) {
		if (!same_beside(&args[0]->shape, &args[i]->shape, at->axis)) {
			diag_error(graph->context, graph->place, "only the axis along which they are joined may differ",
				"concat: shapes differ beside axis %d: %s and %s", at->axis,
				text_of(graph, &args[0]->shape), text_of(graph, &args[i]->shape));
			return false;
		}
		shape->dim[at->axis].size += args[i]->shape.dim[at->axis].size;
		shape->dim[at->axis].rows += args[i]->shape.dim[at->axis].rows;
	}
	return true;
}

static bool shape_same(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)graph, (void)arg_count, (void)at;
	*shape = args[0]->shape;
	return true;
}

/* --- values */

/* n places along an axis of the full shape, in a batch with `rows` live rows */
static int64_t live_places(Dim axis, int64_t n, int64_t rows)
{
	return axis.rows ? n / (axis.size / axis.rows) * rows : n;
}

static void evaluate_copy(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)feed;
	memcpy(result->data, args[0].data, (size_t)shape_count(&result->shape) * sizeof *result->data);
}

static void evaluate_transpose(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, from[MAX_RANK], flat = 0;
	do {
		for (int i = 0; i < result->shape.rank; i++) from[node->at.order[i]] = place[i];
		result->data[flat++] = args[0].data[place_flat(&args[0].shape, from)];
	} while (place_next(&result->shape, place));
}

static void evaluate_broadcast(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)feed;
	int64_t place[MAX_RANK] = {0}, from[MAX_RANK], flat = 0;
	const Shape *x = &args[0].shape;
	do {
		for (int i = 0; i < x->rank; i++)
			from[i] = x->dim[i].size == 1 ? 0 : place[i + result->shape.rank - x->rank];
		result->data[flat++] = args[0].data[place_flat(x, from)];
	} while (place_next(&result->shape, place));
}

static void evaluate_slice(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	int64_t place[MAX_RANK] = {0}, from[MAX_RANK], flat = 0;
	int64_t start = live_places(node->args[0]->shape.dim[node->at.axis], node->at.start, feed->rows);
	do {
		memcpy(from, place, sizeof from);
		from[node->at.axis] += start;
		result->data[flat++] = args[0].data[place_flat(&args[0].shape, from)];
	} while (place_next(&result->shape, place));
}

static void evaluate_flip(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, from[MAX_RANK], flat = 0;
	int axis = node->at.axis;
	do {
		memcpy(from, place, sizeof from);
		from[axis] = result->shape.dim[axis].size - 1 - place[axis];
		result->data[flat++] = args[0].data[place_flat(&args[0].shape, from)];
	} while (place_next(&result->shape, place));
}

static void evaluate_pad(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	int64_t place[MAX_RANK] = {0}, to[MAX_RANK], flat = 0, count = shape_count(&result->shape);
	int64_t low = live_places(node->args[0]->shape.dim[node->at.axis], node->at.low, feed->rows);
	for (int64_t i = 0; i < count; i++) result->data[i] = node->at.value;
	do {
		memcpy(to, place, sizeof to);
		to[node->at.axis] += low;
		result->data[place_flat(&result->shape, to)] = args[0].data[flat++];
	} while (place_next(&args[0].shape, place));
}

static void evaluate_concat(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t start = 0;
	for (int k = 0; k < node->arg_count; k++) {
		int64_t place[MAX_RANK] = {0}, to[MAX_RANK], flat = 0;
		do {
			memcpy(to, place, sizeof to);
			to[node->at.axis] += start;
			result->data[place_flat(&result->shape, to)] = args[k].data[flat++];
		} while (place_next(&args[k].shape, place));
		start += args[k].shape.dim[node->at.axis].size;
	}
}

/* --- gradients */

static void gradient_reshape(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_reshape(graph, g, node->args[0]->shape);
}

static void gradient_transpose(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	int back[MAX_RANK];
	for (int i = 0; i < node->shape.rank; i++) back[node->at.order[i]] = i;
	gradients[0] = make_transpose(graph, g, back);
}

static void gradient_broadcast(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_unbroadcast(graph, g, &node->args[0]->shape);
}

/* One slice alone; grad.c joins the slices of one tensor before they come here. */
static void gradient_slice(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	int axis = node->at.axis;
	int64_t high = node->args[0]->shape.dim[axis].size - node->at.start - node->shape.dim[axis].size;
	gradients[0] = make_pad(graph, g, axis, node->at.start, high, 0);
}

static void gradient_flip(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_flip(graph, g, node->at.axis);
}

static void gradient_pad(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_slice(graph, g, node->at.axis, node->at.low, node->args[0]->shape.dim[node->at.axis]);
}

static void gradient_concat(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	int64_t start = 0;
	for (int i = 0; i < node->arg_count; i++) {
		Dim size = node->args[i]->shape.dim[node->at.axis];
		if (wanted[i]) gradients[i] = make_slice(graph, g, node->at.axis, start, size);
		start += size.size;
	}
}

#define MOVE(op, evaluate_, shape_, gradient_) \
	const Op op_##op = {.name = #op, .kind = OP_MOVE, .arity = 1, .shape = shape_, .gradient = gradient_, .evaluate = evaluate_};
MOVE(reshape, evaluate_copy, shape_reshape, gradient_reshape)
MOVE(transpose, evaluate_transpose, shape_transpose, gradient_transpose)
MOVE(broadcast, evaluate_broadcast, shape_broadcast, gradient_broadcast)
MOVE(slice, evaluate_slice, shape_slice, gradient_slice)
MOVE(flip, evaluate_flip, shape_flip, gradient_flip)
MOVE(pad, evaluate_pad, shape_pad, gradient_pad)
MOVE(stop, evaluate_copy, shape_same, NULL)
#undef MOVE
const Op op_concat = {.name = "concat", .kind = OP_JOIN, .arity = -1, .shape = shape_concat,
	.gradient = gradient_concat, .evaluate = evaluate_concat};

/* --- constructors */

/* Counts a negative axis from the end; false after a report if there is no such axis. */
static bool find_axis(Graph *graph, const Node *x, int *axis)
{
	int given = *axis;
	if (given < 0) *axis += x->shape.rank;
	if (*axis >= 0 && *axis < x->shape.rank) return true;
	diag_error(graph->context, graph->place, "axes count from 0, or from -1 at the end", "%s has no axis %d",
		text_of(graph, &x->shape), given);
	return false;
}

Node *make_reshape(Graph *graph, Node *x, Shape shape)
{
	if (x && shape_equal(&x->shape, &shape)) return x;
	return make_node(graph, &op_reshape, &x, 1, NULL, shape);
}

Node *make_transpose(Graph *graph, Node *x, const int *order)
{
	Attributes at = {0};
	for (int i = 0; x && i < x->shape.rank; i++) at.order[i] = order[i] < 0 ? order[i] + x->shape.rank : order[i];
	return make_node(graph, &op_transpose, &x, 1, &at, (Shape){0});
}

Node *make_broadcast(Graph *graph, Node *x, Shape shape)
{
	if (x && shape_equal(&x->shape, &shape)) return x;
	return make_node(graph, &op_broadcast, &x, 1, NULL, shape);
}

Node *make_slice(Graph *graph, Node *x, int axis, int64_t start, Dim size)
{
	if (!x || !find_axis(graph, x, &axis)) return NULL;
	Attributes at = {.axis = axis, .start = start};
	Shape asked = x->shape;
	asked.dim[axis] = size;
	return make_node(graph, &op_slice, &x, 1, &at, asked);
}

Node *make_flip(Graph *graph, Node *x, int axis)
{
	if (!x || !find_axis(graph, x, &axis)) return NULL;
	Attributes at = {.axis = axis};
	return make_node(graph, &op_flip, &x, 1, &at, (Shape){0});
}

Node *make_pad(Graph *graph, Node *x, int axis, int64_t low, int64_t high, double value)
{
	if (!x || !find_axis(graph, x, &axis)) return NULL;
	Attributes at = {.axis = axis, .low = low, .high = high, .value = value};
	return make_node(graph, &op_pad, &x, 1, &at, (Shape){0});
}

Node *make_concat(Graph *graph, Node **xs, int count, int axis)
{
	for (int i = 0; i < count; i++)
		if (!xs[i]) return NULL;
	if (!count) {
		diag_error(graph->context, graph->place, "give at least one tensor", "nothing to join");
		return NULL;
	}
	if (!find_axis(graph, xs[0], &axis)) return NULL;
	Attributes at = {.axis = axis};
	return make_node(graph, &op_concat, xs, count, &at, (Shape){0});
}

Node *make_stop(Graph *graph, Node *x) { return make_node(graph, &op_stop, &x, 1, NULL, (Shape){0}); }

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }
static Node *as(Graph *graph, Node *x, const char *shape)
{
	return make_reshape(graph, x, op_case_shape(graph, shape));
}
static Node *turned(Graph *graph, const char *shape, const int *order)
{
	return make_transpose(graph, in(graph, "a", shape), order);
}
static Node *spread(Graph *graph, const char *from, const char *to)
{
	return make_broadcast(graph, in(graph, "a", from), op_case_shape(graph, to));
}
static Node *part(Graph *graph, const char *from, int axis, int64_t start, int64_t size)
{
	return make_slice(graph, in(graph, "a", from), axis, start, (Dim){size, 0});
}
static Node *join(Graph *graph, const char *a, const char *b, const char *c, int axis)
{
	Node *xs[] = {in(graph, "a", a), in(graph, "b", b), in(graph, "c", c)};
	return make_concat(graph, xs, 3, axis);
}

static Node *case_flatten(Graph *graph) { return as(graph, in(graph, "a", "N 3 5"), "N 15"); }
static Node *case_reshape_batch(Graph *graph) { return as(graph, in(graph, "a", "N 3 5"), "3N 5"); }
static Node *case_reshape_back(Graph *graph) { return as(graph, in(graph, "a", "3N 5"), "N 3 1 5"); }
static Node *case_reshape_plain(Graph *graph) { return as(graph, in(graph, "a", "6 5"), "3 10"); }
static Node *case_transpose(Graph *graph) { return turned(graph, "15 33", (int[]){1, 0}); }
static Node *case_transpose_batch(Graph *graph) { return turned(graph, "N 17", (int[]){1, 0}); }
static Node *case_transpose_channels(Graph *graph) { return turned(graph, "N 3 5 7", (int[]){0, 3, 1, 2}); }
static Node *case_transpose_middle(Graph *graph) { return turned(graph, "N 5 1 3", (int[]){0, 2, 1, 3}); }
static Node *case_transpose_reshape(Graph *graph)
{
	return as(graph, turned(graph, "N 3 4", (int[]){0, 2, 1}), "N 12");
}
static Node *case_broadcast_row(Graph *graph) { return spread(graph, "17", "N 17"); }
static Node *case_broadcast_column(Graph *graph) { return spread(graph, "N 1 3", "N 5 3"); }
static Node *case_broadcast_scalar(Graph *graph) { return spread(graph, "", "3 5"); }
static Node *case_broadcast_plain(Graph *graph) { return spread(graph, "3 1", "2 3 33"); }
static Node *case_slice_last(Graph *graph) { return part(graph, "N 17", -1, 3, 9); }
static Node *case_slice_one(Graph *graph) { return part(graph, "N 5 3", 1, 4, 1); }
static Node *case_slice_plain(Graph *graph) { return part(graph, "15 3", 0, 1, 13); }
static Node *case_slice_batch(Graph *graph)
{
	return make_slice(graph, in(graph, "a", "3N 5"), 0, graph->batch, (Dim){graph->batch, 1});
}
static Node *case_slice_slice(Graph *graph)
{
	return make_slice(graph, part(graph, "N 7 9", 1, 2, 4), 2, 1, (Dim){3, 0});
}
static Node *case_flip(Graph *graph) { return make_flip(graph, in(graph, "a", "N 5 3"), 1); }
static Node *case_flip_used(Graph *graph)
{
	Node *a = make_flip(graph, in(graph, "a", "N 7 15"), 1);
	return make_contract(graph, "ntk", "ko", "nto", a, in(graph, "b", "15 9"));
}
static Node *case_flip_plain(Graph *graph) { return make_flip(graph, make_flip(graph, in(graph, "a", "17 3"), 0), 1); }
static Node *case_pad_last(Graph *graph) { return make_pad(graph, in(graph, "a", "N 5"), 1, 2, 1, 0); }
static Node *case_pad_value(Graph *graph) { return make_pad(graph, in(graph, "a", "3 5 2"), 1, 0, 3, -7); }
static Node *case_pad_image(Graph *graph)
{
	return make_pad(graph, make_pad(graph, in(graph, "a", "N 3 3 1"), 1, 1, 1, 0), 2, 1, 2, 0);
}
static Node *case_pad_batch(Graph *graph)
{
	return make_pad(graph, in(graph, "a", "N 3"), 0, graph->batch, 2 * graph->batch, 0);
}
static Node *case_concat_last(Graph *graph) { return join(graph, "N 1", "N 3", "N 17", -1); }
static Node *case_concat_middle(Graph *graph) { return join(graph, "N 2 3", "N 1 3", "N 4 3", 1); }
static Node *case_concat_batch(Graph *graph) { return join(graph, "N 3", "2N 3", "N 3", 0); }
static Node *case_concat_plain(Graph *graph) { return join(graph, "1 3", "2 3", "1 3", 0); }
static Node *case_stop(Graph *graph)
{
	Node *a = in(graph, "a", "N 3");
	return make_binary(graph, &op_mul, a,
		make_stop(graph, make_binary(graph, &op_mul, in(graph, "b", "N 3"), make_const(graph, 2))));
}
/* the four gates of a cell: all slices of one tensor are used, and their gradients join again */
static Node *case_gates(Graph *graph)
{
	Node *z = in(graph, "a", "N 12"), *gate[4];
	for (int i = 0; i < 4; i++) gate[i] = make_slice(graph, z, 1, 3 * i, (Dim){3, 0});
	Node *kept = make_binary(
		graph, &op_mul, make_unary(graph, &op_sigmoid, gate[0]), make_unary(graph, &op_tanh, gate[2]));
	return make_binary(
		graph, &op_mul, make_unary(graph, &op_sigmoid, gate[3]), make_binary(graph, &op_add, kept, gate[1]));
}
/* slices that overlap and leave a gap */
static Node *case_overlap(Graph *graph)
{
	Node *z = in(graph, "a", "N 9");
	Node *left = make_slice(graph, z, 1, 1, (Dim){4, 0}), *right = make_slice(graph, z, 1, 3, (Dim){4, 0});
	return make_binary(graph, &op_mul, left, right);
}
/* real and made samples through one network, apart again */
static Node *case_two_batches(Graph *graph)
{
	Node *both = make_concat(graph, (Node *[]){in(graph, "a", "N 3"), in(graph, "b", "N 3")}, 2, 0);
	Node *y = make_unary(graph, &op_tanh, both);
	Node *real = make_slice(graph, y, 0, 0, (Dim){graph->batch, 1}),
	     *made = make_slice(graph, y, 0, graph->batch, (Dim){graph->batch, 1});
	return make_binary(graph, &op_sub, real, made);
}

static const OpCase cases[] = {
	{"flatten", case_flatten}, {"reshape into the batch", case_reshape_batch},
	{"reshape out of the batch", case_reshape_back},
	{"reshape without batch", case_reshape_plain}, {"transpose", case_transpose},
	{"transpose the batch", case_transpose_batch},
	{"channels first", case_transpose_channels}, {"transpose the middle", case_transpose_middle},
	{"transpose, then flatten", case_transpose_reshape},
	{"broadcast a row", case_broadcast_row}, {"broadcast a column", case_broadcast_column},
	{"broadcast a scalar", case_broadcast_scalar},
	{"broadcast without batch", case_broadcast_plain}, {"slice of the last axis", case_slice_last},
	{"slice of one", case_slice_one},
	{"slice without batch", case_slice_plain}, {"slice of the batch", case_slice_batch},
	{"slice of a slice", case_slice_slice},
	{"flip", case_flip}, {"flip, then multiply", case_flip_used}, {"flip without batch", case_flip_plain},
	{"pad the last axis", case_pad_last}, {"pad with a value", case_pad_value}, {"pad an image", case_pad_image},
	{"pad the batch", case_pad_batch},
	{"concat the last axis", case_concat_last}, {"concat a middle axis", case_concat_middle},
	{"concat batches", case_concat_batch},
	{"concat without batch", case_concat_plain}, {"stop", case_stop}, {"gates", case_gates},
	{"overlapping slices", case_overlap},
	{"two batches", case_two_batches},
};

static const Op *const ops[] = {&op_reshape, &op_transpose, &op_broadcast, &op_slice, &op_flip, &op_pad, &op_concat,
	&op_stop};
const OpFamily op_family_move = {"move", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
