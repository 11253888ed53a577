/* Input: a checkpoint; images, folders, tables, arrays. Output: one prediction a sample, in the order of the inputs.
 * Invariant: a file that was asked for appears whole or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "data.h"
#include "interrupt.h"
#include "model.h"
#include "predict.h"
#include "predict_masks.h"
#include "segmentation.h"
#include "tally.h"

enum { INCOMPLETE = 1000 }; /* some inputs have no prediction; the others shall be written */

typedef struct Predictor {
	const nn_model *model;
	const nn_predict_options *options;
	const nn_program *program;
	const nn_field *y;
	nn_memory memory;
	nn_datasets sets;
	nn_names *names; /* of the checkpoint */
	int name_count;
	const nn_names *classes; /* among them; NULL: the label has none */
	nn_text columns; /* names of the numbers after `prediction`, each ended by 0 */
	double *row;     /* y of one sample, then its probabilities */
	nn_text text;
	int64_t rows;
} Predictor;

static int classifies(const Predictor *p) {
	nn_task task = p->model->task;
	return (task == NN_BINARY && p->y->count == 1) || (task == NN_MULTICLASS && p->y->rank <= 1) ||
	       (task == NN_MULTILABEL && p->y->rank <= 1);
}

/* A class for every pixel. */
static int segments(const Predictor *p) { return p->model->task == NN_SEGMENTATION && p->y->rank == 3; }

static int mask_classes(const Predictor *p) { return p->y->shape[2] == 1 ? 2 : (int)p->y->shape[2]; }

static const char *class_name(const Predictor *p, int index, char buffer[16]) {
	if (p->classes && index < p->classes->count) return p->classes->items[index];
	snprintf(buffer, 16, "%d", index);
	return buffer;
}

/* The columns after input and prediction: "p_PNEUMONIA", or "y_0", "y_1" where there is no one prediction. */
static int name_columns(Predictor *p) {
	char number[16];
	int count = (int)p->y->count;
	for (int i = 0; classifies(p) && i < count; i++)
		nn_text_add(&p->columns, "p_%s", class_name(p, count == 1 ? 1 : i, number)),
		        nn_text_bytes(&p->columns, "", 1);
	for (int i = 0; segments(p) && i < mask_classes(p); i++)
		nn_text_add(&p->columns, "share_%s", class_name(p, i, number)), nn_text_bytes(&p->columns, "", 1);
	for (int i = 0; !classifies(p) && !segments(p) && count > 1 && i < count; i++)
		nn_text_add(&p->columns, "y_%d", i), nn_text_bytes(&p->columns, "", 1);
	return p->columns.failed;
}

/* Without classes and with several numbers there is no one prediction. */
static int has_prediction(const Predictor *p) { return classifies(p) || p->y->count == 1; }

/* The winning class; of several labels all that are likely, joined by ';'. */
static void add_prediction(const Predictor *p, nn_text *text, const double *y, const double *probabilities) {
	char number[16];
	int count = (int)p->y->count, any = 0;
	if (!classifies(p)) {
		nn_text_number(text, y[0], p->model->number_size);
	} else if (p->model->task == NN_MULTILABEL) {
		for (int i = 0; i < count; i++)
			if (probabilities[i] > 0.5) nn_text_add(text, any++ ? ";%s" : "%s", class_name(p, i, number));
	} else {
		nn_text_add(text, "%s",
		            class_name(p, count == 1 ? probabilities[0] > 0.5 : nn_argmax(y, count), number));
	}
}

static void add_header(Predictor *p) {
	nn_text_add(&p->text, has_prediction(p) ? "input,prediction" : "input");
	for (size_t i = 0; i < p->columns.length; i += strlen(p->columns.data + i) + 1) {
		nn_text_add(&p->text, ",");
		nn_text_csv(&p->text, p->columns.data + i);
	}
	nn_text_add(&p->text, "\n");
}

static void add_csv(Predictor *p, const char *name, const char *prediction, const double *numbers) {
	int column = 0;
	nn_text_csv(&p->text, name);
	if (has_prediction(p)) nn_text_add(&p->text, ","), nn_text_csv(&p->text, prediction);
	for (size_t i = 0; i < p->columns.length; i += strlen(p->columns.data + i) + 1) {
		nn_text_add(&p->text, ",");
		nn_text_number(&p->text, numbers[column++], p->model->number_size);
	}
	nn_text_add(&p->text, "\n");
}

