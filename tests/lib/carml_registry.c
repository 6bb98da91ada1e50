/* carml_registry: frameworks, models and agents, as far as they survive CarML's own registry: maps
 * and preprocessing parameters are lost on the way there, and so here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/carml_call.h"

enum { NAME_SIZE = 256, MAX_TEXT = 1 << 20 };

/* The query of a registry call; "" where nothing was asked for. */
struct wanted {
    char framework[NAME_SIZE], framework_version[NAME_SIZE];
    char model[NAME_SIZE], model_version[NAME_SIZE];
};

static void read_wanted(const struct call *call, struct wanted *wanted)
{
    call_query(call, "framework_name", wanted->framework, NAME_SIZE);
    call_query(call, "framework_version", wanted->framework_version, NAME_SIZE);
    call_query(call, "model_name", wanted->model, NAME_SIZE);
    call_query(call, "model_version", wanted->model_version, NAME_SIZE);
}

static bool name_fits(const struct call *call, const char *wanted, const char *name)
{
    return !*wanted || !strcmp(wanted, "*") ||
           agent_same_name(call->carml->options.agent.generation, wanted, name);
}

static bool version_fits(const char *wanted, const char *version)
{
    return !*wanted || !strcmp(wanted, "*") || !strcmp(wanted, version);
}

static bool framework_fits(const struct call *call, const struct wanted *wanted,
                           const struct manifest *m)
{
    return name_fits(call, wanted->framework, m->framework_name) &&
           version_fits(wanted->framework_version, m->framework_version);
}

static int compare_models(const void *a, const void *b)
{
    const struct manifest *const *m = a, *const *n = b;
    int order = strcmp((*m)->framework_name, (*n)->framework_name);
    if (!order)
        order = strcmp((*m)->name, (*n)->name);
    return order ? order : strcmp((*m)->version, (*n)->version);
}

/* All manifests, sorted by framework name, model name, version. */
static size_t sorted(const struct call *call, const struct manifest *list[AGENT_MODELS])
{
    size_t count = agent_count(call->carml->agent);
    for (size_t i = 0; i < count; i++)
        list[i] = agent_manifest(call->carml->agent, i);
    qsort(list, count, sizeof list[0], compare_models);
    return count;
}

static void put_framework(struct text *text, const struct manifest *m)
{
    text_add(text, "{\"name\":");
    text_json(text, m->framework_name, true);
    text_add(text, ",\"version\":");
    text_json(text, m->framework_version, true);
    text_add(text, "}");
}

/* The frameworks that fit, each once; returns how many. */
static size_t put_frameworks(const struct call *call, const struct wanted *wanted,
                             struct text *text)
{
    const struct manifest *list[AGENT_MODELS], *last = NULL;
    size_t count = sorted(call, list), written = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = last && !strcmp(last->framework_name, list[i]->framework_name) &&
                     !strcmp(last->framework_version, list[i]->framework_version);
        if (again || !framework_fits(call, wanted, list[i]))
            continue;
        text_add(text, written++ ? "," : "");
        put_framework(text, list[i]);
        last = list[i];
    }
    return written;
}

static void fail(const struct call *call, const char *name, const char *handler, const char *format,
                 const char *what)
{
    struct text message;
    text_init(&message, MAX_TEXT);
    text_add(&message, format);
    text_add(&message, what);
    text_add(&message, *what ? " not found" : "");
    call_fail(call, name, handler, message.buf.data ? message.buf.data : "");
    text_free(&message);
}

void carml_registry_frameworks(struct call *call)
{
    struct wanted wanted;
    struct text text;
    text_init(&text, MAX_TEXT);
    read_wanted(call, &wanted);
    text_add(&text, "{\"manifests\":[");
    size_t count = put_frameworks(call, &wanted, &text);
    text_add(&text, "]}\n");
    if (count)
        call_send(call, 200, NULL, &text, NULL, NULL);
    else
        fail(call, "FrameworkManifests", "RegistryFrameworkManifestsHandler",
             *wanted.framework ? "framework " : "no frameworks found", wanted.framework);
    text_free(&text);
}

static void put_string(struct text *text, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    text_add(text, name);
    text_json(text, value, true);
}

