/* sampling.c: in: logarithms of shares and a draw; out: which one it falls on.
 * Invariant: what is chosen is a function of the arguments alone. */
#include <math.h>
#include <stdlib.h>
#include "sampling.h"

/* The places of a heap of count places: the largest share on top, of equal ones the first. */
static int precedes(const double *shares, int a, int b) { return shares[a] != shares[b] ? shares[a] > shares[b] : a < b; }

static void sink(const double *shares, int *heap, int count, int at) {
	for (int child; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && precedes(shares, heap[child + 1], heap[child])) child++;
		if (!precedes(shares, heap[child], heap[at])) return;
		int kept = heap[at];
		heap[at] = heap[child], heap[child] = kept;
	}
}

/* Puts the `wanted` largest into the last places of room, the largest last. */
static void largest_last(const double *shares, int *room, int count, int wanted) {
	for (int i = count / 2 - 1; i >= 0; i--) sink(shares, room, count, i);
	for (int i = 0; i < wanted; i++) {
		int last = count - 1 - i, kept = room[last];
		room[last] = room[0], room[0] = kept;
		sink(shares, room, last, 0);
	}
}

/* How many of the first n in order have the share p together; shares are exp((log - largest)/temperature). */
static int enough(const double *log_shares, const int *last, int n, const nn_sampling *sampling) {
	double all = 0, sum = 0;
	for (int i = 0; i < n; i++) all += exp((log_shares[last[-i]] - log_shares[last[0]]) / sampling->temperature);
	for (int i = 0; i < n; i++) {
		sum += exp((log_shares[last[-i]] - log_shares[last[0]]) / sampling->temperature);
		if (sum >= sampling->top_p * all) return i + 1;
	}
	return n;
}

int nn_sample(const nn_sampling *sampling, const double *log_shares, int count, int *room, double uniform) {
	int n = 0, whole = sampling->temperature > 0 && (sampling->top_k == 0 || sampling->top_k >= count) && sampling->top_p >= 1;
	for (int i = 0; i < count; i++)
		if (log_shares[i] > -INFINITY && log_shares[i] < INFINITY) room[n++] = i;
	if (!n) return -1;
	int wanted = sampling->temperature <= 0 ? 1 : sampling->top_k > 0 && sampling->top_k < n ? sampling->top_k : n;
	largest_last(log_shares, room, n, whole ? 1 : wanted);
	const int *last = room + n - 1;
	if (wanted == 1) return *last;
	if (!whole) wanted = enough(log_shares, last, wanted, sampling);
	double all = 0, sum = 0;
	for (int i = 0; i < wanted; i++) all += exp((log_shares[last[-i]] - log_shares[*last]) / sampling->temperature);
	for (int i = 0; i < wanted; i++) {
		sum += exp((log_shares[last[-i]] - log_shares[*last]) / sampling->temperature);
		if (uniform * all < sum) return last[-i];
	}
	return last[-(wanted - 1)];
}
