/* window.c: unfold lays every window out, fold adds windows back where they came from: each other's adjoint.
 * One rule for both: input place = output place·stride + tap·dilation − low. Invariant: no window over the batch axis. */
#include <string.h>
#include "ops.h"

static const char *text_of(Graph *graph, const Shape *shape) { return shape_text(graph->context->arena, shape); }

/* How many windows fit along one axis of n places; <= 0: none. */
static int64_t window_count(const Window *w, int i, int64_t n)
{
	int64_t room = n + w->low[i] + w->high[i] - (w->size[i] - 1) * w->dilation[i] - 1;
	return room < 0 ? 0 : room / w->stride[i] + 1;
}

static bool check_window(Graph *graph, const Window *w, int rank)
{
	bool good = w->rank >= 1 && w->rank <= MAX_WINDOW && w->axis >= 0 && w->axis + w->rank <= rank;
	for (int i = 0; good && i < w->rank; i++)
		good = w->size[i] >= 1 && w->stride[i] >= 1 && w->dilation[i] >= 1 && w->low[i] >= 0 && w->high[i] >= 0;
	if (!good)
		diag_error(graph->context, graph->place,
			"sizes, strides and dilations are at least 1, padding at least 0; one, two or three axes",
			"this window can't be laid over a tensor of %d axes", rank);
	return good;
}

static const char *sizes_text(Graph *graph, const Window *w)
{
	Shape sizes = shape_of(w->rank, w->size);
	return text_of(graph, &sizes);
}

/* x [.., n1, n2, ..] -> [.., o1, o2, k1, k2, ..] */
static bool windows_of(Graph *graph, const Window *w, const Shape *x, Shape *shape)
{
	if (!check_window(graph, w, x->rank)) return false;
	if (x->rank + w->rank > MAX_RANK) {
		diag_error(graph->context, graph->place, "reshape some axes into one",
			"windows over %s need more than %d axes", text_of(graph, x), MAX_RANK);
		return false;
	}
	*shape = (Shape){.rank = x->rank + w->rank};
	memcpy(shape->dim, x->dim, (size_t)w->axis * sizeof *shape->dim);
	for (int i = 0; i < w->rank; i++) {
		Dim n = x->dim[w->axis + i];
		int64_t count = window_count(w, i, n.size);
		if (n.rows) {
			diag_error(graph->context, graph->place, "windows go over the axes after the batch",
				"a window over the batch axis of %s", text_of(graph, x));
			return false;
		}
		if (count < 1) {
			diag_error(graph->context, graph->place, "a smaller window, or padding=same",
				"the window %s is larger than the input %s", sizes_text(graph, w), text_of(graph, x));
			return false;
		}
		shape->dim[w->axis + i] = (Dim){count, 0};
		shape->dim[w->axis + w->rank + i] = (Dim){w->size[i], 0};
	}
	int rest = w->axis + w->rank;
	memcpy(shape->dim + rest + w->rank, x->dim + rest, (size_t)(x->rank - rest) * sizeof *shape->dim);
	return true;
}

static bool shape_unfold(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	return windows_of(graph, &at->window, &args[0]->shape, shape);
}

static bool shape_fold(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	Shape windows;
	if (!windows_of(graph, &at->window, shape, &windows)) return false;
	if (shape_equal(&windows, &args[0]->shape)) return true;
	diag_error(graph->context, graph->place, "the sizes of a fold are those of the tensor whose windows they are",
		"%s does not hold the windows of %s, which are %s", text_of(graph, &args[0]->shape),
		text_of(graph, shape), text_of(graph, &windows));
	return false;
}

/* --- values */

/* The place in the unfolded tensor -> the place in the folded one; false when the tap lies in the padding. */
static bool tap_place(const Window *w, const Shape *folded, const int64_t *place, int64_t *at)
{
	for (int i = 0; i < w->axis; i++) at[i] = place[i];
	for (int i = 0; i < w->rank; i++) {
		int64_t p =
			place[w->axis + i] * w->stride[i] + place[w->axis + w->rank + i] * w->dilation[i] - w->low[i];
		if (p < 0 || p >= folded->dim[w->axis + i].size) return false;
		at[w->axis + i] = p;
	}
	for (int i = w->axis + w->rank; i < folded->rank; i++) at[i] = place[i + w->rank];
	return true;
}

static void evaluate_unfold(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, from[MAX_RANK], flat = 0;
	const Window *w = &node->at.window;
	do
		result->data[flat++] = tap_place(w, &args[0].shape, place, from)
			? args[0].data[place_flat(&args[0].shape, from)]
			: w->fill;
	while (place_next(&result->shape, place));
}

