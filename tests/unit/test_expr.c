/* test_expr.c: texts -> trees, printed as s-expressions; texts -> messages; slots of documents; hostile input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "expr.h"

typedef struct Fixture {
	Context context;
	char *messages;
	size_t size;
} Fixture;

static void open_fixture(Fixture *f)
{
	*f = (Fixture){0};
	f->context.arena = arena_new();
	f->context.messages = open_memstream(&f->messages, &f->size);
}

static void close_fixture(Fixture *f)
{
	fclose(f->context.messages);
	free(f->messages);
	arena_free(f->context.arena);
}

static const char *const kinds[] = {"number", "name", "string", "true", "false", "none", "list", "each", "if", "not",
	"negate", "binary", "call", "index", "range", "dot", "head", "parameter", "key"};

static void print(FILE *out, const Expr *e)
{
	if (!e) {
		fputs("_", out);
		return;
	}
	if (e->kind == EXPR_NUMBER || e->kind == EXPR_NAME) {
		fputs(e->text, out);
		return;
	}
	if (e->kind == EXPR_STRING) {
		fprintf(out, "'%s'", e->text);
		return;
	}
	if (e->kind == EXPR_TRUE || e->kind == EXPR_FALSE || e->kind == EXPR_NONE) {
		fputs(kinds[e->kind], out);
		return;
	}
	fprintf(out, "(%s", e->kind == EXPR_BINARY ? e->text : kinds[e->kind]);
	if (e->kind == EXPR_DOT || e->kind == EXPR_PARAMETER || e->kind == EXPR_HEAD) fprintf(out, " %s", e->text);
	if (e->kind == EXPR_HEAD && !e->called) fputs(" bare", out);
	for (int i = 0; i < e->count; i++) {
		fputs(e->kind == EXPR_HEAD && i == e->split ? " | " : " ", out);
		if (e->kind == EXPR_CALL && e->names[i]) fprintf(out, "%s=", e->names[i]);
		print(out, e->items[i]);
	}
	if (e->kind == EXPR_HEAD && e->split == e->count) fputs(" |", out);
	for (int i = 0; e->kind != EXPR_CALL && i < e->name_count; i++)
		fprintf(out, " :%s", e->names[i] ? e->names[i] : "none");
	fputs(")", out);
}

static char *printed(const Expr *e)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	print(out, e);
	fclose(out);
	return text;
}

typedef struct Case {
	ExprStart start;
	const char *text, *wanted; /* tree, or the first line of the message without the file's name */
} Case;

