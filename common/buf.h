/* buf: a growing byte buffer that cannot grow past the ceiling given at creation.
 *
 * The only place in the project that reallocates in a loop. A `struct buf` is owned by one thread
 * at a time. `data` is always followed by a NUL byte (not counted in `size`) once something was
 * written, so text can be passed on as a C string; it is NULL while nothing was written.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "common/status.h"

struct buf {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit;
};

/* Makes an empty buffer that will hold at most `limit` bytes. Allocates nothing. */
void buf_init(struct buf *buf, size_t limit);

/* Appends `size` bytes. STATUS_LIMIT when the ceiling would be passed, STATUS_MEMORY when memory is
 * out; the content is unchanged then. */
enum status buf_append(struct buf *buf, const void *bytes, size_t size) MUST_CHECK;
enum status buf_append_text(struct buf *buf, const char *text) MUST_CHECK;
enum status buf_printf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Makes room for `size` more bytes without changing `size`; *end then points at the room. */
enum status buf_reserve(struct buf *buf, size_t size, char **end) MUST_CHECK;

/* Forgets the content and keeps the memory. */
void buf_clear(struct buf *buf);

/* Hands the memory (malloc'ed, NUL-terminated, never NULL unless memory is out) to the caller, who
 * frees it; the buffer is empty afterwards. */
char *buf_take(struct buf *buf);

/* Frees the memory; the buffer is empty and usable afterwards. */
void buf_free(struct buf *buf);

#endif
