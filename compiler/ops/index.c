/* index.c: gather takes rows of a table by number, scatter adds rows into a table of zeros: each other's adjoint.
 * Invariant: a number outside the table gathers zeros and scatters nothing, in the oracle as in what is emitted. */
#include <string.h>
#include "ops.h"

static const char *text_of(Graph *graph, const Shape *shape) { return shape_text(graph->context->arena, shape); }

/* index (I..) and rows (n, R..) -> (I.., R..) */
static bool joined(Graph *graph, const Shape *index, const Shape *rows, Shape *shape)
{
	if (rows->rank < 1 || rows->dim[0].rows) {
		diag_error(graph->context, graph->place, "its first axis counts what can be chosen",
			"%s is no table to gather from", text_of(graph, rows));
		return false;
	}
	if (index->rank + rows->rank - 1 > MAX_RANK) {
		diag_error(graph->context, graph->place, "reshape some axes into one",
			"gather makes more than %d axes of %s and %s", MAX_RANK, text_of(graph, index),
			text_of(graph, rows));
		return false;
	}
	*shape = *index;
	memcpy(shape->dim + shape->rank, rows->dim + 1, (size_t)(rows->rank - 1) * sizeof *shape->dim);
	shape->rank += rows->rank - 1;
	return true;
}

static bool shape_gather(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count, (void)at;
	return joined(graph, &args[1]->shape, &args[0]->shape, shape);
}

static bool shape_scatter(Graph *graph, Node **args, int arg_count, const Attributes *at, Shape *shape)
{
	(void)arg_count, (void)at;
	Shape fits;
	if (!joined(graph, &args[0]->shape, shape, &fits)) return false;
	if (shape_equal(&fits, &args[1]->shape)) return true;
	diag_error(graph->context, graph->place, "values hold a row for each number",
		"scatter: values are %s, but the numbers are %s", text_of(graph, &args[1]->shape),
		text_of(graph, &args[0]->shape));
	return false;
}

/* The row of the table that a number means; -1: none. */
static int64_t row_of(double number, const Shape *table)
{
	return number >= 0 && number < (double)table->dim[0].size ? (int64_t)number : -1;
}

static void evaluate_gather(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)feed;
	const Tensor *table = &args[0], *index = &args[1];
	int64_t count = shape_count(&index->shape), width = shape_count(&table->shape) / table->shape.dim[0].size;
	for (int64_t i = 0; i < count; i++) {
		int64_t row = row_of(index->data[i], &table->shape);
		for (int64_t k = 0; k < width; k++)
			result->data[i * width + k] = row < 0 ? 0 : table->data[row * width + k];
	}
}

static void evaluate_scatter(const Node *node, const Tensor *args, Tensor *result, const Feed *feed)
{
	(void)node, (void)feed;
	const Tensor *index = &args[0], *values = &args[1];
	int64_t count = shape_count(&index->shape), width = shape_count(&result->shape) / result->shape.dim[0].size;
	for (int64_t i = 0; i < count; i++) {
		int64_t row = row_of(index->data[i], &result->shape);
		for (int64_t k = 0; row >= 0 && k < width; k++)
			result->data[row * width + k] += values->data[i * width + k];
	}
}

static void gradient_gather(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	if (wanted[0]) gradients[0] = make_scatter(graph, node->args[1], g, node->args[0]->shape.dim[0].size);
}

static void gradient_scatter(Graph *graph, Node *node, Node *g, const bool *wanted, Node **gradients)
{
	if (wanted[1]) gradients[1] = make_gather(graph, g, node->args[0]);
}

const Op op_gather = {.name = "gather", .kind = OP_INDEX, .arity = 2, .shape = shape_gather,
	.gradient = gradient_gather, .evaluate = evaluate_gather};
const Op op_scatter = {.name = "scatter", .kind = OP_INDEX, .arity = 2, .shape = shape_scatter,
	.gradient = gradient_scatter, .evaluate = evaluate_scatter};

Node *make_gather(Graph *graph, Node *table, Node *index)
{
	return make_node(graph, &op_gather, (Node *[]){table, index}, 2, NULL, (Shape){0});
}

