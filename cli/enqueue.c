/* carmlbench enqueue: a list of URLs into the queue, every line accounted for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/targets.h"
#include "common/url.h"

enum { NAMES_MAX = 64 };

struct request {
    const char *list, *run, *backend, *expect, *synset;
    char *model_items[NAMES_MAX], *framework_items[NAMES_MAX];
    struct config_list models, frameworks;
};

struct counts {
    uint64_t read, refused;
    struct store_enqueue_counts stored;
};

static enum status add_name(const struct cli *cli, struct config_list *list, char *name,
                            struct error *error)
{
    if (list->count == NAMES_MAX)
        return cli_usage(cli, error, "more than %d models or frameworks", NAMES_MAX);
    list->items[list->count++] = name;
    return STATUS_OK;
}

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {{"run", required_argument, NULL, 'r'},
                                          {"model", required_argument, NULL, 'm'},
                                          {"framework", required_argument, NULL, 'f'},
                                          {"backend", required_argument, NULL, 'b'},
                                          {"expect", required_argument, NULL, 'e'},
                                          {"synset", required_argument, NULL, 's'},
                                          CLI_COMMON_OPTIONS};
    enum status status = STATUS_OK;
    for (int value;
         !status && (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        switch (value) {
        case 'r':
            request->run = optarg;
            break;
        case 'm':
            status = add_name(cli, &request->models, optarg, error);
            break;
        case 'f':
            status = add_name(cli, &request->frameworks, optarg, error);
            break;
        case 'b':
            request->backend = optarg;
            break;
        case 'e':
            request->expect = optarg;
            break;
        case 's':
            request->synset = optarg;
            break;
        case CLI_HELP:
            *help = true;
            return STATUS_OK;
        default:
            status = STATUS_USAGE;
        }
    }
    return status;
}

static enum status add_line(const struct request *request, struct store_enqueue *enqueue,
                            const char *line, size_t size, uint64_t number, bool too_long,
                            struct counts *counts, struct error *error)
{
    static struct url_line parsed; /* 8 KiB, and one thread */
    url_line_parse(line, size, &parsed);
    if (parsed.kind == URL_LINE_BLANK)
        return STATUS_OK;
    counts->read++;
    if (too_long || parsed.kind == URL_LINE_REFUSED) {
        counts->refused++;
        fprintf(stderr, "%s:%" PRIu64 ": refused: %s\n",
                strcmp(request->list, "-") == 0 ? "standard input" : request->list, number,
                too_long ? "the line is longer than 64 KiB" : parsed.why.text);
        return STATUS_OK;
    }
    struct store_entry entry = {
        .url = parsed.url,
        .expect_wnid = request->synset     ? request->synset
                       : *parsed.wnid != 0 ? parsed.wnid
                                           : NULL,
        .expect_text = request->expect,
    };
    return store_enqueue_add(enqueue, &entry, error);
}

static enum status add_lines(const struct request *request, int descriptor,
                             struct store_enqueue *enqueue, struct counts *counts,
                             struct error *error)
{
    struct line_reader *reader = NULL;
    enum status status = line_reader_open(descriptor, &reader);
    if (status)
        return error_set(error, status, "%s: out of memory", request->list);
    for (;;) {
        const char *line;
        size_t size;
        uint64_t number;
        bool too_long;
        status = line_reader_next(reader, &line, &size, &number, &too_long);
        if (status == STATUS_NO) {
            status = STATUS_OK;
            break;
        }
        if (status) {
            error_set(error, status, "%s: read error: %s; what was read so far is in the queue",
                      request->list, strerror(errno));
            break;
        }
        status = add_line(request, enqueue, line, size, number, too_long, counts, error);
        if (status)
            break;
    }
    line_reader_free(reader);
    return status;
}

static enum status open_list(const char *path, int *descriptor, struct error *error)
{
    *descriptor = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (*descriptor < 0)
        return error_set(error, STATUS_IO, "%s: cannot be read: %s; check the path", path,
                         strerror(errno));
    return STATUS_OK;
}

static void print_counts(const struct cli *cli, const struct counts *counts)
{
    static const char *const forms[] = {
        "read %" PRIu64 "\nadded %" PRIu64 "\nduplicate %" PRIu64 "\nrefused %" PRIu64 "\n",
        "{\"read\":%" PRIu64 ",\"added\":%" PRIu64 ",\"duplicate\":%" PRIu64 ",\"refused\":%" PRIu64
        ",\"jobs\":%" PRIu64 ",\"kept_expectations\":%" PRIu64 "}\n"};
    if (cli->json)
        printf(forms[1], counts->read, counts->stored.added, counts->stored.duplicate,
               counts->refused, counts->stored.jobs, counts->stored.kept);
    else
        printf(forms[0], counts->read, counts->stored.added, counts->stored.duplicate,
               counts->refused);
    cli_note_kept(counts->stored.kept);
}

/* Adds everything; what was acknowledged is counted even when it ends early. */
static enum status enqueue_list(struct cli *cli, const struct request *request,
                                const struct targets *targets, int descriptor, struct error *error)
{
    struct counts counts = {0};
    struct store_enqueue *enqueue = NULL;
    enum status status = store_enqueue_begin(cli->store, request->run, targets->items,
                                             targets->count, &enqueue, error);
    if (status)
        return status;
    status = add_lines(request, descriptor, enqueue, &counts, error);
    struct error flush_error = {""};
    enum status flushed = store_enqueue_flush(enqueue, &counts.stored, &flush_error);
    store_enqueue_end(enqueue);
    if (!status && flushed) {
        status = flushed;
        if (error)
            *error = flush_error;
    }
    print_counts(cli, &counts);
    if (!status && counts.refused > 0 && counts.refused == counts.read)
        status = error_set(error, STATUS_DATA, "%s: not one line is a URL; is it a list of URLs?",
                           request->list);
    return status;
}

enum status enqueue_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    bool help = false;
    int descriptor = -1;
    struct targets targets = {0};
    struct request request = {.run = "default"};
    request.models.items = request.model_items;
    request.frameworks.items = request.framework_items;
    enum status status = read_options(cli, argc, argv, &request, &help, error);
    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 1, 1, error);
    if (!status)
        status = cli_check_run(cli, request.run, error);
    if (!status)
        status = cli_check_expectation(cli, request.expect, request.synset, error);
    if (!status)
        status = cli_open_config(cli, error);
    if (status)
        goto out;
    request.list = argv[optind];
    static const char *const backends[] = {"auto", "carml", "local"};
    status =
        targets_resolve(cli, request.models.count ? &request.models : &cli->config->defaults.models,
                        &request.frameworks,
                        request.backend ? request.backend : backends[cli->config->defaults.backend],
                        &targets, error);
    if (!status)
        status = open_list(request.list, &descriptor, error);
    if (!status)
        status = cli_open_store(cli, STORE_CLIENT, error);
    if (!status)
        status = cli_note_synset(cli, request.synset, error);
    if (!status)
        status = enqueue_list(cli, &request, &targets, descriptor, error);
out:
    if (descriptor >= 0)
        close(descriptor);
    targets_free(&targets);
    return status;
}
