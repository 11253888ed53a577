/* test_loader.c: which samples come in which batch: at any number of threads, across passes, after a seek, with images that
 * can't be read, with and without kept pixels.
 * The sets are numbers 0, 1, 2, .. as samples, so that what was loaded can be seen in the numbers themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "data_internal.h"
#include "data_support.h"

#define ROOT TMP "/loader"
enum { SAMPLES = 23, BATCH = 5, KEPT = 400 };

static const int64_t shape[3] = {1, 1, 1};

/* SAMPLES grey images of one pixel; sample i has the value i. The class is b from 20 on. */
static void open_images(FakeModel *fake, nn_datasets *sets, int number_size)
{
	fresh_folder("loader");
	make_directory(ROOT "/train");
	make_directory(ROOT "/train/a");
	make_directory(ROOT "/train/b");
	for (int i = 0; i < SAMPLES; i++) {
		char path[200];
		snprintf(path, sizeof path, ROOT "/train/%s/%02d.png", i < 20 ? "a" : "b", i);
		write_grey(path, 1, 1, i);
	}
	fake_model(fake, "image_folder", NN_BINARY, 1, 3, shape);
	fake->model.number_size = number_size;
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/train"};
	open_sets(&fake->model, &request, sets);
}

static void spoil(int sample)
{
	char path[200];
	snprintf(path, sizeof path, ROOT "/train/%s/%02d.png", sample < 20 ? "a" : "b", sample);
	write_text(path, "");
}

static double number_at(const nn_dataset *set, const void *numbers, int i, int number_size)
{
	(void)set;
	return number_size == 4 ? ((const float *)numbers)[i] : ((const double *)numbers)[i];
}

/* Loads some batches (and the ends of epochs, as -1) into samples. Checks that numbers, labels and samples agree. */
static int load(nn_loader *loader, const nn_dataset *set, int batches, int number_size, int *samples)
{
	int count = 0;
	while (batches > 0) {
		const nn_batch *batch = nn_loader_next(loader);
		if (batch == NULL) {
			samples[count++] = -1;
			if (nn_loader_failed(loader)) return count;
			continue;
		}
		batches--;
		for (int i = 0; i < batch->rows; i++) {
			int sample = (int)batch->samples[i];
			assert_true(number_at(set, batch->fields[FAKE_INPUT], i, number_size) == sample);
			assert_true(number_at(set, batch->fields[FAKE_LABEL], i, number_size) == nn_dataset_label(set, sample));
			samples[count++] = sample;
		}
	}
	return count;
}

static void evaluates_in_order(void **state)
{
	(void)state;
	for (int number_size = 4; number_size <= 8; number_size += 4) {
		FakeModel fake;
		nn_datasets sets;
		int samples[KEPT], expected[2 * SAMPLES + 1];
		open_images(&fake, &sets, number_size);
		nn_loader_options options = {.batch_size = BATCH, .shuffle = 1, .seed = 3};
		nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
		assert_int_equal(nn_loader_steps(loader), 5);
		int count = load(loader, sets.train, 10, number_size, samples);
		for (int i = 0; i <= 2 * SAMPLES; i++) expected[i] = i == SAMPLES ? -1 : i % (SAMPLES + 1);
		assert_int_equal(count, 2 * SAMPLES + 1);
		assert_memory_equal(samples, expected, sizeof expected);
		nn_loader_close(loader);
		options.steps_per_epoch = 2; /* a cap; every epoch begins at the first sample */
		loader = nn_loader_open(sets.train, NULL, &options);
		count = load(loader, sets.train, 4, number_size, samples);
		assert_int_equal(count, 21);
		assert_true(samples[10] == -1 && samples[11] == 0);
		nn_loader_close(loader);
		nn_data_close(&sets);
	}
}

static void shuffles_every_pass_anew(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int samples[KEPT], seen[2][SAMPLES] = {{0}};
	open_images(&fake, &sets, 4);
	nn_loader_options options = {.batch_size = BATCH, .training = 1, .shuffle = 1, .seed = 3};
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	assert_int_equal(load(loader, sets.train, 10, 4, samples), 2 * SAMPLES + 1);
	assert_int_equal(samples[SAMPLES], -1);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < SAMPLES; i++) seen[pass][samples[pass * (SAMPLES + 1) + i]]++;
	for (int i = 0; i < SAMPLES; i++) assert_true(seen[0][i] == 1 && seen[1][i] == 1);
	assert_memory_not_equal(samples, samples + SAMPLES + 1, SAMPLES * sizeof *samples);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

