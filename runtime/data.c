/* data.c: in: the data section of a spec and the paths of a command line; out: the sets for training, validation and test.
 * Invariant: sets that are returned share no file and no group, and their labels are numbered by the same classes. */
#include "data.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data_split.h"
#include "data_windows.h"
#include "message.h"
#include "model.h"

enum { TRAIN, VALIDATION, TEST, SPLITS = NN_SPLITS };

static const char *const split_names[SPLITS] = {"train", "validation", "test"};

typedef const char *Paths[NN_PATHS]; /* of one source */

typedef struct Plan {
	const nn_model *model;
	const nn_data_request *request;
	nn_data_store *store;
	Paths *paths[SPLITS]; /* (source_count) */
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

/* Paths of a split: how many each source takes. */
static int path_count(const nn_model *model, int source)
{
	const SourceKind *kind = nn_source_kind(model->data.sources[source].type);
	return kind->paths[1] != NULL && nn_field_of_part(model, source, 1) >= 0 ? 2 : 1;
}

static void say_paths(const nn_model *model, const char *split, const char *text)
{
	char list[400] = "";
	size_t at = 0;
	for (int s = 0; s < model->data.source_count && at < sizeof list; s++)
		for (int i = 0; i < path_count(model, s) && at < sizeof list; i++) {
			const char *name = model->data.sources[s].name, *path = nn_source_kind(model->data.sources[s].type)->paths[i];
			at += (size_t)snprintf(list + at, sizeof list - at, "%s%s%s%s", at ? "," : "", name ? name : "", name ? "." : "", path);
		}
	nn_error("--%s %s: wants paths joined by commas: %s", split, text, list);
}

/* --train A or --train A,B instead of the spec's paths: those of the first source, then those of the next. Takes *owned. 0, or 1
 * after an error. */
static int replace_paths(const Plan *plan, const char *split, const char *text, Paths *paths, char **owned)
{
	const nn_model *model = plan->model;
	int wanted = 0;
	if ((*owned = nn_copy_text(text, strlen(text))) == NULL) return 1;
	for (int s = 0; s < model->data.source_count; s++) wanted += path_count(model, s);
	char *at = *owned;
	for (int s = 0; s < model->data.source_count; s++) {
		memset(paths[s], 0, sizeof paths[s]);
		for (int i = 0; i < path_count(model, s); i++) {
			char *comma = --wanted > 0 && at != NULL ? strchr(at, ',') : NULL;
			if (at == NULL || (comma == NULL && wanted > 0)) {
				say_paths(model, split, text);
				return 1;
			}
			if (comma != NULL) *comma++ = 0;
			paths[s][i] = at;
			at = comma;
		}
	}
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
		plan->paths[s] = calloc((size_t)data->source_count, sizeof *plan->paths[s]);
		if (plan->paths[s] == NULL) return 1;
		for (int i = 0; i < data->source_count; i++) memcpy(plan->paths[s][i], data->sources[i].paths[s], sizeof(Paths));
		if (replaced[s] != NULL && replace_paths(plan, split_names[s], replaced[s], plan->paths[s], &plan->owned[s]))
			return 1;
		plan->given[s] = plan->paths[s][0][0] != NULL;
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
	Place *places = calloc((size_t)data->source_count, sizeof *places);
	for (int s = 0; s < data->source_count && places != NULL; s++) {
		const Paths *paths = (const Paths *)&plan->paths[split][s];
		places[s] = (Place){split_names[split], s, *paths, (*paths)[1] ? 2 : 1, store, 1};
	}
	Source *source = places ? nn_open_all(plan->model, places) : NULL;
	free(places);
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
	if (nn_windows_of(source) != NULL) set->count = nn_windows_thin(nn_windows_of(source), rows, set->count);
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
	for (int s = 0; s < SPLITS; s++) {
		free(plan.owned[s]);
		free(plan.paths[s]);
	}
	if (failed) {
		nn_data_close(sets);
		return 1;
	}
	int label = main_label(model);
	sets->names = sets->store->names;
	sets->name_count = sets->store->name_count;
	int of_steps = label >= 0 && model->data.fields[label].integer && model->data.fields[label].count > 1; /* classes, but of no sample */
	if (label >= 0 && !of_steps && (model->data.fields[label].classed || nn_label_task(model, label) == NN_MULTILABEL)) {
		sets->classes = (const char *const *)sets->store->names[label].items;
		sets->class_count = sets->store->names[label].count;
	}
	return 0;
}

/* The sources that `predict` reads: their numbers into needed, *count of them. */
static void find_needed(const nn_model *model, int *needed, int *count)
{
	*count = 0;
	for (int s = 0; s < model->data.source_count; s++) {
		int read = 0;
		for (int f = 0; f < model->data.field_count; f++)
			read |= model->data.fields[f].source == s && nn_predict_reads(model, &model->data.fields[f]);
		if (read) needed[(*count)++] = s;
	}
	if (*count == 0) needed[(*count)++] = 0;
}

static void say_inputs(const nn_model *model, const char *path, const int *needed, int count)
{
	char list[400] = "";
	size_t at = 0;
	for (int i = 0; i < count && at < sizeof list; i++)
		at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? "," : "", model->data.sources[needed[i]].name);
	nn_error("%s: the inputs are a path for each of %d sources, joined by commas: %s", path, count, list);
}

