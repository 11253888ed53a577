/* Input: a descriptor. Output: what it holds, as Keras's summary and as JSON.
 * Invariant: both forms are made from the descriptor alone. */
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "model.h"
#include "report.h"

enum { COLUMNS = 3 };

/* Keras's readable_memory_size: 169.36 MB */
static void add_memory(nn_text *text, double bytes) {
	static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
	int unit = 0;
	while (bytes >= 1024 && unit < 5) bytes /= 1024, unit++;
	nn_text_add(text, "%.2f %s", bytes, units[unit]);
}

static void add_rule(nn_text *text, const size_t width[COLUMNS], const char *left, const char *line, const char *middle,
                     const char *right) {
	nn_text_add(text, "%s", left);
	for (int c = 0; c < COLUMNS; c++) {
		for (size_t i = 0; i < width[c] + 2; i++) nn_text_add(text, "%s", line);
		nn_text_add(text, "%s", c + 1 < COLUMNS ? middle : right);
	}
	nn_text_add(text, "\n");
}

static void add_cell(nn_text *text, const char *cell, size_t width, int right) {
	size_t length = nn_utf8_length(cell);
	for (size_t i = length; right && i < width; i++) nn_text_add(text, " ");
	nn_text_add(text, "%s", cell);
	for (size_t i = length; !right && i < width; i++) nn_text_add(text, " ");
}

static void add_cells(nn_text *text, const char *const cells[COLUMNS], const size_t width[COLUMNS], const char *bar) {
	for (int c = 0; c < COLUMNS; c++) {
		nn_text_add(text, "%s ", bar);
		add_cell(text, cells[c], width[c], c == 2);
		nn_text_add(text, " ");
	}
	nn_text_add(text, "%s\n", bar);
}

static void layer_cells(const nn_layer *layer, nn_text cells[2]) {
	cells[0].length = cells[1].length = 0;
	nn_text_add(&cells[0], "%s (%s)", layer->name, layer->type);
	nn_text_thousands(&cells[1], layer->parameters);
}

static void add_table(nn_text *text, const nn_model *model) {
	size_t width[COLUMNS] = {31, 22, 13}; /* as Keras's in 80 columns; wider where names are */
	nn_text cells[2] = {{0}, {0}};
	for (int i = 0; i < model->layer_count; i++) {
		layer_cells(&model->layers[i], cells);
		size_t need[COLUMNS] = {nn_utf8_length(cells[0].data), nn_utf8_length(model->layers[i].shape),
		                        cells[1].length};
		for (int c = 0; c < COLUMNS; c++)
			if (need[c] > width[c]) width[c] = need[c];
	}
	add_rule(text, width, "┏", "━", "┳", "┓");
	add_cells(text, (const char *const[]){"Layer (type)", "Output Shape", "Param #"}, width, "┃");
	add_rule(text, width, "┡", "━", "╇", "┩");
	for (int i = 0; i < model->layer_count; i++) {
		if (i) add_rule(text, width, "├", "─", "┼", "┤");
		layer_cells(&model->layers[i], cells);
		add_cells(text, (const char *const[]){cells[0].data, model->layers[i].shape, cells[1].data}, width,
		          "│");
	}
	add_rule(text, width, "└", "─", "┴", "┘");
	nn_text_free(&cells[0]);
	nn_text_free(&cells[1]);
}

static void add_parameters(nn_text *text, const char *what, int64_t count, int size) {
	nn_text_add(text, " %s params: ", what);
	nn_text_thousands(text, count);
	nn_text_add(text, " (");
	add_memory(text, (double)count * size);
	nn_text_add(text, ")\n");
}

