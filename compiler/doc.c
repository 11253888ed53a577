/* doc.c: the bytes of a YAML file -> a tree of scalars, lists and maps with places (libyaml's events).
 * Input: a Source; output: DocNodes whose begin and end are byte offsets in it. Invariant: a tree that is returned holds
 * no alias, no tag, no key twice, no 0 byte, and is at most DEPTH deep. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>
#include "doc.h"

enum { DEPTH = 64, LARGEST = 64 << 20 };

typedef struct Reader {
	Context *context;
	const Source *source;
	yaml_parser_t parser;
	uint32_t *bytes; /* the byte at which each character begins: libyaml counts characters */
	size_t characters, skipped; /* skipped: bytes of the byte order mark */
	uint32_t *lines; /* the byte at which each line begins */
	int line_count;
	bool failed; /* no tree will be returned */
} Reader;

/* --- places ------------------------------------------------------------------------------------------------------- */

static Place place_at(const Reader *reader, size_t byte, size_t length)
{
	int low = 0, high = reader->line_count - 1;
	while (low < high) {
		int middle = (low + high + 1) / 2;
		if (reader->lines[middle] <= byte) low = middle;
		else high = middle - 1;
	}
	return (Place){reader->source, low, (int)(byte - reader->lines[low]), (int)(length ? length : 1)};
}

static size_t byte_of(const Reader *reader, yaml_mark_t mark)
{
	return reader->bytes[mark.index < reader->characters ? mark.index : reader->characters];
}

