/* build_read.c: sections of definitions -> Definition, with their parameters, bindings and bodies parsed. Input: the
 * library's files and a spec. Output: builder->entries. Invariant: a definition with a mistake is kept as `broken`,
 * so that its name is known and calls of it are silent. */
#include <string.h>
#include "builder.h"

static const char *const reserved_keys[] = {"doc", "return", "arguments", "require", "expect", "mask", "layers", "defaults", "task"};
static const char *const language_names[] = {
	"training", "trainable", "carrying", "batch", "step", "epoch", "pi", "data"};

enum { DEFINITION_LIMIT = 5000 };

#define COUNT(array) ((int)(sizeof(array)/sizeof *(array)))

const char *kind_phrase(Kind kind)
{
	static const char *const phrases[] = {
#define X(name, section, phrase, ...) phrase,
		KINDS(X)
#undef X
		"a model", "a section"};
	return phrases[kind];
}

const char *kind_noun(Kind kind) { return strchr(kind_phrase(kind), ' ') + 1; }

const char *kind_section(Kind kind)
{
	static const char *const sections[] = {
#define X(name, section, ...) section,
		KINDS(X)
#undef X
		"models", "train"};
	return sections[kind];
}

static int kind_of_section(const char *section)
{
	for (int k = 0; k < KIND_COUNT; k++)
		if (!strcmp(kind_section((Kind)k), section)) return k;
	return -1;
}

static bool needs_two_lists(Kind kind)
{
	static const bool two[] = {
#define X(name, section, phrase, lists, ...) lists,
		KINDS(X)
#undef X
	};
	return kind < KIND_COUNT && two[kind];
}

static int least_inputs(Kind kind)
{
	static const int least[] = {
#define X(name, section, phrase, lists, from, to) from,
		KINDS(X)
#undef X
	};
	return least[kind];
}

static int most_inputs(Kind kind)
{
	static const int most[] = {
#define X(name, section, phrase, lists, from, to) to,
		KINDS(X)
#undef X
	};
	return most[kind];
}

static bool is_one_of(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(name, names[i])) return true;
	return false;
}

/* The last entry of a name, of the user's or the library's, an alias or not. */
static const Entry *find_entry(const Builder *builder, int kind, const char *name, bool library, bool alias)
{
	for (int i = builder->entry_count - 1; i >= 0; i--) {
		const Entry *entry = &builder->entries[i];
		bool fits = entry->library == library && entry->alias == alias && (kind < 0 || (int)entry->kind == kind);
		if (fits && !strcmp(entry->name, name)) return entry;
	}
	return NULL;
}

const Entry *build_find(Builder *builder, int kind, const char *name, bool library_only)
{
	const Entry *entry = NULL;
	for (int library = library_only; library < 2; library++) /* a user's names hide the library's, names hide aliases */
		for (int alias = 0; !entry && alias < 2; alias++) entry = find_entry(builder, kind, name, library, alias);
	return entry;
}

static void add_parameter(Builder *builder, Parameters *parameters, Parameter parameter, Place place)
{
	if (build_parameter(parameters, parameter.name) >= 0) {
		build_error(builder, place, NULL, "the parameter '%s' stands twice", parameter.name);
		return;
	}
	parameters->items =
		arena_grow(builder->arena, parameters->items, parameters->count, &parameters->capacity, sizeof parameter);
	parameters->items[parameters->count++] = parameter;
}

/* The parameters among a head's items [from, to). */
static void read_parameters(Builder *builder, const Expr *head, int from, int to, Parameters *parameters)
{
	for (int i = from; i < to; i++) {
		const Expr *p = head->items[i];
		Parameter parameter = {p->text, p->count ? p->items[0] : NULL, p->names, p->name_count};
		add_parameter(builder, parameters, parameter, p->place);
	}
}

/* One `name: default` of arguments: or common:, read as the head of a function with that parameter. */
static void read_argument(Builder *builder, const DocPair *pair, Parameters *parameters)
{
	const DocNode *value = pair->value;
	const char *name = pair->key->text, *source = value->place.source->text;
	if (value->kind == DOC_MAP || !name) {
		build_error(builder, pair->key->place, NULL, "an argument is written `name: default`");
		return;
	}
	int quote = value->quoted ? 1 : 0;
	int length = (int)(value->end - value->begin) - 2*quote;
	const char *text = arena_format(builder->arena, "f(%s=%.*s)", name, length, source + value->begin + quote);
	Place place = value->place;
	place.column += quote - (int)strlen(name) - 3;
	const Expr *head = expr_parse(builder->context, text, strlen(text), place, EXPR_HEAD_START);
	if (head) read_parameters(builder, head, 0, head->count, parameters);
}

