/* data_encoding.c: in: bytes of a file and the encoding they are in (any that the system's iconv knows); out: UTF-8.
 * Invariant: no byte is guessed or left out: the first that does not fit is said with its line and place in the file. */
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include "data_text.h"
#include "message.h"

enum { LONGEST = 16 }; /* bytes that one character of any encoding takes at most, and a mark before it */

static int64_t count_lines(const char *text, size_t length)
{
	int64_t lines = 0;
	for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) lines++;
	return lines;
}

/* text: what came before the byte that does not fit. */
static void say_byte(const char *path, const char *encoding, int named, const uint8_t *bytes, size_t at, const char *text, size_t length)
{
	long long line = count_lines(text, length) + 1;
	if (errno == EINVAL)
		nn_error("%s:%lld: ends within a character of %s", path, line, encoding);
	else
		nn_error("%s:%lld: byte 0x%02x at offset %zu is not %s%s", path, line, bytes[at], at, encoding,
			 named ? "; encoding: names what the file is in (latin1, cp1252, utf-16, ..)" : "");
}

/* Converts all; grows the text as needed. 0, or 1 with errno. *used: bytes read. */
static int convert(iconv_t converter, const uint8_t *bytes, size_t size, size_t *used, char **text, size_t *length)
{
	char *in = (char *)(uintptr_t)bytes, *grown;
	size_t left = size, capacity = size + size / 8 + LONGEST, done = 0;
	*length = 0;
	while ((grown = realloc(*text, capacity + 1)) != NULL) {
		*text = grown;
		char *out = grown + *length;
		size_t room = capacity - *length;
		size_t failed = done ? iconv(converter, NULL, NULL, &out, &room) : iconv(converter, &in, &left, &out, &room);
		*length = (size_t)(out - grown);
		*used = size - left;
		if (failed == (size_t)-1 && errno != E2BIG) return 1;
		if (failed == (size_t)-1)
			capacity += capacity / 2 + LONGEST;
		else if (done++)
			return 0;
	}
	errno = ENOMEM;
	return 1;
}

int nn_decode(const char *path, const char *encoding, int named, const uint8_t *bytes, size_t size, char **text, size_t *length)
{
	iconv_t converter = iconv_open("UTF-8", encoding);
	*text = NULL;
	if (converter == (iconv_t)-1) {
		nn_error("%s: this system knows no encoding \"%s\"; iconv -l lists those it knows", path, encoding);
		return 1;
	}
	size_t used = 0;
	int failed = convert(converter, bytes, size, &used, text, length);
	if (failed && errno == ENOMEM) nn_error("%s: out of memory", path);
	else if (failed) say_byte(path, encoding, named, bytes, used, *text, *length);
	iconv_close(converter);
	if (failed) {
		free(*text);
		*text = NULL;
		return 1;
	}
	if (*length >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) memmove(*text, *text + 3, *length -= 3); /* a byte order mark */
	(*text)[*length] = 0;
	return 0;
}

int nn_read_text(const char *path, const char *encoding, char **text, size_t *length)
{
	uint8_t *bytes;
	char why[NN_WHY];
	*text = NULL;
	if (nn_slurp(path, 0, &bytes, length, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	int failed = 0;
	if (encoding != NULL) {
		failed = nn_decode(path, encoding, 1, bytes, *length, text, length);
		free(bytes);
	} else
		*text = (char *)bytes;
	return failed;
}
