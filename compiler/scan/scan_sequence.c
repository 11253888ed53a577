/* scan_sequence.c: in: a file with one sequence a row; out: lengths, the label, the range of its numbers, and the section.
 * Invariant: it is one when its rows are numbers but for one end, and no table: of different lengths, or long without commas. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "../../runtime/data_sequence.h"
#include "scan_internal.h"

enum { LONG_ROW = 16, LOOKED_AT = 50, MOST_CLASSES = 20 };

static int is_number(const char *field, size_t length)
{
	char text[64], *end;
	if (length == 0 || length >= sizeof text) return 0;
	memcpy(text, field, length);
	text[length] = 0;
	strtod(text, &end);
	return *end == 0 && !isspace((unsigned char)*text);
}

/* Fields of a row; -1: what stands between its ends is not all numbers, or there are none at either. */
static int64_t look_at_row(const char *at, const char *end)
{
	const char *field;
	size_t length;
	int64_t fields = 0, texts = 0, last_text = 0;
	while (nn_sequence_field(&at, end, &fields, &field, &length))
		if (!is_number(field, length)) {
			texts++;
			last_text = fields;
		}
	return texts > 1 || (texts && last_text != 1 && last_text != fields) ? -1 : fields;
}

int scan_is_sequences(const char *text, size_t size)
{
	const char *at = text, *end = text + size;
	int64_t least = INT64_MAX, most = 0;
	if (memchr(text, 0, size)) return 0;
	for (int i = 0; at < end && i < LOOKED_AT; i++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)), *last = stop ? stop : end;
		if (!stop && i > 0) break; /* cut off by the look */
		while (!stop && last > at && !isspace((unsigned char)last[-1]) && last[-1] != ',') last--; /* a number that may be */
		while (last > at && isspace((unsigned char)last[-1])) last--;
		int64_t fields = last > at ? look_at_row(at, last) : 0;
		if (fields < 0) return 0;
		if (fields && fields < least) least = fields;
		if (fields > most) most = fields;
		at = stop ? stop + 1 : end;
	}
	const char *line = memchr(text, '\n', size), *comma = memchr(text, ',', line ? (size_t)(line - text) : size);
	return least < most ? most > 2 : most >= LONG_ROW && !comma;
}

/* Whether what stands at one end of each row may be a class: texts, or few different whole numbers. */
static int may_be_label(const SequenceRows *rows)
{
	char *names[MOST_CLASSES + 1];
	int count = 0, good = 1;
	for (int64_t i = 0; i < rows->count && good; i++) {
		char *name = nn_sequence_class(rows->rows[i].label), *end;
		double value = name ? strtod(name, &end) : 0;
		int known = 0;
		for (int k = 0; k < count && name; k++) known |= strcmp(names[k], name) == 0;
		good = name && (known || count < MOST_CLASSES) && (*end || value == floor(value));
		if (!known && good) names[count++] = name;
		else free(name);
	}
	good = good && 2 * (int64_t)count <= rows->count;
	while (count > 0) free(names[--count]);
	return good;
}

static int has_text_label(const SequenceRows *rows)
{
	for (int64_t i = 0; i < rows->count; i++)
		if (!is_number(rows->rows[i].label, strlen(rows->rows[i].label))) return 1;
	return 0;
}

static int has_fillers(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i + 3 <= size; i++)
		if (strncasecmp((const char *)bytes + i, "nan", 3) == 0) return 1;
	return 0;
}

static const char *const label_words[] = {[SEQUENCE_NO_LABEL] = "none", [SEQUENCE_FIRST] = "first", [SEQUENCE_LAST] = "last"};

/* Reads the file as --label says, or as its ends look. 0 or 1. */
static int read_rows(const ScanOptions *options, const char *path, const uint8_t *bytes, size_t size, const nn_texts *missing, SequenceRows *rows,
		     SequenceLabel *label)
{
	const char *head = (const char *)bytes, *stop = memchr(head, '\n', size), *field;
	size_t length = 0;
	int64_t fields = 0;
	for (*label = SEQUENCE_LAST; options->label && strcmp(label_words[*label], options->label) != 0; --*label)
		if (*label == SEQUENCE_NO_LABEL) {
			nn_error("--label %s: of a sequence it is first, last or none", options->label);
			return 1;
		}
	if (options->label) return nn_sequence_parse(path, bytes, size, *label, missing, rows);
	*label = SEQUENCE_FIRST;
	int text_last = 0;
	while (nn_sequence_field(&head, stop ? stop : (const char *)bytes + size, &fields, &field, &length)) text_last = !is_number(field, length);
	if (!text_last) {
		if (nn_sequence_parse(path, bytes, size, *label, missing, rows)) return 1;
		if (has_text_label(rows) || may_be_label(rows)) return 0;
		nn_sequence_free(rows);
	}
	*label = SEQUENCE_LAST;
	if (nn_sequence_parse(path, bytes, size, *label, missing, rows)) return 1;
	if (text_last || may_be_label(rows)) return 0;
	nn_sequence_free(rows);
	*label = SEQUENCE_NO_LABEL;
	return nn_sequence_parse(path, bytes, size, *label, missing, rows);
}

