/* data.c: in: the data section of a spec and the paths of a command line; out: the sets for training, validation and test.
 * Invariant: sets that are returned share no file and no group, and their labels are numbered by the same classes. */
#include "data.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data_split.h"
#include "message.h"

enum { TRAIN, VALIDATION, TEST, SPLITS = NN_SPLITS };

static const char *const split_names[SPLITS] = {"train", "validation", "test"};

typedef struct Plan {
	const nn_model *model;
	const nn_data_request *request;
	nn_data_store *store;
	const char *paths[SPLITS][NN_PATHS];
	char *owned[SPLITS]; /* texts that paths point into */
	int given[SPLITS]; /* the spec or the command line names it */
	int open[SPLITS]; /* a set is made of it */
	Source *sources[SPLITS]; /* NULL: not read */
	double share[SPLITS]; /* of the training data, when it is not given */
} Plan;

/* The label that sets are split by and reports are about: the first. -1: there is none. */
static int main_label(const nn_model *model)
{
	for (int f = 0; f < model->data.field_count; f++)
		if (model->data.fields[f].label) return f;
	return -1;
}

/* --train A or --train A,B instead of the spec's paths. Takes *owned. 0, or 1 after an error. */
static int replace_paths(const Plan *plan, const char *split, const char *text, const char *paths[NN_PATHS], char **owned)
{
	const SourceKind *kind = nn_source_kind(plan->model->data.sources[0].type);
	if ((*owned = nn_copy_text(text, strlen(text))) == NULL) return 1;
	char *comma = kind->paths[1] != NULL ? strchr(*owned, ',') : NULL;
	if (comma != NULL) *comma++ = 0;
	if (kind->paths[1] != NULL && comma == NULL && main_label(plan->model) >= 0) {
		nn_error("--%s %s: wants two files joined by a comma: %s,%s", split, text, kind->paths[0], kind->paths[1]);
		return 1;
	}
	paths[0] = *owned;
	paths[1] = comma;
	return 0;
}

