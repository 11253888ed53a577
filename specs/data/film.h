/* film.h: a drawn chest radiograph, for the programs that make phantoms: a patient by chance, its shadow, the developed film.
 * A film is a sum of shadows: body, lungs (less), heart, diaphragm, vessels, bones, and soft opacities within the lungs. */
#ifndef FILM_H
#define FILM_H
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "dice.h"

enum { RIBS = 9, MAX_OPACITIES = 3, LOBES = 5, MAX_SIZE = 4096 };

/* A cloud of soft discs: one infiltrate. */
typedef struct Opacity {
	double x[LOBES], y[LOBES], radius[LOBES], density;
} Opacity;

/* Everything that differs from one patient and exposure to the next. Lengths: the film is 2 x 2, its middle (0, 0), y down. */
typedef struct Patient {
	double shift_x, shift_y, scale, tilt; /* how the patient stands */
	double width, shoulder, fat; /* of the body */
	double lung_width, lung_top, dome[2], dome_height; /* of the lungs; [0]: left on the film, the patient's right */
	double heart_x, heart_y, heart_width, heart_height, heart_angle, aorta;
	double rib_start, rib_step, rib_slope, rib_strength, clavicle_y, clavicle_slope, spine;
	double breast, breast_y, breast_size, bubble;
	double exposure, contrast, veil, noise, blur, vignette;
	int marker; /* 0: none; -1, 1: side of the letter */
	int opacity_count;
	Opacity opacities[MAX_OPACITIES];
} Patient;

static double square(double x)
{
	return x * x;
}

/* 0 below, 1 above an edge that is `soft` wide. */
static double rise(double x, double soft)
{
	return 1 / (1 + exp(-x / soft));
}

/* A disc that fades at its rim: 1 inside, 0 outside. */
static double ellipse(double x, double y, double a, double b, double soft)
{
	double r = sqrt(square(x / a) + square(y / b));
	return rise((1 - r) * fmin(a, b), soft);
}

/* --- the patient */

/* Around (x, y), about `size` from its middle to its rim. */
static void draw_opacity(Dice *dice, Opacity *o, double x, double y, double size)
{
	o->density = uniform(dice, 0.65, 1);
	for (int i = 0; i < LOBES; i++) {
		double angle = uniform(dice, 0, 2 * PI), away = i ? size * uniform(dice, 0.3, 0.9) : 0;
		o->x[i] = x + away * cos(angle);
		o->y[i] = y + away * sin(angle);
		o->radius[i] = size * uniform(dice, 0.45, 0.95);
	}
}

static void draw_body(Dice *dice, Patient *p)
{
	p->shift_x = uniform(dice, -0.06, 0.06);
	p->shift_y = uniform(dice, -0.06, 0.06);
	p->scale = uniform(dice, 0.92, 1.1);
	p->tilt = uniform(dice, -0.05, 0.05);
	p->width = uniform(dice, 0.86, 1.0);
	p->shoulder = uniform(dice, -0.9, -0.78);
	p->fat = uniform(dice, 0, 1);
	p->lung_width = uniform(dice, 0.37, 0.43);
	p->lung_top = uniform(dice, -0.86, -0.76);
	p->dome[0] = uniform(dice, 0.5, 0.72);
	p->dome[1] = p->dome[0] + uniform(dice, 0.02, 0.1);
	p->dome_height = uniform(dice, 0.1, 0.2);
	p->heart_x = uniform(dice, 0.06, 0.16);
	p->heart_y = p->dome[1] - uniform(dice, 0.16, 0.24);
	p->heart_width = uniform(dice, 0.24, 0.36);
	p->heart_height = uniform(dice, 0.26, 0.36);
	p->heart_angle = uniform(dice, 0.6, 1.0);
	p->aorta = uniform(dice, 0.05, 0.09);
	p->breast = uniform(dice, 0, 1) < 0.35 ? uniform(dice, 0.03, 0.11) : 0;
	p->breast_y = uniform(dice, 0.2, 0.36);
	p->breast_size = uniform(dice, 0.26, 0.36);
	p->bubble = uniform(dice, 0, 1) < 0.6 ? uniform(dice, 0.05, 0.12) : 0;
}

static void draw_bones(Dice *dice, Patient *p)
{
	p->rib_start = uniform(dice, -0.8, -0.7);
	p->rib_step = uniform(dice, 0.155, 0.185);
	p->rib_slope = uniform(dice, 0.22, 0.36);
	p->rib_strength = uniform(dice, 0.07, 0.16);
	p->clavicle_y = uniform(dice, -0.68, -0.6);
	p->clavicle_slope = uniform(dice, 0.1, 0.28);
	p->spine = uniform(dice, 0.06, 0.13);
}

