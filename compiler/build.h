/* build.h: definitions and a spec -> programs over primitives, by partial evaluation. */
#ifndef BUILD_H
#define BUILD_H
#include "spec.h"
#include "graph.h"

typedef struct BuildOptions {
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

/* The prelude's files, embedded in the binary by the Makefile; ends with a NULL name. */
extern const Source prelude_sources[];

#endif
