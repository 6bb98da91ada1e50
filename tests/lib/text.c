#include "tests/lib/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_init(struct text *text, size_t limit)
{
    buf_init(&text->buf, limit);
    text->status = STATUS_OK;
}

void text_put(struct text *text, const void *bytes, size_t size)
{
    if (!text->status)
        text->status = buf_append(&text->buf, bytes, size);
}

void text_add(struct text *text, const char *string)
{
    text_put(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    char small[512];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    char *end = NULL;
    if (size < 0) {
        text->status = STATUS_INTERNAL;
    } else if ((size_t)size < sizeof small) {
        text_put(text, small, (size_t)size);
    } else if (!text->status) {
        text->status = buf_reserve(&text->buf, (size_t)size + 1, &end);
        if (!text->status) {
            vsnprintf(end, (size_t)size + 1, format, again);
            text->buf.size += (size_t)size;
        }
    }
    va_end(again);
}

/* Three- and four-byte sequences that RFC 3629 forbids: overlong, surrogates, past U+10FFFF. */
static bool forbidden(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

/* Length of the valid UTF-8 sequence at `s`, 0 when it is not one. */
static size_t utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return forbidden(s[0], s[1]) ? 0 : length;
}

/* What Go writes for one sequence, into `out`; "" when the sequence goes out as it is. */
static void escape(const char *s, size_t length, bool html, char out[8])
{
    static const char named[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
    const char *at = strchr(named, *s);
    out[0] = '\0';
    if (length == 0)
        snprintf(out, 8, "\\ufffd");
    else if (at)
        snprintf(out, 8, "\\%c", letters[at - named]);
    else if (length == 1 && (*s < 0x20 || (html && strchr("<>&", *s))))
        snprintf(out, 8, "\\u%04x", (unsigned)*s);
    else if (!strncmp(s, "\u2028", 3) || !strncmp(s, "\u2029", 3))
        snprintf(out, 8, "\\u202%c", s[2] == '\xa8' ? '8' : '9');
}

void text_json(struct text *text, const char *string, bool html)
{
    const char *s = string, *plain = string;
    char escaped[8];
    text_add(text, "\"");
    while (*s) {
        size_t length = utf8_length((const unsigned char *)s);
        escape(s, length, html, escaped);
        if (escaped[0]) {
            text_put(text, plain, (size_t)(s - plain));
            text_add(text, escaped);
            plain = s + (length ? length : 1);
        }
        s += length ? length : 1;
    }
    text_put(text, plain, (size_t)(s - plain));
    text_add(text, "\"");
}

/* The fewest significant digits, as "d.ddde-07", that read back to the same float32. One digit more
 * never reads back worse, so the search goes down from 9, which always do. */
static void shortest_digits(float value, char *out, size_t size)
{
    char candidate[32];
    snprintf(out, size, "%.8e", (double)value);
    for (int precision = 7; precision >= 0; precision--) {
        snprintf(candidate, sizeof candidate, "%.*e", precision, (double)value);
        if (strtof(candidate, NULL) != value)
            return;
        snprintf(out, size, "%s", candidate);
    }
}

void text_float32(struct text *text, float value)
{
    char digits[32];
    float size = fabsf(value);
    if (!isfinite(value) && !text->status)
        text->status = STATUS_DATA;
    if (size == 0)
        text_add(text, "0");
    if (size == 0 || text->status)
        return;
    shortest_digits(value, digits, sizeof digits);
    char *exponent = strchr(digits, 'e');
    int power = atoi(exponent + 1);
    if (size < 1e-6f || size >= 1e21f) {
        text_put(text, digits, (size_t)(exponent - digits));
        text_printf(text, power < 0 ? "e%d" : "e+%d", power);
        return;
    }
    int precision = (int)(exponent - digits) - 1 - (value < 0);
    precision = precision > 0 ? precision - 1 : 0; /* digits behind the point in d.ddd */
    int decimals = precision - power;
    text_printf(text, "%.*f", decimals > 0 ? decimals : 0, strtod(digits, NULL));
}

void text_free(struct text *text)
{
    buf_free(&text->buf);
}
