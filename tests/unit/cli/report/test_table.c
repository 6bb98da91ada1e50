#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/report/table.h"
#include "cli/terminal.h"
#include "tests/lib/report_fixture.h"

static struct report_fixture fixture;
static char *text;

static int setup(void **state)
{
    (void)state;
    report_fixture(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(text);
    text = NULL;
    return 0;
}

/* Sets `text`. */
static void write_table(struct report_table table)
{
    size_t size = 0;
    free(text);
    FILE *out = open_memstream(&text, &size);
    table.report = &fixture.report;
    assert_int_equal(report_write_table(out, &table), STATUS_OK);
    fclose(out);
}

static void write_columns(size_t columns)
{
    write_table((struct report_table){.columns = columns});
}

static void assert_says(const char *words)
{
    if (!strstr(text, words))
        fail_msg("no \"%s\" in\n%s", words, text);
}

static void assert_silent(const char *words)
{
    if (strstr(text, words))
        fail_msg("\"%s\" in\n%s", words, text);
}

static void assert_lines_within(size_t columns)
{
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (terminal_width(line) > columns)
            fail_msg("%zu columns, %zu allowed: %s", terminal_width(line), columns, line);
}

static void models_go_down_and_frameworks_across(void **state)
{
    (void)state;
    write_columns(110);
    assert_string_equal(
        text,
        "Run bears: 20000 jobs (19060 answered, 900 failed, 40 open)\n"
        "\n"
        "Accuracy (scored by isa)\n"
        "\n"
        "             Caffe                                    TensorFlow\n"
        "model           n  accuracy   95 % interval  prob.       n  accuracy   95 % interval  "
        "prob.\n"
        "AlexNet      4000     0.750  [0.738, 0.762]  0.650    4000     0.735  [0.723, 0.747]  "
        "0.635\n"
        "GoogLeNet    4000     0.875  [0.863, 0.887]  0.775    4000     0.800  [0.788, 0.812]  "
        "0.700\n"
        "\n"
        "n: pictures scored. accuracy: share of them whose first answer is right, with its 95 % "
        "interval\n"
        "(Wilson). prob.: mean probability of the first answer. Right is the expected synset or "
        "one below it\n"
        "in WordNet (isa).\n"
        "\n"
        "Left out of these numbers\n"
        "\n"
        "model      framework   placeholders  duplicates\n"
        "AlexNet    Caffe                684          81\n"
        "AlexNet    TensorFlow           684          81\n"
        "GoogLeNet  Caffe                684          81\n"
        "GoogLeNet  TensorFlow           684          81\n"
        "\n"
        "placeholder: a picture that a host serves in place of a deleted one (--include "
        "placeholders counts\n"
        "them). duplicate: the same bytes under another URL, of which the first counts (--include "
        "duplicates\n"
        "counts all).\n"
        "\n"
        "Failed jobs\n"
        "\n"
        "stage     reason          jobs    share  meaning\n"
        "fetch     http_not_found   899    4.5 %  404 or 410 without a picture\n"
        "validate  too_costly         1  < 0.1 %  too many scans, or few bytes that claim very "
        "many pixels\n"
        "\n"
        "share: of all jobs of the run.\n"
        "\n"
        "Comparison of two answers about the same bytes\n"
        "\n"
        "a | b                          both  only a  only b  neither   a - b     95 % interval    "
        "   p  p Holm\n"
        "AlexNet: Caffe | TensorFlow    2600      12      40     1348  -0.007  [-0.011, -0.003]  "
        "0.0001  0.0002\n"
        "GoogLeNet: Caffe | TensorFlow  2600      12      40     1348  -0.007  [-0.011, -0.003]  "
        "0.0001  0.0002\n"
        "\n"
        "Pictures that both, only one or neither got right. a - b: difference of the accuracies, "
        "with its\n"
        "95 % interval (Newcombe). p: how likely so unequal an \"only a\" and \"only b\" is by "
        "chance (exact\n"
        "McNemar). p Holm: the same, corrected for all comparisons of the run.\n"
        "\n"
        "a | b                          pairs  same first  same three  mean |dp|  max |dp|\n"
        "AlexNet: Caffe | TensorFlow     4000      97.5 %      87.5 %     0.0132    0.4125\n"
        "GoogLeNet: Caffe | TensorFlow   4000      97.5 %      87.5 %     0.0132    0.4125\n"
        "\n"
        "pairs: pictures that both answered about. same first: the first labels are the same; same "
        "three: the\n"
        "sets of three. |dp|: how far the probabilities of either's first label are apart.\n"
        "\n"
        "Notes\n"
        "\n"
        "- Somebody must know this.\n");
}

static void a_row_for_each_framework_where_a_line_is_short(void **state)
{
    (void)state;
    write_columns(80);
    assert_says("\nmodel      framework      n  accuracy   95 % interval  prob.\n"
                "AlexNet    Caffe       4000     0.750  [0.738, 0.762]  0.650\n"
                "AlexNet    TensorFlow  4000     0.735  [0.723, 0.747]  0.635\n");
    assert_says("\n  both  only a  only b  neither   a - b     95 % interval       p  p Holm\n"
                "AlexNet: Caffe | TensorFlow\n"
                "  2600      12      40     1348  -0.007  [-0.011, -0.003]  0.0001  0.0002\n");
}

static void no_line_is_longer_than_the_terminal(void **state)
{
    (void)state;
    fixture.accuracy[2].subject.model = "\xe7\x86\x8a\xe7\x86\x8a\xe7\x86\x8a\xe7\x86\x8a\xe7\x86"
                                        "\x8a\xe7\x86\x8a\xe7\x86\x8a\xe7\x86\x8a\xe7\x86\x8a\xe7"
                                        "\x86\x8a\xe7\x86\x8a\xe7\x86\x8a-long";
    for (size_t columns = 34; columns <= 140; columns++) {
        write_columns(columns);
        assert_lines_within(columns);
    }
}

static void beside_the_seeds_numbers_stand_the_honest_ones(void **state)
{
    (void)state;
    static struct report_fixture substring, isa;
    report_fixture(&substring);
    report_fixture_empty(&isa); /* no expected synset */
    fixture.report.options.scoring = REPORT_SEED;
    for (size_t i = 0; i < 4; i++)
        fixture.accuracy[i].duplicates = 0;
    substring.accuracy[0].accuracy = 0.6542;
    substring.accuracy[0].mean_probability = 0.631;
    substring.report.accuracy_count = 2; /* GoogLeNet has none */
    write_table(
        (struct report_table){.columns = 100, .substring = &substring.report, .isa = &isa.report});
    assert_says("model           n         seed    substring       n         seed    substring\n"
                "AlexNet      4000  0.750/0.650  0.654/0.631    4000  0.735/0.635  0.735/0.635\n"
                "GoogLeNet    4000  0.875/0.775            -    4000  0.800/0.700            -\n");
    assert_says("AlexNet    Caffe             684\n");
    assert_says("envelope: one of the three labels");
    assert_silent("prob.");
    assert_says("(scored by substring)");
}

static void versions_and_backends_are_named_where_there_are_several(void **state)
{
    (void)state;
    write_columns(100);
    assert_silent("1.0");
    assert_silent("carml)");
    fixture.accuracy[1].subject.framework = "Caffe";
    fixture.accuracy[1].subject.framework_version = "2.0";
    fixture.accuracy[3].subject.backend = "local";
    write_columns(100);
    assert_says("AlexNet    Caffe 1.0 (carml)       4000");
    assert_says("AlexNet    Caffe 2.0 (carml)       4000");
    assert_says("GoogLeNet  TensorFlow 1.0 (local)  4000");
    assert_says("AlexNet: Caffe 1.0 (carml) | TensorFlow 1.0 (carml)");
    setup(NULL);
    fixture.accuracy[1].subject = fixture.accuracy[0].subject;
    fixture.accuracy[1].subject.requested_backend = "carml";
    write_columns(60);
    assert_says("AlexNet, Caffe (auto: carml)");
    assert_says("AlexNet, Caffe (carml: carml)");
}

static void what_has_no_value_is_a_dash_and_zero_has_no_sign(void **state)
{
    (void)state;
    fixture.accuracy[0].images = fixture.accuracy[0].correct = 0; /* all were placeholders */
    fixture.accuracy[0].accuracy = fixture.accuracy[0].low = fixture.accuracy[0].high = NAN;
    fixture.accuracy[0].mean_probability = NAN;
    fixture.pairs[0].difference = -1e-9;
    fixture.pairs[0].p_value = 1e-300;
    fixture.pairs[0].p_holm = NAN;
    fixture.pairs[0].max_difference = 2.5e-7;
    fixture.pairs[0].mean_difference = 0;
    write_columns(100);
    assert_says("AlexNet         0         -               -      -    4000     0.735");
    assert_says("0.000  [-0.011, -0.003]  < 0.0001       -\n");
    assert_says("          0   2.5e-07\n");
    assert_silent("nan");
    assert_silent("-0.000");
}

static void agreement_without_a_single_exception_is_said_in_words(void **state)
{
    (void)state;
    fixture.pairs[1].only_a = fixture.pairs[1].only_b = 0;
    write_columns(110);
    assert_says("\nGoogLeNet: Caffe | TensorFlow: no discordant pictures: whatever one got right, "
                "the other did, too.\n");
    assert_silent("AlexNet: Caffe | TensorFlow: no");
    fixture.pairs[0].only_a = fixture.pairs[0].only_b = 0;
    write_columns(110);
    assert_says("\nNo discordant pictures in any of the 2 comparisons: ");
}

static void without_an_expectation_only_agreement_is_shown(void **state)
{
    (void)state;
    fixture.report.accuracy_count = 0;
    fixture.pairs[0].scored = fixture.pairs[1].scored = false;
    write_columns(100);
    assert_says("\nNothing to score: no answered URL has an expected synset (--synset, ");
    assert_says("\nNo pair can be scored; only how far they agree is known.\n");
    assert_silent("McNemar");
    assert_says("AlexNet: Caffe | TensorFlow     4000      97.5 %");
    fixture.report.options.scoring = REPORT_SUBSTRING;
    write_columns(100);
    assert_says("has an expected text (--expect).");
}

static void one_target_is_compared_with_nothing(void **state)
{
    (void)state;
    fixture.report.pair_count = 0;
    write_columns(100);
    assert_says("\nNo two that differ in one thing answered about the same bytes.\n");
    fixture.report.accuracy_count = 1;
    write_columns(100);
    assert_silent("Comparison");
}

static void a_run_without_answers_says_so(void **state)
{
    (void)state;
    fixture.report.accuracy_count = fixture.report.pair_count = 0;
    fixture.runs[0] = (struct report_run){.run = "bears", .enqueued = 900, .failed = 900};
    write_columns(100);
    assert_says("\nNothing to score: no picture was answered.\n");
    assert_silent("Left out");
    assert_says("99.9 %  404 or 410");
    fixture.report.reason_count = 0;
    fixture.runs[0] = (struct report_run){.run = "bears", .enqueued = 900, .pending = 900};
    write_columns(100);
    assert_says("\nNothing to score: no picture was answered yet.\n");
    assert_says("\nFailed jobs\n\nNone.\n");
}

static void a_database_without_a_run_says_so(void **state)
{
    (void)state;
    report_fixture_empty(&fixture);
    write_columns(100);
    assert_string_equal(text, "There is no run yet; carmlbench enqueue makes one.\n");
}

static void each_run_has_a_part_of_its_own(void **state)
{
    (void)state;
    fixture.report.run_count = 2;
    fixture.runs[1] = (struct report_run){.run = "cats", .enqueued = 7, .pending = 7};
    fixture.accuracy[3].subject.run = "cats";
    write_columns(110);
    assert_says("\n\nRun cats: 7 jobs (0 answered, 0 failed, 7 open)\n");
    const char *cats = strstr(text, "Run cats");
    assert_non_null(strstr(cats, "GoogLeNet    4000     0.800"));
    assert_null(strstr(cats, "AlexNet"));
    assert_null(strstr(cats, "http_not_found"));
}

static void what_was_asked_for_is_said(void **state)
{
    (void)state;
    fixture.report.options.include_placeholders = true;
    fixture.report.options.include_duplicates = true;
    for (size_t i = 0; i < 4; i++)
        fixture.accuracy[i].placeholders = fixture.accuracy[i].duplicates = 0;
    write_table((struct report_table){.columns = 100, .narrowed = true});
    assert_says("\nNothing was left out.\n");
    assert_says("Placeholders count, as --include placeholders asks.");
    assert_says("Duplicates count, as --include duplicates asks.");
    assert_says("\nFailed jobs (of the whole run)\n");
}

static void calibration_is_shown_where_it_was_read(void **state)
{
    (void)state;
    write_columns(100);
    assert_silent("Calibration");
    fixture.accuracy[1].ece = 0.0413;
    fixture.accuracy[2].unusable = 3;
    write_columns(100);
    assert_says("\nmodel      framework     ECE  unusable\n"
                "AlexNet    TensorFlow  0.041         0\n"
                "GoogLeNet  Caffe           -         3\n");
}

static void names_cannot_command_the_terminal(void **state)
{
    (void)state;
    fixture.runs[0].run = fixture.reasons[0].run = fixture.reasons[1].run = "a\x1b]0;x\a\nb";
    for (size_t i = 0; i < 4; i++)
        fixture.accuracy[i].subject.run = fixture.runs[0].run;
    fixture.accuracy[0].subject.model = "<b>\x1b[2J\xe2\x80\xae\xff";
    fixture.accuracy[0].subject.framework = "\xc2\x9b"
                                            "1mCaffe";
    fixture.notes[0] = "see \x1b[31mred";
    for (size_t columns = 30; columns < 130; columns += 33) {
        write_columns(columns);
        assert_silent("\x1b");
        assert_silent("\a");
        assert_silent("\xc2\x9b");
        assert_silent("\xe2\x80\xae");
        assert_says("<b>?[2J??");
    }
}

static void only_titles_are_bold_and_only_when_asked(void **state)
{
    (void)state;
    write_columns(100);
    assert_silent("\033");
    write_table((struct report_table){.columns = 100, .styled = true});
    assert_says("\033[1mAccuracy (scored by isa)\n\033[0m");
    assert_says("prob.\n\033[0mAlexNet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(models_go_down_and_frameworks_across, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_for_each_framework_where_a_line_is_short, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(no_line_is_longer_than_the_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(beside_the_seeds_numbers_stand_the_honest_ones, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(versions_and_backends_are_named_where_there_are_several,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_no_value_is_a_dash_and_zero_has_no_sign, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(agreement_without_a_single_exception_is_said_in_words,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(without_an_expectation_only_agreement_is_shown, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_target_is_compared_with_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_without_answers_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_database_without_a_run_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(each_run_has_a_part_of_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_asked_for_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(calibration_is_shown_where_it_was_read, setup, teardown),
        cmocka_unit_test_setup_teardown(names_cannot_command_the_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(only_titles_are_bold_and_only_when_asked, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