static const Case trees[] = {
	{EXPR_VALUE_START, "1", "1"},
	{EXPR_VALUE_START, "1.5e-3", "1.5e-3"},
	{EXPR_VALUE_START, ".5", ".5"},
	{EXPR_VALUE_START, "1e-3", "1e-3"},
	{EXPR_VALUE_START, "True", "true"},
	{EXPR_VALUE_START, "none", "none"},
	{EXPR_VALUE_START, "'a b'", "'a b'"},
	{EXPR_VALUE_START, "\"a'b\"", "'a'b'"},
	{EXPR_VALUE_START, "h'' + x", "(+ h'' x)"},
	{EXPR_VALUE_START, "a + b*c", "(+ a (* b c))"},
	{EXPR_VALUE_START, "(a + b)*c", "(* (+ a b) c)"},
	{EXPR_VALUE_START, "a - b - c", "(- (- a b) c)"},
	{EXPR_VALUE_START, "a//b%c", "(% (// a b) c)"},
	{EXPR_VALUE_START, "-x^2", "(negate (^ x 2))"},
	{EXPR_VALUE_START, "2^-1", "(^ 2 (negate 1))"},
	{EXPR_VALUE_START, "a^b^c", "(^ a (^ b c))"},
	{EXPR_VALUE_START, "--x", "(negate (negate x))"},
	{EXPR_VALUE_START, "a <= b and not c == d or e", "(or (and (<= a b) (not (== c d))) e)"},
	{EXPR_VALUE_START, "a if c else b", "(if c a b)"},
	{EXPR_VALUE_START, "a if c else b if d else e", "(if c a (if d b e))"},
	{EXPR_VALUE_START, "a, b", "(list a b)"},
	{EXPR_VALUE_START, "(a,)", "(list a)"},
	{EXPR_VALUE_START, "(a, b)", "(list a b)"},
	{EXPR_VALUE_START, "[]", "(list)"},
	{EXPR_VALUE_START, "[a, [b]]", "(list a (list b))"},
	{EXPR_VALUE_START, "[f(i) for i in range(3)]", "(each (call f i) (call range 3) :i)"},
	{EXPR_VALUE_START, "[a*b for a, b in zip(x, y)]", "(each (* a b) (call zip x y) :a :b)"},
	{EXPR_VALUE_START, "f()", "(call f)"},
	{EXPR_VALUE_START, "Conv2D(32, 3, activation=relu)(x)", "(call (call Conv2D 32 3 activation=relu) x)"},
	{EXPR_VALUE_START, "f(a=1, b)", "(call f a=1 b)"},
	{EXPR_VALUE_START, "f(a == 1)", "(call f (== a 1))"},
	{EXPR_VALUE_START, "x[0]", "(index x 0)"},
	{EXPR_VALUE_START, "x[i, a:b, :, 2*u:, :-1]", "(index x i (range a b) (range _ _) (range (* 2 u) _) (range _ (negate 1)))"},
	{EXPR_VALUE_START, "layer.kernel[0].x", "(dot x (index (dot kernel layer) 0))"},
	{EXPR_VALUE_START, "a +\n  # a comment\n  b  # another", "(+ a b)"},
	{EXPR_VALUE_START, "if_x + notes", "(+ if_x notes)"},
	{EXPR_HEAD_START, "Flatten", "(head Flatten bare)"},
	{EXPR_HEAD_START, "relu()", "(head relu)"},
	{EXPR_HEAD_START, "relu(x, negative_slope=0.0)", "(head relu (parameter x) (parameter negative_slope 0.0))"},
	{EXPR_HEAD_START, "Zeros()(dims)", "(head Zeros | (parameter dims))"},
	{EXPR_HEAD_START, "F(a)()", "(head F (parameter a) |)"},
	{EXPR_HEAD_START, "P(pool_size=2, padding=valid|same|none)(x, h=full([dim(x, 0)], 0))",
		"(head P (parameter pool_size 2) (parameter padding :valid :same :none) | (parameter x) "
		"(parameter h (call full (list (call dim x 0)) 0)))"},
	{EXPR_KEY_START, "h'", "(head h' bare)"},
	{EXPR_KEY_START, "mu, logvar", "(key :mu :logvar)"},
	{EXPR_KEY_START, "step(s, x)", "(head step (parameter s) (parameter x))"},
};

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		Fixture f;
		open_fixture(&f);
		Source source = {"t.yaml", trees[i].text, strlen(trees[i].text), false, NULL};
		Expr *e = expr_parse(&f.context, source.text, source.size, (Place){&source, 0, 0, 1}, trees[i].start);
		fflush(f.context.messages);
		if (!e) print_error("%s\n%s", trees[i].text, f.messages);
		assert_non_null(e);
		char *text = printed(e);
		assert_string_equal(text, trees[i].wanted);
		free(text);
		close_fixture(&f);
	}
}

