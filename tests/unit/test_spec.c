/* test_spec.c: specs -> Spec: defaults, every key, -D, fields; that mistakes are found (their texts: tests/golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "spec.h"

typedef struct Fixture {
	Context context;
	char *messages;
	size_t size;
	Source source;
} Fixture;

#define MODEL "model:\n  input: [4]\n  layers: [Dense(1)]\n"

static Spec *read_spec(Fixture *f, const char *text, const Define *defines, int count)
{
	*f = (Fixture){.source = {.name = "t", .text = text, .size = strlen(text)}};
	f->context.arena = arena_new();
	f->context.messages = open_memstream(&f->messages, &f->size);
	Spec *spec = spec_read(&f->context, &f->source, defines, count);
	fflush(f->context.messages);
	return spec;
}

static Spec *good_spec(Fixture *f, const char *text)
{
	Spec *spec = read_spec(f, text, NULL, 0);
	if (f->context.errors) print_error("%s", f->messages);
	assert_non_null(spec);
	assert_int_equal(f->context.errors, 0);
	return spec;
}

static void close_fixture(Fixture *f)
{
	fclose(f->context.messages);
	free(f->messages);
	arena_free(f->context.arena);
}

static void test_defaults(void **state)
{
	(void)state;
	Fixture f;
	Spec *spec = good_spec(&f, MODEL);
	assert_string_equal(spec->name, "model");
	assert_true(spec->seed == 0 && spec->batch == 32 && spec->memory_limit == 0);
	assert_null(spec->train);
	assert_null(spec->models);
	assert_non_null(doc_get(spec->model, "layers"));
	const nn_data *data = &spec->data;
	assert_int_equal(data->source_count, 0);
	const nn_training *training = &spec->training;
	assert_int_equal(training->batch_size, 32);
	assert_int_equal(training->epochs, 1);
	assert_int_equal(training->shuffle, 1);
	assert_int_equal(training->steps_per_epoch + training->validation_steps + spec->metric_count + training->callback_count,
		0);
	close_fixture(&f);
}

static void test_images(void **state)
{
	(void)state;
	Fixture f;
	Spec *spec = good_spec(&f,
		"name: xray\nseed: 18446744073709551615\nclasses: [NO, YES]\nlimits: {ram: 1.5 GiB}\ndata:\n"
		"  source: {type: image_folder, target_size: [224, 200], color_mode: grayscale, class_mode: binary, rescale: 1/255,\n"
		"    interpolation: area, fast_decode: true, max_unreadable: 5e-2}\n"
		"  train: {directory: a/b}\n  test: {directory: \"c d\"}\n"
		"  split: {validation: 0.1, stratify: false, group: 'person[0-9]+', seed: 9}\n" MODEL);
	const nn_data *data = &spec->data;
	assert_string_equal(spec->name, "xray");
	assert_true(spec->seed == UINT64_MAX);
	assert_true(spec->memory_limit == 3LL << 29);
	assert_string_equal(data->sources[0].type, "image_folder");
	const nn_data_source *source = &data->sources[0];
	const nn_texts *classes = &spec->infos[0].classes;
	assert_true(source->height == 224 && source->width == 200 && source->channels == 1);
	assert_int_equal(spec->infos[0].class_mode, NN_CLASS_BINARY);
	assert_true(fabs(source->rescale - 1.0 / 255) < 1e-18 && source->max_unreadable == 0.05);
	assert_int_equal(source->interpolation, NN_AREA);
	assert_int_equal(source->fast_decode, 1);
	assert_int_equal(classes->count, 2);
	assert_string_equal(classes->items[0], "NO");
	assert_string_equal(source->paths[0][0], "a/b");
	assert_string_equal(source->paths[2][0], "c d");
	assert_null(source->paths[1][0]);
	assert_true(data->split_validation == 0.1 && data->split_test == 0);
	assert_int_equal(data->split_stratify, 0);
	assert_string_equal(data->split_group, "person[0-9]+");
	assert_true(data->split_seed == 9);
	close_fixture(&f);
}

static void test_tables(void **state)
{
	(void)state;
	Fixture f;
	Spec *spec = good_spec(&f,
		"seed: 7\ndata:\n  source: {type: csv, header: false, label: -1, ignore: [id, 3], missing: \"?\", impute: drop,\n"
		"    normalize: minmax, separator: \"\\t\", classes: [\"2\", 4]}\n  train: {file: x.csv}\n  split: {test: 1/5}\n" MODEL);
	const nn_data *data = &spec->data;
	const nn_data_source *source = &data->sources[0];
	assert_string_equal(source->type, "csv");
	assert_int_equal(source->header, 0);
	assert_string_equal(source->label.items[0], "-1");
	assert_int_equal(source->ignore.count, 2);
	assert_string_equal(source->ignore.items[1], "3");
	assert_int_equal(source->missing.count, 1);
	assert_string_equal(source->missing.items[0], "?");
	assert_int_equal(source->impute, NN_IMPUTE_DROP);
	assert_int_equal(source->normalize, NN_NORMALIZE_MINMAX);
	assert_string_equal(source->separator, "\t");
	assert_string_equal(spec->infos[0].classes.items[1], "4");
	assert_true(data->split_test == 0.2 && data->split_seed == 7);
	close_fixture(&f);
	spec = good_spec(&f, "data:\n  source: {type: csv, label: y}\n" MODEL);
	assert_int_equal(spec->data_sources[0].impute, NN_IMPUTE_MEDIAN);
	assert_int_equal(spec->data_sources[0].normalize, NN_NORMALIZE_NONE);
	close_fixture(&f);
	spec = good_spec(&f, "data:\n  source: {type: idx}\n  train: {images: a, labels: b}\n" MODEL);
	assert_string_equal(spec->data_sources[0].paths[0][1], "b");
	close_fixture(&f);
	spec = good_spec(&f, "data:\n  source: {type: npy, rescale: 2}\n  train: {inputs: a, targets: b}\n" MODEL);
	assert_string_equal(spec->data_sources[0].paths[0][1], "b");
	assert_true(spec->data_sources[0].rescale == 2);
	close_fixture(&f);
}

static void test_training(void **state)
{
	(void)state;
	Fixture f;
	Spec *spec = good_spec(&f,
		MODEL
		"train:\n  loss: recon + kl\n  terms: {kl: 1, recon: 2}\n  optimizer: Adam()\n  batch_size: 2^6\n  epochs: 10\n"
		"  steps_per_epoch: 100\n  validation_steps: 50\n  shuffle: false\n  metrics: [accuracy, AUC, F1Score(), 'mae']\n"
		"  callbacks:\n    - EarlyStopping(val_accuracy, -0.5, patience=3, baseline=0.9, restore_best_weights=true, start_from_epoch=2, verbose=1)\n"
		"    - EarlyStopping\n"
		"    - ModelCheckpoint('best one.safetensors', monitor=val_kl, save_best_only=true, mode=max)\n"
		"    - ModelCheckpoint: {filepath: a, monitor: val_mae}\n");
	const nn_training *t = &spec->training;
	assert_true(spec->batch == 64 && t->batch_size == 64 && t->epochs == 10 && t->steps_per_epoch == 100);
	assert_true(t->validation_steps == 50 && t->shuffle == 0 && spec->metric_count == 1 && spec->metrics[0].names.count == 4 && t->callback_count == 4);
	assert_string_equal(spec->metrics[0].names.items[1], "auc");
	assert_string_equal(spec->metrics[0].names.items[2], "f1_score");
	assert_string_equal(spec->metrics[0].names.items[3], "mae");
	const nn_callback *c = t->callbacks;
	assert_int_equal(c[0].kind, NN_EARLY_STOPPING);
	assert_string_equal(c[0].monitor, "val_accuracy");
	assert_true(c[0].min_delta == 0.5 && c[0].patience == 3 && c[0].baseline == 0.9);
	assert_true(c[0].restore_best_weights == 1 && c[0].start_from_epoch == 2 && c[0].mode == 1);
	assert_string_equal(c[1].monitor, "val_loss");
	assert_true(c[1].mode == -1 && c[1].patience == 0 && isnan(c[1].baseline));
	assert_int_equal(c[2].kind, NN_MODEL_CHECKPOINT);
	assert_string_equal(c[2].filepath, "best one.safetensors");
	assert_true(c[2].save_best_only == 1 && c[2].mode == 1);
	assert_true(c[3].mode == -1 && c[3].save_best_only == 0);
	close_fixture(&f);
}

/* Sections of definitions and the expressions of model and train are known here and read elsewhere. */
static void test_other_sections(void **state)
{
	(void)state;
	Fixture f;
	const Spec *spec = good_spec(&f,
		"functions: {f(x): x}\nactivations: {g(x): x}\nlayers: {L(a)(x): x}\nblocks: {B(a)(x): x}\ncells: {C(u)(x, h=0): x}\n"
		"losses: {l(a, b): a}\ninitializers: {I()(d): 0}\nregularizers: {R()(w): 0}\nconstraints: {K()(w): w}\noptimizers: {O()(w, g, t): w}\n"
		"schedules: {S()(s): 1}\naliases: {layers: {M: L}}\n"
		"models:\n  G: {input: [1], layers: [Dense(1)]}\ntrain:\n  batch: {z: 1}\n  let: {a: 1}\n"
		"  steps:\n    - {update: [G, E], every: 5, loss: a}\n    - {name: slow, times: 2}\n    - {loss: a}\n");
	assert_int_equal(spec->step_count, 3);
	assert_true(!strcmp(spec->steps[0].name, "G_E") && spec->steps[0].every == 5 && spec->steps[0].times == 1);
	assert_true(!strcmp(spec->steps[1].name, "slow") && spec->steps[1].times == 2 && !strcmp(spec->steps[2].name, "step_3"));
	close_fixture(&f);
}

