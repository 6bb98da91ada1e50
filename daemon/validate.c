#include "daemon/validate.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/blackbox.h"
#include "daemon/timings.h"

struct validation {
    uv_work_t work;
    int64_t item_id;
    const void *bytes;
    size_t size;
    struct image_limits limits;
    validate_done_fn *done;
    void *context;
    struct validate_result result;
};

/* image_check may pass kinds that a later backend takes; today's take JPEG and PNG. */
static void check(struct validation *v)
{
    struct validate_result *result = &v->result;
    enum status status =
        image_check(v->bytes, v->size, &v->limits, &result->info, &result->reason, &result->detail);
    result->ok = status == STATUS_OK;
    if (result->info.kind == IMAGE_UNKNOWN)
        result->info.kind = image_sniff(v->bytes, v->size);
    if (result->ok && result->info.kind != IMAGE_JPEG && result->info.kind != IMAGE_PNG) {
        result->ok = false;
        result->reason = REASON_unsupported_format;
        (void)error_set(&result->detail, STATUS_UNSUPPORTED, "%s: JPEG and PNG are taken",
                        image_kind_name(result->info.kind));
    }
}

static void run(uv_work_t *work)
{
    struct validation *v = work->data;
    struct validate_result *result = &v->result;
    int64_t begin = timings_begin();
    uint64_t start = uv_hrtime();
    blackbox_enter(v->item_id);
    if (hash_sha256(v->bytes, v->size, result->sha256) == STATUS_OK) {
        check(v);
    } else {
        result->reason = REASON_internal;
        (void)error_set(&result->detail, STATUS_INTERNAL, "SHA-256 failed");
    }
    blackbox_leave();
    result->validate_ms = (double)(uv_hrtime() - start) / 1e6;
    timings_add(TIMING_validate, begin);
}

static void after(uv_work_t *work, int cancelled)
{
    struct validation *v = work->data;
    if (cancelled) { /* never asked for; a result all the same */
        v->result.reason = REASON_internal;
        (void)error_set(&v->result.detail, STATUS_INTERNAL, "validation was cancelled");
    }
    v->done(v->context, &v->result);
    free(v);
}

enum status validate_start(uv_loop_t *loop, int64_t item_id, const void *bytes, size_t size,
                           const struct image_limits *limits, validate_done_fn *done, void *context)
{
    struct validation *v = calloc(1, sizeof *v);
    if (!v)
        return STATUS_MEMORY;
    v->item_id = item_id;
    v->bytes = bytes;
    v->size = size;
    v->limits = *limits;
    v->done = done;
    v->context = context;
    v->work.data = v;
    if (uv_queue_work(loop, &v->work, run, after) != 0) {
        free(v);
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}
