#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/blackbox.h"

static char database[64], note[80];

struct crash {
    int signal_number; /* 0: overflow the stack */
    int64_t item_id;   /* 0: outside of enter/leave */
};

static volatile int depth;
static int overflow(int n)
{
    volatile char page[4096];
    page[0] = (char)n;
    depth = n;
    if (n < 0)
        return 0;
    return overflow(n + 1) + page[0];
}

static void *worker(void *argument)
{
    const struct crash *crash = argument;
    blackbox_enter(41); /* an earlier, harmless one */
    blackbox_leave();
    if (crash->item_id)
        blackbox_enter(crash->item_id);
    if (crash->signal_number)
        raise(crash->signal_number);
    else
        overflow(0);
    return NULL;
}

/* The child opens the box, crashes in a thread; returns the signal it died of. */
static int crash_in_child(const struct crash *crash)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        for (int n = 1; n < 32; n++)
            if (n != SIGKILL && n != SIGSTOP)
                signal(n, SIG_DFL); /* cmocka and sanitizers have their own */
        int64_t item_id = 0;
        struct error error;
        pthread_t thread;
        if (blackbox_open(database, &item_id, &error) != STATUS_OK)
            _exit(99);
        blackbox_enter(7); /* this thread works on something else and is not to blame */
        pthread_create(&thread, NULL, worker, (void *)(uintptr_t)crash);
        pthread_join(thread, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static int64_t noted(void)
{
    int64_t item_id = -1;
    struct error error;
    assert_int_equal(blackbox_open(database, &item_id, &error), STATUS_OK);
    return item_id;
}

static int forget(void **state)
{
    (void)state;
    unlink(note);
    return 0;
}

static void crash_in_a_worker_names_its_item(void **state)
{
    (void)state;
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < 5; i++) {
        struct crash crash = {signals[i], INT64_C(9007199254740993) + (int64_t)i};
        assert_int_equal(crash_in_child(&crash), signals[i]);
        assert_int_equal(noted(), crash.item_id);
        assert_int_equal(noted(), 0); /* told once */
    }
}

static void stack_overflow_is_noted_too(void **state)
{
    (void)state;
    struct crash crash = {0, 77};
    assert_int_equal(crash_in_child(&crash), SIGSEGV);
    assert_int_equal(noted(), 77);
}

static void crash_outside_of_a_picture_blames_nobody(void **state)
{
    (void)state;
    struct crash crash = {SIGSEGV, 0};
    assert_int_equal(crash_in_child(&crash), SIGSEGV);
    assert_int_equal(noted(), 0);
}

static void being_killed_blames_nobody(void **state)
{
    (void)state;
    struct crash crash = {SIGKILL, 5};
    assert_int_equal(crash_in_child(&crash), SIGKILL);
    assert_int_equal(noted(), 0);
}

static void nonsense_in_the_file_is_no_item(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "item", "item -4\n", "garbage\n", "item x\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        FILE *file = fopen(note, "w");
        fputs(texts[i], file);
        fclose(file);
        assert_int_equal(noted(), 0);
    }
}

static void unwritable_folder_is_told(void **state)
{
    (void)state;
    int64_t item_id;
    struct error error = {""};
    assert_int_equal(blackbox_open("/nowhere/at/all.db", &item_id, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nowhere/at/all.db.blackbox"));
}

int main(void)
{
    snprintf(database, sizeof database, "/tmp/test-blackbox-%d.db", (int)getpid());
    snprintf(note, sizeof note, "%s.blackbox", database);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(crash_in_a_worker_names_its_item, forget),
        cmocka_unit_test_teardown(stack_overflow_is_noted_too, forget),
        cmocka_unit_test_teardown(crash_outside_of_a_picture_blames_nobody, forget),
        cmocka_unit_test_teardown(being_killed_blames_nobody, forget),
        cmocka_unit_test_teardown(nonsense_in_the_file_is_no_item, forget),
        cmocka_unit_test_teardown(unwritable_folder_is_told, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
