/* data_text_table.c: in: a csv file with a column of texts and one of labels; out: samples of a source of text.
 * Invariant: a label that is no number where one is wanted is named with its line. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_csv.h"
#include "data_text_source.h"
#include "message.h"

typedef struct Roles {
	int64_t text, label, group, key; /* columns; -1: not wanted, or not there */
	int classed;
} Roles;

static int find_roles(const Texts *texts, const char *path, const Cells *cells, int split, int labels, Roles *roles)
{
	const nn_data_source *spec = texts->spec;
	roles->text = nn_find_column(cells, spec->column);
	const char *label = spec->label.count ? spec->label.items[0] : "";
	roles->label = spec->label.count ? nn_find_column(cells, label) : -1;
	if (roles->text < 0) nn_say_no_column(path, cells, "column", spec->column);
	if (labels && roles->label < 0) nn_say_no_column(path, cells, "label", label);
	roles->group = split && texts->group ? nn_find_column(cells, texts->group) : -1;
	roles->key = texts->key ? nn_find_column(cells, texts->key) : -1;
	int no_group = split && texts->group && roles->group < 0 && !texts->joined, no_key = texts->key && roles->key < 0;
	if (no_group) nn_say_no_column(path, cells, "group", texts->group);
	if (no_key) nn_say_no_column(path, cells, "key", texts->key);
	return roles->text < 0 || (labels && roles->label < 0) || no_group || no_key;
}

/* A cell of the row that a sample is of. */
static int take_cell(char **to, const Cells *cells, int64_t row, int64_t column)
{
	const char *text = column < 0 ? NULL : nn_cell(cells, row, column);
	return text != NULL && (*to = nn_copy_text(text, strlen(text))) == NULL;
}

/* One row, unless its label is missing. 0, or 1 after an error. */
static int add_row(Texts *texts, const char *path, const Cells *cells, int64_t row, const Roles *roles, int64_t *unlabelled)
{
	const char *text = nn_cell(cells, row, roles->text), *label = roles->label < 0 ? NULL : nn_cell(cells, row, roles->label);
	double target = 0;
	int64_t before = texts->sample_count;
	if (label != NULL && nn_is_missing(texts->spec, label)) {
		if ((*unlabelled)++ == 0) nn_warning("%s:%lld: a row without a label is left out", path, (long long)cells->lines[row]);
		return 0;
	}
	if (label != NULL && !roles->classed && nn_parse_number(label, &target)) {
		nn_error("%s:%lld: the label \"%s\" is no number; if it means a missing value, name it under missing:", path,
			 (long long)cells->lines[row], label);
		return 1;
	}
	int failed = nn_text_add_sample(texts, text, text + strlen(text), cells->lines[row], roles->classed ? label : NULL, target);
	for (int64_t i = before; i < texts->sample_count && !failed; i++) {
		Sample *sample = &texts->samples[i];
		failed = take_cell(&sample->group, cells, row, roles->group) || take_cell(&sample->key, cells, row, roles->key);
	}
	if (!failed) return 0;
	nn_error("%s: out of memory", path);
	return 1;
}

int nn_text_add_table(Texts *texts, const char *path, int split, int labels, int classed)
{
	const nn_data_source *spec = texts->spec;
	char separator = spec->separator != NULL && spec->separator[0] ? spec->separator[0] : ',', *text;
	Cells cells;
	size_t length;
	int64_t unlabelled = 0;
	Roles roles = {.classed = classed};
	if (nn_text_begin_file(texts, path) || nn_read_text(path, texts->encoding, &text, &length)) return 1;
	int failed = nn_cells_parse(path, (uint8_t *)text, length, separator, spec->header, &cells);
	free(text);
	if (failed) return 1;
	failed = find_roles(texts, path, &cells, split, labels, &roles);
	if (!labels) roles.label = -1;
	for (int64_t row = 0; row < cells.rows && !failed; row++) failed = add_row(texts, path, &cells, row, &roles, &unlabelled);
	nn_cells_free(&cells);
	if (unlabelled > 1) nn_warning("%s: %lld rows have no label and are left out", path, (long long)unlabelled);
	return failed;
}
