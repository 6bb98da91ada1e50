#include "tests/lib/report_fixture.h"

#include <math.h>
#include <string.h>

static struct report_accuracy accuracy(const char *model, const char *framework, double share)
{
    return (struct report_accuracy){
        .subject = {.run = "bears",
                    .model = model,
                    .model_version = "1.0",
                    .framework = framework,
                    .framework_version = "1.0",
                    .backend = "carml",
                    .requested_backend = "auto"},
        .images = 4000,
        .correct = (uint64_t)(share * 4000),
        .placeholders = 684,
        .duplicates = 81,
        .accuracy = share,
        .low = share - 0.012,
        .high = share + 0.012,
        .mean_probability = share - 0.1,
        .ece = NAN,
    };
}

static struct report_pair pair(const char *model)
{
    return (struct report_pair){
        .run = "bears",
        .model_a = model,
        .model_version_a = "1.0",
        .framework_a = "Caffe",
        .framework_version_a = "1.0",
        .backend_a = "carml",
        .model_b = model,
        .model_version_b = "1.0",
        .framework_b = "TensorFlow",
        .framework_version_b = "1.0",
        .backend_b = "carml",
        .scoring = "isa",
        .scored = true,
        .images = 4000,
        .both = 2600,
        .only_a = 12,
        .only_b = 40,
        .neither = 1348,
        .same_first = 3900,
        .same_three = 3500,
        .difference = -0.007,
        .low = -0.0106,
        .high = -0.0034,
        .p_value = 0.00012,
        .p_holm = 0.00024,
        .max_difference = 0.4125,
        .mean_difference = 0.0132,
    };
}

void report_fixture_empty(struct report_fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->report = (struct report){.options = {.run = NULL, .scoring = REPORT_ISA},
                                      .runs = fixture->runs,
                                      .accuracy = fixture->accuracy,
                                      .pairs = fixture->pairs,
                                      .comparison = fixture->pairs,
                                      .reasons = fixture->reasons,
                                      .bins = fixture->bins,
                                      .latency = fixture->latency,
                                      .moments = fixture->moments,
                                      .moment_seconds = 20,
                                      .disagreements = fixture->disagreements,
                                      .notes = fixture->notes};
}

static void fill_details(struct report_fixture *fixture)
{
    struct report *report = &fixture->report;
    report->bin_count = 3;
    for (size_t i = 0; i < 3; i++)
        fixture->bins[i] = (struct report_bin){.subject = i,
                                               .low = 0.9,
                                               .high = 1,
                                               .mean_confidence = 0.97,
                                               .accuracy = 0.9,
                                               .images = 10,
                                               .correct = 9};
    report->latency_count = 2;
    fixture->latency[0] =
        (struct report_latency){"bears", "carml", "AlexNet", "fetch", 4000, 1, 2, 3, 4};
    fixture->latency[1] =
        (struct report_latency){"bears", "carml", "GoogLeNet", "fetch", 4000, 1, 2, 3, NAN};
    report->moment_count = 1;
    fixture->moments[0] = (struct report_moment){"bears", 1511956800, 7, 1};
    report->disagreement_count = 1;
    fixture->disagreements[0] = (struct report_disagreement){.run = "bears",
                                                             .url = "http://host.example/1.jpg",
                                                             .image_sha256 = "00",
                                                             .kind = "jpeg",
                                                             .model_a = "AlexNet",
                                                             .framework_a = "Caffe",
                                                             .backend_a = "carml",
                                                             .label_a = "n02132136 brown bear",
                                                             .wnid_a = "n02132136",
                                                             .model_b = "AlexNet",
                                                             .framework_b = "TensorFlow",
                                                             .backend_b = "carml",
                                                             .label_b = "teddy",
                                                             .probability_a = 0.9,
                                                             .probability_b = 0.8,
                                                             .apart = 0.7,
                                                             .expected_wnid = "n02131653"};
}

void report_fixture(struct report_fixture *fixture)
{
    report_fixture_empty(fixture);
    struct report *report = &fixture->report;
    report->run_count = 1;
    fixture->runs[0] = (struct report_run){.run = "bears",
                                           .enqueued = 20000,
                                           .pending = 30,
                                           .leased = 10,
                                           .done = 19060,
                                           .failed = 900};
    report->accuracy_count = 4;
    fixture->accuracy[0] = accuracy("AlexNet", "Caffe", 0.75);
    fixture->accuracy[1] = accuracy("AlexNet", "TensorFlow", 0.7345);
    fixture->accuracy[2] = accuracy("GoogLeNet", "Caffe", 0.875);
    fixture->accuracy[3] = accuracy("GoogLeNet", "TensorFlow", 0.8);
    report->pair_count = report->comparison_count = 2;
    fixture->pairs[0] = pair("AlexNet");
    fixture->pairs[1] = pair("GoogLeNet");
    report->reason_count = 2;
    fixture->reasons[0] = (struct report_reason){"bears", "fetch", "http_not_found", 899};
    fixture->reasons[1] = (struct report_reason){"bears", "validate", "too_costly", 1};
    report->note_count = 1;
    fixture->notes[0] = "Somebody must know this.";
    fill_details(fixture);
}
