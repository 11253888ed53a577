/* scan_text.c: in: text files: one, several of one class each, or folders of them; out: encoding, lines, lengths, vocabulary,
 * and the section.
 * Invariant: tokens are those of the runtime. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../../runtime/data_text.h"
#include "scan_internal.h"

enum { MOST_WORDS = 20000 };

typedef struct Texts {
	Tokenizer tokenizer;
	const char *encoding;
	Words words;
	int64_t *counts; /* of words */
	int64_t count_capacity;
	double *lengths; /* tokens of each sample */
	int64_t samples, length_capacity, tokens, bytes;
} Texts;

const char *scan_encoding(const uint8_t *bytes, size_t size, const char **why)
{
	int high = 0, controls = 0;
	*why = "as its byte order mark says";
	if (size >= 2 && ((bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff))) return "utf-16";
	char *copy = nn_copy_text((const char *)bytes, size);
	size_t at = 0, step = 1;
	for (; copy != NULL && at < size; at += step) {
		step = copy[at] ? nn_utf8_character(copy + at) : 1;
		if (step == 0) break;
		high += step > 1;
	}
	free(copy);
	*why = high ? "all of it is UTF-8" : "all of it is ASCII";
	if (at >= size) return "utf-8";
	for (size_t i = 0; i < size; i++) {
		controls += bytes[i] >= 0x80 && bytes[i] < 0xa0;
		if (memchr("\x81\x8d\x8f\x90\x9d", bytes[i], 5)) { /* which cp1252 does not have */
			*why = "it is no UTF-8 and no cp1252; a guess";
			return "latin1";
		}
	}
	*why = controls ? "it is no UTF-8, and bytes 0x80 to 0x9f are letters there" : "it is no UTF-8, and no byte is from 0x80 to 0x9f; a guess";
	return controls ? "cp1252" : "latin1";
}

static int add_sample(Texts *texts, const char *at, const char *end)
{
	Token token;
	int64_t length = 0;
	while (nn_next_token(&texts->tokenizer, &at, end, &token)) {
		int64_t before = texts->words.count, place = nn_words_add(&texts->words, &texts->tokenizer, &token);
		if (place < 0 || nn_reserve(&texts->counts, before, &texts->count_capacity, sizeof *texts->counts)) return 1;
		if (place == before) texts->counts[place] = 0;
		texts->counts[place]++;
		length++;
	}
	if (nn_reserve(&texts->lengths, texts->samples, &texts->length_capacity, sizeof *texts->lengths)) return 1;
	texts->lengths[texts->samples++] = (double)length;
	texts->tokens += length;
	return 0;
}

/* The text of a file in the encoding that was given or guessed (once, of the first file). */
static int open_text(const ScanOptions *options, Texts *texts, nn_text *out, const char *path, char **text, size_t *length)
{
	uint8_t *bytes;
	char why[NN_WHY];
	const char *reason = "as said";
	if (nn_slurp(path, 0, &bytes, length, why)) {
		nn_error("%s: %s", path, why);
		return 1;
	}
	const char *encoding = options->encoding ? options->encoding : scan_encoding(bytes, *length, &reason);
	if (strncmp(encoding, "utf-16", 6) != 0 && memchr(bytes, 0, *length) != NULL) {
		nn_error("%s: holds zero bytes, so it is no text", path);
		free(bytes);
		return 1;
	}
	int wider = texts->encoding != NULL && strcmp(texts->encoding, "utf-8") == 0 && strcmp(encoding, "utf-8") != 0;
	if (texts->encoding == NULL || wider) {
		texts->encoding = encoding;
		nn_text_add(out, "# %s: encoding %s: %s\n", path, encoding, reason);
	}
	texts->bytes += (int64_t)*length;
	int failed = nn_decode(path, encoding, 1, bytes, *length, text, length);
	free(bytes);
	return failed;
}

/* One sample a line, but for empty lines. */
static int add_lines(Texts *texts, const char *text, size_t length)
{
	const char *end = text + length;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		if (stop == NULL) stop = end;
		const char *last = stop > text && stop[-1] == '\r' ? stop - 1 : stop;
		if (last > text && add_sample(texts, text, last)) return 1;
		text = stop + 1;
	}
	return 0;
}

