/* data_table.h: a table as a source: which columns of a file are read, and as what. */
#ifndef NN_DATA_TABLE_H
#define NN_DATA_TABLE_H
#include "data_csv.h"

enum { COLUMN_NONE = -1 };

/* A column of the file that is read as numbers. */
typedef struct Column {
	int64_t at;
	char *name; /* "column \"age\"", for messages */
	nn_names *categories; /* NULL: numbers; else their texts become places in this list */
	int may_miss; /* a missing value is filled; else it is a mistake */
} Column;

/* A field of the model that is a label: the columns of `label:`, or one of them by its name. */
typedef struct TableLabel {
	int field;
	int64_t *at; /* (width) columns of the file */
	int width;
} TableLabel;

typedef struct Table {
	Column *columns;
	int column_count;
	int *features; /* (feature_count) which columns make data.features */
	int feature_count;
	int *own; /* (the model's field_count) the column that a field is; -1 */
	Fitted *fitted; /* (the model's field_count) */
	TableLabel *labels;
	int label_count;
	int *targets; /* (target_count) of windows: which columns are predicted; -1: not there */
	int target_count;
	int64_t group_at, key_at, time_at, series_at; /* COLUMN_NONE: none */
	double *values; /* (count, column_count): NAN: missing */
	int64_t *lines; /* (count) */
} Table;

/* Decides which columns are read. 0, or 1 after an error. Categories may not be known yet. */
int nn_table_columns(Table *table, const nn_model *model, const Place *place, const Cells *cells);
/* Categories that are not known are learned from the rows. Then, whether the features are as many numbers as the model takes.
 * 0 or 1. */
int nn_table_learn(Table *table, const nn_model *model, const Place *place, const Cells *cells);
/* Numbers that a column is among the features. */
static inline int nn_column_width(const Column *column)
{
	return column->categories != NULL ? column->categories->count : 1;
}

#endif
