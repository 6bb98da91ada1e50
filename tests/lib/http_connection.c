#include "tests/lib/http_connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buf.h"
#include "tests/lib/text.h"

/*            head and body complete           answer given
 *   READING ----------------------> HANDLING --------------> SENDING --+--> READING (keep-alive)
 *      |                               |                        |      +--> LINGERING --> CLOSED
 *      +------- client gone -----------+--> CLOSED <------------+      +--> SILENT -----> CLOSED
 *
 * CLOSED while HANDLING keeps the memory until the handler has answered (`held`).
 */
enum connection_state { READING, HANDLING, SENDING, SILENT, LINGERING, CLOSED };

enum { READ_SIZE = 16 * 1024, AHEAD_LIMIT = 64 * 1024, LINGER_MS = 2000 };

/* A connection and its one exchange under way. */
struct server_exchange {
    uv_tcp_t tcp;
    uv_timer_t timer; /* pace of a streamed body; end of lingering */
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct http_server *server;
    struct server_exchange *previous, *next;
    enum connection_state state;
    unsigned open_handles;
    bool held;          /* the handler has the exchange */
    bool in_process;    /* connection_process is on the stack */
    bool paused;        /* reading stopped: too much sent ahead */
    bool continued;     /* "100 Continue" was sent for the request being read */
    struct buf in;      /* bytes received and not yet part of a request */
    struct buf current; /* the request being handled */
    struct buf path;
    struct text head;
    struct server_request request;
    struct server_answer answer;
    server_producer *produce;
    uint64_t pause_ms;
};

static void connection_process(struct server_exchange *x);
static void stream_next(struct server_exchange *x);

static void free_connection(struct server_exchange *x)
{
    free(x->answer.owned);
    buf_free(&x->in);
    buf_free(&x->current);
    buf_free(&x->path);
    text_free(&x->head);
    free(x);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct server_exchange *x = handle->data;
    if (--x->open_handles == 0 && !x->held)
        free_connection(x);
}

/* The answer is over, or never will be: lets the owner of the server count. */
static void exchange_over(const struct server_exchange *x)
{
    struct http_server *server = x->server;
    server->counts.in_flight--;
    if (server->options.finished && x->request.method)
        server->options.finished(server->options.context, &x->request);
}

void connection_close(struct server_exchange *x, bool reset)
{
    if (x->state == CLOSED)
        return;
    if (x->state == SENDING || x->state == SILENT)
        exchange_over(x);
    x->state = CLOSED;
    if (x->previous)
        x->previous->next = x->next;
    else
        x->server->connections = x->next;
    if (x->next)
        x->next->previous = x->previous;
    x->server->counts.connections--;
    uv_close((uv_handle_t *)&x->timer, on_handle_closed);
    if (!reset || uv_tcp_close_reset(&x->tcp, on_handle_closed))
        uv_close((uv_handle_t *)&x->tcp, on_handle_closed);
}

static void on_linger_end(uv_timer_t *timer)
{
    connection_close(timer->data, false);
}

/* A FIN first, then wait for the client's: closing with unread input would send an RST that can
 * destroy the answer on its way (RFC 9112 section 9.6). */
static void linger(struct server_exchange *x)
{
    x->state = LINGERING;
    buf_clear(&x->in);
    if (uv_shutdown(&x->shutdown, (uv_stream_t *)&x->tcp, NULL))
        connection_close(x, false);
    else
        uv_timer_start(&x->timer, on_linger_end, LINGER_MS, 0);
}

/* Everything of the answer is with the kernel. */
static void answer_sent(struct server_exchange *x)
{
    enum server_end end = x->answer.end;
    if (end == SERVER_SILENCE) {
        x->state = SILENT;
        return;
    }
    if (end == SERVER_RESET) {
        connection_close(x, true);
        return;
    }
    free(x->answer.owned);
    x->answer.owned = NULL;
    exchange_over(x);
    if (end == SERVER_CLOSE) {
        linger(x);
        return;
    }
    x->state = READING;
    if (!x->in_process)
        connection_process(x);
}

static void piece_sent(struct server_exchange *x)
{
    if (x->produce)
        stream_next(x);
    else
        answer_sent(x);
}

static void on_written(uv_write_t *write, int status)
{
    struct server_exchange *x = write->data;
    if (x->state == CLOSED)
        return;
    if (status)
        connection_close(x, false);
    else
        piece_sent(x);
}

/* Sends the buffers, at once where the socket takes them. */
static void send_buffers(struct server_exchange *x, uv_buf_t *bufs, unsigned count,
                         bool may_be_at_once)
{
    uv_stream_t *stream = (uv_stream_t *)&x->tcp;
    if (may_be_at_once) {
        int sent = uv_try_write(stream, bufs, count);
        size_t left = sent > 0 ? (size_t)sent : 0;
        while (count && left >= bufs->len) {
            left -= bufs->len;
            bufs++;
            count--;
        }
        if (!count) {
            piece_sent(x);
            return;
        }
        bufs->base += left;
        bufs->len -= left;
    }
    x->write.data = x;
    if (uv_write(&x->write, stream, bufs, count, on_written))
        connection_close(x, false);
}

