#include "daemon/workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

unsigned workers_count(const struct config *config)
{
    if (config->daemon.workers > 0)
        return (unsigned)config->daemon.workers;
    unsigned cpus = uv_available_parallelism();
    return cpus < 2 ? 2 : cpus;
}

void workers_fit(const struct config *config)
{
    char text[24];
    snprintf(text, sizeof text, "%u", workers_count(config));
    setenv("UV_THREADPOOL_SIZE", text, 1);
}
