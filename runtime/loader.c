/* loader.c: in: a set; out: its batches, one after the other, made ahead of time by threads in a ring of slots.
 * A worker plans the next batch (which samples, under the lock), then workers fill its rows (without it).
 * Invariant: which samples a batch holds follows from seed, epoch and step alone; a slot is given out when all its rows are
 * filled, in the order in which slots were planned. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data_internal.h"
#include "message.h"
#include "model.h"
#include "nn_random.h"

enum {
	STREAM_SHUFFLE = 0x73687566,
	MAX_THREADS = 64,
	MIN_SLOTS = 4,
	MAX_SLOTS = 64,
	RING_BYTES = 64 << 20,
	CHUNK_IMAGES = 2, /* rows that a worker takes at once */
	SAID_AT_MOST = 10 /* unreadable files named one by one */
};

typedef struct Slot {
	nn_batch batch;
	char **fields; /* (field_count) blocks of rows; NULL: not loaded */
	int64_t *samples; /* -1: this row could not be read and was left out */
	int taken, filled; /* rows */
} Slot;

struct nn_loader {
	const nn_dataset *set;
	const void *state;
	nn_loader_options options;
	int field_count;
	size_t *bytes; /* (field_count) of one row; 0: not loaded */
	int64_t pass_steps, epoch_steps; /* batches in one pass of the set; in one epoch */
	Slot *slots;
	int slot_count;
	pthread_t threads[MAX_THREADS];
	int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	/* under the lock: */
	int64_t planned, given; /* slots since the last seek; slot of a number: number % slot_count */
	int64_t epoch, step; /* what is planned next */
	int64_t shuffled_pass; /* what order holds */
	int64_t *order; /* (count) */
	int busy; /* workers filling */
	int stop, paused, failed;
	int holding; /* the consumer reads the slot given - 1 */
	int64_t said;
	int64_t next_step; /* the consumer's own */
};

/* One whole, cut into a lane for each row: row i of batch k+1 follows on row i of batch k. Lanes differ by one sample at most; the
 * longer ones come first, so the last batch is short as it is without lanes. 10 samples, 4 rows: 0 3 6 8, 1 4 7 9, 2 5. */
static void lay_lanes(nn_loader *loader)
{
	int64_t size = loader->options.batch_size, last = loader->set->count - (loader->pass_steps - 1)*size, sample = 0;
	for (int64_t lane = 0; lane < size; lane++)
		for (int64_t step = 0; step < loader->pass_steps - (lane >= last); step++) loader->order[step*size + lane] = sample++;
}

