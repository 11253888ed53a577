/* target.c: what the C is made for. Invariant: "native" is resolved here, once, to a name that says what it needs. */
#include <string.h>
#include "emit.h"

const char target_names[] = "native, avx512, avx2, generic, portable";

static const Target targets[] = {
	{.name = "avx512", .vector_bytes = 64, .registers = 32, .guard = "__AVX512F__"},
	{.name = "avx2", .vector_bytes = 32, .registers = 16, .guard = "__AVX2__"},
	{.name = "generic", .vector_bytes = 16, .registers = 16},
	{.name = "portable", .registers = 16},
};

static const char *native(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f")) return "avx512";
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
	return "generic";
}

Target *target_find(Arena *arena, const char *name, int number_size)
{
	if (!strcmp(name, "native")) name = native();
	for (size_t i = 0; i < sizeof targets/sizeof *targets; i++) {
		if (strcmp(targets[i].name, name)) continue;
		Target *target = arena_alloc(arena, sizeof *target);
		*target = targets[i];
		target->number_size = number_size;
		target->lanes = target->vector_bytes ? target->vector_bytes/number_size : 1;
		return target;
	}
	return NULL;
}
