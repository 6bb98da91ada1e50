#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/host.h"

enum { ENTRIES = 64 };
static struct host_entry entries[ENTRIES];

static struct hosts *make(int64_t cap, int64_t delay_ms)
{
    struct hosts *hosts = NULL;
    memset(entries, 0, sizeof entries);
    assert_int_equal(hosts_create(cap, delay_ms, &hosts), STATUS_OK);
    return hosts;
}

static void push(struct hosts *hosts, int i, const char *name)
{
    assert_int_equal(hosts_push(hosts, &entries[i], name, 0), STATUS_OK);
}

static void cap_holds_for_each_host(void **state)
{
    (void)state;
    struct hosts *hosts = make(2, 0);
    for (int i = 0; i < 4; i++)
        push(hosts, i, "a.example");
    push(hosts, 4, "b.example");
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[0]);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[4]); /* hosts take turns */
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[1]);
    assert_null(hosts_pop(hosts, 0));
    assert_int_equal(hosts_queued(hosts), 2);
    hosts_release(hosts, &entries[0], 0);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[2]);
    assert_null(hosts_pop(hosts, 0));
    hosts_release(hosts, &entries[1], 0);
    hosts_release(hosts, &entries[4], 0);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[3]);
    hosts_release(hosts, &entries[2], 0);
    hosts_release(hosts, &entries[3], 0);
    assert_null(hosts_pop(hosts, 0));
    hosts_free(hosts);
}

static void starts_of_one_host_keep_their_distance(void **state)
{
    (void)state;
    struct hosts *hosts = make(8, 100);
    push(hosts, 0, "a.example");
    push(hosts, 1, "a.example");
    push(hosts, 2, "b.example");
    assert_int_equal(hosts_next_ms(hosts), INT64_MAX);
    assert_ptr_equal(hosts_pop(hosts, 1000), &entries[0]);
    assert_ptr_equal(hosts_pop(hosts, 1000), &entries[2]);
    assert_null(hosts_pop(hosts, 1000));
    assert_int_equal(hosts_next_ms(hosts), 1100);
    assert_null(hosts_pop(hosts, 1099));
    assert_ptr_equal(hosts_pop(hosts, 1100), &entries[1]);
    /* The distance is kept although the host is idle and has nothing queued in between. */
    for (int i = 0; i < 3; i++)
        hosts_release(hosts, &entries[i], 1101);
    assert_int_equal(hosts_push(hosts, &entries[3], "a.example", 1102), STATUS_OK);
    assert_null(hosts_pop(hosts, 1102));
    assert_ptr_equal(hosts_pop(hosts, 1200), &entries[3]);
    hosts_release(hosts, &entries[3], 1200);
    hosts_free(hosts);
}

static void entry_that_does_not_start_stays_the_next(void **state)
{
    (void)state;
    struct hosts *hosts = make(1, 100);
    push(hosts, 0, "a.example");
    push(hosts, 1, "a.example");
    push(hosts, 2, "b.example");
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(hosts_pop(hosts, 1000), &entries[0]);
        hosts_restore(hosts, &entries[0], 1000);
    }
    assert_int_equal(hosts_queued(hosts), 3);
    assert_ptr_equal(hosts_pop(hosts, 1000), &entries[0]);
    assert_ptr_equal(hosts_pop(hosts, 1000), &entries[2]);
    hosts_release(hosts, &entries[0], 1100);
    assert_ptr_equal(hosts_pop(hosts, 1100), &entries[1]);
    hosts_restore(hosts, &entries[1], 1100);
    hosts_remove(hosts, &entries[1], 1100);
    hosts_release(hosts, &entries[2], 1200);
    assert_null(hosts_pop(hosts, 1200));
    hosts_free(hosts);
}

static void slow_host_has_a_surplus(void **state)
{
    (void)state;
    struct hosts *hosts = make(2, 0);
    int64_t turn_ms;
    for (int i = 0; i < 20; i++)
        push(hosts, i, "slow.example");
    for (int i = 20; i < 40; i++)
        push(hosts, i, "fast.example");
    assert_null(hosts_surplus(hosts, 1000, &turn_ms)); /* nothing is known of them */
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[0]);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[20]);
    hosts_release(hosts, &entries[20], 10);
    hosts_release(hosts, &entries[0], 2000); /* 19 more, two at once: 19 s */
    assert_ptr_equal(hosts_surplus(hosts, 10000, &turn_ms), &entries[19]);
    assert_int_equal(turn_ms, 19000);
    int left = 19;
    for (struct host_entry *entry; (entry = hosts_surplus(hosts, 10000, &turn_ms)); left--)
        hosts_remove(hosts, entry, 2000);
    assert_int_equal(left, 10);
    for (int i = 1; i < 11; i++)
        hosts_remove(hosts, &entries[i], 2000);
    for (int i = 21; i < 40; i++)
        hosts_remove(hosts, &entries[i], 2000);
    hosts_free(hosts);
}

