/* test_plan.c: the plans of every spec in specs/ and of small made-up nets, on every target: by brute force, no two buffers that
 * live at the same step overlap, whatever is read was written before and still stands, no unfold is stored, and variables
 * are written after their last reader. Lifetimes are found here from steps and arguments alone, not by the planner. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "emit.h"
#include "pass.h"

static const char *const targets[] = {"avx512", "avx2", "generic", "portable"};
enum { TARGETS = 4, ALIGN = 64 };

/* as main.c compiles */
static Model *compile(Context *context, const Source *source, const char *target, int number_size)
{
	Spec *spec = spec_read(context, source, NULL, 0);
	assert_non_null(spec);
	Network *network = build_network(context, spec, &(BuildOptions){.gradients = number_size == 8});
	assert_int_equal(context->errors, 0);
	Model *model = arena_alloc(context->arena, sizeof *model);
	*model = (Model){.context = context, .spec = spec, .network = network, .target = target_find(context->arena, target, number_size), .command = ""};
	model_describe(model);
	for (int p = 0; p < network->program_count; p++) pass_simplify(context, network->programs[p]);
	model_place(model);
	model->plans = arena_alloc(context->arena, sizeof *model->plans*(size_t)(network->program_count + 1));
	for (int p = 0; p < network->program_count; p++) model->plans[p] = plan_make(context, network->programs[p], model->target);
	return model;
}

/* --- what a step reads */

typedef struct Reads {
	const Plan *plan;
	int step;
	bool *seen;
	void (*found)(const Plan *plan, int step, const Node *node, void *user);
	void *user;
} Reads;

static void walk(Reads *reads, const Node *node)
{
	const Plan *plan = reads->plan;
	if (reads->seen[node->id]) return;
	reads->seen[node->id] = true;
	bool own = plan->step_of[node->id] == reads->step;
	if (!own && plan->location[node->id].space != SPACE_NONE) {
		reads->found(plan, reads->step, node, reads->user);
		return;
	}
	if (!own && plan->step_of[node->id] >= 0)
		fail_msg("step %d of %s needs node %d (%s), which step %d computes and nobody stores", reads->step, plan->program->name, node->id,
			node->op->name, plan->step_of[node->id]);
	for (int i = 0; i < node->arg_count; i++) walk(reads, node->args[i]);
}

static void each_read(const Plan *plan, void (*found)(const Plan *, int, const Node *, void *), void *user)
{
	for (int s = 0; s < plan->step_count; s++) {
		Reads reads = {plan, s, calloc((size_t)plan->program->graph->count, sizeof(bool)), found, user};
		for (int i = 0; i < plan->steps[s]->count; i++) walk(&reads, plan->steps[s]->nodes[i]);
		free(reads.seen);
	}
}

/* --- memory */

typedef struct Piece { /* [from, to) of the work area, taken from step first to step last */
	size_t from, to;
	int first, last;
	const Node *node;
} Piece;

static void last_read(const Plan *plan, int step, const Node *node, void *user)
{
	Piece *pieces = user;
	if (plan->step_of[node->id] >= step) fail_msg("step %d of %s reads node %d before it is computed", step, plan->program->name, node->id);
	if (pieces[node->id].last < step) pieces[node->id].last = step;
}

static bool is_output(const Plan *plan, const Node *node)
{
	for (int i = 0; i < plan->program->output_count; i++)
		if (plan->program->outputs[i].node == node) return true;
	return false;
}

/* a share keeps as many rows as it has */
static size_t own_bytes(const Plan *plan, const Node *node)
{
	size_t bytes = (size_t)shape_count(&node->shape)*(size_t)plan->target->number_size, batch = (size_t)plan->program->graph->batch;
	bool by_row = plan->shares && node->shape.rank && node->shape.dim[0].rows;
	return by_row ? bytes/batch*((batch + (size_t)plan->shares - 1)/(size_t)plan->shares) : bytes;
}

