/* data_windows.c: in: series; out: a Source whose samples are windows of them, and their way back from
 * the model's numbers to values of the series.
 * Invariant: no window has rows of two series; what a window predicts lies behind all that it reads. */
#include "data_windows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "message.h"
#include "model.h"

static const Table *table_of(const Windows *windows) { return windows->table->own; }

const Windows *nn_windows_of(const Source *source)
{
	return source->spec->horizon > 0 && source->model->data.source_count == 1 ? source->own : NULL;
}

/* --- numbers -------------------------------------------------------------------------------------------- */

/* The columns of each field. */
static int find_parts(Windows *windows)
{
	const nn_model *model = windows->model;
	const Table *table = table_of(windows);
	windows->parts = calloc((size_t)model->data.field_count + 1, sizeof *windows->parts);
	for (int f = 0; f < model->data.field_count && windows->parts != NULL; f++) {
		const nn_data_field *field = &model->data.fields[f];
		Part *part = &windows->parts[f];
		char name[512];
		snprintf(name, sizeof name, "%s/naive", field->fitted ? field->fitted : "");
		part->naive = nn_tensor_find(model, name);
		part->ahead = field->column != NULL ? nn_is_truth(model, f) : field->part == 1;
		if (field->column != NULL) {
			part->own = table->own[f];
			part->columns = &part->own;
			part->count = 1;
		} else if (field->part == 0) {
			part->columns = table->features;
			part->count = table->feature_count;
		} else {
			part->columns = table->targets;
			part->count = table->target_count;
		}
	}
	return windows->parts == NULL;
}

int nn_windows_one_hot(const Windows *windows, int field, int column)
{
	const nn_data_field *own = &windows->model->data.fields[field];
	if (table_of(windows)->columns[column].categories == NULL) return 0;
	return own->column == NULL || own->count > (size_t)own->steps;
}

/* Rows of changed numbers, one after the other, as the model takes them. */
static void write_rows(
	const Windows *windows, const double *changed, int rows, int field, const void *state, void *x)
{
	const Table *table = table_of(windows);
	const Part *part = &windows->parts[field];
	size_t at = 0;
	for (int r = 0; r < rows; r++)
		for (int i = 0, number = 0; i < part->count; i++) {
			const Column *column = &table->columns[part->columns[i]];
			int one_hot = nn_windows_one_hot(windows, field, part->columns[i]);
			int width = one_hot ? nn_column_width(column) : 1;
			double value = changed[r * windows->columns + part->columns[i]];
			for (int k = 0; k < width; k++, number++) {
				double one = !one_hot || isnan(value) ? value : value == k;
				nn_number_set(windows->model, x, at++,
					nn_fitted_apply(windows->model, state, &table->fitted[field], number, one));
			}
		}
}

void nn_windows_write(const Windows *windows, const double *changed, int field, const void *state, void *x)
{
	write_rows(windows, changed, windows->length, field, state, x);
}

static int read_window(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	const Windows *windows = source->own;
	int truth = windows->parts[field].ahead;
	int64_t row = windows->starts[sample] + (truth ? windows->length : 0);
	(void)why;
	write_rows(windows, windows->changed + row * windows->columns, truth ? windows->horizon : windows->length,
		field, state, x);
	return 0;
}

void nn_windows_restore(
	const Windows *windows, const double *raw, int field, const void *state, double *numbers)
{
	const Part *part = &windows->parts[field];
	const Fitted *fitted = &table_of(windows)->fitted[field];
	double *column = malloc(sizeof *column * (size_t)(windows->lags + windows->horizon));
	for (int i = 0; i < part->count; i++) {
		for (int h = 0; h < windows->horizon && column == NULL; h++)
			numbers[h * part->count + i] = NAN; /* out of memory */
		if (column == NULL) continue;
		const Changes none = {0}, *changes = part->columns[i] < 0 ? &none : &windows->changes[part->columns[i]];
		double *ahead = column + changes->lags;
		for (int64_t k = 0; k < changes->lags; k++)
			column[k] = raw[(k - changes->lags) * windows->columns + part->columns[i]];
		for (int h = 0; h < windows->horizon; h++)
			ahead[h] = nn_fitted_undo(windows->model, state, fitted, i, numbers[h * part->count + i]);
		nn_change_undo(changes, column, 1, windows->horizon);
		for (int h = 0; h < windows->horizon; h++) numbers[h * part->count + i] = ahead[h];
	}
	free(column);
}

void nn_windows_naive(
	const Windows *windows, const double *raw, int64_t rows, int field, int season, double *numbers)
{
	const Part *part = &windows->parts[field];
	for (int i = 0; i < part->count; i++)
		for (int h = 0; h < windows->horizon; h++) {
			int64_t back = h - season * (h / season + 1);
			double value = NAN;
			for (; back >= -rows && isnan(value); back -= season)
				value = raw[back * windows->columns + part->columns[i]];
			numbers[h * part->count + i] = value;
		}
}