/* The arguments that stand under a name in the section common. */
static void take_list(Builder *builder, const DocNode *name, Parameters *parameters)
{
	const char **names = arena_alloc(builder->arena, (size_t)(builder->list_count + 1) * sizeof *names);
	const Parameters *list = build_common(builder, name->text);
	for (int i = 0; i < builder->list_count; i++) names[i] = builder->lists[i].name;
	for (int i = 0; i < list->count; i++) add_parameter(builder, parameters, list->items[i], name->place);
	if (!list->count)
		build_error(builder, name->place, build_near(builder, name->text, names, builder->list_count),
			"arguments are written `name: default`, one a line, and no list of them is called '%s'", name->text);
}

/* `name: default`, one a line; or a list of such mappings and of names of lists */
static void read_arguments(Builder *builder, const DocNode *node, Parameters *parameters)
{
	if (node->kind == DOC_SCALAR) take_list(builder, node, parameters);
	for (int i = 0; node->kind == DOC_LIST && i < node->count; i++) read_arguments(builder, node->items[i], parameters);
	for (int i = 0; node->kind == DOC_MAP && i < node->count; i++) read_argument(builder, &node->pairs[i], parameters);
}

/* `condition: message`, one a line, of require: and expect: */
static void read_requirements(Builder *builder, const DocNode *map, Requirement **list, int *count)
{
	if (map->kind != DOC_MAP) {
		build_error(builder, map->place, NULL, "requirements are written `condition: message`, one a line");
		return;
	}
	*list = arena_alloc(builder->arena, (size_t)map->count * sizeof **list);
	for (int i = 0; i < map->count; i++) {
		const DocNode *message = map->pairs[i].value;
		const Expr *condition = expr_read(builder->context, map->pairs[i].key, EXPR_VALUE_START);
		const char *text = message->kind == DOC_SCALAR ? message->text : "a requirement is not met";
		if (condition) (*list)[(*count)++] = (Requirement){condition, text};
	}
}

bool build_is_language(const char *name) { return is_one_of(name, language_names, COUNT(language_names)); }

static const Binding *find_binding(const Definition *definition, const char *name)
{
	for (int i = 0; i < definition->binding_count; i++)
		if (is_one_of(name, definition->bindings[i].names, definition->bindings[i].name_count))
			return &definition->bindings[i];
	return NULL;
}

void build_read_binding(Builder *builder, const DocPair *pair, Definition *target)
{
	Binding binding = {.place = pair->key->place};
	const Expr *key = expr_read(builder->context, pair->key, EXPR_KEY_START);
	binding.value = expr_read(builder->context, pair->value, EXPR_VALUE_START);
	if (!key) {
		target->broken = true;
		return;
	}
	if (key->kind == EXPR_HEAD) {
		const char **names = arena_alloc(builder->arena, sizeof *names);
		names[0] = key->text;
		binding.names = names;
		binding.name_count = 1;
		binding.function = key->called;
		if (key->split >= 0)
			build_error(builder, key->place, "layers of your own stand in the section blocks:",
				"a function bound here takes one list of parameters");
		if (key->called)
			read_parameters(builder, key, 0, key->split >= 0 ? key->split : key->count, &binding.parameters);
	} else {
		binding.names = key->names;
		binding.name_count = key->name_count;
	}
	for (int i = 0; i < binding.name_count; i++) {
		const Binding *before = find_binding(target, binding.names[i]);
		bool twice = before || is_one_of(binding.names[i], binding.names, i);
		if (twice)
			build_error(builder, key->place, "a name is bound once: give the second value another name",
				"'%s' is bound twice", binding.names[i]);
		if (twice) return;
	}
	target->bindings =
		arena_grow(builder->arena, target->bindings, target->binding_count, &target->binding_capacity, sizeof binding);
	target->bindings[target->binding_count++] = binding;
}

static const Expr *read_slot(Builder *builder, const DocNode *node, Definition *target)
{
	const Expr *expr = expr_read(builder->context, node, EXPR_VALUE_START);
	if (!expr) target->broken = true;
	return expr;
}

