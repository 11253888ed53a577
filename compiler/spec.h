/* spec.h: the sections of a spec that are structure, not expressions: name, seed, classes, data, limits, and the knobs of
 * train. Checked here, with places; what a generated file hands to the runtime is filled straight into the runtime's own
 * structures, so that the two cannot differ. Definitions, models and the expressions of train stay documents for build. */
#ifndef SPEC_H
#define SPEC_H
#include "expr.h"
#include "../runtime/nn.h"

typedef enum SlotKind {
	SLOT_OTHER, /* a known key, read elsewhere */
	SLOT_TEXT, /* const char **: any scalar */
	SLOT_BOOLEAN, /* int *: true or false */
	SLOT_INTEGER, /* int *: low .. high */
	SLOT_NUMBER, /* double *: low .. high */
	SLOT_WORD, /* int *: the place of the word in words */
	SLOT_TEXTS /* nn_texts *: a list of scalars, or one */
} SlotKind;

typedef struct SourceKind SourceKind;
typedef struct Slot Slot;

/* A key of data.source, and the member of nn_data_source that it fills. */
typedef struct SourceKey {
	int kinds; /* which kinds have it, a bit each */
	const char *key; /* NULL: no key gives it */
	SlotKind kind;
	size_t member;
	const char *name; /* of the member */
	double low, high;
	const char *words;
} SourceKey;

/* What is known of a source beside what is handed on. */
typedef struct SourceInfo {
	const char *name; /* NULL: it is the only one */
	bool joined; /* with others */
	const SourceKind *kind;
	Place place; /* for messages */
	bool class_mode_given; /* otherwise the labels follow the loss */
	nn_class_mode class_mode;
	nn_texts classes;
	bool stream; /* its files hold one text each, without labels */
} SourceInfo;

typedef enum SpecLabel {
	SPEC_LABEL_CLASS, /* one class a sample, whatever the loss wants */
	SPEC_LABEL_NUMBER, /* one class or number a sample */
	SPEC_LABEL_MASK, /* one class for each pixel */
	SPEC_LABEL_ANY /* numbers of any shape */
} SpecLabel;

/* What an embedding program has of one sample, and NAME_preprocess takes */
typedef enum SpecSample { SPEC_SAMPLE_NONE, SPEC_SAMPLE_PIXELS, SPEC_SAMPLE_ROW, SPEC_SAMPLE_TEXT, SPEC_SAMPLE_SEQUENCE } SpecSample;

enum { SPEC_PARTS = 8, SPEC_TEXT_TOKENS = 0, SPEC_LABEL_PART = 1, SPEC_LENGTH_PART, SPEC_TEXT_NEXT, SPEC_COLUMN_PART = SPEC_PARTS - 1 };

/* A kind of source. */
struct SourceKind {
	const char *type; /* "csv" */
	const char *paths[NN_PATHS]; /* keys of a split; those behind the first hold labels */
	const char *one_of[NN_PATHS + 1]; /* or keys of which a split has one, the last a mapping of files by class */
	const char *path_help;
	const char *fields[SPEC_PARTS]; /* by part: the first is what a model with one input takes, the second the label */
	bool columns; /* any column is a field by its name: SPEC_COLUMN_PART */
	SpecLabel label;
	SpecSample sample;
	bool groups; /* samples have names or columns to be grouped by */
	/* What a field that is no label is, where a model wants its shape (field->rank -1: not known): checks and completes the
	 * field and what the source leaves open. False after a report. */
	bool (*fit)(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);
	/* Contradictions between keys, and what follows from them. NULL: nothing */
	void (*check)(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count);
	int (*label_part)(const SourceInfo *info, const nn_data_source *source); /* -1: it has none. NULL: SPEC_LABEL_PART */
};

/* train.metrics: of one output by its name, or of all */
typedef struct SpecMetrics {
	const char *output; /* NULL: all */
	nn_texts names;
} SpecMetrics;

/* One of train.steps. */
typedef struct SpecStep {
	const char *name; /* given, else that of what it updates: D, G_E */
	const DocNode *node;
	int every, times;
} SpecStep;

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
	nn_texts classes; /* of the section classes */
	nn_data data; /* its sources and fields are those below */
	nn_data_source *data_sources;
	SourceInfo *infos; /* of each source */
	nn_data_field *fields; /* those that are used so far */
	int field_capacity;
	nn_training training;
	SpecStep *steps; /* train.steps */
	int step_count;
	SpecMetrics *metrics;
	int metric_count;
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
	struct OfferedSection *others; /* what stands under any other key; NULL: there are no others */
} OfferedSection;

bool spec_is_section(const char *name);
extern const char *const spec_model_keys[]; /* of the section model; ends with NULL */
/* The sections of a spec, from the top. */
OfferedSection *spec_sections(Context *context);
int spec_callbacks(Arena *arena, const OfferedCallback **list);
/* The metrics that a spec may name; names of the same kind mean the same. */
int spec_metrics(const char *const **names, const char *const **kinds);

/* The parts of a kind of source that are handed on, by number; NULL: there are no more. */
const SourceKey *spec_source_key(const SourceKind *kind, int number);

/* The full name of a field of the data ("data.image"), by the name that expressions and inputs use ("image"; NULL: the first
 * field of the first source). NULL: no source gives such a field. */
const char *spec_field_name(Context *context, const Spec *spec, const char *name);
/* Its number in spec->data.fields, where it is added when it is used first; rank and shape: as the model wants it, rank -1: not
 * known. -1 after a report. Without a data section any name is a field. */
int spec_field(Context *context, Spec *spec, const char *name, int rank, const int64_t *shape);
/* The label of the data, made as the loss wants it (label_rank -1: not known, or no loss; named: it is no expression, which may
 * have no use for the label). name: the label of that name; NULL: the first there is. -1: there is none, or a report. */
int spec_label(Context *context, Spec *spec, const char *name, int label_rank, const int64_t *label, bool named);
/* What an output of that name is compared with, if the name is a field's or a source's, as an input of the name would take it; the
 * network may read it as well. -1: there is no such field, or a report at place. */
int spec_truth(Context *context, Spec *spec, const char *name, int rank, const int64_t *label, Place place);
/* Whether a field is rows of ids of a vocabulary. */
bool spec_is_tokens(const Spec *spec, const nn_data_field *field);
bool spec_holds(const nn_texts *texts, const char *text);
bool spec_is_source(const Spec *spec, const char *name); /* a name of data.sources */
bool spec_is_label(const Spec *spec, const char *name); /* a field that is a label, by the name that expressions use */
/* "data.image and data.label": what there is, for messages */
const char *spec_field_list(Context *context, const Spec *spec, const char ***names, int *count);
/* Whether a label is always a class, whatever the loss. */
bool spec_label_is_class(const Spec *spec, const nn_data_field *field);

/* Reports what train.init_from names and the network, whose weights and states have these names, does not have. */
void spec_check_transfer(Context *context, const Spec *spec, const char *const *paths, int count);

#endif
