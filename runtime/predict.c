/* Input: a checkpoint; images, folders, tables, arrays. Output: one prediction a sample, in the order of the inputs.
 * Invariant: a file that was asked for appears whole or not at all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "data.h"
#include "data_text_source.h"
#include "interrupt.h"
#include "model.h"
#include "predict.h"
#include "predict_maps.h"
#include "predict_masks.h"
#include "predict_tokens.h"
#include "segmentation.h"
#include "tally.h"

enum { INCOMPLETE = 1000 }; /* some inputs have no prediction; the others shall be written */

typedef struct Target { /* one output */
	const nn_output *output;
	const nn_field *y, *mask; /* of the places that count; NULL: all do */
	const nn_names *classes; /* NULL: without names */
	nn_text columns; /* names of the numbers after the prediction, each ended by 0 */
} Target;

typedef struct Predictor {
	const nn_model *model;
	const nn_predict_options *options;
	const nn_program *program;
	Target targets[NN_OUTPUTS];
	int target_count;
	nn_memory memory;
	nn_datasets sets;
	nn_names *names; /* of the checkpoint */
	int name_count;
	nn_names *vocabularies; /* of the checkpoint */
	int vocabulary_count;
	double *row; /* y of one sample, then its probabilities */
	nn_text text;
	int64_t rows, numberless; /* samples; those for which the network gives something that is no number */
} Predictor;

static int classifies(const Target *t) {
	nn_task task = t->output->task;
	return (task == NN_BINARY && t->y->count == 1) || (task == NN_MULTICLASS && t->y->rank <= 1) ||
	       (task == NN_MULTILABEL && t->y->rank <= 1);
}

/* A class for every pixel. */
static int segments(const Target *t) { return t->output->task == NN_SEGMENTATION && t->y->rank == 3; }

/* A token for every place. */
static int tells(const Predictor *p, const Target *t) {
	return t->output->task == NN_MULTICLASS && t->y->rank == 2 && nn_is_tokens(p->model, t->output->label);
}

static int mask_classes(const Target *t) { return t->y->shape[2] == 1 ? 2 : (int)t->y->shape[2]; }

static const char *class_name(const Target *t, int index, char buffer[16]) {
	if (t->classes && index < t->classes->count) return t->classes->items[index];
	snprintf(buffer, 16, "%d", index);
	return buffer;
}

static void add_column(Target *t, const char *prefix, const char *before, const char *name) {
	nn_text_add(&t->columns, "%s%s%s%s", prefix, *prefix ? "_" : "", before, name);
	nn_text_bytes(&t->columns, "", 1);
}

/* A number of windows of series by its column and the rows ahead; 0: the output is none of those. */
static int add_step_name(const Predictor *p, Target *t, int number) {
	char name[200];
	int label = t->output->label;
	if (label < 0 || t->y->count != p->model->data.fields[label].count) return 0;
	const char *column = p->model->data.fields[label].column;
	if (!nn_step_name(p->model, label, number, name, sizeof name)) return 0;
	add_column(t, p->target_count > 1 && (!column || strcmp(column, t->output->name)) ? t->output->name : "", "", name);
	return 1;
}

/* The columns after the prediction: "p_PNEUMONIA", or "y_0", "y_1" where there is no one prediction. */
static int name_columns(const Predictor *p, Target *t) {
	char number[16];
	const char *prefix = p->target_count > 1 ? t->output->name : "";
	int count = (int)t->y->count;
	for (int i = 0; classifies(t) && i < count; i++) add_column(t, prefix, "p_", class_name(t, count == 1 ? 1 : i, number));
	for (int i = 0; segments(t) && i < mask_classes(t); i++) add_column(t, prefix, "share_", class_name(t, i, number));
	for (int i = 0; !classifies(t) && !segments(t) && !tells(p, t) && count > 1 && i < count; i++) {
		if (add_step_name(p, t, i)) continue;
		snprintf(number, sizeof number, "%d", i);
		add_column(t, prefix, "y_", number);
	}
	return t->columns.failed;
}

/* Without classes and with several numbers there is no one prediction. */
static int has_prediction(const Predictor *p, const Target *t) { return classifies(t) || tells(p, t) || t->y->count == 1; }

/* The name of the prediction's own column. */
static const char *prediction_name(const Predictor *p, const Target *t) { return p->target_count > 1 ? t->output->name : "prediction"; }

