#include "common/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 64 * 1024 };

/* ASCII only, whatever the locale says. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* ---- one URL -------------------------------------------------------------------------------- */

/* Collects the normal form; `full` stays set once something did not fit. */
struct sink {
    char *out;
    size_t used;
    bool full;
};

static void sink_put(struct sink *sink, const char *bytes, size_t size)
{
    if (size >= URL_MAX - sink->used) {
        sink->full = true;
        return;
    }
    memcpy(sink->out + sink->used, bytes, size);
    sink->used += size;
    sink->out[sink->used] = '\0';
}

/* True for bytes that RFC 3986 has no place for in a path or query. '[', ']' and a lone '%' are
 * left alone: servers that use them expect them as they are. */
static bool must_encode(char c)
{
    return (unsigned char)c <= ' ' || (unsigned char)c >= 0x7f || strchr("\"<>^`{|}", c) != NULL;
}

static void sink_put_encoded(struct sink *sink, const char *text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (must_encode(text[i]))
            sink_put(sink, (char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3);
        else
            sink_put(sink, text + i, 1);
    }
}

static enum status refuse(struct error *error, const char *why)
{
    return error_set(error, STATUS_DATA, "%s", why);
}

static enum status check_bytes(const char *text, size_t size, struct error *error)
{
    for (size_t i = 0; i < size; i++) {
        if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f)
            return refuse(error, "a control character in the URL");
        if (text[i] == '\\')
            return refuse(error, "a backslash in the URL");
    }
    return STATUS_OK;
}

/* Sets *length to what "http://" or "https://" takes. */
static enum status parse_scheme(const char *text, size_t size, size_t *length, struct error *error)
{
    if (size >= 7 && strncasecmp(text, "http://", 7) == 0)
        *length = 7;
    else if (size >= 8 && strncasecmp(text, "https://", 8) == 0)
        *length = 8;
    else
        return refuse(error, "not an http or https URL");
    return STATUS_OK;
}

static enum status put_ipv6(struct sink *sink, const char *host, size_t size, struct error *error)
{
    char text[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    if (size < 4 || size - 2 >= sizeof text || host[size - 1] != ']')
        return refuse(error, "a bad IPv6 address as host");
    for (size_t i = 1; i + 1 < size; i++)
        text[i - 1] = to_lower(host[i]);
    if (inet_pton(AF_INET6, text, &address) != 1)
        return refuse(error, "a bad IPv6 address as host");
    sink_put(sink, "[", 1);
    sink_put(sink, text, strlen(text));
    sink_put(sink, "]", 1);
    return STATUS_OK;
}

static enum status put_host(struct sink *sink, const char *host, size_t size, struct error *error)
{
    if (size == 0)
        return refuse(error, "no host in the URL");
    if (size >= URL_HOST_MAX)
        return refuse(error, "a host name longer than 255 characters");
    if (host[0] == '[')
        return put_ipv6(sink, host, size, error);
    for (size_t i = 0; i < size; i++) {
        char c = to_lower(host[i]);
        if ((unsigned char)c >= 0x80)
            return refuse(error, "a host name beyond ASCII; write it in its xn-- form");
        if (!is_lower(c) && !is_digit(c) && !strchr("-._", c))
            return refuse(error, "a character in the host name that does not belong there");
        sink_put(sink, &c, 1);
    }
    return STATUS_OK;
}

/* `port` is what follows the colon; empty means the default. */
static enum status put_port(struct sink *sink, const char *port, size_t size, unsigned standard,
                            struct error *error)
{
    unsigned number = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(port[i]))
            return refuse(error, "a bad port in the URL");
        number = number * 10 + (unsigned)(port[i] - '0');
        if (number > 65535)
            return refuse(error, "a bad port in the URL");
    }
    if (size && number == 0)
        return refuse(error, "a bad port in the URL");
    if (size == 0 || number == standard)
        return STATUS_OK;
    char text[8];
    int length = snprintf(text, sizeof text, ":%u", number);
    sink_put(sink, text, (size_t)length);
    return STATUS_OK;
}

static enum status put_authority(struct sink *sink, const char *text, size_t size, bool https,
                                 struct error *error)
{
    if (memchr(text, '@', size))
        return refuse(error, "credentials in the URL; fetched URLs must not carry any");
    const char *bracket = size && text[0] == '[' ? memchr(text, ']', size) : NULL;
    const char *after = bracket ? bracket + 1 : text;
    const char *colon = memchr(after, ':', size - (size_t)(after - text));
    if (size && text[0] == '[' && !bracket)
        return refuse(error, "a bad IPv6 address as host");
    size_t host_size = colon ? (size_t)(colon - text) : size;
    enum status status = put_host(sink, text, host_size, error);
    if (status || !colon)
        return status;
    return put_port(sink, colon + 1, size - host_size - 1, https ? 443 : 80, error);
}

