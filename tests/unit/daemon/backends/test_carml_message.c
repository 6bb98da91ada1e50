#include "daemon/backends/carml_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static void base_urls_are_read_as_carmls_client_reads_them(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"http://h:8088", "http://h:8088"},    {"http://h:8088///", "http://h:8088"},
        {"h:8088", "http://h:8088"},           {"https://h/", "https://h"},
        {"http://h:1/api", "http://h:1"},      {"http://h:1/api/", "http://h:1"},
        {"http://h/carml/", "http://h/carml"}, {"HTTP://h", "HTTP://h"},
        {"[::1]:80", "http://[::1]:80"},       {"http://api", "http://api"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char base[CARML_URL_MAX];
        assert_int_equal(carml_base_url(cases[i][0], base, NULL), STATUS_OK);
        assert_string_equal(base, cases[i][1]);
    }
}

static void what_is_no_server_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"",        "/",   "http://", "http:///x",
                                        "ftp://h", "h h", "h?x",     "http://h#x"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char base[CARML_URL_MAX];
        struct error error = {""};
        if (carml_base_url(cases[i], base, &error) != STATUS_CONFIG)
            fail_msg("\"%s\" became %s", cases[i], base);
        assert_non_null(strstr(error.text, "carml.url"));
    }
}

static json_t *parse(struct buf *body)
{
    json_t *document = json_loadb(body->data, body->size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    buf_free(body);
    return document;
}

static const char *text_at(const json_t *document, const char *name)
{
    return json_string_value(json_object_get(document, name));
}

static void an_open_names_everything_and_one_picture_a_batch(void **state)
{
    (void)state;
    const struct store_target target = {"BVLC \"Alex\"", "1.0", "Caffe", "2", "carml"};
    struct config *config;
    struct error error;
    struct buf body;
    buf_init(&body, 65536);
    assert_int_equal(config_read("/dev/null", &config, &error), STATUS_OK);
    assert_int_equal(config_set(config, "carml.device", "gpu", &error), STATUS_OK);
    assert_int_equal(carml_open_body(&body, &target, config), STATUS_OK);
    json_t *document = parse(&body);
    assert_string_equal(text_at(document, "model_name"), "BVLC \"Alex\"");
    assert_string_equal(text_at(document, "model_version"), "1.0");
    assert_string_equal(text_at(document, "framework_name"), "Caffe");
    assert_string_equal(text_at(document, "framework_version"), "2");
    const json_t *options = json_object_get(document, "options");
    const json_t *execution = json_object_get(options, "execution_options");
    assert_int_equal(json_integer_value(json_object_get(options, "batch_size")), 1);
    assert_string_equal(text_at(execution, "trace_level"), "NO_TRACE");
    const json_t *device = json_object_get(json_object_get(execution, "device_count"), "GPU");
    assert_true(json_is_integer(device) && json_integer_value(device) == 0);
    json_decref(document);
    config_free(config);
}

static void a_close_serves_both_generations(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, 65536);
    assert_int_equal(carml_close_body(&body, "0b6f"), STATUS_OK);
    json_t *document = parse(&body);
    assert_string_equal(text_at(document, "id"), "0b6f");
    assert_string_equal(text_at(json_object_get(document, "predictor"), "id"), "0b6f");
    json_decref(document);
}

static void pictures_travel_whole(void **state)
{
    (void)state;
    struct buf body;
    buf_init(&body, 65536);
    assert_int_equal(carml_images_body(&body, "p\"1", "\xff\xd8\0\x01", 4), STATUS_OK);
    json_t *document = parse(&body);
    assert_string_equal(text_at(json_object_get(document, "predictor"), "id"), "p\"1");
    const json_t *images = json_object_get(document, "images");
    assert_int_equal(json_array_size(images), 1);
    assert_string_equal(text_at(json_array_get(images, 0), "data"), "/9gAAQ==");
    json_decref(document);
    assert_int_equal(carml_urls_body(&body, "p", "http://h/a.jpg?x=\"1\""), STATUS_OK);
    document = parse(&body);
    assert_string_equal(text_at(json_array_get(json_object_get(document, "urls"), 0), "data"),
                        "http://h/a.jpg?x=\"1\"");
    json_decref(document);
}

