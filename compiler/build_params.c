/* build_params.c: the section params -> names that every expression of the spec sees. Input: the document; output:
 * builder->params. Invariant: a parameter is known while compiling, and hides no name that means something already. */
#include <string.h>
#include "builder.h"

static bool is_param(const Builder *builder, const char *name)
{
	return builder->params && build_has_binding(builder->params->definition, name);
}

bool build_is_param(const Builder *builder, const char *name, Place place)
{
	return !(place.source && place.source->library) && is_param(builder, name);
}

static void check_name(Builder *builder, const char *name, Place place)
{
	const Entry *entry = build_find(builder, -1, name, false);
	const char *what = entry ? kind_phrase(entry->kind) : build_builtin(name) ? "a function of the language" : NULL;
	if (build_is_language(name)) what = "a name of the language";
	if (what)
		build_error(builder, place, "give the parameter another name", "'%s' is %s, which a parameter would hide", name, what);
}

/* A bare name that nothing is called by is a word, as padding=same takes it. */
static void take_word(Builder *builder, Binding *binding)
{
	const Expr *value = binding->value;
	if (!value || value->kind != EXPR_NAME || is_param(builder, value->text) || build_is_language(value->text)) return;
	if (build_find(builder, -1, value->text, false) || build_builtin(value->text)) return;
	Expr *word = arena_alloc(builder->arena, sizeof *word);
	*word = *value;
	word->kind = EXPR_STRING;
	binding->value = word;
}

void build_read_params(Builder *builder, const DocNode *section)
{
	if (!section || section->kind != DOC_MAP || !section->count) return;
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	*d = (Definition){.name = "params", .kind = KIND_TRAIN, .place = section->place};
	for (int i = 0; i < section->count; i++) build_read_binding(builder, &section->pairs[i], d);
	Frame *frame = build_frame(builder, d, NULL, NULL);
	build_reserve(builder, frame, 0);
	builder->params = frame;
	for (int i = 0; i < d->binding_count; i++) {
		check_name(builder, d->bindings[i].names[0], d->bindings[i].place);
		take_word(builder, &d->bindings[i]);
	}
	for (int i = 0; i < d->binding_count; i++) {
		Value value = build_lookup(builder, d->bindings[i].names[0], frame, d->bindings[i].place);
		if (value_holds_tensor(value) || value.kind == VALUE_LAYER || value.kind == VALUE_LOCAL)
			build_error(builder, d->bindings[i].place, "a number, true, false, none, a word, a list of these, or the name of a definition",
				"the parameter '%s' is %s", d->bindings[i].names[0], value_kind(builder->arena, value));
	}
}
