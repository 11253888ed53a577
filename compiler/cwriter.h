/* cwriter.h: C text with its indentation. Templates look like what they print: a line that ends in "{" indents what follows,
 * one that begins with "}" ends the indentation, so emitters never count tabs. */
#ifndef CWRITER_H
#define CWRITER_H
#include "util.h"

typedef struct CWriter {
	Arena *arena;
	char *text;
	size_t length, capacity;
	int depth;
} CWriter;

CWriter *cwriter_new(Arena *arena);
/* One or several lines; each is indented and ended. */
void cw(CWriter *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cw_blank(CWriter *out);
/* A place between two lines, and a line put there afterwards; the place is then behind it. */
typedef struct CPlace {
	size_t at;
	int depth;
} CPlace;
CPlace cw_place(const CWriter *out);
void cw_before(CWriter *out, CPlace *place, const char *line);
/* text that another writer has made, as it stands */
void cw_text(CWriter *out, const char *text);
/* A comment block of one or more lines; what could end it early is made harmless. */
void cw_comment(CWriter *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* text as the inside of a C string literal: nothing in it can leave the literal */
const char *c_string(Arena *arena, const char *text);
/* text as a part of an identifier: letters, digits and _ */
const char *c_identifier(Arena *arena, const char *text);
/* the shortest literal that reads back as this number: a float's (single) or a double's; "INFINITY" and "NAN" included */
const char *c_number(Arena *arena, double value, bool single);

#endif
