/* tile.c: in: a contraction, or a fold of one, with the elementwise nodes that follow; out: the loop nest around a register tile
 * that computes it. Dense layers, convolutions (windows are affine), their data gradients (a fold is the same with the taps
 * reversed; strides fall apart into residue classes) and weight gradients, fused with what follows: bias, activation, optimizer.
 * Invariant: every element of the result is summed in one order, whatever the number of threads. */
#include <assert.h>
#include <string.h>
#include "tile.h"

/* --- the axes of a contraction --- */

typedef struct Letters { /* what a contraction's letter steps by */
	char name[2*MAX_RANK];
	Dim extent[2*MAX_RANK];
	int64_t step[2][2*MAX_RANK]; /* in operand 0 and 1; where[side]: is it there at all */
	bool where[2][2*MAX_RANK];
	int out[2*MAX_RANK]; /* axis of the contraction's result, -1 */
	int count;
	Operand operand[2];
} Letters;

static int letter(Letters *letters, char name, Dim extent)
{
	for (int i = 0; i < letters->count; i++)
		if (letters->name[i] == name) return i;
	letters->name[letters->count] = name;
	letters->extent[letters->count] = extent;
	letters->out[letters->count] = -1;
	return letters->count++;
}

static bool read_letters(const Plan *plan, const Node *contract, Letters *letters)
{
	*letters = (Letters){.count = 0};
	for (int side = 0; side < 2; side++) {
		const char *names = side ? contract->at.b : contract->at.a;
		int64_t steps[MAX_RANK];
		Operand *operand = &letters->operand[side];
		if (!affine_view(plan, contract->args[side], &operand->stored, &operand->offset, steps)) return false;
		for (int i = 0; names[i]; i++) {
			int l = letter(letters, names[i], contract->args[side]->shape.dim[i]);
			letters->step[side][l] = steps[i];
			letters->where[side][l] = true;
		}
	}
	for (int i = 0; contract->at.o[i]; i++) {
		int l = letter(letters, contract->at.o[i], contract->shape.dim[i]);
		letters->out[l] = i;
	}
	return true;
}

/* --- sorting axes into a product, side `vector` giving the vectors --- */

static void push(Axes *axes, Axis axis)
{
	if (axis.extent.size == 1 && !axis.extent.rows && axis.out < 0) return;
	axes->axis[axes->count++] = axis;
}

static void sort_axes(const Letters *letters, int vector, Product *product)
{
	int scalar = 1 - vector;
	for (int l = 0; l < letters->count; l++) {
		Axis axis = {letters->extent[l], letters->step[scalar][l], letters->step[vector][l], letters->out[l]};
		bool a = letters->where[scalar][l], b = letters->where[vector][l];
		if (axis.out < 0) push(&product->sums, axis);
		else if (a && b) push(&product->both, axis);
		else if (a) push(&product->rows, axis);
		else push(&product->columns, axis);
	}
	product->a = letters->operand[scalar];
	product->b = letters->operand[vector];
}

/* by the step in a, largest first: the innermost sum runs along memory */
static void order_sums(Axes *sums)
{
	for (int i = 1; i < sums->count; i++)
		for (int k = i; k > 0; k--) {
			Axis *x = &sums->axis[k - 1], *y = &sums->axis[k];
			int64_t sx = x->a < 0 ? -x->a : x->a, sy = y->a < 0 ? -y->a : y->a;
			bool swap = (y->extent.rows && !x->extent.rows) || (!y->extent.rows == !x->extent.rows && sy > sx);
			if (!swap) break;
			Axis z = *x;
			*x = *y;
			*y = z;
		}
}

static void order_by_result(Axes *axes)
{
	for (int i = 1; i < axes->count; i++)
		for (int k = i; k > 0 && axes->axis[k].out < axes->axis[k - 1].out; k--) {
			Axis z = axes->axis[k];
			axes->axis[k] = axes->axis[k - 1];
			axes->axis[k - 1] = z;
		}
}

