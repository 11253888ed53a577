/* build_make.c: what a network makes of noise. Input: the steps of train. Output: two more programs, where some value in train is a
 * picture that a model makes of draws, and of labels at most: `noise` gives these draws, `generate` takes them and gives the picture.
 * Invariant: generate draws nothing that noise gives; its picture lies between 0, black, and 1 where training did its part. */
#include <string.h>
#include "builder.h"
#include "ops/ops.h"

/* The nodes that a picture is made of, oldest first, and by their ids what they are. */
typedef struct Making {
	Node **order;
	int count;
	bool *fixed; /* reads an input or a weight, so that it is no noise */
	bool *drawn; /* of draws, among others */
	bool *noise; /* draws alone, which something else reads */
} Making;

static bool calls_model(const Builder *builder, const Expr *expr)
{
	if (!expr) return false; /* an end that is left out, x[:n] */
	if (expr->kind == EXPR_CALL && expr->items[0]->kind == EXPR_NAME)
		for (int m = 0; m < builder->model_count; m++)
			if (!strcmp(builder->models[m]->definition->name, expr->items[0]->text)) return true;
	for (int i = 0; i < expr->count; i++)
		if (calls_model(builder, expr->items[i])) return true;
	return false;
}

static Making making_of(Builder *builder, const Graph *graph, Node *y)
{
	Making making = {0};
	size_t size = (size_t)graph->count + 1;
	making.order = graph_order(builder->arena, &y, 1, &making.count);
	making.fixed = arena_alloc(builder->arena, size*sizeof *making.fixed);
	making.drawn = arena_alloc(builder->arena, size*sizeof *making.drawn);
	making.noise = arena_alloc(builder->arena, size*sizeof *making.noise);
	for (int i = 0; i < making.count; i++) {
		const Node *node = making.order[i];
		making.fixed[node->id] = node->op == &op_input || node->op == &op_variable;
		making.drawn[node->id] = node->op == &op_uniform;
		for (int k = 0; k < node->arg_count; k++) {
			making.fixed[node->id] |= making.fixed[node->args[k]->id];
			making.drawn[node->id] |= making.drawn[node->args[k]->id];
		}
		for (int k = 0; k < node->arg_count && making.fixed[node->id]; k++) {
			const Node *arg = node->args[k];
			making.noise[arg->id] |= making.drawn[arg->id] && !making.fixed[arg->id] && shape_rows(&arg->shape) == 1;
		}
	}
	return making;
}

/* An input of the program that is the class of a row. */
static bool is_class(const Builder *builder, const Node *input)
{
	for (int f = 0; f < builder->spec->data.field_count; f++) {
		const nn_data_field *field = &builder->spec->fields[f];
		if (!strcmp(field->name, input->at.name)) return field->source >= 0 && field->count == 1 && spec_label_is_class(builder->spec, field);
	}
	return false;
}

static bool is_picture(const Shape *shape)
{
	return shape->rank == 4 && shape->dim[0].rows == 1 && (shape->dim[3].size == 1 || shape->dim[3].size == 3);
}

/* Noise and weights made it, and of the data one class at most. */
static bool is_made(const Builder *builder, const Making *making)
{
	int noises = 0, weights = 0, classes = 0;
	for (int i = 0; i < making->count; i++) {
		const Node *node = making->order[i];
		noises += making->noise[node->id];
		weights += node->op == &op_variable;
		classes += node->op == &op_input;
		if (node->op == &op_input && !is_class(builder, node)) return false;
	}
	return noises && weights && classes <= 1;
}

static Node *value_in(Builder *builder, Stage *stage, const StepSlots *slots, const Expr *expr)
{
	builder->stage = stage;
	Value value = build_eval(builder, expr, build_train_frame(builder, slots));
	return value.kind == VALUE_TENSOR ? value.as.tensor : NULL;
}

static bool makes(Builder *builder, const StepSlots *slots, const Expr *expr)
{
	Program scratch = {.name = "generate", .graph = graph_new(builder->context, builder->spec->batch)};
	Stage stage = {.program = &scratch};
	int silenced = builder->context->silenced;
	const Node *y = value_in(builder, &stage, slots, expr);
	if (!y || builder->context->silenced > silenced || !is_picture(&y->shape)) return false;
	Making making = making_of(builder, scratch.graph, (Node *)y);
	return is_made(builder, &making);
}

