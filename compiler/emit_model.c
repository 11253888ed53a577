/* emit_model.c: in: a model; out: the constant descriptor that the runtime drives it by, and its tables of tensors, fields,
 * programs and layers. Everything that comes from a spec goes through c_string. */
#include <math.h>
#include <string.h>
#include "emit.h"

static size_t rounded(size_t count) { return (count + 15)/16*16; }

static bool for_inference(const Variable *variable) { return variable->role == ROLE_WEIGHT || variable->role == ROLE_STATE; }

void model_place(Model *model)
{
	size_t at = 0;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < model->network->variable_count; i++) {
			Variable *variable = model->network->variables[i];
			if (for_inference(variable) != !pass) continue;
			variable->offset = at;
			at += rounded((size_t)shape_count(&variable->shape));
		}
		if (pass) break;
		for (int i = 0; i < model->fitted_count; i++) {
			model->fitted[i].offset = at;
			at += rounded((size_t)model->fitted[i].count);
		}
		model->inference_count = at;
	}
	model->state_count = at + 64; /* a vector may be read past the last number */
	model->inference_count += 64;
}

static const char *sizes(Arena *arena, const Shape *shape, int from)
{
	const char *text = "";
	for (int i = from; i < shape->rank; i++) text = arena_format(arena, "%s%s%lld", text, i > from ? ", " : "", (long long)shape->dim[i].size);
	return *text ? text : "0";
}

static const char *quoted(Arena *arena, const char *text)
{
	return text ? arena_format(arena, "\"%s\"", c_string(arena, text)) : "NULL";
}

static void tensor(CWriter *out, const Variable *variable)
{
	static const char *const roles[] = {"NN_WEIGHT", "NN_STATE", "NN_CARRIED", "NN_SCALAR", "NN_SLOT"};
	cw(out, "{%s, %s, %d, %d, {%s}, %zu, %lld},", quoted(out->arena, variable->path), roles[variable->role], variable->trainable,
		variable->shape.rank, sizes(out->arena, &variable->shape, 0), variable->offset, (long long)shape_count(&variable->shape));
}

static void fitted(CWriter *out, const Fitted *f)
{
	const char *shape = f->columns ? arena_format(out->arena, "2, {%lld, %lld}", (long long)(f->count/f->columns), (long long)f->columns)
				       : arena_format(out->arena, "1, {%lld}", (long long)f->count);
	cw(out, "{\"%s\", NN_FITTED, 0, %s, %zu, %lld},", f->name, shape, f->offset, (long long)f->count);
}

static int tensors(CWriter *out, const Model *model)
{
	int count = 0;
	cw(out, "static const nn_tensor tensors[] = {");
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < model->network->variable_count; i++)
			if (for_inference(model->network->variables[i]) == !pass) tensor(out, model->network->variables[i]), count++;
		for (int i = 0; i < model->fitted_count && !pass; i++, count++)
			fitted(out, &model->fitted[i]);
	}
	if (!count) cw(out, "{NULL, NN_WEIGHT, 0, 0, {0}, 0, 0},");
	cw(out, "};");
	return count;
}

static void field(CWriter *out, const Plan *plan, const char *name, const Node *node)
{
	bool rows = node->shape.rank && node->shape.dim[0].rows;
	int64_t count = shape_count(&node->shape);
	cw(out, "{%s, %d, {%s}, %d, %zu, %lld},", quoted(out->arena, name), node->shape.rank - rows, sizes(out->arena, &node->shape, rows),
		rows, plan->location[node->id].offset, (long long)(rows ? count/node->shape.dim[0].size : count));
}

typedef struct Counts {
	int inputs, outputs;
} Counts;

static Counts fields(CWriter *out, const Plan *plan)
{
	Counts counts = {0, 0};
	const Program *program = plan->program;
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op != &op_input || !strcmp(node->at.name, "step") || !strcmp(node->at.name, "epoch")) continue;
		if (!counts.inputs++) cw(out, "static const nn_field %s_inputs[] = {", c_identifier(out->arena, program->name));
		field(out, plan, node->at.name, node);
	}
	if (counts.inputs) cw(out, "};");
	for (int i = 0; i < program->output_count; i++) {
		if (!counts.outputs++) cw(out, "static const nn_field %s_outputs[] = {", c_identifier(out->arena, program->name));
		field(out, plan, program->outputs[i].name, program->outputs[i].node);
	}
	if (counts.outputs) cw(out, "};");
	return counts;
}

