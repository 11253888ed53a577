/* spec_windows.c: a table whose samples are windows of series. Input: keys of data.source, the shapes that
 * the model and its loss want; output: members of nn_data_source, fields. Invariant: horizon is above 0
 * exactly where samples are windows. */
#include <math.h>
#include <string.h>
#include "spec_read.h"

/* --- transform ------------------------------------------------------------------------------------------ */

#define WORD(constant, word, meaning) [constant] = word,
static const char *const changes[] = {NN_CHANGES(WORD)};
#undef WORD
enum { CHANGES = sizeof changes / sizeof *changes, MOST_CHANGES = 8 };

/* `log`, `difference`, `difference(12)`; false after a message */
static bool read_change(Context *context, const Expr *expr, nn_transform *transform)
{
	const Expr *name = expr->kind == EXPR_CALL ? expr->items[0] : expr;
	int known = 0, arguments = expr->kind == EXPR_CALL ? expr->count - 1 : 0;
	if (name->kind != EXPR_NAME && name->kind != EXPR_STRING) {
		diag_error(context, expr->place, "transform: [log, difference(12)]",
			"the name of a transform is expected here");
		return false;
	}
	while (known < CHANGES && strcmp(changes[known], name->text)) known++;
	if (known == CHANGES) {
		spec_unknown(context, name->place, name->text, changes, CHANGES, "there is no transform");
		return false;
	}
	double lag = 1;
	*transform = (nn_transform){.change = (nn_change)known};
	if (arguments > (known == NN_DIFFERENCE) || (arguments && expr->names[1])) {
		diag_error(context, expr->items[arguments]->place, NULL, "'%s' takes %s", name->text,
			known == NN_DIFFERENCE ? "one number of rows" : "no argument");
		return false;
	}
	if (arguments && !spec_constant(context, expr->items[1], &lag)) return false;
	if (lag != floor(lag) || lag < 1 || lag > 1 << 20) {
		diag_error(context, expr->items[1]->place, "difference(12): from the value of 12 rows before",
			"'difference' takes a whole number of rows from 1 on");
		return false;
	}
	transform->lag = known == NN_DIFFERENCE ? (int)lag : 0;
	return true;
}

/* The transforms of some columns, all the same; they are added to the source's. */
static void read_changes(
	Context *context, const DocNode *node, const char *const *columns, int count, nn_data_source *source)
{
	const Expr *list = expr_read(context, node, EXPR_VALUE_START);
	if (!list) return;
	int changes_count = list->kind == EXPR_LIST ? list->count : 1;
	if (changes_count > MOST_CHANGES) {
		diag_error(context, node->place, NULL, "%d transforms of one column, but %d are the most",
			changes_count, MOST_CHANGES);
		return;
	}
	nn_transform *all = arena_alloc(
		context->arena, (size_t)(source->transform_count + changes_count * count + 1) * sizeof *all);
	if (source->transform_count) memcpy(all, source->transforms, (size_t)source->transform_count * sizeof *all);
	for (int i = 0; i < count * changes_count; i++) {
		nn_transform *transform = &all[source->transform_count];
		if (!read_change(context, list->kind == EXPR_LIST ? list->items[i % changes_count] : list, transform))
			return;
		transform->column = columns[i / changes_count];
		source->transform_count++;
	}
	source->transforms = all;
}

/* transform: [log, difference(12)], of the columns of the label; or {COLUMN: [..], ..} */
static void read_transform(Context *context, const DocNode *node, nn_data_source *source)
{
	if (node->kind != DOC_MAP) read_changes(context, node, source->label.items, source->label.count, source);
	for (int i = 0; node->kind == DOC_MAP && i < node->count; i++) {
		const char *column = node->pairs[i].key->text;
		if (source->features.count && !spec_holds(&source->features, column) &&
			!spec_holds(&source->label, column)) {
			diag_error(context, node->pairs[i].key->place, NULL,
				"'%s' is neither under 'features' nor under 'label'", column);
			continue;
		}
		read_changes(context, node->pairs[i].value, &column, 1, source);
	}
}

/* --- keys ----------------------------------------------------------------------------------------------- */