Node *make_scatter(Graph *graph, Node *index, Node *values, int64_t n)
{
	if (!index || !values) return NULL;
	Shape asked = {.rank = 1, .dim = {{n, 0}}};
	for (int i = index->shape.rank; i < values->shape.rank; i++) asked.dim[asked.rank++] = values->shape.dim[i];
	return make_node(graph, &op_scatter, (Node *[]){index, values}, 2, NULL, asked);
}

/* --- cases */

static Node *in(Graph *graph, const char *name, const char *shape) { return op_case_input(graph, name, shape); }
static Node *gathered(Graph *graph, const char *table, const char *name, const char *index)
{
	return make_gather(graph, in(graph, "a", table), in(graph, name, index));
}
static Node *case_embedding(Graph *graph) { return gathered(graph, "7 15", "b_index7", "N 5"); }
static Node *case_gather_rows(Graph *graph) { return gathered(graph, "3 17", "b_index3", "N"); }
static Node *case_gather_numbers(Graph *graph) { return gathered(graph, "33", "b_index33", "N 3"); }
static Node *case_gather_plain(Graph *graph) { return gathered(graph, "5 2 3", "b_index5", "3 2"); }
static Node *case_gather_one(Graph *graph) { return gathered(graph, "5 3", "b_index5", ""); }
static Node *case_gather_outside(Graph *graph) { return gathered(graph, "3 2", "b_index9", "N 7"); }
static Node *case_scatter(Graph *graph)
{
	return make_scatter(graph, in(graph, "b_index7", "N 5"), in(graph, "a", "N 5 15"), 7);
}
static Node *case_scatter_rows(Graph *graph)
{
	return make_scatter(graph, in(graph, "b_index3", "N"), in(graph, "a", "N 17"), 3);
}
static Node *case_scatter_numbers(Graph *graph)
{
	return make_scatter(graph, in(graph, "b_index9", "15"), in(graph, "a", "15"), 9);
}
/* products of gathered rows, which are products of the table */
static Node *case_embedding_product(Graph *graph)
{
	return make_contract(graph, "ntd", "do", "nto", gathered(graph, "3 5", "b_index3", "N 4"), in(graph, "c", "5 7"));
}
static Node *case_embedding_turned(Graph *graph)
{
	return make_contract(graph, "od", "ntd", "tno", in(graph, "c", "7 5"), gathered(graph, "3 5", "b_index4", "N 6"));
}
static Node *case_embedding_sum(Graph *graph)
{
	Node *rows = make_transpose(graph, gathered(graph, "3 5", "b_index3", "N 4"), (int[]){1, 2, 0});
	return make_contract(graph, "tdn", "tno", "od", rows, in(graph, "c", "4 N 2"));
}
static Node *case_scatter_product(Graph *graph)
{
	Node *g = make_contract(graph, "do", "tno", "tnd", in(graph, "a", "5 7"), in(graph, "c", "4 N 7"));
	g = make_transpose(graph, g, (int[]){1, 0, 2});
	return make_scatter(graph, in(graph, "b_index3", "N 4"), g, 3);
}
static Node *case_embedding_mean(Graph *graph)
{
	Node *total = make_reduce(graph, &op_sum, gathered(graph, "9 3", "b_index9", "N 5"), 2);
	return make_unary(graph, &op_tanh, make_binary(graph, &op_div, total, make_const(graph, 5)));
}

static const OpCase cases[] = {
	{"embedding", case_embedding}, {"gather rows", case_gather_rows}, {"gather numbers", case_gather_numbers},
	{"gather without batch", case_gather_plain},
	{"gather one row", case_gather_one}, {"gather outside", case_gather_outside}, {"scatter", case_scatter},
	{"scatter rows", case_scatter_rows},
	{"scatter numbers", case_scatter_numbers}, {"mean of an embedding", case_embedding_mean},
	{"product of an embedding", case_embedding_product}, {"product of an embedding, turned", case_embedding_turned},
	{"sum over an embedding", case_embedding_sum}, {"scatter of a product", case_scatter_product},
};

static const Op *const ops[] = {&op_gather, &op_scatter};
const OpFamily op_family_index = {"index", ops, sizeof ops / sizeof *ops, cases, sizeof cases / sizeof *cases};