static void programs(CWriter *out, const Model *model)
{
	int count = model->network->program_count;
	Counts *counts = arena_alloc(out->arena, sizeof *counts*(size_t)(count + 1));
	for (int p = 0; p < count; p++) counts[p] = fields(out, model->plans[p]);
	cw(out, "static const nn_program programs[] = {");
	for (int p = 0; p < count; p++) {
		const Program *program = model->network->programs[p];
		const char *name = c_identifier(out->arena, program->name);
		cw(out, "{\"%s\", %lld, %s, %s, %d, %d, %s, %d, %d, run_%s},", program->name, (long long)program->graph->batch,
			counts[p].inputs ? arena_format(out->arena, "%s_inputs", name) : "NULL",
			counts[p].outputs ? arena_format(out->arena, "%s_outputs", name) : "NULL", counts[p].inputs, counts[p].outputs,
			c_number(out->arena, model_macs(model->plans[p], NULL), false), program->every, program->times, name);
	}
	cw(out, "};");
}

static void layers(CWriter *out, const Network *network)
{
	cw(out, "static const nn_layer layers[] = {");
	for (int i = 0; i < network->layer_count; i++) {
		const LayerRow *row = &network->layers[i];
		const char *shape = row->output.rank && row->output.dim[0].rows ? "None" : "";
		for (int k = *shape ? 1 : 0; k < row->output.rank; k++)
			shape = arena_format(out->arena, "%s%s%lld", shape, *shape ? ", " : "", (long long)row->output.dim[k].size);
		cw(out, "{%s, %s, \"(%s)\", %lld},", quoted(out->arena, row->name), quoted(out->arena, row->type), shape, (long long)row->parameters);
	}
	if (!network->layer_count) cw(out, "{NULL, NULL, NULL, 0},");
	cw(out, "};");
}

static void strings(CWriter *out, const char *name, const char *const *texts, int count)
{
	if (!count) return;
	cw(out, "static const char *const %s[] = {", name);
	for (int i = 0; i < count; i++) cw(out, "%s,", quoted(out->arena, texts[i]));
	cw(out, "};");
}

static const char *const callback_kinds[] = {[NN_EARLY_STOPPING] = "NN_EARLY_STOPPING", [NN_MODEL_CHECKPOINT] = "NN_MODEL_CHECKPOINT"};

/* A member of a source, as its key's kind says. */
static void member(CWriter *out, const SourceKey *key, const nn_data_source *source, int number)
{
	Arena *arena = out->arena;
	const void *at = (const char *)source + key->member;
	const nn_texts *texts = at;
	switch (key->kind) {
	case SLOT_OTHER: break;
	case SLOT_TEXT: cw(out, ".%s = %s,", key->name, quoted(arena, *(const char *const *)at)); break;
	case SLOT_BOOLEAN:
	case SLOT_INTEGER:
	case SLOT_WORD: cw(out, ".%s = %d,", key->name, *(const int *)at); break;
	case SLOT_NUMBER: cw(out, ".%s = %s,", key->name, c_number(arena, *(const double *)at, false)); break;
	case SLOT_TEXTS:
		if (texts->count) cw(out, ".%s = {source%d_%s, %d},", key->name, number, key->name, texts->count);
	}
}

static void categories(CWriter *out, const nn_data_source *source, int number)
{
	Arena *arena = out->arena;
	for (int i = 0; i < source->category_count; i++)
		strings(out, arena_format(arena, "source%d_category%d", number, i), source->categories[i].values.items, source->categories[i].values.count);
	if (source->category_count) cw(out, "static const nn_category source%d_categories[] = {", number);
	for (int i = 0; i < source->category_count; i++) {
		const nn_category *category = &source->categories[i];
		if (category->values.count) cw(out, "{%s, {source%d_category%d, %d}},", quoted(arena, category->column), number, i, category->values.count);
		else cw(out, "{%s, {NULL, 0}},", quoted(arena, category->column));
	}
	if (source->category_count) cw(out, "};");
}

