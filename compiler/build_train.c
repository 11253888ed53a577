/* build_train.c: the section train -> the programs train, evaluate and gradients. Input: loss, optimizer, let, terms,
 * batch, steps. Output: programs with loss, prediction and terms, and the values that weights take. Invariant: a mean
 * goes over the live rows of the batch; a weight that the loss does not reach is an error at the loss. */
#include <ctype.h>
#include <string.h>
#include "builder.h"

/* One training step: what it says itself, else what the section says. */
typedef struct StepSlots {
	const char *name;
	const DocNode *loss, *weights, *optimizer, *let, *terms, *batch, *update;
	const Owner **updated;
	int updated_count;
} StepSlots;

Value build_slot(Builder *builder, Kind kind, const Expr *expr, Frame *frame)
{
	if (expr->kind == EXPR_NAME && !build_knows(expr->text, frame) && !build_is_param(builder, expr->text, expr->place)) {
		const Entry *entry = build_find(builder, (int)kind, expr->text, false);
		if (entry) return (Value){.kind = VALUE_DEFINITION, .as.definition = entry->definition};
		const char *near = build_near_kind(builder, kind, expr->text);
		if (near && !build_find(builder, -1, expr->text, false))
			return build_error(builder, expr->place, near, "no %s is called '%s'", kind_noun(kind), expr->text);
	}
	return build_eval(builder, expr, frame);
}

/* Names of the section: the models, and the bindings of batch, let and terms. */
static Frame *train_frame(Builder *builder, const StepSlots *slots)
{
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	*d = (Definition){.name = slots->name, .kind = KIND_TRAIN, .place = builder->spec->train->place};
	const DocNode *parts[] = {slots->batch, slots->let, slots->terms};
	for (int i = 0; i < 3; i++) {
		if (!parts[i]) continue;
		if (parts[i]->kind == DOC_MAP) build_read_body(builder, parts[i], d);
		else build_error(builder, parts[i]->place, "let: {mu: enc(x)}", "bindings are written `name: value`");
	}
	Frame *frame = build_frame(builder, d, owner_new(builder, d, NULL, "train", d->place), NULL);
	for (int i = 0; i < builder->model_count; i++) {
		const Definition *model = builder->models[i]->definition;
		Layer *layer = arena_alloc(builder->arena, sizeof *layer);
		*layer = (Layer){.definition = model, .owner = builder->models[i]};
		build_set(builder, frame, model->name, (Value){.kind = VALUE_LAYER, .as.layer = layer});
	}
	return frame;
}

/* A term is a column of the history beside others. */
static void check_term(Builder *builder, const DocNode *key)
{
	const Spec *spec = builder->spec;
	bool taken = !strcmp(key->text, "loss") || !strcmp(key->text, "learning_rate") || !strcmp(key->text, "epoch") ||
		!strncmp(key->text, "val_", 4);
	for (int m = 0; m < spec->metric_count; m++)
		for (int i = 0; i < spec->metrics[m].names.count; i++) taken |= !strcmp(spec->metrics[m].names.items[i], key->text);
	if (taken) build_error(builder, key->place, "another name", "the term '%s' would be called as a column of the history", key->text);
}

static void output_terms(Builder *builder, const StepSlots *slots, Frame *frame)
{
	for (int i = 0; slots->terms && slots->terms->kind == DOC_MAP && i < slots->terms->count; i++) {
		const DocNode *key = slots->terms->pairs[i].key;
		if (!build_has_binding(frame->definition, key->text)) continue; /* several names, or reported */
		Value value = build_lookup(builder, key->text, frame, key->place);
		if (value.kind == VALUE_LOCAL) continue;
		check_term(builder, key);
		Node *term = value_is_poison(value) ? NULL : build_mean(builder, value, key->place);
		build_output(builder, builder->stage->program, arena_format(builder->arena, "term %s", key->text), term);
	}
}

/* Activity regularizers of the calls, and regularizers of the weights that are trained. */
static Node *add_penalties(Builder *builder, Node *loss, int count, Weight **weights, Place place)
{
	Graph *graph = builder->stage->program->graph;
	for (int i = 0; loss && i < builder->stage->penalty_count; i++) {
		graph->place = place;
		loss = make_binary(graph, &op_add, loss, builder->stage->penalties[i]);
	}
	for (int i = 0; loss && i < count; i++) {
		Value function = weights[i]->regularizer, weight = value_tensor(make_variable(graph, weights[i]->variable));
		if (value_is_none(function)) continue;
		Site site = {weights[i], weights[i]->variable->place};
		if (function.kind == VALUE_DEFINITION) function = build_apply(builder, function, 0, NULL, NULL, site);
		Node *penalty = build_node(builder, build_apply(builder, function, 1, &weight, NULL, site), site.place);
		if (penalty && penalty->shape.rank)
			build_error(builder, weights[i]->variable->place, NULL, "a regularizer gives one number, not a tensor %s",
				shape_text(builder->arena, &penalty->shape));
		graph->place = place;
		loss = make_binary(graph, &op_add, loss, penalty);
	}
	return loss;
}

