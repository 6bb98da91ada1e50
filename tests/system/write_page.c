/* write_page: pages of made-up reports, for looking at them and for the tests of the page.
 *
 *   write_page usual|large|hostile|unknown|empty|none FILE [PICTURES SHA256]
 *
 * usual: three models by two frameworks. large: 31 by three, and nearly everything failed. hostile:
 * names that are markup, very long, written from right to left, or not text at all. unknown: every
 * number is missing. empty: a run without anything. none: no run at all. The numbers are drawn from
 * a generator that always starts alike.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/html.h"
#include "tests/lib/random.h"

enum { MOMENTS = 90, BINS = 10, TEXTS = 4096 };

static char texts[TEXTS][128];
static size_t text_count;
static uint64_t numbers = 2017;

static double draw(double low, double high)
{
    return random_between(&numbers, low, high);
}

static const char *numbered(const char *name, size_t number)
{
    snprintf(texts[text_count], sizeof texts[0], "%.40s-%zu", name, number);
    return texts[text_count++];
}

struct names {
    const char *run, *models[31], *frameworks[3], *label_a, *label_b, *url, *backend;
    size_t model_count, framework_count;
};

static void wilson(double p, double n, double *low, double *high)
{
    double z2n = 3.841458820694124 / n, half = sqrt(z2n * (p * (1 - p) + z2n / 4));
    *low = (p + z2n / 2 - half) / (1 + z2n);
    *high = (p + z2n / 2 + half) / (1 + z2n);
}

static void fill_accuracy(struct report *report, const struct names *names)
{
    for (size_t m = 0; m < names->model_count; m++)
        for (size_t f = 0; f < names->framework_count; f++) {
            struct report_accuracy *row = &report->accuracy[report->accuracy_count];
            uint64_t images = (uint64_t)draw(900, 4800);
            double share = 0.62 + 0.3 * (double)(m % 7) / 7 + draw(-0.02, 0.02);
            *row = (struct report_accuracy){
                .subject = {names->run, names->models[m], m % 3 == 1 ? "1.0" : "",
                            names->frameworks[f], "", names->backend, "auto"},
                .images = images,
                .correct = (uint64_t)(share * (double)images),
                .placeholders = 684,
                .duplicates = 12,
                .mean_probability = share - 0.06,
                .ece = draw(0.02, 0.15)};
            row->accuracy = (double)row->correct / (double)images;
            wilson(row->accuracy, (double)images, &row->low, &row->high);
            for (int b = 0; b < BINS; b++) {
                struct report_bin *bin = &report->bins[report->bin_count++];
                *bin = (struct report_bin){.subject = report->accuracy_count,
                                           .low = b / 10.0,
                                           .high = (b + 1) / 10.0,
                                           .mean_confidence = (b + draw(0.3, 0.7)) / 10,
                                           .images = images / 40 * (uint64_t)(1 + b * b / 8)};
                bin->accuracy = fmin(1, fmax(0, (b + 0.5) / 10 + draw(-0.15, 0.12)));
                bin->correct = (uint64_t)(bin->accuracy * (double)bin->images);
            }
            report->accuracy_count++;
        }
}

static void add_pair(struct report *report, const struct report_accuracy *a,
                     const struct report_accuracy *b)
{
    const struct report_subject *x = &a->subject, *y = &b->subject;
    double difference = a->accuracy - b->accuracy;
    uint64_t only_a = (uint64_t)draw(2, 60), only_b = (uint64_t)draw(2, 60);
    double p = fmin(1, exp(-fabs(difference) * draw(50, 300)));
    report->pairs[report->pair_count++] =
        (struct report_pair){.run = x->run,
                             .model_a = x->model,
                             .model_version_a = x->model_version,
                             .framework_a = x->framework,
                             .framework_version_a = "",
                             .backend_a = x->backend,
                             .model_b = y->model,
                             .model_version_b = y->model_version,
                             .framework_b = y->framework,
                             .framework_version_b = "",
                             .backend_b = y->backend,
                             .scoring = "isa",
                             .scored = true,
                             .images = 1000,
                             .both = 1000 - only_a - only_b - 150,
                             .only_a = only_a,
                             .only_b = only_b,
                             .neither = 150,
                             .same_first = 987,
                             .same_three = 940,
                             .difference = difference,
                             .low = difference - draw(0.005, 0.02),
                             .high = difference + draw(0.005, 0.02),
                             .p_value = p,
                             .p_holm = fmin(1, 3 * p),
                             .max_difference = draw(0, 1) < 0.5 ? 3.1e-7 : draw(0.01, 0.4),
                             .mean_difference = draw(0, 1) < 0.5 ? 4.2e-9 : draw(0.001, 0.05)};
}

static void fill_pairs(struct report *report)
{
    for (size_t i = 0; i < report->accuracy_count; i++)
        for (size_t k = i + 1; k < report->accuracy_count; k++) {
            const struct report_accuracy *a = &report->accuracy[i], *b = &report->accuracy[k];
            if (strcmp(a->subject.model, b->subject.model) == 0 ||
                strcmp(a->subject.framework, b->subject.framework) == 0)
                add_pair(report, a, b);
        }
}

static void fill_times(struct report *report, const struct names *names)
{
    static const char *const stages[] = {"fetch", "validate", "predict"};
    static const double medians[] = {180, 2.4, 31};
    for (size_t m = 0; m < names->model_count; m++)
        for (size_t s = 0; s < 3; s++) {
            double p50 = medians[s] * draw(0.7, 1.6);
            report->latency[report->latency_count++] = (struct report_latency){
                names->run, names->backend, names->models[m],  stages[s], 4081,
                p50,        p50 * 2.2,      p50 * draw(4, 20), p50 * 60};
        }
    report->moment_seconds = 40;
    for (int i = 0; i < MOMENTS; i++)
        if (i % 29 != 13)
            report->moments[report->moment_count++] = (struct report_moment){
                names->run, 1795420800 + 40 * i,
                names->model_count > 3 ? i == 7 : (uint64_t)draw(60, 110),
                i % 5 ? (uint64_t)draw(0, names->model_count > 3 ? 5000 : 12) : 0};
}

static void fill_reasons(struct report *report, const struct names *names)
{
    static const enum reason reasons[] = {REASON_http_not_found, REASON_dns_failed,
                                          REASON_html,           REASON_truncated,
                                          REASON_fetch_timeout,  REASON_predict_timeout};
    static const uint64_t counts[] = {1204, 389, 61, 24, 9, 1};
    for (size_t i = 0; i < 6; i++)
        report->reasons[report->reason_count++] = (struct report_reason){
            names->run, stage_name(reason_stage(reasons[i])), reason_name(reasons[i]), counts[i]};
}

static void fill_disagreements(struct report *report, const struct names *names, const char *sha256)
{
    for (size_t i = 0; i < 9; i++) {
        /* The first two are about one picture. */
        snprintf(texts[text_count], sizeof texts[0], "%.90s&n=%zu", names->url, i ? i : 1);
        report->disagreements[report->disagreement_count++] = (struct report_disagreement){
            .run = names->run,
            .url = i == 4 ? "ftp://host.example/1.jpg" : texts[text_count++],
            .image_sha256 = i % 3 == 2 ? "not a hash" : sha256,
            .kind = "jpeg",
            .model_a = names->models[i % names->model_count],
            .framework_a = names->frameworks[0],
            .backend_a = names->backend,
            .label_a = names->label_a,
            .wnid_a = "n02132136",
            .model_b = names->models[i % names->model_count],
            .framework_b = names->frameworks[1],
            .backend_b = names->backend,
            .label_b = i == 3 ? names->label_a : names->label_b,
            .wnid_b = i == 5 ? NULL : "n02106550",
            .probability_a = draw(0.5, 1),
            .probability_b = draw(0.2, 0.9),
            .apart = draw(0, 1),
            .same_first = i == 3,
            .expected_wnid = i == 6 ? NULL : "n02131653",
            .expected_text = i == 6 || i == 7 ? NULL : "bear"};
    }
}

