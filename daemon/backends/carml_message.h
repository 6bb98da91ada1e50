/* carml_message: what is said to a CarML server, and what its refusals mean.
 *
 * Bodies follow dlframework.swagger.json of rai-project/dlframework; messages that are recognised
 * are those of its http/predict.go and of gRPC. No loop, no state; any thread.
 */
#ifndef DAEMON_BACKENDS_CARML_MESSAGE_H
#define DAEMON_BACKENDS_CARML_MESSAGE_H

#include "common/buf.h"
#include "common/config.h"
#include "common/store/store.h"
#include "daemon/http.h"

enum { CARML_URL_MAX = 2048, CARML_ID_MAX = 128 };

/* How one request ended. */
enum carml_outcome {
    CARML_OK,          /* 2xx */
    CARML_REFUSED,     /* 400 and the like: what was asked about is at fault */
    CARML_FORGOTTEN,   /* the server or the agent does not know the predictor (any more) */
    CARML_NOT_TAKEN,   /* 404, 405, 415, 422, 501: there is no such endpoint, or not for this */
    CARML_MISSHAPEN,   /* an answer that is none: a redirect, more than carml.max_answer */
    CARML_UNREACHABLE, /* no connection came about, the request never arrived */
    CARML_TIMEOUT,     /* it arrived, but no answer came in time */
    CARML_BROKEN, /* 5xx, 401, 403, 407, 408, 429: something answered that does not do its work */
    CARML_LOST    /* the connection was cut, or the agent behind the server is gone */
};

/* Makes "http://HOST:PORT" of the configured text: "http://" is put in front when there is no
 * scheme, trailing slashes and a trailing "/api" are dropped. STATUS_CONFIG names carml.url. */
enum status carml_base_url(const char *text, char base[CARML_URL_MAX],
                           struct error *error) MUST_CHECK;

/* Each appends a JSON document. STATUS_DATA when a name is not UTF-8. */
enum status carml_open_body(struct buf *out, const struct store_target *target,
                            const struct config *config) MUST_CHECK;
enum status carml_urls_body(struct buf *out, const char *predictor, const char *url) MUST_CHECK;
enum status carml_images_body(struct buf *out, const char *predictor, const void *bytes,
                              size_t size) MUST_CHECK;
/* Serves both generations: A reads `id`, B `predictor.id`. */
enum status carml_close_body(struct buf *out, const char *predictor) MUST_CHECK;

/* The predictor's id in the answer to an open. STATUS_DATA when there is none of 1 to
 * CARML_ID_MAX-1 bytes. */
enum status carml_open_id(const struct buf *body, char id[CARML_ID_MAX]) MUST_CHECK;

/* What the end of a request means. `what` names it, e.g. "POST /predict/urls". Unless CARML_OK,
 * `why` says it in one line. */
enum carml_outcome carml_judge(const struct http_answer *answer, const char *what,
                               struct error *why);

#endif
