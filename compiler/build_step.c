/* build_step.c: the section train and its steps -> which programs are made, of what. Input: the documents; output: StepSlots,
 * and by build_train.c the programs train or train.NAME, evaluate, gradients. Invariant: every model is moved by some step, or
 * frozen. */
#include <string.h>
#include "builder.h"

/* The models that a step updates: D, or [G, E]; without `update`, all. */
static void read_update(Builder *builder, const DocNode *node, StepSlots *slots)
{
	int count = !node ? builder->model_count : node->kind == DOC_LIST ? node->count : 1;
	slots->updated = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *slots->updated);
	const char **names = arena_alloc(builder->arena, (size_t)(builder->model_count + 1) * sizeof *names);
	const char *list = "the models are";
	for (int i = 0; i < builder->model_count; i++) {
		names[i] = builder->models[i]->definition->name;
		list = arena_format(builder->arena, "%s%s %s", list, i ? "," : "", names[i]);
	}
	for (int i = 0; i < count; i++) {
		const DocNode *one = node && node->kind == DOC_LIST ? node->items[i] : node;
		const char *name = one && one->kind == DOC_SCALAR ? one->text : "";
		const Owner *model = node ? NULL : builder->models[i];
		for (int k = 0; node && k < builder->model_count; k++)
			if (!strcmp(names[k], name)) model = builder->models[k];
		if (model) slots->updated[slots->updated_count++] = model;
		else {
			const char *near = build_near(builder, name, names, builder->model_count);
			build_error(builder, one->place, near ? near : list, "no model is called '%s'", name);
		}
	}
	if (!slots->updated_count) slots->updated[slots->updated_count++] = builder->models[0];
}

static StepSlots read_slots(Builder *builder, const SpecStep *step)
{
	const DocNode *train = builder->spec->train, *own = step ? step->node : NULL;
	StepSlots slots = {.name = step ? arena_format(builder->arena, "train.%s", step->name) : "train", .step = step};
	slots.loss = own && doc_get(own, "loss") ? doc_get(own, "loss") : doc_get(train, "loss");
	slots.optimizer = own && doc_get(own, "optimizer") ? doc_get(own, "optimizer") : doc_get(train, "optimizer");
	slots.weights = doc_get(train, "loss_weights");
	for (int i = 0; i < (own ? 2 : 1); i++) {
		const DocNode *from = i ? own : train;
		slots.batch[i] = doc_get(from, "batch");
		slots.let[i] = doc_get(from, "let");
		slots.terms[i] = doc_get(from, "terms");
	}
	read_update(builder, own ? doc_get(own, "update") : NULL, &slots);
	return slots;
}

/* A model whose weights would stay as they are drawn. */
static void check_moved(Builder *builder, const StepSlots *slots, int count)
{
	for (int m = 0; m < builder->model_count; m++) {
		Weight **weights;
		bool moved = false, trainable = false;
		const Owner *model = builder->models[m];
		int n = owner_weights(builder, model, &weights);
		for (int i = 0; i < n; i++) trainable |= weights[i]->variable->trainable;
		for (int i = 0; i < count; i++)
			for (int k = 0; k < slots[i].updated_count; k++) moved |= slots[i].updated[k] == model;
		if (trainable && !moved)
			build_error(builder, model->place, arena_format(builder->arena, "a step with update: %s; or freeze the model: trainable: false",
				model->definition->name), "no step updates %s", model->definition->name);
	}
}

static void build_steps(Builder *builder, const StepSlots *slots, int count)
{
	bool gradients = builder->options && builder->options->gradients;
	build_evaluation(builder, slots, count);
	for (int i = 0; i < count; i++) build_step(builder, &slots[i], slots[i].name, STEP_TRAIN);
	for (int i = 0; gradients && i < count; i++)
		build_step(builder, &slots[i], slots[i].step ? arena_format(builder->arena, "gradients.%s", slots[i].step->name) : "gradients", STEP_GRADIENTS);
}

/* Metrics compare an output with its label. */
static void check_metrics(Builder *builder)
{
	const Network *network = builder->network;
	const DocNode *metrics = doc_get(builder->spec->train, "metrics");
	bool labelled = !builder->spec->data.source_count || !builder->fields_known;
	for (int i = 0; i < network->output_count; i++) labelled |= network->outputs[i].label >= 0;
	if (metrics && !labelled && builder->spec->metric_count)
		build_error(builder, metrics->place, "terms: of train are logged as well; a label is read by data.label",
			"metrics compare %s with a label, and no expression of train reads one", builder->spec->models ? "what the first model gives" : "what the model gives");
}

void build_training(Builder *builder)
{
	const Spec *spec = builder->spec;
	int count = spec->step_count;
	if (!count && doc_get(spec->train, "steps")) return; /* reported */
	StepSlots *slots = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *slots);
	int errors = builder->context->errors;
	for (int i = 0; i < count; i++) slots[i] = read_slots(builder, &spec->steps[i]);
	if (!count) slots[count++] = read_slots(builder, NULL);
	else if (builder->context->errors == errors) check_moved(builder, slots, count);
	check_metrics(builder);
	build_steps(builder, slots, count);
	if (!builder->context->errors && spec->models && !(builder->options && builder->options->searching)) build_making(builder, slots, count);
}
