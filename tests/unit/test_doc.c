/* test_doc.c: YAML -> trees with places and raw text; what is refused; hostile files. Texts of messages: tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "doc.h"

typedef struct Fixture {
	Context context;
	char *messages;
	size_t size;
	Source source;
} Fixture;

static DocNode *read_text(Fixture *f, const char *text, size_t size)
{
	*f = (Fixture){.source = {.name = "t", .text = text, .size = size}};
	f->context.arena = arena_new();
	f->context.messages = open_memstream(&f->messages, &f->size);
	DocNode *root = doc_read(&f->context, &f->source);
	fflush(f->context.messages);
	return root;
}

static void close_fixture(Fixture *f)
{
	fclose(f->context.messages);
	free(f->messages);
	arena_free(f->context.arena);
}

/* Every node's place and bytes agree with the text. */
static void check_places(const Fixture *f, const DocNode *node)
{
	const char *text = f->source.text, *line = text;
	for (int i = 0; i < node->place.line; i++) line = strchr(line, '\n') + 1;
	if (line == text && memcmp(text, "\xEF\xBB\xBF", 3) == 0) line += 3;
	assert_ptr_equal(line + node->place.column, text + node->begin);
	assert_true(node->begin <= node->end && node->end <= f->source.size && node->place.length >= 1);
	for (int i = 0; node->kind == DOC_LIST && i < node->count; i++) check_places(f, node->items[i]);
	for (int i = 0; node->kind == DOC_MAP && i < node->count; i++) {
		check_places(f, node->pairs[i].key);
		check_places(f, node->pairs[i].value);
	}
}

typedef struct Case {
	const char *text, *value, *raw; /* of the scalar under `a` */
	bool quoted;
} Case;

static const Case scalars[] = {
	{"a: 1\n", "1", "1", false},
	{"\xEF\xBB\xBF""a: x\r\nb: 2\r\n", "x", "x", false},
	{"a: x*2 +\n   x*3  # comment\nb: 1\n", "x*2 + x*3", "x*2 +\n   x*3", false},
	{"m\xC3\xBC: \xC3\xA4\na: \xE2\x82\xAC x\n", "\xE2\x82\xAC x", "\xE2\x82\xAC x", false},
	{"m: \xF0\x9F\x98\x80\na: 'it''s'\n", "it's", "'it''s'", true},
	{"a: \"x\\ty\"\n", "x\ty", "\"x\\ty\"", true},
	{"a:\n", "", "", false},
	{"a: |\n  x\n  y\nb: 1\n", "x\ny\n", "|\n  x\n  y\n", false},
	{"{\xC3\xA4: 1, a: f(x}\n", "f(x", "f(x", false},
	{"---\na: 1\n...\n", "1", "1", false},
};

static void test_scalars(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++) {
		Fixture f;
		DocNode *root = read_text(&f, scalars[i].text, strlen(scalars[i].text));
		if (!root) print_error("%s", f.messages);
		assert_non_null(root);
		check_places(&f, root);
		const DocNode *a = doc_get(root, "a");
		assert_non_null(a);
		assert_string_equal(a->text, scalars[i].value);
		assert_int_equal(a->end - a->begin, strlen(scalars[i].raw));
		assert_memory_equal(f.source.text + a->begin, scalars[i].raw, a->end - a->begin);
		assert_int_equal(a->quoted, scalars[i].quoted);
		close_fixture(&f);
	}
}

static void test_structure(void **state)
{
	(void)state;
	Fixture f;
	const char *text = "a: [1, [2, x], {b: 3}]\nc:\n  - d: 4\n    e: 5\n  - f\nmu, logvar: g\n";
	DocNode *root = read_text(&f, text, strlen(text));
	check_places(&f, root);
	assert_int_equal(root->kind, DOC_MAP);
	assert_int_equal(root->count, 3);
	assert_false(root->flow);
	const DocNode *a = doc_get(root, "a"), *c = doc_get(root, "c");
	assert_true(a->kind == DOC_LIST && a->flow && a->count == 3);
	assert_memory_equal(text + a->begin, "[1, [2, x], {b: 3}]\nc", a->end - a->begin + 2);
	assert_int_equal(a->items[1]->count, 2);
	assert_string_equal(doc_get(a->items[2], "b")->text, "3");
	assert_true(c->kind == DOC_LIST && !c->flow && c->count == 2);
	assert_string_equal(doc_get(c->items[0], "e")->text, "5");
	assert_memory_equal(text + c->end - 1, "f\nmu", 4);
	assert_string_equal(doc_get(root, "mu, logvar")->text, "g");
	assert_null(doc_get(root, "z"));
	assert_null(doc_get(a, "z"));
	close_fixture(&f);
}

