/* interrupt.h: SIGINT and SIGTERM as something to be asked for between two steps, so that a step is never cut. Both
 * stay blocked in every thread begun afterwards; no handler runs. */
#ifndef NN_INTERRUPT_H
#define NN_INTERRUPT_H
#include <signal.h>

enum { NN_EXIT_INTERRUPTED = 130 };

/* Blocks both; before keeps what was blocked. Call before any thread begins. */
void nn_interrupts_block(sigset_t *before);
/* Has one of them come? Stays so until nn_interrupts_restore. */
int nn_interrupted(void);
/* Forgets those that came, blocks what was blocked before. */
void nn_interrupts_restore(const sigset_t *before);

#endif