static void forget(double *value)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY};
    *value = odd[(size_t)draw(0, 2.999)];
}

/* Nothing has a number. */
static void forget_all(struct report *report)
{
    for (size_t i = 0; i < report->accuracy_count; i++) {
        struct report_accuracy *row = &report->accuracy[i];
        row->images = row->correct = 0;
        forget(&row->accuracy), forget(&row->low), forget(&row->high);
        forget(&row->mean_probability), forget(&row->ece);
    }
    for (size_t i = 0; i < report->pair_count; i++) {
        struct report_pair *row = &report->pairs[i];
        row->scored = i % 2, row->images = 0;
        forget(&row->difference), forget(&row->low), forget(&row->high), forget(&row->p_value);
        forget(&row->p_holm), forget(&row->max_difference), forget(&row->mean_difference);
    }
    for (size_t i = 0; i < report->bin_count; i++) {
        struct report_bin *row = &report->bins[i];
        row->images = row->correct = 0;
        forget(&row->accuracy), forget(&row->mean_confidence);
    }
    for (size_t i = 0; i < report->latency_count; i++) {
        struct report_latency *row = &report->latency[i];
        forget(&row->p50_ms), forget(&row->p90_ms), forget(&row->p99_ms), forget(&row->max_ms);
    }
    for (size_t i = 0; i < report->disagreement_count; i++) {
        forget(&report->disagreements[i].probability_a);
        forget(&report->disagreements[i].probability_b);
    }
}

