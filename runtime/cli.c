/* Input: a command line. Output: a command that runs, or how it is used.
 * Invariant: what is wrong with the command line itself is said before anything is opened, and ends with exit code 2.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "commands.h"
#include "evaluate.h"
#include "forecast.h"
#include "generate.h"
#include "message.h"
#include "model.h"
#include "predict.h"
#include "train.h"

enum { WRONG_USAGE = 2, DEFAULT_BENCH_STEPS = 20, DEFAULT_LENGTH = 500, MANY = 1000000000 };

typedef enum Option {
	TRAIN,
	VALIDATION,
	TEST,
	INIT,
	EPOCHS,
	STEPS_PER_EPOCH,
	NO_SHUFFLE,
	THREADS,
	SEED,
	OUT,
	RESUME,
	QUIET,
	WEIGHTS,
	JSON_FILE,
	JSON,
	FORMAT,
	OUTPUT,
	STEPS,
	FORECAST_STEPS,
	GROUP,
	FROM,
	BACKTEST,
	PLOT,
	PROMPT,
	LENGTH,
	TEMPERATURE,
	TOP_K,
	TOP_P,
	STOP,
	COUNT,
	CLASS,
	GRID,
	INTERPOLATE,
	HELP,
	VERSION,
	OPTION_COUNT
} Option;

typedef struct OptionText {
	const char *name, *value, *help;
} OptionText;

static const OptionText option_texts[OPTION_COUNT] = {
        [TRAIN] = {"train", "P", "training data: a folder, a file, or several joined by commas"},
        [VALIDATION] = {"validation", "P", "validation data"},
        [TEST] = {"test", "P", "test data"},
        [INIT] = {"init", "FILE", "begin with the weights of a checkpoint, taken by name"},
        [EPOCHS] = {"epochs", "N", "epochs in all"},
        [STEPS_PER_EPOCH] = {"steps-per-epoch", "N", "batches that make an epoch"},
        [NO_SHUFFLE] = {"no-shuffle", NULL, "training data in its own order"},
        [THREADS] = {"threads", "N", "threads (all processors); never changes the numbers"},
        [SEED] = {"seed", "N", "seed of weights, shuffling and noise"},
        [OUT] = {"out", "RUN", "the run folder (runs/NAME)"},
        [RESUME] = {"resume", NULL, "go on with the run in the run folder"},
        [QUIET] = {"quiet", NULL, "no progress, no results on standard output"},
        [WEIGHTS] = {"weights", "FILE", "a checkpoint (runs/NAME/best.safetensors)"},
        [JSON_FILE] = {"json", "FILE", "write the metrics to a file"},
        [JSON] = {"json", NULL, "print JSON"},
        [FORMAT] = {"format", "F", "csv (default), jsonl, npy, or png: masks, or maps over images, into the folder --output"},
        [OUTPUT] = {"output", "FILE", "write here instead of to standard output"},
        [STEPS] = {"steps", "N", "calls that are timed (20)"},
        [FORECAST_STEPS] = {"steps", "N", "rows of a forecast (the horizon)"},
        [GROUP] = {"group", "NAME", "the series of this group only"},
        [FROM] = {"from", "TIME", "the first time that is forecast, or without times the row, from 1"},
        [BACKTEST] = {"backtest", NULL, "over the test data, N rows at a time, each time from the true rows before"},
        [PLOT] = {"plot", "FILE", "a picture (SVG) of the forecast beside the truth"},
        [PROMPT] = {"prompt", "TEXT", "what the text begins with, behind an end of line; \\n is one"},
        [LENGTH] = {"length", "N", "tokens at most, behind the prompt (500)"},
        [TEMPERATURE] = {"temperature", "T", "below 1 keeps to what is likely, 0 takes the likeliest (1)"},
        [TOP_K] = {"top-k", "K", "choose among the K likeliest only"},
        [TOP_P] = {"top-p", "P", "and among the fewest that have the share P together"},
        [STOP] = {"stop", "TEXT", "end before this text; \\n is an end of line (that of texts of their own)"},
        [COUNT] = {"count", "N", "so many texts (1), or pictures (64)"},
        [CLASS] = {"class", "NAME", "pictures of this class (all in turn)"},
        [GRID] = {"grid", "RxC", "a sheet of R rows of C pictures"},
        [INTERPOLATE] = {"interpolate", "N", "N pictures on the way from one noise to another, --count times (8)"},
        [HELP] = {"help", NULL, "this help"},
        [VERSION] = {"version", NULL, "name, versions, target"},
};

typedef struct Command {
	const char *name, *operands, *help;
	Option options[18]; /* ended by HELP, VERSION */
} Command;

