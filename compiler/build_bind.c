/* build_bind.c: what a call gives -> the parameters of what is called. Input: arguments by position and by name.
 * Output: a value for every parameter, defaults evaluated in order. Invariant: a default sees the parameters before
 * it. */
#include <string.h>
#include "builder.h"
#include "foreign.h"

static const char *list_names(Builder *builder, const Parameters *parameters)
{
	const char *text = "";
	for (int i = 0; i < parameters->count; i++)
		text = arena_format(builder->arena, "%s%s%s", text, i ? ", " : "", parameters->items[i].name);
	return parameters->count ? arena_format(builder->arena, "its arguments are %s", text) : NULL;
}

const char *build_list_words(Builder *builder, const Parameter *parameter)
{
	const char *text = "";
	for (int i = 0; i < parameter->word_count; i++)
		text = arena_format(
			builder->arena, "%s%s%s", text, i ? ", " : "", parameter->words[i] ? parameter->words[i] : "none");
	return text;
}

bool build_is_word(const Parameter *parameter, const char *word)
{
	for (int i = 0; i < parameter->word_count; i++)
		if (parameter->words[i] && !strcmp(parameter->words[i], word)) return true;
	return false;
}

int build_parameter(const Parameters *parameters, const char *name)
{
	for (int i = 0; i < parameters->count; i++)
		if (!strcmp(parameters->items[i].name, name)) return i;
	return -1;
}

/* The place of the name in `name=value`, where the text says so; else of the value. */
static Place name_place(Place value, const char *name)
{
	const char *from = value.source ? value.source->text : NULL, *at;
	if (!from || value.line < 0 || value.column < 0) return value;
	for (int line = 0; line < value.line && from; line++) {
		from = strchr(from, '\n');
		if (from) from++;
	}
	if (!from || strlen(from) < (size_t)value.column) return value;
	at = from + value.column;
	while (at > from && strchr(" =:", at[-1])) at--;
	size_t length = strlen(name);
	if ((size_t)(at - from) < length || memcmp(at - length, name, length)) return value;
	value.column = (int)(at - from - (long)length);
	value.length = (int)length;
	return value;
}

static Place place_of(const Arguments *arguments, int i, Site site)
{
	return arguments->places && arguments->places[i].source ? arguments->places[i] : site.place;
}

static bool unknown_argument(
	Builder *builder, const Parameters *parameters, const char *argument, const char *name, Place place)
{
	const char **names = arena_alloc(builder->arena, (size_t)(parameters->count + 1) * sizeof *names);
	for (int i = 0; i < parameters->count; i++) names[i] = parameters->items[i].name;
	const char *help = foreign_help(FOREIGN_ARGUMENT, argument);
	if (!help) help = build_near(builder, argument, names, parameters->count);
	build_error(builder, name_place(place, argument), help ? help : list_names(builder, parameters),
		"%s has no argument '%s'", name, argument);
	return false;
}

/* Is a value one that its parameter's default says: one of its words, true or false where the default is? A tensor may be a condition. */
static bool check_value(Builder *builder, const Parameter *parameter, Value value, Place place)
{
	const Expr *standard = parameter->standard;
	bool truth = standard && (standard->kind == EXPR_TRUE || standard->kind == EXPR_FALSE);
	bool allowed = value_is_poison(value) || (value.kind == VALUE_WORD && build_is_word(parameter, value.as.word));
	for (int w = 0; w < parameter->word_count && value.kind == VALUE_NONE; w++) allowed = allowed || !parameter->words[w];
	if (!parameter->word_count && truth)
		allowed = value_is_poison(value) || value.kind == VALUE_BOOLEAN || value.kind == VALUE_TENSOR || value.kind == VALUE_NONE;
	if (allowed || (!parameter->word_count && !truth)) return true;
	const char *near = value.kind == VALUE_WORD && parameter->word_count && parameter->words[0] ?
		build_near(builder, value.as.word, parameter->words, parameter->word_count) : NULL;
	const char *words = truth ? "true or false" : arena_format(builder->arena, "one of %s", build_list_words(builder, parameter));
	build_error(builder, place, near, "%s is %s, not %s", parameter->name, words, value_kind(builder->arena, value));
	return false;
}

/* Puts each argument into the place of its parameter; VALUE_ABSENT stays where none is given. */
static bool place_arguments(Builder *builder, const Parameters *parameters, const Arguments *arguments,
	const char *name, Site site, Value *values)
{
	int position = 0;
	for (int i = 0; i < arguments->count; i++) {
		const char *given = arguments->names ? arguments->names[i] : NULL;
		int index = given ? build_parameter(parameters, given) : position++;
		Place place = place_of(arguments, i, site);
		if (index < 0) return unknown_argument(builder, parameters, given, name, place);
		if (index >= parameters->count) {
			bool tensors = parameters->count == 1 && values[0].kind == VALUE_TENSOR && arguments->values[i].kind == VALUE_TENSOR;
			const char *list = arena_format(builder->arena, "several tensors are one list: %s()([a, b])", name);
			build_error(builder, place, tensors ? list : list_names(builder, parameters), "%s takes %d argument%s, and here is one more",
				name, parameters->count, parameters->count == 1 ? "" : "s");
			return false;
		}
		if (values[index].kind != VALUE_ABSENT) {
			build_error(builder, place, NULL, "%s: '%s' is given twice", name, parameters->items[index].name);
			return false;
		}
		if (!check_value(builder, &parameters->items[index], arguments->values[i], place)) return false;
		values[index] = arguments->values[i];
	}
	return true;
}

