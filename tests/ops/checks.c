/* checks.c: in: cases; out: programs with outputs for the value and every gradient, and what the oracle says of them.
 * Invariant: what is expected is evaluated from the graph as it was made, before any pass. */
#include <assert.h>
#include <string.h>
#include "compiled.h"

const int live_rows[LIVE] = {4, 3, 1};

static void add_family(Arena *arena, const OpFamily *family, Check **checks, int *count, int *capacity)
{
	for (int i = 0; i < family->case_count; i++) {
		*checks = arena_grow(arena, *checks, *count, capacity, sizeof **checks);
		(*checks)[(*count)++] = (Check){.family = family->name, .name = family->cases[i].name, .op_case = &family->cases[i]};
	}
}

Check *checks_all(Arena *arena, int *count)
{
	Check *checks = NULL;
	int capacity = 0;
	*count = 0;
	for (int f = 0; op_families[f]; f++) add_family(arena, op_families[f], &checks, count, &capacity);
	add_family(arena, &kernel_cases, &checks, count, &capacity);
	for (int i = 0; i < update_count; i++) {
		checks = arena_grow(arena, checks, *count, &capacity, sizeof *checks);
		checks[(*count)++] = (Check){.family = "update", .name = updates[i].name, .update = updates[i].make};
	}
	return checks;
}

/* --- programs */

static int differentiable(const Graph *graph, Node **list)
{
	int count = 0;
	for (int i = 0; i < graph->count; i++) {
		Node *node = graph->nodes[i];
		if (node->op == &op_input && !node->integer) list[count++] = node;
	}
	return count;
}

static bool whole(const Graph *graph)
{
	for (int i = 0; i < graph->count; i++)
		if (graph->nodes[i]->op->kind == OP_WHOLE) return true;
	return false;
}

void update_output(Program *program, const char *name, Node *node)
{
	program->outputs = arena_grow(program->graph->context->arena, program->outputs, program->output_count, &program->output_capacity, sizeof *program->outputs);
	program->outputs[program->output_count++] = (Output){.name = name, .node = node};
}

Node *update_variable(Program *program, Network *network, const char *path, const char *shape)
{
	Arena *arena = program->graph->context->arena;
	Variable *variable = arena_alloc(arena, sizeof *variable);
	*variable = (Variable){.path = path, .layer = program->name, .trainable = true,
		.shape = op_case_shape(program->graph, shape), .index = network->variable_count};
	network->variables = arena_grow(arena, network->variables, network->variable_count, &network->variable_capacity, sizeof *network->variables);
	network->variables[network->variable_count++] = variable;
	return make_variable(program->graph, variable);
}

void update_assign(Program *program, Node *variable, Node *next)
{
	Arena *arena = program->graph->context->arena;
	program->assignments = arena_grow(arena, program->assignments, program->assignment_count, &program->assignment_capacity, sizeof *program->assignments);
	program->assignments[program->assignment_count++] = (Assignment){variable->at.variable, next};
}

static void outputs_of_case(Program *program, const OpCase *op_case)
{
	Graph *graph = program->graph;
	Node *inputs[16], *gradients[16];
	Node *root = op_case->make(graph);
	assert(root);
	update_output(program, "y", root);
	if (whole(graph)) return;
	int count = differentiable(graph, inputs);
	grad_make(graph, weighted_sum(graph, root, ""), inputs, count, gradients);
	for (int i = 0; i < count; i++)
		if (gradients[i]) update_output(program, arena_format(graph->context->arena, "gradient %s", inputs[i]->at.name), gradients[i]);
}

Program *check_program(Context *context, const Check *check, const char *name, Network *network)
{
	Program *program = arena_alloc(context->arena, sizeof *program);
	*program = (Program){.name = name, .training = true, .graph = graph_new(context, TEST_BATCH)};
	if (check->op_case) outputs_of_case(program, check->op_case);
	else check->update(program, network);
	assert(!context->errors);
	network->programs = arena_grow(context->arena, network->programs, network->program_count, &network->program_capacity, sizeof *network->programs);
	network->programs[network->program_count++] = program;
	return program;
}

/* --- values */

void check_fill(Graph *graph, Inputs *inputs, int64_t rows, Arena *arena, Feed *feed)
{
	*feed = inputs_feed(inputs, arena, graph, rows);
	for (int i = 0; i < inputs->count; i++)
		for (int64_t k = 0; k < shape_count(&inputs->tensors[i].shape); k++)
			inputs->tensors[i].data[k] = (double)(float)inputs->tensors[i].data[k];
}

void check_expect(Arena *arena, Check *check)
{
	Context context = {.arena = arena, .messages = stderr};
	Network network = {0};
	Program *program = check_program(&context, check, "check", &network);
	Node *roots[MAX_OUTPUTS];
	check->output_count = program->output_count;
	int count = program->output_count + program->assignment_count;
	assert(count <= MAX_OUTPUTS);
	for (int i = 0; i < program->output_count; i++) roots[i] = program->outputs[i].node;
	for (int i = 0; i < program->assignment_count; i++) roots[program->output_count + i] = program->assignments[i].node;
	for (int live = 0; live < LIVE; live++) {
		Inputs inputs;
		Feed feed;
		check_fill(program->graph, &inputs, live_rows[live], arena, &feed);
		ops_evaluate(arena, roots, count, &feed, check->expected[live]);
	}
}
