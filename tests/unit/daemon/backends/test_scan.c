#include "daemon/backends/scan.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

/* xorshift64*: G. Marsaglia, Xorshift RNGs, 2003. The same numbers in every run. */
static uint64_t random_state = 0x2545f4914f6cdd1dU;

static unsigned roll(unsigned sides)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * 0x2545f4914f6cdd1dU) >> 33) % sides;
}

/* Compares the verdict on a text, held in memory of exactly its size so that ASan sees any read
 * past it. Two verdicts of jansson's are its own: it refuses numbers of more than 64 bits wherever
 * they stand, and 2.14 skips a NUL behind a number. */
static bool assert_as_jansson(const char *text, size_t size)
{
    struct scan cursor;
    json_error_t why;
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, text, size);
    json_t *document = json_loadb(copy, size, JSON_DECODE_ANY, &why);
    scan_init(&cursor, copy, size, 64);
    bool accepted = scan_skip(&cursor) && scan_finish(&cursor);
    bool comparable = document ? !memchr(copy, 0, size)
                               : !strstr(why.text, "too big") && !strstr(why.text, "overflow");
    if (comparable && accepted != (document != NULL))
        fail_msg("%.*s: jansson: %s, here: %s", (int)size, text, document ? "fine" : why.text,
                 cursor.problem ? cursor.problem : "fine");
    json_decref(document);
    free(copy);
    return accepted;
}

static const char *const documents[] = {
    "{\"classification\":{\"index\":933,\"label\":\"n07697313 cheeseburger\"},"
    "\"probability\":0.99460334,\"type\":\"CLASSIFICATION\"}",
    " [ true , false,null ,\t-0.5e-10,\r\n{ } ,[ ], 1E+2,0]  ",
    "[\"\\u003c\\u003e \\ud83d\\udc3b\",\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"B\xc3\xa4r "
    "\xe2\x82\xac \xf0\x9f\x90\xbb\"]",
    "\"a string that is longer than a word, a text without its escapes\"",
    "-12345678901.2345678e-12",
};

static void every_changed_byte_is_seen_as_jansson_sees_it(void **state)
{
    (void)state;
    unsigned accepted = 0;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        size_t size = strlen(documents[i]);
        char text[256];
        memcpy(text, documents[i], size);
        assert_true(assert_as_jansson(text, size));
        for (size_t at = 0; at < size; at++) {
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                accepted += assert_as_jansson(text, size);
            }
            text[at] = documents[i][at];
        }
    }
    assert_true(accepted > 1000);
}

static void every_missing_byte_is_seen_as_jansson_sees_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        size_t size = strlen(documents[i]);
        for (size_t at = 0; at < size; at++) {
            char text[256];
            memcpy(text, documents[i], at);
            memcpy(text + at, documents[i] + at + 1, size - at - 1);
            assert_as_jansson(text, size - 1);
            assert_as_jansson(documents[i], at);
            assert_as_jansson(documents[i] + at, size - at);
        }
    }
}

/* Strings are read eight bytes at a time: every length, every byte at every place. */
static void every_byte_at_every_place_of_a_string(void **state)
{
    (void)state;
    for (size_t size = 0; size < 20; size++)
        for (size_t at = 0; at < size; at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[32] = "\"";
                memset(text + 1, '!', size); /* one above what is no plain character */
                text[at + 1] = (char)byte;
                text[size + 1] = '"';
                assert_as_jansson(text, size + 2);
                assert_as_jansson(text, size + 1);
            }
}

static void a_string_ends_at_its_own_quote(void **state)
{
    (void)state;
    for (size_t size = 0; size < 40; size++) {
        char text[48] = "\"";
        struct scan cursor;
        struct scan_slice string;
        memset(text + 1, '"', sizeof text - 1);
        for (size_t i = 0; i < size; i++)
            text[i + 1] = (char)(0x23 + roll(0x39));
        scan_init(&cursor, text, sizeof text, 1);
        assert_true(scan_string(&cursor, &string));
        assert_int_equal(string.size, size);
        assert_false(string.escaped);
        assert_ptr_equal(string.text, text + 1);
        assert_ptr_equal(cursor.at, text + size + 2);
    }
}

