/* text.h: a text that grows: what reports, JSON, CSV and predictions are written into before they go to a file in one
 * piece. */
#ifndef NN_TEXT_H
#define NN_TEXT_H
#include <stddef.h>
#include "message.h"

typedef struct nn_text { /* {0} is an empty text */
	char *data;      /* ends with 0; NULL as long as nothing was added */
	size_t length, capacity;
	int failed; /* memory ran out; what is added afterwards is dropped */
} nn_text;

void nn_text_add(nn_text *text, const char *format, ...) NN_PRINTF(2, 3);
void nn_text_bytes(nn_text *text, const char *bytes, size_t size);
/* The shortest decimal that reads back as the same double (number_size 8) or float (4); "nan", "inf", "-inf". */
void nn_text_number(nn_text *text, double number, int number_size);
/* The same for JSON, where what is not finite is null. */
void nn_text_json_number(nn_text *text, double number);
void nn_text_json_string(nn_text *text, const char *string);
/* < > & " ' become entities, control characters '?', bytes that are no UTF-8 U+FFFD: safe in elements and attributes.
 */
void nn_text_html(nn_text *text, const char *string);
/* One field of a CSV line, quoted where it must be. */
void nn_text_csv(nn_text *text, const char *string);
void nn_text_free(nn_text *text);

/* Characters (code points) of a UTF-8 string. */
size_t nn_utf8_length(const char *string);
/* Bytes of the first character of a string, 1 to 4; 0 where it is no UTF-8. */
size_t nn_utf8_character(const char *string);

#endif
