/* spec_offer.c: the sections that a spec may have, listed for readers. Output: OfferedSections, made from the tables of slots
 * that read specs: small specs are read, in silence, and the tables kept that they meet. Invariant: a key that is read is
 * listed, and no other. */
#include <string.h>
#include "spec_read.h"

enum { LEVELS = 4 }; /* sections within sections */

void spec_show(Context *context, const DocNode *map, const Slot *slots, int count)
{
	SlotWatch *watch = context->watch;
	if (map->begin != watch->begin || watch->found) return;
	watch->found = arena_alloc(context->arena, sizeof *watch->found);
	watch->found->count = count;
	watch->found->keys = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *watch->found->keys);
	for (int i = 0; i < count; i++)
		watch->found->keys[i] = (OfferedKey){slots[i].key, slots[i].kind, slots[i].low, slots[i].high, slots[i].words, NULL};
}

/* The table that reads the mapping at a path, which is written as `a: {b: {`; NULL when none does. */
static OfferedSection *find_table(Context *context, const char *opening, int level)
{
	SlotWatch watch = {.begin = strlen(opening) - 1};
	const char *text = arena_format(context->arena, "%s%.*s", opening, level + 1, "}}}}}}}}");
	Source *source = arena_alloc(context->arena, sizeof *source);
	*source = (Source){.name = "", .text = text, .size = strlen(text)};
	Context silent = {.arena = context->arena, .silent = true, .watch = &watch};
	spec_read(&silent, source, NULL, 0);
	return watch.found;
}

/* What stands under each key, and under names of the user's. */
static OfferedSection *find_section(Context *context, const char *opening, int level)
{
	OfferedSection *section = find_table(context, opening, level);
	if (!section && level && level < LEVELS) {
		section = find_table(context, arena_format(context->arena, "%sx: {", opening), level + 1);
		if (section) section->named = true;
		return section;
	}
	for (int i = 0; section && level < LEVELS && i < section->count; i++)
		if (section->keys[i].kind == SLOT_OTHER)
			section->keys[i].section =
				find_section(context, arena_format(context->arena, "%s%s: {", opening, section->keys[i].name), level + 1);
	return section;
}

/* A split has the paths of the one source, or a mapping of paths for each of several. */
static void add_named_paths(Context *context, OfferedSection *top)
{
	static const char sources[] = "{data: {sources: {x: {type: csv, label: y}},";
	for (int i = 0; top && i < top->count; i++) {
		OfferedSection *data = strcmp(top->keys[i].name, "data") ? NULL : top->keys[i].section;
		for (int k = 0; data && k < data->count; k++)
			if (data->keys[k].section && data->keys[k].kind == SLOT_OTHER)
				data->keys[k].section->others =
					find_table(context, arena_format(context->arena, "%s %s: {x: {", sources, data->keys[k].name), 3);
	}
}

OfferedSection *spec_sections(Context *context)
{
	OfferedSection *top = find_section(context, "{", 0);
	add_named_paths(context, top);
	return top;
}
