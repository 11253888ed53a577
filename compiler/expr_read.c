/* expr_read.c: a slot of a document -> an Expr. Input: a DocNode: a scalar, a list whose calls YAML has split at commas, or a
 * mapping `Name: {argument: value}`; output: the tree that the same call on one line gives. Invariant: what the document adds to
 * the depth of a tree is no more than doc.c lets through. */
#include <ctype.h>
#include <string.h>
#include "expr.tab.h"

static Expr *read_scalar(Context *context, const DocNode *node, ExprStart start)
{
	const char *raw = node->place.source->text + node->begin;
	size_t length = node->end - node->begin;
	Place place = node->place;
	if (node->quoted) return expr_parse_quoted(context, raw, length, place, start);
	if (length && (*raw == '|' || *raw == '>')) { /* a block of text: it begins on the next line */
		const char *body = memchr(raw, '\n', length);
		length -= (size_t)(body ? body + 1 - raw : 0);
		raw = body ? body + 1 : raw;
		place = (Place){place.source, place.line + 1, 0, 1};
	}
	while (length && isspace((unsigned char)raw[length - 1])) length--;
	return expr_parse(context, raw, length, place, start);
}

/* Brackets open after a stretch of text; quoted texts do not count, and a prime belongs to its name. */
typedef struct Balance {
	int open;
	char quote, before;
} Balance;

static void weigh(Balance *balance, const char *text, size_t length)
{
	for (size_t i = 0; i < length; balance->before = text[i++]) {
		char c = text[i];
		bool prime = c == '\'' && (isalnum((unsigned char)balance->before) || strchr("_'", balance->before)) &&
			balance->before;
		if (balance->quote) balance->quote = c == balance->quote ? 0 : balance->quote;
		else if (c == '"' || (c == '\'' && !prime)) balance->quote = c;
		else if (c == '(' || c == '[') balance->open++;
		else if (c == ')' || c == ']') balance->open--;
	}
}

bool expr_element(const DocNode *list, int *next, size_t *begin, size_t *end)
{
	const DocNode *first = list->items[*next], *last = first;
	const char *source = list->place.source->text;
	Balance balance = {0};
	int after = *next + 1;
	if (list->flow && first->kind == DOC_SCALAR && !first->quoted) {
		weigh(&balance, source + first->begin, first->end - first->begin);
		while (balance.open > 0 && after < list->count) {
			size_t from = last->end;
			last = list->items[after++];
			weigh(&balance, source + from, last->end - from);
		}
	}
	if (last == first || balance.open > 0) {
		*next += 1;
		return false;
	}
	*next = after;
	*begin = first->begin;
	*end = last->end;
	return true;
}

/* The element of a flow list that begins at item *next, with the pieces that commas have split off; moves *next on. */
static Expr *read_element(Context *context, const DocNode *list, int *next)
{
	const DocNode *first = list->items[*next];
	size_t begin, end;
	if (!expr_element(list, next, &begin, &end)) return expr_read(context, first, EXPR_VALUE_START);
	return expr_parse(context, list->place.source->text + begin, end - begin, first->place, EXPR_VALUE_START);
}

static Expr *placed(Context *context, ExprKind kind, Place place, ExprList *list)
{
	ExprParser parser = {.context = context, .place = place};
	Expr *expr = expr_make_list(&parser, kind, (ExprSpan){0}, NULL, list);
	expr->place = place;
	return expr;
}

static Expr *read_list(Context *context, const DocNode *node)
{
	ExprParser parser = {.context = context};
	ExprList *list = NULL;
	bool failed = false;
	for (int i = 0; i < node->count;) {
		Expr *item = read_element(context, node, &i);
		list = expr_append(&parser, list, NULL, (Place){0}, item);
		failed |= !item;
	}
	return failed ? NULL : placed(context, EXPR_LIST, node->place, list);
}

static void report_no_call(Context *context, const DocNode *node, const DocNode *inner)
{
	const DocNode *first = node->count ? node->pairs[0].key : node;
	const char *key = first->text ? first->text : "", *open = strchr(key, '(');
	if (node->flow && node->count > 1 && strchr(node->pairs[1].key->text, ')'))
		diag_error(context, node->place, expr_split_help, "an expression is expected here");
	else if (open && !strchr(open, ')'))
		diag_error(context, first->place, "an argument is given with =: Dense(units=1)",
			"the call ends at ':', which YAML takes for a key");
	else if (node->count > 1)
		diag_error(context, node->pairs[1].key->place,
			"each item of a list begins with '- '; the arguments of a layer stand below its name, further right",
			"one call is expected here, and '%s' is a second key", node->pairs[1].key->text);
	else if (inner && open)
		diag_error(context, inner->place, "arguments stand in the parentheses: Dense(8, activation=relu)",
			"a call has nothing behind a ':'");
	else
		diag_error(context, inner ? inner->place : node->place,
			arena_format(context->arena, "%s: {argument: value}, or %s(value)", *key ? key : "Name", *key ? key : "Name"),
			"the arguments of %s stand in a mapping", *key ? key : "a call");
}

/* `Conv2D: {filters: 32}`, or `Flatten:` alone */
static Expr *read_call(Context *context, const DocNode *node)
{
	ExprParser parser = {.context = context};
	const DocNode *inner = node->count == 1 ? node->pairs[0].value : NULL;
	bool bare = inner && inner->kind == DOC_SCALAR && inner->begin == inner->end;
	if (!bare && (!inner || inner->kind != DOC_MAP)) {
		report_no_call(context, node, inner);
		return NULL;
	}
	Expr *function = expr_read(context, node->pairs[0].key, EXPR_VALUE_START);
	ExprList *list = expr_append(&parser, NULL, NULL, (Place){0}, function);
	bool failed = !function;
	for (int i = 0; i < inner->count; i++) {
		const DocNode *key = inner->pairs[i].key;
		Expr *name = expr_read(context, key, EXPR_VALUE_START),
		     *value = expr_read(context, inner->pairs[i].value, EXPR_VALUE_START);
		if (name && name->kind != EXPR_NAME)
			diag_error(context, key->place, NULL, "the name of an argument is expected here");
		failed |= !name || name->kind != EXPR_NAME || !value;
		list = expr_append(&parser, list, name ? name->text : NULL, key->place, value);
	}
	return failed ? NULL : placed(context, EXPR_CALL, node->place, list);
}

Expr *expr_read(Context *context, const DocNode *node, ExprStart start)
{
	if (node->kind == DOC_SCALAR && !node->quoted && node->begin == node->end) {
		diag_error(context, node->place, NULL, "a value is missing here");
		return NULL;
	}
	if (node->kind == DOC_SCALAR) return read_scalar(context, node, start);
	if (start != EXPR_VALUE_START) {
		diag_error(context, node->place, NULL, "a name is expected here");
		return NULL;
	}
	return node->kind == DOC_LIST ? read_list(context, node) : read_call(context, node);
}
