/* Input: forecasts beside the truth. Output: a panel for each curve, as SVG: a picture by itself, or for a page.
 * Invariant: coordinates are finite and lie in the view box, whatever the numbers are; names are escaped. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "forecast.h"
#include "report_axis.h"

enum { WIDTH = 940, HEIGHT = 280, LEFT = 62, RIGHT = 16, TOP = 14, BOTTOM = 30, PANELS = 12, TIMES = 7, TITLE = 26, LEGEND = 30, LETTER = 7 };

static void add_range(Axis *y, int *any, const double *values, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		if (!isfinite(values[i]) || fabs(values[i]) > 1e100) continue;
		if (!*any || values[i] < y->low) y->low = values[i];
		if (!*any || values[i] > y->high) y->high = values[i];
		*any = 1;
	}
}

static void add_line(nn_text *text, const char *class, const double *values, int64_t count, const Axis *x, const Axis *y)
{
	int pen = 0;
	nn_text_add(text, "<path class=\"%s\" d=\"", class);
	for (int64_t i = 0; i < count; i++) {
		if (!isfinite(values[i])) pen = 0;
		else nn_text_add(text, "%s%.2f %.2f", pen++ ? "L" : "M", nn_axis_at(x, (double)i), nn_axis_at(y, values[i]));
	}
	nn_text_add(text, "\"/>\n");
	for (int64_t i = 0; i < count && count <= 40; i++)
		if (isfinite(values[i]))
			nn_text_add(text, "<circle class=\"%s\" cx=\"%.2f\" cy=\"%.2f\" r=\"2.4\"/>", class, nn_axis_at(x, (double)i), nn_axis_at(y, values[i]));
}

/* A few of the times, evenly apart, the outer ones within the axis. */
static void add_times(nn_text *text, const nn_curve *curve, const Axis *x)
{
	static const int64_t steps[] = {1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600, 1200, 2400}; /* months and hours make seasons of 12 */
	double width = LETTER * (double)strlen(curve->times[0]);
	int64_t most = (int64_t)((WIDTH - LEFT - RIGHT) / (1.5 * width + 2 * LETTER));
	most = most < 1 ? 1 : most > TIMES ? TIMES : most;
	int64_t step = (curve->count + most - 1) / most;
	for (size_t i = sizeof steps / sizeof *steps; i-- > 0;)
		if (steps[i] * most >= curve->count) step = steps[i];
	for (int64_t i = 0; i < curve->count; i += step) {
		double at = nn_axis_at(x, (double)i);
		const char *anchor = i == 0 ? "start" : at > WIDTH - RIGHT - width / 2 ? "end" : "middle";
		nn_text_add(text, "<text class=\"tick\" x=\"%.2f\" y=\"%d\" text-anchor=\"%s\">", at, HEIGHT - BOTTOM + 17, anchor);
		nn_text_html(text, curve->times[i]);
		nn_text_add(text, "</text>\n");
	}
}

static void add_panel(nn_text *text, const nn_curve *curve)
{
	int any = 0;
	Axis x = {0, (double)(curve->count - 1), LEFT, WIDTH - RIGHT}, y = {0, 0, HEIGHT - BOTTOM, TOP};
	add_range(&y, &any, curve->truth, curve->count);
	add_range(&y, &any, curve->forecast, curve->count);
	double air = y.high > y.low ? 0.06 * (y.high - y.low) : fmax(0.5 * fabs(y.high), 1e-3);
	y.low -= air, y.high += air;
	nn_axis_y_ticks(text, &y, LEFT, WIDTH - RIGHT);
	add_times(text, curve, &x);
	if (curve->before > 0)
		nn_text_add(text, "<line class=\"best\" x1=\"%.2f\" x2=\"%.2f\" y1=\"%d\" y2=\"%d\"/>\n", nn_axis_at(&x, (double)curve->before - 0.5),
			    nn_axis_at(&x, (double)curve->before - 0.5), TOP, HEIGHT - BOTTOM);
	add_line(text, "train", curve->truth, curve->count, &x, &y);
	add_line(text, "validation", curve->forecast, curve->count, &x, &y);
}

static void add_title(nn_text *text, const nn_curve *curve)
{
	nn_text_html(text, curve->column);
	if (curve->group) nn_text_add(text, " of "), nn_text_html(text, curve->group);
}

int nn_forecast_panels(const nn_forecast *forecast) { return forecast->count < PANELS ? forecast->count : PANELS; }

void nn_forecast_html(nn_text *text, const nn_forecast *forecast)
{
	int panels = nn_forecast_panels(forecast);
	if (panels == 0) return;
	nn_text_add(text, "<h2>Forecast</h2>\n<div class=\"key\"><span><i style=\"background:var(--a)\"></i>truth</span>"
			  "<span><i style=\"background:var(--b)\"></i>forecast, as far ahead as the network sees, each from the true rows before</span></div>\n");
	for (int c = 0; c < panels; c++) {
		nn_text_add(text, "<div class=\"card\" style=\"margin-bottom:.75rem\"><h3>");
		add_title(text, &forecast->curves[c]);
		nn_text_add(text, "</h3><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"forecast and truth\">\n", WIDTH, HEIGHT);
		add_panel(text, &forecast->curves[c]);
		nn_text_add(text, "</svg></div>\n");
	}
	if (forecast->all > panels)
		nn_text_add(text, "<p class=\"soft\">and %lld more</p>\n", (long long)(forecast->all - panels));
}

void nn_forecast_svg(nn_text *text, const nn_forecast *forecast)
{
	int panels = nn_forecast_panels(forecast);
	nn_text_add(text,
		    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"system-ui,'DejaVu Sans',sans-serif\">\n"
		    "<style>.tick{font-size:11px;fill:#5c6675}.title{font-size:14px;font-weight:600;fill:#1d2430}line.grid{stroke:#dfe3ea}"
		    "path{fill:none;stroke-width:2;stroke-linejoin:round}path.train{stroke:#2563eb}path.validation{stroke:#e07a1f}"
		    "circle.train{fill:#2563eb}circle.validation{fill:#e07a1f}line.best{stroke:#5c6675;stroke-dasharray:3 3}</style>\n"
		    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
		    WIDTH, LEGEND + panels * (HEIGHT + TITLE), WIDTH, LEGEND + panels * (HEIGHT + TITLE));
	nn_text_add(text, "<path class=\"train\" d=\"M%d 16h24\"/><text class=\"tick\" x=\"%d\" y=\"20\">truth</text>"
			  "<path class=\"validation\" d=\"M%d 16h24\"/><text class=\"tick\" x=\"%d\" y=\"20\">forecast</text>\n",
		    LEFT, LEFT + 30, LEFT + 90, LEFT + 120);
	if (forecast->count > panels)
		nn_text_add(text, "<text class=\"tick\" x=\"%d\" y=\"20\" text-anchor=\"end\">%d of %d curves</text>\n",
			WIDTH - RIGHT, panels, forecast->count);
	for (int c = 0; c < panels; c++) {
		nn_text_add(text, "<g transform=\"translate(0 %d)\"><text class=\"title\" x=\"%d\" y=\"%d\">", LEGEND + c * (HEIGHT + TITLE), LEFT, TITLE - 8);
		add_title(text, &forecast->curves[c]);
		nn_text_add(text, "</text></g>\n<g transform=\"translate(0 %d)\">\n", LEGEND + c * (HEIGHT + TITLE) + TITLE);
		add_panel(text, &forecast->curves[c]);
		nn_text_add(text, "</g>\n");
	}
	nn_text_add(text, "</svg>\n");
}
