/* build_arithmetic.c: operators and elementwise functions on values. Input: two or three values. Output: a value:
 * numbers of numbers are computed here, anything with a tensor becomes a node. Invariant: the size of the batch never
 * becomes a number while compiling, since a last batch may be short: what is not a multiple of it becomes a tensor. */
#include <math.h>
#include <string.h>
#include "builder.h"

static Node *build_dims_node(Builder *builder, Dim dim)
{
	Graph *graph = builder->stage->program->graph;
	if (!dim.rows) return make_const(graph, (double)dim.size);
	Node *rows = make_rows(graph);
	return dim.rows == 1 ? rows : make_binary(graph, &op_mul, rows, make_const(graph, (double)dim.rows));
}

Node *build_node(Builder *builder, Value value, Place place)
{
	Graph *graph = builder->stage->program->graph;
	graph->place = place;
	switch (value.kind) {
	case VALUE_POISON: return NULL;
	case VALUE_BOOLEAN:
	case VALUE_NUMBER: return make_const(graph, value_to_number(value));
	case VALUE_DIM: return build_dims_node(builder, value.as.dim);
	case VALUE_TENSOR: {
		Node *node = value.as.tensor;
		for (const Graph *g = graph; g; g = g->body ? g->body->outer : NULL)
			if (graph_holds(g, node)) return graph_own(graph, node);
		build_error(builder, place, "write a number, or a function that is called where the value is needed",
			"this tensor belongs to another program, or to one step of a recurrence");
		return NULL;
	}
	default:
		build_error(builder, place,
			value.kind == VALUE_LAYER || value.kind == VALUE_DEFINITION ?
				"call it: name(arguments)(x); an item of a list begins with '- ', with a blank" : NULL,
			"a tensor or a number is expected here, not %s", value_kind(builder->arena, value));
		return NULL;
	}
}

Node *build_carry(Builder *builder, Node *node, Node **args, int count)
{
	Graph *graph = builder->stage->program->graph;
	for (int i = 0; node && i < count; i++) {
		Node *mask = args[i]->mask;
		if (!mask || node->mask == mask || args[i]->shape.rank < 2 || node->shape.rank < 2) continue;
		bool same = args[i]->shape.dim[0].size == node->shape.dim[0].size &&
			args[i]->shape.dim[1].size == node->shape.dim[1].size;
		if (same) node->mask = node->mask ? make_binary(graph, &op_mul, node->mask, mask) : mask;
	}
	return node;
}

static bool keeps_integers(const Op *op)
{
	return op == &op_add || op == &op_sub || op == &op_mul || op == &op_neg || op == &op_abs || op == &op_max ||
		op == &op_min || op == &op_floor;
}

/* A number of numbers; poison when it is not finite. */
static Value compute(Builder *builder, const Op *op, const Value *args, Place place)
{
	double x[3] = {0, 0, 0};
	bool integer = keeps_integers(op);
	for (int i = 0; i < op->arity; i++) {
		x[i] = value_to_number(args[i]);
		integer = integer && (op == &op_floor || args[i].kind == VALUE_BOOLEAN || args[i].integer);
	}
	if (op == &op_less || op == &op_equal) return value_boolean(op->value(x[0], x[1], x[2]) != 0);
	if (op == &op_select) return value_is_true(args[0]) ? args[1] : args[2];
	if (op == &op_div && x[1] == 0) return build_error(builder, place, NULL, "division by zero");
	double y = op->value(x[0], x[1], x[2]);
	if (!isfinite(y)) return build_error(builder, place, NULL, "%s gives no finite number here", op->name);
	if (integer && fabs(y) > VALUE_WHOLE_LIMIT)
		return build_error(builder, place, "write a real number: 1.0 instead of 1", "a whole number beyond 2^53");
	return (Value){.kind = VALUE_NUMBER, .integer = integer, .as.number = y};
}

