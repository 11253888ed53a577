/* test_data_windows.c: windows of series, compared with what a loop over all rows finds; splits, transforms, times, and every
 * message about series that can't be read so. Numbers are worked out by hand or by brute force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "data_support.h"
#include "data_windows.h"
#include "tally.h"

#define WINDOWS TMP "/windows"

enum { FEATURES, LABEL, FIELDS };
enum { MOST = 512 };

/* Inputs features [length, 2] and label [horizon, 1] of the columns x, y; of series by g. */
typedef struct Wide {
	nn_model model;
	nn_data_source source;
	nn_data_field fields[FIELDS];
	nn_program programs[2];
	nn_field inputs[FIELDS];
	nn_tensor tensors[7];
	double state[7 * 8];
	nn_output output;
} Wide;

static const char *const label_name[] = {"y"};

static void series_model(Wide *wide, int length, int horizon, int stride)
{
	static const char *const names[7] = {"data/impute", "data/offset", "data/scale", "data/label/impute", "data/label/offset",
					     "data/label/scale", "data/label/naive"};
	memset(wide, 0, sizeof *wide);
	wide->fields[FEATURES] = (nn_data_field){.name = "data.features", .fitted = "data", .steps = length};
	wide->fields[LABEL] = (nn_data_field){.name = "data.label", .part = 1, .label = 1, .fitted = "data/label", .steps = horizon};
	fake_shape(&wide->fields[FEATURES], 2, (const int64_t[]){length, 2});
	fake_shape(&wide->fields[LABEL], 1, (const int64_t[]){horizon});
	for (int f = 0; f < FIELDS; f++) wide->inputs[f].name = wide->fields[f].name;
	for (int t = 0; t < 7; t++)
		wide->tensors[t] = (nn_tensor){.name = names[t], .role = NN_FITTED, .rank = 1, .offset = (size_t)t * 8, .count = t < 3 ? 2 : 1};
	wide->source = (nn_data_source){.type = "csv", .header = 1, .label = {label_name, 1}, .impute = NN_IMPUTE_MEDIAN,
		.sequence_length = length, .horizon = horizon, .stride = stride, .group = "g", .time = "t", .seasonality = 1};
	wide->output = (nn_output){.name = "y", .task = NN_REGRESSION, .label = LABEL};
	wide->programs[0] = (nn_program){.name = "evaluate", .batch = 1, .inputs = wide->inputs, .input_count = FIELDS};
	wide->programs[1] = (nn_program){.name = "predict", .batch = 1, .inputs = wide->inputs, .input_count = 1};
	wide->model = (nn_model){.name = "wide", .number_size = 8, .outputs = &wide->output, .output_count = 1, .programs = wide->programs,
		.program_count = 2, .tensors = wide->tensors, .tensor_count = 7,
		.data = {.sources = &wide->source, .source_count = 1, .fields = wide->fields, .field_count = FIELDS, .split_by_time = 1}};
}

/* Rows of groups a (count[0]), b, c, mixed; y of row r of group g is 1000 g + r, x the negative of it. */
static const char *write_groups(const char *path, const int counts[3])
{
	char text[MOST * 32] = "g,t,x,y\n";
	int done[3] = {0}, length = (int)strlen(text);
	for (int left = 1; left;) {
		left = 0;
		for (int g = 0; g < 3; g++) {
			for (int k = 0; k <= g && done[g] < counts[g]; k++, done[g]++)
				length += sprintf(text + length, "%c,%d,%d,%d\n", 'a' + g, done[g], -(1000 * g + done[g]), 1000 * g + done[g]);
			left |= done[g] < counts[g];
		}
	}
	return write_text(path, text);
}

/* Which part of its series a row is in: 0 training, 1 validation, 2 test. */
static int part_of(int row, int count, double validation, double test)
{
	int tested = (int)(count * test + 0.5), validated = (int)(count * validation + 0.5);
	return row >= count - tested ? 2 : row >= count - tested - validated ? 1 : 0;
}

/* Windows of a part, by a loop over all rows: the y of their first rows, in the order of the series. */
static int brute_force(const int counts[3], int length, int horizon, int stride, int part, double *firsts)
{
	int found = 0;
	for (int g = 0; g < 3; g++) {
		int begin = -1;
		for (int start = 0; start + length + horizon <= counts[g]; start++) {
			int inside = 1;
			for (int h = 0; h < horizon; h++) inside &= part_of(start + length + h, counts[g], 0.2, 0.3) == part;
			if (!inside) continue;
			if (begin < 0) begin = start;
			if ((start - begin) % stride == 0) firsts[found++] = 1000 * g + start;
		}
	}
	return found;
}