static int compare_texts(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* How many rows each class has; returns whether there are few. */
static int print_label(nn_text *out, const SequenceRows *rows)
{
	char **names = calloc((size_t)rows->count, sizeof *names);
	int failed = names == NULL, classes = 0;
	for (int64_t i = 0; i < rows->count && !failed; i++) failed = (names[i] = nn_sequence_class(rows->rows[i].label)) == NULL;
	if (!failed) qsort(names, (size_t)rows->count, sizeof *names, compare_texts);
	for (int64_t i = 0; i < rows->count && !failed; i++) classes += i == 0 || strcmp(names[i - 1], names[i]) != 0;
	for (int64_t i = 0, first = 0; i < rows->count && !failed && classes <= MOST_CLASSES; i++) {
		if (i + 1 < rows->count && strcmp(names[i], names[i + 1]) == 0) continue;
		nn_text_add(out, "%s\"%s\" %lld", first ? ", " : "# label: ", names[i], (long long)(i + 1 - first));
		first = i + 1;
		if (first == rows->count) nn_text_add(out, "\n");
	}
	for (int64_t i = 0; i < rows->count && names; i++) free(names[i]);
	free(names);
	out->failed |= failed;
	return classes <= MOST_CLASSES;
}

/* Range, mean and deviation of all numbers; returns whether every row has mean 0 and deviation 1 already. */
static int print_numbers(nn_text *out, const SequenceRows *rows)
{
	double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, count = (double)rows->value_count;
	int normal = 1;
	for (int64_t i = 0; i < rows->count; i++) {
		const SequenceRow *row = &rows->rows[i];
		double own = 0, own_squares = 0, n = (double)row->count;
		for (int64_t k = 0; k < row->count; k++) {
			double value = rows->values[row->from + k];
			low = fmin(low, value);
			high = fmax(high, value);
			own += value;
			own_squares += value * value;
		}
		sum += own;
		squares += own_squares;
		normal &= fabs(own / n) < 0.01 && fabs(sqrt(own_squares / n) - 1) < 0.05;
	}
	double mean = sum / count;
	nn_text_add(out, "# numbers from %g to %g, mean %.4g, deviation %.4g%s\n", low, high, mean, sqrt(fmax(squares / count - mean * mean, 0)),
		    normal ? "; every row has mean 0 and deviation 1 already" : "");
	return normal;
}

static void print_all(nn_text *out, const char *path, const SequenceRows *rows, SequenceLabel label, int fillers)
{
	double *lengths = malloc(sizeof *lengths * (size_t)rows->count);
	if (lengths == NULL) {
		out->failed = 1;
		return;
	}
	for (int64_t i = 0; i < rows->count; i++) lengths[i] = (double)rows->rows[i].count;
	double middle = scan_quantile(lengths, rows->count, 0.5), least = lengths[0], most = lengths[rows->count - 1];
	free(lengths);
	if (least == most) nn_text_add(out, "# %s: %lld sequences of %.0f numbers", path, (long long)rows->count, most);
	else nn_text_add(out, "# %s: %lld sequences of %.0f to %.0f numbers, median %.0f", path, (long long)rows->count, least, most, middle);
	nn_text_add(out, label ? ", the label %s\n" : ", no label\n", label_words[label]);
	int classes = label && print_label(out, rows), normal = print_numbers(out, rows);
	if (least < most)
		nn_text_add(out, "# of different lengths: inputs: {sequence: [%.0f, 1], length: []}, and LengthMasking()(sequence, length)\n", most);
	nn_text_add(out, "data: # input: [%.0f, 1]; of k numbers a step: variables: k\n  source: {type: sequence, label: %s%s%s}\n", most,
		    label_words[label], fillers ? ", missing: [NaN]" : "", normal ? "" : ", normalize: standard");
	nn_text_add(out, "  train: {file: ");
	scan_word(out, path);
	nn_text_add(out, "}\n  split: {validation: 0.2, test: 0.2%s}\n", classes ? "" : ", stratify: false");
}

int scan_sequences(const ScanOptions *options, const char *path)
{
	static const char *const nan[] = {"NaN"};
	uint8_t *bytes;
	size_t size;
	char why[NN_WHY];
	SequenceRows rows = {0};
	SequenceLabel label;
	nn_text out = {0};
	if (nn_slurp(path, 0, &bytes, &size, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	int fillers = has_fillers(bytes, size);
	const nn_texts missing = {nan, fillers};
	int failed = read_rows(options, path, bytes, size, &missing, &rows, &label);
	if (!failed) print_all(&out, path, &rows, label, fillers);
	if (!failed) failed = scan_print(&out);
	nn_text_free(&out);
	nn_sequence_free(&rows);
	free(bytes);
	return failed;
}