static void on_pause_end(uv_timer_t *timer)
{
    struct server_exchange *x = timer->data;
    struct server_piece piece;
    if (!x->produce(x->answer.owned, &piece)) {
        x->produce = NULL;
        answer_sent(x);
        return;
    }
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)piece.bytes, (unsigned)piece.size);
    send_buffers(x, &buf, 1, false);
}

static void stream_next(struct server_exchange *x)
{
    if (x->pause_ms)
        uv_timer_start(&x->timer, on_pause_end, x->pause_ms, 0);
    else
        on_pause_end(&x->timer);
}

/* Writes the head into x->head; a chunked body's size line is part of it. */
static enum status write_head(struct server_exchange *x, const struct server_answer *a,
                              size_t body_size)
{
    struct text *head = &x->head;
    /* No reason phrase: it may be empty, and clients are to ignore it (RFC 9112 section 4). */
    text_printf(head, "HTTP/1.1 %u \r\n", a->status);
    if (a->type)
        text_printf(head, "Content-Type: %s\r\n", a->type);
    text_add(head, a->headers ? a->headers : "");
    if (a->length >= 0)
        text_printf(head, "Content-Length: %lld\r\n", a->length ? a->length : (long long)body_size);
    if (a->length == SERVER_LENGTH_CHUNKED)
        text_add(head, "Transfer-Encoding: chunked\r\n");
    text_add(head, a->end != SERVER_KEEP ? "Connection: close\r\n\r\n" : "\r\n");
    if (a->length == SERVER_LENGTH_CHUNKED && body_size)
        text_printf(head, "%zx\r\n", body_size);
    return head->status;
}

/* Takes the exchange back from the handler. False when the client has gone: nothing is to be sent.
 */
static bool take_back(struct server_exchange *x, const struct server_answer *answer)
{
    x->held = false;
    x->answer = *answer;
    buf_clear(&x->head.buf);
    x->head.status = STATUS_OK;
    if (x->state == CLOSED) {
        exchange_over(x);
        if (x->open_handles == 0)
            free_connection(x);
        return false;
    }
    x->state = SENDING;
    const char *connection = server_find_header(&x->request, "Connection");
    bool client_closes = x->request.http10 || (connection && !strcasecmp(connection, "close"));
    if (x->answer.end == SERVER_KEEP && (client_closes || answer->length == SERVER_LENGTH_NONE))
        x->answer.end = SERVER_CLOSE;
    if (x->request.http10 && answer->length == SERVER_LENGTH_CHUNKED)
        x->answer.length = SERVER_LENGTH_NONE;
    return true;
}

void server_answer(struct server_exchange *x, const struct server_answer *given)
{
    if (!take_back(x, given))
        return;
    const struct server_answer *a = &x->answer;
    uv_buf_t bufs[SERVER_PIECES + 2];
    unsigned count = 0;
    size_t body_size = 0;
    bool has_body = !x->request.method || strcmp(x->request.method, "HEAD") != 0;
    for (unsigned i = 0; i < SERVER_PIECES; i++)
        body_size += a->body[i].size;
    if (a->status && write_head(x, a, body_size)) {
        connection_close(x, true);
        return;
    }
    if (x->head.buf.size)
        bufs[count++] = uv_buf_init(x->head.buf.data, (unsigned)x->head.buf.size);
    for (unsigned i = 0; i < SERVER_PIECES && has_body; i++)
        if (a->body[i].size)
            bufs[count++] =
                uv_buf_init((char *)(uintptr_t)a->body[i].bytes, (unsigned)a->body[i].size);
    static char last_chunk[] = "\r\n0\r\n\r\n";
    if (a->length == SERVER_LENGTH_CHUNKED && has_body)
        bufs[count++] = body_size ? uv_buf_init(last_chunk, sizeof last_chunk - 1)
                                  : uv_buf_init(last_chunk + 2, sizeof last_chunk - 3);
    if (count)
        send_buffers(x, bufs, count, true);
    else
        answer_sent(x);
}

void server_reply(struct server_exchange *x, unsigned status, const char *type, const char *headers,
                  const char *text)
{
    size_t size = strlen(text);
    char *copy = strdup(text);
    server_answer(x, &(struct server_answer){.status = copy ? status : 500,
                                             .type = type,
                                             .headers = headers,
                                             .body = {{copy, copy ? size : 0}},
                                             .owned = copy});
}

void server_stream(struct server_exchange *x, const struct server_answer *given,
                   server_producer *produce, uint64_t pause_ms)
{
    if (!take_back(x, given))
        return;
    x->produce = x->request.method && !strcmp(x->request.method, "HEAD") ? NULL : produce;
    x->pause_ms = pause_ms;
    if (write_head(x, &x->answer, 0)) {
        connection_close(x, true);
        return;
    }
    uv_buf_t buf = uv_buf_init(x->head.buf.data, (unsigned)x->head.buf.size);
    send_buffers(x, &buf, 1, false);
}

