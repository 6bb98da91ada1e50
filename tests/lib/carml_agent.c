#include "tests/lib/carml_agent.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/labels.h"
#include "engine/classifier.h"
#include "model/catalogue.h"

enum { FEATURES_LIMIT = 64 << 20, LABEL_SIZE = 64 };

/* A session that no thread uses now. */
struct idle_session {
    struct classifier_session *session;
    struct idle_session *next;
};

struct agent_model {
    struct agent *agent;
    struct manifest *manifest; /* NULL: the instant model */
    pthread_mutex_t lock;      /* of what follows */
    struct classifier *classifier;
    struct idle_session *idle;
};

struct agent {
    struct agent_options options;
    struct agent_model models[AGENT_MODELS];
    size_t count;
    struct agent_model instant;
    float *instant_values;
    char (*instant_labels)[LABEL_SIZE];
    struct labels *labels;
    struct text instant_features;
};

static const char *instant_label(const void *context, size_t index)
{
    const struct agent *agent = context;
    const char *line = agent->labels ? labels_line(agent->labels, index) : NULL;
    return line ? line : agent->instant_labels[index];
}

static const char *classifier_label(const void *context, size_t index)
{
    const char *line = labels_line(classifier_labels(context), index);
    return line ? line : "";
}

/* Values like those of a network that is sure: one high, the rest falling over many powers of ten,
 * the last one exactly 0. */
static enum status make_instant(struct agent *agent, struct error *error)
{
    size_t count = agent->options.instant;
    agent->instant_values = calloc(count, sizeof *agent->instant_values);
    agent->instant_labels = calloc(count, sizeof *agent->instant_labels);
    if (!agent->instant_values || !agent->instant_labels)
        return error_set(error, STATUS_MEMORY, "instant: out of memory");
    for (size_t i = 0; i < count; i++) {
        size_t rank = (i * 7919 + count - count / 3 * 7919 % count) % count;
        agent->instant_values[i] = (float)(0.75 * pow(0.25, (double)(rank < 20 ? rank : 20)) /
                                           (double)(rank < 20 ? 1 : rank));
        snprintf(agent->instant_labels[i], LABEL_SIZE, "n%08zu class number %zu", 90000000 + i, i);
    }
    agent->instant_values[count - 1] = count > 1 ? 0 : 0.75f;
    struct wire_style style = {.generation = agent->options.generation};
    struct wire_classes classes = {count, agent->instant_values, instant_label, agent};
    wire_features(&agent->instant_features, &classes, style);
    return agent->instant_features.status
               ? error_set(error, STATUS_LIMIT, "instant: %zu classes are too many", count)
               : STATUS_OK;
}

enum status agent_create(const struct agent_options *options, struct agent **out,
                         struct error *error)
{
    struct agent *agent = calloc(1, sizeof *agent);
    if (!agent)
        return error_set(error, STATUS_MEMORY, "agent: out of memory");
    agent->options = *options;
    text_init(&agent->instant_features, FEATURES_LIMIT);
    agent->instant.agent = agent;
    pthread_mutex_init(&agent->instant.lock, NULL);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < options->manifest_count && !status; i++) {
        struct agent_model *model = &agent->models[i];
        model->agent = agent;
        status = manifest_read(options->manifests[i], &model->manifest, error);
        if (!status) {
            pthread_mutex_init(&model->lock, NULL);
            agent->count++;
        }
    }
    if (!status && options->labels)
        status = labels_read(options->labels, &agent->labels, error);
    if (!status && options->instant)
        status = make_instant(agent, error);
    if (status)
        agent_free(agent);
    else
        *out = agent;
    return status;
}

static void free_model(struct agent_model *model)
{
    for (struct idle_session *idle = model->idle, *next; idle; idle = next) {
        next = idle->next;
        classifier_session_free(idle->session);
        free(idle);
    }
    classifier_free(model->classifier);
    manifest_free(model->manifest);
    pthread_mutex_destroy(&model->lock);
}

