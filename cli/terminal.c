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

bool terminal_obeys(FILE *out)
{
    const char *kind = getenv("TERM");
    return isatty(fileno(out)) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool terminal_styled(FILE *out)
{
    const char *plain = getenv("NO_COLOR");
    return terminal_obeys(out) && !(plain && *plain);
}

static locale_t utf8_locale;

static void open_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* As the C library's tables say; negative for what they do not know. */
static int width_of(uint32_t c)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_locale);
    if (!utf8_locale)
        return 1;
    locale_t before = uselocale(utf8_locale);
    int width = wcwidth((wchar_t)c);
    uselocale(before);
    return width;
}

static uint32_t decode(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    uint32_t c = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

static bool is_obeyed(uint32_t c)
{
    for (size_t i = 0; i < sizeof obeyed / sizeof obeyed[0]; i++)
        if (c >= obeyed[i].first && c <= obeyed[i].last)
            return true;
    return false;
}

size_t terminal_character(const char *text, unsigned *columns, bool *shown)
{
    size_t length = utf8_length(text);
    uint32_t c = length ? decode(text, length) : 0;
    int width = c < 0x80 ? 1 : width_of(c);
    *shown = !is_obeyed(c) && width >= 0;
    *columns = *shown ? (unsigned)width : 1;
    return length ? length : 1;
}

/* The same written to `out`, unless that is NULL. */
static size_t put(FILE *out, const char *text, unsigned *columns)
{
    bool shown;
    size_t length = terminal_character(text, columns, &shown);
    if (out)
        fwrite(shown ? text : "?", 1, shown ? length : 1, out);
    return length;
}

size_t terminal_width(const char *text)
{
    size_t width = 0;
    for (unsigned columns; *text; width += columns)
        text += put(NULL, text, &columns);
    return width;
}

void terminal_write(FILE *out, const char *text)
{
    for (unsigned columns; *text;)
        text += put(out, text, &columns);
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
    for (unsigned columns; !ends_word(text); width += columns)
        text += put(NULL, text, &columns);
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
        for (unsigned width; !ends_word(text); at += width) {
            put(NULL, text, &width);
            if (at > indent && at + width > columns)
                break_line(out, indent, &at);
            text += put(out, text, &width);
        }
        while (*text == ' ')
            text++;
    }
    fputc('\n', out);
}
