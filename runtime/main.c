/* Input: a command line. Output: an exit code. Compiled once for each model: -DNN_MODEL=NAME_model, and where there is
 * one -DNN_REFERENCE=NAME_reference_model, the same spec in double precision with its gradients. */
#include "nn.h"

extern const nn_model NN_MODEL;
#ifdef NN_REFERENCE
extern const nn_model NN_REFERENCE;
#endif

int main(int argc, char **argv) {
#ifdef NN_REFERENCE
	return nn_main(&NN_MODEL, &NN_REFERENCE, argc, argv);
#else
	return nn_main(&NN_MODEL, 0, argc, argv);
#endif
}
