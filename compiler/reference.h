/* reference.h: what the language offers, for people (`nnc --reference`) and for editors (`nnc --schema`). */
#ifndef REFERENCE_H
#define REFERENCE_H
#include "build.h"

/* Tables in Markdown: layers, losses, optimizers, .., as the library has them. */
void reference_print(Context *context, FILE *out);
/* A JSON Schema (draft 2020-12) of specs. */
void schema_print(Context *context, FILE *out);

#endif