/* Of a model that carries states: in order, and of one whole in lanes; begins where the states begin anew. */
static void lays_lanes(void **state)
{
	(void)state;
	static const int lanes[] = {0, 5, 10, 15, 19, 1, 6, 11, 16, 20, 2, 7, 12, 17, 21, 3, 8, 13, 18, 22, 4, 9, 14};
	FakeModel fake;
	nn_datasets sets;
	int samples[KEPT];
	open_images(&fake, &sets, 4);
	fake.model.training.stateful = 1;
	for (int whole = 0; whole < 2; whole++)
		for (int training = 0; training < 2; training++) {
			sets.train->source->in_order = whole;
			nn_loader_options options = {.batch_size = BATCH, .training = training, .shuffle = 1, .seed = 3};
			nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
			assert_int_equal(load(loader, sets.train, 10, 4, samples), 2 * SAMPLES + 1);
			for (int i = 0; i <= 2 * SAMPLES; i++) {
				int at = i % (SAMPLES + 1);
				assert_int_equal(samples[i], at == SAMPLES ? -1 : whole ? lanes[at] : at);
			}
			nn_loader_close(loader);
		}
	nn_loader_options options = {.batch_size = BATCH, .training = 1, .steps_per_epoch = 7};
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	for (int step = 0; step < 14; step++) { /* a pass has 5 steps */
		const nn_batch *batch = nn_loader_next(loader);
		if (batch == NULL) batch = nn_loader_next(loader);
		assert_non_null(batch);
		assert_int_equal(batch->begins, step == 0 || step == 5 || step == 7 || step == 10);
	}
	nn_loader_close(loader);
	nn_data_close(&sets);
}

