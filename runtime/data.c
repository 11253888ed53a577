/* data.c: in: the data section of a spec and the paths of a command line; out: the sets for training, validation and test.
 * Invariant: sets that are returned share no file and no group, and their labels are numbered by the same classes. */
#include "data.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_split.h"
#include "message.h"

enum { TRAIN, VALIDATION, TEST, SPLITS };

static const char *const split_names[SPLITS] = {"train", "validation", "test"};

typedef struct Plan {
	const nn_model *model;
	const nn_data_request *request;
	nn_data_store *store;
	nn_split paths[SPLITS];
	char *owned[SPLITS]; /* texts that paths point into */
	int given[SPLITS]; /* the spec or the command line names it */
	int open[SPLITS]; /* a set is made of it */
	Source *sources[SPLITS]; /* NULL: not read */
	double share[SPLITS]; /* of the training data, when it is not given */
} Plan;

static int is_given(nn_source kind, const nn_split *split)
{
	switch (kind) {
	case NN_IMAGE_FOLDER: return split->directory != NULL;
	case NN_CSV: return split->file != NULL;
	case NN_IDX: return split->images != NULL;
	case NN_NPY: return split->inputs != NULL;
	case NN_NO_DATA: break;
	}
	return 0;
}

/* --train A or --train A,B instead of the spec's paths. Takes *owned. 0, or 1 after an error. */
static int replace_paths(nn_source kind, const char *split, const char *text, int labels, nn_split *paths, char **owned)
{
	*paths = (nn_split){0};
	if ((*owned = nn_copy_text(text, strlen(text))) == NULL) return 1;
	char *comma = kind == NN_IDX || kind == NN_NPY ? strchr(*owned, ',') : NULL;
	if (comma != NULL) *comma++ = 0;
	if (labels && comma == NULL && (kind == NN_IDX || kind == NN_NPY)) {
		nn_error("--%s %s: wants two files joined by a comma: %s", split, text,
			 kind == NN_IDX ? "images,labels" : "inputs,targets");
		return 1;
	}
	switch (kind) {
	case NN_IMAGE_FOLDER: paths->directory = *owned; break;
	case NN_CSV: paths->file = *owned; break;
	case NN_IDX: paths->images = *owned, paths->labels = comma; break;
	case NN_NPY: paths->inputs = *owned, paths->targets = comma; break;
	case NN_NO_DATA: break;
	}
	return 0;
}

static int resolve_paths(Plan *plan)
{
	const nn_data *data = &plan->model->data;
	const nn_data_request *request = plan->request;
	const nn_split *spec[SPLITS] = {&data->train, &data->validation, &data->test};
	const char *replaced[SPLITS] = {request->train, request->validation, request->test};
	const double shares[SPLITS] = {0, data->split_validation, data->split_test};
	const int bits[SPLITS] = {NN_NEED_TRAIN, NN_NEED_VALIDATION, NN_NEED_TEST};
	for (int s = 0; s < SPLITS; s++) {
		plan->paths[s] = *spec[s];
		if (replaced[s] != NULL && replace_paths(data->source, split_names[s], replaced[s], data->label_field != NULL,
							 &plan->paths[s], &plan->owned[s]))
			return 1;
		plan->given[s] = is_given(data->source, &plan->paths[s]);
		plan->open[s] = ((request->need | request->want) & bits[s]) != 0;
		if (!plan->given[s] && plan->given[TRAIN]) plan->share[s] = shares[s];
		if (!plan->given[s] && plan->share[s] <= 0 && (request->need & bits[s])) {
			nn_error("%s: no %s data; name it with --%s, or in the spec under data:", plan->model->name, split_names[s],
				 split_names[s]);
			return 1;
		}
		plan->open[s] = plan->open[s] && (plan->given[s] || plan->share[s] > 0);
	}
	return 0;
}

static Source *open_place(const nn_model *model, const Place *place)
{
	switch (model->data.source) {
	case NN_IMAGE_FOLDER: return nn_open_images(model, place);
	case NN_CSV: return nn_open_table(model, place);
	case NN_IDX: return nn_open_idx(model, place);
	case NN_NPY: return nn_open_npy(model, place);
	case NN_NO_DATA: break;
	}
	nn_error("%s: its spec has no data section", model->name);
	return NULL;
}

