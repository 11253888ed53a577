/* orthonormal.c: x (m, n) -> a matrix of the same shape with orthonormal columns (rows, if there are fewer of them): Q of
 * x = QR with a positive diagonal of R, as Keras's Orthogonal makes it of a normal draw. Invariant: no gradient; initialisers only. */
#include <math.h>
#include "ops.h"

static bool shape_orthonormal(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count, (void)at;
	*shape = args[0]->shape;
	if (shape->rank == 2 && !shape_rows(shape)) return true;
	diag_error(graph->context, graph->place, "reshape to [-1, last axis] before and back after",
		"orthonormal takes a matrix, not %s", shape_text(graph->context->arena, shape));
	return false;
}

/* A row or column of a matrix: count numbers, step apart. */
static double dot(const double *a, const double *b, int64_t count, int64_t step)
{
	double sum = 0;
	for (int64_t i = 0; i < count; i++) sum += a[i * step] * b[i * step];
	return sum;
}

/* Gram and Schmidt, twice each: the second time takes away what rounding left (Kahan: twice is enough). */
static void evaluate_orthonormal(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)feed;
	int64_t m = result->shape.dim[0].size, n = result->shape.dim[1].size;
	int64_t vectors = m < n ? m : n, length = m < n ? n : m, next = m < n ? n : 1, step = m < n ? 1 : n;
	double *q = result->data;
	for (int64_t i = 0; i < m * n; i++) q[i] = args[0].data[i];
	for (int64_t v = 0; v < vectors; v++) {
		double *own = q + v * next;
		for (int64_t u = 0; u < 2 * v; u++) {
			const double *other = q + u % v * next;
			double along = dot(own, other, length, step);
			for (int64_t i = 0; i < length; i++) own[i * step] -= along * other[i * step];
		}
		double norm = sqrt(dot(own, own, length, step));
		for (int64_t i = 0; i < length; i++) own[i * step] /= norm;
	}
}

const Op op_orthonormal = {.name = "orthonormal", .kind = OP_WHOLE, .arity = 1, .shape = shape_orthonormal,
	.evaluate = evaluate_orthonormal};

Node *make_orthonormal(Graph *graph, Node *x) { return make_node(graph, &op_orthonormal, &x, 1, NULL, (Shape){0}); }

static Node *case_of(Graph *graph, const char *shape)
{
	return make_orthonormal(graph, op_case_input(graph, "a", shape));
}
static Node *case_tall(Graph *graph) { return case_of(graph, "17 3"); }
static Node *case_wide(Graph *graph) { return case_of(graph, "3 12"); }
static Node *case_square(Graph *graph) { return case_of(graph, "5 5"); }

static const OpCase cases[] = {{"tall", case_tall}, {"wide", case_wide}, {"square", case_square}};

static const Op *const ops[] = {&op_orthonormal};
const OpFamily op_family_orthonormal = {
	"orthonormal", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
