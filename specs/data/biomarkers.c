/* biomarkers.c: in: a folder of chest X-rays, FOLDER/{train,val,test}/{NORMAL,PNEUMONIA}/NAME; out: a table beside each split,
 * FOLDER/{train,val,test}.csv, a row an image: made laboratory values of the same patient.
 *
 *     biomarkers FOLDER [--seed N]
 *
 * A patient has a level of inflammation, higher on average with PNEUMONIA. Temperature, C-reactive protein, leukocytes and
 * procalcitonin follow it, each with its own noise; oxygen follows the lungs. Given the diagnosis they know nothing of the
 * image, so image and table together tell more than either. One value in twenty was not measured and is empty.
 * Invariant: a row is a function of the seed and the image's path: the same seed gives the same bytes. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dice.h"

enum { STREAM = 0x62696f6d, PATH = 4096 };

static uint64_t hash(const char *text) /* FNV-1a */
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *text; text++) h = (h ^ (uint8_t)*text) * 0x100000001b3u;
	return h;
}

static void write_value(FILE *out, Dice *dice, int digits, double value)
{
	if (uniform(dice, 0, 1) < 0.05) fprintf(out, ",");
	else fprintf(out, ",%.*f", digits, value);
}

static void write_patient(FILE *out, uint64_t seed, const char *image, int ill)
{
	Dice dice = {seed, hash(image), STREAM, 0};
	double inflammation = normal(&dice) + (ill ? 2.0 : 0), lungs = normal(&dice) + (ill ? 1.4 : 0);
	fprintf(out, "%s,%.0f", image, uniform(&dice, 18, 90));
	write_value(out, &dice, 1, 36.9 + 0.5 * inflammation + 0.4 * normal(&dice));
	write_value(out, &dice, 1, exp(1.2 + 0.9 * inflammation + 0.5 * normal(&dice)));
	write_value(out, &dice, 1, fmax(1, 7.5 + 1.7 * inflammation + 1.8 * normal(&dice)));
	write_value(out, &dice, 2, exp(-2.6 + 0.8 * inflammation + 0.6 * normal(&dice)));
	write_value(out, &dice, 0, fmin(100, 97 - 1.5 * lungs + 0.8 * normal(&dice)));
	fprintf(out, ",%s\n", ill ? "PNEUMONIA" : "NORMAL");
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int write_class(FILE *out, uint64_t seed, const char *split, const char *class_name, int ill)
{
	char path[PATH], image[PATH];
	struct dirent **entries;
	snprintf(path, sizeof path, "%s/%s", split, class_name);
	int count = scandir(path, &entries, visible, alphasort);
	if (count < 0) return fprintf(stderr, "biomarkers: %s: %s\n", path, strerror(errno)), 1;
	for (int i = 0; i < count; i++) {
		snprintf(image, sizeof image, "%s/%s", class_name, entries[i]->d_name);
		write_patient(out, seed, image, ill);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int write_split(uint64_t seed, const char *folder, const char *name)
{
	char split[PATH - 300], table[PATH];
	snprintf(split, sizeof split, "%s/%s", folder, name);
	snprintf(table, sizeof table, "%s.csv", split);
	FILE *out = fopen(table, "w");
	if (!out) return fprintf(stderr, "biomarkers: %s: %s\n", table, strerror(errno)), 1;
	fprintf(out, "image,age,temperature,crp,leukocytes,procalcitonin,oxygen,diagnosis\n");
	int failed = write_class(out, seed + hash(name), split, "NORMAL", 0) ||
		     write_class(out, seed + hash(name), split, "PNEUMONIA", 1);
	int written = !ferror(out);
	if (fclose(out) || !written) return fprintf(stderr, "biomarkers: %s: can not be written\n", table), 1;
	return failed;
}

int main(int argc, char **argv)
{
	char *end = "";
	uint64_t seed = argc == 4 ? strtoull(argv[3], &end, 10) : 1;
	if ((argc != 2 && argc != 4) || (argc == 4 && strcmp(argv[2], "--seed")) || *end) {
		fprintf(stderr, "usage: biomarkers FOLDER [--seed N]\n");
		return 2;
	}
	return write_split(seed, argv[1], "train") || write_split(seed, argv[1], "val") || write_split(seed, argv[1], "test");
}
