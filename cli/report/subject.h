/* subject: what the rows of a report are called: with version and backend where only they tell two
 * rows apart, and without where they do not. */
#ifndef CLI_REPORT_SUBJECT_H
#define CLI_REPORT_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/report/report.h"
#include "common/status.h"

enum { SUBJECT_SIZE = 512 };

/* What names have to say besides model and framework. */
struct subject_naming {
    bool model_version, framework_version, backend, requested_backend;
};

/* Whether both are the same: run, model, framework, their versions and both backends. */
bool subject_same(const struct report_subject *a, const struct report_subject *b);

/* STATUS_MEMORY. */
enum status subject_naming(const struct report *report, struct subject_naming *naming) MUST_CHECK;

/* "BVLC-AlexNet", "BVLC-AlexNet 1.0". Writes into `text`, of SUBJECT_SIZE bytes, and returns it, as
 * the others do. Names too long for it are cut. */
char *subject_model(const struct subject_naming *naming, const char *model, const char *version,
                    char *text);

/* "Caffe", "Caffe 1.0 (local)", "Caffe (auto: local)"; requested may be NULL. */
char *subject_framework(const struct subject_naming *naming, const char *framework,
                        const char *version, const char *backend, const char *requested,
                        char *text);

/* "BVLC-AlexNet, Caffe" */
char *subject_name(const struct subject_naming *naming, const struct report_subject *subject,
                   char *text);

/* Both sides of a comparison, what they share said once: "BVLC-AlexNet: Caffe | TensorFlow",
 * "Caffe: BVLC-AlexNet | SqueezeNet". */
char *subject_pair(const struct subject_naming *naming, const struct report_pair *pair, char *text);

#endif
