/* spec_train.c: the knobs of the section `train` -> nn_training. Input: the document; output: Spec.training and Spec.batch.
 * Losses, optimizers and steps stay documents. Invariant: a callback watches only what training logs. */
#include <math.h>
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
enum { METRICS = sizeof metric_names / sizeof *metric_names, LONG_RUN = 1000000000 };

static int find_metric(const char *name)
{
	for (int i = 0; i < METRICS; i++)
		if (strcmp(metric_names[i], name) == 0) return i;
	return -1;
}

/* --- metrics ------------------------------------------------------------------------------------------------------ */

/* `accuracy`, or in Keras's other spelling `AUC`, `Precision()`; NULL after a message. */
static const char *read_metric(Context *context, const Expr *expr)
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
	return metric < 0 ? NULL : metric_names[metric];
}

static void read_metrics(Context *context, nn_training *training, const DocNode *node)
{
	Expr *list = expr_read(context, node, EXPR_VALUE_START);
	if (!list) return;
	int count = list->kind == EXPR_LIST ? list->count : 1;
	const char **metrics = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *metrics);
	for (int i = 0; i < count; i++) {
		const Expr *item = list->kind == EXPR_LIST ? list->items[i] : list;
		const char *name = read_metric(context, item);
		bool again = false;
		for (int k = 0; name && k < training->metric_count; k++) again |= strcmp(metrics[k], name) == 0;
		if (again) diag_error(context, item->place, NULL, "the metric '%s' is given twice", name);
		else if (name) metrics[training->metric_count++] = name;
	}
	training->metrics = metrics;
}

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

/* What an epoch logs: the loss, the terms and the metrics, each for training and validation. */
typedef struct Logged {
	const char **names;
	int count, capacity;
	bool any; /* several steps log names of their own: not checked here */
} Logged;

static void add_log(Arena *arena, Logged *logged, const char *name)
{
	for (int i = 0; i < 2; i++) {
		logged->names = arena_grow(arena, logged->names, logged->count, &logged->capacity, sizeof *logged->names);
		logged->names[logged->count++] = i ? arena_format(arena, "val_%s", name) : name;
	}
}

static Logged find_logged(Context *context, const nn_training *training, const DocNode *train)
{
	Logged logged = {.any = doc_get(train, "steps") != NULL};
	const DocNode *terms = doc_get(train, "terms");
	add_log(context->arena, &logged, "loss");
	for (int i = 0; i < training->metric_count; i++) add_log(context->arena, &logged, training->metrics[i]);
	for (int i = 0; terms && terms->kind == DOC_MAP && i < terms->count; i++)
		add_log(context->arena, &logged, terms->pairs[i].key->text);
	return logged;
}

/* One argument of a callback, in Keras's order: what it may be, and where it goes (NULL: accepted and of no effect
 * here). */
typedef enum ArgumentKind {
	ARGUMENT_TEXT,
	ARGUMENT_BOOLEAN,
	ARGUMENT_COUNT,
	ARGUMENT_NUMBER,
	ARGUMENT_NUMBER_OR_NONE,
	ARGUMENT_MODE,
	ARGUMENT_IGNORED
} ArgumentKind;
typedef struct Argument {
	const char *name;
	ArgumentKind kind;
	void *target;
	const Expr *value;
} Argument;

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
	int metric = find_metric(strncmp(monitor, "val_", 4) == 0 ? monitor + 4 : monitor);
	return metric >= 0 ? metric_directions[metric] : -1;
}

static void check_monitor(Context *context, const Logged *logged, const nn_callback *callback, Place place)
{
	for (int i = 0; i < logged->count; i++)
		if (strcmp(logged->names[i], callback->monitor) == 0) return;
	if (!logged->any)
		spec_unknown(context, place, callback->monitor, logged->names, logged->count, "training does not log");
}

static bool read_callback(Context *context, const Expr *expr, const Logged *logged, nn_callback *callback)
{
	static const char *const kinds[] = {"EarlyStopping", "ModelCheckpoint"};
	const Expr *name = expr->kind == EXPR_CALL ? expr->items[0] : expr;
	*callback = (nn_callback){.monitor = "val_loss", .baseline = NAN};
	Argument stopping[] = {
		{"monitor", ARGUMENT_TEXT, &callback->monitor, NULL}, {"min_delta", ARGUMENT_NUMBER, &callback->min_delta, NULL},
		{"patience", ARGUMENT_COUNT, &callback->patience, NULL}, {"verbose", ARGUMENT_IGNORED, NULL, NULL},
		{"mode", ARGUMENT_MODE, &callback->mode, NULL}, {"baseline", ARGUMENT_NUMBER_OR_NONE, &callback->baseline, NULL},
		{"restore_best_weights", ARGUMENT_BOOLEAN, &callback->restore_best_weights, NULL},
		{"start_from_epoch", ARGUMENT_COUNT, &callback->start_from_epoch, NULL},
	};
	Argument checkpoint[] = {
		{"filepath", ARGUMENT_TEXT, &callback->filepath, NULL}, {"monitor", ARGUMENT_TEXT, &callback->monitor, NULL},
		{"verbose", ARGUMENT_IGNORED, NULL, NULL}, {"save_best_only", ARGUMENT_BOOLEAN, &callback->save_best_only, NULL},
		{"save_weights_only", ARGUMENT_IGNORED, NULL, NULL},
		{"mode", ARGUMENT_MODE, &callback->mode, NULL},
	};
	if (name->kind != EXPR_NAME) {
		diag_error(context, expr->place, "callbacks: [EarlyStopping(patience=3)]", "a callback is expected here");
		return false;
	}
	bool stops = strcmp(name->text, kinds[0]) == 0;
	if (!stops && strcmp(name->text, kinds[1]) != 0) {
		spec_unknown(context, name->place, name->text, kinds, 2, "there is no callback");
		return false;
	}
	callback->kind = stops ? NN_EARLY_STOPPING : NN_MODEL_CHECKPOINT;
	if (!read_arguments(context, name->text, expr, stops ? stopping : checkpoint, stops ? 8 : 6)) return false;
	const Expr *monitor = stops ? stopping[0].value : checkpoint[1].value;
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
	Logged logged = find_logged(context, training, spec->train);
	nn_callback *callbacks = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *callbacks);
	bool unwatched = spec->data.source && spec->data.split_validation == 0 &&
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
		{.key = "optimizer"},
		{.key = "let"},
		{.key = "terms"},
		{.key = "batch"},
		{.key = "steps"},
	};
	if (!spec_section(context, "the section 'train'", train, SLOTS(slots))) {
		spec->train = NULL;
		return;
	}
	spec->batch = training->batch_size;
	if (slots[0].node) read_metrics(context, training, slots[0].node);
	if (slots[1].node) read_callbacks(context, spec, slots[1].node);
}
