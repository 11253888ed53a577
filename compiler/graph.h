/* graph.h: the primitive tensor graph. Nodes are made by the constructors of ops/ops.h and never change afterwards;
 * arguments are older than the nodes that use them, so ids are a topological order. One graph a program. */
#ifndef GRAPH_H
#define GRAPH_H
#include "diag.h"

enum { MAX_RANK = 12, MAX_WINDOW = 3, MAX_SCANS = 3 }; /* scans: one in the other */

/* A dimension. rows > 0: it is `rows` times the batch, `size` at most (rows × N), rows × n live in a short last batch. */
typedef struct Dim {
	int64_t size, rows;
} Dim;

typedef struct Shape {
	int rank;
	Dim dim[MAX_RANK];
} Shape;

typedef struct Op Op; /* ops/ops.h: one for each primitive */
typedef struct Node Node;
typedef struct Graph Graph;
typedef struct Body Body;

/* What a variable is for; the order is the order in the state block and in a checkpoint. */
typedef enum Role { ROLE_WEIGHT, ROLE_STATE, ROLE_CARRIED, ROLE_SCALAR, ROLE_SLOT } Role;

/* A weight, a state (moving statistics), a state that is carried from batch to batch, a row a sample, a run-time scalar of an
 * optimizer, or an optimizer's slot. Shared by the programs. */
typedef struct Variable {
	const char *path; /* "conv2d_1/kernel", "train/conv2d_1/kernel/m", "train/learning_rate" */
	const char *layer; /* the owner's path, "conv2d_1"; the weight's path for a slot */
	Role role;
	bool trainable;
	Shape shape; /* holds the batch, of the training programs, if it is carried; else never */
	Place place;
	int index; /* in Network.variables */
	size_t offset; /* in numbers from the start of the state: given by the plan */
} Variable;

/* Windows: input place = output place·stride + tap·dilation − low, over the axes axis, axis+1, .. */
typedef struct Window {
	int axis, rank;
	int64_t size[MAX_WINDOW], stride[MAX_WINDOW], dilation[MAX_WINDOW], low[MAX_WINDOW], high[MAX_WINDOW];
	double fill;
} Window;

/* What a node takes from a scan: a state after the last step; a value of every step, or a state before the first step
 * and after every step, along a first axis that is time. */
typedef enum ResultKind { RESULT_LAST, RESULT_STACK, RESULT_HISTORY } ResultKind;

/* The static arguments of a primitive; each op uses the few that it names in ops/ops.h. Unused ones are 0. */
typedef struct Attributes {
	double value; /* const */
	const double *data; /* const: the values, row by row; NULL: every element is `value` */
	Variable *variable; /* variable */
	const char *name; /* input: "data.image", "step" */
	int stream; /* uniform: the number of the draw in its program, by textual position */
	int axis; /* slice, pad, concat */
	unsigned axes; /* sum, amax, argmax: a bit an axis */
	int64_t start; /* slice */
	int64_t low, high; /* pad, with `value` */
	int order[MAX_RANK]; /* transpose: result axis i is argument axis order[i] */
	Window window; /* unfold, fold */
	char a[MAX_RANK + 1], b[MAX_RANK + 1], o[MAX_RANK + 1]; /* contract: "nhwklc", "klco", "nhwo" */
	Body *body; /* scan */
	ResultKind result; /* result: of the carried value, or the stacked value, number `which` of the body */
	int which;
} Attributes;

typedef enum Phase { PHASE_FORWARD, PHASE_GRADIENT, PHASE_UPDATE } Phase;

/* What a definition was called with, so that a loss can find the logits under a sigmoid: see peel */
typedef struct Origin {
	const char *function;
	Node *argument;
	struct Origin *next;
} Origin;

struct Node {
	int id, arg_count;
	const Op *op;
	Node **args;
	Node *own_args[3]; /* what args points to, when they are so few */
	Shape shape;
	Attributes at;
	/* where it comes from: for messages, names and comments; no meaning */
	Place place;
	const char *layer; /* path of the layer whose call made it, "" outside */
	Phase phase;
	/* facts that the language keeps beside a tensor */
	Node *mask;
	Origin *origin;
	bool integer;
};

struct Graph {
	Context *context;
	Node **nodes; /* every node made, by id */
	int count, capacity;
	int64_t batch; /* N */
	int streams; /* draws made so far */
	Node **leaves; /* inputs and variables, hashed by name: a table of leaf_capacity places */
	int leaf_count, leaf_capacity;
	const struct Expr **derivatives; /* of elementwise primitives, parsed when first needed */
	Body *body; /* whose graph it is; NULL: a program's */
	/* stamped on new nodes */
	Place place;
	const char *layer;
	Phase phase;
};

