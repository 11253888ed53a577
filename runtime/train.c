/* Input: a model, its data, options. Output: a run folder.
 * Invariant: what a step does depends on the state, seed, step and data alone; so a run that was put aside goes on as
 * if not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "interrupt.h"
#include "trainer.h"

enum { CONTINUE = 0, FAILED = 1 };

/* Samples that their loss says can't be met: the mean of the batch is so many times 1e30 in its rows, and hardly more. */
static void count_unmet(nn_trainer *trainer, const nn_program *program, const nn_batch *batch) {
	double share = nn_output_number(trainer->model, program, trainer->memory.work, "loss") * batch->rows / 1e30;
	if (share > 0.5 && share < batch->rows + 0.5 && fabs(share - round(share)) < 1e-3) trainer->unmet += (int64_t)round(share);
}

/* Once; in another epoch they are the same samples. */
static void note_unmet(nn_trainer *trainer) {
	if (trainer->unmet && trainer->epoch == 0) {
		nn_progress_break(&trainer->progress);
		nn_note("%s: %lld of %lld samples can't be met, which is a loss of 1e30 each and teaches nothing; of ctc, a label of more classes "
		        "than its sequence has steps that count", nn_dataset_source(trainer->sets.train), (long long)trainer->unmet,
		        (long long)nn_tally_rows(&trainer->tally));
	}
	trainer->unmet = 0;
}

/* A batch through a training program, which has run `runs` times before. */
static int run_program(nn_trainer *trainer, const nn_program *program, const nn_batch *batch, uint64_t runs) {
	nn_call call = {.rows = batch->rows,
	                .threads = trainer->options->threads,
	                .seed = trainer->settings.seed,
	                .step = runs,
	                .epoch = trainer->epoch};
	const char *name = strchr(program->name, '.');
	nn_program_feed(trainer->model, program, trainer->memory.work, batch);
	if (program->run(trainer->memory.state, trainer->memory.work, &call) == NN_NOT_FINITE) {
		nn_progress_break(&trainer->progress);
		nn_error("the loss%s%s is not a finite number in epoch %d, step %lld; the weights were not changed "
		         "by it and the checkpoints in %s "
		         "are kept; a lower learning rate may help",
		         name ? " of " : "", name ? name + 1 : "", trainer->epoch + 1, (long long)trainer->step + 1, trainer->run);
		return FAILED;
	}
	count_unmet(trainer, program, batch);
	return nn_tally_add(&trainer->tally, program, trainer->memory.work, batch) ? FAILED : CONTINUE;
}

static void begin_batch(nn_trainer *trainer, const nn_batch *batch) {
	if (batch->begins) nn_model_reset(trainer->model, &trainer->memory, trainer->options->threads);
}

/* All training programs in turn. They begin with one batch; what runs several times takes a new one for each further run,
 * and that is read when the program is not due as well, so that every turn takes as many. */
static int run_step(nn_trainer *trainer, const nn_batch *batch) {
	uint64_t turn = trainer->total_steps;
	begin_batch(trainer, batch);
	for (int i = 0; i < trainer->program_count; i++) {
		const nn_program *program = trainer->programs[i];
		uint64_t every = (uint64_t)nn_program_every(program), times = (uint64_t)nn_program_times(program);
		for (uint64_t k = 0; k < times; k++) {
			if (k && (batch = nn_loader_next(trainer->loader)) == NULL) return FAILED;
			if (k) begin_batch(trainer, batch);
			if ((turn + 1) % every) continue;
			if (run_program(trainer, program, batch, turn / every * times + k)) return FAILED;
		}
	}
	trainer->step++, trainer->total_steps++;
	return CONTINUE;
}

static int put_aside(nn_trainer *trainer) {
	nn_progress_break(&trainer->progress);
	if (nn_trainer_save(trainer, 1)) return FAILED;
	nn_note("stopped in epoch %d after %lld of %lld steps; --resume goes on from here", trainer->epoch + 1,
	        (long long)trainer->step, (long long)trainer->steps);
	return NN_EXIT_INTERRUPTED;
}

static void show_step(nn_trainer *trainer, int rows) {
	double values[NN_LOGS];
	int due = nn_progress_due(&trainer->progress);
	if (due) nn_tally_values(&trainer->tally, values, 1);
	nn_progress_step(&trainer->progress, trainer->step, rows, (const char(*)[NN_LOG_NAME])trainer->history.columns,
	                 due ? values : NULL, trainer->tally.log_count);
}

