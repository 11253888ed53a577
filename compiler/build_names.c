/* build_names.c: what a name means where it stands. Input: a name and the frame of the call that asks. Output: its
 * value. Invariant: a binding is evaluated when first needed, once per frame; text of the library sees the library's
 * definitions only, so that a user's definition of the same name changes nothing inside it. */
#include <math.h>
#include <string.h>
#include "builder.h"
#include "foreign.h"

enum { LISTED = 16 }; /* names at most in the help of a message */

Frame *build_frame(Builder *builder, const Definition *definition, Owner *owner, Frame *parent)
{
	Frame *frame = arena_alloc(builder->arena, sizeof *frame);
	*frame = (Frame){.definition = definition, .owner = owner, .parent = parent};
	if (definition && definition->binding_count)
		frame->busy = arena_alloc(builder->arena, (size_t)definition->binding_count);
	return frame;
}

void build_reserve(Builder *builder, Frame *frame, int count)
{
	for (int i = 0; frame->definition && i < frame->definition->binding_count; i++)
		count += frame->definition->bindings[i].name_count;
	if (!count) return;
	frame->values.items = arena_alloc(builder->arena, (size_t)count * sizeof *frame->values.items);
	frame->values.capacity = count;
}

void build_set(Builder *builder, Frame *frame, const char *name, Value value)
{
	Names *names = &frame->values;
	names->items = arena_grow(builder->arena, names->items, names->count, &names->capacity, sizeof *names->items);
	names->items[names->count++] = (Name){name, value};
}

const Value *build_named(const Names *names, const char *name)
{
	for (int i = names->count - 1; i >= 0; i--)
		if (names->items[i].name == name || !strcmp(names->items[i].name, name)) return &names->items[i].value;
	return NULL;
}

static int find_binding(const Definition *definition, const char *name)
{
	for (int i = 0; definition && i < definition->binding_count; i++)
		for (int k = 0; k < definition->bindings[i].name_count; k++)
			if (!strcmp(definition->bindings[i].names[k], name)) return i;
	return -1;
}

bool build_has_binding(const Definition *definition, const char *name) { return find_binding(definition, name) >= 0; }

bool build_knows(const char *name, const Frame *frame)
{
	for (; frame; frame = frame->parent)
		if (build_named(&frame->values, name) || build_has_binding(frame->definition, name)) return true;
	return false;
}

/* Sets every name of a binding; several are taken from a list of as many values. */
static Value unpack(Builder *builder, Frame *frame, const Binding *binding, Value value, const char *name)
{
	int count = binding->name_count;
	if (count == 1) {
		build_set(builder, frame, binding->names[0], value);
		return value;
	}
	bool fits = value.kind == VALUE_LIST && value.as.list.count == count;
	const char *given = value_kind(builder->arena, value);
	if (value.kind == VALUE_LIST) given = arena_format(builder->arena, "%d values", value.as.list.count);
	if (!fits && !value_is_poison(value)) build_error(builder, binding->place, NULL, "%d names, but %s", count, given);
	Value wanted = value_poison();
	for (int i = 0; i < count; i++) {
		Value one = fits ? value.as.list.items[i] : value_poison();
		build_set(builder, frame, binding->names[i], one);
		if (!strcmp(binding->names[i], name)) wanted = one;
	}
	return wanted;
}

/* The bindings that need one another. */
static const char *circle(Builder *builder, const Frame *frame)
{
	const char *text = "";
	int count = 0;
	for (int i = 0; i < frame->definition->binding_count; i++) {
		if (!frame->busy[i]) continue;
		text = arena_format(builder->arena, "%s%s%s", text, count++ ? ", " : "", frame->definition->bindings[i].names[0]);
	}
	return count > 1 ? arena_format(builder->arena, "%s need one another", text) : "its value is needed to evaluate itself";
}

static Value demand(Builder *builder, Frame *frame, int index, const char *name)
{
	const Binding *binding = &frame->definition->bindings[index];
	if (binding->function) {
		Local *local = arena_alloc(builder->arena, sizeof *local);
		*local = (Local){binding->names[0], binding, frame};
		Value value = {.kind = VALUE_LOCAL, .as.local = local};
		build_set(builder, frame, binding->names[0], value);
		return value;
	}
	if (frame->busy[index])
		return build_error(builder, binding->place, circle(builder, frame), "'%s' depends on itself", name);
	if (!binding->value) return unpack(builder, frame, binding, value_poison(), name);
	frame->busy[index] = 1;
	const char *kept_binding = frame->binding;
	const Expr *kept_root = frame->root;
	frame->binding = binding->names[0];
	frame->root = binding->value;
	Value value = build_eval(builder, binding->value, frame);
	frame->binding = kept_binding;
	frame->root = kept_root;
	frame->busy[index] = 0;
	return unpack(builder, frame, binding, value, name);
}

static bool trainable_here(const Frame *frame)
{
	while (frame && !frame->owner) frame = frame->parent;
	return !frame || owner_moves(frame->owner);
}

/* Names that every body sees. */
static bool find_ambient(Builder *builder, const char *name, const Frame *frame, Value *value)
{
	Shape scalar = {0};
	if (!strcmp(name, "training")) *value = value_boolean(builder->stage->training);
	else if (!strcmp(name, "trainable")) *value = value_boolean(trainable_here(frame));
	else if (!strcmp(name, "carrying")) *value = value_boolean(builder->stage->carrying);
	else if (!strcmp(name, "batch")) *value = value_dim((Dim){builder->stage->program->graph->batch, 1});
	else if (!strcmp(name, "pi")) *value = value_real(3.14159265358979323846);
	else if (!strcmp(name, "step") || !strcmp(name, "epoch"))
		*value = value_tensor(build_given(builder, name, &scalar, false));
	else return false;
	return true;
}

