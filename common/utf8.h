/* utf8: whether bytes are UTF-8 (RFC 3629), and Latin-1 made UTF-8. What is shown or stored as text
 * must be UTF-8, or readers of the database and of JSON refuse it.
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/status.h"

/* Length in bytes of the valid sequence that starts here, or 0. Never looks behind the text's NUL.
 */
size_t utf8_length(const char *text);

bool utf8_valid(const char *text);

/* Makes one line of text of what a stranger sent, in place: control characters and bytes that are
 * not UTF-8 become '?'. */
void utf8_make_line(char *text);

/* Writes the character at the start of `text`, U+FFFD for a byte that is not UTF-8, and returns how
 * many bytes it was. Not for the empty text. */
size_t utf8_write(FILE *out, const char *text);

/* Appends `text`, read as Latin-1 (ISO 8859-1). STATUS_LIMIT and STATUS_MEMORY as buf_append. */
enum status utf8_from_latin1(const char *text, struct buf *out) MUST_CHECK;

#endif
