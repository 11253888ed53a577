/* predict_masks.h: `predict --format png`: masks as images. */
#ifndef NN_PREDICT_MASKS_H
#define NN_PREDICT_MASKS_H
#include "data.h"

/* DIRECTORY/NAME.png for an image FOLDER/NAME.jpg. Free with free; NULL: memory ran out. */
char *nn_picture_path(const char *directory, const char *input);
/* Makes the folder and checks that no two samples of the set have one name. 0, or 1 after an error. */
int nn_pictures_begin(const nn_dataset *set, const char *directory);
/* Writes the mask that y at `from` is for the image `input` to the folder. 0, or 1 after an error. */
int nn_mask_write(const nn_model *model, const nn_output *output, const nn_field *y, const void *from, const char *input, const char *directory);

#endif
