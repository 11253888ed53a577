/* spec_source.c: the kinds of sources. Input: data.source of a spec; output: an nn_data_source and a SourceInfo.
 * Invariant: what a kind has no use for is refused. A new kind is a line of the enumeration, a row of kinds, lines of keys,
 * and in the runtime a row of data_kinds.c with its file. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "spec_read.h"

enum { IMAGE_FOLDER, IMAGE_MASK, CSV, TEXT, SEQUENCE, IDX, NPY, KINDS };
enum { B_MASKS = 1 << IMAGE_MASK, B_TEXT = 1 << TEXT, B_IMAGES = 1 << IMAGE_FOLDER | B_MASKS,
	B_CSV = 1 << CSV, B_SEQUENCE = 1 << SEQUENCE, B_IDX = 1 << IDX, B_NPY = 1 << NPY, B_ALL = (1 << KINDS) - 1 };

/* What no source says otherwise */
static const nn_data_source silent = {.rescale = 1,
	.max_unreadable = 0.01,
	.interpolation = NN_NEAREST,
	.header = 1,
	.impute = NN_IMPUTE_MEDIAN,
	.separator = ",",
	.encoding = "utf-8"};

#define MEMBER(name) offsetof(nn_data_source, name), #name
/* Keys of data.source; and behind them members that no key gives but that are handed on, too. */
static const SourceKey keys[] = {
	{B_IMAGES, "interpolation", SLOT_WORD, MEMBER(interpolation), 0, 0, "nearest|bilinear|area"}, /* as nn_interpolation */
	{B_IMAGES, "fast_decode", SLOT_BOOLEAN, MEMBER(fast_decode), 0, 0, NULL},
	{B_IMAGES, "max_unreadable", SLOT_NUMBER, MEMBER(max_unreadable), 0, 1, NULL},
	{B_IMAGES | B_IDX | B_NPY, "rescale", SLOT_NUMBER, MEMBER(rescale), 0, 0, NULL},
	{B_IMAGES | B_CSV | B_TEXT, "key", SLOT_TEXT, MEMBER(key), 0, 0, NULL},
	{B_CSV | B_TEXT, "header", SLOT_BOOLEAN, MEMBER(header), 0, 0, NULL},
	{B_CSV | B_TEXT | B_SEQUENCE, "label", SLOT_TEXTS, MEMBER(label), 0, 0, NULL},
	{B_CSV, "ignore", SLOT_TEXTS, MEMBER(ignore), 0, 0, NULL},
	{B_CSV | B_TEXT | B_SEQUENCE, "missing", SLOT_TEXTS, MEMBER(missing), 0, 0, NULL},
	{B_CSV, "impute", SLOT_WORD, MEMBER(impute), 0, 0, "mean|median|drop"}, /* as nn_missing */
	{B_CSV | B_SEQUENCE, "normalize", SLOT_WORD, MEMBER(normalize), 0, 0, "none|standard|minmax|standard_row"}, /* as nn_normalize */
	{B_CSV | B_TEXT, "separator", SLOT_TEXT, MEMBER(separator), 0, 0, NULL},
	{B_CSV, "features", SLOT_TEXTS, MEMBER(features), 0, 0, NULL},
	{B_CSV, "horizon", SLOT_INTEGER, MEMBER(horizon), 1, 1 << 20, NULL},
	{B_CSV, "time", SLOT_TEXT, MEMBER(time), 0, 0, NULL},
	{B_CSV, "group", SLOT_TEXT, MEMBER(group), 0, 0, NULL},
	{B_CSV, "seasonality", SLOT_INTEGER, MEMBER(seasonality), 1, 1 << 20, NULL},
	{B_MASKS, "mask_values", SLOT_TEXTS, MEMBER(mask_values), 0, 0, NULL},
	{B_TEXT, "tokens", SLOT_WORD, MEMBER(tokens), 0, 0, "words|characters|bytes"}, /* as nn_token_kind */
	{B_TEXT, "standardize", SLOT_WORD, MEMBER(standardize), 0, 0,
		"none|lower|strip_punctuation|lower_and_strip_punctuation"}, /* as nn_standardize */
	{B_TEXT, "encoding", SLOT_TEXT, MEMBER(encoding), 0, 0, NULL},
	{B_TEXT, "column", SLOT_TEXT, MEMBER(column), 0, 0, NULL},
	{B_TEXT, "lines", SLOT_BOOLEAN, MEMBER(lines), 0, 0, NULL},
	{B_TEXT | B_SEQUENCE | B_CSV, "sequence_length", SLOT_INTEGER, MEMBER(sequence_length), 1, 1 << 20, NULL},
	{B_TEXT | B_CSV, "stride", SLOT_INTEGER, MEMBER(stride), 1, 1 << 20, NULL},
	{B_TEXT | B_SEQUENCE, "padding", SLOT_WORD, MEMBER(padding), 0, 0, "post|pre"}, /* as nn_side */
	{B_TEXT | B_SEQUENCE, "truncating", SLOT_WORD, MEMBER(truncating), 0, 0, "post|pre|error"},
	{B_SEQUENCE, "variables", SLOT_INTEGER, MEMBER(variables), 1, 1 << 20, NULL},
	{B_TEXT, NULL, SLOT_BOOLEAN, MEMBER(ended), 0, 0, NULL},
	{B_TEXT, NULL, SLOT_INTEGER, MEMBER(vocabulary_size), 0, 0, NULL},
	{B_TEXT, NULL, SLOT_TEXTS, MEMBER(vocabulary), 0, 0, NULL},
	{B_TEXT, NULL, SLOT_TEXT, MEMBER(vocabulary_file), 0, 0, NULL},
	{B_IMAGES | B_IDX, NULL, SLOT_INTEGER, MEMBER(height), 0, 0, NULL},
	{B_IMAGES | B_IDX, NULL, SLOT_INTEGER, MEMBER(width), 0, 0, NULL},
	{B_IMAGES | B_IDX, NULL, SLOT_INTEGER, MEMBER(channels), 0, 0, NULL},
};
#undef MEMBER
enum { MEMBERS = sizeof keys / sizeof *keys, KEYS = MEMBERS - 7 };

