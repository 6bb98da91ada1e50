/* notes: what a reader must know to read a report's numbers right. */
#ifndef CLI_REPORT_NOTES_H
#define CLI_REPORT_NOTES_H

#include "cli/report/reader.h"

/* What no recorded label meets: a row of the view unmet. */
struct report_unmet {
    const char *run, *expected_wnid, *expected_text;
    uint64_t urls;
    bool known;
};

/* Reads reader->unmet. */
void notes_read(struct reader *reader);

/* Sets notes, and `impossible` of the accuracies, of a report that is complete but for them. */
enum status notes_write(const struct reader *reader) MUST_CHECK;

/* Adds to the notes of a report what those of `isa`, whose numbers stand beside it, say about
 * answers that isa cannot judge. Texts go to `arena`. */
enum status notes_beside(struct report *report, struct arena *arena,
                         const struct report *isa) MUST_CHECK;

#endif
