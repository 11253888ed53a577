/* build_range.c: real and made data stand beside one another when both are handed to one model; a warning where they lie in
 * different ranges, for then they are told apart by that alone. Input: the tensors of a model's calls. Invariant: a range is that of
 * pixels, tanh or sigmoid, moved by numbers; what else a tensor is made of leaves it unknown, and nothing is said. */
#include <math.h>
#include <string.h>
#include "builder.h"

enum { DEPTH = 16 };

/* Pixels of an image: 0 to 255, rescaled. */
static bool pixels(const Builder *builder, const Node *input, Range *range)
{
	const Spec *spec = builder->spec;
	for (int f = 0; f < spec->data.field_count; f++) {
		const nn_data_field *field = &spec->fields[f];
		if (strcmp(field->name, input->at.name) || field->source < 0 || field->part) continue;
		if (spec->infos[field->source].kind->sample != SPEC_SAMPLE_PIXELS) return false;
		*range = (Range){.known = true, .data = true, .high = 255*spec->data_sources[field->source].rescale};
		return true;
	}
	return false;
}

static bool single(const Node *node, double *number)
{
	while (node->op == &op_broadcast || node->op == &op_reshape) node = node->args[0];
	*number = node->at.value;
	return node->op == &op_const && !node->at.data;
}

static Range moved(Range range, double factor, double shift)
{
	double a = range.low*factor + shift, b = range.high*factor + shift;
	range.low = fmin(a, b);
	range.high = fmax(a, b);
	return range;
}

static bool find_range(const Builder *builder, const Node *node, int depth, Range *range)
{
	double number;
	if (depth > DEPTH) return false;
	if (node->op == &op_input) return pixels(builder, node, range);
	if (node->op == &op_tanh || node->op == &op_sigmoid) {
		*range = (Range){.known = true, .low = node->op == &op_tanh ? -1 : 0, .high = 1};
		return true;
	}
	if (node->op == &op_reshape || node->op == &op_transpose) return find_range(builder, node->args[0], depth + 1, range);
	bool sum = node->op == &op_add || node->op == &op_sub, product = node->op == &op_mul || node->op == &op_div;
	if (!sum && !product) return false;
	bool left = single(node->args[0], &number);
	if (left && node->op == &op_div) return false;
	if (!left && !single(node->args[1], &number)) return false;
	if (!find_range(builder, node->args[left], depth + 1, range)) return false;
	if (node->op == &op_add) *range = moved(*range, 1, number);
	else if (node->op == &op_sub) *range = left ? moved(*range, -1, number) : moved(*range, 1, -number);
	else *range = moved(*range, node->op == &op_mul ? number : 1/number, 0);
	return true;
}

void build_check_range(Builder *builder, Definition *model, int input, const Node *tensor, Place place)
{
	Range range = {0}, *real = &model->ranges[2*input], *made = &model->ranges[2*input + 1];
	if (!find_range(builder, tensor, 0, &range)) return;
	*(range.data ? real : made) = range;
	bool same = fabs(real->low - made->low) + fabs(real->high - made->high) < 1e-6*(fabs(real->high) + 1);
	if (!real->known || !made->known || same || model->warned) return;
	model->warned = true;
	diag_warning(builder->context, place, "rescale: 1/255 makes pixels 0 to 1, and 2*data.image - 1 makes them -1 to 1; sigmoid gives 0 to 1, tanh -1 to 1",
		"%s is given data from %.4g to %.4g, and what is made from %.4g to %.4g: it tells them apart by that", model->name, real->low, real->high,
		made->low, made->high);
}

Range build_picture_range(const Builder *builder, const Node *y)
{
	Range own = {0}, pixels = {.low = 0, .high = 1};
	find_range(builder, y, 0, &own);
	for (int m = 0; m < builder->model_count; m++) {
		const Definition *d = builder->models[m]->definition;
		for (int i = 0; i < d->inputs.count; i++) {
			const Range *real = &d->ranges[2*i], *made = &d->ranges[2*i + 1];
			if (!real->known || d->input_shapes[i].rank != y->shape.rank || real->high <= real->low) continue;
			if (made->known) return *real;
			if (!pixels.known) pixels = *real;
		}
	}
	return own.known && own.high > own.low ? own : pixels;
}
