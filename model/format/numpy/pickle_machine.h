/* pickle_machine: what the opcodes of pickle.c and the NumPy part share. */
#ifndef MODEL_FORMAT_NUMPY_PICKLE_MACHINE_H
#define MODEL_FORMAT_NUMPY_PICKLE_MACHINE_H

#include "model/format/numpy/pickle.h"

/* What a PICKLE_NAME stands for. */
enum pickle_name {
    PICKLE_RECONSTRUCT,
    PICKLE_SCALAR,
    PICKLE_NDARRAY,
    PICKLE_DTYPE,
    PICKLE_ENCODE,
    PICKLE_BYTES_TYPE,
    PICKLE_ORDERED_DICT
};

/* The first problem sticks; then nothing is done any more. */
struct pickle {
    const char *path;
    const unsigned char *bytes;
    size_t size, at, begin; /* `begin`: of the opcode that runs */
    size_t offset, opcodes;
    bool stopped;
    enum status status;
    struct error *error;
    struct arena arena, *kept;
    size_t keepable;              /* bytes that may still go to `kept` */
    struct pickle_value **blocks; /* of BLOCK_VALUES each, so that values never move */
    size_t value_count, block_capacity;
    struct pickle_items stack, memo; /* memo: index + 1, 0 for none */
};

/* Sets the error "PATH: byte N: ...". */
void pickle_fail(struct pickle *pickle, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Room in `kept`; NULL on failure. */
unsigned char *pickle_keep(struct pickle *pickle, size_t size);

/* When the arena gave nothing. */
void pickle_fail_memory(struct pickle *pickle);

/* The next bytes of the file, little-endian numbers, and lines (up to a line feed, which is not
 * counted); NULL or 0 when they pass the end, a failure. */
const unsigned char *pickle_take(struct pickle *pickle, uint64_t size);
uint64_t pickle_take_number(struct pickle *pickle, unsigned width);
const unsigned char *pickle_take_line(struct pickle *pickle, size_t *size);

struct pickle_value *pickle_at(const struct pickle *pickle, uint32_t index);

/* A new value; its index goes to *index. NULL on failure. */
struct pickle_value *pickle_make(struct pickle *pickle, enum pickle_kind kind, uint32_t *index);

/* The same, on the stack. */
struct pickle_value *pickle_push_new(struct pickle *pickle, enum pickle_kind kind);
void pickle_push_text(struct pickle *pickle, enum pickle_kind kind, const unsigned char *bytes,
                      size_t size);

void pickle_push(struct pickle *pickle, uint32_t index);
/* Of an empty stack, or of a mark, a failure and some value. */
uint32_t pickle_pop(struct pickle *pickle);
void pickle_add(struct pickle *pickle, struct pickle_items *items, uint32_t index);

/* An item of a tuple, list or dict; NULL when it has fewer or the value is no such thing. */
const struct pickle_value *pickle_part(const struct pickle *pickle,
                                       const struct pickle_value *value, size_t index);

/* STRING and UNICODE of protocol 0. */
void pickle_op_literal(struct pickle *pickle, unsigned detail);
void pickle_op_escaped_text(struct pickle *pickle, unsigned detail);

/* What calling one of the names gives. */
void pickle_reduce(struct pickle *pickle);

/* Gives an array or a dtype its state. */
void pickle_build(struct pickle *pickle);

#endif
