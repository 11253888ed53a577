/* contract.c: o = sum over shared indices of a times b, axes named by letters: "nk,ko->no" is a matrix product.
 * Invariant: every index stands in at least two of the three, so the gradients are contractions again. */
#include <string.h>
#include "ops.h"

static const char *text_of(Graph *graph, const Shape *shape) { return shape_text(graph->context->arena, shape); }

/* Axes and letters agree in number, and no letter stands twice. */
static bool check_letters(Graph *graph, const char *letters, const Shape *shape)
{
	if ((int)strlen(letters) != shape->rank) {
		diag_error(graph->context, graph->place, "one letter for each axis",
			"'%s' names %d axes, but the shape is %s", letters, (int)strlen(letters),
			text_of(graph, shape));
		return false;
	}
	for (const char *p = letters; *p; p++)
		if (strchr(p + 1, *p)) {
			diag_error(graph->context, graph->place, "multiply by an identity to take a diagonal",
				"axis '%c' stands twice in '%s'", *p, letters);
			return false;
		}
	return true;
}

static bool check_sizes(Graph *graph, Node **args, const Attributes *at)
{
	for (const char *p = at->a; *p; p++) {
		const char *q = strchr(at->b, *p);
		if (!q) continue;
		Dim x = args[0]->shape.dim[p - at->a], y = args[1]->shape.dim[q - at->b];
		if (x.size == y.size && x.rows == y.rows) continue;
		Shape sides[2] = {{.rank = 1, .dim = {x}}, {.rank = 1, .dim = {y}}};
		diag_error(graph->context, graph->place, "the axes that are multiplied and summed must be equally long",
			"axis '%c' is %s on one side and %s on the other: %s and %s", *p, text_of(graph, &sides[0]),
			text_of(graph, &sides[1]), text_of(graph, &args[0]->shape), text_of(graph, &args[1]->shape));
		return false;
	}
	return true;
}

static bool check_places(Graph *graph, const Attributes *at)
{
	const char *sides[3] = {at->a, at->b, at->o};
	for (int s = 0; s < 3; s++)
		for (const char *p = sides[s]; *p; p++) {
			if (strchr(sides[(s + 1) % 3], *p) || strchr(sides[(s + 2) % 3], *p)) continue;
			diag_error(graph->context, graph->place,
				s < 2 ? "sum over that axis first" : "an axis of the result is an axis of an operand",
				"axis '%c' of '%s,%s->%s' stands in one place only", *p, at->a, at->b, at->o);
			return false;
		}
	return true;
}

static bool shape_contract(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count;
	if (!check_letters(graph, at->a, &args[0]->shape) || !check_letters(graph, at->b, &args[1]->shape))
		return false;
	*shape = (Shape){.rank = (int)strlen(at->o)};
	if (!check_letters(graph, at->o, shape) || !check_sizes(graph, args, at) || !check_places(graph, at))
		return false;
	for (int i = 0; i < shape->rank; i++) {
		const char *in_a = strchr(at->a, at->o[i]);
		shape->dim[i] =
			in_a ? args[0]->shape.dim[in_a - at->a] : args[1]->shape.dim[strchr(at->b, at->o[i]) - at->b];
	}
	return true;
}

/* --- values: over all places of the result and of the summed indices */

typedef struct Letters {
	char names[2 * MAX_RANK + 1];
	Shape range; /* how far each goes */
} Letters;

static void add_letters(Letters *all, const char *names, const Shape *shape)
{
	for (int i = 0; names[i]; i++) {
		if (strchr(all->names, names[i])) continue;
		all->range.dim[all->range.rank] = shape->dim[i];
		all->names[all->range.rank++] = names[i];
	}
}

/* How far one step of each letter goes in a tensor; 0 for letters it lacks. */
static void letter_steps(const Letters *all, const char *names, const Shape *shape, int64_t *steps)
{
	int64_t step = 1;
	memset(steps, 0, MAX_RANK * sizeof *steps);
	for (int i = shape->rank - 1; i >= 0; i--) {
		steps[strchr(all->names, names[i]) - all->names] = step;
		step *= shape->dim[i].size;
	}
}

static int64_t letter_flat(const int64_t *steps, const int64_t *place, int rank)
{
	int64_t flat = 0;
	for (int i = 0; i < rank; i++) flat += steps[i] * place[i];
	return flat;
}

