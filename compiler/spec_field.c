/* spec_field.c: the fields of the data: what expressions see as data.NAME and programs take as inputs.
 * Input: the sources and the shapes that the model and its loss want; output: Spec.fields, and what the
 * sources left open. Invariant: a field has one shape, whoever asks for it. */
#include <string.h>
#include "spec_read.h"

const char *spec_shape_words(Arena *arena, int rank, const int64_t *shape)
{
	const char *text = "[";
	for (int i = 0; i < rank; i++)
		text = arena_format(arena, "%s%s%lld", text, i ? ", " : "", (long long)shape[i]);
	return arena_format(arena, "%s]", text);
}

static int64_t product(int rank, const int64_t *shape)
{
	int64_t count = 1;
	for (int i = 0; i < rank; i++) count *= shape[i];
	return count;
}

void spec_set_shape(nn_data_field *field, int rank, const int64_t *shape)
{
	field->rank = rank;
	for (int i = 0; i < rank && i < NN_RANK; i++) field->shape[i] = shape[i];
	field->count = (size_t)product(rank, field->shape);
}

static int add_field(Context *context, Spec *spec, const nn_data_field *field)
{
	int number = spec->data.field_count++;
	spec->fields =
		arena_grow(context->arena, spec->fields, number, &spec->field_capacity, sizeof *spec->fields);
	spec->fields[number] = *field;
	spec->data.fields = spec->fields;
	return number;
}

/* --- names ---------------------------------------------------------------------------------------------- */

static int find_source(const Spec *spec, const char *name, size_t length)
{
	for (int s = 0; s < spec->data.source_count; s++) {
		const char *own = spec->infos[s].name;
		if (own && strlen(own) == length && !strncmp(own, name, length)) return s;
	}
	return -1;
}

bool spec_is_source(const Spec *spec, const char *name) { return find_source(spec, name, strlen(name)) >= 0; }

static int find_field(const Spec *spec, int source, const char *name)
{
	for (int part = 0; part < SPEC_PARTS; part++)
		if (spec->infos[source].kind->fields[part] && !strcmp(spec->infos[source].kind->fields[part], name))
			return part;
	return spec->infos[source].kind->columns && spec->data_sources[source].header ? SPEC_COLUMN_PART : -1;
}

/* The source and part that a name means: a source's first field by the name of the source, lab.age, a
 * field, a column of the first table. NULL: the first of all. *column: of a table, if it is one */
static bool find_part(const Spec *spec, const char *name, int *source, int *part, const char **column)
{
	const char *dot = name ? strchr(name, '.') : NULL;
	*part = 0;
	*source = name ? find_source(spec, name, dot ? (size_t)(dot - name) : strlen(name)) : 0;
	*column = dot ? dot + 1 : name;
	if (!name || (!dot && *source >= 0)) return spec->data.source_count > 0;
	if (dot) return *source >= 0 && (*part = find_field(spec, *source, dot + 1)) >= 0;
	for (int columns = 0; columns < 2; columns++)
		for (*source = 0; *source < spec->data.source_count; ++*source) {
			*part = find_field(spec, *source, name);
			if (*part >= 0 && (*part == SPEC_COLUMN_PART) == columns) return true;
		}
	return false;
}

static const char *full_name(Arena *arena, const SourceInfo *info, const char *field)
{
	return info->name ? arena_format(arena, "data.%s.%s", info->name, field)
			  : arena_format(arena, "data.%s", field);
}

const char *spec_field_name(Context *context, const Spec *spec, const char *name)
{
	int source, part;
	const char *column;
	if (!spec->data.source_count) return name;
	if (!find_part(spec, name, &source, &part, &column)) return NULL;
	return full_name(context->arena, &spec->infos[source],
		part == SPEC_COLUMN_PART ? column : spec->infos[source].kind->fields[part]);
}

