/* data_columns.c: in: the head of a csv file and what the spec and the model say of columns; out: which columns are read, as
 * what; categories and the names of the features as the training data has them.
 * Invariant: with a header, features are found by the names that they had in training, whatever their order. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "data_table.h"
#include "message.h"
#include "model.h"

typedef struct Head { /* what is looked at */
	const nn_model *model;
	const nn_data_source *spec;
	const Place *place;
	const Cells *cells;
} Head;

int nn_is_missing(const nn_data_source *spec, const char *text)
{
	if (*text == 0 || strcasecmp(text, "nan") == 0) return 1;
	for (int i = 0; i < spec->missing.count; i++)
		if (strcmp(spec->missing.items[i], text) == 0) return 1;
	return 0;
}

/* A column by its name, or by its number from 0, negative from the end. COLUMN_NONE: there is no such. */
int64_t nn_find_column(const Cells *cells, const char *name)
{
	char *end;
	for (int64_t i = 0; i < cells->columns && cells->header != NULL; i++)
		if (strcmp(cells->header[i], name) == 0) return i;
	long long number = strtoll(name, &end, 10);
	if (*name == 0 || *end != 0) return COLUMN_NONE;
	if (number < 0) number += cells->columns;
	return number >= 0 && number < cells->columns ? number : COLUMN_NONE;
}

void nn_say_no_column(const char *path, const Cells *cells, const char *what, const char *name)
{
	char text[NN_WHY];
	if (cells->header != NULL)
		nn_error("%s: has no column \"%s\" (%s); its columns are %s", path, name, what,
			 nn_classes_text(cells->header, (int)cells->columns, text, sizeof text));
	else
		nn_error("%s: has no column \"%s\" (%s); it has %lld, numbered from 0, and no header", path, name, what,
			 (long long)cells->columns);
}

/* A column that must be there and must be one. COLUMN_NONE after an error. */
static int64_t need_column(const Head *head, const char *what, const char *name)
{
	int64_t at = nn_find_column(head->cells, name);
	if (at == COLUMN_NONE) nn_say_no_column(head->place->paths[0], head->cells, what, name);
	for (int64_t i = at + 1; at != COLUMN_NONE && head->cells->header != NULL && i < head->cells->columns; i++)
		if (strcmp(head->cells->header[i], name) == 0) {
			nn_error("%s: has two columns \"%s\" (%s)", head->place->paths[0], name, what);
			return COLUMN_NONE;
		}
	return at;
}

static int is_listed(const Cells *cells, const nn_texts *names, int64_t column)
{
	for (int i = 0; i < names->count; i++)
		if (nn_find_column(cells, names->items[i]) == column) return 1;
	return 0;
}

/* The categories of a column of the file; NULL: it holds numbers. */
static nn_names *categories_of(const Head *head, int64_t at)
{
	for (int i = 0; i < head->spec->category_count; i++)
		if (nn_find_column(head->cells, head->spec->categories[i].column) == at)
			return nn_names_of_column(head->place->store, head->model, head->place->source, head->spec->categories[i].column);
	return NULL;
}

/* The number of a column among those that are read, where it is added; -1 after an error. */
static int add_column(Table *table, const Head *head, int64_t at, int may_miss)
{
	char name[200];
	for (int i = 0; i < table->column_count; i++)
		if (table->columns[i].at == at) {
			table->columns[i].may_miss &= may_miss;
			return i;
		}
	if (head->cells->header != NULL)
		snprintf(name, sizeof name, "column \"%s\"", head->cells->header[at]);
	else
		snprintf(name, sizeof name, "column %lld", (long long)at);
	Column *column = &table->columns[table->column_count];
	*column = (Column){.at = at, .name = nn_copy_text(name, strlen(name)), .categories = categories_of(head, at), .may_miss = may_miss};
	return column->name == NULL ? -1 : table->column_count++;
}

/* A column that an output is compared with. */
static int is_truth(const Head *head, int field)
{
	return head->model->data.fields[field].column != NULL && nn_is_truth(head->model, field);
}