static void test_defines(void **state)
{
	(void)state;
	Fixture f;
	const Define defines[] = {{"train.epochs", "3"}, {"seed", "5"}, {"limits.ram", "64kB"},
		{"data.source.classes", "[a, b, c]"}, {"model.layers.0", "Dense(7, activation=relu)"},
		{"train.epochs", "4"}};
	Spec *spec = read_spec(&f, "data: {source: {type: idx}}\n" MODEL "train: {epochs: 9}\n", defines, 6);
	assert_non_null(spec);
	assert_int_equal(f.context.errors, 0);
	assert_int_equal(spec->training.epochs, 4);
	assert_true(spec->seed == 5 && spec->memory_limit == 64000 && spec->infos[0].classes.count == 3);
	Expr *layers = expr_read(&f.context, doc_get(spec->model, "layers"), EXPR_VALUE_START);
	assert_non_null(layers);
	assert_string_equal(layers->items[0]->items[1]->text, "7");
	close_fixture(&f);
	static const Define wrong[] = {{"", "1"}, {"name.x", "1"}, {"a..b", "1"}, {"model.layers.x", "1"}, {"seed", ""},
		{"nosuch", "1"}, {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r", "1"}, {"seed", "\xFF"}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		read_spec(&f, "name: a\n" MODEL, &wrong[i], 1);
		assert_int_equal(f.context.errors, 1);
		assert_memory_equal(f.messages, "-D ", 3);
		close_fixture(&f);
	}
}

typedef struct FieldCase {
	const char *source;
	int input_rank;
	int64_t input[3];
	int label_rank;
	int64_t label[2];
	int count; /* of fields; 0: refused */
	const char *names[2];
	int rank; /* of the label */
	int64_t size;
	bool integer;
	nn_class_mode mode;
} FieldCase;

static const FieldCase fields[] = {
	{"type: image_folder, class_mode: binary", 3, {8, 9, 1}, 1, {1}, 2, {"image", "label"}, 0, 0, false, NN_CLASS_BINARY},
	{"type: image_folder", 3, {8, 9, 3}, 0, {0}, 2, {"image", "label"}, 0, 0, true, NN_CLASS_SPARSE},
	{"type: image_folder", 3, {8, 9, 3}, 1, {5}, 2, {"image", "label"}, 1, 5, false, NN_CLASS_CATEGORICAL},
	{"type: image_folder, class_mode: categorical, classes: [a, b]", 3, {8, 9, 3}, -1, {0}, 2, {"image", "label"}, 1, 2, false, NN_CLASS_CATEGORICAL},
	{"type: image_folder, class_mode: none", 3, {8, 9, 3}, -1, {0}, 1, {"image"}, 0, 0, false, NN_CLASS_NONE},
	{"type: image_folder, class_mode: categorical", 3, {8, 9, 3}, -1, {0}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder, class_mode: categorical", 3, {8, 9, 3}, 0, {0}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder, class_mode: sparse", 3, {8, 9, 3}, 1, {5}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder, class_mode: categorical, classes: [a, b]", 3, {8, 9, 3}, 1, {3}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder, target_size: 8", 3, {8, 9, 3}, 0, {0}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder", 3, {8, 9, 2}, 0, {0}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder", 1, {8}, 0, {0}, 0, {0}, 0, 0, false, 0},
	{"type: image_folder", 3, {8, 9, 3}, 2, {4, 4}, 0, {0}, 0, 0, false, 0},
	{"type: csv, label: y", 1, {9}, 1, {1}, 2, {"features", "label"}, 0, 0, false, NN_CLASS_SPARSE},
	{"type: csv, label: y, classes: [a, b]", 1, {9}, 0, {0}, 2, {"features", "label"}, 0, 0, true, NN_CLASS_SPARSE},
	{"type: csv, label: y, classes: [a, b, c]", 1, {9}, 1, {3}, 2, {"features", "label"}, 1, 3, false, NN_CLASS_CATEGORICAL},
	{"type: csv, class_mode: none", 1, {9}, -1, {0}, 1, {"features"}, 0, 0, false, NN_CLASS_NONE},
	{"type: csv, label: y", 2, {9, 2}, 0, {0}, 0, {0}, 0, 0, false, 0},
	{"type: idx", 3, {28, 28, 1}, 0, {0}, 2, {"image", "label"}, 0, 0, true, NN_CLASS_SPARSE},
	{"type: idx", 1, {784}, 1, {10}, 2, {"image", "label"}, 1, 10, false, NN_CLASS_CATEGORICAL},
	{"type: npy", 2, {7, 3}, 2, {7, 2}, 2, {"inputs", "targets"}, 2, 7, false, NN_CLASS_SPARSE},
	{"type: npy, class_mode: sparse", 2, {7, 3}, 0, {0}, 2, {"inputs", "targets"}, 0, 0, true, NN_CLASS_SPARSE},
	{NULL, 1, {4}, 1, {3}, 2, {"x", "y"}, 1, 3, false, NN_CLASS_SPARSE},
};

static void test_fields(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const FieldCase *c = &fields[i];
		Fixture f;
		char text[300];
		snprintf(text, sizeof text, "%s%s%s" MODEL, c->source ? "data: {source: {" : "",
			c->source ? c->source : "", c->source ? "}}\n" : "");
		Spec *spec = good_spec(&f, text);
		int input = spec_field(&f.context, spec, c->source ? NULL : "x", c->input_rank, c->input);
		int label = input < 0 ? -1 : spec_label(&f.context, spec, NULL, c->label_rank, c->label, true);
		int count = f.context.errors ? 0 : spec->data.field_count;
		if (count != c->count) print_error("%s: %d fields\n", c->source, count);
		assert_int_equal(count, c->count);
		assert_int_equal(f.context.errors, count == 0);
		if (count > 0) {
			const nn_data_field *field = &spec->data.fields[input];
			assert_string_equal(field->name + (c->source ? 5 : 0), c->names[0]);
			assert_int_equal(field->rank, c->input_rank);
			assert_memory_equal(field->shape, c->input, (size_t)c->input_rank * sizeof *c->input);
			assert_int_equal(field->label, 0);
			if (c->source) assert_int_equal(spec->infos[0].class_mode, c->mode);
			assert_int_equal(label >= 0, count == 2);
		}
		if (count == 2) {
			const nn_data_field *field = &spec->data.fields[label];
			assert_string_equal(field->name + (c->source ? 5 : 0), c->names[1]);
			assert_int_equal(field->rank, c->rank);
			assert_int_equal(field->label, 1);
			assert_int_equal(field->shape[0], c->size);
			assert_int_equal(field->integer, c->integer);
		}
		if (count == 2 && c->source) { /* an output that is called as the label reads the same field */
			assert_int_equal(spec_label(&f.context, spec, c->names[1], c->label_rank, c->label, true), label);
			assert_int_equal(spec->data.field_count, 2);
		}
		close_fixture(&f);
	}
}

