/* table: a report as text for people: a table as wide as the terminal allows, then what was left
 * out and what failed, how far two targets agree, calibration, and what must be known to read it.
 */
#ifndef CLI_REPORT_TABLE_H
#define CLI_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/report/report.h"
#include "common/status.h"

struct report_table {
    const struct report *report;
    /* The same under other scorings, whose accuracies stand beside that of `seed`; NULL: none. */
    const struct report *substring, *isa;
    bool narrowed;  /* rows were left out by model or framework; failures never are */
    size_t columns; /* of the terminal */
    bool styled;    /* titles in bold */
};

/* STATUS_MEMORY, STATUS_LIMIT. Whether `out` took it all is the caller's to check. */
enum status report_write_table(FILE *out, const struct report_table *table) MUST_CHECK;

#endif
