/* report_fixture: a report by hand: two models, two frameworks, one run. */
#ifndef TESTS_LIB_REPORT_FIXTURE_H
#define TESTS_LIB_REPORT_FIXTURE_H

#include "cli/report/report.h"

/* Rows that tests may change before they use `report`, which points at them. */
struct report_fixture {
    struct report report;
    struct report_run runs[2];
    struct report_accuracy accuracy[4];
    struct report_pair pairs[2];
    struct report_reason reasons[2];
    struct report_bin bins[3];
    struct report_latency latency[2];
    struct report_moment moments[1];
    struct report_disagreement disagreements[1];
    const char *notes[1];
};

/* AlexNet and GoogLeNet, each by Caffe and TensorFlow, of run "bears", scored by isa. */
void report_fixture(struct report_fixture *fixture);

/* The same without anything in it: a database that has no run. */
void report_fixture_empty(struct report_fixture *fixture);

#endif