/* A loss that is an expression may have no use for the label: an autoencoder of images in folders. */
static void test_label_beside_the_loss(void **state)
{
	(void)state;
	Fixture f;
	const int64_t image[3] = {8, 9, 3};
	Spec *spec = good_spec(&f, "data: {source: {type: image_folder}}\n" MODEL);
	assert_int_equal(spec_field(&f.context, spec, NULL, 3, image), 0);
	int label = spec_label(&f.context, spec, NULL, 3, image, false);
	assert_int_equal(label, 1);
	assert_int_equal(spec->fields[label].rank, 0);
	assert_int_equal(f.context.errors, 0);
	close_fixture(&f);
}

/* Of several sources: names, whose label a loss takes, and that folders have no classes beside a table's label. */
static void test_sources(void **state)
{
	(void)state;
	Fixture f;
	const int64_t image[3] = {8, 9, 3}, five[1] = {5};
	Spec *spec = good_spec(&f, "data:\n  sources:\n    xray: {type: image_folder, key: '(.*)[.]png'}\n    lab: {type: csv, key: file, label: y}\n"
		"  train: {xray: {directory: a}, lab: {file: b}}\n" MODEL);
	assert_int_equal(spec->data.source_count, 2);
	assert_string_equal(spec->data_sources[0].key, "(.*)[.]png");
	assert_string_equal(spec->data_sources[1].paths[0][0], "b");
	static const struct { const char *name, *full; } names[] = {{NULL, "data.xray.image"}, {"xray", "data.xray.image"}, {"lab", "data.lab.features"},
		{"lab.age", "data.lab.age"}, {"age", "data.lab.age"}, {"features", "data.lab.features"}, {"image", "data.xray.image"}, {"xray.age", NULL}, {"a.b", NULL}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *full = spec_field_name(&f.context, spec, names[i].name);
		if (names[i].full) assert_string_equal(full, names[i].full);
		else assert_null(full);
	}
	assert_int_equal(spec_field(&f.context, spec, "xray", 3, image), 0);
	assert_int_equal(spec_field(&f.context, spec, "lab", 1, five), 1);
	assert_string_equal(spec->fields[1].fitted, "data/lab");
	assert_int_equal(spec_label(&f.context, spec, NULL, 0, NULL, true), 2);
	assert_string_equal(spec->fields[2].name, "data.lab.label");
	close_fixture(&f);
	spec = good_spec(&f, "data:\n  sources:\n    xray: {type: image_folder, class_mode: binary}\n    lab: {type: csv, key: file, label: y}\n" MODEL);
	assert_int_equal(spec_label(&f.context, spec, NULL, 0, NULL, true), 0);
	assert_string_equal(spec->fields[0].name, "data.xray.label");
	assert_int_equal(spec_field(&f.context, spec, "lab.label", -1, NULL), 1); /* the other, in an expression */
	assert_int_equal(spec->fields[1].label, 1);
	assert_int_equal(f.context.errors, 0);
	close_fixture(&f);
}

