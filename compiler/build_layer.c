/* build_layer.c: a definition and static arguments -> a layer. Input: what a call gives, and `defaults:` of the bodies and
 * the model around it. Output: a Layer with its owner. Invariant: an argument that the call gives wins, then the innermost
 * default; text of the library takes no defaults, so that a user's change nothing inside it. */
#include <string.h>
#include "builder.h"

/* --- defaults: {Conv2D: {padding: same}} ---------------------------------------------------------- */

static void unknown_parameter(Builder *builder, const Definition *d, const DocNode *key)
{
	const char **names = arena_alloc(builder->arena, (size_t)(d->statics.count + 1) * sizeof *names), *list = "its arguments are";
	for (int i = 0; i < d->statics.count; i++) {
		names[i] = d->statics.items[i].name;
		list = arena_format(builder->arena, "%s%s%s", list, i ? ", " : " ", names[i]);
	}
	const char *near = build_near(builder, key->text, names, d->statics.count);
	build_error(builder, key->place, near ? near : list, "%s has no argument '%s'", d->name, key->text);
}

static void read_default(Builder *builder, Definition *owner, const Definition *of, const DocPair *pair)
{
	int number = build_parameter(&of->statics, pair->key->text);
	if (number < 0) {
		unknown_parameter(builder, of, pair->key);
		return;
	}
	const Parameter *parameter = &of->statics.items[number];
	if (!strcmp(parameter->name, "name")) {
		build_error(builder, pair->key->place, NULL, "a name belongs to one layer, and is no default");
		return;
	}
	const Expr *value = expr_read(builder->context, pair->value, EXPR_VALUE_START);
	if (!value) return;
	owner->defaults =
		arena_grow(builder->arena, owner->defaults, owner->default_count, &owner->default_capacity, sizeof *owner->defaults);
	owner->defaults[owner->default_count++] = (Default){of, parameter, value};
}

/* The layer or block of a name; NULL after a report */
static const Definition *find_layer(Builder *builder, const DocNode *key)
{
	const Entry *entry = build_find(builder, KIND_LAYER, key->text, false), *block = build_find(builder, KIND_BLOCK, key->text, false);
	if (!entry || (block && entry->library)) entry = block ? block : entry;
	if (entry) return entry->definition;
	int count = 0;
	const char **names = arena_alloc(builder->arena, (size_t)(builder->entry_count + 1) * sizeof *names);
	for (int i = 0; i < builder->entry_count; i++)
		if (builder->entries[i].kind == KIND_LAYER || builder->entries[i].kind == KIND_BLOCK) names[count++] = builder->entries[i].name;
	build_error(builder, key->place, build_near(builder, key->text, names, count), "no layer or block is called '%s'", key->text);
	return NULL;
}

void build_read_defaults(Builder *builder, Definition *owner)
{
	static const char form[] = "defaults: {Conv2D: {padding: same, activation: relu}}";
	const DocNode *node = owner->defaults_node;
	if (!node) return;
	if (owner->kind != KIND_LAYER && owner->kind != KIND_BLOCK && owner->kind != KIND_MODEL)
		build_error(builder, node->place, NULL, "'defaults' belong to a block or a model");
	else if (node->kind != DOC_MAP) build_error(builder, node->place, form, "defaults are written `Layer: {argument: value}`");
	else
		for (int i = 0; i < node->count; i++) {
			const DocNode *arguments = node->pairs[i].value;
			const Definition *of = find_layer(builder, node->pairs[i].key);
			if (of && arguments->kind != DOC_MAP)
				build_error(builder, arguments->place, form, "the arguments of %s are written `{argument: value}`", of->name);
			for (int k = 0; of && arguments->kind == DOC_MAP && k < arguments->count; k++)
				read_default(builder, owner, of, &arguments->pairs[k]);
		}
	builder->defaults = builder->defaults || owner->default_count;
}

/* The innermost default for a parameter, and the body that says it. */
static const Default *find_default(const Owner *owner, const Definition *of, const Parameter *parameter, Frame **body)
{
	for (; owner; owner = owner->outer)
		for (int i = 0; owner->body && i < owner->definition->default_count; i++) {
			const Default *one = &owner->definition->defaults[i];
			*body = owner->body;
			if (one->of == of && one->parameter == parameter) return one;
		}
	return NULL;
}

static bool is_given(const Arguments *arguments, int index, const char *name)
{
	int position = 0;
	for (int i = 0; i < arguments->count; i++) {
		if (arguments->names && arguments->names[i] ? !strcmp(arguments->names[i], name) : position == index) return true;
		position += !(arguments->names && arguments->names[i]);
	}
	return false;
}