/* Of several sources one path each: as many arguments, or one in which commas join them. 0, or 1 after an error. */
static int take_inputs(const nn_model *model, const char *const *paths, int path_count, const int *needed, int sources, char *joined,
		       const char **taken)
{
	int count = 0;
	if (path_count == sources)
		for (; count < sources; count++) taken[count] = paths[count];
	for (char *at = joined; path_count == 1 && at != NULL && count < sources; count++) {
		char *comma = count < sources - 1 ? strchr(at, ',') : NULL;
		if (comma != NULL) *comma++ = 0;
		taken[count] = at;
		at = comma;
	}
	if (count == sources) return 0;
	say_inputs(model, paths[0], needed, sources);
	return 1;
}

/* Of one source: may it have so many paths, are they for others too, and is one standard input? 0, or 1 after an error. */
static int check_inputs(const nn_data_source *source, const char *const *paths, int path_count)
{
	if (path_count > 1 && !nn_source_kind(source->type)->many) {
		nn_error("%s: one file of samples at a time", paths[1]);
		return 1;
	}
	if (source->name != NULL && strchr(paths[0], ',') != NULL && access(paths[0], F_OK) != 0) {
		nn_error("%s: predictions read the source %s alone: give one path", paths[0], source->name);
		return 1;
	}
	for (int i = 0; i < path_count && strcmp(source->type, "text") != 0; i++)
		if (strcmp(paths[i], "-") == 0) {
			nn_error("-: only texts are read from standard input; give the name of a file");
			return 1;
		}
	return 0;
}

static Source *open_inputs(const nn_model *model, const char *const *paths, int path_count, nn_data_store *store)
{
	size_t sources = (size_t)model->data.source_count;
	Place *places = calloc(sources, sizeof *places);
	const char **taken = calloc(sources, sizeof *taken);
	int *needed = calloc(sources, sizeof *needed), count;
	char *joined = nn_copy_text(paths[0], strlen(paths[0]));
	int failed = places == NULL || taken == NULL || needed == NULL || joined == NULL;
	if (!failed) {
		find_needed(model, needed, &count);
		failed = count > 1 ? take_inputs(model, paths, path_count, needed, count, joined, taken)
				   : check_inputs(&model->data.sources[needed[0]], paths, path_count);
		for (int i = 0; i < count && !failed; i++)
			places[needed[i]] = (Place){"test", needed[i], count > 1 ? &taken[i] : paths, count > 1 ? 1 : path_count, store, 0};
	}
	Source *source = failed ? NULL : nn_open_all(model, places);
	free(places);
	free(taken);
	free(needed);
	free(joined);
	return source;
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
	if (count == 1 || nn_label_task(set->model, field) != NN_MULTICLASS) return targets[0];
	int best = 0;
	for (int i = 1; i < count; i++)
		if (targets[i] > targets[best]) best = i;
	return best;
}

void nn_dataset_class_counts(const nn_dataset *set, int64_t *counts)
{
	int field = main_label(set->model), classes = field < 0 ? 0 : set->store->names[field].count;
	memset(counts, 0, sizeof *counts * (size_t)classes);
	const Label *label = field < 0 ? NULL : &set->source->labels[field];
	int each = label != NULL && nn_label_task(set->model, field) == NN_MULTILABEL && label->width == classes;
	for (int64_t i = 0; i < set->count; i++) {
		double class = nn_dataset_label(set, i);
		for (int c = 0; each && c < classes; c++) counts[c] += label->values[set->rows[i] * classes + c] > 0.5;
		if (!each && class >= 0 && class < classes) counts[(int)class]++;
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
