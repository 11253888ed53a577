/* pass_tables.c: a table (an embedding) that is multiplied is multiplied once, not once for each of its rows that is read. Requires:
 * nothing. Keeps: values but for the last bit. With i the numbers of rows, more of them than the table has:
 *   gather(T, i) W             -> gather(T W, i)
 *   scatter(i, G W)            -> scatter(i, G) W
 *   Σ over i of gather(T, i) G -> T scatter(i, G) */
#include <string.h>
#include "pass.h"

enum { NAMES = 2 * MAX_RANK + 2 };

typedef struct Product { /* a contraction with one operand, x, seen through transposes */
	char x[MAX_RANK + 1], y[MAX_RANK + 1], o[MAX_RANK + 1]; /* letters */
	Node *from, *other; /* x and y */
	bool second; /* x is the second operand */
} Product;

/* Below transposes and stops; letters of node's axes become those of what is below. */
static Node *peeled(Node *node, char *letters)
{
	for (; node->op == &op_stop || node->op == &op_transpose; node = node->args[0]) {
		char below[MAX_RANK + 1] = {0};
		if (node->op == &op_stop) continue;
		for (int i = 0; i < node->shape.rank; i++) below[node->at.order[i]] = letters[i];
		memcpy(letters, below, sizeof below);
	}
	return node;
}

static Product product_of(const Node *contract, int side)
{
	const Attributes *at = &contract->at;
	Product p = {.other = contract->args[1 - side], .second = side == 1};
	strcpy(p.x, side ? at->b : at->a);
	strcpy(p.y, side ? at->a : at->b);
	strcpy(p.o, at->o);
	p.from = peeled(contract->args[side], p.x);
	return p;
}

static Node *multiply(Graph *graph, const Product *p, const char *x, const char *y, const char *o, Node *left)
{
	return p->second ? make_contract(graph, y, x, o, p->other, left) : make_contract(graph, x, y, o, left, p->other);
}

static bool shared(const char *letters, int count, const char *with)
{
	for (int i = 0; i < count; i++)
		if (strchr(with, letters[i])) return true;
	return false;
}

static bool all_in(const char *letters, int count, const char *in)
{
	for (int i = 0; i < count; i++)
		if (!strchr(in, letters[i])) return false;
	return true;
}

static char unused(const char *a, const char *b)
{
	char letter = 'a';
	while (strchr(a, letter) || strchr(b, letter)) letter++;
	return letter <= 'z' ? letter : 0;
}

/* The axes of x in the order that the letters `to` name, each of them among `from`. */
static Node *reorder(Graph *graph, Node *x, const char *from, const char *to)
{
	int order[MAX_RANK] = {0};
	if (!x || !strcmp(from, to)) return x;
	for (int i = 0; to[i]; i++) order[i] = (int)(strchr(from, to[i]) - from);
	return make_transpose(graph, x, order);
}

static bool worthwhile(const Node *numbers, int64_t rows)
{
	return numbers->shape.rank > 0 && numbers->shape.rank < MAX_RANK - 1 && rows < shape_count(&numbers->shape);
}

/* letters of o without the first `count` of x, behind a first letter */
static void rest_of(const char *o, const char *x, int count, char first, char *to)
{
	int n = 0;
	if (first) to[n++] = first;
	for (int i = 0; o[i]; i++) {
		const char *at = strchr(x, o[i]);
		if (!at || at - x >= count) to[n++] = o[i];
	}
	to[n] = 0;
}

/* gather(T, i) W -> gather(T W, i) */
static Node *table_product(Graph *graph, const Node *gather, const Product *p)
{
	Node *table = gather->args[0], *numbers = gather->args[1];
	int count = numbers->shape.rank;
	char row = unused(p->x, p->y), x[NAMES], o[NAMES], got[NAMES];
	if (!row || shared(p->x, count, p->y) || !all_in(p->x, count, p->o)) return NULL;
	x[0] = row;
	strcpy(x + 1, p->x + count);
	rest_of(p->o, p->x, count, row, o);
	if (strlen(o) > MAX_RANK) return NULL;
	Node *product = multiply(graph, p, x, p->y, o, table);
	memcpy(got, p->x, (size_t)count);
	strcpy(got + count, o + 1);
	return reorder(graph, make_gather(graph, product, numbers), got, p->o);
}

/* Σ over i of gather(T, i) G -> T scatter(i, G) */
static Node *table_gradient(Graph *graph, const Node *gather, const Product *p)
{
	Node *table = gather->args[0], *numbers = gather->args[1];
	int count = numbers->shape.rank;
	char row = unused(p->x, p->y), x[NAMES], y[NAMES], front[NAMES];
	if (!row || !all_in(p->x, count, p->y) || shared(p->x, count, p->o) || shared(p->x + count, (int)strlen(p->x + count), p->y)) return NULL;
	memcpy(front, p->x, (size_t)count);
	rest_of(p->y, p->x, count, 0, front + count);
	rest_of(p->y, p->x, count, row, y);
	x[0] = row;
	strcpy(x + 1, p->x + count);
	Node *sums = make_scatter(graph, numbers, reorder(graph, p->other, p->y, front), table->shape.dim[0].size);
	Product q = *p;
	q.other = sums;
	return multiply(graph, &q, x, y, p->o, table);
}

static Node *rewrite_contract(Graph *graph, Node *contract)
{
	for (int side = 0; side < 2; side++) {
		Product p = product_of(contract, side);
		const Node *gather = p.from;
		if (gather->op != &op_gather || gather->args[0]->shape.rank < 2 || !worthwhile(gather->args[1], gather->args[0]->shape.dim[0].size)) continue;
		Node *better = table_product(graph, gather, &p);
		if (!better) better = table_gradient(graph, gather, &p);
		if (better) return better;
	}
	return NULL;
}

/* scatter(i, G W) -> scatter(i, G) W */
static Node *rewrite_scatter(Graph *graph, Node *scatter)
{
	Node *numbers = scatter->args[0];
	int count = numbers->shape.rank;
	char places[MAX_RANK + 1] = {0}; /* of the values' axes in the contraction's result, as letters from 'A' */
	for (int i = 0; i < scatter->args[1]->shape.rank; i++) places[i] = (char)('A' + i);
	const Node *contract = peeled(scatter->args[1], places);
	if (contract->op != &op_contract || !worthwhile(numbers, scatter->shape.dim[0].size)) return NULL;
	for (int side = 0; side < 2; side++) {
		Product p = product_of(contract, side);
		char row = unused(p.x, p.y), values[NAMES] = {0}, front[NAMES], x[NAMES], o[NAMES];
		for (int i = 0; places[i]; i++) values[places[i] - 'A'] = p.o[i];
		if (!row || !all_in(values, count, p.x) || shared(values, count, p.y)) continue;
		memcpy(front, values, (size_t)count);
		rest_of(p.x, values, count, 0, front + count);
		x[0] = o[0] = row;
		strcpy(x + 1, front + count);
		strcpy(o + 1, values + count);
		Node *sums = make_scatter(graph, numbers, reorder(graph, p.from, p.x, front), scatter->shape.dim[0].size);
		return multiply(graph, &p, x, p.y, o, sums);
	}
	return NULL;
}

static Node *rewrite_node(Graph *graph, Node *node, void *user)
{
	(void)user;
	if (node->op == &op_contract) return rewrite_contract(graph, node);
	return node->op == &op_scatter ? rewrite_scatter(graph, node) : NULL;
}

bool pass_tables(Context *context, Program *program)
{
	(void)context;
	return pass_rewrite(program, rewrite_node, NULL);
}
