/* test_diag.c: the exact text of messages: columns, carets, trails, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "diag.h"

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

static void check(Fixture *f, const char *wanted)
{
	fflush(f->context.messages);
	assert_string_equal(f->messages, wanted);
	close_fixture(f);
}

static Source source_of(const char *name, const char *text, bool library)
{
	return (Source){name, text, strlen(text), library, NULL};
}

static void test_plain(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	Source s = source_of("xray.yaml", "layers:\n    - Dense(1, activation=softmax)\n", false);
	diag_error(&f.context, (Place){&s, 1, 26, 7}, "use activation=sigmoid", "softmax over %d unit is always 1", 1);
	diag_warning(&f.context, (Place){&s, 0, 0, 99}, NULL, "odd");
	assert_int_equal(f.context.errors, 1);
	assert_int_equal(f.context.warnings, 1);
	check(&f, "xray.yaml:2:27: error: softmax over 1 unit is always 1\n"
		  "    2 |     - Dense(1, activation=softmax)\n"
		  "      |                           ^~~~~~~\n"
		  "   help: use activation=sigmoid\n"
		  "xray.yaml:1:1: warning: odd\n"
		  "    1 | layers:\n"
		  "      | ^~~~~~~\n");
}

/* Columns are characters, tabs stay, carriage returns and control characters do not reach the terminal. */
static void test_text(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	Source s = source_of("t", "\xEF\xBB\xBFm\xC3\xBC: \xC3\xA4x\r\n\ta: \x1B[2J\xFF", false);
	diag_error(&f.context, (Place){&s, 0, 5, 3}, NULL, "one");
	diag_error(&f.context, (Place){&s, 1, 4, 1}, NULL, "two\x1B");
	diag_error(&f.context, (Place){&s, 9, 4, 1}, NULL, "no such line");
	diag_error(&f.context, (Place){0}, "help", "no place");
	check(&f, "t:1:5: error: one\n"
		  "    1 | m\xC3\xBC: \xC3\xA4x\n"
		  "      |     ^~\n"
		  "t:2:5: error: two?\n"
		  "    2 | \ta: ?[2J?\n"
		  "      | \t   ^\n"
		  "t:10:5: error: no such line\n"
		  "nnc: error: no place\n"
		  "   help: help\n");
}

/* The caret stands in the user's text; the library's places are notes; calls follow outwards. */
static void test_trail(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	Source library = source_of("prelude/l.yaml", "a\nbb\nccc\n", true), s = source_of("t", "one\ntwo\nthree\n", false);
	Trail outer = {"model", {&s, 0, 0, 3}, NULL}, middle = {"Block", {&s, 2, 1, 2}, &outer},
	      inner = {"Conv2D", {&library, 2, 1, 1}, &middle};
	f.context.trail = &inner;
	diag_error(&f.context, (Place){&library, 1, 1, 1}, NULL, "wrong");
	f.context.trail = &outer;
	diag_error(&f.context, (Place){&s, 1, 0, 1}, NULL, "here");
	f.context.trail = NULL;
	diag_error(&f.context, (Place){&library, 1, 1, 1}, NULL, "in the library");
	check(&f, "t:3:2: error: wrong\n"
		  "    3 | three\n"
		  "      |  ^~\n"
		  "   note: in Conv2D, at prelude/l.yaml:2:2\n"
		  "   note: in Block, at prelude/l.yaml:3:2\n"
		  "   in model, called at t:1:1\n"
		  "t:2:1: error: here\n"
		  "    2 | two\n"
		  "      | ^\n"
		  "   in model, called at t:1:1\n"
		  "prelude/l.yaml:2:2: error: in the library\n"
		  "    2 | bb\n"
		  "      |  ^\n");
}

static void test_deep_trail(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	Source s = source_of("t", "x\n", false);
	Trail calls[10];
	for (int i = 0; i < 10; i++) calls[i] = (Trail){"f", {&s, 0, i, 1}, i < 9 ? &calls[i + 1] : NULL};
	f.context.trail = calls;
	diag_error(&f.context, (Place){&s, 0, 0, 1}, NULL, "deep");
	check(&f, "t:1:1: error: deep\n    1 | x\n      | ^\n"
		  "   in f, called at t:1:1\n   in f, called at t:1:2\n   in f, called at t:1:3\n"
		  "   in 4 more calls\n"
		  "   in f, called at t:1:8\n   in f, called at t:1:9\n   in f, called at t:1:10\n");
}

static void test_long_line(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	char text[1001];
	memset(text, 'x', 1000);
	text[1000] = 0;
	Source s = source_of("t", text, false);
	diag_error(&f.context, (Place){&s, 0, 500, 900}, NULL, "long");
	fflush(f.context.messages);
	const char *line = strchr(f.messages, '\n') + 1, *caret = strchr(f.messages, '^');
	assert_memory_equal(line, "    1 | ...x", 12);
	assert_int_equal(strcspn(line, "\n"), 8 + 3 + 160 + 3);
	assert_int_equal(caret - strchr(line, '\n') - 1, 8 + 3 + 80);
	assert_int_equal(strspn(caret, "^~"), 80);
	close_fixture(&f);
}

static void test_limits(void **state)
{
	(void)state;
	Fixture f;
	open_fixture(&f);
	Source s = source_of("t", "x\n", false);
	for (int i = 0; i < 3; i++) diag_error(&f.context, (Place){&s, 0, 0, 1}, NULL, "the same");
	assert_int_equal(f.context.errors, 1);
	for (int i = 0; i < 30; i++) diag_error(&f.context, (Place){&s, 0, 0, 1}, NULL, "number %d", i);
	assert_int_equal(f.context.errors, 31);
	fflush(f.context.messages);
	assert_non_null(strstr(f.messages, "number 18\n"));
	assert_null(strstr(f.messages, "number 19\n"));
	assert_non_null(strstr(f.messages, "nnc: more than 20 errors; the others are only counted\n"));
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_trail),
		cmocka_unit_test(test_deep_trail),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
