/* format.c: a spec -> the same spec in its canonical form. Input: a Source; output: text. Invariant: the text holds the
 * same tree and the same comments (checked at the end), and formatting it again changes nothing. */
#include <string.h>
#include "format.h"

enum { WIDTH = 100, INDENT = 2 };

/* A comment, from its # to the end of its line. */
typedef struct Comment {
	size_t at, length;
	int column;
} Comment;

typedef struct Line {
	const char *text, *comment;
	bool opens; /* `key:` of a block: no blank line follows */
} Line;

typedef struct Formatter {
	Context *context;
	Arena *arena;
	const Source *source;
	Comment *comments;
	int comment_count, comment_capacity, next; /* next: the first that is not yet written */
	Line *lines;
	int line_count, line_capacity;
	const char *lead; /* what the next line begins with in place of its indentation: "  - " */
	bool failed;
} Formatter;

/* --- comments ----------------------------------------------------------------------------------------------------- */

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Marks the bytes of scalars, in which # begins no comment. */
static void mark_scalars(const DocNode *node, char *inside)
{
	if (node->kind == DOC_SCALAR) memset(inside + node->begin, 1, node->end - node->begin);
	for (int i = 0; node->kind == DOC_LIST && i < node->count; i++) mark_scalars(node->items[i], inside);
	for (int i = 0; node->kind == DOC_MAP && i < node->count; i++) {
		mark_scalars(node->pairs[i].key, inside);
		mark_scalars(node->pairs[i].value, inside);
	}
}

static void find_comments(Formatter *f, const DocNode *root)
{
	const char *text = f->source->text;
	size_t size = f->source->size, start = 0;
	char *inside = arena_alloc(f->arena, size + 1);
	mark_scalars(root, inside);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n') start = i + 1;
		if (text[i] != '#' || inside[i] || (i > start && !blank(text[i - 1]))) continue;
		size_t length = strcspn(text + i, "\n");
		Comment comment = {i, length, (int)(i - start)};
		while (comment.length && blank(text[i + comment.length - 1])) comment.length--;
		f->comments = arena_grow(f->arena, f->comments, f->comment_count, &f->comment_capacity, sizeof comment);
		f->comments[f->comment_count++] = comment;
		i += length - 1;
	}
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

static const char *blanks(Arena *arena, int count) { return arena_format(arena, "%*s", count, ""); }

static void add_line(Formatter *f, const char *text, const char *comment)
{
	f->lines = arena_grow(f->arena, f->lines, f->line_count, &f->line_capacity, sizeof *f->lines);
	f->lines[f->line_count++] = (Line){text, comment, false};
}

/* An empty line where the source has one or more before this byte. */
static void keep_blank_line(Formatter *f, size_t at)
{
	const char *text = f->source->text;
	int breaks = 0;
	while (at && blank(text[at - 1])) breaks += text[--at] == '\n';
	if (breaks > 1 && f->line_count && !f->lines[f->line_count - 1].opens) add_line(f, "", NULL);
}

static const char *comment_text(Formatter *f, const Comment *comment)
{
	return arena_copy(f->arena, f->source->text + comment->at, comment->length);
}

/* Comments before a byte, each on a line of its own; column: only those that begin there or further right. */
static void write_comments(Formatter *f, size_t before, int indent, int column)
{
	while (f->next < f->comment_count && f->comments[f->next].at < before) {
		const Comment *comment = &f->comments[f->next];
		if (comment->column < column) return;
		keep_blank_line(f, comment->at);
		add_line(f, arena_format(f->arena, "%*s%s", indent, "", comment_text(f, comment)), NULL);
		f->next++;
	}
}

/* The comment behind what ends at this byte, on the same line and before the next thing, or NULL. */
static const char *take_trailing(Formatter *f, size_t end, size_t before)
{
	if (f->next == f->comment_count) return NULL;
	const Comment *comment = &f->comments[f->next];
	if (comment->at < end || comment->at >= before) return NULL;
	if (memchr(f->source->text + end, '\n', comment->at - end)) return NULL;
	f->next++;
	return comment_text(f, comment);
}

