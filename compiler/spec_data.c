/* spec_data.c: the section `data` -> nn_data, but for the sources (spec_source.c) and what the model decides (spec_field.c).
 * Input: the document; output: Spec.data. Invariant: a split has the paths of its source, and no others. */
#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <string.h>
#include "spec_read.h"

enum { PATHS = 16 }; /* keys of splits of all kinds, at most */

/* --- splits ------------------------------------------------------------------------------------------------------- */

/* The keys that splits have in any kind of source, so that a message can say whose they are. */
static int path_slots(Slot slots[PATHS])
{
	int count = 0, kind_count;
	const SourceKind *kinds = spec_kinds(&kind_count);
	for (int k = 0; k < kind_count; k++)
		for (int i = 0; i < NN_PATHS; i++)
			if (kinds[k].paths[i] && !spec_slot(slots, count, kinds[k].paths[i]))
				slots[count++] = (Slot){.key = kinds[k].paths[i], .kind = SLOT_TEXT};
	for (int k = 0; k < kind_count; k++)
		for (int i = 0; i <= NN_PATHS; i++)
			if (kinds[k].one_of[i] && !spec_slot(slots, count, kinds[k].one_of[i]))
				slots[count++] = (Slot){.key = kinds[k].one_of[i], .kind = i == NN_PATHS ? SLOT_OTHER : SLOT_TEXT};
	return count;
}

static int path_place(const SourceKind *kind, const char *key)
{
	for (int i = 0; i < NN_PATHS; i++)
		if (kind->paths[i] && !strcmp(kind->paths[i], key)) return i;
	for (int i = 0; i <= NN_PATHS; i++)
		if (kind->one_of[i] && !strcmp(kind->one_of[i], key)) return 0;
	return -1;
}

/* The one path of a split that may be given in several ways. */
static void take_one_path(
	Context *context, Spec *spec, int source, const char *what, const DocNode *node, const Slot *slots, int count, int split)
{
	SourceInfo *info = &spec->infos[source];
	const Slot *given = NULL;
	for (int i = 0; i < count; i++) {
		if (!slots[i].node || path_place(info->kind, slots[i].key) < 0) continue;
		if (given)
			diag_error(context, slots[i].key_node->place, info->kind->path_help, "%s has both '%s' and '%s'", what, given->key, slots[i].key);
		given = &slots[i];
	}
	if (!given) {
		diag_error(context, node->place, info->kind->path_help, "%s says nowhere where the texts are", what);
		return;
	}
	const char **path = &spec->data_sources[source].paths[split][0];
	*path = given->kind == SLOT_OTHER ? spec_class_files(context, given->node, info) : *(const char **)given->target;
	if (*path && !**path) diag_error(context, given->node->place, NULL, "the path is empty");
	if (!strcmp(given->key, "file") && !spec->data_sources[source].column) info->stream = true;
}

static bool has_labels(const SourceInfo *info) { return info->class_mode != NN_CLASS_NONE || !info->class_mode_given; }

static void read_split(Context *context, Spec *spec, int source, const char *what, const DocNode *node, int split)
{
	Slot slots[PATHS] = {{0}};
	int count = path_slots(slots), errors = context->errors;
	const SourceInfo *info = &spec->infos[source];
	const SourceKind *kind = info->kind;
	const char *texts[PATHS] = {NULL};
	for (int i = 0; i < count; i++) slots[i].target = &texts[i];
	if (!spec_section(context, what, node, slots, count) || !kind) return;
	for (int i = 0; i < count; i++)
		if (slots[i].node && path_place(kind, slots[i].key) < 0)
			diag_error(context, slots[i].key_node->place, kind->path_help, "a source of type %s has no '%s'", kind->type,
				slots[i].key);
	if (kind->one_of[0] && context->errors == errors) take_one_path(context, spec, source, what, node, slots, count, split);
	for (int i = 0; i < count && !kind->one_of[0]; i++) {
		int place = path_place(kind, slots[i].key);
		if (place < 0) continue;
		spec->data_sources[source].paths[split][place] = texts[i];
		if (slots[i].given && !texts[i][0]) diag_error(context, slots[i].node->place, NULL, "the path is empty");
		else if (!slots[i].node && (place == 0 || has_labels(info)) && context->errors == errors)
			diag_error(context, node->place, kind->path_help, "%s needs '%s'", what, slots[i].key);
	}
}

