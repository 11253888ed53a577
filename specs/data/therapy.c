/* therapy.c: in: a seed; out: a made trial in which the best therapy of every patient is known, for trying a network that chooses.
 *
 *     therapy FOLDER [--count N] [--seed N]      N patients to train on (100000), N/10 for validation, N/5 for the test
 *
 * FOLDER/{train,val,test}.csv: a row a patient: what was measured, then a column for each of eight therapies: 1 it worked, 0 it
 * did not, -1 it was not tried; every patient tried three, drawn at random. FOLDER/truth.csv: for the rows of test.csv, the chance
 * of every therapy; the highest is the best. No network ever reads it.
 * How a therapy's chance depends on the patient is written in the table of therapies below: it follows the markers, and kidney,
 * liver and age take from it where they fail. Invariant: a row is a function of seed, split and number. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "dice.h"

enum { THERAPIES = 8, TRIED = 3, MARKERS = 4, STREAM = 0x74686572 };

typedef struct Patient {
	double age, weight, kidney, liver; /* years, kg, filtration in ml/min, enzyme in U/l */
	int woman, variant; /* of a gene */
	double marker[MARKERS]; /* mean 0, deviation 1 */
} Patient;

/* Log odds of working: base, what each marker adds, and what is lost with age over 70, with a kidney under 60, with a liver
 * over 40, and without the variant of the gene that a targeted drug needs. */
typedef struct Therapy {
	const char *name;
	double base, marker[MARKERS], age, kidney, liver, variant;
} Therapy;

static const Therapy therapies[THERAPIES] = {
	{"watchful", -0.6, {-0.8, -0.8, -0.8, -0.8}, 0, 0, 0, 0},
	{"surgery", 0.4, {0.4, 0.4, -1.4, 0.4}, 3.5, 0.5, 0.5, 0},
	{"radiation", -0.4, {1.6, -0.8, 0.4, 0}, 0.5, 0, 0, 0},
	{"platin", -0.2, {0.2, 1.8, 0, -0.6}, 1, 4, 0, 0},
	{"taxane", -0.2, {-0.6, 0.2, 1.8, 0}, 0.5, 0, 4, 0},
	{"antibody", -0.4, {0, -0.6, 0.2, 1.8}, 0, 0.5, 0.5, 0},
	{"targeted", 1.6, {0.3, 0.3, 0.3, 0.3}, 0, 0, 1, 4.5},
	{"hormone", -0.7, {-1.5, 0.8, -0.8, 0.6}, -1.5, 0, 0, 0},
};

static Patient draw_patient(Dice *dice)
{
	Patient p = {.age = uniform(dice, 30, 90), .woman = uniform(dice, 0, 1) < 0.5, .variant = uniform(dice, 0, 1) < 0.25};
	p.weight = fmax(40, (p.woman ? 68 : 82) + 12 * normal(dice));
	p.kidney = fmax(10, 115 - 0.5 * p.age + 18 * normal(dice));
	p.liver = exp(3.3 + 0.5 * normal(dice));
	for (int i = 0; i < MARKERS; i++) p.marker[i] = normal(dice);
	return p;
}

/* How far beyond a limit: 0 before it, 1 from `wide` on. */
static double beyond(double value, double limit, double wide)
{
	return fmin(fmax((value - limit) / wide, 0), 1);
}

static double chance(const Patient *p, const Therapy *t)
{
	double odds = t->base;
	for (int i = 0; i < MARKERS; i++) odds += t->marker[i] * p->marker[i];
	odds -= t->age * beyond(p->age, 70, 10) + t->kidney * beyond(60 - p->kidney, 0, 15) + t->liver * beyond(p->liver, 40, 20);
	if (!p->variant) odds -= t->variant;
	return 1 / (1 + exp(-odds));
}

static void write_patient(FILE *out, Dice *dice, const Patient *p)
{
	int tried[THERAPIES] = {0};
	for (int left = TRIED; left;) {
		int t = (int)uniform(dice, 0, THERAPIES);
		left -= !tried[t];
		tried[t] = 1;
	}
	fprintf(out, "%.0f,%d,%.0f,%.0f,%.0f,%d", p->age, p->woman, p->weight, p->kidney, p->liver, p->variant);
	for (int i = 0; i < MARKERS; i++) fprintf(out, ",%.2f", p->marker[i]);
	for (int t = 0; t < THERAPIES; t++) {
		int works = uniform(dice, 0, 1) < chance(p, &therapies[t]);
		fprintf(out, ",%d", tried[t] ? works : -1);
	}
	fprintf(out, "\n");
}

static void write_truth(FILE *out, const Patient *p)
{
	for (int t = 0; t < THERAPIES; t++) fprintf(out, "%s%.4f", t ? "," : "", chance(p, &therapies[t]));
	fprintf(out, "\n");
}

static void write_names(FILE *out, const char *before)
{
	for (int t = 0; t < THERAPIES; t++) fprintf(out, "%s%s", t ? "," : before, therapies[t].name);
	fprintf(out, "\n");
}

static FILE *create(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s.csv", folder, name);
	FILE *out = fopen(path, "w");
	if (!out) fprintf(stderr, "therapy: %s: %s\n", path, strerror(errno));
	return out;
}

static int finish(FILE *out, const char *name)
{
	int failed = ferror(out);
	if (!fclose(out) && !failed) return 0;
	fprintf(stderr, "therapy: %s.csv can not be written\n", name);
	return 1;
}

static int write_split(const char *folder, uint64_t seed, int split, long count)
{
	static const char *const names[] = {"train", "val", "test"};
	FILE *out = create(folder, names[split]), *truth = split == 2 ? create(folder, "truth") : NULL;
	if (!out || (split == 2 && !truth)) return 1;
	fprintf(out, "age,woman,weight,kidney,liver,variant");
	for (int i = 0; i < MARKERS; i++) fprintf(out, ",marker_%d", i + 1);
	write_names(out, ",");
	if (truth) write_names(truth, "");
	for (long i = 0; i < count; i++) {
		Dice dice = {seed, (uint64_t)split << 32 | (uint64_t)i, STREAM, 0};
		Patient p = draw_patient(&dice);
		write_patient(out, &dice, &p);
		if (truth) write_truth(truth, &p);
	}
	return finish(out, names[split]) | (truth ? finish(truth, "truth") : 0);
}

static int parse_number(const char *text, long low, long high, long *value)
{
	char *end;
	if (!text) return 1;
	*value = strtol(text, &end, 10);
	return !*text || *end || *value < low || *value > high;
}

int main(int argc, char **argv)
{
	const char *folder = NULL;
	long count = 100000, seed = 1;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-' && !folder) folder = argv[i];
		else if (!strcmp(argv[i], "--count") && !parse_number(argv[i + 1], 10, 10000000, &count)) i++;
		else if (!strcmp(argv[i], "--seed") && !parse_number(argv[i + 1], 0, 1L << 30, &seed)) i++;
		else folder = NULL, i = argc;
	}
	if (!folder) return fprintf(stderr, "usage: therapy FOLDER [--count N] [--seed N]\n"), 2;
	if (mkdir(folder, 0777) && errno != EEXIST) return fprintf(stderr, "therapy: %s: %s\n", folder, strerror(errno)), 1;
	return write_split(folder, (uint64_t)seed, 0, count) || write_split(folder, (uint64_t)seed, 1, count / 10) ||
	       write_split(folder, (uint64_t)seed, 2, count / 5);
}
