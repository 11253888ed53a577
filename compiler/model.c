/* model.c: in: a network, later its plans; out: what is said of it as a whole: task, fitted tensors, multiply-adds, limits.
 * Invariant: the task follows from the loss, or where that is the user's own from the data. */
#include <string.h>
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

static const Node *find_output(const Network *network, const char *name)
{
	for (int p = 0; p < network->program_count; p++)
		for (int i = 0; i < network->programs[p]->output_count; i++)
			if (!strcmp(network->programs[p]->outputs[i].name, name)) return network->programs[p]->outputs[i].node;
	return NULL;
}

static int64_t units_of(const Node *y) { return y && y->shape.rank > 1 ? y->shape.dim[y->shape.rank - 1].size : 1; }

static bool is_read(const Network *network, const nn_data_field *field)
{
	for (int p = 0; p < network->program_count; p++) {
		const Graph *graph = network->programs[p]->graph;
		for (int i = 0; i < graph->count; i++)
			if (graph->nodes[i]->op == &op_input && !strcmp(graph->nodes[i]->at.name, field->name)) return true;
	}
	return false;
}

/* What the loss says that an output is; where it says nothing, what the label is. */
nn_task model_task(const Model *model, int output)
{
	const Predicted *predicted = &model->network->outputs[output];
	const Spec *spec = model->spec;
	const nn_data_field *label = predicted->label >= 0 ? &spec->fields[predicted->label] : NULL;
	int64_t units = units_of(find_output(model->network, predicted->name));
	const char *loss = predicted->loss ? predicted->loss : model->network->loss, *task = predicted->task ? predicted->task : "";
	if (loss && label && label->source >= 0 && spec->infos[label->source].kind->label == SPEC_LABEL_MASK) return NN_SEGMENTATION;
	if (!strcmp(task, "multiclass")) return NN_MULTICLASS;
	if (!strcmp(task, "binary")) return units > 1 ? NN_MULTILABEL : NN_BINARY;
	if (!strcmp(task, "regression")) return NN_REGRESSION;
	if (!strcmp(task, "spelling")) return NN_OTHER;
	if (!loss || (label && !is_read(model->network, label))) return NN_OTHER;
	if (label ? spec_label_is_class(spec, label) : spec->classes.count > 0) return units > 1 ? NN_MULTICLASS : NN_BINARY;
	return NN_REGRESSION;
}

