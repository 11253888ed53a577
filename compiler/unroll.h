/* unroll.h: --unroll=full. */
#ifndef UNROLL_H
#define UNROLL_H
#include "util.h"

enum { UNROLL_BUDGET = 20000 }; /* statements; gcc takes about a minute for as many */

/* The statements that body has when every loop with constant bounds is written out. */
double unroll_count(const char *body);
/* body with these loops written out, indexes added up. Loops over live rows stay. */
const char *unroll_text(Arena *arena, const char *body);

#endif