/* Bytes of the character at text, 0 if it is not UTF-8. */
static int character_size(const unsigned char *text, size_t left, uint32_t *code)
{
	int size = text[0] < 0x80          ? 1
		: (text[0] & 0xE0) == 0xC0 ? 2
		: (text[0] & 0xF0) == 0xE0 ? 3
		: (text[0] & 0xF8) == 0xF0 ? 4
					   : 0;
	if (!size || (size_t)size > left) return 0;
	*code = size == 1 ? text[0] : text[0] & (0x7Fu >> size);
	for (int i = 1; i < size; i++) {
		if ((text[i] & 0xC0) != 0x80) return 0;
		*code = *code << 6 | (text[i] & 0x3F);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
	return *code < least[size] || *code > 0x10FFFF || surrogate ? 0 : size;
}

static bool printable(uint32_t code)
{
	if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
	return !(code >= 0x7F && code <= 0x9F && code != 0x85) && code != 0xFEFF && code != 0xFFFE && code != 0xFFFF;
}

static void find_lines(Reader *reader)
{
	const Source *source = reader->source;
	int count = 1;
	for (size_t i = 0; i < source->size; i++) count += source->text[i] == '\n';
	reader->lines = arena_alloc(reader->context->arena, (size_t)count * sizeof *reader->lines);
	reader->line_count = 1;
	reader->lines[0] = (uint32_t)reader->skipped;
	for (size_t i = 0; i < source->size; i++)
		if (source->text[i] == '\n') reader->lines[reader->line_count++] = (uint32_t)i + 1;
}

/* Fills the table of characters; what is not text is refused here, before libyaml sees it. */
static bool find_characters(Reader *reader)
{
	const Source *source = reader->source;
	const unsigned char *text = (const unsigned char *)source->text;
	size_t i = reader->skipped;
	reader->bytes = arena_alloc(reader->context->arena, (source->size + 1) * sizeof *reader->bytes);
	while (i < source->size) {
		uint32_t code = 0;
		int size = character_size(text + i, source->size - i, &code);
		if (!size) {
			diag_error(reader->context, place_at(reader, i, 1), "save the file as UTF-8",
				"the byte 0x%02X is not UTF-8 text", text[i]);
			return false;
		}
		if (!printable(code)) {
			diag_error(reader->context, place_at(reader, i, 1), "a spec is a text file",
				"a control character (0x%02X) stands here", (unsigned)code);
			return false;
		}
		reader->bytes[reader->characters++] = (uint32_t)i;
		i += (size_t)size;
	}
	reader->bytes[reader->characters] = (uint32_t)i;
	return true;
}

/* --- libyaml's own errors ----------------------------------------------------------------------------------------- */

enum { START = 1, ABOVE = 2 };
typedef struct Translation {
	const char *problem; /* a part of libyaml's words */
	unsigned where; /* START: the place is where the unfinished thing began; ABOVE: it may have begun in the line above */
	const char *message, *help;
} Translation;

static const Translation translations[] = {
	{"cannot start any token", 0, "a value cannot begin with this character", "put the value in quotes"},
	{"found unexpected ':'", 0, "a blank is missing behind ':'", "write `key: value`"},
	{"mapping values are not allowed", ABOVE, "a ':' is not expected here",
		"keys of one level begin in the same column, one `key: value` a line; text that holds ': ' stands in quotes"},
	{"could not find expected ':'", START | ABOVE, "a key without ':'",
		"write `key: value`; items of a list begin with '- '"},
	{"block sequence entries are not allowed", 0, "a list item '- ' is not expected here",
		"a list begins on the line after its key"},
	{"mapping keys are not allowed", 0, "a key is not expected here", "put the value in quotes"},
	{"unexpected end of stream", START, "a quote is not closed", "close it, or double a ' that belongs to the text"},
	{"unexpected document indicator", START, "a quote is not closed", NULL},
	{"found unknown escape character", 0, "an unknown escape after '\\'",
		"use single quotes, or write \\\\ for a backslash"},
	{"did not find expected hexdecimal", 0, "hexadecimal digits are missing after the escape",
		"use single quotes"},
	{"tab character", 0, "a tab stands in the indentation", "indent with spaces"},
	{"expected comment or line break", 0, "text after '|' or '>'",
		"in YAML they begin a block of text: put the value in quotes"},
	{"did not find expected key", ABOVE, "this line does not fit the lines above",
		"keys of one level begin in the same column"},
	{"did not find expected '-' indicator", ABOVE, "this line does not fit the list above",
		"items of a list begin with '- ' in the same column"},
	{"expected ',' or ']'", START, "'[' is not closed, or what it holds cannot be split",
		"inside [ ] and { } YAML splits at commas: use a block list, or quotes"},
	{"expected ',' or '}'", START, "'{' is not closed, or what it holds cannot be split",
		"inside [ ] and { } YAML splits at commas: use a block mapping, or quotes"},
	{"did not find expected node content", 0, "a value is missing here", NULL},
	{"expected <document start>", 0, "this line does not belong to what stands above",
		"a spec is one mapping, `key: value` on each line"},
	{"alphabetic or numeric character", START, "a value cannot begin with '&' or '*'", "put the value in quotes"},
};

/* The line above a byte: where it begins, and its length without blanks at its end. False at the first line. */
static bool line_above(const Reader *reader, size_t at, size_t *begin, size_t *length)
{
	const char *text = reader->source->text;
	int line = place_at(reader, at, 1).line;
	do {
		if (line-- == 0) return false;
		*begin = reader->lines[line];
		*length = reader->lines[line + 1] - 1 - *begin;
		while (*length && strchr(" \t\r", text[*begin + *length - 1])) --*length;
	} while (!*length);
	return true;
}

/* Brackets that a stretch of text opens and does not close. */
static int open_brackets(const char *text, size_t length)
{
	int open = 0;
	for (size_t i = 0; i < length; i++) open += (text[i] == '(' || text[i] == '[') - (text[i] == ')' || text[i] == ']');
	return open;
}

/* What libyaml finds wrong in a line often began in the line above. Reports what it knows; false: nothing. */
static bool report_line_above(Reader *reader, size_t at)
{
	const char *text = reader->source->text, *colon;
	size_t begin, length;
	if (!line_above(reader, at, &begin, &length)) return false;
	const char *line = text + begin, *comment = NULL;
	size_t key = begin + strspn(line, " -");
	for (size_t i = 1; i < length && !comment; i++)
		if (line[i] == '#' && line[i - 1] == ' ') comment = line + i;
	if (comment && open_brackets(line, (size_t)(comment - line)) > 0) {
		diag_error(reader->context, place_at(reader, (size_t)(comment - text), 1), "put the comment behind the whole value, or above it",
			"a comment ends the value that stands before it");
		return true;
	}
	if (open_brackets(line, length) > 0 && !memchr(line, '{', length)) {
		diag_error(reader->context, place_at(reader, at, 1), "what goes on over several lines is indented further than where it begins",
			"this line should go on with the one above, whose bracket is open");
		return true;
	}
	size_t name = strspn(text + key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	colon = text + key + name;
	if (name && *colon == ':' && colon + 1 < line + length && colon[1] != ' ') {
		diag_error(reader->context, place_at(reader, (size_t)(colon - text), 1), "write `key: value`", "a blank is missing behind ':'");
		return true;
	}
	if (name && *colon != ':' && !memchr(line, ':', length)) {
		diag_error(reader->context, place_at(reader, key, name), "write `key: value`; items of a list begin with '- '", "a key without ':'");
		return true;
	}
	return false;
}

static void report_yaml(Reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t at = byte_of(reader, parser->problem_mark);
	const char *problem = parser->problem ? parser->problem : "unreadable YAML", *text = reader->source->text;
	reader->failed = true;
	if (at < reader->source->size && text[at] == '\t') problem = "tab character";
	for (size_t i = 0; i < sizeof translations / sizeof *translations; i++) {
		const Translation *t = &translations[i];
		if (!strstr(problem, t->problem)) continue;
		if ((t->where & ABOVE) && report_line_above(reader, at)) return;
		if ((t->where & START) && parser->context) at = byte_of(reader, parser->context_mark);
		diag_error(reader->context, place_at(reader, at, 1), t->help, "%s", t->message);
		return;
	}
	diag_error(reader->context, place_at(reader, at, 1), NULL, "%s", problem);
}

/* --- the tree ----------------------------------------------------------------------------------------------------- */

static bool next_event(Reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event)) return true;
	report_yaml(reader);
	return false;
}