void nn_info_text(nn_text *text, const nn_model *model) {
	int size = model->number_size;
	nn_text_add(text, "Model: \"%s\"\n", model->name);
	add_table(text, model);
	add_parameters(text, "Total", model->parameters, size);
	add_parameters(text, "Trainable", model->trainable_parameters, size);
	add_parameters(text, "Non-trainable", model->parameters - model->trainable_parameters, size);
	nn_text_add(text, "\n Memory of training: ");
	add_memory(text, (double)model->state_count * size + (double)model->work_bytes);
	nn_text_add(text, ", of prediction: ");
	add_memory(text, (double)model->inference_count * size + (double)model->predict_work_bytes);
	nn_text_add(text, "\n Programs:");
	for (int i = 0; i < model->program_count; i++) {
		nn_text_add(text, "%s %s (batch %d, ", i ? "," : "", model->programs[i].name, model->programs[i].batch);
		nn_text_thousands(text, (int64_t)model->programs[i].macs);
		nn_text_add(text, " MACs)");
	}
	if (model->training.optimizer) nn_text_add(text, "\n Optimizer: %s", model->training.optimizer);
	nn_text_add(text, "\n f%d, target %s, seed %llu, spec %s, nnc %s\n", size * 8, model->target,
	            (unsigned long long)model->seed, model->spec_hash, model->version);
}

static void add_string(nn_text *text, const char *name, const char *value) {
	nn_text_add(text, "\"%s\": ", name);
	nn_text_json_string(text, value ? value : "");
	nn_text_add(text, ",\n");
}

static void add_tensors(nn_text *text, const nn_model *model) {
	static const char *const roles[] = {"weight", "state", "fitted", "carried", "scalar", "slot"};
	nn_text_add(text, "\"tensors\": [\n");
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		nn_text_add(text, "  {\"name\": ");
		nn_text_json_string(text, tensor->name);
		nn_text_add(text, ", \"role\": \"%s\", \"trainable\": %s, \"shape\": [", roles[tensor->role],
		            tensor->trainable ? "true" : "false");
		for (int k = 0; k < tensor->rank; k++)
			nn_text_add(text, k ? ", %lld" : "%lld", (long long)tensor->shape[k]);
		nn_text_add(text, i + 1 < model->tensor_count ? "]},\n" : "]}\n");
	}
	nn_text_add(text, "],\n");
}

static void info_json(nn_text *text, const nn_model *model) {
	size_t size = (size_t)model->number_size;
	nn_text_add(text, "{\n");
	add_string(text, "name", model->name), add_string(text, "version", model->version);
	add_string(text, "spec_hash", model->spec_hash), add_string(text, "target", model->target);
	if (model->training.optimizer) add_string(text, "optimizer", model->training.optimizer);
	nn_text_add(text, "\"precision\": \"f%d\",\n\"seed\": %llu,\n", model->number_size * 8,
	            (unsigned long long)model->seed);
	nn_text_add(text, "\"parameters\": %lld,\n\"trainable_parameters\": %lld,\n", (long long)model->parameters,
	            (long long)model->trainable_parameters);
	nn_text_add(text, "\"training_bytes\": %zu,\n\"prediction_bytes\": %zu,\n",
	            model->state_count * size + model->work_bytes,
	            model->inference_count * size + model->predict_work_bytes);
	nn_text_add(text, "\"layers\": [\n");
	for (int i = 0; i < model->layer_count; i++) {
		const nn_layer *layer = &model->layers[i];
		nn_text_add(text, "  {\"name\": "), nn_text_json_string(text, layer->name);
		nn_text_add(text, ", \"type\": "), nn_text_json_string(text, layer->type);
		nn_text_add(text, ", \"shape\": "), nn_text_json_string(text, layer->shape);
		nn_text_add(text, ", \"parameters\": %lld}%s\n", (long long)layer->parameters,
		            i + 1 < model->layer_count ? "," : "");
	}
	nn_text_add(text, "],\n");
	add_tensors(text, model);
	nn_text_add(text, "\"programs\": [\n");
	for (int i = 0; i < model->program_count; i++) {
		nn_text_add(text, "  {\"name\": "), nn_text_json_string(text, model->programs[i].name);
		nn_text_add(text, ", \"batch\": %d, \"macs\": %.0f}%s\n", model->programs[i].batch,
		            model->programs[i].macs, i + 1 < model->program_count ? "," : "");
	}
	nn_text_add(text, "]\n}\n");
}

int nn_info(const nn_model *model, int json) {
	nn_text text = {0};
	if (json)
		info_json(&text, model);
	else
		nn_info_text(&text, model);
	int failed = text.failed || fputs(text.data, stdout) < 0 || fflush(stdout);
	if (failed) nn_error("standard output can't be written");
	nn_text_free(&text);
	return failed;
}
