/* ops.h: the primitives. One family a file; a file of this folder that defines an OpFamily registers itself by existing
 * (the Makefile writes the list). A family's file holds all that is known of it: shape rule, gradient, naive evaluation in
 * double (the oracle of the tests), and test cases. How a primitive is computed fast is the business of kernels/. */
#ifndef OPS_H
#define OPS_H
#include "../graph.h"

/* How the compiler may treat an op. */
typedef enum OpKind {
	OP_LEAF, /* input variable const iota rows uniform; in the body of a scan carried item fixed */
	OP_ELEMENTWISE, /* one result for each place, operands broadcast from the right */
	OP_MOVE, /* an index map: reshape transpose broadcast slice flip pad unfold stop */
	OP_JOIN, /* concat */
	OP_REDUCE, /* sum amax argmax: axes kept as 1 */
	OP_CONTRACT,
	OP_FOLD,
	OP_INDEX, /* gather scatter */
	OP_WHOLE, /* orthonormal */
	OP_SCAN /* scan result */
} OpKind;

/* A dense value for the oracle: row-major, every dimension a plain number. */
typedef struct Tensor {
	Shape shape;
	double *data;
	struct Tensor *last, *stacked, *history; /* of a scan, by the numbers of its body's values */
} Tensor;

/* What leaves evaluate to. */
typedef struct Feed {
	int64_t rows; /* live rows of the batch */
	uint64_t seed, step;
	double epoch;
	const Tensor *(*input)(void *user, const char *name);
	const Tensor *(*variable)(void *user, const Variable *variable);
	void *user;
} Feed;

/* A case of the op tests: makes a small graph of batch 4 and returns its root. Its inputs are called "a", "b", ..; what
 * follows the first letter says what op_case_fill puts there: "a" numbers in (-1.5, 1.5) away from 0, all different;
 * "a_positive" in (0.5, 2); "a_ties" whole numbers -1, 0, 1; "a_index7" 0 .. 6 (an integer input). The batch axis, if
 * there is one, is an input's first: with fewer live rows the values of the first rows are used. */
typedef struct OpCase {
	const char *name;
	Node *(*make)(Graph *graph);
} OpCase;

struct Op {
	const char *name;
	OpKind kind;
	int arity; /* -1: any number */
	/* elementwise: the C expression in $0 $1 $2, e.g. "nn_max($0, $1)"; and what one application costs, in flops */
	const char *c_text;
	int cost;
	double (*value)(double x, double b, double c); /* elementwise: one place of the result */
	const char *derivatives[3]; /* elementwise: texts over x, b, c and y; "" for none */
	/* The shape rule. *shape holds what was asked for (reshape, broadcast, slice, fold, leaves) and receives the result;
	 * false after the user's mistake was reported at graph->place. */
	bool (*shape)(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape);
	/* fills gradients[i], the gradient of argument i, given the gradient g of the node; NULL entries: no path.
	 * wanted[i] false: need not be made. */
	void (*gradient)(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients);
	/* result.data is allocated, result.shape is live; args are evaluated */
	void (*evaluate)(const Node *node, const Tensor *args, Tensor *result, const Feed *feed);
};

typedef struct OpFamily {
	const char *name;
	const Op *const *ops;
	int op_count;
	const OpCase *cases;
	int case_count;
} OpFamily;

extern const OpFamily *const op_families[]; /* generated; ends with NULL */
const Op *op_find(const char *name); /* by name; NULL */

/* The ops that other stages need to recognise. */
extern const Op op_input, op_variable, op_const, op_iota, op_rows, op_uniform;
extern const Op op_reshape, op_transpose, op_broadcast, op_slice, op_flip, op_pad, op_concat, op_stop;
extern const Op op_scan, op_result, op_carried, op_item, op_fixed;
extern const Op op_unfold, op_fold, op_contract, op_sum, op_amax, op_argmax, op_gather, op_scatter, op_orthonormal;
/* elementwise primitives, one X-list: name, arity, cost in flops, C text, value in double (x, b, c), derivatives as texts of
 * the language over x, b, c (the arguments) and y (the result), "" for none. Piecewise ones put 0 where the derivative is meant.
 * nn_* functions are in runtime/nn_math.h, for float and double alike. */
