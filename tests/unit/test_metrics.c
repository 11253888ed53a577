/* Input: tests/reference/metrics.txt, what scikit-learn computed and printed. Output: pass or fail, with the first
 * difference. Invariant: texts are compared to the character, averages to the bit, curves and losses to 1e-12. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "metrics.h"

enum { LINES = 512 };

typedef struct Case { /* the lines of one case: key, and the rest of the line or the text */
	char *key[LINES], *value[LINES];
	int count;
} Case;

static char *read_line(FILE *file) {
	char *line = NULL;
	size_t size = 0;
	ssize_t length = getline(&line, &size, file);
	if (length < 0) return free(line), NULL;
	if (length && line[length - 1] == '\n') line[length - 1] = 0;
	return line;
}

static char *read_text(FILE *file, int lines) {
	nn_text text = {0};
	for (int i = 0; i < lines; i++) {
		char *line = read_line(file);
		nn_text_add(&text, "%s%s", line, i + 1 < lines ? "\n" : "");
		free(line);
	}
	return text.data;
}

static int read_case(FILE *file, Case *item) {
	char *line;
	item->count = 0;
	while ((line = read_line(file)) && strcmp(line, "end: ")) {
		char *colon = strpbrk(line, ":=");
		assert_non_null(colon);
		assert_true(item->count < LINES);
		char *value = *colon == '=' ? read_text(file, atoi(colon + 2)) : strdup(colon + 2);
		*colon = 0;
		item->key[item->count] = line, item->value[item->count++] = value;
	}
	free(line);
	return item->count > 0;
}

static void free_case(Case *item) {
	for (int i = 0; i < item->count; i++) free(item->key[i]), free(item->value[i]);
}

static const char *get(const Case *item, const char *key) {
	for (int i = 0; i < item->count; i++)
		if (!strcmp(item->key[i], key)) return item->value[i];
	fail_msg("no '%s'", key);
	return NULL;
}

static double *numbers(const Case *item, const char *key, int64_t *count) {
	const char *text = get(item, key);
	double *values = malloc(sizeof *values * (strlen(text) + 2));
	char *end;
	for (*count = 0; *text; (*count)++, text = *end ? end + 1 : end) values[*count] = strtod(text, &end);
	return values;
}

static int *integers(const Case *item, const char *key, int64_t *count) {
	double *values = numbers(item, key, count);
	int *result = malloc(sizeof *result * (size_t)(*count + 1));
	for (int64_t i = 0; i < *count; i++) result[i] = (int)values[i];
	free(values);
	return result;
}

static uint8_t *bytes(const Case *item, const char *key, int64_t *count) {
	double *values = numbers(item, key, count);
	uint8_t *result = malloc((size_t)*count + 1);
	for (int64_t i = 0; i < *count; i++) result[i] = (uint8_t)values[i];
	free(values);
	return result;
}

static void check_number(const Case *item, const char *key, double got, double tolerance) {
	double want = strtod(get(item, key), NULL);
	if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
		fail_msg("%s: %.17g, scikit-learn says %.17g", key, got, want);
}

static void check_score(const char *want, const nn_class_score *got) {
	double value[4] = {got->precision, got->recall, got->f1, (double)got->support};
	char *end = (char *)want;
	for (int i = 0; i < 4; i++) {
		double expected = strtod(end, &end);
		if (expected != value[i]) fail_msg("score %d: %.17g, scikit-learn says %.17g", i, value[i], expected);
	}
}

static const char **names_of(const Case *item, int classes) {
	const char **names = calloc((size_t)classes + 1, sizeof *names);
	for (int i = 0, c = 0; i < item->count; i++)
		if (!strcmp(item->key[i], "name")) names[c++] = item->value[i];
	return names;
}

static void check_report(const Case *item, const nn_classification *result, const char **names) {
	nn_text text = {0};
	nn_classification_text(&text, result, names, atoi(get(item, "digits")));
	assert_string_equal(text.data, get(item, "report"));
	nn_text_free(&text);
}

static void check_classes(const Case *item) {
	int64_t samples;
	int classes = atoi(get(item, "classes")), *truth = integers(item, "truth", &samples),
	    *predicted = integers(item, "predicted", &samples);
	const char **names = names_of(item, classes);
	nn_classification result;
	nn_text text = {0};
	assert_int_equal(nn_classify(&result, truth, predicted, samples, classes), 0);
	check_report(item, &result, names);
	nn_confusion_text(&text, result.confusion, classes);
	text.data[--text.length] = 0; /* print adds the end of line */
	assert_string_equal(text.data, get(item, "confusion"));
	for (int i = 0, c = 0; i < item->count; i++)
		if (!strcmp(item->key[i], "class")) check_score(item->value[i], &result.classes[c++]);
	check_score(get(item, "macro"), &result.macro);
	check_score(get(item, "weighted"), &result.weighted);
	check_number(item, "accuracy", result.micro.precision, 0);
	nn_text_free(&text);
	nn_classification_free(&result);
	free(names), free(truth), free(predicted);
}

static void check_multilabel(const Case *item) {
	int64_t count;
	int classes = atoi(get(item, "classes"));
	uint8_t *truth = bytes(item, "truth", &count), *predicted = bytes(item, "predicted", &count);
	const char **names = names_of(item, classes);
	nn_classification result;
	assert_int_equal(nn_classify_multilabel(&result, truth, predicted, count / classes, classes), 0);
	check_report(item, &result, names);
	nn_classification_free(&result);
	free(names), free(truth), free(predicted);
}

