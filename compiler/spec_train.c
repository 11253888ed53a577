/* spec_train.c: the knobs of the section `train` -> nn_training. Input: the document; output: Spec.training and Spec.batch.
 * Losses, optimizers and steps stay documents. Invariant: a callback watches only what training logs. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "spec_read.h"
#include "../runtime/metric_list.h"

static const char *const metric_names[] = {
#define X(name, kind, direction) name,
	NN_METRICS(X)
#undef X
};
static const int metric_directions[] = {
#define X(name, kind, direction) direction,
	NN_METRICS(X)
#undef X
};
static const char *const metric_kinds[] = {
#define X(name, kind, direction) #kind,
	NN_METRICS(X)
#undef X
};
enum { METRICS = sizeof metric_names / sizeof *metric_names, LONG_RUN = 1000000000, LARGE_BATCH = 16384 };

static int find_metric(const char *name)
{
	for (int i = 0; i < METRICS; i++)
		if (strcmp(metric_names[i], name) == 0) return i;
	return -1;
}

int spec_metrics(const char *const **names, const char *const **kinds)
{
	*names = metric_names;
	*kinds = metric_kinds;
	return METRICS;
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

static bool has_windows(const Spec *spec)
{
	return !spec->data.source_count || spec->data_sources[0].horizon > 0;
}

/* `accuracy`, or in Keras's other spelling `AUC`, `Precision()`; NULL after a message. */
static const char *read_metric(Context *context, const Spec *spec, const Expr *expr)
{
	if (!expr) return NULL;
	const Expr *name = expr->kind == EXPR_CALL && expr->count == 1 ? expr->items[0] : expr;
	if (name->kind != EXPR_NAME && name->kind != EXPR_STRING) {
		diag_error(context, expr->place, "metrics: [accuracy, auc]", "the name of a metric is expected here");
		return NULL;
	}
	const char *snake = text_snake(context->arena, name->text);
	int metric = find_metric(name->text) >= 0 ? find_metric(name->text) : find_metric(snake);
	if (metric < 0) spec_unknown(context, name->place, name->text, metric_names, METRICS, "there is no metric");
	if (metric >= 0 && !strcmp(metric_kinds[metric], "MASE") && !has_windows(spec)) {
		diag_error(context, name->place, "sequence_length: of a csv source makes windows; others have mae and smape",
			"mase is measured by the naive forecast of a series, and this data has none");
		return NULL;
	}
	return metric < 0 ? NULL : metric_names[metric];
}

static nn_texts read_list(Context *context, const Spec *spec, const DocNode *node)
{
	nn_texts texts = {NULL, 0};
	Expr *list = expr_read(context, node, EXPR_VALUE_START);
	if (!list) return texts;
	int count = list->kind == EXPR_LIST ? list->count : 1;
	const char **metrics = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *metrics);
	for (int i = 0; i < count; i++) {
		const Expr *item = list->kind == EXPR_LIST ? list->items[i] : list;
		const char *name = read_metric(context, spec, item);
		bool again = false;
		for (int k = 0; name && k < texts.count; k++) again |= strcmp(metrics[k], name) == 0;
		if (again) diag_error(context, item->place, NULL, "the metric '%s' is given twice", name);
		else if (name) metrics[texts.count++] = name;
	}
	texts.items = metrics;
	return texts;
}

/* The names of the model's outputs; returns how many. */
static int output_names(Context *context, const Spec *spec, const char ***names)
{
	const DocNode *outputs = doc_get(spec->model, "outputs");
	int count = outputs && outputs->kind == DOC_MAP ? outputs->count : 0;
	*names = arena_alloc(context->arena, (size_t)(count + 1) * sizeof **names);
	for (int i = 0; i < count; i++) (*names)[i] = outputs->pairs[i].key->text;
	return count;
}

