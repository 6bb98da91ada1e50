#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/report/json.h"
#include "tests/lib/report_fixture.h"

static struct report_fixture fixture;
static const struct report_narrowing all = {.model_count = 0};

static int setup(void **state)
{
    (void)state;
    report_fixture(&fixture);
    return 0;
}

/* The object; caller frees it with json_decref. */
static json_t *written(struct report_json json)
{
    char *text = NULL;
    size_t size = 0;
    json_error_t error;
    FILE *out = open_memstream(&text, &size);
    json.report = &fixture.report;
    json.narrowing = json.narrowing ? json.narrowing : &all;
    report_write_json(out, &json);
    fclose(out);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s at %d: %s", error.text, error.position, text);
    free(text);
    return object;
}

/* Entry `i` of the array `key`. */
static const json_t *row(const json_t *object, const char *key, size_t i)
{
    const json_t *found = json_array_get(json_object_get(object, key), i);
    if (!found)
        fail_msg("%s has no entry %zu", key, i);
    return found;
}

static const char *word(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void every_part_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        size_t rows;
    } parts[] = {{"runs", 1},          {"accuracy", 4}, {"beside", 0},   {"comparison", 2},
                 {"failures", 2},      {"latency", 2},  {"timeline", 1}, {"calibration", 3},
                 {"disagreements", 1}, {"notes", 1}};
    json_t *object = written((struct report_json){.report = NULL});
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (json_array_size(json_object_get(object, parts[i].key)) != parts[i].rows)
            fail_msg("%s has other rows than %zu", parts[i].key, parts[i].rows);
    assert_true(json_is_null(json_object_get(object, "run")));
    assert_string_equal(word(object, "scoring"), "isa");
    assert_null(json_object_get(object, "requirements"));
    assert_string_equal(word(row(object, "calibration", 2), "model"), "GoogLeNet");
    assert_string_equal(word(row(object, "timeline", 0), "started_at"), "2017-11-29T12:00:00Z");
    assert_string_equal(word(row(object, "failures", 0), "reason"), "http_not_found");
    assert_string_equal(json_string_value(row(object, "notes", 0)), "Somebody must know this.");
    json_decref(object);
}

static void what_is_no_number_is_null(void **state)
{
    (void)state;
    fixture.accuracy[0].accuracy = NAN;
    fixture.accuracy[0].mean_probability = INFINITY;
    fixture.pairs[0].p_value = -INFINITY;
    json_t *object = written((struct report_json){.report = NULL});
    const json_t *first = row(object, "accuracy", 0);
    assert_true(json_is_null(json_object_get(first, "accuracy")));
    assert_true(json_is_null(json_object_get(first, "mean_probability")));
    assert_true(json_is_null(json_object_get(first, "ece")));
    assert_true(json_is_null(json_object_get(row(object, "comparison", 0), "p_value")));
    assert_true(json_is_null(json_object_get(row(object, "latency", 1), "max_ms")));
    assert_true(json_is_null(json_object_get(row(object, "disagreements", 0), "wnid_b")));
    json_decref(object);
}

static void numbers_read_back_as_they_were(void **state)
{
    (void)state;
    const double numbers[] = {1.0 / 3, 0.1 + 0.2, 5e-324, 1e-300, 0.9999999999999999, -0.0};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        fixture.pairs[1].p_holm = numbers[i];
        json_t *object = written((struct report_json){.report = NULL});
        assert_true(number(row(object, "comparison", 1), "p_holm") == numbers[i]);
        json_decref(object);
    }
}

static void texts_of_strangers_do_not_break_it(void **state)
{
    (void)state;
    fixture.runs[0].run = "\"},{\"a\":\"\\\n\x1b\x7f";
    fixture.accuracy[0].subject.model = "<script>\xff\xe2\x80\xae";
    fixture.notes[0] = "\xed\xa0\x80\xc3";
    json_t *object = written((struct report_json){.report = NULL});
    assert_string_equal(word(row(object, "runs", 0), "run"), fixture.runs[0].run);
    assert_string_equal(word(row(object, "accuracy", 0), "model"),
                        "<script>\xef\xbf\xbd\xe2\x80\xae");
    json_decref(object);
}

