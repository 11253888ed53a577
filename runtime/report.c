/* Input: a run's history, evaluation, model and data. Output: one page of HTML, well-formed also as XML.
 * Invariant: every text that comes from a spec, a file or a class goes through nn_text_html. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "report.h"

static const char style[] =
        ":root{color-scheme:light "
        "dark;--ink:#1d2430;--soft:#5c6675;--line:#dfe3ea;--page:#f6f7f9;--card:#fff;--a:#2563eb;--b:#e07a1f;--heat:37,"
        "99,235}\n"
        "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2e3643;--page:#12161c;--card:#"
        "1a2029;--a:#6ea0ff;--b:#f0a05a;--heat:110,160,255}}\n"
        "*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 "
        "system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
        "main{max-width:64rem;margin:0 auto;padding:2rem 1rem "
        "4rem}h1{font-size:1.9rem;line-height:1.2;margin:0;overflow-wrap:anywhere}\n"
        "h2{font-size:1.15rem;margin:2.4rem 0 .8rem}h3{font-size:.95rem;margin:0 0 "
        ".5rem;font-weight:600}p{margin:.3rem 0}.soft{color:var(--soft)}\n"
        ".cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.4rem 0 0}.cards>.card{flex:1 1 7.4rem}.facts "
        "th{white-space:nowrap}\n"
        ".card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}\n"
        ".card "
        "b{display:block;font-size:1.55rem;line-height:1.25;font-weight:650;white-space:nowrap;font-variant-numeric:tabular-nums}.card "
        "span{color:var(--soft);font-size:.85rem}\n"
        ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:.75rem}\n"
        ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
        "th,td{padding:.35rem .7rem;border-bottom:1px solid "
        "var(--line);text-align:left;overflow-wrap:break-word}td small{color:var(--soft)}.matrix td "
        "small{color:inherit}td.wide{min-width:11rem;overflow-wrap:anywhere}th{font-weight:600;font-size:.85rem;color:"
        "var(--soft)}\n"
        "tr:last-child>td,tr:last-child>th{border-bottom:0}.n{text-align:right;white-space:nowrap}tr.total "
        "td{border-top:2px solid var(--line)}\n"
        "table.matrix td{text-align:center;border:2px solid "
        "var(--card);border-radius:.3rem;min-width:3.4rem}table.matrix "
        "small{display:block;opacity:.75;font-size:.75rem}\n"
        "svg{display:block;width:100%;height:auto}svg .tick{font-size:11px;fill:var(--soft)}svg "
        "line.grid{stroke:var(--line)}\n"
        "svg path{fill:none;stroke-width:2;stroke-linejoin:round}svg path.train{stroke:var(--a)}svg "
        "path.validation{stroke:var(--b)}\n"
        "svg circle.train{fill:var(--a)}svg circle.validation{fill:var(--b)}svg "
        "line.best{stroke:var(--soft);stroke-dasharray:3 3}\n"
        "svg line.chance{stroke:var(--soft);stroke-dasharray:4 4}svg "
        "path.area{fill:rgba(var(--heat),.12);stroke:none}.roc svg{max-width:26rem;margin:0 auto}\n"
        ".key{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.85rem;color:var(--soft);margin:-.3rem 0 "
        ".7rem}.key "
        "i{display:inline-block;width:1.1rem;height:.2rem;border-radius:.1rem;vertical-align:.25em;margin-right:.4rem}"
        "\n"
        "pre{margin:0;overflow-x:auto;font:13px/1.5 ui-monospace,\"SF Mono\",Menlo,Consolas,\"DejaVu Sans "
        "Mono\",monospace;tab-size:4}\n"
        "@media "
        "print{:root{color-scheme:light;--ink:#000;--soft:#444;--line:#ccc;--page:#fff;--card:#fff;--a:#1d4fd7;--b:#"
        "c2620f}body{font-size:11pt}main{max-width:none;padding:0}\n"
        ".card,.grid>div{break-inside:avoid}h2{break-after:avoid}pre{white-space:pre-wrap}*{print-color-adjust:exact;-"
        "webkit-print-color-adjust:exact}}\n";

void nn_text_thousands(nn_text *text, int64_t number) {
	char digits[32];
	int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
	for (int i = 0; i < length; i++)
		nn_text_add(text, i && digits[i - 1] != '-' && (length - i) % 3 == 0 ? ",%c" : "%c", digits[i]);
}

static void add_card(nn_text *text, const char *label, double value, const char *format) {
	if (isnan(value)) return;
	nn_text_add(text, "<div class=\"card\"><b>");
	if (!strcmp(format, "%"))
		nn_text_add(text, "%.1f&#8201;%%", 100 * value);
	else if (!strcmp(format, "n"))
		nn_text_thousands(text, (int64_t)value);
	else
		nn_text_add(text, fabs(value) < 1e-3 && value != 0 ? "%.2e" : "%.4g", value);
	nn_text_add(text, "</b><span>");
	nn_text_html(text, label);
	nn_text_add(text, "</span></div>\n");
}

/* What an output is worth, a card each. */
static void add_cards(nn_text *text, const nn_evaluation *evaluation) {
	if (evaluation->segmentation.class_count)
		add_card(text, "Dice", evaluation->segmentation.dice, "g"), add_card(text, "IoU", evaluation->segmentation.iou, "g");
	add_card(text, "accuracy", evaluation->accuracy, "%");
	add_card(text, "perplexity", evaluation->perplexity, "g");
	add_card(text, "area under the ROC curve", evaluation->roc_auc, "g");
	if (evaluation->class_count == 2 && !evaluation->segmentation.class_count)
		add_card(text, "sensitivity", evaluation->sensitivity, "%"),
		        add_card(text, "specificity", evaluation->specificity, "%");
	add_card(text, "mean absolute error", evaluation->mae, "g");
	add_card(text, "root mean squared error", sqrt(evaluation->mse), "g");
	add_card(text, "R²", evaluation->r2, "g");
	if (!evaluation->season) return;
	add_card(text, "error of repeating the last value", evaluation->naive_mae, "g");
	add_card(text, "error of repeating the season before", evaluation->seasonal_naive_mae, "g");
	add_card(text, "MASE", evaluation->mase, "g");
	add_card(text, "sMAPE, percent", evaluation->smape, "g");
}

