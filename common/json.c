#include "common/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/utf8.h"

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
    fputc('"', out);
    while (*text) {
        if ((unsigned char)*text < 0x80)
            write_ascii(out, (unsigned char)*text++);
        else
            text += utf8_write(out, text);
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
