#include "tests/lib/http_parse.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t server_head_size(const char *bytes, size_t size)
{
    const char *end = size ? memmem(bytes, size, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - bytes) + 4 : 0;
}

/* The value of a header line, or NULL when the line names another header. */
static const char *line_value(const char *line, const char *end, const char *name)
{
    size_t length = strlen(name);
    if ((size_t)(end - line) <= length || strncasecmp(line, name, length) || line[length] != ':')
        return NULL;
    const char *value = line + length + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    return value;
}

unsigned server_frame(const char *head, size_t size, struct server_framing *framing)
{
    const char *stop = head + size - 2;
    *framing = (struct server_framing){0};
    for (const char *line = head; line < stop;) {
        const char *end = memmem(line, (size_t)(head + size - line), "\r\n", 2);
        const char *value = line_value(line, end, "Content-Length");
        if (value) {
            char *after;
            errno = 0;
            unsigned long long length = strtoull(value, &after, 10);
            if (after == value || after != end || errno || *value == '-' || length > SIZE_MAX / 2)
                return 400;
            framing->length = (size_t)length;
        }
        if (line_value(line, end, "Transfer-Encoding"))
            return 411;
        value = line_value(line, end, "Expect");
        if (value && !strncasecmp(value, "100-continue", 12))
            framing->expect_continue = true;
        line = end + 2;
    }
    return 0;
}

/* Ends the line at `line` with a NUL byte and returns the start of the next. */
static char *split_line(char *line, char *stop)
{
    char *end = memmem(line, (size_t)(stop - line), "\r\n", 2);
    if (!end)
        return NULL;
    *end = '\0';
    return end + 2;
}

static unsigned parse_request_line(char *line, char *path_store, struct server_request *request)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || target[1] != '/')
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") && strcmp(version, "HTTP/1.0"))
        return 505;
    request->method = line;
    request->target = target;
    request->http10 = !strcmp(version, "HTTP/1.0");
    const char *question = strchr(target, '?');
    size_t length = question ? (size_t)(question - target) : strlen(target);
    memcpy(path_store, target, length);
    path_store[length] = '\0';
    request->path = path_store;
    request->query = question ? question + 1 : "";
    return 0;
}

unsigned server_parse(char *head, size_t size, char *path_store, struct server_request *request)
{
    char *stop = head + size;
    *request = (struct server_request){0};
    char *line = split_line(head, stop);
    unsigned refused = line ? parse_request_line(head, path_store, request) : 400;
    while (!refused && line && line < stop) {
        char *next = split_line(line, stop);
        if (!next || !*line)
            break;
        char *colon = strchr(line, ':');
        if (!colon || colon == line)
            return 400;
        if (request->headers == SERVER_MAX_HEADERS)
            return 431;
        *colon++ = '\0';
        colon += strspn(colon, " \t");
        request->header[request->headers++] = (struct server_header){line, colon};
        line = next;
    }
    return refused;
}

const char *server_find_header(const struct server_request *request, const char *name)
{
    for (size_t i = 0; i < request->headers; i++)
        if (!strcasecmp(request->header[i].name, name))
            return request->header[i].value;
    return NULL;
}
