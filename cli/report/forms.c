#include "cli/report/forms.h"

#include <string.h>

#include "cli/report/notes.h"
#include "cli/report/report.h"

/* Between the braces of a struct field. */
#define FIELD(type, member, kind) #member, FIELD_##kind, offsetof(struct type, member)
#define SUBJECT(m, kind) #m, FIELD_##kind, offsetof(struct report_accuracy, subject.m)

static const struct field run_fields[] = {{FIELD(report_run, run, TEXT)},
                                          {FIELD(report_run, enqueued, COUNT)},
                                          {FIELD(report_run, pending, COUNT)},
                                          {FIELD(report_run, leased, COUNT)},
                                          {FIELD(report_run, done, COUNT)},
                                          {FIELD(report_run, failed, COUNT)},
                                          {NULL, FIELD_TEXT, 0}};
const struct rows_form report_run_form = {
    .view = "progress", .fields = run_fields, .size = sizeof(struct report_run)};

static const struct field accuracy_fields[] = {
    {SUBJECT(run, TEXT)},
    {SUBJECT(model, TEXT)},
    {SUBJECT(model_version, TEXT)},
    {SUBJECT(framework, TEXT)},
    {SUBJECT(framework_version, TEXT)},
    {SUBJECT(backend, TEXT)},
    {SUBJECT(requested_backend, TEXT)},
    {FIELD(report_accuracy, images, COUNT)},
    {FIELD(report_accuracy, correct, COUNT)},
    {FIELD(report_accuracy, placeholders, COUNT)},
    {FIELD(report_accuracy, duplicates, COUNT)},
    {FIELD(report_accuracy, unnamed, COUNT)},
    {FIELD(report_accuracy, unknown, COUNT)},
    {FIELD(report_accuracy, accuracy, REAL)},
    {"accuracy_low", FIELD_REAL, offsetof(struct report_accuracy, low)},
    {"accuracy_high", FIELD_REAL, offsetof(struct report_accuracy, high)},
    {FIELD(report_accuracy, mean_probability, REAL)},
    {NULL, FIELD_TEXT, 0}};

static int compare_accuracy(const void *a, const void *b)
{
    const struct report_subject *x = &((const struct report_accuracy *)a)->subject;
    const struct report_subject *y = &((const struct report_accuracy *)b)->subject;
    int order = strcmp(x->run, y->run);
    order = order ? order : strcmp(x->model, y->model);
    order = order ? order : strcmp(x->model_version, y->model_version);
    order = order ? order : strcmp(x->framework, y->framework);
    order = order ? order : strcmp(x->framework_version, y->framework_version);
    order = order ? order : strcmp(x->backend, y->backend);
    return order ? order : strcmp(x->requested_backend, y->requested_backend);
}

const struct rows_form report_accuracy_form = {.view = "accuracy",
                                               .fields = accuracy_fields,
                                               .size = sizeof(struct report_accuracy),
                                               .order = compare_accuracy};

