/* test_cwriter.c: no text can leave a string literal, a comment or an identifier, and every number reads back as itself: checked by
 * the rules of C here, and by C compilers, with trigraphs on. Strings are all bytes, nasty ones, and random ones. */
#include <dlfcn.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>
#include "cwriter.h"

static const char *const nasty[] = {"", "\"", "\\", "\\\"", "\"; system(\"x\"); \"", "\n\"", "?\?/\"", "?\?/", "?\?/\n", "?\?=define", "a?\?/?\?/\"b", "*/", "/*", "**//", "*\\\n/",
	"*?\?/\n/", "//", "%s%n%d", "\x01" "23", "\x7f" "9", "\xff" "f", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f x", "0", "\t", "\r", "\r\n", "'", "?", "?\?", "?\?\?/", "\\x41",
	"\\u0041", "\\", "\\\\", "{", "}", "#include", "\f\v\a\b\x1b", "end\\", "int", "9lives", "a b", "\xc3\xa9", "L\"\"", "R\"(", "/", "*", "a*", "/b"};
enum { NASTY = sizeof nasty/sizeof *nasty, RANDOM = 300, STRINGS = NASTY + 255 + RANDOM, LONGEST = 40 };

static uint64_t seed = 88172645463325252u; /* Marsaglia's xorshift */
static uint64_t draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static const char *string_number(Arena *arena, int i)
{
	if (i < NASTY) return nasty[i];
	if (i < NASTY + 255) return arena_format(arena, "%c%d", i - NASTY + 1, i%10);
	static const char marks[] = "\\\"?/*\n'0%{}";
	char text[LONGEST + 1];
	int length = (int)(draw()%LONGEST);
	for (int k = 0; k < length; k++) text[k] = draw()%2 ? marks[draw()%(sizeof marks - 1)] : (char)(draw()%255 + 1);
	return arena_copy(arena, text, (size_t)length);
}

/* What a compiler makes of the inside of a literal: -1 where it would end early, or is no C. */
static int decode(const char *literal, unsigned char *bytes)
{
	int count = 0;
	for (const char *c = literal; *c;) {
		if ((unsigned char)*c < 32 || (unsigned char)*c > 126 || *c == '"' || *c == '?') return -1;
		if (*c != '\\') {
			bytes[count++] = (unsigned char)*c++;
			continue;
		}
		c++;
		if (*c == 'n' || *c == 't') bytes[count++] = *c++ == 'n' ? '\n' : '\t';
		else if (*c == '\\' || *c == '"') bytes[count++] = (unsigned char)*c++;
		else {
			int value = 0, digits = 0;
			for (; digits < 3 && *c >= '0' && *c <= '7'; digits++) value = value*8 + *c++ - '0';
			if (!digits || value > 255 || (digits < 3 && *c >= '0' && *c <= '7')) return -1;
			bytes[count++] = (unsigned char)value;
		}
	}
	return count;
}

static void test_strings(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	for (int i = 0; i < STRINGS; i++) {
		const char *text = string_number(arena, i), *literal = c_string(arena, text);
		unsigned char bytes[8*LONGEST];
		int count = decode(literal, bytes);
		if (count != (int)strlen(text) || memcmp(bytes, text, (size_t)count)) fail_msg("string %d is written as \"%s\"", i, literal);
	}
	arena_free(arena);
}

