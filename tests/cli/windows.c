/* windows.c: in: weights of tests/cli/windows.yaml, and standard input: 25 numbers of a series; out: the next three, as a program
 * gets them that embeds the network. */
#include <stdio.h>
#include <stdlib.h>
#include "windows.h"

static windows_weights weights;

int main(int argc, char **argv)
{
	char error[256] = "usage: windows WEIGHTS <NUMBERS";
	double rows[25][1], ahead[4][1];
	float x[24][1], y[3];
	void *work = aligned_alloc(NN_ALIGN, windows_WORK_BYTES);
	if (argc != 2 || !work || windows_load(&weights, argv[1], error)) return fprintf(stderr, "%s\n", error), 1;
	for (int i = 0; i < 25; i++)
		if (scanf("%lf", &rows[i][0]) != 1) return 1;
	ahead[0][0] = rows[24][0]; /* the difference needs the row before */
	windows_preprocess(&weights, (const double(*)[1])rows, &x[0][0]);
	windows_predict(&weights, work, (const float(*)[1])x, y);
	windows_restore(&weights, y, ahead);
	for (int h = 1; h < 4; h++) printf("%.4f\n", ahead[h][0]);
	free(work);
	return 0;
}
