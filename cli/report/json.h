/* json: a report as one JSON object. Its arrays hold the rows of the views of docs/SQL.md under the
 * names of their columns; what cannot be computed is null; numbers read back as the same double. */
#ifndef CLI_REPORT_JSON_H
#define CLI_REPORT_JSON_H

#include <stdio.h>

#include "cli/report/narrow.h"
#include "cli/report/report.h"
#include "cli/report/require.h"

struct report_json {
    const struct report *report;
    /* The same under other scorings; their accuracies follow in "beside". NULL: none. */
    const struct report *substring, *isa;
    const struct report_narrowing *narrowing;
    const struct requirement *requirements;
    size_t requirement_count;
};

/* Writes the object and a newline. Whether `out` took it all is the caller's to check. */
void report_write_json(FILE *out, const struct report_json *json);

#endif
