/* kernel.c: what kernels ask of the plan. In: nodes with their locations; out: pointer declarations, live sizes, affine
 * views, cost constants. Invariant: names are functions of the node alone, so that every part of a step's text agrees. */
#include <string.h>
#include "kernel.h"

bool is_stored(const Plan *plan, const Node *node) { return plan->location[node->id].space != SPACE_NONE; }

const char *const time_names[MAX_SCANS] = {"t", "t1", "t2"};

bool is_view(const Node *node) { return node->op->kind == OP_MOVE || node->op == &op_gather; }

const char *dim_text(Arena *arena, Dim dim)
{
	if (!dim.rows) return arena_format(arena, "%lld", (long long)dim.size);
	return dim.rows == 1 ? "n" : arena_format(arena, "n*%lld", (long long)dim.rows);
}

bool same_places(const Shape *a, const Shape *b)
{
	return shape_count(a) == shape_count(b) && shape_rows(a) == shape_rows(b);
}

/* A parallel region costs a microsecond to open and close, a second core its cold cache; estimates are on the high side. */
bool worth_threads(const Plan *plan, double nanoseconds) { return !plan->shares && nanoseconds > 40e3; }

int64_t share_rows(const Plan *plan)
{
	int64_t batch = plan->program->graph->batch;
	return plan->shares ? (batch + plan->shares - 1)/plan->shares : batch;
}

Dim live_dim(const Plan *plan, Dim dim) { return dim.rows ? (Dim){dim.rows*share_rows(plan), dim.rows} : dim; }

const char *scratch_text(const Plan *plan, size_t offset)
{
	Arena *arena = plan->context->arena;
	if (!plan->shares) return arena_format(arena, "work + %zu", offset);
	return arena_format(arena, "work + %zu + share*%zu", offset, plan->share_bytes);
}

void marks_clear(Marks *marks) { marks->walk++; }

bool marks_meet(Marks *marks, const Node *node)
{
	bool first = marks->walk_of[node->id] != marks->walk;
	marks->walk_of[node->id] = marks->walk;
	return first;
}

/* --- names and pointers --- */

const char *pointer_name(const Plan *plan, const Node *node)
{
	Arena *arena = plan->context->arena;
	if (node->op == &op_variable) return arena_format(arena, "%s_%d", c_identifier(arena, text_tail(node->at.variable->path)), node->id);
	if (node->op == &op_input) return arena_format(arena, "%s_%d", c_identifier(arena, node->at.name), node->id);
	if (node->op == &op_const) return arena_format(arena, "%s_table_%zu", c_identifier(arena, plan->program->name), plan->location[node->id].offset);
	const char *gradient = node->phase == PHASE_GRADIENT ? "d_" : "";
	return arena_format(arena, "%s%s_%d", gradient, *node->layer ? c_identifier(arena, node->layer) : node->op->name, node->id);
}

typedef struct Seen {
	Node **nodes;
	int count, capacity;
} Seen;

/* What is stored and read to compute node in this step: below it, through everything that is not stored. */
static void reads(const Plan *plan, const Step *step, Node *node, Seen *seen)
{
	if (!marks_meet(plan->marks, node)) return;
	bool here = plan->step_of[node->id] == step->index;
	if (!here && is_stored(plan, node)) {
		seen->nodes = arena_grow(plan->context->arena, seen->nodes, seen->count, &seen->capacity, sizeof *seen->nodes);
		seen->nodes[seen->count++] = node;
		return;
	}
	for (int i = 0; i < node->arg_count; i++) reads(plan, step, node->args[i], seen);
}

static Seen nodes_read(const Plan *plan, const Step *step, Node **nodes, int count)
{
	Seen seen = {0};
	marks_clear(plan->marks);
	for (int i = 0; i < count; i++) reads(plan, step, nodes[i], &seen);
	return seen;
}

static Seen step_reads(const Plan *plan, const Step *step) { return nodes_read(plan, step, step->nodes, step->count); }

Node *same_memory(Node *node, int64_t *first)
{
	*first = 0;
	for (; node->arg_count && node->args[0]->op != &op_const; node = node->args[0]) {
		const Shape *whole = &node->args[0]->shape;
		bool piece = node->op == &op_slice && node->at.axis == 0 && !whole->dim[0].rows;
		if (piece) *first += node->at.start*(shape_count(whole)/whole->dim[0].size);
		else if (node->op != &op_reshape && node->op != &op_stop) break;
	}
	return node;
}

const Variable *written_variable(const Plan *plan, const Node *node)
{
	const Program *program = plan->program;
	for (int i = 0; i < program->assignment_count; i++)
		if (program->assignments[i].node == node && plan->in_place[i]) return program->assignments[i].variable;
	return NULL;
}

static const char *what(const Plan *plan, const Node *node)
{
	Arena *arena = plan->context->arena;
	const char *shape = shape_text(arena, &node->shape);
	if (node->op == &op_variable) return arena_format(arena, "%s %s", node->at.variable->path, shape);
	if (node->op == &op_input) return arena_format(arena, "%s %s", node->at.name, shape);
	const Variable *variable = written_variable(plan, node);
	if (variable) return arena_format(arena, "next %s %s", variable->path, shape);
	return arena_format(arena, "%s%s%s%s %s", node->phase == PHASE_GRADIENT ? "gradient: " : "", node->op->name, *node->layer ? " of " : "",
		node->layer, shape);
}

