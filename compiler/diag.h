/* diag.h: what the user did wrong, where, why, and what to do. Mistakes are collected, never fatal here;
 * only main.c exits. The first argument of everything in the compiler is a Context. */
#ifndef DIAG_H
#define DIAG_H
#include <stdio.h>
#include "util.h"

typedef struct Source {
	const char *name; /* as given on the command line, or "prelude/layers.yaml" */
	const char *text;
	size_t size;
	bool library; /* a file of the prelude: notes, never carets of their own */
	const struct Place *included; /* where another file includes it; NULL: not */
} Source;

/* A stretch of source text. line and column count from 0; columns are bytes. source NULL: no place. */
typedef struct Place {
	const Source *source;
	int line, column, length;
} Place;

/* A call that is being evaluated; messages list them, innermost first. Lives on the caller's stack. */
typedef struct Trail {
	const char *name;
	Place place;
	const struct Trail *outer;
} Trail;

enum { DIAG_LIMIT = 20 }; /* after so many errors the rest is only counted */

typedef struct Context {
	Arena *arena;
	FILE *messages;
	int errors, warnings;
	const char *(*hint)(void *user); /* a better help for an error, asked when there is one; NULL: none */
	void *hint_user;
	bool silent; /* messages are only counted, in `silenced` */
	int silenced;
	const Trail *trail;
	struct Params *params; /* spec_params.c's: the named constants of the spec */
	uint64_t *seen; /* diag.c's: hashes of the messages so far */
	int seen_count, seen_capacity;
	struct SlotWatch *watch; /* spec_offer.c's, NULL while compiling */
} Context;

/* FILE:LINE:COL: error: ..., the source line, a caret, the trail of calls, help (NULL: none). The caret stands at the
 * innermost place in the user's own text (place itself, or a call in the trail); library places follow as notes.
 * The same message at the same place is reported once. */
void diag_error(Context *context, Place place, const char *help, const char *format, ...) __attribute__((format(printf, 4, 5)));
void diag_warning(Context *context, Place place, const char *help, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
