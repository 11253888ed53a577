/* cases.c: cases that the kernels' branches ask for and that meaning alone does not: large, deep, thin, strided. The batch is 4.
 * And updates: programs that write variables, in place where they can. */
#include "compiled.h"

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }

/* --- products */

#define CONTRACT(id, a, b, o, shape_a, shape_b) \
	static Node *case_##id(Graph *graph) { return make_contract(graph, a, b, o, in(graph, "a", shape_a), in(graph, "b", shape_b)); }
CONTRACT(deep, "nk", "ko", "no", "N 5001", "5001 19")
CONTRACT(deep_even, "nk", "ko", "no", "N 8192", "8192 16")
CONTRACT(deep_packed, "nk", "ok", "no", "N 5001", "19 5001")
CONTRACT(deep_two, "nkl", "klo", "no", "N 40 130", "40 130 7")
CONTRACT(wide, "nk", "ko", "no", "N 64", "64 1000")
CONTRACT(tall, "mk", "ko", "mo", "301 37", "37 70")
CONTRACT(tall_two, "pmk", "ko", "pmo", "40 7 30", "30 50")
CONTRACT(rows_of_rows, "pqmk", "ko", "pqmo", "5 3 2 30", "30 65")
CONTRACT(sum_rows, "nk", "no", "ko", "33N 100", "33N 65")
CONTRACT(sum_rows_few, "ntk", "nto", "ko", "N 600 3", "N 600 5")
CONTRACT(sum_rows_much, "nthk", "ntho", "ko", "N 30 40 8", "N 30 40 9")
CONTRACT(sum_slabs, "nhk", "nho", "ko", "8N 600 3", "8N 600 17")
CONTRACT(sum_slabs_plain, "uvk", "uov", "ko", "19 700 3", "19 5 700")
CONTRACT(sum_plain, "uvk", "uvo", "ko", "30 70 5", "30 70 6")
CONTRACT(columns_two, "nk", "opk", "nop", "N 20", "6 20 20")
CONTRACT(columns_apart, "nk", "okp", "nop", "N 20", "6 20 10")
CONTRACT(columns_turned, "nk", "kpo", "nop", "N 20", "20 10 6")
CONTRACT(across, "nk", "kpo", "onp", "N 20", "20 10 6")
CONTRACT(across_plain, "mk", "ko", "om", "20 30", "30 24")
CONTRACT(both_wide, "nhk", "hko", "nho", "N 9 40", "9 40 33")
CONTRACT(both_last, "nkh", "koh", "noh", "N 40 9", "40 33 9")
CONTRACT(three_vectors, "nk", "ko", "no", "N 32", "32 48")
CONTRACT(four_vectors, "nk", "ko", "no", "N 32", "32 256")
CONTRACT(five_sums, "nabcde", "dfaecb", "nf", "N 2 3 2 3 2", "3 5 2 2 2 3")
#undef CONTRACT

/* a piece of a matrix, turned: an affine view under a product */
static Node *case_of_slices(Graph *graph)
{
	Node *x = make_slice(graph, in(graph, "a", "N 30"), 1, 5, (Dim){20, 0});
	Node *w = make_transpose(graph, make_slice(graph, in(graph, "b", "40 24"), 1, 3, (Dim){20, 0}), (int[]){1, 0});
	return make_contract(graph, "nk", "ko", "no", x, w);
}

/* rows that are all the same: a step of 0 */
static Node *case_of_spread(Graph *graph)
{
	Node *x = make_broadcast(graph, in(graph, "a", "1 20"), op_case_shape(graph, "N 20"));
	Node *w = make_broadcast(graph, in(graph, "b", "20 1"), op_case_shape(graph, "20 24"));
	return make_contract(graph, "nk", "ko", "no", x, make_binary(graph, &op_add, w, in(graph, "c", "20 24")));
}
static Node *case_of_spread_plain(Graph *graph)
{
	return make_contract(graph, "nmk", "ko", "nmo", make_broadcast(graph, in(graph, "a", "N 1 20"), op_case_shape(graph, "N 3 20")), in(graph, "b", "20 24"));
}

/* bias, activation and a second reader behind a product */
static Node *case_epilogue(Graph *graph)
{
	Node *y = make_contract(graph, "nk", "ko", "no", in(graph, "a", "N 70"), in(graph, "b", "70 130"));
	Node *z = make_binary(graph, &op_add, y, in(graph, "c", "130"));
	Node *gate = make_unary(graph, &op_sigmoid, z);
	return make_binary(graph, &op_mul, make_unary(graph, &op_tanh, z), gate);
}

