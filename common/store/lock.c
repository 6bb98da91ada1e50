#include "common/store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Gives the lock file the owner and mode of the database, so that a daemon started once as root
 * does not lock out the one that runs as its own user. */
static void take_after(int descriptor, const char *path)
{
    struct stat database;
    if (stat(path, &database) != 0)
        return;
    if (geteuid() == 0 && fchown(descriptor, database.st_uid, database.st_gid) != 0)
        return;
    (void)!fchmod(descriptor, database.st_mode & 0666);
}

static void write_pid(int descriptor)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* Only for the words of the next one that is refused; the lock itself does not hang on it. */
    if (ftruncate(descriptor, 0) == 0)
        (void)!pwrite(descriptor, text, (size_t)size, 0);
}

static enum status refuse(const char *path, int descriptor, struct error *error)
{
    char text[32] = "";
    long pid = 0;
    if (errno != EWOULDBLOCK)
        return error_set(error, STATUS_IO, "%s.lock: cannot be locked: %s; use a local file system",
                         path, strerror(errno));
    if (pread(descriptor, text, sizeof text - 1, 0) > 0)
        pid = strtol(text, NULL, 10);
    return error_set(error, STATUS_UNAVAILABLE,
                     "%s: in use by another carmlbenchd (process %ld); stop it first", path, pid);
}

enum status lock_acquire(const char *path, int *descriptor, struct error *error)
{
    char *name = NULL;
    *descriptor = -1;
    if (asprintf(&name, "%s.lock", path) < 0)
        return STATUS_MEMORY;
    enum status status = STATUS_OK;
    int opened = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (opened < 0) {
        status = error_set(error, errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO,
                           "%s: %s; check who owns it and its directory", name, strerror(errno));
        goto out;
    }
    if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
        status = refuse(path, opened, error);
        close(opened);
        goto out;
    }
    /* The same once more in the kind of lock that others can ask about without taking it. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    (void)fcntl(opened, F_OFD_SETLK, &whole);
    take_after(opened, path);
    write_pid(opened);
    *descriptor = opened;
out:
    free(name);
    return status;
}

bool lock_held(const char *path)
{
    char *name = NULL;
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (asprintf(&name, "%s.lock", path) < 0)
        return false;
    int opened = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    free(name);
    if (opened < 0)
        return false;
    bool held = fcntl(opened, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
    close(opened);
    return held;
}

void lock_release(int descriptor)
{
    if (descriptor >= 0)
        close(descriptor);
}