const char *build_near_kind(Builder *builder, Kind kind, const char *name)
{
	int count = 0;
	const char **names = arena_alloc(builder->arena, (size_t)(builder->entry_count + 1) * sizeof *names);
	for (int i = 0; i < builder->entry_count; i++)
		if (builder->entries[i].kind == kind) names[count++] = builder->entries[i].name;
	const char *foreign = name ? foreign_help(FOREIGN_NAME, name) : NULL;
	return foreign || !name ? foreign : build_near(builder, name, names, count);
}

const char *build_near(Builder *builder, const char *name, const char *const *names, int count)
{
	const char *near = text_nearest(name, names, count);
	return near ? arena_format(builder->arena, "did you mean '%s'?", near) : NULL;
}

static Value unknown_name(Builder *builder, const char *name, const Frame *frame, Place place)
{
	int count = 0, most = builder->entry_count + build_builtin_names(NULL);
	const Definition *params = builder->params ? builder->params->definition : NULL;
	if (params) most += params->binding_count;
	for (const Frame *f = frame; f; f = f->parent) {
		most += f->values.count;
		for (int i = 0; f->definition && i < f->definition->binding_count; i++)
			most += f->definition->bindings[i].name_count;
	}
	const char **names = arena_alloc(builder->arena, (size_t)(most + 1) * sizeof *names);
	for (const Frame *f = frame; f; f = f->parent) {
		for (int i = 0; i < f->values.count; i++) names[count++] = f->values.items[i].name;
		for (int i = 0; f->definition && i < f->definition->binding_count; i++)
			for (int k = 0; k < f->definition->bindings[i].name_count; k++)
				names[count++] = f->definition->bindings[i].names[k];
	}
	for (int i = 0; params && i < params->binding_count; i++) names[count++] = params->bindings[i].names[0];
	for (int i = 0; i < builder->entry_count; i++) names[count++] = builder->entries[i].name;
	count += build_builtin_names(names + count);
	const char *foreign = foreign_help(FOREIGN_NAME, name);
	return build_error(builder, place, foreign ? foreign : build_near(builder, name, names, count), "nothing is called '%s' here", name);
}

Value build_lookup(Builder *builder, const char *name, Frame *frame, Place place)
{
	Value value;
	for (Frame *f = frame; f; f = f->parent) {
		const Value *known = build_named(&f->values, name);
		if (known) return *known;
		int binding = find_binding(f->definition, name);
		if (binding >= 0) return demand(builder, f, binding, name);
	}
	if (find_ambient(builder, name, frame, &value)) return value;
	if (build_is_param(builder, name, place)) {
		const Value *known = build_named(&builder->params->values, name);
		return known ? *known : demand(builder, builder->params, find_binding(builder->params->definition, name), name);
	}
	const Entry *entry = build_find(builder, -1, name, place.source && place.source->library);
	const Builtin *builtin = build_builtin(name);
	if (entry && !(entry->alias && entry->library && builtin))
		return (Value){.kind = VALUE_DEFINITION, .as.definition = entry->definition};
	if (builtin) return (Value){.kind = VALUE_BUILTIN, .as.builtin = builtin};
	return unknown_name(builder, name, frame, place);
}

/* "one of mean_squared_error, huber, ..": names of a kind, without aliases and class forms */
static const char *list_kind(Builder *builder, Kind kind)
{
	const char *text = "one of", *comma = " ";
	for (int i = 0, shown = 0; i < builder->entry_count; i++) {
		const Entry *entry = &builder->entries[i];
		if (entry->kind != kind || entry->alias || (kind == KIND_LOSS && entry->definition->two_lists)) continue;
		if (shown++ == LISTED) return arena_format(builder->arena, "%s, ..; `nnc --reference` has them all", text);
		text = arena_format(builder->arena, "%s%s%s", text, comma, entry->name);
		comma = ", ";
	}
	return text;
}

Value build_of_kind(Builder *builder, Kind kind, Value value, Place place)
{
	if (value_is_poison(value)) return value;
	if (value.kind == VALUE_LAYER && value.as.layer->definition->kind == kind) return value;
	if (value.kind == VALUE_DEFINITION && value.as.definition->kind == kind) return value;
	const char *name = value.kind == VALUE_DEFINITION || value.kind == VALUE_BUILTIN ? value_name(value) : NULL;
	if (value.kind == VALUE_WORD) name = value.as.word;
	const Entry *entry = name ? build_find(builder, (int)kind, name, false) : NULL;
	if (entry) return (Value){.kind = VALUE_DEFINITION, .as.definition = entry->definition};
	const char *help = build_near_kind(builder, kind, name);
	const Definition *other = value.kind == VALUE_DEFINITION ? value.as.definition : NULL;
	if (other && other->place.source && !other->place.source->library)
		help = arena_format(builder->arena, "%s of your own stands under %s:, and %s stands under %s:", kind_phrase(kind),
			kind_section(kind), name, kind_section(other->kind));
	return build_error(builder, place, help ? help : list_kind(builder, kind), "%s is expected here, not %s",
		kind_phrase(kind), value_kind(builder->arena, value));
}
