/* manifest_write: the manifest of a converted model. */
#ifndef MODEL_MANIFEST_WRITE_H
#define MODEL_MANIFEST_WRITE_H

#include "model/manifest.h"
#include "model/model.h"

/* Writes `path`, a manifest that says of `source` what it says itself, but for the framework, the
 * layout and the files, which are STEM<suffix> of `format` in the manifest's folder; `stem` is
 * where they lie now (their MD5 checksums are taken), `name` their stem's last component. Not for
 * MODEL_TFJS. STATUS_IO, STATUS_FULL. */
enum status manifest_write(const struct manifest *source, enum model_format format,
                           const char *stem, const char *name, const char *path,
                           struct error *error) MUST_CHECK;

#endif
