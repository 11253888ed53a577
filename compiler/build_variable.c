/* build_variable.c: weights, states and slots. Input: weight(..), state(..), slot(..), learn(..) in a body. Output: a
 * Variable, made at the first call and found again at the next, and its first value in the program `initialize`.
 * Invariant: a variable's path, shape and first value do not depend on which program asked first. */
#include <string.h>
#include "builder.h"

bool build_shape(Builder *builder, Value dims, Place place, Shape *shape)
{
	*shape = (Shape){0};
	if (value_is_poison(dims)) return false;
	if (dims.kind != VALUE_LIST) {
		build_error(builder, place, "write [3, 4]", "a shape is a list of dimensions, not %s",
			value_kind(builder->arena, dims));
		return false;
	}
	if (dims.as.list.count > MAX_RANK) {
		build_error(builder, place, "reshape some axes into one", "a tensor of %d axes: at most %d are possible",
			dims.as.list.count, MAX_RANK);
		return false;
	}
	for (int i = 0; i < dims.as.list.count; i++) {
		Value dim = dims.as.list.items[i];
		bool whole = value_is_whole(dim);
		if (value_is_poison(dim)) return false;
		if (dim.kind == VALUE_DIM) shape->dim[shape->rank++] = dim.as.dim;
		else if (whole && value_to_integer(dim) >= 1 && value_to_integer(dim) <= VALUE_SIZE_LIMIT)
			shape->dim[shape->rank++] = (Dim){value_to_integer(dim), 0};
		else {
			build_error(builder, place, whole && value_to_number(dim) > 1 ? "at most 2^40" : NULL,
				"a dimension is a positive whole number, not %s", value_kind(builder->arena, dim));
			return false;
		}
	}
	return true;
}

Node *build_value(Builder *builder, const Weight *weight)
{
	const Stage *stage = builder->stage;
	if (weight->number < stage->now_capacity && stage->now[weight->number]) return stage->now[weight->number];
	if (!stage->fresh || weight->variable->role != ROLE_CARRIED) return make_variable(stage->program->graph, weight->variable);
	Shape shape = shape_for(&weight->variable->shape, stage->program->graph->batch);
	return build_initial(builder, weight->initial, &shape, weight->variable->place);
}

const Weight *build_weight_of(const Builder *builder, const Node *node)
{
	const Stage *stage = builder->stage;
	for (int i = 0; i < builder->weight_count; i++) {
		const Node *now = i < stage->now_capacity ? stage->now[i] : NULL;
		if (now ? now == node : node->op == &op_variable && node->at.variable == builder->weights[i]->variable) return builder->weights[i];
	}
	return NULL;
}

void build_move(Builder *builder, const Weight *weight, Node *node)
{
	Stage *stage = builder->stage;
	if (stage->fresh && weight->variable->role == ROLE_CARRIED) return;
	if (stage->program->graph->body) {
		build_error(builder, node->place, "a cell hands its states on from step to step: (x, h=..) and h'",
			"%s would move at every step of a recurrence", weight->variable->path);
		return;
	}
	const Owner *root = owner_root(weight->owner);
	bool moving = !stage->moving || root->definition->kind != KIND_MODEL;
	for (int i = 0; stage->moving && i < stage->moving_count; i++) moving = moving || stage->moving[i] == root;
	if (!moving) return;
	while (stage->now_capacity <= weight->number) {
		int before = stage->now_capacity;
		stage->now = arena_grow(builder->arena, stage->now, before, &stage->now_capacity, sizeof *stage->now);
		memset(stage->now + before, 0, (size_t)(stage->now_capacity - before) * sizeof *stage->now);
	}
	stage->now[weight->number] = node;
}