/* metrics: [accuracy, auc], or of each output: {diagnosis: [accuracy], severity: mae} */
static void read_metrics(Context *context, Spec *spec, const DocNode *node)
{
	const char **names;
	int count = output_names(context, spec, &names), pairs = node->kind == DOC_MAP ? node->count : 1;
	spec->metrics = arena_alloc(context->arena, (size_t)(pairs + 1) * sizeof *spec->metrics);
	if (node->kind != DOC_MAP) {
		spec->metrics[spec->metric_count++] = (SpecMetrics){NULL, read_list(context, spec, node)};
		return;
	}
	for (int i = 0; i < pairs; i++) {
		const DocNode *key = node->pairs[i].key;
		bool known = false;
		for (int k = 0; k < count; k++) known |= strcmp(names[k], key->text) == 0;
		if (known) spec->metrics[spec->metric_count++] = (SpecMetrics){key->text, read_list(context, spec, node->pairs[i].value)};
		else if (count) spec_unknown(context, key->place, key->text, names, count, "the model has no output");
		else
			diag_error(context, key->place, "model: {outputs: {diagnosis: .., severity: ..}}",
				"metrics by output are for a model with 'outputs'");
	}
}

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

/* What an epoch logs: the loss, the terms and the metrics, each for training and validation. */
typedef struct Logged {
	const char **names;
	int count, capacity;
} Logged;

static void add_log(Arena *arena, Logged *logged, const char *name)
{
	for (int i = 0; i < 2; i++) {
		logged->names = arena_grow(arena, logged->names, logged->count, &logged->capacity, sizeof *logged->names);
		logged->names[logged->count++] = i ? arena_format(arena, "val_%s", name) : name;
	}
}

/* "D_loss" */
static void add_step_logs(Arena *arena, Logged *logged, const Spec *spec, const SpecStep *step)
{
	const DocNode *terms = doc_get(step->node, "terms");
	if (!terms) terms = doc_get(spec->train, "terms");
	add_log(arena, logged, arena_format(arena, "%s_loss", step->name));
	for (int i = 0; terms && terms->kind == DOC_MAP && i < terms->count; i++)
		add_log(arena, logged, arena_format(arena, "%s_%s", step->name, terms->pairs[i].key->text));
}

/* Of several outputs "diagnosis_loss" and "diagnosis_accuracy", as Keras calls them. */
static Logged find_logged(Context *context, const Spec *spec)
{
	const DocNode *train = spec->train, *terms = doc_get(train, "terms"), *loss = doc_get(train, "loss");
	Logged logged = {0};
	const char **outputs;
	int count = output_names(context, spec, &outputs);
	for (int i = 0; i < spec->step_count; i++) add_step_logs(context->arena, &logged, spec, &spec->steps[i]);
	if (!spec->step_count) add_log(context->arena, &logged, "loss");
	for (int o = 0; count > 1 && o < count; o++)
		if (!loss || loss->kind != DOC_MAP || doc_get(loss, outputs[o]))
			add_log(context->arena, &logged, arena_format(context->arena, "%s_loss", outputs[o]));
	for (int m = 0; m < spec->metric_count; m++)
		for (int o = 0; o < (count > 1 ? count : 1); o++)
			for (int i = 0; i < spec->metrics[m].names.count; i++) {
				const SpecMetrics *metrics = &spec->metrics[m];
				if (metrics->output && count && strcmp(metrics->output, outputs[o])) continue;
				add_log(context->arena, &logged, count > 1 ? arena_format(context->arena, "%s_%s", outputs[o], metrics->names.items[i])
					: metrics->names.items[i]);
			}
	for (int i = 0; !spec->step_count && terms && terms->kind == DOC_MAP && i < terms->count; i++)
		add_log(context->arena, &logged, terms->pairs[i].key->text);
	return logged;
}

typedef enum ArgumentKind {
	ARGUMENT_TEXT,
	ARGUMENT_BOOLEAN,
	ARGUMENT_COUNT,
	ARGUMENT_NUMBER,
	ARGUMENT_NUMBER_OR_NONE,
	ARGUMENT_MODE,
	ARGUMENT_IGNORED /* accepted, and of no effect here */
} ArgumentKind;

/* The arguments of each callback, in Keras's order: what one may be, and the field it goes to. */
typedef struct ArgumentRow {
	const char *name;
	ArgumentKind kind;
	size_t field;
} ArgumentRow;

