/* segmentation.h: what a network that gives a class to every pixel is worth, and pictures of what it does. */
#ifndef NN_SEGMENTATION_H
#define NN_SEGMENTATION_H
#include "data.h"
#include "tally.h"

enum { NN_PICTURES = 6 };

/* One sample: (height, width) pixels in colour, the class of each, and the class that was predicted. */
typedef struct nn_picture {
	char *name;
	int height, width;
	uint8_t *image; /* (height, width, 3) */
	uint8_t *truth, *predicted; /* (height, width) */
	double dice; /* as for a whole set, of this sample */
} nn_picture;

typedef struct nn_segmentation {
	int class_count; /* 0: the network gives no mask */
	nn_overlap *overlaps; /* (class_count) */
	double dice, iou; /* of the second of two classes where y is one number a pixel, else the means over the classes */
	nn_picture pictures[NN_PICTURES];
	int picture_count;
} nn_segmentation;

/* Dice and IoU of all that was tallied. 0, or 1 when memory ran out. */
int nn_segmentation_score(nn_segmentation *segmentation, const nn_part *part);
/* Adds pictures of the first samples of a set. 0, 1 after an error. */
int nn_segmentation_pictures(nn_segmentation *segmentation, const nn_model *model, const nn_memory *memory, const nn_dataset *set,
                             const nn_output *output, const nn_call *call);
void nn_segmentation_free(nn_segmentation *segmentation);

/* Numbers (places, units) of y at `from` -> the class of each place: over 0.5 of one unit, else the largest. */
void nn_segment(const nn_model *model, const nn_output *output, const nn_field *y, const void *from, uint8_t *classes);
/* (height, width, channels) numbers of a field that is an image, as the network reads them -> bytes in colour */
void nn_color_pixels(const nn_model *model, const nn_data_field *field, const void *from, uint8_t *out);
/* The PNG of grey levels (height, width), or of three colours a pixel; appended to text. 0, or 1 when memory ran out. */
int nn_png_write(nn_text *text, const uint8_t *pixels, int height, int width, int channels);
/* The page's pictures: image, mask and prediction side by side. names (class_count) or NULL. */
void nn_segmentation_html(nn_text *text, const nn_segmentation *segmentation, char *const *names);

#endif
