#include "tests/lib/carml_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/lib/carml_call.h"
#include "tests/lib/carml_schema.h"

enum { MAX_BODY = 128 << 20, MAX_PICTURE = 64 << 20, STATS_LIMIT = 1 << 20 };

/* Nobody has signed up, so nobody is known. */
static void user_info(struct call *call)
{
    call_send_text(call, 200, "{\"outcome\":\"fail\"}\n");
}

static void login(struct call *call)
{
    call_send_text(
        call, 200,
        "{\"error\":\"Invalid Credentials\",\"loggedin\":false,\"status\":\"failure\"}\n");
}

static void version(struct call *call)
{
    call_send_text(call, 200, "{\"version\":\"" CARMLBENCH_VERSION "\"}\n");
}

static void swagger(struct call *call)
{
    const char *path = call->carml->options.swagger;
    const struct file *file = path ? files_get_path(call->carml->files, path) : NULL;
    struct text text;
    text_init(&text, MAX_BODY);
    text_put(&text, file ? file->bytes : NULL, file ? file->size : 0);
    if (file)
        call_send(call, 200, NULL, &text, NULL, NULL);
    else
        call_send_text(call, 404, "{\"message\":\"Not Found\"}");
    text_free(&text);
}

static void stats(struct call *call)
{
    struct carml *carml = call->carml;
    struct server_counts counts = http_server_counts(carml->http);
    char url[2048];
    struct text text;
    text_init(&text, STATS_LIMIT);
    text_printf(&text, "{\"requests\":%llu,\"connections\":%u,\"max_connections\":%u,",
                counts.requests, counts.connections, counts.max_connections);
    text_printf(&text, "\"predictors\":%zu,\"calls\":{", ids_count_open(carml->ids));
    tally_write_counters(carml->tally, &text);
    text_add(&text, "},\"concurrent\":{");
    tally_write_levels(carml->tally, &text);
    text_add(&text, "},\"seen\":");
    tally_write_urls(carml->tally, &text);
    call_query(call, "url", url, sizeof url);
    if (*url)
        text_printf(&text, ",\"times\":%u", tally_url_value(carml->tally, url));
    text_add(&text, "}\n");
    call_send(call, 200, NULL, &text, NULL, NULL);
}

/* {"kind":"stall","count":3} or {"kind":"slow:200:every=2"}; "none" ends all rules. */
static void set_mischief(struct call *call)
{
    json_t *body = json_loadb(call->request->body, call->request->body_size, 0, NULL);
    const char *kind = schema_string(body, "kind");
    json_int_t count = json_integer_value(json_object_get(body, "count"));
    struct error error = {"misbehave: the body is not {\"kind\":TEXT,\"count\":NUMBER}"};
    char rule[128];
    if (count > 0)
        snprintf(rule, sizeof rule, "%.90s:first=%lld", kind, (long long)count);
    else
        snprintf(rule, sizeof rule, "%.90s", kind);
    if (mischief_add(&call->carml->options.mischief, rule, &error))
        call_refuse(call, 400, 400, NULL, error.text);
    else
        call_send_text(call, 200, "{}\n");
    json_decref(body);
}

enum { ONLY_A = 1, ONLY_B = 2, BOTH = 3 };