/* by node id; what is not in the work area has to == 0. Scratch of steps follows. */
static Piece *pieces_of(const Plan *plan, int *count)
{
	int nodes = plan->program->graph->count;
	Piece *pieces = calloc((size_t)(nodes + plan->step_count), sizeof *pieces);
	for (int i = 0; i < nodes; i++) pieces[i].last = -1;
	each_read(plan, last_read, pieces);
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i];
		Piece *piece = &pieces[node->id];
		Location at = plan->location[node->id];
		if (at.space != SPACE_WORK) continue;
		size_t bytes = own_bytes(plan, node);
		int first = plan->step_of[node->id], last = piece->last < first ? first : piece->last;
		bool whole = first < 0 || is_output(plan, node); /* inputs and outputs keep their memory */
		*piece = (Piece){at.offset, at.offset + bytes, whole ? 0 : first, whole ? plan->step_count : last, node};
	}
	for (int s = 0; s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		pieces[nodes + s] = (Piece){step->scratch_offset, step->scratch_offset + step->scratch_bytes, s, s, NULL};
		if (!step->scratch_bytes) pieces[nodes + s].to = 0;
	}
	*count = nodes + plan->step_count;
	return pieces;
}

/* [at, at + bytes) of a body at one time */
static Piece place_at(const Plan *plan, const Node *node, int64_t time)
{
	Location at = plan->location[node->id];
	struct Stride stride = at.stride[plan->depth - 1];
	size_t times = stride.turn == TURN_TIME ? (size_t)time : (size_t)(stride.turn == TURN_EVEN ? time & 1 : (time + 1) & 1);
	size_t from = at.offset + stride.bytes*times;
	size_t bytes = at.share_bytes ? own_bytes(plan, node) : (size_t)shape_count(&node->shape)*(size_t)plan->target->number_size;
	return (Piece){.from = from, .to = from + bytes};
}

static bool inside(Piece piece, size_t from, size_t bytes) { return piece.from >= from && piece.to <= from + bytes; }

/* is it memory that the scan's step may write: its turning states, or a result? */
static bool of_step(const Plan *outer, const Step *step, Piece piece)
{
	if (inside(piece, step->scratch_offset, step->turns_bytes)) return true;
	for (int i = 0; i < step->store_count; i++) {
		const Node *node = step->stores[i];
		size_t bytes = (size_t)shape_count(&node->shape)*(size_t)outer->target->number_size;
		if (inside(piece, outer->location[node->id].offset, bytes)) return true;
	}
	return false;
}

/* A state is read where the time before has written it, and not where this time writes. */
static void check_states(const Plan *outer, const Step *step)
{
	const Plan *plan = step->body;
	const Body *body = step->anchor->at.body;
	for (int64_t n = 0; n < body->steps; n++) {
		int64_t time = body->reverse ? body->steps - 1 - n : n, later = body->reverse ? time - 1 : time + 1;
		for (int k = 0; k < body->carried_count; k++) {
			Piece before = place_at(plan, body->carried[k], time), after = place_at(plan, body->next[k], time);
			assert_true(before.to <= after.from || after.to <= before.from);
			assert_true(outer->depth || (of_step(outer, step, before) && of_step(outer, step, after)));
			if (n + 1 < body->steps) assert_int_equal(place_at(plan, body->carried[k], later).from, after.from);
		}
		for (int i = 0; i < body->stacked_count; i++)
			if (body->stacked[i]) assert_true(outer->depth || of_step(outer, step, place_at(plan, body->stacked[i], time)));
	}
}

static void check_memory(const Plan *plan, size_t from, size_t to)
{
	int count;
	Piece *pieces = pieces_of(plan, &count);
	for (int s = 0; s < plan->step_count; s++) {
		const Step *step = plan->steps[s];
		if (!step->body) continue;
		check_states(plan, step);
		size_t bytes = step->body->shares ? step->body->share_bytes : step->scratch_bytes;
		check_memory(step->body, step->scratch_offset + step->turns_bytes, step->scratch_offset + bytes);
		if (!plan->shares && step->body->shares) assert_true(step->scratch_bytes >= bytes*(size_t)step->body->shares);
	}
	for (int i = 0; i < count; i++) {
		const Piece *a = &pieces[i];
		if (!a->to) continue;
		assert_true(a->from >= from && a->to <= to);
		assert_int_equal(a->from%ALIGN, 0);
		for (int k = 0; k < i; k++) {
			const Piece *b = &pieces[k];
			bool together = b->to && a->first <= b->last && b->first <= a->last, overlap = a->from < b->to && b->from < a->to;
			if (together && overlap)
				fail_msg("%s: node %d and node %d overlap: [%zu, %zu) at steps %d..%d, [%zu, %zu) at steps %d..%d", plan->program->name,
					a->node ? a->node->id : -1, b->node ? b->node->id : -1, a->from, a->to, a->first, a->last, b->from, b->to, b->first, b->last);
		}
	}
	free(pieces);
}

