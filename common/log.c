#include "common/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *word;
    enum log_level level;
} levels[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},
};

static _Atomic int threshold = LOG_LEVEL_NOTICE;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

enum status log_parse_level(const char *word, enum log_level *level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i].word, word) == 0) {
            *level = levels[i].level;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}

static const char *level_word(enum log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (levels[i].level == level)
            return levels[i].word;
    return "?";
}

static size_t write_prefix(char *line, size_t size, enum log_level level)
{
    if (getenv("JOURNAL_STREAM"))
        return (size_t)snprintf(line, size, "<%d>", (int)level);
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, size, "%Y-%m-%dT%H:%M:%S", &utc);
    return n + (size_t)snprintf(line + n, size - n, ".%03ldZ %s ", now.tv_nsec / 1000000,
                                level_word(level));
}

void log_write(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&threshold))
        return;
    char line[2048];
    size_t used = write_prefix(line, sizeof line, level);
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    va_end(arguments);
    if (n < 0)
        return;
    size_t end = used + (size_t)n;
    if (end > sizeof line - 2)
        end = sizeof line - 2;
    for (size_t i = used; i < end; i++)
        if ((unsigned char)line[i] < 0x20)
            line[i] = '?';
    line[end++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, end);
    (void)ignored;
}
