#include "daemon/backends/carml_send.h"

#include <string.h>

#include "common/checked.h"
#include "common/log.h"

/* A step is one request; `make` builds it, `next` follows when it went well (NULL: it was the
 * prediction). */
struct sending_step {
    const char *what, *method, *path;
    enum status (*make)(struct sending *sending, struct http_request *request);
    enum carml_outcome (*take)(struct sending *sending, const struct http_answer *answer,
                               struct error *why);
    const struct sending_step *next;
};

static const char *const way_names[CARML_WAYS] = {"images", "upload", "url"};

static void json_headers(struct sending *sending)
{
    sending->headers[0] = "Content-Type: application/json";
    sending->headers[1] = "Accept: application/json";
    sending->headers[2] = "Expect:"; /* no pause before a large body */
    sending->headers[3] = NULL;
}

static void use_body(struct sending *sending, struct http_request *request)
{
    request->body = sending->body.data;
    request->body_size = sending->body.size;
}

static enum status make_images(struct sending *sending, struct http_request *request)
{
    size_t size;
    if (!checked_mul(sending->picture->size, 2, &size) || !checked_add(size, 4096, &size))
        return STATUS_LIMIT;
    json_headers(sending);
    buf_init(&sending->body, size);
    enum status status = carml_images_body(&sending->body, sending->predictor,
                                           sending->picture->bytes, sending->picture->size);
    use_body(sending, request);
    return status;
}

static enum status make_create(struct sending *sending, struct http_request *request)
{
    (void)request;
    snprintf(sending->length, sizeof sending->length, "Upload-Length: %zu", sending->picture->size);
    sending->headers[0] = "Tus-Resumable: 1.0.0";
    sending->headers[1] = sending->length;
    sending->headers[2] = "Content-Type:";
    sending->headers[3] = NULL;
    return STATUS_OK;
}

static enum status make_patch(struct sending *sending, struct http_request *request)
{
    snprintf(sending->url, sizeof sending->url, "%s", sending->upload);
    sending->headers[0] = "Tus-Resumable: 1.0.0";
    sending->headers[1] = "Upload-Offset: 0";
    sending->headers[2] = "Content-Type: application/offset+octet-stream";
    sending->headers[3] = "Expect:";
    sending->headers[4] = NULL;
    request->body = sending->picture->bytes;
    request->body_size = sending->picture->size;
    return STATUS_OK;
}

static enum status make_urls(struct sending *sending, struct http_request *request)
{
    json_headers(sending);
    buf_init(&sending->body, 8 * CARML_URL_MAX + 65536);
    enum status status =
        carml_urls_body(&sending->body, sending->predictor,
                        sending->way == CARML_WAY_URL ? sending->picture->url : sending->upload);
    use_body(sending, request);
    return status;
}

/* The upload's absolute address: Location may be relative (RFC 9110 section 10.2.2). */
static enum carml_outcome take_location(struct sending *sending, const struct http_answer *answer,
                                        struct error *why)
{
    char *absolute = NULL;
    CURLU *url = curl_url();
    bool fine = url && answer->location && answer->location[0] &&
                curl_url_set(url, CURLUPART_URL, sending->url, 0) == CURLUE_OK &&
                curl_url_set(url, CURLUPART_URL, answer->location, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_URL, &absolute, 0) == CURLUE_OK &&
                strlen(absolute) < sizeof sending->upload && strncmp(absolute, "http", 4) == 0;
    if (fine)
        snprintf(sending->upload, sizeof sending->upload, "%s", absolute);
    else
        error_set(why, STATUS_DATA, "POST /upload/: no usable Location");
    curl_free(absolute);
    curl_url_cleanup(url);
    return fine ? CARML_OK : CARML_NOT_TAKEN;
}

static const struct sending_step step_predict = {
    "POST /predict/urls", "POST", "/api/predict/urls", make_urls, NULL, NULL};
static const struct sending_step step_patch = {"PATCH /upload/", "PATCH", NULL,
                                               make_patch,       NULL,    &step_predict};
static const struct sending_step step_create = {"POST /upload/", "POST",        "/api/upload/",
                                                make_create,     take_location, &step_patch};
static const struct sending_step step_images = {
    "POST /predict/images", "POST", "/api/predict/images", make_images, NULL, NULL};

static const struct sending_step *const first_steps[CARML_WAYS] = {&step_images, &step_create,
                                                                   &step_predict};

void sender_init(struct sender *sender, struct http *http, const char *base,
                 const struct config *config)
{
    *sender = (struct sender){.http = http, .base = base, .config = config};
}

static bool way_allowed(const struct sender *sender, enum carml_way way)
{
    switch ((enum config_send)sender->config->carml.send) {
    case CONFIG_SEND_IMAGES:
        return way == CARML_WAY_IMAGES;
    case CONFIG_SEND_UPLOAD:
        return way == CARML_WAY_UPLOAD;
    case CONFIG_SEND_URL:
        return way == CARML_WAY_URL;
    case CONFIG_SEND_AUTO:
        break;
    }
    return sender->ways[way] != WAY_CLOSED;
}

