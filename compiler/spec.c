/* spec.c: the tree of a spec -> Spec: top-level sections, name, seed, limits. What data and train hold is read in
 * spec_data.c and spec_train.c. Invariant: every key of the structure is known, or was reported with what it might have
 * been. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "spec_read.h"

enum { NAME_LENGTH = 64 };

static const char *const keywords[] = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double",
	"else", "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
	"return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
	"volatile", "while", "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary",
	"_Noreturn", "_Static_assert", "_Thread_local"};

static void check_name(Context *context, const DocNode *node, const char *name)
{
	bool good = *name && !isdigit((unsigned char)*name);
	for (const char *c = name; *c; c++) good &= isalnum((unsigned char)*c) || *c == '_';
	for (const char *c = name; *c; c++) good &= (unsigned char)*c < 0x80;
	if (!good) {
		diag_error(context, node->place, "letters, digits and _, not a digit first",
			"'%s' cannot be a name in C", name);
		return;
	}
	if (!strcmp(name, "nn") || !strncmp(name, "nn_", 3))
		diag_error(context, node->place, "another name", "names that begin with nn_ are the runtime's");
	if (strlen(name) > NAME_LENGTH)
		diag_error(context, node->place, NULL, "a name of more than %d letters", NAME_LENGTH);
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (strcmp(keywords[i], name) == 0) diag_error(context, node->place, NULL, "'%s' is a keyword of C", name);
}

static void read_seed(Context *context, Spec *spec, const DocNode *node)
{
	const char *text = node->kind == DOC_SCALAR ? node->text : "";
	errno = 0;
	spec->seed = strtoull(text, NULL, 10);
	if (*text && strspn(text, "0123456789") == strlen(text) && !errno) return;
	spec->seed = 0;
	diag_error(context, node->place, NULL, "'seed' is a whole number from 0 to 2^64 - 1");
}

/* "512MiB" -> bytes. */
static void read_memory(Context *context, Spec *spec, const DocNode *node)
{
	static const struct {
		const char *name;
		double bytes;
	} units[] = {{"", 1}, {"B", 1}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
		{"KiB", 1024.0}, {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};
	const char *text = node->kind == DOC_SCALAR ? node->text : "";
	char *unit = NULL;
	double number = isdigit((unsigned char)*text) ? strtod(text, &unit) : -1;
	spec->memory_limit_place = node->place;
	if (unit) unit += strspn(unit, " ");
	for (size_t i = 0; unit && i < sizeof units / sizeof *units; i++) {
		double bytes = number * units[i].bytes;
		if (strcmp(units[i].name, unit) != 0 || bytes < 1 || bytes > 9e15) continue;
		spec->memory_limit = (int64_t)bytes;
		return;
	}
	diag_error(context, node->place, "a number with its unit: 512MiB, 1.5GiB, 64kB", "'ram' is an amount of memory");
}

static void read_limits(Context *context, Spec *spec, const DocNode *node)
{
	Slot slots[] = {{.key = "ram"}};
	spec_section(context, "the section 'limits'", node, SLOTS(slots));
	if (slots[0].given) read_memory(context, spec, slots[0].node);
}

/* `layers:` at the top is the section of definitions; people look for the model's list there. What is no mapping is reported
 * and emptied, so that it is reported once. */
static void check_definitions(Context *context, const Slot *slot)
{
	DocNode *node = slot->node;
	if (!node || node->kind == DOC_MAP) return;
	bool params = strcmp(slot->key, "params") == 0;
	const char *help = strcmp(slot->key, "layers") == 0 ? "the layers of the network stand under model: layers:" : NULL;
	diag_error(context, slot->key_node->place, params ? "params: {filters: 16, width: 64}" : help, "the section '%s' holds %s",
		slot->key, params ? "names with their values" : "definitions, name(arguments)(inputs): ...");
	node->kind = DOC_MAP;
	node->count = 0;
}

static void check_models(Context *context, Spec *spec)
{
	Place place = spec->root->place;
	if (spec->model && spec->models) {
		diag_error(context, spec->models->place, NULL, "a spec has either 'model' or 'models'");
		spec->models = NULL;
	} else if (!spec->model && !spec->models && context->errors == 0) /* else it may be misspelt */
		diag_error(context, place, "model: {input: [..], layers: [..]}", "the section 'model' is missing");
	const DocNode *section = spec->model ? spec->model : spec->models;
	if (section && (section->kind != DOC_MAP || (spec->models && !spec->models->count)))
		diag_error(context, section->place, "model: {input: [..], layers: [..]}",
			spec->model ? "the section 'model' is a mapping, `key: value`" : "the section 'models' holds models by name");
	else if (spec->models)
		for (int i = 0; i < spec->models->count; i++)
			check_name(context, spec->models->pairs[i].key, spec->models->pairs[i].key->text);
}

static Spec *new_spec(Context *context, const Source *source, DocNode *root)
{
	Spec *spec = arena_alloc(context->arena, sizeof *spec);
	spec->source = source;
	spec->root = root;
	spec->name = "model";
	spec->batch = 32;
	return spec;
}

/* The sections that are structure, then those that hold definitions and may be included. */
static const char *const sections[] = {"name", "seed", "classes", "data", "limits", "model", "models", "train", "include", "params",
	"functions", "activations", "layers", "blocks", "cells", "losses", "initializers", "regularizers", "constraints", "optimizers",
	"schedules", "aliases"};
enum { NAME, SEED, CLASSES, DATA, LIMITS, MODEL, MODELS, TRAIN, INCLUDE, PARAMS, SECTIONS = sizeof sections / sizeof *sections };

bool spec_is_section(const char *name)
{
	for (int i = 0; i < SECTIONS; i++)
		if (strcmp(sections[i], name) == 0) return true;
	return false;
}

bool spec_is_definitions(const char *name)
{
	for (int i = PARAMS; i < SECTIONS; i++)
		if (strcmp(sections[i], name) == 0) return true;
	return false;
}

const char *const spec_model_keys[] = {"input", "inputs", "layers", "graph", "output", "outputs", "trainable", "doc", "defaults", NULL};

const char *spec_misplaced(Context *context, const char *what, const char *key)
{
	const char *owner = NULL;
	if (strcmp(what, "a spec") != 0 || context->watch || context->errors >= DIAG_LIMIT) return NULL;
	const OfferedSection *top = spec_sections(context);
	for (const char *const *model = spec_model_keys; *model; model++)
		if (strcmp(*model, key) == 0) owner = "model";
	for (int i = 0; top && !owner && i < top->count; i++)
		for (int k = 0; top->keys[i].section && k < top->keys[i].section->count; k++)
			if (strcmp(top->keys[i].section->keys[k].name, key) == 0) owner = top->keys[i].name;
	return owner ? arena_format(context->arena, "'%s' stands under %s:", key, owner) : NULL;
}

void spec_unknown_section(Context *context, const DocNode *key)
{
	spec_unknown(context, key->place, key->text, sections, SECTIONS, "a spec has no");
}

Spec *spec_read_tree(Context *context, const Source *source, const Define *defines, int define_count)
{
	DocNode *root = doc_read(context, source);
	if (!root || !spec_define(context, &root, defines, define_count, true)) return NULL;
	Spec *spec = new_spec(context, source, root);
	if (root->kind == DOC_MAP) spec_include(context, spec, root);
	if (!spec_define(context, &root, defines, define_count, false)) return NULL;
	spec->root = root;
	spec_read_params(context, root);
	return spec;
}

Spec *spec_read(Context *context, const Source *source, const Define *defines, int define_count)
{
	Slot slots[SECTIONS];
	Spec *spec = spec_read_tree(context, source, defines, define_count);
	if (!spec) return NULL;
	for (int i = 0; i < SECTIONS; i++) slots[i] = (Slot){.key = sections[i]};
	slots[NAME] = (Slot){.key = sections[NAME], .kind = SLOT_TEXT, .target = &spec->name};
	const DocNode *model = doc_get(spec->root, "model");
	if (model && model->kind == DOC_SCALAR && doc_is_empty(model)) { /* what should stand in it may stand at the top */
		diag_error(context, model->place, "input: and layers: stand below it, indented", "the section 'model' is empty");
		return NULL;
	}
	if (!spec_section(context, "a spec", spec->root, SLOTS(slots))) return NULL;
	if (slots[NAME].given) check_name(context, slots[NAME].node, spec->name);
	if (slots[SEED].given) read_seed(context, spec, slots[SEED].node);
	if (slots[LIMITS].given) read_limits(context, spec, slots[LIMITS].node);
	spec->model = slots[MODEL].node;
	spec->models = slots[MODELS].node;
	spec->train = slots[TRAIN].node;
	check_models(context, spec);
	for (int i = PARAMS; i < SECTIONS; i++) check_definitions(context, &slots[i]);
	spec_read_data(context, spec, slots[DATA].node, slots[CLASSES].node);
	spec_read_training(context, spec, spec->train);
	return spec->model || spec->models ? spec : NULL;
}
