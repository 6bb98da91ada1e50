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
    pthread_mutex_t renaming; /* held while files change their names, and by who ends the program */
    bool kept;                /* the folder holds what could not be put back */
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
    for (int i = 0; i < 100 && !staging->kept && !access(staging->folder, F_OK); i++)
        nftw(staging->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* A signal handler may not walk a folder; a thread that waits for the signals may. */
static void *watch(void *context)
{
    struct staging *staging = context;
    int number = 0;

    if (sigwait(&staging->ends, &number) || number == wake)
        return NULL;
    pthread_mutex_lock(&staging->renaming); /* for good: nothing is renamed any more */
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
    pthread_mutex_init(&staging->renaming, NULL);
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

/* ---- renaming ---- */

/* A file on its way from the folder to its name. */
struct passage {
    char *made, *target;
    char *older; /* where the file that has the name waits for the end */
    bool has_older, arrived;
};

static enum status rename_error(const struct passage *passage, struct error *error)
{
    return error_set(error, STATUS_IO, "%s: cannot be written: %s", passage->target,
                     strerror(errno));
}

/* A hard link keeps the older file under its name until the new one is there; where there are none,
 * and for what must go (`leave`), it is moved. Folders are none of ours to move or remove: an empty
 * one is replaced by a folder, rename() refuses all else. */
static enum status set_aside(struct passage *passage, bool leave, struct error *error)
{
    struct stat info;

    if (passage->has_older || lstat(passage->target, &info) || S_ISDIR(info.st_mode))
        return STATUS_OK;
    if ((leave || link(passage->target, passage->older)) && rename(passage->target, passage->older))
        return rename_error(passage, error);
    passage->has_older = true;
    return STATUS_OK;
}

static enum status move(struct passage *passage, struct error *error)
{
    enum status status = set_aside(passage, false, error);

    if (!status && rename(passage->made, passage->target))
        status = rename_error(passage, error);
    passage->arrived = !status;
    return status;
}

static void take_back(struct staging *staging, const struct passage *passage)
{
    if (passage->has_older)
        staging->kept |= rename(passage->older, passage->target) != 0;
    else if (passage->arrived)
        staging->kept |= rename(passage->target, passage->made) != 0;
}

static enum status move_all(struct staging *staging, struct passage *passages, size_t count,
                            struct error *error)
{
    enum status status = set_aside(&passages[count - 1], true, error);

    for (size_t i = 0; i < count && !status; i++)
        status = move(&passages[i], error);
    for (size_t i = count; status && i-- > 0;)
        take_back(staging, &passages[i]);
    if (staging->kept) {
        struct error cause = *error;
        error_set(error, status, "%s; not all could be put back as it was: look into %s",
                  cause.text, staging->folder);
    }
    return status;
}

static enum status name_passage(const struct staging *staging, const char *suffix,
                                struct passage *passage, struct error *error)
{
    if (asprintf(&passage->made, "%s%s", staging->stem, suffix) < 0)
        passage->made = NULL;
    if (asprintf(&passage->target, "%s%s", staging->target, suffix) < 0)
        passage->target = NULL;
    if (asprintf(&passage->older, "%s.older%s", staging->stem, suffix) < 0)
        passage->older = NULL;
    return passage->made && passage->target && passage->older
               ? STATUS_OK
               : error_set(error, STATUS_MEMORY, "%s: out of memory", staging->target);
}

enum status staging_publish(struct staging *staging, const char *const *suffixes, size_t count,
                            struct error *error)
{
    struct passage passages[STAGING_FILES] = {{.made = NULL}};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && !status; i++)
        status = name_passage(staging, suffixes[i], &passages[i], error);
    if (!status) {
        pthread_mutex_lock(&staging->renaming);
        status = move_all(staging, passages, count, error);
        pthread_mutex_unlock(&staging->renaming);
    }
    for (size_t i = 0; i < count; i++) {
        free(passages[i].made);
        free(passages[i].target);
        free(passages[i].older);
    }
    return status;
}

void staging_close(struct staging *staging)
{
    if (!staging)
        return;
    if (staging->folder)
        remove_folder(staging);
    stop_watcher(staging);
    pthread_mutex_destroy(&staging->renaming);
    free(staging->folder);
    free(staging->stem);
    free(staging->target);
    free(staging);
}
