/* compiled.c: every case as generated C, against the oracle. In: the checks; a target, a precision and a C compiler at a time
 * (a configuration) all of them become one file, a shared object, and run with 4, 3 and 1 live rows at 1, 2 and 3 threads. Memory
 * is filled with not-a-number first, dead rows too: whoever reads what nobody wrote is found out. Fails where values differ, bits
 * depend on threads, C has a warning, or a kernel computed nothing. Arguments: names of configurations; none: all, or if this
 * program is compiled with the address sanitizer, the sanitized ones. */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "compiled.h"
#include "emit.h"

#ifdef __clang__
#define OWN "clang"
#else
#define OWN "gcc"
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif
#define SANITIZE "-g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined "
#define MODEL "-fno-math-errno -fno-trapping-math -ffp-contract=fast"
#define VECTORS "-std=c11 -march=native -fopenmp " MODEL
#define PLAIN "-std=c99 -Wno-unknown-pragmas"
enum { JOBS = 2, MAX_KERNELS = 32, REPORTED = 12 };

typedef struct Configuration {
	const char *name, *target;
	int number_size;
	const char *without; /* a kernel that is not to be chosen */
	int64_t shares; /* of the rows of a recurrence; 0: as it pays */
	const char *compiler, *flags;
	bool sanitized;
} Configuration;

static const Configuration configurations[] = {
	{"native_f32", "native", 4, NULL, 0, "gcc", "-O2 " VECTORS, false},
	{"clang_f32", "native", 4, NULL, 2, "clang", "-O1 " VECTORS, false},
	{"native_f64", "native", 8, NULL, 0, "gcc", "-O1 " VECTORS, false},
	{"untiled_f32", "native", 4, "tile", 3, "gcc", "-O1 " VECTORS, false},
	{"untiled_f64", "portable", 8, "tile", 0, "gcc", "-O0 " PLAIN, false},
	{"avx2_f32", "avx2", 4, NULL, 3, "gcc", "-O0 " VECTORS, false},
	{"avx2_f64", "avx2", 8, NULL, 0, "clang", "-O0 " VECTORS, false},
	{"generic_f32", "generic", 4, NULL, 0, "clang", "-O0 " VECTORS, false},
	{"generic_f64", "generic", 8, NULL, 4, "gcc", "-O0 " VECTORS, false},
	{"portable_f32", "portable", 4, NULL, 0, "gcc", "-O1 " PLAIN, false},
	{"portable_f64", "portable", 8, NULL, 0, "clang", "-O0 " PLAIN, false},
	{"sanitized_f32", "native", 4, NULL, 3, OWN, "-O0 " SANITIZE VECTORS, true},
	{"sanitized_f64", "portable", 8, "tile", 2, OWN, "-O0 " SANITIZE PLAIN, true},
};
enum { CONFIGURATIONS = sizeof configurations/sizeof *configurations };

typedef struct Run {
	const Configuration *configuration;
	Context context;
	const Target *target;
	Network network;
	Plan **plans;
	pid_t compiler; /* 0: not started; -1: done */
	int status;
	int used[MAX_KERNELS]; /* by kernel: checks with a step that it computes */
	int failures;
	char last[200]; /* the failure that was reported last, so that more rows and threads do not repeat it */
} Run;

static Check *checks;
static int check_count;
static const char *folder; /* where the C goes: beside this program */
static Run runs[CONFIGURATIONS];
static int run_count;

/* generated files refer to the runtime only here */
int nn_load(const nn_model *model, void *numbers, const char *path, char error[256]);
int nn_load(const nn_model *model, void *numbers, const char *path, char error[256])
{
	(void)model, (void)numbers, (void)path, (void)error;
	return 1;
}

/* --- emission */

static const char *path_of(const Run *run, const char *ending)
{
	return arena_format(run->context.arena, "%s/%s%s", folder, run->configuration->name, ending);
}

static void count_kernels(Run *run, const Plan *plan)
{
	bool seen[MAX_KERNELS] = {0};
	for (int s = 0; s < plan->step_count; s++)
		for (int k = 0; kernels[k]; k++) seen[k] |= plan->steps[s]->kernel == kernels[k];
	for (int k = 0; kernels[k]; k++) run->used[k] += seen[k];
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0 && !fclose(file));
}

