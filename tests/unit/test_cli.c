/* Input: command lines. Output: pass or fail: exit codes, what stands on which stream, the forms of predictions.
 * Invariant: a wrong command line ends with 2, wrong input with 1, and neither prints to standard output. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include "text.h"
#define FAKE fake_binary
#define FAKE_NUMBER float
#define FAKE_UNITS 1
#define FAKE_TASK NN_BINARY
#include "fake_model.h"
#define FAKE fake_multi
#define FAKE_NUMBER float
#define FAKE_UNITS 3
#define FAKE_TASK NN_MULTICLASS
#include "fake_model.h"
#define FAKE fake_exact
#define FAKE_NUMBER double
#define FAKE_UNITS 3
#define FAKE_TASK NN_MULTICLASS
#include "fake_model.h"

#define FOLDER "build/test_cli"
static char *out, *err; /* what the last command printed */

static char *read_text(const char *path) {
	FILE *file = fopen(path, "rb");
	nn_text text = {0};
	if (!file) fail_msg("%s is not there", path);
	nn_text_add(&text, "%s", "");
	for (int c; (c = fgetc(file)) != EOF;) nn_text_bytes(&text, &(char){(char)c}, 1);
	fclose(file);
	return text.data;
}

static void redirect(const char *path, int stream) {
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (file < 0 || dup2(file, stream) < 0) _exit(99);
}

/* Runs a command line (words separated by single spaces) in a process of its own. Returns its exit code. */
static int run_model(const nn_model *model, const nn_model *reference, const char *line) {
	char *words[32] = {"fake"}, *copy = strdup(line);
	int count = 1, status;
	for (char *word = strtok(copy, " "); word && count < 31; word = strtok(NULL, " ")) words[count++] = word;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		redirect(FOLDER "/out", 1), redirect(FOLDER "/err", 2);
		int code = nn_main(model, reference, count, words);
		fflush(NULL);
		free(copy), free(out), free(err);
		_exit(code);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	free(copy), free(out), free(err);
	out = read_text(FOLDER "/out"), err = read_text(FOLDER "/err");
	return WEXITSTATUS(status);
}

static int run(const char *line) {
	nn_model model = fake_binary_model();
	return run_model(&model, NULL, line);
}

static int setup(void **unused) {
	(void)unused;
	if (system("rm -rf " FOLDER) || mkdir(FOLDER, 0777)) return 1;
	FILE *file = fopen(FOLDER "/table.csv", "w"), *three = fopen(FOLDER "/three.csv", "w");
	if (!file || !three) return 1;
	fputs("a,b,c,d,label\n", file), fputs("a,b,c,d,label\n", three);
	for (int r = 0; r < 60; r++) {
		double x = fake_noise(1, 2, r, 3);
		fprintf(file, "%.3f,%.3f,1.5,%d,%s\n", x, fake_noise(3, 4, r, 1), r % 5,
		        x > 0 ? "\"yes, \"\"sure\"\"\"" : "no");
		fprintf(three, "%.3f,%.3f,1.5,%d,%c\n", x, fake_noise(3, 4, r, 1), r % 5,
		        "xyz"[x > 0.2 ? 2 : x > -0.2]);
	}
	fclose(three);
	return fclose(file);
}

