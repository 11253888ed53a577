/* Input: the logs of an epoch. Output: whether to stop, and which checkpoints to write.
 * Invariant: decisions follow from the state and the logs alone; the state goes through a checkpoint unchanged. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "callbacks.h"
#include "message.h"

static int writes_best(const nn_callback *rule) {
	return rule->kind == NN_MODEL_CHECKPOINT && (!rule->filepath || !strcmp(rule->filepath, "best.safetensors"));
}

int nn_callbacks_open(nn_callbacks *callbacks, const nn_training *training, int validated, int steps) {
	*callbacks = (nn_callbacks){.states = calloc((size_t)training->callback_count + 1, sizeof *callbacks->states)};
	int own = 1;
	if (!callbacks->states) return nn_error("out of memory"), 1;
	for (int i = 0; i < training->callback_count; i++) {
		callbacks->states[callbacks->count++].rule = &training->callbacks[i];
		if (writes_best(&training->callbacks[i])) own = 0;
	}
	callbacks->own_rule = (nn_callback){.kind = NN_MODEL_CHECKPOINT,
	                                    .monitor = validated ? "val_loss" : "loss",
	                                    .baseline = NAN,
	                                    .mode = -1,
	                                    .save_best_only = !steps};
	if (own) callbacks->count++; /* its rule is own_rule, wherever this struct lies: see rule_of */
	return 0;
}

static const nn_callback *rule_of(const nn_callbacks *callbacks, int index) {
	const nn_callback *rule = callbacks->states[index].rule;
	return rule ? rule : &callbacks->own_rule;
}

/* MonitorCallback._is_improvement; no reference: always. */
static int improves(const nn_callback *rule, double value, double reference, int has_reference) {
	if (!has_reference) return 1;
	if (rule->mode > 0) return value - fabs(rule->min_delta) > reference;
	return value + fabs(rule->min_delta) < reference;
}

static void early_stopping(nn_callbacks *callbacks, nn_callback_state *state, const nn_callback *rule, double value,
                           int epoch) {
	if (epoch < rule->start_from_epoch) return;
	if (rule->restore_best_weights && !state->has_weights)
		state->save = state->has_weights = 1, state->best_epoch = epoch;
	state->wait++;
	if (improves(rule, value, state->best, state->has_best)) {
		state->best = value, state->has_best = 1, state->best_epoch = epoch;
		state->save = rule->restore_best_weights;
		if (isnan(rule->baseline) || improves(rule, value, rule->baseline, 1)) state->wait = 0;
		return;
	}
	if (state->wait >= rule->patience && epoch > 0) state->stopped_epoch = epoch, callbacks->stop = 1;
}

static void model_checkpoint(nn_callback_state *state, const nn_callback *rule, double value, int epoch) {
	state->save = !rule->save_best_only;
	if (!rule->save_best_only) return;
	int first = !state->has_best || (isnan(state->best) && !isnan(value));
	if (!improves(rule, value, state->best, !first)) return;
	state->save = 1, state->best = value, state->has_best = 1, state->best_epoch = epoch;
}

void nn_callbacks_epoch(nn_callbacks *callbacks, const nn_history *history, int epoch) {
	for (int i = 0; i < callbacks->count; i++) {
		nn_callback_state *state = &callbacks->states[i];
		const nn_callback *rule = rule_of(callbacks, i);
		int found;
		double value = nn_history_value(history, history->epoch_count - 1, rule->monitor, &found);
		state->save = 0;
		if (!found && (rule->kind == NN_EARLY_STOPPING || rule->save_best_only)) {
			if (!state->missing_said++)
				nn_warning("a callback monitors '%s', which this training does not log", rule->monitor);
			continue;
		}
		if (rule->kind == NN_EARLY_STOPPING)
			early_stopping(callbacks, state, rule, value, epoch);
		else
			model_checkpoint(state, rule, value, epoch);
	}
}

/* "{name:.2f}" at *place: adds the value, moves *place behind the brace. 0, or 1: no such log. */
static int add_hole(nn_text *text, const char **place, const nn_history *history, int epoch) {
	char name[NN_LOG_NAME] = "";
	size_t length = strcspn(*place + 1, ":}");
	const char *end = strchr(*place, '}'), *colon = (*place)[1 + length] == ':' ? *place + 1 + length : NULL;
	int found = 1, width = 0, precision = 6;
	if (!end || length >= sizeof name) return 1;
	memcpy(name, *place + 1, length);
	const char *point = colon ? memchr(colon, '.', (size_t)(end - colon)) : NULL;
	if (colon) width = atoi(colon + 1) % 64;
	if (point) precision = atoi(point + 1) % 18;
	if (!strcmp(name, "epoch")) {
		nn_text_add(text, colon && colon[1] == '0' ? "%0*d" : "%*d", width, epoch + 1);
	} else {
		double value = nn_history_value(history, history->epoch_count - 1, name, &found);
		if (colon)
			nn_text_add(text, "%*.*f", width, precision, value);
		else
			nn_text_number(text, value, 8);
	}
	*place = end + 1;
	return !found;
}

char *nn_callback_path(const char *template, const nn_history *history, int epoch) {
	nn_text text = {0};
	nn_text_add(&text, "%s", "");
	for (const char *place = template; *place;) {
		if (*place != '{') {
			nn_text_bytes(&text, place++, 1);
		} else if (add_hole(&text, &place, history, epoch)) {
			nn_text_free(&text);
			return NULL;
		}
	}
	return text.failed ? nn_text_free(&text), NULL : text.data;
}

cJSON *nn_callbacks_json(const nn_callbacks *callbacks) {
	cJSON *list = cJSON_CreateArray();
	for (int i = 0; i < callbacks->count; i++) {
		const nn_callback_state *state = &callbacks->states[i];
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "monitor", rule_of(callbacks, i)->monitor);
		cJSON_AddNumberToObject(item, "kind", rule_of(callbacks, i)->kind);
		if (state->has_best) cJSON_AddItemToObject(item, "best", nn_json_number(state->best));
		cJSON_AddBoolToObject(item, "has_weights", state->has_weights);
		cJSON_AddNumberToObject(item, "best_epoch", state->best_epoch);
		cJSON_AddNumberToObject(item, "wait", state->wait);
		cJSON_AddNumberToObject(item, "stopped_epoch", state->stopped_epoch);
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

static int whole(const cJSON *object, const char *name) {
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
	return cJSON_IsNumber(item) ? item->valueint : 0;
}

int nn_callbacks_restore(nn_callbacks *callbacks, const cJSON *json) {
	const cJSON *item;
	int index = 0;
	if (!cJSON_IsArray(json) || cJSON_GetArraySize(json) != callbacks->count) return 1;
	cJSON_ArrayForEach(item, json) {
		nn_callback_state *state = &callbacks->states[index];
		const nn_callback *rule = rule_of(callbacks, index++);
		const char *monitor = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "monitor"));
		const cJSON *best = cJSON_GetObjectItemCaseSensitive(item, "best");
		if (!monitor || strcmp(monitor, rule->monitor) || whole(item, "kind") != (int)rule->kind) return 1;
		state->has_best = best != NULL;
		state->best = nn_json_number_of(best);
		state->has_weights = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "has_weights"));
		state->best_epoch = whole(item, "best_epoch");
		state->wait = whole(item, "wait");
		state->stopped_epoch = whole(item, "stopped_epoch");
		if (state->stopped_epoch > 0) callbacks->stop = 1;
	}
	return 0;
}

void nn_callbacks_close(nn_callbacks *callbacks) {
	free(callbacks->states);
	*callbacks = (nn_callbacks){0};
}
