/* build_cell.c: recurrence in the language. Input: definitions of cells, calls of scan, once and start_of. Output: a layer over
 * sequences for each cell; a scan whose body is what a function makes of the leaves. Invariant: a step is evaluated once, however
 * many there are (twice where a state starts as a number, whose shape the first evaluation finds). */
#include <string.h>
#include "builder.h"

/* --- cells ---------------------------------------------------------------------------------------------- */

static const char *next_name(Builder *builder, const char *state) { return arena_format(builder->arena, "%s'", state); }

/* h' without h */
static const Binding *lost_binding(Builder *builder, const Definition *d)
{
	for (int i = 0; i < d->binding_count; i++) {
		const char *name = d->bindings[i].names[0], *of = arena_copy(builder->arena, name, strlen(name) - 1);
		bool known = name[strlen(name) - 1] != '\'' || build_has_binding(d, of);
		for (int k = 0; !known && k < d->inputs.count; k++) known = !strcmp(d->inputs.items[k].name, of);
		if (!known && !d->bindings[i].function) return &d->bindings[i];
	}
	return NULL;
}

void build_check_next(Builder *builder, const Definition *d)
{
	const Binding *lost = lost_binding(builder, d);
	if (!lost) return;
	const char *name = lost->names[0], **states = arena_alloc(builder->arena, (size_t)(d->inputs.count + 1) * sizeof *states);
	int count = 0;
	for (int i = 1; d->kind == KIND_CELL && i < d->inputs.count; i++) states[count++] = next_name(builder, d->inputs.items[i].name);
	const char *near = build_near(builder, name, states, count);
	build_error(builder, lost->place, near ? near : d->kind == KIND_CELL ? "the states of a cell are its inputs behind the first: (x, h=..)" :
		arena_format(builder->arena, "a state is bound, %.*s: state([..]), and then its next value", (int)strlen(name) - 1, name),
		"%s is the next value of %.*s, and there is no such state", name, (int)strlen(name) - 1, name);
}

void build_check_cell(Builder *builder, const Definition *cell)
{
	bool lost = lost_binding(builder, cell) != NULL;
	for (int i = 1; i < cell->inputs.count; i++) {
		const Parameter *state = &cell->inputs.items[i];
		const char *next = next_name(builder, state->name);
		if (!state->standard)
			build_error(builder, cell->place, arena_format(builder->arena, "%s=full([dim(x, 0), units], 0)", state->name),
				"nothing says what the state %s of the cell %s starts from", state->name, cell->name);
		if (!build_has_binding(cell, next) && !lost)
			build_error(builder, cell->place, "the inputs behind the first are states; the primed name is the next value of one",
				"the cell %s does not bind %s", cell->name, next);
	}
	if (!cell->result && cell->inputs.count < 2)
		build_error(builder, cell->place, "add a state, (x, h=..) and h', or `return: value`", "the cell %s gives nothing", cell->name);
}

static void put_at(Expr *expr, Place place)
{
	if (!expr) return;
	expr->place = place;
	for (int i = 0; i < expr->count; i++) put_at(expr->items[i], place);
}

/* what the layer of a cell is called with */
static const char inputs_text[] = "f(x, mask=mask_of(x), initial_state=none)";
static const Source inputs_source = {.name = "prelude/cells.yaml", .text = inputs_text, .size = sizeof inputs_text - 1, .library = true};