static const char *const window_keys[] = {"horizon", "stride", "time", "group", "seasonality", "transform"};

/* Columns that are something else. */
static void check_roles(Context *context, const nn_data_source *source, const Slot *slots, int count)
{
	static const char *const roles[] = {"time", "group"};
	const char *names[] = {source->time, source->group};
	const DocNode *features = spec_slot((Slot *)slots, count, "features")->node;
	for (int i = 0; i < 2; i++) {
		const Slot *slot = spec_slot((Slot *)slots, count, roles[i]);
		if (!slot->given) continue;
		if (spec_holds(&source->label, names[i]))
			diag_error(context, slot->node->place, NULL,
				"the column '%s' is under 'label', so that it can't be the %s", names[i], roles[i]);
		if (spec_holds(&source->features, names[i]))
			diag_error(context, features->place, NULL,
				"the column '%s' is the %s, so that it can't be a feature", names[i], roles[i]);
	}
	if (source->time && source->group && !strcmp(source->time, source->group))
		diag_error(context, spec_slot((Slot *)slots, count, "group")->node->place, NULL,
			"the column '%s' is the time already", source->group);
}

void spec_check_windows(
	Context *context, const SourceInfo *info, nn_data_source *source, const Slot *slots, int count)
{
	const Slot *length = spec_slot((Slot *)slots, count, "sequence_length");
	const Slot *transform = spec_slot((Slot *)slots, count, "transform");
	const Slot *mode = spec_slot((Slot *)slots, count, "class_mode");
	for (size_t i = 0; i < sizeof window_keys / sizeof *window_keys && !length->node; i++) {
		const Slot *slot = spec_slot((Slot *)slots, count, window_keys[i]);
		if (slot->node)
			diag_error(context, slot->key_node->place, "sequence_length: 36, the rows that the model reads",
				"'%s' is for windows of a series, but 'sequence_length' is missing", slot->key);
	}
	if (!length->given) return;
	if (!source->horizon) source->horizon = 1;
	if (!source->stride) source->stride = 1;
	if (!source->seasonality) source->seasonality = 1;
	if (info->joined)
		diag_error(context, length->key_node->place, NULL, "windows of a series can't be joined with other sources");
	if (mode->node || info->classes.count)
		diag_error(context, mode->node ? mode->key_node->place : info->place,
			"leave the classes out, and sequence_length: a row then is a sample",
			"windows predict numbers, not classes");
	check_roles(context, source, slots, count);
	if (transform->node) read_transform(context, transform->node, source);
}

/* --- fields --------------------------------------------------------------------------------------------- */

/* Shape without its axes of 1. */
static int squeezed(int rank, const int64_t *shape, int64_t *out)
{
	int count = 0;
	for (int i = 0; i < rank; i++)
		if (shape[i] != 1) out[count++] = shape[i];
	return count;
}

static bool same_numbers(int rank, const int64_t *shape, int64_t rows, int64_t columns)
{
	int64_t own[NN_RANK], wanted[2], both[2] = {rows, columns};
	int count = squeezed(rank, shape, own), wanted_count = squeezed(2, both, wanted);
	return count == wanted_count && !memcmp(own, wanted, (size_t)count * sizeof *own);
}

/* Numbers that a column of a row gives, one-hot where it is a category; 0: the data will say. */
static int64_t column_width(const nn_data_source *source, const char *column)
{
	const nn_category *category = spec_category(source, column);
	return category ? category->values.count : 1;
}

/* Numbers of a row that go into a field; 0: the data will say. */
static int64_t row_width(const nn_data_source *source, const nn_data_field *field)
{
	int64_t sum = 0;
	if (field->column) return field->integer ? 1 : column_width(source, field->column);
	for (int i = 0; i < source->features.count; i++) {
		int64_t width = column_width(source, source->features.items[i]);
		if (!width) return 0;
		sum += width;
	}
	return sum;
}

