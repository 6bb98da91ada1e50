/* html: a report as one HTML file that needs nothing from elsewhere: no script, no font, no
 * request.
 *
 * Light and dark, on a phone and on paper; every figure has its numbers as a table behind it. What
 * strangers wrote (labels, URLs, names of runs) is escaped in one place, html_writer.c; a page of
 * theirs is linked only when its URL is http or https. A Content-Security-Policy in the file
 * forbids everything but its own style and data: pictures.
 *
 * The file stays small whatever the run's size: rows are per target and pair, at most
 * HTML_PANELS reliability diagrams and HTML_PAIRS pairs are drawn, and thumbnails take at most
 * HTML_THUMBNAILS bytes together; what is left out is counted and named.
 */
#ifndef CLI_REPORT_HTML_H
#define CLI_REPORT_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/report/report.h"
#include "common/buf.h"
#include "common/image/image.h"
#include "common/status.h"

enum {
    HTML_LIMIT = 16 << 20,     /* bytes; a longer page is STATUS_LIMIT */
    HTML_THUMBNAILS = 1 << 20, /* bytes of JPEG, before base64 */
    HTML_PANELS = 48,
    HTML_PAIRS = 200
};

struct html_options {
    const char *pictures;       /* folder of kept pictures (pictures.h); NULL: no thumbnails */
    struct image_limits limits; /* of the pictures kept there */
    int64_t now_s;              /* Unix time that the page bears as its date */
    bool narrowed;              /* only some models or frameworks are in the report */
    /* The same answers under other scorings, to stand beside `report`; NULL: not shown. */
    const struct report *substring, *isa;
};

/* Appends the page to `out`, whose limit is the ceiling. `report` was read with details. Pictures
 * that are missing or damaged leave a box with words. Errors: STATUS_LIMIT, STATUS_MEMORY. */
enum status report_html(const struct report *report, const struct html_options *options,
                        struct buf *out, struct error *error) MUST_CHECK;

/* The same to a stream, whose errors (ferror) are the caller's to see. */
enum status report_print_html(const struct report *report, const struct html_options *options,
                              FILE *out, struct error *error) MUST_CHECK;

/* The same as a file, whole or not at all (file.h); also STATUS_FULL, STATUS_IO. */
enum status report_write_html(const struct report *report, const struct html_options *options,
                              const char *path, struct error *error) MUST_CHECK;

#endif
