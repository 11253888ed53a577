/* test_segmentation.c: Dice and IoU of masks beside tests/reference/segmentation.txt (scikit-learn's); the source image_mask from
 * files to batches; masks that are written and read again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "data_mask.h"
#include "data_support.h"
#include "evaluate.h"
#include "predict_masks.h"

#define ROOT TMP "/segmentation"
enum { ROWS = 4, NUMBERS = 20 * 5 };

/* One output y (1, pixels, units), labels (1, pixels). */
typedef struct Fake {
	nn_model model;
	nn_program program;
	nn_field label, outputs[2];
	nn_data_field fields[1];
	nn_output output;
} Fake;

static void fake(Fake *f, int pixels, int units)
{
	static const char *const metrics[] = {"dice", "iou", "accuracy"};
	memset(f, 0, sizeof *f);
	f->label = (nn_field){.name = "data.mask", .rank = 2, .shape = {1, pixels}, .per_row = 1, .count = (size_t)pixels};
	f->outputs[0] = (nn_field){.name = "y", .rank = 3, .shape = {1, pixels, units}, .per_row = 1, .count = (size_t)(pixels * units)};
	f->outputs[1] = (nn_field){.name = "loss", .count = 1, .offset = ROWS * NUMBERS * sizeof(double)};
	f->program = (nn_program){.name = "evaluate", .batch = ROWS, .inputs = &f->label, .input_count = 1, .outputs = f->outputs, .output_count = 2};
	f->fields[0] = (nn_data_field){.name = "data.mask", .label = 1, .classed = 1};
	f->model = (nn_model){.name = "fake", .number_size = 8, .outputs = &f->output, .output_count = 1, .programs = &f->program, .program_count = 1,
			      .data = {.fields = f->fields, .field_count = 1}};
	f->output = (nn_output){.name = "y", .task = NN_SEGMENTATION, .metrics = metrics, .metric_count = 3};
}

static void read_numbers(FILE *file, const char *key, double *numbers, int count)
{
	char word[32];
	assert_int_equal(fscanf(file, "%31s", word), 1);
	assert_string_equal(word, key);
	for (int i = 0; i < count; i++) assert_int_equal(fscanf(file, "%lf", &numbers[i]), 1);
}

static void read_rows(FILE *file, int rows, int pixels, int units, double *y, double *labels)
{
	for (int r = 0; r < rows; r++) {
		read_numbers(file, "y:", y + r * pixels * units, pixels * units);
		read_numbers(file, "label:", labels + r * pixels, pixels);
	}
}

static double value_of(const nn_tally *tally, const char *name)
{
	double values[NN_LOGS];
	nn_tally_values(tally, values, 0);
	for (int i = 0; i < tally->log_count; i++)
		if (!strcmp(tally->logs[i].name, name)) return values[i];
	fail_msg("no %s", name);
	return NAN;
}

static void scores_are_scikit_s(void **state)
{
	(void)state;
	FILE *file = fopen("tests/reference/segmentation.txt", "r");
	int rows, pixels, units, cases = 0;
	assert_non_null(file);
	while (fscanf(file, " case: %d %d %d", &rows, &pixels, &units) == 3) {
		static double work[ROWS * NUMBERS + 1], labels[ROWS * NUMBERS];
		double dice[8], iou[8], mean[2], accuracy;
		int classes = units > 1 ? units : 2;
		Fake f;
		nn_tally tally;
		nn_segmentation segmentation;
		fake(&f, pixels, units);
		read_rows(file, rows, pixels, units, work, labels);
		read_numbers(file, "dice:", dice, classes);
		read_numbers(file, "iou:", iou, classes);
		read_numbers(file, "mean:", mean, 2);
		read_numbers(file, "accuracy:", &accuracy, 1);
		const nn_program *programs[1] = {&f.program};
		assert_int_equal(nn_tally_open(&tally, &f.model, programs, 1, 0, 0), 0);
		nn_tally_clear(&tally);
		for (int r = 0; r < rows; r++) { /* a batch a row: nothing is averaged over batches */
			double row[ROWS * NUMBERS + 1];
			memcpy(row, work + r * pixels * units, sizeof *row * (size_t)(pixels * units));
			const void *fields[1] = {labels + r * pixels};
			nn_batch batch = {.rows = 1, .fields = fields};
			assert_int_equal(nn_tally_add(&tally, &f.program, row, &batch), 0);
		}
		assert_int_equal(nn_segmentation_score(&segmentation, &tally.parts[0]), 0);
		assert_int_equal(segmentation.class_count, classes);
		for (int c = 0; c < classes; c++) {
			assert_true(fabs(nn_overlap_metric(&segmentation.overlaps[c], NN_DICE) - dice[c]) < 1e-12);
			assert_true(fabs(nn_overlap_metric(&segmentation.overlaps[c], NN_IOU) - iou[c]) < 1e-12);
		}
		assert_true(fabs(segmentation.dice - mean[0]) < 1e-12 && fabs(segmentation.iou - mean[1]) < 1e-12);
		assert_true(fabs(value_of(&tally, "dice") - mean[0]) < 1e-12);
		assert_true(fabs(value_of(&tally, "iou") - mean[1]) < 1e-12);
		assert_true(fabs(value_of(&tally, "accuracy") - accuracy) < 1e-12);
		nn_segmentation_free(&segmentation);
		nn_tally_close(&tally);
		cases++;
	}
	fclose(file);
	assert_int_equal(cases, 12);
}