/* X(arguments of the cell and of recurrences)(x, mask=mask_of(x), initial_state=none): recur(XCell(..), x, mask, ..) */
Definition *build_cell_layer(Builder *builder, const Definition *cell, const char *name)
{
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	*d = (Definition){.name = name, .kind = KIND_LAYER, .place = cell->place, .doc = cell->doc, .two_lists = true, .broken = cell->broken};
	build_add_parameters(builder, &d->statics, &cell->statics, cell->own_count);
	d->head_count = cell->head_count;
	const char *given = "", *rest = "";
	const Parameters *recurrent = build_common(builder, "recurrent"), *common = build_common(builder, kind_section(KIND_LAYER));
	for (int i = 0; i < cell->own_count; i++)
		given = arena_format(builder->arena, "%s%s%s=%s", given, i ? ", " : "", cell->statics.items[i].name, cell->statics.items[i].name);
	for (int i = 0; i < recurrent->count; i++) rest = arena_format(builder->arena, "%s, %s", rest, recurrent->items[i].name);
	build_add_parameters(builder, &d->statics, recurrent, recurrent->count);
	d->own_count = d->statics.count;
	build_add_parameters(builder, &d->statics, common, common->count);
	const Expr *head = expr_parse(builder->context, inputs_text, sizeof inputs_text - 1, (Place){.source = &inputs_source}, EXPR_HEAD_START);
	for (int i = 0; head && i < head->count; i++) {
		Parameter input = {.name = head->items[i]->text, .standard = head->items[i]->count ? head->items[i]->items[0] : NULL};
		build_add_parameters(builder, &d->inputs, &(Parameters){.items = &input, .count = 1}, 1);
	}
	const char *text = arena_format(builder->arena, "recur(%sCell(%s), x, mask, initial_state%s)", name, given, rest);
	Expr *result = expr_parse(builder->context, text, strlen(text), cell->place, EXPR_VALUE_START);
	put_at(result, cell->place); /* the text stands nowhere */
	d->result = result;
	return d;
}

Value build_cell_values(Builder *builder, const Definition *cell, Frame *frame)
{
	int states = cell->inputs.count - 1;
	Value values = value_list(builder->arena, states + 1), *items = values.as.list.items;
	for (int i = 0; i < states; i++) {
		items[i + 1] = build_lookup(builder, next_name(builder, cell->inputs.items[i + 1].name), frame, cell->place);
		if (value_is_poison(items[i + 1])) return items[i + 1];
	}
	items[0] = cell->result ? build_eval(builder, cell->result, frame) : items[1];
	if (items[0].kind == VALUE_LIST)
		return build_error(builder, cell->result ? cell->result->place : cell->place, "return_state=true of its layer gives the states too",
			"the cell %s gives one output, not %s", cell->name, value_kind(builder->arena, items[0]));
	return value_is_poison(items[0]) ? items[0] : values;
}

/* LSTM(..) -> the cell of it */
static const char *cell_help(Builder *builder, Value value)
{
	const char *name = value.kind == VALUE_LAYER ? arena_format(builder->arena, "%sCell", value.as.layer->definition->name) : NULL;
	if (!name || !build_find(builder, KIND_CELL, name, false)) return "a cell with its arguments, as LSTMCell(32) is";
	return arena_format(builder->arena, "%s(..) is its cell", name);
}

/* start_of(cell, x): what its states are before the first step, as a list */
static Value run_start_of(Builder *builder, const Invocation *call)
{
	Value cell = call->args[0];
	if (cell.kind != VALUE_LAYER || cell.as.layer->definition->kind != KIND_CELL)
		return build_error(builder, call->site.place, cell_help(builder, cell), "a cell is expected here, not %s",
			value_kind(builder->arena, cell));
	const Layer *layer = cell.as.layer;
	Arguments arguments = {&call->args[1], NULL, NULL, 1};
	Frame *outer = build_frame(builder, NULL, layer->owner, NULL);
	Names inputs;
	outer->values = layer->statics;
	outer->values.capacity = layer->statics.count;
	if (!build_bind(builder, &layer->definition->inputs, &arguments, outer, layer->definition->name, call->site, &inputs))
		return value_poison();
	Value states = value_list(builder->arena, inputs.count - 1);
	for (int i = 1; i < inputs.count; i++) states.as.list.items[i - 1] = inputs.items[i].value;
	return states;
}

/* once(e): e was evaluated outside of the step, see build_call_expr */
static Value run_once(Builder *builder, const Invocation *call)
{
	(void)builder;
	return call->args[0];
}

/* --- scan ----------------------------------------------------------------------------------------------- */

typedef struct Evaluation { /* the evaluation of a step */
	Builder *builder;
	const Invocation *call;
	Body *body;
	List start, sequences; /* sequences: time first */
	Node **shaped; /* a state that starts as a number, in its shape; NULL: not known yet */
	Node **next; /* by place in start */
	int *state; /* by place in start: the number of the state, -1: it has no start */
	bool single; /* items are one tensor, not a list */
} Evaluation;

static int depth_of(const Graph *graph)
{
	int depth = 0;
	for (; graph->body; graph = graph->body->outer) depth++;
	return depth;
}

