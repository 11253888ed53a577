/* spec_read.h: what the files of the spec stage share (spec*.c); nobody else includes it. A section is a table of slots;
 * reading it checks keys, types and ranges, and stores what is given through the slots' targets. */
#ifndef SPEC_READ_H
#define SPEC_READ_H
#include "spec.h"

struct Slot {
	const char *key;
	SlotKind kind;
	void *target;
	double low, high; /* both included; equal: any number */
	const char *words; /* "nearest|bilinear|area" */
	bool given; /* set by spec_section */
	DocNode *key_node, *node; /* set by spec_section */
};

/* A list of slots and its length */
#define SLOTS(array) (array), (int)(sizeof(array) / sizeof *(array))

/* Reads a mapping: what names it in messages ("the data section"). Unknown keys are reported; true when the mapping is one. */
bool spec_section(Context *context, const char *what, const DocNode *map, Slot *slots, int count);
Slot *spec_slot(Slot *slots, int count, const char *key);
/* Where spec_sections is to find a table: that of the mapping which begins at this byte. */
typedef struct SlotWatch {
	size_t begin;
	OfferedSection *found;
} SlotWatch;

/* Reports a word that is none of names, with the nearest or the list as help. subject: "a spec has no" */
void spec_unknown(Context *context, Place place, const char *word, const char *const *names, int count, const char *subject);

/* The value of a constant expression (numbers, params, operators, a if c else b, pi); reports what is none. */
bool spec_constant(Context *context, const Expr *expr, double *value);
bool spec_number(Context *context, const DocNode *node, const char *what, double low, double high, double *value);
bool spec_texts(Context *context, const DocNode *node, const char *what, nn_texts *texts);
bool spec_is_name(const char *text); /* letters, digits and _ */
/* nothing twice in a list */
void spec_distinct(Context *context, const DocNode *node, const char *what);

bool spec_is_definitions(const char *name); /* a section that may be included */
void spec_unknown_section(Context *context, const DocNode *key);
/* Puts the definitions of the files of `include:` into the tree; fills spec->sources. */
void spec_include(Context *context, Spec *spec, DocNode *root);
/* Makes the section params known to spec_constant and spec_resolve. */
void spec_read_params(Context *context, const DocNode *root);
/* The value of a parameter, where a node is just its name; else the node. */
const DocNode *spec_resolve(const Context *context, const DocNode *node);
/* Puts the values of -D into the tree: those of `include` before files are included, then the others. false after errors. */
bool spec_define(Context *context, DocNode **root, const Define *defines, int define_count, bool includes);
/* Where a key should stand that stands at the top of a spec; NULL for other mappings, and where it is not known. */
const char *spec_misplaced(Context *context, const char *what, const char *key);
/* Keeps a table of slots for spec_sections. */
void spec_show(Context *context, const DocNode *map, const Slot *slots, int count);
/* 'classes', a list of two names or more */
void spec_classes(Context *context, const DocNode *node, nn_texts *classes);

/* spec_source.c */
const SourceKind *spec_kinds(int *count);
/* Reports what is no POSIX extended expression. */
void spec_regex(Context *context, const Slot *slot, const char *help, const char *pattern);
bool spec_read_source(Context *context, const DocNode *node, const DocNode *top_classes, nn_data_source *source, SourceInfo *info);

/* spec_text.c */
void spec_check_text(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count);
bool spec_fit_text(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);
int spec_text_label(const SourceInfo *info, const nn_data_source *source);
/* `files:` of a split: the paths, with line ends between; the keys become the classes. NULL after a report. */
const char *spec_class_files(Context *context, const DocNode *node, SourceInfo *info);

/* spec_sequence.c */
void spec_check_sequence(Context *context, SourceInfo *info, nn_data_source *source, const Slot *slots, int count);
bool spec_fit_sequence(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);

/* spec_windows.c: of a table whose samples are windows of series (source->horizon > 0) */
void spec_check_windows(Context *context, const SourceInfo *info, nn_data_source *source, const Slot *slots, int count);
bool spec_fit_windows(Context *context, const SourceInfo *info, const nn_data_source *source, nn_data_field *field);
/* The rank of a label of windows: as a named loss wants it, or else, where an expression reads only part of the output, -1. */
int spec_windows_rank(const nn_data_source *source, int columns, int rank, const int64_t *label, bool named);
/* The label: [horizon, columns], where an axis of 1 may be left out; as the loss wants it. */
bool spec_shape_windows(Context *context, const SourceInfo *info, const nn_data_source *source, int columns, int rank, const int64_t *label,
	nn_data_field *field);
const char *spec_shape_words(Arena *arena, int rank, const int64_t *shape); /* "[28, 28, 1]" */
const nn_category *spec_category(const nn_data_source *source, const char *column); /* NULL: it is a number */
const char *spec_state_name(Arena *arena, const char *name); /* "data/age" of "data.age" */
void spec_set_shape(nn_data_field *field, int rank, const int64_t *shape);

/* spec_fit.c: for SourceKind.fit */
bool spec_fit_images(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);
bool spec_fit_table(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);
bool spec_fit_pixels(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);
bool spec_fit_any(Context *context, const SourceInfo *info, nn_data_source *source, nn_data_field *field);

void spec_read_data(Context *context, Spec *spec, const DocNode *data, const DocNode *classes);
void spec_read_training(Context *context, Spec *spec, const DocNode *train);
void spec_read_steps(Context *context, Spec *spec, const DocNode *node); /* train.steps */
void spec_read_transfer(Context *context, Spec *spec, const DocNode *node);

#endif
