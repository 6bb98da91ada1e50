/* The guard with addresses that are public: in a network namespace of this process, whose loopback
 * interface has them, so that nothing leaves the machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/web_fixture.h"

#define PUBLIC "93.184.216.34"

static bool have_namespace;

static bool configure_loopback(void)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    struct ifreq alias = {.ifr_name = "lo:1"};
    struct sockaddr_in address = {.sin_family = AF_INET};
    inet_pton(AF_INET, PUBLIC, &address.sin_addr);
    memcpy(&alias.ifr_addr, &address, sizeof address);
    bool good = descriptor >= 0 && ioctl(descriptor, SIOCSIFFLAGS, &up) == 0 &&
                ioctl(descriptor, SIOCSIFADDR, &alias) == 0;
    close(descriptor);
    return good;
}

/* Before the first thread: unshare(CLONE_NEWUSER) wants a process with one. */
static int enter_namespace(void **state)
{
    (void)state;
    have_namespace = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
                     configure_loopback();
    if (!have_namespace)
        print_message("no network namespace here: public addresses are not tested\n");
    return 0;
}

struct public
{
    struct web *web;
    struct raw_server *server; /* on PUBLIC, port 80 */
    struct raw_server *other;  /* on PUBLIC, port 8080 */
};

static int set_up(void **state)
{
    static struct public place;
    *state = &place;
    if (!have_namespace)
        return 0;
    void *web;
    if (web_set_up(&web))
        return -1;
    place.web = web;
    place.server = raw_server_start_on(PUBLIC, 80, web_serve, NULL);
    place.other = raw_server_start_on(PUBLIC, 8080, web_serve, NULL);
    assert_non_null(place.server);
    assert_non_null(place.other);
    web_guard(place.web, NULL, NULL);
    return 0;
}

static int tear_down(void **state)
{
    struct public *place = *state;
    void *web = place->web;
    if (!have_namespace)
        return 0;
    int result = web_tear_down(&web);
    raw_server_stop(place->server);
    raw_server_stop(place->other);
    return result;
}

static struct outcome ask(struct public *place, const char *url, bool any_port)
{
    if (!have_namespace)
        skip();
    struct http_request request = web_request(url);
    request.any_port = any_port;
    request.max_redirects = 5;
    return web_run(place->web, &request);
}

static void a_public_address_is_asked(void **state)
{
    assert_int_equal(ask(*state, "http://" PUBLIC "/hello", false).status, 200);
    assert_int_equal(ask(*state, "http://1572395042/hello", false).status, 200);
    assert_int_equal(ask(*state, "http://[::ffff:" PUBLIC "]/hello", false).status, 200);
}

static void other_ports_are_refused_also_on_a_pooled_connection(void **state)
{
    struct public *place = *state;
    assert_true(ask(place, "http://" PUBLIC ":8080/hello", false).refused_address);
    assert_int_equal(ask(place, "http://" PUBLIC ":8080/hello", true).status, 200);
    assert_int_equal(ask(place, "http://" PUBLIC ":8080/hello", true).status, 200);
    assert_int_equal(raw_server_connections(place->other), 1); /* it is pooled */
    assert_true(ask(place, "http://" PUBLIC ":8080/hello", false).refused_address);
    assert_int_equal(raw_server_requests(place->other), 2);
}

static void any_port_does_not_open_other_addresses(void **state)
{
    struct public *place = *state;
    char url[64] = "";
    if (have_namespace)
        snprintf(url, sizeof url, "%.60s", web_local(place->web, "/hello"));
    assert_true(ask(place, url, true).refused_address);
}

static void a_public_host_cannot_redirect_inside(void **state)
{
    static const char *const targets[] = {"http://127.0.0.1/", "http://169.254.169.254/",
                                          "http://[::1]/", "http://" PUBLIC ":8080/"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        char url[256];
        snprintf(url, sizeof url, "http://" PUBLIC "/to?%s", targets[i]);
        assert_true(ask(*state, url, false).refused_address);
    }
}

static void a_name_that_moves_inside_is_refused(void **state)
{
    struct public *place = *state;
    web_name("rebind.test", PUBLIC, NULL);
    assert_int_equal(ask(place, "http://rebind.test/hello", false).status, 200);
    web_name("rebind.test", "127.0.0.1", NULL);
    web_guard(place->web, NULL, NULL); /* a new pool knows neither name nor connection */
    assert_true(ask(place, "http://rebind.test/hello", false).refused_address);
}

static void a_name_with_both_kinds_uses_the_public_one(void **state)
{
    web_name("both.test", "127.0.0.1", PUBLIC);
    struct outcome outcome = ask(*state, "http://both.test/hello", false);
    assert_int_equal(outcome.status, 200);
    assert_false(outcome.refused_address);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_public_address_is_asked),
        TEST(other_ports_are_refused_also_on_a_pooled_connection),
        TEST(any_port_does_not_open_other_addresses),
        TEST(a_public_host_cannot_redirect_inside),
        TEST(a_name_that_moves_inside_is_refused),
        TEST(a_name_with_both_kinds_uses_the_public_one),
    };
    return cmocka_run_group_tests_name("http public", tests, enter_namespace, NULL);
}
