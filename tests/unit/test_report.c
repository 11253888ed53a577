/* Input: histories and evaluations, with hostile names. Output: pass or fail.
 * Invariant: a report is well-formed XML without scripts or links, whatever the names are; lines and tables read as
 * they should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "commands.h"
#include "evaluate.h"
#include "progress.h"
#include "report.h"
#define FAKE fake_binary
#define FAKE_NUMBER float
#define FAKE_UNITS 1
#define FAKE_TASK NN_BINARY
#include "fake_model.h"

enum { DEPTH = 64 };
static const char *const hostile = "</title><script>alert('x')</script>&amp;\"'\x01\xff\xc0\xaf";

/* Tags nest, attributes are quoted, & begins an entity, no bare < or > in attributes; from the doctype on. */
static void check_well_formed(const char *page) {
	char open[DEPTH][24];
	int depth = 0;
	const char *c = strchr(page, '\n');
	assert_memory_equal(page, "<!DOCTYPE html>\n", 16);
	for (; *c; c++) {
		assert_true(nn_utf8_character(c) > 0 || ((unsigned char)*c & 0xc0) == 0x80);
		assert_true((unsigned char)*c >= 0x20 || *c == '\n' || *c == '\t');
		if (*c == '&') assert_true(c[1] == '#' || strcspn(c, ";") < 8);
		if (*c != '<') continue;
		int closing = c[1] == '/';
		char name[24] = "";
		size_t length = strcspn(c + 1 + closing, " \n/>");
		assert_true(length > 0 && length < sizeof name);
		memcpy(name, c + 1 + closing, length);
		assert_string_not_equal(name, "script");
		for (c += 1 + closing + length; *c != '>' && !(c[0] == '/' && c[1] == '>'); c++) {
			assert_true(*c && *c != '<');
			if (*c == '"') c = strchr(c + 1, '"');
			assert_non_null(c);
		}
		if (closing) {
			assert_true(depth > 0);
			assert_string_equal(open[--depth], name);
		} else if (*c == '>') {
			assert_true(depth < DEPTH);
			snprintf(open[depth++], sizeof open[0], "%s", name);
		} else {
			c++;
		}
	}
	assert_int_equal(depth, 0);
}

static nn_history history_of(int epochs) {
	nn_history history = {.column_count = 4, .columns = {"accuracy", "loss", "val_accuracy", "val_loss"}};
	for (int e = 0; e < epochs; e++) {
		double values[4] = {0.5 + 0.1 * e, 1.0 / (e + 1), e % 3 ? 0.7 : NAN, e == 5 ? INFINITY : 1.1 / (e + 1)};
		assert_int_equal(nn_history_add(&history, values), 0);
	}
	return history;
}

static char *page_of(int epochs, int with_evaluation, const nn_model *model, char *const classes[2]) {
	nn_history history = history_of(epochs);
	int truth[6] = {0, 0, 0, 1, 1, 1}, predicted[6] = {0, 0, 1, 1, 1, 0};
	double x[3] = {0, 0.4, 1}, y[3] = {0, 0.8, 1};
	nn_evaluation evaluation = {.model = model,
	                            .split = "test",
	                            .source = hostile,
	                            .samples = 6,
	                            .loss = 0.5,
	                            .class_count = 2,
	                            .classes = (char **)classes,
	                            .accuracy = 4.0 / 6,
	                            .roc_auc = 0.7,
	                            .log_loss = 0.5,
	                            .sensitivity = 0.66,
	                            .specificity = 0.66,
	                            .false_rates = x,
	                            .true_rates = y,
	                            .roc_count = 3,
	                            .mae = NAN,
	                            .mse = NAN,
	                            .r2 = NAN};
	nn_report report = {.model = model,
	                    .history = &history,
	                    .evaluation = with_evaluation ? &evaluation : NULL,
	                    .best_epoch = epochs - 1,
	                    .epochs = epochs,
	                    .seed = UINT64_MAX,
	                    .seconds = 4000};
	nn_text text = {0};
	assert_int_equal(nn_classify(&evaluation.scores, truth, predicted, 6, 2), 0);
	nn_report_html(&text, &report);
	assert_false(text.failed);
	nn_classification_free(&evaluation.scores);
	nn_history_free(&history);
	return text.data;
}

static void test_pages(void **unused) {
	nn_model model = fake_binary_model();
	char *const classes[2] = {(char *)hostile, "b<c>"};
	nn_layer layer = {hostile, hostile, hostile, 5};
	(void)unused;
	model.layers = &layer, model.training.optimizer = hostile, model.training.loss = hostile;
	model.spec = (const char *const[]){hostile, NULL}, model.name = hostile;
	model.target = hostile;
	for (int epochs = 0; epochs < 50; epochs = epochs * 2 + 1)
		for (int evaluated = 0; evaluated < 2; evaluated++) {
			char *page = page_of(epochs, evaluated, &model, classes);
			check_well_formed(page);
			assert_null(strstr(page, "<script"));
			assert_null(strstr(page, "http"));
			const char *nan = strstr(page, "nan");
			if (nan) fail_msg("%.60s", nan - 30);
			assert_null(strstr(page, "inf,"));
			assert_true(!evaluated || strstr(page, "b&lt;c&gt;"));
			free(page);
		}
}

