/* schema.c: what the language offers -> a JSON Schema of specs, for completion and checks in editors. Input: the tables that read
 * specs and the library. Invariant: what nnc accepts is valid; expressions are texts, which only nnc can check. */
#include <math.h>
#include <string.h>
#include "reference.h"

typedef struct Json {
	FILE *out;
	Context *context;
	const Offers *offers;
	int depth;
	bool begun; /* the innermost object or list holds something */
} Json;

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void put_text(FILE *out, const char *text)
{
	putc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\') putc('\\', out);
		if ((unsigned char)*c < ' ') fprintf(out, "\\u%04x", (unsigned)*c);
		else putc(*c, out);
	}
	putc('"', out);
}

/* A new line with its comma and its key (NULL: an element of a list). */
static void put_key(Json *json, const char *key)
{
	fprintf(json->out, "%s\n%*s", json->begun ? "," : "", json->depth, "");
	json->begun = true;
	if (!key) return;
	put_text(json->out, key);
	fputs(": ", json->out);
}

static void open_as(Json *json, const char *key, char bracket)
{
	if (json->depth || key) put_key(json, key);
	putc(bracket, json->out);
	json->depth++;
	json->begun = false;
}

static void close_as(Json *json, char bracket)
{
	json->depth--;
	if (json->begun) fprintf(json->out, "\n%*s", json->depth, "");
	putc(bracket, json->out);
	json->begun = true;
}

static void put_string(Json *json, const char *key, const char *text)
{
	put_key(json, key);
	put_text(json->out, text);
}

static void put_raw(Json *json, const char *key, const char *value)
{
	put_key(json, key);
	fputs(value, json->out);
}

/* --- arguments of definitions ------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length >= tail && !strcmp(text + length - tail, end);
}

/* kernel_initializer takes an initializer, recurrent_activation an activation: the kind an argument is called after, or NULL */
static const char *kind_of_argument(const Json *json, const char *name)
{
	for (int i = 0; i < json->offers->count; i++) {
		const char *noun = json->offers->items[i].noun;
		if (strcmp(noun, "function") && ends_with(name, noun)) return noun;
	}
	return NULL;
}

/* "a|b" or a list of words -> "enum": [..] */
static void put_words(Json *json, const char *const *words, int count)
{
	open_as(json, "enum", '[');
	for (int i = 0; i < count; i++) put_string(json, NULL, words[i] ? words[i] : "none");
	close_as(json, ']');
}

static void put_argument(Json *json, const OfferedArgument *argument)
{
	const char *standard = argument->standard, *kind = kind_of_argument(json, argument->name);
	bool truth = standard && (!strcmp(standard, "true") || !strcmp(standard, "false"));
	bool number = standard && *standard && strspn(standard, "+-.0123456789e") == strlen(standard);
	open_as(json, argument->name, '{');
	if (argument->word_count) put_words(json, argument->words, argument->word_count);
	else if (kind) put_string(json, "$ref", arena_format(json->context->arena, "#/$defs/%s", kind));
	else if (truth) put_raw(json, "type", "[\"boolean\", \"string\"]");
	else if (number) put_raw(json, "type", "[\"number\", \"string\", \"array\"]");
	if (standard && *standard) put_string(json, "description", arena_format(json->context->arena, "default: %s", standard));
	close_as(json, '}');
}

/* The arguments of a definition, as in `Conv2D: {filters: 32, kernel_size: 3}` */
static void put_definition(Json *json, const Offered *o)
{
	const OfferedArgument *inputs = o->inputs;
	open_as(json, o->name, '{');
	if (o->doc) put_string(json, "description", o->doc);
	else if (o->body) put_string(json, "description", o->body);
	put_raw(json, "type", "[\"object\", \"null\"]");
	open_as(json, "properties", '{');
	for (int i = 0; i < o->argument_count; i++) put_argument(json, &o->arguments[i]);
	for (int i = 1; i < o->input_count; i++) put_argument(json, &inputs[i]);
	close_as(json, '}');
	put_raw(json, "additionalProperties", "false");
	close_as(json, '}');
}

static void put_callback(Json *json, const OfferedCallback *callback)
{
	open_as(json, callback->name, '{');
	put_raw(json, "type", "[\"object\", \"null\"]");
	open_as(json, "properties", '{');
	for (int i = 0; i < callback->count; i++) {
		open_as(json, callback->arguments[i], '{');
		if (callback->standards[i])
			put_string(json, "description", arena_format(json->context->arena, "default: %s", callback->standards[i]));
		close_as(json, '}');
	}
	close_as(json, '}');
	put_raw(json, "additionalProperties", "false");
	close_as(json, '}');
}