static void add_ids(const Predictor *p, const Target *t, nn_text *text, const int *ids, int count) {
	static const nn_names none;
	const nn_data_source *source = &p->model->data.sources[p->model->data.fields[t->output->label].source];
	const nn_names *vocabulary = source->tokens == NN_BYTES ? NULL : &none;
	for (int i = 0; i < p->vocabulary_count; i++)
		if (!strcmp(p->vocabularies[i].key, source->name ? source->name : "")) vocabulary = &p->vocabularies[i];
	nn_tokens_text(text, source, vocabulary, ids, count);
}

/* A number of a place that does not count: nothing stands there. */
static int is_hidden(const Predictor *p, const Target *t, int row, int number) {
	size_t units = t->y->rank ? (size_t)t->y->shape[t->y->rank - 1] : 1, places = t->y->count / units;
	return places > 1 && !nn_place_counts(p->model, t->mask, p->memory.work, row, (size_t)number / units, places);
}

/* The likeliest token of each place; none behind a token that is padding itself. y: (places, vocabulary) */
static void add_tokens(const Predictor *p, const Target *t, nn_text *text, const double *y, int row) {
	int places = (int)t->y->shape[0], size = (int)t->y->shape[1], *ids = malloc(sizeof *ids * (size_t)places);
	int next = p->model->data.fields[t->output->label].part == NN_TEXT_NEXT; /* a decoder fills its places by itself */
	for (int i = 0; ids && i < places; i++)
		ids[i] = next && is_hidden(p, t, row, i * size) ? NN_PADDING : nn_argmax(y + (size_t)i * (size_t)size, size);
	if (ids) add_ids(p, t, text, ids, places);
	text->failed |= !ids;
	free(ids);
}

/* The winning class; of several labels all that are likely, joined by ';'; a text of tokens. */
static void add_prediction(const Predictor *p, const Target *t, nn_text *text, const double *y, const double *probabilities, int row) {
	char number[16];
	int count = (int)t->y->count, any = 0;
	if (tells(p, t)) {
		add_tokens(p, t, text, y, row);
	} else if (!classifies(t)) {
		nn_text_number(text, y[0], p->model->number_size);
	} else if (t->output->task == NN_MULTILABEL) {
		for (int i = 0; i < count; i++)
			if (probabilities[i] > 0.5) nn_text_add(text, any++ ? ";%s" : "%s", class_name(t, i, number));
	} else {
		nn_text_add(text, "%s",
		            class_name(t, count == 1 ? probabilities[0] > 0.5 : nn_argmax(y, count), number));
	}
}

static void add_header(Predictor *p) {
	nn_text_add(&p->text, "input");
	for (int k = 0; k < p->target_count; k++) {
		const Target *t = &p->targets[k];
		if (has_prediction(p, t)) nn_text_add(&p->text, ","), nn_text_csv(&p->text, prediction_name(p, t));
		for (size_t i = 0; i < t->columns.length; i += strlen(t->columns.data + i) + 1) {
			nn_text_add(&p->text, ",");
			nn_text_csv(&p->text, t->columns.data + i);
		}
	}
	if (nn_dataset_season(p->sets.test)) {
		const nn_data_source *source = &p->model->data.sources[0];
		nn_text_add(&p->text, ",%s%s", source->time ? "time" : "row", source->group ? ",group" : "");
	}
	nn_text_add(&p->text, "\n");
}

/* Some number of a place that counts is none. */
static int lacks_number(const Predictor *p, const Target *t, int row) {
	int lacks = 0;
	for (size_t i = 0; i < t->y->count && !lacks; i++) lacks = isnan(p->row[i]) && !is_hidden(p, t, row, (int)i);
	return lacks;
}

static void add_csv(Predictor *p, const Target *t, const char *prediction, const double *numbers, int row) {
	int column = 0;
	if (has_prediction(p, t)) nn_text_add(&p->text, ","), nn_text_csv(&p->text, prediction);
	for (size_t i = 0; i < t->columns.length; i += strlen(t->columns.data + i) + 1) {
		nn_text_add(&p->text, ",");
		if (!is_hidden(p, t, row, column)) nn_text_number(&p->text, numbers[column], p->model->number_size);
		column++;
	}
}

