/* builder.h: what the files of the build stage share (build_*.c); nobody else includes it.
 *
 * A body is evaluated on demand, every call in a fresh Frame. What lasts beyond a call (weights, and the layers made in
 * a body) belongs to the Owner of that body and is found again by the place of the call that made it, so that the
 * programs of a network, and several calls of one layer, share it. */
#ifndef BUILDER_H
#define BUILDER_H
#include "build.h"
#include "grad.h"
#include "value.h"

/* section of a spec or of the library, what one is called, two lists: name(statics)(inputs), least and most inputs
 * (0: any number) */
#define KINDS(X) \
	X(FUNCTION, "functions", "a function", false, 0, 0) \
	X(ACTIVATION, "activations", "an activation", false, 1, 0) \
	X(LAYER, "layers", "a layer", true, 1, 0) \
	X(BLOCK, "blocks", "a block", true, 1, 0) \
	X(CELL, "cells", "a cell", true, 1, 0) \
	X(LOSS, "losses", "a loss", false, 2, 0) \
	X(INITIALIZER, "initializers", "an initializer", true, 1, 1) \
	X(REGULARIZER, "regularizers", "a regularizer", true, 1, 1) \
	X(CONSTRAINT, "constraints", "a constraint", true, 1, 1) \
	X(OPTIMIZER, "optimizers", "an optimizer", true, 3, 3) \
	X(SCHEDULE, "schedules", "a schedule", true, 1, 1)

typedef enum Kind {
#define X(name, ...) KIND_##name,
	KINDS(X)
#undef X
	KIND_COUNT,
	KIND_MODEL = KIND_COUNT,
	KIND_TRAIN
} Kind;

typedef struct Builder Builder;
typedef struct Builtin Builtin;

typedef struct Parameter {
	const char *name;
	const Expr *standard; /* its default; NULL: none */
	const char *const *words; /* padding=valid|same: the first is the default; NULL in the list is none */
	int word_count;
} Parameter;

typedef struct Parameters {
	Parameter *items;
	int count, capacity;
} Parameters;

/* common: {layers: {name: none}}: arguments under a name. Those under the name of a kind are taken by every definition of it,
 * `recurrent` by the layer of a cell, others where a definition's arguments: names them. */
typedef struct ArgumentList {
	const char *name;
	Parameters parameters;
} ArgumentList;

typedef struct Binding {
	const char *const *names; /* several are taken from a list */
	int name_count;
	bool function; /* step(s, x): ... */
	Parameters parameters;
	const Expr *value; /* NULL: its mistake was reported */
	Place place;
} Binding;

typedef struct Requirement {
	const Expr *condition;
	const char *message;
} Requirement;

/* defaults: {Conv2D: {padding: same}}: for calls in a body and in what it calls */
typedef struct Default {
	const struct Definition *of;
	const Parameter *parameter;
	const Expr *value;
} Default;

typedef struct Definition {
	const char *name;
	Kind kind;
	Place place;
	bool two_lists; /* called in two steps: statics, then inputs */
	Parameters statics, inputs;
	int head_count; /* statics that stand in the head; then those of arguments:, then the common ones */
	int own_count; /* statics without the common ones */
	const char *doc; /* one line for the reference; NULL: none */
	Binding *bindings;
	int binding_count, binding_capacity;
	Requirement *requirements;
	int requirement_count;
	Requirement *expectations; /* what static arguments usually keep to: else there is a warning */
	int expectation_count;
	const Expr *result, *mask, *layers; /* NULL: not given */
	const char *task; /* of a loss: what a model that it trains does */
	const DocNode *defaults_node; /* read when all definitions are known */
	Default *defaults;
	int default_count, default_capacity;
	bool broken; /* its mistake was reported */
	/* models */
	Shape *input_shapes; /* batch first, of size 0: the program's batch */
	bool *input_integers;
	const char **input_names; /* of the program's inputs: "data.image" */
	const char **output_names; /* outputs: {diagnosis: ..}; NULL: one, or a list without names */
	int output_count;
	bool called; /* by the expressions of train */
	struct Range *ranges; /* for each input of the data that it is given, and of what networks make */
	bool warned; /* that they differ */
} Definition;

typedef struct Name {
	const char *name;
	Value value;
} Name;

typedef struct Names {
	Name *items;
	int count, capacity;
} Names;

/* Where in nested comprehensions a frame stands: each element makes layers of its own. */
typedef struct Step {
	const Expr *each;
	int index;
	const struct Step *outer;
} Step;

