/* Input: true and predicted classes. Output: the confusion matrix, the scores, and both as scikit-learn and numpy print
 * them. Invariant: sums run in numpy's order and every division is theirs, so that no printed digit differs. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "message.h"
#include "metrics.h"

enum { NUMPY_WIDTH = 75, NUMPY_THRESHOLD = 1000, NUMPY_EDGE = 3 };

typedef struct Counts { /* of one class, one sample, or all */
	int64_t right, predicted, present;
} Counts;

static double ratio(int64_t a, int64_t b) { return b ? (double)a / (double)b : 0; }

static nn_class_score score_of(Counts counts) {
	return (nn_class_score){ratio(counts.right, counts.predicted), ratio(counts.right, counts.present),
	                        ratio(2 * counts.right, counts.present + counts.predicted), counts.present};
}

/* Mean of scores[i].*field, each weighing weights[i] of its own support if weighted. */
static double average(const nn_class_score *scores, int64_t count, size_t field, int weighted) {
	double *terms = calloc((size_t)count + 1, sizeof *terms), *weights = calloc((size_t)count + 1, sizeof *weights);
	double total = 0, result = 0;
	for (int64_t i = 0; terms && weights && i < count; i++) {
		terms[i] = *(const double *)((const char *)&scores[i] + field);
		weights[i] = (double)scores[i].support;
	}
	if (weights && weighted) total = nn_numpy_sum(weights, count);
	for (int64_t i = 0; total > 0 && i < count; i++) terms[i] *= weights[i];
	if (terms && count > 0) result = nn_numpy_sum(terms, count) / (total > 0 ? total : (double)count);
	free(terms);
	free(weights);
	return result;
}

static nn_class_score average_of(const nn_class_score *scores, int64_t count, int weighted, int64_t support) {
	return (nn_class_score){average(scores, count, offsetof(nn_class_score, precision), weighted),
	                        average(scores, count, offsetof(nn_class_score, recall), weighted),
	                        average(scores, count, offsetof(nn_class_score, f1), weighted), support};
}

/* From the counts of each class to all the scores. */
static void finish(nn_classification *result, const Counts *counts) {
	Counts all = {0};
	for (int c = 0; c < result->class_count; c++) {
		result->classes[c] = score_of(counts[c]);
		result->unpredicted += !counts[c].predicted, result->absent += !counts[c].present;
		all.right += counts[c].right, all.predicted += counts[c].predicted, all.present += counts[c].present;
	}
	result->micro = score_of(all);
	result->macro = average_of(result->classes, result->class_count, 0, all.present);
	result->weighted = average_of(result->classes, result->class_count, 1, all.present);
}

int nn_classify_counted(nn_classification *result, int64_t *confusion, int class_count) {
	size_t classes = (size_t)class_count;
	Counts *counts = calloc(classes + 1, sizeof *counts);
	*result = (nn_classification){
	        .class_count = class_count, .confusion = confusion, .classes = calloc(classes + 1, sizeof *result->classes)};
	if (!counts || !confusion || !result->classes) {
		free(counts);
		nn_classification_free(result);
		return 1;
	}
	for (int t = 0; t < class_count; t++)
		for (int p = 0; p < class_count; p++) {
			int64_t count = confusion[t * class_count + p];
			result->samples += count;
			counts[t].present += count, counts[p].predicted += count;
			if (t == p) counts[t].right = count;
		}
	finish(result, counts);
	free(counts);
	return 0;
}

int nn_classify(nn_classification *result, const int *truth, const int *predicted, int64_t samples, int class_count) {
	int64_t *confusion = calloc((size_t)class_count * (size_t)class_count + 1, sizeof *confusion);
	for (int64_t i = 0; confusion && i < samples; i++) confusion[truth[i] * class_count + predicted[i]]++;
	return nn_classify_counted(result, confusion, class_count);
}

static Counts count_row(const uint8_t *truth, const uint8_t *predicted, int64_t count, int64_t stride) {
	Counts counts = {0};
	for (int64_t i = 0; i < count * stride; i += stride)
		counts.right += truth[i] && predicted[i], counts.predicted += predicted[i] != 0,
		        counts.present += truth[i] != 0;
	return counts;
}

