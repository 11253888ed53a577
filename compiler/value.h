/* value.h: what an expression of the language means while a network is built. Static values (numbers, words, lists,
 * functions, layers) are known while compiling; a tensor is a node of the graph that is being built. */
#ifndef VALUE_H
#define VALUE_H
#include "graph.h"

typedef enum ValueKind {
	VALUE_POISON, /* its mistake was reported; whatever is made of it is poison too, without a further message */
	VALUE_ABSENT, /* an argument that was not given */
	VALUE_NONE,
	VALUE_BOOLEAN,
	VALUE_NUMBER,
	VALUE_WORD,
	VALUE_DIM, /* a multiple of the batch: live rows wherever it becomes a number */
	VALUE_LIST,
	VALUE_TENSOR,
	VALUE_DEFINITION, /* Dense, relu */
	VALUE_LAYER, /* Dense(8): a definition with its static arguments */
	VALUE_LOCAL, /* step(s, x): ..., bound in a body */
	VALUE_BUILTIN
} ValueKind;

typedef struct Value Value;
typedef struct List {
	Value *items;
	int count;
} List;

struct Value {
	ValueKind kind;
	bool integer; /* a number that is whole by its making: 3, not 3.0 */
	union {
		bool truth;
		double number;
		const char *word;
		Dim dim; /* rows > 0 */
		List list;
		Node *tensor;
		const struct Definition *definition;
		const struct Layer *layer;
		const struct Local *local;
		const struct Builtin *builtin;
	} as;
};

/* whole numbers are exact up to this; dimensions are smaller still */
#define VALUE_WHOLE_LIMIT 9007199254740992.0 /* 2^53 */
#define VALUE_SIZE_LIMIT ((int64_t)1 << 40)

Value value_poison(void);
Value value_none(void);
Value value_boolean(bool truth);
Value value_real(double number);
Value value_integer(int64_t number);
Value value_word(const char *word);
Value value_dim(Dim dim); /* without rows: a whole number */
Value value_tensor(Node *node); /* NULL, whose mistake was reported: poison */
Value value_list(Arena *arena, int count); /* count places, to be filled */

bool value_is_poison(Value value);
bool value_is_none(Value value); /* none, or not given */
/* a number, or true and false as 1 and 0 */
bool value_is_static_number(Value value);
double value_to_number(Value value); /* of a static number */
/* a whole number: 3, and 3.0 too */
bool value_is_whole(Value value);
int64_t value_to_integer(Value value); /* of a whole number */
bool value_is_callable(Value value);
/* a tensor, or a list that holds one at any depth */
bool value_holds_tensor(Value value);

/* Python's truth: none, 0, '' and [] are false. Not for tensors. */
bool value_is_true(Value value);
/* Functions by name, lists by their elements, numbers by size; a tensor equals itself only. */
bool value_equal(Value a, Value b);

/* The product of two dimensions; false when it has two batch axes or passes VALUE_SIZE_LIMIT. */
bool value_dim_product(Dim a, Dim b, Dim *product);

/* "a number", "a tensor [batch, 3]": for messages */
const char *value_kind(Arena *arena, Value value);
/* the name of a function or layer, or NULL */
const char *value_name(Value value);

#endif
