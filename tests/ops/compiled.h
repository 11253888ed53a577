/* compiled.h: the programs that the tests of generated C run: what they compute, and what must come out. */
#ifndef COMPILED_H
#define COMPILED_H
#include "op_test.h"

enum { MAX_OUTPUTS = 24, LIVE = 3 };
extern const int live_rows[LIVE]; /* 4, 3, 1 */

/* A program: an op case with its gradients, or an update of variables. Its inputs are float numbers, so that float and double
 * programs start from the same. */
typedef struct Check {
	const char *family, *name;
	const OpCase *op_case;
	void (*update)(Program *program, Network *network); /* instead of op_case: adds outputs and assignments */
	int output_count; /* and then the assigned variables */
	Tensor expected[LIVE][MAX_OUTPUTS]; /* by live rows; shapes are live */
} Check;

/* All cases of all families, those that only kernels need, and updates. */
Check *checks_all(Arena *arena, int *count);
/* The program of a check; new variables are added to network. */
Program *check_program(Context *context, const Check *check, const char *name, Network *network);
/* The values of inputs and of variables before the program runs, of all rows. */
void check_fill(Graph *graph, Inputs *inputs, int64_t rows, Arena *arena, Feed *feed);
/* Evaluates everything that must come out. */
void check_expect(Arena *arena, Check *check);

/* cases.c: products, sums and folds of the sizes that kernels' branches ask for */
extern const OpFamily kernel_cases;
typedef struct Update {
	const char *name;
	void (*make)(Program *program, Network *network);
} Update;
extern const Update updates[];
extern const int update_count;
/* A variable of the network, filled like an input of its path. */
Node *update_variable(Program *program, Network *network, const char *path, const char *shape);
void update_assign(Program *program, Node *variable, Node *next);
void update_output(Program *program, const char *name, Node *node);

#endif
