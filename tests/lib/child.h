/* child: one of our test servers as a process of its own.
 *
 * Started from $BUILD/tests/lib (BUILD as in the Makefile, default "build"), known to be up when it
 * has printed "listening on ADDRESS:PORT". One thread.
 */
#ifndef TESTS_LIB_CHILD_H
#define TESTS_LIB_CHILD_H

#include <sys/types.h>

#include "common/status.h"

enum { CHILD_ARGUMENTS = 24 };

struct child {
    pid_t pid; /* 0: not running */
    unsigned port;
};

/* Starts `name` with the arguments (ended by NULL, at most CHILD_ARGUMENTS-4) and `--port PORT` (0:
 * a free one), and waits for its line. STATUS_UNAVAILABLE when the program was not built. */
enum status child_start(struct child *child, const char *name, unsigned port,
                        const char *const *arguments, struct error *error) MUST_CHECK;

/* Kills it and waits for its end; fine when it has ended or never ran. */
void child_kill(struct child *child);

/* Waits until it has ended by itself. */
void child_wait(struct child *child);

#endif
