/* carml_agent: the agent behind the web server: the models it has and the classes it sees in a
 * picture, by the local engine or, for load tests, without looking.
 *
 * Models are loaded on first use and stay. All functions but create and free may be called from any
 * thread at once.
 */
#ifndef TESTS_LIB_CARML_AGENT_H
#define TESTS_LIB_CARML_AGENT_H

#include "model/manifest.h"
#include "tests/lib/carml_wire.h"

struct agent;
struct agent_model;

enum { AGENT_MODELS = 64 };

struct agent_options {
    const char *manifests[AGENT_MODELS];
    size_t manifest_count;
    size_t instant;     /* answer with that many classes without looking; 0: by the engine */
    const char *labels; /* label file for instant answers; NULL: made-up labels */
    enum generation generation;
};

/* Reads the manifests; caller frees *out. */
enum status agent_create(const struct agent_options *options, struct agent **out,
                         struct error *error) MUST_CHECK;
void agent_free(struct agent *agent);

size_t agent_count(const struct agent *agent);
const struct manifest *agent_manifest(const struct agent *agent, size_t index);

/* The model an open asks for by name, version and framework ("" or "*": any). With instant answers
 * every name is known. NULL: the registry has none. */
struct agent_model *agent_find(struct agent *agent, const char *model, const char *version,
                               const char *framework, const char *framework_version);

/* The names mean the same to this generation's web server. */
bool agent_same_name(enum generation generation, const char *a, const char *b);

/* Loads the model when it is not loaded yet; may take seconds. */
enum status agent_load(struct agent_model *model, struct error *error) MUST_CHECK;

/* What became of a picture: STATUS_OK, STATUS_DATA for one the agent cannot read,
 * STATUS_UNSUPPORTED for one whose decoding ends the agent's pipeline without an error (CMYK in
 * generation A). */
enum status agent_classify(struct agent_model *model, const void *bytes, size_t size,
                           struct wire_style style, struct text *features) MUST_CHECK;

/* The features of an instant answer, written once; NULL when the model looks at pictures. */
const struct text *agent_instant_features(const struct agent_model *model);

#endif
