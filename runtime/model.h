/* model.h: a model's memory and its programs: one block, mapped once, in which every program finds its places. */
#ifndef NN_MODEL_H
#define NN_MODEL_H
#include <stddef.h>
#include "data.h"
#include "nn.h"

/* One mapped block: the state, then the work area, each aligned to NN_ALIGN; all zero at first. */
typedef struct nn_memory {
	void *state, *work;
	size_t state_bytes, work_bytes;
	void *block;
	size_t block_bytes;
} nn_memory;

/* numbers: of the state, model->state_count or model->inference_count. 0, or 1 after an error. */
int nn_memory_open(nn_memory *memory, const nn_model *model, size_t numbers, size_t work_bytes);
void nn_memory_close(nn_memory *memory);

/* 0 if the descriptor was made for this runtime, else 1 after an error. */
int nn_model_check(const nn_model *model);
const nn_field *nn_input_find(const nn_program *program, const char *name);
const nn_field *nn_output_find(const nn_program *program, const char *name);
/* Is it one that trains: "train", or "train.MODEL"? */
int nn_program_trains(const nn_program *program);
/* How often it runs: in each `every`th turn of the programs that train, `times` times. */
int nn_program_every(const nn_program *program);
int nn_program_times(const nn_program *program);
/* Numbers of the model's precision at a place, as double. */
double nn_number(const nn_model *model, const void *numbers, size_t index);
void nn_number_set(const nn_model *model, void *numbers, size_t index, double value);
/* The first number of an output that is one for all rows ("loss"); NAN: the program has no such output. */
double nn_output_number(const nn_model *model, const nn_program *program, const void *work, const char *name);
/* The number of a field of the data, by the name that programs call it; -1: there is none. */
int nn_data_field_find(const nn_model *model, const char *name);
/* What the output does that is compared with a label, a field of the data; of none NN_OTHER. */
nn_task nn_label_task(const nn_model *model, int field);
int nn_is_truth(const nn_model *model, int field); /* some output is compared with it */
int nn_predict_reads(const nn_model *model, const nn_data_field *field); /* the program `predict` takes it */
/* Copies a batch's rows to the program's inputs. */
void nn_program_feed(const nn_model *model, const nn_program *program, void *work, const nn_batch *batch);
/* The carried states of every row begin anew, where the model has some. */
void nn_model_reset(const nn_model *model, const nn_memory *memory, int threads);
/* Sets the state to what the spec's initializers give for this seed. */
void nn_model_initialize(const nn_model *model, const nn_memory *memory, uint64_t seed, int threads);

#endif
