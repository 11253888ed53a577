/* test_build.c: small specs -> variables, names, programs and numbers worked out by hand. What the library's definitions
 * compute is compared with Keras in tests/reference. */
#include <math.h>
#include "build_support.h"

#define MODEL "model:\n  input: [3]\n"

static Built good(const char *text)
{
	Built built = built_from(text, true);
	if (built.context.errors) fail_msg("%s", built.messages);
	return built;
}

/* --- names, shapes, order ----------------------------------------------------------------------------- */

typedef struct StructureCase {
	const char *name, *spec, *weights, *rows;
} StructureCase;

static const StructureCase structures[] = {
	{"a list of layers; weightless ones take no number of weights",
		"model:\n  input: [8, 8, 1]\n  layers:\n    - Conv2D(4, 3, activation=relu)\n    - MaxPooling2D\n    - Conv2D(2, [1, 3], padding=same)\n"
		"    - MaxPooling2D(3)\n    - Flatten\n    - Dropout(0.5)\n    - Dense(5, use_bias=false)\n",
		"conv2d/kernel [3, 3, 1, 4]; conv2d/bias [4]; conv2d_1/kernel [1, 3, 4, 2]; conv2d_1/bias [2]; dense/kernel [2, 5]",
		"conv2d Conv2D [batch, 6, 6, 4] 40; max_pooling2d MaxPooling2D [batch, 3, 3, 4] 0; conv2d_1 Conv2D [batch, 3, 3, 2] 26; "
		"max_pooling2d_1 MaxPooling2D [batch, 1, 1, 2] 0; flatten Flatten [batch, 2] 0; dropout Dropout [batch, 2] 0; dense Dense [batch, 5] 10"},
	{"mapping form, a flow list with calls, a name of its own",
		"model:\n  input: [3]\n  layers: [Dense(4, activation=relu), {Dense: {units: 2, name: 'last'}}]\n",
		"dense/kernel [3, 4]; dense/bias [4]; last/kernel [4, 2]; last/bias [2]",
		"dense Dense [batch, 4] 16; last Dense [batch, 2] 10"},
	{"a binding names the bare layer; two calls share it",
		MODEL "  graph:\n    enc: Dense(3)\n    a: enc(x)\n    b: enc(a)\n    y: Dense(1)(a + b)\n",
		"enc/kernel [3, 3]; enc/bias [3]; dense/kernel [3, 1]; dense/bias [1]", "enc Dense [batch, 3] 12; dense Dense [batch, 1] 4"},
	{"weights in the order of the text, not of evaluation",
		MODEL "  layers: [BatchNormalization]\n", "batch_normalization/gamma [3]; batch_normalization/beta [3]",
		"batch_normalization BatchNormalization [batch, 3] 12"},
	{"blocks are levels, plain functions are not, activations with weights are; elements of a comprehension are layers of their own",
		"functions:\n  then(x, f): f(x)\nactivations:\n  snake(x):\n    alpha: learn(1)\n    return: x + sin(alpha*x)\n"
		"blocks:\n  Res(units)(x):\n    h: Dense(units, activation=snake)(x)\n    return: x + h\n"
		MODEL "  graph:\n    parts: \"[Res(3) for i in range(2)]\"\n    y: reduce(then, x, parts)\n",
		"res/dense/kernel [3, 3]; res/dense/bias [3]; res/dense/snake/alpha []; res_1/dense/kernel [3, 3]; res_1/dense/bias [3]; res_1/dense/snake/alpha []",
		"res Res [batch, 3] 13; res_1 Res [batch, 3] 13"},
	{"an item of layers may be a list of layers, each of its own",
		"blocks:\n  Res(units)(x): x + Dense(units)(x)\n"
		MODEL "  layers:\n    - \"[Res(3) for i in range(2)]\"\n    - [Dense(2), [Dense(1)]]\n",
		"res/dense/kernel [3, 3]; res/dense/bias [3]; res_1/dense/kernel [3, 3]; res_1/dense/bias [3]; dense/kernel [3, 2]; dense/bias [2]; "
		"dense_1/kernel [2, 1]; dense_1/bias [1]",
		"res Res [batch, 3] 12; res_1 Res [batch, 3] 12; dense Dense [batch, 2] 8; dense_1 Dense [batch, 1] 3"},
	{"what is not used does not exist", MODEL "  graph:\n    y: Dense(2)(x)\n    d: Dense(7)\n  output: y\n",
		"dense/kernel [3, 2]; dense/bias [2]", "dense Dense [batch, 2] 8"},
	{"several models are levels", "models:\n  D: {input: [3], layers: [Dense(1)]}\n  G: {input: [2], layers: [Dense(3), Dense(3)]}\n",
		"D/dense/kernel [3, 1]; D/dense/bias [1]; G/dense/kernel [2, 3]; G/dense/bias [3]; G/dense_1/kernel [3, 3]; G/dense_1/bias [3]",
		"D/dense Dense [batch, 1] 4; G/dense Dense [batch, 3] 9; G/dense_1 Dense [batch, 3] 12"},
	{"several inputs, pieces, joins",
		"model:\n  inputs: {a: [4], b: [2, 2]}\n  graph:\n    p, q: split(a, 2)\n    y: concat([p*q, b[:, 0], reshape(b, [dim(b, 0), -1])])\n", "", ""},
	{"a user's definition hides the library's, but not inside the library",
		"layers:\n  Dense(units)(x): 2*matmul(x, weight([dim(x, -1), units], name='w'))\nfunctions:\n  pair(a, b): fail('not mine')\n"
		"model:\n  input: [4, 4, 3]\n  layers: [Conv2D(2, 3), Flatten, Dense(2)]\n",
		"conv2d/kernel [3, 3, 3, 2]; conv2d/bias [2]; dense/w [8, 2]",
		"conv2d Conv2D [batch, 2, 2, 2] 56; flatten Flatten [batch, 8] 0; dense Dense [batch, 2] 16"},
	{"parameters: numbers, words, lists and names of definitions, in any order; a body's own names come first",
		"params:\n  units: 2*sizes[0]\n  sizes: [2, n]\n  n: 3\n  mode: same\n  nonlinear: relu\n  deep: n > 2\n"
		"blocks:\n  Own(n)(x): Dense(n)(x)\n"
		"model:\n  input: [n, n, 1]\n  layers:\n    - Conv2D(units, n, padding=mode, activation=nonlinear)\n    - Flatten\n    - Own(7)\n"
		"    - \"Dense(sizes[1]) if deep else Dense(1)\"\n",
		"conv2d/kernel [3, 3, 1, 4]; conv2d/bias [4]; own/dense/kernel [36, 7]; own/dense/bias [7]; dense/kernel [7, 3]; dense/bias [3]",
		"conv2d Conv2D [batch, 3, 3, 4] 40; flatten Flatten [batch, 36] 0; own Own [batch, 7] 259; dense Dense [batch, 3] 24"},
	{"defaults of a block and of the model: the call wins, then the innermost; a block nested below takes them too",
		"blocks:\n  Inner(n)(x):\n    layers: ['Conv2D(n, 3)', BatchNormalization]\n  Outer(n)(x):\n"
		"    defaults: {Conv2D: {padding: same, use_bias: false}, Inner: {n: 2*n}}\n    layers:\n      - Conv2D(n)\n"
		"      - Conv2D(n, 3, padding=valid, use_bias=true)\n      - Inner()\n"
		"model:\n  input: [8, 8, 1]\n  defaults: {Conv2D: {kernel_size: 5, use_bias: true}, Dense: {use_bias: false}}\n"
		"  layers:\n    - Conv2D(3)\n    - Outer(2)\n    - Flatten\n    - Dense(3)\n",
		"conv2d/kernel [5, 5, 1, 3]; conv2d/bias [3]; outer/conv2d/kernel [5, 5, 3, 2]; outer/conv2d_1/kernel [3, 3, 2, 2]; outer/conv2d_1/bias [2]; "
		"outer/inner/conv2d/kernel [3, 3, 2, 4]; outer/inner/batch_normalization/gamma [4]; outer/inner/batch_normalization/beta [4]; dense/kernel [16, 3]",
		"conv2d Conv2D [batch, 4, 4, 3] 78; outer Outer [batch, 2, 2, 4] 276; flatten Flatten [batch, 16] 0; dense Dense [batch, 3] 48"},
	{"defaults change nothing inside the library, nor what is called through an argument elsewhere",
		"layers:\n  Wide(f)(x): f(4)(x)\nmodel:\n  input: [3]\n  defaults: {Dense: {use_bias: false}, Wide: {f: Dense}}\n  layers: [Wide(), Dense(2, use_bias=true)]\n",
		"wide/dense/kernel [3, 4]; dense/kernel [4, 2]; dense/bias [2]", "wide Wide [batch, 4] 12; dense Dense [batch, 2] 10"},
	{"a list among layers is spread, at any depth; each place is a layer of its own",
		MODEL "  layers:\n    - \"[Dense(3) for i in range(2)]\"\n    - \"[[BatchNormalization, [BatchNormalization]], Dense(1)]\"\n",
		"dense/kernel [3, 3]; dense/bias [3]; dense_1/kernel [3, 3]; dense_1/bias [3]; batch_normalization/gamma [3]; batch_normalization/beta [3]; "
		"batch_normalization_1/gamma [3]; batch_normalization_1/beta [3]; dense_2/kernel [3, 1]; dense_2/bias [1]",
		"dense Dense [batch, 3] 12; dense_1 Dense [batch, 3] 12; batch_normalization BatchNormalization [batch, 3] 12; "
		"batch_normalization_1 BatchNormalization [batch, 3] 12; dense_2 Dense [batch, 1] 4"},
	{"in the list of a Sequential a layer with arguments has its own name, a bare one is the Sequential's; two are two",
		MODEL "  layers:\n    - Sequential([Dense(3), BatchNormalization, BatchNormalization])\n    - Dense(1)\n",
		"dense/kernel [3, 3]; dense/bias [3]; sequential/batch_normalization/gamma [3]; sequential/batch_normalization/beta [3]; "
		"sequential/batch_normalization_1/gamma [3]; sequential/batch_normalization_1/beta [3]; dense_1/kernel [3, 1]; dense_1/bias [1]",
		"dense Dense [batch, 3] 12; sequential Sequential [batch, 3] 24; dense_1 Dense [batch, 1] 4"},
	{"a clone has the arguments of its layer but for those it names, and weights of its own",
		MODEL "  graph:\n    a: Dense(4, use_bias=false, name=first)\n    b: clone(a, units=2)\n    y: b(a(x)) + clone(b)(x)\n",
		"first/kernel [3, 4]; b/kernel [4, 2]; dense/kernel [3, 2]", "first Dense [batch, 4] 12; b Dense [batch, 2] 8; dense Dense [batch, 2] 6"},
	{"words where a kind is wanted, by their Keras names",
		MODEL "  layers:\n    - Dense(2, activation='swish', kernel_initializer=normal, bias_initializer=\"ones\")\n    - Activation(tanh)\n",
		"dense/kernel [3, 2]; dense/bias [2]", "dense Dense [batch, 2] 8; activation Activation [batch, 2] 0"},
};

