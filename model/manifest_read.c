/* CarML's YAML into struct manifest. The meaning of each key: dlframework's model.proto and the
 * agents' type_parameter.go, image_predictor.go. */
#include "model/manifest.h"

#include <ctype.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/file.h"
#include "common/yaml.h"

enum { MAX_BYTES = 1 << 20, MAX_SIDE = 16384, MAX_TEXT = 16384 };

struct reader {
    struct yaml *yaml;
    struct manifest *manifest;
    struct error *error;
    char folder[PATH_MAX]; /* absolute, of the manifest */
};

static enum status missing(struct reader *reader, const struct yaml_node *map, const char *key,
                           const char *what)
{
    return error_set(reader->error, STATUS_DATA, "%s:%u: %s: missing, expected %s",
                     yaml_name(reader->yaml), map ? map->line : 1, key, what);
}

static enum status wrong(struct reader *reader, const struct yaml_node *node, const char *what)
{
    return yaml_error(reader->yaml, node, STATUS_DATA, reader->error, "expected %s", what);
}

static enum status out_of_memory(struct reader *reader)
{
    return error_set(reader->error, STATUS_MEMORY, "%s: out of memory", yaml_name(reader->yaml));
}

static bool is_null(const struct yaml_node *node)
{
    return !node ||
           (node->kind == YAML_SCALAR && !node->quoted &&
            (!*node->text || strcmp(node->text, "~") == 0 || strcasecmp(node->text, "null") == 0));
}

/* Copies the text of map.key; an absent, null or empty one leaves NULL. */
static enum status read_text(struct reader *reader, const struct yaml_node *map, const char *key,
                             char **out)
{
    const struct yaml_node *node = yaml_get(map, key);
    if (is_null(node))
        return STATUS_OK;
    if (node->kind != YAML_SCALAR || strlen(node->text) > MAX_TEXT)
        return wrong(reader, node, "a text of at most 16384 bytes");
    if (!*node->text)
        return STATUS_OK;
    *out = strdup(node->text);
    return *out ? STATUS_OK : out_of_memory(reader);
}

static enum status require_text(struct reader *reader, const struct yaml_node *map, const char *key,
                                const char *what, char **out)
{
    enum status status = read_text(reader, map, key, out);
    if (!status && !*out)
        status = missing(reader, map, key, what);
    return status;
}

/* The first of two keys that is there: generation B's name, then generation A's. A number (Caffe's
 * place among the outputs) stands for the only one and leaves NULL. */
static enum status read_layer(struct reader *reader, const struct yaml_node *map, const char *key,
                              const char *older, char **out)
{
    double number;
    const struct yaml_node *node = yaml_get(map, key);
    if (is_null(node)) {
        key = older;
        node = yaml_get(map, older);
    }
    if (node && node->kind == YAML_SCALAR &&
        yaml_to_double(reader->yaml, node, &number, NULL) == STATUS_OK)
        return STATUS_OK;
    return read_text(reader, map, key, out);
}

/* An MD5 digest; an absent or empty one leaves NULL. */
static enum status read_md5(struct reader *reader, const struct yaml_node *map, const char *key,
                            char **out)
{
    enum status status = read_text(reader, map, key, out);
    if (status || !*out)
        return status;
    char *md5 = *out;
    if (strlen(md5) != MD5_HEX_SIZE - 1 ||
        strspn(md5, "0123456789abcdefABCDEF") != MD5_HEX_SIZE - 1)
        return wrong(reader, yaml_get(map, key), "an MD5 digest of 32 hexadecimal digits");
    for (; *md5; md5++)
        *md5 = (char)tolower((unsigned char)*md5);
    return STATUS_OK;
}

static bool is_url(const char *path)
{
    return strstr(path, "://") != NULL;
}

