/* Input: a hand-written model, small tables. Output: pass or fail.
 * Invariant: a run that was stopped, killed and resumed leaves the same bytes as one that was not. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "callbacks.h"
#include "file.h"
#include "train.h"
#define FAKE fake_binary
#define FAKE_NUMBER float
#define FAKE_UNITS 1
#define FAKE_TASK NN_BINARY
#include "fake_model.h"
#define FAKE fake_regression
#define FAKE_NUMBER double
#define FAKE_UNITS 1
#define FAKE_TASK NN_REGRESSION
#include "fake_model.h"

#define FOLDER "build/test_train"

static void write_table(const char *path, int rows, const char *const labels[2], uint64_t seed) {
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "a,b,c,d,label\n");
	for (int r = 0; r < rows; r++) {
		double x[FAKE_FEATURES], z = 0.8 * fake_noise(seed, 99, r, 7);
		for (int i = 0; i < FAKE_FEATURES; i++) x[i] = 3 * fake_noise(seed, 3, r, i);
		z += x[0] - 0.5 * x[1];
		fprintf(file, "%.4f,%.4f,%.4f,%.4f,", x[0], x[1], x[2], x[3]);
		if (labels)
			fprintf(file, "%s\n", labels[z > 0]);
		else
			fprintf(file, "%.3f\n", z);
	}
	fclose(file);
}

static char *read_text(const char *path) {
	FILE *file = fopen(path, "rb");
	nn_text text = {0};
	if (!file) fail_msg("%s is not there", path);
	for (int c; (c = fgetc(file)) != EOF;) nn_text_bytes(&text, &(char){(char)c}, 1);
	fclose(file);
	return text.data;
}

static void check_same(const char *a, const char *b, const char *name) {
	char left[200], right[200], command[500];
	snprintf(left, sizeof left, "%s/%s", a, name), snprintf(right, sizeof right, "%s/%s", b, name);
	snprintf(command, sizeof command, "cmp %s %s", left, right);
	assert_int_equal(system(command), 0);
}

static int setup(void **unused) {
	static const char *const labels[2] = {"ill", "well"};
	(void)unused;
	if (system("rm -rf " FOLDER) || mkdir(FOLDER, 0777)) return 1;
	write_table(FOLDER "/train.csv", 101, labels, 1);
	write_table(FOLDER "/validation.csv", 37, labels, 2);
	write_table(FOLDER "/test.csv", 45, labels, 3);
	write_table(FOLDER "/numbers.csv", 60, NULL, 4);
	return 0;
}

static nn_train_options options_of(const char *out) {
	return (nn_train_options){.train = FOLDER "/train.csv",
	                          .validation = FOLDER "/validation.csv",
	                          .test = FOLDER "/test.csv",
	                          .out = out,
	                          .quiet = 1};
}

/* Keras's own decisions: see tests/reference/callbacks.py. */
static void test_keras(void **unused) {
	FILE *file = fopen("tests/reference/callbacks.txt", "r");
	char *line = NULL;
	size_t size = 0;
	int cases = 0;
	(void)unused;
	assert_non_null(file);
	for (; getline(&line, &size, file) > 0; cases++) {
		nn_callback rules[2] = {
		        {.kind = NN_EARLY_STOPPING, .monitor = "m", .restore_best_weights = 1},
		        {.kind = NN_MODEL_CHECKPOINT, .monitor = "m", .save_best_only = 1, .baseline = NAN}};
		nn_training training = {.callbacks = rules, .callback_count = 2};
		nn_history history = {.column_count = 1, .columns = {"m"}};
		nn_callbacks callbacks;
		char saves[32], saved[32] = "", *next = line;
		rules[0].mode = rules[1].mode = (int)strtol(next, &next, 10);
		rules[0].min_delta = strtod(next, &next), rules[0].patience = (int)strtol(next, &next, 10);
		rules[0].baseline = strtod(next, &next), rules[0].start_from_epoch = (int)strtol(next, &next, 10);
		assert_int_equal(nn_callbacks_open(&callbacks, &training, 0, 0), 0);
		next = strchr(next, '|') + 1;
		char *results = strchr(next, '|') + 1;
		int stopped, best, wait, epoch = 0;
		assert_int_equal(sscanf(results, "%d %d %d %31s", &stopped, &best, &wait, saves), 4);
		for (; epoch < 12 && !callbacks.stop; epoch++) {
			double value = strtod(next, &next);
			assert_int_equal(nn_history_add(&history, &value), 0);
			nn_callbacks_epoch(&callbacks, &history, epoch);
			strcat(saved, callbacks.states[1].save ? "1" : "0");
		}
		if ((callbacks.stop ? epoch - 1 : -1) != stopped || callbacks.states[0].wait != wait ||
		    callbacks.states[0].best_epoch != best || strcmp(saves, saved))
			fail_msg("case %d: %s", cases + 1, line);
		nn_callbacks_close(&callbacks);
		nn_history_free(&history);
	}
	assert_int_equal(cases, 120);
	free(line);
	fclose(file);
}

