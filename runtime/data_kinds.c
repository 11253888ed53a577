/* data_kinds.c: the kinds of sources that specs can name, as compiler/spec_source.c knows them, and who opens them. */
#include <string.h>
#include "data_internal.h"

static const SourceKind kinds[] = {
	{"image_folder", {"directory"}, .many = 1, .open = nn_open_images},
	{"csv", {"file"}, .open = nn_open_table},
	{"idx", {"images", "labels"}, .open = nn_open_idx},
	{"npy", {"inputs", "targets"}, .open = nn_open_npy},
	{"image_mask", {"images", "masks"}, .many = 1, .open = nn_open_image_mask},
	{"text", {"file"}, .many = 1, .open = nn_open_text},
	{"sequence", {"file"}, .open = nn_open_sequences},
};

const SourceKind *nn_source_kind(const char *type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].type, type) == 0) return &kinds[i];
	return NULL;
}