static int write_vocabulary(const char *path, const Words *words, const int64_t *order, int64_t count)
{
	FILE *file = fopen(path, "w");
	int failed = file == NULL;
	for (int64_t i = 0; i < count && !failed; i++) {
		const char *word = words->text + words->at[order[i]];
		for (; *word && !failed; word++) {
			if (*word == '\n' || *word == '\\') failed = fputs(*word == '\n' ? "\\n" : "\\\\", file) < 0;
			else failed = putc((unsigned char)*word, file) == EOF;
		}
		failed = failed || putc('\n', file) == EOF;
	}
	if (file != NULL) failed |= fclose(file) != 0;
	if (failed) nn_error("%s: can't be written", path);
	return failed;
}

/* Lengths, the vocabulary, and the part of `source:` that follows. stream: one text, no samples. */
static int print_texts(const ScanOptions *options, Texts *texts, nn_text *out, int stream)
{
	const char *kind = nn_token_kinds[texts->tokenizer.kind];
	int64_t *order = malloc(sizeof *order * ((size_t)texts->words.count + 1)), room = texts->words.count;
	if (order == NULL) {
		nn_error("out of memory");
		return 1;
	}
	nn_words_commonest(&texts->words, texts->counts, room, order);
	nn_text_add(out, "# %lld %s, %lld distinct", (long long)texts->tokens, kind, (long long)texts->words.count);
	int64_t once = 0;
	for (int64_t i = 0; i < texts->words.count; i++) once += texts->counts[i] == 1;
	nn_text_add(out, ", %lld of them once", (long long)once);
	if (!stream)
		nn_text_add(out, "; a sample has %g to %g, in the middle %g, 95 %% have at most %g", scan_quantile(texts->lengths, texts->samples, 0),
			    scan_quantile(texts->lengths, texts->samples, 1), scan_quantile(texts->lengths, texts->samples, 0.5),
			    scan_quantile(texts->lengths, texts->samples, 0.95));
	nn_text_add(out, "\n");
	if (texts->tokenizer.kind == NN_WORDS && room > MOST_WORDS) room = MOST_WORDS;
	int64_t length = stream ? 64 : (int64_t)scan_quantile(texts->lengths, texts->samples, 1);
	nn_text_add(out, "data:\n  source: {type: text, tokens: %s, encoding: %s, sequence_length: %lld, vocabulary: ",
		    kind, texts->encoding, (long long)(length < 1 ? 1 : length));
	int failed = 0;
	if (options->vocabulary) {
		failed = write_vocabulary(options->vocabulary, &texts->words, order, room);
		nn_text_add(out, "{file: ");
		scan_word(out, options->vocabulary);
		nn_text_add(out, ", size: %lld}", (long long)room + NN_FIRST_TOKEN);
	} else
		nn_text_add(out, "%lld", (long long)room + NN_FIRST_TOKEN);
	nn_text_add(out, "}\n");
	free(order);
	return failed;
}

static void begin(const ScanOptions *options, Texts *texts, nn_token_kind otherwise)
{
	nn_token_kind kind = (nn_token_kind)scan_token_kind(options, otherwise);
	*texts = (Texts){.tokenizer = {kind, kind == NN_WORDS ? NN_LOWER_AND_STRIP : NN_STANDARDIZE_NONE}};
}

static void end(Texts *texts, nn_text *out)
{
	nn_words_free(&texts->words);
	free(texts->counts);
	free(texts->lengths);
	nn_text_free(out);
}

