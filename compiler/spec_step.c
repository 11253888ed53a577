/* spec_step.c: train.steps -> Spec.steps: the names and turns of training steps. What they compute stays a document for build.
 * Invariant: every step has a name of its own, which is a part of names of programs, slots and columns. */
#include <string.h>
#include "spec_read.h"

enum { STEPS = 16, NAME_LENGTH = 24, LONG_RUN = 1000000 };

static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	return *name && !strchr("0123456789", *name) && !name[strspn(name, letters)] && strlen(name) <= NAME_LENGTH;
}

/* D of `update: D`, G_E of `update: [G, E]`; NULL: it updates all, or what is reported later */
static const char *updated_name(Context *context, const DocNode *update)
{
	const char *name = NULL;
	int count = !update ? 0 : update->kind == DOC_LIST ? update->count : 1;
	for (int i = 0; i < count; i++) {
		const DocNode *one = update->kind == DOC_LIST ? update->items[i] : update;
		if (one->kind == DOC_SCALAR) name = name ? arena_format(context->arena, "%s_%s", name, one->text) : one->text;
	}
	return name;
}

static void check_name(Context *context, const Spec *spec, const SpecStep *step, const DocNode *given, const DocNode *update)
{
	Place place = given ? given->place : update ? update->place : step->node->place;
	if (!is_name(step->name))
		diag_error(context, place, given ? "letters, digits and _, at most 24, not a digit first" : "give it a short one: {name: a, ..}",
			"'%s' can't name a step", step->name);
	for (int i = 0; i < spec->step_count; i++)
		if (!strcmp(spec->steps[i].name, step->name)) {
			diag_error(context, place, "give one of them a name: {name: a, ..}", "two steps are called '%s'", step->name);
			return;
		}
}

static void read_step(Context *context, Spec *spec, const DocNode *node)
{
	SpecStep step = {.node = node, .every = 1, .times = 1};
	const char *name = NULL;
	Slot slots[] = {{.key = "update"}, {.key = "loss"}, {.key = "optimizer"}, {.key = "let"}, {.key = "terms"}, {.key = "batch"},
		{.key = "name", .kind = SLOT_TEXT, .target = &name},
		{.key = "every", .kind = SLOT_INTEGER, .target = &step.every, .low = 1, .high = LONG_RUN},
		{.key = "times", .kind = SLOT_INTEGER, .target = &step.times, .low = 1, .high = LONG_RUN}};
	if (node->kind != DOC_MAP) {
		diag_error(context, node->place, "- {update: D, loss: .., optimizer: ..}", "a step is a mapping");
		return;
	}
	if (!spec_section(context, "a step", node, SLOTS(slots))) return;
	const DocNode *update = slots[0].node;
	if (update && (update->kind == DOC_MAP || (update->kind == DOC_LIST && !update->count))) {
		diag_error(context, update->place, "update: D, or update: [G, E]", "'update' names a model, or a list of them");
		return;
	}
	step.name = name ? name : updated_name(context, update);
	if (!step.name) step.name = arena_format(context->arena, "step_%d", spec->step_count + 1);
	check_name(context, spec, &step, slots[6].node, update);
	spec->steps[spec->step_count++] = step;
}

void spec_read_steps(Context *context, Spec *spec, const DocNode *node)
{
	if (node->kind == DOC_LIST && node->count > STEPS) {
		diag_error(context, node->place, NULL, "%d steps: at most %d are possible", node->count, STEPS);
		return;
	}
	if (node->kind != DOC_LIST || !node->count) {
		diag_error(context, node->place, "- {update: D, loss: .., optimizer: ..}", "'steps' is a list, one a line");
		return;
	}
	spec->steps = arena_alloc(context->arena, (size_t)node->count*sizeof *spec->steps);
	for (int i = 0; i < node->count; i++) read_step(context, spec, node->items[i]);
}
