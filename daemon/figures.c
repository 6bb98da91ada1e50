#include "daemon/figures.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

/* Twice as long as the store waits for another writer before it says that there is trouble. */
enum { SILENCE_MS = 10000 };

bool figures_healthy(const struct figures *figures, char *why, size_t size)
{
    if (figures->trouble) {
        snprintf(why, size, "the database cannot be written: %s", figures->trouble);
        return false;
    }
    if (figures->silence_ms > SILENCE_MS) {
        snprintf(why, size, "the writer thread has not moved for %" PRId64 " s",
                 figures->silence_ms / 1000);
        return false;
    }
    return true;
}

static double open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    double count = -1; /* the folder itself */
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

struct figures_process figures_process(void)
{
    struct figures_process process = {.open_files = open_files()};
    struct rusage usage;
    struct rlimit limit;
    size_t resident;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        process.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        process.max_files = (double)limit.rlim_cur;
    if (uv_resident_set_memory(&resident) == 0)
        process.resident_bytes = (double)resident;
    return process;
}