/* Images of 4 x 4 in grey, masks that are their right half. */
static void mask_model(FakeModel *model, int units)
{
	const int64_t image[3] = {2, 2, 1}, mask[3] = {2, 2, units};
	fake_model(model, "image_mask", NN_SEGMENTATION, 1, 3, image);
	model->source.height = model->source.width = 2;
	model->source.channels = 1;
	model->source.interpolation = NN_AREA;
	fake_shape(&model->fields[FAKE_LABEL], 3, mask);
	model->fields[FAKE_LABEL].classed = 1;
	model->fields[FAKE_LABEL].class_count = units > 1 ? units : 2;
}

static void write_halves(const char *path, int size, int left, int right)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)size, .height = (png_uint_32)size, .format = PNG_FORMAT_GRAY};
	uint8_t pixels[64];
	for (int i = 0; i < size * size; i++) pixels[i] = (uint8_t)(i % size < size / 2 ? left : right);
	assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
}

static void make_samples(void)
{
	fresh_folder("segmentation");
	make_directory(ROOT "/images");
	make_directory(ROOT "/masks");
	write_halves(ROOT "/images/a.png", 4, 10, 200);
	write_halves(ROOT "/masks/a.png", 4, 0, 255);
	write_halves(ROOT "/images/b.png", 8, 200, 10);
	write_halves(ROOT "/masks/b.png", 8, 255, 0);
}

static void images_with_masks(void **state)
{
	(void)state;
	FakeModel model;
	nn_datasets sets;
	nn_loader *loader;
	const double classes[2][4] = {{0, 1, 0, 1}, {1, 0, 1, 0}};
	make_samples();
	for (int units = 1; units <= 3; units++) {
		mask_model(&model, units);
		nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/images," ROOT "/masks"};
		if (units == 3) {
			static const char *const values[3] = {"0", "7", "255"};
			model.source.mask_values = (nn_texts){values, 3};
		}
		open_sets(&model.model, &request, &sets);
		for (int pass = 0; pass < 2; pass++) { /* the second from what was kept */
			const nn_batch *batch = whole_set(sets.train, NULL, &loader);
			assert_int_equal(batch->rows, 2);
			const double *x = batch->fields[FAKE_INPUT], *y = batch->fields[FAKE_LABEL];
			int second = units == 3 ? 2 : 1;
			for (int i = 0; i < 8; i++) {
				double class = classes[i / 4][i % 4];
				assert_true(x[i] == (class ? 200 : 10));
				for (int k = 0; k < units; k++)
					assert_true(y[i * units + k] == (units == 1 ? class : k == (class ? second : 0)));
			}
			nn_loader_close(loader);
		}
		nn_data_close(&sets);
	}
}

