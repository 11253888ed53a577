/* spec_data.c: the section `data` -> nn_data. Input: the document; output: Spec.data, but for what the model decides
 * (spec_field.c). Invariant: what a source has no use for is refused. */
#include <math.h>
#include <regex.h>
#include <string.h>
#include "spec_read.h"

enum { IMAGE_FOLDER = 1, CSV = 2, IDX = 4, NPY = 8, TABLES = CSV | IDX | NPY, ALL = IMAGE_FOLDER | TABLES };
static const char source_words[] = "image_folder|csv|idx|npy"; /* as nn_source, without NN_NO_DATA */
static const char *const source_names[] = {"no data", "image_folder", "csv", "idx", "npy"};

static int bit_of(nn_source source) { return source == NN_NO_DATA ? 0 : 1 << (source - 1); }

/* --- data.source -------------------------------------------------------------------------------------------------- */

/* What a spec says where the model decides when it is silent: negative. */
typedef struct Silent {
	int color, class_mode;
	Texts classes, ignore, missing;
} Silent;

/* Keys of other kinds of sources are known, so that the message can say whose they are. */
static void refuse_foreign(
	Context *context, nn_source source, const Slot *slots, const int *owners, int count, const char *help)
{
	for (int i = 0; i < count; i++) {
		if (!slots[i].node || (owners[i] & bit_of(source))) continue;
		diag_error(context, slots[i].key_node->place, help, "a source of type %s has no '%s'",
			source_names[source], slots[i].key);
	}
}

static void read_size(Context *context, nn_data *data, const DocNode *node)
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
	data->height = (int)size[0];
	data->width = (int)size[1];
}

static void check_separator(Context *context, const Slot *slot, const nn_data *data)
{
	if (!slot->given || (strlen(data->separator) == 1 && !strchr("\"\r\n", *data->separator))) return;
	diag_error(context, slot->node->place, "a tab is written \"\\t\"", "'separator' is one character");
}

static void read_classes(Context *context, const DocNode *node, Texts *classes)
{
	if (node->kind != DOC_LIST || node->count < 2) {
		diag_error(context, node->place, "classes: [NORMAL, PNEUMONIA]",
			"'classes' is a list of two names or more");
		return;
	}
	spec_texts(context, node, "classes", classes);
	spec_distinct(context, node, "the class");
}

static void check_source(Context *context, nn_data *data, const Slot *slots, int count, const Silent *silent)
{
	const Slot *label = spec_slot((Slot *)slots, count, "label"), *impute = spec_slot((Slot *)slots, count, "impute");
	const Slot *mode = spec_slot((Slot *)slots, count, "class_mode"),
		   *separator = spec_slot((Slot *)slots, count, "separator");
	if (data->source == NN_CSV) check_separator(context, separator, data);
	if (data->source == NN_CSV && !label->node && silent->class_mode != NN_CLASS_NONE)
		diag_error(context, slots[0].node->place, "label: NAME, or the number of the column; -1 is the last",
			"a csv source needs 'label', the column to predict");
	if (data->source == NN_CSV && impute->given && data->impute == NN_IMPUTE_DROP &&
		!spec_slot((Slot *)slots, count, "missing")->node)
		diag_warning(context, impute->node->place, "missing: [\"?\", NA]",
			"rows are dropped only where a field is empty");
	if (mode->given && silent->class_mode == NN_CLASS_BINARY && data->class_count && data->class_count != 2)
		diag_error(context, mode->node->place, "class_mode: sparse or categorical",
			"class_mode binary is for two classes, not %d", data->class_count);
}

