/* message.h: the one way in which a trainer speaks to its user besides results: one line a message on standard error,
 * "error: FILE: what is wrong". A message never spans lines: control characters (of a file name, say) are shown as '?'.
 * May be called from any thread. */
#ifndef NN_MESSAGE_H
#define NN_MESSAGE_H

#if defined(__GNUC__)
#define NN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define NN_PRINTF(text, first)
#endif

/* format: "FILE: cause; help", without an end of line. */
void nn_error(const char *format, ...) NN_PRINTF(1, 2);
void nn_warning(const char *format, ...) NN_PRINTF(1, 2);
void nn_note(const char *format, ...) NN_PRINTF(1, 2);

#endif
