/* fallback: asks CarML, and the local engine while CarML is away.
 *
 * Only for targets that the local engine serves; every answer says who gave it
 * (producer.backend). The CarML server keeps being probed: as soon as its breaker lets a call
 * through, that call goes there. Loop thread only.
 */
#ifndef DAEMON_BACKENDS_FALLBACK_H
#define DAEMON_BACKENDS_FALLBACK_H

#include "daemon/backends/backend.h"

/* Composes two backends that stay the caller's: to shut down, close this one and both of them in
 * the same turn of the loop. Takes over the `ready` of both and calls its own instead; `local` may
 * be asked directly too if its `ready` is then set to the same function. */
enum status backend_fallback_create(uv_loop_t *loop, struct backend *carml, struct backend *local,
                                    struct backend **out, struct error *error) MUST_CHECK;

#endif
