/* tensors.c: in: a safetensors file; out: a line for each tensor: name, shape, a number made of its bits. Invariant: two tensors have
 * the same line when they have the same name, shape and bits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "safetensors.h"

static uint64_t hash(const unsigned char *bytes, size_t size)
{
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < size; i++) h = (h ^ bytes[i])*1099511628211u;
	return h;
}

int main(int argc, char **argv)
{
	nn_safetensors file;
	char error[NN_ERROR], shape[200];
	if (argc != 2 || nn_safetensors_open(&file, argv[1], error)) return fprintf(stderr, "%s\n", argc == 2 ? error : "tensors FILE"), 1;
	for (int i = 0; i < file.count; i++) {
		const nn_entry *entry = &file.entries[i];
		size_t size = (size_t)entry->count*(size_t)entry->number_size;
		unsigned char *numbers = malloc(size + 1);
		if (!numbers || nn_safetensors_read(&file, entry, numbers, entry->number_size, error)) return fprintf(stderr, "%s\n", error), 1;
		printf("%s %s %016" PRIx64 "\n", entry->name, nn_dimensions_text(entry->rank, entry->shape, shape, sizeof shape), hash(numbers, size));
		free(numbers);
	}
	nn_safetensors_close(&file);
	return 0;
}