static DocNode *read_node(Reader *reader, yaml_event_t *event, int depth);

/* Anchors and tags: refused, but reading goes on. */
static void refuse(Reader *reader, const yaml_event_t *event, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	Place place = place_at(reader, byte_of(reader, event->start_mark), 1);
	if (!anchor && !tag) return;
	reader->failed = true;
	if (anchor) {
		place.length = (int)strlen((const char *)anchor) + 1;
		diag_error(reader->context, place, "repeat the value, or make a block of it",
			"anchors are not allowed: '&%s'", (const char *)anchor);
	} else {
		diag_error(reader->context, place, "the slot decides the type of a value, without a tag",
			"YAML tags are not allowed");
	}
}

static DocNode *new_node(Reader *reader, DocKind kind, const yaml_event_t *event)
{
	DocNode *node = arena_alloc(reader->context->arena, sizeof *node);
	node->kind = kind;
	node->begin = byte_of(reader, event->start_mark);
	node->end = byte_of(reader, event->end_mark);
	node->place = place_at(reader, node->begin, 1);
	return node;
}

static DocNode *read_scalar(Reader *reader, const yaml_event_t *event)
{
	DocNode *node = new_node(reader, DOC_SCALAR, event);
	yaml_scalar_style_t style = event->data.scalar.style;
	const char *value = (const char *)event->data.scalar.value, *raw = reader->source->text + node->begin;
	size_t length = event->data.scalar.length, line = strcspn(raw, "\r\n");
	bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	refuse(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
	node->quoted = style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	node->text = arena_copy(reader->context->arena, value, length);
	node->place.length = (int)(node->end - node->begin < line ? node->end - node->begin : line);
	if (node->place.length < 1) node->place.length = 1;
	if (memchr(value, 0, length)) {
		reader->failed = true;
		diag_error(reader->context, node->place, NULL, "a text cannot hold the character \\0");
	}
	if (block && !length) {
		reader->failed = true;
		diag_error(reader->context, node->place,
			"in YAML '|' and '>' begin a block of text: put the value in quotes", "an empty block of text");
	}
	return node;
}

static DocNode *read_list(Reader *reader, yaml_event_t *start, int depth)
{
	DocNode *node = new_node(reader, DOC_LIST, start);
	int capacity = 0;
	node->flow = start->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	refuse(reader, start, start->data.sequence_start.anchor, start->data.sequence_start.tag);
	for (;;) {
		yaml_event_t event;
		if (!next_event(reader, &event)) return NULL;
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			if (node->flow) node->end = byte_of(reader, event.end_mark);
			yaml_event_delete(&event);
			return node;
		}
		DocNode *item = read_node(reader, &event, depth + 1);
		if (!item) return NULL;
		node->items = arena_grow(reader->context->arena, node->items, node->count, &capacity, sizeof *node->items);
		node->items[node->count++] = item;
		node->end = item->end;
	}
}

