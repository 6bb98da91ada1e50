/* daemon: puts the parts of carmlbenchd together and runs them.
 *
 * The only place that knows every part. Loop thread; a writer thread (committer) and uv's pool
 * (decoding, inference, parsing) work beside it.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdio.h>

#include "common/config.h"
#include "daemon/machine.h"

struct daemon_options {
    const char *config_path; /* NULL: the default file, if there is one */
    const char *database;    /* NULL: as configured */
    const char *log_level;   /* NULL: as configured */
    bool once;               /* work until nothing is pending */
    bool timings;            /* print CPU time by stage to stdout at the end */
};

extern const struct machine_table daemon_table;

/* Runs until the work is done (`once`) or a signal ends it. Takes `config`. Errors at the start go
 * to `error`; STATUS_UNAVAILABLE: another daemon has the database, or (`once`) a service was away
 * for longer than carml.patience. */
enum status daemon_run(const struct daemon_options *options, struct config *config,
                       struct error *error) MUST_CHECK;

/* Writes every state machine of the daemon, for a person. */
void daemon_dump_machines(FILE *out);

#endif