/* What one step of a recurrence computes: a graph of its own, whose leaves are the states when the step begins, this step's
 * items of sequences (time is their first axis), and values that are the same at every step. The scan's arguments are what
 * the states start from, the sequences and the fixed values, in the order of the leaves. */
struct Body {
	Graph *graph, *outer;
	int64_t steps;
	bool reverse; /* from the last item to the first; stacked values keep the order of the items */
	bool closed; /* the scan is made: no more leaves */
	Node **carried, **next; /* a state when the step begins, and when it ends */
	Node **items, **fixed;
	Node **stacked; /* values that results stack over time; NULL: no longer */
	Node **starts, **sequences, **captured; /* of the outer graph, until the scan is made */
	int carried_count, item_count, fixed_count, stacked_count;
	int carried_capacity, item_capacity, fixed_capacity, stacked_capacity;
	int start_capacity, sequence_capacity, captured_capacity;
};

Graph *graph_new(Context *context, int64_t batch);
bool graph_holds(const Graph *graph, const Node *node);

/* shapes */
Shape shape_of(int rank, const int64_t *sizes); /* no batch axis */
int64_t shape_count(const Shape *shape); /* elements at most; overflow is caught where shapes are made */
int64_t shape_rows(const Shape *shape); /* how many times the batch is a factor: 0, or the rows of the batch axis */
bool shape_equal(const Shape *a, const Shape *b);
Shape shape_for(const Shape *shape, int64_t batch); /* the same in a program of another batch */
/* What every shape keeps to: rank, sizes, one batch axis at most, no overflow. Reports at graph->place. */
bool shape_check(Graph *graph, const Shape *shape);
const char *shape_text(Arena *arena, const Shape *shape); /* "[batch, 3, 2*batch]" */

/* The low-level maker that constructors use: copies args, stamps place, layer and phase. */
Node *graph_node(Graph *graph, const Op *op, Node **args, int arg_count, Shape shape, const Attributes *at);
void graph_stamp_as(Graph *graph, const Node *node); /* new nodes come from where this one does */
void graph_restamp(Graph *graph, const Graph *as); /* .. from where those of a graph do; of a copy: as they did before */
void node_stamp_as(Node *made, const Node *node);

/* Nodes that roots need, oldest first; *count receives how many. NULL roots are skipped. */
Node **graph_order(Arena *arena, Node **roots, int root_count, int *count);

/* A program: one straight line. Its roots are the outputs, and the values that variables take at its end. */
typedef struct Output {
	const char *name; /* "loss", "y", "term kl", "gradient dense/kernel" */
	Node *node;
	bool mask; /* which places of another output count */
} Output;
typedef struct Assignment {
	Variable *variable;
	Node *node;
} Assignment;
typedef struct Program {
	const char *name; /* "initialize", "train", "evaluate", "predict", "gradients" */
	bool training;
	int every, times; /* of steps in turn: it runs in each `every`th turn, `times` times; 0: as 1 */
	Graph *graph;
	Output *outputs;
	int output_count, output_capacity;
	Assignment *assignments;
	int assignment_count, assignment_capacity;
} Program;

/* A row of the summary: a layer call of the model, in order. */
typedef struct LayerRow {
	const char *name, *type; /* "conv2d_1", "Conv2D" */
	Shape output;
	int64_t parameters, trainable; /* the layer's own, counted once */
	Place place;
} LayerRow;

/* All that a spec means: the programs over one set of variables. */
/* An output of the first model. */
typedef struct Predicted {
	const char *name; /* "y", or what `outputs:` calls it */
	const char *loss; /* NULL: none */
	const char *task; /* what the loss says that it is; NULL: nothing */
	bool reads_classes; /* the loss compares it with class numbers */
	bool logits; /* the loss takes it from_logits, and no sigmoid or softmax made it */
	double weight; /* of its loss */
	int label; /* the field of the data, -1: none */
} Predicted;

typedef struct Network {
	Variable **variables; /* weights and states in the order of creation, then scalars, then slots */
	int variable_count, variable_capacity;
	Program **programs;
	int program_count, program_capacity;
	Program **others; /* predict of the other models than the first, which nobody runs: for the summary */
	int other_count;
	LayerRow *layers;
	int layer_count, layer_capacity;
	bool averaged; /* weights end as their moving averages: use_ema */
	bool stateful; /* training carries states from batch to batch */
	bool continues; /* it predicts the token after each; step by step, if there is a program generate */
	double learning_rate; /* the initial value of train/learning_rate is its own init; kept here for the summary */
	const char *optimizer; /* as the spec has it, for reports: "Adam(1e-3)"; NULL without train */
	const char *loss; /* for reports */
	Predicted *outputs;
	int output_count;
} Network;

#endif
