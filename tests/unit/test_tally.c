/* test_tally.c: in: tests/reference/steps.txt, what Keras makes of predictions for every step, of which a mask leaves some out; out:
 * whether a tally over batches of any size makes the same of them, and whether what is masked could be anything.
 * Invariant: numbers agree to 1e-6, since Keras's are in single precision; counts agree exactly. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tally.h"

enum { MOST = 2048, BYTES = 1 << 16 };

typedef struct Series {
	double *numbers; /* NULL: not given */
	int count;
} Series;

typedef struct Case {
	Series task, sizes, y, label, mask, accuracy, perplexity, confusion, mae, mse, rmse;
} Case;

static const struct {
	const char *name;
	size_t at;
} keys[] = {
#define X(name) {#name, offsetof(Case, name)},
	X(task) X(sizes) X(y) X(label) X(mask) X(accuracy) X(perplexity) X(confusion) X(mae) X(mse) X(rmse)
#undef X
};

static void read_numbers(Series *series, char *text)
{
	series->numbers = malloc(sizeof *series->numbers * MOST);
	for (char *end; series->count < MOST; text = end) {
		double value = strtod(text, &end);
		if (end == text) break;
		series->numbers[series->count++] = value;
	}
}

static int read_case(FILE *file, Case *item)
{
	char *line = NULL;
	size_t size = 0;
	*item = (Case){0};
	while (getline(&line, &size, file) > 0 && strncmp(line, "end:", 4)) {
		char *colon = strchr(line, ':');
		assert_non_null(colon);
		*colon = 0;
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (!strcmp(line, keys[i].name)) read_numbers((Series *)(void *)((char *)item + keys[i].at), colon + 1);
	}
	free(line);
	return item->sizes.count > 0;
}

static void free_case(Case *item)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) free(((Series *)(void *)((char *)item + keys[i].at))->numbers);
}

/* A model whose program has left y, its mask and a loss in the work area. */
typedef struct Network {
	nn_model model;
	nn_output output;
	nn_data_field label_field;
	nn_field label, outputs[3];
	nn_program program;
	double work[BYTES / sizeof(double)];
} Network;

enum { LOSS_AT = 0, Y_AT = 8, MASK_AT = Y_AT + MOST * 8 };

static void make_network(Network *n, const Case *item)
{
	static const nn_task tasks[] = {NN_REGRESSION, NN_BINARY, NN_MULTICLASS};
	static const char *const classed[] = {"accuracy", "perplexity"}, *const numbers[] = {"mae", "mse", "rmse"};
	const double *sizes = item->sizes.numbers;
	int64_t steps = (int64_t)sizes[1], units = (int64_t)sizes[2], labels = (int64_t)sizes[3];
	nn_task task = tasks[(int)item->task.numbers[0]];
	memset(n, 0, sizeof *n);
	n->output = (nn_output){.name = "y", .task = task, .logits = (int)item->task.numbers[1], .metrics = task == NN_REGRESSION ? numbers : classed,
		.metric_count = task == NN_REGRESSION ? 3 : task == NN_BINARY ? 1 : 2};
	n->label_field = (nn_data_field){.name = "data.label", .label = 1, .classed = task != NN_REGRESSION, .count = (size_t)(steps * labels)};
	n->label = (nn_field){"data.label", 2, {steps, labels}, 1, 0, (size_t)(steps * labels)};
	n->outputs[0] = (nn_field){"loss", 0, {0}, 0, LOSS_AT, 1};
	n->outputs[1] = (nn_field){"y", 2, {steps, units}, 1, Y_AT, (size_t)(steps * units)};
	n->outputs[2] = (nn_field){NN_MASK "y", 1, {steps}, 1, MASK_AT, (size_t)steps};
	n->program = (nn_program){.name = "evaluate", .batch = MOST, .inputs = &n->label, .input_count = 1, .outputs = n->outputs, .output_count = 3};
	n->model = (nn_model){.number_size = 8, .outputs = &n->output, .output_count = 1, .programs = &n->program, .program_count = 1,
		.data = {.fields = &n->label_field, .field_count = 1}};
}

/* Feeds the rows in batches. junk: what stands at places that do not count. */
static void feed(Network *n, nn_tally *tally, const Case *item, int size, double junk)
{
	const double *sizes = item->sizes.numbers;
	int rows = (int)sizes[0], steps = (int)sizes[1], units = (int)sizes[2], labels = (int)sizes[3];
	char *work = (char *)n->work;
	double *y = (double *)(void *)(work + Y_AT), *mask = (double *)(void *)(work + MASK_AT), label[MOST];
	for (int from = 0; from < rows; from += size) {
		int count = rows - from < size ? rows - from : size;
		double places = 0;
		for (int i = 0; i < count * steps; i++) {
			int at = from * steps + i;
			mask[i] = item->mask.numbers[at];
			places += mask[i];
			for (int k = 0; k < units; k++) y[i * units + k] = mask[i] != 0 ? item->y.numbers[at * units + k] : junk;
			for (int k = 0; k < labels; k++) label[i * labels + k] = mask[i] != 0 ? item->label.numbers[at * labels + k] : junk;
		}
		n->work[0] = places; /* a mean over places that is their number: what the set's is, is known */
		const void *fields[] = {label};
		nn_batch batch = {.rows = count, .fields = fields};
		assert_int_equal(nn_tally_add(tally, &n->program, n->work, &batch), 0);
	}
}

