/* doc.h: a YAML file -> a tree with places. Structure only: a scalar keeps its raw source text, what it means is
 * decided by the slot it stands in. Duplicate keys, anchors, aliases and << are refused at their line. */
#ifndef DOC_H
#define DOC_H
#include "diag.h"

typedef enum DocKind { DOC_SCALAR, DOC_LIST, DOC_MAP } DocKind;
typedef struct DocNode DocNode;
typedef struct DocPair {
	DocNode *key, *value;
} DocPair;

struct DocNode {
	DocKind kind;
	Place place; /* of its first character */
	bool flow;   /* a list or map in [ ] or { } */
	bool quoted; /* a scalar in YAML quotes */
	const char *text; /* scalar: YAML's value, folded and unquoted; for names, paths and documentation */
	size_t begin, end; /* bytes in the source: the raw text of the node, quotes included */
	int count;
	DocNode **items; /* list */
	DocPair *pairs; /* map */
};

/* The root of the file; NULL after errors that leave no tree. An empty file is an error. Of a key given twice the first is kept. */
DocNode *doc_read(Context *context, const Source *source);
/* nothing behind a `key:`, or an empty list or mapping */
bool doc_is_empty(const DocNode *node);
/* The value under a key of a map, or NULL. */
DocNode *doc_get(const DocNode *map, const char *key);

#endif
