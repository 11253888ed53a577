/* sampling.h: one of many by their shares. */
#ifndef NN_SAMPLING_H
#define NN_SAMPLING_H

typedef struct nn_sampling {
	double temperature; /* 0: always the largest share */
	int top_k; /* only so many of the largest; 0: all */
	double top_p; /* and of those only the fewest largest that together have this share at least; 1: all */
} nn_sampling;

/* log_shares (count): up to a number that they have in common; -INFINITY: never. room (count): for the order. uniform: a draw from
 * [0, 1). First the temperature, then top_k, then top_p of what is left, as is usual (Holtzman et al., The Curious Case of Neural
 * Text Degeneration, 2019). Of equal shares the first comes first. -1: no share is a number above 0. */
int nn_sample(const nn_sampling *sampling, const double *log_shares, int count, int *room, double uniform);

#endif
