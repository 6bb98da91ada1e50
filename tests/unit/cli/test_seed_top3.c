#include "cli/seed_top3.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct seed_line line;

static int setup(void **state)
{
    (void)state;
    seed_line_init(&line);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seed_line_free(&line);
    return 0;
}

/* On a copy of exactly that size, so that the sanitizer sees a byte too far. */
static void parse(const char *text, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    assert_int_equal(seed_line_parse(copy, size, &line), STATUS_OK);
    free(copy);
}

static void answer(const char *text, size_t count)
{
    parse(text, strlen(text));
    if (line.kind != SEED_LINE_ANSWER)
        fail_msg("%s: %s", text, line.kind == SEED_LINE_BLANK ? "blank" : line.why.text);
    assert_int_equal(line.count, count);
}

static void entry(size_t i, const char *label, double probability)
{
    assert_string_equal(line.entries[i].label, label);
    assert_true(line.entries[i].probability == probability);
}

static void refused(const char *text, const char *why)
{
    parse(text, strlen(text));
    if (line.kind != SEED_LINE_REFUSED)
        fail_msg("taken: %s", text);
    if (!strstr(line.why.text, why))
        fail_msg("\"%s\" instead of \"%s\": %s", line.why.text, why, text);
    assert_null(strpbrk(line.why.text, "\n\r\x1b"));
}

static void a_line_as_it_was_written(void **state)
{
    (void)state;
    answer("{Name:n02120079 Arctic fox, white fox, Alopex lagopus, Probability:0.35942364}  "
           "{Name:n02104029 kuvasz, Probability:0.21}  {Name:teddy, Probability:0.2}",
           3);
    entry(0, "n02120079 Arctic fox, white fox, Alopex lagopus", 0.35942364);
    entry(1, "n02104029 kuvasz", 0.21);
    entry(2, "teddy", 0.2);
    assert_true(line.descending);
    assert_int_equal(line.front.kind, URL_LINE_BLANK);
}

static void one_and_two_entries_are_answers_too(void **state)
{
    (void)state;
    answer("{Name:a, Probability:0.5}", 1);
    answer("{Name:a, Probability:0.5}{Name:b, Probability:0.5}", 2);
    assert_true(line.descending);
}

static void the_tensorflow_prefix_stays_with_the_label(void **state)
{
    (void)state;
    answer("{Name:<> n02132136 brown bear, Probability:0.5}", 1);
    entry(0, "<> n02132136 brown bear", 0.5);
}

static void names_may_hold_commas_braces_and_blanks(void **state)
{
    (void)state;
    answer("{Name:a, b} {c, Probability of rain, Probability:0.5}  {Name:{d}, Probability:0.1}", 2);
    entry(0, "a, b} {c, Probability of rain", 0.5);
    entry(1, "{d}", 0.1);
    answer("\t{Name:  a  , Probability: 1 } ", 1);
    entry(0, "a", 1);
}

static void any_decimal_number_is_a_score(void **state)
{
    (void)state;
    answer("{Name:a, Probability:-3.25}{Name:b, Probability:1.5e-05}{Name:c, Probability:2E+1}", 3);
    entry(0, "a", -3.25);
    entry(1, "b", 1.5e-05);
    entry(2, "c", 20);
    assert_false(line.descending);
    answer("{Name:a, Probability:+.5}{Name:a, Probability:0}{Name:a, Probability:1e-999}", 3);
    assert_true(line.descending);
}

static void what_is_no_finite_number_is_refused(void **state)
{
    (void)state;
    static const char *const numbers[] = {"NaN",   "nan", "Inf",   "-inf", "infinity", "",  "0x1p3",
                                          "1e999", "0,5", "1.2.3", "half", "1 2",      "-", "e5"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[80];
        snprintf(text, sizeof text, "{Name:a, Probability:%s}", numbers[i]);
        refused(text, "is no finite number");
        snprintf(text, sizeof text, "{Name:a, Probability:1}  {Name:a, Probability:%s}",
                 numbers[i]);
        refused(text, "is no finite number");
    }
}

