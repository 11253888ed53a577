/* spec_transfer.c: train.init_from: a file of weights to begin with. Input: the document, later the network's names; output:
 * Spec.training.init. Invariant: a pattern that fits no weight of this network was reported. */
#include <fnmatch.h>
#include <string.h>
#include "spec_read.h"

static const char help[] = "init_from: {file: runs/base/best.safetensors, only: [\"conv2d*\"], rename: {trunk: encoder}, skip_mismatch: true}";

/* {trunk: encoder}: pairs of names, of a weight or of what holds it */
static void read_renames(Context *context, nn_init *init, const DocNode *node)
{
	if (node->kind != DOC_MAP) {
		diag_error(context, node->place, "rename: {trunk: encoder}", "'rename' is a mapping, `name here: name in the file`");
		return;
	}
	const char **names = arena_alloc(context->arena, (size_t)(2*node->count + 1) * sizeof *names);
	for (int i = 0; i < node->count; i++) {
		const DocNode *there = node->pairs[i].value;
		if (there->kind != DOC_SCALAR) {
			diag_error(context, there->place, NULL, "the name in the file is one text");
			continue;
		}
		names[2*init->rename_count] = node->pairs[i].key->text;
		names[2*init->rename_count++ + 1] = there->text;
	}
	init->rename = names;
}

void spec_read_transfer(Context *context, Spec *spec, const DocNode *node)
{
	nn_init *init = &spec->training.init;
	nn_texts only = {0};
	Slot slots[] = {{.key = "file", .kind = SLOT_TEXT, .target = &init->file}, {.key = "only", .kind = SLOT_TEXTS, .target = &only},
		{.key = "rename"}, {.key = "skip_mismatch", .kind = SLOT_BOOLEAN, .target = &init->skip_mismatch}};
	if (node->kind == DOC_SCALAR && *node->text) init->file = node->text;
	if (node->kind == DOC_LIST || (node->kind == DOC_SCALAR && !*node->text))
		diag_error(context, node->place, help, "'init_from' is the path of a safetensors file, or a mapping with 'file'");
	if (node->kind != DOC_MAP || !spec_section(context, "'init_from'", node, SLOTS(slots))) return;
	if (!slots[0].node || (slots[0].given && !*init->file)) diag_error(context, node->place, help, "'init_from' needs 'file'");
	if (slots[1].given && !only.count) diag_error(context, slots[1].node->place, NULL, "'only' names nothing");
	init->only = only.items;
	init->only_count = only.count;
	if (slots[2].node) read_renames(context, init, slots[2].node);
}

/* Does a name stand at the beginning of a path, whole? */
static bool begins(const char *path, const char *name)
{
	size_t length = strlen(name);
	return !strncmp(path, name, length) && (!length || !path[length] || path[length] == '/');
}

static void report(Context *context, Place place, const char *word, const char *const *paths, int count)
{
	const char **names = arena_alloc(context->arena, (size_t)(2*count + 1) * sizeof *names);
	for (int i = 0; i < count; i++) { /* a weight, or the layer it is in */
		names[2*i] = paths[i];
		names[2*i + 1] = arena_copy(context->arena, paths[i], strcspn(paths[i], "/"));
	}
	const char *near = text_nearest(word, names, 2*count);
	diag_error(context, place,
		near ? arena_format(context->arena, "did you mean '%s'?", near) : "`nnc --dump=variables` lists the names; * stands for any letters",
		"no weight of this network is called '%s'", word);
}

void spec_check_transfer(Context *context, const Spec *spec, const char *const *paths, int count)
{
	const DocNode *node = spec->train ? doc_get(spec->train, "init_from") : NULL, *only = doc_get(node, "only"), *rename = doc_get(node, "rename");
	int patterns = !only ? 0 : only->kind == DOC_LIST ? only->count : 1;
	for (int i = 0; i < patterns; i++) {
		const DocNode *one = only->kind == DOC_LIST ? only->items[i] : only;
		bool found = one->kind != DOC_SCALAR;
		for (int k = 0; !found && k < count; k++) found = !fnmatch(one->text, paths[k], 0);
		if (!found) report(context, one->place, one->text, paths, count);
	}
	for (int i = 0; rename && rename->kind == DOC_MAP && i < rename->count; i++) {
		const DocNode *key = rename->pairs[i].key;
		bool found = false;
		for (int k = 0; !found && k < count; k++) found = begins(paths[k], key->text);
		if (!found) report(context, key->place, key->text, paths, count);
	}
}
