/* summary.c: in: a model; out: the table of its layers as Keras prints it, with multiply-adds, and exact bytes.
 * Invariant: the bytes are the plan's own, not estimates. */
#include <string.h>
#include "emit.h"

static const char *shape_none(Arena *arena, const Shape *shape)
{
	const char *text = shape->rank && shape->dim[0].rows ? "None" : "";
	for (int k = *text ? 1 : 0; k < shape->rank; k++)
		text = arena_format(arena, "%s%s%lld", text, *text ? ", " : "", (long long)shape->dim[k].size);
	return arena_format(arena, "(%s)", text);
}

static const char *thousands(Arena *arena, double value)
{
	char digits[64], *to = arena_alloc(arena, 96);
	snprintf(digits, sizeof digits, "%.0f", value);
	size_t length = strlen(digits), k = 0;
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i)%3 == 0) to[k++] = ',';
		to[k++] = digits[i];
	}
	return to;
}

static int wider(int width, const char *text)
{
	int length = (int)strlen(text);
	return length > width ? length : width;
}

/* Of one sample; of several models each called once. */
static double layer_macs(const Model *model, const char *layer)
{
	double macs = model_macs(model_plan(model, "predict"), layer);
	for (int i = 0; i < model->network->other_count; i++) macs += model_macs(model->others[i], layer);
	return macs;
}

const char *summary_layers(const Model *model)
{
	Arena *arena = model->context->arena;
	const Network *network = model->network;
	const char **names = arena_alloc(arena, sizeof *names*(size_t)(network->layer_count + 1));
	int name_width = 32, shape_width = 22;
	for (int i = 0; i < network->layer_count; i++) {
		names[i] = arena_format(arena, "%s (%s)", network->layers[i].name, network->layers[i].type);
		name_width = wider(name_width, names[i]);
		shape_width = wider(shape_width, shape_none(arena, &network->layers[i].output));
	}
	const char *text = arena_format(arena, "%-*s  %-*s  %14s %14s", name_width, "Layer (type)", shape_width, "Output Shape", "Param #", "MACs");
	for (int i = 0; i < network->layer_count; i++) {
		const LayerRow *row = &network->layers[i];
		text = arena_format(arena, "%s\n%-*s  %-*s  %14s %14s", text, name_width, names[i], shape_width, shape_none(arena, &row->output),
			thousands(arena, (double)row->parameters), thousands(arena, layer_macs(model, row->name)));
	}
	return text;
}

static void count_parameters(const Model *model, double *total, double *trainable, double *slots)
{
	*total = *trainable = *slots = 0;
	for (int i = 0; i < model->network->variable_count; i++) {
		const Variable *v = model->network->variables[i];
		double count = (double)shape_count(&v->shape);
		if (v->role == ROLE_WEIGHT || v->role == ROLE_STATE) *total += count;
		if (v->role == ROLE_WEIGHT && v->trainable) *trainable += count;
		if (v->role == ROLE_SLOT || v->role == ROLE_SCALAR) *slots += count;
	}
}

/* How the steps of each recurrence stand in the C: "lstm: 64 steps, 8 a round" */
static const char *recurrences(const Model *model)
{
	Arena *arena = model->context->arena;
	const Plan *train = model_plan(model, "train"), *plan = train ? train : model_plan(model, "predict");
	const char *text = "";
	for (int s = 0; plan && s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		if (!step->body) continue;
		const Node *scan = step->anchor;
		text = arena_format(arena, "%sRecurrence, %s%s: %s\n", text, *scan->layer ? scan->layer : "scan",
			scan->phase == PHASE_FORWARD ? "" : ", gradient", scan_about(arena, step));
	}
	return text;
}

/* "Makes pictures of noise, 64 numbers each, and a class" */
static const char *making(const Model *model)
{
	const Plan *noise = model_plan(model, "noise"), *generate = model_plan(model, "generate");
	int64_t numbers = 0;
	bool class = false;
	if (!noise || !generate) return "";
	for (int i = 0; i < noise->program->output_count; i++) {
		const Shape *shape = &noise->program->outputs[i].node->shape;
		numbers += shape_count(shape)/shape->dim[0].size;
	}
	for (int i = 0; i < generate->count; i++)
		class |= generate->order[i]->op == &op_input && strncmp(generate->order[i]->at.name, "noise", strlen("noise"));
	return arena_format(model->context->arena, "Makes pictures of noise, %s numbers each%s\n", thousands(model->context->arena, (double)numbers),
		class ? ", and a class" : "");
}

const char *summary_text(const Model *model)
{
	Arena *arena = model->context->arena;
	double total, trainable, slots, macs = 0;
	size_t size = (size_t)model->target->number_size, most = 0;
	count_parameters(model, &total, &trainable, &slots);
	for (int i = 0; i < model->network->layer_count; i++) macs += layer_macs(model, model->network->layers[i].name);
	for (int p = 0; p < model->network->program_count; p++)
		if (model->plans[p]->work_bytes > most) most = model->plans[p]->work_bytes;
	const Plan *predict = model_plan(model, "predict");
	const char *text = arena_format(arena, "Model: \"%s\"\n%s\n", model->spec->name, summary_layers(model));
	text = arena_format(arena, "%s\nTotal params: %s\nTrainable params: %s\nNon-trainable params: %s\nOptimizer params: %s\n", text, thousands(arena, total),
		thousands(arena, trainable), thousands(arena, total - trainable), thousands(arena, slots));
	text = arena_format(arena, "%sMultiply-adds, one sample: %s\n%s", text, thousands(arena, macs), recurrences(model));
	text = arena_format(arena, "%sBytes, training (batch %lld): %s state + %s work = %s\n", text, (long long)model->spec->batch,
		thousands(arena, (double)(model->state_count*size)), thousands(arena, (double)most), thousands(arena, (double)(model->state_count*size + most)));
	text = arena_format(arena, "%s%s", text, making(model));
	if (model->network->continues)
		text = arena_format(arena, "%sGenerates %s\n", text, model_plan(model, "generate") ? "step by step, its states carried on"
			: "by reading the last tokens anew for each: some layer looks along time");
	if (!predict) return text;
	size_t inference = model->inference_count*size;
	return arena_format(arena, "%sBytes, inference (batch 1): %s weights + %s work = %s\n", text, thousands(arena, (double)inference),
		thousands(arena, (double)predict->work_bytes), thousands(arena, (double)(inference + predict->work_bytes)));
}
