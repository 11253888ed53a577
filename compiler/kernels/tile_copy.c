/* tile_copy.c: in: an operand; out: loops that copy it into the scratch of its step, with zeros around it or packed for the tile.
 * Invariant: scratch is taken in the order copy of a, copy of b, packed b, kept tiles, as product_bytes counts it. */
#include <string.h>
#include "tile_text.h"

size_t tile_take(Text *text, size_t bytes)
{
	size_t at = text->at;
	text->at += (bytes + 127)/64*64;
	return at;
}

static int last_padded(const Operand *operand)
{
	int axis = 0;
	for (int k = 0; k < operand->copy.rank; k++)
		if (operand->copy.dim[k].size != operand->stored->shape.dim[k].size) axis = k;
	return axis;
}

/* the operand with zeros around it */
const char *tile_pad(Text *text, const Operand *operand, size_t bytes, const char *name)
{
	CWriter *out = text->out;
	Scope *scope = scope_new(out, text->product->plan, text->product->step);
	Index at[MAX_RANK], place[MAX_RANK];
	int edge = last_padded(operand);
	cw(out, "real *const %s = (real *)(%s); /* %s, with zeros around it */", name, scratch_text(text->product->plan, tile_take(text, bytes)),
		shape_text(text->arena, &operand->copy));
	unsigned outer = (2u << edge) - 1;
	Nest around = nest_over(scope, &operand->copy, outer, at);
	nest_open(out, scope, &around, text->threads ? NEST_PARALLEL : 0);
	const char *test = "";
	for (int k = 0; k <= edge; k++) {
		place[k] = index_add(at[k], index_constant(operand->low[k]), -1);
		int64_t size = operand->stored->shape.dim[k].size;
		if (operand->copy.dim[k].size == size) continue;
		test = arena_format(text->arena, "%s%s%s >= 0 && %s < %lld", test, *test ? " && " : "", index_text(scope, &place[k]),
			index_text(scope, &place[k]), (long long)size);
	}
	Nest inner = nest_over(scope, &operand->copy, ~outer, at);
	for (int k = edge + 1; k < operand->copy.rank; k++) place[k] = at[k];
	Index flat = index_flat(&operand->copy, at);
	for (int inside = 1; inside >= 0; inside--) {
		if (inside) cw(out, "if (%s) {", test);
		else cw(out, "} else {");
		nest_open(out, scope, &inner, inner.count ? NEST_SIMD : 0);
		const char *value = inside ? scope_value(scope, operand->stored, place) : "0";
		cw(out, "%s[%s] = %s;", name, index_text(scope, &flat), value);
		nest_close(out, &inner);
	}
	cw(out, "}");
	nest_close(out, &around);
	return operand->offset ? arena_format(text->arena, "%s + %lld", name, (long long)operand->offset) : name;
}

/* b as [both][outer columns][block][sums][row width]: what the tile reads is one run of memory */
static void set_packed_steps(Text *text)
{
	Product *p = &text->packed;
	int64_t step = row_width(p);
	for (int i = p->sums.count - 1; i >= 0; i--) {
		p->sums.axis[i].b = step;
		step *= p->sums.axis[i].extent.size;
	}
	step = row_width(p);
	for (int i = p->single_sums.count - 1; i >= 0; i--) {
		p->single_sums.axis[i].b = step;
		step *= p->single_sums.axis[i].extent.size;
	}
	p->columns.axis[p->columns.count - 1].b = step; /* of a block */
	step *= p->blocks;
	for (int i = p->columns.count - 2; i >= 0; i--) {
		p->columns.axis[i].b = step;
		step *= p->columns.axis[i].extent.size;
	}
	for (int i = p->both.count - 1; i >= 0; i--) {
		p->both.axis[i].b = step;
		step *= p->both.axis[i].extent.size;
	}
}

static void pack_axis(Text *text, Scope *scope, const Axis *from, const Axis *to, const char *name, Index *source, Index *target)
{
	int var = scope_var(scope, name, from->extent.size);
	nest_for(text->out, name, "0", dim_text(text->arena, from->extent));
	*source = index_add(*source, index_var(var, from->b), 1);
	*target = index_add(*target, index_var(var, to->b), 1);
}

const char *tile_pack(Text *text, size_t bytes)
{
	CWriter *out = text->out;
	const Product *p = text->product;
	set_packed_steps(text);
	Scope *scope = scope_new(out, p->plan, p->step);
	Index source = {0}, target = {0};
	const Axis *column = &p->columns.axis[p->columns.count - 1];
	int64_t width = row_width(p);
	int depth = 0;
	cw(out, "real *const packed = (real *)(%s); /* b in blocks of %lld columns */", scratch_text(p->plan, tile_take(text, bytes)), (long long)width);
	if (worth_threads(p->plan, (double)bytes/4)) cw(out, "PRAGMA(omp parallel for schedule(static))");
	for (int i = 0; i < p->both.count; i++, depth++)
		pack_axis(text, scope, &p->both.axis[i], &text->packed.both.axis[i], arena_format(text->arena, "e%d", i), &source, &target);
	for (int i = 0; i < p->columns.count - 1; i++, depth++)
		pack_axis(text, scope, &p->columns.axis[i], &text->packed.columns.axis[i], arena_format(text->arena, "f%d", i), &source, &target);
	int block = scope_var(scope, "block", p->blocks), lane = scope_var(scope, "lane", width);
	nest_for(out, "block", "0", tile_number(text->arena, p->blocks));
	for (int i = 0; i < p->single_sums.count; i++, depth++)
		pack_axis(text, scope, &p->single_sums.axis[i], &text->packed.single_sums.axis[i], arena_format(text->arena, "s%d", i), &source, &target);
	cw(out, "for (int lane = 0; lane < %lld; lane++) {", (long long)width);
	Index place = index_add(index_var(lane, 1), index_var(block, 1), width);
	source = index_add(source, place, column->b);
	target = index_add(index_add(target, index_var(block, 1), text->packed.columns.axis[p->columns.count - 1].b), index_var(lane, 1), 1);
	const char *value = arena_format(text->arena, "b[%s]", index_text(scope, &source));
	if (column->extent.size%width)
		value = arena_format(text->arena, "%s < %s ? %s : 0", index_text(scope, &place), dim_text(text->arena, column->extent), value);
	cw(out, "packed[%s] = %s;", index_text(scope, &target), value);
	for (int i = 0; i < depth + 2; i++) cw(out, "}");
	return "packed";
}
