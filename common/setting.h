/* setting: the typed rows that settings consist of, and how text becomes their values.
 *
 * One row drives reading, checking, the example file and the manual. Only common/config.c has rows.
 */
#ifndef COMMON_SETTING_H
#define COMMON_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/config.h"
#include "common/status.h"

enum setting_type {
    SETTING_BOOL,     /* bool */
    SETTING_COUNT,    /* int64_t */
    SETTING_DURATION, /* int64_t, milliseconds */
    SETTING_SIZE,     /* int64_t, bytes */
    SETTING_TEXT,     /* char * */
    SETTING_WORD,     /* int: the index of the word in `words` */
    SETTING_LIST      /* struct config_list */
};

/* What a text, or each item of a list, must look like beyond being text. */
enum setting_form {
    SETTING_FORM_ANY,
    SETTING_FORM_PATH,   /* not empty */
    SETTING_FORM_WEB,    /* empty, or an http or https URL */
    SETTING_FORM_RANGE,  /* CIDR, with zeros behind the prefix, or one address */
    SETTING_FORM_PORT,   /* 1 to 65535, or "*" */
    SETTING_FORM_SHA256, /* 64 hexadecimal digits */
};

struct setting {
    const char *key; /* dotted, at most one dot */
    enum setting_type type;
    size_t offset;            /* in struct config */
    int64_t minimum, maximum; /* of numbers; of TEXT and LIST `minimum` is an enum setting_form */
    const char *initial;      /* the default, as text; list items separated by blanks */
    const char *const *words; /* of SETTING_WORD, ended by NULL */
    const char *help;         /* sentences; '\n' starts a new line of a comment */
};

/* All rows, in the order of the example file. */
const struct setting *setting_table(size_t *count);

/* The row with this key, or NULL. */
const struct setting *setting_find(const char *key);

/* The key that looks most like `key`; never NULL. */
const char *setting_nearest(const char *key);

/* What a value of this row must look like, e.g. "a duration such as 30s between 1ms and 1h". */
void setting_expectation(const struct setting *setting, char *text, size_t size);

/* Parses `text` into the field. STATUS_CONFIG, without a line, when it does not fit. Not for lists.
 */
enum status setting_set(struct config *config, const struct setting *setting,
                        const char *text) MUST_CHECK;

/* Whether `text` has the form. setting_set and setting_add ask it. */
bool setting_form_fits(enum setting_form form, const char *text);

/* Lists: empties the field; adds one item (copied). */
void setting_clear(struct config *config, const struct setting *setting);
enum status setting_add(struct config *config, const struct setting *setting,
                        const char *text) MUST_CHECK;

/* "30s", "64MiB": the shortest exact text. */
void setting_format_duration(int64_t ms, char *text, size_t size);
void setting_format_size(int64_t bytes, char *text, size_t size);

#endif
