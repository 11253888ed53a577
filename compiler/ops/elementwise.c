/* elementwise.c: one result for each place, made from the X-list of ops.h: values, and gradients from the list's texts.
 * Operands broadcast from the right; invariant: the batch axis only meets the batch axis. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../expr.h"
#include "ops.h"

static const char *shapes_text(Graph *graph, Node **args, int count)
{
	Arena *arena = graph->context->arena;
	const char *text = shape_text(arena, &args[0]->shape);
	for (int i = 1; i < count; i++)
		text = arena_format(arena, "%s and %s", text, shape_text(arena, &args[i]->shape));
	return text;
}

/* How far the batch axis stands from the right end, counted from 1; 0: no batch axis. */
static int batch_from_right(const Shape *shape)
{
	for (int i = 0; i < shape->rank; i++)
		if (shape->dim[i].rows) return shape->rank - i;
	return 0;
}

static bool batch_axes_meet(Node **args, int count)
{
	int batch = 0;
	for (int i = 0; i < count; i++) {
		int here = batch_from_right(&args[i]->shape);
		if (here && batch && here != batch) return false;
		if (here) batch = here;
	}
	return true;
}

/* The dimension that d and other have together; false if they do not fit. */
static bool dim_together(Dim *d, Dim other)
{
	if (d->size == 1 && !d->rows) *d = other;
	else if (!(other.size == 1 && !other.rows) && (d->size != other.size || d->rows != other.rows)) return false;
	return true;
}

static bool dims_together(Node **args, int count, Shape *result)
{
	*result = (Shape){0};
	for (int i = 0; i < count; i++)
		if (args[i]->shape.rank > result->rank) result->rank = args[i]->shape.rank;
	for (int r = 0; r < result->rank; r++) {
		Dim *d = &result->dim[r];
		*d = (Dim){1, 0};
		for (int i = 0; i < count; i++) {
			int axis = r - result->rank + args[i]->shape.rank;
			if (axis >= 0 && !dim_together(d, args[i]->shape.dim[axis])) return false;
		}
	}
	return true;
}

bool shape_together(Graph *graph, Node **args, int count, Shape *result)
{
	if (!batch_axes_meet(args, count)) {
		diag_error(graph->context, graph->place,
			"reshape one of them, so that the batch is the same axis of both, counted from the last",
			"the batch axis of one operand meets another axis of the other: %s",
			shapes_text(graph, args, count));
		return false;
	}
	if (!dims_together(args, count, result)) {
		diag_error(graph->context, graph->place,
			"axes are matched from the last one; two sizes must be equal, or one of them 1",
			"shapes do not fit: %s", shapes_text(graph, args, count));
		return false;
	}
	return true;
}

static bool shape_elementwise(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)at;
	return shape_together(graph, args, arg_count, shape);
}

/* --- values */

static double oracle_sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double oracle_softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(-fabs(x))); }

/* The element of arg that meets a place of the result. */
static double operand(const Tensor *arg, const Shape *shape, const int64_t *place)
{
	int64_t own[MAX_RANK];
	for (int i = 0; i < arg->shape.rank; i++)
		own[i] = arg->shape.dim[i].size == 1 ? 0 : place[i + shape->rank - arg->shape.rank];
	return arg->data[place_flat(&arg->shape, own)];
}

static void evaluate_elementwise(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)feed;
	int64_t place[MAX_RANK] = {0}, flat = 0;
	do {
		double v[3] = {0, 0, 0};
		for (int i = 0; i < node->arg_count; i++) v[i] = operand(&args[i], &result->shape, place);
		result->data[flat++] = node->op->value(v[0], v[1], v[2]);
	} while (place_next(&result->shape, place));
}

/* --- gradients: the texts, evaluated to nodes */

extern const OpFamily op_family_elementwise;

/* A node, or a number where node is NULL. */
typedef struct Term {
	Node *node;
	double number;
} Term;

static Node *lift(Graph *graph, Term term) { return term.node ? term.node : make_const(graph, term.number); }

static Term apply(Graph *graph, const Op *op, const Term *terms)
{
	Node *nodes[3];
	bool numbers = true;
	for (int i = 0; i < op->arity; i++) numbers = numbers && !terms[i].node;
	if (numbers) return (Term){NULL, op->value(terms[0].number, terms[1].number, terms[2].number)};
	for (int i = 0; i < op->arity; i++) nodes[i] = lift(graph, terms[i]);
	return (Term){make_elementwise(graph, op, nodes), 0};
}

