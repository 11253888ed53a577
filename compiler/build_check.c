/* build_check.c: what can be compiled and is hardly meant. Input: the graph of the evaluation, the loss, the model's output;
 * output: messages. Invariant: facts come from the graph and from what the loss asked for; no layer and no loss is known by name. */
#include <string.h>
#include "builder.h"

/* A named loss and what it was given. */
typedef struct Judged {
	Builder *builder;
	const char *name; /* of the loss */
	Value loss;
	const Node *y;
	const Predicted *predicted;
	const char *wanted; /* the function that the loss looked for under y, to find its logits; NULL: it did not look */
	bool found;
	Place place;
} Judged;

/* --- facts of the graph ------------------------------------------------------------------------------------------- */

/* The arguments [*from, result) of a node that hand on to it that they may take any value. */
static int open_arguments(const Node *node, int *from)
{
	const Op *op = node->op;
	bool first = op == &op_reshape || op == &op_transpose || op == &op_slice || op == &op_neg || op == &op_stop;
	bool any = op == &op_add || op == &op_sub || op == &op_mul || op == &op_max || op == &op_select || op == &op_concat;
	*from = op == &op_select;
	if (op == &op_mul && node->args[0] == node->args[1]) return 0;
	return first ? 1 : any ? node->arg_count : 0;
}

/* May y take any value, or any above 0? A weighted sum, and what adds to it, scales or moves it. */
static bool is_unbounded(const Judged *j)
{
	bool *reached = arena_alloc(j->builder->arena, (size_t)j->y->id + 1);
	reached[j->y->id] = true;
	for (int i = j->y->id, from; i >= 0; i--) { /* arguments are older */
		const Node *node = j->builder->stage->program->graph->nodes[i];
		if (!reached[i]) continue;
		if (node->op == &op_contract) return true;
		int count = open_arguments(node, &from);
		for (int k = from; k < count; k++) reached[node->args[k]->id] = true;
	}
	return false;
}

/* x/sum(x) */
static bool adds_up_to_one(const Node *y)
{
	if (y->op != &op_div) return false;
	const Node *below = y->args[1];
	while (below->op == &op_broadcast || below->op == &op_reshape) below = below->args[0];
	return below->op == &op_sum && below->args[0] == y->args[0];
}

static bool is_probability(const Node *y) { return y->op == &op_sigmoid || adds_up_to_one(y); }

/* Is y in what a node is made of? */
static bool made_of(const Judged *j, Node *node, const Node *y)
{
	int count;
	Node **order = graph_order(j->builder->arena, &node, 1, &count);
	for (int i = 0; i < count; i++)
		if (order[i] == y) return true;
	return false;
}

/* Does the loss look at the difference between y and something else? Logits less their largest are none. */
static bool takes_difference(const Judged *j)
{
	const Graph *graph = j->builder->stage->program->graph;
	for (int i = 0; i < graph->count; i++) {
		const Node *node = graph->nodes[i];
		for (int k = 0; k < 2 && node->op == &op_sub; k++)
			if (node->args[k] == j->y && !made_of(j, node->args[1 - k], j->y)) return true;
	}
	return false;
}

static int64_t units_of(const Node *y) { return y->shape.rank ? y->shape.dim[y->shape.rank - 1].size : 1; }

static bool wants(const Judged *j, const char *function) { return j->wanted && !strcmp(j->wanted, function); }

static const char *made_by(const Node *y) { return y->origin ? y->origin->function : y->op == &op_sigmoid ? "sigmoid" : "softmax"; }

/* --- checks of a loss; true: what is wrong was said, and the others would repeat it -------------------------------- */

static bool check_one_unit(const Judged *j)
{
	if (!wants(j, "softmax") || units_of(j->y) != 1) return false;
	build_error(j->builder, j->place, "one unit tells two classes apart: binary_crossentropy, after sigmoid",
		"%s reads a probability for each class, and the output has one unit", j->name);
	return true;
}

static bool check_probabilities(const Judged *j)
{
	if (!j->wanted || j->found || j->builder->logits || !is_unbounded(j)) return false;
	build_error(j->builder, j->place,
		arena_format(j->builder->arena, "activation=%s in the last layer, or from_logits=true in the loss", j->wanted),
		"%s reads probabilities, and the model's output may be any number", j->name);
	return true;
}

static bool check_exclusive(const Judged *j)
{
	if (!wants(j, "softmax") || j->found || j->y->op != &op_sigmoid) return false;
	build_error(j->builder, j->place, "activation=softmax; or binary_crossentropy, where several classes may be true at once",
		"%s reads probabilities that add up to 1, and those of sigmoid do not", j->name);
	return true;
}