/* --- convolutions: large ones, strides, every residue class, axes of unlike windows */

static Node *conv(Graph *graph, const char *x, const char *kernel, Window w)
{
	return make_contract(graph, "nhwklc", "klco", "nhwo", make_unfold(graph, in(graph, "a", x), &w), in(graph, "b", kernel));
}
static Window square(int64_t size, int64_t stride, int64_t dilation, int64_t low, int64_t high)
{
	return (Window){.axis = 1, .rank = 2, .size = {size, size}, .stride = {stride, stride}, .dilation = {dilation, dilation},
		.low = {low, low}, .high = {high, high}};
}
static Node *case_conv_wide(Graph *graph) { return conv(graph, "N 12 13 16", "3 3 16 40", square(3, 1, 1, 1, 1)); }
static Node *case_conv_first(Graph *graph) { return conv(graph, "N 20 21 1", "3 3 1 32", square(3, 1, 1, 0, 0)); }
static Node *case_conv_narrow(Graph *graph) { return conv(graph, "N 30 5 4", "3 3 4 8", square(3, 1, 1, 1, 1)); }
static Node *case_conv_three(Graph *graph) { return conv(graph, "N 13 13 5", "5 5 5 6", square(5, 3, 1, 2, 2)); }
static Node *case_conv_gaps(Graph *graph) { return conv(graph, "N 11 11 4", "2 2 4 6", square(2, 3, 1, 0, 0)); }
static Node *case_conv_unlike(Graph *graph)
{
	Window w = {.axis = 1, .rank = 2, .size = {4, 3}, .stride = {2, 1}, .dilation = {1, 2}, .low = {1, 2}, .high = {2, 1}};
	return conv(graph, "N 9 11 4", "4 3 4 10", w);
}
static Node *case_conv_stride_dilation(Graph *graph) { return conv(graph, "N 9 9 3", "2 2 3 5", square(2, 2, 3, 1, 1)); }
static Node *case_conv_strides(Graph *graph) { return conv(graph, "N 20 20 2", "9 9 2 3", square(9, 9, 1, 0, 0)); }
static Node *case_conv_volume(Graph *graph)
{
	Window w = {.axis = 1, .rank = 3, .size = {3, 2, 3}, .stride = {1, 2, 1}, .dilation = {1, 1, 1}, .low = {1, 0, 1}, .high = {1, 1, 1}};
	Node *u = make_unfold(graph, in(graph, "a", "N 4 5 4 3"), &w);
	return make_contract(graph, "nhwdklmc", "klmco", "nhwdo", u, in(graph, "b", "3 2 3 3 5"));
}
static Node *case_conv_line(Graph *graph)
{
	Window w = {.axis = 1, .rank = 1, .size = {5}, .stride = {2}, .dilation = {1}, .low = {2}, .high = {2}};
	return make_contract(graph, "ntkc", "kco", "nto", make_unfold(graph, in(graph, "a", "N 400 6"), &w), in(graph, "b", "5 6 17"));
}
static Node *case_conv_chain(Graph *graph) /* conv, bias, relu, pool, conv: what a network does, with all its gradients */
{
	Window pool = square(2, 2, 1, 0, 0), second = square(3, 1, 1, 1, 1);
	Node *y = make_binary(graph, &op_add, conv(graph, "N 15 15 3", "3 3 3 16", square(3, 1, 1, 0, 0)), in(graph, "c", "16"));
	Node *t = make_unfold(graph, make_binary(graph, &op_max, y, make_const(graph, 0)), &pool);
	Node *p = make_reduce(graph, &op_amax, make_reshape(graph, t, op_case_shape(graph, "N 6 6 4 16")), 1u << 3);
	Node *u = make_unfold(graph, make_reshape(graph, p, op_case_shape(graph, "N 6 6 16")), &second);
	Node *z = make_contract(graph, "nhwklc", "klco", "nhwo", u, in(graph, "d", "3 3 16 12"));
	return make_binary(graph, &op_max, z, make_const(graph, 0));
}

/* --- reductions */