/* --- kinds -------------------------------------------------------------------------------------------------------- */

/* What may stand where something of a kind is wanted: one of the names, what `others` allows, or `Name: {argument: value}`,
 * whose properties come between begin_kind and end_kind. */
static void begin_kind(Json *json, const char *noun, const char *const *names, int count, const char *others)
{
	open_as(json, noun, '{');
	open_as(json, "anyOf", '[');
	open_as(json, NULL, '{');
	put_words(json, names, count);
	close_as(json, '}');
	put_raw(json, NULL, others);
	open_as(json, NULL, '{');
	put_string(json, "type", "object");
	put_raw(json, "minProperties", "1");
	put_raw(json, "maxProperties", "1");
	open_as(json, "properties", '{');
}

static void end_kind(Json *json, bool closed)
{
	close_as(json, '}');
	if (closed) put_raw(json, "additionalProperties", "false");
	close_as(json, '}');
	close_as(json, ']');
	close_as(json, '}');
}

/* Definitions: a user may add to them. */
static void put_kind(Json *json, const char *noun)
{
	const Offers *offers = json->offers;
	const char **names = arena_alloc(json->context->arena, (size_t)(offers->count + 1)*sizeof *names);
	int count = 0;
	for (int i = 0; i < offers->count; i++)
		if (!strcmp(offers->items[i].noun, noun)) names[count++] = offers->items[i].name;
	begin_kind(json, noun, names, count, "{\"type\": [\"string\", \"number\", \"array\", \"null\"]}");
	for (int i = 0; i < offers->count; i++)
		if (!strcmp(offers->items[i].noun, noun)) put_definition(json, &offers->items[i]);
	end_kind(json, false);
}

static void put_callbacks(Json *json)
{
	const OfferedCallback *callbacks;
	int count = spec_callbacks(json->context->arena, &callbacks);
	const char **names = arena_alloc(json->context->arena, (size_t)(count + 1)*sizeof *names);
	for (int i = 0; i < count; i++) names[i] = callbacks[i].name;
	begin_kind(json, "callback", names, count, "{\"type\": [\"string\", \"number\"]}");
	for (int i = 0; i < count; i++) put_callback(json, &callbacks[i]);
	end_kind(json, true);
}

static void put_metrics(Json *json)
{
	const char *const *names, *const *kinds;
	int count = spec_metrics(&names, &kinds);
	open_as(json, "metric", '{');
	open_as(json, "anyOf", '[');
	open_as(json, NULL, '{');
	put_words(json, names, count);
	close_as(json, '}');
	put_raw(json, NULL, "{\"type\": [\"string\", \"object\"]}");
	close_as(json, ']');
	close_as(json, '}');
}

/* --- sections ----------------------------------------------------------------------------------------------------- */

/* Keys whose values are expressions or definitions: what they are made of. Others may be anything. */
static const struct {
	const char *key, *schema;
} others[] = {
	{"loss", "{\"anyOf\": [{\"$ref\": \"#/$defs/loss\"}, {\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/$defs/loss\"}}]}"},
	{"optimizer", "{\"$ref\": \"#/$defs/optimizer\"}"},
	{"metrics", "{\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/metric\"}}, {\"$ref\": \"#/$defs/metric\"}]}"},
	{"callbacks", "{\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/callback\"}}, {\"$ref\": \"#/$defs/callback\"}]}"},
	{"model", "{\"$ref\": \"#/$defs/model\"}"},
	{"models", "{\"type\": \"object\", \"additionalProperties\": {\"$ref\": \"#/$defs/model\"}}"},
	{"steps", "{\"type\": \"array\", \"items\": {\"type\": \"object\"}}"},
	{"layers", "{\"anyOf\": [{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/layer\"}}, {\"type\": \"string\"}]}"},
	{"graph", "{\"type\": \"object\"}"},
	{"trainable", "{\"type\": \"boolean\"}"},
	{"seed", "{\"type\": \"integer\", \"minimum\": 0}"},
};

static void put_other(Json *json, const char *key)
{
	for (size_t i = 0; i < sizeof others/sizeof *others; i++)
		if (!strcmp(others[i].key, key)) {
			put_raw(json, key, others[i].schema);
			return;
		}
	put_raw(json, key, "{}");
}

