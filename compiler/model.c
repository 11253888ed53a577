/* model.c: in: a network, later its plans; out: what is said of it as a whole: task, fitted tensors, multiply-adds, limits.
 * Invariant: the task follows from the loss, or where that is the user's own from the data. */
#include <string.h>
#include <strings.h>
#include "emit.h"
#include "kernels/nest.h"

const Plan *model_plan(const Model *model, const char *program)
{
	for (int p = 0; p < model->network->program_count; p++)
		if (!strcmp(model->network->programs[p]->name, program)) return model->plans[p];
	return NULL;
}

static bool inside(const char *path, const char *layer)
{
	size_t length = strlen(layer);
	return !strncmp(path, layer, length) && (!path[length] || path[length] == '/');
}

double model_macs(const Plan *plan, const char *layer)
{
	double macs = 0;
	for (int s = 0; plan && s < plan->step_count; s++)
		if (plan->steps[s]->body) macs += model_macs(plan->steps[s]->body, layer)*(double)plan->steps[s]->anchor->at.body->steps;
	for (int i = 0; plan && i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op != &op_contract || (layer && !inside(node->layer, layer))) continue;
		unsigned summed;
		Shape domain = contract_domain(node, &summed);
		macs += (double)shape_count(&domain);
	}
	return macs;
}

static const Node *find_y(const Network *network)
{
	for (int p = 0; p < network->program_count; p++)
		for (int i = 0; i < network->programs[p]->output_count; i++)
			if (!strcmp(network->programs[p]->outputs[i].name, "y")) return network->programs[p]->outputs[i].node;
	return NULL;
}

static bool holds(const char *text, const char *word)
{
	for (; text && *text; text++)
		if (!strncasecmp(text, word, strlen(word))) return true;
	return false;
}

static bool is_read(const Network *network, const nn_data_field *field)
{
	for (int p = 0; p < network->program_count; p++) {
		const Graph *graph = network->programs[p]->graph;
		for (int i = 0; i < graph->count; i++)
			if (graph->nodes[i]->op == &op_input && !strcmp(graph->nodes[i]->at.name, field->name)) return true;
	}
	return false;
}

static nn_task task_of(const Spec *spec, const Network *network)
{
	static const char *const regression[] = {"squared", "absolute", "huber", "mse", "mae", "mape", "msle", "log_cosh", "logcosh", "poisson", "cosine"};
	static const char *const each_unit[] = {"binary", "hinge", "dice", "tversky"};
	const Node *y = find_y(network);
	int64_t units = y && y->shape.rank > 1 ? y->shape.dim[y->shape.rank - 1].size : 1;
	const char *loss = network->loss;
	const nn_data_field *label = spec_main_label(spec);
	if (loss && label && label->source >= 0 && spec->infos[label->source].kind->label == SPEC_LABEL_MASK) return NN_SEGMENTATION;
	if (holds(loss, "categorical")) return NN_MULTICLASS;
	for (size_t i = 0; i < sizeof each_unit/sizeof *each_unit; i++)
		if (holds(loss, each_unit[i])) return units > 1 ? NN_MULTILABEL : NN_BINARY;
	for (size_t i = 0; i < sizeof regression/sizeof *regression; i++)
		if (holds(loss, regression[i])) return NN_REGRESSION;
	if (!loss || (label && !is_read(network, label))) return NN_OTHER;
	if (label ? spec_label_is_class(spec, label) : spec->classes.count > 0) return units > 1 ? NN_MULTICLASS : NN_BINARY;
	return NN_REGRESSION;
}

/* y is before its sigmoid or softmax: the loss says so, and no such function made it */
static bool logits_of(const Spec *spec, const Network *network)
{
	const Node *y = find_y(network);
	for (const Origin *o = y ? y->origin : NULL; o; o = o->next)
		if (!strcmp(o->function, "sigmoid") || !strcmp(o->function, "softmax")) return false;
	const DocNode *loss = spec->train ? doc_get(spec->train, "loss") : NULL;
	return loss && loss->kind == DOC_SCALAR && holds(loss->text, "from_logits");
}

/* Tokens that are bytes have their ids by themselves. */
static void fit_vocabulary(Model *model, const nn_data_source *source)
{
	if (!source->vocabulary_size || (source->tokens == NN_BYTES && !source->vocabulary.count && !source->vocabulary_file &&
		source->vocabulary_size == 258)) return;
	int64_t rows = nn_vocabulary_rows(source->vocabulary_size);
	model->fitted[model->fitted_count++] = (Fitted){source->name ? arena_format(model->context->arena, "data/%s/vocabulary", source->name) : "data/vocabulary", rows*NN_VOCABULARY_COLUMNS, 0, NN_VOCABULARY_COLUMNS};
}

/* Categories that the spec lists; 0: they are found in the data. */
static int listed_categories(const nn_data_source *source, const char *column)
{
	for (int i = 0; i < source->category_count; i++)
		if (!strcmp(source->categories[i].column, column)) return source->categories[i].values.count;
	return 0;
}

