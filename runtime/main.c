/* Input: a command line. Output: an exit code. Compiled once for each model: -DNN_MODEL=NAME_model, and where there is
 * one -DNN_REFERENCE=NAME_reference_model, the same spec in double precision with its gradients. */
#include <stdlib.h>
#include <unistd.h>
#include "nn.h"

extern const nn_model NN_MODEL;
#ifdef NN_REFERENCE
extern const nn_model NN_REFERENCE;
#endif

/* GCC's OpenMP waits for the other threads of a loop by spinning, some milliseconds long: where another program wants the
 * same cores, it spins while the thread it waits for can't run, and small networks take ten times as long and more. A short spin
 * costs nothing on an idle machine. The library reads the setting before main, so the program starts itself once more. */
static void wait_briefly(char **argv) {
	if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") || setenv("GOMP_SPINCOUNT", "1000", 1)) return;
	execv("/proc/self/exe", argv); /* where that does not work it goes on as it is */
}

int main(int argc, char **argv) {
	wait_briefly(argv);
#ifdef NN_REFERENCE
	return nn_main(&NN_MODEL, &NN_REFERENCE, argc, argv);
#else
	return nn_main(&NN_MODEL, 0, argc, argv);
#endif
}
