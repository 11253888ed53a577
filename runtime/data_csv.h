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
void nn_cells_free(Cells *cells);
static inline const char *nn_cell(const Cells *cells, int64_t row, int64_t column)
{
	return cells->text + cells->at[row * cells->columns + column];
}

#endif
