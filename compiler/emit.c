/* emit.c: in: a model with its plans; out: the text of NAME.c. A summary, then the functions that steps share, one function a
 * step, one function a program that reads as the network, the descriptor and the functions for embedding.
 * Invariant: the text is a function of the spec, the target and nnc's version; no date, no path. */
#include <ctype.h>
#include <string.h>
#include "emit.h"
#include "unroll.h"

static bool has_scan(const Model *model)
{
	for (int p = 0; p < model->network->program_count; p++)
		for (int s = 0; s < model->plans[p]->step_count; s++)
			if (model->plans[p]->steps[s]->body) return true;
	return false;
}

static void preamble(CWriter *out, const Model *model, const char *header_name)
{
	const Target *target = model->target;
	cw(out, "#if defined __GNUC__ && !defined __clang__ /* gcc counts places from address 0 in some loops, and then takes it for NULL */");
	cw(out, "#pragma GCC optimize(\"no-delete-null-pointer-checks\")");
	cw(out, "#endif");
	if (target->number_size == 8) cw(out, "#define NN_DOUBLE");
	cw(out, "#include \"%s\"", header_name);
	cw(out, "#include \"nn_math.h\"");
	cw(out, "#include \"nn_random.h\"");
	cw(out, "#include <string.h>");
	cw(out, "#ifdef _OPENMP");
	cw(out, "#include <omp.h>");
	cw(out, "#define PRAGMA(text) _Pragma(#text)");
	cw(out, "#else");
	cw(out, "#define PRAGMA(text)");
	cw(out, "#endif");
	cw(out, "#ifdef __clang__ /* a simd loop that it leaves as it is is no mistake */");
	cw(out, "#pragma clang diagnostic ignored \"-Wpass-failed\"");
	cw(out, "#endif");
	if (target->guard) {
		cw(out, "#ifndef %s", target->guard);
		cw(out, "#error \"made for --target=%s: compile with -march=native there, or make it again with another --target\"", target->name);
		cw(out, "#endif");
	}
	if (has_scan(model)) {
		cw(out, "#if defined(__GNUC__) && !defined(__clang__) /* gcc 12 takes some functions that move by time for ones that write nothing */");
		cw(out, "#define TIMED __attribute__((noipa))");
		cw(out, "#else");
		cw(out, "#define TIMED");
		cw(out, "#endif");
	}
	cw_blank(out);
	cw(out, "typedef nn_real real;");
	if (target->vector_bytes) {
		cw(out, "typedef real vec __attribute__((vector_size(%d))); /* %d numbers */", target->vector_bytes, target->lanes);
		cw(out, "typedef real vec_anywhere __attribute__((vector_size(%d), aligned(%d), may_alias));", target->vector_bytes, target->number_size);
		cw(out, "#define LOAD(p) (*(const vec_anywhere *)(p))");
		cw(out, "#define STORE(p, v) (*(vec_anywhere *)(p) = (v))");
	} else {
		cw(out, "typedef real vec;");
		cw(out, "#define LOAD(p) (*(p))");
		cw(out, "#define STORE(p, v) (*(p) = (v))");
	}
	cw_blank(out);
}

static void tables(CWriter *out, const Plan *plan)
{
	const char *prefix = c_identifier(plan->context->arena, plan->program->name);
	for (int s = 0; s < plan->step_count; s++)
		if (plan->steps[s]->body) tables(out, plan->steps[s]->body);
	for (int i = 0; i < plan->table_count; i++) {
		const Node *node = plan->tables[i];
		int64_t count = shape_count(&node->shape);
		cw(out, "static const real %s_table_%d[%lld] = {", prefix, i, (long long)count);
		for (int64_t k = 0; k < count; k += 8) {
			const char *line = "";
			for (int64_t j = k; j < count && j < k + 8; j++)
				line = arena_format(out->arena, "%s%s%s,", line, j > k ? " " : "", c_number(out->arena, node->at.data[j], plan->target->number_size == 4));
			cw(out, "%s", line);
		}
		cw(out, "};");
	}
}

static const Node *main_node(const Step *step)
{
	return step->anchor ? step->anchor : step->nodes[step->count - 1];
}

/* Is name a word of the code in text? Comments do not count: a layer may be called "n". */
static bool mentions(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *c = text; *c; c++) {
		if (c[0] == '/' && c[1] == '*') c = strstr(c, "*/") + 1;
		if (strncmp(c, name, length)) continue;
		bool before = c > text && (isalnum((unsigned char)c[-1]) || c[-1] == '_' || c[-1] == '>' || c[-1] == '.');
		bool after = isalnum((unsigned char)c[length]) || c[length] == '_';
		if (!before && !after) return true;
	}
	return false;
}

