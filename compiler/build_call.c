/* build_call.c: calls. Input: a function, layer or definition, and arguments. Output: what its body returns. Invariant:
 * a body sees its own parameters and bindings only; states it moves are moved when it returns. */
#include <string.h>
#include "builder.h"

enum { DEPTH_LIMIT = 64, CALL_STEPS = 3 }; /* calls within calls; what a call counts as, in expressions */

static Value enter(
	Builder *builder, const Layer *layer, const Parameters *parameters, const Arguments *arguments, Site site);

/* --- making layers ------------------------------------------------------------------------------ */

/* Flatten(x), Dropout(x, rate=0.5): what names a static goes to the layer, the rest to its call */
static Value make_and_call(Builder *builder, const Definition *d, const Arguments *arguments, Frame *frame, Site site)
{
	Arguments parts[2];
	for (int p = 0; p < 2; p++) {
		const char **names = arena_alloc(builder->arena, (size_t)(arguments->count + 1) * sizeof *names);
		parts[p] = (Arguments){arena_alloc(builder->arena, (size_t)(arguments->count + 1) * sizeof(Value)), names,
			arena_alloc(builder->arena, (size_t)(arguments->count + 1) * sizeof(Place)), 0};
		for (int i = 0; i < arguments->count; i++) {
			const char *name = arguments->names ? arguments->names[i] : NULL;
			bool is_static = name && build_parameter(&d->statics, name) >= 0;
			if (is_static != (p == 0)) continue;
			names[parts[p].count] = name;
			if (arguments->places) parts[p].places[parts[p].count] = arguments->places[i];
			parts[p].values[parts[p].count++] = arguments->values[i];
		}
	}
	Value layer = build_make_layer(builder, d, &parts[0], frame, site, false);
	if (value_is_poison(layer)) return layer;
	return enter(builder, layer.as.layer, &d->inputs, &parts[1], site);
}

/* --- bodies --------------------------------------------------------------------------------------- */

/* Reports an item of `layers:` that is no layer, nor a function of one tensor. */
static bool is_layer(Builder *builder, Value item, Place place)
{
	const Definition *d = item.kind == VALUE_LAYER ? item.as.layer->definition : item.kind == VALUE_DEFINITION ? item.as.definition : NULL;
	bool other = d && d->kind != KIND_LAYER && d->kind != KIND_BLOCK && d->kind != KIND_ACTIVATION && d->kind != KIND_FUNCTION && d->kind != KIND_MODEL;
	if (value_is_poison(item) || item.kind == VALUE_WORD || (value_is_callable(item) && !other)) return true;
	const char *help = item.kind == VALUE_TENSOR ? "in this list layers stand without their input: Dense(8), not Dense(8)(x)" : "one layer a line: - Dense(8)";
	if (d && d->kind == KIND_CELL) help = arena_format(builder->arena, "RNN(%s(..)) runs it over a sequence", d->name);
	build_error(builder, place, help, "a layer is expected here, not %s", value_kind(builder->arena, item));
	return false;
}

/* An item of layers: is a layer, or a list of layers such as [Block(64) for i in range(3)]: a step each, so that two bare
 * BatchNormalization are two layers. */
static Value apply_item(Builder *builder, Value item, Value x, Frame *frame, const Expr *expr)
{
	if (item.kind != VALUE_LIST && !is_layer(builder, item, expr->place)) return value_poison();
	if (item.kind != VALUE_LIST) return build_apply(builder, item, 1, &x, frame, (Site){expr, expr->place});
	for (int i = 0; i < item.as.list.count; i++) {
		Frame *inner = build_frame(builder, NULL, frame->owner, frame);
		Step *step = arena_alloc(builder->arena, sizeof *step);
		*step = (Step){expr, i, frame->step};
		inner->step = step;
		x = apply_item(builder, item.as.list.items[i], x, inner, expr);
	}
	return x;
}

static Value apply_layers(Builder *builder, const Expr *layers, Value x, Frame *frame)
{
	if (layers->kind != EXPR_LIST) {
		Value list = build_eval(builder, layers, frame);
		if (value_is_poison(list)) return list;
		if (list.kind != VALUE_LIST)
			return build_error(builder, layers->place, "one layer a line: - Dense(8)", "layers: is a list, not %s",
				value_kind(builder->arena, list));
		return apply_item(builder, list, x, frame, layers);
	}
	for (int i = 0; i < layers->count; i++)
		x = apply_item(builder, build_eval(builder, layers->items[i], frame), x, frame, layers->items[i]);
	return x;
}

