/* expr.c: what lexer and grammar call to make trees, and their messages. Input: the raw text of a scalar; output: an Expr as
 * expr.h describes it. Invariant: a tree that is returned is at most EXPR_DEPTH levels deep, so that walking it by recursion is
 * safe. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "expr.tab.h"
#define YYSTYPE EXPR_YYSTYPE
#define YYLTYPE EXPR_YYLTYPE
#include "expr.lex.h"

const char expr_split_help[] = "inside [ ] and { } YAML splits at commas: use a block list or a block mapping, or quotes";

/* A node, and how deep it is. */
typedef struct Made {
	Expr expr;
	int depth;
} Made;

/* --- the lexer's side --------------------------------------------------------------------------------------------- */

/* The span of the next `length` bytes of text; moves behind them. */
ExprSpan expr_advance(ExprParser *parser, int length)
{
	ExprSpan span = {parser->at, parser->at + length, parser->line, parser->column};
	for (int i = parser->at; i < span.end; i++) {
		parser->column += parser->widths ? parser->widths[i] : 1;
		if (parser->text[i] != '\n') continue;
		parser->line++;
		parser->column = 0;
	}
	parser->at = span.end;
	return span;
}

const char *expr_text(ExprParser *parser, const char *text, int length)
{
	return arena_copy(parser->context->arena, text, (size_t)length);
}

Place expr_place(const ExprParser *parser, ExprSpan span)
{
	int length = span.end - span.begin;
	for (int i = span.begin; parser->widths && i < span.end; i++) length += parser->widths[i] - 1;
	return (Place){parser->place.source, span.line, span.column, length ? length : 1};
}

void expr_too_deep(ExprParser *parser, ExprSpan span)
{
	if (!parser->failed)
		diag_error(parser->context, expr_place(parser, span), "give names to its parts",
			"an expression more than %d levels deep", EXPR_DEPTH);
	parser->failed = true;
}

bool expr_open(ExprParser *parser, ExprSpan span, char bracket)
{
	(void)bracket;
	if (parser->depth == EXPR_DEPTH) {
		expr_too_deep(parser, span);
		return false;
	}
	parser->open[parser->depth++] = span;
	return true;
}

bool expr_close(ExprParser *parser, char bracket)
{
	if (!parser->depth || parser->text[parser->open[parser->depth - 1].begin] != (bracket == ')' ? '(' : '['))
		return false;
	parser->depth--;
	return true;
}

/* --- the grammar's side ------------------------------------------------------------------------------------------- */

static Expr *new_expr(ExprParser *parser, ExprKind kind, ExprSpan span, const char *text, int count)
{
	Made *made = arena_alloc(parser->context->arena, sizeof *made);
	made->expr = (Expr){.kind = kind, .place = expr_place(parser, span), .text = text, .count = count, .split = -1};
	return &made->expr;
}

/* Sets the depth of a node whose items are in place. */
static Expr *measured(ExprParser *parser, Expr *expr, ExprSpan span)
{
	Made *made = (Made *)expr;
	for (int i = 0; i < expr->count; i++) {
		int depth = expr->items[i] ? ((Made *)expr->items[i])->depth : 0;
		if (depth > made->depth) made->depth = depth;
	}
	if (++made->depth > EXPR_DEPTH) expr_too_deep(parser, span);
	return expr;
}

Expr *expr_make(ExprParser *parser, ExprKind kind, ExprSpan span, const char *text, int count, ...)
{
	Expr *expr = new_expr(parser, kind, span, text, count);
	va_list list;
	va_start(list, count);
	if (count) expr->items = arena_alloc(parser->context->arena, (size_t)count * sizeof *expr->items);
	for (int i = 0; i < count; i++) expr->items[i] = va_arg(list, Expr *);
	va_end(list);
	return measured(parser, expr, span);
}

void expr_name(Expr *expr, const ExprList *names)
{
	expr->names = names->names;
	expr->name_places = names->places;
	expr->name_count = names->count;
}

/* A node over a list; only calls have names. */
Expr *expr_make_list(ExprParser *parser, ExprKind kind, ExprSpan span, const char *text, ExprList *list)
{
	Expr *expr = new_expr(parser, kind, span, text, list ? list->count : 0);
	if (list) expr->items = list->items;
	if (list && kind == EXPR_CALL) expr_name(expr, list);
	return measured(parser, expr, span);
}

