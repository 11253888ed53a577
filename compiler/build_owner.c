/* build_owner.c: who owns weights, and what that makes their names. Input: the calls of bodies. Output: owners with
 * paths as in Keras: "conv2d_1/kernel". Invariant: within an owner a label is given once, in the order of first
 * weights. */
#include <limits.h>
#include <string.h>
#include "builder.h"

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
	if (!good)
		build_error(builder, place, NULL,
			"'%s' can't name a layer: letters, digits and _ only, not beginning with a digit", label);
	return good;
}

Owner *owner_sub(
	Builder *builder, Owner *outer, const Definition *definition, const Frame *frame, Site site, const char *given)
{
	if (!outer) return owner_new(builder, definition, NULL, given, site.place);
	const Step *step = frame ? frame->step : NULL;
	for (int i = 0; i < outer->sub_count; i++) {
		const Sub *sub = &outer->subs[i];
		if (sub->site == site.key && sub->definition == definition && steps_equal(sub->step, step)) return sub->owner;
	}
	if (given && !check_label(builder, given, site.place)) return NULL;
	Sub sub = {site.key, step, definition, owner_new(builder, definition, outer, given, site.place)};
	outer->subs = arena_grow(builder->arena, outer->subs, outer->sub_count, &outer->sub_capacity, sizeof sub);
	outer->subs[outer->sub_count++] = sub;
	return sub.owner;
}

/* Plain functions are transparent: what they make is named as their caller's; so are optimizers within optimizers. */
Owner *owner_home(Owner *owner)
{
	while (owner->outer && (owner->definition->kind == KIND_FUNCTION || owner->definition->kind == KIND_OPTIMIZER))
		owner = owner->outer;
	return owner;
}

static bool is_taken(const Owner *owner, const char *label)
{
	for (int i = 0; i < owner->taken_count; i++)
		if (!strcmp(owner->taken[i], label)) return true;
	return false;
}

static const char *fresh_label(Builder *builder, const Owner *owner, const char *base)
{
	const char *label = base;
	for (int k = 1; is_taken(owner, label); k++) label = arena_format(builder->arena, "%s_%d", base, k);
	return label;
}

static void take(Builder *builder, Owner *owner, const char *label)
{
	owner->taken =
		arena_grow(builder->arena, owner->taken, owner->taken_count, &owner->taken_capacity, sizeof *owner->taken);
	owner->taken[owner->taken_count++] = label;
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
		home->label = outer ? fresh_label(builder, outer, base_label(builder, home)) : base_label(builder, home);
		if (outer) take(builder, outer, home->label);
	}
	return join(builder, outer ? owner_path(builder, outer) : "", home->label);
}

const char *owner_shown_path(Builder *builder, Owner *owner)
{
	Owner *home = owner_home(owner), *outer = home->outer ? owner_home(home->outer) : NULL;
	if (!home->label && !home->shown) {
		const char *base = base_label(builder, home);
		home->shown = base;
		for (int k = 1, i = 0; outer && i < outer->sub_count;) { /* until no other is shown so */
			const Owner *other = outer->subs[i].owner;
			const char *label = other->label ? other->label : other->shown;
			bool clash = other != home && label && !strcmp(label, home->shown);
			if (clash) home->shown = arena_format(builder->arena, "%s_%d", base, k++);
			i = clash ? 0 : i + 1;
		}
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