static const struct route {
    const char *method, *path;
    unsigned generations;
    void (*handle)(struct call *call);                /* for calls without a body, or: */
    void (*predict)(struct call *call, json_t *body); /* with one of this kind */
    enum request_kind kind;
    const char *unimplemented; /* the operation that answers 501 */
} routes[] = {
    {"POST", "/api/predict/open", BOTH, NULL, carml_predict_open, REQUEST_OPEN, NULL},
    {"POST", "/api/predict/urls", BOTH, NULL, carml_predict_urls, REQUEST_URLS, NULL},
    {"POST", "/api/predict/images", BOTH, NULL, carml_predict_images, REQUEST_IMAGES, NULL},
    {"POST", "/api/predict/close", BOTH, NULL, carml_predict_close, REQUEST_CLOSE, NULL},
    {"POST", "/api/predict/reset", BOTH, NULL, carml_predict_reset, REQUEST_RESET, NULL},
    {"POST", "/api/predict/dataset", BOTH, NULL, NULL, 0, "predict.Dataset"},
    {"POST", "/api/predict/stream/urls", ONLY_A, NULL, NULL, 0, "predict.URLsStream"},
    {"POST", "/api/predict/stream/images", ONLY_A, NULL, NULL, 0, "predict.ImagesStream"},
    {"POST", "/api/predict/stream/dataset", ONLY_A, NULL, NULL, 0, "predict.DatasetStream"},
    {"GET", "/api/registry/frameworks/manifest", BOTH, carml_registry_frameworks, NULL, 0, NULL},
    {"GET", "/api/registry/frameworks/agent", BOTH, carml_registry_framework_agents, NULL, 0, NULL},
    {"GET", "/api/registry/models/manifest", BOTH, carml_registry_models, NULL, 0, NULL},
    {"GET", "/api/registry/models/agent", BOTH, carml_registry_model_agents, NULL, 0, NULL},
    {"GET", "/registry/keys", BOTH, carml_registry_keys, NULL, 0, NULL},
    {"POST", "/api/auth/login", ONLY_B, login, NULL, 0, NULL},
    {"GET", "/api/auth/userinfo", ONLY_B, user_info, NULL, 0, NULL},
    {"POST", "/api/auth/update", ONLY_B, NULL, NULL, 0, "authentication.Update"},
    {"GET", "/api/version", BOTH, version, NULL, 0, NULL},
    {"GET", "/api/v1/swagger.json", BOTH, swagger, NULL, 0, NULL},
    {"GET", "/test/stats", BOTH, stats, NULL, 0, NULL},
    {"POST", "/test/misbehave", BOTH, set_mischief, NULL, 0, NULL},
};

static bool accepts_json(const struct call *call)
{
    const char *accept = server_find_header(call->request, "Accept");
    return !accept || !*accept || strstr(accept, "*/*") || strstr(accept, "application/*") ||
           strcasestr(accept, "application/json");
}

/* go-swagger's checks of the headers in its order; false when it has refused. */
static bool check_headers(struct call *call)
{
    const char *type = server_find_header(call->request, "Content-Type");
    char message[256];
    size_t length = type ? strcspn(type, "; ") : 0;
    bool json =
        length == strlen("application/json") && !strncasecmp(type, "application/json", length);
    if (call->request->body_size && !json) {
        snprintf(message, sizeof message,
                 "unsupported media type \"%.100s\", only [application/json] are allowed",
                 type ? type : "application/octet-stream");
        call_refuse(call, 415, 415, NULL, message);
        return false;
    }
    if (!accepts_json(call)) {
        call_refuse(call, 406, 406, NULL,
                    "unsupported media type requested, only [application/json] are available");
        return false;
    }
    return true;
}

/* Parses and checks the body, then hands it to the route's handler. */
static void predict(const struct route *route, struct call *call)
{
    char message[512];
    json_error_t error;
    if (!call->request->body_size) {
        call_refuse(call, 422, 602, NULL, "body in body is required");
        return;
    }
    json_t *body =
        json_loadb(call->request->body, call->request->body_size, JSON_DECODE_ANY, &error);
    if (!body) {
        snprintf(message, sizeof message, "parsing body body from \"\" failed, because %s",
                 error.text);
        call_refuse(call, 400, 400, NULL, message);
        return;
    }
    unsigned code = schema_check(route->kind, call->carml->options.agent.generation, body, message,
                                 sizeof message);
    if (code)
        call_refuse(call, code == 400 ? 400 : 422, code, NULL, message);
    else
        route->predict(call, body);
    json_decref(body);
}

static void refuse_route(struct call *call, const struct route *other)
{
    char message[300], allow[64];
    if (other) {
        snprintf(message, sizeof message, "method %.20s is not allowed, but [%s] are",
                 call->request->method, other->method);
        snprintf(allow, sizeof allow, "Allow: %s\r\n", other->method);
        call_refuse(call, 405, 405, allow, message);
    } else if (!strncmp(call->request->path, "/api/", 5)) {
        snprintf(message, sizeof message, "path %.250s was not found", call->request->path);
        call_refuse(call, 404, 404, NULL, message);
    } else {
        call_send_text(call, 404, "{\"message\":\"Not Found\"}");
    }
}