Expr *expr_make_head(ExprParser *parser, ExprSpan span, const char *name, ExprList *statics, ExprList *inputs)
{
	for (int i = 0; inputs && i < inputs->count; i++)
		statics = expr_append(parser, statics, NULL, (Place){0}, inputs->items[i]);
	Expr *head = expr_make_list(parser, EXPR_HEAD, span, name, statics);
	head->called = true;
	return head;
}

ExprList *expr_append(ExprParser *parser, ExprList *list, const char *name, Place place, Expr *item)
{
	Arena *arena = parser->context->arena;
	if (!list) list = arena_alloc(arena, sizeof *list);
	list->items = arena_grow(arena, list->items, list->count, &list->capacity, sizeof *list->items);
	list->names = arena_grow(arena, list->names, list->count, &list->name_capacity, sizeof *list->names);
	list->places = arena_grow(arena, list->places, list->count, &list->place_capacity, sizeof *list->places);
	list->items[list->count] = item;
	list->places[list->count] = place;
	list->names[list->count++] = name;
	return list;
}

ExprList *expr_prepend(ExprParser *parser, Expr *item, ExprList *list)
{
	ExprList *all = expr_append(parser, list, NULL, (Place){0}, NULL);
	size_t behind = (size_t)all->count - 1;
	memmove(all->items + 1, all->items, behind * sizeof *all->items);
	memmove(all->names + 1, all->names, behind * sizeof *all->names);
	memmove(all->places + 1, all->places, behind * sizeof *all->places);
	all->items[0] = item;
	all->names[0] = NULL;
	all->places[0] = (Place){0};
	return all;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

/* What people write who come from elsewhere, and what it is here. */
typedef struct Foreign {
	const char *sign, *help;
} Foreign;

static const Foreign foreign[] = {
	{"!", "negation is written: not a"}, {"&", "write: a and b"}, {"?", "a conditional is written: a if c else b"},
	{"{", "lists are written [a, b]; arguments by name, f(a=1)"}, {"}", "lists are written [a, b]; arguments by name, f(a=1)"},
	{"#", "a comment begins after a blank"}, {"\xC3\x97", "write *"}, {"\xC2\xB7", "write *"}, {"\xC3\xB7", "write /"},
	{"\xE2\x88\x92", "write -"}, {"\xE2\x80\x93", "write -"}, {"\xE2\x89\xA4", "write <="}, {"\xE2\x89\xA5", "write >="},
	{"\xE2\x89\xA0", "write !="}, {"\xE2\x80\x9C", "write \""}, {"\xE2\x80\x9D", "write \""}, {"\xE2\x80\x98", "write '"},
	{"\xE2\x80\x99", "write '"}, {"\xC2\xB2", "write ^2"}, {"\xC2\xB3", "write ^3"}, {"\xC2\xA0", "write a blank"},
	{"\xCF\x80", "write pi"},
};

static void report_sign(ExprParser *parser, ExprSpan span)
{
	const char *text = parser->text + span.begin, *help = NULL;
	int length = span.end - span.begin;
	if (*text == '"' || *text == '\'') {
		diag_error(parser->context, expr_place(parser, span), NULL,
			"a text is not closed: its second %c is missing", *text);
		return;
	}
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign && !help; i++)
		if (strncmp(text, foreign[i].sign, strlen(foreign[i].sign)) == 0) {
			help = foreign[i].help;
			length = (int)strlen(foreign[i].sign);
		}
	diag_error(parser->context, expr_place(parser, span), help, "'%.*s' is not a sign of the language", length, text);
}

static void report_bracket(ExprParser *parser, ExprSpan span)
{
	char found = parser->text[span.begin];
	if (!parser->depth) {
		diag_error(parser->context, expr_place(parser, span), NULL, "'%c' closes nothing", found);
		return;
	}
	ExprSpan open = parser->open[parser->depth - 1];
	diag_error(parser->context, expr_place(parser, span), NULL,
		"'%c' stands where the '%c' of column %d is still open", found, parser->text[open.begin],
		open.column + 1);
}

/* Whether what follows the text in the file shows that YAML has cut it at a comma, or at the end of a flow collection. */
static bool was_split(const ExprParser *parser)
{
	const Source *source = parser->place.source;
	if (!source || !source->text || parser->widths) return false;
	const char *end = source->text + source->size, *after = parser->text + parser->length;
	if (parser->text < source->text || after > end) return false;
	while (after < end && isspace((unsigned char)*after)) after++;
	return after < end && strchr(",]}", *after);
}

