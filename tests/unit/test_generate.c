/* test_generate.c: which networks run step by step, and that the program generate gives at each step what predict gives there. */
#include "build_support.h"

enum { STEPS = 5, IDS = 7, MOST = 64 };

#define HEAD "data: {source: {type: text, tokens: characters, vocabulary: 7}, train: {file: a.txt}}\n"
#define TRAIN "train: {loss: sparse_categorical_crossentropy, optimizer: SGD(), batch_size: 3}\n"
#define MODEL(layers) HEAD "model: {input: [5], layers: [" layers ", Dense(7, activation=softmax)]}\n" TRAIN
#define GRAPH(lines) HEAD "model:\n  input: [5]\n  graph:\n" lines \
	"train: {loss: \"SparseCategoricalCrossentropy(from_logits=true)\", metrics: [accuracy], optimizer: SGD(), batch_size: 3}\n"

static const char *const stepping[] = {
	MODEL("Embedding(7, 4)"),
	MODEL("Embedding(7, 4), LSTM(3, return_sequences=true)"),
	MODEL("Embedding(7, 4), LSTM(3, return_sequences=true, stateful=true), \"GRU(3, return_sequences=true, reset_after=false)\""),
	MODEL("Embedding(7, 4, mask_zero=true), SimpleRNN(3, return_sequences=true), Dropout(0.5), LayerNormalization"),
	MODEL("Embedding(7, 4), TimeDistributed(Dense(3)), BatchNormalization, \"RNN([GRUCell(3), LSTMCell(2)], return_sequences=true)\", ReLU"),
	GRAPH("    e: Embedding(7, 4)(x)\n    h: GRU(4, return_sequences=true)(e)\n    y: Dense(7)(concat([Add()([e, h]), e*h], -1))\n"),
	GRAPH("    e: one_hot(x, 7)\n    h: LSTM(4, return_sequences=true)(transpose(transpose(e, [1, 0, 2]), [1, 0, 2]))\n    y: reshape(Dense(7)(reshape(h, [dim(h, 0)*dim(h, 1), 4])), [dim(h, 0), dim(h, 1), 7])\n"
		),
	"cells:\n  Mean(n)(x, h=full([dim(x, 0), n], 0)):\n    h': (h + matmul(x, weight([dim(x, -1), n], glorot_uniform)))/2\n"
		MODEL("Embedding(7, 4), Mean(3, return_sequences=true)"),
	"cells:\n  From(n)(x, h=full([dim(x, 0), n], 0.75)):\n    h': (h + matmul(x, weight([dim(x, -1), n], glorot_uniform)))/2\n"
		MODEL("Embedding(7, 4), From(3, return_sequences=true)"),
};
static const char *const looking[] = {
	MODEL("Embedding(7, 4), \"Conv1D(4, 3, padding=same)\""),
	MODEL("Embedding(7, 4), \"Bidirectional(LSTM(3, return_sequences=true))\""),
	MODEL("Embedding(7, 4), LSTM(3, return_sequences=true, go_backwards=true)"),
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(MultiHeadAttention(2, 2)(e, e, use_causal_mask=true))\n"),
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(e + weight([5, 4], normal))\n"), /* another number at every place */
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(e + reshape(iota(5), [5, 1]))\n"),
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(e - sum(e, 1, true))\n"),
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(reshape(e, [dim(e, 0), 5, 4]))\n"), /* wants five steps */
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(flip(e, 1))\n"),
	GRAPH("    e: Embedding(7, 4)(x)\n    y: Dense(7)(concat([e[:, 1:], e[:, :1]], 1))\n"),
	GRAPH("    e: Embedding(7, 4)(x)\n    f(s, i): \"[s[0] + i]\"\n    y: Dense(7)(scan(f, [0], e)[1][0])\n"), /* its state is not carried */
	GRAPH("    e: Embedding(7, 4)(x)\n    s: LSTM(3, return_state=true)(e)\n"
		"    y: Dense(7)(LSTM(3, return_sequences=true)(e, initial_state=[s[1], s[2]]))\n"),
	"cells:\n  From(n)(x, h=matmul(x, weight([dim(x, -1), n], normal))):\n    h': (h + matmul(x, weight([dim(x, -1), n], glorot_uniform)))/2\n"
		MODEL("Embedding(7, 4), From(3, return_sequences=true)"), /* begins with what the first step says */
};

