/* data_split.h: one set into several, and the check that several are really several. */
#ifndef NN_DATA_SPLIT_H
#define NN_DATA_SPLIT_H
#include <regex.h>
#include "data_internal.h"

/* Deals samples to training (0), validation (1) and test (2) by data.split_..: part (count). classes
 * (count) are numbers below class_count; NULL: there are none. 0, or 1 after an error. */
int nn_split_deal(const Source *source, const double *classes, int class_count, double validation, double test, int *part);
/* Sets the groups of a source of files by a POSIX extended expression on their names. 0, or 1 after an error. */
int nn_split_group(Source *source, const char *pattern);
/* Compiles a POSIX extended expression, in which \\d is a digit; free with regfree. 0, or 1 after an error. */
int nn_pattern_open(regex_t *expression, const char *what, const char *pattern);
/* What the first parenthesis matches, or else the whole match; NULL: no match. */
char *nn_pattern_part(const regex_t *expression, const char *text);
/* An error if one file or one group is in two of the sources; names: of their splits. 0 or 1. */
int nn_split_check(Source *const *sources, const char *const *names, int count);

#endif
