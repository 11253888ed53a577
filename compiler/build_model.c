/* build_model.c: the sections model and models, the inputs of programs, and the rows of the summary. Input: the
 * documents of the spec. Output: an Owner for each model, whose definition is the model's body. Invariant: the
 * program's inputs are named by the fields of the data; without data they are x and y. */
#include <string.h>
#include "builder.h"
#include "foreign.h"

/* The field that an input takes: of one input the data's first, of several those of their names. A name that no field has is
 * reported by bind_inputs. */
static const char *input_name(Builder *builder, const char *name, int count)
{
	const Spec *spec = builder->spec;
	const char *full = spec_field_name(builder->context, spec, count == 1 && spec->data.source_count ? NULL : name);
	return full ? full : name;
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
	for (int i = 0; value.kind == VALUE_LIST && i < value.as.list.count; i++)
		if (value.as.list.items[i].kind == VALUE_NONE)
			return build_error(builder, expr->place, "leave the batch out; other sizes are known while compiling",
				"an input's shape has no 'none'"), false;
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
	d->ranges = arena_alloc(builder->arena, 2*(size_t)count * sizeof *d->ranges);
	d->input_names = arena_alloc(builder->arena, (size_t)count * sizeof *d->input_names);
	if (one && several) build_error(builder, several->place, NULL, "a model has either 'input' or 'inputs'");
	if (one) add_input(builder, d, "x", 1, one);
	else if (several && several->kind == DOC_MAP)
		for (int i = 0; i < several->count; i++)
			add_input(builder, d, several->pairs[i].key->text, several->count, several->pairs[i].value);
	else if (several)
		build_error(builder, several->place, "inputs: {a: [4], b: [9]}", "'inputs' is a mapping of names to shapes");
	else if (!d->broken)
		build_error(builder, node->place, "input: [28, 28, 1], or inputs: {a: [4], b: [9]}", "the model's input is missing");
	if (!d->inputs.count) d->broken = true;
}

static void read_frozen(Builder *builder, Owner *owner, const DocNode *node)
{
	const char *text = node->kind == DOC_SCALAR ? node->text : "";
	owner->trainable = strcmp(text, "false") != 0;
	if (owner->trainable && strcmp(text, "true"))
		build_error(builder, node->place, NULL, "'trainable' is true or false");
}

/* A name of an output becomes part of columns and of C. */
static bool check_output(Builder *builder, const DocNode *key)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	const char *name = key->text;
	bool good = name[0] && !(name[0] >= '0' && name[0] <= '9') && !name[strspn(name, letters)] && strlen(name) <= 24;
	bool taken = !strcmp(name, "loss") || !strcmp(name, "learning_rate") || !strcmp(name, "input") || !strncmp(name, "val_", 4);
	if (!good) build_error(builder, key->place, "letters, digits and _, at most 24, not a digit first", "'%s' can't name an output", name);
	else if (taken) build_error(builder, key->place, "another name", "the output '%s' would be called as a column of the history", name);
	return good && !taken;
}

/* outputs: {diagnosis: d, severity: s}: a list of values, with names */
static void read_outputs(Builder *builder, Definition *d, const DocNode *node)
{
	bool good = node->kind == DOC_MAP && node->count > 0 && node->count <= NN_OUTPUTS;
	if (!good) {
		build_error(builder, node->place, "outputs: {diagnosis: d, severity: s}", "'outputs' is a mapping of 1 to %d names to values of the graph",
			NN_OUTPUTS);
		return;
	}
	Expr *list = arena_alloc(builder->arena, sizeof *list);
	*list = (Expr){.kind = EXPR_LIST, .place = node->place, .items = arena_alloc(builder->arena, (size_t)node->count*sizeof *list->items)};
	d->output_names = arena_alloc(builder->arena, (size_t)node->count*sizeof *d->output_names);
	for (int i = 0; i < node->count; i++) {
		good &= check_output(builder, node->pairs[i].key);
		list->items[list->count++] = expr_read(builder->context, node->pairs[i].value, EXPR_VALUE_START);
		good &= list->items[i] != NULL;
		d->output_names[d->output_count++] = node->pairs[i].key->text;
	}
	if (good) d->result = list;
}

