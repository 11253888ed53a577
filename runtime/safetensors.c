/* Input: a file that may hold anything. Output: its tensors by name, and new files.
 * Invariant: no offset, count or name of a header is used before it was checked against the size of the file. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "message.h"
#include "safetensors.h"
#include "text.h"

enum { HEADER_LIMIT = 100 << 20, CHUNK = 1 << 14 };

static int fail(char error[NN_ERROR], const char *format, ...) NN_PRINTF(2, 3);
static int fail(char error[NN_ERROR], const char *format, ...) {
	va_list list;
	va_start(list, format);
	vsnprintf(error, NN_ERROR, format, list);
	va_end(list);
	return 1;
}

const char *nn_dimensions_text(int rank, const int64_t *shape, char *buffer, size_t size) {
	size_t length = (size_t)snprintf(buffer, size, "(");
	for (int i = 0; i < rank && length < size; i++)
		length +=
		        (size_t)snprintf(buffer + length, size - length, "%s%lld", i ? ", " : "", (long long)shape[i]);
	if (length < size) snprintf(buffer + length, size - length, rank == 1 ? ",)" : ")");
	return buffer;
}

/* Reads all of size bytes at a place of the file; 0, or 1 when they are not there. */
static int read_at(int descriptor, void *bytes, size_t size, uint64_t place) {
	char *next = bytes;
	while (size > 0) {
		ssize_t got = pread(descriptor, next, size > 1 << 30 ? 1 << 30 : size, (off_t)place);
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) return 1;
		next += got, place += (uint64_t)got, size -= (size_t)got;
	}
	return 0;
}

static uint64_t little_endian(const unsigned char bytes[8]) {
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
	return value;
}

/* A whole number from 0 to 2^53, which is what JSON can say exactly; -1: it is something else. */
static int64_t whole_number(const cJSON *item) {
	if (!cJSON_IsNumber(item)) return -1;
	double value = item->valuedouble;
	if (!(value >= 0 && value <= 9007199254740992.0) || value != (double)(int64_t)value) return -1;
	return (int64_t)value;
}

/* Bytes of a number of a dtype; 0: there is no such dtype. */
static int dtype_size(const char *dtype) {
	static const struct {
		const char *name;
		int size;
	} dtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2},  {"BF16", 2},    {"I64", 8},
	              {"I32", 4}, {"I16", 2}, {"I8", 1},   {"U64", 8},     {"U32", 4},
	              {"U16", 2}, {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
	for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
		if (!strcmp(dtype, dtypes[i].name)) return dtypes[i].size;
	return 0;
}

/* Fills shape and count. Returns what is wrong, or NULL. */
static const char *read_shape(nn_entry *entry, const cJSON *shape) {
	const cJSON *dimension;
	entry->count = 1;
	cJSON_ArrayForEach(dimension, shape) {
		int64_t size = whole_number(dimension);
		if (size < 0) return "a dimension is no whole number";
		if (entry->rank == NN_RANK) return "it has more than 8 dimensions";
		if (size > 0 && entry->count > (uint64_t)INT64_MAX / 8 / (uint64_t)size)
			return "its shape is too large";
		entry->shape[entry->rank++] = size;
		entry->count *= (uint64_t)size;
	}
	return NULL;
}

/* One item of the header as an entry; data_size: bytes after the header. Returns what is wrong, or NULL. */
static const char *read_entry(nn_entry *entry, const cJSON *item, uint64_t data_size) {
	const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
	const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
	const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
	if (!cJSON_IsString(dtype) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets) ||
	    cJSON_GetArraySize(offsets) != 2)
		return "dtype, shape or data_offsets is missing";
	*entry = (nn_entry){.name = item->string, .dtype = dtype->valuestring};
	int size = dtype_size(entry->dtype);
	if (!size) return "its dtype is unknown";
	if (entry->dtype[0] == 'F' && size >= 4) entry->number_size = size;
	const char *wrong = read_shape(entry, shape);
	if (wrong) return wrong;
	int64_t begin = whole_number(cJSON_GetArrayItem(offsets, 0)),
	        end = whole_number(cJSON_GetArrayItem(offsets, 1));
	if (begin < 0 || end < begin) return "its data_offsets are no range";
	if ((uint64_t)end > data_size) return "its numbers lie beyond the end of the file, which is truncated";
	entry->begin = (uint64_t)begin, entry->end = (uint64_t)end;
	return entry->count * (uint64_t)size == entry->end - entry->begin ? NULL
	                                                                  : "its data_offsets do not fit its shape";
}

