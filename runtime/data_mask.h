/* data_mask.h: masks: which file belongs to which image, and the class numbers that a file's values are. */
#ifndef NN_DATA_MASK_H
#define NN_DATA_MASK_H
#include "data_folder.h"

/* The value of each class in a mask file: a grey level, or the number of a colour in its palette. values NULL: 0, 1, 2, ..;
 * of two classes the second is also the largest grey (255, or 65535 of 16 bits). */
typedef struct MaskValues {
	const int *values; /* (class_count) */
	int class_count; /* 2 .. 256 */
} MaskValues;

/* Decodes a mask: grey levels or palette numbers, of 8 or 16 bits, one channel; a PNG of equal colours is grey. 0, or 1. */
int nn_mask_decode(const uint8_t *bytes, size_t size, nn_image *mask, char why[NN_WHY]);
/* A mask's values to class numbers (height, width), resized by nearest; mask holds them in its own size afterwards. 0, or 1
 * with the first value that is no class. */
int nn_mask_classes(nn_image *mask, const MaskValues *values, int height, int width, uint8_t *classes, char why[NN_WHY]);

/* The mask of each image: place in masks, (images->count). Two files belong together if their paths below the roots differ in
 * their endings at most. 0, or 1 after an error: one has no partner, or two. */
int nn_pair_files(const FileList *images, const char *image_root, const FileList *masks, const char *mask_root, int64_t *partner);

#endif
