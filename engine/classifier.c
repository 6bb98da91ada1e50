#include "engine/classifier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "engine/preprocess.h"
#include "model/model.h"
#include "model/shape.h"

struct classifier {
    const struct manifest *manifest;
    struct graph *graph;
    struct engine *engine;
    struct labels *labels;
    size_t input, output; /* places among the network's inputs and outputs */
    size_t classes;
    struct preprocessing how; /* the manifest's, with the layout that the graph's input has here */
    char sha256[SHA256_HEX_SIZE];
};

struct classifier_session {
    const struct classifier *classifier;
    struct session *session;
    const struct tensor *input, *output;
    float *softmax; /* classes of them; NULL when the network ends in probabilities itself */
};

static enum status check_manifest(const struct manifest *manifest, struct error *error)
{
    const char *path = manifest->path;
    const char *missing = manifest_missing(manifest);
    if (missing)
        return error_set(error, STATUS_UNAVAILABLE,
                         "%s: %s is not on this machine; fetch it and let the manifest name "
                         "the local file",
                         path, missing);
    if (!manifest->preprocessing.width)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: dimensions: missing; the local engine needs [3, height, width]",
                         path);
    return STATUS_OK;
}

static enum status load_graph(struct classifier *classifier, struct error *error)
{
    const struct manifest *manifest = classifier->manifest;
    const char *weights = manifest->weights_path;
    char *spec;
    if (asprintf(&spec, "%s%s%s", manifest->graph_path, weights ? "," : "",
                 weights ? weights : "") < 0)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", manifest->path);
    enum status status = model_load(spec, NULL, &classifier->graph, error);
    free(spec);
    return status;
}

static enum status hash_model(struct classifier *classifier, struct error *error)
{
    const struct manifest *manifest = classifier->manifest;
    const char *paths[] = {manifest->graph_path, manifest->weights_path};
    return hash_sha256_files(paths, paths[1] ? 2 : 1, classifier->sha256, error);
}

/* Finds the tensor that the manifest names, or the only one. */
static enum status find_tensor(const struct classifier *classifier, const char *what,
                               const char *name, const struct session *session,
                               const struct tensor *(*at)(const struct session *, size_t),
                               size_t *index, struct error *error)
{
    const char *path = classifier->manifest->path;
    size_t count = 0;
    for (; at(session, count); count++)
        if (name && strcmp(at(session, count)->name, name) == 0) {
            *index = count;
            return STATUS_OK;
        }
    if (name)
        return error_set(error, STATUS_DATA, "%s: the network has no %s called '%s'%s%s", path,
                         what, name, count ? "; the first is " : "",
                         count ? at(session, 0)->name : "");
    if (count != 1)
        return error_set(error, STATUS_DATA,
                         "%s: the network has %zu %ss; the manifest must name one", path, count,
                         what);
    *index = 0;
    return STATUS_OK;
}

/* Graphs of TensorFlow take N,H,W,C; the engine has their inputs as N,C,H,W. */
static bool is_turned(const struct classifier *classifier)
{
    const struct graph *graph = classifier->graph;

    return graph->values[graph->inputs[classifier->input]].turned;
}

/* The manifest says what the file's own input is. */
static enum status check_input(struct classifier *classifier, const struct tensor *input,
                               struct error *error)
{
    struct preprocessing *how = &classifier->how;
    bool planes = how->layout == LAYOUT_CHW, turned = is_turned(classifier);
    const int64_t wanted[4] = {1, planes ? 3 : how->height, planes ? how->height : how->width,
                               planes ? how->width : 3};
    struct shape expected = {.dims = 4}, own = {.dims = input->dims};
    char first[SHAPE_TEXT], second[SHAPE_TEXT];

    memcpy(expected.dim, wanted, sizeof wanted);
    memcpy(own.dim, input->shape, sizeof own.dim);
    if (turned && input->dims == 4)
        own = (struct shape){4, {own.dim[0], own.dim[2], own.dim[3], own.dim[1]}};
    if (!shape_equal(&own, &expected))
        return error_set(error, STATUS_DATA,
                         "%s: dimensions and layout make %s, but the network's input %s is %s; "
                         "they must be equal",
                         classifier->manifest->path, shape_text(&expected, first), input->name,
                         shape_text(&own, second));
    if (turned)
        how->layout = LAYOUT_CHW;
    return STATUS_OK;
}

static enum status check_classes(const struct classifier *classifier, struct error *error)
{
    const struct manifest *manifest = classifier->manifest;
    size_t labels = labels_count(classifier->labels);
    if (labels >= classifier->classes)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "%s: %zu labels for %zu classes; it is not the label file of this network",
                     manifest->labels_path, labels, classifier->classes);
}

