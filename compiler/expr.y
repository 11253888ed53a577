/* expr.y: tokens -> syntax tree, as expr.h describes it. Three start rules, chosen by the slot the text stands in:
 * a value (`a, b` is a list), a definition's head, or the key of a binding. Actions only make nodes. */
%define api.pure full
%define api.prefix {expr_yy}
%define api.location.type {ExprSpan}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param {void *scanner}
%parse-param {ExprParser *parser}
%code requires {
#include "expr.h"

enum { EXPR_DEPTH = 256 }; /* levels of a tree, and brackets open at once */

/* A stretch of the parser's text, and where it begins in the file. */
typedef struct ExprSpan {
	int begin, end, line, column;
} ExprSpan;

/* A list that is being read: elements, arguments with names, parameters, or names alone. */
typedef struct ExprList {
	Expr **items;
	const char **names;
	Place *places; /* of the names */
	int count, capacity, name_capacity, place_capacity;
} ExprList;

typedef struct ExprParser {
	Context *context;
	const char *text;
	int length;
	const unsigned char *widths; /* bytes in the file of each character of text; NULL: one each */
	Place place; /* of the text */
	ExprStart start;
	bool started, failed;
	int at, line, column; /* where the lexer is */
	ExprSpan open[EXPR_DEPTH]; /* brackets not yet closed */
	int depth;
	Expr *result;
} ExprParser;

/* The token that does not fit; BAD: no token, or a bracket that closes nothing. */
typedef enum ExprFound { FOUND_TOKEN, FOUND_COMPARISON, FOUND_BAD, FOUND_END } ExprFound;

/* What the grammar could have gone on with. */
enum { WANT_VALUE = 1, WANT_NAME = 2, WANT_OPERATOR = 4, WANT_COMPARISON = 8, WANT_LOGIC = 16, WANT_ELSE = 32, WANT_IN = 64, WANT_END = 128 };

ExprSpan expr_advance(ExprParser *parser, int length);
const char *expr_text(ExprParser *parser, const char *text, int length);
bool expr_open(ExprParser *parser, ExprSpan span, char bracket);
bool expr_close(ExprParser *parser, char bracket);
Expr *expr_make(ExprParser *parser, ExprKind kind, ExprSpan span, const char *text, int count, ...);
Expr *expr_make_list(ExprParser *parser, ExprKind kind, ExprSpan span, const char *text, ExprList *list);
Expr *expr_parse_quoted(Context *context, const char *raw, size_t length, Place place, ExprStart start); /* a scalar in YAML's quotes */
extern const char expr_split_help[]; /* for pieces of a call that YAML has split */
Expr *expr_make_head(ExprParser *parser, ExprSpan span, const char *name, ExprList *statics, ExprList *inputs);
ExprList *expr_append(ExprParser *parser, ExprList *list, const char *name, Place place, Expr *item);
Place expr_place(const ExprParser *parser, ExprSpan span);
void expr_name(Expr *expr, const ExprList *names);
ExprList *expr_prepend(ExprParser *parser, Expr *item, ExprList *list);
void expr_unexpected(ExprParser *parser, ExprSpan span, ExprFound found, unsigned wanted);
void expr_too_deep(ExprParser *parser, ExprSpan span);
}
%code {
#define YYLLOC_DEFAULT(current, rhs, n) \
	do { \
		(current) = YYRHSLOC(rhs, (n) ? 1 : 0); \
		(current).end = YYRHSLOC(rhs, n).end; \
		if (!(n)) (current).begin = (current).end; \
	} while (0)
#define NOWHERE ((Place){0})
#define AT(span) expr_place(parser, span)
#define BINARY(text, span, a, b) expr_make(parser, EXPR_BINARY, span, text, 2, a, b)
int expr_yylex(EXPR_YYSTYPE *value, EXPR_YYLTYPE *span, void *scanner);
static void yyerror(const EXPR_YYLTYPE *span, void *scanner, ExprParser *parser, const char *message);
}
%union {
	Expr *expr;
	ExprList *list;
	const char *text;
}
%token START_VALUE START_HEAD START_KEY
%token <text> NUMBER NAME STRING
%token IF ELSE FOR IN AND OR NOT TRUE FALSE NONE EQ NE LE GE IDIV BAD
%type <expr> values expr any all negated compared sum term signed power postfix atom place bound head key parameter
%type <list> list names arguments given places parameters declared words
%type <text> word
%%
input	: START_VALUE values		{ parser->result = $2; }
	| START_HEAD head		{ parser->result = $2; }
	| START_KEY key			{ parser->result = $2; }
	;