/* Columns that are fields by their names. Those of labels are not there when predicting. */
static int find_own(Table *table, const Head *head)
{
	for (int f = 0; f < head->model->data.field_count; f++) {
		const nn_data_field *field = &head->model->data.fields[f];
		table->own[f] = -1;
		if (field->source != head->place->source || field->column == NULL) continue;
		int windows = head->spec->horizon > 0, predicted = windows && is_truth(head, f);
		if (!windows && (is_truth(head, f) || (field->label && !head->place->labels))) continue;
		if (predicted && !head->place->labels && nn_find_column(head->cells, field->column) == COLUMN_NONE) continue;
		int64_t at = need_column(head, field->name, field->column);
		if (at == COLUMN_NONE || (table->own[f] = add_column(table, head, at, field->fitted != NULL)) < 0) return 1;
	}
	return 0;
}

static int add_label(Table *table, const Head *head, int field, const char *const *columns, int count)
{
	TableLabel *label = &table->labels[table->label_count++];
	*label = (TableLabel){.field = field, .at = malloc(sizeof *label->at * (size_t)count)};
	if (label->at == NULL) return 1;
	while (label->width < count)
		if ((label->at[label->width] = need_column(head, "label", columns[label->width])) == COLUMN_NONE) return 1;
		else label->width++;
	return 0;
}

/* Of windows: the columns that are predicted. Where there are none to compare with they are needed only to undo what was done
 * to them. */
static int find_targets(Table *table, const Head *head)
{
	const nn_texts *all = &head->spec->label;
	for (int i = 0; i < all->count; i++) {
		int needed = head->place->labels;
		for (int k = 0; k < head->spec->transform_count; k++) needed |= strcmp(head->spec->transforms[k].column, all->items[i]) == 0;
		int64_t at = needed ? need_column(head, "label", all->items[i]) : nn_find_column(head->cells, all->items[i]);
		if (needed && at == COLUMN_NONE) return 1;
		table->targets[i] = at == COLUMN_NONE ? -1 : add_column(table, head, at, 1);
		table->target_count++;
		if (at != COLUMN_NONE && table->targets[i] < 0) return 1;
	}
	return 0;
}

/* Columns of the spec's label: together, and those that outputs have by their names. Inputs for predict may come with or
 * without. */
static int find_labels(Table *table, const Head *head)
{
	const nn_texts *all = &head->spec->label;
	if (head->spec->horizon > 0) return find_targets(table, head);
	if (!head->place->labels || all->count == 0) return 0;
	for (int f = 0; f < head->model->data.field_count; f++) {
		const nn_data_field *field = &head->model->data.fields[f];
		if (field->source != head->place->source) continue;
		if (field->part == 1 && add_label(table, head, f, all->items, all->count)) return 1;
		if (field->part != 1 && is_truth(head, f) && add_label(table, head, f, &field->column, 1)) return 1;
	}
	return 0;
}

/* A column that the model takes as an input of its own. */
static int is_own(const Table *table, const Head *head, int64_t at)
{
	for (int f = 0; f < head->model->data.field_count; f++)
		if (table->own[f] >= 0 && !head->model->data.fields[f].label && table->columns[table->own[f]].at == at) return 1;
	return 0;
}

/* Rows for predict that hold nothing but features, where a label that is a number would mean another column. */
static int only_features(const Head *head, int64_t wanted)
{
	const nn_texts *label = &head->spec->label;
	for (int i = 0; i < head->spec->category_count; i++) {
		const nn_names *categories =
			nn_names_of_column(head->place->store, head->model, head->place->source, head->spec->categories[i].column);
		if (categories->count > 0) wanted -= categories->count - 1;
	}
	if (head->place->labels || head->spec->horizon > 0 || head->cells->columns != wanted) return 0;
	for (int i = 0; i < label->count && head->cells->header != NULL; i++)
		for (int64_t c = 0; c < head->cells->columns; c++)
			if (strcmp(head->cells->header[c], label->items[i]) == 0) return 0;
	return 1;
}

static int add_feature(Table *table, const Head *head, int64_t at)
{
	int column = add_column(table, head, at, 1);
	if (column >= 0) table->features[table->feature_count++] = column;
	return column < 0;
}

