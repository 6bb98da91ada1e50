/* section: what the parts of the report's text share; see table.h. */
#ifndef CLI_REPORT_SECTION_H
#define CLI_REPORT_SECTION_H

#include "cli/report/columns.h"
#include "cli/report/subject.h"
#include "cli/report/table.h"

enum { SECTION_WORDS = 100 /* columns of a line of words; longer ones are hard to read */ };

/* One run's part of the text. */
struct section {
    FILE *out;
    const struct report_table *table;
    const struct report *report;
    const struct report_run *run;
    struct subject_naming naming;
    /* What each row of report->accuracy is called, and the scorings beside it. */
    char (*models)[SUBJECT_SIZE], (*frameworks)[SUBJECT_SIZE];
    bool substring, isa;
};

/* Whether a row of that run belongs here. */
bool section_here(const struct section *section, const char *run);

/* Whether `report`, NULL allowed, has an accuracy for this run. */
bool section_scored(const struct section *section, const struct report *report);

/* Words, in lines as wide as the terminal; explain leaves a line free above them. */
void section_heading(const struct section *section, const char *text);
void section_say(const struct section *section, const char *text);
void section_explain(const struct section *section, const char *text);

/* Writes the columns and frees them. */
enum status section_finish(const struct section *section, struct columns *columns) MUST_CHECK;

enum status section_accuracy(const struct section *section) MUST_CHECK;
enum status section_left_out(const struct section *section) MUST_CHECK;
enum status section_comparison(const struct section *section) MUST_CHECK;

#endif