int nn_classify_multilabel(nn_classification *result, const uint8_t *truth, const uint8_t *predicted, int64_t samples,
                           int class_count) {
	Counts *counts = calloc((size_t)class_count + 1, sizeof *counts);
	nn_class_score *rows = calloc((size_t)samples + 1, sizeof *rows);
	*result = (nn_classification){.class_count = class_count,
	                              .samples = samples,
	                              .multilabel = 1,
	                              .classes = calloc((size_t)class_count + 1, sizeof *result->classes)};
	int failed = !counts || !rows || !result->classes;
	for (int c = 0; !failed && c < class_count; c++)
		counts[c] = count_row(truth + c, predicted + c, samples, class_count);
	for (int64_t i = 0; !failed && i < samples; i++)
		rows[i] = score_of(count_row(truth + i * class_count, predicted + i * class_count, class_count, 1));
	if (!failed)
		finish(result, counts), result->by_sample = average_of(rows, samples, 0, result->micro.support);
	else
		nn_classification_free(result);
	free(counts);
	free(rows);
	return failed;
}

void nn_classification_free(nn_classification *result) {
	free(result->confusion);
	free(result->classes);
	*result = (nn_classification){0};
}

/* Right-aligned in so many characters, however many bytes they have: "{:>{width}s} ". */
static void add_heading(nn_text *text, const char *name, size_t width) {
	for (size_t length = nn_utf8_length(name); length < width; length++) nn_text_add(text, " ");
	nn_text_add(text, "%s ", name);
}

/* "{:>9}" of the support, which scikit-learn counts in floating point when not one prediction is right. */
static void add_support(nn_text *text, const nn_classification *result, int64_t support) {
	if (!result->multilabel && result->micro.f1 == 0)
		nn_text_add(text, " %9.1f\n", (double)support);
	else
		nn_text_add(text, " %9lld\n", (long long)support);
}

static void add_row(nn_text *text, const nn_classification *result, const char *name, const nn_class_score *score,
                    size_t width, int digits) {
	add_heading(text, name, width);
	nn_text_add(text, " %9.*f %9.*f %9.*f", digits, score->precision, digits, score->recall, digits, score->f1);
	add_support(text, result, score->support);
}

void nn_classification_text(nn_text *text, const nn_classification *result, const char *const *names, int digits) {
	size_t width = strlen("weighted avg");
	if ((size_t)digits > width) width = (size_t)digits;
	for (int c = 0; c < result->class_count; c++)
		if (nn_utf8_length(names[c]) > width) width = nn_utf8_length(names[c]);
	add_heading(text, "", width);
	nn_text_add(text, " %9s %9s %9s %9s\n\n", "precision", "recall", "f1-score", "support");
	for (int c = 0; c < result->class_count; c++)
		add_row(text, result, names[c], &result->classes[c], width, digits);
	nn_text_add(text, "\n");
	if (result->multilabel) {
		add_row(text, result, "micro avg", &result->micro, width, digits);
	} else {
		add_heading(text, "accuracy", width);
		nn_text_add(text, " %9s %9s %9.*f", "", "", digits, result->micro.f1);
		add_support(text, result, result->micro.support);
	}
	add_row(text, result, "macro avg", &result->macro, width, digits);
	add_row(text, result, "weighted avg", &result->weighted, width, digits);
	if (result->multilabel) add_row(text, result, "samples avg", &result->by_sample, width, digits);
}

static void add_member(nn_text *text, const char *name, const nn_class_score *score) {
	nn_text_json_string(text, name);
	nn_text_add(text, ": {\"precision\": ");
	nn_text_json_number(text, score->precision);
	nn_text_add(text, ", \"recall\": ");
	nn_text_json_number(text, score->recall);
	nn_text_add(text, ", \"f1-score\": ");
	nn_text_json_number(text, score->f1);
	nn_text_add(text, ", \"support\": %lld.0}", (long long)score->support);
}

