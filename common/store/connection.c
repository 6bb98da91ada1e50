#include "common/store/connection.h"

#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

/* A daemon tries again by itself, and its watchdog wants to see that it is alive. */
enum { BUSY_TIMEOUT_MS = 30000, BUSY_DAEMON_MS = 5000 };

/* PAGE_SLOTS: what SQLite's default cache of 2000 KiB holds, and some for the log. */
enum { PAGE_MIN = 512, PAGE_SIZE = 4096, PAGE_SLOTS = 560 };

#define CIFS_MAGIC 0xFF534D42 /* linux/fs/smb/client/cifsglob.h; not in every magic.h */

static bool is_out_of_space(sqlite3 *db)
{
    int os = sqlite3_system_errno(db);
    return os == ENOSPC || os == EDQUOT;
}

static enum status map_code(sqlite3 *db)
{
    static const struct {
        int code;
        enum status status;
    } codes[] = {
        {SQLITE_FULL, STATUS_FULL},        {SQLITE_IOERR, STATUS_IO},
        {SQLITE_CANTOPEN, STATUS_IO},      {SQLITE_PERM, STATUS_IO},
        {SQLITE_AUTH, STATUS_IO},          {SQLITE_READONLY, STATUS_IO},
        {SQLITE_BUSY, STATUS_UNAVAILABLE}, {SQLITE_LOCKED, STATUS_UNAVAILABLE},
        {SQLITE_CORRUPT, STATUS_DATA},     {SQLITE_NOTADB, STATUS_DATA},
        {SQLITE_CONSTRAINT, STATUS_DATA}, /* the file breaks a rule that our statements keep */
        {SQLITE_NOMEM, STATUS_MEMORY},     {SQLITE_TOOBIG, STATUS_LIMIT},
    };
    int code = sqlite3_extended_errcode(db);
    if (code == SQLITE_IOERR_NOMEM)
        return STATUS_MEMORY;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == (code & 0xff))
            return codes[i].status == STATUS_IO && is_out_of_space(db) ? STATUS_FULL
                                                                       : codes[i].status;
    return STATUS_INTERNAL;
}

/* How to mend it. */
static const char *advice(enum status status)
{
    switch (status) {
    case STATUS_FULL:
        return "; free some space, nothing recorded is lost";
    case STATUS_IO:
        return "; check the disk and the permissions of the file and its directory";
    case STATUS_UNAVAILABLE:
        return "; another process keeps writing, try again";
    case STATUS_DATA:
        return "; not a carmlbench database, or a damaged one: give another --db or restore a copy";
    default:
        return "";
    }
}

enum status connection_fail(struct store *store, struct error *error)
{
    int code = sqlite3_extended_errcode(store->db);
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        store->sync_failed = true;
    enum status status = map_code(store->db);
    int os = status == STATUS_IO ? sqlite3_system_errno(store->db) : 0;
    return error_set(error, status, "%s: %s%s%s%s", store->path, sqlite3_errmsg(store->db),
                     os ? ": " : "", os ? strerror(os) : "", advice(status));
}

enum status connection_execute(struct store *store, const char *text, struct error *error)
{
    int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_OK : connection_fail(store, error);
}

