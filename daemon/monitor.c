#include "daemon/monitor.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "common/log.h"
#include "daemon/listener.h"
#include "daemon/live.h"
#include "daemon/metrics.h"
#include "daemon/overview.h"

enum {
    HEADERS_MAX =
        32 << 10, /* of a request; on "localhost" a browser sends all cookies of all ports */
    PAGE_MAX = 256 << 10,
    SWEEP_MS = 1000,
    COST = 20 /* the store is left alone for so many times as long as reading it took */
};

/* One connection, which is one request. */
struct visit {
    struct monitor *monitor;
    struct MHD_Connection *connection;
    struct visit *next, **link;
    int64_t since_ms;
    bool waiting; /* suspended until the store was read */
    bool waited;
};

/* What the committer's thread reads; the loop looks at it only when it came back. */
struct reading {
    struct errand errand; /* first, to come from one to the other */
    struct monitor *monitor;
    struct snapshot *snapshot;
    enum status status;
    struct error error;
};

struct monitor {
    struct monitor_options options;
    struct listener listener;
    struct MHD_Daemon *http;
    struct buf page, policy;
    struct visit *visits;
    struct reading reading;
    bool under_way;            /* the reading */
    int64_t asked_ms, read_ms; /* when it began, and when the last one came back */
    struct snapshot *snapshot; /* the last one; NULL: none, or it could not be read */
    uv_poll_t poll;
    uv_timer_t deadline, sweep; /* libmicrohttpd's, and ours */
    unsigned handles;
    void (*closed)(void *context);
    void *closed_context;
};

static int64_t now_ms(const struct monitor *m)
{
    return (int64_t)uv_now(m->options.loop);
}

static void on_deadline(uv_timer_t *timer);

static void run(struct monitor *m)
{
    MHD_UNSIGNED_LONG_LONG wait;
    MHD_run(m->http);
    if (MHD_get_timeout(m->http, &wait) == MHD_YES)
        uv_timer_start(&m->deadline, on_deadline, wait, 0);
    else
        uv_timer_stop(&m->deadline);
}

static void on_deadline(uv_timer_t *timer)
{
    run(timer->data);
}

/* ---- reading the store ------------------------------------------------------------------------
 */

/* Committer thread. */
static void read_store(struct errand *errand, struct store *store)
{
    struct reading *reading = (struct reading *)(void *)errand;
    reading->status = snapshot_read(store, reading->snapshot, &reading->error);
}

/* libmicrohttpd then wants to be run. */
static void wake_visits(struct monitor *m)
{
    for (struct visit *visit = m->visits; visit; visit = visit->next) {
        if (!visit->waiting)
            continue;
        visit->waiting = false;
        visit->waited = true;
        MHD_resume_connection(visit->connection);
    }
}

static void free_when_closed(struct monitor *m)
{
    if (!m->closed || m->handles || m->under_way)
        return;
    void (*closed)(void *) = m->closed;
    void *context = m->closed_context;
    buf_free(&m->page);
    buf_free(&m->policy);
    free(m->snapshot);
    free(m);
    closed(context);
}

static void on_read(struct errand *errand)
{
    struct reading *reading = (struct reading *)(void *)errand;
    struct monitor *m = reading->monitor;
    m->under_way = false;
    m->read_ms = now_ms(m);
    free(m->snapshot);
    m->snapshot = reading->snapshot;
    if (reading->status) {
        log_warning("the figures of the database: %s", reading->error.text);
        free(m->snapshot);
        m->snapshot = NULL;
    }
    if (m->closed) {
        free_when_closed(m);
        return;
    }
    wake_visits(m);
    run(m);
}

static bool is_fresh(const struct monitor *m)
{
    int64_t pause = m->snapshot ? (int64_t)(m->snapshot->took_ms * COST) : 0;
    if (pause < MONITOR_FRESH_MS)
        pause = MONITOR_FRESH_MS;
    return m->read_ms && now_ms(m) - m->read_ms < pause;
}

/* False when there is nothing to wait for: the store was just read, or does not answer. */
static bool begin_reading(struct monitor *m)
{
    if (m->under_way)
        return now_ms(m) - m->asked_ms < MONITOR_PATIENCE_MS;
    if (is_fresh(m))
        return false;
    struct snapshot *snapshot = malloc(sizeof *snapshot);
    if (!snapshot)
        return false;
    m->reading = (struct reading){
        .errand = {.run = read_store, .done = on_read}, .monitor = m, .snapshot = snapshot};
    m->under_way = true;
    m->asked_ms = now_ms(m);
    committer_run(m->options.committer, &m->reading.errand);
    return true;
}

/* ---- answers ----------------------------------------------------------------------------------
 */