static void add_jsonl(Predictor *p, const char *name, const char *prediction, const double *numbers) {
	int column = 0;
	nn_text_add(&p->text, "{\"input\": ");
	nn_text_json_string(&p->text, name);
	if (has_prediction(p)) nn_text_add(&p->text, ", \"prediction\": ");
	if (classifies(p))
		nn_text_json_string(&p->text, prediction);
	else if (has_prediction(p))
		nn_text_json_number(&p->text, p->row[0]);
	for (size_t i = 0; i < p->columns.length; i += strlen(p->columns.data + i) + 1) {
		nn_text_add(&p->text, ", ");
		nn_text_json_string(&p->text, p->columns.data + i);
		nn_text_add(&p->text, ": ");
		nn_text_json_number(&p->text, numbers[column++]);
	}
	nn_text_add(&p->text, "}\n");
}

/* The share of the pixels that each class has, in place of probabilities. */
static int share_pixels(Predictor *p, const void *from, double *shares) {
	size_t places = (size_t)(p->y->shape[0] * p->y->shape[1]);
	uint8_t *classes = malloc(places);
	if (!classes) return nn_error("out of memory"), 1;
	nn_segment(p->model, p->y, from, classes);
	memset(shares, 0, sizeof *shares * (size_t)mask_classes(p));
	for (size_t i = 0; i < places; i++) shares[classes[i]] += 1 / (double)places;
	free(classes);
	return 0;
}

static void add_sample(Predictor *p, int64_t sample, const void *outputs, size_t first) {
	char name[4096];
	size_t count = p->y->count;
	double *probabilities = p->row + count;
	nn_text prediction = {0};
	for (size_t i = 0; i < count; i++) p->row[i] = nn_number(p->model, outputs, first + i);
	if (classifies(p))
		nn_probabilities(p->model, p->row, (int)count, probabilities);
	else if (segments(p))
		p->text.failed |= share_pixels(p, (const char *)outputs + first * (size_t)p->model->number_size, probabilities);
	else
		memcpy(probabilities, p->row, sizeof *p->row * count);
	nn_dataset_name(p->sets.test, sample, name, sizeof name);
	nn_text_add(&prediction, "%s", "");
	add_prediction(p, &prediction, p->row, probabilities);
	if (p->options->format == NN_FORMAT_CSV)
		add_csv(p, name, prediction.data, probabilities);
	else
		add_jsonl(p, name, prediction.data, probabilities);
	nn_text_free(&prediction);
}

static int run_batch(Predictor *p, const nn_batch *batch) {
	nn_call call = {.rows = batch->rows, .threads = p->options->threads, .seed = p->model->seed};
	nn_program_feed(p->model, p->program, p->memory.work, batch);
	p->program->run(p->memory.state, p->memory.work, &call);
	const char *outputs = (const char *)p->memory.work + p->y->offset;
	if (p->options->format == NN_FORMAT_NPY)
		nn_text_bytes(&p->text, outputs, (size_t)batch->rows * p->y->count * (size_t)p->model->number_size);
	for (int i = 0; p->options->format == NN_FORMAT_PNG && i < batch->rows; i++) {
		char name[4096];
		nn_dataset_name(p->sets.test, batch->samples[i], name, sizeof name);
		if (nn_mask_write(p->model, p->y, outputs + (size_t)i * p->y->count * (size_t)p->model->number_size, name, p->options->output))
			return 1;
	}
	for (int i = 0; p->options->format < NN_FORMAT_NPY && i < batch->rows; i++)
		add_sample(p, batch->samples[i], outputs, (size_t)i * p->y->count);
	p->rows += batch->rows;
	if (p->text.failed) return nn_error("out of memory"), 1;
	return nn_interrupted() ? NN_EXIT_INTERRUPTED : 0;
}

/* Whole texts go to standard output as they come, so that a pipe sees them early. */
static int flush(Predictor *p) {
	if (p->options->output || p->options->format >= NN_FORMAT_NPY || !p->text.length) return 0;
	size_t written = fwrite(p->text.data, 1, p->text.length, stdout);
	if (written < p->text.length || fflush(stdout)) return nn_error("standard output can't be written"), 1;
	p->text.length = 0;
	return 0;
}

static int run_all(Predictor *p) {
	nn_loader_options options = {.batch_size = p->program->batch, .threads = p->options->threads};
	nn_loader *loader = nn_loader_open(p->sets.test, p->memory.state, &options);
	const nn_batch *batch;
	int result = !loader;
	if (p->options->format == NN_FORMAT_CSV) add_header(p);
	while (!result && (batch = nn_loader_next(loader)) != NULL) {
		result = run_batch(p, batch);
		if (!result) result = flush(p);
	}
	if (!result) result = nn_loader_failed(loader);
	if (!result) result = flush(p);
	if (!result && nn_loader_unreadable(loader) > 0) {
		nn_error("%lld of the inputs can't be read and have no prediction",
		         (long long)nn_loader_unreadable(loader));
		result = INCOMPLETE;
	}
	if (loader) nn_loader_close(loader);
	return result;
}

