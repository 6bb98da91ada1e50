#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BAR_MAX = 40 };

void progress_duration(double seconds, char *text, size_t size)
{
    uint64_t s = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000 : (uint64_t)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%" PRIu64 "h%02um", s / 3600, (unsigned)(s / 60 % 60));
    else if (s >= 60)
        snprintf(text, size, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        snprintf(text, size, "%us", (unsigned)s);
}

unsigned progress_percent(const struct progress *progress)
{
    uint64_t ended = progress->done + progress->failed;
    return progress->enqueued ? (unsigned)(ended * 100 / progress->enqueued) : 100;
}

double progress_seconds_left(const struct progress *progress)
{
    uint64_t open = progress->pending + progress->leased;
    return progress->rate > 0 ? (double)open / progress->rate : 0;
}

void progress_facts(const struct progress *progress, char *text, size_t size)
{
    uint64_t ended = progress->done + progress->failed;
    size_t used = (size_t)snprintf(text, size, "%3u %%  %" PRIu64 "/%" PRIu64,
                                   progress_percent(progress), ended, progress->enqueued);
    if (progress->rate > 0 && used < size)
        used += (size_t)snprintf(text + used, size - used, "  %.1f/s", progress->rate);
    if (progress_seconds_left(progress) > 0 && used < size) {
        char left[32];
        progress_duration(progress_seconds_left(progress), left, sizeof left);
        used += (size_t)snprintf(text + used, size - used, "  %s left", left);
    }
    if (progress->failed && used < size)
        snprintf(text + used, size - used, "  %" PRIu64 " failed", progress->failed);
}

void progress_line(const struct progress *progress, unsigned columns, char *text, size_t size)
{
    char facts[160], bar[BAR_MAX + 1];
    progress_facts(progress, facts, sizeof facts);
    size_t room = columns > strlen(facts) + 6 ? columns - strlen(facts) - 6 : 0;
    size_t width = room > BAR_MAX ? BAR_MAX : room;
    uint64_t ended = progress->done + progress->failed;
    size_t filled = progress->enqueued ? (size_t)(ended * width / progress->enqueued) : width;
    memset(bar, '#', filled);
    memset(bar + filled, '-', width - filled);
    bar[width] = '\0';
    if (width >= 5)
        snprintf(text, size, "[%s] %s", bar, facts);
    else
        snprintf(text, size, "%s", facts);
    if (columns >= 20 && strlen(text) > columns && columns < size)
        text[columns] = '\0';
}