static void add_head(nn_text *text, const nn_report *report) {
	const nn_model *model = report->model;
	const nn_evaluation *evaluation = report->evaluation;
	nn_text_add(text, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta name=\"viewport\" "
	                  "content=\"width=device-width,initial-scale=1\"/>\n<title>");
	nn_text_html(text, model->name);
	nn_text_add(text, "</title>\n<style>\n%s</style></head>\n<body><main>\n<h1>", style);
	nn_text_html(text, model->name);
	nn_text_add(text, "</h1>\n<p class=\"soft\">");
	if (evaluation) {
		nn_text_add(text, "Measured on the %s data, ", evaluation->split);
		nn_text_html(text, evaluation->source ? evaluation->source : "");
		nn_text_add(text, report->best_epoch >= 0 ? ", with the weights of epoch %d." : ".",
		            report->best_epoch + 1);
	}
	nn_text_add(text, "</p>\n<div class=\"cards\">\n");
	if (evaluation) {
		add_cards(text, evaluation);
		add_card(text, "loss", evaluation->loss, "g");
		for (int i = 0; i < evaluation->term_count; i++)
			add_card(text, evaluation->terms[i].name, evaluation->terms[i].value, "g");
		add_card(text, "samples measured", (double)evaluation->samples, "n");
	}
	add_card(text, "parameters", (double)model->parameters, "n");
	nn_text_add(text, "</div>\n");
}

