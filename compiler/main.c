/* main.c: the command line, and the whole pipeline in one visible function. Only this file exits.
 * Codes: 0; 1 the spec is wrong; 2 the command line is; 3 (util.c) memory ran out. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "format.h"
#include "output.h"
#include "pass.h"
#include "reference.h"
#include "scan/scan.h"

typedef struct Options {
	const char *spec, *output, *target, *dump;
	const char *rule_file, *rule_target;
	bool summary, kernels, gradients, full;
	bool rule, rule_beside, rule_phony; /* -M, -MD, -MP */
	int number_size;
	Define defines[64];
	int define_count;
} Options;

static const char usage[] =
	"usage: nnc SPEC -o FILE.c [options]      compile a network to C (also writes FILE.h)\n"
	"       nnc SPEC --summary                layers, parameters, multiply-adds, bytes\n"
	"       nnc --reference | --schema        the language in tables; a JSON Schema of specs, for editors\n"
	"       nnc fmt [--check] SPEC...         rewrites specs in canonical form; - filters standard input\n"
	"       nnc scan PATH...                  looks at data, prints the data section for it; scan --help\n"
	"\n"
	"  -o FILE.c             where the C goes; - prints it\n"
	"  -D PATH=VALUE         replaces a value of the spec: -D train.epochs=3, -D seed=7\n"
	"  --target=NAME         native (default), avx512, avx2, generic, portable (plain C99)\n"
	"  --precision=f32|f64   float (default) or double\n"
	"  --unroll=auto|full    full: everything in straight line, down to the last multiply\n"
	"  --summary             prints Keras's table, with multiply-adds and exact bytes\n"
	"  --kernels             prints which kernel computes each step, and what else was considered\n"
	"  --dump=STAGE          prints a stage: variables, graph, plan, memory, kernels\n"
	"  -M                    prints a rule for make with all files of the spec; -MD, -MF, -MT, -MP as in gcc\n"
	"  --gradients           adds a program that gives every gradient, for selftest\n"
	"  --help, --version\n";

static int wrong(const char *message, const char *argument)
{
	fprintf(stderr, "nnc: %s%s\ntry: nnc --help\n", message, argument);
	return 2;
}

static int define(Options *options, char *text)
{
	char *equals = strchr(text, '=');
	if (!equals || equals == text) return wrong("-D takes PATH=VALUE, not ", text);
	if (options->define_count == (int)(sizeof options->defines/sizeof *options->defines)) return wrong("too many -D", "");
	*equals = 0;
	options->defines[options->define_count++] = (Define){text, equals + 1};
	return 0;
}

/* -M, -MD, -MF FILE, -MT TARGET, -MP, as gcc has them */
static int rule(Options *options, const char *which, int argc, char **argv)
{
	const char **text = which && *which == 'F' ? &options->rule_file : which && *which == 'T' ? &options->rule_target : NULL;
	if (text && which[1]) return *text = which + 1, 0;
	if (text && optind >= argc) return wrong("an argument is missing after -M", which);
	if (text) return *text = argv[optind++], 0;
	if (!which) return options->rule = true, 0;
	if (!strcmp(which, "D")) return options->rule_beside = true, 0;
	if (!strcmp(which, "P")) return options->rule_phony = true, 0;
	return wrong("there are -M, -MD, -MF FILE, -MT TARGET and -MP, but no -M", which);
}

enum { OPT_TARGET = 256, OPT_PRECISION, OPT_UNROLL, OPT_SUMMARY, OPT_KERNELS, OPT_DUMP, OPT_GRADIENTS, OPT_REFERENCE, OPT_SCHEMA, OPT_HELP, OPT_VERSION };

/* 0, or 1 after a message */
static int finish_printing(void)
{
	if (!fflush(stdout) && !ferror(stdout)) return 0;
	fprintf(stderr, "standard output: %s\n", strerror(errno));
	return 1;
}

/* Prints what describes the language; -1 as for what is done, 1 after a message. */
static int describe(void (*print)(Context *, FILE *))
{
	Arena *arena = arena_new();
	Context context = {.arena = arena, .messages = stderr};
	print(&context, stdout);
	arena_free(arena);
	return finish_printing() ? 1 : -1;
}

