#include "daemon/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/backends/fallback.h"

enum { SERVICES_MAX = 3 };

struct services {
    struct catalogue *catalogue;
    struct backend *local;
    struct backend *carml;    /* NULL: no server is configured */
    struct backend *fallback; /* the server with the local engine behind it; NULL as above */
    bool carml_falls_back;
    struct backend *all[SERVICES_MAX];
    unsigned count, open;
    void (*closed)(void *context);
    void *closed_context;
};

static void add(struct services *services, struct backend *backend)
{
    services->all[services->count++] = backend;
}

static enum status open_catalogue(struct services *services, const struct config *config,
                                  struct error *error)
{
    char *paths = config_models_path(config);
    if (!paths)
        return error_set(error, STATUS_MEMORY, "models: out of memory");
    enum status status = catalogue_open(paths, &services->catalogue, error);
    free(paths);
    return status;
}

static enum status open_carml(struct services *services, uv_loop_t *loop,
                              const struct config *config, struct error *error)
{
    enum status status = backend_carml_create(loop, config, &services->carml, error);
    if (status)
        return status;
    add(services, services->carml);
    status =
        backend_fallback_create(loop, services->carml, services->local, &services->fallback, error);
    if (!status)
        add(services, services->fallback);
    return status;
}

enum status services_create(uv_loop_t *loop, const struct config *config, struct services **out,
                            struct error *error)
{
    struct services *services = calloc(1, sizeof *services);
    *out = services;
    if (!services)
        return error_set(error, STATUS_MEMORY, "backends: out of memory");
    services->carml_falls_back = config->carml.fallback == CONFIG_FALLBACK_LOCAL;
    enum status status = open_catalogue(services, config, error);
    if (!status)
        status = backend_local_create(loop, config, services->catalogue, &services->local, error);
    if (!status)
        add(services, services->local);
    if (!status && config->carml.url && *config->carml.url)
        status = open_carml(services, loop, config, error);
    return status;
}

struct backend *const *services_backends(const struct services *services, unsigned *count)
{
    *count = services->count;
    return services->all;
}

static struct backend *by_name(const struct services *services, const char *name,
                               struct error *error)
{
    bool automatic = strcmp(name, "auto") == 0;
    if (strcmp(name, "local") == 0 || (automatic && !services->carml))
        return services->local;
    if (!automatic && strcmp(name, "carml") != 0) {
        error_set(error, STATUS_DATA, "there is no backend \"%s\"", name);
        return NULL;
    }
    if (!services->carml)
        error_set(error, STATUS_CONFIG, "no CarML server is configured; set carml.url");
    return services->carml_falls_back ? services->fallback : services->carml;
}

struct backend *services_route(const struct services *services, const struct store_target *target,
                               struct error *error)
{
    struct backend *backend = by_name(services, target->backend, error);
    if (backend && !backend->ops->serves(backend, target, error))
        return NULL;
    return backend;
}

void services_describe(const struct services *services, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    const struct backend *shown[] = {services->carml, services->local};
    for (size_t i = 0; i < 2; i++) {
        char line[200] = "";
        if (!shown[i])
            continue;
        shown[i]->ops->describe(shown[i], line, sizeof line);
        int n = snprintf(text + used, size - used, "%s%s", used ? "; " : "", line);
        used += n > 0 ? (size_t)n : 0;
        if (used >= size)
            return;
    }
}

unsigned services_loads(const struct services *services, struct services_load *loads)
{
    const struct backend *shown[SERVICES_LOADS] = {services->carml, services->local};
    unsigned count = 0;
    for (size_t i = 0; i < SERVICES_LOADS; i++) {
        if (!shown[i])
            continue;
        const struct backend_ops *ops = shown[i]->ops;
        loads[count++] = (struct services_load){
            .name = ops->name, .load = ops->load(shown[i]), .away_ms = ops->away_ms(shown[i])};
    }
    return count;
}

static void finish(struct services *services)
{
    void (*closed)(void *) = services->closed;
    void *context = services->closed_context;
    catalogue_free(services->catalogue);
    free(services);
    closed(context);
}

static void on_closed(void *context)
{
    struct services *services = context;
    if (--services->open == 0)
        finish(services);
}

void services_close(struct services *services, void (*closed)(void *context), void *context)
{
    services->closed = closed;
    services->closed_context = context;
    services->open = services->count;
    if (services->count == 0) {
        finish(services);
        return;
    }
    for (unsigned i = services->count; i-- > 0;)
        services->all[i]->ops->close(services->all[i], on_closed, services);
}