/* The npy header: version 1.0, padded so that numbers begin at a multiple of 64. */
static void npy_header(const Predictor *p, nn_text *header) {
	nn_text dictionary = {0};
	nn_text_add(&dictionary, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%lld,", p->model->number_size,
	            (long long)p->rows);
	for (int i = 0; i < p->y->rank; i++)
		nn_text_add(&dictionary, "%s%lld", i ? ", " : " ", (long long)p->y->shape[i]);
	nn_text_add(&dictionary, "), }");
	while ((10 + dictionary.length + 1) % 64) nn_text_add(&dictionary, " ");
	nn_text_add(&dictionary, "\n");
	nn_text_bytes(header, "\x93NUMPY\1", 8);
	char length[2] = {(char)(dictionary.length & 255), (char)(dictionary.length >> 8)};
	nn_text_bytes(header, length, 2);
	nn_text_bytes(header, dictionary.data, dictionary.length);
	header->failed |= dictionary.failed;
	nn_text_free(&dictionary);
}

static int write_output(Predictor *p) {
	char error[NN_ERROR];
	nn_text whole = {0};
	int failed = 0;
	if (p->options->format == NN_FORMAT_PNG) return 0;
	if (p->options->format == NN_FORMAT_NPY) npy_header(p, &whole);
	nn_text_bytes(&whole, p->text.data ? p->text.data : "", p->text.length);
	if (whole.failed)
		nn_error("out of memory"), failed = 1;
	else if (p->options->output)
		failed = nn_file_replace(p->options->output, whole.data, whole.length, error);
	else if (fwrite(whole.data, 1, whole.length, stdout) < whole.length || fflush(stdout))
		snprintf(error, sizeof error, "standard output can't be written"), failed = 1;
	if (failed && !whole.failed) nn_error("%s", error);
	nn_text_free(&whole);
	return failed;
}

static int open_predictor(Predictor *p, const nn_safetensors *file) {
	char error[NN_ERROR];
	p->program = nn_program_find(p->model, "predict");
	p->y = p->program ? nn_output_find(p->program, "y") : NULL;
	if (!p->y) return nn_error("%s has no program 'predict'", p->model->name), 1;
	if (nn_memory_open(&p->memory, p->model, p->model->inference_count, p->model->predict_work_bytes)) return 1;
	if (nn_checkpoint_read(file, p->model, p->memory.state, p->model->inference_count, error))
		return nn_error("%s", error), 1;
	p->names = nn_checkpoint_names(file, &p->name_count);
	const char *label = nn_label_name(p->model);
	for (int i = 0; i < p->name_count; i++)
		if (label && !strcmp(p->names[i].key, label)) p->classes = &p->names[i];
	p->row = calloc(2 * p->y->count + 2, sizeof *p->row);
	if (!p->row || name_columns(p)) return nn_error("out of memory"), 1;
	if (nn_data_open_inputs(p->model, p->options->inputs, p->options->input_count, p->names, p->name_count, &p->sets))
		 return 1;
	if (p->options->format != NN_FORMAT_PNG) return 0;
	if (!segments(p)) return nn_error("%s: --format png is for networks that give masks", p->model->name), 1;
	if (!p->options->output) return nn_error("--format png wants a folder: --output DIRECTORY"), 1;
	return nn_masks_begin(p->sets.test, p->options->output);
}

static void close_predictor(Predictor *p) {
	nn_data_close(&p->sets);
	nn_memory_close(&p->memory);
	nn_checkpoint_free_names(p->names, p->name_count);
	nn_text_free(&p->columns);
	nn_text_free(&p->text);
	free(p->row);
}

int nn_predict(const nn_model *model, const nn_predict_options *options) {
	Predictor p = {.model = model, .options = options};
	char error[NN_ERROR];
	nn_safetensors file;
	sigset_t before;
	if (nn_safetensors_open(&file, options->weights, error)) return nn_error("%s", error), 1;
	nn_interrupts_block(&before);
	int result = open_predictor(&p, &file);
	if (!result) result = run_all(&p);
	if ((!result || result == INCOMPLETE) && write_output(&p)) result = 1;
	close_predictor(&p);
	nn_safetensors_close(&file);
	nn_interrupts_restore(&before);
	return result == INCOMPLETE ? 1 : result;
}
