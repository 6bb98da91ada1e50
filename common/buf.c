#include "common/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"

void buf_init(struct buf *buf, size_t limit)
{
    *buf = (struct buf){.limit = limit};
}

enum status buf_reserve(struct buf *buf, size_t size, char **end)
{
    size_t needed;
    if (!checked_add(buf->size, size, &needed) || needed > buf->limit)
        return STATUS_LIMIT;
    if (needed >= buf->capacity || !buf->data) {
        size_t capacity = buf->capacity ? buf->capacity : 256;
        while (capacity <= needed && capacity < buf->limit)
            capacity *= 2;
        if (capacity > buf->limit)
            capacity = buf->limit;
        if (capacity == (size_t)-1)
            return STATUS_LIMIT;
        char *data = realloc(buf->data, capacity + 1);
        if (!data)
            return STATUS_MEMORY;
        buf->data = data;
        buf->capacity = capacity;
        buf->data[buf->size] = '\0';
    }
    *end = buf->data + buf->size;
    return STATUS_OK;
}

enum status buf_append(struct buf *buf, const void *bytes, size_t size)
{
    char *end;
    enum status status = buf_reserve(buf, size, &end);
    if (status)
        return status;
    if (size)
        memcpy(end, bytes, size);
    buf->size += size;
    buf->data[buf->size] = '\0';
    return STATUS_OK;
}

enum status buf_append_text(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

enum status buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    enum status status = length < 0 ? STATUS_INTERNAL : STATUS_OK;
    char *end = NULL;
    if (!status)
        status = buf_reserve(buf, (size_t)length, &end);
    if (!status) {
        vsnprintf(end, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
    return status;
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

char *buf_take(struct buf *buf)
{
    char *data = buf->data ? buf->data : calloc(1, 1);
    size_t limit = buf->limit;
    buf_init(buf, limit);
    return data;
}

void buf_free(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->limit);
}