static void queued_entry_can_be_taken_out(void **state)
{
    (void)state;
    struct hosts *hosts = make(1, 0);
    for (int i = 0; i < 3; i++)
        push(hosts, i, "a.example");
    hosts_remove(hosts, &entries[1], 0);
    assert_null(entries[1].host);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[0]);
    hosts_release(hosts, &entries[0], 0);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[2]);
    hosts_release(hosts, &entries[2], 0);
    assert_int_equal(hosts_queued(hosts), 0);
    hosts_free(hosts);
}

static void new_limits_count_from_the_next_start(void **state)
{
    (void)state;
    struct hosts *hosts = make(1, 0);
    push(hosts, 0, "a.example");
    push(hosts, 1, "a.example");
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[0]);
    hosts_limit(hosts, 2, 0);
    push(hosts, 2, "a.example"); /* any event makes the host look again */
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[1]);
    assert_null(hosts_pop(hosts, 0));
    hosts_release(hosts, &entries[0], 0);
    assert_ptr_equal(hosts_pop(hosts, 0), &entries[2]);
    hosts_release(hosts, &entries[1], 0);
    hosts_release(hosts, &entries[2], 0);
    hosts_free(hosts);
}

/* A long random schedule against the definition: never more than the cap, never closer than the
 * delay, and nothing is forgotten. */
static void random_schedule_keeps_the_rules(void **state)
{
    (void)state;
    enum { HOSTS = 5, CAP = 3, DELAY = 7 };
    struct hosts *hosts = make(CAP, DELAY);
    int host_of[ENTRIES], where[ENTRIES] = {0}; /* 0 out, 1 queued, 2 running */
    int running[HOSTS] = {0};
    int64_t last[HOSTS], now = 1000;
    for (int i = 0; i < HOSTS; i++)
        last[i] = 0;
    uint32_t seed = 12345;
    for (int step = 0; step < 200000; step++) {
        seed = seed * 1664525u + 1013904223u;
        int i = (int)(seed >> 16) % ENTRIES, action = (int)(seed >> 8) % 4;
        now += action == 3;
        if (where[i] == 0 && action == 0) {
            char name[16];
            host_of[i] = (int)(seed >> 24) % HOSTS;
            snprintf(name, sizeof name, "h%d", host_of[i]);
            assert_int_equal(hosts_push(hosts, &entries[i], name, now), STATUS_OK);
            where[i] = 1;
        } else if (where[i] == 1 && action == 1 && (seed >> 28) == 0) {
            hosts_remove(hosts, &entries[i], now);
            where[i] = 0;
        } else if (where[i] == 2 && action == 1) {
            hosts_release(hosts, &entries[i], now);
            running[host_of[i]]--;
            where[i] = 0;
        } else if (action == 2) {
            struct host_entry *entry = hosts_pop(hosts, now);
            if (!entry)
                continue;
            int n = (int)(entry - entries), h = host_of[n];
            assert_int_equal(where[n], 1);
            assert_true(++running[h] <= CAP);
            assert_true(now - last[h] >= DELAY);
            last[h] = now;
            where[n] = 2;
        }
    }
    for (int guard = 0; guard < 100000 && hosts_queued(hosts); guard++, now++) {
        struct host_entry *entry = hosts_pop(hosts, now);
        if (entry)
            where[entry - entries] = 2;
        for (int i = 0; i < ENTRIES; i++)
            if (where[i] == 2) {
                hosts_release(hosts, &entries[i], now);
                where[i] = 0;
            }
    }
    assert_int_equal(hosts_queued(hosts), 0);
    for (int i = 0; i < ENTRIES; i++)
        assert_int_not_equal(where[i], 1);
    hosts_free(hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_holds_for_each_host),
        cmocka_unit_test(starts_of_one_host_keep_their_distance),
        cmocka_unit_test(entry_that_does_not_start_stays_the_next),
        cmocka_unit_test(slow_host_has_a_surplus),
        cmocka_unit_test(queued_entry_can_be_taken_out),
        cmocka_unit_test(new_limits_count_from_the_next_start),
        cmocka_unit_test(random_schedule_keeps_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
