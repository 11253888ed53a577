/* tile.c: in: a contraction, or a fold of one, with the elementwise nodes that follow; out: the loop nest around a register tile
 * that computes it. Dense layers, convolutions (windows are affine), their data gradients (a fold is the same with the taps
 * reversed; strides fall apart into residue classes) and weight gradients, fused with what follows: bias, activation, optimizer.
 * Invariant: every element of the result is summed in one order, whatever the number of threads. */
#include <assert.h>
#include <string.h>
#include "tile.h"

/* --- the axes of a contraction --- */

static int letter(Letters *letters, char name, Dim extent)
{
	for (int i = 0; i < letters->count; i++)
		if (letters->name[i] == name) return i;
	letters->name[letters->count] = name;
	letters->extent[letters->count] = extent;
	letters->out[letters->count] = -1;
	return letters->count++;
}

bool tile_read_letters(const Plan *plan, const Node *contract, Letters *letters)
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
	for (int l = 0; l < letters->count; l++) letters->extent[l] = live_dim(plan, letters->extent[l]);
	return true;
}

/* --- sorting axes into a product, side `vector` giving the vectors --- */

static void push(Axes *axes, Axis axis)
{
	if (axis.extent.size == 1 && !axis.extent.rows && axis.out < 0) return;
	axes->axis[axes->count++] = axis;
}

void tile_sort_axes(const Letters *letters, int vector, Product *product)
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
static bool whole_axis(const Product *product, const Axis *axis)
{
	Dim dim = product->result.dim[axis->out];
	return product->by[axis->out] == 1 && !product->start[axis->out] && dim.rows == axis->extent.rows && (dim.rows || dim.size == axis->extent.size);
}

static void join_result(Product *product, Axes *axes)
{
	for (int i = axes->count - 2; i >= 0; i--) {
		Axis *outer = &axes->axis[i], *inner = &axes->axis[i + 1];
		int o = outer->out;
		if (!whole_axis(product, outer) || !whole_axis(product, inner) || inner->out != o + 1 || inner->extent.rows || outer->a != inner->a*inner->extent.size
			|| outer->b != inner->b*inner->extent.size)
			continue;
		product->result.dim[o].size *= inner->extent.size;
		product->result.dim[o].rows *= inner->extent.size;
		inner->extent = (Dim){outer->extent.size*inner->extent.size, outer->extent.rows*inner->extent.size};
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

bool tile_finish_product(Product *product)
{
	order_by_result(&product->both);
	order_by_result(&product->rows);
	order_by_result(&product->columns);
	order_sums(&product->sums);
	if (!product->columns.count || !product->sums.count) return false;
	for (int i = 0; i < product->columns.count; i++) /* a vector of rows would reach into another share */
		if (product->plan->shares && product->columns.axis[i].extent.rows) return false;
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

/* of scratch, as tile_take gives it out */
static size_t product_bytes(const Product *product)
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
	tile_sort_axes(letters, vector, product);
	return tile_finish_product(product);
}

static int contraction(const Plan *plan, const Step *step, Product *products)
{
	Letters letters;
	Product other;
	if (!tile_read_letters(plan, step->anchor, &letters)) return 0;
	bool first = try_side(plan, step, &letters, 0, &products[0]), second = try_side(plan, step, &letters, 1, &other);
	if (second && (!first || other.cost < products[0].cost)) products[0] = other;
	return first || second;
}

/* The products of a step, at least cost; 0: no tile fits. */
static int products_of(const Plan *plan, const Step *step, Product *products)
{
	const Node *anchor = step->anchor;
	if (!anchor || plan->target->full) return 0;
	if (anchor->op == &op_contract) return contraction(plan, step, products);
	return anchor->op == &op_fold && step->inner ? tile_fold(plan, step, products) : 0;
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