static const Case mistakes[] = {
	{EXPR_VALUE_START, "", "1:1: error: an expression is missing"},
	{EXPR_VALUE_START, "a +", "1:4: error: the expression ends too early: a value is missing"},
	{EXPR_VALUE_START, "a.", "1:3: error: the expression ends too early: a name is missing"},
	{EXPR_VALUE_START, "f(a, b", "1:2: error: '(' is not closed"},
	{EXPR_VALUE_START, "f(a, [b)", "1:8: error: ')' stands where the '[' of column 6 is still open"},
	{EXPR_VALUE_START, "f(a))", "1:5: error: ')' closes nothing"},
	{EXPR_VALUE_START, "f(a,)", "1:5: error: a value is missing before ')'"},
	{EXPR_VALUE_START, "f(,a)", "1:3: error: a value is missing before ','"},
	{EXPR_VALUE_START, "a,", "1:3: error: the expression ends too early: a value is missing"},
	{EXPR_VALUE_START, "a b", "1:3: error: an operator is missing before 'b'"},
	{EXPR_VALUE_START, "2x", "1:2: error: an operator is missing before 'x'"},
	{EXPR_VALUE_START, "f(a b)", "1:5: error: an operator or a comma is missing before 'b'"},
	{EXPR_VALUE_START, "x**2", "1:3: error: a power is written x^2"},
	{EXPR_VALUE_START, "0 < x < 1", "1:7: error: comparisons do not chain"},
	{EXPR_VALUE_START, "a if c", "1:7: error: 'else' is missing"},
	{EXPR_VALUE_START, "(a if c)", "1:8: error: 'else' is missing before ')'"},
	{EXPR_VALUE_START, "x ? 1 : 2", "1:3: error: '?' is not a sign of the language"},
	{EXPR_VALUE_START, "!x", "1:1: error: '!' is not a sign of the language"},
	{EXPR_VALUE_START, "a && b", "1:3: error: '&' is not a sign of the language"},
	{EXPR_VALUE_START, "a || b", "1:3: error: '|' separates the words that a parameter may be, and nothing else"},
	{EXPR_VALUE_START, "2 \xC3\x97 3", "1:3: error: '\xC3\x97' is not a sign of the language"},
	{EXPR_VALUE_START, "a = 1", "1:3: error: '=' gives an argument its name, and only inside a call"},
	{EXPR_VALUE_START, "f(in=3)", "1:3: error: 'in' is a word of the language, not a name"},
	{EXPR_VALUE_START, "x.if", "1:3: error: 'if' is a word of the language, not a name"},
	{EXPR_VALUE_START, "'abc", "1:1: error: a text is not closed: its second ' is missing"},
	{EXPR_VALUE_START, "a: b", "1:2: error: ':' stands only between the bounds of a slice, x[a:b]"},
	{EXPR_VALUE_START, "[f(i) for i of x]", "1:13: error: 'in' is missing before 'of'"},
	{EXPR_VALUE_START, "a +\n  * b", "2:3: error: a value is missing before '*'"},
	{EXPR_VALUE_START, "a +\n\n b c", "3:4: error: an operator is missing before 'c'"},
	{EXPR_HEAD_START, "f(a)(b)(c)", "1:8: error: a third list of parameters"},
	{EXPR_HEAD_START, "2f(a)", "1:1: error: a name is expected, not '2'"},
	{EXPR_HEAD_START, "f(a", "1:2: error: '(' is not closed"},
	{EXPR_HEAD_START, "f(a.b)", "1:4: error: '.' is not expected here"},
	{EXPR_KEY_START, "a, 2", "1:4: error: a name is expected, not '2'"},
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		Fixture f;
		open_fixture(&f);
		Source source = {"t", mistakes[i].text, strlen(mistakes[i].text), false, NULL};
		Expr *e = expr_parse(&f.context, source.text, source.size, (Place){&source, 0, 0, 1}, mistakes[i].start);
		fflush(f.context.messages);
		assert_null(e);
		assert_int_equal(f.context.errors, 1);
		f.messages[strcspn(f.messages, "\n")] = 0;
		assert_string_equal(f.messages + 2, mistakes[i].wanted);
		close_fixture(&f);
	}
}

typedef struct Slot {
	const char *file, *wanted; /* the slot is the value of `a` */
} Slot;

static const Slot slots[] = {
	{"a: x*2 +\n   x*3\n", "(+ (* x 2) (* x 3))"},
	{"a: \"[x, y] + rest\"\n", "(+ (list x y) rest)"},
	{"a: 'p == ''same'''\n", "(== p 'same')"},
	{"a: \"p == \\\"same\\\"\"\n", "(== p 'same')"},
	{"a: |\n  x +\n  y\n", "(+ x y)"},
	{"a: >-\n  x +  # first\n  y\n", "(+ x y)"},
	{"a: [3, dim(x, -1)]\n", "(list 3 (call dim x (negate 1)))"},
	{"a: [Conv2D(4, 3,  # a comment\n  activation=relu), Flatten]\n", "(list (call Conv2D 4 3 activation=relu) Flatten)"},
	{"a: [f(g(1, 2), h'), 'b']\n", "(list (call f (call g 1 2) h') b)"},
	{"a: [[1, 2], [f(3, 4)]]\n", "(list (list 1 2) (list (call f 3 4)))"},
	{"a: []\n", "(list)"},
	{"a:\n  - Dense(3)\n  - Flatten\n", "(list (call Dense 3) Flatten)"},
	{"a:\n  - Conv2D: {filters: 32, kernel_size: [3, 3]}\n  - Flatten:\n",
		"(list (call Conv2D filters=32 kernel_size=(list 3 3)) (call Flatten))"},
	{"a: {Bidirectional: {layer: {LSTM: {units: 3}}}}\n", "(call Bidirectional layer=(call LSTM units=3))"},
	{"a:\n  \"Dense\": {units: '3'}\n", "(call Dense units=3)"},
};

static Expr *read_slot(Fixture *f, Source *source)
{
	DocNode *root = doc_read(&f->context, source);
	assert_non_null(root);
	Expr *e = expr_read(&f->context, doc_get(root, "a"), EXPR_VALUE_START);
	fflush(f->context.messages);
	return e;
}

