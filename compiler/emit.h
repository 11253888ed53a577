/* emit.h: plans -> the text of NAME.c and NAME.h. */
#ifndef EMIT_H
#define EMIT_H
#include "build.h"
#include "plan.h"

/* A tensor of the state that no program computes: normalisation, fitted by the runtime. */
typedef struct Fitted {
	const char *name;
	int64_t count; /* numbers */
	size_t offset;
	int64_t columns; /* of a table; 0: one row of numbers */
} Fitted;

/* Everything that is printed. */
typedef struct Model {
	Context *context;
	const Spec *spec;
	const Network *network;
	const Target *target;
	Plan **plans; /* one for each program */
	Plan **others; /* of network->others */
	Fitted *fitted;
	int fitted_count;
	size_t inference_count, state_count; /* in numbers */
	const char *command; /* how to make the file again: "nnc chest_xray.yaml -o chest_xray.c" */
	uint64_t hash; /* of the spec and the options, but for the names of files */
} Model;

const Plan *model_plan(const Model *model, const char *program); /* NULL: there is no such program */
double model_macs(const Plan *plan, const char *layer); /* multiply-adds in contractions: of a layer and those inside it; NULL: all */
nn_task model_task(const Model *model, int output); /* model.c */
void model_describe(Model *model); /* model.c: the fitted tensors; before the passes, which forget where a value came from */
/* Whether a label is classes; and how many the model tells apart, 0: any number. */
bool model_classed(const Model *model, const nn_data_field *field);
int model_class_count(const Model *model, const nn_data_field *field);
void model_check(const Model *model); /* reports what is too large for limits.ram */
/* Gives every variable its place in the state: what predict needs first. */
void model_place(Model *model);
bool emit_within_budget(const Model *model); /* false after an error: --unroll=full would be too long */
const char *emit_source(const Model *model, const char *header_name);
const char *emit_header(const Model *model);
void emit_descriptor(CWriter *out, const Model *model); /* the nn_model and all it points to */
void emit_embedding(CWriter *out, const Model *model); /* NAME_load, NAME_preprocess, NAME_predict */

/* target.c: "native", "avx512", "avx2", "generic", "portable". NULL: there is no such target. */
Target *target_find(Arena *arena, const char *name, int number_size);
extern const char target_names[];

/* summary.c: Keras's table, MACs and bytes; and for the comment at the top of the C */
const char *summary_text(const Model *model);
const char *summary_layers(const Model *model);

/* dump.c: --dump=STAGE. NULL: there is no such stage. */
const char *dump_text(const Model *model, const char *stage);
extern const char dump_stages[];

#endif