static Value evaluate_body(Builder *builder, const Definition *d, Frame *frame)
{
	if (d->kind == KIND_MODEL) /* in the order it is written, so that numbering follows the text */
		for (int i = 0; i < d->binding_count; i++)
			if (!d->bindings[i].function) build_lookup(builder, d->bindings[i].names[0], frame, d->bindings[i].place);
	if (d->kind == KIND_CELL) return build_cell_values(builder, d, frame);
	if (d->layers)
		return apply_layers(builder, d->layers,
			frame->values.items[frame->definition->kind == KIND_MODEL ? 0 : d->statics.count].value, frame);
	if (d->result) return build_eval(builder, d->result, frame);
	if (d->kind == KIND_OPTIMIZER)
		return build_lookup(builder, arena_format(builder->arena, "%s'", d->inputs.items[0].name), frame, d->place);
	return value_poison();
}

static const Weight *find_weight(const Owner *owner, const char *name)
{
	for (int i = 0; owner && i < owner->weight_count; i++)
		if (!strcmp(owner->weights[i]->name, name)) return owner->weights[i];
	return NULL;
}

static void move_state(Builder *builder, const Weight *weight, Value value, Place place)
{
	if (!weight || value_is_poison(value)) return;
	Node *node = build_node(builder, value, place);
	if (!node) return;
	Shape shape = shape_for(&weight->variable->shape, builder->stage->program->graph->batch);
	if (!shape_equal(&node->shape, &shape)) {
		build_error(builder, place, NULL, "%s is %s, and its next value is %s", weight->variable->path,
			shape_text(builder->arena, &shape), shape_text(builder->arena, &node->shape));
		return;
	}
	build_move(builder, weight, node);
}

/* A primed name is the value that the state of that name takes: evaluated at every call, kept where states move. */
static void settle(Builder *builder, const Definition *d, Frame *frame)
{
	for (int i = 0; i < d->binding_count; i++) {
		const Binding *binding = &d->bindings[i];
		size_t length = strlen(binding->names[0]);
		if (binding->name_count != 1 || binding->function || binding->names[0][length - 1] != '\'') continue;
		const char *name = arena_copy(builder->arena, binding->names[0], length - 1);
		if (!build_has_binding(d, name)) continue;
		Value next = build_lookup(builder, binding->names[0], frame, binding->place);
		Value old = build_lookup(builder, name, frame, binding->place);
		if (value_is_poison(next) || value_is_poison(old) || value_equal(next, old)) continue;
		if (old.kind != VALUE_LIST) {
			move_state(builder, find_weight(frame->owner, name), next, binding->place);
			continue;
		}
		for (int k = 0; next.kind == VALUE_LIST && k < old.as.list.count && k < next.as.list.count; k++) {
			Value one = old.as.list.items[k];
			if (one.kind == VALUE_TENSOR) move_state(builder, build_weight_of(builder, one.as.tensor), next.as.list.items[k], binding->place);
		}
	}
}

/* Where a definition says what the mask is, its result, or the first of its results, has that and no other. A node
 * that was there before the call, or has a mask of its own, gets another node: others may hold it. */
static Value set_mask(Builder *builder, const Definition *d, Frame *frame, Value result, int start)
{
	bool list = result.kind == VALUE_LIST && result.as.list.count;
	Value first = list ? result.as.list.items[0] : result;
	if (!d->mask || first.kind != VALUE_TENSOR) return result;
	Value mask = build_eval(builder, d->mask, frame);
	Node *node = first.as.tensor, *wanted = mask.kind == VALUE_TENSOR ? mask.as.tensor : NULL;
	if (value_is_poison(mask) || node->mask == wanted) return result;
	if (node->id >= start && !node->mask) return node->mask = wanted, result;
	first = value_tensor(build_masked(builder, node, wanted));
	if (!list) return first;
	Value copy = value_list(builder->arena, result.as.list.count);
	memcpy(copy.as.list.items, result.as.list.items, (size_t)result.as.list.count * sizeof(Value));
	copy.as.list.items[0] = first;
	return copy;
}

/* Nodes made since `start` get the layer whose call made them, and a place in the user's own text. */
static void stamp_graph(Graph *graph, int start, const char *path, const Place *place)
{
	for (int i = start; i < graph->count; i++) {
		Node *node = graph->nodes[i];
		if (path && !node->layer) node->layer = path;
		if (place && (!node->place.source || node->place.source->library)) node->place = *place;
		if (node->op == &op_scan) stamp_graph(node->at.body->graph, 0, path, place);
	}
}