static void add_jsonl(Predictor *p, const Target *t, const char *prediction, const double *numbers, int row) {
	int column = 0;
	if (has_prediction(p, t)) {
		nn_text_add(&p->text, ", ");
		nn_text_json_string(&p->text, prediction_name(p, t));
		nn_text_add(&p->text, ": ");
	}
	if (classifies(t) || tells(p, t))
		nn_text_json_string(&p->text, prediction);
	else if (has_prediction(p, t))
		nn_text_json_number(&p->text, p->row[0]);
	for (size_t i = 0; i < t->columns.length; i += strlen(t->columns.data + i) + 1) {
		nn_text_add(&p->text, ", ");
		nn_text_json_string(&p->text, t->columns.data + i);
		nn_text_add(&p->text, ": ");
		nn_text_json_number(&p->text, is_hidden(p, t, row, column) ? NAN : numbers[column]);
		column++;
	}
}

/* The share of the pixels that each class has, in place of probabilities. */
static int share_pixels(Predictor *p, const Target *t, const void *from, double *shares) {
	size_t places = (size_t)(t->y->shape[0] * t->y->shape[1]);
	uint8_t *classes = malloc(places);
	if (!classes) return nn_error("out of memory"), 1;
	nn_segment(p->model, t->output, t->y, from, classes);
	memset(shares, 0, sizeof *shares * (size_t)mask_classes(t));
	for (size_t i = 0; i < places; i++) shares[classes[i]] += 1 / (double)places;
	free(classes);
	return 0;
}

static const char *output_at(const Predictor *p, const Target *t, int row) {
	return (const char *)p->memory.work + t->y->offset + (size_t)row * t->y->count * (size_t)p->model->number_size;
}

/* The numbers of an output, of windows of a series as its values. Returns whether these are others than the network's own. */
static int read_row(Predictor *p, const Target *t, int64_t sample, int row) {
	const char *from = output_at(p, t, row);
	for (size_t i = 0; i < t->y->count; i++) p->row[i] = nn_number(p->model, from, i);
	if (t->output->task != NN_REGRESSION || t->output->label < 0) return 0;
	if (t->y->count != p->model->data.fields[t->output->label].count) return 0; /* the loss compares a part of it */
	int restored = nn_dataset_restore(p->sets.test, sample, t->output->label, p->memory.state, p->row);
	for (size_t i = 0; restored && p->model->number_size == 4 && i < t->y->count; i++) p->row[i] = (double)(float)p->row[i];
	return restored;
}

static void add_npy(Predictor *p, const Target *t, int64_t sample, int row) {
	char *numbers = (char *)p->memory.work + t->y->offset + (size_t)row * t->y->count * (size_t)p->model->number_size;
	int restored = read_row(p, t, sample, row);
	for (size_t i = 0; restored && i < t->y->count; i++) nn_number_set(p->model, numbers, i, p->row[i]);
	nn_text_bytes(&p->text, numbers, t->y->count * (size_t)p->model->number_size);
}

/* Returns whether there is a prediction. */
static int add_target(Predictor *p, const Target *t, int64_t sample, int row) {
	const char *from = output_at(p, t, row);
	size_t count = t->y->count;
	double *probabilities = p->row + count;
	nn_text prediction = {0};
	read_row(p, t, sample, row);
	if (classifies(t))
		nn_probabilities(t->output, p->row, (int)count, probabilities);
	else if (segments(t))
		p->text.failed |= share_pixels(p, t, from, probabilities);
	else
		memcpy(probabilities, p->row, sizeof *p->row * count);
	nn_text_add(&prediction, "%s", "");
	int lacks = lacks_number(p, t, row);
	if (!lacks) add_prediction(p, t, &prediction, p->row, probabilities, row);
	p->text.failed |= prediction.failed;
	if (p->options->format == NN_FORMAT_CSV)
		add_csv(p, t, prediction.data, probabilities, row);
	else
		add_jsonl(p, t, prediction.data, probabilities, row);
	nn_text_free(&prediction);
	return !lacks;
}

static void add_text(Predictor *p, const char *key, const char *text) {
	if (p->options->format == NN_FORMAT_CSV) {
		nn_text_add(&p->text, ",");
		nn_text_csv(&p->text, text);
	} else {
		nn_text_add(&p->text, ", \"%s\": ", key);
		nn_text_json_string(&p->text, text);
	}
}

