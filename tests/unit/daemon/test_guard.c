#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "daemon/guard.h"
#include "tests/lib/web_fixture.h"

struct list {
    struct config_list list;
    char *items[8];
};

static struct list list_of(const char *const *items)
{
    struct list list = {.list = {0}};
    for (; items && items[list.list.count]; list.list.count++)
        list.items[list.list.count] = (char *)items[list.list.count];
    return list;
}

static struct guard *new_guard(const char *const *allow, const char *const *ports)
{
    struct list a = list_of(allow), p = list_of(ports);
    a.list.items = a.items;
    p.list.items = p.items;
    struct guard *guard;
    struct error error;
    assert_int_equal(guard_create(&a.list, &p.list, &guard, &error), STATUS_OK);
    return guard;
}

static bool allows(const struct guard *guard, const char *address, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (strchr(address, ':')) {
        assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
        return guard_allows(guard, (const struct sockaddr *)&v6);
    }
    assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
    return guard_allows(guard, (const struct sockaddr *)&v4);
}

static void assert_verdicts(const struct guard *guard, const char *const *addresses, bool expected)
{
    for (; *addresses; addresses++)
        if (allows(guard, *addresses, 80) != expected)
            fail_msg("%s should be %s", *addresses, expected ? "allowed" : "refused");
}

/* First and last of each range. */
static void special_ipv4_ranges_are_refused(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "0.0.0.0",         "0.255.255.255",   "10.0.0.0",        "10.255.255.255",
        "100.64.0.0",      "100.127.255.255", "127.0.0.0",       "127.0.0.1",
        "127.255.255.255", "168.63.129.16",   "169.254.0.0",     "169.254.169.254",
        "169.254.255.255", "172.16.0.0",      "172.31.255.255",  "192.0.0.0",
        "192.0.0.192",     "192.0.0.255",     "192.0.2.0",       "192.0.2.255",
        "192.88.99.0",     "192.88.99.255",   "192.168.0.0",     "192.168.255.255",
        "198.18.0.0",      "198.19.255.255",  "198.51.100.0",    "198.51.100.255",
        "203.0.113.0",     "203.0.113.255",   "224.0.0.0",       "239.255.255.255",
        "240.0.0.0",       "255.255.255.254", "255.255.255.255", NULL};
    struct guard *guard = new_guard(NULL, NULL);
    assert_verdicts(guard, addresses, false);
    guard_free(guard);
}

/* The neighbours of each range. */
static void public_ipv4_addresses_are_allowed(void **state)
{
    (void)state;
    static const char *const addresses[] = {"1.0.0.0",
                                            "1.1.1.1",
                                            "8.8.8.8",
                                            "9.255.255.255",
                                            "11.0.0.0",
                                            "93.184.216.34",
                                            "100.63.255.255",
                                            "100.128.0.0",
                                            "126.255.255.255",
                                            "128.0.0.0",
                                            "168.63.129.15",
                                            "168.63.129.17",
                                            "169.253.255.255",
                                            "169.255.0.0",
                                            "172.15.255.255",
                                            "172.32.0.0",
                                            "191.255.255.255",
                                            "192.0.1.255",
                                            "192.0.3.0",
                                            "192.88.98.255",
                                            "192.88.100.0",
                                            "192.167.255.255",
                                            "192.169.0.0",
                                            "198.17.255.255",
                                            "198.20.0.0",
                                            "198.51.99.255",
                                            "198.51.101.0",
                                            "203.0.112.255",
                                            "203.0.114.0",
                                            "223.255.255.255",
                                            NULL};
    struct guard *guard = new_guard(NULL, NULL);
    assert_verdicts(guard, addresses, true);
    guard_free(guard);
}

static void special_ipv6_ranges_are_refused(void **state)
{
    (void)state;
    static const char *const addresses[] = {"::",
                                            "::1",
                                            "::2",
                                            "100::",
                                            "100::1",
                                            "100:0:0:1::1",
                                            "64:ff9b:1::",
                                            "64:ff9b:1::808:808",
                                            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                                            "64:ff9a::808:808",
                                            "1fff:ffff::",
                                            "2001:1::1",
                                            "2001:2::1",
                                            "2001:10::1",
                                            "2001:20::1",
                                            "2001:1ff:ffff::1",
                                            "2001:db8::",
                                            "2001:db8::1",
                                            "2001:db8:ffff::1",
                                            "3fff::",
                                            "3fff:fff:ffff::1",
                                            "4000::",
                                            "5f00::1",
                                            "7fff::1",
                                            "8000::",
                                            "fbff::1",
                                            "fc00::",
                                            "fd00::1",
                                            "fd00:ec2::254",
                                            "fdff::1",
                                            "fe00::1",
                                            "fe80::1",
                                            "febf::1",
                                            "fec0::1",
                                            "ff00::",
                                            "ff02::1",
                                            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                            NULL};
    struct guard *guard = new_guard(NULL, NULL);
    assert_verdicts(guard, addresses, false);
    guard_free(guard);
}

