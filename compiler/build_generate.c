/* build_generate.c: the program generate. Input: a network whose programs are built. Output: one more program, where the model
 * predicts the next token of its only input and runs step by step: batch 1, one time step, states carried from call to call.
 * Invariant: what the program gives at each step is what predict gives there; where that can't be seen there is none, and who
 * generates runs predict over the last tokens. */
#include <string.h>
#include "builder.h"
#include "stepwise.h"

static Node *input_of(const Program *program, const char *name)
{
	for (int i = 0; i < program->graph->count; i++) {
		Node *node = program->graph->nodes[i];
		if (node->op == &op_input && !strcmp(node->at.name, name)) return node;
	}
	return NULL;
}

/* The name of the only input, if the label is its next token; else NULL. */
static const char *continued(const Builder *builder)
{
	const Network *network = builder->network;
	const Definition *d = builder->models[0]->definition;
	int label = network->output_count == 1 ? network->outputs[0].label : -1;
	if (label < 0 || builder->model_count > 1 || d->inputs.count != 1) return NULL;
	const nn_data_field *field = &builder->spec->fields[label];
	bool text = field->source >= 0 && !strcmp(builder->spec->data_sources[field->source].type, "text");
	return text && field->part == SPEC_TEXT_NEXT ? d->input_names[0] : NULL;
}

/* Short texts are filled up with padding, which only a mask keeps out of the loss. */
static void check_padding(Builder *builder, const Node *y)
{
	int source = builder->spec->fields[builder->network->outputs[0].label].source;
	if (!builder->spec->train || !builder->spec->data_sources[source].ended || y->mask) return;
	diag_warning(builder->context, builder->spec->infos[source].place, "Embedding(IDS, SIZE, mask_zero=true), and behind it layers that keep the mask",
		"texts that are shorter than a sample are filled up with padding, and the loss counts it");
}

/* What is read from the end has seen the token that it shall predict. */
static void check_ahead(Builder *builder, const Node *x, Node *y)
{
	int count;
	Node **order = graph_order(builder->arena, &y, 1, &count);
	for (int i = 0; i < count && x->shape.rank > 1; i++) {
		const Node *node = order[i];
		if (node->op != &op_scan || !node->at.body->reverse || node->at.body->steps != x->shape.dim[1].size) continue;
		diag_warning(builder->context, node->place, "layers that read forwards only",
			"what is read from the end has seen the token that it shall predict");
		return;
	}
}

static void forget_program(Network *network, const Program *program)
{
	for (int i = 0; i < network->program_count; i++) {
		if (network->programs[i] != program) continue;
		memmove(&network->programs[i], &network->programs[i + 1], (size_t)(network->program_count - i - 1)*sizeof(Program *));
		network->program_count--;
		return;
	}
}

void build_generate(Builder *builder)
{
	Network *network = builder->network;
	const char *name = continued(builder);
	const Program *predict = network->programs[1];
	const Node *x = name ? input_of(predict, name) : NULL;
	network->continues = x && predict->output_count > 0;
	if (network->continues) check_padding(builder, predict->outputs[0].node), check_ahead(builder, x, predict->outputs[0].node);
	if (!network->continues || !stepwise(builder->context, x, predict->outputs[0].node)) return;
	Stage stage = {.program = build_program(builder, "generate", false, 1), .carrying = true}, *kept = builder->stage;
	bool silent = builder->context->silent;
	int silenced = builder->context->silenced;
	builder->context->silent = true; /* a layer may want more than one step */
	builder->stage = &stage;
	Value y = build_forward(builder, builder->models[0]);
	bool good = y.kind == VALUE_TENSOR && builder->context->silenced == silenced;
	if (good) good = stepwise_carried(builder->context, input_of(stage.program, name), y.as.tensor);
	if (good) {
		build_output(builder, stage.program, predict->outputs[0].name, y.as.tensor);
		build_finish(builder, true);
	} else forget_program(network, stage.program);
	builder->context->silent = silent;
	builder->context->silenced = silenced;
	builder->stage = kept;
}
