/* forecast_command.c: in: a checkpoint, series; out: forecasts as a csv file and as a picture.
 * Invariant: a file that was asked for appears whole or not at all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint.h"
#include "forecast.h"
#include "interrupt.h"

static void add_head(nn_text *text, const nn_forecast *forecast)
{
	nn_text_add(text, forecast->timed ? "time" : "row");
	if (forecast->curves[0].group) nn_text_add(text, ",group");
	for (int c = 0; c < forecast->columns; c++) {
		nn_text one = {0};
		for (int k = 0; k < 2; k++) {
			one.length = 0;
			nn_text_add(&one, "%s%s%s", forecast->columns > 1 ? forecast->curves[c].column : "", forecast->columns > 1 ? "_" : "",
				    k ? "forecast" : "truth");
			nn_text_add(text, ",");
			nn_text_csv(text, one.data ? one.data : "");
		}
		nn_text_free(&one);
	}
	nn_text_add(text, "\n");
}

void nn_forecast_csv(nn_text *text, const nn_forecast *forecast)
{
	if (forecast->count == 0) return;
	add_head(text, forecast);
	for (int s = 0; s < forecast->count; s += forecast->columns)
		for (int64_t i = forecast->curves[s].before; i < forecast->curves[s].count; i++) {
			nn_text_csv(text, forecast->curves[s].times[i]);
			if (forecast->curves[s].group) nn_text_add(text, ","), nn_text_csv(text, forecast->curves[s].group);
			for (int c = s; c < s + forecast->columns; c++) {
				const nn_curve *curve = &forecast->curves[c];
				nn_text_add(text, ",");
				if (!isnan(curve->truth[i])) nn_text_add(text, "%.15g", curve->truth[i]);
				nn_text_add(text, ",");
				if (!isnan(curve->forecast[i]))
					nn_text_add(text, forecast->model->number_size == 8 ? "%.15g" : "%.7g", curve->forecast[i]);
			}
			nn_text_add(text, "\n");
		}
}

static int write_file(const char *path, const nn_text *text)
{
	char error[NN_ERROR];
	if (text->failed) return nn_error("out of memory"), 1;
	if (!nn_file_replace(path, text->data, text->length, error)) return 0;
	return nn_error("%s", error), 1;
}

/* Rows to a file or to standard output, the picture to its file. */
static int show(const nn_forecast *forecast, const nn_forecast_options *options)
{
	nn_text csv = {0}, svg = {0};
	int failed = 0;
	nn_forecast_csv(&csv, forecast);
	if (options->plot) nn_forecast_svg(&svg, forecast);
	if (options->plot) failed = write_file(options->plot, &svg);
	if (options->plot && !failed && forecast->count > nn_forecast_panels(forecast))
		nn_note("%s: shows the first %d of %d curves; --group NAME draws those of one series", options->plot,
			nn_forecast_panels(forecast), forecast->count);
	if (!failed && options->output)
		failed = write_file(options->output, &csv);
	else if (!failed && (csv.failed || fwrite(csv.data, 1, csv.length, stdout) < csv.length || fflush(stdout)))
		nn_error("standard output can't be written"), failed = 1;
	if (!failed && options->output && !isnan(forecast->mae)) printf("forecast where the truth is known - mae: %.4f\n", forecast->mae);
	nn_text_free(&csv);
	nn_text_free(&svg);
	return failed;
}

/* Behind the end: the file of --test, else the spec's own, that of the test or of the training. Over the test part: as `evaluate`. */
static int open_data(const nn_model *model, const nn_forecast_options *options, const nn_names *names, int name_count, nn_datasets *sets)
{
	nn_data_request request = {.need = NN_NEED_TEST, .test = options->test, .known = names, .known_count = name_count,
		.threads = options->plan.threads};
	if (options->plan.backtest) return nn_data_open(model, &request, sets);
	const nn_data_source *source = &model->data.sources[0];
	const char *path = options->test ? options->test : source->paths[2][0] ? source->paths[2][0] : source->paths[0][0];
	if (path != NULL && options->test == NULL && access(path, F_OK) != 0)
		return nn_error("%s: No such file; --test FILE puts another in its place", path), 1;
	if (path != NULL) return nn_data_open_inputs(model, &path, 1, names, name_count, sets);
	nn_error("%s: its spec names no data; name it with --test", model->name);
	return 1;
}

static int forecast_with(const nn_model *model, const nn_forecast_options *options, const nn_safetensors *file, nn_memory *memory)
{
	char error[NN_ERROR];
	nn_datasets sets = {0};
	nn_forecast forecast = {0};
	int count;
	if (nn_checkpoint_read(file, model, memory->state, model->inference_count, error)) return nn_error("%s", error), 1;
	nn_names *names = nn_checkpoint_names(file, &count);
	int result = open_data(model, options, names, count, &sets);
	if (!result) result = nn_forecast_set(&forecast, memory, sets.test, &options->plan);
	if (!result) result = show(&forecast, options);
	nn_forecast_free(&forecast);
	nn_data_close(&sets);
	nn_checkpoint_free_names(names, count);
	return result;
}

int nn_forecast_command(const nn_model *model, const nn_forecast_options *options)
{
	char error[NN_ERROR];
	nn_safetensors file;
	nn_memory memory;
	sigset_t before;
	if (model->data.source_count != 1 || model->data.sources[0].horizon == 0)
		return nn_error("%s: only windows of series are forecast: a csv source with sequence_length", model->name), 1;
	if (nn_safetensors_open(&file, options->weights, error)) return nn_error("%s", error), 1;
	nn_interrupts_block(&before);
	int result = nn_memory_open(&memory, model, model->inference_count, model->predict_work_bytes);
	if (!result) {
		result = forecast_with(model, options, &file, &memory);
		nn_memory_close(&memory);
	}
	nn_safetensors_close(&file);
	nn_interrupts_restore(&before);
	return result;
}