const char *location_text(Arena *arena, Location at, bool writes)
{
	if (at.space == SPACE_TABLE) return NULL; /* a global array */
	if (at.space == SPACE_STATE) return arena_format(arena, "state + %zu", at.offset);
	const char *place = arena_format(arena, "work + %zu", at.offset);
	for (int d = 0; d < MAX_SCANS; d++) {
		static const char *const turns[] = {[TURN_TIME] = "%s + %s*%zu", [TURN_EVEN] = "%s + (%s & 1)*%zu", [TURN_ODD] = "%s + (~%s & 1)*%zu"};
		if (at.stride[d].bytes) place = arena_format(arena, turns[at.stride[d].turn], place, time_names[d], at.stride[d].bytes);
	}
	if (at.row_bytes) place = arena_format(arena, "%s + first_row*%zu", place, at.row_bytes);
	if (at.share_bytes) place = arena_format(arena, "%s + share*%zu", place, at.share_bytes);
	return arena_format(arena, "(%sreal *)(%s)", writes ? "" : "const ", place);
}

static void pointer(CWriter *out, const Plan *plan, const Node *node, bool writes)
{
	const char *place = location_text(out->arena, plan->location[node->id], writes);
	if (!place) return;
	char *comment = arena_format(out->arena, "%s", what(plan, node));
	for (char *c = comment; *c; c++)
		if ((unsigned char)*c < 32 || *c == '*' || *c == '\\' || *c == '?') *c = ' '; /* nothing that ends the comment */
	cw(out, "%sreal *const %s = %s; /* %s */", writes ? "" : "const ", pointer_name(plan, node), place, comment);
}

void node_pointers(CWriter *out, const Plan *plan, const Step *step, Node **nodes, int count)
{
	Seen seen = nodes_read(plan, step, nodes, count);
	for (int i = 0; i < seen.count; i++) pointer(out, plan, seen.nodes[i], false);
}

void step_pointers(CWriter *out, const Plan *plan, const Step *step)
{
	node_pointers(out, plan, step, step->nodes, step->count);
	for (int i = 0; i < step->store_count; i++) pointer(out, plan, step->stores[i], true);
}

double step_loads(const Plan *plan, const Step *step)
{
	Seen seen = step_reads(plan, step);
	double numbers = 0;
	for (int i = 0; i < seen.count; i++) numbers += (double)shape_count(&seen.nodes[i]->shape);
	for (int i = 0; i < step->store_count; i++) numbers += (double)shape_count(&step->stores[i]->shape);
	return numbers*plan->target->number_size;
}

/* --- affine views --- */

/* one view down: the place in what the view is a view of; false: not affine */
static bool below(Scope *scope, const Node *node, const Index *at, Index *place)
{
	const Node *arg = node->args[0];
	int shift = node->shape.rank - arg->shape.rank;
	const Window *w = &node->at.window;
	if (node->op == &op_broadcast) {
		for (int k = 0; k < arg->shape.rank; k++) place[k] = arg->shape.dim[k].size == 1 ? index_constant(0) : at[k + shift];
	} else if (node->op == &op_transpose) {
		for (int k = 0; k < node->shape.rank; k++) place[node->at.order[k]] = at[k];
	} else if (node->op == &op_slice) {
		for (int k = 0; k < node->shape.rank; k++) place[k] = at[k];
		if (arg->shape.dim[node->at.axis].rows && node->at.start) return false; /* it starts where live rows end */
		place[node->at.axis].constant += node->at.start;
	} else if (node->op == &op_flip) {
		for (int k = 0; k < node->shape.rank; k++) place[k] = at[k];
		place[node->at.axis] = index_add(index_constant(arg->shape.dim[node->at.axis].size - 1), at[node->at.axis], -1);
	} else if (node->op == &op_unfold) {
		for (int i = 0; i < w->rank; i++)
			if (w->low[i] || w->high[i]) return false;
		for (int k = 0; k < arg->shape.rank; k++) {
			int i = k - w->axis;
			if (i < 0) place[k] = at[k];
			else if (i >= w->rank) place[k] = at[k + w->rank];
			else place[k] = index_add(index_add(index_constant(0), at[k], w->stride[i]), at[k + w->rank], w->dilation[i]);
		}
	} else return false;
	return !scope->awkward;
}

bool affine_view(const Plan *plan, Node *view, Node **stored, int64_t *offset, int64_t *strides)
{
	Scope *scope = scope_new(NULL, plan, NULL);
	Shape shape = view->shape;
	Index at[MAX_RANK], place[MAX_RANK];
	for (int k = 0; k < shape.rank; k++) at[k] = index_var(scope_var(scope, "i", shape.dim[k].size), 1);
	Node *node = view;
	for (; !is_stored(plan, node); node = node->args[0]) {
		if (node->op == &op_stop || node->op == &op_reshape) continue; /* the same places in the same order */
		if (!is_view(node)) return false;
		index_reshape(scope, &shape, at, &node->shape, place);
		if (scope->awkward || !below(scope, node, place, at)) return false;
		shape = node->args[0]->shape;
	}
	Index flat = index_flat(&shape, at);
	*stored = node;
	*offset = flat.constant;
	for (int k = 0; k < view->shape.rank; k++) strides[k] = index_by(&flat, k);
	return true;
}

const char *helper(const Plan *plan, const char *hint, const char *comment, const char *arguments, const char *body)
{
	Helpers *all = plan->helpers;
	Arena *arena = plan->context->arena;
	const char *text = arena_format(arena, "(%s)\n%s", arguments, body), *name = hint;
	for (int i = 0, number = 2; i < all->count; i++) {
		if (!strcmp(all->items[i].text, text)) return all->items[i].name;
		if (strcmp(all->items[i].name, name)) continue;
		name = arena_format(arena, "%s_%d", hint, number++);
		i = -1;
	}
	all->items = arena_grow(arena, all->items, all->count, &all->capacity, sizeof *all->items);
	all->items[all->count++] = (Helper){name, comment, text};
	return name;
}