static void transforms(CWriter *out, const nn_data_source *source, int number)
{
#define CONSTANT(constant, word, meaning) [constant] = #constant,
	static const char *const changes[] = {NN_CHANGES(CONSTANT)};
#undef CONSTANT
	if (source->transform_count) cw(out, "static const nn_transform source%d_transforms[] = {", number);
	for (int i = 0; i < source->transform_count; i++) {
		const nn_transform *transform = &source->transforms[i];
		cw(out, "{%s, %s, %d},", quoted(out->arena, transform->column), changes[transform->change], transform->lag);
	}
	if (source->transform_count) cw(out, "};");
}

static void sources(CWriter *out, const Spec *spec)
{
	Arena *arena = out->arena;
	for (int s = 0; s < spec->data.source_count; s++) {
		const SourceKey *key;
		for (int k = 0; (key = spec_source_key(spec->infos[s].kind, k)) != NULL; k++) {
			const nn_texts *texts = (const void *)((const char *)&spec->data_sources[s] + key->member);
			if (key->kind == SLOT_TEXTS) strings(out, arena_format(arena, "source%d_%s", s, key->name), texts->items, texts->count);
		}
	}
	for (int s = 0; s < spec->data.source_count; s++) {
		categories(out, &spec->data_sources[s], s);
		transforms(out, &spec->data_sources[s], s);
	}
	if (spec->data.source_count) cw(out, "static const nn_data_source sources[] = {");
	for (int s = 0; s < spec->data.source_count; s++) {
		const nn_data_source *source = &spec->data_sources[s];
		const SourceKey *key;
		cw(out, "{");
		cw(out, ".name = %s, .type = %s,", quoted(arena, source->name), quoted(arena, source->type));
		for (int i = 0; i < NN_SPLITS; i++)
			for (int k = 0; k < NN_PATHS; k++)
				if (source->paths[i][k]) cw(out, ".paths[%d][%d] = %s,", i, k, quoted(arena, source->paths[i][k]));
		for (int k = 0; (key = spec_source_key(spec->infos[s].kind, k)) != NULL; k++) member(out, key, source, s);
		if (source->category_count) cw(out, ".categories = source%d_categories, .category_count = %d,", s, source->category_count);
		if (source->transform_count) cw(out, ".transforms = source%d_transforms, .transform_count = %d,", s, source->transform_count);
		cw(out, "},");
	}
	if (spec->data.source_count) cw(out, "};");
}

static const char *list(Arena *arena, const int64_t *values, int count)
{
	const char *text = "";
	for (int i = 0; i < count; i++) text = arena_format(arena, "%s%s%lld", text, i ? ", " : "", (long long)values[i]);
	return count ? text : "0";
}

static void data_fields(CWriter *out, const Model *model)
{
	Arena *arena = out->arena;
	const nn_data *data = &model->spec->data;
	for (int f = 0; f < data->field_count; f++)
		strings(out, arena_format(arena, "field%d_classes", f), data->fields[f].classes.items, data->fields[f].classes.count);
	if (data->field_count) cw(out, "static const nn_data_field data_fields[] = {");
	for (int f = 0; f < data->field_count; f++) {
		const nn_data_field *field = &data->fields[f];
		cw(out, "{");
		cw(out, ".name = %s, .source = %d, .part = %d, .column = %s,", quoted(arena, field->name), field->source, field->part,
			quoted(arena, field->column));
		cw(out, ".rank = %d, .shape = {%s}, .count = %zu, .label = %d, .integer = %d,", field->rank, list(arena, field->shape, field->rank),
			field->count, field->label, field->integer);
		if (field->high) cw(out, ".low = %lld, .high = %lld,", (long long)field->low, (long long)field->high);
		if (field->steps) cw(out, ".steps = %d,", field->steps);
		if (field->limit) cw(out, ".limit = %lld,", (long long)field->limit);
		if (field->fitted) cw(out, ".fitted = %s,", quoted(arena, field->fitted));
		cw(out, ".classed = %d, .class_count = %d,", model_classed(model, field), model_class_count(model, field));
		if (field->classes.count) cw(out, ".classes = {field%d_classes, %d},", f, field->classes.count);
		cw(out, "},");
	}
	if (data->field_count) cw(out, "};");
}