/* Key, kind, target, and who may have it: one list for the slots and for their owners. */
#define SOURCE_SLOTS(X) \
	X(ALL, "type", SLOT_WORD, &type, 0, 0, source_words) \
	X(IMAGE_FOLDER, "target_size", SLOT_OTHER, NULL, 0, 0, NULL) \
	X(IMAGE_FOLDER, "color_mode", SLOT_WORD, &silent.color, 0, 0, "grayscale|rgb|rgba") \
	X(IMAGE_FOLDER, "interpolation", SLOT_WORD, &interpolation, 0, 0, "nearest|bilinear|area") \
	X(IMAGE_FOLDER, "fast_decode", SLOT_BOOLEAN, &data->fast_decode, 0, 0, NULL) \
	X(IMAGE_FOLDER, "max_unreadable", SLOT_NUMBER, &data->max_unreadable, 0, 1, NULL) \
	X(IMAGE_FOLDER | IDX | NPY, "rescale", SLOT_NUMBER, &data->rescale, 0, 0, NULL) \
	X(ALL, "class_mode", SLOT_WORD, &silent.class_mode, 0, 0, "sparse|binary|categorical|none") \
	X(ALL, "classes", SLOT_OTHER, NULL, 0, 0, NULL) \
	X(CSV, "header", SLOT_BOOLEAN, &data->header, 0, 0, NULL) \
	X(CSV, "label", SLOT_TEXT, &data->label, 0, 0, NULL) \
	X(CSV, "ignore", SLOT_TEXTS, &silent.ignore, 0, 0, NULL) \
	X(CSV, "missing", SLOT_TEXTS, &silent.missing, 0, 0, NULL) \
	X(CSV, "impute", SLOT_WORD, &impute, 0, 0, "mean|median|drop") \
	X(CSV, "normalize", SLOT_WORD, &normalize, 0, 0, "none|standard|minmax") \
	X(CSV, "separator", SLOT_TEXT, &data->separator, 0, 0, NULL)

static void read_source(Context *context, Spec *spec, const DocNode *node, const DocNode *top_classes)
{
	nn_data *data = &spec->data;
	int type = -1, interpolation = NN_NEAREST, impute = NN_IMPUTE_MEDIAN, normalize = NN_NORMALIZE_NONE;
	Silent silent = {.color = -1, .class_mode = -1};
#define X(owner, name, what, where, least, most, list) \
	{.key = name, .kind = what, .target = where, .low = least, .high = most, .words = list},
	Slot slots[] = {SOURCE_SLOTS(X)};
#undef X
#define X(owner, ...) owner,
	static const int owners[] = {SOURCE_SLOTS(X)};
#undef X
	int count = (int)(sizeof slots / sizeof *slots);
	spec->input_place = node->place;
	if (!spec_section(context, "data.source", node, slots, count)) return;
	if (!slots[0].node)
		diag_error(context, node->place, "type: image_folder, csv, idx or npy", "data.source needs a 'type'");
	if (type < 0) return;
	data->source = (nn_source)(type + 1);
	data->interpolation = (nn_interpolation)interpolation;
	data->impute = (nn_missing)impute;
	data->normalize = (nn_normalize)normalize;
	refuse_foreign(context, data->source, slots, owners, count, NULL);
	const Slot *size = spec_slot(slots, count, "target_size"), *classes = spec_slot(slots, count, "classes");
	if (size->given && data->source == NN_IMAGE_FOLDER) read_size(context, data, size->node);
	if (classes->given && top_classes)
		diag_error(context, classes->key_node->place, NULL, "'classes' is given twice; the first is in line %d",
			top_classes->place.line + 1);
	else if (classes->given) read_classes(context, classes->node, &silent.classes);
	if (silent.classes.count) {
		data->classes = silent.classes.items;
		data->class_count = silent.classes.count;
	}
	data->channels = silent.color < 0 ? 0 : silent.color == 0 ? 1 : silent.color + 2;
	data->class_mode = silent.class_mode < 0 ? NN_CLASS_SPARSE : (nn_class_mode)silent.class_mode;
	spec->class_mode_given = silent.class_mode >= 0;
	data->ignore = silent.ignore.items;
	data->ignore_count = silent.ignore.count;
	data->missing = silent.missing.items;
	data->missing_count = silent.missing.count;
	check_source(context, data, slots, count, &silent);
}
#undef SOURCE_SLOTS

/* --- splits ------------------------------------------------------------------------------------------------------- */

static const char *split_help(nn_source source)
{
	static const char *const helps[] = {NULL, "directory: a folder with one folder a class", "file: a csv file",
		"images: and labels:, two files", "inputs: and targets:, two files"};
	return helps[source];
}

