/* build_road.c: tensors whose sizes do not meet -> a help that tells where they come from. Input: tensors of equal rank; output:
 * a text with the layers that changed their sizes, and an input of the model that would do. Invariant: the text is made only
 * where sizes differ, and the search builds in silence. */
#include <string.h>
#include "builder.h"

enum { STOPS = 12, TRIES = 12 };

/* "100", or "100 x 60" where the axes between the batch and the channels differ */
static const char *size_text(Arena *arena, const Shape *shape)
{
	const char *text = arena_format(arena, "%lld", (long long)shape->dim[1].size);
	bool square = true;
	for (int i = 2; i + 1 < shape->rank; i++) square = square && shape->dim[i].size == shape->dim[1].size;
	for (int i = 2; !square && i + 1 < shape->rank; i++) text = arena_format(arena, "%s x %lld", text, (long long)shape->dim[i].size);
	return text;
}

static bool same_size(const Shape *a, const Shape *b)
{
	if (a->rank != b->rank) return false;
	for (int i = 1; i + 1 < a->rank; i++)
		if (a->dim[i].size != b->dim[i].size) return false;
	return true;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool same_layer(const Node *a, const Node *b)
{
	return a->layer == b->layer || (a->layer && b->layer && !strcmp(a->layer, b->layer));
}

/* What a layer's result was made of, in the layer before: the argument of the same rank that is nearest to the input. Older. */
static const Node *before(const Node *node)
{
	const Node *start = node;
	do {
		const Node *next = NULL;
		for (int i = 0; i < node->arg_count && !next; i++)
			if (node->args[i]->shape.rank >= start->shape.rank && node->args[i]->op != &op_variable) next = node->args[i];
		if (!next) return NULL;
		node = next;
	} while (same_layer(node, start));
	return node->shape.rank == start->shape.rank ? node : NULL;
}

/* "100 -> max_pooling2d 50 -> .. -> up_sampling2d 24": the layers that changed the size, from the input on */
static const char *road_text(Arena *arena, const Node *node)
{
	const char *text = "";
	int stops = 0;
	for (const Node *from; (from = before(node)) != NULL; node = from) {
		if (same_size(&from->shape, &node->shape)) continue;
		if (stops++ == STOPS) return arena_format(arena, "..%s", text);
		text = arena_format(arena, " -> %s %s%s", last_name(node->layer ? node->layer : "?"), size_text(arena, &node->shape), text);
	}
	return arena_format(arena, "%s%s", size_text(arena, &node->shape), text);
}

/* --- an input that would do --------------------------------------------------------------------------------------- */

/* Does the model build with another input? All messages are swallowed. */
static bool would_do(Builder *builder, const char *input)
{
	Arena *arena = builder->arena;
	Source *source = arena_alloc(arena, sizeof *source);
	*source = (Source){.name = "", .text = input, .size = strlen(input)};
	Context context = {.arena = arena, .messages = builder->context->messages, .silent = true, .params = builder->context->params};
	DocNode *value = doc_read(&context, source), *model = arena_alloc(arena, sizeof *model), *root = arena_alloc(arena, sizeof *root);
	Spec spec = *builder->spec;
	*model = *spec.model;
	model->pairs = arena_alloc(arena, (size_t)model->count*sizeof *model->pairs);
	for (int i = 0; i < model->count; i++) {
		model->pairs[i] = spec.model->pairs[i];
		if (!strcmp(model->pairs[i].key->text, "input")) model->pairs[i].value = value;
	}
	*root = (DocNode){.kind = DOC_MAP, .place = spec.root->place, .pairs = arena_alloc(arena, (size_t)spec.root->count*sizeof *root->pairs)};
	for (int i = 0; i < spec.root->count; i++) {
		const char *key = spec.root->pairs[i].key->text;
		if (strcmp(key, "data") && strcmp(key, "train")) root->pairs[root->count++] = spec.root->pairs[i];
	}
	spec.root = root;
	spec.model = model;
	spec.train = NULL;
	spec.data = (nn_data){0};
	BuildOptions options = {.searching = true};
	return value && build_network(&context, &spec, &options) && !context.errors && !context.silenced;
}

/* The input nearest to the one given that the model builds with, as "[96, 96, 1]"; NULL: none was found. */
static const char *input_that_would_do(Builder *builder)
{
	const Spec *spec = builder->spec;
	if (builder->options->searching || !spec->model || !doc_get(spec->model, "input") || builder->models[0]->definition->inputs.count != 1)
		return NULL;
	const Shape *shape = &builder->models[0]->definition->input_shapes[0];
	const char *best = NULL;
	int64_t nearest = 0, n = shape->dim[1].size;
	for (int step = 2, tries = 0; step <= 64 && tries < TRIES; step *= 2)
		for (int up = 0; up < 2; up++, tries++) {
			int64_t m = n/step*step + up*step, distance = m < n ? n - m : m - n;
			if (m < step || !distance || (best && distance >= nearest)) continue;
			const char *text = "[";
			for (int i = 1; i < shape->rank; i++) {
				int64_t size = shape->dim[i].size; /* other axes go the same way, channels stay */
				if (i + 1 < shape->rank) size = size/step*step + up*step;
				text = arena_format(builder->arena, "%s%s%lld", text, i > 1 ? ", " : "", (long long)size);
			}
			text = arena_format(builder->arena, "%s]", text);
			if (!would_do(builder, text)) continue;
			best = text;
			nearest = distance;
		}
	return best;
}

/* The first two tensors whose sizes differ; false: none, or they are no images. */
static bool find_two(const Road *road, const Node **first, const Node **other)
{
	*first = *other = NULL;
	for (int i = 0; i < road->count && !*other; i++) {
		const Shape *shape = road->values[i].kind == VALUE_TENSOR ? &road->values[i].as.tensor->shape : NULL;
		if (!shape || shape->rank < 3 || !shape->dim[0].rows) return false;
		if (!*first) *first = road->values[i].as.tensor;
		else if (!same_size(&(*first)->shape, &road->values[i].as.tensor->shape)) *other = road->values[i].as.tensor;
	}
	return *other && (*other)->shape.rank == (*first)->shape.rank;
}

static const char *tell(void *user)
{
	const Node *first, *other;
	const Road *road = user;
	Builder *builder = road->builder;
	if (!find_two(road, &first, &other)) return NULL;
	const char *roads = arena_format(builder->arena, "one comes %s, the other %s", road_text(builder->arena, first), road_text(builder->arena, other));
	const char *input = input_that_would_do(builder);
	return input ? arena_format(builder->arena, "%s; an input %s would do", roads, input) : roads;
}

Road build_road(Builder *builder, int count, Value *values)
{
	const Node *first, *other;
	Context *context = builder->context;
	Road road = {builder, values, count, context->hint, context->hint_user};
	if (count == 1 && values[0].kind == VALUE_LIST) road.count = values[0].as.list.count, road.values = values[0].as.list.items;
	if (context->hint || !find_two(&road, &first, &other)) road.builder = NULL;
	return road;
}

void build_road_begin(Road *road)
{
	if (!road->builder) return;
	road->builder->context->hint = tell;
	road->builder->context->hint_user = road;
}

void build_road_end(Road *road)
{
	if (!road->builder) return;
	road->builder->context->hint = road->kept;
	road->builder->context->hint_user = road->kept_user;
}
