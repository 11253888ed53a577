/* generate_text.c: in: a checkpoint, a prompt; out: texts, token by token. A network that has a program `generate` is run one step at a
 * time, its states carried on; any other reads its last sequence_length tokens anew for each.
 * Invariant: a token that the vocabulary has no text for is never chosen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "data_text_source.h"
#include "file.h"
#include "generate.h"
#include "interrupt.h"
#include "model.h"
#include "nn_random.h"
#include "text.h"

enum { STREAM_GENERATE = 0x67656e65 };

typedef struct Writer {
	const nn_model *model;
	const nn_generate_options *options;
	const nn_data_source *spec; /* of the texts */
	const nn_program *program;
	int stepping; /* it runs step by step */
	nn_memory memory;
	const nn_field *x, *y;
	int classes; /* of the output: ids */
	const nn_tensor *table;
	nn_names *vocabularies; /* of the sources of the checkpoint */
	int vocabulary_count;
	const nn_names *vocabulary; /* that of the texts; NULL: bytes */
	char *begin, *stop; /* what the options say, their escapes read; "": nothing */
	int64_t *prompt; /* ids, the beginning of a text first */
	int64_t prompt_count, prompt_capacity;
	int64_t *window; /* the last tokens, of a network that reads them anew */
	int64_t window_count;
	double *shares;
	int *room;
	nn_text text;
} Writer;

/* The source of the texts whose next token is predicted; NULL: there is none. */
static const nn_data_source *find_source(const nn_model *model) {
	int label = model->output_count == 1 ? model->outputs[0].label : -1;
	const nn_data_field *field = label < 0 ? NULL : &model->data.fields[label];
	const nn_data_source *spec = field && field->source >= 0 ? &model->data.sources[field->source] : NULL;
	return spec && !strcmp(spec->type, "text") && field->part == NN_TEXT_NEXT ? spec : NULL;
}

int nn_can_write(const nn_model *model) { return find_source(model) != NULL; }

static int64_t id_of(const Writer *w, const Token *token) { return nn_token_id(w->model, w->memory.state, w->table, token); }

static int add_prompt(Writer *w, int64_t id) {
	if (nn_reserve(&w->prompt, w->prompt_count, &w->prompt_capacity, sizeof *w->prompt)) return nn_error("out of memory"), 1;
	w->prompt[w->prompt_count++] = id;
	return 0;
}

/* A token of the prompt that has no id. 0: a word, which is read as unknown; 1: an error. */
static int report_unknown(const Token *token, nn_token_kind kind, long long position) {
	int length = token->span > 60 ? 60 : (int)token->span;
	if (kind == NN_WORDS)
		return nn_note("--prompt: word %lld, \"%.*s\", is not in the vocabulary and is read as unknown", position, length, token->text), 0;
	nn_error("--prompt: character %lld, \"%.*s\", is not in the vocabulary: training has never seen it", position, length, token->text);
	return 1;
}

static int read_prompt(Writer *w) {
	const char *given = w->begin;
	Tokenizer tokenizer = {w->spec->tokens, w->spec->standardize};
	char *text = NULL;
	size_t length;
	if (w->spec->tokens != NN_BYTES && nn_decode("--prompt", "utf-8", 0, (const uint8_t *)given, strlen(given), &text, &length)) return 1;
	const char *at = text ? text : given, *end = at + strlen(at);
	int failed = 0;
	Token token;
	for (long long position = 1; !failed && nn_next_token(&tokenizer, &at, end, &token); position++) {
		int64_t id = id_of(w, &token);
		failed = (id == NN_UNKNOWN && report_unknown(&token, w->spec->tokens, position)) || add_prompt(w, id);
	}
	free(text);
	return failed;
}

static int64_t id_of_byte(const Writer *w, const char *byte) {
	Token token = {.text = byte, .span = 1, .length = 1, .hash = nn_token_hash(byte, 1)};
	return id_of(w, &token);
}

/* A text begins behind an end of line, if the vocabulary has one; also the text of a prompt that does not begin with it. */
static int make_prompt(Writer *w) {
	int64_t end = id_of_byte(w, NN_END_OF_TEXT);
	if ((end != NN_UNKNOWN && add_prompt(w, end)) || read_prompt(w)) return 1;
	if (w->prompt_count > 1 && w->prompt[0] == end && w->prompt[1] == end)
		memmove(w->prompt, w->prompt + 1, sizeof *w->prompt * (size_t)--w->prompt_count);
	if (w->prompt_count) return 0;
	nn_error("--prompt %s: the vocabulary has no end of line, which a text could begin behind", *w->begin ? "holds no token" : "TEXT is missing");
	return 1;
}