static Node *reduced(Graph *graph, const Op *op, const char *shape, unsigned axes) { return make_reduce(graph, op, in(graph, "a", shape), axes); }
static Node *case_sum_much(Graph *graph) { return reduced(graph, &op_sum, "N 60 41 9", 15); }
static Node *case_sum_row(Graph *graph) { return reduced(graph, &op_sum, "300N 90", 1); }
static Node *case_sum_images(Graph *graph) { return reduced(graph, &op_sum, "N 50 50 16", 7); }
static Node *case_sum_long(Graph *graph) { return reduced(graph, &op_sum, "N 30000", 2); }
static Node *case_sum_wide(Graph *graph) { return reduced(graph, &op_sum, "N 20 1500", 2); }
static Node *case_sum_some(Graph *graph) { return reduced(graph, &op_sum, "N 50 30 20", 6); }
static Node *case_amax_much(Graph *graph) { return reduced(graph, &op_amax, "90000", 1); }
static Node *case_amax_rows(Graph *graph) { return reduced(graph, &op_amax, "40N 20 30", 2); }
static Node *case_amax_long(Graph *graph) { return reduced(graph, &op_amax, "N 20000", 2); }
static Node *case_argmax_long(Graph *graph) { return reduced(graph, &op_argmax, "N 30000", 2); }
static Node *case_argmax_rows(Graph *graph) { return reduced(graph, &op_argmax, "N 60 70", 2); }
static Node *both(Graph *graph, const char *name, const char *shape, unsigned axes) /* the maximum and its place, in one sum */
{
	Node *x = in(graph, name, shape);
	return make_binary(graph, &op_add, make_reduce(graph, &op_amax, x, axes), make_reduce(graph, &op_argmax, x, axes));
}
static Node *case_both_few(Graph *graph) { return both(graph, "a", "N 9 5", 2); }
static Node *case_both_rows(Graph *graph) { return both(graph, "a_ties", "N 50 30", 2); }
static Node *case_both_long(Graph *graph) { return both(graph, "a_ties", "N 40", 2); }
static Node *case_mean_square(Graph *graph)
{
	Node *d = make_binary(graph, &op_sub, in(graph, "a", "N 4000"), in(graph, "b", "4000"));
	Node *sum = make_reduce(graph, &op_sum, make_binary(graph, &op_mul, d, d), 3);
	return make_binary(graph, &op_div, sum, make_rows(graph));
}

/* --- folds, draws and loops large enough for threads */

static Node *case_fold_much(Graph *graph) { return make_fold(graph, in(graph, "a", "N 20 20 3 3 9"), (int64_t[]){20, 20}, &(Window){.axis = 1, .rank = 2,
	.size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .low = {1, 1}, .high = {1, 1}}); }
static Node *case_fold_apart(Graph *graph) { return make_fold(graph, in(graph, "a", "N 30 30 2 2 9"), (int64_t[]){61, 60}, &(Window){.axis = 1, .rank = 2,
	.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}}); }
static Node *case_fold_apart_relu(Graph *graph)
{
	Node *y = make_fold(graph, in(graph, "a", "N 3 4 3 3 5"), (int64_t[]){11, 13}, &(Window){.axis = 1, .rank = 2, .size = {3, 3}, .stride = {3, 3}, .dilation = {1, 1}});
	return make_binary(graph, &op_max, make_binary(graph, &op_add, y, in(graph, "b", "11 13 5")), make_const(graph, 0));
}
/* the last window reaches beyond the edge: what it gives there is dropped, not added to the next image */
static Node *case_fold_beyond(Graph *graph) { return make_fold(graph, in(graph, "a", "N 2 3 2 2 15"), (int64_t[]){3, 6}, &(Window){.axis = 1, .rank = 2,
	.size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}, .high = {1, 0}}); }
static Node *case_fold_beyond_relu(Graph *graph) { return make_binary(graph, &op_max, case_fold_beyond(graph), make_const(graph, 0)); }
static Node *case_fold_plain(Graph *graph) { return make_fold(graph, in(graph, "a", "7 3 2"), (int64_t[]){9}, &(Window){.axis = 0, .rank = 1,
	.size = {3}, .stride = {1}, .dilation = {1}}); }
static Node *case_uniform_much(Graph *graph) { return make_uniform(graph, op_case_shape(graph, "N 40 61"), 1); }
static Node *case_uniform_table(Graph *graph) { return make_uniform(graph, op_case_shape(graph, "103 105"), 1); }
static Node *case_loop_much(Graph *graph) { return make_unary(graph, &op_tanh, make_binary(graph, &op_add, in(graph, "a", "N 90 91"), in(graph, "b", "91"))); }
static Node *case_scatter_much(Graph *graph) { return make_scatter(graph, in(graph, "b_index9", "N 30"), in(graph, "a", "N 30 3 96"), 9); }
static Node *case_join_much(Graph *graph)
{
	Node *pieces[] = {in(graph, "a", "N 60 50"), in(graph, "b", "N 60 30"), in(graph, "c", "N 60 1")};
	return make_concat(graph, pieces, 3, 2);
}