static const Command commands[] = {
        {"train",
         "",
         "train, write a run folder",
         {TRAIN, VALIDATION, TEST, INIT, EPOCHS, STEPS_PER_EPOCH, NO_SHUFFLE, THREADS, SEED, OUT, RESUME, QUIET, HELP,
          VERSION}},
        {"evaluate", "", "report on a test set", {WEIGHTS, TEST, JSON_FILE, THREADS, HELP, VERSION}},
        {"predict",
         " INPUT...",
         "predict files, or all files of folders",
         {WEIGHTS, FORMAT, OUTPUT, THREADS, HELP, VERSION}},
        {"forecast",
         "",
         "go on with series, or beside their truth",
         {WEIGHTS, TEST, FORECAST_STEPS, GROUP, FROM, BACKTEST, OUTPUT, PLOT, THREADS, HELP, VERSION}},
        {"generate",
         "",
         "write text token by token, or pictures made of noise: a sheet, FILE.png, or files in a folder",
         {WEIGHTS, SEED, COUNT, OUTPUT, THREADS, PROMPT, LENGTH, TEMPERATURE, TOP_K, TOP_P, STOP, CLASS, GRID, INTERPOLATE, HELP, VERSION}},
        {"info", "", "layers, parameters, bytes", {JSON, HELP, VERSION}},
        {"bench", "", "how long the programs take", {STEPS, THREADS, JSON, HELP, VERSION}},
        {"selftest", "", "the programs against their double-precision build", {THREADS, HELP, VERSION}},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

typedef struct Arguments { /* values by Option, as typed; "" for a given option without value */
	const char *value[OPTION_COUNT];
	char **operands;
	int operand_count;
} Arguments;

static const char *base_name(const char *path) {
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void print_usage(FILE *file, const char *program, const nn_model *model) {
	fprintf(file, "usage: %s COMMAND [options]\n\n%s: a trainer for one network, generated by nnc\n\n", program,
	        model->name);
	for (int i = 0; i < COMMAND_COUNT; i++) fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(file, "\n  --help, --version   also for each command\n");
}

static void print_command_usage(FILE *file, const char *program, const Command *command) {
	fprintf(file, "usage: %s %s%s%s\n\n%s\n\n", program, command->name,
	        command->options[0] == WEIGHTS ? " --weights FILE [options]" : " [options]", command->operands,
	        command->help);
	for (int i = 0;; i++) {
		const OptionText *text = &option_texts[command->options[i]];
		char left[40];
		snprintf(left, sizeof left, "--%s%s%s", text->name, text->value ? " " : "",
		         text->value ? text->value : "");
		fprintf(file, "  %-22s %s\n", left, text->help);
		if (command->options[i] == VERSION) return;
	}
}

static int print_version(const nn_model *model) {
	printf("%s (nnc %s, f%d, %s, spec %s)\n", model->name, model->version, model->number_size * 8, model->target,
	       model->spec_hash);
	return 0;
}

static int wrong(const char *program, const char *command, const char *format, const char *what) {
	char text[512];
	snprintf(text, sizeof text, format, what);
	nn_error("%s; try '%s%s%s --help'", text, program, command ? " " : "", command ? command : "");
	return WRONG_USAGE;
}

/* Reads the options of a command. 0, or WRONG_USAGE after an error. */
static int read_options(const char *program, const Command *command, int argc, char **argv, Arguments *arguments) {
	struct option longs[OPTION_COUNT + 1] = {{0}};
	int count = 0, code;
	for (int i = 0; i == 0 || command->options[i - 1] != VERSION; i++) {
		Option option = command->options[i];
		longs[count++] = (struct option){option_texts[option].name,
		                                 option_texts[option].value ? required_argument : no_argument, NULL,
		                                 256 + (int)option};
	}
	optind = 0; /* GNU: begin anew, also in a second call */
	while ((code = getopt_long(argc, argv, ":", longs, NULL)) != -1) {
		if (code == ':') return wrong(program, command->name, "option '%s' needs a value", argv[optind - 1]);
		if (code < 256)
			return wrong(program, command->name, "option '%s' is unknown or takes no value",
			             argv[optind - 1]);
		arguments->value[code - 256] = optarg ? optarg : "";
	}
	arguments->operands = argv + optind, arguments->operand_count = argc - optind;
	return 0;
}

/* A whole number from low to MANY. 0, or WRONG_USAGE. */
static int read_number(const char *program, const Command *command, const Arguments *arguments, Option option, int low,
                       int *number) {
	const char *text = arguments->value[option];
	char *end;
	if (!text) return 0;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && value >= low && value <= MANY)
		return *number = (int)value, 0;
	nn_error("--%s must be a whole number from %d to %d, not '%s'; try '%s %s --help'", option_texts[option].name, low,
	         MANY, text, program, command->name);
	return WRONG_USAGE;
}

static int read_seed(const char *program, const Command *command, const char *text, uint64_t *seed) {
	char *end;
	errno = 0;
	*seed = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno) return 0;
	return wrong(program, command->name, "--seed must be a whole number from 0 to 2^64-1, not '%s'", text);
}

