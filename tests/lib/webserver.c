#include "tests/lib/webserver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/files.h"
#include "tests/lib/tally.h"

enum { PATH_SIZE = 2048, STREAM_PIECE = 64 * 1024, PACE_MS = 100 };

struct webserver {
    struct http_server *http;
    struct files *files;
    struct tally *tally;
    struct webserver_options options;
};

/* One request on its way to a behaviour. `rest` is the decoded path behind "/NAME/". */
struct visit {
    struct webserver *web;
    struct server_exchange *exchange;
    const struct server_request *request;
    uint32_t times; /* requests for this very URL, this one included */
    char name[64];
    char rest[PATH_SIZE];
};

static const char page[] = "<!DOCTYPE html>\n<html><head><title>A page</title></head>"
                           "<body><p>This is not a picture.</p></body></html>\n";

static void reply_page(struct visit *visit, unsigned status, const char *headers)
{
    server_reply(visit->exchange, status, "text/html; charset=utf-8", headers, page);
}

/* Sends `sent` bytes of the file under a head that says `length` (or SERVER_LENGTH_OF_BODY). */
static void send_part(struct visit *visit, const struct file *file, size_t sent, long long length,
                      enum server_end end)
{
    server_answer(visit->exchange, &(struct server_answer){.status = 200,
                                                           .type = file->type,
                                                           .length = length,
                                                           .body = {{file->bytes, sent}},
                                                           .end = end});
}

/* The file that the path names; when there is none the 404 is sent and NULL returned. */
static const struct file *wanted_file(struct visit *visit)
{
    const struct file *file = files_get(visit->web->files, visit->rest);
    if (!file)
        reply_page(visit, 404, NULL);
    return file;
}

static void visit_ok(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    if (file)
        send_part(visit, file, file->size, SERVER_LENGTH_OF_BODY, SERVER_KEEP);
}

/* A 404 that carries a picture, as the seed report met many. */
static void visit_404(struct visit *visit)
{
    const struct file *file = files_get(visit->web->files, visit->rest);
    if (!file) {
        reply_page(visit, 404, NULL);
        return;
    }
    server_answer(visit->exchange, &(struct server_answer){.status = 404,
                                                           .type = file->type,
                                                           .body = {{file->bytes, file->size}}});
}

static void visit_status(struct visit *visit)
{
    unsigned status = (unsigned)strtoul(visit->name, NULL, 10);
    reply_page(visit, status, status == 429 ? "Retry-After: 1\r\n" : NULL);
}

/* Splits "N/FILE" into N and a rest of FILE. */
static unsigned long take_number(struct visit *visit)
{
    char *slash = strchr(visit->rest, '/');
    unsigned long number = strtoul(visit->rest, NULL, 10);
    if (slash)
        memmove(visit->rest, slash + 1, strlen(slash + 1) + 1);
    return number;
}

static void visit_503_then_ok(struct visit *visit)
{
    if (visit->times <= take_number(visit))
        reply_page(visit, 503, NULL);
    else
        visit_ok(visit);
}

static void visit_html(struct visit *visit)
{
    reply_page(visit, 200, NULL);
}

static void visit_empty(struct visit *visit)
{
    server_reply(visit->exchange, 200, "image/jpeg", NULL, "");
}

static void visit_truncated(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    if (file)
        send_part(visit, file, file->size * 6 / 10, SERVER_LENGTH_OF_BODY, SERVER_KEEP);
}

static void visit_lie_length(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    if (file)
        send_part(visit, file, file->size, (long long)file->size + 1000, SERVER_CLOSE);
}

/* At most 32 KiB, so that the client's kernel has them before the reset. */
static void visit_cut(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    if (file)
        send_part(visit, file, file->size / 2 < 32768 ? file->size / 2 : 32768,
                  (long long)file->size, SERVER_RESET);
}

static void redirect(struct visit *visit, const char *location)
{
    char header[PATH_SIZE + 32];
    snprintf(header, sizeof header, "Location: %.*s\r\n", PATH_SIZE, location);
    reply_page(visit, 302, header);
}

static void visit_redirect(struct visit *visit)
{
    char location[PATH_SIZE + 8];
    if (!strcmp(visit->rest, "loop")) {
        redirect(visit, "/redirect/loop");
    } else if (!strcmp(visit->rest, "to")) {
        redirect(visit, visit->request->query);
    } else {
        snprintf(location, sizeof location, "/ok/%s", visit->rest);
        redirect(visit, location);
    }
}

static void visit_chain(struct visit *visit)
{
    char location[PATH_SIZE + 32];
    unsigned long hops = take_number(visit);
    if (!hops) {
        visit_ok(visit);
        return;
    }
    snprintf(location, sizeof location, "/chain/%lu/%s", hops - 1, visit->rest);
    redirect(visit, location);
}

static void visit_stall(struct visit *visit)
{
    server_answer(visit->exchange, &(struct server_answer){.end = SERVER_SILENCE});
}