static void assert_set(const nn_dataset *set, int length, int horizon, const double *firsts, int count, char *predicted)
{
	nn_loader *loader;
	assert_int_equal(nn_dataset_count(set), count);
	const nn_batch *batch = whole_set(set, NULL, &loader);
	const double *x = batch->fields[FEATURES], *y = batch->fields[LABEL];
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < length; k++) {
			assert_true(x[(i * length + k) * 2] == -(firsts[i] + k));
			assert_true(x[(i * length + k) * 2 + 1] == firsts[i] + k);
		}
		for (int h = 0; h < horizon; h++) {
			int row = (int)firsts[i] + length + h;
			assert_true(y[i * horizon + h] == row);
			predicted[row] |= 1;
		}
	}
	nn_loader_close(loader);
}

static void cuts_windows_by_time(void **state)
{
	(void)state;
	static const int shapes[][3] = {{3, 1, 1}, {3, 2, 1}, {5, 4, 2}, {4, 3, 3}, {2, 2, 5}, {1, 1, 1}}, counts[3] = {40, 23, 31};
	const char *path = write_groups(WINDOWS "/groups.csv", counts);
	for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
		Wide wide;
		nn_datasets sets;
		double firsts[MOST];
		char predicted[3][3000] = {{0}};
		series_model(&wide, shapes[s][0], shapes[s][1], shapes[s][2]);
		wide.model.data.split_validation = 0.2;
		wide.model.data.split_test = 0.3;
		nn_data_request request = {.need = NN_NEED_TRAIN, .want = NN_NEED_VALIDATION | NN_NEED_TEST, .train = path};
		open_sets(&wide.model, &request, &sets);
		const nn_dataset *const all[3] = {sets.train, sets.validation, sets.test};
		for (int p = 0; p < 3; p++) {
			int count = brute_force(counts, shapes[s][0], shapes[s][1], shapes[s][2], p, firsts);
			assert_set(all[p], shapes[s][0], shapes[s][1], firsts, count, predicted[p]);
		}
		for (int row = 0; row < 3000; row++) assert_true(predicted[0][row] + predicted[1][row] + predicted[2][row] <= 1);
		nn_data_close(&sets);
	}
}

/* Of one series windows that follow on one another are cut into a lane for each row of a batch, where states are carried. */
static void lanes_of_one_series(void **state)
{
	(void)state;
	enum { STEPS = 4, ROWS = 2, COUNT = 7 };
	static const int firsts[COUNT] = {0, 16, 4, 20, 8, 24, 12}; /* batch after batch */
	Wide wide;
	nn_datasets sets;
	const char *path = write_groups(WINDOWS "/one.csv", (const int[3]){COUNT * STEPS + 1, 0, 0});
	for (int stateful = 0; stateful < 2; stateful++) {
		series_model(&wide, STEPS, 1, STEPS);
		wide.source.group = NULL;
		wide.source.ignore = (nn_texts){(const char *const[]){"g"}, 1};
		wide.model.training.stateful = stateful;
		nn_data_request request = {.need = NN_NEED_TRAIN, .train = path};
		open_sets(&wide.model, &request, &sets);
		assert_int_equal(nn_dataset_count(sets.train), COUNT);
		nn_loader_options options = {.batch_size = ROWS};
		nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
		for (int i = 0; i < COUNT; i++) {
			const nn_batch *batch = i % ROWS ? NULL : nn_loader_next(loader);
			const double *y = batch ? batch->fields[LABEL] : NULL;
			for (int row = 0; batch && row < batch->rows; row++)
				assert_int_equal((int)y[row], (stateful ? firsts[i + row] : STEPS * (i + row)) + STEPS);
		}
		nn_loader_close(loader);
		nn_data_close(&sets);
	}
}