/* The same batches at any number of threads, from any place, with or without kept pixels. */
static void repeats(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int first[KEPT], samples[KEPT];
	open_images(&fake, &sets, 4);
	nn_loader_options options = {.batch_size = BATCH, .training = 1, .shuffle = 1, .seed = 9, .steps_per_epoch = 7, .threads = 1};
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	int count = load(loader, sets.train, 28, 4, first);
	nn_loader_close(loader);
	for (int threads = 1; threads <= 7; threads += 2) {
		options.threads = threads;
		options.cache_bytes = threads == 3 ? 1 : 0;
		loader = nn_loader_open(sets.train, NULL, &options);
		assert_int_equal(load(loader, sets.train, 28, 4, samples), count);
		assert_memory_equal(samples, first, (size_t)count * sizeof *samples);
		for (int place = 0; place < 28; place += 3) { /* from each place to the end, backwards and forwards */
			nn_loader_seek(loader, place / 7, place % 7);
			int rest = load(loader, sets.train, 28 - place, 4, samples);
			assert_memory_equal(samples, first + count - rest, (size_t)rest * sizeof *samples);
		}
		nn_loader_close(loader);
	}
	options.seed = 10;
	loader = nn_loader_open(sets.train, NULL, &options);
	load(loader, sets.train, 28, 4, samples);
	assert_memory_not_equal(samples, first, (size_t)count * sizeof *samples);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

/* 7 steps of an epoch, 5 of a pass: epochs end where they should, and no sample is lost between passes. */
static void goes_on_into_the_next_pass(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int seen[SAMPLES] = {0};
	open_images(&fake, &sets, 4);
	nn_loader_options options = {.batch_size = BATCH, .training = 1, .shuffle = 1, .steps_per_epoch = 7};
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	for (int epoch = 0; epoch < 5; epoch++) {
		for (int step = 0; step < 7; step++) {
			const nn_batch *batch = nn_loader_next(loader);
			assert_true(batch->epoch == epoch && batch->step == step);
			assert_int_equal(batch->rows, (epoch * 7 + step) % 5 == 4 ? 3 : 5);
			for (int i = 0; i < batch->rows; i++) seen[batch->samples[i]]++;
		}
		assert_null(nn_loader_next(loader));
	}
	for (int i = 0; i < SAMPLES; i++) assert_int_equal(seen[i], 7);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void keeps_decoded_pixels(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int samples[KEPT];
	open_images(&fake, &sets, 4);
	nn_loader_options options = {.batch_size = BATCH};
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	load(loader, sets.train, 5, 4, samples);
	for (int i = 0; i < SAMPLES; i++) spoil(i); /* nobody looks at the files again */
	nn_loader_seek(loader, 0, 0);
	assert_int_equal(load(loader, sets.train, 5, 4, samples), SAMPLES);
	assert_int_equal(nn_loader_unreadable(loader), 0);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void goes_on_without_broken_images(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int samples[KEPT];
	open_images(&fake, &sets, 4);
	spoil(3);
	spoil(4);
	spoil(22);
	fake.source.max_unreadable = 0.2;
	nn_data_close(&sets);
	nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/train"};
	open_sets(&fake.model, &request, &sets);
	nn_loader_options options = {.batch_size = BATCH, .threads = 3};
	int kept = begin_listening();
	nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
	int count = load(loader, sets.train, 5, 4, samples);
	const char *said = end_listening(kept);
	assert_says(said, "warning: " ROOT "/train/a/03.png: the file is empty\n");
	assert_says(said, "warning: " ROOT "/train/b/22.png: the file is empty\n");
	assert_int_equal(count, 20);
	assert_true(samples[2] == 2 && samples[3] == 5);
	assert_int_equal(nn_loader_unreadable(loader), 3);
	nn_loader_close(loader);
	options.training = 1; /* the next readable sample takes the place */
	loader = nn_loader_open(sets.train, NULL, &options);
	assert_int_equal(load(loader, sets.train, 5, 4, samples), SAMPLES);
	assert_true(samples[3] == 5 && samples[4] == 5 && samples[22] == 0);
	nn_loader_close(loader);
	nn_data_close(&sets);
}

static void stops_when_too_many_are_broken(void **state)
{
	(void)state;
	for (int training = 0; training < 2; training++) {
		FakeModel fake;
		nn_datasets sets;
		int samples[KEPT];
		open_images(&fake, &sets, 4);
		for (int i = 0; i < 6; i++) spoil(i);
		fake.source.max_unreadable = 0.2;
		nn_data_close(&sets);
		nn_data_request request = {.need = NN_NEED_TRAIN, .train = ROOT "/train"};
		open_sets(&fake.model, &request, &sets);
		nn_loader_options options = {.batch_size = BATCH, .training = training, .shuffle = 1};
		int kept = begin_listening();
		nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
		load(loader, sets.train, 5, 4, samples);
		const char *said = end_listening(kept);
		assert_says(said, "error: " ROOT "/train: 5 of 23 images can't be read, more than max_unreadable: 0.2 allows\n");
		assert_true(nn_loader_failed(loader));
		assert_null(nn_loader_next(loader));
		nn_loader_close(loader);
		nn_data_close(&sets);
	}
}

/* Closing while workers are busy or the ring is full must neither hang nor leak. */
static void closes_at_any_time(void **state)
{
	(void)state;
	FakeModel fake;
	nn_datasets sets;
	int samples[KEPT];
	open_images(&fake, &sets, 4);
	for (int i = 0; i < 60; i++) {
		nn_loader_options options = {.batch_size = 1 + i % 30, .training = i % 2, .shuffle = 1, .threads = 1 + i % 5};
		nn_loader *loader = nn_loader_open(sets.train, NULL, &options);
		if (i % 3) load(loader, sets.train, i % 3, 4, samples);
		if (i % 4 == 0) nn_loader_seek(loader, i, 0);
		nn_loader_close(loader);
	}
	nn_data_close(&sets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evaluates_in_order), cmocka_unit_test(shuffles_every_pass_anew), cmocka_unit_test(repeats), cmocka_unit_test(lays_lanes),
		cmocka_unit_test(goes_on_into_the_next_pass), cmocka_unit_test(keeps_decoded_pixels),
		cmocka_unit_test(goes_on_without_broken_images), cmocka_unit_test(stops_when_too_many_are_broken),
		cmocka_unit_test(closes_at_any_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
