/* group: GROUP BY for very many rows and few groups, for the files of this folder only.
 *
 * SQLite sorts what it groups, through temporary files when there is much of it; here each row
 * finds its group by hashing, so that memory and time depend on the groups only.
 */
#ifndef COMMON_STORE_GROUP_H
#define COMMON_STORE_GROUP_H

#include "common/store/statement.h"

/* What becomes of the columns behind the keys, a letter each: '+' sum(), '^' max(), of numbers,
 * NULLs left out, NULL where there is nothing else. */
struct group_form {
    enum statement rows; /* without parameters */
    const char *table;   /* has the keys, the count of rows, and the rest */
    size_t keys;         /* columns by which is grouped: integers, NULL or text */
    const char *rest;    /* at most 8 */
};

/* The rows whose last column is largest, in no order; NULLs are not among them. */
struct group_top {
    size_t room, count;
    int64_t *ids; /* the last column but one, of `room` */
    double *values;
    const int64_t *among; /* NULL, or what columns 1 and 2, from 0, both have to be among */
    size_t among_count;
};

/* Adds a row to the table for each group, and fills `top` unless NULL. STATUS_LIMIT, and
 * nothing was added: more than 2^18 groups. */
enum status group_rows(struct store *store, const struct group_form *form, struct group_top *top,
                       struct error *error) MUST_CHECK;

#endif
