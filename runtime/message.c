/* message.c: in: a message in printf's form; out: one line on standard error, written with one call so that threads don't mix.
 * Invariant: exactly one end of line, at the end. */
#include "message.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_LENGTH = 4096 };

static void say(const char *kind, const char *format, va_list arguments)
{
	char line[MESSAGE_LENGTH];
	int head = snprintf(line, sizeof line, "%s: ", kind);
	vsnprintf(line + head, sizeof line - (size_t)head - 1, format, arguments);
	size_t length = strlen(line);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c < 32 || c == 127) line[i] = '?';
	}
	line[length] = '\n';
	fwrite(line, 1, length + 1, stderr);
}

void nn_error(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say("error", format, arguments);
	va_end(arguments);
}

void nn_warning(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say("warning", format, arguments);
	va_end(arguments);
}

void nn_note(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	say("note", format, arguments);
	va_end(arguments);
}