static void add_curves(nn_text *text, const nn_report *report) {
	const nn_history *history = report->history;
	int validated = 0;
	if (!history->epoch_count) return;
	for (int i = 0; i < history->column_count; i++) validated |= !strncmp(history->columns[i], "val_", 4);
	nn_text_add(text,
	            "<h2>Training</h2>\n<div class=\"key\"><span><i style=\"background:var(--a)\"></i>training</span>");
	if (validated) nn_text_add(text, "<span><i style=\"background:var(--b)\"></i>validation</span>");
	if (report->best_epoch >= 0)
		nn_text_add(text, "<span>dashed: the best epoch, %d of %d</span>", report->best_epoch + 1,
		            history->epoch_count);
	nn_text_add(text, "</div>\n<div class=\"grid\">\n");
	for (int pass = 0; pass < 2; pass++) /* losses first */
		for (int i = 0; i < history->column_count; i++) {
			const char *name = history->columns[i], *end = strstr(name, "loss");
			int loss = end && !end[4];
			if (!strncmp(name, "val_", 4) || loss == pass) continue;
			nn_text_add(text, "<div class=\"card\"><h3>");
			nn_text_html(text, name);
			nn_text_add(text, "</h3>");
			nn_svg_curves(text, history, name, report->best_epoch);
			nn_text_add(text, "</div>\n");
		}
	nn_text_add(text, "</div>\n");
}

static void add_matrix(nn_text *text, const nn_evaluation *evaluation) {
	const nn_classification *scores = &evaluation->scores;
	int classes = scores->class_count;
	nn_text_add(text, "<div class=\"card\"><h3>Confusion matrix</h3><div class=\"scroll\"><table "
	                  "class=\"matrix\"><tr><th>true \\ predicted</th>");
	for (int c = 0; c < classes; c++)
		nn_text_add(text, "<th style=\"text-align:center\">"), nn_text_html(text, evaluation->classes[c]),
		        nn_text_add(text, "</th>");
	nn_text_add(text, "</tr>\n");
	for (int r = 0; r < classes; r++) {
		nn_text_add(text, "<tr><th>"), nn_text_html(text, evaluation->classes[r]), nn_text_add(text, "</th>");
		for (int c = 0; c < classes; c++) {
			int64_t count = scores->confusion[r * classes + c], all = scores->classes[r].support;
			double share = all ? (double)count / (double)all : 0;
			nn_text_add(text, "<td style=\"background:rgba(var(--heat),%.3f)%s\">", 0.04 + 0.8 * share,
			            share > 0.6 ? ";color:#fff" : "");
			nn_text_thousands(text, count);
			nn_text_add(text, "<small>%.1f%%</small></td>", 100 * share);
		}
		nn_text_add(text, "</tr>\n");
	}
	nn_text_add(text, "</table></div></div>\n");
}

static void add_score_row(nn_text *text, const char *name, const nn_class_score *score, int total) {
	nn_text_add(text, total ? "<tr class=\"total\"><td>" : "<tr><td>");
	nn_text_html(text, name);
	nn_text_add(text,
	            "</td><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td><td class=\"n\">%.4f</td><td class=\"n\">",
	            score->precision, score->recall, score->f1);
	nn_text_thousands(text, score->support);
	nn_text_add(text, "</td></tr>\n");
}

static void add_classes(nn_text *text, const nn_evaluation *evaluation) {
	const nn_classification *scores = &evaluation->scores;
	nn_text_add(text, "<h2>Classes</h2>\n<div class=\"grid\">\n");
	if (scores->confusion) add_matrix(text, evaluation);
	if (evaluation->roc_count) {
		nn_text_add(text, "<div class=\"card roc\"><h3>ROC curve of ");
		nn_text_html(text, evaluation->classes[1]);
		nn_text_add(text, ", area %.4f</h3>", evaluation->roc_auc);
		nn_svg_roc(text, evaluation);
		nn_text_add(text, "</div>\n");
	}
	nn_text_add(text, "</div>\n<div class=\"card scroll\" style=\"margin-top:.75rem\"><table><tr><th>class</th><th "
	                  "class=\"n\">precision</th><th class=\"n\">recall</th>"
	                  "<th class=\"n\">F1</th><th class=\"n\">%s</th></tr>\n", evaluation->steps ? "steps" : "samples");
	for (int c = 0; c < scores->class_count; c++)
		add_score_row(text, evaluation->classes[c], &scores->classes[c], 0);
	if (scores->multilabel) add_score_row(text, "micro average", &scores->micro, 1);
	add_score_row(text, "macro average", &scores->macro, !scores->multilabel);
	add_score_row(text, "weighted average", &scores->weighted, 0);
	nn_text_add(text, "</table></div>\n");
}