/* Does what the body makes belong to a layer of this name? */
static bool names_layer(const Definition *d) { return d->kind == KIND_LAYER || d->kind == KIND_BLOCK || d->kind == KIND_MODEL; }

static void stamp(Builder *builder, const Definition *d, Owner *owner, int start, Site site)
{
	bool names = names_layer(d);
	bool places = d->place.source && d->place.source->library && site.place.source && !site.place.source->library;
	if (!names && !places) return;
	stamp_graph(builder->stage->program->graph, start, names ? owner_shown_path(builder, owner) : NULL, places ? &site.place : NULL);
}

static Value run_body(Builder *builder, const Layer *layer, Frame *frame, Site site)
{
	const Definition *d = layer->definition;
	Graph *graph = builder->stage->program->graph;
	bool names = names_layer(d);
	const char *kept_layer = graph->layer;
	int start = graph->count;
	Frame *kept_body = layer->owner->body;
	if (names) graph->layer = NULL;
	layer->owner->body = frame;
	Value result = value_poison();
	if (build_requirements_met(builder, d, frame, site)) {
		result = evaluate_body(builder, d, frame);
		settle(builder, d, frame);
		if (!value_is_poison(result)) result = set_mask(builder, d, frame, result, start);
	}
	graph->layer = kept_layer;
	layer->owner->body = kept_body;
	stamp(builder, d, layer->owner, start, site);
	return result;
}

/* training=false in a call sets the mode inside it; *mode: what the call asks for. */
static Arguments take_mode(Builder *builder, const Parameters *parameters, const Arguments *arguments, bool *mode)
{
	Arguments rest = *arguments;
	if (build_parameter(parameters, "training") >= 0) return rest;
	for (int i = 0; arguments->names && i < arguments->count; i++) {
		if (!arguments->names[i] || strcmp(arguments->names[i], "training") ||
			arguments->values[i].kind != VALUE_BOOLEAN)
			continue;
		*mode = arguments->values[i].as.truth;
		const char **names = arena_alloc(builder->arena, (size_t)arguments->count * sizeof *names);
		rest.values = arena_alloc(builder->arena, (size_t)arguments->count * sizeof *rest.values);
		rest.places =
			arguments->places ? arena_alloc(builder->arena, (size_t)arguments->count * sizeof *rest.places) : NULL;
		rest.names = names;
		rest.count = 0;
		for (int k = 0; k < arguments->count; k++) {
			if (k == i) continue;
			if (rest.places) rest.places[rest.count] = arguments->places[k];
			names[rest.count] = arguments->names[k];
			rest.values[rest.count++] = arguments->values[k];
		}
	}
	return rest;
}

/* May a call not be made? */
static bool too_deep(Builder *builder, Site site)
{
	if (builder->depth < DEPTH_LIMIT) return !build_spend(builder, CALL_STEPS, site.place);
	build_error(
		builder, site.place, "a definition may not call itself", "calls are nested more than %d deep", DEPTH_LIMIT);
	return true;
}

/* Remembers that a function was called with x, so that losses find logits again: see peel. */
static void set_origin(Builder *builder, const Definition *d, const Names *inputs, Value result, Site site)
{
	if (d->two_lists || result.kind != VALUE_TENSOR || !inputs->count || inputs->items[0].value.kind != VALUE_TENSOR)
		return;
	if (d->kind != KIND_ACTIVATION || !build_is_default(builder, &d->statics, inputs, 1)) return;
	build_check_activation(builder, d->name, inputs->items[0].value.as.tensor, result.as.tensor, site.place);
	Origin *origin = arena_alloc(builder->arena, sizeof *origin);
	*origin = (Origin){d->name, inputs->items[0].value.as.tensor, result.as.tensor->origin};
	result.as.tensor->origin = origin;
}

/* The task that the outermost loss names; one that is made of another has the other's. */
static void note_loss(Builder *builder, const Definition *d, const Frame *frame)
{
	if (!builder->task) builder->task = d->task;
	const Value *logits = build_named(&frame->values, "from_logits");
	if (logits && logits->kind == VALUE_BOOLEAN && logits->as.truth) builder->logits = true;
}