static void read_split(Context *context, const Spec *spec, const char *name, const DocNode *node, nn_split *split)
{
	Slot slots[] = {
		{.key = "directory", .kind = SLOT_TEXT, .target = &split->directory},
		{.key = "file", .kind = SLOT_TEXT, .target = &split->file},
		{.key = "images", .kind = SLOT_TEXT, .target = &split->images},
		{.key = "labels", .kind = SLOT_TEXT, .target = &split->labels},
		{.key = "inputs", .kind = SLOT_TEXT, .target = &split->inputs},
		{.key = "targets", .kind = SLOT_TEXT, .target = &split->targets},
	};
	static const int owners[] = {IMAGE_FOLDER, CSV, IDX, IDX, NPY, NPY};
	nn_source source = spec->data.source;
	int errors = context->errors;
	if (!spec_section(context, arena_format(context->arena, "data.%s", name), node, SLOTS(slots)) ||
		source == NN_NO_DATA)
		return;
	bool labelled = spec->data.class_mode != NN_CLASS_NONE || !spec->class_mode_given;
	refuse_foreign(context, source, slots, owners, 6, split_help(source));
	for (int i = 0; i < 6; i++) {
		bool needed = (owners[i] & bit_of(source)) && (labelled || (i != 3 && i != 5));
		if (slots[i].given && !slots[i].node->text[0])
			diag_error(context, slots[i].node->place, NULL, "the path is empty");
		else if (!slots[i].node && needed && context->errors == errors)
			diag_error(context, node->place, split_help(source), "data.%s needs '%s'", name, slots[i].key);
	}
}

static void check_group(Context *context, const nn_data *data, const Slot *slot)
{
	regex_t regex;
	char why[200];
	if (!slot->given || data->source == NN_CSV) return;
	if (data->source != NN_IMAGE_FOLDER) {
		diag_error(context, slot->key_node->place, NULL, "a source of type %s has no groups",
			source_names[data->source]);
		return;
	}
	int code = regcomp(&regex, data->split_group, REG_EXTENDED);
	if (code) {
		regerror(code, &regex, why, sizeof why);
		diag_error(context, slot->node->place,
			"the part of a file name that all images of one patient share: person[0-9]+",
			"'group' is no regular expression: %s", why);
		return;
	}
	regfree(&regex);
}

static void read_shares(Context *context, Spec *spec, const DocNode *node, const Slot *validation, const Slot *test)
{
	nn_data *data = &spec->data;
	double seed = -1;
	Slot slots[] = {
		{.key = "validation", .kind = SLOT_NUMBER, .target = &data->split_validation, .low = 0, .high = 1},
		{.key = "test", .kind = SLOT_NUMBER, .target = &data->split_test, .low = 0, .high = 1},
		{.key = "stratify", .kind = SLOT_BOOLEAN, .target = &data->split_stratify},
		{.key = "group", .kind = SLOT_TEXT, .target = &data->split_group},
		{.key = "seed", .kind = SLOT_NUMBER, .target = &seed, .low = 0, .high = 9007199254740992.0},
	};
	if (!spec_section(context, "data.split", node, SLOTS(slots))) return;
	const Slot *given[] = {validation, test};
	for (int i = 0; i < 2; i++)
		if (slots[i].given && given[i]->node)
			diag_error(context, slots[i].key_node->place, "leave one of them out",
				"'%s' is given twice: as data.%s, and as a share", slots[i].key, slots[i].key);
	if (slots[4].given && seed != floor(seed))
		diag_error(context, slots[4].node->place, NULL, "'seed' is a whole number");
	if (seed >= 0) data->split_seed = (uint64_t)seed;
	if (data->split_validation + data->split_test >= 1)
		diag_error(context, node->place, NULL, "the shares leave nothing to train on");
	check_group(context, data, &slots[3]);
}

void spec_read_data(Context *context, Spec *spec, const DocNode *node, const DocNode *classes)
{
	nn_data *data = &spec->data;
	Texts names = {0};
	*data = (nn_data){.rescale = 1,
		.max_unreadable = 0.01,
		.header = 1,
		.separator = ",",
		.split_seed = spec->seed,
		.split_stratify = 1};
	if (classes) read_classes(context, classes, &names);
	data->classes = names.items;
	data->class_count = names.count;
	if (!node) return;
	Slot slots[] = {{.key = "source"}, {.key = "train"}, {.key = "validation"}, {.key = "test"}, {.key = "split"}};
	nn_split *splits[] = {NULL, &data->train, &data->validation, &data->test};
	spec->input_place = node->place;
	if (!spec_section(context, "the section 'data'", node, SLOTS(slots))) return;
	if (slots[0].node) read_source(context, spec, slots[0].node, classes);
	else diag_error(context, node->place, "source: {type: image_folder, ...}", "the section 'data' needs 'source'");
	for (int i = 1; i <= 3; i++)
		if (slots[i].node) read_split(context, spec, slots[i].key, slots[i].node, splits[i]);
	if (slots[4].node) read_shares(context, spec, slots[4].node, &slots[2], &slots[3]);
}
