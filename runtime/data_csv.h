/* data_csv.h: the rows of a csv file as text: (rows, columns) cells. */
#ifndef NN_DATA_CSV_H
#define NN_DATA_CSV_H
#include "data_internal.h"

typedef struct Cells {
	char *text; /* all cells, each ended by 0 */
	size_t size, capacity;
	size_t *at; /* (rows, columns) where a cell begins in text */
	int64_t *lines; /* (rows) line of the file a row begins in, from 1 */
	int64_t rows, columns;
	char **header; /* (columns) or NULL */
} Cells;

/* Reads a file, unpacked if gzip. header: the first row names the columns. Every row must have as many cells as the first.
 * 0, or 1 after an error that names file and line. */
int nn_cells_read(const char *path, char separator, int header, Cells *cells);
/* The same of bytes that were read already; path: for messages. The bytes may be changed. */
int nn_cells_parse(const char *path, uint8_t *bytes, size_t size, char separator, int header, Cells *cells);
void nn_cells_free(Cells *cells);
static inline const char *nn_cell(const Cells *cells, int64_t row, int64_t column)
{
	return cells->text + cells->at[row * cells->columns + column];
}

/* data_table.c: what a cell is, and columns by name or number (negative from the end; -1: there is none). */
int nn_is_missing(const nn_data_source *spec, const char *text);
int nn_parse_number(const char *text, double *value); /* a decimal number and nothing else. 0 or 1 */
int64_t nn_find_column(const Cells *cells, const char *name);
void nn_say_no_column(const char *path, const Cells *cells, const char *what, const char *name);

#endif