static void join_sums(Product *product)
{
	Axes *sums = &product->sums;
	for (int i = sums->count - 2; i >= 0; i--) {
		Axis *outer = &sums->axis[i], *inner = &sums->axis[i + 1];
		bool fits = outer->a == inner->a*inner->extent.size && !inner->extent.rows && !outer->extent.rows;
		if (!fits || (!product->pack && outer->b != inner->b*inner->extent.size)) continue;
		inner->extent.size *= outer->extent.size;
		for (int k = i; k < sums->count - 1; k++) sums->axis[k] = sums->axis[k + 1];
		sums->count--;
	}
}

/* Axes that are neighbours in the result and in the operand become one. */
static void join_result(Product *product, Axes *axes)
{
	for (int i = axes->count - 2; i >= 0; i--) {
		Axis *outer = &axes->axis[i], *inner = &axes->axis[i + 1];
		int o = outer->out;
		bool plain = product->by[o] == 1 && product->by[inner->out] == 1 && !product->start[o] && !product->start[inner->out]
			&& product->result.dim[o].size == outer->extent.size && product->result.dim[inner->out].size == inner->extent.size;
		if (!plain || inner->out != o + 1 || inner->extent.rows || outer->a != inner->a*inner->extent.size
			|| outer->b != inner->b*inner->extent.size)
			continue;
		Dim joined = {outer->extent.size*inner->extent.size, outer->extent.rows*inner->extent.size};
		inner->extent = product->result.dim[o] = joined;
		inner->out = o;
		for (int k = i; k < axes->count - 1; k++) axes->axis[k] = axes->axis[k + 1];
		axes->count--;
		for (int k = o + 1; k < product->result.rank - 1; k++) {
			product->result.dim[k] = product->result.dim[k + 1];
			product->by[k] = product->by[k + 1];
			product->start[k] = product->start[k + 1];
		}
		product->result.rank--;
		Axes *all[] = {&product->both, &product->rows, &product->columns};
		for (int n = 0; n < 3; n++)
			for (int k = 0; k < all[n]->count; k++) all[n]->axis[k].out -= all[n]->axis[k].out > o;
	}
}

/* --- the shape of the tile --- */

int64_t axes_places(const Axes *axes)
{
	int64_t places = 1;
	for (int i = 0; i < axes->count; i++) places *= axes->axis[i].extent.size;
	return places;
}

static int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1)/b; }

int row_width(const Product *product) { return product->vectors*product->plan->target->lanes; }

static const Axis *last(const Axes *axes) { return &axes->axis[axes->count - 1]; }

/* how many accumulators fit: the rest of the registers hold vectors of b and a spread number */
static int accumulators(const Target *target) { return target->registers >= 32 ? 28 : 12; }

static void choose_tile(Product *product)
{
	const Target *target = product->plan->target;
	int64_t lanes = target->lanes, width = last(&product->columns)->extent.size, vectors = ceiling(width, lanes);
	int64_t rows = product->rows.count ? last(&product->rows)->extent.size : 1;
	int64_t more = product->rows.count > 1 ? product->rows.axis[product->rows.count - 2].extent.size : 1;
	bool second = product->rows.count > 1 && rows*more > rows;
	int few = rows*more < 6 ? 4 : 2;
	product->vectors = 1;
	for (int v = 2; v <= few; v++)
		if (vectors%v == 0 || vectors < v) product->vectors = (int)(vectors < v ? vectors : v);
	if (vectors == 3) product->vectors = 3;
	int most = accumulators(target)/product->vectors;
	if (most > 14) most = 14;
	product->q_tiles = ceiling(rows, most);
	product->q = (int)ceiling(rows, product->q_tiles);
	product->q_tiles = ceiling(rows, product->q);
	product->p = 1;
	product->p_tiles = 1;
	if (second && product->q_tiles == 1 && product->q*2 <= most) {
		int fit = most/product->q;
		product->p_tiles = ceiling(more, fit);
		product->p = (int)ceiling(more, product->p_tiles);
		while (more%product->p) product->p--; /* only whole tiles along the second axis */
		product->p_tiles = more/product->p;
	} else if (second) product->p_tiles = more;
	product->blocks = ceiling(vectors, product->vectors);
}

