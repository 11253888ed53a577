/* foreign.h: what people know from elsewhere, and what it is called here. Asked only where a word is unknown. */
#ifndef FOREIGN_H
#define FOREIGN_H

typedef enum ForeignKind {
	FOREIGN_NAME, /* of a layer, loss, optimizer, .. */
	FOREIGN_ARGUMENT,
	FOREIGN_KEY /* of a section, or a section */
} ForeignKind;

/* A help line, or NULL. */
const char *foreign_help(ForeignKind kind, const char *word);

#endif