static void evaluate_contract(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	const Attributes *at = &node->at;
	Letters all = {{0}, {0}};
	add_letters(&all, at->o, &result->shape);
	add_letters(&all, at->a, &args[0].shape);
	add_letters(&all, at->b, &args[1].shape);
	int64_t a[MAX_RANK], b[MAX_RANK], o[MAX_RANK], place[MAX_RANK] = {0};
	letter_steps(&all, at->a, &args[0].shape, a);
	letter_steps(&all, at->b, &args[1].shape, b);
	letter_steps(&all, at->o, &result->shape, o);
	int rank = all.range.rank;
	do
		result->data[letter_flat(o, place, rank)] +=
			args[0].data[letter_flat(a, place, rank)] * args[1].data[letter_flat(b, place, rank)];
	while (place_next(&all.range, place));
}

static void gradient_contract(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	const Attributes *at = &node->at;
	if (wanted[0]) gradients[0] = make_contract(graph, at->o, at->b, at->a, g, node->args[1]);
	if (wanted[1]) gradients[1] = make_contract(graph, at->a, at->o, at->b, node->args[0], g);
}

const Op op_contract = {.name = "contract", .kind = OP_CONTRACT, .arity = 2, .shape = shape_contract,
	.gradient = gradient_contract, .evaluate = evaluate_contract};

Node *make_contract(Graph *graph, const char *a, const char *b, const char *o, Node *x, Node *y)
{
	Attributes at = {0};
	const char *names[3] = {a, b, o};
	char *into[3] = {at.a, at.b, at.o};
	for (int i = 0; i < 3; i++) {
		if (strlen(names[i]) > MAX_RANK) {
			diag_error(graph->context, graph->place, "reshape some axes into one",
				"'%s' names more than %d axes", names[i], MAX_RANK);
			return NULL;
		}
		memcpy(into[i], names[i], strlen(names[i]));
	}
	return make_node(graph, &op_contract, (Node *[]){x, y}, 2, &at, (Shape){0});
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }

#define CONTRACT(id, a, b, o, shape_a, shape_b) \
	static Node *case_##id(Graph *graph) \
	{ \
		return make_contract(graph, a, b, o, in(graph, "a", shape_a), in(graph, "b", shape_b)); \
	}
CONTRACT(matmul, "nk", "ko", "no", "N 17", "17 33")
CONTRACT(matmul_wide, "nk", "ko", "no", "N 64", "64 48")
CONTRACT(matmul_plain, "nk", "ko", "no", "13 7", "7 5")
CONTRACT(matmul_column, "nk", "ko", "no", "N 15", "15 1")
CONTRACT(matmul_thin, "nk", "ko", "no", "N 1", "1 33")
CONTRACT(data_gradient, "no", "ko", "nk", "N 33", "17 33")
CONTRACT(weight_gradient, "nk", "no", "ko", "N 17", "N 33")
CONTRACT(weight_gradient_column, "nk", "no", "ko", "N 15", "N 1")
CONTRACT(transposed_left, "kn", "ko", "no", "7 15", "7 3")
CONTRACT(transposed_both, "kn", "ok", "no", "7 15", "3 7")
CONTRACT(transposed_result, "nk", "ko", "on", "N 7", "7 3")
CONTRACT(deep, "ntk", "ko", "nto", "N 5 15", "15 17")
CONTRACT(deep_gradient, "ntk", "nto", "ko", "N 5 15", "N 5 3")
CONTRACT(batched, "nqd", "nkd", "nqk", "N 5 15", "N 7 15")
CONTRACT(batched_back, "nqk", "nkd", "nqd", "N 5 7", "N 7 3")
CONTRACT(batched_plain, "hmk", "hko", "hmo", "3 5 7", "3 7 2")
CONTRACT(heads, "nqhd", "nkhd", "nhqk", "N 3 2 5", "N 3 2 5")
CONTRACT(outer, "ni", "nj", "nij", "N 3", "N 17")
CONTRACT(outer_plain, "i", "j", "ij", "15", "3")
CONTRACT(dot, "nk", "nk", "n", "N 33", "N 33")
CONTRACT(dot_all, "nk", "nk", "", "N 17", "N 17")
CONTRACT(vector, "nk", "k", "n", "N 17", "17")
CONTRACT(scale, "nk", "k", "nk", "N 17", "17")
CONTRACT(ones, "nabk", "kcd", "nabcd", "N 1 3 5", "5 1 3")
CONTRACT(over_rows, "nk", "ko", "no", "3N 5", "5 7")
CONTRACT(rows_together, "nk", "no", "ko", "3N 5", "3N 7")
#undef CONTRACT