static int run_train(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	nn_train_options options = {.train = a->value[TRAIN],
	                            .validation = a->value[VALIDATION],
	                            .test = a->value[TEST],
	                            .init = a->value[INIT],
	                            .out = a->value[OUT],
	                            .no_shuffle = a->value[NO_SHUFFLE] != NULL,
	                            .resume = a->value[RESUME] != NULL,
	                            .quiet = a->value[QUIET] != NULL,
	                            .has_seed = a->value[SEED] != NULL};
	if (read_number(program, command, a, EPOCHS, 1, &options.epochs) ||
	    read_number(program, command, a, STEPS_PER_EPOCH, 1, &options.steps_per_epoch) ||
	    read_number(program, command, a, THREADS, 1, &options.threads))
		return WRONG_USAGE;
	if (options.has_seed && read_seed(program, command, a->value[SEED], &options.seed)) return WRONG_USAGE;
	if (options.out && !*options.out) return wrong(program, command->name, "--out needs a folder%s", "");
	if (options.init && options.resume)
		return wrong(program, command->name, "--init and --resume exclude each other%s", "");
	return nn_train(model, &options);
}

static int run_evaluate(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	nn_evaluate_options options = {
	        .weights = a->value[WEIGHTS], .test = a->value[TEST], .json = a->value[JSON_FILE]};
	if (!options.weights) return wrong(program, command->name, "--weights FILE is missing%s", "");
	if (read_number(program, command, a, THREADS, 1, &options.threads)) return WRONG_USAGE;
	return nn_evaluate(model, &options);
}

static int run_predict(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	static const char *const formats[] = {"csv", "jsonl", "npy", "png"};
	const char *format = a->value[FORMAT] ? a->value[FORMAT] : "csv";
	nn_predict_options options = {.weights = a->value[WEIGHTS],
	                              .output = a->value[OUTPUT],
	                              .inputs = (const char *const *)a->operands,
	                              .input_count = a->operand_count};
	int found = 0;
	for (int i = 0; i < (int)(sizeof formats / sizeof *formats); i++)
		if (!strcmp(format, formats[i])) options.format = (nn_format)i, found = 1;
	if (!found) return wrong(program, command->name, "--format must be csv, jsonl, npy or png, not '%s'", format);
	if (!options.weights) return wrong(program, command->name, "--weights FILE is missing%s", "");
	if (!options.input_count) return wrong(program, command->name, "there is no INPUT%s", "");
	if (read_number(program, command, a, THREADS, 1, &options.threads)) return WRONG_USAGE;
	return nn_predict(model, &options);
}