static void splits_whole_series(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	char text[MOST * 40] = "g,t,x,y\n", groups[3][40] = {{0}};
	int length = (int)strlen(text);
	for (int g = 0; g < 20; g++)
		for (int r = 0; r < 12; r++) length += sprintf(text + length, "p%d,%d,1,%d\n", g, r, 100 * g + r);
	series_model(&wide, 4, 2, 1);
	wide.model.data.split_by_time = 0;
	wide.model.data.split_group = "g";
	wide.model.data.split_validation = 0.2;
	wide.model.data.split_test = 0.3;
	nn_data_request request = {.need = NN_NEED_TRAIN, .want = NN_NEED_VALIDATION | NN_NEED_TEST, .train = write_text(WINDOWS "/series.csv", text)};
	open_sets(&wide.model, &request, &sets);
	const nn_dataset *const all[3] = {sets.train, sets.validation, sets.test};
	for (int p = 0; p < 3; p++) {
		nn_loader *loader;
		const nn_batch *batch = whole_set(all[p], NULL, &loader);
		for (int i = 0; i < batch->rows; i++) groups[p][(int)((const double *)batch->fields[LABEL])[2 * i] / 100] = 1;
		assert_int_equal(nn_dataset_count(all[p]), p == 0 ? 70 : p == 1 ? 28 : 42); /* 7 of each series */
		nn_loader_close(loader);
	}
	for (int g = 0; g < 20; g++) assert_int_equal(groups[0][g] + groups[1][g] + groups[2][g], 1);
	nn_data_close(&sets);
}

static void undoes_what_it_does(void **state)
{
	(void)state;
	static const nn_transform chains[][3] = {
		{{"y", NN_LOG, 0}}, {{"y", NN_LOG1P, 0}}, {{"y", NN_SQRT, 0}}, {{"y", NN_DIFFERENCE, 1}}, {{"y", NN_LOG, 0}, {"y", NN_DIFFERENCE, 5}},
		{{"y", NN_DIFFERENCE, 1}, {"y", NN_DIFFERENCE, 4}}, {{"y", NN_SQRT, 0}, {"y", NN_DIFFERENCE, 3}, {"y", NN_DIFFERENCE, 1}}};
	static const int counts[] = {1, 1, 1, 1, 2, 2, 3};
	enum { ROWS = 60, STEPS = 13 };
	double series[ROWS];
	for (int r = 0; r < ROWS; r++) series[r] = 200 + 90 * sin(r * 0.7) + 3 * r + (r * 37 % 11);
	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
		Changes changes = nn_changes_count(chains[c], counts[c]);
		for (int64_t origin = changes.lags; origin + STEPS <= ROWS; origin++) {
			double column[ROWS];
			memcpy(column, series + origin - changes.lags, sizeof *column * (size_t)changes.lags);
			for (int h = 0; h < STEPS; h++) column[changes.lags + h] = nn_change_at(&changes, changes.count, series, 1, origin + h);
			nn_change_undo(&changes, column, 1, STEPS);
			for (int h = 0; h < STEPS; h++) {
				double error = fabs(column[changes.lags + h] - series[origin + h]);
				if (error > 1e-12 * fabs(series[origin + h]) * STEPS) fail_msg("chain %zu, origin %d, step %d: off by %g", c, (int)origin, h, error);
			}
		}
		for (int64_t r = 0; r < changes.lags; r++) assert_true(isnan(nn_change_at(&changes, changes.count, series, 1, r)));
	}
}

