/* emit_embed.c: in: a model; out: NAME.h and the functions that it declares, for programs that embed the network.
 * Invariant: header and functions are printed from the same texts, so that they cannot differ. */
#include <ctype.h>
#include <string.h>
#include "emit.h"

static const char *number(const Model *model) { return model->target->number_size == 8 ? "double" : "float"; }

/* "[224][224][1]": one sample's shape */
static const char *extents(Arena *arena, const Shape *shape)
{
	const char *text = "";
	for (int i = shape->rank && shape->dim[0].rows ? 1 : 0; i < shape->rank; i++) text = arena_format(arena, "%s[%lld]", text, (long long)shape->dim[i].size);
	return *text ? text : "[1]";
}

/* "image" of data.image */
static const char *short_name(const Node *input)
{
	const char *name = input->at.name;
	return strncmp(name, "data.", 5) ? name : name + 5;
}

/* the first input is x, others x_NAME: names of a spec may be C's (int, NAN) or ours (work) */
static const char *argument(Arena *arena, const Node *input, bool first)
{
	return first ? "x" : arena_format(arena, "x_%s", c_identifier(arena, short_name(input)));
}

/* outputs that have names are y_NAME */
static const char *result(const Model *model, const char *name)
{
	const Network *network = model->network;
	bool named = network->output_count && strcmp(network->outputs[0].name, "y");
	return named ? arena_format(model->context->arena, "y_%s", c_identifier(model->context->arena, name)) : c_identifier(model->context->arena, name);
}

static const char *arguments(const Model *model, const Plan *plan)
{
	Arena *arena = model->context->arena;
	const char *text = "";
	int inputs = 0;
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op != &op_input) continue;
		const char *name = argument(arena, node, !inputs++);
		text = arena_format(arena, "%s, const %s %s%s", text, number(model), name, extents(arena, &node->shape));
	}
	for (int i = 0; i < plan->program->output_count; i++)
		if (!plan->program->outputs[i].mask) text = arena_format(arena, "%s, %s %s%s", text, number(model), result(model, plan->program->outputs[i].name),
			extents(arena, &plan->program->outputs[i].node->shape));
	return text;
}

static const nn_data_field *field_of(const Model *model, const Node *input)
{
	const nn_data *data = &model->spec->data;
	for (int f = 0; f < data->field_count; f++)
		if (!strcmp(data->fields[f].name, input->at.name)) return &data->fields[f];
	return NULL;
}

static const nn_data_source *source_of(const Model *model, const nn_data_field *field) { return &model->spec->data.sources[field->source]; }

/* Whether the transforms of a field of windows are known: which of its numbers is which column. */
static bool knows_columns(const Model *model, const nn_data_field *field)
{
	const nn_data_source *source = source_of(model, field);
	bool one = (int)field->count == field->steps; /* where the spec names no features the label, if that goes in */
	if (!source->transform_count || field->column || field->label) return true;
	if (source->features.count) return one || !source->category_count;
	return one && source->label.count == 1 && !spec_holds(&source->ignore, source->label.items[0]);
}

/* "[48][1]": the rows that transforms need, then those of the field */
static const char *window(const Model *model, const nn_data_field *field)
{
	const nn_data_source *source = source_of(model, field);
	return arena_format(model->context->arena, "[%lld][%lld]", (long long)nn_transform_lags(source->transforms, source->transform_count) + field->steps,
		(long long)field->count/field->steps);
}

/* What NAME_preprocess, or with several inputs NAME_preprocess_INPUT, has of a sample. */
static SpecSample sample_of(const Model *model, const nn_data_field *field)
{
	if (!field || field->source < 0 || model->target->number_size == 8) return SPEC_SAMPLE_NONE;
	if (field->steps && !knows_columns(model, field)) return SPEC_SAMPLE_NONE;
	return field->part && !field->column ? SPEC_SAMPLE_NONE : model->spec->infos[field->source].kind->sample;
}

