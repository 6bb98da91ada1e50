#include "cli/destination.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum status out_of_memory(const char *path, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
}

/* ---- the name ---- */

/* `-o net.pb` and `-o net` do the same. The folder of TensorFlow.js has no suffix, but may be named
 * as folders are. */
static char *make_stem(const char *output, const struct model_files *files)
{
    size_t size = strlen(output);

    for (size_t i = 0; i < files->count; i++) {
        size_t length = strlen(files->suffixes[i]);
        if (length && size >= length && !strcmp(output + size - length, files->suffixes[i]))
            return strndup(output, size - length);
        while (!length && size > 1 && output[size - 1] == '/')
            size--;
    }
    return strndup(output, size);
}

static bool names_folder(const char *stem)
{
    const char *slash = strrchr(stem, '/'), *name = slash ? slash + 1 : stem;

    return !*name || !strcmp(name, ".") || !strcmp(name, "..");
}

/* By their names, too, because a stream that leads to a file looks like that. */
static bool is_stream(const char *path)
{
    static const char *const streams[] = {"/dev/std", "/dev/fd/", "/proc/self/fd/"};
    struct stat info;

    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        if (!strncmp(path, streams[i], strlen(streams[i])))
            return true;
    }
    return !strcmp(path, "-") ||
           (!stat(path, &info) && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode));
}

enum status destination_open(const struct cli *cli, const char *output, enum model_format format,
                             struct destination *destination, struct error *error)
{
    const struct model_files *files = model_files(format);

    *destination = (struct destination){.stem = make_stem(output, files)};
    if (!destination->stem)
        return out_of_memory(output, error);
    if (names_folder(destination->stem) || is_stream(output))
        return cli_usage(cli, error,
                         format == MODEL_TFJS
                             ? "-o '%s': expected the name of a folder to be made, no stream"
                             : "-o '%s': expected the beginning of the files' names, no folder and "
                               "no stream",
                         output);
    for (size_t i = 0; i < files->count; i++)
        destination->suffixes[destination->count++] = files->suffixes[i];
    return STATUS_OK;
}

void destination_close(struct destination *destination)
{
    free(destination->stem);
    *destination = (struct destination){.stem = NULL};
}

/* ---- what stands there ---- */

/* rename() puts a folder over an empty one. */
static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    size_t count = 0;

    if (!folder)
        return false;
    while (count < 3 && readdir(folder))
        count++;
    closedir(folder);
    return count < 3; /* . and .. */
}

static enum status check_target(const char *path, bool folder, const struct source *source,
                                struct error *error)
{
    struct stat info, link;

    if (lstat(path, &link))
        return STATUS_OK;
    if (!stat(path, &info) && source_reads(source, &info))
        return error_set(error, STATUS_USAGE,
                         "%s: is a file of the model that is to be converted, which would be "
                         "written over; give another -o",
                         path);
    if (S_ISDIR(link.st_mode) && folder && is_empty_folder(path))
        return STATUS_OK;
    if (S_ISDIR(link.st_mode))
        return error_set(error, STATUS_IO, "%s: is a folder%s; remove it, or give another -o", path,
                         folder ? " that is not empty" : "");
    if (folder)
        return error_set(error, STATUS_IO, "%s: is no folder; remove it, or give another -o", path);
    if (S_ISREG(link.st_mode) || S_ISLNK(link.st_mode))
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: is not a regular file; remove it, or give another -o",
                     path);
}

enum status destination_settle(struct destination *destination, const struct source *source,
                               bool manifest, struct error *error)
{
    enum status status = STATUS_OK;

    if (manifest)
        destination->suffixes[destination->count++] = ".yml";
    destination->suffixes[destination->count++] = ".certificate.json";
    for (size_t i = 0; i < destination->count && !status; i++) {
        const char *suffix = destination->suffixes[i];
        char *path = NULL;
        if (asprintf(&path, "%s%s", destination->stem, suffix) < 0)
            return out_of_memory(destination->stem, error);
        status = check_target(path, !*suffix, source, error);
        free(path);
    }
    return status;
}
