/* spec_fit.c: what a kind's fields are: SourceKind.fit. Input: a field with the shape that the model
 * wants; output: what the source leaves open, from that shape. Invariant: false comes after a message, of
 * the source and the shape. */
#include <string.h>
#include "spec_read.h"

bool spec_fit_images(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	const int64_t *input = field->shape;
	const char *shape = spec_shape_words(context->arena, field->rank, input),
		   *help = "input: [height, width, channels]; 1 channel for grayscale, 3 for rgb";
	if (field->rank == 3 && input[0] <= 4 && input[2] > 4)
		help = arena_format(context->arena, "channels stand last: input: [%lld, %lld, %lld]",
			(long long)input[1], (long long)input[2], (long long)input[0]);
	if (field->rank != 3 || (input[2] != 1 && input[2] != 3 && input[2] != 4)) {
		diag_error(context, info->place, help, "images do not fit the model's input %s", shape);
		return false;
	}
	if (source->height && (source->height != input[0] || source->width != input[1])) {
		diag_error(context, info->place, NULL, "target_size is [%d, %d], but the model's input is %s",
			source->height, source->width, shape);
		return false;
	}
	if (source->channels && source->channels != input[2]) {
		diag_error(context, info->place, help, "images of %d channel%s do not fit the model's input %s",
			source->channels, source->channels > 1 ? "s" : "", shape);
		return false;
	}
	source->height = (int)input[0];
	source->width = (int)input[1];
	source->channels = (int)input[2];
	return true;
}

const nn_category *spec_category(const nn_data_source *source, const char *column)
{
	for (int i = 0; i < source->category_count; i++)
		if (!strcmp(source->categories[i].column, column)) return &source->categories[i];
	return NULL;
}

/* "data/age" of "data.age" */
const char *spec_state_name(Arena *arena, const char *name)
{
	char *text = arena_format(arena, "%s", name);
	for (char *c = text; *c; c++)
		if (*c == '.') *c = '/';
	return text;
}

/* A column by its name: one number, or one-hot where it is a category. What is a label or ignored stays as
 * it is in the file. */
static bool fit_column(
	Context *context, const SourceInfo *info, const nn_data_source *source, nn_data_field *field)
{
	const nn_category *category = spec_category(source, field->column);
	bool one = field->count == 1 && field->rank <= 1;
	if (source->horizon) return spec_fit_windows(context, info, source, field);
	field->integer = category && one;
	if (!spec_holds(&source->label, field->column) && !spec_holds(&source->ignore, field->column))
		field->fitted = spec_state_name(context->arena, field->name);
	if (one) return true;
	const char *shape = spec_shape_words(context->arena, field->rank, field->shape);
	const char *near = text_nearest(field->column, info->kind->fields, 2);
	const char *help = near ? arena_format(context->arena, "did you mean '%s'?", near)
				: arena_format(context->arena, "of a column of texts: categories: {%s: auto}", field->column);
	if (!category || field->rank != 1)
		diag_error(context, info->place, category ? NULL : help,
			"the column '%s' is one number a row, but an input of the model is %s", field->column, shape);
	else if (category->values.count && category->values.count != field->shape[0])
		diag_error(context, info->place, NULL,
			"the column '%s' has %d categories, but an input of the model is %s", field->column,
			category->values.count, shape);
	else return true;
	return false;
}

bool spec_fit_table(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	if (field->part == SPEC_COLUMN_PART) return fit_column(context, info, source, field);
	field->fitted = info->name ? arena_format(context->arena, "data/%s", info->name) : "data";
	if (source->horizon) return spec_fit_windows(context, info, source, field);
	if (field->rank == 1) return true;
	diag_error(context, info->place, "input: [features]", "rows of a table do not fit the model's input %s",
		spec_shape_words(context->arena, field->rank, field->shape));
	return false;
}

bool spec_fit_pixels(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	(void)context, (void)info;
	if (field->rank != 2 && field->rank != 3) return true;
	source->height = (int)field->shape[0];
	source->width = (int)field->shape[1];
	source->channels = field->rank == 3 ? (int)field->shape[2] : 1;
	return true;
}

bool spec_fit_any(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	(void)context, (void)info, (void)source, (void)field;
	return true;
}
