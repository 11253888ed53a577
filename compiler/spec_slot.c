/* spec_slot.c: sections as tables of slots. Input: a mapping of the document and its slots; output: the slots' targets.
 * Invariant: a target is written only by a value that is valid, so that defaults survive mistakes. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "foreign.h"
#include "spec_read.h"

/* "a, b, c" */
static const char *join(Arena *arena, const char *const *names, int count)
{
	const char *all = "";
	for (int i = 0; i < count; i++) all = arena_format(arena, "%s%s%s", all, i ? ", " : "", names[i]);
	return all;
}

void spec_unknown(Context *context, Place place, const char *word, const char *const *names, int count, const char *subject)
{
	const char *nearest = text_nearest(word, names, count), *help = foreign_help(FOREIGN_NAME, word);
	if (!help)
		help = nearest ? arena_format(context->arena, "did you mean '%s'?", nearest)
			       : arena_format(context->arena, "there are: %s", join(context->arena, names, count));
	diag_error(context, place, help, "%s '%s'", subject, word);
}

/* --- numbers ---------------------------------------------------------------------------------------------------------- */

/* "%g", but whole numbers in full */
static const char *number_text(Arena *arena, double value)
{
	return fabs(value) < 1e15 && value == floor(value) ? arena_format(arena, "%.0f", value)
							   : arena_format(arena, "%g", value);
}

/* Reports a value outside its range. */
static bool in_range(Context *context, Place place, const char *what, double low, double high, double value)
{
	Arena *arena = context->arena;
	if (low == high || (value >= low && value <= high)) return true;
	if (isinf(high) || high >= 1e9)
		diag_error(context, place, NULL, "'%s' is at least %s, not %s", what, number_text(arena, low),
			number_text(arena, value));
	else
		diag_error(context, place, NULL, "'%s' is a number from %s to %s, not %s", what,
			number_text(arena, low), number_text(arena, high), number_text(arena, value));
	return false;
}

bool spec_number(Context *context, const DocNode *node, const char *what, double low, double high, double *value)
{
	double number;
	if (node->kind != DOC_SCALAR) {
		diag_error(context, node->place, NULL, "'%s' is one number", what);
		return false;
	}
	if (!spec_constant(context, expr_read(context, node, EXPR_VALUE_START), &number)) return false;
	if (!in_range(context, node->place, what, low, high, number)) return false;
	*value = number;
	return true;
}

/* --- other values ------------------------------------------------------------------------------------------------- */

static bool read_integer(Context *context, const DocNode *node, const Slot *slot)
{
	double number;
	if (!spec_number(context, node, slot->key, slot->low, slot->high, &number)) return false;
	if (number != floor(number) || fabs(number) > 2147483647) {
		diag_error(context, node->place, NULL, "'%s' is a whole number, not %s", slot->key,
			number_text(context->arena, number));
		return false;
	}
	*(int *)slot->target = (int)number;
	return true;
}

static bool read_text(Context *context, const DocNode *node, const char *what, const char **text)
{
	if (node->kind != DOC_SCALAR) {
		diag_error(context, node->place, NULL, "'%s' is one text, not a %s", what,
			node->kind == DOC_LIST ? "list" : "mapping");
		return false;
	}
	if (!*node->text && !node->quoted) {
		diag_error(context, node->place, NULL, "the value of '%s' is missing", what);
		return false;
	}
	*text = node->text;
	return true;
}

static bool read_boolean(Context *context, const DocNode *node, const Slot *slot)
{
	const char *text;
	if (!read_text(context, node, slot->key, &text)) return false;
	bool yes = strcmp(text, "true") == 0 || strcmp(text, "True") == 0;
	if (!yes && strcmp(text, "false") != 0 && strcmp(text, "False") != 0) {
		diag_error(context, node->place, NULL, "'%s' is true or false, not '%s'", slot->key, text);
		return false;
	}
	*(int *)slot->target = yes;
	return true;
}

/* Takes "a|b|c" apart. */
static int split_words(Arena *arena, const char *words, const char *names[], int limit)
{
	int count = 0;
	while (count < limit) {
		size_t length = strcspn(words, "|");
		names[count++] = arena_copy(arena, words, length);
		if (!words[length]) break;
		words += length + 1;
	}
	return count;
}

static bool read_word(Context *context, const DocNode *node, const Slot *slot)
{
	const char *text, *names[16];
	int count = split_words(context->arena, slot->words, names, 16);
	if (!read_text(context, node, slot->key, &text)) return false;
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], text) == 0) {
			*(int *)slot->target = i;
			return true;
		}
	spec_unknown(context, node->place, text, names, count, arena_format(context->arena, "'%s' cannot be", slot->key));
	return false;
}

