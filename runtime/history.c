/* Input: the logs of an epoch. Output: the table, as CSV, as JSON and back.
 * Invariant: a number that went to a file and back has the same bits. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "history.h"

void nn_history_columns(nn_history *history, const nn_tally *train, const nn_tally *validation) {
	history->column_count = 0;
	for (int i = 0; i < train->log_count; i++)
		snprintf(history->columns[history->column_count++], NN_LOG_NAME, "%s", train->logs[i].name);
	for (int i = 0; validation && i < validation->log_count; i++)
		snprintf(history->columns[history->column_count++], NN_LOG_NAME, "val_%.59s", validation->logs[i].name);
}

int nn_history_add(nn_history *history, const double *values) {
	size_t columns = (size_t)history->column_count;
	if (history->epoch_count == history->capacity) {
		int capacity = history->capacity ? history->capacity * 2 : 64;
		double *grown = realloc(history->values, sizeof *grown * columns * (size_t)capacity + 1);
		if (!grown) return nn_error("out of memory"), 1;
		history->values = grown, history->capacity = capacity;
	}
	memcpy(history->values + columns * (size_t)history->epoch_count++, values, sizeof *values * columns);
	return 0;
}

int nn_history_column(const nn_history *history, const char *name) {
	for (int i = 0; i < history->column_count; i++)
		if (!strcmp(history->columns[i], name)) return i;
	return -1;
}

double nn_history_value(const nn_history *history, int epoch, const char *column, int *found) {
	int index = nn_history_column(history, column);
	*found = index >= 0;
	return index >= 0 ? history->values[(size_t)epoch * (size_t)history->column_count + (size_t)index] : NAN;
}

void nn_history_header(nn_text *text, const nn_history *history) {
	nn_text_add(text, "epoch");
	for (int i = 0; i < history->column_count; i++) {
		nn_text_add(text, ",");
		nn_text_csv(text, history->columns[i]);
	}
	nn_text_add(text, "\n");
}

void nn_history_line(nn_text *text, const nn_history *history, int epoch) {
	nn_text_add(text, "%d", epoch + 1);
	for (int i = 0; i < history->column_count; i++) {
		nn_text_add(text, ",");
		nn_text_number(text, history->values[(size_t)epoch * (size_t)history->column_count + (size_t)i], 8);
	}
	nn_text_add(text, "\n");
}

cJSON *nn_json_number(double number) {
	char digits[32]; /* cJSON itself may drop the last bit */
	snprintf(digits, sizeof digits, "%.17g", number);
	if (isfinite(number)) return cJSON_CreateRaw(digits);
	return cJSON_CreateString(isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

double nn_json_number_of(const cJSON *item) {
	if (cJSON_IsNumber(item)) return item->valuedouble;
	const char *text = cJSON_GetStringValue(item);
	if (text && !strcmp(text, "inf")) return INFINITY;
	return text && !strcmp(text, "-inf") ? -INFINITY : NAN;
}

cJSON *nn_history_json(const nn_history *history) {
	cJSON *json = cJSON_CreateObject(), *columns = cJSON_AddArrayToObject(json, "columns"),
	      *epochs = cJSON_AddArrayToObject(json, "epochs");
	for (int i = 0; i < history->column_count; i++)
		cJSON_AddItemToArray(columns, cJSON_CreateString(history->columns[i]));
	for (int e = 0; e < history->epoch_count; e++) {
		cJSON *row = cJSON_CreateArray();
		for (int i = 0; i < history->column_count; i++)
			cJSON_AddItemToArray(
			        row,
			        nn_json_number(history->values[(size_t)e * (size_t)history->column_count + (size_t)i]));
		cJSON_AddItemToArray(epochs, row);
	}
	return json;
}

int nn_history_restore(nn_history *history, const cJSON *json) {
	const cJSON *columns = cJSON_GetObjectItemCaseSensitive(json, "columns"),
	            *epochs = cJSON_GetObjectItemCaseSensitive(json, "epochs"), *item;
	int index = 0;
	if (!cJSON_IsArray(columns) || !cJSON_IsArray(epochs) || cJSON_GetArraySize(columns) != history->column_count)
		return 1;
	cJSON_ArrayForEach(item, columns) {
		if (!cJSON_IsString(item) || strcmp(item->valuestring, history->columns[index++])) return 1;
	}
	cJSON_ArrayForEach(item, epochs) {
		double values[2 * NN_LOGS];
		const cJSON *number;
		int count = 0;
		if (!cJSON_IsArray(item) || cJSON_GetArraySize(item) != history->column_count) return 1;
		cJSON_ArrayForEach(number, item) values[count++] = nn_json_number_of(number);
		if (nn_history_add(history, values)) return 1;
	}
	return 0;
}

void nn_history_free(nn_history *history) {
	free(history->values);
	*history = (nn_history){0};
}