/* Classes that are known before any data is read. */
static int copy_classes(nn_data_store *store, const char *const *classes, int count)
{
	if (count == 0) return 0;
	store->classes = calloc((size_t)count, sizeof *store->classes);
	for (int i = 0; i < count && store->classes != NULL; i++) {
		if ((store->classes[i] = nn_copy_text(classes[i], strlen(classes[i]))) == NULL) return 1;
		store->class_count++;
	}
	return store->classes == NULL;
}

/* Labels to class numbers; the first source read decides what the classes are, unless they are known. */
static int number_labels(Plan *plan, Source *source)
{
	if (!nn_has_classes(plan->model)) return 0;
	if (plan->store->class_count == 0 && nn_classes_find(plan->store, source)) return 1;
	if (source->target_count != 1) return 0; /* rows of numbers, one-hot already */
	return nn_classes_check(plan->store, plan->model, source) || nn_classes_number(plan->store, source);
}

static int open_source(Plan *plan, int split)
{
	nn_data_store *store = plan->store;
	const nn_data *data = &plan->model->data;
	Place place = {split_names[split], plan->paths[split], (const char *const *)store->classes, store->class_count, 1};
	Source *source = open_place(plan->model, &place);
	if (source == NULL) return 1;
	plan->sources[split] = source;
	store->sources[store->source_count++] = source;
	if (data->source == NN_IMAGE_FOLDER && data->split_group != NULL && nn_split_group(source, data->split_group)) return 1;
	int64_t labels = nn_label_count(plan->model);
	if (labels > 0 && source->target_count == 0) {
		nn_error("%s: has no labels, but the model is trained with %s", source->where, data->label_field);
		return 1;
	}
	return number_labels(plan, source);
}

/* The training source is read also when only a share of it is wanted. */
static int open_sources(Plan *plan)
{
	int shared = 0;
	for (int s = VALIDATION; s < SPLITS; s++) shared |= plan->open[s] && !plan->given[s];
	for (int s = TRAIN; s < SPLITS; s++)
		if ((plan->open[s] && plan->given[s]) || (s == TRAIN && shared))
			if (open_source(plan, s)) return 1;
	return 0;
}

static int check_overlap(const Plan *plan)
{
	Source *sources[SPLITS];
	const char *names[SPLITS];
	int count = 0;
	for (int s = 0; s < SPLITS; s++)
		if (plan->sources[s] != NULL) {
			sources[count] = plan->sources[s];
			names[count++] = split_names[s];
		}
	return nn_split_check(sources, names, count);
}

/* The samples of a source whose part is the given one; part NULL: all. */
static nn_dataset *new_set(const Plan *plan, int split, Source *source, const int *part)
{
	nn_dataset *set = calloc(1, sizeof *set);
	int64_t *rows = malloc(sizeof *rows * (size_t)source->count);
	if (set == NULL || rows == NULL) {
		nn_error("%s: out of memory", source->where);
		free(set);
		free(rows);
		return NULL;
	}
	int64_t labels = nn_label_count(plan->model);
	*set = (nn_dataset){.model = plan->model, .store = plan->store, .source = source, .split = split_names[split],
			    .rows = rows, .tolerance = plan->model->data.max_unreadable};
	set->one_hot = labels > 1 && source->target_count == 1 && labels == plan->store->class_count;
	for (int64_t i = 0; i < source->count; i++)
		if (part == NULL || part[i] == split) rows[set->count++] = i;
	return set;
}

static int deal(const Plan *plan, int **part)
{
	Source *train = plan->sources[TRAIN];
	*part = NULL;
	if (train == NULL || (plan->share[VALIDATION] <= 0 && plan->share[TEST] <= 0)) return 0;
	*part = malloc(sizeof **part * (size_t)train->count);
	int classes = nn_has_classes(plan->model) && train->target_count == 1 ? plan->store->class_count : 0;
	return *part == NULL || nn_split_deal(train, classes, plan->share[VALIDATION], plan->share[TEST], *part);
}

static int make_sets(const Plan *plan, nn_datasets *sets)
{
	nn_dataset **targets[SPLITS] = {&sets->train, &sets->validation, &sets->test};
	int *part = NULL, failed = check_overlap(plan) || deal(plan, &part);
	for (int s = 0; s < SPLITS && !failed; s++) {
		if (!plan->open[s]) continue;
		Source *source = plan->given[s] ? plan->sources[s] : plan->sources[TRAIN];
		*targets[s] = new_set(plan, s, source, source == plan->sources[TRAIN] ? part : NULL);
		failed = *targets[s] == NULL;
	}
	free(part);
	return failed;
}