/* plan_buffers, which the listings show, says the same */
static void check_buffers(const Plan *plan)
{
	int count, n, stored = 0;
	Piece *pieces = pieces_of(plan, &count);
	const Buffer *buffers = plan_buffers(plan, &n);
	for (int i = 0; i < count; i++) stored += pieces[i].to > 0;
	assert_int_equal(stored, n);
	for (int i = 0; i < n; i++) {
		const Piece *piece = &pieces[buffers[i].node ? buffers[i].node->id : plan->program->graph->count + buffers[i].step->index];
		assert_int_equal(piece->from, buffers[i].offset);
		assert_int_equal(piece->to - piece->from, buffers[i].bytes);
		assert_true(buffers[i].life.first <= piece->first && buffers[i].life.last >= piece->last);
	}
	free(pieces);
}

/* --- what is stored, and when variables are written */

static void check_unfolds(const Plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		const Node *node = plan->order[i], *below = node;
		if (plan->location[node->id].space != SPACE_WORK) continue;
		while (below->op->kind == OP_MOVE && below->op != &op_unfold) below = below->args[0];
		if (below->op == &op_unfold) fail_msg("%s: node %d (%s) stores an unfold", plan->program->name, node->id, node->op->name);
	}
}

static void before_writer(const Plan *plan, int step, const Node *node, void *user)
{
	(void)user;
	if (node->op != &op_variable) return;
	for (int i = 0; i < plan->program->assignment_count; i++) {
		const Assignment *a = &plan->program->assignments[i];
		if (a->variable == node->at.variable && plan->step_of[a->node->id] < step)
			fail_msg("%s: step %d reads %s after step %d has written it", plan->program->name, step, a->variable->path, plan->step_of[a->node->id]);
	}
}

static void check_assignments(const Plan *plan)
{
	each_read(plan, before_writer, NULL);
	for (int i = 0; i < plan->program->assignment_count; i++) {
		const Assignment *a = &plan->program->assignments[i];
		Location at = plan->location[a->node->id];
		assert_true(plan->in_place[i] && at.space == SPACE_STATE && at.offset == a->variable->offset);
		if (plan->checked) assert_true(plan->step_of[a->node->id] > plan->step_of[plan->checked->id]);
	}
}

/* Variables stand in the state one after the other. */
static void check_state(const Model *model)
{
	for (int i = 0; i < model->network->variable_count; i++) {
		const Variable *a = model->network->variables[i];
		size_t end = a->offset + (size_t)shape_count(&a->shape);
		assert_true(end <= model->state_count);
		for (int k = 0; k < i; k++) {
			const Variable *b = model->network->variables[k];
			assert_true(end <= b->offset || b->offset + (size_t)shape_count(&b->shape) <= a->offset);
		}
	}
}

static void check_source(const Source *source)
{
	for (int i = 0; i < TARGETS; i++)
		for (int number_size = 4; number_size <= 8; number_size += 4) {
			Context context = {.arena = arena_new(), .messages = stderr};
			const Model *model = compile(&context, source, targets[i], number_size);
			check_state(model);
			for (int p = 0; p < model->network->program_count; p++) {
				check_memory(model->plans[p], 0, model->plans[p]->work_bytes);
				check_buffers(model->plans[p]);
				check_unfolds(model->plans[p]);
				check_assignments(model->plans[p]);
			}
			arena_free(context.arena);
		}
}

static Source read_source(Arena *arena, const char *path)
{
	Source source = {.name = path};
	source.text = file_read(arena, path, &source.size);
	assert_non_null(source.text);
	return source;
}