static void the_models_of_a_pair_are_one_word_as_in_the_view(void **state)
{
    (void)state;
    fixture.pairs[1].model_b = "VGG";
    json_t *object = written((struct report_json){.report = NULL});
    assert_string_equal(word(row(object, "comparison", 0), "model"), "AlexNet");
    assert_string_equal(word(row(object, "comparison", 1), "model"), "GoogLeNet | VGG");
    json_decref(object);
}

static void the_scorings_beside_name_themselves(void **state)
{
    (void)state;
    static struct report_fixture substring, isa;
    report_fixture(&substring);
    report_fixture(&isa);
    substring.report.options.scoring = REPORT_SUBSTRING;
    fixture.report.options.scoring = REPORT_SEED;
    json_t *object =
        written((struct report_json){.substring = &substring.report, .isa = &isa.report});
    assert_int_equal(json_array_size(json_object_get(object, "beside")), 8);
    assert_string_equal(word(row(object, "accuracy", 0), "scoring"), "seed");
    assert_string_equal(word(row(object, "beside", 0), "scoring"), "substring");
    assert_string_equal(word(row(object, "beside", 4), "scoring"), "isa");
    json_decref(object);
}

static void requirements_come_with_their_rows(void **state)
{
    (void)state;
    struct requirement requirements[3];
    struct error error;
    size_t count = 0;
    assert_int_equal(
        requirement_parse("accuracy>=0.75,same_first>0.9,failed==0", requirements, &count, &error),
        STATUS_OK);
    json_t *object =
        written((struct report_json){.requirements = requirements, .requirement_count = count});
    const json_t *first = row(object, "requirements", 0), *last = row(object, "requirements", 2);
    assert_string_equal(word(first, "expression"), "accuracy>=0.75");
    assert_true(json_is_false(json_object_get(first, "holds")));
    assert_true(json_is_true(json_object_get(row(first, "rows", 0), "holds")));
    assert_true(json_is_false(json_object_get(row(first, "rows", 1), "holds")));
    assert_true(number(row(first, "rows", 1), "value") == 0.7345);
    assert_string_equal(word(row(first, "rows", 1), "framework"), "TensorFlow");
    assert_true(json_is_true(json_object_get(row(object, "requirements", 1), "holds")));
    assert_string_equal(word(row(last, "rows", 0), "run"), "bears");
    json_decref(object);
}

static void a_report_of_nothing_is_an_object_of_empty_arrays(void **state)
{
    (void)state;
    report_fixture_empty(&fixture);
    static const struct report_narrowing narrowing = {.models = {"a\"b"}, .model_count = 1};
    json_t *object = written((struct report_json){.narrowing = &narrowing});
    assert_int_equal(json_array_size(json_object_get(object, "runs")), 0);
    assert_int_equal(json_array_size(json_object_get(object, "accuracy")), 0);
    assert_string_equal(json_string_value(row(json_object_get(object, "options"), "models", 0)),
                        "a\"b");
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_part_is_there, setup),
        cmocka_unit_test_setup(what_is_no_number_is_null, setup),
        cmocka_unit_test_setup(numbers_read_back_as_they_were, setup),
        cmocka_unit_test_setup(texts_of_strangers_do_not_break_it, setup),
        cmocka_unit_test_setup(the_models_of_a_pair_are_one_word_as_in_the_view, setup),
        cmocka_unit_test_setup(the_scorings_beside_name_themselves, setup),
        cmocka_unit_test_setup(requirements_come_with_their_rows, setup),
        cmocka_unit_test_setup(a_report_of_nothing_is_an_object_of_empty_arrays, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
