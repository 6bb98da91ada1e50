#include "model/format/caffe/caffe_message.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_kind { FIELD_INT, FIELD_FLOAT, FIELD_BOOL, FIELD_TEXT, FIELD_WORD, FIELD_MESSAGE };

struct caffe_field {
    const char *name;
    uint32_t number;
    enum field_kind kind;
    int64_t integer; /* of INT, BOOL, WORD */
    float real;
    const char *text; /* of TEXT, WORD */
    struct caffe_message message;
    struct caffe_field *next;
};

void *caffe_pool_alloc(struct caffe_pool *pool, size_t count, size_t size)
{
    void *memory = arena_alloc(&pool->arena, count, size);

    pool->failed = pool->failed || !memory;
    return memory;
}

const char *caffe_pool_printf(struct caffe_pool *pool, const char *format, ...)
{
    va_list arguments, again;
    char *text = NULL;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    if (size >= 0)
        text = caffe_pool_alloc(pool, (size_t)size + 1, 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text ? text : "";
}

/* ---- fields ---- */

static struct caffe_field *append(struct caffe_message *message, const char *name, uint32_t number,
                                  enum field_kind kind)
{
    struct caffe_field *field = caffe_pool_alloc(message->pool, 1, sizeof *field);

    if (!field)
        return NULL;
    *field = (struct caffe_field){.name = name, .number = number, .kind = kind};
    if (!message->first)
        message->tail = &message->first;
    *message->tail = field;
    message->tail = &field->next;
    return field;
}

static void put_integer(struct caffe_message *message, const char *name, uint32_t number,
                        enum field_kind kind, int64_t value)
{
    struct caffe_field *field = append(message, name, number, kind);

    if (field)
        field->integer = value;
}

void caffe_put_int(struct caffe_message *message, const char *name, uint32_t number, int64_t value)
{
    put_integer(message, name, number, FIELD_INT, value);
}

void caffe_put_bool(struct caffe_message *message, const char *name, uint32_t number, bool value)
{
    put_integer(message, name, number, FIELD_BOOL, value);
}

void caffe_put_float(struct caffe_message *message, const char *name, uint32_t number, float value)
{
    struct caffe_field *field = append(message, name, number, FIELD_FLOAT);

    if (field)
        field->real = value;
}

void caffe_put_text(struct caffe_message *message, const char *name, uint32_t number,
                    const char *text)
{
    struct caffe_field *field = append(message, name, number, FIELD_TEXT);

    if (field)
        field->text = text;
}

void caffe_put_word(struct caffe_message *message, const char *name, uint32_t number,
                    const char *word, int64_t value)
{
    struct caffe_field *field = append(message, name, number, FIELD_WORD);

    if (!field)
        return;
    field->text = word;
    field->integer = value;
}

void caffe_put_int_unless(struct caffe_message *message, const char *name, uint32_t number,
                          int64_t value, int64_t fallback)
{
    if (value != fallback)
        caffe_put_int(message, name, number, value);
}

void caffe_put_float_unless(struct caffe_message *message, const char *name, uint32_t number,
                            float value, float fallback)
{
    /* Bits, because -0 is not 0 and NaN is itself. */
    if (memcmp(&value, &fallback, sizeof value) != 0)
        caffe_put_float(message, name, number, value);
}

void caffe_put_bool_unless(struct caffe_message *message, const char *name, uint32_t number,
                           bool value, bool fallback)
{
    if (value != fallback)
        caffe_put_bool(message, name, number, value);
}

struct caffe_message *caffe_put_message(struct caffe_message *message, const char *name,
                                        uint32_t number)
{
    struct caffe_field *field = append(message, name, number, FIELD_MESSAGE);

    /* Without memory the fields go where they do no harm: nothing will be written. */
    if (!field)
        return message;
    field->message.pool = message->pool;
    return &field->message;
}

void caffe_put_fields(struct caffe_message *message, const struct caffe_message *fields)
{
    if (!message->first)
        message->tail = &message->first;
    *message->tail = fields->first;
}

/* ---- text ---- */

static enum status print_float(struct buf *text, float value)
{
    char digits[32];

    if (isnan(value))
        return buf_append_text(text, "nan");
    if (isinf(value))
        return buf_append_text(text, value > 0 ? "inf" : "-inf");
    for (int precision = 1; precision <= 9; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    return buf_append_text(text, digits);
}

/* Bytes that are no plain ASCII become three octal digits, as protobuf's own printer does it. */
static enum status print_text(struct buf *text, const char *string)
{
    enum status status = buf_append_text(text, "\"");

    for (; *string && !status; string++) {
        unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\')
            status = buf_printf(text, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f)
            status = buf_printf(text, "\\%03o", c);
        else
            status = buf_append(text, string, 1);
    }
    return status ? status : buf_append_text(text, "\"");
}

static enum status print_value(struct buf *text, const struct caffe_field *field)
{
    switch (field->kind) {
    case FIELD_INT:
        return buf_printf(text, "%" PRId64, field->integer);
    case FIELD_FLOAT:
        return print_float(text, field->real);
    case FIELD_BOOL:
        return buf_append_text(text, field->integer ? "true" : "false");
    case FIELD_TEXT:
        return print_text(text, field->text);
    case FIELD_WORD:
        return buf_append_text(text, field->text);
    case FIELD_MESSAGE:
        break;
    }
    return STATUS_INTERNAL;
}

/* As deep as the descriptions nest: five levels. */
static enum status print_fields(struct buf *text, const struct caffe_message *message, int depth)
{
    enum status status = STATUS_OK;

    for (const struct caffe_field *field = message->first; field && !status; field = field->next) {
        bool inner = field->kind == FIELD_MESSAGE;
        if (inner && !field->message.first)
            continue;
        status = buf_printf(text, "%*s%s%s", 2 * depth, "", field->name, inner ? " {\n" : ": ");
        if (!status)
            status =
                inner ? print_fields(text, &field->message, depth + 1) : print_value(text, field);
        if (!status)
            status =
                inner ? buf_printf(text, "%*s}\n", 2 * depth, "") : buf_append_text(text, "\n");
    }
    return status;
}

enum status caffe_message_text(const struct caffe_message *message, struct buf *text)
{
    return print_fields(text, message, 0);
}

/* ---- binary ---- */

static void put_inner(const struct caffe_field *field, struct wire_message *wire)
{
    struct wire_message inner;

    wire_init(&inner);
    caffe_message_wire(&field->message, &inner);
    if (inner.size || inner.status)
        wire_put_message(wire, field->number, &inner);
    wire_free(&inner);
}

void caffe_message_wire(const struct caffe_message *message, struct wire_message *wire)
{
    for (const struct caffe_field *field = message->first; field; field = field->next) {
        if (field->number == CAFFE_TEXT_ONLY)
            continue;
        switch (field->kind) {
        case FIELD_INT:
        case FIELD_BOOL:
        case FIELD_WORD:
            wire_put_int(wire, field->number, field->integer);
            break;
        case FIELD_FLOAT:
            wire_put_float(wire, field->number, field->real);
            break;
        case FIELD_TEXT:
            wire_put_text(wire, field->number, field->text);
            break;
        case FIELD_MESSAGE:
            put_inner(field, wire);
            break;
        }
    }
}
