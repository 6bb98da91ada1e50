/* protobuf: writes protobuf's binary encoding into a buffer, for tests that need a caffemodel. A
 * buffer that would grow past its limit ends the program. */
#ifndef TESTS_LIB_PROTOBUF_H
#define TESTS_LIB_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

void protobuf_raw_varint(struct buf *out, uint64_t value);
void protobuf_varint(struct buf *out, uint32_t field, uint64_t value);
void protobuf_fixed32(struct buf *out, uint32_t field, uint32_t bits);
void protobuf_fixed64(struct buf *out, uint32_t field, uint64_t bits);
void protobuf_bytes(struct buf *out, uint32_t field, const void *bytes, size_t size);
void protobuf_text(struct buf *out, uint32_t field, const char *text);

/* Appends `inner` as a message and empties it. */
void protobuf_message(struct buf *out, uint32_t field, struct buf *inner);

/* A BlobProto with BlobShape and packed floats. */
void protobuf_blob(struct buf *out, uint32_t field, unsigned dims, const int64_t *shape,
                   const float *data);

#endif
