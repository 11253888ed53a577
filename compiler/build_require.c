/* build_require.c: what a definition requires of a call. Input: its conditions and the frame of the call; output: whether all are
 * met, else a message with the arguments that the condition speaks of. Invariant: the mistake is shown at the caller's text. */
#include <string.h>
#include "builder.h"

static bool mentions(const Expr *expr, const char *name)
{
	if (!expr) return false;
	if (expr->kind == EXPR_NAME && !strcmp(expr->text, name)) return true;
	for (int i = 0; i < expr->count; i++)
		if (mentions(expr->items[i], name)) return true;
	return false;
}

const char *build_describe_arguments(Builder *builder, const Definition *d, const Expr *condition, Frame *frame)
{
	const Parameters *lists[] = {&d->statics, &d->inputs};
	const char *text = NULL;
	for (int l = 0; d->two_lists && l < 2; l++)
		for (int i = 0; i < lists[l]->count; i++) {
			const char *name = lists[l]->items[i].name;
			if (!mentions(condition, name)) continue;
			Value value = build_lookup(builder, name, frame, d->place);
			const char *shown = l == 1 && i == 0 ? "the input" : name;
			text = arena_format(builder->arena, "%s %s is %s", text ? arena_format(builder->arena, "%s,", text) : "here", shown,
				value_kind(builder->arena, value));
		}
	return text;
}

/* The mistake is the caller's. In the library's text a condition that can't be evaluated is one that is not met. */
bool build_requirements_met(Builder *builder, const Definition *d, Frame *frame, Site site)
{
	Context *context = builder->context;
	bool kept = context->silent;
	for (int i = 0; i < d->requirement_count; i++) {
		const Requirement *requirement = &d->requirements[i];
		int silenced = context->silenced;
		if (d->place.source && d->place.source->library) context->silent = true;
		Value condition = build_eval(builder, requirement->condition, frame);
		context->silent = kept;
		if (value_is_poison(condition) && context->silenced == silenced) return false;
		if (!value_is_poison(condition) && (condition.kind == VALUE_TENSOR || value_is_true(condition))) continue;
		const Trail *trail = context->trail;
		context->trail = trail ? trail->outer : NULL;
		build_error(builder, site.place, build_describe_arguments(builder, d, requirement->condition, frame), "%s", requirement->message);
		context->trail = trail;
		return false;
	}
	return true;
}
