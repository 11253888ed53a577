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
	int64_t row; /* of a table, where only some rows are used; 0: the whole file */
} FileId;

/* A field that is a label, as it was read: one class or some numbers for each sample. */
typedef struct Label {
	int width; /* numbers of one sample; 0: the source does not have it */
	double *values; /* (count, width); of classes: their numbers, once nn_classes_number has run */
	char **texts; /* (count) names of classes; NULL: values are numbers already */
	int by_value; /* classes whose names are all numbers are ordered as these; else all by the alphabet, as Keras does folders */
} Label;

/* What an opener of a kind fills in. Fields are numbered as in model->data.fields; a source has those whose .source is its
 * own number. Labels that are one class or a few numbers are kept in labels, so that sets can be split by them; everything
 * else is read one sample at a time. */
typedef struct Source Source;
struct Source {
	const nn_model *model;
	const nn_data_source *spec;
	char *where; /* as the user gave it */
	int64_t count; /* samples */
	Label *labels; /* (model->data.field_count) */
	char **groups; /* (count) samples of one group stay in one split; NULL: each is its own */
	char **keys; /* (count) of several sources: what joins their samples; NULL: to be made of names */
	FileId *files; /* what was read: as many for each sample (sample after sample), or one in all */
	int64_t file_count;
	_Atomic unsigned char *broken; /* (count) 1: this sample can't be read, and that was said */
	int slow; /* several threads help */
	void *own; /* what the kind of source keeps */
	/* Writes a field of one sample to x: field.count numbers of the model's precision; 0, 1 with why it can't be read, or 2
	 * with why it is wrong, which ends the run. Called from
	 * several threads. */
	int (*read)(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY]);
	void (*name)(const Source *source, int64_t sample, char *buffer, size_t size);
	void (*close)(Source *source); /* frees own */
	/* what is fitted to the training rows, said of a set before it is loaded, and kept with the weights; NULL: nothing */
	int (*fit)(const nn_dataset *train, void *state);
	void (*check)(const nn_dataset *set, const void *state);
	nn_names *(*vocabularies)(const Source *source, const void *state, int *count);
	int in_order; /* samples are parts of one whole: sets take runs of them */
	int64_t overlap; /* and each shares something with so many after it */
	/* images: may keep decoded pixels */
	void (*keep)(Source *source, size_t bytes);
};

typedef struct nn_data_store {
	Source *sources[NN_SPLITS];
	int source_count;
	nn_names *names; /* of the model's fields, then of the categories of its sources */
	int name_count;
} nn_data_store;

struct nn_dataset {
	const nn_model *model;
	const nn_data_store *store;
	Source *source;
	const char *split; /* "train" */
	int64_t count;
	int64_t *rows; /* (count) samples of the source, ascending */
	int labelled; /* it has labels */
	double tolerance; /* share of samples that may be unreadable */
};

/* What to open at one place. */
typedef struct Place {
	const char *split; /* "train" */
	int source; /* of the model's data */
	const char *const *paths;
	int path_count;
	nn_data_store *store; /* its names as far as they are known */
	int labels; /* 0: inputs only, to be predicted */
} Place;

/* A kind of source. */
typedef struct SourceKind {
	const char *type; /* "idx" */
	const char *paths[NN_PATHS]; /* what a split is: "images", "labels"; those behind the first hold labels */
	int many; /* inputs to be predicted may be several paths */
	Source *(*open)(const nn_model *model, const Place *place); /* NULL after an error */
} SourceKind;

const SourceKind *nn_source_kind(const char *type);
Source *nn_open_images(const nn_model *model, const Place *place);
void nn_images_check(const Source *source); /* of nn_open_images: warns of pixels that are skipped */
Source *nn_open_table(const nn_model *model, const Place *place);
Source *nn_open_idx(const nn_model *model, const Place *place);
Source *nn_open_npy(const nn_model *model, const Place *place);
Source *nn_open_image_mask(const nn_model *model, const Place *place);
Source *nn_open_text(const nn_model *model, const Place *place);
Source *nn_open_sequences(const nn_model *model, const Place *place);
/* The sources of the model, opened each by its place (but those without a path) and joined by the keys of their samples, in the
 * order of the first; one source stays as it is. NULL after an error. */
Source *nn_open_all(const nn_model *model, const Place *places);
void nn_source_close(Source *source);
/* Allocates labels and flags for source->count samples, where and file. 0, or 1 out of memory. */
int nn_source_prepare(Source *source, const char *where);
/* Room for the labels of a field, and for texts of them if wanted. 0, or 1 out of memory. */
int nn_source_add_label(Source *source, int field, int width, int texts);
int nn_source_add_file(Source *source, const char *path);

/* The field of a source that is this part of it; -1: the model has none. */
int nn_field_of_part(const nn_model *model, int source, int part);
/* "[28, 28, 1]" */
const char *nn_shape_text(int rank, const int64_t *shape, char *buffer, size_t size);

/* The names of a column's categories; NULL: it is no category. */
nn_names *nn_names_of_column(const nn_data_store *store, const nn_model *model, int source, const char *column);
/* Puts copies into an empty list. 0, or 1 out of memory. */
int nn_names_copy(nn_names *names, const char *const *items, int count);
/* Different texts, sorted by the alphabet, or by value if by_value and all are numbers. 0, or 1 out of memory. */
int nn_names_learn(nn_names *names, char *const *texts, int64_t count, int by_value);
int nn_names_find(const nn_names *names, const char *text); /* -1: not there */
/* Finds the names of the classes in a source's texts, or makes them from the largest class number. 0 or 1. */
int nn_classes_find(nn_names *classes, const Source *source, int field);
/* Turns texts into class numbers. 0, or 1 if one is not among the classes. */
int nn_classes_number(const nn_names *classes, Source *source, int field);
/* Whether there are as many as the model tells apart. 0 or 1. */
int nn_classes_check(const nn_names *classes, const Source *source, int field);
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
ParseElements nn_parse_idx, nn_parse_npy;
double nn_element(const Elements *elements, int64_t place);
/* A source over a file of inputs and, when asked for and paths[1] is not NULL, one of labels. NULL after an error. */
Source *nn_open_arrays(const nn_model *model, const Place *place, ParseElements *parse);

/* What is fitted to the numbers of a field: tensors of the state, NULL: not there. */
typedef struct Fitted {
	const nn_tensor *impute, *offset, *scale;
} Fitted;

Fitted nn_fitted_find(const nn_model *model, int field);
/* A number as the model takes it: filled if it is missing, shifted, scaled. i: which number of the field. */
double nn_fitted_apply(const nn_model *model, const void *state, const Fitted *fitted, int64_t i, double value);
double nn_fitted_undo(const nn_model *model, const void *state, const Fitted *fitted, int64_t i, double value); /* the way back */
/* Fits one number of a field to a column of values (NAN: missing), which is filled. room: for count numbers. 0, or 1: there is
 * no value. */
int nn_fit_number(const nn_model *model, void *state, const Fitted *fitted, int64_t i, const nn_data_source *spec, double *column,
		  int64_t count, double *room);
/* Fits a category, whose numbers are places in categories (NAN: missing): what is missing becomes the commonest. one_hot: the
 * field's numbers from i on, one for each category. */
int nn_fit_category(const nn_model *model, void *state, const Fitted *fitted, int64_t i, const double *column, int64_t count,
		    int categories, int one_hot);
int64_t nn_broken_count(const nn_dataset *set);

#endif
