/* tile_text.c: in: a product with everything decided; out: its C: copies of operands where they are needed, the register tile as a
 * function of its own (each text once a file), the loops around it, and the elementwise nodes that follow, on the tile while it is
 * in the nearest cache. Invariant: threads share out whole tiles, never a sum. */
#include <assert.h>
#include <string.h>
#include "tile_text.h"

const char *tile_number(Arena *arena, int64_t value) { return arena_format(arena, "%lld", (long long)value); }

static const char *base(Text *text, const Operand *operand)
{
	const char *name = pointer_name(text->product->plan, operand->stored);
	return operand->offset ? arena_format(text->arena, "%s + %lld", name, (long long)operand->offset) : name;
}

/* --- the register tile --- */

static const Axis *inner_sum(const Product *p, int from_inside)
{
	return &p->sums.axis[p->sums.count - 1 - from_inside];
}

/* The outermost sum inside the tile may be counted at run time: live rows, or a last piece. */
static bool counted(const Product *p)
{
	const Axis *axis = inner_sum(p, p->inner - 1);
	return axis->extent.rows || (p->piece && axis->extent.size%p->piece);
}

static const char *sum_bound(const Text *text, int from_inside)
{
	const Product *p = &text->packed;
	if (from_inside == p->inner - 1 && counted(p)) return "count";
	int64_t size = from_inside == p->inner - 1 && p->piece ? p->piece : inner_sum(p, from_inside)->extent.size;
	return tile_number(text->arena, size);
}

static int64_t row_offset(const Product *p, int row, int q)
{
	int64_t offset = 0;
	if (p->rows.count) offset += row%q*p->rows.axis[p->rows.count - 1].a;
	if (p->rows.count > 1) offset += row/q*p->rows.axis[p->rows.count - 2].a;
	return offset;
}

static void accumulators(CWriter *out, const Product *p, int rows)
{
	int lanes = p->plan->target->lanes;
	for (int r = 0; r < rows; r++) {
		const char *line = "vec";
		for (int v = 0; v < p->vectors; v++) {
			const char *value = p->accumulate ? arena_format(out->arena, "LOAD(c + %d)", r*row_width(p) + v*lanes) : "{0}";
			line = arena_format(out->arena, "%s%s c%d_%d = %s", line, v ? "," : "", r, v, value);
		}
		cw(out, "%s;", line);
	}
}

static void multiply(CWriter *out, const Product *p, int rows, int q, int round)
{
	int lanes = p->plan->target->lanes;
	const Axis *k = inner_sum(p, 0);
	const char *line = "const vec";
	for (int v = 0; v < p->vectors; v++)
		line = arena_format(out->arena, "%s%s b%d = LOAD(y + %lld)", line, v ? "," : "", v, (long long)(round*k->b + v*lanes));
	cw(out, "{");
	cw(out, "%s;", line);
	cw(out, "real s;");
	for (int r = 0; r < rows; r++) {
		line = arena_format(out->arena, "s = x[%lld];", (long long)(row_offset(p, r, q) + round*k->a));
		for (int v = 0; v < p->vectors; v++) line = arena_format(out->arena, "%s c%d_%d += s*b%d;", line, r, v, v);
		cw(out, "%s", line);
	}
	cw(out, "}");
}