/* The loader fails, with one error that says part. */
static void check_wrong(FakeModel *model, const char *part)
{
	nn_datasets sets;
	nn_loader *loader;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/images," ROOT "/masks"};
	open_sets(&model->model, &request, &sets);
	int kept = begin_listening();
	assert_null(whole_set(sets.train, NULL, &loader));
	assert_int_equal(nn_loader_failed(loader), 1);
	nn_loader_close(loader);
	const char *said = end_listening(kept);
	assert_says(said, part);
	assert_one_error(said);
	nn_data_close(&sets);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	FakeModel model;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/images," ROOT "/masks"};
	mask_model(&model, 1);
	make_samples();
	write_halves(ROOT "/masks/b.png", 4, 255, 0);
	assert_refused(&model.model, &request, ROOT "/masks/b.png: the mask is 4 x 4, but the image " ROOT "/images/b.png is 8 x 8");
	remove(ROOT "/masks/b.png");
	assert_refused(&model.model, &request, ROOT "/images/b.png: " ROOT "/masks has no mask of that name");
	write_halves(ROOT "/masks/b.png", 8, 255, 3);
	check_wrong(&model, "error: " ROOT "/images/b.png: " ROOT "/masks/b.png: the mask's value 3 at row 0, column 4 is none of the classes' 0, 1 (or 255)");
	request.train = ROOT "/images";
	assert_refused(&model.model, &request, "--train " ROOT "/images: wants paths joined by commas: images,masks");
}

/* What is predicted, written in the image's own size, is read as the same mask. */
static void written_masks_are_read_again(void **state)
{
	(void)state;
	FakeModel model;
	nn_datasets sets;
	const char *const paths[] = {ROOT "/images"};
	const double y[4] = {0.2, 0.9, 0.5, 0.51};
	uint8_t *bytes, classes[64];
	char why[NN_WHY];
	size_t size;
	nn_image mask;
	make_samples();
	mask_model(&model, 1);
	nn_field field = {.name = "y", .rank = 3, .shape = {2, 2, 1}, .count = 4};
	assert_int_equal(nn_data_open_inputs(&model.model, paths, 1, NULL, 0, &sets), 0);
	assert_int_equal(nn_pictures_begin(sets.test, ROOT "/out/deep"), 0);
	nn_data_close(&sets);
	assert_int_equal(nn_mask_write(&model.model, &model.output, &field, y, ROOT "/images/b.png", ROOT "/out/deep"), 0);
	assert_int_equal(nn_slurp(ROOT "/out/deep/b.png", 0, &bytes, &size, why), 0);
	assert_int_equal(nn_mask_decode(bytes, size, &mask, why), 0);
	assert_int_equal(mask.height, 8);
	assert_int_equal(nn_mask_classes(&mask, &(MaskValues){NULL, 2}, 8, 8, classes, why), 0);
	for (int i = 0; i < 64; i++) assert_int_equal(classes[i], i % 8 >= 4);
	free(mask.pixels);
	free(bytes);
	make_directory(ROOT "/images/sub");
	write_halves(ROOT "/images/sub/b.png", 4, 1, 2);
	assert_int_equal(nn_data_open_inputs(&model.model, paths, 1, NULL, 0, &sets), 0);
	int kept = begin_listening();
	assert_int_equal(nn_pictures_begin(sets.test, ROOT "/out"), 1);
	assert_says(end_listening(kept), ROOT "/out/b.png: two of the inputs would be written to it");
	nn_data_close(&sets);
}

/* The values of a mask are those of the source that it is read from, whichever of several that is. */
static void masks_of_a_second_source(void **state)
{
	(void)state;
	static const char *const values[] = {"10", "200"};
	FakeModel model;
	const double y[4] = {0.2, 0.9, 0.5, 0.51};
	uint8_t *bytes;
	char why[NN_WHY];
	size_t size;
	nn_image mask;
	make_samples();
	mask_model(&model, 1);
	make_directory(ROOT "/out");
	nn_data_source sources[2] = {{.name = "lab", .type = "csv"}, model.source};
	sources[1].mask_values = (nn_texts){values, 2};
	model.model.data.sources = sources;
	model.model.data.source_count = 2;
	model.fields[FAKE_LABEL].source = 1;
	nn_field field = {.name = "y", .rank = 3, .shape = {2, 2, 1}, .count = 4};
	assert_int_equal(nn_mask_write(&model.model, &model.output, &field, y, ROOT "/images/a.png", ROOT "/out"), 0);
	assert_int_equal(nn_slurp(ROOT "/out/a.png", 0, &bytes, &size, why), 0);
	assert_int_equal(nn_mask_decode(bytes, size, &mask, why), 0);
	for (int i = 0; i < 16; i++) assert_int_equal(((const uint8_t *)mask.pixels)[i], i % 4 >= 2 ? 200 : 10);
	free(mask.pixels);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(scores_are_scikit_s), cmocka_unit_test(images_with_masks),
					   cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(written_masks_are_read_again),
					   cmocka_unit_test(masks_of_a_second_source)};
	fresh_folder("segmentation");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
