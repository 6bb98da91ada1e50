#include "daemon/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct range {
    int family;
    uint8_t bytes[16];
    unsigned bits;
};

struct guard {
    size_t allowed_count, port_count;
    struct range *refused, *embedded, *allowed;
    uint16_t *ports;
    bool any_port;
};

/* What is not globally reachable unicast: IANA's special-purpose registries for IPv4 and IPv6
 * (RFC 6890, RFC 8190) and the RFC that made each entry. A whole block is refused although parts of
 * it may be reachable (192.0.0.9 and .10, 2001:1::1, 2001:20::/28): no picture lives there. */
static const struct {
    const char *cidr;
    const char *source; /* for the reader only */
} special[] = {
    {"0.0.0.0/8", "RFC 791, this network"},
    {"10.0.0.0/8", "RFC 1918, private"},
    {"100.64.0.0/10", "RFC 6598, shared by carriers"},
    {"127.0.0.0/8", "RFC 1122, loopback"},
    {"168.63.129.16/32", "the host of every Azure guest, public by its number only"},
    {"169.254.0.0/16", "RFC 3927, link local; clouds' metadata"},
    {"172.16.0.0/12", "RFC 1918, private"},
    {"192.0.0.0/24", "RFC 6890, protocol assignments"},
    {"192.0.2.0/24", "RFC 5737, documentation"},
    {"192.88.99.0/24", "RFC 7526, former 6to4 relays"},
    {"192.168.0.0/16", "RFC 1918, private"},
    {"198.18.0.0/15", "RFC 2544, benchmarks"},
    {"198.51.100.0/24", "RFC 5737, documentation"},
    {"203.0.113.0/24", "RFC 5737, documentation"},
    {"224.0.0.0/4", "RFC 5771, multicast"},
    {"240.0.0.0/4", "RFC 1112, reserved; RFC 919, broadcast"},
    /* Global unicast is 2000::/3 (RFC 4291, IANA); the next three are all the rest. */
    {"::/3", "RFC 4291, ::1; RFC 6666, 100::/64; RFC 8215, 64:ff9b:1::/48; RFC 9780"},
    {"4000::/2", "RFC 4291, unassigned; RFC 9602, 5f00::/16"},
    {"8000::/1", "RFC 4193, fc00::/7; RFC 4291, fe80::/10 and ff00::/8; RFC 3879, fec0::/10"},
    {"2001::/23", "RFC 2928, protocol assignments; RFC 5180, RFC 4843, RFC 7343, RFC 9374"},
    {"2001:db8::/32", "RFC 3849, documentation"},
    {"3fff::/20", "RFC 9637, documentation"},
};

/* IPv6 addresses that lead to an IPv4 address, which then decides. */
static const struct {
    const char *cidr;
    const char *source;
    size_t offset; /* of the IPv4 address in the 16 bytes */
    uint8_t mask;  /* exclusive-or of each byte */
} embeddings[] = {
    {"::ffff:0:0/96", "RFC 4291, mapped; must stay the first", 12, 0x00},
    {"::/96", "RFC 4291, compatible; takes :: and ::1 along", 12, 0x00},
    {"64:ff9b::/96", "RFC 6052, NAT64", 12, 0x00},
    {"2002::/16", "RFC 3056, 6to4", 2, 0x00},
    {"2001::/32", "RFC 4380, Teredo: the server", 4, 0x00},
    {"2001::/32", "RFC 4380, Teredo: the client", 12, 0xff},
};

enum {
    SPECIAL_COUNT = sizeof special / sizeof special[0],
    EMBEDDING_COUNT = sizeof embeddings / sizeof embeddings[0]
};

static bool bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static bool range_contains(const struct range *range, int family, const uint8_t *bytes)
{
    return range->family == family && bits_equal(range->bytes, bytes, range->bits);
}

static bool bits_clear_from(const uint8_t *bytes, unsigned size, unsigned bits)
{
    for (unsigned bit = bits; bit < size * 8; bit++)
        if (bytes[bit / 8] & (0x80u >> bit % 8))
            return false;
    return true;
}

static bool parse_number(const char *text, unsigned long limit, unsigned long *out)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && errno == 0 && *out <= limit;
}

/* An address alone is the range of that address. */
static bool parse_range(const char *text, struct range *out)
{
    char address[INET6_ADDRSTRLEN];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';

    *out = (struct range){.family = strchr(address, ':') ? AF_INET6 : AF_INET};
    unsigned size = out->family == AF_INET6 ? 16 : 4;
    unsigned long bits = size * 8ul;
    if (inet_pton(out->family, address, out->bytes) != 1)
        return false;
    if (text[length] && !parse_number(text + length + 1, bits, &bits))
        return false;
    out->bits = (unsigned)bits;
    return bits_clear_from(out->bytes, size, out->bits);
}