static int trained_weights(Builder *builder, const StepSlots *slots, Weight ***weights)
{
	int count = 0, capacity = 0;
	*weights = NULL;
	for (int i = 0; i < slots->updated_count; i++) {
		Weight **found;
		int n = owner_weights(builder, slots->updated[i], &found);
		for (int k = 0; k < n; k++) {
			if (!found[k]->variable->trainable) continue;
			*weights = arena_grow(builder->arena, *weights, count, &capacity, sizeof **weights);
			(*weights)[count++] = found[k];
		}
	}
	return count;
}

/* Where a weight's layer is called in the spec; with a loss that reads no weight at all, where the loss stands. */
static Place unused_place(const Weight *weight, int count, Node *const *gradients, Place loss)
{
	const Owner *owner = weight->owner;
	while (owner && (!owner->place.source || owner->place.source->library)) owner = owner->outer;
	for (int i = 0; i < count && owner; i++)
		if (gradients[i]) return owner->place;
	return loss;
}

/* d loss / d weight for every weight; false after a report */
static bool differentiate(Builder *builder, Node *loss, int count, Weight **weights, Node **gradients, Place place)
{
	Graph *graph = builder->stage->program->graph;
	Node **wanted = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *wanted);
	for (int i = 0; i < count; i++) wanted[i] = make_variable(graph, weights[i]->variable);
	grad_make(graph, loss, wanted, count, gradients);
	for (int i = 0; i < count; i++) {
		if (gradients[i]) continue;
		build_error(builder, unused_place(weights[i], count, gradients, place),
			"use the weight in what the loss is made of, or freeze its layer: trainable=false", "the loss does not depend on %s", weights[i]->variable->path);
		return false;
	}
	return true;
}

/* The optimizer as the spec has it, in one line, for reports. */
static const char *optimizer_text(Builder *builder, const DocNode *slot)
{
	bool scalar = slot->kind == DOC_SCALAR;
	const char *from = scalar ? slot->text : slot->place.source->text + slot->begin;
	char *text = arena_copy(builder->arena, from, scalar ? strlen(from) : slot->end - slot->begin), *end = text;
	for (const char *c = text; *c; c++)
		if (*c == '#' && end > text && end[-1] == ' ') c += strcspn(c, "\n") - 1; /* a comment */
		else if (!isspace((unsigned char)*c)) *end++ = *c;
		else if (end > text && end[-1] != ' ') *end++ = ' ';
	while (end > text && end[-1] == ' ') end--;
	*end = 0;
	return text;
}

static void train_weights(Builder *builder, const StepSlots *slots, Frame *frame, Node *loss, int count,
	Weight **weights, StepMode mode, Place place)
{
	Node **gradients = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *gradients);
	const Expr *expr = slots->optimizer ? expr_read(builder->context, slots->optimizer, EXPR_VALUE_START) : NULL;
	if (!slots->optimizer)
		build_error(builder, builder->spec->train->place, "optimizer: Adam()", "the section train has no 'optimizer'");
	Value optimizer = expr ?
		build_of_kind(builder, KIND_OPTIMIZER, build_slot(builder, KIND_OPTIMIZER, expr, frame), expr->place) :
		value_poison();
	if (!loss || builder->context->errors || builder->exhausted) return;
	if (!count) {
		build_error(builder, place, "every layer is frozen, or has no weights", "there is no weight to train");
		return;
	}
	if (!differentiate(builder, loss, count, weights, gradients, place)) return;
	for (int i = 0; mode == STEP_GRADIENTS && i < count; i++)
		build_output(builder, builder->stage->program,
			arena_format(builder->arena, "gradient %s", weights[i]->variable->path), gradients[i]);
	builder->network->optimizer = optimizer_text(builder, slots->optimizer);
	if (mode == STEP_TRAIN) build_update(builder, slots->name, optimizer, count, weights, gradients, expr->place);
	if (mode == STEP_TRAIN) build_finish(builder, false);
}

