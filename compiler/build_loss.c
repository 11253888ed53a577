/* build_loss.c: train.loss -> one number. Input: a loss by name, losses of several outputs by their names, or an expression.
 * Output: the mean over the live rows, and network->outputs with what each output is. Invariant: the task of an output is
 * what its loss's definition says; a loss without a word of it leaves it open. */
#include <string.h>
#include "builder.h"

/* --- losses by output --------------------------------------------------------------------------------- */

static const Predicted *outputs_of(const Builder *builder, int *count)
{
	*count = builder->network->output_count;
	return builder->network->outputs;
}

/* Also of a model that could not be built. */
static bool has_output(const Builder *builder, const char *name)
{
	const Definition *model = builder->models[0]->definition;
	for (int i = 0; i < model->output_count; i++)
		if (!strcmp(model->output_names[i], name)) return true;
	return false;
}

/* {diagnosis: binary_crossentropy, severity: mse}; {Huber: {delta: 2}} is a loss with its arguments */
static bool is_by_output(const Builder *builder, const DocNode *node)
{
	if (!node || node->kind != DOC_MAP || !builder->models[0]->definition->output_names) return false;
	for (int i = 0; i < node->count; i++)
		if (has_output(builder, node->pairs[i].key->text)) return true;
	return node->count != 1;
}

const DocNode *build_loss_of(Builder *builder, const DocNode *loss, int output)
{
	return is_by_output(builder, loss) ? doc_get(loss, builder->network->outputs[output].name) : loss;
}

/* Reports keys that are no outputs. */
static void check_keys(Builder *builder, const DocNode *map)
{
	int count;
	const Predicted *outputs = outputs_of(builder, &count);
	const char **names = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *names), *list = "its outputs are";
	for (int i = 0; i < count; i++) {
		names[i] = outputs[i].name;
		list = arena_format(builder->arena, "%s%s %s", list, i ? "," : "", names[i]);
	}
	for (int i = 0; i < map->count; i++) {
		const DocNode *key = map->pairs[i].key;
		const char *near = build_near(builder, key->text, names, count);
		if (!has_output(builder, key->text))
			build_error(builder, key->place, near ? near : list, "the model has no output '%s'", key->text);
	}
}

/* The loss that an expression names, alone or in a call; NULL: none. */
static const Definition *loss_named(Builder *builder, const DocNode *loss, const Expr **expr)
{
	*expr = loss ? expr_read(builder->context, loss, EXPR_VALUE_START) : NULL;
	const Expr *name = *expr && (*expr)->kind == EXPR_CALL ? (*expr)->items[0] : *expr;
	bool named = name && (name->kind == EXPR_NAME || name->kind == EXPR_STRING);
	const Entry *entry = named ? build_find(builder, KIND_LOSS, name->text, false) : NULL;
	return entry ? entry->definition : NULL;
}

bool build_reads_classes(Builder *builder, const DocNode *loss)
{
	const Expr *expr;
	const Definition *d = loss_named(builder, loss, &expr);
	if (!d) return false;
	const Parameters *inputs = d->two_lists ? &d->inputs : &d->statics;
	return inputs->count && !strcmp(inputs->items[0].name, "y_class");
}

int64_t build_label_length(Builder *builder, const DocNode *loss)
{
	const Expr *expr;
	const Definition *d = loss_named(builder, loss, &expr);
	for (int i = 1; d && expr->kind == EXPR_CALL && i < expr->count; i++) {
		if (!expr->names || !expr->names[i] || strcmp(expr->names[i], "label_length")) continue;
		Value length = build_eval(builder, expr->items[i], NULL);
		if (value_is_poison(length) || value_is_none(length)) return 0;
		if (value_is_whole(length) && value_to_integer(length) > 0) return value_to_integer(length);
		build_error(builder, expr->items[i]->place, "CTC(label_length=20)", "label_length is a positive whole number, not %s",
			value_kind(builder->arena, length));
	}
	return 0;
}

/* --- values ------------------------------------------------------------------------------------------- */

Node *build_mean(Builder *builder, Value value, Place place)
{
	if (value.kind == VALUE_TENSOR && value.as.tensor->shape.rank)
		value = build_library_call(builder, "mean", 1, &value, place);
	return build_node(builder, value, place);
}