static const char *preprocess(const Model *model, const Node *input, bool alone)
{
	Arena *arena = model->context->arena;
	const char *name = model->spec->name;
	const char *suffix = alone ? "" : arena_format(arena, "_%s", c_identifier(arena, short_name(input)));
	switch (sample_of(model, field_of(model, input))) {
	case SPEC_SAMPLE_PIXELS:
		return arena_format(arena, "void %s_preprocess%s(const uint8_t *pixels, int height, int width, int channels, float *x)", name, suffix);
	case SPEC_SAMPLE_ROW:
		if (field_of(model, input)->steps)
			return arena_format(arena, "void %s_preprocess%s(const %s_weights *weights, const double rows%s, float *x)", name, suffix, name,
				window(model, field_of(model, input)));
		return arena_format(arena, "void %s_preprocess%s(const %s_weights *weights, const double *row, float *x)", name, suffix, name);
	case SPEC_SAMPLE_TEXT:
		return arena_format(arena, "void %s_preprocess%s(const %s_weights *weights, const char *text, float *x)", name, suffix, name);
	case SPEC_SAMPLE_SEQUENCE:
		return arena_format(arena, "void %s_preprocess%s(const %s_weights *weights, const double *values, int steps, float *x)", name, suffix, name);
	case SPEC_SAMPLE_NONE: break;
	}
	return NULL;
}

/* The next input of a plan behind place *at; NULL: there are no more. */
static const Node *next_input(const Plan *plan, int *at)
{
	for (; plan && *at < plan->count; ++*at)
		if (plan->order[*at]->op == &op_input) return plan->order[(*at)++];
	return NULL;
}

static bool is_alone(const Plan *plan)
{
	int at = 0;
	return next_input(plan, &at) && !next_input(plan, &at);
}

static void declare_preprocess(CWriter *out, const Model *model, const Plan *plan)
{
	const Node *input;
	for (int at = 0; (input = next_input(plan, &at)) != NULL;) {
		const char *head = preprocess(model, input, is_alone(plan));
		if (!head) continue;
		static const char *const samples[] = {"", "bytes, height x width x channels,", "values of a row, NAN for a missing one,", "text in UTF-8",
			"values of each step"};
		bool steps = field_of(model, input)->steps > 0;
		cw(out, "/* %s -> x, as in training */", steps ? "rows of a series, oldest first; before the window those that transforms need" :
			samples[sample_of(model, field_of(model, input))]);
		cw(out, "%s;", head);
	}
}

static void define_preprocess(CWriter *out, const Model *model, const Plan *plan)
{
	const Node *input;
	for (int at = 0; (input = next_input(plan, &at)) != NULL;) {
		const char *head = preprocess(model, input, is_alone(plan)), *name = model->spec->name;
		if (!head) continue;
		int field = (int)(field_of(model, input) - model->spec->data.fields);
		cw_blank(out);
		cw(out, "%s", head);
		cw(out, "{");
		SpecSample sample = sample_of(model, field_of(model, input));
		if (sample == SPEC_SAMPLE_TEXT) cw(out, "nn_preprocess_text(&%s_model, %d, weights->numbers, text, x);", name, field);
		else if (sample == SPEC_SAMPLE_ROW && field_of(model, input)->steps)
			cw(out, "nn_preprocess_window(&%s_model, %d, weights->numbers, &rows[0][0], x);", name, field);
		else if (sample == SPEC_SAMPLE_ROW) cw(out, "nn_preprocess_row(&%s_model, %d, weights->numbers, row, x);", name, field);
		else if (sample == SPEC_SAMPLE_SEQUENCE) cw(out, "nn_preprocess_sequence(&%s_model, %d, weights->numbers, values, steps, x);", name, field);
		else cw(out, "nn_preprocess_image(&%s_model, %d, pixels, height, width, channels, x);", name, field);
		cw(out, "}");
	}
}

/* Whether the program has an output of so many numbers a sample. */
static bool gives(const Plan *plan, const char *name, int64_t count)
{
	for (int i = 0; i < plan->program->output_count; i++) {
		const Output *output = &plan->program->outputs[i];
		if (!strcmp(output->name, name)) return shape_count(&output->node->shape) == count;
	}
	return false;
}

/* NAME_restore, or of several outputs NAME_restore_OUTPUT: what is predicted of a series in its own units. NULL: it is none */
static const char *restore(const Model *model, const Plan *plan, int output)
{
	const Network *network = model->network;
	Arena *arena = model->context->arena;
	const Predicted *predicted = &network->outputs[output];
	const nn_data_field *field = predicted->label >= 0 ? &model->spec->fields[predicted->label] : NULL;
	if (!field || field->source < 0 || !source_of(model, field)->horizon || model->target->number_size == 8) return NULL;
	if (!gives(plan, predicted->name, (int64_t)field->count)) return NULL;
	const char *suffix = network->output_count > 1 ? arena_format(arena, "_%s", c_identifier(arena, predicted->name)) : "";
	return arena_format(arena, "void %s_restore%s(const %s_weights *weights, const float *y, double rows%s)", model->spec->name, suffix, model->spec->name,
		window(model, field));
}

