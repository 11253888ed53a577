/* test_pass.c: what passes make of small graphs, as text: "add(a, 2)"; what they keep; what they cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "grad.h"
#include "pass.h"

/* --- a graph as text: op(arguments), inputs by name, numbers as numbers, [shape] where an op asks for one */

static const char *text_of(Arena *arena, const Node *node)
{
	if (node->op == &op_input) return node->at.name;
	if (is_number(node)) return arena_format(arena, "%g", node->at.value);
	if (node->op == &op_const) return arena_format(arena, "data%s", shape_text(arena, &node->shape));
	const char *text = arena_format(arena, "%s(", node->op->name);
	for (int i = 0; i < node->arg_count; i++)
		text = arena_format(arena, "%s%s%s", text, i ? ", " : "", text_of(arena, node->args[i]));
	if (node->op == &op_contract)
		text = arena_format(arena, "%s; %s,%s->%s", text, node->at.a, node->at.b, node->at.o);
	if (node->op == &op_slice)
		text = arena_format(arena, "%s; %d:%lld+%lld", text, node->at.axis, (long long)node->at.start,
			(long long)node->shape.dim[node->at.axis].size);
	return arena_format(arena, "%s)%s", text,
		node->op == &op_reshape || node->op == &op_broadcast ? shape_text(arena, &node->shape) : "");
}

static Node *in(Graph *g, const char *name, const char *shape) { return op_case_input(g, name, shape); }
static Node *as(Graph *g, Node *x, const char *shape) { return make_reshape(g, x, op_case_shape(g, shape)); }
static Node *to(Graph *g, Node *x, const char *shape) { return make_broadcast(g, x, op_case_shape(g, shape)); }
static Node *full(Graph *g, const char *shape, double value) { return make_full(g, op_case_shape(g, shape), value); }
static Node *number(Graph *g, double value) { return make_const(g, value); }
static Node *a(Graph *g) { return in(g, "a", "N 3"); }
static Node *b(Graph *g) { return in(g, "b", "N 3"); }
static Node *sum(Graph *g, Node *x, unsigned axes) { return make_reduce(g, &op_sum, x, axes); }
static Node *part(Graph *g, Node *x, int axis, int64_t start, int64_t size)
{
	return make_slice(g, x, axis, start, (Dim){size, 0});
}
#define TWO(op, x, y) make_binary(g, &op_##op, x, y)
#define ONE(op, x) make_unary(g, &op_##op, x)
#define RULE(id, expression) \
	static Node *rule_##id(Graph *g) { return expression; }

