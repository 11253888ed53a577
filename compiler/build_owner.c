/* build_owner.c: who owns weights, and what that makes their names. Input: the calls of bodies. Output: owners with
 * paths as in Keras: "conv2d_1/kernel". Invariant: within an owner a label is given once, in the order of first
 * weights. */
#include <limits.h>
#include <string.h>
#include "builder.h"

enum { LAYER_LIMIT = 100000, NAME_LENGTH = 64 };

Owner *owner_new(Builder *builder, const Definition *definition, Owner *outer, const char *given, Place place)
{
	Owner *owner = arena_alloc(builder->arena, sizeof *owner);
	*owner = (Owner){.definition = definition, .outer = outer, .given = given, .place = place, .trainable = true};
	return owner;
}

static bool steps_equal(const Step *a, const Step *b)
{
	for (; a && b; a = a->outer, b = b->outer) {
		if (a == b) return true;
		if (a->each != b->each || a->index != b->index) return false;
	}
	return a == b;
}

/* A name from the spec becomes part of file formats and of C: letters, digits and _ only, and no word of C. */
static bool check_label(Builder *builder, const char *label, Place place)
{
	static const char *const words[] = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double",
		"else", "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict",
		"return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void",
		"volatile", "while"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	bool good = label[0] && !(label[0] >= '0' && label[0] <= '9') && !label[strspn(label, letters)];
	for (size_t i = 0; good && i < sizeof words/sizeof *words; i++)
		if (!strcmp(label, words[i])) {
			build_error(builder, place, "add an underscore", "'%s' can't name a layer: it is a word of C", label);
			return false;
		}
	if (good && strlen(label) > NAME_LENGTH) {
		build_error(builder, place, NULL, "a name of more than %d letters", NAME_LENGTH);
		return false;
	}
	if (!good)
		build_error(builder, place, NULL,
			"'%s' can't name a layer: letters, digits and _ only, not beginning with a digit", label);
	return good;
}

static bool is_sub(const Sub *sub, Site site, const Definition *definition, const Step *step)
{
	return sub->site == site.key && sub->definition == definition && steps_equal(sub->step, step);
}

/* The place of a sub in the table, or the free one where it would stand. */
static int *find_place(const Owner *owner, Site site, const Definition *definition, const Step *step)
{
	uint64_t key[3] = {(uint64_t)(uintptr_t)site.key, (uint64_t)(uintptr_t)definition, 0};
	for (const Step *s = step; s; s = s->outer) key[2] = 31*key[2] + (uint64_t)s->index + 1;
	size_t mask = (size_t)owner->place_count - 1, i = (size_t)hash_bytes(key, sizeof key, 0) & mask;
	while (owner->places[i] && !is_sub(&owner->subs[owner->places[i] - 1], site, definition, step)) i = (i + 1) & mask;
	return &owner->places[i];
}

static void grow_places(Builder *builder, Owner *owner)
{
	if (2*owner->sub_count < owner->place_count) return;
	owner->place_count = owner->place_count ? 2*owner->place_count : 16;
	owner->places = arena_alloc(builder->arena, (size_t)owner->place_count*sizeof *owner->places);
	for (int i = 0; i < owner->sub_count; i++) {
		const Sub *sub = &owner->subs[i];
		*find_place(owner, (Site){.key = sub->site}, sub->definition, sub->step) = i + 1;
	}
}

Owner *owner_sub(
	Builder *builder, Owner *outer, const Definition *definition, const Frame *frame, Site site, const char *given)
{
	if (!outer) return owner_new(builder, definition, NULL, given, site.place);
	const Step *step = frame ? frame->step : NULL;
	grow_places(builder, outer);
	int *place = find_place(outer, site, definition, step);
	if (*place) return outer->subs[*place - 1].owner;
	if (given && !check_label(builder, given, site.place)) return NULL;
	if (builder->exhausted) return NULL;
	if (++builder->owner_count > LAYER_LIMIT) {
		build_error(builder, site.place, "a smaller network", "the network has more than %d layers and calls of functions", LAYER_LIMIT);
		builder->exhausted = true;
		return NULL;
	}
	Sub sub = {site.key, step, definition, owner_new(builder, definition, outer, given, site.place)};
	outer->subs = arena_grow(builder->arena, outer->subs, outer->sub_count, &outer->sub_capacity, sizeof sub);
	outer->subs[outer->sub_count++] = sub;
	*place = outer->sub_count;
	return sub.owner;
}

