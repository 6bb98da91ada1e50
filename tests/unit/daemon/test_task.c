/* The task machine under a deterministic random schedule: clock, network, decoder, backends and
 * store are played by this file, which decides at each step what happens next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/task.h"

enum { TASKS = 24, JOBS_MAX = 4, EVENTS_MAX = 1024, STEPS = 300000 };

/* What is under way in the played world. */
struct event {
    enum { EVENT_FETCH, EVENT_VALIDATE, EVENT_WAIT, EVENT_ASK, EVENT_RECORD } kind;
    struct task *task;
    struct task_job *job;
    struct outcome *outcome;
};

static struct world {
    struct config config;
    struct backoff backoff;
    struct task_env env;
    struct task *tasks[TASKS];
    struct event events[EVENTS_MAX];
    size_t event_count;
    int64_t memory, now_ms;
    uint64_t seed;
    uint64_t created, outcomes, finished, kinds[4];
    bool fail_starts; /* fetch and validate cannot be started */
} world;

static unsigned visited_task[6][6], visited_job[5][5];

static void note_move(const struct machine_table *table, unsigned from, unsigned to)
{
    if (table == &task_table)
        visited_task[from][to]++;
    if (table == &job_table)
        visited_job[from][to]++;
}

static uint32_t draw(uint32_t bound)
{
    world.seed = world.seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(world.seed >> 33) % bound;
}

static void add_event(struct event event)
{
    assert_true(world.event_count < EVENTS_MAX);
    world.events[world.event_count++] = event;
}

static struct event take_event(size_t i)
{
    struct event event = world.events[i];
    world.events[i] = world.events[--world.event_count];
    return event;
}

static enum status do_fetch(void *context, struct task *task)
{
    (void)context;
    if (world.fail_starts)
        return STATUS_MEMORY;
    add_event((struct event){EVENT_FETCH, task, NULL, NULL});
    return STATUS_OK;
}

static enum status do_validate(void *context, struct task *task)
{
    (void)context;
    assert_non_null(task->bytes);
    if (world.fail_starts)
        return STATUS_INTERNAL;
    add_event((struct event){EVENT_VALIDATE, task, NULL, NULL});
    return STATUS_OK;
}

static void do_want(void *context, struct task_job *job, bool again)
{
    (void)context;
    (void)again;
    add_event((struct event){EVENT_WAIT, job->task, job, NULL});
}

static void check_outcome(const struct store_outcome *record, const struct task_job *job)
{
    assert_int_equal(record->job.item_id, job->task->item_id);
    assert_int_equal(record->job.attempt, job->job.attempt);
    switch (record->kind) {
    case OUTCOME_DONE:
        assert_in_range(record->prediction_count, 1, 3);
        assert_int_equal(strlen(record->picture.sha256), 64);
        assert_string_equal(record->producer.backend, "played");
        break;
    case OUTCOME_FAILED:
        break;
    case OUTCOME_RETRY:
        assert_true(reason_retryable(record->reason));
        assert_true(record->job.tries < (uint64_t)world.config.retry.tries);
        assert_true(record->due_ms >= world.now_ms);
        break;
    case OUTCOME_RELEASE:
        break;
    }
}

static void do_record(void *context, struct outcome *outcome)
{
    (void)context;
    struct task_job *job = outcome->owner;
    assert_int_equal(job_state(job), JOB_DECIDED);
    check_outcome(&outcome->record, job);
    world.outcomes++;
    world.kinds[outcome->record.kind]++;
    add_event((struct event){EVENT_RECORD, job->task, job, outcome});
}

static void do_memory(void *context, int64_t delta)
{
    (void)context;
    world.memory += delta;
    assert_true(world.memory >= 0);
}

static void do_finished(void *context, struct task *task)
{
    (void)context;
    for (size_t i = 0; i < TASKS; i++)
        if (world.tasks[i] == task)
            world.tasks[i] = NULL;
    world.finished++;
    task_free(task);
}

static int64_t wall_ms(void *context)
{
    (void)context;
    return world.now_ms;
}

static const struct task_ops ops = {do_fetch,  do_validate, do_want, do_record,
                                    do_memory, do_finished, wall_ms};

static const char *sha_of(uint32_t n)
{
    static char text[65];
    snprintf(text, sizeof text, "%064x", n);
    return text;
}

static struct task *create(size_t job_count)
{
    static const struct store_target target = {"m", "1", "f", "1", "local"};
    const struct store_target *targets[JOBS_MAX] = {&target, &target, &target, &target};
    struct store_job jobs[JOBS_MAX];
    struct store_item item = {(int64_t)++world.created, "http://h/p", NULL, job_count, jobs};
    for (size_t i = 0; i < job_count; i++)
        jobs[i] = (struct store_job){item.id, (int64_t)i, draw(1000) + 1, draw(4) + 1};
    if (draw(4) == 0)
        item.image_sha256 = sha_of(draw(3));
    struct task *task = task_create(&world.env, &item, targets);
    assert_non_null(task);
    return task;
}