typedef struct Weight Weight;
typedef struct Owner Owner;
typedef struct Sub {
	const void *site; /* the place of the call that made it */
	const Step *step;
	const Definition *definition;
	Owner *owner;
} Sub;

/* Owns the weights, and the layers, that the calls of one body make. */
struct Owner {
	const Definition *definition;
	Owner *outer;
	const char *given; /* by name=, or the binding */
	const char
		*label; /* chosen when the first weight is made, so that weightless layers take no number; NULL: not yet */
	const char *shown; /* the label in summaries, of weightless layers too */
	Place place; /* of the call that made it */
	struct Frame *body; /* the call that is being evaluated; NULL: none */
	int serial; /* in the order of first weights */
	bool trainable, listed; /* listed: it has its row in the summary */
	Weight **weights;
	int weight_count, weight_capacity;
	Sub *subs;
	int sub_count, sub_capacity;
	int *places, place_count; /* a hash table of subs: 1 + the number of one, 0: free */
	TextMap taken, names; /* labels of its subs, and what they are shown as: the number to try next behind each */
};

struct Weight {
	Variable *variable;
	const char *name;
	const Owner *owner;
	Value regularizer, constraint;
	Value initial; /* what its first value is made of */
	int number; /* in the order of creation */
};

/* A definition with its static arguments; another evaluation of the same call shares the owner. Or a function with named
 * arguments, whose tensors are yet to come: celu(alpha=0.5). */
typedef struct Layer {
	const Definition *definition;
	Names statics;
	Owner *owner; /* of a function: NULL */
	const Place *places; /* of a function: of its arguments, or NULL */
} Layer;

typedef struct Frame Frame;
struct Frame {
	Names values;
	const Definition *definition; /* whose bindings are names here; NULL: none */
	unsigned char *busy; /* a flag a binding: it is being evaluated */
	Owner *owner;
	Frame *parent;
	const Step *step;
	const char *binding; /* the binding that is being evaluated, and its whole expression */
	const Expr *root;
};

typedef struct Local {
	const char *name;
	const Binding *binding;
	Frame *frame;
} Local;

/* The place of a call: with the owner of the frame it identifies layers made here. */
typedef struct Site {
	const void *key;
	Place place;
} Site;

/* What a call gives. names[i] NULL: by position. places may be NULL. */
typedef struct Arguments {
	Value *values;
	const char *const *names;
	Place *places;
	int count;
} Arguments;

/* A call of a built-in function: its arguments in the order of its parameters, VALUE_ABSENT where not given. */
typedef struct Invocation {
	const Builtin *builtin;
	Value *args;
	int count;
	Frame *frame;
	Site site;
} Invocation;

struct Builtin {
	const char *name;
	const char *parameters; /* "x axis keepdims"; "..." takes any number */
	int required;
	Value (*run)(Builder *builder, const Invocation *call); /* NULL: clone, whose arguments are a layer's */
	const Op *op; /* of an elementwise function */
};

/* A field of the data that train hands to an input of a model. */
typedef struct Wire {
	const char *field; /* "image", "cells.image" */
	const Definition *model;
	int input;
	bool whole; /* the field itself; false: what is made of it number by number */
} Wire;

typedef struct Entry {
	const char *name;
	Kind kind;
	Definition *definition;
	bool library, alias;
	Place place;
} Entry;

/* The program that is being built. */
typedef struct Stage {
	Program *program;
	bool training; /* the mode of the call that is being evaluated */
	bool carrying; /* the program generate: one time step, states are carried from call to call */
	bool fresh; /* carried states are as at the start of a sequence, and stay so */
	const Owner *const *moving; /* the models whose states move */
	int moving_count;
	Node **now; /* by Weight.number: what it is by now; NULL: what it was at the start */
	int now_capacity;
	const char *draw_path; /* initialize: draws are keyed by the variable's path */
	int draws;
	Node **penalties; /* of activity regularizers */
	int penalty_count, penalty_capacity;
	List predictions; /* what the model that was called last gave */
	Node *counted[NN_OUTPUTS]; /* of each output: the places that its loss counts; NULL: all, or it has none */
	const Node *judged; /* what the loss that is evaluated reads */
	const char *peeled; /* the function that it looked for under that; NULL: it did not look */
	bool peel_found;
} Stage;

