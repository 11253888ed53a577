/* build_model.c: the sections model and models, the inputs of programs, and the rows of the summary. Input: the
 * documents of the spec. Output: an Owner for each model, whose definition is the model's body. Invariant: the
 * program's inputs are named by the fields of the data; without data they are x and y. */
#include <string.h>
#include "builder.h"

/* The name of the first field of each kind of source, as CONTRACT says. */
static const char *first_field(nn_source source)
{
	static const char *const names[] = {NULL, "image", "features", "image", "inputs"};
	return names[source];
}

static const char *input_name(Builder *builder, const char *name, int count)
{
	nn_source source = builder->spec->data.source;
	if (source == NN_NO_DATA) return name;
	return arena_format(builder->arena, "data.%s", count == 1 ? first_field(source) : name);
}

/* [16, 4], or {shape: [16], dtype: int32}: one sample's shape, behind the batch */
static bool read_shape(Builder *builder, const DocNode *node, Shape *shape, bool *integer)
{
	Shape sample;
	const DocNode *dims = node, *type = NULL;
	if (node->kind == DOC_MAP) {
		for (int i = 0; i < node->count; i++)
			if (strcmp(node->pairs[i].key->text, "shape") && strcmp(node->pairs[i].key->text, "dtype"))
				build_error(builder, node->pairs[i].key->place, "{shape: [16], dtype: int32}", "an input has no '%s'",
					node->pairs[i].key->text);
		dims = doc_get(node, "shape");
		type = doc_get(node, "dtype");
	}
	if (!dims)
		return build_error(builder, node->place, "{shape: [16], dtype: int32}", "an input needs its shape"), false;
	*integer = type && type->text && !strncmp(type->text, "int", 3);
	if (type && !*integer && (!type->text || strncmp(type->text, "float", 5)))
		build_error(builder, type->place, "float32 or int32", "this is no type of numbers");
	const Expr *expr = expr_read(builder->context, dims, EXPR_VALUE_START);
	if (!expr) return false;
	Value value = build_eval(builder, expr, NULL);
	if (value.kind == VALUE_NUMBER) { /* input: 9 means [9] */
		Value list = value_list(builder->arena, 1);
		list.as.list.items[0] = value;
		value = list;
	}
	if (!build_shape(builder, value, expr->place, &sample)) return false;
	if (shape_rows(&sample))
		build_error(builder, expr->place, "leave the batch out", "an input's shape is that of one sample");
	else if (sample.rank >= NN_RANK)
		build_error(builder, expr->place, NULL, "an input of %d axes: at most %d", sample.rank, NN_RANK - 1);
	if (shape_rows(&sample) || sample.rank >= NN_RANK) return false;
	*shape = (Shape){.rank = sample.rank + 1};
	shape->dim[0] = (Dim){0, 1};
	memcpy(&shape->dim[1], sample.dim, (size_t)sample.rank * sizeof(Dim));
	return true;
}

static void add_input(Builder *builder, Definition *d, const char *name, int count, const DocNode *node)
{
	Parameters *inputs = &d->inputs;
	inputs->items = arena_grow(builder->arena, inputs->items, inputs->count, &inputs->capacity, sizeof *inputs->items);
	int i = inputs->count++;
	inputs->items[i] = (Parameter){.name = name};
	d->input_names[i] = input_name(builder, name, count);
	if (!read_shape(builder, node, &d->input_shapes[i], &d->input_integers[i])) d->broken = true;
}

static void read_inputs(Builder *builder, Definition *d, const DocNode *node)
{
	const DocNode *one = doc_get(node, "input"), *several = doc_get(node, "inputs");
	int count = several && several->kind == DOC_MAP ? several->count : 1;
	d->input_shapes = arena_alloc(builder->arena, (size_t)count * sizeof *d->input_shapes);
	d->input_integers = arena_alloc(builder->arena, (size_t)count * sizeof *d->input_integers);
	d->input_names = arena_alloc(builder->arena, (size_t)count * sizeof *d->input_names);
	if (one && several) build_error(builder, several->place, NULL, "a model has either 'input' or 'inputs'");
	if (one) add_input(builder, d, "x", 1, one);
	else if (several && several->kind == DOC_MAP)
		for (int i = 0; i < several->count; i++)
			add_input(builder, d, several->pairs[i].key->text, several->count, several->pairs[i].value);
	else
		build_error(builder, several ? several->place : node->place, "input: [28, 28, 1], or inputs: {a: [4], b: [9]}",
			"the model's input is missing");
	if (!d->inputs.count) d->broken = true;
}

static void read_frozen(Builder *builder, Owner *owner, const DocNode *node)
{
	const char *text = node->kind == DOC_SCALAR ? node->text : "";
	owner->trainable = strcmp(text, "false") != 0;
	if (owner->trainable && strcmp(text, "true"))
		build_error(builder, node->place, NULL, "'trainable' is true or false");
}