static void test_slots(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
		Fixture f;
		open_fixture(&f);
		Source source = {"t", slots[i].file, strlen(slots[i].file), false, NULL};
		Expr *e = read_slot(&f, &source);
		if (!e) print_error("%s\n%s", slots[i].file, f.messages);
		assert_non_null(e);
		char *text = printed(e);
		assert_string_equal(text, slots[i].wanted);
		free(text);
		close_fixture(&f);
	}
}

static const Slot slot_mistakes[] = {
	{"a: {loss: f(1, x)}\n", "t:1:4: error: an expression is expected here"},
	{"a: [f(1, 2]\n", "t:1:6: error: '(' is not closed"},
	{"a:\nb: 2\n", "t:1:3: error: a value is missing here"},
	{"a:\n  - Dense: 3\n", "t:2:12: error: the arguments of Dense stand in a mapping"},
	{"a:\n  - Dense: {2: 3}\n", "t:2:13: error: the name of an argument is expected here"},
	{"a: \"x +\n   y z\"\n", "t:2:6: error: an operator is missing before 'z'"},
	{"a: '''p'' q'\n", "t:1:11: error: an operator is missing before 'q'"},
	{"a: |\n  x +\n  y z\n", "t:3:5: error: an operator is missing before 'z'"},
	{"a: \"\\x41\"\n", "t:1:4: error: the escape \\x has no meaning in an expression"},
	{"\xEF\xBB\xBF""a: x y\n", "t:1:6: error: an operator is missing before 'y'"},
};

static void test_slot_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof slot_mistakes / sizeof *slot_mistakes; i++) {
		Fixture f;
		open_fixture(&f);
		Source source = {"t", slot_mistakes[i].file, strlen(slot_mistakes[i].file), false, NULL};
		assert_null(read_slot(&f, &source));
		f.messages[strcspn(f.messages, "\n")] = 0;
		assert_string_equal(f.messages, slot_mistakes[i].wanted);
		close_fixture(&f);
	}
}

/* The place of a node over several lines, and of one behind an escape. */
static void test_places(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	const char *text = "b: 1\na: xx*2 +\n   yy*3\n";
	Source source = {"t", text, strlen(text), false, NULL};
	Expr *e = read_slot(&f, &source);
	assert_int_equal(e->place.line, 1);
	assert_int_equal(e->place.column, 3);
	assert_int_equal(e->items[1]->place.line, 2);
	assert_int_equal(e->items[1]->place.column, 3);
	assert_int_equal(e->items[1]->place.length, 4);
	assert_int_equal(e->items[1]->items[1]->place.column, 6);
	const char *quoted = "a: '''s'' == t'\n";
	source = (Source){"t", quoted, strlen(quoted), false, NULL};
	e = read_slot(&f, &source);
	assert_int_equal(e->items[0]->place.column, 4);
	assert_int_equal(e->items[0]->place.length, 5);
	assert_int_equal(e->items[1]->place.column, 13);
	close_fixture(&f);
}

/* Repeats `piece` and expects one error, or none, and no crash. */
static void hostile(const char *piece, const char *end, int times, int errors)
{
	Fixture f;
	open_fixture(&f);
	size_t length = strlen(piece), size = length * (size_t)times;
	char *text = arena_alloc(f.context.arena, size + strlen(end) + 1);
	for (size_t i = 0; i < size; i++) text[i] = piece[i % length];
	strcpy(text + size, end);
	Source source = {"t", text, strlen(text), false, NULL};
	Expr *e = expr_parse(&f.context, text, source.size, (Place){&source, 0, 0, 1}, EXPR_VALUE_START);
	assert_int_equal(f.context.errors, errors);
	assert_int_equal(e == NULL, errors > 0);
	close_fixture(&f);
}

static void test_hostile(void **state)
{
	(void)state;
	hostile("(", "", 100000, 1);
	hostile("[", "", 100000, 1);
	hostile("f(", "", 100000, 1);
	hostile("-", "x", 100000, 1);
	hostile("not ", "x", 100000, 1);
	hostile("a^", "x", 100000, 1);
	hostile("a if b else ", "x", 100000, 1);
	hostile("a+", "x", 100000, 1);
	hostile("a+", "x", 250, 0);
	hostile("a.", "x", 100000, 1);
	hostile("a, ", "x", 100000, 0);
	hostile("\xFF", "", 1000, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_slots),
		cmocka_unit_test(test_slot_mistakes), cmocka_unit_test(test_places), cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
