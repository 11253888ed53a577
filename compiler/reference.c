/* reference.c: what the language offers -> tables in Markdown, for specs/README.md. Input: the library, as build_offers lists
 * it, and the tables of the spec stage. Invariant: nothing is described here; a line is a definition's own text. */
#include <string.h>
#include "reference.h"

/* A stretch of Markdown as code, in a cell of a table. */
static void print_code(FILE *out, const char *text)
{
	putc('`', out);
	for (const char *c = text; *c; c++) {
		if (*c == '|') putc('\\', out);
		putc(*c == '\n' || *c == '\t' ? ' ' : *c, out);
	}
	putc('`', out);
}

static void print_cell(FILE *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '|') putc('\\', out);
		putc(*c == '\n' ? ' ' : *c, out);
	}
}

/* "padding=valid|same", "strides=1", "filters"; an optional one whose default stands nowhere: "[axis]" */
static const char *argument_text(Arena *arena, const OfferedArgument *argument)
{
	const char *text = argument->name;
	if (argument->standard && !*argument->standard) return arena_format(arena, "[%s]", text);
	for (int i = 0; i < argument->word_count; i++)
		text = arena_format(arena, "%s%s%s", text, i ? "|" : "=", argument->words[i] ? argument->words[i] : "none");
	if (argument->word_count || !argument->standard) return text;
	return arena_format(arena, "%s=%s", text, argument->standard);
}

static const char *list_text(Arena *arena, const OfferedArgument *arguments, int from, int to)
{
	const char *text = "";
	for (int i = from; i < to; i++) text = arena_format(arena, "%s%s%s", text, i > from ? ", " : "", argument_text(arena, &arguments[i]));
	return text;
}

/* "Conv2D(filters, kernel_size, strides=1, padding=valid|same)"; the inputs too, where layers take several */
static const char *call_text(Arena *arena, const Offered *o)
{
	bool inputs = o->two_lists && o->input_count > 1 && (!strcmp(o->noun, "layer") || !strcmp(o->noun, "block"));
	const char *text = arena_format(arena, "%s(%s)", o->name, list_text(arena, o->arguments, 0, o->head_count));
	if (!inputs) return text;
	return arena_format(arena, "%s(%s)", text, list_text(arena, o->inputs, 0, o->input_count));
}

static bool is_listed(const Offered *o, const char *section) { return !strcmp(o->section, section) && !o->alias_of; }

static void print_row(Context *context, FILE *out, const Offers *offers, const Offered *o)
{
	fputs("| ", out);
	print_code(out, call_text(context->arena, o));
	fputs(" | ", out);
	if (o->doc) print_cell(out, o->doc);
	else if (o->body) print_code(out, o->body);
	if (o->own_count > o->head_count) {
		fputs(o->doc || o->body ? ". Also " : "also ", out);
		print_code(out, list_text(context->arena, o->arguments, o->head_count, o->own_count));
	}
	const char *before = " | ";
	for (int i = 0; i < offers->count; i++) {
		const Offered *alias = &offers->items[i];
		if (!alias->alias_of || strcmp(alias->section, o->section) || strcmp(alias->alias_of, o->name)) continue;
		fputs(before, out);
		print_code(out, alias->name);
		before = ", ";
	}
	fprintf(out, "%s |\n", strcmp(before, " | ") ? "" : " |");
}

/* The arguments that are common to a kind, or to those of it that are written as classes. */
static void print_common(Context *context, FILE *out, const Offers *offers, const char *section)
{
	const Offered *with = NULL;
	bool all = true;
	for (int i = 0; i < offers->count; i++) {
		const Offered *o = &offers->items[i];
		if (!is_listed(o, section)) continue;
		if (o->argument_count > o->own_count) with = o;
		else all = false;
	}
	if (!with) return;
	fprintf(out, "\n%s ", all ? "All take also" : "Those with a capital letter take also");
	print_code(out, list_text(context->arena, with->arguments, with->own_count, with->argument_count));
	fputs(".\n", out);
}

/* The definitions of a kind, in a table. */
static void print_kind(Context *context, FILE *out, const Offers *offers, const char *section)
{
	bool any = false;
	for (int i = 0; i < offers->count; i++) {
		if (!is_listed(&offers->items[i], section)) continue;
		if (!any) fprintf(out, "\n### %c%s\n\n| call | what it is | other names |\n|---|---|---|\n", section[0] - 'a' + 'A', section + 1);
		any = true;
		print_row(context, out, offers, &offers->items[i]);
	}
	if (any) print_common(context, out, offers, section);
}

static void print_functions(Context *context, FILE *out, const Offers *offers)
{
	const char *comma = "";
	fputs("\n### Functions\n\nBuilt in; arguments in brackets may be left out: ", out);
	for (int i = 0; i < offers->count; i++) {
		if (!is_listed(&offers->items[i], "functions") || *offers->items[i].file) continue;
		fputs(comma, out);
		print_code(out, call_text(context->arena, &offers->items[i]));
		comma = ", ";
	}
	fputs(".\n\nOf the library: ", out);
	comma = "";
	for (int i = 0; i < offers->count; i++) {
		if (!is_listed(&offers->items[i], "functions") || !*offers->items[i].file) continue;
		fputs(comma, out);
		print_code(out, call_text(context->arena, &offers->items[i]));
		if (offers->items[i].doc) fprintf(out, " (%s)", offers->items[i].doc);
		comma = ", ";
	}
	fputs(".\n", out);
}

static void print_metrics(FILE *out)
{
	const char *const *names, *const *kinds;
	int count = spec_metrics(&names, &kinds);
	fputs("\n### Metrics\n\n| name | other names |\n|---|---|\n", out);
	for (int i = 0; i < count; i++) {
		bool first = true;
		const char *comma = "";
		for (int k = 0; k < i; k++) first = first && strcmp(kinds[k], kinds[i]);
		if (!first) continue;
		fprintf(out, "| `%s` | ", names[i]);
		for (int k = i + 1; k < count; k++) {
			if (strcmp(kinds[k], kinds[i])) continue;
			fprintf(out, "%s`%s`", comma, names[k]);
			comma = ", ";
		}
		fputs(" |\n", out);
	}
}

static void print_callbacks(Context *context, FILE *out)
{
	const OfferedCallback *callbacks;
	int count = spec_callbacks(context->arena, &callbacks);
	fputs("\n### Callbacks\n\n", out);
	for (int i = 0; i < count; i++) {
		fprintf(out, "- `%s(", callbacks[i].name);
		for (int k = 0; k < callbacks[i].count; k++)
			if (callbacks[i].standards[k])
				fprintf(out, "%s%s=%s", k ? ", " : "", callbacks[i].arguments[k], callbacks[i].standards[k]);
		fputs(")`\n", out);
	}
}

void reference_print(Context *context, FILE *out)
{
	static const char *const sections[] = {"layers", "blocks", "cells", "activations", "losses", "optimizers", "schedules",
		"initializers", "regularizers", "constraints"};
	Offers offers = build_offers(context);
	for (size_t i = 0; i < sizeof sections/sizeof *sections; i++) print_kind(context, out, &offers, sections[i]);
	print_metrics(out);
	print_callbacks(context, out);
	print_functions(context, out, &offers);
}