static void test_usage(void **unused) {
	static const char *const wrong[] = {"",
	                                    "fly",
	                                    "train --epochs",
	                                    "train --epochs 0",
	                                    "train --epochs 1.5",
	                                    "train --epochs 99999999999",
	                                    "train --epochs -3",
	                                    "train --fly",
	                                    "train x",
	                                    "train --seed -1",
	                                    "train --seed 99999999999999999999",
	                                    "train --quiet=3",
	                                    "train --init a --resume",
	                                    "evaluate",
	                                    "predict --weights x",
	                                    "forecast",
	                                    "forecast --weights x --steps 0",
	                                    "forecast --weights x --from 3 --backtest",
	                                    "predict x",
	                                    "predict --weights x --format tiff y",
	                                    "generate",
	                                    "generate --weights x --top-p 2",
	                                    "info --steps 3",
	                                    "bench --steps 0",
	                                    "bench --threads x",
	                                    "selftest x",
	                                    "-x",
	                                    "train -q"};
	(void)unused;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int code = run(wrong[i]);
		if (code != 2 || *out || !*err) fail_msg("'%s' ends with %d", wrong[i], code);
	}
	static const char *const right[] = {"--help",         "--version",      "train --help",    "evaluate --help",
	                                    "predict --help", "forecast --help", "info --help",    "bench --version", "selftest --help",
	                                    "info",           "train --version"};
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		int code = run(right[i]);
		if (code != 0 || !*out || *err) fail_msg("'%s' ends with %d", right[i], code);
	}
}

static void test_wrong_input(void **unused) {
	static const char *const wrong[] = {
	        "evaluate --weights build/no", "predict --weights build/no x", "generate --weights build/no", "forecast --weights build/no",
	        "train --train build/no --out " FOLDER "/no", "evaluate --weights " FOLDER "/table.csv",
	        "train --train " FOLDER "/three.csv --validation build/no --out " FOLDER "/no"};
	(void)unused;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int code = run(wrong[i]);
		if (code != 1 || *out || strncmp(err, "error: ", 7))
			fail_msg("'%s' ends with %d: %s", wrong[i], code, err);
		assert_ptr_equal(strchr(err, '\n'), err + strlen(err) - 1);
	}
	assert_int_equal(access(FOLDER "/no", F_OK), -1);
}

static cJSON *json_of(const char *text) {
	cJSON *json = cJSON_Parse(text);
	assert_non_null(json);
	return json;
}

static void test_commands(void **unused) {
	(void)unused;
	assert_int_equal(run("train --train " FOLDER "/table.csv --test " FOLDER "/table.csv --epochs 3 --out " FOLDER
	                     "/run/deep --seed 3"),
	                 1); /* the same file twice */
	assert_int_equal(run("train --train " FOLDER "/table.csv --epochs 3 --out " FOLDER "/run/deep --seed 3"), 0);
	assert_non_null(strstr(out, "Epoch 3/3 - "));
	assert_non_null(strstr(out, "weighted avg"));
	assert_int_equal(run("evaluate --weights " FOLDER "/run/deep/best.safetensors --test " FOLDER
	                     "/table.csv --json " FOLDER "/metrics.json"),
	                 0);
	assert_non_null(strstr(out, "precision    recall  f1-score   support"));
	char *text = read_text(FOLDER "/metrics.json");
	cJSON *json = json_of(text);
	static const char *const members[] = {
	        "no",      "yes, \"sure\"", "accuracy",    "macro avg", "weighted avg", "confusion_matrix",
	        "roc_auc", "sensitivity",   "specificity", "loss"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (!cJSON_HasObjectItem(json, members[i])) fail_msg("no '%s'", members[i]);
	cJSON_Delete(json);
	free(text);
	assert_int_equal(run("bench --steps 2 --json"), 0);
	json = json_of(out);
	assert_int_equal(cJSON_GetArraySize(json), 3);
	assert_true(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "median_ms")->valuedouble > 0);
	cJSON_Delete(json);
	assert_int_equal(run("info --json"), 0);
	cJSON_Delete(json_of(out));
	assert_int_equal(run("train --quiet --train " FOLDER "/table.csv --out " FOLDER "/quiet"), 0);
	assert_string_equal(out, "");
}