static const char *tile_function(Text *text, int q)
{
	const Product *p = &text->packed;
	CWriter *out = cwriter_new(text->arena);
	int rows = p->p*q, lanes = p->plan->target->lanes;
	const Axis *k = inner_sum(p, 0);
	const char *comment = arena_format(text->arena, "c (%d, %d) %s the sums of a b over %s%s", rows, row_width(p), p->accumulate ? "+=" : "=",
		p->inner > 1 ? arena_format(text->arena, "%s x ", sum_bound(text, 1)) : "", sum_bound(text, 0));
	cw(out, "{");
	accumulators(out, p, rows);
	if (p->inner > 1) {
		const Axis *outer = inner_sum(p, 1);
		nest_for(out, "p", "0", sum_bound(text, 1));
		cw(out, "const real *x = a + p*%lld, *y = b + p*%lld;", (long long)outer->a, (long long)outer->b);
	} else cw(out, "const real *x = a, *y = b;");
	bool fixed = strcmp(sum_bound(text, 0), "count") != 0;
	int64_t size = p->inner == 1 && p->piece ? p->piece : k->extent.size;
	int rounds = fixed && size%2 == 0 && size > 2 ? 2 : 1;
	const char *steps = rounds == 2 ? tile_number(text->arena, size/2) : sum_bound(text, 0);
	cw(out, "for (ptrdiff_t k = 0; k < %s; k++, x += %lld, y += %lld) {", steps, (long long)(rounds*k->a), (long long)(rounds*k->b));
	if (!p->pack && p->blocks > 1 && k->b*p->plan->target->number_size >= 1024 && p->plan->target->vector_bytes)
		for (int v = 0; v < p->vectors; v++) cw(out, "__builtin_prefetch(y + %d);", row_width(p) + v*lanes);
	for (int round = 0; round < rounds; round++) multiply(out, p, rows, q, round);
	cw(out, "}");
	if (p->inner > 1) cw(out, "}");
	for (int r = 0; r < rows; r++)
		for (int v = 0; v < p->vectors; v++) cw(out, "STORE(c + %d, c%d_%d);", r*row_width(p) + v*lanes, r, v);
	cw(out, "}");
	const char *arguments = arena_format(text->arena, "const real *restrict a, const real *restrict b, real *restrict c%s", counted(p) ? ", ptrdiff_t count" : "");
	return helper(p->plan, arena_format(text->arena, "tile_%dx%d", rows, p->vectors), comment, arguments, out->text);
}

/* --- the loops --- */

static int add_level(Text *text, const char *var, const char *bound, int64_t size)
{
	if (size == 1 && !strcmp(bound, "1")) return -1; /* a single round needs no loop */
	assert(text->levels < MAX_NEST);
	text->level[text->levels++] = (Level){var, bound, size};
	return scope_var(text->scope, var, size);
}

/* one more axis of single places */
static void plain_level(Text *text, const Axis *axis, const char *stem, int number_)
{
	const char *name = arena_format(text->arena, "%s%d", stem, number_);
	int var = add_level(text, name, dim_text(text->arena, axis->extent), axis->extent.size);
	if (var < 0) return;
	text->a_at = index_add(text->a_at, index_var(var, axis->a), 1);
	text->b_at = index_add(text->b_at, index_var(var, axis->b), 1);
	text->place[axis->out] = index_add(text->place[axis->out], index_var(var, text->product->by[axis->out]), 1);
}

/* an axis in tiles of `size` places */
static int tiled_level(Text *text, const Axis *axis, const char *name, int64_t tiles, int64_t size, bool of_a)
{
	const char *bound = tile_number(text->arena, tiles);
	if (axis->extent.rows)
		bound = size == 1 ? dim_text(text->arena, axis->extent)
				  : arena_format(text->arena, "(%s + %lld)/%lld", dim_text(text->arena, axis->extent), (long long)size - 1, (long long)size);
	int var = add_level(text, name, bound, tiles);
	if (var < 0) return var;
	if (of_a) text->a_at = index_add(text->a_at, index_var(var, axis->a*size), 1);
	text->place[axis->out] = index_add(text->place[axis->out], index_var(var, text->product->by[axis->out]*size), 1);
	return var;
}

static void block_level(Text *text)
{
	const Product *p = &text->packed;
	const Axis *column = &text->product->columns.axis[p->columns.count - 1];
	text->block_var = tiled_level(text, column, "block", p->blocks, row_width(p), false);
	if (text->block_var < 0) return;
	int64_t step = p->pack ? p->columns.axis[p->columns.count - 1].b : row_width(p)*column->b;
	text->b_at = index_add(text->b_at, index_var(text->block_var, step), 1);
}

static void make_levels(Text *text)
{
	const Product *p = &text->packed;
	int rows = p->rows.count;
	text->p_var = text->q_var = -1;
	for (int i = 0; i < p->both.count; i++) plain_level(text, &p->both.axis[i], "e", i);
	for (int i = 0; i < rows - 2; i++) plain_level(text, &p->rows.axis[i], "m", i);
	if (rows > 1) text->p_var = tiled_level(text, &p->rows.axis[rows - 2], "down", p->p_tiles, p->p, true);
	for (int i = 0; i < p->columns.count - 1; i++) plain_level(text, &p->columns.axis[i], "f", i);
	if (!p->columns_inside) block_level(text);
	if (rows) text->q_var = tiled_level(text, &p->rows.axis[rows - 1], "along", p->q_tiles, p->q, true);
	if (p->columns_inside) block_level(text);
	text->item = index_constant(0);
	int64_t step = 1;
	for (int i = text->levels - 1; i >= 0; i--) {
		for (int v = 0; v < text->scope->var_count; v++)
			if (text->scope->vars[v].name == text->level[i].var) text->item = index_add(text->item, index_var(v, step), 1);
		step *= text->level[i].size;
	}
}

