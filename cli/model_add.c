/* Copies a manifest and its files beside the database, where the daemon can read them. */
#include "cli/model_add.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "engine/classifier.h"

static enum status make_folder(const char *path, struct error *error)
{
    if (mkdir(path, 0775) == 0 || errno == EEXIST)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: cannot be made: %s; %s", path, strerror(errno),
                     errno == ENOENT ? "make the folder it is in, or give another --db"
                                     : "check the folder's permissions");
}

/* Names that are safe as a file's: what is not a letter, digit, '.', '-' or '_' becomes '_'. */
static void safe_name(const struct manifest *manifest, char *out, size_t size)
{
    snprintf(out, size, "%s-%s-%s-%s", manifest->name, manifest->version, manifest->framework_name,
             manifest->framework_version);
    for (char *c = out; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              strchr("-_", *c) || (*c == '.' && c != out)))
            *c = '_';
}

/* Where the manifest's copy keeps one of its files: in the folder of the copy, under the old last
 * name. */
static enum status copy_part(const char *from, const char *folder, struct error *error)
{
    if (!from || strstr(from, "://"))
        return STATUS_OK;
    struct buf to;
    buf_init(&to, 1 << 13);
    const char *slash = strrchr(from, '/');
    enum status status = buf_printf(&to, "%s/%s", folder, slash ? slash + 1 : from);
    if (status)
        error_set(error, status, "%s: the path is too long", from);
    else
        status = file_copy(from, to.data, error);
    buf_free(&to);
    return status;
}

/* The copy's files stand in a folder beside it; its paths are rewritten line by line. */
static enum status rewrite_paths(const struct manifest *manifest, const char *folder_name,
                                 const char *text, struct buf *out)
{
    static const char *const keys[] = {
        "graph_path:", "weights_path:", "features_url:", "base_url:"};
    const char *const files[] = {manifest->graph_path, manifest->weights_path,
                                 manifest->labels_path, NULL};
    enum status status = STATUS_OK;
    while (!status && *text) {
        size_t length = strcspn(text, "\n"), blanks = strspn(text, " -");
        size_t k = 0;
        while (k < 4 && (blanks >= length || strncmp(text + blanks, keys[k], strlen(keys[k])) != 0))
            k++;
        if (k == 4 || (k < 3 && (!files[k] || strstr(files[k], "://")))) {
            status = buf_append(out, text, length);
        } else if (k < 3) {
            const char *slash = strrchr(files[k], '/');
            status = buf_printf(out, "%.*s%s \"%s/%s\"", (int)blanks, text, keys[k], folder_name,
                                slash ? slash + 1 : files[k]);
        } else if (strstr(manifest->graph_path, "://")) {
            status = buf_append(out, text, length);
        }
        if (!status)
            status = buf_append(out, "\n", 1);
        text += length + (text[length] == '\n');
    }
    return status;
}

/* Everything that can be checked here is: that files, shapes, weights and labels belong together.
 */
static enum status try_model(const struct manifest *manifest, struct error *error)
{
    struct engine_options options = {.threads = 1};
    struct classifier *classifier = NULL;
    enum status status = classifier_open(manifest, &options, &classifier, error);
    classifier_free(classifier);
    return status;
}

/* The proof that convert left beside the graph goes with it. */
static enum status copy_certificate(const struct manifest *manifest, const char *folder,
                                    struct error *error)
{
    enum status status = STATUS_OK;
    char *path = manifest_certificate(manifest);
    if (path && access(path, F_OK) == 0)
        status = copy_part(path, folder, error);
    free(path);
    return status;
}

static enum status copy_parts(const struct manifest *manifest, const char *models,
                              const char *folder, struct error *error)
{
    const char *const parts[] = {manifest->graph_path, manifest->weights_path,
                                 manifest->labels_path};
    enum status status = make_folder(models, error);
    if (!status)
        status = make_folder(folder, error);
    for (size_t i = 0; !status && i < 3; i++)
        status = copy_part(parts[i], folder, error);
    return status ? status : copy_certificate(manifest, folder, error);
}

/* Whether the copy needs nothing that stayed behind: weights that an ONNX file keeps in others, a
 * path that was not rewritten. */
static enum status check_copy(const char *path, struct error *error)
{
    struct manifest *manifest = NULL;
    struct error why;
    enum status status = manifest_read(path, &manifest, &why);
    if (!status)
        status = try_model(manifest, &why);
    if (status && status != STATUS_MEMORY)
        status = STATUS_DATA;
    if (status)
        error_set(error, status,
                  "the copy cannot be used: %s; the manifest must name each file on a line of its "
                  "own, and weights must stand in one file (carmlbench convert makes such models)",
                  why.text);
    manifest_free(manifest);
    return status;
}

/* Under a name that no catalogue reads until it has been tried. */
static enum status publish(const struct manifest *manifest, const char *staged, const char *copy,
                           const struct buf *text, struct error *error)
{
    enum status status = file_write(staged, text->data, text->size, error);
    if (status)
        return status;
    if (manifest_is_local(manifest))
        status = check_copy(staged, error);
    if (!status && rename(staged, copy))
        status = error_set(error, STATUS_IO, "%s: %s", copy, strerror(errno));
    if (status)
        unlink(staged);
    return status;
}

static enum status store_model(const struct manifest *manifest, const char *models,
                               struct error *error)
{
    char name[250];
    char *folder = NULL, *copy = NULL, *staged = NULL;
    struct buf text, rewritten;
    enum status status = STATUS_OK;
    buf_init(&text, 1 << 20);
    buf_init(&rewritten, 1 << 21);
    safe_name(manifest, name, sizeof name);
    if (asprintf(&folder, "%s/%s", models, name) < 0)
        folder = NULL;
    if (asprintf(&copy, "%s/%s.yml", models, name) < 0)
        copy = NULL;
    if (asprintf(&staged, "%s/.%s.yml", models, name) < 0)
        staged = NULL;
    if (!folder || !copy || !staged)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", models);
    if (!status)
        status = file_read(manifest->path, &text, error);
    if (!status)
        status = copy_parts(manifest, models, folder, error);
    if (!status && rewrite_paths(manifest, name, text.data, &rewritten))
        status = error_set(error, STATUS_LIMIT, "%s: the manifest is too large", manifest->path);
    if (!status)
        status = publish(manifest, staged, copy, &rewritten, error);
    if (!status)
        printf("added %s %s (%s %s) as %s\n", manifest->name, manifest->version,
               manifest->framework_name, manifest->framework_version, copy);
    free(folder);
    free(copy);
    free(staged);
    buf_free(&text);
    buf_free(&rewritten);
    return status;
}

enum status model_add(struct cli *cli, const char *path, struct error *error)
{
    struct manifest *manifest = NULL;
    char *models = NULL;
    enum status status = cli_open_config(cli, error);
    if (!status)
        status = manifest_read(path, &manifest, error);
    if (!status)
        status = manifest_is_local(manifest) ? try_model(manifest, error) : STATUS_OK;
    if (!status && !(models = config_models_folder(cli->config)))
        status = error_set(error, STATUS_MEMORY, "models: out of memory");
    if (!status)
        status = store_model(manifest, models, error);
    if (!status && !manifest_is_local(manifest))
        fprintf(stderr,
                "note: its files are not on this machine; only a CarML server can answer for it\n");
    free(models);
    manifest_free(manifest);
    return status;
}