static void test_curves(void **unused) {
	nn_history history = history_of(6);
	nn_text text = {0};
	(void)unused;
	nn_svg_curves(&text, &history, "loss", 2);
	assert_non_null(strstr(text.data, "<path class=\"train\" d=\" M52.00"));
	assert_non_null(strstr(text.data, "class=\"validation\""));
	assert_non_null(strstr(text.data, "class=\"best\""));
	assert_null(strstr(text.data, "nan"));
	assert_null(strstr(text.data, "inf"));
	text.length = 0;
	nn_svg_curves(&text, &history, "absent", 0);
	assert_int_equal(text.length, 0);
	nn_text_free(&text);
	nn_history_free(&history);
}

static void check_line(const nn_progress_line *line, const double *values, const char *expected) {
	static const char names[2][64] = {"accuracy", "loss"};
	nn_text text = {0};
	nn_progress_text(&text, line, names, values, 2);
	assert_string_equal(text.data, expected);
	assert_true(line->final || nn_utf8_length(text.data) < (size_t)line->width);
	nn_text_free(&text);
}

static void test_progress(void **unused) {
	double values[2] = {0.81, 0.42}, small[2] = {NAN, 1e-5};
	nn_progress_line line = {
	        .step = 32, .steps = 100, .seconds = 4.8, .rate = 213.3, .step_seconds = 0.15, .width = 120, .utf8 = 1};
	(void)unused;
	check_line(&line, values,
	           " 32/100 ━━━━━━────────────── 10s 150ms/step 213 samples/s - accuracy: 0.8100 - loss: 0.4200");
	check_line(&line, small, " 32/100 ━━━━━━────────────── 10s 150ms/step 213 samples/s - loss: 1.0000e-05");
	line.width = 80;
	check_line(&line, values, " 32/100 ━━━━━━────────────── 10s 150ms/step - accuracy: 0.8100 - loss: 0.4200");
	line.width = 70;
	check_line(&line, values, " 32/100 ━━────── 10s 150ms/step - accuracy: 0.8100 - loss: 0.4200");
	line.width = 50, line.utf8 = 0;
	check_line(&line, values, " 32/100  10s 150ms/step - accuracy: 0.8100 - los");
	line.width = 5;
	nn_text text = {0};
	nn_progress_text(&text, &line, NULL, NULL, 0);
	nn_text_free(&text);
	line = (nn_progress_line){
	        .step = 100, .steps = 100, .seconds = 75, .rate = 3.14, .step_seconds = 2, .final = 1, .width = 40};
	check_line(&line, values, "100/100 ==================== 1:15 2s/step 3.1 samples/s - accuracy: 0.8100 - loss: 0.4200");
	line = (nn_progress_line){.step = 1, .steps = 10, .seconds = 1, .rate = 1, .step_seconds = 3600, .width = 100};
	check_line(&line, values,
	           " 1/10 ==.................. 9:00:00 3600s/step 1.0 samples/s - accuracy: 0.8100 - loss: 0.4200");
}

static void test_info(void **unused) {
	nn_model model = fake_binary_model();
	nn_text text = {0};
	(void)unused;
	model.parameters = 44396033, model.trainable_parameters = 44396032;
	nn_info_text(&text, &model);
	assert_non_null(strstr(text.data, " Total params: 44,396,033 (169.36 MB)\n Trainable params: 44,396,032 "
	                                  "(169.36 MB)\n Non-trainable params: 1 (4.00 B)\n"));
	assert_non_null(
	        strstr(text.data, "│ dense (Dense)                   │ (None, 1)              │             5 │\n"));
	nn_text_free(&text);
}

static void test_numbers(void **unused) {
	static const struct {
		double number;
		int size;
		const char *text;
	} cases[] = {{0.1, 8, "0.1"},
	             {1.0 / 3, 8, "0.3333333333333333"},
	             {(float)0.1, 4, "0.1"},
	             {(float)(1.0 / 3), 4, "0.33333334"},
	             {1e300, 8, "1e+300"},
	             {-INFINITY, 8, "-inf"},
	             {NAN, 4, "nan"},
	             {5e-324, 8, "5e-324"},
	             {0, 8, "0"}};
	nn_text text = {0};
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		text.length = 0;
		nn_text_number(&text, cases[i].number, cases[i].size);
		assert_string_equal(text.data, cases[i].text);
	}
	text.length = 0;
	nn_text_csv(&text, "a,\"b\"");
	assert_string_equal(text.data, "\"a,\"\"b\"\"\"");
	text.length = 0;
	nn_text_json_string(&text, "\"\\\n\x1f\xff");
	assert_string_equal(text.data, "\"\\\"\\\\\\n\\u001f\xef\xbf\xbd\"");
	nn_text_free(&text);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_curves),
	                                   cmocka_unit_test(test_progress), cmocka_unit_test(test_info),
	                                   cmocka_unit_test(test_numbers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
