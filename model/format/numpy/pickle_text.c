/* The texts of protocol 0, which are escaped. */
#include <string.h>

#include "model/format/numpy/pickle_machine.h"

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `count` digits; -1 when they are not all there. */
static int64_t hex_number(const unsigned char *at, const unsigned char *end, int count)
{
    int64_t number = 0;

    if (end - at < count)
        return -1;
    for (int i = 0; i < count; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        number = 16 * number + digit;
    }
    return number;
}

/* One character of a Python 2 string literal; -1 when it cannot be read. */
static int unescape(const unsigned char **at, const unsigned char *end)
{
    static const char letters[] = "ntr\\'\"", values[] = "\n\t\r\\'\"";
    const unsigned char *from = *at;
    const char *letter;

    *at += 1;
    if (*from != '\\')
        return *from;
    if (from + 1 == end)
        return -1;
    *at += 1;
    letter = from[1] ? strchr(letters, from[1]) : NULL;
    if (letter)
        return (unsigned char)values[letter - letters];
    if (from[1] != 'x')
        return -1;
    *at += 2;
    return (int)hex_number(from + 2, end, 2);
}

/* Python 2, protocol 0: repr() of a string. */
void pickle_op_literal(struct pickle *pickle, unsigned detail)
{
    size_t size, used = 0;
    const unsigned char *line = pickle_take_line(pickle, &size),
                        *end = line ? line + size - 1 : NULL;
    unsigned char *out;

    (void)detail;
    if (!line || size < 2 || (*line != '\'' && *line != '"') || *end != *line) {
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: a string has no quotes");
        return;
    }
    out = pickle_keep(pickle, size);
    if (!out)
        return;
    for (line++; line < end;) {
        int c = unescape(&line, end);
        if (c < 0) {
            pickle_fail(pickle, STATUS_DATA, "is not a pickle: a string cannot be read");
            return;
        }
        out[used++] = (unsigned char)c;
    }
    pickle_push_text(pickle, PICKLE_BYTES, out, used);
}

static size_t put_utf8(unsigned char *out, uint32_t c)
{
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

    for (size_t i = length; i-- > 1; c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 0x3f));
    out[0] = (unsigned char)(length == 1 ? c : (0xF00U >> length & 0xff) | c);
    return length;
}

/* Protocol 0: "raw-unicode-escape", which is Latin-1 with \uXXXX and \UXXXXXXXX. */
void pickle_op_escaped_text(struct pickle *pickle, unsigned detail)
{
    size_t size, used = 0;
    const unsigned char *line = pickle_take_line(pickle, &size), *end = line ? line + size : NULL;
    unsigned char *out = line ? arena_alloc(&pickle->arena, 2 * size + 1, 1) : NULL;

    (void)detail;
    if (line && !out)
        pickle_fail_memory(pickle);
    while (out && line < end) {
        int digits = *line != '\\' || line + 1 == end ? 0
                     : line[1] == 'u'                 ? 4
                     : line[1] == 'U'                 ? 8
                                                      : 0;
        int64_t c = digits ? hex_number(line + 2, end, digits) : *line;
        if (c < 0 || c > 0x10ffff) {
            pickle_fail(pickle, STATUS_DATA, "is not a pickle: a text cannot be read");
            return;
        }
        used += put_utf8(out + used, (uint32_t)c);
        line += digits ? 2 + digits : 1;
    }
    pickle_push_text(pickle, PICKLE_TEXT, out, used);
}
