/* Input: a training that is through. Output: the weights to restore, the evaluation of the best ones, metrics.json,
 * report.html. Invariant: running it again (after a kill) gives the same files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "interrupt.h"
#include "trainer.h"

static int write_text(const nn_trainer *trainer, const char *name, const nn_text *text) {
	char error[NN_ERROR] = "out of memory";
	char *path = text->failed ? NULL : nn_path_join(trainer->run, name);
	int failed = !path || nn_file_replace(path, text->data, text->length, error);
	if (failed) nn_error("%s", error);
	free(path);
	return failed;
}

int nn_trainer_write_history(nn_trainer *trainer) {
	nn_text text = {0};
	nn_history_header(&text, &trainer->history);
	for (int e = 0; e < trainer->history.epoch_count; e++) nn_history_line(&text, &trainer->history, e);
	int failed = write_text(trainer, "history.csv", &text);
	nn_text_free(&text);
	return failed;
}

int nn_trainer_append_history(nn_trainer *trainer) {
	char error[NN_ERROR] = "out of memory";
	nn_text text = {0};
	char *path = nn_path_join(trainer->run, "history.csv");
	nn_history_line(&text, &trainer->history, trainer->history.epoch_count - 1);
	int failed = text.failed || !path || nn_file_append(path, text.data, text.length, error);
	if (failed) nn_error("%s", error);
	nn_text_free(&text);
	free(path);
	return failed;
}

/* EarlyStopping(restore_best_weights): the weights of its best epoch, then `last` with them. */
static int restore_weights(nn_trainer *trainer) {
	char error[NN_ERROR];
	int found = 0, failed = 0;
	for (int i = 0; !trainer->restored && !failed && i < trainer->callbacks.count; i++) {
		const nn_callback_state *state = &trainer->callbacks.states[i];
		if (!state->rule || state->rule->kind != NN_EARLY_STOPPING || !state->has_weights) continue;
		char *path = nn_trainer_restore_path(trainer, i);
		failed = !path || nn_load(trainer->model, trainer->memory.state, path, error);
		if (failed) nn_error("%s", path ? error : "out of memory");
		free(path);
		found = 1;
	}
	if (failed || !found) return failed;
	trainer->restored = 1;
	if (nn_trainer_save(trainer, 0)) return 1;
	for (int i = 0; i < trainer->callbacks.count; i++) {
		char *path = nn_trainer_restore_path(trainer, i);
		if (path) unlink(path); /* its weights are in `last` now */
		free(path);
	}
	return 0;
}

/* The best weights into the state, if the run has a best. */
static int load_best(nn_trainer *trainer) {
	char error[NN_ERROR], *path = nn_path_join(trainer->run, "best.safetensors");
	int failed = 0;
	if (path && nn_file_exists(path)) failed = nn_load(trainer->model, trainer->memory.state, path, error);
	if (failed) nn_error("%s", error);
	free(path);
	return failed;
}

static int best_epoch(const nn_trainer *trainer) {
	for (int i = 0; i < trainer->callbacks.count; i++) {
		const nn_callback_state *state = &trainer->callbacks.states[i];
		if ((!state->rule || (state->rule->kind == NN_MODEL_CHECKPOINT && !state->rule->filepath)) &&
		    state->has_best)
			return state->best_epoch;
	}
	return -1;
}

