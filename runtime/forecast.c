/* forecast.c: in: series, a network that predicts their next rows; out: rows as far as is wanted, beside
 * what they are in truth.
 * Invariant: a forecast reads the rows before its first and its own predictions, never the truth behind. */
#include "forecast.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_windows.h"
#include "interrupt.h"
#include "message.h"

enum { NO_TIME = -1, BEYOND = -2 };

/* Series that are not forecast. */
typedef struct Left {
	char why[400]; /* of the first */
	int64_t count;
} Left;

typedef struct Roller {
	const nn_model *model;
	const nn_program *program;
	const nn_memory *memory;
	const Windows *windows;
	const nn_forecast_plan *plan;
	int steps; /* of one forecast */
	int outputs[NN_OUTPUTS], output_count; /* those of windows */
	int *columns, column_count; /* of the table: what is forecast */
	void **fields; /* (fields of the model) one row each; NULL: predict does not read it */
	double *raw, *changed; /* scratch: (lags + length + steps + horizon, columns) */
	double *numbers; /* scratch: one output */
} Roller;

/* --- what can be forecast ------------------------------------------------------------------------------- */

static int is_forecast(const Roller *roller, int column)
{
	for (int i = 0; i < roller->column_count; i++)
		if (roller->columns[i] == column) return 1;
	return 0;
}

static const Part *part_of(const Roller *roller, int output)
{
	return &roller->windows->parts[roller->model->outputs[roller->outputs[output]].label];
}

/* Whether an output predicts rows of the series, which "predict" gives. */
static int looks_ahead(const nn_model *model, const nn_program *program, int output)
{
	int label = model->outputs[output].label;
	const nn_field *y = nn_output_find(program, model->outputs[output].name);
	return y != NULL && label >= 0 && model->data.fields[label].steps > 0 &&
		y->count == model->data.fields[label].count;
}

int nn_forecast_can(const nn_model *model)
{
	const nn_program *program = nn_program_find(model, "predict");
	for (int i = 0; i < model->output_count && program != NULL; i++)
		if (looks_ahead(model, program, i)) return 1;
	return 0;
}

static int find_outputs(Roller *roller)
{
	const nn_model *model = roller->model;
	roller->columns = malloc(sizeof *roller->columns * (size_t)(roller->windows->columns + 1));
	if (roller->columns == NULL) return 1;
	for (int i = 0; i < model->output_count; i++) {
		if (!looks_ahead(model, roller->program, i)) continue;
		roller->outputs[roller->output_count++] = i;
		const Part *part = &roller->windows->parts[model->outputs[i].label];
		for (int k = 0; k < part->count; k++)
			if (part->columns[k] >= 0 && !is_forecast(roller, part->columns[k]))
				roller->columns[roller->column_count++] = part->columns[k];
	}
	if (roller->column_count == 0)
		nn_error("%s: nothing that it predicts is a column of these series, so that nothing can be forecast",
			model->name);
	return roller->column_count == 0;
}

/* Beyond the horizon all that is read must be what is predicted. */
static int check_columns(const Roller *roller)
{
	const Table *table = roller->windows->table->own;
	if (roller->steps <= roller->windows->horizon) return 0;
	for (int f = 0; f < roller->model->data.field_count; f++) {
		const Part *part = &roller->windows->parts[f];
		for (int k = 0; k < part->count && roller->fields[f] != NULL; k++) {
			if (is_forecast(roller, part->columns[k])) continue;
			nn_error(
				"--steps %d: the network reads %s, which it does not predict, so that it sees %d rows ahead at most",
				roller->steps, table->columns[part->columns[k]].name, roller->windows->horizon);
			return 1;
		}
	}
	return 0;
}

static int allocate(Roller *roller)
{
	const nn_data *data = &roller->model->data;
	const Windows *windows = roller->windows;
	size_t rows = (size_t)(windows->lags + windows->length + roller->steps + windows->horizon), most = 1;
	roller->fields = calloc((size_t)data->field_count + 1, sizeof *roller->fields);
	for (int f = 0; f < data->field_count && roller->fields != NULL; f++) {
		if (data->fields[f].count > most) most = data->fields[f].count;
		if (nn_input_find(roller->program, data->fields[f].name) == NULL) continue;
		if ((roller->fields[f] = malloc(data->fields[f].count * (size_t)roller->model->number_size)) == NULL)
			return 1;
	}
	roller->raw = malloc(sizeof *roller->raw * rows * (size_t)windows->columns);
	roller->changed = malloc(sizeof *roller->changed * rows * (size_t)windows->columns);
	roller->numbers = malloc(sizeof *roller->numbers * most);
	return roller->fields == NULL || roller->raw == NULL || roller->changed == NULL || roller->numbers == NULL;
}

