#include "daemon/overview.h"

#include <inttypes.h>

#include "common/json.h"
#include "daemon/clock.h"

/* "NAME":, with a comma in front unless it is the first of its object. */
static void name(FILE *out, bool first, const char *key)
{
    fprintf(out, "%s\"%s\":", first ? "" : ",", key);
}

static void text(FILE *out, const char *key, const char *value)
{
    name(out, false, key);
    json_write_text(out, value);
}

static void real(FILE *out, const char *key, double value)
{
    name(out, false, key);
    json_write_real(out, value);
}

static void integer(FILE *out, const char *key, int64_t value)
{
    name(out, false, key);
    fprintf(out, "%" PRId64, value);
}

/* The members of a `jobs` object, without its end. */
static void write_jobs(FILE *out, const struct snapshot_jobs *jobs)
{
    fprintf(out, "\"jobs\":{\"enqueued\":%" PRId64, jobs->enqueued);
    integer(out, "pending", jobs->pending);
    integer(out, "leased", jobs->leased);
    integer(out, "done", jobs->done);
    integer(out, "failed", jobs->failed);
}

static void write_paced_jobs(FILE *out, const struct snapshot_jobs *jobs, int64_t last_minute,
                             double rate)
{
    double eta = snapshot_eta(jobs, rate);
    write_jobs(out, jobs);
    integer(out, "last_minute", last_minute);
    real(out, "rate", rate);
    name(out, false, "eta_seconds");
    if (eta < 0)
        fputs("null", out);
    else
        json_write_real(out, eta);
    fputc('}', out);
}

static void write_target(FILE *out, const struct snapshot_target *target)
{
    fputs("{\"model\":", out);
    json_write_text(out, target->model);
    text(out, "framework", target->framework);
    text(out, "backend", target->backend);
    fputc(',', out);
    write_jobs(out, &target->jobs);
    fputs("}}", out);
}

static void write_run(FILE *out, const struct snapshot *snapshot, size_t number)
{
    const struct snapshot_run *run = &snapshot->runs[number];
    bool first = true;
    fputs("{\"run\":", out);
    json_write_text(out, run->name);
    fputc(',', out);
    write_paced_jobs(out, &run->jobs, run->last_minute, run->rate);
    fputs(",\"targets\":[", out);
    for (size_t i = 0; i < snapshot->target_count; i++) {
        if (snapshot->targets[i].run != number)
            continue;
        fputs(first ? "" : ",", out);
        write_target(out, &snapshot->targets[i]);
        first = false;
    }
    fputs("]}", out);
}

static void write_reasons(FILE *out, const struct snapshot *snapshot)
{
    bool first = true;
    fputs(",\"reasons\":[", out);
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        enum reason reason = (enum reason)i;
        if (!snapshot->failed[i] && !snapshot->waiting[i])
            continue;
        fprintf(out, "%s{\"stage\":\"%s\",\"reason\":\"%s\"", first ? "" : ",",
                stage_name(reason_stage(reason)), reason_name(reason));
        text(out, "text", reason_text(reason));
        integer(out, "failed", snapshot->failed[i]);
        integer(out, "waiting", snapshot->waiting[i]);
        fputc('}', out);
        first = false;
    }
    fputc(']', out);
}

static void write_snapshot(FILE *out, const struct snapshot *snapshot)
{
    if (!snapshot) {
        fputs(",\"jobs\":null,\"read_at\":null,\"runs\":null,\"runs_cut\":false,\"reasons\":[]",
              out);
        return;
    }
    fputc(',', out);
    write_paced_jobs(out, &snapshot->jobs, snapshot->last_minute, snapshot->rate);
    real(out, "read_at", (double)snapshot->read_at_ms / 1000);
    fputs(",\"runs\":[", out);
    for (size_t i = 0; i < snapshot->run_count; i++) {
        fputs(i ? "," : "", out);
        write_run(out, snapshot, i);
    }
    fprintf(out, "],\"runs_cut\":%s", snapshot->cut ? "true" : "false");
    write_reasons(out, snapshot);
}

static void write_flight(FILE *out, const struct scheduler_flight *flight)
{
    fprintf(out, ",\"in_flight\":{\"queue\":%u", flight->queued);
    integer(out, "fetch", flight->fetching);
    integer(out, "validate", flight->validating);
    integer(out, "wait", flight->waiting);
    integer(out, "predict", flight->asking);
    integer(out, "record", flight->recording);
    fputc('}', out);
}

static void write_backends(FILE *out, const struct figures *figures)
{
    fputs(",\"backends\":[", out);
    for (unsigned i = 0; i < figures->backend_count; i++) {
        const struct services_load *backend = &figures->backends[i];
        fprintf(out, "%s{\"name\":", i ? "," : "");
        json_write_text(out, backend->name);
        text(out, "state", backend->load.state);
        name(out, false, "breaker");
        fputs(backend->load.breaks ? "true" : "false", out);
        integer(out, "in_flight", backend->load.in_flight);
        integer(out, "limit", backend->load.limit);
        integer(out, "ceiling", backend->load.ceiling);
        integer(out, "away_seconds", backend->away_ms / 1000);
        fputc('}', out);
    }
    fputc(']', out);
}

void overview_write(FILE *out, const struct figures *figures, const struct snapshot *snapshot)
{
    char why[512];
    bool healthy = figures_healthy(figures, why, sizeof why);
    fputs("{\"version\":", out);
    json_write_text(out, CARMLBENCH_VERSION);
    text(out, "state", figures->state);
    name(out, false, "healthy");
    fputs(healthy ? "true" : "false", out);
    text(out, "problem", healthy ? "" : why);
    real(out, "now", (double)clock_unix_ms() / 1000);
    real(out, "started_at", (double)figures->started_ms / 1000);
    real(out, "uptime_seconds", figures->uptime_s);
    real(out, "urls_per_second", figures->urls_per_s);
    write_snapshot(out, snapshot);
    write_flight(out, &figures->flight);
    write_backends(out, figures);
    name(out, false, "memory");
    fprintf(out, "{\"pictures\":%" PRId64, figures->flight.memory);
    integer(out, "pictures_limit", figures->flight.memory_limit);
    real(out, "resident", figures_process().resident_bytes);
    fputs("}}\n", out);
}
