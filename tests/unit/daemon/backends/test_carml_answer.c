#include "daemon/backends/carml_answer.h"

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

#include "common/buf.h"
#include "daemon/backends/scan.h"

/* xorshift64*: G. Marsaglia, Xorshift RNGs, 2003. The same documents in every run. */
static uint64_t random_state = 0x2545f4914f6cdd1dU;

static unsigned roll(unsigned sides)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (unsigned)((random_state * 0x2545f4914f6cdd1dU) >> 33) % sides;
}

/* The body in memory of exactly its size, so that reading past it is seen by ASan. */
static enum status parse(const char *body, size_t size, struct carml_answer *answer,
                         enum reason *reason)
{
    struct error error = {""};
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size)
        memcpy(copy, body, size);
    enum status status = carml_answer_parse(copy, size, answer, reason, &error);
    assert_true(status == STATUS_OK || error.text[0]);
    free(copy);
    return status;
}

static enum status parse_text(const char *body, struct carml_answer *answer, enum reason *reason)
{
    return parse(body, strlen(body), answer, reason);
}

static void assert_class(const struct carml_class *class, uint32_t index, double probability,
                         const char *label)
{
    assert_int_equal(class->index, index);
    assert_true(class->probability == probability);
    assert_string_equal(class->label, label);
}

static const char generation_a[] =
    "{\"id\":\"0b6f\",\"responses\":[{\"features\":["
    "{\"name\":\"n01440764 tench, Tinca tinca\",\"probability\":4.1956354e-9},"
    "{\"index\":1,\"name\":\"n01443537 goldfish, Carassius auratus\",\"probability\":7.70228e-9},"
    "{\"index\":933,\"name\":\"n07697313 cheeseburger\",\"probability\":0.99460334},"
    "{\"index\":934,\"name\":\"n07697537 hotdog, hot dog, red hot\",\"probability\":0.00009480456}"
    "],\"id\":\"3e47\",\"input_id\":\"9e6a\",\"request_id\":\"0162\"}]}\n";

static const char generation_b[] =
    "{\"id\":\"0b6f\",\"responses\":[{\"features\":["
    "{\"classification\":{\"index\":933,\"label\":\"n07697313 cheeseburger\"},"
    "\"id\":\"5c8711b195b3273e08766c31\",\"probability\":0.99460334,\"type\":\"CLASSIFICATION\"},"
    "{\"classification\":{\"index\":931,\"label\":\"n07693725 bagel, beigel\"},"
    "\"id\":\"5c87\",\"probability\":0.0032818527,\"type\":\"CLASSIFICATION\"}"
    "],\"id\":\"f957\",\"input_id\":\"91c0\"}],\"trace_id\":{\"id\":\"284ab0f48d9dde06\"}}";

static void generation_a_is_read(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse_text(generation_a, &answer, &reason), STATUS_OK);
    assert_int_equal(answer.generation, CARML_GENERATION_A);
    assert_int_equal(answer.classes, 4);
    assert_int_equal(answer.count, 3);
    assert_class(&answer.best[0], 933, 0.99460334, "n07697313 cheeseburger");
    assert_class(&answer.best[1], 934, 0.00009480456, "n07697537 hotdog, hot dog, red hot");
    assert_class(&answer.best[2], 1, 7.70228e-9, "n01443537 goldfish, Carassius auratus");
}

static void generation_b_is_read(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse_text(generation_b, &answer, &reason), STATUS_OK);
    assert_int_equal(answer.generation, CARML_GENERATION_B);
    assert_int_equal(answer.count, 2);
    assert_class(&answer.best[0], 933, 0.99460334, "n07697313 cheeseburger");
    assert_class(&answer.best[1], 931, 0.0032818527, "n07693725 bagel, beigel");
}

/* Documents with one response holding `features`, and what they must give. */
static enum status parse_features(const char *features, struct carml_answer *answer,
                                  enum reason *reason)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    assert_int_equal(buf_printf(&body, "{\"responses\":[{\"features\":[%s]}]}", features), 0);
    enum status status = parse(body.data, body.size, answer, reason);
    buf_free(&body);
    return status;
}