static void test_structure(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof structures/sizeof *structures; i++) {
		const StructureCase *c = &structures[i];
		Built built = built_from(c->spec, false);
		if (built.context.errors) fail_msg("%s: %s", c->name, built.messages);
		if (strcmp(built_variables(&built, ROLE_WEIGHT), c->weights)) fail_msg("%s: weights are %s", c->name, built_variables(&built, ROLE_WEIGHT));
		if (strcmp(built_rows(&built), c->rows)) fail_msg("%s: rows are %s", c->name, built_rows(&built));
		for (int k = 0; k < built.network->variable_count; k++) assert_int_equal(built.network->variables[k]->index, k);
		built_free(&built);
	}
}

static const char training[] = MODEL "  layers:\n    - Dense(2, activation=relu)\n    - BatchNormalization\n    - Dense(1, activation=sigmoid)\n"
	"train: {optimizer: Adam(0.01), loss: binary_crossentropy, batch_size: 4}\n";

static void test_programs(void **state)
{
	(void)state;
	Built built = good(training);
	Arena *arena = built.context.arena;
	assert_string_equal(built_variables(&built, ROLE_STATE), "batch_normalization/moving_mean [2]; batch_normalization/moving_variance [2]");
	assert_string_equal(built_variables(&built, ROLE_SCALAR), "train/learning_rate []");
	assert_memory_equal(built_variables(&built, ROLE_SLOT), "train/dense/kernel/m [3, 2]; train/dense/kernel/v [3, 2]; train/dense/bias/m [2];", 71);
	const Program *predict = built_program(&built, "predict"), *train = built_program(&built, "train"), *evaluate = built_program(&built, "evaluate");
	const Program *gradients = built_program(&built, "gradients"), *initialize = built_program(&built, "initialize");
	assert_true(predict->graph->batch == 1 && evaluate->graph->batch == 4 && train->training && !evaluate->training);
	assert_string_equal(shape_text(arena, &built_output(predict, "y")->shape), "[batch, 1]");
	assert_int_equal(built_output(predict, "y")->shape.dim[0].size, 1);
	assert_true(predict->assignment_count == 0 && evaluate->assignment_count == 0 && gradients->assignment_count == 0);
	assert_int_equal(initialize->assignment_count, built.network->variable_count);
	assert_int_equal(train->assignment_count, 6 + 2 + 12); /* weights, statistics, slots; the learning rate stays */
	assert_null(built_assigned(train, "train/learning_rate"));
	assert_non_null(built_output(gradients, "gradient batch_normalization/gamma"));
	assert_int_equal(built_output(train, "loss")->shape.rank, 0);
	assert_true(built.network->learning_rate == 0.01);
	assert_string_equal(built.network->optimizer, "Adam(0.01)");
	assert_string_equal(built.network->loss, "binary_crossentropy");
	for (int i = 0; i < built.network->program_count; i++) {
		const Program *p = built.network->programs[i];
		Node **roots = arena_alloc(arena, (size_t)(p->output_count + p->assignment_count) * sizeof *roots);
		for (int k = 0; k < p->output_count; k++) roots[k] = p->outputs[k].node;
		for (int k = 0; k < p->assignment_count; k++) roots[p->output_count + k] = p->assignments[k].node;
		graph_verify(p->graph, roots, p->output_count + p->assignment_count, p->name);
	}
	built_free(&built);
}