struct Builder {
	Context *context;
	Arena *arena;
	Spec *spec;
	const BuildOptions *options;
	Network *network;
	Entry *entries;
	int entry_count, entry_capacity;
	bool defaults; /* some body has any */
	Frame *params; /* the named constants of the spec; NULL: none */
	ArgumentList *lists; /* the section common of the library */
	int list_count, list_capacity;
	Weight **weights;
	int weight_count, weight_capacity;
	int owner_count; /* layers made */
	TextMap paths; /* of the variables: the number to try next behind each */
	Owner **models;
	int model_count;
	Wire *wires;
	int wire_count, wire_capacity;
	bool reads_label; /* some expression of train does */
	bool fields_known; /* spec->fields holds the model's inputs and the label */
	bool fields_failed; /* they were reported */
	const char *task; /* of the loss that is being evaluated, and whether it takes logits */
	bool logits;
	const Owner **rows; /* whose row each of network->layers is */
	int row_capacity;
	Program *initialize;
	Program *reset; /* assigns carried states their first values; NULL: there are none */
	Stage *stage;
	int serials;
	int depth, level; /* calls and expressions that are nested now */
	int64_t steps; /* expressions evaluated so far */
	bool exhausted; /* a limit was passed: nothing more is evaluated */
};

/* build_read.c */
const char *kind_noun(Kind kind); /* "layer" */
const char *kind_phrase(Kind kind); /* "a layer" */
const char *kind_section(Kind kind); /* "layers" */
void build_read_library(Builder *builder);
void build_read_spec(Builder *builder, const DocNode *root); /* the definitions of a spec */
/* Reads bindings and the reserved keys of a body. */
void build_read_body(Builder *builder, const DocNode *map, Definition *target);
const Parameters *build_common(const Builder *builder, const char *name); /* of the section common; empty: there is no such list */
void build_add_parameters(Builder *builder, Parameters *to, const Parameters *from, int count); /* but those that are there */
void build_read_binding(Builder *builder, const DocPair *pair, Definition *target);
bool build_is_language(const char *name); /* training, batch, .. */
void build_check_names(Builder *builder, const Definition *d); /* parameters and bindings share one space of names */
const Entry *build_find(Builder *builder, int kind, const char *name, bool library_only); /* kind -1: any */

/* build_params.c */
void build_read_params(Builder *builder, const DocNode *section);
bool build_is_param(const Builder *builder, const char *name, Place place); /* for text that stands at place */

/* build_names.c */
Frame *build_frame(Builder *builder, const Definition *definition, Owner *owner, Frame *parent);
void build_reserve(Builder *builder, Frame *frame, int count); /* room for so many values and the bindings */
void build_set(Builder *builder, Frame *frame, const char *name, Value value);
Value build_lookup(Builder *builder, const char *name, Frame *frame, Place place);
bool build_knows(const char *name, const Frame *frame); /* as a value or binding of a body */
bool build_has_binding(const Definition *definition, const char *name);
const Value *build_named(const Names *names, const char *name); /* the last of that name; NULL */
/* "did you mean 'relu'?", or NULL */
const char *build_near(Builder *builder, const char *name, const char *const *names, int count);
/* the same among the names of a kind; or what a word of Keras or PyTorch is called here */
const char *build_near_kind(Builder *builder, Kind kind, const char *name);
/* A value for a slot of a kind: names of the kind come first; poison after a report. */
Value build_of_kind(Builder *builder, Kind kind, Value value, Place place);

