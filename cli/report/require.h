/* require: whether the numbers of a report are as good as somebody wants them: `accuracy>=0.8`.
 *
 * A requirement is METRIC OP NUMBER with OP one of >= > <= < ==, the number also as 80%. It holds
 * when every row that has the metric satisfies it and there is such a row; a number that is not
 * known (no picture to compute it from) satisfies nothing.
 */
#ifndef CLI_REPORT_REQUIRE_H
#define CLI_REPORT_REQUIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/report/report.h"
#include "common/status.h"

enum { REQUIRE_MOST = 64, REQUIRE_SIZE = 96 };

enum require_relation { REQUIRE_GE, REQUIRE_GT, REQUIRE_LE, REQUIRE_LT, REQUIRE_EQ };

struct require_metric;

struct requirement {
    char expression[REQUIRE_SIZE]; /* as given, without blanks around it */
    const struct require_metric *metric;
    enum require_relation relation;
    double number;
};

/* Adds the requirements of a comma-separated list. STATUS_USAGE, with one line, for an expression
 * that is none (with the nearest metric) or when there are more than REQUIRE_MOST. */
enum status requirement_parse(const char *list, struct requirement *requirements, size_t *count,
                              struct error *error) MUST_CHECK;

/* One row that was checked: one of the three is not NULL. */
struct requirement_row {
    const struct report_accuracy *accuracy;
    const struct report_pair *pair;
    const struct report_run *run;
    double value; /* NAN: not known */
    bool holds;
};
typedef void requirement_row_fn(void *context, const struct requirement *requirement,
                                const struct requirement_row *row);

/* Calls `row`, which may be NULL, for every row; returns whether the requirement holds. */
bool requirement_check(const struct requirement *requirement, const struct report *report,
                       requirement_row_fn *row, void *context);

/* Writes one line for every row that violates it, or one that says that there is no row. STATUS_NO
 * when it does not hold; STATUS_MEMORY. */
enum status requirement_tell(const struct requirement *requirement, const struct report *report,
                             FILE *out) MUST_CHECK;

/* The name and meaning of metric `i`; NULL behind the last. */
const char *require_metric_name(size_t i, const char **meaning);

#endif