/* every node says which layer made it, and a place in the user's text */
static void test_provenance(void **state)
{
	(void)state;
	Built built = good(training);
	const Program *train = built_program(&built, "train");
	int layers = 0, updates = 0;
	for (int i = 0; i < train->graph->count; i++) {
		const Node *node = train->graph->nodes[i];
		assert_non_null(node->layer);
		if (node->op == &op_contract && node->phase == PHASE_FORWARD) {
			assert_int_equal(node->place.line, !strcmp(node->layer, "dense") ? 3 : 5);
			layers++;
		}
		updates += node->phase == PHASE_UPDATE && !strcmp(node->layer, "dense_1");
		if (node->phase != PHASE_GRADIENT) assert_false(node->place.source->library);
	}
	assert_int_equal(layers, 2);
	assert_true(updates > 20);
	const Variable *slot = built_variable(&built, "train/dense_1/bias/v");
	assert_string_equal(slot->layer, "dense_1/bias");
	assert_int_equal(built_variable(&built, "dense_1/kernel")->place.line, 5);
	built_free(&built);
}

/* --- numbers --------------------------------------------------------------------------------------------- */

static const double x_data[] = {1, 2, 3, -1, 0.5, 2}, kernel[] = {0.5, -0.25, 1}, bias[] = {0.125}, labels[] = {1, 0};
static const Given numbers[] = {{"x", x_data}, {"y", labels}, {"dense/kernel", kernel}, {"dense/bias", bias}, {NULL, NULL}};
static const double z0 = 0.5 - 0.5 + 3 + 0.125, z1 = -0.5 - 0.125 + 2 + 0.125;

