/* spec_text.c: what is special to sources of text: the vocabulary, encodings, files of classes, and the fields of tokens. Input:
 * keys of data.source; output: members of nn_data_source. Invariant: how many ids there are is known without any data. */
#include <iconv.h>
#include <math.h>
#include <string.h>
#include "spec_read.h"

enum { SPECIAL_IDS = 2, ALL_BYTES = 256, MOST_IDS = 1 << 24 }; /* padding and unknown; ids are exact in a float */

/* --- keys --------------------------------------------------------------------------------------------------------- */

static void read_vocabulary_file(Context *context, const DocNode *node, nn_data_source *source)
{
	Slot slots[] = {
		{.key = "file", .kind = SLOT_TEXT, .target = &source->vocabulary_file},
		{.key = "size", .kind = SLOT_INTEGER, .target = &source->vocabulary_size, .low = SPECIAL_IDS + 1, .high = MOST_IDS},
	};
	static const char help[] = "vocabulary: {file: words.txt, size: 20000}; the size is that of the file's lines and two more";
	if (!spec_section(context, "vocabulary", node, SLOTS(slots))) return;
	for (int i = 0; i < 2; i++)
		if (!slots[i].node) diag_error(context, node->place, help, "a vocabulary in a file needs '%s'", slots[i].key);
}

static void read_vocabulary(Context *context, const DocNode *node, nn_data_source *source)
{
	double size;
	if (node->kind == DOC_MAP) read_vocabulary_file(context, node, source);
	else if (node->kind == DOC_LIST) {
		spec_texts(context, node, "vocabulary", &source->vocabulary);
		spec_distinct(context, node, "the token");
		source->vocabulary_size = source->vocabulary.count + SPECIAL_IDS;
	} else if (strchr(node->text, '.') && node->text[strspn(node->text, "0123456789.+-*/^() e")]) {
		diag_error(context, node->place, arena_format(context->arena, "vocabulary: {file: %s, size: N}, N ids: the file's lines and two more", node->text),
			"'vocabulary' is the number of ids, a list of tokens, or a file with its size");
	} else if (spec_number(context, node, "vocabulary", SPECIAL_IDS + 1, MOST_IDS, &size)) {
		if (size != floor(size)) diag_error(context, node->place, NULL, "'vocabulary' is a whole number of ids");
		source->vocabulary_size = (int)size;
	}
}

static void check_encoding(Context *context, const Slot *slot, const nn_data_source *source)
{
	static const char *const common[] = {"utf-8", "ascii", "latin1", "cp1252", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "iso-8859-2",
		"iso-8859-15", "cp1250", "cp1251", "koi8-r", "shift_jis", "euc-jp", "euc-kr", "gb18030", "big5"};
	if (!slot->given) return;
	if (source->tokens == NN_BYTES) {
		diag_error(context, slot->key_node->place, "leave it out, or say tokens: characters", "tokens that are bytes have no encoding");
		return;
	}
	iconv_t converter = iconv_open("UTF-8", source->encoding);
	if (converter != (iconv_t)-1) iconv_close(converter);
	else spec_unknown(context, slot->node->place, source->encoding, common, sizeof common/sizeof *common, "iconv knows no encoding");
}