#define OPS_ELEMENTWISE(X) \
	X(neg, 1, 1, "-$0", -x, "-1", "", "") \
	X(exp, 1, 12, "nn_exp($0)", exp(x), "y", "", "") \
	X(log, 1, 14, "nn_log($0)", log(x), "1/x", "", "") \
	X(softplus, 1, 24, "nn_softplus($0)", oracle_softplus(x), "sigmoid(x)", "", "") \
	X(sqrt, 1, 6, "nn_sqrt($0)", sqrt(x), "0.5/y", "", "") \
	X(tanh, 1, 16, "nn_tanh($0)", tanh(x), "1 - y*y", "", "") \
	X(sigmoid, 1, 16, "nn_sigmoid($0)", oracle_sigmoid(x), "y*(1 - y)", "", "") \
	X(erf, 1, 24, "nn_erf($0)", erf(x), "1.1283791670955126*exp(-x*x)", "", "") \
	X(sin, 1, 16, "nn_sin($0)", sin(x), "cos(x)", "", "") \
	X(cos, 1, 16, "nn_cos($0)", cos(x), "-sin(x)", "", "") \
	X(abs, 1, 1, "nn_abs($0)", fabs(x), "select(x < 0, -1, select(0 < x, 1, 0))", "", "") \
	X(floor, 1, 1, "nn_floor($0)", floor(x), "", "", "") \
	X(add, 2, 1, "$0 + $1", x + b, "1", "1", "") \
	X(sub, 2, 1, "$0 - $1", x - b, "1", "-1", "") \
	X(mul, 2, 1, "$0*$1", x*b, "b", "x", "") \
	X(div, 2, 5, "$0/$1", x/b, "1/b", "-y/b", "") \
	X(pow, 2, 40, "nn_pow($0, $1)", pow(x, b), "b*pow(x, b - 1)", "y*log(x)", "") \
	X(max, 2, 1, "nn_max($0, $1)", x < b ? b : x, "b < x", "1 - (b < x)", "") \
	X(min, 2, 1, "nn_min($0, $1)", b < x ? b : x, "1 - (b < x)", "b < x", "") \
	X(less, 2, 1, "nn_less($0, $1)", x < b, "", "", "") \
	X(equal, 2, 1, "nn_equal($0, $1)", x == b, "", "", "") \
	X(select, 3, 1, "nn_select($0, $1, $2)", x != 0 ? b : c, "", "x != 0", "x == 0")
#define X(name, ...) extern const Op op_##name;
OPS_ELEMENTWISE(X)
#undef X

/* Constructors. A NULL argument gives NULL (its mistake was reported); shapes that do not fit are the user's mistake:
 * reported at graph->place, result NULL. Negative axes count from the end. */
Node *make_input(Graph *graph, const char *name, Shape shape, bool integer); /* the same name gives the same node */
Node *make_variable(Graph *graph, Variable *variable); /* the same variable gives the same node */
Node *make_const(Graph *graph, double value); /* rank 0 */
Node *make_full(Graph *graph, Shape shape, double value);
Node *make_data(Graph *graph, Shape shape, const double *data);
Node *make_iota(Graph *graph, int64_t n); /* [n]: 0, 1, .. */
Node *make_rows(Graph *graph); /* rank 0: the live rows of the batch */
Node *make_uniform(Graph *graph, Shape shape, int stream); /* [0, 1); Philox keyed by seed, step, stream, row, element */
Node *make_elementwise(Graph *graph, const Op *op, Node **args);
Node *make_unary(Graph *graph, const Op *op, Node *x);
Node *make_binary(Graph *graph, const Op *op, Node *a, Node *b);
Node *make_select(Graph *graph, Node *c, Node *a, Node *b);
Node *make_reduce(Graph *graph, const Op *op, Node *x, unsigned axes);
Node *make_reshape(Graph *graph, Node *x, Shape shape);
Node *make_transpose(Graph *graph, Node *x, const int *order);
Node *make_broadcast(Graph *graph, Node *x, Shape shape);
Node *make_slice(Graph *graph, Node *x, int axis, int64_t start, Dim size);
Node *make_flip(Graph *graph, Node *x, int axis); /* the last place first */
Node *make_pad(Graph *graph, Node *x, int axis, int64_t low, int64_t high, double value);
Node *make_concat(Graph *graph, Node **xs, int count, int axis);
Node *make_stop(Graph *graph, Node *x);
Node *make_unfold(Graph *graph, Node *x, const Window *window); /* [.., n1, n2, ..] -> [.., o1, o2, k1, k2, ..] */
Node *make_fold(Graph *graph, Node *y, const int64_t *sizes, const Window *window); /* its adjoint; sizes of the folded axes */
Node *make_contract(Graph *graph, const char *a, const char *b, const char *o, Node *x, Node *y);
Node *make_gather(Graph *graph, Node *table, Node *index);
Node *make_scatter(Graph *graph, Node *index, Node *values, int64_t n);
Node *make_orthonormal(Graph *graph, Node *x); /* [m, n] -> orthonormal rows or columns, whichever are fewer */
Node *make_places(Graph *graph, const Shape *shape, int axis); /* the place along axis, every other axis 1: iota reshaped */