static int resolve_paths(Plan *plan)
{
	const nn_data *data = &plan->model->data;
	const nn_data_request *request = plan->request;
	const char *replaced[SPLITS] = {request->train, request->validation, request->test};
	const double shares[SPLITS] = {0, data->split_validation, data->split_test};
	const int bits[SPLITS] = {NN_NEED_TRAIN, NN_NEED_VALIDATION, NN_NEED_TEST};
	for (int s = 0; s < SPLITS; s++) {
		memcpy(plan->paths[s], data->sources[0].paths[s], sizeof plan->paths[s]);
		if (replaced[s] != NULL && replace_paths(plan, split_names[s], replaced[s], plan->paths[s], &plan->owned[s]))
			return 1;
		plan->given[s] = plan->paths[s][0] != NULL;
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

/* Labels to class numbers; the first source read decides what the classes are, unless they are known. */
static int number_labels(Plan *plan, Source *source)
{
	for (int f = 0; f < plan->model->data.field_count; f++) {
		nn_names *classes = &plan->store->names[f];
		if (!plan->model->data.fields[f].classed || source->labels[f].width == 0) continue;
		if (classes->count == 0 && nn_classes_find(classes, source, f)) return 1;
		if (source->labels[f].width != 1) continue; /* rows of numbers, one-hot already */
		if (nn_classes_check(classes, source, f) || nn_classes_number(classes, source, f)) return 1;
	}
	return 0;
}

static int open_source(Plan *plan, int split)
{
	nn_data_store *store = plan->store;
	const nn_data *data = &plan->model->data;
	const SourceKind *kind = nn_source_kind(data->sources[0].type);
	Place place = {split_names[split], 0, plan->paths[split], plan->paths[split][1] ? 2 : 1, store, 1};
	Source *source = kind->open(plan->model, &place);
	if (source == NULL) return 1;
	plan->sources[split] = source;
	store->sources[store->source_count++] = source;
	if (source->groups == NULL && data->split_group != NULL && nn_split_group(source, data->split_group)) return 1;
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
	*set = (nn_dataset){.model = plan->model, .store = plan->store, .source = source, .split = split_names[split],
			    .rows = rows, .labelled = 1, .tolerance = source->spec->max_unreadable};
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
	if (*part == NULL) return 1;
	int label = main_label(plan->model), classes = 0;
	if (label >= 0 && train->labels[label].width == 1 && plan->model->data.fields[label].classed)
		classes = plan->store->names[label].count;
	return nn_split_deal(train, classes ? train->labels[label].values : NULL, classes, plan->share[VALIDATION],
			     plan->share[TEST], *part);
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

/* "data/ward", "data/lab/ward" */
static char *category_key(const nn_data_source *source, const char *column)
{
	char text[512];
	snprintf(text, sizeof text, "data/%s%s%s", source->name ? source->name : "", source->name ? "/" : "", column);
	return nn_copy_text(text, strlen(text));
}

static int take_names(nn_names *names, char *key, const nn_texts *given)
{
	names->key = key;
	return key == NULL || nn_names_copy(names, given->items, given->count);
}

/* Names as the spec gives them. */
static int name_all(nn_data_store *store, const nn_model *model)
{
	const nn_data *data = &model->data;
	int failed = 0;
	for (int f = 0; f < data->field_count && !failed; f++) {
		const nn_data_field *field = &data->fields[f];
		failed = take_names(&store->names[store->name_count++], nn_copy_text(field->name, strlen(field->name)), &field->classes);
	}
	for (int s = 0; s < data->source_count; s++)
		for (int i = 0; i < data->sources[s].category_count && !failed; i++) {
			const nn_category *category = &data->sources[s].categories[i];
			failed = take_names(&store->names[store->name_count++], category_key(&data->sources[s], category->column),
					    &category->values);
		}
	return failed;
}

static void forget(nn_names *names)
{
	for (int i = 0; i < names->count; i++) free(names->items[i]);
	free(names->items);
	names->items = NULL;
	names->count = 0;
}

static void free_store(nn_data_store *store)
{
	if (store == NULL) return;
	for (int i = 0; i < store->source_count; i++) nn_source_close(store->sources[i]);
	for (int i = 0; i < store->name_count; i++) {
		forget(&store->names[i]);
		free(store->names[i].key);
	}
	free(store->names);
	free(store);
}

/* What a checkpoint remembers goes before what the spec says. */
static nn_data_store *new_store(const nn_model *model, const nn_names *known, int known_count)
{
	size_t count = (size_t)model->data.field_count + 1;
	nn_data_store *store = calloc(1, sizeof *store);
	for (int s = 0; s < model->data.source_count; s++) count += (size_t)model->data.sources[s].category_count;
	int failed = store == NULL || (store->names = calloc(count, sizeof *store->names)) == NULL || name_all(store, model);
	for (int k = 0; k < known_count && !failed; k++)
		for (int i = 0; i < store->name_count && !failed; i++) {
			if (strcmp(store->names[i].key, known[k].key) != 0) continue;
			forget(&store->names[i]);
			failed = nn_names_copy(&store->names[i], (const char *const *)known[k].items, known[k].count);
		}
	if (!failed) return store;
	free_store(store);
	nn_error("%s: out of memory", model->name);
	return NULL;
}

static int has_data(const nn_model *model)
{
	if (model->data.source_count == 0) nn_error("%s: its spec has no data section", model->name);
	return model->data.source_count > 0;
}

int nn_data_open(const nn_model *model, const nn_data_request *request, nn_datasets *sets)
{
	*sets = (nn_datasets){0};
	if (!has_data(model) || (sets->store = new_store(model, request->known, request->known_count)) == NULL)
		return 1;
	Plan plan = {.model = model, .request = request, .store = sets->store};
	int failed = resolve_paths(&plan) || open_sources(&plan) ||
		     make_sets(&plan, sets);
	for (int s = 0; s < SPLITS; s++) free(plan.owned[s]);
	if (failed) {
		nn_data_close(sets);
		return 1;
	}
	int label = main_label(model);
	sets->names = sets->store->names;
	sets->name_count = sets->store->name_count;
	if (label >= 0) {
		sets->classes = (const char *const *)sets->store->names[label].items;
		sets->class_count = sets->store->names[label].count;
	}
	return 0;
}

static Source *open_inputs(const nn_model *model, const char *const *paths, int path_count, nn_data_store *store)
{
	const SourceKind *kind = nn_source_kind(model->data.sources[0].type);
	Place place = {.split = "test", .paths = paths, .path_count = path_count, .store = store};
	if (!kind->many && path_count > 1) {
		nn_error("%s: one file of samples at a time", paths[1]);
		return NULL;
	}
	return kind->open(model, &place);
}

int nn_data_open_inputs(const nn_model *model, const char *const *paths, int path_count, const nn_names *known, int known_count,
			nn_datasets *sets)
{
	*sets = (nn_datasets){0};
	nn_data_request request = {0};
	Plan plan = {.model = model, .request = &request};
	if (path_count < 1 || !has_data(model) || (plan.store = sets->store = new_store(model, known, known_count)) == NULL) return 1;
	Source *source = open_inputs(model, paths, path_count, plan.store);
	if (source != NULL) {
		plan.store->sources[plan.store->source_count++] = source;
		sets->test = new_set(&plan, TEST, source, NULL);
	}
	if (sets->test == NULL) {
		nn_data_close(sets);
		return 1;
	}
	sets->test->labelled = 0;
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
	free_set(sets->train);
	free_set(sets->validation);
	free_set(sets->test);
	free_store(sets->store);
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
	int field = main_label(set->model), count = field < 0 ? 0 : set->source->labels[field].width;
	if (count == 0) return NAN;
	const double *targets = set->source->labels[field].values + set->rows[sample] * count;
	if (count == 1 || set->model->task != NN_MULTICLASS) return targets[0];
	int best = 0;
	for (int i = 1; i < count; i++)
		if (targets[i] > targets[best]) best = i;
	return best;
}

void nn_dataset_class_counts(const nn_dataset *set, int64_t *counts)
{
	int field = main_label(set->model), classes = field < 0 ? 0 : set->store->names[field].count;
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
