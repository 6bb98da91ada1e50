#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/listener.h"

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/carmlbench-listener-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/http.sock", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static enum status parse(const char *text, struct error *error)
{
    struct listener_address address;
    return listener_parse(text, &address, error);
}

static void only_this_machine_may_connect(void **state)
{
    (void)state;
    static const char *const good[] = {"",           "127.0.0.1:9464", "127.8.9.1:0",
                                       "[::1]:9464", "localhost:9464", "unix:/run/x.sock",
                                       "/run/x.sock"};
    static const char *const bad[] = {"0.0.0.0:9464",
                                      "192.168.1.4:9464",
                                      "[::]:9464",
                                      "[fe80::1]:9464",
                                      "[::ffff:10.0.0.1]:9464",
                                      "example.org:9464",
                                      "localhost.example.org:9464",
                                      "128.0.0.1:9464"};
    struct error error = {""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (parse(good[i], &error) != STATUS_OK)
            fail_msg("%s: %s", good[i], error.text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &error), STATUS_CONFIG);
        assert_non_null(strstr(error.text, "ssh tunnel"));
    }
}

static void what_is_no_address_is_refused_in_one_line(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "9464",     ":9464",         "127.0.0.1", "127.0.0.1:",   "127.0.0.1:70000", "127.0.0.1:-1",
        "::1:9464", "127.0.0.1:80x", "[::1]",     "127.0.0.1: 1", "unix:relative",   "unix:"};
    struct error error = {""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse(bad[i], &error) != STATUS_CONFIG)
            fail_msg("%s was taken", bad[i]);
        assert_null(strchr(error.text, '\n'));
    }
    char longest[400] = "unix:/";
    memset(longest + 6, 'x', sizeof longest - 7);
    assert_int_equal(parse(longest, &error), STATUS_CONFIG);
}

static void host_headers_name_this_machine_or_are_not_ours(void **state)
{
    (void)state;
    static const char *const ours[] = {"localhost",    "LocalHost:9464", "127.0.0.1",
                                       "127.0.0.1:80", "[::1]",          "[::1]:9464"};
    static const char *const others[] = {
        "evil.example", "localhost.evil.example:9464", "10.0.0.1", "",
        "0.0.0.0:9464", "127.0.0.1.evil.example",      "[::1",     "localhost:9464:1"};
    assert_false(listener_host_is_ours(NULL));
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (!listener_host_is_ours(ours[i]))
            fail_msg("%s is ours", ours[i]);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (listener_host_is_ours(others[i]))
            fail_msg("%s is not ours", others[i]);
}

static enum status open_at(const char *text, struct listener *listener, struct error *error)
{
    struct listener_address address;
    assert_int_equal(listener_parse(text, &address, error), STATUS_OK);
    return listener_open(&address, listener, error);
}

static void a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct error error = {""};
    struct listener first, second;
    char text[64];
    unsigned port;
    assert_int_equal(open_at("127.0.0.1:0", &first, &error), STATUS_OK);
    assert_int_equal(sscanf(first.name, "http://127.0.0.1:%u/", &port), 1);
    snprintf(text, sizeof text, "localhost:%u", port);
    assert_int_equal(open_at(text, &second, &error), STATUS_UNAVAILABLE);
    snprintf(text, sizeof text, "127.0.0.1:%u is in use", port);
    assert_non_null(strstr(error.text, text));
    snprintf(text, sizeof text, "localhost:%u", port);
    listener_close(&first);
    assert_int_equal(open_at(text, &second, &error), STATUS_OK);
    listener_close(&second);
}

static void a_socket_file_is_for_the_group_and_goes_at_the_end(void **state)
{
    (void)state;
    struct error error = {""};
    struct listener listener;
    struct stat file;
    mode_t mask = umask(0);
    enum status status = open_at(path, &listener, &error);
    umask(mask);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0660);
    listener_close(&listener);
    assert_int_equal(stat(path, &file), -1);
}

static void a_dead_daemons_socket_file_is_replaced_and_a_live_ones_is_not(void **state)
{
    (void)state;
    struct error error = {""};
    struct listener dead, live, late;
    assert_int_equal(open_at(path, &dead, &error), STATUS_OK);
    close(dead.descriptor); /* as the kernel does when a process dies */
    dead.descriptor = -1;
    assert_int_equal(open_at(path, &live, &error), STATUS_OK);
    assert_int_equal(open_at(path, &late, &error), STATUS_UNAVAILABLE);
    listener_close(&live);
}

static void a_socket_file_that_took_the_place_of_ours_stays(void **state)
{
    (void)state;
    struct error error = {""};
    struct listener old, new;
    assert_int_equal(open_at(path, &old, &error), STATUS_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_at(path, &new, &error), STATUS_OK);
    listener_close(&old);
    assert_int_equal(access(path, F_OK), 0);
    listener_close(&new);
}

static void another_kind_of_file_is_left_alone(void **state)
{
    (void)state;
    struct error error = {""};
    struct listener listener;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(open_at(path, &listener, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "no socket"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_this_machine_may_connect),
        cmocka_unit_test(what_is_no_address_is_refused_in_one_line),
        cmocka_unit_test(host_headers_name_this_machine_or_are_not_ours),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(a_socket_file_is_for_the_group_and_goes_at_the_end),
        cmocka_unit_test(a_dead_daemons_socket_file_is_replaced_and_a_live_ones_is_not),
        cmocka_unit_test(a_socket_file_that_took_the_place_of_ours_stays),
        cmocka_unit_test(another_kind_of_file_is_left_alone),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