static bool check_each_class(const Judged *j)
{
	if (!wants(j, "sigmoid") || j->found || !adds_up_to_one(j->y)) return false;
	diag_warning(j->builder->context, j->place, "categorical_crossentropy; with class numbers as labels sparse_categorical_crossentropy",
		"%s takes the classes of %s for independent ones", j->name, made_by(j->y));
	return true;
}

static bool check_logits(const Judged *j)
{
	const Value *given = j->loss.kind == VALUE_LAYER ? build_named(&j->loss.as.layer->statics, "from_logits") : NULL;
	if (!given || !value_is_true(*given) || !is_probability(j->y)) return false;
	build_error(j->builder, j->place, "leave from_logits away: the loss finds the logits by itself",
		"from_logits=true, but the output went through %s already", made_by(j->y));
	return true;
}

static bool check_classes(const Judged *j)
{
	const Spec *spec = j->builder->spec;
	int classes = spec->fields[j->predicted->label].classes.count;
	int64_t units = units_of(j->y);
	if (!classes || !j->wanted) return false;
	bool one = wants(j, "sigmoid") && units == 1 && classes > 2, many = wants(j, "softmax") && units != classes;
	if (one)
		build_error(j->builder, j->place, "a unit for each class with softmax, and sparse_categorical_crossentropy",
			"one unit tells two classes apart, and 'classes' names %d", classes);
	if (many)
		build_error(j->builder, j->place, arena_format(j->builder->arena, "%d units in the last layer", classes),
			"the output has %lld units, and 'classes' names %d", (long long)units, classes);
	return one || many;
}

static bool check_difference(const Judged *j)
{
	if (j->wanted || !adds_up_to_one(j->y) || !takes_difference(j)) return false;
	diag_warning(j->builder->context, j->place, "categorical_crossentropy; with class numbers as labels sparse_categorical_crossentropy",
		"%s after %s learns slowly where it is most wrong", j->name, made_by(j->y));
	return true;
}

static bool check_accuracy(const Judged *j)
{
	const Spec *spec = j->builder->spec;
	if (j->wanted || is_probability(j->y) || !takes_difference(j)) return false;
	for (int m = 0; m < spec->metric_count; m++)
		for (int i = 0; i < spec->metrics[m].names.count; i++) {
			const char *metric = spec->metrics[m].names.items[i], *output = spec->metrics[m].output;
			if (!strstr(metric, "acc") || (output && strcmp(output, j->predicted->name))) continue;
			diag_warning(j->builder->context, j->place, "metrics: [mae, r2]", "%s counts classes that are right, and %s is of numbers",
				metric, j->name);
			return true;
		}
	return false;
}

static bool check_windows(const Judged *j)
{
	const Spec *spec = j->builder->spec;
	const char *task = j->builder->task;
	int label = j->predicted->label;
	if (!spec->fields[label].steps || !task || !strcmp(task, "regression")) return false;
	build_error(j->builder, j->place, "mse, mae or huber", "windows of a series predict numbers, and %s is of classes", j->name);
	return true;
}

void build_check_loss(Builder *builder, Value loss, const Predicted *predicted, const Node *y, Place place)
{
	static bool (*const checks[])(const Judged *) = {check_windows, check_one_unit, check_logits, check_probabilities, check_exclusive, check_each_class,
		check_classes, check_difference, check_accuracy};
	const Stage *stage = builder->stage;
	Judged judged = {builder, predicted->loss, loss, y, predicted, stage->peeled, stage->peel_found, place};
	if (builder->context->errors || stage->program->training) return;
	for (size_t i = 0; i < sizeof checks/sizeof *checks; i++)
		if (checks[i](&judged)) return;
}

/* --- checks of the model ------------------------------------------------------------------------------------------ */

/* [3, 224, 224] under a window over the first two axes */
static void check_channels(Builder *builder, const Node *node)
{
	if (node->op != &op_unfold || node->at.window.axis != 1 || node->at.window.rank != 2) return;
	const Node *input = node->args[0]->op == &op_pad ? node->args[0]->args[0] : node->args[0];
	if (input->op != &op_input || input->shape.rank != 4) return;
	int64_t c = input->shape.dim[1].size, h = input->shape.dim[2].size, w = input->shape.dim[3].size;
	if (c > 4 || h < 8 || w < 8 || c >= w) return;
	diag_warning(builder->context, node->place,
		arena_format(builder->arena, "channels stand last: input: [%lld, %lld, %lld]", (long long)h, (long long)w, (long long)c),
		"the input is read as images of %lld x %lld with %lld channels", (long long)c, (long long)h, (long long)w);
}

