#include "model/format/wire.h"

#include <string.h>

struct wire wire_open(const char *file, const unsigned char *bytes, size_t size)
{
    return (struct wire){.file = file, .begin = bytes, .at = bytes, .end = bytes + size};
}

struct wire wire_enter(const struct wire *outer, const struct wire_field *field)
{
    struct wire inner = {.file = outer->file,
                         .begin = outer->begin,
                         .at = outer->at,
                         .end = outer->at,
                         .depth = outer->depth + 1};

    if (field->type != WIRE_BYTES) {
        inner.problem = "a message was expected here";
    } else if (inner.depth > WIRE_MAX_DEPTH) {
        inner.problem = "messages are nested too deeply";
    } else {
        inner.at = field->bytes;
        inner.end = field->bytes + field->size;
    }
    return inner;
}

static bool fail(struct wire *wire, const char *problem)
{
    wire->problem = problem;
    return false;
}

static size_t left(const struct wire *wire)
{
    return (size_t)(wire->end - wire->at);
}

static bool read_varint(struct wire *wire, uint64_t *value)
{
    uint64_t result = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        unsigned char byte;
        if (wire->at == wire->end)
            return fail(wire, "the file ends in the middle of a number");
        byte = *wire->at++;
        if (shift == 63 && byte > 1)
            return fail(wire, "a number does not fit 64 bits");
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return true;
        }
    }
    return fail(wire, "a number does not fit 64 bits");
}

static bool read_fixed(struct wire *wire, unsigned size, uint64_t *value)
{
    uint64_t result = 0;

    if (left(wire) < size)
        return fail(wire, "the file ends in the middle of a number");
    for (unsigned i = 0; i < size; i++)
        result |= (uint64_t)wire->at[i] << (8 * i);
    wire->at += size;
    *value = result;
    return true;
}

static bool read_bytes(struct wire *wire, struct wire_field *field)
{
    uint64_t size;

    if (!read_varint(wire, &size))
        return false;
    if (size > left(wire))
        return fail(wire, "a length passes the end of what holds it; the file is cut or damaged");
    field->bytes = wire->at;
    field->size = (size_t)size;
    wire->at += size;
    return true;
}

bool wire_next(struct wire *wire, struct wire_field *field)
{
    uint64_t tag;

    if (wire->problem || wire->at == wire->end)
        return false;
    memset(field, 0, sizeof *field);
    if (!read_varint(wire, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
        return fail(wire, "not a protobuf field");
    field->number = (uint32_t)(tag >> 3);
    field->type = (enum wire_type)(tag & 7);
    switch (field->type) {
    case WIRE_VARINT:
        return read_varint(wire, &field->value);
    case WIRE_FIXED64:
        return read_fixed(wire, 8, &field->value);
    case WIRE_FIXED32:
        return read_fixed(wire, 4, &field->value);
    case WIRE_BYTES:
        return read_bytes(wire, field);
    }
    return fail(wire, "not a protobuf field");
}

bool wire_varint(struct wire *wire, uint64_t *value)
{
    if (wire->problem || wire->at == wire->end)
        return false;
    return read_varint(wire, value);
}

enum status wire_status(const struct wire *wire, struct error *error)
{
    if (!wire->problem)
        return STATUS_OK;
    return error_set(error, STATUS_DATA, "%s: byte %zu: %s", wire->file,
                     (size_t)(wire->at - wire->begin), wire->problem);
}
