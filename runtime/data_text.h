/* data_text.h: what the files of the source `text` share: decoding, tokens, and the words of a source with their numbers.
 * A token is a string of bytes: a word, a character in UTF-8, or a byte. Its id is its place in the vocabulary; 0 is
 * padding, 1 a token that the vocabulary does not hold. */
#ifndef NN_DATA_TEXT_H
#define NN_DATA_TEXT_H
#include "data_internal.h"

enum { NN_PADDING, NN_UNKNOWN, NN_FIRST_TOKEN }; /* ids */
#define NN_END_OF_TEXT "\n" /* the token that texts of their own begin with, and end by */

/* The bytes of a file in an encoding, as UTF-8 that ends with 0 and begins with no byte order mark; free with free. 0, or 1
 * after an error, which names the line. named: the spec says which encoding it is, and can say another. */
int nn_decode(const char *path, const char *encoding, int named, const uint8_t *bytes, size_t size, char **text, size_t *length);
/* The same of a whole file; encoding NULL: the bytes as they are. */
int nn_read_text(const char *path, const char *encoding, char **text, size_t *length);

extern const char *const nn_token_kinds[]; /* as specs name them, by nn_token_kind; ends with NULL */

typedef struct Tokenizer {
	nn_token_kind kind;
	nn_standardize standardize;
} Tokenizer;

/* text, span: where it stands; length: bytes that are left of it when capitals and punctuation are gone; hash: of those. */
typedef struct Token {
	const char *text;
	size_t span, length;
	uint64_t hash;
} Token;

/* The next token from *at to end; moves *at behind it. 1, or 0: there is none. */
int nn_next_token(const Tokenizer *tokenizer, const char **at, const char *end, Token *token);
uint64_t nn_token_hash(const char *text, size_t length);

/* Different tokens, in the order in which they came. */
typedef struct Words {
	char *text; /* their bytes, one after the other, each ended by 0 */
	size_t size, capacity;
	int64_t *at; /* (count) where each begins */
	uint64_t *hashes; /* (count) */
	int64_t count, at_capacity, hash_capacity;
	uint32_t *slots; /* (slot_count) place + 1, 0: empty */
	size_t slot_count; /* a power of two */
} Words;

/* The place of a token among the words; it is added if it is new. -1: out of memory. */
int64_t nn_words_add(Words *words, const Tokenizer *tokenizer, const Token *token);
int64_t nn_words_add_text(Words *words, const char *text); /* a token as it is */
void nn_words_free(Words *words);

/* The commonest words first, as many as there is room for: places of words into order. Of words that are equally common the
 * last in the order of bytes is first, as Keras's TextVectorization.adapt has it. counts (words->count), 0: not one of them.
 * Returns how many; -1 out of memory. */
int64_t nn_words_commonest(const Words *words, const int64_t *counts, int64_t room, int64_t *order);

/* The table of ids in the state; see nn.h. */
int64_t nn_vocabulary_find(const nn_model *model, const void *state, const nn_tensor *table, uint64_t hash);
/* 0, or 1: a token of the same hash is there already. */
int nn_vocabulary_put(const nn_model *model, void *state, const nn_tensor *table, uint64_t hash, int64_t id);

#endif