/* Refuses what cannot be parsed; the connection ends, as the next request's start is unknown. */
static void refuse(struct server_exchange *x, unsigned status)
{
    x->request = (struct server_request){0};
    x->server->counts.in_flight++;
    x->held = true;
    server_answer(x, &(struct server_answer){.status = status, .end = SERVER_CLOSE});
}

/* Moves the first `total` received bytes to x->current and parses them. */
static unsigned take_request(struct server_exchange *x, size_t head_size, size_t total)
{
    char *path;
    size_t ahead = x->in.size - total;
    struct buf received = x->in;
    x->in = x->current;
    x->current = received;
    buf_clear(&x->in);
    buf_clear(&x->path);
    if (buf_append(&x->in, x->current.data + total, ahead) ||
        buf_reserve(&x->path, head_size + 1, &path))
        return 413;
    x->current.size = total;
    x->current.data[total] = '\0';
    x->continued = false;
    unsigned refused = server_parse(x->current.data, head_size, path, &x->request);
    x->request.body = x->current.data + head_size;
    x->request.body_size = total - head_size;
    return refused;
}

/* Starts handling the next request when it has arrived completely; false when it has not. */
static bool start_request(struct server_exchange *x)
{
    struct http_server *server = x->server;
    struct server_framing framing = {0};
    size_t head_size = server_head_size(x->in.data, x->in.size);
    unsigned refused = 0;
    if (!head_size && x->in.size <= SERVER_MAX_HEAD)
        return false;
    if (!head_size || head_size > SERVER_MAX_HEAD)
        refused = 431;
    if (!refused)
        refused = server_frame(x->in.data, head_size, &framing);
    if (!refused && framing.length > server->options.max_body)
        refused = 413;
    if (!refused && x->in.size - head_size < framing.length) {
        static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        uv_buf_t buf = uv_buf_init(go_on, sizeof go_on - 1);
        if (framing.expect_continue && !x->continued)
            uv_try_write((uv_stream_t *)&x->tcp, &buf, 1);
        x->continued = true;
        return false;
    }
    if (!refused)
        refused = take_request(x, head_size, head_size + framing.length);
    if (refused) {
        refuse(x, refused);
        return true;
    }
    server->counts.requests++;
    if (++server->counts.in_flight > server->counts.max_in_flight)
        server->counts.max_in_flight = server->counts.in_flight;
    x->state = HANDLING;
    x->held = true;
    server->options.handle(server->options.context, x);
    return true;
}

static void allocate_read(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct server_exchange *x = handle->data;
    char *end;
    (void)suggested;
    size_t room =
        x->in.capacity > x->in.size + READ_SIZE ? x->in.capacity - x->in.size - 1 : READ_SIZE;
    if (buf_reserve(&x->in, room, &end))
        *buf = uv_buf_init(NULL, 0);
    else
        *buf = uv_buf_init(end, (unsigned)room);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct server_exchange *x = stream->data;
    (void)buf;
    if (count < 0) {
        connection_close(x, false);
        return;
    }
    x->in.size += (size_t)count;
    if (x->in.data)
        x->in.data[x->in.size] = '\0';
    if (x->state == LINGERING || x->state == SILENT) {
        buf_clear(&x->in);
    } else if (x->state == READING) {
        connection_process(x);
    } else if (x->in.size > AHEAD_LIMIT) {
        uv_read_stop(stream);
        x->paused = true;
    }
}

/* Handles what has arrived, request after request. */
static void connection_process(struct server_exchange *x)
{
    x->in_process = true;
    while (x->state == READING && start_request(x))
        ;
    x->in_process = false;
    if (x->state == READING && x->paused) {
        x->paused = false;
        uv_read_start((uv_stream_t *)&x->tcp, allocate_read, on_read);
    }
}

void connection_accept(struct http_server *server)
{
    struct server_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return;
    size_t limit = server->options.max_body + SERVER_MAX_HEAD + AHEAD_LIMIT + READ_SIZE;
    buf_init(&x->in, limit);
    buf_init(&x->current, limit);
    buf_init(&x->path, SERVER_MAX_HEAD + 1);
    text_init(&x->head, SERVER_MAX_HEAD);
    x->server = server;
    uv_tcp_init(server->loop, &x->tcp);
    uv_timer_init(server->loop, &x->timer);
    x->tcp.data = x->timer.data = x;
    x->open_handles = 2;
    x->next = server->connections;
    if (x->next)
        x->next->previous = x;
    server->connections = x;
    if (++server->counts.connections > server->counts.max_connections)
        server->counts.max_connections = server->counts.connections;
    if (uv_accept((uv_stream_t *)&server->listener, (uv_stream_t *)&x->tcp) ||
        uv_read_start((uv_stream_t *)&x->tcp, allocate_read, on_read)) {
        connection_close(x, false);
        return;
    }
    uv_tcp_nodelay(&x->tcp, 1);
}

struct server_exchange *connection_next(const struct server_exchange *x)
{
    return x->next;
}

const struct server_request *server_exchange_request(const struct server_exchange *exchange)
{
    return &exchange->request;
}
