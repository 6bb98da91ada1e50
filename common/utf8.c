#include "common/utf8.h"

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

size_t utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
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

bool utf8_valid(const char *text)
{
    while (*text) {
        size_t length = (unsigned char)*text < 0x80 ? 1 : utf8_length(text);
        if (length == 0)
            return false;
        text += length;
    }
    return true;
}

void utf8_make_line(char *text)
{
    while (*text) {
        size_t length = utf8_length(text);
        if (length == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
        text += length ? length : 1;
    }
}

size_t utf8_write(FILE *out, const char *text)
{
    size_t length = utf8_length(text);
    if (length == 1)
        fputc(*text, out);
    else if (length)
        fwrite(text, 1, length, out);
    else
        fputs("\xef\xbf\xbd", out);
    return length ? length : 1;
}

enum status utf8_from_latin1(const char *text, struct buf *out)
{
    enum status status = STATUS_OK;
    for (; !status && *text; text++) {
        unsigned char c = (unsigned char)*text;
        const char two[] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};
        status = c < 0x80 ? buf_append(out, text, 1) : buf_append(out, two, 2);
    }
    return status;
}
