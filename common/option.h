/* option: the typed rows that settings consist of, and how text becomes their values.
 *
 * One row drives reading, checking, the example file and the manual. Only common/config.c has rows.
 */
#ifndef COMMON_OPTION_H
#define COMMON_OPTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/config.h"
#include "common/status.h"

enum option_type {
    OPTION_BOOL,     /* bool */
    OPTION_COUNT,    /* int64_t */
    OPTION_DURATION, /* int64_t, milliseconds */
    OPTION_SIZE,     /* int64_t, bytes */
    OPTION_TEXT,     /* char * */
    OPTION_WORD,     /* int: the index of the word in `words` */
    OPTION_LIST      /* struct config_list */
};

struct option {
    const char *key; /* dotted, at most one dot */
    enum option_type type;
    size_t offset; /* in struct config */
    int64_t minimum, maximum;
    const char *initial;      /* the default, as text; list items separated by blanks */
    const char *const *words; /* of OPTION_WORD, ended by NULL */
    const char *help;         /* sentences; '\n' starts a new line of a comment */
};

/* All rows, in the order of the example file. */
const struct option *option_table(size_t *count);

/* The row with this key, or NULL. */
const struct option *option_find(const char *key);

/* The key that looks most like `key`; never NULL. */
const char *option_nearest(const char *key);

/* What a value of this row must look like, e.g. "a duration such as 30s between 1ms and 1h". */
void option_expectation(const struct option *option, char *text, size_t size);

/* Parses `text` into the field. STATUS_CONFIG, without a line, when it does not fit. Not for lists.
 */
enum status option_set(struct config *config, const struct option *option,
                       const char *text) MUST_CHECK;

/* Lists: empties the field; adds one item (copied). */
void option_clear(struct config *config, const struct option *option);
enum status option_add(struct config *config, const struct option *option,
                       const char *text) MUST_CHECK;

/* "30s", "64MiB": the shortest exact text. */
void option_format_duration(int64_t ms, char *text, size_t size);
void option_format_size(int64_t bytes, char *text, size_t size);

#endif
