/* summary: readies a reading connection for a report over very many results; beside store.h, whose
 * promises hold here, too.
 *
 * The public views ask for every row anew; a report asks the same rows for several of them, under
 * one scoring, and may want placeholders or duplicates counted, which the views learn from a table.
 * So the summary gives the connection its own copies of all views (SQLite's TEMP schema, which is
 * searched first), with its own settings and with the sums that accuracy, calibration and
 * comparison are made of as tables, each made in one pass. store_rows() then reads these; the
 * numbers are the same, because the texts are the same.
 */
#ifndef COMMON_STORE_SUMMARY_H
#define COMMON_STORE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/store/store.h"

enum store_summary_part {
    STORE_SUMMARY_ACCURACY = 1,   /* rows of accuracy and calibration */
    STORE_SUMMARY_COMPARISON = 2, /* rows of comparison and disagreements */
    STORE_SUMMARY_LATENCY = 4     /* rows of latency */
};

struct store_summary_options {
    const char *run;     /* NULL: all */
    const char *scoring; /* "isa", "substring" or "seed"; of comparison, seed means substring */
    bool include_placeholders, include_duplicates;
    /* Targets of which latency and disagreements are wanted; NULL: all. */
    bool (*takes)(const void *context, const struct store_target *target);
    const void *takes_context;
    unsigned parts;       /* of enum store_summary_part; the views of others ask every row anew */
    size_t disagreements; /* rows of that view, the largest `apart` first; 0: none */
};

/* All of `stores` (STORE_READ, of one file) see from now on the same moment, and nothing later,
 * until they are closed. STATUS_UNAVAILABLE: others write so often that it cannot be had. */
enum status store_freeze(struct store *const *stores, size_t count, struct error *error) MUST_CHECK;

/* Once for a store, which was frozen. Takes as long as reading every result of the run for each
 * part; memory does not depend on their number (what is sorted goes to a temporary file).
 * STATUS_NO: there is no such run. */
enum status store_summarize(struct store *store, const struct store_summary_options *options,
                            struct error *error) MUST_CHECK;

#endif