static void absent_numbers_are_zero(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(
        parse_features("{\"name\":\"a\"},{},{\"index\":2,\"probability\":null}", &answer, &reason),
        STATUS_OK);
    assert_int_equal(answer.count, 3);
    assert_class(&answer.best[0], 0, 0.0, "a");
    assert_class(&answer.best[1], 0, 0.0, "");
    assert_class(&answer.best[2], 2, 0.0, "");
}

static void escapes_and_the_old_prefix_are_undone(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    const char *features = "{\"name\":\"\\u003c\\u003e n02132136 brown bear\",\"probability\":3},"
                           "{\"name\":\"<> B\\u00e4r \\ud83d\\udc3b \\\"q\\\"\",\"index\":1,"
                           "\"probability\":2},"
                           "{\"n\\u0061me\":\"a\\tb\\\\c\",\"index\":2,\"probability\":1}";
    assert_int_equal(parse_features(features, &answer, &reason), STATUS_OK);
    assert_class(&answer.best[0], 0, 3, "n02132136 brown bear");
    assert_class(&answer.best[1], 1, 2, "B\xc3\xa4r \xf0\x9f\x90\xbb \"q\"");
    assert_class(&answer.best[2], 2, 1, "a\tb\\c");
}

static void equal_probabilities_are_ordered_by_index(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse_features("{\"index\":9,\"probability\":0.5},{\"index\":4,"
                                    "\"probability\":0.5},{\"index\":7,\"probability\":0.5},"
                                    "{\"index\":5,\"probability\":0.5}",
                                    &answer, &reason),
                     STATUS_OK);
    assert_int_equal(answer.best[0].index, 4);
    assert_int_equal(answer.best[1].index, 5);
    assert_int_equal(answer.best[2].index, 7);
}

static void a_repeated_class_counts_once(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse_features("{\"index\":1,\"name\":\"x\",\"probability\":0.2},"
                                    "{\"index\":2,\"name\":\"y\",\"probability\":0.3},"
                                    "{\"index\":1,\"name\":\"x\",\"probability\":0.1},"
                                    "{\"index\":3,\"name\":\"z\",\"probability\":0.25},"
                                    "{\"index\":1,\"name\":\"x\",\"probability\":0.9}",
                                    &answer, &reason),
                     STATUS_OK);
    assert_int_equal(answer.count, 3);
    assert_class(&answer.best[0], 1, 0.9, "x");
    assert_class(&answer.best[1], 2, 0.3, "y");
    assert_class(&answer.best[2], 3, 0.25, "z");
}

static void scores_may_be_negative_and_large(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse_features("{\"index\":1,\"probability\":-1.5},{\"index\":\"2\","
                                    "\"probability\":1e21},{\"index\":4294967295,"
                                    "\"probability\":-3.4028235E+38}",
                                    &answer, &reason),
                     STATUS_OK);
    assert_class(&answer.best[0], 2, 1e21, "");
    assert_class(&answer.best[1], 1, -1.5, "");
    assert_class(&answer.best[2], UINT32_MAX, -3.4028235e38, "");
}

static void long_labels_are_cut_at_a_character(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    char features[2048] = "{\"name\":\"";
    for (int i = 0; i < 400; i++)
        strcat(features, "\xc3\xa4");
    strcat(features, "\"}");
    assert_int_equal(parse_features(features, &answer, &reason), STATUS_OK);
    assert_int_equal(strlen(answer.best[0].label), CARML_ANSWER_LABEL - 2);
}

