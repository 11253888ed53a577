/* stepwise.h: does a network read a sequence step by step? */
#ifndef STEPWISE_H
#define STEPWISE_H
#include "graph.h"

/* Whether place t of the output's axis 1 depends on place t of the input's axis 1, and on earlier ones by the states of scans only,
 * which begin with a number, and is computed the same at every t. false where that can't be seen. */
bool stepwise(Context *context, const Node *input, Node *output);
/* In a program of one step: whether every scan that the input reaches goes on from carried states. */
bool stepwise_carried(Context *context, const Node *input, Node *output);

#endif
