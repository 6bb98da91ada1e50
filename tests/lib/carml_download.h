/* carml_download: fetches URLs as CarML's agents do (Go's default client): up to 10 redirects, only
 * status 200 accepted, no time limit. libcurl's multi interface on the loop. One thread.
 *
 * The one difference: a body past the ceiling is a failure, where an agent would run out of memory.
 */
#ifndef TESTS_LIB_CARML_DOWNLOAD_H
#define TESTS_LIB_CARML_DOWNLOAD_H

#include <uv.h>

#include "common/buf.h"

struct downloader;

/* How a download ended. `cause` is "" for success, else what the agent's log would say, e.g. "bad
 * response code: 404". `body` belongs to the caller from now on. */
typedef void download_done(void *context, struct buf *body, const char *cause);

/* Caller stops it, lets the loop end, and then frees it. */
enum status downloader_create(uv_loop_t *loop, size_t max_body, struct downloader **out,
                              struct error *error) MUST_CHECK;

/* Calls `done` once; before it returns only when memory is out or the downloader is stopping. A URL
 * that cannot even be tried is a failure too. */
void downloader_get(struct downloader *downloader, const char *url, download_done *done,
                    void *context);

/* Ends what is under way (their `done` is called with a cause) and closes the loop's handles. */
void downloader_stop(struct downloader *downloader);
void downloader_free(struct downloader *downloader);

#endif