static void close_roller(Roller *roller)
{
	for (int f = 0; f < roller->model->data.field_count && roller->fields != NULL; f++) free(roller->fields[f]);
	free(roller->fields);
	free(roller->columns);
	free(roller->raw);
	free(roller->changed);
	free(roller->numbers);
}

/* --- rolling -------------------------------------------------------------------------------------------- */

static void run_window(const Roller *roller, int64_t begin)
{
	const nn_model *model = roller->model;
	nn_batch batch = {.rows = 1, .fields = (const void *const *)roller->fields};
	nn_call call = {.rows = 1, .threads = roller->plan->threads, .seed = model->seed};
	for (int f = 0; f < model->data.field_count; f++)
		if (roller->fields[f] != NULL)
			nn_windows_write(roller->windows, roller->changed + begin * roller->windows->columns, f,
				roller->memory->state, roller->fields[f]);
	nn_program_feed(model, roller->program, roller->memory->work, &batch);
	roller->program->run(roller->memory->state, roller->memory->work, &call);
}

/* What an output gives becomes rows of the scratch series from `first` on. */
static void take_output(const Roller *roller, int output, int64_t first)
{
	const nn_model *model = roller->model;
	const Windows *windows = roller->windows;
	const nn_output *which = &model->outputs[roller->outputs[output]];
	const nn_field *y = nn_output_find(roller->program, which->name);
	const Part *part = part_of(roller, output);
	for (size_t i = 0; i < y->count; i++)
		roller->numbers[i] = nn_number(model, (const char *)roller->memory->work + y->offset, i);
	nn_windows_restore(
		windows, roller->raw + first * windows->columns, which->label, roller->memory->state, roller->numbers);
	for (int h = 0; h < windows->horizon; h++)
		for (int i = 0; i < part->count; i++)
			if (part->columns[i] >= 0)
				roller->raw[(first + h) * windows->columns + part->columns[i]] =
					roller->numbers[h * part->count + i];
}

/* Forecasts `steps` rows from a row of the series on; they stand in the scratch series behind lags +
 * length rows. */
static void roll(const Roller *roller, int64_t origin)
{
	const Windows *windows = roller->windows;
	int64_t columns = windows->columns, known = windows->lags + windows->length;
	memcpy(roller->raw, windows->raw + (origin - known) * columns, sizeof(double) * (size_t)(known * columns));
	memcpy(roller->changed, windows->changed + (origin - known) * columns,
		sizeof(double) * (size_t)(known * columns));
	for (int64_t step = 0; step < roller->steps; step += windows->horizon) {
		int64_t first = known + step;
		for (int64_t i = first * columns; i < (first + windows->horizon) * columns; i++)
			roller->raw[i] = roller->changed[i] = NAN;
		run_window(roller, windows->lags + step);
		for (int o = 0; o < roller->output_count; o++) take_output(roller, o, first);
		for (int64_t r = first; r < first + windows->horizon; r++)
			for (int c = 0; c < columns; c++)
				roller->changed[r * columns + c] =
					nn_change_at(&windows->changes[c], windows->changes[c].count, roller->raw + c, columns, r);
	}
}

/* --- curves --------------------------------------------------------------------------------------------- */

static int open_curve(const Roller *roller, nn_curve *curve, const Series *series, int column)
{
	const Table *table = roller->windows->table->own;
	const char *name = table->columns[column].name, *quote = strchr(name, '"');
	size_t rows = (size_t)curve->count;
	curve->column = quote ? nn_copy_text(quote + 1, strlen(quote) - 2) : nn_copy_text(name, strlen(name));
	curve->group = series->name ? nn_copy_text(series->name, strlen(series->name)) : NULL;
	curve->times = calloc(rows, sizeof *curve->times);
	curve->truth = malloc(sizeof *curve->truth * rows);
	curve->forecast = malloc(sizeof *curve->forecast * rows);
	return curve->column == NULL || (series->name && curve->group == NULL) || curve->times == NULL ||
		curve->truth == NULL || curve->forecast == NULL;
}

