/* shape_rule: what the rules of the shape_*.c files share. */
#ifndef MODEL_SHAPE_RULE_H
#define MODEL_SHAPE_RULE_H

#include "model/shape.h"

/* STATUS_DATA: the layer, `what`, and the shape of its first input. */
enum status rule_fail(const struct inference *inference, struct error *error, const char *what);

/* The shape of one more weight. */
void rule_weight(struct inference *inference, struct shape shape);

struct shape rule_vector(int64_t count);

/* The output is like the first input. */
enum status rule_same(struct inference *inference);

#endif