/* Of windows: when the first row is that is predicted, and of which series. */
static void add_place(Predictor *p, int64_t sample) {
	char time[100];
	const char *group = nn_dataset_series(p->sets.test, sample);
	if (!nn_dataset_first_step(p->sets.test, sample, time, sizeof time)) return;
	add_text(p, p->model->data.sources[0].time ? "time" : "row", time);
	if (group) add_text(p, "group", group);
}

static void add_sample(Predictor *p, int64_t sample, int row) {
	char name[4096];
	int predicted = 1, csv = p->options->format == NN_FORMAT_CSV;
	nn_dataset_name(p->sets.test, sample, name, sizeof name);
	if (!csv) nn_text_add(&p->text, "{\"input\": ");
	if (csv) nn_text_csv(&p->text, name);
	else nn_text_json_string(&p->text, name);
	for (int k = 0; k < p->target_count; k++) predicted &= add_target(p, &p->targets[k], sample, row);
	add_place(p, sample);
	nn_text_add(&p->text, csv ? "\n" : "}\n");
	if (!predicted && p->numberless++ == 0) nn_error("%s: what the network gives is not a number, so that there is no prediction", name);
}

static int maps(const Predictor *p, const Target *t) { return nn_is_map(t->output, t->y, nn_image_of(p->model, p->program)); }

/* The first output that gives masks, else the first that is maps; NULL: there is none. */
static const Target *pictured(const Predictor *p) {
	for (int k = 0; k < p->target_count; k++)
		if (segments(&p->targets[k])) return &p->targets[k];
	for (int k = 0; k < p->target_count; k++)
		if (maps(p, &p->targets[k])) return &p->targets[k];
	return NULL;
}

/* The tokens of the output that tells one for each of so many maps; *count of them, up to the end of the text. Each and the list are
 * freed by the caller; NULL: there is no such output. */
static char **map_titles(const Predictor *p, int row, int maps, int *count) {
	const Target *t = p->targets, *end = t + p->target_count;
	while (t < end && !(tells(p, t) && t->y->shape[0] == maps)) t++;
	char **titles = t < end ? calloc((size_t)maps + 1, sizeof *titles) : NULL;
	int size = t < end ? (int)t->y->shape[1] : 0;
	for (*count = 0; titles && *count < maps; ++*count) {
		nn_text title = {0};
		for (int i = 0; i < size; i++) p->row[i] = nn_number(p->model, output_at(p, t, row), (size_t)(*count * size + i));
		int id = nn_argmax(p->row, size);
		add_ids(p, t, &title, &id, 1);
		if (!title.data) break;
		titles[*count] = title.data;
	}
	return titles;
}

static int write_maps(const Predictor *p, const Target *t, const nn_batch *batch, int row, const char *name) {
	const nn_data_field *image = nn_image_of(p->model, p->program);
	const char *pixels = batch->fields[image - p->model->data.fields];
	nn_map_sheet sheet = {.model = p->model, .image = image, .y = t->y, .maps = output_at(p, t, row),
	                      .pixels = pixels + (size_t)row * image->count * (size_t)p->model->number_size};
	char **titles = t->y->rank == 3 ? map_titles(p, row, (int)t->y->shape[0], &sheet.title_count) : NULL;
	sheet.titles = (const char *const *)titles;
	int failed = nn_map_write(&sheet, name, p->options->output);
	for (int i = 0; titles && i < sheet.title_count; i++) free(titles[i]);
	free(titles);
	return failed;
}

static int write_picture(const Predictor *p, const nn_batch *batch, int row) {
	char name[4096];
	const Target *t = pictured(p);
	nn_dataset_name(p->sets.test, batch->samples[row], name, sizeof name);
	if (!segments(t)) return write_maps(p, t, batch, row, name);
	return nn_mask_write(p->model, t->output, t->y, output_at(p, t, row), name, p->options->output);
}

static int run_batch(Predictor *p, const nn_batch *batch) {
	nn_call call = {.rows = batch->rows, .threads = p->options->threads, .seed = p->model->seed};
	nn_program_feed(p->model, p->program, p->memory.work, batch);
	p->program->run(p->memory.state, p->memory.work, &call);
	for (int i = 0; i < batch->rows; i++) {
		for (int k = 0; p->options->format == NN_FORMAT_NPY && k < p->target_count; k++) add_npy(p, &p->targets[k], batch->samples[i], i);
		if (p->options->format == NN_FORMAT_PNG && write_picture(p, batch, i)) return 1;
		if (p->options->format < NN_FORMAT_NPY) add_sample(p, batch->samples[i], i);
	}
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
	if (!result && p->numberless > 0) result = INCOMPLETE;
	if (p->numberless > 1) nn_error("%lld of the inputs have no prediction for this reason", (long long)p->numberless);
	if (loader) nn_loader_close(loader);
	return result;
}

