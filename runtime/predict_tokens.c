/* Input: ids of a vocabulary. Output: their text.
 * Invariant: a text whose tokens all have ids comes back as it was standardized, with one blank between words. */
#include <string.h>
#include "data_text_source.h"
#include "predict_tokens.h"

int nn_is_tokens(const nn_model *model, int field) {
	const nn_data_field *f = field < 0 ? NULL : &model->data.fields[field];
	if (!f || f->source < 0 || strcmp(model->data.sources[f->source].type, "text")) return 0;
	return f->part == NN_TEXT_TOKENS || f->part == NN_TEXT_NEXT;
}

static const char *token_of(const nn_data_source *source, char *const *vocabulary, int count, int id, char byte[2]) {
	byte[0] = (char)(id - NN_FIRST_TOKEN), byte[1] = 0;
	if (id == NN_UNKNOWN) return "[UNK]";
	if (vocabulary && id < count && vocabulary[id][0]) return vocabulary[id];
	return source->tokens == NN_BYTES ? byte : "[UNK]";
}

void nn_tokens_text(nn_text *text, const nn_data_source *source, char *const *vocabulary, int vocabulary_count, const int *ids, int count) {
	int any = 0;
	char byte[2];
	for (int i = 0; i < count; i++) {
		if (ids[i] == NN_PADDING && (any || source->padding == NN_POST)) break;
		if (ids[i] == NN_PADDING) continue;
		if (any++ && source->tokens == NN_WORDS) nn_text_add(text, " ");
		nn_text_add(text, "%s", token_of(source, vocabulary, vocabulary_count, ids[i], byte));
	}
}
