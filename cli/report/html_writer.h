/* html_writer: HTML text into a buffer; the only place where strangers' text becomes markup.
 *
 * The first failure stays in `status` and later calls do nothing, so that a page is written
 * without a check behind every line and asked once at its end.
 */
#ifndef CLI_REPORT_HTML_WRITER_H
#define CLI_REPORT_HTML_WRITER_H

#include <stdbool.h>

#include "common/buf.h"
#include "common/status.h"

struct html {
    struct buf *out;
    enum status status; /* STATUS_OK, STATUS_LIMIT or STATUS_MEMORY */
};

/* Appends markup as printf would, of which it knows %s, %d, %u, %zu, %lu, %ld, %.Nf and %%. Every
 * %s is escaped for text and for attributes in double quotes alike: & < > " ' become references;
 * control characters, bytes that are not UTF-8 and characters that turn the direction of what
 * follows become U+FFFD. NULL is "". A %f that is not finite is 0: it is for coordinates; see
 * number.h for figures. */
void html_put(struct html *html, const char *format, ...) PRINTF_LIKE(2, 3);

/* A text of this program that is markup already, such as the style sheet. */
void html_markup(struct html *html, const char *markup);

/* A URL as text, and as a link when it is http or https. */
void html_url(struct html *html, const char *url);
bool html_is_link(const char *url);

#endif
