/* destination: where a conversion puts its files, and what it does not write over. */
#ifndef CLI_DESTINATION_H
#define CLI_DESTINATION_H

#include "cli/source.h"
#include "cli/staging.h"

struct destination {
    char *stem; /* OUT without the suffix of one of the format's files */
    size_t count;
    const char *suffixes[STAGING_FILES]; /* of all files; the model's first, the certificate last */
};

/* Takes OUT for the beginning of the names of the files of that format. STATUS_USAGE when it is a
 * folder (but TensorFlow.js models are one) or a stream. The caller calls destination_close() in
 * any case. */
enum status destination_open(const struct cli *cli, const char *output, enum model_format format,
                             struct destination *destination, struct error *error) MUST_CHECK;
void destination_close(struct destination *destination);

/* Adds the files beside the model: a manifest if asked for, the certificate. STATUS_USAGE when one
 * of the names is that of a file that the source was read from, be it by a link; STATUS_IO when
 * something stands there that no file can replace. */
enum status destination_settle(struct destination *destination, const struct source *source,
                               bool manifest, struct error *error) MUST_CHECK;

#endif