static void emit_all(Run *run)
{
	const Configuration *c = run->configuration;
	run->context = (Context){.arena = arena_new(), .messages = stderr};
	Context *context = &run->context;
	Target *target = (Target *)target_find(context->arena, c->target, c->number_size);
	target->without = c->without;
	target->shares = c->shares;
	Source source = {.name = "cases.yaml", .text = ""};
	Spec spec = {.source = &source, .name = "cases", .seed = 7, .batch = TEST_BATCH};
	run->target = target;
	Model model = {.context = context, .spec = &spec, .network = &run->network, .target = target, .command = "compiled"};
	for (int i = 0; i < check_count; i++)
		check_program(context, &checks[i], arena_format(context->arena, "case%d", i), &run->network);
	for (int i = 0; i < check_count; i++) pass_simplify(context, run->network.programs[i]);
	model_place(&model);
	model.plans = run->plans = arena_alloc(context->arena, sizeof *run->plans*(size_t)check_count);
	for (int i = 0; i < check_count; i++) {
		run->plans[i] = plan_make(context, run->network.programs[i], target);
		count_kernels(run, run->plans[i]);
	}
	write_text(path_of(run, ".c"), emit_source(&model, arena_format(context->arena, "%s.h", c->name)));
	write_text(path_of(run, ".h"), emit_header(&model));
}

/* --- C compilers, two at a time, while others' programs run */

static void start(Run *run)
{
	const Configuration *c = run->configuration;
	emit_all(run);
	const char *command = arena_format(run->context.arena, "exec %s %s -Wall -Wextra -Wpedantic -Werror -shared -fPIC -Iruntime -I%s -o %s %s -lm",
		c->compiler, c->flags, folder, path_of(run, ".so"), path_of(run, ".c"));
	fflush(NULL);
	run->compiler = fork();
	assert_true(run->compiler >= 0);
	if (run->compiler) return;
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static void start_some(void)
{
	int running = 0;
	for (int i = 0; i < run_count; i++) running += runs[i].compiler > 0;
	for (int i = 0; i < run_count && running < JOBS; i++)
		if (!runs[i].compiler) start(&runs[i]), running++;
}

static void await(Run *run)
{
	while (run->compiler >= 0) {
		start_some();
		int status;
		pid_t pid = wait(&status);
		assert_true(pid > 0 || errno == EINTR);
		for (int i = 0; i < run_count; i++)
			if (runs[i].compiler == pid) runs[i].compiler = -1, runs[i].status = status;
	}
	start_some();
}

/* --- running */

typedef struct Numbers { /* a work area or a state, of the precision of the configuration */
	char *bytes;
	size_t size;
	bool single;
} Numbers;

static void put(Numbers block, size_t byte, int64_t index, double value)
{
	if (block.single) ((float *)(block.bytes + byte))[index] = (float)value;
	else ((double *)(block.bytes + byte))[index] = value;
}

static double get(Numbers block, size_t byte, int64_t index)
{
	return block.single ? (double)((const float *)(block.bytes + byte))[index] : ((const double *)(block.bytes + byte))[index];
}

/* bytes exactly, so that the sanitizer sees what lies beyond; aligned as nn.h asks */
static Numbers block_new(size_t size, bool single)
{
	Numbers block = {NULL, size ? size : NN_ALIGN, single};
	void *memory = NULL;
	assert_int_equal(posix_memalign(&memory, NN_ALIGN, block.size), 0);
	block.bytes = memory;
	memset(block.bytes, 0xFF, block.size); /* not-a-number, in both precisions */
	return block;
}

static const nn_field *field_named(const nn_field *fields, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name)) return &fields[i];
	return NULL;
}

