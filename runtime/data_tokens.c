/* data_tokens.c: in: text in UTF-8 (or bytes); out: its tokens, one after the other, and the different ones among them.
 * Follows Keras's TextVectorization: standardize lowers the letters A to Z and takes ASCII punctuation away, before words are
 * split at ASCII white space.
 * Invariant: nothing is copied but into Words; a token's hash depends on its standardized bytes only. */
#include <stdlib.h>
#include <string.h>
#include "data_text.h"

enum { FIRST_SLOTS = 1024 };

const char *const nn_token_kinds[] = {"words", "characters", "bytes", NULL};

static int is_white(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int is_punctuation(unsigned char c)
{
	return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static int strips(nn_standardize standardize)
{
	return standardize == NN_STRIP_PUNCTUATION || standardize == NN_LOWER_AND_STRIP;
}

static int lowers(nn_standardize standardize)
{
	return standardize == NN_LOWER || standardize == NN_LOWER_AND_STRIP;
}

/* What a byte becomes; -1: nothing. */
static int standard(nn_standardize standardize, unsigned char c)
{
	if (c >= 'A' && c <= 'Z') return lowers(standardize) ? c + 'a' - 'A' : c;
	return strips(standardize) && is_punctuation(c) ? -1 : c;
}

/* FNV-1a, then mixed (the end of splitmix64) so that any of its bits may choose a slot. */
static uint64_t mix(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
	return hash ^ hash >> 31;
}

static void measure(nn_standardize standardize, Token *token)
{
	token->hash = 0xcbf29ce484222325u;
	token->length = 0;
	for (size_t i = 0; i < token->span; i++) {
		int c = standard(standardize, (unsigned char)token->text[i]);
		if (c < 0) continue;
		token->hash = (token->hash ^ (uint64_t)c) * 0x100000001b3u;
		token->length++;
	}
	token->hash = mix(token->hash);
}

uint64_t nn_token_hash(const char *text, size_t length)
{
	Token token = {.text = text, .span = length};
	measure(NN_STANDARDIZE_NONE, &token);
	return token.hash;
}

/* Bytes of the character that begins with c. */
static size_t character_size(unsigned char c)
{
	return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

int nn_next_token(const Tokenizer *tokenizer, const char **at, const char *end, Token *token)
{
	for (const char *from = *at; from < end; from = *at) {
		size_t left = (size_t)(end - from), span = 1;
		if (tokenizer->kind == NN_CHARACTERS) span = character_size((unsigned char)*from);
		if (tokenizer->kind == NN_WORDS) {
			if (is_white((unsigned char)*from)) {
				++*at;
				continue;
			}
			while (span < left && !is_white((unsigned char)from[span])) span++;
		}
		if (span > left) span = left;
		*at = from + span;
		*token = (Token){.text = from, .span = span};
		measure(tokenizer->standardize, token);
		if (token->length > 0) return 1;
	}
	return 0;
}

/* Writes the token's length bytes. */
static void write_token(const Tokenizer *tokenizer, const Token *token, char *out)
{
	for (size_t i = 0; i < token->span; i++) {
		int c = standard(tokenizer->standardize, (unsigned char)token->text[i]);
		if (c >= 0) *out++ = (char)c;
	}
}

static int grow_slots(Words *words)
{
	if ((size_t)words->count * 2 < words->slot_count) return 0;
	size_t wanted = words->slot_count ? words->slot_count * 2 : FIRST_SLOTS;
	uint32_t *slots = calloc(wanted, sizeof *slots);
	if (slots == NULL || words->count >= UINT32_MAX - 1) {
		free(slots);
		return 1;
	}
	for (int64_t i = 0; i < words->count; i++) {
		size_t slot = words->hashes[i] & (wanted - 1);
		while (slots[slot]) slot = (slot + 1) & (wanted - 1);
		slots[slot] = (uint32_t)(i + 1);
	}
	free(words->slots);
	words->slots = slots;
	words->slot_count = wanted;
	return 0;
}

static int reserve_text(Words *words, size_t length)
{
	if (words->size + length <= words->capacity) return 0;
	size_t wanted = (words->capacity + length) * 2;
	char *grown = realloc(words->text, wanted);
	if (grown == NULL) return 1;
	words->text = grown;
	words->capacity = wanted;
	return 0;
}

/* 64 bits of hash decide what is equal: of a million different words two are alike once in 40 million texts. */
int64_t nn_words_add(Words *words, const Tokenizer *tokenizer, const Token *token)
{
	if (grow_slots(words)) return -1;
	size_t slot = token->hash & (words->slot_count - 1);
	for (; words->slots[slot]; slot = (slot + 1) & (words->slot_count - 1))
		if (words->hashes[words->slots[slot] - 1] == token->hash) return words->slots[slot] - 1;
	if (reserve_text(words, token->length + 1) ||
	    nn_reserve(&words->at, words->count, &words->at_capacity, sizeof *words->at) ||
	    nn_reserve(&words->hashes, words->count, &words->hash_capacity, sizeof *words->hashes))
		return -1;
	words->at[words->count] = (int64_t)words->size;
	words->hashes[words->count] = token->hash;
	write_token(tokenizer, token, words->text + words->size);
	words->text[words->size + token->length] = 0;
	words->size += token->length + 1;
	words->slots[slot] = (uint32_t)++words->count;
	return words->count - 1;
}

int64_t nn_words_add_text(Words *words, const char *text)
{
	const Tokenizer as_it_is = {NN_BYTES, NN_STANDARDIZE_NONE};
	Token token = {.text = text, .span = strlen(text), .length = strlen(text)};
	token.hash = nn_token_hash(text, token.span);
	return nn_words_add(words, &as_it_is, &token);
}

void nn_words_free(Words *words)
{
	free(words->text);
	free(words->at);
	free(words->hashes);
	free(words->slots);
	*words = (Words){0};
}
