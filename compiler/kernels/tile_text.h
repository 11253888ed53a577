/* tile_text.h: what the files that write a tile's C share. */
#ifndef TILE_TEXT_H
#define TILE_TEXT_H
#include "tile.h"

enum { MAX_NEST = 2*MAX_AXES + 4 };

typedef struct Level { /* a loop around the tile */
	const char *var, *bound;
	int64_t size;
} Level;

typedef struct Text {
	CWriter *out;
	Arena *arena;
	const Product *product;
	Product packed; /* b's steps after packing */
	const char *a, *b; /* base pointers */
	size_t at; /* next free byte of scratch */
	Scope *scope;
	Level level[MAX_NEST];
	int levels;
	Index a_at, b_at; /* of the tile's first element */
	Index place[MAX_RANK]; /* of the tile's first element in the result */
	Index item; /* number of the tile */
	bool threads;
	int p_var, q_var, block_var;
	size_t kept;
} Text;

/* tile_copy.c: bytes of scratch; a copy of an operand with zeros around it; b in the order in which the tile reads it. Both
 * write the loops that make the copy and return the name of the pointer to read from. */
size_t tile_take(Text *text, size_t bytes);
const char *tile_pad(Text *text, const Operand *operand, size_t bytes, const char *name);
const char *tile_pack(Text *text, size_t bytes);
/* "12" */
const char *tile_number(Arena *arena, int64_t value);

#endif