static void near(double value, double wanted, const char *what, int number)
{
	if (!(fabs(value - wanted) <= 1e-6 * fmax(1, fabs(wanted)))) fail_msg("case %d: %s is %.9g, not %.9g", number, what, value, wanted);
}

static void compare(const nn_tally *tally, const Case *item, int number)
{
	double values[NN_LOGS];
	int found = 0, classes = nn_tally_classes(&tally->parts[0]);
	nn_tally_values(tally, values, 0);
	for (int i = 0; i < tally->log_count; i++)
		for (size_t k = 5; k < sizeof keys / sizeof *keys; k++) {
			const Series *wanted = (const Series *)(const void *)((const char *)item + keys[k].at);
			if (strcmp(tally->logs[i].name, keys[k].name) || !wanted->numbers) continue;
			near(values[i], wanted->numbers[0], keys[k].name, number);
			found++;
		}
	assert_int_equal(found, tally->parts[0].output->metric_count);
	for (int i = 0; item->confusion.numbers && i < classes * classes; i++)
		assert_int_equal(nn_tally_confused(&tally->parts[0], i / classes, i % classes), (int64_t)item->confusion.numbers[i]);
}

/* The loss of a set is the mean over all places that count. */
static void check_loss(const nn_tally *tally, const Case *item, int size, int number)
{
	double values[NN_LOGS], sum = 0, squares = 0;
	int rows = (int)item->sizes.numbers[0], steps = (int)item->sizes.numbers[1];
	nn_tally_values(tally, values, 0);
	for (int from = 0; from < rows; from += size) {
		double places = 0;
		for (int i = from * steps; i < (from + size < rows ? from + size : rows) * steps; i++) places += item->mask.numbers[i];
		sum += places;
		squares += places * places;
	}
	for (int i = 0; i < tally->log_count; i++)
		if (!strcmp(tally->logs[i].name, "loss")) near(values[i], squares / sum, "loss", number);
}

static void agrees_with_keras(void **state)
{
	(void)state;
	static Network network;
	static const double junk[] = {0, 3, -1e9, NAN};
	FILE *file = fopen("tests/reference/steps.txt", "r");
	Case item;
	int number = 0;
	assert_non_null(file);
	for (; read_case(file, &item); number++) {
		make_network(&network, &item);
		int sizes[] = {(int)item.sizes.numbers[4], 1, (int)item.sizes.numbers[0]};
		for (int i = 0; i < 3 * 4; i++) {
			nn_tally tally;
			const nn_program *program = &network.program;
			assert_int_equal(nn_tally_open(&tally, &network.model, &program, 1, 1, 0), 0);
			feed(&network, &tally, &item, sizes[i % 3], junk[i / 3]);
			compare(&tally, &item, number);
			check_loss(&tally, &item, sizes[i % 3], number);
			nn_tally_close(&tally);
		}
		free_case(&item);
	}
	free_case(&item);
	fclose(file);
	assert_int_equal(number, 40);
}

/* R2 and what is kept are of the places that count, too. */
static void keeps_places_that_count(void **state)
{
	(void)state;
	static Network network;
	double task[] = {0, 0}, sizes[] = {2, 3, 1, 1, 1}, y[] = {1, 2, 9, 4, 9, 9}, label[] = {1, 3, 0, 5, 0, 0}, mask[] = {1, 1, 0, 1, 0, 0};
	Case item = {.task = {task, 2}, .sizes = {sizes, 5}, .y = {y, 6}, .label = {label, 6}, .mask = {mask, 6}};
	static const char *const metrics[] = {"r2"};
	nn_tally tally;
	double values[NN_LOGS];
	make_network(&network, &item);
	network.output.metrics = metrics;
	network.output.metric_count = 1;
	const nn_program *program = &network.program;
	assert_int_equal(nn_tally_open(&tally, &network.model, &program, 1, 0, 0), 0);
	feed(&network, &tally, &item, 1, NAN);
	assert_int_equal(tally.parts[0].kept_rows, 3);
	nn_tally_values(&tally, values, 0);
	near(values[1], 1 - 2.0 / 8, "r2", 0); /* of 1, 3, 5 against 1, 2, 4 */
	nn_tally_close(&tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_keras), cmocka_unit_test(keeps_places_that_count)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
