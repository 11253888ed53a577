/* cwriter.c: in: formats that look like C; out: indented text. Invariant: depth never falls below 0. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cwriter.h"

CWriter *cwriter_new(Arena *arena)
{
	CWriter *out = arena_alloc(arena, sizeof *out);
	out->arena = arena;
	return out;
}

static void put(CWriter *out, const char *text, size_t length)
{
	if (out->length + length + 1 > out->capacity) {
		size_t capacity = 2*(out->length + length) + 4096;
		char *larger = arena_alloc(out->arena, capacity);
		if (out->length) memcpy(larger, out->text, out->length);
		out->text = larger;
		out->capacity = capacity;
	}
	memcpy(out->text + out->length, text, length);
	out->length += length;
	out->text[out->length] = 0;
}

static void put_line(CWriter *out, const char *line, size_t length)
{
	static const char tabs[] = "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";
	if (length && line[0] == '}' && out->depth) out->depth--;
	int depth = out->depth < 16 ? out->depth : 16;
	bool label = length && line[0] == '#';
	if (length && !label) put(out, tabs, (size_t)depth);
	put(out, line, length);
	put(out, "\n", 1);
	if (length && line[length - 1] == '{') out->depth++;
}

static void put_lines(CWriter *out, const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchr(text, '\n');
		if (!end) end = text + strlen(text);
		put_line(out, text, (size_t)(end - text));
	}
}

void cw(CWriter *out, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	const char *text = arena_vformat(out->arena, format, list);
	va_end(list);
	put_lines(out, text);
}

CPlace cw_place(const CWriter *out) { return (CPlace){out->length, out->depth}; }

void cw_before(CWriter *out, CPlace *place, const char *line)
{
	size_t rest = out->length - place->at;
	int depth = out->depth;
	const char *behind = rest ? arena_copy(out->arena, out->text + place->at, rest) : "";
	out->length = place->at;
	out->depth = place->depth;
	put_line(out, line, strlen(line));
	*place = cw_place(out);
	put(out, behind, rest);
	out->depth = depth;
}

void cw_text(CWriter *out, const char *text) { put(out, text, strlen(text)); }

void cw_blank(CWriter *out) { put(out, "\n", 1); }

/* Unicode's marks of direction, U+200E/F, U+202A..E and U+2066..9: code could look as if it stood elsewhere */
static bool turns_text(const char *c)
{
	const unsigned char *b = (const unsigned char *)c;
	if (b[0] != 0xE2) return false;
	return (b[1] == 0x80 && (b[2] == 0x8E || b[2] == 0x8F || (b[2] >= 0xAA && b[2] <= 0xAE))) || (b[1] == 0x81 && b[2] >= 0xA6 && b[2] <= 0xA9);
}

void cw_comment(CWriter *out, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	char *text = arena_vformat(out->arena, format, list);
	va_end(list);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 32 && *c != '\n') *c = ' ';
		if ((c[0] == '*' && c[1] == '/') || (c[0] == '/' && c[1] == '*')) c[1] = '.';
		if (*c == '\\' || (c[0] == '?' && c[1] == '?')) *c = '.';
		if (turns_text(c)) memcpy(c, "...", 3);
	}
	char *line = text;
	for (bool first = true;; first = false) {
		char *end = strchr(line, '\n');
		if (end) *end = 0;
		const char *row = arena_format(out->arena, "%s%s%s", first ? "/* " : *line ? " * " : " *", line, end ? "" : " */");
		put_line(out, row, strlen(row));
		if (!end) return;
		line = end + 1;
	}
}

const char *c_string(Arena *arena, const char *text)
{
	char *result = arena_alloc(arena, 4*strlen(text) + 1), *to = result;
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '\n') *to++ = '\\', *to++ = 'n';
		else if (*c == '\t') *to++ = '\\', *to++ = 't';
		else if (*c == '"' || *c == '\\') *to++ = '\\', *to++ = (char)*c;
		else if (*c < 32 || *c > 126 || *c == '?') to += sprintf(to, "\\%03o", *c);
		else *to++ = (char)*c;
	}
	*to = 0;
	return result;
}

const char *c_identifier(Arena *arena, const char *text)
{
	char *result = arena_copy(arena, text, strlen(text));
	for (char *c = result; *c; c++)
		if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127) *c = '_';
	if (!*result || isdigit((unsigned char)*result)) return arena_format(arena, "_%s", result);
	return result;
}

const char *c_number(Arena *arena, double value, bool single)
{
	if (single) value = (double)(float)value;
	if (isnan(value)) return "NAN";
	if (isinf(value)) return value < 0 ? "-INFINITY" : "INFINITY";
	if (value == 0 && signbit(value)) return single ? "-0.0f" : "-0.0";
	char text[40];
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value) break;
	}
	if (strpbrk(text, ".e")) return arena_format(arena, "%s%s", text, single ? "f" : "");
	return arena_format(arena, "%s%s", text, fabs(value) < 1e9 ? "" : single ? ".0f" : ".0");
}
