#include "tests/lib/carml_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Go's net/http buffers this much before it gives up on a Content-Length. */
enum { GO_BUFFER = 2048 };

static bool is_predict(const struct call *call)
{
    return !strncmp(call->request->path, "/api/predict", 12);
}

/* The lines that every answer carries. */
static void write_headers(const struct call *call, const char *more, char *out, size_t size)
{
    bool a = call->carml->options.agent.generation == GENERATION_A;
    const char *span = server_find_header(call->request, "X-B3-Spanid");
    int used =
        snprintf(out, size, "X-Request-Id: %s\r\n%s%s", call->request_id,
                 a ? "Access-Control-Allow-Origin: *\r\n" : "Vary: Origin\r\n", more ? more : "");
    if (call->carml->tracing && is_predict(call) && used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used,
                 "X-B3-Traceid: %s\r\nX-B3-Spanid: %.16s\r\nX-B3-Sampled: 1\r\n", call->trace_id,
                 span ? span : call->trace_id);
}

void call_send(const struct call *call, unsigned status, const char *headers, struct text *before,
               const struct text *middle, struct text *after)
{
    char lines[2048];
    size_t head = before->buf.size;
    if (after)
        text_put(before, after->buf.data, after->buf.size);
    bool failed = before->status || (middle && middle->status) || (after && after->status);
    write_headers(call, headers, lines, sizeof lines);
    size_t total = before->buf.size + (middle ? middle->buf.size : 0);
    char *owned = buf_take(&before->buf);
    size_t tail = total - head - (middle ? middle->buf.size : 0);
    struct server_answer answer = {.status = status,
                                   .type = "application/json",
                                   .headers = lines,
                                   .length = total > GO_BUFFER ? SERVER_LENGTH_CHUNKED
                                                               : SERVER_LENGTH_OF_BODY,
                                   .body = {{owned, head}, {NULL, 0}, {owned + head, tail}},
                                   .owned = owned};
    if (middle)
        answer.body[1] = (struct server_piece){middle->buf.data, middle->buf.size};
    if (after)
        text_free(after);
    if (failed)
        answer = (struct server_answer){.status = 500, .owned = owned};
    server_answer(call->exchange, &answer);
}

void call_send_text(const struct call *call, unsigned status, const char *json)
{
    struct text text;
    text_init(&text, BODY_LIMIT);
    text_add(&text, json);
    call_send(call, status, NULL, &text, NULL, NULL);
}

void call_fail(const struct call *call, const char *name, const char *handler, const char *message)
{
    struct text text;
    text_init(&text, BODY_LIMIT);
    wire_error(&text, name, message, handler);
    call_send(call, 400, NULL, &text, NULL, NULL);
}

void call_refuse(const struct call *call, unsigned status, unsigned code, const char *headers,
                 const char *message)
{
    struct text text;
    text_init(&text, BODY_LIMIT);
    text_printf(&text, "{\"code\":%u,\"message\":", code);
    text_json(&text, message, true);
    text_add(&text, "}");
    call_send(call, status, headers, &text, NULL, NULL);
}

void call_panic(const struct call *call)
{
    call_send_text(call, 500, "{\"message\":\"Internal Server Error\"}");
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

void call_query(const struct call *call, const char *name, char *value, size_t size)
{
    size_t length = strlen(name), used = 0;
    const char *at = call->request->query;
    value[0] = '\0';
    while (at && (strncmp(at, name, length) || at[length] != '=')) {
        at = strchr(at, '&');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return;
    for (at += length + 1; *at && *at != '&' && used + 1 < size; at++) {
        int high = *at == '%' ? hex_value(at[1]) : -1;
        int low = high >= 0 ? hex_value(at[2]) : -1;
        value[used++] = low >= 0 ? (char)(high * 16 + low) : *at == '+' ? ' ' : *at;
        at += low >= 0 ? 2 : 0;
    }
    value[used] = '\0';
}

static void on_delay_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_delay(struct delay *delay)
{
    if (delay->previous)
        delay->previous->next = delay->next;
    else
        delay->carml->delays = delay->next;
    if (delay->next)
        delay->next->previous = delay->previous;
    delay->then(delay->context);
    uv_close((uv_handle_t *)&delay->timer, on_delay_closed);
}

static void on_delay(uv_timer_t *timer)
{
    end_delay(timer->data);
}

void carml_delay(struct carml *carml, unsigned long ms, void (*then)(void *context), void *context)
{
    struct delay *delay = ms ? calloc(1, sizeof *delay) : NULL;
    if (!delay) {
        then(context);
        return;
    }
    uv_timer_init(carml->loop, &delay->timer);
    delay->timer.data = delay;
    delay->carml = carml;
    delay->then = then;
    delay->context = context;
    delay->next = carml->delays;
    if (delay->next)
        delay->next->previous = delay;
    carml->delays = delay;
    uv_timer_start(&delay->timer, on_delay, ms, 0);
}

void carml_end_delays(struct carml *carml)
{
    while (carml->delays)
        end_delay(carml->delays);
}
