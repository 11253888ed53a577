/* Input: a training whose network makes pictures of noise. Output: a sheet of them for every epoch, and some for the report.
 * Invariant: all sheets of a run show the same noises and classes. */
#include <stdio.h>
#include <stdlib.h>
#include "data_internal.h"
#include "file.h"
#include "making.h"
#include "report.h"
#include "trainer.h"

enum { ROWS = 8, COLUMNS = 8, MOST = 16 }; /* of a sheet; MOST classes get a column each */

/* RUN/sheets/0001.png, of an epoch that is counted from 1; without one the folder. */
static char *sheet_path(const nn_trainer *trainer, int epoch) {
	char name[32] = "sheets";
	if (epoch) snprintf(name, sizeof name, "sheets/%04d.png", epoch);
	return nn_path_join(trainer->run, name);
}

static int draw_sheet(nn_making *making, int classes, nn_text *png) {
	int columns = classes > 1 && classes <= MOST ? classes : COLUMNS, count = columns * ROWS, failed = 0;
	uint8_t *pixels = calloc((size_t)count, making->image->count);
	nn_made *pictures = calloc((size_t)count, sizeof *pictures);
	for (int i = 0; pictures && i < count; i++) pictures[i] = (nn_made){classes ? i / classes : i, 0, 0, classes ? i % classes : 0};
	for (int at = 0, rows; pixels && pictures && at < count; at += rows) {
		rows = count - at < making->batch ? count - at : making->batch;
		nn_make(making, pictures + at, rows, pixels + (size_t)at * making->image->count);
	}
	failed = !pixels || !pictures || nn_sheet_png(png, making, pixels, count, columns);
	free(pixels), free(pictures);
	return failed ? nn_error("out of memory"), 1 : 0;
}

int nn_trainer_sheet(nn_trainer *trainer) {
	nn_making making;
	nn_text png = {0};
	const char *const *names;
	char error[NN_ERROR] = "out of memory";
	if (!nn_can_make(trainer->model)) return 0;
	char *folder = sheet_path(trainer, 0), *path = sheet_path(trainer, trainer->epoch);
	int failed = nn_making_open(&making, trainer->model, &trainer->memory, trainer->settings.seed, trainer->options->threads);
	if (!failed) failed = draw_sheet(&making, nn_making_classes(&making, trainer->sets.names, trainer->sets.name_count, &names), &png);
	if (!failed && (failed = !folder || !path || nn_directory_make(folder, error) || nn_file_replace(path, png.data, png.length, error)))
		nn_error("%s", error);
	nn_making_close(&making);
	nn_text_free(&png);
	free(folder), free(path);
	return failed;
}

int nn_trainer_sheets(const nn_trainer *trainer, nn_sheet sheets[NN_SHEETS]) {
	int epochs = trainer->history.epoch_count, shown = epochs < NN_SHEETS ? epochs : NN_SHEETS, count = 0;
	char why[NN_WHY];
	for (int i = 0; i < shown && nn_can_make(trainer->model); i++) {
		nn_sheet *sheet = &sheets[count];
		sheet->epoch = shown > 1 ? 1 + i * (epochs - 1) / (shown - 1) : epochs;
		char *path = sheet_path(trainer, sheet->epoch);
		count += path && nn_file_exists(path) && !nn_slurp(path, 1 << 28, &sheet->png, &sheet->size, why);
		free(path);
	}
	return count;
}
