/* reader: what each thread of report_read has: a connection and memory of its own. */
#ifndef CLI_REPORT_READER_H
#define CLI_REPORT_READER_H

#include "cli/report/report.h"
#include "cli/report/rows.h"

struct reader {
    struct store *store;
    struct report *report;
    struct arena *arena;
    struct report_unmet *unmet; /* of notes.h; freed by whoever made the reader */
    size_t unmet_count;
    enum status status; /* the first failure, and the line for it */
    struct error error;
};

/* Rows of the run that is reported, and *count; caller frees. NULL, and does nothing, after a
 * failure. */
void *reader_rows(struct reader *reader, const struct rows_form *form, size_t *count);

/* Reads bins, and sets ece and unusable in the accuracies read before. */
void reader_calibration(struct reader *reader);

/* Reads moments and moment_seconds. */
void reader_moments(struct reader *reader);

/* Reads pictures, placeholders and duplicates into the runs read before. */
void reader_collection(struct reader *reader);

#endif
