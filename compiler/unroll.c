/* unroll.c: in: the body of a function as the kernels write it, a statement a line; out: the same in straight line: every loop
 * `for (TYPE v = A; v < B; v++) {` whose bounds are numbers is written out, v replaced by its values, indexes added up.
 * Invariant: only the shape of the text changes; each value is computed by the same operations in the same order. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cwriter.h"
#include "unroll.h"

typedef struct Lines {
	const char **line;
	int count;
} Lines;

static Lines split(Arena *arena, const char *text)
{
	Lines lines = {NULL, 0};
	int capacity = 0;
	while (*text) {
		size_t length = strcspn(text, "\n"), start = strspn(text, "\t");
		if (start > length) start = length;
		lines.line = arena_grow(arena, lines.line, lines.count, &capacity, sizeof *lines.line);
		lines.line[lines.count++] = arena_copy(arena, text + start, length - start);
		text += length + (text[length] == '\n');
	}
	return lines;
}

typedef struct Head {
	char var[32];
	long long from, to;
	bool constant;
} Head;

static bool read_head(const char *line, Head *head)
{
	char type[32], from[64], again[32], to[160], step[64];
	if (sscanf(line, "for (%31s %31s = %63[^;]; %31s < %159[^;]; %63[^)]) {", type, head->var, from, again, to, step) != 6) return false;
	char *end_from, *end_to;
	head->from = strtoll(from, &end_from, 10);
	head->to = strtoll(to, &end_to, 10);
	head->constant = !*end_from && !*end_to && !strcmp(head->var, again) && !strncmp(step, head->var, strlen(head->var))
		&& !strcmp(step + strlen(head->var), "++");
	return true;
}

/* the line that closes the block which line `at` opens */
static int closing(const Lines *lines, int at)
{
	int depth = 0;
	for (int i = at; i < lines->count; i++) {
		const char *line = lines->line[i];
		size_t length = strlen(line);
		if (*line == '}') depth--;
		if (length && line[length - 1] == '{') depth++;
		if (!depth) return i;
	}
	return lines->count;
}

static double count(const Lines *lines, int from, int to)
{
	double sum = 0;
	for (int i = from; i < to; i++) {
		Head head;
		if (!read_head(lines->line[i], &head) || !head.constant) {
			sum += strchr(lines->line[i], ';') != NULL;
			continue;
		}
		int end = closing(lines, i);
		sum += (double)(head.to - head.from)*count(lines, i + 1, end);
		i = end;
	}
	return sum;
}

double unroll_count(const char *body)
{
	Arena *arena = arena_new();
	Lines lines = split(arena, body);
	double sum = count(&lines, 0, lines.count);
	arena_free(arena);
	return sum;
}

/* --- writing out --- */

typedef struct Bound {
	const char *var;
	long long value;
	const struct Bound *outer;
} Bound;

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static const char *replaced(Arena *arena, const char *line, const Bound *bound)
{
	char *text = arena_alloc(arena, 24*strlen(line) + 1), *to = text;
	for (const char *c = line; *c;) {
		size_t length = 0;
		while (is_word(c[length])) length++;
		const Bound *b = bound;
		while (b && (strlen(b->var) != length || strncmp(b->var, c, length))) b = b->outer;
		bool member = c > line && (c[-1] == '.' || c[-1] == '>');
		if (length && b && !member) to += sprintf(to, "%lld", b->value);
		else memcpy(to, c, length ? length : 1), to += length ? length : 1;
		c += length ? length : 1;
	}
	*to = 0;
	return text;
}

/* "n*49 + 3*7 + 2" -> "n*49 + 23": the terms that are numbers added up; left alone when it is anything else */
static const char *added_up(Arena *arena, const char *index)
{
	const char *rest = "";
	long long sum = 0;
	int sign = 1;
	for (const char *c = index; *c;) {
		size_t length = strcspn(c, " ");
		char *end;
		long long value = strtoll(c, &end, 10);
		bool number = end > c;
		if (number && *end == '*') {
			char *after;
			long long factor = strtoll(end + 1, &after, 10);
			number = after > end + 1 && after == c + length;
			value *= factor;
		} else number = number && end == c + length;
		if (memchr(c, '(', length) || memchr(c, '/', length) || memchr(c, '%', length)) return index;
		if (number) sum += sign*value;
		else rest = arena_format(arena, "%s%s%.*s", rest, *rest ? (sign < 0 ? " - " : " + ") : sign < 0 ? "-" : "", (int)length, c);
		c += length;
		if (!*c) break;
		if (strncmp(c, " + ", 3) && strncmp(c, " - ", 3)) return index;
		sign = c[1] == '-' ? -1 : 1;
		c += 3;
	}
	if (!*rest) return arena_format(arena, "%lld", sum);
	return sum ? arena_format(arena, "%s %c %lld", rest, sum < 0 ? '-' : '+', sum < 0 ? -sum : sum) : rest;
}

static const char *indexed(Arena *arena, const char *line)
{
	CWriter *out = cwriter_new(arena);
	while (*line) {
		const char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;
		if (!close || memchr(open + 1, '[', (size_t)(close - open - 1))) {
			cw_text(out, line);
			break;
		}
		cw_text(out, arena_copy(arena, line, (size_t)(open + 1 - line)));
		cw_text(out, added_up(arena, arena_copy(arena, open + 1, (size_t)(close - open - 1))));
		line = close;
	}
	return out->text ? out->text : "";
}

static void write_out(CWriter *out, const Lines *lines, int from, int to, const Bound *bound)
{
	for (int i = from; i < to; i++) {
		Head head;
		const char *line = lines->line[i];
		if (!strncmp(line, "PRAGMA(", 7)) continue; /* what is left to do for a row is in order already */
		if (!read_head(line, &head) || !head.constant) {
			cw(out, "%s", bound ? indexed(out->arena, replaced(out->arena, line, bound)) : line);
			continue;
		}
		int end = closing(lines, i);
		bool names = false; /* a name made in the loop needs a block for each round */
		for (int k = i + 1; k < end; k++) names |= !strncmp(lines->line[k], "const ", 6) || !strncmp(lines->line[k], "real ", 5);
		for (long long v = head.from; v < head.to; v++) {
			if (names) cw(out, "{");
			write_out(out, lines, i + 1, end, &(Bound){head.var, v, bound});
			if (names) cw(out, "}");
		}
		i = end;
	}
}

const char *unroll_text(Arena *arena, const char *body)
{
	Lines lines = split(arena, body);
	CWriter *out = cwriter_new(arena);
	out->depth = 1;
	write_out(out, &lines, 0, lines.count, NULL);
	return out->text ? out->text : "";
}
