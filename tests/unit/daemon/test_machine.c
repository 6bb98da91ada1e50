#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/machine.h"

enum { IDLE, BUSY, OVER };
static const struct machine_state states[] = {
    [IDLE] = {"IDLE", 1u << BUSY},
    [BUSY] = {"BUSY", 1u << IDLE | 1u << OVER},
    [OVER] = {"OVER", 0},
};
static const struct machine_table table = {"lamp", "    IDLE <-> BUSY -> OVER\n", 3, states};

static bool sound = true;
static bool is_sound(const struct machine *machine)
{
    (void)machine;
    return sound;
}

static void moves_along_allowed_edges(void **state)
{
    (void)state;
    struct machine machine;
    machine_start(&machine, &table, is_sound);
    assert_int_equal(machine.state, IDLE);
    assert_true(machine_may(&machine, BUSY));
    assert_false(machine_may(&machine, OVER));
    assert_false(machine_may(&machine, 31));
    machine_move(&machine, BUSY);
    machine_move(&machine, IDLE);
    machine_move(&machine, BUSY);
    machine_move(&machine, OVER);
    assert_int_equal(machine.state, OVER);
    assert_false(machine_may(&machine, IDLE));
}

/* The signal that a child dies of when it moves to `next`. */
static int signal_of_move(unsigned next)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        struct machine machine;
        machine_start(&machine, &table, is_sound);
        machine_move(&machine, next);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void forbidden_move_aborts(void **state)
{
    (void)state;
    assert_int_equal(signal_of_move(BUSY), 0);
    assert_int_equal(signal_of_move(OVER), SIGABRT);
}

static void broken_invariant_aborts(void **state)
{
    (void)state;
    sound = false;
    assert_int_equal(signal_of_move(BUSY), SIGABRT);
    sound = true;
}

static void dump_names_every_move(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    machine_dump(&table, out);
    fclose(out);
    assert_non_null(strstr(text, "lamp\n"));
    assert_non_null(strstr(text, "IDLE <-> BUSY -> OVER"));
    assert_non_null(strstr(text, "    BUSY -> IDLE OVER\n"));
    assert_non_null(strstr(text, "    OVER -> (final)\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_along_allowed_edges),
        cmocka_unit_test(forbidden_move_aborts),
        cmocka_unit_test(broken_invariant_aborts),
        cmocka_unit_test(dump_names_every_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
