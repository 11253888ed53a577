/* data.h: data sets and loaders: from the data section of a spec (nn_data) and the paths on the command line to batches of
 * numbers.
 *
 *     nn_datasets sets;
 *     if (nn_data_open(model, &request, &sets) != 0) return 1;         the cause was said
 *     nn_data_fit(sets.train, state);                                  before the first step; not with --resume
 *     nn_loader *loader = nn_loader_open(sets.train, state, &options);
 *     for each epoch
 *         while ((batch = nn_loader_next(loader)) != NULL) ...         NULL: the epoch is over
 *         if (nn_loader_failed(loader)) return 1;                      the cause was said
 *     nn_loader_close(loader); nn_data_close(&sets);
 *
 * The samples of a set have a fixed order (that of the sorted file names, of the rows of a table). Which samples a batch holds
 * is a function of seed, epoch, step and the set alone; never of threads or time. Failures are said through message.h. */
#ifndef NN_DATA_H
#define NN_DATA_H
#include <stddef.h>
#include <stdint.h>
#include "nn.h"

/* Names that were found in the training data: classes of a label and columns of features, under the name of the field
 * ("data.label"); categories of a column ("data/ward"). */
typedef struct nn_names {
	char *key;
	char **items; /* in the order of their numbers */
	int count; /* 0: not known yet */
} nn_names;

typedef struct nn_dataset nn_dataset; /* the samples of one split */
typedef struct nn_loader nn_loader;

enum { NN_NEED_TRAIN = 1, NN_NEED_VALIDATION = 2, NN_NEED_TEST = 4 };

/* Which splits to open, and what the command line says of them. */
typedef struct nn_data_request {
	int need; /* NN_NEED_..: an error if the spec and the paths give no such split */
	int want; /* NN_NEED_..: opened if there is one, else NULL */
	const char *train, *validation, *test; /* --train P ..: replaces the spec's; a folder, a file, or several joined by commas */
	const nn_names *known; /* as a checkpoint remembers them; what is not there is the spec's, or found in the data */
	int known_count;
	int threads; /* that may look through files, 0: any number; never changes what is found */
} nn_data_request;

/* What was opened; NULL: there is none. classes: of the first label; 0: it is no class. names: all that is known, for a
 * checkpoint. */
typedef struct nn_datasets {
	nn_dataset *train, *validation, *test;
	const char *const *classes;
	int class_count;
	const nn_names *names;
	int name_count;
	struct nn_data_store *store; /* what the sets share */
} nn_datasets;

/* Opens the splits that are given, or splits one (data.split). Checks that the data fits the model's shapes, that no file or
 * group is in two splits, that classes agree. 0, or 1 after an error; then sets is empty. */
int nn_data_open(const nn_model *model, const nn_data_request *request, nn_datasets *sets);
/* The input files of `predict`: images, folders of images, csv, npy, idx; as one set without labels. Of several sources a path for
 * each, joined by commas. 0 or 1. */
int nn_data_open_inputs(const nn_model *model, const char *const *paths, int path_count, const nn_names *known, int known_count,
			nn_datasets *sets);
/* Frees the sets; nothing of theirs may be used afterwards. The set opened by nn_data_open_inputs is sets->test. */
void nn_data_close(nn_datasets *sets);

/* Fits what the data section asks for to the training rows and writes it to the state's tensors, for each field with .fitted:
 * data/impute, data/offset, data/scale (each [numbers of the field]; those that the model has): a missing value becomes
 * impute, then x = (value - offset)/scale.
 * state: numbers of the model's precision, model->state_count of them. 0, or 1 after an error. */
int nn_data_fit(const nn_dataset *train, void *state);

/* The tokens of each source of text by their ids ("": an id without one), once the state holds the vocabularies; the key is the source's
 * name, "" where there is one source. *count of them, freed by nn_checkpoint_free_names. NULL and 0: the data is no text. */
nn_names *nn_data_vocabularies(const nn_dataset *train, const void *state, int *count);

int64_t nn_dataset_count(const nn_dataset *set);
/* What a sample is called: a path, "rows.csv:12" (line of the file), "images.npy[7]". Returns buffer. */
const char *nn_dataset_name(const nn_dataset *set, int64_t sample, char *buffer, size_t size);
/* The number of its class, or the target itself (the first, if there are several); NAN: it has none. */
double nn_dataset_label(const nn_dataset *set, int64_t sample);
/* Samples of each class, class_count numbers; of several labels those of each. */
void nn_dataset_class_counts(const nn_dataset *set, int64_t *counts);
/* Of a set of windows (else 0): what the model gives for a field of a sample becomes values of the series, in place; what these
 * are in truth. numbers: as many as the field has. */
