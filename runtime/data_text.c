/* data_text.c: in: text files: folders or files of one class each, a column of a table, or one stream of text; out: a Source of
 * samples of tokens.
 * Invariant: all text is read and split into tokens once, when it is opened; a sample is a run of tokens, and its ids follow
 * from the table in the state. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "data_csv.h"
#include "data_text_source.h"
#include "message.h"
#include "model.h"

static int out_of_memory(const char *path)
{
	nn_error("%s: out of memory", path);
	return 1;
}

/* word: its place in the words, -1: out of memory */
static int add_token(Texts *texts, int64_t word)
{
	if (word < 0 || nn_reserve(&texts->tokens, texts->token_count, &texts->token_capacity, sizeof *texts->tokens)) return 1;
	texts->tokens[texts->token_count++] = (uint32_t)word;
	return 0;
}

/* The tokens of a text, put behind those that are there. 0 or 1. */
static int add_tokens(Texts *texts, const char *at, const char *end)
{
	Token token;
	while (nn_next_token(&texts->tokenizer, &at, end, &token))
		if (add_token(texts, nn_words_add(&texts->words, &texts->tokenizer, &token))) return 1;
	return 0;
}

static int add_end(Texts *texts)
{
	return texts->spec->ended ? add_token(texts, nn_words_add_text(&texts->words, NN_END_OF_TEXT)) : 0;
}

/* A text as samples, each with the token after it; those of one text stay in one split. */
static int add_windows(Texts *texts, Sample sample)
{
	int64_t length = texts->spec->sequence_length, end = texts->token_count - 1;
	for (; sample.from < end; sample.from += length) {
		char name[1024];
		snprintf(name, sizeof name, "%s:%lld", texts->files[sample.file], (long long)sample.line);
		if (!texts->group && !texts->joined && (sample.group = nn_copy_text(name, strlen(name))) == NULL) return 1;
		if (nn_reserve(&texts->samples, texts->sample_count, &texts->sample_capacity, sizeof *texts->samples)) return 1;
		sample.count = end - sample.from < length ? end - sample.from : length;
		texts->samples[texts->sample_count++] = sample;
	}
	return 0;
}

int nn_text_add_sample(Texts *texts, const char *at, const char *end, int64_t line, const char *class, double target)
{
	Sample sample = {.from = texts->token_count, .line = line, .file = texts->file_count - 1, .target = target};
	if (add_end(texts) || add_tokens(texts, at, end) || add_end(texts)) return 1;
	if (texts->spec->ended) return add_windows(texts, sample);
	if (nn_reserve(&texts->samples, texts->sample_count, &texts->sample_capacity, sizeof *texts->samples))
		return 1;
	sample.count = texts->token_count - sample.from;
	if (class != NULL && (sample.label = nn_copy_text(class, strlen(class))) == NULL) return 1;
	texts->samples[texts->sample_count++] = sample;
	return 0;
}

int nn_text_begin_file(Texts *texts, const char *path)
{
	if (nn_reserve(&texts->files, texts->file_count, &texts->file_capacity, sizeof *texts->files)) return out_of_memory(path);
	texts->files[texts->file_count] = nn_copy_text(path, strlen(path));
	return texts->files[texts->file_count++] == NULL ? out_of_memory(path) : 0;
}

/* Standard input, for "-". */
static int read_input(const char *encoding, char **text, size_t *length)
{
	int64_t capacity = 0;
	char *bytes = NULL;
	*length = 0;
	for (int c; (c = getchar()) != EOF; bytes[(*length)++] = (char)c)
		if (nn_reserve(&bytes, (int64_t)*length, &capacity, 1)) {
			free(bytes);
			return out_of_memory("-");
		}
	int failed = 0;
	*text = bytes;
	if (encoding != NULL) {
		failed = nn_decode("-", encoding, 1, (const uint8_t *)(bytes ? bytes : ""), *length, text, length);
		free(bytes);
	}
	return failed;
}

