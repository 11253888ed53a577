/* nn_random.h: Philox4x32-10 (Salmon et al., Parallel random numbers: as easy as 1, 2, 3, 2011), a counter turned into
 * random bits. A draw is a function of (seed, step, stream, row, element) and of nothing else: not of order or threads.
 * Included by generated C, the runtime and the compiler's oracle; plain C99. */
#ifndef NN_RANDOM_H
#define NN_RANDOM_H
#include <stdint.h>

typedef struct nn_philox {
	uint32_t lane[4];
} nn_philox;

static inline nn_philox nn_philox_at(uint64_t seed, uint64_t step, uint32_t stream, uint32_t row, uint32_t block)
{
	uint32_t c0 = block, c1 = row, c2 = (uint32_t)step, c3 = stream;
	uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32) ^ (uint32_t)(step >> 32);
	for (int round = 0; round < 10; round++) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	nn_philox out = {{c0, c1, c2, c3}};
	return out;
}

/* Bits to [0, 1): 24 of them, so that float and double builds draw the same numbers. */
static inline double nn_unit(uint32_t bits)
{
	return (double)(bits >> 8) * (1.0 / 16777216.0);
}

/* The number at (row, element): what every uniform draw of a model is made of. Four elements share a block. */
static inline double nn_uniform_at(uint64_t seed, uint64_t step, uint32_t stream, uint64_t row, uint64_t element)
{
	nn_philox p = nn_philox_at(seed, step, stream, (uint32_t)row, (uint32_t)(element >> 2));
	return nn_unit(p.lane[element & 3]);
}

/* A number below n, for shuffles: unbiased enough for any n < 2^32 (64-bit product, Lemire 2019 without rejection). */
static inline uint32_t nn_below(uint32_t bits, uint32_t n)
{
	return (uint32_t)(((uint64_t)bits * n) >> 32);
}

#endif