const char *spec_field_list(Context *context, const Spec *spec, const char ***names, int *count)
{
	const char *text = "it has";
	int most = spec->data.source_count*(SPEC_PARTS + 1) + spec->data.field_count;
	*names = arena_alloc(context->arena, (size_t)most*sizeof **names);
	*count = 0;
	for (int s = 0; s < spec->data.source_count; s++)
		for (int p = 0; p < SPEC_PARTS; p++) {
			const char *field = spec->infos[s].kind->fields[p];
			if (field)
				(*names)[(*count)++] = full_name(context->arena, &spec->infos[s], field) + strlen("data.");
		}
	for (int f = 0; f < spec->data.field_count && !spec->data.source_count; f++)
		(*names)[(*count)++] = spec->fields[f].name;
	for (int i = 0; i < *count; i++) {
		const char *between = i == 0 ? "" : i == *count - 1 ? " and" : ",";
		text = arena_format(context->arena, "%s%s data.%s", text, between, (*names)[i]);
	}
	for (int s = 0; s < spec->data.source_count; s++)
		if (spec->infos[s].name) (*names)[(*count)++] = spec->infos[s].name;
	return text;
}

/* --- fields --------------------------------------------------------------------------------------------- */

static int known_field(Context *context, const Spec *spec, const char *full, int rank, const int64_t *shape)
{
	for (int f = 0; f < spec->data.field_count; f++) {
		const nn_data_field *field = &spec->fields[f];
		if (strcmp(field->name, full)) continue;
		if (rank < 0 || (rank == field->rank && !memcmp(shape, field->shape, (size_t)rank * sizeof *shape)))
			return f;
		diag_error(context, spec->infos[field->source].place, NULL,
			"%s is %s for one input of the model, but %s for another", full,
			spec_shape_words(context->arena, field->rank, field->shape),
			spec_shape_words(context->arena, rank, shape));
		return -2;
	}
	return -1;
}

/* Which of a source's fields is its label. */
static int label_part(const SourceInfo *info, const nn_data_source *source)
{
	return info->kind->label_part ? info->kind->label_part(info, source) : SPEC_LABEL_PART;
}

bool spec_is_label(const Spec *spec, const char *name)
{
	int source, part;
	const char *column;
	if (!spec->data.source_count || !find_part(spec, name, &source, &part, &column)) return false;
	if (part == SPEC_COLUMN_PART) return spec_holds(&spec->data_sources[source].label, column);
	return part == SPEC_LABEL_PART || part == label_part(&spec->infos[source], &spec->data_sources[source]);
}

/* --- the label ------------------------------------------------------------------------------------------ */

static bool has_label(const Spec *spec, int source, const char *name)
{
	const SourceInfo *info = &spec->infos[source];
	int part = label_part(info, &spec->data_sources[source]);
	if (name && (part < 0 || !info->kind->fields[part] || strcmp(info->kind->fields[part], name))) return false;
	if (info->kind->label_part) return label_part(info, &spec->data_sources[source]) >= 0;
	bool none = info->class_mode_given && info->class_mode == NN_CLASS_NONE;
	if (info->kind->label == SPEC_LABEL_NUMBER) return spec->data_sources[source].label.count > 0;
	return info->kind->fields[SPEC_LABEL_PART] && (!none || spec->data_sources[source].paths[0][1]);
}

bool spec_label_is_class(const Spec *spec, const nn_data_field *field)
{
	if (field->source < 0) return field->classes.count > 0;
	const SourceInfo *info = &spec->infos[field->source];
	if (info->class_mode_given) return info->class_mode != NN_CLASS_NONE;
	return info->kind->label == SPEC_LABEL_CLASS || info->kind->label == SPEC_LABEL_MASK ||
		field->classes.count > 0;
}

/* The classes that one-hot labels have: those of the spec, else as many as the loss wants. 0 after a
 * message. */
static int64_t one_hot_size(Context *context, const SourceInfo *info, int rank, const int64_t *label)
{
	int64_t wanted = rank == 1 ? label[0] : 0;
	int named = info->classes.count;
	if (named && wanted && named != wanted) {
		diag_error(context, info->place, NULL, "'classes' names %d classes, but the loss wants labels %s",
			named, spec_shape_words(context->arena, rank, label));
		return 0;
	}
	if (named || wanted) return named ? named : wanted;
	diag_error(context, info->place, "classes: [.., ..]",
		"class_mode categorical needs to know how many classes there are");
	return 0;
}

