/* test_recurrence.c: scan, once and cells in the language: numbers worked out by hand, names of weights, and what the passes
 * leave in the body of a scan. Keras's numbers stand in tests/reference. */
#include <math.h>
#include "build_support.h"
#include "pass.h"

#define SUMS "model:\n  inputs: {x: [4, 2]}\n  graph:\n    add(s, i): \"[s[0] + i, s[0]]\"\n"

static Built good(const char *text)
{
	Built built = built_from(text, true);
	if (built.context.errors) fail_msg("%s", built.messages);
	return built;
}

static Program *program_of(const Built *built, const char *name)
{
	for (int i = 0; i < built->network->program_count; i++)
		if (!strcmp(built->network->programs[i]->name, name)) return built->network->programs[i];
	fail_msg("no program %s", name);
	return NULL;
}

static void check_values(const char *text, const double *expected, int count)
{
	static const double x[8] = {1, 10, 2, 20, 3, 30, 4, 40}; /* [4, 2] */
	Built built = good(text);
	Program *predict = program_of(&built, "predict");
	const double *y = built_evaluate(&built, predict, built_output(predict, "y"), 1, (Given[]){{"x", x}, {NULL, NULL}});
	for (int i = 0; i < count; i++) assert_true(y[i] == expected[i]);
	built_free(&built);
}

static void test_sums(void **state)
{
	(void)state;
	check_values(SUMS "    y: scan(add, [0, none], x)[0][0]\n", (double[]){10, 100}, 2);
	check_values(SUMS "    y: scan(add, [0, none], x)[0][1]\n", (double[]){6, 60}, 2);
	check_values(SUMS "    y: scan(add, [100, none], x)[1][0]\n", (double[]){101, 110, 103, 130, 106, 160, 110, 200}, 8);
	check_values(SUMS "    y: scan(add, [0, none], x, reverse=true)[1][0]\n", (double[]){10, 100, 9, 90, 7, 70, 4, 40}, 8);
	check_values(SUMS "    y: scan(add, [0, none], x, axis=2)[1][1]\n", (double[]){0, 1, 0, 2, 0, 3, 0, 4}, 8);
	check_values(SUMS "    y: scan(add, [x[:, 0], none], x[:, 1:])[0][0] + flip(x, 1)[:, 0]\n", (double[]){14, 140}, 2);
}

/* two sequences, a value from outside, a scan within a step */
static void test_steps(void **state)
{
	(void)state;
	check_values("model:\n  inputs: {x: [4, 2]}\n  graph:\n    k: sum(x)\n    f(s, i): \"[s[0] + i[0]*i[1] + k]\"\n"
		"    y: scan(f, [0], [x, x[:, :, :1]])[0][0]\n", (double[]){30 + 4*110, 300 + 4*110}, 2);
	check_values("model:\n  inputs: {x: [4, 2]}\n  graph:\n    inner(s, i): \"[s[0]*2 + i]\"\n"
		"    outer(s, i): \"[scan(inner, [s[0]], reshape(i, [dim(i, 0), 2, 1]))[0][0]]\"\n"
		"    y: scan(outer, [full([dim(x, 0), 1], 1)], x[:, :2])[0][0]\n", (double[]){((1*2 + 1)*2 + 10)*4 + 2*2 + 20}, 1);
}

/* a draw is another one at every step and row; once, the same at every step */
static void test_draws(void **state)
{
	(void)state;
	Built built = good("model:\n  inputs: {x: [4, 2]}\n  graph:\n    f(s, i): \"[once(uniform([dim(i, 0), 1])), uniform([dim(i, 0), 1])]\"\n"
		"    all: scan(f, [none, none], x)[1]\n    y: concat([all[0], all[1]], -1)\n");
	Program *predict = program_of(&built, "predict");
	const double *y = built_evaluate(&built, predict, built_output(predict, "y"), 1, (Given[]){{NULL, NULL}});
	for (int t = 1; t < 4; t++) {
		assert_true(y[2*t] == y[0]);
		for (int k = 0; k < t; k++) assert_true(y[2*t + 1] != y[2*k + 1] && y[2*t + 1] != y[0]);
	}
	built_free(&built);
}

