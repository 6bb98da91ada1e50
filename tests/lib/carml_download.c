#include "tests/lib/carml_download.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REDIRECTS = 10, MAX_IDLE = 256, CAUSE_SIZE = 512 };

struct downloader {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    size_t max_body;
    struct transfer *transfers;
    bool stopping;
};

struct transfer {
    struct downloader *owner;
    struct transfer *previous, *next;
    CURL *easy;
    struct buf body;
    download_done *done;
    void *context;
    char *url;
};

/* A socket of libcurl under watch; freed when the loop has closed the handle. */
struct watch {
    uv_poll_t poll;
    struct downloader *owner;
    curl_socket_t fd;
};

/* Takes the transfer off the list, tells its owner, frees it. */
static void finish(struct transfer *transfer, const char *cause)
{
    struct downloader *owner = transfer->owner;
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        owner->transfers = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    if (transfer->easy) {
        curl_multi_remove_handle(owner->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    transfer->done(transfer->context, &transfer->body, cause);
    free(transfer->url);
    free(transfer);
}

/* What Go's http.Get would have said. */
static void describe(const struct transfer *transfer, CURLcode code, char cause[CAUSE_SIZE])
{
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    cause[0] = '\0';
    const char *what = "EOF";
    if (code == CURLE_COULDNT_RESOLVE_HOST)
        what = "dial tcp: lookup host: no such host";
    else if (code == CURLE_COULDNT_CONNECT)
        what = "dial tcp: connect: connection refused";
    else if (code == CURLE_UNSUPPORTED_PROTOCOL)
        what = "unsupported protocol scheme \"\"";
    else if (code == CURLE_TOO_MANY_REDIRECTS)
        what = "stopped after 10 redirects";
    if (code == CURLE_PARTIAL_FILE || code == CURLE_WRITE_ERROR)
        snprintf(cause, CAUSE_SIZE, "unable to read image");
    else if (code != CURLE_OK)
        snprintf(cause, CAUSE_SIZE, "Get %.300s: %s", transfer->url, what);
    else if (status != 200)
        snprintf(cause, CAUSE_SIZE, "bad response code: %ld", status);
}

static void finish_completed(struct downloader *downloader)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(downloader->multi, &left));) {
        char cause[CAUSE_SIZE];
        struct transfer *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        describe(transfer, message->data.result, cause);
        finish(transfer, cause);
    }
}

static void on_timeout(uv_timer_t *timer)
{
    struct downloader *downloader = timer->data;
    int running;
    curl_multi_socket_action(downloader->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_completed(downloader);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct downloader *downloader = context;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&downloader->timer);
    else if (!downloader->stopping)
        uv_timer_start(&downloader->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct downloader *downloader = watch->owner;
    int running;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(downloader->multi, watch->fd, flags, &running);
    finish_completed(downloader);
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watch *start_watch(struct downloader *downloader, curl_socket_t fd)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch || uv_poll_init_socket(downloader->loop, &watch->poll, fd)) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->owner = downloader;
    watch->fd = fd;
    curl_multi_assign(downloader->multi, fd, watch);
    return watch;
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct downloader *downloader = context;
    struct watch *watch = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            curl_multi_assign(downloader->multi, fd, NULL);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return 0;
    }
    if (!watch)
        watch = start_watch(downloader, fd);
    if (!watch)
        return -1;
    int events = what == CURL_POLL_IN    ? UV_READABLE
                 : what == CURL_POLL_OUT ? UV_WRITABLE
                                         : UV_READABLE | UV_WRITABLE;
    return uv_poll_start(&watch->poll, events, on_ready) ? -1 : 0;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    return buf_append(&transfer->body, bytes, size * count) ? 0 : size * count;
}

static bool set_options(CURL *easy, struct transfer *transfer)
{
    return !curl_easy_setopt(easy, CURLOPT_URL, transfer->url) &&
           !curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) &&
           !curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) &&
           !curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L) &&
           !curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS) &&
           !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(easy, CURLOPT_DEFAULT_PROTOCOL, "ftp") && /* none given: refused */
           !curl_easy_setopt(easy, CURLOPT_PROXY, "") &&
           !curl_easy_setopt(easy, CURLOPT_USERAGENT, "Go-http-client/1.1") &&
           !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
}

void downloader_get(struct downloader *downloader, const char *url, download_done *done,
                    void *context)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    struct buf nothing;
    buf_init(&nothing, 0);
    if (!transfer) {
        done(context, &nothing, "out of memory");
        return;
    }
    transfer->owner = downloader;
    transfer->done = done;
    transfer->context = context;
    buf_init(&transfer->body, downloader->max_body);
    transfer->next = downloader->transfers;
    if (transfer->next)
        transfer->next->previous = transfer;
    downloader->transfers = transfer;
    transfer->url = strdup(url);
    transfer->easy = transfer->url && !downloader->stopping ? curl_easy_init() : NULL;
    if (!transfer->easy || !set_options(transfer->easy, transfer) ||
        curl_multi_add_handle(downloader->multi, transfer->easy))
        finish(transfer, "out of memory");
}

enum status downloader_create(uv_loop_t *loop, size_t max_body, struct downloader **out,
                              struct error *error)
{
    struct downloader *downloader = calloc(1, sizeof *downloader);
    CURLM *multi = curl_multi_init();
    if (!downloader || !multi) {
        free(downloader);
        curl_multi_cleanup(multi);
        return error_set(error, STATUS_MEMORY, "download: out of memory");
    }
    downloader->loop = loop;
    downloader->multi = multi;
    downloader->max_body = max_body;
    uv_timer_init(loop, &downloader->timer);
    downloader->timer.data = downloader;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_watch);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, downloader);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, downloader);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE);
    *out = downloader;
    return STATUS_OK;
}

void downloader_stop(struct downloader *downloader)
{
    if (!downloader || downloader->stopping)
        return;
    downloader->stopping = true;
    while (downloader->transfers)
        finish(downloader->transfers, "the server is stopping");
    curl_multi_cleanup(downloader->multi);
    downloader->multi = NULL;
    uv_close((uv_handle_t *)&downloader->timer, NULL);
}

void downloader_free(struct downloader *downloader)
{
    free(downloader);
}
