/* carmlbench model: the manifests that names can mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/model_add.h"
#include "common/json.h"

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
    return catalogue_find(catalogue, manifest->name, manifest->version, manifest->framework_name,
                          manifest->framework_version) != manifest;
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

/* "Caffe 1.0, TensorFlow 1.15": every framework that the model is here for. The caller frees. */
static char *list_frameworks(const struct cli *cli, const struct manifest *manifest)
{
    struct buf text;
    bool first = true;
    buf_init(&text, 1 << 16);
    for (size_t i = 0; cli->catalogue && i < catalogue_count(cli->catalogue); i++) {
        const struct manifest *other = catalogue_at(cli->catalogue, i);
        if (!catalogue_same_name(other->name, manifest->name) || is_hidden(cli->catalogue, other))
            continue;
        if (buf_printf(&text, "%s%s %s", first ? "" : ", ", other->framework_name,
                       other->framework_version))
            break;
        first = false;
    }
    return buf_take(&text);
}

static void print_fact(const struct cli *cli, const char *key, const char *value, bool first)
{
    if (!cli->json) {
        printf("%-18s %s\n", key, value ? value : "");
        return;
    }
    printf("%s\"%s\":", first ? "{" : ",", key);
    json_write_text(stdout, value ? value : "");
}

static enum status show_model(struct cli *cli, const char *name, struct error *error)
{
    struct manifest *manifest = NULL;
    char preprocessing[512];
    enum status status = cli_find_manifest(cli, name, &manifest, error);
    if (status)
        return status;
    char *frameworks = list_frameworks(cli, manifest);
    char *certificate = manifest_certificate(manifest);
    preprocessing_describe(&manifest->preprocessing, preprocessing, sizeof preprocessing);
    const char *const facts[][2] = {
        {"name", manifest->name},
        {"version", manifest->version},
        {"framework", manifest->framework_name},
        {"framework_version", manifest->framework_version},
        {"frameworks", frameworks},
        {"converted_from", manifest->converted_from},
        {"manifest", manifest->path},
        {"manifest_sha256", manifest->sha256},
        {"graph", manifest->graph_path},
        {"weights", manifest->weights_path},
        {"certificate", certificate && access(certificate, R_OK) == 0 ? certificate : NULL},
        {"labels", manifest->labels_path},
        {"preprocessing", preprocessing},
        {"license", manifest->license},
        {"local", manifest_is_local(manifest) ? "yes" : "no"}};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        print_fact(cli, facts[i][0], facts[i][1], i == 0);
    if (cli->json)
        puts("}");
    free(frameworks);
    free(certificate);
    manifest_free(manifest);
    return STATUS_OK;
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
        return model_add(cli, words[1], error);
    return cli_usage(cli, error, "expected add FILE.yml, list, or show NAME");
}
