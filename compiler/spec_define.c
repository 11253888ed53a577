/* spec_define.c: -D path=value. Input: a document and values for dotted paths; output: the document with them put in.
 * Invariant: a value keeps a Source of its own, named -D path, so that messages show it. */
#include <stdlib.h>
#include <string.h>
#include "spec_read.h"

enum { PARTS = 16 };

static const Source *new_source(Arena *arena, const char *path, const char *text)
{
	Source *source = arena_alloc(arena, sizeof *source);
	*source = (Source){arena_format(arena, "-D %s", path), text, strlen(text), false, NULL};
	return source;
}

static DocNode *new_scalar(Arena *arena, const Source *source, const char *text)
{
	DocNode *node = arena_alloc(arena, sizeof *node);
	node->kind = DOC_SCALAR;
	node->text = text;
	node->end = strlen(text);
	node->place = (Place){source, 0, 0, (int)node->end};
	return node;
}

/* A key of a map, added where it is not there yet. */
static DocPair *find_pair(Arena *arena, DocNode *map, const char *key, const Source *source)
{
	for (int i = 0; i < map->count; i++)
		if (strcmp(map->pairs[i].key->text, key) == 0) return &map->pairs[i];
	Source *key_source = arena_alloc(arena, sizeof *key_source); /* shows the key, in messages about it */
	*key_source = (Source){source->name, key, strlen(key), false, NULL};
	DocPair *pairs = arena_alloc(arena, (size_t)(map->count + 1) * sizeof *pairs);
	if (map->count) memcpy(pairs, map->pairs, (size_t)map->count * sizeof *pairs);
	map->pairs = pairs;
	pairs[map->count].key = new_scalar(arena, key_source, key);
	pairs[map->count].value = new_scalar(arena, source, "");
	return &pairs[map->count++];
}

/* The slot for the value of one step of a path; NULL when there is nothing to step into. */
static DocNode **step(Arena *arena, DocNode **slot, const char *part, const Source *source)
{
	DocNode *node = *slot;
	char *end;
	if (node->kind == DOC_LIST) {
		long index = strtol(part, &end, 10);
		return *part && !*end && index >= 0 && index < node->count ? &node->items[index] : NULL;
	}
	if (node->kind == DOC_SCALAR) {
		if (node->begin != node->end) return NULL;
		DocNode *map = arena_alloc(arena, sizeof *map); /* a section that is empty, or not there yet */
		map->kind = DOC_MAP;
		map->place = node->place;
		*slot = map;
	}
	return &find_pair(arena, *slot, part, source)->value;
}

/* filters=32 sets the parameter of that name; a parameter is never called as a section. */
static const char *param_path(Context *context, const DocNode *root, const Define *define, const Source *source)
{
	const DocNode *params = doc_get(root, "params");
	const char *name = define->path;
	if (strchr(name, '.') || spec_is_section(name)) return name;
	if (params && params->kind == DOC_MAP && doc_get(params, name)) return arena_format(context->arena, "params.%s", name);
	int count = params && params->kind == DOC_MAP ? params->count : 0;
	const char **names = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *names);
	for (int i = 0; i < count; i++) names[i] = params->pairs[i].key->text;
	const char *near = text_nearest(name, names, count);
	if (!near) return name; /* the spec has no such section: reported with the sections that there are */
	diag_error(context, (Place){source, 0, 0, (int)source->size}, arena_format(context->arena, "did you mean '%s'?", near),
		"no parameter is called '%s'", name);
	return NULL;
}

static void define(Context *context, DocNode **root, const Define *define)
{
	const Source *source = new_source(context->arena, define->path, define->value);
	const char *given = param_path(context, *root, define, source);
	DocNode *value = given ? doc_read(context, source) : NULL, **slot = root;
	int parts = 0;
	if (!value) return;
	char *path = arena_copy(context->arena, given, strlen(given)), *rest = path;
	for (bool more = true; more && slot; parts++) {
		char *part = rest;
		rest += strcspn(rest, ".");
		more = *rest == '.';
		*rest++ = 0;
		slot = *part && parts < PARTS ? step(context->arena, slot, part, source) : NULL;
	}
	if (slot) *slot = value;
	else
		diag_error(context, value->place, "a path names keys from the top of the spec: -D train.epochs=3",
			"the spec has no place '%s'", define->path);
}

static bool is_include(const char *path) { return strncmp(path, "include", 7) == 0 && (!path[7] || path[7] == '.'); }

bool spec_define(Context *context, DocNode **root, const Define *defines, int define_count, bool includes)
{
	int errors = context->errors;
	for (int i = 0; i < define_count; i++)
		if (is_include(defines[i].path) == includes) define(context, root, &defines[i]);
	return context->errors == errors;
}
