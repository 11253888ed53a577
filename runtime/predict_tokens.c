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

void nn_tokens_text(nn_text *text, const nn_data_source *source, const nn_names *vocabulary, const int *ids, int count) {
	int any = 0;
	char byte;
	for (int i = 0; i < count; i++) {
		const char *token;
		if (ids[i] == NN_PADDING && (any || source->padding == NN_POST)) break;
		if (ids[i] == NN_PADDING) continue;
		if (any++ && source->tokens == NN_WORDS) nn_text_add(text, " ");
		size_t length = nn_token_text(vocabulary, ids[i], &byte, &token);
		if (length) nn_text_bytes(text, token, length);
		else nn_text_add(text, "[UNK]");
	}
}
