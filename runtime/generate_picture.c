/* Input: a checkpoint, a seed, what is asked for. Output: pictures, side by side or a file each.
 * Invariant: the same options give the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint.h"
#include "file.h"
#include "generate.h"
#include "interrupt.h"
#include "making.h"
#include "segmentation.h"

enum { COUNT = 64, WAYS = 8 };

typedef struct Maker {
	const nn_model *model;
	const nn_generate_options *options;
	nn_memory memory;
	nn_making making;
	nn_names *names; /* of the checkpoint */
	int name_count;
	const char *const *classes; /* NULL: they are called by their numbers */
	int class_count, class; /* class -1: all in turn */
	int total, columns, digits; /* pictures; digits of a file's number */
	uint8_t *pixels;
} Maker;

static int is_sheet(const nn_generate_options *options) {
	size_t length = strlen(options->output);
	return length > 4 && !strcmp(options->output + length - 4, ".png");
}

/* How many, and how many side by side. */
static int lay_out(Maker *maker) {
	const nn_generate_options *o = maker->options;
	int room = o->rows * o->columns, each = o->interpolate ? o->interpolate : 1;
	int count = o->count ? o->count : room ? (room / each ? room / each : 1) : o->interpolate ? WAYS : COUNT;
	if (count > 100000000 / each) return nn_error("--count %d: more than 100000000 pictures", count), 1;
	maker->total = count * each;
	maker->columns = o->columns ? o->columns : o->interpolate;
	while (!maker->columns || (!o->columns && !o->interpolate && maker->columns * maker->columns < maker->total)) maker->columns++;
	for (int n = maker->total - 1; n || !maker->digits; n /= 10) maker->digits++;
	if (!room || maker->total <= room) return 0;
	return nn_error("--grid %dx%d has room for %d pictures, not for %d", o->rows, o->columns, room, maker->total), 1;
}

static const char *class_name(const Maker *maker, int class, char buffer[16]) {
	if (maker->classes) return maker->classes[class];
	snprintf(buffer, 16, "%d", class);
	return buffer;
}

/* The classes that can be asked for, and the one that is. */
static int find_class(Maker *maker) {
	const nn_making *making = &maker->making;
	const char *asked = maker->options->class;
	char buffer[16], list[400] = "";
	maker->class = -1;
	if (!making->class) return asked ? nn_error("--class %s: the network takes no class", asked), 1 : 0;
	maker->class_count = nn_making_classes(making, maker->names, maker->name_count, &maker->classes);
	if (!maker->class_count) return nn_error("%s: does not say which classes there are", maker->options->weights), 1;
	for (int i = 0; i < maker->class_count && asked; i++) {
		const char *name = class_name(maker, i, buffer);
		size_t used = strlen(list);
		if (!strcmp(name, asked)) maker->class = i;
		snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", name);
	}
	if (asked && maker->class < 0) return nn_error("--class %s: there is no such class; there are %s", asked, list), 1;
	return 0;
}

static int open_maker(Maker *maker, const nn_safetensors *file) {
	const nn_model *model = maker->model;
	char error[NN_ERROR];
	if (nn_memory_open(&maker->memory, model, model->state_count, model->work_bytes)) return 1;
	if (nn_checkpoint_read(file, model, maker->memory.state, model->inference_count, error)) return nn_error("%s", error), 1;
	maker->names = nn_checkpoint_names(file, &maker->name_count);
	if (nn_making_open(&maker->making, model, &maker->memory, maker->options->seed, maker->options->threads)) return 1;
	if (lay_out(maker) || find_class(maker)) return 1;
	int kept = is_sheet(maker->options) ? maker->total : maker->making.batch;
	maker->pixels = calloc((size_t)kept, maker->making.image->count);
	return maker->pixels ? 0 : (nn_error("out of memory"), 1);
}

/* Number i: of classes in turn each gets the same noises. */
static nn_made made_of(const Maker *maker, int number) {
	int pictures = maker->options->interpolate, turns = maker->class < 0 && maker->class_count ? maker->class_count : 1;
	int way = pictures ? number / pictures : number, class = maker->class < 0 ? way % turns : maker->class;
	int64_t noise = way / turns;
	if (!pictures) return (nn_made){noise, noise, 0, class};
	double share = pictures > 1 ? (double)(number % pictures) / (pictures - 1) : 0;
	return (nn_made){2 * noise, 2 * noise + 1, share, class};
}

static int write_png(const Maker *maker, const uint8_t *pixels, int number, int class) {
	const nn_making *making = &maker->making;
	char error[NN_ERROR], name[32], buffer[16];
	nn_text png = {0};
	snprintf(name, sizeof name, "%0*d.png", maker->digits, number);
	char *folder = nn_path_join(maker->options->output, maker->class_count ? class_name(maker, class, buffer) : "");
	char *path = folder ? nn_path_join(folder, name) : NULL;
	int failed = !path || nn_png_write(&png, pixels, making->height, making->width, making->channels);
	if (failed) nn_error("out of memory");
	else if ((failed = nn_directory_make(folder, error) || nn_file_replace(path, png.data, png.length, error))) nn_error("%s", error);
	nn_text_free(&png);
	free(folder), free(path);
	return failed;
}

static int write_sheet(const Maker *maker) {
	char error[NN_ERROR];
	nn_text png = {0};
	int failed = nn_sheet_png(&png, &maker->making, maker->pixels, maker->total, maker->columns);
	if (failed) nn_error("out of memory");
	else if ((failed = nn_file_replace(maker->options->output, png.data, png.length, error))) nn_error("%s", error);
	nn_text_free(&png);
	return failed;
}

static int make_all(Maker *maker) {
	nn_making *making = &maker->making;
	int sheet = is_sheet(maker->options), failed = 0;
	nn_made *pictures = calloc((size_t)making->batch, sizeof *pictures);
	if (!pictures) return nn_error("out of memory"), 1;
	for (int at = 0, rows; at < maker->total && !failed; at += rows) {
		uint8_t *pixels = maker->pixels + (sheet ? (size_t)at * making->image->count : 0);
		rows = maker->total - at < making->batch ? maker->total - at : making->batch;
		for (int i = 0; i < rows; i++) pictures[i] = made_of(maker, at + i);
		failed = nn_make(making, pictures, rows, pixels);
		if (failed) nn_error("%s: what the network gives is no number", maker->options->weights);
		for (int i = 0; i < rows && !sheet && !failed; i++)
			failed = write_png(maker, pixels + (size_t)i * making->image->count, at + i, pictures[i].class);
		if (!failed && nn_interrupted()) failed = NN_EXIT_INTERRUPTED;
	}
	free(pictures);
	return failed ? failed : sheet ? write_sheet(maker) : 0;
}

int nn_generate_pictures(const nn_model *model, const nn_generate_options *options) {
	Maker maker = {.model = model, .options = options};
	char error[NN_ERROR];
	nn_safetensors file;
	sigset_t before;
	if (nn_safetensors_open(&file, options->weights, error)) return nn_error("%s", error), 1;
	nn_interrupts_block(&before);
	int result = open_maker(&maker, &file);
	if (!result) result = make_all(&maker);
	nn_making_close(&maker.making);
	nn_memory_close(&maker.memory);
	nn_checkpoint_free_names(maker.names, maker.name_count);
	free(maker.pixels);
	nn_safetensors_close(&file);
	nn_interrupts_restore(&before);
	return result;
}
