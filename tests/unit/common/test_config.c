#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/config.h"
#include "common/setting.h"

static char path[] = "/tmp/test_config_XXXXXX";

static enum status read_text(const char *text, struct config **config, struct error *error)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    *config = NULL;
    return config_read(path, config, error);
}

static void refuses(const char *text, const char *said)
{
    struct config *config;
    struct error error = {""};
    assert_int_equal(read_text(text, &config, &error), STATUS_CONFIG);
    if (!strstr(error.text, said))
        fail_msg("\"%s\" does not say \"%s\"", error.text, said);
    assert_non_null(strstr(error.text, path));
}

static void every_default_is_valid(void **state)
{
    (void)state;
    struct config *config;
    struct error error = {""};
    assert_int_equal(read_text("", &config, &error), STATUS_OK);
    assert_int_equal(config->fetch.timeout_ms, 60000);
    assert_int_equal(config->fetch.max_bytes, 32 << 20);
    assert_int_equal(config->carml.send, CONFIG_SEND_AUTO);
    assert_string_equal(config_trace_name(config), "NO_TRACE");
    assert_true(config->fetch.verify_tls);
    assert_int_equal(config->fetch.allow_addresses.count, 0);
    assert_int_equal(config->models.path.count, 2);
    config_free(config);
}

static void the_example_file_reads_as_the_defaults(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    config_write_example(memory);
    fclose(memory);
    struct config *config;
    struct error error = {""};
    if (read_text(text, &config, &error))
        fail_msg("%s", error.text);
    config_free(config);

    /* And with every option switched on, which proves that each default reads back. */
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '#' || from[1] == ' ' || from[1] == '\'')
            *to++ = *from;
    *to = '\0';
    if (read_text(text, &config, &error))
        fail_msg("%s", error.text);
    assert_int_equal(config->daemon.window, 1024);
    config_free(config);
    free(text);
}

static void values_and_lists_are_read(void **state)
{
    (void)state;
    struct config *config;
    struct error error = {""};
    if (read_text(
            "database: /tmp/x.db\nlog_level: debug\nfetch:\n  timeout: 5min\n  max_bytes: 64KiB\n"
            "  allow_addresses: [127.0.0.0/8, \"::1/128\"]\n  ports: [\"*\"]\ncarml:\n  send: "
            "upload\n"
            "validate:\n",
            &config, &error))
        fail_msg("%s", error.text);
    assert_string_equal(config->database, "/tmp/x.db");
    assert_int_equal(config_log_level(config), LOG_LEVEL_DEBUG);
    assert_int_equal(config->fetch.timeout_ms, 300000);
    assert_int_equal(config->fetch.max_bytes, 65536);
    assert_int_equal(config->fetch.allow_addresses.count, 2);
    assert_string_equal(config->fetch.allow_addresses.items[1], "::1/128");
    assert_int_equal(config->carml.send, CONFIG_SEND_UPLOAD);
    char *folder = config_models_folder(config);
    assert_string_equal(folder, "/tmp/models");
    free(folder);
    config_free(config);
}

static void mistakes_name_file_line_key_and_expectation(void **state)
{
    (void)state;
    refuses("fetch:\n  timout: 5s\n", ":2");
    refuses("fetch:\n  timout: 5s\n", "did you mean fetch.timeout");
    refuses("fetch:\n  timeout: 30\n", "fetch.timeout: expected a duration");
    refuses("fetch:\n  timeout: soon\n", "found \"soon\"");
    refuses("fetch:\n  per_host: -1\n", "expected a whole number from 1 to 10000");
    refuses("fetch:\n  verify_tls: 7\n", "expected true or false");
    refuses("fetch:\n  ports: 80\n", "expected a list");
    refuses("carml:\n  generation: c\n", "expected one of auto, a, b");
    refuses("carml: [1]\n", "carml: a section");
    refuses("fetch: 5\n", ":1: fetch: a section");
    refuses("carml:\n  device: tpu\n", ":2: carml.device: expected one of \"\", cpu, gpu, found");
    refuses("- a\n- b\n", "expected sections");
    refuses("fetch: {timeout: [1, 2]}\n", "found a list");
    refuses("fetch: {timeout: 5s\n", ":");
}

static void texts_of_the_wrong_form_name_their_line(void **state)
{
    (void)state;
    refuses("database: \"\"\n", ":1: database: expected the path of a file");
    refuses("carml:\n  url: carml.example.org\n", ":2: carml.url: expected an http or https URL");
    refuses("fetch:\n  allow_addresses:\n    - ::1\n    - banana\n",
            ":4: fetch.allow_addresses: expected a list of address ranges");
    refuses("fetch: {allow_addresses: [10.1.2.3/8]}\n", "zeros behind the prefix, found");
    refuses("fetch: {allow_addresses: [10.0.0.0/33]}\n", "found \"10.0.0.0/33\"");
    refuses("fetch: {allow_addresses: [10.0.0.0/]}\n", "found \"10.0.0.0/\"");
    refuses("fetch: {allow_addresses: [\"fe80::1/64\"]}\n", "found \"fe80::1/64\"");
    refuses("fetch: {ports: [80, 0]}\n", "fetch.ports: expected a list of ports");
    refuses("fetch: {ports: [65536]}\n", "found \"65536\"");
    refuses("models: {path: [a, \"\"]}\n", "models.path: expected a list of paths");
    refuses("validate: {placeholders: [xyz]}\n", "expected a list of SHA-256 sums");
}

static void an_unreadable_file_is_a_configuration_error(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct error error = {""};
    assert_int_equal(config_read("/nonexistent/carmlbench.yml", &config, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "/nonexistent/carmlbench.yml"));
    assert_non_null(strstr(error.text, "--config"));
}

static void quantities_need_their_unit(void **state)
{
    (void)state;
    struct config *config;
    assert_int_equal(config_read("/dev/null", &config, NULL), STATUS_OK);
    assert_int_equal(config_set(config, "fetch.timeout", "1500ms", NULL), STATUS_OK);
    assert_int_equal(config->fetch.timeout_ms, 1500);
    assert_int_equal(config_set(config, "fetch.per_host_delay", "0", NULL), STATUS_OK);
    assert_int_equal(config_set(config, "fetch.timeout", "9223372036854775807h", NULL),
                     STATUS_USAGE);
    assert_int_equal(config_set(config, "fetch.timeout", "", NULL), STATUS_USAGE);
    assert_int_equal(config_set(config, "no.such", "1", NULL), STATUS_USAGE);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_valid),
        cmocka_unit_test(the_example_file_reads_as_the_defaults),
        cmocka_unit_test(values_and_lists_are_read),
        cmocka_unit_test(mistakes_name_file_line_key_and_expectation),
        cmocka_unit_test(texts_of_the_wrong_form_name_their_line),
        cmocka_unit_test(an_unreadable_file_is_a_configuration_error),
        cmocka_unit_test(quantities_need_their_unit),
    };
    close(mkstemp(path));
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