bool spec_texts(Context *context, const DocNode *node, const char *what, nn_texts *texts)
{
	bool list = node->kind == DOC_LIST, good = true;
	int count = list ? node->count : 1;
	const char **items = arena_alloc(context->arena, (size_t)count * sizeof *items);
	for (int i = 0; i < count; i++) good &= read_text(context, list ? node->items[i] : node, what, &items[i]);
	if (good) *texts = (nn_texts){items, count};
	return good;
}

bool spec_holds(const nn_texts *texts, const char *text)
{
	for (int i = 0; i < texts->count; i++)
		if (!strcmp(texts->items[i], text)) return true;
	return false;
}

static int by_text(const void *a, const void *b)
{
	const DocNode *x = *(const DocNode *const *)a, *y = *(const DocNode *const *)b;
	int order = strcmp(x->text, y->text);
	return order ? order : (x->begin > y->begin) - (x->begin < y->begin);
}

void spec_distinct(Context *context, const DocNode *node, const char *what)
{
	if (node->kind != DOC_LIST || node->count < 2) return;
	const DocNode **sorted = arena_alloc(context->arena, (size_t)node->count * sizeof *sorted);
	for (int i = 0; i < node->count; i++) {
		if (node->items[i]->kind != DOC_SCALAR) return;
		sorted[i] = node->items[i];
	}
	qsort(sorted, (size_t)node->count, sizeof *sorted, by_text);
	for (int i = 1; i < node->count; i++)
		if (strcmp(sorted[i]->text, sorted[i - 1]->text) == 0)
			diag_error(context, sorted[i]->place, NULL, "%s '%s' is given twice", what, sorted[i]->text);
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

static bool read_slot(Context *context, const DocNode *node, const Slot *slot)
{
	switch (slot->kind) {
	case SLOT_OTHER: return true;
	case SLOT_TEXT: return read_text(context, node, slot->key, slot->target);
	case SLOT_BOOLEAN: return read_boolean(context, node, slot);
	case SLOT_INTEGER: return read_integer(context, node, slot);
	case SLOT_NUMBER: return spec_number(context, node, slot->key, slot->low, slot->high, slot->target);
	case SLOT_WORD: return read_word(context, node, slot);
	case SLOT_TEXTS: return spec_texts(context, node, slot->key, slot->target);
	}
	return false;
}

Slot *spec_slot(Slot *slots, int count, const char *key)
{
	for (int i = 0; i < count; i++)
		if (strcmp(slots[i].key, key) == 0) return &slots[i];
	return NULL;
}

/* `x)` without a value, after a comma in { }: a piece of a call that YAML has split */
static bool is_piece(const DocNode *map, const DocPair *pair)
{
	return map->flow && pair->value->begin == pair->value->end && strchr(pair->key->text, ')');
}

static void report_key(
	Context *context, const char *what, const DocNode *map, const DocPair *pair, const Slot *slots, int count)
{
	const char **names = arena_alloc(context->arena, (size_t)count * sizeof *names), *key = pair->key->text;
	if (is_piece(map, pair)) {
		diag_error(context, pair->key->place,
			"inside { } YAML splits at commas: use a block mapping, or quotes", "'%s' is a piece of a call",
			key);
		return;
	}
	for (int i = 0; i < count; i++) names[i] = slots[i].key;
	const char *foreign = spec_misplaced(context, what, key);
	if (!foreign) foreign = foreign_help(FOREIGN_KEY, key);
	if (foreign) diag_error(context, pair->key->place, foreign, "%s has no '%s'", what, key);
	else spec_unknown(context, pair->key->place, key, names, count, arena_format(context->arena, "%s has no", what));
}

/* The name of a parameter stands for its value; but texts are texts, and a slot's own words come first. */
static bool takes_params(Context *context, const Slot *slot, const DocNode *node)
{
	const char *names[16];
	if (slot->kind == SLOT_TEXT || slot->kind == SLOT_TEXTS) return false;
	if (slot->kind != SLOT_WORD || node->kind != DOC_SCALAR) return true;
	int count = split_words(context->arena, slot->words, names, 16);
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], node->text) == 0) return false;
	return true;
}

bool spec_section(Context *context, const char *what, const DocNode *map, Slot *slots, int count)
{
	if (map->kind != DOC_MAP) {
		bool empty = map->kind == DOC_SCALAR && !map->quoted && map->begin == map->end;
		diag_error(context, map->place, empty ? "what belongs to it is indented below it" : NULL,
			empty ? "%s is empty" : "%s is a mapping, `key: value`", what);
		return false;
	}
	if (context->watch) spec_show(context, map, slots, count);
	for (int i = 0; i < map->count; i++) {
		const DocPair *pair = &map->pairs[i];
		Slot *slot = spec_slot(slots, count, pair->key->text);
		if (!slot) {
			report_key(context, what, map, pair, slots, count);
			continue;
		}
		slot->key_node = pair->key;
		slot->node = takes_params(context, slot, pair->value) ? (DocNode *)spec_resolve(context, pair->value) : pair->value;
		slot->given = read_slot(context, slot->node, slot);
	}
	return true;
}