Value build_elementwise(Builder *builder, const Op *op, Value *args, Place place)
{
	bool numbers = true;
	for (int i = 0; i < op->arity; i++) {
		if (value_is_poison(args[i])) return args[i];
		numbers = numbers && value_is_static_number(args[i]);
	}
	if (numbers) return compute(builder, op, args, place);
	Node *nodes[3];
	for (int i = 0; i < op->arity; i++) {
		nodes[i] = build_node(builder, args[i], place);
		if (!nodes[i]) return value_poison();
	}
	Graph *graph = builder->stage->program->graph;
	graph->place = place;
	Road road = build_road(builder, op->arity, args);
	build_road_begin(&road);
	Node *node = make_elementwise(graph, op, nodes);
	build_road_end(&road);
	return value_tensor(build_carry(builder, node, nodes, op->arity));
}

static Value apply(Builder *builder, const Op *op, Value a, Value b, Place place)
{
	Value args[3] = {a, b};
	return build_elementwise(builder, op, args, place);
}

/* x^2, x^3, x^0.5, x^-0.5 need no power function */
static Value power(Builder *builder, Value x, Value exponent, Place place)
{
	double e = value_is_static_number(exponent) ? value_to_number(exponent) : 0;
	if (x.kind == VALUE_TENSOR && e == 1) return x;
	if (x.kind == VALUE_TENSOR && e == 2) return apply(builder, &op_mul, x, x, place);
	if (x.kind == VALUE_TENSOR && e == 3)
		return apply(builder, &op_mul, apply(builder, &op_mul, x, x, place), x, place);
	if (x.kind == VALUE_TENSOR && e == 0.5) return apply(builder, &op_sqrt, x, value_none(), place);
	if (x.kind == VALUE_TENSOR && e == -0.5)
		return apply(builder, &op_div, value_integer(1), apply(builder, &op_sqrt, x, value_none(), place), place);
	Value y = apply(builder, &op_pow, x, exponent, place);
	bool whole = value_is_whole(y) && x.kind == VALUE_NUMBER && x.integer && exponent.kind == VALUE_NUMBER &&
		exponent.integer && e >= 0;
	return whole ? value_integer(value_to_integer(y)) : y;
}

/* // and % are for whole numbers known while compiling; towards minus infinity, as in Python */
static Value whole_division(Builder *builder, const char *op, Value a, Value b, Place place)
{
	bool remainder = op[0] == '%';
	if (a.kind == VALUE_DIM && b.kind == VALUE_DIM && !remainder && a.as.dim.rows % b.as.dim.rows == 0)
		return value_integer(a.as.dim.rows / b.as.dim.rows);
	bool whole_b = value_is_whole(b);
	if (whole_b && value_to_integer(b) == 0) return build_error(builder, place, NULL, "division by zero");
	if (a.kind == VALUE_DIM && whole_b && value_to_integer(b) > 0 && a.as.dim.rows % value_to_integer(b) == 0) {
		int64_t d = value_to_integer(b);
		return remainder ? value_integer(0) : value_dim((Dim){a.as.dim.size/d, a.as.dim.rows/d});
	}
	if (!value_is_static_number(a) || !value_is_static_number(b))
		return build_error(builder, place,
			remainder ? "for tensors write a - b*floor(a/b)" : "for tensors write floor(a/b)",
			"'%s' does not work on %s and %s", op, value_kind(builder->arena, a), value_kind(builder->arena, b));
	double x = value_to_number(a), y = value_to_number(b);
	if (y == 0) return build_error(builder, place, NULL, "division by zero");
	double quotient = floor(x/y), result = remainder ? x - y*quotient : quotient;
	if (!isfinite(result)) return build_error(builder, place, NULL, "'%s' gives no finite number here", op);
	bool integer = (a.kind == VALUE_BOOLEAN || a.integer) && (b.kind == VALUE_BOOLEAN || b.integer);
	return (Value){.kind = VALUE_NUMBER, .integer = integer, .as.number = result};
}

static Value join_lists(Builder *builder, List a, List b, Place place)
{
	if (!build_spend(builder, (int64_t)a.count + b.count, place)) return value_poison();
	Value joined = value_list(builder->arena, a.count + b.count);
	memcpy(joined.as.list.items, a.items, (size_t)a.count * sizeof(Value));
	memcpy(joined.as.list.items + a.count, b.items, (size_t)b.count * sizeof(Value));
	return joined;
}

