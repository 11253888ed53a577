/* test_graph.c: shapes and nodes; the mistakes that constructors report, in their words; and the values of every primitive
 * against numbers worked out by hand, since a gradient check alone proves nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "ops/ops.h"
#include "../runtime/nn_random.h"

static Node *in(Graph *g, const char *name, const char *shape) { return op_case_input(g, name, shape); }
static Node *data(Graph *g, const char *shape, const double *values)
{
	return make_data(g, op_case_shape(g, shape), values);
}
static Shape shape(Graph *g, const char *text) { return op_case_shape(g, text); }

/* --- shapes and nodes */

static void test_shapes(void **state)
{
	(void)state;
	Context context = {.arena = arena_new(), .messages = stderr};
	Graph *g = graph_new(&context, 4);
	Shape s = shape(g, "N 3 5"), folded = shape(g, "3N 5"), plain = shape(g, "4 3 5"), none = {0};
	assert_string_equal(shape_text(context.arena, &s), "[batch, 3, 5]");
	assert_string_equal(shape_text(context.arena, &folded), "[3*batch, 5]");
	assert_string_equal(shape_text(context.arena, &none), "[]");
	assert_int_equal(shape_count(&s), 60);
	assert_int_equal(shape_count(&none), 1);
	assert_int_equal(shape_rows(&s), 1);
	assert_int_equal(shape_rows(&folded), 3);
	assert_int_equal(shape_rows(&plain), 0);
	assert_false(shape_equal(&s, &plain)); /* four rows are not the batch */
	Shape live = shape_live(&folded, 3);
	assert_int_equal(live.dim[0].size, 9);
	arena_free(context.arena);
}

static void test_leaves(void **state)
{
	(void)state;
	Context context = {.arena = arena_new(), .messages = stderr};
	Graph *g = graph_new(&context, 4);
	Variable variables[200];
	Node *nodes[200], *a = in(g, "a", "N 3");
	for (int i = 0; i < 200; i++) {
		variables[i] = (Variable){.path = "w", .shape = shape(g, "3")};
		nodes[i] = make_variable(g, &variables[i]);
	}
	for (int i = 0; i < 200; i++) assert_ptr_equal(make_variable(g, &variables[i]), nodes[i]);
	assert_ptr_equal(in(g, "a", "N 3"), a);
	assert_ptr_not_equal(in(g, "b", "N 3"), a);
	assert_true(in(g, "c_index3", "N")->integer);
	assert_true(make_iota(g, 3)->integer);
	assert_true(make_reshape(g, make_iota(g, 3), shape(g, "3 1"))->integer);
	assert_false(make_unary(g, &op_neg, make_iota(g, 3))->integer);
	arena_free(context.arena);
}

static void test_order(void **state)
{
	(void)state;
	Context context = {.arena = arena_new(), .messages = stderr};
	Graph *g = graph_new(&context, 4);
	Node *a = in(g, "a", "N 3"), *unused = make_unary(g, &op_exp, a), *b = make_unary(g, &op_tanh, a);
	Node *c = make_binary(g, &op_add, b, a), *roots[] = {c, NULL, b};
	int count;
	Node **order = graph_order(context.arena, roots, 3, &count);
	assert_int_equal(count, 3);
	assert_true(order[0] == a && order[1] == b && order[2] == c && unused);
	graph_order(context.arena, NULL, 0, &count);
	assert_int_equal(count, 0);
	arena_free(context.arena);
}

static void test_registry(void **state)
{
	(void)state;
	assert_ptr_equal(op_find("contract"), &op_contract);
	assert_ptr_equal(op_find("sigmoid"), &op_sigmoid);
	assert_null(op_find("convolution"));
	for (int f = 0; op_families[f]; f++)
		for (int i = 0; i < op_families[f]->op_count; i++) {
			const Op *op = op_families[f]->ops[i];
			assert_ptr_equal(op_find(op->name), op);
			assert_true(op->shape && (op->evaluate || op == &op_scan));
			assert_int_equal(op->kind == OP_ELEMENTWISE, op->value != NULL);
		}
}

/* --- mistakes */

#define WRONG(id, expression) \
	static Node *wrong_##id(Graph *g) { return expression; }