static struct names names_of(const char *kind)
{
    struct names names = {.run = "bears",
                          .models = {"BVLC-AlexNet", "GoogLeNet", "ResNet152"},
                          .frameworks = {"Caffe", "TensorFlow"},
                          .label_a = "brown bear, bruin, Ursus arctos",
                          .label_b = "Rottweiler",
                          .url = "http://farm4.static.example/3022/2931234567_a1b2c3d4e5.jpg",
                          .backend = "local",
                          .model_count = 3,
                          .framework_count = 2};
    if (strcmp(kind, "large") == 0) {
        names.frameworks[names.framework_count++] = "ONNX";
        for (names.model_count = 0; names.model_count < 31; names.model_count++)
            names.models[names.model_count] = numbered("SqueezeNet", names.model_count + 1);
    } else if (strcmp(kind, "hostile") == 0) {
        names.run = "<img src=x onerror=alert(1)>";
        names.models[0] = "\"'&<script>alert(2)</script>]]>";
        names.models[1] = "\u0634\u0628\u0643\u0629 \u0639\u0635\u0628\u064a\u0629 "
                          "\u05e8\u05e9\u05ea \u202egnorw\u202c \U0001f43b\u200d\u2744\ufe0f";
        names.models[2] =
            "AVeryLongNameWithoutAnyPlaceToBreakItThatSomebodyChoseForAModelBecauseTheyCould"
            "AndWhichGoesOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOnAndOn";
        names.frameworks[0] = "Caffe</title></style><b>";
        names.frameworks[1] = "Tensor\tFlow\n\x01\x7f\xff\xc2\x85 with a name that is long";
        names.label_a = "</td></table><iframe srcdoc=\"x\">";
        names.label_b = "--><!-- \u200f\u0645\u0631\u062d\u0628\u0627 $`\\";
        names.url = "http://host.example/'\"><svg onload=alert(3)>?a=1&b=2";
    }
    return names;
}

static void *rows(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory)
        abort();
    return memory;
}

static void allocate(struct report *report)
{
    report->runs = rows(1, sizeof *report->runs);
    report->accuracy = rows(93, sizeof *report->accuracy);
    report->pairs = rows(93 * 93, sizeof *report->pairs);
    report->reasons = rows(8, sizeof *report->reasons);
    report->bins = rows(93 * BINS, sizeof *report->bins);
    report->latency = rows(93, sizeof *report->latency);
    report->moments = rows(MOMENTS, sizeof *report->moments);
    report->disagreements = rows(9, sizeof *report->disagreements);
    report->notes = rows(2, sizeof *report->notes);
}

static void release(struct report *report)
{
    free(report->runs);
    free(report->accuracy);
    free(report->pairs);
    free(report->reasons);
    free(report->bins);
    free(report->latency);
    free(report->moments);
    free(report->disagreements);
    free(report->notes);
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 5)
        return 2;
    const char *kind = argv[1];
    bool hostile = strcmp(kind, "hostile") == 0;
    struct names names = names_of(kind);
    struct report report = {.options = {.run = names.run,
                                        .database = hostile ? "/tmp/<b>it's $(x) \"a\".db"
                                                            : "/var/lib/carmlbench/carmlbench.db",
                                        .scoring = REPORT_ISA,
                                        .details = true,
                                        .disagreements = 9}};
    struct html_options options = {.pictures = argc == 5 ? argv[3] : NULL,
                                   .limits = image_default_limits(),
                                   .now_s = 1795420800};
    struct error error;

    allocate(&report);
    report.runs[report.run_count++] = (struct report_run){.run = names.run};
    if (strcmp(kind, "none") == 0) {
        report.run_count = 0;
        report.options.run = NULL;
    } else if (strcmp(kind, "empty") != 0) {
        report.runs[0] = (struct report_run){names.run, 12852, 0, 0, 11164, 1688, 4767, 684, 12, 0};
        fill_accuracy(&report, &names);
        fill_pairs(&report);
        fill_times(&report, &names);
        fill_reasons(&report, &names);
        fill_disagreements(&report, &names, argc == 5 ? argv[4] : "not a hash");
        report.notes[report.note_count++] = "Of the nine labels that contain \"bear\" only four "
                                            "are bears: isa and substring differ.";
    }
    if (strcmp(kind, "unknown") == 0)
        forget_all(&report);
    enum status status = report_write_html(&report, &options, argv[2], &error);
    if (status)
        fprintf(stderr, "%s\n", error.text);
    release(&report);
    return status != STATUS_OK;
}
