/* nn.h: what a generated file, the runtime and a program that embeds a model know of each other; the one public header.
 * A generated file exports one constant nn_model; the runtime drives models through it only.
 *
 * Memory. A model works on two blocks whose sizes are constants of the descriptor: the *state* (weights, moving statistics,
 * scalars of the optimizer, slots: what a checkpoint holds) and the *work* area (inputs, outputs, activations; one after the
 * other, programs share it). Both are aligned to NN_ALIGN bytes. Nothing else is touched and nothing is allocated. */
#ifndef NN_H
#define NN_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { NN_ABI = 5, NN_RANK = 8, NN_ALIGN = 64 };

typedef enum nn_role {
	NN_WEIGHT, /* trained */
	NN_STATE, /* moved by training: statistics */
	NN_FITTED, /* fitted to the training data before the first step: normalisation (data/offset, data/scale, ..) */
	NN_CARRIED, /* moved by every batch: a state for each of its rows, kept for the next batch (stateful=true, generate) */
	NN_SCALAR, /* an argument of the optimizer that may change while it runs (train/learning_rate) */
	NN_SLOT /* the optimizer's memory of a weight (train/dense/kernel/m) */
} nn_role;

typedef struct nn_tensor {
	const char *name; /* Keras's path: "conv2d_1/kernel" */
	nn_role role;
	int trainable;
	int rank;
	int64_t shape[NN_RANK];
	size_t offset, count; /* in numbers from the start of the state, row-major */
} nn_tensor;

/* An input or output of a program: numbers in the work area (of the model's precision; classes and tokens too). */
typedef struct nn_field {
	const char *name; /* inputs: "data.image", "data.label"; outputs: "loss", and those of nn_model.outputs */
	int rank;
	int64_t shape[NN_RANK]; /* of one row, the batch axis left out */
	int per_row; /* 1: a row for each sample of the batch, 0: one for all */
	size_t offset; /* in bytes from the start of the work area */
	size_t count; /* numbers in one row */
} nn_field;

typedef struct nn_call {
	int rows; /* live rows, 1 .. batch */
	int threads; /* 0: as many as OpenMP gives */
	uint64_t seed, step; /* draws are keyed by them; step counts from 0 */
	double epoch;
} nn_call;

enum { NN_OK = 0, NN_NOT_FINITE = 1 }; /* NOT_FINITE: the loss is not a finite number; no weight or state was changed */

typedef struct nn_program {
	const char *name; /* "initialize", "train", "evaluate", "predict"; "reset" gives carried states their first values,
	                     "generate" reads one step of a sequence, or makes pictures of what "noise" draws;
	                     of several steps in turn "train.NAME"; "gradients", "gradients.NAME"
	                     (selftest builds) */
	int batch; /* rows at most */
	const nn_field *inputs, *outputs;
	int input_count, output_count;
	double macs; /* multiply-adds of one call with full rows */
	int every, times; /* of several that train, in turn: it runs in each `every`th turn, `times` times; 0: as 1 */
	int (*run)(void *state, void *work, const nn_call *call);
} nn_program;

/* Before the name of an output: that of its mask, 1 for each place that counts; a program has it if not all do. */
#define NN_MASK "mask "

/* What the numbers of an output are. */
typedef enum nn_task { NN_REGRESSION, NN_BINARY, NN_MULTICLASS, NN_MULTILABEL, NN_SEGMENTATION, NN_OTHER } nn_task;

typedef enum nn_class_mode { NN_CLASS_SPARSE, NN_CLASS_BINARY, NN_CLASS_CATEGORICAL, NN_CLASS_NONE } nn_class_mode;
typedef enum nn_interpolation { NN_NEAREST, NN_BILINEAR, NN_AREA } nn_interpolation;
typedef enum nn_missing { NN_IMPUTE_MEAN, NN_IMPUTE_MEDIAN, NN_IMPUTE_DROP } nn_missing;
typedef enum nn_token_kind { NN_WORDS, NN_CHARACTERS, NN_BYTES } nn_token_kind;
typedef enum nn_standardize { NN_STANDARDIZE_NONE, NN_LOWER, NN_STRIP_PUNCTUATION, NN_LOWER_AND_STRIP } nn_standardize;
typedef enum nn_side { NN_POST, NN_PRE, NN_NEITHER } nn_side; /* the end, the beginning; what is too long is an error */
typedef enum nn_normalize { NN_NORMALIZE_NONE, NN_NORMALIZE_STANDARD, NN_NORMALIZE_MINMAX, NN_NORMALIZE_ROW } nn_normalize; /* ROW: each by itself */