static int read_file(Texts *texts, const char *path, char **text, size_t *length)
{
	if (nn_text_begin_file(texts, path)) return 1;
	return strcmp(path, "-") == 0 ? read_input(texts->encoding, text, length) : nn_read_text(path, texts->encoding, text, length);
}

/* A sample a line; empty lines are none. */
static int add_lines(Texts *texts, const char *path, const char *class)
{
	char *text;
	size_t length;
	int64_t line = 0, before = texts->sample_count;
	if (read_file(texts, path, &text, &length)) return 1;
	int failed = 0;
	const char *at = text, *end = text + length;
	while (at < end && !failed) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop == NULL) stop = end;
		const char *last = stop > at && stop[-1] == '\r' ? stop - 1 : stop;
		line++;
		if (last > at && nn_text_add_sample(texts, at, last, line, class, 0)) failed = out_of_memory(path);
		at = stop + 1;
	}
	free(text);
	if (!failed && texts->sample_count == before) {
		nn_error("%s: no lines of text in it", path);
		return 1;
	}
	return failed;
}

static int add_whole(Texts *texts, const char *path, const char *class)
{
	char *text;
	size_t length;
	if (read_file(texts, path, &text, &length)) return 1;
	int failed = nn_text_add_sample(texts, text, text + length, 0, class, 0) ? out_of_memory(path) : 0;
	free(text);
	return failed;
}

/* All files of one class folder, each a sample. */
static int add_folder(Texts *texts, const char *root, const char *class)
{
	FileList list = {.all = 1};
	char *folder = nn_join(root, class);
	int failed = folder == NULL ? 1 : nn_walk(folder, &list);
	for (int64_t i = 0; i < list.count && !failed; i++) failed = add_whole(texts, list.items[i].path, class);
	if (!failed && list.count == 0) {
		nn_error("%s: no files in it", folder);
		failed = 1;
	}
	nn_file_list_free(&list);
	free(folder);
	return failed;
}

/* The class of a file of lines: its name without the ending; where another differs in the ending only, the ending. */
static char *class_of_file(const FileList *list, int64_t item)
{
	const char *path = list->items[item].path, *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	if (dot == NULL || dot == name) return nn_copy_text(name, strlen(name));
	size_t stem = (size_t)(dot - path) + 1;
	for (int64_t i = 0; i < list->count; i++)
		if (i != item && strncmp(list->items[i].path, path, stem) == 0 && dot[1]) return nn_copy_text(dot + 1, strlen(dot + 1));
	return nn_copy_text(name, (size_t)(dot - name));
}

static int add_class_files(Texts *texts, const char *root)
{
	FileList list = {.all = 1};
	int failed = nn_walk(root, &list);
	if (!failed && list.count < 2) {
		nn_error("%s: a text source wants one folder of files, or one file of lines, for each class; here is %s", root,
			 list.count ? "one file" : "nothing");
		failed = 1;
	}
	for (int64_t i = 0; i < list.count && !failed; i++) {
		char *class = class_of_file(&list, i);
		failed = class == NULL || add_lines(texts, list.items[i].path, class);
		free(class);
	}
	nn_file_list_free(&list);
	return failed;
}

static int is_known(const nn_names *classes, const char *name)
{
	for (int i = 0; i < classes->count; i++)
		if (strcmp(classes->items[i], name) == 0) return 1;
	return classes->count == 0;
}

static int add_directory(Texts *texts, const char *root, const nn_names *classes)
{
	char **folders = NULL, known[NN_WHY];
	int count = 0, failed = nn_subfolders(root, &folders, &count);
	if (!failed && count == 0) failed = add_class_files(texts, root);
	for (int c = 0; c < count; c++) {
		if (!is_known(classes, folders[c]))
			nn_warning("%s/%s: ignored, because it is none of the classes %s", root, folders[c],
				   nn_classes_text(classes->items, classes->count, known, sizeof known));
		else if (!failed)
			failed = add_folder(texts, root, folders[c]);
		free(folders[c]);
	}
	free(folders);
	return failed;
}