/* Puts the base (a URL or folder) before a path that is neither URL nor absolute. */
static enum status resolve(struct reader *reader, const char *base, char **path)
{
    if (!*path || is_url(*path) || **path == '/')
        return STATUS_OK;
    char *joined;
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    if (asprintf(&joined, "%.*s/%s", (int)length, base, *path) < 0)
        return out_of_memory(reader);
    free(*path);
    *path = joined;
    return STATUS_OK;
}

static enum status read_float(struct reader *reader, const struct yaml_node *node, float *value)
{
    double number = 0;
    enum status status = yaml_to_double(reader->yaml, node, &number, reader->error);
    if (!status && fabs(number) > (double)FLT_MAX)
        status = wrong(reader, node, "a number that fits into 32 bits");
    if (!status)
        *value = (float)number;
    return status;
}

/* Three numbers, or one for all three. */
static enum status read_numbers(struct reader *reader, const struct yaml_node *node,
                                float values[3])
{
    static const char what[] = "a number or a list of three (R, G, B)";
    unsigned count = 0;
    enum status status = STATUS_OK;
    if (is_null(node))
        return STATUS_OK;
    if (node->kind == YAML_SCALAR) {
        status = read_float(reader, node, &values[0]);
        values[1] = values[2] = values[0];
        return status;
    }
    for (const struct yaml_node *item = node->first; item && !status; item = item->next, count++)
        status = count == 3 ? wrong(reader, node, what) : read_float(reader, item, &values[count]);
    if (!status && (count != 3 || node->kind != YAML_LIST))
        status = wrong(reader, node, what);
    return status;
}

/* Generation A divides by 1 when the one number is 0; 0 in a list is nonsense in both. */
static enum status read_scale(struct reader *reader, const struct yaml_node *node, float scale[3])
{
    enum status status = read_numbers(reader, node, scale);
    if (status || is_null(node))
        return status;
    for (int i = 0; i < 3; i++) {
        if (scale[i] == 0 && node->kind == YAML_LIST)
            return wrong(reader, node, "numbers other than 0, because values are divided by them");
        if (scale[i] == 0)
            scale[i] = 1;
    }
    return STATUS_OK;
}

/* [3, H, W], or [N] for [3, N, N]. */
static enum status read_dimensions(struct reader *reader, const struct yaml_node *node,
                                   struct preprocessing *how)
{
    int64_t sizes[3] = {0};
    unsigned count = 0;
    if (is_null(node))
        return STATUS_OK;
    for (const struct yaml_node *item = node->first; item; item = item->next, count++) {
        if (count == 3)
            return wrong(reader, node, "a list [3, height, width]");
        enum status status = yaml_to_int(reader->yaml, item, &sizes[count], reader->error);
        if (status)
            return status;
        if (sizes[count] < 1 || sizes[count] > MAX_SIDE)
            return wrong(reader, node, "sizes from 1 to 16384");
    }
    if (count == 1) {
        sizes[1] = sizes[2] = sizes[0];
        sizes[0] = 3;
    } else if (count != 3 || sizes[0] != 3) {
        return wrong(reader, node, "a list [3, height, width]");
    }
    how->channels = 3;
    how->height = (uint32_t)sizes[1];
    how->width = (uint32_t)sizes[2];
    return STATUS_OK;
}

/* Index of the scalar's text in `words`, compared without case; *index stays when it is absent. */
static enum status read_word(struct reader *reader, const struct yaml_node *node,
                             const char *const words[2], const char *what, unsigned *index)
{
    if (is_null(node))
        return STATUS_OK;
    for (unsigned i = 0; node->kind == YAML_SCALAR && i < 2; i++)
        if (strcasecmp(node->text, words[i]) == 0) {
            *index = i;
            return STATUS_OK;
        }
    return wrong(reader, node, what);
}

