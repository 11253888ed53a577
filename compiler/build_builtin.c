/* build_builtin.c: built-in functions over static values, effects, and the elementwise primitives; build_tensor.c and
 * build_contract.c have those that work on tensors. Input: an Invocation with its arguments in order. Output: a value.
 * Invariant: a function is known by its row in a table. */
#include <math.h>
#include <string.h>
#include "builder.h"

enum { RANGE_LIMIT = 1000000 };

static Place at(const Invocation *call) { return call->site.place; }

/* --- static --------------------------------------------------------------------------------------- */

static Node *tensor_argument(Builder *builder, const Invocation *call, int i)
{
	if (call->args[i].kind == VALUE_TENSOR) return call->args[i].as.tensor;
	build_error(builder, at(call), NULL, "%s takes a tensor, not %s", call->builtin->name,
		value_kind(builder->arena, call->args[i]));
	return NULL;
}

static Value run_dim(Builder *builder, const Invocation *call)
{
	int axis;
	Node *x = tensor_argument(builder, call, 0);
	if (!x || !build_axis_argument(builder, call, call->args[1], x->shape.rank, &axis)) return value_poison();
	return value_dim(x->shape.dim[axis]);
}

static Value run_shape(Builder *builder, const Invocation *call)
{
	bool tensor = call->args[0].kind == VALUE_TENSOR;
	Value list = value_list(builder->arena, tensor ? call->args[0].as.tensor->shape.rank : 0);
	for (int i = 0; i < list.as.list.count; i++)
		list.as.list.items[i] = value_dim(call->args[0].as.tensor->shape.dim[i]);
	return list;
}

static Value run_rank(Builder *builder, const Invocation *call)
{
	(void)builder;
	return value_integer(call->args[0].kind == VALUE_TENSOR ? call->args[0].as.tensor->shape.rank : 0);
}

static Value multiply(Builder *builder, const Invocation *call, Value product, Value by)
{
	return build_binary(builder, "*", product, by, at(call));
}

static Value run_count(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind != VALUE_TENSOR) return value_integer(1);
	Node *x = call->args[0].as.tensor;
	Value product = value_integer(1), axes = call->args[1];
	if (value_is_none(axes)) {
		for (int i = 0; i < x->shape.rank; i++) product = multiply(builder, call, product, value_dim(x->shape.dim[i]));
		return product;
	}
	List list = axes.kind == VALUE_LIST ? axes.as.list : (List){&axes, 1};
	for (int i = 0; i < list.count; i++) {
		int axis;
		if (!build_axis_argument(builder, call, list.items[i], x->shape.rank, &axis)) return value_poison();
		product = multiply(builder, call, product, value_dim(x->shape.dim[axis]));
	}
	return product;
}

static bool list_argument(Builder *builder, const Invocation *call, int i, List *list)
{
	if (call->args[i].kind == VALUE_LIST) return *list = call->args[i].as.list, true;
	build_error(builder, at(call), NULL, "%s takes a list, not %s", call->builtin->name,
		value_kind(builder->arena, call->args[i]));
	return false;
}

static Value run_len(Builder *builder, const Invocation *call)
{
	List list;
	return list_argument(builder, call, 0, &list) ? value_integer(list.count) : value_poison();
}

static Value run_range(Builder *builder, const Invocation *call)
{
	bool two = call->args[1].kind != VALUE_ABSENT;
	for (int i = 0; i <= two; i++)
		if (!value_is_whole(call->args[i]))
			return build_error(builder, at(call),
				call->args[i].kind == VALUE_DIM ? "the size of the batch is not known while compiling" : NULL,
				"range takes whole numbers, not %s", value_kind(builder->arena, call->args[i]));
	int64_t from = two ? value_to_integer(call->args[0]) : 0, to = value_to_integer(call->args[two]),
			count = to > from ? to - from : 0;
	if (count > RANGE_LIMIT)
		return build_error(
			builder, at(call), NULL, "a range of %lld numbers: at most %d are possible", (long long)count, RANGE_LIMIT);
	if (!build_spend(builder, count, at(call))) return value_poison();
	Value list = value_list(builder->arena, (int)count);
	for (int64_t i = 0; i < count; i++) list.as.list.items[i] = value_integer(from + i);
	return list;
}

static Value run_reverse(Builder *builder, const Invocation *call)
{
	List list;
	if (!list_argument(builder, call, 0, &list)) return value_poison();
	Value reversed = value_list(builder->arena, list.count);
	for (int i = 0; i < list.count; i++) reversed.as.list.items[i] = list.items[list.count - 1 - i];
	return reversed;
}

