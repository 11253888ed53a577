/* Input: a model's descriptor and a state, or a file. Output: a file, or the state.
 * Invariant: a state that could not be read as a whole is never used: the caller stops. */
#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "message.h"

enum { KEY = 300 };

/* "vocabulary", or with a source's name "vocabulary report" */
static const char *vocabulary_key(const char *source, char key[KEY]) {
	snprintf(key, KEY, "vocabulary%s%.250s", *source ? " " : "", source);
	return key;
}

static void add_names(cJSON *metadata, const char *key, const char *const *names, int count) {
	cJSON *list = count > 0 ? cJSON_CreateStringArray(names, count) : NULL;
	char *text = list ? cJSON_PrintUnformatted(list) : NULL;
	if (text) cJSON_AddStringToObject(metadata, key, text);
	cJSON_free(text);
	cJSON_Delete(list);
}

/* Of carried states those that training carries: an epoch may be put aside in its middle. */
static int is_kept(const nn_model *model, const nn_tensor *tensor) {
	return tensor->role != NN_CARRIED || model->training.stateful;
}

static cJSON *metadata_of(const nn_model *model, const nn_checkpoint_extra *extra) {
	cJSON *metadata = cJSON_CreateObject();
	cJSON_AddStringToObject(metadata, "generator", "nnc");
	cJSON_AddStringToObject(metadata, "version", model->version);
	cJSON_AddStringToObject(metadata, "model", model->name);
	cJSON_AddStringToObject(metadata, "spec_hash", model->spec_hash);
	add_names(metadata, "classes", extra->classes, extra->class_count);
	for (int i = 0; i < extra->vocabulary_count; i++) {
		char key[KEY];
		add_names(metadata, vocabulary_key(extra->vocabularies[i].key, key), (const char *const *)extra->vocabularies[i].items,
		          extra->vocabularies[i].count);
	}
	cJSON *names = cJSON_CreateObject();
	for (int i = 0; i < extra->name_count; i++)
		if (extra->names[i].count > 0)
			cJSON_AddItemToObject(names, extra->names[i].key,
			                      cJSON_CreateStringArray((const char *const *)extra->names[i].items,
			                                              extra->names[i].count));
	char *text = names && names->child ? cJSON_PrintUnformatted(names) : NULL;
	if (text) cJSON_AddStringToObject(metadata, "names", text);
	cJSON_free(text);
	cJSON_Delete(names);
	text = extra->position ? cJSON_PrintUnformatted(extra->position) : NULL;
	if (text) cJSON_AddStringToObject(metadata, "position", text);
	cJSON_free(text);
	return metadata;
}

int nn_checkpoint_write(nn_file *file, const nn_model *model, const void *state, const nn_checkpoint_extra *extra,
                        char error[NN_ERROR]) {
	int count = 0;
	nn_array *arrays = calloc((size_t)(model->tensor_count + extra->array_count) + 1, sizeof *arrays);
	cJSON *metadata = metadata_of(model, extra);
	int failed = !arrays || !metadata;
	if (failed) snprintf(error, NN_ERROR, "%.180s: out of memory", file->path);
	for (int i = 0; !failed && i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		if (!is_kept(model, tensor)) continue;
		arrays[count] = (nn_array){.name = tensor->name,
		                       .number_size = model->number_size,
		                       .rank = tensor->rank,
		                       .numbers = (const char *)state + tensor->offset * (size_t)model->number_size};
		memcpy(arrays[count++].shape, tensor->shape, sizeof tensor->shape);
	}
	for (int i = 0; !failed && i < extra->array_count; i++) arrays[count++] = extra->arrays[i];
	failed = failed || nn_safetensors_write(file, arrays, count, metadata, error);
	cJSON_Delete(metadata);
	free(arrays);
	return failed;
}

/* NULL: the file has the tensor, there called `name`, in its shape. Else what is wrong, in buffer. */
static const char *mismatch(const nn_entry *entry, const nn_tensor *tensor, const char *name, const char *path, char buffer[NN_ERROR]) {
	char there[120], here[120];
	if (!entry) {
		snprintf(buffer, NN_ERROR, "%.140s: has no tensor '%.80s'", path, name);
		return buffer;
	}
	if (entry->rank == tensor->rank &&
	    !memcmp(entry->shape, tensor->shape, sizeof *entry->shape * (size_t)entry->rank))
		return NULL;
	snprintf(buffer, NN_ERROR, "%.80s: '%.60s' is %.40s there, %.40s in this model", path, name,
	         nn_dimensions_text(entry->rank, entry->shape, there, sizeof there),
	         nn_dimensions_text(tensor->rank, tensor->shape, here, sizeof here));
	return buffer;
}

static int read_tensor(const nn_safetensors *file, const nn_entry *entry, const nn_model *model,
                       const nn_tensor *tensor, void *state, char error[NN_ERROR]) {
	return nn_safetensors_read(file, entry, (char *)state + tensor->offset * (size_t)model->number_size,
	                           model->number_size, error);
}

/* Not an optimizer's and not carried: such may begin, and even end, in the room behind the last weight. */
static int is_for_inference(const nn_tensor *tensor) {
	return tensor->role == NN_WEIGHT || tensor->role == NN_STATE || tensor->role == NN_FITTED;
}

int nn_checkpoint_read(const nn_safetensors *file, const nn_model *model, void *state, size_t limit,
                       char error[NN_ERROR]) {
	int whole = limit == model->state_count;
	for (int i = 0; i < model->tensor_count; i++) {
		const nn_tensor *tensor = &model->tensors[i];
		int inside = tensor->offset + tensor->count <= limit && (whole || is_for_inference(tensor));
		if (!inside || !is_kept(model, tensor)) continue;
		const nn_entry *entry = nn_safetensors_find(file, tensor->name);
		if (mismatch(entry, tensor, tensor->name, file->path, error)) return 1;
		if (read_tensor(file, entry, model, tensor, state, error)) return 1;
	}
	return 0;
}

