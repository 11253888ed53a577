/* scope.c: the inside of a loop nest. In: a node and the place of an element as affine indexes of loop variables; out: a C
 * expression for its value, computed through views and elementwise nodes down to what is stored. Index maps (reshape,
 * slice, unfold ..) never move data: they only change the indexes. Invariant: an expression inside a guard reads nothing
 * before the guard has been tested, so nothing is read outside of an array. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "kernel.h"

Scope *scope_new(CWriter *out, const Plan *plan, const Step *step)
{
	Scope *scope = arena_alloc(plan->context->arena, sizeof *scope);
	scope->plan = plan;
	scope->step = step;
	scope->arena = plan->context->arena;
	scope->out = out;
	return scope;
}

int scope_var(Scope *scope, const char *name, int64_t size)
{
	scope->vars = arena_grow(scope->arena, scope->vars, scope->var_count, &scope->var_capacity, sizeof *scope->vars);
	scope->vars[scope->var_count] = (Var){name, size, false};
	return scope->var_count++;
}

/* --- affine indexes --- */

Index index_constant(int64_t constant) { return (Index){.constant = constant}; }

Index index_var(int var, int64_t by)
{
	Index index = {0};
	if (by) index.term[index.count++] = (struct Term){var, by};
	return index;
}

int64_t index_by(const Index *index, int var)
{
	for (int i = 0; i < index->count; i++)
		if (index->term[i].var == var) return index->term[i].by;
	return 0;
}

Index index_add(Index a, Index b, int64_t times)
{
	a.constant += times*b.constant;
	for (int i = 0; i < b.count && times; i++) {
		int k = 0;
		while (k < a.count && a.term[k].var != b.term[i].var) k++;
		if (k == a.count) {
			assert(a.count < MAX_TERMS);
			a.term[a.count++] = (struct Term){b.term[i].var, times*b.term[i].by};
		} else if (!(a.term[k].by += times*b.term[i].by)) a.term[k] = a.term[--a.count];
	}
	return a;
}

Index index_places(Scope *scope, Dim axis, int64_t places)
{
	if (!axis.rows || !places) return index_constant(places);
	int64_t batch = axis.size/axis.rows;
	int var = 0;
	while (var < scope->var_count && strcmp(scope->vars[var].name, "n")) var++;
	if (var == scope->var_count) scope_var(scope, "n", batch + 1);
	return index_var(var, places/batch);
}

int64_t index_max(const Scope *scope, const Index *index)
{
	int64_t sum = index->constant;
	for (int i = 0; i < index->count; i++)
		if (index->term[i].by > 0) sum += index->term[i].by*(scope->vars[index->term[i].var].size - 1);
	return sum;
}

int64_t index_min(const Scope *scope, const Index *index)
{
	int64_t sum = index->constant;
	for (int i = 0; i < index->count; i++)
		if (index->term[i].by < 0) sum += index->term[i].by*(scope->vars[index->term[i].var].size - 1);
	return sum;
}

static bool index_equal(const Index *a, const Index *b)
{
	Index difference = index_add(*a, *b, -1);
	return !difference.constant && !difference.count;
}

static int by_size(const Index *index, bool *done)
{
	int best = -1;
	for (int i = 0; i < index->count; i++)
		if (!done[i] && (best < 0 || index->term[i].by > index->term[best].by)) best = i;
	return best;
}

/* largest steps first: "i*3136 + y*56 + c + 3" */
const char *index_text(const Scope *scope, const Index *index)
{
	const char *text = "";
	bool done[MAX_TERMS] = {0};
	for (int n = 0; n < index->count; n++) {
		int i = by_size(index, done);
		done[i] = true;
		int64_t by = index->term[i].by, size = by < 0 ? -by : by;
		const char *name = scope->vars[index->term[i].var].name;
		const char *sign = *text ? (by < 0 ? " - " : " + ") : by < 0 ? "-" : "";
		text = size == 1 ? arena_format(scope->arena, "%s%s%s", text, sign, name)
				 : arena_format(scope->arena, *name == '(' ? "%s%s(%s)*%lld" : "%s%s%s*%lld", text, sign, name, (long long)size);
	}
	long long c = index->constant;
	if (!*text) return arena_format(scope->arena, "%lld", c);
	return c ? arena_format(scope->arena, "%s %c %lld", text, c < 0 ? '-' : '+', c < 0 ? -c : c) : text;
}

