#include "cli/targets.h"

#include <stdlib.h>
#include <string.h>

#include "common/utf8.h"

static const char *const backends[] = {"auto", "carml", "local"};

/* "NAME" or "NAME:VERSION"; version is NULL when it is not there. */
struct versioned {
    char *name;
    const char *version;
};

static enum status split(const struct cli *cli, const char *option, const char *text,
                         struct versioned *out, struct error *error)
{
    if (!*text || *text == ':' || !utf8_valid(text))
        return cli_usage(cli, error, "%s \"%.100s\": expected NAME or NAME:VERSION", option, text);
    out->name = strdup(text);
    if (!out->name)
        return error_set(error, STATUS_MEMORY, "out of memory");
    char *colon = strchr(out->name, ':');
    if (colon)
        *colon = '\0';
    out->version = colon && colon[1] ? colon + 1 : NULL;
    return STATUS_OK;
}

static const char *keep(struct targets *targets, const char *text)
{
    char *copy = strdup(text);
    if (copy)
        targets->memory[targets->memory_count++] = copy;
    return copy;
}

static enum status add(struct targets *targets, const char *model, const char *model_version,
                       const char *framework, const char *framework_version, const char *backend,
                       struct error *error)
{
    if (targets->count == TARGETS_MAX)
        return error_set(error, STATUS_USAGE,
                         "enqueue: more than %d targets; name fewer models or frameworks",
                         TARGETS_MAX);
    struct store_target *target = &targets->items[targets->count];
    target->model = keep(targets, model);
    target->model_version = keep(targets, model_version);
    target->framework = keep(targets, framework);
    target->framework_version = keep(targets, framework_version);
    target->backend = backend;
    if (!target->model || !target->model_version || !target->framework ||
        !target->framework_version)
        return error_set(error, STATUS_MEMORY, "enqueue: out of memory");
    targets->count++;
    return STATUS_OK;
}

/* True when only the local engine can answer. */
static bool is_local(const struct cli *cli, const char *backend)
{
    return strcmp(backend, "local") == 0 ||
           (strcmp(backend, "auto") == 0 && !*cli->config->carml.url);
}

static enum status known_otherwise(const char *name, const char *model_text,
                                   const char *framework_text, struct error *error)
{
    return error_set(error, STATUS_DATA,
                     "enqueue: model %s is known, but not as %s%s%s; see "
                     "carmlbench model list",
                     name, model_text, framework_text ? " for framework " : "",
                     framework_text ? framework_text : "");
}

static enum status unknown_model(const struct cli *cli, const char *name, const char *backend,
                                 struct error *error)
{
    if (is_local(cli, backend))
        return error_set(error, STATUS_DATA,
                         "enqueue: there is no model %s here; see carmlbench model list, or add it "
                         "with carmlbench model add FILE.yml",
                         name);
    return error_set(
        error, STATUS_DATA,
        "enqueue: there is no manifest of model %s here; to ask the CarML server for it "
        "give --backend carml, --model %s:VERSION and --framework NAME:VERSION",
        name, name);
}

/* Nobody could answer: the local engine lacks the files and no CarML server is asked. */
static enum status check_answerable(const struct cli *cli, const struct manifest *manifest,
                                    const char *backend, struct error *error)
{
    const char *missing = manifest_missing(manifest);
    if (!is_local(cli, backend) || !missing)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "enqueue: model %s cannot be asked here: %s is not on this machine; fetch it "
                     "and let the manifest name it, or set carml.url and give --backend carml",
                     manifest->name, missing);
}

static enum status resolve(struct cli *cli, struct targets *targets, const char *model_text,
                           const char *framework_text, const char *backend, struct error *error)
{
    struct versioned model = {0}, framework = {0};
    enum status status = split(cli, "--model", model_text, &model, error);
    if (!status && framework_text)
        status = split(cli, "--framework", framework_text, &framework, error);
    if (status)
        goto out;
    const struct manifest *manifest = catalogue_find(cli->catalogue, model.name, model.version,
                                                     framework.name, framework.version);
    if (manifest) {
        status = check_answerable(cli, manifest, backend, error);
        if (!status)
            status = add(targets, manifest->name, manifest->version, manifest->framework_name,
                         manifest->framework_version, backend, error);
    } else if (!is_local(cli, backend) && model.version && framework.version) {
        status = add(targets, model.name, model.version, framework.name, framework.version, backend,
                     error);
    } else if (catalogue_find(cli->catalogue, model.name, NULL, NULL, NULL)) {
        status = known_otherwise(model.name, model_text, framework_text, error);
    } else {
        status = unknown_model(cli, model.name, backend, error);
    }
out:
    free(model.name);
    free(framework.name);
    return status;
}

enum status targets_resolve(struct cli *cli, const struct config_list *models,
                            const struct config_list *frameworks, const char *backend,
                            struct targets *out, struct error *error)
{
    *out = (struct targets){0};
    const char *known = NULL;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strcmp(backends[i], backend) == 0)
            known = backends[i];
    if (!known)
        return cli_usage(cli, error, "--backend %s: expected auto, carml or local", backend);
    enum status status = cli_open_catalogue(cli, error);
    for (size_t m = 0; !status && m < models->count; m++) {
        if (frameworks->count == 0)
            status = resolve(cli, out, models->items[m], NULL, known, error);
        for (size_t f = 0; !status && f < frameworks->count; f++)
            status = resolve(cli, out, models->items[m], frameworks->items[f], known, error);
    }
    if (!status && out->count == 0)
        status = cli_usage(cli, error, "no model to ask; give --model or set defaults.models");
    return status;
}

enum status targets_name(const struct cli *cli, const char *model, const char *framework,
                         const char *backend, struct targets *out, struct error *error)
{
    struct versioned one = {0}, two = {0};
    *out = (struct targets){0};
    enum status status = split(cli, "--model", model, &one, error);
    if (!status)
        status = split(cli, "--framework", framework, &two, error);
    if (!status)
        status = add(out, one.name, one.version ? one.version : "", two.name,
                     two.version ? two.version : "", backend, error);
    free(one.name);
    free(two.name);
    return status;
}

void targets_free(struct targets *targets)
{
    for (size_t i = 0; i < targets->memory_count; i++)
        free(targets->memory[i]);
    *targets = (struct targets){0};
}