static void check_curve(const Case *item, const double *scores, const uint8_t *truth, int64_t samples) {
	int64_t count;
	double *fpr = numbers(item, "fpr", &count), *tpr = numbers(item, "tpr", &count);
	double *x = malloc(sizeof *x * (size_t)(samples + 1)), *y = malloc(sizeof *y * (size_t)(samples + 1)), area = 0,
	       wanted = 0;
	int64_t corners = nn_roc_curve(scores, truth, samples, x, y);
	assert_true(corners >= 2 && corners <= samples + 1);
	for (int64_t i = 1; i < corners; i++) area += (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2;
	for (int64_t i = 1; i < count; i++) wanted += (fpr[i] - fpr[i - 1]) * (tpr[i] + tpr[i - 1]) / 2;
	assert_true(fabs(area - wanted) < 1e-12);
	assert_true(x[0] == 0 && y[0] == 0 && x[corners - 1] == 1 && y[corners - 1] == 1);
	free(fpr), free(tpr), free(x), free(y);
}

static void check_scores(const Case *item) {
	int64_t samples;
	double *scores = numbers(item, "scores", &samples), *both = malloc(sizeof *both * 2 * (size_t)samples);
	uint8_t *truth = bytes(item, "truth", &samples);
	int *classes = integers(item, "truth", &samples);
	for (int64_t i = 0; i < samples; i++) both[2 * i] = 1 - scores[i], both[2 * i + 1] = scores[i];
	check_number(item, "auc", nn_roc_auc(scores, truth, samples), 1e-12);
	check_number(item, "logloss", nn_log_loss(both, classes, samples, 2), 1e-12);
	check_curve(item, scores, truth, samples);
	free(scores), free(both), free(truth), free(classes);
}

static void check_ovr(const Case *item) {
	int64_t samples, count;
	int classes = atoi(get(item, "classes")), *truth = integers(item, "truth", &samples);
	double *scores = numbers(item, "scores", &count);
	assert_int_equal(count, samples * classes);
	check_number(item, "auc", nn_roc_auc_ovr(scores, truth, samples, classes), 1e-12);
	check_number(item, "logloss", nn_log_loss(scores, truth, samples, classes), 1e-12);
	free(truth), free(scores);
}

static void check_regression(const Case *item) {
	int64_t count, outputs = atoi(get(item, "outputs"));
	double *truth = numbers(item, "truth", &count), *predicted = numbers(item, "predicted", &count);
	check_number(item, "mae", nn_mean_absolute_error(truth, predicted, count / outputs, outputs), 1e-12);
	check_number(item, "mse", nn_mean_squared_error(truth, predicted, count / outputs, outputs), 1e-12);
	check_number(item, "r2", nn_r2(truth, predicted, count / outputs, outputs), 1e-9);
	free(truth), free(predicted);
}

static void test_reference(void **state) {
	static const struct {
		const char *kind;
		void (*check)(const Case *);
	} checks[] = {{"classes", check_classes},
	              {"multilabel", check_multilabel},
	              {"scores", check_scores},
	              {"ovr", check_ovr},
	              {"regression", check_regression}};
	FILE *file = fopen("tests/reference/metrics.txt", "r");
	Case item;
	int seen[5] = {0};
	(void)state;
	assert_non_null(file);
	for (int found; read_case(file, &item); free_case(&item)) {
		found = 0;
		for (int i = 0; i < 5; i++)
			if (!strcmp(get(&item, "case"), checks[i].kind)) checks[i].check(&item), seen[i]++, found = 1;
		assert_true(found);
	}
	fclose(file);
	for (int i = 0; i < 5; i++) assert_true(seen[i] >= 20);
}

static void test_undefined(void **state) {
	double scores[3] = {0.1, NAN, 0.5};
	uint8_t positive[3] = {0, 1, 1}, alone[3] = {1, 1, 1};
	(void)state;
	assert_true(isnan(nn_roc_auc(scores, positive, 3)));
	scores[1] = 0.2;
	assert_true(isnan(nn_roc_auc(scores, alone, 3)));
	assert_true(isnan(nn_r2(scores, scores, 1, 1)));
	assert_true(nn_roc_auc(scores, positive, 3) == 1);
}

static void test_json(void **state) {
	int truth[3] = {0, 1, 1}, predicted[3] = {0, 1, 0};
	const char *names[2] = {"a\"b", "c\n"};
	nn_classification result;
	nn_text text = {0};
	(void)state;
	assert_int_equal(nn_classify(&result, truth, predicted, 3, 2), 0);
	nn_classification_json(&text, &result, names);
	assert_non_null(strstr(
	        text.data,
	        "\"a\\\"b\": {\"precision\": 0.5, \"recall\": 1, \"f1-score\": 0.6666666666666666, \"support\": 1.0}"));
	assert_non_null(strstr(text.data, "\"c\\n\": {"));
	assert_non_null(strstr(text.data, "\"accuracy\": 0.6666666666666666"));
	nn_text_free(&text);
	nn_classification_free(&result);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference), cmocka_unit_test(test_undefined),
	                                   cmocka_unit_test(test_json)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
