/* dice.h: numbers by chance for the programs that make data: the same seed, key and stream give the same numbers. */
#ifndef DICE_H
#define DICE_H
#include <math.h>
#include "../../runtime/nn_random.h"

static const double PI = 3.14159265358979323846;

/* Numbers from a key, one after the other. */
typedef struct Dice {
	uint64_t seed, key;
	uint32_t stream; /* the program's own */
	uint64_t drawn;
} Dice;

static double uniform(Dice *dice, double low, double high)
{
	return low + (high - low) * nn_uniform_at(dice->seed, dice->key, dice->stream, 0, dice->drawn++);
}

static double normal(Dice *dice)
{
	double u = 1 - uniform(dice, 0, 1), v = uniform(dice, 0, 1);
	return sqrt(-2 * log(u)) * cos(2 * PI * v);
}

#endif
