#include "cli/report/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_model(const void *a, const void *b)
{
    const struct report_subject *one = a, *other = b;
    int order = strcmp(one->model, other->model);
    return order ? order : strcmp(one->model_version, other->model_version);
}

static int by_framework(const void *a, const void *b)
{
    const struct report_subject *one = a, *other = b;
    int order = strcmp(one->framework, other->framework);
    return order ? order : strcmp(one->framework_version, other->framework_version);
}

static int by_backend(const void *a, const void *b)
{
    const struct report_subject *one = a, *other = b;
    return strcmp(one->backend, other->backend);
}

static int by_all(const void *a, const void *b)
{
    const struct report_subject *one = a, *other = b;
    int order = strcmp(one->run, other->run);
    order = order ? order : by_model(a, b);
    order = order ? order : by_framework(a, b);
    return order ? order : by_backend(a, b);
}

bool subject_same(const struct report_subject *a, const struct report_subject *b)
{
    return by_all(a, b) == 0 && strcmp(a->requested_backend, b->requested_backend) == 0;
}

/* All that rows are about. The sides of pairs do not say which backend was asked for. */
static size_t collect(const struct report *report, struct report_subject *all)
{
    size_t n = 0;
    for (size_t i = 0; i < report->accuracy_count; i++)
        all[n++] = report->accuracy[i].subject;
    for (size_t i = 0; i < report->pair_count; i++) {
        const struct report_pair *pair = &report->pairs[i];
        all[n++] = (struct report_subject){.run = pair->run,
                                           .model = pair->model_a,
                                           .model_version = pair->model_version_a,
                                           .framework = pair->framework_a,
                                           .framework_version = pair->framework_version_a,
                                           .backend = pair->backend_a};
        all[n++] = (struct report_subject){.run = pair->run,
                                           .model = pair->model_b,
                                           .model_version = pair->model_version_b,
                                           .framework = pair->framework_b,
                                           .framework_version = pair->framework_version_b,
                                           .backend = pair->backend_b};
    }
    return n;
}

enum status subject_naming(const struct report *report, struct subject_naming *naming)
{
    struct report_subject *all =
        calloc(report->accuracy_count + 2 * report->pair_count + 1, sizeof *all);
    *naming = (struct subject_naming){0};
    if (!all)
        return STATUS_MEMORY;
    size_t n = collect(report, all);
    qsort(all, n, sizeof *all, by_model);
    for (size_t i = 1; i < n; i++)
        naming->model_version |= strcmp(all[i - 1].model, all[i].model) == 0 &&
                                 strcmp(all[i - 1].model_version, all[i].model_version) != 0;
    qsort(all, n, sizeof *all, by_framework);
    for (size_t i = 1; i < n; i++)
        naming->framework_version |=
            strcmp(all[i - 1].framework, all[i].framework) == 0 &&
            strcmp(all[i - 1].framework_version, all[i].framework_version) != 0;
    qsort(all, n, sizeof *all, by_backend);
    naming->backend = n > 1 && strcmp(all[0].backend, all[n - 1].backend) != 0;
    n = report->accuracy_count;
    for (size_t i = 0; i < n; i++)
        all[i] = report->accuracy[i].subject;
    qsort(all, n, sizeof *all, by_all);
    for (size_t i = 1; i < n; i++)
        naming->requested_backend |= by_all(&all[i - 1], &all[i]) == 0;
    free(all);
    return STATUS_OK;
}

char *subject_model(const struct subject_naming *naming, const char *model, const char *version,
                    char *text)
{
    bool versioned = naming->model_version && version[0];
    snprintf(text, SUBJECT_SIZE, "%s%s%s", model, versioned ? " " : "", versioned ? version : "");
    return text;
}

char *subject_framework(const struct subject_naming *naming, const char *framework,
                        const char *version, const char *backend, const char *requested, char *text)
{
    bool versioned = naming->framework_version && version[0];
    bool asked = naming->requested_backend && requested;
    bool answered = naming->backend || asked;
    snprintf(text, SUBJECT_SIZE, "%s%s%s%s%s%s%s%s", framework, versioned ? " " : "",
             versioned ? version : "", answered ? " (" : "", asked ? requested : "",
             asked ? ": " : "", answered ? backend : "", answered ? ")" : "");
    return text;
}

char *subject_name(const struct subject_naming *naming, const struct report_subject *subject,
                   char *text)
{
    char model[SUBJECT_SIZE], framework[SUBJECT_SIZE];
    subject_model(naming, subject->model, subject->model_version, model);
    subject_framework(naming, subject->framework, subject->framework_version, subject->backend,
                      subject->requested_backend, framework);
    snprintf(text, SUBJECT_SIZE, "%.254s, %.254s", model, framework);
    return text;
}

char *subject_pair(const struct subject_naming *naming, const struct report_pair *pair, char *text)
{
    char model_a[SUBJECT_SIZE], model_b[SUBJECT_SIZE], by_a[SUBJECT_SIZE], by_b[SUBJECT_SIZE];
    subject_model(naming, pair->model_a, pair->model_version_a, model_a);
    subject_model(naming, pair->model_b, pair->model_version_b, model_b);
    subject_framework(naming, pair->framework_a, pair->framework_version_a, pair->backend_a, NULL,
                      by_a);
    subject_framework(naming, pair->framework_b, pair->framework_version_b, pair->backend_b, NULL,
                      by_b);
    if (strcmp(model_a, model_b) == 0)
        snprintf(text, SUBJECT_SIZE, "%.160s: %.160s | %.160s", model_a, by_a, by_b);
    else if (strcmp(by_a, by_b) == 0)
        snprintf(text, SUBJECT_SIZE, "%.160s: %.160s | %.160s", by_a, model_a, model_b);
    else
        snprintf(text, SUBJECT_SIZE, "%.120s, %.120s | %.120s, %.120s", model_a, by_a, model_b,
                 by_b);
    return text;
}