static bool from_probabilities(const Node *y)
{
	for (const Origin *o = y->origin; o; o = o->next)
		if (!strcmp(o->function, "sigmoid") || !strcmp(o->function, "softmax")) return true;
	return false;
}

/* A loss by its name, of one output and its label. */
static Node *named_loss(Builder *builder, Value loss, Value y, int output, Place place)
{
	Predicted *predicted = &builder->network->outputs[output];
	loss = build_of_kind(builder, KIND_LOSS, loss, place);
	const char *name = value_name(loss);
	if (loss.kind == VALUE_DEFINITION && loss.as.definition->two_lists)
		loss = build_apply(builder, loss, 0, NULL, NULL, (Site){predicted, place});
	if (value_is_poison(y) || value_is_poison(loss)) return NULL;
	if (predicted->label < 0) {
		if (!builder->context->errors)
			build_error(builder, place, "write the loss as an expression", "the data has no label for the loss %s", name);
		return NULL;
	}
	predicted->loss = name;
	builder->task = NULL;
	builder->logits = false;
	Value values[] = {loss, build_label(builder, predicted->label, place), y};
	builder->stage->judged = y.as.tensor;
	builder->stage->peeled = NULL;
	Value found = build_library_call(builder, "keras_loss", 3, values, place);
	bool good = found.kind == VALUE_LIST && found.as.list.count == 2;
	Node *mean = good ? build_mean(builder, found.as.list.items[0], place) : NULL;
	if (good && found.as.list.items[1].kind == VALUE_TENSOR) builder->stage->counted[output] = found.as.list.items[1].as.tensor;
	if (mean) build_check_loss(builder, loss, predicted, y.as.tensor, place);
	predicted->task = builder->task;
	predicted->logits = builder->logits && !from_probabilities(y.as.tensor);
	return mean;
}

/* The weight of an output's loss in the sum; 1 where none is given. */
static double weight_of(Builder *builder, const DocNode *weights, int output)
{
	const DocNode *node = weights ? doc_get(weights, builder->network->outputs[output].name) : NULL;
	const Expr *expr = node ? expr_read(builder->context, node, EXPR_VALUE_START) : NULL;
	Value value = expr ? build_eval(builder, expr, NULL) : value_real(1);
	if (value_is_static_number(value)) return value_to_number(value);
	if (!value_is_poison(value))
		build_error(builder, node->place, "loss_weights: {severity: 0.2}", "the weight of a loss is a number, not %s",
			value_kind(builder->arena, value));
	return 1;
}

static bool check_weights(Builder *builder, const DocNode *weights)
{
	if (!weights) return true;
	if (!builder->models[0]->definition->output_names)
		build_error(builder, weights->place, "model: {outputs: {diagnosis: .., severity: ..}}", "loss_weights are for a model with 'outputs'");
	else if (weights->kind != DOC_MAP)
		build_error(builder, weights->place, "loss_weights: {severity: 0.2}", "loss_weights are a mapping, `output: number`");
	else check_keys(builder, weights);
	return weights->kind == DOC_MAP;
}

/* Each output's mean is given out as NAME_loss; together they are the weighted sum, as Keras's compile with dictionaries. */
static Node *losses_of_outputs(Builder *builder, const LossSlots *slots, List ys, Frame *frame)
{
	Graph *graph = builder->stage->program->graph;
	Node *sum = NULL;
	const DocNode *weights = check_weights(builder, slots->weights) ? slots->weights : NULL;
	if (is_by_output(builder, slots->loss)) check_keys(builder, slots->loss);
	for (int i = 0; i < ys.count; i++) {
		const DocNode *node = build_loss_of(builder, slots->loss, i);
		const Expr *expr = node ? expr_read(builder->context, node, EXPR_VALUE_START) : NULL;
		if (!expr) continue;
		Predicted *predicted = &builder->network->outputs[i];
		Node *loss = named_loss(builder, build_slot(builder, KIND_LOSS, expr, frame), ys.items[i], i, expr->place);
		if (!loss) continue;
		if (ys.count > 1) build_output(builder, builder->stage->program, arena_format(builder->arena, "%s_loss", predicted->name), loss);
		graph->place = expr->place;
		predicted->weight = weight_of(builder, weights, i);
		if (predicted->weight != 1) loss = make_binary(graph, &op_mul, loss, build_node(builder, value_real(predicted->weight), expr->place));
		sum = sum ? make_binary(graph, &op_add, sum, loss) : loss;
	}
	if (!sum && !builder->context->errors)
		build_error(builder, slots->loss->place, "loss: {diagnosis: binary_crossentropy, severity: mse}", "no output has a loss");
	return sum;
}