/* Fisher and Yates, keyed by pass. */
static void shuffle(nn_loader *loader, int64_t pass)
{
	int64_t count = loader->set->count, *order = loader->order;
	if (loader->shuffled_pass == pass) return;
	loader->shuffled_pass = pass;
	for (int64_t i = 0; i < count; i++) order[i] = i;
	if (loader->set->model->training.stateful) {
		if (loader->set->source->in_order) lay_lanes(loader);
		return;
	}
	if (!loader->options.shuffle || !loader->options.training) return;
	for (int64_t i = count - 1; i > 0; i--) {
		nn_philox bits = nn_philox_at(loader->options.seed, (uint64_t)pass, STREAM_SHUFFLE, 0, (uint32_t)(i >> 2));
		int64_t j = nn_below(bits.lane[i & 3], (uint32_t)(i + 1)), kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
}

/* The samples of the next batch into a free slot. */
static void plan_batch(nn_loader *loader)
{
	Slot *slot = &loader->slots[loader->planned % loader->slot_count];
	int64_t count = loader->set->count, size = loader->options.batch_size;
	int64_t number = loader->options.training ? loader->epoch * loader->epoch_steps + loader->step : loader->step;
	shuffle(loader, number / loader->pass_steps);
	int64_t from = number % loader->pass_steps * size, rows = count - from < size ? count - from : size;
	memcpy(slot->samples, loader->order + from, sizeof *slot->samples * (size_t)rows);
	slot->batch.rows = (int)rows;
	slot->batch.epoch = loader->epoch;
	slot->batch.step = loader->step;
	slot->batch.begins = loader->step == 0 || number % loader->pass_steps == 0;
	slot->taken = slot->filled = 0;
	loader->planned++;
	if (++loader->step == loader->epoch_steps) {
		loader->step = 0;
		loader->epoch++;
	}
}

/* The next rows to fill: of the newest slot, or of one that is planned for it. NULL: none, wait. */
static Slot *next_work(nn_loader *loader, int *first, int *rows)
{
	int chunk = loader->set->source->slow ? CHUNK_IMAGES : loader->options.batch_size;
	if (loader->stop || loader->paused || loader->failed) return NULL;
	Slot *slot = loader->planned > 0 ? &loader->slots[(loader->planned - 1) % loader->slot_count] : NULL;
	if (slot == NULL || slot->taken == slot->batch.rows) {
		if (loader->planned - loader->given + loader->holding >= loader->slot_count) return NULL;
		plan_batch(loader);
		slot = &loader->slots[(loader->planned - 1) % loader->slot_count];
	}
	*first = slot->taken;
	*rows = slot->batch.rows - slot->taken < chunk ? slot->batch.rows - slot->taken : chunk;
	slot->taken += *rows;
	return slot;
}

/* A sample that is not unreadable but wrong: the run ends. */
static void report_wrong(nn_loader *loader, int64_t sample, const char *why)
{
	char name[1024];
	pthread_mutex_lock(&loader->lock);
	nn_dataset_name(loader->set, sample, name, sizeof name);
	if (!loader->failed) nn_error("%s: %s", name, why);
	loader->failed = 1;
	pthread_cond_broadcast(&loader->ready);
	pthread_mutex_unlock(&loader->lock);
}

/* Says once that a sample can't be read, and whether there are too many of them. */
static void report_broken(nn_loader *loader, int64_t sample, const char *why)
{
	const nn_dataset *set = loader->set;
	char name[1024];
	pthread_mutex_lock(&loader->lock);
	if (atomic_exchange(&set->source->broken[set->rows[sample]], 1) == 0) {
		int64_t broken = nn_broken_count(set);
		nn_dataset_name(set, sample, name, sizeof name);
		if (loader->said++ < SAID_AT_MOST) nn_warning("%s: %s", name, why);
		int useless = loader->options.training && broken == set->count;
		if (!loader->failed && (useless || (double)broken > set->tolerance * (double)set->count)) {
			nn_error("%s: %lld of %lld images can't be read, more than max_unreadable: %g allows",
				 nn_dataset_source(set), (long long)broken, (long long)set->count, set->tolerance);
			loader->failed = 1;
		}
	}
	pthread_mutex_unlock(&loader->lock);
}

/* A label to numbers: as it is, or one-hot where the model wants a number for each class. */
static void write_label(const nn_loader *loader, int field, int64_t row, char *to)
{
	const nn_dataset *set = loader->set;
	const Label *label = &set->source->labels[field];
	const double *values = label->values + row * label->width;
	const nn_data_field *wanted = &set->model->data.fields[field];
	int one_hot = wanted->classed && label->width == 1 && wanted->count > 1;
	for (size_t i = 0; i < wanted->count; i++) {
		double value = one_hot ? (double)((size_t)values[0] == i) : values[i];
		nn_number_set(set->model, to, i, value);
	}
}

/* Numbers of which the model knows what they can be: lengths of sequences, numbers of classes. 0, or 2 with why. */
static int check_bounds(const nn_model *model, const nn_data_field *field, const void *x, char why[NN_WHY])
{
	for (size_t i = 0; field->high > 0 && i < field->count; i++) {
		double value = nn_number(model, x, i);
		if (value >= (double)field->low && value <= (double)field->high && value == floor(value)) continue;
		char place[40] = "";
		if (field->count > 1) snprintf(place, sizeof place, "[%zu]", i);
		snprintf(why, NN_WHY, "%s%s is %g, but a whole number from %lld to %lld is wanted%s", field->name, place, value,
			 (long long)field->low, (long long)field->high,
			 field->fitted ? "; a column under ignore: comes as it is in the file"
			 : field->classed && value < 0 ? "; places without a class are left out by a mask, or by ignore_class in the loss"
						       : "");
		return 2;
	}
	return 0;
}

/* All fields of a sample into a row of a slot. 0, or 1: it can't be read, and that was said. */
static int read_sample(nn_loader *loader, int64_t sample, Slot *slot, int row)
{
	Source *source = loader->set->source;
	char why[NN_WHY];
	int64_t place = loader->set->rows[sample];
	if (atomic_load(&source->broken[place])) return 1;
	for (int f = 0; f < loader->field_count; f++) {
		if (loader->bytes[f] == 0) continue;
		char *to = slot->fields[f] + (size_t)row * loader->bytes[f];
		int failed = 0;
		if (source->labels[f].width > 0)
			write_label(loader, f, place, to);
		else
			failed = source->read(source, place, f, loader->state, to, why);
		if (!failed) failed = check_bounds(loader->set->model, &loader->set->model->data.fields[f], to, why);
		if (failed) (failed == 2 ? report_wrong : report_broken)(loader, sample, why);
		if (failed) return 1;
	}
	return 0;
}

/* Training puts the next readable sample of the set in place of one that can't be read; evaluation leaves it out. */
static void fill_row(nn_loader *loader, Slot *slot, int row)
{
	int64_t sample = slot->samples[row], count = loader->set->count;
	int64_t tries = loader->options.training ? count : 1;
	for (int64_t i = 0; i < tries && (i == 0 || !nn_loader_failed(loader)); i++) {
		int64_t candidate = (sample + i) % count;
		if (read_sample(loader, candidate, slot, row)) continue;
		slot->samples[row] = candidate;
		return;
	}
	slot->samples[row] = -1;
}

static void *run_worker(void *context)
{
	nn_loader *loader = context;
	pthread_mutex_lock(&loader->lock);
	while (!loader->stop) {
		int first, rows;
		Slot *slot = next_work(loader, &first, &rows);
		if (slot == NULL) {
			pthread_cond_wait(&loader->work, &loader->lock);
			continue;
		}
		loader->busy++;
		pthread_mutex_unlock(&loader->lock);
		for (int i = 0; i < rows; i++) fill_row(loader, slot, first + i);
		pthread_mutex_lock(&loader->lock);
		loader->busy--;
		slot->filled += rows;
		if (slot->filled == slot->batch.rows || loader->busy == 0) pthread_cond_broadcast(&loader->ready);
	}
	pthread_mutex_unlock(&loader->lock);
	return NULL;
}

/* Closes the gaps of rows that were left out. */
static void close_gaps(const nn_loader *loader, Slot *slot)
{
	int kept = 0;
	for (int i = 0; i < slot->batch.rows; i++) {
		if (slot->samples[i] < 0) continue;
		if (kept < i) {
			for (int f = 0; f < loader->field_count; f++)
				if (loader->bytes[f] > 0)
					memcpy(slot->fields[f] + (size_t)kept * loader->bytes[f],
					       slot->fields[f] + (size_t)i * loader->bytes[f], loader->bytes[f]);
			slot->samples[kept] = slot->samples[i];
		}
		kept++;
	}
	slot->batch.rows = kept;
}

/* The next slot, once it is filled; NULL: the loader failed. */
static Slot *take_slot(nn_loader *loader)
{
	pthread_mutex_lock(&loader->lock);
	loader->holding = 0;
	pthread_cond_broadcast(&loader->work);
	Slot *slot = &loader->slots[loader->given % loader->slot_count];
	while (!loader->failed && (loader->planned <= loader->given || slot->filled < slot->batch.rows))
		pthread_cond_wait(&loader->ready, &loader->lock);
	int failed = loader->failed;
	if (!failed) {
		loader->given++;
		loader->holding = 1;
	}
	pthread_mutex_unlock(&loader->lock);
	if (failed) return NULL;
	close_gaps(loader, slot);
	return slot;
}

const nn_batch *nn_loader_next(nn_loader *loader)
{
	while (loader->next_step < loader->epoch_steps) {
		Slot *slot = take_slot(loader);
		if (slot == NULL) return NULL;
		loader->next_step++;
		if (slot->batch.rows > 0) return &slot->batch;
	}
	loader->next_step = 0;
	return NULL;
}

void nn_loader_seek(nn_loader *loader, int64_t epoch, int64_t step)
{
	epoch += step / loader->epoch_steps;
	step %= loader->epoch_steps;
	pthread_mutex_lock(&loader->lock);
	loader->paused = 1;
	while (loader->busy > 0) pthread_cond_wait(&loader->ready, &loader->lock);
	loader->paused = 0;
	loader->planned = loader->given = 0;
	loader->holding = 0;
	loader->epoch = epoch;
	loader->step = loader->next_step = step;
	pthread_cond_broadcast(&loader->work);
	pthread_mutex_unlock(&loader->lock);
}

int64_t nn_loader_steps(const nn_loader *loader)
{
	return loader->epoch_steps;
}

int nn_loader_failed(const nn_loader *loader)
{
	nn_loader *locked = (nn_loader *)loader;
	pthread_mutex_lock(&locked->lock);
	int failed = loader->failed;
	pthread_mutex_unlock(&locked->lock);
	return failed;
}

int64_t nn_loader_unreadable(const nn_loader *loader)
{
	return nn_broken_count(loader->set);
}

static void free_loader(nn_loader *loader)
{
	for (int i = 0; i < loader->slot_count && loader->slots != NULL; i++) {
		for (int f = 0; f < loader->field_count && loader->slots[i].fields != NULL; f++) free(loader->slots[i].fields[f]);
		free(loader->slots[i].fields);
		free(loader->slots[i].samples);
	}
	free(loader->slots);
	free(loader->order);
	free(loader->bytes);
	free(loader);
}

void nn_loader_close(nn_loader *loader)
{
	if (loader == NULL) return;
	pthread_mutex_lock(&loader->lock);
	loader->stop = 1;
	pthread_cond_broadcast(&loader->work);
	pthread_mutex_unlock(&loader->lock);
	for (int i = 0; i < loader->thread_count; i++) pthread_join(loader->threads[i], NULL);
	if (loader->said > 0 && !loader->failed && loader->set->tolerance < 1) /* 1: predict, which counts them itself */
		nn_warning("%s: %lld of %lld images can't be read and were left out", nn_dataset_source(loader->set),
			   (long long)nn_broken_count(loader->set), (long long)loader->set->count);
	pthread_cond_destroy(&loader->ready);
	pthread_cond_destroy(&loader->work);
	pthread_mutex_destroy(&loader->lock);
	free_loader(loader);
}

/* Whether a field is to be loaded: some program that runs on the set reads it. */
static int is_wanted(const nn_dataset *set, const nn_data_field *field)
{
	const nn_model *model = set->model;
	int wanted = 0;
	for (int p = 0; p < model->program_count && set->labelled; p++)
		wanted |= nn_input_find(&model->programs[p], field->name) != NULL;
	return set->labelled ? wanted : nn_predict_reads(model, field);
}

static int allocate_slot(const nn_loader *loader, Slot *slot)
{
	size_t size = (size_t)loader->options.batch_size;
	slot->fields = calloc((size_t)loader->field_count + 1, sizeof *slot->fields);
	slot->samples = malloc(sizeof *slot->samples * size);
	if (slot->fields == NULL || slot->samples == NULL) return 1;
	for (int f = 0; f < loader->field_count; f++)
		if (loader->bytes[f] > 0 && (slot->fields[f] = malloc(loader->bytes[f] * size)) == NULL) return 1;
	slot->batch.fields = (const void *const *)slot->fields;
	slot->batch.samples = slot->samples;
	slot->batch.set = loader->set;
	slot->batch.state = loader->state;
	return 0;
}

/* As many slots as fit into some memory: more of small batches, so that threads change seldom. */
static int allocate(nn_loader *loader)
{
	const nn_data *data = &loader->set->model->data;
	size_t row = 0;
	loader->field_count = data->field_count;
	loader->bytes = calloc((size_t)data->field_count + 1, sizeof *loader->bytes);
	if (loader->bytes == NULL) return 1;
	for (int f = 0; f < data->field_count; f++) {
		if (is_wanted(loader->set, &data->fields[f]))
			loader->bytes[f] = data->fields[f].count * (size_t)loader->set->model->number_size;
		row += loader->bytes[f];
	}
	size_t slots = RING_BYTES / (row * (size_t)loader->options.batch_size + 1);
	loader->slot_count = slots < MIN_SLOTS ? MIN_SLOTS : slots > MAX_SLOTS ? MAX_SLOTS : (int)slots;
	loader->slots = calloc((size_t)loader->slot_count, sizeof *loader->slots);
	loader->order = malloc(sizeof *loader->order * (size_t)loader->set->count);
	if (loader->slots == NULL || loader->order == NULL) return 1;
	for (int i = 0; i < loader->slot_count; i++)
		if (allocate_slot(loader, &loader->slots[i])) return 1;
	return 0;
}

static int start_threads(nn_loader *loader)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int wanted = loader->options.threads > 0 ? loader->options.threads : (int)(processors < 1 ? 1 : processors);
	if (!loader->set->source->slow) wanted = 1;
	if (wanted > MAX_THREADS) wanted = MAX_THREADS;
	while (loader->thread_count < wanted &&
	       pthread_create(&loader->threads[loader->thread_count], NULL, run_worker, loader) == 0)
		loader->thread_count++;
	return loader->thread_count == 0;
}

