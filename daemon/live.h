/* live: the page at `/`: one HTML file with its style and script inside.
 *
 * Put together from daemon/page/ and common/page/, embedded at build. Any thread.
 */
#ifndef DAEMON_LIVE_H
#define DAEMON_LIVE_H

#include "common/buf.h"
#include "common/text_file.h"

/* The files of daemon/page. */
extern const struct text_file live_files[];
extern const size_t live_files_count;

/* Appends the page to `page`, and to `policy` the Content-Security-Policy (W3C, CSP Level 3) that
 * lets it run its own style and script, by their hashes, and fetch from where it came; nothing
 * else. Both buffers come initialised. */
enum status live_page(struct buf *page, struct buf *policy) MUST_CHECK;

#endif