/* What a line begins with: its indentation, or the - of the item it begins. */
static const char *take_lead(Formatter *f, int indent)
{
	const char *lead = f->lead ? f->lead : blanks(f->arena, indent);
	f->lead = NULL;
	return lead;
}

/* --- scalars ------------------------------------------------------------------------------------------------------ */

static const char *raw_text(Formatter *f, const DocNode *node)
{
	return arena_copy(f->arena, f->source->text + node->begin, node->end - node->begin);
}

/* `f( a,b = 1 )` -> `f(a, b=1)`: one line of an expression; texts in quotes stay. */
static const char *respaced(Arena *arena, const char *text)
{
	char *out = arena_alloc(arena, 2*strlen(text) + 2), *to = out, quote = 0;
	for (const char *c = text; *c; c++) {
		char before = to > out ? to[-1] : 0;
		bool prime = *c == '\'' && before && (strchr("_'", before) || ((before | 32) >= 'a' && (before | 32) <= 'z') ||
			(before >= '0' && before <= '9'));
		bool gives = *c == '=' && c[1] != '=' && !strchr("=<>!", before);
		if (quote) quote = *c == quote ? 0 : quote;
		else if (*c == '"' || (*c == '\'' && !prime)) quote = *c;
		else if (blank(*c)) {
			if (before && !blank(before) && !strchr("([", before)) *to++ = ' ';
			continue;
		} else if (strchr(",)]", *c) || gives)
			while (to > out && to[-1] == ' ') to--;
		*to++ = *c;
		if (quote || (*c != ',' && !gives)) continue;
		while (c[1] == ' ' || c[1] == '\t') c++;
		if (*c && c[1] && !gives && !strchr(")]", c[1])) *to++ = ' ';
	}
	while (to > out && to[-1] == ' ') to--;
	*to = 0;
	return out;
}

/* Is it an expression, of whatever kind? In silence. */
static bool parses(const char *text)
{
	Arena *arena = arena_new();
	Context context = {.arena = arena, .silent = true};
	Source source = {.name = "", .text = text, .size = strlen(text)};
	bool good = false;
	for (int start = EXPR_VALUE_START; !good && start <= EXPR_KEY_START; start++)
		good = expr_parse(&context, text, strlen(text), (Place){&source, 0, 0, 1}, (ExprStart)start) != NULL;
	arena_free(arena);
	return good;
}

/* One line of text; what is no expression stays as it is. */
static const char *spaced(Formatter *f, const char *text, bool expression)
{
	const char *better = respaced(f->arena, text);
	return expression && strcmp(text, better) && parses(text) && parses(better) ? better : text;
}

/* A plain text over several lines -> one line, as YAML folds it; NULL where an empty line is part of it. */
static const char *joined(Formatter *f, const char *text)
{
	char *out = arena_alloc(f->arena, strlen(text) + 1), *to = out;
	for (const char *c = text; *c; c++) {
		if (!blank(*c)) {
			*to++ = *c;
			continue;
		}
		size_t length = strspn(c, " \t\r\n");
		const char *end = memchr(c, '\n', length);
		if (end && memchr(end + 1, '\n', length - (size_t)(end + 1 - c))) return NULL;
		if (end) *to++ = ' ';
		else to = (char *)memcpy(to, c, length) + length;
		c += length - 1;
	}
	return out;
}

/* What a piece of an element of a flow list spans: `f(a`, `b)` are one. Its text on one line, or NULL. */
static const char *element_text(Formatter *f, const DocNode *list, int *next, bool expression);

