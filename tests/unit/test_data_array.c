/* test_data_array.c: idx and npy files: every type, both byte orders, gzip, labels, and every message about a broken file. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <zlib.h>
#include "data_support.h"

#define ARRAY TMP "/array"

static const int64_t image[3] = {2, 2, 1}, pair[1] = {2};

static nn_data_request train_only(const char *path)
{
	return (nn_data_request){.need = NN_NEED_TRAIN, .train = path};
}

/* The file of rank sizes and count bytes of numbers; returns path. */
static const char *write_idx(const char *path, int type, int rank, const int *sizes, const void *numbers, size_t bytes)
{
	uint8_t file[256] = {0, 0, (uint8_t)type, (uint8_t)rank};
	for (int i = 0; i < rank; i++) file[7 + 4 * i] = (uint8_t)sizes[i];
	memcpy(file + 4 + 4 * rank, numbers, bytes);
	return write_bytes(path, file, 4 + 4 * (size_t)rank + bytes);
}

static void assert_inputs(const nn_model *model, const char *paths, int rows, int count, const double *expected)
{
	nn_datasets sets;
	nn_loader *loader;
	nn_data_request request = train_only(paths);
	open_sets(model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), rows);
	const nn_batch *batch = whole_set(sets.train, NULL, &loader);
	for (int i = 0; i < rows * count; i++) {
		double got = model->number_size == 4 ? ((const float *)batch->fields[FAKE_INPUT])[i] : ((const double *)batch->fields[FAKE_INPUT])[i];
		if (got != expected[i]) fail_msg("%s: number %d is %g, not %g", paths, i, got, expected[i]);
	}
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void reads_every_idx_type(void **state)
{
	(void)state;
	FakeModel fake;
	static const struct {
		int type;
		const char *bytes;
		size_t size;
		double expected[2];
	} cases[] = {{0x08, "\xff\x01", 2, {255, 1}},
		     {0x09, "\xff\x01", 2, {-1, 1}},
		     {0x0b, "\xff\xfe\x01\x02", 4, {-2, 258}},
		     {0x0c, "\xff\xff\xff\xfe\x00\x01\x00\x02", 8, {-2, 65538}},
		     {0x0d, "\x3f\x80\x00\x00\xc0\x20\x00\x00", 8, {1, -2.5}},
		     {0x0e, "\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0\x04\x00\x00\x00\x00\x00\x00", 16, {1, -2.5}}};
	fake_model(&fake, "idx", NN_OTHER, 1, 1, pair);
	fake.model.data.field_count = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_inputs(&fake.model, write_idx(ARRAY "/x", cases[i].type, 2, (int[]){1, 2}, cases[i].bytes, cases[i].size), 1, 2,
			      cases[i].expected);
}

static void reads_images_with_labels_and_gzip(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	char name[200];
	const uint8_t pixels[12] = {0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8};
	fake_model(&fake, "idx", NN_MULTICLASS, 10, 3, image);
	fake.model.number_size = 4;
	fake.source.rescale = 1.0 / 255;
	write_idx(ARRAY "/x", 8, 3, (int[]){3, 2, 2}, pixels, 12);
	write_idx(ARRAY "/y", 8, 1, (int[]){3}, "\x07\x00\x09", 3);
	double expected[12];
	for (int i = 0; i < 12; i++) expected[i] = (float)pixels[i] * (float)(1.0 / 255);
	assert_inputs(&fake.model, ARRAY "/x," ARRAY "/y", 3, 4, expected);
	gzFile file = gzopen(ARRAY "/x.gz", "wb");
	uint8_t head[16] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2};
	gzwrite(file, head, 16);
	gzwrite(file, pixels, 12);
	gzclose(file);
	assert_inputs(&fake.model, ARRAY "/x.gz," ARRAY "/y", 3, 4, expected);
	nn_data_request request = train_only(ARRAY "/x," ARRAY "/y");
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(sets.class_count, 10);
	assert_string_equal(sets.classes[9], "9");
	assert_true(nn_dataset_label(sets.train, 0) == 7 && nn_dataset_label(sets.train, 2) == 9);
	assert_string_equal(nn_dataset_name(sets.train, 2, name, sizeof name), ARRAY "/x[2]");
	nn_data_close(&sets);
}

