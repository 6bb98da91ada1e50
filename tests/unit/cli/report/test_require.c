#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/require.h"
#include "tests/lib/report_fixture.h"

static struct report_fixture fixture;

static int setup(void **state)
{
    (void)state;
    report_fixture(&fixture);
    return 0;
}

static bool holds(const char *expression)
{
    struct requirement requirement[REQUIRE_MOST];
    struct error error = {""};
    size_t count = 0;
    bool all = true;
    if (requirement_parse(expression, requirement, &count, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < count; i++)
        all &= requirement_check(&requirement[i], &fixture.report, NULL, NULL);
    return all;
}

static void every_row_must_satisfy_it(void **state)
{
    (void)state; /* accuracies: 0.75, 0.7345, 0.875, 0.8 */
    static const struct {
        const char *expression;
        bool holds;
    } cases[] = {
        {"accuracy>=0.7345", true},
        {"accuracy>0.7345", false},
        {"accuracy<=0.875", true},
        {"accuracy<0.875", false},
        {"accuracy>=73.45%", true},
        {"accuracy >= 73 %", true},
        {" accuracy>=0.7 , images==4000", true},
        {"images==4000,accuracy>=0.8", false},
        {"accuracy_low>=0.72", true},
        {"accuracy_high<=0.8", false},
        {"mean_probability>0.6", true},
        {"discordant<=52", true},
        {"discordant==0", false},
        {"difference<=0.007", true}, /* of a - b = -0.007 */
        {"p_value<0.001", true},
        {"p_holm<0.0002", false},
        {"max_abs_probability_difference<=1e-5", false},
        {"same_first>=97.5%", true},
        {"failed<=4.5%", true},
        {"failed<0.045", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (holds(cases[i].expression) != cases[i].holds)
            fail_msg("%s: %s", cases[i].expression, cases[i].holds ? "holds" : "does not hold");
}

static void what_is_not_known_satisfies_nothing(void **state)
{
    (void)state;
    assert_false(holds("ece<=1"));
    assert_false(holds("ece>=0"));
    fixture.pairs[1].scored = false;
    assert_false(holds("discordant>=0"));
    assert_true(holds("same_first>=0"));
    fixture.accuracy[2].accuracy = NAN;
    assert_false(holds("accuracy<=1"));
}

static void without_a_row_nothing_holds(void **state)
{
    (void)state;
    report_fixture_empty(&fixture);
    assert_false(holds("accuracy>=0"));
    assert_false(holds("discordant<=0"));
    assert_false(holds("failed<=1"));
}

static void other_expressions_are_usage_errors(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *said;
    } cases[] = {
        {"", "an empty requirement"},
        {"accuracy", "expected METRIC OP NUMBER"},
        {"accuracy=0.8", "expected METRIC OP NUMBER"},
        {"accuracy>=0.8,", "an empty requirement"},
        {">=0.8", "there is no metric ''"},
        {"acuracy>=0.8", "did you mean accuracy?"},
        {"holm<=0.05", "did you mean p_holm?"},
        {"max_abs_probability_diff<=1", "did you mean max_abs_probability_difference?"},
        {"accuracy>=", "'' is no number"},
        {"accuracy>=much", "'much' is no number"},
        {"accuracy>=0.8x", "'0.8x' is no number"},
        {"accuracy>=nan", "'nan' is no number"},
        {"accuracy<=inf", "'inf' is no number"},
        {"accuracy>=80%%", "'80%%' is no number"},
        {"accuracy>==0.8", "'=0.8' is no number"},
        {"accuracy>=\x1b[2J", "'?[2J' is no number"},
        {"accuracyaccuracyaccuracyaccuracyaccuracyaccuracyaccuracyaccuracyaccuracyaccuracyaccuracy"
         "accuracy>=1",
         "longer than"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct requirement requirement[REQUIRE_MOST];
        struct error error = {""};
        size_t count = 0;
        assert_int_equal(requirement_parse(cases[i].expression, requirement, &count, &error),
                         STATUS_USAGE);
        if (!strstr(error.text, cases[i].said))
            fail_msg("'%s': %s", cases[i].expression, error.text);
    }
}

static void too_many_are_refused(void **state)
{
    (void)state;
    struct requirement requirement[REQUIRE_MOST];
    struct error error;
    size_t count = 0;
    for (size_t i = 0; i < REQUIRE_MOST; i++)
        assert_int_equal(requirement_parse("images>0", requirement, &count, &error), STATUS_OK);
    assert_int_equal(requirement_parse("images>0", requirement, &count, &error), STATUS_USAGE);
    assert_int_equal(count, REQUIRE_MOST);
}

static void assert_told(const char *expression, enum status status, const char *expected)
{
    struct requirement requirement[1];
    struct error error;
    size_t count = 0, size = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(requirement_parse(expression, requirement, &count, &error), STATUS_OK);
    assert_int_equal(requirement_tell(requirement, &fixture.report, out), status);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void each_violation_is_a_line(void **state)
{
    (void)state;
    assert_told("accuracy>=0.7", STATUS_OK, "");
    assert_told("accuracy>=0.76", STATUS_NO,
                "carmlbench: report: accuracy>=0.76 does not hold: AlexNet, Caffe: accuracy is "
                "0.75\n"
                "carmlbench: report: accuracy>=0.76 does not hold: AlexNet, TensorFlow: accuracy "
                "is 0.7345\n");
    fixture.pairs[1].only_a = fixture.pairs[1].only_b = 0;
    assert_told("discordant==0", STATUS_NO,
                "carmlbench: report: discordant==0 does not hold: AlexNet: Caffe | TensorFlow: "
                "discordant is 52\n");
    assert_told("failed<1%", STATUS_NO,
                "carmlbench: report: failed<1% does not hold: run bears: failed is 0.045\n");
    fixture.runs[1] = fixture.runs[0];
    fixture.runs[0].run = "\x1b[2J";
    fixture.report.run_count = 2;
    fixture.accuracy[2].accuracy = NAN;
    fixture.report.accuracy_count = 3;
    assert_told("accuracy>0.1", STATUS_NO,
                "carmlbench: report: accuracy>0.1 does not hold: run bears: GoogLeNet, Caffe: "
                "accuracy is not known\n");
    report_fixture_empty(&fixture);
    assert_told("accuracy>0.1", STATUS_NO,
                "carmlbench: report: accuracy>0.1 does not hold: there is nothing to check\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_row_must_satisfy_it, setup),
        cmocka_unit_test_setup(what_is_not_known_satisfies_nothing, setup),
        cmocka_unit_test_setup(without_a_row_nothing_holds, setup),
        cmocka_unit_test(other_expressions_are_usage_errors),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test_setup(each_violation_is_a_line, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
