/* Input: steps done, rows, logs. Output: one line, redrawn in place with a single write, or one line an epoch.
 * Invariant: what is drawn again never takes more characters than the terminal is wide, so it never leaves half a line
 * behind. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "progress.h"
#include "text.h"

enum { BAR = 20, NARROW_BAR = 8 };

double nn_seconds(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const char *environment(const char *name) {
	const char *value = getenv(name);
	return value ? value : "";
}

/* Only a locale that names another encoding speaks against UTF-8. */
static int speaks_utf8(void) {
	const char *names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (int i = 0; i < 3; i++) {
		const char *value = environment(names[i]);
		if (*value)
			return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8") ||
			       strstr(value, "utf-8");
	}
	return 1;
}

void nn_progress_open(nn_progress *progress, FILE *file, int quiet) {
	int terminal = !quiet && isatty(fileno(file)) && strcmp(environment("TERM"), "dumb") != 0;
	*progress = (nn_progress){.file = file,
	                          .quiet = quiet,
	                          .terminal = terminal,
	                          .colour = terminal && !*environment("NO_COLOR"),
	                          .utf8 = speaks_utf8()};
}

static int terminal_width(const nn_progress *progress) {
	struct winsize size;
	if (ioctl(fileno(progress->file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
	return 80;
}

void nn_progress_epoch(nn_progress *progress, int epoch, int epochs, int64_t first_step, int64_t steps) {
	progress->epoch = epoch, progress->epochs = epochs, progress->steps = steps, progress->first_step = first_step,
	progress->rows = 0;
	progress->begun = nn_seconds(), progress->drawn = 0, progress->ended = 0;
	if (progress->terminal) fprintf(progress->file, "Epoch %d/%d\n", epoch, epochs), fflush(progress->file);
}

int nn_progress_due(const nn_progress *progress) {
	return progress->terminal && nn_seconds() - progress->drawn >= 0.05;
}

/* 1:05:00, 2:30, 59s */
static void add_time(nn_text *text, double seconds) {
	long long s = seconds < 1e9 ? (long long)seconds : 0;
	if (s > 3600)
		nn_text_add(text, "%lld:%02lld:%02lld", s / 3600, s % 3600 / 60, s % 60);
	else if (s > 60)
		nn_text_add(text, "%lld:%02lld", s / 60, s % 60);
	else
		nn_text_add(text, "%llds", s);
}

/* " 150ms/step", as Keras: whole seconds, milliseconds or microseconds */
static void add_step_time(nn_text *text, double seconds) {
	if (seconds >= 1 || seconds == 0)
		nn_text_add(text, " %.0fs/step", seconds);
	else if (seconds >= 1e-3)
		nn_text_add(text, " %.0fms/step", seconds * 1e3);
	else
		nn_text_add(text, " %.0fus/step", seconds * 1e6);
}

static void add_logs(nn_text *text, const char (*names)[64], const double *values, int count) {
	for (int i = 0; i < count; i++)
		if (!isnan(values[i]))
			nn_text_add(text, fabs(values[i]) > 1e-3 || values[i] == 0 ? " - %s: %.4f" : " - %s: %.4e",
			            names[i], values[i]);
}

static void add_bar(nn_text *text, const nn_progress_line *line, int width) {
	int done = line->steps > 0 ? (int)((double)width * (double)line->step / (double)line->steps) : 0;
	const char *full = line->utf8 ? "━" : "=", *rest = line->utf8 ? line->colour ? "━" : "─" : ".";
	if (line->colour) nn_text_add(text, "\33[32m");
	for (int i = 0; i < width; i++) {
		if (i == done && line->colour) nn_text_add(text, "\33[90m");
		nn_text_add(text, "%s", i < done ? full : rest);
	}
	if (line->colour) nn_text_add(text, "\33[0m");
}

/* Makes the logs fit: first without samples a second, then with a short bar, then none, then cut. Returns the bar's
 * width. */
static int fit(nn_text *head, nn_text *time, nn_text *rate, nn_text *logs, int width) {
	size_t need = head->length + 1 + time->length + logs->length, room = (size_t)(width > 1 ? width - 1 : 1);
	if (need + rate->length + BAR + 1 > room) rate->length = 0;
	int bar = need + BAR + 1 <= room ? BAR : need + NARROW_BAR + 1 <= room ? NARROW_BAR : 0;
	if (need > room) logs->length = need - room < logs->length ? logs->length - (need - room) : 0;
	if (head->length + time->length + 1 > room) time->length = 0;
	return bar;
}

void nn_progress_text(nn_text *text, const nn_progress_line *line, const char (*names)[64], const double *values,
                      int count) {
	nn_text head = {0}, time = {0}, rate = {0}, logs = {0}, number = {0};
	nn_text_add(&number, "%lld", (long long)line->steps);
	nn_text_add(&head, "%*lld/%s ", (int)number.length, (long long)line->step, number.data ? number.data : "");
	nn_text_add(&time, " ");
	add_time(&time, line->final ? line->seconds + 0.5 : line->step_seconds * (double)(line->steps - line->step));
	add_step_time(&time, line->step_seconds);
	nn_text_add(&rate, " %.*f samples/s", line->rate < 10 ? 1 : 0, line->rate);
	add_logs(&logs, names, values, count);
	int bar =
	        line->final ? BAR : fit(&head, &time, &rate, &logs, line->width); /* the last line stays: it may wrap */
	nn_text_add(text, line->colour ? "\33[1m%s\33[0m" : "%s", head.data ? head.data : "");
	if (bar) add_bar(text, line, bar);
	nn_text_bytes(text, time.data, time.length);
	nn_text_bytes(text, rate.data, rate.length);
	nn_text_bytes(text, logs.data, logs.length);
	nn_text_free(&head), nn_text_free(&time), nn_text_free(&rate), nn_text_free(&logs), nn_text_free(&number);
}

static nn_progress_line line_of(const nn_progress *progress, int64_t step, int final) {
	double now = nn_seconds(), stepping = (progress->ended > 0 ? progress->ended : now) - progress->begun;
	int64_t done = step - progress->first_step;
	return (nn_progress_line){.step = step,
	                          .steps = progress->steps,
	                          .seconds = now - progress->begun,
	                          .rate = stepping > 0 ? (double)progress->rows / stepping : 0,
	                          .step_seconds = done > 0 ? stepping / (double)done : 0,
	                          .final = final,
	                          .width = terminal_width(progress),
	                          .colour = progress->colour,
	                          .utf8 = progress->utf8};
}

static void draw(nn_progress *progress, const nn_progress_line *line, const char (*names)[64], const double *values,
                 int count) {
	nn_text text = {0};
	nn_text_add(&text, "\r");
	nn_progress_text(&text, line, names, values, count);
	nn_text_add(&text, line->final ? "\33[K\n" : "\33[K");
	if (text.data) fwrite(text.data, 1, text.length, progress->file);
	fflush(progress->file);
	nn_text_free(&text);
	progress->drawn = nn_seconds();
}

void nn_progress_step(nn_progress *progress, int64_t step, int rows, const char (*names)[64], const double *values,
                      int count) {
	progress->rows += rows;
	if (step >= progress->steps) progress->ended = nn_seconds();
	if (!values || !progress->terminal) return;
	nn_progress_line line = line_of(progress, step, 0);
	draw(progress, &line, names, values, count);
}

void nn_progress_done(nn_progress *progress, int64_t step, const char (*names)[64], const double *values, int count) {
	if (progress->quiet) return;
	if (!progress->ended) progress->ended = nn_seconds();
	nn_progress_line line = line_of(progress, step, 1);
	if (progress->terminal) {
		draw(progress, &line, names, values, count);
		return;
	}
	nn_text text = {0};
	nn_text_add(&text, "Epoch %d/%d - ", progress->epoch, progress->epochs);
	add_time(&text, line.seconds + 0.5);
	nn_text_add(&text, " -");
	add_step_time(&text, line.step_seconds);
	add_logs(&text, names, values, count);
	if (text.data) fprintf(progress->file, "%s\n", text.data);
	fflush(progress->file);
	nn_text_free(&text);
}

void nn_progress_break(nn_progress *progress) {
	if (progress->terminal && progress->drawn > 0) fputs("\n", progress->file), fflush(progress->file);
	progress->drawn = 0;
}