/* Transforms of series: X(constant, name in a spec, name in messages) */
#define NN_CHANGES(X) \
	X(NN_LOG, "log", "logarithm") X(NN_LOG1P, "log1p", "logarithm of 1 +") X(NN_SQRT, "sqrt", "root") \
	X(NN_DIFFERENCE, "difference", "difference")
#define NN_CHANGE(constant, word, meaning) constant,
typedef enum nn_change { NN_CHANGES(NN_CHANGE) } nn_change;
#undef NN_CHANGE

typedef struct nn_texts {
	const char *const *items;
	int count;
} nn_texts;

enum { NN_SPLITS = 3, NN_PATHS = 2 };

/* A column of a table whose texts are categories: one-hot among the features, the number of its category by itself. */
typedef struct nn_category {
	const char *column;
	nn_texts values; /* in the order of their numbers; none: found in the training data, sorted */
} nn_category;

/* What is done to a column of a series before a model sees it, and undone in what it predicts; several in their order. */
typedef struct nn_transform {
	const char *column;
	nn_change change;
	int lag; /* of NN_DIFFERENCE: x[t] - x[t - lag] */
} nn_transform;

/* A place that samples come from: what its spec says of it. A new kind of source is a row of the compiler's table
 * (compiler/spec_source.c: its keys, paths and fields), a row of the runtime's (runtime/data_kinds.c) and one file
 * runtime/data_NAME.c that opens it; its settings are further members here, zero where a kind has no use for them. */
typedef struct nn_data_source {
	const char *name; /* NULL: it is the only one */
	const char *type; /* "csv" */
	const char *paths[NN_SPLITS][NN_PATHS]; /* of train, validation, test; NULL: not given. What they are is the kind's:
						   a folder | a file | images, labels | inputs, targets */
	const char *key; /* of several sources: what joins their samples: a column of a table, a regular expression on the path of a file
			    below its folder (NULL: its name without its ending) */
	/* images: height, width, channels of the input; rescale multiplies (arrays too) */
	int height, width, channels;
	double rescale;
	nn_interpolation interpolation;
	int fast_decode;
	double max_unreadable; /* the share of files that may be broken before training stops, default 0.01 */
	/* csv */
	int header; /* the first row names the columns */
	nn_texts label; /* columns of the label: names, or numbers counted from 0, negative from the end ("-1") */
	nn_texts ignore; /* columns that are neither features nor label */
	nn_texts missing; /* texts that mean "no value"; an empty field always does */
	nn_missing impute;
	nn_normalize normalize;
	const char *separator; /* one character */
	/* image_mask: the value of each class in a mask, whole numbers; none: 0, 1, 2, .. */
	nn_texts mask_values;
	/* text */
	nn_token_kind tokens;
	nn_standardize standardize;
	const char *encoding; /* as iconv knows it */
	const char *column; /* of a table: that of the texts; NULL: files of text */
	int lines; /* of one file: each line is a text */
	int ended; /* what is learned is the next token, of texts that are sequences of their own: each begins with, and ends by, "\n" */
	int sequence_length, stride; /* tokens, or steps, of a sample; of one text from a window to the next, 0: sequence_length */
	nn_side padding, truncating;
	int vocabulary_size; /* ids, with 0 (padding) and 1 (unknown) */
	nn_texts vocabulary; /* the tokens from id 2 on; none: those of vocabulary_file, or learned */
	const char *vocabulary_file;
	/* sequence */
	int variables; /* numbers of a step */
	const nn_category *categories; /* columns of texts */
	int category_count;
	/* csv as windows of series: sequence_length rows go in, the next horizon rows are predicted; stride rows from a window to the
	 * next. horizon 0: every row is a sample of its own */
	int horizon;
	const char *time; /* column of the time, which rises; NULL: the order of the rows */
	const char *group; /* column that says which series a row belongs to; NULL: one series */
	int seasonality; /* rows of a season, for the naive forecast that MASE is measured by; 1: none */
	nn_texts features; /* columns that go in; none: all that are nothing else */
	const nn_transform *transforms;
	int transform_count;
} nn_data_source;