static enum status read_order(struct reader *reader, const struct yaml_node *parameters,
                              struct preprocessing *how)
{
    static const char *const colors[] = {"RGB", "BGR"}, *const layouts[] = {"HWC", "CHW"};
    bool caffe = strcasecmp(reader->manifest->framework_name, "Caffe") == 0;
    unsigned color = caffe ? COLOR_BGR : COLOR_RGB, layout = caffe ? LAYOUT_CHW : LAYOUT_HWC;
    enum status status =
        read_word(reader, yaml_get(parameters, "color_mode"), colors, "RGB or BGR", &color);
    if (!status)
        status = read_word(reader, yaml_get(parameters, "layout"), layouts, "HWC or CHW", &layout);
    how->color = (enum color_mode)color;
    how->layout = (enum tensor_layout)layout;
    return status;
}

static enum status read_resize(struct reader *reader, const struct yaml_node *node,
                               enum resize_method *method)
{
    *method = RESIZE_CARML_B;
    if (is_null(node))
        return STATUS_OK;
    if (node->kind == YAML_SCALAR && resize_method_parse(node->text, method) == STATUS_OK)
        return STATUS_OK;
    return wrong(reader, node, "carml-b, carml-a or bilinear");
}

static enum status read_preprocessing(struct reader *reader, const struct yaml_node *parameters)
{
    struct preprocessing *how = &reader->manifest->preprocessing;
    *how = (struct preprocessing){.scale = {1, 1, 1}};
    enum status status = read_dimensions(reader, yaml_get(parameters, "dimensions"), how);
    if (!status)
        status = read_numbers(reader, yaml_get(parameters, "mean"), how->mean);
    if (!status)
        status = read_scale(reader, yaml_get(parameters, "scale"), how->scale);
    if (!status)
        status = read_order(reader, parameters, how);
    if (!status)
        status = read_resize(reader, yaml_get(parameters, "resize"), &how->resize);
    return status;
}

static enum status read_input(struct reader *reader)
{
    const struct yaml_node *root = yaml_root(reader->yaml), *inputs = yaml_get(root, "inputs");
    if (!inputs)
        return missing(reader, root, "inputs", "a list with one input of type image");
    const struct yaml_node *input = inputs->kind == YAML_LIST ? inputs->first : NULL;
    const struct yaml_node *type = yaml_get(input, "type");
    if (!type || type->kind != YAML_SCALAR || strcmp(type->text, "image") != 0)
        return wrong(reader, type ? type : inputs, "a first input of type image");
    const struct yaml_node *parameters = yaml_get(input, "parameters");
    enum status status =
        read_layer(reader, parameters, "input_layer", "layer_name", &reader->manifest->input_layer);
    if (!status)
        status = read_preprocessing(reader, parameters);
    return status;
}

static enum status read_output(struct reader *reader)
{
    struct manifest *manifest = reader->manifest;
    const struct yaml_node *output = yaml_get(yaml_root(reader->yaml), "output");
    if (!output)
        return missing(reader, yaml_root(reader->yaml), "output",
                       "parameters with features_url, the label file");
    const struct yaml_node *parameters = yaml_get(output, "parameters");
    const struct yaml_node *transform = yaml_get(parameters, "probabilities_transform");
    enum status status = read_layer(reader, parameters, "probabilities_layer", "layer_name",
                                    &manifest->output_layer);
    if (!status)
        status = require_text(reader, parameters ? parameters : output, "features_url",
                              "URL or path of the label file", &manifest->labels_path);
    if (!status)
        status = resolve(reader, reader->folder, &manifest->labels_path);
    if (!status)
        status = read_md5(reader, parameters, "features_checksum", &manifest->labels_md5);
    if (!status && !is_null(transform)) {
        manifest->softmax = transform->kind == YAML_SCALAR && !strcmp(transform->text, "softmax");
        if (!manifest->softmax)
            status = wrong(reader, transform, "softmax or nothing");
    }
    return status;
}

