/* predict.h: the command `predict`. */
#ifndef NN_PREDICT_H
#define NN_PREDICT_H
#include "nn.h"

typedef enum nn_format { NN_FORMAT_CSV, NN_FORMAT_JSONL, NN_FORMAT_NPY, NN_FORMAT_PNG } nn_format;

typedef struct nn_predict_options {
	const char *weights, *output; /* output NULL: standard output */
	nn_format format;
	const char *const *inputs;
	int input_count, threads;
} nn_predict_options;

/* CSV: "input,prediction,p_CLASS.." with one p for a single sigmoid, the probability of the second class; of several
 * numbers "input,y_0,y_1..", of masks "input,share_CLASS.." (of the pixels), of tokens "input,prediction", a text. jsonl: the same by name. npy: y itself. png: a
 * mask for each image, into the folder `output`. Returns the exit code. */
int nn_predict(const nn_model *model, const nn_predict_options *options);

#endif