/* As they were called in training. */
static int find_known_features(Table *table, const Head *head, const nn_names *known)
{
	for (int i = 0; i < known->count; i++) {
		int64_t at = need_column(head, "a feature in training", known->items[i]);
		if (at == COLUMN_NONE || add_feature(table, head, at)) return 1;
	}
	return 0;
}

static int find_listed_features(Table *table, const Head *head)
{
	for (int i = 0; i < head->spec->features.count; i++) {
		int64_t at = need_column(head, "features", head->spec->features.items[i]);
		if (at == COLUMN_NONE || add_feature(table, head, at)) return 1;
	}
	return 0;
}

/* What is found by its name afterwards has a name of its own. */
static int shares_name(const Head *head, int64_t at)
{
	return head->cells->header != NULL && head->place->labels && need_column(head, "a feature", head->cells->header[at]) == COLUMN_NONE;
}

/* All columns that are nothing else; in training their names are kept. */
static int find_features(Table *table, const Head *head, int field)
{
	const Cells *cells = head->cells;
	const char *group = head->model->data.split_group;
	nn_names *known = &head->place->store->names[field];
	if (known->count > 0 && cells->header != NULL) return find_known_features(table, head, known);
	if (head->spec->features.count > 0) return find_listed_features(table, head);
	int all = only_features(head, (int64_t)head->model->data.fields[field].count);
	int64_t grouped = group != NULL ? nn_find_column(cells, group) : COLUMN_NONE;
	for (int64_t i = 0; i < cells->columns; i++) {
		int other = i == grouped || i == table->key_at || i == table->time_at || i == table->series_at ||
			    (head->spec->horizon == 0 && is_listed(cells, &head->spec->label, i)) ||
			    is_listed(cells, &head->spec->ignore, i) ||
			    is_own(table, head, i);
		if ((all || !other) && (shares_name(head, i) || add_feature(table, head, i))) return 1;
	}
	if (cells->header == NULL || !head->place->labels) return 0;
	const char **names = malloc(sizeof *names * (size_t)(table->feature_count + 1));
	for (int i = 0; i < table->feature_count && names != NULL; i++) names[i] = cells->header[table->columns[table->features[i]].at];
	int failed = names == NULL || nn_names_copy(known, names, table->feature_count);
	free(names);
	return failed;
}

static int allocate(Table *table, const Head *head)
{
	size_t columns = (size_t)head->cells->columns + 1, fields = (size_t)head->model->data.field_count + 1;
	table->columns = calloc(columns, sizeof *table->columns);
	table->features = malloc(sizeof *table->features * columns);
	table->own = malloc(sizeof *table->own * fields);
	table->fitted = calloc(fields, sizeof *table->fitted);
	table->labels = calloc(fields, sizeof *table->labels);
	table->targets = malloc(sizeof *table->targets * (size_t)(head->spec->label.count + 1));
	int failed = table->columns == NULL || table->features == NULL || table->own == NULL || table->fitted == NULL || table->labels == NULL;
	if (failed || table->targets == NULL) return 1;
	for (int f = 0; f < head->model->data.field_count; f++) table->fitted[f] = nn_fitted_find(head->model, f);
	return 0;
}

/* What the spec names must be there, at least in data that is trained with. */
static int check_names(const Head *head)
{
	const nn_data_source *spec = head->spec;
	for (int i = 0; i < spec->ignore.count && head->place->labels; i++)
		if (need_column(head, "ignore", spec->ignore.items[i]) == COLUMN_NONE) return 1;
	for (int i = 0; i < spec->category_count && head->place->labels; i++)
		if (need_column(head, "categories", spec->categories[i].column) == COLUMN_NONE) return 1;
	return 0;
}

