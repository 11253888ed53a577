/* test_build_messages.c: what is said of mistakes in a spec: every error line with its place, and the first help. A spec may
 * ask for anything; it never crashes the compiler. */
#include "build_support.h"

typedef struct MessageCase {
	const char *name, *spec;
	const char *errors; /* the lines of errors, without the file's name */
	const char *help; /* how the first help begins; NULL: there is none */
} MessageCase;

static const MessageCase cases[] = {
	{"word",
		"model:\n  input: [8, 8, 1]\n  layers:\n    - Conv2D(4, 3, padding=smae)\n",
		"4:28: error: padding is one of valid, same, not smae", "did you mean 'same'?"},
	{"argument",
		"model:\n  input: [8]\n  layers:\n    - Dense(4, activaton=relu)\n",
		"4:16: error: Dense has no argument 'activaton'", "did you mean 'activation'?"},
	{"name",
		"model:\n  input: [8]\n  layers:\n    - Dnse(4)\n    - Dense(4, activation=rleu)\n    - Dense(units=0)\n",
		"4:7: error: nothing is called 'Dnse' here\n5:27: error: nothing is called 'rleu' here", "did you mean 'Dense'?"},
	{"softmax over 1",
		"model:\n  input: [8]\n  layers:\n    - Dense(1, activation=softmax)\n",
		"4:7: error: softmax over 1 unit is always 1; use sigmoid with binary_crossentropy, or 2 units", NULL},
	{"trail",
		"blocks:\n  Res(filters)(x):\n    a: Conv2D(filters, 3)(x)\n    return: x + a\nmodel:\n  input: [8, 8, 4]\n  graph:\n    h: Res(4)(x)\n",
		"4:13: error: shapes do not fit: [batch, 8, 8, 4] and [batch, 6, 6, 4]", "one comes 8, the other 8 -> conv2d 6"},
	{"batch axis",
		"data:\n  source: {type: csv, label: a}\n  train: {file: x}\nmodels:\n  D:\n    input: [8]\n    layers: [Dense(1)]\ntrain: {loss: \"mean((D(data.features) - reshape(data.label, [batch]))^2)\", optimizer: adam}\n",
		"8:22: error: the batch axis of one operand meets another axis of the other: [batch, 1] and [batch]", "reshape one of them, so that the batch is the same axis of b"},
	{"no path",
		"models:\n  D:\n    input: [8]\n    layers: [Dense(1)]\n  E:\n    input: [8]\n    layers: [Dense(1)]\ntrain: {loss: \"mean(D(data.x))\", optimizer: sgd}\n",
		"7:14: error: the loss does not depend on E/dense/kernel", "use the weight in what the loss is made of, or freeze its la"},
	{"cycle",
		"model:\n  input: [8]\n  graph:\n    a: b + x\n    b: a*2\n",
		"4:5: error: 'a' depends on itself", "a, b need one another"},
	{"twice",
		"model:\n  input: [8]\n  graph:\n    a: x\n    b: x*2\n    a, c: [1, 2]\n",
		"6:5: error: 'a' is bound twice", "a name is bound once: give the second value another name"},
	{"static condition",
		"model:\n  input: [8]\n  graph:\n    y: x if x > 0 else 0\n",
		"4:13: error: a condition must be known while compiling, not a tensor [batch, 8]", "select(condition, a, b) chooses between tensors"},
	{"other shape",
		"model:\n  input: [8]\n  graph:\n    d: Dense(4)\n    a: d(x)\n    b: d(a)\n",
		"6:8: error: d/kernel is [8, 4], and is now asked for as [4, 4]", "a layer called twice shares its weights: make a second layer"},
	{"initialiser",
		"model:\n  input: [8]\n  layers:\n    - Dense(4, kernel_initializer=relu)\n    - Dense(4, kernel_initializer=he_norml)\n    - Dense(4, kernel_initializer=\"he_norml\")\n",
		"4:7: error: an initializer is expected here, not the activation relu\n5:35: error: nothing is called 'he_norml' here", "one of Zeros, Ones, Constant, RandomNormal, RandomUniform, T"},
	{"names",
		"model:\n  input: [8]\n  graph:\n    a, b, c: split(x, 2)\n",
		"4:5: error: 3 names, but 2 values", NULL},
	{"recursion",
		"functions:\n  f(x): f(x*2)\nmodel:\n  input: [8]\n  graph:\n    y: f(x)\n",
		"2:9: error: calls are nested more than 64 deep", "a definition may not call itself"},
	{"missing arg",
		"model:\n  input: [8]\n  layers:\n    - Dense\n    - Dense()\n    - Dense(4, 3, true, 1, 1, 1, 1, 1, 1, 1, 1, true, 1, 1)\n",
		"4:7: error: Dense needs 'units'\n5:7: error: Dense needs 'units'\n6:55: error: Dense takes 12 arguments, and here is one more", "its arguments are units, activation, use_bias, kernel_initia"},
	{"uncalled",
		"model:\n  input: [8]\n  graph:\n    y: Dense(4) + x\n",
		"4:8: error: '+' does not work on the layer Dense(..) and a tensor [batch, 8]", "a layer or function is called with its input: name(x)"},
	{"output layer",
		"model:\n  input: [8]\n  graph:\n    y: Dense(4)\n",
		"4:5: error: the model's output is the layer Dense(..), not a tensor", "call the layer with its input: name(arguments)(x)"},
	{"loss name",
		"model:\n  input: [8]\n  layers: [Dense(1)]\ntrain: {loss: binary_crosentropy, optimizer: Adm()}\n",
		"4:15: error: no loss is called 'binary_crosentropy'\n4:46: error: nothing is called 'Adm' here", "did you mean 'binary_crossentropy'?"},
	{"loss kind",
		"model:\n  input: [8]\n  layers: [Dense(1)]\ntrain: {loss: relu, optimizer: relu}\n",
		"4:15: error: a loss is expected here, not the activation relu\n4:32: error: an optimizer is expected here, not the activation relu", "one of mean_squared_error, mean_absolute_error, mean_abs"},
	{"opt arg",
		"model:\n  input: [8]\n  layers: [Dense(1)]\ntrain: {loss: mse, optimizer: \"Adam(lr=0.1)\"}\n",
		"4:37: error: Adam has no argument 'lr'", "lr is called learning_rate"},
	{"clip twice",
		"model:\n  input: [8]\n  layers: [Dense(1)]\ntrain: {loss: mse, optimizer: \"Adam(clipnorm=0.1, clipvalue=1)\"}\n",
		"4:32: error: only one of clipnorm, global_clipnorm and clipvalue may be given", NULL},
	{"shape fit",
		"model:\n  input: [8]\n  graph:\n    y: Dense(4)(x) + Dense(3)(x)\n",
		"4:8: error: shapes do not fit: [batch, 4] and [batch, 3]", "axes are matched from the last one; two sizes must be equal,"},
	{"and tensor",
		"model:\n  input: [8]\n  graph:\n    y: x > 0 and x < 1\n",
		"4:8: error: and, or, not work on values known while compiling, not a tensor [batch, 8]", "for tensors of 0 and 1 write a*b, max(a, b), 1 - a"},
	{"range",
		"model:\n  input: [8]\n  graph:\n    y: range(1e9)\n",
		"4:8: error: a range of 1000000000 numbers: at most 1000000 are possible", NULL},
	{"exp",
		"model:\n  input: [8]\n  graph:\n    y: x*10^400\n",
		"4:10: error: pow gives no finite number here", NULL},
	{"huge dims2",
		"model:\n  input: [8]\n  layers:\n    - Dense(1000000000)\n    - Dense(1000000000)\n",
		"5:7: error: a tensor [1000000000, 1000000000] is too large", NULL},
	{"zero",
		"model:\n  input: [8]\n  graph:\n    y: x/0 + 1/0 + 1//0 + 3 % 0\n",
		"4:14: error: division by zero\n4:20: error: division by zero\n4:27: error: division by zero", NULL},
	{"local rec",
		"model:\n  input: [8]\n  graph:\n    f(a): f(a)\n    y: f(x)\n",
		"4:11: error: calls are nested more than 64 deep", "a definition may not call itself"},
	{"kinds",
		"layers:\n  L(x): x\nfunctions:\n  f(x)(y): x\noptimizers:\n  O()(w, g): w\n  P()(w, g, t):\n    a: 1\ninitializers:\n  I()(): 1\nactivations:\n  a(): 1\n  b(x):\n    doc: no\n  step(x): x\n  c(x, x): x\n  relu(x): x\n  relu(x): x\nmodel:\n  input: [8]\n  layers: [Dense(1)]\n",
		"18:3: error: 'relu(x)' is given twice; the first is in line 17\n2:3: error: the head of a layer has two lists: name(arguments)(inputs)\n4:3: error: the head of a function has one list: name(x, ...)\n6:3: error: an optimizer takes 3 inputs, not 2\n7:3: error: the optimizer P does not bind w'\n10:3: error: an initializer takes 1 input, not 0\n12:3: error: an activation takes at least 1 input, not 0\n13:3: error: b has no 'return'\n15:3: error: 'step' is a name of the language\n16:8: error: the parameter 'x' stands twice", "write L()(x) when it has no arguments"},
	{"noinput",
		"model:\n  layers: [Dense(3)]\n",
		"2:3: error: the model's input is missing", "input: [28, 28, 1], or inputs: {a: [4], b: [9]}"},
	{"input batch",
		"model:\n  input: [batch, 3]\n  layers: [Dense(3)]\n",
		"2:10: error: an input's shape is that of one sample", "leave the batch out"},
	{"name bad",
		"model:\n  input: [3]\n  layers: [Dense(3, name=\"a/b\"), Dense(3, name=\"int\")]\n",
		"3:12: error: 'a/b' can't name a layer: letters, digits and _ only, not beginning with a digit\n3:34: error: 'int' can't name a layer: it is a word of C", "add an underscore"},
	{"frozen",
		"model:\n  input: [3]\n  layers: [Dense(3, trainable=false)]\ntrain: {loss: mse, optimizer: sgd}\n",
		"4:15: error: there is no weight to train", "every layer is frozen, or has no weights"},
	{"require user",
		"blocks:\n  B(n)(x):\n    require:\n      n > 3: n is more than 3\n    return: Dense(n)(x)\nmodel:\n  input: [3]\n  layers:\n    - B(4)\n    - B(2)\n",
		"10:7: error: n is more than 3", "here n is the number 2"},
	{"conv rank",
		"model:\n  input: [8]\n  layers:\n    - Conv2D(3, 3)\n",
		"4:7: error: Conv2D reads images [batch, height, width, channels]", "here the input is a tensor [batch, 8]"},
	{"conv large",
		"model:\n  input: [8, 8, 1]\n  layers:\n    - Conv2D(3, 9)\n",
		"4:7: error: the window [9, 9] is larger than the input [batch, 8, 8, 1]", "a smaller window, or padding=same"},
	{"conv k",
		"model:\n  input: [8, 8, 1]\n  layers:\n    - Conv2D(3, [3, 3, 3])\n    - Flatten\n",
		"4:7: error: one number, or one for each axis of the window", NULL},
	{"reshape",
		"model:\n  input: [8, 8, 1]\n  layers:\n    - Reshape([3, -1])\n",
		"4:7: error: [batch, 8, 8, 1] can not become [batch, 3, -1]", NULL},
	{"call number",
		"model:\n  input: [8]\n  layers:\n    - 3\n",
		"4:7: error: a layer is expected here, not the number 3", "one layer a line: - Dense(8)"},
	{"reads data",
		"model:\n  input: [8]\n  graph:\n    y: data.image + x\n",
		"4:8: error: data.image is known in the section train, not here", "a model reads its inputs"},
	{"member",
		"model:\n  input: [8]\n  graph:\n    d: Dense(4)\n    y: d(x)*d.unts\n",
		"5:13: error: Dense has no argument and no weight 'unts'", "did you mean 'units'?"},
	{"no batch",
		"model:\n  input: [8]\n  graph:\n    y: sum(x)\n",
		"4:5: error: the model's output [] has no batch axis", "the output needs a row for each sample"},
	{"slice",
		"model:\n  input: [8]\n  graph:\n    y: x[0]\n    z: x[:, 9]\n    k: x[:, 3:3]\n    w: x[:, 0, 0]\n",
		"4:10: error: the batch axis can't be cut\n5:13: error: place 9 of 8\n6:13: error: an empty piece of an axis of 8\n7:8: error: 3 places, but the tensor is [batch, 8]", "a last batch may be short; write : for the batch axis"},
	{"no opt",
		"model:\n  input: [8]\n  layers: [Dense(1)]\ntrain: {loss: mse}\n",
		"4:8: error: the section train has no 'optimizer'", "optimizer: Adam()"},
	{"data unknown",
		"model:\n  input: [8]\n  layers: [Dense(10, activation=softmax)]\ntrain: {loss: \"mse(data.z, model(data.x))\", optimizer: sgd}\n",
		"4:20: error: the data has no 'z'", "it has data.x and data.y"},
	{"weight in train",
		"model:\n  input: [8]\n  layers: [Dense(10)]\ntrain: {loss: \"mean(Dense(3, use_bias=false)(model(data.x)))\", optimizer: sgd}\n",
		"4:21: error: a weight needs a model to belong to", "make the layer in the body of a model, not in a default valu"},
	{"max",
		"model:\n  input: [8]\n  graph:\n    y: max(x, -1, true)\n    z: max(x)\n    q: sum(x, axs=1)\n",
		"4:19: error: max takes 2 arguments, not 3\n5:8: error: max needs 2 arguments\n6:15: error: sum has no argument 'axs'", "max(a, b) compares two values; amax(x, axis) goes over an ax"},
	{"einsum",
		"model:\n  input: [8]\n  graph:\n    y: einsum(\"ab,bc\", x, x)\n    z: einsum(\"ab,bc->ac\", x, x)\n",
		"4:8: error: einsum names the axes of two operands and of the result\n5:8: error: axis 'b' is [8] on one side and [batch] on the other: [batch, 8] and [batch, 8]", "einsum('nqd,nkd->nqk', a, b)"},
};