/* A node on one line, or NULL where it can't be. */
static const char *flow_text(Formatter *f, const DocNode *node, bool expression)
{
	const char *text = "", *part;
	if (node->kind == DOC_SCALAR) {
		text = raw_text(f, node);
		if (strchr(text, '\n') && (node->quoted || strchr("|>", *text) || !(text = joined(f, text)))) return NULL;
		return node->quoted ? text : spaced(f, text, expression);
	}
	for (int i = 0; node->kind == DOC_LIST && i < node->count;) {
		const char *comma = i ? ", " : "";
		if (!(part = element_text(f, node, &i, expression))) return NULL;
		text = arena_format(f->arena, "%s%s%s", text, comma, part);
	}
	for (int i = 0; node->kind == DOC_MAP && i < node->count; i++) {
		const DocNode *value = node->pairs[i].value;
		const char *key = flow_text(f, node->pairs[i].key, false);
		if (!key || !(part = flow_text(f, value, expression))) return NULL;
		text = arena_format(f->arena, "%s%s%s%s%s", text, i ? ", " : "", key, *part ? ": " : "", part);
	}
	return arena_format(f->arena, node->kind == DOC_LIST ? "[%s]" : "{%s}", text);
}

static const char *element_text(Formatter *f, const DocNode *list, int *next, bool expression)
{
	size_t begin, end;
	const DocNode *first = list->items[*next];
	if (!expr_element(list, next, &begin, &end)) return flow_text(f, first, expression);
	const char *text = joined(f, arena_copy(f->arena, f->source->text + begin, end - begin));
	return text ? spaced(f, text, expression) : NULL;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static bool holds_comment(const Formatter *f, const DocNode *node)
{
	for (int i = f->next; i < f->comment_count && f->comments[i].at < node->end; i++)
		if (f->comments[i].at > node->begin) return true;
	return false;
}

/* A list or mapping in [ ] or { } stays so where its author wrote it on one line, or where it fits on one. */
static const char *collection_text(Formatter *f, const DocNode *node, int column, bool expression)
{
	if (!node->flow && node->count) return NULL;
	if (holds_comment(f, node)) return NULL;
	const char *text = flow_text(f, node, expression);
	bool one = !memchr(f->source->text + node->begin, '\n', node->end - node->begin);
	return text && (one || !node->count || column + (int)strlen(text) <= WIDTH) ? text : NULL;
}

/* How far the first line behind the one with | or > is indented. */
static int first_indent(const char *text)
{
	const char *line = strchr(text, '\n');
	while (line && strspn(line + 1, " \t\r") == strcspn(line + 1, "\n")) line = strchr(line + 1, '\n');
	return line ? (int)strspn(line + 1, " ") : 0;
}

/* The lines of a scalar; `head` stands before its first. In a block of text (| or >) the lines move together; else those that
 * go on keep their place below the first, but stand right of what the value belongs to. */
static void write_lines(Formatter *f, const DocNode *node, const char *head, int indent, bool expression, size_t before)
{
	char *text = arena_copy(f->arena, f->source->text + node->begin, node->end - node->begin);
	bool block = !node->quoted && (*text == '|' || *text == '>'), digit = block && strpbrk(text, "123456789\n");
	if (digit && *strpbrk(text, "123456789\n") != '\n') {
		diag_error(f->context, node->place, "let the first line say how far it is indented: | alone",
			"fmt does not move a block of text with an indentation of its own");
		f->failed = true;
	}
	int shift = (int)strlen(head) - node->place.column, least = indent + INDENT;
	bool respace = expression && !block && parses(text);
	if (block) shift = least - first_indent(text);
	for (char *line = text, *end; line; line = end) {
		end = strchr(line, '\n');
		if (end) *end++ = 0;
		size_t length = strlen(line), from = strspn(line, " \t");
		while (length && blank(line[length - 1]) && !(block && line[length - 1] != '\r')) line[--length] = 0;
		bool last = !end || (block && !end[strspn(end, " \t\r\n")]);
		int column = (int)from + shift < least ? least : (int)from + shift;
		const char *kept = respace ? respaced(f->arena, line + from) : line + from;
		if (line == text) add_line(f, arena_format(f->arena, "%s%s", head, kept), NULL);
		else if (length <= from) add_line(f, "", NULL);
		else add_line(f, arena_format(f->arena, "%*s%s", column, "", kept), NULL);
		if (last) break;
	}
	if (!block) f->lines[f->line_count - 1].comment = take_trailing(f, node->end, before);
}

static void write_block(Formatter *f, const DocNode *node, int indent, bool expression, size_t limit);

/* A value behind `head` ("  key:", "  -"), up to the byte at which the next thing begins. */
static void write_value(Formatter *f, const DocNode *node, const char *head, size_t head_end, int indent, bool expression, size_t limit)
{
	if (node->kind == DOC_SCALAR) {
		bool empty = node->begin == node->end;
		if (!empty) write_lines(f, node, arena_format(f->arena, "%s ", head), indent, expression && !node->quoted, limit);
		else add_line(f, head, take_trailing(f, head_end, limit));
		return;
	}
	const char *text = collection_text(f, node, (int)strlen(head) + 1, expression);
	if (text) {
		add_line(f, arena_format(f->arena, "%s %s", head, text), NULL);
		f->lines[f->line_count - 1].comment = take_trailing(f, node->end, limit);
		return;
	}
	size_t child = node->kind == DOC_LIST ? node->items[0]->begin : node->pairs[0].key->begin;
	add_line(f, head, take_trailing(f, head_end, child));
	f->lines[f->line_count - 1].opens = true;
	write_block(f, node, indent + INDENT, expression, limit);
}

/* Where comments stop that stand before an element: at what begins on its line. */
static size_t own_begin(Formatter *f, const DocPair *pair, int indent, bool expression)
{
	const DocNode *value = pair->value;
	bool inline_value = value->kind == DOC_SCALAR ? value->begin != value->end : collection_text(f, value, indent, expression) != NULL;
	return inline_value ? value->begin : pair->key->begin;
}

/* Sections whose values are expressions, and keys of theirs that hold text. */
static bool is_expression(const char *key, bool within, bool top)
{
	static const char *const text[] = {"name", "seed", "classes", "data", "limits", "include", "aliases"},
		*const inner[] = {"doc", "require", "expect", "init_from", "name"};
	const char *const *list = top ? text : inner;
	int count = top ? (int)(sizeof text/sizeof *text) : (int)(sizeof inner/sizeof *inner);
	for (int i = 0; i < count; i++)
		if (!strcmp(list[i], key)) return false;
	return top || within;
}

static void write_pairs(Formatter *f, const DocNode *map, int indent, bool expression, size_t limit)
{
	bool top = indent == 0;
	for (int i = 0; i < map->count; i++) {
		const DocPair *pair = &map->pairs[i];
		size_t next = i + 1 < map->count ? map->pairs[i + 1].key->begin : limit;
		bool inner = is_expression(pair->key->text, expression, top);
		const char *key = flow_text(f, pair->key, expression && !top && inner);
		if (!key) {
			diag_error(f->context, pair->key->place, NULL, "a key of several lines");
			f->failed = true;
			return;
		}
		if (!f->lead) {
			write_comments(f, own_begin(f, pair, indent, inner), indent, 0);
			keep_blank_line(f, pair->key->begin);
		}
		const char *head = arena_format(f->arena, "%s%s:", take_lead(f, indent), key);
		write_value(f, pair->value, head, pair->key->end, indent, inner, next);
	}
}

/* The byte of the - of an item. */
static size_t dash_before(const Formatter *f, size_t at)
{
	while (at && f->source->text[at] != '-') at--;
	return at;
}

static void write_items(Formatter *f, const DocNode *list, int indent, bool expression, size_t limit)
{
	for (int i = 0; i < list->count;) {
		const DocNode *item = list->items[i];
		int next = i;
		size_t begin = item->begin, end = item->end;
		bool pieces = expr_element(list, &next, &begin, &end);
		size_t before = next < list->count ? list->items[next]->begin : limit;
		if (!f->lead) {
			write_comments(f, begin, indent, 0);
			keep_blank_line(f, list->flow ? begin : dash_before(f, begin));
		}
		const char *lead = take_lead(f, indent);
		bool nested = item->kind != DOC_SCALAR && !pieces && !collection_text(f, item, indent + INDENT, expression);
		if (pieces) {
			const char *text = element_text(f, list, &i, expression);
			if (!text) f->failed = true;
			add_line(f, arena_format(f->arena, "%s- %s", lead, text ? text : ""), take_trailing(f, end, before));
			continue;
		}
		if (nested) {
			write_comments(f, item->kind == DOC_MAP ? own_begin(f, &item->pairs[0], indent, expression) : begin, indent, 0);
			f->lead = arena_format(f->arena, "%s- ", lead);
			write_block(f, item, indent + INDENT, expression, before);
		} else write_value(f, item, arena_format(f->arena, "%s-", lead), begin, indent, expression, before);
		i = next;
	}
}

static void write_block(Formatter *f, const DocNode *node, int indent, bool expression, size_t limit)
{
	int column = node->flow ? 0 : node->kind == DOC_LIST ? node->items[0]->place.column - INDENT : node->pairs[0].key->place.column;
	if (node->kind == DOC_LIST) write_items(f, node, indent, expression, limit);
	else write_pairs(f, node, indent, expression, limit);
	write_comments(f, node->flow ? node->end : limit, indent, column);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

/* Comments behind lines that follow each other begin in the same column. */
static const char *assemble(Formatter *f)
{
	size_t size = 1, used = 0;
	int *columns = arena_alloc(f->arena, (size_t)(f->line_count + 1)*sizeof *columns);
	for (int i = 0, from = 0, most = 0; i <= f->line_count; i++) {
		bool joins = i < f->line_count && f->lines[i].comment;
		if (joins && (int)strlen(f->lines[i].text) > most) most = (int)strlen(f->lines[i].text);
		if (joins) continue;
		for (; from < i; from++) columns[from] = most + 2;
		from = i + 1;
		most = 0;
	}
	for (int i = 0; i < f->line_count; i++)
		size += strlen(f->lines[i].text) + (f->lines[i].comment ? (size_t)columns[i] + strlen(f->lines[i].comment) : 0) + 1;
	char *text = arena_alloc(f->arena, size);
	for (int i = 0; i < f->line_count; i++) {
		const Line *line = &f->lines[i];
		if (line->comment) used += (size_t)sprintf(text + used, "%-*s%s\n", columns[i], line->text, line->comment);
		else used += (size_t)sprintf(text + used, "%s\n", line->text);
	}
	return text;
}

/* A tree as text without blanks, for comparison: pieces of calls are as the calls. */
static const char *skeleton(Arena *arena, const DocNode *node)
{
	const char *text = "";
	if (node->kind == DOC_SCALAR) {
		char *out = arena_copy(arena, node->text, strlen(node->text)), *to = out;
		for (const char *c = out; *c; c++)
			if (node->quoted || !blank(*c)) *to++ = *c;
		*to = 0;
		return out;
	}
	for (int i = 0; i < node->count; i++)
		text = node->kind == DOC_LIST ? arena_format(arena, "%s%s%s", text, i ? "," : "", skeleton(arena, node->items[i])) :
			arena_format(arena, "%s%s%s:%s", text, i ? ";" : "", skeleton(arena, node->pairs[i].key), skeleton(arena, node->pairs[i].value));
	return arena_format(arena, node->kind == DOC_LIST ? "[%s]" : "{%s}", text);
}

const char *format_text(Context *context, const Source *source)
{
	DocNode *root = doc_read(context, source);
	Formatter f = {.context = context, .arena = context->arena, .source = source};
	if (!root) return NULL;
	if (root->kind == DOC_SCALAR || !root->count) {
		diag_error(context, root->place, NULL, "a spec is a mapping, `key: value`");
		return NULL;
	}
	const char *before = skeleton(context->arena, root);
	find_comments(&f, root);
	root->flow = false;
	write_block(&f, root, 0, false, source->size + 1);
	write_comments(&f, source->size + 1, 0, 0);
	if (f.failed) return NULL;
	Source *result = arena_alloc(context->arena, sizeof *result);
	result->name = source->name;
	result->text = assemble(&f);
	result->size = strlen(result->text);
	DocNode *again = doc_read(context, result);
	if (again && !strcmp(before, skeleton(context->arena, again)) && f.next == f.comment_count) return result->text;
	diag_error(context, root->place, "please report it", "fmt can't write this spec in another way without changing what it says");
	return NULL;
}
