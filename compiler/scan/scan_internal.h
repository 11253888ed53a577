/* scan_internal.h: what the files of scan share. What is found goes to standard output: remarks as comments of YAML, then the
 * section to paste. */
#ifndef SCAN_INTERNAL_H
#define SCAN_INTERNAL_H
#include "../../runtime/data_folder.h"
#include "../../runtime/text.h"

typedef struct ScanOptions {
	const char *const *paths;
	int path_count;
	const char *vocabulary, *encoding, *tokens, *label; /* NULL: not given */
} ScanOptions;

/* Each prints all that it finds. 0, or 1 after an error. */
int scan_image_classes(const char *path);
int scan_image_masks(const char *path, const char *images, const char *masks);
int scan_table(const ScanOptions *options, const char *path, char separator);
int scan_text(const ScanOptions *options);
int scan_text_folder(const ScanOptions *options, const char *path);
int scan_arrays(const ScanOptions *options);
int scan_sequences(const ScanOptions *options, const char *path);
/* Whether the beginning of a file is that of one with a sequence a row. */
int scan_is_sequences(const char *text, size_t size);

/* Whether the rows of a table are series: columns of the time and of the series (-1: they are one). Returns the rows of the
 * shortest; 0: they are none. */
struct Cells;
int64_t scan_find_series(const struct Cells *cells, int64_t label, int64_t *time, int64_t *group);

/* A word as YAML: plain where that is safe, else in quotes. */
void scan_word(nn_text *text, const char *word);
void scan_words(nn_text *text, char *const *words, int count); /* [a, b] */
/* An encoding that the bytes fit: "utf-8", "utf-16", "latin1", ..; *why: what speaks for it. */
const char *scan_encoding(const uint8_t *bytes, size_t size, const char **why);
/* path/train or path/training, ..: what a folder of one split is called; NULL: there is none. Free with free. */
char *scan_split_folder(const char *path, int split);
extern const char *const scan_split_keys[3];
int scan_print(nn_text *text); /* to standard output; frees. 0, or 1 after an error */
/* What --tokens says, or else what the data suggests; -1: it is no kind. */
int scan_token_kind(const ScanOptions *options, nn_token_kind otherwise);

/* Sorted: smallest, middle, share from below, largest. */
double scan_quantile(double *values, int64_t count, double share);

#endif
