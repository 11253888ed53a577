/* spec_params.c: constants. Input: an expression of numbers, and the section params; output: its value. Invariant: a
 * parameter is evaluated once; what depends on itself was reported. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "spec_read.h"

enum { LIMIT = 1000 };

/* A named constant of the spec; what it means beside a number is build's affair. */
typedef struct Param {
	const DocPair *pair;
	enum { PARAM_NEW, PARAM_BUSY, PARAM_NUMBER, PARAM_BAD } state;
	double number;
} Param;

struct Params {
	Param *items;
	int count;
};

static Param *find_param(const Context *context, const char *name)
{
	for (int i = 0; context->params && i < context->params->count; i++)
		if (strcmp(context->params->items[i].pair->key->text, name) == 0) return &context->params->items[i];
	return NULL;
}

const DocNode *spec_resolve(const Context *context, const DocNode *node)
{
	for (int i = 0; context->params && i <= context->params->count; i++) { /* a chain, or a circle, of names */
		const Param *param = node->kind == DOC_SCALAR && !node->quoted ? find_param(context, node->text) : NULL;
		if (!param) break;
		node = param->pair->value;
	}
	return node;
}

static bool evaluate(Context *context, const Expr *expr, double *value);

static bool evaluate_param(Context *context, Param *param, Place place, double *value)
{
	if (param->state == PARAM_BUSY)
		diag_error(context, param->pair->key->place, "its value is needed to evaluate itself", "'%s' depends on itself",
			param->pair->key->text);
	if (param->state == PARAM_NEW) {
		Trail trail = {param->pair->key->text, place, context->trail};
		context->trail = &trail;
		param->state = PARAM_BUSY;
		bool good = evaluate(context, expr_read(context, param->pair->value, EXPR_VALUE_START), &param->number);
		param->state = good ? PARAM_NUMBER : PARAM_BAD;
		context->trail = trail.outer;
	}
	*value = param->number;
	return param->state == PARAM_NUMBER;
}

static bool not_constant(Context *context, const Expr *expr)
{
	diag_error(context, expr->place, "numbers, names of params, + - * / ^ and parentheses, as in 1/255",
		"a constant number is expected here");
	return false;
}

static bool apply(const char *op, double a, double b, double *value)
{
	if (strcmp(op, "+") == 0) *value = a + b;
	else if (strcmp(op, "-") == 0) *value = a - b;
	else if (strcmp(op, "*") == 0) *value = a * b;
	else if (strcmp(op, "/") == 0) *value = a / b;
	else if (strcmp(op, "//") == 0) *value = floor(a / b);
	else if (strcmp(op, "%") == 0) *value = a - b * floor(a / b);
	else if (strcmp(op, "^") == 0) *value = pow(a, b);
	else if (strcmp(op, "==") == 0) *value = a == b;
	else if (strcmp(op, "!=") == 0) *value = a != b;
	else if (strcmp(op, "<") == 0) *value = a < b;
	else if (strcmp(op, ">") == 0) *value = a > b;
	else if (strcmp(op, "<=") == 0) *value = a <= b;
	else if (strcmp(op, ">=") == 0) *value = a >= b;
	else if (strcmp(op, "and") == 0) *value = a != 0 ? b : a;
	else if (strcmp(op, "or") == 0) *value = a != 0 ? a : b;
	else return false;
	return true;
}

static bool evaluate_name(Context *context, const Expr *expr, double *value)
{
	Param *param = find_param(context, expr->text);
	if (param) return evaluate_param(context, param, expr->place, value);
	*value = 3.14159265358979323846;
	if (strcmp(expr->text, "pi") == 0) return true;
	int count = context->params ? context->params->count : 0;
	const char **names = arena_alloc(context->arena, (size_t)(count + 1) * sizeof *names);
	for (int i = 0; i < count; i++) names[i] = context->params->items[i].pair->key->text;
	const char *near = text_nearest(expr->text, names, count);
	if (!near) return not_constant(context, expr);
	diag_error(context, expr->place, arena_format(context->arena, "did you mean '%s'?", near), "no parameter is called '%s'",
		expr->text);
	return false;
}

static bool evaluate_number(Context *context, const Expr *expr, double *value)
{
	*value = strtod(expr->text, NULL);
	if (isfinite(*value)) return true;
	diag_error(context, expr->place, NULL, "this number is too large");
	return false;
}

static bool evaluate(Context *context, const Expr *expr, double *value)
{
	double a, b;
	if (!expr) return false;
	switch (expr->kind) {
	case EXPR_NUMBER: return evaluate_number(context, expr, value);
	case EXPR_NAME: return evaluate_name(context, expr, value);
	case EXPR_TRUE:
	case EXPR_FALSE: *value = expr->kind == EXPR_TRUE; return true;
	case EXPR_NEGATE:
	case EXPR_NOT:
		if (!evaluate(context, expr->items[0], &a)) return false;
		*value = expr->kind == EXPR_NOT ? a == 0 : -a;
		return true;
	case EXPR_IF:
		if (!evaluate(context, expr->items[0], &a)) return false;
		return evaluate(context, expr->items[a != 0 ? 1 : 2], value);
	case EXPR_BINARY: break;
	default: return not_constant(context, expr);
	}
	if (!evaluate(context, expr->items[0], &a) || !evaluate(context, expr->items[1], &b)) return false;
	if (!apply(expr->text, a, b, value)) return not_constant(context, expr);
	if (isfinite(*value)) return true;
	diag_error(context, expr->place, NULL, "%s", b == 0 ? "division by zero" : "this is not a finite number");
	return false;
}

bool spec_constant(Context *context, const Expr *expr, double *value)
{
	if (expr && (expr->kind == EXPR_TRUE || expr->kind == EXPR_FALSE)) return not_constant(context, expr);
	return evaluate(context, expr, value);
}

/* A name, that means nothing else in a spec or on the command line. */
static bool check_key(Context *context, const DocPair *pair)
{
	int errors = context->errors;
	const DocNode *key = pair->key;
	if (!spec_is_name(key->text))
		diag_error(context, key->place, "params: {filters: 16, width: 64}", "a parameter is a name, not '%s'", key->text);
	else if (spec_is_section(key->text))
		diag_error(context, key->place, arena_format(context->arena, "another name: -D %s=... sets the section", key->text),
			"'%s' is a section of the spec, and can't be a parameter", key->text);
	else if (pair->value->kind == DOC_MAP)
		diag_error(context, pair->value->place, "one value a name", "a parameter is a number, a word or a list");
	return context->errors == errors;
}

void spec_read_params(Context *context, const DocNode *root)
{
	DocNode *section = doc_get(root, "params");
	int count = section && section->kind == DOC_MAP ? section->count : 0;
	if (!count) return;
	if (count > LIMIT)
		diag_error(context, section->pairs[LIMIT].key->place, NULL, "more than %d parameters", LIMIT);
	if (count > LIMIT) count = LIMIT;
	context->params = arena_alloc(context->arena, sizeof *context->params);
	context->params->items = arena_alloc(context->arena, (size_t)count * sizeof *context->params->items);
	section->count = 0; /* what is wrong goes, so that it is reported once */
	for (int i = 0; i < count; i++)
		if (check_key(context, &section->pairs[i])) section->pairs[section->count++] = section->pairs[i];
	for (int i = 0; i < section->count; i++) context->params->items[i].pair = &section->pairs[i];
	context->params->count = section->count;
}