#define SIDE_FIELDS(side)                                                                          \
    {FIELD(report_pair, model_##side, TEXT)}, {FIELD(report_pair, model_version_##side, TEXT)},    \
        {FIELD(report_pair, framework_##side, TEXT)},                                              \
        {FIELD(report_pair, framework_version_##side, TEXT)},                                      \
    {                                                                                              \
        FIELD(report_pair, backend_##side, TEXT)                                                   \
    }
static const struct field pair_fields[] = {
    {FIELD(report_pair, run, TEXT)},
    SIDE_FIELDS(a),
    SIDE_FIELDS(b),
    {FIELD(report_pair, requested_backend_a, TEXT)},
    {FIELD(report_pair, requested_backend_b, TEXT)},
    {FIELD(report_pair, scoring, TEXT)},
    {FIELD(report_pair, images, COUNT)},
    {FIELD(report_pair, both, COUNT)},
    {FIELD(report_pair, only_a, COUNT)},
    {FIELD(report_pair, only_b, COUNT)},
    {FIELD(report_pair, neither, COUNT)},
    {FIELD(report_pair, same_first, COUNT)},
    {FIELD(report_pair, same_three, COUNT)},
    {FIELD(report_pair, difference, REAL)},
    {FIELD(report_pair, low, REAL)},
    {FIELD(report_pair, high, REAL)},
    {FIELD(report_pair, p_value, REAL)},
    {FIELD(report_pair, p_holm, REAL)},
    {"max_abs_probability_difference", FIELD_REAL, offsetof(struct report_pair, max_difference)},
    {"mean_abs_probability_difference", FIELD_REAL, offsetof(struct report_pair, mean_difference)},
    {NULL, FIELD_TEXT, 0}};

static const struct field agreement_fields[] = {
    {FIELD(report_pair, run, TEXT)},
    SIDE_FIELDS(a),
    {FIELD(report_pair, requested_backend_a, TEXT)},
    SIDE_FIELDS(b),
    {FIELD(report_pair, requested_backend_b, TEXT)},
    {FIELD(report_pair, images, COUNT)},
    {FIELD(report_pair, same_first, COUNT)},
    {FIELD(report_pair, same_three, COUNT)},
    {FIELD(report_pair, placeholders, COUNT)},
    {FIELD(report_pair, duplicates, COUNT)},
    {"max_abs_probability_difference", FIELD_REAL, offsetof(struct report_pair, max_difference)},
    {"mean_abs_probability_difference", FIELD_REAL, offsetof(struct report_pair, mean_difference)},
    {NULL, FIELD_TEXT, 0}};

int forms_compare_pairs(const void *a, const void *b)
{
    const struct report_pair *x = a, *y = b;
    const char *const names[][2] = {{x->run, y->run},
                                    {x->model_a, y->model_a},
                                    {x->framework_a, y->framework_a},
                                    {x->model_b, y->model_b},
                                    {x->framework_b, y->framework_b},
                                    {x->backend_a, y->backend_a},
                                    {x->backend_b, y->backend_b},
                                    {x->model_version_a, y->model_version_a},
                                    {x->model_version_b, y->model_version_b},
                                    {x->framework_version_a, y->framework_version_a},
                                    {x->framework_version_b, y->framework_version_b},
                                    {x->requested_backend_a, y->requested_backend_a},
                                    {x->requested_backend_b, y->requested_backend_b}};
    int order = 0;
    for (size_t i = 0; order == 0 && i < sizeof names / sizeof names[0]; i++)
        order = strcmp(names[i][0], names[i][1]);
    return order;
}

const struct rows_form report_pair_form = {.view = "comparison",
                                           .fields = pair_fields,
                                           .size = sizeof(struct report_pair),
                                           .order = forms_compare_pairs};
const struct rows_form report_agreement_form = {.view = "agreement",
                                                .fields = agreement_fields,
                                                .size = sizeof(struct report_pair),
                                                .order = forms_compare_pairs};

static const struct field reason_fields[] = {{FIELD(report_reason, run, TEXT)},
                                             {FIELD(report_reason, stage, TEXT)},
                                             {FIELD(report_reason, reason, TEXT)},
                                             {FIELD(report_reason, count, COUNT)},
                                             {NULL, FIELD_TEXT, 0}};

static int compare_reasons(const void *a, const void *b)
{
    const struct report_reason *x = a, *y = b;
    int order = strcmp(x->run, y->run);
    if (!order && x->count != y->count)
        order = x->count > y->count ? -1 : 1;
    return order ? order : strcmp(x->reason, y->reason);
}

const struct rows_form report_reason_form = {.view = "reasons",
                                             .fields = reason_fields,
                                             .size = sizeof(struct report_reason),
                                             .where = "state",
                                             .is = "failed",
                                             .order = compare_reasons};

#define PART(m, kind) #m, FIELD_##kind, offsetof(struct report_calibration, subject.m)
static const struct field calibration_fields[] = {
    {PART(run, TEXT)},
    {PART(model, TEXT)},
    {PART(model_version, TEXT)},
    {PART(framework, TEXT)},
    {PART(framework_version, TEXT)},
    {PART(backend, TEXT)},
    {PART(requested_backend, TEXT)},
    {FIELD(report_calibration, ece, REAL)},
    {FIELD(report_calibration, unusable, COUNT)},
    {"bin_low", FIELD_REAL, offsetof(struct report_calibration, bin.low)},
    {"bin_high", FIELD_REAL, offsetof(struct report_calibration, bin.high)},
    {"mean_confidence", FIELD_REAL, offsetof(struct report_calibration, bin.mean_confidence)},
    {"accuracy", FIELD_REAL, offsetof(struct report_calibration, bin.accuracy)},
    {"images", FIELD_COUNT, offsetof(struct report_calibration, bin.images)},
    {"correct", FIELD_COUNT, offsetof(struct report_calibration, bin.correct)},
    {NULL, FIELD_TEXT, 0}};
const struct rows_form report_calibration_form = {
    .view = "calibration", .fields = calibration_fields, .size = sizeof(struct report_calibration)};

static const struct field latency_fields[] = {
    {FIELD(report_latency, run, TEXT)},    {FIELD(report_latency, backend, TEXT)},
    {FIELD(report_latency, model, TEXT)},  {FIELD(report_latency, stage, TEXT)},
    {FIELD(report_latency, count, COUNT)}, {FIELD(report_latency, p50_ms, REAL)},
    {FIELD(report_latency, p90_ms, REAL)}, {FIELD(report_latency, p99_ms, REAL)},
    {FIELD(report_latency, max_ms, REAL)}, {NULL, FIELD_TEXT, 0}};
const struct rows_form report_latency_form = {
    .view = "latency", .fields = latency_fields, .size = sizeof(struct report_latency)};

static const struct field disagreement_fields[] = {
    {FIELD(report_disagreement, run, TEXT)},
    {FIELD(report_disagreement, url, TEXT)},
    {FIELD(report_disagreement, image_sha256, TEXT)},
    {FIELD(report_disagreement, kind, TEXT)},
    {FIELD(report_disagreement, model_a, TEXT)},
    {FIELD(report_disagreement, framework_a, TEXT)},
    {FIELD(report_disagreement, backend_a, TEXT)},
    {FIELD(report_disagreement, label_a, TEXT)},
    {FIELD(report_disagreement, wnid_a, TEXT)},
    {FIELD(report_disagreement, model_b, TEXT)},
    {FIELD(report_disagreement, framework_b, TEXT)},
    {FIELD(report_disagreement, backend_b, TEXT)},
    {FIELD(report_disagreement, label_b, TEXT)},
    {FIELD(report_disagreement, wnid_b, TEXT)},
    {FIELD(report_disagreement, probability_a, REAL)},
    {FIELD(report_disagreement, probability_b, REAL)},
    {FIELD(report_disagreement, apart, REAL)},
    {FIELD(report_disagreement, same_first, FLAG)},
    {FIELD(report_disagreement, expected_wnid, TEXT)},
    {FIELD(report_disagreement, expected_text, TEXT)},
    {NULL, FIELD_TEXT, 0}};

static int compare_disagreements(const void *a, const void *b)
{
    const struct report_disagreement *x = a, *y = b;
    if (x->apart != y->apart)
        return x->apart > y->apart ? -1 : 1;
    int order = strcmp(x->run, y->run);
    order = order ? order : strcmp(x->url, y->url);
    order = order ? order : strcmp(x->model_a, y->model_a);
    order = order ? order : strcmp(x->framework_a, y->framework_a);
    order = order ? order : strcmp(x->model_b, y->model_b);
    return order ? order : strcmp(x->framework_b, y->framework_b);
}

const struct rows_form report_disagreement_form = {.view = "disagreements",
                                                   .fields = disagreement_fields,
                                                   .size = sizeof(struct report_disagreement),
                                                   .order = compare_disagreements};

static const struct field collection_fields[] = {{FIELD(report_run, run, TEXT)},
                                                 {FIELD(report_run, pictures, COUNT)},
                                                 {FIELD(report_run, placeholders, COUNT)},
                                                 {FIELD(report_run, duplicates, COUNT)},
                                                 {NULL, FIELD_TEXT, 0}};
const struct rows_form report_collection_form = {
    .view = "collection", .fields = collection_fields, .size = sizeof(struct report_run)};

static const struct field unmet_fields[] = {
    {FIELD(report_unmet, run, TEXT)},           {FIELD(report_unmet, expected_wnid, TEXT)},
    {FIELD(report_unmet, expected_text, TEXT)}, {FIELD(report_unmet, urls, COUNT)},
    {FIELD(report_unmet, known, FLAG)},         {NULL, FIELD_TEXT, 0}};
const struct rows_form report_unmet_form = {.view = "unmet",
                                            .fields = unmet_fields,
                                            .size = sizeof(struct report_unmet),
                                            .where = "scoring"};
