#include "daemon/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "common/utf8.h"
#include "daemon/breaker.h"

/* ---- the format -------------------------------------------------------------------------------
 */

static void family(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP carmlbench_%s %s\n# TYPE carmlbench_%s %s\n", name, help, name, type);
}

static void value(FILE *out, double number)
{
    char text[40];
    real_format(number, text, sizeof text);
    fprintf(out, " %s\n", text);
}

static void integer(FILE *out, int64_t number)
{
    fprintf(out, " %" PRId64 "\n", number);
}

/* A family of one sample without labels. */
static void single(FILE *out, const char *name, const char *type, const char *help, double number)
{
    family(out, name, type, help);
    fprintf(out, "carmlbench_%s", name);
    value(out, number);
}

static void total(FILE *out, const char *name, const char *help, uint64_t number)
{
    family(out, name, "counter", help);
    fprintf(out, "carmlbench_%s", name);
    integer(out, (int64_t)number);
}

/* A label's value: backslash, quote and newline are escaped; other bytes are any UTF-8. */
static void label(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s=\"", name);
    while (*text) {
        if (*text == '\n') {
            fputs("\\n", out);
            text++;
            continue;
        }
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        text += utf8_write(out, text);
    }
    fputc('"', out);
}

/* carmlbench_NAME{KEY="WORD"} NUMBER */
static void labelled(FILE *out, const char *name, const char *key, const char *word, int64_t number)
{
    fprintf(out, "carmlbench_%s{", name);
    label(out, key, word);
    fputc('}', out);
    integer(out, number);
}

static void buckets(FILE *out, const char *name, const char *labels, const struct histogram *h)
{
    uint64_t below = 0;
    const char *comma = *labels ? "," : "";
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        char bound[40];
        real_format(histogram_bounds[i], bound, sizeof bound);
        below += h->buckets[i];
        fprintf(out, "carmlbench_%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma,
                bound, below);
    }
    fprintf(out, "carmlbench_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma,
            h->count);
    fprintf(out, *labels ? "carmlbench_%s_sum{%s}" : "carmlbench_%s_sum%s", name, labels);
    value(out, h->sum);
    fprintf(out, *labels ? "carmlbench_%s_count{%s}" : "carmlbench_%s_count%s", name, labels);
    integer(out, (int64_t)h->count);
}

/* ---- what the store knows ---------------------------------------------------------------------
 */

struct series {
    const char *model, *framework, *backend;
    struct snapshot_jobs jobs;
};

static struct series *find(struct series *all, size_t *count, const struct snapshot_target *target)
{
    static const struct snapshot_target other = {
        .model = "other", .framework = "other", .backend = "other"};
    for (size_t i = 0; i < *count; i++)
        if (strcmp(all[i].model, target->model) == 0 &&
            strcmp(all[i].framework, target->framework) == 0 &&
            strcmp(all[i].backend, target->backend) == 0)
            return &all[i];
    if (*count >= METRICS_TARGETS && target != &other)
        return find(all, count, &other);
    all[*count] = (struct series){target->model, target->framework, target->backend, {0}};
    return &all[(*count)++];
}

static void write_target(FILE *out, const struct series *series, const char *state, int64_t jobs)
{
    fputs("carmlbench_target_jobs{", out);
    label(out, "model", series->model);
    fputc(',', out);
    label(out, "framework", series->framework);
    fputc(',', out);
    label(out, "backend", series->backend);
    fprintf(out, ",state=\"%s\"} %" PRId64 "\n", state, jobs);
}

static void write_targets(FILE *out, const struct snapshot *snapshot)
{
    struct series all[METRICS_TARGETS + 1];
    size_t count = 0;
    for (size_t i = 0; i < snapshot->target_count; i++) {
        const struct snapshot_jobs *jobs = &snapshot->targets[i].jobs;
        struct series *series = find(all, &count, &snapshot->targets[i]);
        series->jobs.pending += jobs->pending;
        series->jobs.leased += jobs->leased;
        series->jobs.done += jobs->done;
        series->jobs.failed += jobs->failed;
    }
    family(out, "target_jobs", "gauge", "Jobs in the database by target and state, of all runs.");
    for (size_t i = 0; i < count; i++) {
        write_target(out, &all[i], "pending", all[i].jobs.pending);
        write_target(out, &all[i], "leased", all[i].jobs.leased);
        write_target(out, &all[i], "done", all[i].jobs.done);
        write_target(out, &all[i], "failed", all[i].jobs.failed);
    }
}