static const OpCase cases[] = {
	{"deep product", case_deep}, {"deep product of even pieces", case_deep_even}, {"deep product, packed", case_deep_packed},
	{"product over two axes", case_deep_two}, {"wide product", case_wide}, {"tall product", case_tall}, {"tall product of two axes", case_tall_two},
	{"rows of rows", case_rows_of_rows}, {"sum of rows", case_sum_rows}, {"sum of rows to few columns", case_sum_rows_few},
	{"sum of many rows", case_sum_rows_much}, {"sum over two plain axes", case_sum_plain},
	{"sum in slabs", case_sum_slabs}, {"sum in slabs, packed", case_sum_slabs_plain}, {"product of spread rows", case_of_spread},
	{"product of spread rows, two axes", case_of_spread_plain}, {"columns of two axes", case_columns_two},
	{"columns apart", case_columns_apart}, {"columns turned", case_columns_turned}, {"columns across the result", case_across},
	{"columns across, no batch", case_across_plain}, {"a product for each head", case_both_wide}, {"a product for each last place", case_both_last},
	{"three vectors", case_three_vectors}, {"four vectors", case_four_vectors}, {"five sums", case_five_sums}, {"product of slices", case_of_slices},
	{"product, gate", case_epilogue},
	{"conv, wide", case_conv_wide}, {"conv of one channel", case_conv_first}, {"conv of narrow images", case_conv_narrow},
	{"conv with stride 3", case_conv_three}, {"conv with stride beyond its window", case_conv_gaps}, {"conv of unlike axes", case_conv_unlike},
	{"conv with stride and dilation", case_conv_stride_dilation}, {"conv with stride 9", case_conv_strides}, {"conv of a volume", case_conv_volume},
	{"conv of a long line", case_conv_line}, {"conv, pool, conv", case_conv_chain},
	{"sum of much", case_sum_much}, {"sum to a row", case_sum_row}, {"sum of rows of images", case_sum_images}, {"long sums", case_sum_long},
	{"sums of wide rows", case_sum_wide}, {"sums of some axes", case_sum_some}, {"maximum of much", case_amax_much},
	{"maxima by rows", case_amax_rows}, {"long maxima", case_amax_long}, {"places of long maxima", case_argmax_long},
	{"places of maxima by rows", case_argmax_rows}, {"maximum and place of few", case_both_few}, {"maximum and place by rows", case_both_rows},
	{"rows added, by columns", case_scatter_much},
	{"maximum and place along rows", case_both_long}, {"mean square", case_mean_square},
	{"fold of much", case_fold_much}, {"fold of windows apart", case_fold_apart}, {"fold of windows apart, relu", case_fold_apart_relu},
	{"fold beyond the edge", case_fold_beyond}, {"fold beyond the edge, relu", case_fold_beyond_relu},
	{"fold without batch", case_fold_plain}, {"many draws", case_uniform_much}, {"many draws without batch", case_uniform_table},
	{"large loop", case_loop_much}, {"large concat", case_join_much},
};
const OpFamily kernel_cases = {.name = "kernels", .cases = cases, .case_count = sizeof cases/sizeof *cases};

/* --- updates */

static Node *loss_of(Program *program, Node *y) { return make_reduce(program->graph, &op_sum, y, (1u << y->shape.rank) - 1); }

static Node *gradient(Program *program, Node *loss, Node *weight)
{
	Node *gradient;
	grad_make(program->graph, loss, &weight, 1, &gradient);
	program->graph->phase = PHASE_UPDATE;
	return gradient;
}

static Node *blend(Graph *graph, Node *old, Node *new, double share)
{
	Node *step = make_binary(graph, &op_mul, make_const(graph, share), make_binary(graph, &op_sub, new, old));
	return make_binary(graph, &op_add, old, step);
}

