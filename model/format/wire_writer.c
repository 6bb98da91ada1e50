#include "model/format/wire_writer.h"

#include <stdlib.h>
#include <string.h>

#include "model/format/wire.h"

/* Everything but the weights: 64 MB describe a network of a million nodes. */
static const size_t memory_limit = (size_t)64 << 20;
static const uint64_t message_limit = INT32_MAX;

struct wire_piece {
    size_t size; /* of bytes in memory; 0: a weight */
    struct weight weight;
};

void wire_init(struct wire_message *message)
{
    *message = (struct wire_message){.status = STATUS_OK};
    buf_init(&message->bytes, memory_limit);
}

void wire_free(struct wire_message *message)
{
    buf_free(&message->bytes);
    free(message->pieces);
    *message = (struct wire_message){.status = STATUS_OK};
}

static struct wire_piece *add_piece(struct wire_message *message)
{
    if (message->piece_count == message->piece_capacity) {
        size_t capacity = message->piece_capacity ? 2 * message->piece_capacity : 8;
        struct wire_piece *pieces = realloc(message->pieces, capacity * sizeof *pieces);
        if (!pieces) {
            message->status = STATUS_MEMORY;
            return NULL;
        }
        message->pieces = pieces;
        message->piece_capacity = capacity;
    }
    struct wire_piece *piece = &message->pieces[message->piece_count++];
    *piece = (struct wire_piece){.size = 0};
    return piece;
}

static void put_raw(struct wire_message *message, const void *bytes, size_t size)
{
    struct wire_piece *last =
        message->piece_count ? &message->pieces[message->piece_count - 1] : NULL;

    if (message->status || !size)
        return;
    if (!last || !last->size)
        last = add_piece(message);
    if (!last)
        return;
    message->status = buf_append(&message->bytes, bytes, size);
    last->size += size;
    message->size += size;
}

static void put_number(struct wire_message *message, uint64_t value)
{
    unsigned char bytes[10];
    size_t size = 0;

    do {
        bytes[size] = (unsigned char)(value & 0x7f);
        value >>= 7;
        bytes[size++] |= value ? 0x80 : 0;
    } while (value);
    put_raw(message, bytes, size);
}

static void put_tag(struct wire_message *message, uint32_t field, enum wire_type type)
{
    put_number(message, (uint64_t)field << 3 | type);
}

void wire_put_varint(struct wire_message *message, uint32_t field, uint64_t value)
{
    put_tag(message, field, WIRE_VARINT);
    put_number(message, value);
}

void wire_put_int(struct wire_message *message, uint32_t field, int64_t value)
{
    wire_put_varint(message, field, (uint64_t)value);
}

void wire_put_float(struct wire_message *message, uint32_t field, float value)
{
    put_tag(message, field, WIRE_FIXED32);
    put_raw(message, &value, sizeof value);
}

void wire_put_bytes(struct wire_message *message, uint32_t field, const void *bytes, size_t size)
{
    put_tag(message, field, WIRE_BYTES);
    put_number(message, size);
    put_raw(message, bytes, size);
}

void wire_put_text(struct wire_message *message, uint32_t field, const char *text)
{
    wire_put_bytes(message, field, text, strlen(text));
}

void wire_put_ints(struct wire_message *message, uint32_t field, const int64_t *values,
                   size_t count)
{
    struct wire_message packed;

    if (!count)
        return;
    wire_init(&packed);
    for (size_t i = 0; i < count; i++)
        put_number(&packed, (uint64_t)values[i]);
    wire_put_message(message, field, &packed);
    wire_free(&packed);
}

void wire_put_floats(struct wire_message *message, uint32_t field, const float *values,
                     size_t count)
{
    if (count)
        wire_put_bytes(message, field, values, count * sizeof *values);
}

void wire_put_weight(struct wire_message *message, uint32_t field, const struct weight *weight)
{
    struct wire_piece *piece;

    put_tag(message, field, WIRE_BYTES);
    put_number(message, weight->count * sizeof(float));
    if (message->status || !weight->count)
        return;
    piece = add_piece(message);
    if (!piece)
        return;
    piece->weight = *weight;
    message->size += weight->count * sizeof(float);
}

void wire_append(struct wire_message *message, struct wire_message *part)
{
    const char *bytes = part->bytes.data;

    if (!message->status)
        message->status = part->status;
    for (size_t i = 0; i < part->piece_count && !message->status; i++) {
        const struct wire_piece *piece = &part->pieces[i];
        if (piece->size) {
            put_raw(message, bytes, piece->size);
            bytes += piece->size;
            continue;
        }
        struct wire_piece *copy = add_piece(message);
        if (!copy)
            break;
        *copy = *piece;
        message->size += piece->weight.count * sizeof(float);
    }
    buf_clear(&part->bytes);
    part->piece_count = 0;
    part->size = 0;
    part->status = STATUS_OK;
}

void wire_put_message(struct wire_message *message, uint32_t field, struct wire_message *part)
{
    put_tag(message, field, WIRE_BYTES);
    put_number(message, part->size);
    wire_append(message, part);
}

enum status wire_write(const struct wire_message *message, const char *path, struct output *output,
                       struct error *error)
{
    const char *bytes = message->bytes.data;

    if (message->status == STATUS_MEMORY)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    if (message->status || message->size > message_limit)
        return error_set(error, STATUS_LIMIT,
                         "%s: would be larger than 2 GB, the ceiling of its format", path);
    for (size_t i = 0; i < message->piece_count; i++) {
        const struct wire_piece *piece = &message->pieces[i];
        if (piece->size)
            output_write(output, bytes, piece->size);
        else
            output_weight(output, &piece->weight);
        bytes += piece->size;
    }
    return STATUS_OK;
}