static void write_reasons(FILE *out, const char *name, const char *help, const char *type,
                          const int64_t counts[REASON_COUNT])
{
    family(out, name, type, help);
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        enum reason reason = (enum reason)i;
        fprintf(out, "carmlbench_%s{stage=\"%s\",reason=\"%s\"} %" PRId64 "\n", name,
                stage_name(reason_stage(reason)), reason_name(reason), counts[i]);
    }
}

static void write_snapshot(FILE *out, const struct snapshot *snapshot)
{
    family(out, "jobs", "gauge", "Jobs in the database by state, of all runs.");
    labelled(out, "jobs", "state", "pending", snapshot->jobs.pending);
    labelled(out, "jobs", "state", "leased", snapshot->jobs.leased);
    labelled(out, "jobs", "state", "done", snapshot->jobs.done);
    labelled(out, "jobs", "state", "failed", snapshot->jobs.failed);
    write_targets(out, snapshot);
    write_reasons(out, "failed_jobs", "Failed jobs in the database by reason.", "gauge",
                  snapshot->failed);
    write_reasons(out, "waiting_jobs",
                  "Jobs in the database that are to be tried again, by what went wrong last.",
                  "gauge", snapshot->waiting);
    single(out, "database_read_timestamp_seconds", "gauge",
           "When the figures of the database were read, in Unix time.",
           (double)snapshot->read_at_ms / 1000);
    single(out, "database_read_seconds", "gauge", "How long reading them took.",
           snapshot->took_ms / 1000);
}

/* ---- what the daemon knows --------------------------------------------------------------------
 */

static void write_counts(FILE *out, const struct figures *figures)
{
    const struct scheduler_counts *counts = figures->counts;
    total(out, "leases_total", "Jobs leased.", counts->leased);
    total(out, "leases_recovered_total", "Leases of a dead daemon taken back at the start.",
          figures->recovered);
    total(out, "urls_total", "URLs worked on; one tried again counts again.", counts->urls);
    family(out, "outcomes_total", "counter", "Jobs by what became of them.");
    labelled(out, "outcomes_total", "outcome", "done", (int64_t)counts->done);
    labelled(out, "outcomes_total", "outcome", "failed", (int64_t)counts->failed);
    labelled(out, "outcomes_total", "outcome", "retried", (int64_t)counts->retried);
    labelled(out, "outcomes_total", "outcome", "released", (int64_t)counts->released);
    total(out, "outcomes_stale_total", "Outcomes refused because their lease had ended.",
          figures->commits.stale);
    total(out, "commits_total", "Groups of outcomes recorded.", figures->commits.commits);
    total(out, "placeholders_total", "Results on pictures that stand for a deleted one.",
          counts->placeholders);
    family(out, "pictures_total", "counter", "Pictures by what became of keeping them.");
    labelled(out, "pictures_total", "outcome", "kept", (int64_t)figures->kept.kept);
    labelled(out, "pictures_total", "outcome", "there", (int64_t)figures->kept.there);
    labelled(out, "pictures_total", "outcome", "failed", (int64_t)figures->kept.failed);
    labelled(out, "pictures_total", "outcome", "turned_off", (int64_t)figures->kept.turned_off);
    total(out, "fetched_bytes_total", "Bytes of bodies downloaded.", figures->fetched_bytes);
    int64_t reasons[REASON_COUNT];
    for (size_t i = 0; i < REASON_COUNT; i++)
        reasons[i] = (int64_t)counts->reasons[i];
    write_reasons(out, "failures_total", "Tries that failed, for good or not, by reason.",
                  "counter", reasons);
}

static void write_durations(FILE *out, const struct scheduler_counts *counts)
{
    family(out, "fetch_seconds", "histogram", "Downloads, from start to last byte.");
    buckets(out, "fetch_seconds", "", &counts->fetch);
    family(out, "validate_seconds", "histogram",
           "Checking pictures, without waiting for a thread.");
    buckets(out, "validate_seconds", "", &counts->validate);
    family(out, "predict_seconds", "histogram", "Predictions recorded, by who answered.");
    for (size_t i = 0; i < SCHEDULER_PRODUCERS; i++) {
        char labels[40];
        snprintf(labels, sizeof labels, "backend=\"%s\"", scheduler_producers[i]);
        buckets(out, "predict_seconds", labels, &counts->predict[i]);
    }
}

