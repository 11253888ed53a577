/* scan_table.c: in: a csv file; out: its columns with their types, distinct and missing values, the label, and the section.
 * Invariant: a column is numeric if all of its values but missing ones are; the header is a row without numbers above them. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../../runtime/data_csv.h"
#include "../../runtime/data_text.h"
#include "scan_internal.h"

enum { FEW = 20, SHOWN = 60, LONG_TEXT = 16 }; /* distinct values that may be classes; columns printed; characters of a text */

typedef struct Column {
	const char *name;
	int64_t numbers, missing, distinct, whole;
	double low, high, sum, length;
} Column;

static const char *const absent[] = {"", "?", "NA", "N/A", "nan", "NaN", "null", "NULL", "None", "-"};

static int is_absent(const char *text)
{
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		if (strcmp(text, absent[i]) == 0) return 1;
	return 0;
}

static int is_number(const char *text, double *value)
{
	char *end;
	*value = strtod(text, &end);
	while (isspace((unsigned char)*end)) end++;
	return end != text && *end == 0 && isfinite(*value);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int64_t count_distinct(const Cells *cells, int64_t column, const char **room)
{
	int64_t distinct = 0;
	for (int64_t i = 0; i < cells->rows; i++) room[i] = nn_cell(cells, i, column);
	qsort(room, (size_t)cells->rows, sizeof *room, compare_texts);
	for (int64_t i = 0; i < cells->rows; i++) {
		if (is_absent(room[i])) continue;
		if (distinct == 0 || strcmp(room[distinct - 1], room[i]) != 0) room[distinct++] = room[i];
	}
	return distinct;
}

static Column look_at(const Cells *cells, int64_t number, const char **room)
{
	Column column = {.name = cells->header ? cells->header[number] : NULL, .low = INFINITY, .high = -INFINITY};
	for (int64_t i = 0; i < cells->rows; i++) {
		const char *text = nn_cell(cells, i, number);
		double value;
		column.length += (double)strlen(text);
		if (is_absent(text)) {
			column.missing++;
			continue;
		}
		if (!is_number(text, &value)) continue;
		column.numbers++;
		column.whole += value == floor(value);
		column.sum += value;
		column.low = fmin(column.low, value);
		column.high = fmax(column.high, value);
	}
	column.distinct = count_distinct(cells, number, room);
	column.length /= (double)cells->rows;
	return column;
}

static int is_numeric(const Column *column, int64_t rows)
{
	return column->numbers > 0 && column->numbers + column->missing == rows;
}

/* The column named so, or that is called like a label, or the last that is no text. */
static int64_t find_label(const ScanOptions *options, const Cells *cells, const Column *columns)
{
	static const char *const names[] = {"label", "class", "target", "y", "diagnosis", "outcome", "species"};
	for (int64_t i = 0; i < cells->columns && options->label; i++)
		if (cells->header && strcmp(cells->header[i], options->label) == 0) return i;
	if (options->label) {
		char *end;
		long long number = strtoll(options->label, &end, 10);
		if (number < 0) number += cells->columns;
		return *end == 0 && number >= 0 && number < cells->columns ? number : -1;
	}
	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		for (int64_t i = 0; i < cells->columns && cells->header; i++)
			if (strcasecmp(cells->header[i], names[n]) == 0) return i;
	int64_t last = cells->columns - 1, numeric = last;
	if (columns[last].distinct <= FEW || is_numeric(&columns[last], cells->rows)) return last;
	while (numeric >= 0 && !is_numeric(&columns[numeric], cells->rows)) numeric--; /* the last is a text */
	return numeric < 0 ? last : numeric;
}

static void print_name(nn_text *out, const Column *columns, int64_t column)
{
	if (columns[column].name) scan_word(out, columns[column].name);
	else nn_text_add(out, "%lld", (long long)column);
}

static void print_column(nn_text *out, const Column *columns, int64_t i, int64_t rows)
{
	const Column *c = &columns[i];
	nn_text_add(out, "# column ");
	print_name(out, columns, i);
	if (is_numeric(c, rows))
		nn_text_add(out, ": %s, %g to %g, mean %.4g", c->whole == c->numbers ? "whole numbers" : "numbers", c->low, c->high, c->sum / (double)c->numbers);
	else
		nn_text_add(out, ": text of %.0f characters on average", c->length);
	nn_text_add(out, ", %lld distinct", (long long)c->distinct);
	if (c->missing) nn_text_add(out, ", %lld missing", (long long)c->missing);
	nn_text_add(out, "\n");
}

/* How many rows each value of the label has. */
static void print_label(nn_text *out, const Cells *cells, const Column *columns, int64_t label)
{
	int64_t distinct = columns[label].distinct;
	const char **values = malloc(sizeof *values * (size_t)cells->rows);
	if (values == NULL || distinct > FEW) {
		free(values);
		return;
	}
	count_distinct(cells, label, values);
	nn_text_add(out, "# label ");
	print_name(out, columns, label);
	for (int64_t v = 0; v < distinct; v++) {
		int64_t count = 0;
		for (int64_t i = 0; i < cells->rows; i++) count += strcmp(nn_cell(cells, i, label), values[v]) == 0;
		nn_text_add(out, "%s \"%s\" %lld", v ? "," : ":", values[v], (long long)count);
	}
	nn_text_add(out, "\n");
	free(values);
}

/* The texts that stand for a missing value, but for the empty one, which always does. */
static void print_missing(nn_text *out, const Cells *cells)
{
	int found = 0;
	for (size_t a = 1; a < sizeof absent / sizeof *absent; a++) {
		int there = 0;
		for (int64_t i = 0; i < cells->rows * cells->columns && !there; i++) there = strcmp(cells->text + cells->at[i], absent[a]) == 0;
		if (there) nn_text_add(out, found++ ? ", \"%s\"" : ", missing: [\"%s\"", absent[a]);
	}
	if (found) nn_text_add(out, "]");
}

static void print_separator(nn_text *out, char separator)
{
	if (separator == '\t') nn_text_add(out, ", separator: \"\\t\"");
	else if (separator != ',') nn_text_add(out, ", separator: \"%c\"", separator);
}

/* The longest text column; -1: there is none. */
static int64_t find_text(const Cells *cells, const Column *columns, int64_t label)
{
	int64_t found = -1;
	for (int64_t i = 0; i < cells->columns; i++) {
		if (i == label || is_numeric(&columns[i], cells->rows) || columns[i].length < LONG_TEXT || columns[i].distinct <= FEW) continue;
		if (found < 0 || columns[i].distinct > columns[found].distinct) found = i;
	}
	return found;
}

/* Prose has blanks within; names and formulas have none. */
static int is_prose(const Cells *cells, int64_t column)
{
	int64_t with_blanks = 0;
	for (int64_t i = 0; i < cells->rows; i++) {
		const char *blank = strchr(nn_cell(cells, i, column), ' ');
		with_blanks += blank != NULL && strchr(blank + 1, ' ') != NULL;
	}
	return 2 * with_blanks > cells->rows;
}

/* The most tokens of a cell, and how many different ones there are; -1: out of memory. */
static int64_t measure_text(const Cells *cells, int64_t column, const Tokenizer *tokenizer, int64_t *longest)
{
	Words words = {0};
	int failed = 0;
	*longest = 1;
	for (int64_t i = 0; i < cells->rows && !failed; i++) {
		const char *at = nn_cell(cells, i, column), *end = at + strlen(at);
		int64_t count = 0;
		for (Token token; !failed && nn_next_token(tokenizer, &at, end, &token); count++)
			failed = nn_words_add(&words, tokenizer, &token) < 0;
		if (count > *longest) *longest = count;
	}
	int64_t distinct = failed ? -1 : words.count;
	nn_words_free(&words);
	return distinct;
}

/* An encoding other than UTF-8 of all that the cells hold; NULL: it is UTF-8. */
static const char *other_encoding(const Cells *cells)
{
	const char *why, *encoding;
	char *all = malloc(cells->size + 1);
	if (all == NULL) return NULL;
	for (size_t i = 0; i < cells->size; i++) all[i] = cells->text[i] ? cells->text[i] : '\n';
	encoding = scan_encoding((const uint8_t *)all, cells->size, &why);
	free(all);
	return strcmp(encoding, "utf-8") == 0 ? NULL : encoding;
}

static void print_text_section(const ScanOptions *options, nn_text *out, const Cells *cells, const Column *columns, int64_t label, int64_t text,
			       char separator)
{
	const char *encoding = options->encoding ? options->encoding : other_encoding(cells);
	int kind = scan_token_kind(options, is_prose(cells, text) ? NN_WORDS : NN_CHARACTERS);
	Tokenizer tokenizer = {(nn_token_kind)kind, kind == NN_WORDS ? NN_LOWER_AND_STRIP : NN_STANDARDIZE_NONE};
	if (encoding && kind == NN_CHARACTERS) tokenizer.kind = NN_BYTES; /* one a character, as a rule */
	int64_t longest, distinct = measure_text(cells, text, &tokenizer, &longest);
	nn_text_add(out, "data:\n  source: {type: text, column: ");
	print_name(out, columns, text);
	nn_text_add(out, ", label: ");
	print_name(out, columns, label);
	if (!cells->header) nn_text_add(out, ", header: false");
	print_separator(out, separator);
	if (encoding && kind != NN_BYTES) nn_text_add(out, ", encoding: %s", encoding);
	nn_text_add(out, ", tokens: %s, sequence_length: %lld", nn_token_kinds[kind], (long long)longest);
	if (kind != NN_BYTES) nn_text_add(out, ", vocabulary: %lld", (long long)distinct + NN_FIRST_TOKEN);
	nn_text_add(out, "}");
	if (kind != NN_BYTES)
		nn_text_add(out, " # without a label: vocabulary: %lld, as the end of a text is a token too", (long long)distinct + 1 + NN_FIRST_TOKEN);
	nn_text_add(out, "\n  train: {file: ");
	scan_word(out, options->paths[0]);
	nn_text_add(out, "}\n");
}

static void print_section(nn_text *out, const Cells *cells, const Column *columns, int64_t label, char separator, const char *path)
{
	int64_t features = 0, missing = 0, ignored = 0;
	for (int64_t i = 0; i < cells->columns; i++) {
		if (i == label) continue;
		features += is_numeric(&columns[i], cells->rows);
		if (is_numeric(&columns[i], cells->rows)) missing += columns[i].missing;
	}
	nn_text_add(out, "data: # %lld features: input: [%lld]\n  source: {type: csv, label: ", (long long)features, (long long)features);
	print_name(out, columns, label);
	if (!cells->header) nn_text_add(out, ", header: false");
	print_separator(out, separator);
	print_missing(out, cells);
	for (int64_t i = 0; i < cells->columns; i++) {
		if (i == label || is_numeric(&columns[i], cells->rows)) continue;
		nn_text_add(out, ignored++ ? ", " : ", ignore: [");
		print_name(out, columns, i);
	}
	nn_text_add(out, "%s%s, normalize: standard}\n  train: {file: ", ignored ? "]" : "", missing ? ", impute: median" : "");
	scan_word(out, path);
	nn_text_add(out, "}\n");
}

/* Windows of series: a quarter of the shortest, or two years of months, goes in. */
static void print_series(nn_text *out, const Cells *cells, const Column *columns, int64_t label, int64_t time, int64_t group, int64_t rows, char separator,
			 const char *path)
{
	int64_t length = rows / 4 < 24 ? rows / 4 : 24, features = 0, ignored = 0, missing = 0;
	for (int64_t i = 0; i < cells->columns; i++) {
		if (i == time || i == group || !is_numeric(&columns[i], cells->rows)) continue;
		features++;
		missing += columns[i].missing;
	}
	nn_text_add(out, "# rows are in the order of column ");
	print_name(out, columns, time);
	nn_text_add(out, group < 0 ? ": a series\n" : ": series, one for each value of column ");
	if (group >= 0) print_name(out, columns, group), nn_text_add(out, "\n");
	nn_text_add(out, "data: # windows: input: [%lld, %lld]\n  source: {type: csv, time: ", (long long)length, (long long)features);
	print_name(out, columns, time);
	if (group >= 0) nn_text_add(out, ", group: "), print_name(out, columns, group);
	nn_text_add(out, ", label: ");
	print_name(out, columns, label);
	nn_text_add(out, ", sequence_length: %lld, horizon: 1", (long long)length);
	if (!cells->header) nn_text_add(out, ", header: false");
	print_separator(out, separator);
	print_missing(out, cells);
	for (int64_t i = 0; i < cells->columns; i++) {
		if (i == time || i == group || is_numeric(&columns[i], cells->rows)) continue;
		nn_text_add(out, ignored++ ? ", " : ", ignore: [");
		print_name(out, columns, i);
	}
	nn_text_add(out, "%s%s, normalize: standard}\n  train: {file: ", ignored ? "]" : "", missing ? ", impute: median" : "");
	scan_word(out, path);
	nn_text_add(out, "}\n  split: {method: time, validation: 0.1, test: 0.2}\n");
}

/* Whether the first row names the columns: it holds no number, but a column below does. */
static int has_header(const Cells *cells)
{
	double value;
	int numbers_below = 0;
	for (int64_t i = 0; i < cells->columns; i++) {
		if (is_number(nn_cell(cells, 0, i), &value) || !*nn_cell(cells, 0, i)) return 0;
		for (int64_t row = 1; row < cells->rows && row < 50; row++) numbers_below |= is_number(nn_cell(cells, row, i), &value);
	}
	return cells->rows > 1 && numbers_below;
}

static int read_cells(const char *path, char separator, Cells *cells)
{
	if (nn_cells_read(path, separator, 0, cells)) return 1;
	if (!has_header(cells)) return 0;
	nn_cells_free(cells);
	return nn_cells_read(path, separator, 1, cells);
}

int scan_table(const ScanOptions *options, const char *path, char separator)
{
	Cells cells;
	nn_text out = {0};
	if (read_cells(path, separator, &cells)) return 1;
	Column *columns = calloc((size_t)cells.columns, sizeof *columns);
	const char **room = malloc(sizeof *room * (size_t)cells.rows);
	int failed = columns == NULL || room == NULL;
	for (int64_t i = 0; i < cells.columns && !failed; i++) columns[i] = look_at(&cells, i, room);
	int64_t label = failed ? -1 : find_label(options, &cells, columns);
	if (!failed && label < 0) {
		nn_error("%s: has no column \"%s\"", path, options->label);
		failed = 1;
	}
	if (!failed) {
		nn_text_add(&out, "# %s: %lld rows, %lld columns, %s header\n", path, (long long)cells.rows, (long long)cells.columns, cells.header ? "with a" : "without a");
		for (int64_t i = 0; i < cells.columns && i < SHOWN; i++) print_column(&out, columns, i, cells.rows);
		if (cells.columns > SHOWN) nn_text_add(&out, "# .. and %lld more\n", (long long)(cells.columns - SHOWN));
		print_label(&out, &cells, columns, label);
		int64_t text = find_text(&cells, columns, label);
		int64_t time, group, series = text < 0 && is_numeric(&columns[label], cells.rows) ? scan_find_series(&cells, label, &time, &group) : 0;
		if (series > 0) print_series(&out, &cells, columns, label, time, group, series, separator, path);
		else if (text >= 0) print_text_section(options, &out, &cells, columns, label, text, separator);
		else print_section(&out, &cells, columns, label, separator, path);
		int classes = columns[label].distinct <= FEW && (columns[label].numbers == 0 || columns[label].whole == columns[label].numbers);
		if (series == 0) nn_text_add(&out, "  split: {validation: 0.1, test: 0.2%s}\n", classes ? "" : ", stratify: false");
		failed = scan_print(&out);
	}
	free(columns);
	free(room);
	nn_cells_free(&cells);
	nn_text_free(&out);
	return failed;
}
