/* carml_send: brings one picture to a CarML server, whichever way the server takes it.
 *
 *   images   POST /predict/images with the bytes in base64. CarML's own servers answer 400 to every
 *            such call; compatible ones may not.
 *   upload   POST and PATCH /upload/ (tus 1.0), then POST /predict/urls with the upload's address:
 *            the same bytes.
 *   url      POST /predict/urls with the picture's address: the server downloads it again.
 *
 * With carml.send auto the ways are tried in this order. A refusal may be the way's or the
 * picture's fault, and generation B words both alike; so a way is given up for good only when it
 * has never worked and the same picture then goes through another way (or when the endpoint is
 * plainly not there). Loop thread only.
 */
#ifndef DAEMON_BACKENDS_CARML_SEND_H
#define DAEMON_BACKENDS_CARML_SEND_H

#include "common/config.h"
#include "daemon/backends/backend.h"
#include "daemon/backends/carml_message.h"
#include "daemon/http.h"

enum carml_way { CARML_WAY_IMAGES, CARML_WAY_UPLOAD, CARML_WAY_URL, CARML_WAYS };

/* What is known of the server; one per server. */
struct sender {
    struct http *http;
    const char *base;
    const struct config *config;
    enum { WAY_UNTRIED, WAY_WORKS, WAY_CLOSED } ways[CARML_WAYS];
};

struct sent {
    enum carml_outcome outcome;
    const char *way;  /* "images", "upload", "url": the last one tried */
    const char *why;  /* one line unless CARML_OK */
    struct buf *body; /* of the prediction when CARML_OK */
    double ms;        /* that the last way took */
};

typedef void sent_fn(void *context, const struct sent *sent);

/* One picture under way; embedded. */
struct sending {
    struct sender *sender;
    const struct backend_picture *picture;
    const char *predictor;
    sent_fn *done;
    void *context;
    const struct sending_step *step;
    enum carml_way way;
    bool doubted[CARML_WAYS]; /* refused this picture, and never worked so far */
    uint64_t start_ns;
    char url[CARML_URL_MAX]; /* of the request */
    char upload[CARML_URL_MAX];
    char length[48]; /* tus header */
    const char *headers[6];
    struct buf body;
    struct http_transfer *transfer;
};

/* `http`, `base` and `config` must outlive it. */
void sender_init(struct sender *sender, struct http *http, const char *base,
                 const struct config *config);

/* Asks `predictor` about `picture`; both stay where they are. `done` is called once from the loop,
 * never before this returns. When it fails nothing was sent and `done` will not be called. */
enum status sending_start(struct sending *sending, struct sender *sender, const char *predictor,
                          const struct backend_picture *picture, sent_fn *done, void *context,
                          struct error *error) MUST_CHECK;

/* `done` will not be called; fine when it was, or for a zeroed struct. */
void sending_cancel(struct sending *sending);

#endif