static int write_results(const nn_trainer *trainer, const nn_evaluation *evaluation, const nn_forecast *forecast) {
	nn_report report = {.model = trainer->model,
	                    .history = &trainer->history,
	                    .evaluation = evaluation,
	                    .sets = &trainer->sets,
	                    .forecast = forecast,
	                    .best_epoch = best_epoch(trainer),
	                    .epochs = trainer->settings.epochs,
	                    .seed = trainer->settings.seed,
	                    .seconds = nn_seconds() - trainer->begun,
	                    .threads = trainer->options->threads};
	nn_text json = {0}, html = {0}, text = {0};
	nn_sheet sheets[NN_SHEETS] = {{0}};
	report.sheets = sheets, report.sheet_count = nn_trainer_sheets(trainer, sheets);
	nn_report_html(&html, &report);
	for (int i = 0; i < NN_SHEETS; i++) free(sheets[i].png);
	int failed = write_text(trainer, "report.html", &html);
	if (!failed && evaluation) {
		nn_evaluation_json(&json, evaluation);
		failed = write_text(trainer, "metrics.json", &json);
		nn_evaluation_text(&text, evaluation);
		if (!failed && text.data && !trainer->options->quiet) printf("\n%s\n", text.data);
	}
	if (!failed && !trainer->options->quiet)
		printf("%s: best.safetensors, last.safetensors, history.csv, metrics.json, report.html\n",
		       trainer->run);
	fflush(stdout);
	nn_text_free(&json), nn_text_free(&html), nn_text_free(&text);
	return failed;
}

/* The moving averages of the optimizer take the place of the weights, as when Keras's fit ends: once more changes
 * nothing. */
static int take_averages(nn_trainer *trainer) {
	const nn_model *model = trainer->model;
	size_t size = (size_t)model->number_size, end = strlen("/average");
	char *state = trainer->memory.state;
	if (!model->training.use_ema) return 0;
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *average = &model->tensors[i];
		const char *path = strchr(average->name, '/');
		size_t length = path ? strlen(++path) : 0;
		if (average->role != NN_SLOT || length < end || strcmp(path + length - end, "/average")) continue;
		for (int k = 0; k < model->tensor_count; k++) {
			const nn_tensor *weight = &model->tensors[k];
			if (weight->role != NN_WEIGHT || strlen(weight->name) != length - end ||
			    memcmp(weight->name, path, length - end))
				continue;
			memcpy(state + weight->offset * size, state + average->offset * size, weight->count * size);
		}
	}
	return nn_trainer_save(trainer, 0);
}

/* The forecast that the report shows, of windows of series; without one that can be made it has none. 0, or NN_EXIT_INTERRUPTED. */
static int forecast_set(const nn_trainer *trainer, const nn_dataset *set, nn_forecast *forecast) {
	const nn_forecast_plan plan = {.backtest = 1, .rows = 1000, .series = 12, .threads = trainer->options->threads};
	if (!nn_dataset_season(set) || !nn_forecast_can(trainer->model)) return 0;
	int result = nn_forecast_set(forecast, &trainer->memory, set, &plan);
	if (!result || result == NN_EXIT_INTERRUPTED) return result;
	nn_warning("%s: the report has no forecast", trainer->run);
	nn_forecast_free(forecast);
	return 0;
}

int nn_trainer_finish(nn_trainer *trainer) {
	const nn_datasets *sets = &trainer->sets;
	const nn_dataset *set = sets->test ? sets->test : sets->validation ? sets->validation : sets->train;
	nn_call call = {.threads = trainer->options->threads,
	                .seed = trainer->settings.seed,
	                .step = trainer->total_steps,
	                .epoch = trainer->epoch};
	nn_evaluation evaluation;
	if (take_averages(trainer) || restore_weights(trainer) || load_best(trainer)) return 1;
	if (!trainer->evaluate) return write_results(trainer, NULL, NULL);
	int result = nn_evaluate_set(&evaluation, trainer->model, &trainer->memory, set, sets->names,
	                             sets->name_count, &call);
	if (result) return result;
	evaluation.split = sets->test ? "test" : sets->validation ? "validation" : "train";
	for (int i = -1; i < evaluation.part_count && !result; i++) {
		nn_evaluation *one = i < 0 ? &evaluation : &evaluation.parts[i];
		if (one->segmentation.class_count)
			result = nn_segmentation_pictures(&one->segmentation, trainer->model, &trainer->memory, set, one->output, &call);
	}
	nn_forecast forecast = {0};
	if (!result && evaluation.samples) result = forecast_set(trainer, set, &forecast);
	if (!result) result = write_results(trainer, &evaluation, forecast.count ? &forecast : NULL);
	nn_forecast_free(&forecast);
	nn_evaluation_free(&evaluation);
	return result;
}