/* A call's context for defaults: their text stands in the library, the mistake is the caller's. */
static Value eval_default(Builder *builder, const Parameter *parameter, Frame *frame, const char *name, Site site)
{
	if (parameter->word_count) return parameter->words[0] ? value_word(parameter->words[0]) : value_none();
	Trail trail = {name, site.place, builder->context->trail};
	builder->context->trail = &trail;
	Value value = build_eval(builder, parameter->standard, frame);
	builder->context->trail = trail.outer;
	return value;
}

bool build_bind(Builder *builder, const Parameters *parameters, const Arguments *arguments, Frame *parent,
	const char *name, Site site, Names *names)
{
	Value *values = arena_alloc(builder->arena, (size_t)(parameters->count + 1) * sizeof *values);
	for (int i = 0; i < parameters->count; i++) values[i].kind = VALUE_ABSENT;
	if (!place_arguments(builder, parameters, arguments, name, site, values)) return false;
	Frame *frame = build_frame(builder, NULL, NULL, parent);
	build_reserve(builder, frame, parameters->count);
	for (int i = 0; i < parameters->count; i++) {
		const Parameter *parameter = &parameters->items[i];
		if (values[i].kind == VALUE_ABSENT && !parameter->standard && !parameter->word_count) {
			build_error(builder, site.place, list_names(builder, parameters), "%s needs '%s'", name, parameter->name);
			return false;
		}
		if (values[i].kind == VALUE_ABSENT) values[i] = eval_default(builder, parameter, frame, name, site);
		build_set(builder, frame, parameter->name, values[i]);
	}
	*names = frame->values;
	return true;
}

bool build_is_default(Builder *builder, const Parameters *parameters, const Names *names, int from)
{
	Frame *frame = build_frame(builder, NULL, NULL, NULL);
	for (int i = 0; i < names->count; i++) {
		const Parameter *parameter = &parameters->items[i];
		Value value = names->items[i].value;
		if (i >= from && parameter->standard && !value_equal(value, build_eval(builder, parameter->standard, frame)))
			return false;
		if (i >= from && parameter->word_count && value.kind == VALUE_WORD && parameter->words[0] != value.as.word)
			return false;
		build_set(builder, frame, parameter->name, value);
	}
	return true;
}

/* The next name of a built-in's "x axis keepdims"; NULL at the end. */
static const char *next_name(const char **rest, int *length)
{
	while (**rest == ' ') (*rest)++;
	const char *name = *rest;
	while (**rest && **rest != ' ') (*rest)++;
	*length = (int)(*rest - name);
	return *length ? name : NULL;
}

static int find_builtin_parameter(const Builtin *builtin, const char *name)
{
	const char *rest = builtin->parameters, *word;
	int length;
	for (int i = 0; (word = next_name(&rest, &length)); i++)
		if ((int)strlen(name) == length && !memcmp(word, name, (size_t)length)) return i;
	return -1;
}

static int count_parameters(const Builtin *builtin)
{
	const char *rest = builtin->parameters;
	int length, count = 0;
	while (next_name(&rest, &length)) count++;
	return count;
}

static const char *builtin_help(Builder *builder, const Builtin *builtin)
{
	if (!strcmp(builtin->name, "max") || !strcmp(builtin->name, "min"))
		return arena_format(builder->arena, "%s(a, b) compares two values; a%s(x, axis) goes over an axis",
			builtin->name, builtin->name);
	const char *rest = builtin->parameters, *word, *text = "";
	int length;
	while ((word = next_name(&rest, &length)))
		text = arena_format(builder->arena, "%s%s%.*s", text, text[0] ? ", " : "", length, word);
	return arena_format(builder->arena, "write %s(%s)", builtin->name, text);
}

bool build_bind_builtin(
	Builder *builder, const Builtin *builtin, const Arguments *arguments, Site site, Invocation *call)
{
	bool variadic = !strcmp(builtin->parameters, "...");
	int count = variadic ? arguments->count : count_parameters(builtin), position = 0;
	Value *values = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *values);
	for (int i = 0; i < count; i++) values[i].kind = VALUE_ABSENT;
	for (int i = 0; i < arguments->count; i++) {
		const char *given = arguments->names ? arguments->names[i] : NULL;
		int index = !given ? position++ : variadic ? -1 : find_builtin_parameter(builtin, given);
		Place place = place_of(arguments, i, site);
		if (index < 0 || index >= count || values[index].kind != VALUE_ABSENT) {
			if (given)
				build_error(builder, name_place(place, given), builtin_help(builder, builtin),
					index < 0 ? "%s has no argument '%s'" : "%s: '%s' is given twice", builtin->name, given);
			else
				build_error(builder, place, builtin_help(builder, builtin), "%s takes %d argument%s, not %d",
					builtin->name, count, count == 1 ? "" : "s", arguments->count);
			return false;
		}
		values[index] = arguments->values[i];
	}
	for (int i = 0; i < builtin->required; i++)
		if (i >= count || values[i].kind == VALUE_ABSENT) {
			build_error(builder, site.place, builtin_help(builder, builtin), "%s needs %d argument%s", builtin->name,
				builtin->required, builtin->required == 1 ? "" : "s");
			return false;
		}
	call->builtin = builtin;
	call->args = values;
	call->count = count;
	call->site = site;
	return true;
}
