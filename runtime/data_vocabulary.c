/* data_vocabulary.c: in: words and how often each occurs; out: which of them have an id, and the table in the state that gives
 * the id of a token without the words themselves, so that a program that embeds a model needs the state alone.
 * Invariant: the ids depend on the counts and the words' bytes only, not on the order in which they were found. */
#include <stdlib.h>
#include <string.h>
#include "data_text.h"
#include "model.h"

typedef struct Counted {
	const char *text;
	int64_t count, place;
} Counted;

static int compare_counted(const void *a, const void *b)
{
	const Counted *x = a, *y = b;
	if (x->count != y->count) return x->count < y->count ? 1 : -1;
	return strcmp(y->text, x->text);
}

int64_t nn_words_commonest(const Words *words, const int64_t *counts, int64_t room, int64_t *order)
{
	Counted *sorted = malloc(sizeof *sorted * ((size_t)words->count + 1));
	int64_t count = 0;
	if (sorted == NULL) return -1;
	for (int64_t i = 0; i < words->count; i++)
		if (counts[i] > 0) sorted[count++] = (Counted){words->text + words->at[i], counts[i], i};
	qsort(sorted, (size_t)count, sizeof *sorted, compare_counted);
	if (count > room) count = room;
	for (int64_t i = 0; i < count; i++) order[i] = sorted[i].place;
	free(sorted);
	return count;
}

static int same_hash(const nn_model *model, const void *state, size_t place, uint64_t hash)
{
	for (int i = 0; i < 4; i++)
		if (nn_number(model, state, place + (size_t)i) != (double)(hash >> 16 * i & 0xffff)) return 0;
	return 1;
}

/* The row of the hash, or the empty one where it would stand; *id: 0 if empty. At most all rows are looked at. */
static size_t find_row(const nn_model *model, const void *state, const nn_tensor *table, uint64_t hash, int64_t *id)
{
	size_t rows = (size_t)table->shape[0], row = hash & (rows - 1);
	for (size_t i = 0; i < rows; i++, row = (row + 1) & (rows - 1)) {
		size_t place = table->offset + row * NN_VOCABULARY_COLUMNS;
		*id = (int64_t)nn_number(model, state, place + 4);
		if (*id == 0 || same_hash(model, state, place, hash)) return place;
	}
	*id = NN_UNKNOWN; /* a table without an empty row: not one of ours */
	return table->offset;
}

int64_t nn_vocabulary_find(const nn_model *model, const void *state, const nn_tensor *table, uint64_t hash)
{
	int64_t id;
	find_row(model, state, table, hash, &id);
	return id == 0 ? NN_UNKNOWN : id;
}

int nn_vocabulary_put(const nn_model *model, void *state, const nn_tensor *table, uint64_t hash, int64_t id)
{
	int64_t found;
	size_t place = find_row(model, state, table, hash, &found);
	if (found != 0) return 1;
	for (int i = 0; i < 4; i++) nn_number_set(model, state, place + (size_t)i, (double)(hash >> 16 * i & 0xffff));
	nn_number_set(model, state, place + 4, (double)id);
	return 0;
}
