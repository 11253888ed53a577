/* data_text_fit.c: in: the training rows of a source of text, or the vocabulary that the spec names; out: the table of ids in
 * the state; and what is said of texts that it does not hold.
 * Invariant: a vocabulary that is learned depends on the training rows only. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "data_text_source.h"
#include "message.h"
#include "model.h"

const nn_tensor *nn_vocabulary_table(const nn_model *model, int source)
{
	const char *name = model->data.sources[source].name;
	char path[300];
	snprintf(path, sizeof path, "data/%s%svocabulary", name ? name : "", name ? "/" : "");
	return nn_tensor_find(model, path);
}

int64_t nn_token_id(const nn_model *model, const void *state, const nn_tensor *table, const Token *token)
{
	if (table == NULL) return (unsigned char)token->text[0] + NN_FIRST_TOKEN;
	return state ? nn_vocabulary_find(model, state, table, token->hash) : NN_UNKNOWN;
}

size_t nn_token_text(const nn_names *vocabulary, int id, char *byte, const char **text)
{
	int last = vocabulary ? vocabulary->count - 1 : NN_FIRST_TOKEN + UCHAR_MAX;
	if (id < NN_FIRST_TOKEN || id > last) return 0;
	*text = vocabulary ? vocabulary->items[id] : byte;
	*byte = (char)(id - NN_FIRST_TOKEN);
	return vocabulary ? strlen(*text) : 1;
}

/* Tokens of a set, word by word. Of a stream each once, though windows may overlap, and also those that are only ever next. */
static int64_t *count_words(const nn_dataset *set)
{
	const Texts *texts = set->source->own;
	int64_t *counts = calloc((size_t)texts->words.count + 1, sizeof *counts), counted = 0;
	for (int64_t i = 0; i < set->count && counts != NULL; i++) {
		const Sample *sample = &texts->samples[set->rows[i]];
		int64_t end = sample->from + sample->count + texts->stream;
		for (int64_t k = texts->stream && counted > sample->from ? counted : sample->from; k < end; k++) counts[texts->tokens[k]]++;
		counted = end;
	}
	return counts;
}

/* What the room for ids leaves out: an error of characters, which are few; of words one says how much of the text they are. */
static int check_room(const nn_dataset *train, const int64_t *counts, int64_t room, int64_t learned)
{
	const Texts *texts = train->source->own;
	const char *what = nn_token_kinds[texts->tokenizer.kind];
	int64_t distinct = 0, all = 0;
	for (int64_t i = 0; i < texts->words.count; i++) {
		distinct += counts[i] > 0;
		all += counts[i];
	}
	if (distinct == learned) return 0;
	if (texts->tokenizer.kind != NN_WORDS) {
		nn_error("%s: %lld different %s in the training data%s, but the spec's vocabulary: %lld has room for %lld (0 is padding, 1 unknown); "
			 "say vocabulary: %lld, or list those that count", train->source->where, (long long)distinct, what,
			 texts->spec->ended ? " (the end of a text is one)" : "", (long long)room + NN_FIRST_TOKEN, (long long)room, (long long)distinct + NN_FIRST_TOKEN);
		return 1;
	}
	int64_t *order = malloc(sizeof *order * (size_t)texts->words.count), held = 0;
	if (order == NULL) return 1;
	nn_words_commonest(&texts->words, counts, learned, order);
	for (int64_t i = 0; i < learned; i++) held += counts[order[i]];
	free(order);
	nn_note("%s: of %lld different words in the training data the commonest %lld have an id; %.1f %% of the text is unknown",
		train->source->where, (long long)distinct, (long long)learned, 100 * (double)(all - held) / (double)all);
	return 0;
}

static int learn(const nn_dataset *train, const int64_t *counts, int64_t room, void *state)
{
	const Texts *texts = train->source->own;
	int64_t *order = malloc(sizeof *order * ((size_t)texts->words.count + 1));
	int64_t learned = order == NULL ? -1 : nn_words_commonest(&texts->words, counts, room, order);
	for (int64_t i = 0; i < learned; i++)
		nn_vocabulary_put(train->model, state, texts->table, texts->words.hashes[order[i]], NN_FIRST_TOKEN + i);
	free(order);
	return learned < 0 || check_room(train, counts, room, learned);
}

