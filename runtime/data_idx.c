/* data_idx.c: in: files in the IDX format of the MNIST set (big-endian, also gzip); out: their numbers.
 * Magic: 0, 0, type, rank; then rank sizes of 4 bytes.
 * Invariant: a head that promises more than the file holds is refused. */
#include "data_internal.h"

static int is_big_endian(void)
{
	const union {
		uint16_t number;
		uint8_t bytes[2];
	} one = {1};
	return one.bytes[1];
}

static int set_type(Elements *elements, int type)
{
	static const struct {
		int type;
		char kind;
		int size;
	} types[] = {{0x08, 'u', 1}, {0x09, 'i', 1}, {0x0b, 'i', 2}, {0x0c, 'i', 4}, {0x0d, 'f', 4}, {0x0e, 'f', 8}};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].type == type) {
			elements->kind = types[i].kind;
			elements->size = types[i].size;
			return 0;
		}
	return 1;
}

int nn_parse_idx(const uint8_t *bytes, size_t size, Elements *elements, char why[NN_WHY])
{
	if (size < 4 || bytes[0] != 0 || bytes[1] != 0 || set_type(elements, bytes[2])) {
		snprintf(why, NN_WHY, "is no idx file: it does not begin with 0, 0, type, rank");
		return 1;
	}
	elements->rank = bytes[3];
	elements->swapped = !is_big_endian();
	size_t head = 4 + 4 * (size_t)elements->rank;
	if (elements->rank < 1 || elements->rank > NN_RANK || size < head) {
		snprintf(why, NN_WHY, "is no idx file, or ends within its head (rank %d)", elements->rank);
		return 1;
	}
	for (int i = 0; i < elements->rank; i++) {
		const uint8_t *b = bytes + 4 + 4 * i;
		elements->shape[i] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
	}
	elements->bytes = bytes + head;
	return nn_elements_check(elements, size - head, why);
}

Source *nn_open_idx(const nn_model *model, const Place *place)
{
	return nn_open_arrays(model, place, nn_parse_idx);
}