/* One file for each class, in the order of the classes: "A,B" of the command line, or with line ends between of the spec. */
static int add_listed_files(Texts *texts, const char *paths, const nn_names *classes)
{
	char separator = strchr(paths, NN_BETWEEN_FILES) ? NN_BETWEEN_FILES : ',';
	int failed = 0, count = 0;
	for (const char *at = paths; at != NULL && !failed; count++) {
		const char *end = strchr(at, separator);
		char *path = end ? nn_copy_text(at, (size_t)(end - at)) : nn_copy_text(at, strlen(at));
		if (path == NULL) return out_of_memory(paths);
		if (count < classes->count) failed = add_lines(texts, path, classes->items[count]);
		free(path);
		at = end ? end + 1 : NULL;
	}
	if (failed || count == classes->count) return failed;
	nn_error("%s: %d files for %d classes; one file for each, in the order of the classes, joined by commas", paths, count, classes->count);
	return 1;
}

static int64_t stride_of(const nn_data_source *spec)
{
	return spec->stride > 0 ? spec->stride : spec->sequence_length;
}

/* The text as one run of tokens, cut into windows that begin `stride` tokens apart; the token after a window is its last
 * data.next. */
static int add_stream(Texts *texts, const char *path)
{
	int64_t length = texts->spec->sequence_length, stride = stride_of(texts->spec);
	if (add_whole(texts, path, NULL)) return 1;
	texts->stream = 1;
	texts->sample_count = 0;
	for (int64_t from = 0; from + length < texts->token_count; from += stride) {
		if (nn_reserve(&texts->samples, texts->sample_count, &texts->sample_capacity, sizeof *texts->samples)) return out_of_memory(path);
		texts->samples[texts->sample_count++] = (Sample){.from = from, .count = length, .file = texts->file_count - 1};
	}
	if (texts->sample_count > 0) return 0;
	nn_error("%s: %lld tokens are too few for a window of %lld and the one after it", path, (long long)texts->token_count, (long long)length);
	return 1;
}