/* The first allowed way from `way` on; CARML_WAYS: none. */
static enum carml_way next_way(const struct sender *sender, enum carml_way way)
{
    while (way < CARML_WAYS && !way_allowed(sender, way))
        way++;
    return way;
}

static void step_done(void *context, struct http_answer *answer);

static enum status start_step(struct sending *sending, const struct sending_step *step,
                              struct error *error)
{
    const struct config *config = sending->sender->config;
    int64_t timeout_ms = config->carml.predict_timeout_ms;
    struct http_request request = {
        .method = step->method,
        .url = sending->url,
        .headers = sending->headers,
        .connect_timeout_ms = timeout_ms < 10000 ? timeout_ms : 10000,
        .timeout_ms = timeout_ms,
        .max_body = (size_t)config->carml.max_answer,
        .any_port = true,
    };
    sending->step = step;
    buf_free(&sending->body);
    if (step->path)
        snprintf(sending->url, sizeof sending->url, "%s%s", sending->sender->base, step->path);
    enum status status = step->make(sending, &request);
    if (status)
        return error_set(error, status, "%s: the request cannot be written: %s", step->what,
                         status_text(status));
    return http_start(sending->sender->http, &request, step_done, sending, &sending->transfer,
                      error);
}

static enum status start_way(struct sending *sending, enum carml_way way, struct error *error)
{
    sending->way = way;
    sending->start_ns = uv_hrtime();
    return start_step(sending, first_steps[way], error);
}

static void finish(struct sending *sending, enum carml_outcome outcome, const char *why,
                   struct buf *body)
{
    const struct sent sent = {
        .outcome = outcome,
        .way = way_names[sending->way],
        .why = why,
        .body = body,
        .ms = (double)(uv_hrtime() - sending->start_ns) / 1e6,
    };
    buf_free(&sending->body);
    sending->done(sending->context, &sent);
}

/* This way took the picture: the doubts about those before it were right. */
static void learn(struct sending *sending)
{
    struct sender *sender = sending->sender;
    for (enum carml_way way = 0; way < CARML_WAYS; way++)
        if (sending->doubted[way] && sender->ways[way] == WAY_UNTRIED) {
            sender->ways[way] = WAY_CLOSED;
            log_notice("carml: the server does not take pictures by %s; sending by %s",
                       way_names[way], way_names[sending->way]);
        }
    sender->ways[sending->way] = WAY_WORKS;
}

/* The way or the picture was refused: true when another way is being tried. */
static bool try_another(struct sending *sending, enum carml_outcome outcome, struct error *why)
{
    struct sender *sender = sending->sender;
    if (sender->config->carml.send != CONFIG_SEND_AUTO || sending->way == CARML_WAY_URL)
        return false;
    if (sender->ways[sending->way] == WAY_WORKS)
        return false;
    if (outcome == CARML_NOT_TAKEN && sender->ways[sending->way] == WAY_UNTRIED) {
        log_notice("carml: the server does not take pictures by %s: %s", way_names[sending->way],
                   why->text);
        sender->ways[sending->way] = WAY_CLOSED;
    }
    sending->doubted[sending->way] = true;
    enum carml_way way = next_way(sender, sending->way + 1);
    return way < CARML_WAYS && start_way(sending, way, why) == STATUS_OK;
}

static void step_done(void *context, struct http_answer *answer)
{
    struct sending *sending = context;
    const struct sending_step *step = sending->step;
    struct error why = {""};
    sending->transfer = NULL;
    enum carml_outcome outcome = carml_judge(answer, step->what, &why);
    if (outcome == CARML_OK && step->take)
        outcome = step->take(sending, answer, &why);
    if (outcome == CARML_OK && step->next) {
        if (start_step(sending, step->next, &why) == STATUS_OK)
            return;
        outcome = CARML_MISSHAPEN;
    }
    if ((outcome == CARML_REFUSED || outcome == CARML_NOT_TAKEN) &&
        try_another(sending, outcome, &why))
        return;
    if (outcome == CARML_OK)
        learn(sending);
    finish(sending, outcome, why.text, outcome == CARML_OK ? answer->body : NULL);
}

enum status sending_start(struct sending *sending, struct sender *sender, const char *predictor,
                          const struct backend_picture *picture, sent_fn *done, void *context,
                          struct error *error)
{
    *sending = (struct sending){.sender = sender,
                                .picture = picture,
                                .predictor = predictor,
                                .done = done,
                                .context = context};
    enum status status = start_way(sending, next_way(sender, CARML_WAY_IMAGES), error);
    if (status)
        buf_free(&sending->body);
    return status;
}

void sending_cancel(struct sending *sending)
{
    if (sending->transfer)
        http_cancel(sending->transfer);
    sending->transfer = NULL;
    buf_free(&sending->body);
}
