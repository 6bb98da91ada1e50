#include "daemon/transfer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/guard.h"
#include "daemon/poller.h"

enum {
    MAX_HEADERS = 128 * 1024, /* bytes, over all answers of a chain of redirects */
    MAX_LIFETIME_S = 300,     /* of a pooled connection, so that a moved host is asked again */
    MAX_RETRY_AFTER_S = 3600,
    BUFFER_SIZE = 32 * 1024
};

static bool address_passes(const struct http_transfer *transfer, const struct sockaddr *address,
                           size_t size)
{
    const struct guard *guard = transfer->guard;
    if (!guard || !transfer->any_port)
        return !guard || guard_allows(guard, address);
    struct sockaddr_storage copy = {0};
    if (size > sizeof copy)
        return false;
    memcpy(&copy, address, size);
    if (copy.ss_family == AF_INET)
        ((struct sockaddr_in *)&copy)->sin_port = htons(80);
    else if (copy.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&copy)->sin6_port = htons(80);
    return guard_allows(guard, (const struct sockaddr *)&copy);
}

static void note_refused(struct http_transfer *transfer, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "of an unknown family";
    unsigned port = 0;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        port = ntohs(v6->sin6_port);
    }
    transfer->refused = true;
    snprintf(transfer->refused_address, sizeof transfer->refused_address, "%s port %u", text, port);
}

static int on_resolve(void *resolver, void *reserved, void *context)
{
    (void)resolver;
    (void)reserved;
    struct http_transfer *transfer = context;
    transfer->phase = PHASE_RESOLVE;
    return 0;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    (void)purpose;
    struct http_transfer *transfer = context;
    transfer->phase = PHASE_CONNECT;
    if (!address_passes(transfer, &address->addr, address->addrlen)) {
        note_refused(transfer, &address->addr);
        return CURL_SOCKET_BAD;
    }
    transfer->opened = true;
    return poller_open_socket(transfer->poller, address);
}

static int on_close_socket(void *poller, curl_socket_t descriptor)
{
    return poller_close_socket(poller, descriptor);
}

/* Called with the connection that will carry the request, also when it comes from the pool: there
 * it may have been opened by a request that was allowed any port. */
static int on_connected(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)local;
    (void)local_port;
    struct http_transfer *transfer = context;
    transfer->phase = PHASE_TALK;
    if (!transfer->guard)
        return CURL_PREREQFUNC_OK;

    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)remote_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)remote_port)};
    const struct sockaddr *address = (const struct sockaddr *)&v4;
    size_t size = sizeof v4;
    if (inet_pton(AF_INET, remote, &v4.sin_addr) != 1) {
        address = (const struct sockaddr *)&v6;
        size = sizeof v6;
        if (inet_pton(AF_INET6, remote, &v6.sin6_addr) != 1)
            return CURL_PREREQFUNC_ABORT;
    }
    if (address_passes(transfer, address, size))
        return CURL_PREREQFUNC_OK;
    note_refused(transfer, address);
    transfer->opened = false;
    return CURL_PREREQFUNC_ABORT;
}

/* The first line of an answer. Low speed counts from here on: before it a slow server is a matter
 * of the whole time allowed. Behind a redirect everything starts again. */
static void on_status_line(struct http_transfer *transfer, const char *line, size_t size)
{
    const char *blank = memchr(line, ' ', size);
    bool redirects = transfer->follows && blank && blank + 1 < line + size && blank[1] == '3';
    int64_t seconds = (transfer->low_speed_ms + 999) / 1000;
    if (redirects) {
        transfer->phase = PHASE_WAIT;
        transfer->refused = transfer->opened = false;
        seconds = 0;
    }
    if (transfer->low_speed > 0)
        curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, (long)seconds);
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size *= count;
    transfer->header_bytes += size;
    if (transfer->header_bytes > MAX_HEADERS) {
        transfer->headers_too_large = true;
        return 0;
    }
    if (size > 5 && memcmp(data, "HTTP/", 5) == 0)
        on_status_line(transfer, data, size);
    return size;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size *= count;
    transfer->phase = PHASE_TALK;
    enum status status = buf_append(&transfer->body, data, size);
    if (status == STATUS_LIMIT)
        transfer->too_large = true;
    return status ? 0 : size;
}

/* Options that hold for every request. Proxies, cookies, .netrc, alt-svc, HSTS, Unix sockets and
 * decompression are off by libcurl's own default or named here. */
static CURLcode set_lasting_options(struct http_transfer *transfer,
                                    const struct http_options *options)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;