/* dense: act(x w + b) */
static Node *dense(Graph *graph, const char *x, const char *w, const char *b)
{
	Node *y = make_contract(graph, "nk", "ko", "no", in(graph, "a", x), in(graph, "b", w));
	return make_binary(graph, &op_add, y, in(graph, "c", b));
}
static Node *relu(Graph *graph, Node *x) { return make_binary(graph, &op_max, x, make_const(graph, 0)); }
static Node *case_dense_relu(Graph *graph) { return relu(graph, dense(graph, "N 17", "17 33", "33")); }
static Node *case_dense_sigmoid(Graph *graph)
{
	return make_unary(graph, &op_sigmoid, dense(graph, "N 15", "15 1", "1"));
}
static Node *case_dense_tanh(Graph *graph) { return make_unary(graph, &op_tanh, dense(graph, "N 3", "3 16", "16")); }
static Node *case_dense_twice(Graph *graph)
{
	return make_contract(graph, "nk", "ko", "no", case_dense_relu(graph), in(graph, "d", "33 3"));
}

/* x (N, H, W, I), kernel (kh, kw, I, O) -> (N, H', W', O) */
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
static Node *conv(Graph *graph, const char *x, const char *kernel, Window w)
{
	return make_contract(
		graph, "nhwklc", "klco", "nhwo", make_unfold(graph, in(graph, "a", x), &w), in(graph, "b", kernel));
}
static Node *case_conv(Graph *graph) { return conv(graph, "N 5 5 3", "3 3 3 4", square(3, 1, 1, 0, 0)); }
static Node *case_conv_bias_relu(Graph *graph)
{
	return relu(graph,
		make_binary(graph, &op_add, conv(graph, "N 6 6 3", "3 3 3 17", square(3, 1, 1, 0, 0)),
			in(graph, "c", "17")));
}
static Node *case_conv_same(Graph *graph) { return conv(graph, "N 5 4 1", "3 3 1 16", square(3, 1, 1, 1, 1)); }
static Node *case_conv_stride(Graph *graph) { return conv(graph, "N 7 7 3", "3 3 3 15", square(3, 2, 1, 0, 1)); }
static Node *case_conv_dilation(Graph *graph) { return conv(graph, "N 7 7 2", "2 2 2 3", square(2, 1, 3, 1, 1)); }
static Node *case_conv_whole(Graph *graph) { return conv(graph, "N 4 4 3", "4 4 3 5", square(4, 1, 1, 0, 0)); }
static Node *case_conv_pixel(Graph *graph) { return conv(graph, "N 1 1 3", "3 3 3 2", square(3, 1, 1, 1, 1)); }
static Node *case_conv_one(Graph *graph) { return conv(graph, "N 3 3 17", "1 1 17 33", square(1, 1, 1, 0, 0)); }
static Node *case_conv_patches(Graph *graph) { return conv(graph, "N 4 4 3", "2 2 3 15", square(2, 2, 1, 0, 0)); }
static Node *case_conv_line(Graph *graph)
{
	Window w = {.axis = 1, .rank = 1, .size = {3}, .stride = {1}, .dilation = {1}, .low = {2}};
	return make_contract(
		graph, "ntkc", "kco", "nto", make_unfold(graph, in(graph, "a", "N 7 3"), &w), in(graph, "b", "3 3 5"));
}
static Node *case_conv_groups(Graph *graph) /* two groups of channels, each with its own kernel */
{
	Window w = square(3, 1, 1, 1, 1);
	Node *x = make_reshape(graph, in(graph, "a", "N 4 4 6"), op_case_shape(graph, "N 4 4 2 3"));
	Node *y = make_contract(
		graph, "nhwklgc", "klcgo", "nhwgo", make_unfold(graph, x, &w), in(graph, "b", "3 3 3 2 5"));
	return make_reshape(graph, y, op_case_shape(graph, "N 4 4 10"));
}
static Node *case_conv_depthwise(Graph *graph)
{
	Window w = square(3, 1, 1, 1, 1);
	return make_contract(graph, "nhwklc", "klc", "nhwc", make_unfold(graph, in(graph, "a", "N 4 4 15"), &w),
		in(graph, "b", "3 3 15"));
}