void agent_free(struct agent *agent)
{
    if (!agent)
        return;
    for (size_t i = 0; i < agent->count; i++)
        free_model(&agent->models[i]);
    pthread_mutex_destroy(&agent->instant.lock);
    labels_free(agent->labels);
    text_free(&agent->instant_features);
    free(agent->instant_values);
    free(agent->instant_labels);
    free(agent);
}

size_t agent_count(const struct agent *agent)
{
    return agent->count;
}

const struct manifest *agent_manifest(const struct agent *agent, size_t index)
{
    return agent->models[index].manifest;
}

bool agent_same_name(enum generation generation, const char *a, const char *b)
{
    if (generation == GENERATION_B)
        return catalogue_same_name(a, b);
    return !strcasecmp(a, b);
}

static bool any(const char *word)
{
    return !*word || !strcmp(word, "*");
}

struct agent_model *agent_find(struct agent *agent, const char *model, const char *version,
                               const char *framework, const char *framework_version)
{
    enum generation generation = agent->options.generation;
    if (agent->options.instant)
        return &agent->instant;
    for (size_t i = 0; i < agent->count; i++) {
        const struct manifest *m = agent->models[i].manifest;
        if ((any(model) || agent_same_name(generation, model, m->name)) &&
            (any(version) || !strcmp(version, m->version)) &&
            (any(framework) || agent_same_name(generation, framework, m->framework_name)) &&
            (any(framework_version) || !strcmp(framework_version, m->framework_version)))
            return &agent->models[i];
    }
    return NULL;
}

enum status agent_load(struct agent_model *model, struct error *error)
{
    enum status status = STATUS_OK;
    struct engine_options one_thread = {.threads = 1};
    pthread_mutex_lock(&model->lock);
    if (model->manifest && !model->classifier)
        status = classifier_open(model->manifest, &one_thread, &model->classifier, error);
    pthread_mutex_unlock(&model->lock);
    return status;
}

/* Takes an idle session or makes one. */
static enum status take_session(struct agent_model *model, struct idle_session **out)
{
    pthread_mutex_lock(&model->lock);
    struct idle_session *idle = model->idle;
    if (idle)
        model->idle = idle->next;
    pthread_mutex_unlock(&model->lock);
    *out = idle ? idle : calloc(1, sizeof *idle);
    if (!*out)
        return STATUS_MEMORY;
    if (idle)
        return STATUS_OK;
    enum status status = classifier_session_create(model->classifier, &(*out)->session, NULL);
    if (status)
        free(*out);
    return status;
}

static void give_session(struct agent_model *model, struct idle_session *idle)
{
    pthread_mutex_lock(&model->lock);
    idle->next = model->idle;
    model->idle = idle;
    pthread_mutex_unlock(&model->lock);
}

static enum status classify_instantly(const struct agent *agent, struct wire_style style,
                                      struct text *features)
{
    struct wire_classes classes = {agent->options.instant, agent->instant_values, instant_label,
                                   agent};
    wire_features(features, &classes, style);
    return features->status;
}

enum status agent_classify(struct agent_model *model, const void *bytes, size_t size,
                           struct wire_style style, struct text *features)
{
    struct idle_session *idle = NULL;
    struct image_limits limits = image_default_limits();
    enum reason reason = REASON_internal;
    const float *probabilities = NULL;
    limits.allow_truncated = true; /* agents decode them, the missing part grey */
    if (!model->manifest)
        return classify_instantly(model->agent, style, features);
    enum status status = take_session(model, &idle);
    if (status)
        return status;
    status = classifier_run(idle->session, bytes, size, &limits, &probabilities, &reason, NULL);
    if (!status) {
        struct wire_classes classes = {classifier_classes(model->classifier), probabilities,
                                       classifier_label, model->classifier};
        wire_features(features, &classes, style);
    } else {
        bool panics = reason == REASON_unsupported_color && style.generation == GENERATION_A;
        status = panics ? STATUS_UNSUPPORTED : STATUS_DATA;
    }
    give_session(model, idle);
    return status;
}

const struct text *agent_instant_features(const struct agent_model *model)
{
    return model->manifest ? NULL : &model->agent->instant_features;
}