/* \n, \t and \\ are escapes; where the vocabulary has a backslash (as that of molecules has) only a text that is \n by itself.
 * NULL: out of memory. */
static char *read_escapes(const Writer *w, const char *given) {
	char *text = strdup(given ? given : ""), *to = text;
	if (!text || (strcmp(text, "\\n") && id_of_byte(w, "\\") != NN_UNKNOWN)) return text;
	for (const char *at = text; *at; at++) {
		int known = at[0] == '\\' && at[1] && strchr("nt\\", at[1]) != NULL;
		if (known) at++;
		*to++ = !known || *at == '\\' ? *at : *at == 'n' ? '\n' : '\t';
	}
	*to = 0;
	return text;
}

static int read_texts(Writer *w) {
	w->begin = read_escapes(w, w->options->prompt);
	w->stop = read_escapes(w, w->options->stop);
	return !w->begin || !w->stop ? (nn_error("out of memory"), 1) : 0;
}

/* --- one token ------------------------------------------------------------------------------------------------------ */

/* What the network makes of one more token; the place of its output: a row of shares, from this number on. */
static size_t read_token(Writer *w, int64_t id, nn_call *call) {
	char *x = (char *)w->memory.work + w->x->offset;
	int64_t length = (int64_t)w->x->count, place = 0;
	if (w->stepping) nn_number_set(w->model, x, 0, (double)id);
	else {
		if (w->window_count == length) memmove(w->window, w->window + 1, sizeof *w->window * (size_t)--w->window_count);
		w->window[w->window_count++] = id;
		int64_t before = w->spec->padding == NN_PRE ? length - w->window_count : 0;
		for (int64_t i = 0; i < length; i++) {
			int inside = i >= before && i < before + w->window_count;
			nn_number_set(w->model, x, (size_t)i, inside ? (double)w->window[i - before] : NN_PADDING);
		}
		place = before + w->window_count - 1;
	}
	w->program->run(w->memory.state, w->memory.work, call);
	return (size_t)place * (size_t)w->classes;
}

/* The next token, of the shares in the output; -1: it holds no number. */
static int choose(Writer *w, size_t from, int text, int position) {
	const char *y = (const char *)w->memory.work + w->y->offset, *token;
	char byte;
	for (int i = 0; i < w->classes; i++) {
		double value = nn_number(w->model, y, from + (size_t)i);
		w->shares[i] = !nn_token_text(w->vocabulary, i, &byte, &token) ? -INFINITY : w->model->outputs[0].logits ? value : log(value);
	}
	nn_philox bits = nn_philox_at(w->options->seed, (uint64_t)position, STREAM_GENERATE, (uint32_t)text, 0);
	double uniform = nn_unit(bits.lane[0]) + nn_unit(bits.lane[1]) * 0x1p-24;
	return nn_sample(&w->options->sampling, w->shares, w->classes, w->room, uniform);
}

/* --- texts ---------------------------------------------------------------------------------------------------------- */

static void write_token(Writer *w, size_t start, int id) {
	const char *token;
	char byte;
	size_t length = nn_token_text(w->vocabulary, id, &byte, &token);
	int first = w->text.length == start || w->text.data[w->text.length - 1] == '\n';
	if (w->spec->tokens == NN_WORDS && !first && strcmp(token, NN_END_OF_TEXT)) nn_text_bytes(&w->text, " ", 1);
	nn_text_bytes(&w->text, token, length);
}

static int ends(Writer *w, size_t from, const char *stop) {
	size_t length = strlen(stop);
	if (!length || w->text.failed || w->text.length - from < length || memcmp(w->text.data + w->text.length - length, stop, length)) return 0;
	w->text.data[w->text.length -= length] = 0;
	return 1;
}

/* Does what was written behind `from` end with the stop, or a text of its own with its end? Then that is taken away. */
static int stops(Writer *w, size_t from) {
	return ends(w, from, w->stop) || (w->spec->ended && ends(w, from, NN_END_OF_TEXT));
}

/* The prompt as it was given; of words a space comes between it and what follows. */
static void write_prompt(Writer *w) { nn_text_bytes(&w->text, w->begin, strlen(w->begin)); }