WRONG(sizes, make_binary(g, &op_add, in(g, "a", "N 3"), in(g, "b", "N 4")))
WRONG(batch_meets, make_binary(g, &op_sub, in(g, "a", "N 1"), in(g, "b", "N")))
WRONG(batch_meets_rows, make_binary(g, &op_sub, in(g, "a", "N 3"), in(g, "b", "4 3")))
WRONG(batch_twice, make_contract(g, "ni", "mi", "nm", in(g, "a", "N 3"), in(g, "b", "N 3")))
WRONG(inner, make_contract(g, "nk", "ko", "no", in(g, "a", "N 3"), in(g, "b", "4 5")))
WRONG(inner_batch, make_contract(g, "kn", "ko", "no", in(g, "a", "N 3"), in(g, "b", "4 5")))
WRONG(letters, make_contract(g, "nkl", "ko", "no", in(g, "a", "N 3"), in(g, "b", "3 5")))
WRONG(diagonal, make_contract(g, "kk", "ko", "o", in(g, "a", "3 3"), in(g, "b", "3 5")))
WRONG(alone, make_contract(g, "nk", "ko", "n", in(g, "a", "N 3"), in(g, "b", "3 5")))
WRONG(from_nowhere, make_contract(g, "nk", "ko", "nox", in(g, "a", "N 3"), in(g, "b", "3 5")))
WRONG(reshape, make_reshape(g, in(g, "a", "N 3"), shape(g, "N 4")))
WRONG(reshape_batch, make_reshape(g, in(g, "a", "N 3"), shape(g, "12")))
WRONG(reshape_over, make_reshape(g, make_transpose(g, in(g, "a", "N 3"), (int[]){1, 0}), shape(g, "3N")))
WRONG(broadcast, make_broadcast(g, in(g, "a", "N 3"), shape(g, "N 5")))
WRONG(broadcast_batch, make_broadcast(g, in(g, "a", "N 3"), shape(g, "4 3")))
WRONG(axis, make_slice(g, in(g, "a", "N 3"), 2, 0, (Dim){1, 0}))
WRONG(slice, make_slice(g, in(g, "a", "N 3"), 1, 2, (Dim){2, 0}))
WRONG(sample, make_slice(g, in(g, "a", "N 3"), 0, 1, (Dim){1, 0}))
WRONG(order, make_transpose(g, in(g, "a", "N 3"), (int[]){0, 0}))
WRONG(concat, make_concat(g, (Node *[]){in(g, "a", "N 3"), in(g, "b", "N 3 1")}, 2, 1))
WRONG(concat_batch, make_concat(g, (Node *[]){in(g, "a", "N 3"), in(g, "b", "4 3")}, 2, 0))
WRONG(nothing, make_concat(g, NULL, 0, 0))
WRONG(two_axes, make_reduce(g, &op_amax, in(g, "a", "N 3"), 3))
WRONG(no_axis, make_reduce(g, &op_sum, in(g, "a", "N 3"), 4))
WRONG(window, make_unfold(g, in(g, "a", "N 2 2"), &(Window){.axis = 1, .rank = 2, .size = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}}))
WRONG(window_batch, make_unfold(g, in(g, "a", "N 5"), &(Window){.axis = 0, .rank = 1, .size = {3}, .stride = {1}, .dilation = {1}}))
WRONG(stride, make_unfold(g, in(g, "a", "N 5"), &(Window){.axis = 1, .rank = 1, .size = {3}, .dilation = {1}}))
WRONG(fold, make_fold(g, in(g, "a", "N 3 3"), (int64_t[]){9}, &(Window){.axis = 1, .rank = 1, .size = {3}, .stride = {1}, .dilation = {1}}))
WRONG(table, make_gather(g, in(g, "a", "N 3"), in(g, "i_index3", "N")))
WRONG(values, make_scatter(g, in(g, "i_index3", "N"), in(g, "a", "3 5"), 3))
WRONG(matrix, make_orthonormal(g, in(g, "a", "3")))
WRONG(empty, make_full(g, shape(g, "3 0"), 1))
WRONG(rank, make_full(g, (Shape){.rank = 13}, 1))
WRONG(huge, make_full(g, shape(g, "1000000 1000000 1000000"), 1))
WRONG(negative_pad, make_pad(g, in(g, "a", "N 3"), 1, -1, 0, 0))