/* [log, difference(2)] of the label: written by hand; offset and scale of the training rows alone; the way back to the file. */
static void fits_and_restores(void **state)
{
	(void)state;
	static const nn_transform transforms[] = {{"y", NN_LOG, 0}, {"y", NN_DIFFERENCE, 2}};
	char text[MOST * 40] = "g,t,x,y\n", other[MOST * 40];
	double y[30], first[7 * 8];
	int length = (int)strlen(text), training = 0;
	for (int r = 0; r < 30; r++) {
		y[r] = 10 + r + 4 * (r % 3);
		length += sprintf(text + length, "a,%d,%d,%g\n", r, r % 5, y[r]);
		if (r == 20) training = length; /* of 30 rows the last 9 are no training */
	}
	sprintf(other, "%.*s", training, text);
	for (int r = 21; r < 30; r++) sprintf(other + strlen(other), "a,%d,77,%d\n", r, 1000 + r);
	for (int pass = 0; pass < 2; pass++) {
		Wide wide;
		nn_datasets sets;
		nn_loader *loader;
		series_model(&wide, 3, 2, 1);
		wide.source.transforms = transforms;
		wide.source.transform_count = 2;
		wide.source.normalize = NN_NORMALIZE_STANDARD;
		wide.source.seasonality = 3;
		wide.model.data.split_test = 0.3;
		nn_data_request request = {.need = NN_NEED_TRAIN, .want = NN_NEED_TEST, .train = write_text(WINDOWS "/fit.csv", pass ? other : text)};
		open_sets(&wide.model, &request, &sets);
		assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
		if (pass) {
			assert_memory_equal(first, wide.state, sizeof first);
			nn_data_close(&sets);
			break;
		}
		memcpy(first, wide.state, sizeof first);
		double mean = 0, deviation = 0, naive = 0;
		for (int r = 2; r < 21; r++) mean += log(y[r]/y[r - 2])/19;
		for (int r = 2; r < 21; r++) deviation += pow(log(y[r]/y[r - 2]) - mean, 2)/19;
		for (int r = 3; r < 21; r++) naive += fabs(y[r] - y[r - 3])/18;
		assert_true(fabs(wide.state[4 * 8] - mean) < 1e-14 && fabs(wide.state[5 * 8] - sqrt(deviation)) < 1e-14);
		assert_true(fabs(wide.state[8 + 1] - mean) < 1e-14); /* as a feature it is the same column */
		assert_true(fabs(nn_dataset_naive_error(sets.test, LABEL, wide.state, 0) - naive) < 1e-12);
		assert_int_equal(nn_dataset_count(sets.test), 8);
		const nn_batch *batch = whole_set(sets.test, wide.state, &loader);
		double last = 0, season = 0;
		for (int i = 0; i < 8; i++) {
			double numbers[2], truth[2];
			memcpy(numbers, (const double *)batch->fields[LABEL] + 2 * i, sizeof numbers);
			assert_true(fabs(numbers[0] - (log(y[21 + i]/y[19 + i]) - mean)/sqrt(deviation)) < 1e-11);
			assert_int_equal(nn_dataset_restore(sets.test, i, LABEL, wide.state, numbers), 1);
			assert_int_equal(nn_dataset_truth(sets.test, i, LABEL, truth), 1);
			for (int h = 0; h < 2; h++) {
				assert_true(truth[h] == y[21 + i + h] && fabs(numbers[h] - truth[h]) < 1e-12 * truth[h] * 4);
				last += fabs(y[21 + i + h] - y[20 + i])/16;
				season += fabs(y[21 + i + h] - y[18 + i + h])/16;
			}
		}
		assert_true(fabs(nn_dataset_naive_mae(sets.test, LABEL, 1, NULL, NULL) - last) < 1e-12);
		assert_true(fabs(nn_dataset_naive_mae(sets.test, LABEL, 3, NULL, NULL) - season) < 1e-12);
		nn_loader_close(loader);
		nn_data_close(&sets);
	}
}

/* Windows that have no season before them: the naive error is of the others, and so is that which stands beside it. */
static void naive_forecast_of_what_has_one(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	double own, y[5] = {70, 70, 7, 9, 9};
	series_model(&wide, 2, 1, 1);
	nn_data_request request = {.need = NN_NEED_TRAIN,
		.train = write_text(WINDOWS "/few.csv", "g,t,x,y\na,1,1,1\na,2,1,2\na,3,1,4\na,4,1,4\na,5,1,6\na,6,1,8\na,7,1,7\n")};
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), 5);
	assert_true(nn_dataset_naive_mae(sets.train, LABEL, 4, y, &own) == (5 + 6 + 3) / 3.0);
	assert_true(own == (1 + 1 + 2) / 3.0);
	assert_true(isnan(nn_dataset_naive_mae(sets.train, LABEL, 7, y, &own)) && isnan(own));
	nn_data_close(&sets);
}

static double read_number(FILE *file)
{
	double number = NAN;
	assert_int_equal(fscanf(file, "%lf", &number), 1);
	return number;
}

/* A csv file of the groups of a case. */
static void write_case(const char *path, FILE *numbers, int groups, int rows)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("g,t,x,y\n", file);
	for (int g = 0; g < groups; g++)
		for (int t = 0; t < rows; t++) fprintf(file, "p%d,%d,0,%.10g\n", g, t, read_number(numbers));
	fclose(file);
}

