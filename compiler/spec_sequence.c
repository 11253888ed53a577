/* spec_sequence.c: what is special to sources of sequences: where the label stands, and the fields of steps and lengths. Input: keys
 * of data.source; output: members of nn_data_source. Invariant: how many steps and variables a sample has is known without any data. */
#include <string.h>
#include "spec_read.h"

void spec_check_sequence(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count)
{
	const Slot *label = spec_slot((Slot *)slots, count, "label"), *truncating = spec_slot((Slot *)slots, count, "truncating");
	static const char help[] = "label: first, last or none";
	if (!truncating->given) source->truncating = NN_NEITHER;
	bool none = info->class_mode_given && info->class_mode == NN_CLASS_NONE;
	if (!label->node && !none) diag_error(context, info->place, help, "a sequence source needs 'label', which says where in a row the label stands");
	if (!label->given) return;
	static const char *const words[] = {"first", "last", "none"};
	const char *word = source->label.count == 1 ? source->label.items[0] : "";
	if (strcmp(word, words[0]) && strcmp(word, words[1]) && strcmp(word, words[2]))
		diag_error(context, label->node->place, help, "the label of a sequence stands at one end of its row");
	if (none || !strcmp(word, words[2])) source->label.count = 0;
}

static bool fit_steps(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	int64_t steps = field->shape[0], variables = field->rank == 2 ? field->shape[1] : 1;
	if (field->rank != 2 && (field->rank != 1 || source->variables > 1)) {
		diag_error(context, info->place, source->variables > 1 ? arena_format(context->arena, "input: [steps, %d]", source->variables) : "input: [steps, variables]",
			"sequences do not fit an input of %d dimension%s", field->rank, field->rank == 1 ? "" : "s");
		return false;
	}
	if (!source->sequence_length) source->sequence_length = (int)steps;
	if (!source->variables) source->variables = (int)variables;
	if (source->sequence_length == steps && source->variables == variables) return true;
	diag_error(context, info->place, arena_format(context->arena, "input: [%d, %d]", source->sequence_length, source->variables),
		"sequences are [%d, %d], but the model's input is [%lld, %lld]", source->sequence_length, source->variables, (long long)steps, (long long)variables);
	return false;
}

bool spec_fit_sequence(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	if (field->part == SPEC_LENGTH_PART) {
		field->integer = 1;
		if (field->count == 1) return true;
		diag_error(context, info->place, "length: []", "%s is one number, but the model wants %lld", field->name, (long long)field->count);
		return false;
	}
	if (source->normalize == NN_NORMALIZE_STANDARD || source->normalize == NN_NORMALIZE_MINMAX) field->fitted = "data";
	return fit_steps(context, info, source, field);
}
