/* carmlbench infer: raw tensors in, raw tensors out; no preprocessing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "engine/engine.h"
#include "model/format/npz.h"
#include "model/model.h"

enum { INPUTS_MAX = 16 };

struct request {
    const char *model, *output, *layers;
    unsigned threads;
    size_t input_count;
    const char *inputs[INPUTS_MAX]; /* as given: [NAME=]FILE */
};

struct run {
    struct graph *graph;
    struct engine *engine;
    struct session *session;
    struct npy_array arrays[INPUTS_MAX];
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {{"input", required_argument, NULL, 'i'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"layers", required_argument, NULL, 'l'},
                                          {"threads", required_argument, NULL, 't'},
                                          CLI_COMMON_OPTIONS};
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

static enum status load_graph(struct cli *cli, const char *model, struct run *run,
                              struct error *error)
{
    /* A comma can only be two files; a name or a .yml can only be a manifest. */
    if (strchr(model, ',') ||
        (cli_is_path(model) && !strstr(model, ".yml") && !strstr(model, ".yaml")))
        return model_load(model, NULL, &run->graph, error);
    struct manifest *manifest = NULL;
    char *spec = NULL;
    size_t size = 0;
    enum status status = cli_open_config(cli, error);
    if (!status)
        status = cli_find_manifest(cli, model, &manifest, error);
    if (status)
        return status;
    FILE *text = open_memstream(&spec, &size);
    if (text) {
        fprintf(text, "%s%s%s", manifest->graph_path, manifest->weights_path ? "," : "",
                manifest->weights_path ? manifest->weights_path : "");
        fclose(text);
    }
    status = spec ? model_load(spec, NULL, &run->graph, error)
                  : error_set(error, STATUS_MEMORY, "%s: out of memory", model);
    free(spec);
    manifest_free(manifest);
    return status;
}

static enum status read_inputs(const struct request *request, struct run *run, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < request->input_count; i++) {
        const char *equals = strchr(request->inputs[i], '=');
        status = npy_read(equals ? equals + 1 : request->inputs[i], &run->arrays[i], error);
        if (!status)
            status = npy_to_float(&run->arrays[i], error);
    }
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

static void describe_shape(unsigned dims, const int64_t *shape, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (unsigned d = 0; d < dims && used < size; d++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%lld", d ? "x" : "", (long long)shape[d]);
}

static enum status fill_inputs(const struct request *request, struct run *run, struct error *error)
{
    size_t wanted = session_input_count(run->session);
    if (request->input_count != wanted)
        return error_set(error, STATUS_DATA,
                         "%s: the network has %zu inputs, %zu were given; name each with --input "
                         "NAME=FILE.npy",
                         request->model, wanted, request->input_count);
    for (size_t i = 0; i < wanted; i++) {
        const struct tensor *input = find_input(run->session, request->inputs[i], i);
        const struct npy_array *array = &run->arrays[i];
        if (!input)
            return error_set(error, STATUS_DATA, "--input %s: the network has no such input",
                             request->inputs[i]);
        if (array->dims != input->dims ||
            memcmp(array->shape, input->shape, array->dims * sizeof array->shape[0]) != 0) {
            char found[128], expected[128];
            describe_shape(array->dims, array->shape, found, sizeof found);
            describe_shape(input->dims, input->shape, expected, sizeof expected);
            return error_set(error, STATUS_DATA, "--input %s: the shape is %s, but %s expects %s",
                             request->inputs[i], found, input->name, expected);
        }
        memcpy(input->data, array->data, array->count * sizeof(float));
    }
    return STATUS_OK;
}

static enum status write_tensor(struct npz_writer *writer, const struct tensor *tensor,
                                struct error *error)
{
    return npz_write_add(writer, tensor->name, tensor->dims, tensor->shape, tensor->data, error);
}

static enum status write_named(struct npz_writer *writer, const struct session *session,
                               const char *names, struct error *error)
{
    enum status status = STATUS_OK;
    char *copy = strdup(names), *rest = copy;
    if (!copy)
        return error_set(error, STATUS_MEMORY, "--layers: out of memory");
    for (char *name; !status && (name = strsep(&rest, ","));) {
        const struct tensor *tensor = session_tensor(session, name);
        status = tensor ? write_tensor(writer, tensor, error)
                        : error_set(error, STATUS_DATA, "--layers %s: the network has no such top",
                                    name);
    }
    free(copy);
    return status;
}

static enum status write_outputs(const struct request *request, const struct session *session,
                                 struct error *error)
{
    struct npz_writer *writer = NULL;
    enum status status = npz_write_begin(request->output, &writer, error);
    if (status)
        return status;
    if (!request->layers) {
        for (size_t i = 0; !status && i < session_output_count(session); i++)
            status = write_tensor(writer, session_output(session, i), error);
    } else if (strcmp(request->layers, "all") == 0) {
        for (size_t i = 0; !status && i < session_tensor_count(session); i++)
            status = write_tensor(writer, session_tensor_at(session, i), error);
    } else {
        status = write_named(writer, session, request->layers, error);
    }
    if (status) {
        npz_write_cancel(writer);
        return status;
    }
    return npz_write_finish(writer, error);
}

static enum status infer(struct cli *cli, const struct request *request, struct run *run,
                         struct error *error)
{
    enum status status = load_graph(cli, request->model, run, error);
    if (!status)
        status = read_inputs(request, run, error);
    if (status)
        return status;
    struct engine_options options = {
        .threads = request->threads,
        /* The prototxt's batch size is only an example; the data decides. */
        .batch = run->arrays[0].dims ? run->arrays[0].shape[0] : 0,
        .keep_all = request->layers != NULL,
    };
    status = engine_create(run->graph, &options, &run->engine, error);
    if (!status)
        status = session_create(run->engine, &run->session, error);
    if (!status)
        status = fill_inputs(request, run, error);
    if (!status)
        status = session_run(run->session, error);
    if (!status)
        status = write_outputs(request, run->session, error);
    return status;
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
    graph_free(run.graph);
    for (size_t i = 0; i < request.input_count; i++)
        npy_free(&run.arrays[i]);
    return status;
}
