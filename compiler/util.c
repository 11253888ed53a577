/* util.c: memory by lifetime, text, files. Input: sizes, words, paths; output: memory that lives as long as its arena.
 * Invariant: what an arena gives is zeroed and never moves. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "util.h"

enum { ALIGN = 16, BLOCK = 1 << 16, LARGEST = 256 << 20, WORD = 128 };

typedef struct Block {
	struct Block *next;
	size_t used, size; /* in bytes of data */
	_Alignas(ALIGN) unsigned char data[];
} Block;

struct Arena {
	Block *blocks; /* the one being filled first */
	size_t bytes;
};

/* What no honest spec needs: a network of thousands of layers, say. */
static const size_t most_bytes = (size_t)8 << 30;

static _Noreturn void out_of_memory(void)
{
	fputs("nnc: out of memory\n", stderr);
	exit(3);
}

Arena *arena_new(void)
{
	Arena *arena = calloc(1, sizeof *arena);
	if (!arena) out_of_memory();
	return arena;
}

void arena_free(Arena *arena)
{
	if (!arena) return;
	for (Block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

/* A new block; a large one goes behind the block being filled, so that the room left there is not lost. */
static Block *add_block(Arena *arena, size_t need)
{
	size_t size = need > BLOCK / 4 ? need : BLOCK;
	arena->bytes += size;
	if (arena->bytes > most_bytes) {
		fputs("nnc: error: compiling this takes more than 8 GiB: make the network smaller\n", stderr);
		exit(1);
	}
	Block *block = calloc(1, sizeof *block + size);
	if (!block) out_of_memory();
	block->size = size;
	if (size != BLOCK && arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc(Arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2) out_of_memory();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	Block *block = arena->blocks;
	if (!block || block->size - block->used < size) block = add_block(arena, size);
	void *memory = block->data + block->used;
	block->used += size;
	return memory;
}

char *arena_copy(Arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);
	if (length) memcpy(copy, text, length);
	return copy;
}

char *arena_vformat(Arena *arena, const char *format, va_list list)
{
	va_list again;
	va_copy(again, list);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0) out_of_memory();
	char *text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, list);
	return text;
}

char *arena_format(Arena *arena, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	char *text = arena_vformat(arena, format, list);
	va_end(list);
	return text;
}

void *arena_grow(Arena *arena, void *items, int count, int *capacity, size_t item_size)
{
	if (count < *capacity) return items;
	if (*capacity > INT32_MAX / 2) out_of_memory();
	int larger = *capacity ? 2 * *capacity : 8;
	if ((size_t)larger > SIZE_MAX / 2 / item_size) out_of_memory();
	void *moved = arena_alloc(arena, (size_t)larger * item_size);
	if (count) memcpy(moved, items, (size_t)count * item_size);
	*capacity = larger;
	return moved;
}

static int smaller(int a, int b) { return a < b ? a : b; }

/* Of words longer than WORD - 1 bytes the ends count as different. */
static bool same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

int text_distance(const char *a, const char *b)
{
	int la = (int)strnlen(a, WORD - 1), lb = (int)strnlen(b, WORD - 1), rows[3][WORD];
	int *row = rows[0], *last = rows[1], *older = rows[2]; /* of i, i - 1, i - 2 */
	for (int j = 0; j <= lb; j++) row[j] = j;
	for (int i = 1; i <= la; i++) {
		int *free = older;
		older = last, last = row, row = free;
		row[0] = i;
		for (int j = 1; j <= lb; j++) {
			row[j] = smaller(last[j - 1] + !same(a[i - 1], b[j - 1]), smaller(last[j], row[j - 1]) + 1);
			bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
			if (swapped) row[j] = smaller(row[j], older[j - 2] + 1);
		}
	}
	size_t rest = strlen(a + la) + strlen(b + lb);
	return row[lb] + (int)(rest > 1000000 ? 1000000 : rest);
}

