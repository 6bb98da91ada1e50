#include "tests/lib/child.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *build_folder(void)
{
    const char *folder = getenv("BUILD");
    return folder && folder[0] ? folder : "build";
}

/* In the child; does not return. It dies with its parent, so that no test leaves one behind. */
static void become(const char *path, char *const *arguments, const int pipe_ends[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(pipe_ends[1], STDOUT_FILENO);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    execv(path, arguments);
    _exit(127);
}

static enum status wait_for_line(struct child *child, int output, struct error *error)
{
    char line[256] = "";
    FILE *stream = fdopen(output, "r");
    enum status status = STATUS_UNAVAILABLE;
    if (!stream) {
        close(output);
        return error_set(error, STATUS_IO, "child: its output cannot be read");
    }
    while (status && fgets(line, sizeof line, stream)) {
        const char *colon = strrchr(line, ':');
        if (strncmp(line, "listening on ", 13) == 0 && colon) {
            child->port = (unsigned)strtoul(colon + 1, NULL, 10);
            status = STATUS_OK;
        }
    }
    fclose(stream);
    if (status)
        error_set(error, status, "child: ended before it listened; last line \"%s\"", line);
    return status;
}

enum status child_start(struct child *child, const char *name, unsigned port,
                        const char *const *arguments, struct error *error)
{
    char path[512], number[16], *list[CHILD_ARGUMENTS] = {path, "--port", number};
    int pipe_ends[2];
    size_t count = 3;
    *child = (struct child){0};
    snprintf(path, sizeof path, "%s/tests/lib/%s", build_folder(), name);
    snprintf(number, sizeof number, "%u", port);
    if (access(path, X_OK) != 0)
        return error_set(error, STATUS_UNAVAILABLE, "%s: not there, build it with make", path);
    for (; *arguments && count < CHILD_ARGUMENTS - 1; arguments++)
        list[count++] = (char *)(uintptr_t)*arguments;
    if (pipe(pipe_ends) != 0)
        return error_set(error, STATUS_IO, "child: no pipe");
    child->pid = fork();
    if (child->pid == 0)
        become(path, list, pipe_ends);
    close(pipe_ends[1]);
    if (child->pid < 0) {
        child->pid = 0;
        close(pipe_ends[0]);
        return error_set(error, STATUS_IO, "child: no process");
    }
    enum status status = wait_for_line(child, pipe_ends[0], error);
    if (status)
        child_kill(child);
    return status;
}

void child_wait(struct child *child)
{
    if (child->pid > 0)
        waitpid(child->pid, NULL, 0);
    child->pid = 0;
}

void child_kill(struct child *child)
{
    if (child->pid > 0)
        kill(child->pid, SIGKILL);
    child_wait(child);
}