/* live rows of inputs, all of variables */
static void fill(const Program *program, const nn_program *compiled, int rows, Numbers work, Numbers state, Arena *arena)
{
	Inputs inputs;
	Feed feed;
	check_fill(program->graph, &inputs, rows, arena, &feed);
	for (int i = 0; i < program->graph->count; i++) {
		const Node *node = program->graph->nodes[i];
		if (node->op != &op_input && node->op != &op_variable) continue;
		const Tensor *tensor = inputs_find(&inputs, node);
		if (node->op == &op_variable) {
			for (int64_t k = 0; k < shape_count(&tensor->shape); k++) put(state, 0, (int64_t)node->at.variable->offset + k, tensor->data[k]);
			continue;
		}
		const nn_field *field = field_named(compiled->inputs, compiled->input_count, node->at.name);
		Shape live = shape_live(&node->shape, rows);
		int64_t place[MAX_RANK] = {0}, k = 0;
		if (!field) continue;
		do put(work, field->offset, place_flat(&node->shape, place), tensor->data[k++]);
		while (place_next(&live, place));
	}
}

/* The live part of an output or variable of this full shape, in the order of its places. */
static void collect(Numbers block, size_t byte, const Shape *full, const Tensor *expected, double *values)
{
	int64_t place[MAX_RANK] = {0}, n = 0;
	do values[n++] = get(block, byte, place_flat(full, place));
	while (place_next(&expected->shape, place));
}

static double distance(const double *values, const Tensor *expected)
{
	double error = 0, size = 0;
	int64_t count = shape_count(&expected->shape);
	for (int64_t i = 0; i < count; i++) {
		double a = values[i], b = expected->data[i];
		if (a == b || (isnan(a) && isnan(b))) {
			size += isfinite(b) ? b*b : 0;
			continue;
		}
		if (!isfinite(a) || !isfinite(b)) return INFINITY;
		error += (a - b)*(a - b);
		size += b*b;
	}
	double floor = 1e-3*sqrt((double)count); /* where all cancels: rounding of numbers of size 1 */
	return sqrt(error)/fmax(sqrt(size), floor);
}

static void failed(Run *run, const Check *check, int rows, const char *what, double error)
{
	char text[sizeof run->last];
	snprintf(text, sizeof text, "case%d, %s: %s: %s", (int)(check - checks), check->family, check->name, what);
	if (!strcmp(text, run->last)) return;
	memcpy(run->last, text, sizeof text);
	if (run->failures++ < REPORTED) print_error("%s: %s, %d rows: %g\n", run->configuration->name, text, rows, error);
}

static void compare(Run *run, const Check *check, int live, const char *what, Numbers block, size_t byte, const Shape *full, int output, double *kept)
{
	const Tensor *expected = &check->expected[live][output];
	int64_t count = shape_count(&expected->shape);
	double *values = calloc((size_t)count, sizeof *values);
	collect(block, byte, full, expected, values);
	double error = distance(values, expected);
	if (!(error <= (block.single ? 1e-5 : 1e-12))) failed(run, check, live_rows[live], what, error);
	if (kept[0] == 0) memcpy(kept + 1, values, (size_t)count*sizeof *values);
	else if (memcmp(kept + 1, values, (size_t)count*sizeof *values)) failed(run, check, live_rows[live], "bits depend on threads", 0);
	kept[0] = 1;
	free(values);
}

/* One call; kept[output]: what the first call with as many rows gave. */
static void call(Run *run, const Check *check, const nn_program *compiled, int live, int threads, double **kept)
{
	const Program *program = run->network.programs[check - checks];
	const Plan *plan = run->plans[check - checks];
	bool single = run->configuration->number_size == 4;
	size_t states = 64;
	for (int i = 0; i < run->network.variable_count; i++) {
		const Variable *v = run->network.variables[i];
		if (v->offset + (size_t)shape_count(&v->shape) + 64 > states) states = v->offset + (size_t)shape_count(&v->shape) + 64;
	}
	Numbers work = block_new(plan->work_bytes, single), state = block_new(states*(size_t)run->configuration->number_size, single);
	Arena *arena = arena_new();
	fill(program, compiled, live_rows[live], work, state, arena);
	nn_call how = {.rows = live_rows[live], .threads = threads, .seed = 7, .step = 3, .epoch = 1};
	int result = compiled->run(state.bytes, work.bytes, &how);
	if (result != NN_OK) failed(run, check, live_rows[live], "result", result);
	for (int i = 0; i < program->output_count; i++) {
		const nn_field *field = field_named(compiled->outputs, compiled->output_count, program->outputs[i].name);
		assert_non_null(field);
		compare(run, check, live, field->name, work, field->offset, &program->outputs[i].node->shape, i, kept[i]);
	}
	for (int i = 0; i < program->assignment_count; i++) {
		const Variable *v = program->assignments[i].variable;
		size_t byte = v->offset*(size_t)run->configuration->number_size;
		compare(run, check, live, v->path, state, byte, &v->shape, program->output_count + i, kept[program->output_count + i]);
	}
	arena_free(arena);
	free(work.bytes);
	free(state.bytes);
}