static const struct { Node *(*make)(Graph *graph); const char *message, *help; } mistakes[] = {
	{wrong_sizes, "shapes do not fit: [batch, 3] and [batch, 4]", "two sizes must be equal, or one of them 1"},
	{wrong_batch_meets, "the batch axis of one operand meets another axis of the other: [batch, 1] and [batch]", "reshape one of them"},
	{wrong_batch_meets_rows, "shapes do not fit: [batch, 3] and [4, 3]", "matched from the last one"},
	{wrong_batch_twice, "the batch stands twice in [batch, batch]", "sum over one of the batch axes first"},
	{wrong_inner, "axis 'k' is [3] on one side and [4] on the other: [batch, 3] and [4, 5]", "must be equally long"},
	{wrong_inner_batch, "axis 'k' is [batch] on one side and [4] on the other", "must be equally long"},
	{wrong_letters, "'nkl' names 3 axes, but the shape is [batch, 3]", "one letter for each axis"},
	{wrong_diagonal, "axis 'k' stands twice in 'kk'", "diagonal"},
	{wrong_alone, "axis 'o' of 'nk,ko->n' stands in one place only", "sum over that axis first"},
	{wrong_from_nowhere, "axis 'x' of 'nk,ko->nox' stands in one place only", "is an axis of an operand"},
	{wrong_reshape, "[batch, 3] does not hold as many values as [batch, 4]", "one of them may be -1"},
	{wrong_reshape_batch, "the batch can't come or go in a reshape: [batch, 3] to [12]", "keep the batch"},
	{wrong_reshape_over, "axes can't be taken over the batch in a reshape: [3, batch] to [3*batch]", "transpose the batch"},
	{wrong_broadcast, "[batch, 3] can't be broadcast to [batch, 5]", "only axes of size 1"},
	{wrong_broadcast_batch, "[batch, 3] can't be broadcast to [4, 3]", "only axes of size 1"},
	{wrong_axis, "[batch, 3] has no axis 2", "axes count from 0"},
	{wrong_slice, "2:4 leaves axis 1 of [batch, 3]", "places count from 0"},
	{wrong_sample, "a piece of the batch axis that is not whole batches", "a short last batch"},
	{wrong_order, "names every axis of [batch, 3] once", "[1, 0]"},
	{wrong_concat, "concat: shapes differ beside axis 1: [batch, 3] and [batch, 3, 1]", "may differ"},
	{wrong_concat_batch, "concat: shapes differ beside axis 0: [batch, 3] and [4, 3]", "may differ"},
	{wrong_nothing, "nothing to join", "at least one"},
	{wrong_two_axes, "a maximum goes over one axis", "amax(x, -1)"},
	{wrong_no_axis, "[batch, 3] has no such axis", "axes count from 0"},
	{wrong_window, "the window [3, 3] is larger than the input [batch, 2, 2]", "padding=same"},
	{wrong_window_batch, "a window over the batch axis of [batch, 5]", "after the batch"},
	{wrong_stride, "this window can't be laid", "at least 1"},
	{wrong_fold, "does not hold the windows of [batch, 9]", "the sizes of a fold"},
	{wrong_table, "[batch, 3] is no table to gather from", "first axis"},
	{wrong_values, "scatter: values are [3, 5], but the numbers are [batch]", "a row for each number"},
	{wrong_matrix, "orthonormal takes a matrix, not [3]", "reshape"},
	{wrong_empty, "axis 1 of [3, 0] is empty", "at least one value"},
	{wrong_rank, "a tensor of 13 axes: at most 12", "reshape some axes"},
	{wrong_huge, "is too large", ""}, {wrong_negative_pad, "pad adds at least nothing: -1 and 0", "use a slice"},
};

