/* kernel.h: how pieces of a graph are computed. A *step* is a group of nodes that one generated function computes: an anchor (a
 * contraction, a reduction, a fold ..) with the elementwise nodes that follow it, or elementwise nodes alone. Nodes that
 * are neither stored nor in a step are computed where they are read. A *kernel* says which steps it can compute, what
 * that would cost, what private memory it needs, and writes the C. One file an algorithm; a file of this folder that defines
 * kernel_NAME registers itself by existing. (kernel.c and scope.c are what they share.) */
#ifndef KERNEL_H
#define KERNEL_H
#include "../cwriter.h"
#include "../ops/ops.h"

/* What the C is made for. */
typedef struct Target {
	const char *name; /* "avx512", "avx2", "generic", "portable" */
	int vector_bytes; /* 0: no vector types */
	int registers; /* vector registers */
	const char *guard; /* the macro that must be defined, or NULL */
	int number_size; /* 4 or 8 */
	int lanes; /* numbers in a vector, 1 for portable */
	bool full; /* --unroll=full: no loops but those over the batch */
	const char *without; /* tests: a kernel that is not to be chosen, or NULL */
	int64_t shares; /* tests: rows of a recurrence fall into so many shares, however little work it is; 0: as it pays */
} Target;

/* Where a stored value lives. Outer: in the work area, but the plan around gives it its place. */
typedef enum Space { SPACE_NONE, SPACE_STATE, SPACE_WORK, SPACE_TABLE, SPACE_OUTER } Space;
typedef enum Turn { TURN_TIME, TURN_EVEN, TURN_ODD } Turn; /* a place moves by time, by time mod 2, by (time + 1) mod 2 */
typedef struct Location {
	Space space;
	size_t offset; /* state: in numbers; work: in bytes; table: index of the constant */
	struct Stride {
		size_t bytes;
		Turn turn;
	} stride[MAX_SCANS]; /* by the time of the scans around, outermost first */
	size_t row_bytes, share_bytes; /* by the first row of the share, by the share: where the plan has shares */
} Location;

typedef struct Kernel Kernel;
typedef struct Plan Plan;

/* Functions that several steps call: each text once. */
typedef struct Helper {
	const char *name, *comment, *text; /* text: arguments and body */
} Helper;
typedef struct Helpers {
	Helper *items;
	int count, capacity;
} Helpers;

typedef struct Step {
	const Kernel *kernel;
	Node *anchor; /* NULL: elementwise nodes alone */
	Node *inner; /* a contraction that the anchor (a fold) swallows, or NULL */
	Node *twin; /* an argmax computed beside the anchor, an amax of the same thing, or NULL */
	Node **nodes; /* computed here, oldest first, anchor, inner and twin included */
	int count, capacity;
	Node **stores; /* whose values are written, oldest first */
	int store_count;
	Shape space; /* what the elementwise part runs over: the anchor's shape, or the first node's */
	double cost; /* estimated nanoseconds on one core */
	size_t scratch_bytes, scratch_offset; /* private memory in the work area */
	int index; /* place in the program's order */
	const char *name; /* of the function */
	Plan *body; /* of a scan: the steps of one time step */
	size_t turns_bytes; /* of a scan: states of which only two are kept, at the beginning of its scratch */
	const char *arguments; /* of the function, as they are called, without the time of its own plan; `timed`: that is the last */
	bool timed;
} Step;

struct Kernel {
	const char *name, *about;
	/* estimated nanoseconds on one core; negative: not a step for this kernel */
	double (*cost)(const Plan *plan, const Step *step);
	size_t (*scratch)(const Plan *plan, const Step *step); /* bytes, or NULL: none */
	void (*emit)(CWriter *out, const Plan *plan, const Step *step);
	bool sealed; /* elementwise nodes cannot follow its anchor in the same step */
};

extern const Kernel *const kernels[]; /* generated; ends with NULL */

/* The nodes that a walk over the graph has met; the next walk begins with none, at no cost. */
typedef struct Marks {
	unsigned *walk_of, walk; /* by node id */
} Marks;
void marks_clear(Marks *marks);
bool marks_meet(Marks *marks, const Node *node); /* false: this walk has met it before */

/* A program with everything decided but its text. */
struct Plan {
	Context *context;
	const Program *program;
	const Target *target;
	Node **order; /* nodes the roots need, oldest first */
	int count;
	Marks *marks; /* of one walk at a time */
	int *step_of; /* by node id: index of the step that computes it, -1: none (leaves, views, computed where read) */
	Location *location; /* by node id */
	Step **steps; /* in the order of execution */
	int step_count, step_capacity;
	Node **tables; /* constants with data, by table index */
	int table_count, table_capacity;
	bool *in_place; /* by assignment: the step writes the variable itself */
	bool copied; /* no order lets all of them be: the new values are stored first, and what writes the variables are copies */
	size_t work_bytes;
	Helpers *helpers; /* functions that steps share, of the whole file */
	Node *checked; /* the loss: steps that write state come after it was seen to be finite; NULL: none */
	/* of the body of a scan */
	const Plan *outer; /* NULL: a program's */
	Node *scan;
	int depth; /* scans around */
	/* The rows of the batch fall into so many shares, and a call of a step computes one of them; 0: it computes all rows. What the
	 * plan keeps in memory of its own is there once a share, share_bytes apart. */
	int64_t shares;
	size_t share_bytes;
};

extern const char *const time_names[MAX_SCANS]; /* the variables of C that count time, outermost first */