int nn_data_open(const nn_model *model, const nn_data_request *request, nn_datasets *sets)
{
	*sets = (nn_datasets){0};
	sets->store = calloc(1, sizeof *sets->store);
	if (sets->store == NULL) return 1;
	Plan plan = {.model = model, .request = request, .store = sets->store};
	int failed;
	if (request->classes != NULL)
		failed = copy_classes(plan.store, request->classes, request->class_count);
	else
		failed = copy_classes(plan.store, model->data.classes, model->data.class_count);
	if (!failed && model->data.source == NN_NO_DATA) {
		nn_error("%s: its spec has no data section", model->name);
		failed = 1;
	}
	failed = failed || resolve_paths(&plan) || open_sources(&plan) || make_sets(&plan, sets);
	for (int s = 0; s < SPLITS; s++) free(plan.owned[s]);
	if (failed) {
		nn_data_close(sets);
		return 1;
	}
	if (nn_has_classes(model)) {
		sets->classes = (const char *const *)sets->store->classes;
		sets->class_count = sets->store->class_count;
	}
	return 0;
}

static Source *open_inputs(const nn_model *model, const char *const *paths, int path_count)
{
	Place place = {.split = "test"};
	if (model->data.source == NN_IMAGE_FOLDER) return nn_open_image_list(model, paths, path_count);
	if (path_count > 1) {
		nn_error("%s: one file of samples at a time", paths[1]);
		return NULL;
	}
	place.paths.file = place.paths.images = place.paths.inputs = paths[0];
	return open_place(model, &place);
}

int nn_data_open_inputs(const nn_model *model, const char *const *paths, int path_count, nn_datasets *sets)
{
	*sets = (nn_datasets){0};
	nn_data_request request = {0};
	Plan plan = {.model = model, .request = &request};
	if (path_count < 1 || (plan.store = sets->store = calloc(1, sizeof *sets->store)) == NULL) return 1;
	Source *source = open_inputs(model, paths, path_count);
	if (source != NULL) {
		plan.store->sources[plan.store->source_count++] = source;
		source->target_count = 0;
		sets->test = new_set(&plan, TEST, source, NULL);
	}
	if (sets->test == NULL) {
		nn_data_close(sets);
		return 1;
	}
	sets->test->tolerance = 1;
	return 0;
}

static void free_set(nn_dataset *set)
{
	if (set == NULL) return;
	free(set->rows);
	free(set);
}

void nn_data_close(nn_datasets *sets)
{
	nn_data_store *store = sets->store;
	free_set(sets->train);
	free_set(sets->validation);
	free_set(sets->test);
	for (int i = 0; store != NULL && i < store->source_count; i++) nn_source_close(store->sources[i]);
	for (int i = 0; store != NULL && i < store->class_count; i++) free(store->classes[i]);
	if (store != NULL) free(store->classes);
	free(store);
	*sets = (nn_datasets){0};
}

int64_t nn_dataset_count(const nn_dataset *set)
{
	return set->count;
}

const char *nn_dataset_name(const nn_dataset *set, int64_t sample, char *buffer, size_t size)
{
	set->source->name(set->source, set->rows[sample], buffer, size);
	return buffer;
}

/* Of targets that are rows of several numbers for one class: the place of the largest. */
double nn_dataset_label(const nn_dataset *set, int64_t sample)
{
	const Source *source = set->source;
	int count = source->target_count;
	if (count == 0) return NAN;
	const double *targets = source->targets + set->rows[sample] * count;
	if (count == 1 || set->model->task != NN_MULTICLASS) return targets[0];
	int best = 0;
	for (int i = 1; i < count; i++)
		if (targets[i] > targets[best]) best = i;
	return best;
}

void nn_dataset_class_counts(const nn_dataset *set, int64_t *counts)
{
	int classes = set->store->class_count;
	memset(counts, 0, sizeof *counts * (size_t)classes);
	for (int64_t i = 0; i < set->count; i++) {
		double label = nn_dataset_label(set, i);
		if (label >= 0 && label < classes) counts[(int)label]++;
	}
}

const char *nn_dataset_source(const nn_dataset *set)
{
	return set->source->where;
}

int64_t nn_broken_count(const nn_dataset *set)
{
	int64_t count = 0;
	for (int64_t i = 0; i < set->count; i++) count += atomic_load(&set->source->broken[set->rows[i]]);
	return count;
}