/* Reports a class_mode that the loss has no use for. */
static bool fits_loss(Context *context, const SourceInfo *info, int rank, const int64_t *label)
{
	static const char *const modes[] = {"sparse", "binary", "categorical", "none"};
	nn_class_mode mode = info->class_mode;
	int64_t numbers = rank < 0 ? 0 : product(rank, label);
	if (!info->class_mode_given || rank < 0 || mode == NN_CLASS_NONE) return true;
	if ((mode == NN_CLASS_CATEGORICAL) == (numbers > 1)) return true;
	if (mode == NN_CLASS_CATEGORICAL)
		diag_error(context, info->place, "class_mode: sparse or binary, or another loss",
			"class_mode categorical gives a number for each class, but the loss wants one number a sample");
	else
		diag_error(context, info->place, "class_mode: categorical, or the loss sparse_categorical_crossentropy",
			"class_mode %s gives one number a sample, but the loss wants %s", modes[mode],
			spec_shape_words(context->arena, rank, label));
	return false;
}

/* Several columns: a number of each. */
static bool shape_columns(Context *context, const SourceInfo *info, const nn_data_source *source, int rank,
	const int64_t *label, nn_data_field *field)
{
	int64_t count = source->label.count;
	spec_set_shape(field, 1, &count);
	if (!field->classes.count) field->classes = source->label;
	if (field->classes.count != count)
		diag_error(context, info->place, NULL, "'classes' names %d classes, but 'label' %d columns",
			field->classes.count, (int)count);
	else if (rank >= 0 && (rank != 1 || label[0] != count))
		diag_error(context, info->place,
			arena_format(context->arena, "give the model's last layer %d units", (int)count),
			"the label is %d columns, but the loss wants labels %s", (int)count,
			spec_shape_words(context->arena, rank, label));
	else return true;
	return false;
}

/* The shape of a label of a source. */
static bool shape_label(Context *context, SourceInfo *info, const nn_data_source *source, int rank,
	const int64_t *label, nn_data_field *field)
{
	if (source->horizon)
		return spec_shape_windows(context, info, source, source->label.count, rank, label, field);
	if (source->label.count > 1) return shape_columns(context, info, source, rank, label, field);
	bool given = info->class_mode_given && info->class_mode != NN_CLASS_NONE;
	bool single = info->kind->label != SPEC_LABEL_ANY;
	bool classes = info->classes.count || info->kind->label == SPEC_LABEL_CLASS || given;
	if (!fits_loss(context, info, rank, label)) return false;
	if (rank > 1 && single) {
		diag_error(context, info->place,
			"Flatten or GlobalAveragePooling2D before the last Dense gives one prediction a sample; else write the loss as an expression",
			"a label is one class or number, but the loss wants %s",
			spec_shape_words(context->arena, rank, label));
		return false;
	}
	if (!given && rank > 0 && product(rank, label) > 1 && single) info->class_mode = NN_CLASS_CATEGORICAL;
	if ((given || single) && info->class_mode == NN_CLASS_CATEGORICAL) {
		int64_t size = one_hot_size(context, info, rank, label);
		spec_set_shape(field, 1, &size);
		return size > 0;
	}
	bool scalar = given || single || rank < 0;
	spec_set_shape(field, scalar ? 0 : rank, label);
	field->integer = classes && info->class_mode == NN_CLASS_SPARSE && scalar;
	return true;
}

/* Masks are class numbers, (height, width) or with a last 1, or a number for each class. */
static bool shape_mask(Context *context, const SourceInfo *info, const nn_data_source *source, int rank,
	const int64_t *label, nn_data_field *field)
{
	int64_t size[2] = {source->height, source->width}, classes = rank == 3 ? label[2] : 1;
	if (rank < 0) {
		spec_set_shape(field, 2, size);
		return true;
	}
	if ((rank != 2 && rank != 3) || (size[0] && (label[0] != size[0] || label[1] != size[1]))) {
		diag_error(context, info->place, "the network's output must have the images' height and width",
			"masks are [%lld, %lld], but the loss wants labels %s", (long long)size[0], (long long)size[1],
			spec_shape_words(context->arena, rank, label));
		return false;
	}
	int named = info->classes.count ? info->classes.count : source->mask_values.count;
	if (named && classes > 1 && named != classes) {
		diag_error(context, info->place, NULL, "%d classes are named, but the loss wants labels %s", named,
			spec_shape_words(context->arena, rank, label));
		return false;
	}
	spec_set_shape(field, rank, label);
	field->integer = rank == 2;
	return true;
}