static void restores(CWriter *out, const Model *model, const Plan *plan, bool define)
{
	for (int i = 0; i < model->network->output_count; i++) {
		const char *head = restore(model, plan, i);
		if (!head) continue;
		if (!define) {
			cw(out, "/* y -> rows that are predicted, in the units of the file; before them stand those that transforms need */");
			cw(out, "%s;", head);
			continue;
		}
		cw_blank(out);
		cw(out, "%s", head);
		cw(out, "{");
		cw(out, "nn_restore_window(&%s_model, %d, weights->numbers, y, &rows[0][0]);", model->spec->name, model->network->outputs[i].label);
		cw(out, "}");
	}
}

const char *emit_header(const Model *model)
{
	CWriter *out = cwriter_new(model->context->arena);
	const char *name = model->spec->name;
	const Plan *plan = model_plan(model, "predict");
	cw_comment(out, "%s.h: to use the network %s in a program: link %s.c, compiled, and the runtime library.\n"
		"No globals, no allocation: threads with a work area each may call at once. Work areas are aligned to 64 bytes.", name, name, name);
	char *guard = arena_format(out->arena, "%s_H", name);
	for (char *c = guard; *c; c++) *c = (char)toupper((unsigned char)*c);
	cw(out, "#ifndef %s\n#define %s\n#include \"nn.h\"\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n", guard, guard);
	out->depth = 0;
	cw(out, "#define %s_WORK_BYTES ((size_t)%zu) /* of the work area of %s_predict */", name, plan ? plan->work_bytes + 64 : 64, name);
	cw(out, "\ntypedef struct %s_weights {", name);
	cw(out, "%s numbers[%zu];", number(model), model->inference_count);
	cw(out, "} %s_weights;\n", name);
	cw(out, "/* Reads a checkpoint. 0, or 1 and what is wrong with it. */");
	cw(out, "int %s_load(%s_weights *weights, const char *path, char error[256]);", name, name);
	declare_preprocess(out, model, plan);
	if (plan) {
		cw(out, "/* One sample. */");
		cw(out, "void %s_predict(const %s_weights *weights, void *work%s);", name, name, arguments(model, plan));
		restores(out, model, plan, false);
	}
	cw(out, "\nextern const nn_model %s_model; /* for the runtime */", name);
	cw(out, "\n#ifdef __cplusplus\n}\n#endif\n#endif");
	return out->text;
}

static void predict(CWriter *out, const Model *model, const Plan *plan)
{
	const char *name = model->spec->name;
	cw(out, "void %s_predict(const %s_weights *weights, void *work%s)", name, name, arguments(model, plan));
	cw(out, "{");
	cw(out, "static const nn_call call = {.rows = 1, .threads = 0, .seed = 0, .step = 0, .epoch = 0};");
	int inputs = 0;
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op != &op_input) continue;
		cw(out, "memcpy((char *)work + %zu, %s, %lld*sizeof(real));", plan->location[node->id].offset,
			argument(out->arena, node, !inputs++), (long long)shape_count(&node->shape));
	}
	cw(out, "union {");
	cw(out, "const real *read;");
	cw(out, "void *block;");
	cw(out, "} state = {weights->numbers}; /* predict writes no state */");
	cw(out, "run_predict(state.block, work, &call);");
	for (int i = 0; i < plan->program->output_count; i++) {
		const Output *output = &plan->program->outputs[i];
		if (output->mask) continue; /* whoever embeds the network knows its inputs */
		cw(out, "memcpy(%s, (const char *)work + %zu, %lld*sizeof(real));", result(model, output->name),
			plan->location[output->node->id].offset, (long long)shape_count(&output->node->shape));
	}
	cw(out, "}");
}

void emit_embedding(CWriter *out, const Model *model)
{
	const char *name = model->spec->name;
	const Plan *plan = model_plan(model, "predict");
	cw(out, "int %s_load(%s_weights *weights, const char *path, char error[256])", name, name);
	cw(out, "{");
	cw(out, "return nn_load(&%s_model, weights->numbers, path, error);", name);
	cw(out, "}");
	define_preprocess(out, model, plan);
	if (!plan) return;
	cw_blank(out);
	predict(out, model, plan);
	restores(out, model, plan, true);
}