/* The name of the function `static void NAME(arguments)` + body: the name is hint, numbered where another body has it. */
const char *helper(const Plan *plan, const char *hint, const char *comment, const char *arguments, const char *body);

/* --- what kernels share (scope.c) ------------------------------------------------------------------------------- */

/* A loop variable, 0 .. size-1 (size for full batches). */
typedef struct Var {
	const char *name;
	int64_t size;
	bool outside; /* of the innermost loop */
} Var;

/* constant + Σ by·var */
enum { MAX_TERMS = 10 };
typedef struct Index {
	int64_t constant;
	int count;
	struct Term {
		int var;
		int64_t by;
	} term[MAX_TERMS];
} Index;

/* The inside of a loop nest while it is written. */
typedef struct Memo {
	const Node *node;
	Index flat; /* the element's place in memory, were it stored */
	const char *text;
	struct Memo *next;
} Memo;
/* A place that does not fall apart into axes: two variables hold its quotient and remainder. */
typedef struct Division {
	Index flat;
	int64_t size;
	int quotient, remainder;
	struct Division *next;
} Division;

/* The number of a table's row, held in a variable outside of the innermost loop. */
typedef struct Row {
	const Node *index;
	Index flat;
	int64_t rows;
	const char *name;
	struct Row *next;
} Row;

typedef struct Scope {
	const Plan *plan;
	const Step *step;
	Arena *arena;
	CWriter *out; /* where temporaries go; NULL: only counting */
	Var *vars;
	int var_count, var_capacity;
	struct Division *divisions; /* made so far */
	Memo *memos; /* what was computed at a place already */
	Row *rows;
	CPlace before; /* the innermost loop */
	bool nested; /* it is there */
	int temporaries;
	int awkward; /* quotients, remainders and guards that were needed */
	int guarded; /* inside a branch: nothing may be written before it */
} Scope;

Scope *scope_new(CWriter *out, const Plan *plan, const Step *step);
int scope_var(Scope *scope, const char *name, int64_t size);
Index index_constant(int64_t constant);
Index index_var(int var, int64_t by);
Index index_add(Index a, Index b, int64_t times); /* a + times·b */
/* so many places along an axis, as an index: along the batch they are whole batches, and count live rows */
Index index_places(Scope *scope, Dim axis, int64_t places);
const char *index_text(const Scope *scope, const Index *index);
int64_t index_max(const Scope *scope, const Index *index);
int64_t index_min(const Scope *scope, const Index *index);
int64_t index_by(const Index *index, int var); /* the coefficient of var */
/* indexes of a shape's axes when `flat` counts its elements, or when other indexes of another shape of as many elements do */
void index_reshape(Scope *scope, const Shape *from, const Index *at, const Shape *to, Index *result);
/* The place of an element in memory: row-major. */
Index index_flat(const Shape *shape, const Index *at);

/* The value of node at a place, as a C expression; temporaries are written before it. */
const char *scope_value(Scope *scope, Node *node, const Index *at);
/* From here on the value of node at this place is text (an accumulator, an element of a tile). */
void scope_give(Scope *scope, const Node *node, const Shape *shape, const Index *at, const char *text);
/* The stored element as an lvalue. */
const char *scope_element(Scope *scope, const Node *node, const Index *at);
/* Writes the stores of the step at a place: "y[...] = ...;" */
void scope_stores(Scope *scope, const Shape *shape, const Index *at);
/* Pointers to everything stored that these nodes are computed from in this step. */
void node_pointers(CWriter *out, const Plan *plan, const Step *step, Node **nodes, int count);
/* "(real *)(work + 64 + t*512)"; NULL of a table */
const char *location_text(Arena *arena, Location at, bool writes);
/* What another value stands in the memory of, *first numbers behind its beginning: below reshapes and pieces of a first axis. */
Node *same_memory(Node *node, int64_t *first);
/* Pointers to everything stored that the step reads or writes: "const nn_real *const x = work + 64; [comment]" */
void step_pointers(CWriter *out, const Plan *plan, const Step *step);
const char *pointer_name(const Plan *plan, const Node *node);
const Variable *written_variable(const Plan *plan, const Node *node); /* whose next value node is, in its place; NULL: none */

/* "12", "n*49": how many places of a dimension are live */
const char *dim_text(Arena *arena, Dim dim);
/* As many values, in the same order? */
bool same_places(const Shape *a, const Shape *b);
/* Is so much work, in estimated nanoseconds on one core, worth waking other threads for? Never where shares have threads. */
bool worth_threads(const Plan *plan, double nanoseconds);
int64_t share_rows(const Plan *plan); /* rows of the batch that a call of a step computes at most */
Dim live_dim(const Plan *plan, Dim dim); /* as many places of it as that is */
const char *scratch_text(const Plan *plan, size_t offset); /* "work + 64", "work + 64 + share*4096" */
/* A view that is an affine map of something stored: where element 0 is and what each axis steps by. False: it is not. */
bool affine_view(const Plan *plan, Node *view, Node **stored, int64_t *offset, int64_t *strides);
bool is_view(const Node *node);
bool is_stored(const Plan *plan, const Node *node);
double step_loads(const Plan *plan, const Step *step); /* bytes read and written, for cost estimates */
double scan_cost(const Step *step); /* of all its time steps */
int64_t scan_round(const Step *step); /* how many times stand in a round of the loop of a scan; all of them: there is no loop */
const char *scan_about(Arena *arena, const Step *step); /* "64 steps, 8 a round, rows in 4 shares" */

#endif