/* The token after each: class numbers, a row of them. */
static bool shape_next(Context *context, const SourceInfo *info, nn_data_source *source, int rank,
	const int64_t *label, nn_data_field *field)
{
	int64_t length = source->sequence_length;
	if (rank < 0 && length) {
		spec_set_shape(field, 1, &length);
		return true;
	}
	if (rank != 1 || (length && label[0] != length)) {
		const char *forgotten =
			"label: NAME of the column to predict; without it the label is the next token of each text";
		const char *other =
			"loss: sparse_categorical_crossentropy, and an output of [sequence_length, vocabulary]";
		diag_error(context, info->place, source->column ? forgotten : other,
			"data.next is [%lld] tokens, but the loss wants labels %s", (long long)length,
			spec_shape_words(context->arena, rank < 0 ? 0 : rank, label));
		return false;
	}
	spec_set_shape(field, 1, label);
	field->integer = 1;
	return true;
}

static int add_label(Context *context, Spec *spec, int source, int rank, const int64_t *label)
{
	SourceInfo *info = &spec->infos[source];
	nn_data_source *of = &spec->data_sources[source];
	int part = label_part(info, of);
	nn_data_field field = {.name = full_name(context->arena, info, info->kind->fields[part]),
		.source = source,
		.part = part,
		.label = 1,
		.classes = info->classes};
	bool fits = info->kind->label == SPEC_LABEL_MASK ? shape_mask(context, info, of, rank, label, &field)
		: part == SPEC_TEXT_NEXT ? shape_next(context, info, of, rank, label, &field)
					 : shape_label(context, info, of, rank, label, &field);
	for (int f = 0; fits && f < spec->data.field_count; f++) { /* another output reads it too */
		const nn_data_field *known = &spec->fields[f];
		if (known->source != source || known->part != part || !known->label) continue;
		if (known->rank == field.rank &&
			!memcmp(known->shape, field.shape, (size_t)field.rank * sizeof *field.shape))
			return f;
		diag_error(context, info->place, "give the data a label of the output's own name",
			"one output reads %s as %s, another as %s", field.name,
			spec_shape_words(context->arena, known->rank, known->shape),
			spec_shape_words(context->arena, field.rank, field.shape));
		return -1;
	}
	return fits ? add_field(context, spec, &field) : -1;
}

/* A label that an expression names. */
static int named_label(Context *context, Spec *spec, int source, const char *full)
{
	if (has_label(spec, source, NULL)) return add_label(context, spec, source, -1, NULL);
	diag_error(context, spec->infos[source].place, "label: of a table, class_mode: of images",
		"there is no %s: the source gives no label", full);
	return -1;
}

int spec_field(Context *context, Spec *spec, const char *name, int rank, const int64_t *shape)
{
	const char *full = spec_field_name(context, spec, name);
	nn_data_field field = {.name = full, .source = -1};
	int known = known_field(context, spec, full, rank, shape);
	if (known != -1) return known < 0 ? -1 : known;
	Place place = spec->data.source_count ? spec->infos[0].place : spec->root->place;
	if (rank > NN_RANK) {
		diag_error(context, place, NULL, "an input of more than %d dimensions", NN_RANK);
		return -1;
	}
	int source, part;
	const char *text;
	bool column = find_part(spec, name, &source, &part, &text) && part == SPEC_COLUMN_PART;
	if (rank < 0 && spec->data.source_count &&
		part == label_part(&spec->infos[source], &spec->data_sources[source]))
		return named_label(context, spec, source, full);
	if (rank < 0 && !column) {
		diag_error(context, place,
			"give it to a model as an input, or to one that is called with it: G(data.image)",
			"nothing says what shape %s has", full);
		return -1;
	}
	spec_set_shape(&field, rank < 0 ? 0 : rank, shape);
	if (!spec->data.source_count) return add_field(context, spec, &field);
	field.source = source;
	field.part = part;
	if (column) field.column = text;
	const SourceInfo *info = &spec->infos[field.source];
	if (field.part == SPEC_LABEL_PART || field.part == label_part(info, &spec->data_sources[field.source])) {
		diag_error(context, info->place, NULL,
			"%s is the label: a model that takes it as input has nothing to predict", full);
		return -1;
	}
	return info->kind->fit(context, info, &spec->data_sources[field.source], &field)
		? add_field(context, spec, &field)
		: -1;
}