/* What a model returns: layers, the expression of output:, or the last binding of graph:. */
static void read_body(Builder *builder, Definition *d, const DocNode *node)
{
	const DocNode *layers = doc_get(node, "layers"), *graph = doc_get(node, "graph"), *output = doc_get(node, "output");
	if (layers && graph) build_error(builder, graph->place, NULL, "a model has either 'layers' or 'graph'");
	if (output && layers)
		build_error(builder, output->place, "the last layer's result is the output", "'output' belongs to 'graph'");
	if (layers) {
		d->layers = expr_read(builder->context, layers, EXPR_VALUE_START);
		if (!d->layers) d->broken = true;
	} else if (graph && graph->kind == DOC_MAP) {
		build_read_body(builder, graph, d);
		if (output) d->result = expr_read(builder->context, output, EXPR_VALUE_START);
		if (output && !d->result) d->broken = true;
		if (!output && !d->result && d->binding_count) {
			const Binding *last = &d->bindings[d->binding_count - 1];
			Expr *name = arena_alloc(builder->arena, sizeof *name);
			*name = (Expr){.kind = EXPR_NAME, .place = last->place, .text = last->names[0]};
			d->result = name;
		}
		if (!d->result && !d->broken) build_error(builder, graph->place, NULL, "the graph binds nothing");
	} else
		build_error(builder, graph ? graph->place : node->place, "layers: a list, or graph: bindings",
			"the model's body is missing");
	if (!d->layers && !d->result) d->broken = true;
}

const char *const build_model_keys[] = {"input", "inputs", "layers", "graph", "output", "trainable", "doc", "defaults", NULL};

static Owner *read_model(Builder *builder, const char *label, const DocNode *node, Place place)
{
	const char *const *keys = build_model_keys;
	const int key_count = (int)(sizeof build_model_keys/sizeof *build_model_keys) - 1;
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	*d = (Definition){.name = label[0] ? label : "model", .kind = KIND_MODEL, .place = place, .two_lists = true};
	Owner *owner = owner_new(builder, d, NULL, label, place);
	owner->label = label;
	if (node->kind != DOC_MAP) {
		build_error(builder, node->place, "model: {input: [..], layers: [..]}", "a model is a mapping, `key: value`");
		d->broken = true;
		return owner;
	}
	for (int i = 0; i < node->count; i++) {
		const char *key = node->pairs[i].key->text;
		bool known = false;
		for (int k = 0; k < key_count; k++) known = known || !strcmp(keys[k], key);
		if (!known)
			build_error(builder, node->pairs[i].key->place, build_near(builder, key, keys, key_count),
				"a model has no '%s'", key);
	}
	if (doc_get(node, "trainable")) read_frozen(builder, owner, doc_get(node, "trainable"));
	read_inputs(builder, d, node);
	read_body(builder, d, node);
	if (doc_get(node, "defaults")) d->defaults_node = doc_get(node, "defaults");
	build_read_defaults(builder, d);
	return owner;
}

void build_read_models(Builder *builder)
{
	const Spec *spec = builder->spec;
	const DocNode *several = spec->models;
	int count = several ? several->count : 1;
	builder->models = arena_alloc(builder->arena, (size_t)count * sizeof *builder->models);
	if (!several) builder->models[builder->model_count++] = read_model(builder, "", spec->model, spec->model->place);
	for (int i = 0; several && i < count; i++) {
		const DocPair *pair = &several->pairs[i];
		builder->models[builder->model_count++] = read_model(builder, pair->key->text, pair->value, pair->key->place);
	}
}

Node *build_given(Builder *builder, const char *name, const Shape *shape, bool integer)
{
	return make_input(builder->stage->program->graph, name, *shape, integer);
}

static Shape batched(Builder *builder, Shape shape)
{
	if (shape.rank && shape.dim[0].rows) shape.dim[0].size = builder->stage->program->graph->batch;
	return shape;
}

Value build_forward(Builder *builder, Owner *model)
{
	const Definition *d = model->definition;
	Layer *layer = arena_alloc(builder->arena, sizeof *layer);
	*layer = (Layer){d, {0}, model};
	Value function = {.kind = VALUE_LAYER, .as.layer = layer};
	Value *values = arena_alloc(builder->arena, (size_t)(d->inputs.count + 1) * sizeof *values);
	if (d->broken) return value_poison();
	builder->stage->program->graph->place = d->place;
	for (int i = 0; i < d->inputs.count; i++) {
		Shape shape = batched(builder, d->input_shapes[i]);
		values[i] = value_tensor(build_given(builder, d->input_names[i], &shape, d->input_integers[i]));
	}
	return build_apply(builder, function, d->inputs.count, values, NULL, (Site){d, d->place});
}

/* --- fields ------------------------------------------------------------------------------------------ */

/* A loss whose first input is called y_class reads class numbers: the prediction's shape without its last axis. */
static bool is_sparse(Builder *builder, const DocNode *loss)
{
	const Expr *expr = loss ? expr_read(builder->context, loss, EXPR_VALUE_START) : NULL;
	if (expr && expr->kind == EXPR_CALL) expr = expr->items[0];
	bool named = expr && (expr->kind == EXPR_NAME || expr->kind == EXPR_STRING);
	const Entry *entry = named ? build_find(builder, KIND_LOSS, expr->text, false) : NULL;
	if (!entry) return false;
	const Definition *d = entry->definition;
	const Parameters *inputs = d->two_lists ? &d->inputs : &d->statics;
	return inputs->count && !strcmp(inputs->items[0].name, "y_class");
}

