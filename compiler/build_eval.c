/* build_eval.c: a syntax tree in a frame -> a value. Invariant: a mistake is reported once, where it is; its value is
 * poison, and what is made of poison is poison in silence, so that several mistakes of a spec are found together. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "builder.h"

/* What no honest spec needs: expressions evaluated, nested evaluations, nodes in one program; what a message counts as. */
enum { STEP_LIMIT = 3000000, LEVEL_LIMIT = 2500, NODE_LIMIT = 400000, ERROR_STEPS = 300 };

Value build_error(Builder *builder, Place place, const char *help, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	const char *text = arena_vformat(builder->arena, format, list);
	va_end(list);
	diag_error(builder->context, place, help, "%s", text);
	builder->steps += ERROR_STEPS;
	return value_poison();
}

bool build_spend(Builder *builder, int64_t steps, Place place)
{
	if (builder->exhausted) return false;
	builder->steps += steps;
	bool wide = builder->stage && builder->stage->program && builder->stage->program->graph->count > NODE_LIMIT;
	if (builder->steps <= STEP_LIMIT && !wide) return true;
	builder->exhausted = true;
	if (wide)
		build_error(builder, place, "make the network smaller", "the network has more than %d operations", NODE_LIMIT);
	else
		build_error(builder, place, "a shorter list, or fewer calls within calls",
			"this spec takes more than %d steps to evaluate", STEP_LIMIT);
	return false;
}

static Value eval_number(Builder *builder, const Expr *expr)
{
	errno = 0;
	double number = strtod(expr->text, NULL);
	if (!isfinite(number)) return build_error(builder, expr->place, NULL, "%s is too large for a number", expr->text);
	if (strpbrk(expr->text, ".eE")) return value_real(number);
	if (number > VALUE_WHOLE_LIMIT)
		return build_error(builder, expr->place, "write a real number: 1e20", "a whole number beyond 2^53");
	return value_integer((int64_t)number);
}

static Value eval_list(Builder *builder, const Expr *expr, Frame *frame)
{
	Value list = value_list(builder->arena, expr->count);
	for (int i = 0; i < expr->count; i++) list.as.list.items[i] = build_eval(builder, expr->items[i], frame);
	return list;
}

static Frame *element_frame(Builder *builder, const Expr *each, Frame *frame, int index, Value item)
{
	Frame *inner = build_frame(builder, NULL, frame->owner, frame);
	Step *step = arena_alloc(builder->arena, sizeof *step);
	*step = (Step){each, index, frame->step};
	inner->step = step;
	inner->binding = frame->binding ? arena_format(builder->arena, "%s_%d", frame->binding, index) : NULL;
	if (each->name_count == 1) {
		build_set(builder, inner, each->names[0], item);
		return inner;
	}
	bool fits = item.kind == VALUE_LIST && item.as.list.count == each->name_count;
	if (!fits && !value_is_poison(item))
		build_error(builder, each->place, NULL, "%d names, but an element is %s", each->name_count,
			value_kind(builder->arena, item));
	for (int i = 0; i < each->name_count; i++)
		build_set(builder, inner, each->names[i], fits ? item.as.list.items[i] : value_poison());
	return inner;
}

static Value eval_each(Builder *builder, const Expr *expr, Frame *frame)
{
	Value source = build_eval(builder, expr->items[1], frame);
	if (value_is_poison(source)) return source;
	if (source.kind != VALUE_LIST)
		return build_error(builder, expr->items[1]->place, "range(n) is the list 0, 1, .., n - 1",
			"a list is expected here, not %s", value_kind(builder->arena, source));
	Value list = value_list(builder->arena, source.as.list.count);
	for (int i = 0; i < source.as.list.count; i++)
		list.as.list.items[i] =
			build_eval(builder, expr->items[0], element_frame(builder, expr, frame, i, source.as.list.items[i]));
	return list;
}

/* A value that decides while compiling; false with *poison set after a report */
static bool eval_truth(
	Builder *builder, const Expr *expr, Frame *frame, const char *what, const char *help, bool *poison)
{
	Value value = build_eval(builder, expr, frame);
	*poison = value_is_poison(value);
	if (value.kind == VALUE_TENSOR) {
		build_error(builder, expr->place, help, "%s, not a tensor %s", what,
			shape_text(builder->arena, &value.as.tensor->shape));
		*poison = true;
	}
	return !*poison && value_is_true(value);
}

static Value eval_if(Builder *builder, const Expr *expr, Frame *frame)
{
	bool poison;
	bool truth = eval_truth(builder, expr->items[0], frame, "a condition must be known while compiling",
		"select(condition, a, b) chooses between tensors", &poison);
	if (poison) return value_poison();
	return build_eval(builder, expr->items[truth ? 1 : 2], frame);
}

