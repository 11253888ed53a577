/* phantom.c: in: a seed; out: a data set of drawn chest radiographs, OUTDIR/{train,val,test}/{NORMAL,PNEUMONIA}/NNNN.png,
 * 8-bit grey, for trying a network without patients.
 *
 *     phantom OUTDIR [--count N] [--size S] [--seed N]      N training images (600), N/6 for validation, N/3 for the test;
 *                                                           S x S pixels (64)
 *
 * With PNEUMONIA a film (film.h) has one or more opacities. Position, build, heart, exposure, contrast and noise vary alike in
 * both classes, so that no simple number, such as the mean brightness, tells them apart.
 * Invariant: an image is a function of seed, split, class and number: the same seed gives the same bytes. */
#include "film.h"

enum { STREAM = 0x70686e74 };

static Patient draw_patient(Dice *dice, int ill)
{
	Patient p = draw_healthy(dice);
	if (ill) p.opacity_count = 1 + (int)uniform(dice, 0, MAX_OPACITIES);
	for (int i = 0; i < p.opacity_count; i++) {
		int side = uniform(dice, 0, 1) < 0.5 ? -1 : 1;
		double x = side * uniform(dice, 0.3, 0.6), y = uniform(dice, -0.4, 0.34), size = uniform(dice, 0.16, 0.28);
		draw_opacity(dice, &p.opacities[i], x, y, size);
	}
	return p;
}

static int draw(const Job *job, const char *path, uint64_t key, int ill)
{
	Dice dice = {job->seed, key, STREAM, 0};
	Patient patient = draw_patient(&dice, ill);
	return draw_film(job, path, &dice, &patient);
}

/* Half of its images of each class. */
static int draw_split(const Job *job, int split, const char *name, int count)
{
	static const char *const classes[2] = {"NORMAL", "PNEUMONIA"};
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", job->folder, name);
	if (make_folder(job, path)) return 1;
	for (int c = 0; c < 2; c++) {
		int images = (count + 1 - c) / 2;
		snprintf(path, sizeof path, "%s/%s/%s", job->folder, name, classes[c]);
		if (make_folder(job, path)) return 1;
		for (int i = 0; i < images; i++) {
			snprintf(path, sizeof path, "%s/%s/%s/%04d.png", job->folder, name, classes[c], i);
			if (draw(job, path, (uint64_t)split << 40 | (uint64_t)c << 32 | (uint64_t)i, c)) return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	Job job;
	if (!parse_job(&job, "phantom", argc, argv)) return draw_splits(&job, draw_split);
	fprintf(stderr, "usage: phantom OUTDIR [--count N] [--size S] [--seed N]\n");
	return 2;
}
