#include "common/reason.h"

#include <string.h>

static const struct {
    const char *name;
    enum stage stage;
    bool retryable;
    const char *text;
} reasons[REASON_COUNT] = {
#define X(name, stage, retryable, text) {#name, STAGE_##stage, retryable, text},
    REASON_MAP(X)
#undef X
};

const char *reason_name(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *reason_text(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason].text : "unknown";
}

enum stage reason_stage(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT ? reasons[reason].stage : STAGE_PREDICT;
}

bool reason_retryable(enum reason reason)
{
    return (unsigned)reason < REASON_COUNT && reasons[reason].retryable;
}

const char *stage_name(enum stage stage)
{
    static const char *const names[] = {"fetch", "validate", "predict"};
    return (unsigned)stage < 3 ? names[stage] : "unknown";
}

enum status reason_parse(const char *name, enum reason *reason)
{
    for (unsigned i = 0; i < REASON_COUNT; i++)
        if (strcmp(reasons[i].name, name) == 0) {
            *reason = (enum reason)i;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}