static bool read_key(Reader *reader, yaml_event_t *event, int depth, DocNode **key)
{
	*key = read_node(reader, event, depth);
	if (!*key) return false;
	if ((*key)->kind != DOC_SCALAR) {
		reader->failed = true;
		diag_error(reader->context, (*key)->place, "a value that begins with [ or { stands in quotes",
			"a key must be a name");
		(*key)->text = "";
	} else if (!(*key)->quoted && strcmp((*key)->text, "<<") == 0) {
		reader->failed = true;
		diag_error(reader->context, (*key)->place, "repeat the values, or make a block of them",
			"merge keys ('<<') are not allowed");
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	const DocNode *x = (*(const DocPair *const *)a)->key, *y = (*(const DocPair *const *)b)->key;
	int order = strcmp(x->text, y->text);
	return order ? order : (x->begin > y->begin) - (x->begin < y->begin);
}

/* Reports keys given twice, and keeps the first of each. */
static void refuse_duplicates(Reader *reader, DocNode *map)
{
	size_t count = (size_t)map->count;
	if (count < 2) return;
	DocPair **sorted = arena_alloc(reader->context->arena, count * sizeof(DocPair *));
	bool *again = arena_alloc(reader->context->arena, count * sizeof(bool));
	for (size_t i = 0; i < count; i++) sorted[i] = &map->pairs[i];
	qsort(sorted, count, sizeof *sorted, by_text);
	for (size_t i = 1, first = 0; i < count; i++) {
		const DocNode *key = sorted[i]->key;
		if (strcmp(key->text, sorted[first]->key->text) != 0) {
			first = i;
			continue;
		}
		if (*key->text)
			diag_error(reader->context, key->place, NULL, "'%s' is given twice; the first is in line %d",
				key->text, sorted[first]->key->place.line + 1);
		again[sorted[i] - map->pairs] = true;
	}
	map->count = 0;
	for (size_t i = 0; i < count; i++)
		if (!again[i]) map->pairs[map->count++] = map->pairs[i];
}

static DocNode *read_map(Reader *reader, yaml_event_t *start, int depth)
{
	DocNode *node = new_node(reader, DOC_MAP, start);
	int capacity = 0;
	node->flow = start->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	refuse(reader, start, start->data.mapping_start.anchor, start->data.mapping_start.tag);
	for (;;) {
		yaml_event_t event;
		DocPair pair;
		if (!next_event(reader, &event)) return NULL;
		if (event.type == YAML_MAPPING_END_EVENT) {
			if (node->flow) node->end = byte_of(reader, event.end_mark);
			yaml_event_delete(&event);
			refuse_duplicates(reader, node);
			return node;
		}
		if (!read_key(reader, &event, depth + 1, &pair.key)) return NULL;
		if (!next_event(reader, &event)) return NULL;
		if (!(pair.value = read_node(reader, &event, depth + 1))) return NULL;
		node->pairs = arena_grow(reader->context->arena, node->pairs, node->count, &capacity, sizeof *node->pairs);
		node->pairs[node->count++] = pair;
		node->end = pair.value->end;
	}
}

static DocNode *read_alias(Reader *reader, const yaml_event_t *event)
{
	DocNode *node = new_node(reader, DOC_SCALAR, event);
	node->text = "";
	reader->failed = true;
	node->place.length = (int)(node->end - node->begin);
	diag_error(reader->context, node->place, "repeat the value, or make a block of it",
		"aliases are not allowed: '*%s'", (const char *)event->data.alias.anchor);
	return node;
}

/* The node that an event begins; the event is deleted. NULL when reading cannot go on. */
static DocNode *read_node(Reader *reader, yaml_event_t *event, int depth)
{
	DocNode *node = NULL;
	if (depth > DEPTH) {
		reader->failed = true;
		diag_error(reader->context, place_at(reader, byte_of(reader, event->start_mark), 1), NULL,
			"lists and mappings are nested more than %d deep", DEPTH);
	} else if (event->type == YAML_SCALAR_EVENT) {
		node = read_scalar(reader, event);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		node = read_list(reader, event, depth);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		node = read_map(reader, event, depth);
	} else if (event->type == YAML_ALIAS_EVENT) {
		node = read_alias(reader, event);
	}
	yaml_event_delete(event);
	return node;
}

/* Reads events up to the first of a type that the caller handles; false at an error. */
static bool skip_to_node(Reader *reader, yaml_event_t *event)
{
	for (;;) {
		if (!next_event(reader, event)) return false;
		if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT) return true;
		yaml_event_delete(event);
	}
}

