/* build_train.c: the section train -> the programs train, evaluate and gradients. Input: loss, optimizer, let, terms,
 * batch, steps. Output: programs with loss, prediction and terms, and the values that weights take. Invariant: a mean
 * goes over the live rows of the batch; a weight that the loss does not reach is an error at the loss. */
#include <ctype.h>
#include <string.h>
#include "builder.h"

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

Frame *build_train_frame(Builder *builder, const StepSlots *slots)
{
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	*d = (Definition){.name = slots->name, .kind = KIND_TRAIN, .place = builder->spec->train->place};
	const DocNode *parts[] = {slots->batch[0], slots->batch[1], slots->let[0], slots->let[1], slots->terms[0], slots->terms[1]};
	for (size_t i = 0; i < sizeof parts/sizeof *parts; i++) {
		if (!parts[i]) continue;
		if (parts[i]->kind == DOC_MAP) build_read_body(builder, parts[i], d);
		else build_error(builder, parts[i]->place, "let: {mu: enc(x)}", "bindings are written `name: value`");
	}
	for (int i = 0; i < d->binding_count; i++)
		for (int k = 0; k < d->bindings[i].name_count; k++)
			for (int m = 0; m < builder->model_count; m++)
				if (!strcmp(builder->models[m]->definition->name, d->bindings[i].names[k]))
					build_error(builder, d->bindings[i].place, "another name", "'%s' is the name of a model", d->bindings[i].names[k]);
	Frame *frame = build_frame(builder, d, owner_new(builder, d, NULL, "train", d->place), NULL);
	for (int i = 0; i < builder->model_count; i++) {
		const Definition *model = builder->models[i]->definition;
		Layer *layer = arena_alloc(builder->arena, sizeof *layer);
		*layer = (Layer){.definition = model, .owner = builder->models[i]};
		build_set(builder, frame, model->name, (Value){.kind = VALUE_LAYER, .as.layer = layer});
	}
	return frame;
}

enum { TERM_LENGTH = 30 };

/* A term is a column of the history beside others. */
static void check_term(Builder *builder, const DocNode *key)
{
	const Spec *spec = builder->spec;
	bool taken = !strcmp(key->text, "loss") || !strcmp(key->text, "learning_rate") || !strcmp(key->text, "epoch") ||
		!strncmp(key->text, "val_", 4);
	for (int m = 0; m < spec->metric_count; m++)
		for (int i = 0; i < spec->metrics[m].names.count; i++) taken |= !strcmp(spec->metrics[m].names.items[i], key->text);
	if (strlen(key->text) > TERM_LENGTH) build_error(builder, key->place, NULL, "a term's name has at most %d letters", TERM_LENGTH);
	if (taken) build_error(builder, key->place, "another name", "the term '%s' would be called as a column of the history", key->text);
}