/* Several inputs take the fields of their own names. */
static void check_inputs(Builder *builder, const Definition *d)
{
	for (int i = 0; d->inputs.count > 1 && i < d->inputs.count; i++) {
		bool known = false;
		for (int k = 0; k < builder->field_count; k++)
			known = known || !strcmp(builder->fields[k].name, d->inputs.items[i].name);
		if (!known)
			build_error(builder, d->place, "name the inputs as the fields of the data",
				"the data has no field '%s' for this input", d->inputs.items[i].name);
	}
}

void build_read_fields(Builder *builder, const Node *prediction)
{
	Spec *spec = builder->spec;
	const Definition *d = builder->models[0]->definition;
	const Shape *x = &d->input_shapes[0], *y = &prediction->shape;
	int64_t input[NN_RANK] = {0}, label[NN_RANK] = {0};
	bool sparse = is_sparse(builder, doc_get(spec->train, "loss"));
	int input_rank = x->rank - 1, label_rank = y->rank > 0 ? y->rank - 1 - (sparse && y->rank > 1) : 0;
	if (label_rank > NN_RANK) return;
	for (int i = 0; i < input_rank; i++) input[i] = x->dim[i + 1].size;
	for (int i = 0; i < label_rank; i++) label[i] = y->dim[i + 1].size;
	if (spec->data.source != NN_NO_DATA) {
		builder->field_count =
			spec_fields(builder->context, spec, input_rank, input, spec->train ? label_rank : -1, label, builder->fields);
		check_inputs(builder, d);
		return;
	}
	builder->fields[0] = (Field){.name = "x", .rank = input_rank, .integer = d->input_integers[0]};
	builder->fields[1] = (Field){.name = "y", .rank = label_rank, .integer = sparse};
	memcpy(builder->fields[0].shape, input, sizeof input);
	memcpy(builder->fields[1].shape, label, sizeof label);
	builder->field_count = 2;
}

Value build_field(Builder *builder, const char *name, Place place)
{
	bool data = builder->spec->data.source != NN_NO_DATA;
	const char *names[2];
	if (!builder->field_count)
		return build_error(
			builder, place, "a model reads its inputs", "data.%s is known in the section train, not here", name);
	for (int i = 0; i < builder->field_count; i++) {
		const Field *field = &builder->fields[i];
		names[i] = field->name;
		if (strcmp(field->name, name)) continue;
		Shape shape = {.rank = field->rank + 1};
		shape.dim[0] = (Dim){builder->stage->program->graph->batch, 1};
		for (int k = 0; k < field->rank; k++) shape.dim[k + 1] = (Dim){field->shape[k], 0};
		builder->stage->program->graph->place = place;
		return value_tensor(
			build_given(builder, data ? arena_format(builder->arena, "data.%s", name) : name, &shape, field->integer));
	}
	const char *list = arena_format(builder->arena, "it has data.%s%s%s", names[0],
		builder->field_count > 1 ? " and data." : "", builder->field_count > 1 ? names[1] : "");
	const char *near = build_near(builder, name, names, builder->field_count);
	return build_error(builder, place, near ? near : list, "the data has no '%s'", name);
}

/* --- the summary --------------------------------------------------------------------------------------- */

void build_list_layer(Builder *builder, Owner *owner, Value result)
{
	Network *network = builder->network;
	const Definition *d = owner->definition;
	const Owner *outer = owner->outer ? owner_home(owner->outer) : NULL;
	bool shown = d->kind == KIND_LAYER || d->kind == KIND_BLOCK || d->kind == KIND_ACTIVATION;
	if (!shown || owner->listed || !outer || outer->definition->kind != KIND_MODEL ||
		strcmp(builder->stage->program->name, "predict"))
		return;
	if (result.kind == VALUE_LIST && result.as.list.count) result = result.as.list.items[0];
	if (result.kind != VALUE_TENSOR) return;
	network->layers = arena_grow(
		builder->arena, network->layers, network->layer_count, &network->layer_capacity, sizeof *network->layers);
	builder->rows =
		arena_grow(builder->arena, builder->rows, network->layer_count, &builder->row_capacity, sizeof *builder->rows);
	builder->rows[network->layer_count] = owner;
	network->layers[network->layer_count++] =
		(LayerRow){owner_shown_path(builder, owner), d->name, result.as.tensor->shape, 0, 0, owner->place};
	owner->listed = true;
}

void build_count_layers(Builder *builder)
{
	for (int i = 0; i < builder->network->layer_count; i++) {
		Weight **weights;
		LayerRow *row = &builder->network->layers[i];
		int count = owner_weights(builder, builder->rows[i], &weights);
		for (int k = 0; k < count; k++) {
			int64_t size = shape_count(&weights[k]->variable->shape);
			row->parameters += size;
			row->trainable += weights[k]->variable->trainable ? size : 0;
		}
	}
}
