#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/pictures.h"
#include "daemon/keeper.h"
#include "tests/lib/folder.h"

enum { THREADS = 8, PICTURES = 32, SIZE = 5000, ROOM = 8192 };

static char base[] = "/tmp/test_keeper_XXXXXX";
static char folder[64];

/* A picture of which all bytes are `n`; the keeper does not look at more than its hash. */
struct sample {
    char bytes[SIZE];
    char sha256[SHA256_HEX_SIZE];
};

static struct sample samples[PICTURES];

static void keep(struct keeper *keeper, unsigned n)
{
    keeper_keep(keeper, samples[n].sha256, n % 2 ? IMAGE_PNG : IMAGE_JPEG, samples[n].bytes, SIZE);
}

static struct keeper *create(uv_loop_t *loop, int64_t max_bytes)
{
    struct keeper *keeper = NULL;
    struct error error = {""};
    assert_int_equal(uv_loop_init(loop), 0);
    assert_int_equal(keeper_create(loop, folder, max_bytes, &keeper, &error), STATUS_OK);
    return keeper;
}

static void destroy(struct keeper *keeper, uv_loop_t *loop)
{
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
    keeper_free(keeper);
}

static void keep_all(void *argument)
{
    for (unsigned n = 0; n < PICTURES; n++)
        keep(argument, n);
}

static struct keeper_counts keep_all_at_once(struct keeper *keeper)
{
    uv_thread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(uv_thread_create(&threads[i], keep_all, keeper), 0);
    for (size_t i = 0; i < THREADS; i++)
        uv_thread_join(&threads[i]);
    return keeper_counts(keeper);
}

static uint64_t measured(void)
{
    struct error error = {""};
    uint64_t room = 0;
    assert_int_equal(pictures_measure(folder, UINT64_MAX, &room, &error), STATUS_OK);
    return room;
}

static void each_is_kept_once_whoever_brings_it(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct keeper *keeper = create(&loop, INT64_MAX);
    struct keeper_counts counts = keep_all_at_once(keeper);
    assert_int_equal(counts.kept, PICTURES);
    assert_int_equal(counts.there, (THREADS - 1) * PICTURES);
    assert_int_equal(counts.failed + counts.turned_off, 0);
    assert_int_equal(counts.room, PICTURES * ROOM);
    assert_int_equal(measured(), PICTURES * ROOM);
    for (unsigned n = 0; n < PICTURES; n++) {
        struct error error = {""};
        struct buf bytes;
        buf_init(&bytes, SIZE);
        assert_int_equal(picture_read(folder, samples[n].sha256, &bytes, &error), STATUS_OK);
        assert_memory_equal(bytes.data, samples[n].bytes, SIZE);
        buf_free(&bytes);
    }
    destroy(keeper, &loop);
}

static void ceiling_holds_whoever_comes(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct keeper *keeper = create(&loop, 10 * ROOM + ROOM - 1);
    struct keeper_counts counts = keep_all_at_once(keeper);
    assert_int_equal(counts.kept, 10);
    assert_int_equal(counts.kept + counts.there + counts.turned_off, THREADS * PICTURES);
    assert_int_equal(measured(), 10 * ROOM);
    destroy(keeper, &loop);
}

static void what_an_earlier_daemon_kept_counts(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct keeper *keeper = create(&loop, INT64_MAX);
    keep(keeper, 0);
    keep(keeper, 1);
    destroy(keeper, &loop);
    keeper = create(&loop, 3 * ROOM);
    for (unsigned n = 0; n < 5; n++)
        keep(keeper, n);
    struct keeper_counts counts = keeper_counts(keeper);
    assert_int_equal(counts.there, 2);
    assert_int_equal(counts.kept, 1);
    assert_int_equal(counts.turned_off, 2);
    destroy(keeper, &loop);
}

static void another_ceiling_takes_a_new_look(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct buf path;
    struct keeper *keeper = create(&loop, 2 * ROOM);
    for (unsigned n = 0; n < 3; n++)
        keep(keeper, n);
    assert_int_equal(keeper_counts(keeper).turned_off, 1);
    buf_init(&path, 1000);
    assert_int_equal(picture_path(folder, samples[0].sha256, IMAGE_JPEG, &path, NULL), STATUS_OK);
    assert_int_equal(unlink(path.data), 0);
    buf_free(&path);
    keep(keeper, 3);
    assert_int_equal(keeper_counts(keeper).turned_off, 2);
    keeper_limit(keeper, 2 * ROOM);
    keep(keeper, 4);
    assert_int_equal(keeper_counts(keeper).kept, 3);
    assert_int_equal(measured(), 2 * ROOM);
    destroy(keeper, &loop);
}

static void failures_are_counted_and_take_no_room(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct error error = {""};
    struct keeper *keeper = create(&loop, 3 * ROOM);
    uv_run(&loop, UV_RUN_DEFAULT); /* it has looked */
    assert_int_equal(file_write(folder, "in the way", 10, &error), STATUS_OK);
    for (unsigned n = 0; n < PICTURES; n++)
        keep(keeper, n);
    assert_int_equal(unlink(folder), 0);
    keep(keeper, 0);
    struct keeper_counts counts = keeper_counts(keeper);
    assert_int_equal(counts.failed, PICTURES);
    assert_int_equal(counts.kept, 1);
    assert_int_equal(counts.room, ROOM);
    destroy(keeper, &loop);
}

static int empty_base(void **state)
{
    (void)state;
    return folder_empty(base);
}

static int make_base(void **state)
{
    (void)state;
    for (unsigned n = 0; n < PICTURES; n++) {
        memset(samples[n].bytes, (int)n, SIZE);
        if (hash_sha256(samples[n].bytes, SIZE, samples[n].sha256))
            return -1;
    }
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/pictures", base);
    return 0;
}

static int remove_base(void **state)
{
    (void)state;
    return rmdir(base);
}

#define CASE(name) cmocka_unit_test_teardown(name, empty_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_is_kept_once_whoever_brings_it),   CASE(ceiling_holds_whoever_comes),
        CASE(what_an_earlier_daemon_kept_counts),    CASE(another_ceiling_takes_a_new_look),
        CASE(failures_are_counted_and_take_no_room),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
