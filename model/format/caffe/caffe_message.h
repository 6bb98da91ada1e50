/* caffe_message: a protobuf message described once and written as text and in binary.
 *
 * A field has the name and the number of caffe.proto. Fields without an official number
 * (CAFFE_TEXT_ONLY: what forks of Caffe added, each under a number of its own) stand in the text
 * only. Everything lives in a pool; running out of memory sticks there. Owned by one thread.
 */
#ifndef MODEL_FORMAT_CAFFE_CAFFE_MESSAGE_H
#define MODEL_FORMAT_CAFFE_CAFFE_MESSAGE_H

#include "common/buf.h"
#include "model/arena.h"
#include "model/format/wire_writer.h"

enum { CAFFE_TEXT_ONLY = 0 };

struct caffe_pool {
    struct arena arena;
    bool failed;
};

/* As arena_alloc(); a NULL sticks in `failed`. */
void *caffe_pool_alloc(struct caffe_pool *pool, size_t count, size_t size);

/* The text that the format makes. Never NULL; "" when memory is out. */
const char *caffe_pool_printf(struct caffe_pool *pool, const char *format, ...) PRINTF_LIKE(2, 3);

struct caffe_field;

struct caffe_message {
    struct caffe_pool *pool;
    struct caffe_field *first, **tail;
};

/* Appends a field. Texts and messages must live as long as the pool. */
void caffe_put_int(struct caffe_message *message, const char *name, uint32_t number, int64_t value);
void caffe_put_float(struct caffe_message *message, const char *name, uint32_t number, float value);
void caffe_put_bool(struct caffe_message *message, const char *name, uint32_t number, bool value);
void caffe_put_text(struct caffe_message *message, const char *name, uint32_t number,
                    const char *text);
/* An enum: its word in the text, its value in binary. */
void caffe_put_word(struct caffe_message *message, const char *name, uint32_t number,
                    const char *word, int64_t value);

/* The same unless the value is the one that caffe.proto gives a field that is not there. */
void caffe_put_int_unless(struct caffe_message *message, const char *name, uint32_t number,
                          int64_t value, int64_t fallback);
void caffe_put_float_unless(struct caffe_message *message, const char *name, uint32_t number,
                            float value, float fallback);
void caffe_put_bool_unless(struct caffe_message *message, const char *name, uint32_t number,
                           bool value, bool fallback);

/* Appends a message and returns it, empty; never NULL. It is left out if it stays empty. */
struct caffe_message *caffe_put_message(struct caffe_message *message, const char *name,
                                        uint32_t number);

/* Appends the fields of one message to another, which may then no longer grow. */
void caffe_put_fields(struct caffe_message *message, const struct caffe_message *fields);

/* Appends each field as a line, messages in braces with two blanks before their lines. A float is
 * the shortest decimal that strtof() turns into the same bits. STATUS_LIMIT or STATUS_MEMORY. */
enum status caffe_message_text(const struct caffe_message *message, struct buf *text) MUST_CHECK;

/* Appends the fields that have a number; errors stick in `wire`. */
void caffe_message_wire(const struct caffe_message *message, struct wire_message *wire);

#endif