static void visit_stall_body(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    if (file)
        send_part(visit, file, file->size / 2, (long long)file->size, SERVER_SILENCE);
}

/* What a streamed body still has to send. */
struct stream {
    const char *bytes; /* NULL: filler */
    unsigned long long left;
    size_t piece;
};

static bool next_piece(void *owned, struct server_piece *piece)
{
    static const char filler[STREAM_PIECE] = {(char)0xff, (char)0xd8, (char)0xff};
    struct stream *stream = owned;
    if (!stream->left)
        return false;
    size_t size = stream->left < stream->piece ? (size_t)stream->left : stream->piece;
    *piece = (struct server_piece){stream->bytes ? stream->bytes : filler, size};
    if (stream->bytes)
        stream->bytes += size;
    stream->left -= size;
    return true;
}

/* The number behind NAME= in the query, or `fallback`. */
static unsigned long long query_number(const struct visit *visit, const char *name,
                                       unsigned long long fallback)
{
    const char *at = strstr(visit->request->query, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : fallback;
}

static void start_stream(struct visit *visit, struct stream stream, struct server_answer answer,
                         uint64_t pause_ms)
{
    struct stream *owned = malloc(sizeof *owned);
    if (!owned) {
        reply_page(visit, 500, NULL);
        return;
    }
    *owned = stream;
    answer.owned = owned;
    server_stream(visit->exchange, &answer, next_piece, pause_ms);
}

static void visit_slow(struct visit *visit)
{
    const struct file *file = wanted_file(visit);
    unsigned long long bps = query_number(visit, "bps=", 1000);
    if (!file)
        return;
    size_t piece = bps >= 10 ? (size_t)(bps * PACE_MS / 1000) : 1;
    uint64_t pause = bps >= 10 ? PACE_MS : 1000 / (bps ? bps : 1);
    start_stream(
        visit, (struct stream){file->bytes, file->size, piece},
        (struct server_answer){.status = 200, .type = file->type, .length = (long long)file->size},
        pause);
}

static void visit_huge(struct visit *visit)
{
    unsigned long long bytes = query_number(visit, "bytes=", 1ull << 30);
    start_stream(
        visit, (struct stream){NULL, bytes, STREAM_PIECE},
        (struct server_answer){.status = 200, .type = "image/jpeg", .length = SERVER_LENGTH_NONE},
        0);
}

static void visit_garbage(struct visit *visit)
{
    static const char garbage[] = "\x16\x03\x01 this is not HTTP \xff\xfe\r\n\r\n\x00\x01";
    server_answer(visit->exchange, &(struct server_answer){.body = {{garbage, sizeof garbage}},
                                                           .end = SERVER_CLOSE});
}

/* The smallest complete GIF: one pixel. */
static void visit_gif(struct visit *visit)
{
    static const char gif[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00"
                              ",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02"
                              "D\x01\x00;";
    server_answer(visit->exchange, &(struct server_answer){.status = 200,
                                                           .type = "image/gif",
                                                           .body = {{gif, sizeof gif - 1}}});
}

static void visit_placeholder(struct visit *visit)
{
    const char *path = visit->web->options.placeholder;
    const struct file *file = path ? files_get_path(visit->web->files, path) : NULL;
    if (file)
        send_part(visit, file, file->size, SERVER_LENGTH_OF_BODY, SERVER_KEEP);
    else
        reply_page(visit, 404, NULL);
}

/* /same/FILE/ANYTHING: as many URLs as a load test wants. */
static void visit_same(struct visit *visit)
{
    char *slash = strchr(visit->rest, '/');
    if (slash)
        *slash = '\0';
    visit_ok(visit);
}

static void visit_stats(struct visit *visit)
{
    const struct webserver *web = visit->web;
    struct server_counts counts = http_server_counts(web->http);
    struct text text;
    text_init(&text, 1 << 20);
    text_printf(&text, "{\"requests\":%llu,\"connections\":%u,\"max_connections\":%u,",
                counts.requests, counts.connections, counts.max_connections);
    text_printf(&text, "\"in_flight\":%u,\"max_in_flight\":%u,", counts.in_flight,
                counts.max_in_flight);
    text_add(&text, "\"prefixes\":{");
    tally_write_counters(web->tally, &text);
    text_add(&text, "},\"hosts\":{");
    tally_write_levels(web->tally, &text);
    text_add(&text, "},\"urls\":");
    tally_write_urls(web->tally, &text);
    if (!strncmp(visit->request->query, "url=", 4)) {
        text_add(&text, ",\"url\":");
        text_json(&text, visit->request->query + 4, false);
        text_printf(&text, ",\"times\":%u", tally_url_value(web->tally, visit->request->query + 4));
    }
    text_add(&text, "}\n");
    if (text.status)
        server_reply(visit->exchange, 500, NULL, NULL, "");
    else
        server_reply(visit->exchange, 200, "application/json", NULL, text.buf.data);
    text_free(&text);
}

static const struct behaviour {
    const char *name;
    void (*visit)(struct visit *visit);
    const char *text;
} behaviours[] = {
    {"ok", visit_ok, "/ok/FILE: the file"},
    {"png", visit_ok, "/png/FILE: the file"},
    {"404", visit_404, "/404/FILE: status 404 with the file as body; /404: with a web page"},
    {"410", visit_status, "status 410 with a web page"},
    {"401", visit_status, "status 401"},
    {"403", visit_status, "status 403"},
    {"429", visit_status, "status 429 with Retry-After: 1"},
    {"500", visit_status, "status 500"},
    {"503", visit_status, "status 503"},
    {"503-then-ok", visit_503_then_ok, "/503-then-ok/N/FILE: fails N times for that URL"},
    {"html", visit_html, "a web page with status 200"},
    {"empty", visit_empty, "status 200, no body"},
    {"truncated", visit_truncated, "/truncated/FILE: 60 % of it with the right Content-Length"},
    {"lie-length", visit_lie_length, "/lie-length/FILE: Content-Length 1000 too high, then close"},
    {"cut", visit_cut, "/cut/FILE: connection reset in the middle of the body"},
    {"redirect", visit_redirect,
     "/redirect/FILE: 302 to /ok/FILE; /redirect/loop; /redirect/to?URL: 302 to that URL"},
    {"chain", visit_chain, "/chain/N/FILE: N redirects, then the file"},
    {"stall", visit_stall, "never answers"},
    {"stall-body", visit_stall_body, "/stall-body/FILE: half of the body, then silence"},
    {"slow", visit_slow, "/slow/FILE?bps=N: N bytes a second"},
    {"huge", visit_huge, "/huge?bytes=N: N bytes without Content-Length"},
    {"garbage", visit_garbage, "bytes that are not HTTP"},
    {"gif", visit_gif, "a GIF"},
    {"placeholder", visit_placeholder, "/placeholder/ANYTHING: the file of --placeholder"},
    {"same", visit_same, "/same/FILE/ANYTHING: the file"},
    {"stats", visit_stats, "/stats[?url=URL]: counters as JSON"},
};

static const struct behaviour *find_behaviour(const char *name)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
        if (!strcmp(behaviours[i].name, name))
            return &behaviours[i];
    return NULL;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Percent-decodes what fits (RFC 3986 section 2.1). */
static void decode_path(const char *path, char *out, size_t size)
{
    size_t used = 0;
    while (*path && used + 1 < size) {
        int high = *path == '%' ? hex_digit(path[1]) : -1;
        int low = high >= 0 ? hex_digit(path[2]) : -1;
        bool escaped = low >= 0 && (high || low);
        out[used++] = escaped ? (char)(high * 16 + low) : *path;
        path += escaped ? 3 : 1;
    }
    out[used] = '\0';
}

static const char *host_of(const struct server_request *request)
{
    const char *host = server_find_header(request, "Host");
    return host ? host : "-";
}

static void handle(void *context, struct server_exchange *exchange)
{
    struct webserver *web = context;
    struct visit visit = {web, exchange, server_exchange_request(exchange), 0, "", ""};
    const char *path = visit.request->path + 1;
    size_t length = strcspn(path, "/");
    snprintf(visit.name, sizeof visit.name, "%.*s", (int)length, path);
    decode_path(path[length] ? path + length + 1 : "", visit.rest, sizeof visit.rest);
    const struct behaviour *behaviour = find_behaviour(visit.name);
    tally_level(web->tally, host_of(visit.request), 1);
    if (!behaviour || behaviour->visit != visit_stats) {
        tally_count(web->tally, behaviour ? behaviour->name : "unknown");
        visit.times = tally_url(web->tally, visit.request->target);
    }
    if (behaviour)
        behaviour->visit(&visit);
    else
        reply_page(&visit, 404, NULL);
}

static void finished(void *context, const struct server_request *request)
{
    struct webserver *web = context;
    tally_level(web->tally, host_of(request), -1);
}

enum status webserver_start(uv_loop_t *loop, const struct webserver_options *options,
                            struct webserver **out, struct error *error)
{
    struct webserver *web = calloc(1, sizeof *web);
    if (!web)
        return error_set(error, STATUS_MEMORY, "webserver: out of memory");
    *out = web;
    web->options = *options;
    if (files_create(options->root, &web->files) || tally_create(&web->tally))
        return error_set(error, STATUS_MEMORY, "webserver: out of memory");
    return http_server_start(loop,
                             &(struct server_options){.address = options->address,
                                                      .port = options->port,
                                                      .port_file = options->port_file,
                                                      .max_body = 1 << 20,
                                                      .handle = handle,
                                                      .finished = finished,
                                                      .context = web},
                             &web->http, error);
}

void webserver_free(struct webserver *web)
{
    if (!web)
        return;
    http_server_free(web->http);
    files_free(web->files);
    tally_free(web->tally);
    free(web);
}

struct http_server *webserver_http(struct webserver *web)
{
    return web->http;
}

void webserver_describe(void)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++)
        printf("  /%-14s %s\n", behaviours[i].name, behaviours[i].text);
}