static void choose_sums(Product *product)
{
	Axes *sums = &product->sums;
	int64_t limit = product->pack ? 2048 : 512, places = 1;
	product->inner = 0;
	product->piece = 0;
	for (int i = sums->count - 1; i >= 0 && product->inner < 2; i--) {
		int64_t size = sums->axis[i].extent.size;
		if (product->inner && places*size > limit) break;
		product->inner++;
		places *= size;
		if (places > 2*limit && !sums->axis[i].extent.rows) { /* a long axis is run through in pieces */
			int64_t pieces = ceiling(size, limit/2);
			product->piece = ceiling(size, pieces);
			break;
		}
	}
	bool outside = product->inner < sums->count || product->piece;
	product->accumulate = outside;
	int64_t tiles = product->blocks*product->q_tiles*product->p_tiles;
	for (int i = 0; i < product->rows.count - 2; i++) tiles *= product->rows.axis[i].extent.size;
	for (int i = 0; i < product->columns.count - 1; i++) tiles *= product->columns.axis[i].extent.size;
	tiles *= axes_places(&product->both);
	product->slabs = outside && tiles < 8 && product->inner < sums->count && sums->axis[0].extent.size >= SLABS;
	int64_t kept = tiles*product->p*product->q*row_width(product);
	product->kept = outside ? (size_t)(kept*(product->slabs ? SLABS : 1)*product->plan->target->number_size) : 0;
}

static void estimate(Product *product)
{
	const Target *target = product->plan->target;
	double size = target->number_size;
	double rows = (double)(product->q*product->q_tiles*product->p*product->p_tiles), columns = (double)(product->blocks*row_width(product));
	for (int i = 0; i < product->rows.count - 2; i++) rows *= (double)product->rows.axis[i].extent.size;
	for (int i = 0; i < product->columns.count - 1; i++) columns *= (double)product->columns.axis[i].extent.size;
	double places = rows*columns*(double)axes_places(&product->both), sums = (double)axes_places(&product->sums);
	double registers = product->p*product->q*product->vectors, busy = registers >= 8 ? 1 : registers/8;
	double rate = (target->lanes > 1 ? 3.6*target->lanes : 2.0)*busy*(target->vector_bytes == 64 ? 1 : target->lanes > 1 ? 2 : 1);
	product->packed = product->pack ? (size_t)(columns*sums*(double)axes_places(&product->both)*size) : 0;
	const Axis *column = last(&product->columns);
	bool across = column->out != product->result.rank - 1;
	product->cost = 20 + places*sums/rate + places*(across ? 1.5 : 0.4) + (double)product->packed/size*1.0
		+ (double)(product->copy_a + product->copy_b)*0.15 + (double)product->kept*0.2;
}

static bool finish_product(Product *product)
{
	order_by_result(&product->both);
	order_by_result(&product->rows);
	order_by_result(&product->columns);
	order_sums(&product->sums);
	if (!product->columns.count || !product->sums.count) return false;
	join_result(product, &product->both);
	join_result(product, &product->rows);
	join_result(product, &product->columns);
	int best = product->columns.count - 1; /* the vectors run along the column axis with the smallest step in b */
	for (int i = product->columns.count - 2; i >= 0; i--)
		if (product->columns.axis[i].b == 1 && product->columns.axis[best].b != 1) best = i;
	Axis column = product->columns.axis[best];
	for (int k = best; k < product->columns.count - 1; k++) product->columns.axis[k] = product->columns.axis[k + 1];
	product->columns.axis[product->columns.count - 1] = column;
	if (column.extent.size < 2) return false;
	product->pack = column.b != 1;
	product->single_sums = product->sums;
	join_sums(product);
	if (product->sums.count > 4) return false;
	choose_tile(product);
	choose_sums(product);
	double panel = (double)axes_places(&product->columns)*(double)axes_places(&product->sums)*product->plan->target->number_size;
	product->columns_inside = product->rows.count <= 1 && panel < 384e3;
	estimate(product);
	return true;
}

