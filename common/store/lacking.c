#include "common/store/lacking.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/statement.h"

enum { TEXTS_MOST = 1 << 20, BYTES_MOST = 64 << 20, FIRST = 64 };

/* Of the polynomial of R. M. Karp, M. O. Rabin, "Efficient randomized pattern-matching algorithms",
 * IBM Journal of Research and Development 31 (1987), modulo 2^64; equal hashes are compared byte by
 * byte. */
static const uint64_t BASE = 0x9e3779b97f4a7c15;

struct text {
    int64_t id;
    uint64_t hash;
    size_t from, length; /* of the bytes */
    bool found;
};

struct search {
    struct text *texts; /* by length */
    char *bytes;
    size_t count, room, used, bytes_room;
    size_t *slots; /* 1 + index of a text; 0: free; as many as a power of two, twice the texts */
    size_t size;
    size_t *lengths; /* the different ones, ascending */
    size_t length_count;
};

/* ---- the texts ------------------------------------------------------------------------------ */

static uint64_t hash_of(const char *bytes, size_t length)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < length; i++)
        hash = hash * BASE + (unsigned char)bytes[i];
    return hash;
}

static enum status make_room(struct search *search, size_t length)
{
    if (search->count == TEXTS_MOST || length > BYTES_MOST - search->used)
        return STATUS_LIMIT;
    if (search->count == search->room) {
        size_t room = search->room ? 2 * search->room : FIRST;
        struct text *texts = realloc(search->texts, room * sizeof *texts);
        if (!texts)
            return STATUS_MEMORY;
        search->texts = texts;
        search->room = room;
    }
    if (search->used + length > search->bytes_room) {
        size_t room = 2 * (search->used + length);
        char *bytes = realloc(search->bytes, room);
        if (!bytes)
            return STATUS_MEMORY;
        search->bytes = bytes;
        search->bytes_room = room;
    }
    return STATUS_OK;
}

static enum status add_text(struct search *search, sqlite3_stmt *stmt)
{
    const char *bytes = (const char *)sqlite3_column_text(stmt, 1);
    size_t length = (size_t)sqlite3_column_bytes(stmt, 1);
    if (!bytes)
        return STATUS_MEMORY;
    enum status status = make_room(search, length);
    if (status)
        return status;
    if (length)
        memcpy(search->bytes + search->used, bytes, length);
    search->texts[search->count++] = (struct text){.id = sqlite3_column_int64(stmt, 0),
                                                   .hash = hash_of(bytes, length),
                                                   .from = search->used,
                                                   .length = length};
    search->used += length;
    return STATUS_OK;
}

static int by_length(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    return (x->length > y->length) - (x->length < y->length);
}

static enum status index_texts(struct search *search)
{
    for (search->size = FIRST; search->size < 2 * search->count;)
        search->size *= 2;
    search->slots = calloc(search->size, sizeof *search->slots);
    search->lengths = calloc(search->count + 1, sizeof *search->lengths);
    if (!search->slots || !search->lengths)
        return STATUS_MEMORY;
    if (search->count)
        qsort(search->texts, search->count, sizeof *search->texts, by_length);
    for (size_t i = 0; i < search->count; i++) {
        const struct text *text = &search->texts[i];
        size_t slot = (size_t)(text->hash >> 32) & (search->size - 1);
        while (search->slots[slot])
            slot = (slot + 1) & (search->size - 1);
        search->slots[slot] = i + 1;
        if (i == 0 || text->length != text[-1].length)
            search->lengths[search->length_count++] = text->length;
    }
    return STATUS_OK;
}

/* ---- the search ----------------------------------------------------------------------------- */

static void mark(struct search *search, uint64_t hash, const char *bytes, size_t length)
{
    size_t slot = (size_t)(hash >> 32) & (search->size - 1);
    for (; search->slots[slot]; slot = (slot + 1) & (search->size - 1)) {
        struct text *text = &search->texts[search->slots[slot] - 1];
        if (text->hash == hash && text->length == length && !text->found)
            text->found = memcmp(search->bytes + text->from, bytes, length) == 0;
    }
}

/* Every part of the name that is as long as one of the texts. */
static void look_in(struct search *search, const char *name, size_t size)
{
    for (size_t i = 0; i < search->length_count && search->lengths[i] <= size; i++) {
        size_t length = search->lengths[i];
        uint64_t hash = hash_of(name, length), power = 1;
        for (size_t j = 0; j < length; j++)
            power *= BASE;
        mark(search, hash, name, length);
        for (size_t end = length; length && end < size; end++) {
            hash =
                hash * BASE + (unsigned char)name[end] - power * (unsigned char)name[end - length];
            mark(search, hash, name + end - length + 1, length);
        }
    }
}

static enum status read_texts(struct store *store, struct search *search, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, STATEMENT_summary_texts, NULL, 0, &stmt, error);
    while (!status && !(status = statement_step(store, stmt, error)))
        status = add_text(search, stmt);
    if (status != STATUS_NO && stmt)
        sqlite3_reset(stmt);
    return status == STATUS_NO ? index_texts(search) : status;
}

static enum status read_names(struct store *store, struct search *search, struct error *error)
{
    sqlite3_stmt *stmt;
    enum status status = statement_bind(store, STATEMENT_summary_names, NULL, 0, &stmt, error);
    while (!status && !(status = statement_step(store, stmt, error))) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        if (name)
            look_in(search, name, (size_t)sqlite3_column_bytes(stmt, 0));
    }
    return status == STATUS_NO ? STATUS_OK : status;
}

static enum status write_rows(struct store *store, const struct search *search, struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    enum status status =
        sqlite3_prepare_v2(store->db, "INSERT INTO temp.computed VALUES (?, 'substring')", -1,
                           &stmt, NULL) == SQLITE_OK
            ? STATUS_OK
            : connection_fail(store, error);
    for (size_t i = 0; !status && i < search->count; i++) {
        if (search->texts[i].found)
            continue;
        sqlite3_bind_int64(stmt, 1, search->texts[i].id);
        status = statement_step(store, stmt, error);
        status = status == STATUS_NO ? STATUS_OK : status;
    }
    sqlite3_finalize(stmt);
    return status;
}

enum status lacking_rows(struct store *store, struct error *error)
{
    struct search search = {0};
    enum status status = read_texts(store, &search, error);
    if (!status)
        status = read_names(store, &search, error);
    if (!status)
        status = write_rows(store, &search, error);
    free(search.texts);
    free(search.bytes);
    free(search.slots);
    free(search.lengths);
    return status;
}