/* What a field of windows has of a row. */
static const char *columns_words(
	Arena *arena, const nn_data_source *source, const nn_data_field *field, int64_t numbers)
{
	int columns = source->features.count;
	const char *s = columns > 1 ? "s" : "";
	if (field->column && spec_category(source, field->column))
		return arena_format(arena, "the column '%s' has %lld categories", field->column, (long long)numbers);
	if (field->column) return arena_format(arena, "the column '%s' is one number a row", field->column);
	if (columns == numbers) return arena_format(arena, "'features' names %d column%s", columns, s);
	return arena_format(arena, "'features' names %d column%s, which give %lld numbers, as categories are one-hot",
		columns, s, (long long)numbers);
}

/* "input: [36, 1]"; a category is looked up, or one-hot. */
static const char *shape_help(
	Arena *arena, const nn_data_source *source, const nn_data_field *field, int64_t numbers)
{
	long long length = source->sequence_length;
	const char *name = field->column ? field->column : "input";
	const char *wanted = numbers ? arena_format(arena, "%s: [%lld, %lld]", name, length, (long long)numbers)
				     : arena_format(arena, "%s: [%lld, columns]", name, length);
	if (!field->column || !spec_category(source, field->column)) return wanted;
	return arena_format(arena, "%s: [%lld] for an Embedding, or %s", name, length, wanted);
}

bool spec_fit_windows(
	Context *context, const SourceInfo *info, const nn_data_source *source, nn_data_field *field)
{
	Arena *arena = context->arena;
	int64_t length = source->sequence_length;
	if (!length) return false; /* reported */
	field->steps = source->sequence_length;
	if (field->column) field->fitted = spec_state_name(arena, field->name);
	if (field->column && !field->rank)
		spec_set_shape(field, 1, &length); /* of an expression, which has no shape to say */
	field->integer = field->column && spec_category(source, field->column) && field->count == (size_t)length;
	int64_t numbers = row_width(source, field);
	const char *shape = spec_shape_words(arena, field->rank, field->shape);
	const char *help = shape_help(arena, source, field, numbers);
	if (field->rank < 1 || field->rank > 2)
		diag_error(context, info->place, help,
			"windows are [sequence_length, columns], but the model's input is %s", shape);
	else if (field->shape[0] != length)
		diag_error(context, info->place, help, "sequence_length is %lld, but the model's input is %s",
			(long long)length, shape);
	else if (numbers && numbers != (field->rank == 2 ? field->shape[1] : 1))
		diag_error(context, info->place, help, "%s, but the model's input is %s",
			columns_words(arena, source, field, numbers), shape);
	else return true;
	return false;
}

int spec_windows_rank(const nn_data_source *source, int columns, int rank, const int64_t *label, bool named)
{
	if (named || rank < 0 || rank > NN_RANK) return rank;
	return same_numbers(rank, label, source->horizon, columns) ? rank : -1;
}

/* The last layers that give what is wanted. */
static const char *last_layers(Arena *arena, int horizon, int columns)
{
	if (horizon > 1 && columns > 1)
		return arena_format(arena, "Dense(%d), then Reshape([%d, %d]), as the last layers", horizon * columns,
			horizon, columns);
	return arena_format(arena, "Dense(%d) as the last layer", horizon*columns);
}

bool spec_shape_windows(Context *context, const SourceInfo *info, const nn_data_source *source, int columns,
	int rank, const int64_t *label, nn_data_field *field)
{
	int64_t both[2] = {source->horizon, columns}, own[2];
	field->steps = source->horizon;
	field->fitted = spec_state_name(context->arena, field->name);
	spec_set_shape(field, squeezed(2, both, own), own);
	if (rank < 0) return true;
	if (rank <= NN_RANK && same_numbers(rank, label, source->horizon, columns)) {
		spec_set_shape(field, rank, label);
		return true;
	}
	const char *ahead = source->horizon > 1
		? arena_format(context->arena, "the next %d values", source->horizon)
		: "the next value";
	const char *of = columns > 1 ? arena_format(context->arena, " of %d columns", columns) : "";
	const char *help = last_layers(context->arena, source->horizon, columns);
	if (rank == 2 && label[0] == source->sequence_length)
		help = arena_format(context->arena, "return_sequences=false in the last recurrent layer, then %s", help);
	diag_error(context, info->place, help,
		"windows predict %s%s, but the loss wants labels %s", ahead, of,
		spec_shape_words(context->arena, rank, label));
	return false;
}
