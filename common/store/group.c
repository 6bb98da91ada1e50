#include "common/store/group.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"

enum { REST_MAX = 8, KEY_BYTES = 80, GROUPS_MAX = 1 << 18, SLOTS_FIRST = 256 };

/* A sum or maximum; SQLite keeps sums of integers integers. */
struct total {
    enum { TOTAL_NULL, TOTAL_INTEGER, TOTAL_REAL } kind;
    int64_t integer;
    double real;
};

struct group {
    uint64_t hash;
    size_t key_size; /* 0: the slot is free */
    int64_t rows;
    unsigned char key[KEY_BYTES];
    struct total totals[REST_MAX];
};

struct groups {
    const struct group_form *form;
    struct group *slots;
    size_t size, used; /* size: a power of two, at least twice what is used */
};

/* ---- keys ----------------------------------------------------------------------------------- */

/* Each column as its type, its length and its bytes. Returns the size, 0 when it is too long. */
static size_t read_key(sqlite3_stmt *stmt, size_t columns, unsigned char key[KEY_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; i < columns; i++) {
        int type = sqlite3_column_type(stmt, (int)i);
        sqlite3_int64 integer = 0;
        const void *bytes = &integer;
        size_t length = type == SQLITE_NULL ? 0 : sizeof integer;
        if (type == SQLITE_TEXT) {
            bytes = sqlite3_column_text(stmt, (int)i);
            length = (size_t)sqlite3_column_bytes(stmt, (int)i);
        } else {
            integer = sqlite3_column_int64(stmt, (int)i);
        }
        if (!bytes || length > 255 || used + 2 + length > KEY_BYTES)
            return 0;
        key[used++] = (unsigned char)type;
        key[used++] = (unsigned char)length;
        memcpy(key + used, bytes, length);
        used += length;
    }
    return used;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_key(const unsigned char *key, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * 0x100000001b3;
    return hash;
}

static void bind_key(sqlite3_stmt *stmt, const struct group *group, size_t columns)
{
    const unsigned char *at = group->key;
    for (size_t i = 0; i < columns; i++) {
        sqlite3_int64 integer = 0;
        int type = at[0];
        size_t length = at[1];
        at += 2;
        if (type == SQLITE_TEXT) {
            sqlite3_bind_text(stmt, (int)i + 1, (const char *)at, (int)length, SQLITE_STATIC);
        } else if (type != SQLITE_NULL) {
            memcpy(&integer, at, sizeof integer);
            sqlite3_bind_int64(stmt, (int)i + 1, integer);
        } else {
            sqlite3_bind_null(stmt, (int)i + 1);
        }
        at += length;
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

/* The group's slot, or the free one where it would be. */
static struct group *find_slot(const struct groups *groups, uint64_t hash, const unsigned char *key,
                               size_t key_size)
{
    for (size_t i = (size_t)hash & (groups->size - 1);; i = (i + 1) & (groups->size - 1)) {
        struct group *slot = &groups->slots[i];
        if (slot->key_size == 0 || (slot->hash == hash && slot->key_size == key_size &&
                                    memcmp(slot->key, key, key_size) == 0))
            return slot;
    }
}

static enum status grow(struct groups *groups)
{
    struct groups more = {.size = groups->size ? 2 * groups->size : SLOTS_FIRST};
    if (groups->used >= GROUPS_MAX)
        return STATUS_LIMIT;
    more.slots = calloc(more.size, sizeof *more.slots);
    if (!more.slots)
        return STATUS_MEMORY;
    for (size_t i = 0; i < groups->size; i++) {
        const struct group *old = &groups->slots[i];
        if (old->key_size)
            *find_slot(&more, old->hash, old->key, old->key_size) = *old;
    }
    free(groups->slots);
    groups->slots = more.slots;
    groups->size = more.size;
    return STATUS_OK;
}

static void add_real(struct total *total, double value, bool maximum)
{
    double before = total->kind == TOTAL_INTEGER ? (double)total->integer : total->real;
    if (total->kind == TOTAL_NULL)
        before = maximum ? value : 0.0;
    total->kind = TOTAL_REAL;
    total->real = !maximum ? before + value : value > before ? value : before;
}

static void add_value(struct total *total, sqlite3_stmt *stmt, int column, bool maximum)
{
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_NULL)
        return;
    if (type != SQLITE_INTEGER || maximum || total->kind == TOTAL_REAL) {
        add_real(total, sqlite3_column_double(stmt, column), maximum);
        return;
    }
    total->kind = TOTAL_INTEGER;
    total->integer += sqlite3_column_int64(stmt, column);
}

static enum status add_row(struct groups *groups, sqlite3_stmt *stmt)
{
    const struct group_form *form = groups->form;
    unsigned char key[KEY_BYTES];
    size_t size = read_key(stmt, form->keys, key);
    if (size == 0)
        return STATUS_INTERNAL;
    if (2 * groups->used >= groups->size) {
        enum status status = grow(groups);
        if (status)
            return status;
    }
    uint64_t hash = hash_key(key, size);
    struct group *group = find_slot(groups, hash, key, size);
    if (group->key_size == 0) {
        group->hash = hash;
        group->key_size = size;
        memcpy(group->key, key, size);
        groups->used++;
    }
    group->rows++;
    for (size_t i = 0; form->rest[i]; i++)
        add_value(&group->totals[i], stmt, (int)(form->keys + i), form->rest[i] == '^');
    return STATUS_OK;
}

/* ---- the largest ---------------------------------------------------------------------------- */

/* The smallest stands first among those that are kept. */
static void smallest_first(struct group_top *top)
{
    size_t least = 0;
    for (size_t i = 1; i < top->count; i++)
        if (top->values[i] < top->values[least])
            least = i;
    double value = top->values[least];
    int64_t id = top->ids[least];
    top->values[least] = top->values[0];
    top->ids[least] = top->ids[0];
    top->values[0] = value;
    top->ids[0] = id;
}

static bool is_among(const struct group_top *top, int64_t value)
{
    for (size_t i = 0; i < top->among_count; i++)
        if (top->among[i] == value)
            return true;
    return !top->among;
}

static void offer(struct group_top *top, sqlite3_stmt *stmt)
{
    int last = sqlite3_column_count(stmt) - 1;
    double value = sqlite3_column_double(stmt, last);
    bool full = top->count == top->room;
    if (sqlite3_column_type(stmt, last) == SQLITE_NULL || (full && !(value > top->values[0])))
        return;
    if (!is_among(top, sqlite3_column_int64(stmt, 1)) ||
        !is_among(top, sqlite3_column_int64(stmt, 2)))
        return;
    size_t place = full ? 0 : top->count++;
    top->values[place] = value;
    top->ids[place] = sqlite3_column_int64(stmt, last - 1);
    if (top->count == top->room)
        smallest_first(top);
}

/* ---- the table ------------------------------------------------------------------------------ */

static void bind_total(sqlite3_stmt *stmt, int parameter, const struct total *total)
{
    if (total->kind == TOTAL_INTEGER)
        sqlite3_bind_int64(stmt, parameter, total->integer);
    else if (total->kind == TOTAL_REAL)
        sqlite3_bind_double(stmt, parameter, total->real);
    else
        sqlite3_bind_null(stmt, parameter);
}

static enum status write_group(struct store *store, sqlite3_stmt *stmt,
                               const struct group_form *form, const struct group *group,
                               struct error *error)
{
    int next = (int)form->keys + 1;
    bind_key(stmt, group, form->keys);
    sqlite3_bind_int64(stmt, next++, group->rows);
    for (size_t i = 0; form->rest[i]; i++)
        bind_total(stmt, next++, &group->totals[i]);
    enum status status = statement_step(store, stmt, error);
    return status == STATUS_NO ? STATUS_OK : status;
}

static enum status write_groups(struct store *store, const struct groups *groups,
                                struct error *error)
{
    const struct group_form *form = groups->form;
    static const char marks[] = ",?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?";
    int count = (int)(form->keys + strlen(form->rest));
    sqlite3_stmt *stmt = NULL;
    char *text = sqlite3_mprintf("INSERT INTO temp.computed VALUES (?%.*s)", 2 * count, marks);
    if (!text)
        return STATUS_MEMORY;
    enum status status = sqlite3_prepare_v2(store->db, text, -1, &stmt, NULL) == SQLITE_OK
                             ? STATUS_OK
                             : connection_fail(store, error);
    for (size_t i = 0; !status && i < groups->size; i++)
        if (groups->slots[i].key_size)
            status = write_group(store, stmt, form, &groups->slots[i], error);
    sqlite3_finalize(stmt);
    sqlite3_free(text);
    return status;
}

enum status group_rows(struct store *store, const struct group_form *form, struct group_top *top,
                       struct error *error)
{
    struct groups groups = {.form = form};
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, form->rows, NULL, 0, &stmt, error);
    while (!status && !(status = statement_step(store, stmt, error))) {
        status = add_row(&groups, stmt);
        if (top && top->room)
            offer(top, stmt);
    }
    if (status == STATUS_NO)
        status = write_groups(store, &groups, error);
    else if (stmt)
        sqlite3_reset(stmt);
    free(groups.slots);
    return status;
}