/* One of the columns of a table's label, by its name: one number, or of classes a number for each. -1:
 * there is none, or a report. */
static int column_label(
	Context *context, Spec *spec, const char *name, int rank, const int64_t *label, bool loss_named)
{
	for (int s = 0; s < spec->data.source_count; s++) {
		const SourceInfo *info = &spec->infos[s];
		if (!info->kind->columns || !spec_holds(&spec->data_sources[s].label, name)) continue;
		nn_data_field field = {.name = full_name(context->arena, info, name),
			.source = s,
			.part = SPEC_COLUMN_PART,
			.column = name,
			.label = 1};
		int64_t numbers = rank < 0 ? 1 : product(rank, label);
		if (spec->data_sources[s].horizon) {
			rank = spec_windows_rank(&spec->data_sources[s], 1, rank, label, loss_named);
			return spec_shape_windows(context, info, &spec->data_sources[s], 1, rank, label, &field)
				? add_field(context, spec, &field)
				: -1;
		}
		if (rank > 1) {
			diag_error(context, info->place, NULL,
				"the label '%s' is one class or number, but its loss wants %s", name,
				spec_shape_words(context->arena, rank, label));
			return -1;
		}
		spec_set_shape(&field, numbers > 1, &numbers);
		field.integer = rank == 0;
		return add_field(context, spec, &field);
	}
	return -1;
}

int spec_label(Context *context, Spec *spec, const char *name, int label_rank, const int64_t *label, bool named)
{
	int source = 0;
	if (!spec->data.source_count) {
		bool taken = known_field(context, spec, "y", -1, NULL) >= 0;
		const char *own = name ? arena_format(context->arena, "y_%s", name) : taken ? "y_true" : "y";
		nn_data_field y = {.name = own, .source = -1, .label = 1, .classes = spec->classes};
		spec_set_shape(&y, label_rank, label);
		return label_rank < 0 || label_rank > NN_RANK ? -1 : add_field(context, spec, &y);
	}
	int column = name ? column_label(context, spec, name, label_rank, label, named) : -1;
	if (column >= 0) return column;
	while (source < spec->data.source_count && !has_label(spec, source, name)) source++;
	if (source == spec->data.source_count) return -1;
	SpecLabel kind = spec->infos[source].kind->label;
	const nn_data_source *of = &spec->data_sources[source];
	if (of->horizon) label_rank = spec_windows_rank(of, of->label.count, label_rank, label, named);
	else if (!named && label_rank > 1 && (kind == SPEC_LABEL_CLASS || kind == SPEC_LABEL_NUMBER))
		label_rank = -1;
	if (label_rank <= NN_RANK) return add_label(context, spec, source, label_rank, label);
	diag_error(context, spec->infos[source].place, NULL, "a label of more than %d dimensions", NN_RANK);
	return -1;
}

int spec_truth(Context *context, Spec *spec, const char *name, int rank, const int64_t *label, Place place)
{
	int source, part;
	const char *column;
	if (!spec->data.source_count || !find_part(spec, name, &source, &part, &column) || part == SPEC_COLUMN_PART)
		return -1;
	const char *full = spec_field_name(context, spec, name);
	int found = known_field(context, spec, full, -1, NULL);
	if (found < 0 && rank >= 0) {
		found = spec_field(context, spec, name, rank, label);
		if (found >= 0) spec->fields[found].label = 1; /* no input of the model */
		return found;
	}
	const nn_data_field *field = found < 0 ? NULL : &spec->fields[found];
	if (!field || rank < 0 ||
		(rank == field->rank && !memcmp(label, field->shape, (size_t)rank * sizeof *label)))
		return found;
	diag_error(context, place,
		field->integer ? "sparse_categorical_crossentropy compares a row of class numbers" : NULL,
		"the output '%s' is compared with %s, which is %s, but the loss wants labels %s", name, full,
		spec_shape_words(context->arena, field->rank, field->shape),
		spec_shape_words(context->arena, rank, label));
	return -1;
}

bool spec_is_tokens(const Spec *spec, const nn_data_field *field)
{
	bool text = field->source >= 0 && spec->infos[field->source].kind->sample == SPEC_SAMPLE_TEXT;
	return text && (field->part == SPEC_TEXT_TOKENS || field->part == SPEC_TEXT_NEXT);
}