static void put_bounds(Json *json, const OfferedKey *key)
{
	if (key->low == key->high) return;
	put_raw(json, "minimum", arena_format(json->context->arena, "%.17g", key->low));
	if (isfinite(key->high)) put_raw(json, "maximum", arena_format(json->context->arena, "%.17g", key->high));
}

static void put_section(Json *json, const char *name, const OfferedSection *section);

static void put_key_schema(Json *json, const OfferedKey *key)
{
	static const char scalar[] = "[\"string\", \"number\", \"boolean\", \"null\"]";
	Arena *arena = json->context->arena;
	if (key->kind == SLOT_OTHER && key->section) {
		put_section(json, key->name, key->section);
		return;
	}
	if (key->kind == SLOT_OTHER) {
		put_other(json, key->name);
		return;
	}
	open_as(json, key->name, '{');
	switch (key->kind) {
	case SLOT_OTHER: break;
	case SLOT_TEXT: put_raw(json, "type", scalar); break;
	case SLOT_BOOLEAN: put_raw(json, "type", "\"boolean\""); break;
	case SLOT_INTEGER: /* or an expression: 1000/32 */
		put_raw(json, "type", "[\"integer\", \"string\"]");
		put_bounds(json, key);
		break;
	case SLOT_NUMBER:
		put_raw(json, "type", "[\"number\", \"string\"]");
		put_bounds(json, key);
		break;
	case SLOT_WORD: {
		open_as(json, "enum", '[');
		char *words = arena_copy(arena, key->words, strlen(key->words)), *rest;
		for (char *word = strtok_r(words, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) put_string(json, NULL, word);
		close_as(json, ']');
		break;
	}
	case SLOT_TEXTS:
		put_raw(json, "anyOf", arena_format(arena, "[{\"type\": %s}, {\"type\": \"array\", \"items\": {\"type\": %s}}]", scalar, scalar));
		break;
	}
	close_as(json, '}');
}

static void put_section(Json *json, const char *name, const OfferedSection *section)
{
	if (name) open_as(json, name, '{');
	put_string(json, "type", "object");
	if (section->named) open_as(json, "additionalProperties", '{');
	if (section->named) put_string(json, "type", "object");
	open_as(json, "properties", '{');
	for (int i = 0; i < section->count; i++) put_key_schema(json, &section->keys[i]);
	close_as(json, '}');
	if (section->others) put_section(json, "additionalProperties", section->others);
	else put_raw(json, "additionalProperties", "false");
	if (section->named) close_as(json, '}');
	if (name) close_as(json, '}');
}

static bool is_kind(const Json *json, const char *section)
{
	for (int i = 0; i < json->offers->count; i++)
		if (!strcmp(json->offers->items[i].section, section)) return true;
	return false;
}

/* The top of a spec: the sections of definitions are mappings of the user's own names. */
static void put_top(Json *json)
{
	OfferedSection *top = spec_sections(json->context);
	put_string(json, "type", "object");
	open_as(json, "properties", '{');
	for (int i = 0; top && i < top->count; i++) {
		if (!is_kind(json, top->keys[i].name)) put_key_schema(json, &top->keys[i]);
		else put_raw(json, top->keys[i].name, "{\"type\": \"object\", \"description\": \"definitions: name(arguments)(inputs)\"}");
	}
	close_as(json, '}');
	put_raw(json, "additionalProperties", "false");
}

static void put_model(Json *json)
{
	open_as(json, "model", '{');
	put_string(json, "type", "object");
	open_as(json, "properties", '{');
	for (const char *const *key = spec_model_keys; *key; key++) put_other(json, *key);
	close_as(json, '}');
	put_raw(json, "additionalProperties", "false");
	close_as(json, '}');
}

void schema_print(Context *context, FILE *out)
{
	Offers offers = build_offers(context);
	Json json = {.out = out, .context = context, .offers = &offers};
	open_as(&json, NULL, '{');
	put_string(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_string(&json, "title", "nnc " NNC_VERSION ": a neural network");
	put_top(&json);
	open_as(&json, "$defs", '{');
	for (int i = 0; i < offers.count; i++) {
		bool first = strcmp(offers.items[i].noun, "function") != 0;
		for (int k = 0; k < i; k++) first = first && strcmp(offers.items[k].noun, offers.items[i].noun);
		if (first) put_kind(&json, offers.items[i].noun);
	}
	put_metrics(&json);
	put_callbacks(&json);
	put_model(&json);
	close_as(&json, '}');
	close_as(&json, '}');
	putc('\n', out);
}