/* g (N, H', W', O), kernel (kh, kw, I, O) -> (N, H, W, I): data gradient, and transposed convolution */
static Node *conv_back(Graph *graph, const char *g, const char *kernel, int64_t n, Window w)
{
	Node *u = make_contract(graph, "nhwo", "klco", "nhwklc", in(graph, "a", g), in(graph, "b", kernel));
	return make_fold(graph, u, (int64_t[]){n, n}, &w);
}
static Node *case_conv_data(Graph *graph) { return conv_back(graph, "N 3 3 4", "3 3 3 4", 5, square(3, 1, 1, 0, 0)); }
static Node *case_conv_data_same(Graph *graph)
{
	return conv_back(graph, "N 5 5 17", "3 3 3 17", 5, square(3, 1, 1, 1, 1));
}
static Node *case_conv_data_stride(Graph *graph)
{
	return conv_back(graph, "N 3 3 5", "3 3 15 5", 6, square(3, 2, 1, 0, 1));
}
static Node *case_conv_data_dilation(Graph *graph)
{
	return conv_back(graph, "N 4 4 3", "2 2 1 3", 7, square(2, 1, 3, 0, 0));
}
static Node *case_conv_transposed(Graph *graph)
{
	return relu(graph,
		make_binary(graph, &op_add, conv_back(graph, "N 3 3 15", "4 4 3 15", 6, square(4, 2, 1, 1, 1)),
			in(graph, "c", "3")));
}
static Node *case_conv_transposed_gaps(Graph *graph)
{
	return conv_back(graph, "N 3 3 2", "2 2 3 2", 9, square(2, 3, 1, 0, 0));
}

static Node *depthwise_back(Graph *graph, const char *g, const char *kernel, int64_t n, Window w)
{
	Node *u = make_contract(graph, "nhwcm", "klcm", "nhwklc", in(graph, "a", g), in(graph, "b", kernel));
	return make_fold(graph, u, (int64_t[]){n, n}, &w);
}
static Node *case_depthwise_data(Graph *graph)
{
	return depthwise_back(graph, "N 4 4 15 1", "3 3 15 1", 4, square(3, 1, 1, 1, 1));
}
static Node *case_depthwise_data_uneven(Graph *graph)
{
	return depthwise_back(graph, "N 5 5 3 2", "4 4 3 2", 5, square(4, 1, 1, 1, 2));
}
static Node *case_depthwise_data_dilation(Graph *graph)
{
	return depthwise_back(graph, "N 4 4 17 1", "2 2 17 1", 7, square(2, 1, 3, 0, 0));
}
static Node *case_depthwise_data_stride(Graph *graph)
{
	return depthwise_back(graph, "N 3 3 16 1", "3 3 16 1", 6, square(3, 2, 1, 0, 1));
}

/* x (N, H, W, I), g (N, H', W', O) -> (kh, kw, I, O) */
static Node *conv_weight(Graph *graph, const char *x, const char *g, Window w)
{
	return make_contract(
		graph, "nhwklc", "nhwo", "klco", make_unfold(graph, in(graph, "a", x), &w), in(graph, "b", g));
}
static Node *case_conv_weight(Graph *graph) { return conv_weight(graph, "N 5 5 3", "N 3 3 4", square(3, 1, 1, 0, 0)); }
static Node *case_conv_weight_same(Graph *graph)
{
	return conv_weight(graph, "N 4 4 15", "N 4 4 17", square(3, 1, 1, 1, 1));
}
static Node *case_conv_weight_stride(Graph *graph)
{
	return conv_weight(graph, "N 7 7 1", "N 3 3 5", square(3, 2, 1, 0, 0));
}
static Node *case_conv_weight_dilation(Graph *graph)
{
	return conv_weight(graph, "N 7 7 2", "N 3 3 3", square(3, 1, 2, 0, 0));
}