/* Up to a quarter of the letters and one more may be wrong, three at most, and never all of them. */
/* One word goes on where the other ends: MaxPooling, MaxPooling2D. */
static bool begins(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), shorter = la < lb ? la : lb;
	return shorter >= 4 && strncasecmp(a, b, shorter) == 0;
}

const char *text_nearest(const char *word, const char *const *names, int count)
{
	int length = (int)strnlen(word, WORD), limit = smaller(smaller(3, length < 6 ? 1 : length/3), length - 1);
	const char *best = NULL, *longer = NULL;
	for (int i = 0; i < count; i++) {
		if (!names[i]) continue;
		if (begins(word, names[i]) && (!longer || strlen(names[i]) < strlen(longer))) longer = names[i];
		int distance = text_distance(word, names[i]);
		if (distance > limit || (best && distance == limit)) continue;
		best = names[i];
		limit = distance;
	}
	return best ? best : longer;
}

/* An underscore goes before a capital that follows a small letter, or that a small letter follows. */
char *text_snake(Arena *arena, const char *name)
{
	char *snake = arena_alloc(arena, 2 * strlen(name) + 1), *end = snake;
	for (const char *c = name; *c; c++) {
		bool edge = c > name && isupper((unsigned char)*c) && c[-1] != '_' &&
			(islower((unsigned char)c[-1]) || islower((unsigned char)c[1]));
		if (edge) *end++ = '_';
		*end++ = (char)tolower((unsigned char)*c);
	}
	return snake;
}

const char *text_tail(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* Reads what is left of file into a malloc'ed buffer; NULL with errno set. */
static char *read_all(FILE *file, size_t *size)
{
	size_t capacity = BLOCK, used = 0;
	char *text = malloc(capacity);
	while (text) {
		used += fread(text + used, 1, capacity - used, file);
		if (used < capacity) break;
		if (capacity >= LARGEST) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		char *larger = realloc(text, capacity *= 2);
		if (!larger) free(text);
		text = larger;
	}
	if (text && ferror(file)) {
		int cause = errno;
		free(text);
		text = NULL;
		errno = cause;
	}
	*size = used;
	return text;
}

char *file_read(Arena *arena, const char *path, size_t *size)
{
	bool standard_input = strcmp(path, "-") == 0;
	FILE *file = standard_input ? stdin : fopen(path, "rb");
	if (!file) return NULL;
	size_t length;
	char *text = read_all(file, &length);
	int cause = errno;
	if (!standard_input) fclose(file);
	errno = cause;
	if (!text) return NULL;
	char *copy = arena_copy(arena, text, length);
	free(text);
	if (size) *size = length;
	return copy;
}

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
	const unsigned char *byte = bytes;
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;
	for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * UINT64_C(1099511628211);
	return hash;
}

struct TextEntry {
	const char *text; /* NULL: a free place */
	int number;
};

/* The place of a text, or the free one where it would stand. */
static struct TextEntry *find_text(const TextMap *map, const char *text)
{
	size_t mask = (size_t)map->capacity - 1, i = (size_t)hash_bytes(text, strlen(text), 0) & mask;
	while (map->entries[i].text && strcmp(map->entries[i].text, text)) i = (i + 1) & mask;
	return &map->entries[i];
}

bool text_map_has(const TextMap *map, const char *text) { return map->count && find_text(map, text)->text; }

int *text_map(Arena *arena, TextMap *map, const char *text)
{
	if (2*map->count >= map->capacity) {
		TextMap larger = {.count = map->count, .capacity = map->capacity ? 2*map->capacity : 16};
		larger.entries = arena_alloc(arena, (size_t)larger.capacity*sizeof *larger.entries);
		for (int i = 0; i < map->capacity; i++)
			if (map->entries[i].text) *find_text(&larger, map->entries[i].text) = map->entries[i];
		*map = larger;
	}
	struct TextEntry *entry = find_text(map, text);
	if (!entry->text) entry->text = text, map->count++;
	return &entry->number;
}