static void public_ipv6_addresses_are_allowed(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "2000::1", "2001:200::1",        "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1",
        "2003::1", "2606:2800:220:1::1", "2a00:1450::1",         "3ffe::1",          "3fff:1000::1",
        NULL};
    struct guard *guard = new_guard(NULL, NULL);
    assert_verdicts(guard, addresses, true);
    guard_free(guard);
}

static void an_embedded_ipv4_address_decides(void **state)
{
    (void)state;
    static const char *const refused[] = {"::ffff:127.0.0.1",
                                          "::ffff:10.0.0.1",
                                          "::ffff:169.254.169.254",
                                          "::ffff:0.0.0.0",
                                          "::127.0.0.1",
                                          "::10.1.2.3",
                                          "::169.254.169.254",
                                          "64:ff9b::127.0.0.1",
                                          "64:ff9b::192.168.1.1",
                                          "64:ff9b::169.254.169.254",
                                          "2002:7f00:1::",
                                          "2002:a00:1::1",
                                          "2002:a9fe:a9fe::1",
                                          "2002:c0a8:101::",
                                          "2001:0:7f00:1::f7f7:f7f7", /* Teredo: server 127.0.0.1 */
                                          "2001:0:808:808::80ff:fffe", /* client 127.0.0.1 */
                                          "2001:0:808:808::f5ff:fffe", /* client 10.0.0.1 */
                                          "2001:0:808:808::5601:5601", /* client 169.254.169.254 */
                                          NULL};
    static const char *const allowed[] = {"::ffff:8.8.8.8",
                                          "::8.8.8.8",
                                          "64:ff9b::8.8.8.8",
                                          "2002:808:808::1",
                                          "2001:0:808:808::f7f7:f7f7",
                                          NULL};
    struct guard *guard = new_guard(NULL, NULL);
    assert_verdicts(guard, refused, false);
    assert_verdicts(guard, allowed, true);
    guard_free(guard);
}

static void the_allow_list_opens_its_ranges_only(void **state)
{
    (void)state;
    static const char *const ranges[] = {"127.0.0.0/8", "10.1.2.4/30", "192.168.7.7",
                                         "fd00::/8",    "::1/128",     NULL};
    static const char *const opened[] = {
        "127.0.0.1", "127.255.255.255",  "10.1.2.4", "10.1.2.7", "192.168.7.7", "fd12::1",
        "::1",       "::ffff:127.0.0.1", "8.8.8.8",  NULL};
    static const char *const closed[] = {
        "10.1.2.3",    "10.1.2.8",           "192.168.7.6",   "192.168.7.8",     "fc00::1", "::2",
        "::127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::", "::ffff:10.1.2.3", NULL};
    struct guard *guard = new_guard(ranges, NULL);
    assert_verdicts(guard, opened, true);
    assert_verdicts(guard, closed, false);
    assert_true(allows(guard, "127.0.0.1", 8080)); /* on any port */
    assert_false(allows(guard, "8.8.8.8", 8080));
    guard_free(guard);
}

static void an_ipv4_range_says_nothing_of_ipv6(void **state)
{
    (void)state;
    static const char *const ranges[] = {"0.0.0.0/0", NULL};
    static const char *const opened[] = {"127.0.0.1", "255.255.255.255", "::ffff:10.0.0.1", NULL};
    static const char *const closed[] = {"::1", "fd00::1", NULL};
    struct guard *guard = new_guard(ranges, NULL);
    assert_verdicts(guard, opened, true);
    assert_verdicts(guard, closed, false);
    guard_free(guard);
}

static void ports_are_80_443_and_the_listed(void **state)
{
    (void)state;
    static const char *const some[] = {"8080", NULL}, *const any[] = {"*", NULL};
    static const struct {
        unsigned port;
        bool plain, some, any;
    } cases[] = {
        {80, true, true, true},      {443, true, true, true},     {8080, false, true, true},
        {22, false, false, true},    {0, false, false, true},     {8081, false, false, true},
        {65535, false, false, true}, {20480, false, false, true}, /* 80 in the other byte order */
    };
    struct guard *guards[] = {new_guard(NULL, NULL), new_guard(NULL, some), new_guard(NULL, any)};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(allows(guards[0], "8.8.8.8", cases[i].port), cases[i].plain);
        assert_int_equal(allows(guards[1], "8.8.8.8", cases[i].port), cases[i].some);
        assert_int_equal(allows(guards[2], "2606:2800::1", cases[i].port), cases[i].any);
        assert_false(allows(guards[2], "127.0.0.1", cases[i].port));
    }
    for (size_t i = 0; i < 3; i++)
        guard_free(guards[i]);
}