/* [[a0, b0], [a1, b1], ..]: as long as the shortest */
static Value run_zip(Builder *builder, const Invocation *call)
{
	List list;
	int shortest = call->count ? RANGE_LIMIT : 0;
	for (int i = 0; i < call->count; i++) {
		if (!list_argument(builder, call, i, &list)) return value_poison();
		if (list.count < shortest) shortest = list.count;
	}
	Value zipped = value_list(builder->arena, shortest);
	for (int k = 0; k < shortest; k++) {
		Value row = value_list(builder->arena, call->count);
		for (int i = 0; i < call->count; i++) row.as.list.items[i] = call->args[i].as.list.items[k];
		zipped.as.list.items[k] = row;
	}
	return zipped;
}

static Value run_prod(Builder *builder, const Invocation *call)
{
	List list;
	Value product = value_integer(1);
	if (!list_argument(builder, call, 0, &list)) return value_poison();
	for (int i = 0; i < list.count; i++) product = multiply(builder, call, product, list.items[i]);
	return product;
}

static Value run_int(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind == VALUE_DIM) return call->args[0];
	if (value_is_static_number(call->args[0]) && fabs(value_to_number(call->args[0])) <= VALUE_WHOLE_LIMIT)
		return value_integer((int64_t)value_to_number(call->args[0]));
	return build_error(builder, at(call), "for tensors write floor(x)",
		"int takes a number known while compiling, not %s", value_kind(builder->arena, call->args[0]));
}

static Value run_is_list(Builder *builder, const Invocation *call)
{
	(void)builder;
	return value_boolean(call->args[0].kind == VALUE_LIST);
}

static Value run_is_number(Builder *builder, const Invocation *call)
{
	(void)builder;
	return value_boolean(call->args[0].kind == VALUE_NUMBER);
}

static Value run_callable(Builder *builder, const Invocation *call)
{
	(void)builder;
	return value_boolean(value_is_callable(call->args[0]));
}

static Value run_fail(Builder *builder, const Invocation *call)
{
	return build_error(builder, at(call), NULL, "%s",
		call->args[0].kind == VALUE_WORD ? call->args[0].as.word : "the definition refuses this call");
}

/* An element of a list, or a part of a word */
static Value run_contains(Builder *builder, const Invocation *call)
{
	List list;
	bool found = false;
	if (call->args[0].kind == VALUE_WORD && call->args[1].kind == VALUE_WORD)
		return value_boolean(strstr(call->args[0].as.word, call->args[1].as.word) != NULL);
	if (!list_argument(builder, call, 0, &list)) return value_poison();
	for (int i = 0; i < list.count; i++) found = found || value_equal(list.items[i], call->args[1]);
	return value_boolean(found);
}

/* Has a layer, loss or optimizer an argument of that name? */
static Value run_has(Builder *builder, const Invocation *call)
{
	(void)builder;
	bool found = false;
	if (call->args[0].kind != VALUE_LAYER || call->args[1].kind != VALUE_WORD) return value_boolean(false);
	const Names *statics = &call->args[0].as.layer->statics;
	for (int i = 0; i < statics->count; i++) found = found || !strcmp(statics->items[i].name, call->args[1].as.word);
	return value_boolean(found);
}

/* The name that a layer is given, else that of its definition: what its weights would be called. */
static Value run_name_of(Builder *builder, const Invocation *call)
{
	if (call->args[0].kind != VALUE_LAYER)
		return build_error(builder, at(call), NULL, "name_of takes a layer, not %s", value_kind(builder->arena, call->args[0]));
	const Owner *owner = call->args[0].as.layer->owner;
	return value_word(owner->given ? owner->given : text_snake(builder->arena, owner->definition->name));
}

/* initial(initializer, dims): for initializers that are made of others */
static Value run_initial(Builder *builder, const Invocation *call)
{
	Shape shape;
	return build_shape(builder, call->args[1], at(call), &shape) ? value_tensor(build_initial(builder, call->args[0], &shape, at(call))) : value_poison();
}

/* Has a layer a name of its own, by name= or a binding? */
static Value run_named(Builder *builder, const Invocation *call)
{
	(void)builder;
	return value_boolean(call->args[0].kind == VALUE_LAYER && call->args[0].as.layer->owner->given);
}

