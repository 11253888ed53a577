/* spec_include.c: include: [blocks.yaml]. Input: the tree of a spec; output: the tree with the definitions of other files
 * put in. Invariant: a file is read once, however often it is named; what is put in keeps the places of its own file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "spec_read.h"

enum { FILES = 64 };

typedef struct Include {
	Context *context;
	Spec *spec;
	DocNode *root; /* that definitions are put into */
	const char *real[FILES]; /* the file of each of spec->sources, its links resolved */
	bool open[FILES]; /* it is being read: to include it again would be a circle */
} Include;

static void read_includes(Include *include, DocNode *map, int file);

/* "specs/blocks.yaml": beside the file that names it */
static const char *path_beside(Arena *arena, const char *name, const char *path)
{
	const char *slash = strrchr(name, '/');
	if (*path == '/' || !slash) return path;
	return arena_format(arena, "%.*s%s", (int)(slash + 1 - name), name, path);
}

static const char *real_path(Arena *arena, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy = real ? arena_copy(arena, real, strlen(real)) : path;
	free(real);
	return copy;
}

static DocPair *find_pair(const DocNode *map, const char *key)
{
	for (int i = 0; i < map->count; i++)
		if (strcmp(map->pairs[i].key->text, key) == 0) return &map->pairs[i];
	return NULL;
}

/* Room for so many pairs more, in an array of its own. */
static void reserve(Arena *arena, DocNode *map, int more)
{
	DocPair *pairs = arena_alloc(arena, (size_t)(map->count + more) * sizeof *pairs);
	if (map->count) memcpy(pairs, map->pairs, (size_t)map->count * sizeof *pairs);
	map->pairs = pairs;
}

/* Did `outer` bring `inner` in? */
static bool is_within(const Source *inner, const Source *outer)
{
	while (inner != outer && inner->included) inner = inner->included->source;
	return inner == outer;
}

/* What a file says of a parameter is a default for the files that include it; two files side by side can't both say it. */
static void add_param(Include *include, DocNode *section, const DocPair *pair)
{
	DocPair *before = find_pair(section, pair->key->text);
	if (!before) {
		section->pairs[section->count++] = *pair;
		return;
	}
	const Source *source = pair->key->place.source, *other = before->key->place.source;
	if (is_within(other, source)) *before = *pair;
	if (is_within(other, source) || is_within(source, other)) return;
	diag_error(include->context, pair->key->place, "give one of them another name, or set it in the spec itself",
		"the parameter '%s' is also in %s:%d", pair->key->text, other->name, before->key->place.line + 1);
}

/* Aliases stand a level deeper: kind: {alias: name}. */
static void merge(Include *include, DocNode *into, const DocPair *from, bool params, bool nested)
{
	Arena *arena = include->context->arena;
	DocPair *section = find_pair(into, from->key->text);
	if (from->value->kind != DOC_MAP) {
		diag_error(include->context, from->value->place, NULL, "the section '%s' holds definitions, `name: ...`",
			from->key->text);
		return;
	}
	if (!section || section->value->kind != DOC_MAP) {
		DocNode *copy = arena_alloc(arena, sizeof *copy);
		*copy = *from->value;
		if (section) return; /* reported later, where it stands */
		reserve(arena, into, 1);
		into->pairs[into->count++] = (DocPair){from->key, copy};
		return;
	}
	reserve(arena, section->value, from->value->count);
	for (int i = 0; i < from->value->count; i++) {
		const DocPair *pair = &from->value->pairs[i];
		if (nested) merge(include, section->value, pair, false, false);
		else if (params) add_param(include, section->value, pair);
		else section->value->pairs[section->value->count++] = *pair;
	}
}

/* Definitions are taken; of a whole spec, one with a model, the rest is left, else it would be lost in silence. */
static void take_definitions(Include *include, DocNode *root)
{
	bool whole = find_pair(root, "model") || find_pair(root, "models");
	for (int i = 0; i < root->count; i++) {
		const DocPair *pair = &root->pairs[i];
		const char *key = pair->key->text;
		if (strcmp(key, "include") == 0) continue;
		if (spec_is_definitions(key))
			merge(include, include->root, pair, strcmp(key, "params") == 0, strcmp(key, "aliases") == 0);
		else if (!spec_is_section(key))
			spec_unknown_section(include->context, pair->key);
		else if (!whole)
			diag_error(include->context, pair->key->place, "put it into the spec that includes this file",
				"an included file holds definitions: '%s' is not taken from it", key);
	}
}

static int find_file(const Include *include, const char *real)
{
	for (int i = 0; i < include->spec->source_count; i++)
		if (strcmp(include->real[i], real) == 0) return i;
	return -1;
}

static const char *text_of(const DocNode *node)
{
	return node->kind == DOC_SCALAR && *node->text ? node->text : NULL;
}

static const Source *read_source(Context *context, const char *path, Place included)
{
	Source *source = arena_alloc(context->arena, sizeof *source);
	Place *place = arena_alloc(context->arena, sizeof *place);
	*place = included;
	*source = (Source){.name = path, .included = place};
	source->text = file_read(context->arena, path, &source->size);
	if (source->text) return source;
	diag_error(context, included, "a path begins at the folder of the file that names it", "%s: %s", path, strerror(errno));
	return NULL;
}

static void read_file(Include *include, const DocNode *node)
{
	Context *context = include->context;
	Spec *spec = include->spec;
	const char *path = text_of(node);
	if (!path) {
		diag_error(context, node->place, "include: [blocks.yaml]", "the path of a file is expected here");
		return;
	}
	path = path_beside(context->arena, node->place.source->name, path);
	const char *real = real_path(context->arena, path);
	int file = find_file(include, real);
	if (file >= 0 && include->open[file])
		diag_error(context, node->place, "put what both need into a third file", "%s includes itself", path);
	if (file >= 0) return;
	if (spec->source_count == FILES) {
		diag_error(context, node->place, NULL, "more than %d files in one spec", FILES);
		return;
	}
	const Source *source = read_source(context, path, node->place);
	if (!source) return;
	file = spec->source_count++;
	spec->sources[file] = source;
	include->real[file] = real;
	DocNode *root = doc_read(context, source);
	if (!root) return;
	if (root->kind != DOC_MAP) {
		diag_error(context, root->place, "blocks: {Name(arguments)(x): ...}", "an included file is a mapping of sections");
		return;
	}
	read_includes(include, root, file);
	take_definitions(include, root);
}

static void read_includes(Include *include, DocNode *map, int file)
{
	const DocNode *node = doc_get(map, "include");
	include->open[file] = true;
	for (int i = 0; node && node->kind == DOC_LIST && i < node->count; i++) read_file(include, node->items[i]);
	if (node && node->kind != DOC_LIST) read_file(include, node);
	include->open[file] = false;
}

void spec_include(Context *context, Spec *spec, DocNode *root)
{
	Include *include = arena_alloc(context->arena, sizeof *include);
	*include = (Include){.context = context, .spec = spec, .root = root};
	spec->sources = arena_alloc(context->arena, FILES * sizeof *spec->sources);
	spec->sources[0] = spec->source;
	spec->source_count = 1;
	include->real[0] = real_path(context->arena, spec->source->name);
	read_includes(include, root, 0);
}
