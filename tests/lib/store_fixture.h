/* store_fixture: a real database in a directory of its own, and short words for what tests of the
 * store do with it. Each function fails the running cmocka test when the store does.
 */
#ifndef TESTS_LIB_STORE_FIXTURE_H
#define TESTS_LIB_STORE_FIXTURE_H

#include "common/store/store.h"

struct store_fixture {
    char directory[64];
    char path[128];
    struct store *store;
};

/* A new directory and in it a database opened in `mode`. */
void fixture_open(struct store_fixture *fixture, enum store_mode mode);

/* A new directory without a database. */
void fixture_directory(struct store_fixture *fixture);

/* Closes the store and opens it again. */
void fixture_reopen(struct store_fixture *fixture, enum store_mode mode);

/* Closes the store and removes the directory. */
void fixture_close(struct store_fixture *fixture);

/* For cmocka: each test has a database opened by STORE_DAEMON, *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The first column of the first row that the SQL has, by another connection than the store's. */
int64_t fixture_ask(const struct store_fixture *fixture, const char *sql);

/* "alexnet" by "caffe" on "auto"; the second one is by "tensorflow". */
extern const struct store_target fixture_targets[2];

/* Adds http://host.example/FIRST.jpg and the `count` - 1 following to the run, each expecting
 * n02131653 and "bear", for the first `targets` of fixture_targets. */
struct store_enqueue_counts fixture_enqueue(struct store *store, const char *run, unsigned first,
                                            unsigned count, size_t targets);

/* A lease that must work, at the time 1000. */
struct store_batch fixture_lease(struct store *store, size_t items);

/* 64 hexadecimal digits that tell `number`. */
const char *fixture_sha256(unsigned number, char text[65]);

/* An outcome DONE for the job: brown bear, American black bear, ice bear with 0.7, 0.2, 0.1, by
 * "local", about the picture whose hash is `sha256`. */
struct store_outcome fixture_done(const struct store_job *job, const char *sha256);

/* FAILED or RETRY with a reason. */
struct store_outcome fixture_failed(const struct store_job *job, enum store_outcome_kind kind,
                                    enum reason reason);

/* Commits one outcome; returns how many were stale. */
uint64_t fixture_commit(struct store *store, const struct store_outcome *outcome);

/* Number of problems that fsck finds; prints them. */
uint64_t fixture_fsck(struct store *store, struct store_fsck *totals);

#endif