static void data(CWriter *out, const nn_data *d)
{
	Arena *arena = out->arena;
	if (d->source_count) cw(out, ".data.sources = sources, .data.source_count = %d,", d->source_count);
	if (d->field_count) cw(out, ".data.fields = data_fields, .data.field_count = %d,", d->field_count);
	cw(out, ".data.split_validation = %s, .data.split_test = %s, .data.split_stratify = %d,", c_number(arena, d->split_validation, false),
		c_number(arena, d->split_test, false), d->split_stratify);
	cw(out, ".data.split_group = %s, .data.split_seed = %lluu,", quoted(arena, d->split_group), (unsigned long long)d->split_seed);
	if (d->split_by_time) cw(out, ".data.split_by_time = 1,");
	if (d->split_by_name) cw(out, ".data.split_by_name = 1,");
	if (d->split_folds) cw(out, ".data.split_folds = %d, .data.split_fold = %d,", d->split_folds, d->split_fold);
}

static void training(CWriter *out, const nn_training *t, const Network *network)
{
	Arena *arena = out->arena;
	cw(out, ".training.batch_size = %d, .training.epochs = %d, .training.steps_per_epoch = %d, .training.validation_steps = %d, .training.shuffle = %d,",
		t->batch_size, t->epochs, t->steps_per_epoch, t->validation_steps, t->shuffle);
	if (t->init.file) cw(out, ".training.init.file = %s, .training.init.skip_mismatch = %d,", quoted(arena, t->init.file), t->init.skip_mismatch);
	if (t->init.only_count) cw(out, ".training.init.only = init_only, .training.init.only_count = %d,", t->init.only_count);
	if (t->init.rename_count) cw(out, ".training.init.rename = init_rename, .training.init.rename_count = %d,", t->init.rename_count);
	if (t->callback_count) cw(out, ".training.callbacks = callbacks, .training.callback_count = %d,", t->callback_count);
	if (network->averaged) cw(out, ".training.use_ema = 1,");
	if (network->stateful) cw(out, ".training.stateful = 1,");
	cw(out, ".training.optimizer = %s, .training.loss = %s, .training.learning_rate = %s,", quoted(arena, network->optimizer),
		quoted(arena, network->loss), c_number(arena, network->learning_rate, false));
}

/* The metrics of an output: those that all have, and its own. */
static nn_texts metrics_of(Arena *arena, const Spec *spec, const char *output)
{
	const char **items = NULL;
	int count = 0, capacity = 0;
	for (int m = 0; m < spec->metric_count; m++)
		for (int i = 0; i < spec->metrics[m].names.count; i++) {
			if (spec->metrics[m].output && strcmp(spec->metrics[m].output, output)) continue;
			items = arena_grow(arena, items, count, &capacity, sizeof *items);
			items[count++] = spec->metrics[m].names.items[i];
		}
	return (nn_texts){items, count};
}

static void outputs(CWriter *out, const Model *model)
{
	static const char *const tasks[] = {[NN_REGRESSION] = "NN_REGRESSION", [NN_BINARY] = "NN_BINARY", [NN_MULTICLASS] = "NN_MULTICLASS",
		[NN_MULTILABEL] = "NN_MULTILABEL", [NN_SEGMENTATION] = "NN_SEGMENTATION", [NN_OTHER] = "NN_OTHER"};
	const Network *network = model->network;
	for (int i = 0; i < network->output_count; i++) {
		nn_texts metrics = metrics_of(out->arena, model->spec, network->outputs[i].name);
		strings(out, arena_format(out->arena, "metrics_%d", i), metrics.items, metrics.count);
	}
	if (!network->output_count) return;
	cw(out, "static const nn_output outputs[] = {");
	for (int i = 0; i < network->output_count; i++) {
		const Predicted *p = &network->outputs[i];
		int metrics = metrics_of(out->arena, model->spec, p->name).count;
		cw(out, "{%s, %s, %d, %d, %s, %s, %s, %d},", quoted(out->arena, p->name), tasks[model_task(model, i)], p->logits, p->label,
			quoted(out->arena, p->loss), c_number(out->arena, p->weight, false), metrics ? arena_format(out->arena, "metrics_%d", i) : "NULL", metrics);
	}
	cw(out, "};");
}