/* As many mistakes as there are lines of mistakes are found, in one go. */
static void test_mistakes(void **state)
{
	(void)state;
	static const struct { const char *text; int errors; } cases[] = {
		{"name: 2a\n" MODEL, 1}, {"name: \"\"\n" MODEL, 1}, {"name: [a]\n" MODEL, 1}, {"name:\n" MODEL, 1}, {"seed: 1.5\n" MODEL, 1},
		{"seed: 99999999999999999999\n" MODEL, 1}, {"limits: {ram: -3GiB}\n" MODEL, 1}, {"limits: {ram: []}\n" MODEL, 1}, {"limits: 3\n" MODEL, 1},
		{"classes: cat\n" MODEL, 1}, {"classes: [cat]\n" MODEL, 1}, {"classes: [cat, [dog]]\n" MODEL, 1}, {"data: 3\n" MODEL, 1},
		{"data: {}\n" MODEL, 1}, {"data: {source: {type: []}}\n" MODEL, 1}, {"model: 3\n", 1}, {"models: {\"a-b\": {input: [1]}}\n", 1},
		{"data: {source: {type: image_folder, target_size: [1, 2, 3]}}\n" MODEL, 1},
		{"data: {source: {type: image_folder, target_size: [0, 2]}}\n" MODEL, 1},
		{"data: {source: {type: image_folder, target_size: [1.5, 2]}}\n" MODEL, 1},
		{"data: {source: {type: image_folder, max_unreadable: 2}}\n" MODEL, 1},
		{"data: {source: {type: csv, label: y, separator: ab}}\n" MODEL, 1},
		{"data: {source: {type: csv, label: y, ignore: [[a]]}}\n" MODEL, 1},
		{"classes: [a, b]\ndata: {source: {type: csv, label: y, classes: [a, b]}}\n" MODEL, 1},
		{"data: {source: {type: npy}, split: {group: a}}\n" MODEL, 1}, {"data: {source: {type: npy}, split: {seed: 0.5}}\n" MODEL, 1},
		{"data: {source: {type: npy}, train: {inputs: \"\", targets: a}}\n" MODEL, 1},
		{"data: {source: {type: npy, rescale: 1e999}}\n" MODEL, 1}, {"data: {source: {type: npy, rescale: a}}\n" MODEL, 1},
		{MODEL "train: {epochs: 1e12}\n", 1}, {MODEL "train: {epochs: [1]}\n", 1}, {MODEL "train: {metrics: [3]}\n", 1},
		{MODEL "train:\n  metrics: [mae, mean_absolute_error, mae]\n", 1}, {MODEL "train:\n  callbacks: [3, f(), EarlyStopping]\n", 2},
		{MODEL "train:\n  callbacks: [EarlyStopping(monitor=3)]\n", 1}, {MODEL "train:\n  callbacks: [EarlyStopping(val_loss, monitor=loss)]\n", 1},
		{MODEL "train:\n  callbacks: [EarlyStopping(1,2,3,4,5,6,7,8,9)]\n", 1},
		{MODEL "train:\n  callbacks: [EarlyStopping(min_delta=x)]\n", 1},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		Fixture f;
		read_spec(&f, cases[i].text, NULL, 0);
		if (f.context.errors != cases[i].errors) print_error("%s\n%s", cases[i].text, f.messages);
		assert_int_equal(f.context.errors, cases[i].errors);
		close_fixture(&f);
	}
}

static void test_warning(void **state)
{
	(void)state;
	Fixture f;
	read_spec(&f,
		"data: {source: {type: idx}, train: {images: a, labels: b}}\n" MODEL
		"train:\n  callbacks: [EarlyStopping()]\n",
		NULL, 0);
	assert_true(f.context.errors == 0 && f.context.warnings == 1);
	close_fixture(&f);
	read_spec(&f,
		"data: {source: {type: idx}, split: {validation: 0.1}}\n" MODEL
		"train:\n  callbacks: [EarlyStopping()]\n",
		NULL, 0);
	assert_true(f.context.errors == 0 && f.context.warnings == 0);
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_training),
		cmocka_unit_test(test_other_sections),
		cmocka_unit_test(test_defines),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_label_beside_the_loss), cmocka_unit_test(test_sources),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_warning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
