/* Input: signals. Output: whether one is waiting. Invariant: a blocked signal waits, also one that is ignored by
 * inheritance. */
#include <pthread.h>
#include <time.h>
#include "interrupt.h"

static sigset_t both(void) {
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

void nn_interrupts_block(sigset_t *before) {
	sigset_t set = both();
	pthread_sigmask(SIG_BLOCK, &set, before);
}

int nn_interrupted(void) {
	sigset_t pending;
	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM));
}

void nn_interrupts_restore(const sigset_t *before) {
	sigset_t set = both();
	while (sigtimedwait(&set, NULL, &(struct timespec){0}) > 0) {
	}
	pthread_sigmask(SIG_SETMASK, before, NULL);
}