enum status connection_integer(struct store *store, const char *text, int64_t *value,
                               struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    *value = 0;
    int rc = sqlite3_prepare_v2(store->db, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *value = sqlite3_column_int64(stmt, 0);
    enum status status =
        rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK : connection_fail(store, error);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* WAL shares memory between processes through mmap, which network file systems do not do. */
static enum status refuse_network(const char *directory, struct error *error)
{
    struct statfs info;
    if (statfs(directory, &info) != 0)
        return error_set(error, STATUS_IO, "%s: %s; create the directory or give another --db",
                         directory, strerror(errno));
    unsigned long type = (unsigned long)info.f_type & 0xffffffff;
    if (type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == CIFS_MAGIC)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: a network file system; the database needs a local one", directory);
    return STATUS_OK;
}

/* Creates an empty file without opening it: closing a descriptor of ours would drop the locks that
 * another connection of this process may have on it (SQLite, "How To Corrupt", 2.2). */
static enum status create_file(const char *path, const char *directory, struct error *error)
{
    struct stat shared;
    if (mknod(path, S_IFREG | 0660, 0) != 0) {
        if (errno == EEXIST)
            return STATUS_OK;
        return error_set(error, errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO,
                         "%s: cannot create it: %s; make the directory writable or give another "
                         "--db",
                         path, strerror(errno));
    }
    const mode_t group = S_ISGID | S_IWGRP;
    if (stat(directory, &shared) == 0 && (shared.st_mode & group) == group &&
        chmod(path, 0660) != 0)
        return error_set(error, STATUS_IO, "%s: cannot share it with the group: %s", path,
                         strerror(errno));
    return STATUS_OK;
}

static enum status check_file(struct store *store, struct error *error)
{
    struct stat info;
    char *copy = strdup(store->path);
    if (!copy)
        return STATUS_MEMORY;
    const char *directory = dirname(copy);
    enum status status = refuse_network(directory, error);
    bool there = !status && stat(store->path, &info) == 0;
    if (!status && !there && store->mode == STORE_READ)
        status = error_set(error, STATUS_IO, "%s: %s; enqueue something first or give another --db",
                           store->path, strerror(errno));
    else if (!status && !there)
        status = create_file(store->path, directory, error);
    else if (!status && !S_ISREG(info.st_mode))
        status =
            error_set(error, STATUS_IO, "%s: not a regular file; give another --db", store->path);
    /* SQLite takes a file below its smallest page size for an empty one and would overwrite it. */
    else if (there && info.st_size > 0 && info.st_size < PAGE_MIN)
        status =
            error_set(error, STATUS_DATA, "%s: not a database; give another --db", store->path);
    free(copy);
    return status;
}

/* A daemon runs for weeks: its page cache is claimed and touched at the start, so that it never
 * uses more memory than after the first URLs. SQLite falls back to malloc when the slots do not
 * suffice, and refuses (harmlessly) when it is in use already. */
static void claim_page_cache(void)
{
    static void *slots;
    int header = 0;
    if (slots || sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header) != SQLITE_OK)
        return;
    size_t size = ((size_t)PAGE_SIZE + (size_t)header + 7) & ~(size_t)7;
    slots = malloc(size * PAGE_SLOTS);
    if (!slots)
        return;
    memset(slots, 1, size * PAGE_SLOTS);
    if (sqlite3_config(SQLITE_CONFIG_PAGECACHE, slots, (int)size, PAGE_SLOTS) != SQLITE_OK) {
        free(slots);
        slots = NULL;
    }
}

enum status connection_open(struct store *store, struct error *error)
{
    enum status status = check_file(store, error);
    if (status)
        return status;
    if (store->mode == STORE_DAEMON)
        claim_page_cache();
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    flags |= store->mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
        return store->db ? connection_fail(store, error) : STATUS_MEMORY;
    sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
    /* READWRITE falls back to read-only where the file cannot be written. */
    if (store->mode != STORE_READ && sqlite3_db_readonly(store->db, "main"))
        return error_set(error, STATUS_IO,
                         "%s: not writable; become a member of its group or give another --db",
                         store->path);
    return connection_execute(store, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
                              error);
}

/* SQLite does not ask its busy handler while it changes the mode: processes that create a database
 * at the same time must wait here. */
static enum status switch_to_wal(struct store *store, struct error *error)
{
    enum { PAUSE_MS = 5 };
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
    enum status status = STATUS_UNAVAILABLE;
    for (int waited = 0; status == STATUS_UNAVAILABLE && waited < BUSY_TIMEOUT_MS;
         waited += PAUSE_MS) {
        if (waited)
            nanosleep(&pause, NULL);
        status = connection_execute(store, "PRAGMA journal_mode = WAL", error);
    }
    return status;
}

enum status connection_make_durable(struct store *store, struct error *error)
{
    int64_t synchronous;
    int keep = 1;
    if (store->mode == STORE_READ)
        return STATUS_OK;
    /* Who may read the file but not write to its directory cannot open it without its log. */
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    enum status status = switch_to_wal(store, error);
    if (!status)
        status = connection_execute(store,
                                    "PRAGMA synchronous = FULL;"
                                    "PRAGMA wal_autocheckpoint = 1000;"
                                    "PRAGMA journal_size_limit = 67108864;",
                                    error);
    if (!status)
        status = connection_integer(store, "PRAGMA synchronous", &synchronous, error);
    if (!status && synchronous != 2)
        status = error_set(error, STATUS_INTERNAL,
                           "%s: synchronous=FULL did not take; the SQLite library is not usable",
                           store->path);
    int64_t wal = 0;
    if (!status)
        status = connection_integer(store, "SELECT journal_mode = 'wal' FROM pragma_journal_mode",
                                    &wal, error);
    if (!status && !wal)
        status = error_set(error, STATUS_IO,
                           "%s: its file system does not do write-ahead logging; use a local one",
                           store->path);
    return status;
}

void connection_hurry(struct store *store)
{
    sqlite3_busy_timeout(store->db, BUSY_DAEMON_MS);
}

void connection_close(struct store *store)
{
    statement_free_all(store);
    sqlite3_close(store->db);
    store->db = NULL;
}

/* ---- transactions --------------------------------------------------------------------------- */

enum status transaction_begin(struct store *store, struct error *error)
{
    return connection_execute(store, "BEGIN IMMEDIATE", error);
}

enum status transaction_end(struct store *store, enum status status, struct error *error)
{
    if (!status)
        status = connection_execute(store, "COMMIT", error);
    /* Some errors have rolled back already. */
    if (status && !sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

int64_t connection_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool store_sync_failed(const struct store *store)
{
    return store->sync_failed;
}