static int run_forecast(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	nn_forecast_options options = {.weights = a->value[WEIGHTS],
	                               .test = a->value[TEST],
	                               .output = a->value[OUTPUT],
	                               .plot = a->value[PLOT],
	                               .plan = {.group = a->value[GROUP], .from = a->value[FROM], .backtest = a->value[BACKTEST] != NULL}};
	if (!options.weights) return wrong(program, command->name, "--weights FILE is missing%s", "");
	const char *end = options.plot ? strrchr(base_name(options.plot), '.') : NULL;
	if (end && strcasecmp(end, ".svg"))
		return wrong(program, command->name, "--plot writes SVG: name a file .svg, not '%s'", options.plot);
	if (options.plan.from && options.plan.backtest)
		return wrong(program, command->name, "--from and --backtest exclude each other%s", "");
	if (options.output && options.plot && !strcmp(options.output, options.plot))
		return wrong(program, command->name, "--output and --plot are the same file, %s", options.plot);
	if (read_number(program, command, a, FORECAST_STEPS, 1, &options.plan.steps) ||
	    read_number(program, command, a, THREADS, 1, &options.plan.threads))
		return WRONG_USAGE;
	return nn_forecast_command(model, &options);
}

/* A number from low to high, without low if it is open. 0, or WRONG_USAGE. */
static int read_real(const char *program, const Command *command, const Arguments *arguments, Option option, double high,
                     int open, double *number) {
	const char *text = arguments->value[option];
	char *end;
	if (!text) return 0;
	double value = strtod(text, &end);
	if (*text && *text != ' ' && !*end && value <= high && (open ? value > 0 : value >= 0)) return *number = value, 0;
	nn_error("--%s must be a number %s 0, up to %.0f, not '%s'; try '%s %s --help'", option_texts[option].name,
	         open ? "above" : "from", high, text, program, command->name);
	return WRONG_USAGE;
}

/* Which options of generate are for one kind of things only. */
static const struct {
	Option option;
	const char *things;
} generated[] = {{PROMPT, "texts"}, {LENGTH, "texts"}, {TEMPERATURE, "texts"}, {TOP_K, "texts"}, {TOP_P, "texts"}, {STOP, "texts"},
                 {CLASS, "pictures"}, {GRID, "pictures"}, {INTERPOLATE, "pictures"}};

static int check_kind(const nn_generator *generator, const char *program, const Command *command, const Arguments *a) {
	for (size_t i = 0; i < sizeof generated / sizeof *generated; i++) {
		if (!a->value[generated[i].option] || !strcmp(generated[i].things, generator->things)) continue;
		nn_error("--%s is for networks that make %s, and this one makes %s; try '%s %s --help'", option_texts[generated[i].option].name,
		         generated[i].things, generator->things, program, command->name);
		return WRONG_USAGE;
	}
	if (!strcmp(generator->things, "pictures") && !(a->value[OUTPUT] && *a->value[OUTPUT]))
		return wrong(program, command->name, "--output FILE.png or FOLDER is missing%s", "");
	return 0;
}

/* "4x10" */
static int read_grid(const char *program, const Command *command, const Arguments *a, int *rows, int *columns) {
	const char *text = a->value[GRID], *output = a->value[OUTPUT];
	char *end = NULL;
	if (!text) return 0;
	long r = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : 0;
	long c = end && *end == 'x' && end[1] >= '0' && end[1] <= '9' ? strtol(end + 1, &end, 10) : 0;
	if (r < 1 || c < 1 || *end || r > 1000 || c > 1000) return wrong(program, command->name, "--grid must be like 4x10, not '%s'", text);
	if (!output || strlen(output) < 5 || strcmp(output + strlen(output) - 4, ".png"))
		return wrong(program, command->name, "--grid is for a sheet, --output FILE.png%s", "");
	return *rows = (int)r, *columns = (int)c, 0;
}