/* --- functions of functions ------------------------------------------------------------------------ */

static Value run_call(Builder *builder, const Invocation *call)
{
	List list;
	if (!list_argument(builder, call, 1, &list)) return value_poison();
	return build_apply(builder, call->args[0], list.count, list.items, call->frame, call->site);
}

/* f(f(start, items[0]), items[1]) .. */
static Value run_reduce(Builder *builder, const Invocation *call)
{
	List list;
	if (!list_argument(builder, call, 2, &list)) return value_poison();
	Value state = call->args[1];
	for (int i = 0; i < list.count; i++) {
		Value pair[2] = {state, list.items[i]};
		state = build_apply(builder, call->args[0], 2, pair, call->frame, call->site);
	}
	return state;
}

/* --- effects ----------------------------------------------------------------------------------------- */

static bool is_false(Value value) { return value.kind == VALUE_BOOLEAN && !value.as.truth; }

static Value run_weight(Builder *builder, const Invocation *call)
{
	VariableRequest request = {.dims = call->args[0],
		.initial = call->args[1],
		.regularizer = call->args[2],
		.constraint = call->args[3],
		.name = call->args[5],
		.role = ROLE_WEIGHT,
		.trainable = !is_false(call->args[4])};
	if (request.initial.kind == VALUE_ABSENT) request.initial = value_integer(0);
	return build_variable(builder, call->frame, &request, at(call));
}

static Value run_state(Builder *builder, const Invocation *call)
{
	VariableRequest request = {.dims = call->args[0],
		.initial = call->args[1],
		.regularizer = value_none(),
		.constraint = value_none(),
		.name = call->args[2],
		.role = ROLE_STATE};
	if (request.initial.kind == VALUE_ABSENT) request.initial = value_integer(0);
	return build_variable(builder, call->frame, &request, at(call));
}

static Value run_learn(Builder *builder, const Invocation *call)
{
	VariableRequest request = {.dims = call->args[1],
		.initial = call->args[0],
		.regularizer = value_none(),
		.constraint = value_none(),
		.name = call->args[2],
		.role = ROLE_WEIGHT,
		.trainable = true};
	if (request.initial.kind == VALUE_ABSENT) request.initial = value_integer(1);
	if (request.dims.kind == VALUE_ABSENT) request.dims = value_list(builder->arena, 0);
	return build_variable(builder, call->frame, &request, at(call));
}

/* A state of the shape of the weight that the optimizer is called with, or of `like`. */
static Value run_slot(Builder *builder, const Invocation *call)
{
	Value like = call->args[1];
	const Frame *frame = call->frame;
	while (frame && !frame->definition) frame = frame->parent;
	const Definition *d = frame ? frame->definition : NULL;
	if (like.kind == VALUE_ABSENT && d && d->kind == KIND_OPTIMIZER)
		like = build_lookup(builder, d->inputs.items[0].name, call->frame, at(call));
	if (value_is_poison(like)) return like;
	if (like.kind != VALUE_TENSOR)
		return build_error(
			builder, at(call), "states of layers are made by state(dims)", "a slot belongs to an optimizer");
	Shape shape = like.as.tensor->shape;
	VariableRequest request = {.dims = value_list(builder->arena, shape.rank),
		.initial = call->args[0],
		.regularizer = value_none(),
		.constraint = value_none(),
		.name = value_none(),
		.role = ROLE_SLOT};
	for (int i = 0; i < shape.rank; i++) request.dims.as.list.items[i] = value_dim(shape.dim[i]);
	if (request.initial.kind == VALUE_ABSENT) request.initial = value_integer(0);
	return build_variable(builder, call->frame, &request, at(call));
}

/* The path of the weight that an optimizer is called with: 'dense/kernel' */
static Value run_weight_path(Builder *builder, const Invocation *call)
{
	const Frame *frame = call->frame;
	while (frame && !frame->owner) frame = frame->parent;
	const Owner *home = frame ? owner_home(frame->owner) : NULL;
	if (!home || home->definition->kind != KIND_OPTIMIZER || !home->given)
		return build_error(builder, at(call), NULL, "weight_path is known in an optimizer");
	return value_word(home->given);
}

