/* tile_fold.c: in: a fold of a contraction (the data gradient of a convolution, a transposed convolution); out: products that
 * gather: each place of the result sums the taps that reach it. With strides the places fall apart into residue classes, each a
 * contraction of its own with the taps reversed. Invariant: every place of the result belongs to exactly one product. */
#include <string.h>
#include "tile.h"

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
	if (!tile_read_letters(plan, fold->contract, &fold->letters)) return false;
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
	tile_sort_axes(&l, vector, product);
	size_t bytes = (size_t)(padded ? shape_count(&l.operand[fold->side].copy) : 0)*(size_t)plan->target->number_size;
	if (vector == fold->side) product->copy_b = bytes;
	else product->copy_a = bytes;
	return tile_finish_product(product);
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

int tile_fold(const Plan *plan, const Step *step, Product *products)
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