Index index_flat(const Shape *shape, const Index *at)
{
	Index flat = {0};
	int64_t stride = 1;
	for (int i = shape->rank - 1; i >= 0; i--) {
		if (shape->dim[i].size != 1) flat = index_add(flat, at[i], stride);
		stride *= shape->dim[i].size;
	}
	return flat;
}

static const Division *division(Scope *scope, const Index *flat, int64_t size)
{
	for (const Division *made = scope->divisions; made; made = made->next)
		if (made->size == size && index_equal(&made->flat, flat)) return made;
	Division *made = arena_alloc(scope->arena, sizeof *made);
	const char *text = index_text(scope, flat);
	const char *quotient = arena_format(scope->arena, "(%s)/%lld", text, (long long)size);
	const char *remainder = arena_format(scope->arena, "(%s)%%%lld", text, (long long)size);
	made->flat = *flat;
	made->size = size;
	made->quotient = scope_var(scope, quotient, index_max(scope, flat)/size + 1);
	made->remainder = scope_var(scope, remainder, size);
	made->next = scope->divisions;
	return scope->divisions = made;
}

/* flat = quotient·size + remainder. Affine where the terms fall apart so; else two new variables. */
static void divide(Scope *scope, const Index *flat, int64_t size, Index *quotient, Index *remainder)
{
	Index q = {0}, r = {0};
	r.constant = flat->constant;
	for (int i = 0; i < flat->count; i++) {
		if (flat->term[i].by % size) r.term[r.count++] = flat->term[i];
		else q.term[q.count++] = (struct Term){flat->term[i].var, flat->term[i].by/size};
	}
	int64_t whole = r.constant >= 0 ? r.constant/size : -((size - 1 - r.constant)/size);
	q.constant += whole;
	r.constant -= whole*size;
	if (index_min(scope, &r) >= 0 && index_max(scope, &r) < size) {
		*quotient = q;
		*remainder = r;
		return;
	}
	scope->awkward++;
	const Division *made = division(scope, flat, size);
	*quotient = index_var(made->quotient, 1);
	*remainder = index_var(made->remainder, 1);
}

static int next_axis(const Shape *shape, int axis)
{
	while (axis < shape->rank && shape->dim[axis].size == 1) axis++;
	return axis;
}

void index_reshape(Scope *scope, const Shape *from, const Index *at, const Shape *to, Index *result)
{
	for (int j = 0; j < to->rank; j++) result[j] = index_constant(0);
	if (shape_equal(from, to)) {
		memcpy(result, at, sizeof *at*(size_t)to->rank);
		return;
	}
	int i = next_axis(from, 0), j = next_axis(to, 0);
	while (i < from->rank && j < to->rank) { /* blocks of axes that hold as many places on both sides */
		int from_start = i, to_start = j;
		int64_t have = from->dim[i++].size, want = to->dim[j++].size;
		while (have != want) {
			if (have < want) have *= from->dim[i++].size;
			else want *= to->dim[j++].size;
		}
		Index flat = {0};
		for (int k = from_start; k < i; k++) {
			Index wider = {0};
			wider = index_add(wider, flat, from->dim[k].size);
			flat = index_add(wider, at[k], 1);
		}
		for (int k = j - 1; k > to_start; k--) divide(scope, &flat, to->dim[k].size, &flat, &result[k]);
		result[to_start] = flat;
		i = next_axis(from, i);
		j = next_axis(to, j);
	}
}

/* --- values --- */

static Memo *find(const Scope *scope, const Node *node, const Index *flat)
{
	for (Memo *memo = scope->memos; memo; memo = memo->next)
		if (memo->node == node && index_equal(&memo->flat, flat)) return memo;
	return NULL;
}

static void give(Scope *scope, const Node *node, Index flat, const char *text)
{
	Memo *memo = arena_alloc(scope->arena, sizeof *memo);
	*memo = (Memo){node, flat, text, scope->memos};
	scope->memos = memo;
}

void scope_give(Scope *scope, const Node *node, const Shape *shape, const Index *at, const char *text)
{
	give(scope, node, index_flat(shape, at), text);
}

static const char *element(Scope *scope, const Node *node, const Index *flat)
{
	return arena_format(scope->arena, "%s[%s]", pointer_name(scope->plan, node), index_text(scope, flat));
}

const char *scope_element(Scope *scope, const Node *node, const Index *at)
{
	Index flat = index_flat(&node->shape, at);
	return element(scope, node, &flat);
}

