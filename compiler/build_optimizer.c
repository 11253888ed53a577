/* build_optimizer.c: gradients and an optimizer -> the next values of weights and slots, in Keras's order: clipping,
 * decoupled decay, the optimizer's rule, moving average, constraint. Input: a step's weights with their gradients.
 * Output: values that the stage takes. Invariant: a plain learning rate is a run-time scalar, so that it can change. */
#include <string.h>
#include "builder.h"

/* The optimizer with learning_rate replaced by the scalar STEP/learning_rate, if it is a plain number. */
static const Layer *with_run_time_rate(Builder *builder, const char *step, const Layer *optimizer, Place place)
{
	Layer *changed = arena_alloc(builder->arena, sizeof *changed);
	*changed = *optimizer;
	changed->statics.items = arena_alloc(builder->arena, (size_t)(optimizer->statics.count + 1) * sizeof(Name));
	memcpy(changed->statics.items, optimizer->statics.items, (size_t)optimizer->statics.count * sizeof(Name));
	for (int i = 0; i < changed->statics.count; i++) {
		Name *name = &changed->statics.items[i];
		if (strcmp(name->name, "learning_rate") || !value_is_static_number(name->value)) continue;
		double rate = value_to_number(name->value);
		builder->network->learning_rate = rate;
		Variable *scalar = build_scalar(builder, arena_format(builder->arena, "%s/learning_rate", step), rate, place);
		name->value = value_tensor(make_variable(builder->stage->program->graph, scalar));
	}
	return changed;
}

/* A rate that moves by itself is an output, so that it is logged; false after a report. */
static bool output_rate(Builder *builder, const Layer *optimizer, Value t, Place place)
{
	static const char help[] = "a number, a schedule such as CosineDecay(0.1, 1000), or an expression of step and epoch";
	for (int i = 0; i < optimizer->statics.count; i++) {
		const Name *name = &optimizer->statics.items[i];
		if (strcmp(name->name, "learning_rate") || value_is_static_number(name->value)) continue;
		Value step = build_binary(builder, "-", t, value_integer(1), place), values[] = {name->value, step};
		Value rate = build_library_call(builder, "at", 2, values, place);
		if (value_is_poison(rate)) return false;
		bool tensor = rate.kind == VALUE_TENSOR && !rate.as.tensor->shape.rank;
		if (!tensor && !value_is_static_number(rate)) {
			build_error(builder, place, help, "learning_rate is one number, not %s", value_kind(builder->arena, rate));
			return false;
		}
		build_output(builder, builder->stage->program, "learning_rate", build_node(builder, rate, place));
	}
	return true;
}

static bool is_given(const Layer *optimizer, const char *name)
{
	for (int i = 0; i < optimizer->statics.count; i++)
		if (!strcmp(optimizer->statics.items[i].name, name)) return value_is_true(optimizer->statics.items[i].value);
	return false;
}

/* A function of the library, called for one weight: its slots and its weight_path() are those of the weight. */
static Value call_for_weight(Builder *builder, const char *name, int count, Value *values, Owner *slots, Place place)
{
	const Entry *entry = build_find(builder, KIND_FUNCTION, name, true);
	if (!entry) return build_error(builder, place, NULL, "the library lacks %s", name);
	Value function = {.kind = VALUE_DEFINITION, .as.definition = entry->definition};
	return build_apply(
		builder, function, count, values, build_frame(builder, NULL, slots, NULL), (Site){entry, place});
}

static Value update_weight(Builder *builder, const Layer *optimizer, const char *step, const Weight *weight,
	Value gradient, Value t, Place place)
{
	Graph *graph = builder->stage->program->graph;
	Owner *slots = owner_new(builder, optimizer->definition, NULL, weight->variable->path, place);
	Layer *layer = arena_alloc(builder->arena, sizeof *layer);
	*layer = (Layer){.definition = optimizer->definition, .statics = optimizer->statics, .owner = slots};
	Value function = {.kind = VALUE_LAYER, .as.layer = layer};
	slots->label = arena_format(builder->arena, "%s/%s", step, weight->variable->path);
	Value decay[] = {value_tensor(make_variable(graph, weight->variable)), function, t};
	Value rule[] = {call_for_weight(builder, "decayed", 3, decay, slots, place), gradient, t};
	Value w = build_apply(builder, function, 3, rule, NULL, (Site){layer, place});
	Value mean[] = {w, function, t};
	if (is_given(optimizer, "use_ema")) w = call_for_weight(builder, "averaged", 3, mean, slots, place);
	Value constraint = weight->constraint;
	Site site = {weight, weight->variable->place};
	if (constraint.kind == VALUE_DEFINITION) constraint = build_apply(builder, constraint, 0, NULL, NULL, site);
	if (!value_is_none(constraint)) w = build_apply(builder, constraint, 1, &w, NULL, site);
	return w;
}

void build_update(
	Builder *builder, const char *step, Value optimizer, int count, Weight **weights, Node **gradients, Place place)
{
	Graph *graph = builder->stage->program->graph;
	if (optimizer.kind == VALUE_DEFINITION)
		optimizer = build_apply(builder, optimizer, 0, NULL, NULL, (Site){weights, place});
	if (optimizer.kind != VALUE_LAYER) return;
	builder->network->averaged = builder->network->averaged || is_given(optimizer.as.layer, "use_ema");
	graph->phase = PHASE_UPDATE;
	graph->place = place;
	const Layer *given = optimizer.as.layer, *layer = with_run_time_rate(builder, step, given, place);
	Shape scalar = {0};
	Value t =
		build_binary(builder, "+", value_tensor(build_given(builder, "step", &scalar, false)), value_integer(1), place);
	if (!output_rate(builder, given, t, place)) return;
	Value list = value_list(builder->arena, count);
	for (int i = 0; i < count; i++) list.as.list.items[i] = value_tensor(gradients[i]);
	Value clip[] = {list, {.kind = VALUE_LAYER, .as.layer = layer}};
	Value clipped = build_library_call(builder, "clipped", 2, clip, place);
	for (int i = 0; clipped.kind == VALUE_LIST && i < count; i++) {
		const Variable *variable = weights[i]->variable;
		graph->layer = variable->layer;
		Value w = update_weight(builder, layer, step, weights[i], clipped.as.list.items[i], t, place);
		Node *node = value_is_poison(w) ? NULL : build_node(builder, w, place);
		if (node && !shape_equal(&node->shape, &variable->shape))
			build_error(builder, place, NULL, "%s is %s, and the optimizer makes it %s", variable->path,
				shape_text(builder->arena, &variable->shape), shape_text(builder->arena, &node->shape));
		else if (node) build_move(builder, weights[i], node);
	}
	graph->layer = "";
	graph->phase = PHASE_FORWARD;
}