static void expect_end(Reader *reader)
{
	yaml_event_t event;
	if (!next_event(reader, &event)) return;
	bool again = event.type == YAML_DOCUMENT_END_EVENT;
	yaml_event_delete(&event);
	if (!again || !next_event(reader, &event)) return;
	if (event.type == YAML_DOCUMENT_START_EVENT) {
		reader->failed = true;
		diag_error(reader->context, place_at(reader, byte_of(reader, event.start_mark), 3),
			"put each spec in a file of its own", "a second document begins here");
	}
	yaml_event_delete(&event);
}

static DocNode *read_document(Reader *reader)
{
	yaml_event_t event;
	if (!skip_to_node(reader, &event)) return NULL;
	bool empty = event.type == YAML_STREAM_END_EVENT ||
		(event.type == YAML_SCALAR_EVENT && !event.data.scalar.length && event.data.scalar.plain_implicit);
	if (empty) {
		yaml_event_delete(&event);
		diag_error(reader->context, place_at(reader, reader->skipped, 1),
			"a spec begins with `name: ...` and `model: ...`", "the file is empty");
		return NULL;
	}
	DocNode *root = read_node(reader, &event, 0);
	if (root) expect_end(reader);
	return reader->failed ? NULL : root;
}

DocNode *doc_read(Context *context, const Source *source)
{
	Reader reader = {.context = context, .source = source};
	const char *text = source->text;
	if (source->size > LARGEST) {
		diag_error(context, (Place){0}, NULL, "%s: a spec of more than %d MiB", source->name, LARGEST >> 20);
		return NULL;
	}
	if (source->size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) reader.skipped = 3;
	find_lines(&reader);
	if (source->size >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 || memcmp(text, "\xFE\xFF", 2) == 0)) {
		diag_error(context, place_at(&reader, 0, 1), "save the file as UTF-8", "the file is UTF-16");
		return NULL;
	}
	if (!find_characters(&reader)) return NULL;
	if (!yaml_parser_initialize(&reader.parser)) {
		diag_error(context, (Place){0}, NULL, "out of memory");
		return NULL;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&reader.parser, (const unsigned char *)text + reader.skipped, source->size - reader.skipped);
	DocNode *root = read_document(&reader);
	yaml_parser_delete(&reader.parser);
	return root;
}

bool doc_is_empty(const DocNode *node)
{
	return node->kind == DOC_SCALAR ? !node->quoted && node->begin == node->end : !node->count;
}

DocNode *doc_get(const DocNode *map, const char *key)
{
	if (!map || map->kind != DOC_MAP) return NULL;
	for (int i = 0; i < map->count; i++)
		if (strcmp(map->pairs[i].key->text, key) == 0) return map->pairs[i].value;
	return NULL;
}
