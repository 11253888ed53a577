/* build_contract.c: built-in functions that contract tensors and lay out windows; and how built-ins read their
 * arguments. Input: an Invocation. Output: a value over new nodes. Invariant: whether sizes fit is decided by the primitives' own
 * rules; here arguments of the language become theirs. */
#include <string.h>
#include "builder.h"

static Place at(const Invocation *call) { return call->site.place; }

static Graph *graph_of(const Builder *builder) { return builder->stage->program->graph; }

/* --- arguments -------------------------------------------------------------------------------------- */

Node *build_node_argument(Builder *builder, const Invocation *call, int i)
{
	return build_node(builder, call->args[i], at(call));
}

bool build_whole_argument(
	Builder *builder, const Invocation *call, Value value, const char *what, int64_t least, int64_t *number)
{
	*number = value_is_whole(value) ? value_to_integer(value) : 0;
	if (value_is_whole(value) && *number >= least && *number <= VALUE_SIZE_LIMIT) return true;
	if (!value_is_poison(value))
		build_error(builder, at(call), NULL, "%s: %s is a whole number from %lld, not %s", call->builtin->name, what,
			(long long)least, value_kind(builder->arena, value));
	return false;
}

bool build_axis_argument(Builder *builder, const Invocation *call, Value value, int rank, int *axis)
{
	int64_t i;
	if (!build_whole_argument(builder, call, value, "an axis", -rank, &i)) return false;
	if (i >= rank) {
		build_error(
			builder, at(call), NULL, "%s: axis %lld of a tensor with %d axes", call->builtin->name, (long long)i, rank);
		return false;
	}
	*axis = (int)(i < 0 ? i + rank : i);
	return true;
}

/* --- contraction and windows ------------------------------------------------------------------------- */