/* What an activity regularizer adds to the loss, a sample; returns x itself. */
static Value run_regularized(Builder *builder, const Invocation *call)
{
	Stage *stage = builder->stage;
	if (value_is_none(call->args[1])) return call->args[0];
	if (stage->program->graph->body)
		return build_error(builder, at(call), "regularize what the recurrent layer returns", "an activity regularizer can't stand in one step of a recurrence");
	Value function = build_of_kind(builder, KIND_REGULARIZER, call->args[1], at(call));
	if (function.kind == VALUE_DEFINITION) function = build_apply(builder, function, 0, NULL, call->frame, call->site);
	Value sum = build_apply(builder, function, 1, &call->args[0], call->frame, call->site);
	const Node *x = call->args[0].kind == VALUE_TENSOR ? call->args[0].as.tensor : NULL;
	if (x && x->shape.rank && x->shape.dim[0].rows)
		sum = build_binary(builder, "/", sum, value_dim(x->shape.dim[0]), at(call));
	Node *penalty = build_node(builder, sum, at(call));
	if (!penalty) return value_poison();
	stage->penalties =
		arena_grow(builder->arena, stage->penalties, stage->penalty_count, &stage->penalty_capacity, sizeof penalty);
	stage->penalties[stage->penalty_count++] = penalty;
	return call->args[0];
}

/* --- elementwise ---------------------------------------------------------------------------------------- */

static Value run_elementwise(Builder *builder, const Invocation *call)
{
	return build_elementwise(builder, call->builtin->op, call->args, at(call));
}

static const Builtin static_builtins[] = {
	{"dim", "x axis", 2, run_dim, NULL},
	{"shape", "x", 1, run_shape, NULL},
	{"rank", "x", 1, run_rank, NULL},
	{"count", "x axes", 1, run_count, NULL},
	{"len", "list", 1, run_len, NULL},
	{"range", "from to", 1, run_range, NULL},
	{"reverse", "list", 1, run_reverse, NULL},
	{"zip", "...", 0, run_zip, NULL},
	{"prod", "list", 1, run_prod, NULL},
	{"int", "x", 1, run_int, NULL},
	{"is_list", "x", 1, run_is_list, NULL},
	{"is_number", "x", 1, run_is_number, NULL},
	{"callable", "x", 1, run_callable, NULL},
	{"fail", "message", 1, run_fail, NULL},
	{"contains", "list x", 2, run_contains, NULL},
	{"has", "layer name", 2, run_has, NULL},
	{"initial", "initializer dims", 2, run_initial, NULL},
	{"named", "layer", 1, run_named, NULL},
	{"name_of", "layer", 1, run_name_of, NULL},
	{"call", "f list", 2, run_call, NULL},
	{"reduce", "f start items", 3, run_reduce, NULL},
	{"clone", "layer ...", 1, NULL, NULL},
	{"weight", "dims initializer regularizer constraint trainable name", 1, run_weight, NULL},
	{"state", "dims initializer name", 1, run_state, NULL},
	{"learn", "value dims name", 0, run_learn, NULL},
	{"slot", "value like", 0, run_slot, NULL},
	{"weight_path", "", 0, run_weight_path, NULL},
	{"regularized", "x regularizer", 2, run_regularized, NULL},
#define ARGUMENTS_1 "x"
#define ARGUMENTS_2 "a b"
#define ARGUMENTS_3 "c a b"
#define X(name, arity, ...) {#name, ARGUMENTS_##arity, arity, run_elementwise, &op_##name},
	OPS_ELEMENTWISE(X)
#undef X
	{"logistic", "x", 1, run_elementwise, &op_sigmoid},
	{NULL, NULL, 0, NULL, NULL},
};

const Builtin *build_builtin(const char *name)
{
	const Builtin *const tables[] = {static_builtins, tensor_builtins, contract_builtins, scan_builtins};
	for (int t = 0; t < 4; t++)
		for (const Builtin *builtin = tables[t]; builtin->name; builtin++)
			if (!strcmp(builtin->name, name)) return builtin;
	return NULL;
}

int build_builtins(const Builtin **list)
{
	const Builtin *const tables[] = {static_builtins, tensor_builtins, contract_builtins, scan_builtins};
	int count = 0;
	for (int t = 0; t < 4; t++)
		for (const Builtin *builtin = tables[t]; builtin->name; builtin++, count++)
			if (list) list[count] = builtin;
	return count;
}

int build_builtin_names(const char **names)
{
	const Builtin *list[256];
	int count = build_builtins(NULL);
	if (!names || count > 256) return names ? 0 : count;
	build_builtins(list);
	for (int i = 0; i < count; i++) names[i] = list[i]->name;
	return count;
}
