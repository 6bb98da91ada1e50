/* graphdef_maker: builds TensorFlow graphs node by node, for tests.
 *
 * A node is started by maker_node() and gets the attributes that follow. Names of inputs stand in
 * one text, separated by blanks.
 */
#ifndef TESTS_LIB_GRAPHDEF_MAKER_H
#define TESTS_LIB_GRAPHDEF_MAKER_H

#include "model/format/tensorflow_fields.h"
#include "model/format/wire_writer.h"
#include "model/model.h"

struct maker {
    struct wire_message graph, node;
    bool open;
};

void maker_init(struct maker *maker);
void maker_free(struct maker *maker);

void maker_node(struct maker *maker, const char *name, const char *op, const char *inputs);
void maker_int(struct maker *maker, const char *key, int64_t value);
void maker_float(struct maker *maker, const char *key, float value);
void maker_bool(struct maker *maker, const char *key, bool value);
void maker_type(struct maker *maker, const char *key, enum tf_type type);
void maker_text(struct maker *maker, const char *key, const char *text);
void maker_ints(struct maker *maker, const char *key, size_t count, const int64_t *values);
void maker_shape(struct maker *maker, const char *key, const struct shape *shape);

/* Takes over the TensorProto that `tensor` holds. */
void maker_tensor(struct maker *maker, const char *key, struct wire_message *tensor);

/* The dtype and shape of a TensorProto. */
void maker_begin_tensor(struct wire_message *tensor, enum tf_type type, const struct shape *shape);

/* Whole nodes. */
void maker_input(struct maker *maker, const char *name, const struct shape *shape);
void maker_floats(struct maker *maker, const char *name, const struct shape *shape,
                  const float *values);
void maker_numbers(struct maker *maker, const char *name, size_t count, const int64_t *values);
void maker_number(struct maker *maker, const char *name, int64_t value);

/* Ends the last node and gives the bytes of the GraphDef, which live until maker_free(). */
struct buf maker_bytes(struct maker *maker);

/* Loads bytes through a temporary file. */
enum status maker_load_bytes(const struct buf *bytes, const struct shape *input_shape,
                             struct graph **out, struct error *error) MUST_CHECK;

#endif