/* The steps of an epoch that are left. */
static int run_steps(nn_trainer *trainer) {
	const nn_batch *batch;
	int stepping = trainer->step < trainer->steps; /* not if the run was put aside while it validated */
	while (stepping) {
		if (nn_interrupted()) return put_aside(trainer);
		if ((batch = nn_loader_next(trainer->loader)) == NULL) break;
		int rows = batch->rows, result = run_step(trainer, batch);
		if (result) return result;
		show_step(trainer, rows);
	}
	if (nn_loader_failed(trainer->loader)) return nn_progress_break(&trainer->progress), FAILED;
	if (!trainer->step) return nn_error("the training data gave no batch"), FAILED;
	return CONTINUE;
}

static int validate(nn_trainer *trainer) {
	nn_call call = {.threads = trainer->options->threads,
	                .seed = trainer->settings.seed,
	                .step = trainer->total_steps,
	                .epoch = trainer->epoch};
	if (!trainer->validated) return CONTINUE;
	int result = nn_evaluate_pass(trainer->model, &trainer->memory, trainer->evaluate, trainer->validation_loader,
	                              &trainer->validation_tally, &call);
	if (result == NN_EXIT_INTERRUPTED) return put_aside(trainer);
	if (!result && !nn_tally_rows(&trainer->validation_tally))
		nn_error("the validation data gave no batch"), result = FAILED;
	return result;
}

/* A run that has ended and goes on with more epochs: as in Keras's next fit, what is restored must be found anew. */
static void forget_restored(nn_trainer *trainer) {
	trainer->restored = 0;
	for (int i = 0; i < trainer->callbacks.count; i++) trainer->callbacks.states[i].has_weights = 0;
}

/* An epoch over all of the data, or its validation, of which no place counted, taught and measured nothing. */
static int check_places(nn_trainer *trainer) {
	const nn_dataset *train = trainer->sets.train;
	int whole = nn_tally_rows(&trainer->tally) >= nn_dataset_count(train), trained = !whole || nn_tally_counts(&trainer->tally);
	if (trained && (!trainer->validated || nn_tally_counts(&trainer->validation_tally))) return CONTINUE;
	nn_progress_break(&trainer->progress);
	nn_error("%s: no place of the %s data counts, because all are masked, so that there is no loss",
	         nn_dataset_source(trained ? trainer->sets.validation : train), trained ? "validation" : "training");
	return FAILED;
}

/* The logs of the epoch into the history, callbacks, files. */
static int end_epoch(nn_trainer *trainer) {
	double values[2 * NN_LOGS];
	note_unmet(trainer);
	nn_tally_values(&trainer->tally, values, 0);
	if (trainer->validated) nn_tally_values(&trainer->validation_tally, values + trainer->tally.log_count, 0);
	if (nn_history_add(&trainer->history, values)) return FAILED;
	nn_progress_done(&trainer->progress, trainer->step, (const char(*)[NN_LOG_NAME])trainer->history.columns,
	                 values, trainer->history.column_count);
	if (trainer->restored) forget_restored(trainer);
	nn_callbacks_epoch(&trainer->callbacks, &trainer->history, trainer->epoch);
	trainer->epoch++, trainer->step = 0;
	nn_tally_clear(&trainer->tally);
	return nn_trainer_append_history(trainer) || nn_trainer_sheet(trainer) || nn_trainer_save(trainer, 0);
}

static int run_epochs(nn_trainer *trainer) {
	while (trainer->epoch < trainer->settings.epochs && !trainer->callbacks.stop) {
		nn_progress_epoch(&trainer->progress, trainer->epoch + 1, trainer->settings.epochs, trainer->step,
		                  trainer->steps);
		int result = run_steps(trainer);
		if (!result) result = validate(trainer);
		if (!result) result = check_places(trainer);
		if (!result) result = end_epoch(trainer);
		if (result) return result;
	}
	if (trainer->callbacks.stop && !trainer->options->quiet)
		printf("Epoch %d: early stopping\n", trainer->epoch), fflush(stdout);
	return CONTINUE;
}

int nn_train(const nn_model *model, const nn_train_options *options) {
	nn_trainer trainer;
	sigset_t before;
	nn_interrupts_block(&before);
	int result = nn_trainer_open(&trainer, model, options);
	if (!result) result = run_epochs(&trainer);
	if (!result) result = nn_trainer_finish(&trainer);
	nn_trainer_close(&trainer);
	nn_interrupts_restore(&before);
	return result;
}
