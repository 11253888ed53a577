/* test_ops.c: every case of every family of primitives: shapes, a short last batch, first and second gradients against central
 * differences in double, and the passes. A test a case and check; a new file in ops/ is tested without being named here. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "op_test.h"

typedef struct Setting {
	Context context;
	Graph *graph;
	Node *root;
	Inputs inputs;
} Setting;

static void make_case(Setting *s, const OpCase *op_case, int64_t batch)
{
	*s = (Setting){.context = {.arena = arena_new(), .messages = stderr}};
	s->graph = graph_new(&s->context, batch);
	s->root = op_case->make(s->graph);
	assert_int_equal(s->context.errors, 0);
	assert_non_null(s->root);
	graph_verify(s->graph, &s->root, 1, "make");
}

static void drop_case(Setting *s) { arena_free(s->context.arena); }

static Tensor value_at(Setting *s, int64_t rows, Node *node)
{
	Tensor value;
	Feed feed = inputs_feed(&s->inputs, s->context.arena, s->graph, rows);
	ops_evaluate(s->context.arena, &node, 1, &feed, &value);
	return value;
}

/* n live rows of a batch of N are worth what a batch of n is */
static void test_short_batch(void **state)
{
	Setting full, small;
	make_case(&full, *state, TEST_BATCH);
	for (int rows = 1; rows < TEST_BATCH; rows++) {
		make_case(&small, *state, rows);
		Tensor a = value_at(&full, rows, full.root), b = value_at(&small, rows, small.root);
		assert_true(largest_difference(&a, &b) == 0);
		drop_case(&small);
	}
	drop_case(&full);
}

/* --- differences */

enum { DIFFERENCED = 7 }; /* places of each input that are moved */

/* The slope of the scalar y along one number, by central differences (4th order); NAN near a kink. */
static double slope(Setting *s, const Feed *feed, Node *y, double *number)
{
	double middle = *number, at[4], h = 1e-4;
	const double steps[4] = {-2, -1, 1, 2};
	for (int i = 0; i < 4; i++) {
		*number = middle + steps[i] * h;
		at[i] = evaluate_scalar(&s->inputs, feed, y);
	}
	*number = middle;
	double here = evaluate_scalar(&s->inputs, feed, y);
	double left = (here - at[1]) / h, right = (at[2] - here) / h, wide = (at[3] - at[0]) / (4 * h),
	       narrow = (at[2] - at[1]) / (2 * h);
	double scale = fmax(1, fmax(fabs(left), fabs(right)));
	if (fabs(left - right) > 1e-2 * scale || fabs(wide - narrow) > 1e-3 * scale) return NAN;
	return (4 * narrow - wide) / 3;
}

static int inputs_of(const Graph *graph, Node **list)
{
	int n = 0;
	for (int i = 0; i < graph->count; i++) {
		Node *node = graph->nodes[i];
		if (node->op == &op_input && !node->integer && strncmp(node->at.name, "weights", 7)) list[n++] = node;
	}
	return n;
}

/* Does a graph hold an op through which nothing is differentiated, by intention? Then differences see more than gradients. */
static bool cuts_gradients(const Graph *graph)
{
	for (int i = 0; i < graph->count; i++)
		if (graph->nodes[i]->op == &op_stop || graph->nodes[i]->op == &op_orthonormal) return true;
	return false;
}

/* The gradients of y by all inputs of the case are its slopes, with `rows` live rows. */
static void check_slopes(
	Setting *s, Node *y, Node **inputs, Node **gradients, int count, int64_t rows, const char *what)
{
	Feed feed = inputs_feed(&s->inputs, s->context.arena, s->graph, rows);
	for (int k = 0; k < count; k++) {
		Tensor *x = inputs_find(&s->inputs, inputs[k]), g = {0};
		if (!gradients[k] && cuts_gradients(s->graph)) continue;
		if (gradients[k]) ops_evaluate(s->context.arena, &gradients[k], 1, &feed, &g);
		Shape live = shape_live(&x->shape, rows);
		int64_t size = shape_count(&live), step = size / DIFFERENCED + 1;
		for (int64_t i = 0; i < size; i += step) {
			double expected = slope(s, &feed, y, &x->data[i]), got = gradients[k] ? g.data[i] : 0;
			if (isnan(expected) || fabs(got - expected) <= 2e-6 * fmax(1, fabs(expected))) continue;
			fail_msg("%s by %s at %lld: %.9g, differences say %.9g", what, inputs[k]->at.name, (long long)i,
				got, expected);
		}
	}
}