static void play_fetch(struct task *task)
{
    struct fetch_result result = {.http_status = 200, .final_url = "http://h/q", .fetch_ms = 1};
    result.retry_after_ms = draw(5) == 0 ? (int64_t)draw(100000) : -1;
    result.ok = draw(4) != 0;
    if (result.ok) {
        result.size = draw(5000) + 1;
        result.bytes = calloc(1, result.size);
    } else {
        result.reason = draw(2) ? REASON_dns_failed : REASON_http_not_found;
        result.detail = "played";
    }
    task_fetched(task, &result);
}

static void play_validate(struct task *task)
{
    struct validate_result result = {.ok = draw(5) != 0, .reason = REASON_truncated};
    result.info.kind = IMAGE_JPEG;
    strcpy(result.sha256, sha_of(draw(3)));
    task_validated(task, &result);
}

static void play_answer(struct task_job *job)
{
    struct backend_answer answer = {.verdict = BACKEND_ANSWERED, .sent_as = "local"};
    answer.producer.backend = "played";
    answer.prediction_count = draw(4);
    for (size_t i = 0; i < 3; i++)
        answer.predictions[i] = (struct store_prediction){(uint32_t)i, 0.5, "label"};
    uint32_t what = draw(4);
    if (what == 0)
        answer.verdict = BACKEND_AWAY;
    if (what == 1) {
        answer.verdict = BACKEND_FAILED;
        answer.reason = draw(2) ? REASON_rejected : REASON_bad_answer;
    }
    task_answered(job, &answer);
}

static void play_wait(struct task_job *job)
{
    switch (draw(6)) {
    case 0:
        task_release_job(job, world.now_ms + 5);
        break;
    case 1:
        task_refuse_job(job, REASON_model_unavailable, "played");
        break;
    default:
        task_ask(job);
        add_event((struct event){EVENT_ASK, job->task, job, NULL});
    }
}

static void play(struct event event)
{
    switch (event.kind) {
    case EVENT_FETCH:
        if (draw(10) == 0)
            task_release(event.task, 0); /* cancelled */
        else if (draw(10) == 0)
            task_requeue(event.task);
        else
            play_fetch(event.task);
        break;
    case EVENT_VALIDATE:
        if (draw(20) == 0)
            task_release(event.task, 0);
        else
            play_validate(event.task);
        break;
    case EVENT_WAIT:
        play_wait(event.job);
        break;
    case EVENT_ASK:
        if (draw(20) == 0)
            task_release_job(event.job, 0); /* its backend was closed */
        else
            play_answer(event.job);
        break;
    case EVENT_RECORD:
        task_recorded(event.job);
        free(event.outcome);
        break;
    }
}

static void begin_or_end_queued(struct task *task)
{
    if (task_state(task) != TASK_QUEUED)
        return;
    switch (draw(8)) {
    case 0:
        task_release(task, world.now_ms + 10);
        break;
    case 1:
        for (size_t i = 0; i < task->job_count; i++)
            if (job_state(&task->jobs[i]) == JOB_HELD && draw(2))
                task_refuse_job(&task->jobs[i], REASON_model_unavailable, NULL);
        break;
    default:
        task_start(task);
    }
}

static void step(bool create_new)
{
    world.now_ms += draw(3);
    world.fail_starts = draw(50) == 0;
    size_t slot = draw(TASKS);
    if (draw(3) == 0 && !world.tasks[slot] && create_new)
        world.tasks[slot] = create(draw(JOBS_MAX) + 1);
    else if (draw(3) == 0 && world.tasks[slot])
        begin_or_end_queued(world.tasks[slot]);
    else if (world.event_count)
        play(take_event(draw((uint32_t)world.event_count)));
}

static void set_up(uint64_t seed)
{
    static char placeholder[] = "0000000000000000000000000000000000000000000000000000000000000001";
    static char *placeholders[] = {placeholder};
    memset(&world, 0, sizeof world);
    world.seed = seed;
    world.now_ms = 1000000;
    world.config.retry.tries = 3;
    world.config.retry.base_ms = 100;
    world.config.retry.cap_ms = 1000;
    world.config.validate.placeholders = (struct config_list){0, placeholders};
    backoff_seed(&world.backoff, seed);
    world.env = (struct task_env){&ops, &world, &world.config, &world.backoff};
}

static void assert_every_edge(const struct machine_table *table, const unsigned *visited)
{
    for (unsigned from = 0; from < table->count; from++)
        for (unsigned to = 0; to < table->count; to++) {
            bool allowed = table->states[from].next & (1u << to);
            unsigned times = visited[from * table->count + to];
            if (allowed != (times > 0))
                fail_msg("%s: %s -> %s: visited %u times", table->name, table->states[from].name,
                         table->states[to].name, times);
        }
}

