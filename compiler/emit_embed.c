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

static const Node *find_output(const Plan *plan, int wanted)
{
	return wanted < plan->program->output_count ? plan->program->outputs[wanted].node : NULL;
}

/* the first input is x, others x_NAME: names of a spec may be C's (int, NAN) or ours (work) */
static const char *argument(Arena *arena, const Node *input, bool first)
{
	return first ? "x" : arena_format(arena, "x_%s", c_identifier(arena, input->at.name));
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
		text = arena_format(arena, "%s, %s %s%s", text, number(model), c_identifier(arena, plan->program->outputs[i].name),
			extents(arena, &plan->program->outputs[i].node->shape));
	return text;
}

static SpecSample sample(const Model *model)
{
	return model->spec->data.source_count ? model->spec->infos[0].kind->sample : SPEC_SAMPLE_NONE;
}

static const char *preprocess(const Model *model)
{
	Arena *arena = model->context->arena;
	const char *name = model->spec->name;
	if (model->target->number_size == 8) return NULL;
	if (sample(model) == SPEC_SAMPLE_PIXELS)
		return arena_format(arena, "void %s_preprocess(const uint8_t *pixels, int height, int width, int channels, float *x)", name);
	if (sample(model) == SPEC_SAMPLE_ROW) return arena_format(arena, "void %s_preprocess(const %s_weights *weights, const double *row, float *x)", name, name);
	if (sample(model) == SPEC_SAMPLE_TEXT) return arena_format(arena, "void %s_preprocess(const %s_weights *weights, const char *text, float *x)", name, name);
	return NULL;
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
	if (preprocess(model)) {
		static const char *const samples[] = {"", "bytes, height x width x channels,", "a row of features, NAN for a missing one,", "text in UTF-8"};
		cw(out, "/* %s -> x, as in training */", samples[sample(model)]);
		cw(out, "%s;", preprocess(model));
	}
	if (plan) {
		cw(out, "/* One sample. */");
		cw(out, "void %s_predict(const %s_weights *weights, void *work%s);", name, name, arguments(model, plan));
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
		const Node *node = find_output(plan, i);
		cw(out, "memcpy(%s, (const char *)work + %zu, %lld*sizeof(real));", c_identifier(out->arena, plan->program->outputs[i].name),
			plan->location[node->id].offset, (long long)shape_count(&node->shape));
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
	if (preprocess(model)) {
		cw_blank(out);
		cw(out, "%s", preprocess(model));
		cw(out, "{");
		if (sample(model) == SPEC_SAMPLE_ROW) cw(out, "nn_preprocess_row(&%s_model, 0, weights->numbers, row, x);", name);
		else if (sample(model) == SPEC_SAMPLE_TEXT) cw(out, "nn_preprocess_text(&%s_model, 0, weights->numbers, text, x);", name);
		else cw(out, "nn_preprocess_image(&%s_model, 0, pixels, height, width, channels, x);", name);
		cw(out, "}");
	}
	if (!plan) return;
	cw_blank(out);
	predict(out, model, plan);
}
