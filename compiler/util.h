/* util.h: memory by lifetime, text, and growing arrays. Everything a compile allocates lives in one
 * arena and is freed with it; allocation failure ends the program (exit 3), so callers need no checks. */
#ifndef UTIL_H
#define UTIL_H
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *arena);
void *arena_alloc(Arena *arena, size_t size); /* zeroed, aligned to 16 bytes */
char *arena_copy(Arena *arena, const char *text, size_t length); /* adds the final 0 */
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vformat(Arena *arena, const char *format, va_list list);

/* items, moved if need be, with room for one more; *capacity counts items */
void *arena_grow(Arena *arena, void *items, int count, int *capacity, size_t item_size);

/* Texts, each with a number: a hash table that grows. {0} is empty. */
typedef struct TextMap {
	struct TextEntry *entries;
	int count, capacity;
} TextMap;
/* the number of a text, 0 when it was not there; put in by this */
int *text_map(Arena *arena, TextMap *map, const char *text);
bool text_map_has(const TextMap *map, const char *text);

/* edits, two letters in each other's place being one, case ignored: for "did you mean" */
int text_distance(const char *a, const char *b);
/* the name closest to word, or NULL when none is near enough to be a slip of the finger */
const char *text_nearest(const char *word, const char *const *names, int count);
/* "MaxPooling2D" -> "max_pooling2d", as Keras names its layers */
char *text_snake(Arena *arena, const char *name);
/* "specs/mnist.yaml" -> "mnist.yaml": what follows the last / */
const char *text_tail(const char *path);
/* the whole file, 0-terminated; NULL with errno set. "-" is standard input. */
char *file_read(Arena *arena, const char *path, size_t *size);
/* FNV-1a, 64 bits */
uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);

#endif
