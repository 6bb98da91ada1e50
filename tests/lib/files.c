#include "tests/lib/files.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { BUCKETS = 4096, MAX_TOTAL = 512 * 1024 * 1024 };

struct entry {
    struct file file;
    struct entry *next;
    char path[];
};

struct files {
    char *root;
    size_t total;
    struct entry *buckets[BUCKETS];
};

enum status files_create(const char *root, struct files **out)
{
    struct files *files = calloc(1, sizeof *files);
    char *copy = strdup(root);
    if (!files || !copy) {
        free(files);
        free(copy);
        return STATUS_MEMORY;
    }
    files->root = copy;
    *out = files;
    return STATUS_OK;
}

void files_free(struct files *files)
{
    if (!files)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *entry = files->buckets[i], *next; entry; entry = next) {
            next = entry->next;
            free(entry->file.bytes);
            free(entry);
        }
    free(files->root);
    free(files);
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {
        {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"}, {".png", "image/png"},
        {".gif", "image/gif"},         {".html", "text/html"},  {".txt", "text/plain"},
        {".json", "application/json"},
    };
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
        if (!strcasecmp(ending, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* Reads the whole file into `entry`; false when that fails. */
static bool read_whole(FILE *stream, size_t size, struct entry *entry)
{
    entry->file.bytes = malloc(size + 1);
    if (!entry->file.bytes)
        return false;
    entry->file.size = fread(entry->file.bytes, 1, size, stream);
    entry->file.bytes[entry->file.size] = '\0';
    return entry->file.size == size;
}

static struct entry *load(struct files *files, const char *path)
{
    struct stat info;
    size_t length = strlen(path);
    struct entry *entry = NULL;
    FILE *stream = fopen(path, "rb");
    bool usable = stream && !fstat(fileno(stream), &info) && S_ISREG(info.st_mode) &&
                  (uint64_t)info.st_size <= MAX_TOTAL - files->total;
    if (usable)
        entry = calloc(1, sizeof *entry + length + 1);
    if (entry && !read_whole(stream, (size_t)info.st_size, entry)) {
        free(entry->file.bytes);
        free(entry);
        entry = NULL;
    }
    if (stream)
        fclose(stream);
    if (!entry)
        return NULL;
    memcpy(entry->path, path, length + 1);
    entry->file.type = type_of(path);
    files->total += entry->file.size;
    return entry;
}

const struct file *files_get_path(struct files *files, const char *path)
{
    uint32_t hash = 5381; /* Bernstein's */
    for (const char *c = path; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    struct entry **bucket = &files->buckets[hash % BUCKETS];
    for (struct entry *entry = *bucket; entry; entry = entry->next)
        if (!strcmp(entry->path, path))
            return &entry->file;
    struct entry *entry = load(files, path);
    if (!entry)
        return NULL;
    entry->next = *bucket;
    *bucket = entry;
    return &entry->file;
}

const struct file *files_get(struct files *files, const char *name)
{
    char path[4096];
    if (!*name || *name == '/' || strstr(name, ".."))
        return NULL;
    int size = snprintf(path, sizeof path, "%s/%s", files->root, name);
    return size < 0 || (size_t)size >= sizeof path ? NULL : files_get_path(files, path);
}