/* A split of several sources: the paths of each. */
static void read_splits(Context *context, Spec *spec, const char *name, const DocNode *node, int split)
{
	const char *what = arena_format(context->arena, "data.%s", name);
	int count = spec->data.source_count;
	if (count == 1 && !spec->infos[0].name) {
		read_split(context, spec, 0, what, node, split);
		return;
	}
	Slot *slots = arena_alloc(context->arena, (size_t)count * sizeof *slots);
	for (int s = 0; s < count; s++) slots[s] = (Slot){.key = spec->infos[s].name};
	if (!spec_section(context, what, node, slots, count)) return;
	for (int s = 0; s < count; s++) {
		if (slots[s].node) read_split(context, spec, s, arena_format(context->arena, "%s.%s", what, slots[s].key), slots[s].node, split);
		else
			diag_error(context, node->place, arena_format(context->arena, "%s: {%s: ..}", slots[s].key, spec->infos[s].kind->paths[0]),
				"%s says nothing of the source '%s'", what, slots[s].key);
	}
}

void spec_regex(Context *context, const Slot *slot, const char *help, const char *pattern)
{
	regex_t regex;
	char why[200];
	int code = regcomp(&regex, pattern, REG_EXTENDED);
	if (!code) {
		regfree(&regex);
		return;
	}
	regerror(code, &regex, why, sizeof why);
	diag_error(context, slot->node->place, help, "'%s' is no regular expression: %s", slot->key, why);
}

static void check_group(Context *context, const Spec *spec, const Slot *slot)
{
	for (int s = 0; s < spec->data.source_count; s++)
		if (spec->infos[s].kind->columns || spec->data_sources[s].column) return; /* a column */
	if (!slot->given || !spec->data.source_count) return;
	const SourceKind *kind = spec->infos[0].kind;
	if (kind->groups)
		spec_regex(context, slot, "the part of a file name that all images of one patient share: person[0-9]+", spec->data.split_group);
	else diag_error(context, slot->key_node->place, NULL, "a source of type %s has no groups", kind->type);
}

/* slots: validation, test, stratify, group, seed, method, folds, fold; given: data.validation and data.test */
static void check_folds(Context *context, nn_data *data, const Slot *slots, const Slot *const *given, int fold)
{
	const Slot *test = &slots[1], *method = &slots[5], *folds = &slots[6], *number = &slots[7];
	if (data->split_by_name && slots[4].given)
		diag_error(context, slots[4].key_node->place, "leave one of them out", "method: hash goes by names; no 'seed' changes it");
	if (number->given && !folds->given)
		diag_error(context, number->key_node->place, "folds: 10", "'fold' says which of the folds is the test set, but 'folds' is missing");
	if (!folds->given) return;
	data->split_fold = fold < 0 ? 0 : fold;
	if (fold >= data->split_folds)
		diag_error(context, number->node->place, NULL, "of %d folds the last is %d", data->split_folds, data->split_folds - 1);
	if (test->given)
		diag_error(context, test->key_node->place, "leave one of them out", "the test set is given twice: as a share, and as one of the folds");
	else if (given[1]->node)
		diag_error(context, folds->key_node->place, "leave one of them out", "the test set is given twice: as data.test, and as one of the folds");
	if (data->split_by_name)
		diag_error(context, method->key_node->place, "leave it out: every sample is in one of the folds", "folds are not made by method: hash");
	data->split_test = 1.0/data->split_folds;
	if (data->split_validation + data->split_test >= 1)
		diag_error(context, folds->node->place, NULL, "the fold and the share for validation leave nothing to train on");
}