/* Times and true values of the rows from `begin` of a series on. */
static void fill_curve(const Windows *windows, const Series *series, nn_curve *curve, int64_t begin, int column)
{
	int64_t last = series->first + series->count - 1;
	for (int64_t i = 0; i < curve->count; i++) {
		int64_t row = begin + i;
		curve->forecast[i] = NAN;
		curve->truth[i] = row <= last ? windows->raw[row * windows->columns + column] : NAN;
		if (windows->texts == NULL)
			snprintf(curve->times[i], TIME_TEXT, "%lld", (long long)(row - series->first + 1));
		else if (row <= last) snprintf(curve->times[i], TIME_TEXT, "%s", windows->texts[row]);
		else nn_time_later(&windows->times[last], &series->step, row - last, curve->times[i]);
	}
}

/* Forecasts rows from .. to - 1, so many at a time, into a curve for each column. */
static int forecast_series(
	const Roller *roller, nn_forecast *forecast, const Series *series, int64_t from, int64_t to)
{
	const Windows *windows = roller->windows;
	int64_t before = from - series->first,
			shown = 2 * (to - from) > windows->length ? 2 * (to - from) : windows->length;
	const int64_t known = windows->lags + windows->length;
	if (roller->plan->backtest) shown = (to - from) / 4;
	if (before > shown) before = shown;
	nn_curve *curves = forecast->curves + forecast->count;
	for (int c = 0; c < roller->column_count; c++) {
		curves[c] = (nn_curve){.count = before + to - from, .before = before};
		forecast->count++;
		if (open_curve(roller, &curves[c], series, roller->columns[c])) {
			nn_error("out of memory");
			return 1;
		}
		fill_curve(windows, series, &curves[c], from - before, roller->columns[c]);
	}
	for (int64_t origin = from; origin < to; origin += roller->steps) {
		if (nn_interrupted()) return NN_EXIT_INTERRUPTED;
		int64_t missing = nn_windows_missing(windows, origin - windows->length, 0);
		if (missing >= 0) {
			if (forecast->missing == 0) forecast->missing_line = windows->lines[missing];
			forecast->missing += to - origin < roller->steps ? to - origin : roller->steps;
			continue;
		}
		roll(roller, origin);
		for (int64_t k = 0; k < roller->steps && origin + k < to; k++)
			for (int c = 0; c < roller->column_count; c++) {
				double value = roller->raw[(known + k) * windows->columns + roller->columns[c]];
				curves[c].forecast[before + origin - from + k] = value;
				forecast->undefined += isnan(value);
			}
	}
	return 0;
}

/* --- which rows ----------------------------------------------------------------------------------------- */

/* A series ends before --from; next: the first time behind its end. */
static int64_t say_beyond(const Series *series, const char *from, const char *next, Left *left)
{
	char name[120];
	nn_series_name(series, name, sizeof name);
	if (left->count++ == 0)
		snprintf(left->why, sizeof left->why,
			"--from %s: %sa forecast begins with %s at the latest, right behind the data", from, name, next);
	return BEYOND;
}

/* The row that --from names, a number from 1 on. */
static int64_t find_number(const Series *series, const char *from, Left *left)
{
	char *end, next[TIME_TEXT];
	long long number = strtoll(from, &end, 10);
	if (!*from || *end || number < 1) {
		nn_error("--from %s: must be the number of a row, from 1 to %lld", from, (long long)series->count + 1);
		return NO_TIME;
	}
	if (number <= series->count + 1) return series->first + number - 1;
	snprintf(next, sizeof next, "%lld", (long long)series->count + 1);
	return say_beyond(series, from, next, left);
}

/* The row that --from names: of the series the first that is not before that time, or its number; NO_TIME
 * after an error, BEYOND: the series has none and is left out. */
