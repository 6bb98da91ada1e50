#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/narrow.h"
#include "tests/lib/report_fixture.h"

static struct report_fixture fixture;

static int setup(void **state)
{
    (void)state;
    report_fixture(&fixture);
    return 0;
}

static void without_words_all_rows_stay(void **state)
{
    (void)state;
    const struct report_narrowing all = {.model_count = 0};
    report_narrow(&fixture.report, &all);
    assert_int_equal(fixture.report.accuracy_count, 4);
    assert_int_equal(fixture.report.pair_count, 2);
    assert_int_equal(fixture.report.bin_count, 3);
}

static void a_model_keeps_its_rows_pairs_and_bins(void **state)
{
    (void)state;
    const struct report_narrowing one = {.models = {"googlenet"}, .model_count = 1};
    report_narrow(&fixture.report, &one);
    assert_int_equal(fixture.report.accuracy_count, 2);
    assert_string_equal(fixture.accuracy[0].subject.model, "GoogLeNet");
    assert_int_equal(fixture.report.pair_count, 1);
    assert_string_equal(fixture.pairs[0].model_b, "GoogLeNet");
    assert_int_equal(fixture.report.bin_count, 1); /* of rows 0, 1 and 2 */
    assert_int_equal(fixture.bins[0].subject, 0);
    assert_int_equal(fixture.report.reason_count, 2); /* of the whole run */
}

static void of_a_pair_both_sides_must_be_named(void **state)
{
    (void)state;
    const struct report_narrowing caffe = {.frameworks = {"Caffe"}, .framework_count = 1};
    report_narrow(&fixture.report, &caffe);
    assert_int_equal(fixture.report.accuracy_count, 2);
    assert_int_equal(fixture.report.pair_count, 0);
    assert_int_equal(fixture.report.bin_count, 2);
    assert_int_equal(fixture.bins[1].subject, 1); /* was row 2 */
}

static void versions_are_told_apart(void **state)
{
    (void)state;
    fixture.accuracy[1].subject.model_version = "2.0";
    const struct report_narrowing second = {.models = {"AlexNet:2.0", "Alex", "AlexNet:"},
                                            .model_count = 3};
    report_narrow(&fixture.report, &second);
    assert_int_equal(fixture.report.accuracy_count, 1);
    assert_string_equal(fixture.accuracy[0].subject.framework, "TensorFlow");
    assert_int_equal(fixture.report.pair_count, 0);
}

static void what_nothing_answers_to_leaves_nothing(void **state)
{
    (void)state;
    const struct report_narrowing none = {.models = {"VGG"}, .model_count = 1};
    report_narrow(&fixture.report, &none);
    assert_int_equal(fixture.report.accuracy_count, 0);
    assert_int_equal(fixture.report.pair_count, 0);
    assert_int_equal(fixture.report.bin_count, 0);
    assert_int_equal(fixture.report.run_count, 1);
}

static void a_word_that_nothing_answers_to_is_named(void **state)
{
    (void)state;
    const char *option;
    struct report_narrowing words = {.models = {"AlexNet:1.0", "googlenet"},
                                     .model_count = 2,
                                     .frameworks = {"TensorFlow"},
                                     .framework_count = 1};
    assert_null(report_unmatched(&fixture.report, &words, &option));
    words.frameworks[0] = "TensorFlow:3";
    assert_string_equal(report_unmatched(&fixture.report, &words, &option), "TensorFlow:3");
    assert_string_equal(option, "--framework");
    words.models[1] = "Google";
    assert_string_equal(report_unmatched(&fixture.report, &words, &option), "Google");
    assert_string_equal(option, "--model");
    fixture.report.accuracy_count = 0; /* pairs without an expectation count, too */
    words.models[1] = "GoogLeNet";
    words.framework_count = 0;
    assert_null(report_unmatched(&fixture.report, &words, &option));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_words_all_rows_stay, setup),
        cmocka_unit_test_setup(a_model_keeps_its_rows_pairs_and_bins, setup),
        cmocka_unit_test_setup(of_a_pair_both_sides_must_be_named, setup),
        cmocka_unit_test_setup(versions_are_told_apart, setup),
        cmocka_unit_test_setup(what_nothing_answers_to_leaves_nothing, setup),
        cmocka_unit_test_setup(a_word_that_nothing_answers_to_is_named, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