static int is_wanted(const nn_init *init, const nn_tensor *tensor) {
	int wanted = !init->only_count;
	if (tensor->role == NN_SLOT || tensor->role == NN_SCALAR || tensor->role == NN_CARRIED) return 0;
	for (int i = 0; i < init->only_count; i++) wanted |= !fnmatch(init->only[i], tensor->name, 0);
	return wanted;
}

/* What the file calls a tensor: {trunk: encoder} makes encoder/dense/kernel of trunk/dense/kernel. To be freed. */
static char *name_there(const nn_init *init, const char *name) {
	const char *prefix = "";
	for (int i = 0; i < init->rename_count; i++) {
		const char *here = init->rename[2 * i], *rest = name + strlen(here);
		if (strncmp(name, here, strlen(here)) || (*here && *rest && *rest != '/')) continue;
		prefix = init->rename[2 * i + 1], name = rest + (*rest == '/');
		break;
	}
	size_t size = strlen(prefix) + strlen(name) + 2;
	char *there = malloc(size);
	if (there) snprintf(there, size, "%s%s%s", prefix, *prefix && *name ? "/" : "", name);
	return there;
}

/* 1: taken; 0: left, which was said; -1: wrong, which was said */
static int take(const nn_safetensors *file, const nn_model *model, const nn_tensor *tensor, const nn_init *init, void *state) {
	char text[NN_ERROR];
	char *name = name_there(init, tensor->name);
	if (!name) return nn_error("%s: out of memory", file->path), -1;
	const nn_entry *entry = nn_safetensors_find(file, name);
	const char *wrong = mismatch(entry, tensor, name, file->path, text);
	int left = wrong && (!entry || init->skip_mismatch);
	free(name);
	if (left) nn_note("%s: it starts from its initializer", text);
	if (left) return 0;
	if (wrong) return nn_error("%s; skip_mismatch: true leaves it to its initializer", text), -1;
	if (read_tensor(file, entry, model, tensor, state, text)) return nn_error("%s", text), -1;
	return 1;
}

int nn_checkpoint_read_some(const nn_safetensors *file, const nn_model *model, void *state, const nn_init *init) {
	int taken = 0, wanted = 0;
	for (int i = 0; i < model->tensor_count; i++) {
		if (!is_wanted(init, &model->tensors[i])) continue;
		int took = take(file, model, &model->tensors[i], init, state);
		if (took < 0) return 1;
		taken += took, wanted++;
	}
	if (wanted && !taken)
		nn_error("%s: has no tensor of this model", file->path);
	else
		nn_note("%s: took %d of %d tensors", file->path, taken, wanted);
	return wanted && !taken;
}

cJSON *nn_checkpoint_position(const nn_safetensors *file) {
	const char *text = nn_safetensors_metadata(file, "position");
	return text ? cJSON_Parse(text) : NULL;
}

static int take_list(nn_names *names, const cJSON *list) {
	const cJSON *item;
	names->key = strdup(list->string ? list->string : "");
	names->items = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *names->items);
	if (!names->key || !names->items) return 1;
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsString(item) || !(names->items[names->count] = strdup(item->valuestring))) return 1;
		names->count++;
	}
	return 0;
}

nn_names *nn_checkpoint_names(const nn_safetensors *file, int *count) {
	const char *text = nn_safetensors_metadata(file, "names");
	cJSON *object = text ? cJSON_Parse(text) : NULL, *list;
	nn_names *names = cJSON_IsObject(object) ? calloc((size_t)cJSON_GetArraySize(object) + 1, sizeof *names) : NULL;
	*count = 0;
	int failed = !names;
	for (list = names ? object->child : NULL; list && !failed; list = list->next)
		failed = take_list(&names[(*count)++], list);
	cJSON_Delete(object);
	if (!failed) return names;
	nn_checkpoint_free_names(names, *count); /* not what nnc writes: as if there were none */
	*count = 0;
	return NULL;
}

void nn_checkpoint_free_names(nn_names *names, int count) {
	for (int i = 0; i < count; i++) {
		for (int k = 0; k < names[i].count; k++) free(names[i].items[k]);
		free(names[i].items), free(names[i].key);
	}
	free(names);
}

nn_names *nn_checkpoint_vocabularies(const nn_safetensors *file, const nn_model *model, int *count) {
	nn_names *vocabularies = calloc((size_t)model->data.source_count + 1, sizeof *vocabularies);
	int failed = !vocabularies;
	char key[KEY];
	*count = 0;
	for (int s = 0; s < model->data.source_count && !failed; s++) {
		const char *source = model->data.sources[s].name ? model->data.sources[s].name : "";
		const char *text = nn_safetensors_metadata(file, vocabulary_key(source, key));
		cJSON *list = text ? cJSON_Parse(text) : NULL;
		if (cJSON_IsArray(list)) {
			nn_names *names = &vocabularies[(*count)++];
			failed = take_list(names, list);
			free(names->key);
			failed |= !(names->key = strdup(source));
		}
		cJSON_Delete(list);
	}
	if (!failed) return vocabularies;
	nn_checkpoint_free_names(vocabularies, *count);
	*count = 0;
	return NULL;
}

int nn_load(const nn_model *model, void *numbers, const char *path, char error[256]) {
	nn_safetensors file;
	if (nn_safetensors_open(&file, path, error)) return 1;
	int failed = nn_checkpoint_read(&file, model, numbers, model->inference_count, error);
	nn_safetensors_close(&file);
	return failed;
}