/* Keys that are read by hand: they stand before those of the table. */
enum { TYPE, CLASS_MODE, CLASSES, TARGET_SIZE, COLOR_MODE, VOCABULARY, CATEGORIES, TRANSFORM, BY_HAND };
static const int hand_kinds[BY_HAND] = {B_ALL, B_ALL, B_ALL, B_IMAGES, B_IMAGES, B_TEXT, B_CSV, B_CSV};

static void check_table(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count);
static void check_masks(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count);

static const SourceKind kinds[KINDS] = {
	[IMAGE_FOLDER] = {.type = "image_folder",
		.paths = {"directory"},
		.path_help = "directory: a folder with one folder a class",
		.fields = {"image", "label"},
		.label = SPEC_LABEL_CLASS,
		.groups = true,
		.sample = SPEC_SAMPLE_PIXELS,
		.fit = spec_fit_images},
	[CSV] = {.type = "csv",
		.paths = {"file"},
		.path_help = "file: a csv file",
		.fields = {"features", "label"},
		.columns = true,
		.label = SPEC_LABEL_NUMBER,
		.groups = true,
		.sample = SPEC_SAMPLE_ROW,
		.fit = spec_fit_table,
		.check = check_table},
	[IDX] = {.type = "idx",
		.paths = {"images", "labels"},
		.path_help = "images: and labels:, two files",
		.fields = {"image", "label"},
		.label = SPEC_LABEL_CLASS,
		.sample = SPEC_SAMPLE_PIXELS,
		.fit = spec_fit_pixels},
	[NPY] = {.type = "npy",
		.paths = {"inputs", "targets"},
		.path_help = "inputs: and targets:, two files",
		.fields = {"inputs", "targets"},
		.label = SPEC_LABEL_ANY,
		.fit = spec_fit_any},
	[IMAGE_MASK] = {.type = "image_mask",
		.paths = {"images", "masks"},
		.path_help = "images: and masks:, two folders with files of the same names",
		.fields = {"image", "mask"},
		.label = SPEC_LABEL_MASK,
		.groups = true,
		.sample = SPEC_SAMPLE_PIXELS,
		.fit = spec_fit_images,
		.check = check_masks},
	[TEXT] = {.type = "text",
		.one_of = {"directory", "file", "files"},
		.path_help = "directory: with a folder or file for each class; files: {CLASS: PATH, ..}; or file: a table or one text",
		.fields = {"tokens", "label", "length", "next"},
		.label = SPEC_LABEL_NUMBER,
		.groups = true,
		.sample = SPEC_SAMPLE_TEXT,
		.fit = spec_fit_text,
		.check = spec_check_text,
		.label_part = spec_text_label},
	[SEQUENCE] = {.type = "sequence",
		.paths = {"file"},
		.path_help = "file: a file with one sequence a row",
		.fields = {"sequence", "label", "length"},
		.label = SPEC_LABEL_NUMBER,
		.sample = SPEC_SAMPLE_SEQUENCE,
		.fit = spec_fit_sequence,
		.check = spec_check_sequence},
};