/* 3: a name, number, call or element; 2: products; 1: sums, comparisons, signs */
static int binding(const char *text)
{
	int depth = 0, level = 3;
	if (*text == '-') level = 1;
	for (const char *c = text; *c; c++) {
		if (*c == '(' || *c == '[') depth++;
		else if (*c == ')' || *c == ']') depth--;
		else if (depth) continue;
		else if (*c == ' ' || *c == '?') level = 1;
		else if ((*c == '*' || *c == '/') && level > 2) level = 2;
	}
	return level;
}

static const char *enclosed(Arena *arena, const char *text, bool needed) { return needed ? arena_format(arena, "(%s)", text) : text; }

/* "$0*$1" with its operands put in, with no more parentheses than the order of evaluation needs */
static const char *expression(Arena *arena, const char *pattern, const char *const *operands)
{
	int level = binding(pattern);
	const char *text = "";
	for (const char *c = pattern; *c;) {
		if (*c != '$') {
			size_t plain = strcspn(c, "$");
			text = arena_format(arena, "%s%.*s", text, (int)plain, c);
			c += plain;
			continue;
		}
		const char *operand = operands[c[1] - '0'];
		int inner = binding(operand);
		bool first = c == pattern, wrap = level < 3 && (first ? inner < level : inner <= level);
		text = arena_format(arena, "%s%s", text, enclosed(arena, operand, wrap));
		c += 2;
	}
	return text;
}

static const char *named(Scope *scope, const Node *node, Index flat, const char *text)
{
	if (scope->guarded || !scope->out) return text;
	const char *name = arena_format(scope->arena, "t%d", scope->temporaries++);
	cw(scope->out, "const real %s = %s;", name, text);
	give(scope, node, flat, name);
	return name;
}

static bool used_often(const Plan *plan, const Node *node)
{
	int uses = 0;
	const Node *const *order = (const Node *const *)plan->order;
	for (int i = 0; i < plan->count && uses < 2; i++)
		for (int k = 0; k < order[i]->arg_count; k++) uses += order[i]->args[k] == node;
	return uses > 1;
}

/* a place of result -> the place of an operand that is broadcast from the right */
static void broadcast_place(const Shape *result, const Index *at, const Shape *operand, Index *place)
{
	int shift = result->rank - operand->rank;
	for (int k = 0; k < operand->rank; k++) place[k] = operand->dim[k].size == 1 ? index_constant(0) : at[k + shift];
}

static const char *scope_value_in(Scope *scope, Node *node, const Shape *shape, const Index *at);

static const char *elementwise(Scope *scope, Node *node, const Shape *shape, const Index *at)
{
	const char *operands[3] = {0};
	Index own[MAX_RANK], place[MAX_RANK];
	bool known = false;
	for (int i = 0; i < node->arg_count; i++) {
		Node *arg = node->args[i];
		if (same_places(&arg->shape, &node->shape)) {
			operands[i] = scope_value_in(scope, arg, shape, at);
			continue;
		}
		bool one = shape_count(&arg->shape) == 1 && !shape_rows(&arg->shape);
		if (!known && !one) index_reshape(scope, shape, at, &node->shape, own);
		known |= !one;
		if (one) memset(place, 0, sizeof place);
		else broadcast_place(&node->shape, own, &arg->shape, place);
		operands[i] = scope_value(scope, arg, place);
	}
	const char *text = expression(scope->arena, node->op->c_text, operands);
	return strlen(text) > 70 || used_often(scope->plan, node) ? named(scope, node, index_flat(shape, at), text) : text;
}

typedef struct Guard {
	const char *text; /* "" while nothing needs to be tested */
	bool never;
} Guard;

static void guard(Scope *scope, Guard *guard_, const Index *index, Dim axis)
{
	int64_t size = axis.size, low = index_min(scope, index), high = index_max(scope, index);
	if (high < 0 || low >= size) guard_->never = true;
	const char *text = index_text(scope, index);
	if (low < 0) guard_->text = arena_format(scope->arena, "%s%s%s >= 0", guard_->text, *guard_->text ? " && " : "", text);
	if (high >= size)
		guard_->text = arena_format(scope->arena, "%s%s%s < %s", guard_->text, *guard_->text ? " && " : "", text, dim_text(scope->arena, axis));
}

static const char *guarded(Scope *scope, Guard test, Node *arg, const Index *at, double fill)
{
	bool single = scope->plan->target->number_size == 4;
	if (test.never) return c_number(scope->arena, fill, single);
	if (!*test.text) return scope_value(scope, arg, at);
	scope->awkward++;
	scope->guarded++;
	const char *inside = scope_value(scope, arg, at);
	scope->guarded--;
	return arena_format(scope->arena, "(%s ? %s : %s)", test.text, inside, c_number(scope->arena, fill, single));
}