#define SET(option, value) code = code ? code : curl_easy_setopt(easy, option, value)
    SET(CURLOPT_PRIVATE, transfer);
    SET(CURLOPT_NOSIGNAL, 1L);
    /* Without it a cancelled or timed-out lookup blocks the loop until getaddrinfo returns. */
    SET(CURLOPT_QUICK_EXIT, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    /* HTTP/2 lets the peer fill a window of 32 MiB per stream. */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_MAXLIFETIME_CONN, (long)MAX_LIFETIME_S);
    SET(CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
    SET(CURLOPT_SSL_VERIFYPEER, options->verify_tls ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, options->verify_tls ? 2L : 0L);
    SET(CURLOPT_USERAGENT, options->user_agent);
    SET(CURLOPT_ERRORBUFFER, transfer->curl_message);
    SET(CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
    SET(CURLOPT_RESOLVER_START_DATA, transfer);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, transfer);
    SET(CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, transfer->poller); /* a connection outlives its transfer */
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    return code;
}

static CURLcode set_method(CURL *easy, const struct http_request *request)
{
    bool get = strcmp(request->method, "GET") == 0;
    bool head = strcmp(request->method, "HEAD") == 0;
    bool post = strcmp(request->method, "POST") == 0;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_POSTFIELDS, NULL); /* makes it a POST: must stand before HTTPGET */
    SET(CURLOPT_HTTPGET, 1L);      /* undoes NOBODY and POST of the request before */
    SET(CURLOPT_CUSTOMREQUEST, get || head || post ? NULL : request->method);
    if (head)
        SET(CURLOPT_NOBODY, 1L);
    if (!get && !head) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
    }
    return code;
}

static CURLcode set_request(struct http_transfer *transfer, const struct http_request *request)
{
    CURL *easy = transfer->easy;
    CURLcode code = set_method(easy, request);
    /* The length in the header of a HEAD's answer is not that of a body. */
    bool head = strcmp(request->method, "HEAD") == 0;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_HTTPHEADER, transfer->headers);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)request->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)request->low_speed);
    SET(CURLOPT_LOW_SPEED_TIME, 0L); /* on_status_line starts it */
    SET(CURLOPT_MAXFILESIZE_LARGE, head ? (curl_off_t)0 : (curl_off_t)request->max_body);
    SET(CURLOPT_FOLLOWLOCATION, request->max_redirects > 0 ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, request->max_redirects);
    return code;
}
#undef SET

static enum status build_headers(struct http_transfer *transfer, const struct http_request *request)
{
    bool sends = strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
    const char *const none[] = {NULL};
    const char *const *line = request->headers ? request->headers : none;
    for (; *line || sends; line++) {
        /* Behind the caller's lines: no "Expect: 100-continue", which costs a round trip. */
        bool last = !*line;
        struct curl_slist *longer = curl_slist_append(transfer->headers, last ? "Expect:" : *line);
        if (!longer)
            return STATUS_MEMORY;
        transfer->headers = longer;
        if (last)
            break;
    }
    return STATUS_OK;
}

enum status transfer_prepare(struct http_transfer *transfer, const struct http_request *request,
                             struct error *error)
{
    transfer->low_speed = request->low_speed;
    transfer->low_speed_ms = request->low_speed_ms;
    transfer->timeout_ms = request->timeout_ms;
    transfer->max_body = request->max_body;
    transfer->header_bytes = 0;
    transfer->phase = PHASE_WAIT;
    transfer->follows = request->max_redirects > 0;
    transfer->any_port = request->any_port;
    transfer->refused = transfer->opened = false;
    transfer->too_large = transfer->headers_too_large = false;
    transfer->curl_message[0] = transfer->message[0] = '\0';
    transfer->started_ns = uv_hrtime();
    buf_init(&transfer->body, request->max_body);
    if (build_headers(transfer, request))
        return error_set(error, STATUS_MEMORY, "http: out of memory");
    CURLcode code = set_request(transfer, request);
    if (code)
        return error_set(error, STATUS_INTERNAL, "http: %s: %s", request->url,
                         curl_easy_strerror(code));
    return STATUS_OK;
}

void transfer_clear(struct http_transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    buf_free(&transfer->body);
}

void transfer_free(struct http_transfer *transfer)
{
    if (!transfer)
        return;
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    transfer_clear(transfer);
    free(transfer);
}

struct http_transfer *transfer_new(struct http *http, struct poller *poller,
                                   const struct http_options *options)
{
    struct http_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return NULL;
    transfer->http = http;
    transfer->poller = poller;
    transfer->guard = options->guard;
    transfer->easy = curl_easy_init();
    if (transfer->easy && set_lasting_options(transfer, options) == CURLE_OK)
        return transfer;
    transfer_free(transfer);
    return NULL;
}