/* A text to be sent: `size` bytes from malloc, now libmicrohttpd's. */
struct content {
    unsigned status;
    const char *type;
    char *text;
    size_t size;
};

typedef void write_fn(FILE *out, const struct figures *figures, const struct snapshot *snapshot);

static void write_content(struct monitor *m, write_fn *write, struct content *content)
{
    struct figures figures = {0};
    FILE *out = open_memstream(&content->text, &content->size);
    if (!out)
        return;
    m->options.figures(m->options.context, &figures);
    write(out, &figures, m->snapshot);
    if (fclose(out) != 0) {
        free(content->text);
        content->text = NULL;
    }
}

static void show_metrics(struct monitor *m, struct content *content)
{
    content->type = METRICS_TYPE;
    write_content(m, metrics_write, content);
}

static void show_overview(struct monitor *m, struct content *content)
{
    content->type = "application/json";
    write_content(m, overview_write, content);
}

static void show_health(struct monitor *m, struct content *content)
{
    struct figures figures = {0};
    char why[512] = "ok";
    m->options.figures(m->options.context, &figures);
    if (!figures_healthy(&figures, why, sizeof why))
        content->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    int size = asprintf(&content->text, "%s\n", why);
    content->size = size > 0 ? (size_t)size : 0;
}

static void show_page(struct monitor *m, struct content *content)
{
    content->type = "text/html; charset=utf-8";
    content->text = strdup(m->page.data);
    content->size = m->page.size;
}

static const struct route {
    const char *path;
    bool reads; /* the store */
    void (*show)(struct monitor *m, struct content *content);
} routes[] = {
    {"/", false, show_page},
    {"/healthz", false, show_health},
    {"/metrics", true, show_metrics},
    {"/status.json", true, show_overview},
};

static enum MHD_Result send_content(struct monitor *m, struct MHD_Connection *connection,
                                    const struct content *content)
{
    const char *const headers[][2] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, content->type},
        {"Content-Security-Policy", m->policy.data},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {MHD_HTTP_HEADER_CACHE_CONTROL, "no-store"},
        {MHD_HTTP_HEADER_CONNECTION, "close"},
        {MHD_HTTP_HEADER_ALLOW, "GET, HEAD"},
    };
    if (!content->text)
        return MHD_NO;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(content->size, content->text, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(content->text);
        return MHD_NO;
    }
    size_t count = sizeof headers / sizeof headers[0];
    count -= content->status != MHD_HTTP_METHOD_NOT_ALLOWED;
    for (size_t i = 0; i < count; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    enum MHD_Result result = MHD_queue_response(connection, content->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct monitor *m, struct MHD_Connection *connection, unsigned status,
                              const char *why)
{
    struct content content = {status, "text/plain; charset=utf-8", NULL, 0};
    int size = asprintf(&content.text, "%s\n", why);
    if (size < 0)
        return MHD_NO;
    content.size = (size_t)size;
    return send_content(m, connection, &content);
}

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
}

/* The path of a target in absolute form (RFC 9112, 3.2.2), and whether its authority is this
 * machine's; of any other form the target itself. */
static const char *path_of(const char *target, bool *ours)
{
    static const char scheme[] = "http://";
    char authority[256];
    *ours = true;
    if (strncasecmp(target, scheme, strlen(scheme)) != 0)
        return target;
    const char *host = target + strlen(scheme);
    size_t length = strcspn(host, "/");
    snprintf(authority, sizeof authority, "%.*s", (int)length, host);
    *ours = length < sizeof authority && listener_host_is_ours(authority);
    return host[length] ? host + length : "/";
}

static enum MHD_Result answer(struct monitor *m, struct visit *visit, const char *target,
                              const char *method)
{
    bool ours;
    const char *path = path_of(target, &ours);
    const char *host =
        MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    const struct route *route = find_route(path);
    if (!m->listener.local && (!ours || !listener_host_is_ours(host)))
        return refuse(m, visit->connection, MHD_HTTP_FORBIDDEN,
                      "The Host header, or the URL, does not name this machine; ask for localhost, "
                      "or have the "
                      "proxy say so.");
    if (!route)
        return refuse(m, visit->connection, MHD_HTTP_NOT_FOUND,
                      "There are /, /status.json, /metrics and /healthz.");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(m, visit->connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.");
    if (route->reads && !visit->waited && begin_reading(m)) {
        visit->waiting = true;
        MHD_suspend_connection(visit->connection);
        return MHD_YES;
    }
    struct content content = {MHD_HTTP_OK, "text/plain; charset=utf-8", NULL, 0};
    route->show(m, &content);
    return send_content(m, visit->connection, &content);
}

/* ---- libmicrohttpd ----------------------------------------------------------------------------
 */

/* Called when the headers are there, and again when a suspended connection goes on. A body that
 * should follow is refused with its method. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct visit *visit = info ? info->socket_context : NULL;
    return visit ? answer(context, visit, path, method) : MHD_NO;
}

static void begin_visit(struct monitor *m, struct MHD_Connection *connection, void **place)
{
    struct visit *visit = calloc(1, sizeof *visit);
    *place = visit;
    if (!visit)
        return; /* on_request refuses */
    visit->monitor = m;
    visit->connection = connection;
    visit->since_ms = now_ms(m);
    visit->next = m->visits;
    visit->link = &m->visits;
    if (visit->next)
        visit->next->link = &visit->next;
    m->visits = visit;
}

