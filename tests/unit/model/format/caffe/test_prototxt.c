#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/format/caffe/prototxt.h"

/* Parses a copy of exactly that size, so that reading past the end shows. */
static enum status parse(const char *text, size_t size, struct prototxt **out, struct error *error)
{
    char *copy = malloc(size ? size : 1);
    enum status status;

    assert_non_null(copy);
    memcpy(copy, text, size);
    status = prototxt_parse("f", copy, size, out, error);
    free(copy);
    return status;
}

static struct prototxt *parse_good(const char *text)
{
    struct prototxt *prototxt;
    struct error error = {""};

    if (parse(text, strlen(text), &prototxt, &error))
        fail_msg("%s", error.text);
    return prototxt;
}

static void every_form_of_a_field_is_read(void **state)
{
    struct prototxt *prototxt = parse_good("# a comment\n"
                                           "name: 'it\\'s' \" \\x41\\102\\n\" # behind\n"
                                           "a { b: 1 } a: { b: 2, } a < b: 3; >\n"
                                           "dim: [4, 5, 6] empty: [] m [ { c: 1 }, { c: 2 } ]\n"
                                           "f: -1.5e-3 g: 1.f h: inf word: MAX yes: true");
    const struct prototxt_field *root = prototxt_root(prototxt), *field;
    struct error error = {""};
    struct prototxt_reader reader = {.file = "f", .error = &error};

    (void)state;
    assert_string_equal(prototxt_string(&reader, root, "name", ""), "it's AB\n");
    assert_int_equal(prototxt_find(root, "name")->line, 2);
    assert_int_equal(prototxt_count(root, "a"), 3);
    field = prototxt_find_next(prototxt_find_next(prototxt_find(root, "a")));
    assert_int_equal(prototxt_int(&reader, field, "b", 0, 9, 0), 3);
    assert_int_equal(prototxt_count(root, "dim"), 3);
    assert_int_equal(prototxt_count(root, "empty"), 0);
    assert_int_equal(prototxt_count(root, "m"), 2);
    assert_float_equal(prototxt_float(&reader, root, "f", 0), -1.5e-3F, 0);
    assert_float_equal(prototxt_float(&reader, root, "g", 0), 1.0F, 0);
    assert_int_equal(prototxt_enum(&reader, root, "word", "AVE MAX", 0), 1);
    assert_true(prototxt_bool(&reader, root, "yes", false));
    assert_int_equal(prototxt_int(&reader, root, "absent", 0, 9, 7), 7);
    assert_int_equal(reader.status, STATUS_OK);
    prototxt_free(prototxt);
}

/* protobuf's tokenizer takes the sign for a token of its own. */
static void a_minus_may_stand_apart_from_its_number(void **state)
{
    struct prototxt *prototxt =
        parse_good("a: - 2 b: -\n 1.5\nc: [- 1, -2] d: - inf e: - # so far\n 7 f: -0x10");
    const struct prototxt_field *root = prototxt_root(prototxt);
    struct error error = {""};
    struct prototxt_reader reader = {.file = "f", .error = &error};

    (void)state;
    assert_int_equal(prototxt_int(&reader, root, "a", -9, 9, 0), -2);
    assert_float_equal(prototxt_float(&reader, root, "b", 0), -1.5F, 0);
    assert_int_equal(prototxt_field_int(&reader, prototxt_find(root, "c"), -9, 9), -1);
    assert_int_equal(prototxt_count(root, "c"), 2);
    assert_true(prototxt_float(&reader, root, "d", 0) == -INFINITY);
    assert_int_equal(prototxt_int(&reader, root, "e", -9, 9, 0), -7);
    assert_int_equal(prototxt_int(&reader, root, "f", -99, 99, 0), -16);
    assert_int_equal(prototxt_find(root, "e")->line, 3);
    assert_int_equal(reader.status, STATUS_OK);
    prototxt_free(prototxt);
}

static void refuse(const char *text, enum status expected, const char *line)
{
    struct prototxt *prototxt;
    struct error error = {""};

    assert_int_equal(parse(text, strlen(text), &prototxt, &error), expected);
    assert_null(prototxt);
    if (strstr(error.text, line) != error.text)
        fail_msg("'%s' does not begin with '%s'", error.text, line);
}

