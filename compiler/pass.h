/* pass.h: the passes over a program's graph. Each takes the program and leaves an equivalent one: outputs and assignments are
 * replaced, old nodes stay as they were; true if anything changed. Every pass is a file with its contract in its first lines. */
#ifndef PASS_H
#define PASS_H
#include "ops/ops.h"

/* Rebuilds the graph, oldest node first: a node whose arguments were replaced is made again, and rule gives its replacement, or
 * NULL to keep it; a replacement is offered to the rule again. New nodes take place, layer and phase of the node that they
 * replace. Bodies of scans are rewritten too, each before its scan; `graph` is then the body's. True if anything was replaced. */
typedef Node *PassRule(Graph *graph, Node *node, void *user);
bool pass_rewrite(Program *program, PassRule *rule, void *user);
bool pass_rewrite_roots(Graph *graph, Node **roots, int root_count, PassRule *rule, void *user); /* NULL roots are skipped */
/* outputs and assignments; *count receives how many */
Node **pass_roots(Arena *arena, const Program *program, int *count);
void pass_set_roots(Program *program, Node **roots); /* as many, in that order */
bool is_number(const Node *node); /* a constant, the same value at every place */
bool is_value(const Node *node, double value);

bool pass_fold(Context *context, Program *program); /* constants, neutral elements, moves that move nothing */
bool pass_constants(Context *context, Program *program); /* what depends on no input, variable or draw is computed, if small */
bool pass_share(Context *context, Program *program); /* common subexpressions; draws never */
bool pass_scan(Context *context, Program *program); /* scans keep the states, items and results that are needed */
bool pass_tables(Context *context, Program *program); /* products of a table's rows */
bool pass_hoist(Context *context, Program *program); /* what a scan need not do step by step is done for all steps at once */
bool pass_algebra(Context *context, Program *program); /* sums and factors: changes last bits, always applied */
bool pass_windows(Context *context, Program *program); /* folds that are sums over windows: changes last bits, always applied */
bool pass_masks(Context *context, Program *program); /* of predictions, where they read what no prediction reads */
/* all of them, repeated until nothing changes; dead code falls away as roots are walked */
bool pass_simplify(Context *context, Program *program);

#endif