typedef struct Mistake {
	const char *text;
	int errors;
	const char *first; /* the first message begins with it */
} Mistake;

static const Mistake mistakes[] = {
	{"", 1, "t:1:1: error: the file is empty"},
	{"# only a comment\n", 1, "t:1:1: error: the file is empty"},
	{"---\n", 1, "t:1:1: error: the file is empty"},
	{"a: &x 1\nb: *x\nc: !!str 2\n<<: 3\n", 4, "t:1:4: error: anchors are not allowed: '&x'\n"},
	{"a: 1\n---\nb: 2\n", 1, "t:2:1: error: a second document begins here"},
	{"a: 1\n\tb: 2\n", 1, "t:2:1: error: a tab stands in the indentation"},
	{"a: \"x\n", 1, "t:1:4: error: a quote is not closed"},
	{"a: \xE9\n", 1, "t:1:4: error: the byte 0xE9 is not UTF-8 text"},
	{"\xFF\xFE" "a", 1, "t:1:1: error: the file is UTF-16"},
	{"a: \"\\0\"\n", 1, "t:1:4: error: a text cannot hold the character \\0"},
	{"a: >2\n", 1, "t:1:4: error: an empty block of text"},
	{"[a]: 1\n", 1, "t:1:1: error: a key must be a name"},
	{"a: [1, 2\nb: 3\n", 1, "t:1:4: error: '[' is not closed"},
	{"a: {b: 1\n", 1, "t:1:4: error: '{' is not closed"},
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
		Fixture f;
		assert_null(read_text(&f, mistakes[i].text, strlen(mistakes[i].text)));
		assert_int_equal(f.context.errors, mistakes[i].errors);
		assert_memory_equal(f.messages, mistakes[i].first, strlen(mistakes[i].first));
		close_fixture(&f);
	}
	Fixture f;
	assert_null(read_text(&f, "a\0b: 1\n", 7));
	assert_string_equal(strtok(f.messages, "\n"), "t:1:2: error: a control character (0x00) stands here");
	close_fixture(&f);
}

/* A key given twice is reported where it stands the second time; the first is kept. */
static void test_duplicates(void **state)
{
	(void)state;
	Fixture f;
	const char *text = "b: 1\na: 2\nb: 3\na: {c: 1, c: 2}\nb: 4\n";
	DocNode *root = read_text(&f, text, strlen(text));
	assert_non_null(root);
	assert_int_equal(f.context.errors, 4);
	assert_int_equal(root->count, 2);
	assert_string_equal(doc_get(root, "b")->text, "1");
	assert_string_equal(doc_get(root, "a")->text, "2");
	assert_non_null(strstr(f.messages, "t:5:1: error: 'b' is given twice; the first is in line 1"));
	close_fixture(&f);
}

static void hostile(const char *begin, const char *piece, int times, bool refused)
{
	Fixture f;
	size_t size = strlen(begin) + strlen(piece) * (size_t)times;
	char *text = malloc(size + 1), *end = text + sprintf(text, "%s", begin);
	for (int i = 0; i < times; i++) end += sprintf(end, "%s", piece);
	DocNode *root = read_text(&f, text, size);
	assert_int_equal(root == NULL, refused);
	assert_int_equal(f.context.errors > 0, refused);
	close_fixture(&f);
	free(text);
}

static void test_hostile(void **state)
{
	(void)state;
	hostile("a: ", "[", 100000, true);
	hostile("a: ", "{", 100000, true);
	hostile("", "- ", 50000, true);
	hostile("", "? ", 5000, true);
	hostile("a: ", "- x\n", 10, true);
	hostile("a:\n", "- x\n", 50000, false);
	hostile("", "\n", 100000, true);
	hostile("a: ", "x ", 100000, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
