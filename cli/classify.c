/* carmlbench classify: the local engine, straight to the terminal. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "common/file.h"
#include "common/json.h"
#include "engine/classifier.h"

enum { TOP_MAX = 1000, PICTURE_MAX = 256 << 20 };

struct request {
    const char *model, *framework;
    size_t top;
    bool resize_given;
    enum resize_method resize;
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {{"model", required_argument, NULL, 'm'},
                                          {"framework", required_argument, NULL, 'f'},
                                          {"top", required_argument, NULL, 't'},
                                          {"resize", required_argument, NULL, 'z'},
                                          CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        char *end;
        switch (value) {
        case CLI_HELP:
            *help = true;
            return STATUS_OK;
        case 'm':
            request->model = optarg;
            break;
        case 'f':
            request->framework = optarg;
            break;
        case 't':
            request->top = strtoul(optarg, &end, 10);
            if (*end || end == optarg || request->top < 1 || request->top > TOP_MAX)
                return cli_usage(cli, error, "--top %s: expected a number from 1 to %d", optarg,
                                 TOP_MAX);
            break;
        case 'z':
            if (resize_method_parse(optarg, &request->resize))
                return cli_usage(cli, error, "--resize %s: expected carml-b, carml-a or bilinear",
                                 optarg);
            request->resize_given = true;
            break;
        default:
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

static void print_json(const char *path, const struct labels *labels, const struct ranked *best,
                       size_t count, bool first)
{
    fputs(first ? "[" : ",\n ", stdout);
    fputs("{\"image\":", stdout);
    json_write_text(stdout, path);
    fputs(",\"predictions\":[", stdout);
    for (size_t i = 0; i < count; i++) {
        char wnid[WNID_SIZE];
        const char *name;
        label_split(labels_line(labels, best[i].index), wnid, &name);
        printf("%s{\"index\":%u,\"wnid\":\"%s\",\"label\":", i ? "," : "", best[i].index, wnid);
        json_write_text(stdout, name);
        fputs(",\"probability\":", stdout);
        json_write_real(stdout, best[i].probability);
        fputc('}', stdout);
    }
    fputs("]}", stdout);
}

static void print_text(const char *path, const struct labels *labels, const struct ranked *best,
                       size_t count)
{
    printf("%s\n", path);
    for (size_t i = 0; i < count; i++)
        printf("%6u %.6f %s\n", best[i].index, (double)best[i].probability,
               labels_line(labels, best[i].index));
}

static enum status classify_picture(struct cli *cli, struct classifier *classifier,
                                    struct classifier_session *session, const char *path,
                                    size_t top, bool first, struct error *error)
{
    struct buf bytes;
    struct image_limits limits = config_image_limits(cli->config);
    const float *probabilities;
    enum reason reason;
    static struct ranked best[TOP_MAX];
    buf_init(&bytes, PICTURE_MAX);
    enum status status = file_read(path, &bytes, error);
    if (status)
        goto out;
    status =
        classifier_run(session, bytes.data, bytes.size, &limits, &probabilities, &reason, error);
    if (status) {
        error_prefix(error, status, "%s", path);
        goto out;
    }
    size_t count = top_k(probabilities, classifier_classes(classifier), best, top);
    if (cli->json)
        print_json(path, classifier_labels(classifier), best, count, first);
    else
        print_text(path, classifier_labels(classifier), best, count);
out:
    buf_free(&bytes);
    return status;
}

/* One bad picture is reported and does not keep the others from being classified. */
static enum status classify_all(struct cli *cli, struct classifier *classifier, char **paths,
                                size_t top, struct error *error)
{
    struct classifier_session *session = NULL;
    enum status worst = STATUS_OK;
    enum status status = classifier_session_create(classifier, &session, error);
    bool first = true;
    for (; !status && *paths; paths++) {
        struct error one = {""};
        enum status failed = classify_picture(cli, classifier, session, *paths, top, first, &one);
        if (failed) {
            if (worst)
                fprintf(stderr, "carmlbench: %s\n", error->text);
            *error = one;
            worst = failed;
        } else {
            first = false;
        }
    }
    if (!status && cli->json)
        puts(first ? "[]" : "]");
    classifier_session_free(session);
    return status ? status : worst;
}

static enum status find_model(struct cli *cli, const struct request *request,
                              struct manifest **manifest, struct error *error)
{
    char *name = NULL;
    enum status status;
    if (!request->framework)
        return cli_find_manifest(cli, request->model, manifest, error);
    if (cli_is_path(request->model) || strchr(request->model, '@'))
        return cli_usage(cli, error, "--framework %s: %s names its framework itself",
                         request->framework, request->model);
    if (asprintf(&name, "%s@%s", request->model, request->framework) < 0)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", request->model);
    status = cli_find_manifest(cli, name, manifest, error);
    free(name);
    return status;
}

enum status classify_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    struct request request = {.top = 3};
    struct manifest *manifest = NULL;
    struct classifier *classifier = NULL;
    bool help = false;
    enum status status = read_options(cli, argc, argv, &request, &help, error);
    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 1, -1, error);
    if (!status && !request.model)
        status = cli_usage(cli, error, "--model NAME or --model FILE.yml is missing");
    if (!status)
        status = cli_open_config(cli, error);
    if (!status)
        status = find_model(cli, &request, &manifest, error);
    if (status)
        goto out;
    if (request.resize_given)
        manifest->preprocessing.resize = request.resize;
    struct engine_options options = {.threads = 0};
    status = classifier_open(manifest, &options, &classifier, error);
    if (!status)
        status = classify_all(cli, classifier, argv + optind, request.top, error);
out:
    classifier_free(classifier);
    manifest_free(manifest);
    return status;
}