/* --- sets ----------------------------------------------------------------------------------------------- */

static const double *first_truth(const nn_dataset *set, const Windows *windows, int64_t sample)
{
	return windows->raw + (windows->starts[set->rows[sample]] + windows->length) * windows->columns;
}

int nn_dataset_restore(const nn_dataset *set, int64_t sample, int field, const void *state, double *numbers)
{
	const Windows *windows = nn_windows_of(set->source);
	if (windows == NULL) return 0;
	nn_windows_restore(windows, first_truth(set, windows, sample), field, state, numbers);
	return 1;
}

int nn_dataset_truth(const nn_dataset *set, int64_t sample, int field, double *numbers)
{
	const Windows *windows = nn_windows_of(set->source);
	if (windows == NULL) return 0;
	const Part *part = &windows->parts[field];
	const double *raw = first_truth(set, windows, sample);
	for (int h = 0; h < windows->horizon; h++)
		for (int i = 0; i < part->count; i++)
			numbers[h * part->count + i] = raw[h * windows->columns + part->columns[i]];
	return 1;
}

double nn_dataset_naive_error(const nn_dataset *set, int field, const void *state, int number)
{
	const Windows *windows = nn_windows_of(set->source);
	const Part *part = windows != NULL ? &windows->parts[field] : NULL;
	if (part == NULL || part->naive == NULL || part->count == 0) return NAN;
	return nn_number(set->model, state, part->naive->offset + (size_t)(number % part->count));
}

int nn_dataset_season(const nn_dataset *set)
{
	const Windows *windows = nn_windows_of(set->source);
	return windows != NULL ? windows->spec->seasonality : 0;
}

double nn_dataset_naive_mae(const nn_dataset *set, int field, int season, const double *y, double *own)
{
	const Windows *windows = nn_windows_of(set->source);
	size_t count = (size_t)windows->horizon * (size_t)windows->parts[field].count;
	double *naive = malloc(sizeof *naive * 2 * (count + 1)), *truth = naive + count, sum = 0, own_sum = 0;
	int64_t known = 0;
	for (int64_t i = 0; i < set->count && naive != NULL; i++) {
		int64_t row = windows->starts[set->rows[i]] + windows->length;
		int64_t before = row - windows->series[windows->owners[set->rows[i]]].first;
		nn_windows_naive(windows, windows->raw + row * windows->columns, before, field, season, naive);
		nn_dataset_truth(set, i, field, truth);
		for (size_t k = 0; k < count; k++) {
			double error = fabs(naive[k] - truth[k]);
			if (isnan(error)) continue;
			sum += error;
			if (y != NULL) own_sum += fabs(y[(size_t)i * count + k] - truth[k]);
			known++;
		}
	}
	free(naive);
	if (y != NULL) *own = known > 0 ? own_sum / (double)known : NAN;
	return known > 0 ? sum / (double)known : NAN;
}

const char *nn_step_name(const nn_model *model, int field, int number, char *buffer, size_t size)
{
	const nn_data_field *own = &model->data.fields[field];
	const char *column = own->column;
	if (own->source < 0 || own->steps == 0) return NULL;
	int columns = (int)own->count / own->steps;
	if (column == NULL) column = model->data.sources[own->source].label.items[number % columns];
	if (own->steps == 1) snprintf(buffer, size, "%s", column);
	else snprintf(buffer, size, "%s_%d", column, number / columns + 1);
	return buffer;
}

const char *nn_dataset_first_step(const nn_dataset *set, int64_t sample, char *buffer, size_t size)
{
	const Windows *windows = nn_windows_of(set->source);
	char later[TIME_TEXT];
	if (windows == NULL) return NULL;
	const Series *series = &windows->series[windows->owners[set->rows[sample]]];
	int64_t row = windows->starts[set->rows[sample]] + windows->length, end = series->first + series->count;
	if (windows->texts == NULL) snprintf(buffer, size, "%lld", (long long)(row - series->first + 1));
	else if (row < end) snprintf(buffer, size, "%s", windows->texts[row]);
	else snprintf(buffer, size, "%s", nn_time_later(&windows->times[end - 1], &series->step, row - end + 1, later));
	return buffer;
}

const char *nn_dataset_series(const nn_dataset *set, int64_t sample)
{
	const Windows *windows = nn_windows_of(set->source);
	return windows != NULL ? windows->series[windows->owners[set->rows[sample]]].name : NULL;
}

/* --- samples -------------------------------------------------------------------------------------------- */

