/* Input: a network. Output: which kind of things it makes by itself.
 * Invariant: a network makes one kind. */
#include "generate.h"
#include "making.h"

static const nn_generator generators[] = {
        {"texts", nn_can_write, nn_generate_texts},
        {"pictures", nn_can_make, nn_generate_pictures},
};

const nn_generator *nn_generator_of(const nn_model *model) {
	for (size_t i = 0; i < sizeof generators / sizeof *generators; i++)
		if (generators[i].can(model)) return &generators[i];
	return NULL;
}
