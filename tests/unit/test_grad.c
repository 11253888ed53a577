/* test_grad.c: the structure of gradients: which nodes are made, how slices join, what is stamped on them. That their values are
 * right is checked for every primitive in tests/ops. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "grad.h"

typedef struct Made {
	Context context;
	Graph *g;
} Made;

static int start(void **state)
{
	Made *made = test_malloc(sizeof *made);
	*made = (Made){.context = {.arena = arena_new(), .messages = stderr}};
	made->g = graph_new(&made->context, 4);
	*state = made;
	return 0;
}

static int stop(void **state)
{
	Made *made = *state;
	arena_free(made->context.arena);
	test_free(made);
	return 0;
}

static Graph *graph_of(void **state) { return ((Made *)*state)->g; }
static Node *in(Graph *g, const char *name, const char *shape) { return op_case_input(g, name, shape); }
static Node *part(Graph *g, Node *x, int64_t start, int64_t size) { return make_slice(g, x, 1, start, (Dim){size, 0}); }
static Node *gradient(Graph *g, Node *y, Node *x)
{
	Node *made;
	grad_make(g, y, &x, 1, &made);
	return made;
}

static void test_no_path(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "N 3"), *y = in(g, "y", "N 3");
	assert_null(gradient(g, make_unary(g, &op_exp, x), y));
	assert_null(gradient(g, make_stop(g, x), x));
	assert_null(gradient(g, make_reduce(g, &op_argmax, x, 2), x));
	assert_null(gradient(g, make_binary(g, &op_less, x, y), x));
	Node *later = make_unary(g, &op_exp, x);
	assert_null(gradient(g, x, later));
}

static void test_of_itself(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "N 3"), *one = gradient(g, x, x);
	assert_ptr_equal(one->op, &op_const);
	assert_true(one->at.value == 1 && shape_equal(&one->shape, &x->shape));
}

/* the gradient of what lies between, and of it alone: nothing is made below it */
static void test_only_wanted_paths(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "N 3"), *w = in(g, "w", "3 5"), *h = make_unary(g, &op_tanh, x);
	Node *y = make_contract(g, "nk", "ko", "no", h, w);
	int before = g->count;
	assert_non_null(gradient(g, y, w));
	assert_int_equal(g->count - before, 2); /* ones, and one contraction */
	before = g->count;
	assert_non_null(gradient(g, y, h));
	assert_int_equal(g->count - before, 2);
}

static void test_disjoint_slices(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "N 9");
	Node *y = make_binary(g, &op_mul, part(g, x, 6, 2), part(g, x, 1, 2));
	Node *made = gradient(g, y, x);
	assert_ptr_equal(made->op, &op_concat);
	assert_int_equal(made->arg_count, 5); /* gap, slice, gap, slice, gap */
	assert_true(shape_equal(&made->shape, &x->shape));
	const int64_t sizes[] = {1, 2, 3, 2, 1};
	for (int i = 0; i < 5; i++) {
		assert_int_equal(made->args[i]->shape.dim[1].size, sizes[i]);
		assert_int_equal(made->args[i]->op == &op_const, i % 2 == 0);
	}
}

static void test_overlapping_slices(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "N 9");
	Node *made = gradient(g, make_binary(g, &op_mul, part(g, x, 1, 4), part(g, x, 3, 4)), x);
	assert_ptr_equal(made->op, &op_add);
	assert_ptr_equal(made->args[0]->op, &op_pad);
	assert_ptr_equal(made->args[1]->op, &op_pad);
}

/* slices of the batch: the gaps are whole batches */
static void test_batch_slices(void **state)
{
	Graph *g = graph_of(state);
	Node *x = in(g, "x", "3N 2"), *y = make_slice(g, x, 0, g->batch, (Dim){g->batch, 1}), *made = gradient(g, y, x);
	assert_ptr_equal(made->op, &op_pad);
	assert_true(shape_equal(&made->shape, &x->shape));
	Node *first = make_slice(g, x, 0, 0, (Dim){g->batch, 1});
	made = gradient(g, make_binary(g, &op_mul, y, first), x);
	assert_ptr_equal(made->op, &op_concat);
	assert_true(shape_equal(&made->shape, &x->shape));
}

static void test_stamps(void **state)
{
	Graph *g = graph_of(state);
	static const Source source = {"spec.yaml", "x", 1, false, NULL};
	g->layer = "dense";
	g->place = (Place){&source, 1, 2, 3};
	Node *x = in(g, "x", "N 3"), *y = make_unary(g, &op_tanh, x);
	g->layer = "loss";
	g->place = (Place){&source, 7, 8, 9};
	int before = g->count;
	assert_non_null(gradient(g, y, x));
	for (int i = before; i < g->count; i++) {
		assert_int_equal(g->nodes[i]->phase, PHASE_GRADIENT);
		assert_string_equal(g->nodes[i]->layer, "dense");
		assert_int_equal(g->nodes[i]->place.line, 1);
	}
	assert_string_equal(g->layer, "loss");
	assert_int_equal(g->place.line, 7);
	assert_int_equal(g->phase, PHASE_FORWARD);
}

/* d3 x^4/dx3 = 24 x */
static void test_third_derivative(void **state)
{
	Graph *g = graph_of(state);
	Node *x = make_const(g, 0.5), *y = make_binary(g, &op_pow, x, make_const(g, 4));
	for (int i = 0; i < 3; i++) y = gradient(g, y, x);
	Tensor value;
	Feed feed = {.rows = 1};
	ops_evaluate(g->context->arena, &y, 1, &feed, &value);
	assert_true(value.data[0] > 12 - 1e-12 && value.data[0] < 12 + 1e-12);
}

/* at ties max gives its gradient to the second operand, min to the first, amax to the first
 * place, abs to none */
static void test_ties(void **state)
{
	Graph *g = graph_of(state);
	Node *x = make_const(g, 2), *y = make_const(g, 2), *zero = make_const(g, 0);
	Node *row = make_data(g, op_case_shape(g, "3"), (double[]){1, 5, 5});
	Node *roots[6], *both[2], *wanted[] = {x, y};
	grad_make(g, make_binary(g, &op_max, x, y), wanted, 2, both);
	roots[0] = both[0], roots[1] = both[1];
	grad_make(g, make_binary(g, &op_min, x, y), wanted, 2, both);
	roots[2] = both[0], roots[3] = both[1];
	roots[4] = gradient(g, make_reduce(g, &op_amax, row, 1), row);
	roots[5] = gradient(g, make_unary(g, &op_abs, zero), zero);
	Tensor values[6];
	Feed feed = {.rows = 1};
	ops_evaluate(g->context->arena, roots, 6, &feed, values);
	const double expected[] = {0, 1, 1, 0};
	for (int i = 0; i < 4; i++) assert_true(values[i].data[0] == expected[i]);
	assert_true(values[4].data[0] == 0 && values[4].data[1] == 1 && values[4].data[2] == 0);
	assert_true(values[5].data[0] == 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)
	const struct CMUnitTest tests[] = {TEST(test_no_path), TEST(test_of_itself), TEST(test_only_wanted_paths),
		TEST(test_disjoint_slices), TEST(test_overlapping_slices), TEST(test_batch_slices), TEST(test_stamps),
		TEST(test_third_derivative), TEST(test_ties)};
	return cmocka_run_group_tests_name("grad", tests, NULL, NULL);
}