/* The call's arguments, and behind them the defaults for what it leaves out. */
static Arguments with_defaults(Builder *builder, const Definition *d, const Arguments *given, const Frame *frame, Site site)
{
	size_t most = (size_t)(given->count + d->statics.count + 1);
	const Owner *owner = frame ? frame->owner : NULL;
	if (!builder->defaults || !owner || !site.place.source || site.place.source->library) return *given;
	const char **names = arena_alloc(builder->arena, most * sizeof *names);
	Arguments all = {arena_alloc(builder->arena, most * sizeof(Value)), names, arena_alloc(builder->arena, most * sizeof(Place)), 0};
	for (; all.count < given->count; all.count++) {
		all.values[all.count] = given->values[all.count];
		if (given->names) names[all.count] = given->names[all.count];
		if (given->places) all.places[all.count] = given->places[all.count];
	}
	for (int i = 0; i < d->statics.count; i++) {
		const Parameter *parameter = &d->statics.items[i];
		Frame *body;
		const Default *one = is_given(given, i, parameter->name) ? NULL : find_default(owner, d, parameter, &body);
		if (!one) continue;
		names[all.count] = parameter->name;
		all.places[all.count] = one->value->place;
		all.values[all.count++] = build_argument(builder, one->value, parameter, body);
	}
	return all;
}

/* --- layers ----------------------------------------------------------------------------------------- */

/* Gives a layer its owner, by the arguments that all layers have. */
static Value own(Builder *builder, Layer *layer, Frame *frame, Site site, const char *given)
{
	const Value *name = build_named(&layer->statics, "name"), *trainable = build_named(&layer->statics, "trainable");
	if (name && name->kind == VALUE_WORD) given = name->as.word;
	layer->owner = owner_sub(builder, frame ? frame->owner : NULL, layer->definition, frame, site, given);
	if (!layer->owner) return value_poison();
	if (trainable && trainable->kind == VALUE_BOOLEAN) layer->owner->trainable = trainable->as.truth;
	return (Value){.kind = VALUE_LAYER, .as.layer = layer};
}

static const char *binding_of(const Frame *frame, Site site)
{
	return frame && frame->root == site.key ? frame->binding : NULL;
}

static void check_expectation(Builder *builder, const Layer *layer, const Requirement *expectation, Site site)
{
	Frame *frame = build_frame(builder, NULL, NULL, NULL);
	frame->values = layer->statics;
	frame->values.capacity = layer->statics.count; /* shared: the next name moves it */
	Value condition = build_eval(builder, expectation->condition, frame);
	if (value_is_poison(condition) || condition.kind == VALUE_TENSOR || value_is_true(condition)) return;
	diag_warning(builder->context, site.place, build_describe_arguments(builder, layer->definition, expectation->condition, frame), "%s",
		expectation->message);
}

Value build_make_layer(Builder *builder, const Definition *d, const Arguments *statics, Frame *frame, Site site, bool bare)
{
	Layer *layer = arena_alloc(builder->arena, sizeof *layer);
	layer->definition = d;
	Arguments all = with_defaults(builder, d, statics, frame, site);
	if (!build_bind(builder, &d->statics, &all, NULL, d->name, site, &layer->statics)) return value_poison();
	for (int i = 0; i < d->expectation_count; i++) check_expectation(builder, layer, &d->expectations[i], site);
	return own(builder, layer, frame, site, bare ? binding_of(frame, site) : NULL);
}

Value build_clone(Builder *builder, const Arguments *arguments, Frame *frame, Site site)
{
	Value of = arguments->count ? arguments->values[0] : value_none();
	if (value_is_poison(of)) return of;
	if (of.kind != VALUE_LAYER || (arguments->names && arguments->names[0]))
		return build_error(builder, site.place, "clone(layer, argument=value, ..)", "clone takes a layer with its arguments, as Dense(8) is, not %s",
			value_kind(builder->arena, of));
	const Layer *layer = of.as.layer;
	const Parameters *parameters = &layer->definition->statics;
	size_t most = (size_t)(parameters->count + arguments->count);
	const char **names = arena_alloc(builder->arena, most * sizeof *names);
	Arguments all = {arena_alloc(builder->arena, most * sizeof(Value)), names, arena_alloc(builder->arena, most * sizeof(Place)), 0};
	for (int i = 1; i < arguments->count; i++) {
		if (!arguments->names || !arguments->names[i])
			return build_error(builder, arguments->places ? arguments->places[i] : site.place, "clone(layer, argument=value, ..)",
				"what a clone changes is given by name");
		names[all.count] = arguments->names[i];
		all.places[all.count] = arguments->places[i];
		all.values[all.count++] = arguments->values[i];
	}
	Arguments given = all;
	for (int i = 0; i < layer->statics.count; i++) { /* the rest is the layer's, but for its name */
		const Name *one = &layer->statics.items[i];
		if (is_given(&given, -1, one->name) || !strcmp(one->name, "name")) continue;
		names[all.count] = one->name;
		all.values[all.count++] = one->value;
	}
	Layer *copy = arena_alloc(builder->arena, sizeof *copy);
	copy->definition = layer->definition;
	if (!build_bind(builder, parameters, &all, NULL, layer->definition->name, site, &copy->statics)) return value_poison();
	return own(builder, copy, frame, site, binding_of(frame, site));
}
