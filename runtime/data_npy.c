/* data_npy.c: in: files in numpy's NPY format (versions 1 to 3; b1, u1 to u8, i1 to i8, f4, f8 in either byte order; also
 * gzip); out: their numbers.
 * Format: numpy.lib.format: "\x93NUMPY", major, minor, length of the head (2 bytes; from version 2: 4), a Python dictionary.
 * Invariant: Fortran order and types without a number's meaning are refused by name. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"

/* The text after 'key': in the head, or NULL. */
static const char *find_value(const char *head, const char *key)
{
	char quoted[32];
	for (int i = 0; i < 2; i++) {
		snprintf(quoted, sizeof quoted, i ? "\"%s\"" : "'%s'", key);
		const char *at = strstr(head, quoted);
		if (at == NULL) continue;
		at += strlen(quoted);
		while (*at == ' ' || *at == ':') at++;
		return at;
	}
	return NULL;
}

static int machine_is_little(void)
{
	const union {
		uint16_t number;
		uint8_t bytes[2];
	} one = {1};
	return one.bytes[0];
}

/* '<f4' */
static int parse_type(const char *text, Elements *elements, char why[NN_WHY])
{
	if (text != NULL && (*text == '\'' || *text == '"')) {
		char order = text[1], kind = text[2];
		int size = atoi(text + 3);
		int whole = kind == 'u' || kind == 'i', known = (whole && (size == 1 || size == 2 || size == 4 || size == 8)) ||
							       (kind == 'f' && (size == 4 || size == 8)) || (kind == 'b' && size == 1);
		if (known && strchr("<>|=", order) != NULL && order != 0) {
			elements->kind = kind == 'b' ? 'u' : kind;
			elements->size = size;
			elements->swapped = (order == '<' && !machine_is_little()) || (order == '>' && machine_is_little());
			return 0;
		}
	}
	snprintf(why, NN_WHY, "its type %.20s is none of b1, u1 u2 u4 u8, i1 i2 i4 i8, f4 f8", text ? text : "(none)");
	return 1;
}

/* "(60000, 28, 28)", "(7,)" */
static int parse_shape(const char *text, Elements *elements, char why[NN_WHY])
{
	elements->rank = 0;
	if (text != NULL && *text++ == '(') {
		while (*text == ' ') text++;
		while (isdigit((unsigned char)*text) && elements->rank < NN_RANK) {
			char *end;
			elements->shape[elements->rank++] = strtoll(text, &end, 10);
			for (text = end; *text == ' ' || *text == 'L' || *text == ',';) text++;
		}
		if (*text == ')' && elements->rank >= 1) return 0;
	}
	snprintf(why, NN_WHY, "its shape is not one of 1 to %d dimensions", NN_RANK);
	return 1;
}

int nn_parse_npy(const uint8_t *bytes, size_t size, Elements *elements, char why[NN_WHY])
{
	if (size < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0 || bytes[6] < 1 || bytes[6] > 3) {
		snprintf(why, NN_WHY, "is no npy file of version 1 to 3");
		return 1;
	}
	size_t start = bytes[6] == 1 ? 10 : 12, length = bytes[8] | (size_t)bytes[9] << 8;
	if (bytes[6] > 1 && size >= 12) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (size < start || length > size - start) {
		snprintf(why, NN_WHY, "ends within its head");
		return 1;
	}
	char *head = nn_copy_text((const char *)bytes + start, length);
	if (head == NULL) {
		snprintf(why, NN_WHY, "out of memory");
		return 1;
	}
	const char *order = find_value(head, "fortran_order");
	int failed = parse_type(find_value(head, "descr"), elements, why) || parse_shape(find_value(head, "shape"), elements, why);
	if (!failed && (order == NULL || strncmp(order, "False", 5) != 0) && elements->rank > 1) {
		snprintf(why, NN_WHY, "is in Fortran order; save it with numpy.ascontiguousarray");
		failed = 1;
	}
	free(head);
	elements->bytes = bytes + start + length;
	return failed || nn_elements_check(elements, size - start - length, why);
}

Source *nn_open_npy(const nn_model *model, const Place *place)
{
	return nn_open_arrays(model, place, nn_parse_npy);
}
