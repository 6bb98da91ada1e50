#include "model/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    free(manifest->name);
    free(manifest->version);
    free(manifest->framework_name);
    free(manifest->framework_version);
    free(manifest->path);
    free(manifest->input_layer);
    free(manifest->output_layer);
    free(manifest->graph_path);
    free(manifest->weights_path);
    free(manifest->labels_path);
    free(manifest->graph_md5);
    free(manifest->weights_md5);
    free(manifest->labels_md5);
    free(manifest->description);
    free(manifest->license);
    free(manifest->converted_from);
    free(manifest);
}

/* A NULL path needs no file. */
static bool is_readable(const char *path)
{
    return !path || (*path == '/' && access(path, R_OK) == 0);
}

const char *manifest_missing(const struct manifest *manifest)
{
    if (manifest->archive || !is_readable(manifest->graph_path))
        return manifest->graph_path;
    if (!is_readable(manifest->weights_path))
        return manifest->weights_path;
    return is_readable(manifest->labels_path) ? NULL : manifest->labels_path;
}

bool manifest_is_local(const struct manifest *manifest)
{
    return !manifest_missing(manifest);
}

char *manifest_certificate(const struct manifest *manifest)
{
    const char *path = manifest->graph_path, *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    size_t stem = dot && slash && dot > slash ? (size_t)(dot - path) : strlen(path);
    char *certificate;
    if (*path != '/' || asprintf(&certificate, "%.*s.certificate.json", (int)stem, path) < 0)
        return NULL;
    return certificate;
}

static enum status verify(const char *path, const char *expected, struct error *error)
{
    char md5[MD5_HEX_SIZE];
    if (!path || !expected || *path != '/')
        return STATUS_OK;
    enum status status = hash_md5_file(path, md5, error);
    if (!status && strcmp(md5, expected) != 0)
        status = error_set(error, STATUS_DATA,
                           "%s: MD5 is %s, but the manifest says %s; fetch the file again", path,
                           md5, expected);
    return status;
}

enum status manifest_verify(const struct manifest *manifest, struct error *error)
{
    enum status status = verify(manifest->graph_path, manifest->graph_md5, error);
    if (!status)
        status = verify(manifest->weights_path, manifest->weights_md5, error);
    if (!status)
        status = verify(manifest->labels_path, manifest->labels_md5, error);
    return status;
}

static const char *const resize_names[] = {
    [RESIZE_CARML_B] = "carml-b",
    [RESIZE_CARML_A] = "carml-a",
    [RESIZE_BILINEAR] = "bilinear",
};

enum status resize_method_parse(const char *word, enum resize_method *method)
{
    for (unsigned i = 0; i < sizeof resize_names / sizeof resize_names[0]; i++)
        if (strcmp(word, resize_names[i]) == 0) {
            *method = (enum resize_method)i;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}

const char *resize_method_name(enum resize_method method)
{
    return (unsigned)method < 3 ? resize_names[method] : "unknown";
}

/* The shortest text that reads back as the same float. */
static void print_float(float value, char text[32])
{
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, 32, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value)
            return;
    }
}

void preprocessing_describe(const struct preprocessing *how, char *text, size_t size)
{
    char numbers[6][32], dimensions[32] = "kept";
    for (int i = 0; i < 3; i++) {
        print_float(how->mean[i], numbers[i]);
        print_float(how->scale[i], numbers[3 + i]);
    }
    if (how->width)
        snprintf(dimensions, sizeof dimensions, "%ux%u", how->width, how->height);
    snprintf(text, size, "resize=%s size=%s mean=%s,%s,%s scale=%s,%s,%s color=%s layout=%s",
             resize_method_name(how->resize), dimensions, numbers[0], numbers[1], numbers[2],
             numbers[3], numbers[4], numbers[5], how->color == COLOR_BGR ? "BGR" : "RGB",
             how->layout == LAYOUT_CHW ? "CHW" : "HWC");
}