static int collapsed(const Text *text, int levels)
{
	int64_t places = 1;
	int depth = 0;
	while (depth < levels && places < 64) places *= text->level[depth++].size;
	return depth > 1 ? depth : 1;
}

static void open_levels(Text *text, const char *pragma)
{
	if (*pragma && text->levels) {
		int depth = collapsed(text, text->levels);
		if (depth > 1) cw(text->out, "PRAGMA(%s collapse(%d) schedule(static)%s)", pragma, depth, strstr(pragma, "parallel") ? "" : " nowait");
		else cw(text->out, "PRAGMA(%s schedule(static)%s)", pragma, strstr(pragma, "parallel") ? "" : " nowait");
	}
	for (int i = 0; i < text->levels; i++) nest_for(text->out, text->level[i].var, "0", text->level[i].bound);
	if (!text->levels) cw(text->out, "{");
}

static void close_levels(Text *text)
{
	for (int i = 0; i < text->levels || (!text->levels && i < 1); i++) cw(text->out, "}");
}

static const Axis *row_axis(const Product *p, int from_inside)
{
	return p->rows.count > from_inside ? &p->rows.axis[p->rows.count - 1 - from_inside] : NULL;
}

static int last_q(const Product *p)
{
	int64_t rows = p->rows.count ? p->rows.axis[p->rows.count - 1].extent.size : 1;
	return (int)(rows - (p->q_tiles - 1)*p->q);
}

/* the call of the tile at this place; extra moves a and b along sums that run outside */
static void call_tile(Text *text, Index a, Index b, const char *c, const char *count)
{
	const Product *p = &text->packed;
	const char *names[2] = {tile_function(text, p->q), last_q(p) == p->q ? NULL : tile_function(text, last_q(p))};
	const char *rest = arena_format(text->arena, "(%s + %s, %s + %s, %s%s%s);", text->a, index_text(text->scope, &a), text->b,
		index_text(text->scope, &b), c, counted(p) ? ", " : "", counted(p) ? count : "");
	if (!names[1]) cw(text->out, "%s%s", names[0], rest);
	else if (p->q_tiles == 1) cw(text->out, "%s%s", names[1], rest);
	else {
		cw(text->out, "if (along < %lld) %s%s", (long long)p->q_tiles - 1, names[0], rest);
		cw(text->out, "else %s%s", names[1], rest);
	}
}

/* the sums outside of the tile: loops from `first`; returns how many were opened; count receives the live count of the innermost */
static int open_sums(Text *text, Index *a, Index *b, const char **count, bool slab)
{
	const Product *p = &text->packed;
	int opened = 0;
	*count = dim_text(text->arena, inner_sum(p, p->inner - 1)->extent);
	for (int i = 0; i < p->sums.count - p->inner; i++, opened++) {
		const Axis *axis = &p->sums.axis[i];
		const char *name = arena_format(text->arena, "s%d", i);
		int var = scope_var(text->scope, name, axis->extent.size);
		nest_for(text->out, name, slab && !i ? "first" : "0", slab && !i ? "end" : dim_text(text->arena, axis->extent));
		*a = index_add(*a, index_var(var, axis->a), 1);
		*b = index_add(*b, index_var(var, axis->b), 1);
	}
	if (!p->piece) return opened;
	const Axis *axis = inner_sum(p, p->inner - 1);
	int64_t pieces = (axis->extent.size + p->piece - 1)/p->piece;
	int var = scope_var(text->scope, "piece", pieces);
	nest_for(text->out, "piece", "0", tile_number(text->arena, pieces));
	*a = index_add(*a, index_var(var, axis->a*p->piece), 1);
	*b = index_add(*b, index_var(var, axis->b*p->piece), 1);
	if (counted(p)) {
		long long piece = p->piece, left = axis->extent.size%p->piece;
		cw(text->out, "const ptrdiff_t count = piece < %lld ? %lld : %lld;", (long long)pieces - 1, piece, left);
		*count = "count";
	}
	return opened + 1;
}

