/* scan: a cursor over JSON text (RFC 8259) that allocates nothing.
 *
 * Each function takes what it names off the front of the text. The first error sticks: `problem`
 * is set, `at` stays where it happened, and everything after returns false. Strict as jansson's
 * json_loadb without flags: UTF-8 is checked, lone surrogates, \u0000 and control characters are
 * refused. One thread per cursor.
 */
#ifndef DAEMON_BACKENDS_SCAN_H
#define DAEMON_BACKENDS_SCAN_H

#include <stdbool.h>
#include <stddef.h>

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

void scan_init(struct scan *cursor, const char *text, size_t size, unsigned max_depth);

/* Notes a problem unless there is one; always false. */
bool scan_fail(struct scan *cursor, const char *problem);

/* The next byte that is not blank, without taking it; 0 at the end (and after a problem). */
char scan_peek(struct scan *cursor);

/* Arrays: `if (scan_enter(c, '[')) while (scan_element(c, &first)) ...value...`, where `first`
 * starts true. Objects the same with '{' and scan_member, which also takes the name and the colon.
 * Both take the closing bracket when they return false without a problem. */
bool scan_enter(struct scan *cursor, char bracket);
bool scan_element(struct scan *cursor, bool *first);
bool scan_member(struct scan *cursor, bool *first, struct scan_slice *name);

bool scan_string(struct scan *cursor, struct scan_slice *string);

/* The text of a number; scan_slice_double and X tell its value. */
bool scan_number(struct scan *cursor, struct scan_slice *number);

/* Takes `null` if it stands there. */
bool scan_null(struct scan *cursor);

/* Takes any value, checking it. */
bool scan_skip(struct scan *cursor);

/* True when nothing but blanks is left. */
bool scan_finish(struct scan *cursor);

/* Does the string spell `name` (ASCII)? Escapes are understood. */
bool scan_slice_equals(const struct scan_slice *string, const char *name);

/* Writes the string's text into `out`, NUL-terminated, cut at a character when it does not fit. */
void scan_slice_copy(const struct scan_slice *string, char *out, size_t size);

/* False when the number is not finite in double precision. Rounded to nearest. */
bool scan_slice_double(const struct scan_slice *number, double *value);

#endif