static void evaluate_fold(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, to[MAX_RANK], flat = 0;
	do {
		if (tap_place(&node->at.window, &result->shape, place, to))
			result->data[place_flat(&result->shape, to)] += args[0].data[flat];
		flat++;
	} while (place_next(&args[0].shape, place));
}

/* --- gradients: padding is a constant, so its value does not matter */

static void gradient_unfold(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	const Window *w = &node->at.window;
	int64_t sizes[MAX_WINDOW];
	for (int i = 0; i < w->rank; i++) sizes[i] = node->args[0]->shape.dim[w->axis + i].size;
	gradients[0] = make_fold(graph, g, sizes, w);
}

static void gradient_fold(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	(void)wanted;
	gradients[0] = make_unfold(graph, g, &node->at.window);
}

const Op op_unfold = {.name = "unfold", .kind = OP_MOVE, .arity = 1, .shape = shape_unfold,
	.gradient = gradient_unfold, .evaluate = evaluate_unfold};
const Op op_fold = {.name = "fold", .kind = OP_FOLD, .arity = 1, .shape = shape_fold,
	.gradient = gradient_fold, .evaluate = evaluate_fold};

/* Negative axes counted from the end; what lies beyond the window's rank set to 0, so that equal windows are equal. */
static Window clean_window(const Window *window, int rank)
{
	Window w = {.axis = window->axis < 0 ? window->axis + rank : window->axis,
		.rank = window->rank,
		.fill = window->fill};
	for (int i = 0; i < w.rank && i < MAX_WINDOW; i++) {
		w.size[i] = window->size[i];
		w.stride[i] = window->stride[i];
		w.dilation[i] = window->dilation[i];
		w.low[i] = window->low[i];
		w.high[i] = window->high[i];
	}
	return w;
}

Node *make_unfold(Graph *graph, Node *x, const Window *window)
{
	if (!x) return NULL;
	Attributes at = {.window = clean_window(window, x->shape.rank)};
	return make_node(graph, &op_unfold, &x, 1, &at, (Shape){0});
}

Node *make_fold(Graph *graph, Node *y, const int64_t *sizes, const Window *window)
{
	if (!y) return NULL;
	Attributes at = {.window = clean_window(window, y->shape.rank - window->rank)};
	Window *w = &at.window;
	w->fill = 0;
	if (!check_window(graph, w, y->shape.rank - w->rank)) return NULL;
	Shape asked = {.rank = y->shape.rank - w->rank};
	for (int i = 0; i < asked.rank; i++) asked.dim[i] = y->shape.dim[i < w->axis ? i : i + w->rank];
	for (int i = 0; i < w->rank; i++) asked.dim[w->axis + i] = (Dim){sizes[i], 0};
	return make_node(graph, &op_fold, &y, 1, &at, asked);
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }

static Window line(int64_t size, int64_t stride, int64_t dilation, int64_t low, int64_t high)
{
	return (Window){.axis = 1,
		.rank = 1,
		.size = {size},
		.stride = {stride},
		.dilation = {dilation},
		.low = {low},
		.high = {high}};
}

static Window square(int64_t size, int64_t stride, int64_t dilation, int64_t low, int64_t high)
{
	return (Window){.axis = 1,
		.rank = 2,
		.size = {size, size},
		.stride = {stride, stride},
		.dilation = {dilation, dilation},
		.low = {low, low},
		.high = {high, high}};
}