static const struct {
	const char *name, *declaration;
	bool of_share;
} parameters[] = {{"state", "real *state", false}, {"work", "char *work", false}, {"n", "ptrdiff_t n", false}, {"call", "const nn_call *call", false},
	{"share", "ptrdiff_t share", true}, {"first_row", "ptrdiff_t first_row", true}, {"t", "ptrdiff_t t", false}, {"t1", "ptrdiff_t t1", false},
	{"t2", "ptrdiff_t t2", false}};
enum { UNTIMED = sizeof parameters/sizeof *parameters - MAX_SCANS }; /* times stand last, outermost first */

/* of a step's function; the innermost time only where it is declared */
static const char *parameter_list(const Plan *plan, const char *body, bool declare)
{
	Arena *arena = plan->context->arena;
	const char *list = "";
	int count = UNTIMED + plan->depth - (plan->depth && !declare);
	for (int i = 0; i < count; i++) {
		if ((parameters[i].of_share && !plan->shares) || !mentions(body, parameters[i].name)) continue;
		list = arena_format(arena, "%s%s%s", list, *list ? ", " : "", declare ? parameters[i].declaration : parameters[i].name);
	}
	return *list ? list : declare ? "void" : "";
}

/* What the step is about: the weight (or else the state, or slot) that it writes, its layer, or else what is given. Equal
 * values of several layers are computed once, so what is written comes first. */
static const char *subject(const Plan *plan, const Step *step, const char *otherwise)
{
	const Variable *written = NULL;
	for (int i = 0; i < step->store_count; i++) {
		const Variable *variable = written_variable(plan, step->stores[i]);
		if (variable && (!written || variable->role == ROLE_WEIGHT)) written = variable;
	}
	const Node *node = main_node(step);
	return written ? written->path : *node->layer ? node->layer : otherwise;
}

/* "train_conv2d", "train_conv2d_gradient", "train_conv2d_kernel_update"; numbered where that is taken */
static const char *step_name(const Plan *plan, const Step *step)
{
	Arena *arena = plan->context->arena;
	const Node *node = main_node(step);
	const char *kind = node->phase == PHASE_FORWARD ? "" : "_gradient";
	for (int i = 0; i < step->store_count; i++)
		if (step->stores[i]->phase == PHASE_UPDATE) kind = "_update";
	const char *name = arena_format(arena, "%s_%s%s", c_identifier(arena, plan->program->name), c_identifier(arena, subject(plan, step, node->op->name)), kind);
	const char *numbered = name;
	for (int number = 2, i = 0; i < step->index; i++) {
		if (strcmp(plan->steps[i]->name, numbered)) continue;
		numbered = arena_format(arena, "%s_%d", name, number++);
		i = -1;
	}
	return numbered;
}

static void step_comment(CWriter *out, const Model *model, const Plan *plan, const Step *step)
{
	const Node *node = main_node(step);
	const char *what = "";
	for (int i = 0; i < step->count; i++)
		what = arena_format(out->arena, "%s%s%s", what, i ? " " : "", step->nodes[i]->op->name);
	if (strlen(what) > 90) what = arena_format(out->arena, "%.90s ..", what);
	const char *line = node->place.source && !node->place.source->library && node->place.source == model->spec->source
		? arena_format(out->arena, "; line %d", node->place.line + 1) : "";
	const char *of = subject(plan, step, plan->program->name);
	const char *phase = node->phase == PHASE_FORWARD ? "" : node->phase == PHASE_GRADIENT ? ", gradient" : ", update";
	if (step->body) what = scan_about(out->arena, step);
	cw_comment(out, "%s%s %s: %s; kernel %s%s", of, phase, shape_text(out->arena, &step->space), what, step->kernel->name, line);
}

/* --unroll=full writes out all but the first values of the weights, which are drawn once. */
static bool written_out(const Plan *plan)
{
	while (plan->outer) plan = plan->outer;
	return plan->target->full && strcmp(plan->program->name, "initialize") != 0;
}

static const char *step_body(const Plan *plan, const Step *step)
{
	CWriter *out = cwriter_new(plan->context->arena);
	out->depth = 1;
	step->kernel->emit(out, plan, step);
	const char *text = out->text ? out->text : "";
	return written_out(plan) ? unroll_text(plan->context->arena, text) : text;
}

typedef struct Straight { /* what --unroll=full comes to */
	double sum, most;
	const Step *largest;
} Straight;

static void count_straight(const Plan *plan, Straight *straight)
{
	for (int s = 0; s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		CWriter *out = cwriter_new(plan->context->arena);
		if (step->body) count_straight(step->body, straight);
		step->kernel->emit(out, plan, step);
		double count = out->text ? unroll_count(out->text) : 0;
		straight->sum += count;
		if (count <= straight->most) continue;
		straight->most = count;
		straight->largest = step;
	}
}