/* The outputs of a network, written into the work area batch by batch, measured in the units of the file. */
static void measures_as_numpy_does(void **state)
{
	(void)state;
	static const char *const metrics[] = {"mae", "mse", "mase", "smape"};
	FILE *file = fopen("tests/reference/series.txt", "r");
	int groups, rows, length, horizon, season, cases = 0;
	double share;
	assert_non_null(file);
	for (; fscanf(file, "%d %d %d %d %d %lf", &groups, &rows, &length, &horizon, &season, &share) == 6; cases++) {
		Wide wide;
		nn_datasets sets;
		nn_tally tally;
		double values[NN_LOGS];
		series_model(&wide, length, horizon, 1);
		const nn_transform transforms[] = {{"y", NN_LOG, 0}, {"y", NN_DIFFERENCE, season}};
		wide.source.transforms = transforms;
		wide.source.transform_count = 2;
		wide.source.seasonality = season;
		wide.model.data.split_test = share;
		nn_field y = {.name = "y", .rank = 1, .shape = {horizon}, .per_row = 1, .count = (size_t)horizon};
		wide.inputs[LABEL] = (nn_field){.name = "data.label", .rank = 1, .shape = {horizon}, .count = (size_t)horizon};
		wide.programs[0].outputs = &y;
		wide.programs[0].output_count = 1;
		wide.output.metrics = metrics;
		wide.output.metric_count = 4;
		write_case(WINDOWS "/case.csv", file, groups, rows);
		nn_data_request request = {.need = NN_NEED_TRAIN, .want = NN_NEED_TEST, .train = WINDOWS "/case.csv"};
		open_sets(&wide.model, &request, &sets);
		assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
		const nn_program *program = wide.programs;
		assert_int_equal(nn_tally_open(&tally, &wide.model, &program, 1, 0, 0), 0);
		nn_loader_options options = {.batch_size = 7};
		nn_loader *loader = nn_loader_open(sets.test, wide.state, &options);
		for (const nn_batch *batch; (batch = nn_loader_next(loader)) != NULL;) {
			double work[7 * 16];
			for (int i = 0; i < batch->rows * horizon; i++) work[i] = read_number(file);
			assert_int_equal(nn_tally_add(&tally, program, work, batch), 0);
		}
		nn_tally_values(&tally, values, 0);
		for (int m = 0; m < 4; m++) {
			double expected = read_number(file), got = NAN;
			for (int i = 0; i < tally.log_count; i++)
				if (strcmp(tally.logs[i].name, metrics[m]) == 0) got = values[i];
			if (!(fabs(got - expected) <= 1e-12 * expected)) fail_msg("case %d: %s is %.17g, not %.17g", cases, metrics[m], got, expected);
		}
		for (int m = 0; m < 2; m++) {
			double expected = read_number(file), got = nn_dataset_naive_mae(sets.test, LABEL, m ? season : 1, NULL, NULL);
			if (!(fabs(got - expected) <= 1e-12 * expected)) fail_msg("case %d: the naive error is %.17g, not %.17g", cases, got, expected);
		}
		nn_loader_close(loader);
		nn_tally_close(&tally);
		nn_data_close(&sets);
	}
	fclose(file);
	assert_int_equal(cases, 4);
}