/* What stays a multiple of the batch; false: it is a number that only the running program knows */
static bool combine_dims(Builder *builder, char op, Value a, Value b, Place place, Value *result)
{
	Dim product;
	if (a.kind == VALUE_DIM && b.kind == VALUE_DIM) {
		Dim x = a.as.dim, y = b.as.dim;
		if (op == '+') return *result = value_dim((Dim){x.size + y.size, x.rows + y.rows}), true;
		if (op == '-' && x.rows > y.rows) return *result = value_dim((Dim){x.size - y.size, x.rows - y.rows}), true;
		if (op == '-' && x.rows == y.rows) return *result = value_integer(0), true;
		if (op == '/') return *result = value_real((double)x.rows/(double)y.rows), true;
		return false;
	}
	Value number = a.kind == VALUE_DIM ? b : a, dim = a.kind == VALUE_DIM ? a : b;
	if (op != '*' || !value_is_whole(number) || value_to_integer(number) < 1) return false;
	if (value_dim_product(dim.as.dim, (Dim){value_to_integer(number), 0}, &product)) *result = value_dim(product);
	else *result = build_error(builder, place, NULL, "a dimension beyond 2^40");
	return true;
}

static bool is_number_like(Value value)
{
	return value_is_static_number(value) || value.kind == VALUE_DIM || value.kind == VALUE_TENSOR;
}

static Value compare(Builder *builder, const char *op, Value a, Value b, Place place)
{
	if (!strcmp(op, "<")) return apply(builder, &op_less, a, b, place);
	if (!strcmp(op, ">")) return apply(builder, &op_less, b, a, place);
	Value other = op[0] == '<' ? apply(builder, &op_less, b, a, place) : apply(builder, &op_less, a, b, place);
	if (other.kind == VALUE_BOOLEAN) return value_boolean(!other.as.truth);
	return apply(builder, &op_sub, value_integer(1), other, place);
}

static Value equality(Builder *builder, bool wanted, Value a, Value b, Place place)
{
	bool tensors = (a.kind == VALUE_TENSOR || b.kind == VALUE_TENSOR) && is_number_like(a) && is_number_like(b);
	if (!tensors) return value_boolean(value_equal(a, b) == wanted);
	Value same = apply(builder, &op_equal, a, b, place);
	return wanted ? same : apply(builder, &op_sub, value_integer(1), same, place);
}

Value build_binary(Builder *builder, const char *op, Value a, Value b, Place place)
{
	if (value_is_poison(a)) return a;
	if (value_is_poison(b)) return b;
	if (!strcmp(op, "==") || !strcmp(op, "!=")) return equality(builder, op[0] == '=', a, b, place);
	if (op[0] == '+' && a.kind == VALUE_LIST && b.kind == VALUE_LIST)
		return join_lists(builder, a.as.list, b.as.list, place);
	if (op[0] == '+' && a.kind == VALUE_WORD && b.kind == VALUE_WORD)
		return value_word(arena_format(builder->arena, "%s%s", a.as.word, b.as.word));
	if (!is_number_like(a) || !is_number_like(b)) {
		bool uncalled = value_is_callable(a) || value_is_callable(b), both = value_is_callable(a) && value_is_callable(b);
		const char *help = both && op[0] == '-' ? "items of a list begin in the same column: here the second goes on with the first" :
			uncalled ? "a layer or function is called with its input: name(x)" : NULL;
		return build_error(builder, place, help,
			"'%s' does not work on %s and %s", op, value_kind(builder->arena, a), value_kind(builder->arena, b));
	}
	if (!strcmp(op, "//") || op[0] == '%') return whole_division(builder, op, a, b, place);
	Value dims;
	bool has_dim = a.kind == VALUE_DIM || b.kind == VALUE_DIM;
	bool has_tensor = a.kind == VALUE_TENSOR || b.kind == VALUE_TENSOR;
	if (has_dim && !has_tensor && combine_dims(builder, op[0], a, b, place, &dims)) return dims;
	switch (op[0]) {
	case '+': return apply(builder, &op_add, a, b, place);
	case '-': return apply(builder, &op_sub, a, b, place);
	case '*': return apply(builder, &op_mul, a, b, place);
	case '/': return apply(builder, &op_div, a, b, place);
	case '^': return power(builder, a, b, place);
	default: return compare(builder, op, a, b, place);
	}
}