static void test_predictions(void **unused) {
	static const char weights[] = "--weights " FOLDER "/run/deep/best.safetensors ";
	char line[300];
	(void)unused;
	snprintf(line, sizeof line, "predict %s" FOLDER "/table.csv", weights);
	assert_int_equal(run(line), 0);
	assert_memory_equal(out, "input,prediction,\"p_yes, \"\"sure\"\"\"\n" FOLDER "/table.csv:2,",
	                    36 + strlen(FOLDER "/table.csv:2,") - 1);
	int lines = 0;
	for (char *c = out; *c; c++) lines += *c == '\n';
	assert_int_equal(lines, 61);
	char *kept = strdup(out);
	snprintf(line, sizeof line, "predict %s--output " FOLDER "/p.csv " FOLDER "/table.csv", weights);
	assert_int_equal(run(line), 0);
	assert_string_equal(out, "");
	char *text = read_text(FOLDER "/p.csv");
	assert_string_equal(text, kept);
	free(text), free(kept);
	snprintf(line, sizeof line, "predict %s--format jsonl " FOLDER "/table.csv", weights);
	assert_int_equal(run(line), 0);
	*strchr(out, '\n') = 0;
	cJSON *json = json_of(out);
	double p = cJSON_GetObjectItem(json, "p_yes, \"sure\"")->valuedouble;
	const char *prediction = cJSON_GetObjectItem(json, "prediction")->valuestring;
	assert_true(p >= 0 && p <= 1);
	assert_string_equal(prediction, p > 0.5 ? "yes, \"sure\"" : "no");
	cJSON_Delete(json);
	snprintf(line, sizeof line, "predict %s--format npy --output " FOLDER "/p.npy " FOLDER "/table.csv", weights);
	assert_int_equal(run(line), 0);
	FILE *file = fopen(FOLDER "/p.npy", "rb");
	char header[128];
	assert_int_equal(fread(header, 1, 128, file), 128);
	assert_memory_equal(header, "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (60, 1), }",
	                    70);
	fseek(file, 0, SEEK_END);
	assert_int_equal(ftell(file), 128 + 60 * 4);
	fclose(file);
}

/* Where the network gives no number there is no class. */
static void test_no_number(void **unused) {
	FILE *file = fopen(FOLDER "/large.csv", "w");
	(void)unused;
	assert_non_null(file);
	fputs("a,b,c,d\n0.1,0.2,1.5,3\n3e38,3e38,1.5,-3e38\n3e38,-3e38,1.5,3e38\n", file);
	fclose(file);
	assert_int_equal(run("predict --weights " FOLDER "/run/deep/best.safetensors " FOLDER "/large.csv"), 1);
	assert_non_null(strstr(out, FOLDER "/large.csv:2,\"yes"));
	assert_non_null(strstr(out, FOLDER "/large.csv:3,,nan\n"));
	assert_non_null(strstr(out, FOLDER "/large.csv:4,\"yes"));
	assert_string_equal(err, "error: " FOLDER "/large.csv:3: what the network gives is not a number, so that there is no prediction\n");
}

static void test_selftest(void **unused) {
	nn_model model = fake_multi_model(), reference = fake_exact_model();
	nn_tensor tensors[8];
	(void)unused;
	assert_int_equal(run_model(&model, &reference, "selftest"), 0);
	assert_non_null(strstr(out, "gradient by differences      dense/kernel"));
	assert_non_null(strstr(out, "PASS: "));
	memcpy(tensors, reference.tensors, sizeof tensors); /* a gradient that is not this tensor's must be seen */
	reference.tensors = tensors;
	tensors[1].offset = 0;
	assert_int_equal(run_model(&model, &reference, "selftest"), 1);
	assert_non_null(strstr(out, "FAIL: "));
}

static void test_other_runtime(void **unused) {
	nn_model model = fake_binary_model();
	(void)unused;
	model.abi = NN_ABI + 1;
	assert_int_equal(run_model(&model, NULL, "info"), 1);
}

static int teardown(void **unused) {
	(void)unused;
	free(out), free(err);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_usage),    cmocka_unit_test(test_wrong_input),
	                                   cmocka_unit_test(test_commands), cmocka_unit_test(test_predictions), cmocka_unit_test(test_no_number),
	                                   cmocka_unit_test(test_selftest), cmocka_unit_test(test_other_runtime)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