/* Windows of series overlap: neighbours would lie on both sides of a split by chance. */
static void check_windows(Context *context, Spec *spec, const Slot *slots, int method)
{
	nn_data *data = &spec->data;
	nn_data_source *source = &spec->data_sources[0];
	const Slot *group = &slots[3], *method_slot = &slots[5], *folds = &slots[6];
	bool windows = data->source_count == 1 && source->horizon, by_time = method == 2;
	if (by_time && !windows)
		diag_error(context, method_slot->node->place, "sequence_length: of a csv source makes windows", "method: time is for windows of a series");
	if (!windows) return;
	if (group->given && source->group && strcmp(source->group, data->split_group))
		diag_error(context, group->node->place, "leave one of them out", "the series are those of '%s', but the split goes by '%s'", source->group,
			data->split_group);
	if (group->given && by_time)
		diag_error(context, method_slot->key_node->place, "group: of the source says which series a row is of; leave one of them out",
			"the split goes by group, or by time");
	if (!group->given && (folds->given || method == 0 || method == 1))
		diag_error(context, (folds->given ? folds : method_slot)->key_node->place, "method: time, or group: COLUMN",
			"windows overlap, so that a split by %s would test on what was trained on", folds->given ? "folds" : "chance");
	if (!source->group) source->group = data->split_group;
	data->split_by_time = !group->given;
}

/* What one text is split by can be its places only. */
static void check_stream(Context *context, const Spec *spec, const Slot *slots, int method)
{
	bool one_text = spec->data.source_count == 1 && spec->infos[0].stream && !spec->data_sources[0].ended;
	const Slot *stratify = &slots[2], *method_slot = &slots[5];
	static const char help[] = "leave it out: one text is split in its order, and its last part is the test set";
	if (one_text && (method == 0 || method == 1))
		diag_error(context, method_slot->key_node->place, help, "method: %s is for samples of their own, but the windows of one text overlap",
			method ? "hash" : "random");
	if (one_text && stratify->given && spec->data.split_stratify)
		diag_error(context, stratify->key_node->place, help, "one text has no classes that each split could have the same share of");
}