static Patient draw_healthy(Dice *dice)
{
	Patient p = {0};
	draw_body(dice, &p);
	draw_bones(dice, &p);
	p.exposure = uniform(dice, -0.08, 0.08);
	p.contrast = uniform(dice, 0.85, 1.2);
	p.veil = uniform(dice, 0.02, 0.16);
	p.noise = uniform(dice, 0.008, 0.026);
	p.blur = uniform(dice, 0.3, 1);
	p.vignette = uniform(dice, -0.06, 0.06);
	p.marker = uniform(dice, 0, 1) < 0.7 ? (uniform(dice, 0, 1) < 0.7 ? -1 : 1) : 0;
	return p;
}

/* --- its shadow at one place */

/* How much of the beam's way is lung: 0 .. 1. side: -1 left on the film, 1 right. */
static double lung(const Patient *p, double x, double y, int side, double soft)
{
	double dome = p->dome[side > 0] - p->dome_height * (1 - square((x * side - 0.42) / 0.42));
	double top = p->lung_top, middle = (top + 0.95) / 2;
	double half = (0.95 - top) / 2;
	double down = (y - middle) / half; /* -1 apex, 1 base */
	double centre = 0.41 + 0.06 * down, wide = p->lung_width * (0.88 + 0.14 * down);
	double across = (x * side - centre) / wide;
	double body = 1 - pow(pow(fabs(across), 2.4) + pow(fabs(down), 3.2), 1 / 2.4);
	double inner = x * side - (0.09 + 0.03 * square(y));
	double thick = 0.55 + 0.45 * sqrt(fmax(body, 0)); /* thin at its rim */
	return thick * rise(body * 0.4, soft) * rise(dome - y, soft) * rise(inner, 0.02);
}

static double body(const Patient *p, double x, double y, double soft)
{
	double neck = 0.27 + 0.02 * square(y + 1);
	double torso = p->width * (0.97 - 0.05 * rise(y, 0.3));
	double wide = neck + (torso - neck) * rise(y - p->shoulder + 0.10 * square(x), 0.045);
	return rise(wide - fabs(x), soft * 1.5);
}

static double heart(const Patient *p, double x, double y)
{
	double dx = x - p->heart_x, dy = y - p->heart_y, c = cos(p->heart_angle), s = sin(p->heart_angle);
	double ventricle = ellipse(dx * c + dy * s, dy * c - dx * s, p->heart_width, p->heart_height, 0.022);
	double atrium = ellipse(x + 0.05, y - p->heart_y + 0.04, 0.15, 0.27, 0.025);
	double knob = ellipse(x - 0.10, y + 0.30, p->aorta, p->aorta * 1.4, 0.02);
	double great = rise(0.095 + 0.05 * (y + 0.3) - fabs(x - 0.015), 0.025) * rise(p->heart_y + 0.2 - y, 0.1);
	double below = rise(p->dome[1] + 0.05 - y, 0.03);
	return (1 - (1 - ventricle) * (1 - atrium) * (1 - 0.8 * knob) * (1 - 0.75 * great)) * below;
}

/* The profile of a tube of bone: its rims are denser than its middle. */
static double tube(double away, double half, double soft)
{
	double inside = rise(half - fabs(away), soft * 0.7);
	return inside * (0.65 + 0.35 * square(away / half));
}

static double ribs(const Patient *p, double x, double y, double soft)
{
	double t = fabs(x) / 0.82, sum = 0; /* 0 spine, 1 chest wall */
	if (t > 1.05 || t < 0.08) return 0;
	double fade = rise(1 - t, 0.03) * rise(t - 0.12, 0.03);
	for (int i = 0; i < RIBS; i++) {
		double start = p->rib_start + i * p->rib_step;
		double back = start - 0.10 * sin(PI * fmin(t * 1.1, 1)) + p->rib_slope * t * t * t;
		double front = start + p->rib_slope + 0.30 * (1 - t) + 0.06 * sin(PI * t);
		sum += tube(y - back, 0.026, soft * 0.6) * fade;
		if (i < RIBS - 2) sum += 0.55 * tube(y - front, 0.03, soft * 0.8) * fade * rise(t - 0.38, 0.04);
	}
	return sum;
}

static double clavicles(const Patient *p, double x, double y, double soft)
{
	double t = fabs(x);
	double line = p->clavicle_y - p->clavicle_slope * (t - 0.1) + 0.035 * sin((t - 0.1) * 2 * PI / 0.75);
	return tube(y - line, 0.032, soft * 0.6) * rise(t - 0.09, 0.015) * rise(0.8 - t, 0.02);
}

