/* forms: which view, columns and order each array of a report comes from. */
#ifndef CLI_REPORT_FORMS_H
#define CLI_REPORT_FORMS_H

#include "cli/report/rows.h"

extern const struct rows_form report_run_form, report_accuracy_form, report_pair_form,
    report_reason_form;

#endif
