/* data_internal.h: what the files of the data part share: a Source is everything that was found at one place (a folder, a
 * table, a pair of arrays); a nn_dataset is a choice of its samples. One source may serve several sets. */
#ifndef NN_DATA_INTERNAL_H
#define NN_DATA_INTERNAL_H
#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>
#include "data.h"
#include "image.h"

enum { NN_WHY = 256 }; /* bytes of a cause */

typedef struct FileId {
	dev_t device;
	ino_t inode;
} FileId;

typedef struct Source Source;
struct Source {
	const nn_model *model;
	char *where; /* as the user gave it */
	int64_t count; /* samples */
	int target_count; /* numbers of one label as read; 0: no labels */
	double *targets; /* (count, target_count); of classes: their numbers, once nn_classes_number has run */
	char **texts; /* (count) names of classes; NULL: targets are numbers already */
	char **groups; /* (count) samples of one group stay in one split; NULL: each is its own */
	FileId *files; /* the files that were read: one for each sample, or one in all */
	int64_t file_count;
	_Atomic unsigned char *broken; /* (count) 1: this sample can't be read, and that was said */
	int slow; /* several threads help */
	void *own; /* what the kind of source keeps */
	/* Writes the model's input of one sample to x; 0, or 1 with why not. Called from several threads. */
	int (*read)(Source *source, int64_t sample, const void *state, void *x, char why[NN_WHY]);
	void (*name)(const Source *source, int64_t sample, char *buffer, size_t size);
	void (*close)(Source *source); /* frees own */
	/* tables: (count, features) as read, NAN: missing. For fitting */
	const double *values;
	int feature_count;
	char **feature_names; /* NULL: none */
	/* images: may keep decoded pixels */
	void (*keep)(Source *source, size_t bytes);
};

typedef struct nn_data_store {
	Source *sources[3];
	int source_count;
	char **classes;
	int class_count;
} nn_data_store;

struct nn_dataset {
	const nn_model *model;
	const nn_data_store *store;
	Source *source;
	const char *split; /* "train" */
	int64_t count;
	int64_t *rows; /* (count) samples of the source, ascending */
	int one_hot; /* labels are written as one-hot rows */
	double tolerance; /* share of samples that may be unreadable */
};

/* What to open at one place. */
typedef struct Place {
	const char *split; /* "train" */
	nn_split paths;
	const char *const *classes; /* NULL: find them */
	int class_count;
	int labels; /* 0: inputs only */
} Place;

/* Openers, one a kind. NULL after an error. */
Source *nn_open_images(const nn_model *model, const Place *place);
Source *nn_open_table(const nn_model *model, const Place *place);
Source *nn_open_idx(const nn_model *model, const Place *place);
Source *nn_open_npy(const nn_model *model, const Place *place);
/* The images among files and folders, in that order, without labels. */
Source *nn_open_image_list(const nn_model *model, const char *const *paths, int path_count);
void nn_source_close(Source *source);
/* Allocates targets and flags for source->count samples, where and file. 0, or 1 out of memory. */
int nn_source_prepare(Source *source, const char *where, int target_count);
int nn_source_add_file(Source *source, const char *path);

/* Labels are classes, not numbers to be met. */
int nn_has_classes(const nn_model *model);
int64_t nn_input_count(const nn_model *model);
int64_t nn_label_count(const nn_model *model); /* 0: the model takes no label */
/* Numbers in one row of what the model predicts; 0: not known. */
int64_t nn_output_count(const nn_model *model);
/* "[28, 28, 1]" */
const char *nn_shape_text(int rank, const int64_t *shape, char *buffer, size_t size);

/* Finds the names of the classes in a source's texts (numbers by value, else by alphabet), or makes them from the largest
 * class number. 0 or 1. */
int nn_classes_find(nn_data_store *store, const Source *source);
/* Turns texts into class numbers. 0, or 1 if one is not among the store's classes. */
int nn_classes_number(const nn_data_store *store, Source *source);
int nn_classes_check(const nn_data_store *store, const nn_model *model, const Source *source);
/* "NORMAL, PNEUMONIA", shortened. */
const char *nn_classes_text(char *const *classes, int count, char *buffer, size_t size);

/* A file's bytes, unpacked if it is gzip; free with free. 0, or 1 after an error. max: stop after so many; 0: all. */
int nn_slurp(const char *path, size_t max, uint8_t **bytes, size_t *size, char why[NN_WHY]);
/* Room for one more item of an array that grows by doubling. 0 or 1. */
int nn_reserve(void *items, int64_t count, int64_t *capacity, size_t item_size);
char *nn_copy_text(const char *text, size_t length);

/* Numbers of a file, in any of its types. */
typedef struct Elements {
	char kind; /* 'u', 'i', 'f', 'b' */
	int size; /* bytes of one: 1, 2, 4, 8 */
	int swapped; /* the file's byte order is not the machine's */
	const uint8_t *bytes;
	int rank;
	int64_t shape[NN_RANK]; /* shape[0]: samples */
	int64_t row; /* numbers of one sample */
} Elements;

/* Product of shape[1..], checked against the bytes that are there. 0, or 1 with why. */
int nn_elements_check(Elements *elements, size_t bytes, char why[NN_WHY]);
/* What a file's bytes say of its numbers. 0, or 1 with why. */
typedef int ParseElements(const uint8_t *bytes, size_t size, Elements *elements, char why[NN_WHY]);
/* A source over a file of inputs and, when asked for and paths[1] is not NULL, one of labels. NULL after an error. */
Source *nn_open_arrays(const nn_model *model, const char *const paths[2], int labels, ParseElements *parse);

/* A row of a table to numbers of a size (4 or 8): fills what is missing, shifts, scales. */
void nn_row_write(const nn_model *model, const void *state, const double *row, int64_t count, int number_size, void *x);
int64_t nn_broken_count(const nn_dataset *set);

#endif
