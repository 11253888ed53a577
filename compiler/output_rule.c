/* output_rule.c: in: the files that a spec is made of; out: a rule for make, as gcc -M writes it. Invariant: a name means to make
 * what it means to the file system. */
#include <string.h>
#include "output.h"

/* make's own characters, told to be nothing but characters */
static const char *escaped(Arena *arena, const char *name)
{
	char *text = arena_alloc(arena, 2*strlen(name) + 1), *to = text;
	for (const char *c = name; *c; c++) {
		if (*c == ' ' || *c == '#' || *c == '\t' || *c == '\\') *to++ = '\\';
		if (*c == '$') *to++ = '$';
		*to++ = *c;
	}
	return text;
}

const char *output_rule(Arena *arena, const Spec *spec, const char *output, const char *target, bool phony)
{
	const char *name = text_tail(spec->source->name);
	size_t length = strlen(name);
	if (length > 5 && !strcmp(name + length - 5, ".yaml")) length -= 5;
	if (!output || !strcmp(output, "-")) output = arena_format(arena, "%.*s.c", (int)length, name);
	if (!target) target = arena_format(arena, "%s %s", escaped(arena, output), escaped(arena, output_header(arena, output)));
	const char *text = arena_format(arena, "%s:", target);
	for (int i = 0; i < spec->source_count; i++) text = arena_format(arena, "%s %s", text, escaped(arena, spec->sources[i]->name));
	text = arena_format(arena, "%s\n", text);
	for (int i = 0; phony && i < spec->source_count; i++)
		text = arena_format(arena, "%s%s:\n", text, escaped(arena, spec->sources[i]->name));
	return text;
}