static void read_shares(Context *context, Spec *spec, const DocNode *node, const Slot *validation, const Slot *test)
{
	nn_data *data = &spec->data;
	double seed = -1;
	int method = -1, fold = -1;
	Slot slots[] = {
		{.key = "validation", .kind = SLOT_NUMBER, .target = &data->split_validation, .low = 0, .high = 1},
		{.key = "test", .kind = SLOT_NUMBER, .target = &data->split_test, .low = 0, .high = 1},
		{.key = "stratify", .kind = SLOT_BOOLEAN, .target = &data->split_stratify},
		{.key = "group", .kind = SLOT_TEXT, .target = &data->split_group},
		{.key = "seed", .kind = SLOT_NUMBER, .target = &seed, .low = 0, .high = 9007199254740992.0},
		{.key = "method", .kind = SLOT_WORD, .target = &method, .words = "random|hash|time"},
		{.key = "folds", .kind = SLOT_INTEGER, .target = &data->split_folds, .low = 2, .high = 1000000},
		{.key = "fold", .kind = SLOT_INTEGER, .target = &fold, .low = 0, .high = 999999},
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
	check_group(context, spec, &slots[3]);
	data->split_by_name = method == 1;
	check_folds(context, data, slots, given, fold);
	if (data->source_count) check_windows(context, spec, slots, method), check_stream(context, spec, slots, method);
}

/* Of a source that was not understood: its keys may still be wrong by themselves. */
static void read_unknown_split(Context *context, const Slot *slot)
{
	Slot slots[PATHS] = {{0}};
	const char *ignored;
	int count = path_slots(slots);
	for (int i = 0; i < count; i++) slots[i].target = &ignored;
	spec_section(context, arena_format(context->arena, "data.%s", slot->key), slot->node, slots, count);
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

bool spec_is_name(const char *text)
{
	bool good = isalpha((unsigned char)*text) || *text == '_';
	for (; *text && good; text++) good = isalnum((unsigned char)*text) || *text == '_';
	return good;
}

/* Folders of images have no classes of their own where a table that they are joined with has a label. */
static void settle_labels(Spec *spec)
{
	bool labelled = false;
	for (int s = 0; s < spec->data.source_count; s++) labelled |= spec->data_sources[s].label.count > 0;
	for (int s = 0; s < spec->data.source_count && labelled; s++) {
		SourceInfo *info = &spec->infos[s];
		if (info->kind->label != SPEC_LABEL_CLASS || info->class_mode_given) continue;
		info->class_mode_given = true;
		info->class_mode = NN_CLASS_NONE;
	}
}

/* One source under data.source, or named ones under data.sources. */
static void read_sources(Context *context, Spec *spec, const DocNode *one, const DocNode *several, const DocNode *data, const DocNode *classes)
{
	bool named = !one && several->kind == DOC_MAP && several->count;
	int count = named ? several->count : 1;
	spec->data_sources = arena_alloc(context->arena, (size_t)count * sizeof *spec->data_sources);
	spec->infos = arena_alloc(context->arena, (size_t)count * sizeof *spec->infos);
	spec->data.sources = spec->data_sources;
	if (!one && !named) {
		diag_error(context, several->place, "sources: {xray: {type: image_folder, ..}, lab: {type: csv, ..}}", "'sources' are named, `NAME: {type: ..}`");
		return;
	}
	for (int s = 0; s < count; s++) {
		SourceInfo *info = &spec->infos[spec->data.source_count];
		*info = (SourceInfo){.place = data->place, .classes = spec->classes, .joined = count > 1};
		if (named) info->name = several->pairs[s].key->text;
		if (named && !spec_is_name(info->name))
			diag_error(context, several->pairs[s].key->place, "letters, digits and _", "'%s' can't be the name of a source", info->name);
		if (spec_read_source(context, named ? several->pairs[s].value : one, classes, &spec->data_sources[spec->data.source_count], info))
			spec->data.source_count++;
	}
	if (count > 1) settle_labels(spec);
}

void spec_read_data(Context *context, Spec *spec, const DocNode *node, const DocNode *classes)
{
	nn_data *data = &spec->data;
	*data = (nn_data){.split_seed = spec->seed, .split_stratify = 1};
	if (classes) spec_classes(context, classes, &spec->classes);
	if (!node) return;
	enum { SOURCE, SOURCES, TRAIN, SPLIT = TRAIN + NN_SPLITS };
	Slot slots[] = {{.key = "source"}, {.key = "sources"}, {.key = "train"}, {.key = "validation"}, {.key = "test"}, {.key = "split"}};
	if (!spec_section(context, "the section 'data'", node, SLOTS(slots))) return;
	if (slots[SOURCE].node && slots[SOURCES].node)
		diag_error(context, slots[SOURCES].key_node->place, NULL, "the section 'data' has either 'source' or 'sources'");
	if (slots[SOURCE].node || slots[SOURCES].node) read_sources(context, spec, slots[SOURCE].node, slots[SOURCES].node, node, classes);
	else diag_error(context, node->place, "source: {type: image_folder, ...}", "the section 'data' needs 'source'");
	int wanted = slots[SOURCE].node ? 1 : slots[SOURCES].node ? slots[SOURCES].node->count : 0;
	for (int i = 0; i < NN_SPLITS; i++) {
		Slot *slot = &slots[TRAIN + i];
		if (slot->node && data->source_count == wanted && wanted) read_splits(context, spec, slot->key, slot->node, i);
		else if (slot->node && !slots[SOURCES].node) read_unknown_split(context, slot);
	}
	if (slots[SPLIT].node) read_shares(context, spec, slots[SPLIT].node, &slots[TRAIN + 1], &slots[TRAIN + 2]);
}