static double evaluate_loss(const char *loss, const char *activation, int64_t rows)
{
	char spec[400];
	snprintf(spec, sizeof spec, MODEL "  layers: [Dense(1, activation=%s)]\ntrain:\n  loss: %s\n  optimizer: SGD()\n  batch_size: 2\n", activation, loss);
	Built built = good(spec);
	const Program *program = built_program(&built, "evaluate");
	double value = built_evaluate(&built, program, built_output(program, "loss"), rows, numbers)[0];
	built_free(&built);
	return value;
}

static double sigmoid(double z) { return 1/(1 + exp(-z)); }

static void test_losses(void **state)
{
	(void)state;
	double bce = (-log(sigmoid(z0)) - log(1 - sigmoid(z1)))/2, mse = (pow(z0 - 1, 2) + pow(z1, 2))/2;
	const struct { const char *loss, *activation; int rows; double value; } cases[] = {
		{"binary_crossentropy", "sigmoid", 2, bce}, {"'bce'", "sigmoid", 2, bce}, {"BinaryCrossentropy()", "sigmoid", 2, bce},
		{"BinaryCrossentropy(from_logits=true)", "none", 2, bce}, {"binary_crossentropy", "sigmoid", 1, -log(sigmoid(z0))},
		{"mse", "linear", 2, mse}, {"MeanSquaredError()", "linear", 2, mse}, {"MeanSquaredError(reduction='sum')", "linear", 2, 2*mse},
		{"mse", "linear", 1, pow(z0 - 1, 2)}, {"mean_absolute_error", "linear", 2, (z0 - 1 + z1)/2}, {"Huber(2.0)", "linear", 1, 2*(z0 - 1) - 2},
		{"huber", "linear", 2, (z0 - 1 - 0.5 + z1 - 0.5)/2}, {"mean((data.y - model(data.x))^2)", "linear", 2, mse},
		{"(data.y - model(data.x))[:, 0]^2", "linear", 2, mse}, {"sum(model(data.x))/batch", "linear", 1, z0},
		{"sum(model(data.x))/(0.5*batch)", "linear", 1, 2*z0},
	};
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		double value = evaluate_loss(cases[i].loss, cases[i].activation, cases[i].rows);
		if (fabs(value - cases[i].value) > 1e-12) fail_msg("%s is %.17g, not %.17g", cases[i].loss, value, cases[i].value);
	}
}