static Node *unfolded(Graph *graph, const char *shape, Window w)
{
	return make_unfold(graph, in(graph, "a", shape), &w);
}
static Node *case_unfold_line(Graph *graph) { return unfolded(graph, "N 9 3", line(3, 1, 1, 0, 0)); }
static Node *case_unfold_causal(Graph *graph) { return unfolded(graph, "N 7 1", line(3, 1, 2, 4, 0)); }
static Node *case_unfold_square(Graph *graph) { return unfolded(graph, "N 5 5 3", square(3, 1, 1, 1, 1)); }
static Node *case_unfold_strided(Graph *graph) { return unfolded(graph, "N 7 7 1", square(3, 2, 1, 0, 1)); }
static Node *case_unfold_dilated(Graph *graph) { return unfolded(graph, "N 7 7 2", square(2, 1, 3, 1, 0)); }
static Node *case_unfold_whole(Graph *graph) { return unfolded(graph, "N 4 4 3", square(4, 1, 1, 0, 0)); }
static Node *case_unfold_pixel(Graph *graph) { return unfolded(graph, "N 1 1 15", square(3, 1, 1, 1, 1)); }
static Node *case_unfold_gaps(Graph *graph) { return unfolded(graph, "N 7 7 1", square(2, 3, 1, 0, 0)); }
static Node *case_unfold_volume(Graph *graph)
{
	Window w = {.axis = 1,
		.rank = 3,
		.size = {2, 1, 3},
		.stride = {1, 2, 1},
		.dilation = {1, 1, 1},
		.low = {0, 0, 1},
		.high = {1, 0, 1}};
	return unfolded(graph, "N 3 3 3 2", w);
}
static Node *case_unfold_fill(Graph *graph)
{
	Window w = square(2, 1, 1, 1, 0);
	w.fill = -5;
	return unfolded(graph, "N 3 3 1", w);
}
static Node *folded(Graph *graph, const char *shape, int64_t n, Window w)
{
	return make_fold(graph, in(graph, "a", shape), (int64_t[]){n, n, n}, &w);
}
static Node *case_fold_line(Graph *graph) { return folded(graph, "N 7 3 2", 9, line(3, 1, 1, 0, 0)); }
static Node *case_fold_square(Graph *graph) { return folded(graph, "N 5 5 3 3 3", 5, square(3, 1, 1, 1, 1)); }
static Node *case_fold_strided(Graph *graph) { return folded(graph, "N 3 3 3 3 1", 6, square(3, 2, 1, 0, 1)); }
static Node *case_fold_gaps(Graph *graph) { return folded(graph, "N 2 2 2 2 1", 7, square(2, 3, 2, 0, 0)); }

/* pooling: amax or mean over the taps of x (N, H, W, C) */
static Node *taps(Graph *graph, Node *x, Window w)
{
	Node *u = make_unfold(graph, x, &w);
	if (!u) return NULL;
	Shape s = {.rank = 5,
		.dim = {u->shape.dim[0], u->shape.dim[1], u->shape.dim[2], {w.size[0] * w.size[1], 0},
			x->shape.dim[3]}};
	return make_reshape(graph, u, s);
}
static Node *max_pool(Graph *graph, Node *x, Window w)
{
	w.fill = -3e38;
	Node *y = make_reduce(graph, &op_amax, taps(graph, x, w), 1u << 3);
	Shape s = {.rank = 4, .dim = {y->shape.dim[0], y->shape.dim[1], y->shape.dim[2], y->shape.dim[4]}};
	return make_reshape(graph, y, s);
}
static Node *case_max_pool(Graph *graph) { return max_pool(graph, in(graph, "a", "N 4 4 3"), square(2, 2, 1, 0, 0)); }
static Node *case_max_pool_odd(Graph *graph)
{
	return max_pool(graph, in(graph, "a", "N 5 7 17"), square(2, 2, 1, 0, 0));
}
static Node *case_max_pool_same(Graph *graph)
{
	return max_pool(graph, in(graph, "a", "N 5 5 1"), square(3, 2, 1, 1, 1));
}
static Node *case_max_pool_overlap(Graph *graph)
{
	return max_pool(graph, in(graph, "a", "N 5 5 3"), square(3, 1, 1, 0, 0));
}
static Node *case_max_pool_ties(Graph *graph)
{
	return max_pool(graph, in(graph, "a_ties", "N 6 6 15"), square(2, 2, 1, 0, 0));
}

/* fold(reshape(equal(iota, argmax(taps x))·g)): the gradient of a max pool, with ties */
static Node *pool_backward(Graph *graph, const char *name, const char *image, const char *pooled, Window w)
{
	w.fill = -3e38;
	Node *x = in(graph, name, image), *t = taps(graph, x, w), *g = in(graph, "b", pooled);
	Node *hit = make_binary(
		graph, &op_equal, make_places(graph, &t->shape, 3), make_reduce(graph, &op_argmax, t, 1u << 3));
	Shape open = {.rank = 5, .dim = {g->shape.dim[0], g->shape.dim[1], g->shape.dim[2], {1, 0}, g->shape.dim[3]}};
	Node *spread = make_binary(graph, &op_mul, hit, make_reshape(graph, g, open));
	Node *u = make_reshape(graph, spread, make_unfold(graph, x, &w)->shape);
	return make_fold(graph, u, (int64_t[]){x->shape.dim[1].size, x->shape.dim[2].size}, &w);
}
static Node *case_pool_backward(Graph *graph)
{
	return pool_backward(graph, "a", "N 4 4 3", "N 2 2 3", square(2, 2, 1, 0, 0));
}
static Node *case_pool_backward_odd(Graph *graph)
{
	return pool_backward(graph, "a", "N 5 7 17", "N 2 3 17", square(2, 2, 1, 0, 0));
}
static Node *case_pool_backward_ties(Graph *graph)
{
	return pool_backward(graph, "a_ties", "N 4 4 15", "N 2 2 15", square(2, 2, 1, 0, 0));
}
static Node *case_pool_backward_overlap(Graph *graph)
{
	return pool_backward(graph, "a", "N 5 5 3", "N 3 3 3", square(3, 2, 1, 1, 1));
}

