/* dump.c: in: a model; out: a stage of the compilation as text, for people. Invariant: nothing of the model changes. */
#include <string.h>
#include "emit.h"

const char dump_stages[] = "variables, graph, plan, memory, kernels";

static const char *variables(const Model *model)
{
	static const char *const roles[] = {"weight", "state", "carried", "scalar", "slot"};
	Arena *arena = model->context->arena;
	const char *text = "";
	for (int i = 0; i < model->network->variable_count; i++) {
		const Variable *v = model->network->variables[i];
		text = arena_format(arena, "%s%-7s %-40s %s at %zu\n", text, roles[v->role], v->path, shape_text(arena, &v->shape), v->offset);
	}
	return text;
}

static const char *attributes(Arena *arena, const Node *node)
{
	const Attributes *at = &node->at;
	if (node->op == &op_contract) return arena_format(arena, " %s,%s->%s", at->a, at->b, at->o);
	if (node->op == &op_const) return at->data ? " data" : arena_format(arena, " %s", c_number(arena, at->value, false));
	if (node->op == &op_variable) return arena_format(arena, " %s", at->variable->path);
	if (node->op == &op_input) return arena_format(arena, " %s", at->name);
	if (node->op == &op_scan) return arena_format(arena, " %lld steps%s", (long long)at->body->steps, at->body->reverse ? ", from the last" : "");
	if (node->op == &op_result) {
		static const char *const results[] = {[RESULT_LAST] = "last", [RESULT_STACK] = "stack", [RESULT_HISTORY] = "history"};
		return arena_format(arena, " %s %d", results[at->result], at->which);
	}
	if (node->op == &op_slice) return arena_format(arena, " axis %d from %lld", at->axis, (long long)at->start);
	if (node->op == &op_flip) return arena_format(arena, " axis %d", at->axis);
	if (node->op == &op_pad) return arena_format(arena, " axis %d low %lld high %lld", at->axis, (long long)at->low, (long long)at->high);
	if (node->op == &op_unfold || node->op == &op_fold)
		return arena_format(arena, " axis %d size %lld stride %lld low %lld high %lld", at->window.axis, (long long)at->window.size[0],
			(long long)at->window.stride[0], (long long)at->window.low[0], (long long)at->window.high[0]);
	return "";
}

static const char *node_text(Arena *arena, const Node *node)
{
	const char *text = arena_format(arena, "%%%d = %s%s", node->id, node->op->name, attributes(arena, node));
	for (int i = 0; i < node->arg_count; i++) text = arena_format(arena, "%s %%%d", text, node->args[i]->id);
	return arena_format(arena, "%-44s %s%s%s", text, shape_text(arena, &node->shape), *node->layer ? "  # " : "", node->layer);
}

/* What the leaves and roots of a body are. */
static const char *body_text(Arena *arena, const Body *body)
{
	const char *text = "";
	for (int k = 0; k < body->carried_count; k++)
		text = arena_format(arena, "%sstate %d: %%%d, next %%%d\n", text, k, body->carried[k]->id, body->next[k]->id);
	for (int j = 0; j < body->item_count; j++) text = arena_format(arena, "%sitem %d: %%%d\n", text, j, body->items[j]->id);
	for (int f = 0; f < body->fixed_count; f++) text = arena_format(arena, "%sfixed %d: %%%d\n", text, f, body->fixed[f]->id);
	for (int i = 0; i < body->stacked_count; i++)
		if (body->stacked[i]) text = arena_format(arena, "%sstack %d: %%%d\n", text, i, body->stacked[i]->id);
	return text;
}

static const char *graph(const Model *model, const Plan *plan)
{
	Arena *arena = model->context->arena;
	CWriter *out = cwriter_new(arena);
	cw(out, "program %s", plan->program->name);
	for (int i = 0; i < plan->count; i++) cw(out, "%s", node_text(arena, plan->order[i]));
	if (plan->scan) cw_text(out, body_text(arena, plan->scan->at.body));
	for (int i = 0; !plan->scan && i < plan->program->output_count; i++)
		cw(out, "output %s %%%d", plan->program->outputs[i].name, plan->program->outputs[i].node->id);
	for (int i = 0; i < plan->program->assignment_count; i++)
		cw(out, "assign %s %%%d", plan->program->assignments[i].variable->path, plan->program->assignments[i].node->id);
	return out->text;
}

static const char *steps(const Model *model, const Plan *plan)
{
	Arena *arena = model->context->arena;
	CWriter *out = cwriter_new(arena);
	cw(out, "program %s", plan->program->name);
	for (int s = 0; s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		cw(out, "step %d: %s, %.0f ns", s, step->kernel->name, step->cost);
		for (int i = 0; i < step->count; i++)
			cw(out, "    %s%s", node_text(arena, step->nodes[i]), is_stored(plan, step->nodes[i]) ? "  stored" : "");
	}
	return out->text;
}

static const char *memory(const Model *model, const Plan *plan)
{
	CWriter *out = cwriter_new(model->context->arena);
	int count;
	const Buffer *buffers = plan_buffers(plan, &count);
	cw(out, "program %s: %zu bytes", plan->program->name, plan->work_bytes);
	for (int i = 0; i < count; i++) {
		const Buffer *b = &buffers[i];
		const char *what = b->node ? arena_format(out->arena, "%%%d %s %s", b->node->id, b->node->op->name, b->node->layer)
					   : arena_format(out->arena, "scratch of step %d", b->step->index);
		cw(out, "%12zu %12zu  steps %d to %d  %s", b->offset, b->bytes, b->life.first, b->life.last, what);
	}
	return out->text;
}

static const char *choices(const Model *model, const Plan *plan)
{
	CWriter *out = cwriter_new(model->context->arena);
	cw(out, "program %s", plan->program->name);
	for (int s = 0; s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		const Node *node = step->anchor ? step->anchor : step->nodes[0];
		const char *others = "";
		for (int k = 0; kernels[k]; k++) {
			double cost = kernels[k]->cost(plan, step);
			if (cost >= 0 && kernels[k] != step->kernel) others = arena_format(out->arena, "%s, %s %.0f ns", others, kernels[k]->name, cost);
		}
		cw(out, "%-24s %-10s %-30s %.0f ns%s", *node->layer ? node->layer : "-", step->kernel->name, shape_text(out->arena, &node->shape), step->cost, others);
	}
	return out->text;
}

/* text, the plan's, and those of the bodies of its scans */
static const char *with_bodies(const Model *model, const Plan *plan, const char *(*print)(const Model *, const Plan *), const char *text)
{
	text = arena_format(model->context->arena, "%s%s\n", text, print(model, plan));
	for (int s = 0; s < plan->step_count; s++)
		if (plan->steps[s]->body) text = with_bodies(model, plan->steps[s]->body, print, text);
	return text;
}

const char *dump_text(const Model *model, const char *stage)
{
	if (!strcmp(stage, "variables")) return variables(model);
	static const struct {
		const char *name;
		const char *(*text)(const Model *, const Plan *);
	} stages[] = {{"graph", graph}, {"plan", steps}, {"memory", memory}, {"kernels", choices}};
	for (size_t i = 0; i < sizeof stages/sizeof *stages; i++) {
		if (strcmp(stages[i].name, stage)) continue;
		const char *text = "";
		for (int p = 0; p < model->network->program_count; p++) text = with_bodies(model, model->plans[p], stages[i].text, text);
		return text;
	}
	return NULL;
}
