/* Input: where a training stands. Output: last.safetensors and the files of callbacks; and from such a file back.
 * Invariant: a file that callbacks asked for gets its name before last.safetensors does, so that last never knows of a
 * best that is not there; an epoch that is run again writes the same bytes. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "trainer.h"

static const char *const sums_name = "epoch/sums";

static void add_path(cJSON *json, const char *name, const char *path) {
	if (path) cJSON_AddStringToObject(json, name, path);
}

static cJSON *position_json(const nn_trainer *trainer) {
	const nn_trainer_settings *settings = &trainer->settings;
	cJSON *json = cJSON_CreateObject();
	char number[32];
	snprintf(number, sizeof number, "%" PRIu64, settings->seed);
	cJSON_AddStringToObject(json, "seed", number); /* 64 bits do not fit a JSON number */
	cJSON_AddNumberToObject(json, "number_size", trainer->model->number_size);
	cJSON_AddNumberToObject(json, "epochs", settings->epochs);
	cJSON_AddNumberToObject(json, "steps_per_epoch", (double)settings->steps_per_epoch);
	cJSON_AddBoolToObject(json, "shuffle", settings->shuffle);
	add_path(json, "train", settings->train), add_path(json, "validation", settings->validation),
	        add_path(json, "test", settings->test);
	cJSON_AddNumberToObject(json, "samples", (double)nn_dataset_count(trainer->sets.train));
	cJSON_AddNumberToObject(json, "epoch", trainer->epoch);
	cJSON_AddNumberToObject(json, "step", (double)trainer->step);
	cJSON_AddNumberToObject(json, "total_steps", (double)trainer->total_steps);
	cJSON_AddBoolToObject(json, "restored", trainer->restored);
	cJSON_AddItemToObject(json, "callbacks", nn_callbacks_json(&trainer->callbacks));
	cJSON_AddItemToObject(json, "history", nn_history_json(&trainer->history));
	return json;
}

/* The sums of an epoch in its middle, and the rows it keeps. Returns how many arrays there are. */
static int epoch_arrays(const nn_trainer *trainer, nn_array arrays[1 + NN_OUTPUTS]) {
	const nn_tally *tally = &trainer->tally;
	int count = 0;
	arrays[count++] = (nn_array){sums_name, 8, 1, {tally->sum_count}, tally->sums};
	for (int i = 0; i < tally->part_count; i++) {
		const nn_part *part = &tally->parts[i];
		if (part->keep)
			arrays[count++] = (nn_array){part->kept_name, 8, 2, {part->kept_rows, (int64_t)nn_tally_width(part)}, part->kept};
	}
	return count;
}

char *nn_trainer_restore_path(const nn_trainer *trainer, int callback) {
	char name[64];
	snprintf(name, sizeof name, "early_stopping_%d.safetensors", callback + 1);
	return nn_path_join(trainer->run, name);
}

static int make_parent(const char *path, char error[NN_ERROR]) {
	char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
	int failed = 0;
	if (slash && slash != folder) *slash = 0, failed = nn_directory_make(folder, error);
	free(folder);
	return failed;
}

/* Gives what was written the name that a callback wants for it. */
static int save_for_callback(const nn_trainer *trainer, int index, nn_file *file, char error[NN_ERROR]) {
	const nn_callback_state *state = &trainer->callbacks.states[index];
	const nn_callback *rule = state->rule;
	char *path;
	if (rule && rule->kind == NN_EARLY_STOPPING) {
		path = nn_trainer_restore_path(trainer, index);
	} else {
		char *name = nn_callback_path(rule && rule->filepath ? rule->filepath : "best.safetensors",
		                              &trainer->history, trainer->epoch - 1);
		path = name ? nn_path_join(trainer->run, name) : NULL;
		free(name);
	}
	if (!path)
		return snprintf(error, NN_ERROR, "ModelCheckpoint: '%.150s' names what this training does not log",
		                rule ? rule->filepath : ""),
		       1;
	int failed = make_parent(path, error) || nn_file_also(file, path, error);
	free(path);
	return failed;
}

static int write_all(nn_trainer *trainer, nn_file *file, int within, char error[NN_ERROR]) {
	nn_array arrays[1 + NN_OUTPUTS];
	cJSON *position = position_json(trainer);
	nn_checkpoint_extra extra = {.classes = trainer->sets.classes,
	                             .class_count = trainer->sets.class_count,
	                             .vocabularies = trainer->vocabularies,
	                             .vocabulary_count = trainer->vocabulary_count,
	                             .names = trainer->sets.names,
	                             .name_count = trainer->sets.name_count,
	                             .position = position,
	                             .arrays = arrays,
	                             .array_count = within ? epoch_arrays(trainer, arrays) : 0};
	int failed = nn_checkpoint_write(file, trainer->model, trainer->memory.state, &extra, error);
	cJSON_Delete(position);
	for (int i = 0; !failed && !within && i < trainer->callbacks.count; i++)
		if (trainer->callbacks.states[i].save) failed = save_for_callback(trainer, i, file, error);
	return failed;
}

int nn_trainer_save(nn_trainer *trainer, int within) {
	char error[NN_ERROR];
	nn_file file;
	int failed = nn_file_create(&file, trainer->last_path, error);
	if (!failed && write_all(trainer, &file, within, error))
		nn_file_abandon(&file), failed = 1;
	else if (!failed)
		failed = nn_file_commit(&file, error);
	for (int i = 0; i < trainer->callbacks.count; i++) trainer->callbacks.states[i].save = 0;
	if (failed) nn_error("%s", error);
	return failed;
}

