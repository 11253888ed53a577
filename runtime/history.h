/* history.h: what was logged at the end of each epoch: a table with a column a log. */
#ifndef NN_HISTORY_H
#define NN_HISTORY_H
#include "tally.h"

struct cJSON;

typedef struct nn_history {
	int column_count, epoch_count;
	char columns[2 * NN_LOGS][NN_LOG_NAME]; /* "accuracy", "loss", "val_accuracy", "val_loss" */
	double *values;                         /* (epoch_count, column_count) */
	int capacity;                           /* epochs */
} nn_history;

/* The training's logs, then validation's (may be NULL) with "val_" before them. */
void nn_history_columns(nn_history *history, const nn_tally *train, const nn_tally *validation);
/* values: column_count. 0, or 1 when memory ran out. */
int nn_history_add(nn_history *history, const double *values);
/* The values of a column in one epoch; NAN and *found 0: there is no such column. */
double nn_history_value(const nn_history *history, int epoch, const char *column, int *found);
int nn_history_column(const nn_history *history, const char *name); /* -1: none */
/* "epoch,accuracy,loss\n" and "1,0.5,0.69\n" (epochs are counted from 1, numbers read back to the same bits) */
void nn_history_header(nn_text *text, const nn_history *history);
void nn_history_line(nn_text *text, const nn_history *history, int epoch);
/* {"columns": [..], "epochs": [[..], ..]}; what is not finite is a string */
struct cJSON *nn_history_json(const nn_history *history);
/* Takes the epochs of a checkpoint, whose columns must be the same. 0, or 1: they are not. */
int nn_history_restore(nn_history *history, const struct cJSON *json);
void nn_history_free(nn_history *history);

/* A number for JSON and back: what is not finite is the string "nan", "inf" or "-inf". NAN: it is no number. */
struct cJSON *nn_json_number(double number);
double nn_json_number_of(const struct cJSON *item);

#endif
