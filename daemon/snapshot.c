#include "daemon/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "common/store/row.h"
#include "daemon/clock.h"

static struct snapshot_run *find_run(struct snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->run_count; i++)
        if (strncmp(snapshot->runs[i].name, name, SNAPSHOT_NAME - 1) == 0)
            return &snapshot->runs[i];
    if (snapshot->run_count == SNAPSHOT_RUNS)
        return NULL;
    struct snapshot_run *run = &snapshot->runs[snapshot->run_count++];
    snprintf(run->name, sizeof run->name, "%s", name);
    return run;
}

static void add(struct snapshot_jobs *sum, const struct snapshot_jobs *jobs)
{
    sum->enqueued += jobs->enqueued;
    sum->pending += jobs->pending;
    sum->leased += jobs->leased;
    sum->done += jobs->done;
    sum->failed += jobs->failed;
}

static int take_progress(void *context, size_t columns, const char *const *names,
                         const struct store_value *values)
{
    struct snapshot *snapshot = context;
    const struct store_row row = {columns, names, values};
    const struct snapshot_jobs jobs = {row_integer(&row, "enqueued"), row_integer(&row, "pending"),
                                       row_integer(&row, "leased"), row_integer(&row, "done"),
                                       row_integer(&row, "failed")};
    add(&snapshot->jobs, &jobs);
    if (snapshot->target_count == SNAPSHOT_TARGETS) {
        snapshot->cut = true;
        return 0;
    }
    struct snapshot_run *run = find_run(snapshot, row_text(&row, "run"));
    if (!run) {
        snapshot->cut = true;
        return 0;
    }
    add(&run->jobs, &jobs);
    struct snapshot_target *target = &snapshot->targets[snapshot->target_count++];
    target->run = (size_t)(run - snapshot->runs);
    target->jobs = jobs;
    snprintf(target->model, sizeof target->model, "%s", row_text(&row, "model"));
    snprintf(target->framework, sizeof target->framework, "%s", row_text(&row, "framework"));
    snprintf(target->backend, sizeof target->backend, "%s", row_text(&row, "backend"));
    return 0;
}

static int take_pace(void *context, size_t columns, const char *const *names,
                     const struct store_value *values)
{
    struct snapshot *snapshot = context;
    const struct store_row row = {columns, names, values};
    struct snapshot_run *run = find_run(snapshot, row_text(&row, "run"));
    if (run) {
        run->last_minute += row_integer(&row, "last_minute");
        run->rate += row_real(&row, "per_second");
    }
    snapshot->last_minute += row_integer(&row, "last_minute");
    snapshot->rate += row_real(&row, "per_second");
    return 0;
}

static int take_reason(void *context, size_t columns, const char *const *names,
                       const struct store_value *values)
{
    struct snapshot *snapshot = context;
    const struct store_row row = {columns, names, values};
    enum reason reason;
    if (reason_parse(row_text(&row, "reason"), &reason) != STATUS_OK)
        return 0; /* of a newer version */
    bool failed = strcmp(row_text(&row, "state"), "failed") == 0;
    *(failed ? &snapshot->failed[reason] : &snapshot->waiting[reason]) +=
        row_integer(&row, "count");
    return 0;
}

enum status snapshot_read(struct store *store, struct snapshot *out, struct error *error)
{
    uint64_t start = uv_hrtime();
    memset(out, 0, sizeof *out);
    enum status status = store_rows(store, "progress", NULL, take_progress, out, error);
    if (!status)
        status = store_rows(store, "pace", NULL, take_pace, out, error);
    if (!status)
        status = store_rows(store, "reasons", NULL, take_reason, out, error);
    out->read_at_ms = clock_unix_ms();
    out->took_ms = (double)(uv_hrtime() - start) / 1e6;
    return status;
}

double snapshot_eta(const struct snapshot_jobs *jobs, double rate)
{
    int64_t left = jobs->pending + jobs->leased;
    if (left <= 0)
        return 0;
    return rate > 0 ? (double)left / rate : -1;
}