/* The heading and the cards of one of several outputs. */
static void add_output(nn_text *text, const nn_evaluation *evaluation) {
	nn_text_add(text, "<h2>Output ");
	nn_text_html(text, evaluation->output->name);
	nn_text_add(text, "</h2>\n<div class=\"cards\">\n");
	add_cards(text, evaluation);
	add_card(text, "loss", evaluation->loss, "g");
	nn_text_add(text, "</div>\n");
}

static void add_split(nn_text *text, const nn_report *report, const char *name, const nn_dataset *set) {
	int classes = report->sets->class_count;
	int64_t *counts = set ? calloc((size_t)classes + 1, sizeof *counts) : NULL;
	if (!counts) return;
	nn_text_add(text, "<tr><td class=\"wide\">%s<br/><small>", name);
	nn_text_html(text, nn_dataset_source(set) ? nn_dataset_source(set) : "");
	nn_text_add(text, "</small></td><td class=\"n\">");
	nn_text_thousands(text, nn_dataset_count(set));
	nn_text_add(text, "</td>");
	if (classes) nn_dataset_class_counts(set, counts);
	for (int c = 0; c < classes && classes <= 12; c++)
		nn_text_add(text, "<td class=\"n\">"), nn_text_thousands(text, counts[c]), nn_text_add(text, "</td>");
	nn_text_add(text, "</tr>\n");
	free(counts);
}

static void add_data(nn_text *text, const nn_report *report) {
	const nn_datasets *sets = report->sets;
	if (!sets) return;
	nn_text_add(text, "<h2>Data</h2>\n<div class=\"card scroll\"><table><tr><th>split</th><th "
	                  "class=\"n\">samples</th>");
	for (int c = 0; c < sets->class_count && sets->class_count <= 12; c++)
		nn_text_add(text, "<th class=\"n\">"), nn_text_html(text, sets->classes[c]), nn_text_add(text, "</th>");
	nn_text_add(text, "</tr>\n");
	add_split(text, report, "training", sets->train);
	add_split(text, report, "validation", sets->validation);
	add_split(text, report, "test", sets->test);
	nn_text_add(text, "</table></div>\n");
}

static void add_network(nn_text *text, const nn_model *model) {
	nn_text_add(text,
	            "<h2>Network</h2>\n<div class=\"card scroll\"><table><tr><th>layer</th><th>type</th><th>output "
	            "shape</th><th class=\"n\">parameters</th></tr>\n");
	for (int i = 0; i < model->layer_count; i++) {
		const nn_layer *layer = &model->layers[i];
		nn_text_add(text, "<tr><td>"), nn_text_html(text, layer->name);
		nn_text_add(text, "</td><td>"), nn_text_html(text, layer->type);
		nn_text_add(text, "</td><td>"), nn_text_html(text, layer->shape);
		nn_text_add(text, "</td><td class=\"n\">"), nn_text_thousands(text, layer->parameters),
		        nn_text_add(text, "</td></tr>\n");
	}
	nn_text_add(text, "<tr class=\"total\"><td colspan=\"3\">all, of which trained: ");
	nn_text_thousands(text, model->trainable_parameters);
	nn_text_add(text, "</td><td class=\"n\">"), nn_text_thousands(text, model->parameters),
	        nn_text_add(text, "</td></tr>\n</table></div>\n");
}

