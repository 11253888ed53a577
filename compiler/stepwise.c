/* stepwise.c: where the axis of time goes in a graph. Input: a program's graph as it was built, the input whose axis 1 is time, an
 * output. Output: whether the network can run one step at a time, its states carried from call to call. No layer is known by name:
 * attention sums over time, a convolution has a window on it, Bidirectional a scan from the end.
 * Invariant: a value that follows time is known by the stride of time in it: of the number at flat place f the step is
 * f/stride % steps. A reshape keeps that, whatever it makes of the axes. */
#include <string.h>
#include "ops/ops.h"
#include "stepwise.h"

typedef enum How { SAME, TIMED, MIXED } How; /* no input in it; a step of it is of one step of the input; anything else */

typedef struct Timed {
	How how;
	int64_t stride;
} Timed;

typedef struct Walk {
	Context *context;
	Timed *of; /* by id */
	const Node *input;
	int64_t steps;
} Walk;

static const Timed same = {SAME, 0}, mixed = {MIXED, 0};

static int64_t stride_of(const Shape *shape, int axis)
{
	int64_t stride = 1;
	for (int i = axis + 1; i < shape->rank; i++) stride *= shape->dim[i].size;
	return stride;
}

/* The axis that time lies in, alone or beside others that were merged with it; -1: it is spread over several. */
static int axis_of(const Walk *walk, const Shape *shape, int64_t stride)
{
	for (int axis = 0; axis < shape->rank; axis++) {
		int64_t own = stride_of(shape, axis);
		if (stride % own == 0 && stride*walk->steps <= own*shape->dim[axis].size) return axis;
	}
	return -1;
}

/* A value whose axis goes to another axis of a shape, as it is. */
static Timed moved(const Walk *walk, const Node *from, const Shape *to, int axis)
{
	int64_t stride = walk->of[from->id].stride;
	int old = axis_of(walk, &from->shape, stride);
	if (old < 0 || axis < 0 || from->shape.dim[old].size != to->dim[axis].size) return mixed;
	return (Timed){TIMED, stride/stride_of(&from->shape, old)*stride_of(to, axis)};
}

/* May a value that no input is in differ from place to place along an axis? */
static bool varies(const Node *node, int axis)
{
	if (axis < 0 || node->shape.dim[axis].size == 1 || (node->op == &op_const && !node->at.data)) return false;
	if (node->op != &op_broadcast && node->op->kind != OP_ELEMENTWISE) return true;
	for (int i = 0; i < node->arg_count; i++)
		if (varies(node->args[i], axis - node->shape.rank + node->args[i]->shape.rank)) return true;
	return false;
}

static bool meet(Timed *all, Timed one)
{
	bool first = all->how == SAME;
	if (first) *all = one;
	return all->how == TIMED && one.how == TIMED && (first || all->stride == one.stride);
}

/* Operands that stand beside one another from the right: those of time agree, the others are the same at every step. */
static Timed together(const Walk *walk, const Node *node)
{
	Timed all = same;
	for (int i = 0; i < node->arg_count; i++) {
		const Node *arg = node->args[i];
		if (walk->of[arg->id].how == SAME) continue;
		int axis = axis_of(walk, &arg->shape, walk->of[arg->id].stride);
		if (!meet(&all, moved(walk, arg, &node->shape, axis < 0 ? axis : axis + node->shape.rank - arg->shape.rank))) return mixed;
	}
	int axis = axis_of(walk, &node->shape, all.stride);
	for (int i = 0; i < node->arg_count; i++)
		if (walk->of[node->args[i]->id].how == SAME && varies(node->args[i], axis - node->shape.rank + node->args[i]->shape.rank)) return mixed;
	return all;
}

/* What goes over an axis, or some: not over that of time. */
static Timed beside(const Walk *walk, const Node *node, unsigned axes)
{
	int axis = axis_of(walk, &node->args[0]->shape, walk->of[node->args[0]->id].stride);
	return axis < 0 || axes >> axis & 1 ? mixed : moved(walk, node->args[0], &node->shape, axis);
}

static Timed transposed(const Walk *walk, const Node *node)
{
	int old = axis_of(walk, &node->args[0]->shape, walk->of[node->args[0]->id].stride), axis = -1;
	for (int i = 0; i < node->shape.rank; i++)
		if (node->at.order[i] == old) axis = i;
	return moved(walk, node->args[0], &node->shape, axis);
}

