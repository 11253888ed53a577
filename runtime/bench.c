/* Input: a model, random numbers. Output: how long its programs take.
 * Invariant: nothing is read or allocated while the clock runs; the first calls are not counted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "model.h"
#include "progress.h"

enum { WARM_UP = 3 };

/* A number from a counter (splitmix64, Steele et al. 2014). */
static uint64_t mixed(uint64_t x) {
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

/* A label: a class, one of a one-hot row, yes or no, or any number. */
static double label_number(nn_task task, int classes, const nn_field *label, size_t row, size_t index,
                           uint64_t bits) {
	double uniform = (double)(bits >> 11) * 0x1p-53;
	size_t per_place = label->rank > 1 ? (size_t)label->shape[label->rank - 1] : 1;
	switch (task) {
	case NN_SEGMENTATION:
		if (per_place != (size_t)classes) return (double)((bits >> 33) % (uint64_t)classes);
		return index % per_place == mixed(row * 31 + index / per_place) % (uint64_t)classes;
	case NN_BINARY:
	case NN_MULTILABEL:
		return (double)(bits >> 40 & 1);
	case NN_MULTICLASS:
		if (label->count % (size_t)classes) return (double)((bits >> 33) % (uint64_t)classes);
		return index % (size_t)classes == mixed(row * 31 + index / (size_t)classes) % (uint64_t)classes;
	default:
		return uniform;
	}
}

/* A number within bounds; half of them the lowest, so that steps are enough for a row of labels that is filled up. */
static double bounded_number(const nn_data_field *field, uint64_t bits) {
	uint64_t width = (uint64_t)(field->high - field->low) + 1;
	return (double)field->low + (bits >> 63 ? 0 : (double)((bits >> 33 & 0x3fffffff) % width));
}

/* How many ids a field of tokens may hold; 0: it holds none. */
static int id_count(const nn_model *model, int number) {
	const nn_data_field *field = number < 0 ? NULL : &model->data.fields[number];
	int tokens = field && field->integer && field->source >= 0 && (!field->label || field->rank == 1);
	return tokens ? model->data.sources[field->source].vocabulary_size : 0;
}

/* The task of the output that a label belongs to, and how many classes that output tells apart. */
static nn_task label_of(const nn_model *model, int label, int *classes) {
	const nn_output *output = NULL;
	const nn_field *y = NULL;
	for (int i = 0; i < model->output_count && !output; i++)
		if (model->outputs[i].label == label) output = &model->outputs[i];
	for (int i = 0; output && i < model->program_count && !y; i++) y = nn_output_find(&model->programs[i], output->name);
	*classes = y && y->rank && y->shape[y->rank - 1] > 1 ? (int)y->shape[y->rank - 1] : 2;
	return output ? output->task : NN_OTHER;
}

void nn_random_inputs(const nn_model *model, const nn_program *program, void *work, uint64_t seed) {
	for (int i = 0; i < program->input_count; i++) {
		const nn_field *field = &program->inputs[i];
		int number = nn_data_field_find(model, field->name), label = number >= 0 && model->data.fields[number].label;
		int ids = id_count(model, number);
		int classes = 2;
		nn_task task = label ? label_of(model, number, &classes) : NN_OTHER;
		size_t rows = field->per_row ? (size_t)program->batch : 1;
		for (size_t k = 0; k < rows * field->count; k++) {
			uint64_t bits = mixed(seed * 1000003 + mixed((uint64_t)label << 60 ^ k));
			double value = (double)(bits >> 40) * 0x1p-24; /* exact in both precisions */
			if (ids)
				value = (double)((bits >> 33) % (uint64_t)ids);
			else if (label && task == NN_OTHER && model->data.fields[number].high > 0)
				value = bounded_number(&model->data.fields[number], bits);
			else if (label)
				value = label_number(task, classes, field, k / field->count, k % field->count, bits);
			nn_number_set(model, (char *)work + field->offset, k, value);
		}
	}
}

static int by_number(const void *a, const void *b) {
	double p = *(const double *)a, q = *(const double *)b;
	return p < q ? -1 : p > q;
}

static void measure(const nn_model *model, const nn_program *program, const nn_memory *memory, double *seconds,
                    int steps, int threads) {
	for (int i = -WARM_UP; i < steps; i++) {
		nn_call call = {.rows = program->batch,
		                .threads = threads,
		                .seed = model->seed,
		                .step = (uint64_t)(i + WARM_UP)};
		nn_random_inputs(model, program, memory->work, 1); /* a program may have reused their place */
		double begun = nn_seconds();
		program->run(memory->state, memory->work, &call);
		if (i >= 0) seconds[i] = nn_seconds() - begun;
	}
	qsort(seconds, (size_t)steps, sizeof *seconds, by_number);
}

static void show(nn_text *text, const nn_program *program, const double *seconds, int steps, int json, int first) {
	double median = steps % 2 ? seconds[steps / 2] : (seconds[steps / 2 - 1] + seconds[steps / 2]) / 2,
	       least = seconds[0];
	double rate = median > 0 ? program->batch / median : 0,
	       gflops = median > 0 ? 2 * program->macs / median / 1e9 : 0;
	if (json)
		nn_text_add(text,
		            "%s{\"program\": \"%s\", \"median_ms\": %.6g, \"min_ms\": %.6g, \"samples_per_s\": %.6g, "
		            "\"gflops\": %.6g}",
		            first ? "" : ",\n ", program->name, median * 1e3, least * 1e3, rate, gflops);
	else
		nn_text_add(text, "%-16s %12.4f %12.4f %14.1f %10.2f\n", program->name, median * 1e3, least * 1e3, rate,
		            gflops);
}

int nn_bench(const nn_model *model, int steps, int threads, int json) {
	nn_memory memory;
	nn_text text = {0};
	int shown = 0;
	double *seconds = malloc(sizeof *seconds * (size_t)steps);
	if (!seconds) return nn_error("out of memory"), 1;
	if (nn_memory_open(&memory, model, model->state_count, model->work_bytes)) return free(seconds), 1;
	if (!json)
		nn_text_add(&text, "%-16s %12s %12s %14s %10s\n", "program", "median ms", "min ms", "samples/s",
		            "GFLOP/s");
	else
		nn_text_add(&text, "[");
	for (int i = 0; i < model->program_count; i++) {
		const nn_program *program = &model->programs[i];
		int wanted = nn_program_trains(program) || !strcmp(program->name, "evaluate") ||
		             !strcmp(program->name, "predict") || !strcmp(program->name, "generate");
		if (!wanted) continue;
		nn_model_initialize(model, &memory, model->seed, threads);
		measure(model, program, &memory, seconds, steps, threads);
		show(&text, program, seconds, steps, json, !shown++);
	}
	if (json) nn_text_add(&text, "]\n");
	int failed = text.failed || fputs(text.data, stdout) < 0 || fflush(stdout);
	if (failed) nn_error("standard output can't be written");
	nn_text_free(&text);
	nn_memory_close(&memory);
	free(seconds);
	return failed;
}
