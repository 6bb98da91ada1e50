/* forms: which view, columns and order each array of a report comes from. */
#ifndef CLI_REPORT_FORMS_H
#define CLI_REPORT_FORMS_H

#include "cli/report/report.h"
#include "cli/report/rows.h"

/* A row of the view calibration: a bar, and what is true of its subject. */
struct report_calibration {
    struct report_subject subject;
    struct report_bin bin;
    double ece;
    uint64_t unusable;
};

/* The rows are struct report_run, with what the view has. */
extern const struct rows_form report_run_form, report_collection_form;

/* The rows are struct report_X; those of agreement are struct report_pair, with what the view has.
 */
extern const struct rows_form report_accuracy_form, report_calibration_form, report_pair_form,
    report_agreement_form, report_reason_form, report_latency_form, report_disagreement_form,
    report_unmet_form;

/* Orders struct report_pair; 0 for the same two of one run only. */
int forms_compare_pairs(const void *a, const void *b);

#endif
