#include "daemon/backends/scan.h"

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
    return false;
}

char scan_peek(struct scan *cursor)
{
    if (cursor->problem)
        return 0;
    const char *at = cursor->at;
    while (at < cursor->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    cursor->at = at;
    return at < cursor->end ? *at : 0;
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

/* After '[', '{' or a value: the closing bracket (false) or the place of the next value (true). */
static bool next_value(struct scan *cursor, bool *first, char closing)
{
    char c = scan_peek(cursor);
    if (c == closing) {
        cursor->at++;
        cursor->depth--;
        return false;
    }
    if (*first) {
        *first = false;
        return !cursor->problem;
    }
    if (c != ',')
        return scan_fail(cursor, "expected a comma or a closing bracket");
    cursor->at++;
    return true;
}

bool scan_element(struct scan *cursor, bool *first)
{
    return next_value(cursor, first, ']');
}

bool scan_member(struct scan *cursor, bool *first, struct scan_slice *name)
{
    if (!next_value(cursor, first, '}') || !scan_string(cursor, name))
        return false;
    if (scan_peek(cursor) != ':')
        return scan_fail(cursor, "expected a colon");
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

/* High bit of each byte that ends a run of plain characters: a quote, a backslash, a control
 * character or one that is not ASCII. Bytes behind the first marked one may be marked wrongly
 * (S. Anderson, Bit Twiddling Hacks, "determine if a word has a zero byte"). */
static uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    uint64_t quote = word ^ (ones * '"'), backslash = word ^ (ones * '\\');
    return ((quote - ones) | (backslash - ones) | (word - ones * 0x20) | word) & high;
}

static bool plain(char c)
{
    return (uint8_t)c >= 0x20 && (uint8_t)c < 0x80 && c != '"' && c != '\\';
}

/* The end of the run of plain characters at `at`, eight at a time. */
static const char *skip_plain(const char *at, const char *end)
{
    for (uint64_t word; end - at >= 8; at += 8) {
        memcpy(&word, at, sizeof word);
        if (special_bytes(word))
            break;
    }
    while (at < end && plain(*at))
        at++;
    return at;
}

bool scan_string(struct scan *cursor, struct scan_slice *string)
{
    if (scan_peek(cursor) != '"')
        return scan_fail(cursor, "expected a string");
    const char *at = cursor->at + 1, *end = cursor->end;
    *string = (struct scan_slice){.text = at};
    for (;;) {
        cursor->at = at = skip_plain(at, end);
        if (at == end)
            return scan_fail(cursor, "a string without its end");
        if (*at == '"')
            break;
        uint32_t character;
        size_t length = *at == '\\'            ? escape(at, end, &character)
                        : (uint8_t)*at >= 0x80 ? utf8_length(at, end)
                                               : 0;
        if (length == 0)
            return scan_fail(cursor, "a character that no string may hold");
        string->escaped = string->escaped || *at == '\\';
        at += length;
    }
    string->size = (size_t)(at - string->text);
    cursor->at = at + 1;
    return true;
}

static const char *digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* The fraction and the exponent behind a number's integer part; NULL and *problem when one has no
 * digits. */
static const char *fraction(const char *at, const char *end, const char **problem)
{
    if (at == end || *at != '.')
        return at;
    const char *behind = digits(at + 1, end);
    *problem = "a number without digits behind its point";
    return behind == at + 1 ? NULL : behind;
}

static const char *exponent(const char *at, const char *end, const char **problem)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    const char *behind = digits(at, end);
    *problem = "a number without digits in its exponent";
    return behind == at ? NULL : behind;
}

bool scan_number(struct scan *cursor, struct scan_slice *number)
{
    const char *problem = "expected a number";
    scan_peek(cursor);
    if (cursor->problem)
        return false;
    const char *start = cursor->at, *end = cursor->end;
    const char *first = start < end && *start == '-' ? start + 1 : start;
    const char *at = digits(first, end);
    if (at == first || (*first == '0' && at - first > 1))
        return scan_fail(cursor, problem);
    at = fraction(at, end, &problem);
    if (at)
        at = exponent(at, end, &problem);
    if (!at)
        return scan_fail(cursor, problem);
    *number = (struct scan_slice){.text = start, .size = (size_t)(at - start)};
    cursor->at = at;
    return true;
}

static bool word(struct scan *cursor, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, text, size) != 0)
        return false;
    cursor->at += size;
    return true;
}

bool scan_null(struct scan *cursor)
{
    return scan_peek(cursor) == 'n' && word(cursor, "null");
}

/* The depth is limited by scan_enter, so this recursion is too. */
bool scan_skip(struct scan *cursor)
{
    struct scan_slice slice;
    bool first = true;
    switch (scan_peek(cursor)) {
    case '{':
        if (scan_enter(cursor, '{'))
            while (scan_member(cursor, &first, &slice) && scan_skip(cursor))
                ;
        return !cursor->problem;
    case '[':
        if (scan_enter(cursor, '['))
            while (scan_element(cursor, &first) && scan_skip(cursor))
                ;
        return !cursor->problem;
    case '"':
        return scan_string(cursor, &slice);
    case 't':
        return word(cursor, "true") || scan_fail(cursor, "expected a value");
    case 'f':
        return word(cursor, "false") || scan_fail(cursor, "expected a value");
    case 'n':
        return word(cursor, "null") || scan_fail(cursor, "expected a value");
    default:
        return scan_number(cursor, &slice);
    }
}

bool scan_finish(struct scan *cursor)
{
    scan_peek(cursor);
    if (cursor->problem)
        return false;
    return cursor->at == cursor->end || scan_fail(cursor, "something behind the document");
}

bool scan_slice_equals(const struct scan_slice *string, const char *name)
{
    size_t size = strlen(name);
    if (!string->escaped)
        return string->size == size && memcmp(string->text, name, size) == 0;
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

/* The power of ten behind the 'e', if any; past 1000 the value does not matter. */
static int read_exponent(const char *at, const char *end)
{
    int value = 0;
    if (at == end)
        return 0;
    at++;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    for (; at < end && value <= 1000; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

/* Exact when the digits fit 53 bits and the power of ten is at most 22: both are doubles then, and
 * one operation rounds once (W. Clinger, How to Read Floating Point Numbers Accurately, 1990).
 * Every float32 that Go writes is of this kind. */
static bool clinger(const struct scan_slice *number, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = number->text, *end = at + number->size;
    bool negative = *at == '-', point = false;
    uint64_t mantissa = 0;
    int power = 0;
    for (at += negative; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (mantissa >= (UINT64_C(1) << 53) / 10 - 1)
            return false;
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        power -= point;
    }
    power += read_exponent(at, end);
    if (power < -22 || power > 22)
        return false;
    double result = (double)mantissa;
    result = power < 0 ? result / powers[-power] : result * powers[power];
    *value = negative ? -result : result;
    return true;
}

bool scan_slice_double(const struct scan_slice *number, double *value)
{
    if (clinger(number, value))
        return true;
    /* strtod stops at the first byte that is no number; the copy ends the text. Digits behind the
     * 700th decide nothing: no double's midpoint needs more than 767, and no answer has such. */
    char text[768];
    if (number->size >= sizeof text)
        return false;
    memcpy(text, number->text, number->size);
    text[number->size] = '\0';
    *value = strtod(text, NULL);
    return isfinite(*value);
}