/* Plain functions are transparent: what they make is named as their caller's; so are optimizers within optimizers. */
Owner *owner_home(Owner *owner)
{
	while (owner->outer && (owner->definition->kind == KIND_FUNCTION || owner->definition->kind == KIND_OPTIMIZER))
		owner = owner->outer;
	return owner;
}

/* base, base_1, ..: the first that is not in the map, which it enters. A number that was tried is not tried again. */
static const char *fresh_label(Builder *builder, TextMap *map, const char *base)
{
	int *next = text_map(builder->arena, map, base), k = *next;
	const char *label = base;
	if (!k) return *next = 1, base;
	do label = arena_format(builder->arena, "%s_%d", base, k++);
	while (text_map_has(map, label));
	*text_map(builder->arena, map, base) = k;
	*text_map(builder->arena, map, label) = 1;
	return label;
}

static const char *base_label(Builder *builder, const Owner *owner)
{
	return owner->given ? owner->given : text_snake(builder->arena, owner->definition->name);
}

static const char *join(Builder *builder, const char *path, const char *label)
{
	return !path[0] ? label : !label[0] ? path : arena_format(builder->arena, "%s/%s", path, label);
}

const char *owner_path(Builder *builder, Owner *owner)
{
	Owner *home = owner_home(owner), *outer = home->outer ? owner_home(home->outer) : NULL;
	if (!owner->serial) owner->serial = ++builder->serials;
	if (!home->serial) home->serial = ++builder->serials;
	if (!home->label) {
		const char *base = base_label(builder, home);
		home->label = outer ? fresh_label(builder, &outer->taken, base) : base;
		if (outer) *text_map(builder->arena, &outer->names, home->label) |= 1;
	}
	return join(builder, outer ? owner_path(builder, outer) : "", home->label);
}

const char *owner_shown_path(Builder *builder, Owner *owner)
{
	Owner *home = owner_home(owner), *outer = home->outer ? owner_home(home->outer) : NULL;
	if (!home->label && !home->shown) {
		const char *base = base_label(builder, home);
		home->shown = outer ? fresh_label(builder, &outer->names, base) : base;
	}
	return join(builder, outer ? owner_shown_path(builder, outer) : "", home->label ? home->label : home->shown);
}

const Owner *owner_root(const Owner *owner)
{
	while (owner->outer) owner = owner->outer;
	return owner;
}

bool owner_moves(const Owner *owner)
{
	for (; owner; owner = owner->outer)
		if (!owner->trainable) return false;
	return true;
}

/* The serial of the first weight within; INT_MAX when there is none. */
static int first_serial(const Owner *owner)
{
	int first = owner->weight_count || owner->label ? owner->serial : INT_MAX;
	for (int i = 0; i < owner->sub_count; i++) {
		int serial = first_serial(owner->subs[i].owner);
		if (serial < first) first = serial;
	}
	return first;
}

static int text_order(const Owner *owner, const char *name)
{
	const Definition *d = owner->definition;
	for (int i = 0; i < d->binding_count; i++)
		for (int k = 0; k < d->bindings[i].name_count; k++)
			if (!strcmp(d->bindings[i].names[k], name)) return i;
	return d->binding_count;
}

typedef struct Found {
	Weight **items;
	int count, capacity;
} Found;

static void collect(Builder *builder, const Owner *owner, Found *found)
{
	int start = found->count;
	for (int i = 0; i < owner->weight_count; i++) { /* inserted in the order of the text */
		found->items = arena_grow(builder->arena, found->items, found->count, &found->capacity, sizeof *found->items);
		int at = found->count++, order = text_order(owner, owner->weights[i]->name);
		for (; at > start && text_order(owner, found->items[at - 1]->name) > order; at--)
			found->items[at] = found->items[at - 1];
		found->items[at] = owner->weights[i];
	}
	int count = 0;
	const Owner **subs = arena_alloc(builder->arena, (size_t)(owner->sub_count + 1) * sizeof *subs);
	int *firsts = arena_alloc(builder->arena, (size_t)(owner->sub_count + 1) * sizeof *firsts);
	for (int i = 0; i < owner->sub_count; i++) {
		int first = first_serial(owner->subs[i].owner), at = count;
		if (first == INT_MAX) continue;
		for (; at > 0 && firsts[at - 1] > first; at--) {
			firsts[at] = firsts[at - 1];
			subs[at] = subs[at - 1];
		}
		firsts[at] = first;
		subs[at] = owner->subs[i].owner;
		count++;
	}
	for (int i = 0; i < count; i++) collect(builder, subs[i], found);
}

int owner_weights(Builder *builder, const Owner *owner, Weight ***weights)
{
	Found found = {0};
	collect(builder, owner, &found);
	*weights = found.items;
	return found.count;
}
