#include "daemon/descriptors.h"

#include <sys/resource.h>

#include "common/log.h"

enum {
    FOR_DOWNLOAD = 3, /* a socket, and the pair that curl's resolver tells its end by */
    FOR_ALL_ELSE = 48 /* database, log, models, event loop, libraries, and some to spare */
};

/* What may be open; 0: unknown. */
static int64_t raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    const struct rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)limit.rlim_cur;
}

void descriptors_fit(struct config *config)
{
    int64_t limit = raise_limit();
    int64_t reserved = FOR_ALL_ELSE + FOR_DOWNLOAD * (config->carml.concurrency + 2);
    int64_t most = limit > reserved ? (limit - reserved) / FOR_DOWNLOAD : 1;
    if (limit == 0 || config->fetch.concurrency <= most)
        return;
    log_warning("fetch.concurrency: %lld downloads need more than the %lld open files that are "
                "allowed; %lld at once (LimitNOFILE= of the service, or ulimit -n, raises it)",
                (long long)config->fetch.concurrency, (long long)limit, (long long)most);
    config->fetch.concurrency = most;
}