/* The first part of an expression that makes pictures, itself before its parts: a sigmoid of what a model gives, say. */
static const Expr *find_making(Builder *builder, const StepSlots *slots, const Expr *expr)
{
	if (!calls_model(builder, expr)) return NULL;
	if (makes(builder, slots, expr)) return expr;
	for (int i = 0; i < expr->count; i++) {
		const Expr *found = find_making(builder, slots, expr->items[i]);
		if (found) return found;
	}
	return NULL;
}

static const Expr *find_in_step(Builder *builder, const StepSlots *slots)
{
	const DocNode *maps[] = {slots->batch[0], slots->batch[1], slots->let[0], slots->let[1], slots->terms[0], slots->terms[1]};
	const Expr *found = NULL;
	for (size_t m = 0; m < sizeof maps/sizeof *maps; m++)
		for (int i = 0; maps[m] && maps[m]->kind == DOC_MAP && i < maps[m]->count && !found; i++) {
			const Expr *value = expr_read(builder->context, maps[m]->pairs[i].value, EXPR_VALUE_START);
			if (value) found = find_making(builder, slots, value);
		}
	const Expr *loss = !found && slots->loss && slots->loss->kind == DOC_SCALAR ? expr_read(builder->context, slots->loss, EXPR_VALUE_START) : NULL;
	return loss ? find_making(builder, slots, loss) : found;
}

static const char *noise_name(Builder *builder, int number)
{
	return number ? arena_format(builder->arena, "noise%d", number) : "noise";
}

static void build_noise(Builder *builder, const StepSlots *slots, const Expr *expr)
{
	Stage stage = {.program = build_program(builder, "noise", false, builder->spec->batch)};
	Making making = making_of(builder, stage.program->graph, value_in(builder, &stage, slots, expr));
	for (int i = 0, number = 0; i < making.count; i++)
		if (making.noise[making.order[i]->id])
			build_output(builder, stage.program, noise_name(builder, number++), making.order[i]);
}

/* The same value with inputs in the place of noise. */
static Node *over_inputs(Builder *builder, Graph *graph, Node *y)
{
	Making making = making_of(builder, graph, y);
	Node **made = arena_alloc(builder->arena, ((size_t)graph->count + 1)*sizeof *made);
	for (int i = 0, number = 0; i < making.count; i++) {
		Node *node = making.order[i], **args = arena_alloc(builder->arena, ((size_t)node->arg_count + 1)*sizeof *args);
		bool other = false;
		for (int k = 0; k < node->arg_count; k++) {
			args[k] = made[node->args[k]->id];
			other |= args[k] != node->args[k];
		}
		graph_stamp_as(graph, node);
		made[node->id] = making.noise[node->id] ? make_input(graph, noise_name(builder, number++), node->shape, false)
			: other ? make_like(graph, node, args) : node;
	}
	return made[y->id];
}

static void build_pictures(Builder *builder, const StepSlots *slots, const Expr *expr)
{
	Stage stage = {.program = build_program(builder, "generate", false, builder->spec->batch)};
	Node *y = value_in(builder, &stage, slots, expr);
	Range range = build_picture_range(builder, y);
	Graph *graph = stage.program->graph;
	y = over_inputs(builder, graph, y);
	y = make_binary(graph, &op_sub, y, make_const(graph, range.low));
	build_output(builder, stage.program, "image", make_binary(graph, &op_mul, y, make_const(graph, 1/(range.high - range.low))));
}

void build_making(Builder *builder, const StepSlots *slots, int count)
{
	Stage *kept = builder->stage;
	bool silent = builder->context->silent;
	int silenced = builder->context->silenced;
	const Expr *expr = NULL;
	const StepSlots *of = slots;
	builder->context->silent = true; /* parts of a loss need not mean anything by themselves */
	for (int i = 0; i < count && !expr; i++) {
		of = &slots[i];
		expr = find_in_step(builder, of);
	}
	if (expr) {
		build_noise(builder, of, expr);
		build_pictures(builder, of, expr);
	}
	builder->context->silent = silent;
	builder->context->silenced = silenced;
	builder->stage = kept;
}