values	: expr
	| expr ',' list			{ $$ = expr_make_list(parser, EXPR_LIST, @$, NULL, expr_prepend(parser, $1, $3)); }
	;
expr	: any
	| any IF any ELSE expr		{ $$ = expr_make(parser, EXPR_IF, @$, NULL, 3, $3, $1, $5); }
	;
any	: all
	| any OR all			{ $$ = BINARY("or", @$, $1, $3); }
	;
all	: negated
	| all AND negated		{ $$ = BINARY("and", @$, $1, $3); }
	;
negated	: compared
	| NOT negated			{ $$ = expr_make(parser, EXPR_NOT, @$, NULL, 1, $2); }
	;
compared: sum
	| sum EQ sum			{ $$ = BINARY("==", @$, $1, $3); }
	| sum NE sum			{ $$ = BINARY("!=", @$, $1, $3); }
	| sum '<' sum			{ $$ = BINARY("<", @$, $1, $3); }
	| sum '>' sum			{ $$ = BINARY(">", @$, $1, $3); }
	| sum LE sum			{ $$ = BINARY("<=", @$, $1, $3); }
	| sum GE sum			{ $$ = BINARY(">=", @$, $1, $3); }
	;
sum	: term
	| sum '+' term			{ $$ = BINARY("+", @$, $1, $3); }
	| sum '-' term			{ $$ = BINARY("-", @$, $1, $3); }
	;
term	: signed
	| term '*' signed		{ $$ = BINARY("*", @$, $1, $3); }
	| term '/' signed		{ $$ = BINARY("/", @$, $1, $3); }
	| term IDIV signed		{ $$ = BINARY("//", @$, $1, $3); }
	| term '%' signed		{ $$ = BINARY("%", @$, $1, $3); }
	;
signed	: power
	| '-' signed			{ $$ = expr_make(parser, EXPR_NEGATE, @$, NULL, 1, $2); }
	;
power	: postfix
	| postfix '^' signed		{ $$ = BINARY("^", @$, $1, $3); }
	;
postfix	: atom
	| postfix '(' arguments ')'	{ $$ = expr_make_list(parser, EXPR_CALL, @$, NULL, expr_prepend(parser, $1, $3)); }
	| postfix '[' places ']'	{ $$ = expr_make_list(parser, EXPR_INDEX, @$, NULL, expr_prepend(parser, $1, $3)); }
	| postfix '.' NAME		{ $$ = expr_make(parser, EXPR_DOT, @$, $3, 1, $1); }
	;
atom	: NUMBER			{ $$ = expr_make(parser, EXPR_NUMBER, @$, $1, 0); }
	| NAME				{ $$ = expr_make(parser, EXPR_NAME, @$, $1, 0); }
	| STRING			{ $$ = expr_make(parser, EXPR_STRING, @$, $1, 0); }
	| TRUE				{ $$ = expr_make(parser, EXPR_TRUE, @$, NULL, 0); }
	| FALSE				{ $$ = expr_make(parser, EXPR_FALSE, @$, NULL, 0); }
	| NONE				{ $$ = expr_make(parser, EXPR_NONE, @$, NULL, 0); }
	| '(' expr ')'			{ $$ = $2; }
	| '(' expr ',' ')'		{ $$ = expr_make(parser, EXPR_LIST, @$, NULL, 1, $2); }
	| '(' expr ',' list ')'		{ $$ = expr_make_list(parser, EXPR_LIST, @$, NULL, expr_prepend(parser, $2, $4)); }
	| '[' ']'			{ $$ = expr_make(parser, EXPR_LIST, @$, NULL, 0); }
	| '[' list ']'			{ $$ = expr_make_list(parser, EXPR_LIST, @$, NULL, $2); }
	| '[' expr FOR names IN any ']'	{
			$$ = expr_make(parser, EXPR_EACH, @$, NULL, 2, $2, $6);
			expr_name($$, $4);
		}
	;
list	: expr				{ $$ = expr_append(parser, NULL, NULL, NOWHERE, $1); }
	| list ',' expr			{ $$ = expr_append(parser, $1, NULL, NOWHERE, $3); }
	;
names	: NAME				{ $$ = expr_append(parser, NULL, $1, AT(@1), NULL); }
	| names ',' NAME		{ $$ = expr_append(parser, $1, $3, AT(@3), NULL); }
	;
arguments: %empty			{ $$ = NULL; }
	| given
	;