size_t product_bytes(const Product *product)
{
	size_t parts[] = {product->copy_a, product->copy_b, product->packed, product->kept}, sum = 0;
	for (int i = 0; i < 4; i++) sum += (parts[i] + 127)/64*64;
	return sum;
}

/* --- contractions --- */

static bool try_side(const Plan *plan, const Step *step, const Letters *letters, int vector, Product *product)
{
	*product = (Product){.plan = plan, .step = step, .result = step->anchor->shape};
	for (int k = 0; k < MAX_RANK; k++) product->by[k] = 1;
	sort_axes(letters, vector, product);
	return finish_product(product);
}

static int contraction(const Plan *plan, const Step *step, Product *products)
{
	Letters letters;
	Product other;
	if (!read_letters(plan, step->anchor, &letters)) return 0;
	bool first = try_side(plan, step, &letters, 0, &products[0]), second = try_side(plan, step, &letters, 1, &other);
	if (second && (!first || other.cost < products[0].cost)) products[0] = other;
	return first || second;
}

/* --- folds of contractions --- */

typedef struct Class { /* the output places along one window axis that see the same taps */
	int64_t count, start, taps, tap0, from; /* places; first place; taps; first tap, reversed; first window */
} Class;

/* Places H ≡ ρ − low (mod stride) see the taps k = ρ, ρ + stride, ..; place H reads windows q − κ. */
static Class class_of(const Window *w, int i, int64_t size, int64_t residue)
{
	Class c = {0};
	int64_t s = w->stride[i];
	int64_t q = w->low[i] > residue ? (w->low[i] - residue + s - 1)/s : 0; /* the least q with s·q + ρ − low >= 0 */
	c.start = s*q + residue - w->low[i];
	c.count = c.start < size ? (size - 1 - c.start)/s + 1 : 0;
	c.taps = s == 1 ? w->size[i] : residue < w->size[i] ? (w->size[i] - 1 - residue)/s + 1 : 0;
	c.tap0 = s == 1 ? 0 : residue;
	c.from = q;
	return c;
}

typedef struct Fold {
	const Node *fold, *contract;
	const Window *w;
	Letters letters;
	int side; /* of the operand that holds the windows' places */
	int place[MAX_WINDOW], tap[MAX_WINDOW]; /* letters */
	int64_t low[MAX_WINDOW], high[MAX_WINDOW]; /* padding of the windows that covers all classes */
} Fold;

static int64_t reach(const Window *w, int i) { return w->stride[i] == 1 ? w->dilation[i] : 1; }

static bool read_fold(const Plan *plan, const Step *step, Fold *fold)
{
	*fold = (Fold){.fold = step->anchor, .contract = step->inner, .w = &step->anchor->at.window};
	if (!read_letters(plan, fold->contract, &fold->letters)) return false;
	const Letters *l = &fold->letters;
	for (int i = 0; i < fold->w->rank; i++) {
		fold->place[i] = fold->tap[i] = -1;
		for (int k = 0; k < l->count; k++) {
			if (l->out[k] == fold->w->axis + i) fold->place[i] = k;
			if (l->out[k] == fold->w->axis + fold->w->rank + i) fold->tap[i] = k;
		}
		if (fold->place[i] < 0 || fold->tap[i] < 0 || (fold->w->stride[i] > 1 && fold->w->dilation[i] > 1)) return false;
		int side = l->where[1][fold->place[i]];
		if (l->where[1 - side][fold->place[i]] || l->where[side][fold->tap[i]] || (i && side != fold->side)) return false;
		fold->side = side;
	}
	for (int i = 0; i < fold->w->rank; i++) {
		int64_t windows = l->extent[fold->place[i]].size;
		for (int64_t r = 0; r < fold->w->stride[i]; r++) {
			Class c = class_of(fold->w, i, fold->fold->shape.dim[fold->w->axis + i].size, r);
			if (!c.taps || !c.count) continue;
			int64_t below = (c.taps - 1)*reach(fold->w, i) - c.from, above = c.from + c.count - windows;
			if (below > fold->low[i]) fold->low[i] = below;
			if (above > fold->high[i]) fold->high[i] = above;
		}
	}
	return true;
}

