/* Input: a descriptor. Output: its memory, its programs by name, numbers in and out of them.
 * Invariant: nothing but this file and the programs themselves writes to a work area. */
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include "message.h"
#include "model.h"

static size_t aligned(size_t bytes) { return (bytes + NN_ALIGN - 1) / NN_ALIGN * NN_ALIGN; }

int nn_memory_open(nn_memory *memory, const nn_model *model, size_t numbers, size_t work_bytes) {
	size_t state = aligned(numbers * (size_t)model->number_size), work = aligned(work_bytes);
	size_t total = state + work + NN_ALIGN; /* a model without weights has a block, too */
	void *block = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (block == MAP_FAILED) {
		nn_error("%s needs %.1f MB of memory, which the system does not give", model->name,
		         (double)total / 1e6);
		return 1;
	}
	*memory = (nn_memory){.state = block,
	                      .work = (char *)block + state,
	                      .state_bytes = state,
	                      .work_bytes = work,
	                      .block = block,
	                      .block_bytes = total};
	return 0;
}

void nn_memory_close(nn_memory *memory) {
	if (memory->block) munmap(memory->block, memory->block_bytes);
	*memory = (nn_memory){0};
}

int nn_model_check(const nn_model *model) {
	if (model->abi == NN_ABI) return 0;
	nn_error("%s was generated for version %d of the runtime, this is %d: generate it anew", model->name,
	         model->abi, NN_ABI);
	return 1;
}

const nn_program *nn_program_find(const nn_model *model, const char *name) {
	for (int i = 0; i < model->program_count; i++)
		if (!strcmp(model->programs[i].name, name)) return &model->programs[i];
	return NULL;
}

const nn_tensor *nn_tensor_find(const nn_model *model, const char *name) {
	for (int i = 0; i < model->tensor_count; i++)
		if (!strcmp(model->tensors[i].name, name)) return &model->tensors[i];
	return NULL;
}

static const nn_field *field_find(const nn_field *fields, int count, const char *name) {
	for (int i = 0; name && i < count; i++)
		if (!strcmp(fields[i].name, name)) return &fields[i];
	return NULL;
}

const nn_field *nn_input_find(const nn_program *program, const char *name) {
	return field_find(program->inputs, program->input_count, name);
}

const nn_field *nn_output_find(const nn_program *program, const char *name) {
	return field_find(program->outputs, program->output_count, name);
}

int nn_program_trains(const nn_program *program) {
	return !strncmp(program->name, "train", 5) && (!program->name[5] || program->name[5] == '.');
}

int nn_program_every(const nn_program *program) { return program->every > 1 ? program->every : 1; }

int nn_program_times(const nn_program *program) { return program->times > 1 ? program->times : 1; }

double nn_number(const nn_model *model, const void *numbers, size_t index) {
	return model->number_size == 8 ? ((const double *)numbers)[index] : (double)((const float *)numbers)[index];
}

void nn_number_set(const nn_model *model, void *numbers, size_t index, double value) {
	if (model->number_size == 8)
		((double *)numbers)[index] = value;
	else
		((float *)numbers)[index] = (float)value;
}

double nn_output_number(const nn_model *model, const nn_program *program, const void *work, const char *name) {
	const nn_field *field = nn_output_find(program, name);
	return field ? nn_number(model, (const char *)work + field->offset, 0) : NAN;
}

int nn_data_field_find(const nn_model *model, const char *name) {
	for (int i = 0; i < model->data.field_count; i++)
		if (!strcmp(model->data.fields[i].name, name)) return i;
	return -1;
}

int nn_is_truth(const nn_model *model, int field) {
	int truth = 0;
	for (int i = 0; i < model->output_count; i++) truth |= model->outputs[i].label == field;
	return truth;
}

nn_task nn_label_task(const nn_model *model, int field) {
	for (int i = 0; i < model->output_count; i++)
		if (model->outputs[i].label == field) return model->outputs[i].task;
	return NN_OTHER;
}

int nn_predict_reads(const nn_model *model, const nn_data_field *field) {
	const nn_program *predict = nn_program_find(model, "predict");
	return predict && nn_input_find(predict, field->name);
}

void nn_program_feed(const nn_model *model, const nn_program *program, void *work, const nn_batch *batch) {
	for (int i = 0; i < program->input_count; i++) {
		const nn_field *field = &program->inputs[i];
		int number = nn_data_field_find(model, field->name);
		const void *from = number < 0 ? NULL : batch->fields[number];
		size_t bytes = (size_t)batch->rows * field->count * (size_t)model->number_size;
		if (from)
			memcpy((char *)work + field->offset, from, bytes);
		else
			memset((char *)work + field->offset, 0, bytes);
	}
}

void nn_model_reset(const nn_model *model, const nn_memory *memory, int threads) {
	const nn_program *program = nn_program_find(model, "reset");
	nn_call call = {.rows = program ? program->batch : 1, .threads = threads, .seed = model->seed};
	if (program) program->run(memory->state, memory->work, &call);
}

void nn_model_initialize(const nn_model *model, const nn_memory *memory, uint64_t seed, int threads) {
	const nn_program *program = nn_program_find(model, "initialize");
	nn_call call = {.rows = program ? program->batch : 1, .threads = threads, .seed = seed};
	memset(memory->state, 0, memory->state_bytes);
	if (program) program->run(memory->state, memory->work, &call);
	nn_model_reset(model, memory, threads);
}