static void random_schedule_gives_each_job_one_outcome(void **state)
{
    (void)state;
    set_up(20261123);
    machine_observe(note_move);
    for (int i = 0; i < STEPS; i++)
        step(true);
    for (int i = 0; i < STEPS && world.finished < world.created; i++)
        step(false);
    machine_observe(NULL);
    assert_int_equal(world.finished, world.created);
    assert_int_equal(world.event_count, 0);
    assert_int_equal(world.memory, 0);
    assert_true(world.created > 10000);
    assert_true(world.outcomes > world.created);
    for (int kind = 0; kind < 4; kind++)
        assert_true(world.kinds[kind] > 100);
    assert_every_edge(&task_table, &visited_task[0][0]);
    assert_every_edge(&job_table, &visited_job[0][0]);
}

/* Plays on until the task's next outcome and hands out a copy of its record. */
static struct store_outcome only_outcome(void)
{
    assert_int_equal(world.event_count, 1);
    struct event event = take_event(0);
    assert_int_equal(event.kind, EVENT_RECORD);
    struct store_outcome record = event.outcome->record;
    static char detail[256];
    snprintf(detail, sizeof detail, "%s", record.detail ? record.detail : "");
    record.detail = detail;
    task_recorded(event.job);
    free(event.outcome);
    return record;
}

static struct task *start_one(uint32_t tries)
{
    struct task *task = create(1);
    task->jobs[0].job.tries = tries;
    task->pinned = false;
    task_start(task);
    (void)take_event(0);
    return task;
}

static struct task *start_fetched(uint32_t tries)
{
    struct task *task = start_one(tries);
    struct fetch_result result = {.ok = true, .bytes = malloc(10), .size = 10, .http_status = 404};
    task_fetched(task, &result);
    (void)take_event(0);
    return task;
}

static void retryable_reason_is_retried_until_the_last_try(void **state)
{
    (void)state;
    set_up(1);
    struct fetch_result result = {.reason = REASON_dns_failed, .retry_after_ms = 7000};
    task_fetched(start_one(2), &result);
    struct store_outcome record = only_outcome();
    assert_int_equal(record.kind, OUTCOME_RETRY);
    assert_int_equal(record.due_ms, world.now_ms + 7000);
    task_fetched(start_one(3), &result);
    record = only_outcome();
    assert_int_equal(record.kind, OUTCOME_FAILED);
    assert_int_equal(record.reason, REASON_dns_failed);
}

static void permanent_reason_fails_at_once(void **state)
{
    (void)state;
    set_up(1);
    struct fetch_result result = {.reason = REASON_http_not_found, .retry_after_ms = -1};
    task_fetched(start_one(1), &result);
    assert_int_equal(only_outcome().kind, OUTCOME_FAILED);
}

static void other_bytes_than_an_earlier_target_saw_are_refused(void **state)
{
    (void)state;
    set_up(1);
    struct task *task = start_fetched(1);
    task->pinned = true;
    strcpy(task->pinned_sha256, sha_of(1));
    struct validate_result result = {.ok = true};
    strcpy(result.sha256, sha_of(2));
    task_validated(task, &result);
    struct store_outcome record = only_outcome();
    assert_int_equal(record.kind, OUTCOME_FAILED);
    assert_int_equal(record.reason, REASON_image_changed);
    assert_int_equal(world.memory, 0);
}

static void placeholder_is_marked_and_status_kept(void **state)
{
    (void)state;
    set_up(1);
    world.config.validate.placeholders.count = 1;
    struct task *task = start_fetched(1);
    struct validate_result result = {.ok = false, .reason = REASON_corrupt};
    strcpy(result.sha256, sha_of(1));
    task_validated(task, &result);
    struct store_outcome record = only_outcome();
    assert_true(record.picture.placeholder);
    assert_int_equal(record.picture.http_status, 404);
}

static void away_is_never_a_counted_try(void **state)
{
    (void)state;
    set_up(1);
    struct task *task = start_fetched(3);
    struct validate_result result = {.ok = true};
    strcpy(result.sha256, sha_of(2));
    task_validated(task, &result);
    struct backend_answer away = {.verdict = BACKEND_AWAY};
    for (int i = 0; i < 100; i++) {
        (void)take_event(0); /* wants its backend */
        task_ask(&task->jobs[0]);
        task_answered(&task->jobs[0], &away);
    }
    (void)take_event(0);
    task_release_job(&task->jobs[0], 0);
    assert_int_equal(only_outcome().kind, OUTCOME_RELEASE);
    assert_int_equal(world.memory, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_schedule_gives_each_job_one_outcome),
        cmocka_unit_test(retryable_reason_is_retried_until_the_last_try),
        cmocka_unit_test(permanent_reason_fails_at_once),
        cmocka_unit_test(other_bytes_than_an_earlier_target_saw_are_refused),
        cmocka_unit_test(placeholder_is_marked_and_status_kept),
        cmocka_unit_test(away_is_never_a_counted_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