/* "diagnosis: binary_crossentropy, severity: mse", for reports */
static const char *list_losses(Builder *builder)
{
	int count;
	const Predicted *outputs = outputs_of(builder, &count);
	const char *text = NULL;
	for (int i = 0; i < count; i++) {
		if (!outputs[i].loss) continue;
		const char *one = count > 1 ? arena_format(builder->arena, "%s: %s", outputs[i].name, outputs[i].loss) : outputs[i].loss;
		text = text ? arena_format(builder->arena, "%s, %s", text, one) : one;
	}
	return text;
}

static Node *named_losses(Builder *builder, const LossSlots *slots, Frame *frame)
{
	Value y = build_forward(builder, (Owner *)slots->model);
	List ys = y.kind == VALUE_LIST ? y.as.list : (List){&y, 1};
	if (value_is_poison(y)) return NULL;
	if (y.kind == VALUE_LIST && !slots->model->definition->output_names) {
		build_error(builder, slots->loss->place, "write the loss as an expression, or name the outputs: outputs: {a: .., b: ..}",
			"a named loss needs a model with one output");
		return NULL;
	}
	if (builder->network->output_count < ys.count) return NULL; /* the model is broken, and reported */
	Node *loss = losses_of_outputs(builder, slots, ys, frame);
	builder->network->loss = list_losses(builder);
	return loss;
}

Node *build_loss(Builder *builder, LossSlots *slots, Frame *frame)
{
	Stage *stage = builder->stage;
	if (is_by_output(builder, slots->loss)) return named_losses(builder, slots, frame);
	const Expr *expr = expr_read(builder->context, slots->loss, EXPR_VALUE_START);
	Value value = expr ? build_slot(builder, KIND_LOSS, expr, frame) : value_poison();
	if (expr) slots->place = expr->place;
	if (value_is_poison(value)) return NULL;
	bool named = value_is_callable(value) || value.kind == VALUE_WORD;
	if (named && slots->of_step)
		build_error(builder, expr->place, "loss: mean(square(D(x) - 1))", "the loss of a step is an expression of what its models give");
	if (named) return slots->of_step ? NULL : named_losses(builder, slots, frame);
	check_weights(builder, slots->weights);
	builder->network->loss = "loss";
	if (value.kind != VALUE_TENSOR) {
		build_error(builder, expr->place, "a loss, or an expression of the model's output",
			"the loss is %s, not a tensor", value_kind(builder->arena, value));
		return NULL;
	}
	Node *loss = build_mean(builder, value, expr->place);
	if (!stage->predictions.count && builder->model_count == 1 && !stage->program->training) {
		Value y = build_forward(builder, builder->models[0]);
		build_keep_predictions(builder, y);
	}
	return loss;
}

void build_mask_output(Builder *builder, const char *name, const Node *y)
{
	Stage *stage = builder->stage;
	Node *mask = y->mask;
	for (int i = 0; i < builder->network->output_count; i++)
		if (!strcmp(builder->network->outputs[i].name, name) && stage->counted[i]) mask = stage->counted[i];
	if (!mask) return;
	build_output(builder, stage->program, arena_format(builder->arena, "%s%s", NN_MASK, name), mask);
	stage->program->outputs[stage->program->output_count - 1].mask = true;
}

void build_keep_predictions(Builder *builder, Value y)
{
	List one = value_list(builder->arena, 1).as.list;
	one.items[0] = y;
	builder->stage->predictions = y.kind == VALUE_LIST ? y.as.list : one;
}