RULE(add_zero, TWO(add, a(g), number(g, 0)))
RULE(zero_add, TWO(add, full(g, "N 3", 0), in(g, "c", "3")))
RULE(sub_zero, TWO(sub, a(g), full(g, "3", 0)))
RULE(zero_sub, TWO(sub, number(g, 0), a(g)))
RULE(times_one, TWO(mul, number(g, 1), a(g)))
RULE(times_zero, TWO(mul, a(g), number(g, 0)))
RULE(times_minus_one, TWO(mul, a(g), number(g, -1)))
RULE(over_one, TWO(div, a(g), number(g, 1)))
RULE(double_neg, ONE(neg, ONE(neg, a(g))))
RULE(minus_neg, TWO(sub, a(g), ONE(neg, b(g))))
RULE(plus_neg, TWO(add, a(g), ONE(neg, b(g))))
RULE(numbers, TWO(add, TWO(mul, number(g, 3), number(g, 4)), ONE(sqrt, number(g, 4))))
RULE(power_two, TWO(pow, a(g), number(g, 2)))
RULE(stop, make_stop(g, a(g)))
RULE(select_known, make_select(g, number(g, 1), a(g), b(g)))
RULE(select_same, make_select(g, b(g), a(g), a(g)))
RULE(truth, TWO(sub, number(g, 1), TWO(equal, TWO(less, a(g), b(g)), number(g, 0))))
RULE(not_truth, TWO(sub, number(g, 1), TWO(equal, a(g), number(g, 0))))
RULE(contract_zero, make_contract(g, "nk", "ko", "no", a(g), full(g, "3 5", 0)))
RULE(reshape_reshape, as(g, as(g, a(g), "N 3 1"), "3N"))
RULE(reshape_back, as(g, as(g, a(g), "3N"), "N 3"))
RULE(transpose_twice, make_transpose(g, make_transpose(g, in(g, "a", "2 3 5"), (int[]){2, 0, 1}), (int[]){1, 2, 0}))
RULE(transpose_merge, make_transpose(g, make_transpose(g, in(g, "a", "2 3 5"), (int[]){2, 0, 1}), (int[]){2, 1, 0}))
RULE(transpose_ones, make_transpose(g, in(g, "a", "N 1 3"), (int[]){1, 0, 2}))
RULE(transpose_batch, make_transpose(g, in(g, "a", "N 3"), (int[]){1, 0}))
RULE(broadcast_operand, TWO(add, a(g), to(g, in(g, "c", "3"), "N 3")))
RULE(broadcast_both, TWO(add, to(g, in(g, "c", "3"), "N 3"), to(g, in(g, "d", "1"), "N 3")))
RULE(broadcast_twice, to(g, to(g, in(g, "c", "3"), "2 3"), "N 2 3"))
RULE(spread_scalar, TWO(mul, to(g, in(g, "s", ""), "N 3"), TWO(add, to(g, in(g, "t", "1"), "N 3"), number(g, 2))))
RULE(slice_slice, part(g, part(g, in(g, "a", "N 9"), 1, 2, 6), 1, 1, 3))
RULE(slice_all, part(g, a(g), 1, 0, 3))
RULE(slice_concat, part(g, make_concat(g, (Node *[]){a(g), b(g)}, 2, 1), 1, 4, 2))
RULE(slice_concat_across, part(g, make_concat(g, (Node *[]){a(g), b(g)}, 2, 1), 1, 2, 2))
RULE(slice_pad, part(g, make_pad(g, a(g), 1, 2, 2, 0), 1, 3, 2))
RULE(concat_slices, make_concat(g, (Node *[]){part(g, a(g), 1, 0, 1), part(g, a(g), 1, 1, 2)}, 2, 1))
RULE(concat_slices_mixed, make_concat(g, (Node *[]){part(g, a(g), 1, 1, 2), part(g, a(g), 1, 0, 1)}, 2, 1))
RULE(sum_of_one, sum(g, in(g, "a", "N 1"), 2))
RULE(one_tap, make_unfold(g, in(g, "a", "N 5 3"), &(Window){.axis = 1, .rank = 1, .size = {1}, .stride = {1}, .dilation = {2}}))
RULE(padded_tap, make_unfold(g, in(g, "a", "N 5 3"), &(Window){.axis = 1, .rank = 1, .size = {1}, .stride = {1}, .dilation = {1}, .low = {1}}))
RULE(mask, TWO(mul, in(g, "a", "N 3 3"), TWO(less, make_places(g, &(Shape){.rank = 2, .dim = {{3, 0}, {1, 0}}}, 0), make_iota(g, 3))))
RULE(pool_count, TWO(div, in(g, "a", "5 N"), sum(g, make_unfold(g, full(g, "5", 1), &(Window){.axis = 0, .rank = 1, .size = {2}, .stride = {1}, .dilation = {1}, .low = {1}}), 2)))
RULE(counter, TWO(equal, in(g, "i_index5", "N 1"), make_iota(g, 5)))
RULE(draws, TWO(sub, make_uniform(g, op_case_shape(g, "3"), 0), make_uniform(g, op_case_shape(g, "3"), 0)))
static Node *rule_shared(Graph *g)
{
	Node *first = TWO(add, a(g), b(g)), *second = TWO(add, b(g), a(g));
	return TWO(mul, first, second);
}
/* last bits */
RULE(twice, TWO(add, a(g), a(g)))
RULE(factor, sum(g, TWO(mul, a(g), in(g, "r", "N 1")), 2))
RULE(no_factor, sum(g, TWO(mul, a(g), in(g, "c", "3")), 2))
RULE(divisor, sum(g, TWO(div, a(g), in(g, "s", "")), 3))
RULE(neg_leaves, sum(g, ONE(neg, a(g)), 2))
RULE(deviation, sum(g, TWO(sub, a(g), TWO(div, sum(g, a(g), 2), number(g, 3))), 2))
RULE(no_deviation, sum(g, TWO(sub, a(g), TWO(div, sum(g, a(g), 2), number(g, 4))), 2))
RULE(batch_deviation, sum(g, TWO(sub, a(g), TWO(div, sum(g, a(g), 1), make_rows(g))), 1))
RULE(batch_no_deviation, sum(g, TWO(sub, a(g), TWO(div, sum(g, a(g), 1), number(g, 4))), 1))
RULE(onehot, sum(g, TWO(equal, in(g, "i_index5", "N 1"), make_iota(g, 5)), 2))
RULE(no_onehot, sum(g, TWO(equal, in(g, "i", "N 1"), make_iota(g, 5)), 2))
RULE(count_rows, sum(g, full(g, "N 3", 2), 3))
static Node *rows_product(Graph *g) { return make_contract(g, "nk", "no", "nko", a(g), in(g, "d", "N 4")); }
RULE(product_sum, sum(g, rows_product(g), 1))
RULE(product_no_sum, sum(g, rows_product(g), 2))
RULE(pieces_sum, sum(g, make_concat(g, (Node *[]){rows_product(g), in(g, "e", "N 3 2")}, 2, 2), 1))
RULE(small_together, TWO(mul, TWO(mul, a(g), in(g, "s", "")), in(g, "t", "")))