#define FIELD(name, kind) {#name, kind, offsetof(nn_callback, name)}
static const ArgumentRow early_stopping[] = {FIELD(monitor, ARGUMENT_TEXT), FIELD(min_delta, ARGUMENT_NUMBER),
	FIELD(patience, ARGUMENT_COUNT), {"verbose", ARGUMENT_IGNORED, 0}, FIELD(mode, ARGUMENT_MODE),
	FIELD(baseline, ARGUMENT_NUMBER_OR_NONE), FIELD(restore_best_weights, ARGUMENT_BOOLEAN),
	FIELD(start_from_epoch, ARGUMENT_COUNT)};
static const ArgumentRow model_checkpoint[] = {FIELD(filepath, ARGUMENT_TEXT), FIELD(monitor, ARGUMENT_TEXT),
	{"verbose", ARGUMENT_IGNORED, 0}, FIELD(save_best_only, ARGUMENT_BOOLEAN), {"save_weights_only", ARGUMENT_IGNORED, 0},
	FIELD(mode, ARGUMENT_MODE)};
#undef FIELD

static const struct {
	const char *name;
	nn_callback_kind kind;
	const ArgumentRow *arguments;
	int count;
} callback_table[] = {
#define ROWS(rows) rows, (int)(sizeof rows / sizeof *rows)
	{"EarlyStopping", NN_EARLY_STOPPING, ROWS(early_stopping)},
	{"ModelCheckpoint", NN_MODEL_CHECKPOINT, ROWS(model_checkpoint)},
#undef ROWS
};
enum { CALLBACKS = sizeof callback_table / sizeof *callback_table, ARGUMENTS = 16 };

static nn_callback default_callback(nn_callback_kind kind)
{
	return (nn_callback){.kind = kind, .monitor = "val_loss", .baseline = NAN};
}

/* One argument as it is given: its value, and where that goes. */
typedef struct Argument {
	const char *name;
	ArgumentKind kind;
	void *target;
	const Expr *value;
} Argument;

static const char *standard_text(Arena *arena, const ArgumentRow *row, const nn_callback *callback)
{
	const void *field = (const char *)callback + row->field;
	double number = row->kind == ARGUMENT_NUMBER || row->kind == ARGUMENT_NUMBER_OR_NONE ? *(const double *)field : 0;
	switch (row->kind) {
	case ARGUMENT_TEXT: return *(const char *const *)field ? *(const char *const *)field : "best.safetensors";
	case ARGUMENT_BOOLEAN: return *(const int *)field ? "true" : "false";
	case ARGUMENT_COUNT: return arena_format(arena, "%d", *(const int *)field);
	case ARGUMENT_NUMBER:
	case ARGUMENT_NUMBER_OR_NONE: return isnan(number) ? "none" : arena_format(arena, "%g", number);
	case ARGUMENT_MODE: return "auto";
	case ARGUMENT_IGNORED: return NULL;
	}
	return NULL;
}

int spec_callbacks(Arena *arena, const OfferedCallback **list)
{
	OfferedCallback *offers = arena_alloc(arena, CALLBACKS * sizeof *offers);
	for (int i = 0; i < CALLBACKS; i++) {
		nn_callback callback = default_callback(callback_table[i].kind);
		offers[i] = (OfferedCallback){.name = callback_table[i].name, .count = callback_table[i].count};
		offers[i].arguments = arena_alloc(arena, ARGUMENTS * sizeof *offers[i].arguments);
		offers[i].standards = arena_alloc(arena, ARGUMENTS * sizeof *offers[i].standards);
		for (int k = 0; k < callback_table[i].count; k++) {
			offers[i].arguments[k] = callback_table[i].arguments[k].name;
			offers[i].standards[k] = standard_text(arena, &callback_table[i].arguments[k], &callback);
		}
	}
	*list = offers;
	return CALLBACKS;
}

static bool expected(Context *context, const Expr *value, const Argument *argument, const char *what)
{
	diag_error(context, value->place, NULL, "'%s' is %s", argument->name, what);
	return false;
}

static bool read_count(Context *context, const Expr *value, const Argument *argument)
{
	double number;
	if (!spec_constant(context, value, &number)) return false;
	if (number < 0 || number != floor(number) || number > LONG_RUN)
		return expected(context, value, argument, "a whole number from 0");
	*(int *)argument->target = (int)number;
	return true;
}

