/* commands.h: the commands that look at a model without training it. */
#ifndef NN_COMMANDS_H
#define NN_COMMANDS_H
#include "nn.h"
#include "text.h"

/* info: Keras's summary, parameters, bytes, programs; as a table or as JSON. Returns the exit code. */
int nn_info(const nn_model *model, int json);
void nn_info_text(nn_text *text, const nn_model *model);
/* bench: median and minimum of so many calls of each program on random inputs. Returns the exit code. */
int nn_bench(const nn_model *model, int steps, int threads, int json);
/* selftest: the model against itself and against reference, its f64 build with gradients (NULL: none). 0: all passed.
 */
int nn_selftest(const nn_model *model, const nn_model *reference, int threads);

/* Random inputs for a program: images and features uniform in [0, 1), labels that its loss understands. */
void nn_random_inputs(const nn_model *model, const nn_program *program, void *work, uint64_t seed);

#endif