const SourceKind *spec_kinds(int *count)
{
	*count = KINDS;
	return kinds;
}

const SourceKey *spec_source_key(const SourceKind *kind, int number)
{
	for (int i = 0; i < MEMBERS; i++)
		if (keys[i].kinds & 1 << (kind - kinds) && number-- == 0) return &keys[i];
	return NULL;
}

static void read_size(Context *context, nn_data_source *source, const DocNode *node)
{
	double size[2];
	bool list = node->kind == DOC_LIST;
	if (list ? node->count != 2 : node->kind != DOC_SCALAR) {
		diag_error(context, node->place, "target_size: [224, 224]", "'target_size' is [height, width]");
		return;
	}
	for (int i = 0; i < 2; i++) {
		if (!spec_number(context, list ? node->items[i] : node, "target_size", 1, 65536, &size[i])) return;
		if (size[i] != floor(size[i])) {
			diag_error(context, node->place, NULL, "'target_size' holds whole numbers of pixels");
			return;
		}
	}
	source->height = (int)size[0];
	source->width = (int)size[1];
}

static void check_table(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count)
{
	const Slot *label = spec_slot((Slot *)slots, count, "label"),
		   *separator = spec_slot((Slot *)slots, count, "separator"), *features = spec_slot((Slot *)slots, count, "features");
	if (separator->given && (strlen(source->separator) != 1 || strchr("\"\r\n", *source->separator)))
		diag_error(context, separator->node->place, "a tab is written \"\\t\"", "'separator' is one character");
	if (!label->node && !info->joined && !(info->class_mode_given && info->class_mode == NN_CLASS_NONE))
		diag_error(context, slots[TYPE].node->place, "label: NAME, or the number of the column; -1 is the last",
			"a csv source needs 'label', the column to predict");
	if (source->normalize == NN_NORMALIZE_ROW)
		diag_error(context, spec_slot((Slot *)slots, count, "normalize")->node->place, "normalize: standard, of each column over the training rows",
			"standard_row is for sequences, whose numbers are all of one kind");
	if (label->given) spec_distinct(context, label->node, "the label");
	if (source->label.count > 1 && info->class_mode_given)
		diag_error(context, label->node->place, "leave class_mode out: several columns are several numbers, 0 and 1 or others",
			"'class_mode' is for one column");
	if (features->given) spec_distinct(context, features->node, "the feature");
	if (features->given && !source->features.count)
		diag_error(context, features->node->place, "leave it out for all columns that are nothing else", "'features' names no column");
	for (int i = 0; i < source->label.count && !spec_slot((Slot *)slots, count, "sequence_length")->node; i++)
		if (spec_holds(&source->features, source->label.items[i]))
			diag_error(context, features->node->place, "name others, or leave it out for all columns that are nothing else",
				"'%s' is the label: a model that takes it as input has nothing to predict", source->label.items[i]);
	spec_check_windows(context, info, source, slots, count);
}