/* the lines of `text` that hold ": error:", without "spec.yaml:" */
static const char *error_lines(Arena *arena, const char *text)
{
	const char *lines = "";
	for (const char *line = text; *line;) {
		int length = (int)strcspn(line, "\n");
		const char *one = arena_copy(arena, line, (size_t)length);
		if (strstr(one, ": error: ")) lines = arena_format(arena, "%s%s%s", lines, *lines ? "\n" : "", one + strlen("spec.yaml:"));
		line += length + (line[length] == '\n');
	}
	return lines;
}

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		const MessageCase *c = &cases[i];
		Built built = built_from(c->spec, false);
		const char *lines = error_lines(built.context.arena, built.messages), *help = strstr(built.messages, "   help: ");
		if (strcmp(lines, c->errors)) fail_msg("%s:\n%s", c->name, built.messages);
		if (!help != !c->help || (help && strncmp(help + 9, c->help, strlen(c->help)))) fail_msg("%s: another help:\n%s", c->name, built.messages);
		built_free(&built);
	}
}

/* the caret stands in the user's text; places in the library are notes; calls go outward */
static void test_trail(void **state)
{
	(void)state;
	Built built = built_from("blocks:\n  Res(filters)(x):\n    return: x + Conv2D(filters, 9)(x)\nmodel:\n  input: [8, 8, 4]\n  graph:\n    h: Res(4)(x)\n", false);
	const char *caret = strstr(built.messages, "\n    3 |     return: x + Conv2D(filters, 9)(x)\n      |                 ^~~");
	const char *note = strstr(built.messages, "note: in Conv2D, at prelude/convolutions.yaml:"), *call = strstr(built.messages, "in Res, called at spec.yaml:7:8");
	assert_true(caret && note && call && caret < note && note < call);
	built_free(&built);
}