/* Numbers for every variable; those that are carried follow, as reset begins them with one number. */
static int give_all(const Built *built, Given *given)
{
	int count = 0;
	for (int pass = 0; pass < 2; pass++)
		for (int v = 0; v < built->network->variable_count; v++) {
			const Variable *variable = built->network->variables[v];
			int64_t n = shape_count(&variable->shape);
			if ((variable->role == ROLE_CARRIED) != pass) continue;
			double *data = arena_alloc(built->context.arena, (size_t)n*sizeof *data);
			double first = pass ? *built_evaluate(built, built_program(built, "reset"), built_assigned(built_program(built, "reset"), variable->path), 1, NULL) : 0;
			for (int64_t i = 0; i < n; i++) data[i] = pass ? first : 0.3 + 0.5*(double)((v*31 + i*17) % 23)/23;
			assert_true(count + 3 < MOST);
			given[count++] = (Given){variable->path, data};
		}
	given[count] = given[count + 1] = (Given){NULL, NULL};
	return count;
}

/* The carried states as the program leaves them. */
static void carry(const Built *built, const Program *program, Given *given, int count)
{
	const double *next[MOST] = {NULL};
	for (int i = 0; i < count; i++) {
		Node *node = built_assigned(program, given[i].name);
		if (node) next[i] = built_evaluate(built, program, node, 1, given);
	}
	for (int i = 0; i < count; i++)
		if (next[i]) given[i].data = next[i];
}

static void steps_as_predict_does(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof stepping/sizeof *stepping; c++) {
		static const double tokens[STEPS] = {3, 6, 2, 2, 5};
		Given given[MOST];
		Built built = built_from(stepping[c], false);
		if (built.context.errors) fail_msg("%s%s", stepping[c], built.messages);
		const Program *predict = built_program(&built, "predict"), *generate = built_program(&built, "generate");
		if (!generate) fail_msg("does not generate step by step:\n%s", stepping[c]);
		int count = give_all(&built, given);
		given[count] = (Given){"data.tokens", tokens};
		const double *whole = built_evaluate(&built, predict, built_output(predict, "y"), 1, given);
		for (int t = 0; t < STEPS; t++) {
			given[count].data = &tokens[t];
			const double *y = built_evaluate(&built, generate, built_output(generate, "y"), 1, given);
			for (int i = 0; i < IDS; i++)
				if (!(y[i] - whole[t*IDS + i] < 1e-12 && whole[t*IDS + i] - y[i] < 1e-12)) fail_msg("step %d, id %d: %g, not %g:\n%s", t, i, y[i], whole[t*IDS + i], stepping[c]);
			carry(&built, generate, given, count);
		}
		built_free(&built);
	}
}

static void sees_what_looks_along_time(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof looking/sizeof *looking; c++) {
		Built built = built_from(looking[c], false);
		bool ahead = strstr(looking[c], "Bidirectional") || strstr(looking[c], "go_backwards");
		if (built.context.errors || (!ahead && *built.messages)) fail_msg("%s%s", looking[c], built.messages);
		if (ahead && !strstr(built.messages, "has seen the token that it shall predict")) fail_msg("no warning:\n%s", looking[c]);
		if (built_program(&built, "generate")) fail_msg("generates step by step:\n%s", looking[c]);
		assert_true(built.network->continues);
		built_free(&built);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(steps_as_predict_does), cmocka_unit_test(sees_what_looks_along_time)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