/* task: regression: what a model does that is trained by a loss */
static void read_task(Builder *builder, const DocNode *value, Definition *target)
{
	static const char *const tasks[] = {"regression", "binary", "multiclass", "spelling"};
	const char *word = value->kind == DOC_SCALAR ? value->text : "";
	if (target->kind != KIND_LOSS) build_error(builder, value->place, NULL, "a 'task' belongs to a loss");
	else if (is_one_of(word, tasks, COUNT(tasks))) target->task = word;
	else
		build_error(builder, value->place, build_near(builder, word, tasks, COUNT(tasks)),
			"the task of a loss is regression, binary (yes or no, for each unit), multiclass or spelling, not '%s'", word);
}

/* In a definition the mask of its result; among the values of a model or of the training it would be that in silence, too. */
static void read_mask(Builder *builder, const DocPair *pair, Definition *target)
{
	if (target->kind != KIND_MODEL && target->kind != KIND_TRAIN) {
		target->mask = read_slot(builder, pair->value, target);
		return;
	}
	build_error(builder, pair->key->place, "give it another name; a result gets a mask by masked(x, m)",
		"'mask' can't name a value: in a definition it is the mask of the result");
	build_read_binding(builder, pair, target);
}

void build_read_body(Builder *builder, const DocNode *map, Definition *target)
{
	for (int i = 0; i < map->count; i++) {
		const char *word = map->pairs[i].key->text;
		const DocNode *value = map->pairs[i].value;
		if (!word || !is_one_of(word, reserved_keys, COUNT(reserved_keys)))
			build_read_binding(builder, &map->pairs[i], target);
		else if (!strcmp(word, "doc")) target->doc = value->text;
		else if (!strcmp(word, "return")) target->result = read_slot(builder, value, target);
		else if (!strcmp(word, "mask")) read_mask(builder, &map->pairs[i], target);
		else if (!strcmp(word, "layers")) target->layers = read_slot(builder, value, target);
		else if (!strcmp(word, "defaults")) target->defaults_node = value;
		else if (!strcmp(word, "task")) read_task(builder, value, target);
		else if (!strcmp(word, "require")) read_requirements(builder, value, &target->requirements, &target->requirement_count);
		else if (!strcmp(word, "expect")) read_requirements(builder, value, &target->expectations, &target->expectation_count);
		else if (!strcmp(word, "arguments")) read_arguments(builder, value, &target->statics);
	}
}

/* Are the lists of parameters what the kind asks for? */
static bool check_lists(Builder *builder, const Definition *d)
{
	const Parameters *inputs = d->two_lists ? &d->inputs : &d->statics;
	if (needs_two_lists(d->kind) && !d->two_lists) {
		build_error(builder, d->place, arena_format(builder->arena, "write %s()(x) when it has no arguments", d->name),
			"the head of %s has two lists: name(arguments)(inputs)", kind_phrase(d->kind));
		return false;
	}
	if (!needs_two_lists(d->kind) && d->two_lists && d->kind != KIND_LOSS) {
		build_error(builder, d->place,
			"what has weights or two lists stands in the section blocks:", "the head of %s has one list: name(x, ...)",
			kind_phrase(d->kind));
		return false;
	}
	int least = least_inputs(d->kind), most = most_inputs(d->kind);
	if (inputs->count < least || (most && inputs->count > most)) {
		build_error(builder, d->place,
			d->kind == KIND_OPTIMIZER ? "weight, gradient, and the step counted from 1: name(arguments)(w, g, t)" :
										NULL,
			"%s takes %s%d input%s, not %d", kind_phrase(d->kind), most ? "" : "at least ", least,
			least == 1 ? "" : "s", inputs->count);
		return false;
	}
	return true;
}

/* Does the body give a value? */
static bool check_result(Builder *builder, const Definition *d)
{
	build_check_next(builder, d);
	if (d->kind == KIND_CELL) build_check_cell(builder, d);
	if (d->broken || d->result || d->layers || d->kind == KIND_CELL) return true;
	if (d->kind == KIND_OPTIMIZER) {
		const char *next = arena_format(builder->arena, "%s'", d->inputs.items[0].name);
		if (build_has_binding(d, next)) return true;
		build_error(builder, d->place, "the primed name is the weight's next value",
			"the optimizer %s does not bind %s", d->name, next);
		return false;
	}
	build_error(builder, d->place, "add `return: value`", "%s has no 'return'", d->name);
	return false;
}