Node *build_initial(Builder *builder, Value initial, const Shape *shape, Place place)
{
	Graph *graph = builder->stage->program->graph;
	graph->place = place;
	if (value_is_poison(initial)) return NULL;
	if (value_is_static_number(initial)) return make_full(graph, *shape, value_to_number(initial));
	if (initial.kind == VALUE_TENSOR) {
		build_error(builder, place, "write an initializer: section initializers, name()(dims): ...",
			"a weight starts with a number or an initializer, not a tensor");
		return NULL;
	}
	Value function = build_of_kind(builder, KIND_INITIALIZER, initial, place);
	if (value_is_poison(function)) return NULL;
	Site site = {builder, place};
	if (function.kind == VALUE_DEFINITION) function = build_apply(builder, function, 0, NULL, NULL, site);
	Value dims = value_list(builder->arena, shape->rank);
	for (int i = 0; i < shape->rank; i++) dims.as.list.items[i] = value_dim(shape->dim[i]);
	Value value = build_apply(builder, function, 1, &dims, NULL, site);
	Node *node = build_node(builder, value, place);
	if (!node || shape_equal(&node->shape, shape)) return node;
	graph->place = place;
	if (!node->shape.rank) return make_broadcast(graph, node, *shape);
	build_error(builder, place, "an initializer returns a tensor of the shape that it is given",
		"the initializer gives %s for a weight %s", shape_text(builder->arena, &node->shape),
		shape_text(builder->arena, shape));
	return NULL;
}

/* The program that gives a variable its first value. */
static Program *beginning(Builder *builder, const Variable *variable)
{
	if (variable->role != ROLE_CARRIED) return builder->initialize;
	if (!builder->reset) builder->reset = build_program(builder, "reset", false, builder->spec->batch);
	return builder->reset;
}

static void initialize(Builder *builder, Variable *variable, Value initial, Place place)
{
	Stage stage = {.program = beginning(builder, variable), .draw_path = variable->path}, *kept = builder->stage;
	int level = builder->level;
	builder->stage = &stage;
	stage.program->graph->layer = variable->layer;
	Node *node = build_initial(builder, initial, &variable->shape, place);
	builder->stage = kept;
	builder->level = level;
	if (node) build_assign(builder, stage.program, variable, node);
}

/* The innermost place in the user's own text: what later messages about the variable point at. */
static Place user_place(const Builder *builder, Place place)
{
	const Trail *trail = builder->context->trail;
	for (; trail && (!place.source || place.source->library); trail = trail->outer) place = trail->place;
	return place;
}

static Variable *new_variable(
	Builder *builder, const char *path, const char *layer, Role role, const Shape *shape, bool trainable, Place place)
{
	Network *network = builder->network;
	Variable *variable = arena_alloc(builder->arena, sizeof *variable);
	*variable =
		(Variable){path, layer, role, trainable, *shape, user_place(builder, place), network->variable_count, 0};
	network->variables = arena_grow(
		builder->arena, network->variables, network->variable_count, &network->variable_capacity, sizeof variable);
	network->variables[network->variable_count++] = variable;
	*text_map(builder->arena, &builder->paths, path) |= 1;
	return variable;
}

Variable *build_scalar(Builder *builder, const char *path, double initial, Place place)
{
	Shape scalar = {0};
	for (int i = 0; i < builder->network->variable_count; i++)
		if (!strcmp(builder->network->variables[i]->path, path)) return builder->network->variables[i];
	Variable *variable = new_variable(builder, path, "", ROLE_SCALAR, &scalar, false, place);
	initialize(builder, variable, value_real(initial), place);
	return variable;
}

/* A name of its own among all paths: a function that makes two weights may be called twice in one layer. */
static const char *fresh_path(Builder *builder, const char *owner, const char *name)
{
	const char *base = owner[0] ? arena_format(builder->arena, "%s/%s", owner, name) : name, *path = base;
	int *next = text_map(builder->arena, &builder->paths, base), k = *next ? *next : 1;
	if (!*next) return *next = 1, base;
	do path = arena_format(builder->arena, "%s_%d", base, k++);
	while (text_map_has(&builder->paths, path));
	*text_map(builder->arena, &builder->paths, base) = k;
	*text_map(builder->arena, &builder->paths, path) = 1;
	return path;
}

static bool may_own(
	Builder *builder, const Owner *owner, const VariableRequest *request, const Shape *shape, Place place)
{
	bool slot = request->role == ROLE_SLOT;
	const Owner *root = owner ? owner_root(owner) : NULL;
	Kind kind = root ? root->definition->kind : KIND_FUNCTION;
	if (slot ? kind != KIND_OPTIMIZER : kind != KIND_MODEL) {
		const char *elsewhere = "make the layer in the body of a model, not in a default value or in train";
		build_error(builder, place, slot ? "states of layers are made by state(dims)" : elsewhere, "%s",
			slot ? "a slot belongs to an optimizer" : "a weight needs a model to belong to");
		return false;
	}
	if (shape_rows(shape) && (request->role != ROLE_STATE || !shape->dim[0].rows)) {
		bool carried = request->role == ROLE_STATE;
		build_error(builder, place, carried ? "a state of every sample has the batch as its first axis: state([dim(x, 0), 8])"
			: "weights are shared by the samples of a batch: leave the axis out", "the %s %s has the batch as an axis", carried ? "state" : "weight",
			shape_text(builder->arena, shape));
		return false;
	}
	if (shape->rank > NN_RANK) {
		build_error(builder, place, NULL, "a weight of %d axes: at most %d are possible", shape->rank, NN_RANK);
		return false;
	}
	builder->stage->program->graph->place = place;
	return shape_check(builder->stage->program->graph, shape);
}