static const char *last_header(CURL *easy, const char *name)
{
    struct curl_header *header;
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

/* RFC 9110, 10.2.3: seconds or a date. -1: absent or neither. */
static int64_t read_retry_after(CURL *easy)
{
    const char *text = last_header(easy, "Retry-After");
    if (!text)
        return -1;
    int64_t seconds = 0;
    if (*text >= '0' && *text <= '9') {
        char *end;
        unsigned long long number = strtoull(text, &end, 10);
        if (*end)
            return -1;
        seconds = number > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S : (int64_t)number;
    } else {
        time_t date = curl_getdate(text, NULL);
        if (date == -1)
            return -1;
        seconds = (int64_t)date - (int64_t)time(NULL);
    }
    if (seconds < 0)
        seconds = 0;
    return (seconds > MAX_RETRY_AFTER_S ? MAX_RETRY_AFTER_S : seconds) * 1000;
}

/* curl's times are offsets from the start, 0 for what was not reached or not needed. */
static double phase_ms(CURL *easy, CURLINFO begin, CURLINFO end)
{
    curl_off_t from = 0, to = 0;
    if (begin != CURLINFO_NONE)
        curl_easy_getinfo(easy, begin, &from);
    curl_easy_getinfo(easy, end, &to);
    return to > from ? (double)(to - from) / 1000.0 : 0.0;
}

/* Makes one code mean one thing, with help of the phase the transfer was in. */
static CURLcode unambiguous(struct http_transfer *transfer, CURLcode code,
                            struct http_answer *answer)
{
    bool talks = transfer->phase == PHASE_TALK;
    long redirects = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    switch (code) {
    case CURLE_OUT_OF_MEMORY: /* also a header line of more than 100 KB */
        transfer->headers_too_large = talks && transfer->body.size == 0;
        break;
    case CURLE_FILESIZE_EXCEEDED: /* Content-Length says so */
        transfer->too_large = true;
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* also what is not HTTP/1 */
        if (talks)
            return CURLE_WEIRD_SERVER_REPLY;
        answer->bad_redirect = redirects > 0;
        break;
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:
        answer->bad_redirect = redirects > 0 && !talks;
        break;
    case CURLE_OPERATION_TIMEDOUT:
        if (transfer->phase == PHASE_RESOLVE)
            return CURLE_COULDNT_RESOLVE_HOST;
        if (transfer->phase == PHASE_CONNECT)
            return CURLE_COULDNT_CONNECT;
        answer->stalled = talks && answer->total_ms < (double)transfer->timeout_ms;
        break;
    default:
        break;
    }
    return transfer->headers_too_large ? CURLE_WEIRD_SERVER_REPLY : code;
}

static void write_message(struct http_transfer *transfer, struct http_answer *answer)
{
    char *text = transfer->message;
    size_t size = sizeof transfer->message;
    const char *curl_says =
        transfer->curl_message[0] ? transfer->curl_message : curl_easy_strerror(answer->code);
    if (answer->refused_address)
        snprintf(text, size, "%s is not a public address or not an allowed port",
                 transfer->refused_address);
    else if (answer->too_large)
        snprintf(text, size, "the body is larger than %zu bytes", transfer->max_body);
    else if (transfer->headers_too_large)
        snprintf(text, size, "the headers are larger than %d bytes", MAX_HEADERS);
    else if (answer->bad_redirect)
        snprintf(text, size, "redirect refused: %s", curl_says);
    else if (answer->code != CURLE_OK)
        snprintf(text, size, "%s", curl_says);
}

void transfer_answer(struct http_transfer *transfer, CURLcode code, struct http_answer *answer)
{
    CURL *easy = transfer->easy;
    *answer = (struct http_answer){.body = &transfer->body, .message = transfer->message};
    answer->total_ms = (double)(uv_hrtime() - transfer->started_ns) / 1e6;
    answer->code = unambiguous(transfer, code, answer);
    answer->too_large = transfer->too_large;
    answer->refused_address = code != CURLE_OK && transfer->refused && !transfer->opened;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &answer->final_url);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &answer->content_type);
    answer->location = last_header(easy, "Location");
    answer->retry_after_ms = read_retry_after(easy);
    if (!answer->content_type)
        answer->content_type = "";
    if (!answer->location)
        answer->location = "";
    answer->dns_ms = phase_ms(easy, CURLINFO_NONE, CURLINFO_NAMELOOKUP_TIME_T);
    answer->connect_ms = phase_ms(easy, CURLINFO_NAMELOOKUP_TIME_T, CURLINFO_CONNECT_TIME_T);
    answer->tls_ms = phase_ms(easy, CURLINFO_CONNECT_TIME_T, CURLINFO_APPCONNECT_TIME_T);
    answer->wait_ms = phase_ms(easy, CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T);
    write_message(transfer, answer);
}
