/* seed_top3: the lines in which results of 2017 were written down.
 *
 *     [URL] {Name:LABEL, Probability:P}  {Name:LABEL, Probability:P}  {Name:LABEL, Probability:P}
 *
 * One to three entries, best first. A label may hold commas and braces; it ends at the first
 * ", Probability:". P is a decimal number, also negative or with an exponent.
 */
#ifndef CLI_SEED_TOP3_H
#define CLI_SEED_TOP3_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/url.h"

enum { SEED_ENTRIES = 3, SEED_TEXT_MAX = 128 * 1024 };

struct seed_line {
    enum { SEED_LINE_BLANK, SEED_LINE_ANSWER, SEED_LINE_REFUSED } kind;
    struct url_line front; /* what stands before the first brace; kind URL_LINE_BLANK: nothing */
    size_t count;          /* 1 to 3 */
    bool descending;       /* no entry has a higher probability than the one before it */
    struct {
        const char *label; /* UTF-8; points into `text` */
        double probability;
    } entries[SEED_ENTRIES];
    struct error why; /* REFUSED: what is wrong, without line number */
    struct buf text;  /* owned; seed_line_free */
};

/* Zeroed otherwise. */
void seed_line_init(struct seed_line *line);
void seed_line_free(struct seed_line *line);

/* Reads one line (without or with its line end, at most 64 KiB) into `out`, whose memory is used
 * again. Tolerates a byte order mark, CR, blanks, Latin-1. STATUS_MEMORY. */
enum status seed_line_parse(const char *line, size_t size, struct seed_line *out) MUST_CHECK;

#endif