static void the_end_of_a_request_is_judged(void **state)
{
    (void)state;
    static const struct {
        CURLcode code;
        long status;
        const char *body;
        enum carml_outcome outcome;
    } cases[] = {
        {CURLE_OK, 200, "{}", CARML_OK},
        {CURLE_OK, 400, "", CARML_REFUSED},
        {CURLE_OK, 400, "not JSON", CARML_REFUSED},
        {CURLE_OK, 400, "{\"message\":7}", CARML_REFUSED},
        {CURLE_OK, 400, "{\"message\":\"but got bad response code: 404\"}", CARML_REFUSED},
        {CURLE_OK, 400, "{\"message\":\"unable to get client predictor value\"}", CARML_FORGOTTEN},
        {CURLE_OK, 400, "{\"message\":\"desc = predictor ID was not found\"}", CARML_FORGOTTEN},
        {CURLE_OK, 400, "{\"message\":\"rpc error: code = Unavailable desc\"}", CARML_LOST},
        {CURLE_OK, 404, "", CARML_NOT_TAKEN},
        {CURLE_OK, 405, "", CARML_NOT_TAKEN},
        {CURLE_OK, 501, "\"not yet\"", CARML_NOT_TAKEN},
        {CURLE_OK, 302, "", CARML_MISSHAPEN},
        {CURLE_OK, 403, "", CARML_BROKEN},
        {CURLE_OK, 429, "", CARML_BROKEN},
        {CURLE_OK, 500, "", CARML_BROKEN},
        {CURLE_OK, 503, "", CARML_BROKEN},
        {CURLE_COULDNT_CONNECT, 0, "", CARML_UNREACHABLE},
        {CURLE_COULDNT_RESOLVE_HOST, 0, "", CARML_UNREACHABLE},
        {CURLE_OPERATION_TIMEDOUT, 0, "", CARML_TIMEOUT},
        {CURLE_GOT_NOTHING, 0, "", CARML_LOST},
        {CURLE_RECV_ERROR, 200, "{", CARML_LOST},
        {CURLE_WEIRD_SERVER_REPLY, 0, "", CARML_MISSHAPEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error why = {""};
        struct buf body;
        buf_init(&body, 1024);
        assert_int_equal(buf_append_text(&body, cases[i].body), STATUS_OK);
        const struct http_answer answer = {
            .code = cases[i].code, .status = cases[i].status, .body = &body};
        enum carml_outcome outcome = carml_judge(&answer, "POST /x", &why);
        if (outcome != cases[i].outcome)
            fail_msg("case %zu: %d, %s", i, (int)outcome, why.text);
        assert_non_null(strstr(why.text, "POST /x: "));
        buf_free(&body);
    }
}

static void an_open_without_an_id_is_seen(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",           "{}",      "null", "{\"id\":\"\"}",
                                         "{\"id\":3}", "{\"id\":"};
    char id[CARML_ID_MAX];
    struct buf body;
    buf_init(&body, 1024);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        buf_clear(&body);
        assert_int_equal(buf_append_text(&body, bodies[i]), STATUS_OK);
        assert_int_equal(carml_open_id(&body, id), STATUS_DATA);
    }
    buf_clear(&body);
    assert_int_equal(buf_append_text(&body, "{\"id\":\"0b6f\"}\n"), STATUS_OK);
    assert_int_equal(carml_open_id(&body, id), STATUS_OK);
    assert_string_equal(id, "0b6f");
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_urls_are_read_as_carmls_client_reads_them),
        cmocka_unit_test(what_is_no_server_is_refused),
        cmocka_unit_test(an_open_names_everything_and_one_picture_a_batch),
        cmocka_unit_test(a_close_serves_both_generations),
        cmocka_unit_test(pictures_travel_whole),
        cmocka_unit_test(the_end_of_a_request_is_judged),
        cmocka_unit_test(an_open_without_an_id_is_seen),
    };
    return cmocka_run_group_tests_name("carml_message", tests, NULL, NULL);
}
