/* data_classes.c: in: the labels of a source; out: names of classes and, in every source, their numbers.
 * Invariant: the order is the spec's; else that of numbers if all are numbers, else the alphabet's (of bytes). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "message.h"

enum { MAX_CLASSES = 100000 };

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_number(const char *text, double *value)
{
	char *end;
	*value = strtod(text, &end);
	return end != text && *end == 0 && isfinite(*value);
}

static int compare_values(const void *a, const void *b)
{
	double x, y;
	is_number(*(char *const *)a, &x);
	is_number(*(char *const *)b, &y);
	return x != y ? (x > y) - (x < y) : compare_texts(a, b);
}

const char *nn_classes_text(char *const *classes, int count, char *buffer, size_t size)
{
	size_t at = 0;
	buffer[0] = 0;
	for (int i = 0; i < count; i++) {
		if (at + strlen(classes[i]) + 8 >= size) {
			snprintf(buffer + at, size - at, ", ..");
			break;
		}
		at += (size_t)snprintf(buffer + at, size - at, "%s%s", i ? ", " : "", classes[i]);
	}
	return buffer;
}

/* Names 0, 1, .. for labels that are numbers: as many as the model tells apart, or as there are. */
static int make_numbers(nn_data_store *store, const Source *source)
{
	double largest = source->target_count > 1 ? source->target_count - 1 : 1;
	int64_t outputs = nn_output_count(source->model);
	for (int64_t i = 0; i < source->count && source->target_count == 1; i++) largest = fmax(largest, source->targets[i]);
	int64_t count = (int64_t)largest + 1;
	if (source->model->task == NN_MULTICLASS && outputs > count) count = outputs;
	if (count > MAX_CLASSES || (store->classes = calloc((size_t)count, sizeof *store->classes)) == NULL) return 1;
	for (store->class_count = 0; store->class_count < count; store->class_count++) {
		char name[24];
		snprintf(name, sizeof name, "%d", store->class_count);
		if ((store->classes[store->class_count] = nn_copy_text(name, strlen(name))) == NULL) return 1;
	}
	return 0;
}

/* Different texts of a source, sorted. */
static int collect_texts(nn_data_store *store, const Source *source)
{
	size_t count = (size_t)source->count;
	char **texts = malloc(sizeof *texts * count);
	if (texts == NULL) return 1;
	memcpy(texts, source->texts, sizeof *texts * count);
	int numbers = source->values != NULL; /* folders are sorted by their names, as Keras does */
	double value;
	for (size_t i = 0; i < count && numbers; i++) numbers = is_number(texts[i], &value);
	qsort(texts, count, sizeof *texts, numbers ? compare_values : compare_texts);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(texts[kept - 1], texts[i]) != 0) texts[kept++] = texts[i];
	int failed = (store->classes = calloc(kept, sizeof *store->classes)) == NULL;
	for (size_t i = 0; i < kept && !failed; i++) {
		failed = (store->classes[i] = nn_copy_text(texts[i], strlen(texts[i]))) == NULL;
		if (!failed) store->class_count++;
	}
	free(texts);
	return failed;
}

int nn_classes_find(nn_data_store *store, const Source *source)
{
	int failed = source->texts != NULL ? collect_texts(store, source) : make_numbers(store, source);
	if (failed) nn_error("%s: out of memory for the names of its classes", source->where);
	return failed;
}

static int find_class(const nn_data_store *store, const char *text)
{
	double value, other;
	for (int i = 0; i < store->class_count; i++)
		if (strcmp(store->classes[i], text) == 0) return i;
	if (!is_number(text, &value)) return -1;
	for (int i = 0; i < store->class_count; i++) /* 2.0 is the class 2 */
		if (is_number(store->classes[i], &other) && other == value) return i;
	return -1;
}

int nn_classes_number(const nn_data_store *store, Source *source)
{
	char name[NN_WHY], classes[NN_WHY];
	int last = 0;
	for (int64_t i = 0; i < source->count; i++) {
		int class = -1;
		if (source->texts != NULL) { /* neighbours are often of one class */
			class = last < store->class_count && strcmp(store->classes[last], source->texts[i]) == 0
					? last
					: find_class(store, source->texts[i]);
			if (class >= 0) last = class;
		} else if (source->targets[i] < store->class_count)
			class = (int)source->targets[i];
		if (class < 0) {
			char number[40];
			snprintf(number, sizeof number, "%g", source->targets[i]);
			source->name(source, i, name, sizeof name);
			nn_error("%s: its label \"%s\" is none of the classes %s", name,
				 source->texts ? source->texts[i] : number,
				 nn_classes_text(store->classes, store->class_count, classes, sizeof classes));
			return 1;
		}
		source->targets[i] = class;
	}
	return 0;
}

int nn_classes_check(const nn_data_store *store, const nn_model *model, const Source *source)
{
	char classes[NN_WHY];
	int64_t outputs = nn_output_count(model), labels = nn_label_count(model), wanted = 0;
	if (model->task == NN_BINARY) wanted = 2;
	if (model->task == NN_MULTICLASS) wanted = outputs;
	if (labels > 1) wanted = labels;
	if (wanted == 0 || wanted == store->class_count) return 0;
	nn_error("%s: %d classes (%s), but the model tells %lld apart", source->where, store->class_count,
		 nn_classes_text(store->classes, store->class_count, classes, sizeof classes), (long long)wanted);
	return 1;
}
