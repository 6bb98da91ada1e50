/* validate: is what was downloaded a whole picture, and which one?
 *
 * SHA-256 and a full decode on a thread of the uv pool, inside blackbox_enter/leave: a picture that
 * crashes the decoder is known by name at the next start.
 */
#ifndef DAEMON_VALIDATE_H
#define DAEMON_VALIDATE_H

#include <stdbool.h>
#include <uv.h>

#include "common/hash.h"
#include "common/image/image.h"
#include "daemon/keeper.h"

struct validate_request {
    int64_t item_id;
    const void *bytes; /* borrowed until the end */
    size_t size;
    struct image_limits limits;
    const char *pinned_sha256; /* the only picture that will be asked about; NULL: any. Borrowed */
    struct keeper *keeper; /* keeps what passes and will be asked about; NULL: nothing is kept */
};

struct validate_result {
    bool ok;                /* a whole JPEG or PNG within the limits */
    enum reason reason;     /* when not ok */
    struct error detail;    /* when not ok */
    struct image_info info; /* as far as known; the kind always is */
    char sha256[SHA256_HEX_SIZE];
    double validate_ms; /* of work, without waiting for a thread, and without keeping */
};

typedef void validate_done_fn(void *context, const struct validate_result *result);

/* Starts; `done` is called once from the loop, never before this returns. */
enum status validate_start(uv_loop_t *loop, const struct validate_request *request,
                           validate_done_fn *done, void *context) MUST_CHECK;

#endif
