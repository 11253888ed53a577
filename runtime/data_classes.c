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
static int make_numbers(nn_names *classes, const Source *source, int field)
{
	const Label *label = &source->labels[field];
	const nn_data_field *of = &source->model->data.fields[field];
	int one_hot = label->width > 1 && !of->integer;
	double largest = one_hot ? label->width - 1 : 1;
	for (int64_t i = 0; i < source->count * label->width && !one_hot; i++) largest = fmax(largest, label->values[i]);
	int64_t count = (int64_t)largest + 1, told = of->class_count;
	if (told > count) count = told;
	if (count > MAX_CLASSES || (classes->items = calloc((size_t)count, sizeof *classes->items)) == NULL) return 1;
	for (classes->count = 0; classes->count < count; classes->count++) {
		char name[24];
		snprintf(name, sizeof name, "%d", classes->count);
		if ((classes->items[classes->count] = nn_copy_text(name, strlen(name))) == NULL) return 1;
	}
	return 0;
}

nn_names *nn_names_of_column(const nn_data_store *store, const nn_model *model, int source, const char *column)
{
	int at = model->data.field_count;
	for (int s = 0; s < model->data.source_count; s++)
		for (int i = 0; i < model->data.sources[s].category_count; i++, at++)
			if (s == source && strcmp(model->data.sources[s].categories[i].column, column) == 0) return &store->names[at];
	return NULL;
}

int nn_names_copy(nn_names *names, const char *const *items, int count)
{
	if (count == 0) return 0;
	names->items = calloc((size_t)count, sizeof *names->items);
	for (int i = 0; i < count && names->items != NULL; i++) {
		if ((names->items[i] = nn_copy_text(items[i], strlen(items[i]))) == NULL) return 1;
		names->count++;
	}
	return names->items == NULL;
}

int nn_names_learn(nn_names *names, char *const *texts, int64_t count, int by_value)
{
	char **sorted = malloc(sizeof *sorted * (size_t)(count ? count : 1));
	if (sorted == NULL) return 1;
	memcpy(sorted, texts, sizeof *sorted * (size_t)count);
	double value;
	for (int64_t i = 0; i < count && by_value; i++) by_value = is_number(sorted[i], &value);
	if (count > 0) qsort(sorted, (size_t)count, sizeof *sorted, by_value ? compare_values : compare_texts);
	int kept = 0;
	for (int64_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(sorted[kept - 1], sorted[i]) != 0) sorted[kept++] = sorted[i];
	int failed = nn_names_copy(names, (const char *const *)sorted, kept);
	free(sorted);
	return failed;
}

int nn_classes_find(nn_names *classes, const Source *source, int field)
{
	const Label *label = &source->labels[field];
	int failed = label->texts != NULL
			     ? nn_names_learn(classes, label->texts, source->count, label->by_value)
			     : make_numbers(classes, source, field);
	if (failed) nn_error("%s: out of memory for the names of its classes", source->where);
	return failed;
}

int nn_names_find(const nn_names *classes, const char *text)
{
	double value, other;
	for (int i = 0; i < classes->count; i++)
		if (strcmp(classes->items[i], text) == 0) return i;
	if (!is_number(text, &value)) return -1;
	for (int i = 0; i < classes->count; i++) /* 2.0 is the class 2 */
		if (is_number(classes->items[i], &other) && other == value) return i;
	return -1;
}

static void say_no_class(const nn_names *classes, const Source *source, const Label *label, int64_t sample)
{
	char name[NN_WHY], number[40], text[NN_WHY];
	snprintf(number, sizeof number, "%g", label->values[sample]);
	source->name(source, sample, name, sizeof name);
	nn_error("%s: its label \"%s\" is none of the classes %s%s", name, label->texts ? label->texts[sample] : number,
		 nn_classes_text(classes->items, classes->count, text, sizeof text),
		 label->texts ? "; 'classes' lists labels as they stand in the data, the class 0 first" : "");
}

int nn_classes_number(const nn_names *classes, Source *source, int field)
{
	Label *label = &source->labels[field];
	int last = 0;
	for (int64_t i = 0; i < source->count; i++) {
		int class = -1;
		if (label->texts != NULL) { /* neighbours are often of one class */
			class = last < classes->count && strcmp(classes->items[last], label->texts[i]) == 0
					? last
					: nn_names_find(classes, label->texts[i]);
			if (class >= 0) last = class;
		} else if (label->values[i] < classes->count && label->values[i] == floor(label->values[i]))
			class = (int)label->values[i];
		if (class < 0) {
			say_no_class(classes, source, label, i);
			return 1;
		}
		label->values[i] = class;
	}
	return 0;
}

int nn_classes_check(const nn_names *classes, const Source *source, int field)
{
	char text[NN_WHY];
	int wanted = source->model->data.fields[field].class_count;
	if (wanted == 0 || wanted == classes->count) return 0;
	nn_error("%s: %d classes (%s), but the model tells %d apart", source->where, classes->count,
		 nn_classes_text(classes->items, classes->count, text, sizeof text), wanted);
	return 1;
}