static Node *mean_pool(Graph *graph, Node *x, Window w, bool count_inside)
{
	Node *count = make_const(graph, (double)(w.size[0] * w.size[1]));
	if (count_inside) {
		Shape one = {.rank = 4, .dim = {{1, 0}, x->shape.dim[1], x->shape.dim[2], {1, 0}}};
		count = make_reduce(graph, &op_sum, taps(graph, make_full(graph, one, 1), w), 1u << 3);
	}
	Node *y = make_binary(graph, &op_div, make_reduce(graph, &op_sum, taps(graph, x, w), 1u << 3), count);
	Shape s = {.rank = 4, .dim = {y->shape.dim[0], y->shape.dim[1], y->shape.dim[2], y->shape.dim[4]}};
	return make_reshape(graph, y, s);
}
static Node *case_mean_pool(Graph *graph)
{
	return mean_pool(graph, in(graph, "a", "N 5 4 15"), square(2, 2, 1, 0, 0), false);
}
static Node *case_mean_pool_same(Graph *graph)
{
	return mean_pool(graph, in(graph, "a", "N 5 5 3"), square(3, 2, 1, 1, 1), true);
}
static Node *case_mean_pool_whole(Graph *graph)
{
	return mean_pool(graph, in(graph, "a", "N 3 3 33"), square(3, 1, 1, 0, 0), false);
}

/* the same number for every tap of a window: the gradient of a mean pool whose windows overlap */
static Node *spread_back(Graph *graph, const char *g, int64_t n, Window w)
{
	Node *x = in(graph, "a", g);
	Shape thin = {.rank = 6, .dim = {x->shape.dim[0], x->shape.dim[1], x->shape.dim[2], {1, 0}, {1, 0}, x->shape.dim[3]}}, wide = thin;
	wide.dim[3].size = w.size[0];
	wide.dim[4].size = w.size[1];
	return make_fold(graph, make_broadcast(graph, make_reshape(graph, x, thin), wide), (int64_t[]){n, n}, &w);
}
static Node *case_mean_pool_backward(Graph *graph) { return spread_back(graph, "N 4 4 15", 4, square(3, 1, 1, 1, 1)); }
static Node *case_mean_pool_backward_strided(Graph *graph) { return spread_back(graph, "N 2 2 3", 5, square(3, 2, 1, 0, 0)); }
static Node *case_neighbours_backward(Graph *graph) /* over the last axis, as local response normalisation */
{
	Window w = {.axis = 2, .rank = 1, .size = {5}, .stride = {1}, .dilation = {1}, .low = {2}, .high = {2}};
	Node *g = make_broadcast(graph, in(graph, "a", "N 3 9 1"), op_case_shape(graph, "N 3 9 5"));
	return make_fold(graph, g, (int64_t[]){9}, &w);
}

static const OpCase cases[] = {
	{"mean pool backward", case_mean_pool_backward}, {"mean pool backward, strided", case_mean_pool_backward_strided},
	{"sum of neighbours backward", case_neighbours_backward},
	{"unfold a line", case_unfold_line}, {"unfold, causal and dilated", case_unfold_causal},
	{"unfold a square", case_unfold_square},
	{"unfold with stride", case_unfold_strided}, {"unfold with dilation", case_unfold_dilated},
	{"unfold the whole image", case_unfold_whole},
	{"unfold one pixel", case_unfold_pixel}, {"unfold with gaps", case_unfold_gaps},
	{"unfold a volume", case_unfold_volume},
	{"unfold with a fill", case_unfold_fill}, {"fold a line", case_fold_line}, {"fold a square", case_fold_square},
	{"fold with stride", case_fold_strided}, {"fold with gaps", case_fold_gaps},
	{"max pool", case_max_pool}, {"max pool, odd", case_max_pool_odd}, {"max pool, same", case_max_pool_same},
	{"max pool, overlapping", case_max_pool_overlap}, {"max pool, ties", case_max_pool_ties},
	{"max pool backward", case_pool_backward}, {"max pool backward, odd", case_pool_backward_odd},
	{"max pool backward, ties", case_pool_backward_ties},
	{"max pool backward, overlapping", case_pool_backward_overlap},
	{"average pool", case_mean_pool}, {"average pool, same", case_mean_pool_same},
	{"average pool of all", case_mean_pool_whole},
};

static const Op *const ops[] = {&op_unfold, &op_fold};
const OpFamily op_family_window = {"window", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
