/* blackbox: which picture was being worked on when the process crashed.
 *
 * A small file beside the database. Before a risky step (decoding, local inference) a worker thread
 * notes the item; a fatal signal (SEGV, BUS, ABRT, FPE, ILL) on that thread makes the handler write
 * the note down with write(2) and die. The next start reads it and counts a crash for the item; a
 * SIGKILL leaves nothing, so being killed is never blamed on a picture.
 */
#ifndef DAEMON_BLACKBOX_H
#define DAEMON_BLACKBOX_H

#include <stdint.h>

#include "common/status.h"

/* Reads and empties the file; *item_id is 0 when no crash was noted. Then arms the handlers
 * (alternate stack per thread is set up by blackbox_enter). Once per process. */
enum status blackbox_open(const char *database, int64_t *item_id, struct error *error) MUST_CHECK;

/* Marks what the calling thread works on until blackbox_leave. Cheap: no system call after the
 * first. */
void blackbox_enter(int64_t item_id);
void blackbox_leave(void);

#endif
