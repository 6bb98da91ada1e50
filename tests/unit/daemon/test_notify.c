#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/notify.h"

static char path[64];

/* A service manager's socket; abstract when the name begins with '@'. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, strlen(name));
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    else
        size = sizeof address;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(descriptor >= 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, size), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return descriptor;
}

static const char *receive(int descriptor)
{
    static char text[4096];
    ssize_t size = recv(descriptor, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

static void speaks_the_protocol(int descriptor)
{
    struct notify notify;
    notify_open(&notify);
    assert_true(notify.descriptor >= 0);
    notify_send(&notify, "READY=1\nSTATUS=%d in flight", 12);
    notify_send(&notify, "WATCHDOG=1");
    notify_send(&notify, "STOPPING=1");
    assert_string_equal(receive(descriptor), "READY=1\nSTATUS=12 in flight");
    assert_string_equal(receive(descriptor), "WATCHDOG=1");
    assert_string_equal(receive(descriptor), "STOPPING=1");
    notify_close(&notify);
    close(descriptor);
}

static void path_socket_gets_the_messages(void **state)
{
    (void)state;
    unlink(path);
    speaks_the_protocol(listen_at(path));
    unlink(path);
}

static void abstract_socket_gets_the_messages(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@carmlbench-test-%d", (int)getpid());
    speaks_the_protocol(listen_at(name));
}

static void watchdog_counts_only_for_this_process(void **state)
{
    (void)state;
    char pid[24];
    struct notify notify;
    unlink(path);
    int descriptor = listen_at(path);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    notify_open(&notify);
    assert_int_equal(notify.watchdog_ms, 30000);
    notify_close(&notify);
    setenv("WATCHDOG_PID", "1", 1);
    notify_open(&notify);
    assert_int_equal(notify.watchdog_ms, 0);
    notify_close(&notify);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(descriptor);
    unlink(path);
}

static void silence_without_a_manager(void **state)
{
    (void)state;
    static const char *const names[] = {"", "relative", "/nowhere/at/all", "@"};
    struct notify notify;
    unsetenv("NOTIFY_SOCKET");
    notify_open(&notify);
    assert_int_equal(notify.descriptor, -1);
    notify_send(&notify, "READY=1");
    for (size_t i = 0; i < 4; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_open(&notify);
        assert_int_equal(notify.descriptor, -1);
        notify_send(&notify, "READY=1");
        notify_close(&notify);
    }
}

static void long_message_is_cut_and_never_blocks(void **state)
{
    (void)state;
    struct notify notify;
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    unlink(path);
    int descriptor = listen_at(path);
    notify_open(&notify);
    notify_send(&notify, "STATUS=%s", text);
    for (int i = 0; i < 2000; i++) /* more than any socket buffer holds */
        notify_send(&notify, "STATUS=%d", i);
    assert_int_equal(strlen(receive(descriptor)), 2047);
    notify_close(&notify);
    close(descriptor);
    unlink(path);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/test-notify-%d", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_socket_gets_the_messages),
        cmocka_unit_test(abstract_socket_gets_the_messages),
        cmocka_unit_test(watchdog_counts_only_for_this_process),
        cmocka_unit_test(silence_without_a_manager),
        cmocka_unit_test(long_message_is_cut_and_never_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
