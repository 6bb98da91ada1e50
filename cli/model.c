/* carmlbench model: the manifests that names can mean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "common/file.h"
#include "common/json.h"
#include "engine/classifier.h"

static void print_entry(const struct cli *cli, const struct manifest *manifest, bool first)
{
    bool local = manifest_is_local(manifest);
    if (!cli->json) {
        printf("%-32s %-8s %-12s %-8s %s\n", manifest->name, manifest->version,
               manifest->framework_name, manifest->framework_version,
               local ? "local, carml" : "carml");
        return;
    }
    printf("%s{\"name\":", first ? "[" : ",\n ");
    json_write_text(stdout, manifest->name);
    fputs(",\"version\":", stdout);
    json_write_text(stdout, manifest->version);
    fputs(",\"framework\":", stdout);
    json_write_text(stdout, manifest->framework_name);
    fputs(",\"framework_version\":", stdout);
    json_write_text(stdout, manifest->framework_version);
    fputs(",\"manifest\":", stdout);
    json_write_text(stdout, manifest->path);
    printf(",\"manifest_sha256\":\"%s\",\"local\":%s}", manifest->sha256, local ? "true" : "false");
}

/* A manifest that stands behind another of the same name, version and framework is never used. */
static bool is_hidden(const struct catalogue *catalogue, const struct manifest *manifest)
{
    return catalogue_find(catalogue, manifest->name, manifest->version, manifest->framework_name) !=
           manifest;
}

static enum status list_models(struct cli *cli, struct error *error)
{
    enum status status = cli_open_catalogue(cli, error);
    if (status)
        return status;
    size_t count = catalogue_count(cli->catalogue);
    if (!cli->json)
        printf("%-32s %-8s %-12s %-8s %s\n", "name", "version", "framework", "version", "backends");
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = catalogue_at(cli->catalogue, i);
        if (is_hidden(cli->catalogue, manifest))
            continue;
        print_entry(cli, manifest, first);
        first = false;
    }
    if (cli->json)
        puts(first ? "[]" : "]");
    return STATUS_OK;
}

static enum status show_model(struct cli *cli, const char *name, struct error *error)
{
    struct manifest *manifest = NULL;
    char preprocessing[512];
    enum status status = cli_find_manifest(cli, name, &manifest, error);
    if (status)
        return status;
    preprocessing_describe(&manifest->preprocessing, preprocessing, sizeof preprocessing);
    const char *const facts[][2] = {{"name", manifest->name},
                                    {"version", manifest->version},
                                    {"framework", manifest->framework_name},
                                    {"framework_version", manifest->framework_version},
                                    {"manifest", manifest->path},
                                    {"manifest_sha256", manifest->sha256},
                                    {"graph", manifest->graph_path},
                                    {"weights", manifest->weights_path},
                                    {"labels", manifest->labels_path},
                                    {"preprocessing", preprocessing},
                                    {"license", manifest->license},
                                    {"local", manifest_is_local(manifest) ? "yes" : "no"}};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const char *value = facts[i][1] ? facts[i][1] : "";
        if (!cli->json) {
            printf("%-18s %s\n", facts[i][0], value);
            continue;
        }
        printf("%s\"%s\":", i ? "," : "{", facts[i][0]);
        json_write_text(stdout, value);
    }
    if (cli->json)
        puts("}");
    manifest_free(manifest);
    return STATUS_OK;
}

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
    snprintf(out, size, "%s-%s-%s", manifest->name, manifest->version, manifest->framework_name);
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
static enum status check_model(const struct manifest *manifest, struct error *error)
{
    if (!manifest_is_local(manifest))
        return STATUS_OK;
    struct engine_options options = {.threads = 1};
    struct classifier *classifier = NULL;
    enum status status = classifier_open(manifest, &options, &classifier, error);
    classifier_free(classifier);
    return status;
}

static enum status store_model(const struct manifest *manifest, const char *models,
                               const char *source, struct error *error)
{
    char name[200];
    struct buf folder, copy, text, rewritten;
    buf_init(&folder, 1 << 13);
    buf_init(&copy, 1 << 13);
    buf_init(&text, 1 << 20);
    buf_init(&rewritten, 1 << 21);
    safe_name(manifest, name, sizeof name);
    enum status status = buf_printf(&folder, "%s/%s", models, name);
    if (!status)
        status = buf_printf(&copy, "%s/%s.yml", models, name);
    if (status)
        error_set(error, status, "%s: the path is too long", models);
    if (!status)
        status = file_read(source, &text, error);
    if (!status)
        status = make_folder(models, error);
    if (!status)
        status = make_folder(folder.data, error);
    const char *const parts[] = {manifest->graph_path, manifest->weights_path,
                                 manifest->labels_path};
    for (size_t i = 0; !status && i < 3; i++)
        status = copy_part(parts[i], folder.data, error);
    if (!status && rewrite_paths(manifest, name, text.data, &rewritten))
        status = error_set(error, STATUS_LIMIT, "%s: the manifest is too large", source);
    if (!status)
        status = file_write(copy.data, rewritten.data, rewritten.size, error);
    if (!status)
        printf("added %s %s (%s %s) as %s\n", manifest->name, manifest->version,
               manifest->framework_name, manifest->framework_version, copy.data);
    buf_free(&folder);
    buf_free(&copy);
    buf_free(&text);
    buf_free(&rewritten);
    return status;
}

static enum status add_model(struct cli *cli, const char *path, struct error *error)
{
    struct manifest *manifest = NULL;
    char *models = NULL;
    enum status status = cli_open_config(cli, error);
    if (!status)
        status = manifest_read(path, &manifest, error);
    if (!status)
        status = check_model(manifest, error);
    if (!status && !(models = config_models_folder(cli->config)))
        status = error_set(error, STATUS_MEMORY, "models: out of memory");
    if (!status)
        status = store_model(manifest, models, path, error);
    if (!status && !manifest_is_local(manifest))
        fprintf(stderr,
                "note: its files are not on this machine; only a CarML server can answer for it\n");
    free(models);
    manifest_free(manifest);
    return status;
}

enum status model_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    static const struct option table[] = {CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        if (value == CLI_HELP)
            return STATUS_OK;
        return STATUS_USAGE;
    }
    char **words = argv + optind;
    int count = argc - optind;
    if (count == 1 && strcmp(words[0], "list") == 0)
        return list_models(cli, error);
    if (count == 2 && strcmp(words[0], "show") == 0)
        return show_model(cli, words[1], error);
    if (count == 2 && strcmp(words[0], "add") == 0)
        return add_model(cli, words[1], error);
    return cli_usage(cli, error, "expected add FILE.yml, list, or show NAME");
}
