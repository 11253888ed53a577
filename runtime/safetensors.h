/* safetensors.h: files of named tensors: 8 bytes length of the header (little endian), the header (JSON), the numbers
 * without gaps. https://huggingface.co/docs/safetensors. Functions return 0, or 1 with one line in error. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H
#include <stdint.h>
#include "file.h"
#include "nn.h"

struct cJSON;

typedef struct nn_array { /* a tensor to be written */
	const char *name;
	int number_size; /* 4: F32, 8: F64 */
	int rank;
	int64_t shape[NN_RANK];
	const void *numbers;
} nn_array;

typedef struct nn_entry { /* a tensor in a file */
	const char *name;
	const char *dtype; /* "F32" */
	int number_size;   /* 4, 8; 0: a dtype that can't be read */
	int rank;
	int64_t shape[NN_RANK];
	uint64_t count;      /* numbers */
	uint64_t begin, end; /* bytes from the start of the data */
} nn_entry;

typedef struct nn_safetensors {
	int descriptor;
	char *path;
	struct cJSON *header;
	uint64_t data;     /* where the numbers begin */
	nn_entry *entries; /* sorted by name */
	int count;
} nn_safetensors;

/* Reads and checks the header: every offset lies in the file, tensors neither overlap nor leave gaps, no name comes
 * twice. */
int nn_safetensors_open(nn_safetensors *file, const char *path, char error[NN_ERROR]);
const nn_entry *nn_safetensors_find(const nn_safetensors *file, const char *name);
/* A text of __metadata__; NULL: it has none of that name. */
const char *nn_safetensors_metadata(const nn_safetensors *file, const char *key);
/* Reads a tensor into entry->count numbers of number_size bytes, converting where the file has the other precision. */
int nn_safetensors_read(const nn_safetensors *file, const nn_entry *entry, void *numbers, int number_size,
                        char error[NN_ERROR]);
void nn_safetensors_close(nn_safetensors *file);

/* metadata: an object of texts, or NULL. The file is created, not yet committed. */
int nn_safetensors_write(nn_file *file, const nn_array *arrays, int count, const struct cJSON *metadata,
                         char error[NN_ERROR]);

/* "(2, 3)", as Python writes a shape. Returns buffer. */
const char *nn_dimensions_text(int rank, const int64_t *shape, char *buffer, size_t size);

#endif
