/* graphdef_draft: builds TensorFlow graphs node by node, for tests.
 *
 * A node is started by draft_node() and gets the attributes that follow. Names of inputs stand in
 * one text, separated by blanks.
 */
#ifndef TESTS_LIB_GRAPHDEF_DRAFT_H
#define TESTS_LIB_GRAPHDEF_DRAFT_H

#include "model/format/tensorflow/tensorflow_fields.h"
#include "model/format/wire_writer.h"
#include "model/model.h"

struct draft {
    struct wire_message graph, node;
    bool open;
};

void draft_init(struct draft *draft);
void draft_free(struct draft *draft);

void draft_node(struct draft *draft, const char *name, const char *op, const char *inputs);
void draft_int(struct draft *draft, const char *key, int64_t value);
void draft_float(struct draft *draft, const char *key, float value);
void draft_bool(struct draft *draft, const char *key, bool value);
void draft_type(struct draft *draft, const char *key, enum tf_type type);
void draft_text(struct draft *draft, const char *key, const char *text);
void draft_ints(struct draft *draft, const char *key, size_t count, const int64_t *values);
void draft_shape(struct draft *draft, const char *key, const struct shape *shape);

/* Takes over the TensorProto that `tensor` holds. */
void draft_tensor(struct draft *draft, const char *key, struct wire_message *tensor);

/* The dtype and shape of a TensorProto. */
void draft_begin_tensor(struct wire_message *tensor, enum tf_type type, const struct shape *shape);

/* Whole nodes. */
void draft_input(struct draft *draft, const char *name, const struct shape *shape);
void draft_floats(struct draft *draft, const char *name, const struct shape *shape,
                  const float *values);
void draft_numbers(struct draft *draft, const char *name, size_t count, const int64_t *values);
void draft_number(struct draft *draft, const char *name, int64_t value);

/* Ends the last node and gives the bytes of the GraphDef, which live until draft_free(). */
struct buf draft_bytes(struct draft *draft);

/* Loads bytes through a temporary file. */
enum status draft_load_bytes(const struct buf *bytes, const struct shape *input_shape,
                             struct graph **out, struct error *error) MUST_CHECK;

#endif
