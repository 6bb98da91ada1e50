/* wire: reads protobuf's binary encoding in place.
 *
 * Bounded: nothing outside the given bytes is touched, nesting is at most WIRE_MAX_DEPTH, nothing
 * is copied. The first error sticks; wire_next() then says there is no more, and wire_status()
 * tells why. Source: https://protobuf.dev/programming-guides/encoding/
 */
#ifndef MODEL_FORMAT_WIRE_H
#define MODEL_FORMAT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum { WIRE_MAX_DEPTH = 32 };

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire {
    const char *file;
    const unsigned char *begin; /* of the file: errors give offsets from here */
    const unsigned char *at, *end;
    const char *problem; /* NULL while all is well */
    unsigned depth;
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;             /* of VARINT, FIXED32, FIXED64 */
    const unsigned char *bytes; /* of BYTES; points into the input */
    size_t size;
};

/* Starts on a whole file; `file` is used in error lines and must outlive the reader. */
struct wire wire_open(const char *file, const unsigned char *bytes, size_t size);

/* Starts on the message in a field of type WIRE_BYTES. Another type, or too deep a nesting, is an
 * error of the reader that comes back. */
struct wire wire_enter(const struct wire *outer, const struct wire_field *field);

/* Reads the next field. False at the end or after an error. */
bool wire_next(struct wire *wire, struct wire_field *field) MUST_CHECK;

/* Reads a varint that stands alone, as in packed fields. False at the end or after an error. */
bool wire_varint(struct wire *wire, uint64_t *value) MUST_CHECK;

/* STATUS_OK, or STATUS_DATA with "FILE: byte N: PROBLEM". */
enum status wire_status(const struct wire *wire, struct error *error) MUST_CHECK;

#endif