/* d mse/d z = 2 (z - t)/n */
static void test_training(void **state)
{
	(void)state;
	static const double rate[] = {0.1};
	const Given given[] = {numbers[0], numbers[1], numbers[2], numbers[3], {"train/learning_rate", rate}, {NULL, NULL}};
	double g = (z0 - 1)*x_data[0] + z1*x_data[3], gb = z0 - 1 + z1;
	const struct { const char *optimizer; double kernel, bias; } cases[] = {
		{"SGD(0.3)", kernel[0] - 0.1*g, bias[0] - 0.1*gb}, /* the rate is what the run says */
		{"SGD(0.3, weight_decay=0.5)", 0.95*kernel[0] - 0.1*g, 0.95*bias[0] - 0.1*gb},
		{"sgd", kernel[0] - 0.1*g, bias[0] - 0.1*gb},
		{"SGD(clipvalue=0.25)", kernel[0] - 0.1*fmin(g, 0.25), bias[0] - 0.025},
	};
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		char spec[300];
		snprintf(spec, sizeof spec, MODEL "  layers: [Dense(1)]\ntrain:\n  loss: mse\n  optimizer: %s\n  batch_size: 2\n", cases[i].optimizer);
		Built built = good(spec);
		const Program *train = built_program(&built, "train"), *gradients = built_program(&built, "gradients");
		assert_true(fabs(built_evaluate(&built, train, built_assigned(train, "dense/kernel"), 2, given)[0] - cases[i].kernel) < 1e-12);
		assert_true(fabs(built_evaluate(&built, train, built_assigned(train, "dense/bias"), 2, given)[0] - cases[i].bias) < 1e-12);
		assert_true(fabs(built_evaluate(&built, gradients, built_output(gradients, "gradient dense/kernel"), 2, given)[0] - g) < 1e-12);
		built_free(&built);
	}
}

static void test_penalties(void **state)
{
	(void)state;
	static const char spec[] = MODEL "  layers:\n    - Dense(1, kernel_regularizer=l2(0.5), activity_regularizer='l1')\ntrain: {loss: mse, optimizer: sgd, batch_size: 2}\n";
	double expected = (pow(z0 - 1, 2) + pow(z1, 2))/2 + 0.5*(0.25 + 0.0625 + 1) + 0.01*(z0 + z1)/2;
	static const char *const programs[] = {"evaluate", "train"};
	Built built = good(spec);
	for (int i = 0; i < 2; i++) {
		const Program *program = built_program(&built, programs[i]);
		assert_true(fabs(built_evaluate(&built, program, built_output(program, "loss"), 2, numbers)[0] - expected) < 1e-12);
	}
	built_free(&built);
}

/* moving statistics: 0.99 old + 0.01 new, in training only; a second call sees what the first has left */
static void test_states(void **state)
{
	(void)state;
	static const char spec[] = MODEL "  graph:\n    bn: BatchNormalization(momentum=0.5)\n    a: bn(x)\n    y: Dense(1)(bn(x + 1))\n"
		"train: {loss: mse, optimizer: sgd, batch_size: 2}\n";
	Built built = good(spec);
	const Program *train = built_program(&built, "train");
	const double *mean = built_evaluate(&built, train, built_assigned(train, "bn/moving_mean"), 2, numbers);
	assert_true(fabs(mean[0] - (0.5*(0.5*0.5 + 0.5*0.0) + 0.5*1.0)) < 1e-12); /* column 0: 1 and -1 */
	assert_true(fabs(mean[2] - (0.5*(0.5*0.5 + 0.5*2.5) + 0.5*3.5)) < 1e-12);
	built_free(&built);
}

/* draws of a variable are keyed by its path: another layer does not change them; a seed does */
static void test_draws(void **state)
{
	(void)state;
	static const char *const specs[] = {MODEL "  layers: [Dense(4, name='a'), Dense(2, name='b')]\n",
		MODEL "  layers: [Dense(4, name='a'), Dense(4, name='new'), Dense(2, name='b')]\n",
		MODEL "  layers: [Dense(4, name='a'), {Dense: {units: 2, name: 'b', kernel_initializer: GlorotUniform(7)}}]\n"};
	double values[3][8];
	for (int i = 0; i < 3; i++) {
		Built built = good(specs[i]);
		const Program *initialize = built_program(&built, "initialize");
		memcpy(values[i], built_evaluate(&built, initialize, built_assigned(initialize, "b/kernel"), 1, numbers), sizeof values[i]);
		assert_true(built_evaluate(&built, initialize, built_assigned(initialize, "b/bias"), 1, numbers)[0] == 0);
		for (int k = 0; k < 8; k++) assert_true(fabs(values[i][k]) < 1 && values[i][k] != values[i][(k + 1) % 8]);
		built_free(&built);
	}
	assert_memory_equal(values[0], values[1], sizeof values[0]);
	assert_true(values[0][0] != values[2][0]);
}