/* A table that has fewer rows than there are ids or categories: what lies behind its end would be read as zeros, in silence. */
static void check_table(const Model *model, const Node *node)
{
	const Node *index = node->op == &op_gather ? node->args[1] : NULL;
	const Spec *spec = model->spec;
	Arena *arena = model->context->arena;
	for (int f = 0; index && index->op == &op_input && f < spec->data.field_count; f++) {
		nn_data_field *field = &spec->fields[f];
		if (field->source < 0 || (field->part && !field->column) || strcmp(field->name, index->at.name)) continue;
		const nn_data_source *source = &spec->data_sources[field->source];
		int64_t rows = node->args[0]->shape.dim[0].size;
		int ids = field->column ? listed_categories(source, field->column) : source->vocabulary_size;
		if (field->column && (!field->limit || rows < field->limit)) field->limit = rows;
		if (rows >= ids) continue;
		const char *what = field->column ? arena_format(arena, "the column '%s' has %d categories", field->column, ids)
						 : arena_format(arena, "the vocabulary has %d ids (0 is padding, 1 unknown)", ids);
		diag_error(model->context, node->place, arena_format(arena, "Embedding(%d, ..)", ids), "a table of %lld rows, but %s",
			(long long)rows, what);
	}
}

static void check_tables(const Model *model)
{
	int errors = model->context->errors;
	for (int p = 0; p < model->network->program_count && model->context->errors == errors; p++)
		for (int i = 0; i < model->network->programs[p]->graph->count; i++)
			check_table(model, model->network->programs[p]->graph->nodes[i]);
}

void model_describe(Model *model)
{
	static const char *const names[] = {"impute", "offset", "scale"};
	const Spec *spec = model->spec;
	model->task = task_of(model->spec, model->network);
	model->logits = logits_of(model->spec, model->network);
	check_tables(model);
	Arena *arena = model->context->arena;
	model->fitted = arena_alloc(arena, (size_t)(spec->data.field_count * 3 + spec->data.source_count) * sizeof *model->fitted);
	for (int f = 0; f < spec->data.field_count; f++) {
		const nn_data_field *field = &spec->fields[f];
		if (field->source >= 0 && !field->part) fit_vocabulary(model, &spec->data_sources[field->source]);
		for (int i = 0; i < 3 && field->fitted; i++)
			model->fitted[model->fitted_count++] =
				(Fitted){arena_format(arena, "%s/%s", field->fitted, names[i]), (int64_t)field->count, 0, 0};
	}
}

bool model_classed(const Model *model, const nn_data_field *field)
{
	const Spec *spec = model->spec;
	if (!field->label || field->source < 0) return false;
	if (spec->infos[field->source].class_mode == NN_CLASS_NONE) return false;
	SpecLabel label = spec->infos[field->source].kind->label;
	if (label == SPEC_LABEL_CLASS || label == SPEC_LABEL_MASK) return true;
	if (field->part == SPEC_TEXT_NEXT) return false;
	if (field != spec_main_label(spec)) return field->classes.count > 0 && field->count == 1;
	return model->task == NN_BINARY || model->task == NN_MULTICLASS || (model->task != NN_REGRESSION && field->classes.count);
}

int model_class_count(const Model *model, const nn_data_field *field)
{
	const Node *y = find_y(model->network);
	if (!model_classed(model, field)) return 0;
	if (field != spec_main_label(model->spec)) return field->classes.count;
	if (model->task == NN_SEGMENTATION) return y && y->shape.rank > 1 && y->shape.dim[y->shape.rank - 1].size > 1 ? (int)y->shape.dim[y->shape.rank - 1].size : 2;
	if (field->count > 1) return (int)field->count;
	if (model->task == NN_BINARY) return 2;
	return model->task == NN_MULTICLASS && y ? (int)(shape_count(&y->shape)/y->shape.dim[0].size) : 0;
}

void model_check(const Model *model)
{
	const DocNode *steps = model->spec->train ? doc_get(model->spec->train, "steps") : NULL;
	if (steps) diag_error(model->context, steps->place, NULL, "this version of nnc trains in one step: no trainer takes turns yet");
	size_t most = 0;
	for (int p = 0; p < model->network->program_count; p++)
		if (model->plans[p]->work_bytes > most) most = model->plans[p]->work_bytes;
	size_t bytes = most + model->state_count*(size_t)model->target->number_size;
	if (!model->spec->memory_limit && bytes >> 40)
		diag_error(model->context, model->spec->model ? model->spec->model->place : model->spec->root->place,
			"`nnc --summary` shows the size of each layer", "the model needs %zu TiB of memory", bytes >> 40);
	if (!model->spec->memory_limit || bytes <= (size_t)model->spec->memory_limit) return;
	diag_error(model->context, model->spec->memory_limit_place, "a smaller batch_size or a smaller input needs less; `nnc --dump=memory` lists what takes it",
		"the model needs %zu bytes, more than this limit of %lld", bytes, (long long)model->spec->memory_limit);
}
