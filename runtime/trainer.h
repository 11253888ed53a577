/* trainer.h: the state of a training, shared by the files that open, run, put aside and finish it (not for others). */
#ifndef NN_TRAINER_H
#define NN_TRAINER_H
#include "callbacks.h"
#include "checkpoint.h"
#include "data.h"
#include "evaluate.h"
#include "history.h"
#include "model.h"
#include "progress.h"
#include "report.h"
#include "tally.h"
#include "train.h"

enum { NN_TRAIN_PROGRAMS = 16 };

typedef struct nn_trainer_settings { /* what makes a run the run it is; kept in its checkpoint */
	uint64_t seed;
	int epochs, shuffle;
	int64_t steps_per_epoch;
	char *train, *validation, *test; /* paths of the command line, NULL: the spec's */
} nn_trainer_settings;

typedef struct nn_trainer {
	const nn_model *model;
	const nn_train_options *options;
	nn_trainer_settings settings;
	char *run, *last_path;
	int lock; /* the run folder, locked against a second trainer; 0: not yet */
	nn_memory memory;
	nn_datasets sets;
	nn_names *names; /* those a checkpoint remembers */
	int name_count;
	nn_names *vocabularies;
	int vocabulary_count;
	const nn_program *programs[NN_TRAIN_PROGRAMS]; /* "train", or one for each updating step */
	int program_count;
	const nn_program *evaluate;
	nn_loader *loader, *validation_loader;
	nn_tally tally, validation_tally;
	int validated;
	nn_history history;
	nn_callbacks callbacks;
	nn_progress progress;
	int64_t steps;         /* of an epoch */
	int epoch;             /* the epoch that runs, from 0 */
	int64_t step;          /* steps done in it */
	uint64_t total_steps;  /* done since the start */
	int resumed, restored; /* restored: restore_best_weights has done its work */
	int64_t unmet; /* samples of the epoch whose loss was 1e30 */
	double begun;
} nn_trainer;

/* Opens everything, up to the first step or the one to go on with. 0 or 1; close in any case. */
int nn_trainer_open(nn_trainer *trainer, const nn_model *model, const nn_train_options *options);
void nn_trainer_close(nn_trainer *trainer);

/* Writes last.safetensors, and the files of callbacks that save now. within: in the middle of an epoch. 0, or 1 (said).
 */
int nn_trainer_save(nn_trainer *trainer, int within);
/* Before the data is opened: reads the settings of the run that is resumed. After everything is open: the state. 0
 * or 1. */
int nn_trainer_read_settings(nn_trainer *trainer, const nn_safetensors *file);
int nn_trainer_read_position(nn_trainer *trainer, const nn_safetensors *file);

/* history.csv anew, as far as the run has come; or one more line. 0 or 1. */
int nn_trainer_write_history(nn_trainer *trainer);
int nn_trainer_append_history(nn_trainer *trainer);
/* Of a network that makes pictures of noise: RUN/sheets, one more. 0 or 1. */
int nn_trainer_sheet(nn_trainer *trainer);
/* Some of them, in their order, for the report; their number. Each png is freed by the caller. */
int nn_trainer_sheets(const nn_trainer *trainer, nn_sheet sheets[NN_SHEETS]);
/* After the last epoch: weights to restore, the evaluation of the best, metrics.json, report.html. 0, 1 or 130. */
int nn_trainer_finish(nn_trainer *trainer);
/* The file that restore_best_weights of callback i comes from. Freed by the caller. */
char *nn_trainer_restore_path(const nn_trainer *trainer, int callback);

#endif