void spec_check_text(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count)
{
	const Slot *label = spec_slot((Slot *)slots, count, "label"), *column = spec_slot((Slot *)slots, count, "column"),
		   *standardize = spec_slot((Slot *)slots, count, "standardize"), *vocabulary = spec_slot((Slot *)slots, count, "vocabulary"),
		   *lines = spec_slot((Slot *)slots, count, "lines"), *stride = spec_slot((Slot *)slots, count, "stride");
	bool none = info->class_mode_given && info->class_mode == NN_CLASS_NONE;
	check_encoding(context, spec_slot((Slot *)slots, count, "encoding"), source);
	if (!standardize->given) source->standardize = source->tokens == NN_WORDS ? NN_LOWER_AND_STRIP : NN_STANDARDIZE_NONE;
	if (vocabulary->given) read_vocabulary(context, vocabulary->node, source);
	else if (source->tokens == NN_BYTES) source->vocabulary_size = ALL_BYTES + SPECIAL_IDS;
	else
		diag_error(context, info->place, "vocabulary: 20000, a list of tokens, or {file: PATH, size: N}; nnc scan PATH counts what is there",
			"a text source needs 'vocabulary', the number of ids");
	if (label->given && !column->given)
		diag_error(context, label->key_node->place, "column: NAME of the column of texts", "'label' names a column of a table, but 'column' is missing");
	if (source->label.count > 1)
		diag_error(context, label->node->place, "label: NAME of one column", "a text source has one label, not %d", source->label.count);
	if (lines->given && source->lines && column->given)
		diag_error(context, lines->key_node->place, "leave it out", "each row of a table is a text already");
	source->ended = !none && !info->joined && (source->column ? !label->given : source->lines);
	if (source->ended && stride->given)
		diag_error(context, stride->key_node->place, "leave it out", "'stride' is for one text that is cut into windows, not for texts of their own");
}

/* --- splits ------------------------------------------------------------------------------------------------------- */

/* Names of the classes are the keys; every split has the same. */
static void take_classes(Context *context, const DocNode *node, SourceInfo *info)
{
	const char **names = arena_alloc(context->arena, (size_t)(node->count + 1)*sizeof *names);
	bool known = info->classes.count > 0, same = info->classes.count == node->count;
	for (int i = 0; i < node->count; i++) {
		names[i] = node->pairs[i].key->text;
		same = same && !strcmp(names[i], info->classes.items[i]);
	}
	if (!known) info->classes = (nn_texts){names, node->count};
	else if (!same)
		diag_error(context, node->place, "the same names, in the same order", "these files are of other classes than 'classes' or the split before");
}

const char *spec_class_files(Context *context, const DocNode *node, SourceInfo *info)
{
	const char *paths = NULL;
	if (node->kind != DOC_MAP || node->count < 2) {
		diag_error(context, node->place, "files: {negative: bad.txt, positive: good.txt}", "'files' holds a file for each of two classes or more");
		return NULL;
	}
	for (int i = 0; i < node->count; i++) {
		const DocNode *path = node->pairs[i].value;
		if (path->kind != DOC_SCALAR || !path->text[0] || strchr(path->text, '\n')) {
			diag_error(context, path->place, NULL, "the class %s needs the path of one file", node->pairs[i].key->text);
			return NULL;
		}
		paths = paths ? arena_format(context->arena, "%s\n%s", paths, path->text) : path->text;
	}
	take_classes(context, node, info);
	return paths;
}

/* --- fields ------------------------------------------------------------------------------------------------------- */

bool spec_fit_text(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field)
{
	const char *name = strrchr(field->name, '.') + 1;
	field->integer = 1;
	if (field->part == SPEC_LENGTH_PART) {
		if (field->count == 1) return true;
		diag_error(context, info->place, "input: [1]", "%s is one number, but the model wants %lld", field->name, (long long)field->count);
		return false;
	}
	if (field->rank != 1) {
		diag_error(context, info->place, "input: [sequence_length]", "%s is one row of tokens, but the model's input has %d dimensions", name, field->rank);
		return false;
	}
	if (!source->sequence_length) source->sequence_length = (int)field->shape[0];
	if (source->sequence_length == field->shape[0]) return true;
	diag_error(context, info->place, arena_format(context->arena, "input: [%d]", source->sequence_length),
		"sequence_length is %d, but the model's input takes %lld tokens", source->sequence_length, (long long)field->shape[0]);
	return false;
}

/* Of texts without labels it is the token after each. */
int spec_text_label(const SourceInfo *info, const nn_data_source *source)
{
	if (info->stream || source->ended) return SPEC_TEXT_NEXT;
	bool none = info->class_mode_given && info->class_mode == NN_CLASS_NONE;
	return none || (source->column && !source->label.count) ? -1 : SPEC_LABEL_PART;
}