static void test_paths(void **unused) {
	double values[2] = {0.123456, 2};
	nn_history history = {.column_count = 2, .columns = {"val_loss", "x"}};
	(void)unused;
	assert_int_equal(nn_history_add(&history, values), 0);
	static const char *const texts[][2] = {{"w-{epoch:02d}-{val_loss:.2f}.safetensors", "w-03-0.12.safetensors"},
	                                       {"{epoch}", "3"},
	                                       {"{x}", "2"},
	                                       {"%s%n", "%s%n"}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *path = nn_callback_path(texts[i][0], &history, 2);
		assert_string_equal(path, texts[i][1]);
		free(path);
	}
	assert_null(nn_callback_path("{nothing}", &history, 2));
	assert_null(nn_callback_path("{epoch", &history, 2));
	nn_history_free(&history);
}

static void test_history_file(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/history");
	(void)unused;
	assert_int_equal(nn_train(&model, &options), 0);
	char *text = read_text(FOLDER "/history/history.csv");
	int lines = 0;
	for (char *c = text; *c; c++) lines += *c == '\n';
	assert_int_equal(lines, 1 + model.training.epochs);
	assert_memory_equal(text, "epoch,accuracy,auc,loss,val_accuracy,val_auc,val_loss\n1,", 56);
	free(text);
	assert_int_equal(nn_train(&model, &options), 1); /* holds a run */
	options.resume = 1;
	options.has_seed = 1, options.seed = 8;
	assert_int_equal(nn_train(&model, &options), 1); /* was begun with another */
	options.seed = 7;
	assert_int_equal(nn_train(&model, &options), 0); /* nothing left to do */
}

/* 3 epochs, garbage in the history, then 3 more: as 6 at once. */
static void test_resume(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options once = options_of(FOLDER "/once"), twice = options_of(FOLDER "/twice");
	(void)unused;
	once.epochs = 6, twice.epochs = 3;
	assert_int_equal(nn_train(&model, &once), 0);
	assert_int_equal(nn_train(&model, &twice), 0);
	FILE *file = fopen(FOLDER "/twice/history.csv", "a");
	fputs("99,1,2", file);
	fclose(file);
	twice = (nn_train_options){
	        .out = FOLDER "/twice", .resume = 1, .epochs = 6, .quiet = 1}; /* the paths are remembered */
	assert_int_equal(nn_train(&model, &twice), 0);
	check_same(FOLDER "/once", FOLDER "/twice", "history.csv");
	check_same(FOLDER "/once", FOLDER "/twice", "last.safetensors");
	check_same(FOLDER "/once", FOLDER "/twice", "best.safetensors");
	check_same(FOLDER "/once", FOLDER "/twice", "metrics.json");
}

/* Signals at any time, gentle and not; resumed until it is through. */
static void test_kill(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options whole = options_of(FOLDER "/whole"), killed = options_of(FOLDER "/killed");
	int status = 1, gentle = 0, restarts = 0;
	(void)unused;
	whole.epochs = killed.epochs = 15, whole.steps_per_epoch = killed.steps_per_epoch = 700;
	killed.resume = 1;
	assert_int_equal(nn_train(&model, &whole), 0);
	for (int delay = 9; restarts < 200; restarts++, delay = delay * 7 % 61 + 5 + restarts) {
		fflush(NULL);
		pid_t child = fork();
		if (child == 0) _exit(nn_train(&model, &killed));
		nanosleep(&(struct timespec){.tv_nsec = delay * 1000000L}, NULL);
		kill(child, restarts % 3 == 2 ? SIGKILL : restarts % 3 ? SIGTERM : SIGINT);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
		if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 130), gentle++;
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(gentle > 0);
	check_same(FOLDER "/whole", FOLDER "/killed", "history.csv");
	check_same(FOLDER "/whole", FOLDER "/killed", "last.safetensors");
	check_same(FOLDER "/whole", FOLDER "/killed", "best.safetensors");
	check_same(FOLDER "/whole", FOLDER "/killed", "metrics.json");
}

/* The weights that remain are those of the best epoch, whether the training ran through, stopped early or was resumed.
 */