/* A sequence with time as its first axis; NULL after a report. */
static Node *time_first(Builder *builder, const Invocation *call, Value sequence, int axis)
{
	Graph *graph = builder->stage->program->graph;
	Node *x = build_node(builder, sequence, call->site.place);
	int order[MAX_RANK];
	if (!x) return NULL;
	if (axis >= x->shape.rank || x->shape.dim[axis].rows) {
		build_error(builder, call->site.place, "sequences are [batch, time, ..]; another axis is given by axis=", "axis %d of %s is not time", axis,
			shape_text(builder->arena, &x->shape));
		return NULL;
	}
	for (int i = 0; i < x->shape.rank; i++) order[i] = i == 0 ? axis : i <= axis ? i - 1 : i;
	return axis ? make_transpose(graph, x, order) : x;
}

static bool read_sequences(Evaluation *run, Value items, int axis)
{
	Builder *builder = run->builder;
	run->single = items.kind != VALUE_LIST;
	run->sequences = run->single ? (List){&items, 1} : items.as.list;
	Value list = value_list(builder->arena, run->sequences.count);
	for (int i = 0; i < run->sequences.count; i++) {
		Node *x = time_first(builder, run->call, run->sequences.items[i], axis);
		if (!x) return false;
		list.as.list.items[i] = value_tensor(x);
		const Node *first = list.as.list.items[0].as.tensor;
		if (x->shape.dim[0].size == first->shape.dim[0].size) continue;
		build_error(builder, run->call->site.place, NULL, "sequences of %lld and %lld steps", (long long)first->shape.dim[0].size,
			(long long)x->shape.dim[0].size);
		return false;
	}
	run->sequences = list.as.list;
	if (run->sequences.count) return true;
	build_error(builder, run->call->site.place, "scan(step, start, x)", "scan needs a sequence");
	return false;
}

/* The states when the step begins: leaves, or none where a value has no start. */
static Value begin(Evaluation *run)
{
	Builder *builder = run->builder;
	Value states = value_list(builder->arena, run->start.count);
	for (int i = 0; i < run->start.count; i++) {
		Value start = run->start.items[i];
		run->state[i] = -1;
		states.as.list.items[i] = value_none();
		if (value_is_none(start)) continue;
		Node *node = run->shaped[i] ? run->shaped[i] : build_node(builder, start, run->call->site.place);
		if (!node) return value_poison();
		run->state[i] = run->body->carried_count;
		states.as.list.items[i] = value_tensor(scan_carried(run->body, node));
	}
	return states;
}

/* Calls the function with the leaves of a new body; false after a report. */
static bool evaluate(Evaluation *run, bool reverse)
{
	Builder *builder = run->builder;
	Program *program = builder->stage->program;
	Graph *outer = program->graph;
	outer->place = run->call->site.place;
	run->body = scan_open(outer, run->sequences.items[0].as.tensor->shape.dim[0].size, reverse);
	Value states = begin(run), items = value_list(builder->arena, run->sequences.count);
	if (value_is_poison(states)) return false;
	for (int i = 0; i < run->sequences.count; i++)
		items.as.list.items[i] = value_tensor(scan_item(run->body, run->sequences.items[i].as.tensor));
	Value arguments[2] = {states, run->single ? items.as.list.items[0] : items};
	program->graph = run->body->graph;
	Value next = build_apply(builder, run->call->args[0], 2, arguments, run->call->frame, run->call->site);
	bool fits = next.kind == VALUE_LIST && next.as.list.count == run->start.count;
	for (int i = 0; fits && i < run->start.count; i++) {
		run->next[i] = build_node(builder, next.as.list.items[i], run->call->site.place);
		if (!run->next[i]) next = value_poison(), fits = false;
	}
	program->graph = outer;
	if (fits || value_is_poison(next)) return fits;
	build_error(builder, run->call->site.place, "step(s, item): a list of next values, as many as the start has",
		"a step gives %s, but there are %d states", value_kind(builder->arena, next), run->start.count);
	return false;
}

/* States that start as numbers get the shape of their next value; true if one did not have it. */
static bool find_shapes(Evaluation *run)
{
	Graph *graph = run->builder->stage->program->graph;
	bool found = false;
	for (int i = 0; i < run->start.count; i++) {
		if (!value_is_static_number(run->start.items[i]) || run->shaped[i]) continue;
		run->shaped[i] = make_full(graph, run->next[i]->shape, value_to_number(run->start.items[i]));
		found |= run->next[i]->shape.rank > 0;
	}
	return found;
}