static const struct { const char *name; Node *(*make)(Graph *graph); const char *text; } rules[] = {
	{"a + 0", rule_add_zero, "a"}, {"0 + c, spread", rule_zero_add, "broadcast(c)[batch, 3]"},
	{"a - 0", rule_sub_zero, "a"},
	{"0 - a", rule_zero_sub, "neg(a)"}, {"1 a", rule_times_one, "a"}, {"0 a", rule_times_zero, "0"},
	{"-1 a", rule_times_minus_one, "neg(a)"},
	{"a / 1", rule_over_one, "a"}, {"--a", rule_double_neg, "a"}, {"a - -b", rule_minus_neg, "add(a, b)"},
	{"a + -b", rule_plus_neg, "sub(a, b)"},
	{"numbers", rule_numbers, "14"}, {"a^2", rule_power_two, "mul(a, a)"}, {"stop", rule_stop, "a"},
	{"select by a number", rule_select_known, "a"},
	{"select of the same", rule_select_same, "a"}, {"a truth value is not 0", rule_truth, "less(a, b)"},
	{"a number is not 0", rule_not_truth, "sub(1, equal(a, 0))"}, {"contraction with 0", rule_contract_zero, "0"},
	{"reshape of reshape", rule_reshape_reshape, "reshape(a)[3*batch]"},
	{"reshape and back", rule_reshape_back, "a"},
	{"transpose and back", rule_transpose_twice, "a"}, {"transposes merge", rule_transpose_merge, "transpose(a)"},
	{"transpose of ones", rule_transpose_ones, "reshape(a)[1, batch, 3]"},
	{"transpose of the batch", rule_transpose_batch, "transpose(a)"},
	{"operand without its broadcast", rule_broadcast_operand, "add(a, c)"},
	{"one broadcast stays", rule_broadcast_both, "add(c, broadcast(d)[batch, 3])"},
	{"broadcast of broadcast", rule_broadcast_twice, "broadcast(c)[batch, 2, 3]"},
	{"work on scalars", rule_spread_scalar, "broadcast(mul(s, add(reshape(t)[], 2)))[batch, 3]"},
	{"slice of slice", rule_slice_slice, "slice(a; 1:3+3)"},
	{"slice of all", rule_slice_all, "a"}, {"slice of concat", rule_slice_concat, "slice(b; 1:1+2)"},
	{"slice across a concat", rule_slice_concat_across, "slice(concat(a, b); 1:2+2)"},
	{"slice of pad", rule_slice_pad, "slice(a; 1:1+2)"},
	{"concat of all slices", rule_concat_slices, "a"},
	{"concat of slices in another order", rule_concat_slices_mixed, "concat(slice(a; 1:1+2), slice(a; 1:0+1))"},
	{"sum of one", rule_sum_of_one, "a"}, {"window of one tap", rule_one_tap, "reshape(a)[batch, 5, 1, 3]"},
	{"padded tap", rule_padded_tap, "unfold(a)"},
	{"mask", rule_mask, "mul(a, data[3, 3])"}, {"pool count", rule_pool_count, "div(a, data[5, 1])"},
	{"counter", rule_counter, "equal(i_index5, iota())"},
	{"draws", rule_draws, "sub(uniform(), uniform())"},
	{"common subexpression", rule_shared, "mul(add(a, b), add(a, b))"},
	{"a + a", rule_twice, "mul(a, 2)"}, {"a factor leaves its sum", rule_factor, "mul(sum(a), r)"},
	{"a factor stays", rule_no_factor, "sum(mul(a, c))"},
	{"a divisor leaves its sum", rule_divisor, "div(sum(a), s)"},
	{"neg leaves a sum", rule_neg_leaves, "neg(sum(a))"}, {"sum of deviations", rule_deviation, "0"},
	{"no mean", rule_no_deviation, "sum(sub(a, div(sum(a), 4)))"},
	{"sum of deviations over the batch", rule_batch_deviation, "0"},
	{"no mean of live rows", rule_batch_no_deviation, "sum(sub(a, div(sum(a), 4)))"},
	{"sum of one-hot", rule_onehot, "1"},
	{"sum of what is no class", rule_no_onehot, "sum(equal(i, iota()))"},
	{"sum of a number", rule_count_rows, "broadcast(mul(rows(), 6))[1, 1]"},
	{"a sum of products", rule_product_sum, "reshape(contract(a, d; nk,no->ko))[1, 3, 4]"},
	{"one factor has the axis", rule_product_no_sum, "sum(contract(a, d; nk,no->nko))"},
	{"pieces with a product", rule_pieces_sum, "concat(reshape(contract(a, d; nk,no->ko))[1, 3, 4], sum(e))"},
	{"scalars gather", rule_small_together, "mul(a, mul(s, t))"},
};