static int by_begin(const void *a, const void *b) {
	const nn_entry *p = a, *q = b;
	if (p->begin != q->begin) return p->begin < q->begin ? -1 : 1;
	return p->end < q->end ? -1 : p->end > q->end;
}

static int by_name(const void *a, const void *b) {
	return strcmp(((const nn_entry *)a)->name, ((const nn_entry *)b)->name);
}

/* No gaps, no overlaps, nothing behind the last tensor, no name twice. Leaves the entries sorted by name. */
static int check_entries(nn_safetensors *file, uint64_t data_size, char error[NN_ERROR]) {
	uint64_t place = 0;
	qsort(file->entries, (size_t)file->count, sizeof *file->entries, by_begin);
	for (int i = 0; i < file->count; i++) {
		const nn_entry *entry = &file->entries[i];
		if (entry->begin != place)
			return fail(error, "%.120s: the tensors overlap or leave a gap at '%.60s'", file->path,
			            entry->name);
		place = entry->end;
	}
	if (place != data_size)
		return fail(error, "%.120s: %llu bytes of numbers where the header says %llu", file->path,
		            (unsigned long long)data_size, (unsigned long long)place);
	qsort(file->entries, (size_t)file->count, sizeof *file->entries, by_name);
	for (int i = 1; i < file->count; i++)
		if (!by_name(&file->entries[i - 1], &file->entries[i]))
			return fail(error, "%.120s: '%.60s' is there twice", file->path, file->entries[i].name);
	return 0;
}

static int read_entries(nn_safetensors *file, uint64_t data_size, char error[NN_ERROR]) {
	const cJSON *item;
	file->entries = calloc((size_t)cJSON_GetArraySize(file->header) + 1, sizeof *file->entries);
	if (!file->entries) return fail(error, "%.120s: out of memory", file->path);
	cJSON_ArrayForEach(item, file->header) {
		if (!strcmp(item->string, "__metadata__")) continue;
		const char *wrong = read_entry(&file->entries[file->count], item, data_size);
		if (wrong) return fail(error, "%.100s: tensor '%.60s': %s", file->path, item->string, wrong);
		file->count++;
	}
	return check_entries(file, data_size, error);
}

static int read_header(nn_safetensors *file, char error[NN_ERROR]) {
	struct stat status;
	unsigned char prefix[8];
	if (fstat(file->descriptor, &status) || !S_ISREG(status.st_mode))
		return fail(error, "%.180s: not a file", file->path);
	uint64_t size = (uint64_t)status.st_size;
	if (size < 8 || read_at(file->descriptor, prefix, 8, 0))
		return fail(error, "%.180s: no safetensors file: it is shorter than 8 bytes", file->path);
	uint64_t length = little_endian(prefix);
	if (length > HEADER_LIMIT || length > size - 8)
		return fail(error, "%.180s: truncated, or no safetensors file: its header does not fit", file->path);
	char *text = malloc(length + 1);
	if (!text || read_at(file->descriptor, text, length, 8))
		return free(text), fail(error, "%.180s: can't be read", file->path);
	text[length] = 0;
	file->header = cJSON_ParseWithLength(text, length);
	free(text);
	if (!cJSON_IsObject(file->header)) return fail(error, "%.180s: its header is no JSON object", file->path);
	file->data = 8 + length;
	return read_entries(file, size - file->data, error);
}

int nn_safetensors_open(nn_safetensors *file, const char *path, char error[NN_ERROR]) {
	*file = (nn_safetensors){.descriptor = open(path, O_RDONLY | O_NONBLOCK), .path = strdup(path)};
	if (file->descriptor < 0)
		fail(error, "%.180s: can't be read: %s", path, strerror(errno));
	else if (!file->path)
		fail(error, "out of memory");
	else if (!read_header(file, error))
		return 0;
	nn_safetensors_close(file);
	return 1;
}

