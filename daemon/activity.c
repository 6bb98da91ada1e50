#include "daemon/activity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/store/activity.h"

/* Committer thread; nobody else looks at the rows meanwhile. */
static void put(struct errand *errand, struct store *store)
{
    struct activity *activity = (struct activity *)(void *)errand;
    struct store_activity rows[ACTIVITY_ROWS];
    struct error error = {""};
    for (unsigned i = 0; i < activity->count; i++) {
        const struct activity_row *row = &activity->rows[i];
        rows[i] = (struct store_activity){row->name, row->state, row->in_flight, row->ceiling,
                                          row->detail};
    }
    activity->failed = store_activity_put(store, rows, activity->count, &error) != STATUS_OK;
    if (activity->failed) /* told again later; outcomes have their own words for the trouble */
        log_debug("activity: %s", error.text);
}

static void on_put(struct errand *errand)
{
    ((struct activity *)(void *)errand)->under_way = false;
}

static void add(struct activity_row *rows, unsigned *count, const char *name, const char *state,
                unsigned in_flight, unsigned ceiling)
{
    struct activity_row *row = &rows[(*count)++];
    snprintf(row->name, sizeof row->name, "%s", name);
    snprintf(row->state, sizeof row->state, "%s", state ? state : (in_flight ? "working" : "idle"));
    row->in_flight = in_flight;
    row->ceiling = ceiling;
}

/* `rows` is zeroed, so that equal rows have equal bytes. */
static unsigned fill(struct activity_row *rows, const struct figures *figures)
{
    const struct scheduler_flight *flight = &figures->flight;
    unsigned count = 0;
    add(rows, &count, "fetch", NULL, flight->fetching, flight->fetch_limit);
    if (flight->queued)
        snprintf(rows[0].detail, sizeof rows[0].detail, "%u wait for their turn", flight->queued);
    add(rows, &count, "validate", NULL, flight->validating, flight->workers);
    for (unsigned i = 0; i < figures->backend_count; i++) {
        const struct services_load *backend = &figures->backends[i];
        add(rows, &count, backend->name, backend->load.state, backend->load.in_flight,
            backend->load.limit);
        if (backend->away_ms > 0)
            snprintf(rows[count - 1].detail, sizeof rows[0].detail, "away for %" PRId64 " s",
                     backend->away_ms / 1000);
    }
    return count;
}

void activity_tell(struct activity *activity, struct committer *committer,
                   const struct figures *figures, int64_t now_ms)
{
    struct activity_row rows[ACTIVITY_ROWS];
    memset(rows, 0, sizeof rows);
    if (activity->under_way || figures->trouble ||
        (activity->told_ms && now_ms - activity->told_ms < ACTIVITY_MS))
        return;
    unsigned count = fill(rows, figures);
    if (!activity->failed && count == activity->count &&
        memcmp(rows, activity->rows, sizeof rows) == 0)
        return;
    memcpy(activity->rows, rows, sizeof rows);
    activity->count = count;
    activity->told_ms = now_ms;
    activity->under_way = true;
    activity->errand = (struct errand){.run = put, .done = on_put};
    committer_run(committer, &activity->errand);
}
