#include "tests/lib/protobuf.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { BLOB_DATA = 5, BLOB_SHAPE = 7, SHAPE_DIM = 1 };

static void append(struct buf *out, const void *bytes, size_t size)
{
    if (size && buf_append(out, bytes, size))
        abort();
}

void protobuf_raw_varint(struct buf *out, uint64_t value)
{
    do {
        unsigned char byte = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        append(out, &byte, 1);
        value >>= 7;
    } while (value);
}

static void tag(struct buf *out, uint32_t field, unsigned type)
{
    protobuf_raw_varint(out, (uint64_t)field << 3 | type);
}

void protobuf_varint(struct buf *out, uint32_t field, uint64_t value)
{
    tag(out, field, VARINT);
    protobuf_raw_varint(out, value);
}

static void little_endian(struct buf *out, uint64_t bits, int size)
{
    for (int i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)(bits >> (8 * i));
        append(out, &byte, 1);
    }
}

void protobuf_fixed32(struct buf *out, uint32_t field, uint32_t bits)
{
    tag(out, field, FIXED32);
    little_endian(out, bits, 4);
}

void protobuf_fixed64(struct buf *out, uint32_t field, uint64_t bits)
{
    tag(out, field, FIXED64);
    little_endian(out, bits, 8);
}

void protobuf_bytes(struct buf *out, uint32_t field, const void *bytes, size_t size)
{
    tag(out, field, BYTES);
    protobuf_raw_varint(out, size);
    append(out, bytes, size);
}

void protobuf_text(struct buf *out, uint32_t field, const char *text)
{
    protobuf_bytes(out, field, text, strlen(text));
}

void protobuf_message(struct buf *out, uint32_t field, struct buf *inner)
{
    protobuf_bytes(out, field, inner->data, inner->size);
    buf_clear(inner);
}

void protobuf_blob(struct buf *out, uint32_t field, unsigned dims, const int64_t *shape,
                   const float *data)
{
    struct buf blob, inner;
    size_t count = 1;

    buf_init(&blob, (size_t)1 << 30);
    buf_init(&inner, 4096);
    for (unsigned i = 0; i < dims; i++) {
        protobuf_raw_varint(&inner, (uint64_t)shape[i]);
        count *= (size_t)shape[i];
    }
    struct buf message;
    buf_init(&message, 4096);
    protobuf_message(&message, SHAPE_DIM, &inner);
    protobuf_message(&blob, BLOB_SHAPE, &message);
    protobuf_bytes(&blob, BLOB_DATA, data, count * sizeof *data);
    protobuf_message(out, field, &blob);
    buf_free(&message);
    buf_free(&inner);
    buf_free(&blob);
}
