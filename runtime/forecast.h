/* forecast.h: a network of windows of series rolls forward: predictions become what it reads next. */
#ifndef NN_FORECAST_H
#define NN_FORECAST_H
#include "data.h"
#include "data_time.h"
#include "model.h"
#include "text.h"

/* One column of one series: some rows before, then those that are forecast. */
typedef struct nn_curve {
	char *column, *group; /* group NULL: there is one series */
	int64_t count, before; /* rows, and how many of them are only shown */
	char (*times)[TIME_TEXT]; /* (count) */
	double *truth, *forecast; /* (count) NAN: not known, not forecast */
} nn_curve;

typedef struct nn_forecast {
	const nn_model *model;
	nn_curve *curves; /* series after series, in each the columns in the order of the outputs */
	int count, columns; /* curves; those of one series */
	int64_t all; /* curves that there would be without a limit of series */
	int timed; /* times are those of the data, else numbers of rows from 1 on */
	int64_t missing, missing_line; /* rows without a forecast, as one that they need is missing; its line */
	int64_t undefined; /* numbers for which the network gives NAN */
	double mae; /* of what is known and forecast, all columns together; NAN: nothing is */
} nn_forecast;

typedef struct nn_forecast_plan {
	int steps; /* rows of a forecast; 0: the model's horizon */
	const char *group; /* the only series that is forecast; NULL: all are */
	const char *from; /* the first time, or the number of the row, that is forecast; NULL: behind the end. Of
			   * several series those are left out that end before it or have too few rows before it */
	int backtest; /* forecasts over the rows that the set predicts, `steps` long, each from the true rows before it */
	int64_t rows; /* of a backtest at most, the last ones; 0: all */
	int series; /* at most; 0: all */
	int threads;
} nn_forecast_plan;

/* Whether an output of the model is what comes next in the series of windows. */
int nn_forecast_can(const nn_model *model);
/* Runs "predict" on the series of a set of windows (nn_dataset_season is above 0). 0, 1 after an
 * error, or NN_EXIT_INTERRUPTED; free in any case. */
int nn_forecast_set(
	nn_forecast *forecast, const nn_memory *memory, const nn_dataset *set, const nn_forecast_plan *plan);
void nn_forecast_free(nn_forecast *forecast);
/* "time,group,truth,forecast"; of several columns a truth and a forecast of each, "x_truth,x_forecast". */
void nn_forecast_csv(nn_text *text, const nn_forecast *forecast);
/* A picture by itself, and its panels inside a page, which has the styles. report_svg.c, report_forecast.c */
int nn_forecast_panels(const nn_forecast *forecast); /* so many curves of it are drawn */
void nn_forecast_svg(nn_text *text, const nn_forecast *forecast);
void nn_forecast_html(nn_text *text, const nn_forecast *forecast);

typedef struct nn_forecast_options {
	const char *weights, *test, *output, *plot;
	nn_forecast_plan plan;
} nn_forecast_options;

/* The command. Returns the exit code. */
int nn_forecast_command(const nn_model *model, const nn_forecast_options *options);

#endif
