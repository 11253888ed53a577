/* data_join.c: in: the sources of a model, opened each by itself; out: one Source of the samples whose key is in all of them, in
 * the order of the first.
 * Invariant: a key is one sample in every source; what is left out is said. */
#include <stdlib.h>
#include <string.h>
#include "data_split.h"
#include "message.h"

/* A key of a source, and its sample. */
typedef struct Entry {
	const char *key;
	int64_t sample;
} Entry;

typedef struct Child {
	Source *source;
	Entry *entries; /* (source->count) sorted by key */
	int64_t *rows; /* (samples of the join) which sample of the source */
	int number; /* of the source in the model's data */
} Child;

typedef struct Join {
	Child *children;
	int count;
} Join;

static int compare_entries(const void *a, const void *b)
{
	const Entry *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

/* A file's path below the folder that it was found in. */
static const char *path_below(const char *path, const Place *place)
{
	const char *slash = strrchr(path, '/');
	for (int i = 0; i < place->path_count; i++) {
		size_t length = strlen(place->paths[i]);
		while (length > 1 && place->paths[i][length - 1] == '/') length--;
		if (strncmp(path, place->paths[i], length) == 0 && path[length] == '/') return path + length + 1;
	}
	return slash ? slash + 1 : path;
}

/* "p7" of "a/p7.png" */
static char *plain_key(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	return nn_copy_text(name, dot != NULL && dot > name ? (size_t)(dot - name) : strlen(name));
}

/* Keys of files, of their paths. 0, or 1 after an error. */
static int make_keys(Source *source, const Place *place)
{
	const char *pattern = source->spec->key;
	regex_t expression;
	char path[4096];
	if (pattern != NULL && nn_pattern_open(&expression, "key", pattern)) return 1;
	int failed = (source->keys = calloc((size_t)source->count, sizeof *source->keys)) == NULL;
	if (failed) nn_error("%s: out of memory", source->where);
	for (int64_t i = 0; i < source->count && !failed; i++) {
		source->name(source, i, path, sizeof path);
		const char *below = path_below(path, place);
		source->keys[i] = pattern != NULL ? nn_pattern_part(&expression, below) : plain_key(below);
		if (source->keys[i] != NULL) continue;
		nn_error("%s: \"%s\" does not match key: %s of the source %s", path, below, pattern ? pattern : "", source->spec->name);
		failed = 1;
	}
	if (pattern != NULL) regfree(&expression);
	return failed;
}

/* Sorts the keys; one that is there twice is an error. */
static int sort_keys(Child *child)
{
	const Source *source = child->source;
	int64_t doubles = 0, first = 0;
	child->entries = malloc(sizeof *child->entries * (size_t)source->count);
	if (child->entries == NULL) {
		nn_error("%s: out of memory", source->where);
		return 1;
	}
	for (int64_t i = 0; i < source->count; i++) child->entries[i] = (Entry){source->keys[i], i};
	qsort(child->entries, (size_t)source->count, sizeof *child->entries, compare_entries);
	for (int64_t i = 1; i < source->count; i++)
		if (strcmp(child->entries[i - 1].key, child->entries[i].key) == 0 && doubles++ == 0) first = i;
	if (doubles == 0) return 0;
	char one[1024], other[1024], more[60] = "";
	source->name(source, child->entries[first - 1].sample, one, sizeof one);
	source->name(source, child->entries[first].sample, other, sizeof other);
	if (doubles > 1) snprintf(more, sizeof more, " (and %lld more keys are there twice)", (long long)doubles - 1);
	nn_error("%s and %s: both have the key \"%s\"%s", one, other, child->entries[first].key, more);
	return 1;
}

static int64_t find_key(const Child *child, const char *key)
{
	int64_t low = 0, high = child->source->count;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;
		int order = strcmp(child->entries[middle].key, key);
		if (order == 0) return child->entries[middle].sample;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* Samples of one source that found no partner: a warning that names the first. */
static int say_left_out(const Child *child, int64_t joined)
{
	const Source *source = child->source;
	int64_t left = source->count - joined, at = 0;
	if (left == 0) return 0;
	unsigned char *used = calloc((size_t)source->count, 1);
	if (used == NULL) return 1;
	for (int64_t i = 0; i < joined; i++) used[child->rows[i]] = 1;
	while (used[at]) at++;
	free(used);
	char name[1024];
	source->name(source, at, name, sizeof name);
	nn_warning("%s: %lld of %lld samples have no partner and are left out; the first is %s, of key \"%s\"", source->where, (long long)left,
		   (long long)source->count, name, source->keys[at]);
	return 0;
}

/* Fills the rows of all children. Returns how many samples there are, -1 after an error. */
static int64_t match(Join *join)
{
	Child *first = &join->children[0];
	int64_t count = 0, size = first->source->count;
	for (int c = 0; c < join->count; c++)
		if ((join->children[c].rows = malloc(sizeof(int64_t) * (size_t)size)) == NULL) return -1;
	for (int64_t i = 0; i < size; i++) {
		int found = 1;
		first->rows[count] = i;
		for (int c = 1; c < join->count && found; c++) {
			join->children[c].rows[count] = find_key(&join->children[c], first->source->keys[i]);
			found = join->children[c].rows[count] >= 0;
		}
		count += found;
	}
	const Source *second = join->children[1].source;
	if (count == 0)
		nn_error("no key is in all sources: the first of %s is \"%s\", the first of %s is \"%s\"; see key:", first->source->where,
			 first->source->keys[0], second->where, second->keys[0]);
	for (int c = 0; c < join->count && count > 0; c++)
		if (say_left_out(&join->children[c], count)) return -1;
	return count > 0 ? count : -1;
}

/* --- the joined source ------------------------------------------------------------------------------------------------ */

/* NULL: that source is not open. */
static const Child *find_child(const Join *join, int source)
{
	for (int c = 0; c < join->count; c++)
		if (join->children[c].number == source) return &join->children[c];
	return NULL;
}

static int read_joined(Source *source, int64_t sample, int field, const void *state, void *x, char why[NN_WHY])
{
	const Join *join = source->own;
	const Child *child = find_child(join, source->model->data.fields[field].source);
	int failed = child->source->read(child->source, child->rows[sample], field, state, x, why);
	if (!failed || child == join->children) return failed;
	char name[NN_WHY / 2], cause[NN_WHY];
	child->source->name(child->source, child->rows[sample], name, sizeof name);
	snprintf(cause, sizeof cause, "%s", why);
	snprintf(why, NN_WHY, "%s: %.*s", name, NN_WHY / 2 - 4, cause);
	return failed;
}

static void name_joined(const Source *source, int64_t sample, char *buffer, size_t size)
{
	const Child *first = &((const Join *)source->own)->children[0];
	first->source->name(first->source, first->rows[sample], buffer, size);
}

/* A set of the samples of one child that a set has of the join. rows: room for them. */
static nn_dataset child_set(const nn_dataset *set, const Child *child, int64_t *rows)
{
	nn_dataset part = *set;
	for (int64_t i = 0; i < set->count; i++) rows[i] = child->rows[set->rows[i]];
	part.source = child->source;
	part.rows = rows;
	return part;
}

static int fit_joined(const nn_dataset *train, void *state)
{
	const Join *join = train->source->own;
	int64_t *rows = malloc(sizeof *rows * (size_t)(train->count + 1));
	int failed = rows == NULL;
	for (int c = 0; c < join->count && !failed; c++) {
		if (join->children[c].source->fit == NULL) continue;
		nn_dataset part = child_set(train, &join->children[c], rows);
		failed = part.source->fit(&part, state);
	}
	free(rows);
	return failed;
}

static void check_joined(const nn_dataset *set, const void *state)
{
	const Join *join = set->source->own;
	int64_t *rows = malloc(sizeof *rows * (size_t)(set->count + 1));
	for (int c = 0; c < join->count && rows != NULL; c++) {
		if (join->children[c].source->check == NULL) continue;
		nn_dataset part = child_set(set, &join->children[c], rows);
		part.source->check(&part, state);
	}
	free(rows);
}

/* Those of all sources that have one. */
static nn_names *vocabularies_joined(const Source *source, const void *state, int *count)
{
	const Join *join = source->own;
	nn_names *all = calloc((size_t)join->count + 1, sizeof *all);
	*count = 0;
	for (int c = 0; c < join->count && all != NULL; c++) {
		const Source *child = join->children[c].source;
		int own = 0;
		nn_names *names = child->vocabularies ? child->vocabularies(child, state, &own) : NULL;
		if (own > 0) all[(*count)++] = names[0];
		free(names);
	}
	return all;
}

static void keep_joined(Source *source, size_t bytes)
{
	const Join *join = source->own;
	size_t keepers = 0;
	for (int c = 0; c < join->count; c++) keepers += join->children[c].source->keep != NULL;
	for (int c = 0; c < join->count; c++)
		if (join->children[c].source->keep != NULL) join->children[c].source->keep(join->children[c].source, bytes / keepers);
}

static void close_join(Join *join)
{
	for (int c = 0; c < join->count; c++) {
		nn_source_close(join->children[c].source);
		free(join->children[c].entries);
		free(join->children[c].rows);
	}
	free(join->children);
	free(join);
}

static void close_joined(Source *source)
{
	close_join(source->own);
}

static int copy_texts(char ***to, char *const *from, const int64_t *rows, int64_t count)
{
	*to = calloc((size_t)count, sizeof **to);
	for (int64_t i = 0; i < count && *to != NULL; i++)
		if (((*to)[i] = nn_copy_text(from[rows[i]], strlen(from[rows[i]]))) == NULL) return 1;
	return *to == NULL;
}

static int copy_labels(Source *source, const Join *join)
{
	for (int f = 0; f < source->model->data.field_count; f++) {
		const Child *child = find_child(join, source->model->data.fields[f].source);
		const Label *from = child ? &child->source->labels[f] : NULL;
		Label *to = &source->labels[f];
		if (from == NULL || from->width == 0) continue;
		if (nn_source_add_label(source, f, from->width, 0)) return 1;
		to->by_value = from->by_value;
		size_t row = sizeof *to->values * (size_t)from->width;
		for (int64_t i = 0; i < source->count; i++)
			memcpy(to->values + i * from->width, from->values + child->rows[i] * from->width, row);
		if (from->texts != NULL && copy_texts(&to->texts, from->texts, child->rows, source->count)) return 1;
	}
	return 0;
}

/* What a sample is made of: a file of each folder, a row of each table. */
static int copy_files(Source *source, const Join *join)
{
	source->files = malloc(sizeof *source->files * (size_t)source->count * (size_t)join->count);
	if (source->files == NULL) return 1;
	for (int64_t i = 0; i < source->count; i++)
		for (int c = 0; c < join->count; c++) {
			const Child *child = &join->children[c];
			int table = child->source->file_count != child->source->count || !child->source->slow;
			FileId id = child->source->files[table ? 0 : child->rows[i]];
			if (table) id.row = child->rows[i] + 1;
			source->files[source->file_count++] = id;
		}
	return 0;
}

/* Groups are a column of a table, or else what a pattern finds in the names of the first files. */
static int find_groups(Join *join, const char *group)
{
	for (int c = 0; c < join->count; c++)
		if (join->children[c].source->groups != NULL) return 0;
	for (int c = 0; c < join->count; c++)
		if (join->children[c].source->slow) return nn_split_group(join->children[c].source, group);
	nn_error("%s: no table has the column \"%s\" (group)", join->children[0].source->where, group);
	return 1;
}

static int fill_joined(Source *source, const Join *join)
{
	char where[2048] = "";
	size_t at = 0;
	for (int c = 0; c < join->count && at < sizeof where; c++)
		at += (size_t)snprintf(where + at, sizeof where - at, "%s%s", c ? ", " : "", join->children[c].source->where);
	if (nn_source_prepare(source, where) || copy_labels(source, join) || copy_files(source, join)) return 1;
	for (int c = 0; c < join->count && source->groups == NULL; c++) {
		const Child *child = &join->children[c];
		if (child->source->groups != NULL && copy_texts(&source->groups, child->source->groups, child->rows, source->count)) return 1;
	}
	return 0;
}

/* Takes the join. */
static Source *over_join(const nn_model *model, Join *join, int64_t count)
{
	Source *source = calloc(1, sizeof *source);
	if (source == NULL) {
		close_join(join);
		return NULL;
	}
	*source = (Source){.model = model, .spec = join->children[0].source->spec, .count = count, .own = join, .read = read_joined,
			   .name = name_joined, .close = close_joined, .fit = fit_joined, .check = check_joined, .vocabularies = vocabularies_joined, .keep = keep_joined};
	for (int c = 0; c < join->count; c++)
		if (join->children[c].source->slow && !source->slow) {
			source->slow = 1;
			source->spec = join->children[c].source->spec; /* which says how many may be unreadable */
		}
	if (!fill_joined(source, join)) return source;
	nn_error("%s: out of memory", source->where ? source->where : model->name);
	nn_source_close(source);
	return NULL;
}

static int open_children(Join *join, const nn_model *model, const Place *places)
{
	const nn_data *data = &model->data;
	for (int s = 0; s < data->source_count; s++) {
		if (places[s].path_count == 0) continue;
		Child *child = &join->children[join->count];
		child->number = s;
		child->source = nn_source_kind(data->sources[s].type)->open(model, &places[s]);
		if (child->source == NULL) return 1;
		join->count++;
		if (child->source->keys == NULL && make_keys(child->source, &places[s])) return 1;
		if (sort_keys(child)) return 1;
	}
	return data->split_group != NULL && places[0].labels && find_groups(join, data->split_group);
}

Source *nn_open_all(const nn_model *model, const Place *places)
{
	const nn_data *data = &model->data;
	int open = 0, last = 0;
	for (int s = 0; s < data->source_count; s++)
		if (places[s].path_count > 0) open++, last = s;
	if (open == 1) return nn_source_kind(data->sources[last].type)->open(model, &places[last]);
	Join *join = calloc(1, sizeof *join);
	if (join == NULL || (join->children = calloc((size_t)data->source_count, sizeof *join->children)) == NULL) {
		free(join);
		return NULL;
	}
	int64_t count = open_children(join, model, places) ? -1 : match(join);
	if (count > 0) return over_join(model, join, count);
	close_join(join);
	return NULL;
}