static void callbacks(CWriter *out, const nn_training *t)
{
	if (!t->callback_count) return;
	cw(out, "static const nn_callback callbacks[] = {");
	for (int i = 0; i < t->callback_count; i++) {
		const nn_callback *c = &t->callbacks[i];
		cw(out, "{%s, %s, %s, %s, %d, %d, %d, %d, %s, %d},", callback_kinds[c->kind], quoted(out->arena, c->monitor),
			c_number(out->arena, c->min_delta, false), c_number(out->arena, c->baseline, false), c->patience, c->start_from_epoch, c->mode,
			c->restore_best_weights, quoted(out->arena, c->filepath), c->save_best_only);
	}
	cw(out, "};");
}

/* a piece a line: C99 promises 4095 characters of a literal, also of several that stand side by side */
static void spec_text(CWriter *out, const char *text)
{
	cw(out, "static const char *const spec[] = {");
	while (*text) {
		size_t length = strnlen(text, 400);
		const char *end = memchr(text, '\n', length);
		if (end) length = (size_t)(end - text) + 1;
		cw(out, "%s,", quoted(out->arena, arena_copy(out->arena, text, length)));
		text += length;
	}
	cw(out, "NULL};");
}

/* the spec, then what it includes */
static const char *whole_text(Arena *arena, const Spec *spec)
{
	const char *text = spec->source->text;
	for (int i = 1; i < spec->source_count; i++)
		text = arena_format(arena, "%s\n# --- %s\n%s", text, text_tail(spec->sources[i]->name), spec->sources[i]->text);
	return text;
}

static size_t work_bytes(const Model *model, const char *name)
{
	size_t most = 64;
	for (int p = 0; p < model->network->program_count; p++)
		if ((!name || !strcmp(model->network->programs[p]->name, name)) && model->plans[p]->work_bytes > most) most = model->plans[p]->work_bytes;
	return most;
}

void emit_descriptor(CWriter *out, const Model *model)
{
	const Spec *spec = model->spec;
	int64_t parameters = 0, trainable = 0;
	for (int i = 0; i < model->network->variable_count; i++) {
		const Variable *v = model->network->variables[i];
		if (for_inference(v)) parameters += shape_count(&v->shape);
		if (v->role == ROLE_WEIGHT && v->trainable) trainable += shape_count(&v->shape);
	}
	int tensor_count = tensors(out, model);
	spec_text(out, whole_text(out->arena, spec));
	programs(out, model);
	layers(out, model->network);
	sources(out, spec);
	data_fields(out, model);
	outputs(out, model);
	strings(out, "init_only", spec->training.init.only, spec->training.init.only_count);
	strings(out, "init_rename", spec->training.init.rename, 2*spec->training.init.rename_count);
	callbacks(out, &spec->training);
	cw_blank(out);
	cw(out, "const nn_model %s_model = {", spec->name);
	cw(out, ".abi = NN_ABI, .name = \"%s\", .version = \"%s\", .spec_hash = \"%016llx\", .target = \"%s\", .number_size = sizeof(real),",
		spec->name, NNC_VERSION, (unsigned long long)model->hash, model->target->name);
	cw(out, ".seed = %lluu, .outputs = %s, .output_count = %d,", (unsigned long long)spec->seed,
		model->network->output_count ? "outputs" : "NULL", model->network->output_count);
	cw(out, ".tensors = tensors, .tensor_count = %d, .state_count = %zu, .inference_count = %zu,", tensor_count, model->state_count, model->inference_count);
	cw(out, ".work_bytes = %zu, .predict_work_bytes = %zu,", work_bytes(model, NULL), work_bytes(model, "predict"));
	cw(out, ".programs = programs, .program_count = %d,", model->network->program_count);
	cw(out, ".layers = layers, .layer_count = %d, .parameters = %lld, .trainable_parameters = %lld,", model->network->layer_count,
		(long long)parameters, (long long)trainable);
	data(out, &spec->data);
	training(out, &spec->training, model->network);
	cw(out, ".spec = spec,");
	cw(out, "};");
	cw_blank(out);
}