static void test_mistakes(void **state)
{
	(void)state;
	static const Source source = {"spec.yaml", "y: f(x)", 7, false, NULL};
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		char *text = NULL;
		size_t size = 0;
		Context context = {.arena = arena_new(), .messages = open_memstream(&text, &size)};
		Graph *g = graph_new(&context, 4);
		g->place = (Place){&source, 0, 3, 4};
		assert_null(mistakes[i].make(g));
		fclose(context.messages);
		if (!strstr(text, mistakes[i].message) || !strstr(text, mistakes[i].help) ||
			!strstr(text, "spec.yaml:1:4: error"))
			fail_msg("expected '%s' and '%s', got: %s", mistakes[i].message, mistakes[i].help, text);
		assert_int_equal(context.errors, 1);
		free(text);
		arena_free(context.arena);
	}
}

/* a mistake is reported once: what is made of NULL is NULL */
static void test_null(void **state)
{
	(void)state;
	Context context = {.arena = arena_new(), .messages = stderr};
	Graph *g = graph_new(&context, 4);
	Node *a = in(g, "a", "3");
	Window w = {.axis = 0, .rank = 1, .size = {1}, .stride = {1}, .dilation = {1}};
	assert_null(make_binary(g, &op_add, a, NULL));
	assert_null(make_select(g, NULL, a, a));
	assert_null(make_reduce(g, &op_sum, NULL, 1));
	assert_null(make_reshape(g, NULL, a->shape));
	assert_null(make_transpose(g, NULL, NULL));
	assert_null(make_broadcast(g, NULL, a->shape));
	assert_null(make_slice(g, NULL, 0, 0, (Dim){1, 0}));
	assert_null(make_pad(g, NULL, 0, 0, 0, 0));
	assert_null(make_concat(g, (Node *[]){a, NULL}, 2, 0));
	assert_null(make_stop(g, NULL));
	assert_null(make_unfold(g, NULL, &w));
	assert_null(make_fold(g, NULL, (int64_t[]){1}, &w));
	assert_null(make_contract(g, "i", "i", "", a, NULL));
	assert_null(make_gather(g, NULL, a));
	assert_null(make_scatter(g, a, NULL, 3));
	assert_null(make_orthonormal(g, NULL));
	assert_int_equal(context.errors, 0);
	arena_free(context.arena);
}

/* --- values by hand */

#define LIST(...) (const double[]){__VA_ARGS__}
#define VALUE(id, expression) \
	static Node *value_##id(Graph *g) { return expression; }