/* base_url goes in front of both paths; of an archive, they are members. */
static enum status read_files(struct reader *reader)
{
    struct manifest *manifest = reader->manifest;
    const struct yaml_node *root = yaml_root(reader->yaml), *model = yaml_get(root, "model");
    const struct yaml_node *archive = yaml_get(model, "is_archive");
    char *base = NULL;
    enum status status = require_text(reader, model ? model : root, "graph_path",
                                      "URL or path of the graph", &manifest->graph_path);
    if (!status)
        status = read_text(reader, model, "weights_path", &manifest->weights_path);
    if (!status)
        status = read_text(reader, model, "base_url", &base);
    if (!status && base)
        status = resolve(reader, reader->folder, &base);
    if (!status)
        status = resolve(reader, base ? base : reader->folder, &manifest->graph_path);
    if (!status)
        status = resolve(reader, base ? base : reader->folder, &manifest->weights_path);
    if (!status)
        status = read_md5(reader, model, "graph_checksum", &manifest->graph_md5);
    if (!status)
        status = read_md5(reader, model, "weights_checksum", &manifest->weights_md5);
    if (!status && !is_null(archive))
        status = yaml_to_bool(reader->yaml, archive, &manifest->archive, reader->error);
    free(base);
    return status;
}

static enum status read_names(struct reader *reader)
{
    struct manifest *manifest = reader->manifest;
    const struct yaml_node *root = yaml_root(reader->yaml);
    const struct yaml_node *framework = yaml_get(root, "framework");
    if (root->kind != YAML_MAP)
        return wrong(reader, root, "a map with name, framework, version, inputs, output, model");
    enum status status = require_text(reader, root, "name", "the model's name", &manifest->name);
    if (!status)
        status = require_text(reader, root, "version", "the model's version", &manifest->version);
    if (!status && !framework)
        status = missing(reader, root, "framework", "a map with name and version");
    if (!status)
        status = require_text(reader, framework, "name", "Caffe, TensorFlow, ...",
                              &manifest->framework_name);
    if (!status)
        status = require_text(reader, framework, "version", "the framework's version",
                              &manifest->framework_version);
    if (!status)
        status = read_text(reader, root, "description", &manifest->description);
    if (!status)
        status = read_text(reader, root, "license", &manifest->license);
    if (!status)
        status = read_text(reader, yaml_get(root, "attributes"), "converted_from",
                           &manifest->converted_from);
    return status;
}

/* The folder is resolved once, so that the paths stay right when the program changes its own. */
static enum status find_folder(struct reader *reader)
{
    const char *path = reader->manifest->path;
    if (!realpath(path, reader->folder))
        return error_set(reader->error, STATUS_IO, "%s: its folder cannot be resolved", path);
    *strrchr(reader->folder, '/') = '\0';
    return STATUS_OK;
}

static enum status read_manifest(struct reader *reader, const char *path, const struct buf *content)
{
    struct manifest *manifest = reader->manifest;
    const char *text = content->data ? content->data : "";
    manifest->path = strdup(path);
    if (!manifest->path)
        return error_set(reader->error, STATUS_MEMORY, "%s: out of memory", path);
    enum status status = hash_sha256(text, content->size, manifest->sha256);
    if (status)
        return error_set(reader->error, status, "%s: %s", path, status_text(status));
    status = yaml_read_text(path, text, content->size, &reader->yaml, reader->error);
    if (!status)
        status = find_folder(reader);
    if (!status)
        status = read_names(reader);
    if (!status)
        status = read_input(reader);
    if (!status)
        status = read_output(reader);
    if (!status)
        status = read_files(reader);
    return status;
}

enum status manifest_read(const char *path, struct manifest **out, struct error *error)
{
    struct reader *reader = calloc(1, sizeof *reader);
    struct buf content;
    buf_init(&content, MAX_BYTES);
    *out = NULL;
    if (!reader)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    reader->error = error;
    reader->manifest = calloc(1, sizeof *reader->manifest);
    enum status status = reader->manifest ? file_read(path, &content, error)
                                          : error_set(error, STATUS_MEMORY, "out of memory");
    if (!status)
        status = read_manifest(reader, path, &content);
    if (status)
        manifest_free(reader->manifest);
    else
        *out = reader->manifest;
    yaml_close(reader->yaml);
    buf_free(&content);
    free(reader);
    return status;
}