static void write_flight(FILE *out, const struct scheduler_flight *flight)
{
    family(out, "in_flight", "gauge",
           "What is under way: URLs (queue, fetch, validate), jobs (wait, predict, record).");
    labelled(out, "in_flight", "stage", "queue", flight->queued);
    labelled(out, "in_flight", "stage", "fetch", flight->fetching);
    labelled(out, "in_flight", "stage", "validate", flight->validating);
    labelled(out, "in_flight", "stage", "wait", flight->waiting);
    labelled(out, "in_flight", "stage", "predict", flight->asking);
    labelled(out, "in_flight", "stage", "record", flight->recording);
    single(out, "picture_bytes", "gauge", "Pictures in memory.", (double)flight->memory);
    single(out, "picture_limit_bytes", "gauge", "Their ceiling, daemon.memory.",
           (double)flight->memory_limit);
}

static void write_breakers(FILE *out, const struct figures *figures)
{
    family(out, "breaker_state", "gauge", "1 for the state that the backend's breaker is in.");
    for (unsigned i = 0; i < figures->backend_count; i++) {
        const struct services_load *backend = &figures->backends[i];
        if (!backend->load.breaks)
            continue;
        for (unsigned s = 0; s < BREAKER_STATES; s++) {
            const char *state = breaker_state_name((enum breaker_state)s);
            fprintf(out, "carmlbench_breaker_state{backend=\"%s\",state=\"%s\"}", backend->name,
                    state);
            integer(out, strcmp(backend->load.state, state) == 0);
        }
    }
}

static void write_backends(FILE *out, const struct figures *figures)
{
    const struct services_load *all = figures->backends;
    unsigned count = figures->backend_count;
    family(out, "backend_in_flight", "gauge", "Calls under way.");
    for (unsigned i = 0; i < count; i++)
        labelled(out, "backend_in_flight", "backend", all[i].name, all[i].load.in_flight);
    family(out, "backend_limit", "gauge", "Calls allowed at once now.");
    for (unsigned i = 0; i < count; i++)
        labelled(out, "backend_limit", "backend", all[i].name, all[i].load.limit);
    family(out, "backend_away_seconds", "gauge", "For how long the backend has been away.");
    for (unsigned i = 0; i < count; i++)
        labelled(out, "backend_away_seconds", "backend", all[i].name, all[i].away_ms / 1000);
    write_breakers(out, figures);
}

/* The names that all programs have in common, as Prometheus' own libraries write them. */
static void write_process(FILE *out, const struct figures *figures)
{
    static const struct {
        const char *name, *type, *help;
    } families[] = {
        {"process_resident_memory_bytes", "gauge", "Resident memory."},
        {"process_cpu_seconds_total", "counter", "CPU time, user and system."},
        {"process_open_fds", "gauge", "Open file descriptors."},
        {"process_max_fds", "gauge", "Open file descriptors allowed."},
        {"process_start_time_seconds", "gauge", "Start of the process, in Unix time."},
    };
    struct figures_process process = figures_process();
    const double values[] = {process.resident_bytes, process.cpu_s, process.open_files,
                             process.max_files, (double)figures->started_ms / 1000};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s", families[i].name, families[i].help,
                families[i].name, families[i].type, families[i].name);
        value(out, values[i]);
    }
}

void metrics_write(FILE *out, const struct figures *figures, const struct snapshot *snapshot)
{
    char why[8];
    family(out, "build_info", "gauge", "1, with the version.");
    fputs("carmlbench_build_info{", out);
    label(out, "version", CARMLBENCH_VERSION);
    fputs("} 1\n", out);
    single(out, "uptime_seconds", "gauge", "Since the start of the work.", figures->uptime_s);
    single(out, "healthy", "gauge", "1 when /healthz says ok.",
           figures_healthy(figures, why, sizeof why));
    single(out, "database_writable", "gauge", "0 while the database cannot be written.",
           figures->trouble == NULL);
    single(out, "writer_silence_seconds", "gauge", "Since the writer thread last moved.",
           (double)figures->silence_ms / 1000);
    write_counts(out, figures);
    write_durations(out, figures->counts);
    write_flight(out, &figures->flight);
    write_backends(out, figures);
    if (snapshot)
        write_snapshot(out, snapshot);
    write_process(out, figures);
}