static void test_specs(void **state)
{
	(void)state;
	glob_t found;
	Arena *arena = arena_new();
	assert_int_equal(glob("specs/*.yaml", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 3);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		Source source = read_source(arena, found.gl_pathv[i]);
		check_source(&source);
	}
	globfree(&found);
	arena_free(arena);
}

/* --- nets that no spec has */

#define CLASSES "train: {optimizer: Adam(), loss: sparse_categorical_crossentropy, batch_size: "
static const char *const nets[] = {
	"model:\n  input: [12, 12, 6]\n  layers: [\"Conv2DTranspose(8, 4, strides=2, padding=same)\", \"DepthwiseConv2D(3, strides=2)\", "
		"\"SeparableConv2D(9, 3, padding=same)\", \"LocalResponseNormalization(2)\", \"Conv2D(6, 3, groups=3)\", \"MaxPooling2D(3, 2, padding=same)\", "
		"\"AveragePooling2D(3, 1, padding=same)\", GlobalMaxPooling2D, \"Dense(5, activation=softmax)\"]\n" CLASSES "3}\n",
	"model:\n  input: [9, 8, 7, 2]\n  layers: [\"Conv3D(4, 3, padding=same)\", \"MaxPooling3D(2)\", \"Conv3DTranspose(3, 2, strides=2)\", \"Reshape([8, -1])\", "
		"\"Conv1D(5, 3, padding=causal, dilation_rate=2)\", \"DepthwiseConv1D(2)\", \"AveragePooling1D(2)\", Flatten, \"Dense(5, activation=softmax)\"]\n" CLASSES "2}\n",
	"model:\n  input: [12, 12, 3]\n  layers: [\"Conv2D(8, 3, padding=same, strides=2, activation=relu)\", BatchNormalization, "
		"\"Conv2D(16, 2)\", \"MaxPooling2D(3, strides=2)\", Flatten, \"Dense(5, activation=softmax)\"]\n" CLASSES "7}\n",
	"model:\n  input: [9, 10, 2]\n  layers: [\"Conv2D(4, [2, 3], dilation_rate=2, activation=tanh)\", \"AveragePooling2D(2)\", Flatten, "
		"\"Dropout(0.3)\", \"Dense(3, activation=softmax)\"]\n" CLASSES "3}\n",
	"model:\n  input: [31]\n  layers: [\"Dense(17, activation=gelu)\", \"Dropout(0.5)\", \"Dense(33, activation=swish)\", BatchNormalization, "
		"\"Dense(1)\"]\ntrain: {optimizer: \"SGD(0.01, momentum=0.9, nesterov=true)\", loss: mse, batch_size: 5}\n",
	"model:\n  input: [4]\n  layers: [\"Dense(1, activation=sigmoid)\"]\ntrain: {optimizer: \"RMSprop(momentum=0.5, centered=true)\", "
		"loss: binary_crossentropy, batch_size: 1}\n",
	"model:\n  inputs: {x: [8, 8, 2]}\n  graph:\n    a: Conv2D(6, 3, padding=same, activation=relu)(x)\n    b: Conv2D(6, 3, padding=same)(a)\n"
		"    c: relu(a + b)\n    d: concat([c, a], -1)\n    y: Dense(2, activation=softmax)(Flatten(d))\n" CLASSES "4}\n",
	"model:\n  input: [6]\n  layers: [\"Dense(3)\"]\n",
	"model:\n  input: [7, 3]\n  layers: [\"LSTM(5, return_sequences=true)\", \"Bidirectional(GRU(4, reset_after=false))\", \"Dense(1)\"]\n"
		"train: {optimizer: Adam(), loss: mse, batch_size: 3}\n",
	"model:\n  input: {shape: [9], dtype: int32}\n  layers: [\"Embedding(5, 4, mask_zero=true)\", \"LSTM(8, recurrent_dropout=0.2, dropout=0.1)\", "
		"\"Dense(5, activation=softmax)\"]\n" CLASSES "2}\n",
	"model:\n  input: [30, 20]\n  layers: [\"LSTM(48, return_sequences=true)\", \"GRU(40, recurrent_dropout=0.2)\", \"Dense(1)\"]\n"
		"train: {optimizer: Adam(), loss: mse, batch_size: 19}\n",
};

