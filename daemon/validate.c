#include "daemon/validate.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/blackbox.h"
#include "daemon/timings.h"

struct validation {
    uv_work_t work;
    struct validate_request request;
    validate_done_fn *done;
    void *context;
    struct validate_result result;
};

/* image_check may pass kinds that a later backend takes; today's take JPEG and PNG. */
static void check(struct validation *v)
{
    const struct validate_request *request = &v->request;
    struct validate_result *result = &v->result;
    enum status status = image_check(request->bytes, request->size, &request->limits, &result->info,
                                     &result->reason, &result->detail);
    result->ok = status == STATUS_OK;
    if (result->info.kind == IMAGE_UNKNOWN)
        result->info.kind = image_sniff(request->bytes, request->size);
    if (result->ok && result->info.kind != IMAGE_JPEG && result->info.kind != IMAGE_PNG) {
        result->ok = false;
        result->reason = REASON_unsupported_format;
        (void)error_set(&result->detail, STATUS_UNSUPPORTED, "%s: JPEG and PNG are taken",
                        image_kind_name(result->info.kind));
    }
}

static void keep(struct validation *v)
{
    const struct validate_request *request = &v->request;
    const struct validate_result *result = &v->result;
    const char *pinned = request->pinned_sha256;
    if (request->keeper && result->ok && (!pinned || strcmp(pinned, result->sha256) == 0))
        keeper_keep(request->keeper, result->sha256, result->info.kind, request->bytes,
                    request->size);
}

static void run(uv_work_t *work)
{
    struct validation *v = work->data;
    struct validate_result *result = &v->result;
    int64_t begin = timings_begin();
    uint64_t start = uv_hrtime();
    blackbox_enter(v->request.item_id);
    if (hash_sha256(v->request.bytes, v->request.size, result->sha256) == STATUS_OK) {
        check(v);
    } else {
        result->reason = REASON_internal;
        (void)error_set(&result->detail, STATUS_INTERNAL, "SHA-256 failed");
    }
    blackbox_leave();
    result->validate_ms = (double)(uv_hrtime() - start) / 1e6;
    timings_add(TIMING_validate, begin);
    keep(v);
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

enum status validate_start(uv_loop_t *loop, const struct validate_request *request,
                           validate_done_fn *done, void *context)
{
    struct validation *v = calloc(1, sizeof *v);
    if (!v)
        return STATUS_MEMORY;
    v->request = *request;
    v->done = done;
    v->context = context;
    v->work.data = v;
    if (uv_queue_work(loop, &v->work, run, after) != 0) {
        free(v);
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}