/* Those of the step, else those of the section. prefix: "D_" */
static void output_terms(Builder *builder, const StepSlots *slots, const char *prefix, Frame *frame)
{
	const DocNode *terms = slots->terms[1] ? slots->terms[1] : slots->terms[0];
	for (int i = 0; terms && terms->kind == DOC_MAP && i < terms->count; i++) {
		const DocNode *key = terms->pairs[i].key;
		if (!build_has_binding(frame->definition, key->text)) continue; /* several names, or reported */
		Value value = build_lookup(builder, key->text, frame, key->place);
		if (value.kind == VALUE_LOCAL) continue;
		check_term(builder, key);
		Node *term = value_is_poison(value) ? NULL : build_mean(builder, value, key->place);
		build_output(builder, builder->stage->program, arena_format(builder->arena, "term %s%s", prefix, key->text), term);
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
static bool differentiate(Builder *builder, const StepSlots *slots, Node *loss, int count, Weight **weights, Node **gradients, Place place)
{
	const char *of = slots->step ? arena_format(builder->arena, " of the step '%s'", slots->step->name) : "";
	Graph *graph = builder->stage->program->graph;
	Node **wanted = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *wanted);
	for (int i = 0; i < count; i++) wanted[i] = make_variable(graph, weights[i]->variable);
	grad_make(graph, loss, wanted, count, gradients);
	for (int i = 0; i < count; i++) {
		if (gradients[i]) continue;
		build_error(builder, unused_place(weights[i], count, gradients, place),
			"use the weight in what the loss is made of, or freeze its layer: trainable=false", "the loss%s does not depend on %s", of, weights[i]->variable->path);
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

/* Of several steps "D: Adam(); G: SGD()" */
static void note_optimizer(Builder *builder, const StepSlots *slots)
{
	Network *network = builder->network;
	const char *text = optimizer_text(builder, slots->optimizer);
	if (slots->step) text = arena_format(builder->arena, "%s: %s", slots->step->name, text);
	network->optimizer = slots->step && slots->step != builder->spec->steps ? arena_format(builder->arena, "%s; %s", network->optimizer, text) : text;
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
	if (!differentiate(builder, slots, loss, count, weights, gradients, place)) return;
	for (int i = 0; mode == STEP_GRADIENTS && i < count; i++)
		build_output(builder, builder->stage->program,
			arena_format(builder->arena, "gradient %s", weights[i]->variable->path), gradients[i]);
	note_optimizer(builder, slots);
	if (mode == STEP_TRAIN) build_update(builder, slots->name, optimizer, count, weights, gradients, expr->place);
	if (mode == STEP_TRAIN) build_finish(builder, false);
}

/* The loss of a step, which is given out with its terms. NULL after a report. */
static Node *build_objective(Builder *builder, const StepSlots *slots, const char *prefix, Frame *frame, LossSlots *losses)
{
	Weight **weights;
	Stage *stage = builder->stage;
	stage->penalty_count = 0;
	output_terms(builder, slots, prefix, frame);
	Node *loss = build_loss(builder, losses, frame);
	int count = trained_weights(builder, slots, &weights);
	if (loss) loss = add_penalties(builder, loss, count, weights, losses->place);
	build_output(builder, stage->program, arena_format(builder->arena, "%sloss", prefix), loss);
	return loss;
}

static bool has_loss(Builder *builder, const StepSlots *slots)
{
	if (!slots->loss)
		build_error(builder, slots->step ? slots->step->node->place : builder->spec->train->place,
			slots->step ? "loss: mean(square(D(x)))" : "loss: binary_crossentropy", "the %s has no 'loss'", slots->step ? "step" : "section train");
	return slots->loss != NULL;
}

static LossSlots loss_slots(const StepSlots *slots)
{
	return (LossSlots){slots->loss, slots->weights, slots->updated[0], slots->loss->place, slots->step != NULL};
}

/* What the data is compared with: outputs of the only model; of several those of the first, if they have a label. */
static void output_predictions(Builder *builder)
{
	Stage *stage = builder->stage;
	Network *network = builder->network;
	if (builder->model_count > 1) {
		stage->predictions.count = 0;
		if (stage->program->training || !network->output_count || network->outputs[0].label < 0) return;
		Value y = build_forward(builder, builder->models[0]);
		if (!value_is_poison(y)) build_keep_predictions(builder, y);
	}
	for (int i = 0; i < stage->predictions.count && i < network->output_count; i++)
		if (stage->predictions.items[i].kind == VALUE_TENSOR) {
			build_output(builder, stage->program, network->outputs[i].name, stage->predictions.items[i].as.tensor);
			build_mask_output(builder, network->outputs[i].name, stage->predictions.items[i].as.tensor);
		}
}

void build_step(Builder *builder, const StepSlots *slots, const char *name, StepMode mode)
{
	enum { DRAWS = 20 }; /* bits: draws of different steps have different numbers */
	Weight **weights;
	if (!has_loss(builder, slots)) return;
	Stage stage = {.program = build_program(builder, name, true, builder->spec->batch), .training = true,
		.moving = slots->updated, .moving_count = slots->updated_count}, *kept = builder->stage;
	builder->stage = &stage;
	if (slots->step) {
		stage.program->graph->streams = (int)(slots->step - builder->spec->steps) << DRAWS;
		stage.program->every = slots->step->every;
		stage.program->times = slots->step->times;
	}
	LossSlots losses = loss_slots(slots);
	Frame *frame = build_train_frame(builder, slots);
	Node *loss = build_objective(builder, slots, "", frame, &losses);
	output_predictions(builder);
	int count = trained_weights(builder, slots, &weights);
	train_weights(builder, slots, frame, loss, count, weights, mode, losses.place);
	builder->stage = kept;
}

void build_evaluation(Builder *builder, const StepSlots *slots, int count)
{
	Stage stage = {.program = build_program(builder, "evaluate", false, builder->spec->batch),
		.moving = (const Owner *const *)builder->models, .moving_count = builder->model_count}, *kept = builder->stage;
	builder->stage = &stage;
	for (int i = 0; i < count; i++) {
		if (!has_loss(builder, &slots[i])) continue;
		LossSlots losses = loss_slots(&slots[i]);
		const char *prefix = slots[i].step ? arena_format(builder->arena, "%s_", slots[i].step->name) : "";
		build_objective(builder, &slots[i], prefix, build_train_frame(builder, &slots[i]), &losses);
	}
	output_predictions(builder);
	build_finish(builder, true);
	builder->stage = kept;
}