static void the_first_problem_sticks_where_it_happened(void **state)
{
    (void)state;
    static const char text[] = "[1, 2.x, 3]";
    struct scan cursor;
    struct scan_number number;
    struct scan_slice string;
    bool first = true;
    scan_init(&cursor, text, strlen(text), 4);
    assert_true(scan_enter(&cursor, '['));
    assert_true(scan_next(&cursor, &first, ']') && scan_number(&cursor, &number));
    assert_true(scan_next(&cursor, &first, ']') && !scan_number(&cursor, &number));
    assert_string_equal(cursor.problem, "a number without digits behind its point");
    assert_ptr_equal(cursor.at, text + 4);
    assert_int_equal(scan_peek(&cursor), 0);
    assert_false(scan_next(&cursor, &first, ']'));
    assert_false(scan_string(&cursor, &string));
    assert_false(scan_number(&cursor, &number));
    assert_false(scan_enter(&cursor, '['));
    assert_false(scan_word(&cursor, "2"));
    assert_false(scan_skip(&cursor));
    assert_false(scan_finish(&cursor));
    assert_string_equal(cursor.problem, "a number without digits behind its point");
    assert_ptr_equal(cursor.at, text + 4);
}

/* Numbers of few and many digits, around what Clinger's way can do. */
static void random_number(char *text, size_t size)
{
    static const char *const edges[] = {
        "0",
        "-0",
        "0.0e999",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "1e308",
        "1e309",
        "-1e309",
        "1e-400",
        "9007199254740992",
        "9007199254740993",
        "9007199254740993e-30",
        "9999999999999999999",
        "99999999999999999999",
        "18446744073709551615e-44",
        "1e-99999999999999999999",
        "0.00000000000000000000000000000000000000000000000001",
    };
    unsigned kind = roll(10);
    if (kind == 0)
        snprintf(text, size, "%s", edges[roll(sizeof edges / sizeof *edges)]);
    else if (kind < 4)
        snprintf(text, size, "1%u%08u.0%ue%d", roll(100000), roll(99999999), roll(99999999),
                 (int)roll(640) - 320);
    else if (kind == 4)
        snprintf(text, size, "%u%08u%07u.%ue%d", 1 + roll(40), roll(99999999), roll(9999999),
                 roll(10), (int)roll(46) - 22);
    else if (kind < 7)
        snprintf(text, size, "%s%.9g", roll(5) ? "" : "-",
                 ldexp((double)(1 + roll(1 << 24)), -(int)roll(149)));
    else
        snprintf(text, size, "%u.%ue%d", roll(10), roll(99999999), (int)roll(120) - 60);
}

static double read_number(const char *text, struct scan_number *number)
{
    struct scan cursor;
    scan_init(&cursor, text, strlen(text), 1);
    assert_true(scan_number(&cursor, number) && scan_finish(&cursor));
    return strtod(text, NULL);
}

static void numbers_are_rounded_as_strtod_rounds(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        struct scan_number number;
        double value;
        random_number(text, sizeof text);
        double expected = read_number(text, &number);
        assert_int_equal(scan_number_double(&number, &value), isfinite(expected) != 0);
        if (isfinite(expected) && memcmp(&value, &expected, sizeof value) != 0)
            fail_msg("%s: %.17g", text, value);
    }
}

/* Against limits that are near and far; it must also be of use. */
static void numbers_that_are_said_to_be_below_are(void **state)
{
    (void)state;
    unsigned clear = 0;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        struct scan_number number;
        random_number(text, sizeof text);
        double value = read_number(text, &number);
        double limit =
            roll(3) ? ldexp(1, (int)roll(140) - 100) : nextafter(value, roll(2) ? -1 : 1);
        bool below = scan_number_below(&number, limit);
        if (below && !(value < limit))
            fail_msg("%s is not below %.17g", text, limit);
        if (number.whole && number.power <= 0 && limit > 1e-20 && fabs(value) < limit / 2) {
            assert_true(below);
            clear++;
        }
    }
    assert_true(clear > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_byte_is_seen_as_jansson_sees_it),
        cmocka_unit_test(every_missing_byte_is_seen_as_jansson_sees_it),
        cmocka_unit_test(every_byte_at_every_place_of_a_string),
        cmocka_unit_test(a_string_ends_at_its_own_quote),
        cmocka_unit_test(the_first_problem_sticks_where_it_happened),
        cmocka_unit_test(numbers_are_rounded_as_strtod_rounds),
        cmocka_unit_test(numbers_that_are_said_to_be_below_are),
    };
    return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
