/* reports.c: in: a seed; out: drawn chest radiographs with a made report each, for trying a network that describes what it sees:
 * OUTDIR/{train,val,test}/NNNN.png, 8-bit grey, and beside each folder a table, OUTDIR/{train,val,test}.csv.
 *
 *     reports OUTDIR [--count N] [--size S] [--seed N]      N training images (600), N/6 for validation, N/3 for the test;
 *                                                           S x S pixels (64)
 *
 * A row of the table: image, caption, left, top, right, bottom. Four films (film.h) of five have one opacity: "small opacity in
 * the left lower lung", left and right being the patient's, so that left is on the right of the film. The box, in pixels, holds what is
 * seen of it at half its strength or more; "no opacity" has none.
 * Invariant: a film and its row are a function of seed, split and number: the same seed gives the same bytes. */
#include "film.h"

enum { STREAM = 0x7265706f };

typedef struct Finding {
	int there, large, left, lower;
} Finding;

typedef struct Box { /* right and bottom lie outside */
	int left, top, right, bottom;
} Box;

static Finding draw_finding(Dice *dice, Patient *p)
{
	Finding f = {.there = uniform(dice, 0, 1) < 0.8};
	f.large = uniform(dice, 0, 1) < 0.5;
	f.left = uniform(dice, 0, 1) < 0.5;
	f.lower = uniform(dice, 0, 1) < 0.5;
	double x = uniform(dice, 0.3, 0.55), y = f.lower ? uniform(dice, 0.04, 0.34) : uniform(dice, -0.42, -0.12);
	double size = f.large ? uniform(dice, 0.19, 0.25) : uniform(dice, 0.08, 0.105);
	p->opacity_count = f.there;
	draw_opacity(dice, &p->opacities[0], f.left ? x : -x, y, size);
	return f;
}

static void write_caption(FILE *out, const Finding *f)
{
	if (!f->there) fprintf(out, "no opacity");
	else fprintf(out, "%s opacity in the %s %s lung", f->large ? "large" : "small", f->left ? "left" : "right", f->lower ? "lower" : "upper");
}

/* What hides air behind an opacity, at the middle of a pixel. */
static double hidden_air(const Patient *p, int size, int column, int row)
{
	double x, y, soft = fmax(0.8 / size, 0.006);
	patient_place(p, (2 * column + 1.0) / size - 1, (2 * row + 1.0) / size - 1, &x, &y);
	return opacities(p, x, y) * (lung(p, x, y, -1, soft) + lung(p, x, y, 1, soft));
}

static Box find_box(const Patient *p, int size)
{
	Box box = {size, size, 0, 0};
	double most = 0;
	for (int i = 0; i < size * size; i++) most = fmax(most, hidden_air(p, size, i % size, i / size));
	for (int i = 0; i < size * size; i++) {
		int x = i % size, y = i / size;
		if (hidden_air(p, size, x, y) < most / 2) continue;
		if (x < box.left) box.left = x;
		if (y < box.top) box.top = y;
		if (x >= box.right) box.right = x + 1;
		if (y >= box.bottom) box.bottom = y + 1;
	}
	return box;
}

static int draw(const Job *job, const char *folder, FILE *table, int split, int number)
{
	Dice dice = {job->seed, (uint64_t)split << 32 | (uint64_t)number, STREAM, 0};
	Patient patient = draw_healthy(&dice);
	Finding finding = draw_finding(&dice, &patient);
	Box box = find_box(&patient, job->size);
	char path[4500];
	fprintf(table, "%04d,", number);
	write_caption(table, &finding);
	if (finding.there) fprintf(table, ",%d,%d,%d,%d\n", box.left, box.top, box.right, box.bottom);
	else fprintf(table, ",,,,\n");
	snprintf(path, sizeof path, "%s/%04d.png", folder, number);
	return draw_film(job, path, &dice, &patient);
}

static int draw_split(const Job *job, int split, const char *name, int count)
{
	char folder[4096], path[4200];
	snprintf(folder, sizeof folder, "%s/%s", job->folder, name);
	snprintf(path, sizeof path, "%s.csv", folder);
	if (make_folder(job, folder)) return 1;
	FILE *table = fopen(path, "w");
	int failed = table == NULL;
	if (table != NULL) fprintf(table, "image,caption,left,top,right,bottom\n");
	for (int i = 0; i < count && !failed; i++) failed = draw(job, folder, table, split, i);
	int written = table != NULL && !ferror(table);
	if (table != NULL && fclose(table)) written = 0;
	if (!written) fprintf(stderr, "%s: %s: %s\n", job->program, path, strerror(errno));
	return failed || !written;
}

int main(int argc, char **argv)
{
	Job job;
	if (!parse_job(&job, "reports", argc, argv)) return draw_splits(&job, draw_split);
	fprintf(stderr, "usage: reports OUTDIR [--count N] [--size S] [--seed N]\n");
	return 2;
}
