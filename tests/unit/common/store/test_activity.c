#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/store/activity.h"
#include "tests/lib/store_fixture.h"

static int set_up(void **state)
{
    static struct store_fixture fixture;
    fixture_open(&fixture, STORE_DAEMON);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_close(*state);
    return 0;
}

struct seen {
    unsigned rows;
    char text[512];
};

static int see(void *context, size_t columns, const char *const *names,
               const struct store_value *values)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    assert_int_equal(columns, 6);
    assert_string_equal(names[5], "updated_at");
    assert_int_equal(strlen(values[5].text), strlen("2026-01-01T00:00:00.000Z"));
    snprintf(seen->text + used, sizeof seen->text - used, "%s %s %lld/%lld %s;", values[0].text,
             values[1].text, (long long)values[2].integer, (long long)values[3].integer,
             values[4].text);
    seen->rows++;
    return 0;
}

static struct seen look(struct store *store)
{
    struct seen seen = {0};
    struct error error = {""};
    if (store_rows(store, "activity", NULL, see, &seen, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    return seen;
}

static void put(struct store *store, const struct store_activity *rows, size_t count)
{
    struct error error = {""};
    if (store_activity_put(store, rows, count, &error) != STATUS_OK)
        fail_msg("%s", error.text);
}

static const struct store_activity rows[] = {{"fetch", "working", 3, 8, "12 wait for their turn"},
                                             {"carml", "open", 0, 0, "away for 4 s"}};

static void what_is_put_is_seen_and_replaces_what_was_there(void **state)
{
    struct store_fixture *fixture = *state;
    put(fixture->store, rows, 2);
    struct seen seen = look(fixture->store);
    assert_string_equal(seen.text,
                        "carml open 0/0 away for 4 s;fetch working 3/8 12 wait for their turn;");
    put(fixture->store, rows, 1);
    assert_int_equal(look(fixture->store).rows, 1);
}

static void rows_go_when_the_daemon_ends(void **state)
{
    struct store_fixture *fixture = *state;
    put(fixture->store, rows, 2);
    fixture_reopen(fixture, STORE_READ);
    assert_int_equal(look(fixture->store).rows, 0);
}

static void rows_of_a_killed_daemon_go_when_the_next_one_starts(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_reopen(fixture, STORE_CLIENT);
    put(fixture->store, rows, 2); /* as if left behind: a client does not clear */
    fixture_reopen(fixture, STORE_READ);
    assert_int_equal(look(fixture->store).rows, 2);
    fixture_reopen(fixture, STORE_DAEMON);
    assert_int_equal(look(fixture->store).rows, 0);
}

static void a_daemon_is_alive_as_long_as_its_process_has_the_store(void **state)
{
    struct store_fixture *fixture = *state;
    assert_true(store_daemon_alive(fixture->store));
    fixture_reopen(fixture, STORE_READ);
    assert_false(store_daemon_alive(fixture->store));
}

static void asking_keeps_no_daemon_from_starting(void **state)
{
    struct store_fixture *fixture = *state;
    fixture_reopen(fixture, STORE_READ);
    for (int i = 0; i < 3; i++)
        assert_false(store_daemon_alive(fixture->store));
    fixture_reopen(fixture, STORE_DAEMON);
    assert_true(store_daemon_alive(fixture->store));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_is_seen_and_replaces_what_was_there),
        TEST(rows_go_when_the_daemon_ends),
        TEST(rows_of_a_killed_daemon_go_when_the_next_one_starts),
        TEST(a_daemon_is_alive_as_long_as_its_process_has_the_store),
        TEST(asking_keeps_no_daemon_from_starting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