/* The npy header: version 1.0, padded so that numbers begin at a multiple of 64. Several outputs stand side by side in a row. */
static void npy_header(const Predictor *p, nn_text *header) {
	nn_text dictionary = {0};
	const nn_field *y = p->targets[0].y;
	long long together = 0;
	for (int k = 0; k < p->target_count; k++) together += (long long)p->targets[k].y->count;
	nn_text_add(&dictionary, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%lld,", p->model->number_size,
	            (long long)p->rows);
	for (int i = 0; p->target_count == 1 && i < y->rank; i++)
		nn_text_add(&dictionary, "%s%lld", i ? ", " : " ", (long long)y->shape[i]);
	if (p->target_count > 1) nn_text_add(&dictionary, " %lld", together);
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

/* The outputs that the program has, with the names of their classes. */
static int open_targets(Predictor *p) {
	const nn_model *model = p->model;
	size_t most = 0;
	for (int i = 0; i < model->output_count; i++) {
		Target *t = &p->targets[p->target_count];
		*t = (Target){.output = &model->outputs[i], .y = nn_output_find(p->program, model->outputs[i].name)};
		if (!t->y) continue;
		char mask[NN_LOG_NAME];
		snprintf(mask, sizeof mask, "%s%.40s", NN_MASK, t->output->name);
		t->mask = nn_output_find(p->program, mask);
		p->target_count++;
		const char *label = t->output->label >= 0 ? model->data.fields[t->output->label].name : "";
		for (int k = 0; k < p->name_count; k++)
			if (!strcmp(p->names[k].key, label)) t->classes = &p->names[k];
		if (t->y->count > most) most = t->y->count;
	}
	p->row = calloc(2 * most + 2, sizeof *p->row);
	int failed = !p->row;
	for (int k = 0; k < p->target_count; k++) failed |= name_columns(p, &p->targets[k]);
	if (failed) nn_error("out of memory");
	return failed;
}

/* Everything that the program takes must be in the data. */
static int check_inputs(const Predictor *p) {
	for (int i = 0; i < p->program->input_count; i++) {
		const char *name = p->program->inputs[i].name;
		if (nn_data_field_find(p->model, name) >= 0) continue;
		return nn_error("%s: nothing in the data is the input '%s' of its first model, so there is nothing to predict from",
		                p->model->name, name), 1;
	}
	return 0;
}

static int open_predictor(Predictor *p, const nn_safetensors *file) {
	char error[NN_ERROR];
	p->program = nn_program_find(p->model, "predict");
	if (!p->program) return nn_error("%s has no program 'predict'", p->model->name), 1;
	if (check_inputs(p)) return 1;
	if (nn_memory_open(&p->memory, p->model, p->model->inference_count, p->model->predict_work_bytes)) return 1;
	if (nn_checkpoint_read(file, p->model, p->memory.state, p->model->inference_count, error))
		return nn_error("%s", error), 1;
	p->names = nn_checkpoint_names(file, &p->name_count);
	p->vocabularies = nn_checkpoint_vocabularies(file, p->model, &p->vocabulary_count);
	if (open_targets(p)) return 1;
	if (nn_data_open_inputs(p->model, p->options->inputs, p->options->input_count, p->names, p->name_count, &p->sets))
		return 1;
	if (p->options->format != NN_FORMAT_PNG) return 0;
	if (!pictured(p))
		return nn_error("%s: --format png is for networks that give masks, or maps over an image: an output [height, width] or "
		                "[maps, height, width] without a loss", p->model->name), 1;
	if (!p->options->output) return nn_error("--format png wants a folder: --output DIRECTORY"), 1;
	return nn_pictures_begin(p->sets.test, p->options->output);
}

static void close_predictor(Predictor *p) {
	nn_data_close(&p->sets);
	nn_memory_close(&p->memory);
	nn_checkpoint_free_names(p->names, p->name_count);
	nn_checkpoint_free_names(p->vocabularies, p->vocabulary_count);
	for (int k = 0; k < p->target_count; k++) nn_text_free(&p->targets[k].columns);
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
