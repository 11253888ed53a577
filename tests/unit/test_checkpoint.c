/* Input: states, damaged files, hostile headers. Output: pass or fail.
 * Invariant: whatever a file holds, reading it ends with 0 or with one line of error, under sanitizers too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>
#include "checkpoint.h"
#define FAKE fake_float
#define FAKE_NUMBER float
#define FAKE_UNITS 3
#define FAKE_TASK NN_MULTICLASS
#include "fake_model.h"
#define FAKE fake_double
#define FAKE_NUMBER double
#define FAKE_UNITS 3
#define FAKE_TASK NN_MULTICLASS
#include "fake_model.h"

static const char *const path = "build/test_checkpoint.safetensors";
static char error[NN_ERROR];

static void save(const nn_model *model, const void *state, const nn_checkpoint_extra *extra) {
	nn_file file;
	assert_int_equal(nn_file_create(&file, path, error), 0);
	assert_int_equal(nn_checkpoint_write(&file, model, state, extra, error), 0);
	assert_int_equal(nn_file_commit(&file, error), 0);
}

static void fill(fake_float_state *state) {
	float *numbers = (float *)state;
	for (size_t i = 0; i < sizeof *state / sizeof *numbers; i++) numbers[i] = (float)(i * i) / 7.0f - 3;
}

static char *read_file(size_t *size) {
	FILE *file = fopen(path, "rb");
	struct stat status;
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	*size = (size_t)status.st_size;
	char *bytes = malloc(*size + 1);
	assert_int_equal(fread(bytes, 1, *size, file), *size);
	fclose(file);
	return bytes;
}

static void write_bytes(const void *bytes, size_t size) {
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static int load(const nn_model *model, void *state) {
	nn_safetensors file;
	error[0] = 0;
	if (nn_safetensors_open(&file, path, error)) return 1;
	int failed = nn_checkpoint_read(&file, model, state, model->state_count, error);
	nn_safetensors_close(&file);
	return failed;
}

static void test_round_trip(void **unused) {
	nn_model model = fake_float_model(), other = fake_double_model();
	fake_float_state state, back = {0};
	fake_double_state wide;
	const char *classes[] = {"a", "b\"\\", "日本"};
	const char *tokens[] = {"", "", "the", "\n"};
	const nn_names known[] = {{.key = "data.label", .items = (char **)(uintptr_t)classes, .count = 3}, {.key = "data/ward"}};
	const nn_names vocabularies[] = {{.key = "de", .items = (char **)(uintptr_t)tokens, .count = 4}, {.key = "en", .items = (char **)(uintptr_t)classes, .count = 3}};
	const nn_data_source sources[] = {{.name = "image"}, {.name = "en"}, {.name = "de"}};
	model.data = (nn_data){.sources = sources, .source_count = 3};
	nn_checkpoint_extra extra = {.classes = classes, .class_count = 3, .names = known, .name_count = 2, .vocabularies = vocabularies, .vocabulary_count = 2};
	nn_safetensors file;
	int count;
	(void)unused;
	fill(&state);
	save(&model, &state, &extra);
	assert_int_equal(load(&model, &back), 0);
	assert_memory_equal(&state, &back, sizeof state);
	assert_int_equal(load(&other, &wide), 0);
	for (size_t i = 0; i < sizeof state / sizeof(float); i++)
		assert_true(((double *)&wide)[i] == ((float *)&state)[i]);
	assert_int_equal(nn_safetensors_open(&file, path, error), 0);
	nn_names *names = nn_checkpoint_names(&file, &count);
	assert_int_equal(count, 1); /* none of an empty list */
	assert_string_equal(names[0].key, "data.label");
	assert_int_equal(names[0].count, 3);
	for (int i = 0; i < 3; i++) assert_string_equal(names[0].items[i], classes[i]);
	assert_string_equal(nn_safetensors_metadata(&file, "model"), "fake_float");
	assert_null(nn_safetensors_find(&file, "dense/kerne"));
	nn_checkpoint_free_names(names, count);
	nn_names *read = nn_checkpoint_vocabularies(&file, &model, &count);
	assert_int_equal(count, 2); /* in the order of the sources */
	assert_string_equal(read[0].key, "en");
	assert_string_equal(read[1].key, "de");
	for (int i = 0; i < 4; i++) assert_string_equal(read[1].items[i], tokens[i]);
	nn_checkpoint_free_names(read, count);
	nn_safetensors_close(&file);
	save(&other, &wide, &extra); /* and back from double to float */
	memset(&back, 0, sizeof back);
	assert_int_equal(load(&model, &back), 0);
	assert_memory_equal(&state, &back, sizeof state);
}