static void documents_that_are_no_answer_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum reason reason;
    } cases[] = {
        {"", REASON_bad_answer},
        {" \n", REASON_bad_answer},
        {"{}", REASON_empty_answer},
        {"{\"responses\":[]}", REASON_empty_answer},
        {"{\"responses\":null}", REASON_empty_answer},
        {"{\"responses\":[{}]}", REASON_empty_answer},
        {"{\"responses\":[{\"features\":null}]}", REASON_empty_answer},
        {"{\"responses\":[{\"features\":[]}]}", REASON_empty_answer},
        {"{\"responses\":[{\"features\":[{\"index\":1}]},{}]}", REASON_empty_answer},
        {"{\"responses\":[{\"features\":[{\"bounding_box\":{\"index\":3,\"label\":\"car\"},"
         "\"type\":\"BOUNDINGBOX\",\"probability\":0.9}]}]}",
         REASON_empty_answer},
        {"{\"responses\":[{\"features\":[{\"probability\":NaN}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"probability\":Infinity}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"probability\":1e999}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"probability\":\"0.5\"}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":-1}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":1.5}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":4294967296}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":\"bear\"}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"name\":3}]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[3]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":{}}]}", REASON_bad_answer},
        {"{\"responses\":{}}", REASON_bad_answer},
        {"[]", REASON_bad_answer},
        {"null", REASON_bad_answer},
        {"<html>busy</html>", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":1}]}]} x", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[{\"index\":1},]}]}", REASON_bad_answer},
        {"{\"responses\":[{\"features\":[],\"features\":[]}]}", REASON_bad_answer},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct carml_answer answer;
        enum reason reason;
        if (parse_text(cases[i].body, &answer, &reason) != STATUS_DATA || reason != cases[i].reason)
            fail_msg("%s: %s", cases[i].body, reason_name(reason));
    }
}

static void deep_nesting_is_refused_not_followed(void **state)
{
    (void)state;
    enum { DEPTH = 1000000 };
    char *body = malloc(DEPTH + 16);
    assert_non_null(body);
    memcpy(body, "{\"x\":", 5);
    memset(body + 5, '[', DEPTH);
    struct carml_answer answer;
    enum reason reason;
    assert_int_equal(parse(body, DEPTH + 5, &answer, &reason), STATUS_DATA);
    assert_int_equal(reason, REASON_bad_answer);
    free(body);
}

/* ---- the same answers as a general parser ---------------------------------------------------- */

static void add(struct buf *out, const char *text)
{
    assert_int_equal(buf_append_text(out, text), STATUS_OK);
}

static void add_number(struct buf *out)
{
    static const char *const forms[] = {"%.9g", "%.3e", "%.17g", "%.1f", "%.12E"};
    double value = ldexp((double)roll(1 << 24), (int)roll(60) - 60) * (roll(9) ? 1 : -1);
    assert_int_equal(buf_printf(out, forms[roll(5)], value), STATUS_OK);
}

static void add_label(struct buf *out)
{
    static const char *const parts[] = {
        "bear",    " ",       ", ",   "n02132136 ",     "\\u003c",
        "\\u003e", "\\n",     "\\\"", "\xc3\xa4",       "\\\\",
        "\\/",     "\\u00E4", "<> ",  "\\ud83d\\udc3b", "\xf0\x9f\x90\xbb"};
    add(out, "\"");
    for (unsigned i = roll(6); i > 0; i--)
        add(out, parts[roll(15)]);
    add(out, "\"");
}

static void add_value(struct buf *out, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null", "0", "-0", "1e2", "[]", "{}"};
    unsigned kind = roll(depth ? 6 : 4);
    if (kind < 2)
        add(out, words[roll(8)]);
    else if (kind == 2)
        add_number(out);
    else if (kind == 3)
        add_label(out);
    for (unsigned i = 0, n = roll(3); kind > 3 && i <= n; i++) {
        add(out, i ? "," : kind == 4 ? "[" : "{");
        if (kind == 5) {
            assert_int_equal(buf_printf(out, "\"k%u\":", i), STATUS_OK);
        }
        add_value(out, depth - 1);
        if (i == n)
            add(out, kind == 4 ? "]" : "}");
    }
}

static void add_class(struct buf *out, bool b)
{
    bool comma = false;
    if (roll(8)) {
        assert_int_equal(buf_printf(out, "\"index\":%u", roll(roll(2) ? 6 : 30000)), STATUS_OK);
        comma = true;
    }
    if (roll(8)) {
        add(out, comma ? " ,\n" : "");
        add(out, b ? "\"label\" :" : "\"name\": ");
        add_label(out);
    }
}

