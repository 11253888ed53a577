/* plan_memory.c: in: steps in order; out: an offset in the work area for every stored value and scratch. Inputs and outputs keep
 * their memory throughout; anything else from the step that writes it to the last that reads it.
 * Invariant: no two buffers that live at the same step overlap (tests/unit/test_plan.c checks it by brute force). */
#include <stdlib.h>
#include <string.h>
#include "plan.h"

enum { ALIGN = 64 };

typedef struct Reading {
	const Plan *plan;
	Lifetime *life; /* by node id */
	int step;
} Reading;

static void read_by(Reading *reading, const Node *node)
{
	if (!marks_meet(reading->plan->marks, node)) return;
	if (reading->plan->step_of[node->id] == reading->step || !is_stored(reading->plan, node)) {
		for (int i = 0; i < node->arg_count; i++) read_by(reading, node->args[i]);
		return;
	}
	if (reading->life[node->id].last < reading->step) reading->life[node->id].last = reading->step;
}

static Lifetime *lifetimes(const Plan *plan)
{
	Arena *arena = plan->context->arena;
	size_t nodes = (size_t)plan->program->graph->count;
	Reading reading = {.plan = plan, .life = arena_alloc(arena, sizeof(Lifetime)*nodes)};
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		int first = plan->step_of[node->id];
		reading.life[node->id] = first < 0 ? (Lifetime){0, plan->step_count} : (Lifetime){first, first};
	}
	for (int s = 0; s < plan->step_count; s++) {
		marks_clear(plan->marks);
		reading.step = s;
		for (int i = 0; i < plan->steps[s]->count; i++) read_by(&reading, plan->steps[s]->nodes[i]);
	}
	for (int i = 0; i < plan->program->output_count; i++)
		reading.life[plan->program->outputs[i].node->id] = (Lifetime){0, plan->step_count};
	return reading.life;
}

Buffer *plan_buffers(const Plan *plan, int *count)
{
	const Lifetime *life = lifetimes(plan);
	Buffer *buffers = arena_alloc(plan->context->arena, sizeof *buffers*(size_t)(plan->count + plan->step_count + 1));
	int n = 0;
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (plan->location[node->id].space != SPACE_WORK) continue;
		buffers[n++] = (Buffer){node, NULL, plan->location[node->id].offset, plan_bytes(plan, node), life[node->id]};
	}
	for (int s = 0; s < plan->step_count; s++)
		if (plan->steps[s]->scratch_bytes)
			buffers[n++] = (Buffer){NULL, plan->steps[s], plan->steps[s]->scratch_offset, plan->steps[s]->scratch_bytes, {s, s}};
	*count = n;
	return buffers;
}

size_t plan_bytes(const Plan *plan, const Node *node)
{
	int64_t count = shape_count(&node->shape);
	bool by_row = plan->shares && node->shape.rank && node->shape.dim[0].rows;
	if (by_row) count = count/node->shape.dim[0].size*live_dim(plan, node->shape.dim[0]).size;
	return (size_t)count*(size_t)plan->target->number_size;
}

/* reading a whole vector at the end of a buffer may pass its last number by less than a vector */
size_t plan_rounded(size_t bytes) { return (bytes + ALIGN + ALIGN - 1)/ALIGN*ALIGN; }

static int larger_first(const void *a, const void *b)
{
	const Buffer *x = *(Buffer *const *)a, *y = *(Buffer *const *)b;
	if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
	if (x->life.first != y->life.first) return x->life.first - y->life.first;
	return x < y ? -1 : 1;
}

static int earlier_first(const void *a, const void *b)
{
	const Buffer *x = *(Buffer *const *)a, *y = *(Buffer *const *)b;
	if (x->life.first != y->life.first) return x->life.first - y->life.first;
	return larger_first(a, b);
}

static int longer_first(const void *a, const void *b)
{
	const Buffer *x = *(Buffer *const *)a, *y = *(Buffer *const *)b;
	int dx = x->life.last - x->life.first, dy = y->life.last - y->life.first;
	return dx != dy ? dy - dx : larger_first(a, b);
}

/* Each buffer goes to the lowest place that is free for as long as it lives. */
static size_t place_all(Buffer **order, int count)
{
	size_t top = 0;
	for (int i = 0; i < count; i++) {
		size_t at = 0, size = plan_rounded(order[i]->bytes);
		for (bool moved = true; moved;) {
			moved = false;
			for (int k = 0; k < i; k++) {
				const Buffer *other = order[k];
				bool together = other->life.first <= order[i]->life.last && order[i]->life.first <= other->life.last;
				if (!together || at >= other->offset + plan_rounded(other->bytes) || other->offset >= at + size) continue;
				at = other->offset + plan_rounded(other->bytes);
				moved = true;
			}
		}
		order[i]->offset = at;
		if (at + size > top) top = at + size;
	}
	return top;
}

void plan_memory(Plan *plan)
{
	static int (*const orders[])(const void *, const void *) = {larger_first, earlier_first, longer_first};
	int count;
	Buffer *buffers = plan_buffers(plan, &count);
	Buffer **order = arena_alloc(plan->context->arena, sizeof *order*(size_t)(count + 1));
	size_t *best = arena_alloc(plan->context->arena, sizeof *best*(size_t)(count + 1));
	plan->work_bytes = SIZE_MAX;
	for (size_t h = 0; h < sizeof orders/sizeof *orders; h++) {
		for (int i = 0; i < count; i++) order[i] = &buffers[i];
		qsort(order, (size_t)count, sizeof *order, orders[h]);
		size_t top = place_all(order, count);
		if (top >= plan->work_bytes) continue;
		plan->work_bytes = top;
		for (int i = 0; i < count; i++) best[i] = buffers[i].offset;
	}
	for (int i = 0; i < count; i++) {
		if (buffers[i].node) plan->location[buffers[i].node->id].offset = best[i];
		else plan->steps[buffers[i].step->index]->scratch_offset = best[i];
	}
}
