/* predict_tokens.h: predictions that are tokens of a vocabulary, as text. */
#ifndef NN_PREDICT_TOKENS_H
#define NN_PREDICT_TOKENS_H
#include "nn.h"
#include "text.h"

/* Whether a field of the data is rows of ids of a vocabulary; -1 is none. */
int nn_is_tokens(const nn_model *model, int field);
/* The text of (count) ids of a source's vocabulary: words with blanks between, characters and bytes side by side. Padding ends it,
 * or where the source pads the beginning precedes it; an unknown token is [UNK], as Keras has it. vocabulary: the tokens by their ids,
 * NULL of bytes. */
void nn_tokens_text(nn_text *text, const nn_data_source *source, const nn_names *vocabulary, const int *ids, int count);

#endif