static double spine(double x, double y)
{
	double column = rise(0.08 - fabs(x), 0.014);
	double discs = 0.75 + 0.25 * cos(2 * PI * y / 0.13);
	return column * discs;
}

/* Vessels fan out from the hilum and fade: a function of angle and distance, not single lines. */
static double vessels(double x, double y, int side)
{
	double dx = x * side - 0.13, dy = y - 0.0;
	double r = sqrt(dx * dx + dy * dy), angle = atan2(dy, dx);
	double hilum = exp(-square(r / 0.1));
	double branches = 0.5 + 0.5 * sin(9 * angle + 7 * r * side + 2 * sin(11 * r));
	double twigs = 0.5 + 0.5 * sin(23 * angle - 13 * r + side);
	return 0.7 * hilum + exp(-r / 0.24) * (0.6 * square(square(branches)) + 0.4 * square(square(twigs)));
}

static double opacities(const Patient *p, double x, double y)
{
	double clear = 1;
	for (int i = 0; i < p->opacity_count; i++) {
		const Opacity *o = &p->opacities[i];
		double cloud = 0;
		for (int j = 0; j < LOBES; j++) cloud += exp(-(square(x - o->x[j]) + square(y - o->y[j])) / square(o->radius[j]));
		clear *= 1 - o->density * (1 - exp(-0.9 * cloud));
	}
	return 1 - clear;
}

static double marker(const Patient *p, double x, double y, double soft)
{
	if (p->marker == 0) return 0;
	double u = (x - p->marker * 0.88) / 0.045, v = (y + 0.88) / 0.06, s = soft / 0.05;
	double stem = rise(0.2 - fabs(u + 0.6), s) * rise(1 - fabs(v), s);
	double foot = p->marker > 0 ? rise(0.2 - fabs(v - 0.8), s) * rise(0.8 - fabs(u), s) : 0;
	double bow = p->marker < 0 ? rise(0.22 - fabs(sqrt(square(u + 0.1) + square((v + 0.45) * 1.1)) - 0.5), s) : 0;
	double leg = p->marker < 0 ? rise(0.2 - fabs(u - 0.5 * v - 0.1), s) * rise(v, s) * rise(1 - v, s) : 0;
	return fmax(fmax(stem, foot), fmax(bow, leg));
}

/* A place of the film as one of the patient. */
static void patient_place(const Patient *p, double film_x, double film_y, double *x, double *y)
{
	double u = (film_x - p->shift_x) / p->scale, v = (film_y - p->shift_y) / p->scale;
	*x = u * cos(p->tilt) + v * sin(p->tilt);
	*y = v * cos(p->tilt) - u * sin(p->tilt);
}

/* Brightness without noise at a place of the film; soft: width of half a pixel at least. */
static double shadow(const Patient *p, double film_x, double film_y, double soft)
{
	double x, y;
	patient_place(p, film_x, film_y, &x, &y);
	double inside = body(p, x, y, soft), air = 0, marking = 0, hearts = heart(p, x, y);
	for (int side = -1; side <= 1; side += 2) {
		double part = lung(p, x, y, side, soft * 1.2);
		air += part;
		marking += part * vessels(x, y, side);
	}
	double ill = opacities(p, x, y);
	double tissue = 0.52 + 0.06 * p->fat + 0.10 * rise(y - 0.45, 0.1) + 0.05 * square(x);
	double aired = air * (1 - 0.9 * hearts) * (1 - ill);
	double density = tissue - 0.38 * aired + 0.08 * air * ill + 0.13 * hearts + 0.15 * marking * (1 - hearts);
	double covered = 0.45 + 0.55 * fmin(1, 1.4 * air); /* bones show best against lung */
	density += p->rib_strength * ribs(p, x, y, soft) * covered + 0.15 * clavicles(p, x, y, soft) + p->spine * spine(x, y);
	density -= 0.07 * rise(0.03 - fabs(x - 0.01), 0.012) * rise(-0.22 - y, 0.05); /* the windpipe */
	if (p->breast > 0)
		for (int side = -1; side <= 1; side += 2)
			density += p->breast * ellipse(x - side * 0.45, y - p->breast_y, p->breast_size, p->breast_size * 0.8, 0.03);
	if (p->bubble > 0) density -= 0.25 * ellipse(x - 0.42, y - p->dome[1] - 0.07, p->bubble * 1.6, p->bubble, 0.02);
	density = density * inside + 0.03 * (1 - inside);
	density = density * (1 - p->veil) + p->veil * 0.45 * (0.3 + 0.7 * inside);
	density = (density - 0.42) * p->contrast + 0.42 + p->exposure * inside + p->vignette * (square(film_x) + square(film_y)) * inside;
	return fmax(density, 0.9 * marker(p, film_x, film_y, soft));
}

