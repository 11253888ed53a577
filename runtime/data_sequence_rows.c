/* data_sequence_rows.c: in: the bytes of a file with one sequence a row; out: the numbers and the label of each row.
 * Invariant: every text that is no number is named with its line and its place in the row; nothing is skipped but blank lines. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include "data_csv.h"
#include "data_sequence.h"
#include "message.h"

enum { NUMBER = 400, SHOWN = 40 }; /* characters of a number at most; of a text in a message */

typedef struct Reader {
	const char *path;
	SequenceLabel label;
	const nn_texts *missing;
	SequenceRows *rows;
	int64_t line, filled; /* filled: fields at the end of the open row that stand for nothing */
} Reader;

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

int nn_sequence_field(const char **at, const char *end, int64_t *fields, const char **field, size_t *length)
{
	int commas = 0, tabs = 0;
	const char *from = *at;
	for (; from < end && (is_blank(*from) || *from == ','); from++) {
		commas += *from == ',';
		tabs += *from == '\t';
	}
	int over = from == end, empty = *fields == 0 ? commas > 0 : commas > 1 || (commas == 0 && tabs > 1);
	if (over && commas == 0) return 0;
	++*fields;
	*field = *at = from;
	*length = 0;
	if (empty || over) return 1;
	const char *close = *from == '"' ? memchr(from + 1, '"', (size_t)(end - from - 1)) : NULL, *to = from;
	if (close != NULL) {
		*field = from + 1;
		*length = (size_t)(close - from - 1);
		*at = close + 1;
		return 1;
	}
	while (to < end && !is_blank(*to) && *to != ',') to++;
	*length = (size_t)(to - from);
	*at = to;
	return 1;
}

static int is_filler(const Reader *reader, const char *field, size_t length)
{
	for (int i = 0; i < reader->missing->count; i++)
		if (strlen(reader->missing->items[i]) == length && strncasecmp(reader->missing->items[i], field, length) == 0) return 1;
	return 0;
}

static int out_of_memory(const Reader *reader)
{
	nn_error("%s:%lld: out of memory", reader->path, (long long)reader->line);
	return 1;
}

static int say_no_number(const Reader *reader, const char *field, size_t length, int64_t place)
{
	int shown = length > SHOWN ? SHOWN : (int)length;
	const char *help = "";
	double value = 0;
	char text[NUMBER] = "";
	if (length < NUMBER) memcpy(text, field, length);
	char *end = text;
	if (length < NUMBER) value = strtod(text, &end);
	int number = end != text && *end == 0;
	if (number && isnan(value)) help = "; if it fills rows up behind their end, name it under missing:";
	if (length == 0) nn_error("%s:%lld: value %lld is empty", reader->path, (long long)reader->line, (long long)place);
	else if (number && isfinite(value))
		nn_error("%s:%lld: value %lld, \"%.*s\", is too large for a float, which ends at 3.4e38", reader->path, (long long)reader->line,
			 (long long)place, shown, field);
	else
		nn_error("%s:%lld: value %lld, \"%.*s\", is no number%s", reader->path, (long long)reader->line, (long long)place, shown, field, help);
	return 1;
}

/* place: of the field in its row, from 1 */
static int add_value(Reader *reader, SequenceRow *row, const char *field, size_t length, int64_t place)
{
	SequenceRows *rows = reader->rows;
	char text[NUMBER];
	double value;
	if (is_filler(reader, field, length)) return reader->filled++, 0;
	memcpy(text, field, length < NUMBER ? length : 0);
	text[length < NUMBER ? length : 0] = 0;
	if (nn_parse_number(text, &value)) return say_no_number(reader, field, length, place);
	if (reader->filled > 0) {
		nn_error("%s:%lld: a value is missing within the row, before value %lld; missing: is for what stands behind the end", reader->path,
			 (long long)reader->line, (long long)place);
		return 1;
	}
	if (nn_reserve(&rows->values, rows->value_count, &rows->value_capacity, sizeof *rows->values)) return out_of_memory(reader);
	rows->values[rows->value_count++] = value;
	row->count++;
	return 0;
}

static int take_label(Reader *reader, SequenceRow *row, const char *field, size_t length)
{
	if (length == 0) {
		nn_error("%s:%lld: the label is empty", reader->path, (long long)reader->line);
		return 1;
	}
	row->label = nn_copy_text(field, length);
	return row->label == NULL ? out_of_memory(reader) : 0;
}

static int parse_row(Reader *reader, const char *at, const char *end)
{
	SequenceRows *rows = reader->rows;
	if (nn_reserve(&rows->rows, rows->count, &rows->capacity, sizeof *rows->rows)) return out_of_memory(reader);
	SequenceRow *row = &rows->rows[rows->count++];
	*row = (SequenceRow){.from = rows->value_count, .line = reader->line,
			     .hash = (uint32_t)crc32(0, (const Bytef *)at, (uInt)(end - at))};
	const char *field, *held = NULL;
	size_t length, held_length = 0;
	int64_t fields = 0;
	int failed = 0;
	reader->filled = 0;
	while (!failed && nn_sequence_field(&at, end, &fields, &field, &length)) {
		if (reader->label == SEQUENCE_FIRST && fields == 1) failed = take_label(reader, row, field, length);
		else if (reader->label != SEQUENCE_LAST) failed = add_value(reader, row, field, length, fields);
		else if (held != NULL) failed = add_value(reader, row, held, held_length, fields - 1);
		held = field;
		held_length = length;
	}
	if (!failed && reader->label == SEQUENCE_LAST) failed = take_label(reader, row, held, held_length);
	if (failed || row->count > 0) return failed;
	nn_error("%s:%lld: the row holds no values%s", reader->path, (long long)reader->line, row->label ? " beside its label" : "");
	return 1;
}

int nn_sequence_parse(const char *path, const uint8_t *bytes, size_t size, SequenceLabel label, const nn_texts *missing, SequenceRows *rows)
{
	Reader reader = {.path = path, .label = label, .missing = missing, .rows = rows};
	const char *at = (const char *)bytes, *end = at + size;
	*rows = (SequenceRows){0};
	if (memchr(bytes, 0, size) != NULL) {
		nn_error("%s: holds zero bytes, so it is no text", path);
		return 1;
	}
	if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) at += 3; /* a byte order mark */
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *last = stop ? stop : end;
		reader.line++;
		while (last > at && is_blank(last[-1])) last--;
		if (last > at && parse_row(&reader, at, last)) return 1;
		at = stop ? stop + 1 : end;
	}
	if (rows->count > 0) return 0;
	nn_error("%s: no rows in it", path);
	return 1;
}

void nn_sequence_free(SequenceRows *rows)
{
	for (int64_t i = 0; i < rows->count; i++) free(rows->rows[i].label);
	free(rows->rows);
	free(rows->values);
	*rows = (SequenceRows){0};
}