static bool read_mode(Context *context, const Expr *value, const Argument *argument)
{
	static const char *const modes[] = {"min", "auto", "max"};
	const char *text = value->kind == EXPR_NAME || value->kind == EXPR_STRING ? value->text : "";
	for (int i = 0; i < 3; i++)
		if (strcmp(modes[i], text) == 0) {
			*(int *)argument->target = i - 1;
			return true;
		}
	return expected(context, value, argument, "auto, min or max");
}

static bool read_argument(Context *context, const Argument *argument)
{
	const Expr *value = argument->value;
	switch (argument->kind) {
	case ARGUMENT_IGNORED: return true;
	case ARGUMENT_TEXT:
		if (value->kind != EXPR_NAME && value->kind != EXPR_STRING)
			return expected(context, value, argument, "a name, or a text in quotes");
		*(const char **)argument->target = value->text;
		return true;
	case ARGUMENT_BOOLEAN:
		if (value->kind != EXPR_TRUE && value->kind != EXPR_FALSE)
			return expected(context, value, argument, "true or false");
		*(int *)argument->target = value->kind == EXPR_TRUE;
		return true;
	case ARGUMENT_COUNT: return read_count(context, value, argument);
	case ARGUMENT_NUMBER: return spec_constant(context, value, argument->target);
	case ARGUMENT_NUMBER_OR_NONE: return value->kind == EXPR_NONE || spec_constant(context, value, argument->target);
	case ARGUMENT_MODE: return read_mode(context, value, argument);
	}
	return false;
}

/* Puts the arguments of a call into their places, by position and by name, then reads them. */
static bool read_arguments(Context *context, const char *callback, const Expr *call, Argument *arguments, int count)
{
	const char *names[16];
	bool good = true;
	for (int i = 0; i < count; i++) names[i] = arguments[i].name;
	for (int i = 1; call->kind == EXPR_CALL && i < call->count; i++) {
		int place = call->names[i] ? -1 : i - 1;
		for (int k = 0; call->names[i] && k < count; k++)
			if (strcmp(call->names[i], names[k]) == 0) place = k;
		good = false;
		if (place < 0)
			spec_unknown(context, call->name_places[i], call->names[i], names, count,
				arena_format(context->arena, "%s has no argument", callback));
		else if (place >= count)
			diag_error(context, call->items[i]->place, NULL, "%s takes %d arguments at most", callback, count);
		else if (arguments[place].value)
			diag_error(context, call->names[i] ? call->name_places[i] : call->items[i]->place, NULL,
				"'%s' is given twice", names[place]);
		else good = true;
		if (!good) return false;
		arguments[place].value = call->items[i];
	}
	for (int i = 0; i < count; i++)
		if (arguments[i].value) good &= read_argument(context, &arguments[i]);
	return good;
}

/* Higher is better for what the list of metrics says so; a loss and what is unknown goes down. */
static int direction_of(const char *monitor)
{
	const char *name = strncmp(monitor, "val_", 4) == 0 ? monitor + 4 : monitor;
	int metric = find_metric(name);
	while (metric < 0 && (name = strchr(name, '_'))) metric = find_metric(++name); /* diagnosis_accuracy */
	return metric >= 0 ? metric_directions[metric] : -1;
}

static void check_monitor(Context *context, const Logged *logged, const nn_callback *callback, Place place)
{
	for (int i = 0; i < logged->count; i++)
		if (strcmp(logged->names[i], callback->monitor) == 0) return;
	spec_unknown(context, place, callback->monitor, logged->names, logged->count, "training does not log");
}

static bool read_callback(Context *context, const Expr *expr, const Logged *logged, nn_callback *callback)
{
	const char *names[CALLBACKS];
	Argument arguments[ARGUMENTS];
	const Expr *name = expr->kind == EXPR_CALL ? expr->items[0] : expr, *monitor = NULL;
	int kind = -1;
	if (name->kind != EXPR_NAME) {
		diag_error(context, expr->place, "callbacks: [EarlyStopping(patience=3)]", "a callback is expected here");
		return false;
	}
	for (int i = 0; i < CALLBACKS; i++) {
		names[i] = callback_table[i].name;
		if (strcmp(name->text, names[i]) == 0) kind = i;
	}
	if (kind < 0) {
		spec_unknown(context, name->place, name->text, names, CALLBACKS, "there is no callback");
		return false;
	}
	*callback = default_callback(callback_table[kind].kind);
	for (int i = 0; i < callback_table[kind].count; i++) {
		const ArgumentRow *row = &callback_table[kind].arguments[i];
		arguments[i] = (Argument){row->name, row->kind, (char *)callback + row->field, NULL};
	}
	if (!read_arguments(context, name->text, expr, arguments, callback_table[kind].count)) return false;
	for (int i = 0; i < callback_table[kind].count; i++)
		if (strcmp(arguments[i].name, "monitor") == 0) monitor = arguments[i].value;
	check_monitor(context, logged, callback, monitor ? monitor->place : expr->place);
	if (!callback->mode) callback->mode = direction_of(callback->monitor);
	callback->min_delta = fabs(callback->min_delta);
	return true;
}

