/* wire_writer: builds protobuf messages whose large parts are weights that stay where they are.
 *
 * A message is a list of pieces: bytes in memory and references to weights. Its size is known
 * before anything is written, so messages nest without the weights being copied; wire_write()
 * streams it. The first error sticks and is reported by wire_write(). Owned by one thread.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef MODEL_FORMAT_WIRE_WRITER_H
#define MODEL_FORMAT_WIRE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "model/format/output.h"

struct wire_piece;

struct wire_message {
    struct buf bytes; /* of all pieces in memory, one behind the other */
    struct wire_piece *pieces;
    size_t piece_count, piece_capacity;
    uint64_t size; /* of the whole message */
    enum status status;
};

void wire_init(struct wire_message *message);
void wire_free(struct wire_message *message);

void wire_put_varint(struct wire_message *message, uint32_t field, uint64_t value);
/* A negative int32 or int64 takes ten bytes, as protobuf wants it. */
void wire_put_int(struct wire_message *message, uint32_t field, int64_t value);
void wire_put_float(struct wire_message *message, uint32_t field, float value);
void wire_put_bytes(struct wire_message *message, uint32_t field, const void *bytes, size_t size);
void wire_put_text(struct wire_message *message, uint32_t field, const char *text);

/* Packed repeated numbers; nothing when `count` is 0. */
void wire_put_ints(struct wire_message *message, uint32_t field, const int64_t *values,
                   size_t count);
void wire_put_floats(struct wire_message *message, uint32_t field, const float *values,
                     size_t count);

/* The weight's floats, little-endian: as a packed repeated float, or as bytes (the encodings are
 * the same). `weight` is copied, the numbers are not and must live until wire_write(). */
void wire_put_weight(struct wire_message *message, uint32_t field, const struct weight *weight);

/* Appends `part` as a field and empties it, so that it may be used again. */
void wire_put_message(struct wire_message *message, uint32_t field, struct wire_message *part);

/* Appends the fields of `part` and empties it. */
void wire_append(struct wire_message *message, struct wire_message *part);

/* Streams the message to `output`. STATUS_MEMORY when building ran out of it, STATUS_LIMIT above
 * 2 GB, protobuf's ceiling for a message. */
enum status wire_write(const struct wire_message *message, const char *path, struct output *output,
                       struct error *error) MUST_CHECK;

#endif
