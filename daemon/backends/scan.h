/* scan: a cursor over JSON text (RFC 8259) that allocates nothing.
 *
 * Each function takes what it names off the front of the text. The first error sticks: `problem`
 * is set, `at` stays where it happened (and becomes the end), and everything after returns false.
 * Strict as jansson's json_loadb without flags: UTF-8 is checked, lone surrogates, \u0000 and
 * control characters are refused. One thread per cursor.
 */
#ifndef DAEMON_BACKENDS_SCAN_H
#define DAEMON_BACKENDS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct scan {
    const char *begin, *at, *end;
    const char *problem; /* NULL: none */
    unsigned depth, max_depth;
};

/* A piece of the text. Of a string: without the quotes, escapes still in it. */
struct scan_slice {
    const char *text;
    size_t size;
    bool escaped; /* has a backslash */
};

/* A number, taken apart. */
struct scan_number {
    const char *text;
    size_t size;
    uint64_t mantissa; /* its digits without the point */
    int power;         /* of ten, that the mantissa is multiplied with; capped near 1000 */
    bool whole;        /* so few digits that mantissa and power say all */
    bool negative;
};

void scan_init(struct scan *cursor, const char *text, size_t size, unsigned max_depth);

/* Notes a problem unless there is one; always false. */
bool scan_fail(struct scan *cursor, const char *problem);

static inline bool scan_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The next byte that is not blank, without taking it; 0 at the end (and after a problem). */
static inline char scan_peek(struct scan *cursor)
{
    const char *at = cursor->at, *end = cursor->end;
    while (at < end && (uint8_t)*at <= ' ' && scan_blank(*at))
        at++;
    cursor->at = at;
    return at < end ? *at : 0;
}

/* Takes `text` if just these bytes come next, without a blank. */
static inline bool scan_word(struct scan *cursor, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

/* Arrays: `if (scan_enter(c, '[')) while (scan_next(c, &first, ']')) ...value...`, where `first`
 * starts true. Objects the same with '{', '}' and, before each value, scan_name for its name and
 * the colon. scan_next takes the closing bracket when it returns false without a problem. */
bool scan_enter(struct scan *cursor, char bracket);
static inline bool scan_next(struct scan *cursor, bool *first, char closing)
{
    char c = scan_peek(cursor);
    if (c == closing) {
        cursor->at++;
        cursor->depth--;
        return false;
    }
    if (*first) {
        *first = false;
        return !cursor->problem;
    }
    if (c != ',')
        return scan_fail(cursor, "expected a comma or a closing bracket");
    cursor->at++;
    return true;
}
bool scan_name(struct scan *cursor, struct scan_slice *name);

bool scan_string(struct scan *cursor, struct scan_slice *string);

bool scan_number(struct scan *cursor, struct scan_number *number);

/* Takes `null` if it stands there. */
static inline bool scan_null(struct scan *cursor)
{
    return scan_peek(cursor) == 'n' && scan_word(cursor, "null");
}

/* Takes any value, checking it. */
bool scan_skip(struct scan *cursor);

/* True when nothing but blanks is left. */
bool scan_finish(struct scan *cursor);

/* Does the string spell `name` (ASCII, less than 64 bytes)? Escapes are understood. In the header
 * so that the length of a literal is known where it is compared. */
bool scan_slice_unescaped_equals(const struct scan_slice *string, const char *name);
static inline bool scan_slice_equals(const struct scan_slice *string, const char *name)
{
    if (string->escaped)
        return scan_slice_unescaped_equals(string, name);
    size_t size = strlen(name);
    return string->size == size && memcmp(string->text, name, size) == 0;
}

/* Writes the string's text into `out`, NUL-terminated, cut at a character when it does not fit. */
void scan_slice_copy(const struct scan_slice *string, char *out, size_t size);

/* Rounded to nearest. False when the number is not finite in double precision. */
bool scan_number_double(const struct scan_number *number, double *value);

/* True: the number is certainly finite and less than `limit`. False: it may be or not. Spares the
 * exact conversion, which costs more than all the rest where Clinger's way does not do. */
bool scan_number_below(const struct scan_number *number, double limit);

#endif
