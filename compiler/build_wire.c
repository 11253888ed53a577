/* build_wire.c: what the section train hands to the models of a spec. Input: the text of batch, let, terms, losses and steps.
 * Output: for each input of a model the field of the data that it takes, where it takes one. Invariant: only the text is read,
 * nothing is evaluated; a field that reaches an input unchanged is a whole wire, one that is reckoned with on the way lends its
 * shape only. */
#include <string.h>
#include "builder.h"

enum { ALIASES = 8 }; /* names for names that are followed */

/* An expression of the section, and the name it is bound to; NULL: a loss. */
typedef struct Said {
	const char *name;
	const Expr *value;
} Said;

typedef struct Section {
	Builder *builder;
	Said *items;
	int count, capacity;
} Section;

static void say(Section *section, const char *name, const DocNode *node)
{
	const Expr *value = expr_read(section->builder->context, node, EXPR_VALUE_START);
	if (!value) return;
	section->items = arena_grow(section->builder->arena, section->items, section->count, &section->capacity, sizeof *section->items);
	section->items[section->count++] = (Said){name, value};
}

/* What train says, or one of its steps. */
static void read_section(Section *section, const DocNode *map)
{
	static const char *const keys[] = {"batch", "let", "terms"};
	for (int k = 0; k < 3; k++) {
		const DocNode *bindings = doc_get(map, keys[k]);
		for (int i = 0; bindings && bindings->kind == DOC_MAP && i < bindings->count; i++)
			say(section, bindings->pairs[i].key->text, bindings->pairs[i].value);
	}
	const DocNode *loss = doc_get(map, "loss"), *steps = doc_get(map, "steps");
	if (loss && loss->kind == DOC_SCALAR) say(section, NULL, loss);
	for (int i = 0; steps && steps->kind == DOC_LIST && i < steps->count; i++)
		if (steps->items[i]->kind == DOC_MAP) read_section(section, steps->items[i]);
}

/* "image" of data.image, "cells.image" of data.cells.image; NULL: it is no field */
static const char *field_name(Builder *builder, const Expr *expr)
{
	if (expr->kind != EXPR_DOT) return NULL;
	const Expr *base = expr->items[0], *data = base->kind == EXPR_DOT ? base->items[0] : NULL;
	if (base->kind == EXPR_NAME && !strcmp(base->text, "data")) return expr->text;
	bool source = data && data->kind == EXPR_NAME && !strcmp(data->text, "data");
	return source ? arena_format(builder->arena, "%s.%s", base->text, expr->text) : NULL;
}

/* Elementwise primitives, and functions, of which most are. */
static bool keeps_shape(Builder *builder, const Expr *function)
{
	const Builtin *builtin = function->kind == EXPR_NAME ? build_builtin(function->text) : NULL;
	if (builtin) return builtin->op != NULL;
	return function->kind == EXPR_NAME && (build_find(builder, KIND_FUNCTION, function->text, false) || build_find(builder, KIND_ACTIVATION, function->text, false));
}

/* The field that a value is made of, number by number; NULL: of none, or of several. *whole: it is the field itself. */
static const char *trace(const Section *section, const Expr *expr, int aliases, bool *whole)
{
	const char *name = field_name(section->builder, expr);
	if (name || aliases > ALIASES) return name;
	if (expr->kind == EXPR_NAME)
		for (int i = 0; i < section->count; i++)
			if (section->items[i].name && !strcmp(section->items[i].name, expr->text))
				return trace(section, section->items[i].value, aliases + 1, whole);
	bool call = expr->kind == EXPR_CALL && keeps_shape(section->builder, expr->items[0]);
	if (expr->kind != EXPR_BINARY && expr->kind != EXPR_NEGATE && !call) return NULL;
	*whole = false;
	for (int i = call; i < expr->count; i++) {
		const char *one = trace(section, expr->items[i], aliases, whole);
		if (one && name) return NULL;
		name = one ? one : name;
	}
	return name;
}

static void add_wire(Section *section, const Definition *model, int input, const Expr *value)
{
	Builder *builder = section->builder;
	Wire wire = {.model = model, .input = input, .whole = true};
	wire.field = trace(section, value, 0, &wire.whole);
	if (!wire.field || spec_is_label(builder->spec, wire.field)) return;
	builder->wires = arena_grow(builder->arena, builder->wires, builder->wire_count, &builder->wire_capacity, sizeof wire);
	builder->wires[builder->wire_count++] = wire;
}

/* The calls of models within an expression, and the labels that it reads. */
static void find_calls(Section *section, const Expr *expr)
{
	Builder *builder = section->builder;
	const char *field = expr ? field_name(builder, expr) : NULL;
	if (field) builder->reads_label |= spec_is_label(builder->spec, field);
	for (int i = 0; expr && i < expr->count; i++) find_calls(section, expr->items[i]);
	bool call = expr && expr->kind == EXPR_CALL && expr->items[0]->kind == EXPR_NAME;
	for (int m = 0; call && m < builder->model_count; m++) {
		Definition *model = (Definition *)builder->models[m]->definition;
		if (strcmp(model->name, expr->items[0]->text)) continue;
		model->called = true;
		for (int i = 1; i < expr->count; i++) {
			const char *name = expr->names ? expr->names[i] : NULL;
			int input = name ? build_parameter(&model->inputs, name) : i - 1;
			if (input >= 0 && input < model->inputs.count) add_wire(section, model, input, expr->items[i]);
		}
	}
}

const Wire *build_wire(const Builder *builder, const Definition *model, int input, const char *field)
{
	for (int i = 0; i < builder->wire_count; i++) {
		const Wire *wire = &builder->wires[i];
		if (model ? wire->whole && wire->model == model && wire->input == input : !strcmp(wire->field, field)) return wire;
	}
	return NULL;
}

/* Of several models one that train calls takes what it is called with. */
static void name_inputs(Builder *builder, Definition *model)
{
	for (int i = 0; model->called && i < model->inputs.count; i++) {
		const Wire *wire = build_wire(builder, model, i, NULL);
		const char *own = arena_format(builder->arena, "%s.%s", model->name, model->inputs.items[i].name);
		const char *full = wire ? spec_field_name(builder->context, builder->spec, wire->field) : NULL;
		model->input_names[i] = full ? full : own;
	}
}

void build_read_wires(Builder *builder)
{
	Section section = {.builder = builder};
	const DocNode *train = builder->spec->train;
	if (!train || train->kind != DOC_MAP) return;
	read_section(&section, train);
	for (int i = 0; i < section.count; i++) find_calls(&section, section.items[i].value);
	for (int m = 0; builder->spec->models && m < builder->model_count; m++)
		name_inputs(builder, (Definition *)builder->models[m]->definition);
}