static Node *six(Graph *g) { return data(g, "2 3", LIST(1, 2, 3, 4, 5, 6)); }
static Window line(int64_t size, int64_t stride, int64_t dilation, int64_t low, int64_t high, double fill)
{
	return (Window){.axis = 0,
		.rank = 1,
		.size = {size},
		.stride = {stride},
		.dilation = {dilation},
		.low = {low},
		.high = {high},
		.fill = fill};
}
static Node *unfolded(Graph *g, Window w) { return make_unfold(g, data(g, "5", LIST(1, 2, 3, 4, 5)), &w); }
VALUE(iota, make_iota(g, 3))
VALUE(broadcast_operands, make_binary(g, &op_sub, data(g, "2 1", LIST(10, 20)), data(g, "3", LIST(1, 2, 3))))
VALUE(select, make_select(g, data(g, "3", LIST(0, 1, -2)), make_const(g, 7), data(g, "3", LIST(1, 2, 3))))
VALUE(max, make_binary(g, &op_max, data(g, "3", LIST(-1, 0, 2)), make_const(g, 0)))
VALUE(less, make_binary(g, &op_less, data(g, "3", LIST(-1, 0, 2)), make_const(g, 0)))
VALUE(equal, make_binary(g, &op_equal, data(g, "3", LIST(-1, 0, 2)), make_const(g, 0)))
VALUE(floor, make_unary(g, &op_floor, data(g, "3", LIST(-1.5, 2, 2.9))))
VALUE(softplus, make_unary(g, &op_softplus, data(g, "3", LIST(-800, 0, 800))))
VALUE(sigmoid, make_unary(g, &op_sigmoid, data(g, "3", LIST(-800, 0, 800))))
VALUE(pow, make_binary(g, &op_pow, data(g, "3", LIST(2, 9, 2)), data(g, "3", LIST(10, 0.5, -1))))
VALUE(sum_rows, make_reduce(g, &op_sum, six(g), 1))
VALUE(sum_columns, make_reduce(g, &op_sum, six(g), 2))
VALUE(amax, make_reduce(g, &op_amax, data(g, "2 3", LIST(1, 7, 7, -4, -5, -6)), 2))
VALUE(argmax, make_reduce(g, &op_argmax, data(g, "2 3", LIST(1, 7, 7, -4, -5, -6)), 2))
VALUE(argmax_rows, make_reduce(g, &op_argmax, data(g, "2 3", LIST(1, 7, 7, 2, 7, 8)), 1))
VALUE(transpose, make_transpose(g, six(g), (int[]){1, 0}))
VALUE(transpose_three, make_transpose(g, data(g, "1 2 3", LIST(1, 2, 3, 4, 5, 6)), (int[]){2, 0, 1}))
VALUE(broadcast, make_broadcast(g, data(g, "2 1", LIST(1, 2)), shape(g, "2 2 2")))
VALUE(slice, make_slice(g, six(g), -1, 1, (Dim){2, 0}))
VALUE(pad, make_pad(g, six(g), 1, 1, 0, 9))
VALUE(concat, make_concat(g, (Node *[]){six(g), data(g, "2 1", LIST(8, 9))}, 2, 1))
VALUE(concat_rows, make_concat(g, (Node *[]){data(g, "1 2", LIST(1, 2)), data(g, "2 2", LIST(3, 4, 5, 6))}, 2, 0))
VALUE(unfold, unfolded(g, line(2, 1, 1, 0, 0, 0)))
VALUE(unfold_stride, unfolded(g, line(2, 2, 1, 1, 0, -1)))
VALUE(unfold_dilation, unfolded(g, line(2, 1, 3, 0, 0, 0)))
VALUE(unfold_high, unfolded(g, line(3, 2, 1, 1, 1, 0)))
VALUE(fold, make_fold(g, data(g, "4 2", LIST(1, 2, 3, 4, 5, 6, 7, 8)), (int64_t[]){5}, (Window[]){line(2, 1, 1, 0, 0, 0)}))
VALUE(fold_padded, make_fold(g, data(g, "3 2", LIST(1, 2, 3, 4, 5, 6)), (int64_t[]){4}, (Window[]){line(2, 2, 1, 1, 1, 0)}))
VALUE(matmul, make_contract(g, "ik", "kj", "ij", six(g), data(g, "3 2", LIST(1, 0, 0, 1, 1, 1))))
VALUE(matmul_turned, make_contract(g, "ki", "kj", "ji", six(g), data(g, "2 2", LIST(1, 2, 3, 4))))
VALUE(batched, make_contract(g, "bk", "bk", "b", six(g), six(g)))
VALUE(outer, make_contract(g, "i", "j", "ij", data(g, "2", LIST(1, 2)), data(g, "2", LIST(3, 4))))
VALUE(gather, make_gather(g, data(g, "3 2", LIST(1, 2, 3, 4, 5, 6)), data(g, "2", LIST(2, 0))))
VALUE(gather_outside, make_gather(g, data(g, "2", LIST(1, 2)), data(g, "3", LIST(-1, 1, 2))))
VALUE(scatter, make_scatter(g, data(g, "3", LIST(1, 1, 0)), data(g, "3 2", LIST(1, 2, 3, 4, 5, 6)), 3))
VALUE(orthonormal, make_orthonormal(g, data(g, "2 2", LIST(3, 1, 4, 2))))