/* Puts listed tokens into the table. where, line: for messages; line 0: the spec. */
static int put_listed(const nn_dataset *train, void *state, const char *token, int64_t number, const char *where, int64_t line)
{
	const Texts *texts = train->source->own;
	if (!nn_vocabulary_put(train->model, state, texts->table, nn_token_hash(token, strlen(token)), NN_FIRST_TOKEN + number)) return 0;
	nn_error("%s:%lld: the token \"%s\" stands twice in the vocabulary", where, (long long)line, token);
	return 1;
}

/* "\n" and "\\" in a line of a vocabulary file, as nnc scan writes them. In place. */
static void unescape(char *line)
{
	char *out = line;
	for (; *line; line++) {
		if (line[0] == '\\' && line[1]) *out++ = *++line == 'n' ? '\n' : *line;
		else *out++ = *line;
	}
	*out = 0;
}

static int put_file(nn_dataset const *train, Words *listed, void *state)
{
	const Texts *texts = train->source->own;
	const char *path = texts->spec->vocabulary_file;
	int64_t room = texts->spec->vocabulary_size - NN_FIRST_TOKEN, count = 0;
	char *text;
	size_t length;
	if (nn_read_text(path, texts->encoding ? "utf-8" : NULL, &text, &length)) return 1;
	int failed = 0;
	char *end = text + length;
	for (char *line = text; line < end && !failed; count++) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		if (stop == NULL) stop = end;
		if (stop > line && stop[-1] == '\r') stop[-1] = 0;
		else if (stop < end) *stop = 0;
		char *token = nn_copy_text(line, strnlen(line, (size_t)(stop - line)));
		if (token == NULL) break;
		unescape(token);
		failed = (count < room && put_listed(train, state, token, count, path, count + 1)) || nn_words_add_text(listed, token) < 0;
		free(token);
		line = stop + 1;
	}
	free(text);
	if (failed || count <= room) return failed;
	nn_error("%s: %lld tokens, but the spec's size: %lld has room for %lld (0 is padding, 1 unknown); say size: %lld", path, (long long)count,
		 (long long)room + NN_FIRST_TOKEN, (long long)room, (long long)count + NN_FIRST_TOKEN);
	return 1;
}

/* Which of the listed tokens the training data does not have. */
static void note_absent(const nn_dataset *train, const Words *listed, const int64_t *counts)
{
	const Texts *texts = train->source->own;
	Words seen = {0};
	int64_t absent = 0, first = 0;
	for (int64_t i = 0; i < texts->words.count; i++)
		if (counts[i] > 0) nn_words_add_text(&seen, texts->words.text + texts->words.at[i]);
	int64_t there = seen.count;
	for (int64_t i = 0; i < listed->count; i++)
		if (nn_words_add_text(&seen, listed->text + listed->at[i]) >= there && absent++ == 0) first = i;
	nn_words_free(&seen);
	if (absent > 0)
		nn_note("%s: %lld of the vocabulary's %lld tokens never occur in the training data; \"%s\" is the first", train->source->where,
			(long long)absent, (long long)listed->count, listed->text + listed->at[first]);
}

static int put_all(const nn_dataset *train, const int64_t *counts, Words *listed, void *state)
{
	const nn_data_source *spec = ((const Texts *)train->source->own)->spec;
	int failed = 0;
	if (spec->vocabulary_file != NULL) failed = put_file(train, listed, state);
	for (int i = 0; i < spec->vocabulary.count && !failed; i++)
		failed = put_listed(train, state, spec->vocabulary.items[i], i, "vocabulary", i + 1) ||
			 nn_words_add_text(listed, spec->vocabulary.items[i]) < 0;
	if (!failed && listed->count > 0) note_absent(train, listed, counts);
	if (!failed && listed->count == 0) failed = learn(train, counts, spec->vocabulary_size - NN_FIRST_TOKEN, state);
	const Texts *texts = train->source->own;
	uint64_t end = nn_token_hash(NN_END_OF_TEXT, strlen(NN_END_OF_TEXT));
	if (failed || !spec->ended || nn_vocabulary_find(train->model, state, texts->table, end) != NN_UNKNOWN) return failed;
	nn_error("%s: the vocabulary does not hold \"\\n\", by which each text ends", train->source->where);
	return 1;
}

