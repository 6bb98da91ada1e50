/* url: URLs as they stand in lists, and lists of URLs as they really are.
 *
 * Nothing here resolves or connects. The grammar is that of RFC 3986 as far as http and https need
 * it.
 */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/labels.h"
#include "common/status.h"

enum { URL_MAX = 8192, URL_HOST_MAX = 256 };

/* Checks an absolute http or https URL and writes its normal form, NUL-terminated, into `out`
 * (URL_MAX bytes): scheme and host in lower case, default port and fragment dropped, empty path
 * "/", blanks and bytes that a URL must not hold (Latin-1 and UTF-8 included) percent-encoded; path
 * and query are otherwise untouched. Refused with STATUS_DATA and the reason: another scheme, no
 * host, credentials, a bad port, control characters, too long. */
enum status url_normalize(const char *text, size_t size, char out[URL_MAX],
                          struct error *error) MUST_CHECK;

/* Lower-case host without brackets and port. STATUS_DATA when the URL has none. */
enum status url_host(const char *url, char host[URL_HOST_MAX]) MUST_CHECK;

/* One line of a list. Points into the caller's line or into this struct. */
struct url_line {
    enum {
        URL_LINE_BLANK,
        URL_LINE_URL,
        URL_LINE_REFUSED
    } kind;               /* blank, comment: nothing to do */
    char url[URL_MAX];    /* normal form */
    char wnid[WNID_SIZE]; /* of ImageNet's `n02131653_123<TAB>URL`; "" when the line has none */
    struct error why;     /* REFUSED: what is wrong, without line number */
};

/* Reads one line (without or with its line end). Tolerates: CR, byte order mark, leading and
 * trailing blanks, a trailing backslash, Latin-1 bytes, ImageNet's id and tab in front, RTF
 * leftovers behind the URL. Comments start with '#'. What it cannot make a URL of is REFUSED, never
 * dropped. */
void url_line_parse(const char *line, size_t size, struct url_line *out);

/* Reads lines from a descriptor with bounded memory. A line longer than 64 KiB is delivered cut,
 * with *too_long set. */
struct line_reader;
enum status line_reader_open(int descriptor, struct line_reader **out) MUST_CHECK;
/* STATUS_OK with *line (valid until the next call) and *number from 1; STATUS_NO at the end;
 * STATUS_IO. */
enum status line_reader_next(struct line_reader *reader, const char **line, size_t *size,
                             uint64_t *number, bool *too_long) MUST_CHECK;
void line_reader_free(struct line_reader *reader); /* does not close the descriptor */

#endif