/* --unroll=full: what the whole file would come to, and where most of it is. False after an error. */
bool emit_within_budget(const Model *model)
{
	Straight straight = {0};
	for (int p = 0; p < model->network->program_count; p++)
		if (written_out(model->plans[p])) count_straight(model->plans[p], &straight);
	if (straight.sum <= UNROLL_BUDGET) return true;
	Place place = main_node(straight.largest)->place;
	if (!place.source || place.source->library) place = (Place){model->spec->source, 0, 0, 1};
	diag_error(model->context, place, "leave out --unroll=full: --unroll=auto writes out what is faster so",
		"in straight line the network is %.0f statements, %.0f of them of %s; the budget of --unroll=full is %d", straight.sum, straight.most,
		*main_node(straight.largest)->layer ? main_node(straight.largest)->layer : main_node(straight.largest)->op->name, (int)UNROLL_BUDGET);
	return false;
}

static size_t output_offset(const Plan *plan, const Node *node) { return plan->location[node->id].offset; }

static void given_scalars(CWriter *out, const Plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		if (node->op != &op_input || plan->location[node->id].space != SPACE_WORK) continue;
		bool step = !strcmp(node->at.name, "step"), epoch = !strcmp(node->at.name, "epoch");
		if (step || epoch) cw(out, "*(real *)(work + %zu) = (real)call->%s;", plan->location[node->id].offset, node->at.name);
	}
}

static void step_function(CWriter *out, const Model *model, Plan *plan, Step *step)
{
	for (int s = 0; step->body && s < step->body->step_count; s++) step_function(out, model, step->body, step->body->steps[s]);
	step->name = step_name(plan, step);
	const char *body = step_body(plan, step);
	step_comment(out, model, plan, step);
	cw(out, "%sstatic void %s(%s)", plan->depth ? "TIMED " : "", step->name, parameter_list(plan, body, true));
	cw(out, "{");
	cw_text(out, body);
	cw(out, "}");
	cw_blank(out);
	step->arguments = parameter_list(plan, body, false);
	step->timed = plan->depth && mentions(body, time_names[plan->depth - 1]);
}

static void share_helpers(Plan *plan, Helpers *helpers)
{
	plan->helpers = helpers;
	for (int s = 0; s < plan->step_count; s++)
		if (plan->steps[s]->body) share_helpers(plan->steps[s]->body, helpers);
}

static void program(CWriter *out, const Model *model, Plan *plan)
{
	CWriter *calls = cwriter_new(out->arena);
	calls->depth = 1;
	given_scalars(calls, plan);
	for (int s = 0; s < plan->step_count; s++) {
		step_function(out, model, plan, plan->steps[s]);
		cw(calls, "%s(%s);", plan->steps[s]->name, plan->steps[s]->arguments);
		if (plan->checked && plan->step_of[plan->checked->id] == s)
			cw(calls, "if (!isfinite(*(const real *)(work + %zu))) return NN_NOT_FINITE;", output_offset(plan, plan->checked));
	}
	const char *body = calls->text ? calls->text : "";
	cw_comment(out, "program %s: %zu bytes of work", plan->program->name, plan->work_bytes);
	cw(out, "static int run_%s(void *state_block, void *work_block, const nn_call *call)", c_identifier(out->arena, plan->program->name));
	cw(out, "{");
	if (mentions(body, "state")) cw(out, "real *const state = state_block;");
	else cw(out, "(void)state_block;");
	if (mentions(body, "work")) cw(out, "char *const work = work_block;");
	else cw(out, "(void)work_block;");
	if (mentions(body, "n")) cw(out, "const ptrdiff_t n = call->rows;");
	cw(out, "#ifdef _OPENMP");
	cw(out, "if (call->threads > 0) omp_set_num_threads(call->threads);");
	cw(out, "#else");
	cw(out, "(void)call;");
	cw(out, "#endif");
	cw_text(out, body);
	cw(out, "return NN_OK;");
	cw(out, "}");
	cw_blank(out);
}

static void banner(CWriter *out, const Model *model)
{
	cw_comment(out, "%s: a network as C, made by nnc %s for target %s.\nMake it again:  %s   (spec %016llx)\n\n%s\nThis file belongs to whoever made it.",
		model->spec->name, NNC_VERSION, model->target->name, model->command, (unsigned long long)model->hash, summary_layers(model));
}

const char *emit_source(const Model *model, const char *header_name)
{
	CWriter *out = cwriter_new(model->context->arena), *steps = cwriter_new(model->context->arena);
	Helpers *helpers = arena_alloc(model->context->arena, sizeof *helpers);
	for (int p = 0; p < model->network->program_count; p++) {
		share_helpers(model->plans[p], helpers);
		tables(steps, model->plans[p]);
		program(steps, model, model->plans[p]);
	}
	banner(out, model);
	preamble(out, model, header_name);
	for (int i = 0; i < helpers->count; i++) {
		const Helper *function = &helpers->items[i];
		cw_comment(out, "%s", function->comment);
		cw_text(out, arena_format(out->arena, "static void %s%s", function->name, function->text));
		cw_blank(out);
	}
	cw_text(out, steps->text);
	emit_descriptor(out, model);
	emit_embedding(out, model);
	return out->text;
}
