/* spec.h: the sections of a spec that are structure, not expressions: name, seed, classes, data, limits, and the knobs of
 * train. Checked here, with places; what a generated file hands to the runtime is filled straight into the runtime's own
 * structures, so that the two cannot differ. Definitions, models and the expressions of train stay documents for build. */
#ifndef SPEC_H
#define SPEC_H
#include "expr.h"
#include "../runtime/nn.h"

/* A field of the data that expressions see as data.NAME. */
typedef struct Field {
	const char *name; /* "image" */
	int rank;
	int64_t shape[NN_RANK]; /* one sample's */
	bool integer;
} Field;

typedef struct Spec {
	const Source *source;
	const Source **sources; /* source, then the files that it includes */
	int source_count;
	DocNode *root;
	const char *name;
	uint64_t seed;
	DocNode *model; /* the model: section; exactly one of model and models */
	DocNode *models;
	DocNode *train; /* may be NULL: the spec is only compiled for prediction */
	int64_t batch; /* train.batch_size, default 32 */
	int64_t memory_limit; /* limits.ram in bytes, 0: none */
	Place memory_limit_place;
	nn_data data;
	nn_training training;
	Place input_place; /* data.source, for messages */
	bool class_mode_given; /* data.source says class_mode; otherwise the labels follow the loss */
} Spec;

/* -D name=value on the command line: replaces the value at a dotted path of the spec ("train.epochs=3", "seed=7"), or of a
 * parameter ("filters=32"). */
typedef struct Define {
	const char *path, *value;
} Define;

/* Reads a spec; unknown sections and keys, wrong types and contradictions are reported. NULL when it cannot be used at all. */
Spec *spec_read(Context *context, const Source *source, const Define *defines, int define_count);

/* Reads its files only: for spec->sources. */
Spec *spec_read_tree(Context *context, const Source *source, const Define *defines, int define_count);
/* A callback that a spec may name: its arguments in order, and what they are when not given (NULL: without effect). */
typedef struct OfferedCallback {
	const char *name;
	const char **arguments, **standards;
	int count;
} OfferedCallback;

typedef enum SlotKind {
	SLOT_OTHER, /* a known key, read elsewhere */
	SLOT_TEXT, /* const char **: any scalar */
	SLOT_BOOLEAN, /* int *: true or false */
	SLOT_INTEGER, /* int *: low .. high */
	SLOT_NUMBER, /* double *: low .. high */
	SLOT_WORD, /* int *: the place of the word in words */
	SLOT_TEXTS /* Texts *: a list of scalars, or one */
} SlotKind;

/* The keys of a section, as the tables say that read it. */
typedef struct OfferedKey {
	const char *name;
	SlotKind kind;
	double low, high; /* equal: any number */
	const char *words; /* "nearest|bilinear|area" */
	struct OfferedSection *section; /* of an OTHER: what stands under it, NULL: no such section */
} OfferedKey;
typedef struct OfferedSection {
	bool named; /* under names of the user's */
	OfferedKey *keys;
	int count;
} OfferedSection;

/* The sections of a spec, from the top. */
OfferedSection *spec_sections(Context *context);
int spec_callbacks(Arena *arena, const OfferedCallback **list);
/* The metrics that a spec may name; names of the same kind mean the same. */
int spec_metrics(const char *const **names, const char *const **kinds);

/* The fields that the source of the data gives, once the model's input is known (what the data section leaves open is taken
 * from it) and what the loss wants as labels. input, label: the shape of one sample's; label_rank -1: not known, or no loss.
 * fields[0] is the input, fields[1] the label. Fills the fields, sizes and class_mode of spec->data. Without a data section the
 * fields are data.inputs and data.targets. Returns how many there are: 2, 1 without labels, 0 after what does not fit was
 * reported. */
int spec_fields(Context *context, Spec *spec, int input_rank, const int64_t *input, int label_rank, const int64_t *label, Field fields[2]);

/* Reports what train.init_from names and the network, whose weights and states have these names, does not have. */
void spec_check_transfer(Context *context, const Spec *spec, const char *const *paths, int count);

#endif