/* --- the film */

/* Grain that is stronger where little light comes through, partly smeared over its neighbours. */
static void develop(Dice *dice, const Patient *p, int size, const double *clean, double *grain, uint8_t *film)
{
	for (int i = 0; i < size * size; i++) grain[i] = normal(dice);
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x++) {
			double near = 0;
			for (int dy = -1; dy <= 1; dy++)
				for (int dx = -1; dx <= 1; dx++)
					near += grain[((y + dy + size) % size) * size + (x + dx + size) % size];
			double noise = (1 - p->blur) * grain[y * size + x] + p->blur * near / 3;
			double d = clean[y * size + x], value = d + p->noise * (0.4 + fmax(d, 0)) * noise;
			film[y * size + x] = (uint8_t)(fmin(fmax(value, 0), 1) * 255 + 0.5);
		}
}

/* --- a set of films */

typedef struct Job {
	const char *program, *folder; /* program: its name, for messages */
	int count, size;
	uint64_t seed;
	double *clean, *grain;
	uint8_t *film;
} Job;

static int write_png(const Job *job, const char *path)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)job->size, .height = (png_uint_32)job->size, .format = PNG_FORMAT_GRAY};
	if (png_image_write_to_file(&image, path, 0, job->film, 0, NULL)) return 0;
	fprintf(stderr, "%s: %s: %s\n", job->program, path, image.message);
	return 1;
}

static int draw_film(const Job *job, const char *path, Dice *dice, const Patient *patient)
{
	int size = job->size;
	double soft = fmax(0.8 / size, 0.006);
	for (int y = 0; y < size; y++)
		for (int x = 0; x < size; x++)
			job->clean[y * size + x] = shadow(patient, (2 * x + 1.0) / size - 1, (2 * y + 1.0) / size - 1, soft);
	develop(dice, patient, size, job->clean, job->grain, job->film);
	return write_png(job, path);
}

static int make_folder(const Job *job, const char *path)
{
	if (mkdir(path, 0777) == 0 || errno == EEXIST) return 0;
	fprintf(stderr, "%s: %s: %s\n", job->program, path, strerror(errno));
	return 1;
}

static int parse_number(const char *text, long low, long high, long *value)
{
	char *end;
	if (text == NULL) return 1;
	*value = strtol(text, &end, 10);
	return *text == 0 || *end != 0 || *value < low || *value > high;
}

/* FOLDER [--count N] [--size S] [--seed N]; 1: something else stands there. */
static int parse_job(Job *job, const char *program, int argc, char **argv)
{
	*job = (Job){.program = program, .count = 600, .size = 64, .seed = 1};
	for (int i = 1; i < argc; i++) {
		long value;
		if (argv[i][0] != '-') {
			if (job->folder != NULL) return 1;
			job->folder = argv[i];
		} else if (!strcmp(argv[i], "--count") && !parse_number(argv[i + 1], 6, 1000000, &value))
			job->count = (int)value, i++;
		else if (!strcmp(argv[i], "--size") && !parse_number(argv[i + 1], 16, MAX_SIZE, &value))
			job->size = (int)value, i++;
		else if (!strcmp(argv[i], "--seed") && !parse_number(argv[i + 1], 0, 1L << 30, &value))
			job->seed = (uint64_t)value, i++;
		else
			return 1;
	}
	return job->folder == NULL;
}

/* The splits train, val and test, of count, count/6 and count/3 films. Returns the exit code. */
static int draw_splits(Job *job, int (*draw_split)(const Job *job, int split, const char *name, int count))
{
	size_t pixels = (size_t)job->size * (size_t)job->size;
	job->clean = malloc(pixels * sizeof *job->clean);
	job->grain = malloc(pixels * sizeof *job->grain);
	job->film = malloc(pixels);
	int failed = job->clean == NULL || job->grain == NULL || job->film == NULL;
	if (failed) fprintf(stderr, "%s: out of memory\n", job->program);
	failed = failed || make_folder(job, job->folder) || draw_split(job, 0, "train", job->count) ||
		 draw_split(job, 1, "val", job->count / 6) || draw_split(job, 2, "test", job->count / 3);
	free(job->clean);
	free(job->grain);
	free(job->film);
	return failed;
}

#endif
