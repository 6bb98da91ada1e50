/* import: results recorded elsewhere, as a run like any other; beside store.h, whose promises hold
 * here, too.
 *
 * Such a result is a job that is done from the start, of a target with the backend "import". Of its
 * picture nothing is known. What stands in its place is the answer itself (image.kind "answer",
 * image.sha256 that of target, labels and probabilities): many equal answers of one target are the
 * mark of a placeholder, but no proof of the same bytes. So it is never paired with another
 * target's, and the URL stays free for a daemon to fetch. Class indexes are not known either and
 * are recorded as -1.
 */
#ifndef COMMON_STORE_IMPORT_H
#define COMMON_STORE_IMPORT_H

#include "common/store/store.h"

/* Strings are read during the call only. */
struct store_answer {
    const char *url;         /* of the item: below URL_MAX bytes */
    const char *expect_wnid; /* of this one; NULL: as the source says */
    size_t count;            /* 1 to 3, best first */
    struct {
        const char *label; /* the whole label line as answered */
        double probability;
    } entries[3];
};

struct store_import_counts {
    uint64_t added;
    uint64_t duplicate; /* URLs that already had a result of this target; it stands */
    uint64_t kept;      /* URLs that keep the other expectation they had */
};

struct store_import;

/* What holds for all answers of an import. The target's backend must be "import". */
struct store_import_source {
    const char *run; /* created when missing */
    struct store_target target;
    struct store_producer producer;
    const char *expect_wnid, *expect_text; /* NULL: none */
};

/* Starts adding answers. Memory does not depend on how many are added: a transaction is committed
 * for every 20000. The source and its strings must live until store_import_end. */
enum status store_import_begin(struct store *store, const struct store_import_source *source,
                               struct store_import **out, struct error *error) MUST_CHECK;

/* Adds one answer. Acknowledged only by the next successful flush. */
enum status store_import_add(struct store_import *import, const struct store_answer *answer,
                             struct error *error) MUST_CHECK;

/* Commits what was added so far; *counts (may be NULL) then holds the totals acknowledged. */
enum status store_import_flush(struct store_import *import, struct store_import_counts *counts,
                               struct error *error) MUST_CHECK;

/* Ends it; what was not flushed is dropped. NULL is fine. */
void store_import_end(struct store_import *import);

#endif
