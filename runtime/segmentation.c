/* Input: the outputs and masks of a set. Output: Dice and IoU over all pixels, and a few samples as pictures.
 * Invariant: a pixel's class is decided in one place, for metrics, pictures and written masks alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_internal.h"
#include "evaluate.h"

/* The class of a place: of `units` numbers from `at` on the largest. */
static uint8_t largest(const nn_model *model, const void *from, size_t at, size_t units) {
	size_t best = 0;
	for (size_t k = 1; k < units; k++)
		if (nn_number(model, from, at + k) > nn_number(model, from, at + best)) best = k;
	return (uint8_t)best;
}

void nn_segment(const nn_model *model, const nn_output *output, const nn_field *y, const void *from, uint8_t *classes) {
	size_t units = y->rank ? (size_t)y->shape[y->rank - 1] : 1, places = y->count / units;
	double threshold = output->logits ? 0 : 0.5;
	for (size_t i = 0; i < places; i++)
		classes[i] = units == 1 ? nn_number(model, from, i) > threshold : largest(model, from, i * units, units);
}

/* Means over the classes from `first` on. */
static double mean_overlap(const nn_overlap *overlaps, int first, int count, nn_metric_kind kind) {
	double sum = 0;
	for (int c = first; c < count; c++) sum += nn_overlap_metric(&overlaps[c], kind);
	return sum / (count - first);
}

int nn_segmentation_score(nn_segmentation *segmentation, const nn_part *part) {
	int count = nn_tally_classes(part), first = part->units == 1;
	*segmentation = (nn_segmentation){.overlaps = calloc((size_t)count, sizeof *segmentation->overlaps)};
	if (!segmentation->overlaps) return nn_error("out of memory"), 1;
	segmentation->class_count = count;
	for (int c = 0; c < count; c++) segmentation->overlaps[c] = nn_tally_overlap(part, c);
	segmentation->dice = mean_overlap(segmentation->overlaps, first, count, NN_DICE);
	segmentation->iou = mean_overlap(segmentation->overlaps, first, count, NN_IOU);
	return 0;
}

static double picture_dice(const nn_picture *picture, int class_count, int first) {
	nn_overlap overlaps[256] = {{0, 0, 0}};
	for (int i = 0; i < picture->height * picture->width; i++) {
		overlaps[picture->truth[i]].present++;
		overlaps[picture->predicted[i]].predicted++;
		overlaps[picture->truth[i]].right += picture->truth[i] == picture->predicted[i];
	}
	return mean_overlap(overlaps, first, class_count, NN_DICE);
}

void nn_color_pixels(const nn_model *model, const nn_data_field *field, const void *from, uint8_t *out) {
	int channels = (int)field->shape[2];
	double rescale = model->data.sources[field->source].rescale;
	for (size_t i = 0; i < field->count / (size_t)channels; i++)
		for (int c = 0; c < 3; c++) {
			double value = nn_number(model, from, i * (size_t)channels + (size_t)(channels < 3 ? 0 : c)) / rescale;
			*out++ = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
		}
}

/* A mask as the loss has it, numbers or one-hot rows, -> classes */
static void read_mask(const nn_model *model, const nn_data_field *field, const void *from, uint8_t *classes, size_t places) {
	size_t units = field->count / places;
	for (size_t i = 0; i < places; i++)
		classes[i] = units > 1 ? largest(model, from, i * units, units) : (uint8_t)nn_number(model, from, i);
}

/* The image that the mask of an output belongs to: another field of the same source. -1: there is none. */
static int image_of(const nn_model *model, const nn_output *output) {
	return output->label < 0 ? -1 : nn_field_of_part(model, model->data.fields[output->label].source, 0);
}

static int take_picture(nn_segmentation *segmentation, const nn_model *model, const nn_dataset *set, const nn_batch *batch, int row,
                        const nn_output *output, const nn_field *y, const char *outputs) {
	int image = image_of(model, output), mask = output->label;
	const nn_data_field *of_image = &model->data.fields[image], *of_mask = &model->data.fields[mask];
	size_t size = (size_t)model->number_size, places = (size_t)(y->shape[0] * y->shape[1]);
	char name[1024];
	nn_picture *picture = &segmentation->pictures[segmentation->picture_count++];
	*picture = (nn_picture){.name = strdup(nn_dataset_name(set, batch->samples[row], name, sizeof name)),
	                        .height = (int)y->shape[0],
	                        .width = (int)y->shape[1],
	                        .image = malloc(places * 3),
	                        .truth = malloc(places),
	                        .predicted = malloc(places)};
	if (!picture->name || !picture->image || !picture->truth || !picture->predicted) return nn_error("out of memory"), 1;
	const char *pixels = batch->fields[image], *truth = batch->fields[mask];
	nn_color_pixels(model, of_image, pixels + (size_t)row * of_image->count * size, picture->image);
	read_mask(model, of_mask, truth + (size_t)row * of_mask->count * size, picture->truth, places);
	nn_segment(model, output, y, outputs + (size_t)row * y->count * size, picture->predicted);
	picture->dice = picture_dice(picture, segmentation->class_count, y->shape[y->rank - 1] == 1);
	return 0;
}

/* Images and masks of the size of y, so that they can stand side by side. */
static int can_show(const nn_model *model, const nn_output *output, const nn_field *y, const nn_batch *batch) {
	int image = image_of(model, output), mask = output->label;
	if (!y || y->rank != 3 || image < 0 || !batch->fields[image] || !batch->fields[mask]) return 0;
	const nn_data_field *of_image = &model->data.fields[image], *of_mask = &model->data.fields[mask];
	return of_image->rank == 3 && of_image->shape[0] == y->shape[0] && of_image->shape[1] == y->shape[1] &&
	       of_mask->count % (size_t)(y->shape[0] * y->shape[1]) == 0;
}

int nn_segmentation_pictures(nn_segmentation *segmentation, const nn_model *model, const nn_memory *memory, const nn_dataset *set,
                             const nn_output *output, const nn_call *call) {
	const nn_program *program = nn_program_find(model, "evaluate");
	const nn_field *y = program ? nn_output_find(program, output->name) : NULL;
	nn_loader_options options = {.batch_size = program && program->batch < NN_PICTURES ? program->batch : NN_PICTURES,
	                             .threads = call->threads};
	nn_loader *loader = y ? nn_loader_open(set, memory->state, &options) : NULL;
	const nn_batch *batch = loader ? nn_loader_next(loader) : NULL;
	int failed = loader && nn_loader_failed(loader);
	if (!failed && batch && can_show(model, output, y, batch)) {
		nn_call step = *call;
		step.rows = batch->rows;
		nn_program_feed(model, program, memory->work, batch);
		program->run(memory->state, memory->work, &step);
		const char *outputs = (const char *)memory->work + y->offset;
		for (int i = 0; i < batch->rows && !failed; i++)
			failed = take_picture(segmentation, model, set, batch, i, output, y, outputs);
	}
	if (loader) nn_loader_close(loader);
	return failed;
}

void nn_segmentation_free(nn_segmentation *segmentation) {
	for (int i = 0; i < segmentation->picture_count; i++) {
		nn_picture *picture = &segmentation->pictures[i];
		free(picture->name), free(picture->image), free(picture->truth), free(picture->predicted);
	}
	free(segmentation->overlaps);
	*segmentation = (nn_segmentation){0};
}
