/* connection: the inside of a `struct store`, for the files of this folder only.
 *
 * One SQLite connection with its prepared statements, its transactions and the one place where
 * SQLite's result codes become our status and our words. Threads as in store.h.
 */
#ifndef COMMON_STORE_CONNECTION_H
#define COMMON_STORE_CONNECTION_H

#include <sqlite3.h>

#include "common/store/statement.h"
#include "common/store/store.h"

/* "carb", in the header of every database of ours. */
enum { STORE_APPLICATION_ID = 0x63617262 };

struct store_target_node; /* target.c */

struct store {
    sqlite3 *db;
    char *path;
    enum store_mode mode;
    int lock;        /* descriptor of the lock file; -1: none */
    int64_t session; /* of a STORE_DAEMON: who its leases belong to */
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct store_target_node *targets; /* read so far; live as long as the store */
    bool sync_failed;                  /* see store_sync_failed */
};

/* Opens the file and sets what must hold on every connection, apart from WAL. A missing file is
 * created unless the mode is STORE_READ: readable and writable for owner and group as the umask
 * allows, and always for the group in a set-group-id, group-writable directory. Fills store->db,
 * which the caller closes with connection_close even after an error. */
enum status connection_open(struct store *store, struct error *error) MUST_CHECK;

/* Sets WAL and synchronous=FULL and verifies both: promise 1 hangs on them. */
enum status connection_make_durable(struct store *store, struct error *error) MUST_CHECK;

void connection_close(struct store *store);

/* The status of the connection's last failure, with the line for a person in `error`. */
enum status connection_fail(struct store *store, struct error *error);

/* Runs text of one or more statements without parameters and rows. */
enum status connection_execute(struct store *store, const char *text,
                               struct error *error) MUST_CHECK;

/* Runs one statement and reads its first column as an integer; 0 when there is no row. */
enum status connection_integer(struct store *store, const char *text, int64_t *value,
                               struct error *error) MUST_CHECK;

/* From now on other writers are waited for at most 5 s instead of 30. */
void connection_hurry(struct store *store);

/* BEGIN IMMEDIATE: waits for another writer. */
enum status transaction_begin(struct store *store, struct error *error) MUST_CHECK;

/* Commits when `status` is STATUS_OK, otherwise rolls back and hands `status` on. */
enum status transaction_end(struct store *store, enum status status,
                            struct error *error) MUST_CHECK;

/* Unix time in milliseconds. */
int64_t connection_now_ms(void);

#endif
