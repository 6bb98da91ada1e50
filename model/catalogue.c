#include "model/catalogue.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/log.h"

enum { MAX_MANIFESTS = 10000 };

struct catalogue {
    struct buf list; /* of struct manifest *, in order of search */
};

static struct manifest **manifests(const struct catalogue *catalogue)
{
    return (void *)catalogue->list.data;
}

size_t catalogue_count(const struct catalogue *catalogue)
{
    return catalogue->list.size / sizeof(struct manifest *);
}

const struct manifest *catalogue_at(const struct catalogue *catalogue, size_t index)
{
    return index < catalogue_count(catalogue) ? manifests(catalogue)[index] : NULL;
}

static enum status add_file(struct catalogue *catalogue, const char *folder, const char *name,
                            struct error *error)
{
    char *path;
    struct error why;
    struct manifest *manifest;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", folder);
    /* Opening a FIFO would wait for a writer for ever. */
    struct stat about;
    bool special = stat(path, &about) == 0 && !S_ISREG(about.st_mode);
    enum status status =
        special ? error_set(&why, STATUS_DATA, "%s: not a regular file; move it away", path)
                : manifest_read(path, &manifest, &why);
    free(path);
    if (status == STATUS_MEMORY)
        return error_set(error, status, "%s", why.text);
    if (status) {
        log_warning("manifest left out: %s", why.text);
        return STATUS_OK;
    }
    status = buf_append(&catalogue->list, &manifest, sizeof manifest);
    if (status) {
        manifest_free(manifest);
        error_set(error, status, "%s: more than %d manifests", folder, MAX_MANIFESTS);
    }
    return status;
}

static int is_manifest(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".yml") == 0;
}

/* By bytes, so that the order does not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum status add_folder(struct catalogue *catalogue, const char *folder, struct error *error)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_manifest, by_name);
    if (count < 0) {
        if (errno != ENOENT)
            log_warning("%s: %s", folder, strerror(errno));
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    for (int i = 0; i < count; i++) {
        if (!status)
            status = add_file(catalogue, folder, entries[i]->d_name, error);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum status catalogue_open(const char *paths, struct catalogue **out, struct error *error)
{
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    char *copy = strdup(paths), *rest = copy;
    enum status status = STATUS_OK;
    *out = NULL;
    if (!catalogue || !copy)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", paths);
    else
        buf_init(&catalogue->list, MAX_MANIFESTS * sizeof(struct manifest *));
    while (!status && rest) {
        const char *folder = strsep(&rest, ":");
        if (*folder)
            status = add_folder(catalogue, folder, error);
    }
    free(copy);
    if (status)
        catalogue_free(catalogue);
    else
        *out = catalogue;
    return status;
}

void catalogue_free(struct catalogue *catalogue)
{
    if (!catalogue)
        return;
    for (size_t i = 0; i < catalogue_count(catalogue); i++)
        manifest_free(manifests(catalogue)[i]);
    buf_free(&catalogue->list);
    free(catalogue);
}

static int fold(char c)
{
    return c == ' ' || c == '-' ? '_' : tolower((unsigned char)c);
}

bool catalogue_same_name(const char *a, const char *b)
{
    while (*a && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct manifest *catalogue_find(const struct catalogue *catalogue, const char *name,
                                      const char *version, const char *framework,
                                      const char *framework_version)
{
    const struct manifest *converted = NULL;
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct manifest *manifest = manifests(catalogue)[i];
        if ((name && !catalogue_same_name(manifest->name, name)) ||
            (version && strcmp(manifest->version, version) != 0) ||
            (framework && !catalogue_same_name(manifest->framework_name, framework)) ||
            (framework_version && strcmp(manifest->framework_version, framework_version) != 0))
            continue;
        if (!manifest->converted_from)
            return manifest;
        converted = converted ? converted : manifest;
    }
    return converted;
}
