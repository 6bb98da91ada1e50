#include "demo/trainer/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "demo/trainer/net.h"
#include "engine/preprocess.h"

enum { FILE_LIMIT = 16 << 20, AREA = NET_SIDE * NET_SIDE, FIRST_CAPACITY = 1024 };

static enum status check_manifest(struct dataset *dataset, const struct manifest *manifest,
                                  struct error *error)
{
    const struct preprocessing *how = &manifest->preprocessing;

    if (how->channels != NET_CHANNELS || how->height != NET_SIDE || how->width != NET_SIDE ||
        how->layout != LAYOUT_CHW)
        return error_set(error, STATUS_UNSUPPORTED, "%s: dimensions: expected [3, %d, %d] in CHW",
                         manifest->path, NET_SIDE, NET_SIDE);
    for (int c = 0; c < 3; c++) {
        dataset->mean[c] = how->mean[how->color == COLOR_BGR ? 2 - c : c];
        dataset->scale[c] = how->scale[how->color == COLOR_BGR ? 2 - c : c];
    }
    return STATUS_OK;
}

static enum status make_room(struct dataset *dataset, struct error *error)
{
    size_t capacity = dataset->capacity ? 2 * dataset->capacity : FIRST_CAPACITY;
    uint8_t *levels, *classes;

    if (dataset->count < dataset->capacity)
        return STATUS_OK;
    if (dataset->count >= DATASET_MAX)
        return error_set(error, STATUS_LIMIT, "more than %d pictures", DATASET_MAX);
    levels = realloc(dataset->levels, capacity * NET_INPUT);
    if (levels)
        dataset->levels = levels;
    classes = realloc(dataset->classes, capacity);
    if (classes)
        dataset->classes = classes;
    if (!levels || !classes)
        return error_set(error, STATUS_MEMORY, "out of memory for %zu pictures", capacity);
    dataset->capacity = capacity;
    return STATUS_OK;
}

static enum status find_class(const struct labels *labels, const char *id, uint8_t *class,
                              struct error *error)
{
    for (size_t i = 0; i < labels_count(labels) && i < 256; i++) {
        char wnid[WNID_SIZE];
        const char *name;

        label_split(labels_line(labels, i), wnid, &name);
        if (*wnid && !strncmp(id, wnid, strlen(wnid))) {
            *class = (uint8_t)i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_DATA, "%.20s: not in the label file", id);
}

/* Preprocesses one file into the levels of the next picture. */
static enum status add_levels(struct dataset *dataset, const char *path,
                              const struct manifest *manifest, struct error *error)
{
    const struct image_limits limits = image_default_limits();
    uint8_t *levels = dataset->levels + dataset->count * NET_INPUT;
    enum reason reason;
    struct buf bytes;
    static float tensor[NET_INPUT];
    enum status status;

    buf_init(&bytes, FILE_LIMIT);
    status = file_read(path, &bytes, error);
    if (!status)
        status = preprocess_picture(bytes.data, bytes.size, &manifest->preprocessing, &limits,
                                    tensor, &reason, error);
    for (size_t i = 0; !status && i < NET_INPUT; i++)
        levels[i] =
            (uint8_t)(tensor[i] * dataset->scale[i / AREA] + dataset->mean[i / AREA] + 0.5f);
    buf_free(&bytes);
    return status;
}

static enum status add_line(struct dataset *dataset, const char *folder, char *line,
                            const struct manifest *manifest, const struct labels *labels,
                            struct error *error)
{
    char path[4096], *name = strchr(line, '\t');
    enum status status = make_room(dataset, error);

    if (status)
        return status;
    if (!name || strlen(line) > 1024)
        return error_set(error, STATUS_DATA, "expected \"nXXXXXXXX_NNN<TAB>FILE\"");
    name[strcspn(name, "\r\n")] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, name + 1);
    status = find_class(labels, line, &dataset->classes[dataset->count], error);
    if (!status)
        status = add_levels(dataset, path, manifest, error);
    if (!status)
        dataset->count++;
    return status;
}

enum status dataset_read(struct dataset *dataset, const char *folder,
                         const struct manifest *manifest, const struct labels *labels,
                         struct error *error)
{
    char list[4096], line[2048];
    enum status status;
    FILE *file;

    memset(dataset, 0, sizeof *dataset);
    status = check_manifest(dataset, manifest, error);
    if (status)
        return status;
    snprintf(list, sizeof list, "%s/pictures.tsv", folder);
    file = fopen(list, "r");
    if (!file)
        return error_set(error, STATUS_IO, "%s: cannot be opened; demo/draw prints it", list);
    for (unsigned number = 1; !status && fgets(line, sizeof line, file); number++) {
        status = add_line(dataset, folder, line, manifest, labels, error);
        if (status)
            error_prefix(error, status, "%s:%u", list, number);
    }
    fclose(file);
    if (!status && !dataset->count)
        status = error_set(error, STATUS_DATA, "%s: no pictures", list);
    return status;
}

void dataset_free(struct dataset *dataset)
{
    free(dataset->levels);
    free(dataset->classes);
    memset(dataset, 0, sizeof *dataset);
}

void dataset_load(const struct dataset *dataset, size_t index, unsigned symmetry, float *input)
{
    const uint8_t *levels = dataset->levels + index * NET_INPUT;

    for (size_t y = 0; y < NET_SIDE; y++)
        for (size_t x = 0; x < NET_SIDE; x++) {
            size_t row = symmetry & 1 ? NET_SIDE - 1 - y : y;
            size_t column = symmetry & 2 ? NET_SIDE - 1 - x : x;
            size_t from = symmetry & 4 ? column * NET_SIDE + row : row * NET_SIDE + column;

            for (size_t c = 0; c < 3; c++)
                *input++ = ((float)levels[c * AREA + from] - dataset->mean[c]) / dataset->scale[c];
        }
}
