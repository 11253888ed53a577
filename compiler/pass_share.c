/* pass_share.c: common subexpressions. Requires: nothing. Keeps: values to the bit. A node equal to an older one (op, arguments,
 * attributes, shape) becomes that one. Draws never: every draw is its own. */
#include <string.h>
#include "pass.h"

typedef struct Table { /* of all graphs of the program: a node is found in its own only */
	Arena *arena;
	uint64_t count;
	Node **nodes;
	const Graph **graphs;
	uint64_t *hashes;
	uint64_t mask; /* the number of places, a power of two, less one */
} Table;

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
	return hash ^ hash >> 29;
}

static bool commutes(const Op *op) { return op == &op_add || op == &op_mul; }

static uint64_t hash_double(uint64_t hash, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	return mix(hash, bits);
}

static uint64_t hash_window(uint64_t hash, const Window *w)
{
	hash = mix(hash, (uint64_t)w->axis);
	for (int i = 0; i < w->rank; i++) {
		hash = mix(hash, (uint64_t)(w->size[i] << 32 | w->stride[i] << 16 | w->dilation[i]));
		hash = mix(hash, (uint64_t)(w->low[i] << 32 | w->high[i]));
	}
	return hash;
}

static uint64_t hash_attributes(uint64_t hash, const Node *node)
{
	const Attributes *at = &node->at;
	hash = mix(hash, (uint64_t)at->axis << 32 | at->axes);
	hash = mix(mix(mix(hash, (uint64_t)at->start), (uint64_t)at->low), (uint64_t)at->high);
	hash = hash_double(hash, at->value);
	for (int i = 0; node->op == &op_transpose && i < node->shape.rank; i++)
		hash = mix(hash, (uint64_t)at->order[i]);
	hash = mix(mix(hash, (uint64_t)(uintptr_t)at->body), (uint64_t)at->result << 32 | (uint64_t)at->which);
	if (at->data) hash = hash_bytes(at->data, (size_t)shape_count(&node->shape) * sizeof *at->data, hash);
	if (at->window.rank) hash = hash_window(hash, &at->window);
	for (const char *p = at->o; *p; p++) hash = mix(hash, (uint64_t)*p);
	for (const char *p = at->a; *p; p++) hash = mix(hash, (uint64_t)*p);
	return hash;
}

static uint64_t hash_node(const Node *node)
{
	uint64_t hash = mix(0, (uint64_t)(uintptr_t)node->op);
	if (commutes(node->op)) {
		uint64_t a = (uint64_t)node->args[0]->id, b = (uint64_t)node->args[1]->id;
		return mix(hash, a < b ? a << 32 | b : b << 32 | a);
	}
	for (int i = 0; i < node->arg_count; i++) hash = mix(hash, (uint64_t)node->args[i]->id);
	if (node->op->kind == OP_ELEMENTWISE) return hash;
	for (int i = 0; i < node->shape.rank; i++) hash = mix(hash, (uint64_t)node->shape.dim[i].size);
	return hash_attributes(hash, node);
}

static bool same_window(const Window *a, const Window *b)
{
	bool same = a->axis == b->axis && a->rank == b->rank && a->fill == b->fill;
	for (int i = 0; same && i < a->rank; i++)
		same = a->size[i] == b->size[i] && a->stride[i] == b->stride[i] && a->dilation[i] == b->dilation[i] &&
			a->low[i] == b->low[i] && a->high[i] == b->high[i];
	return same;
}

static bool same_data(const Node *a, const Node *b)
{
	const double *x = a->at.data, *y = b->at.data;
	if (!x || !y) return x == y && !memcmp(&a->at.value, &b->at.value, sizeof a->at.value); /* tells 0 from -0 */
	return !memcmp(x, y, (size_t)shape_count(&a->shape) * sizeof *x);
}

static bool same_attributes(const Node *a, const Node *b)
{
	const Attributes *x = &a->at, *y = &b->at;
	for (int i = 0; i < a->shape.rank; i++)
		if (x->order[i] != y->order[i]) return false;
	return x->axis == y->axis && x->axes == y->axes && x->body == y->body && x->result == y->result && x->which == y->which &&
		 x->start == y->start && x->low == y->low &&
		x->high == y->high && same_window(&x->window, &y->window) && !strcmp(x->a, y->a) &&
		!strcmp(x->b, y->b) && !strcmp(x->o, y->o) && same_data(a, b);
}

static bool same_args(const Node *a, const Node *b)
{
	if (a->arg_count != b->arg_count) return false;
	bool same = true;
	for (int i = 0; i < a->arg_count; i++) same = same && a->args[i] == b->args[i];
	return same || (commutes(a->op) && a->args[0] == b->args[1] && a->args[1] == b->args[0]);
}

static bool same_node(const Node *a, const Node *b)
{
	return a->op == b->op && a->integer == b->integer && same_args(a, b) && shape_equal(&a->shape, &b->shape) &&
		same_attributes(a, b);
}

/* Twice as many places; at first 1024. */
static void grow(Table *table)
{
	Table old = *table;
	table->mask = old.mask ? 2 * old.mask + 1 : 1023;
	table->nodes = arena_alloc(table->arena, (size_t)(table->mask + 1) * sizeof *table->nodes);
	table->graphs = arena_alloc(table->arena, (size_t)(table->mask + 1) * sizeof *table->graphs);
	table->hashes = arena_alloc(table->arena, (size_t)(table->mask + 1) * sizeof *table->hashes);
	for (uint64_t i = 0; old.mask && i <= old.mask; i++) {
		uint64_t at = old.hashes[i] & table->mask;
		if (!old.nodes[i]) continue;
		while (table->nodes[at]) at = (at + 1) & table->mask;
		table->nodes[at] = old.nodes[i];
		table->graphs[at] = old.graphs[i];
		table->hashes[at] = old.hashes[i];
	}
}

/* The older node equal to this one, or NULL; then this one stands in the table. Inputs and variables are one node by their
 * making, and draws never are. */
static Node *find_equal(Graph *graph, Node *node, void *user)
{
	Table *table = user;
	bool one = node->op == &op_input || node->op == &op_variable;
	if (one || node->op == &op_uniform || node->op == &op_carried || node->op == &op_item || node->op == &op_fixed) return NULL;
	uint64_t hash = hash_node(node), i = hash & table->mask;
	for (; table->nodes[i]; i = (i + 1) & table->mask) {
		if (table->nodes[i] == node) return NULL;
		if (table->hashes[i] == hash && table->graphs[i] == graph && same_node(table->nodes[i], node)) return table->nodes[i];
	}
	table->nodes[i] = node;
	table->graphs[i] = graph;
	table->hashes[i] = hash;
	if (2 * ++table->count > table->mask) grow(table);
	return NULL;
}

bool pass_share(Context *context, Program *program)
{
	(void)context;
	Table table = {.arena = arena_new()};
	grow(&table);
	bool changed = pass_rewrite(program, find_equal, &table);
	arena_free(table.arena);
	return changed;
}
