/* build_offer.c: the library and the built-in functions, listed for readers. Output: Offers, made from the definitions
 * that specs use. Invariant: nothing here is written a second time; texts are those of the library's files. */
#include <string.h>
#include "builder.h"

/* The text of an expression that stands on one line. */
static const char *expr_source(Builder *builder, const Expr *expr)
{
	const char *from = expr->place.source->text;
	for (int line = 0; line < expr->place.line; line++) from = strchr(from, '\n') + 1;
	return arena_copy(builder->arena, from + expr->place.column, (size_t)expr->place.length);
}

static OfferedArgument *list_arguments(Builder *builder, const Parameters *parameters)
{
	OfferedArgument *list = arena_alloc(builder->arena, (size_t)(parameters->count + 1)*sizeof *list);
	for (int i = 0; i < parameters->count; i++) {
		const Parameter *p = &parameters->items[i];
		list[i] = (OfferedArgument){.name = p->name, .words = p->words, .word_count = p->word_count};
		if (p->standard) list[i].standard = expr_source(builder, p->standard);
		else if (p->word_count) list[i].standard = p->words[0] ? p->words[0] : "none";
	}
	return list;
}

static Offered offer_definition(Builder *builder, const Entry *entry)
{
	const Definition *d = entry->definition;
	Offered offered = {.name = entry->name, .section = kind_section(d->kind), .noun = kind_noun(d->kind),
		.file = entry->place.source->name, .doc = d->doc, .two_lists = d->two_lists,
		.alias_of = entry->alias ? d->name : NULL};
	if (!d->binding_count && d->result) offered.body = expr_source(builder, d->result);
	offered.arguments = list_arguments(builder, &d->statics);
	offered.argument_count = d->statics.count;
	offered.head_count = d->head_count;
	offered.own_count = d->own_count;
	offered.inputs = list_arguments(builder, &d->inputs);
	offered.input_count = d->inputs.count;
	return offered;
}

/* "x axis keepdims" -> three arguments, of which `required` must be given */
static Offered offer_builtin(Builder *builder, const Builtin *builtin)
{
	Offered offered = {.name = builtin->name, .section = "functions", .noun = "function", .file = ""};
	char *text = arena_copy(builder->arena, builtin->parameters, strlen(builtin->parameters)), *rest;
	offered.arguments = arena_alloc(builder->arena, (strlen(text) + 1)*sizeof *offered.arguments);
	for (char *name = strtok_r(text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		int i = offered.argument_count++;
		offered.arguments[i] = (OfferedArgument){.name = name, .standard = i < builtin->required ? NULL : ""};
	}
	offered.head_count = offered.own_count = offered.argument_count;
	return offered;
}

Offers build_offers(Context *context)
{
	Builder *builder = arena_alloc(context->arena, sizeof *builder);
	*builder = (Builder){.context = context, .arena = context->arena};
	build_read_library(builder);
	int builtin_count = build_builtins(NULL);
	const Builtin **builtins = arena_alloc(context->arena, (size_t)(builtin_count + 1)*sizeof *builtins);
	build_builtins(builtins);
	Offers offers = {arena_alloc(context->arena, (size_t)(builder->entry_count + builtin_count + 1)*sizeof *offers.items), 0};
	for (int alias = 0; alias < 2; alias++)
		for (int i = 0; i < builder->entry_count; i++)
			if (builder->entries[i].alias == (alias == 1)) offers.items[offers.count++] = offer_definition(builder, &builder->entries[i]);
	for (int i = 0; i < builtin_count; i++) offers.items[offers.count++] = offer_builtin(builder, builtins[i]);
	return offers;
}
