#include "common/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Length of the valid UTF-8 sequence (RFC 3629) that starts here, or 0. */
static unsigned sequence_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    unsigned length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
                      : (s[0] & 0xf0) == 0xe0        ? 3
                      : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                                     : 0;
    for (unsigned i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
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