static void run_check(Run *run, const Check *check, const nn_program *compiled)
{
	assert_int_equal(compiled->output_count, check->output_count);
	for (int live = 0; live < LIVE; live++) {
		Arena *arena = arena_new();
		double *kept[MAX_OUTPUTS];
		for (int i = 0; i < MAX_OUTPUTS; i++) {
			int64_t count = check->expected[live][i].data ? shape_count(&check->expected[live][i].shape) : 0;
			kept[i] = arena_alloc(arena, (size_t)(count + 1)*sizeof **kept);
		}
		for (int threads = 1; threads <= 3; threads++) call(run, check, compiled, live, threads, kept);
		arena_free(arena);
	}
}

static void test_configuration(void **state)
{
	Run *run = *state;
	await(run);
	assert_int_equal(run->status, 0);
	void *object = dlopen(path_of(run, ".so"), RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE); /* OpenMP's threads stay */
	if (!object) fail_msg("%s", dlerror());
	const nn_model *model = dlsym(object, "cases_model");
	assert_non_null(model);
	assert_int_equal(model->program_count, check_count);
	for (int i = 0; i < check_count; i++) {
		const nn_program *compiled = nn_program_find(model, arena_format(run->context.arena, "case%d", i));
		assert_non_null(compiled);
		run_check(run, &checks[i], compiled);
	}
	dlclose(object);
	if (run->failures) fail_msg("%d values differ", run->failures);
}

/* every kernel has computed something, and every kernel has been left out where another can take its place */
static void test_kernels(void **state)
{
	(void)state;
	int unused = 0;
	for (int i = 0; i < run_count; i++) {
		print_message("%-14s", runs[i].configuration->name);
		for (int k = 0; kernels[k]; k++) print_message(" %s %d", kernels[k]->name, runs[i].used[k]);
		print_message("\n");
	}
	for (int k = 0; kernels[k]; k++) {
		bool off = runs[0].configuration->without && !strcmp(runs[0].configuration->without, kernels[k]->name);
		if (runs[0].used[k] || off) continue;
		print_error("no case is computed by kernel %s\n", kernels[k]->name);
		unused++;
	}
	assert_int_equal(unused, 0);
}

static bool wanted(const Configuration *c, int argc, char **argv)
{
	if (argc < 2) return c->sanitized == SANITIZED;
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], c->name)) return true;
	return false;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[CONFIGURATIONS + 1];
	Arena *arena = arena_new();
	folder = arena_format(arena, "%s_code", argv[0]);
	if (mkdir(folder, 0777) && errno != EEXIST) {
		perror(folder);
		return 1;
	}
	checks = checks_all(arena, &check_count);
	for (int i = 0; i < check_count; i++) check_expect(arena, &checks[i]);
	for (int i = 0; i < CONFIGURATIONS; i++) {
		if (!wanted(&configurations[i], argc, argv)) continue;
		const char *target = target_find(arena, "native", 4)->name;
		if (!strcmp(configurations[i].target, "avx2") && strcmp(target, "avx512")) continue; /* no such machine, or native is it */
		runs[run_count] = (Run){.configuration = &configurations[i]};
		tests[run_count] = (struct CMUnitTest){configurations[i].name, test_configuration, NULL, NULL, &runs[run_count]};
		run_count++;
	}
	if (!run_count) {
		fprintf(stderr, "compiled: no such configuration\n");
		return 2;
	}
	tests[run_count] = (struct CMUnitTest){"kernels", test_kernels, NULL, NULL, NULL};
	int failures = _cmocka_run_group_tests("compiled", tests, (size_t)run_count + 1, NULL, NULL);
	for (int i = 0; i < run_count; i++)
		if (runs[i].context.arena) arena_free(runs[i].context.arena);
	arena_free(arena);
	return failures;
}
