/* build_program.c: a spec -> the programs of a network. Input: the prelude and a Spec. Output: a Network. Invariant:
 * every program has its own graph; they share the variables, whose first values stand in the program `initialize`. */
#include <string.h>
#include "builder.h"

Program *build_program(Builder *builder, const char *name, bool training, int64_t batch)
{
	Network *network = builder->network;
	Program *program = arena_alloc(builder->arena, sizeof *program);
	*program = (Program){.name = name, .training = training, .graph = graph_new(builder->context, batch)};
	network->programs = arena_grow(
		builder->arena, network->programs, network->program_count, &network->program_capacity, sizeof program);
	network->programs[network->program_count++] = program;
	return program;
}

void build_output(Builder *builder, Program *program, const char *name, Node *node)
{
	if (!node) return;
	program->outputs = arena_grow(
		builder->arena, program->outputs, program->output_count, &program->output_capacity, sizeof *program->outputs);
	program->outputs[program->output_count++] = (Output){.name = name, .node = node};
}

void build_assign(Builder *builder, Program *program, Variable *variable, Node *node)
{
	program->assignments = arena_grow(builder->arena, program->assignments, program->assignment_count,
		&program->assignment_capacity, sizeof *program->assignments);
	program->assignments[program->assignment_count++] = (Assignment){variable, node};
}

void build_finish(Builder *builder, bool carried_only)
{
	const Stage *stage = builder->stage;
	for (int i = 0; i < stage->now_capacity; i++)
		if (stage->now[i] && (!carried_only || builder->weights[i]->variable->role == ROLE_CARRIED)) {
			Variable *variable = builder->weights[i]->variable;
			build_assign(builder, stage->program, variable, stage->now[i]);
			builder->network->stateful |= stage->training && variable->role == ROLE_CARRIED;
		}
}

Value build_library_call(Builder *builder, const char *name, int count, Value *values, Place place)
{
	const Entry *entry = build_find(builder, KIND_FUNCTION, name, true);
	if (!entry) return build_error(builder, place, NULL, "the library lacks %s", name);
	Value function = {.kind = VALUE_DEFINITION, .as.definition = entry->definition};
	return build_apply(builder, function, count, values, NULL, (Site){entry, place});
}

static bool check_output(Builder *builder, Value value, Place place)
{
	if (value_is_poison(value)) return false;
	if (value.kind != VALUE_TENSOR) {
		build_error(builder, place, value_is_callable(value) ? "call the layer with its input: name(arguments)(x)" : NULL,
			"the model's output is %s, not a tensor", value_kind(builder->arena, value));
		return false;
	}
	if (shape_rows(&value.as.tensor->shape)) return true;
	build_error(builder, place, "the output needs a row for each sample", "the model's output %s has no batch axis",
		shape_text(builder->arena, &value.as.tensor->shape));
	return false;
}

/* The outputs of a model: y, or y, y1, .., or by their names. False after a report. */
static bool predict_outputs(Builder *builder, Program *program, const Definition *d, Value y, Place place)
{
	List list = y.kind == VALUE_LIST ? y.as.list : (List){&y, 1};
	if (value_is_poison(y)) return false;
	for (int i = 0; i < list.count; i++) {
		const char *name = d->output_names ? d->output_names[i] : i ? arena_format(builder->arena, "y%d", i) : "y";
		Place own = d->output_names && d->result->kind == EXPR_LIST ? d->result->items[i]->place : place;
		if (!check_output(builder, list.items[i], own)) return false;
		build_output(builder, program, name, list.items[i].as.tensor);
		build_mask_output(builder, name, list.items[i].as.tensor);
	}
	return list.count > 0;
}