static Value eval_logic(Builder *builder, const Expr *expr, Frame *frame)
{
	static const char what[] = "and, or, not work on values known while compiling";
	static const char help[] = "for tensors of 0 and 1 write a*b, max(a, b), 1 - a";
	bool poison;
	bool first = eval_truth(builder, expr->items[0], frame, what, help, &poison);
	if (poison) return value_poison();
	if (expr->kind == EXPR_NOT) return value_boolean(!first);
	if (first == (expr->text[0] == 'o')) return value_boolean(first);
	bool second = eval_truth(builder, expr->items[1], frame, what, help, &poison);
	return poison ? value_poison() : value_boolean(second);
}

static Value eval_negate(Builder *builder, const Expr *expr, Frame *frame)
{
	Value args[3] = {build_eval(builder, expr->items[0], frame)};
	return build_elementwise(builder, &op_neg, args, expr->place);
}

static Value eval_binary(Builder *builder, const Expr *expr, Frame *frame)
{
	if (!strcmp(expr->text, "and") || !strcmp(expr->text, "or")) return eval_logic(builder, expr, frame);
	Value a = build_eval(builder, expr->items[0], frame), b = build_eval(builder, expr->items[1], frame);
	return build_binary(builder, expr->text, a, b, expr->place);
}

/* layer.units is a static argument, layer.kernel a weight, block.conv a layer inside */
static Value member_of(Builder *builder, const Layer *layer, const char *name, Place place)
{
	int count = 0, weights = layer->owner ? layer->owner->weight_count : 0, most = layer->statics.count + weights;
	const char **names = arena_alloc(builder->arena, (size_t)(most + 1) * sizeof *names);
	for (int i = 0; i < layer->statics.count; i++) {
		if (!strcmp(layer->statics.items[i].name, name)) return layer->statics.items[i].value;
		names[count++] = layer->statics.items[i].name;
	}
	for (int i = 0; i < weights; i++) {
		if (!strcmp(layer->owner->weights[i]->name, name))
			return value_tensor(build_value(builder, layer->owner->weights[i]));
		names[count++] = layer->owner->weights[i]->name;
	}
	const char *help = build_near(builder, name, names, count);
	if (!help && layer->owner && !weights) help = "weights exist after the first call of the layer";
	return build_error(builder, place, help, "%s has no argument and no weight '%s'", layer->definition->name, name);
}

/* keras.layers, nn: a name that means nothing here, or members of one */
static bool is_module(Builder *builder, const Expr *expr, Frame *frame)
{
	while (expr->kind == EXPR_DOT) expr = expr->items[0];
	return expr->kind == EXPR_NAME && !build_knows(expr->text, frame) && !build_find(builder, -1, expr->text, false) &&
		!build_builtin(expr->text);
}

static Value eval_dot(Builder *builder, const Expr *expr, Frame *frame)
{
	const Expr *base = expr->items[0];
	if (base->kind == EXPR_NAME && !strcmp(base->text, "data") && !build_knows("data", frame))
		return build_field(builder, expr->text, expr->place);
	const Expr *data = base->kind == EXPR_DOT ? base->items[0] : NULL; /* data.lab.age */
	if (data && data->kind == EXPR_NAME && !strcmp(data->text, "data") && !build_knows("data", frame) && spec_is_source(builder->spec, base->text))
		return build_field(builder, arena_format(builder->arena, "%s.%s", base->text, expr->text), expr->place);
	if (is_module(builder, base, frame) && build_find(builder, -1, expr->text, false))
		return build_error(builder, expr->place, arena_format(builder->arena, "write %s alone", expr->text),
			"names stand here without the module that they have in Python");
	Value value = build_eval(builder, base, frame);
	if (value_is_poison(value)) return value;
	if (value.kind == VALUE_LAYER) return member_of(builder, value.as.layer, expr->text, expr->place);
	return build_error(builder, expr->place, value.kind == VALUE_TENSOR ? "what is done with a tensor is a call: reshape(x, dims)" : NULL,
		"%s has no '%s'", value_kind(builder->arena, value), expr->text);
}

/* A place in a list or along an axis of `size`: whole, negative from the end; false after a report */
static bool eval_place(Builder *builder, const Expr *expr, Frame *frame, int64_t size, bool bound, int64_t *place)
{
	Value value = build_eval(builder, expr, frame);
	if (value_is_poison(value)) return false;
	if (!value_is_whole(value)) {
		build_error(builder, expr->place, NULL, "a place is a whole number known while compiling, not %s",
			value_kind(builder->arena, value));
		return false;
	}
	int64_t i = value_to_integer(value);
	*place = i < 0 ? i + size : i;
	if (bound) *place = *place < 0 ? 0 : *place > size ? size : *place;
	if (*place >= 0 && (bound || *place < size)) return true;
	build_error(builder, expr->place, "places are counted from 0, and from -1 at the end", "place %lld of %lld",
		(long long)i, (long long)size);
	return false;
}

static bool eval_range(Builder *builder, const Expr *range, Frame *frame, int64_t size, int64_t *from, int64_t *to)
{
	*from = 0;
	*to = size;
	if (range->items[0] && !eval_place(builder, range->items[0], frame, size, true, from)) return false;
	return !range->items[1] || eval_place(builder, range->items[1], frame, size, true, to);
}

