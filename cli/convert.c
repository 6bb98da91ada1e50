/* carmlbench convert: a network from one format into another, with a proof. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/certificate.h"
#include "cli/command.h"
#include "cli/destination.h"
#include "common/log.h"
#include "model/manifest_write.h"

struct request {
    const char *model, *output;
    struct model_options load;
    struct model_write_options write;
    bool format_given, unverified;
};

struct conversion {
    struct source source;
    struct destination destination;
    struct staging *staging;
    struct graph *result; /* what was written, read back */
    struct comparison *comparison;
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {
        {"to", required_argument, NULL, 't'},         {"output", required_argument, NULL, 'o'},
        {"unverified", no_argument, NULL, 'u'},       {"input-shape", required_argument, NULL, 's'},
        {"explicit-padding", no_argument, NULL, 'e'}, CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        switch (value) {
        case CLI_HELP:
            *help = true;
            return STATUS_OK;
        case 't':
            if (model_format_parse(optarg, &request->write.format))
                return cli_usage(
                    cli, error, "--to %s: expected caffe, numpy, tensorflow, onnx or tfjs", optarg);
            request->format_given = true;
            break;
        case 'o':
            request->output = optarg;
            break;
        case 'u':
            request->unverified = true;
            break;
        case 's':
            if (source_parse_shape(optarg, &request->load.input_shape))
                return cli_usage(cli, error, "--input-shape %s: expected extents like 1,3,224,224",
                                 optarg);
            break;
        case 'e':
            request->write.explicit_padding = true;
            break;
        default:
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

/* The files as model_load() takes them: "STEM.a,STEM.b". */
static char *make_spec(const char *stem, const struct model_files *files)
{
    char *spec = NULL;

    if (asprintf(&spec, files->count > 1 ? "%s%s,%s%s" : "%s%s", stem, files->suffixes[0], stem,
                 files->count > 1 ? files->suffixes[1] : "") < 0)
        return NULL;
    return spec;
}

static enum status out_of_memory(const struct request *request, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: out of memory", request->output);
}

/* TensorFlow.js models cannot be read back. They hold the nodes of a GraphDef, so that is what is
 * proved. */
static enum status write_proof_form(const struct request *request, struct conversion *conversion,
                                    char **spec, struct error *error)
{
    struct model_write_options options = request->write;
    const char *stem = staging_stem(conversion->staging);

    if (options.format == MODEL_TFJS) {
        enum status status;
        options.format = MODEL_TENSORFLOW;
        status = model_write(conversion->source.graph, &options, stem, error);
        if (status)
            return status;
    }
    *spec = make_spec(stem, model_files(options.format));
    return *spec ? STATUS_OK : out_of_memory(request, error);
}

static enum status refuse(const struct request *request, const struct comparison_result *result,
                          struct error *error)
{
    const struct comparison_layer *layer = result->first_different;

    if (!layer && result->undecided)
        return error_set(error, STATUS_NO,
                         "%s: not written: output '%s' is infinite or not a number on every probe, "
                         "which proves nothing; check the weights; --unverified writes it all the "
                         "same",
                         request->output, result->undecided->name);
    if (!layer)
        return error_set(error, STATUS_NO,
                         "%s: not written: the result differs (probabilities by %.3g, layers by "
                         "%.3g); --unverified writes it all the same",
                         request->output, result->max_probability, result->max_relative);
    return error_set(error, STATUS_NO,
                     "%s: not written: layer '%s' (%s) is the first that differs, by %.3g of its "
                     "largest value%s%s; --unverified writes it all the same",
                     request->output, layer->name, layer->node->op->name, layer->relative,
                     result->hint ? "; common causes: " : "", result->hint ? result->hint : "");
}

/* What was an output can be had by its name still, but a reader of the result has to know it. */
static void tell_inside(const struct request *request, const struct comparison_result *result)
{
    for (size_t i = 0; i < result->layer_count; i++) {
        if (result->layers[i].inside)
            log_notice("%s: output '%s' is read by other layers, too; in the result it is a value "
                       "of that name inside the network",
                       request->output, result->layers[i].name);
    }
}

static enum status prove(const struct request *request, struct conversion *conversion,
                         struct error *error)
{
    char *spec = NULL;
    enum status status = write_proof_form(request, conversion, &spec, error);

    if (!status) {
        status = model_load(spec, NULL, &conversion->result, error);
        if (status)
            error_prefix(error, status, "%s: not written: what was made cannot be read back",
                         request->output);
    }
    if (!status)
        status = comparison_create(conversion->source.graph, conversion->result,
                                   &conversion->comparison, error);
    if (!status)
        status = comparison_run_probes(conversion->comparison, error);
    if (!status && !comparison_result(conversion->comparison)->same)
        status = refuse(request, comparison_result(conversion->comparison), error);
    if (!status)
        tell_inside(request, comparison_result(conversion->comparison));
    free(spec);
    return status;
}

/* ---- certificate ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void add_file(struct certificate_side *side, const char *path)
{
    side->paths[side->file_count] = path;
    side->names[side->file_count++] = base_name(path);
}

/* `spec` is cut in two and must stay as long as the side. */
static void fill_side(struct certificate_side *side, char *spec, const char *format)
{
    char *end = spec + model_split(spec);
    bool two = *end == ',';

    side->format = format;
    *end = '\0';
    add_file(side, spec);
    if (two)
        add_file(side, end + 1);
}

static enum status write_certificate(const struct request *request, struct conversion *conversion,
                                     struct error *error)
{
    enum model_format format =
        request->write.format == MODEL_TFJS ? MODEL_TENSORFLOW : request->write.format;
    char *source = strdup(conversion->source.spec), *path = NULL;
    char *result = make_spec(staging_stem(conversion->staging), model_files(format));
    struct certificate certificate = {
        .comparison = conversion->comparison ? comparison_result(conversion->comparison) : NULL};
    enum status status;

    if (asprintf(&path, "%s.certificate.json", staging_stem(conversion->staging)) < 0)
        path = NULL;
    if (!source || !result || !path) {
        status = out_of_memory(request, error);
    } else {
        fill_side(&certificate.source, source, conversion->source.graph->format);
        if (request->write.format != MODEL_TFJS || conversion->comparison)
            fill_side(&certificate.result, result, model_format_name(format));
        if (request->write.format == MODEL_TFJS)
            certificate.note = "proved in the form of a frozen GraphDef, whose nodes and weights "
                               "the TensorFlow.js model holds";
        status = certificate_write(&certificate, path, error);
    }
    free(source);
    free(result);
    free(path);
    return status;
}

/* A model that a manifest named gets one for its new form, so that it can be asked at once. */
static bool wants_manifest(const struct request *request, const struct conversion *conversion)
{
    return conversion->source.manifest && request->write.format != MODEL_TFJS;
}

static enum status write_manifest(const struct request *request,
                                  const struct conversion *conversion, struct error *error)
{
    const char *stem = staging_stem(conversion->staging);
    char *path = NULL;
    enum status status;

    if (asprintf(&path, "%s.yml", stem) < 0)
        return out_of_memory(request, error);
    status = manifest_write(conversion->source.manifest, request->write.format, stem,
                            base_name(stem), path, error);
    free(path);
    return status;
}

/* ---- main ---- */

static void say(const struct cli *cli, const struct conversion *conversion)
{
    const struct destination *destination = &conversion->destination;
    const struct comparison_result *result =
        conversion->comparison ? comparison_result(conversion->comparison) : NULL;

    if (cli->json) {
        printf("{\n  \"verdict\": \"%s\"", result ? "same" : "unverified");
        fputs(result ? ",\n" : "", stdout);
        if (result)
            certificate_print_comparison(stdout, result);
        puts("\n}");
        return;
    }
    for (size_t i = 0; i < destination->count; i++)
        printf("%s%s\n", destination->stem, destination->suffixes[i]);
    if (result)
        fprintf(stderr,
                "same function: %zu of %zu values compared on %zu inputs, largest difference of a "
                "probability %.3g, of a layer %.3g of its largest value\n",
                result->paired, result->layer_count, result->input_count, result->max_probability,
                result->max_relative);
    else
        fputs("not verified\n", stderr);
}

static enum status convert(struct cli *cli, const struct request *request,
                           struct conversion *conversion, struct error *error)
{
    struct destination *destination = &conversion->destination;
    enum status status =
        destination_open(cli, request->output, request->write.format, destination, error);

    if (!status)
        status = source_open(cli, request->model, &request->load, &conversion->source, error);
    if (!status)
        status = destination_settle(destination, &conversion->source,
                                    wants_manifest(request, conversion), error);
    if (!status)
        status = staging_open(destination->stem, &conversion->staging, error);
    if (!status)
        status = model_write(conversion->source.graph, &request->write,
                             staging_stem(conversion->staging), error);
    if (!status && !request->unverified)
        status = prove(request, conversion, error);
    if (!status)
        status = write_certificate(request, conversion, error);
    if (!status && wants_manifest(request, conversion))
        status = write_manifest(request, conversion, error);
    if (!status)
        status =
            staging_publish(conversion->staging, destination->suffixes, destination->count, error);
    if (status && conversion->staging)
        staging_error(conversion->staging, status, error);
    return status;
}

enum status convert_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    struct request request = {.output = NULL};
    struct conversion conversion = {.staging = NULL};
    bool help = false;
    enum status status = read_options(cli, argc, argv, &request, &help, error);

    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 1, 1, error);
    if (!status && !request.format_given)
        status = cli_usage(cli, error, "--to caffe|numpy|tensorflow|onnx|tfjs is missing");
    if (!status && !request.output)
        status = cli_usage(cli, error, "-o OUT is missing");
    if (status)
        return status;
    request.model = argv[optind];
    status = convert(cli, &request, &conversion, error);
    if (!status)
        say(cli, &conversion);
    comparison_free(conversion.comparison);
    graph_free(conversion.result);
    staging_close(conversion.staging);
    source_close(&conversion.source);
    destination_close(&conversion.destination);
    return status;
}
