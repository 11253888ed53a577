/* value.c: making, asking and comparing values of the language. Input and output: values. Invariant: a value never
 * changes after it is made, except that the maker of a list fills its places. */
#include <math.h>
#include <string.h>
#include "builder.h"

Value value_poison(void) { return (Value){.kind = VALUE_POISON}; }

Value value_none(void) { return (Value){.kind = VALUE_NONE}; }

Value value_boolean(bool truth) { return (Value){.kind = VALUE_BOOLEAN, .as.truth = truth}; }

Value value_real(double number) { return (Value){.kind = VALUE_NUMBER, .as.number = number}; }

Value value_integer(int64_t number)
{
	return (Value){.kind = VALUE_NUMBER, .integer = true, .as.number = (double)number};
}

Value value_word(const char *word) { return (Value){.kind = VALUE_WORD, .as.word = word}; }

Value value_dim(Dim dim)
{
	if (!dim.rows) return value_integer(dim.size);
	return (Value){.kind = VALUE_DIM, .as.dim = dim};
}

Value value_tensor(Node *node)
{
	if (!node) return value_poison();
	return (Value){.kind = VALUE_TENSOR, .as.tensor = node};
}

Value value_list(Arena *arena, int count)
{
	Value *items = arena_alloc(arena, (size_t)(count ? count : 1) * sizeof *items);
	return (Value){.kind = VALUE_LIST, .as.list = {items, count}};
}

bool value_is_poison(Value value) { return value.kind == VALUE_POISON; }

bool value_is_none(Value value) { return value.kind == VALUE_NONE || value.kind == VALUE_ABSENT; }

bool value_is_static_number(Value value) { return value.kind == VALUE_NUMBER || value.kind == VALUE_BOOLEAN; }

double value_to_number(Value value) { return value.kind == VALUE_BOOLEAN ? (double)value.as.truth : value.as.number; }

bool value_is_whole(Value value)
{
	return value.kind == VALUE_NUMBER && fabs(value.as.number) <= VALUE_WHOLE_LIMIT &&
		value.as.number == floor(value.as.number);
}

int64_t value_to_integer(Value value) { return (int64_t)value.as.number; }

bool value_is_callable(Value value)
{
	return value.kind == VALUE_DEFINITION || value.kind == VALUE_LAYER || value.kind == VALUE_LOCAL ||
		value.kind == VALUE_BUILTIN;
}

bool value_holds_tensor(Value value)
{
	if (value.kind == VALUE_TENSOR) return true;
	if (value.kind != VALUE_LIST) return false;
	for (int i = 0; i < value.as.list.count; i++)
		if (value_holds_tensor(value.as.list.items[i])) return true;
	return false;
}

bool value_is_true(Value value)
{
	switch (value.kind) {
	case VALUE_POISON:
	case VALUE_ABSENT:
	case VALUE_NONE: return false;
	case VALUE_BOOLEAN: return value.as.truth;
	case VALUE_NUMBER: return value.as.number != 0;
	case VALUE_WORD: return value.as.word[0] != 0;
	case VALUE_LIST: return value.as.list.count > 0;
	default: return true;
	}
}

static bool lists_equal(List a, List b)
{
	if (a.count != b.count) return false;
	for (int i = 0; i < a.count; i++)
		if (!value_equal(a.items[i], b.items[i])) return false;
	return true;
}

bool value_equal(Value a, Value b)
{
	const char *name_a = value_name(a), *name_b = value_name(b);
	if (a.kind == VALUE_LAYER || b.kind == VALUE_LAYER) return a.kind == b.kind && a.as.layer == b.as.layer;
	if (name_a && name_b) return !strcmp(name_a, name_b);
	if (value_is_static_number(a) && value_is_static_number(b)) return value_to_number(a) == value_to_number(b);
	if (a.kind != b.kind) return value_is_none(a) && value_is_none(b);
	switch (a.kind) {
	case VALUE_ABSENT:
	case VALUE_NONE: return true;
	case VALUE_WORD: return !strcmp(a.as.word, b.as.word);
	case VALUE_DIM: return a.as.dim.rows == b.as.dim.rows;
	case VALUE_LIST: return lists_equal(a.as.list, b.as.list);
	case VALUE_TENSOR: return a.as.tensor == b.as.tensor;
	default: return false;
	}
}

bool value_dim_product(Dim a, Dim b, Dim *product)
{
	if (a.rows && b.rows) return false;
	int64_t rows = a.rows ? a.rows : b.rows ? b.rows : 0, times = a.rows ? b.size : a.size;
	if (__builtin_mul_overflow(a.size, b.size, &product->size) || product->size > VALUE_SIZE_LIMIT) return false;
	product->rows = rows * times; /* no larger than the size */
	return true;
}

const char *value_kind(Arena *arena, Value value)
{
	switch (value.kind) {
	case VALUE_POISON: return "nothing";
	case VALUE_ABSENT:
	case VALUE_NONE: return "none";
	case VALUE_BOOLEAN: return value.as.truth ? "true" : "false";
	case VALUE_NUMBER: return arena_format(arena, "the number %.12g", value.as.number);
	case VALUE_WORD: return arena_format(arena, "the word '%s'", value.as.word);
	case VALUE_DIM: return "a multiple of the batch";
	case VALUE_LIST: return arena_format(arena, "a list of %d", value.as.list.count);
	case VALUE_TENSOR: return arena_format(arena, "a tensor %s", shape_text(arena, &value.as.tensor->shape));
	case VALUE_DEFINITION:
		return arena_format(arena, "the %s %s", kind_noun(value.as.definition->kind), value.as.definition->name);
	case VALUE_LAYER:
		return arena_format(arena, "the %s %s(..)", kind_noun(value.as.layer->definition->kind), value_name(value));
	case VALUE_LOCAL:
	case VALUE_BUILTIN: return arena_format(arena, "the function %s", value_name(value));
	}
	return "a value";
}

const char *value_name(Value value)
{
	switch (value.kind) {
	case VALUE_DEFINITION: return value.as.definition->name;
	case VALUE_LAYER: return value.as.layer->definition->name;
	case VALUE_LOCAL: return value.as.local->name;
	case VALUE_BUILTIN: return value.as.builtin->name;
	default: return NULL;
	}
}
