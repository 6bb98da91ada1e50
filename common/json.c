#include "common/json.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* The well-formed byte sequences of UTF-8: RFC 3629, section 4. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high;
    unsigned length;
} sequences[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool within(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

/* Length of the valid sequence that starts here, or 0. Stops at the text's NUL, which continues
 * nothing. */
static unsigned sequence_length(const unsigned char *s)
{
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (!within(s[0], sequences[i].first_low, sequences[i].first_high))
            continue;
        unsigned length = sequences[i].length;
        if (length > 1 && !within(s[1], sequences[i].second_low, sequences[i].second_high))
            return 0;
        for (unsigned k = 2; k < length; k++)
            if (!within(s[k], 0x80, 0xbf))
                return 0;
        return length;
    }
    return 0;
}

static void write_ascii(FILE *out, unsigned char c)
{
    switch (c) {
    case '"':
        fputs("\\\"", out);
        break;
    case '\\':
        fputs("\\\\", out);
        break;
    case '\n':
        fputs("\\n", out);
        break;
    case '\t':
        fputs("\\t", out);
        break;
    default:
        if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
}

void json_write_text(FILE *out, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', out);
    while (*s) {
        unsigned length = sequence_length(s);
        if (length == 1)
            write_ascii(out, *s);
        else if (length == 0)
            fputs("\\ufffd", out);
        else
            fwrite(s, 1, length, out);
        s += length ? length : 1;
    }
    fputc('"', out);
}

void real_format(double value, char *text, size_t size)
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            return;
    }
}

void json_write_real(FILE *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    real_format(value, text, sizeof text);
    fputs(text, out);
}