static const char *unfolded(Scope *scope, Node *node, const Index *at)
{
	const Window *w = &node->at.window;
	const Shape *shape = &node->args[0]->shape;
	Index place[MAX_RANK];
	Guard test = {"", false};
	for (int k = 0; k < w->axis; k++) place[k] = at[k];
	for (int i = 0; i < w->rank; i++) {
		Index p = index_add(index_constant(-w->low[i]), at[w->axis + i], w->stride[i]);
		place[w->axis + i] = index_add(p, at[w->axis + w->rank + i], w->dilation[i]);
		guard(scope, &test, &place[w->axis + i], shape->dim[w->axis + i]);
	}
	for (int k = w->axis + w->rank; k < shape->rank; k++) place[k] = at[k + w->rank];
	return guarded(scope, test, node->args[0], place, w->fill);
}

static const char *joined(Scope *scope, Node *node, const Index *at)
{
	int axis = node->at.axis;
	Index place[MAX_RANK];
	memcpy(place, at, sizeof *at*(size_t)node->shape.rank);
	const char *text = "";
	int64_t start = 0;
	int open = 0;
	for (int i = 0; i < node->arg_count; i++) {
		Dim piece = node->args[i]->shape.dim[axis];
		place[axis] = index_add(at[axis], index_places(scope, piece, start), -1);
		start += piece.size;
		if (!piece.rows && (index_min(scope, &at[axis]) >= start || index_max(scope, &place[axis]) < 0)) continue;
		bool last = i == node->arg_count - 1 || (!piece.rows && index_max(scope, &at[axis]) < start);
		scope->guarded++;
		const char *inside = scope_value(scope, node->args[i], place);
		scope->guarded--;
		if (last) {
			text = arena_format(scope->arena, "%s%s", text, inside);
			break;
		}
		Index end = index_places(scope, piece, start);
		scope->awkward++;
		open++;
		text = arena_format(scope->arena, "%s(%s < %s ? %s : ", text, index_text(scope, &at[axis]), index_text(scope, &end), inside);
	}
	while (open-- > 0) text = arena_format(scope->arena, "%s)", text);
	return text;
}

/* The row outside of the innermost loop, where every place of that has the same: else compilers gather number by number. NULL: not so. */
static const char *row_outside(Scope *scope, const Node *index, const Index *at, long long rows)
{
	Index flat = index_flat(&index->shape, at);
	bool same = scope->nested && is_stored(scope->plan, index) && (!scope->step || scope->plan->step_of[index->id] != scope->step->index);
	for (int i = 0; i < flat.count; i++) same &= scope->vars[flat.term[i].var].outside;
	if (!same) return NULL;
	for (const Row *row = scope->rows; row; row = row->next)
		if (row->index == index && row->rows == rows && index_equal(&row->flat, &flat)) return row->name;
	Row *row = arena_alloc(scope->arena, sizeof *row);
	*row = (Row){index, flat, rows, arena_format(scope->arena, "g%d", scope->temporaries++), scope->rows};
	scope->rows = row;
	cw_before(scope->out, &scope->before, arena_format(scope->arena, "const ptrdiff_t %s = nn_index(%s, %lld);", row->name,
		element(scope, index, &flat), rows));
	return row->name;
}

/* A number outside the table gathers 0. Inside a guard nothing may be written before it: the row is an expression there. */
static const char *gathered(Scope *scope, Node *node, const Index *at)
{
	Node *table = node->args[0], *index = node->args[1];
	long long rows = table->shape.dim[0].size;
	const char *name = scope->guarded || !scope->out ? NULL : row_outside(scope, index, at, rows), *test;
	const char *number = name ? "" : scope_value(scope, index, at);
	scope->awkward++;
	if (name) {
		test = arena_format(scope->arena, "%s >= 0", name);
	} else if (scope->guarded || !scope->out) {
		name = arena_format(scope->arena, "((ptrdiff_t)(%s))", number);
		test = arena_format(scope->arena, "(%s) >= 0 && (%s) < %lld", number, number, rows);
	} else {
		name = arena_format(scope->arena, "g%d", scope->temporaries++);
		cw(scope->out, "const ptrdiff_t %s = nn_index(%s, %lld);", name, number, rows);
		test = arena_format(scope->arena, "%s >= 0", name);
	}
	Index place[MAX_RANK];
	place[0] = index_var(scope_var(scope, name, rows), 1);
	for (int k = 1; k < table->shape.rank; k++) place[k] = at[index->shape.rank + k - 1];
	scope->guarded++;
	const char *inside = scope_value(scope, table, place);
	scope->guarded--;
	return arena_format(scope->arena, "(%s ? %s : 0)", test, inside);
}