static void build_step(Builder *builder, const StepSlots *slots, const char *name, StepMode mode)
{
	Weight **weights;
	Stage stage = {.program = build_program(builder, name, mode != STEP_EVALUATE, builder->spec->batch),
		.training = mode != STEP_EVALUATE,
		.moving = slots->updated,
		.moving_count = slots->updated_count};
	builder->stage = &stage;
	if (!slots->loss) {
		build_error(
			builder, builder->spec->train->place, "loss: binary_crossentropy", "the section train has no 'loss'");
		return;
	}
	Frame *frame = train_frame(builder, slots);
	output_terms(builder, slots, frame);
	LossSlots losses = {slots->loss, slots->weights, slots->updated[0], slots->loss->place};
	Node *loss = build_loss(builder, &losses, frame);
	int count = trained_weights(builder, slots, &weights);
	if (loss) loss = add_penalties(builder, loss, count, weights, losses.place);
	build_output(builder, stage.program, "loss", loss);
	for (int i = 0; builder->model_count == 1 && i < stage.predictions.count && i < builder->network->output_count; i++)
		if (stage.predictions.items[i].kind == VALUE_TENSOR) {
			build_output(builder, stage.program, builder->network->outputs[i].name, stage.predictions.items[i].as.tensor);
			build_mask_output(builder, builder->network->outputs[i].name, stage.predictions.items[i].as.tensor);
		}
	if (mode == STEP_EVALUATE) build_finish(builder, true);
	else train_weights(builder, slots, frame, loss, count, weights, mode, losses.place);
}

/* The models that a step updates: D, or [G, E]; without `update`, all. */
static void read_update(Builder *builder, StepSlots *slots)
{
	const DocNode *node = slots->update;
	int count = !node ? builder->model_count : node->kind == DOC_LIST ? node->count : 1;
	slots->updated = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *slots->updated);
	const char **names = arena_alloc(builder->arena, (size_t)(builder->model_count + 1) * sizeof *names);
	for (int i = 0; i < builder->model_count; i++) names[i] = builder->models[i]->definition->name;
	for (int i = 0; i < count; i++) {
		const DocNode *one = node && node->kind == DOC_LIST ? node->items[i] : node;
		const char *name = one && one->kind == DOC_SCALAR ? one->text : "";
		const Owner *model = node ? NULL : builder->models[i];
		for (int k = 0; node && k < builder->model_count; k++)
			if (!strcmp(names[k], name)) model = builder->models[k];
		if (model) slots->updated[slots->updated_count++] = model;
		else
			build_error(builder, one->place, build_near(builder, name, names, builder->model_count),
				"no model is called '%s'", name);
	}
	if (!slots->updated_count) slots->updated[slots->updated_count++] = builder->models[0];
}

static StepSlots read_slots(Builder *builder, const char *name, const DocNode *step)
{
	const DocNode *train = builder->spec->train;
	StepSlots slots = {.name = name};
	const struct {
		const char *key;
		const DocNode **slot;
	} places[] = {{"loss", &slots.loss}, {"loss_weights", &slots.weights}, {"optimizer", &slots.optimizer}, {"let", &slots.let}, {"terms", &slots.terms},
		{"batch", &slots.batch}};
	for (size_t i = 0; i < sizeof places/sizeof *places; i++) {
		*places[i].slot = step ? doc_get(step, places[i].key) : NULL;
		if (!*places[i].slot) *places[i].slot = doc_get(train, places[i].key);
	}
	slots.update = step ? doc_get(step, "update") : NULL;
	read_update(builder, &slots);
	return slots;
}

void build_training(Builder *builder)
{
	const DocNode *steps = doc_get(builder->spec->train, "steps");
	if (!steps) {
		StepSlots slots = read_slots(builder, "train", NULL);
		build_step(builder, &slots, "evaluate", STEP_EVALUATE);
		build_step(builder, &slots, "train", STEP_TRAIN);
		if (builder->options && builder->options->gradients) build_step(builder, &slots, "gradients", STEP_GRADIENTS);
		return;
	}
	if (steps->kind != DOC_LIST) {
		build_error(builder, steps->place, "- {update: D, loss: ..., optimizer: ...}", "steps is a list, one a line");
		return;
	}
	for (int i = 0; i < steps->count; i++) {
		const DocNode *step = steps->items[i], *given = step->kind == DOC_MAP ? doc_get(step, "name") : NULL;
		if (step->kind != DOC_MAP) {
			build_error(builder, step->place, NULL, "a step is {update: D, loss: ..., optimizer: ...}");
			continue;
		}
		StepSlots slots = read_slots(builder, NULL, step);
		slots.name = arena_format(
			builder->arena, "train.%s", given && given->text ? given->text : slots.updated[0]->definition->name);
		build_step(builder, &slots, slots.name, STEP_TRAIN);
	}
}
