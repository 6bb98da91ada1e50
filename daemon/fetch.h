/* fetch: one download of a URL from a list, with every limit of the configuration, and its verdict.
 *
 * The HTTP status alone decides nothing: bytes that look like a picture are a picture whatever the
 * status. Loop thread only.
 */
#ifndef DAEMON_FETCH_H
#define DAEMON_FETCH_H

#include "common/config.h"
#include "common/reason.h"
#include "daemon/http.h"

struct fetcher;
struct fetch;

struct fetch_result {
    bool ok;            /* there are bytes worth validating */
    enum reason reason; /* when not ok; stage fetch or validate (empty, html, ...) */
    const char *detail; /* one line when not ok */
    char *bytes;        /* malloc'ed, now the callee's; NULL when not ok */
    size_t size;
    long http_status;
    const char *final_url;  /* lives during the callback */
    double fetch_ms;        /* from start to last byte */
    int64_t retry_after_ms; /* -1: the server named none */
};

typedef void fetch_done_fn(void *context, struct fetch_result *result);

/* Makes the guarded pool. `config` must outlive it. */
enum status fetcher_create(uv_loop_t *loop, const struct config *config, struct fetcher **out,
                           struct error *error) MUST_CHECK;

/* Starts a download; `done` is called once from the loop, never before this returns. `url` must
 * stay. */
enum status fetch_start(struct fetcher *fetcher, const char *url, fetch_done_fn *done,
                        void *context, struct fetch **out, struct error *error) MUST_CHECK;

/* The same with a ceiling of its own for the body, below fetch.max_bytes. */
enum status fetch_start_limited(struct fetcher *fetcher, const char *url, size_t max_bytes,
                                fetch_done_fn *done, void *context, struct fetch **out,
                                struct error *error) MUST_CHECK;
void fetch_cancel(struct fetch *fetch); /* `done` will not be called */

/* Bytes of bodies that arrived so far, of downloads that came to an end. */
uint64_t fetcher_bytes(const struct fetcher *fetcher);

/* Cancels what is in flight, frees everything; then `closed` is called from the loop. */
void fetcher_close(struct fetcher *fetcher, void (*closed)(void *context), void *context);

#endif
