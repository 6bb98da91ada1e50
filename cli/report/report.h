/* report: the numbers of a report, read once, for the terminal, JSON and HTML alike.
 *
 * Everything is small whatever the run's size: rows are per target, pair, reason, bin or moment.
 * Texts are UTF-8 as recorded: whoever shows them escapes them. A double is NAN where there is
 * nothing to compute it from.
 */
#ifndef CLI_REPORT_REPORT_H
#define CLI_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "common/store/store.h"

enum report_scoring { REPORT_ISA, REPORT_SUBSTRING, REPORT_SEED };

struct report_narrowing; /* narrow.h */

struct report_options {
    const char *run;             /* NULL: all runs */
    const char *database;        /* path, for the second reader */
    enum report_scoring scoring; /* of accuracy, calibration and comparison */
    bool include_placeholders, include_duplicates;
    const struct report_narrowing *narrowing; /* NULL: all models and frameworks */
    bool details;         /* also latency, timeline, disagreements and pictures */
    size_t disagreements; /* at most so many, the most telling first */
};

/* Whom a row is about. Versions are "" where none was named. */
struct report_subject {
    const char *run, *model, *model_version, *framework, *framework_version;
    const char *backend;           /* that answered */
    const char *requested_backend; /* that was asked for */
};

struct report_accuracy {
    struct report_subject subject;
    uint64_t images, correct;
    uint64_t placeholders, duplicates; /* left out; with seed: envelopes in placeholders */
    double accuracy, low, high;        /* 95 % interval of Wilson */
    double mean_probability;
    double ece;                /* expected calibration error; NAN under seed */
    uint64_t unnamed, unknown; /* of isa: wrong, but without a synset id, or one nobody knows */
    uint64_t unusable;         /* images whose first probability is not within 0 and 1 */
    bool impossible;           /* nothing recorded could meet what is expected: see notes */
};

/* A bar of a reliability diagram; `subject` is an index into accuracy. */
struct report_bin {
    size_t subject;
    double low, high, mean_confidence, accuracy;
    uint64_t images, correct;
};

struct report_pair {
    const char *run;
    const char *model_a, *model_version_a, *framework_a, *framework_version_a, *backend_a;
    const char *model_b, *model_version_b, *framework_b, *framework_version_b, *backend_b;
    const char *requested_backend_a, *requested_backend_b;
    const char
        *scoring; /* "isa" or "substring"; "none" where none of the pictures can be scored, */
    bool scored;  /* and then false: only agreement is known */
    uint64_t both, only_a, only_b, neither;  /* of the pictures that can be scored */
    uint64_t images, same_first, same_three; /* of all pictures that both answered about */
    uint64_t placeholders, duplicates;       /* left out of all these */
    double difference, low, high;            /* of the accuracies, a minus b */
    double p_value, p_holm; /* exact McNemar, and corrected over all pairs of the run */
    double max_difference, mean_difference; /* of probabilities, absolute, of all pictures */
};

struct report_reason {
    const char *run, *stage, *reason;
    uint64_t count;
};

struct report_latency {
    const char *run, *backend, *model, *stage;
    uint64_t count;
    double p50_ms, p90_ms, p99_ms, max_ms;
};

/* Outcomes within `seconds` from `started_s` (Unix time). Moments without any are left out. */
struct report_moment {
    const char *run;
    int64_t started_s;
    uint64_t done, failed;
};

struct report_disagreement {
    const char *run, *url, *image_sha256, *kind;
    const char *model_a, *framework_a, *backend_a, *label_a, *wnid_a; /* wnid: NULL if unknown */
    const char *model_b, *framework_b, *backend_b, *label_b, *wnid_b;
    double probability_a, probability_b, apart;
    bool same_first;
    const char *expected_wnid, *expected_text; /* NULL: none */
};

/* How much of each run there is. */
struct report_run {
    const char *run;
    uint64_t enqueued, pending, leased, done, failed;
    uint64_t pictures, placeholders, duplicates; /* different ones; details only: URLs of them */
    uint64_t pairs_left_out; /* of answers about the same bytes; 0 where any pair counts */
};

struct report {
    struct report_options options; /* as asked for */
    size_t run_count, accuracy_count, pair_count, reason_count;
    struct report_run *runs;
    struct report_accuracy *accuracy; /* by run, model, framework, backend */
    struct report_pair *pairs;        /* each two that answered about the same bytes once */
    size_t comparison_count;
    struct report_pair
        *comparison; /* rows of the view: a pair may also have one of scoring "none" */
    struct report_reason *reasons; /* of failed jobs, most frequent first within a run */
    size_t bin_count;
    struct report_bin *bins; /* not under seed */
    /* Details. */
    size_t latency_count, moment_count, disagreement_count;
    struct report_latency *latency;
    uint32_t moment_seconds; /* 10 times a power of two, so that a run has at most 256 moments */
    struct report_moment *moments;
    struct report_disagreement *disagreements;
    bool scored; /* anything, before it was narrowed */
    /* The first word of the narrowing that nothing answers to, and its option; NULL: none. */
    const char *unmatched, *unmatched_option;
    /* What a reader must know to read the numbers right, one sentence each. */
    size_t note_count;
    const char **notes;
    void *memory; /* owned by the report */
};

/* "isa", "substring", "seed". STATUS_USAGE for another word. */
enum status report_scoring_parse(const char *word, enum report_scoring *scoring) MUST_CHECK;
const char *report_scoring_name(enum report_scoring scoring);

/* Reads it all from `store` (opened STORE_READ, and good for nothing but store_close afterwards);
 * accuracy and comparison at the same time on a second connection and thread, both of one moment.
 * Of comparison, seed means substring. STATUS_NO: there is no such run. Caller frees *out. */
enum status report_read(struct store *store, const struct report_options *options,
                        struct report **out, struct error *error) MUST_CHECK;
/* What has to be known of the numbers of `isa`, which stand beside those of the report. */
enum status report_note_beside(struct report *report, const struct report *isa) MUST_CHECK;

void report_free(struct report *report);

#endif
