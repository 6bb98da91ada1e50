#include "daemon/backends/scan.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void scan_init(struct scan *cursor, const char *text, size_t size, unsigned max_depth)
{
    *cursor = (struct scan){.begin = text, .at = text, .end = text + size, .max_depth = max_depth};
}

bool scan_fail(struct scan *cursor, const char *problem)
{
    if (!cursor->problem)
        cursor->problem = problem;
    cursor->end = cursor->at; /* whatever is tried next finds nothing */
    return false;
}

bool scan_enter(struct scan *cursor, char bracket)
{
    if (scan_peek(cursor) != bracket)
        return scan_fail(cursor, bracket == '[' ? "expected an array" : "expected an object");
    if (cursor->depth == cursor->max_depth)
        return scan_fail(cursor, "nested too deeply");
    cursor->depth++;
    cursor->at++;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits behind \u; -1 when they are not four digits. */
static int32_t code_unit(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Reads the escape whose backslash is at `at`. Returns its length, 0 when it is none. */
static size_t escape(const char *at, const char *end, uint32_t *character)
{
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (end - at < 2)
        return 0;
    if (at[1] != 'u') {
        const char *letter = at[1] ? strchr(letters, at[1]) : NULL;
        if (!letter)
            return 0;
        *character = (uint8_t)values[letter - letters];
        return 2;
    }
    int32_t unit = code_unit(at + 2, end);
    if (unit <= 0 || (unit >= 0xdc00 && unit < 0xe000))
        return 0;
    *character = (uint32_t)unit;
    if (unit < 0xd800 || unit >= 0xe000)
        return 6;
    int32_t low = end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? code_unit(at + 8, end) : -1;
    if (low < 0xdc00 || low >= 0xe000)
        return 0;
    *character = 0x10000 + (((uint32_t)unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
    return 12;
}

/* Length of the UTF-8 sequence (RFC 3629) at `at`, whose first byte is not ASCII; 0: malformed. */
static size_t utf8_length(const char *text, const char *end)
{
    const uint8_t *at = (const uint8_t *)text;
    size_t left = (size_t)(end - text);
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
        return 0;
    uint8_t low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* Eight bytes, the first one lowest: compilers make one load of it. */
static uint64_t load(const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

/* How many plain characters `word` begins with, before a quote, a backslash, a control character
 * or one that is not ASCII; 8: all. A subtraction borrows into the bytes behind the first special
 * one, hence only that one is asked for (S. Anderson, Bit Twiddling Hacks, "determine if a word has
 * a byte less than n"). With bit 1 flipped, the quote is next to the control characters. */
static unsigned plain_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    uint64_t flipped = word ^ (ones * 2), backslash = word ^ (ones * '\\');
    uint64_t special = ((flipped - ones * 0x21) | (backslash - ones) | word) & high;
    /* One bit in each byte up to the first special one, summed up in the highest byte. */
    return special ? (unsigned)((((special - 1) & ones) * ones) >> 56) - 1 : 8;
}

static bool plain(char c)
{
    return (uint8_t)c >= 0x20 && (uint8_t)c < 0x80 && c != '"' && c != '\\';
}

/* The end of the run of plain characters at `at`. */
static inline const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        unsigned count = plain_bytes(load(at));
        at += count;
        if (count < 8)
            return at;
    }
    while (at < end && plain(*at))
        at++;
    return at;
}

/* Skips what may follow plain characters within a string: an escape or a UTF-8 sequence. */
static const char *skip_special(const char *at, const char *end)
{
    uint32_t character;
    size_t length = *at == '\\'            ? escape(at, end, &character)
                    : (uint8_t)*at >= 0x80 ? utf8_length(at, end)
                                           : 0;
    return length ? at + length : NULL;
}

/* A string with more than plain characters: its text begins at `start`, the first other one is at
 * `at`. */
static bool take_mixed(struct scan *cursor, struct scan_slice *string, const char *start,
                       const char *at)
{
    const char *end = cursor->end;
    bool escaped = false;
    while (at < end && *at != '"') {
        const char *behind = skip_special(at, end);
        cursor->at = at;
        if (!behind)
            return scan_fail(cursor, "a character that no string may hold");
        escaped = escaped || *at == '\\';
        at = skip_plain(behind, end);
    }
    cursor->at = at;
    if (at == end)
        return scan_fail(cursor, "a string without its end");
    cursor->at++;
    *string = (struct scan_slice){.text = start, .size = (size_t)(at - start), .escaped = escaped};
    return true;
}

static inline bool take_string(struct scan *cursor, struct scan_slice *string)
{
    if (scan_peek(cursor) != '"')
        return scan_fail(cursor, "expected a string");
    const char *start = cursor->at + 1, *end = cursor->end, *at = skip_plain(start, end);
    if (at == end || *at != '"')
        return take_mixed(cursor, string, start, at);
    cursor->at = at + 1;
    *string = (struct scan_slice){.text = start, .size = (size_t)(at - start)};
    return true;
}

bool scan_string(struct scan *cursor, struct scan_slice *string)
{
    return take_string(cursor, string);
}

static inline bool take_name(struct scan *cursor, struct scan_slice *name)
{
    if (!take_string(cursor, name))
        return false;
    if (scan_peek(cursor) != ':')
        return scan_fail(cursor, "expected a colon");
    cursor->at++;
    return true;
}

bool scan_name(struct scan *cursor, struct scan_slice *name)
{
    return take_name(cursor, name);
}

/* Appends digits to *mantissa, which wraps around when there are too many. */
static inline const char *digits(const char *at, const char *end, uint64_t *mantissa)
{
    uint64_t value = *mantissa;
    for (; at < end && (unsigned)*at - '0' < 10; at++)
        value = value * 10 + ((unsigned)*at - '0');
    *mantissa = value;
    return at;
}

/* The exponent whose 'e' is at `at`, added to *power; NULL when it has no digits. Past 1000 its
 * value does not matter. */
static const char *exponent(const char *at, const char *end, int *power)
{
    bool negative = ++at < end && *at == '-';
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    const char *start = at;
    int value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (value <= 1000)
            value = value * 10 + (*at - '0');
    *power += negative ? -value : value;
    return at == start ? NULL : at;
}

bool scan_number(struct scan *cursor, struct scan_number *number)
{
    scan_peek(cursor);
    const char *start = cursor->at, *end = cursor->end;
    bool negative = start < end && *start == '-';
    const char *first = start + negative;
    uint64_t mantissa = 0;
    const char *at = digits(first, end, &mantissa);
    ptrdiff_t count = at - first, places = 0;
    if (count == 0 || (*first == '0' && count > 1))
        return scan_fail(cursor, "expected a number");
    if (at < end && *at == '.') {
        const char *point = at + 1;
        at = digits(point, end, &mantissa);
        places = at - point;
        if (places == 0)
            return scan_fail(cursor, "a number without digits behind its point");
    }
    bool whole = count + places <= 19; /* 64 bits hold any 19 digits */
    int power = whole ? -(int)places : 0;
    if (at < end && (*at == 'e' || *at == 'E'))
        at = exponent(at, end, &power);
    if (!at)
        return scan_fail(cursor, "a number without digits in its exponent");
    *number = (struct scan_number){start, (size_t)(at - start), mantissa, power, whole, negative};
    cursor->at = at;
    return true;
}

/* The depth is limited by scan_enter, so this recursion is too. */
bool scan_skip(struct scan *cursor)
{
    struct scan_slice slice;
    struct scan_number number;
    bool first = true;
    switch (scan_peek(cursor)) {
    case '{':
        if (scan_enter(cursor, '{'))
            while (scan_next(cursor, &first, '}') && take_name(cursor, &slice) && scan_skip(cursor))
                ;
        return !cursor->problem;
    case '[':
        if (scan_enter(cursor, '['))
            while (scan_next(cursor, &first, ']') && scan_skip(cursor))
                ;
        return !cursor->problem;
    case '"':
        return take_string(cursor, &slice);
    case 't':
        return scan_word(cursor, "true") || scan_fail(cursor, "expected a value");
    case 'f':
        return scan_word(cursor, "false") || scan_fail(cursor, "expected a value");
    case 'n':
        return scan_word(cursor, "null") || scan_fail(cursor, "expected a value");
    default:
        return scan_number(cursor, &number);
    }
}

bool scan_finish(struct scan *cursor)
{
    scan_peek(cursor);
    if (cursor->problem)
        return false;
    return cursor->at == cursor->end || scan_fail(cursor, "something behind the document");
}

bool scan_slice_unescaped_equals(const struct scan_slice *string, const char *name)
{
    char text[64];
    scan_slice_copy(string, text, sizeof text);
    return strcmp(text, name) == 0;
}

/* Writes a character as UTF-8; returns its length. */
static size_t utf8_write(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; --i > 0; character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)(lead[length] | character);
    return length;
}

void scan_slice_copy(const struct scan_slice *string, char *out, size_t size)
{
    const char *at = string->text, *end = at + string->size;
    size_t used = 0;
    while (at < end) {
        char character[4];
        size_t taken, length;
        if (*at == '\\') {
            uint32_t code = '?';
            taken = escape(at, end, &code);
            length = utf8_write(code, character);
        } else {
            taken = length = (uint8_t)*at < 0x80 ? 1 : utf8_length(at, end);
            memcpy(character, at, length);
        }
        if (taken == 0 || used + length >= size)
            break;
        memcpy(out + used, character, length);
        used += length;
        at += taken;
    }
    out[used] = '\0';
}

/* Digits behind the 700th decide nothing: no double's midpoint needs more than 767, and no answer
 * has such. */
enum { NUMBER_TEXT = 768 };

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Exact when the digits fit 53 bits and the power of ten is at most 22: both are doubles then, and
 * one operation rounds once (W. Clinger, How to Read Floating Point Numbers Accurately, 1990). */
static bool clinger(const struct scan_number *number, double *value)
{
    int power = number->power;
    if (!number->whole || number->mantissa >> 53 || power < -22 || power > 22)
        return false;
    double result = (double)number->mantissa;
    result = power < 0 ? result / powers[-power] : result * powers[power];
    *value = number->negative ? -result : result;
    return true;
}

bool scan_number_double(const struct scan_number *number, double *value)
{
    if (clinger(number, value))
        return true;
    /* strtod stops at the first byte that is no number; the copy ends the text. */
    char text[NUMBER_TEXT];
    if (number->size >= sizeof text)
        return false;
    memcpy(text, number->text, number->size);
    text[number->size] = '\0';
    *value = strtod(text, NULL);
    return isfinite(*value);
}

bool scan_number_below(const struct scan_number *number, double limit)
{
    if (!number->whole || number->power > 0 || number->size >= NUMBER_TEXT)
        return false;
    /* A bound of the magnitude. Four roundings, each off by half an epsilon at most. Powers below
     * 10^-44 count as 10^-44, which only makes the bound too high. */
    int power = number->power < -44 ? 44 : -number->power;
    int low = power < 22 ? power : 22;
    double bound = (double)number->mantissa / powers[low] / powers[power - low];
    return bound * (1 + 4 * DBL_EPSILON) < limit;
}