/* A first session tells the shapes, and that there is memory for one. */
static enum status inspect(struct classifier *classifier, struct error *error)
{
    const struct manifest *manifest = classifier->manifest;
    struct session *session;
    enum status status = session_create(classifier->engine, &session, error);
    if (status)
        return status;
    status = find_tensor(classifier, "input", manifest->input_layer, session, session_input,
                         &classifier->input, error);
    if (!status)
        status = find_tensor(classifier, "output", manifest->output_layer, session, session_output,
                             &classifier->output, error);
    if (!status)
        status = check_input(classifier, session_input(session, classifier->input), error);
    if (!status) {
        classifier->classes = session_output(session, classifier->output)->count;
        status = check_classes(classifier, error);
    }
    session_free(session);
    return status;
}

enum status classifier_open(const struct manifest *manifest, const struct engine_options *options,
                            struct classifier **out, struct error *error)
{
    struct engine_options single = *options;
    struct classifier *classifier = calloc(1, sizeof *classifier);
    *out = NULL;
    if (!classifier)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", manifest->path);
    single.batch = 1;
    classifier->manifest = manifest;
    classifier->how = manifest->preprocessing;
    enum status status = check_manifest(manifest, error);
    if (!status)
        status = manifest_verify(manifest, error);
    if (!status)
        status = load_graph(classifier, error);
    if (!status)
        status = labels_read(manifest->labels_path, &classifier->labels, error);
    if (!status)
        status = hash_model(classifier, error);
    if (!status)
        status = engine_create(classifier->graph, &single, &classifier->engine, error);
    if (!status)
        status = inspect(classifier, error);
    if (status)
        classifier_free(classifier);
    else
        *out = classifier;
    return status;
}

void classifier_free(struct classifier *classifier)
{
    if (!classifier)
        return;
    engine_free(classifier->engine);
    graph_free(classifier->graph);
    labels_free(classifier->labels);
    free(classifier);
}

size_t classifier_classes(const struct classifier *classifier)
{
    return classifier->classes;
}

const struct labels *classifier_labels(const struct classifier *classifier)
{
    return classifier->labels;
}

const struct manifest *classifier_manifest(const struct classifier *classifier)
{
    return classifier->manifest;
}

const char *classifier_model_sha256(const struct classifier *classifier)
{
    return classifier->sha256;
}

const char *classifier_kernel_name(const struct classifier *classifier)
{
    return engine_kernel_name(classifier->engine);
}

enum status classifier_session_create(const struct classifier *classifier,
                                      struct classifier_session **out, struct error *error)
{
    struct classifier_session *session = calloc(1, sizeof *session);
    bool softmax = classifier->manifest->softmax;
    enum status status = STATUS_OK;
    *out = NULL;
    if (session && softmax)
        session->softmax = calloc(classifier->classes, sizeof *session->softmax);
    if (!session || (softmax && !session->softmax))
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", classifier->manifest->path);
    if (!status)
        status = session_create(classifier->engine, &session->session, error);
    if (status) {
        classifier_session_free(session);
        return status;
    }
    session->classifier = classifier;
    session->input = session_input(session->session, classifier->input);
    session->output = session_output(session->session, classifier->output);
    *out = session;
    return STATUS_OK;
}

void classifier_session_free(struct classifier_session *session)
{
    if (!session)
        return;
    session_free(session->session);
    free(session->softmax);
    free(session);
}

/* With the largest value taken off, so that no exponential overflows. */
static void apply_softmax(const float *values, size_t count, float *out)
{
    float largest = -INFINITY, sum = 0;
    for (size_t i = 0; i < count; i++)
        largest = values[i] > largest ? values[i] : largest;
    for (size_t i = 0; i < count; i++) {
        out[i] = expf(values[i] - largest);
        sum += out[i];
    }
    for (size_t i = 0; i < count; i++)
        out[i] /= sum;
}

enum status classifier_run(struct classifier_session *session, const void *bytes, size_t size,
                           const struct image_limits *limits, const float **probabilities,
                           enum reason *reason, struct error *error)
{
    const struct classifier *classifier = session->classifier;
    enum status status = preprocess_picture(bytes, size, &classifier->how, limits,
                                            session->input->data, reason, error);
    if (status)
        return status;
    status = session_run(session->session, error);
    if (status) {
        *reason = REASON_internal;
        return status;
    }
    *probabilities = session->output->data;
    if (session->softmax) {
        apply_softmax(session->output->data, classifier->classes, session->softmax);
        *probabilities = session->softmax;
    }
    return STATUS_OK;
}
