/* report_axis.h: what the pictures of reports share: axes. */
#ifndef NN_REPORT_AXIS_H
#define NN_REPORT_AXIS_H
#include "text.h"

typedef struct Axis {
	double low, high; /* numbers */
	double from, to;  /* places */
} Axis;

/* The place of a number, within the axis. */
double nn_axis_at(const Axis *axis, double value);
/* Numbers and lines of a y axis, from left to right. */
void nn_axis_y_ticks(nn_text *text, const Axis *y, double left, double right);

#endif