static bool is_read(const Graph *graph, const char *input)
{
	for (int i = 0; i < graph->count; i++)
		for (int k = 0; k < graph->nodes[i]->arg_count; k++)
			if (graph->nodes[i]->args[k]->op == &op_input && !strcmp(graph->nodes[i]->args[k]->at.name, input)) return true;
	return false;
}

/* Layers in a row hand on what the first of them reads; what a graph reads may depend on whether it learns. */
static void check_inputs(Builder *builder, const Graph *graph)
{
	const DocNode *model = builder->spec->model, *inputs = model && model->kind == DOC_MAP ? doc_get(model, "inputs") : NULL;
	const Definition *d = builder->models[0]->definition;
	if (!inputs || inputs->kind != DOC_MAP || !doc_get(model, "layers")) return;
	for (int i = 0; i < inputs->count && i < d->inputs.count; i++)
		if (!is_read(graph, d->input_names[i]))
			diag_warning(builder->context, inputs->pairs[i].key->place, "leave it out; or `graph:`, whose lines read inputs by their names",
				"no layer reads the input '%s'", inputs->pairs[i].key->text);
}

void build_check_model(Builder *builder, const Program *predict)
{
	if (!builder->context->errors) check_inputs(builder, predict->graph);
	const Graph *graph = predict->graph;
	for (int i = 0; i < graph->count && !builder->context->errors; i++) check_channels(builder, graph->nodes[i]);
}

/* The same activation on what it has just made; the identity makes nothing. */
void build_check_activation(Builder *builder, const char *name, const Node *argument, const Node *result, Place place)
{
	bool again = false;
	for (const Origin *origin = argument->origin; origin; origin = origin->next) again = again || !strcmp(origin->function, name);
	if (again && argument != result)
		diag_warning(builder->context, place, "an activation stands in the layer or behind it, not both", "%s is applied twice in a row", name);
}

/* --- checks of states that are carried: does one sample follow on another? ------------------------------------------ */

/* Windows of one series, or of one text. */
static void check_windows_follow(Builder *builder, const nn_data_source *source, Place place)
{
	const char *of = source->horizon ? "rows" : "tokens";
	if (source->group)
		build_error(builder, place, "a file of one series; or stateful=false", "states that are carried would go on from one series of '%s' into another",
			source->group);
	else if (source->stride && source->stride != source->sequence_length)
		build_error(builder, place, source->horizon ? arena_format(builder->arena, "stride: %d", source->sequence_length) : "leave 'stride' out",
			"windows of %d %s begin %d %s apart, but states that are carried want each to begin where the one before ends",
			source->sequence_length, of, source->stride, of);
}

/* Arrays are in the order that their user gave them, if no share is drawn from their middle. */
static void check_shares(Builder *builder, Place place)
{
	const nn_data *data = &builder->spec->data;
	if (data->split_validation > 0 || data->split_test > 0)
		diag_warning(builder->context, place, "data.validation and data.test, arrays of their own",
			"'split' takes samples out of the middle, and states that are carried go on over the gaps");
}

static void check_follows(Builder *builder, const SourceInfo *info, const nn_data_source *source)
{
	if ((info->stream && !source->ended) || source->horizon) check_windows_follow(builder, source, info->place);
	else if (!strcmp(source->type, "text"))
		build_error(builder, info->place, "stateful=false; or one text, cut into windows: `file: PATH` without lines, column and label",
			"states that are carried would go on from one text into another");
	else if (!strcmp(source->type, "npy")) check_shares(builder, info->place);
	else
		diag_warning(builder->context, info->place, "stateful=false; or arrays (type: npy) in an order in which row i of a batch goes on in row i of the next",
			"states are carried from sample to sample, as if those of a source of type %s followed on one another", source->type);
}

void build_check_carried(Builder *builder)
{
	const Spec *spec = builder->spec;
	if (!builder->network->stateful || builder->context->errors) return;
	for (int s = 0; s < spec->data.source_count; s++) check_follows(builder, &spec->infos[s], &spec->data_sources[s]);
	const DocNode *shuffle = doc_get(spec->train, "shuffle");
	if (shuffle && spec->training.shuffle)
		diag_warning(builder->context, shuffle->place, "leave 'shuffle' out", "where states are carried samples keep their order, and nothing is shuffled");
}