static void read_callbacks(Context *context, Spec *spec, const DocNode *node)
{
	nn_training *training = &spec->training;
	Expr *list = expr_read(context, node, EXPR_VALUE_START);
	if (!list) return;
	int count = list->kind == EXPR_LIST ? list->count : 1;
	Logged logged = find_logged(context, spec);
	nn_callback *callbacks = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *callbacks);
	bool unwatched = spec->data.source_count && spec->data.split_validation == 0 &&
		!doc_get(doc_get(spec->root, "data"), "validation");
	for (int i = 0; i < count; i++) {
		const Expr *item = list->kind == EXPR_LIST ? list->items[i] : list;
		nn_callback *callback = &callbacks[training->callback_count];
		if (!read_callback(context, item, &logged, callback)) continue;
		training->callback_count++;
		if (unwatched && strncmp(callback->monitor, "val_", 4) == 0)
			diag_warning(context, item->place, "add data.validation, or split: {validation: 0.1}",
				"'%s' is logged only when --validation is given: the spec names no validation data",
				callback->monitor);
	}
	training->callbacks = callbacks;
}

/* --- the section -------------------------------------------------------------------------------------------------- */

void spec_read_training(Context *context, Spec *spec, const DocNode *train)
{
	nn_training *training = &spec->training;
	*training = (nn_training){.batch_size = 32, .epochs = 1, .shuffle = 1};
	if (!train) return;
	Slot slots[] = {
		{.key = "metrics"},
		{.key = "callbacks"},
		{.key = "batch_size", .kind = SLOT_INTEGER, .target = &training->batch_size, .low = 1, .high = 1 << 20},
		{.key = "epochs", .kind = SLOT_INTEGER, .target = &training->epochs, .low = 1, .high = LONG_RUN},
		{.key = "steps_per_epoch",
			.kind = SLOT_INTEGER,
			.target = &training->steps_per_epoch,
			.low = 1,
			.high = LONG_RUN},
		{.key = "validation_steps",
			.kind = SLOT_INTEGER,
			.target = &training->validation_steps,
			.low = 1,
			.high = LONG_RUN},
		{.key = "shuffle", .kind = SLOT_BOOLEAN, .target = &training->shuffle},
		{.key = "loss"},
		{.key = "loss_weights"},
		{.key = "optimizer"},
		{.key = "let"},
		{.key = "terms"},
		{.key = "batch"},
		{.key = "steps"},
		{.key = "init_from"},
	};
	if (!spec_section(context, "the section 'train'", train, SLOTS(slots))) {
		spec->train = NULL;
		return;
	}
	spec->batch = training->batch_size;
	if (training->batch_size > LARGE_BATCH)
		diag_warning(context, spec_slot(SLOTS(slots), "batch_size")->node->place,
			"batch_size is the number of samples of one step, often 32", "a batch of %d samples is larger than usual", training->batch_size);
	const Slot *steps = spec_slot(SLOTS(slots), "steps");
	if (steps->node) spec_read_steps(context, spec, steps->node);
	if (slots[0].node) read_metrics(context, spec, slots[0].node);
	if (find_logged(context, spec).count > 2*NN_LOGS)
		diag_error(context, train->place, "fewer terms or metrics", "training would log more than %d numbers", NN_LOGS);
	if (slots[1].node) read_callbacks(context, spec, slots[1].node);
	const Slot *transfer = spec_slot(SLOTS(slots), "init_from");
	if (transfer->node) spec_read_transfer(context, spec, transfer->node);
}