static void test_nets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof nets/sizeof *nets; i++) {
		Source source = {.name = "net.yaml", .text = nets[i], .size = strlen(nets[i])};
		check_source(&source);
	}
}

/* --- bytes, on purpose: a change of these numbers belongs into the commit that causes it, with its reason */

static const struct {
	const char *spec;
	size_t train, predict, state; /* bytes of the work areas of train and predict, and of the state; avx512, f32 */
} bytes[] = {
	{"specs/chest_xray.yaml", 578237696, 8086464, 532752896},
	{"specs/mnist.yaml", 3529280, 49536, 962816},
	{"specs/breast_cancer.yaml", 31168, 1088, 33728},
};

static size_t work_of(const Model *model, const char *name)
{
	for (int p = 0; p < model->network->program_count; p++)
		if (!strcmp(model->network->programs[p]->name, name)) return model->plans[p]->work_bytes;
	fail_msg("no program %s", name);
	return 0;
}

static void test_bytes(void **state)
{
	(void)state;
	int wrong = 0;
	for (size_t i = 0; i < sizeof bytes/sizeof *bytes; i++) {
		Context context = {.arena = arena_new(), .messages = stderr};
		Source source = read_source(context.arena, bytes[i].spec);
		const Model *model = compile(&context, &source, "avx512", 4);
		size_t train = work_of(model, "train"), predict = work_of(model, "predict"), numbers = model->state_count*4;
		if (train != bytes[i].train || predict != bytes[i].predict || numbers != bytes[i].state) {
			print_error("\t{\"%s\", %zu, %zu, %zu},\n", bytes[i].spec, train, predict, numbers);
			wrong++;
		}
		arena_free(context.arena);
	}
	if (wrong) fail_msg("%d specs take other bytes than the table of this test says: the lines above are what they take", wrong);
}

/* --- recurrences whose rows are shared out */

/* of the first scan */
static int64_t shares_of(const Model *model, const char *name)
{
	for (int p = 0; p < model->network->program_count; p++)
		for (int s = 0; !strcmp(model->network->programs[p]->name, name) && s < model->plans[p]->step_count; s++) {
			const Step *step = model->plans[p]->steps[s];
			if (step->body) return step->body->shares;
		}
	return -1;
}

static void test_shares(void **state)
{
	static const struct {
		int64_t shares;
		const char *batch, *steps, *body;
	} cases[] = {
		{4, "32", "32", "tanh(matmul(s[0], w) + i)"},
		{2, "9", "32", "tanh(matmul(s[0], w) + i)"},
		{0, "7", "32", "tanh(matmul(s[0], w) + i)"}, /* too few rows */
		{0, "8", "2", "0.5*s[0] + w[0]*i"}, /* too little work */
		{0, "32", "32", "tanh(matmul(s[0], w) + i - mean(s[0], 0))"}, /* rows mix */
		{0, "32", "32", "tanh(matmul(s[0], w) + i)*sum(full([dim(i, 0)], 1), 0)"}, /* the number of rows */
		{4, "32", "32", "tanh(matmul(s[0], w) + i + flip(s[0], 1)*s[0][:, :1])"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases/sizeof *cases; i++) {
		Context context = {.arena = arena_new(), .messages = stderr};
		const char *text = arena_format(context.arena, "model:\n  inputs: {x: [%s, 64]}\n  graph:\n    w: weight([64, 64])\n    f(s, i): \"[%s]\"\n"
			"    y: scan(f, [0*x[:, 0]], x)[0][0]\ntrain: {optimizer: SGD(), loss: mse, batch_size: %s}\n", cases[i].steps, cases[i].body, cases[i].batch);
		Source source = {.name = "net.yaml", .text = text, .size = strlen(text)};
		const Model *model = compile(&context, &source, "avx512", 4);
		if (shares_of(model, "train") != cases[i].shares) fail_msg("%s, batch %s: %d shares", cases[i].body, cases[i].batch, (int)shares_of(model, "train"));
		arena_free(context.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_specs), cmocka_unit_test(test_nets), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_shares)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