enum status url_normalize(const char *text, size_t size, char out[URL_MAX], struct error *error)
{
    struct sink sink = {.out = out};
    size_t scheme = 0;
    out[0] = '\0';
    const char *fragment = memchr(text, '#', size);
    size_t kept = fragment ? (size_t)(fragment - text) : size;
    enum status status = check_bytes(text, size, error);
    if (!status)
        status = parse_scheme(text, kept, &scheme, error);
    if (status)
        return status;

    bool https = scheme == 8;
    sink_put(&sink, https ? "https://" : "http://", scheme);
    const char *authority = text + scheme;
    size_t length = 0;
    while (scheme + length < kept && !strchr("/?", authority[length]))
        length++;
    status = put_authority(&sink, authority, length, https, error);
    if (status)
        return status;

    const char *rest = authority + length;
    size_t rest_size = kept - scheme - length;
    if (rest_size == 0 || rest[0] == '?')
        sink_put(&sink, "/", 1);
    sink_put_encoded(&sink, rest, rest_size);
    if (sink.full)
        return refuse(error, "a URL longer than 8191 bytes");
    return STATUS_OK;
}

enum status url_host(const char *url, char host[URL_HOST_MAX])
{
    host[0] = '\0';
    const char *start = strstr(url, "://");
    if (!start)
        return STATUS_DATA;
    start += 3;
    size_t length = strcspn(start, "/?#");
    const char *at = memchr(start, '@', length);
    if (at) {
        length -= (size_t)(at + 1 - start);
        start = at + 1;
    }
    if (length && start[0] == '[') {
        start++;
        length = strcspn(start, "]/?#");
    } else {
        const char *colon = memchr(start, ':', length);
        length = colon ? (size_t)(colon - start) : length;
    }
    if (length == 0 || length >= URL_HOST_MAX)
        return STATUS_DATA;
    for (size_t i = 0; i < length; i++)
        host[i] = to_lower(start[i]);
    host[length] = '\0';
    return STATUS_OK;
}

/* ---- one line ------------------------------------------------------------------------------- */

struct span {
    const char *start;
    size_t size;
};

static struct span span_trim(struct span span)
{
    while (span.size && is_blank(span.start[0])) {
        span.start++;
        span.size--;
    }
    while (span.size && strchr(" \t\r\n", span.start[span.size - 1]) &&
           span.start[span.size - 1] != '\0')
        span.size--;
    return span;
}

/* True for the control words that text editors leave at line ends. */
static bool is_rtf_word(const char *word, size_t size)
{
    static const char *const words[] = {"f",   "fs",   "cf",   "cb",    "b",      "i",      "ul",
                                        "par", "pard", "line", "plain", "ulnone", "kerning"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == size && memcmp(words[i], word, size) == 0)
            return true;
    return false;
}

/* Length of the RTF control at the start, which is a backslash: an escaped byte, a known word with
 * its number, or the backslash alone; 0 when it is none of these. */
static size_t rtf_control(const char *text, size_t size)
{
    if (size >= 4 && text[1] == '\'' && is_hex(text[2]) && is_hex(text[3]))
        return 4;
    size_t end = 1;
    while (end < size && is_letter(text[end]))
        end++;
    if (end == 1)
        return size == 1 || text[1] == '\\' || is_blank(text[1]) ? 1 : 0;
    if (!is_rtf_word(text + 1, end - 1))
        return 0;
    while (end < size && is_digit(text[end]))
        end++;
    return end;
}

/* Length of the RTF token at the start: a control, a brace or a blank; 0 when it is none. */
static size_t rtf_token(const char *text, size_t size)
{
    if (is_blank(text[0]) || text[0] == '{' || text[0] == '}')
        return 1;
    return text[0] == '\\' ? rtf_control(text, size) : 0;
}

/* Cuts at the first backslash when nothing but RTF tokens follows; otherwise leaves the span, and
 * the backslash makes it refused. */
static struct span span_cut_rtf(struct span span)
{
    const char *backslash = memchr(span.start, '\\', span.size);
    if (!backslash)
        return span;
    const char *end = span.start + span.size;
    for (const char *p = backslash; p < end;) {
        size_t token = rtf_token(p, (size_t)(end - p));
        if (token == 0)
            return span;
        p += token;
    }
    span.size = (size_t)(backslash - span.start);
    return span_trim(span);
}