static void says_what_is_wrong_with_idx(void **state)
{
	(void)state;
	FakeModel fake;
	const uint8_t pixels[12] = {0};
	fake_model(&fake, "idx", NN_MULTICLASS, 10, 3, image);
	write_idx(ARRAY "/x", 8, 3, (int[]){3, 2, 2}, pixels, 12);
	write_idx(ARRAY "/y", 8, 1, (int[]){3}, "\x07\x00\x0a", 3);
	write_idx(ARRAY "/y2", 8, 1, (int[]){2}, "\x07\x00", 2);
	write_idx(ARRAY "/short", 8, 3, (int[]){3, 2, 2}, pixels, 11);
	write_idx(ARRAY "/flat", 8, 2, (int[]){3, 4}, pixels, 12);
	write_idx(ARRAY "/none", 8, 3, (int[]){0, 2, 2}, pixels, 0);
	write_idx(ARRAY "/real", 0x0d, 1, (int[]){3}, "\x3f\x80\x00\x00\x3f\x81\x00\x00\x00\x00\x00\x00", 12);
	write_text(ARRAY "/text", "hello");
	write_bytes(ARRAY "/huge", "\0\0\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16);
	static const struct {
		const char *paths, *says;
	} cases[] = {{ARRAY "/x", "--train " ARRAY "/x: wants paths joined by commas: images,labels"},
		     {ARRAY "/x," ARRAY "/y", "11 classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), but the model tells 10 apart"},
		     {ARRAY "/x," ARRAY "/y2", "y2: holds 2 labels for the 3 samples of " ARRAY "/x"},
		     {ARRAY "/short," ARRAY "/y", "short: ends too early: its head says [3, 2, 2], which is 12 bytes, but 11 follow"},
		     {ARRAY "/flat," ARRAY "/y", "flat: a sample is [4], but the model's input is [2, 2, 1]"},
		     {ARRAY "/none," ARRAY "/y", "none: holds no samples"},
		     {ARRAY "/x," ARRAY "/real", "real: label 1.00781 of sample 1 is no class number"},
		     {ARRAY "/text," ARRAY "/y", "text: is no idx file"},
		     {ARRAY "/huge," ARRAY "/y", "makes no sense"},
		     {ARRAY "/x," ARRAY "/nowhere", "nowhere: No such file"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		nn_data_request request = train_only(cases[i].paths);
		assert_refused(&fake.model, &request, cases[i].says);
	}
}

/* A gzip file that was cut off. */
static void says_when_gzip_ends(void **state)
{
	(void)state;
	FakeModel fake;
	static uint8_t bytes[4096], noise[4000];
	fake_model(&fake, "idx", NN_MULTICLASS, 10, 3, image);
	for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(i * i * 2654435761u >> 13);
	gzFile out = gzopen(ARRAY "/cut.gz", "wb");
	gzwrite(out, noise, sizeof noise);
	gzclose(out);
	FILE *file = fopen(ARRAY "/cut.gz", "rb");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	write_bytes(ARRAY "/cut.gz", bytes, size / 2);
	nn_data_request request = train_only(ARRAY "/cut.gz," ARRAY "/cut.gz");
	assert_refused(&fake.model, &request, "cut.gz: the gzip data ends too early");
}

/* version, head, bytes */
static const char *write_npy(const char *path, int version, const char *head, const void *numbers, size_t bytes)
{
	uint8_t file[512] = "\x93NUMPY";
	size_t start = version == 1 ? 10 : 12, length = strlen(head);
	file[6] = (uint8_t)version;
	file[8] = (uint8_t)length;
	memcpy(file + start, head, length);
	memcpy(file + start + length, numbers, bytes);
	return write_bytes(path, file, start + length + bytes);
}

static void reads_every_npy_type(void **state)
{
	(void)state;
	FakeModel fake;
	static const struct {
		const char *type, *bytes;
		size_t size;
		double expected[2];
	} cases[] = {{"|b1", "\x01\x00", 2, {1, 0}},
		     {"|u1", "\xff\x01", 2, {255, 1}},
		     {"|i1", "\xff\x01", 2, {-1, 1}},
		     {"<u2", "\xfe\xff\x01\x00", 4, {65534, 1}},
		     {">i2", "\xff\xfe\x00\x01", 4, {-2, 1}},
		     {"<u4", "\xff\xff\xff\xff\x01\x00\x00\x00", 8, {4294967295.0, 1}},
		     {"<i4", "\xff\xff\xff\xff\x01\x00\x00\x00", 8, {-1, 1}},
		     {">u8", "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02", 16, {4294967296.0, 2}},
		     {"<i8", "\xff\xff\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x00\x00\x00", 16, {-1, 2}},
		     {"<f4", "\x00\x00\x80\x3f\x00\x00\x20\xc0", 8, {1, -2.5}},
		     {">f4", "\x3f\x80\x00\x00\xc0\x20\x00\x00", 8, {1, -2.5}},
		     {"<f8", "\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x04\xc0", 16, {1, -2.5}}};
	fake_model(&fake, "npy", NN_OTHER, 1, 1, pair);
	fake.model.data.field_count = 1;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int version = 1; version <= 3; version++) {
			char head[128];
			snprintf(head, sizeof head, "{'descr': '%s', 'fortran_order': False, 'shape': (1, 2), }   \n", cases[i].type);
			assert_inputs(&fake.model, write_npy(ARRAY "/x.npy", version, head, cases[i].bytes, cases[i].size), 1, 2,
				      cases[i].expected);
		}
}

static void reads_targets_of_several_numbers(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	const double x[4] = {1, 2, 3, 4}, y[4] = {0.5, 1.5, 2.5, 3.5};
	fake_model(&fake, "npy", NN_REGRESSION, 2, 1, pair);
	fake_shape(&fake.fields[FAKE_LABEL], 1, (const int64_t[]){2});
	const char *head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n";
	write_npy(ARRAY "/x.npy", 1, head, x, sizeof x);
	write_npy(ARRAY "/y.npy", 1, head, y, sizeof y);
	nn_data_request request = train_only(ARRAY "/x.npy," ARRAY "/y.npy");
	open_sets(&fake.model, &request, &sets);
	const nn_batch *batch = whole_set(sets.train, NULL, &loader);
	assert_memory_equal(batch->fields[FAKE_LABEL], y, sizeof y);
	nn_loader_close(loader);
	nn_data_close(&sets);
	fake_shape(&fake.fields[FAKE_LABEL], 1, (const int64_t[]){3});
	assert_refused(&fake.model, &request, "y.npy: a label is [2], but the model's is [3]");
}

/* Class numbers become one-hot rows where the model wants rows. */
static void writes_one_hot_rows(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	fake_model(&fake, "npy", NN_MULTICLASS, 3, 1, pair);
	fake_shape(&fake.fields[FAKE_LABEL], 1, (const int64_t[]){3});
	write_npy(ARRAY "/x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }\n", "\1\2\3\4", 4);
	write_npy(ARRAY "/y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n", "\2\0", 2);
	nn_data_request request = train_only(ARRAY "/x.npy," ARRAY "/y.npy");
	open_sets(&fake.model, &request, &sets);
	const nn_batch *batch = whole_set(sets.train, NULL, &loader);
	assert_memory_equal(batch->fields[FAKE_LABEL], ((const double[]){0, 0, 1, 1, 0, 0}), 6 * sizeof(double));
	nn_loader_close(loader);
	nn_data_close(&sets);
	write_npy(ARRAY "/y.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n", "\0\0\1\0\1\0", 6);
	open_sets(&fake.model, &request, &sets); /* rows already */
	assert_int_equal(sets.class_count, 3);
	assert_true(nn_dataset_label(sets.train, 0) == 2 && nn_dataset_label(sets.train, 1) == 1);
	nn_data_close(&sets);
}

static void says_what_is_wrong_with_npy(void **state)
{
	(void)state;
	static const struct {
		const char *head, *says;
	} cases[] = {{"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 2), }\n", "Fortran order"},
		     {"{'descr': '<c8', 'fortran_order': False, 'shape': (1, 2), }\n", "its type '<c8'"},
		     {"{'descr': '|O', 'fortran_order': False, 'shape': (1, 2), }\n", "its type '|O'"},
		     {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n", "its shape is not"},
		     {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, -2), }\n", "its shape is not"},
		     {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5, 6, 7, 8, 9), }\n", "its shape is not"},
		     {"{'descr': '<f8', 'fortran_order': False, 'shape': (9, 9223372036854775807), }\n", "makes no sense"},
		     {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }\n", "ends too early"},
		     {"{'fortran_order': False, 'shape': (1, 2), }\n", "its type (none)"}};
	FakeModel fake;
	fake_model(&fake, "npy", NN_OTHER, 1, 1, pair);
	fake.model.data.field_count = 1;
	nn_data_request request = train_only(ARRAY "/x.npy");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_npy(ARRAY "/x.npy", 1, cases[i].head, "0123456789012345", 16);
		assert_refused(&fake.model, &request, cases[i].says);
	}
	write_text(ARRAY "/x.npy", "\x93NUMPY\1");
	assert_refused(&fake.model, &request, "is no npy file");
	write_bytes(ARRAY "/x.npy", "\x93NUMPY\1\0\xff\xff{'descr'", 18);
	assert_refused(&fake.model, &request, "ends within its head");
}