static void test_restore(void **unused) {
	static const nn_callback rules[] = {{.kind = NN_EARLY_STOPPING,
	                                     .monitor = "val_loss",
	                                     .mode = -1,
	                                     .patience = 3,
	                                     .baseline = NAN,
	                                     .restore_best_weights = 1},
	                                    {.kind = NN_MODEL_CHECKPOINT,
	                                     .monitor = "val_accuracy",
	                                     .mode = 1,
	                                     .baseline = NAN,
	                                     .filepath = "epochs/{epoch:03d}.safetensors"}};
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/restore");
	char error[NN_ERROR];
	fake_binary_state last = {0}, best = {0};
	(void)unused;
	model.training.callbacks = rules, model.training.callback_count = 2, model.training.epochs = 60;
	options.epochs = 4;
	assert_int_equal(nn_train(&model, &options), 0);
	options.epochs = 60, options.resume = 1;
	assert_int_equal(nn_train(&model, &options), 0);
	char *text = read_text(FOLDER "/restore/history.csv");
	int lines = -1;
	for (char *c = text; *c; c++) lines += *c == '\n';
	assert_true(lines > 4 && lines < 60);
	assert_false(nn_file_exists(FOLDER "/restore/early_stopping_1.safetensors"));
	free(text);
	assert_int_equal(nn_load(&model, &last, FOLDER "/restore/last.safetensors", error), 0);
	assert_int_equal(nn_load(&model, &best, FOLDER "/restore/best.safetensors", error), 0);
	assert_memory_equal(last.kernel, best.kernel, sizeof last.kernel);
	assert_true(nn_file_exists(FOLDER "/restore/epochs/001.safetensors") &&
	            nn_file_exists(FOLDER "/restore/epochs/005.safetensors"));
}

static void test_not_finite(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/finite"), broken;
	(void)unused;
	options.epochs = 2;
	assert_int_equal(nn_train(&model, &options), 0);
	FILE *file = fopen(FOLDER "/huge.csv", "w");
	fputs("a,b,c,d,label\n", file);
	for (int i = 0; i < 40; i++) fprintf(file, "%d,1e30,2,3,%s\n", i, i % 2 ? "ill" : "well");
	fclose(file);
	fake_binary_source.normalize = NN_NORMALIZE_NONE;
	broken = options, broken.train = FOLDER "/huge.csv", broken.out = FOLDER "/broken",
	broken.validation = broken.test = NULL;
	assert_int_equal(nn_train(&model, &broken), 1);
	fake_binary_source.normalize = NN_NORMALIZE_STANDARD;
	assert_false(nn_file_exists(FOLDER "/broken/last.safetensors"));
}

static void test_init(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/init");
	(void)unused;
	options.init = FOLDER "/finite/best.safetensors", options.epochs = 1;
	assert_int_equal(nn_train(&model, &options), 0);
	char *from_start = read_text(FOLDER "/finite/history.csv"), *from_init = read_text(FOLDER "/init/history.csv");
	assert_string_not_equal(strchr(from_start, '\n'), strchr(from_init, '\n'));
	free(from_start), free(from_init);
	options.out = FOLDER "/init2", options.init = FOLDER "/train.csv";
	assert_int_equal(nn_train(&model, &options), 1);
	assert_false(nn_file_exists(FOLDER "/init2"));
}

static void test_regression(void **unused) {
	nn_model model = fake_regression_model();
	nn_train_options options = {.train = FOLDER "/numbers.csv", .out = FOLDER "/numbers", .quiet = 1};
	(void)unused;
	assert_int_equal(nn_train(&model, &options), 0);
	char *text = read_text(FOLDER "/numbers/metrics.json");
	assert_non_null(strstr(text, "\"r2\": 0."));
	assert_non_null(strstr(text, "\"mae\": 0."));
	free(text);
}

/* Where nothing can be written: exit 1, and what was there stays. */
static void test_unwritable(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/train.csv/run"), full = options_of(FOLDER "/finite");
	struct rlimit before, small;
	(void)unused;
	assert_int_equal(nn_train(&model, &options), 1);
	char *kept = read_text(FOLDER "/finite/history.csv");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before, small.rlim_cur = 512;
	full.resume = 1, full.epochs = 5;
	setrlimit(RLIMIT_FSIZE, &small);
	int result = nn_train(&model, &full);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(result, 1);
	full.epochs = 2;
	assert_int_equal(nn_train(&model, &full), 0); /* still the run it was */
	char *again = read_text(FOLDER "/finite/history.csv");
	assert_string_equal(kept, again);
	free(kept), free(again);
}

static void test_other_data(void **unused) {
	nn_model model = fake_binary_model();
	nn_train_options options = options_of(FOLDER "/finite");
	(void)unused;
	options.resume = 1, options.train = FOLDER "/validation.csv", options.validation = NULL;
	assert_int_equal(nn_train(&model, &options), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keras),        cmocka_unit_test(test_paths),
	                                   cmocka_unit_test(test_history_file), cmocka_unit_test(test_resume),
	                                   cmocka_unit_test(test_kill),         cmocka_unit_test(test_restore),
	                                   cmocka_unit_test(test_not_finite),   cmocka_unit_test(test_init),
	                                   cmocka_unit_test(test_regression),   cmocka_unit_test(test_unwritable),
	                                   cmocka_unit_test(test_other_data)};
	return cmocka_run_group_tests(tests, setup, NULL);
}
