/* predict_maps.h: outputs that are maps over the image, as pictures. */
#ifndef NN_PREDICT_MAPS_H
#define NN_PREDICT_MAPS_H
#include "nn.h"

/* The image that a program reads: a field of the data; NULL: it reads none. */
const nn_data_field *nn_image_of(const nn_model *model, const nn_program *program);
/* Whether an output is one map over the image, [height, width], or several, [maps, height, width]: without a label, and of the image's
 * proportions. */
int nn_is_map(const nn_output *output, const nn_field *y, const nn_data_field *image);

typedef struct nn_map_sheet { /* of one sample */
	const nn_model *model;
	const nn_data_field *image;
	const void *pixels; /* as the network reads them */
	const nn_field *y;
	const void *maps;
	const char *const *titles; /* of the first title_count maps, which are those that are drawn; NULL: all are */
	int title_count;
} nn_map_sheet;

/* One PNG, NAME.png in the directory: the image, then the image under each map, from the left to the right and line by line. Each map is
 * drawn as a share of its own largest number. 0, or 1 after an error. */
int nn_map_write(const nn_map_sheet *sheet, const char *input, const char *directory);

#endif