nn_loader *nn_loader_open(const nn_dataset *set, const void *state, const nn_loader_options *options)
{
	nn_loader *loader = calloc(1, sizeof *loader);
	if (loader == NULL) return NULL;
	loader->set = set;
	loader->state = state;
	loader->options = *options;
	loader->shuffled_pass = -1;
	int64_t size = options->batch_size;
	loader->pass_steps = (set->count + size - 1) / size;
	int64_t each = options->batches_per_step > 1 ? options->batches_per_step : 1, whole = loader->pass_steps / each;
	loader->epoch_steps = each * (options->steps_per_epoch > 0 ? options->steps_per_epoch : whole > 0 ? whole : 1);
	if (!options->training && loader->epoch_steps > loader->pass_steps) loader->epoch_steps = loader->pass_steps;
	if (allocate(loader)) {
		nn_error("%s: out of memory for batches of %d samples", nn_dataset_source(set), options->batch_size);
		free_loader(loader);
		return NULL;
	}
	if (set->source->check != NULL) set->source->check(set, state);
	if (set->source->keep != NULL)
		set->source->keep(set->source, options->cache_bytes ? options->cache_bytes : (size_t)1 << 30);
	pthread_mutex_init(&loader->lock, NULL);
	pthread_cond_init(&loader->work, NULL);
	pthread_cond_init(&loader->ready, NULL);
	if (start_threads(loader) == 0) return loader;
	nn_error("%s: the system gives no thread to load with", nn_dataset_source(set));
	nn_loader_close(loader);
	return NULL;
}
