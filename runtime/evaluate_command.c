/* Input: a checkpoint, a test set. Output: the report on standard output, and as JSON where asked for.
 * Invariant: only tensors that inference needs are read and held. */
#include <stdio.h>
#include "checkpoint.h"
#include "evaluate.h"
#include "interrupt.h"

static int show(const nn_evaluation *evaluation, const char *json_path) {
	nn_text text = {0}, json = {0};
	char error[NN_ERROR];
	int failed = 0;
	nn_evaluation_text(&text, evaluation);
	nn_evaluation_json(&json, evaluation);
	if (text.failed || json.failed)
		nn_error("out of memory"), failed = 1;
	else
		fputs(text.data, stdout), fflush(stdout);
	if (!failed && evaluation->class_count)
		nn_classification_warn(&evaluation->scores, (const char *const *)evaluation->classes);
	if (!failed && json_path && nn_file_replace(json_path, json.data, json.length, error))
		nn_error("%s", error), failed = 1;
	if (!failed && ferror(stdout)) nn_error("standard output can't be written"), failed = 1;
	nn_text_free(&text);
	nn_text_free(&json);
	return failed;
}

static int evaluate_with(const nn_model *model, const nn_evaluate_options *options, const nn_safetensors *file,
                         nn_memory *memory) {
	char error[NN_ERROR];
	nn_datasets sets = {0};
	nn_evaluation evaluation;
	int count;
	if (nn_checkpoint_read(file, model, memory->state, model->inference_count, error))
		return nn_error("%s", error), 1;
	nn_names *names = nn_checkpoint_names(file, &count);
	nn_data_request request = {.need = NN_NEED_TEST,
	                           .test = options->test,
	                           .known = names,
	                           .known_count = count,
	                           .threads = options->threads};
	int result = nn_data_open(model, &request, &sets);
	nn_call call = {.threads = options->threads, .seed = model->seed};
	if (!result)
		result = nn_evaluate_set(&evaluation, model, memory, sets.test, sets.names, sets.name_count, &call);
	if (!result) {
		result = show(&evaluation, options->json);
		nn_evaluation_free(&evaluation);
	}
	nn_data_close(&sets);
	nn_checkpoint_free_names(names, count);
	return result;
}

int nn_evaluate(const nn_model *model, const nn_evaluate_options *options) {
	char error[NN_ERROR];
	nn_safetensors file;
	nn_memory memory;
	sigset_t before;
	if (nn_safetensors_open(&file, options->weights, error)) return nn_error("%s", error), 1;
	nn_interrupts_block(&before);
	int result = nn_memory_open(&memory, model, model->state_count, model->work_bytes); /* carried states are behind the weights */
	if (!result) {
		result = evaluate_with(model, options, &file, &memory);
		nn_memory_close(&memory);
	}
	nn_safetensors_close(&file);
	nn_interrupts_restore(&before);
	return result;
}