static const struct { Node *(*make)(Graph *graph); const char *shape; double values[12]; } values[] = {
	{value_iota, "[3]", {0, 1, 2}}, {value_broadcast_operands, "[2, 3]", {9, 8, 7, 19, 18, 17}},
	{value_select, "[3]", {1, 7, 7}},
	{value_max, "[3]", {0, 0, 2}}, {value_less, "[3]", {1, 0, 0}}, {value_equal, "[3]", {0, 1, 0}},
	{value_floor, "[3]", {-2, 2, 2}},
	{value_softplus, "[3]", {0, 0.69314718055994531, 800}}, {value_sigmoid, "[3]", {0, 0.5, 1}},
	{value_pow, "[3]", {1024, 3, 0.5}},
	{value_sum_rows, "[1, 3]", {5, 7, 9}}, {value_sum_columns, "[2, 1]", {6, 15}}, {value_amax, "[2, 1]", {7, -4}},
	{value_argmax, "[2, 1]", {1, 0}}, {value_argmax_rows, "[1, 3]", {1, 0, 1}},
	{value_transpose, "[3, 2]", {1, 4, 2, 5, 3, 6}},
	{value_transpose_three, "[3, 1, 2]", {1, 4, 2, 5, 3, 6}},
	{value_broadcast, "[2, 2, 2]", {1, 1, 2, 2, 1, 1, 2, 2}},
	{value_slice, "[2, 2]", {2, 3, 5, 6}}, {value_pad, "[2, 4]", {9, 1, 2, 3, 9, 4, 5, 6}},
	{value_concat, "[2, 4]", {1, 2, 3, 8, 4, 5, 6, 9}},
	{value_concat_rows, "[3, 2]", {1, 2, 3, 4, 5, 6}}, {value_unfold, "[4, 2]", {1, 2, 2, 3, 3, 4, 4, 5}},
	{value_unfold_stride, "[3, 2]", {-1, 1, 2, 3, 4, 5}}, {value_unfold_dilation, "[2, 2]", {1, 4, 2, 5}},
	{value_unfold_high, "[3, 3]", {0, 1, 2, 2, 3, 4, 4, 5, 0}}, {value_fold, "[5]", {1, 5, 9, 13, 8}},
	{value_fold_padded, "[4]", {2, 3, 4, 5}},
	{value_matmul, "[2, 2]", {4, 5, 10, 11}}, {value_matmul_turned, "[2, 3]", {13, 17, 21, 18, 24, 30}},
	{value_batched, "[2]", {14, 77}},
	{value_outer, "[2, 2]", {3, 4, 6, 8}}, {value_gather, "[2, 2]", {5, 6, 1, 2}},
	{value_gather_outside, "[3]", {0, 2, 0}},
	{value_scatter, "[3, 2]", {5, 6, 4, 6, 0, 0}}, {value_orthonormal, "[2, 2]", {0.6, -0.8, 0.8, 0.6}},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		Context context = {.arena = arena_new(), .messages = stderr};
		Graph *g = graph_new(&context, 4);
		Node *node = values[i].make(g);
		assert_non_null(node);
		assert_string_equal(shape_text(context.arena, &node->shape), values[i].shape);
		Tensor value;
		Feed feed = {.rows = 4};
		ops_evaluate(context.arena, &node, 1, &feed, &value);
		for (int64_t k = 0; k < shape_count(&value.shape); k++)
			if (!(fabs(value.data[k] - values[i].values[k]) <= 1e-14))
				fail_msg("%s number %d, place %d: %g, not %g", node->op->name, (int)i, (int)k,
					value.data[k], values[i].values[k]);
		arena_free(context.arena);
	}
}

/* draws are the generator's numbers: by stream, row and element, whatever the batch */
static void test_uniform(void **state)
{
	(void)state;
	Context context = {.arena = arena_new(), .messages = stderr};
	Graph *g = graph_new(&context, 4);
	Node *roots[] = {make_uniform(g, shape(g, "N 2 3"), 5), make_uniform(g, shape(g, "7"), 6), make_rows(g)};
	Tensor value[3];
	Feed feed = {.rows = 3, .seed = 11, .step = 2};
	ops_evaluate(context.arena, roots, 3, &feed, value);
	for (uint64_t r = 0; r < 3; r++)
		for (uint64_t i = 0; i < 6; i++) assert_true(value[0].data[r * 6 + i] == nn_uniform_at(11, 2, 5, r, i));
	for (uint64_t i = 0; i < 7; i++) assert_true(value[1].data[i] == nn_uniform_at(11, 2, 6, 0, i));
	assert_true(value[2].data[0] == 3);
	arena_free(context.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes), cmocka_unit_test(test_leaves), cmocka_unit_test(test_order),
		cmocka_unit_test(test_registry), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_null), cmocka_unit_test(test_values),
		cmocka_unit_test(test_uniform)};
	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