int64_t nn_windows_missing(const Windows *windows, int64_t start, int ahead)
{
	const Table *table = table_of(windows);
	int64_t first = start + windows->length;
	for (int i = 0; i < table->target_count; i++) {
		int c = table->targets[i];
		if (c < 0) continue;
		for (int64_t r = first - windows->changes[c].lags; r < first; r++)
			if (isnan(windows->raw[r * windows->columns + c])) return r;
		for (int64_t r = first; r < first + windows->horizon && ahead; r++)
			if (isnan(windows->raw[r * windows->columns + c]) ||
				isnan(windows->changed[r * windows->columns + c]))
				return r;
	}
	for (int64_t r = start; r < first && windows->spec->impute == NN_IMPUTE_DROP; r++)
		for (int i = 0; i < table->feature_count; i++)
			if (isnan(windows->changed[r * windows->columns + table->features[i]])) return r;
	return -1;
}

/* Rows that a series needs for one window. */
static int64_t rows_needed(const Windows *windows)
{
	return windows->lags + windows->length + (windows->labelled ? windows->horizon : 0);
}

/* What a window needs, as a sum: "12 rows for differences + 36 that go in + 12 that are predicted" */
static const char *needs_text(const Windows *windows, char *buffer, size_t size)
{
	size_t at = 0;
	buffer[0] = 0;
	if (windows->lags > 0)
		at += (size_t)snprintf(buffer, size, "%lld for differences, ", (long long)windows->lags);
	at += (size_t)snprintf(buffer + at, size - at, "%d that go in", windows->length);
	if (windows->labelled) snprintf(buffer + at, size - at, ", %d to be predicted", windows->horizon);
	return buffer;
}

static int add_windows(Windows *windows, const char *path)
{
	int64_t room = 0, needed = rows_needed(windows), missing = 0, first = -1;
	for (int64_t s = 0; s < windows->series_count; s++)
		room += windows->series[s].count >= needed ? windows->series[s].count - needed + 1 : 0;
	windows->starts = malloc(sizeof *windows->starts * (size_t)(room + 1));
	windows->owners = malloc(sizeof *windows->owners * (size_t)(room + 1));
	if (windows->starts == NULL || windows->owners == NULL) {
		nn_error("%s: out of memory", path);
		return 1;
	}
	for (int64_t s = 0; s < windows->series_count; s++)
		for (int64_t k = 0; k + needed <= windows->series[s].count; k++) {
			int64_t start = windows->series[s].first + windows->lags + k;
			int64_t lacks = nn_windows_missing(windows, start, windows->labelled);
			if (lacks >= 0 && missing++ == 0) first = lacks;
			if (lacks >= 0) continue;
			windows->starts[windows->count] = start;
			windows->owners[windows->count++] = s;
		}
	if (missing > 0)
		nn_warning(
			"%s:%lld: %lld windows are left out, because a value that they can't do without is missing, the first in this line",
			path, (long long)windows->lines[first], (long long)missing);
	return 0;
}

/* Series that are too short for a window; all of them: an error. */
static int check_lengths(const Windows *windows, const char *path)
{
	char name[120], needs[160];
	const Series *longest = windows->series;
	int64_t short_count = 0, needed = rows_needed(windows);
	const Series *first = NULL;
	for (int64_t s = 0; s < windows->series_count; s++) {
		const Series *series = &windows->series[s];
		if (series->count > longest->count) longest = series;
		if (series->count >= needed) continue;
		short_count++;
		if (first == NULL) first = series;
	}
	needs_text(windows, needs, sizeof needs);
	if (short_count == windows->series_count) {
		nn_error("%s: %sthe series has %lld rows, but a window needs %lld: %s", path,
			nn_series_name(longest, name, sizeof name), (long long)longest->count, (long long)needed, needs);
		return 1;
	}
	if (short_count > 0)
		nn_warning(
			"%s:%lld: %s%lld rows are too few for a window of %lld (%s); %lld of %lld series are left out",
			path, (long long)windows->lines[first->first], nn_series_name(first, name, sizeof name),
			(long long)first->count, (long long)needed, needs, (long long)short_count,
			(long long)windows->series_count);
	return 0;
}

/* A window is called by the last row that it reads. */
static void name_window(const Source *source, int64_t sample, char *buffer, size_t size)
{
	const Windows *windows = source->own;
	snprintf(buffer, size, "%s:%lld", source->where,
		(long long)windows->lines[windows->starts[sample] + windows->length - 1]);
}

static void close_windows(Source *source)
{
	Windows *windows = source->own;
	nn_series_free(windows);
	nn_source_close(windows->table);
	free(windows->parts);
	free(windows->starts);
	free(windows->owners);
	free(windows);
}

