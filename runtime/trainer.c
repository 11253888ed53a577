/* Input: a model and options. Output: a trainer that stands before its first step, or before the one to go on with.
 * Invariant: nothing in the run folder is touched before everything else was opened and checked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "file.h"
#include "trainer.h"

static char *copy(const char *text) { return text ? strdup(text) : NULL; }

static int find_programs(nn_trainer *trainer) {
	const nn_model *model = trainer->model;
	for (int i = 0; i < model->program_count && trainer->program_count < NN_TRAIN_PROGRAMS; i++)
		if (nn_program_trains(&model->programs[i]))
			trainer->programs[trainer->program_count++] = &model->programs[i];
	trainer->evaluate = nn_program_find(model, "evaluate");
	if (trainer->program_count) return 0;
	nn_error("%s has no program 'train': its spec has no train section", model->name);
	return 1;
}

/* The run folder's name; refuses one that holds a run unless it is to be resumed. */
static int find_run(nn_trainer *trainer) {
	const nn_train_options *options = trainer->options;
	trainer->run = options->out ? copy(options->out) : nn_path_join("runs", trainer->model->name);
	trainer->last_path = trainer->run ? nn_path_join(trainer->run, "last.safetensors") : NULL;
	if (!trainer->last_path) return nn_error("out of memory"), 1;
	if (!nn_file_exists(trainer->last_path)) {
		if (options->resume) nn_note("%s holds no run yet: starting from the beginning", trainer->run);
		return 0;
	}
	trainer->resumed = options->resume;
	if (!options->resume)
		nn_error("%s already holds a run; --resume continues it, --out RUN begins another", trainer->run);
	return !options->resume;
}

static void default_settings(nn_trainer *trainer) {
	const nn_train_options *options = trainer->options;
	const nn_training *training = &trainer->model->training;
	trainer->settings = (nn_trainer_settings){
	        .seed = options->has_seed ? options->seed : trainer->model->seed,
	        .epochs = options->epochs ? options->epochs : training->epochs,
	        .shuffle = training->shuffle && !options->no_shuffle,
	        .steps_per_epoch = options->steps_per_epoch ? options->steps_per_epoch : training->steps_per_epoch,
	        .train = copy(options->train),
	        .validation = copy(options->validation),
	        .test = copy(options->test)};
	if (trainer->settings.epochs <= 0) trainer->settings.epochs = 1; /* as Keras's fit */
}

static int open_data(nn_trainer *trainer) {
	nn_data_request request = {.need = NN_NEED_TRAIN,
	                           .want = NN_NEED_VALIDATION | NN_NEED_TEST,
	                           .train = trainer->settings.train,
	                           .validation = trainer->settings.validation,
	                           .test = trainer->settings.test,
	                           .known = trainer->names,
	                           .known_count = trainer->name_count,
	                           .threads = trainer->options->threads};
	return nn_data_open(trainer->model, &request, &trainer->sets);
}

/* Weights from the initializers, what is fitted from the data, then what --init or else the spec's init_from brings. */
static int begin_state(nn_trainer *trainer) {
	nn_safetensors file;
	char error[NN_ERROR];
	nn_model_initialize(trainer->model, &trainer->memory, trainer->settings.seed, trainer->options->threads);
	if (nn_data_fit(trainer->sets.train, trainer->memory.state)) return 1;
	nn_init init = trainer->model->training.init;
	if (trainer->options->init) init = (nn_init){.file = trainer->options->init, .skip_mismatch = 1};
	if (!init.file) return 0;
	if (nn_safetensors_open(&file, init.file, error)) return nn_error("%s", error), 1;
	int failed = nn_checkpoint_read_some(&file, trainer->model, trainer->memory.state, &init);
	nn_safetensors_close(&file);
	return failed;
}

static int begin(nn_trainer *trainer) {
	if (begin_state(trainer)) return 1;
	trainer->vocabularies = nn_data_vocabularies(trainer->sets.train, trainer->memory.state, &trainer->vocabulary_count);
	return 0;
}

/* What a turn of the programs takes: see run_step. */
static int64_t batches_per_step(const nn_trainer *trainer) {
	int64_t batches = 1;
	for (int i = 0; i < trainer->program_count; i++) batches += nn_program_times(trainer->programs[i]) - 1;
	return batches;
}