/* A number that is none ends the run where it is read; so does a class that the model does not tell apart. */
static void says_what_is_no_number(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	nn_loader *loader;
	const int64_t square[2] = {2, 2};
	const double x[8] = {1, 2, 3, 4, 5, 6, NAN, 8}, y[2] = {1, INFINITY};
	fake_model(&fake, "npy", NN_REGRESSION, 1, 2, square);
	write_npy(ARRAY "/x.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2, 2), }\n", x, sizeof x);
	write_npy(ARRAY "/y.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", (const double[]){1, 2}, 16);
	nn_data_request request = train_only(ARRAY "/x.npy," ARRAY "/y.npy");
	open_sets(&fake.model, &request, &sets);
	int kept = begin_listening();
	assert_null(whole_set(sets.train, NULL, &loader));
	const char *said = end_listening(kept);
	assert_says(said, "error: " ARRAY "/x.npy[1]: what stands at [1, 0] is nan, no number");
	assert_one_error(said);
	assert_true(nn_loader_failed(loader));
	nn_loader_close(loader);
	nn_data_close(&sets);
	write_npy(ARRAY "/y.npy", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", y, sizeof y);
	assert_refused(&fake.model, &request, "y.npy: label inf of sample 1 is no number");
	fake_model(&fake, "npy", NN_MULTICLASS, 3, 1, pair); /* a class a step */
	fake_shape(&fake.fields[FAKE_LABEL], 1, pair);
	fake.fields[FAKE_LABEL].integer = 1;
	write_npy(ARRAY "/x.npy", 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }\n", "\1\2\3\4", 4);
	write_npy(ARRAY "/y.npy", 1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }\n", "\0\2\xff\3", 4);
	assert_refused(&fake.model, &request, "y.npy: label 3 of sample 1 is no class number");
	write_npy(ARRAY "/y.npy", 1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 2), }\n", "\0\2\xff\1", 4); /* -1: ignored by the loss */
	open_sets(&fake.model, &request, &sets);
	nn_data_close(&sets);
	fake.fields[FAKE_LABEL].low = 0, fake.fields[FAKE_LABEL].high = 2; /* a loss that ignores none */
	assert_refused(&fake.model, &request, "y.npy: label -1 of sample 1, place 0, is no class from 0 to 2; places without a class are left out by a mask");
	fake.fields[FAKE_LABEL].low = -1; /* one that ignores -1 */
	open_sets(&fake.model, &request, &sets);
	nn_data_close(&sets);
}

