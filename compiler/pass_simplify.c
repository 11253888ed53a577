/* pass_simplify.c: how passes rewrite a program, and all of them in their order. Requires: a verified graph. Keeps: the values
 * of outputs and assignments; place, layer and phase of what is rewritten. */
#include <assert.h>
#include "pass.h"

enum { REPLACEMENTS = 16, ROUNDS = 12 };

bool is_number(const Node *node) { return node->op == &op_const && !node->at.data; }
bool is_value(const Node *node, double value) { return is_number(node) && node->at.value == value; }

Node **pass_roots(Arena *arena, const Program *program, int *count)
{
	int n = 0;
	Node **roots =
		arena_alloc(arena, (size_t)(program->output_count + program->assignment_count + 1) * sizeof *roots);
	for (int i = 0; i < program->output_count; i++) roots[n++] = program->outputs[i].node;
	for (int i = 0; i < program->assignment_count; i++) roots[n++] = program->assignments[i].node;
	*count = n;
	return roots;
}

void pass_set_roots(Program *program, Node **roots)
{
	for (int i = 0; i < program->output_count; i++) program->outputs[i].node = *roots++;
	for (int i = 0; i < program->assignment_count; i++) program->assignments[i].node = *roots++;
}

/* node over its arguments' replacements; itself if there are none */
static Node *over_new(Graph *graph, Arena *scratch, Node *node, Node **new)
{
	Node **args = NULL;
	for (int i = 0; i < node->arg_count; i++) {
		Node *arg = new[node->args[i]->id];
		if (arg == node->args[i] && !args) continue;
		if (!args) {
			args = arena_alloc(scratch, (size_t)node->arg_count * sizeof *args);
			for (int k = 0; k < i; k++) args[k] = node->args[k];
		}
		args[i] = arg;
	}
	return args ? make_like(graph, node, args) : node;
}

static Node *apply_rule(Graph *graph, Node *node, PassRule *rule, void *user)
{
	graph_stamp_as(graph, node);
	for (int i = 0; i < REPLACEMENTS; i++) {
		Node *next = rule(graph, node, user);
		if (!next || next == node) break;
		assert(shape_equal(&next->shape, &node->shape));
		node = next;
	}
	return node;
}

/* The scan over a body that is rewritten; itself if nothing changes. */
static Node *rewrite_body(Graph *graph, Node *scan, PassRule *rule, void *user)
{
	const Body *body = scan->at.body;
	Body *copy = body_copy(graph->context, body);
	int carried = body->carried_count, count = carried + body->stacked_count;
	Arena *scratch = arena_new();
	Node **roots = arena_alloc(scratch, (size_t)(count + 1) * sizeof *roots);
	for (int i = 0; i < count; i++) roots[i] = i < carried ? body->next[i] : body->stacked[i - carried];
	bool changed = pass_rewrite_roots(body->graph, roots, count, rule, user);
	for (int i = 0; i < count; i++) *(i < carried ? &copy->next[i] : &copy->stacked[i - carried]) = roots[i];
	arena_free(scratch);
	if (!changed) return scan;
	Node *made = make_like(graph, scan, scan->args);
	made->at.body = copy;
	return made;
}

bool pass_rewrite_roots(Graph *graph, Node **roots, int root_count, PassRule *rule, void *user)
{
	Graph before = *graph;
	Arena *scratch = arena_new();
	bool changed = false;
	int count;
	Node **order = graph_order(scratch, roots, root_count, &count);
	Node **new = arena_alloc(scratch, (size_t)(graph->count + 1) * sizeof *new);
	for (int i = 0; i < count; i++) {
		Node *node = over_new(graph, scratch, order[i], new);
		if (node->op == &op_scan) node = rewrite_body(graph, node, rule, user);
		new[order[i]->id] = apply_rule(graph, node, rule, user);
		changed |= new[order[i]->id] != order[i];
	}
	for (int i = 0; i < root_count; i++)
		if (roots[i]) roots[i] = new[roots[i]->id];
	graph_restamp(graph, &before);
	arena_free(scratch);
	return changed;
}

bool pass_rewrite(Program *program, PassRule *rule, void *user)
{
	Arena *scratch = arena_new();
	int root_count;
	Node **roots = pass_roots(scratch, program, &root_count);
	bool changed = pass_rewrite_roots(program->graph, roots, root_count, rule, user);
	pass_set_roots(program, roots);
	arena_free(scratch);
	return changed;
}

typedef bool Pass(Context *context, Program *program);

/* Runs the passes in turn until all of them, one after the other, have changed nothing; true if one did. */
static bool repeat(Context *context, Program *program, Pass *const *passes, int count)
{
	int idle = 0, i = 0;
	for (; idle < count && i < ROUNDS * count; i++) idle = passes[i % count](context, program) ? 0 : idle + 1;
	return idle < i;
}

static void verify(Program *program, const char *stage)
{
	Arena *scratch = arena_new();
	int count;
	Node **roots = pass_roots(scratch, program, &count);
	graph_verify(program->graph, roots, count, stage);
	arena_free(scratch);
}

bool pass_simplify(Context *context, Program *program)
{
	static Pass *const exact[] = {pass_fold, pass_share, pass_scan, pass_masks};
	static Pass *const all[] = {pass_algebra, pass_windows, pass_fold, pass_share, pass_scan, pass_hoist, pass_tables};
	bool changed = repeat(context, program, exact, 4);
	changed |= pass_constants(context, program);
	verify(program, "exact passes");
	changed |= repeat(context, program, all, 7);
	if (pass_constants(context, program)) {
		repeat(context, program, exact, 4);
		changed = true;
	}
	verify(program, "algebra");
	return changed;
}
