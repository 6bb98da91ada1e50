#include "model/manifest_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/json.h"

/* What stands in for the framework's name and version, and which of the format's files is which. */
static const struct {
    const char *framework, *version; /* NULL: the source's */
    int graph, weights;              /* index into model_files(); -1: none */
} forms[] = {
    [MODEL_CAFFE] = {"Caffe", "1.0", 0, 1},
    [MODEL_NUMPY] = {"NumPy", "1.0", 1, 0},
    [MODEL_TENSORFLOW] = {"TensorFlow", "1.15", 0, -1},
    [MODEL_ONNX] = {"ONNX", "1.8", 0, -1},
    [MODEL_TFJS] = {NULL, NULL, -1, -1},
};

/* A JSON string is a YAML string, too. */
static void print_text(FILE *out, const char *key, const char *text)
{
    if (!text)
        return;
    fprintf(out, "%s: ", key);
    json_write_text(out, text);
    fputc('\n', out);
}

static void print_numbers(FILE *out, const char *key, const float numbers[3])
{
    fprintf(out, "      %s: [%.9g, %.9g, %.9g]\n", key, (double)numbers[0], (double)numbers[1],
            (double)numbers[2]);
}

static void print_input(FILE *out, const struct manifest *source, enum model_format format)
{
    const struct preprocessing *how = &source->preprocessing;

    fputs("inputs:\n  - type: image\n    parameters:\n      element_type: float32\n", out);
    print_text(out, "      input_layer", source->input_layer);
    fprintf(out, "      layout: %s\n", format == MODEL_TENSORFLOW ? "HWC" : "CHW");
    fprintf(out, "      color_mode: %s\n", how->color == COLOR_BGR ? "BGR" : "RGB");
    if (how->width)
        fprintf(out, "      dimensions: [%u, %u, %u]\n", how->channels, how->height, how->width);
    print_numbers(out, "mean", how->mean);
    print_numbers(out, "scale", how->scale);
    fprintf(out, "      resize: %s\n", resize_method_name(how->resize));
}

static void print_output(FILE *out, const struct manifest *source)
{
    fputs("output:\n  type: classification\n  parameters:\n", out);
    print_text(out, "    probabilities_layer", source->output_layer);
    if (source->softmax)
        fputs("    probabilities_transform: softmax\n", out);
    print_text(out, "    features_url", source->labels_path);
    print_text(out, "    features_checksum", source->labels_md5);
}

static enum status print_file(FILE *out, const char *key, const char *stem, const char *name,
                              const char *suffix, struct error *error)
{
    char *path = NULL, *file = NULL, digest[MD5_HEX_SIZE];
    enum status status = STATUS_OK;

    if (asprintf(&path, "%s%s", stem, suffix) < 0)
        path = NULL;
    if (asprintf(&file, "%s%s", name, suffix) < 0)
        file = NULL;
    if (!path || !file)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", stem);
    if (!status)
        status = hash_md5_file(path, digest, error);
    if (!status) {
        char entry[32];
        snprintf(entry, sizeof entry, "  %s_path", key);
        print_text(out, entry, file);
        fprintf(out, "  %s_checksum: %s\n", key, digest);
    }
    free(path);
    free(file);
    return status;
}

static enum status print_files(FILE *out, enum model_format format, const char *stem,
                               const char *name, struct error *error)
{
    const struct model_files *files = model_files(format);
    enum status status;

    fputs("model:\n", out);
    status = print_file(out, "graph", stem, name, files->suffixes[forms[format].graph], error);
    if (!status && forms[format].weights >= 0)
        status =
            print_file(out, "weights", stem, name, files->suffixes[forms[format].weights], error);
    return status;
}

enum status manifest_write(const struct manifest *source, enum model_format format,
                           const char *stem, const char *name, const char *path,
                           struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    enum status status;

    if (!out)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    print_text(out, "name", source->name);
    fputs("framework:\n", out);
    print_text(out, "  name", forms[format].framework);
    print_text(out, "  version", forms[format].version);
    print_text(out, "version", source->version);
    print_text(out, "description", source->description);
    print_text(out, "license", source->license);
    print_input(out, source, format);
    print_output(out, source);
    status = print_files(out, format, stem, name, error);
    fputs("attributes:\n", out);
    print_text(out, "  converted_from",
               source->converted_from ? source->converted_from : source->framework_name);
    if (fclose(out) && !status)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    if (!status)
        status = file_write(path, text, size, error);
    free(text);
    return status;
}
