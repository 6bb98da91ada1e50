/* carml_call: one API call: the server it belongs to, and the ways to answer it. Internal to the
 * carml server; loop thread only.
 */
#ifndef TESTS_LIB_CARML_CALL_H
#define TESTS_LIB_CARML_CALL_H

#include <jansson.h>

#include "tests/lib/carml_download.h"
#include "tests/lib/carml_ids.h"
#include "tests/lib/carml_server.h"
#include "tests/lib/files.h"
#include "tests/lib/tally.h"

struct uploads;

/* Something to do later, or at once when the server stops. */
struct delay {
    uv_timer_t timer;
    struct carml *carml;
    struct delay *previous, *next;
    void (*then)(void *context);
    void *context;
};

struct carml {
    struct carml_options options;
    uv_loop_t *loop;
    struct http_server *http;
    struct agent *agent;
    struct ids *ids;
    struct downloader *downloader;
    struct uploads *uploads;
    struct files *files;
    struct tally *tally;
    struct delay *delays;
    bool tracing; /* process-wide in the agent: the last open wins for everybody */
};

/* Valid, with its request, until it is answered; may be copied. */
struct call {
    struct carml *carml;
    struct server_exchange *exchange;
    const struct server_request *request;
    char request_id[130];
    char trace_id[33];
};

enum { BODY_LIMIT = 128 << 20 };

/* Sends a JSON body made of `before`, `middle` (borrowed, may be NULL) and `after` (may be NULL);
 * more than 2 KiB go out chunked. The texts are emptied. A text that failed: 500. */
void call_send(const struct call *call, unsigned status, const char *headers, struct text *before,
               const struct text *middle, struct text *after);
void call_send_text(const struct call *call, unsigned status, const char *json);

/* 400 with the handler's error object, or with no body when the message cannot be pasted. */
void call_fail(const struct call *call, const char *name, const char *handler, const char *message);

/* A refusal by go-swagger: {"code":CODE,"message":MESSAGE}. */
void call_refuse(const struct call *call, unsigned status, unsigned code, const char *headers,
                 const char *message);

/* The outer web framework's answer to a panic. */
void call_panic(const struct call *call);

/* Percent-decodes query parameter `name` into `value`; "" when it is absent. */
void call_query(const struct call *call, const char *name, char *value, size_t size);

/* Calls `then(context)` after `ms` milliseconds, or when the server stops. */
void carml_delay(struct carml *carml, unsigned long ms, void (*then)(void *context), void *context);
void carml_end_delays(struct carml *carml);

/* The handlers. Those with a body get it parsed and checked; they do not keep a reference. */
void carml_predict_open(struct call *call, json_t *body);
void carml_predict_urls(struct call *call, json_t *body);
void carml_predict_images(struct call *call, json_t *body);
void carml_predict_close(struct call *call, json_t *body);
void carml_predict_reset(struct call *call, json_t *body);

void carml_registry_frameworks(struct call *call);
void carml_registry_models(struct call *call);
void carml_registry_framework_agents(struct call *call);
void carml_registry_model_agents(struct call *call);
void carml_registry_keys(struct call *call);

/* Everything under /api/upload/, tus 1.0 with its creation and termination extensions. */
enum status uploads_create(struct uploads **out) MUST_CHECK;
void uploads_free(struct uploads *uploads);
void uploads_handle(struct call *call);

#endif
