/* diag.c: the user's mistakes -> text. Input: a place, a message, a help; output: lines on context->messages.
 * Invariant: nothing of a source reaches the terminal but printable text, and each message is said once. */
#include <string.h>
#include "diag.h"

enum { SHOWN = 160, BEFORE = 80, INNER = 3, OUTER = 3, LONGEST = 500 }; /* bytes of a long line; calls of a deep trail */

/* The line of a place, without its line break and byte order mark; NULL when the source has no such line. */
static const char *line_of(Place place, int *length)
{
	const Source *source = place.source;
	if (!source->text || place.line < 0) return NULL;
	const char *from = source->text, *end = source->text + source->size;
	if (source->size >= 3 && memcmp(from, "\xEF\xBB\xBF", 3) == 0) from += 3;
	for (int line = 0; line < place.line; line++) {
		const char *stop = memchr(from, '\n', (size_t)(end - from));
		if (!stop) return NULL;
		from = stop + 1;
	}
	const char *stop = memchr(from, '\n', (size_t)(end - from));
	if (!stop) stop = end;
	if (stop > from && stop[-1] == '\r') stop--;
	*length = (int)(stop - from);
	return from;
}

static bool continues(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

/* Bytes of the printable character at text, 0 where there is none. */
static int printable(const char *text, int left)
{
	unsigned char c = (unsigned char)*text;
	if (c < 0x80) return (c >= 32 && c != 127) || c == '\t';
	int size = c >= 0xF0 && c < 0xF8 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 0;
	if (!size || size > left || c >= 0xF8 || (c == 0xC2 && (unsigned char)text[1] < 0xA0)) return 0;
	for (int i = 1; i < size; i++)
		if (!continues(text[i])) return 0;
	return size;
}

/* The column that people count: characters, from 1. */
static int shown_column(Place place)
{
	int length = 0, column = 1;
	const char *line = line_of(place, &length);
	if (!line) return place.column + 1;
	for (int i = 0; i < place.column; i++) column += i >= length || !continues(line[i]);
	return column;
}

static void print_place(FILE *out, Place place)
{
	fprintf(out, "%s:%d:%d", place.source->name, place.line + 1, shown_column(place));
}

/* Printable text; of a long one the beginning. */
static void print_text(FILE *out, const char *text, int length)
{
	bool cut = length > LONGEST;
	if (cut) length = LONGEST;
	for (int i = 0, size; i < length; i += size ? size : 1) {
		size = printable(text + i, length - i);
		if (size) fwrite(text + i, 1, (size_t)size, out);
		else putc('?', out);
	}
	if (cut) fputs("...", out);
}

/* The source line, and under it a caret with a tail; of a long line the part around the caret. */
static void print_line(FILE *out, Place place)
{
	int length = 0;
	const char *line = line_of(place, &length);
	if (!line) return;
	int column = place.column < length ? place.column : length, from = 0, to = length;
	if (length > SHOWN && column > BEFORE) from = column - BEFORE;
	while (from > 0 && continues(line[from])) from--;
	if (to - from > SHOWN) to = from + SHOWN;
	while (to < length && continues(line[to])) to--;
	fprintf(out, "%5d | %s", place.line + 1, from ? "..." : "");
	print_text(out, line + from, to - from);
	fprintf(out, "%s\n      | %s", to < length ? "..." : "", from ? "   " : "");
	for (int i = from; i < column; i++)
		if (!continues(line[i])) putc(line[i] == '\t' ? '\t' : ' ', out);
	putc('^', out);
	for (int i = column + 1; i < column + place.length && i < to; i++)
		if (!continues(line[i])) putc('~', out);
	putc('\n', out);
}

static bool by_user(Place place) { return place.source && !place.source->library; }

/* Calls from `call` outwards; in the middle of a deep trail only their number. */
static void print_calls(FILE *out, const Trail *call)
{
	int count = 0, skipped;
	for (const Trail *t = call; t; t = t->outer) count += t->place.source != NULL;
	skipped = count - INNER - OUTER;
	int i = 0;
	for (const Trail *t = call; t; t = t->outer) {
		if (!t->place.source) continue;
		if (skipped > 1 && i == INNER) fprintf(out, "   in %d more calls\n", skipped);
		if (skipped <= 1 || i < INNER || i >= INNER + skipped) {
			fprintf(out, "   in %s, called at ", t->name);
			print_place(out, t->place);
			putc('\n', out);
		}
		i++;
	}
}

/* The library's places between the mistake and the user's own text: `   note: in Conv2D, at prelude/layers.yaml:9:3`. */
static void print_notes(FILE *out, Place place, const Trail *trail, const Trail *user)
{
	Place inside = place;
	for (const Trail *t = trail; t; inside = t->place, t = t->outer) {
		if (inside.source) {
			fprintf(out, "   note: in %s, at ", t->name);
			print_place(out, inside);
			putc('\n', out);
		}
		if (t == user) break;
	}
}

/* The files through which a file came in, innermost first. */
static void print_includes(FILE *out, const Source *source)
{
	for (int i = 0; source->included && i < INNER + OUTER; i++, source = source->included->source) {
		fputs("   included at ", out);
		print_place(out, *source->included);
		putc('\n', out);
	}
}

/* The call in the user's own text, where the mistake shows in the library; NULL: it is at `place` itself. */
static const Trail *user_call(const Context *context, Place place)
{
	const Trail *call = by_user(place) ? NULL : context->trail;
	while (call && !by_user(call->place)) call = call->outer;
	return call;
}

/* Of the mistakes that a call makes inside the library the first is told: the others follow from it. */
static bool said_before(Context *context, const char *kind, Place place, const char *message)
{
	const Trail *call = user_call(context, place);
	if (call) place = call->place;
	int numbers[] = {place.line, place.column};
	uint64_t hash = hash_bytes(call ? "" : message, call ? 0 : strlen(message), hash_bytes(kind, strlen(kind), 0));
	if (place.source) hash = hash_bytes(place.source->name, strlen(place.source->name), hash);
	hash = hash_bytes(numbers, sizeof numbers, hash);
	for (int i = 0; i < context->seen_count; i++)
		if (context->seen[i] == hash) return true;
	context->seen =
		arena_grow(context->arena, context->seen, context->seen_count, &context->seen_capacity, sizeof hash);
	context->seen[context->seen_count++] = hash;
	return false;
}

static void report(Context *context, const char *kind, Place place, const char *help, const char *message)
{
	FILE *out = context->messages;
	const Trail *user = user_call(context, place);
	Place shown = user ? user->place : place;
	const char *(*hint)(void *) = context->hint;
	context->hint = NULL;
	const char *better = hint && *kind == 'e' ? hint(context->hint_user) : NULL;
	context->hint = hint;
	if (better) help = better;
	if (shown.source) {
		print_place(out, shown);
		fprintf(out, ": %s: ", kind);
		print_text(out, message, (int)strlen(message));
		putc('\n', out);
		print_line(out, shown);
	} else {
		fprintf(out, "nnc: %s: %s\n", kind, message);
	}
	if (user) print_notes(out, place, context->trail, user);
	if (shown.source) print_calls(out, user ? user->outer : context->trail);
	if (shown.source) print_includes(out, shown.source);
	if (!help) return;
	fputs("   help: ", out);
	print_text(out, help, (int)strlen(help));
	putc('\n', out);
}

/* Counts the message and says whether it is to be printed. */
static bool take(Context *context, const char *kind, Place place, const char *message, int *count)
{
	if (context->silent) {
		context->silenced++;
		return false;
	}
	if (*count >= DIAG_LIMIT) {
		if ((*count)++ == DIAG_LIMIT)
			fprintf(context->messages, "nnc: more than %d %ss; the others are only counted\n", DIAG_LIMIT,
				kind);
		return false;
	}
	if (said_before(context, kind, place, message)) return false;
	++*count;
	return true;
}

void diag_error(Context *context, Place place, const char *help, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	const char *message = arena_vformat(context->arena, format, list);
	va_end(list);
	if (take(context, "error", place, message, &context->errors)) report(context, "error", place, help, message);
}

void diag_warning(Context *context, Place place, const char *help, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	const char *message = arena_vformat(context->arena, format, list);
	va_end(list);
	if (take(context, "warning", place, message, &context->warnings)) report(context, "warning", place, help, message);
}