/* Tokens that are bytes have their ids by themselves. */
static void fit_vocabulary(Model *model, const nn_data_source *source)
{
	if (!source->vocabulary_size || (source->tokens == NN_BYTES && !source->vocabulary.count && !source->vocabulary_file &&
		source->vocabulary_size == 258)) return;
	int64_t rows = nn_vocabulary_rows(source->vocabulary_size);
	const char *name = source->name ? arena_format(model->context->arena, "data/%s/vocabulary", source->name) : "data/vocabulary";
	model->fitted[model->fitted_count++] = (Fitted){name, rows*NN_VOCABULARY_COLUMNS, 0, NN_VOCABULARY_COLUMNS};
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

/* An output with fewer classes than the tokens that it is compared with: those beyond them would count as no loss, in silence. */
static void check_units(const Model *model, const Predicted *predicted)
{
	const Spec *spec = model->spec;
	const nn_data_field *label = predicted->label >= 0 ? &spec->fields[predicted->label] : NULL;
	const Node *y = find_output(model->network, predicted->name);
	if (!label || !y || !predicted->reads_classes || !spec_is_tokens(spec, label)) return;
	int ids = spec->data_sources[label->source].vocabulary_size;
	if (units_of(y) < ids)
		diag_error(model->context, y->place, arena_format(model->context->arena, "%d units in the last layer", ids),
			"the output has %lld classes, but the vocabulary of %s has %d ids (0 is padding, 1 unknown)", (long long)units_of(y), label->name, ids);
}

/* What the model says of the numbers of an input: see bounded. */
static void take_bounds(const Model *model, const Node *node)
{
	for (int f = 0; node->op == &op_input && node->at.high > node->at.low && f < model->spec->data.field_count; f++) {
		nn_data_field *field = &model->spec->fields[f];
		if (strcmp(field->name, node->at.name)) continue;
		field->low = node->at.low;
		field->high = node->at.high;
	}
}

static void check_tables(const Model *model)
{
	int errors = model->context->errors;
	for (int p = 0; p < model->network->program_count && model->context->errors == errors; p++)
		for (int i = 0; i < model->network->programs[p]->graph->count; i++)
			check_table(model, model->network->programs[p]->graph->nodes[i]), take_bounds(model, model->network->programs[p]->graph->nodes[i]);
	for (int o = 0; o < model->network->output_count && model->context->errors == errors; o++)
		check_units(model, &model->network->outputs[o]);
}

/* Only of several classes there is a perplexity. */
static void check_perplexity(const Model *model)
{
	const DocNode *train = model->spec->train;
	for (int o = 0; train && o < model->network->output_count; o++)
		for (int m = 0; m < model->spec->metric_count; m++) {
			const SpecMetrics *metrics = &model->spec->metrics[m];
			bool asked = false;
			for (int i = 0; i < metrics->names.count; i++) asked |= !strcmp(metrics->names.items[i], "perplexity");
			if (metrics->output && strcmp(metrics->output, model->network->outputs[o].name)) continue;
			if (asked && model_task(model, o) != NN_MULTICLASS)
				diag_error(model->context, doc_get(train, "metrics")->place, "it is of the loss sparse_categorical_crossentropy, or the like",
					"'perplexity' is of one class of several, which the output '%s' does not give", model->network->outputs[o].name);
		}
}

/* What is spelled stands at no fixed steps: no metric compares it with the labels step by step. */
static void check_spelling(const Model *model)
{
	const DocNode *train = model->spec->train;
	for (int o = 0; train && o < model->network->output_count; o++) {
		const Predicted *predicted = &model->network->outputs[o];
		for (int m = 0; m < model->spec->metric_count && predicted->task && !strcmp(predicted->task, "spelling"); m++) {
			const SpecMetrics *metrics = &model->spec->metrics[m];
			if (!metrics->names.count || (metrics->output && strcmp(metrics->output, predicted->name))) continue;
			diag_error(model->context, doc_get(train, "metrics")->place, "leave the metrics away: val_loss says how well it spells",
				"'%s' compares step by step, and %s spells its labels at steps of its own", metrics->names.items[0], predicted->loss);
			return;
		}
	}
}

/* An area under a curve is of one prediction a sample. */
static void check_metrics(const Model *model)
{
	check_perplexity(model);
	check_spelling(model);
	const DocNode *train = model->spec->train, *metrics = train ? doc_get(train, "metrics") : NULL;
	const Network *network = model->network;
	const Node *y = network->output_count == 1 ? find_output(network, network->outputs[0].name) : NULL;
	if (!metrics || metrics->kind == DOC_MAP || !y || y->shape.rank < 3 || model_task(model, 0) == NN_REGRESSION) return;
	for (int i = 0; i < (metrics->kind == DOC_LIST ? metrics->count : 1); i++) {
		const DocNode *metric = metrics->kind == DOC_LIST ? metrics->items[i] : metrics;
		if (metric->kind == DOC_SCALAR && (!strcmp(metric->text, "auc") || !strcmp(metric->text, "roc_auc")))
			diag_error(model->context, metric->place, "accuracy, dice and iou are of all pixels or tokens",
				"'%s' is of one prediction a sample, but this network gives many", metric->text);
	}
}

void model_describe(Model *model)
{
	static const char *const names[] = {"impute", "offset", "scale", "naive"}; /* the last of windows that are predicted */
	const Spec *spec = model->spec;
	check_tables(model);
	check_metrics(model);
	Arena *arena = model->context->arena;
	model->fitted = arena_alloc(arena, (size_t)(spec->data.field_count * 4 + spec->data.source_count) * sizeof *model->fitted);
	for (int f = 0; f < spec->data.field_count; f++) {
		const nn_data_field *field = &spec->fields[f];
		if (field->source >= 0 && !field->part) fit_vocabulary(model, &spec->data_sources[field->source]);
		int variables = field->source >= 0 ? spec->data_sources[field->source].variables : 0; /* a number each, whatever the step; none is missing */
		int64_t numbers = variables ? variables : (int64_t)field->count/(field->steps ? field->steps : 1);
		for (int i = variables > 0; i < 3 + (field->steps && field->label) && field->fitted; i++)
			model->fitted[model->fitted_count++] = (Fitted){arena_format(arena, "%s/%s", field->fitted, names[i]), numbers, 0, 0};
	}
}

/* The output that a label is the truth of; -1: none. */
static int output_of(const Model *model, const nn_data_field *label)
{
	for (int i = 0; i < model->network->output_count; i++)
		if (model->network->outputs[i].label == (int)(label - model->spec->fields)) return i;
	return -1;
}

bool model_classed(const Model *model, const nn_data_field *field)
{
	const Spec *spec = model->spec;
	if (!field->label || field->source < 0) return false;
	if (spec->infos[field->source].class_mode == NN_CLASS_NONE) return false;
	SpecLabel label = spec->infos[field->source].kind->label;
	if (label == SPEC_LABEL_CLASS || label == SPEC_LABEL_MASK) return true;
	if (spec_is_tokens(spec, field)) return false;
	int output = output_of(model, field);
	if (output < 0) return spec_label_is_class(spec, field) && field->count == 1;
	nn_task task = model_task(model, output);
	return task == NN_BINARY || task == NN_MULTICLASS || (task != NN_REGRESSION && field->classes.count);
}

int model_class_count(const Model *model, const nn_data_field *field)
{
	int output = output_of(model, field);
	const Node *y = output >= 0 ? find_output(model->network, model->network->outputs[output].name) : NULL;
	nn_task task = output >= 0 ? model_task(model, output) : NN_OTHER;
	if (!model_classed(model, field)) return 0;
	if (output < 0) return field->classes.count;
	if (task == NN_SEGMENTATION) return units_of(y) > 1 ? (int)units_of(y) : 2;
	if (field->count > 1 && !field->integer) return (int)field->count;
	if (task == NN_BINARY) return 2;
	return task == NN_MULTICLASS && y ? (int)units_of(y) : 0;
}

void model_check(const Model *model)
{
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
