/* pass.h: the passes over a program's graph. Each takes the program and leaves an equivalent one: outputs and assignments are
 * replaced, old nodes stay as they were. Every pass is a file with its contract in its first lines. */
#ifndef PASS_H
#define PASS_H
#include "ops/ops.h"

void pass_fold(Context *context, Program *program); /* constants, neutral elements, moves that move nothing */
void pass_share(Context *context, Program *program); /* common subexpressions; draws never */
void pass_algebra(Context *context, Program *program); /* sums and factors: changes last bits, always applied */
/* all of them, repeated until nothing changes; dead code falls away as roots are walked */
void pass_simplify(Context *context, Program *program);

#endif
