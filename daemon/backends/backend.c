#include "daemon/backends/backend.h"

#include <stdlib.h>

void backend_tell_ready(const struct backend *backend)
{
    if (!backend->closing && backend->ready)
        backend->ready(backend->ready_context);
}

void backend_answer_no_memory(backend_answer_fn *answer, void *context)
{
    answer(context, &(struct backend_answer){.verdict = BACKEND_AWAY,
                                             .reason = REASON_internal,
                                             .detail = "out of memory"});
}

void backend_begin_close(struct backend *backend, void (*closed)(void *context), void *context)
{
    backend->closing = true;
    backend->closed = closed;
    backend->closed_context = context;
}

void backend_end_close(struct backend *backend)
{
    void (*closed)(void *context) = backend->closed;
    void *context = backend->closed_context;
    free(backend);
    closed(context);
}