static void other_families_are_refused(void **state)
{
    (void)state;
    struct guard *guard = new_guard(NULL, (const char *const[]){"*", NULL});
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(guard_allows(guard, (const struct sockaddr *)&local));
    guard_free(guard);
}

static void bad_entries_are_named(void **state)
{
    (void)state;
    static const char *const ranges[] = {"",
                                         "/8",
                                         "10.0.0/8",
                                         "10.0.0.0/33",
                                         "10.0.0.0/",
                                         "10.0.0.0/-1",
                                         "10.0.0.0/8x",
                                         "10.0.0.1/8",
                                         "fd00::/129",
                                         "fd00::1/8",
                                         "localhost",
                                         "10.0.0.0/99999999999999999999",
                                         " 10.0.0.0/8",
                                         "fe80::1%lo"};
    static const char *const ports[] = {
        "", "0", "65536", "-1", "80x", "http", "99999999999999999999"};
    struct guard *guard = NULL;
    struct error error;
    struct config_list none = {0};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        char *items[] = {(char *)ranges[i]};
        struct config_list list = {1, items};
        assert_int_equal(guard_create(&list, &none, &guard, &error), STATUS_CONFIG);
        assert_non_null(strstr(error.text, "fetch.allow_addresses"));
        assert_non_null(strstr(error.text, ranges[i]));
    }
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        char *items[] = {(char *)ports[i]};
        struct config_list list = {1, items};
        assert_int_equal(guard_create(&none, &list, &guard, &error), STATUS_CONFIG);
        assert_non_null(strstr(error.text, "fetch.ports"));
    }
    assert_null(guard);
}

static const char *const inside_hosts[] = {
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "017700000001",
    "0x7F.0.0.1",
    "127.000.000.001",
    "0",
    "0.0.0.0",
    "0x0",
    "localhost",
    "LOCALHOST",
    "127.0.0.2",
    "127.255.255.254",
    "%31%32%37.0.0.1",
    "%6cocalhost",
    "10.0.0.1",
    "167772161",
    "0xa000001",
    "012.0.0.1",
    "192.168.0.1",
    "3232235521",
    "172.16.0.1",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "4294967295",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:808:808::80ff:fffe]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1", /* circled digits 1 2 7, by IDNA */
    "127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1", /* ideographic full stops */
};

/* Through curl's URL parser and the resolver: what these really connect to. */
static void every_spelling_in_an_url_is_refused(void **state)
{
    struct web *fixture = *state;
    setlocale(LC_CTYPE, "C.UTF-8"); /* IDNA needs it */
    web_guard(fixture, NULL, "*");
    for (size_t i = 0; i < sizeof inside_hosts / sizeof inside_hosts[0]; i++) {
        char url[256];
        snprintf(url, sizeof url, "http://%s:%u/hello", inside_hosts[i],
                 raw_server_port(fixture->server));
        struct http_request request = web_request(url);
        struct outcome outcome = web_run(fixture, &request);
        /* No network, or no such name, is as good: nothing was connected. */
        if (!outcome.refused_address && outcome.code != CURLE_COULDNT_RESOLVE_HOST &&
            outcome.code != CURLE_URL_MALFORMAT)
            fail_msg("%s was not refused: %s", inside_hosts[i], outcome.message);
        if (!outcome.refused_address)
            print_message("%s: %s\n", inside_hosts[i], outcome.message);
    }
    assert_int_equal(raw_server_connections(fixture->server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_ipv4_ranges_are_refused),
        cmocka_unit_test(public_ipv4_addresses_are_allowed),
        cmocka_unit_test(special_ipv6_ranges_are_refused),
        cmocka_unit_test(public_ipv6_addresses_are_allowed),
        cmocka_unit_test(an_embedded_ipv4_address_decides),
        cmocka_unit_test(the_allow_list_opens_its_ranges_only),
        cmocka_unit_test(an_ipv4_range_says_nothing_of_ipv6),
        cmocka_unit_test(ports_are_80_443_and_the_listed),
        cmocka_unit_test(other_families_are_refused),
        cmocka_unit_test(bad_entries_are_named),
        cmocka_unit_test_setup_teardown(every_spelling_in_an_url_is_refused, web_set_up,
                                        web_tear_down),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