static void add_feature(struct buf *out, bool b)
{
    add(out, "{");
    add(out, b ? "\"classification\":{" : "");
    add_class(out, b);
    add(out, b ? "}" : "");
    if (out->data[out->size - 1] != '{')
        add(out, ",");
    add(out, "\"extra\":");
    add_value(out, 3);
    if (roll(8)) {
        add(out, ",\"probability\":");
        roll(3) ? add_number(out) : add(out, "0.25");
    }
    add(out, b ? ",\"type\":\"CLASSIFICATION\"}" : "}");
}

static void add_document(struct buf *out, unsigned classes)
{
    bool b = roll(2);
    buf_clear(out);
    add(out, "{\"id\":");
    add_value(out, 2);
    add(out, ",\"responses\":[{\"input_id\":\"x\",\"features\":[");
    for (unsigned i = 0; i < classes; i++) {
        add(out, i ? "," : "");
        add_feature(out, b);
    }
    add(out, "]}]}");
}

static void strip(const char *label, char out[CARML_ANSWER_LABEL])
{
    snprintf(out, CARML_ANSWER_LABEL, "%s", label);
    if (strncmp(out, "<> ", 3) == 0)
        memmove(out, out + 3, strlen(out + 3) + 1);
}

/* What stands in one feature, read from jansson's tree. */
static void reference_feature(const json_t *feature, struct carml_class *class)
{
    const json_t *b = json_object_get(feature, "classification");
    const json_t *label = b ? json_object_get(b, "label") : json_object_get(feature, "name");
    class->index = (uint32_t)json_number_value(json_object_get(b ? b : feature, "index"));
    class->probability = json_number_value(json_object_get(feature, "probability"));
    strip(json_is_string(label) ? json_string_value(label) : "", class->label);
}

static int compare(const void *left, const void *right)
{
    const struct carml_class *a = left, *b = right;
    if (a->probability != b->probability)
        return a->probability > b->probability ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

/* Sorts everything, drops repeats: the specification of the three that are found. */
static size_t reference_best(const json_t *document, struct carml_class *all)
{
    const json_t *response = json_array_get(json_object_get(document, "responses"), 0);
    const json_t *features = json_object_get(response, "features");
    size_t count = json_array_size(features), kept = 0;
    for (size_t i = 0; i < count; i++)
        reference_feature(json_array_get(features, i), &all[i]);
    qsort(all, count, sizeof *all, compare);
    for (size_t i = 0; i < count && kept < CARML_ANSWER_BEST; i++) {
        bool repeat = false;
        for (size_t k = 0; k < kept; k++)
            repeat =
                repeat || (all[k].index == all[i].index && strcmp(all[k].label, all[i].label) == 0);
        if (!repeat)
            all[kept++] = all[i];
    }
    return kept;
}

static void assert_as_jansson(const struct buf *body, struct carml_class *memory)
{
    struct carml_answer answer;
    enum reason reason;
    json_t *document = json_loadb(body->data, body->size, 0, NULL);
    assert_non_null(document);
    size_t count = reference_best(document, memory);
    enum status status = parse(body->data, body->size, &answer, &reason);
    assert_int_equal(status, count ? STATUS_OK : STATUS_DATA);
    assert_int_equal(answer.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(answer.best[i].index, memory[i].index);
        assert_true(answer.best[i].probability == memory[i].probability);
    }
    json_decref(document);
}

static void random_documents_give_what_jansson_gives(void **state)
{
    (void)state;
    struct buf body;
    struct carml_class *memory = calloc(64, sizeof *memory);
    assert_non_null(memory);
    buf_init(&body, 1 << 20);
    for (int i = 0; i < 3000; i++) {
        add_document(&body, roll(20));
        assert_as_jansson(&body, memory);
    }
    buf_free(&body);
    free(memory);
}

static void answers_of_real_size_give_what_jansson_gives(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 1000, 1001, 21841};
    struct buf body;
    struct carml_class *memory = calloc(21841, sizeof *memory);
    assert_non_null(memory);
    buf_init(&body, 64 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        add_document(&body, sizes[i]);
        assert_as_jansson(&body, memory);
    }
    buf_free(&body);
    free(memory);
}