static void test_names(void **state)
{
	static const struct {
		const char *layers, *weights;
	} cases[] = {
		{"[LSTM(2)]", "lstm/lstm_cell/kernel [3, 8]; lstm/lstm_cell/recurrent_kernel [2, 8]; lstm/lstm_cell/bias [8]"},
		{"[GRU(2, name='g', use_bias=false)]", "g/gru_cell/kernel [3, 6]; g/gru_cell/recurrent_kernel [2, 6]"},
		{"[RNN(SimpleRNNCell(2), return_sequences=true), SimpleRNN(1, use_bias=false)]",
			"rnn/simple_rnn_cell/kernel [3, 2]; rnn/simple_rnn_cell/recurrent_kernel [2, 2]; rnn/simple_rnn_cell/bias [2]; "
			"simple_rnn/simple_rnn_cell/kernel [2, 1]; simple_rnn/simple_rnn_cell/recurrent_kernel [1, 1]"},
		{"[Bidirectional(SimpleRNN(2, use_bias=false))]",
			"bidirectional/forward_simple_rnn/simple_rnn_cell/kernel [3, 2]; bidirectional/forward_simple_rnn/simple_rnn_cell/recurrent_kernel [2, 2]; "
			"bidirectional/backward_simple_rnn/simple_rnn_cell/kernel [3, 2]; bidirectional/backward_simple_rnn/simple_rnn_cell/recurrent_kernel [2, 2]"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		Arena *arena = arena_new();
		Built built = good(arena_format(arena, "model:\n  input: [5, 3]\n  layers: %s\n", cases[i].layers));
		assert_string_equal(built_variables(&built, ROLE_WEIGHT), cases[i].weights);
		built_free(&built);
		arena_free(arena);
	}
}

static int count_op(Arena *arena, Node **roots, int root_count, const Op *op, const Node **found)
{
	int count, n = 0;
	Node **order = graph_order(arena, roots, root_count, &count);
	for (int i = 0; i < count; i++)
		if (order[i]->op == op) found[n++] = order[i];
	return n;
}

/* built_from returns its context by value */
static void move_context(Graph *graph, Context *context)
{
	graph->context = context;
	for (int i = 0; i < graph->count; i++)
		if (graph->nodes[i]->op == &op_scan) move_context(graph->nodes[i]->at.body->graph, context);
}

/* One product a step forwards, one backwards; the products of input side, data and weights stand outside; as many nodes for
 * ten thousand steps as for ten. */
static void test_hoisted(void **state)
{
	static const char *const lengths[] = {"10", "10000"};
	int nodes[2];
	(void)state;
	for (int i = 0; i < 2; i++) {
		Arena *arena = arena_new();
		Built built = good(arena_format(arena, "model:\n  input: [%s, 3]\n  layers: [\"LSTM(4, return_sequences=true)\", \"LSTM(4)\"]\n"
			"train: {optimizer: SGD(), loss: mse, batch_size: 2}\n", lengths[i]));
		Program *train = program_of(&built, "train");
		move_context(train->graph, &built.context);
		pass_simplify(&built.context, train);
		int root_count, body_count;
		Node **roots = pass_roots(arena, train, &root_count);
		const Node *scans[8], *products[32];
		assert_int_equal(count_op(arena, roots, root_count, &op_scan, scans), 4);
		for (int s = 0; s < 4; s++) {
			Node **steps = body_roots(arena, scans[s]->at.body, &body_count);
			assert_int_equal(count_op(arena, steps, body_count, &op_contract, products), 1);
		}
		assert_int_equal(count_op(arena, roots, root_count, &op_contract, products), 2 + 1 + 2*2); /* input sides, data, weights */
		graph_order(arena, roots, root_count, &nodes[i]);
		built_free(&built);
		arena_free(arena);
	}
	assert_int_equal(nodes[0], nodes[1]);
}

#define MGU "cells:\n  MGU(units)(x, h=full([dim(x, 0), units], 0)):\n    kernel: weight([dim(x, -1), 2*units], glorot_uniform)\n" \
	"    recurrent_kernel: weight([units, 2*units], orthogonal)\n    xf, xn: split(matmul(x, kernel), 2)\n" \
	"    f: sigmoid(xf + matmul(h, recurrent_kernel[:, :units]))\n    new: tanh(xn + matmul(f*h, recurrent_kernel[:, units:]))\n" \
	"    h': (1 - f)*h + f*new\n"

/* A cell of the spec's own that multiplies by halves of a weight: each half lies as the step reads it, gradients of both are one product
 * over all steps, and no step sums over the batch. */
static void test_own_cell(void **state)
{
	static const char *const layers[] = {"MGU(6)", "GRU(6)", "GRU(6, reset_after=false)"};
	(void)state;
	for (int i = 0; i < 3; i++) {
		Arena *arena = arena_new();
		Built built = good(arena_format(arena, MGU "model:\n  input: [9, 4]\n  layers: [\"%s\"]\ntrain: {optimizer: SGD(), loss: mse, batch_size: 8}\n", layers[i]));
		Program *train = program_of(&built, "train");
		move_context(train->graph, &built.context);
		pass_simplify(&built.context, train);
		int count;
		Node **roots = pass_roots(arena, train, &count);
		const Node *scans[8], *found[64];
		int n = count_op(arena, roots, count, &op_contract, found);
		for (int k = 0; k < n; k++) assert_true(found[k]->shape.dim[0].size != 9 || found[k]->shape.dim[1].rows); /* [time, ..] of no batch */
		assert_int_equal(count_op(arena, roots, count, &op_scan, scans), 2);
		for (int s = 0; s < 2; s++) {
			Node **steps = body_roots(arena, scans[s]->at.body, &count);
			n = count_op(arena, steps, count, &op_contract, found);
			for (int k = 0; k < n; k++) assert_true(found[k]->at.b[1] == found[k]->at.o[1]);
			assert_int_equal(count_op(arena, steps, count, &op_sum, found), 0);
		}
		built_free(&built);
		arena_free(arena);
	}
}

/* An embedding below a cell is a table that is multiplied once, and each step reads the rows it needs: no sequence of rows is stored. */
static void test_rows(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	Built built = good("model:\n  input: {shape: [9], dtype: int32}\n  layers: [\"Embedding(5, 4)\", \"LSTM(6, return_sequences=true)\"]\n");
	Program *predict = program_of(&built, "predict");
	move_context(predict->graph, &built.context);
	pass_simplify(&built.context, predict);
	int root_count, body_count;
	Node **roots = pass_roots(arena, predict, &root_count);
	const Node *found[8];
	assert_int_equal(count_op(arena, roots, root_count, &op_gather, found), 0);
	assert_int_equal(count_op(arena, roots, root_count, &op_scan, found), 1);
	Node **steps = body_roots(arena, found[0]->at.body, &body_count);
	assert_int_equal(count_op(arena, steps, body_count, &op_gather, found), 1);
	assert_int_equal(found[0]->args[0]->shape.dim[1].size, 4*6);
	built_free(&built);
	arena_free(arena);
}

/* One step of a decoder, by itself and in a scan that reads what it was told in training, else its own likeliest word. */
#define WORD "blocks:\n  Word()(word, h, x):\n    moved: Dense(3, name='moved')(concat([h, x], -1)) + Embedding(4, 3, name='table')(word)\n" \
	"    next_h: tanh(moved)\n    shares: Dense(4, activation=softmax, name='outer')(next_h)\n    return: \"[argmax(shares, -1), next_h, shares]\"\n"
#define DECODER WORD "model:\n  inputs: {x: [2], told: {shape: [5], dtype: int32}}\n  graph:\n    write: Word()\n" \
	"    before: concat([full([dim(x, 0), 1], 3), told[:, :-1]], 1)\n    step(s, word): write(word if training else s[0], s[1], x)\n" \
	"    y: scan(step, [before[:, 0], full([dim(x, 0), 3], 0), none], before)[1][2]\n" \
	"train: {loss: mse, optimizer: SGD(), batch_size: 1}\n"
#define ONE_WORD WORD "model:\n  inputs: {x: [2], h: [3], word: {shape: [], dtype: int32}}\n  graph:\n    write: Word()\n    all: write(word, h, x)\n" \
	"    y: concat(all[1:], -1)\n"

/* Greedy decoding is predict step by step, each fed the last one's likeliest word; told the same words, training sees the same. */
static void test_decoder(void **state)
{
	static const double x[2] = {0.3, -0.6}, zeros[5] = {0};
	static const double moved[15] = {0.9, -0.4, 0.2, -0.7, 0.8, 0.5, 0.1, 0.6, -0.9, 1.1, -0.2, 0.3, 0.4, -1.2, 0.7}, outer[12] = {2, -1, 0.5, -0.3,
		-1.5, 2.5, 0.2, 0.7, 0.4, -0.8, 1.9, -2.2}, table[12] = {-1.6, 0.9, 0.8, 0.7, -1.4, 1.5, 1.3, 0.6, -1.8, -0.9, 1.7, 0.2};
	double h[3] = {0}, word = 3, told[5];
	int changes = 0;
	(void)state;
	Built decoder = good(DECODER), step = good(ONE_WORD);
	Program *predict = program_of(&decoder, "predict"), *train = program_of(&decoder, "train"), *one = program_of(&step, "predict");
	Given given[] = {{"x", x}, {"write/moved/kernel", moved}, {"write/moved/bias", zeros}, {"write/outer/kernel", outer}, {"write/outer/bias", zeros},
		{"write/table/embeddings", table}, {"told", told}, {"h", h}, {"word", &word}, {NULL, NULL}};
	for (int t = 0; t < 5; t++) told[t] = t%4; /* not what it writes */
	const double *written = built_evaluate(&decoder, predict, built_output(predict, "y"), 1, given);
	for (int t = 0; t < 5; t++) {
		const double *y = built_evaluate(&step, one, built_output(one, "y"), 1, given), *shares = y + 3;
		int likeliest = 0;
		for (int k = 0; k < 4; k++) assert_true(written[4*t + k] == shares[k]);
		for (int k = 1; k < 4; k++) likeliest = shares[k] > shares[likeliest] ? k : likeliest;
		changes += likeliest != (int)word;
		memcpy(h, y, sizeof h);
		told[t] = word = likeliest;
	}
	assert_true(changes > 2);
	const double *taught = built_evaluate(&decoder, train, built_output(train, "y"), 1, given);
	for (int i = 0; i < 20; i++) assert_true(taught[i] == written[i]);
	built_free(&decoder);
	built_free(&step);
}

/* A convolution's gradient reads windows of a stack: no scan stacks windows, and no step makes any but those of its state. */
static void test_windows(void **state)
{
	(void)state;
	Built built = good("model:\n  input: [9, 6, 5, 2]\n  layers: [\"ConvLSTM2D(3, 3, padding=same, dropout=0.5)\"]\n"
		"train: {optimizer: SGD(), loss: mse, batch_size: 2}\n");
	Program *train = program_of(&built, "train");
	move_context(train->graph, &built.context);
	pass_simplify(&built.context, train);
	Arena *arena = built.context.arena;
	int count;
	Node **roots = pass_roots(arena, train, &count);
	const Node *scans[8], *found[64];
	assert_int_equal(count_op(arena, roots, count, &op_scan, scans), 2);
	for (int s = 0; s < 2; s++) {
		Node **steps = body_roots(arena, scans[s]->at.body, &count);
		assert_int_equal(count_op(arena, steps, count, &op_unfold, found) + count_op(arena, steps, count, &op_fold, found), 1);
		for (int k = 0; k < scans[s]->at.body->stacked_count; k++) assert_true(scans[s]->at.body->stacked[k]->op != &op_unfold);
	}
	built_free(&built);
}

/* As in Keras: a mask for all steps of a row, what it leaves is scaled, states are dropped for the recurrent kernel alone, and
 * outside of training nothing is. A weight of 1 shows each: x is 1 at all steps, and so is h without a past. */
static void test_dropout(void **state)
{
	enum { ROWS = 400, STEPS = 4 };
	static const struct {
		const char *option;
		double past, dropped[STEPS], left[STEPS], whole[STEPS];
	} cases[] = {
		{"dropout=0.75", 0, {0, 0, 0, 0}, {4, 4, 4, 4}, {1, 1, 1, 1}},
		{"recurrent_dropout=0.75", 1, {1, 1, 1, 1}, {1, 5, 21, 85}, {1, 2, 3, 4}},
	};
	static double ones[ROWS*STEPS];
	(void)state;
	for (int i = 0; i < ROWS*STEPS; i++) ones[i] = 1;
	for (int c = 0; c < 2; c++) {
		Arena *arena = arena_new();
		Built built = good(arena_format(arena, "model:\n  input: [4, 1]\n"
			"  layers: [\"SimpleRNN(1, activation=none, use_bias=false, return_sequences=true, %s)\"]\n"
			"train: {loss: mse, optimizer: SGD(), batch_size: 400}\n", cases[c].option));
		Program *train = program_of(&built, "train"), *predict = program_of(&built, "predict");
		Given given[] = {{"x", ones}, {"simple_rnn/simple_rnn_cell/kernel", ones}, {"simple_rnn/simple_rnn_cell/recurrent_kernel", &cases[c].past},
			{NULL, NULL}};
		const double *y = built_evaluate(&built, train, built_output(train, "y"), ROWS, given);
		int left = 0;
		for (int row = 0; row < ROWS; row++) {
			const double *seen = y + row*STEPS, *expected = seen[1] == cases[c].left[1] ? cases[c].left : cases[c].dropped;
			left += expected == cases[c].left;
			for (int t = 0; t < STEPS; t++) assert_true(seen[t] == expected[t]);
		}
		assert_in_range(left, 100 - 45, 100 + 45); /* 5 standard deviations */
		y = built_evaluate(&built, predict, built_output(predict, "y"), 1, given);
		for (int t = 0; t < STEPS; t++) assert_true(y[t] == cases[c].whole[t]);
		built_free(&built);
		arena_free(arena);
	}
}

static void test_best_path(void **state)
{
	(void)state; /* x: 1 10 2 20 3 30 4 40 */
	check_values("model:\n  inputs: {x: [4, 2]}\n  graph:\n    s: concat([x[:, :, :1], 6 - x[:, :, :1]*x[:, :, :1], x[:, :, 1:] - 27], -1)\n"
		"    y: best_path(s)\n", (double[]){1, 0, 0, 2}, 4);
	check_values("model:\n  inputs: {x: [4, 2]}\n  graph:\n    y: best_path(x)\n", (double[]){1, 0, 0, 0}, 4);
}

/* [1, 1] needs three steps: one blank between them. */
static void test_ctc(void **state)
{
	static const double rows[4] = {1, 1, 1, 2}; /* [2 rows, 2 labels] */
	(void)state;
	Built built = good("layers:\n  Points()(x):\n    w: weight(shape(x)[1:], zeros)\n    return: x + w\n"
		"model:\n  input: [2, 3]\n  layers: [Points]\ntrain: {optimizer: SGD(), loss: CTC(reduction=sum), batch_size: 2}\n");
	Program *evaluate = program_of(&built, "evaluate"), *gradients = program_of(&built, "gradients");
	Given given[] = {{"y", rows}, {NULL, NULL}};
	double loss = *built_evaluate(&built, evaluate, built_output(evaluate, "loss"), 2, given);
	assert_true(loss > 0.999e30 && loss < 1.001e30);
	loss = *built_evaluate(&built, evaluate, built_output(evaluate, "loss"), 1, (Given[]){{"y", rows + 2}, {NULL, NULL}});
	assert_float_equal(loss, 2*log(3), 1e-9); /* one way, of nine as likely ones */
	loss = *built_evaluate(&built, evaluate, built_output(evaluate, "loss"), 1, (Given[]){{"y", (double[]){3, 0}}, {NULL, NULL}});
	assert_true(loss > 0.999e30 && loss < 1.001e30); /* there are the classes 0, 1 and 2 */
	const double *both = built_evaluate(&built, gradients, built_output(gradients, "gradient points/w"), 2, given);
	const double *one = built_evaluate(&built, gradients, built_output(gradients, "gradient points/w"), 1, (Given[]){{"y", rows + 2}, {NULL, NULL}});
	for (int i = 0; i < 6; i++) assert_true(both[i] == one[i] && isfinite(one[i]) && one[i] != 0);
	built_free(&built);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_steps), cmocka_unit_test(test_draws),
		cmocka_unit_test(test_names), cmocka_unit_test(test_hoisted), cmocka_unit_test(test_rows), cmocka_unit_test(test_own_cell),
		cmocka_unit_test(test_decoder), cmocka_unit_test(test_windows),
		cmocka_unit_test(test_dropout), cmocka_unit_test(test_best_path), cmocka_unit_test(test_ctc)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