static const char *viewed(Scope *scope, Node *node, const Index *at)
{
	Node *arg = node->args[0];
	Index place[MAX_RANK];
	if (node->op == &op_broadcast) {
		broadcast_place(&node->shape, at, &arg->shape, place);
		return scope_value(scope, arg, place);
	}
	memcpy(place, at, sizeof *at*(size_t)node->shape.rank);
	if (node->op == &op_transpose) {
		for (int k = 0; k < node->shape.rank; k++) place[node->at.order[k]] = at[k];
		return scope_value(scope, arg, place);
	}
	if (node->op == &op_flip) {
		int64_t last = arg->shape.dim[node->at.axis].size - 1;
		place[node->at.axis] = index_add(index_constant(last), at[node->at.axis], -1);
		return scope_value(scope, arg, place);
	}
	if (node->op == &op_slice) {
		Index start = index_places(scope, arg->shape.dim[node->at.axis], node->at.start);
		place[node->at.axis] = index_add(place[node->at.axis], start, 1);
		return scope_value(scope, arg, place);
	}
	assert(node->op == &op_pad);
	Guard test = {"", false};
	Dim axis = arg->shape.dim[node->at.axis];
	place[node->at.axis] = index_add(place[node->at.axis], index_places(scope, axis, node->at.low), -1);
	guard(scope, &test, &place[node->at.axis], axis);
	return guarded(scope, test, arg, place, node->at.value);
}

static const char *leaf(Scope *scope, const Node *node, const Index *at)
{
	if (node->op == &op_const) return c_number(scope->arena, node->at.value, scope->plan->target->number_size == 4);
	if (node->op == &op_rows) return "(real)n";
	if (!at[0].count) return c_number(scope->arena, (double)at[0].constant, scope->plan->target->number_size == 4);
	const char *text = index_text(scope, &at[0]);
	return arena_format(scope->arena, "(real)%s", enclosed(scope->arena, text, binding(text) < 3));
}

/* A step that writes variables reads their old values first. */
static bool writes_state(const Scope *scope)
{
	for (int i = 0; scope->step && i < scope->step->store_count; i++)
		if (scope->plan->location[scope->step->stores[i]->id].space == SPACE_STATE) return true;
	return false;
}

/* scope_value, the place given in another shape with as many places in the same order */
static const char *scope_value_in(Scope *scope, Node *node, const Shape *shape, const Index *at)
{
	Index flat = index_flat(shape, at), own[MAX_RANK];
	const Memo *memo = find(scope, node, &flat);
	if (memo) return memo->text;
	bool here = scope->step && scope->plan->step_of[node->id] == scope->step->index;
	if (!here && is_stored(scope->plan, node)) {
		const char *text = element(scope, node, &flat);
		return node->op == &op_variable && writes_state(scope) ? named(scope, node, flat, text) : text;
	}
	if (node->op->kind == OP_ELEMENTWISE) return elementwise(scope, node, shape, at);
	if (node->op == &op_stop || node->op == &op_reshape) return scope_value_in(scope, node->args[0], shape, at);
	if (node->op == &op_const || node->op == &op_rows) return leaf(scope, node, at);
	index_reshape(scope, shape, at, &node->shape, own);
	if (node->op == &op_unfold) return unfolded(scope, node, own);
	if (node->op == &op_concat) return joined(scope, node, own);
	if (node->op == &op_gather) return gathered(scope, node, own);
	if (node->op->kind == OP_MOVE) return viewed(scope, node, own);
	assert(node->op->kind == OP_LEAF);
	return leaf(scope, node, own);
}

const char *scope_value(Scope *scope, Node *node, const Index *at) { return scope_value_in(scope, node, &node->shape, at); }

/* Every new value is known before the first is stored: what is stored may be what was read. */
void scope_stores(Scope *scope, const Shape *shape, const Index *at)
{
	const Step *step = scope->step;
	const char **values = arena_alloc(scope->arena, sizeof *values*(size_t)(step->store_count + 1));
	Index flat = index_flat(shape, at);
	for (int i = 0; i < step->store_count; i++) {
		values[i] = scope_value_in(scope, step->stores[i], shape, at);
		if (step->store_count > 1 && binding(values[i]) < 3) values[i] = named(scope, step->stores[i], flat, values[i]);
	}
	for (int i = 0; i < step->store_count && scope->out; i++)
		cw(scope->out, "%s = %s;", element(scope, step->stores[i], &flat), values[i]);
}
