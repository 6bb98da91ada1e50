#include "cli/staging.h"

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct staging {
    char *target; /* the stem outside */
    char *folder, *stem;
    sigset_t ends; /* signals that the watcher takes, `wake` among them */
    pthread_t watcher;
    bool watched;
};

/* Ends the watcher; one that is cancelled would leave its stack as it was. */
static const int wake = SIGUSR2;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    remove(path);
    return 0;
}

/* More than once, because a file may be made while the folder is walked. */
static void remove_folder(const struct staging *staging)
{
    for (int i = 0; i < 100 && !access(staging->folder, F_OK); i++)
        nftw(staging->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* A signal handler may not walk a folder; a thread that waits for the signals may. */
static void *watch(void *context)
{
    const struct staging *staging = context;
    int number = 0;

    if (sigwait(&staging->ends, &number) || number == wake)
        return NULL;
    remove_folder(staging);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &staging->ends, NULL);
    raise(number);
    return NULL;
}

/* A signal that is ignored, as nohup has it, would end the program once it is waited for. */
static void block_ends(struct staging *staging)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

    sigemptyset(&staging->ends);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction now;
        if (!sigaction(numbers[i], NULL, &now) && now.sa_handler != SIG_IGN)
            sigaddset(&staging->ends, numbers[i]);
    }
    sigaddset(&staging->ends, wake);
    pthread_sigmask(SIG_BLOCK, &staging->ends, NULL);
}

static enum status start_watcher(struct staging *staging, struct error *error)
{
    staging->watched = !pthread_create(&staging->watcher, NULL, watch, staging);
    return staging->watched
               ? STATUS_OK
               : error_set(error, STATUS_MEMORY, "%s: no thread could be started", staging->target);
}

static void stop_watcher(struct staging *staging)
{
    if (staging->watched) {
        pthread_kill(staging->watcher, wake);
        pthread_join(staging->watcher, NULL);
    }
    pthread_sigmask(SIG_UNBLOCK, &staging->ends, NULL);
}

static enum status make_folder(struct staging *staging, struct error *error)
{
    const char *slash = strrchr(staging->target, '/');
    size_t folder = slash ? (size_t)(slash - staging->target) + 1 : 0;
    const char *name = staging->target + folder;

    if (!*name)
        return error_set(error, STATUS_USAGE, "%s: is a folder; give the name of a file in it",
                         staging->target);
    if (asprintf(&staging->folder, "%.*s.%s.partial-XXXXXX", (int)folder, staging->target, name) <
        0)
        staging->folder = NULL;
    if (!staging->folder)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", staging->target);
    if (!mkdtemp(staging->folder)) {
        int problem = errno;
        free(staging->folder);
        staging->folder = NULL;
        return error_set(error, STATUS_IO, "%s: cannot be written there: %s", staging->target,
                         strerror(problem));
    }
    if (asprintf(&staging->stem, "%s/%s", staging->folder, name) < 0) {
        staging->stem = NULL;
        return error_set(error, STATUS_MEMORY, "%s: out of memory", staging->target);
    }
    return STATUS_OK;
}

enum status staging_open(const char *stem, struct staging **out, struct error *error)
{
    struct staging *staging = calloc(1, sizeof *staging);
    enum status status;

    *out = NULL;
    if (staging)
        staging->target = strdup(stem);
    if (!staging || !staging->target) {
        free(staging);
        return error_set(error, STATUS_MEMORY, "%s: out of memory", stem);
    }
    block_ends(staging);
    status = make_folder(staging, error);
    if (!status)
        status = start_watcher(staging, error);
    if (status)
        staging_close(staging);
    else
        *out = staging;
    return status;
}

const char *staging_stem(const struct staging *staging)
{
    return staging->stem;
}

enum status staging_error(const struct staging *staging, enum status status, struct error *error)
{
    struct error old = *error;
    const char *found = strstr(old.text, staging->stem);

    if (!found)
        return status;
    return error_set(error, status, "%.*s%s%s", (int)(found - old.text), old.text, staging->target,
                     found + strlen(staging->stem));
}

enum status staging_publish(struct staging *staging, const char *suffix, struct error *error)
{
    char *from = NULL, *to = NULL;
    enum status status = STATUS_OK;

    if (asprintf(&from, "%s%s", staging->stem, suffix) < 0)
        from = NULL;
    if (asprintf(&to, "%s%s", staging->target, suffix) < 0)
        to = NULL;
    if (!from || !to)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", staging->target);
    else if (rename(from, to))
        status = error_set(error, STATUS_IO, "%s: cannot be written: %s", to, strerror(errno));
    free(from);
    free(to);
    return status;
}

void staging_close(struct staging *staging)
{
    if (!staging)
        return;
    if (staging->folder)
        remove_folder(staging);
    stop_watcher(staging);
    free(staging->folder);
    free(staging->stem);
    free(staging->target);
    free(staging);
}
