/* output.h: the files that nnc leaves. */
#ifndef OUTPUT_H
#define OUTPUT_H
#include "emit.h"

/* Writes the C to path ("-": standard output) and the header beside it, each to a temporary name, fsynced, renamed: a failed
 * compile or a full disk leaves what was there. A path that is there and no regular file is written to directly and gets no
 * header. 0, or 1 after a message. */
int output_write(const Model *model, const char *path);
/* Puts text into the place of a file that is there, whole or not at all. 0, or 1 after a message. */
int output_replace(const Context *context, const char *path, const char *text);
int output_text(const Context *context, const char *path, const char *text); /* one file, in the same manner */
const char *output_header(Arena *arena, const char *path); /* "dir/model.c" -> "dir/model.h" */

/* The rule `FILE.c FILE.h: SPEC INCLUDED..` for make; target: instead of the files; phony: an empty rule for each file,
 * the spec too, so that make goes on when one is gone. */
const char *output_rule(Arena *arena, const Spec *spec, const char *output, const char *target, bool phony);

#endif
