/* checkpoint.h: a model's state in a safetensors file: tensors under Keras's names, and in __metadata__ what goes with
 * them: model, spec, classes, and for --resume the position of the training (JSON). */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H
#include "data.h"
#include "safetensors.h"

struct cJSON;

typedef struct nn_checkpoint_extra {
	const char *const *classes;
	int class_count;
	const nn_names *vocabularies; /* see nn_data_vocabularies */
	int vocabulary_count;
	const nn_names *names; /* found in the training data */
	int name_count;
	const struct cJSON *position; /* the training's position, NULL: none */
	const nn_array *arrays;       /* more tensors, beside the model's */
	int array_count;
} nn_checkpoint_extra;

/* Writes the whole state into a created file; the caller commits it. 0, or 1 with one line in error. */
int nn_checkpoint_write(nn_file *file, const nn_model *model, const void *state, const nn_checkpoint_extra *extra,
                        char error[NN_ERROR]);
/* Reads all tensors, or with a limit below model->state_count those for inference that lie in the first `limit` numbers of the state;
 * every one must be there, in its shape. 0 or 1. */
int nn_checkpoint_read(const nn_safetensors *file, const nn_model *model, void *state, size_t limit,
                       char error[NN_ERROR]);
/* Reads the weights, states and fitted tensors that init wants and the file has, says what it did not read. 0, or 1 when
 * there was none, or one of another shape (said). */
int nn_checkpoint_read_some(const nn_safetensors *file, const nn_model *model, void *state, const nn_init *init);
/* The training's position, to be deleted by the caller; NULL: there is none. */
struct cJSON *nn_checkpoint_position(const nn_safetensors *file);
/* The names the file remembers; NULL and *count 0: none. Freed by nn_checkpoint_free_names. */
nn_names *nn_checkpoint_names(const nn_safetensors *file, int *count);
void nn_checkpoint_free_names(nn_names *names, int count);
/* As nn_data_vocabularies gave them; freed by nn_checkpoint_free_names. */
nn_names *nn_checkpoint_vocabularies(const nn_safetensors *file, const nn_model *model, int *count);

#endif