static void test_identifiers(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	for (int i = 0; i < STRINGS; i++) {
		const char *name = c_identifier(arena, string_number(arena, i));
		assert_true(*name && !(*name >= '0' && *name <= '9'));
		for (const char *c = name; *c; c++) assert_true((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_');
	}
	assert_string_equal(c_identifier(arena, "data.image"), "data_image");
	assert_string_equal(c_identifier(arena, "conv2d_1"), "conv2d_1");
	assert_string_equal(c_identifier(arena, "2x"), "_2x");
	arena_free(arena);
}

/* A comment ends at its end: no other comment mark, no line that a backslash, or a trigraph, joins to the next, no turned text. */
static void test_comments(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	for (int i = 0; i < STRINGS; i++) {
		CWriter *out = cwriter_new(arena);
		cw_comment(out, "%s", string_number(arena, i));
		const char *text = out->text;
		size_t length = strlen(text);
		assert_true(length >= 6 && !strncmp(text, "/* ", 3) && !strcmp(text + length - 4, " */\n"));
		for (size_t k = 2; k + 3 < length; k++) {
			assert_true(strncmp(text + k, "*/", 2) && strncmp(text + k, "/*", 2) && strncmp(text + k, "?\?", 2) && text[k] != '\\' && text[k] != '\r');
			assert_true(strncmp(text + k, "\xe2\x80\xae", 3) && strncmp(text + k, "\xe2\x81\xa6", 3) && strncmp(text + k, "\xe2\x80\x8f", 3));
		}
	}
	arena_free(arena);
}

/* --- numbers */

static double number_number(int i)
{
	static const double some[] = {0, -0.0, 1, -1, 0.1, 1.0/3, 1e9, 999999999, 1e10, -2147483648.0, 4294967296.0, 1e15, 1e16, 123456789012345678.0, FLT_MAX, FLT_MIN,
		FLT_TRUE_MIN, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, 1e38, 1e39, -1e300, 1e-300, 3e38, INFINITY, -INFINITY, NAN, 0.5, 1e-7, 16777217, 1e100};
	int count = sizeof some/sizeof *some;
	if (i < count) return some[i];
	uint64_t bits = draw();
	double value;
	memcpy(&value, &bits, sizeof value);
	return i%2 ? value : (double)(float)(ldexp((double)(int64_t)bits, -40 - (int)(draw()%60)));
}
enum { NUMBERS = 600 };

static bool same(double a, double b) { return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b); }

static void test_numbers(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	assert_string_equal(c_number(arena, 0.1, true), "0.1f");
	assert_string_equal(c_number(arena, 0.1, false), "0.1");
	assert_string_equal(c_number(arena, 2, true), "2");
	assert_string_equal(c_number(arena, 1e10, false), "1e+10");
	for (int i = 0; i < NUMBERS; i++) {
		double value = number_number(i);
		const char *text = c_number(arena, value, false);
		if (!strstr(text, "IN") && !strstr(text, "NAN") && !same(strtod(text, NULL), value)) fail_msg("%.17g is written as %s", value, text);
	}
	arena_free(arena);
}

/* --- and so say compilers */

static void write_file(const char *path, Arena *arena)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "#include <math.h>\nextern const char *const strings[];\nextern const float floats[];\nextern const double doubles[];\n");
	fprintf(file, "const char *const strings[] = {\n");
	for (int i = 0; i < STRINGS; i++) fprintf(file, "\t\"%s\",\n", c_string(arena, string_number(arena, i)));
	fprintf(file, "};\nconst float floats[] = {\n");
	uint64_t numbers = seed;
	for (int i = 0; i < NUMBERS; i++) fprintf(file, "\t%s,\n", c_number(arena, number_number(i), true));
	seed = numbers;
	fprintf(file, "};\nconst double doubles[] = {\n");
	for (int i = 0; i < NUMBERS; i++) fprintf(file, "\t%s,\n", c_number(arena, number_number(i), false));
	fprintf(file, "};\n");
	CWriter *out = cwriter_new(arena);
	for (int i = 0; i < STRINGS; i++) cw_comment(out, "%s", string_number(arena, i));
	cw_comment(out, "one%s\ntwo%s", "*/", "?\?/");
	fputs(out->text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_compiled(void **state)
{
	const char *compiler = *state;
	Arena *arena = arena_new();
	mkdir("build", 0777), mkdir("build/tests", 0777);
	const char *path = arena_format(arena, "build/tests/cwriter_%s", compiler);
	uint64_t start = seed;
	write_file(arena_format(arena, "%s.c", path), arena);
	assert_int_equal(system(arena_format(arena, "%s -std=c99 -trigraphs -O0 -Wall -Wextra -Wpedantic -Werror -shared -fPIC -o %s.so %s.c", compiler, path, path)), 0);
	void *object = dlopen(arena_format(arena, "%s.so", path), RTLD_NOW);
	assert_non_null(object);
	const char *const *strings = dlsym(object, "strings");
	const float *floats = dlsym(object, "floats");
	const double *doubles = dlsym(object, "doubles");
	assert_true(strings && floats && doubles);
	seed = start;
	for (int i = 0; i < STRINGS; i++) assert_string_equal(strings[i], string_number(arena, i));
	for (int i = 0; i < NUMBERS; i++) {
		double value = number_number(i);
		if (!same((double)(float)value, (double)floats[i])) fail_msg("%.17g as a float is %s, and reads back as %.9g", value, c_number(arena, value, true), (double)floats[i]);
		if (!same(value, doubles[i])) fail_msg("%.17g is %s, and reads back as %.17g", value, c_number(arena, value, false), doubles[i]);
	}
	dlclose(object);
	arena_free(arena);
}

/* --- layout */

static void test_layout(void **state)
{
	(void)state;
	Arena *arena = arena_new();
	CWriter *out = cwriter_new(arena);
	cw(out, "int f(int x)\n{");
	cw(out, "for (int i = 0; i < %d; i++) {", 3);
	cw(out, "#ifdef X");
	cw(out, "if (x) {");
	cw(out, "x++;");
	cw(out, "} else {");
	cw(out, "x--;");
	cw(out, "}");
	cw(out, "}");
	cw(out, "}");
	cw_blank(out);
	cw_comment(out, "one\ntwo");
	assert_string_equal(out->text, "int f(int x)\n{\n\tfor (int i = 0; i < 3; i++) {\n#ifdef X\n\t\tif (x) {\n\t\t\tx++;\n\t\t} else {\n\t\t\tx--;\n\t\t}\n\t}\n}\n\n"
		"/* one\n * two */\n");
	assert_int_equal(out->depth, 0);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_strings), cmocka_unit_test(test_identifiers), cmocka_unit_test(test_comments),
		cmocka_unit_test(test_numbers), {"compiled by gcc", test_compiled, NULL, NULL, "gcc"}, {"compiled by clang", test_compiled, NULL, NULL, "clang"},
		cmocka_unit_test(test_layout)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
