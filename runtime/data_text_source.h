/* data_text_source.h: what an open source of text holds; shared by the files data_text*.c. */
#ifndef NN_DATA_TEXT_SOURCE_H
#define NN_DATA_TEXT_SOURCE_H
#include "data_folder.h"
#include "data_text.h"

/* The parts of the kind `text`, as the compiler's table has them; what stands between paths of a spec's `files:`. */
enum { NN_TEXT_TOKENS, NN_TEXT_LABEL, NN_TEXT_LENGTH, NN_TEXT_NEXT };
enum { NN_BETWEEN_FILES = '\n' };

typedef struct Sample {
	int64_t from, count; /* tokens */
	int64_t line; /* 0: the whole file */
	int64_t file;
	char *label; /* the name of its class, NULL: it has none */
	char *group, *key; /* of a table: samples of one group stay in one split; a key joins sources; NULL: it has none */
	double target; /* or a number */
} Sample;

typedef struct Texts {
	const nn_data_source *spec;
	const char *encoding; /* NULL: bytes */
	const char *group, *key; /* columns of a table, NULL: none */
	int joined; /* other tables may have the group */
	Tokenizer tokenizer;
	const nn_tensor *table; /* the vocabulary in the state; NULL: every byte has its id */
	Words words; /* all that occur */
	uint32_t *tokens; /* places in words */
	int64_t token_count, token_capacity;
	Sample *samples;
	int64_t sample_count, sample_capacity;
	char **files;
	int64_t file_count, file_capacity;
	int stream; /* samples are windows of one text */
	const char *checked[NN_SPLITS]; /* splits: what was said of their characters is not said again */
} Texts;

/* Names the file that the samples added next come from. 0 or 1. */
int nn_text_begin_file(Texts *texts, const char *path);
/* The text from at to end as one sample, or where it is a sequence of its own as several, one after the other. line: of its file, 0: it is the whole file; class NULL: none. 0, or 1: out of memory. */
int nn_text_add_sample(Texts *texts, const char *at, const char *end, int64_t line, const char *class, double target);
/* The rows of a csv file: the column of texts; if they are of a split, the group; the label if wanted. 0, or 1 after an error. */
int nn_text_add_table(Texts *texts, const char *path, int split, int labels, int classed);
int64_t nn_text_id(const Source *source, const void *state, uint32_t word);
/* table NULL: every byte has its id. */
int64_t nn_token_id(const nn_model *model, const void *state, const nn_tensor *table, const Token *token);
/* The other way: the bytes that an id stands for, 0: none, as padding and the unknown token do. vocabulary: tokens by their ids, NULL of
 * bytes; byte: room for one. */
size_t nn_token_text(const nn_names *vocabulary, int id, char *byte, const char **text);
const nn_tensor *nn_vocabulary_table(const nn_model *model, int source);

/* Learns the vocabulary from the training rows, or takes the spec's, and writes it to the state. 0, or 1 after an error. */
int nn_text_fit(const nn_dataset *train, void *state);
/* Says which characters of a set the vocabulary does not hold. */
void nn_text_check(const nn_dataset *set, const void *state);
/* Its only vocabulary; see nn_data_vocabularies. */
nn_names *nn_text_vocabulary(const Source *source, const void *state, int *count);

#endif
