/* Input: pieces of text, numbers, names from specs and files. Output: one text, escaped for where it goes.
 * Invariant: data[length] is 0 whenever data is not NULL. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

static int reserve(nn_text *text, size_t more) {
	if (text->failed) return 0;
	if (more < SIZE_MAX / 4 && text->length + more + 1 <= text->capacity) return 1;
	size_t capacity = text->capacity ? text->capacity : 256;
	while (capacity < text->length + more + 1 && capacity < SIZE_MAX / 4) capacity *= 2;
	char *data = capacity < SIZE_MAX / 4 ? realloc(text->data, capacity) : NULL;
	if (!data) return text->failed = 1, 0;
	text->data = data, text->capacity = capacity;
	return 1;
}

void nn_text_bytes(nn_text *text, const char *bytes, size_t size) {
	if (!reserve(text, size)) return;
	if (size) memcpy(text->data + text->length, bytes, size);
	text->length += size;
	text->data[text->length] = 0;
}

void nn_text_add(nn_text *text, const char *format, ...) {
	va_list list, again;
	va_start(list, format);
	va_copy(again, list);
	int size = vsnprintf(NULL, 0, format, list);
	if (size >= 0 && reserve(text, (size_t)size)) {
		vsnprintf(text->data + text->length, (size_t)size + 1, format, again);
		text->length += (size_t)size;
	}
	va_end(again);
	va_end(list);
}

void nn_text_number(nn_text *text, double number, int number_size) {
	char digits[40];
	if (isnan(number)) {
		nn_text_add(text, "nan");
		return;
	}
	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof digits, "%.*g", precision, number);
		double back = number_size == 4 ? (double)strtof(digits, NULL) : strtod(digits, NULL);
		if (back == number) break;
	}
	nn_text_add(text, "%s", digits);
}

void nn_text_json_number(nn_text *text, double number) {
	if (isfinite(number))
		nn_text_number(text, number, 8);
	else
		nn_text_add(text, "null");
}

size_t nn_utf8_character(const char *string) {
	const unsigned char *s = (const unsigned char *)string;
	size_t size = s[0] < 0x80                   ? 1
	              : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	              : (s[0] & 0xf0) == 0xe0       ? 3
	              : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
	                                            : 0;
	for (size_t i = 1; i < size; i++)
		if ((s[i] & 0xc0) != 0x80) return 0;
	if (size == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f))) return 0;
	if (size == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))) return 0;
	return size;
}

size_t nn_utf8_length(const char *string) {
	size_t length = 0;
	while (*string) {
		size_t size = nn_utf8_character(string);
		string += size ? size : 1, length++;
	}
	return length;
}

/* Adds the string with each character that `escape` knows replaced; what is no UTF-8 becomes U+FFFD. */
static void add_escaped(nn_text *text, const char *string, const char *(*escape)(unsigned char c, char buffer[8])) {
	char buffer[8];
	while (*string) {
		size_t size = nn_utf8_character(string);
		const char *replaced = size == 1 ? escape((unsigned char)*string, buffer) : NULL;
		if (replaced)
			nn_text_add(text, "%s", replaced);
		else if (size)
			nn_text_bytes(text, string, size);
		else
			nn_text_add(text, "\xef\xbf\xbd");
		string += size ? size : 1;
	}
}

static const char *escape_json(unsigned char c, char buffer[8]) {
	if (c == '"') return "\\\"";
	if (c == '\\') return "\\\\";
	if (c == '\n') return "\\n";
	if (c == '\t') return "\\t";
	if (c >= 0x20 && c != 0x7f) return NULL;
	snprintf(buffer, 8, "\\u%04x", c);
	return buffer;
}

static const char *escape_html(unsigned char c, char buffer[8]) {
	(void)buffer;
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? "?" : NULL;
	}
}

void nn_text_json_string(nn_text *text, const char *string) {
	nn_text_add(text, "\"");
	add_escaped(text, string, escape_json);
	nn_text_add(text, "\"");
}

void nn_text_html(nn_text *text, const char *string) { add_escaped(text, string, escape_html); }

void nn_text_csv(nn_text *text, const char *string) {
	if (!strpbrk(string, ",\"\r\n")) {
		nn_text_add(text, "%s", string);
		return;
	}
	nn_text_add(text, "\"");
	for (; *string; string++) nn_text_add(text, *string == '"' ? "\"\"" : "%c", *string);
	nn_text_add(text, "\"");
}

void nn_text_free(nn_text *text) {
	free(text->data);
	*text = (nn_text){0};
}
