/* expr.h: one scalar of a spec -> a syntax tree (flex and bison, reentrant). Every node carries its place, so that the
 * column of a message is the column in the user's editor. The grammar is LANGUAGE's; see expr.y. */
#ifndef EXPR_H
#define EXPR_H
#include "doc.h"

typedef enum ExprStart { EXPR_VALUE_START, EXPR_HEAD_START, EXPR_KEY_START } ExprStart;

/* kind        text                     items (in the order of the text), names
 * NUMBER      as written
 * NAME STRING the name, the string
 * TRUE FALSE NONE
 * LIST                                 elements
 * EACH                                 body, source; names: the loop's names
 * IF                                   condition, then, else
 * NOT NEGATE                           operand
 * BINARY      "+", "<=", "and", ...    left, right
 * CALL                                 function, arguments...; names[i] of items[i] is NULL or the argument's name
 * INDEX                                value, places...; a place is an expression or a RANGE
 * RANGE                                from, to; either may be NULL
 * DOT         the name after the dot   value
 * HEAD        the name                 parameters (statics), then inputs; split says where inputs begin, -1: no second list,
 *                                      and `called` is false where there was no parenthesis at all
 * PARAMETER   the name                 default or nothing; names: the allowed words, of which NULL is none
 * KEY                                  names: the names bound at once ("mu, logvar") */
typedef enum ExprKind {
	EXPR_NUMBER, EXPR_NAME, EXPR_STRING, EXPR_TRUE, EXPR_FALSE, EXPR_NONE, EXPR_LIST, EXPR_EACH, EXPR_IF, EXPR_NOT,
	EXPR_NEGATE, EXPR_BINARY, EXPR_CALL, EXPR_INDEX, EXPR_RANGE, EXPR_DOT, EXPR_HEAD, EXPR_PARAMETER, EXPR_KEY
} ExprKind;

typedef struct Expr Expr;
struct Expr {
	ExprKind kind;
	Place place;
	const char *text;
	Expr **items;
	int count;
	const char **names;
	Place *name_places; /* of the names; NULL where there are none */
	int name_count;
	int split;
	bool called;
};

/* Parses text, which stands at place in its source (raw, so that columns and line breaks are the file's own).
 * NULL after an error was reported. */
Expr *expr_parse(Context *context, const char *text, size_t length, Place place, ExprStart start);

/* The expression in a slot: a scalar; a flow list [a, f(b, c)], whose pieces of calls are joined again; a block list of
 * expressions; or `Name: {argument: value}`, which means Name(argument=value). NULL after an error was reported. */
Expr *expr_read(Context *context, const DocNode *node, ExprStart start);
/* Does the element of a flow list that begins at item *next consist of several pieces, split at the commas of a call? Their
 * bytes. Moves *next on in any case. */
bool expr_element(const DocNode *list, int *next, size_t *begin, size_t *end);

#endif