static int write_text(Writer *w, int number) {
	nn_call call = {.rows = 1, .threads = w->options->threads, .seed = w->options->seed};
	size_t start = w->text.length, from = 0;
	if (w->stepping) nn_model_reset(w->model, &w->memory, w->options->threads);
	w->window_count = 0;
	for (int64_t i = 0; i < w->prompt_count; i++) from = read_token(w, w->prompt[i], &call);
	write_prompt(w);
	size_t made = w->text.length;
	for (int i = 0; i < w->options->length; i++) {
		int id = choose(w, from, number, i);
		if (id < 0) return nn_error("%s: what the network gives is no number", w->options->weights), 1;
		write_token(w, start, id);
		if (stops(w, made)) break;
		if (nn_interrupted()) return NN_EXIT_INTERRUPTED;
		if (i + 1 < w->options->length) from = read_token(w, id, &call);
	}
	return 0;
}

static int text_count(const Writer *w) { return w->options->count ? w->options->count : 1; }

static int write_all(Writer *w) {
	int lines = w->spec->ended || !strcmp(w->stop, "\n"), result = 0;
	for (int i = 0; i < text_count(w) && !result; i++) {
		if (i && !lines) nn_text_add(&w->text, "----------------\n");
		result = write_text(w, i);
		if (lines || !w->text.length || w->text.data[w->text.length - 1] != '\n') nn_text_add(&w->text, "\n");
	}
	return result;
}

static int write_output(const Writer *w) {
	char error[NN_ERROR];
	const char *data = w->text.data ? w->text.data : "";
	if (w->text.failed) return nn_error("out of memory"), 1;
	if (w->options->output) return nn_file_replace(w->options->output, data, w->text.length, error) ? (nn_error("%s", error), 1) : 0;
	if (fwrite(data, 1, w->text.length, stdout) == w->text.length && !fflush(stdout)) return 0;
	return nn_error("standard output can't be written"), 1;
}

static int open_program(Writer *w) {
	const nn_model *model = w->model;
	w->program = nn_program_find(model, "generate");
	w->stepping = w->program != NULL;
	if (!w->stepping) w->program = nn_program_find(model, "predict");
	w->x = w->program && w->program->input_count == 1 ? &w->program->inputs[0] : NULL;
	w->y = w->program ? nn_output_find(w->program, model->outputs[0].name) : NULL;
	if (!w->x || !w->y || w->y->rank != 2 || w->y->count % w->x->count)
		return nn_error("%s: generate is for networks that read tokens and give a share for each id at each of them", model->name), 1;
	w->classes = (int)w->y->shape[w->y->rank - 1];
	w->window = calloc(w->x->count + 1, sizeof *w->window);
	w->shares = calloc((size_t)w->classes + 1, sizeof *w->shares);
	w->room = calloc((size_t)w->classes + 1, sizeof *w->room);
	return !w->window || !w->shares || !w->room ? (nn_error("out of memory"), 1) : 0;
}

static int open_writer(Writer *w, const nn_safetensors *file) {
	const nn_model *model = w->model;
	char error[NN_ERROR];
	if (nn_memory_open(&w->memory, model, model->state_count, model->work_bytes)) return 1;
	if (nn_checkpoint_read(file, model, w->memory.state, model->inference_count, error)) return nn_error("%s", error), 1;
	w->table = nn_vocabulary_table(model, (int)(w->spec - model->data.sources));
	w->vocabularies = nn_checkpoint_vocabularies(file, model, &w->vocabulary_count);
	for (int i = 0; i < w->vocabulary_count && w->table; i++)
		if (!strcmp(w->vocabularies[i].key, w->spec->name ? w->spec->name : "")) w->vocabulary = &w->vocabularies[i];
	if (w->table && !w->vocabulary) return nn_error("%s: holds no vocabulary", file->path), 1;
	return open_program(w) || read_texts(w) || make_prompt(w);
}

static void close_writer(Writer *w) {
	nn_memory_close(&w->memory);
	nn_checkpoint_free_names(w->vocabularies, w->vocabulary_count);
	nn_text_free(&w->text);
	free(w->begin), free(w->stop), free(w->prompt), free(w->window), free(w->shares), free(w->room);
}

int nn_generate_texts(const nn_model *model, const nn_generate_options *options) {
	Writer w = {.model = model, .options = options, .spec = find_source(model)};
	char error[NN_ERROR];
	nn_safetensors file;
	sigset_t before;
	if (nn_safetensors_open(&file, options->weights, error)) return nn_error("%s", error), 1;
	nn_interrupts_block(&before);
	int result = open_writer(&w, &file);
	if (!result) result = write_all(&w);
	if (!result || result == NN_EXIT_INTERRUPTED) result = write_output(&w) ? 1 : result;
	close_writer(&w);
	nn_safetensors_close(&file);
	nn_interrupts_restore(&before);
	return result;
}