int nn_text_fit(const nn_dataset *train, void *state)
{
	Texts *texts = train->source->own;
	if (texts->table == NULL) return 0;
	int64_t *counts = count_words(train);
	Words listed = {0};
	if (counts == NULL) return 1;
	for (size_t i = 0; i < texts->table->count; i++) nn_number_set(train->model, state, texts->table->offset + i, 0);
	int failed = put_all(train, counts, &listed, state);
	for (int64_t i = 0; i < listed.count && !failed; i++) /* known by their text, too, if they never occur */
		failed = nn_words_add_text(&texts->words, listed.text + listed.at[i]) < 0;
	nn_words_free(&listed);
	free(counts);
	return failed;
}

/* The first token of a set that has no id; how many different ones, and how often. */
typedef struct Unknown {
	int64_t sample, token, different, times;
	uint32_t word;
} Unknown;

static int find_unknown(const nn_dataset *set, const void *state, Unknown *unknown)
{
	const Texts *texts = set->source->own;
	char *known = calloc((size_t)texts->words.count + 1, 1); /* 0: not looked at, 1: it has an id, 2: it has none */
	for (int64_t i = 0; i < set->count && known != NULL; i++) {
		const Sample *sample = &texts->samples[set->rows[i]];
		for (int64_t k = 0; k < sample->count; k++) {
			uint32_t word = texts->tokens[sample->from + k];
			if (known[word] == 0) {
				known[word] = nn_text_id(set->source, state, word) == NN_UNKNOWN ? 2 : 1;
				if (known[word] == 2 && unknown->different++ == 0) *unknown = (Unknown){i, sample->from + k, 1, 0, word};
			}
			unknown->times += known[word] == 2;
		}
	}
	free(known);
	return unknown->different > 0;
}

/* "FILE:LINE" of a token. Of a stream it is found by the ends of lines before it, which are tokens, too. */
static const char *place_of(const nn_dataset *set, const Unknown *unknown, char *buffer, size_t size)
{
	const Texts *texts = set->source->own;
	long long line = 1;
	if (!texts->stream) return nn_dataset_name(set, unknown->sample, buffer, size);
	for (int64_t k = 0; k < unknown->token; k++) line += !strcmp(texts->words.text + texts->words.at[texts->tokens[k]], "\n");
	snprintf(buffer, size, "%s:%lld", texts->files[0], line);
	return buffer;
}

static int is_checked(Texts *texts, const nn_dataset *set)
{
	for (int i = 0; i < NN_SPLITS; i++) {
		if (texts->checked[i] == set->split) return 1;
		if (texts->checked[i] != NULL) continue;
		texts->checked[i] = set->split;
		return 0;
	}
	return 1;
}

void nn_text_check(const nn_dataset *set, const void *state)
{
	Texts *texts = set->source->own;
	Unknown unknown = {0};
	char name[1024], more[80] = "";
	if (texts->table == NULL || state == NULL || texts->tokenizer.kind == NN_WORDS || is_checked(texts, set) || !find_unknown(set, state, &unknown)) return;
	const char *text = texts->words.text + texts->words.at[unknown.word];
	if (unknown.times > 1) snprintf(more, sizeof more, " (%lld different, %lld in all)", (long long)unknown.different, (long long)unknown.times);
	nn_warning("%s: the character \"%s\" is not in the vocabulary and is read as unknown%s", place_of(set, &unknown, name, sizeof name), text, more);
}

nn_names *nn_text_vocabulary(const Source *source, const void *state, int *count)
{
	const Texts *texts = source->own;
	const char *name = texts->spec->name ? texts->spec->name : "";
	int size = texts->spec->vocabulary_size;
	nn_names *names = calloc(1, sizeof *names);
	char **tokens = calloc((size_t)size + 1, sizeof *tokens);
	int failed = names == NULL || tokens == NULL || (names->key = nn_copy_text(name, strlen(name))) == NULL;
	for (int64_t i = 0; i < texts->words.count && !failed; i++) {
		int64_t id = nn_text_id(source, state, (uint32_t)i);
		const char *text = texts->words.text + texts->words.at[i];
		if (id >= NN_FIRST_TOKEN && id < size && tokens[id] == NULL) failed = (tokens[id] = nn_copy_text(text, strlen(text))) == NULL;
	}
	for (int i = 0; i < size && !failed; i++)
		if (tokens[i] == NULL) failed = (tokens[i] = nn_copy_text("", 0)) == NULL;
	*count = !failed;
	if (failed) {
		for (int i = 0; tokens != NULL && i < size; i++) free(tokens[i]);
		free(tokens);
		if (names != NULL) free(names->key);
		free(names);
		return NULL;
	}
	names->items = tokens;
	names->count = size;
	return names;
}