/* The letter of time stands in the result; the other operand has it for time, or is the same along it. */
static Timed contracted(const Walk *walk, const Node *node)
{
	const char *letters[2] = {node->at.a, node->at.b};
	Timed all = same;
	for (int i = 0; i < 2; i++) {
		const Node *arg = node->args[i], *other = node->args[1 - i];
		if (walk->of[arg->id].how == SAME) continue;
		int axis = axis_of(walk, &arg->shape, walk->of[arg->id].stride);
		const char *out = axis < 0 ? NULL : strchr(node->at.o, letters[i][axis]), *beside = axis < 0 ? NULL : strchr(letters[1 - i], letters[i][axis]);
		if (!out || !meet(&all, moved(walk, arg, &node->shape, (int)(out - node->at.o)))) return mixed;
		if (beside && walk->of[other->id].how == SAME && varies(other, (int)(beside - letters[1 - i]))) return mixed;
	}
	return all;
}

/* Forwards over time, from a number or what is carried; nothing of time but its sequences. */
static Timed scanned(const Walk *walk, const Node *node)
{
	const Body *body = node->at.body;
	if (body->reverse || body->steps != walk->steps) return mixed;
	for (int i = 0; i < node->arg_count; i++) {
		const Node *arg = node->args[i];
		bool sequence = i >= body->carried_count && i < body->carried_count + body->item_count, number = arg->op == &op_const && !arg->at.data;
		Timed of = walk->of[arg->id];
		if (of.how == TIMED ? !sequence || of.stride != stride_of(&arg->shape, 0) : sequence && varies(arg, 0)) return mixed;
		if (i < body->carried_count && !number && (arg->op != &op_variable || arg->at.variable->role != ROLE_CARRIED)) return mixed;
	}
	return (Timed){TIMED, 0};
}

static Timed follow(const Walk *walk, const Node *node)
{
	How most = SAME;
	if (node == walk->input) return (Timed){TIMED, stride_of(&node->shape, 1)};
	for (int i = 0; i < node->arg_count; i++)
		if (walk->of[node->args[i]->id].how > most) most = walk->of[node->args[i]->id].how;
	if (most != TIMED) return most == SAME ? same : mixed;
	const Op *op = node->op;
	const Node *first = node->args[0];
	if (op == &op_reshape || op == &op_stop) return walk->of[first->id];
	if (op == &op_broadcast || op == &op_concat || op->kind == OP_ELEMENTWISE)
		return op == &op_concat && axis_of(walk, &node->shape, walk->of[first->id].stride) == node->at.axis ? mixed : together(walk, node);
	if (op == &op_slice || op == &op_pad || op == &op_flip) return beside(walk, node, 1u << node->at.axis);
	if (op->kind == OP_REDUCE) return beside(walk, node, node->at.axes);
	if (op == &op_transpose) return transposed(walk, node);
	if (op == &op_contract) return contracted(walk, node);
	if (op == &op_gather) { /* the places of the index come first */
		const Node *index = node->args[1];
		return walk->of[first->id].how != SAME ? mixed : moved(walk, index, &node->shape, axis_of(walk, &index->shape, walk->of[index->id].stride));
	}
	if (op == &op_scan) return scanned(walk, node);
	if (op == &op_result && node->at.result == RESULT_STACK) return (Timed){TIMED, stride_of(&node->shape, 0)};
	return mixed;
}

bool stepwise(Context *context, const Node *input, Node *output)
{
	int count;
	Node **order = graph_order(context->arena, &output, 1, &count);
	Walk walk = {context, arena_alloc(context->arena, (size_t)(output->id + 1)*sizeof(Timed)), input, input->shape.rank > 1 ? input->shape.dim[1].size : 0};
	if (walk.steps < 2) return false; /* of one step nothing can be seen */
	for (int i = 0; i < count; i++) walk.of[order[i]->id] = follow(&walk, order[i]);
	Timed of = walk.of[output->id];
	return of.how == TIMED && output->shape.rank > 1 && of.stride == stride_of(&output->shape, 1) && output->shape.dim[1].size == walk.steps;
}

bool stepwise_carried(Context *context, const Node *input, Node *output)
{
	int count;
	Node **order = graph_order(context->arena, &output, 1, &count);
	bool *reached = arena_alloc(context->arena, (size_t)output->id + 1);
	for (int i = 0; i < count; i++) {
		const Node *node = order[i];
		reached[node->id] = node == input;
		for (int k = 0; k < node->arg_count; k++) reached[node->id] |= reached[node->args[k]->id];
		for (int k = 0; reached[node->id] && node->op == &op_scan && k < node->at.body->carried_count; k++)
			if (node->args[k]->op != &op_variable || node->args[k]->at.variable->role != ROLE_CARRIED) return false;
	}
	return true;
}