/* A model takes what its section says, of any number of rows. */
static bool fits_model(Builder *builder, const Definition *d, const Names *inputs, const Arguments *arguments, Site site)
{
	for (int i = 0; d->kind == KIND_MODEL && i < inputs->count; i++) {
		Value value = inputs->items[i].value;
		if (value_is_poison(value)) return false;
		Shape wanted = build_input_shape(builder, d, i), given = value.kind == VALUE_TENSOR ? value.as.tensor->shape : (Shape){0};
		bool fits = given.rank == wanted.rank && shape_rows(&given) && given.dim[0].rows;
		for (int k = 1; fits && k < wanted.rank; k++) fits = given.dim[k].size == wanted.dim[k].size;
		Place place = arguments->places && i < arguments->count && !(arguments->names && arguments->names[i]) ? arguments->places[i] : site.place;
		if (fits) build_check_range(builder, (Definition *)d, i, value.as.tensor, place);
		if (fits) continue;
		build_error(builder, place, arena_format(builder->arena, "change what makes it, or the input of %s", d->name),
			"%s takes %s%s%s, not %s", d->name, inputs->count > 1 ? inputs->items[i].name : "", inputs->count > 1 ? ": " : "",
			shape_text(builder->arena, &wanted), value.kind == VALUE_TENSOR ? shape_text(builder->arena, &given) : value_kind(builder->arena, value));
		return false;
	}
	return true;
}

/* The call of a layer, or of a function whose parameters stand in one list: a body in a fresh frame. */
static Value enter(
	Builder *builder, const Layer *layer, const Parameters *parameters, const Arguments *given, Site site)
{
	const Definition *d = layer->definition;
	bool mode = builder->stage->training, kept_mode = mode;
	Names inputs;
	if (d->broken || too_deep(builder, site)) return value_poison();
	Arguments arguments = take_mode(builder, parameters, given, &mode);
	Frame *outer = build_frame(builder, NULL, layer->owner, NULL);
	outer->values = layer->statics;
	outer->values.capacity = layer->statics.count; /* shared: the next name moves it */
	if (!build_bind(builder, parameters, &arguments, outer, d->name, site, &inputs)) return value_poison();
	if (!fits_model(builder, d, &inputs, &arguments, site)) return value_poison();
	Frame *frame = build_frame(builder, d, layer->owner, NULL);
	build_reserve(builder, frame, layer->statics.count + inputs.count);
	for (int i = 0; i < layer->statics.count; i++) { /* a layer in a frozen block is frozen too */
		const Name *one = &layer->statics.items[i];
		bool frozen = one->value.kind == VALUE_BOOLEAN && !strcmp(one->name, "trainable") && !owner_moves(layer->owner);
		build_set(builder, frame, one->name, frozen ? value_boolean(false) : one->value);
	}
	for (int i = 0; i < inputs.count; i++) build_set(builder, frame, inputs.items[i].name, inputs.items[i].value);
	if (d->kind == KIND_LOSS) note_loss(builder, d, frame);
	Trail trail = {d->name, site.place, builder->context->trail};
	if (site.key != d) builder->context->trail = &trail; /* a program's call of a model stands in no text */
	builder->depth++;
	builder->stage->training = mode;
	Value *given_values = arena_alloc(builder->arena, (size_t)(inputs.count + 1) * sizeof *given_values);
	for (int i = 0; i < inputs.count; i++) given_values[i] = inputs.items[i].value;
	Road road = build_road(builder, inputs.count, given_values);
	build_road_begin(&road);
	Value result = run_body(builder, layer, frame, site);
	build_road_end(&road);
	builder->stage->training = kept_mode;
	builder->depth--;
	builder->context->trail = trail.outer;
	set_origin(builder, d, &inputs, result, site);
	if (d->kind == KIND_MODEL) build_keep_predictions(builder, result);
	build_list_layer(builder, layer->owner, result);
	return result;
}

/* --- calls ------------------------------------------------------------------------------------------ */

/* celu(alpha=0.5), huber(delta=2): an activation or a loss whose tensors are yet to come */
static bool is_partial(const Definition *d, const Arguments *arguments)
{
	if (d->two_lists || (d->kind != KIND_ACTIVATION && d->kind != KIND_LOSS)) return false;
	for (int i = 0; i < arguments->count; i++)
		if (!arguments->names || !arguments->names[i] || !strcmp(arguments->names[i], d->statics.items[0].name))
			return false;
	return true;
}

