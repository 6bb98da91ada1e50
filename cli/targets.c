#include "cli/targets.h"

#include <stdlib.h>
#include <string.h>

static const char *const backends[] = {"auto", "carml", "local"};

/* "NAME" or "NAME:VERSION"; version is NULL when it is not there. */
struct versioned {
    char *name;
    const char *version;
};

static enum status split(const char *text, struct versioned *out)
{
    out->name = strdup(text);
    if (!out->name)
        return STATUS_MEMORY;
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

static enum status unknown_model(struct cli *cli, const struct versioned *model,
                                 const struct versioned *framework, const char *backend,
                                 struct error *error)
{
    if (catalogue_find(cli->catalogue, model->name, NULL, NULL))
        return error_set(error, STATUS_DATA,
                         "enqueue: model %s is known, but not as version %s of framework %s; see "
                         "carmlbench model list",
                         model->name, model->version ? model->version : "*",
                         framework && framework->name ? framework->name : "*");
    if (strcmp(backend, "local") == 0)
        return error_set(error, STATUS_DATA,
                         "enqueue: there is no model %s here; see carmlbench model list, or add it "
                         "with carmlbench model add FILE.yml",
                         model->name);
    return error_set(
        error, STATUS_DATA,
        "enqueue: there is no manifest of model %s here; to ask the CarML server for it "
        "give --backend carml, --model %s:VERSION and --framework NAME:VERSION",
        model->name, model->name);
}

static enum status resolve(struct cli *cli, struct targets *targets, const char *model_text,
                           const char *framework_text, const char *backend, struct error *error)
{
    struct versioned model = {0}, framework = {0};
    enum status status = split(model_text, &model);
    if (!status && framework_text)
        status = split(framework_text, &framework);
    if (status)
        goto out;
    const struct manifest *manifest =
        catalogue_find(cli->catalogue, model.name, model.version, framework.name);
    if (manifest && framework.version &&
        strcmp(manifest->framework_version, framework.version) != 0)
        manifest = NULL;
    if (manifest)
        status = add(targets, manifest->name, manifest->version, manifest->framework_name,
                     manifest->framework_version, backend, error);
    else if (strcmp(backend, "local") != 0 && model.version && framework.version)
        status = add(targets, model.name, model.version, framework.name, framework.version, backend,
                     error);
    else
        status = unknown_model(cli, &model, framework_text ? &framework : NULL, backend, error);
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

void targets_free(struct targets *targets)
{
    for (size_t i = 0; i < targets->memory_count; i++)
        free(targets->memory[i]);
    *targets = (struct targets){0};
}