/* What is no weight is left alone, also where it lies whole in the room behind the weights. */
static void test_limit(void **unused) {
	nn_model model = fake_float_model();
	fake_float_state state, back = {0};
	nn_safetensors file;
	(void)unused;
	fill(&state);
	save(&model, &state, &(nn_checkpoint_extra){0});
	const nn_tensor *rate = nn_tensor_find(&model, "train/learning_rate"), *slot = nn_tensor_find(&model, "train/dense/kernel/m");
	assert_non_null(rate);
	assert_non_null(slot);
	assert_int_equal(nn_safetensors_open(&file, path, error), 0);
	assert_int_equal(nn_checkpoint_read(&file, &model, &back, slot->offset + slot->count, error), 0);
	nn_safetensors_close(&file);
	assert_memory_equal(&state, &back, rate->offset * sizeof(float));
	for (size_t i = rate->offset; i < slot->offset + slot->count; i++) assert_true(((float *)&back)[i] == 0);
}

static void test_truncated(void **unused) {
	nn_model model = fake_float_model();
	fake_float_state state, back;
	size_t size;
	(void)unused;
	fill(&state);
	save(&model, &state, &(nn_checkpoint_extra){0});
	char *bytes = read_file(&size);
	for (size_t cut = 0; cut < size; cut++) {
		write_bytes(bytes, cut);
		assert_int_equal(load(&model, &back), 1);
		assert_true(error[0] && !strchr(error, '\n'));
	}
	write_bytes(bytes, size);
	assert_int_equal(load(&model, &back), 0);
	free(bytes);
}

/* Any byte of the header may be wrong: an answer, never a crash. */
static void test_damaged(void **unused) {
	static const char wrong[] = {0, '"', '{', '9', '-', ']', (char)0xff};
	nn_model model = fake_float_model();
	fake_float_state state, back;
	size_t size;
	(void)unused;
	fill(&state);
	save(&model, &state, &(nn_checkpoint_extra){0});
	char *bytes = read_file(&size);
	for (size_t i = 0; i < size - sizeof state; i++)
		for (size_t k = 0; k < sizeof wrong; k++) {
			char kept = bytes[i];
			bytes[i] = wrong[k];
			write_bytes(bytes, size);
			if (load(&model, &back)) assert_true(error[0] && !strchr(error, '\n'));
			bytes[i] = kept;
		}
	free(bytes);
}

static void check_header(const char *header, size_t data, const char *expected) {
	nn_safetensors file;
	size_t length = strlen(header);
	char *bytes = calloc(1, 8 + length + data);
	bytes[0] = (char)length, bytes[1] = (char)(length >> 8);
	memcpy(bytes + 8, header, length);
	write_bytes(bytes, 8 + length + data);
	free(bytes);
	int failed = nn_safetensors_open(&file, path, error);
	if (!failed) nn_safetensors_close(&file);
	assert_int_equal(failed, expected != NULL);
	if (expected && !strstr(error, expected)) fail_msg("'%s' does not say '%s'", error, expected);
}