static Value make_partial(Builder *builder, const Definition *d, const Arguments *given)
{
	Layer *layer = arena_alloc(builder->arena, sizeof *layer);
	*layer = (Layer){.definition = d};
	layer->statics.items = arena_alloc(builder->arena, (size_t)(given->count + 1) * sizeof(Name));
	for (int i = 0; i < given->count; i++)
		layer->statics.items[layer->statics.count++] = (Name){given->names[i], given->values[i]};
	layer->places = given->places;
	return (Value){.kind = VALUE_LAYER, .as.layer = layer};
}

/* The arguments of a call, then those that the partial was made with. */
static Arguments complete(Builder *builder, const Layer *partial, const Arguments *arguments)
{
	int count = arguments->count + partial->statics.count;
	const char **names = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *names);
	Arguments all = {arena_alloc(builder->arena, (size_t)(count + 1) * sizeof(Value)), names,
		arena_alloc(builder->arena, (size_t)(count + 1) * sizeof(Place)), count};
	for (int i = 0; i < count; i++) {
		int own = i - arguments->count;
		names[i] = own >= 0 ? partial->statics.items[own].name : arguments->names ? arguments->names[i] : NULL;
		all.values[i] = own >= 0 ? partial->statics.items[own].value : arguments->values[i];
		if (own >= 0 && partial->places) all.places[i] = partial->places[own];
		else if (own < 0 && arguments->places) all.places[i] = arguments->places[i];
	}
	return all;
}

static Value call_definition(Builder *builder, const Definition *d, const Arguments *arguments, Frame *frame, Site site)
{
	if (d->broken) return value_poison();
	if (is_partial(d, arguments)) return make_partial(builder, d, arguments);
	if (!d->two_lists) {
		Layer *layer = arena_alloc(builder->arena, sizeof *layer);
		*layer = (Layer){.definition = d, .owner = owner_sub(builder, frame ? frame->owner : NULL, d, frame, site, NULL)};
		return layer->owner ? enter(builder, layer, &d->statics, arguments, site) : value_poison();
	}
	bool numbers = d->kind == KIND_OPTIMIZER || d->kind == KIND_SCHEDULE; /* whose arguments may change at run time */
	for (int i = 0; !numbers && i < arguments->count; i++) {
		if (arguments->names && arguments->names[i]) continue;
		if (value_is_poison(arguments->values[i])) return value_poison(); /* a tensor, perhaps */
		if (value_holds_tensor(arguments->values[i])) return make_and_call(builder, d, arguments, frame, site);
	}
	return build_make_layer(builder, d, arguments, frame, site, true);
}

static Value call_layer(Builder *builder, const Layer *layer, const Arguments *arguments, Frame *frame, Site site)
{
	const Definition *d = layer->definition;
	if (d->two_lists || d->kind == KIND_MODEL) return enter(builder, layer, &d->inputs, arguments, site);
	Arguments all = complete(builder, layer, arguments);
	return call_definition(builder, d, &all, frame, site);
}

static Value call_local(Builder *builder, const Local *local, const Arguments *arguments, Site site)
{
	Names values;
	if (too_deep(builder, site) ||
		!build_bind(builder, &local->binding->parameters, arguments, local->frame, local->name, site, &values))
		return value_poison();
	Frame *inner = build_frame(builder, NULL, local->frame->owner, local->frame);
	inner->values = values;
	inner->step = local->frame->step;
	inner->binding = local->name;
	Trail trail = {local->name, site.place, builder->context->trail};
	builder->context->trail = &trail;
	builder->depth++;
	Value result = build_eval(builder, local->binding->value, inner);
	builder->depth--;
	builder->context->trail = trail.outer;
	return result;
}

static Value call_builtin(Builder *builder, const Builtin *builtin, const Arguments *arguments, Frame *frame, Site site)
{
	Invocation call = {.frame = frame};
	if (!build_bind_builtin(builder, builtin, arguments, site, &call)) return value_poison();
	for (int i = 0; i < call.count; i++)
		if (value_is_poison(call.args[i])) return call.args[i];
	builder->stage->program->graph->place = site.place;
	return builtin->run(builder, &call);
}

/* A word where a function is needed is looked up by name: activation='relu'. */
static Value function_named(Builder *builder, Value value, Place place)
{
	if (value.kind != VALUE_WORD) return value;
	const Entry *entry = build_find(builder, KIND_ACTIVATION, value.as.word, false);
	if (!entry) entry = build_find(builder, -1, value.as.word, false);
	const Builtin *builtin = build_builtin(value.as.word);
	if (entry) return (Value){.kind = VALUE_DEFINITION, .as.definition = entry->definition};
	if (builtin) return (Value){.kind = VALUE_BUILTIN, .as.builtin = builtin};
	return build_lookup(builder, value.as.word, NULL, place);
}