/* Without rows behind, without a label that is not needed; called by the last row that is read. */
static void predicts_every_row(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	char name[200], key[] = "data.features", x[] = "x", y[] = "y", *columns[] = {x, y};
	const nn_names known[] = {{key, columns, 2}};
	const char *const path = write_text(WINDOWS "/new.csv", "g,t,y,x\nb,1,10,1\nb,2,20,2\nb,3,30,3\na,1,40,4\n");
	series_model(&wide, 2, 5, 3);
	int kept = begin_listening();
	assert_int_equal(nn_data_open_inputs(&wide.model, &path, 1, known, 1, &sets), 0);
	assert_says(end_listening(kept), "new.csv:5: group \"a\": 1 rows are too few for a window of 2 (2 that go in); 1 of 2 series are left out");
	assert_int_equal(nn_dataset_count(sets.test), 2); /* every one, whatever the stride */
	const nn_batch *batch = whole_set(sets.test, NULL, &loader);
	static const double expected[] = {1, 10, 2, 20, 2, 20, 3, 30};
	assert_memory_equal(batch->fields[FEATURES], expected, sizeof expected);
	assert_string_equal(nn_dataset_name(sets.test, 1, name, sizeof name), WINDOWS "/new.csv:4");
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void assert_later(const char *const *texts, int count, int64_t steps, const char *expected)
{
	Time times[4];
	int64_t unequal, first;
	char buffer[TIME_TEXT];
	for (int i = 0; i < count; i++) assert_int_equal(nn_time_parse(texts[i], &times[i]), 0);
	TimeStep step = nn_time_step(times, count, &unequal, &first);
	assert_int_equal(unequal, 0);
	assert_string_equal(nn_time_later(&times[count - 1], &step, steps, buffer), expected);
}

/* The commonest step; how many are another, and the row to which the first of these leads. */
static void assert_step(const char *const *texts, int count, double step, int64_t others, int64_t where)
{
	Time times[8];
	int64_t unequal, first;
	for (int i = 0; i < count; i++) assert_int_equal(nn_time_parse(texts[i], &times[i]), 0);
	assert_true(nn_time_step(times, count, &unequal, &first).step == step);
	assert_int_equal(unequal, others);
	assert_int_equal(first, where);
}

static void continues_times(void **state)
{
	(void)state;
	assert_later((const char *const[]){"1960-10", "1960-11", "1960-12"}, 3, 3, "1961-03");
	assert_later((const char *const[]){"2019-12-31", "2020-01-31"}, 2, 1, "2020-02-29");
	assert_later((const char *const[]){"2023-01-28", "2023-02-28"}, 2, 1, "2023-03-28"); /* the last day by chance */
	assert_later((const char *const[]){"2023-03-30", "2023-06-30"}, 2, 2, "2023-12-30");
	assert_later((const char *const[]){"2023-01-31", "2023-02-28"}, 2, 1, "2023-03-31");
	assert_later((const char *const[]){"2020-01-30", "2020-02-29"}, 2, 1, "2020-03-30"); /* 30 days */
	assert_later((const char *const[]){"2020-01-15", "2020-02-15", "2020-03-15"}, 3, 12, "2021-03-15");
	assert_later((const char *const[]){"2020-02-27", "2020-02-28"}, 2, 2, "2020-03-01");
	assert_later((const char *const[]){"1999-12-31T22:00", "1999-12-31T23:00"}, 2, 2, "2000-01-01T01:00");
	assert_later((const char *const[]){"1999-12-31 23:59:30Z", "1999-12-31 23:59:45Z"}, 2, 1, "2000-01-01 00:00:00Z");
	assert_later((const char *const[]){"0.1", "0.2", "0.3"}, 3, 2, "0.5");
	assert_later((const char *const[]){"1949", "1950"}, 2, 5, "1955");
	assert_step((const char *const[]){"0", "1", "2", "3", "8", "15", "24", "35"}, 8, 1, 4, 4);
	assert_step((const char *const[]){"0", "5", "7", "12", "14"}, 5, 2, 2, 1);
	assert_step((const char *const[]){"2023-01-28", "2023-02-28", "2023-04-28", "2023-05-28"}, 4, 1, 1, 2);
	Time time;
	static const char *const wrong[] = {"", "May", "1949-13", "1949-02-30", "1949-01-01X10:00", "1949-01-01T24:00", "1949-01-01T10:00:00+01", "1949-1"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (!nn_time_parse(wrong[i], &time)) fail_msg("\"%s\" is a time", wrong[i]);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	static const nn_transform transforms[] = {{"y", NN_LOG, 0}, {"y", NN_DIFFERENCE, 12}};
	static const struct { const char *rows, *says; } wrong[] = {
		{"a,1,1,1\na,2,1,2\na,2,1,3\n", "s.csv:4: group \"a\": the time \"2\" is there twice, in line 3 too"},
		{"a,1,1,1\nb,9,1,1\na,3,1,2\na,2,1,3\n", "s.csv:5: group \"a\": the time \"2\" is before \"3\" of line 4; rows must be sorted by time"},
		{"a,1949-01,1,1\na,1949-02-01,1,1\n", "s.csv:3: group \"a\": the time \"1949-02-01\" is written otherwise than \"1949-01\""},
		{"a,May,1,1\n", "s.csv:2: \"May\" in column \"t\" is no time"},
		{"a,,1,1\n", "s.csv:2: \"\" in column \"t\" is no time"},
		{"a,1,1,1\na,2,1,0\n", "s.csv:3: column \"y\" is 0, of which there is no logarithm; log1p can be taken of 0"},
		{"a,1,1,1\na,2,1,5\na,3,1,5\n", "s.csv: group \"a\": the series has 3 rows, but a window needs 17: 12 for differences, 4 that go in, 1 to be predicted"},
		{"a,1,one,1\n", "s.csv:2: \"one\" in column \"x\" is no number"},
	};
	Wide wide;
	series_model(&wide, 4, 1, 1);
	wide.source.transforms = transforms;
	wide.source.transform_count = 2;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = WINDOWS "/s.csv"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char text[1000];
		snprintf(text, sizeof text, "g,t,x,y\n%s", wrong[i].rows);
		write_text(request.train, text);
		assert_refused(&wide.model, &request, wrong[i].says);
	}
	write_text(request.train, "g,t,x,z\na,1,1,1\n");
	assert_refused(&wide.model, &request, "s.csv: has no column \"y\" (label)");
	write_text(request.train, "g,time,x,y\na,1,1,1\n");
	assert_refused(&wide.model, &request, "s.csv: has no column \"t\" (time)");
	wide.source.transform_count = 0;
	wide.model.data.split_test = 0.1;
	write_text(request.train, "g,t,x,y\na,1,1,1\na,2,1,2\na,3,1,3\na,4,1,4\n");
	assert_refused(&wide.model, &request, "the series has 4 rows, but a window needs 5: 4 that go in, 1 to be predicted");
	write_text(request.train, "g,t,x,y\na,1,1,1\na,2,1,2\na,3,1,3\na,4,1,4\na,5,1,5\n");
	request.want = NN_NEED_TEST;
	assert_refused(&wide.model, &request, "group \"a\": the training part has 4 of 5 rows, but a window needs 5: 4 that go in, 1 to be predicted");
	wide.model.data.split_test = 0.2;
	wide.source.horizon = wide.fields[LABEL].steps = 2;
	write_text(request.train, "g,t,x,y\na,1,1,1\na,2,1,2\na,3,1,3\na,4,1,4\na,5,1,5\na,6,1,6\na,7,1,7\n");
	assert_refused(&wide.model, &request, "group \"a\": the test part has 1 of 7 rows, but a window predicts 2");
}

/* What is missing: filled where it goes in, and where it is needed the window is left out; unequal steps are said. */
static void leaves_out_what_is_missing(void **state)
{
	(void)state;
	Wide wide;
	nn_datasets sets;
	nn_loader *loader;
	series_model(&wide, 2, 1, 1);
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = WINDOWS "/missing.csv"};
	write_text(request.train, "g,t,x,y\na,1,1,1\na,2,,2\na,3,3,3\na,4,4,\na,5,5,5\na,8,6,6\na,9,7,7\n");
	const char *said = open_sets(&wide.model, &request, &sets);
	assert_says(said, "missing.csv:7: from \"5\" to \"8\" is not the usual step of time; 1 steps are not, and windows go by rows");
	assert_says(said, "missing.csv:5: 1 windows are left out, because a value that they can't do without is missing, the first in this line");
	assert_int_equal(nn_data_fit(sets.train, wide.state), 0);
	assert_int_equal(nn_dataset_count(sets.train), 4);
	const nn_batch *batch = whole_set(sets.train, wide.state, &loader);
	assert_true(((const double *)batch->fields[FEATURES])[2] == 4.5); /* the median of 1 3 4 5 6 7 */
	nn_loader_close(loader);
	nn_data_close(&sets);
	wide.source.impute = NN_IMPUTE_DROP;
	open_sets(&wide.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), 1);
	nn_data_close(&sets);
}

static int prepare(void **state)
{
	(void)state;
	fresh_folder("windows");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_windows_by_time), cmocka_unit_test(lanes_of_one_series), cmocka_unit_test(splits_whole_series),
		cmocka_unit_test(undoes_what_it_does), cmocka_unit_test(fits_and_restores),
		cmocka_unit_test(naive_forecast_of_what_has_one), cmocka_unit_test(measures_as_numpy_does),
		cmocka_unit_test(predicts_every_row), cmocka_unit_test(continues_times),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(leaves_out_what_is_missing),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
