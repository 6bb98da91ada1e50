/* lock: the file beside the database that tells whether a daemon has it.
 *
 * The kernel holds the lock (flock), so it goes when its process goes, however that dies.
 */
#ifndef COMMON_STORE_LOCK_H
#define COMMON_STORE_LOCK_H

#include <stdbool.h>

#include "common/status.h"

/* Locks PATH.lock (created when missing) and writes our process id into it. *descriptor is closed
 * by lock_release. STATUS_UNAVAILABLE while another process has it, STATUS_IO. */
enum status lock_acquire(const char *path, int *descriptor, struct error *error) MUST_CHECK;

/* Whether a process has PATH's lock now. Takes nothing itself, so it is in nobody's way. */
bool lock_held(const char *path);

/* -1 is fine. The file stays. */
void lock_release(int descriptor);

#endif
