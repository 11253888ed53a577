/* data_support.h: what the tests of the data part share: a model that is only a data section, files in build/tests/tmp, and
 * what was said on standard error.
 * Include after cmocka.h. Invariant: nothing is written outside build/tests/tmp. */
#ifndef DATA_SUPPORT_H
#define DATA_SUPPORT_H
#include <fcntl.h>
#include <ftw.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "data.h"

#define TMP "build/tests/tmp"
enum { SAID = 1 << 14 };

/* A model of some features or an image, with outputs y. Fill source, fields and model.data further in the test. */
typedef struct FakeModel {
	nn_model model;
	nn_data_source source;
	nn_data_field fields[2]; /* FAKE_INPUT, FAKE_LABEL */
	nn_program programs[2]; /* evaluate, and predict, which reads no label */
	nn_output output;
	nn_field inputs[2], y;
	nn_tensor tensors[3];
	double state[3 * 16]; /* impute, offset, scale; of 8 or 4 bytes a number */
} FakeModel;

enum { FAKE_INPUT, FAKE_LABEL };

static inline void fake_shape(nn_data_field *field, int rank, const int64_t *shape)
{
	field->rank = rank;
	field->count = 1;
	for (int i = 0; i < rank; i++) field->count *= (size_t)(field->shape[i] = shape[i]);
}

/* As nnc tells it: what the label of a task is. */
static inline void fake_label(FakeModel *fake, const char *type, nn_task task, int outputs)
{
	nn_data_field *label = &fake->fields[FAKE_LABEL];
	*label = (nn_data_field){.name = "label", .part = 1, .label = 1, .rank = 1, .shape = {1}, .count = 1};
	label->classed = strcmp(type, "image_folder") == 0 || task == NN_BINARY || task == NN_MULTICLASS;
	label->class_count = task == NN_BINARY ? 2 : task == NN_MULTICLASS ? outputs : 0;
}

static inline void fake_model(FakeModel *fake, const char *type, nn_task task, int outputs, int rank, const int64_t *shape)
{
	static const char *const names[3] = {"data/impute", "data/offset", "data/scale"};
	memset(fake, 0, sizeof *fake);
	fake->y = (nn_field){.name = "y", .rank = 1, .shape = {outputs}, .per_row = 1, .count = (size_t)outputs};
	fake->inputs[0].name = "x";
	fake->inputs[1].name = "label";
	fake->programs[0] = (nn_program){.name = "evaluate", .batch = 1, .inputs = fake->inputs, .input_count = 2, .outputs = &fake->y,
					 .output_count = 1};
	fake->programs[1] = fake->programs[0];
	fake->programs[1].name = "predict";
	fake->programs[1].input_count = 1;
	fake->model = (nn_model){.name = "fake", .number_size = 8, .outputs = &fake->output, .output_count = 1, .programs = fake->programs, .program_count = 2};
	fake->output = (nn_output){.name = "y", .task = task, .label = FAKE_LABEL};
	fake->model.data = (nn_data){.sources = &fake->source, .source_count = 1, .fields = fake->fields, .field_count = 2};
	fake->source = (nn_data_source){.type = type, .max_unreadable = 0.01, .rescale = 1};
	fake->fields[FAKE_INPUT] = (nn_data_field){.name = "x"};
	fake_shape(&fake->fields[FAKE_INPUT], rank, shape);
	fake_label(fake, type, task, outputs);
	if (strcmp(type, "image_folder") == 0) {
		fake->source.height = (int)shape[0];
		fake->source.width = (int)shape[1];
		fake->source.channels = (int)shape[2];
	}
	if (strcmp(type, "csv") != 0) return;
	fake->fields[FAKE_INPUT].fitted = "data";
	for (int i = 0; i < 3; i++)
		fake->tensors[i] = (nn_tensor){.name = names[i], .role = NN_FITTED, .rank = 1, .shape = {shape[0]},
					       .offset = (size_t)i * 16, .count = (size_t)shape[0]};
	fake->model.tensors = fake->tensors;
	fake->model.tensor_count = 3;
}

static inline int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

/* An empty build/tests/tmp/NAME. */
static inline void fresh_folder(const char *name)
{
	char path[512];
	mkdir("build", 0777);
	mkdir("build/tests", 0777);
	mkdir(TMP, 0777);
	snprintf(path, sizeof path, TMP "/%s", name);
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(mkdir(path, 0777), 0);
}

static inline void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0777), 0);
}

static inline const char *write_bytes(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	return path;
}

static inline const char *write_text(const char *path, const char *text)
{
	return write_bytes(path, text, strlen(text));
}

/* A grey PNG whose pixels are all the same. */
static inline void write_grey(const char *path, int height, int width, int value)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)width, .height = (png_uint_32)height,
			   .format = PNG_FORMAT_GRAY};
	uint8_t *pixels = malloc((size_t)(height * width));
	memset(pixels, value, (size_t)(height * width));
	assert_true(png_image_write_to_file(&image, path, 0, pixels, 0, NULL));
	free(pixels);
}

/* Standard error goes to a file from here .. */
static inline int begin_listening(void)
{
	fflush(stderr);
	int kept = dup(2), file = open(TMP "/said", O_RDWR | O_CREAT | O_TRUNC, 0666);
	assert_true(kept >= 0 && file >= 0);
	dup2(file, 2);
	close(file);
	return kept;
}

/* .. to here; returns what was said. */
static inline const char *end_listening(int kept)
{
	static char said[SAID];
	fflush(stderr);
	dup2(kept, 2);
	close(kept);
	FILE *file = fopen(TMP "/said", "rb");
	size_t got = file ? fread(said, 1, sizeof said - 1, file) : 0;
	said[got] = 0;
	if (file) fclose(file);
	return said;
}

static inline void assert_says(const char *said, const char *part)
{
	if (strstr(said, part) == NULL) fail_msg("\"%s\" does not say \"%s\"", said, part);
}

/* One error and nothing else. */
static inline void assert_one_error(const char *said)
{
	const char *end = strchr(said, '\n');
	if (strncmp(said, "error: ", 7) != 0 || end == NULL || end[1] != 0) fail_msg("not one line of error: \"%s\"", said);
}

/* Opening fails with one line that says part. */
static inline void assert_refused(const nn_model *model, const nn_data_request *request, const char *part)
{
	nn_datasets sets;
	int kept = begin_listening();
	int failed = nn_data_open(model, request, &sets);
	const char *said = end_listening(kept);
	if (!failed) fail_msg("opened, but should say \"%s\"", part);
	assert_null(sets.train);
	assert_null(sets.store);
	assert_says(said, part);
	assert_one_error(said);
}

/* Opens, and returns what was said meanwhile; fails the test if it can't. */
static inline const char *open_sets(const nn_model *model, const nn_data_request *request, nn_datasets *sets)
{
	int kept = begin_listening();
	int failed = nn_data_open(model, request, sets);
	const char *said = end_listening(kept);
	if (failed) fail_msg("%s", said);
	return said;
}

/* The first batch of an evaluation over a set: all its samples. Close the loader afterwards. */
static inline const nn_batch *whole_set(const nn_dataset *set, const void *state, nn_loader **loader)
{
	nn_loader_options options = {.batch_size = (int)nn_dataset_count(set)};
	*loader = nn_loader_open(set, state, &options);
	assert_non_null(*loader);
	return nn_loader_next(*loader);
}

#endif