typedef struct Simplified {
	Context context;
	Graph *graph;
	Program program;
	Output output;
} Simplified;

static void start(Simplified *s, int64_t batch)
{
	*s = (Simplified){.context = {.arena = arena_new(), .messages = stderr}, .program = {.name = "test", .output_count = 1}};
	s->graph = s->program.graph = graph_new(&s->context, batch);
	s->program.outputs = &s->output;
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		Simplified s;
		start(&s, 4);
		s.output.node = rules[i].make(s.graph);
		assert_int_equal(s.context.errors, 0);
		pass_simplify(&s.context, &s.program);
		const char *text = text_of(s.context.arena, s.output.node);
		if (strcmp(text, rules[i].text)) fail_msg("%s: %s, not %s", rules[i].name, text, rules[i].text);
		if (pass_simplify(&s.context, &s.program)) fail_msg("%s: not simple yet", rules[i].name);
		assert_int_equal(s.context.errors, 0);
		arena_free(s.context.arena);
	}
}

/* --- gradients get back their textbook forms */

/* the simplified gradient of y by its input, as text */
static const char *gradient_text(Simplified *s, Node *y, Node *x)
{
	Node *gradient;
	grad_make(s->graph, y, &x, 1, &gradient);
	s->output.node = gradient;
	pass_simplify(&s->context, &s->program);
	return text_of(s->context.arena, s->output.node);
}

static int count_ops(Simplified *s, const Op *op)
{
	int n, found = 0;
	Node **order = graph_order(s->context.arena, &s->output.node, 1, &n);
	for (int i = 0; i < n; i++) found += order[i]->op == op;
	return found;
}

/* d mean(softmax cross-entropy) / d logits = (softmax - onehot)/n: no sum but the softmax's own */
static void test_cross_entropy(void **state)
{
	(void)state;
	Simplified s;
	start(&s, 4);
	Graph *g = s.graph;
	Node *z = in(g, "z", "N 5"), *onehot = TWO(equal, in(g, "i_index5", "N 1"), make_iota(g, 5));
	Node *low = TWO(sub, z, make_stop(g, make_reduce(g, &op_amax, z, 2)));
	Node *p = TWO(sub, low, ONE(log, sum(g, ONE(exp, low), 2)));
	Node *loss = TWO(div, sum(g, ONE(neg, sum(g, TWO(mul, onehot, p), 2)), 3), make_rows(g));
	assert_string_equal(gradient_text(&s, loss, z),
		"sub(mul(mul(div(1, sum(exp(sub(z, amax(z))))), div(1, rows())), exp(sub(z, amax(z)))), mul(div(1, "
		"rows()), equal(i_index5, iota())))");
	assert_int_equal(count_ops(&s, &op_sum), 1);
	assert_int_equal(count_ops(&s, &op_log), 0);
	arena_free(s.context.arena);
}

