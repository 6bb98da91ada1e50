/* clock: Unix time that only goes forward.
 *
 * Due times are written and compared with it. A wall clock that is set back or forth while the
 * daemon works would let retries wait for an hour, or all come at once; this one is the wall clock
 * of its first call, carried on by the monotonic one. Any thread.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

/* Milliseconds. Not for display: it may differ from the wall clock by what that was set. */
int64_t clock_unix_ms(void);

#endif