/* conv, bias, relu, pool: what one kernel covers */
static Node *case_conv_pool(Graph *graph)
{
	Node *y = relu(graph,
		make_binary(graph, &op_add, conv(graph, "N 7 7 3", "3 3 3 16", square(3, 1, 1, 0, 0)),
			in(graph, "c", "16")));
	Window w = square(2, 2, 1, 0, 0);
	Node *t = make_reshape(graph, make_unfold(graph, y, &w), op_case_shape(graph, "N 2 2 4 16"));
	return make_reshape(graph, make_reduce(graph, &op_amax, t, 1u << 3), op_case_shape(graph, "N 2 2 16"));
}
static Node *case_attention(Graph *graph)
{
	Node *s = make_contract(graph, "nqd", "nkd", "nqk", in(graph, "a", "N 5 7"), in(graph, "b", "N 3 7"));
	Node *low = make_binary(graph, &op_sub, s, make_stop(graph, make_reduce(graph, &op_amax, s, 4)));
	Node *e = make_unary(graph, &op_exp, low);
	Node *p = make_binary(graph, &op_div, e, make_reduce(graph, &op_sum, e, 4));
	return make_contract(graph, "nqk", "nkd", "nqd", p, in(graph, "c", "N 3 2"));
}

static const OpCase cases[] = {
	{"matmul", case_matmul}, {"matmul, wide", case_matmul_wide}, {"matmul without batch", case_matmul_plain},
	{"matmul to one column", case_matmul_column},
	{"matmul over one place", case_matmul_thin}, {"dense data gradient", case_data_gradient},
	{"dense weight gradient", case_weight_gradient},
	{"dense weight gradient of one column", case_weight_gradient_column}, {"transposed left", case_transposed_left},
	{"transposed both", case_transposed_both}, {"transposed result", case_transposed_result},
	{"matmul over a sequence", case_deep},
	{"weight gradient over a sequence", case_deep_gradient}, {"batched matmul, transposed", case_batched},
	{"batched matmul", case_batched_back},
	{"batched matmul without batch", case_batched_plain}, {"heads", case_heads},
	{"outer product of rows", case_outer}, {"outer product", case_outer_plain},
	{"dot product of rows", case_dot}, {"dot product of all", case_dot_all}, {"matrix times vector", case_vector},
	{"scale columns", case_scale},
	{"axes of one", case_ones}, {"rows of three batches", case_over_rows},
	{"sum over three batches", case_rows_together},
	{"dense relu", case_dense_relu}, {"dense sigmoid", case_dense_sigmoid}, {"dense tanh", case_dense_tanh},
	{"dense twice", case_dense_twice},
	{"conv", case_conv}, {"conv, bias, relu", case_conv_bias_relu}, {"conv, same", case_conv_same},
	{"conv with stride", case_conv_stride},
	{"conv with dilation", case_conv_dilation}, {"conv as large as the image", case_conv_whole},
	{"conv of one pixel", case_conv_pixel},
	{"conv 1x1", case_conv_one}, {"conv of patches", case_conv_patches}, {"conv of a line, causal", case_conv_line},
	{"conv in groups", case_conv_groups},
	{"conv by channel", case_conv_depthwise}, {"conv by channel, data gradient", case_depthwise_data},
	{"conv by channel, uneven", case_depthwise_data_uneven}, {"conv by channel, dilated", case_depthwise_data_dilation},
	{"conv by channel, strided", case_depthwise_data_stride}, {"conv data gradient", case_conv_data},
	{"conv data gradient, same", case_conv_data_same},
	{"conv data gradient with stride", case_conv_data_stride},
	{"conv data gradient with dilation", case_conv_data_dilation},
	{"transposed conv", case_conv_transposed}, {"transposed conv with gaps", case_conv_transposed_gaps},
	{"conv weight gradient", case_conv_weight},
	{"conv weight gradient, same", case_conv_weight_same},
	{"conv weight gradient with stride", case_conv_weight_stride},
	{"conv weight gradient with dilation", case_conv_weight_dilation}, {"conv, bias, relu, pool", case_conv_pool},
	{"attention", case_attention},
};

static const Op *const ops[] = {&op_contract};
const OpFamily op_family_contract = {"contract", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