/* batch normalisation: two sums over the batch for its statistics, two for its gradient */
static void test_batch_norm(void **state)
{
	(void)state;
	Simplified s;
	start(&s, 4);
	Graph *g = s.graph;
	Node *x = in(g, "x", "N 4 4 3"), *count = TWO(mul, make_rows(g), number(g, 16));
	Node *deviation = TWO(sub, x, TWO(div, sum(g, x, 7), count));
	Node *variance = TWO(div, sum(g, TWO(mul, deviation, deviation), 7), count);
	Node *y = TWO(add,
		TWO(mul, TWO(div, deviation, ONE(sqrt, TWO(add, variance, number(g, 1e-3)))), in(g, "gamma", "3")),
		in(g, "beta", "3"));
	Node *loss = sum(g, TWO(mul, y, in(g, "g", "N 4 4 3")), 15);
	gradient_text(&s, loss, x);
	assert_int_equal(count_ops(&s, &op_sum), 4);
	arena_free(s.context.arena);
}

/* --- what passes keep */

static void test_stamps(void **state)
{
	(void)state;
	static const Source source = {"spec.yaml", "x", 1, false, NULL};
	Simplified s;
	start(&s, 4);
	Graph *g = s.graph;
	g->layer = "dense";
	g->phase = PHASE_GRADIENT;
	g->place = (Place){&source, 3, 4, 5};
	s.output.node = TWO(add, ONE(exp, TWO(mul, a(g), number(g, 1))), TWO(mul, b(g), number(g, -1)));
	g->layer = "other";
	g->phase = PHASE_UPDATE;
	g->place = (Place){0};
	pass_simplify(&s.context, &s.program);
	assert_string_equal(text_of(s.context.arena, s.output.node), "sub(exp(a), b)");
	for (Node *node = s.output.node; node->arg_count; node = node->args[0]) {
		assert_string_equal(node->layer, "dense");
		assert_int_equal(node->phase, PHASE_GRADIENT);
		assert_ptr_equal(node->place.source, &source);
		assert_int_equal(node->place.line, 3);
	}
	assert_string_equal(g->layer, "other");
	assert_int_equal(g->phase, PHASE_UPDATE);
	arena_free(s.context.arena);
}

static void test_assignments(void **state)
{
	(void)state;
	Simplified s;
	start(&s, 4);
	Graph *g = s.graph;
	Variable w = {.path = "w", .shape = op_case_shape(g, "3 2")};
	Assignment assignment = {&w, TWO(sub, make_variable(g, &w), TWO(mul, number(g, 0), in(g, "x", "3 2")))};
	s.output.node = NULL; /* an output that was not made is skipped */
	s.program.assignments = &assignment;
	s.program.assignment_count = 1;
	assert_true(pass_simplify(&s.context, &s.program));
	assert_ptr_equal(assignment.node, make_variable(g, &w));
	assert_null(s.output.node);
	arena_free(s.context.arena);
}

/* a thousand dense layers with their gradients: near linear, so a second of processor time is far too much */
static void test_deep(void **state)
{
	(void)state;
	enum { LAYERS = 1000 };
	static Variable variables[LAYERS];
	static Node *weights[LAYERS], *gradients[LAYERS];
	static Output outputs[LAYERS];
	Simplified s;
	start(&s, 4);
	Graph *g = s.graph;
	Node *x = in(g, "x", "N 8");
	clock_t begin = clock();
	for (int i = 0; i < LAYERS; i++) {
		variables[i] = (Variable){.path = "kernel", .shape = op_case_shape(g, "8 8")};
		weights[i] = make_variable(g, &variables[i]);
		x = TWO(max, make_contract(g, "nk", "ko", "no", x, weights[i]), number(g, 0));
	}
	grad_make(g, x, weights, LAYERS, gradients);
	for (int i = 0; i < LAYERS; i++) outputs[i] = (Output){.name = "gradient", .node = gradients[i]};
	s.program.outputs = outputs;
	s.program.output_count = LAYERS;
	pass_simplify(&s.context, &s.program);
	double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
	if (seconds > 1) fail_msg("%.2f s", seconds);
	int count, n;
	Node **roots = pass_roots(s.context.arena, &s.program, &count);
	graph_order(s.context.arena, roots, count, &n);
	assert_in_range(n, 6 * LAYERS, 8 * LAYERS); /* weight, contract, max; less, mul, two contractions */
	arena_free(s.context.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_cross_entropy), cmocka_unit_test(test_batch_norm),
		cmocka_unit_test(test_stamps), cmocka_unit_test(test_assignments), cmocka_unit_test(test_deep)};
	return cmocka_run_group_tests_name("pass", tests, NULL, NULL);
}
