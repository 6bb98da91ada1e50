/* narrow: a report with only some models and frameworks in it. */
#ifndef CLI_REPORT_NARROW_H
#define CLI_REPORT_NARROW_H

#include <stddef.h>

#include "cli/report/report.h"

enum { NARROW_MOST = 64 };

/* Words as the user gave them: NAME or NAME:VERSION. None: all. */
struct report_narrowing {
    const char *models[NARROW_MOST], *frameworks[NARROW_MOST];
    size_t model_count, framework_count;
};

/* Whether only a part is asked for. NULL is all. */
bool report_is_narrowed(const struct report_narrowing *narrowing);

/* Whether the target is asked for; `narrowing` is one. */
bool report_takes(const void *narrowing, const struct store_target *target);

/* Takes the rows about other models and frameworks out of accuracy, calibration and comparison; of
 * a pair both sides must be named. Latencies and disagreements are read so; what is about whole
 * runs (jobs, failures, pictures, moments) stays. */
void report_narrow(struct report *report, const struct report_narrowing *narrowing);

/* The first of the words that no row answers to, and which option it was given to; NULL: none. To
 * be asked before the report is narrowed. */
const char *report_unmatched(const struct report *report, const struct report_narrowing *narrowing,
                             const char **option);

#endif