static Node *close_scan(Evaluation *run)
{
	Node **next = arena_alloc(run->builder->arena, (size_t)(run->start.count + 1) * sizeof *next);
	for (int i = 0; i < run->start.count; i++)
		if (run->state[i] >= 0) next[run->state[i]] = run->next[i];
	return scan_close(run->body, next);
}

/* Of what no step reads: the last of all values, unless it is also a state. */
static Node *last_value(Evaluation *run, Node *scan, int i, Node *all)
{
	Graph *graph = run->builder->stage->program->graph;
	int state = run->state[i];
	for (int k = 0; state < 0 && k < run->start.count; k++)
		if (run->next[k] == run->next[i]) state = run->state[k];
	if (state >= 0) return make_last(graph, scan, state);
	Node *last = make_slice(graph, all, 0, run->body->reverse ? 0 : run->body->steps - 1, (Dim){1, 0});
	return last ? make_reshape(graph, last, run->next[i]->shape) : NULL;
}

/* [the last values, the values of every step] */
static Value results(Evaluation *run, Node *scan, int axis)
{
	Builder *builder = run->builder;
	Graph *graph = builder->stage->program->graph;
	Value both = value_list(builder->arena, 2);
	Value last = value_list(builder->arena, run->start.count), every = value_list(builder->arena, run->start.count);
	for (int i = 0; i < run->start.count; i++) {
		Node *all = make_stack(graph, scan, run->next[i]);
		if (!all) return value_poison();
		int order[MAX_RANK], at = axis < all->shape.rank ? axis : all->shape.rank - 1;
		for (int k = 0; k < all->shape.rank; k++) order[k] = k < at ? k + 1 : k == at ? 0 : k;
		last.as.list.items[i] = value_tensor(last_value(run, scan, i, all));
		every.as.list.items[i] = value_tensor(at ? make_transpose(graph, all, order) : all);
	}
	both.as.list.items[0] = last;
	both.as.list.items[1] = every;
	return both;
}

/* scan(step, start, items, axis=1, reverse=false): step(states, item) gives the next states */
static Value run_scan(Builder *builder, const Invocation *call)
{
	Graph *graph = builder->stage->program->graph, *program = graph;
	int64_t axis = 1;
	if (call->args[1].kind != VALUE_LIST)
		return build_error(builder, call->site.place, "scan(step, [h], x)", "the start of a scan is a list of states, not %s",
			value_kind(builder->arena, call->args[1]));
	if (call->args[3].kind != VALUE_ABSENT && !build_whole_argument(builder, call, call->args[3], "axis", 0, &axis)) return value_poison();
	if (depth_of(graph) >= MAX_SCANS)
		return build_error(builder, call->site.place, NULL, "recurrences are nested more than %d deep", MAX_SCANS);
	while (program->body) program = program->body->outer;
	size_t room = (size_t)call->args[1].as.list.count + 1;
	Evaluation run = {.builder = builder, .call = call, .start = call->args[1].as.list,
		.shaped = arena_alloc(builder->arena, room * sizeof(Node *)), .next = arena_alloc(builder->arena, room * sizeof(Node *)),
		.state = arena_alloc(builder->arena, room * sizeof(int))};
	bool reverse = call->args[4].kind != VALUE_ABSENT && value_is_true(call->args[4]);
	int streams = program->streams;
	if (!read_sequences(&run, call->args[2], axis > MAX_RANK ? MAX_RANK : (int)axis) || !evaluate(&run, reverse)) return value_poison();
	if (find_shapes(&run)) {
		program->streams = streams;
		if (!evaluate(&run, reverse)) return value_poison();
	}
	graph->place = call->site.place;
	Node *scan = close_scan(&run);
	return scan ? results(&run, scan, (int)axis) : value_poison();
}

const Builtin scan_builtins[] = {
	{"scan", "step start items axis reverse", 3, run_scan, NULL},
	{"start_of", "cell x", 2, run_start_of, NULL},
	{"once", "x", 1, run_once, NULL},
	{NULL, NULL, 0, NULL, NULL},
};