static int64_t find_from(const Windows *windows, const Series *series, const char *from, Left *left)
{
	Time time, behind;
	char next[TIME_TEXT];
	int64_t row = series->first, end = series->first + series->count;
	if (windows->times == NULL) return find_number(series, from, left);
	const Time *first = &windows->times[row];
	if (nn_time_parse(from, &time) || time.form != first->form || time.zone != first->zone) {
		nn_error(
			"--from %s: is written otherwise than the times of the data, as \"%s\"", from, windows->texts[row]);
		return NO_TIME;
	}
	while (row < end && windows->times[row].at < time.at) row++;
	if (row < end) return row;
	nn_time_later(&windows->times[end - 1], &series->step, 1, next);
	return nn_time_parse(next, &behind) || behind.at < time.at ? say_beyond(series, from, next, left) : row;
}

/* Whether rows from .. on can be forecast: enough before them, nothing missing that they need. A backtest
 * leaves out the rows that need what is missing. */
static int has_origin(const Roller *roller, const Series *series, int64_t from, Left *left)
{
	const Windows *windows = roller->windows;
	char name[120], *why = left->count == 0 ? left->why : NULL;
	size_t size = why ? sizeof left->why : 0;
	int64_t needed = windows->lags + windows->length, last = series->first + series->count - 1;
	nn_series_name(series, name, sizeof name);
	if (from - series->first < needed) {
		snprintf(why, size,
			"%s:%lld: %s%lld rows before the first that is forecast are too few; the network reads %d%s",
			windows->table->where, (long long)windows->lines[from > last ? last : from], name,
			(long long)(from - series->first), windows->length,
			windows->lags ? ", and differences need more before them" : "");
	} else {
		int64_t missing = nn_windows_missing(windows, from - windows->length, 0);
		if (missing < 0 || roller->plan->backtest) return 1;
		snprintf(why, size, "%s:%lld: %sa value is missing that the forecast can't do without",
			windows->table->where, (long long)windows->lines[missing], name);
	}
	left->count++;
	return 0;
}

/* The rows that windows of the set predict, of each series; from = to: none. most: the windows of so many
 * last rows at most, and one in any case; 0: all. */
static void find_predicted(
	const nn_dataset *set, const Windows *windows, int64_t most, int64_t *from, int64_t *to)
{
	for (int pass = 0; pass < 2; pass++)
		for (int64_t i = 0; i < set->count; i++) {
			int64_t s = windows->owners[set->rows[i]], first = windows->starts[set->rows[i]] + windows->length;
			int64_t end = first + windows->horizon;
			if (pass == 0 && end > to[s]) from[s] = to[s] = end;
			if (pass == 1 && first < from[s] && (most == 0 || end == to[s] || first >= to[s] - most))
				from[s] = first;
		}
}

/* 0, or 1 after an error: there is no such group. */
static int check_group(const Roller *roller)
{
	const Windows *windows = roller->windows;
	const char *group = roller->plan->group;
	for (int64_t s = 0; s < windows->series_count && group != NULL; s++)
		if (windows->series[s].name != NULL && strcmp(windows->series[s].name, group) == 0) return 0;
	if (group == NULL) return 0;
	if (windows->spec->group == NULL)
		nn_error("--group %s: the data is one series; its spec names no column under group:", group);
	else
		nn_error("--group %s: %s has no such value in column \"%s\", which has \"%s\"%s", group,
			windows->table->where, windows->spec->group, windows->series[0].name,
			windows->series_count > 1 ? " and others" : "");
	return 1;
}

/* The rows of a series that are forecast; from = to: it is not. */
static int find_rows(const Roller *roller, const Series *series, int64_t *from, int64_t *to, Left *left)
{
	const nn_forecast_plan *plan = roller->plan;
	if (plan->group != NULL && strcmp(series->name, plan->group) != 0) return *to = *from, 0;
	int known = plan->group == NULL && series->count < roller->windows->lags + roller->windows->length;
	if (known && !plan->backtest) return *to = *from, 0; /* too short for a window, which reading it has said */
	if (!plan->backtest) {
		*from = plan->from ? find_from(roller->windows, series, plan->from, left) : series->first + series->count;
		*to = *from + roller->steps;
	}
	if (*from == NO_TIME) return 1;
	if (*from == BEYOND || (*from < *to && !has_origin(roller, series, *from, left))) *to = *from;
	return 0;
}