static int open_loaders(nn_trainer *trainer) {
	nn_loader_options options = {.batch_size = trainer->programs[0]->batch,
	                             .training = 1,
	                             .shuffle = trainer->settings.shuffle,
	                             .seed = trainer->settings.seed,
	                             .steps_per_epoch = trainer->settings.steps_per_epoch,
	                             .batches_per_step = batches_per_step(trainer),
	                             .threads = trainer->options->threads};
	trainer->loader = nn_loader_open(trainer->sets.train, trainer->memory.state, &options);
	if (!trainer->loader) return 1;
	trainer->steps = nn_loader_steps(trainer->loader) / batches_per_step(trainer);
	trainer->validated = trainer->sets.validation && trainer->evaluate;
	if (!trainer->validated) return 0;
	options = (nn_loader_options){.batch_size = trainer->evaluate->batch,
	                              .steps_per_epoch = trainer->model->training.validation_steps,
	                              .threads = trainer->options->threads};
	trainer->validation_loader = nn_loader_open(trainer->sets.validation, trainer->memory.state, &options);
	return !trainer->validation_loader;
}

static int open_logs(nn_trainer *trainer) {
	const nn_model *model = trainer->model;
	int64_t rows = trainer->steps * trainer->programs[0]->batch;
	if (nn_tally_open(&trainer->tally, model, trainer->programs, trainer->program_count, 0, rows)) return 1;
	if (trainer->validated && nn_tally_open(&trainer->validation_tally, model, &trainer->evaluate, 1, 0,
	                                        nn_dataset_count(trainer->sets.validation)))
		return 1;
	nn_history_columns(&trainer->history, &trainer->tally, trainer->validated ? &trainer->validation_tally : NULL);
	return nn_callbacks_open(&trainer->callbacks, &model->training, trainer->validated, trainer->program_count > 1 || strchr(trainer->programs[0]->name, '.'));
}

/* The run folder is this process's until it ends, however it ends. */
static int lock_run(nn_trainer *trainer) {
	trainer->lock = open(trainer->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (trainer->lock < 0 || !flock(trainer->lock, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) return 0;
	nn_error("another process is training in %s", trainer->run);
	return 1;
}

static int open_all(nn_trainer *trainer, const nn_safetensors *file) {
	char error[NN_ERROR];
	if (file && nn_trainer_read_settings(trainer, file)) return 1;
	if (open_data(trainer)) return 1;
	if (nn_memory_open(&trainer->memory, trainer->model, trainer->model->state_count, trainer->model->work_bytes))
		return 1;
	if (!file && begin(trainer)) return 1;
	if (file && nn_checkpoint_read(file, trainer->model, trainer->memory.state, trainer->model->state_count, error))
		return nn_error("%s", error), 1;
	if (open_loaders(trainer) || open_logs(trainer)) return 1;
	if (file && nn_trainer_read_position(trainer, file)) return 1;
	if (nn_directory_make(trainer->run, error)) return nn_error("%s", error), 1;
	if (lock_run(trainer)) return 1;
	nn_loader_seek(trainer->loader, trainer->epoch, trainer->step * batches_per_step(trainer));
	return nn_trainer_write_history(trainer);
}

int nn_trainer_open(nn_trainer *trainer, const nn_model *model, const nn_train_options *options) {
	nn_safetensors file;
	char error[NN_ERROR];
	*trainer = (nn_trainer){.model = model, .options = options, .begun = nn_seconds()};
	if (nn_model_check(model) || find_programs(trainer) || find_run(trainer)) return 1;
	default_settings(trainer);
	nn_progress_open(&trainer->progress, stdout, options->quiet);
	if (!trainer->resumed) return open_all(trainer, NULL);
	if (options->init) return nn_error("--init and --resume exclude each other: %s holds a run", trainer->run), 1;
	if (nn_safetensors_open(&file, trainer->last_path, error)) return nn_error("%s", error), 1;
	int failed = open_all(trainer, &file);
	nn_safetensors_close(&file);
	return failed;
}

void nn_trainer_close(nn_trainer *trainer) {
	if (trainer->loader) nn_loader_close(trainer->loader);
	if (trainer->validation_loader) nn_loader_close(trainer->validation_loader);
	nn_tally_close(&trainer->tally);
	nn_tally_close(&trainer->validation_tally);
	nn_callbacks_close(&trainer->callbacks);
	nn_history_free(&trainer->history);
	nn_data_close(&trainer->sets);
	nn_memory_close(&trainer->memory);
	nn_checkpoint_free_names(trainer->names, trainer->name_count);
	nn_checkpoint_free_names(trainer->vocabularies, trainer->vocabulary_count);
	free(trainer->settings.train), free(trainer->settings.validation), free(trainer->settings.test);
	free(trainer->run), free(trainer->last_path);
	if (trainer->lock > 0) close(trainer->lock);
	*trainer = (nn_trainer){0};
}