static const Op *binary_op(const char *sign)
{
	static const struct { const char *sign; const Op *op; } signs[] = {
		{"+", &op_add}, {"-", &op_sub}, {"*", &op_mul}, {"/", &op_div}, {"^", &op_pow}, {"<", &op_less},
		{"==", &op_equal}};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (!strcmp(sign, signs[i].sign)) return signs[i].op;
	return NULL;
}

/* The value of an expression over names: x, b, c, the arguments, and y, the result. */
static Term evaluate_text(Graph *graph, const Expr *expr, const Term *names)
{
	Term terms[3] = {{0}};
	switch (expr->kind) {
	case EXPR_NUMBER: return (Term){NULL, strtod(expr->text, NULL)};
	case EXPR_NAME: return names[strchr("xbcy", expr->text[0]) - "xbcy"];
	case EXPR_NEGATE:
		terms[0] = evaluate_text(graph, expr->items[0], names);
		return apply(graph, &op_neg, terms);
	case EXPR_BINARY:
		terms[0] = evaluate_text(graph, expr->items[0], names);
		terms[1] = evaluate_text(graph, expr->items[1], names);
		if (strcmp(expr->text, "!=")) return apply(graph, binary_op(expr->text), terms);
		return apply(graph, &op_sub, (Term[]){{NULL, 1}, apply(graph, &op_equal, terms), {0}});
	case EXPR_CALL:
		for (int i = 1; i < expr->count; i++) terms[i - 1] = evaluate_text(graph, expr->items[i], names);
		return apply(graph, op_find(expr->items[0]->text), terms);
	default:
		assert(!"a derivative text of ops.h uses more than this evaluator knows");
		return (Term){0};
	}
}

/* The parsed text of one derivative; parsed once a graph. */
static const Expr *derivative(Graph *graph, const Op *op, int argument)
{
	const OpFamily *family = &op_family_elementwise;
	int index = 0;
	while (family->ops[index] != op) index++;
	if (!graph->derivatives)
		graph->derivatives =
			arena_alloc(graph->context->arena, (size_t)family->op_count * 3 * sizeof *graph->derivatives);
	const Expr **parsed = &graph->derivatives[index * 3 + argument];
	if (!*parsed) {
		const char *text = op->derivatives[argument];
		*parsed = expr_parse(graph->context, text, strlen(text), (Place){0}, EXPR_VALUE_START);
		assert(*parsed);
	}
	return *parsed;
}

static Node *times(Graph *graph, Node *g, Term d)
{
	if (d.node) return make_binary(graph, &op_mul, g, d.node);
	if (d.number == 1) return g;
	if (d.number == -1) return make_unary(graph, &op_neg, g);
	return make_binary(graph, &op_mul, g, make_const(graph, d.number));
}

static void gradient_elementwise(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	Term names[4] = {{0}};
	for (int i = 0; i < node->arg_count; i++) names[i].node = node->args[i];
	names[3].node = node;
	for (int i = 0; i < node->arg_count; i++) {
		if (!wanted[i] || !node->op->derivatives[i][0]) continue;
		Term d = evaluate_text(graph, derivative(graph, node->op, i), names);
		gradients[i] = make_unbroadcast(graph, times(graph, g, d), &node->args[i]->shape);
	}
}

Node *make_unbroadcast(Graph *graph, Node *g, const Shape *shape)
{
	if (!g || shape_equal(&g->shape, shape)) return g;
	int extra = g->shape.rank - shape->rank;
	unsigned axes = 0;
	for (int i = 0; i < g->shape.rank; i++) {
		Dim from = i < extra ? (Dim){0, 0} : shape->dim[i - extra], to = g->shape.dim[i];
		if (from.size != to.size || from.rows != to.rows) axes |= 1u << i;
	}
	return make_reshape(graph, axes ? make_reduce(graph, &op_sum, g, axes) : g, *shape);
}

#define X(id, arity_, cost_, text_, result_, dx, db, dc) \
	static double value_##id(double x, double b, double c) { (void)x, (void)b, (void)c; return result_; } \
	const Op op_##id = {.name = #id, .kind = OP_ELEMENTWISE, .arity = arity_, .c_text = text_, .cost = cost_, \
		.value = value_##id, .derivatives = {dx, db, dc}, .shape = shape_elementwise, \
		.gradient = gradient_elementwise, .evaluate = evaluate_elementwise};
OPS_ELEMENTWISE(X)
#undef X

/* --- constructors */

Node *make_elementwise(Graph *graph, const Op *op, Node **args)
{
	return make_node(graph, op, args, op->arity, NULL, (Shape){0});
}

Node *make_unary(Graph *graph, const Op *op, Node *x) { return make_elementwise(graph, op, (Node *[]){x}); }