static void answer_unimplemented(struct call *call, const char *operation)
{
    char text[128];
    snprintf(text, sizeof text, "\"operation %s has not yet been implemented\"\n", operation);
    call_send_text(call, 501, text);
}

static void route_call(struct call *call)
{
    unsigned generation = call->carml->options.agent.generation == GENERATION_A ? ONLY_A : ONLY_B;
    const struct route *found = NULL, *other = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && !found; i++) {
        if (strcmp(routes[i].path, call->request->path) || !(routes[i].generations & generation))
            continue;
        other = &routes[i];
        if (!strcmp(routes[i].method, call->request->method))
            found = other;
    }
    bool api = !strncmp(call->request->path, "/api/", 5);
    if (!found)
        refuse_route(call, other);
    else if (found->unimplemented)
        answer_unimplemented(call, found->unimplemented);
    else if (api && !check_headers(call))
        return;
    else if (found->predict)
        predict(found, call);
    else
        found->handle(call);
}

static bool is_predict(const struct server_request *request)
{
    return !strncmp(request->path, "/api/predict/", 13);
}

static void handle(void *context, struct server_exchange *exchange)
{
    struct carml *carml = context;
    struct call call = {
        .carml = carml, .exchange = exchange, .request = server_exchange_request(exchange)};
    const char *id = server_find_header(call.request, "X-Request-Id");
    const char *trace = server_find_header(call.request, "X-B3-Traceid");
    if (id && *id)
        snprintf(call.request_id, sizeof call.request_id, "%s", id);
    else
        wire_uuid(call.request_id);
    if (trace && *trace)
        snprintf(call.trace_id, sizeof call.trace_id, "%s", trace);
    else
        wire_trace_id(call.trace_id, 32);
    if (is_predict(call.request))
        tally_level(carml->tally, "predict", 1);
    if (!strncmp(call.request->path, "/api/upload", 11) &&
        (call.request->path[11] == '/' || !call.request->path[11]))
        uploads_handle(&call);
    else
        route_call(&call);
}

static void finished(void *context, const struct server_request *request)
{
    struct carml *carml = context;
    if (is_predict(request))
        tally_level(carml->tally, "predict", -1);
}

static void stopped(void *context)
{
    struct carml *carml = context;
    downloader_stop(carml->downloader);
    carml_end_delays(carml);
}

enum status carml_start(uv_loop_t *loop, const struct carml_options *options, struct carml **out,
                        struct error *error)
{
    struct carml *carml = calloc(1, sizeof *carml);
    if (!carml)
        return error_set(error, STATUS_MEMORY, "carml_server: out of memory");
    *out = carml;
    carml->options = *options;
    carml->loop = loop;
    enum status status = agent_create(&options->agent, &carml->agent, error);
    if (!status && (ids_create(&carml->ids) || uploads_create(&carml->uploads) ||
                    tally_create(&carml->tally) || files_create(".", &carml->files)))
        status = error_set(error, STATUS_MEMORY, "carml_server: out of memory");
    if (!status)
        status = downloader_create(loop, MAX_PICTURE, &carml->downloader, error);
    if (!status)
        status = http_server_start(loop,
                                   &(struct server_options){.address = options->address,
                                                            .port = options->port,
                                                            .port_file = options->port_file,
                                                            .max_body = MAX_BODY,
                                                            .handle = handle,
                                                            .finished = finished,
                                                            .stopped = stopped,
                                                            .context = carml},
                                   &carml->http, error);
    return status;
}

void carml_free(struct carml *carml)
{
    if (!carml)
        return;
    http_server_free(carml->http);
    downloader_free(carml->downloader);
    uploads_free(carml->uploads);
    ids_free(carml->ids);
    tally_free(carml->tally);
    files_free(carml->files);
    agent_free(carml->agent);
    free(carml);
}

struct http_server *carml_http(struct carml *carml)
{
    return carml->http;
}