/* The windows' operand with zeros around it, axes in the order of the contraction's letters. */
static bool pad_operand(const Fold *fold, Operand *operand, int64_t *steps)
{
	const Letters *l = &fold->letters;
	const char *names = fold->side ? fold->contract->at.b : fold->contract->at.a;
	Node *source = fold->contract->args[fold->side];
	bool any = false;
	for (int i = 0; i < fold->w->rank; i++) any |= fold->low[i] || fold->high[i];
	for (int k = 0; k < l->count; k++) steps[k] = l->step[fold->side][k];
	*operand = l->operand[fold->side];
	if (!any) return true;
	operand->padded = true;
	operand->offset = 0;
	operand->copy = source->shape;
	operand->stored = source;
	for (int k = 0; names[k]; k++) {
		operand->low[k] = 0;
		for (int i = 0; i < fold->w->rank; i++) {
			if (l->name[fold->place[i]] != names[k]) continue;
			operand->low[k] = fold->low[i];
			operand->copy.dim[k].size += fold->low[i] + fold->high[i];
		}
	}
	int64_t step = 1;
	for (int k = source->shape.rank - 1; k >= 0; k--) {
		for (int j = 0; j < l->count; j++)
			if (l->name[j] == names[k]) steps[j] = step;
		step *= operand->copy.dim[k].size;
	}
	return true;
}

/* The contraction of one residue class: letters with the windows' places and taps replaced. */
static bool class_product(const Plan *plan, const Step *step, const Fold *fold, const Class *classes, int vector, Product *product)
{
	Letters l = fold->letters;
	int64_t steps[2*MAX_RANK];
	*product = (Product){.plan = plan, .step = step, .result = fold->fold->shape};
	for (int k = 0; k < MAX_RANK; k++) product->by[k] = 1;
	pad_operand(fold, &l.operand[fold->side], steps);
	memcpy(l.step[fold->side], steps, sizeof steps);
	bool padded = l.operand[fold->side].padded;
	for (int k = 0; k < l.count; k++) /* letters after the taps stand for the axes of the fold */
		if (l.out[k] >= fold->w->axis + 2*fold->w->rank) l.out[k] -= fold->w->rank;
	for (int i = 0; i < fold->w->rank; i++) {
		int place = fold->place[i], tap = fold->tap[i], other = 1 - fold->side, axis = fold->w->axis + i;
		int64_t along = l.step[fold->side][place], across = l.step[other][tap], far = reach(fold->w, i);
		const Class *c = &classes[i];
		l.extent[place] = (Dim){c->count, 0};
		l.out[place] = axis;
		product->start[axis] = c->start;
		product->by[axis] = fold->w->stride[i];
		l.extent[tap] = (Dim){c->taps, 0};
		l.out[tap] = -1;
		l.where[fold->side][tap] = true;
		l.step[fold->side][tap] = along*far; /* taps are run through from the last to the first */
		l.step[other][tap] = -across*fold->w->stride[i];
		l.operand[fold->side].offset += along*(c->from - (c->taps - 1)*far + (padded ? fold->low[i] : 0));
		l.operand[other].offset += across*(c->tap0 + (c->taps - 1)*fold->w->stride[i]);
	}
	sort_axes(&l, vector, product);
	size_t bytes = (size_t)(padded ? shape_count(&l.operand[fold->side].copy) : 0)*(size_t)plan->target->number_size;
	if (vector == fold->side) product->copy_b = bytes;
	else product->copy_a = bytes;
	return finish_product(product);
}

