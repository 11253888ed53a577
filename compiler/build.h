/* build.h: definitions and a spec -> programs over primitives, by partial evaluation. */
#ifndef BUILD_H
#define BUILD_H
#include "spec.h"
#include "graph.h"

typedef struct BuildOptions {
	bool searching; /* whether another input would do: see build_road.c */
	bool gradients; /* a program "gradients": the training program with its gradients as outputs instead of updates */
} BuildOptions;

/* Evaluates the prelude and the spec. The network holds the programs
 *   initialize   assigns every variable its first value; draws are keyed by the variable's path
 *   predict      batch 1, inference mode. input: the model's fields; output "y"
 *   evaluate     batch N, inference mode. inputs: the model's fields and the label; outputs "y", "loss"
 *   train        batch N, training mode: the same outputs; assigns weights, moving statistics and slots
 *   gradients    like train: outputs "loss", "y", and "gradient PATH" for every trainable weight; assigns nothing
 * evaluate, train and gradients exist when the spec has a train section. NULL, or incomplete, after errors were reported
 * (context->errors tells). */
Network *build_network(Context *context, Spec *spec, const BuildOptions *options);

/* --- what the language offers, for --reference and --schema --------------------------------------------------------- */

typedef struct OfferedArgument {
	const char *name;
	const char *standard; /* its default, as it stands in the library; NULL: must be given */
	const char *const *words; /* what it may be; NULL in the list is none */
	int word_count;
} OfferedArgument;

typedef struct Offered {
	const char *name;
	const char *section, *noun; /* "layers", "layer" */
	const char *file; /* "prelude/layers.yaml" */
	const char *doc; /* NULL: none, then `body` is what it is */
	const char *body;
	const char *alias_of; /* NULL: no alias */
	bool two_lists; /* name(arguments)(inputs) */
	OfferedArgument *arguments; /* head_count stand in the head; own_count are not common to the kind */
	int argument_count, head_count, own_count;
	OfferedArgument *inputs;
	int input_count;
} Offered;

typedef struct Offers {
	Offered *items; /* definitions of the library in the order of its text, then aliases, then built-in functions */
	int count;
} Offers;

Offers build_offers(Context *context);

/* The prelude's files, embedded in the binary by the Makefile; ends with a NULL name. */
extern const Source prelude_sources[];

#endif