static void test_frozen(void **state)
{
	(void)state;
	Built built = good(MODEL "  layers:\n    - Dense(2, trainable=false)\n    - BatchNormalization(trainable=false)\n    - Dense(1)\n"
		"train: {loss: mse, optimizer: SGD(momentum=0.9), batch_size: 2}\n");
	assert_string_equal(built_variables(&built, ROLE_SLOT), "train/dense_1/kernel/velocity [2, 1]; train/dense_1/bias/velocity [1]");
	assert_int_equal(built_program(&built, "train")->assignment_count, 4); /* a frozen batch normalisation is in inference mode */
	assert_false(built_variable(&built, "dense/kernel")->trainable);
	built_free(&built);
}

/* a field has the shape of the input that it reaches, through names and elementwise functions; labels only where one is read */
static void test_wires(void **state)
{
	(void)state;
	static const char models[] = "data: {source: {type: idx}, train: {images: a, labels: b}}\n"
		"models:\n  G: {input: [2], layers: [Dense(6), 'Reshape([2, 3, 1])']}\n  D: {input: [2, 3, 1], layers: [Flatten, Dense(1)]}\n"
		"train:\n  batch:\n    grey: data.image\n    real: %s\n    z: normal([batch, 2])\n  optimizer: Adam()\n  loss: mean((D(real) + D(G(z)) + %s)^2)\n";
	static const struct {
		const char *real, *more;
		bool label;
	} cases[] = {{"grey", "0", false}, {"2*grey - 1", "0", false}, {"bernoulli(grey)", "0", false}, {"tanh(-grey)", "reshape(data.label, [batch, 1])", true}};
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		char text[1000];
		snprintf(text, sizeof text, models, cases[i].real, cases[i].more);
		Built built = good(text);
		const Program *train = built_program(&built, "train");
		bool image = false, label = false;
		for (int k = 0; k < train->graph->count; k++) {
			const Node *node = train->graph->nodes[k];
			image |= node->op == &op_input && !strcmp(node->at.name, "data.image") && node->shape.rank == 4 && node->shape.dim[2].size == 3;
			label |= node->op == &op_input && !strcmp(node->at.name, "data.label");
		}
		assert_true(image);
		assert_int_equal(label, cases[i].label);
		built_free(&built);
	}
}

/* contractions of this shape among the gradients that a program needs */
static int count_gradients(const Program *program, int64_t rows, int64_t columns)
{
	int count, found = 0;
	Arena *arena = arena_new();
	Node **roots = arena_alloc(arena, (size_t)(program->assignment_count + 1)*sizeof *roots);
	for (int i = 0; i < program->assignment_count; i++) roots[i] = program->assignments[i].node;
	Node **order = graph_order(arena, roots, program->assignment_count, &count);
	for (int i = 0; i < count; i++) {
		const Shape *shape = &order[i]->shape;
		found += order[i]->op == &op_contract && order[i]->phase == PHASE_GRADIENT && shape->rank == 2 && shape->dim[0].size == rows &&
			shape->dim[1].size == columns;
	}
	arena_free(arena);
	return found;
}

static int first_draw(const Program *program)
{
	for (int i = 0; i < program->graph->count; i++)
		if (program->graph->nodes[i]->op == &op_uniform) return program->graph->nodes[i]->at.stream;
	return -1;
}

/* two networks against each other: each step moves its own weights */
static void test_steps(void **state)
{
	(void)state;
	Built built = good("models:\n  D: {input: [3], layers: [Dense(4, activation=leaky_relu), BatchNormalization, Dense(1)]}\n  G: {input: [2], layers: [Dense(3)]}\n"
		"train:\n  batch:\n    real: data.x\n    z: normal([batch, 2])\n  optimizer: Adam(2e-4, beta_1=0.5)\n  steps:\n"
		"    - {update: D, loss: 'bce_logits(0.9, D(real)) + bce_logits(0, D(G(z)))'}\n    - {update: G, loss: 'bce_logits(1, D(G(z)))'}\n");
	const Program *d = built_program(&built, "train.D"), *g = built_program(&built, "train.G");
	assert_non_null(built_assigned(d, "D/batch_normalization/moving_mean"));
	assert_null(built_assigned(g, "D/batch_normalization/moving_mean"));
	assert_true(built_assigned(d, "D/dense/kernel") && !built_assigned(d, "G/dense/kernel"));
	assert_true(built_assigned(g, "G/dense/kernel") && !built_assigned(g, "D/dense/kernel"));
	assert_non_null(built_variable(&built, "train.G/G/dense/kernel/m"));
	assert_null(built_variable(&built, "train.G/D/dense/kernel/m"));
	/* gradients flow through D to G, but none is made of what D's own step moves: D/dense/kernel is [3, 4] */
	assert_int_equal(count_gradients(d, 3, 4), 2); /* of real and of made */
	assert_int_equal(count_gradients(d, 2, 3), 0);
	assert_int_equal(count_gradients(g, 3, 4), 0);
	assert_int_equal(count_gradients(g, 2, 3), 1);
	/* the noise of a step is its own */
	assert_true(first_draw(d) != first_draw(g));
	const Program *evaluate = built_program(&built, "evaluate");
	assert_true(built_output(evaluate, "D_loss") && built_output(evaluate, "G_loss") && !evaluate->assignment_count);
	built_free(&built);
}

