/* spec_field.c: the fields that expressions see as data.NAME. Input: the data section and the shapes of the model's
 * input and of the labels its loss wants; output: two Fields, and the rest of Spec.data. Invariant: every shape in
 * Spec.data is the fields'. */
#include <string.h>
#include "spec_read.h"

static const char *shape_words(Arena *arena, int rank, const int64_t *shape)
{
	const char *text = "[";
	for (int i = 0; i < rank; i++) text = arena_format(arena, "%s%s%lld", text, i ? ", " : "", (long long)shape[i]);
	return arena_format(arena, "%s]", text);
}

static int64_t product(int rank, const int64_t *shape)
{
	int64_t count = 1;
	for (int i = 0; i < rank; i++) count *= shape[i];
	return count;
}

static Field make_field(const char *name, int rank, const int64_t *shape, bool integer)
{
	Field field = {.name = name, .rank = rank, .integer = integer};
	for (int i = 0; i < rank; i++) field.shape[i] = shape[i];
	return field;
}

/* --- the input ---------------------------------------------------------------------------------------------------- */

static bool fit_images(Context *context, Spec *spec, int rank, const int64_t *input)
{
	nn_data *data = &spec->data;
	const char *shape = shape_words(context->arena, rank, input),
		   *help = "input: [height, width, channels]; 1 channel for grayscale, 3 for rgb";
	if (rank != 3 || (input[2] != 1 && input[2] != 3 && input[2] != 4)) {
		diag_error(context, spec->input_place, help, "images do not fit the model's input %s", shape);
		return false;
	}
	if (data->height && (data->height != input[0] || data->width != input[1])) {
		diag_error(context, spec->input_place, NULL, "target_size is [%d, %d], but the model's input is %s",
			data->height, data->width, shape);
		return false;
	}
	if (data->channels && data->channels != input[2]) {
		diag_error(context, spec->input_place, help, "images of %d channel%s do not fit the model's input %s",
			data->channels, data->channels > 1 ? "s" : "", shape);
		return false;
	}
	data->height = (int)input[0];
	data->width = (int)input[1];
	data->channels = (int)input[2];
	return true;
}

static bool fit_input(Context *context, Spec *spec, int rank, const int64_t *input)
{
	nn_data *data = &spec->data;
	if (rank > NN_RANK) {
		diag_error(context, spec->input_place, NULL, "an input of more than %d dimensions", NN_RANK);
		return false;
	}
	if (data->source == NN_IMAGE_FOLDER) return fit_images(context, spec, rank, input);
	if (data->source == NN_CSV && rank != 1) {
		diag_error(context, spec->input_place, "input: [features]",
			"rows of a table do not fit the model's input %s", shape_words(context->arena, rank, input));
		return false;
	}
	if (data->source == NN_IDX && (rank == 2 || rank == 3)) {
		data->height = (int)input[0];
		data->width = (int)input[1];
		data->channels = rank == 3 ? (int)input[2] : 1;
	}
	return true;
}

/* --- the label ---------------------------------------------------------------------------------------------------- */

/* Whether a sample's label is one class or one number, whatever the loss wants. */
static bool single(const nn_data *data)
{
	return data->source == NN_IMAGE_FOLDER || data->source == NN_CSV || data->source == NN_IDX;
}

static bool has_label(const Spec *spec)
{
	const nn_data *data = &spec->data;
	if (data->source == NN_CSV) return data->label != NULL;
	bool none = spec->class_mode_given && data->class_mode == NN_CLASS_NONE;
	if (data->source == NN_IDX) return !none || data->train.labels;
	if (data->source == NN_NPY) return !none || data->train.targets;
	return !none;
}