static void end_visit(struct visit *visit)
{
    if (!visit)
        return;
    *visit->link = visit->next;
    if (visit->next)
        visit->next->link = visit->link;
    free(visit);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        begin_visit(context, connection, place);
    else
        end_visit(*place);
}

static void on_message(void *context, const char *format, va_list arguments)
{
    char text[512];
    (void)context;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http.listen: %s", text);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/* Who does not come to an end makes room for others, and who waits for the store waits no longer
 * than he should. */
static void on_sweep(uv_timer_t *timer)
{
    struct monitor *m = timer->data;
    for (struct visit *visit = m->visits; visit; visit = visit->next) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(visit->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (now_ms(m) - visit->since_ms > MONITOR_LIFE_MS && info)
            shutdown(info->connect_fd, SHUT_RDWR);
    }
    if (m->under_way && now_ms(m) - m->asked_ms >= MONITOR_PATIENCE_MS)
        wake_visits(m);
    run(m);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static enum status start_http(struct monitor *m, struct error *error)
{
    m->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, m,
        MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL, MHD_OPTION_LISTEN_SOCKET,
        m->listener.descriptor, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MONITOR_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)MONITOR_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADERS_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection, m, MHD_OPTION_END);
    if (!m->http)
        return error_set(error, STATUS_INTERNAL, "http.listen: libmicrohttpd cannot be started");
    m->listener.descriptor = -1; /* is libmicrohttpd's now */
    return STATUS_OK;
}

static enum status open_socket(struct monitor *m, struct error *error)
{
    struct listener_address address;
    enum status status = listener_parse(m->options.listen, &address, error);
    if (status)
        return error_prefix(error, status, "http.listen");
    return listener_open(&address, &m->listener, error);
}

static void begin_watch(struct monitor *m)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(m->http, MHD_DAEMON_INFO_EPOLL_FD);
    uv_poll_init(m->options.loop, &m->poll, info->epoll_fd);
    uv_timer_init(m->options.loop, &m->deadline);
    uv_timer_init(m->options.loop, &m->sweep);
    m->poll.data = m->deadline.data = m->sweep.data = m;
    uv_poll_start(&m->poll, UV_READABLE, on_ready);
    uv_timer_start(&m->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

enum status monitor_create(const struct monitor_options *options, struct monitor **out,
                           struct error *error)
{
    struct monitor *m = calloc(1, sizeof *m);
    if (!m)
        return error_set(error, STATUS_MEMORY, "http.listen: out of memory");
    m->options = *options;
    m->listener.descriptor = -1;
    buf_init(&m->page, PAGE_MAX);
    buf_init(&m->policy, PAGE_MAX);
    enum status status = open_socket(m, error);
    if (!status && live_page(&m->page, &m->policy) != STATUS_OK)
        status = error_set(error, STATUS_MEMORY, "http.listen: out of memory");
    if (!status)
        status = start_http(m, error);
    if (status) {
        listener_close(&m->listener);
        buf_free(&m->page);
        buf_free(&m->policy);
        free(m);
        return status;
    }
    begin_watch(m);
    log_notice("to be watched at %s", m->listener.name);
    *out = m;
    return STATUS_OK;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct monitor *m = handle->data;
    m->handles--;
    free_when_closed(m);
}

void monitor_close(struct monitor *m, void (*closed)(void *context), void *context)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&m->poll, (uv_handle_t *)&m->deadline,
                                    (uv_handle_t *)&m->sweep};
    m->closed = closed;
    m->closed_context = context;
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        m->handles++;
        uv_close(handles[i], on_handle_closed); /* first: the poll's descriptor is about to go */
    }
    wake_visits(m); /* libmicrohttpd does not end with connections that are suspended */
    listener_close(&m->listener);
    MHD_stop_daemon(m->http);
}

const char *monitor_library(void)
{
    return MHD_get_version();
}
