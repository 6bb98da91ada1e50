#include "cli/report/html_writer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"

static void put_bytes(struct html *html, const char *bytes, size_t size)
{
    if (!html->status)
        html->status = buf_append(html->out, bytes, size);
}

void html_markup(struct html *html, const char *markup)
{
    put_bytes(html, markup, strlen(markup));
}

static const char *reference(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Characters of U+0080 to U+FFFF that must not reach a page: C1 controls, the marks that override
 * or isolate a direction (U+202A to U+202E, U+2066 to U+2069), separators of lines and paragraphs,
 * and the noncharacters at the end. */
static bool is_forbidden(const char *sequence, size_t length)
{
    const unsigned char *s = (const unsigned char *)sequence;
    if (length == 2)
        return s[0] == 0xc2 && s[1] < 0xa0;
    if (length != 3)
        return false;
    unsigned code = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
           code >= 0xfffe;
}

static void put_text(struct html *html, const char *text)
{
    const char *start = text;
    while (*text) {
        unsigned char c = (unsigned char)*text;
        size_t length = c < 0x80 ? 1 : utf8_length(text);
        const char *instead = reference(c);
        if (c < 0x20 || c == 0x7f || length == 0 || is_forbidden(text, length))
            instead = "\xef\xbf\xbd";
        length += length == 0;
        if (instead) {
            put_bytes(html, start, (size_t)(text - start));
            html_markup(html, instead);
            start = text + length;
        }
        text += length;
    }
    put_bytes(html, start, (size_t)(text - start));
}

static void put_number(struct html *html, const char *format, ...) PRINTF_LIKE(2, 3);
static void put_number(struct html *html, const char *format, ...)
{
    char text[352]; /* the longest %.Nf of a double with N < 10 */
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    html_markup(html, text);
}

/* One conversion: what stands behind the '%', up to and with its letter. */
static void put_value(struct html *html, const char *flags, char letter, va_list *list)
{
    bool is_long = *flags == 'l' || *flags == 'z';
    double real;

    switch (letter) {
    case 's': {
        const char *text = va_arg(*list, const char *);
        put_text(html, text ? text : "");
        break;
    }
    case 'f':
        real = va_arg(*list, double);
        put_number(html, "%.*f", *flags == '.' ? flags[1] - '0' : 6, isfinite(real) ? real : 0);
        break;
    case 'u':
        put_number(html, "%lu",
                   is_long ? va_arg(*list, unsigned long) : va_arg(*list, unsigned int));
        break;
    case 'd':
        put_number(html, "%ld", is_long ? va_arg(*list, long) : va_arg(*list, int));
        break;
    default:
        html_markup(html, "%");
    }
}

void html_put(struct html *html, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put_bytes(html, format, plain);
        format += plain;
        if (!*format)
            break;
        size_t flags = strspn(format + 1, ".0123456789lz");
        put_value(html, format + 1, format[1 + flags], &list);
        format += 2 + flags;
    }
    va_end(list);
}

bool html_is_link(const char *url)
{
    return url && (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
}

void html_url(struct html *html, const char *url)
{
    if (html_is_link(url))
        html_put(html, "<a href=\"%s\" rel=\"noreferrer noopener\"><bdi>%s</bdi></a>", url, url);
    else
        html_put(html, "<bdi>%s</bdi>", url);
}