static Value index_list(Builder *builder, const Expr *expr, Frame *frame, List list)
{
	int64_t from, to;
	const Expr *place = expr->items[1];
	if (expr->count != 2) return build_error(builder, expr->place, NULL, "a list has one axis");
	if (place->kind != EXPR_RANGE)
		return eval_place(builder, place, frame, list.count, false, &from) ? list.items[from] : value_poison();
	if (!eval_range(builder, place, frame, list.count, &from, &to)) return value_poison();
	Value part = value_list(builder->arena, to > from ? (int)(to - from) : 0);
	if (to > from) memcpy(part.as.list.items, list.items + from, (size_t)(to - from) * sizeof(Value));
	return part;
}

/* One place of x[i, a:b]; *gone: the axis falls away */
static Node *index_axis(Builder *builder, const Expr *place, Frame *frame, Node *x, int axis, bool *gone)
{
	Graph *graph = builder->stage->program->graph;
	Dim dim = x->shape.dim[axis];
	int64_t from = 0, to = 0;
	*gone = place->kind != EXPR_RANGE;
	bool good = *gone ? eval_place(builder, place, frame, dim.size, false, &from) :
						eval_range(builder, place, frame, dim.size, &from, &to);
	if (!good) return NULL;
	bool whole = !*gone && !place->items[0] && !place->items[1];
	if (whole || (!*gone && !dim.rows && from == 0 && to == dim.size)) return x;
	const char *help = dim.rows ? "a last batch may be short; write : for the batch axis" : NULL;
	if (dim.rows) build_error(builder, place->place, help, "the batch axis can't be cut");
	else if (!*gone && to <= from)
		build_error(builder, place->place, NULL, "an empty piece of an axis of %lld", (long long)dim.size);
	if (dim.rows || (!*gone && to <= from)) return NULL;
	graph->place = place->place;
	return make_slice(graph, x, axis, from, (Dim){*gone ? 1 : to - from, 0});
}

static Value index_tensor(Builder *builder, const Expr *expr, Frame *frame, Node *x)
{
	bool gone[MAX_RANK] = {false}, any = false;
	if (expr->count - 1 > x->shape.rank)
		return build_error(builder, expr->place, NULL, "%d places, but the tensor is %s", expr->count - 1,
			shape_text(builder->arena, &x->shape));
	Node *y = x;
	for (int axis = 0; y && axis < expr->count - 1; axis++) {
		y = index_axis(builder, expr->items[axis + 1], frame, y, axis, &gone[axis]);
		any = any || gone[axis];
	}
	if (!y || !any) return value_tensor(y);
	Shape shape = {0};
	for (int i = 0; i < y->shape.rank; i++)
		if (!gone[i]) shape.dim[shape.rank++] = y->shape.dim[i];
	return value_tensor(make_reshape(builder->stage->program->graph, y, shape));
}

static Value eval_index(Builder *builder, const Expr *expr, Frame *frame)
{
	Value value = build_eval(builder, expr->items[0], frame);
	if (value_is_poison(value)) return value;
	if (value.kind == VALUE_LIST) return index_list(builder, expr, frame, value.as.list);
	if (value.kind == VALUE_TENSOR) return index_tensor(builder, expr, frame, value.as.tensor);
	return build_error(builder, expr->place, value_is_callable(value) ? "arguments stand in parentheses: Dense(8)" : NULL,
		"%s has no places", value_kind(builder->arena, value));
}

static Value eval_kind(Builder *builder, const Expr *expr, Frame *frame)
{
	switch (expr->kind) {
	case EXPR_NUMBER: return eval_number(builder, expr);
	case EXPR_NAME: return build_lookup(builder, expr->text, frame, expr->place);
	case EXPR_STRING: return value_word(expr->text);
	case EXPR_TRUE: return value_boolean(true);
	case EXPR_FALSE: return value_boolean(false);
	case EXPR_NONE: return value_none();
	case EXPR_LIST: return eval_list(builder, expr, frame);
	case EXPR_EACH: return eval_each(builder, expr, frame);
	case EXPR_IF: return eval_if(builder, expr, frame);
	case EXPR_NOT: return eval_logic(builder, expr, frame);
	case EXPR_NEGATE: return eval_negate(builder, expr, frame);
	case EXPR_BINARY: return eval_binary(builder, expr, frame);
	case EXPR_CALL: return build_call_expr(builder, expr, frame);
	case EXPR_INDEX: return eval_index(builder, expr, frame);
	case EXPR_DOT: return eval_dot(builder, expr, frame);
	default: return build_error(builder, expr->place, NULL, "a value is expected here");
	}
}

Value build_eval(Builder *builder, const Expr *expr, Frame *frame)
{
	if (!expr || !build_spend(builder, 1, expr->place)) return value_poison();
	if (builder->level >= LEVEL_LIMIT) {
		builder->exhausted = true;
		return build_error(builder, expr->place, "bind parts of it to names, in the order in which they are needed",
			"values that need one another are nested more than %d deep", LEVEL_LIMIT);
	}
	builder->level++;
	Value value = eval_kind(builder, expr, frame);
	builder->level--;
	return value;
}
