/* data_time.h: the column of time of a series: numbers or ISO dates, in which order they come, how they go on. */
#ifndef NN_DATA_TIME_H
#define NN_DATA_TIME_H
#include <stddef.h>
#include <stdint.h>

typedef enum TimeForm { TIME_NUMBER, TIME_MONTH, TIME_DAY, TIME_MINUTE, TIME_SECOND } TimeForm;

typedef struct Time {
	TimeForm form;
	double at; /* the number; months from year 0; days, or seconds, from 1970 */
	char separator, zone; /* between date and time of the day: T or a blank; behind them Z, or 0 */
} Time;

/* From a row to the next: so many of the form's units; or of dates so many whole months. */
typedef struct TimeStep {
	double step;
	int monthly, last_days; /* all these dates are the last of their months, and so go on */
} TimeStep;

enum { TIME_TEXT = 40 };

/* "1949-01", "1949-01-31", "1949-01-31T10:00", "1949-01-31 10:00:05Z", "12.5". 0, or 1: it is none of them. */
int nn_time_parse(const char *text, Time *time);
/* The commonest step of rising times, of several the least; count 2 at least. *unequal: how many are another, *first the row that the first of these
 * leads to. */
TimeStep nn_time_step(const Time *times, int64_t count, int64_t *unequal, int64_t *first);
/* The time so many steps later, written as the others are. Returns buffer. */
const char *nn_time_later(const Time *time, const TimeStep *step, int64_t steps, char buffer[TIME_TEXT]);

#endif