int nn_dataset_restore(const nn_dataset *set, int64_t sample, int field, const void *state, double *numbers);
int nn_dataset_truth(const nn_dataset *set, int64_t sample, int field, double *numbers);
/* The mean error of the seasonal naive forecast over the training rows, of one of the field's numbers; NAN: there is none. */
double nn_dataset_naive_error(const nn_dataset *set, int field, const void *state, int number);
/* Of the numbers that windows predict: "y_3", the third row ahead of column y, or "y" where there is one; NULL: the field is none. */
const char *nn_step_name(const nn_model *model, int field, int number, char *buffer, size_t size);
/* The time of the first row that a window predicts, without times its number in the series, from 1; NULL: samples are no windows. */
const char *nn_dataset_first_step(const nn_dataset *set, int64_t sample, char *buffer, size_t size);
/* The group whose series a window is of; NULL: there is one series. */
const char *nn_dataset_series(const nn_dataset *set, int64_t sample);
/* Rows of a season, 1: none; 0: the samples are no windows. */
int nn_dataset_season(const nn_dataset *set);
/* The mean absolute error, over the set, of forecasting what was a season before; season 1: the last value. Of what has such a
 * forecast; NAN: nothing has. y: (samples, numbers of the field) other forecasts, of which *own is the error over the same numbers;
 * NULL: none. */
double nn_dataset_naive_mae(const nn_dataset *set, int field, int season, const double *y, double *own);
/* Where the samples came from, for reports: "data/train". */
const char *nn_dataset_source(const nn_dataset *set);

typedef struct nn_loader_options {
	int batch_size;
	/* 1: training. Epochs follow one another in one stream: with steps_per_epoch beyond one pass the next pass begins within
	 * the epoch, with fewer the next epoch goes on where this one ended. The place of an unreadable image is taken by the next
	 * readable sample, and the loader fails when their share passes data.max_unreadable.
	 * 0: evaluation. Every epoch begins at sample 0, in order; unreadable images are left out. */
	int training;
	int shuffle; /* only for training: a new order every pass; never of a model that carries states */
	uint64_t seed;
	int64_t steps_per_epoch; /* 0: one pass (the last batch may be short); evaluation: at most so many */
	int64_t batches_per_step; /* of training, 0: 1; an epoch holds whole steps, of one pass as many as fit, at least one */
	int threads; /* 0: as many as there are processors; never changes what is loaded */
	size_t cache_bytes; /* decoded images are kept as bytes if all of the set fit; 0: 1 GiB */
} nn_loader_options;

typedef struct nn_batch {
	int rows; /* 1 .. batch_size; each pass ends with what is left */
	/* A block (rows, field.shape) for each of data.fields, of the model's precision. NULL: no program reads it, or the set
	 * has none (a label when predicting). */
	const void *const *fields;
	const int64_t *samples; /* (rows) which samples of the set */
	const nn_dataset *set; /* and the state that it was loaded with */
	const void *state;
	int64_t epoch, step; /* both count from 0 */
	int begins; /* 1: the first of an epoch, or of a pass: what is carried from batch to batch begins anew */
} nn_batch;

/* Of a model that carries states samples keep their order; windows of one text are laid out in batch_size lanes, so that each row
 * of a batch goes on where the same row of the batch before ended.
 * Starts decoding ahead. state: where nn_data_fit or a checkpoint put the fitted tensors (read while loading; NULL if the
 * model has none). NULL after an error. A set must outlive its loaders. */
nn_loader *nn_loader_open(const nn_dataset *set, const void *state, const nn_loader_options *options);
/* Steps in one epoch; for evaluation an upper bound (images that can't be read may leave a batch empty). */
int64_t nn_loader_steps(const nn_loader *loader);
/* The next batch of this epoch, valid until the next call; NULL at the end of the epoch (the call after that begins the next)
 * or when the loader failed. */
const nn_batch *nn_loader_next(nn_loader *loader);
/* The batch that nn_loader_next gives next: as if all before it had been given. For --resume, or to begin an epoch anew. */
void nn_loader_seek(nn_loader *loader, int64_t epoch, int64_t step);
int nn_loader_failed(const nn_loader *loader);
/* Images of the set that could not be read so far; each was named once in a warning (the first few, then a count). */
int64_t nn_loader_unreadable(const nn_loader *loader);
void nn_loader_close(nn_loader *loader);

#endif
