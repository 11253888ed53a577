/* format.h: a spec in one way of writing it, for `nnc fmt`: two blanks a level, one blank where blanks stand, comments kept. */
#ifndef FORMAT_H
#define FORMAT_H
#include "expr.h"

/* The canonical text of a spec, of the same meaning; NULL after an error was reported. */
const char *format_text(Context *context, const Source *source);

#endif