static void test_gradient(void **state)
{
	Setting s;
	Node *inputs[16], *gradients[16];
	make_case(&s, *state, TEST_BATCH);
	int count = inputs_of(s.graph, inputs);
	Node *y = weighted_sum(s.graph, s.root, "");
	grad_make(s.graph, y, inputs, count, gradients);
	assert_int_equal(s.context.errors, 0);
	graph_verify(s.graph, gradients, count, "grad");
	for (int i = 0; i < count; i++)
		if (gradients[i]) assert_true(shape_equal(&gradients[i]->shape, &inputs[i]->shape));
	check_slopes(&s, y, inputs, gradients, count, TEST_BATCH, "gradient");
	check_slopes(&s, y, inputs, gradients, count, TEST_BATCH - 1, "gradient of a short batch");
	drop_case(&s);
}

static void test_second_gradient(void **state)
{
	Setting s;
	Node *inputs[16], *gradients[16], *second[16], *z = NULL;
	make_case(&s, *state, TEST_BATCH);
	int count = inputs_of(s.graph, inputs);
	grad_make(s.graph, weighted_sum(s.graph, s.root, ""), inputs, count, gradients);
	for (int i = 0; i < count; i++) {
		if (!gradients[i]) continue;
		Node *part = weighted_sum(s.graph, gradients[i], arena_format(s.context.arena, "%d", i));
		part = make_reshape(s.graph, part, (Shape){0});
		z = z ? make_binary(s.graph, &op_add, z, part) : part;
	}
	if (z) {
		grad_make(s.graph, z, inputs, count, second);
		assert_int_equal(s.context.errors, 0);
		check_slopes(&s, z, inputs, second, count, TEST_BATCH - 1, "second gradient");
	}
	drop_case(&s);
}

/* --- passes: every one of them, and all together, leave outputs and gradients as they were */

typedef bool Pass(Context *context, Program *program);

static Program program_of(Setting *s, Output *outputs)
{
	Node *inputs[16], *gradients[16];
	Program program = {.name = "case", .training = true, .graph = s->graph, .outputs = outputs};
	int count = inputs_of(s->graph, inputs);
	grad_make(s->graph, weighted_sum(s->graph, s->root, ""), inputs, count, gradients);
	outputs[program.output_count++] = (Output){.name = "y", .node = s->root};
	for (int i = 0; i < count; i++)
		if (gradients[i]) outputs[program.output_count++] = (Output){.name = inputs[i]->at.name, .node = gradients[i]};
	return program;
}

static void test_passes(void **state)
{
	static Pass *const passes[] = {pass_fold, pass_share, pass_algebra, pass_windows, pass_constants, pass_scan, pass_hoist, pass_tables, pass_simplify};
	for (size_t p = 0; p < sizeof passes / sizeof *passes; p++) {
		Setting s;
		Output outputs[17];
		Tensor before[17], after[17];
		make_case(&s, *state, TEST_BATCH);
		Program program = program_of(&s, outputs);
		for (int i = 0; i < program.output_count; i++)
			before[i] = value_at(&s, TEST_BATCH - 1, outputs[i].node);
		passes[p](&s.context, &program);
		assert_int_equal(s.context.errors, 0);
		int root_count;
		Node **roots = pass_roots(s.context.arena, &program, &root_count);
		graph_verify(s.graph, roots, root_count, "a pass");
		for (int i = 0; i < program.output_count; i++) {
			after[i] = value_at(&s, TEST_BATCH - 1, outputs[i].node);
			double difference = largest_difference(&before[i], &after[i]);
			if (!(difference <= 1e-12))
				fail_msg("pass %d changes %s by %g", (int)p, outputs[i].name, difference);
		}
		drop_case(&s);
	}
}

/* --- all cases of all families, times all checks */

static const struct { const char *name; CMUnitTestFunction test; } checks[] = {
	{"short batch", test_short_batch}, {"gradient", test_gradient}, {"second gradient", test_second_gradient},
	{"passes", test_passes},
};

int main(void)
{
	Arena *arena = arena_new();
	int count = 0, capacity = 0;
	struct CMUnitTest *tests = NULL;
	for (int f = 0; op_families[f]; f++)
		for (int c = 0; c < op_families[f]->case_count; c++)
			for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
				const OpCase *op_case = &op_families[f]->cases[c];
				tests = arena_grow(arena, tests, count, &capacity, sizeof *tests);
				tests[count++] =
					(struct CMUnitTest){arena_format(arena, "%s: %s: %s", op_families[f]->name,
				                                    op_case->name, checks[k].name),
						checks[k].test, NULL, NULL, (void *)op_case};
			}
	int failed = _cmocka_run_group_tests("ops", tests, (size_t)count, NULL, NULL);
	arena_free(arena);
	return failed;
}
