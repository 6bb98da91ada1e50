/* certificate: the JSON file that says what was converted into what, and how it was proved.
 *
 * One object, in this order: format ("carmlbench-certificate"), version, tool, verdict ("same",
 * "different", "unverified"), source and result (format, files with size and SHA-256), bounds,
 * inputs, outputs (max_probability_difference, max_relative_difference), layers (name, operator,
 * shape, other, paired_by, max_difference, relative_difference; in execution order), unpaired.
 * Without a proof the files have names and sizes only, a member "hashes" says so, and what follows
 * the result is left out: to hash both models takes longer than to convert them.
 */
#ifndef CLI_CERTIFICATE_H
#define CLI_CERTIFICATE_H

#include <stdio.h>

#include "common/status.h"
#include "engine/comparison.h"

enum { CERTIFICATE_FILES = 4 };

/* One of the two models. */
struct certificate_side {
    const char *format; /* "caffe", ...; NULL: not known */
    size_t file_count;
    const char *paths[CERTIFICATE_FILES]; /* to be measured and hashed */
    const char *names[CERTIFICATE_FILES]; /* to be shown */
};

struct certificate {
    struct certificate_side source, result;
    const struct comparison_result *comparison; /* NULL: unverified, no hashes */
    const char *note;                           /* may be NULL */
};

/* Writes `path`; hashes the files if there is a comparison. */
enum status certificate_write(const struct certificate *certificate, const char *path,
                              struct error *error) MUST_CHECK;

/* The comparison's members as they stand in a certificate, for `verify --json`. */
void certificate_print_comparison(FILE *out, const struct comparison_result *result);

#endif