/* categories: {sex: [f, m], ward: auto} */
static void read_categories(Context *context, nn_data_source *source, const DocNode *node)
{
	static const char help[] = "categories: {sex: [f, m], ward: auto}";
	if (node->kind != DOC_MAP) {
		diag_error(context, node->place, help, "'categories' is a mapping of columns to their values, or 'auto'");
		return;
	}
	nn_category *categories = arena_alloc(context->arena, (size_t)(node->count + 1) * sizeof *categories);
	for (int i = 0; i < node->count; i++) {
		const DocPair *pair = &node->pairs[i];
		nn_category *category = &categories[source->category_count];
		*category = (nn_category){.column = pair->key->text};
		if (spec_holds(&source->label, category->column)) {
			diag_error(context, pair->key->place, "name the classes of the label under classes:", "'%s' is the label", category->column);
			continue;
		}
		if (pair->value->kind == DOC_SCALAR && strcmp(pair->value->text, "auto")) {
			diag_error(context, pair->value->place, help, "the categories of '%s' are a list, or 'auto'", category->column);
			continue;
		}
		if (pair->value->kind != DOC_SCALAR && !spec_texts(context, pair->value, category->column, &category->values)) continue;
		spec_distinct(context, pair->value, "the category");
		source->category_count++;
	}
	source->categories = categories;
}

static void check_masks(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count)
{
	const Slot *values = spec_slot((Slot *)slots, count, "mask_values");
	if (!values->given) return;
	for (int i = 0; i < source->mask_values.count; i++) {
		char *end;
		long value = strtol(source->mask_values.items[i], &end, 10);
		if (*end || value < 0 || value > 65535)
			diag_error(context, values->node->place, "mask_values: [0, 128, 255]", "'%s' is no grey level or number of a colour in a palette",
				source->mask_values.items[i]);
	}
	spec_distinct(context, values->node, "the value");
	if (source->mask_values.count < 2)
		diag_error(context, values->node->place, "mask_values: [0, 255]", "'mask_values' names the value of each of two classes or more");
	else if (info->classes.count && info->classes.count != source->mask_values.count)
		diag_error(context, values->node->place, NULL, "%d values for %d classes", source->mask_values.count, info->classes.count);
}

static const char *type_words(Arena *arena)
{
	const char *words = kinds[0].type;
	for (int i = 1; i < KINDS; i++) words = arena_format(arena, "%s|%s", words, kinds[i].type);
	return words;
}

/* Keys of other kinds of sources are known, so that the message can say whose they are. */
static void refuse_foreign(Context *context, const SourceKind *kind, const Slot *slots)
{
	for (int i = 0; i < BY_HAND + KEYS; i++) {
		int whose = i < BY_HAND ? hand_kinds[i] : keys[i - BY_HAND].kinds;
		if (slots[i].node && !(whose & 1 << (kind - kinds)))
			diag_error(context, slots[i].key_node->place, NULL, "a source of type %s has no '%s'", kind->type, slots[i].key);
	}
}

void spec_classes(Context *context, const DocNode *node, nn_texts *classes)
{
	if (node->kind != DOC_LIST || node->count < 2) {
		diag_error(context, node->place, "classes: [NORMAL, PNEUMONIA]", "'classes' is a list of two names or more");
		return;
	}
	spec_texts(context, node, "classes", classes);
	spec_distinct(context, node, "the class");
}

