/* data_time.c: in: texts of a column of time; out: numbers that can be compared, their step, and texts of times to come.
 * Invariant: a text that is written for a time reads back as that time. Days by the civil calendar (Gregorian, also before it
 * was used), as ISO 8601 has it; no leap seconds. */
#include "data_time.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data_csv.h"

#define SAME 1e-6 /* steps that differ by this share are the same: times may be fractions */

enum { MONTHS = 12, DAY_SECONDS = 86400 };

typedef struct Date {
	long year;
	int month, day; /* from 1 */
} Date;

/* Years that begin in March, so that the leap day is the last: Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static double days_of(Date date)
{
	long year = date.year - (date.month <= 2), era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	long of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
	return (double)(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

static Date date_of(double days)
{
	long all = (long)days + 719468, era = (all >= 0 ? all : all - 146096) / 146097, day = all - era * 146097;
	long of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365, of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
	long month = (5 * of_year + 2) / 153;
	Date date = {of_era + era * 400, (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1)};
	date.year += date.month <= 2;
	return date;
}

static int days_in(long year, int month)
{
	static const int days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

static int is_last_day(Date date) { return date.day == days_in(date.year, date.month); }

/* "-07" of so many digits; returns what follows, or NULL. */
static const char *take_digits(const char *at, char before, int digits, int low, int high, int *number)
{
	if (at == NULL || (before && *at++ != before)) return NULL;
	*number = 0;
	for (int i = 0; i < digits; i++, at++) {
		if (!isdigit((unsigned char)*at)) return NULL;
		*number = *number * 10 + (*at - '0');
	}
	return *number >= low && *number <= high ? at : NULL;
}

static int parse_clock(const char *at, double days, Time *time)
{
	int hour, minute, second = 0;
	time->separator = *at;
	at = take_digits(take_digits(at + 1, 0, 2, 0, 23, &hour), ':', 2, 0, 59, &minute);
	time->form = TIME_MINUTE;
	if (at != NULL && *at == ':') {
		at = take_digits(at, ':', 2, 0, 59, &second);
		time->form = TIME_SECOND;
	}
	if (at == NULL) return 1;
	time->at = days * DAY_SECONDS + hour * 3600.0 + minute * 60.0 + second;
	if (*at == 'Z') time->zone = *at++;
	return *at != 0;
}

int nn_time_parse(const char *text, Time *time)
{
	int year, month, day;
	while (isspace((unsigned char)*text)) text++;
	*time = (Time){.form = TIME_NUMBER};
	const char *at = take_digits(take_digits(text, 0, 4, 0, 9999, &year), '-', 2, 1, MONTHS, &month);
	if (at == NULL) return nn_parse_number(text, &time->at);
	if (*at == 0) {
		*time = (Time){.form = TIME_MONTH, .at = year * (double)MONTHS + month - 1};
		return 0;
	}
	at = take_digits(at, '-', 2, 1, days_in(year, month), &day);
	if (at == NULL) return 1;
	double days = days_of((Date){year, month, day});
	*time = (Time){.form = TIME_DAY, .at = days};
	if (*at == 0) return 0;
	return (*at != 'T' && *at != ' ') || parse_clock(at, days, time);
}

/* Whole months from one day to another of the same number, or from the last of a month to the last of another; 0: neither. */
static double months_between(double from, double to)
{
	Date a = date_of(from), b = date_of(to);
	if (a.day != b.day && !(is_last_day(a) && is_last_day(b))) return 0;
	return (double)(b.year - a.year) * MONTHS + b.month - a.month;
}

static double step_of(const Time *a, const Time *b, int monthly) { return monthly ? months_between(a->at, b->at) : b->at - a->at; }

static int compare_steps(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Of sorted steps that which is there most often; of several the least. */
static double commonest(const double *steps, int64_t count)
{
	double found = steps[0];
	int64_t most = 0;
	for (int64_t begin = 0, end; begin < count; begin = end) {
		for (end = begin; end < count && steps[end] - steps[begin] <= SAME * steps[begin];) end++;
		if (end - begin > most) found = steps[begin];
		if (end - begin > most) most = end - begin;
	}
	return found;
}

TimeStep nn_time_step(const Time *times, int64_t count, int64_t *unequal, int64_t *first)
{
	TimeStep result = {1, times[0].form == TIME_DAY, times[0].form == TIME_DAY};
	double *steps = malloc(sizeof *steps * (size_t)count);
	*unequal = *first = 0;
	for (int64_t i = 1; i < count && result.monthly; i++) result.monthly = months_between(times[i - 1].at, times[i].at) > 0;
	for (int64_t i = 0; i < count && result.last_days; i++) result.last_days = is_last_day(date_of(times[i].at));
	if (steps == NULL) return result;
	for (int64_t i = 1; i < count; i++) steps[i - 1] = step_of(&times[i - 1], &times[i], result.monthly);
	qsort(steps, (size_t)count - 1, sizeof *steps, compare_steps);
	result.step = commonest(steps, count - 1);
	free(steps);
	for (int64_t i = 1; i < count; i++) {
		if (fabs(step_of(&times[i - 1], &times[i], result.monthly) - result.step) <= SAME * result.step) continue;
		if ((*unequal)++ == 0) *first = i;
	}
	return result;
}

/* A day so many months later, of the same number, or of last days the last. */
static double later_days(double days, double months, int last)
{
	Date date = date_of(days);
	double all = (double)date.year * MONTHS + date.month - 1 + months;
	date.year = (long)floor(all / MONTHS);
	date.month = (int)(all - (double)date.year * MONTHS) + 1;
	int most = days_in(date.year, date.month);
	if (last || date.day > most) date.day = most;
	return days_of(date);
}

const char *nn_time_later(const Time *time, const TimeStep *step, int64_t steps, char buffer[TIME_TEXT])
{
	double on = step->step * (double)steps, at = step->monthly ? later_days(time->at, on, step->last_days) : time->at + on;
	if (time->form == TIME_NUMBER) {
		snprintf(buffer, TIME_TEXT, "%.10g", at);
	} else if (time->form == TIME_MONTH) {
		long year = (long)floor(at / MONTHS);
		snprintf(buffer, TIME_TEXT, "%04ld-%02d", year, (int)(at - (double)year * MONTHS) + 1);
	} else {
		double days = time->form == TIME_DAY ? floor(at) : floor(at / DAY_SECONDS);
		int second = time->form == TIME_DAY ? 0 : (int)(at - days * DAY_SECONDS);
		Date date = date_of(days);
		int length = snprintf(buffer, TIME_TEXT, "%04ld-%02d-%02d", date.year, date.month, date.day);
		if (time->form != TIME_DAY)
			length += snprintf(buffer + length, (size_t)(TIME_TEXT - length), "%c%02d:%02d", time->separator, second / 3600, second / 60 % 60);
		if (time->form == TIME_SECOND) length += snprintf(buffer + length, (size_t)(TIME_TEXT - length), ":%02d", second % 60);
		if (time->zone) snprintf(buffer + length, (size_t)(TIME_TEXT - length), "%c", time->zone);
	}
	return buffer;
}