static const char *variable_name(const Frame *frame, Value name)
{
	if (name.kind == VALUE_WORD) return name.as.word;
	for (; frame; frame = frame->parent)
		if (frame->binding) return frame->binding;
	return "value";
}

static Value of_kind_or_none(Builder *builder, Kind kind, Value value, Place place)
{
	return value_is_none(value) ? value_none() : build_of_kind(builder, kind, value, place);
}

static Weight *make_weight(
	Builder *builder, Owner *owner, const char *name, const Shape *shape, const VariableRequest *request, Place place)
{
	Owner *home = owner_home(owner);
	const char *path = owner_path(builder, owner), *layer = request->role == ROLE_SLOT ? home->given : path;
	Weight *weight = arena_alloc(builder->arena, sizeof *weight);
	Value regularizer = of_kind_or_none(builder, KIND_REGULARIZER, request->regularizer, place);
	Value constraint = of_kind_or_none(builder, KIND_CONSTRAINT, request->constraint, place);
	Shape whole = shape_for(shape, builder->spec->batch);
	Role role = shape_rows(shape) ? ROLE_CARRIED : request->role;
	Variable *variable = new_variable(builder, fresh_path(builder, path, name), layer, role, &whole,
		request->trainable && owner_moves(owner), place);
	*weight = (Weight){variable, name, owner, regularizer, constraint, request->initial, builder->weight_count};
	owner->weights =
		arena_grow(builder->arena, owner->weights, owner->weight_count, &owner->weight_capacity, sizeof weight);
	owner->weights[owner->weight_count++] = weight;
	builder->weights =
		arena_grow(builder->arena, builder->weights, builder->weight_count, &builder->weight_capacity, sizeof weight);
	builder->weights[builder->weight_count++] = weight;
	initialize(builder, variable, request->initial, place);
	return weight;
}

/* A tensor that is the same number everywhere is that number as a first value; any other depends on what there is not yet. */
static bool take_number(Builder *builder, Value *initial, Place place)
{
	const Node *node = initial->kind == VALUE_TENSOR ? initial->as.tensor : NULL;
	if (!node) return true;
	*initial = value_real(node->at.value);
	if (node->op == &op_const && !node->at.data) return true;
	build_error(builder, place, "full(dims, number), or an initializer: section initializers, name()(dims): ...",
		"a weight, or a state that is carried, starts with a number or by an initializer, not with a tensor that is computed");
	return false;
}

Value build_variable(Builder *builder, Frame *frame, const VariableRequest *request, Place place)
{
	Shape shape;
	Frame *f = frame;
	while (f && !f->owner && f->parent) f = f->parent;
	Owner *owner = f ? f->owner : NULL;
	if (!build_shape(builder, request->dims, place, &shape) || !may_own(builder, owner, request, &shape, place))
		return value_poison();
	VariableRequest numbered = *request;
	if (!take_number(builder, &numbered.initial, place)) return value_poison();
	const char *name = variable_name(frame, request->name);
	Weight *weight = NULL;
	for (int i = 0; i < owner->weight_count; i++) {
		if (strcmp(owner->weights[i]->name, name)) continue;
		weight = owner->weights[i];
		Shape known = shape_for(&weight->variable->shape, builder->stage->program->graph->batch);
		if (shape_equal(&known, &shape)) break;
		return build_error(builder, place, "a layer called twice shares its weights: make a second layer",
			"%s is %s, and is now asked for as %s", weight->variable->path,
			shape_text(builder->arena, &weight->variable->shape), shape_text(builder->arena, &shape));
	}
	if (!weight) weight = make_weight(builder, owner, name, &shape, &numbered, place);
	Node *node = build_value(builder, weight);
	return node ? value_tensor(node) : value_poison();
}