/* Places that no window reaches (a stride beyond the window). */
static void empty_product(const Plan *plan, const Step *step, const Fold *fold, const Class *classes, Product *product)
{
	*product = (Product){.plan = plan, .step = step, .result = fold->fold->shape, .nothing = true};
	for (int k = 0; k < product->result.rank; k++) {
		int i = k - fold->w->axis;
		bool window = i >= 0 && i < fold->w->rank;
		product->start[k] = window ? classes[i].start : 0;
		product->by[k] = window ? fold->w->stride[i] : 1;
		product->rows.axis[product->rows.count++] = (Axis){window ? (Dim){classes[i].count, 0} : product->result.dim[k], 0, 0, k};
	}
	product->cost = (double)axes_places(&product->rows);
}

static int folded(const Plan *plan, const Step *step, Product *products)
{
	Fold fold;
	if (!read_fold(plan, step, &fold)) return 0;
	int64_t total = 1;
	for (int i = 0; i < fold.w->rank; i++) total *= fold.w->stride[i];
	if (total > MAX_PRODUCTS) return 0;
	int count = 0;
	for (int64_t n = 0; n < total; n++) {
		Class classes[MAX_WINDOW];
		int64_t rest = n;
		bool some = true, reached = true;
		for (int i = fold.w->rank - 1; i >= 0; i--) {
			classes[i] = class_of(fold.w, i, fold.fold->shape.dim[fold.w->axis + i].size, rest%fold.w->stride[i]);
			rest /= fold.w->stride[i];
			some &= classes[i].count > 0;
			reached &= classes[i].taps > 0;
		}
		if (!some) continue;
		if (!reached) {
			empty_product(plan, step, &fold, classes, &products[count++]);
			continue;
		}
		Product other;
		bool first = class_product(plan, step, &fold, classes, 0, &products[count]);
		bool second = class_product(plan, step, &fold, classes, 1, &other);
		if (!first && !second) return 0;
		if (second && (!first || other.cost < products[count].cost)) products[count] = other;
		count++;
	}
	return count;
}

int products_of(const Plan *plan, const Step *step, Product *products)
{
	const Node *anchor = step->anchor;
	if (!anchor || plan->target->full) return 0;
	if (anchor->op == &op_contract) return contraction(plan, step, products);
	return anchor->op == &op_fold && step->inner ? folded(plan, step, products) : 0;
}

static double cost(const Plan *plan, const Step *step)
{
	Product *products = arena_alloc(plan->context->arena, sizeof *products*MAX_PRODUCTS);
	int count = products_of(plan, step, products);
	double sum = 0;
	for (int i = 0; i < count; i++) sum += products[i].cost;
	return count ? sum + step_loads(plan, step)*0.03 : -1;
}

static size_t scratch(const Plan *plan, const Step *step)
{
	Product *products = arena_alloc(plan->context->arena, sizeof *products*MAX_PRODUCTS);
	int count = products_of(plan, step, products);
	size_t most = 0;
	for (int i = 0; i < count; i++)
		if (product_bytes(&products[i]) > most) most = product_bytes(&products[i]);
	return most;
}

static void emit(CWriter *out, const Plan *plan, const Step *step)
{
	Product *products = arena_alloc(plan->context->arena, sizeof *products*MAX_PRODUCTS);
	int count = products_of(plan, step, products);
	step_pointers(out, plan, step);
	for (int i = 0; i < count; i++) {
		if (count > 1) cw(out, "{");
		product_emit(out, &products[i], step->scratch_offset);
		if (count > 1) cw(out, "}");
	}
}

const Kernel kernel_tile = {.name = "tile", .about = "contractions and convolutions in register tiles", .cost = cost,
	.scratch = scratch, .emit = emit};
