#include "cli/terminal.h"

#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "common/utf8.h"

/* Characters that are not shown as they are. Unicode 15: General_Category Cc and Cf as far as they
 * are invisible or Bidi_Control, line and paragraph separator, tags. */
static const struct {
    uint32_t first, last;
} obeyed[] = {{0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},      {0x61c, 0x61c},
              {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x206f},
              {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};

size_t terminal_columns(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    long given = columns ? strtol(columns, NULL, 10) : 0;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        given = size.ws_col;
    if (given <= 0 || given > UINT16_MAX)
        return TERMINAL_PLAIN;
    return given < TERMINAL_NARROWEST ? TERMINAL_NARROWEST : (size_t)given;
}

bool terminal_styled(FILE *out)
{
    const char *plain = getenv("NO_COLOR"), *kind = getenv("TERM");
    return isatty(fileno(out)) && !(plain && *plain) && kind && *kind && strcmp(kind, "dumb") != 0;
}

static locale_t utf8_locale;

static void open_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* As the C library's tables say, whatever locale the user has. */
static size_t columns_of(uint32_t c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (c < 0x80)
        return 1;
    pthread_once(&once, open_locale);
    if (!utf8_locale)
        return 1;
    locale_t before = uselocale(utf8_locale);
    int width = wcwidth((wchar_t)c);
    uselocale(before);
    return width < 0 ? 1 : (size_t)width;
}

/* The character at the start of `text` and its length in bytes; '?' for what is not shown. */
static size_t next(const char *text, uint32_t *c)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length = utf8_length(text);
    *c = '?';
    if (length == 0)
        return 1;
    uint32_t value = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        value = value << 6 | (s[i] & 0x3fu);
    for (size_t i = 0; i < sizeof obeyed / sizeof obeyed[0]; i++)
        if (value >= obeyed[i].first && value <= obeyed[i].last)
            return length;
    *c = value;
    return length;
}

static void put(FILE *out, const char *text, size_t length, uint32_t c)
{
    if (c == '?')
        fputc('?', out);
    else
        fwrite(text, 1, length, out);
}

size_t terminal_width(const char *text)
{
    size_t width = 0;
    for (uint32_t c; *text;) {
        text += next(text, &c);
        width += columns_of(c);
    }
    return width;
}

void terminal_write(FILE *out, const char *text)
{
    for (uint32_t c; *text;) {
        size_t length = next(text, &c);
        put(out, text, length, c);
        text += length;
    }
}

static void break_line(FILE *out, size_t indent, size_t *at)
{
    fprintf(out, "\n%*s", (int)indent, "");
    *at = indent;
}

/* A number and its percent sign stay together. */
static bool ends_word(const char *text)
{
    return *text == '\0' || (*text == ' ' && text[1] != '%');
}

/* Columns up to the end of the word. */
static size_t word_width(const char *text)
{
    size_t width = 0;
    for (uint32_t c; !ends_word(text);) {
        text += next(text, &c);
        width += columns_of(c);
    }
    return width;
}

void terminal_wrap(FILE *out, const char *text, size_t indent, size_t columns)
{
    size_t at = indent;
    while (*text == ' ')
        text++;
    while (*text) {
        if (at > indent && at + 1 + word_width(text) > columns)
            break_line(out, indent, &at);
        else if (at > indent)
            at += fputc(' ', out) == ' ';
        for (uint32_t c; !ends_word(text);) {
            size_t length = next(text, &c), width = columns_of(c);
            if (at > indent && at + width > columns)
                break_line(out, indent, &at);
            put(out, text, length, c);
            at += width;
            text += length;
        }
        while (*text == ' ')
            text++;
    }
    fputc('\n', out);
}