/* jansson refuses numbers of more than 64 bits wherever they stand. */
static bool beyond_comparison(const char *problem)
{
    return strstr(problem, "too big") || strstr(problem, "overflow");
}

/* No NUL: jansson 2.14 skips one behind a number. */
static void random_damage_is_seen_as_jansson_sees_it(void **state)
{
    (void)state;
    static const char spice[] = "\"\\{}[],:0.eE-+u\x80\xc3\xed\x1f \n";
    struct buf body;
    buf_init(&body, 1 << 20);
    unsigned sound = 0, broken = 0;
    for (int i = 0; i < 40000; i++) {
        if (i % 20 == 0)
            add_document(&body, 1 + roll(4));
        size_t at = roll((unsigned)body.size);
        char saved = body.data[at];
        body.data[at] = roll(2) ? spice[roll(sizeof spice - 1)] : (char)(1 + roll(255));
        json_error_t why;
        json_t *document = json_loadb(body.data, body.size, 0, &why);
        struct scan cursor;
        scan_init(&cursor, body.data, body.size, CARML_ANSWER_DEPTH);
        bool accepted = scan_skip(&cursor) && scan_finish(&cursor);
        if (accepted != (document != NULL) && !(accepted && beyond_comparison(why.text)))
            fail_msg("%s: jansson: %s, here: %s", body.data, document ? "fine" : why.text,
                     cursor.problem ? cursor.problem : "fine");
        struct carml_answer answer;
        enum reason reason;
        bool answered = parse(body.data, body.size, &answer, &reason) == STATUS_OK;
        assert_true(accepted || !answered);
        document ? sound++ : broken++;
        json_decref(document);
        body.data[at] = saved;
    }
    assert_true(sound > 1000 && broken > 1000);
    buf_free(&body);
}

/* One byte of an answer after the other becomes every other byte. What is still an answer must give
 * what jansson's tree of it gives; what jansson refuses must be refused. */
static void every_changed_byte_gives_what_jansson_gives(void **state)
{
    (void)state;
    static const char *const bodies[] = {generation_a, generation_b};
    struct carml_class memory[8];
    unsigned same = 0;
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; bodies[i][at]; at++)
            for (int byte = 1; byte < 256; byte++) {
                char body[1024];
                struct carml_answer answer;
                enum reason reason;
                size_t size = strlen(bodies[i]);
                memcpy(body, bodies[i], size);
                body[at] = (char)byte;
                if (parse(body, size, &answer, &reason) == STATUS_OK) {
                    same++;
                    body[size] = 0;
                    assert_as_jansson(&(struct buf){.data = body, .size = size}, memory);
                }
            }
    assert_true(same > 10000);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct carml_answer answer;
    enum reason reason;
    for (size_t size = 0; size < strlen(generation_a) - 1; size++)
        assert_int_equal(parse(generation_a, size, &answer, &reason), STATUS_DATA);
    for (size_t size = 0; size < strlen(generation_b); size++) {
        assert_int_equal(parse(generation_b, size, &answer, &reason), STATUS_DATA);
        assert_int_equal(reason, REASON_bad_answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generation_a_is_read),
        cmocka_unit_test(generation_b_is_read),
        cmocka_unit_test(absent_numbers_are_zero),
        cmocka_unit_test(escapes_and_the_old_prefix_are_undone),
        cmocka_unit_test(equal_probabilities_are_ordered_by_index),
        cmocka_unit_test(a_repeated_class_counts_once),
        cmocka_unit_test(scores_may_be_negative_and_large),
        cmocka_unit_test(long_labels_are_cut_at_a_character),
        cmocka_unit_test(documents_that_are_no_answer_are_refused),
        cmocka_unit_test(deep_nesting_is_refused_not_followed),
        cmocka_unit_test(random_documents_give_what_jansson_gives),
        cmocka_unit_test(answers_of_real_size_give_what_jansson_gives),
        cmocka_unit_test(random_damage_is_seen_as_jansson_sees_it),
        cmocka_unit_test(every_changed_byte_gives_what_jansson_gives),
        cmocka_unit_test(every_truncation_is_refused),
    };
    return cmocka_run_group_tests_name("carml_answer", tests, NULL, NULL);
}