/* a gradient within a loss may be differentiated again; terms are outputs of their own */
static void test_expressions(void **state)
{
	(void)state;
	Built built = good(MODEL "  layers: [Dense(1)]\ntrain:\n  let:\n    g: grad(sum(model(data.x)), data.x)\n  terms:\n    norm: sum(g^2, -1)\n  loss: mean(model(data.x)^2) + norm\n"
		"  optimizer: RMSprop()\n  batch_size: 2\n");
	const Program *evaluate = built_program(&built, "evaluate"), *train = built_program(&built, "train");
	assert_true(fabs(built_evaluate(&built, evaluate, built_output(evaluate, "term norm"), 2, numbers)[0] - 1.3125) < 1e-12);
	assert_non_null(built_output(evaluate, "y"));
	assert_non_null(built_assigned(train, "dense/kernel"));
	built_free(&built);
}

/* heads beside the network that read the same label, as in GoogLeNet; the losses weigh as the spec says */
static void test_outputs(void **state)
{
	(void)state;
	Built built = good("data: {source: {type: image_folder, class_mode: sparse, color_mode: grayscale}, train: {directory: x}}\nparams: {share: 0.3}\n"
		"model:\n  input: [2, 2, 1]\n  graph:\n    h: Flatten(x)\n    a: Dense(3, activation=softmax)(h)\n    b: Dense(3)(h)\n    c: 2*b\n"
		"  outputs: {top: a, aux: b, code: c}\n"
		"train:\n  loss: {top: sparse_categorical_crossentropy, aux: SparseCategoricalCrossentropy(from_logits=true)}\n"
		"  loss_weights: {aux: share}\n  optimizer: SGD()\n  batch_size: 2\n");
	const Network *network = built.network;
	const Predicted *top = &network->outputs[0], *aux = &network->outputs[1], *code = &network->outputs[2];
	assert_int_equal(network->output_count, 3);
	assert_true(top->label >= 0 && top->label == aux->label && code->label == -1 && !code->loss);
	assert_string_equal(top->task, "multiclass");
	assert_string_equal(aux->task, "multiclass");
	assert_true(!top->logits && aux->logits && top->weight == 1 && aux->weight == 0.3);
	assert_string_equal(network->loss, "top: sparse_categorical_crossentropy, aux: SparseCategoricalCrossentropy");
	const Program *evaluate = built_program(&built, "evaluate");
	static const double kernel[] = {4, 2, 3, 1, 0, 1, 2, 2, 0, 1, 1, 1}, labels[] = {2, 0};
	const Given given[] = {{"dense_1/kernel", kernel}, {"data.label", labels}, {NULL, NULL}};
	double loss = *built_evaluate(&built, evaluate, built_output(evaluate, "loss"), 2, given);
	double parts[] = {*built_evaluate(&built, evaluate, built_output(evaluate, "top_loss"), 2, given),
		*built_evaluate(&built, evaluate, built_output(evaluate, "aux_loss"), 2, given)};
	assert_true(fabs(parts[0] - log(3)) < 1e-12 && fabs(parts[0] - parts[1]) > 0.01);
	assert_true(fabs(loss - parts[0] - 0.3*parts[1]) < 1e-12);
	assert_null(built_output(evaluate, "code_loss"));
	assert_non_null(built_output(built_program(&built, "train"), "code"));
	assert_true(built_output(built_program(&built, "predict"), "top") && built_output(built_program(&built, "predict"), "code"));
	built_free(&built);
}

/* what a network does is said by its loss, through any number of definitions; of one that says nothing it is left open */
static void test_tasks(void **state)
{
	(void)state;
	static const struct {
		const char *loss, *task;
	} cases[] = {{"mse", "regression"}, {"MeanSquaredError()", "regression"}, {"half", "regression"}, {"mine", "binary"}, {"open", NULL},
		{"BinaryCrossentropy(label_smoothing=0.1)", "binary"}, {"own(3)", "multiclass"}};
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		char spec[700];
		snprintf(spec, sizeof spec, "losses:\n  half(y_true, y_pred): mean_squared_error(y_true, y_pred)/2\n"
			"  mine(y_true, y_pred):\n    task: binary\n    return: half(y_true, y_pred)\n  open(y_true, y_pred): mean(y_true - y_pred, -1)\n"
			"  own(k)(y_true, y_pred):\n    task: multiclass\n    return: k*mean(y_true - y_pred, -1)\n"
			MODEL "  layers: [Dense(1, activation=sigmoid)]\ntrain: {loss: %s, optimizer: SGD(), batch_size: 2}\n", cases[i].loss);
		Built built = good(spec);
		const char *task = built.network->outputs[0].task;
		if (!task != !cases[i].task || (task && strcmp(task, cases[i].task))) fail_msg("%s: %s", cases[i].loss, task ? task : "none");
		built_free(&built);
	}
}