void build_check_names(Builder *builder, const Definition *d)
{
	const Parameters *lists[] = {&d->statics, &d->inputs};
	for (int l = 0; l < 2; l++)
		for (int i = 0; i < lists[l]->count; i++) {
			const char *name = lists[l]->items[i].name;
			if (build_has_binding(d, name))
				build_error(builder, find_binding(d, name)->place, "give what is made of it another name",
					d->kind == KIND_MODEL ? "'%s' is an input and is bound again" : "'%s' is a parameter and is bound again", name);
			for (int k = 0; l == 1 && k < d->statics.count; k++)
				if (!strcmp(name, d->statics.items[k].name))
					build_error(builder, d->place, NULL, "%s: the parameter '%s' stands in both lists", d->name, name);
		}
}

void build_add_parameters(Builder *builder, Parameters *to, const Parameters *from, int count)
{
	for (int i = 0; i < count; i++)
		if (build_parameter(to, from->items[i].name) < 0) add_parameter(builder, to, from->items[i], (Place){0});
}

static void add_common(Builder *builder, Definition *d)
{
	const Parameters *common = build_common(builder, kind_section(d->kind));
	for (int i = 0; i < common->count && (d->kind != KIND_LOSS || d->two_lists); i++)
		if (build_parameter(&d->inputs, common->items[i].name) < 0)
			build_add_parameters(builder, &d->statics, &(Parameters){&common->items[i], 1, 1}, 1);
}

static void add_entry(Builder *builder, Entry entry)
{
	builder->entries =
		arena_grow(builder->arena, builder->entries, builder->entry_count, &builder->entry_capacity, sizeof entry);
	builder->entries[builder->entry_count++] = entry;
}

/* A cell X gives the layer X and XCell, one step of it: no other cell or layer of the same text may be called XCell. */
static void check_step_name(Builder *builder, Definition *d, bool library)
{
	if (d->kind != KIND_CELL && d->kind != KIND_LAYER) return;
	const Entry *other = build_find(builder, d->kind == KIND_CELL ? KIND_LAYER : KIND_CELL, d->name, false);
	if (!other || other->library != library) return;
	int length = (int)(strlen(d->name) - strlen("Cell"));
	const char *message = d->kind == KIND_LAYER ? "'%s' is the name of one step of the cell '%.*s' (line %d)" :
		"'%s' would be the name of one step of the cell '%.*s', and is defined at line %d";
	build_error(builder, d->place, "give one of them another name", message, d->name, length, d->name, other->place.line + 1);
	d->broken = other->definition->broken = true;
}

static void add_definition(Builder *builder, Definition *d, bool library)
{
	check_step_name(builder, d, library);
	const Entry *before = build_find(builder, (int)d->kind, d->name, false);
	bool same_file = before && before->place.source == d->place.source;
	if (before && before->library == library)
		build_error(builder, d->place, NULL, "the %s '%s' is defined twice (first at %s %d)", kind_noun(d->kind), d->name,
			same_file ? "line" : arena_format(builder->arena, "%s, line", before->place.source->name), before->place.line + 1);
	add_entry(builder, (Entry){d->name, d->kind, d, library, false, d->place});
}

static void read_definition(Builder *builder, Kind kind, const DocPair *pair)
{
	const Expr *head = expr_read(builder->context, pair->key, EXPR_HEAD_START);
	if (!head) return;
	Definition *d = arena_alloc(builder->arena, sizeof *d);
	bool library = head->place.source->library;
	*d = (Definition){.name = head->text, .kind = kind, .place = head->place, .two_lists = head->split >= 0};
	read_parameters(builder, head, 0, d->two_lists ? head->split : head->count, &d->statics);
	if (d->two_lists) read_parameters(builder, head, head->split, head->count, &d->inputs);
	d->head_count = d->statics.count;
	int errors = builder->context->errors;
	if (pair->value->kind == DOC_MAP) build_read_body(builder, pair->value, d);
	else d->result = read_slot(builder, pair->value, d);
	d->own_count = d->statics.count;
	add_common(builder, d);
	build_check_names(builder, d);
	if (!check_lists(builder, d) || !check_result(builder, d) || builder->context->errors > errors) d->broken = true;
	if (build_is_language(d->name))
		build_error(builder, head->place, "give it another name", "'%s' is a name of the language", d->name);
	if (kind == KIND_CELL) {
		add_definition(builder, build_cell_layer(builder, d, d->name), library);
		d->name = arena_format(builder->arena, "%sCell", d->name);
	}
	add_definition(builder, d, library);
}