static int option(Options *options, int which)
{
	switch (which) {
	case 'o': options->output = optarg; return 0;
	case 'D': return define(options, optarg);
	case OPT_TARGET: options->target = optarg; return 0;
	case OPT_PRECISION:
		if (strcmp(optarg, "f32") && strcmp(optarg, "f64")) return wrong("--precision is f32 or f64, not ", optarg);
		options->number_size = !strcmp(optarg, "f64") ? 8 : 4;
		return 0;
	case OPT_UNROLL:
		if (strcmp(optarg, "auto") && strcmp(optarg, "full")) return wrong("--unroll is auto or full, not ", optarg);
		options->full = !strcmp(optarg, "full");
		return 0;
	case OPT_SUMMARY: options->summary = true; return 0;
	case OPT_KERNELS: options->kernels = true; return 0;
	case OPT_DUMP: options->dump = optarg; return 0;
	case OPT_GRADIENTS: options->gradients = true; return 0;
	case OPT_REFERENCE: return describe(reference_print);
	case OPT_SCHEMA: return describe(schema_print);
	case OPT_HELP: fputs(usage, stdout); return -1;
	case OPT_VERSION: puts("nnc " NNC_VERSION); return -1;
	default: fputs("try: nnc --help\n", stderr); return 2; /* getopt said what is wrong */
	}
}

/* 0: go on; -1: done, with success; 1, 2: wrong */
static int parse(Options *options, int argc, char **argv)
{
	static const struct option names[] = {{"target", 1, 0, OPT_TARGET}, {"precision", 1, 0, OPT_PRECISION}, {"unroll", 1, 0, OPT_UNROLL},
		{"summary", 0, 0, OPT_SUMMARY}, {"kernels", 0, 0, OPT_KERNELS}, {"dump", 1, 0, OPT_DUMP}, {"gradients", 0, 0, OPT_GRADIENTS},
		{"reference", 0, 0, OPT_REFERENCE}, {"schema", 0, 0, OPT_SCHEMA},
		{"help", 0, 0, OPT_HELP}, {"version", 0, 0, OPT_VERSION}, {0, 0, 0, 0}};
	*options = (Options){.target = "native", .number_size = 4};
	for (int which; (which = getopt_long(argc, argv, "o:D:M::", names, NULL)) != -1;) {
		int result = which == 'M' ? rule(options, optarg, argc, argv) : option(options, which);
		if (result) return result;
	}
	if (optind >= argc) return wrong("no spec given", "");
	options->spec = argv[optind++];
	if (optind < argc) return wrong("one spec at a time; what is ", argv[optind]);
	if ((options->rule_file || options->rule_target || options->rule_phony) && !options->rule && !options->rule_beside)
		return wrong("-MF, -MT and -MP go with -M or -MD", "");
	if (options->rule_beside && !options->rule && !options->rule_file && (!options->output || !strcmp(options->output, "-")))
		return wrong("-MD writes beside -o FILE.c, or to -MF FILE", "");
	if (!options->output && !options->summary && !options->dump && !options->kernels && !options->rule) return wrong("no -o FILE.c and nothing to print", "");
	return 0;
}

/* What, beside the text of the spec, decides what the C is. */
static const char *options_text(Context *context, const Options *options, const Target *target)
{
	const char *text = arena_format(context->arena, "--target=%s", target->name);
	for (int i = 0; i < options->define_count; i++)
		text = arena_format(context->arena, "%s -D %s=%s", text, options->defines[i].path, options->defines[i].value);
	if (options->number_size == 8) text = arena_format(context->arena, "%s --precision=f64", text);
	if (options->gradients) text = arena_format(context->arena, "%s --gradients", text);
	return options->full ? arena_format(context->arena, "%s --unroll=full", text) : text;
}

/* The pipeline. NULL after errors. */
static Model *compile(Context *context, const Options *options, const Source *source)
{
	Spec *spec = spec_read(context, source, options->defines, options->define_count);
	if (!spec) return NULL;
	Network *network = build_network(context, spec, &(BuildOptions){.gradients = options->gradients});
	if (!network || context->errors) return NULL;
	Target *target = target_find(context->arena, options->target, options->number_size);
	target->full = options->full;
	Model *model = arena_alloc(context->arena, sizeof *model);
	*model = (Model){.context = context, .spec = spec, .network = network, .target = target};
	const char *text = options_text(context, options, target);
	model->command = arena_format(context->arena, "nnc %s -o %s %s", text_tail(options->spec), options->output ? text_tail(options->output) : "-", text);
	for (int i = 0; i < spec->source_count; i++) model->hash = hash_bytes(spec->sources[i]->text, spec->sources[i]->size, model->hash);
	model->hash = hash_bytes(text, strlen(text), model->hash);
	model_describe(model);
	for (int p = 0; p < network->program_count; p++) pass_simplify(context, network->programs[p]);
	model_place(model);
	model->plans = arena_alloc(context->arena, sizeof *model->plans*(size_t)(network->program_count + 1));
	for (int p = 0; p < network->program_count; p++) model->plans[p] = plan_make(context, network->programs[p], target);
	model->others = arena_alloc(context->arena, sizeof *model->others*(size_t)(network->other_count + 1));
	for (int p = 0; p < network->other_count; p++) {
		pass_simplify(context, network->others[p]);
		model->others[p] = plan_make(context, network->others[p], target);
	}
	model_check(model);
	emit_within_budget(model);
	return context->errors ? NULL : model;
}

