/* data_files.c: in: paths; out: bytes of files (unpacked if gzip) and the small helpers that all kinds of sources share.
 * Invariant: what can't be read is told by its cause, in one line. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "data_internal.h"
#include "message.h"

int nn_reserve(void *items, int64_t count, int64_t *capacity, size_t item_size)
{
	void **array = items;
	if (count < *capacity) return 0;
	int64_t wanted = *capacity ? *capacity * 2 : 64;
	void *grown = realloc(*array, (size_t)wanted * item_size);
	if (grown == NULL) return 1;
	*array = grown;
	*capacity = wanted;
	return 0;
}

char *nn_copy_text(const char *text, size_t length)
{
	char *copy = malloc(length + 1);
	if (copy == NULL) return NULL;
	memcpy(copy, text, length);
	copy[length] = 0;
	return copy;
}

/* Reads until the end or max; grows as needed. */
static int read_all(gzFile file, size_t hint, size_t max, uint8_t **bytes, size_t *size)
{
	size_t room = max ? max : hint + 1;
	*size = 0;
	*bytes = malloc(room ? room : 1);
	while (*bytes != NULL) {
		size_t chunk = room - *size;
		int got = gzread(file, *bytes + *size, chunk > 1u << 30 ? 1u << 30 : (unsigned)chunk);
		if (got < 0) return 1;
		*size += (size_t)got;
		if (got == 0 || *size == max) return 0;
		if (*size < room) continue;
		uint8_t *grown = realloc(*bytes, room * 2);
		if (grown == NULL) break;
		*bytes = grown;
		room *= 2;
	}
	errno = ENOMEM;
	return 1;
}

int nn_slurp(const char *path, size_t max, uint8_t **bytes, size_t *size, char why[NN_WHY])
{
	struct stat status;
	*bytes = NULL;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0 || fstat(file, &status) != 0) {
		snprintf(why, NN_WHY, "%s", strerror(errno));
		if (file >= 0) close(file);
		return 1;
	}
	if (!S_ISREG(status.st_mode)) {
		snprintf(why, NN_WHY, S_ISDIR(status.st_mode) ? "is a folder, not a file" : "is not a regular file");
		close(file);
		return 1;
	}
	gzFile stream = gzdopen(file, "rb");
	if (stream == NULL) {
		snprintf(why, NN_WHY, "out of memory");
		close(file);
		return 1;
	}
	gzbuffer(stream, 1 << 16);
	errno = 0;
	int failed = read_all(stream, (size_t)status.st_size, max, bytes, size), code = 0;
	const char *text = gzerror(stream, &code);
	if (failed || (code != Z_OK && code != Z_STREAM_END && !(max && *size == max))) {
		int cut = code == Z_BUF_ERROR;
		snprintf(why, NN_WHY, "%s", cut ? "the gzip data ends too early" : errno ? strerror(errno) : text);
		failed = 1;
	}
	gzclose_r(stream);
	if (failed) {
		free(*bytes);
		*bytes = NULL;
	}
	return failed;
}

int nn_source_prepare(Source *source, const char *where)
{
	size_t count = source->count > 0 ? (size_t)source->count : 1;
	source->where = nn_copy_text(where, strlen(where));
	source->labels = calloc((size_t)source->model->data.field_count + 1, sizeof *source->labels);
	source->broken = calloc(count, sizeof *source->broken);
	if (source->where != NULL && source->labels != NULL && source->broken != NULL) return 0;
	nn_error("%s: out of memory for %lld samples", where, (long long)source->count);
	return 1;
}

int nn_source_add_label(Source *source, int field, int width, int texts)
{
	Label *label = &source->labels[field];
	size_t count = source->count > 0 ? (size_t)source->count : 1;
	label->width = width;
	label->values = calloc(count * (size_t)width, sizeof *label->values);
	label->texts = texts ? calloc(count, sizeof *label->texts) : NULL;
	if (label->values != NULL && (!texts || label->texts != NULL)) return 0;
	nn_error("%s: out of memory for %lld labels", source->where, (long long)source->count);
	return 1;
}

int nn_source_add_file(Source *source, const char *path)
{
	struct stat status;
	FileId *grown = realloc(source->files, sizeof *grown * (size_t)(source->file_count + 1));
	if (grown == NULL) return 1;
	source->files = grown;
	if (stat(path, &status) != 0) return 0;
	source->files[source->file_count++] = (FileId){status.st_dev, status.st_ino, 0};
	return 0;
}

static void free_texts(char **texts, int64_t count)
{
	if (texts == NULL) return;
	for (int64_t i = 0; i < count; i++) free(texts[i]);
	free(texts);
}

void nn_source_close(Source *source)
{
	if (source == NULL) return;
	if (source->close != NULL) source->close(source);
	for (int f = 0; f < source->model->data.field_count && source->labels != NULL; f++) {
		free(source->labels[f].values);
		free_texts(source->labels[f].texts, source->count);
	}
	free(source->labels);
	free_texts(source->groups, source->count);
	free_texts(source->keys, source->count);
	free(source->where);
	free(source->files);
	free((void *)source->broken);
	free(source);
}

const char *nn_shape_text(int rank, const int64_t *shape, char *buffer, size_t size)
{
	size_t at = (size_t)snprintf(buffer, size, "[");
	for (int i = 0; i < rank && at < size; i++)
		at += (size_t)snprintf(buffer + at, size - at, i ? ", %lld" : "%lld", (long long)shape[i]);
	if (at < size) snprintf(buffer + at, size - at, "]");
	return buffer;
}

int nn_field_of_part(const nn_model *model, int source, int part)
{
	for (int f = 0; f < model->data.field_count; f++)
		if (model->data.fields[f].source == source && model->data.fields[f].part == part) return f;
	return -1;
}
