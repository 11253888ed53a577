/* data_sequence.h: files with one sequence a row: what their rows hold, before anything is fitted. */
#ifndef NN_DATA_SEQUENCE_H
#define NN_DATA_SEQUENCE_H
#include "data_internal.h"

/* The parts of the kind `sequence`, as the compiler's table has them. */
enum { NN_SEQUENCE_VALUES, NN_SEQUENCE_LABEL, NN_SEQUENCE_LENGTH };

typedef enum SequenceLabel { SEQUENCE_NO_LABEL, SEQUENCE_FIRST, SEQUENCE_LAST } SequenceLabel;

typedef struct SequenceRow {
	int64_t from, count; /* numbers in values, the label not among them */
	int64_t line; /* of the file, from 1 */
	uint32_t hash; /* of the row's text */
	char *label; /* NULL: it has none */
} SequenceRow;

typedef struct SequenceRows {
	double *values;
	int64_t value_count, value_capacity;
	SequenceRow *rows;
	int64_t count, capacity;
} SequenceRows;

/* The next field of a row: numbers stand between blanks, a tab or a comma. *fields: how many there were before. Length 0: there is
 * nothing between two separators. 0: the row is over. */
int nn_sequence_field(const char **at, const char *end, int64_t *fields, const char **field, size_t *length);
/* Takes the rows of a file apart; blank lines are none. missing: texts that fill a row up behind its end. 0, or 1 after an error
 * that names file and line; the rows are to be freed either way. */
int nn_sequence_parse(const char *path, const uint8_t *bytes, size_t size, SequenceLabel label, const nn_texts *missing, SequenceRows *rows);
/* The name of a class: "-1" of "-1.0000000e+00", so that it has one however a file writes it. Free with free; NULL: out of memory. */
char *nn_sequence_class(const char *text);
void nn_sequence_free(SequenceRows *rows);

#endif
