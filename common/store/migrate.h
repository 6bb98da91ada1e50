/* migrate: brings a database to the schema this program knows, or says why it cannot. */
#ifndef COMMON_STORE_MIGRATE_H
#define COMMON_STORE_MIGRATE_H

#include "common/status.h"

struct store;

/* An empty file becomes ours; an older schema is migrated, each step in one transaction, so that
 * whatever interrupts it the next call goes on from the last whole step; views that differ from
 * sql/views are made anew. Safe against other processes that do the same. In STORE_READ mode
 * nothing is changed. STATUS_DATA: not ours, written by a newer version, or (STORE_READ) older. */
enum status migrate(struct store *store, struct error *error) MUST_CHECK;

#endif