static int run_generate(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	nn_generate_options options = {.weights = a->value[WEIGHTS],
	                               .output = a->value[OUTPUT],
	                               .prompt = a->value[PROMPT],
	                               .stop = a->value[STOP],
	                               .length = DEFAULT_LENGTH,
	                               .class = a->value[CLASS],
	                               .sampling = {.temperature = 1, .top_p = 1},
	                               .seed = model->seed};
	if (!options.weights) return wrong(program, command->name, "--weights FILE is missing%s", "");
	if (read_number(program, command, a, LENGTH, 1, &options.length) ||
	    read_number(program, command, a, COUNT, 1, &options.count) ||
	    read_number(program, command, a, TOP_K, 1, &options.sampling.top_k) ||
	    read_number(program, command, a, THREADS, 1, &options.threads) ||
	    read_number(program, command, a, INTERPOLATE, 2, &options.interpolate) ||
	    read_grid(program, command, a, &options.rows, &options.columns) ||
	    read_real(program, command, a, TEMPERATURE, MANY, 0, &options.sampling.temperature) ||
	    read_real(program, command, a, TOP_P, 1, 1, &options.sampling.top_p))
		return WRONG_USAGE;
	if (a->value[SEED] && read_seed(program, command, a->value[SEED], &options.seed)) return WRONG_USAGE;
	if (options.stop && !*options.stop) return wrong(program, command->name, "--stop needs a text%s", "");
	const nn_generator *generator = nn_generator_of(model);
	if (!generator)
		return nn_error("%s neither predicts the next token of a text (data.next) nor makes pictures of noise: there is nothing to generate", model->name), 1;
	return check_kind(generator, program, command, a) ? WRONG_USAGE : generator->run(model, &options);
}

static int run_bench(const nn_model *model, const char *program, const Command *command, const Arguments *a) {
	int steps = DEFAULT_BENCH_STEPS, threads = 0;
	if (read_number(program, command, a, STEPS, 1, &steps) ||
	    read_number(program, command, a, THREADS, 1, &threads))
		return WRONG_USAGE;
	return nn_bench(model, steps, threads, a->value[JSON] != NULL);
}

static int run_selftest(const nn_model *model, const nn_model *reference, const char *program, const Command *command,
                        const Arguments *a) {
	int threads = 0;
	if (read_number(program, command, a, THREADS, 1, &threads)) return WRONG_USAGE;
	return nn_selftest(model, reference, threads);
}

static int run_command(const nn_model *model, const nn_model *reference, const char *program, const Command *command,
                       const Arguments *a) {
	if (strcmp(command->name, "predict") && a->operand_count)
		return wrong(program, command->name, "'%s' is not understood", a->operands[0]);
	if (!strcmp(command->name, "train")) return run_train(model, program, command, a);
	if (!strcmp(command->name, "evaluate")) return run_evaluate(model, program, command, a);
	if (!strcmp(command->name, "predict")) return run_predict(model, program, command, a);
	if (!strcmp(command->name, "forecast")) return run_forecast(model, program, command, a);
	if (!strcmp(command->name, "generate")) return run_generate(model, program, command, a);
	if (!strcmp(command->name, "info")) return nn_info(model, a->value[JSON] != NULL);
	if (!strcmp(command->name, "bench")) return run_bench(model, program, command, a);
	return run_selftest(model, reference, program, command, a);
}

int nn_main(const nn_model *model, const nn_model *reference, int argc, char **argv) {
	const char *program = argc > 0 ? base_name(argv[0]) : model->name, *name = argc > 1 ? argv[1] : NULL;
	Arguments arguments = {{0}, NULL, 0};
	if (!name) return print_usage(stderr, program, model), WRONG_USAGE;
	if (!strcmp(name, "--help") || !strcmp(name, "help")) return print_usage(stdout, program, model), 0;
	if (!strcmp(name, "--version")) return print_version(model);
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(name, commands[i].name)) continue;
		if (read_options(program, &commands[i], argc - 1, argv + 1, &arguments)) return WRONG_USAGE;
		if (arguments.value[HELP]) return print_command_usage(stdout, program, &commands[i]), 0;
		if (arguments.value[VERSION]) return print_version(model);
		return nn_model_check(model) ? 1 : run_command(model, reference, program, &commands[i], &arguments);
	}
	return wrong(program, NULL, "there is no command '%s'", name);
}