static int is_directory(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int add_inputs(Texts *texts, const Place *place)
{
	int failed = 0;
	for (int i = 0; i < place->path_count && !failed; i++) {
		const char *path = place->paths[i];
		FileList list = {.all = 1};
		if (!is_directory(path)) {
			failed = texts->spec->column && strcmp(path, "-") != 0 ? nn_text_add_table(texts, path, 0, 0, 0) : add_lines(texts, path, NULL);
			continue;
		}
		failed = nn_walk(path, &list);
		for (int64_t k = 0; k < list.count && !failed; k++) failed = add_whole(texts, list.items[k].path, NULL);
		nn_file_list_free(&list);
	}
	return failed;
}

static int add_place(Texts *texts, const Place *place, int label, int classed)
{
	const char *path = place->paths[0];
	nn_names none = {0};
	if (!place->labels) return add_inputs(texts, place);
	if (texts->spec->column) return nn_text_add_table(texts, path, 1, label >= 0, classed);
	if (texts->spec->ended) return add_lines(texts, path, NULL);
	if (label < 0) return add_stream(texts, path);
	const nn_names *classes = place->store != NULL ? &place->store->names[label] : &none;
	if (is_directory(path)) return add_directory(texts, path, classes);
	if (strchr(path, NN_BETWEEN_FILES) || strchr(path, ',')) return add_listed_files(texts, path, classes);
	nn_error("%s: one file of text has no classes; files: {CLASS: PATH, ..} names one for each, column: and label: columns of a table", path);
	return 1;
}

int64_t nn_text_id(const Source *source, const void *state, uint32_t word)
{
	const Texts *texts = source->own;
	const Token token = {.text = texts->words.text + texts->words.at[word], .hash = texts->words.hashes[word]};
	return nn_token_id(source->model, state, texts->table, &token);
}

/* length ids, from the sample's token `from` on; the side that the spec names is cut, or filled with padding. */
static void write_ids(const Source *source, const Sample *sample, int64_t shift, const void *state, void *x)
{
	const Texts *texts = source->own;
	int64_t length = texts->spec->sequence_length, count = sample->count < length ? sample->count : length;
	int64_t from = sample->from + shift + (texts->spec->truncating == NN_PRE ? sample->count - count : 0);
	int64_t before = texts->spec->padding == NN_PRE ? length - count : 0;
	for (int64_t i = 0; i < length; i++) {
		int inside = i >= before && i < before + count;
		int64_t id = inside ? nn_text_id(source, state, texts->tokens[from + i - before]) : NN_PADDING;
		nn_number_set(source->model, x, (size_t)i, (double)id);
	}
}

static int read_text(Source *source, int64_t number, int field, const void *state, void *x, char why[NN_WHY])
{
	const Texts *texts = source->own;
	const Sample *sample = &texts->samples[number];
	int64_t length = texts->spec->sequence_length;
	(void)why;
	switch (source->model->data.fields[field].part) {
	case NN_TEXT_TOKENS: write_ids(source, sample, 0, state, x); break;
	case NN_TEXT_NEXT: write_ids(source, sample, 1, state, x); break;
	case NN_TEXT_LENGTH: nn_number_set(source->model, x, 0, (double)(sample->count < length ? sample->count : length)); break;
	}
	return 0;
}

static void name_text(const Source *source, int64_t number, char *buffer, size_t size)
{
	const Texts *texts = source->own;
	const Sample *sample = &texts->samples[number];
	if (texts->stream) snprintf(buffer, size, "%s[%lld]", texts->files[sample->file], (long long)sample->from);
	else if (sample->line) snprintf(buffer, size, "%s:%lld", texts->files[sample->file], (long long)sample->line);
	else snprintf(buffer, size, "%s", texts->files[sample->file]);
}

static void close_text(Source *source)
{
	Texts *texts = source->own;
	for (int64_t i = 0; i < texts->sample_count; i++) {
		free(texts->samples[i].label);
		free(texts->samples[i].group);
		free(texts->samples[i].key);
	}
	for (int64_t i = 0; i < texts->file_count; i++) free(texts->files[i]);
	nn_words_free(&texts->words);
	free(texts->tokens);
	free(texts->samples);
	free(texts->files);
	free(texts);
}

/* Labels as texts of classes, or as the numbers that the table read. */
static int take_labels(Source *source, int field)
{
	Texts *texts = source->own;
	int classed = source->model->data.fields[field].classed;
	if (nn_source_add_label(source, field, 1, classed)) return 1;
	Label *label = &source->labels[field];
	for (int64_t i = 0; i < source->count; i++) {
		label->values[i] = texts->samples[i].target;
		if (!classed) continue;
		label->texts[i] = texts->samples[i].label;
		texts->samples[i].label = NULL;
	}
	return 0;
}

/* What every sample has of its table, handed over to the source. member: where it stands in a Sample. */
static int take_cells(Source *source, size_t member, char ***to)
{
	Texts *texts = source->own;
	if ((*to = calloc((size_t)source->count, sizeof **to)) == NULL) return out_of_memory(source->where);
	for (int64_t i = 0; i < source->count; i++) {
		char **from = (char **)(void *)((char *)&texts->samples[i] + member);
		(*to)[i] = *from;
		*from = NULL;
	}
	return 0;
}

/* Of a table by columns; of files by their names, which data.c does; lines of files have neither. */
static int take_groups_and_keys(Source *source, int labels)
{
	Texts *texts = source->own;
	const Sample *first = source->count > 0 ? &texts->samples[0] : NULL;
	int lines = texts->stream || (first && first->line > 0 && !texts->spec->column);
	if (lines && labels && (source->model->data.split_group != NULL || texts->joined)) {
		nn_error("%s: %s a column of a table or a part of the names of files; lines of text have neither", source->where,
			 texts->joined ? "a key is" : "split group: is");
		return 1;
	}
	if (first && first->group && take_cells(source, offsetof(Sample, group), &source->groups)) return 1;
	return first && first->key && take_cells(source, offsetof(Sample, key), &source->keys);
}

/* truncating: error */
static int check_lengths(const Texts *texts)
{
	for (int64_t i = 0; i < texts->sample_count && texts->spec->truncating == NN_NEITHER; i++) {
		const Sample *sample = &texts->samples[i];
		char line[24] = "";
		if (sample->count <= texts->spec->sequence_length) continue;
		if (sample->line) snprintf(line, sizeof line, ":%lld", (long long)sample->line);
		nn_error("%s%s: a text of %lld tokens, but sequence_length is %d; truncating: post or pre cuts longer ones", texts->files[sample->file],
			 line, (long long)sample->count, texts->spec->sequence_length);
		return 1;
	}
	return 0;
}

/* Texts of their own that are padding only. */
static void note_empty(const Texts *texts)
{
	const Sample *first = NULL;
	int64_t count = 0;
	for (int64_t i = texts->sample_count - 1; i >= 0; i--)
		if (texts->samples[i].count == 0) first = &texts->samples[i], count++;
	if (count == 0) return;
	char line[24] = "", more[60] = "";
	if (first->line) snprintf(line, sizeof line, ":%lld", (long long)first->line);
	if (count > 1) snprintf(more, sizeof more, ", as are %lld more", (long long)count - 1);
	nn_note("%s%s: the text holds no token and is read as padding only%s", texts->files[first->file], line, more);
}

static int describe(Source *source, const Place *place, int label)
{
	Texts *texts = source->own;
	if (check_lengths(texts)) return 1;
	note_empty(texts);
	source->count = texts->sample_count;
	source->in_order = texts->stream;
	source->overlap = texts->stream ? (texts->spec->sequence_length - 1) / stride_of(texts->spec) : 0;
	if (nn_source_prepare(source, place->paths[0])) return 1;
	for (char *c = source->where; *c; c++)
		if (*c == NN_BETWEEN_FILES) *c = ',';
	for (int64_t i = 0; i < texts->file_count; i++)
		if (nn_source_add_file(source, texts->files[i])) return 1;
	return take_groups_and_keys(source, place->labels) || (place->labels && label >= 0 && take_labels(source, label));
}

Source *nn_open_text(const nn_model *model, const Place *place)
{
	const nn_data_source *spec = &model->data.sources[place->source];
	int label = nn_field_of_part(model, place->source, NN_TEXT_LABEL);
	Source *source = calloc(1, sizeof *source);
	Texts *texts = calloc(1, sizeof *texts);
	if (source == NULL || texts == NULL) {
		free(source);
		free(texts);
		out_of_memory(place->paths[0]);
		return NULL;
	}
	*texts = (Texts){.spec = spec, .tokenizer = {spec->tokens, spec->standardize}, .table = nn_vocabulary_table(model, place->source)};
	texts->encoding = spec->tokens == NN_BYTES ? NULL : spec->encoding;
	texts->joined = model->data.source_count > 1;
	texts->group = spec->column ? model->data.split_group : NULL;
	texts->key = spec->column && texts->joined ? spec->key : NULL;
	*source = (Source){.model = model, .spec = spec, .own = texts, .read = read_text, .name = name_text, .close = close_text,
			   .fit = nn_text_fit, .check = nn_text_check, .vocabularies = nn_text_vocabulary};
	int classed = label >= 0 && model->data.fields[label].classed;
	if (add_place(texts, place, label, classed) == 0 && describe(source, place, label) == 0) return source;
	source->count = source->labels ? source->count : 0;
	nn_source_close(source);
	return NULL;
}
