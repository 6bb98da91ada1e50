/* carmlbench infer: raw tensors in, raw tensors out; no preprocessing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/source.h"
#include "engine/engine.h"

enum { INPUTS_MAX = 16 };

struct request {
    const char *model, *output, *layers;
    unsigned threads;
    struct model_options options;
    size_t input_count;
    const char *inputs[INPUTS_MAX]; /* as given: [NAME=]FILE */
};

struct run {
    struct source source;
    struct engine *engine;
    struct session *session;
    bool own; /* the inputs stand in the model's own layout */
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {
        {"input", required_argument, NULL, 'i'},       {"output", required_argument, NULL, 'o'},
        {"layers", required_argument, NULL, 'l'},      {"threads", required_argument, NULL, 't'},
        {"input-shape", required_argument, NULL, 's'}, CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        char *end;
        switch (value) {
        case CLI_HELP:
            *help = true;
            return STATUS_OK;
        case 'i':
            if (request->input_count == INPUTS_MAX)
                return cli_usage(cli, error, "--input: more than %d inputs", INPUTS_MAX);
            request->inputs[request->input_count++] = optarg;
            break;
        case 'o':
            request->output = optarg;
            break;
        case 'l':
            request->layers = optarg;
            break;
        case 's':
            if (source_parse_shape(optarg, &request->options.input_shape))
                return cli_usage(cli, error, "--input-shape %s: expected extents like 1,3,224,224",
                                 optarg);
            break;
        case 't':
            request->threads = (unsigned)strtoul(optarg, &end, 10);
            if (*end || end == optarg || request->threads > 256)
                return cli_usage(cli, error, "--threads %s: expected a number from 0 to 256",
                                 optarg);
            break;
        default:
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

/* The first extent of a file's array: the batch size in a prototxt is only an example. */
static enum status read_batch(const char *given, int64_t *batch, struct error *error)
{
    const char *equals = strchr(given, '=');
    struct npy_array array;
    enum status status = npy_read(equals ? equals + 1 : given, &array, error);

    if (!status)
        *batch = array.dims ? array.shape[0] : 0;
    npy_free(&array);
    return status;
}

static const struct tensor *find_input(const struct session *session, const char *given,
                                       size_t index)
{
    const char *equals = strchr(given, '=');
    if (!equals)
        return session_input(session, index);
    for (size_t i = 0; i < session_input_count(session); i++) {
        const struct tensor *input = session_input(session, i);
        if (strlen(input->name) == (size_t)(equals - given) &&
            strncmp(input->name, given, (size_t)(equals - given)) == 0)
            return input;
    }
    return NULL;
}

static enum status fill_inputs(const struct request *request, struct run *run, struct error *error)
{
    size_t wanted = session_input_count(run->session);
    enum status status = STATUS_OK;

    if (request->input_count != wanted)
        return error_set(error, STATUS_DATA,
                         "%s: the network has %zu inputs, %zu were given; name each with --input "
                         "NAME=FILE.npy",
                         request->model, wanted, request->input_count);
    run->own = true;
    for (size_t i = 0; i < wanted && !status; i++) {
        const char *given = request->inputs[i], *equals = strchr(given, '=');
        const struct tensor *input = find_input(run->session, given, i);
        bool own = true;
        if (!input)
            return error_set(error, STATUS_DATA, "--input %s: the network has no such input",
                             given);
        status =
            source_read_tensor(run->source.graph, input, equals ? equals + 1 : given, &own, error);
        run->own = run->own && own;
    }
    return status;
}

static enum status write_tensor(const struct run *run, struct npz_writer *writer,
                                const struct tensor *tensor, struct error *error)
{
    int64_t value = graph_top(run->source.graph, tensor->name);

    return source_write_tensor(writer, run->source.graph, (uint32_t)value, tensor, run->own, error);
}

static enum status write_named(const struct run *run, struct npz_writer *writer, const char *names,
                               struct error *error)
{
    enum status status = STATUS_OK;
    char *copy = strdup(names), *rest = copy;
    if (!copy)
        return error_set(error, STATUS_MEMORY, "--layers: out of memory");
    for (char *name; !status && (name = strsep(&rest, ","));) {
        const struct tensor *tensor = session_tensor(run->session, name);
        status = tensor ? write_tensor(run, writer, tensor, error)
                        : error_set(error, STATUS_DATA, "--layers %s: the network has no such top",
                                    name);
    }
    free(copy);
    return status;
}

static enum status write_outputs(const struct request *request, const struct run *run,
                                 struct error *error)
{
    const struct session *session = run->session;
    struct npz_writer *writer = NULL;
    enum status status = npz_write_begin(request->output, &writer, error);
    if (status)
        return status;
    if (!request->layers) {
        for (size_t i = 0; !status && i < session_output_count(session); i++)
            status = write_tensor(run, writer, session_output(session, i), error);
    } else if (strcmp(request->layers, "all") == 0) {
        for (size_t i = 0; !status && i < session_tensor_count(session); i++)
            status = write_tensor(run, writer, session_tensor_at(session, i), error);
    } else {
        status = write_named(run, writer, request->layers, error);
    }
    if (status) {
        npz_write_cancel(writer);
        return status;
    }
    return npz_write_finish(writer, error);
}

/* The weights are read from their file while the network runs. */
static enum status check_output(const struct request *request, const struct run *run,
                                struct error *error)
{
    struct stat info;

    if (stat(request->output, &info) == 0 && source_reads(&run->source, &info))
        return error_set(error, STATUS_USAGE,
                         "--output %s: is a file of the model, which would be written over; give "
                         "another name",
                         request->output);
    return STATUS_OK;
}

static enum status infer(struct cli *cli, const struct request *request, struct run *run,
                         struct error *error)
{
    struct engine_options options = {.threads = request->threads,
                                     .keep_all = request->layers != NULL};
    enum status status = source_open(cli, request->model, &request->options, &run->source, error);

    if (!status)
        status = check_output(request, run, error);
    if (!status)
        status = read_batch(request->inputs[0], &options.batch, error);
    if (!status)
        status = engine_create(run->source.graph, &options, &run->engine, error);
    if (!status)
        status = session_create(run->engine, &run->session, error);
    if (!status)
        status = fill_inputs(request, run, error);
    if (!status)
        status = session_run(run->session, error);
    return status ? status : write_outputs(request, run, error);
}

enum status infer_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    struct request request = {.threads = 0};
    struct run run = {0};
    bool help = false;
    enum status status = read_options(cli, argc, argv, &request, &help, error);
    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 1, 1, error);
    if (!status && request.input_count == 0)
        status = cli_usage(cli, error, "--input [NAME=]IN.npy is missing");
    if (!status && !request.output)
        status = cli_usage(cli, error, "--output OUT.npz is missing");
    if (status)
        return status;
    request.model = argv[optind];
    status = infer(cli, &request, &run, error);
    session_free(run.session);
    engine_free(run.engine);
    source_close(&run.source);
    return status;
}