static void put_model(const struct call *call, struct text *text, const struct manifest *m)
{
    bool a = call->carml->options.agent.generation == GENERATION_A;
    text_add(text, "{");
    if (m->description && *m->description) {
        put_string(text, "\"description\":", m->description);
        text_add(text, ",");
    }
    text_add(text, "\"framework\":");
    put_framework(text, m);
    text_add(text, ",\"inputs\":[{\"description\":\"the input image\",\"type\":\"image\"}]");
    put_string(text, ",\"license\":", m->license);
    text_add(text, ",\"model\":{");
    put_string(text, "\"graph_checksum\":", m->graph_md5);
    put_string(text, m->graph_md5 && *m->graph_md5 ? ",\"graph_path\":" : "\"graph_path\":",
               m->graph_path);
    put_string(text, ",\"weights_checksum\":", m->weights_md5);
    put_string(text, ",\"weights_path\":", m->weights_path);
    text_add(text, "}");
    put_string(text, ",\"name\":", m->name);
    text_printf(text, ",\"output\":{\"description\":\"the output label\",\"type\":\"%s\"}",
                a ? "feature" : "classification");
    text_add(text, ",\"reference\":[]");
    put_string(text, ",\"version\":", m->version);
    text_add(text, "}");
}

/* The models that fit. With a version given CarML filters all manifests again, those of other names
 * too, and returns the one with the lowest version that fits ("latest" is the lowest, too). */
static size_t put_models(const struct call *call, const struct wanted *wanted, struct text *text)
{
    const struct manifest *list[AGENT_MODELS], *lowest = NULL;
    size_t count = sorted(call, list), written = 0;
    bool any_version = !strcmp(wanted->model_version, "latest");
    for (size_t i = 0; i < count; i++) {
        const struct manifest *m = list[i];
        if (!framework_fits(call, wanted, m))
            continue;
        bool fits = any_version || version_fits(wanted->model_version, m->version);
        if (*wanted->model_version && fits && (!lowest || strcmp(m->version, lowest->version) < 0))
            lowest = m;
        if (*wanted->model_version || !name_fits(call, wanted->model, m->name))
            continue;
        text_add(text, written++ ? "," : "");
        put_model(call, text, m);
    }
    if (lowest)
        put_model(call, text, lowest);
    return written + (lowest != NULL);
}

void carml_registry_models(struct call *call)
{
    struct wanted wanted;
    struct text text;
    text_init(&text, MAX_TEXT);
    read_wanted(call, &wanted);
    text_add(&text, "{\"manifests\":[");
    size_t count = put_models(call, &wanted, &text);
    text_add(&text, "]}\n");
    if (count)
        call_send(call, 200, NULL, &text, NULL, NULL);
    else
        fail(call, "ModelManifests", "RegistryModelManifestsHandler",
             *wanted.model ? "model " : "no models found for the framework", wanted.model);
    text_free(&text);
}

/* The one agent there is, with every framework it serves. */
static void send_agents(struct call *call)
{
    struct wanted everything = {"", "", "", ""};
    struct text text;
    text_init(&text, MAX_TEXT);
    text_add(&text, "{\"agents\":[{\"architecture\":\"amd64\",\"cpuinfo\":\"{}\",\"frameworks\":[");
    put_frameworks(call, &everything, &text);
    text_printf(&text,
                "],\"gpuinfo\":\"null\",\"host\":\"127.0.0.1\",\"hostname\":\"localhost\","
                "\"port\":\"%u\"}]}\n",
                http_server_port(call->carml->http));
    call_send(call, 200, NULL, &text, NULL, NULL);
}

void carml_registry_framework_agents(struct call *call)
{
    struct wanted wanted;
    struct text text;
    text_init(&text, MAX_TEXT);
    read_wanted(call, &wanted);
    if (put_frameworks(call, &wanted, &text))
        send_agents(call);
    else
        fail(call, "FrameworkAgents", "RegistryFrameworkAgentsHandler",
             *wanted.framework ? "framework " : "no frameworks found", wanted.framework);
    text_free(&text);
}

void carml_registry_model_agents(struct call *call)
{
    struct wanted wanted;
    read_wanted(call, &wanted);
    if (agent_find(call->carml->agent, wanted.model, wanted.model_version, wanted.framework,
                   wanted.framework_version))
        send_agents(call);
    else
        fail(call, "ModelAgents", "RegistryModelAgentsHandler",
             *wanted.model ? "model " : "no models found for the framework", wanted.model);
}

/* The keys of CarML's registry, outside /api; indented, as its handler prints them. */
void carml_registry_keys(struct call *call)
{
    const struct manifest *list[AGENT_MODELS];
    struct text text;
    size_t count = sorted(call, list);
    text_init(&text, MAX_TEXT);
    text_add(&text, "[");
    for (size_t i = 0; i < count; i++) {
        char key[4 * NAME_SIZE];
        snprintf(key, sizeof key, "carml/predictors/%s/%s/%s/%s", list[i]->framework_name,
                 list[i]->framework_version, list[i]->name, list[i]->version);
        text_add(&text, i ? ",\n  " : "\n  ");
        text_json(&text, key, true);
    }
    text_add(&text, count ? "\n]" : "]");
    call_send(call, 200, NULL, &text, NULL, NULL);
}