static void test_hostile(void **unused) {
	(void)unused;
	check_header("{}", 0, NULL);
	check_header("[]", 0, "no JSON object");
	check_header("{\"a\":1}", 0, "missing");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL);
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 12, "12 bytes of numbers");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "do not fit its shape");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\","
	             "\"shape\":[2],\"data_offsets\":[4,12]}}",
	             12, "overlap");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\","
	             "\"shape\":[1],\"data_offsets\":[12,16]}}",
	             16, "gap");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\","
	             "\"shape\":[1],\"data_offsets\":[4,8]}}",
	             8, "twice");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
	             "too large");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, NULL);
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,8]}}", 8, "no whole number");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,6]}}", 6, "no whole number");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
	             "more than 8");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "no range");
	check_header("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1e300,1e301]}}", 8, "no range");
	check_header("{\"a\":{\"dtype\":\"X\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype is unknown");
	check_header("{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, NULL);
	check_header("{\"__metadata__\":5}", 0, NULL);
	write_bytes("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
	nn_safetensors file;
	assert_int_equal(nn_safetensors_open(&file, path, error), 1);
	assert_int_equal(nn_safetensors_open(&file, "build", error), 1);
	assert_int_equal(nn_safetensors_open(&file, "build/no such file", error), 1);
}

static void test_wrong_model(void **unused) {
	nn_model model = fake_float_model(), changed = model;
	fake_float_state state, back;
	nn_tensor tensors[8];
	nn_safetensors file;
	(void)unused;
	fill(&state);
	save(&model, &state, &(nn_checkpoint_extra){0});
	memcpy(tensors, model.tensors, sizeof tensors);
	changed.tensors = tensors;
	tensors[1].name = "dense/other";
	assert_int_equal(load(&changed, &back), 1);
	assert_non_null(strstr(error, "no tensor 'dense/other'"));
	assert_int_equal(nn_safetensors_open(&file, path, error), 0);
	memset(&back, 0, sizeof back);
	assert_int_equal(nn_checkpoint_read_some(&file, &changed, &back, &(nn_init){0}),
	                 0); /* --init takes the kernel, not the bias */
	assert_memory_equal(back.kernel, state.kernel, sizeof back.kernel);
	assert_true(back.bias[0] == 0 && back.kernel_m[0][0] == 0);
	for (int i = 0; i < 8; i++) tensors[i].name = "x";
	assert_int_equal(nn_checkpoint_read_some(&file, &changed, &back, &(nn_init){0}), 1);
	nn_safetensors_close(&file);
	memcpy(tensors, model.tensors, sizeof tensors);
	tensors[0].shape[0] = 3, tensors[0].shape[1] = 4;
	assert_int_equal(load(&changed, &back), 1);
	assert_non_null(strstr(error, "(4, 3) there, (3, 4) in this model"));
}

/* A disk that is full: the old file stays, nothing else is left. */
static void test_full_disk(void **unused) {
	nn_model model = fake_float_model();
	fake_float_state state, back;
	struct rlimit before, small;
	nn_file file;
	(void)unused;
	fill(&state);
	save(&model, &state, &(nn_checkpoint_extra){0});
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before, small.rlim_cur = 100;
	assert_int_equal(nn_file_create(&file, path, error), 0);
	setrlimit(RLIMIT_FSIZE, &small);
	int failed = nn_checkpoint_write(&file, &model, &state, &(nn_checkpoint_extra){0}, error);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(failed, 1);
	nn_file_abandon(&file);
	assert_int_equal(load(&model, &back), 0);
	assert_int_equal(access("build/test_checkpoint.safetensors.tmp", F_OK), -1);
}

static void test_extra_name(void **unused) {
	nn_model model = fake_float_model();
	fake_float_state state, back;
	nn_file file;
	(void)unused;
	fill(&state);
	assert_int_equal(nn_file_create(&file, "build/test_checkpoint_last.safetensors", error), 0);
	assert_int_equal(nn_checkpoint_write(&file, &model, &state, &(nn_checkpoint_extra){0}, error), 0);
	assert_int_equal(nn_file_also(&file, path, error), 0);
	nn_file_abandon(&file);
	assert_int_equal(load(&model, &back), 0);
	assert_memory_equal(&state, &back, sizeof state);
	assert_int_equal(access("build/test_checkpoint_last.safetensors", F_OK), -1);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_limit), cmocka_unit_test(test_truncated),
	                                   cmocka_unit_test(test_damaged),     cmocka_unit_test(test_hostile),
	                                   cmocka_unit_test(test_wrong_model), cmocka_unit_test(test_full_disk),
	                                   cmocka_unit_test(test_extra_name)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
