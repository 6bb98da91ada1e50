/* guard: which addresses a URL from a list may lead to.
 *
 * Asked with the address that is about to be connected, so after DNS, on every redirect and for
 * every spelling. Refused: every range that is not globally reachable unicast (IANA special-purpose
 * registries, RFC 6890 and its updates), also when it is embedded in an IPv6 address (mapped,
 * compatible, NAT64, 6to4, Teredo); and every port but 80 and 443 unless listed. Immutable after
 * creation; any thread.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/config.h"
#include "common/status.h"

struct guard;

/* `allow`: CIDR ranges ("127.0.0.0/8", "::1/128") that are allowed although not public; `ports`:
 * further ports,
 * "*" for any. An allowed address may be asked on any port. STATUS_CONFIG names an entry that is no
 * range. */
enum status guard_create(const struct config_list *allow, const struct config_list *ports,
                         struct guard **out, struct error *error) MUST_CHECK;
void guard_free(struct guard *guard);

/* True when a connection to this address and port may be made. Other families than IPv4 and IPv6:
 * false. */
bool guard_allows(const struct guard *guard, const struct sockaddr *address);

#endif