static void add_fact(nn_text *text, const char *name, const char *value) {
	if (!value || !*value) return;
	nn_text_add(text, "<tr><th>%s</th><td>", name);
	nn_text_html(text, value);
	nn_text_add(text, "</td></tr>\n");
}

/* The processor's name, as Linux tells it; empty where it does not. */
static void processor_name(char *buffer, size_t size) {
	char line[512];
	FILE *file = fopen("/proc/cpuinfo", "r");
	buffer[0] = 0;
	while (file && !buffer[0] && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) || !colon) continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(buffer, size, "%s", colon + 2);
	}
	if (file) fclose(file);
}

static void add_machine(nn_text *text, const nn_report *report) {
	char line[600], processor[256];
	struct utsname system;
	time_t now = time(NULL);
	struct tm utc;
	if (uname(&system) == 0)
		snprintf(line, sizeof line, "%s %s, %s", system.sysname, system.release, system.machine),
		        add_fact(text, "system", line);
	processor_name(processor, sizeof processor);
	snprintf(line, sizeof line, "%s%s%ld processors", processor, processor[0] ? ", " : "",
	         sysconf(_SC_NPROCESSORS_ONLN));
	add_fact(text, "machine", line);
	snprintf(line, sizeof line, "%d", report->threads);
	if (report->threads) add_fact(text, "threads", line);
	if (gmtime_r(&now, &utc) && strftime(line, sizeof line, "%Y-%m-%d %H:%M UTC", &utc))
		add_fact(text, "written", line);
	double seconds = report->seconds;
	if (seconds >= 3600)
		snprintf(line, sizeof line, "%d h %02d min", (int)seconds / 3600, (int)seconds % 3600 / 60);
	else if (seconds >= 60)
		snprintf(line, sizeof line, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
	else
		snprintf(line, sizeof line, "%.1f s", seconds);
	add_fact(text, "time", line);
}

static void add_run(nn_text *text, const nn_report *report) {
	const nn_model *model = report->model;
	char line[200];
	nn_text_add(text, "<h2>Run</h2>\n<div class=\"card scroll\"><table class=\"facts\">\n");
	add_fact(text, "optimizer", model->training.optimizer);
	add_fact(text, "loss", model->training.loss);
	snprintf(line, sizeof line, "%d of %d", report->history->epoch_count, report->epochs);
	add_fact(text, "epochs", line);
	snprintf(line, sizeof line, "%d", model->training.batch_size);
	add_fact(text, "batch size", line);
	snprintf(line, sizeof line, "%llu", (unsigned long long)report->seed);
	add_fact(text, "seed", line);
	snprintf(line, sizeof line, "nnc %.40s, f%d, target %.40s, spec %.80s", model->version, model->number_size * 8,
	         model->target, model->spec_hash);
	add_fact(text, "compiled by", line);
	add_machine(text, report);
	nn_text_add(text, "</table></div>\n");
}

void nn_report_html(nn_text *text, const nn_report *report) {
	add_head(text, report);
	if (report->history) add_curves(text, report);
	nn_sheets_html(text, report->sheets, report->sheet_count);
	const nn_evaluation *evaluation = report->evaluation;
	for (int i = -1; evaluation && i < evaluation->part_count; i++) {
		const nn_evaluation *one = i < 0 ? evaluation : &evaluation->parts[i];
		if (i >= 0) add_output(text, one);
		if (one->segmentation.class_count)
			nn_segmentation_html(text, &one->segmentation, one->classes);
		else if (one->class_count)
			add_classes(text, one);
	}
	if (report->forecast) nn_forecast_html(text, report->forecast);
	add_data(text, report);
	add_network(text, report->model);
	add_run(text, report);
	if (report->model->spec) {
		nn_text_add(text, "<h2>Spec</h2>\n<div class=\"card\"><pre>");
		for (const char *const *piece = report->model->spec; *piece; piece++) nn_text_html(text, *piece);
		nn_text_add(text, "</pre></div>\n");
	}
	nn_text_add(text, "</main></body></html>\n");
}