static int prepare(Source *source, Windows *windows, const char *path)
{
	source->count = windows->count;
	source->in_order = windows->labelled && windows->spec->group == NULL;
	if (windows->count == 0) {
		nn_error("%s: no window is complete: values are missing everywhere", path);
		return 1;
	}
	int failed = nn_source_prepare(source, path) || nn_source_add_file(source, path);
	if (!failed && source->model->data.split_group != NULL && windows->labelled)
		failed = (source->groups = calloc((size_t)windows->count, sizeof *source->groups)) == NULL;
	for (int64_t i = 0; i < windows->count && !failed && source->groups != NULL; i++) {
		const char *name = windows->series[windows->owners[i]].name;
		failed = (source->groups[i] = nn_copy_text(name, strlen(name))) == NULL;
	}
	if (failed) nn_error("%s: out of memory", path);
	return failed;
}

Source *nn_windows_over(Source *table, const Place *place, const Cells *cells)
{
	Source *source = calloc(1, sizeof *source);
	Windows *windows = calloc(1, sizeof *windows);
	const char *path = place->paths[0];
	if (source == NULL || windows == NULL) {
		free(source);
		free(windows);
		nn_source_close(table);
		nn_error("%s: out of memory", path);
		return NULL;
	}
	*windows = (Windows){.model = table->model, .spec = table->spec, .table = table,
		.length = table->spec->sequence_length, .horizon = table->spec->horizon, .labelled = place->labels};
	*source = (Source){.model = table->model, .spec = table->spec, .own = windows, .read = read_window,
		.name = name_window, .close = close_windows, .fit = nn_windows_fit};
	int failed = nn_series_read(windows, path, cells) || find_parts(windows) || check_lengths(windows, path) ||
		add_windows(windows, path) || prepare(source, windows, path);
	if (!failed) nn_windows_say_filled(windows, path);
	if (!failed) return source;
	nn_source_close(source);
	return NULL;
}

/* --- splits --------------------------------------------------------------------------------------------- */

int64_t nn_windows_thin(const Windows *windows, int64_t *rows, int64_t count)
{
	int64_t kept = 0, owner = -1, first = 0;
	for (int64_t i = 0; i < count && windows->labelled; i++) {
		if (windows->owners[rows[i]] != owner) {
			owner = windows->owners[rows[i]];
			first = windows->starts[rows[i]];
		}
		if ((windows->starts[rows[i]] - first) % windows->spec->stride == 0) rows[kept++] = rows[i];
	}
	return windows->labelled ? kept : count;
}

enum { TRAIN, VALIDATION, TEST, NOWHERE };

/* Where the parts of a series begin; at NOWHERE its end. */
static void find_borders(const Series *series, double validation, double test, int64_t borders[NOWHERE + 1])
{
	int64_t tested = (int64_t)((double)series->count * test + 0.5);
	int64_t validated = (int64_t)((double)series->count * validation + 0.5);
	borders[TRAIN] = 0;
	borders[VALIDATION] = series->count - tested - validated;
	borders[TEST] = series->count - tested;
	borders[NOWHERE] = series->count;
}

static int say_no_window(const Source *source, int part, double validation, double test)
{
	static const char *const names[] = {"training", "validation", "test"};
	const Windows *windows = source->own;
	char name[120], needs[160];
	int64_t borders[NOWHERE + 1];
	const Series *longest = windows->series;
	for (int64_t s = 1; s < windows->series_count; s++)
		if (windows->series[s].count > longest->count) longest = &windows->series[s];
	find_borders(longest, validation, test, borders);
	nn_series_name(longest, name, sizeof name);
	long long rows = borders[part + 1] - borders[part];
	if (part == TRAIN)
		nn_error("%s: %sthe training part has %lld of %lld rows, but a window needs %lld: %s", source->where,
			name, rows, (long long)longest->count, (long long)rows_needed(windows),
			needs_text(windows, needs, sizeof needs));
	else
		nn_error("%s: %sthe %s part has %lld of %lld rows, but a window predicts %d", source->where, name,
			names[part], rows, (long long)longest->count, windows->horizon);
	return 1;
}

int nn_windows_deal(const Source *source, double validation, double test, int *part)
{
	const Windows *windows = source->own;
	const double shares[] = {1, validation, test};
	int64_t counts[NOWHERE + 1] = {0}, borders[NOWHERE + 1];
	for (int64_t i = 0; i < windows->count; i++) {
		const Series *series = &windows->series[windows->owners[i]];
		int64_t first = windows->starts[i] + windows->length - series->first, end = first + windows->horizon;
		find_borders(series, validation, test, borders);
		part[i] = NOWHERE;
		for (int p = TRAIN; p <= TEST; p++)
			if (first >= borders[p] && end <= borders[p + 1]) part[i] = p;
		counts[part[i]]++;
	}
	for (int p = TRAIN; p <= TEST; p++)
		if (shares[p] > 0 && counts[p] == 0) return say_no_window(source, p, validation, test);
	return 0;
}