/* build_eval.c */
Value build_error(Builder *builder, Place place, const char *help, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
Value build_eval(Builder *builder, const Expr *expr, Frame *frame);
bool build_spend(Builder *builder, int64_t steps, Place place); /* false once a spec asks for too much work */

/* build_arithmetic.c */
Value build_binary(Builder *builder, const char *op, Value a, Value b, Place place);
Value build_elementwise(Builder *builder, const Op *op, Value *args, Place place);
Node *build_node(Builder *builder, Value value, Place place); /* a number becomes a constant; NULL after a report */
Node *build_carry(Builder *builder, Node *node, Node **args, int count); /* masks of the operands go on */

/* build_call.c */
Value build_call_expr(Builder *builder, const Expr *expr, Frame *frame);
Value build_apply(
	Builder *builder, Value function, int count, Value *values, Frame *frame, Site site); /* by position */

/* An argument; a bare word is recognised where the parameter declares words. */
Value build_argument(Builder *builder, const Expr *expr, const Parameter *parameter, Frame *frame);

/* build_layer.c */
void build_read_defaults(Builder *builder, Definition *owner);
/* bare: the call is not also the call of the layer, so that a binding may name it */
Value build_make_layer(Builder *builder, const Definition *d, const Arguments *statics, Frame *frame, Site site, bool bare);
Value build_clone(Builder *builder, const Arguments *arguments, Frame *frame, Site site); /* clone(layer, argument=..) */

/* build_require.c */
bool build_requirements_met(Builder *builder, const Definition *d, Frame *frame, Site site); /* false after a report */
/* "here units is the word 'ten'": the arguments that a condition speaks of */
const char *build_describe_arguments(Builder *builder, const Definition *d, const Expr *condition, Frame *frame);

/* build_bind.c: false after a report */
bool build_bind(Builder *builder, const Parameters *parameters, const Arguments *arguments, Frame *parent,
	const char *name, Site site, Names *names);
bool build_bind_builtin(
	Builder *builder, const Builtin *builtin, const Arguments *arguments, Site site, Invocation *call);
int build_parameter(const Parameters *parameters, const char *name); /* its number; -1: none is called so */
bool build_is_word(const Parameter *parameter, const char *word);
const char *build_list_words(Builder *builder, const Parameter *parameter);
/* Are the values from `from` on what the parameters have as defaults? */
bool build_is_default(Builder *builder, const Parameters *parameters, const Names *names, int from);

/* build_cell.c: recurrence */
void build_check_cell(Builder *builder, const Definition *cell); /* reports a state without a next value */
void build_check_next(Builder *builder, const Definition *d); /* each primed name belongs to a state */
Definition *build_cell_layer(Builder *builder, const Definition *cell, const char *name); /* the layer over sequences */
Value build_cell_values(Builder *builder, const Definition *cell, Frame *frame); /* [output, states ..] of one step */
extern const Builtin scan_builtins[];

/* build_owner.c */
Owner *owner_new(Builder *builder, const Definition *definition, Owner *outer, const char *given, Place place);
Owner *owner_sub(
	Builder *builder, Owner *outer, const Definition *definition, const Frame *frame, Site site, const char *given);
Owner *owner_home(Owner *owner);
const char *owner_path(Builder *builder, Owner *owner);
const char *owner_shown_path(Builder *builder, Owner *owner);
const Owner *owner_root(const Owner *owner);
bool owner_moves(const Owner *owner);
/* weights in the order of the text, then those of what it holds, in the order of their first weights */
int owner_weights(Builder *builder, const Owner *owner, Weight ***weights);

/* build_variable.c */
typedef struct VariableRequest {
	Value dims, initial, regularizer, constraint, name;
	Role role;
	bool trainable;
} VariableRequest;
Value build_variable(Builder *builder, Frame *frame, const VariableRequest *request, Place place);
/* What a number or an initializer makes of a shape; NULL after a report. */
Node *build_initial(Builder *builder, Value initial, const Shape *shape, Place place);
Node *build_value(Builder *builder, const Weight *weight); /* what it is by now in this program; NULL after a report */
const Weight *build_weight_of(const Builder *builder, const Node *node); /* which has this value by now; NULL: none */
void build_move(Builder *builder, const Weight *weight, Node *node);
bool build_shape(Builder *builder, Value dims, Place place, Shape *shape); /* false after a report */
Variable *build_scalar(Builder *builder, const char *path, double initial, Place place);

/* build_builtin.c, build_tensor.c, build_contract.c */
const Builtin *build_builtin(const char *name); /* NULL */
int build_builtin_names(const char **names); /* names may be NULL; returns their number */
int build_builtins(const Builtin **list); /* all of them; list may be NULL */
extern const Builtin tensor_builtins[], contract_builtins[];
/* arguments of built-ins: as a node (numbers become constants), a whole number, an axis; false or NULL after a report */
Node *build_node_argument(Builder *builder, const Invocation *call, int i);
bool build_whole_argument(
	Builder *builder, const Invocation *call, Value value, const char *what, int64_t least, int64_t *number);
bool build_axis_argument(Builder *builder, const Invocation *call, Value value, int rank, int *axis);

/* The same tensor with a mask, NULL for none: a node of its own, since the mask must not reach other users of x. */
Node *build_masked(Builder *builder, Node *x, Node *mask);

/* build_model.c */
void build_read_models(Builder *builder);
void build_read_fields(Builder *builder, Value prediction); /* the data's fields, once the model's outputs are known */
Value build_label(Builder *builder, int label, Place place);
Value build_field(Builder *builder, const char *name, Place place); /* data.name */
Node *build_given(Builder *builder, const char *name, const Shape *shape, bool integer); /* an input of the program */
/* What an input is in the program that is built: in one that carries states one step long. */
Shape build_input_shape(const Builder *builder, const Definition *model, int input);
/* A call over the program's inputs. */
Value build_forward(Builder *builder, Owner *model);
void build_list_layer(Builder *builder, Owner *owner, Value result); /* a row of the summary */
void build_count_layers(Builder *builder);

/* build_range.c */
typedef struct Range {
	bool known, data; /* data: of pixels, else of what a network makes */
	double low, high;
} Range;
void build_check_range(Builder *builder, Definition *model, int input, const Node *tensor, Place place);
/* What is black and what is white in a picture that a network makes: what is so in the real ones that a model is given beside it; else
 * the ends of the activation that it comes from, or of pixels that a model is given; else 0 and 1. */
Range build_picture_range(const Builder *builder, const Node *y);

/* build_wire.c */
void build_read_wires(Builder *builder);
/* The field that is handed whole to an input of a model; without a model: the first input that a field reaches. NULL: none */
const Wire *build_wire(const Builder *builder, const Definition *model, int input, const char *field);

/* build_generate.c: the program generate, for a model that predicts the next token of its only input step by step */
void build_generate(Builder *builder);

/* build_program.c */
Program *build_program(Builder *builder, const char *name, bool training, int64_t batch);
void build_output(Builder *builder, Program *program, const char *name, Node *node);
void build_assign(Builder *builder, Program *program, Variable *variable, Node *node);
/* Takes the values that variables have at the end of the stage into its program; of those that are carried only: not of others. */
void build_finish(Builder *builder, bool carried_only);
Value build_library_call(Builder *builder, const char *name, int count, Value *values, Place place);

/* build_loss.c */
typedef struct LossSlots {
	const DocNode *loss, *weights; /* weights: of the outputs; NULL: none */
	const Owner *model; /* whose outputs a named loss takes */
	Place place; /* of the loss, for messages about it */
	bool of_step; /* one of several: it says by an expression which models it calls */
} LossSlots;
Node *build_loss(Builder *builder, LossSlots *slots, Frame *frame); /* a scalar; NULL after a report */
const DocNode *build_loss_of(Builder *builder, const DocNode *loss, int output); /* NULL: this output has none */
/* A loss whose first input is called y_class reads class numbers: the prediction's shape without its last axis. */
bool build_reads_classes(Builder *builder, const DocNode *loss);
int64_t build_label_length(Builder *builder, const DocNode *loss); /* what its argument label_length says; 0: nothing */
Node *build_mean(Builder *builder, Value value, Place place); /* over masked-in places, if there is a mask; NULL after a report */
/* The places of an output that count, as an output of its own, if not all do. */
void build_mask_output(Builder *builder, const char *name, const Node *y);
void build_keep_predictions(Builder *builder, Value y);

/* build_train.c */
/* An expression in a slot of a kind: a bare name is looked for among the kind first. */
Value build_slot(Builder *builder, Kind kind, const Expr *expr, Frame *frame);
/* One training step: what it says itself, else what the section says; of bindings what both say, first the section's. */
typedef struct StepSlots {
	const char *name; /* of its program and of its slots: "train", "train.D" */
	const SpecStep *step; /* NULL: the section is the only step */
	const DocNode *loss, *weights, *optimizer, *batch[2], *let[2], *terms[2];
	const Owner **updated;
	int updated_count;
} StepSlots;

/* Names of the section and of the step: the models, and the bindings of batch, let and terms. */
Frame *build_train_frame(Builder *builder, const StepSlots *slots);

typedef enum StepMode { STEP_TRAIN, STEP_GRADIENTS } StepMode;
void build_step(Builder *builder, const StepSlots *slots, const char *name, StepMode mode);
void build_evaluation(Builder *builder, const StepSlots *slots, int count); /* the losses and terms of all steps */

/* build_make.c: the programs noise and generate, where train makes pictures of noise */
void build_making(Builder *builder, const StepSlots *slots, int count);

/* build_step.c */
void build_training(Builder *builder);

/* build_check.c: what can be compiled and is hardly meant */
void build_check_loss(Builder *builder, Value loss, const Predicted *predicted, const Node *y, Place place);
void build_check_model(Builder *builder, const Program *predict);
void build_check_carried(Builder *builder); /* samples that don't follow on one another */
void build_check_activation(Builder *builder, const char *name, const Node *argument, const Node *result, Place place);

/* build_road.c: between begin and end the help of a message tells where tensors of different sizes come from. values: tensors, or
 * one list of them; where their sizes meet nothing is done */
typedef struct Road {
	Builder *builder; /* NULL: nothing to tell */
	Value *values;
	int count;
	const char *(*kept)(void *user);
	void *kept_user;
} Road;
Road build_road(Builder *builder, int count, Value *values);
void build_road_begin(Road *road);
void build_road_end(Road *road);

/* build_optimizer.c: the values that the weights take, given their gradients */
void build_update(
	Builder *builder, const char *step, Value optimizer, int count, Weight **weights, Node **gradients, Place place);
#endif
