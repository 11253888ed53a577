/* data_split.c: in: samples with classes and groups; out: which go to training, validation and test; and the check that
 * splits which were given share nothing.
 * Invariant: a group is never divided; the same seed and samples give the same split. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "data_split.h"
#include "data_windows.h"
#include "message.h"
#include "nn_random.h"

enum { STREAM_SPLIT = 0x73706c74, TRAIN = 0, VALIDATION, TEST, NOWHERE };

/* Samples that stay together. */
typedef struct Unit {
	const char *group; /* NULL: a sample on its own */
	int64_t first, size; /* places in the order by group */
	int stratum;
	int fixed; /* it is in the test set already */
	int64_t order; /* by chance */
} Unit;

typedef struct Member {
	const char *group;
	int64_t sample;
} Member;

static int compare_members(const void *a, const void *b)
{
	const Member *x = a, *y = b;
	int order = x->group && y->group ? strcmp(x->group, y->group) : 0;
	return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

/* The commonest class of the members; the lower of two. */
static int commonest(const double *classes, const Member *members, int64_t count, int class_count, int64_t *counts)
{
	int best = 0;
	memset(counts, 0, sizeof *counts * (size_t)class_count);
	for (int64_t i = 0; i < count; i++) counts[(int)classes[members[i].sample]]++;
	for (int c = 1; c < class_count; c++)
		if (counts[c] > counts[best]) best = c;
	return best;
}

/* Units in the order of their groups (or samples); strata are classes, or all one. */
static int64_t make_units(const Source *source, const Member *members, const double *classes, int class_count, int64_t *counts, Unit *units)
{
	int64_t unit_count = 0;
	for (int64_t i = 0; i < source->count;) {
		int64_t end = i + 1;
		while (end < source->count && members[i].group != NULL && strcmp(members[i].group, members[end].group) == 0) end++;
		int stratum = class_count > 0 ? commonest(classes, members + i, end - i, class_count, counts) : 0;
		units[unit_count++] = (Unit){members[i].group, i, end - i, stratum, 0, 0};
		i = end;
	}
	return unit_count;
}

static void shuffle_units(Unit *units, int64_t count, uint64_t seed)
{
	for (int64_t i = count - 1; i > 0; i--) {
		nn_philox bits = nn_philox_at(seed, 0, STREAM_SPLIT, (uint32_t)(i >> 32), (uint32_t)i);
		int64_t j = nn_below(bits.lane[0], (uint32_t)(i + 1));
		Unit kept = units[i];
		units[i] = units[j];
		units[j] = kept;
	}
}

/* Deals one stratum: a unit goes where it brings the number closer to what is wanted; the rest is training. */
static void deal_stratum(const Unit *units, int64_t unit_count, int stratum, const Member *members, double validation,
			 double test, int *part)
{
	int64_t all = 0, got[3] = {0}, wanted[3] = {0};
	for (int64_t i = 0; i < unit_count; i++)
		if (units[i].stratum == stratum) all += units[i].size;
	wanted[2] = (int64_t)((double)all * test + 0.5);
	wanted[1] = (int64_t)((double)all * validation + 0.5);
	for (int64_t i = 0; i < unit_count; i++) {
		const Unit *unit = &units[i];
		if (unit->stratum != stratum) continue;
		int to = unit->fixed ? TEST : TRAIN;
		for (int p = TEST; p > TRAIN && to == TRAIN; p--)
			if (2 * (wanted[p] - got[p]) >= unit->size) to = p;
		got[to] += unit->size;
		for (int64_t m = 0; m < unit->size; m++) part[members[unit->first + m].sample] = to;
	}
}

/* How many samples of a stratum a fold gets: of those numbered from first to end - 1 every folds-th, as in scikit-learn's
 * StratifiedKFold. */
static int64_t fold_quota(int64_t first, int64_t end, int folds, int fold)
{
	int64_t before = first > fold ? (first - fold + folds - 1) / folds : 0;
	return (end > fold ? (end - fold + folds - 1) / folds : 0) - before;
}

/* Deals a stratum to folds, each unit where most is missing, and marks the units of one fold. first: samples of the strata
 * before it. */
static void mark_fold(Unit *units, int64_t unit_count, int stratum, int64_t first, int64_t *missing, int folds, int fold)
{
	int64_t all = 0;
	for (int64_t i = 0; i < unit_count; i++)
		if (units[i].stratum == stratum) all += units[i].size;
	for (int f = 0; f < folds; f++) missing[f] = fold_quota(first, first + all, folds, f);
	for (int64_t i = 0; i < unit_count; i++) {
		if (units[i].stratum != stratum) continue;
		int to = 0;
		for (int f = 1; f < folds; f++)
			if (missing[f] > missing[to]) to = f;
		missing[to] -= units[i].size;
		units[i].fixed = to == fold;
	}
}

/* The largest first, so that small ones can fill what is left. */
static int compare_units(const void *a, const void *b)
{
	const Unit *x = a, *y = b;
	if (x->size != y->size) return x->size < y->size ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

static int mark_folds(const nn_data *data, Unit *units, int64_t unit_count, int strata)
{
	int64_t *missing = malloc(sizeof *missing * (size_t)data->split_folds), first = 0;
	if (missing == NULL) return 1;
	for (int64_t i = 0; i < unit_count; i++) units[i].order = i;
	qsort(units, (size_t)unit_count, sizeof *units, compare_units);
	for (int s = 0; s == 0 || s < strata; s++) {
		mark_fold(units, unit_count, s, first, missing, data->split_folds, data->split_fold);
		for (int64_t i = 0; i < unit_count; i++) first += units[i].stratum == s ? units[i].size : 0;
	}
	free(missing);
	return 0;
}

/* By the name of the file without folder and ending, or of the group: crc32(name)/2^32 is below the share of the test set, or
 * below that and the share of validation; so a sample stays where it is when others come. */
static int deal_by_name(const Source *source, double validation, double test, int *part)
{
	char path[4096];
	if (source->groups == NULL && source->file_count != source->count) {
		nn_error("%s: method: hash goes by the names of files or groups, and here are neither; name a group:", source->where);
		return 1;
	}
	for (int64_t i = 0; i < source->count; i++) {
		const char *name = source->groups ? source->groups[i] : path;
		size_t length = source->groups ? strlen(name) : 0;
		if (source->groups == NULL) {
			source->name(source, i, path, sizeof path);
			const char *slash = strrchr(path, '/');
			name = slash ? slash + 1 : path;
			const char *dot = strrchr(name, '.');
			length = dot ? (size_t)(dot - name) : strlen(name);
		}
		double place = (double)crc32(0, (const Bytef *)name, (uInt)length) / 4294967296.0;
		part[i] = place < test ? TEST : place < test + validation ? VALIDATION : TRAIN;
	}
	return 0;
}

/* Samples that are parts of one whole: training first, then validation, then test; or one fold in its place for the test. What
 * shares something with the next set is left out. */
static void deal_in_order(const Source *source, double validation, double test, int *part)
{
	const nn_data *data = &source->model->data;
	int64_t count = source->count, from = count - (int64_t)((double)count * test + 0.5), end = count;
	if (data->split_folds > 0) {
		from = count * data->split_fold / data->split_folds;
		end = count * (data->split_fold + 1) / data->split_folds;
	}
	int64_t validated = (int64_t)((double)count * validation + 0.5), begin = from - validated;
	if (begin < 0) begin = end; /* after the first fold */
	for (int64_t i = 0; i < count; i++) {
		part[i] = i >= from && i < end ? TEST : i >= begin && i < begin + validated ? VALIDATION : TRAIN;
		for (int64_t k = 1; k <= source->overlap && k <= i && part[i - k] != part[i]; k++) part[i - k] = NOWHERE;
	}
}

static int check_parts(const Source *source, double validation, double test, const int *part)
{
	static const char *const names[3] = {"training", "validation", "test"};
	int64_t counts[NOWHERE + 1] = {0};
	for (int64_t i = 0; i < source->count; i++) counts[part[i]]++;
	const double shares[3] = {1, validation, test};
	for (int p = 0; p < 3; p++)
		if (shares[p] > 0 && counts[p] == 0) {
			nn_error("%s: %lld samples are too few, or in too few groups, for a %s share of %g", source->where,
				 (long long)source->count, names[p], p ? shares[p] : 1 - validation - test);
			return 1;
		}
	return 0;
}

static int deal_by_chance(const Source *source, const double *classes, int class_count, double validation, double test, int *part)
{
	const nn_data *data = &source->model->data;
	int strata = data->split_stratify && classes != NULL ? class_count : 0;
	size_t count = (size_t)source->count;
	Member *members = malloc(sizeof *members * count);
	Unit *units = malloc(sizeof *units * count);
	int64_t *counts = malloc(sizeof *counts * (size_t)(strata + 1));
	int failed = members == NULL || units == NULL || counts == NULL;
	if (!failed) {
		for (size_t i = 0; i < count; i++) members[i] = (Member){source->groups ? source->groups[i] : NULL, (int64_t)i};
		qsort(members, count, sizeof *members, compare_members);
		int64_t unit_count = make_units(source, members, classes, strata, counts, units);
		shuffle_units(units, unit_count, data->split_seed);
		if (data->split_folds > 0) failed = mark_folds(data, units, unit_count, strata);
		for (int s = 0; s == 0 || s < strata; s++)
			deal_stratum(units, unit_count, s, members, validation, data->split_folds > 0 ? 0 : test, part);
	}
	if (failed) nn_error("%s: out of memory", source->where);
	free(members);
	free(units);
	free(counts);
	return failed;
}

int nn_split_deal(const Source *source, const double *classes, int class_count, double validation, double test, int *part)
{
	int failed = 0;
	if (source->model->data.split_by_time) return nn_windows_deal(source, validation, test, part);
	if (source->in_order)
		deal_in_order(source, validation, test, part);
	else if (source->model->data.split_by_name)
		failed = deal_by_name(source, validation, test, part);
	else
		failed = deal_by_chance(source, classes, class_count, validation, test, part);
	return failed || check_parts(source, validation, test, part);
}

/* \d, which POSIX expressions lack, becomes [0-9]. */
static char *translate(const char *pattern)
{
	char *text = malloc(strlen(pattern) * 5 / 2 + 6), *out = text;
	for (const char *p = pattern; text != NULL && *p; p++) {
		if (p[0] == '\\' && p[1] == 'd') {
			memcpy(out, "[0-9]", 5);
			out += 5;
			p++;
		} else {
			if (p[0] == '\\' && p[1]) *out++ = *p++;
			*out++ = *p;
		}
	}
	if (text != NULL) *out = 0;
	return text;
}

int nn_pattern_open(regex_t *expression, const char *what, const char *pattern)
{
	char why[200], *text = translate(pattern);
	int code = text ? regcomp(expression, text, REG_EXTENDED) : REG_ESPACE;
	free(text);
	if (code == 0) return 0;
	regerror(code, expression, why, sizeof why);
	nn_error("%s \"%s\": %s", what, pattern, why);
	return 1;
}

char *nn_pattern_part(const regex_t *expression, const char *text)
{
	regmatch_t match[2];
	if (regexec(expression, text, 2, match, 0) != 0) return NULL;
	int place = expression->re_nsub > 0 && match[1].rm_so >= 0;
	return nn_copy_text(text + match[place].rm_so, (size_t)(match[place].rm_eo - match[place].rm_so));
}

int nn_split_group(Source *source, const char *pattern)
{
	regex_t expression;
	char path[4096];
	if (nn_pattern_open(&expression, "split group", pattern)) return 1;
	int failed = (source->groups = calloc((size_t)source->count, sizeof *source->groups)) == NULL;
	for (int64_t i = 0; i < source->count && !failed; i++) {
		source->name(source, i, path, sizeof path);
		const char *slash = strrchr(path, '/');
		source->groups[i] = nn_pattern_part(&expression, slash ? slash + 1 : path);
		if (source->groups[i] == NULL) source->groups[i] = nn_copy_text(path, strlen(path)); /* each its own */
		failed = source->groups[i] == NULL;
	}
	regfree(&expression);
	if (failed) nn_error("%s: out of memory", source->where);
	return failed;
}

/* A file or group of one of several sources. */
typedef struct Key {
	const char *group;
	FileId file;
	int source;
	int64_t sample;
} Key;

static int compare_keys(const void *a, const void *b)
{
	const Key *x = a, *y = b;
	int order = x->group ? strcmp(x->group, y->group) : (x->file.device > y->file.device) - (x->file.device < y->file.device);
	if (order == 0 && !x->group) order = (x->file.inode > y->file.inode) - (x->file.inode < y->file.inode);
	if (order == 0 && !x->group) order = (x->file.row > y->file.row) - (x->file.row < y->file.row);
	if (order == 0) order = x->source - y->source;
	return order ? order : (x->sample > y->sample) - (x->sample < y->sample);
}

static int same_key(const Key *x, const Key *y)
{
	if (x->group != NULL) return strcmp(x->group, y->group) == 0;
	return x->file.device == y->file.device && x->file.inode == y->file.inode && x->file.row == y->file.row;
}

static void name_file(const Source *source, int64_t sample, char *buffer, size_t size)
{
	int64_t files = source->count > 1 ? source->file_count / source->count : 0; /* of each sample */
	if (files > 0)
		source->name(source, sample / files, buffer, size);
	else
		snprintf(buffer, size, "%s", source->where);
}

static void say_overlap(Source *const *sources, const char *const *names, const Key *x, const Key *y, int64_t overlaps)
{
	char first[1024], second[1024], more[40] = "";
	if (overlaps > 1) snprintf(more, sizeof more, " (and %lld more)", (long long)overlaps - 1);
	if (x->group != NULL) {
		sources[x->source]->name(sources[x->source], x->sample, first, sizeof first);
		sources[y->source]->name(sources[y->source], y->sample, second, sizeof second);
		nn_error("%s (%s) and %s (%s): the group \"%s\" is in both splits%s", first, names[x->source], second,
			 names[y->source], x->group, more);
		return;
	}
	name_file(sources[x->source], x->sample, first, sizeof first);
	name_file(sources[y->source], y->sample, second, sizeof second);
	nn_error("%s (%s) and %s (%s): the same %s is in both splits%s", first, names[x->source], second, names[y->source],
		 x->file.row ? "row of a table" : "file", more);
}

/* Keys sorted, so that equal ones of different sources are neighbours. */
static int check_keys(Source *const *sources, const char *const *names, Key *keys, size_t count)
{
	int64_t overlaps = 0;
	const Key *first = NULL;
	qsort(keys, count, sizeof *keys, compare_keys);
	for (size_t i = 1; i < count; i++) {
		if (keys[i - 1].source == keys[i].source || !same_key(&keys[i - 1], &keys[i])) continue;
		if (overlaps++ == 0) first = &keys[i - 1];
	}
	if (overlaps > 0) say_overlap(sources, names, first, first + 1, overlaps);
	return overlaps > 0;
}

static int check_kind(Source *const *sources, const char *const *names, int count, int by_group)
{
	size_t total = 0, at = 0;
	for (int s = 0; s < count; s++) {
		if (by_group && sources[s]->groups == NULL) return 0;
		total += (size_t)(by_group ? sources[s]->count : sources[s]->file_count);
	}
	Key *keys = malloc(sizeof *keys * (total ? total : 1));
	if (keys == NULL) {
		nn_error("%s: out of memory", sources[0]->where);
		return 1;
	}
	for (int s = 0; s < count; s++) {
		int64_t items = by_group ? sources[s]->count : sources[s]->file_count;
		for (int64_t i = 0; i < items; i++)
			keys[at++] = by_group ? (Key){.group = sources[s]->groups[i], .source = s, .sample = i}
					      : (Key){.file = sources[s]->files[i], .source = s, .sample = i};
	}
	int failed = check_keys(sources, names, keys, total);
	free(keys);
	return failed;
}

int nn_split_check(Source *const *sources, const char *const *names, int count)
{
	if (count < 2) return 0;
	return check_kind(sources, names, count, 0) || check_kind(sources, names, count, 1);
}