static char *repeat(Arena *arena, const char *before, int count, const char *(*line)(Arena *, int), const char *after)
{
	size_t length = 0, capacity = strlen(before) + strlen(after) + 1;
	for (int i = 0; i < count; i++) capacity += strlen(line(arena, i));
	char *text = arena_alloc(arena, capacity);
	for (const char *c = before; *c; c++) text[length++] = *c;
	for (int i = 0; i < count; i++)
		for (const char *c = line(arena, i); *c; c++) text[length++] = *c;
	for (const char *c = after; *c; c++) text[length++] = *c;
	return text;
}

static const char *doubling(Arena *arena, int i) { return arena_format(arena, "  f%d(x): f%d(f%d(x))\n", i + 1, i, i); }
static const char *chain(Arena *arena, int i) { return arena_format(arena, "    a%d: a%d\n", i, i + 1); }
static const char *layer(Arena *arena, int i) { return arena_format(arena, "    - Dnse(%d)\n", i + 1); }
static const char *plus(Arena *arena, int i) { return i % 20 ? " + x" : arena_format(arena, "\n    y%d: x", i); }

#define MODEL "model:\n  input: [8]\n"

static void test_hostile(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	const struct { const char *spec, *error; } hostile[] = {
		{repeat(arena, "functions:\n  f0(x): x\n", 60, doubling, MODEL "  graph:\n    y: f60(1)*x\n"), "layers and calls of functions"},
		{repeat(arena, MODEL "  graph:\n    y: a0\n", 4000, chain, "    a4000: x\n"), "nested more than 2500 deep"},
		{repeat(arena, MODEL "  layers:\n", 100, layer, ""), "nothing is called 'Dnse'"},
		{MODEL "  graph:\n    y: len(reduce(d, [1], range(60)))*x\nfunctions:\n  d(a, i): a + a\n", "steps to evaluate"},
		{MODEL "  layers: [Dense(1e30)]\n", "a dimension is a positive whole number"},
		{MODEL "  layers: [Dense(-1)]\n", "units is a positive number"},
		{MODEL "  layers: [Dense(2.5)]\n", "a dimension is a positive whole number"},
		{MODEL "  layers: [Dense('a')]\n", "here units is the word 'a'"},
		{MODEL "  layers: [Dropout(2)]\n", "rate is a share"},
		{MODEL "  graph:\n    y: x*99999999999999999999\n", "beyond 2^53"},
		{MODEL "  graph:\n    y: reshape(x, [batch, batch])\n", "the batch stands twice"},
		{MODEL "  graph:\n    y: reshape(x, [-1, -1])\n", "one dimension may be -1"},
		{MODEL "  graph:\n    y: full(range(13), 1)\n", "at most 12 are possible"},
		{MODEL "  graph:\n    y: transpose(x, [0, 0])\n", "names axis 0 twice"},
		{MODEL "  graph:\n    y: unfold(x, 1, [2], [0], [1], [0], [0])\n", "the stride is a whole number from 1"},
		{MODEL "  graph:\n    y: sum(x, 5)\n", "axis 5 of a tensor with 2 axes"},
		{MODEL "  graph:\n    y: split(x, 3)\n", "does not split into 3 equal parts"},
		{MODEL "  graph:\n    y: concat([], 0)\n", "takes a list of tensors"},
		{MODEL "  graph:\n    y: matmul(x, x)\n", "axis"},
		{MODEL "  graph:\n    y: slot(0)*x\n", "a slot belongs to an optimizer"},
		{MODEL "  graph:\n    y: weight(shape(x))*x\n", "has the batch as an axis"},
		{MODEL "  graph:\n    y: x.kernel\n", "has no 'kernel'"},
		{MODEL "  graph:\n    y: Dense(4, kernel_initializer=f)(x)\ninitializers:\n  f()(dims): full([3], 1)\n", "the initializer gives [3]"},
		{MODEL "  graph:\n    y: 3\n", "is the number 3, not a tensor"},
		{MODEL "  graph: {}\n", "the graph binds nothing"},
		{MODEL "  layers: [Flatten]\ntrain: {loss: mse, optimizer: sgd}\n", "no weight to train"},
		{MODEL "  layers: [Dense(1)]\ntrain: {loss: '3', optimizer: sgd}\n", "the loss is the number 3"},
		{MODEL "  layers: [Dense(1)]\ntrain: {loss: mse, optimizer: O()}\noptimizers:\n  O()(w, g, t):\n    w': [w]\n", "a tensor or a number is expected"},
	};
	for (size_t i = 0; i < sizeof hostile/sizeof *hostile; i++) {
		Built built = built_from(hostile[i].spec, false);
		if (!built.context.errors || !strstr(built.messages, hostile[i].error)) fail_msg("%zu, %s: %.2000s", i, hostile[i].error, built.messages);
		built_free(&built);
	}
	Built many = built_from(repeat(arena, MODEL "  graph:", 4000, plus, "\n"), false);
	assert_int_equal(many.context.errors, 0);
	built_free(&many);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages), cmocka_unit_test(test_trail), cmocka_unit_test(test_hostile)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
