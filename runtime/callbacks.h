/* callbacks.h: EarlyStopping and ModelCheckpoint, by Keras's rules (3.x, keras/src/callbacks), and the run's own
 * `best`. */
#ifndef NN_CALLBACKS_H
#define NN_CALLBACKS_H
#include "history.h"

struct cJSON;

typedef struct nn_callback_state {
	const nn_callback *rule;
	int has_best, has_weights; /* has_weights: restore_best_weights has something to restore */
	double best;
	int best_epoch, wait, stopped_epoch;
	int missing_said;
	/* set by nn_callbacks_epoch for this epoch: write the weights now, to rule->filepath or to what is restored at
	 * the end */
	int save;
} nn_callback_state;

typedef struct nn_callbacks {
	nn_callback_state *states;
	int count;
	int stop;             /* an EarlyStopping has ended the training */
	nn_callback own_rule; /* the run's own best, when no ModelCheckpoint writes it: states[count - 1] */
} nn_callbacks;

/* The spec's callbacks; the run's own `best` is the lowest val_loss (loss without validation) unless one of them writes
 * best.safetensors. steps: several losses against one another have no lowest: then it is the last epoch. 0, or 1 when memory ran out. */
int nn_callbacks_open(nn_callbacks *callbacks, const nn_training *training, int validated, int steps);
/* After an epoch (counted from 0) whose logs are the history's last line: moves states, sets `save` and `stop`. */
void nn_callbacks_epoch(nn_callbacks *callbacks, const nn_history *history, int epoch);
/* Keras's template: "w-{epoch:02d}-{val_loss:.2f}" -> "w-03-0.25"; epoch counts from 1. Freed by the caller; NULL:
 * memory, or a name in braces that is no log. */
char *nn_callback_path(const char *template, const nn_history *history, int epoch);
struct cJSON *nn_callbacks_json(const nn_callbacks *callbacks);
/* 0, or 1: that is not the state of these callbacks. */
int nn_callbacks_restore(nn_callbacks *callbacks, const struct cJSON *json);
void nn_callbacks_close(nn_callbacks *callbacks);

#endif
