/* build_support.h: a spec as text -> a network and what was said about it; programs evaluated by the oracle. */
#ifndef BUILD_SUPPORT_H
#define BUILD_SUPPORT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "build.h"
#include "ops/ops.h"

typedef struct Built {
	Context context;
	Network *network; /* NULL, or incomplete, after errors */
	char *messages;
	size_t length;
} Built;

static inline Built built_from(const char *text, bool gradients)
{
	Built built = {.context = {.arena = arena_new()}};
	Context *context = &built.context;
	context->messages = open_memstream(&built.messages, &built.length);
	Source *source = arena_alloc(context->arena, sizeof *source);
	*source = (Source){"spec.yaml", text, strlen(text), false, NULL};
	BuildOptions options = {.gradients = gradients};
	Spec *spec = spec_read(context, source, NULL, 0);
	if (spec) built.network = build_network(context, spec, &options);
	fclose(context->messages);
	context->messages = stderr;
	return built;
}

static inline void built_free(Built *built)
{
	arena_free(built->context.arena);
	free(built->messages);
}

static inline const Program *built_program(const Built *built, const char *name)
{
	for (int i = 0; built->network && i < built->network->program_count; i++)
		if (!strcmp(built->network->programs[i]->name, name)) return built->network->programs[i];
	return NULL;
}

static inline const Variable *built_variable(const Built *built, const char *path)
{
	for (int i = 0; i < built->network->variable_count; i++)
		if (!strcmp(built->network->variables[i]->path, path)) return built->network->variables[i];
	return NULL;
}

/* "dense/kernel [9, 4]; dense/bias [4]": the variables of one role, in their order */
static inline const char *built_variables(const Built *built, Role role)
{
	Arena *arena = built->context.arena;
	const char *text = "";
	for (int i = 0; i < built->network->variable_count; i++) {
		const Variable *v = built->network->variables[i];
		if (v->role == role) text = arena_format(arena, "%s%s%s %s", text, *text ? "; " : "", v->path, shape_text(arena, &v->shape));
	}
	return text;
}

/* "dense Dense [batch, 4] 40; ..": the rows of the summary */
static inline const char *built_rows(const Built *built)
{
	Arena *arena = built->context.arena;
	const char *text = "";
	for (int i = 0; i < built->network->layer_count; i++) {
		const LayerRow *row = &built->network->layers[i];
		text = arena_format(arena, "%s%s%s %s %s %lld", text, *text ? "; " : "", row->name, row->type, shape_text(arena, &row->output), (long long)row->parameters);
	}
	return text;
}

static inline Node *built_output(const Program *program, const char *name)
{
	for (int i = 0; i < program->output_count; i++)
		if (!strcmp(program->outputs[i].name, name)) return program->outputs[i].node;
	return NULL;
}

static inline Node *built_assigned(const Program *program, const char *path)
{
	for (int i = 0; i < program->assignment_count; i++)
		if (!strcmp(program->assignments[i].variable->path, path)) return program->assignments[i].node;
	return NULL;
}

/* Values by name: inputs and variables that are not named are all 0.5 ("step", "epoch": 0). */
typedef struct Given {
	const char *name;
	const double *data;
} Given;

typedef struct Giver {
	const Built *built;
	const Program *program;
	const Given *given;
	int64_t rows;
	Tensor last;
} Giver;

static inline const Tensor *giver_tensor(Giver *giver, const char *name, Shape shape)
{
	bool counter = !strcmp(name, "step") || !strcmp(name, "epoch");
	Tensor *tensor = arena_alloc(giver->built->context.arena, sizeof *tensor);
	int64_t count = shape_count(&shape);
	*tensor = (Tensor){.shape = shape, .data = arena_alloc(giver->built->context.arena, (size_t)(count + 1) * sizeof(double))};
	for (int64_t i = 0; i < count; i++) tensor->data[i] = counter ? 0 : 0.5;
	for (const Given *given = giver->given; given->name; given++)
		for (int64_t i = 0; !strcmp(given->name, name) && i < count; i++) tensor->data[i] = given->data[i];
	return tensor;
}

static inline const Tensor *giver_input(void *user, const char *name)
{
	Giver *giver = user;
	const Graph *graph = giver->program->graph;
	for (int i = 0; i < graph->count; i++)
		if (graph->nodes[i]->op == &op_input && !strcmp(graph->nodes[i]->at.name, name))
			return giver_tensor(giver, name, shape_live(&graph->nodes[i]->shape, giver->rows));
	return NULL;
}

static inline const Tensor *giver_variable(void *user, const Variable *variable) { return giver_tensor(user, variable->path, variable->shape); }

/* The values of a node; rows: live rows */
static inline const double *built_evaluate(const Built *built, const Program *program, Node *node, int64_t rows, const Given *given)
{
	Giver giver = {.built = built, .program = program, .given = given, .rows = rows};
	Feed feed = {.rows = rows, .seed = 1, .input = giver_input, .variable = giver_variable, .user = &giver};
	Tensor result;
	assert_non_null(node);
	ops_evaluate(built->context.arena, &node, 1, &feed, &result);
	return result.data;
}

#endif