/* not-a-number goes through every activation and every loss, so that training stops at it */
static void test_not_a_number(void **state)
{
	(void)state;
	static const char *const activations[] = {"relu", "relu(negative_slope=0.1, max_value=3)", "relu(max_value=6)", "relu(threshold=1)",
		"relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "sigmoid", "log_sigmoid", "softsign", "softplus", "tanh", "mish",
		"exponential", "hard_sigmoid", "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "sparse_plus",
		"threshold(threshold=1, default_value=0)", "sparse_sigmoid", "squareplus", "glu", "softmax", "log_softmax"};
	static const char *const losses[] = {"mse", "mae", "mape", "msle", "cosine_similarity", "huber", "log_cosh", "hinge", "squared_hinge",
		"categorical_hinge", "kld", "poisson", "bce", "binary_focal_crossentropy", "categorical_crossentropy",
		"categorical_focal_crossentropy", "sparse_categorical_crossentropy", "CategoricalGeneralizedCrossEntropy()", "dice", "tversky"};
	static const double broken[] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}, classes[] = {0, 1, 1, 0};
	const Given given[] = {{"x", broken}, {"y", classes}, {NULL, NULL}};
	char spec[400];
	for (size_t i = 0; i < sizeof activations/sizeof *activations + sizeof losses/sizeof *losses; i++) {
		bool loss = i >= sizeof activations/sizeof *activations;
		const char *name = loss ? losses[i - sizeof activations/sizeof *activations] : activations[i];
		snprintf(spec, sizeof spec, MODEL "  layers:\n    - Dense(2, activation=%s)\ntrain:\n  loss: %s\n  optimizer: SGD()\n  batch_size: 2\n",
			!loss ? name : strstr(name, "ategorical") || !strcmp(name, "kld") ? "softmax" : name[0] == 'b' ? "sigmoid" : "linear", loss ? name : "mse");
		Built built = good(spec);
		const Program *evaluate = built_program(&built, "evaluate");
		const double *value = built_evaluate(&built, evaluate, built_output(evaluate, loss ? "loss" : "y"), 2, given);
		if (!isnan(*value)) fail_msg("%s of not-a-number is %g", name, *value);
		built_free(&built);
	}
}

/* losses after the activations that they are used with, and usual rates: nothing is said */
static void test_silence(void **state)
{
	(void)state;
	static const struct { int units; const char *activation, *loss, *optimizer; } cases[] = {
		{1, "sparse_sigmoid", "bce", "Adam()"}, {1, "hard_sigmoid", "bce", "Adadelta(1.0)"}, {1, "tanh", "hinge", "Lion(1e-4)"},
		{3, "linear", "categorical_hinge", "SGD(0.1)"}, {1, "sigmoid()", "dice", "Muon()"}, {2, "sigmoid", "Tversky(0.3, 0.7)", "Nadam()"},
		{3, "softmax", "kl_divergence", "Adam()"}, {3, "softmax()", "CategoricalFocalCrossentropy()", "Adamax()"}, {1, "exponential", "poisson", "Lamb()"},
		{3, "log_softmax", "CategoricalCrossentropy(from_logits=true)", "Adafactor()"}, {1, "softplus", "msle", "Adagrad()"},
		{1, "linear", "huber(delta=2)", "Adam(CosineDecay(0.001, 1000))"}, {1, "linear", "mse", "SGD(0.01*0.9^epoch)"}};
	char spec[400];
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		snprintf(spec, sizeof spec, MODEL "  layers:\n    - Dense(4, activation=celu(alpha=0.5))\n    - Dense(%d, activation=%s)\ntrain:\n  loss: %s\n  optimizer: %s\n  batch_size: 2\n",
			cases[i].units, cases[i].activation, cases[i].loss, cases[i].optimizer);
		Built built = good(spec);
		if (built.length) fail_msg("%s after %s: %s", cases[i].loss, cases[i].activation, built.messages);
		built_free(&built);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure), cmocka_unit_test(test_programs), cmocka_unit_test(test_provenance), cmocka_unit_test(test_losses),
		cmocka_unit_test(test_training), cmocka_unit_test(test_penalties), cmocka_unit_test(test_states), cmocka_unit_test(test_draws),
		cmocka_unit_test(test_frozen), cmocka_unit_test(test_steps), cmocka_unit_test(test_wires), cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_not_a_number), cmocka_unit_test(test_outputs), cmocka_unit_test(test_tasks), cmocka_unit_test(test_silence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