static double number(const cJSON *json, const char *name) {
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static int is_true(const cJSON *json, const char *name) {
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static void take_path(char **path, const cJSON *json, const char *name) {
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
	if (!*path && text) *path = strdup(text);
}

/* An option may be repeated when resuming, not changed; epochs may. */
static int agrees(const nn_trainer *trainer, const char *option, int given, int same) {
	if (!given || same) return 1;
	nn_error("%s differs from what the run in %s was begun with", option, trainer->run);
	return 0;
}

static int take_settings(nn_trainer *trainer, const cJSON *json) {
	const nn_train_options *options = trainer->options;
	nn_trainer_settings *settings = &trainer->settings;
	const char *seed = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "seed"));
	double epochs = number(json, "epochs"), steps = number(json, "steps_per_epoch");
	if (!seed || !(epochs >= 1 && epochs <= 1e9) || !(steps >= 0 && steps <= 1e15))
		return nn_error("%s: its position is damaged", trainer->last_path), 1;
	if (number(json, "number_size") != trainer->model->number_size)
		return nn_error("%s is of another precision; a run can only go on in its own", trainer->last_path), 1;
	settings->seed = strtoull(seed, NULL, 10);
	if (!options->epochs) settings->epochs = (int)epochs;
	settings->steps_per_epoch = (int64_t)steps;
	settings->shuffle = is_true(json, "shuffle");
	take_path(&settings->train, json, "train"), take_path(&settings->validation, json, "validation"),
	        take_path(&settings->test, json, "test");
	return !agrees(trainer, "--seed", options->has_seed, options->seed == settings->seed) ||
	       !agrees(trainer, "--steps-per-epoch", options->steps_per_epoch,
	               options->steps_per_epoch == settings->steps_per_epoch) ||
	       !agrees(trainer, "--no-shuffle", options->no_shuffle, !settings->shuffle);
}

int nn_trainer_read_settings(nn_trainer *trainer, const nn_safetensors *file) {
	const char *hash = nn_safetensors_metadata(file, "spec_hash");
	cJSON *json = nn_checkpoint_position(file);
	if (!json) return nn_error("%s: holds no position to resume from", file->path), 1;
	if (!hash || strcmp(hash, trainer->model->spec_hash))
		nn_warning("%s was begun with another version of the spec", trainer->run);
	trainer->names = nn_checkpoint_names(file, &trainer->name_count);
	trainer->vocabularies = nn_checkpoint_vocabularies(file, trainer->model, &trainer->vocabulary_count);
	int failed = take_settings(trainer, json);
	cJSON_Delete(json);
	return failed;
}

static int damaged(const nn_safetensors *file, char error[NN_ERROR]) {
	snprintf(error, NN_ERROR, "%.180s: its position is damaged", file->path);
	return 1;
}

/* The sums and kept rows of an epoch that was put aside in its middle. */
static int read_epoch(nn_trainer *trainer, const nn_safetensors *file, char error[NN_ERROR]) {
	nn_tally *tally = &trainer->tally;
	const nn_entry *sums = nn_safetensors_find(file, sums_name);
	if (!sums || sums->count != (uint64_t)tally->sum_count) return damaged(file, error);
	if (nn_safetensors_read(file, sums, tally->sums, 8, error)) return 1;
	for (int i = 0; i < tally->part_count; i++) {
		nn_part *part = &tally->parts[i];
		const nn_entry *kept = part->keep ? nn_safetensors_find(file, part->kept_name) : NULL;
		if (!part->keep) continue;
		if (!kept || kept->rank != 2 || kept->shape[1] != (int64_t)nn_tally_width(part) || kept->shape[0] > part->kept_capacity)
			return damaged(file, error);
		part->kept_rows = kept->shape[0];
		if (nn_safetensors_read(file, kept, part->kept, 8, error)) return 1;
	}
	return 0;
}

static int take_position(nn_trainer *trainer, const nn_safetensors *file, const cJSON *json, char error[NN_ERROR]) {
	double epoch = number(json, "epoch"), step = number(json, "step"), total = number(json, "total_steps"),
	       samples = number(json, "samples");
	int64_t here = nn_dataset_count(trainer->sets.train);
	if (samples != (double)here)
		return snprintf(error, NN_ERROR,
		                "the run in %.100s was begun with %.0f training samples, now there are %lld",
		                trainer->run, samples, (long long)here),
		       1;
	int wrong = !(epoch >= 0 && epoch <= 1e9) || !(step >= 0 && step <= (double)trainer->steps) ||
	              !(total >= 0 && total <= 1e15) ||
	              nn_history_restore(&trainer->history, cJSON_GetObjectItemCaseSensitive(json, "history")) ||
	              nn_callbacks_restore(&trainer->callbacks, cJSON_GetObjectItemCaseSensitive(json, "callbacks")) ||
	              trainer->history.epoch_count != (int)epoch;
	if (wrong)
		return snprintf(error, NN_ERROR, "%.140s: its position does not fit this spec's metrics and callbacks",
		                file->path),
		       1;
	trainer->epoch = (int)epoch, trainer->step = (int64_t)step, trainer->total_steps = (uint64_t)total;
	trainer->restored = is_true(json, "restored");
	return trainer->step > 0 ? read_epoch(trainer, file, error) : 0;
}

int nn_trainer_read_position(nn_trainer *trainer, const nn_safetensors *file) {
	char error[NN_ERROR];
	cJSON *json = nn_checkpoint_position(file);
	int failed = take_position(trainer, file, json, error);
	cJSON_Delete(json);
	if (failed) nn_error("%s", error);
	return failed;
}