int nn_table_columns(Table *table, const nn_model *model, const Place *place, const Cells *cells)
{
	const Head head = {model, &model->data.sources[place->source], place, cells};
	const char *group = model->data.split_group;
	int features = nn_field_of_part(model, place->source, 0);
	table->group_at = table->key_at = table->time_at = table->series_at = COLUMN_NONE;
	if (head.spec->horizon > 0) {
		if (head.spec->time != NULL && (table->time_at = need_column(&head, "time", head.spec->time)) == COLUMN_NONE) return 1;
		if (head.spec->group != NULL && (table->series_at = need_column(&head, "group", head.spec->group)) == COLUMN_NONE) return 1;
	} else if (group != NULL && place->labels && model->data.source_count > 1)
		table->group_at = nn_find_column(cells, group); /* or of another source */
	else if (group != NULL && place->labels && (table->group_at = need_column(&head, "group", group)) == COLUMN_NONE)
		return 1;
	if (head.spec->key != NULL && (table->key_at = need_column(&head, "key", head.spec->key)) == COLUMN_NONE) return 1;
	if (check_names(&head) || allocate(table, &head) || find_labels(table, &head) || find_own(table, &head)) return 1;
	return features >= 0 && find_features(table, &head, features);
}

/* Numbers of a row that a field takes. */
static int64_t numbers_of(const nn_data_field *field)
{
	return (int64_t)field->count / (field->steps ? field->steps : 1);
}

static int learn_column(const Column *column, const Head *head)
{
	const Cells *cells = head->cells;
	char **texts = malloc(sizeof *texts * (size_t)cells->rows);
	int64_t count = 0;
	for (int64_t row = 0; row < cells->rows && texts != NULL; row++) {
		const char *text = nn_cell(cells, row, column->at);
		if (!nn_is_missing(head->spec, text)) texts[count++] = (char *)(uintptr_t)text;
	}
	int failed = texts == NULL || nn_names_learn(column->categories, texts, count, 1);
	free(texts);
	if (failed) nn_error("%s: out of memory", head->place->paths[0]);
	if (failed || count > 0) return failed;
	nn_error("%s: %s has no value; name it under ignore:", head->place->paths[0], column->name);
	return 1;
}

/* "8 columns give 12 features (\"ward\" 5)" */
static void say_width(const Table *table, const Head *head, const nn_data_field *field)
{
	char shape[80], more[200] = "";
	size_t at = 0;
	for (int i = 0; i < table->feature_count; i++) {
		const Column *column = &table->columns[table->features[i]];
		if (column->categories != NULL && at < sizeof more - 80)
			at += (size_t)snprintf(more + at, sizeof more - at, ", %.60s gives %d", column->name, column->categories->count);
	}
	nn_error("%s: %d columns are features%s%s, but the model's input is %s; see label: and ignore:", head->place->paths[0],
		 table->feature_count, at ? " of as many numbers" : "", at ? more : "",
		 nn_shape_text(field->rank, field->shape, shape, sizeof shape));
}

int nn_table_learn(Table *table, const nn_model *model, const Place *place, const Cells *cells)
{
	const Head head = {model, &model->data.sources[place->source], place, cells};
	int width = 0, features = nn_field_of_part(model, place->source, 0);
	for (int i = 0; i < table->column_count; i++)
		if (table->columns[i].categories != NULL && table->columns[i].categories->count == 0 &&
		    learn_column(&table->columns[i], &head))
			return 1;
	for (int f = 0; f < model->data.field_count; f++) {
		const nn_data_field *field = &model->data.fields[f];
		const Column *column = table->own[f] >= 0 ? &table->columns[table->own[f]] : NULL;
		if (column != NULL && field->limit > 0 && nn_column_width(column) > field->limit) {
			nn_error("%s: %s has %d categories, but the model looks them up in a table of %lld rows: Embedding(%d, ..)",
				 place->paths[0], column->name, nn_column_width(column), (long long)field->limit, nn_column_width(column));
			return 1;
		}
		int64_t numbers = numbers_of(field);
		if (column == NULL || numbers == 1 || numbers == nn_column_width(column)) continue;
		nn_error("%s: %s has %d categories, but the model's input is [%lld]", place->paths[0], column->name,
			 nn_column_width(column), (long long)numbers);
		return 1;
	}
	for (int i = 0; i < table->feature_count; i++) width += nn_column_width(&table->columns[table->features[i]]);
	if (features < 0 || width == numbers_of(&model->data.fields[features])) return 0;
	say_width(table, &head, &model->data.fields[features]);
	return 1;
}