/* 1 after an error: none is left. */
static int say_left(const Roller *roller, const Left *left, int done)
{
	long long count = (long long)left->count;
	if (count == 0 && done == 0 && roller->plan->group != NULL) {
		nn_error("--group %s: the test data has no window of it", roller->plan->group);
		return 1;
	}
	if (count == 0) return 0;
	if (done > 0)
		nn_warning("%s; %lld of %lld series are left out", left->why, count,
			(long long)roller->windows->series_count);
	else if (count > 1) nn_error("%s; none of %lld series can be forecast", left->why, count);
	else nn_error("%s", left->why);
	return done == 0;
}

static int forecast_all(const Roller *roller, nn_forecast *forecast, const nn_dataset *set)
{
	const Windows *windows = roller->windows;
	const nn_forecast_plan *plan = roller->plan;
	size_t count = (size_t)windows->series_count;
	int64_t *from = calloc(2 * count, sizeof *from), *to = from + count;
	int failed = from == NULL, done = 0;
	Left left = {.count = 0};
	forecast->curves = calloc(count * (size_t)roller->column_count, sizeof *forecast->curves);
	if (forecast->curves == NULL) failed = 1;
	if (failed) nn_error("out of memory");
	failed = failed || check_group(roller);
	if (!failed && plan->backtest) find_predicted(set, windows, plan->rows, from, to);
	for (int64_t s = 0; s < windows->series_count && !failed; s++) {
		const Series *series = &windows->series[s];
		failed = find_rows(roller, series, &from[s], &to[s], &left);
		if (failed || to[s] == from[s]) continue;
		forecast->all += roller->column_count;
		if (plan->series != 0 && done == plan->series) continue;
		failed = forecast_series(roller, forecast, series, from[s], to[s]);
		done++;
	}
	free(from);
	return failed ? failed : say_left(roller, &left, done);
}

static void measure(nn_forecast *forecast)
{
	double sum = 0;
	int64_t count = 0;
	for (int c = 0; c < forecast->count; c++)
		for (int64_t i = 0; i < forecast->curves[c].count; i++) {
			double error = fabs(forecast->curves[c].forecast[i] - forecast->curves[c].truth[i]);
			if (isnan(error)) continue;
			sum += error;
			count++;
		}
	forecast->mae = count ? sum / (double)count : NAN;
}

int nn_forecast_set(
	nn_forecast *forecast, const nn_memory *memory, const nn_dataset *set, const nn_forecast_plan *plan)
{
	Roller roller = {.model = set->model, .memory = memory, .windows = nn_windows_of(set->source), .plan = plan,
		.program = nn_program_find(set->model, "predict")};
	*forecast = (nn_forecast){.model = set->model, .mae = NAN};
	if (roller.program == NULL || roller.windows == NULL) {
		nn_error(
			"%s: only windows of series are forecast: a csv source with sequence_length", set->model->name);
		return 1;
	}
	roller.steps = plan->steps > 0 ? plan->steps : roller.windows->horizon;
	int failed = allocate(&roller);
	if (failed) nn_error("out of memory");
	failed = failed || find_outputs(&roller) || check_columns(&roller);
	forecast->columns = roller.column_count;
	forecast->timed = roller.windows->texts != NULL;
	if (!failed) failed = forecast_all(&roller, forecast, set);
	if (!failed && forecast->missing > 0)
		nn_warning(
			"%s:%lld: %lld rows are not forecast, because a value that they can't do without is missing, the first in this line",
			roller.windows->table->where, (long long)forecast->missing_line, (long long)forecast->missing);
	if (!failed && forecast->undefined > 0)
		nn_warning("%s: the network gives NaN for %lld of the numbers that are forecast", roller.windows->table->where,
			(long long)forecast->undefined);
	if (!failed) measure(forecast);
	close_roller(&roller);
	return failed;
}

void nn_forecast_free(nn_forecast *forecast)
{
	for (int c = 0; c < forecast->count; c++) {
		nn_curve *curve = &forecast->curves[c];
		free(curve->column);
		free(curve->group);
		free(curve->times);
		free(curve->truth);
		free(curve->forecast);
	}
	free(forecast->curves);
	*forecast = (nn_forecast){0};
}