/* The program predict; returns what it predicts, poison after a report. */
static Value build_predict(Builder *builder)
{
	Stage *stage = arena_alloc(builder->arena, sizeof *stage); /* it stays: later texts are evaluated in it */
	*stage = (Stage){.program = build_program(builder, "predict", false, 1), .fresh = true};
	Owner *model = builder->models[0];
	const Definition *d = model->definition;
	Place place = d->result ? d->result->place : d->layers ? d->layers->place : d->place;
	builder->stage = stage;
	Value y = build_forward(builder, model);
	if (!predict_outputs(builder, stage->program, d, y, place)) y = value_poison();
	builder->network->others = arena_alloc(builder->arena, (size_t)builder->model_count * sizeof *builder->network->others);
	for (int i = 1; i < builder->model_count; i++) { /* for their weights and rows; inputs are called x again */
		Program *scratch = arena_alloc(builder->arena, sizeof *scratch);
		*scratch = (Program){.name = "predict", .graph = graph_new(builder->context, 1)};
		Stage other = {.program = scratch, .fresh = true};
		builder->stage = &other;
		Value result = build_forward(builder, builder->models[i]);
		List list = result.kind == VALUE_LIST ? result.as.list : (List){&result, 1};
		for (int k = 0; k < list.count; k++)
			if (list.items[k].kind == VALUE_TENSOR) build_output(builder, scratch, "y", list.items[k].as.tensor);
		builder->network->others[builder->network->other_count++] = scratch;
	}
	builder->stage = stage;
	return y;
}

/* Weights and states in the order of the text, then states that are carried, then scalars, then slots. */
static void order_variables(Builder *builder)
{
	Network *network = builder->network;
	Variable **ordered = arena_alloc(builder->arena, (size_t)(network->variable_count + 1) * sizeof *ordered);
	int count = 0;
	for (int i = 0; i < builder->model_count; i++) {
		Weight **weights;
		int found = owner_weights(builder, builder->models[i], &weights);
		for (int k = 0; k < found; k++)
			if (weights[k]->variable->role != ROLE_CARRIED) ordered[count++] = weights[k]->variable;
	}
	for (int role = ROLE_CARRIED; role <= ROLE_SLOT; role++)
		for (int i = 0; i < network->variable_count; i++)
			if ((int)network->variables[i]->role == role) ordered[count++] = network->variables[i];
	for (int i = 0; i < count; i++) ordered[i]->index = i;
	network->variables = ordered;
	network->variable_count = network->variable_capacity = count;
}

static void check_transfer(Builder *builder)
{
	const Network *network = builder->network;
	const char **paths = arena_alloc(builder->arena, (size_t)(network->variable_count + 1) * sizeof *paths);
	int count = 0;
	for (int i = 0; i < network->variable_count; i++)
		if (network->variables[i]->role == ROLE_WEIGHT || network->variables[i]->role == ROLE_STATE) paths[count++] = network->variables[i]->path;
	if (!builder->context->errors) spec_check_transfer(builder->context, builder->spec, paths, count);
}

Network *build_network(Context *context, Spec *spec, const BuildOptions *options)
{
	Builder *builder = arena_alloc(context->arena, sizeof *builder);
	Network *network = arena_alloc(context->arena, sizeof *network);
	*builder =
		(Builder){.context = context, .arena = context->arena, .spec = spec, .options = options, .network = network};
	const DocNode *models = spec->models, *model = spec->model;
	if ((!models || models->kind != DOC_MAP || !models->count) && (!model || model->kind != DOC_MAP))
		return NULL; /* reported by spec_read */
	builder->initialize = build_program(builder, "initialize", false, spec->batch);
	Stage stage = {.program = builder->initialize};
	builder->stage = &stage;
	build_read_library(builder);
	build_read_spec(builder, spec->root);
	build_read_models(builder);
	build_read_wires(builder);
	Value prediction = build_predict(builder);
	if (!value_is_poison(prediction)) build_read_fields(builder, prediction);
	if (!value_is_poison(prediction)) build_check_model(builder, network->programs[1]);
	if (spec->train && spec->train->kind == DOC_MAP) build_training(builder);
	build_check_carried(builder);
	if (!context->errors && !(options && options->searching)) build_generate(builder);
	order_variables(builder);
	check_transfer(builder);
	build_count_layers(builder);
	return network;
}
