#include "daemon/preflight.h"

#include <string.h>

#include "common/url.h"
#include "daemon/guard.h"
#include "daemon/listener.h"

static enum status check_addresses(const struct config *config, struct error *error)
{
    struct guard *guard = NULL;
    enum status status =
        guard_create(&config->fetch.allow_addresses, &config->fetch.ports, &guard, error);
    guard_free(guard);
    struct listener_address address;
    if (!status && listener_parse(config->http.listen, &address, error) != STATUS_OK)
        return error_prefix(error, STATUS_CONFIG, "http.listen");
    char url[URL_MAX];
    if (!status && config->carml.url && *config->carml.url &&
        url_normalize(config->carml.url, strlen(config->carml.url), url, error) != STATUS_OK)
        status = error_prefix(error, STATUS_CONFIG, "carml.url");
    return status;
}

enum status preflight_read(const struct daemon_options *options, struct config **out,
                           struct error *error)
{
    struct config *config = NULL;
    enum status status = config_read(options->config_path, &config, error);
    if (status)
        return status;
    if (options->database)
        status = config_set(config, "database", options->database, error);
    if (!status && options->log_level)
        status = config_set(config, "log_level", options->log_level, error);
    if (!status)
        status = check_addresses(config, error);
    if (status) {
        config_free(config);
        return status;
    }
    *out = config;
    return STATUS_OK;
}