/* dense, sum of squares; Adam on the weight gradient, in place */
static void update_adam(Program *program, Network *network)
{
	Graph *graph = program->graph;
	Node *w = update_variable(program, network, "w", "37 41"), *m = update_variable(program, network, "m", "37 41");
	Node *v = update_variable(program, network, "v_positive", "37 41");
	Node *y = make_unary(graph, &op_tanh, make_contract(graph, "nk", "ko", "no", in(graph, "a", "N 37"), w));
	Node *loss = loss_of(program, make_binary(graph, &op_mul, y, y)), *g = gradient(program, loss, w);
	Node *m1 = blend(graph, m, g, 0.1), *v1 = blend(graph, v, make_binary(graph, &op_mul, g, g), 0.001);
	Node *root = make_binary(graph, &op_add, make_unary(graph, &op_sqrt, v1), make_const(graph, 1e-7));
	Node *step = make_binary(graph, &op_mul, make_const(graph, 0.01), make_binary(graph, &op_div, m1, root));
	update_output(program, "loss", loss);
	update_assign(program, w, make_binary(graph, &op_sub, w, step));
	update_assign(program, m, m1);
	update_assign(program, v, v1);
}

/* two layers: the first weight's gradient needs the second weight as it was */
static void update_two(Program *program, Network *network)
{
	Graph *graph = program->graph;
	Node *w = update_variable(program, network, "w", "20 30"), *u = update_variable(program, network, "u", "30 5");
	Node *h = make_binary(graph, &op_max, make_contract(graph, "nk", "ko", "no", in(graph, "a", "N 20"), w), make_const(graph, 0));
	Node *y = make_contract(graph, "nk", "ko", "no", h, u);
	Node *loss = loss_of(program, make_binary(graph, &op_mul, y, y)), *gw = gradient(program, loss, w), *gu = gradient(program, loss, u);
	update_output(program, "loss", loss);
	update_output(program, "y", y);
	update_assign(program, u, blend(graph, u, gu, -0.01));
	update_assign(program, w, blend(graph, w, gw, -0.01));
}

/* every variable takes the other's value, and one is turned: none can be written in place */
static void update_turn(Program *program, Network *network)
{
	Graph *graph = program->graph;
	Node *a = update_variable(program, network, "a", "6 6"), *b = update_variable(program, network, "b", "6 6"), *c = update_variable(program, network, "c", "5 5");
	update_output(program, "sum", make_binary(graph, &op_add, loss_of(program, make_binary(graph, &op_mul, a, b)), in(graph, "x", "")));
	update_assign(program, a, b);
	update_assign(program, b, make_binary(graph, &op_mul, a, make_const(graph, 2)));
	update_assign(program, c, make_transpose(graph, c, (int[]){1, 0}));
}

/* moving mean and deviation of columns, by live rows; the new mean is an output too */
static void update_statistics(Program *program, Network *network)
{
	Graph *graph = program->graph;
	Node *x = in(graph, "a", "N 33"), *mean = update_variable(program, network, "mean", "33"), *square = update_variable(program, network, "square_positive", "33");
	Node *m = make_binary(graph, &op_div, make_reshape(graph, make_reduce(graph, &op_sum, x, 1), op_case_shape(graph, "33")), make_rows(graph));
	Node *d = make_binary(graph, &op_sub, x, m);
	Node *s = make_reshape(graph, make_reduce(graph, &op_sum, make_binary(graph, &op_mul, d, d), 1), op_case_shape(graph, "33"));
	Node *next = blend(graph, mean, m, 0.1);
	update_output(program, "y", make_binary(graph, &op_div, d, make_unary(graph, &op_sqrt, make_binary(graph, &op_add, s, make_const(graph, 1)))));
	update_output(program, "mean", next);
	update_assign(program, mean, next);
	update_assign(program, square, blend(graph, square, s, 0.1));
}

/* a weight gradient summed over many rows, with its update */
static void update_conv(Program *program, Network *network)
{
	Graph *graph = program->graph;
	Window window = square(3, 1, 1, 1, 1);
	Node *w = update_variable(program, network, "w", "3 3 3 17"), *b = update_variable(program, network, "b", "17");
	Node *u = make_unfold(graph, in(graph, "a", "N 12 12 3"), &window);
	Node *y = make_binary(graph, &op_add, make_contract(graph, "nhwklc", "klco", "nhwo", u, w), b);
	Node *r = make_binary(graph, &op_max, y, make_const(graph, 0));
	Node *loss = make_binary(graph, &op_div, loss_of(program, make_binary(graph, &op_mul, r, r)), make_rows(graph));
	Node *gw = gradient(program, loss, w), *gb = gradient(program, loss, b);
	update_output(program, "loss", loss);
	update_assign(program, w, blend(graph, w, gw, -0.01));
	update_assign(program, b, blend(graph, b, gb, -0.01));
}

const Update updates[] = {
	{"adam", update_adam}, {"two layers", update_two}, {"exchange and turn", update_turn}, {"moving statistics", update_statistics},
	{"conv", update_conv},
};
const int update_count = sizeof updates/sizeof *updates;
