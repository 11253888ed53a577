/* report.h: the run as one page of HTML that needs nothing else: no script, no font, no network. */
#ifndef NN_REPORT_H
#define NN_REPORT_H
#include "data.h"
#include "evaluate.h"
#include "forecast.h"
#include "history.h"

enum { NN_SHEETS = 6 };

/* Pictures that the network made after an epoch, as a PNG. */
typedef struct nn_sheet {
	int epoch; /* from 1 */
	uint8_t *png;
	size_t size;
} nn_sheet;

typedef struct nn_report {
	const nn_model *model;
	const nn_history *history;       /* may have no epochs */
	const nn_evaluation *evaluation; /* NULL: nothing was evaluated */
	const nn_datasets *sets;
	const nn_forecast *forecast; /* of windows of series; NULL: none */
	const nn_sheet *sheets;
	int sheet_count;
	int best_epoch; /* from 0; -1: unknown */
	int epochs;
	uint64_t seed;
	double seconds; /* this session's */
	int threads;
} nn_report;

/* Every name of a spec, file or class is escaped. text.failed: memory ran out. */
void nn_report_html(nn_text *text, const nn_report *report);
/* SVG pieces, used by the page. x_labels: epochs from 1. */
void nn_svg_curves(nn_text *text, const nn_history *history, const char *log, int best_epoch);
void nn_svg_roc(nn_text *text, const nn_evaluation *evaluation);
void nn_sheets_html(nn_text *text, const nn_sheet *sheets, int count);
/* "44,396,033" */
void nn_text_thousands(nn_text *text, int64_t number);

#endif