/* --- what follows on the tile --- */

static const char *tail_bound(Text *text, const char *var, int64_t tiles, int64_t full, int64_t last)
{
	if (tiles == 1) return tile_number(text->arena, last);
	if (full == last) return tile_number(text->arena, full);
	return arena_format(text->arena, "(%s < %lld ? %lld : %lld)", var, (long long)tiles - 1, (long long)full, (long long)last);
}

/* along rows of the batch: those of another share are not to be written */
static const char *row_bound(Text *text, const Axis *axis, const char *var, int64_t tiles, int64_t full, int64_t last)
{
	if (!axis || !axis->extent.rows || !text->packed.plan->shares || full == 1) return tail_bound(text, var, tiles, full, last);
	const char *live = dim_text(text->arena, axis->extent), *whole = tile_number(text->arena, tiles == 1 ? last : full);
	if (tiles > 1) live = arena_format(text->arena, "%s - %s*%lld", live, var, (long long)full);
	return arena_format(text->arena, "(%s < %s ? %s : %s)", live, whole, live, whole);
}

static void epilogue(Text *text, const char *c)
{
	const Product *p = &text->packed;
	CWriter *out = text->out;
	Memo *outside = text->scope->memos;
	Index place[MAX_RANK];
	memcpy(place, text->place, sizeof place);
	const Axis *column = &text->product->columns.axis[p->columns.count - 1];
	bool across = column->out != p->result.rank - 1;
	int64_t width = row_width(p), rest = column->extent.size - (p->blocks - 1)*width;
	int j = scope_var(text->scope, "j", width), r = scope_var(text->scope, "r", p->q), d = scope_var(text->scope, "d", p->p);
	const char *columns = tail_bound(text, "block", p->blocks, width, rest), *rows = row_bound(text, row_axis(p, 0), "along", p->q_tiles, p->q, last_q(p));
	Index element = index_var(j, 1);
	int opened = 2;
	place[column->out] = index_add(place[column->out], index_var(j, p->by[column->out]), 1);
	if (across) nest_for(out, "j", "0", columns);
	if (p->p > 1) {
		const Axis *axis = &p->rows.axis[p->rows.count - 2];
		nest_for(out, "d", "0", row_bound(text, axis, "down", p->p_tiles, p->p, p->p));
		opened++;
		place[axis->out] = index_add(place[axis->out], index_var(d, p->by[axis->out]), 1);
		element = index_add(element, index_var(d, width*p->q), 1);
	}
	if (across) cw(out, "PRAGMA(omp simd)");
	nest_for(out, "r", "0", rows);
	if (p->rows.count) {
		const Axis *axis = &p->rows.axis[p->rows.count - 1];
		place[axis->out] = index_add(place[axis->out], index_var(r, p->by[axis->out]), 1);
	}
	element = index_add(element, index_var(r, width), 1);
	if (!across) {
		cw(out, "PRAGMA(omp simd)");
		nest_for(out, "j", "0", columns);
	}
	scope_give(text->scope, p->step->anchor, &p->result, place, arena_format(text->arena, "%s[%s]", c, index_text(text->scope, &element)));
	scope_stores(text->scope, &p->result, place);
	for (int i = 0; i < opened; i++) cw(out, "}");
	text->scope->memos = outside;
}

/* --- the three forms --- */

static long long tile_numbers(const Product *p) { return (long long)p->p*p->q*row_width(p); }

static long long tiles(const Text *text)
{
	long long count = 1;
	for (int i = 0; i < text->levels; i++) count *= text->level[i].size;
	return count;
}

static void emit_at_once(Text *text)
{
	open_levels(text, text->threads ? "omp parallel for" : "");
	const Product *p = &text->packed; /* a shorter last tile leaves rows of c as they are: none of them is read */
	bool whole = p->q_tiles == 1 || last_q(p) == p->q;
	cw(text->out, "real c[%lld]%s;", tile_numbers(p), whole ? "" : " = {0}");
	const char *count = dim_text(text->arena, inner_sum(&text->packed, text->packed.inner - 1)->extent);
	call_tile(text, text->a_at, text->b_at, "c", count);
	epilogue(text, "c");
	close_levels(text);
}

static const char *kept_tile(Text *text)
{
	Index at = index_add(index_constant(0), text->item, tile_numbers(&text->packed));
	return arena_format(text->arena, "kept + %s", index_text(text->scope, &at));
}