/* What a model returns: layers, the expression of output:, or the last binding of graph:. */
static void read_body(Builder *builder, Definition *d, const DocNode *node)
{
	const DocNode *layers = doc_get(node, "layers"), *graph = doc_get(node, "graph"), *output = doc_get(node, "output");
	if (layers && graph) build_error(builder, graph->place, NULL, "a model has either 'layers' or 'graph'");
	const DocNode *outputs = doc_get(node, "outputs");
	if (outputs && (output || layers))
		build_error(builder, outputs->place, "outputs: {diagnosis: d, severity: s} names results of 'graph'",
			output ? "a model has either 'output' or 'outputs'" : "'outputs' belong to 'graph'");
	if (output && layers)
		build_error(builder, output->place, "the last layer's result is the output", "'output' belongs to 'graph'");
	if (layers && doc_is_empty(layers)) {
		build_error(builder, layers->place, "one layer a line, indented: - Dense(8)", "the list of layers is empty");
	} else if (layers) {
		d->layers = expr_read(builder->context, layers, EXPR_VALUE_START);
		if (!d->layers) d->broken = true;
	} else if (graph && graph->kind == DOC_MAP) {
		build_read_body(builder, graph, d);
		build_check_names(builder, d);
		if (output) d->result = expr_read(builder->context, output, EXPR_VALUE_START);
		if (outputs && !output) read_outputs(builder, d, outputs);
		if ((output || outputs) && !d->result) d->broken = true;
		if (!output && !outputs && !d->result && d->binding_count) {
			const Binding *last = &d->bindings[d->binding_count - 1];
			Expr *name = arena_alloc(builder->arena, sizeof *name);
			*name = (Expr){.kind = EXPR_NAME, .place = last->place, .text = last->names[0]};
			d->result = name;
		}
		if (!d->result && !d->broken) build_error(builder, graph->place, NULL, "the graph binds nothing");
	} else if (graph)
		build_error(builder, graph->place, "name: Layer(arguments)(inputs), one a line, without '- '",
			"'graph' is a mapping of names to values");
	else if (!d->broken)
		build_error(builder, node->place, "layers: a list, or graph: bindings", "the model's body is missing");
	if (!d->layers && !d->result) d->broken = true;
}

static Owner *read_model(Builder *builder, const char *label, const DocNode *node, Place place)
{
	const char *const *keys = spec_model_keys;
	int key_count = 0, errors = builder->context->errors;
	while (keys[key_count]) key_count++;
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
		if (known) continue;
		const char *help = spec_is_section(key) ? arena_format(builder->arena, "'%s' stands at the top of the spec, not indented", key) :
			foreign_help(FOREIGN_KEY, key);
		build_error(builder, node->pairs[i].key->place, help ? help : build_near(builder, key, keys, key_count),
			"a model has no '%s'", key);
	}
	d->broken = builder->context->errors > errors; /* what is missing may be what is misspelt */
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
		const char *name = pair->key->text;
		if (build_is_language(name) || !strcmp(name, "data") || build_builtin(name) || build_find(builder, -1, name, false))
			build_error(builder, pair->key->place, "another name", "'%s' can't name a model: expressions know it as something else", name);
		builder->models[builder->model_count++] = read_model(builder, pair->key->text, pair->value, pair->key->place);
	}
}

Node *build_given(Builder *builder, const char *name, const Shape *shape, bool integer)
{
	return make_input(builder->stage->program->graph, name, *shape, integer);
}

Shape build_input_shape(const Builder *builder, const Definition *model, int input)
{
	Shape shape = model->input_shapes[input];
	if (shape.rank && shape.dim[0].rows) shape.dim[0].size = builder->stage->program->graph->batch;
	if (builder->stage->carrying && shape.rank > 1) shape.dim[1].size = 1;
	return shape;
}

Value build_forward(Builder *builder, Owner *model)
{
	const Definition *d = model->definition;
	Layer *layer = arena_alloc(builder->arena, sizeof *layer);
	*layer = (Layer){.definition = d, .owner = model};
	Value function = {.kind = VALUE_LAYER, .as.layer = layer};
	Value *values = arena_alloc(builder->arena, (size_t)(d->inputs.count + 1) * sizeof *values);
	if (d->broken) return value_poison();
	builder->stage->program->graph->place = d->place;
	for (int i = 0; i < d->inputs.count; i++) {
		Shape shape = build_input_shape(builder, d, i);
		values[i] = value_tensor(build_given(builder, d->input_names[i], &shape, d->input_integers[i]));
	}
	return build_apply(builder, function, d->inputs.count, values, NULL, (Site){d, d->place});
}

/* --- fields ------------------------------------------------------------------------------------------ */

