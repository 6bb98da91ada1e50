/* tally: the accounting of a transaction, added up and written once at its end. */
#ifndef COMMON_STORE_TALLY_H
#define COMMON_STORE_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

struct store;

/* As stored in job.state; JOB_NEW: the job did not exist. */
enum job_state { JOB_PENDING, JOB_LEASED, JOB_DONE, JOB_FAILED, JOB_NEW };

enum { TALLY_ROWS = 64 };

/* Jobs of one reason, as the table `blame` counts them. The names have room for all of ours. */
struct tally_blame {
    int64_t run_id, target_id;
    char stage[16], reason[32];
    int64_t failed, waiting;
};

/* Zeroed to begin with. */
struct tally {
    size_t count;
    struct {
        int64_t run_id, target_id;
        int64_t enqueued, states[4];
    } rows[TALLY_ROWS];
    size_t blame_count;
    struct tally_blame blames[TALLY_ROWS];
};

/* Notes that `jobs` jobs went from one state to another. Writes when the table is full, so it must
 * be called inside the transaction that moves the jobs. */
enum status tally_move(struct store *store, struct tally *tally, int64_t run_id, int64_t target_id,
                       enum job_state from, enum job_state to, int64_t jobs,
                       struct error *error) MUST_CHECK;

/* Adds `change`: jobs of its run, target, stage and reason that failed or wait, more or fewer.
 * Writes as tally_move does. */
enum status tally_blame(struct store *store, struct tally *tally, const struct tally_blame *change,
                        struct error *error) MUST_CHECK;

/* Deletes the failure of a job, if it has one, and notes that its reason is gone. `state`: the
 * job's until now. */
enum status tally_absolve(struct store *store, struct tally *tally, int64_t run_id, int64_t item_id,
                          int64_t target_id, enum job_state state, struct error *error) MUST_CHECK;

/* Writes what was noted and empties the table. */
enum status tally_write(struct store *store, struct tally *tally, struct error *error) MUST_CHECK;

#endif