static void emit_rounds(Text *text)
{
	CWriter *out = text->out;
	Index a = text->a_at, b = text->b_at;
	const char *count;
	cw(out, "real *const kept = (real *)(%s); /* %lld tiles */", scratch_text(text->packed.plan, text->kept), tiles(text));
	cw(out, "memset(kept, 0, %zu);", text->packed.kept);
	if (text->threads) cw(out, "PRAGMA(omp parallel)");
	cw(out, "{");
	int opened = open_sums(text, &a, &b, &count, false);
	open_levels(text, text->threads ? "omp for" : "");
	call_tile(text, a, b, kept_tile(text), count);
	close_levels(text);
	for (int i = 0; i < opened; i++) cw(out, "}");
	cw(out, "}");
	open_levels(text, text->threads ? "omp parallel for" : "");
	cw(out, "const real *const c = %s;", kept_tile(text));
	epilogue(text, "c");
	close_levels(text);
}

static void emit_slabs(Text *text)
{
	CWriter *out = text->out;
	Index a = text->a_at, b = text->b_at;
	const Axis *axis = &text->packed.sums.axis[0];
	const char *count, *live = dim_text(text->arena, axis->extent);
	long long size = tile_numbers(&text->packed), all = tiles(text)*size;
	const char *place = scratch_text(text->packed.plan, text->kept);
	cw(out, "real *const kept = (real *)(%s); /* %lld tiles in %d slabs, added in their order */", place, tiles(text), SLABS);
	if (text->threads) cw(out, "PRAGMA(omp parallel for schedule(static))");
	nest_for(out, "slab", "0", tile_number(text->arena, SLABS));
	cw(out, "const ptrdiff_t first = %s*slab/%d, end = %s*(slab + 1)/%d;", live, SLABS, live, SLABS);
	open_levels(text, "");
	cw(out, "real *const c = %s + slab*%lld;", kept_tile(text), all);
	cw(out, "memset(c, 0, %lld*sizeof(real));", size);
	int opened = open_sums(text, &a, &b, &count, true);
	call_tile(text, a, b, "c", count);
	for (int i = 0; i < opened; i++) cw(out, "}");
	close_levels(text);
	cw(out, "}");
	open_levels(text, "");
	cw(out, "real *const c = %s;", kept_tile(text));
	cw(out, "for (int slab = 1; slab < %d; slab++) {", SLABS);
	cw(out, "for (int i = 0; i < %lld; i++) c[i] += c[slab*%lld + i];", size, all);
	cw(out, "}");
	epilogue(text, "c");
	close_levels(text);
}

static void emit_nothing(Text *text)
{
	const Product *p = text->product;
	Index place[MAX_RANK];
	for (int k = 0; k < p->result.rank; k++) {
		const Axis *axis = &p->rows.axis[k];
		int var = add_level(text, arena_format(text->arena, "i%d", k), dim_text(text->arena, axis->extent), axis->extent.size);
		place[k] = index_constant(p->start[k]);
		if (var >= 0) place[k] = index_add(place[k], index_var(var, p->by[k]), 1);
	}
	open_levels(text, "");
	scope_give(text->scope, p->step->anchor, &p->result, place, "0");
	scope_stores(text->scope, &p->result, place);
	close_levels(text);
}

void product_emit(CWriter *out, const Product *product, size_t scratch)
{
	Text text = {.out = out, .arena = out->arena, .product = product, .packed = *product, .at = scratch};
	text.scope = scope_new(out, product->plan, product->step);
	text.threads = worth_threads(product->plan, product->cost);
	for (int k = 0; k < product->result.rank; k++) text.place[k] = index_constant(product->start[k]);
	if (product->nothing) {
		emit_nothing(&text);
		return;
	}
	const char *a = product->a.padded ? tile_pad(&text, &product->a, product->copy_a, "padded_a") : base(&text, &product->a);
	const char *b = product->b.padded ? tile_pad(&text, &product->b, product->copy_b, "padded_b") : base(&text, &product->b);
	cw(out, "const real *const a = %s, *const b = %s;", a, b);
	text.a = "a";
	text.b = product->pack ? tile_pack(&text, product->packed) : "b";
	text.kept = tile_take(&text, product->kept);
	make_levels(&text);
	if (product->slabs) emit_slabs(&text);
	else if (product->accumulate) emit_rounds(&text);
	else emit_at_once(&text);
}