/* A loss that is an expression of data.NAME says by itself what it compares. */
static bool reads_data(const Expr *expr)
{
	bool reads = expr && expr->kind == EXPR_DOT && expr->items[0]->kind == EXPR_NAME && !strcmp(expr->items[0]->text, "data");
	for (int i = 0; expr && i < expr->count && !reads; i++) reads = reads_data(expr->items[i]);
	return reads;
}

/* The inputs of the first model become fields of the data; of several models those that train hands to it. False after a report. */
static bool bind_inputs(Builder *builder, const Definition *d)
{
	Spec *spec = builder->spec;
	bool good = true, handed = spec->models && d->called;
	for (int i = 0; i < d->inputs.count; i++) {
		const Shape *x = &d->input_shapes[i];
		const char *name = d->inputs.count == 1 && spec->data.source_count ? NULL : d->inputs.items[i].name, **names;
		const Wire *wire = handed ? build_wire(builder, d, i, NULL) : NULL;
		if (handed && !wire) continue;
		if (wire) name = wire->field;
		int64_t shape[NN_RANK] = {0};
		int count, field;
		for (int k = 0; k + 1 < x->rank; k++) shape[k] = x->dim[k + 1].size;
		if (!spec_field_name(builder->context, spec, name)) {
			const char *list = spec_field_list(builder->context, spec, &names, &count);
			const char *near = build_near(builder, name, names, count);
			build_error(builder, d->place, near ? near : arena_format(builder->arena, "name the inputs as the fields of the data: %s", list),
				"the data has no field '%s' for this input", name);
			good = false;
			continue;
		}
		field = spec_field(builder->context, spec, name, x->rank - 1, shape);
		if (field >= 0) spec->fields[field].integer |= d->input_integers[i];
		good &= field >= 0;
	}
	return good;
}

/* A loss by its name, or one for each output; else train says by itself what it compares. */
static bool is_named_loss(Builder *builder, const DocNode *loss)
{
	const Expr *expr = loss && loss->kind == DOC_SCALAR ? expr_read(builder->context, loss, EXPR_VALUE_START) : NULL;
	const Expr *function = expr && expr->kind == EXPR_CALL ? expr->items[0] : expr;
	if (!expr) return loss != NULL;
	bool name = function->kind == EXPR_NAME || function->kind == EXPR_STRING;
	const Entry *entry = name ? build_find(builder, KIND_LOSS, function->text, false) : NULL;
	for (int i = 1; entry && !entry->definition->two_lists && expr->kind == EXPR_CALL && i < expr->count; i++)
		if (!expr->names || !expr->names[i]) return false; /* its tensors */
	return entry != NULL;
}

/* The label of an output: what the data has under its name, else the only label, which several outputs may share. -1: none. */
static int find_label(Builder *builder, Predicted *output, const Shape *y, int *shared)
{
	Spec *spec = builder->spec;
	const DocNode *all = doc_get(spec->train, "loss"), *loss = build_loss_of(builder, all, (int)(output - builder->network->outputs));
	int64_t label[NN_RANK] = {0};
	bool sparse = build_reads_classes(builder, loss), named = builder->models[0]->definition->output_names;
	output->reads_classes = sparse;
	bool expression = loss && reads_data(expr_read(builder->context, loss, EXPR_VALUE_START));
	int rank = y->rank > 0 ? y->rank - 1 - (sparse && y->rank > 1) : 0;
	bool asked = builder->reads_label && (!spec->models || spec->metric_count);
	bool says = spec->train && !is_named_loss(builder, all); /* the expressions of train: what is compared, and how */
	if (says && (spec->data.source_count || spec->models) && !asked) return -1;
	if (rank > NN_RANK || (spec->train && all && !loss)) return -1;
	for (int i = 0; i < rank; i++) label[i] = y->dim[i + 1].size;
	int64_t length = build_label_length(builder, loss);
	if (length) label[0] = length, rank = 1;
	if (!spec->train || (says && spec->models && spec->data.source_count)) rank = -1;
	int errors = builder->context->errors, found = named ? spec_label(builder->context, spec, output->name, rank, label, !expression) : -1;
	if (found < 0 && named && builder->context->errors == errors)
		found = spec_truth(builder->context, spec, output->name, expression ? -1 : rank, label, (loss ? loss : spec->root)->place);
	if (builder->context->errors > errors) return -1;
	if (found < 0 && *shared >= 0) {
		const nn_data_field *field = &spec->fields[*shared];
		bool one = field->count == 1 && (rank == 0 || (rank == 1 && label[0] == 1)); /* a number by itself, or as the only one of a row */
		if (rank < 0 || one || (field->rank == rank && !memcmp(field->shape, label, (size_t)rank*sizeof *label))) return *shared;
		build_error(builder, (loss ? loss : spec->root)->place, "give the data a label of the output's own name",
			"the output '%s' needs labels of another shape than those that '%s' reads", output->name, builder->network->outputs[0].name);
	}
	if (found < 0 && builder->context->errors == errors) *shared = found = spec_label(builder->context, spec, NULL, rank, label, !expression);
	if (found >= 0 && sparse) spec->fields[found].integer = 1;
	return found;
}