static void reads_mnist(void **state)
{
	(void)state;
	const char *paths = "../shared/data/mnist/t10k-images-idx3-ubyte.gz,../shared/data/mnist/t10k-labels-idx1-ubyte.gz";
	if (access("../shared/data/mnist/t10k-images-idx3-ubyte.gz", R_OK) != 0) {
		printf("SKIP: no ../shared/data/mnist\n");
		skip();
	}
	FakeModel fake;
	nn_datasets sets;
	int64_t counts[10];
	fake_model(&fake, "idx", NN_MULTICLASS, 10, 3, (const int64_t[]){28, 28, 1});
	nn_data_request request = train_only(paths);
	open_sets(&fake.model, &request, &sets);
	assert_int_equal(nn_dataset_count(sets.train), 10000);
	nn_dataset_class_counts(sets.train, counts);
	assert_true(counts[0] == 980 && counts[1] == 1135 && counts[9] == 1009);
	nn_data_close(&sets);
}

static int prepare(void **state)
{
	(void)state;
	fresh_folder("array");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_idx_type), cmocka_unit_test(reads_images_with_labels_and_gzip),
		cmocka_unit_test(says_what_is_wrong_with_idx), cmocka_unit_test(says_when_gzip_ends),
		cmocka_unit_test(reads_every_npy_type), cmocka_unit_test(reads_targets_of_several_numbers),
		cmocka_unit_test(writes_one_hot_rows), cmocka_unit_test(says_what_is_wrong_with_npy),
		cmocka_unit_test(says_what_is_no_number), cmocka_unit_test(reads_mnist),
	};
	return cmocka_run_group_tests(tests, prepare, NULL);
}
