/* ops.c: what all primitives have in common: the way of their constructors, finding one by its name, making one again over
 * other arguments, and the check of a whole graph. Invariant: every node passed its op's shape rule. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"

const Op *op_find(const char *name)
{
	for (int f = 0; op_families[f]; f++)
		for (int i = 0; i < op_families[f]->op_count; i++)
			if (!strcmp(op_families[f]->ops[i]->name, name)) return op_families[f]->ops[i];
	return NULL;
}

/* Index maps hand on whole numbers as whole numbers. */
static bool makes_integers(const Op *op, Node **args)
{
	if (op == &op_iota || op == &op_argmax) return true;
	return (op->kind == OP_MOVE || op->kind == OP_JOIN || op == &op_gather) && args[0]->integer;
}

/* In a body, values of the graphs around it are replaced by leaves. */
static Node **own_args(Graph *graph, Node **args, int count)
{
	if (!graph->body) return args;
	Node **own = arena_alloc(graph->context->arena, (size_t)(count + 1) * sizeof *own);
	for (int i = 0; i < count; i++)
		if (!(own[i] = graph_own(graph, args[i]))) return NULL;
	return own;
}

Node *make_node(Graph *graph, const Op *op, Node **args, int arg_count, const Attributes *at, Shape asked)
{
	Attributes none = {0};
	for (int i = 0; i < arg_count; i++)
		if (!args[i]) return NULL;
	Node **own = own_args(graph, args, arg_count);
	if ((!own && arg_count) || !op->shape(graph, own, arg_count, at ? at : &none, &asked) || !shape_check(graph, &asked)) return NULL;
	Node *node = graph_node(graph, op, own, arg_count, asked, at);
	node->integer = makes_integers(op, own);
	return node;
}

Node *make_like(Graph *graph, const Node *node, Node **args)
{
	for (int i = 0; i < node->arg_count; i++)
		if (!args[i]) return NULL;
	Node *like = graph_node(graph, node->op, args, node->arg_count, node->shape, &node->at);
	like->integer = node->integer;
	node_stamp_as(like, node);
	return like;
}

static void fault(const Graph *graph, const Node *node, const char *stage, const char *what)
{
	Arena *arena = graph->context->arena;
	fprintf(stderr, "nnc: internal fault after %s: node %d, %s %s: %s\n", stage, node->id, node->op->name,
		shape_text(arena, &node->shape), what);
	for (int i = 0; i < node->arg_count; i++)
		fprintf(stderr, "  argument %d: node %d, %s %s\n", i, node->args[i]->id, node->args[i]->op->name,
			shape_text(arena, &node->args[i]->shape));
	abort();
}

static void verify_node(Graph *graph, const Node *node, const char *stage)
{
	if (node->op->arity >= 0 && node->arg_count != node->op->arity)
		fault(graph, node, stage, "wrong number of arguments");
	for (int i = 0; i < node->arg_count; i++)
		if (node->args[i]->id >= node->id || !graph_holds(graph, node->args[i]))
			fault(graph, node, stage, "an argument younger than the node, or of another graph");
	Shape shape = node->shape;
	graph->place = node->place;
	if (!node->op->shape(graph, node->args, node->arg_count, &node->at, &shape) || !shape_check(graph, &shape))
		fault(graph, node, stage, "its shape rule refuses it");
	if (!shape_equal(&shape, &node->shape)) fault(graph, node, stage, "its shape is not what the rule says");
}

static void verify_body(const Graph *graph, const Node *scan, const char *stage)
{
	const Body *body = scan->at.body;
	int count;
	Arena *scratch = arena_new();
	Node **roots = body_roots(scratch, body, &count);
	for (int i = 0; i < count; i++)
		if (!graph_holds(body->graph, roots[i])) fault(graph, scan, stage, "a root of its body is of another graph");
	graph_verify(body->graph, roots, count, stage);
	arena_free(scratch);
}

void graph_verify(const Graph *graph, Node **roots, int count, const char *stage)
{
	Arena *scratch = arena_new();
	Context context = {.arena = scratch, .messages = stderr};
	Graph view = *graph; /* rules report at its place, so that the graph itself stays untouched */
	view.context = &context;
	int n;
	Node **order = graph_order(scratch, roots, count, &n);
	for (int i = 0; i < n; i++) {
		verify_node(&view, order[i], stage);
		if (order[i]->op == &op_scan) verify_body(graph, order[i], stage);
	}
	arena_free(scratch);
}