static void mistakes_are_named_with_their_line(void **state)
{
    (void)state;
    refuse("a: 1\nb {\n c: 2\n", STATUS_DATA, "f:4: the file ends where");
    refuse("a: 1\n}", STATUS_DATA, "f:2: expected a field name, found '}'");
    refuse("a 1", STATUS_DATA, "f:1: expected ':' or '{', found '1'");
    refuse("\n\na: \"open\nb: 1", STATUS_DATA, "f:3: a string is not closed");
    refuse("a: \"\\q\"", STATUS_DATA, "f:1: unknown escape");
    refuse("a: \"\\0\"", STATUS_DATA, "f:1: a zero byte");
    refuse("a: [1 2]", STATUS_DATA, "f:1: expected ',' or ']'");
    refuse("a { b: 1 >", STATUS_DATA, "f:1: expected a field name or the closing bracket");
    refuse("a: ", STATUS_DATA, "f:1: the file ends");
    refuse("a: - ", STATUS_DATA, "f:1: the file ends where a number was expected");
    refuse("a: -\n- 2", STATUS_DATA, "f:2: expected a number, found '-'");
    refuse("a: - \"2\"", STATUS_DATA, "f:1: expected a number, found '\"'");
    refuse("\"quoted\": 1", STATUS_DATA, "f:1: expected a field name");
}

static void depth_has_a_limit(void **state)
{
    enum { DEPTH = 10000 };
    char *text = calloc(DEPTH, 3);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < DEPTH; i++)
        memcpy(text + 2 * i, "a{", 2);
    refuse(text, STATUS_LIMIT, "f:1: messages are nested more than 64 deep");
    for (size_t i = 0; i < PROTOTXT_MAX_DEPTH; i++)
        text[2 * PROTOTXT_MAX_DEPTH + i] = '}';
    text[3 * PROTOTXT_MAX_DEPTH] = '\0';
    prototxt_free(parse_good(text));
    memcpy(text + 2 * PROTOTXT_MAX_DEPTH, "a{}", 3);
    refuse(text, STATUS_LIMIT, "f:1: messages are nested more than 64 deep");
    free(text);
}

static void the_number_of_fields_has_a_limit(void **state)
{
    size_t count = PROTOTXT_MAX_FIELDS + 1;
    char *text = malloc(count * 2 + 16);

    (void)state;
    assert_non_null(text);
    memcpy(text, "a:[", 3);
    for (size_t i = 0; i < count; i++)
        memcpy(text + 3 + 2 * i, "1,", 2);
    text[3 + 2 * count] = '\0';
    refuse(text, STATUS_LIMIT, "f:1: more than 1000000 fields");
    free(text);
}

static void any_cut_text_ends_with_one_clear_answer(void **state)
{
    static const char text[] = "l { n: \"x\\x4\" 'y' p < d: [1, {e: 2}] > } # end\nz: - 1";

    (void)state;
    for (size_t size = 0; size < sizeof text; size++) {
        struct prototxt *prototxt;
        struct error error = {""};
        enum status status = parse(text, size, &prototxt, &error);
        assert_true(status == STATUS_OK || status == STATUS_DATA);
        assert_int_equal(status == STATUS_OK, prototxt != NULL);
        assert_int_equal(status == STATUS_OK, error.text[0] == '\0');
        prototxt_free(prototxt);
    }
}

static void wrong_values_stick_as_the_first_error(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"v: x", "f:1: 'v' must be a whole number, not 'x'"},
        {"v: 10", "f:1: 'v' is 10, but must be between 0 and 9"},
        {"v: 99999999999999999999", "f:1: 'v' is 99999999999999999999, but must be between"},
        {"v: 1\nv: 2", "f:2: 'v' is given twice"},
        {"v { }", "f:1: 'v' must be a whole number"},
        {"v: \"1\"", "f:1: 'v' must be a whole number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prototxt *prototxt = parse_good(cases[i].text);
        struct error error = {""};
        struct prototxt_reader reader = {.file = "f", .error = &error};
        prototxt_int(&reader, prototxt_root(prototxt), "v", 0, 9, 0);
        assert_int_equal(reader.status, STATUS_DATA);
        assert_ptr_equal(strstr(error.text, cases[i].expected), error.text);
        prototxt_bool(&reader, prototxt_root(prototxt), "v", false);
        assert_ptr_equal(strstr(error.text, cases[i].expected), error.text);
        prototxt_free(prototxt);
    }
}

static void misspelt_fields_are_refused(void **state)
{
    struct prototxt *prototxt = parse_good("p { stride: 1\nstrid: 2 }");
    struct error error = {""};
    struct prototxt_reader reader = {.file = "f", .error = &error};

    (void)state;
    prototxt_known(&reader, prototxt_find(prototxt_root(prototxt), "p"), "pad stride");
    assert_int_equal(reader.status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "f:2: 'strid' is not a field of 'p'"));
    prototxt_free(prototxt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_field_is_read),
        cmocka_unit_test(a_minus_may_stand_apart_from_its_number),
        cmocka_unit_test(mistakes_are_named_with_their_line),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(the_number_of_fields_has_a_limit),
        cmocka_unit_test(any_cut_text_ends_with_one_clear_answer),
        cmocka_unit_test(wrong_values_stick_as_the_first_error),
        cmocka_unit_test(misspelt_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