/* aliases: kind: {alias: name} */
static void read_aliases(Builder *builder, const DocNode *kinds)
{
	for (int k = 0; kinds->kind == DOC_MAP && k < kinds->count; k++) {
		const DocNode *names = kinds->pairs[k].value, *key = kinds->pairs[k].key;
		int kind = key->text ? kind_of_section(key->text) : -1;
		if (kind < 0 || names->kind != DOC_MAP) {
			build_error(
				builder, key->place, "write `layers: {Conv: Conv2D}`", "aliases stand under the section of their kind");
			continue;
		}
		for (int i = 0; i < names->count; i++) {
			const DocNode *alias = names->pairs[i].key, *target = names->pairs[i].value;
			const Entry *entry = target->kind == DOC_SCALAR ? build_find(builder, kind, target->text, false) : NULL;
			Definition *d = entry ? entry->definition : arena_alloc(builder->arena, sizeof *d);
			if (!entry) {
				build_error(builder, target->place, build_near_kind(builder, (Kind)kind, target->text), "no %s is called '%s'",
					kind_noun((Kind)kind), target->kind == DOC_SCALAR ? target->text : "");
				*d = (Definition){.name = alias->text, .kind = (Kind)kind, .place = alias->place, .two_lists = true, .broken = true};
			}
			add_entry(builder, (Entry){alias->text, (Kind)kind, d, alias->place.source->library, true, alias->place});
		}
	}
}

const Parameters *build_common(const Builder *builder, const char *name)
{
	static const Parameters none;
	for (int i = 0; i < builder->list_count; i++)
		if (!strcmp(builder->lists[i].name, name)) return &builder->lists[i].parameters;
	return &none;
}

static void read_common(Builder *builder, const DocNode *lists)
{
	for (int i = 0; i < lists->count; i++) {
		ArgumentList list = {.name = lists->pairs[i].key->text};
		read_arguments(builder, lists->pairs[i].value, &list.parameters);
		builder->lists = arena_grow(builder->arena, builder->lists, builder->list_count, &builder->list_capacity, sizeof list);
		builder->lists[builder->list_count++] = list;
	}
}

/* Names are found by looking at all of them. */
static bool too_many(Builder *builder, const DocNode *section, int before)
{
	if (before + section->count <= DEFINITION_LIMIT) return false;
	build_error(builder, section->place, "leave out what is not used", "more than %d definitions", DEFINITION_LIMIT);
	return true;
}

static void read_definitions(Builder *builder, const DocNode *root)
{
	int before = builder->entry_count;
	for (int i = 0; i < root->count; i++) {
		const DocNode *section = root->pairs[i].value;
		int kind = kind_of_section(root->pairs[i].key->text);
		if (kind < 0) continue;
		if (section->kind != DOC_MAP) {
			build_error(builder, section->place, "write `name(parameters): body`, one a line",
				"the section %s holds definitions", kind_section((Kind)kind));
			continue;
		}
		if (too_many(builder, section, builder->entry_count - before)) return;
		for (int k = 0; k < section->count; k++) read_definition(builder, (Kind)kind, &section->pairs[k]);
	}
}

void build_read_library(Builder *builder)
{
	int count = 0;
	while (prelude_sources[count].name) count++;
	const DocNode **roots = arena_alloc(builder->arena, (size_t)(count + 1) * sizeof *roots);
	for (int i = 0; i < count; i++) roots[i] = doc_read(builder->context, &prelude_sources[i]);
	for (int i = 0; i < count; i++)
		if (roots[i] && doc_get(roots[i], "common")) read_common(builder, doc_get(roots[i], "common"));
	for (int i = 0; i < count; i++)
		if (roots[i]) read_definitions(builder, roots[i]);
	for (int i = 0; i < count; i++)
		if (roots[i] && doc_get(roots[i], "aliases")) read_aliases(builder, doc_get(roots[i], "aliases"));
}

void build_read_spec(Builder *builder, const DocNode *root)
{
	read_definitions(builder, root);
	const DocNode *aliases = doc_get(root, "aliases");
	if (aliases) read_aliases(builder, aliases);
	build_read_params(builder, doc_get(root, "params"));
	for (int i = 0; i < builder->entry_count; i++)
		if (!builder->entries[i].library && !builder->entries[i].alias) build_read_defaults(builder, builder->entries[i].definition);
}