Node *make_binary(Graph *graph, const Op *op, Node *a, Node *b) { return make_elementwise(graph, op, (Node *[]){a, b}); }

Node *make_select(Graph *graph, Node *c, Node *a, Node *b)
{
	return make_elementwise(graph, &op_select, (Node *[]){c, a, b});
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }

/* a case for every op of the list: over positive numbers, since log, sqrt, pow and div need them ... */
#define X(id, ...) \
	static Node *case_##id(Graph *graph) \
	{ \
		Node *args[] = {in(graph, "a_positive", "N 17"), in(graph, "b_positive", "N 17"), in(graph, "c_positive", "N 17")}; \
		return make_elementwise(graph, &op_##id, args); \
	}
OPS_ELEMENTWISE(X)
#undef X

/* ... and the same over both signs, for those that take them */
static Node *signs(Graph *graph, const Op *op)
{
	Node *args[] = {in(graph, "a", "N 3 5"), in(graph, "b", "N 3 5"), in(graph, "c", "N 3 5")};
	return make_elementwise(graph, op, args);
}
#define SIGNED(id) \
	static Node *case_signed_##id(Graph *graph) { return signs(graph, &op_##id); }
SIGNED(neg) SIGNED(exp) SIGNED(softplus) SIGNED(tanh) SIGNED(sigmoid) SIGNED(erf) SIGNED(sin) SIGNED(cos) SIGNED(abs) SIGNED(floor)
SIGNED(add) SIGNED(sub) SIGNED(mul) SIGNED(div) SIGNED(max) SIGNED(min) SIGNED(less) SIGNED(equal) SIGNED(select)
#undef SIGNED

/* ties and zeros: the values must be exact */
static Node *ties(Graph *graph, const Op *op)
{
	Node *args[] = {in(graph, "a_ties", "N 33"), in(graph, "b_ties", "N 33"), in(graph, "c", "N 33")};
	return make_elementwise(graph, op, args);
}
static Node *case_ties_max(Graph *graph) { return ties(graph, &op_max); }
static Node *case_ties_min(Graph *graph) { return ties(graph, &op_min); }
static Node *case_ties_less(Graph *graph) { return ties(graph, &op_less); }
static Node *case_ties_equal(Graph *graph) { return ties(graph, &op_equal); }
static Node *case_ties_select(Graph *graph) { return ties(graph, &op_select); }
static Node *case_ties_abs(Graph *graph) { return ties(graph, &op_abs); }
static Node *case_ties_floor(Graph *graph) { return ties(graph, &op_floor); }

/* far from 0, where a naive formula overflows or cancels */
static Node *far_out(Graph *graph, const Op *op, double scale)
{
	return make_unary(graph, op, make_binary(graph, &op_mul, in(graph, "a", "N 15"), make_const(graph, scale)));
}
static Node *case_far_softplus(Graph *graph) { return far_out(graph, &op_softplus, 500); }
static Node *case_far_sigmoid(Graph *graph) { return far_out(graph, &op_sigmoid, 500); }
static Node *case_far_tanh(Graph *graph) { return far_out(graph, &op_tanh, 500); }
static Node *case_near_tanh(Graph *graph) { return far_out(graph, &op_tanh, 1e-4); }
static Node *case_far_exp(Graph *graph) { return far_out(graph, &op_exp, 5); }
static Node *case_tiny_exp(Graph *graph)
{
	return make_unary(
		graph, &op_exp, make_binary(graph, &op_mul, in(graph, "a_positive", "N 15"), make_const(graph, -60)));
}
static Node *case_far_sin(Graph *graph) { return far_out(graph, &op_sin, 50); }
static Node *case_far_erf(Graph *graph) { return far_out(graph, &op_erf, 4); }

/* broadcasting */
static Node *case_bias(Graph *graph)
{
	return make_binary(graph, &op_add, in(graph, "a", "N 15"), in(graph, "b", "15"));
}
static Node *case_row_times_column(Graph *graph)
{
	return make_binary(graph, &op_mul, in(graph, "a", "N 1"), in(graph, "b", "1 33"));
}
static Node *case_middle(Graph *graph)
{
	return make_binary(graph, &op_sub, in(graph, "a", "N 3 1 5"), in(graph, "b", "4 1"));
}
static Node *case_scalar(Graph *graph)
{
	return make_binary(graph, &op_div, in(graph, "a", "1"), in(graph, "b_positive", "N 3"));
}
static Node *case_select_spread(Graph *graph)
{
	Node *mask = make_binary(graph, &op_less, in(graph, "a", "N 1"), make_const(graph, 0));
	return make_select(graph, mask, in(graph, "b", "7"), in(graph, "c", "N 7"));
}
static Node *case_plain(Graph *graph)
{
	return make_binary(graph, &op_max, in(graph, "a", "3 1"), in(graph, "b", "1 17"));
}

/* chains, as kernels fuse them */
static Node *case_swish(Graph *graph)
{
	Node *a = in(graph, "a", "N 33");
	return make_binary(graph, &op_mul, a, make_unary(graph, &op_sigmoid, a));
}
static Node *case_relu(Graph *graph)
{
	return make_binary(graph, &op_max, in(graph, "a", "N 4 4 3"), make_const(graph, 0));
}
static Node *case_elu(Graph *graph)
{
	Node *a = in(graph, "a", "N 17"), *zero = make_const(graph, 0);
	Node *less = make_binary(
		graph, &op_sub, make_unary(graph, &op_exp, make_binary(graph, &op_min, a, zero)), make_const(graph, 1));
	return make_select(graph, make_binary(graph, &op_less, zero, a), a, less);
}
static Node *case_gelu(Graph *graph)
{
	Node *a = in(graph, "a", "N 15"), *half = make_const(graph, 0.5);
	Node *e = make_unary(graph, &op_erf, make_binary(graph, &op_mul, a, make_const(graph, 0.7071067811865476)));
	return make_binary(graph, &op_mul, make_binary(graph, &op_mul, half, a),
		make_binary(graph, &op_add, make_const(graph, 1), e));
}
static Node *case_logits_loss(Graph *graph)
{
	Node *z = in(graph, "a", "N 1"), *t = in(graph, "b_index2", "N 1");
	return make_binary(graph, &op_sub, make_unary(graph, &op_softplus, z), make_binary(graph, &op_mul, z, t));
}
static Node *case_adam(Graph *graph)
{
	Node *w = in(graph, "a", "15 3"), *m = in(graph, "b", "15 3"), *v = in(graph, "c_positive", "15 3"),
	     *rate = in(graph, "d_positive", "");
	Node *step = make_binary(graph, &op_div, make_binary(graph, &op_mul, rate, m),
		make_binary(graph, &op_add, make_unary(graph, &op_sqrt, v), make_const(graph, 1e-7)));
	return make_binary(graph, &op_sub, w, step);
}

static const OpCase cases[] = {
#define X(id, ...) {#id, case_##id},
	OPS_ELEMENTWISE(X)
#undef X
	{"neg of both signs", case_signed_neg}, {"exp of both signs", case_signed_exp},
	{"softplus of both signs", case_signed_softplus},
	{"tanh of both signs", case_signed_tanh}, {"sigmoid of both signs", case_signed_sigmoid},
	{"erf of both signs", case_signed_erf},
	{"sin of both signs", case_signed_sin}, {"cos of both signs", case_signed_cos},
	{"abs of both signs", case_signed_abs},
	{"floor of both signs", case_signed_floor}, {"add of both signs", case_signed_add},
	{"sub of both signs", case_signed_sub},
	{"mul of both signs", case_signed_mul}, {"div of both signs", case_signed_div},
	{"max of both signs", case_signed_max},
	{"min of both signs", case_signed_min}, {"less of both signs", case_signed_less},
	{"equal of both signs", case_signed_equal},
	{"select of both signs", case_signed_select},
	{"max with ties", case_ties_max}, {"min with ties", case_ties_min}, {"less with ties", case_ties_less},
	{"equal with ties", case_ties_equal},
	{"select by zeros", case_ties_select}, {"abs of zeros", case_ties_abs},
	{"floor of whole numbers", case_ties_floor},
	{"softplus far out", case_far_softplus}, {"sigmoid far out", case_far_sigmoid}, {"tanh far out", case_far_tanh},
	{"tanh near 0", case_near_tanh}, {"exp far out", case_far_exp}, {"exp near 0", case_tiny_exp},
	{"sin far out", case_far_sin}, {"erf far out", case_far_erf},
	{"bias", case_bias}, {"row times column", case_row_times_column}, {"broadcast in the middle", case_middle},
	{"scalar", case_scalar},
	{"select with a spread mask", case_select_spread}, {"without batch", case_plain}, {"swish", case_swish},
	{"relu", case_relu},
	{"elu", case_elu}, {"gelu", case_gelu}, {"logits loss", case_logits_loss}, {"adam", case_adam},
};

#define X(id, ...) &op_##id,
static const Op *const ops[] = {OPS_ELEMENTWISE(X)};
#undef X
const OpFamily op_family_elementwise = {
	"elementwise", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