static void read_classes(
	Context *context, const DocNode *top_classes, const Slot *slot, int mode, const Slot *mode_slot, SourceInfo *info)
{
	if (slot->given && top_classes)
		diag_error(context, slot->key_node->place, NULL, "'classes' is given twice; the first is in line %d",
			top_classes->place.line + 1);
	else if (slot->given) spec_classes(context, slot->node, &info->classes);
	info->class_mode_given = mode >= 0;
	info->class_mode = mode < 0 ? NN_CLASS_SPARSE : (nn_class_mode)mode;
	if (mode == NN_CLASS_BINARY && info->classes.count && info->classes.count != 2)
		diag_error(context, mode_slot->node->place, "class_mode: sparse or categorical",
			"class_mode binary is for two classes, not %d", info->classes.count);
}

/* What joins the samples of several sources. */
static void check_key(Context *context, const SourceInfo *info, const nn_data_source *source, const Slot *slots, const Slot *key)
{
	int bit = 1 << (info->kind - kinds);
	bool table = bit & B_CSV || source->column, files = bit & B_IMAGES || (bit & B_TEXT && !source->column);
	if (!info->joined) {
		if (key->given && (table || files))
			diag_error(context, key->key_node->place, "sources: {NAME: {..}, NAME: {..}}", "'key' joins several sources, but this is one");
		return;
	}
	if (!table && !files)
		diag_error(context, slots[TYPE].node->place, "image_folder, image_mask, csv and text can",
			"a source of type %s can't be joined with others", info->kind->type);
	else if (table && !key->node)
		diag_error(context, info->place, "key: the column that says which file a row belongs to", "a table that is joined needs 'key'");
	else if (files && key->given)
		spec_regex(context, key, "key: '([^/]+)[.]png', of the path of a file below its folder; the part in ( ) is the key", source->key);
}

bool spec_read_source(
	Context *context, const DocNode *node, const DocNode *top_classes, nn_data_source *source, SourceInfo *info)
{
	int type = -1, color = -1, mode = -1;
	Slot slots[BY_HAND + KEYS] = {[TYPE] = {.key = "type", .kind = SLOT_WORD, .target = &type, .words = type_words(context->arena)},
		[CLASS_MODE] = {.key = "class_mode", .kind = SLOT_WORD, .target = &mode, .words = "sparse|binary|categorical|none"},
		[CLASSES] = {.key = "classes"},
		[TARGET_SIZE] = {.key = "target_size"},
		[CATEGORIES] = {.key = "categories"},
		[COLOR_MODE] = {.key = "color_mode", .kind = SLOT_WORD, .target = &color, .words = "grayscale|rgb|rgba"},
		[VOCABULARY] = {.key = "vocabulary"},
		[TRANSFORM] = {.key = "transform"}};
	*source = silent;
	for (int i = 0; i < KEYS; i++) {
		const SourceKey *key = &keys[i];
		slots[BY_HAND + i] = (Slot){.key = key->key, .kind = key->kind,
			.target = (char *)source + key->member, .low = key->low, .high = key->high, .words = key->words};
	}
	info->place = node->place;
	const char *what = info->name ? arena_format(context->arena, "data.sources.%s", info->name) : "data.source";
	if (!spec_section(context, what, node, SLOTS(slots))) return false;
	if (!slots[TYPE].node)
		diag_error(context, node->place, "type: image_folder, image_mask, csv, text, sequence, idx or npy", "%s needs a 'type'", what);
	if (type < 0) return false;
	source->name = info->name;
	info->kind = &kinds[type];
	source->type = info->kind->type;
	refuse_foreign(context, info->kind, slots);
	if (slots[TARGET_SIZE].given && 1 << type & B_IMAGES) read_size(context, source, slots[TARGET_SIZE].node);
	source->channels = color < 0 ? 0 : color == 0 ? 1 : color + 2;
	read_classes(context, top_classes, &slots[CLASSES], mode, &slots[CLASS_MODE], info);
	if (slots[CATEGORIES].given && type == CSV) read_categories(context, source, slots[CATEGORIES].node);
	if (info->kind->check) info->kind->check(context, info, source, SLOTS(slots));
	check_key(context, info, source, slots, spec_slot(slots, BY_HAND + KEYS, "key"));
	return true;
}