static int print(const Model *model, const Options *options)
{
	if (options->summary) fputs(summary_text(model), stdout);
	if (options->kernels) fputs(dump_text(model, "kernels"), stdout);
	if (options->dump) {
		const char *text = dump_text(model, options->dump);
		if (!text) return wrong(arena_format(model->context->arena, "--dump is one of %s, not ", dump_stages), options->dump);
		fputs(text, stdout);
	}
	if (options->output && output_write(model, options->output)) return 1;
	return finish_printing();
}

/* --- nnc fmt ------------------------------------------------------------------------------------------------------ */

/* Prints a spec that came from standard input, names one that is not canonical, or puts it into its file's place. */
static int give_formatted(const Context *context, const Source *source, const char *text, bool check)
{
	bool same = source->size == strlen(text) && !memcmp(source->text, text, source->size);
	int line = 1;
	for (size_t i = 0; i < source->size && source->text[i] == text[i]; i++) line += text[i] == '\n';
	if (check && !same) fprintf(stderr, "%s:%d: not in canonical form; nnc fmt rewrites it\n", source->name, line);
	if (check) return !same;
	if (strcmp(source->name, "-")) return same ? 0 : output_replace(context, source->name, text);
	fputs(text, stdout);
	return finish_printing();
}

static int format_one(const char *path, bool check)
{
	Arena *arena = arena_new();
	Context context = {.arena = arena, .messages = stderr};
	Source source = {.name = path};
	source.text = file_read(arena, path, &source.size);
	if (!source.text) fprintf(stderr, "%s: error: %s\n", path, strerror(errno));
	const char *text = source.text ? format_text(&context, &source) : NULL;
	int code = text ? give_formatted(&context, &source, text, check) : 1;
	arena_free(arena);
	return code;
}

static int format(int argc, char **argv)
{
	bool check = false;
	int specs = 0, code = 0;
	for (int i = 2; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) return fputs(usage, stdout), 0;
		if (!strcmp(argv[i], "--check")) check = true;
		else if (argv[i][0] == '-' && argv[i][1]) return wrong("fmt has no option ", argv[i]);
		else specs++;
	}
	if (!specs) return wrong("fmt: no spec given", "");
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--check")) code |= format_one(argv[i], check);
	return code;
}

/* "dir/model.c" -> "dir/model.d" */
static const char *rule_path(Arena *arena, const Options *options)
{
	const char *header = options->rule_file ? NULL : output_header(arena, options->output);
	return header ? arena_format(arena, "%.*sd", (int)strlen(header) - 1, header) : options->rule_file;
}

static int write_rule(Context *context, const Options *options, const Spec *spec)
{
	const char *text = output_rule(context->arena, spec, options->output, options->rule_target, options->rule_phony);
	bool printed = options->rule && (!options->rule_file || !strcmp(options->rule_file, "-"));
	if (printed) return fputs(text, stdout), finish_printing();
	return output_text(context, rule_path(context->arena, options), text);
}

/* 0, or 1 after messages */
static int run(Context *context, const Options *options, const Source *source)
{
	if (options->rule) {
		Spec *spec = spec_read_tree(context, source, options->defines, options->define_count);
		return !spec || context->errors || write_rule(context, options, spec);
	}
	const Model *model = compile(context, options, source);
	int code = model ? print(model, options) : 1;
	return code || !options->rule_beside ? code : write_rule(context, options, model->spec);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "fmt")) return format(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "scan")) return scan_main(argc - 1, argv + 1);
	Options options;
	int done = parse(&options, argc, argv);
	if (done) return done < 0 ? 0 : done;
	Arena *arena = arena_new();
	Context context = {.arena = arena, .messages = stderr};
	if (!target_find(arena, options.target, options.number_size)) {
		int code = wrong(arena_format(arena, "--target is one of %s, not ", target_names), options.target);
		arena_free(arena);
		return code;
	}
	Source source = {.name = options.spec};
	source.text = file_read(arena, options.spec, &source.size);
	if (!source.text) {
		fprintf(stderr, "%s: error: %s\n", options.spec, strerror(errno));
		arena_free(arena);
		return 1;
	}
	int code = run(&context, &options, &source);
	if (context.errors > DIAG_LIMIT) fprintf(stderr, "%d errors\n", context.errors);
	arena_free(arena);
	return code;
}