static Value build_call(Builder *builder, Value function, const Arguments *arguments, Frame *frame, Site site)
{
	function = function_named(builder, function, site.place);
	switch (function.kind) {
	case VALUE_POISON: return function;
	case VALUE_DEFINITION: return call_definition(builder, function.as.definition, arguments, frame, site);
	case VALUE_LAYER: return call_layer(builder, function.as.layer, arguments, frame, site);
	case VALUE_LOCAL: return call_local(builder, function.as.local, arguments, site);
	case VALUE_BUILTIN:
		if (!function.as.builtin->run) return build_clone(builder, arguments, frame, site);
		return call_builtin(builder, function.as.builtin, arguments, frame, site);
	default:
		return build_error(builder, site.place, NULL, "%s cannot be called", value_kind(builder->arena, function));
	}
}

Value build_apply(Builder *builder, Value function, int count, Value *values, Frame *frame, Site site)
{
	for (int i = 0; i < count; i++)
		if (value_is_poison(values[i])) return values[i];
	Arguments arguments = {values, NULL, NULL, count};
	return build_call(builder, function, &arguments, frame, site);
}

static const Parameters *parameters_of(Value function)
{
	switch (function.kind) {
	case VALUE_DEFINITION: return &function.as.definition->statics;
	case VALUE_LAYER: return &function.as.layer->definition->inputs;
	case VALUE_LOCAL: return &function.as.local->binding->parameters;
	default: return NULL;
	}
}

static const Parameter *parameter_at(const Parameters *parameters, const char *name, int position)
{
	if (!parameters) return NULL;
	int number = name ? build_parameter(parameters, name) : position;
	return number >= 0 && number < parameters->count ? &parameters->items[number] : NULL;
}

Value build_argument(Builder *builder, const Expr *expr, const Parameter *parameter, Frame *frame)
{
	bool named =
		parameter && expr->kind == EXPR_NAME && !strcmp(parameter->name, "name") && !build_knows(expr->text, frame);
	if (named) return value_word(expr->text); /* name: last, as well as name='last' */
	if (!parameter || !parameter->word_count || expr->kind != EXPR_NAME) return build_eval(builder, expr, frame);
	if (build_is_word(parameter, expr->text)) return value_word(expr->text);
	if (build_knows(expr->text, frame) || build_is_param(builder, expr->text, expr->place)) return build_eval(builder, expr, frame);
	const char *help =
		build_near(builder, expr->text, parameter->words, parameter->words[0] ? parameter->word_count : 0);
	return build_error(builder, expr->place, help, "%s is one of %s, not %s", parameter->name,
		build_list_words(builder, parameter), expr->text);
}

Value build_call_expr(Builder *builder, const Expr *expr, Frame *frame)
{
	Value function = build_eval(builder, expr->items[0], frame);
	const Parameters *parameters = parameters_of(function);
	Program *program = builder->stage->program;
	Graph *graph = program->graph;
	bool once = function.kind == VALUE_BUILTIN && !strcmp(function.as.builtin->name, "once") && graph->body;
	int count = expr->count - 1, position = 0;
	Arguments arguments = {arena_alloc(builder->arena, (size_t)(count + 1) * sizeof(Value)),
		expr->names ? expr->names + 1 : NULL, arena_alloc(builder->arena, (size_t)(count + 1) * sizeof(Place)), count};
	if (once) program->graph = graph->body->outer; /* what is the same at every step is computed before them */
	for (int i = 0; i < count; i++) {
		const char *name = expr->names ? expr->names[i + 1] : NULL;
		if (i == 1 && function.kind == VALUE_BUILTIN && !function.as.builtin->run && arguments.values[0].kind == VALUE_LAYER)
			parameters = &arguments.values[0].as.layer->definition->statics; /* clone(layer, padding=same) */
		const Parameter *parameter = parameter_at(parameters, name, position);
		position += !name;
		arguments.places[i] = expr->items[i + 1]->place;
		arguments.values[i] = build_argument(builder, expr->items[i + 1], parameter, frame);
	}
	program->graph = graph;
	return build_call(builder, function, &arguments, frame, (Site){expr, expr->place});
}
