/* data_csv.c: in: a csv file (RFC 4180 by libcsv: quotes, commas and line ends within quotes); out: its cells, with the line
 * each row begins in.
 * Invariant: all rows have the same number of cells. */
#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include "data_csv.h"
#include "message.h"

typedef struct Reader {
	const char *path;
	Cells *cells;
	int64_t line, row_line; /* of what is being parsed; where the open row began */
	int64_t row_columns; /* cells of the open row so far */
	int64_t cell_count, cell_capacity, row_capacity;
	int open; /* within a row */
	int want_header, failed;
} Reader;

static void fail(Reader *reader, const char *text)
{
	if (!reader->failed) nn_error("%s:%lld: %s", reader->path, (long long)reader->row_line, text);
	reader->failed = 1;
}

static int reserve_text(Cells *cells, size_t length)
{
	if (cells->size + length <= cells->capacity) return 0;
	size_t wanted = (cells->capacity + length) * 2;
	char *grown = realloc(cells->text, wanted);
	if (grown == NULL) return 1;
	cells->text = grown;
	cells->capacity = wanted;
	return 0;
}

static void on_cell(void *bytes, size_t length, void *context)
{
	Reader *reader = context;
	Cells *cells = reader->cells;
	if (reader->failed) return;
	if (reserve_text(cells, length + 1) ||
	    nn_reserve(&cells->at, reader->cell_count, &reader->cell_capacity, sizeof *cells->at)) {
		fail(reader, "out of memory");
		return;
	}
	cells->at[reader->cell_count++] = cells->size;
	memcpy(cells->text + cells->size, bytes ? bytes : "", length);
	cells->text[cells->size + length] = 0;
	cells->size += length + 1;
	reader->row_columns++;
}

/* The first row's cells become the names of the columns. */
static void take_header(Reader *reader)
{
	Cells *cells = reader->cells;
	cells->header = calloc((size_t)cells->columns, sizeof *cells->header);
	for (int64_t i = 0; i < cells->columns && cells->header != NULL; i++) {
		const char *name = cells->text + cells->at[i];
		cells->header[i] = nn_copy_text(name, strlen(name));
	}
	reader->cell_count = 0;
	cells->size = 0;
	reader->want_header = 0;
}

static void on_row(int end, void *context)
{
	Reader *reader = context;
	Cells *cells = reader->cells;
	(void)end;
	reader->open = 0;
	if (reader->failed) return;
	if (cells->columns == 0) cells->columns = reader->row_columns;
	if (reader->row_columns != cells->columns) {
		char text[80];
		snprintf(text, sizeof text, "%lld values, but %lld in the rows before", (long long)reader->row_columns,
			 (long long)cells->columns);
		fail(reader, text);
		return;
	}
	reader->row_columns = 0;
	if (reader->want_header) {
		take_header(reader);
		return;
	}
	if (nn_reserve(&cells->lines, cells->rows, &reader->row_capacity, sizeof *cells->lines)) {
		fail(reader, "out of memory");
		return;
	}
	cells->lines[cells->rows++] = reader->row_line;
}

/* With blanks as separator, several count as one and those around a line as none. Returns the new length. */
static size_t squeeze_blanks(uint8_t *line, size_t length)
{
	size_t out = 0;
	for (size_t i = 0; i < length; i++) {
		int blank = line[i] == ' ' || line[i] == '\t' || line[i] == '\r';
		if (!blank || (out > 0 && line[out - 1] != ' ')) line[out++] = blank ? ' ' : line[i];
		if (line[i] == '\n' && out >= 2 && line[out - 2] == ' ') line[--out - 1] = '\n';
	}
	if (out > 0 && line[out - 1] == ' ') out--;
	return out;
}

static int is_never_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int is_blank(const uint8_t *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n') return 0;
	return 1;
}

/* Line by line, so that a row's line is known. */
static void parse(Reader *reader, struct csv_parser *parser, uint8_t *bytes, size_t size, char separator)
{
	size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
	while (at < size && !reader->failed) {
		uint8_t *end = memchr(bytes + at, '\n', size - at);
		size_t length = end != NULL ? (size_t)(end - bytes) + 1 - at : size - at, kept = length;
		reader->line++;
		if (!reader->open) reader->row_line = reader->line;
		if (separator == ' ') kept = squeeze_blanks(bytes + at, length);
		if (!is_blank(bytes + at, kept)) reader->open = 1;
		if (csv_parse(parser, bytes + at, kept, on_cell, on_row, reader) != kept)
			fail(reader, "a quote in the middle of a value; double it, and put quotes around the value");
		at += length;
	}
	if (reader->failed || csv_fini(parser, on_cell, on_row, reader) == 0) return;
	fail(reader, "a quote that is opened here is never closed");
}

int nn_cells_parse(const char *path, uint8_t *bytes, size_t size, char separator, int header, Cells *cells)
{
	struct csv_parser parser;
	Reader reader = {.path = path, .cells = cells, .want_header = header};
	*cells = (Cells){0};
	if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		nn_error("%s: out of memory", path);
		return 1;
	}
	csv_set_delim(&parser, (unsigned char)separator);
	if (separator == ' ' || separator == '\t') csv_set_space_func(&parser, is_never_space);
	if (memchr(bytes, 0, size) != NULL) {
		reader.failed = 1;
		nn_error("%s: holds zero bytes, so it is no csv file", path);
	}
	parse(&reader, &parser, bytes, size, separator);
	csv_free(&parser);
	if (!reader.failed && cells->rows == 0) {
		nn_error("%s: no rows in it", path);
		reader.failed = 1;
	}
	if (reader.failed) nn_cells_free(cells);
	return reader.failed;
}

int nn_cells_read(const char *path, char separator, int header, Cells *cells)
{
	uint8_t *bytes;
	size_t size;
	char why[NN_WHY];
	*cells = (Cells){0};
	if (nn_slurp(path, 0, &bytes, &size, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	int failed = nn_cells_parse(path, bytes, size, separator, header, cells);
	free(bytes);
	return failed;
}

void nn_cells_free(Cells *cells)
{
	for (int64_t i = 0; i < cells->columns && cells->header != NULL; i++) free(cells->header[i]);
	free(cells->header);
	free(cells->text);
	free(cells->at);
	free(cells->lines);
	*cells = (Cells){0};
}