/* Moves ImageNet's "n02131653_123<TAB>" from the span to `wnid`. */
static struct span span_take_wnid(struct span span, char wnid[WNID_SIZE])
{
    size_t i = 1;
    if (span.size < 10 || span.start[0] != 'n')
        return span;
    while (i < 9 && is_digit(span.start[i]))
        i++;
    if (i != 9)
        return span;
    if (span.start[i] == '_')
        for (i++; i < span.size && is_digit(span.start[i]);)
            i++;
    if (i >= span.size || !is_blank(span.start[i]))
        return span;
    memcpy(wnid, span.start, 9);
    wnid[9] = '\0';
    return span_trim((struct span){span.start + i, span.size - i});
}

void url_line_parse(const char *line, size_t size, struct url_line *out)
{
    struct span span = {line, size};
    out->kind = URL_LINE_BLANK;
    out->url[0] = out->wnid[0] = out->why.text[0] = '\0';
    if (size >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0)
        span = (struct span){line + 3, size - 3};
    span = span_trim(span);
    if (span.size == 0 || span.start[0] == '#')
        return;
    span = span_take_wnid(span, out->wnid);
    span = span_cut_rtf(span);
    if (span.size == 0)
        (void)error_set(&out->why, STATUS_DATA, "no URL in the line");
    out->kind = URL_LINE_REFUSED;
    if (span.size && url_normalize(span.start, span.size, out->url, &out->why) == STATUS_OK)
        out->kind = URL_LINE_URL;
    else
        out->url[0] = '\0';
}

/* ---- many lines ----------------------------------------------------------------------------- */

struct line_reader {
    int descriptor;
    bool ended;
    uint64_t number;
    size_t start, end; /* unread bytes of `bytes` */
    char bytes[LINE_MAX_SIZE];
};

enum status line_reader_open(int descriptor, struct line_reader **out)
{
    *out = malloc(sizeof **out);
    if (!*out)
        return STATUS_MEMORY;
    (*out)->descriptor = descriptor;
    (*out)->ended = false;
    (*out)->number = 0;
    (*out)->start = (*out)->end = 0;
    return STATUS_OK;
}

/* Reads once behind what is there already. */
static enum status fill(struct line_reader *reader)
{
    if (reader->start) {
        memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    ssize_t got;
    do
        got = read(reader->descriptor, reader->bytes + reader->end, LINE_MAX_SIZE - reader->end);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return STATUS_IO;
    reader->ended = got == 0;
    reader->end += (size_t)got;
    return STATUS_OK;
}

/* Throws away the rest of a line that was longer than the buffer. */
static enum status skip_line(struct line_reader *reader)
{
    for (;;) {
        const char *from = reader->bytes + reader->start;
        const char *newline = memchr(from, '\n', reader->end - reader->start);
        if (newline) {
            reader->start = (size_t)(newline - reader->bytes) + 1;
            return STATUS_OK;
        }
        reader->start = reader->end = 0;
        enum status status = reader->ended ? STATUS_NO : fill(reader);
        if (status)
            return status == STATUS_NO ? STATUS_OK : status;
    }
}

enum status line_reader_next(struct line_reader *reader, const char **line, size_t *size,
                             uint64_t *number, bool *too_long)
{
    /* The cut head of a too long line lies in the buffer until here. */
    enum status status = STATUS_OK;
    if (reader->start > reader->end) {
        reader->start = reader->end = 0;
        status = skip_line(reader);
    }
    size_t seen = 0;
    while (!status) {
        const char *from = reader->bytes + reader->start;
        size_t left = reader->end - reader->start;
        const char *newline = memchr(from + seen, '\n', left - seen);
        bool full = left == LINE_MAX_SIZE;
        if (newline || full || (reader->ended && left)) {
            *line = from;
            *size = newline ? (size_t)(newline - from) : left;
            *too_long = !newline && full;
            *number = ++reader->number;
            /* start > end marks that the rest of this line is still to be skipped. */
            reader->start = *too_long ? reader->end + 1 : reader->start + *size + (newline ? 1 : 0);
            return STATUS_OK;
        }
        if (reader->ended)
            return STATUS_NO;
        seen = left;
        status = fill(reader);
    }
    return status;
}

void line_reader_free(struct line_reader *reader)
{
    free(reader);
}