static enum status read_allowed(struct guard *guard, const struct config_list *allow,
                                struct error *error)
{
    size_t count = allow ? allow->count : 0;
    guard->allowed = calloc(count + 1, sizeof *guard->allowed);
    if (!guard->allowed)
        return error_set(error, STATUS_MEMORY, "guard: out of memory");
    for (size_t i = 0; i < count; i++)
        if (!parse_range(allow->items[i], &guard->allowed[guard->allowed_count++]))
            return error_set(error, STATUS_CONFIG,
                             "fetch.allow_addresses: \"%s\" is no range, write it like "
                             "10.1.0.0/16 or fd00::/8, with zeros behind the prefix",
                             allow->items[i]);
    return STATUS_OK;
}

static enum status read_ports(struct guard *guard, const struct config_list *ports,
                              struct error *error)
{
    size_t count = ports ? ports->count : 0;
    guard->ports = calloc(count + 2, sizeof *guard->ports);
    if (!guard->ports)
        return error_set(error, STATUS_MEMORY, "guard: out of memory");
    guard->ports[guard->port_count++] = 80;
    guard->ports[guard->port_count++] = 443;
    for (size_t i = 0; i < count; i++) {
        unsigned long port;
        if (strcmp(ports->items[i], "*") == 0) {
            guard->any_port = true;
            continue;
        }
        if (!parse_number(ports->items[i], 65535, &port) || port == 0)
            return error_set(error, STATUS_CONFIG,
                             "fetch.ports: \"%s\" is no port, write a number from 1 to 65535 or *",
                             ports->items[i]);
        guard->ports[guard->port_count++] = (uint16_t)port;
    }
    return STATUS_OK;
}

static enum status read_tables(struct guard *guard, struct error *error)
{
    guard->refused = calloc(SPECIAL_COUNT, sizeof *guard->refused);
    guard->embedded = calloc(EMBEDDING_COUNT, sizeof *guard->embedded);
    if (!guard->refused || !guard->embedded)
        return error_set(error, STATUS_MEMORY, "guard: out of memory");
    bool good = true;
    for (size_t i = 0; i < SPECIAL_COUNT; i++)
        good = parse_range(special[i].cidr, &guard->refused[i]) && good;
    for (size_t i = 0; i < EMBEDDING_COUNT; i++)
        good = parse_range(embeddings[i].cidr, &guard->embedded[i]) && good;
    return good ? STATUS_OK : error_set(error, STATUS_INTERNAL, "guard: a built-in range is bad");
}

enum status guard_create(const struct config_list *allow, const struct config_list *ports,
                         struct guard **out, struct error *error)
{
    struct guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return error_set(error, STATUS_MEMORY, "guard: out of memory");
    enum status status = read_tables(guard, error);
    if (!status)
        status = read_allowed(guard, allow, error);
    if (!status)
        status = read_ports(guard, ports, error);
    if (status)
        guard_free(guard);
    else
        *out = guard;
    return status;
}

void guard_free(struct guard *guard)
{
    if (!guard)
        return;
    free(guard->refused);
    free(guard->embedded);
    free(guard->allowed);
    free(guard->ports);
    free(guard);
}

static bool is_special(const struct guard *guard, int family, const uint8_t *bytes)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++)
        if (range_contains(&guard->refused[i], family, bytes))
            return true;
    return false;
}

static bool is_listed(const struct guard *guard, int family, const uint8_t *bytes)
{
    for (size_t i = 0; i < guard->allowed_count; i++)
        if (range_contains(&guard->allowed[i], family, bytes))
            return true;
    return false;
}

/* Each IPv4 address that the IPv6 address holds must be public; without one the address itself. */
static bool is_public(const struct guard *guard, int family, const uint8_t *bytes)
{
    bool embeds = false;
    for (size_t i = 0; i < EMBEDDING_COUNT; i++) {
        if (!range_contains(&guard->embedded[i], family, bytes))
            continue;
        embeds = true;
        uint8_t inner[4];
        for (size_t k = 0; k < 4; k++)
            inner[k] = bytes[embeddings[i].offset + k] ^ embeddings[i].mask;
        if (is_special(guard, AF_INET, inner))
            return false;
    }
    return embeds || !is_special(guard, family, bytes);
}

static bool port_is_listed(const struct guard *guard, in_port_t port)
{
    bool found = guard->any_port;
    for (size_t i = 0; i < guard->port_count && !found; i++)
        found = guard->ports[i] == ntohs(port);
    return found;
}

bool guard_allows(const struct guard *guard, const struct sockaddr *address)
{
    int family = address->sa_family;
    uint8_t bytes[16];
    in_port_t port;
    if (family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(bytes, &v4->sin_addr, 4);
        port = v4->sin_port;
    } else if (family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(bytes, &v6->sin6_addr, 16);
        port = v6->sin6_port;
    } else {
        return false;
    }
    /* The kernel connects to a mapped address over IPv4: it is that address. */
    if (family == AF_INET6 && range_contains(&guard->embedded[0], family, bytes)) {
        family = AF_INET;
        memmove(bytes, bytes + 12, 4);
    }
    if (is_listed(guard, family, bytes))
        return true;
    return is_public(guard, family, bytes) && port_is_listed(guard, port);
}