void build_read_fields(Builder *builder, Value prediction)
{
	Network *network = builder->network;
	const Definition *d = builder->models[0]->definition;
	List list = prediction.kind == VALUE_LIST ? prediction.as.list : (List){&prediction, 1};
	int errors = builder->context->errors, shared = -1, count = d->output_names ? list.count : 1;
	network->outputs = arena_alloc(builder->arena, (size_t)count*sizeof *network->outputs);
	network->output_count = count;
	for (int i = 0; i < count; i++)
		network->outputs[i] = (Predicted){.name = d->output_names ? d->output_names[i] : "y", .weight = 1, .label = -1};
	builder->fields_failed = !bind_inputs(builder, d);
	for (int i = 0; i < count && !builder->fields_failed; i++)
		network->outputs[i].label = find_label(builder, &network->outputs[i], &list.items[i].as.tensor->shape, &shared);
	builder->fields_failed |= builder->context->errors > errors;
	builder->fields_known = !builder->fields_failed;
}

/* What there is instead. */
static Value unknown_field(Builder *builder, const char *name, Place place)
{
	const char **names;
	int count;
	const char *list = spec_field_list(builder->context, builder->spec, &names, &count);
	const char *near = build_near(builder, name, names, count);
	return build_error(builder, place, near ? near : list, "the data has no '%s'", name);
}

/* A field that no input of the first model is: it has the shape of the input that it reaches. -1 after a report. */
static int add_wired(Builder *builder, const char *name, const Wire *wire)
{
	int64_t shape[NN_RANK] = {0};
	const Shape *x = wire ? &wire->model->input_shapes[wire->input] : NULL;
	for (int k = 0; x && k + 1 < x->rank; k++) shape[k] = x->dim[k + 1].size;
	int number = spec_field(builder->context, builder->spec, name, x ? x->rank - 1 : -1, shape);
	if (number >= 0 && wire && wire->whole) builder->spec->fields[number].integer |= wire->model->input_integers[wire->input];
	return number;
}

Value build_field(Builder *builder, const char *name, Place place)
{
	Spec *spec = builder->spec;
	if (!builder->fields_known && builder->fields_failed) return value_poison(); /* reported */
	if (!builder->fields_known)
		return build_error(builder, place, "a model reads its inputs", "data.%s is known in the section train, not here", name);
	const char *full = spec_field_name(builder->context, spec, name);
	int number = -1;
	for (int f = 0; f < spec->data.field_count && full; f++)
		if (!strcmp(spec->fields[f].name, full)) number = f;
	const Wire *wire = build_wire(builder, NULL, 0, name);
	bool free = spec->models && wire; /* without data any name is a field, of the shape of what it reaches */
	if (!full || (number < 0 && !spec->data.source_count && !free)) return unknown_field(builder, name, place);
	if (number < 0) {
		number = add_wired(builder, name, wire);
		if (number < 0) return value_poison();
		spec->fields[number].label = 1; /* no input of the model */
	}
	const nn_data_field *field = &spec->fields[number];
	Shape shape = {.rank = field->rank + 1};
	shape.dim[0] = (Dim){builder->stage->program->graph->batch, 1};
	for (int k = 0; k < field->rank; k++) shape.dim[k + 1] = (Dim){field->shape[k], 0};
	builder->stage->program->graph->place = place;
	return value_tensor(build_given(builder, field->name, &shape, field->integer));
}

Value build_label(Builder *builder, int label, Place place)
{
	const char *name = builder->spec->fields[label].name;
	return build_field(builder, builder->spec->data.source_count ? name + strlen("data.") : name, place);
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
			if (weights[k]->variable->role == ROLE_CARRIED) continue;
			row->parameters += size;
			row->trainable += weights[k]->variable->trainable ? size : 0;
		}
	}
}
