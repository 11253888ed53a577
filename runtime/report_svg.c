/* Input: a history, an evaluation. Output: curves as inline SVG, drawn in the page's colours.
 * Invariant: coordinates are finite and lie in the view box, whatever the numbers are. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "report.h"
#include "report_axis.h"

enum { WIDTH = 460, HEIGHT = 260, LEFT = 52, RIGHT = 14, TOP = 14, BOTTOM = 34, ROC_SIZE = 320, ROC_POINTS = 400 };

double nn_axis_at(const Axis *axis, double value) {
	double share = axis->high > axis->low ? (value - axis->low) / (axis->high - axis->low) : 0.5;
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return axis->from + share * (axis->to - axis->from);
}

/* 1, 2 or 5 times a power of ten, so that there are about so many ticks. */
static double tick_step(double range, int ticks) {
	double raw = range / ticks, power = pow(10, floor(log10(raw))), lead = raw / power;
	return (lead < 1.5 ? 1 : lead < 3.5 ? 2 : lead < 7.5 ? 5 : 10) * power;
}

void nn_axis_y_ticks(nn_text *text, const Axis *y, double left, double right) {
	double step = tick_step(y->high - y->low, 4);
	int digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
	for (double tick = ceil(y->low / step - 1e-9) * step; tick <= y->high + step * 1e-6; tick += step) {
		double place = nn_axis_at(y, tick), shown = fabs(tick) < step * 1e-6 ? 0 : tick;
		nn_text_add(text, "<line class=\"grid\" x1=\"%.0f\" x2=\"%.0f\" y1=\"%.2f\" y2=\"%.2f\"/>", left, right,
		            place, place);
		nn_text_add(text,
		            digits > 5 ? "<text class=\"tick\" x=\"%.0f\" y=\"%.2f\" text-anchor=\"end\">%.*e</text>\n"
		                       : "<text class=\"tick\" x=\"%.0f\" y=\"%.2f\" text-anchor=\"end\">%.*f</text>\n",
		            left - 7, place + 4, digits > 5 ? 1 : digits, shown);
	}
}

static void add_x_ticks(nn_text *text, const Axis *x, int epochs) {
	int step = (int)fmax(1, tick_step(epochs > 1 ? epochs - 1 : 1, 6));
	for (int epoch = 1; epoch <= epochs; epoch++)
		if (epoch == 1 ? step == 1 || epochs < 2 * step : epoch % step == 0)
			nn_text_add(text, "<text class=\"tick\" x=\"%.2f\" y=\"%d\" text-anchor=\"middle\">%d</text>",
			            nn_axis_at(x, epoch), HEIGHT - BOTTOM + 16, epoch);
	nn_text_add(text, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">epoch</text>\n", WIDTH - RIGHT,
	            HEIGHT - 4);
}

static double column_value(const nn_history *history, int column, int epoch) {
	return history->values[(size_t)epoch * (size_t)history->column_count + (size_t)column];
}

/* The range of one or two columns, with some air; 0 when there is no finite number. */
static int range_of(const nn_history *history, const int columns[2], Axis *axis) {
	int any = 0;
	for (int c = 0; c < 2; c++)
		for (int e = 0; columns[c] >= 0 && e < history->epoch_count; e++) {
			double value = column_value(history, columns[c], e);
			if (!isfinite(value) || fabs(value) > 1e100) continue;
			if (!any || value < axis->low) axis->low = value;
			if (!any || value > axis->high) axis->high = value;
			any = 1;
		}
	double air = axis->high - axis->low > fabs(axis->high) * 1e-9 ? 0.06 * (axis->high - axis->low)
	                                                              : fmax(0.5 * fabs(axis->high), 1e-3);
	int positive = axis->low >= 0;
	axis->low -= air, axis->high += air;
	if (positive && axis->low < 0) axis->low = 0;
	return any;
}

