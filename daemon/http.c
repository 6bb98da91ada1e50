#include "daemon/http.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/poller.h"
#include "daemon/transfer.h"

enum { MAX_SPARE = 256 }; /* easy handles kept for the next requests */

struct http {
    CURLM *multi;
    struct poller *poller;
    struct http_options options; /* user_agent is owned */
    struct http_transfer *active, *spare;
    unsigned active_count, spare_count;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

static struct http_transfer *take_spare(struct http *http)
{
    struct http_transfer *transfer = http->spare;
    if (!transfer)
        return transfer_new(http, http->poller, &http->options);
    http->spare = transfer->next;
    http->spare_count--;
    return transfer;
}

static void put_spare(struct http_transfer *transfer)
{
    struct http *http = transfer->http;
    transfer_clear(transfer);
    if (http->closing || http->spare_count >= MAX_SPARE) {
        transfer_free(transfer);
        return;
    }
    transfer->next = http->spare;
    http->spare = transfer;
    http->spare_count++;
}

static void link_transfer(struct http_transfer *transfer)
{
    struct http *http = transfer->http;
    transfer->previous = NULL;
    transfer->next = http->active;
    if (http->active)
        http->active->previous = transfer;
    http->active = transfer;
    http->active_count++;
}

/* Takes it from curl too; its connection, if it is in the middle of something, is closed. */
static void detach_transfer(struct http_transfer *transfer)
{
    struct http *http = transfer->http;
    curl_multi_remove_handle(http->multi, transfer->easy);
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        http->active = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
    transfer->next = transfer->previous = NULL;
    http->active_count--;
}

static void finish(struct http_transfer *transfer, CURLcode code)
{
    detach_transfer(transfer);
    struct http_answer answer;
    transfer_answer(transfer, code, &answer);
    transfer->done(transfer->context, &answer);
    put_spare(transfer);
}

/* `done` may start, cancel or close: each message is read anew, and none after closing. */
static void on_progress(void *context)
{
    struct http *http = context;
    int left;
    CURLMsg *message;
    while (!http->closing && (message = curl_multi_info_read(http->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct http_transfer *transfer = NULL;
        CURLcode code = message->data.result; /* the message is gone with the handle */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(transfer, code);
    }
}

/* curl leaves SIGPIPE to us (CURLOPT_NOSIGNAL), and TLS writes with write(2): a peer that closed
 * its end must not end the process. */
static void ignore_broken_pipes(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static void free_http(struct http *http)
{
    free((char *)http->options.user_agent);
    free(http);
    curl_global_cleanup();
}

enum status http_create(uv_loop_t *loop, const struct http_options *options, struct http **out,
                        struct error *error)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return error_set(error, STATUS_INTERNAL, "http: libcurl cannot be initialised");
    ignore_broken_pipes();
    enum status status = STATUS_MEMORY;
    struct http *http = calloc(1, sizeof *http);
    if (!http) {
        curl_global_cleanup();
        return error_set(error, status, "http: out of memory");
    }
    http->options = *options;
    http->options.user_agent = strdup(options->user_agent ? options->user_agent : "");
    http->multi = curl_multi_init();
    if (http->options.user_agent && http->multi)
        status = poller_create(loop, http->multi, on_progress, http, &http->poller, error);
    else
        error_set(error, status, "http: out of memory");
    if (status) {
        curl_multi_cleanup(http->multi);
        free_http(http);
        return status;
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, options->max_connections);
    curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, options->max_host_connections);
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *out = http;
    return STATUS_OK;
}

enum status http_start(struct http *http, const struct http_request *request, http_done_fn *done,
                       void *context, struct http_transfer **out, struct error *error)
{
    if (http->closing)
        return error_set(error, STATUS_UNAVAILABLE, "http: closing");
    struct http_transfer *transfer = take_spare(http);
    if (!transfer)
        return error_set(error, STATUS_MEMORY, "http: out of memory");
    enum status status = transfer_prepare(transfer, request, error);
    if (status) {
        put_spare(transfer);
        return status;
    }
    transfer->done = done;
    transfer->context = context;
    CURLMcode code = curl_multi_add_handle(http->multi, transfer->easy);
    if (code) {
        put_spare(transfer);
        return error_set(error, STATUS_INTERNAL, "http: %s", curl_multi_strerror(code));
    }
    link_transfer(transfer);
    if (out)
        *out = transfer;
    return STATUS_OK;
}

void http_cancel(struct http_transfer *transfer)
{
    detach_transfer(transfer);
    put_spare(transfer);
}

unsigned http_active(const struct http *http)
{
    return http->active_count;
}

static void on_poller_closed(void *context)
{
    struct http *http = context;
    void (*closed)(void *) = http->closed;
    void *closed_context = http->closed_context;
    free_http(http);
    closed(closed_context);
}

void http_close(struct http *http, void (*closed)(void *context), void *context)
{
    http->closing = true;
    http->closed = closed;
    http->closed_context = context;
    while (http->active)
        http_cancel(http->active);
    while (http->spare) {
        struct http_transfer *transfer = http->spare;
        http->spare = transfer->next;
        transfer_free(transfer);
    }
    curl_multi_cleanup(http->multi);
    poller_close(http->poller, on_poller_closed, http);
}