/* The classes that one-hot labels have: those of the spec, else as many as the loss wants. 0 after a message. */
static int64_t one_hot_size(Context *context, const Spec *spec, int rank, const int64_t *label)
{
	const nn_data *data = &spec->data;
	int64_t wanted = rank == 1 ? label[0] : 0;
	if (data->class_count && wanted && data->class_count != wanted) {
		diag_error(context, spec->input_place, NULL, "'classes' names %d classes, but the loss wants labels %s",
			data->class_count, shape_words(context->arena, rank, label));
		return 0;
	}
	if (data->class_count || wanted) return data->class_count ? data->class_count : wanted;
	diag_error(context, spec->input_place, "classes: [.., ..]",
		"class_mode categorical needs to know how many classes there are");
	return 0;
}

/* Reports a class_mode that the loss has no use for. */
static bool fits_loss(Context *context, const Spec *spec, int rank, const int64_t *label)
{
	static const char *const modes[] = {"sparse", "binary", "categorical", "none"};
	nn_class_mode mode = spec->data.class_mode;
	int64_t numbers = rank < 0 ? 0 : product(rank, label);
	if (!spec->class_mode_given || rank < 0 || mode == NN_CLASS_NONE) return true;
	if ((mode == NN_CLASS_CATEGORICAL) == (numbers > 1)) return true;
	if (mode == NN_CLASS_CATEGORICAL)
		diag_error(context, spec->input_place, "class_mode: sparse or binary, or another loss",
			"class_mode categorical gives a number for each class, but the loss wants one number a sample");
	else
		diag_error(context, spec->input_place,
			"class_mode: categorical, or the loss sparse_categorical_crossentropy",
			"class_mode %s gives one number a sample, but the loss wants %s", modes[mode],
			shape_words(context->arena, rank, label));
	return false;
}

static bool make_label(Context *context, Spec *spec, int rank, const int64_t *label, Field *field)
{
	nn_data *data = &spec->data;
	const char *name = data->source == NN_NPY || data->source == NN_NO_DATA ? "targets" : "label";
	bool given = spec->class_mode_given && data->class_mode != NN_CLASS_NONE,
	     many = rank > 0 && product(rank, label) > 1;
	bool classes = data->class_count || data->source == NN_IMAGE_FOLDER || data->source == NN_IDX || given;
	if (!fits_loss(context, spec, rank, label)) return false;
	if (rank > 1 && single(data)) {
		diag_error(context, spec->input_place, "write the loss as an expression: mean((data.image - y)^2)",
			"a label is one class or number, but the loss wants %s", shape_words(context->arena, rank, label));
		return false;
	}
	if (!given && many && single(data)) data->class_mode = NN_CLASS_CATEGORICAL;
	if ((given || single(data)) && data->class_mode == NN_CLASS_CATEGORICAL) {
		int64_t size = one_hot_size(context, spec, rank, label);
		*field = make_field(name, 1, &size, false);
		return size > 0;
	}
	bool scalar = given || single(data) || rank < 0;
	*field = make_field(name, scalar ? 0 : rank, label, classes && data->class_mode == NN_CLASS_SPARSE && scalar);
	return true;
}

static void keep(Arena *arena, const Field *field, const char **name, int *rank, int64_t *shape)
{
	*name = arena_format(arena, "data.%s", field->name);
	*rank = field->rank;
	for (int i = 0; i < field->rank; i++) shape[i] = field->shape[i];
}

int spec_fields(Context *context, Spec *spec, int input_rank, const int64_t *input, int label_rank,
	const int64_t *label, Field fields[2])
{
	static const char *const names[] = {"inputs", "image", "features", "image", "inputs"};
	nn_data *data = &spec->data;
	if (!fit_input(context, spec, input_rank, input)) return 0;
	if (label_rank > NN_RANK) {
		diag_error(context, spec->input_place, NULL, "a label of more than %d dimensions", NN_RANK);
		return 0;
	}
	fields[0] = make_field(names[data->source], input_rank, input, false);
	keep(context->arena, &fields[0], &data->input_field, &data->input_rank, data->input_shape);
	if (!has_label(spec)) return 1;
	if (!make_label(context, spec, label_rank, label, &fields[1])) return 0;
	keep(context->arena, &fields[1], &data->label_field, &data->label_rank, data->label_shape);
	return 2;
}