void nn_classification_json(nn_text *text, const nn_classification *result, const char *const *names) {
	for (int c = 0; c < result->class_count; c++) {
		add_member(text, names[c], &result->classes[c]);
		nn_text_add(text, ",\n");
	}
	if (result->multilabel) {
		add_member(text, "micro avg", &result->micro);
	} else {
		nn_text_add(text, "\"accuracy\": ");
		nn_text_json_number(text, result->micro.precision);
	}
	nn_text_add(text, ",\n");
	add_member(text, "macro avg", &result->macro);
	nn_text_add(text, ",\n");
	add_member(text, "weighted avg", &result->weighted);
	if (!result->multilabel) return;
	nn_text_add(text, ",\n");
	add_member(text, "samples avg", &result->by_sample);
}

/* One warning that names the classes for which a score is undefined. */
static void warn_of(const nn_classification *result, const char *const *names, const char *score, const char *which,
                    int predicted) {
	nn_text list = {0};
	for (int c = 0; c < result->class_count; c++) {
		int64_t column = 0;
		for (int r = 0; result->confusion && r < result->class_count; r++)
			column += result->confusion[r * result->class_count + c];
		if (predicted ? column == 0 : result->classes[c].support == 0)
			nn_text_add(&list, "%s%s", list.length ? ", " : "", names[c]);
	}
	nn_warning("%s is ill-defined and being set to 0.0 in labels with no %s samples: %s", score, which,
	           list.data ? list.data : "");
	nn_text_free(&list);
}

void nn_classification_warn(const nn_classification *result, const char *const *names) {
	if (result->multilabel) {
		if (result->unpredicted)
			nn_warning(
			        "Precision is ill-defined and being set to 0.0 in labels with no predicted samples.");
		if (result->absent)
			nn_warning("Recall is ill-defined and being set to 0.0 in labels with no true samples.");
		return;
	}
	if (result->unpredicted) warn_of(result, names, "Precision", "predicted", 1);
	if (result->absent) warn_of(result, names, "Recall", "true", 0);
}

/* Rows or columns numpy shows: all, or the first and last three with "..." between. */
static int shown(int64_t index, int64_t count, int summary) {
	return !summary || count <= 2 * NUMPY_EDGE || index < NUMPY_EDGE || index >= count - NUMPY_EDGE;
}

static int widest_number(const int64_t *matrix, int count, int summary) {
	int width = 1;
	for (int64_t i = 0; i < (int64_t)count * count; i++) {
		if (!shown(i / count, count, summary) || !shown(i % count, count, summary)) continue;
		int digits = snprintf(NULL, 0, "%lld", (long long)matrix[i]);
		if (digits > width) width = digits;
	}
	return width;
}

/* Adds a word to the line that begins `column` characters into the row; wraps where numpy does. */
static void add_word(nn_text *text, size_t *column, const char *word) {
	size_t length = strlen(word), indent = 2;
	if (*column + length > NUMPY_WIDTH - 2 && *column > indent) {
		while (text->length && text->data[text->length - 1] == ' ') text->data[--text->length] = 0;
		nn_text_add(text, "\n  ");
		*column = indent;
	}
	nn_text_add(text, "%s", word);
	*column += length;
}

void nn_confusion_text(nn_text *text, const int64_t *matrix, int class_count) {
	int summary = (int64_t)class_count * class_count > NUMPY_THRESHOLD,
	    width = widest_number(matrix, class_count, summary);
	for (int r = 0; r < class_count; r++) {
		if (!shown(r, class_count, summary)) {
			if (r == NUMPY_EDGE) nn_text_add(text, " ...\n");
			continue;
		}
		size_t column = 2;
		nn_text_add(text, r ? " [" : "[[");
		for (int c = 0; c < class_count; c++) {
			char word[32];
			snprintf(word, sizeof word, "%*lld", width, (long long)matrix[(int64_t)r * class_count + c]);
			if (!shown(c, class_count, summary)) {
				if (c != NUMPY_EDGE) continue;
				snprintf(word, sizeof word, "...");
			}
			add_word(text, &column, word);
			if (c + 1 < class_count) nn_text_add(text, " "), column++;
		}
		nn_text_add(text, r + 1 < class_count ? "]\n" : "]]\n");
	}
}