static void malformed_lines_say_why(void **state)
{
    (void)state;
    refused("n02132136 brown bear 0.7", "no entry");
    refused("{}", "no entry");
    refused("{name:a, probability:1}", "no entry");
    refused("{Name:a}", "without \", Probability:\"");
    refused("{Name:a}  {Name:b, Probability:1}", "without \", Probability:\"");
    refused("{Name:a, Probability:1", "does not end");
    refused("{Name:a, Probability:1  {Name:b, Probability:1}", "is no finite number");
    refused("{Name:, Probability:1}", "empty name");
    refused("{Name:  , Probability:1}", "empty name");
    refused("{Name:<> , Probability:1}", "empty name");
    refused("{Name:a, Probability:1} x", "\"x\" stands behind an entry");
    refused("{Name:a, Probability:1}, {Name:b, Probability:1}", "stands behind an entry");
    refused("{Name:a, Probability:1}{Name:b, Probability:1}{Name:c, Probability:1}"
            "{Name:d, Probability:1}",
            "more than three");
    refused("junk {Name:a, Probability:1}", "no URL");
    refused("ftp://host.example/a.jpg {Name:a, Probability:1}", "no URL");
    refused("# note {Name:a, Probability:1}", "stands before the first entry");
    refused("{Name:a, Probability:1} \x1b[31m", "stands behind an entry");
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{Name:a\0b, Probability:1}";
    parse(text, sizeof text - 1);
    assert_int_equal(line.kind, SEED_LINE_REFUSED);
}

static void blank_lines_are_blank(void **state)
{
    (void)state;
    static const char *const blank[] = {"", " ", "\t \r\n", "\xef\xbb\xbf", "\xef\xbb\xbf\r"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        parse(blank[i], strlen(blank[i]));
        assert_int_equal(line.kind, SEED_LINE_BLANK);
    }
}

static void byte_order_mark_and_line_end_are_dropped(void **state)
{
    (void)state;
    answer("\xef\xbb\xbf{Name:a, Probability:1}\r\n", 1);
    entry(0, "a", 1);
}

static void latin_1_becomes_utf_8(void **state)
{
    (void)state;
    answer("{Name:b\xe4r, Probability:1}", 1);
    entry(0, "b\xc3\xa4r", 1);
    answer("{Name:b\xc3\xa4r, Probability:1}", 1);
    entry(0, "b\xc3\xa4r", 1);
}

static void a_url_may_stand_in_front(void **state)
{
    (void)state;
    answer("HTTP://Host.example:80/a b{1}.jpg \t {Name:a, Probability:1}", 1);
    assert_int_equal(line.front.kind, URL_LINE_URL);
    assert_string_equal(line.front.url, "http://host.example/a%20b%7B1%7D.jpg");
    entry(0, "a", 1);
    answer("http://host.example/{Name:a, Probability:1}", 1);
    assert_string_equal(line.front.url, "http://host.example/");
    answer("{Name:a, Probability:1}", 1);
    assert_int_equal(line.front.kind, URL_LINE_BLANK);
}

/* Whatever is cut off or turned, the line is taken or refused. */
static void damaged_lines_do_no_harm(void **state)
{
    (void)state;
    static const char text[] = "http://h.example/ {Name:<> n02132136 b, c, Probability:-0.5e-3}  "
                               "{Name:\xe4, Probability:1}";
    for (size_t size = 0; size < sizeof text; size++) {
        parse(text, size);
        for (unsigned bit = 0; bit < 8 && size; bit++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            copy[size - 1] = (char)(copy[size - 1] ^ (1 << bit));
            parse(copy, sizeof text - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_as_it_was_written),
        cmocka_unit_test(one_and_two_entries_are_answers_too),
        cmocka_unit_test(the_tensorflow_prefix_stays_with_the_label),
        cmocka_unit_test(names_may_hold_commas_braces_and_blanks),
        cmocka_unit_test(any_decimal_number_is_a_score),
        cmocka_unit_test(what_is_no_finite_number_is_refused),
        cmocka_unit_test(malformed_lines_say_why),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(blank_lines_are_blank),
        cmocka_unit_test(byte_order_mark_and_line_end_are_dropped),
        cmocka_unit_test(latin_1_becomes_utf_8),
        cmocka_unit_test(a_url_may_stand_in_front),
        cmocka_unit_test(damaged_lines_do_no_harm),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