void nn_safetensors_close(nn_safetensors *file) {
	if (file->descriptor >= 0) close(file->descriptor);
	cJSON_Delete(file->header);
	free(file->entries);
	free(file->path);
	*file = (nn_safetensors){.descriptor = -1};
}

const nn_entry *nn_safetensors_find(const nn_safetensors *file, const char *name) {
	nn_entry key = {.name = name};
	return file->count ? bsearch(&key, file->entries, (size_t)file->count, sizeof key, by_name) : NULL;
}

const char *nn_safetensors_metadata(const nn_safetensors *file, const char *key) {
	return cJSON_GetStringValue(
	        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(file->header, "__metadata__"), key));
}

static void convert(const void *from, int from_size, void *to, uint64_t count) {
	for (uint64_t i = 0; i < count; i++)
		if (from_size == 4)
			((double *)to)[i] = ((const float *)from)[i];
		else
			((float *)to)[i] = (float)((const double *)from)[i];
}

int nn_safetensors_read(const nn_safetensors *file, const nn_entry *entry, void *numbers, int number_size,
                        char error[NN_ERROR]) {
	int from = entry->number_size, failed = 0;
	uint64_t place = file->data + entry->begin;
	double chunk[CHUNK / sizeof(double)];
	if (!from)
		return fail(error, "%.120s: '%.60s' is of dtype %.20s, which can't be read; F32 and F64 can",
		            file->path, entry->name, entry->dtype);
	if (from == number_size) failed = read_at(file->descriptor, numbers, entry->count * (uint64_t)from, place);
	for (uint64_t done = 0, most = CHUNK / (uint64_t)from; !failed && from != number_size && done < entry->count;
	     done += most) {
		uint64_t count = entry->count - done < most ? entry->count - done : most;
		failed = read_at(file->descriptor, chunk, count * (uint64_t)from, place + done * (uint64_t)from);
		if (!failed) convert(chunk, from, (char *)numbers + done * (uint64_t)number_size, count);
	}
	return failed ? fail(error, "%.120s: '%.60s' can't be read: the file became shorter", file->path, entry->name)
	              : 0;
}

static uint64_t array_bytes(const nn_array *array) {
	uint64_t bytes = (uint64_t)array->number_size;
	for (int i = 0; i < array->rank; i++) bytes *= (uint64_t)array->shape[i];
	return bytes;
}

/* The header's text, padded with spaces so that the numbers begin at a multiple of 8. */
static void write_header(nn_text *text, const nn_array *arrays, int count, const cJSON *metadata) {
	uint64_t place = 0;
	nn_text_add(text, "{");
	if (metadata) {
		char *printed = cJSON_PrintUnformatted(metadata);
		if (printed)
			nn_text_add(text, "\"__metadata__\":%s%s", printed, count ? "," : "");
		else
			text->failed = 1;
		cJSON_free(printed);
	}
	for (int i = 0; i < count; i++) {
		const nn_array *array = &arrays[i];
		nn_text_json_string(text, array->name);
		nn_text_add(text, ":{\"dtype\":\"F%d\",\"shape\":[", array->number_size * 8);
		for (int k = 0; k < array->rank; k++)
			nn_text_add(text, "%s%lld", k ? "," : "", (long long)array->shape[k]);
		uint64_t end = place + array_bytes(array);
		nn_text_add(text, "],\"data_offsets\":[%llu,%llu]}%s", (unsigned long long)place,
		            (unsigned long long)end, i + 1 < count ? "," : "");
		place = end;
	}
	nn_text_add(text, "}");
	while (!text->failed && text->length % 8) nn_text_add(text, " ");
}

int nn_safetensors_write(nn_file *file, const nn_array *arrays, int count, const cJSON *metadata,
                         char error[NN_ERROR]) {
	nn_text header = {0};
	unsigned char prefix[8];
	write_header(&header, arrays, count, metadata);
	if (header.failed) return nn_text_free(&header), fail(error, "%.180s: out of memory", file->path);
	for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)(header.length >> 8 * i);
	int failed = nn_file_write(file, prefix, 8, error) || nn_file_write(file, header.data, header.length, error);
	for (int i = 0; i < count && !failed; i++)
		failed = nn_file_write(file, arrays[i].numbers, array_bytes(&arrays[i]), error);
	nn_text_free(&header);
	return failed;
}