/* What one sample has of numbers, by a name. Programs take their inputs from the fields of the same names. Only what some
 * program reads is loaded. */
typedef struct nn_data_field {
	const char *name; /* "data.image" */
	int source; /* which of nn_data.sources gives it, -1: the spec has no data */
	int part; /* which of the fields of its kind, in the order of the compiler's table: 0 the first */
	const char *column; /* of a table, for a part that is any of its columns */
	int rank;
	int64_t shape[NN_RANK];
	size_t count; /* numbers of one sample: the product of shape */
	const char *fitted; /* of a table: where the state has what is fitted to it: "data" for data/impute, data/offset, data/scale;
			       NULL: numbers as they are */
	int label; /* 1: not known when predicting */
	int integer; /* 1: whole numbers: classes, tokens */
	int steps; /* of windows: rows of a sample, so that shape is [steps, numbers of a row], where an axis of 1 may be left out; else 0 */
	int64_t limit; /* of a column of categories: rows of the table that they are looked up in; 0: it is not */
	int64_t low, high; /* its numbers lie between these, both included; high 0: anywhere */
	/* of a label */
	int classed; /* 1: classes, 0: numbers to be met */
	int class_count; /* that the model tells apart; 0: any number */
	nn_texts classes; /* their names in the order of their numbers; none: found in the training data, sorted */
} nn_data_field;

/* The data section of the spec. */
typedef struct nn_data {
	const nn_data_source *sources;
	int source_count;
	const nn_data_field *fields;
	int field_count;
	/* splitting one set into several */
	double split_validation, split_test; /* shares, 0: none */
	int split_stratify;
	const char *split_group; /* a regular expression on file names, or a column */
	uint64_t split_seed;
	int split_by_time; /* the last rows of every series */
	int split_by_name; /* by a hash of the file's or group's name instead of by chance */
	int split_folds, split_fold; /* 0: none; else the test set is fold 0 .. folds-1 */
} nn_data;

typedef enum nn_callback_kind { NN_EARLY_STOPPING, NN_MODEL_CHECKPOINT } nn_callback_kind;
typedef struct nn_callback { /* as in Keras; what a kind does not have is 0 */
	nn_callback_kind kind;
	const char *monitor; /* "val_loss"; checked by nnc against what training logs */
	double min_delta, baseline; /* baseline NAN: none */
	int patience, start_from_epoch;
	int mode; /* -1: lower is better, 1: higher is better */
	int restore_best_weights;
	const char *filepath; /* NULL: best.safetensors in the run folder */
	int save_best_only;
} nn_callback;

typedef struct nn_init { /* weights to begin with, taken from a file by name */
	const char *file; /* NULL: none */
	const char *const *only; /* patterns (fnmatch) of the names that are taken; count 0: all that the file has */
	int only_count;
	const char *const *rename; /* pairs: the beginning of a name here, the same in the file */
	int rename_count;
	int skip_mismatch; /* a tensor of another shape is left, else it is an error */
} nn_init;

typedef struct nn_training {
	int batch_size, epochs;
	int steps_per_epoch, validation_steps; /* 0: one pass, whole set */
	int shuffle;
	const nn_callback *callbacks;
	int callback_count;
	const char *optimizer, *loss; /* for reports */
	int use_ema; /* a slot STEP/WEIGHT/average of each trained weight takes its place when training ends */
	double learning_rate;
	nn_init init;
	int stateful; /* states are carried from batch to batch: the rows of a batch go on where those of the one before ended */
} nn_training;

/* What the model predicts, and what it is compared with. */
typedef struct nn_output {
	const char *name; /* of the programs' output: "y" where there is one, else what the spec calls it */
	nn_task task;
	int logits; /* before its sigmoid or softmax (from_logits) */
	int label; /* the field of the data that holds the truth, -1: none */
	const char *loss; /* for reports; NULL: none */
	double weight; /* of its loss in the sum */
	const char *const *metrics; /* "accuracy", "auc", "mae", ..: what an epoch logs beside the loss */
	int metric_count;
} nn_output;

