/* written_fixture: a GraphDef that was written, read with nothing but the wire format, for tests.
 */
#ifndef TESTS_LIB_WRITTEN_FIXTURE_H
#define TESTS_LIB_WRITTEN_FIXTURE_H

#include "common/buf.h"
#include "model/format/tensorflow/tensorflow_fields.h"
#include "model/format/wire.h"

enum { WRITTEN_NODES = 200 };

struct written {
    char path[64];
    struct buf bytes;
    size_t count;
    struct wire_field nodes[WRITTEN_NODES];
};

/* Reads written->path; the caller frees written->bytes. */
void written_read_back(struct written *written);

/* The `index`th field `number` of a message. */
bool written_find(const struct wire_field *message, uint32_t number, size_t index,
                  struct wire_field *out);

/* How many nodes have that operator. */
size_t written_count_op(const struct written *written, const char *op);

/* Each fails the test when it is not so. */
void written_expect_op(const struct written *written, const char *name, const char *op);
void written_expect_input(const struct written *written, const char *name, size_t index,
                          const char *input);
void written_expect_text(const struct written *written, const char *name, const char *key,
                         const char *text);
void written_expect_ints(const struct written *written, const char *name, const char *key,
                         size_t count, const int64_t *expected);

/* The AttrValue of an attribute. */
bool written_has_attr(const struct written *written, const char *name, const char *key,
                      struct wire_field *out);

/* The content of a constant, of `size` bytes, and numbers in it. */
const unsigned char *written_content(const struct written *written, const char *name, size_t size);
float written_float_at(const unsigned char *bytes, size_t index);
int32_t written_int_at(const unsigned char *bytes, size_t index);

#endif
