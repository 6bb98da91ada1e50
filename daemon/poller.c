#include "daemon/poller.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUCKETS = 256 };

struct watch {
    uv_poll_t poll; /* its data is this watch */
    struct poller *poller;
    struct watch *next; /* in its bucket */
    curl_socket_t descriptor;
    int events; /* of uv_poll; 0: stopped */
    bool ours;  /* made by poller_open_socket */
};

struct poller {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    void (*progress)(void *context);
    void *context;
    struct watch *buckets[BUCKETS];
    unsigned handles; /* of uv, not yet closed */
    void (*closed)(void *context);
    void *closed_context;
};

static struct watch **bucket_of(struct poller *poller, curl_socket_t descriptor)
{
    return &poller->buckets[(unsigned)descriptor % BUCKETS];
}

static struct watch *find_watch(struct poller *poller, curl_socket_t descriptor)
{
    struct watch *watch = *bucket_of(poller, descriptor);
    while (watch && watch->descriptor != descriptor)
        watch = watch->next;
    return watch;
}

static void handle_closed(struct poller *poller)
{
    if (--poller->handles > 0 || !poller->closed)
        return;
    void (*closed)(void *) = poller->closed;
    void *context = poller->closed_context;
    free(poller);
    closed(context);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct poller *poller = watch->poller;
    free(watch);
    handle_closed(poller);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static struct watch *open_watch(struct poller *poller, curl_socket_t descriptor, bool ours)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch || uv_poll_init_socket(poller->loop, &watch->poll, descriptor)) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->poller = poller;
    watch->descriptor = descriptor;
    watch->ours = ours;
    struct watch **bucket = bucket_of(poller, descriptor);
    watch->next = *bucket;
    *bucket = watch;
    poller->handles++;
    return watch;
}

/* The descriptor may be closed, and taken again by another watch, right after this. */
static void close_watch(struct watch *watch)
{
    struct watch **link = bucket_of(watch->poller, watch->descriptor);
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    watch->events = 0;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void advance(struct poller *poller, curl_socket_t descriptor, int flags)
{
    int running;
    curl_multi_socket_action(poller->multi, descriptor, flags, &running);
    poller->progress(poller->context);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    int flags = 0;
    if (status < 0) {
        /* A reset may stand behind bytes that have arrived. With nothing but CURL_CSELECT_ERR curl
         * would not read them, so it shall try all it waited for and meet the error itself. */
        events = watch->events;
        flags = CURL_CSELECT_ERR;
    }
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    advance(watch->poller, watch->descriptor, flags);

    /* libuv stopped the poll of a socket with an error; curl, which reads one buffer each time,
     * does not know that. */
    if (watch->events && !uv_is_active((uv_handle_t *)poll))
        uv_poll_start(poll, watch->events, on_ready);
}

/* Always answers 0: curl gives up every transfer of the multi handle after another answer. A
 * transfer whose socket cannot be watched ends by its timeout. */
static int on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *unused)
{
    (void)easy;
    (void)unused;
    struct poller *poller = context;
    struct watch *watch = find_watch(poller, descriptor);
    int events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= UV_READABLE;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= UV_WRITABLE;

    if (events && !watch)
        watch = open_watch(poller, descriptor, false);
    if (!watch || watch->events == events)
        return 0;
    watch->events = events;
    if (events)
        uv_poll_start(&watch->poll, events, on_ready);
    else if (watch->ours)
        uv_poll_stop(&watch->poll);
    else
        close_watch(watch);
    return 0;
}

static void on_timeout(uv_timer_t *timer)
{
    advance(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Also with 0 the timer fires in the next turn of the loop, so curl is never entered from here. */
static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct poller *poller = context;
    if (timeout_ms < 0)
        uv_timer_stop(&poller->timer);
    else
        uv_timer_start(&poller->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

enum status poller_create(uv_loop_t *loop, CURLM *multi, void (*progress)(void *context),
                          void *context, struct poller **out, struct error *error)
{
    struct poller *poller = calloc(1, sizeof *poller);
    if (!poller)
        return error_set(error, STATUS_MEMORY, "http: out of memory");
    poller->loop = loop;
    poller->multi = multi;
    poller->progress = progress;
    poller->context = context;
    uv_timer_init(loop, &poller->timer);
    poller->timer.data = poller;
    poller->handles = 1;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, poller);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, poller);
    *out = poller;
    return STATUS_OK;
}

curl_socket_t poller_open_socket(struct poller *poller, const struct curl_sockaddr *address)
{
    curl_socket_t descriptor =
        socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (descriptor < 0)
        return CURL_SOCKET_BAD;
    if (!open_watch(poller, descriptor, true)) {
        close(descriptor);
        return CURL_SOCKET_BAD;
    }
    return descriptor;
}

int poller_close_socket(struct poller *poller, curl_socket_t descriptor)
{
    struct watch *watch = find_watch(poller, descriptor);
    if (watch)
        close_watch(watch);
    return close(descriptor);
}

void poller_close(struct poller *poller, void (*closed)(void *context), void *context)
{
    poller->closed = closed;
    poller->closed_context = context;
    for (size_t i = 0; i < BUCKETS; i++)
        while (poller->buckets[i])
            close_watch(poller->buckets[i]);
    uv_close((uv_handle_t *)&poller->timer, on_timer_closed);
}