/* A line through the finite values, and a dot at each when there are few. */
static void add_curve(nn_text *text, const nn_history *history, int column, const char *class, const Axis *x,
                      const Axis *y) {
	int pen = 0;
	nn_text_add(text, "<path class=\"%s\" d=\"", class);
	for (int e = 0; e < history->epoch_count; e++) {
		double value = column_value(history, column, e);
		if (!isfinite(value))
			pen = 0;
		else
			nn_text_add(text, "%s%.2f %.2f", pen++ ? " L" : " M", nn_axis_at(x, e + 1), nn_axis_at(y, value));
	}
	nn_text_add(text, "\"/>\n");
	for (int e = 0; history->epoch_count <= 40 && e < history->epoch_count; e++) {
		double value = column_value(history, column, e);
		if (isfinite(value))
			nn_text_add(text, "<circle class=\"%s\" cx=\"%.2f\" cy=\"%.2f\" r=\"2.6\"/>", class,
			            nn_axis_at(x, e + 1), nn_axis_at(y, value));
	}
}

void nn_svg_curves(nn_text *text, const nn_history *history, const char *log, int best_epoch) {
	char name[NN_LOG_NAME + 8];
	snprintf(name, sizeof name, "val_%s", log);
	int columns[2] = {nn_history_column(history, log), nn_history_column(history, name)};
	Axis x = {1, history->epoch_count, LEFT, WIDTH - RIGHT}, y = {0, 0, HEIGHT - BOTTOM, TOP};
	if (!range_of(history, columns, &y)) return;
	nn_text_add(text, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
	nn_text_html(text, log);
	nn_text_add(text, " by epoch\">\n");
	nn_axis_y_ticks(text, &y, LEFT, WIDTH - RIGHT);
	add_x_ticks(text, &x, history->epoch_count);
	if (best_epoch >= 0 && best_epoch < history->epoch_count)
		nn_text_add(text, "<line class=\"best\" x1=\"%.2f\" x2=\"%.2f\" y1=\"%d\" y2=\"%d\"/>",
		            nn_axis_at(&x, best_epoch + 1), nn_axis_at(&x, best_epoch + 1), TOP, HEIGHT - BOTTOM);
	if (columns[0] >= 0) add_curve(text, history, columns[0], "train", &x, &y);
	if (columns[1] >= 0) add_curve(text, history, columns[1], "validation", &x, &y);
	nn_text_add(text, "</svg>\n");
}

void nn_svg_roc(nn_text *text, const nn_evaluation *evaluation) {
	Axis x = {0, 1, LEFT, ROC_SIZE - RIGHT}, y = {0, 1, ROC_SIZE - BOTTOM, TOP};
	int64_t count = evaluation->roc_count;
	nn_text_add(text, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"ROC curve\">\n", ROC_SIZE, ROC_SIZE);
	nn_axis_y_ticks(text, &y, LEFT, ROC_SIZE - RIGHT);
	for (int i = 0; i <= 4; i++)
		nn_text_add(text, "<text class=\"tick\" x=\"%.2f\" y=\"%d\" text-anchor=\"middle\">%.2g</text>",
		            nn_axis_at(&x, i / 4.0), ROC_SIZE - BOTTOM + 16, i / 4.0);
	nn_text_add(text,
	            "<line class=\"chance\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n<path class=\"area\" d=\"M%d %d",
	            LEFT, ROC_SIZE - BOTTOM, ROC_SIZE - RIGHT, TOP, LEFT, ROC_SIZE - BOTTOM);
	nn_text line = {0};
	int64_t drawn = count < ROC_POINTS ? count : ROC_POINTS;
	for (int64_t i = 0; i < drawn; i++) {
		int64_t k = drawn > 1 ? i * (count - 1) / (drawn - 1) : 0;
		nn_text_add(&line, " L%.2f %.2f", nn_axis_at(&x, evaluation->false_rates[k]),
		            nn_axis_at(&y, evaluation->true_rates[k]));
	}
	nn_text_add(text, "%s L%d %d Z\"/>\n<path class=\"train\" d=\"M%d %d%s\"/>\n", line.data ? line.data : "",
	            ROC_SIZE - RIGHT, ROC_SIZE - BOTTOM, LEFT, ROC_SIZE - BOTTOM, line.data ? line.data : "");
	nn_text_add(text, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">1 &#8722; specificity</text>",
	            ROC_SIZE - RIGHT, ROC_SIZE - 3);
	nn_text_add(text, "<text class=\"tick\" x=\"%d\" y=\"%d\">sensitivity</text></svg>\n", LEFT, TOP - 4);
	nn_text_free(&line);
}