given	: expr				{ $$ = expr_append(parser, NULL, NULL, NOWHERE, $1); }
	| NAME '=' expr			{ $$ = expr_append(parser, NULL, $1, AT(@1), $3); }
	| given ',' expr		{ $$ = expr_append(parser, $1, NULL, NOWHERE, $3); }
	| given ',' NAME '=' expr	{ $$ = expr_append(parser, $1, $3, AT(@3), $5); }
	;
places	: place				{ $$ = expr_append(parser, NULL, NULL, NOWHERE, $1); }
	| places ',' place		{ $$ = expr_append(parser, $1, NULL, NOWHERE, $3); }
	;
place	: expr
	| bound ':' bound		{ $$ = expr_make(parser, EXPR_RANGE, @$, NULL, 2, $1, $3); }
	;
bound	: %empty			{ $$ = NULL; }
	| sum
	;
head	: NAME				{ $$ = expr_make_head(parser, @$, $1, NULL, NULL); $$->called = false; }
	| NAME '(' parameters ')'	{ $$ = expr_make_head(parser, @$, $1, $3, NULL); }
	| NAME '(' parameters ')' '(' parameters ')'
					{ int inputs = $3 ? $3->count : 0; $$ = expr_make_head(parser, @$, $1, $3, $6); $$->split = inputs; }
	;
key	: head
	| NAME ',' names		{
			$$ = expr_make(parser, EXPR_KEY, @$, NULL, 0);
			ExprList *all = expr_append(parser, NULL, $1, AT(@1), NULL);
			for (int i = 0; i < $3->count; i++) expr_append(parser, all, $3->names[i], $3->places[i], NULL);
			expr_name($$, all);
		}
	;
parameters: %empty			{ $$ = NULL; }
	| declared
	;
declared: parameter			{ $$ = expr_append(parser, NULL, NULL, NOWHERE, $1); }
	| declared ',' parameter	{ $$ = expr_append(parser, $1, NULL, NOWHERE, $3); }
	;
parameter: NAME				{ $$ = expr_make(parser, EXPR_PARAMETER, @$, $1, 0); }
	| NAME '=' expr			{ $$ = expr_make(parser, EXPR_PARAMETER, @$, $1, 1, $3); }
	| NAME '=' words		{
			$$ = expr_make(parser, EXPR_PARAMETER, @$, $1, 0);
			expr_name($$, $3);
		}
	;
words	: word '|' word			{ $$ = expr_append(parser, expr_append(parser, NULL, $1, AT(@1), NULL), $3, AT(@3), NULL); }
	| words '|' word		{ $$ = expr_append(parser, $1, $3, AT(@3), NULL); }
	;
word	: NAME
	| NONE				{ $$ = NULL; }
	;
%%
static unsigned wanted_by(yysymbol_kind_t symbol)
{
	switch (symbol) {
	case YYSYMBOL_NUMBER: return WANT_VALUE;
	case YYSYMBOL_NAME: return WANT_NAME;
	case YYSYMBOL_EQ: return WANT_COMPARISON;
	case YYSYMBOL_AND: return WANT_LOGIC;
	case YYSYMBOL_ELSE: return WANT_ELSE;
	case YYSYMBOL_IN: return WANT_IN;
	case YYSYMBOL_YYEOF: return WANT_END;
	default: return symbol == YYTRANSLATE('+') ? WANT_OPERATOR : 0;
	}
}

static ExprFound found_by(yysymbol_kind_t symbol)
{
	switch (symbol) {
	case YYSYMBOL_YYEOF: return FOUND_END;
	case YYSYMBOL_BAD: return FOUND_BAD;
	case YYSYMBOL_EQ: case YYSYMBOL_NE: case YYSYMBOL_LE: case YYSYMBOL_GE: return FOUND_COMPARISON;
	default: return symbol == YYTRANSLATE('<') || symbol == YYTRANSLATE('>') ? FOUND_COMPARISON : FOUND_TOKEN;
	}
}

static int yyreport_syntax_error(const yypcontext_t *context, void *scanner, ExprParser *parser)
{
	yysymbol_kind_t expected[YYNTOKENS];
	int count = yypcontext_expected_tokens(context, expected, YYNTOKENS);
	unsigned wanted = 0;
	(void)scanner;
	for (int i = 0; i < count; i++) wanted |= wanted_by(expected[i]);
	expr_unexpected(parser, *yypcontext_location(context), found_by(yypcontext_token(context)), wanted);
	return 0;
}

/* Called for one thing only: the parser's stack is full. */
static void yyerror(const EXPR_YYLTYPE *span, void *scanner, ExprParser *parser, const char *message)
{
	(void)scanner, (void)message;
	expr_too_deep(parser, *span);
}
