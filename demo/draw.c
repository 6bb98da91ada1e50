/* draw: writes pictures of shapes for the demo, for training and for tests. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/image/image.h"
#include "tests/lib/shapes.h"

enum { FILE_LIMIT = 16 << 20, COUNT_MAX = 100000 };

static const char usage[] =
    "usage: draw [--seed N] [--count N] [--first N] FOLDER\n"
    "       draw --placeholder FILE.jpg | [--seed N] [--first N] --png FILE.png\n"
    "Draws --count (40) pictures of each class as FOLDER/CLASS_NNN.jpg, numbered from --first "
    "(1),\n"
    "and prints \"nXXXXXXXX_NNN<TAB>CLASS_NNN.jpg\" for each. --placeholder draws the \"photo "
    "gone\"\n"
    "picture instead, --png one circle as a PNG. The same seed gives the same files.\n";

struct options {
    uint64_t seed;
    uint32_t count, first;
    const char *placeholder, *png, *folder;
};

/* Without the sync of common/file.h: hundreds of drawings that can be drawn again. */
static enum status save_picture(const char *path, const struct buf *bytes, struct error *error)
{
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;

    if (file && fclose(file))
        good = false;
    if (good)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: cannot write: %s", path, strerror(errno));
}

static enum status draw_class(const struct options *options, unsigned class, struct buf *bytes,
                              struct error *error)
{
    enum status status = STATUS_OK;
    char wnid[WNID_SIZE], path[4096];

    shapes_wnid(class, wnid);
    for (uint32_t i = 0; !status && i < options->count; i++) {
        uint32_t number = options->first + i;
        const char *name = shapes_name(class);

        buf_clear(bytes);
        status = shapes_draw_jpeg(class, options->seed, number, bytes);
        if (status)
            return error_set(error, status, "%s %u: cannot be drawn", name, number);
        snprintf(path, sizeof path, "%s/%s_%03u.jpg", options->folder, name, number);
        status = save_picture(path, bytes, error);
        if (!status)
            printf("%s_%03u\t%s_%03u.jpg\n", wnid, number, name, number);
    }
    return status;
}

static enum status draw_single(const struct options *options, struct buf *bytes,
                               struct error *error)
{
    struct image image = {0};
    enum status status;

    if (options->placeholder) {
        status = shapes_draw_placeholder(&image);
        if (!status)
            status = image_write_jpeg(&image, 85, bytes);
    } else {
        status = shapes_draw(0, options->seed, options->first, &image);
        if (!status)
            status = image_write_png(&image, bytes);
    }
    image_free(&image);
    if (status)
        return error_set(error, status, "draw: the picture cannot be made");
    return save_picture(options->placeholder ? options->placeholder : options->png, bytes, error);
}

static bool parse_number(const char *text, uint64_t max, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 10);
    return !errno && *text >= '0' && *text <= '9' && !*end && *value <= max;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"seed", required_argument, NULL, 's'},  {"count", required_argument, NULL, 'c'},
        {"first", required_argument, NULL, 'f'}, {"placeholder", required_argument, NULL, 'p'},
        {"png", required_argument, NULL, 'g'},   {NULL, 0, NULL, 0}};
    uint64_t seed = 1, count = 40, first = 1;
    bool good = true;
    int option;

    while (good && (option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 's')
            good = parse_number(optarg, UINT64_MAX, &seed);
        else if (option == 'c')
            good = parse_number(optarg, COUNT_MAX, &count);
        else if (option == 'f')
            good = parse_number(optarg, UINT32_MAX - COUNT_MAX, &first);
        else if (option == 'p')
            options->placeholder = optarg;
        else if (option == 'g')
            options->png = optarg;
        else
            good = false;
    }
    options->seed = seed;
    options->count = (uint32_t)count;
    options->first = (uint32_t)first;
    options->folder = argv[optind];
    return good && argc - optind == (options->placeholder || options->png ? 0 : 1);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    struct error error = {{0}};
    enum status status = STATUS_OK;
    struct buf bytes;

    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return status_exit_code(STATUS_USAGE);
    }
    buf_init(&bytes, FILE_LIMIT);
    if (options.folder) {
        for (unsigned class = 0; !status && class < SHAPES_CLASSES; class ++)
            status = draw_class(&options, class, &bytes, &error);
    } else {
        status = draw_single(&options, &bytes, &error);
    }
    buf_free(&bytes);
    if (!status && fflush(stdout))
        status = error_set(&error, STATUS_IO, "standard output: %s", strerror(errno));
    if (status)
        fprintf(stderr, "draw: %s\n", error.text);
    return status_exit_code(status);
}