/* --- scans. Open a body, give it leaves, build the step in body->graph, close it. A value of an outer graph that is used
 * there becomes a fixed leaf by itself, a draw an item: every step has its own. */
Body *scan_open(Graph *outer, int64_t steps, bool reverse);
Node *scan_carried(Body *body, Node *start); /* start: of the outer graph */
Node *scan_item(Body *body, Node *sequence); /* [steps, ..] of the outer graph */
Node *scan_close(Body *body, Node **next); /* the scan; next[k] has the shape of carried k */
Node *make_last(Graph *graph, Node *scan, int carried); /* the state after the last step */
Node *make_stack(Graph *graph, Node *scan, Node *value); /* [steps, ..]: a value of the body at every step */
Node *make_history(Graph *graph, Node *scan, int carried); /* [steps + 1, ..]: the state between steps, in the order of time */
Node *scan_start(const Node *scan, int carried);
Node *scan_sequence(const Node *scan, int item);
Node *scan_captured(const Node *scan, int fixed);
/* What an item or a fixed leaf of the body is outside: a sequence, or a value that is the same at every step (*same); NULL: it is
 * no such leaf. */
Node *scan_outside(const Node *scan, const Node *leaf, bool *same);
Body *body_copy(Context *context, const Body *body); /* the same graph, lists of its own */
/* the values of the body that the scan needs: next states, then stacked ones without those that are no longer; *count */
Node **body_roots(Arena *arena, const Body *body, int *count);
/* The node itself, or the leaf of this graph that stands for a value of a graph around it; NULL after a report. */
Node *graph_own(Graph *graph, Node *node);
/* What the ops of a body's roots evaluate to at every step: args are the scan's. */
void scan_evaluate(Arena *arena, const Node *scan, const Tensor *args, Tensor *result, const Feed *feed);
/* The oracle with some leaves given. */
void ops_evaluate_given(Arena *arena, Node **roots, int count, const Feed *feed, Node *const *leaves, const Tensor *given,
	int given_count, Tensor *results);

/* The way of all constructors: NULL in, NULL out; the op's shape rule; checks common to all shapes; a new node. */
Node *make_node(Graph *graph, const Op *op, Node **args, int arg_count, const Attributes *at, Shape asked);
/* g, the gradient of something broadcast from shape, summed back over the axes that were broadcast */
Node *make_unbroadcast(Graph *graph, Node *g, const Shape *shape);
/* the same op and attributes over other arguments (same shapes): for passes */
Node *make_like(Graph *graph, const Node *node, Node **args);

/* The shape two or three operands have together; false and a report if they do not fit: [batch, 1] never meets [batch]. */
bool shape_together(Graph *graph, Node **args, int count, Shape *result);

/* The shape with numbers only, when `rows` rows of the batch are live. */
Shape shape_live(const Shape *shape, int64_t rows);

/* For evaluate functions: the number of a place counted row by row; the next place, false after the last. */
int64_t place_flat(const Shape *shape, const int64_t *place);
bool place_next(const Shape *shape, int64_t *place);

/* The oracle: evaluates roots in double, naively. results[i].data are allocated in arena. */
void ops_evaluate(Arena *arena, Node **roots, int count, const Feed *feed, Tensor *results);

/* For op cases: a shape from "N 3 5" (N is the batch, 2N twice the batch); an input of that shape. */
Shape op_case_shape(const Graph *graph, const char *text);
Node *op_case_input(Graph *graph, const char *name, const char *shape);
/* Fills an input of an op case, all rows, with values that depend on its name and shape only. */
void op_case_fill(const Node *input, double *data);

/* Checks what every stage may rely on (arguments older, shapes as the rule says); aborts naming stage and node. */
void graph_verify(const Graph *graph, Node **roots, int count, const char *stage);

#endif