/* The file's name without its ending; where files differ in the ending only, the ending. */
static const char *class_name(const ScanOptions *options, int i, char buffer[256])
{
	const char *slash = strrchr(options->paths[i], '/'), *name = slash ? slash + 1 : options->paths[i], *dot = strrchr(name, '.');
	for (int j = 0; j < options->path_count && dot && dot[1]; j++) {
		const char *other = strrchr(options->paths[j], '/');
		other = other ? other + 1 : options->paths[j];
		if (j != i && strncmp(other, name, (size_t)(dot - name) + 1) == 0) return dot + 1;
	}
	snprintf(buffer, 256, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
	return buffer;
}

int scan_text(const ScanOptions *options)
{
	Texts texts;
	nn_text out = {0}, files = {0};
	char name[256];
	int many = options->path_count > 1, failed = 0;
	begin(options, &texts, many ? NN_WORDS : NN_CHARACTERS);
	for (int i = 0; i < options->path_count && !failed; i++) {
		char *text;
		size_t length;
		int64_t before = texts.samples;
		failed = open_text(options, &texts, &out, options->paths[i], &text, &length);
		if (failed) break;
		failed = many ? add_lines(&texts, text, length) : add_sample(&texts, text, text + length);
		free(text);
		if (many) nn_text_add(&out, "# %s: %lld lines\n", options->paths[i], (long long)(texts.samples - before));
		nn_text_add(&files, i ? ", " : "");
		scan_word(&files, class_name(options, i, name));
		nn_text_add(&files, ": ");
		scan_word(&files, options->paths[i]);
	}
	failed = failed || print_texts(options, &texts, &out, !many);
	if (!failed && many) nn_text_add(&out, "  train: {files: {%s}}\n  split: {validation: 0.1, test: 0.1}\n", files.data);
	if (!failed && !many) {
		nn_text_add(&out, "  train: {file: ");
		scan_word(&out, options->paths[0]);
		nn_text_add(&out, "}\n  split: {validation: 0.1, test: 0.1}\n");
	}
	if (!failed) failed = scan_print(&out);
	nn_text_free(&files);
	end(&texts, &out);
	return failed;
}

/* One folder of files of a class. */
static int add_folder(const ScanOptions *options, Texts *texts, nn_text *out, const char *folder)
{
	FileList list = {.all = 1};
	int failed = nn_walk(folder, &list);
	for (int64_t i = 0; i < list.count && !failed; i++) {
		char *text;
		size_t length;
		failed = open_text(options, texts, out, list.items[i].path, &text, &length);
		if (failed) break;
		failed = add_sample(texts, text, text + length);
		free(text);
	}
	if (!failed) nn_text_add(out, "# %s: %lld files\n", folder, (long long)list.count);
	nn_file_list_free(&list);
	return failed;
}

static int add_classes(const ScanOptions *options, Texts *texts, nn_text *out, const char *path)
{
	char **names = NULL;
	int count = 0, failed = nn_subfolders(path, &names, &count);
	if (!failed && count == 0) {
		nn_error("%s: no folders in it; texts want one folder of files for each class, or give the files themselves, one for each class", path);
		failed = 1;
	}
	for (int c = 0; c < count; c++) {
		char *folder = failed ? NULL : nn_join(path, names[c]);
		failed = folder == NULL || add_folder(options, texts, out, folder);
		free(folder);
		free(names[c]);
	}
	free(names);
	return failed;
}

int scan_text_folder(const ScanOptions *options, const char *path)
{
	Texts texts;
	nn_text out = {0};
	char *folders[3];
	int failed = 0, given = 0;
	begin(options, &texts, NN_WORDS);
	for (int s = 0; s < 3; s++) folders[s] = scan_split_folder(path, s);
	for (int s = 0; s < 3 && !failed && folders[0]; s++)
		if (folders[s]) failed = add_classes(options, &texts, &out, folders[s]);
	if (!folders[0]) failed = add_classes(options, &texts, &out, path);
	failed = failed || print_texts(options, &texts, &out, 0);
	for (int s = 0; s < 3 && !failed; s++) {
		const char *folder = folders[0] ? folders[s] : s == 0 ? path : NULL;
		if (folder == NULL) continue;
		nn_text_add(&out, "  %s: {directory: ", scan_split_keys[s]);
		scan_word(&out, folder);
		nn_text_add(&out, "}\n");
		given |= 1 << s;
	}
	if (!failed && given != 7)
		nn_text_add(&out, "  split: {%s%s%s}\n", given & 2 ? "" : "validation: 0.1", (given & 6) ? "" : ", ", given & 4 ? "" : "test: 0.1");
	if (!failed) failed = scan_print(&out);
	for (int s = 0; s < 3; s++) free(folders[s]);
	end(&texts, &out);
	return failed;
}
