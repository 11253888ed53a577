/* op_test.c: values for the inputs of a case, evaluation, comparison. */
#include <assert.h>
#include <math.h>
#include <string.h>
#include "op_test.h"

static const Tensor *give_input(void *user, const char *name)
{
	Inputs *inputs = user;
	for (int i = 0; i < inputs->count; i++)
		if (!strcmp(inputs->names[i], name)) return &inputs->tensors[i];
	return NULL;
}

static const Tensor *give_variable(void *user, const Variable *variable) { return give_input(user, variable->path); }

Tensor *inputs_find(Inputs *inputs, const Node *input)
{
	const char *name = input->op == &op_variable ? input->at.variable->path : input->at.name;
	Tensor *known = (Tensor *)give_input(inputs, name);
	if (known) return known;
	assert(inputs->count < 64);
	Tensor *made = &inputs->tensors[inputs->count];
	made->shape = input->shape;
	made->data = arena_alloc(inputs->arena, (size_t)shape_count(&input->shape) * sizeof *made->data);
	Node named = *input;
	named.at.name = name;
	op_case_fill(&named, made->data);
	inputs->names[inputs->count++] = name;
	return made;
}

Feed inputs_feed(Inputs *inputs, Arena *arena, Graph *graph, int64_t rows)
{
	*inputs = (Inputs){.arena = arena, .graph = graph, .rows = rows};
	for (int i = 0; i < graph->count; i++)
		if (graph->nodes[i]->op == &op_input || graph->nodes[i]->op == &op_variable)
			inputs_find(inputs, graph->nodes[i]);
	return (Feed){.rows = rows,
		.seed = 7,
		.step = 3,
		.epoch = 1,
		.input = give_input,
		.variable = give_variable,
		.user = inputs};
}

double evaluate_scalar(Inputs *inputs, const Feed *feed, Node *node)
{
	(void)inputs;
	Arena *arena = arena_new();
	Tensor result;
	ops_evaluate(arena, &node, 1, feed, &result);
	double value = result.data[0];
	arena_free(arena);
	return value;
}

Node *weighted_sum(Graph *graph, Node *x, const char *tag)
{
	const char *name = arena_format(graph->context->arena, "weights%s", tag);
	Node *weights = make_input(graph, name, x->shape, false);
	Node *product = make_binary(graph, &op_mul, x, weights);
	return make_reduce(graph, &op_sum, product, (1u << x->shape.rank) - 1);
}

double largest_difference(const Tensor *a, const Tensor *b)
{
	double worst = 0;
	if (shape_count(&a->shape) != shape_count(&b->shape)) return INFINITY;
	for (int64_t i = 0; i < shape_count(&a->shape); i++) {
		double x = a->data[i], y = b->data[i];
		if (x == y || (isnan(x) && isnan(y))) continue;
		double d = fabs(x - y) / fmax(1, fmax(fabs(x), fabs(y)));
		if (!(d <= worst)) worst = isnan(d) ? INFINITY : d;
	}
	return worst;
}
