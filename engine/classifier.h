/* classifier: a manifest made runnable: graph, weights, labels and preprocessing -> the best
 * classes.
 *
 * The classifier is immutable and shared; each thread works with a session of its own.
 */
#ifndef ENGINE_CLASSIFIER_H
#define ENGINE_CLASSIFIER_H

#include "common/image/image.h"
#include "common/labels.h"
#include "engine/engine.h"
#include "model/manifest.h"

struct classifier;
struct classifier_session;

/* One class of an answer. `label` is the whole line of the label file. */
struct ranked {
    uint32_t index;
    float probability;
    const char *label;
};

/* Loads everything the manifest names (local files only), verifies checksums, and checks that there
 * are at least as many labels as classes: fewer is STATUS_DATA. The manifest must outlive *out. */
enum status classifier_open(const struct manifest *manifest, const struct engine_options *options,
                            struct classifier **out, struct error *error) MUST_CHECK;
void classifier_free(struct classifier *classifier);

size_t classifier_classes(const struct classifier *classifier);
const struct labels *classifier_labels(const struct classifier *classifier);
const struct manifest *classifier_manifest(const struct classifier *classifier);

/* SHA-256 over the graph and weights files, lower-case hexadecimal; recorded with results. */
const char *classifier_model_sha256(const struct classifier *classifier);
const char *classifier_kernel_name(const struct classifier *classifier);

enum status classifier_session_create(const struct classifier *classifier,
                                      struct classifier_session **out,
                                      struct error *error) MUST_CHECK;
void classifier_session_free(struct classifier_session *session);

/* Classifies one picture. On success *probabilities points at classifier_classes() floats that live
 * until the session's next call. Bad pictures: errors and *reason as image_decode. */
enum status classifier_run(struct classifier_session *session, const void *bytes, size_t size,
                           const struct image_limits *limits, const float **probabilities,
                           enum reason *reason, struct error *error) MUST_CHECK;

/* The `k` highest of `n` values, by value descending, then by index ascending; NaN sorts last.
 * Returns how many were written (min(k, n)); `label` is left NULL. Any thread. */
size_t top_k(const float *values, size_t n, struct ranked *best, size_t k);

#endif