static void report_end(ExprParser *parser, ExprSpan span, unsigned wanted)
{
	Context *context = parser->context;
	if (parser->depth) {
		ExprSpan open = parser->open[parser->depth - 1];
		diag_error(context, expr_place(parser, open), was_split(parser) ? expr_split_help : NULL,
			"'%c' is not closed", parser->text[open.begin]);
	} else if (parser->length == (int)strspn(parser->text, " \t\r\n")) {
		diag_error(context, expr_place(parser, span), NULL, "an expression is missing");
	} else if (wanted & WANT_ELSE) {
		diag_error(context, expr_place(parser, span), "a conditional is written: a if c else b",
			"'else' is missing");
	} else {
		int last = parser->length;
		while (last && isspace((unsigned char)parser->text[last - 1])) last--;
		diag_error(context, expr_place(parser, span), last && parser->text[last - 1] == '%' ? "a share is written 0.1, not 10%" : NULL,
			"the expression ends too early: a %s is missing",
			wanted & WANT_VALUE ? "value" : "name");
	}
}

static bool is_word(const char *text, int length)
{
	static const char *const words[] = {
		"if", "else", "for", "in", "and", "or", "not", "true", "True", "false", "False", "none", "None"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if ((int)strlen(words[i]) == length && strncmp(words[i], text, (size_t)length) == 0) return true;
	return false;
}

/* A word of the language where only a name can stand, before '=' for one. */
static bool misused_word(const ExprParser *parser, ExprSpan span, unsigned wanted)
{
	const char *after = parser->text + span.end;
	if (!is_word(parser->text + span.begin, span.end - span.begin) || !(wanted & WANT_NAME)) return false;
	after += strspn(after, " \t\r\n");
	return !(wanted & WANT_VALUE) || (after[0] == '=' && after[1] != '=');
}

static bool after_lambda(const ExprParser *parser, int begin)
{
	int length = (int)strlen("lambda");
	while (begin > 0 && isspace((unsigned char)parser->text[begin - 1])) begin--;
	if (begin < length || memcmp(parser->text + begin - length, "lambda", (size_t)length)) return false;
	return begin == length || !(isalnum((unsigned char)parser->text[begin - length - 1]) || parser->text[begin - length - 1] == '_');
}

/* A token that begins a value, although the value before it is complete: x y. */
static void report_missing_operator(ExprParser *parser, ExprSpan span, const char *word, int length)
{
	bool number = span.begin > 0 && isdigit((unsigned char)parser->text[span.begin - 1]) &&
		!isdigit((unsigned char)*word);
	bool element = parser->depth > 0, line = false;
	for (int i = span.begin - 1; i >= 0 && isspace((unsigned char)parser->text[i]); i--) line = line || parser->text[i] == '\n';
	const char *help = number ? "a product is written 2*x" : !line || element ? NULL : "each item of a list begins with '- '";
	if (parser->start != EXPR_VALUE_START) help = "a definition is written: name(parameters): value";
	if (after_lambda(parser, span.begin)) help = "there is no lambda; write a function of your own: functions: {half(x): x/2}";
	diag_error(parser->context, expr_place(parser, span), help,
		"%s is missing before '%.*s'", element ? "an operator or a comma" : "an operator", length, word);
}

static void report_misplaced(ExprParser *parser, ExprSpan span, ExprFound found, unsigned wanted)
{
	Context *context = parser->context;
	Place place = expr_place(parser, span);
	const char *word = parser->text + span.begin, *before = span.begin ? word - 1 : "";
	int length = span.end - span.begin;
	bool value = isalnum((unsigned char)*word) || strchr("_\"'([.", *word);
	if (found == FOUND_COMPARISON && (wanted & WANT_LOGIC) && !(wanted & WANT_COMPARISON))
		diag_error(context, place, "write: a < b and b < c", "comparisons do not chain");
	else if (misused_word(parser, span, wanted))
		diag_error(context, place, NULL, "'%.*s' is a word of the language, not a name", length, word);
	else if (*word == '*' && *before == '*')
		diag_error(context, place, NULL, "a power is written x^2");
	else if (length == 1 && *word == '=')
		diag_error(context, place,
			"to compare, write ==", "'=' gives an argument its name, and only inside a call");
	else if (*word == '|')
		diag_error(context, place, "alternatives in a condition: a or b",
			"'|' separates the words that a parameter may be, and nothing else");
	else if (*word == ':')
		diag_error(context, place, parser->depth ? "an argument is given with =: activation=relu" : NULL,
			"':' stands only between the bounds of a slice, x[a:b]");
	else if ((wanted & WANT_ELSE) && strchr("),]", *word))
		diag_error(context, place, "a conditional is written: a if c else b", "'else' is missing before '%.*s'",
			length, word);
	else if ((wanted & WANT_IN) && !(wanted & WANT_OPERATOR))
		diag_error(context, place, "write: [f(i) for i in list]", "'in' is missing before '%.*s'", length, word);
	else if ((wanted & WANT_OPERATOR) && value && !(is_word(word, length) && strchr("aefio", *word)))
		report_missing_operator(parser, span, word, length);
	else if (parser->start != EXPR_VALUE_START && !parser->depth && strchr("+-*/%^.", *word))
		diag_error(context, place, "names are letters, digits and _", "'%.*s' cannot stand in a name", length, word);
	else if (wanted & WANT_OPERATOR)
		diag_error(context, place, NULL, "'%.*s' is not expected here", length, word);
	else if (wanted & WANT_VALUE)
		diag_error(context, place, NULL, "a value is missing before '%.*s'", length, word);
	else if (wanted & WANT_NAME)
		diag_error(context, place, "names begin with a letter or _", "a name is expected, not '%.*s'", length,
			word);
	else if (*word == '(')
		diag_error(context, place, "a definition is written: name(arguments)(inputs)",
			"a third list of parameters");
	else
		diag_error(context, place, NULL, "'%.*s' is not expected here", length, word);
}

void expr_unexpected(ExprParser *parser, ExprSpan span, ExprFound found, unsigned wanted)
{
	if (parser->failed) return;
	parser->failed = true;
	if (found == FOUND_END) report_end(parser, span, wanted);
	else if (found != FOUND_BAD) report_misplaced(parser, span, found, wanted);
	else if (strchr(")]", parser->text[span.begin])) report_bracket(parser, span);
	else report_sign(parser, span);
}

/* --- parsing ------------------------------------------------------------------------------------------------------ */

static Expr *parse(ExprParser *parser)
{
	yyscan_t scanner;
	parser->line = parser->place.line;
	parser->column = parser->place.column;
	if (expr_yylex_init_extra(parser, &scanner)) {
		diag_error(parser->context, parser->place, NULL, "out of memory");
		return NULL;
	}
	expr_yy_scan_bytes(parser->text, parser->length, scanner);
	int status = expr_yyparse(scanner, parser);
	expr_yylex_destroy(scanner);
	return status || parser->failed ? NULL : parser->result;
}

Expr *expr_parse(Context *context, const char *text, size_t length, Place place, ExprStart start)
{
	ExprParser parser = {.context = context, .text = text, .length = (int)length, .place = place, .start = start};
	return parse(&parser);
}

/* The character of an escape \c of a double-quoted scalar, 0 for those that an expression has no use for. */
static char escaped(char c)
{
	if (strchr("\"\\/ ", c)) return c;
	return c == 't' || c == '\t' ? '\t' : c == 'n' ? ' ' : 0;
}

/* Escapes are undone, and how wide each character is in the file is kept beside. */
Expr *expr_parse_quoted(Context *context, const char *raw, size_t length, Place place, ExprStart start)
{
	char quote = raw[0], *text = arena_alloc(context->arena, length + 1);
	unsigned char *widths = arena_alloc(context->arena, length + 1);
	ExprParser parser = {.context = context, .text = text, .widths = widths, .place = place, .start = start};
	parser.place.column++;
	for (size_t i = 1; i + 1 < length; i++) {
		bool escape = raw[i] == (quote == '"' ? '\\' : '\'') && raw[i + 1] != '\n' && raw[i + 1] != '\r';
		char c = escape && quote == '"' ? escaped(raw[i + 1]) : raw[i];
		if (raw[i] == '\\' && quote == '"' && !escape) c = ' ';
		if (!c) {
			diag_error(context, place, "leave the quotes away, or use single quotes",
				"the escape \\%c has no meaning in an expression", raw[i + 1]);
			return NULL;
		}
		text[parser.length] = c;
		widths[parser.length++] = escape ? 2 : 1;
		i += escape;
	}
	return parse(&parser);
}
