/* pass_windows.c: a fold with strides of 1 whose values are the same at every tap, or products channel by channel, is a sum over
 * windows of what came in: the data gradient of a depthwise convolution is one with its kernel turned round.
 * Requires: pass_fold ran. Keeps: values but for the order of their sums, so it is always applied. */
#include <string.h>
#include "pass.h"

enum { TAPS_LIMIT = 128, SUMS_LIMIT = 8 }; /* taps of a kernel that is turned; what else may be summed at a place */

/* The windows that read what a fold with strides of 1 writes; false: they would need padding below zero. */
static bool turned_window(const Window *w, int axis, Window *turned)
{
	*turned = *w;
	turned->axis = axis;
	turned->fill = 0;
	for (int i = 0; i < w->rank; i++) {
		int64_t reach = (w->size[i] - 1)*w->dilation[i];
		turned->low[i] = reach - w->low[i];
		turned->high[i] = reach - w->high[i];
		if (w->stride[i] != 1 || turned->low[i] < 0 || turned->high[i] < 0) return false;
	}
	return true;
}

/* g [.., o.., 1.., rest] broadcast over its taps */
static Node *same_at_every_tap(Graph *graph, const Node *fold)
{
	const Node *wide = fold->args[0];
	const Window *w = &fold->at.window;
	Window turned;
	if (wide->op != &op_broadcast || !turned_window(w, w->axis, &turned)) return NULL;
	Node *g = wide->args[0];
	Shape plain = {0};
	unsigned taps = 0;
	if (g->shape.rank != wide->shape.rank) return NULL;
	for (int i = 0; i < g->shape.rank; i++) {
		bool tap = i >= w->axis + w->rank && i < w->axis + 2*w->rank;
		Dim dim = g->shape.dim[i], full = wide->shape.dim[i];
		if (tap ? dim.size != 1 || dim.rows : dim.size != full.size || dim.rows != full.rows) return NULL;
		if (tap) taps |= 1u << i;
		else plain.dim[plain.rank++] = dim;
	}
	Node *windows = make_unfold(graph, make_reshape(graph, g, plain), &turned);
	return make_reshape(graph, make_reduce(graph, &op_sum, windows, taps), fold->shape);
}

/* x with the places of `rank` axes from `axis` on in reverse order */
static Node *reversed(Graph *graph, Node *x, int axis, int rank)
{
	Shape flat = {0};
	int64_t count = 1;
	for (int i = 0; i < x->shape.rank; i++) {
		bool inside = i >= axis && i < axis + rank;
		if (inside) count *= x->shape.dim[i].size;
		if (!inside || i == axis + rank - 1) flat.dim[flat.rank++] = inside ? (Dim){count, 0} : x->shape.dim[i];
	}
	Node *pieces[TAPS_LIMIT], *line = make_reshape(graph, x, flat);
	for (int64_t i = 0; i < count; i++) pieces[i] = make_slice(graph, line, axis, count - 1 - i, (Dim){1, 0});
	return count == 1 ? x : make_reshape(graph, make_concat(graph, pieces, (int)count, axis), x->shape);
}

/* Does `letters` hold all of some letters, one after the other? *at: where they begin. Else it may hold none of them. */
static bool holds(const char *letters, const char *some, int count, int *at)
{
	const char *first = strchr(letters, some[0]);
	*at = first ? (int)(first - letters) : -1;
	return first && !strncmp(first, some, (size_t)count);
}

static bool holds_none(const char *letters, const char *some, int count)
{
	for (int i = 0; i < count; i++)
		if (strchr(letters, some[i])) return false;
	return true;
}

/* Every letter of the kernel but its taps stands in g too, and little of them is summed? */
static bool channel_by_channel(const char *g, const char *kernel, const char *taps, int rank, const char *o, const Shape *shape)
{
	int64_t summed = 1;
	for (int i = 0; kernel[i]; i++) {
		if (memchr(taps, kernel[i], (size_t)rank)) continue;
		if (!strchr(g, kernel[i])) return false;
		if (!strchr(o, kernel[i])) summed *= shape->dim[i].size;
	}
	return summed <= SUMS_LIMIT;
}

/* fold(contract(g [n o.. c], kernel [k.. c] -> [n o.. k.. c])) = contract(unfold(g), turned kernel -> [n o.. c]) */
static Node *product_by_channel(Graph *graph, const Node *fold, int side)
{
	const Node *product = fold->args[0];
	const Window *w = &fold->at.window;
	const char *o = product->at.o, *g = side ? product->at.b : product->at.a, *kernel = side ? product->at.a : product->at.b;
	const char *places = o + w->axis, *taps = places + w->rank;
	Node *came = product->args[side], *weights = product->args[1 - side];
	int place_at, tap_at;
	Window turned;
	int64_t count = 1;
	for (int i = 0; i < w->rank; i++) count *= w->size[i];
	if (count > TAPS_LIMIT || !holds(g, places, w->rank, &place_at) || !holds(kernel, taps, w->rank, &tap_at)) return NULL;
	if (!holds_none(g, taps, w->rank) || !holds_none(kernel, places, w->rank)) return NULL;
	if (!channel_by_channel(g, kernel, taps, w->rank, o, &weights->shape)) return NULL;
	if (!turned_window(w, place_at, &turned)) return NULL;
	char wide[2*MAX_RANK + 2] = {0}, result[MAX_RANK + 1] = {0};
	memcpy(wide, g, (size_t)(place_at + w->rank));
	strncat(wide, taps, (size_t)w->rank);
	strcat(wide, g + place_at + w->rank);
	if (strlen(wide) > MAX_RANK) return NULL;
	memcpy(result, o, (size_t)(w->axis + w->rank));
	strcat(result, taps + w->rank);
	Node *windows = make_unfold(graph, came, &turned), *turn = reversed(graph, weights, tap_at, w->rank);
	return make_contract(graph, wide, kernel, result, windows, turn);
}

static Node *rewrite_fold(Graph *graph, Node *node, void *user)
{
	(void)user;
	if (node->op != &op_fold) return NULL;
	Node *better = same_at_every_tap(graph, node);
	for (int side = 0; !better && side < 2 && node->args[0]->op == &op_contract; side++)
		better = product_by_channel(graph, node, side);
	return better;
}

bool pass_windows(Context *context, Program *program)
{
	(void)context;
	return pass_rewrite(program, rewrite_fold, NULL);
}
