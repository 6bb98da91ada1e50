/* reason: the fixed list of why a job failed, with its stage and whether trying again can help.
 *
 * The names are public: they stand in the `failures` view, in `carmlbench retry --reason`, in logs
 * and metrics. A name is never reused for another meaning.
 */
#ifndef COMMON_REASON_H
#define COMMON_REASON_H

#include <stdbool.h>

#include "common/status.h"

enum stage { STAGE_FETCH, STAGE_VALIDATE, STAGE_PREDICT };

/* name, stage, retryable, what it means */
#define REASON_MAP(X)                                                                              \
    X(bad_url, FETCH, false, "the URL cannot be requested")                                        \
    X(address_refused, FETCH, false, "the host's address is not a public one")                     \
    X(dns_failed, FETCH, true, "the host name was not resolved")                                   \
    X(connect_failed, FETCH, true, "no connection to the host")                                    \
    X(tls_failed, FETCH, false, "the TLS handshake or certificate failed")                         \
    X(connection_lost, FETCH, true, "the connection ended before the body did")                    \
    X(fetch_timeout, FETCH, true, "the download took longer than fetch.timeout")                   \
    X(fetch_stalled, FETCH, true, "the download fell below fetch.low_speed")                       \
    X(too_many_redirects, FETCH, false, "more redirects than fetch.max_redirects")                 \
    X(redirect_refused, FETCH, false, "a redirect to something other than http or https")          \
    X(too_large, FETCH, false, "the body is larger than fetch.max_bytes")                          \
    X(http_not_found, FETCH, false, "404 or 410 without a picture")                                \
    X(http_forbidden, FETCH, false, "401, 403 or 451 without a picture")                           \
    X(http_client_error, FETCH, false, "another 4xx without a picture")                            \
    X(http_throttled, FETCH, true, "429, 425 or 408 without a picture")                            \
    X(http_server_error, FETCH, true, "5xx without a picture")                                     \
    X(http_protocol, FETCH, true, "the answer is not HTTP")                                        \
    X(empty, VALIDATE, false, "the body is empty")                                                 \
    X(html, VALIDATE, false, "the body is a web page")                                             \
    X(not_an_image, VALIDATE, false, "the body is no known picture format")                        \
    X(unsupported_format, VALIDATE, false, "a picture format that no backend takes")               \
    X(unsupported_color, VALIDATE, false, "CMYK or another colour model that no backend takes")    \
    X(truncated, VALIDATE, false, "the picture ends before its data is complete")                  \
    X(corrupt, VALIDATE, false, "the picture's data is damaged")                                   \
    X(too_many_pixels, VALIDATE, false, "more pixels or a longer side than allowed")               \
    X(too_costly, VALIDATE, false, "too many scans, or few bytes that claim very many pixels")     \
    X(image_changed, VALIDATE, false, "other bytes than those another target was asked about")     \
    X(crashed, VALIDATE, false, "set aside after it crashed the process three times")              \
    X(rejected, PREDICT, false, "the backend refused this picture")                                \
    X(model_unavailable, PREDICT, true, "the backend cannot open the model")                       \
    X(service_unavailable, PREDICT, true, "the backend cannot be reached")                         \
    X(predict_timeout, PREDICT, true, "the backend took longer than allowed")                      \
    X(bad_answer, PREDICT, true, "the backend's answer cannot be understood")                      \
    X(empty_answer, PREDICT, true, "the backend answered without a prediction")                    \
    X(internal, PREDICT, true, "an error inside carmlbench")

enum reason {
#define X(name, stage, retryable, text) REASON_##name,
    REASON_MAP(X)
#undef X
        REASON_COUNT
};

/* The public name, e.g. "dns_failed"; never NULL. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason);
enum stage reason_stage(enum reason reason);
bool reason_retryable(enum reason reason);

/* "fetch", "validate", "predict". */
const char *stage_name(enum stage stage);

/* STATUS_USAGE for a name that is not in the list. */
enum status reason_parse(const char *name, enum reason *reason) MUST_CHECK;

#endif
