/* tile.h: a contraction seen as a nest of loops around a register tile: rows x vectors of the result held in registers while the
 * contracted axes are run through. "a" is the operand whose numbers are spread over a vector, "b" the one that is read as
 * vectors. Both are affine in the loop variables, so a convolution is a contraction without its windows being stored. */
#ifndef TILE_H
#define TILE_H
#include "nest.h"

enum { MAX_AXES = MAX_RANK, SLABS = 8 };

/* An axis of the nest: what one step along it moves in a, in b, and which axis of the result it is (-1: it is summed). */
typedef struct Axis {
	Dim extent;
	int64_t a, b;
	int out;
} Axis;

typedef struct Axes {
	Axis axis[MAX_AXES];
	int count;
} Axes;

/* Memory that an operand is read from. */
typedef struct Operand {
	Node *stored; /* the node itself, or the source of a padded copy */
	int64_t offset;
	/* a padded copy in scratch: NULL pad[] means the stored node is read in place */
	bool padded;
	Shape copy; /* the copy's shape */
	int64_t low[MAX_RANK]; /* where the source begins in it */
} Operand;

/* One product: result[place] = Σ a·b, with everything decided. A fold with strides is several, one a residue class. */
typedef struct Product {
	const Plan *plan;
	const Step *step;
	Operand a, b;
	Shape result; /* neighbouring axes joined where all agree */
	int64_t start[MAX_RANK], by[MAX_RANK]; /* place along a result axis = start + by·index */
	Axes both, rows, columns, sums; /* in a, b and the result; in a and the result; in b and it; in a and b */
	Axes single_sums; /* the sums before neighbours in a were joined: b may step otherwise along each */
	/* the register tile: p x q rows of the last row axes, vectors along the last column axis */
	int p, q, vectors;
	int64_t p_tiles, q_tiles, blocks; /* how many tiles along each */
	/* sums: the innermost `inner` axes run inside the tile, split: the outermost of those in pieces of `piece` places */
	int inner;
	int64_t piece;
	bool pack; /* b is copied into [block][sums][vectors] first */
	bool accumulate, slabs; /* tiles are kept in memory between rounds; in SLABS parts that are added at the end */
	bool columns_inside; /* the blocks of columns run inside the tiles of rows */
	bool nothing; /* no tap reaches these places: the sum is 0; rows holds the axes of the result */
	double cost;
	size_t copy_a, copy_b, packed, kept; /* bytes of scratch */
} Product;

typedef struct Letters { /* what a contraction's letter steps by */
	char name[2*MAX_RANK];
	Dim extent[2*MAX_RANK];
	int64_t step[2][2*MAX_RANK]; /* in operand 0 and 1; where[side]: is it there at all */
	bool where[2][2*MAX_RANK];
	int out[2*MAX_RANK]; /* axis of the contraction's result, -1 */
	int count;
	Operand operand[2];
} Letters;

/* The letters of a contraction; false: an operand is not an affine view of memory. */
bool tile_read_letters(const Plan *plan, const Node *contract, Letters *letters);
/* Sorts letters into the axes of a product whose side `vector` is read as vectors. */
void tile_sort_axes(const Letters *letters, int vector, Product *product);
/* Joins axes, chooses the tile and estimates the cost; false: no tile fits. */
bool tile_finish_product(Product *product);
/* tile_fold.c: the products of a fold of a contraction, one a residue class of its strides; 0: no tile fits. */
enum { MAX_PRODUCTS = 64 };
int tile_fold(const Plan *plan, const Step *step, Product *products);

int64_t axes_places(const Axes *axes);
int row_width(const Product *product); /* numbers in a row of the tile */

/* tile_text.c */
void product_emit(CWriter *out, const Product *product, size_t scratch);

#endif