/* "nqd,nkd->nqk" -> its three lists of axes; false after a report */
static bool parse_axes(Builder *builder, const Invocation *call, char parts[3][MAX_RANK + 1])
{
	static const char *const ends[] = {",", "->", ""};
	const char *text = call->args[0].kind == VALUE_WORD ? call->args[0].as.word : "";
	for (int p = 0; p < 3; p++) {
		int count = 0;
		for (; *text == ' ' || (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'); text++) {
			if (*text == ' ') continue;
			bool twice = memchr(parts[p], *text, (size_t)count) != NULL;
			if (count == MAX_RANK || twice) {
				build_error(builder, at(call), NULL, twice ? "einsum: the axis '%c' stands twice in one operand" :
					"einsum: too many axes before '%c'", *text);
				return false;
			}
			parts[p][count++] = *text;
		}
		parts[p][count] = 0;
		size_t length = strlen(ends[p]);
		bool fits = p < 2 ? !strncmp(text, ends[p], length) : !*text;
		if (!fits) {
			build_error(builder, at(call), "einsum('nqd,nkd->nqk', a, b)",
				"einsum names the axes of two operands and of the result");
			return false;
		}
		text += length;
	}
	return true;
}

static Value run_einsum(Builder *builder, const Invocation *call)
{
	char parts[3][MAX_RANK + 1];
	Node *a = build_node_argument(builder, call, 1), *b = build_node_argument(builder, call, 2);
	if (!a || !b || !parse_axes(builder, call, parts)) return value_poison();
	return value_tensor(make_contract(graph_of(builder), parts[0], parts[1], parts[2], a, b));
}

/* [.., k] x [k, m], or batches of matrices when the ranks are equal */
static Value run_matmul(Builder *builder, const Invocation *call)
{
	Node *a = build_node_argument(builder, call, 0), *b = build_node_argument(builder, call, 1);
	if (!a || !b) return value_poison();
	int rank = a->shape.rank, lead = rank - 1;
	if (rank < 1 || rank > MAX_RANK || b->shape.rank < 2 || (b->shape.rank != 2 && b->shape.rank != rank))
		return build_error(builder, at(call), "[.., k] x [k, m], or equal ranks", "matmul can't multiply %s and %s",
			shape_text(builder->arena, &a->shape), shape_text(builder->arena, &b->shape));
	char left[MAX_RANK + 2] = {0}, right[MAX_RANK + 2] = {0}, out[MAX_RANK + 2] = {0};
	for (int i = 0; i < lead; i++) left[i] = out[i] = (char)('a' + i);
	left[lead] = 'y';
	out[lead] = 'z';
	int shared = b->shape.rank == 2 ? 0 : lead - 1;
	for (int i = 0; i < shared; i++) right[i] = (char)('a' + i);
	right[shared] = 'y';
	right[shared + 1] = 'z';
	return value_tensor(make_contract(graph_of(builder), left, right, out, a, b));
}

static bool window_numbers(Builder *builder, const Invocation *call, int argument, const char *what, int64_t least,
	int count, int64_t *numbers)
{
	Value list = call->args[argument];
	if (list.kind != VALUE_LIST || list.as.list.count != count) {
		build_error(builder, at(call), NULL, "%s: %s is a list of %d, one for each axis of the window, not %s",
			call->builtin->name, what, count, value_kind(builder->arena, list));
		return false;
	}
	for (int i = 0; i < count; i++)
		if (!build_whole_argument(builder, call, list.as.list.items[i], what, least, &numbers[i])) return false;
	return true;
}

/* arguments from `first` on: size, stride, dilation, low, high */
static bool window_argument(Builder *builder, const Invocation *call, const Node *x, int first, Window *window)
{
	int count = call->args[first].kind == VALUE_LIST ? call->args[first].as.list.count : 0;
	*window = (Window){.rank = count};
	if (count < 1 || count > MAX_WINDOW) {
		build_error(builder, at(call), NULL, "%s: a window has 1 to %d axes", call->builtin->name, MAX_WINDOW);
		return false;
	}
	if (!build_axis_argument(builder, call, call->args[1], x->shape.rank, &window->axis)) return false;
	if (window->axis + count > x->shape.rank) {
		build_error(builder, at(call), NULL, "%s: a window of %d axes does not fit %s", call->builtin->name, count,
			shape_text(builder->arena, &x->shape));
		return false;
	}
	return window_numbers(builder, call, first, "the size", 1, count, window->size) &&
		window_numbers(builder, call, first + 1, "the stride", 1, count, window->stride) &&
		window_numbers(builder, call, first + 2, "the dilation", 1, count, window->dilation) &&
		window_numbers(builder, call, first + 3, "the padding", 0, count, window->low) &&
		window_numbers(builder, call, first + 4, "the padding", 0, count, window->high);
}

static Value run_unfold(Builder *builder, const Invocation *call)
{
	Window window;
	Node *x = build_node_argument(builder, call, 0);
	if (!x || !window_argument(builder, call, x, 2, &window)) return value_poison();
	if (!value_is_none(call->args[7]) && !value_is_static_number(call->args[7]))
		return build_error(builder, at(call), NULL, "unfold: fill is a number");
	window.fill = value_is_none(call->args[7]) ? 0 : value_to_number(call->args[7]);
	return value_tensor(make_unfold(graph_of(builder), x, &window));
}

static Value run_fold(Builder *builder, const Invocation *call)
{
	Window window;
	int64_t sizes[MAX_WINDOW];
	Node *y = build_node_argument(builder, call, 0);
	if (!y || !window_argument(builder, call, y, 3, &window) ||
		!window_numbers(builder, call, 2, "the sizes", 1, window.rank, sizes))
		return value_poison();
	if (window.axis + 2*window.rank > y->shape.rank)
		return build_error(builder, at(call), NULL, "fold: a window of %d axes does not fit %s", window.rank,
			shape_text(builder->arena, &y->shape));
	return value_tensor(make_fold(graph_of(builder), y, sizes, &window));
}

const Builtin contract_builtins[] = {
	{"einsum", "axes a b", 3, run_einsum, NULL},
	{"matmul", "a b", 2, run_matmul, NULL},
	{"unfold", "x axis size stride dilation low high fill", 7, run_unfold, NULL},
	{"fold", "y axis sizes size stride dilation low high", 8, run_fold, NULL},
	{NULL, NULL, 0, NULL, NULL},
};
