#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/metrics.h"

static struct scheduler_counts counts;
static struct snapshot snapshot;

/* The text of /metrics; the caller frees it. */
static char *written(void)
{
    struct figures figures = {.state = "working", .counts = &counts};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    metrics_write(out, &figures, &snapshot);
    fclose(out);
    return text;
}

static void assert_line(const char *text, const char *line)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(text, wanted))
        fail_msg("no line %s in\n%s", line, text);
}

static int forget(void **state)
{
    (void)state;
    memset(&counts, 0, sizeof counts);
    memset(&snapshot, 0, sizeof snapshot);
    return 0;
}

static void add_target(const char *model, int64_t done)
{
    struct snapshot_target *target = &snapshot.targets[snapshot.target_count++];
    snprintf(target->model, sizeof target->model, "%s", model);
    snprintf(target->framework, sizeof target->framework, "Caffe");
    snprintf(target->backend, sizeof target->backend, "local");
    target->jobs.done = done;
}

static void labels_are_escaped(void **state)
{
    (void)state;
    add_target("a\\b\"c\nd\xff", 3);
    char *text = written();
    assert_line(text, "carmlbench_target_jobs{model=\"a\\\\b\\\"c\\nd\xef\xbf\xbd\","
                      "framework=\"Caffe\",backend=\"local\",state=\"done\"} 3");
    free(text);
}

static void runs_of_one_target_are_added_up(void **state)
{
    (void)state;
    add_target("m", 3);
    add_target("m", 4);
    char *text = written();
    assert_line(text, "carmlbench_target_jobs{model=\"m\",framework=\"Caffe\",backend=\"local\","
                      "state=\"done\"} 7");
    free(text);
}

static void targets_beyond_the_ceiling_are_told_together(void **state)
{
    (void)state;
    char model[32];
    for (int i = 0; i < METRICS_TARGETS + 5; i++) {
        snprintf(model, sizeof model, "m%d", i);
        add_target(model, 2);
    }
    char *text = written();
    assert_line(text, "carmlbench_target_jobs{model=\"other\",framework=\"other\","
                      "backend=\"other\",state=\"done\"} 10");
    free(text);
}

static void buckets_are_cumulative_and_end_with_all(void **state)
{
    (void)state;
    histogram_add_ms(&counts.fetch, 0.5);
    histogram_add_ms(&counts.fetch, 1);
    histogram_add_ms(&counts.fetch, 30000);
    histogram_add_ms(&counts.fetch, 1e6);
    histogram_add_ms(&counts.fetch, -1);
    char *text = written();
    assert_line(text, "carmlbench_fetch_seconds_bucket{le=\"0.001\"} 3");
    assert_line(text, "carmlbench_fetch_seconds_bucket{le=\"15\"} 3");
    assert_line(text, "carmlbench_fetch_seconds_bucket{le=\"60\"} 4");
    assert_line(text, "carmlbench_fetch_seconds_bucket{le=\"+Inf\"} 5");
    assert_line(text, "carmlbench_fetch_seconds_sum 1030.0015");
    assert_line(text, "carmlbench_fetch_seconds_count 5");
    free(text);
}

static void health_is_told_by_trouble_and_silence(void **state)
{
    (void)state;
    char why[128];
    struct figures figures = {.silence_ms = 400};
    assert_true(figures_healthy(&figures, why, sizeof why));
    figures.silence_ms = 60000;
    assert_false(figures_healthy(&figures, why, sizeof why));
    assert_string_equal(why, "the writer thread has not moved for 60 s");
    figures = (struct figures){.trouble = "disk full"};
    assert_false(figures_healthy(&figures, why, sizeof why));
    assert_string_equal(why, "the database cannot be written: disk full");
}

static void time_left_is_told_when_it_can_be(void **state)
{
    (void)state;
    const struct snapshot_jobs some = {.pending = 100, .leased = 20}, none = {.done = 5};
    assert_true(snapshot_eta(&some, 1.5) == 80);
    assert_true(snapshot_eta(&some, 0) < 0);
    assert_true(snapshot_eta(&none, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(labels_are_escaped, forget),
        cmocka_unit_test_setup(runs_of_one_target_are_added_up, forget),
        cmocka_unit_test_setup(targets_beyond_the_ceiling_are_told_together, forget),
        cmocka_unit_test_setup(buckets_are_cumulative_and_end_with_all, forget),
        cmocka_unit_test(health_is_told_by_trouble_and_silence),
        cmocka_unit_test(time_left_is_told_when_it_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