enum { NN_OUTPUTS = 16, NN_LOGS = 64 }; /* logs: numbers that an epoch logs of the training data */

typedef struct nn_layer { /* a row of the summary */
	const char *name, *type, *shape; /* "conv2d", "Conv2D", "(None, 222, 222, 32)" */
	int64_t parameters;
} nn_layer;

typedef struct nn_model {
	int abi; /* NN_ABI of the header it was compiled with */
	const char *name, *version, *spec_hash, *target; /* version: nnc's; target: "avx512", "avx2", "generic", "portable" */
	int number_size; /* 4: float, 8: double */
	uint64_t seed;
	const nn_output *outputs;
	int output_count; /* 1 .. NN_OUTPUTS */
	const nn_tensor *tensors; /* in checkpoint order: weights, states, fitted, then scalars and slots */
	int tensor_count;
	size_t state_count; /* numbers in the state */
	size_t inference_count; /* numbers at its start that predict and evaluate need */
	size_t work_bytes; /* of the largest program */
	size_t predict_work_bytes;
	const nn_program *programs;
	int program_count;
	const nn_layer *layers;
	int layer_count;
	int64_t parameters, trainable_parameters;
	nn_data data;
	nn_training training;
	const char *const *spec; /* the spec's text in pieces, for reports; NULL ends it */
} nn_model;

/* The vocabulary in the state, "data/vocabulary": a table of hashes in four parts of 16 bits, and ids; an id of 0 is an empty row.
 * As many rows: a power of two, half of them empty at least. */
enum { NN_VOCABULARY_COLUMNS = 5 };
static inline int64_t nn_vocabulary_rows(int64_t size)
{
	int64_t rows = 4;
	while (rows < 2 * size) rows *= 2;
	return rows;
}

/* Rows of a series that the transforms of a source need before the first that has a value: the most of any column. */
static inline int64_t nn_transform_lags(const nn_transform *transforms, int count)
{
	int64_t most = 0, lags = 0;
	for (int i = 0; i < count; i++) {
		const char *a = transforms[i].column, *b = i ? transforms[i - 1].column : a;
		while (*a && *a == *b) a++, b++;
		if (*a != *b) lags = 0;
		lags += transforms[i].lag;
		if (lags > most) most = lags;
	}
	return most;
}

const nn_program *nn_program_find(const nn_model *model, const char *name); /* NULL: the model has none of that name */
const nn_tensor *nn_tensor_find(const nn_model *model, const char *name);

/* The command line of a trainer: train, evaluate, predict, info, bench, selftest. reference: the same spec compiled with
 * --precision=f64 --gradients, or NULL. Returns the exit code. */
int nn_main(const nn_model *model, const nn_model *reference, int argc, char **argv);

/* Reads the tensors that inference needs from a checkpoint into numbers (model->inference_count of them, of the model's
 * precision). 0, or 1 with a message. */
int nn_load(const nn_model *model, void *numbers, const char *path, char error[256]);
/* What the data section does to one sample's field. Pixels: height x width x channels bytes, 1 to 4 channels; row: as many
 * values as the field has numbers, NAN for missing; of categories 1 and 0, or the number of the
 * category. state: where nn_load put the numbers. */
void nn_preprocess_image(const nn_model *model, int field, const uint8_t *pixels, int height, int width, int channels, float *x);
void nn_preprocess_row(const nn_model *model, int field, const void *state, const double *row, float *x);
/* Of a window of a series: rows, oldest first, of as many numbers as go in, as in the file; before the window as many as its
 * transforms need. */
void nn_preprocess_window(const nn_model *model, int field, const void *state, const double *rows, float *x);
/* What was predicted for a field becomes values of the series. rows: as many as transforms need, of the columns that are
 * predicted, as in the file; behind them the predicted ones are written. */
void nn_restore_window(const nn_model *model, int field, const void *state, const float *y, double *rows);
/* text: UTF-8 (of tokens that are bytes: any), ended by 0; x: sequence_length ids. */
void nn_preprocess_text(const nn_model *model, int field, const void *state, const char *text, float *x);
/* values: (steps, variables), more steps than the model takes are cut; x: (sequence_length, variables) */
void nn_preprocess_sequence(const nn_model *model, int field, const void *state, const double *values, int steps, float *x);

#ifdef __cplusplus
}
#endif
#endif
