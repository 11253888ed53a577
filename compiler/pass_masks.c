/* pass_masks.c: the masks of the outputs of `predict`. One that reads an input which no prediction reads is gone: the input is of the
 * truth (the words of a caption that is yet to be written), which is not known when predicting. Requires: nothing. Keeps: every output
 * that is no mask. */
#include <string.h>
#include "pass.h"

/* Marks the inputs that the predictions depend on, by id. */
static void mark_inputs(Arena *scratch, const Program *program, bool *read)
{
	Node **roots = arena_alloc(scratch, (size_t)(program->output_count + 1)*sizeof *roots);
	int root_count = 0, count;
	for (int i = 0; i < program->output_count; i++)
		if (!program->outputs[i].mask) roots[root_count++] = program->outputs[i].node;
	Node **order = graph_order(scratch, roots, root_count, &count);
	for (int i = 0; i < count; i++) read[order[i]->id] |= order[i]->op == &op_input;
}

static bool is_needless(Arena *scratch, Node *mask, const bool *read)
{
	int count;
	Node **order = graph_order(scratch, &mask, 1, &count);
	for (int i = 0; i < count; i++)
		if (order[i]->op == &op_input && !read[order[i]->id]) return true;
	return false;
}

bool pass_masks(Context *context, Program *program)
{
	(void)context;
	int kept = 0, all = program->output_count;
	if (strcmp(program->name, "predict")) return false;
	Arena *scratch = arena_new();
	bool *read = arena_alloc(scratch, (size_t)(program->graph->count + 1)*sizeof *read);
	mark_inputs(scratch, program, read);
	for (int i = 0; i < all; i++)
		if (!program->outputs[i].mask || !is_needless(scratch, program->outputs[i].node, read)) program->outputs[kept++] = program->outputs[i];
	program->output_count = kept;
	arena_free(scratch);
	return kept < all;
}
